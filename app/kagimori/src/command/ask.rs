//! `kagimori ask …`: what the principals of a directory may do.

mod can;
mod paths;
mod question;
mod what_can;
mod who_can;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_terminal::printer;
pub(crate) use question::{policy_file, subject};

use crate::args::AskCommand;
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;

pub(crate) fn run(command: &AskCommand) -> Result<Exit, AppError> {
    match command {
        AskCommand::Can(args) => can::run(args, false),
        AskCommand::Why(args) => can::run(args, true),
        AskCommand::WhoCan(args) => who_can::run(args),
        AskCommand::WhatCan(args) => what_can::run(args),
        AskCommand::Paths(args) => paths::run(args),
    }
}

/// Every action that a principal may call on something: its name, and whether surely or under conditions.
pub(crate) fn everything(
    estate: &Estate,
    principal: &str,
    dir: &std::path::Path,
    now: Timestamp,
) -> Result<Vec<(String, bool)>, AppError> {
    what_can::everything(estate, principal, dir, now)
}

/// Reads the estate of a directory, with the instant that is asked about: `as_of` of the settings, else the clock. What could
/// not be read is told.
fn estate(dir: &std::path::Path) -> Result<(Estate, Timestamp), AppError> {
    let directory = Directory::open(dir)?;
    let settings = directory.settings()?;
    let estate = directory.estate(settings.as_of)?;
    for problem in &estate.problems {
        printer::warning(&format!("`{}`: {}", problem.file, problem.message));
    }
    Ok((estate, settings.as_of.unwrap_or_else(Timestamp::now)))
}

/// An incomplete estate makes a complete answer incomplete.
fn exit(estate: &Estate, exit: Exit) -> Exit {
    if estate.problems.is_empty() || exit == Exit::Failed { exit } else { Exit::Incomplete }
}
