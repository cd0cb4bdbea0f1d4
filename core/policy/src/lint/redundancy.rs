//! What can go without changing a decision: inclusion of sets, proved, never a guess from the text.

use rustc_hash::FxHashMap;

use super::rule::RuleId;
use super::subject::{Held, Sink, Subject, shortened};
use crate::compare::is_statement_inside;
use crate::glob::Glob;
use crate::pattern;
use kagimori_id::arn::padded_parts;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        if sink.wants(RuleId::RedundantAction) {
            actions(held, sink);
        }
        if sink.wants(RuleId::RedundantResource) {
            resources(held, sink);
        }
    }
    statements(subject, sink);
}

/// Whether every text of `narrow` is one of `wide`; `false` when too much has been compared already.
pub(super) fn covers(wide: &str, narrow: &str, sink: &Sink<'_>) -> bool {
    if !wide.contains(['*', '?']) {
        return wide == narrow;
    }
    if !narrow.contains(['*', '?']) {
        return pattern::matches(wide, narrow);
    }
    // `prefix*` is the usual form.
    match wide.strip_suffix('*') {
        Some(prefix) if !prefix.contains(['*', '?']) => narrow.starts_with(prefix),
        _ => {
            may_cover(wide, narrow) && sink.may_compare() && Glob::policy(wide).covers(&Glob::policy(narrow))
        }
    }
}

/// Two texts of `narrow`, with nothing and with one odd character for each `*`: a set that lacks one of them is not wider.
fn may_cover(wide: &str, narrow: &str) -> bool {
    const ODD: &str = "\u{1}";
    let texts = [narrow.replace('*', ""), narrow.replace('*', ODD)];
    texts.iter().all(|text| pattern::matches(wide, &text.replace('?', ODD)))
}

/// The entries that another entry covers, with that entry. Of two equal ones the later is too many.
fn redundant(entries: &[String], covers: impl Fn(&String, &String) -> bool) -> Vec<(usize, usize)> {
    let mut first = FxHashMap::<&str, usize>::default();
    let wide: Vec<(usize, &String)> =
        entries.iter().enumerate().filter(|(_, entry)| entry.contains(['*', '?'])).collect();
    let mut found = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        if let Some(twin) = first.get(entry.as_str()) {
            found.push((number, *twin));
            continue;
        }
        first.insert(entry, number);
        let is_over = |(other, wide): &&(usize, &String)| {
            *other != number && covers(wide, entry) && (*other < number || !covers(entry, wide))
        };
        if let Some((other, _)) = wide.iter().find(is_over) {
            found.push((number, *other));
        }
    }
    found
}

fn actions(held: &Held<'_>, sink: &mut Sink<'_>) {
    let (patterns, _) = held.statement.action.patterns();
    let lower: Vec<String> = patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
    let is_over = |wide: &String, narrow: &String| wide == "*" || covers(wide, narrow, sink);
    for (number, other) in redundant(&lower, is_over) {
        report(held, held.action_element(), RuleId::RedundantAction, patterns, number, other, sink);
    }
}

/// ARNs are compared part by part.
fn parts_cover(wide: &str, narrow: &str, sink: &Sink<'_>) -> bool {
    // What stands before the first wildcard must stand there, too: most pairs end here.
    let start = wide.find(['*', '?']).and_then(|at| wide.get(..at)).unwrap_or(wide);
    if !narrow.starts_with(start) {
        return false;
    }
    let mut parts = padded_parts(wide).into_iter().zip(padded_parts(narrow));
    parts.all(|(wide, narrow)| covers(wide, narrow, sink))
}

fn resources(held: &Held<'_>, sink: &mut Sink<'_>) {
    let patterns = held.resources();
    let is_over = |wide: &String, narrow: &String| {
        let is_odd = wide.contains("${") || narrow.contains("${");
        // Nothing but `*` reaches actions without resource types.
        wide == narrow || wide == "*" || (!is_odd && narrow != "*" && parts_cover(wide, narrow, sink))
    };
    for (number, other) in redundant(patterns, is_over) {
        report(held, held.resource_element(), RuleId::RedundantResource, patterns, number, other, sink);
    }
}

fn report(
    held: &Held<'_>,
    element: &str,
    rule: RuleId,
    patterns: &[String],
    number: usize,
    other: usize,
    sink: &mut Sink<'_>,
) {
    let text = |place: usize| patterns.get(place).map(|pattern| shortened(pattern)).unwrap_or_default();
    let message = format!("`{}` is covered by `{}`", text(number), text(other));
    sink.add(rule, held.at(element).item(number), message);
}

/// A cheap look at the resources first: most pairs of statements end here.
fn may_be_inside(inner: &Held<'_>, outer: &Held<'_>, sink: &Sink<'_>) -> bool {
    let is_plain = |held: &Held<'_>| held.resource_element() == "Resource" && !held.resources().is_empty();
    if !is_plain(inner) || !is_plain(outer) {
        return true;
    }
    let may_cover = |wide: &String, narrow: &String| wide.contains("${") || parts_cover(wide, narrow, sink);
    inner.resources().iter().all(|narrow| outer.resources().iter().any(|wide| may_cover(wide, narrow)))
}

fn statements(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let is_inside = |inner: &Held<'_>, outer: &Held<'_>, sink: &Sink<'_>| {
        may_be_inside(inner, outer, sink)
            && inner.actions().is_subset(outer.actions())
            && is_statement_inside(inner.statement, outer.statement, subject.version())
    };
    for inner in &subject.statements {
        for outer in subject.statements.iter().filter(|outer| outer.number != inner.number) {
            let is_twin = inner.statement.effect == outer.statement.effect;
            let rule = match (is_twin, inner.is_allow()) {
                (true, _) => RuleId::RedundantStatement,
                (false, true) => RuleId::AllowNeverWorks,
                (false, false) => continue,
            };
            if !sink.wants(rule) || !is_inside(inner, outer, sink) {
                continue;
            }
            // Of two that say the same, the later one is too many.
            if is_twin && inner.number < outer.number && is_inside(outer, inner, sink) {
                continue;
            }
            let message = match rule {
                RuleId::AllowNeverWorks => format!("{} is wholly denied by {}", inner.name(), outer.name()),
                _ => format!("{} lies wholly inside {}", inner.name(), outer.name()),
            };
            sink.add(rule, inner.path(), message);
            break;
        }
    }
}
