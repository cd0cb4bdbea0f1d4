//! The desk: root's second factor in custody.
//!
//! The walk of a click: [`web`] finds out who asks and whether a page of this desk sent it → a page of [`page`] makes an event of it →
//! [`desk`] verifies its signature ([`proof`]), asks the rules (`core/custody`), writes the leaf and the letters in one transaction →
//! [`deeds`] does what follows: PINs, codes, the seal. Pages show the fold of the log and offer what the rules would take ([`offers`]).

mod api;
mod args;
mod clock;
mod codes;
mod command;
mod deeds;
mod desk;
mod dev;
mod hints;
mod language;
mod letters;
mod names;
mod offers;
mod oidc;
mod operators;
mod outside;
mod page;
mod proof;
mod publish;
mod random;
mod recipient;
mod rollback;
mod routes;
mod serve;
mod settings;
mod show;
#[cfg(test)]
mod tests;
mod vault;
mod web;
mod words;

use std::process::ExitCode;

use clap::Parser;
use kagimori_terminal::printer;

use crate::args::{Args, Command, ListCommand, LogCommand, PolicyCommand};
use crate::command::Exit;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Key(arguments) => command::key::run(&arguments),
        Command::Request(arguments) => return ended(command::decide::request(&arguments)),
        Command::Status(arguments) => return ended(command::decide::status(&arguments)),
        Command::Approve(arguments) => return ended(command::decide::approve(&arguments)),
        Command::Deny(arguments) => return ended(command::decide::stop("deny", &arguments)),
        Command::Kill(arguments) => return ended(command::decide::stop("kill", &arguments)),
        Command::Cancel(arguments) => return ended(command::decide::cancel(&arguments)),
        Command::Claim(arguments) | Command::Review(arguments) => {
            return ended(command::decide::page("requests", &arguments));
        }
        Command::Release(arguments) => return ended(command::decide::page("operator", &arguments)),
        Command::Custody { command: ListCommand::List(arguments) } => {
            return ended(command::decide::custody(&arguments));
        }
        Command::People { command: ListCommand::List(arguments) } => {
            return ended(command::decide::people(&arguments));
        }
        Command::Watch(arguments) => return ended(command::watch::run(&arguments)),
        Command::Report(arguments) => return ended(command::report::run(&arguments)),
        Command::Dev(arguments) => serve::dev(arguments.port),
        Command::Init(arguments) => command::init::run(&arguments),
        Command::Found { settings, policy } => command::found::run(&settings, &policy),
        Command::Serve { settings } => serve::serve(&settings),
        Command::Witness(arguments) => command::witness::run(&arguments),
        Command::Doctor { settings } => command::doctor::run(&settings),
        Command::Backup { settings, to } => command::backup::backup(&settings, &to),
        Command::RestoreCheck { settings, copy } => command::backup::restore_check(&settings, &copy),
        Command::Log { command: LogCommand::Export { settings, to } } => command::log::export(&settings, &to),
        Command::Log { command: LogCommand::Import { settings, copy } } => {
            command::log::import(&settings, &copy)
        }
        Command::Policy { command: PolicyCommand::Check { file } } => command::policy::check(&file),
    };
    ended(done.map(|()| Exit::Clean))
}

fn ended(done: Result<Exit, (String, String)>) -> ExitCode {
    match done {
        Ok(exit) => ExitCode::from(exit as u8),
        Err((what, hint)) => {
            printer::failure(&what, &hint);
            ExitCode::from(2)
        }
    }
}
