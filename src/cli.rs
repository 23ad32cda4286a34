//! The command line. It reads the same settings as the server and works while it runs. With `--json` a command prints one
//! JSON value and nothing else; it ends with 0, with 1 when something was refused (the reason on standard error), or with 2
//! when it was not called rightly.

mod arguments;
mod audit;
mod client;
mod config;
mod doctor;
mod greeting;
mod key;
mod migrate;
mod output;
mod registration;
mod resource;
mod role;
mod scope;
mod serve;
mod sweep;
mod upstream;
mod user;

use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::app::App;
use crate::config::{Config, Log, Sources};
use crate::observe::log;
use crate::time::Clock;

use arguments::{Arguments, Command};
use output::{Complaint, Printed};

/// Reads the arguments of the process and does what they say.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let sources = Sources::of_process(arguments.config.clone());
    match arguments.command {
        None | Some(Command::Serve) => {
            output::finish(arguments.json, start(&sources).and_then(|config| serve::run(config, arguments.json)))
        }
        Some(Command::Config { command }) => output::finish(arguments.json, config::run(&command, &sources)),
        Some(Command::Doctor) => output::finish(arguments.json, doctor::run(&sources)),
        Some(command) => output::finish(arguments.json, settings(&sources).and_then(|config| once(config, command))),
    }
}

fn settings(sources: &Sources) -> Result<Config, Complaint> {
    Config::load(sources).map_err(|faults| Complaint::new(format!("the settings are wrong:\n{faults}")))
}

fn start(sources: &Sources) -> Result<Config, Complaint> {
    let config = settings(sources)?;
    log::start(&config.log);
    Ok(config)
}

/// A command that does one thing and ends.
fn once(config: Config, command: Command) -> Result<Printed, Complaint> {
    // What a command has to say it prints; only what is wrong is logged.
    log::start(&Log { level: "warn".to_owned(), ..config.log.clone() });
    runtime(Some(2))?.block_on(async {
        match command {
            Command::Migrate { command } => migrate::run(&config, command).await,
            Command::Client { command } => client::run(&open(config).await?, command).await,
            Command::User { command } => user::run(&open(config).await?, command).await,
            Command::Role { command } => role::run(&open(config).await?, command).await,
            Command::Scope { command } => scope::run(&open(config).await?, command).await,
            Command::Registration { command } => registration::run(&open(config).await?, command).await,
            Command::Upstream { command } => upstream::run(&open(config).await?, command).await,
            Command::Resource { command } => resource::run(&open(config).await?, command).await,
            Command::Key { command } => key::run(&open(config).await?, command).await,
            Command::Audit { command } => audit::run(&open(config).await?, command).await,
            Command::Sweep => sweep::run(&open(config).await?).await,
            Command::Serve | Command::Config { .. } | Command::Doctor => Ok(Printed::nothing()),
        }
    })
}

/// Opens the doors; on an empty database that migrates it and makes the keys.
async fn open(config: Config) -> Result<App, Complaint> {
    App::open(config, Clock::System).await.map_err(|error| Complaint::new(error.to_string()))
}

fn runtime(workers: Option<usize>) -> Result<tokio::runtime::Runtime, Complaint> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    builder
        .enable_all()
        .build()
        .map_err(|error| Complaint::new(format!("the process cannot start its threads: {error}")))
}

/// The most that a command reads from a file or from standard input.
const LONGEST_INPUT: u64 = 1024 * 1024;

/// Reads a file, or standard input when its name is `-`.
fn read_input(path: &Path, what: &str) -> Result<Vec<u8>, Complaint> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().take(LONGEST_INPUT).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LONGEST_INPUT).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Complaint::new(format!("{what} cannot be read from {}: {error}", path.display()))),
    }
}
