//! `kagimori trail`: questions about what happened, from the lake when there is one, else from the trail's files. The
//! answers are the same: both are read by one fold, and the same rule says which events a question is about.

mod console;
mod coverage;
mod denied;
mod sql;
mod table;
mod unseen;
mod usage;
mod who;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kagimori_id::AccountId;
use kagimori_lake::{Lake, TrailReading};
use kagimori_terminal::printer;
use kagimori_trail::selection::{Only, Selection, Who};

use crate::args::{SqlEngine, TrailCommand, TrailPlace, TrailQuestion, TrailSource, TrailTables};
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;
use crate::source::Source;
use table::Table;

/// Runs the command.
pub(crate) fn run(command: &TrailCommand) -> Result<Exit, AppError> {
    let question_command = match command {
        TrailCommand::Question(question) => question,
        TrailCommand::Who(who) => return who::run(who),
        TrailCommand::Tables(tables) => return print_tables(tables),
    };
    let (question, from) = question(question_command)?;
    if question.view == View::Coverage {
        whole_days("coverage", &question.selection)?;
    }
    if let Some(engine) = from.sql {
        return print_sql(engine, &question, from);
    }
    let from = &from.place;
    let (directory, source) = open(from)?;
    if let View::Denied { check_map } = question.view {
        let (refused, problems) = refused(&source, &directory, &question.selection)?;
        let table = if check_map { refused.map_table() } else { refused.table() };
        return answer(&table, (&directory, from), &source, problems);
    }
    if question.view == View::Coverage
        && let Source::Lake(lake) = &source
    {
        let (refused, problems) = refused(&source, &directory, &question.selection)?;
        let table = coverage::table(&lake.coverage_of(&question.selection), refused.map());
        return answer(&table, (&directory, from), &source, problems);
    }
    let reading = match question.is_about_key() {
        true => source.usage_with_history(&directory, &question.selection)?,
        false => source.usage(&directory, &question.selection)?,
    };
    if unseen::is_of_nobody(&question.selection, &reading.usage) {
        unseen::explain(&question.selection, &source.names(&directory)?)?;
    }
    let table = view(&question, &reading, &source, &directory)?;
    answer(&table, (&directory, from), &source, reading.problems.len())
}

fn open(from: &TrailPlace) -> Result<(Directory, Source), AppError> {
    let directory = Directory::open(&from.dir)?;
    let source = Source::find(&directory, from.trail.as_deref())?;
    Ok((directory, source.ok_or_else(|| AppError::NoTrail(from.dir.clone()))?))
}

/// The account and the days that a question is about.
fn place(from: &TrailPlace) -> Result<Selection, AppError> {
    Ok(Selection {
        account: from.account.as_deref().map(account).transpose()?,
        since: from.since.as_deref().map(instant).transpose()?,
        until: from.until.as_deref().map(instant).transpose()?,
        ..Selection::default()
    })
}

fn print_sql(engine: SqlEngine, question: &Question, from: &TrailSource) -> Result<Exit, AppError> {
    whole_days("SQL", &question.selection)?;
    let _there = lake(&from.place.dir)?;
    printer::data(&sql::text(engine, question, &from.place.dir))?;
    Ok(Exit::Clean)
}

/// What is kept or asked by day cannot be cut within one.
fn whole_days(what: &str, selection: &Selection) -> Result<(), AppError> {
    if [selection.since, selection.until].into_iter().flatten().all(|time| time % 86_400 == 0) {
        return Ok(());
    }
    Err(AppError::Argument {
        message: format!("{what} is by whole days"),
        hint: "give `--since` and `--until` as days, `2026-03-01`".to_owned(),
    })
}

fn print_tables(command: &TrailTables) -> Result<Exit, AppError> {
    let (folder, lake) = lake(&command.dir)?;
    printer::data(&sql::tables(command, &folder, &lake.coverage())?)?;
    Ok(Exit::Clean)
}

/// The lake of a directory and its folder.
fn lake(directory: &Path) -> Result<(PathBuf, Lake), AppError> {
    let folder = Directory::open(directory)?.lake;
    let lake = folder.as_deref().map(Lake::open).transpose()?.flatten();
    folder.zip(lake).ok_or_else(|| AppError::NoLake(directory.to_owned()))
}

