//! Settings as an operator meets them: where they are looked for, what is refused and with which words, what is shown.

mod arbitrary;
mod pages;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign::config::{Config, DatabaseUrl, Issuer, LogFormat, Sources};
use countersign::protocol::jwk::Algorithm;

fn environment(variables: &[(&str, &str)]) -> Sources {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { environment, ..Sources::default() }
}

fn load(variables: &[(&str, &str)]) -> Config {
    Config::load(&environment(variables)).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The faults of a start with these variables.
fn faults(variables: &[(&str, &str)]) -> Vec<String> {
    lines(&environment(variables))
}

fn lines(sources: &Sources) -> Vec<String> {
    let faults = Config::load(sources).expect_err("must be refused");
    let lines: Vec<String> = faults.lines().map(str::to_owned).collect();
    assert_eq!(faults.to_string(), lines.join("\n"));
    lines
}

/// A directory with a settings file and a `.env`.
struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn new(toml: impl AsRef<[u8]>, dotenv: impl AsRef<[u8]>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("settings.toml"), toml).expect("writes the settings");
        std::fs::write(directory.path().join("env"), dotenv).expect("writes the variables");
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn sources(&self, variables: &[(&str, &str)]) -> Sources {
        let (file, dotenv) = (Some(self.path("settings.toml")), Some(self.path("env")));
        Sources { file, dotenv, ..environment(variables) }
    }

    /// The faults, without the name of the directory.
    fn faults(&self, variables: &[(&str, &str)]) -> Vec<String> {
        let directory = format!("{}/", self.directory.path().display());
        lines(&self.sources(variables)).into_iter().map(|line| line.replace(&directory, "")).collect()
    }
}

#[test]
fn without_any_setting_it_is_the_embedded_server() {
    let config = load(&[]);
    assert_eq!(config.issuer.as_str(), "http://localhost:8080");
    assert!(config.development());
    assert_eq!((config.server.host.as_str(), config.server.port), ("localhost", 8080));
    assert_eq!(config.database.kind(), DatabaseUrl::Sqlite(PathBuf::from("data/countersign.db")));
    assert_eq!(config.cache.url, None);
    assert_eq!(config.keys.directory, Path::new("keys"));
    assert_eq!(config.keys.algorithms, [Algorithm::Rs256]);
    assert_eq!(config.tokens.access_seconds(), 900);
    assert_eq!(config.log.format, LogFormat::Auto);
    assert_eq!(config.metrics.scope.as_deref(), Some("countersign:metrics"));
    assert_eq!(config.server.header_timeout_seconds, 10);
    assert!(config.show().iter().all(|shown| shown.origin == "default"));
    assert_eq!(format!("{:?}", config.show()), format!("{:?}", Config::default().show()));
}

#[test]
fn a_later_source_wins_and_is_named() {
    let toml = "issuer = 'https://file.example'\n[server]\nport = 1001\nconnections = 11\nbody_timeout_seconds = 21\n";
    let dotenv = "# comment\nexport COUNTERSIGN_SERVER__CONNECTIONS=12\n\nPORT='1002'\nUNRELATED=1\nUNRELATED=2\n";
    let files = Files::new(toml, dotenv);
    let config = Config::load(&files.sources(&[("COUNTERSIGN_SERVER__PORT", "1003"), ("PATH", "/bin")])).unwrap();
    assert_eq!((config.server.port, config.server.connections), (1003, 12));
    assert_eq!(config.server.body_timeout_seconds, 21);
    assert_eq!(config.issuer.as_str(), "https://file.example");

    let shown = config.show();
    let origin = |key: &str| shown.iter().find(|shown| shown.key == key).map(|shown| shown.origin.as_str()).unwrap();
    let (settings, env) = (files.path("settings.toml"), files.path("env"));
    assert_eq!(origin("server.port"), "environment COUNTERSIGN_SERVER__PORT");
    assert_eq!(
        origin("server.connections"),
        format!("file {}, line 2, COUNTERSIGN_SERVER__CONNECTIONS", env.display())
    );
    assert_eq!(origin("server.body_timeout_seconds"), format!("file {}, line 5", settings.display()));
    assert_eq!(origin("server.idle_timeout_seconds"), "default");
}

