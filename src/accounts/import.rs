//! Accounts in bulk, one JSON object a line. Each line is done or refused by itself, so that a long file need not be begun
//! again; a line that was done before is refused because its names are taken.

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::{Zeroize, Zeroizing};

use super::administer::{self, Created, PasswordChoice};
use super::details::{Details, NewAccount};
use super::names;
use crate::app::App;
use crate::audit::Act;
use crate::authority::Authority;
use crate::failure::{Failure, Outcome};
use crate::protocol::members::{Members, Patch};
use crate::secret::{Password, PasswordHash, Plain};
use crate::time::UnixTime;

const LONGEST_LINE: usize = 64 * 1024;
/// As many are under way at once: enough to share a disk's sync, and few of the connections that requests need.
const TOGETHER: usize = 4;
/// As many refusals are told one by one.
const MOST_REFUSALS: usize = 1_000;

/// One line, as `user create --from` takes it, too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub username: String,
    pub email: String,
    password: Option<String>,
    /// A PHC or modular-crypt string of another system.
    password_hash: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    name: Option<String>,
    profile: Option<Value>,
    #[serde(default)]
    roles: Vec<String>,
    /// Somebody who may import vouches for the addresses.
    #[serde(default = "yes", alias = "email_verified")]
    verified: bool,
}

const fn yes() -> bool {
    true
}

/// A file on its way in: it is fed piece by piece, and never held as a whole.
pub struct Import<'a> {
    app: &'a App,
    authority: &'a Authority<'a>,
    /// The line that is not complete yet; passwords may be in it.
    rest: Zeroizing<Vec<u8>>,
    is_too_long: bool,
    number: u64,
    /// Lines that are done together.
    group: Vec<(u64, Created)>,
    report: Report,
}

/// What became of a file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub imported: u64,
    /// The first of the lines that were refused.
    pub refused: Vec<RefusedLine>,
    /// How many lines were refused in all.
    pub refused_lines: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct RefusedLine {
    pub line: u64,
    pub detail: String,
}

impl<'a> Import<'a> {
    pub fn new(app: &'a App, authority: &'a Authority<'a>) -> Self {
        Self {
            app,
            authority,
            rest: Zeroizing::new(Vec::with_capacity(LONGEST_LINE)),
            is_too_long: false,
            number: 0,
            group: Vec::with_capacity(TOGETHER),
            report: Report::default(),
        }
    }

    /// The next piece of the file. An error only when the server cannot go on; what was done until then is done.
    pub async fn feed(&mut self, bytes: &[u8], now: UnixTime) -> Outcome<()> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = piece.strip_suffix(b"\n");
            self.take(text.unwrap_or(piece));
            if text.is_some() {
                self.end_line(now).await?;
            }
        }
        Ok(())
    }

    /// What became of the lines so far.
    pub fn so_far(&self) -> &Report {
        &self.report
    }

    /// The end of the file.
    pub async fn finish(mut self, now: UnixTime) -> Outcome<Report> {
        if !self.rest.is_empty() || self.is_too_long {
            self.end_line(now).await?;
        }
        self.settle(now).await?;
        let Report { imported, refused_lines, .. } = self.report;
        let detail = json!({ "imported": imported, "refused": refused_lines });
        self.app.store.record(self.authority.by.does(Act::UsersImported).with(detail).record(now)).await?;
        self.report.refused.sort_by_key(|refused| refused.line);
        Ok(self.report)
    }

    fn take(&mut self, text: &[u8]) {
        self.is_too_long |= self.rest.len() + text.len() > LONGEST_LINE;
        if !self.is_too_long {
            self.rest.extend_from_slice(text);
        }
    }

    async fn end_line(&mut self, now: UnixTime) -> Outcome<()> {
        self.number += 1;
        let created = if std::mem::take(&mut self.is_too_long) {
            Some(Err(format!("it is longer than {LONGEST_LINE} bytes")))
        } else if self.rest.trim_ascii().is_empty() {
            None
        } else {
            Some(read(self.app, &self.rest))
        };
        self.rest.as_mut_slice().zeroize();
        self.rest.clear();
        match created {
            None => Ok(()),
            Some(Err(about)) => {
                self.refuse(self.number, about);
                Ok(())
            }
            Some(Ok(created)) => self.add(Created { in_bulk: true, ..created }, now).await,
        }
    }

    /// Of two lines with one name the first is done before the second is looked at.
    async fn add(&mut self, created: Created, now: UnixTime) -> Outcome<()> {
        let shares_a_name = |other: &Created| {
            names::fold(&other.account.username) == names::fold(&created.account.username)
                || names::fold(&other.account.email) == names::fold(&created.account.email)
        };
        if self.group.len() == TOGETHER || self.group.iter().any(|(_, other)| shares_a_name(other)) {
            self.settle(now).await?;
        }
        self.group.push((self.number, created));
        Ok(())
    }

    async fn settle(&mut self, now: UnixTime) -> Outcome<()> {
        let (app, authority) = (self.app, self.authority);
        let lines = self
            .group
            .drain(..)
            .map(|(number, created)| async move { (number, administer::create(app, created, authority, now).await) });
        for (number, done) in join_all(lines).await {
            match done {
                Ok(_) => self.report.imported += 1,
                Err(Failure::Refused(refused)) => self.refuse(number, refused.told()),
                Err(broken) => return Err(broken),
            }
        }
        Ok(())
    }

    fn refuse(&mut self, line: u64, detail: String) {
        self.report.refused_lines += 1;
        if self.report.refused.len() < MOST_REFUSALS {
            self.report.refused.push(RefusedLine { line, detail });
        }
    }
}

/// An account as a line describes it, or why it describes none.
pub fn read(app: &App, text: &[u8]) -> Result<Created, String> {
    // The parser's own words may repeat what was sent.
    let Line { username, email, password, password_hash, given_name, family_name, name, profile, roles, verified } =
        serde_json::from_slice(text)
            .map_err(|error| format!("it is not an account in JSON (column {})", error.column()))?;
    // What the API does not read is not read here: nesting, names that are there twice.
    Members::from_json(Zeroizing::new(text.to_vec())).map_err(|fault| fault.about)?;
    let password = match (password, password_hash) {
        (Some(_), Some(_)) => return Err("it has both password and password_hash".to_owned()),
        (Some(password), None) => Some(PasswordChoice::Chosen(Plain::<Password>::presented(password))),
        (None, Some(hash)) => Some(PasswordChoice::Imported(imported(app, &hash)?)),
        (None, None) => None,
    };
    let patch = |text: Option<String>| text.map_or(Patch::Keep, Patch::Set);
    let details = Details {
        given_name: patch(given_name),
        family_name: patch(family_name),
        name: patch(name),
        profile: profile.map_or(Patch::Keep, Patch::Set),
    };
    Ok(Created { account: NewAccount { username, email, details }, password, roles, verified, in_bulk: false })
}

fn imported(app: &App, hash: &str) -> Result<PasswordHash, String> {
    app.passwords.import(hash).map_err(|wrong| format!("password_hash {wrong}"))
}
