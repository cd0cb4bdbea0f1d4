//! `kagimori trail`: questions about what happened, from the lake when there is one, else from the trail's files. The
//! answers are the same: both are read by one fold, and the same rule says which events a question is about.

mod console;
mod coverage;
mod denied;
mod sql;
mod table;
mod unseen;
mod usage;

use jiff::Timestamp;
use kagimori_estate::id::AccountId;
use kagimori_lake::TrailReading;
use kagimori_trail::selection::{Only, Selection, Who};

use crate::args::{TrailCommand, TrailSource};
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;
use crate::printer;
use crate::source::Source;
use table::Table;

/// Runs the command.
pub(crate) fn run(command: &TrailCommand) -> Result<Exit, AppError> {
    let (question, from) = question(command)?;
    if let Some(engine) = from.sql {
        let selection = &question.selection;
        if [selection.since, selection.until].into_iter().flatten().any(|time| time % 86_400 != 0) {
            return Err(AppError::Argument {
                message: "with `--sql`, a question is about whole days".to_owned(),
                hint: "give `--since` and `--until` as days, `2026-03-01`".to_owned(),
            });
        }
        printer::data(&sql::text(engine, &question, &from.dir))?;
        return Ok(Exit::Clean);
    }
    let directory = Directory::open(&from.dir)?;
    let source = Source::find(&directory, from.trail.as_deref())?
        .ok_or_else(|| AppError::NoTrail(from.dir.clone()))?;
    if question.view == View::Coverage
        && let Source::Lake(lake) = &source
    {
        let table = coverage::table(&lake.coverage());
        return answer(&table, from, &source, lake.problems()?.len());
    }
    let reading = source.usage(&directory, &question.selection)?;
    if unseen::is_of_nobody(&question.selection, &reading.usage) {
        unseen::explain(&question.selection, &source.names(&directory)?)?;
    }
    let table = view(&question, &reading, &directory)?;
    answer(&table, from, &source, reading.problems.len())
}

fn view(question: &Question, reading: &TrailReading, directory: &Directory) -> Result<Table, AppError> {
    Ok(match question.view {
        View::Principals => {
            let settings = directory.settings()?;
            let now = settings.as_of.unwrap_or_else(Timestamp::now);
            usage::principals(&reading.usage, settings.limits.unused, now)
        }
        View::Actions => {
            let settings = directory.settings()?;
            let now = settings.as_of.unwrap_or_else(Timestamp::now);
            usage::actions(&reading.usage, &question.selection, settings.limits.unused, now)
        }
        View::Denied => denied::table(&reading.usage),
        View::Console => console::table(&reading.usage),
        View::Coverage => coverage::table(&reading.coverage),
    })
}

fn answer(table: &Table, from: &TrailSource, source: &Source, problems: usize) -> Result<Exit, AppError> {
    table.print(from.format, source.name())?;
    if problems == 0 {
        return Ok(Exit::Clean);
    }
    let hint = "`kagimori review` and `kagimori ingest` name them";
    printer::warning(&format!("{problems} files of the trail were damaged or could not be read: {hint}"));
    Ok(Exit::Incomplete)
}

/// A question: which events, and how the answer is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    selection: Selection,
    view: View,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    /// One row per principal.
    Principals,
    /// One row per action.
    Actions,
    Denied,
    Console,
    Coverage,
}

fn question(command: &TrailCommand) -> Result<(Question, &TrailSource), AppError> {
    let (view, from) = match command {
        TrailCommand::Usage(usage) if [&usage.principal, &usage.role, &usage.key] == [&None; 3] => {
            (View::Principals, &usage.from)
        }
        TrailCommand::Usage(usage) => (View::Actions, &usage.from),
        TrailCommand::Denied(denied) => (View::Denied, &denied.from),
        TrailCommand::Root(root) => (View::Actions, &root.from),
        TrailCommand::Key(key) => (View::Actions, &key.from),
        TrailCommand::Console(console) => (View::Console, &console.from),
        TrailCommand::Coverage(coverage) => (View::Coverage, &coverage.from),
    };
    let mut selection = Selection {
        account: from.account.as_deref().map(account).transpose()?,
        since: from.since.as_deref().map(instant).transpose()?,
        until: from.until.as_deref().map(instant).transpose()?,
        ..Selection::default()
    };
    match command {
        TrailCommand::Usage(usage) => {
            let exact = |text: &String| text.starts_with("arn:").then(|| Who::Exactly(text.clone()));
            let named = |text: &String| exact(text).unwrap_or_else(|| Who::Named(text.clone()));
            let role = |text: &String| exact(text).unwrap_or_else(|| Who::Role(text.clone()));
            selection.who = usage.principal.as_ref().map(named).or(usage.role.as_ref().map(role));
            selection.access_key = usage.key.as_deref().map(access_key).transpose()?;
        }
        TrailCommand::Key(key) => selection.access_key = Some(access_key(&key.key)?),
        TrailCommand::Denied(_) => selection.only = Only::Denied,
        TrailCommand::Root(_) => selection.only = Only::Root,
        TrailCommand::Console(_) => selection.only = Only::SignIns,
        TrailCommand::Coverage(_) => {}
    }
    Ok((Question { selection, view }, from))
}

fn account(text: &str) -> Result<AccountId, AppError> {
    AccountId::parse(text).map_err(|_| AppError::Argument {
        message: format!("`{text}` is not a 12-digit AWS account id"),
        hint: "write it with its leading zeroes".to_owned(),
    })
}

fn access_key(text: &str) -> Result<String, AppError> {
    let is_key = text.starts_with("AKIA") || text.starts_with("ASIA");
    if is_key && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(AppError::Argument {
        message: "this is not the id of an access key".to_owned(),
        hint: "it begins with `AKIA` (a long-term key) or `ASIA` (a session's); never give the secret"
            .to_owned(),
    })
}

/// A day or an instant, in seconds.
fn instant(text: &str) -> Result<i64, AppError> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole.parse().map(Timestamp::as_second).map_err(|_| AppError::Argument {
        message: format!("`{text}` is neither a day nor an instant"),
        hint: "write `2026-03-01`, or `2026-03-01T09:00:00Z`".to_owned(),
    })
}