#[test]
fn the_names_that_everybody_uses_work() {
    let config = load(&[
        ("HOST", "127.0.0.1"),
        ("PORT", "9000"),
        ("DATABASE_URL", "postgres://u:p@db/name"),
        ("DATABASE_POOL_SIZE", "5"),
        ("DATABASE_POOL_RECYCLE", "60"),
        ("REDIS_URL", "rediss://cache:6380/1"),
        ("REDIS_PASSWORD", "hidden"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "30"),
        ("RSA_PRIVATE_KEY_PATH", "/keys/old.pem"),
        ("RSA_PRIVATE_KEY_CONTENT", "LS0tLS1CRUdJTg=="),
    ]);
    assert_eq!((config.server.host.as_str(), config.server.port), ("127.0.0.1", 9000));
    assert_eq!(config.issuer.as_str(), "http://localhost:9000", "follows the port while nobody set it");
    assert_eq!(config.database.kind(), DatabaseUrl::Postgres("postgres://u:p@db/name"));
    assert_eq!((config.database.pool_size, config.database.pool_recycle_seconds), (5, 60));
    assert_eq!(config.cache.url.as_ref().map(|url| url.reveal()), Some("rediss://cache:6380/1"));
    assert_eq!(config.cache.password.as_ref().map(|password| password.reveal()), Some("hidden"));
    assert_eq!(config.tokens.access_minutes, 30);
    assert_eq!(config.keys.rsa_private_key_path.as_deref(), Some(Path::new("/keys/old.pem")));
    assert_eq!(config.keys.rsa_private_key_content.as_ref().map(|key| key.reveal()), Some("LS0tLS1CRUdJTg=="));
}

#[test]
fn two_names_for_one_setting_must_agree() {
    let config = load(&[("PORT", "9000"), ("COUNTERSIGN_SERVER__PORT", "9000")]);
    let port = config.show().into_iter().find(|shown| shown.key == "server.port").unwrap();
    assert_eq!((port.value.as_str(), port.origin.as_str()), ("9000", "environment COUNTERSIGN_SERVER__PORT"));
    assert_eq!(
        faults(&[("PORT", "9000"), ("COUNTERSIGN_SERVER__PORT", "9001")]),
        ["server.port (environment COUNTERSIGN_SERVER__PORT): PORT has another value; keep one of the two"]
    );
    assert_eq!(
        Files::new("", "PORT=1\nPORT=2\n").faults(&[]),
        ["server.port (file env, line 1, PORT): stands there twice with different values; keep one"]
    );
}

#[test]
fn every_fault_is_listed_at_once() {
    let toml = "isuer = 'x'\n[server]\nport = 70000\nworkers = 1.5\n[servre]\nhost = 'x'\n[log]\nformat = 'xml'\n";
    let files = Files::new(toml, "COUNTERSIGN_TOKENS__ACCES_MINUTES=5\nnot a variable\n");
    let found = files.faults(&[
        ("COUNTERSIGN_SERVER__CONNECTIONS", "many"),
        ("COUNTERSIGN_DATABASE__MIGRATE_AT_START", "yes"),
        ("COUNTERSIGN_PORT", "8081"),
        ("REDIS_URL", "http://cache"),
    ]);
    let expected = [
        "file settings.toml, line 1: there is no setting \"isuer\"; did you mean issuer?",
        "file settings.toml, line 6: there is no setting \"servre.host\"; did you mean server.host?",
        "file env, line 2: must be KEY=VALUE, with a value that has spaces or signs in quotes",
        "file env, line 1, COUNTERSIGN_TOKENS__ACCES_MINUTES: there is no such setting; did you mean \
         COUNTERSIGN_TOKENS__ACCESS_MINUTES?",
        "environment COUNTERSIGN_PORT: there is no such setting; did you mean COUNTERSIGN_SERVER__PORT?",
        "server.port (file settings.toml, line 3): must be a whole number from 0 to 65535, not 70000",
        "server.workers (file settings.toml, line 4): must be a whole number from 1 to 1024, not a decimal number",
        "server.connections (environment COUNTERSIGN_SERVER__CONNECTIONS): must be a whole number from 1 to 1000000, \
         not \"many\"",
        "database.migrate_at_start (environment COUNTERSIGN_DATABASE__MIGRATE_AT_START): must be true or false, not \
         \"yes\"",
        "cache.url (environment REDIS_URL): must be redis://HOST:PORT or rediss://HOST:PORT",
        "log.format (file settings.toml, line 8): must be auto, json or human, not \"xml\"",
    ];
    assert_eq!(found.iter().collect::<BTreeSet<_>>(), expected.map(str::to_owned).iter().collect::<BTreeSet<_>>());
    assert_eq!(found.len(), expected.len());
}

