//! The pages about settings, written from their declarations: `docs/configuration.md` and `.env.example`.

use std::fmt::Write;

use super::read::Declared;
use super::{declared, sections};

const INTRODUCTION: &str = "\
<!-- Written from src/config/ by the test configuration::pages::are_fresh. Run it with UPDATE_SNAPSHOTS=1 to renew. -->
# Settings

No setting is needed: without any, the server listens on `http://localhost:8080` with SQLite in `data/`.

A setting is looked for in these places; a later one wins:

1. the default below,
2. `countersign.toml` in the working directory, or the file that `--config` names,
3. `.env` in the working directory: lines of `KEY=VALUE`,
4. the environment.

In the file a setting stands in the table of its section (`[server]` and below it `port = 8080`; `issuer` and
`development` stand above every table). In `.env` and the environment it has the name in the second column; lists are
separated by commas, and an empty value of a setting that may be absent means that it is. In `.env` a value that holds
a `$`, a `#` or spaces belongs in single quotes.

A start checks everything and lists every fault at once. An unknown key is a fault, and so is one setting with two
values in the same place. `countersign config check` does the same without starting, and `countersign config show`
lists every setting with its origin. Secrets are masked everywhere.
";

/// The text of `docs/configuration.md`.
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (section, about) in sections() {
        let heading = if section.is_empty() { "Outside every section".to_owned() } else { format!("`[{section}]`") };
        let _ = write!(page, "\n## {heading}\n\n{}\n\n", about.trim());
        page.push_str("| Key | Variable | Default | Takes | What it is |\n|---|---|---|---|---|\n");
        for setting in declared().iter().filter(|setting| setting.section == section) {
            page.push_str(&row(setting));
        }
    }
    page
}

fn row(setting: &Declared) -> String {
    let aliases = setting.aliases.iter().map(|alias| format!(" or `{alias}`")).collect::<String>();
    let default = if setting.default.is_empty() { "none".to_owned() } else { format!("`{}`", setting.default) };
    let secret = if setting.secret { " (secret)" } else { "" };
    let (key, variable) = (&setting.key, setting.variable());
    format!("| `{key}` | `{variable}`{aliases} | {default} | {}{secret} | {} |\n", setting.accepts, setting.about)
}

/// The settings that most installations touch.
const COMMON: [&str; 14] = [
    "issuer",
    "server.host",
    "server.port",
    "server.tls_certificate",
    "server.tls_key",
    "server.trusted_proxies",
    "database.url",
    "database.pool_size",
    "cache.url",
    "cache.password",
    "keys.encryption_keys",
    "keys.rotate_days",
    "tokens.access_minutes",
    "log.level",
];

/// The text of `.env.example`: the common settings, each commented out, under the name that is best known.
pub fn env_example() -> String {
    let mut page = "\
# Copy to .env and uncomment what you need; docs/configuration.md has every setting.
# A value that holds a $, a # or spaces belongs in single quotes.
"
    .to_owned();
    for setting in declared().iter().filter(|setting| COMMON.contains(&setting.key.as_str())) {
        let name = setting.aliases.first().map_or_else(|| setting.variable(), |alias| (*alias).to_owned());
        page.push('\n');
        comment(&mut page, &setting.about);
        comment(&mut page, &format!("Takes {}.", setting.accepts));
        let _ = writeln!(page, "# {name}={}", setting.default);
    }
    page
}

/// Adds comment lines that fit a screen.
fn comment(page: &mut String, text: &str) {
    let mut line = "#".to_owned();
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > 120 {
            let _ = writeln!(page, "{line}");
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(page, "{line}");
}
