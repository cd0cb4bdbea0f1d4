//! Conditions that let through what they seem to stop: mostly because a key is absent.
//!
//! IAM User Guide, `reference_policies_elements_condition_operators` ("If the key … is not present") and
//! `reference_policies_multi-value-conditions`. An absent key is tried, not guessed at: the evaluator is asked.

use super::key::{Known, Lookup, Values, lookup};
use super::rule::RuleId;
use super::sample::{asks, callers};
use super::subject::{Held, Sink, Subject, shortened};
use super::witness::{self, Keys, Witness, absent, allowed, fixed};
use crate::catalogue::Catalogue;
use crate::document::{Condition, Effect};
use crate::operator::{Comparison, Operator, Qualifier, Relation};
use crate::reference;
use crate::request::{Context, Fact};
use crate::value;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        for condition in &held.statement.conditions {
            let Some(operator) = Operator::parse(&condition.operator) else { continue };
            if operator.comparison == Comparison::Null {
                continue;
            }
            if let Lookup::Known(known) = lookup(&condition.key) {
                absent_key(subject, held, condition, operator, known, sink);
            }
            mfa(subject, held, condition, operator, sink);
            prefix(held, condition, operator, sink);
        }
        service_calls(subject, held, sink);
        attributes(held, sink);
    }
}

/// Whether an Allow still applies without a key.
enum Open {
    No,
    /// For a policy that grants, with a request that shows it.
    Yes(Option<Box<Witness>>),
}

fn open_without(subject: &Subject<'_>, held: &Held<'_>, key: &str) -> Open {
    let without = [absent(key)];
    if witness::context(held, subject.version(), &without).is_none() {
        return Open::No;
    }
    if !subject.grants() {
        return Open::Yes(None);
    }
    let callers = callers(subject, held);
    let mut asks = callers.iter().flat_map(|caller| asks(subject, held, caller, &without));
    asks.find_map(|ask| allowed(subject, held, &ask))
        .map_or(Open::No, |witness| Open::Yes(Some(Box::new(witness))))
}

fn absent_key(
    subject: &Subject<'_>,
    held: &Held<'_>,
    condition: &Condition,
    operator: Operator,
    known: Known,
    sink: &mut Sink<'_>,
) {
    let is_all = operator.qualifier == Some(Qualifier::ForAllValues);
    let key = shortened(&condition.key);
    let (rule, message) = match (held.statement.effect, known.values) {
        (Effect::Deny, Values::One) if is_all => {
            let path = held.at("Condition").key(&condition.operator).key(&condition.key);
            let message =
                format!("`ForAllValues` also holds without `{key}`, so this denies more than it says");
            sink.add(RuleId::ForAllValuesWithSingleValuedKey, path, message);
            return;
        }
        (Effect::Deny, _) => return,
        (Effect::Allow, Values::One) if is_all => (
            RuleId::ForAllValuesWithSingleValuedKey,
            format!("`ForAllValues` also holds for requests without `{key}`, which are allowed"),
        ),
        (Effect::Allow, _) if is_all && !operator.if_exists => (
            RuleId::ForAllValuesWithoutNull,
            format!("`ForAllValues` also holds for requests without `{key}`, which are allowed"),
        ),
        (Effect::Allow, _) if operator.negated && !known.is_always_there && operator.qualifier.is_none() => (
            RuleId::NegatedOperatorInAllow,
            format!("`{}` also holds for requests without `{key}`, which are allowed", condition.operator),
        ),
        _ => return,
    };
    report(subject, held, condition, rule, message, sink);
}

/// Keys of what the request asks for, not of who asks: tags to be set, and the keys of services.
fn is_of_content(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let (prefix, _) = key.split_once(':').unwrap_or_default();
    key == "aws:tagkeys" || (prefix != "aws" && Catalogue::embedded().has_service(prefix))
}

/// Reports that an Allow applies without the key of a condition, if it does.
fn report(
    subject: &Subject<'_>,
    held: &Held<'_>,
    condition: &Condition,
    rule: RuleId,
    message: String,
    sink: &mut Sink<'_>,
) {
    if !sink.wants(rule) {
        return;
    }
    let path = held.at("Condition").key(&condition.operator).key(&condition.key);
    let witness = match open_without(subject, held, &condition.key) {
        Open::No => return,
        Open::Yes(witness) => witness.map(|witness| *witness),
    };
    // What a request does not ask for needs no leave: without tags there is no forbidden tag. AWS's own policies limit tags and
    // items so (`access_tags`; DynamoDB Developer Guide, `specifying-conditions`).
    let is_mild = rule == RuleId::ForAllValuesWithoutNull && is_of_content(&condition.key);
    match witness {
        _ if is_mild => sink.suggest(rule, path, message),
        None => sink.add(rule, path, message),
        Some(witness) => sink.show(rule, path, message, witness),
    }
}