#[test]
fn a_file_that_is_not_toml_says_where_and_repeats_nothing() {
    let toml = "[server]\nport = = 1\n[database]\nurl = 'postgres://u:hunter2@db/x\n[log]\nhunter2 hunter2\n";
    let found = Files::new(toml, "DATABASE_URL=\"hunter2\nREDIS_PASSWORD=hunter2 hunter2\n").faults(&[]);
    assert!(found.iter().any(|line| line.starts_with("file settings.toml, line 2: is not TOML: ")), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("file settings.toml, line 4: is not TOML: ")), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("file env")), "{found:?}");
    assert!(!found.concat().contains("hunter2"), "{found:?}");
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let files = Files::new([0xff, 0xfe], "");
    let missing = files.path("missing.toml");
    let sources =
        Sources { file: Some(missing.clone()), dotenv: Some(files.path("settings.toml")), ..environment(&[]) };
    let found = lines(&sources);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with(&format!("file {}: cannot be read: ", missing.display())), "{found:?}");
    assert!(found[1].ends_with("settings.toml: is not UTF-8 text"), "{found:?}");
}

#[test]
fn the_environment_of_the_process_is_read_and_must_be_text() {
    let sources = Sources::of_process(Some(PathBuf::from("x.toml")));
    assert_eq!(sources.file.as_deref(), Some(Path::new("x.toml")));
    assert!(sources.environment.iter().any(|(name, value)| name == "PATH" && !value.is_empty()));
    let found = faults(&[("REDIS_PASSWORD", "a\u{fffd}b"), ("UNRELATED", "\u{fffd}")]);
    assert_eq!(found, ["cache.password (environment REDIS_PASSWORD): is not UTF-8 text"]);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let cases = [
        ("COUNTERSIGN_ISUER", "COUNTERSIGN_ISSUER"),
        ("COUNTERSIGN_SERVER_PORT", "COUNTERSIGN_SERVER__PORT"),
        ("COUNTERSIGN_DATABASE_URL", "COUNTERSIGN_DATABASE__URL"),
        ("COUNTERSIGN_REDIS_URL", "COUNTERSIGN_CACHE__URL"),
        ("COUNTERSIGN_KEYS__ENCRYPTION_KEY", "COUNTERSIGN_KEYS__ENCRYPTION_KEYS"),
        ("COUNTERSIGN_POOL_SIZE", "COUNTERSIGN_DATABASE__POOL_SIZE"),
        ("COUNTERSIGN_", "COUNTERSIGN_"),
    ];
    for (unknown, nearest) in cases {
        let found = faults(&[(unknown, "secret-value")]);
        assert_eq!(found.len(), 1, "{found:?}");
        let expected = format!("environment {unknown}: there is no such setting; did you mean {nearest}");
        assert!(found[0].starts_with(&expected), "{found:?}");
        assert!(!found[0].contains("secret-value"), "{found:?}");
    }
    let found =
        Files::new("redis_url = 1\nserver = 3\n[[log]]\n[cache]\nurl.x = 1\nURL = 2\n[nothing]\n", "").faults(&[]);
    let expected = [
        "file settings.toml, line 1: there is no setting \"redis_url\"; did you mean cache.url?",
        "file settings.toml, line 2: server is a section: write [server] and its settings below",
        "file settings.toml, line 3: log is a section: write [log] and its settings below",
        "file settings.toml, line 6: there is no setting \"cache.URL\"; did you mean cache.url?",
        "cache.url (file settings.toml, line 5): must be redis://HOST:PORT or rediss://HOST:PORT, as a string",
    ];
    for line in expected {
        assert!(found.iter().any(|other| other == line), "{line}\nis not in\n{}", found.join("\n"));
    }
    assert_eq!(found.len(), expected.len() + 1, "and the unknown section: {found:?}");
}

