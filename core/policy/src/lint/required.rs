//! `ec2:RunInstances` needs several resources at once: a statement for some of them allows nothing.
//!
//! EC2 User Guide, `ExamplePolicies_EC2` ("To use RunInstances …"): the image, the subnet, the security group and what is made
//! are each decided, with the condition keys of their own kind. The service reference says which kinds a call always names.

use super::condition::is_of_pattern;
use super::resource::fits;
use super::rule::RuleId;
use super::subject::{Held, Sink, Subject, shortened};
use crate::catalogue::{ActionId, Catalogue};
use crate::document::Condition;
use crate::pattern::matches_ignoring_case;
use crate::reference;
use crate::request::Context;
use crate::validate::PolicyKind;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    if !matches!(subject.kind, PolicyKind::Identity | PolicyKind::Session) {
        return;
    }
    for held in subject.statements.iter().filter(|held| held.is_allow()) {
        let (patterns, is_negated) = held.statement.action.patterns();
        // Of other actions AWS's own policies allow some of what the reference calls required, and work.
        let place = patterns.iter().position(|name| name.eq_ignore_ascii_case("ec2:RunInstances"));
        let Some(number) = place.filter(|_| !is_negated) else { continue };
        let Some(id) = Catalogue::embedded().action("ec2:RunInstances") else { return };
        return action(subject, held, number, id, sink);
    }
}

/// A kind of resource that every call of an action names.
struct Required<'a> {
    key: &'a str,
    number: usize,
}

fn action(subject: &Subject<'_>, held: &Held<'_>, number: usize, id: ActionId, sink: &mut Sink<'_>) {
    let catalogue = Catalogue::embedded();
    let kinds = catalogue.resource_types(id).into_iter().zip(catalogue.resource_numbers(id));
    let required: Vec<Required<'_>> = kinds
        .filter(|(kind, _)| kind.required)
        .map(|(kind, number)| Required { key: kind.key, number })
        .collect();
    let name = catalogue.name(id);
    let allows: Vec<&Held<'_>> =
        subject.statements.iter().filter(|held| held.is_allow() && names(held, &name)).collect();
    let is_named = |kind: &&Required<'_>| allows.iter().any(|held| is_about(held, kind));
    let missing: Vec<&Required<'_>> = required.iter().filter(|kind| !is_named(kind)).collect();
    if required.len() < 2 || missing.len() == required.len() {
        return;
    }
    if let Some(first) = missing.first() {
        let message =
            format!("`{name}` also needs a resource of the kind `{}`, which nothing here allows", first.key);
        sink.add(RuleId::MissingRequiredResource, held.at(held.resource_element()), message);
        return;
    }
    let is_open = |kind: &&Required<'_>| {
        allows.iter().any(|held| is_about(held, kind) && unmet(held, id, kind.key).is_none())
    };
    let closed = required.iter().find(|kind| !is_open(kind));
    let Some((kind, condition)) = closed.and_then(|kind| Some((kind, unmet(held, id, kind.key)?))) else {
        return;
    };
    let message = format!(
        "`{name}` is also decided on the kind `{}`, whose requests have no `{}`: nothing here allows that",
        kind.key,
        shortened(&condition.key)
    );
    sink.add(RuleId::ConditionKeyOfOtherResource, held.at(held.action_element()).item(number), message);
}

fn names(held: &Held<'_>, action: &str) -> bool {
    let (patterns, is_negated) = held.statement.action.patterns();
    patterns.iter().any(|pattern| matches_ignoring_case(pattern, action)) != is_negated
}

fn is_about(held: &Held<'_>, kind: &Required<'_>) -> bool {
    held.resource_element() == "NotResource" || fits(held.resources(), kind.number)
}

/// A condition on a key of EC2 that requests on a kind of resource do not have, and that does not hold without it.
fn unmet<'a>(held: &'a Held<'_>, id: ActionId, kind: &str) -> Option<&'a Condition> {
    let catalogue = Catalogue::embedded();
    let has = |key: &str| {
        let known = catalogue.action_keys(id).into_iter().chain(catalogue.resource_keys(id, kind));
        known.into_iter().any(|known| is_of_pattern(known, key))
    };
    held.statement.conditions.iter().find(|condition| {
        let is_of_ec2 = condition.key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("ec2:"));
        let one = std::slice::from_ref(*condition);
        is_of_ec2
            && catalogue.key_type(&condition.key).is_some()
            && !has(&condition.key)
            && reference::conditions_hold(one, None, &Context::complete()).known() == Some(false)
    })
}
