//! The members of a request's body (RFC 8259; a form in the same words), read strictly: nothing is converted, every fault
//! is found, unknown members are faults, and no fault repeats a value.

mod node;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::error::{ErrorCode, Fault};
use super::params::Params;
use crate::secret::Plain;

use node::Node;

/// The longest text of one line, in bytes.
const LONGEST_TEXT: usize = 1024;
/// Longer than any password or token that is accepted anywhere.
const LONGEST_SECRET: usize = 16 * 1024;
/// Names that came from outside are repeated only if they look like names.
const LONGEST_NAME: usize = 64;

/// One JSON object whose members are for somebody else to judge: none is there twice, at any depth.
pub fn object(json: &[u8]) -> Option<Vec<(String, Value)>> {
    let members = node::object(json).ok()?;
    Some(members.into_iter().map(|(name, node)| (name, node.into_json())).collect())
}

/// What is wrong with one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    pub field: String,
    pub detail: Cow<'static, str>,
}

/// Everything that is wrong with the members of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFaults(pub Vec<FieldFault>);

/// What a change says of a member: nothing, that it has no value any more, or a new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch<T> {
    Keep,
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(change(value)),
        }
    }

    /// What holds after the change, where `before` held.
    pub fn over(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// The members of one body. Whoever reads one takes it; `finish` tells of all that was wrong, and of what nobody took.
pub struct Members {
    members: Vec<Member>,
    faults: Vec<FieldFault>,
    /// As they were sent, wiped when they are dropped: secrets are among them.
    source: Zeroizing<Vec<u8>>,
}

struct Member {
    name: String,
    /// `None` once it was taken.
    value: Option<Node>,
}

impl Members {
    /// Reads one JSON object. Names that are there twice, deep nesting and NUL characters are refused anywhere in it.
    pub fn from_json(source: Zeroizing<Vec<u8>>) -> Result<Self, Fault> {
        let members = node::object(&source).map_err(|about| Fault::new(ErrorCode::InvalidRequest, about))?;
        Ok(Self::of(members, source))
    }

    /// Reads a form, in which every value is a text.
    pub fn from_form(source: Zeroizing<Vec<u8>>) -> Result<Self, Fault> {
        let params = Params::parse(&source)?;
        let members: Vec<(String, Node)> = params
            .iter()
            .map(|(name, value)| (name.to_owned(), Node::Text(Zeroizing::new(value.to_owned()))))
            .collect();
        let is_double = |(index, (name, _)): (usize, &(String, Node))| members[..index].iter().any(|(n, _)| n == name);
        if members.iter().enumerate().any(is_double) {
            return Err(Fault::new(ErrorCode::InvalidRequest, "a parameter is given more than once"));
        }
        Ok(Self::of(members, source))
    }

    /// Those of a body that is not there.
    pub fn none() -> Self {
        Self::of(Vec::new(), Zeroizing::default())
    }

    fn of(members: Vec<(String, Node)>, source: Zeroizing<Vec<u8>>) -> Self {
        let members = members.into_iter().map(|(name, value)| Member { name, value: Some(value) }).collect();
        Self { members, faults: Vec::new(), source }
    }

    /// The body as it was sent.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// A text of one line that must be there and say something. What is faulty reads as empty: nothing may be done with what
    /// was read before `finish` found it well.
    pub fn text(&mut self, name: &'static str) -> String {
        match self.optional_text(name) {
            Some(text) if text.is_empty() && !self.has_fault(name) => {
                self.wrong(name, "is empty");
                text
            }
            Some(text) => text,
            None => self.missing(name),
        }
    }

    /// A text of one line; `null` counts as left out.
    pub fn optional_text(&mut self, name: &'static str) -> Option<String> {
        self.nullable_text(name).over(None)
    }

    /// A text of one line that a change may also clear.
    pub fn nullable_text(&mut self, name: &'static str) -> Patch<String> {
        self.nullable(name, line)
    }

    /// What is written as a text with a grammar of its own.
    pub fn parsed<T: FromStr<Err = Fault>>(&mut self, name: &'static str) -> Option<T> {
        let parsed = self.optional_parsed(name);
        if parsed.is_none() && !self.has_fault(name) {
            self.wrong(name, MISSING);
        }
        parsed
    }

    /// The same, where it may be left out.
    pub fn optional_parsed<T: FromStr<Err = Fault>>(&mut self, name: &'static str) -> Option<T> {
        self.nullable(name, |node| line(node)?.parse().map_err(|fault: Fault| fault.about)).over(None)
    }

    /// A secret that must be there; what is faulty reads as an empty one.
    pub fn secret<K>(&mut self, name: &'static str) -> Plain<K> {
        self.optional_secret(name).unwrap_or_else(|| Plain::presented(self.missing(name)))
    }

    pub fn optional_secret<K>(&mut self, name: &'static str) -> Option<Plain<K>> {
        let read = |node| match node {
            Node::Text(text) if text.len() > LONGEST_SECRET => Err(TOO_LONG.into()),
            Node::Text(mut text) => Ok(Plain::presented(std::mem::take(&mut *text))),
            _ => Err(NO_TEXT.into()),
        };
        self.nullable(name, read).over(None)
    }

    pub fn optional_flag(&mut self, name: &'static str) -> Option<bool> {
        let read = |node| match node {
            Node::Flag(flag) => Ok(flag),
            _ => Err("is neither true nor false".into()),
        };
        self.nullable(name, read).over(None)
    }

    /// A whole number.
    pub fn optional_number(&mut self, name: &'static str) -> Option<i64> {
        let read = |node| match node {
            Node::Number(number) => number.as_i64().ok_or(NO_NUMBER.into()),
            _ => Err(NO_NUMBER.into()),
        };
        self.nullable(name, read).over(None)
    }

    /// A list of texts of one line.
    pub fn optional_texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let read = |node| match node {
            Node::List(list) => list.into_iter().map(line).collect(),
            _ => Err("is not a list of texts".into()),
        };
        self.nullable(name, read).over(None)
    }

    /// An object whose members are the caller's own business.
    pub fn nullable_document(&mut self, name: &'static str) -> Patch<serde_json::Value> {
        let read = |node| match node {
            object @ Node::Object(_) => Ok(object.into_json()),
            _ => Err("is not an object".into()),
        };
        self.nullable(name, read)
    }

    /// Says that a member that could be read is wrong for another reason.
    pub fn wrong(&mut self, name: impl Into<String>, detail: impl Into<Cow<'static, str>>) {
        self.faults.push(FieldFault { field: name.into(), detail: detail.into() });
    }

    /// Takes a member that has no meaning here and does no harm.
    pub fn ignore(&mut self, name: &str) {
        self.take(name);
    }

    /// Tells of everything that was wrong, also of members that nobody took: a caller that sends `roles` believes that
    /// they count.
    pub fn finish(&mut self) -> Result<(), FieldFaults> {
        let mut faults = std::mem::take(&mut self.faults);
        let unknown = self.members.iter().filter(|member| member.value.is_some());
        faults.extend(unknown.map(|member| FieldFault { field: spoken(&member.name), detail: UNKNOWN.into() }));
        if faults.is_empty() { Ok(()) } else { Err(FieldFaults(faults)) }
    }

    /// The same, for a value that is there unless something was wrong with it.
    pub fn finish_with<T>(&mut self, value: Option<T>) -> Result<T, FieldFaults> {
        self.finish()?;
        value.ok_or_else(|| FieldFaults(Vec::new()))
    }

    /// Reads the member, if it is there.
    fn nullable<T>(&mut self, name: &'static str, read: impl FnOnce(Node) -> Result<T, Cow<'static, str>>) -> Patch<T> {
        let read = match self.take(name) {
            None => return Patch::Keep,
            Some(Node::Null) => return Patch::Clear,
            Some(node) => read(node),
        };
        match read {
            Ok(value) => Patch::Set(value),
            Err(detail) => {
                self.wrong(name, detail);
                Patch::Keep
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<Node> {
        self.members.iter_mut().find(|member| member.name == name)?.value.take()
    }

    /// Notes that a member is not there, unless something else was wrong with it.
    pub fn missing(&mut self, name: &'static str) -> String {
        if !self.has_fault(name) {
            self.wrong(name, MISSING);
        }
        String::new()
    }

    fn has_fault(&self, name: &str) -> bool {
        self.faults.iter().any(|fault| fault.field == name)
    }
}

impl fmt::Debug for Members {
    /// Names only: the values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.iter().map(|member| &member.name)).finish()
    }
}

const MISSING: &str = "is missing";
const NO_TEXT: &str = "is not a text";
const NO_NUMBER: &str = "is not a whole number";
const TOO_LONG: &str = "is too long";
const UNKNOWN: &str = "is not a member that can be set here";

fn line(node: Node) -> Result<String, Cow<'static, str>> {
    let Node::Text(text) = node else { return Err(NO_TEXT.into()) };
    if text.len() > LONGEST_TEXT {
        return Err(TOO_LONG.into());
    }
    if text.chars().any(char::is_control) {
        return Err("has a control character in it".into());
    }
    Ok((*text).clone())
}

/// A name that came from outside, as far as it may be repeated.
fn spoken(name: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let may_be_said = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_name);
    if may_be_said { name.to_owned() } else { "?".to_owned() }
}
