//! The policy that a program needs, and where each part of it comes from.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_policy::compare::{Inclusion, included};
use kagimori_policy::document::{
    ActionElement, Condition, ConditionValue, ConditionValues, Document, Effect, OneOrMany, ResourceElement,
    Statement, Version,
};
use kagimori_policy::glob::Glob;

use super::request::Need;

/// A policy with its grounds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Composed {
    /// The policy.
    pub document: Document,
    /// Why each statement stands there: `file:line service:Operation`.
    pub grounds: Vec<Vec<String>>,
    /// Whether it allows all that is needed, proved; and nothing else, but what one statement joins.
    pub suffices: Inclusion,
}

type Conditions = BTreeMap<String, BTreeSet<String>>;
type Resources = BTreeSet<String>;

/// Composes the policy of needs; those that only some requests have, where that is asked for.
pub fn compose(needs: &[Need], with_possible: bool) -> Composed {
    let wanted: Vec<&Need> = needs.iter().filter(|need| with_possible || !need.is_possible).collect();
    let mut by_action: BTreeMap<(&str, Conditions), Resources> = BTreeMap::new();
    for need in &wanted {
        by_action.entry((&need.action, conditions(need))).or_default().insert(need.resource.clone());
    }
    let mut by_resources: BTreeMap<(&str, Conditions, Resources), BTreeSet<&str>> = BTreeMap::new();
    for ((action, conditions), resources) in by_action {
        let service = action.split(':').next().unwrap_or(action);
        by_resources.entry((service, conditions, widest(&resources))).or_default().insert(action);
    }
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut statements, mut grounds) = (Vec::new(), Vec::new());
    for ((service, conditions, resources), actions) in by_resources {
        let number = numbers.entry(service).or_default();
        *number = number.saturating_add(1);
        grounds.push(grounds_of(&wanted, &actions, &conditions, &resources));
        statements.push(Statement {
            sid: Some(sid(service, *number)),
            effect: Effect::Allow,
            principal: None,
            action: ActionElement::Action(listed(actions.into_iter().map(str::to_owned).collect())),
            resource: Some(ResourceElement::Resource(listed(resources.into_iter().collect()))),
            conditions: conditions.into_iter().map(|(key, values)| condition(key, values)).collect(),
        });
    }
    let document = Document { version: Some(Version::V2012), id: None, statements };
    let suffices = included(&[each(&wanted)], std::slice::from_ref(&document));
    Composed { document, grounds, suffices }
}

/// The policy of one need.
pub fn alone(need: &Need) -> Document {
    each(&[need])
}

/// A statement for each need.
fn each(needs: &[&Need]) -> Document {
    let statement = |need: &&Need| Statement {
        sid: None,
        effect: Effect::Allow,
        principal: None,
        action: ActionElement::Action(OneOrMany::One(need.action.clone())),
        resource: Some(ResourceElement::Resource(OneOrMany::One(need.resource.clone()))),
        conditions: conditions(need).into_iter().map(|(key, values)| condition(key, values)).collect(),
    };
    Document { version: Some(Version::V2012), id: None, statements: needs.iter().map(statement).collect() }
}

fn conditions(need: &Need) -> Conditions {
    let mut conditions = Conditions::new();
    for (key, value) in &need.conditions {
        conditions.entry(key.clone()).or_default().insert(value.clone());
    }
    conditions
}

fn condition(key: String, values: BTreeSet<String>) -> Condition {
    let operator = if values.iter().any(|value| value.contains('*')) { "StringLike" } else { "StringEquals" };
    let mut values: Vec<ConditionValue> = values.into_iter().map(ConditionValue::Text).collect();
    let values = match values.len() {
        1 => ConditionValues::One(values.remove(0)),
        _ => ConditionValues::Many(values),
    };
    Condition { operator: operator.to_owned(), key, values }
}

fn listed(mut all: Vec<String>) -> OneOrMany {
    if all.len() == 1 { OneOrMany::One(all.remove(0)) } else { OneOrMany::Many(all) }
}

/// Without those that another of them holds.
fn widest(resources: &Resources) -> Resources {
    let is_held = |one: &String| resources.iter().any(|other| other != one && holds(other, one));
    resources.iter().filter(|one| !is_held(one)).cloned().collect()
}

fn grounds_of(
    needs: &[&Need],
    actions: &BTreeSet<&str>,
    conditions_of: &Conditions,
    resources: &Resources,
) -> Vec<String> {
    let is_of = |need: &&&Need| {
        actions.contains(need.action.as_str())
            && conditions(need) == *conditions_of
            && resources.iter().any(|resource| *resource == need.resource || holds(resource, &need.resource))
    };
    let told: BTreeSet<(&str, u32, &str)> =
        needs.iter().filter(is_of).map(|need| (need.path.as_str(), need.line, need.call.as_str())).collect();
    told.into_iter().map(|(path, line, call)| format!("{path}:{line} {call}")).collect()
}

/// A Sid is letters and digits (IAM User Guide, `reference_policies_elements_sid`).
fn sid(service: &str, number: usize) -> String {
    let mut name: String = service.chars().filter(char::is_ascii_alphanumeric).collect();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{name}Needs{number}")
}

/// Whether a pattern holds all that another holds.
fn holds(outer: &str, inner: &str) -> bool {
    Glob::policy(outer).covers(&Glob::policy(inner))
}
