//! Proofs by inclusion, element by element. Every rule here is "if this, then surely inside"; the other way is not said.

use ipnet::IpNet;

use crate::arn::padded_parts;
use crate::document::{Condition, Document, Effect, Statement, Version};
use crate::glob::Glob;
use crate::operator::{Comparison, Operator};
use crate::value;

/// A statement with the version its text is read in.
#[derive(Clone, Copy)]
struct Held<'a> {
    statement: &'a Statement,
    version: Option<Version>,
}

/// `Err`: what could not be shown to lie inside.
pub(super) fn prove(inner: &[Document], outer: &[Document]) -> Result<(), String> {
    let grants = statements(outer, Effect::Allow);
    for grant in statements(inner, Effect::Allow) {
        if !grants.iter().any(|wider| is_inside(grant, *wider)) {
            return Err(format!("the grant{} lies inside no single grant of the other side", sid(grant)));
        }
    }
    let denies = statements(inner, Effect::Deny);
    for deny in statements(outer, Effect::Deny) {
        if !denies.iter().any(|wider| is_inside(deny, *wider)) {
            return Err(format!(
                "the Deny{} of the other side lies inside no single Deny of this one",
                sid(deny)
            ));
        }
    }
    Ok(())
}

fn sid(held: Held<'_>) -> String {
    held.statement.sid.as_deref().map(|sid| format!(" `{sid}`")).unwrap_or_default()
}

fn statements(documents: &[Document], effect: Effect) -> Vec<Held<'_>> {
    let all = documents.iter().flat_map(|document| {
        document.statements.iter().map(|statement| Held { statement, version: document.version })
    });
    all.filter(|held| held.statement.effect == effect).collect()
}

/// Whether whatever one statement of a document is about, another is about too, whatever their effects.
pub(crate) fn is_statement_inside(inner: &Statement, outer: &Statement, version: Option<Version>) -> bool {
    is_inside(Held { statement: inner, version }, Held { statement: outer, version })
}

/// Whether whatever the one is about, the other is about too.
fn is_inside(inner: Held<'_>, outer: Held<'_>) -> bool {
    actions_inside(inner, outer)
        && resources_inside(inner, outer)
        && inner.statement.principal == outer.statement.principal
        && outer.statement.conditions.iter().all(|wanted| {
            let is_implied = |given: &Condition| implies(given, inner.version, wanted, outer.version);
            inner.statement.conditions.iter().any(is_implied)
        })
}

fn actions_inside(inner: Held<'_>, outer: Held<'_>) -> bool {
    let (inner, inner_negated) = inner.statement.action.patterns();
    let (outer, outer_negated) = outer.statement.action.patterns();
    if !outer_negated && outer.iter().any(|pattern| pattern == "*") {
        return true;
    }
    let globs = |patterns: &[String]| -> Vec<Glob> {
        patterns.iter().map(|pattern| Glob::policy(pattern).lower_case()).collect()
    };
    are_inside(&globs(inner), inner_negated, &globs(outer), outer_negated, Glob::covers, Glob::overlaps)
}

fn resources_inside(inner: Held<'_>, outer: Held<'_>) -> bool {
    let (Some(mine), Some(theirs)) = (&inner.statement.resource, &outer.statement.resource) else {
        return inner.statement.resource == outer.statement.resource;
    };
    if mine == theirs && inner.version == outer.version {
        return true;
    }
    let (inner_patterns, inner_negated) = mine.patterns();
    let (outer_patterns, outer_negated) = theirs.patterns();
    let is_everything = |pattern: &String| pattern == "*";
    if !outer_negated && outer_patterns.iter().any(is_everything) {
        return true;
    }
    // A variable may stand for anything, `*` alone also reaches actions without resource types, and the names of IAM users
    // are compared without case.
    let is_odd =
        |pattern: &String| pattern.contains("${") || pattern.contains(":user/") || is_everything(pattern);
    if inner_patterns.iter().chain(outer_patterns).any(is_odd) {
        return false;
    }
    let parts = |patterns: &[String]| -> Vec<Vec<Glob>> {
        patterns.iter().map(|pattern| padded_parts(pattern).map(Glob::policy).to_vec()).collect()
    };
    let covers = |a: &Vec<Glob>, b: &Vec<Glob>| a.iter().zip(b).all(|(a, b)| a.covers(b));
    let overlaps = |a: &Vec<Glob>, b: &Vec<Glob>| a.iter().zip(b).all(|(a, b)| a.overlaps(b));
    are_inside(&parts(inner_patterns), inner_negated, &parts(outer_patterns), outer_negated, covers, overlaps)
}

