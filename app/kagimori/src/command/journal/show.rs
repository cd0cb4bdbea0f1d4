//! What `journal verify` and `journal show` print: for people, and as JSON (schemas `kagimori.journal-verified` and
//! `kagimori.journal`, version 1).

use kagimori_journal::{Journal, Verified};
use kagimori_plan::apply::{Answered, Direction, Ending, Event, Turn};
use kagimori_retire::Entry;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::DIM;
use serde::Serialize;
use serde_json::Value;

use super::super::plan::short;
use crate::error::AppError;
use crate::show::numbers::counted;

#[derive(Serialize)]
pub(super) struct VerifiedJson {
    schema: Schema,
    size: u64,
    root: String,
    documents: u64,
}

#[derive(Serialize)]
pub(super) struct Turns<'a> {
    schema: Schema,
    turns: Vec<Row<'a>>,
    /// What happened to retirements.
    retirements: Vec<Retired<'a>>,
}

#[derive(Serialize)]
struct Retired<'a> {
    index: usize,
    #[serde(flatten)]
    entry: &'a Entry,
}

#[derive(Serialize)]
struct Row<'a> {
    index: usize,
    at: String,
    plan: &'a str,
    direction: &'static str,
    #[serde(flatten)]
    event: &'a Event,
    /// The parameters of a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Value>,
    /// What was there before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
}

/// A root as `journal verify` prints it.
pub(super) fn root(text: &str) -> Result<kagimori_journal::Hash, AppError> {
    let wrong = || AppError::Argument {
        message: "a root is 64 hexadecimal digits".to_owned(),
        hint: "copy the one that `kagimori journal verify` printed with that size".to_owned(),
    };
    kagimori_journal::Hash::from_slice(&bytes(text).ok_or_else(wrong)?).ok_or_else(wrong)
}

/// What pairs of hexadecimal digits say.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
    pairs.iter().map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?)).collect()
}

pub(super) fn verified(verified: &Verified) -> String {
    let (size, documents) = (verified.head.size, verified.documents);
    let entries = if size == 1 { "1 entry".to_owned() } else { format!("{size} entries") };
    format!(
        "the journal is what was written: {entries}, {}\nroot {} (note it elsewhere: `kagimori journal verify --size {size} --root …` then \
         tells whether somebody wrote all of it anew)\n",
        counted(documents, "document"),
        verified.head.root
    )
}

pub(super) fn verified_json(verified: &Verified) -> VerifiedJson {
    VerifiedJson {
        schema: Schema { name: "kagimori.journal-verified", version: 1 },
        size: verified.head.size,
        root: verified.head.root.to_string(),
        documents: verified.documents,
    }
}

pub(super) fn turns(turns: &[(usize, Turn)], retired: &[(usize, Entry)]) -> String {
    if turns.is_empty() && retired.is_empty() {
        return "nothing was applied\n".to_owned();
    }
    let of_plan = |(index, turn): &(usize, Turn)| {
        let (id, way) = (short(&turn.plan), turn.direction.word());
        (*index, format!("{DIM}{} {id} {way:<5}{DIM:#}  {}", turn.at, told(turn)))
    };
    let of_key = |(index, entry): &(usize, Entry)| {
        let (key, phase) = (&entry.key, entry.standing.phase.word().replace('_', " "));
        let rung = entry.standing.rung.saturating_add(1);
        let trouble = entry.standing.trouble.as_deref().map(because).unwrap_or_default();
        let line = format!("{DIM}{} {key}{DIM:#}  retirement, rung {rung}: {phase}{trouble}", entry.at);
        (*index, line)
    };
    let mut lines: Vec<(usize, String)> =
        turns.iter().map(of_plan).chain(retired.iter().map(of_key)).collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

/// A turn as a sentence.
fn told(turn: &Turn) -> String {
    let number = |step: &usize| step.saturating_add(1);
    let made = match turn.direction {
        Direction::Apply => "made",
        Direction::Undo => "taken back",
    };
    match &turn.event {
        Event::Began { title, by } => format!("begun by {by}: {title}"),
        Event::Intent { step, service, operation, attempt, .. } => {
            let again = if *attempt > 1 { format!(", call {attempt}") } else { String::new() };
            format!("step {}: about to call {service}:{operation}{again}", number(step))
        }
        Event::Outcome { step, outcome, why, .. } => {
            let how = match outcome {
                Answered::Taken => "AWS took it",
                Answered::Refused => "AWS refused it",
                Answered::Unknown => "the answer was lost",
                Answered::NotSent => "it was not sent",
            };
            format!("step {}: {how}{}", number(step), because(why))
        }
        Event::Verified { step, is_last, .. } => {
            let whole = if *is_last { format!(": the step is {made}") } else { String::new() };
            format!("step {}: AWS shows it{whole}", number(step))
        }
        Event::Found { step, .. } => {
            format!("step {}: it was as before the plan already, by somebody else's hand", number(step))
        }
        Event::Ended { ending: Ending::Done, .. } => "done".to_owned(),
        Event::Ended { ending: Ending::Stopped, step, why } => {
            let at = step.as_ref().map(|step| format!(" at step {}", number(step))).unwrap_or_default();
            format!("stopped{at}{}", because(why))
        }
    }
}

fn because(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {why}") }
}

pub(super) fn turns_json<'a>(
    journal: &Journal,
    turns: &'a [(usize, Turn)],
    retired: &'a [(usize, Entry)],
) -> Result<Turns<'a>, AppError> {
    let mut rows = Vec::new();
    for (index, turn) in turns {
        let (input, found) = match &turn.event {
            Event::Intent { input, found, .. } => (Some(input), found.as_ref()),
            _ => (None, None),
        };
        rows.push(Row {
            index: *index,
            at: turn.at.to_string(),
            plan: &turn.plan,
            direction: turn.direction.word(),
            event: &turn.event,
            parameters: document(journal, input)?,
            before: document(journal, found)?,
        });
    }
    let retirements = retired.iter().map(|(index, entry)| Retired { index: *index, entry }).collect();
    Ok(Turns { schema: Schema { name: "kagimori.journal", version: 1 }, turns: rows, retirements })
}

/// A text that an entry names, as JSON.
fn document(journal: &Journal, sha256: Option<&String>) -> Result<Option<Value>, AppError> {
    let Some(hash) = sha256.and_then(|sha256| <[u8; 32]>::try_from(bytes(sha256)?).ok()) else {
        return Ok(None);
    };
    let text = journal.document(&hash)?;
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}
