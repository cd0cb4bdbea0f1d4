//! `kagimori lake`: the lake looked after.

use std::fmt::Write;
use std::path::PathBuf;

use jiff::Timestamp;
use kagimori_estate::model::Problem;
use kagimori_lake::care::{DayState, Depth, Mended, State, look, repair};
use kagimori_terminal::printer::{self, Unprinted};
use kagimori_terminal::schema::Schema;
use serde::Serialize;

use crate::args::{Format, LakeCommand, LakeQuestion};
use crate::error::AppError;
use crate::exit::Exit;
use crate::show::numbers::counted;

/// Runs the command.
pub(crate) fn run(command: &LakeCommand) -> Result<Exit, AppError> {
    match command {
        LakeCommand::Info(question) => info(question),
        LakeCommand::Verify(question) => verify(question),
        LakeCommand::Repair(question) => mend(question),
    }
}

fn folder(question: &LakeQuestion) -> Result<PathBuf, AppError> {
    let lake = question.dir.join("lake");
    if lake.join("_kagimori").is_dir() { Ok(lake) } else { Err(AppError::NoLake(question.dir.clone())) }
}

#[derive(Serialize)]
struct Looked<'a> {
    schema: Schema,
    now: Timestamp,
    sound: bool,
    #[serde(flatten)]
    state: &'a State,
}

fn print(question: &LakeQuestion, name: &'static str, state: &State, text: &str) -> Result<(), Unprinted> {
    match question.format {
        Format::Human => printer::text(text),
        Format::Json => printer::json(&Looked {
            schema: Schema { name, version: 1 },
            now: Timestamp::now(),
            sound: state.is_sound(),
            state,
        }),
    }
}

fn info(question: &LakeQuestion) -> Result<Exit, AppError> {
    let state = look(&folder(question)?, Depth::Manifest)?;
    let mut text = "day         parts     events       bytes  trail files there  gone\n".to_owned();
    for day in &state.days {
        let DayState { day, parts, events, bytes, files_there, files_gone, .. } = day;
        let _ =
            writeln!(text, "{day}  {parts:>5}  {events:>9}  {bytes:>10}  {files_there:>17}  {files_gone:>4}");
    }
    if state.unfinished > 0 {
        let _ = writeln!(text, "{} cut off: `kagimori ingest` goes on", were(state.unfinished, "batch"));
    }
    print(question, "kagimori.lake-info", &state, &text)?;
    Ok(Exit::Clean)
}

fn were(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what} was") } else { format!("{count} {what}es were") }
}

fn verify(question: &LakeQuestion) -> Result<Exit, AppError> {
    let state = look(&folder(question)?, Depth::Parts)?;
    let events: u64 = state.days.iter().map(|day| day.events).sum();
    let (days, events) = (counted(state.days.len(), "day"), counted(events, "event"));
    let mut text = String::new();
    for day in state.days.iter().filter(|day| !day.wrong.is_empty()) {
        let _ = writeln!(
            text,
            "{}: {} of the trail files that it may have come from are there, {} are gone",
            day.day, day.files_there, day.files_gone
        );
        for wrong in &day.wrong {
            let _ = writeln!(text, "  {wrong}");
        }
    }
    for plan in &state.damaged_plans {
        let _ = writeln!(text, "`{plan}` cannot be read");
    }
    let exit = if state.is_sound() {
        let _ = writeln!(text, "{days} with {events}: every part is what was written");
        Exit::Clean
    } else {
        let _ = writeln!(text, "\n`kagimori lake repair` writes these days anew, of what is there");
        Exit::Findings
    };
    print(question, "kagimori.lake-verify", &state, &text)?;
    Ok(exit)
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    days: &'a [Mended],
    problems: Vec<Wrong<'a>>,
}

#[derive(Serialize)]
struct Wrong<'a> {
    file: &'a str,
    message: &'a str,
    hint: &'a str,
}

impl<'a> Wrong<'a> {
    fn of(problem: &'a Problem) -> Self {
        Self { file: &problem.file, message: &problem.message, hint: &problem.hint }
    }
}

fn mend(question: &LakeQuestion) -> Result<Exit, AppError> {
    let (days, problems) = repair(&folder(question)?)?;
    match question.format {
        Format::Human => printer::text(&mended(&days, &problems))?,
        Format::Json => {
            let schema = Schema { name: "kagimori.lake-repair", version: 1 };
            let problems = problems.iter().map(Wrong::of).collect();
            printer::json(&Output { schema, now: Timestamp::now(), days: &days, problems })?;
        }
    }
    let is_less = days.iter().any(Mended::is_less);
    Ok(if is_less || !problems.is_empty() { Exit::Incomplete } else { Exit::Clean })
}

fn mended(days: &[Mended], problems: &[Problem]) -> String {
    let mut text = String::new();
    for day in days {
        let Mended { day, before, after, bodies_before, bodies_after, files_read, files_gone, .. } = day;
        let _ = writeln!(
            text,
            "{day}: {} now, {before} were counted before; {} read for it, {files_gone} gone",
            counted(*after, "event"),
            counted(*files_read, "trail file"),
        );
        if bodies_after < bodies_before {
            let _ = writeln!(text, "  bodies of {bodies_after} events now, of {bodies_before} before");
        }
    }
    if days.iter().any(Mended::is_less) {
        let _ = writeln!(
            text,
            "Days with fewer events or bodies than there were lost what only the missing files held. Fetch these again from the bucket, \
             then run `kagimori ingest`"
        );
    }
    if days.is_empty() {
        text.push_str("There was nothing to mend\n");
    }
    for problem in problems {
        let _ = writeln!(text, "  {}: {}\n    hint: {}", problem.file, problem.message, problem.hint);
    }
    text
}
