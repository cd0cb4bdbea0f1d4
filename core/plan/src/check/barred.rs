//! What the Deny statements of a trust policy ask of everybody whom it lets in.
//!
//! A Deny of all who are not of the organization is the same as a condition that they be of it (IAM User Guide,
//! `reference_policies_evaluation-logic`: "an explicit deny in any policy overrides any allows"). So it is read as a condition of each
//! Allow beside it, and whoever judges the Allow judges both. What cannot be turned round is left out: a role is then
//! taken to be as open as its Allow says.

use kagimori_policy::document::{
    Condition, ConditionValue, ConditionValues, Document, Effect, PrincipalElement, PrincipalKind,
    Principals, Statement,
};
use kagimori_policy::operator::{Comparison, Operator, Qualifier, Relation};

use crate::privilege;

/// The actions by which somebody becomes a role.
pub(super) const ASSUMES: [&str; 3] =
    ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// An Allow with what the document's Deny statements ask besides.
pub(super) fn with_denials(document: &Document, allow: &Statement) -> Statement {
    let denies = document.statements.iter().filter(|statement| statement.effect == Effect::Deny);
    let asked = denies.filter(|deny| is_about(deny, allow)).filter_map(|deny| asked(deny, allow));
    let mut statement = allow.clone();
    statement.conditions.extend(asked);
    statement
}

/// Whether a Deny is about everybody whom an Allow names, whatever way they come.
fn is_about(deny: &Statement, allow: &Statement) -> bool {
    let ways = || ASSUMES.iter().filter(|action| privilege::reaches_action(allow, action));
    let covers = match (&deny.principal, &allow.principal) {
        (Some(PrincipalElement::Principal(Principals::Everyone)), _) => true,
        (Some(PrincipalElement::Principal(Principals::Listed(denied))), _) if denies_aws(denied) => {
            is_of_aws(allow)
        }
        (denied, allowed) => denied == allowed,
    };
    covers && ways().all(|action| privilege::reaches_action(deny, action))
}

fn denies_aws(kinds: &[(PrincipalKind, Vec<String>)]) -> bool {
    kinds.iter().any(|(kind, names)| *kind == PrincipalKind::Aws && names.iter().any(|name| name == "*"))
}

fn is_of_aws(statement: &Statement) -> bool {
    match &statement.principal {
        Some(PrincipalElement::Principal(Principals::Listed(kinds))) => {
            kinds.iter().all(|(kind, _)| *kind == PrincipalKind::Aws)
        }
        _ => false,
    }
}

/// The opposite of the one condition that a Deny has, those left out that are met whoever calls.
fn asked(deny: &Statement, allow: &Statement) -> Option<Condition> {
    let is_met = |condition: &Condition| is_of_aws(allow) && is_met_by_principals(condition);
    let mut open = deny.conditions.iter().filter(|condition| !is_met(condition));
    match (open.next(), open.next()) {
        (Some(condition), None) => opposite(condition),
        _ => None,
    }
}

/// `aws:PrincipalIsAWSService` is false of every user and role (`reference_policies_condition-keys`).
fn is_met_by_principals(condition: &Condition) -> bool {
    condition.key.eq_ignore_ascii_case("aws:PrincipalIsAWSService")
        && Operator::parse(&condition.operator)
            .is_some_and(|operator| operator.comparison == Comparison::Bool)
        && condition.values.as_slice().iter().any(|value| value.text().eq_ignore_ascii_case("false"))
}

/// The condition that holds when this one does not. A negated comparison of a key that is absent holds, and so does one with
/// `IfExists`; the opposites do not (`reference_policies_elements_condition_operators`).
fn opposite(condition: &Condition) -> Option<Condition> {
    let operator = Operator::parse(&condition.operator)?;
    let (name, values) = match (operator.comparison, operator.qualifier) {
        (Comparison::Null, None) => ("Null", not(&condition.values)?),
        (Comparison::Bool, None) if operator.if_exists => ("Bool", not(&condition.values)?),
        (Comparison::Bool, None) => ("BoolIfExists", not(&condition.values)?),
        (Comparison::Date(relation), None) if !operator.negated => {
            (beyond(relation)?, condition.values.clone())
        }
        (comparison, None | Some(Qualifier::ForAllValues)) if operator.negated => {
            (positive(comparison)?, condition.values.clone())
        }
        _ => return None,
    };
    Some(Condition { operator: name.to_owned(), key: condition.key.clone(), values })
}

fn not(values: &ConditionValues) -> Option<ConditionValues> {
    let [value] = values.as_slice() else { return None };
    let is_true = value.text().eq_ignore_ascii_case("true");
    Some(ConditionValues::One(ConditionValue::Bool(!is_true)))
}

fn beyond(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::LessThan => Some("DateGreaterThanEquals"),
        Relation::LessThanEquals => Some("DateGreaterThan"),
        Relation::GreaterThan => Some("DateLessThanEquals"),
        Relation::GreaterThanEquals => Some("DateLessThan"),
        Relation::Equals => None,
    }
}

fn positive(comparison: Comparison) -> Option<&'static str> {
    match comparison {
        Comparison::StringEquals => Some("StringEquals"),
        Comparison::StringEqualsIgnoreCase => Some("StringEqualsIgnoreCase"),
        Comparison::StringLike => Some("StringLike"),
        Comparison::Arn => Some("ArnLike"),
        _ => None,
    }
}
