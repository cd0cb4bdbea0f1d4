//! The desk: root's second factor in custody.
//!
//! The walk of a click: [`web`] finds out who asks and whether a page of this desk sent it → a page of [`page`] makes an event of it →
//! [`desk`] verifies its signature ([`proof`]), asks the rules (`core/custody`), writes the leaf and the letters in one transaction →
//! [`deeds`] does what follows: PINs, codes, the seal. Pages show the fold of the log and offer what the rules would take ([`offers`]).

mod args;
mod clock;
mod codes;
mod deeds;
mod desk;
mod dev;
mod language;
mod letters;
mod names;
mod offers;
mod page;
mod proof;
mod publish;
mod random;
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

use crate::args::{Args, Command};

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Dev(arguments) => serve::dev(arguments.port),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((what, hint)) => {
            printer::failure(&what, &hint);
            ExitCode::from(2)
        }
    }
}
