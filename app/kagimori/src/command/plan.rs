//! `kagimori plan list` and `plan show`: stored plans, and how far the journal says each is applied.

mod show;
mod stored;

use std::path::Path;

use kagimori_journal::{Journal, JournalError};
use kagimori_plan::Plan;
use kagimori_plan::apply::{Direction, History, Side};
use kagimori_terminal::printer;
use serde::Serialize;

use super::retire::stage_of;
use crate::args::{Format, PlanCommand, PlanList, PlanShow};
use crate::error::AppError;
use crate::exit::Exit;
use stored::Stored;

pub(crate) use show::short;
pub(crate) use stored::find;

/// Runs the command.
pub(crate) fn run(command: &PlanCommand) -> Result<Exit, AppError> {
    match command {
        PlanCommand::List(args) => list(args),
        PlanCommand::Show(args) => show(args),
    }
}

/// How far a plan is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Nothing of it is made, or all was taken back.
    NotApplied,
    /// Some steps are made, or one is under way.
    Partly,
    /// All steps are made.
    Applied,
}

impl Standing {
    fn of(plan: &Plan, history: &History) -> Self {
        let sides = || (0..plan.changes.len()).map(|step| history.side(step));
        if sides().all(|side| side == Side::After) {
            Self::Applied
        } else if sides().all(|side| side == Side::Before) {
            Self::NotApplied
        } else {
            Self::Partly
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotApplied => "not applied",
            Self::Partly => "partly applied",
            Self::Applied => "applied",
        }
    }
}

/// How a step stands, in words.
pub(crate) fn side_words(side: Side) -> &'static str {
    match side {
        Side::Before => "",
        Side::Between(Direction::Apply) => "begun",
        Side::Between(Direction::Undo) => "being undone",
        Side::After => "made",
    }
}

fn list(args: &PlanList) -> Result<Exit, AppError> {
    let Stored { plans, damaged } = stored::all(&args.dir)?;
    let entries = entries(&args.dir)?;
    let mut listed = Vec::new();
    for plan in plans {
        let history = history(&plan, &entries)?;
        let stage = stage_of(&plan, &entries);
        listed.push(show::Line { standing: Standing::of(&plan, &history), stage, plan });
    }
    for (path, error) in &damaged {
        printer::warning(&format!("`{}`: {error}", path.display()));
    }
    match args.format {
        Format::Human => printer::text(&show::list(&listed, &args.dir))?,
        Format::Json => printer::json(&show::listed(&listed))?,
    }
    Ok(if damaged.is_empty() { Exit::Clean } else { Exit::Incomplete })
}

fn show(args: &PlanShow) -> Result<Exit, AppError> {
    let plan = find(&args.dir, &args.id)?;
    let history = history(&plan, &entries(&args.dir)?)?;
    match args.format {
        Format::Human => printer::text(&show::one(&plan, &history, args.language))?,
        Format::Json => printer::json(&show::shown(&plan, &history))?,
    }
    Ok(Exit::Clean)
}

/// The stored plans that can be read.
pub(crate) fn all(dir: &Path) -> Result<Vec<Plan>, AppError> {
    Ok(stored::all(dir)?.plans)
}

/// The entries of the journal; none where there is no journal yet.
pub(crate) fn entries(dir: &Path) -> Result<Vec<Vec<u8>>, AppError> {
    match Journal::open(&Journal::path_in(dir)) {
        Ok(journal) => Ok(journal.entries()?.into_iter().map(|entry| entry.bytes).collect()),
        Err(JournalError::NotThere(_)) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// What they say of a plan.
pub(crate) fn history(plan: &Plan, entries: &[Vec<u8>]) -> Result<History, AppError> {
    Ok(History::of(&plan.id, entries.iter().map(Vec::as_slice))?)
}