#[test]
fn variables_that_kubernetes_or_the_tests_make_are_no_settings() {
    load(&[
        ("COUNTERSIGN_SERVICE_HOST", "10.0.0.1"),
        ("COUNTERSIGN_SERVICE_PORT", "80"),
        ("COUNTERSIGN_WEB_SERVICE_PORT_HTTP", "80"),
        ("COUNTERSIGN_PORT", "tcp://10.0.0.1:80"),
        ("COUNTERSIGN_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("COUNTERSIGN_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("COUNTERSIGN_TEST_POSTGRES_URL", "postgres://x"),
    ]);
}

#[test]
fn no_secret_is_ever_shown() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let config = load(&[
        ("DATABASE_URL", "postgresql://hunter2:hunter2@db/hunter2"),
        ("REDIS_URL", "redis://:hunter2@cache"),
        ("REDIS_PASSWORD", "hunter2"),
        ("COUNTERSIGN_KEYS__ENCRYPTION_KEYS", &format!("{key}, {}", key.trim_end_matches('='))),
        ("RSA_PRIVATE_KEY_CONTENT", "hunter2"),
    ]);
    let keys: Vec<_> = config.keys.encryption_keys.iter().map(|key| key.reveal()).collect();
    assert_eq!(keys, [key, key.trim_end_matches('=')]);
    let printed = format!("{config:?} {:?}", config.show());
    assert!(!printed.contains("hunter2") && !printed.contains(&key[..12]), "{printed}");
    let shown: Vec<_> = config.show().into_iter().filter(|shown| shown.value.contains("[secret]")).collect();
    let shown: Vec<_> = shown.iter().map(|shown| (shown.key.as_str(), shown.value.as_str())).collect();
    let expected = [
        ("database.url", "postgresql://[secret]"),
        ("cache.url", "redis://[secret]"),
        ("cache.password", "[secret]"),
        ("keys.encryption_keys", "[secret],[secret]"),
        ("keys.rsa_private_key_content", "[secret]"),
    ];
    assert_eq!(shown, expected);

    let found = faults(&[
        ("DATABASE_URL", "mysql://hunter2"),
        ("REDIS_URL", "hunter2"),
        ("COUNTERSIGN_KEYS__ENCRYPTION_KEYS", "hunter2"),
        ("REDIS_PASSWORD", "hunter2"),
        ("COUNTERSIGN_CACHE__PASSWORD", "hunter3"),
    ]);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(!found.concat().contains("hunter"), "{found:?}");
    let found = Files::new("[cache]\npassword = 271828\n[keys]\nencryption_keys = [31415]\n", "").faults(&[]);
    assert!(found.len() == 2 && !found.concat().contains("271828") && !found.concat().contains("31415"), "{found:?}");
}

#[test]
fn numbers_and_words_have_bounds() {
    let accepted = [
        ("COUNTERSIGN_TOKENS__ACCESS_MINUTES", "1440"),
        ("COUNTERSIGN_KEYS__RSA_BITS", "4096"),
        ("COUNTERSIGN_KEYS__ALGORITHMS", "EdDSA,RS256"),
        ("COUNTERSIGN_LOG__LEVEL", "info,countersign=debug"),
        ("COUNTERSIGN_METRICS__NETWORKS", "10.0.0.0/8,::1"),
        ("COUNTERSIGN_METRICS__SCOPE", ""),
        ("COUNTERSIGN_SERVER__WORKERS", ""),
        ("COUNTERSIGN_DATABASE__URL", "sqlite:///var/lib/countersign.db"),
    ];
    load(&accepted);
    let refused = [
        ("COUNTERSIGN_TOKENS__ACCESS_MINUTES", "0", "must be a whole number from 1 to 1440, not \"0\""),
        ("COUNTERSIGN_TOKENS__ACCESS_MINUTES", "1441", "must be a whole number from 1 to 1440, not \"1441\""),
        ("COUNTERSIGN_SERVER__PORT", "-1", "must be a whole number from 0 to 65535, not \"-1\""),
        ("COUNTERSIGN_SERVER__PORT", "", "must be a whole number from 0 to 65535, not \"\""),
        ("COUNTERSIGN_SERVER__HOST", "a host", "must be a host name or an IP address, not \"a host\""),
        ("COUNTERSIGN_KEYS__RSA_BITS", "1024", "must be 2048, 3072 or 4096, not \"1024\""),
        ("COUNTERSIGN_KEYS__ALGORITHMS", "HS256", "each must be RS256, ES256 or EdDSA, not \"HS256\""),
        ("COUNTERSIGN_KEYS__ALGORITHMS", "ES256", "must have RS256 among them, which every verifier knows"),
        ("COUNTERSIGN_KEYS__ALGORITHMS", "RS256,RS256", "must name each algorithm once"),
        ("COUNTERSIGN_LOG__LEVEL", "inof", "must be off, error, warn"),
        ("COUNTERSIGN_LOG__LEVEL", "info,x=y=z", "must be off, error, warn"),
        ("COUNTERSIGN_LOG__LEVEL", "\u{3000}info=ä", "must be off, error, warn"),
        ("COUNTERSIGN_METRICS__NETWORKS", "10.0.0.1/8", "each must be an IP address or a network"),
        ("COUNTERSIGN_METRICS__SCOPE", "two scopes", "must be one scope, not \"two scopes\""),
        ("COUNTERSIGN_CACHE__PREFIX", "a b", "must be 1 to 64 letters"),
        ("COUNTERSIGN_DATABASE__URL", "sqlite::memory:", "must be sqlite:PATH"),
        ("COUNTERSIGN_DATABASE__URL", "sqlite:x.db?mode=rw", "must be sqlite:PATH"),
        ("COUNTERSIGN_DATABASE__URL", "postgres://", "must be sqlite:PATH"),
        ("COUNTERSIGN_KEYS__ENCRYPTION_KEYS", "c2hvcnQ=", "each must be base64 of 32 bytes"),
        ("COUNTERSIGN_SERVER__TLS_KEY", "k.pem", "needs server.tls_certificate: set both or none"),
        ("COUNTERSIGN_SERVER__TLS_CERTIFICATE", "c.pem", "needs server.tls_key: set both or none"),
    ];
    for (name, value, message) in refused {
        let found = faults(&[(name, value)]);
        assert!(found.len() == 1 && found[0].contains(&format!("(environment {name}): {message}")), "{found:?}");
    }
}