/// `id_credentials_mfa_configure-api-require`: requests with long-term keys do not have the MFA keys.
fn mfa(
    subject: &Subject<'_>,
    held: &Held<'_>,
    condition: &Condition,
    operator: Operator,
    sink: &mut Sink<'_>,
) {
    let is_flag = condition.key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent");
    let is_age = condition.key.eq_ignore_ascii_case("aws:MultiFactorAuthAge");
    let flag = condition.values.as_slice().first().and_then(|held| value::boolean(held.text()));
    let is_plain = operator.qualifier.is_none() && !operator.negated;
    match held.statement.effect {
        Effect::Allow if operator.if_exists && is_plain && ((is_flag && flag == Some(true)) || is_age) => {
            let message = "long-term access keys have no MFA keys, so they are allowed".to_owned();
            report(subject, held, condition, RuleId::MfaBoolIfExists, message, sink);
        }
        Effect::Deny
            if !operator.if_exists
                && is_plain
                && ((is_flag && flag == Some(false)) || (is_age && asks_for_old(operator)))
                && !denied_without_mfa(subject) =>
        {
            let path = held.at("Condition").key(&condition.operator).key(&condition.key);
            let message = "long-term access keys have no MFA keys, so this does not deny them".to_owned();
            sink.add(RuleId::MfaDenyWithoutIfExists, path, message);
        }
        _ => {}
    }
}

/// Whether a Deny of old sign-ins is meant. An older one is no sign-in at all: keys without MFA belong to it.
const fn asks_for_old(operator: Operator) -> bool {
    matches!(operator.comparison, Comparison::Numeric(Relation::GreaterThan | Relation::GreaterThanEquals))
}

/// Whether some Deny of the document is about requests without the MFA keys.
fn denied_without_mfa(subject: &Subject<'_>) -> bool {
    let is_of_mfa =
        |condition: &&Condition| condition.key.to_ascii_lowercase().starts_with("aws:multifactorauth");
    subject.of(Effect::Deny).any(|held| {
        let of_mfa: Vec<Condition> = held.statement.conditions.iter().filter(is_of_mfa).cloned().collect();
        !of_mfa.is_empty()
            && reference::conditions_hold(&of_mfa, subject.version(), &Context::complete()).known()
                == Some(true)
    })
}

/// S3 User Guide, `amazon-s3-policy-keys`: who may list `pri` also sees what is below `private/`.
fn prefix(held: &Held<'_>, condition: &Condition, operator: Operator, sink: &mut Sink<'_>) {
    let is_open = held.is_allow() == operator.negated;
    if is_open && condition.key.eq_ignore_ascii_case("s3:prefix") {
        let path = held.at("Condition").key(&condition.operator).key(&condition.key);
        let message = "a request with a shorter prefix lists the same objects".to_owned();
        sink.add(RuleId::S3PrefixInNegativeContext, path, message);
    }
}

/// DynamoDB Developer Guide, `specifying-conditions`: without `Select` a query returns every attribute and names none.
fn attributes(held: &Held<'_>, sink: &mut Sink<'_>) {
    let on = |key: &str| {
        held.statement.conditions.iter().find(|condition| condition.key.eq_ignore_ascii_case(key))
    };
    let Some(condition) = on("dynamodb:Attributes").filter(|_| held.is_allow()) else { return };
    let catalogue = Catalogue::embedded();
    let reads = ["dynamodb:Query", "dynamodb:Scan", "dynamodb:GetItem", "dynamodb:BatchGetItem"];
    let is_reached = |name: &&&str| catalogue.action(name).is_some_and(|id| held.actions().contains(id));
    if let Some(action) = reads.iter().find(is_reached).filter(|_| on("dynamodb:Select").is_none()) {
        let path = held.at("Condition").key(&condition.operator).key(&condition.key);
        let message = format!("`{action}` that names no attribute returns every attribute");
        sink.add(RuleId::DynamodbAttributesWithoutSelect, path, message);
    }
}

/// `reference_policies_condition-keys`, aws:SourceIp: the key of the network is not that of the caller when a service calls on
/// the caller's behalf.
fn service_calls(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    const NETWORK: [&str; 3] = ["aws:sourceip", "aws:sourcevpc", "aws:sourcevpce"];
    let is_of_network = |condition: &&Condition| {
        NETWORK.contains(&condition.key.to_ascii_lowercase().as_str())
            && Operator::parse(&condition.operator).is_some_and(|operator| operator.negated)
    };
    let Some(condition) = held.statement.conditions.iter().find(is_of_network) else { return };
    if held.is_allow() || !sink.wants(RuleId::DenyWithoutIfExists) {
        return;
    }
    let mut keys: Keys = NETWORK.map(absent).into();
    keys.extend(["aws:ViaAWSService", "aws:PrincipalIsAWSService"].map(|key| fixed(key, "true")));
    keys.push((
        "aws:calledvia".to_owned(),
        vec![Fact::Many(vec!["cloudformation.amazonaws.com".to_owned()])],
    ));
    if witness::context(held, subject.version(), &keys).is_some() {
        let message = format!("`{}` also denies AWS services that act for the caller", condition.operator);
        let path = held.at("Condition").key(&condition.operator).key(&condition.key);
        sink.add(RuleId::DenyWithoutIfExists, path, message);
    }
}
