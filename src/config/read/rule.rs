//! What a setting accepts: each rule reads a given value, prints a good one, and says in words what it takes.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use ipnet::IpNet;

use super::given::Given;
use crate::secret;

pub trait Rule {
    type Value;

    /// The value, or a sentence that says what would be right.
    fn read(&self, given: &Given) -> Result<Self::Value, String>;

    /// The value as an operator may see it.
    fn print(&self, value: &Self::Value) -> String;

    /// Completes the sentence "must be …".
    fn accepts(&self) -> String;

    fn is_secret(&self) -> bool {
        false
    }
}

fn refused(accepts: &str, given: &Given) -> String {
    format!("must be {accepts}, not {}", given.echo())
}

/// A whole number within bounds. The bounds must fit the type.
pub struct Whole<T>(RangeInclusive<T>);

pub fn whole<T>(range: RangeInclusive<T>) -> Whole<T> {
    Whole(range)
}

impl<T: Copy + PartialOrd + fmt::Display + TryFrom<i64>> Rule for Whole<T> {
    type Value = T;

    fn read(&self, given: &Given) -> Result<T, String> {
        let number = match given {
            Given::Number(number) => Some(*number),
            Given::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        let value = number.and_then(|number| T::try_from(number).ok()).filter(|value| self.0.contains(value));
        value.ok_or_else(|| refused(&self.accepts(), given))
    }

    fn print(&self, value: &T) -> String {
        value.to_string()
    }

    fn accepts(&self) -> String {
        format!("a whole number from {} to {}", self.0.start(), self.0.end())
    }
}

/// `true` or `false`.
pub struct Flag;

impl Rule for Flag {
    type Value = bool;

    fn read(&self, given: &Given) -> Result<bool, String> {
        let value = match given {
            Given::Flag(flag) => Some(*flag),
            Given::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        value.ok_or_else(|| refused(&self.accepts(), given))
    }

    fn print(&self, value: &bool) -> String {
        value.to_string()
    }

    fn accepts(&self) -> String {
        "true or false".to_owned()
    }
}

/// Text that means something: a function reads it, or says in half a sentence why not.
pub struct Parsed<T> {
    accepts: &'static str,
    parse: fn(&str) -> Result<T, &'static str>,
    print: fn(&T) -> String,
}

pub fn parsed<T: fmt::Display>(accepts: &'static str, parse: fn(&str) -> Result<T, &'static str>) -> Parsed<T> {
    Parsed { accepts, parse, print: T::to_string }
}

/// Text that must satisfy `good` and is kept as it is.
pub struct Text {
    accepts: &'static str,
    good: fn(&str) -> bool,
}

pub fn text(accepts: &'static str, good: fn(&str) -> bool) -> Text {
    Text { accepts, good }
}

impl Rule for Text {
    type Value = String;

    fn read(&self, given: &Given) -> Result<String, String> {
        match given {
            Given::Text(text) if (self.good)(text) => Ok(text.clone()),
            _ => Err(refused(self.accepts, given)),
        }
    }

    fn print(&self, value: &String) -> String {
        value.clone()
    }

    fn accepts(&self) -> String {
        self.accepts.to_owned()
    }
}

impl<T> Rule for Parsed<T> {
    type Value = T;

    fn read(&self, given: &Given) -> Result<T, String> {
        let Given::Text(text) = given else {
            return Err(refused(self.accepts, given));
        };
        (self.parse)(text).map_err(|reason| format!("{}: {reason}", refused(self.accepts, given)))
    }

    fn print(&self, value: &T) -> String {
        (self.print)(value)
    }

    fn accepts(&self) -> String {
        self.accepts.to_owned()
    }
}

/// The path of a file or directory, relative to the working directory unless it is absolute.
pub fn path() -> Parsed<PathBuf> {
    Parsed {
        accepts: "a path",
        parse: |text| match text {
            "" => Err("it is empty"),
            _ if text.contains('\0') => Err("it holds a NUL"),
            _ => Ok(PathBuf::from(text)),
        },
        print: |path| path.display().to_string(),
    }
}

/// An IP network; an address alone is a network of one.
pub fn network() -> Parsed<IpNet> {
    parsed("an IP address or a network such as 10.0.0.0/8", |text| {
        let alone = || text.parse().ok().map(|address: std::net::IpAddr| IpNet::from(address));
        let network = text.parse::<IpNet>().ok().or_else(alone).ok_or("it is not one")?;
        if network.trunc() == network { Ok(network) } else { Err("bits behind the prefix are set") }
    })
}

/// One of a few words (or numbers), each standing for a value.
pub struct Choice<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Clone + PartialEq> Rule for Choice<T> {
    type Value = T;

