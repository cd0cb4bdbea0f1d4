//! What the security team runs. Glue only: it finds files, hands their bytes to the core, and prints what comes back.
//!
//! * stdout is data, everything else goes to stderr ([`kagimori_terminal`]);
//! * exit codes are [`exit::Exit`];
//! * every error says what happened and what to do next ([`error::AppError`]).

mod args;
mod command;
mod company;
mod directory;
mod error;
mod exit;
mod given;
mod history;
mod limit;
mod progress;
mod show;
mod source;

use clap::Parser;
use kagimori_source::Veil;
use kagimori_terminal::printer;

use crate::args::Args;
use crate::error::AppError;
pub use crate::exit::Exit;

/// Runs the program with the arguments of this process.
pub fn main() -> Exit {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    printer::choose(args.color.into(), args.quiet);
    let result = match args.limited() {
        Some(limited) => limit::within(&limited, args),
        None => command::run(&args),
    };
    match result {
        Ok(exit) => exit,
        Err(AppError::BrokenPipe) => Exit::Clean,
        Err(error) => {
            // somebody may have typed a secret where a name belongs
            let veil = Veil::default();
            printer::failure(&veil.cover(&error.to_string()), &veil.cover(&error.hint()));
            Exit::Failed
        }
    }
}

/// `--help` and `--version` are data; a mistyped command line is a failure.
fn usage(error: &clap::Error) -> Exit {
    let exit = if error.use_stderr() { Exit::Failed } else { Exit::Clean };
    let text = error.render().to_string();
    let covered = Veil::default().cover(&text);
    if covered != text {
        printer::failure(&covered.trim_start_matches("error: ").trim_end(), "");
        return exit;
    }
    match error.print() {
        Ok(()) => exit,
        Err(_) => Exit::Failed,
    }
}
