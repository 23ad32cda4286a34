//! The sources of settings, one laid over the other: file, then `.env`, then environment.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::declare::{Declared, VARIABLE_PREFIX};
use super::given::{Given, Origin};
use super::{Faults, dotenv, suggest, toml_file};

/// Where settings are looked for.
#[derive(Clone, Default)]
pub struct Sources {
    /// A file that must be there; `None` is `countersign.toml` in the working directory, if it is there.
    pub file: Option<PathBuf>,
    /// A file that must be there; `None` is `.env` in the working directory, if it is there.
    pub dotenv: Option<PathBuf>,
    pub environment: Vec<(String, String)>,
}

impl Sources {
    /// What this process was started with; `config` is the argument of `--config`.
    pub fn of_process(config: Option<PathBuf>) -> Self {
        // What is not UTF-8 keeps a replacement character, by which it is refused if it is a setting.
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect();
        Self { file: config, dotenv: None, environment }
    }
}

/// What the sources gave, by key: the value that won and where it stands.
#[derive(Default)]
pub struct Gathered(BTreeMap<String, (Given, Origin)>);

impl Gathered {
    /// Reads every source; what cannot be understood becomes a fault.
    pub fn from(sources: &Sources, known: &[Declared], faults: &mut Faults) -> Self {
        let mut gathered = Self::default();
        if let Some((path, text)) = file(sources.file.as_deref(), "countersign.toml", faults) {
            for (key, given, origin) in toml_file::read(&path, &text, known, faults) {
                gathered.0.insert(key, (given, origin));
            }
        }
        if let Some((path, text)) = file(sources.dotenv.as_deref(), ".env", faults) {
            gathered.lay_over(dotenv::read(&path, &text, faults), known, faults);
        }
        let environment = sources.environment.iter().map(|(name, value)| Variable {
            name: name.clone(),
            value: value.clone(),
            origin: Origin::Environment { name: name.clone() },
        });
        gathered.lay_over(environment.collect(), known, faults);
        gathered
    }

    pub fn get(&self, key: &str) -> Option<&(Given, Origin)> {
        self.0.get(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.0.iter().map(|(key, (_, origin))| (key.as_str(), origin))
    }

    fn lay_over(&mut self, variables: Vec<Variable>, known: &[Declared], faults: &mut Faults) {
        for setting in known {
            let own = setting.variable();
            let names = std::iter::once(own.as_str()).chain(setting.aliases.iter().copied());
            // The setting's own name comes first, and so wins over an alias that says the same.
            let given: Vec<_> =
                names.flat_map(|name| variables.iter().filter(move |given| given.name == name)).collect();
            let Some(first) = given.first() else { continue };
            if let Some(other) = given.iter().find(|other| other.value != first.value) {
                let message = if other.name == first.name {
                    "stands there twice with different values; keep one".to_owned()
                } else {
                    format!("{} has another value; keep one of the two", other.name)
                };
                faults.of_setting(&setting.key, &first.origin, &message);
            } else if first.value.contains(char::REPLACEMENT_CHARACTER) {
                faults.of_setting(&setting.key, &first.origin, "is not UTF-8 text");
            } else {
                self.0.insert(setting.key.clone(), (Given::Text(first.value.clone()), first.origin.clone()));
            }
        }
        for variable in variables.iter().filter(|variable| variable.name.starts_with(VARIABLE_PREFIX)) {
            if !known.iter().any(|setting| setting.variable() == variable.name) && !variable.is_of_others() {
                let nearest = suggest::nearest(&variable.name, known);
                let message = format!("there is no such setting; did you mean {}?", nearest.variable);
                faults.of_place(&variable.origin, &message);
            }
        }
    }
}

/// An environment variable, or a line of `.env`.
pub struct Variable {
    pub name: String,
    pub value: String,
    pub origin: Origin,
}

impl Variable {
    /// Variables that begin like a setting and are none: those of this project's own tests, and those that Kubernetes
    /// makes in every pod beside a service whose name begins with "countersign".
    fn is_of_others(&self) -> bool {
        let name = self.name.as_str();
        let service_port =
            name.split_once("_SERVICE_PORT").is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with('_'));
        let port = name.split_once("_PORT_").is_some_and(|(_, rest)| {
            let protocol = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            protocol.len() < rest.len() && ["_TCP", "_UDP", "_SCTP"].iter().any(|word| protocol.starts_with(word))
        });
        let link = name.ends_with("_PORT") && self.value.contains("://");
        let kubernetes = name.ends_with("_SERVICE_HOST") || service_port || port || link;
        name.starts_with("COUNTERSIGN_TEST_") || (kubernetes && !name.contains("__"))
    }
}

/// The name and text of a source that is a file. `None` when it is absent and nobody asked for it, or is a fault.
fn file(asked: Option<&Path>, usual: &str, faults: &mut Faults) -> Option<(String, String)> {
    let path = asked.unwrap_or(Path::new(usual));
    let name = path.display().to_string();
    let place = format!("file {name}");
    match std::fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Some((name, text)),
            Err(_) => faults.of_source(&place, "is not UTF-8 text"),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound && asked.is_none() => {}
        Err(error) => faults.of_source(&place, &format!("cannot be read: {error}")),
    }
    None
}