    fn read(&self, given: &Given) -> Result<T, String> {
        let word = match given {
            Given::Text(text) => text.trim().to_owned(),
            Given::Number(number) => number.to_string(),
            _ => return Err(refused(&self.accepts(), given)),
        };
        let found = self.0.iter().find(|(name, _)| *name == word);
        found.map(|(_, value)| value.clone()).ok_or_else(|| refused(&self.accepts(), given))
    }

    fn print(&self, value: &T) -> String {
        self.0.iter().find(|(_, other)| other == value).map_or_else(String::new, |(name, _)| (*name).to_owned())
    }

    fn accepts(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|(name, _)| *name).collect();
        match names.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => names.concat(),
        }
    }
}

/// Text that no message and no listing repeats. `visible` gives the part of a good one that may be seen.
pub struct Secret {
    pub accepts: &'static str,
    pub good: fn(&str) -> bool,
    pub visible: fn(&str) -> String,
}

/// What stands in a listing instead of a secret.
pub const MASK: &str = "[secret]";

pub fn secret(accepts: &'static str, good: fn(&str) -> bool) -> Secret {
    Secret { accepts, good, visible: |_| MASK.to_owned() }
}

/// A URL with a password in it: its scheme is seen, the rest is not.
pub fn masked_url(url: &str) -> String {
    url.split_once("://").map_or_else(|| MASK.to_owned(), |(scheme, _)| format!("{scheme}://{MASK}"))
}

impl Rule for Secret {
    type Value = secret::Setting;

    fn read(&self, given: &Given) -> Result<secret::Setting, String> {
        match given {
            Given::Text(text) if (self.good)(text) => Ok(secret::Setting::new(text.as_str())),
            Given::Text(_) => Err(format!("must be {}", self.accepts)),
            _ => Err(format!("must be {}, as a string", self.accepts)),
        }
    }

    fn print(&self, value: &secret::Setting) -> String {
        if value.is_empty() { String::new() } else { (self.visible)(value.reveal()) }
    }

    fn accepts(&self) -> String {
        self.accepts.to_owned()
    }

    fn is_secret(&self) -> bool {
        true
    }
}

/// A setting that may be absent; an empty text means that it is.
pub struct Optional<R>(pub R);

impl<R: Rule> Rule for Optional<R> {
    type Value = Option<R::Value>;

    fn read(&self, given: &Given) -> Result<Self::Value, String> {
        match given {
            Given::Text(text) if text.is_empty() => Ok(None),
            _ => self.0.read(given).map(Some),
        }
    }

    fn print(&self, value: &Self::Value) -> String {
        value.as_ref().map_or_else(String::new, |value| self.0.print(value))
    }

    fn accepts(&self) -> String {
        format!("{}, or empty for none", self.0.accepts())
    }

    fn is_secret(&self) -> bool {
        self.0.is_secret()
    }
}

/// Several values: a TOML array, or a text with commas.
pub struct List<R>(pub R);

impl<R: Rule> Rule for List<R> {
    type Value = Vec<R::Value>;

    fn read(&self, given: &Given) -> Result<Self::Value, String> {
        let items = match given {
            Given::Text(text) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                parts.map(|part| Given::Text(part.to_owned())).collect()
            }
            Given::List(items) => items.clone(),
            other => vec![other.clone()],
        };
        items.iter().map(|item| self.0.read(item)).collect::<Result<_, _>>().map_err(|wrong| format!("each {wrong}"))
    }

    fn print(&self, value: &Self::Value) -> String {
        value.iter().map(|item| self.0.print(item)).collect::<Vec<_>>().join(",")
    }

    fn accepts(&self) -> String {
        format!("a list, each {}", self.0.accepts())
    }

    fn is_secret(&self) -> bool {
        self.0.is_secret()
    }
}
