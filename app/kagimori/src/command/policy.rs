//! `kagimori policy …`: questions about policy files, without an estate.

mod check;
mod compare;
mod eval;
mod json_files;
mod minimise;

use crate::args::PolicyCommand;
use crate::error::AppError;
use crate::exit::Exit;

pub(crate) fn run(command: &PolicyCommand) -> Result<Exit, AppError> {
    match command {
        PolicyCommand::Check(args) => check::run(args),
        PolicyCommand::Eval(args) => eval::run(args),
        PolicyCommand::Compare(args) => compare::run(args),
        PolicyCommand::Minimise(args) => minimise::run(args),
    }
}
