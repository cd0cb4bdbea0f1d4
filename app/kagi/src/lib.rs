//! `kagi`: MFA once, then roles in any account, without a secret in a plaintext file.
//!
//! The walk of a cached answer, which has to take less than two milliseconds: profile files → [`context`] → route and
//! plan (`kagimori-session`) → the vault's key from the kernel ([`vault`]) → one sealed session file → stdout. No
//! network, no lock, no command line parser. Behind a miss stands [`broker`]: one process at a time, one prompt.

mod args;
mod broker;
mod browser;
mod command;
mod context;
mod error;
mod files;
mod lock;
mod log;
mod place;
mod prompt;
mod refused;
mod sso;
mod vault;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use kagimori_terminal::printer;

use crate::args::{Args, Command};
use crate::error::KagiError;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    harden();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(profile) = hot_path(&arguments) {
        return command::credentials::serve_profile(profile);
    }
    let arguments = match Args::try_parse_from(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => return refused::say(&arguments, &error),
    };
    match arguments.command {
        Command::Credentials(arguments) => command::credentials::run(&arguments),
        other => match command::run(other) {
            Ok(code) => code,
            Err(error @ KagiError::BrokenPipe) => error.exit_code().into(),
            Err(error) => {
                printer::failure(&error, &error.hint());
                error.exit_code().into()
            }
        },
    }
}

/// `kagi credentials NAME` is run by every SDK for every process: it does not wait for the command line parser.
fn hot_path(arguments: &[OsString]) -> Option<&str> {
    let [_, command, profile] = arguments else { return None };
    let is_ours = command == "credentials" || command == "credential-process";
    profile.to_str().filter(|profile| is_ours && !profile.starts_with('-') && !profile.is_empty())
}

/// No core dump, no debugger, no other process of this user reading our memory.
fn harden() {
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }
}
