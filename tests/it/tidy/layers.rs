//! Imports point downwards, by the levels of src/lib.rs.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, files, none, read, says};

/// What may be imported from the same level, and why. Whatever is not used any more has to go from this list.
const BESIDE: &[(&str, &[&str], &str)] = &[
    ("cache", &["config"], "its settings"),
    ("observe", &["config"], "its settings"),
    ("store", &["config", "private_files", "tls"], "its settings; its file is a secret; Postgres speaks TLS"),
    ("keyring", &["config", "private_files", "store"], "its settings; its files are secrets; sealed keys are rows"),
    ("hosts", &["breaker", "remote"], "it fetches what clients keep, and leaves those alone that are away"),
    (
        "key_sets",
        &["cache", "hosts", "observe", "remote"],
        "it keeps what it has fetched, also for other nodes, and counts",
    ),
    ("mail", &["config", "private_files"], "its settings; letters in a folder are for nobody else's eyes"),
    ("directory", &["cache", "observe", "store"], "it reads rows through the cache, and counts how often it could"),
    ("pages", &["config"], "its settings"),
    ("passwords", &["config"], "its settings"),
    ("provider", &["breaker", "directory", "remote"], "it calls those who are described, while they answer"),
    (
        "app",
        &[
            "cache",
            "config",
            "directory",
            "hosts",
            "key_sets",
            "keyring",
            "mail",
            "observe",
            "pages",
            "passwords",
            "provider",
            "remembered",
            "remote",
            "store",
        ],
        "it holds every door, and does nothing",
    ),
    (
        "accounts",
        &["audit", "authority", "failure", "limits", "outbox", "tokens"],
        "whoever guesses is recorded, refused and counted; administrators have their limits; letters are sent; whoever has \
         a refresh token can log out",
    ),
    ("audit", &["failure"], "it says why something was refused"),
    ("authority", &["audit", "failure"], "it says in whose name something is done, and refuses"),
    (
        "authorize",
        &["audit", "clients", "failure", "grants", "limits", "tokens"],
        "consent is recorded; a client has signed what it asks; refused is not broken; what a user may grant is decided as at \
         every sign-in; strangers have only so much fetched",
    ),
    ("clients", &["audit", "authority", "failure"], "what it changes is recorded; refused is not broken"),
    (
        "grants",
        &["accounts", "audit", "failure", "tokens"],
        "people sign in; that is recorded; refused is not broken; a grant decides what a token says",
    ),
    (
        "logout",
        &["accounts", "audit", "failure", "tokens"],
        "a session is a person's; that it ends is recorded; refused is not broken; an ID token says who is meant",
    ),
    ("outbox", &["failure"], "refused is not broken"),
    (
        "jobs",
        &["audit", "failure", "outbox", "tokens"],
        "the leader seals the log of acts; every node delivers what is in the outbox, and signs what clients are told",
    ),
    ("limits", &["failure"], "refused is not broken"),
    ("scopes", &["audit", "failure"], "what it changes is recorded; refused is not broken"),
    (
        "upstreams",
        &["accounts", "audit", "failure"],
        "people come back to where accounts await them; what it changes is recorded; refused is not broken",
    ),
    ("tokens", &["audit", "failure"], "what ends a token is recorded; refused is not broken"),
    ("cli", &["http"], "one of its commands serves"),
    ("protocol", &["secret", "time"], "a client's secret and the time of a token are words too"),
];

/// The level of each module, as src/lib.rs lists them.
fn levels() -> BTreeMap<String, usize> {
    let mut levels = BTreeMap::new();
    let mut level = None;
    for line in read("src/lib.rs").lines() {
        if let Some(rest) = line.strip_prefix("// Level ") {
            level = Some(rest.split(':').next().unwrap().parse().unwrap());
        } else if let Some(rest) = line.strip_prefix("pub mod ") {
            let level = level.unwrap_or_else(|| panic!("{line} stands on no level"));
            levels.insert(rest.trim_end_matches(';').to_owned(), level);
        }
    }
    assert!(levels.len() > 15 && levels.values().max() == Some(&3), "{levels:?}");
    levels
}

/// The module of src/lib.rs that a file belongs to.
fn module(file: &File) -> &str {
    let path = file.path.strip_prefix("src/").unwrap();
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The modules that a file names as `crate::module`, one by one or in a list.
fn imports(file: &File) -> BTreeSet<String> {
    let code: String = file.code().flat_map(|(_, line)| [line, "\n"]).collect();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if rest.starts_with('{') {
            let list = &rest[1..rest.find('}').unwrap()];
            found.extend(list.split(',').map(|item| name(item.trim())));
        } else {
            found.insert(name(rest));
        }
    }
    found.remove("");
    found
}

fn name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn beside(from: &str, to: &str) -> bool {
    BESIDE.iter().any(|(module, others, _)| *module == from && others.contains(&to))
}

#[test]
fn every_file_belongs_to_a_module_of_the_map() {
    let levels = levels();
    let lost: Vec<_> = files("src", ".rs")
        .into_iter()
        .filter(|file| !["main", "lib"].contains(&module(file)) && !levels.contains_key(module(file)))
        .map(|file| file.path)
        .collect();
    none("src/lib.rs does not list", &lost);
}

