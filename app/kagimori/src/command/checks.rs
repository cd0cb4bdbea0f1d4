//! `kagimori checks`: the catalogue.

use std::fmt::Write;

use kagimori_plan::check::{self, Check};
use kagimori_terminal::printer::{self, Unprinted};
use kagimori_terminal::schema::Schema;
use serde::Serialize;

use crate::args::{Checks, Format, LanguageArg};
use crate::error::AppError;
use crate::exit::Exit;

/// Runs the command.
pub(crate) fn run(args: &Checks) -> Result<Exit, AppError> {
    match args.format {
        Format::Human => printer::text(&list(args.language))?,
        Format::Json => json()?,
    }
    Ok(Exit::Clean)
}

#[derive(Serialize)]
struct Catalogue {
    schema: Schema,
    checks: &'static [Check],
}

fn json() -> Result<(), Unprinted> {
    let catalogue =
        Catalogue { schema: Schema { name: "kagimori.checks", version: 1 }, checks: check::catalogue() };
    printer::json(&catalogue)
}

/// Worst first, then by id.
fn list(language: LanguageArg) -> String {
    let mut checks: Vec<&Check> = check::catalogue().iter().collect();
    checks.sort_by_key(|check| (check.severity, &check.id));
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        let title = match language {
            LanguageArg::En => &check.title,
            LanguageArg::Ja => &check.title_ja,
        };
        let severity = format!("{:?}", check.severity).to_lowercase();
        let _ = writeln!(text, "{severity:<13} {:<width$}  {title}", check.id);
    }
    text
}
