//! What is measured, in which order. A measure and its reference take turns, so that both see the same machine.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::fault::{Fault, Result};
use crate::http::get;
use crate::introspect::Introspection;
use crate::load::{self, Plan};
use crate::machine::{Core, Process};
use crate::plans::{Constant, Tokens};
use crate::report::{Report, Row, Target};
use crate::server::{Installation, Storage, start_bare};

pub const CONNECTIONS: [usize; 2] = [16, 64];
const JWKS: &str = "/.well-known/jwks.json";
const METADATA: &str = "/.well-known/oauth-authorization-server";

/// How much is done for each figure.
pub struct Effort {
    pub turns: u32,
    pub turn: Duration,
    pub openssl_seconds: u32,
    tokens: usize,
    /// Live grants in a small and in a large table.
    pub grants: [usize; 2],
    starts: usize,
    /// Words of which a measure's name must have one; none means all of them.
    pub only: Vec<String>,
}

impl Effort {
    pub fn full(seconds: u32) -> Self {
        let turns = 2;
        let turn = Duration::from_secs(seconds.max(1).into()) / turns;
        Self {
            turns,
            turn,
            openssl_seconds: 3,
            tokens: 10_000,
            grants: [1_000, 1_000_000],
            starts: 9,
            only: Vec::new(),
        }
    }

    /// Whether this is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word.as_str()))
    }

    pub fn smoke() -> Self {
        Self {
            turns: 1,
            turn: Duration::from_millis(500),
            openssl_seconds: 1,
            tokens: 100,
            grants: [200, 2_000],
            starts: 1,
            only: Vec::new(),
        }
    }
}

/// A server under load.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub process: &'a Process,
    pub port: u16,
}

impl Subject<'_> {
    pub async fn rate<P: Plan>(self, plan: &Rc<P>, connections: usize, measured: Duration) -> Result<Figure> {
        let (begin, busy) = (Instant::now(), self.process.busy()?);
        let per_second = load::rate(plan, self.port, connections, measured).await?;
        let busy = self.process.busy()?.saturating_sub(busy).as_secs_f64() / begin.elapsed().as_secs_f64();
        Ok(Figure { per_second, busy })
    }
}

#[derive(Default)]
pub(crate) struct Figure {
    pub per_second: f64,
    pub busy: f64,
}

impl Figure {
    /// Adds one of `turns` figures to their mean.
    pub fn add(&mut self, turn: &Self, turns: u32) {
        self.per_second += turn.per_second / f64::from(turns);
        self.busy += turn.busy / f64::from(turns);
    }
}

pub async fn run(binary: &Path, core: Core, effort: &Effort, report: &mut Report) -> Result<()> {
    for storage in Storage::all() {
        Bench { core, effort, storage: storage.name(), report: &mut *report }
            .run(&Installation::new(binary, core, storage)?)
            .await?;
    }
    Ok(())
}

/// The measures of one installation.
pub(crate) struct Bench<'a> {
    pub core: Core,
    pub effort: &'a Effort,
    pub storage: &'static str,
    pub report: &'a mut Report,
}

