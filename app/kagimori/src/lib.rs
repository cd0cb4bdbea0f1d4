//! What the security team runs. Glue only: it finds files, hands their bytes to the core, and prints what comes back.
//!
//! * stdout is data, everything else goes to stderr ([`printer`]);
//! * exit codes are [`exit::Exit`];
//! * every error says what happened and what to do next ([`error::AppError`]).

mod args;
mod ask;
mod checks_command;
mod counted;
mod directory;
mod document_page;
mod error;
mod exit;
mod explain_command;
mod ingest_command;
mod policy;
mod printer;
mod progress;
mod report;
mod review_command;
mod scene;
mod source;
mod tighten;
mod trail;
mod whatif;

use clap::Parser;

use crate::args::{Args, Command};
use crate::error::AppError;
pub use crate::exit::Exit;

/// Runs the program with the arguments of this process.
pub fn main() -> Exit {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    match run(&args) {
        Ok(exit) => exit,
        Err(AppError::BrokenPipe) => Exit::Clean,
        Err(error) => {
            printer::error(&error);
            Exit::Failed
        }
    }
}

fn run(args: &Args) -> Result<Exit, AppError> {
    match &args.command {
        Command::Review(review) => review_command::run(review),
        Command::Ingest(ingest) => ingest_command::run(ingest),
        Command::Trail(command) => trail::run(command),
        Command::Explain(explain) => explain_command::run(explain),
        Command::Checks(checks) => checks_command::run(checks),
        Command::Ask(command) => ask::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Whatif(command) => whatif::run(command),
        Command::Tighten(command) => tighten::run(command),
    }
}

/// `--help` and `--version` are data; a mistyped command line is a failure.
fn usage(error: &clap::Error) -> Exit {
    let exit = if error.use_stderr() { Exit::Failed } else { Exit::Clean };
    match error.print() {
        Ok(()) => exit,
        Err(_) => Exit::Failed,
    }
}
