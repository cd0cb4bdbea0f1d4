//! Routes for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use kagimori_estate::access::May;
use kagimori_plan::escalation::catalogue::Gain;
use kagimori_plan::escalation::{Because, Cut, Found, Goal, Graph, Route, Step, cut};
use kagimori_terminal::style::{BOLD, DIM, RED_BOLD as RED, YELLOW_BOLD as YELLOW};

use super::{alike, nearby, short};
use crate::show::numbers::counted;

/// How many sources with the same way are named.
const NAMES_MAX: usize = 5;
/// How many statements are named for one step.
const STATEMENTS_MAX: usize = 5;
/// How many ways that nobody can tell of are shown, when not asked about one source.
const UNKNOWN_MAX: usize = 10;

pub(super) fn text(graph: &Graph<'_>, goal: &Goal, found: &Found, from: Option<&str>) -> String {
    let mut text = String::new();
    summary(goal, found, from, &mut text);
    if let Some(arn) = from.filter(|from| found.there.iter().any(|(there, _)| there == from)) {
        for condition in graph.administrator_if(arn) {
            let _ = writeln!(text, "  {YELLOW}if{YELLOW:#} {condition}");
        }
    }
    let groups = alike(graph, found);
    let (known, unknown): (Vec<_>, Vec<_>) =
        groups.iter().partition(|routes| routes.first().is_some_and(|route| route.certainty() >= May::If));
    for routes in known {
        way(graph, routes, &mut text);
    }
    let shown = if from.is_some() { unknown.len() } else { UNKNOWN_MAX };
    if !unknown.is_empty() {
        let _ = writeln!(text, "\n{BOLD}Could not be told{BOLD:#}");
    }
    for routes in unknown.iter().take(shown) {
        open_way(graph, routes, &mut text);
    }
    if unknown.len() > shown {
        let left = unknown.len().saturating_sub(shown);
        let _ = writeln!(
            text,
            "  and {}; --from shows those of one principal, --format json all",
            counted(left, "more way")
        );
    }
    for assumption in graph.access().assumptions() {
        let _ = writeln!(text, "\n{DIM}assumed: {assumption}{DIM:#}");
    }
    text
}

fn summary(goal: &Goal, found: &Found, from: Option<&str>, text: &mut String) {
    let count = |wanted: May| found.routes.iter().filter(|route| route.certainty() == wanted).count();
    let (sure, conditional, unknown) = (count(May::Surely), count(May::If), count(May::Unknown));
    let aim = match goal {
        Goal::Administrator => "become an administrator".to_owned(),
        Goal::Principal(arn) => format!("act as {}", short(arn)),
    };
    let _ = match from {
        Some(arn) => {
            let there = found.there.iter().find(|(there, _)| there == arn).map(|(_, may)| *may);
            let verdict = match (sure, conditional, unknown, there) {
                (1.., .., Some(May::If)) => {
                    format!(
                        "is an administrator already, under conditions, and {RED}can{RED:#} {aim} without them"
                    )
                }
                (1.., ..) => format!("{RED}can{RED:#} {aim}"),
                (.., Some(May::If)) => {
                    format!(
                        "is an administrator already, {YELLOW}under conditions{YELLOW:#}; no way without them is sure"
                    )
                }
                (_, 1.., ..) => format!("{YELLOW}can{YELLOW:#} {aim} under conditions"),
                (_, _, 1.., _) => format!("may be able to {aim}: it could not be told"),
                (.., Some(_)) => "is an administrator already".to_owned(),
                _ => format!("cannot {aim}"),
            };
            writeln!(text, "{} {verdict}", short(arn))
        }
        None => {
            let more = if conditional > 0 {
                format!(", {conditional} more under conditions")
            } else {
                String::new()
            };
            let open =
                if unknown > 0 { format!("; of {unknown} it could not be told") } else { String::new() };
            writeln!(text, "{sure} of {} can {aim}{more}{open}", counted(found.asked, "principal"))
        }
    };
    if matches!(goal, Goal::Principal(arn) if arn.contains(":role/aws-service-role/")) {
        let _ = writeln!(text, "a role linked to a service: nobody but its service acts as it");
    }
    let doubtful = found.there.iter().filter(|(_, may)| *may != May::Surely).count();
    let whose = if *goal == Goal::Administrator { "" } else { " of its account" };
    let conditions =
        if doubtful > 0 { format!(", {doubtful} of them under conditions") } else { String::new() };
    if from.is_none() {
        let is_one = found.there.len() == 1;
        let verb = match *goal {
            Goal::Administrator if is_one => "is an administrator",
            Goal::Administrator => "are administrators",
            Goal::Principal(_) if is_one => "more can anyway, being an administrator",
            Goal::Principal(_) => "more can anyway, being administrators",
        };
        if *goal == Goal::Administrator || !found.there.is_empty() {
            let _ = writeln!(text, "{} {verb}{whose}{conditions}", found.there.len());
        }
        ids(found, text);
    }
}

