//! What an operator reads is what there is: every table, every metric and every letter has its place in docs/OPERATIONS.md.

use super::{File, files, none, read};

/// What stands between quotes, or before a bracket, behind each of the openings.
fn named<'t>(text: &'t str, opening: &'t str) -> impl Iterator<Item = &'t str> {
    let ends = |c: char| !c.is_ascii_lowercase() && c != '_';
    text.match_indices(opening).map(move |(at, _)| {
        let name = text[at + opening.len()..].trim_start();
        &name[..name.find(ends).unwrap_or(name.len())]
    })
}

/// What is below a heading, up to the next one.
fn section(heading: &str) -> String {
    let page = read("docs/OPERATIONS.md");
    let heading = format!("\n## {heading}\n");
    let at = page.find(&heading).unwrap_or_else(|| panic!("{heading:?} is a heading"));
    let rest = &page[at + heading.len()..];
    rest[..rest.find("\n## ").unwrap_or(rest.len())].to_owned()
}

#[test]
fn it_is_said_how_long_the_rows_of_each_table_stay() {
    let said = section("Retention");
    let sources = [File { path: "src/store/schema.rs".to_owned(), text: read("src/store/schema.rs") }];
    let sources: Vec<File> = sources.into_iter().chain(files("src/store/schema", ".rs")).collect();
    let tables: Vec<&str> = sources.iter().flat_map(|file| named(&file.text, "diesel::table! {")).collect();
    assert!(tables.len() > 30 && tables.contains(&"grants"), "{tables:?}");
    let missing = tables.into_iter().filter(|table| !said.contains(&format!("`{table}`"))).map(str::to_owned);
    none("tables without a row under \"Retention\"", &missing.collect::<Vec<_>>());
}

#[test]
fn it_is_said_what_each_metric_counts() {
    let said = section("Metrics");
    let sources = files("src/observe", ".rs");
    let openings = ["register(&mut registry, \"", "registry.register(\"", "encode_descriptor(\""];
    let metrics: Vec<&str> =
        sources.iter().flat_map(|file| openings.into_iter().flat_map(|opening| named(&file.text, opening))).collect();
    for known in ["refreshes", "build", "request_seconds"] {
        assert!(metrics.contains(&known), "{metrics:?}");
    }
    // OpenMetrics says by the end of a name what it is.
    let is_said = |metric: &&str| {
        ["", "_total", "_info"].iter().any(|end| said.contains(&format!("`countersign_{metric}{end}`")))
    };
    let missing = metrics.into_iter().filter(|metric| !is_said(metric)).map(str::to_owned);
    none("metrics without a row under \"Metrics\"", &missing.collect::<Vec<_>>());
}

#[test]
fn it_is_said_what_each_letter_is() {
    let said = section("Letters");
    let templates = files("src/mail/templates", ".txt");
    let names = templates.iter().filter_map(|file| file.path.rsplit('/').next()?.strip_suffix(".txt"));
    let missing = names.filter(|name| !said.contains(&format!("| `{name}` |"))).map(str::to_owned);
    none("letters without a row under \"Letters\"", &missing.collect::<Vec<_>>());
}
