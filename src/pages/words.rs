//! The words of the pages: one catalogue for each language, with the same texts and the same places to fill in each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::templates::placeholder;
use super::{Folder, PagesError};

/// All others are held to the first one; whoever reads none of the others gets it.
const BUILT_IN: [(&str, &str); 2] = [("en", include_str!("words/en.toml")), ("de", include_str!("words/de.toml"))];

/// Texts under it may be added freely: whoever makes scopes says what they are for.
const SCOPES: &str = "scopes.";
/// Texts under it are found by what a program is told.
const FAULTS: &str = "faults.";

pub struct Words {
    language: String,
    texts: BTreeMap<String, String>,
}

/// Every language, the first one first.
pub fn load(folder: &mut Folder) -> Result<Vec<Arc<Words>>, PagesError> {
    let mut languages: Vec<Words> = Vec::new();
    for (language, text) in BUILT_IN {
        languages.push(Words { language: language.to_owned(), texts: parse(language, text)? });
    }
    for (language, text) in folder.take_all(".toml") {
        let given = parse(&language, &text)?;
        if !(2..=3).contains(&language.len()) || !language.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Err(PagesError(format!("{language}.toml is not called by a language, such as fr.toml")));
        }
        match languages.iter_mut().find(|words| words.language == language) {
            Some(words) => words.texts.extend(given),
            None => languages.push(Words { language, texts: given }),
        }
    }
    let (first, text) = BUILT_IN[0];
    let original = parse(first, text)?;
    for words in &languages {
        words.compare(&original)?;
    }
    Ok(languages.into_iter().map(Arc::new).collect())
}

impl Words {
    /// As in `<html lang>`.
    pub fn language(&self) -> &str {
        &self.language
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// Each text with its key.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }

    /// A text with what is filled in, where no template says it.
    pub fn say(&self, key: &str, filled: &[(&str, &str)]) -> String {
        let text = self.text(key).unwrap_or(key);
        filled.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// What programs are told about a member of theirs, as a sentence about a field; `None` when there are no words for it.
    pub fn fault(&self, detail: &str) -> Option<String> {
        let (pattern, numbers) = without_numbers(detail);
        let text = self.text(&format!("{FAULTS}{pattern}"))?;
        let numbers = numbers.iter().enumerate();
        Some(numbers.fold(text.to_owned(), |text, (place, number)| text.replace(&format!("{{{place}}}"), number)))
    }

    /// What a scope is for. What an operator said of it elsewhere than here goes before the words that are built in.
    pub fn scope(&self, name: &str, described: &str, first: &Self) -> String {
        let key = format!("{SCOPES}{name}");
        let is_ours = first.text(&key).is_none_or(|text| text == described);
        self.text(&key).filter(|_| is_ours).unwrap_or(described).to_owned()
    }

    fn compare(&self, original: &BTreeMap<String, String>) -> Result<(), PagesError> {
        let wrong = |what: String| Err(PagesError(format!("{}.toml: {what}", self.language)));
        if let Some(missing) = original.keys().find(|key| !self.texts.contains_key(*key)) {
            return wrong(format!("the text {missing} is missing"));
        }
        for (key, text) in &self.texts {
            let Some(wanted) = original.get(key).map(|text| placeholders(text)) else {
                if key.starts_with(SCOPES) {
                    continue;
                }
                return wrong(format!("there is no text {key} to replace"));
            };
            if placeholders(text) != wanted {
                let wanted: Vec<String> = wanted.iter().map(|name| format!("{{{name}}}")).collect();
                return wrong(format!("{key} must have these places to fill in, and no others: {}", wanted.join(" ")));
            }
        }
        Ok(())
    }
}

fn parse(language: &str, text: &str) -> Result<BTreeMap<String, String>, PagesError> {
    let wrong = |what: String| PagesError(format!("{language}.toml: {what}"));
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    let mut texts = BTreeMap::new();
    for (section, entries) in table {
        let toml::Value::Table(entries) = entries else { return Err(wrong(format!("{section} is no section"))) };
        for (name, text) in entries {
            let toml::Value::String(text) = text else { return Err(wrong(format!("{section}.{name} is no text"))) };
            texts.insert(format!("{section}.{name}"), text);
        }
    }
    Ok(texts)
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    let (mut names, mut rest) = (BTreeSet::new(), text);
    while let Some((_, name, after)) = placeholder(rest) {
        names.insert(name);
        rest = after;
    }
    names
}

/// The text with its numbers numbered, and the numbers.
fn without_numbers(text: &str) -> (String, Vec<String>) {
    let (mut pattern, mut numbers) = (String::new(), Vec::<String>::new());
    let mut in_number = false;
    for c in text.chars() {
        if !c.is_ascii_digit() {
            pattern.push(c);
        } else if let (true, Some(number)) = (in_number, numbers.last_mut()) {
            number.push(c);
        } else {
            pattern.push_str(&format!("{{{}}}", numbers.len()));
            numbers.push(c.to_string());
        }
        in_number = c.is_ascii_digit();
    }
    (pattern, numbers)
}