/// How often each path of the catalogue is a step.
fn ids(found: &Found, text: &mut String) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for route in found.routes.iter().filter(|route| route.certainty() >= May::If) {
        for id in route.paths() {
            let count = counts.entry(id).or_default();
            *count = count.saturating_add(1);
        }
    }
    if !counts.is_empty() {
        let list: Vec<String> = counts.iter().map(|(id, count)| format!("{id} ×{count}")).collect();
        let _ = writeln!(text, "by {}", list.join(", "));
    }
}

fn names(graph: &Graph<'_>, routes: &[&Route]) -> String {
    let mut names: Vec<String> =
        routes.iter().take(NAMES_MAX).map(|route| short(graph.source(route))).collect();
    if routes.len() > NAMES_MAX {
        names.push(format!("and {} more with the same policies", routes.len().saturating_sub(NAMES_MAX)));
    }
    names.join(", ")
}

fn way(graph: &Graph<'_>, routes: &[&Route], text: &mut String) {
    let Some(first) = routes.first() else { return };
    let (style, mark) = if first.certainty() == May::Surely { (RED, "CAN") } else { (YELLOW, "IF ") };
    let _ = writeln!(text, "\n{style}{mark}{style:#}  {}", names(graph, routes));
    let steps = graph.steps(first);
    let source = graph.source(first);
    for (number, step) in steps.iter().enumerate() {
        let number = number.saturating_add(1);
        let id = step.path.map(|path| path.id.as_str()).unwrap_or_default();
        let _ = writeln!(text, "  {number}. {}  {DIM}{id}{DIM:#}", said(step, source));
        for condition in &step.conditions {
            let _ = writeln!(text, "     {YELLOW}if{YELLOW:#} {condition}");
        }
        allowed_by(step, text);
    }
    if let Some(Cut { action, because, .. }) = cut(&steps) {
        let _ = writeln!(text, "  to close this way: take {action} out of {}", named(because));
    }
}

/// One step in a sentence.
fn said(step: &Step, source: &str) -> String {
    let actor = if step.from == source && step.member_of.is_none() && step.changed.is_none() {
        String::new()
    } else {
        let group = step.member_of.as_ref().map(|group| format!(" in {group}")).unwrap_or_default();
        let changed = step.changed.as_ref().map(|changed| format!(" {changed}")).unwrap_or_default();
        format!("as {}{group}{changed}: ", nearby(&step.from, source))
    };
    let to = nearby(&step.to, source);
    let Some(path) = step.path else {
        return format!("{actor}an administrator of the account can act as {to}");
    };
    let on = if step.victim == step.from { "itself".to_owned() } else { nearby(&step.victim, source) };
    let gain = if step.any_permission && step.to == step.from {
        "any permission".to_owned()
    } else if step.any_permission {
        format!("{to} with any permission")
    } else if let (true, Some(becomes)) = (step.to == step.from, &step.becomes) {
        becomes.clone()
    } else if step.to == step.from {
        "the policies of the group".to_owned()
    } else if let Some(becomes) = &step.becomes {
        format!("acts as {to} {becomes}")
    } else {
        format!("acts as {to}")
    };
    if path.gains == Gain::Through {
        return format!("{actor}{} → {}", path.actions(), step.becomes.as_deref().unwrap_or_default());
    }
    format!("{actor}{} on {on} → {gain}", path.actions())
}

fn allowed_by(step: &Step, text: &mut String) {
    let mut statements: Vec<&Because> = step.witnesses.iter().flat_map(|witness| &witness.because).collect();
    statements.sort();
    statements.dedup();
    for because in statements.iter().take(STATEMENTS_MAX) {
        let file = because.file.as_deref().map(|file| format!(" ({file})")).unwrap_or_default();
        let _ = writeln!(text, "     {DIM}by {}{file}{DIM:#}", named(because));
    }
    if statements.len() > STATEMENTS_MAX {
        let left = statements.len().saturating_sub(STATEMENTS_MAX);
        let _ = writeln!(text, "     {DIM}and {}{DIM:#}", counted(left, "more statement"));
    }
}

/// ``statement 2 `Sid` of inline policy …``
fn named(because: &Because) -> String {
    let sid = because.sid.as_deref().map(|sid| format!(" `{sid}`")).unwrap_or_default();
    format!("statement {}{sid} of {}", because.number, because.policy)
}

/// A way of which nobody can tell: what would have to be known.
fn open_way(graph: &Graph<'_>, routes: &[&Route], text: &mut String) {
    let Some(first) = routes.first() else { return };
    let _ = writeln!(text, "  {}", names(graph, routes));
    let steps = graph.steps(first);
    if steps.is_empty() {
        let missing = graph.missing(first).join(", ");
        let _ = writeln!(text, "     may be an administrator already: {missing} was not given");
    }
    for step in &steps {
        let id = step.path.map(|path| path.id.as_str()).unwrap_or_default();
        let _ = writeln!(text, "     {}  {DIM}{id}{DIM:#}", said(step, graph.source(first)));
        for condition in &step.conditions {
            let _ = writeln!(text, "       {condition}");
        }
    }
}
