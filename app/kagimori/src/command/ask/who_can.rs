//! `kagimori ask who-can`: everyone who may make a request.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use kagimori_estate::access::{Access, Question, Subject};
use kagimori_policy::decision::Answer;
use serde::Serialize;

use super::{can, question};
use crate::args::{Format, WhoCan};
use crate::error::AppError;
use crate::exit::Exit;
use crate::printer;
use crate::show::numbers::counted;
use crate::show::schema::Schema;

const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

pub(super) fn run(args: &WhoCan) -> Result<Exit, AppError> {
    let estate = super::estate(&args.circumstances.dir)?;
    let mut access = Access::of(&estate);
    let question = question::read(&mut access, &args.action, &args.resource, &args.circumstances)?;
    let found = access.who_can(&question);
    let rows: Vec<Row> =
        found.iter().map(|(subject, answer)| row(&access, &question, subject, *answer)).collect();
    match args.circumstances.format {
        Format::Human => printer::text(&text(&access, &question, &rows))?,
        Format::Json => printer::json(&Output {
            schema: Schema { name: "kagimori.who_can", version: 1 },
            action: &question.action,
            resource: &question.resource,
            asked: access.subjects().len(),
            principals: &rows,
        })?,
    }
    let exit = if rows.iter().any(|row| row.answer == "allowed") {
        Exit::Clean
    } else if rows.is_empty() {
        Exit::Findings
    } else {
        Exit::Failed
    };
    Ok(super::exit(&estate, exit))
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    action: &'a str,
    resource: &'a str,
    asked: usize,
    principals: &'a [Row],
}

#[derive(Serialize)]
struct Row {
    principal: String,
    answer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_if: Option<String>,
}

/// Only what depends is decided once more by the evaluator that can say on what.
fn row(access: &Access<'_>, question: &Question, subject: &Subject, answer: Answer) -> Row {
    let depends = answer == Answer::Indeterminate;
    let allowed_if = depends.then(|| access.ask(subject, question).decision.allowed_if.to_string());
    Row { principal: subject.arn.to_string(), answer: can::word(answer), allowed_if }
}

fn text(access: &Access<'_>, question: &Question, rows: &[Row]) -> String {
    let mut text = String::new();
    let (sure, open): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.allowed_if.is_none());
    let _ = writeln!(
        text,
        "{} on {}: {} of {} can, {} more under conditions",
        question.action,
        question.resource,
        sure.len(),
        counted(access.subjects().len(), "principal"),
        open.len()
    );
    for row in sure {
        let _ = writeln!(text, "  {GREEN}can{GREEN:#}  {}", row.principal);
    }
    for row in open {
        let condition = row.allowed_if.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  {YELLOW}if{YELLOW:#}   {}\n         {condition}", row.principal);
    }
    text
}