/// Inclusion of unions, with and without negation.
fn are_inside<T: PartialEq>(
    inner: &[T],
    inner_negated: bool,
    outer: &[T],
    outer_negated: bool,
    covers: impl Fn(&T, &T) -> bool,
    overlaps: impl Fn(&T, &T) -> bool,
) -> bool {
    match (inner_negated, outer_negated) {
        (false, false) => {
            inner.iter().all(|mine| outer.contains(mine) || outer.iter().any(|theirs| covers(theirs, mine)))
        }
        (false, true) => inner.iter().all(|mine| !outer.iter().any(|theirs| overlaps(theirs, mine))),
        (true, true) => outer.iter().all(|theirs| inner.iter().any(|mine| covers(mine, theirs))),
        // "Everything but" lies only inside everything, which is a pattern by itself.
        (true, false) => false,
    }
}

/// Whether a condition that holds makes the other hold.
fn implies(
    given: &Condition,
    given_version: Option<Version>,
    wanted: &Condition,
    wanted_version: Option<Version>,
) -> bool {
    if !given.key.eq_ignore_ascii_case(&wanted.key) {
        return false;
    }
    let same_values = given.values.as_slice() == wanted.values.as_slice();
    let has_variable =
        |condition: &Condition| condition.values.as_slice().iter().any(|v| v.text().contains("${"));
    let (Some(mine), Some(theirs)) = (Operator::parse(&given.operator), Operator::parse(&wanted.operator))
    else {
        return false;
    };
    if same_values && mine == theirs && given_version == wanted_version {
        return true;
    }
    if has_variable(given) || has_variable(wanted) || mine.qualifier.is_some() || theirs.qualifier.is_some() {
        return false;
    }
    // `IfExists` and a negated operator hold for an absent key: then the wanted one must, too.
    let holds_absent = |operator: Operator| operator.if_exists || operator.negated;
    let is_null = mine.comparison == Comparison::Null || theirs.comparison == Comparison::Null;
    if is_null || (holds_absent(mine) && !holds_absent(theirs)) || mine.negated != theirs.negated {
        return false;
    }
    let inside = |values: &Condition, others: &Condition| {
        let is_inside = |value: &str| {
            others.values.as_slice().iter().any(|other| value_inside(mine, value, theirs, other.text()))
        };
        values.values.as_slice().iter().all(|value| is_inside(value.text()))
    };
    // More values make a positive test wider and a negated one narrower.
    if mine.negated { same_test(mine, theirs) && inside(wanted, given) } else { inside(given, wanted) }
}

fn same_test(mine: Operator, theirs: Operator) -> bool {
    mine.comparison == theirs.comparison
}

/// Whether whatever matches the one value matches the other.
fn value_inside(mine: Operator, value: &str, theirs: Operator, other: &str) -> bool {
    match (mine.comparison, theirs.comparison) {
        (Comparison::IpAddress, Comparison::IpAddress) => {
            let ranges = value::ip_range(value).zip(value::ip_range(other));
            ranges.is_some_and(|(value, other): (IpNet, IpNet)| {
                other.contains(&value.network()) && other.contains(&value.broadcast())
            })
        }
        (Comparison::StringEquals, Comparison::StringLike) => {
            Glob::policy(other).covers(&Glob::literal(value))
        }
        (Comparison::StringLike, Comparison::StringLike) => Glob::policy(other).covers(&Glob::policy(value)),
        (Comparison::Bool, Comparison::Bool) => {
            value::boolean(value).is_some() && value::boolean(value) == value::boolean(other)
        }
        (a, b) => a == b && value == other,
    }
}
