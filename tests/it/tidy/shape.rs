//! How files and functions look: a first line that says what they are for, and an end within sight.

use super::{File, files, none};

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 60;

fn sources() -> Vec<File> {
    [files("src", ".rs"), files("tests/it", ".rs")].into_iter().flatten().collect()
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    let silent = sources().into_iter().filter(|file| !file.text.starts_with("//! "));
    none("files without a first line of documentation", &silent.map(|file| file.path).collect::<Vec<_>>());
}

#[test]
fn every_wire_type_names_its_specification() {
    let first = |file: &File| file.text.lines().next().unwrap_or_default().to_owned();
    let faults = files("src/protocol", ".rs")
        .into_iter()
        .filter(|file| !["(RFC ", "(OpenID Connect "].iter().any(|name| first(file).contains(name)))
        .map(|file| file.path);
    none("files whose first line names no specification", &faults.collect::<Vec<_>>());
}

#[test]
fn files_and_functions_end_within_sight() {
    let mut faults = Vec::new();
    for file in sources() {
        let lines = file.text.lines().count();
        if lines > LONGEST_FILE {
            faults.push(format!("{} has {lines} lines", file.path));
        }
        let long = functions(&file.text).into_iter().filter(|function| function.lines > LONGEST_FUNCTION);
        faults.extend(long.map(|function| format!("{}:{} has {} lines", file.path, function.at, function.lines)));
    }
    none(&format!("longer than {LONGEST_FILE} lines for a file or {LONGEST_FUNCTION} for a function"), &faults);
}

struct Function {
    at: usize,
    lines: usize,
}

/// As rustfmt writes them: from the line with `fn` to the next brace in the same column.
fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        if !is_function(line) || line.ends_with(';') || line.ends_with('}') {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let ends = |line: &&str| line.len() == indent + 1 && line.ends_with('}');
        if let Some(length) = lines[start..].iter().position(ends) {
            found.push(Function { at: start + 1, lines: length + 1 });
        }
    }
    found
}

fn is_function(line: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| {
        word.starts_with("pub") || word.ends_with(')') || ["const", "async", "unsafe"].contains(word)
    });
    words.next() == Some("fn")
}

#[test]
fn the_counter_of_this_test_counts() {
    let text = "fn a() {\n    1\n}\n\nimpl X {\n    pub(in crate::x) async fn b(\n        c: u8,\n    ) -> u8 {\n        c\n    }\n}\n";
    let found: Vec<_> = functions(text).into_iter().map(|function| (function.at, function.lines)).collect();
    assert_eq!(found, [(1, 3), (6, 5)]);
    let counted: usize = sources().iter().map(|file| functions(&file.text).len()).sum();
    assert!(counted > 500, "{counted}");
}

/// Where the server may end itself, and why.
const MAY_PANIC: [(&str, &str, &str); 2] = [
    ("src/secret.rs", "gives random bytes", "nothing that needs a secret can go on without randomness"),
    ("src/secret.rs", "HMAC takes a key of any length", "the type says that it may fail, the algorithm that it cannot"),
];

#[test]
fn nothing_panics_on_purpose() {
    const PANICS: [&str; 9] = [
        ".unwrap()",
        ".expect(",
        ".unwrap_err()",
        ".expect_err(",
        "panic!(",
        "unreachable!(",
        "todo!(",
        "unimplemented!(",
        "process::abort",
    ];
    let mut faults = Vec::new();
    let mut used = [false; MAY_PANIC.len()];
    for file in files("src", ".rs") {
        for (number, line) in file.code().filter(|(_, line)| PANICS.iter().any(|panic| line.contains(panic))) {
            match MAY_PANIC.iter().position(|(path, part, _)| file.path == *path && line.contains(part)) {
                Some(index) => used[index] = true,
                None => faults.push(format!("{}:{number} {}", file.path, line.trim())),
            }
        }
    }
    none("what can end the server", &faults);
    assert_eq!(used, [true; MAY_PANIC.len()], "the list of this test is too long");
}
