//! `countersign`: the command line is all there is to see here.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign::cli::run()
}