impl Bench<'_> {
    async fn run(&mut self, installation: &Installation) -> Result<()> {
        eprintln!("{}:", self.storage);
        let (process, _) = installation.start("/health/ready")?;
        // Long enough for the threads to end that hashed the first administrator's password.
        tokio::time::sleep(Duration::from_secs(4)).await;
        let idle = process.anonymous_mebibytes()?;
        let ours = Subject { process: &process, port: installation.port };

        if self.effort.wants("client_credentials") {
            self.tokens(ours, &installation.authorization).await?;
        }
        if self.effort.wants("documents") {
            self.documents(ours, &installation.issuer()).await?;
        }
        if self.effort.wants("introspection") {
            self.introspection(ours, &installation.authorization).await?;
        }
        let process = self.people(process, installation).await?;
        self.memory("anonymous memory, idle", idle, 20.0);
        self.memory("anonymous memory, after the bench", process.anonymous_mebibytes()?, 60.0);

        Installation::stop(process)?;
        let mut times = installation.start_times(self.effort.starts)?;
        times.sort_by(f64::total_cmp);
        self.figure("start to the first answer", times[times.len() / 2], "ms", 60.0);
        Ok(())
    }

    async fn tokens(&mut self, ours: Subject<'_>, authorization: &str) -> Result<()> {
        let plan = Rc::new(Tokens::new(authorization));
        for connections in CONNECTIONS {
            let (mut figure, mut signatures) = (Figure::default(), 0.0);
            for _ in 0..self.effort.turns {
                signatures += self.core.signatures_per_second(self.effort.openssl_seconds)?;
                figure.add(&ours.rate(&plan, connections, self.effort.turn).await?, self.effort.turns);
            }
            let reference = ("openssl sign/s", signatures / f64::from(self.effort.turns));
            self.rate("client_credentials, RS256-2048", connections, (&figure, None), reference, 0.85);
        }
        Ok(())
    }

    async fn documents(&mut self, ours: Subject<'_>, issuer: &str) -> Result<()> {
        let jwks = Constant::learn(ours.port, get(JWKS)).await?;
        if !jwks.json()?["keys"].as_array().is_some_and(|keys| keys.iter().any(|key| key["kty"] == "RSA")) {
            return Err(Fault::WrongAnswer("the JWKS holds no RSA key".into()));
        }
        let metadata = Constant::learn(ours.port, get(METADATA)).await?;
        if metadata.json()?["issuer"] != issuer {
            return Err(Fault::WrongAnswer("the metadata is of another issuer".into()));
        }
        for (measure, path, plan) in [("JWKS", JWKS, jwks), ("discovery", METADATA, metadata)] {
            let length = plan.body().len();
            self.against_bare(measure, ours, &Rc::new(plan), (get(path), length), 0.55).await?;
        }
        Ok(())
    }

    async fn introspection(&mut self, ours: Subject<'_>, authorization: &str) -> Result<()> {
        let plan = Introspection::prepare(ours.port, authorization, self.effort.tokens).await?;
        // As long as a question about a real token, and answered at the length of the real answer.
        let like = (plan.sample().to_vec(), plan.answer_length().await?);
        let plan = Rc::new(plan);
        let target = if self.storage == Storage::Embedded.name() { 0.15 } else { 0.10 };
        self.against_bare("introspection", ours, &plan, like, target).await?;
        plan.check_all().await
    }

    /// Measures a plan against a bare server that is asked `request` and answers with `length` bytes.
    async fn against_bare<P: Plan>(
        &mut self,
        measure: &'static str,
        ours: Subject<'_>,
        plan: &Rc<P>,
        (request, length): (Vec<u8>, usize),
        target: f64,
    ) -> Result<()> {
        let name = if request.starts_with(b"POST") { "bare POST/s" } else { "bare GET/s" };
        let (process, port) = start_bare(self.core, length)?;
        let bare = Subject { process: &process, port };
        let bare_plan = Rc::new(Constant::learn(port, request).await?);
        for connections in CONNECTIONS {
            let (mut figure, mut reference) = (Figure::default(), Figure::default());
            for _ in 0..self.effort.turns {
                reference.add(&bare.rate(&bare_plan, connections, self.effort.turn).await?, self.effort.turns);
                figure.add(&ours.rate(plan, connections, self.effort.turn).await?, self.effort.turns);
            }
            let busy = (&figure, Some(reference.busy));
            self.rate(measure, connections, busy, (name, reference.per_second), target);
        }
        Ok(())
    }

    pub fn rate(
        &mut self,
        measure: &'static str,
        connections: usize,
        (figure, reference_busy): (&Figure, Option<f64>),
        reference: (&'static str, f64),
        target: f64,
    ) {
        self.report.add(Row {
            measure,
            storage: self.storage,
            connections: Some(connections),
            ours: figure.per_second,
            unit: "/s",
            reference: Some(reference),
            busy: Some((figure.busy, reference_busy)),
            target: Target::AtLeast(target),
        });
    }

    fn memory(&mut self, measure: &'static str, mebibytes: f64, target: f64) {
        self.figure(measure, mebibytes, "MiB", target);
    }

    fn figure(&mut self, measure: &'static str, ours: f64, unit: &'static str, target: f64) {
        let (storage, target) = (self.storage, Target::AtMost(target));
        self.report.add(Row { measure, storage, connections: None, ours, unit, reference: None, busy: None, target });
    }
}
