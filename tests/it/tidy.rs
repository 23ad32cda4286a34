//! Keeps the house: what imports what, how long things are, and whether the written pages are what the code says.

mod layers;
mod operations;
mod pages;
mod shape;
mod standards;
mod words;

use std::fs;
use std::path::Path;

/// A file of this repository.
pub struct File {
    /// From the root of the repository, with slashes.
    pub path: String,
    pub text: String,
}

impl File {
    /// The lines that are not comments, with their numbers.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Every file below a folder whose name ends so, in order.
pub fn files(folder: &str, ending: &str) -> Vec<File> {
    let mut found = Vec::new();
    collect(folder, ending, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "nothing in {folder} ends in {ending:?}");
    found
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn collect(folder: &str, ending: &str, found: &mut Vec<File>) {
    /// What builds and tools leave behind.
    const LEFT_BEHIND: [&str; 5] = ["target", "corpus", "artifacts", "node_modules", "__pycache__"];
    for entry in fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if !LEFT_BEHIND.contains(&name.as_str()) {
                collect(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            let bytes = fs::read(entry.path()).unwrap_or_else(|error| panic!("{path}: {error}"));
            found.push(File { text: String::from_utf8_lossy(&bytes).into_owned(), path });
        }
    }
}

/// Fails with a list of everything that is wrong, not of the first thing only.
pub fn none(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n  {}\n", faults.join("\n  "));
}

/// Whether `word` is in the text on its own, not as a part of a longer name.
pub fn says(text: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let starts_with_part = part(word.chars().next());
    let ends_with_part = part(word.chars().last());
    text.match_indices(word).any(|(at, _)| {
        let before = part(text[..at].chars().last()) && starts_with_part;
        let after = part(text[at + word.len()..].chars().next()) && ends_with_part;
        !before && !after
    })
}
