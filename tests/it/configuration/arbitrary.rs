//! Whatever the files and variables hold: an answer, never a panic.

use countersign::config::Config;
use proptest::prelude::*;

use super::Files;

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(
        toml in prop::collection::vec(any::<u8>(), 0..300),
        dotenv in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = Config::load(&Files::new(toml, dotenv).sources(&[]));
    }

    /// Text that is nearly right goes deeper than bytes do.
    #[test]
    fn arbitrary_settings_never_panic(
        lines in prop::collection::vec(
            (prop::sample::select(vec!["[server]", "[keys", "port", "issuer", "url", "server.host", "[[log]]", "x"]),
             "( = | =|=)?(\"[ -~]{0,8}\"?|[0-9_.x-]{0,22}|\\[.{0,8}\\]?|\\{.{0,8}\\}?|\"\"\"|true|.{0,12})"),
            0..8,
        ),
        value in ".{0,40}",
        name in "[A-Z_]{0,20}",
    ) {
        let text: String = lines.iter().map(|(key, rest)| format!("{key}{rest}\n")).collect();
        let files = Files::new(&text, &text);
        let unknown = format!("COUNTERSIGN_{name}");
        let shown = Config::default().show();
        let mut variables = vec![(unknown.as_str(), value.as_str())];
        let names: Vec<_> = shown.iter().map(|setting| setting.key.replace('.', "__").to_uppercase()).collect();
        let names: Vec<_> = names.iter().map(|name| format!("COUNTERSIGN_{name}")).collect();
        variables.extend(names.iter().map(|name| (name.as_str(), value.as_str())));
        if let Err(faults) = Config::load(&files.sources(&variables)) {
            prop_assert!(faults.lines().all(|line| !line.contains('\n') && !line.is_empty()));
        }
    }
}