#[test]
fn an_issuer_is_kept_as_it_is_written() {
    let cases = [
        ("https://auth.example", "", false),
        ("https://Auth.example:443/tenant/One", "/tenant/One", false),
        ("http://127.0.0.1:8080/x", "/x", true),
        ("http://[::1]:8080", "", true),
        ("https://auth.example/a%20b", "/a%20b", false),
    ];
    for (text, path, loopback) in cases {
        let issuer: Issuer = text.parse().unwrap_or_else(|reason| panic!("{text}: {reason}"));
        assert_eq!((issuer.as_str(), issuer.path(), issuer.is_loopback()), (text, path, loopback));
        assert_eq!(issuer.endpoint("/oauth2/token"), format!("{text}/oauth2/token"));
        assert_eq!(issuer.is_https(), text.starts_with("https"));
    }
    let refused = [
        "",
        "auth.example",
        "HTTPS://auth.example",
        "ftp://auth.example",
        "https://",
        "https:///x",
        "https://auth.example/",
        "https://auth.example/x/",
        "https://auth.example?x",
        "https://auth.example#",
        "https://u@auth.example",
        "https://u:p@auth.example",
        "https://@auth.example",
        "https://auth.example/a/../b",
        "https://auth.example/a b",
        "https://auth.example\\x",
        "https://auth.example:99999",
        "https://äuth.example",
        "https://auth.example\n",
    ];
    for text in refused {
        assert!(text.parse::<Issuer>().is_err(), "{text:?}");
    }
    let found = faults(&[("COUNTERSIGN_ISSUER", "https://auth.example/")]);
    assert!(found.len() == 1 && found[0].ends_with(": remove the slash at its end"), "{found:?}");
}

#[test]
fn plain_http_is_for_development_only() {
    let open = ("HOST", "0.0.0.0");
    for (variables, key) in [
        (vec![open], "issuer (default)"),
        (vec![("COUNTERSIGN_ISSUER", "http://auth.example")], "issuer (environment COUNTERSIGN_ISSUER)"),
        (vec![("COUNTERSIGN_DEVELOPMENT", "false")], "issuer (default)"),
    ] {
        let found = faults(&variables);
        assert!(found.len() == 1 && found[0].starts_with(&format!("{key}: must begin with https://")), "{found:?}");
    }
    assert!(load(&[open, ("COUNTERSIGN_DEVELOPMENT", "true")]).development());
    assert!(!load(&[open, ("COUNTERSIGN_ISSUER", "https://auth.example")]).development());
    assert!(!load(&[open, ("COUNTERSIGN_ISSUER", "https://localhost:8443")]).development());
    let tls =
        load(&[("PORT", "8443"), ("COUNTERSIGN_SERVER__TLS_KEY", "k"), ("COUNTERSIGN_SERVER__TLS_CERTIFICATE", "c")]);
    assert_eq!(tls.issuer.as_str(), "https://localhost:8443");
}
