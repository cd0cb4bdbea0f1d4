//! `kagimori needs`: the permissions that programs need, by their sources; held against what a principal may do, and did.

mod held;
mod show;
mod terraform;

use kagimori_id::AccountId;
use kagimori_policy::print::print_pretty;
use kagimori_source::needs::policy::{Composed, compose};
use kagimori_source::needs::{Analysis, Need, Place, analyse};
use kagimori_terminal::printer;
use kagimori_tree::parse::files::{self, Sources};

use crate::args::{Needs, NeedsFormat};
use crate::error::AppError;
use crate::exit::Exit;
use held::Held;

/// What was found.
struct Found {
    /// How many files were parsed.
    files: usize,
    /// Files of which parts could not be parsed.
    damaged: Vec<String>,
    sources: Sources,
    analysis: Analysis,
    needs: Vec<Need>,
    composed: Composed,
    held: Option<Held>,
}

pub(crate) fn run(args: &Needs) -> Result<Exit, AppError> {
    for path in &args.paths {
        std::fs::metadata(path).map_err(|source| AppError::read(path, source))?;
    }
    let known =
        args.principal.as_ref().map(|principal| held::Known::read(&args.dir, principal)).transpose()?;
    let account = match (&args.account, &known) {
        (Some(given), _) => Some(account(given)?),
        (None, Some(known)) => Some(known.account()),
        (None, None) => None,
    };
    let place = Place { account: account.map(|account| account.to_string()), region: args.region.clone() };
    let found = find(args, &place, known.as_ref())?;
    for problem in &found.sources.problems {
        printer::warning(&format!("`{}`: {}", problem.place, problem.message));
    }
    for path in &found.damaged {
        printer::warning(&format!("`{path}`: parts of it could not be parsed; the rest was read"));
    }
    match args.format {
        NeedsFormat::Human => printer::text(&show::text(args, &found))?,
        NeedsFormat::Json => printer::json(&show::output(&found, &place))?,
        NeedsFormat::Policy => printer::text(&format!("{}\n", print_pretty(&found.composed.document)))?,
        NeedsFormat::Terraform => printer::text(&terraform::text(&found.composed))?,
    }
    Ok(exit(&found))
}

fn find(args: &Needs, place: &Place, known: Option<&held::Known>) -> Result<Found, AppError> {
    let mut sources = files::read(&args.paths, args.with_tests);
    let units = std::mem::take(&mut sources.units);
    let settings = std::mem::take(&mut sources.settings);
    let damaged = units.iter().filter(|unit| unit.is_damaged).map(|unit| unit.path.clone()).collect();
    let files = units.len();
    let analysis = analyse(units, settings);
    let mut needs: Vec<Need> = analysis.calls.iter().flat_map(|call| call.needs(place)).collect();
    needs.sort();
    needs.dedup();
    let composed = compose(&needs, args.with_possible);
    let held = known.map(|known| known.hold(&needs)).transpose()?;
    Ok(Found { files, damaged, sources, analysis, needs, composed, held })
}

fn account(text: &str) -> Result<AccountId, AppError> {
    AccountId::parse(text).map_err(|_| AppError::Argument {
        message: format!("`{text}` is not a 12-digit AWS account id"),
        hint: "write it with its leading zeroes, in quotes".to_owned(),
    })
}

fn exit(found: &Found) -> Exit {
    if !found.sources.problems.is_empty() || !found.damaged.is_empty() {
        return Exit::Incomplete;
    }
    let held = found.held.as_ref();
    if held.is_some_and(Held::is_short) {
        return Exit::Findings;
    }
    let is_open = !found.analysis.untold.is_empty() || held.is_some_and(Held::is_open);
    if is_open || found.needs.is_empty() { Exit::Failed } else { Exit::Clean }
}
