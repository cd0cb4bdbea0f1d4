//! What a reviewer should know beside the policy.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_policy::catalogue::{ActionSet, Catalogue};
use kagimori_policy::document::{Document, Effect, Statement};
use kagimori_trail::call::{CheckedResource, Outcome};
use serde::Serialize;

use super::needs::Need;
use crate::replay::{Class, Witness};

/// A window shorter than this says nothing of seasons.
const SEASON_DAYS_MIN: i64 = 28;

/// What the old policies grant and the new do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Dropped {
    /// Actions the old policies name, on some resource.
    pub actions_before: usize,
    /// Actions the new policies name.
    pub actions_after: usize,
    /// Actions no longer named, by service.
    pub by_service: BTreeMap<String, usize>,
}

/// Calls that were denied for want of a permission: whether they should be allowed is for a person to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Denied {
    /// The action.
    pub action: String,
    /// On what, when the event tells.
    pub resource: Option<String>,
    /// How many.
    pub calls: u64,
    /// The first.
    pub first: Witness,
    /// When the last was.
    pub last: i64,
}

/// An action that was used on few days: monthly, quarterly or once. A shorter trail might have missed it, and others like it
/// may have been missed by this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rare {
    /// The action.
    pub action: String,
    /// On how many days it was used.
    pub days: usize,
    /// The usual distance between these days; `None` when there is one day only.
    pub every_days: Option<i64>,
    /// When the last was.
    pub last: i64,
}

pub(super) fn dropped(old: &[Document], new: &[Document]) -> Dropped {
    let catalogue = Catalogue::embedded();
    let (before, after) = (named(old), named(new));
    let mut gone = before.clone();
    gone.subtract(&after);
    let mut by_service: BTreeMap<String, usize> = BTreeMap::new();
    for id in gone.iter() {
        let name = catalogue.name(id);
        let service = name.split(':').next().unwrap_or_default().to_owned();
        let count = by_service.entry(service).or_default();
        *count = count.saturating_add(1);
    }
    Dropped { actions_before: before.count(), actions_after: after.count(), by_service }
}

/// The actions that Allow statements name.
fn named(documents: &[Document]) -> ActionSet {
    let catalogue = Catalogue::embedded();
    let mut all = ActionSet::none(catalogue);
    let statements = documents.iter().flat_map(|document| &document.statements);
    for statement in statements.filter(|statement| statement.effect == Effect::Allow) {
        all.unite(&of_statement(statement));
    }
    all
}

fn of_statement(statement: &Statement) -> ActionSet {
    let catalogue = Catalogue::embedded();
    let (patterns, is_negated) = statement.action.patterns();
    let mut set = ActionSet::none(catalogue);
    for pattern in patterns {
        catalogue.expand_into(&mut set, pattern);
    }
    if is_negated { set.complement() } else { set }
}

pub(super) fn denied(calls: &[&Class]) -> Vec<Denied> {
    let mut found: BTreeMap<(String, Option<String>), Denied> = BTreeMap::new();
    for class in calls.iter().filter(|class| class.call.outcome == Outcome::Denied) {
        for check in &class.call.checks {
            let resource = match &check.resource {
                CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) => Some(arn.to_string()),
                CheckedResource::None | CheckedResource::Unknown => None,
            };
            let key = (check.action.to_string(), resource.clone());
            let held = found.entry(key).or_insert_with(|| Denied {
                action: check.action.to_string(),
                resource,
                calls: 0,
                first: class.witness(),
                last: class.last,
            });
            held.calls = held.calls.saturating_add(class.count);
            held.first = super::first(Some(held.first.clone()), &class.witness());
            held.last = held.last.max(class.last);
        }
    }
    found.into_values().collect()
}

/// Actions used on at most one day in a fortnight of the window, over at least four weeks or once.
pub(super) fn rare(needs: &[Need], window_days: i64) -> Vec<Rare> {
    if window_days < SEASON_DAYS_MIN {
        return Vec::new();
    }
    let mut days: BTreeMap<&str, (BTreeSet<i64>, i64)> = BTreeMap::new();
    for need in needs {
        let (held, last) = days.entry(&need.action).or_default();
        held.extend(&need.days);
        *last = (*last).max(need.last);
    }
    let few = usize::try_from(window_days / 14).unwrap_or(usize::MAX);
    let rare = days.into_iter().filter(|(_, (days, _))| days.len() <= few);
    rare.filter_map(|(action, (days, last))| {
        let (begin, end) = (*days.first()?, *days.last()?);
        let gaps = i64::try_from(days.len()).ok()?.saturating_sub(1);
        let every_days = (gaps > 0).then(|| end.saturating_sub(begin) / gaps.max(1));
        // Several days in a row are one use, not a rhythm.
        let every_days = every_days.filter(|every| *every >= 7);
        Some(Rare { action: action.to_owned(), days: days.len(), every_days, last })
    })
    .collect()
}
