//! How fast the server is, in ratios to what the same core does in the same minute. `scripts/bench` runs it.

mod bare;
mod fault;
mod flows;
mod http;
mod introspect;
mod load;
mod logins;
mod machine;
mod paced;
mod people;
mod pgbench;
mod plans;
mod report;
mod rotations;
mod seed;
mod server;
mod suite;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::fault::{Fault, Result};
use crate::report::Report;

/// Measures the server under load and prints one table. Ends with 1 when an answer was wrong, never because of time,
/// and with 2 when it could not measure at all.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Seconds that each rate is measured for.
    #[arg(long, default_value_t = 8)]
    seconds: u32,
    /// About one second per measure, few tokens, and no judgement of time: only whether every answer is right.
    #[arg(long)]
    smoke: bool,
    /// Measures only what has this word in its name; may be given several times.
    #[arg(long, value_name = "WORD")]
    only: Vec<String>,
    /// The server's binary. Without it `COUNTERSIGN_BIN`, and without that the one that cargo built for this run.
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// The core that servers and `openssl speed` are pinned to; keep this program away from it (`taskset`).
    #[arg(long, value_name = "N")]
    server_core: Option<usize>,
    /// Writes the table to a file as JSON too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What `cargo bench` says to every program that it runs.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Command {
    /// A bare hyper server to compare with. This program starts it by itself.
    #[command(hide = true)]
    Bare { port: u16, length: usize },
    /// How many passwords a second a process hashes that does nothing else.
    #[command(hide = true)]
    Hash { seconds: u32 },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Bare { port, length }) => bare::serve(port, length),
        Some(Command::Hash { seconds }) => logins::hash_bare(seconds),
        None => measure(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault::WrongAnswer(what)) => {
            eprintln!("wrong answer, after {} right ones: {what}", load::right_answers());
            ExitCode::from(1)
        }
        Err(Fault::Unable(why)) => {
            eprintln!("cannot measure: {why}");
            ExitCode::from(2)
        }
    }
}

fn measure(arguments: &Arguments) -> Result<()> {
    let binary = arguments
        .server
        .clone()
        .or_else(|| std::env::var_os("COUNTERSIGN_BIN").map(PathBuf::from))
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_countersign").into());
    let binary = binary.canonicalize().map_err(|error| Fault::Unable(format!("{}: {error}", binary.display())))?;
    let core = machine::Core::new(arguments.server_core);
    let mut effort = if arguments.smoke { suite::Effort::smoke() } else { suite::Effort::full(arguments.seconds) };
    effort.only.clone_from(&arguments.only);

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut report = Report::new(!arguments.smoke);
    runtime.block_on(suite::run(&binary, core, &effort, &mut report))?;

    println!("{report}");
    println!("{} answers, all of them right.", load::right_answers());
    if let Some(file) = &arguments.json {
        std::fs::write(file, report.to_json())?;
    }
    Ok(())
}
