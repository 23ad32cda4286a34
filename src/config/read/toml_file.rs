//! Reads `countersign.toml`: which known key has which value on which line, and which keys are unknown.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::declare::Declared;
use super::given::{Given, Origin};
use super::{Faults, suggest};

/// Every known setting in the file.
pub fn read(path: &str, text: &str, known: &[Declared], faults: &mut Faults) -> Vec<(String, Given, Origin)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut file = File { path, text, known, faults, broken: !errors.is_empty(), found: Vec::new() };
    for error in errors {
        // Only the message: the error's full text repeats the line, which may hold a secret.
        let origin = file.origin(&error.span().unwrap_or_default());
        file.faults.of_source(&origin, &format!("is not TOML: {}", error.message()));
    }
    for (key, value) in table.get_ref() {
        file.top(key, value);
    }
    file.found
}

struct File<'a> {
    path: &'a str,
    text: &'a str,
    known: &'a [Declared],
    faults: &'a mut Faults,
    /// The text is not TOML. Known keys in what could be understood are still read, others are not judged: they may
    /// be anything, also a part of a secret.
    broken: bool,
    found: Vec<(String, Given, Origin)>,
}

impl File<'_> {
    fn top(&mut self, key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let name = key.get_ref().as_ref();
        if self.is_setting(name) {
            self.setting(name.to_owned(), key, value);
        } else if let Some(table) = value.get_ref().as_table() {
            if table.is_empty() && !self.is_section(name) {
                self.unknown(name, key);
            }
            for (inner, value) in table {
                self.setting(format!("{name}.{}", inner.get_ref()), inner, value);
            }
        } else if self.is_section(name) {
            let origin = self.origin(&key.span());
            self.faults.of_place(&origin, &format!("{name} is a section: write [{name}] and its settings below"));
        } else {
            self.unknown(name, key);
        }
    }

    fn setting(&mut self, key: String, at: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        if self.is_setting(&key) {
            let origin = self.origin(&at.span());
            self.found.push((key, given(value.get_ref()), origin));
        } else {
            self.unknown(&key, at);
        }
    }

    fn unknown(&mut self, key: &str, at: &Spanned<DeString<'_>>) {
        if !self.broken {
            let origin = self.origin(&at.span());
            let nearest = suggest::nearest(key, self.known);
            let key = Given::Text(key.to_owned()).echo();
            self.faults.of_place(&origin, &format!("there is no setting {key}; did you mean {}?", nearest.key));
        }
    }

    fn is_setting(&self, key: &str) -> bool {
        self.known.iter().any(|setting| setting.key == key)
    }

    fn is_section(&self, name: &str) -> bool {
        self.known.iter().any(|setting| setting.section == name)
    }

    fn origin(&self, span: &Range<usize>) -> Origin {
        let before = self.text.as_bytes().iter().take(span.start);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Origin::File { path: self.path.to_owned(), line }
    }
}

fn given(value: &DeValue<'_>) -> Given {
    match value {
        DeValue::String(text) => Given::Text(text.clone().into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Given::Other("a number that large"), Given::Number),
        DeValue::Boolean(flag) => Given::Flag(*flag),
        DeValue::Array(items) => Given::List(items.iter().map(|item| given(item.get_ref())).collect()),
        DeValue::Float(_) => Given::Other("a decimal number"),
        DeValue::Datetime(_) => Given::Other("a date or time"),
        DeValue::Table(_) => Given::Other("a table"),
    }
}
