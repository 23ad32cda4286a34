//! The project speaks of itself alone: nothing in it knows the machine that it was written on.

use super::{File, files, none, read};

/// Everything that is checked in, but for what names itself below.
fn all() -> Vec<File> {
    let folders = ["src", "tests", "docs", "migrations", "scripts", ".ci"];
    let mut all: Vec<_> = folders.into_iter().flat_map(|folder| files(folder, "")).collect();
    let single = [".env.example", ".gitignore", "Cargo.lock", "Cargo.toml", "clippy.toml", "deny.toml", "diesel.toml"];
    all.extend(single.map(|path| File { path: path.to_owned(), text: read(path) }));
    for path in ["README.md", "CHANGELOG.md", "keys/README.md"] {
        if let Ok(text) = std::fs::read_to_string(super::root().join(path)) {
            all.push(File { path: path.to_owned(), text });
        }
    }
    all
}

/// In two parts, so that this list does not find itself.
const FOREIGN: [(&str, &str); 14] = [
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("/wo", "rk/"),
    ("/tmp/", "wt-"),
    ("/tmp/", "target"),
    ("/tmp/", "scratch"),
    ("/tmp/", "brief"),
    ("cargo-", "slot"),
    ("issue ", "#"),
    ("work", "tree add"),
    ("Cla", "ude"),
    ("Chat", "GPT"),
    ("language ", "model"),
];

#[test]
fn nothing_names_the_place_where_it_was_written() {
    let mut faults = Vec::new();
    for file in all() {
        for (number, line) in file.text.lines().enumerate() {
            let found =
                FOREIGN.map(|(one, other)| format!("{one}{other}")).into_iter().filter(|word| line.contains(word));
            faults.extend(found.map(|word| format!("{}:{} says {word}", file.path, number + 1)));
        }
    }
    none("words that are not the project's", &faults);
}

#[test]
fn dependencies_come_from_the_public_registries() {
    let crates = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let mut faults = Vec::new();
    for line in read("Cargo.lock").lines().filter(|line| line.starts_with("source = ") && *line != crates) {
        faults.push(format!("Cargo.lock: {line}"));
    }
    for line in read("tests/verifiers/node/package-lock.json").lines().filter(|line| line.contains("\"resolved\"")) {
        if !line.contains("\"https://registry.npmjs.org/") {
            faults.push(format!("package-lock.json: {}", line.trim()));
        }
    }
    none("dependencies from elsewhere", &faults);
}
