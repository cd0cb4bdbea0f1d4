//! `kagimori migrate`: from IAM users with keys to roles.

mod files;
mod gather;
mod road;
mod show;

use kagimori_migrate::Home;
use kagimori_terminal::{printer, turn};

use crate::args::{self, Format};
use crate::company::Company;
use crate::error::AppError;
use crate::exit::Exit;

/// Runs the command.
pub(crate) fn run(args: &args::Migrate) -> Result<Exit, AppError> {
    if args.what.is_none() && !args.is_whole() {
        return Err(AppError::Argument {
            message: "nobody is named".to_owned(),
            hint: "name a user or a key, or ask about all with `--all`".to_owned(),
        });
    }
    let company = Company::open(args.directory(), args.trail.as_ref())?;
    let outcome = gather::all(&company, args)?;
    turn::begin_answer();
    if let Some(folder) = &args.out {
        files::write(folder, &company.directory.root, &outcome)?;
    }
    match args.format {
        Format::Human => printer::text(&show::text(&outcome, args))?,
        Format::Json => printer::json(&show::json(&outcome))?,
    }
    let is_open = |row: &gather::Row| matches!(row.judged.home, Home::Unknown(_) | Home::Shared);
    let is_unproved =
        |road: &road::Road| matches!(road, road::Road::Role(proposal, _) if !proposal.is_proved());
    let is_whole = !outcome.rows.iter().any(is_open)
        && !outcome.roads.values().any(is_unproved)
        && outcome.without_keys.is_empty();
    let verdict = if is_whole { Exit::Clean } else { Exit::Findings };
    Ok(company.exit(&outcome.problems, verdict))
}
