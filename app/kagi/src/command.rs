//! The commands, one module each.

mod add;
pub(crate) mod credentials;
mod env;
mod environment;
mod exec;
mod explain;
mod list;
mod login;
mod profile_lines;
mod target;
mod vault;

use std::process::ExitCode;

use crate::args::Command;
use crate::error::KagiError;

/// Runs a command.
pub(crate) fn run(command: Command) -> Result<ExitCode, KagiError> {
    match command {
        Command::Add(arguments) => add::run(&arguments),
        Command::Login(arguments) => login::run(&arguments),
        Command::Exec(arguments) => exec::run(&arguments),
        Command::Env(arguments) => env::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Credentials(arguments) => Ok(credentials::run(&arguments)),
        Command::Unlock(arguments) => vault::unlock(&arguments),
        Command::Lock(_) => vault::lock(),
        Command::Passphrase(_) => vault::change_passphrase(),
        _ => Err(KagiError::argument("not yet", "wait")),
    }
}
