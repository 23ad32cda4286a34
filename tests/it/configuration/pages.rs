//! The written pages about settings: they are what the code says.

use std::path::Path;

use countersign::config::{self, Config};

use super::Files;

#[test]
fn are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, expected) in [("docs/configuration.md", config::reference()), (".env.example", config::env_example())] {
        let path = root.join(name);
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &expected).expect("writes the page");
        }
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(page == expected, "{name} is stale: run this test with UPDATE_SNAPSHOTS=1, and commit what it writes");
    }
}

#[test]
fn the_reference_and_the_listing_name_every_setting() {
    let (reference, example, shown) = (config::reference(), config::env_example(), Config::default().show());
    for setting in &shown {
        let variable = format!("COUNTERSIGN_{}", setting.key.replace('.', "__").to_uppercase());
        let row = reference.lines().filter(|line| line.starts_with(&format!("| `{}` | `{variable}`", setting.key)));
        assert_eq!(row.count(), 1, "{}", setting.key);
    }
    assert_eq!(reference.lines().filter(|line| line.starts_with("| `")).count(), shown.len());
    let examples: Vec<_> = example.lines().filter(|line| line.starts_with("# ") && line.contains('=')).collect();
    assert!(examples.contains(&"# DATABASE_URL=sqlite:data/countersign.db"), "{examples:?}");
}

/// The example, uncommented, is the embedded server.
#[test]
fn the_example_holds_the_defaults() {
    let is_setting = |line: &&str| line.split_once('=').is_some_and(|(name, _)| name.bytes().all(|b| b != b' '));
    let example = config::env_example();
    let dotenv: Vec<_> = example.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting).collect();
    assert_eq!(dotenv.len(), 14, "{dotenv:?}");
    let files = Files::new("", dotenv.join("\n"));
    let config = Config::load(&files.sources(&[])).unwrap_or_else(|faults| panic!("{faults}"));
    for (given, default) in config.show().iter().zip(Config::default().show()) {
        assert_eq!((&given.key, &given.value), (&default.key, &default.value));
    }
}