/// The refused calls of a question, and how many files could not be read.
fn refused(
    source: &Source,
    directory: &Directory,
    selection: &Selection,
) -> Result<(denied::Refused, usize), AppError> {
    let selection = Selection { only: Only::Denied, ..selection.clone() };
    let reading = source.calls(directory, &selection, denied::Refused::default, denied::Refused::add)?;
    let mut whole = denied::Refused::default();
    reading.states.into_iter().for_each(|state| whole.merge(state));
    Ok((whole, reading.problems.len()))
}

fn view(
    question: &Question,
    reading: &TrailReading,
    source: &Source,
    directory: &Directory,
) -> Result<Table, AppError> {
    Ok(match question.view {
        View::Principals => {
            let settings = directory.settings()?;
            let now = settings.as_of.unwrap_or_else(Timestamp::now);
            usage::principals(&reading.usage, settings.limits.unused, now)
        }
        View::Actions => {
            let settings = directory.settings()?;
            let now = settings.as_of.unwrap_or_else(Timestamp::now);
            usage::actions(&reading.usage, &question.selection, &settings.limits, now)
        }
        View::Denied { .. } => refused(source, directory, &question.selection)?.0.table(),
        View::Console => console::table(&reading.usage),
        View::Coverage => {
            coverage::table(&reading.coverage, refused(source, directory, &question.selection)?.0.map())
        }
    })
}

fn answer(
    table: &Table,
    (directory, from): (&Directory, &TrailPlace),
    source: &Source,
    problems: usize,
) -> Result<Exit, AppError> {
    let now = directory.settings()?.as_of.unwrap_or_else(Timestamp::now);
    table.print(from.format, source.name(), now)?;
    if problems == 0 {
        return Ok(Exit::Clean);
    }
    let hint = "`kagimori review` and `kagimori ingest` name them";
    let (files, were) = if problems == 1 { ("file", "was") } else { ("files", "were") };
    printer::warning(&format!("{problems} {files} of the trail {were} damaged or could not be read: {hint}"));
    Ok(Exit::Incomplete)
}

/// A question: which events, and how the answer is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    selection: Selection,
    view: View,
}

impl Question {
    /// Whether it is about a long-term key: then where it was used from is told, too.
    fn is_about_key(&self) -> bool {
        self.view == View::Actions
            && self.selection.access_key.as_deref().is_some_and(|key| key.starts_with("AKIA"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    /// One row per principal.
    Principals,
    /// One row per action.
    Actions,
    /// Refused calls; `check_map`: where the map was wrong about them.
    Denied {
        check_map: bool,
    },
    Console,
    Coverage,
}

fn question(command: &TrailQuestion) -> Result<(Question, &TrailSource), AppError> {
    let (view, from) = match command {
        TrailQuestion::Usage(usage)
            if !usage.actions && [&usage.principal, &usage.role, &usage.key] == [&None; 3] =>
        {
            (View::Principals, &usage.from)
        }
        TrailQuestion::Usage(usage) => (View::Actions, &usage.from),
        TrailQuestion::Denied(denied) => (View::Denied { check_map: denied.check_map }, &denied.from),
        TrailQuestion::Root(root) => (View::Actions, &root.from),
        TrailQuestion::Key(key) => (View::Actions, &key.from),
        TrailQuestion::Console(console) => (View::Console, &console.from),
        TrailQuestion::Coverage(coverage) => (View::Coverage, &coverage.from),
    };
    let mut selection = place(&from.place)?;
    match command {
        TrailQuestion::Usage(usage) => {
            let exact = |text: &String| text.starts_with("arn:").then(|| Who::Exactly(text.clone()));
            let named = |text: &String| exact(text).unwrap_or_else(|| Who::Named(text.clone()));
            let role = |text: &String| exact(text).unwrap_or_else(|| Who::Role(text.clone()));
            selection.who = usage.principal.as_ref().map(named).or(usage.role.as_ref().map(role));
            selection.access_key = usage.key.as_deref().map(access_key).transpose()?;
        }
        TrailQuestion::Key(key) => selection.access_key = Some(access_key(&key.key)?),
        TrailQuestion::Denied(_) => selection.only = Only::Denied,
        TrailQuestion::Root(_) => selection.only = Only::Root,
        TrailQuestion::Console(_) => selection.only = Only::SignIns,
        TrailQuestion::Coverage(_) => {}
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
