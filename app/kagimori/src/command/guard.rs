//! `kagimori guard …`: guardrails as templates, proved on the estate's own principals.

mod explain;
mod prove;
mod room;
mod template;
mod write;

use std::path::Path;

use kagimori_estate::Estate;
use kagimori_guard::{Guard, GuardError, Settings, template as find};
use kagimori_terminal::printer;

use crate::args::{GuardCommand, Made};
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;

/// Runs the command.
pub(crate) fn run(command: &GuardCommand) -> Result<Exit, AppError> {
    match command {
        GuardCommand::List(args) => template::list(args),
        GuardCommand::Show(args) => template::show(args),
        GuardCommand::Prove(args) => prove::run(args),
        GuardCommand::New(args) => write::new(args),
        GuardCommand::Plan(args) => write::plan(args),
        GuardCommand::Budget(args) => room::run(args),
        GuardCommand::Explain(args) => explain::run(args),
    }
}

/// The guard that was asked for.
fn made(made: &Made) -> Result<Guard, AppError> {
    let template = find(&made.name).map_err(|error| refused(&error))?;
    let settings = settings(&made.set)?;
    Guard::new(template, &settings).map_err(|error| refused(&error))
}

fn settings(set: &[String]) -> Result<Settings, AppError> {
    let mut settings = Settings::new();
    for pair in set {
        let (name, values) = pair.split_once('=').ok_or_else(|| AppError::Argument {
            message: format!("`{pair}` has no `=`"),
            hint: "write it as in `--set regions=ap-northeast-1,ap-northeast-3`".to_owned(),
        })?;
        let values = values.split(',').map(str::to_owned);
        settings.entry(name.to_owned()).or_default().extend(values);
    }
    Ok(settings)
}

fn refused(error: &GuardError) -> AppError {
    AppError::Argument { message: error.to_string(), hint: error.hint() }
}

/// The estate of a directory, with its problems told.
fn estate(dir: &Path) -> Result<(Directory, Estate), AppError> {
    let directory = Directory::open(dir)?;
    let settings = directory.settings()?;
    let estate = directory.estate(settings.as_of)?;
    for problem in &estate.problems {
        printer::warning(&format!("`{}`: {}", problem.file, problem.message));
    }
    Ok((directory, estate))
}

/// An incomplete estate makes a complete answer incomplete.
fn exit(estate: &Estate, exit: Exit) -> Exit {
    if estate.problems.is_empty() || exit == Exit::Failed { exit } else { Exit::Incomplete }
}
