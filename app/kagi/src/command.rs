//! The commands, one module each.

mod add;
mod bridge;
mod complete;
mod console;
pub(crate) mod credentials;
mod doctor;
mod env;
mod environment;
mod exec;
mod explain;
mod first;
mod forget;
mod hook;
mod list;
mod log;
mod login;
pub(crate) mod peer;
mod profile_lines;
mod restore;
mod rotate;
mod serve;
mod served;
mod shell;
mod signals;
mod sso;
mod target;
mod vault;

use std::process::ExitCode;

pub(crate) use self::first::meant_profile;
pub(crate) use self::serve::header;
pub(crate) use self::vault::with_context;

use crate::args::Command;
use crate::error::KagiError;

/// Runs a command.
pub(crate) fn run(command: Command) -> Result<ExitCode, KagiError> {
    match command {
        Command::Add(arguments) => add::run(&arguments),
        Command::Login(arguments) => login::run(&arguments),
        Command::Logout(arguments) => sso::logout(&arguments),
        Command::Sso(arguments) => sso::run(&arguments),
        Command::Exec(arguments) => exec::run(&arguments),
        Command::Credentials(arguments) => Ok(credentials::run(&arguments)),
        Command::Env(arguments) => env::run(&arguments),
        Command::Console(arguments) => console::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Rotate(arguments) => rotate::run(&arguments),
        Command::Unlock(arguments) => vault::unlock(&arguments),
        Command::Lock(_) => vault::lock(),
        Command::Passphrase(_) => vault::change_passphrase(),
        Command::Forget(arguments) => forget::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Log(arguments) => log::run(&arguments),
        Command::Completions(arguments) => complete::script(&arguments),
        Command::Hook(_) => hook::run(),
        Command::Use(_) => Err(hook::missing()),
        Command::Man(arguments) => complete::manual(&arguments),
        Command::Complete(arguments) => complete::run(&arguments),
    }
}
