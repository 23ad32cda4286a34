//! The measures of people: refresh tokens that rotate, passwords that are hashed, and what each does to others.

use std::rc::Rc;
use std::time::Duration;

use crate::fault::{Fault, Result};
use crate::flows::{self, Flows};
use crate::load;
use crate::logins::Logins;
use crate::machine::{Process, read_from_disks};
use crate::paced;
use crate::pgbench;
use crate::plans::Tokens;
use crate::report::{Row, Target};
use crate::rotations::Rotations;
use crate::seed::Seed;
use crate::server::{Installation, Storage};
use crate::suite::{Bench, CONNECTIONS, Figure, Subject};

/// People whose passwords the load knows.
const PEOPLE: usize = 64;
/// Chains of a measure, and of the one that ends in a fall.
const CHAINS: usize = 4_000;
const FALLING: usize = 200;
/// Connections of the paced load; it never waits for one unless the server lags far behind.
const PACED: usize = 32;

impl Bench<'_> {
    /// Gives back the process that serves in the end.
    pub async fn people(&mut self, process: Process, installation: &Installation) -> Result<Process> {
        let seed = installation.seed().await?;
        let ids = seed.users((0..PEOPLE).map(|number| format!("person{number}"))).await?;
        let user = ids.first().ok_or_else(|| Fault::Unable("nobody".into()))?.clone();
        let ours = Subject { process: &process, port: installation.port };
        if self.effort.wants("rotations") {
            self.rotations(ours, installation, &seed, &user).await?;
        }
        if self.effort.wants("logins") {
            self.logins(ours, installation).await?;
        }
        if self.effort.wants("flood") {
            self.flood(ours, installation).await?;
        }
        if self.effort.wants("flows") {
            self.flows(ours, installation, &seed, &ids).await?;
        }
        let mut process = process;
        if self.effort.wants("fall") {
            process = self.fall(process, installation, &seed, &user).await?;
        }
        let ours = Subject { process: &process, port: installation.port };
        if self.effort.wants("million") {
            self.many(ours, installation, &seed, &user).await?;
        }
        Ok(process)
    }

    async fn rotations(&mut self, ours: Subject<'_>, at: &Installation, seed: &Seed, user: &str) -> Result<()> {
        let tokens = seed.grants(user, &at.people_id, CHAINS, 1).await?;
        let plan = Rc::new(Rotations::new(&at.people, tokens));
        for connections in CONNECTIONS {
            let (mut figure, mut signatures, mut statements) = (Figure::default(), 0.0, 0.0);
            for _ in 0..self.effort.turns {
                signatures += self.core.signatures_per_second(self.effort.openssl_seconds)?;
                if let Storage::Shared { database, .. } = at.storage() {
                    statements += pgbench::rotations_per_second(seed, database, connections, self.effort.turn).await?;
                }
                figure.add(&ours.rate(&plan, connections, self.effort.turn).await?, self.effort.turns);
            }
            let turns = f64::from(self.effort.turns);
            let (signatures, statements) = (signatures / turns, statements / turns);
            let on_postgres = matches!(at.storage(), Storage::Shared { .. });
            let reference = if on_postgres && statements < signatures {
                ("pgbench rotations/s", statements)
            } else {
                ("openssl sign/s", signatures)
            };
            let target = if on_postgres || connections > 16 { 0.65 } else { 0.60 };
            self.rate("refresh rotations, RS256-2048", connections, (&figure, None), reference, target);
        }
        Ok(())
    }

    /// Whole flows, held against as many pairs of signatures as the core makes: the ratio is the share of a flow's time that
    /// is RSA.
    async fn flows(&mut self, ours: Subject<'_>, at: &Installation, seed: &Seed, users: &[String]) -> Result<()> {
        let plan = Rc::new(Flows::prepare(seed, &at.web_id, &at.web, users).await?);
        for connections in CONNECTIONS {
            let (mut figure, mut signatures) = (Figure::default(), 0.0);
            for _ in 0..self.effort.turns {
                signatures += self.core.signatures_per_second(self.effort.openssl_seconds)?;
                figure.add(&ours.rate(&plan, connections, self.effort.turn).await?, self.effort.turns);
            }
            figure.per_second /= flows::STEPS;
            let reference = ("openssl pairs of signs/s", signatures / f64::from(self.effort.turns) / 2.0);
            // Nothing is asked of it but that a change for the worse is seen.
            self.rate("code flows with a session, two RS256", connections, (&figure, None), reference, 0.30);
        }
        Ok(())
    }

    async fn logins(&mut self, ours: Subject<'_>, at: &Installation) -> Result<()> {
        let plan = Rc::new(Logins::new(&at.people, &usernames()));
        let (mut figure, mut hashes) = (Figure::default(), 0.0);
        for _ in 0..self.effort.turns {
            hashes += self.core.hashes_per_second(self.effort.openssl_seconds)?;
            figure.add(&ours.rate(&plan, CONNECTIONS[0], self.effort.turn).await?, self.effort.turns);
        }
        let reference = ("bare Argon2id/s", hashes / f64::from(self.effort.turns));
        self.rate("password logins, Argon2id", CONNECTIONS[0], (&figure, None), reference, 0.90);
        Ok(())
    }

    /// Clients with a secret should hardly notice a flood of passwords, and those who log in should not starve.
    async fn flood(&mut self, ours: Subject<'_>, at: &Installation) -> Result<()> {
        let (tokens, turn) = (Rc::new(Tokens::new(&at.authorization)), self.effort.turn);
        let logins = Rc::new(Logins::new(&at.people, &usernames()));
        let flooding = CONNECTIONS[1];
        let half = ours.rate(&tokens, CONNECTIONS[1], turn).await?.per_second / 2.0;
        let (mut calm, mut flooded, mut alone, mut beside) = (0.0, 0.0, 0.0, 0.0);
        for _ in 0..self.effort.turns {
            calm += paced::p99(&tokens, ours.port, PACED, half, turn).await?;
            alone += load::rate(&logins, ours.port, flooding, turn).await?;
            // The paced load begins and ends while the flood is on.
            let slack = Duration::from_millis(300);
            let (flood, paced) = tokio::join!(load::rate(&logins, ours.port, flooding, turn + slack * 2), async {
                tokio::time::sleep(slack).await;
                paced::p99(&tokens, ours.port, PACED, half, turn).await
            });
            beside += flood?;
            flooded += paced?;
        }
        let turns = f64::from(self.effort.turns);
        self.compare(
            "p99 beside a flood of passwords",
            (flooded / turns, "ms"),
            ("ms without", calm / turns),
            Target::AtMost(3.0),
        );
        self.compare(
            "the flood, beside half the peak",
            (beside / turns, "/s"),
            ("/s alone", alone / turns),
            Target::AtLeast(0.5),
        );
        Ok(())
    }

    /// The server is killed amid rotations; not one chain is lost.
    async fn fall(&mut self, mut process: Process, at: &Installation, seed: &Seed, user: &str) -> Result<Process> {
        let tokens = seed.grants(user, &at.people_id, FALLING, 1).await?;
        let plan = Rc::new(Rotations::new(&at.people, tokens));
        let answered =
            plan.until_it_falls(at.port, CONNECTIONS[1], Duration::from_millis(1500), || process.kill()).await?;
        let (process, _) = at.start("/health/ready")?;
        let found = plan.all_go_on(at.port).await?;
        eprintln!("  killed after {answered} rotations; all {found} chains go on");
        Ok(process)
    }

    /// What a million rows cost beside a thousand, tokens drawn at random.
    async fn many(&mut self, ours: Subject<'_>, at: &Installation, seed: &Seed, user: &str) -> Result<()> {
        let [few, many] = self.effort.grants;
        seed.execute("DELETE FROM grants").await?;
        let small = Rc::new(Rotations::new(&at.people, seed.grants(user, &at.people_id, few, 1).await?));
        seed.settle().await?;
        let mut reference = Figure::default();
        for _ in 0..self.effort.turns {
            reference.add(&ours.rate(&small, CONNECTIONS[0], self.effort.turn).await?, self.effort.turns);
        }
        let tokens = seed.grants(user, &at.people_id, many, (many / 50_000).max(1)).await?;
        let large = Rc::new(Rotations::new(&at.people, tokens));
        seed.settle().await?;
        let read_before = read_from_disks()?;
        let (mut figure, mut again) = (Figure::default(), Figure::default());
        for _ in 0..self.effort.turns {
            figure.add(&ours.rate(&large, CONNECTIONS[0], self.effort.turn).await?, self.effort.turns);
            again.add(&ours.rate(&small, CONNECTIONS[0], self.effort.turn).await?, self.effort.turns);
        }
        eprintln!(
            "  the small table's tokens again, in the large table: {:.0}/s; meanwhile {:.0} MiB were read from the disks",
            again.per_second,
            read_from_disks()? - read_before
        );
        let reference = ("/s with a thousand", reference.per_second);
        self.rate("refresh rotations, a million live", CONNECTIONS[0], (&figure, None), reference, 0.85);
        Ok(())
    }

    fn compare(
        &mut self,
        measure: &'static str,
        ours: (f64, &'static str),
        reference: (&'static str, f64),
        target: Target,
    ) {
        let (storage, (ours, unit)) = (self.storage, ours);
        let row =
            Row { measure, storage, connections: None, ours, unit, reference: Some(reference), busy: None, target };
        self.report.add(row);
    }
}

fn usernames() -> Vec<String> {
    (0..PEOPLE).map(|number| format!("person{number}")).collect()
}
