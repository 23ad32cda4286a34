//! docs/standards.md: which specification is kept where, and what shows it.

use std::collections::BTreeSet;

use super::{files, none, read, root};

/// RFC and section, the files, the modules of the tests.
struct Row {
    specification: String,
    section: String,
    files: Vec<String>,
    tests: Vec<String>,
}

fn rows() -> Vec<Row> {
    let page = read("docs/standards.md");
    let (table, _) = page.split_once("\n## ").expect("a section after the first table");
    let rows = table.lines().filter(|line| line.starts_with("| ")).filter(|line| !line.starts_with("| Specification"));
    rows.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [specification, section, files, tests] = cells.as_slice() else { panic!("four cells: {line}") };
        Row {
            specification: specification.to_string(),
            section: section.to_string(),
            files: quoted(files),
            tests: quoted(tests),
        }
    })
    .collect()
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split(", ")
        .map(|item| {
            let name = item.strip_prefix('`').and_then(|item| item.strip_suffix('`'));
            name.unwrap_or_else(|| panic!("{item} is not in backticks: {cell}")).to_owned()
        })
        .collect()
}

/// The RFCs that a text names, such as "RFC 6749".
fn rfcs(text: &str) -> BTreeSet<String> {
    let numbers = text.match_indices("RFC ").map(|(at, _)| {
        let digits: String = text[at + 4..].chars().take_while(char::is_ascii_digit).collect();
        format!("RFC {digits}")
    });
    numbers.filter(|name| name.len() > 4).collect()
}

#[test]
fn every_row_names_what_is_there() {
    let mut faults = Vec::new();
    let rows = rows();
    assert!(rows.len() > 30, "{}", rows.len());
    for row in &rows {
        let about = format!("{} {}", row.specification, row.section);
        if row.section.is_empty() {
            faults.push(format!("{about}: no section"));
        }
        let missing = row.files.iter().filter(|file| !root().join("src").join(file).is_file());
        faults.extend(missing.map(|file| format!("{about}: there is no src/{file}")));
        let untold = row.tests.iter().filter(|test| {
            let path = format!("tests/it/{}.rs", test.replace("::", "/"));
            !root().join(path).is_file()
        });
        faults.extend(untold.map(|test| format!("{about}: there is no test module {test}")));
    }
    none("docs/standards.md", &faults);
}

#[test]
fn every_wire_type_is_in_the_table_under_its_specifications() {
    let rows = rows();
    let mut faults = Vec::new();
    for file in files("src/protocol", ".rs") {
        let name = file.path.strip_prefix("src/").unwrap();
        let of_file: Vec<_> = rows.iter().filter(|row| row.files.iter().any(|listed| listed == name)).collect();
        let first = file.text.lines().next().unwrap_or_default();
        if of_file.is_empty() {
            faults.push(format!("{name} is not in the table"));
        }
        let absent = rfcs(first).into_iter().filter(|rfc| !of_file.iter().any(|row| row.specification == *rfc));
        faults.extend(absent.map(|rfc| format!("{name} says {rfc} in its first line, the table does not")));
    }
    none("docs/standards.md", &faults);
}

#[test]
fn every_specification_that_the_code_names_is_in_the_table() {
    let listed: BTreeSet<_> = rows().into_iter().map(|row| row.specification).collect();
    let mut faults = Vec::new();
    for file in files("src", ".rs") {
        let absent = rfcs(&file.text).into_iter().filter(|rfc| !listed.contains(rfc));
        faults.extend(absent.map(|rfc| format!("{} names {rfc}", file.path)));
    }
    none("not in docs/standards.md", &faults);
}

/// A line of what the conformance suite asks, cell by cell.
fn asked() -> Vec<Vec<String>> {
    let page = read("docs/standards.md");
    let (_, section) = page.split_once("\n## What the conformance suite asks\n").expect("the section");
    let (section, _) = section.split_once("\nThe suite itself was run").expect("what came of running it");
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Plans"));
    rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// Whether a module of tests/it has a story or a test of this name.
fn is_told(story: &str) -> bool {
    let Some((module, name)) = story.rsplit_once("::") else { return false };
    let path = root().join("tests/it").join(format!("{}.rs", module.replace("::", "/")));
    std::fs::read_to_string(path).is_ok_and(|text| text.contains(&format!("fn {name}(")))
}

#[test]
fn what_the_conformance_suite_asks_is_told_or_to_do() {
    let mut faults = Vec::new();
    let rows = asked();
    for row in &rows {
        let [plans, module, _, stories] = row.as_slice() else { panic!("four cells: {row:?}") };
        if stories.starts_with("to do: ") || stories.starts_with("skipped by the suite: ") {
            continue;
        }
        let untold = quoted(stories).into_iter().filter(|story| !is_told(story));
        faults.extend(untold.map(|story| format!("{plans} {module}: there is no story {story}")));
    }
    let modules: BTreeSet<_> = rows.iter().flat_map(|row| quoted(&row[1])).collect();
    if modules.len() != rows.len() {
        faults.push(format!("{} modules in {} rows", modules.len(), rows.len()));
    }
    // As many as the suite's own lists have, each module once.
    for (plan, count) in
        [("basic", 38), ("form post", 38), ("config", 1), ("dynamic", 23), ("logout", 11), ("back-channel", 2)]
    {
        let listed = rows.iter().filter(|row| row[0].split(", ").any(|each| each == plan)).count();
        if listed != count {
            faults.push(format!("{plan}: {listed} modules, not {count}"));
        }
    }
    none("docs/standards.md", &faults);
}
