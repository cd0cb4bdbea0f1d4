//! What `plan list` and `plan show` print: for people, and as JSON (schemas `kagimori.plans` and `kagimori.plan-shown`, version 1).

use std::fmt::Write;
use std::path::Path;

use kagimori_plan::Plan;
use kagimori_plan::apply::History;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, GREEN_BOLD as GREEN, YELLOW_BOLD as YELLOW};
use serde::Serialize;

use super::{Standing, side_words};
use crate::show::numbers::{calls, counted, day};

/// As many digits of an id as tell plans apart.
const DIGITS: usize = 12;

#[derive(Serialize)]
pub(super) struct Listed<'a> {
    schema: Schema,
    plans: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    title: &'a str,
    standing: Standing,
    steps: usize,
    irreversible: usize,
    newly_denied: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Shown<'a> {
    schema: Schema,
    standing: Standing,
    /// `made`, `begun`, `being undone`, or nothing, by step.
    steps: Vec<&'static str>,
    plan: &'a Plan,
}

/// The first digits of an id.
pub(crate) fn short(id: &str) -> &str {
    id.get(..DIGITS).unwrap_or(id)
}

pub(super) fn list(plans: &[(Standing, Plan)], dir: &Path) -> String {
    if plans.is_empty() {
        return format!(
            "no plans in {}; `kagimori whatif --save` and `kagimori tighten` make them\n",
            dir.join("plans").display()
        );
    }
    let mut text = String::new();
    for (standing, plan) in plans {
        let (steps, title) = (counted(plan.changes.len(), "step"), &plan.title);
        let _ = writeln!(
            text,
            "{}  {:<14}  {steps:<9}  {title}{}",
            short(&plan.id),
            standing.words(),
            broken(plan)
        );
    }
    text
}

/// What it would have broken.
fn broken(plan: &Plan) -> String {
    match plan.evidence.as_ref().map(|evidence| evidence.newly_denied) {
        None => format!("  {DIM}(not replayed){DIM:#}"),
        Some(0) => String::new(),
        Some(broken) => format!("  {YELLOW}(would have broken {}){YELLOW:#}", calls(broken)),
    }
}

pub(super) fn one(plan: &Plan, history: &History) -> String {
    let mut text = String::new();
    let standing = Standing::of(plan, history);
    let _ = writeln!(text, "{}\n{}\n\nSteps ({})", plan.title, plan.id, standing.words());
    for (step, made) in plan.changes.iter().enumerate() {
        let side = side_words(history.side(step));
        let side = if side.is_empty() { String::new() } else { format!("  {GREEN}{side}{GREEN:#}") };
        let _ = writeln!(text, "  {}. {}{side}", step.saturating_add(1), made.sentence);
    }
    let _ = writeln!(text, "\nThe way back");
    for (step, made) in plan.way_back.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", step.saturating_add(1), made.sentence);
    }
    let one_way = plan.one_way().count();
    if one_way > 0 {
        let _ = writeln!(text, "  {YELLOW}nothing takes back {}{YELLOW:#}", counted(one_way, "step"));
    }
    let _ = writeln!(text, "\nReplay");
    match &plan.evidence {
        None => {
            let _ = writeln!(text, "  not made: nobody knows what it would break");
        }
        Some(evidence) => {
            let days = evidence.window.map(|(first, last)| format!(", {} to {}", day(first), day(last)));
            let _ = writeln!(text, "  {}{}", calls(evidence.calls), days.unwrap_or_default());
            let _ = writeln!(
                text,
                "  {} would have been denied, of {} it cannot be told, {} stay allowed",
                calls(evidence.newly_denied),
                calls(evidence.cannot_tell),
                calls(evidence.still_allowed)
            );
        }
    }
    text
}

pub(super) fn listed(plans: &[(Standing, Plan)]) -> Listed<'_> {
    let row = |(standing, plan): &'_ (Standing, Plan)| (*standing, plan.one_way().count());
    let rows = plans.iter().map(|held| {
        let ((standing, irreversible), plan) = (row(held), &held.1);
        Row {
            id: &plan.id,
            title: &plan.title,
            standing,
            steps: plan.changes.len(),
            irreversible,
            newly_denied: plan.evidence.as_ref().map(|evidence| evidence.newly_denied),
        }
    });
    Listed { schema: Schema { name: "kagimori.plans", version: 1 }, plans: rows.collect() }
}

pub(super) fn shown<'a>(plan: &'a Plan, history: &History) -> Shown<'a> {
    Shown {
        schema: Schema { name: "kagimori.plan-shown", version: 1 },
        standing: Standing::of(plan, history),
        steps: (0..plan.changes.len()).map(|step| side_words(history.side(step))).collect(),
        plan,
    }
}
