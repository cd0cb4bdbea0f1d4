//! What lies inside the rest is left out: whole statements, actions, resources, values of conditions.

use crate::document::{ActionElement, Document, ResourceElement, Statement};
use crate::glob::Glob;
use crate::pattern;

use super::merge::{listed, values};
use super::{Held, lies_in};

/// Removes what is redundant, the statement, element or value at the end first; `tell` hears at each how many have been looked at.
pub(super) fn remove(held: &mut Vec<Held>, tell: &dyn Fn(usize)) {
    let total = held.len();
    for at in (0..total).rev() {
        tell(total.saturating_sub(at.saturating_add(1)));
        let Some(one) = held.get(at).cloned() else { continue };
        let rest: Vec<Held> =
            held.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, held)| held.clone()).collect();
        if is_redundant(&one, &rest) {
            held.remove(at);
            continue;
        }
        let mut one = one;
        remove_actions(&mut one, &rest);
        remove_resources(&mut one, &rest);
        remove_values(&mut one);
        if let Some(slot) = held.get_mut(at) {
            *slot = one;
        }
    }
}

/// Whether a part of a statement says nothing that the rest does not say.
fn is_redundant(part: &Held, rest: &[Held]) -> bool {
    let denies = |as_grants: bool| -> Vec<Document> {
        let denies = rest.iter().filter(|held| held.is_deny());
        denies.map(|held| if as_grants { held.grant() } else { held.document() }).collect()
    };
    if part.is_deny() {
        return lies_in(&[part.grant()], &denies(true));
    }
    let mut inner = denies(false);
    inner.push(part.document());
    let outer: Vec<Document> = rest.iter().map(Held::document).collect();
    lies_in(&inner, &outer)
}

/// Tries each entry of a list, the last first: `with` makes the statement of a list.
fn remove_entries(
    one: &mut Held,
    rest: &[Held],
    entries: Vec<String>,
    may_be: &dyn Fn(&str, &[String]) -> bool,
    with: &dyn Fn(Statement, Vec<String>) -> Statement,
) {
    let mut kept = entries;
    for at in (0..kept.len()).rev() {
        let Some(entry) = kept.get(at).cloned() else { continue };
        let mut others = kept.clone();
        others.remove(at);
        if others.is_empty() || !may_be(&entry, &others) {
            continue;
        }
        let of =
            |list: Vec<String>| Held { statement: with(one.statement.clone(), list), version: one.version };
        let mut everything_else = rest.to_vec();
        everything_else.push(of(others.clone()));
        if is_redundant(&of(vec![entry]), &everything_else) {
            kept = others;
        }
    }
    one.statement = with(one.statement.clone(), kept);
}

fn remove_actions(one: &mut Held, rest: &[Held]) {
    let ActionElement::Action(list) = &one.statement.action else { return };
    let entries = list.as_slice().to_vec();
    let elsewhere: Vec<&str> = rest
        .iter()
        .flat_map(|held| match held.statement.action.patterns() {
            // It may name anything.
            (_, true) => vec!["*"],
            (patterns, false) => patterns.iter().map(String::as_str).collect(),
        })
        .collect();
    // Only what another pattern names, too, can be left out. A wildcard may be named by several together.
    let lower = |text: &str| Glob::policy(text).lower_case();
    let elsewhere: Vec<(&str, Glob)> = elsewhere.into_iter().map(|text| (text, lower(text))).collect();
    let may_be = |entry: &str, others: &[String]| {
        let is_wild = entry.contains(['*', '?']);
        let glob = lower(entry);
        let overlaps = |text: &str, other: &Glob| {
            if is_wild { other.overlaps(&glob) } else { pattern::matches_ignoring_case(text, entry) }
        };
        elsewhere.iter().any(|(text, glob)| is_near(entry, text) && overlaps(text, glob))
            || others.iter().any(|text| is_near(entry, text) && overlaps(text, &lower(text)))
    };
    remove_entries(one, rest, entries, &may_be, &|statement, list| Statement {
        action: ActionElement::Action(listed(list)),
        ..statement
    });
}

/// Told without a walk: they begin with the same service, or one of them with a wildcard.
fn is_near(a: &str, b: &str) -> bool {
    let service = |text: &str| text.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let (a, b) = (service(a), service(b));
    a == b || a.contains(['*', '?']) || b.contains(['*', '?'])
}

fn remove_resources(one: &mut Held, rest: &[Held]) {
    let Some(ResourceElement::Resource(list)) = &one.statement.resource else { return };
    let entries = list.as_slice().to_vec();
    let elsewhere: Vec<&String> = rest
        .iter()
        .filter_map(|held| held.statement.resource.as_ref())
        .flat_map(|element| match element.patterns() {
            (patterns, false) => patterns,
            (_, true) => &[],
        })
        .collect();
    let is_negated = |held: &Held| held.statement.resource.as_ref().is_none_or(|it| it.patterns().1);
    let is_open = rest.iter().any(is_negated);
    // Patterns that surely have no ARN in common say nothing of each other.
    let overlaps = |entry: &str, other: &str| {
        let is_odd = |text: &str| text.contains("${") || text.splitn(6, ':').count() < 6;
        let folds = entry.contains(":user/") || other.contains(":user/");
        is_odd(entry) || is_odd(other) || folds || Glob::policy(other).overlaps(&Glob::policy(entry))
    };
    let may_be = |entry: &str, others: &[String]| {
        is_open || others.iter().chain(elsewhere.iter().copied()).any(|other| overlaps(entry, other))
    };
    remove_entries(one, rest, entries, &may_be, &|statement, list| Statement {
        resource: Some(ResourceElement::Resource(listed(list))),
        ..statement
    });
}

/// A value is redundant when the statement applies to the same requests without it.
fn remove_values(one: &mut Held) {
    for place in 0..one.statement.conditions.len() {
        let count = one.statement.conditions.get(place).map_or(0, |it| it.values.as_slice().len());
        for at in (0..count).rev() {
            let mut without = one.clone();
            let Some(condition) = without.statement.conditions.get_mut(place) else { continue };
            let mut list = condition.values.as_slice().to_vec();
            if list.len() < 2 {
                break;
            }
            list.remove(at);
            condition.values = values(list);
            let (with, without_it) = ([one.grant()], [without.grant()]);
            if lies_in(&with, &without_it) && lies_in(&without_it, &with) {
                *one = without;
            }
        }
    }
}