#[test]
fn imports_point_downwards() {
    let levels = levels();
    let mut faults = Vec::new();
    for file in files("src", ".rs") {
        let from = module(&file);
        let Some(level) = levels.get(from) else { continue };
        for to in imports(&file) {
            let Some(other) = levels.get(&to) else {
                faults.push(format!("{}: {to} is no module", file.path));
                continue;
            };
            if to != from && (other > level || (other == level && !beside(from, &to))) {
                faults.push(format!("{} (level {level}) imports {to} (level {other})", file.path));
            }
        }
    }
    none("imports that do not point downwards", &faults);
}

#[test]
fn what_may_be_imported_from_beside_is_imported() {
    let mut used = BTreeSet::new();
    for file in files("src", ".rs") {
        used.extend(imports(&file).into_iter().map(|to| (module(&file).to_owned(), to)));
    }
    let mut faults = Vec::new();
    for (from, others, _) in BESIDE {
        let unused = others.iter().filter(|to| !used.contains(&(from.to_string(), to.to_string())));
        faults.extend(unused.map(|to| format!("{from} no longer imports {to}")));
    }
    none("the list of this test is too long", &faults);
}

/// Names that only some files may say: the thing, the names, and who may.
const HIDDEN: [(&str, &[&str], &[&str]); 8] = [
    (
        "which database it is",
        &[
            "tokio_postgres",
            "tokio_postgres_rustls",
            "AsyncPgConnection",
            "PgConnection",
            "PostgresConnection",
            "PostgresObject",
            "SqliteConnection",
            "Backend::Postgres",
            "Backend::Sqlite",
            "diesel::pg",
            "diesel::sqlite",
            "Pg",
        ],
        &["src/store/backend.rs", "src/store/backend/", "src/store/migrations.rs"],
    ),
    ("which cache it is", &["redis::", "ConnectionManager"], &["src/cache.rs", "src/cache/"]),
    ("who carries the mail", &["lettre"], &["src/mail.rs", "src/mail/"]),
    (
        "what fills in templates",
        &["minijinja"],
        &["src/mail.rs", "src/mail/", "src/pages.rs", "src/pages/", "src/http/html.rs", "src/http/html/"],
    ),
    ("what signs", &["josekit", "rsa::", "aes_gcm"], &["src/keyring.rs", "src/keyring/"]),
    (
        "what hashes passwords",
        &["argon2", "bcrypt", "pbkdf2", "phc", "rustix", "scrypt"],
        &["src/passwords.rs", "src/passwords/"],
    ),
    ("what verifies others' tokens", &["openidconnect", "chrono"], &["src/provider.rs", "src/provider/"]),
    (
        "HTTP",
        &["http::", "poem", "poem_openapi", "hyper", "hyper_util", "reqwest", "http_body_util"],
        &["src/http.rs", "src/http/", "src/cli.rs", "src/cli/", "src/remote.rs"],
    ),
];

#[test]
fn each_door_hides_its_thing() {
    let mut faults = Vec::new();
    for file in files("src", ".rs") {
        for (thing, names, allowed) in HIDDEN {
            if allowed.iter().any(|place| file.path.starts_with(place)) {
                continue;
            }
            for (number, line) in file.code() {
                let said = names.iter().filter(|name| says(line, name));
                faults.extend(said.map(|name| format!("{}:{number} says {name} ({thing})", file.path)));
            }
        }
    }
    none("names that belong behind a door", &faults);
}

#[test]
fn words_do_nothing() {
    const DOES: [&str; 12] = [
        "async",
        "await",
        "tokio",
        "std::fs",
        "std::io",
        "std::net",
        "std::thread",
        "std::env",
        "SystemTime",
        "Instant",
        "rand",
        "getrandom",
    ];
    // The one clock, and the one source of random numbers.
    let allowed = [("src/time.rs", "SystemTime"), ("src/secret.rs", "rand"), ("src/secret.rs", "getrandom")];
    let levels = levels();
    let mut faults = Vec::new();
    for file in files("src", ".rs").iter().filter(|file| levels.get(module(file)) == Some(&0)) {
        for (number, line) in file.code() {
            let said = DOES.iter().filter(|name| says(line, name) && !allowed.contains(&(file.path.as_str(), **name)));
            faults.extend(said.map(|name| format!("{}:{number} says {name}", file.path)));
        }
    }
    none("level 0 has no async, IO, clock or randomness", &faults);
}

#[test]
fn the_parser_of_this_test_sees_imports() {
    let text = "// use crate::comment;\nuse crate::store::{Store};\nuse crate::{\n    cache,\n    time::UnixTime,\n};\nlet x = crate::tls::y();";
    let file = File { path: "src/x.rs".to_owned(), text: text.to_owned() };
    assert!(imports(&file).into_iter().eq(["cache", "store", "time", "tls"]));
    assert!(says("use rsa::x", "rsa::") && !says("use parsa::x", "rsa::") && !says("Pgx", "Pg") && says("(Pg)", "Pg"));
}
