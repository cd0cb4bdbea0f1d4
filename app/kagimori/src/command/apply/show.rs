//! What `apply` and `undo` print: for people, and as JSON (schema `kagimori.apply`, version 1).

use std::fmt::Write;

use kagimori_plan::Plan;
use kagimori_plan::apply::{Call, Direction, Ended, Report};
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, GREEN_BOLD as GREEN, YELLOW_BOLD as YELLOW};
use serde::Serialize;
use serde_json::Value;

use super::super::plan::short;
use crate::show::numbers::counted;

#[derive(Serialize)]
pub(super) struct Output<'a> {
    schema: Schema,
    plan: &'a str,
    direction: Direction,
    /// `done`, `would_do`, `nothing_to_do`, `moved`, `stopped`, `refused`.
    ended: &'static str,
    why: String,
    /// The steps that this run made, counted from 1 as everywhere.
    done: Vec<usize>,
    already: Vec<usize>,
    found_as_before: Vec<usize>,
    /// On the way back: the steps that were never made.
    never_made: Vec<usize>,
    one_way: Vec<usize>,
    /// On the way back: what came back with none of the steps, in words.
    not_back: Vec<String>,
    left: Vec<usize>,
    /// What had to go to make room.
    gone: &'a [Value],
    /// What would be called.
    calls: &'a [Call],
}

/// Why it ended before its end, in a sentence.
pub(crate) fn why(plan: &Plan, ended: &Ended) -> String {
    let sentence = |step: &usize| plan.changes.get(*step).map_or("", |made| made.sentence.as_str());
    let numbers =
        |steps: &[usize]| numbered(steps).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match ended {
        Ended::Done | Ended::NothingToDo | Ended::WouldDo(_) => String::new(),
        Ended::Unusable(why) => format!("the plan cannot be followed: {why}"),
        Ended::OneWay(steps) => {
            let lost = steps.iter().flat_map(|step| lost(plan, *step));
            let lost: Vec<String> = lost.take(LOST_TOLD).collect();
            let what = if lost.is_empty() { String::new() } else { format!(" ({})", lost.join("; ")) };
            format!("nothing takes back all that this would do: step {}{what}", numbers(steps))
        }
        Ended::NotConfirmed => "that is not the alias of the account".to_owned(),
        Ended::OtherAccount(why) => format!("it cannot be told whose account this is: {why}"),
        Ended::OtherRegion(arn) => format!("AWS lists no instance of Identity Center {arn} in this Region"),
        Ended::Moved(moved) => {
            let told = moved.iter().take(5);
            let told = told.map(|moved| {
                format!("step {}, {}: {}", moved.step.saturating_add(1), sentence(&moved.step), moved.what)
            });
            let more = match moved.len().checked_sub(5) {
                Some(more) if more > 0 => format!("; and {more} more"),
                _ => String::new(),
            };
            format!("what the plan is about is not as it was: {}{more}", told.collect::<Vec<_>>().join("; "))
        }
        Ended::Stopped { step, why, .. } => {
            format!("stopped at step {}, {}: {why}", step.saturating_add(1), sentence(step))
        }
    }
}

pub(super) fn text(plan: &Plan, report: &Report) -> String {
    let mut text = String::new();
    let (made, word) = match report.direction {
        Direction::Apply => ("made", "applied"),
        Direction::Undo => ("taken back", "undone"),
    };
    if let Ended::WouldDo(calls) = &report.ended {
        let _ = writeln!(text, "everything is as it was when the plan was made; these calls would be made:");
        for call in calls {
            let account = call.account.map_or_else(|| "management account".to_owned(), |id| id.to_string());
            let _ =
                writeln!(text, "  {account}  {}:{} {DIM}{}{DIM:#}", call.service, call.operation, call.input);
        }
        return text;
    }
    lines(plan, &report.done, made, &mut text);
    if report.direction == Direction::Undo {
        for what in report.done.iter().flat_map(|step| lost(plan, *step)) {
            let _ = writeln!(text, "     {YELLOW}not back: {what}{YELLOW:#}");
        }
    }
    lines(plan, &report.already, &format!("{made} before"), &mut text);
    lines(plan, &report.never, "never made", &mut text);
    lines(plan, &report.found, "as before already, by somebody else", &mut text);
    lines(plan, &report.one_way, "nothing takes it back", &mut text);
    lines(plan, &report.left, "not done", &mut text);
    for gone in &report.gone {
        let version = gone.get("version").and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(
            text,
            "{YELLOW}the version {version} was deleted to make room; its text is in the journal{YELLOW:#}"
        );
    }
    let id = short(&plan.id);
    match &report.ended {
        Ended::Done if report.direction == Direction::Apply => {
            let _ = writeln!(
                text,
                "{GREEN}{word}{GREEN:#}: {}; `kagimori undo {id}` takes it back",
                counted(plan.changes.len(), "step")
            );
        }
        Ended::Done => {
            let _ = writeln!(text, "{GREEN}{word}{GREEN:#}: {}", counted(report.done.len(), "step"));
        }
        Ended::NothingToDo if !report.one_way.is_empty() => {
            let _ = writeln!(text, "nothing to do: what is not back does not come back");
        }
        Ended::NothingToDo => {
            let _ = writeln!(text, "nothing to do: every step is {made} already, or was never begun");
        }
        _ => {}
    }
    text
}

/// So much of what is lost is told in a message.
const LOST_TOLD: usize = 5;

/// What nothing brings back once a step is made.
fn lost(plan: &Plan, step: usize) -> Vec<String> {
    let made = plan.changes.get(step);
    made.into_iter().flat_map(|made| made.change.lost()).map(|(english, _)| english).collect()
}

fn lines(plan: &Plan, steps: &[usize], what: &str, text: &mut String) {
    for step in steps {
        let sentence = plan.changes.get(*step).map_or("", |made| made.sentence.as_str());
        let _ = writeln!(text, "  {}. {sentence}  {DIM}{what}{DIM:#}", step.saturating_add(1));
    }
}

pub(super) fn json<'a>(plan: &'a Plan, report: &'a Report) -> Output<'a> {
    let ended = match &report.ended {
        Ended::Done => "done",
        Ended::WouldDo(_) => "would_do",
        Ended::NothingToDo => "nothing_to_do",
        Ended::Moved(_) => "moved",
        Ended::Stopped { .. } => "stopped",
        Ended::Unusable(_)
        | Ended::OneWay(_)
        | Ended::NotConfirmed
        | Ended::OtherAccount(_)
        | Ended::OtherRegion(_) => "refused",
    };
    let calls: &[Call] = if let Ended::WouldDo(calls) = &report.ended { calls } else { &[] };
    Output {
        schema: Schema { name: "kagimori.apply", version: 1 },
        plan: &plan.id,
        direction: report.direction,
        ended,
        why: why(plan, &report.ended),
        done: numbered(&report.done),
        already: numbered(&report.already),
        found_as_before: numbered(&report.found),
        never_made: numbered(&report.never),
        one_way: numbered(&report.one_way),
        not_back: match report.direction {
            Direction::Undo => report.done.iter().flat_map(|step| lost(plan, *step)).collect(),
            Direction::Apply => Vec::new(),
        },
        left: numbered(&report.left),
        gone: &report.gone,
        calls,
    }
}

/// Steps as people count them.
fn numbered(steps: &[usize]) -> Vec<usize> {
    steps.iter().map(|step| step.saturating_add(1)).collect()
}
