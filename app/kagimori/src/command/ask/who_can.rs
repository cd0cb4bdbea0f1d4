//! `kagimori ask who-can`: everyone who may make a request.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use jiff::Timestamp;
use kagimori_estate::access::{Access, Asked, Extent, Question, Subject};
use kagimori_id::AccountId;
use kagimori_policy::decision::Answer;
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, GREEN_BOLD as GREEN, YELLOW_BOLD as YELLOW};
use serde::Serialize;

use super::{can, question};
use crate::args::{Format, WhoCan};
use crate::error::AppError;
use crate::exit::Exit;
use crate::progress::Steps;
use crate::show::numbers::counted;

pub(super) fn run(args: &WhoCan) -> Result<Exit, AppError> {
    let (estate, now) = super::estate(&args.circumstances.dir)?;
    let mut access = Access::of(&estate);
    let question = question::read(&mut access, &args.action, &args.resource, &args.circumstances, now)?;
    let (steps, total) = (Steps::new("principal"), access.subjects().len());
    let found = access.who_can_telling(&question, &|done| steps.reach(done, total));
    drop(steps);
    let assumptions = assumptions(&access, &question);
    let rows: Vec<Row> = found.iter().map(|(subject, asked)| row(subject, asked)).collect();
    match args.circumstances.format {
        Format::Human => printer::text(&text(&access, &question, &rows, &assumptions))?,
        Format::Json => printer::json(&Output {
            schema: Schema { name: "kagimori.who_can", version: 1 },
            now,
            action: &question.action,
            resource: &question.resource,
            asked: access.subjects().len(),
            assumptions: &assumptions,
            principals: &rows,
        })?,
    }
    let exit = if rows.iter().any(|row| matches!(row.answer, "allowed" | "some")) {
        Exit::Clean
    } else if rows.is_empty() {
        Exit::Findings
    } else {
        Exit::Failed
    };
    Ok(super::exit_of_all(&estate, exit))
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    action: &'a str,
    resource: &'a str,
    asked: usize,
    assumptions: &'a [String],
    principals: &'a [Row],
}

#[derive(Serialize)]
struct Row {
    principal: String,
    answer: &'static str,
    /// Of a pattern of which some resources are allowed: those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_on: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_if: Option<String>,
}

fn row(subject: &Subject, asked: &Asked) -> Row {
    let of =
        |wanted: Answer| asked.pieces.iter().filter(move |piece| piece.answered.decision.answer == wanted);
    let is_some = asked.extent == Extent::Some;
    let allowed = of(Answer::Allowed).filter(|_| is_some);
    let allowed_if = of(Answer::Indeterminate).next().map(|piece| can::condition(&piece.answered));
    Row {
        principal: subject.arn.to_string(),
        answer: match asked.extent {
            Extent::All => "allowed",
            Extent::Some => "some",
            Extent::None => "implicitly_denied",
            Extent::Open => "depends",
        },
        allowed_on: allowed.map(can::which).collect(),
        allowed_if: allowed_if.filter(|_| asked.extent == Extent::Open),
    }
}

/// What was taken for granted because it was not given: the same for everybody of one account.
fn assumptions(access: &Access<'_>, question: &Question) -> Vec<String> {
    let mut one_of_each: BTreeMap<AccountId, &Subject> = BTreeMap::new();
    for subject in access.subjects() {
        one_of_each.entry(subject.account).or_insert(subject);
    }
    let asked = one_of_each.into_values().map(|subject| access.ask(subject, question));
    let found: BTreeSet<String> = asked.flat_map(|answered| answered.assumptions).collect();
    found.into_iter().collect()
}

fn text(access: &Access<'_>, question: &Question, rows: &[Row], assumptions: &[String]) -> String {
    let mut text = String::new();
    let of = |answer: &str| rows.iter().filter(|row| row.answer == answer).collect::<Vec<_>>();
    let (sure, some, open) = (of("allowed"), of("some"), of("depends"));
    let on_some = if some.is_empty() { String::new() } else { format!(", {} on some of them", some.len()) };
    let _ = writeln!(
        text,
        "{} on {}: {} of {} can{on_some}, {} more under conditions",
        question.action,
        question.resource,
        sure.len(),
        counted(access.subjects().len(), "principal"),
        open.len()
    );
    for row in sure {
        let _ = writeln!(text, "  {GREEN}can{GREEN:#}  {}", row.principal);
    }
    for row in some {
        let which = row.allowed_on.join("; ");
        let _ = writeln!(text, "  {YELLOW}some{YELLOW:#} {}\n         {which}", row.principal);
    }
    for row in open {
        let condition = row.allowed_if.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  {YELLOW}if{YELLOW:#}   {}\n         {condition}", row.principal);
    }
    for assumption in assumptions {
        let _ = writeln!(text, "\n{DIM}assumed: {assumption}{DIM:#}");
    }
    text
}
