//! `retire status`: where each retirement stands, from the journal alone.

use std::fmt::Write;

use jiff::Timestamp;
use kagimori_retire::{Book, Told};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, YELLOW_BOLD as YELLOW};
use serde::Serialize;
use serde_json::{Value, json};

use super::show::Row;
use super::tick::titles;
use super::{book, key, page, told};
use crate::args::{Format, RetireStatus};
use crate::error::AppError;
use crate::exit::Exit;

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    now: String,
    retirements: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    begun: String,
    /// Where it stood, from when on.
    past: Vec<Value>,
}

/// Runs the command.
pub(super) fn run(args: &RetireStatus) -> Result<Exit, AppError> {
    let mut book = book(&args.dir).inspect_err(|_| titles(&args.dir))?;
    let wanted = args.keys.iter().map(|text| key(text)).collect::<Result<Vec<_>, _>>()?;
    if let Some(unknown) = wanted.iter().find(|key| book.last(key).is_none()) {
        return Err(AppError::Argument {
            message: format!("{unknown} was never being retired"),
            hint: "`kagimori retire status` without a key shows all".to_owned(),
        });
    }
    book.all.retain(|told| wanted.is_empty() || wanted.contains(told.state.key()));
    let now = Timestamp::now();
    if let Some(path) = &args.page {
        page::write(path, args.room.bytes(), &book, now)?;
        printer::note(&format!("page: {}", path.display()));
    }
    match args.format {
        Format::Human => printer::text(&text(&book, now))?,
        Format::Json => printer::json(&output(&book, now))?,
    }
    let is_overdue = book.all.iter().any(|told| told.state.on_since(now).is_some());
    Ok(if is_overdue { Exit::Findings } else { Exit::Clean })
}

fn text(book: &Book, now: Timestamp) -> String {
    if book.all.is_empty() {
        return "nothing was ever retired here; `kagimori retire suggest` shows what could go\n".to_owned();
    }
    let mut text = String::new();
    // What goes on first, what is over below.
    for is_over in [false, true] {
        for told in book.all.iter().filter(|told| told.state.is_over() == is_over) {
            one(told, now, &mut text);
        }
    }
    text
}

fn one(told: &Told, now: Timestamp, text: &mut String) {
    let state = &told.state;
    let start = &state.start;
    let user = &start.credential.user;
    let account = user.account().map(|account| account.to_string()).unwrap_or_default();
    let _ = writeln!(text, "{}  {} {DIM}{account}{DIM:#}  {}", state.key(), user.name(), start.owner);
    let _ = writeln!(text, "  {}", told::line(state));
    let stands = told::stands(state, now);
    let _ = match state.on_since(now) {
        Some(_) => {
            writeln!(text, "  {YELLOW}{stands}{YELLOW:#}\n  by hand, {}", told::by_hand(state))
        }
        None => writeln!(text, "  {stands}"),
    };
    let next = told::next(state, now);
    if !next.is_empty() {
        let _ = writeln!(text, "  {DIM}next:{DIM:#} {next}");
    }
    if let (Some(expected), Some(rung), false) = (state.expected(), state.rung(), state.is_over()) {
        let verdict = start.evidence.judge(&start.enough, state.standing.rung, rung.off);
        let _ = writeln!(
            text,
            "  {DIM}this rung:{DIM:#} {}",
            told::power(rung.off, expected, &start.evidence, verdict)
        );
    }
    if let Some(trouble) = state.standing.trouble.as_ref().filter(|_| !state.is_over()) {
        let _ = writeln!(text, "  {YELLOW}{trouble}{YELLOW:#}");
    }
    text.push('\n');
}

fn output(book: &Book, now: Timestamp) -> Output<'_> {
    let shown = |told: &'_ Told| {
        told.past.iter().map(|(at, standing)| json!({ "at": at.to_string(), "standing": standing })).collect()
    };
    let retirements = book.all.iter().map(|told| Shown {
        row: Row::of(&told.state, now),
        begun: told.begun.to_string(),
        past: shown(told),
    });
    Output {
        schema: Schema { name: "kagimori.retire-status", version: 1 },
        now: now.to_string(),
        retirements: retirements.collect(),
    }
}
