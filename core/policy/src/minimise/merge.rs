//! Statements that differ in one element become one.

use crate::document::{
    ActionElement, Condition, ConditionValue, ConditionValues, Effect, OneOrMany, ResourceElement, Statement,
    Version,
};
use crate::operator::{Comparison, Operator};
use crate::value;

use super::{Held, lies_in};

/// Sids are joined up to this length.
const SID_MAX: usize = 64;

/// Merges until nothing can be merged.
pub(super) fn merge(held: &mut Vec<Held>, keeps_sids: bool) {
    for held in held.iter_mut() {
        tidy(held, keeps_sids);
    }
    let mut at = 0;
    while at < held.len() {
        let partner = (at.saturating_add(1)..held.len()).find_map(|other| {
            let merged = held.get(at).zip(held.get(other)).and_then(|(a, b)| merged(a, b, keeps_sids));
            merged.map(|merged| (other, merged))
        });
        match partner {
            Some((other, merged)) => {
                held.remove(other);
                if let Some(slot) = held.get_mut(at) {
                    *slot = merged;
                }
                // What it is now may go with one that was passed by.
                at = 0;
            }
            None => at = at.saturating_add(1),
        }
    }
}

/// The version that lets most statements stand together, and every list without repetitions.
fn tidy(held: &mut Held, keeps_sids: bool) {
    if !mentions_variables(&held.statement) {
        held.version = Some(Version::V2012);
    }
    let statement = &mut held.statement;
    if !keeps_sids {
        statement.sid = None;
    }
    match &mut statement.action {
        ActionElement::Action(list) | ActionElement::NotAction(list) => {
            *list = listed(unique(list.as_slice(), |a, b| a.eq_ignore_ascii_case(b)));
        }
    }
    if let Some(ResourceElement::Resource(list) | ResourceElement::NotResource(list)) =
        &mut statement.resource
    {
        *list = listed(unique(list.as_slice(), |a, b| a == b));
    }
    for condition in &mut statement.conditions {
        condition.values = values(unique(condition.values.as_slice(), |a, b| a.text() == b.text()));
    }
    let mut conditions: Vec<Condition> = Vec::new();
    for condition in std::mem::take(&mut statement.conditions) {
        if !conditions.iter().any(|known| same_condition(known, &condition)) {
            conditions.push(condition);
        }
    }
    statement.conditions = conditions;
}

fn mentions_variables(statement: &Statement) -> bool {
    let resources = statement.resource.iter().flat_map(|element| element.patterns().0);
    let values = statement.conditions.iter().flat_map(|condition| condition.values.as_slice());
    resources.map(String::as_str).chain(values.map(ConditionValue::text)).any(|text| text.contains("${"))
}

fn unique<T: Clone>(list: &[T], same: impl Fn(&T, &T) -> bool) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for one in list {
        if !kept.iter().any(|known| same(known, one)) {
            kept.push(one.clone());
        }
    }
    kept
}

/// The shorter form of a list.
pub(super) fn listed(mut list: Vec<String>) -> OneOrMany {
    if list.len() == 1 { OneOrMany::One(list.remove(0)) } else { OneOrMany::Many(list) }
}

pub(super) fn values(mut list: Vec<ConditionValue>) -> ConditionValues {
    if list.len() == 1 { ConditionValues::One(list.remove(0)) } else { ConditionValues::Many(list) }
}

fn same_condition(a: &Condition, b: &Condition) -> bool {
    let sorted = |condition: &Condition| {
        let mut texts: Vec<String> =
            condition.values.as_slice().iter().map(|value| value.text().to_owned()).collect();
        texts.sort_unstable();
        texts
    };
    same_test(a, b) && sorted(a) == sorted(b)
}

fn same_test(a: &Condition, b: &Condition) -> bool {
    a.operator.eq_ignore_ascii_case(&b.operator) && a.key.eq_ignore_ascii_case(&b.key)
}

fn same_conditions(a: &[Condition], b: &[Condition]) -> bool {
    a.len() == b.len() && a.iter().all(|one| b.iter().any(|other| same_condition(one, other)))
}

/// Equal but for order and, for actions, case.
fn same_list(a: &[String], b: &[String], same: impl Fn(&str, &str) -> bool) -> bool {
    a.len() == b.len() && a.iter().all(|one| b.iter().any(|other| same(one, other)))
}

fn merged(a: &Held, b: &Held, keeps_sids: bool) -> Option<Held> {
    if a.version != b.version || a.statement.effect != b.statement.effect {
        return None;
    }
    let (one, other) = (&a.statement, &b.statement);
    let (actions, others) = (one.action.patterns(), other.action.patterns());
    let same_actions = actions.1 == others.1 && same_list(actions.0, others.0, str::eq_ignore_ascii_case);
    let same_resources = match (&one.resource, &other.resource) {
        (Some(mine), Some(theirs)) => {
            mine.patterns().1 == theirs.patterns().1
                && same_list(mine.patterns().0, theirs.patterns().0, |a, b| a == b)
        }
        (None, None) => true,
        _ => false,
    };
    let same_conditions = same_conditions(&one.conditions, &other.conditions);
    let mut statement = one.clone();
    match (same_actions, same_resources, same_conditions) {
        (true, true, true) => {}
        (false, true, true) if !actions.1 && !others.1 => {
            let both = [actions.0, others.0].concat();
            statement.action = ActionElement::Action(listed(unique(&both, |a, b| a.eq_ignore_ascii_case(b))));
        }
        (true, false, true) => {
            let (Some(ResourceElement::Resource(mine)), Some(ResourceElement::Resource(theirs))) =
                (&one.resource, &other.resource)
            else {
                return None;
            };
            let both = [mine.as_slice(), theirs.as_slice()].concat();
            statement.resource = Some(ResourceElement::Resource(listed(unique(&both, |a, b| a == b))));
        }
        (true, true, false) => {
            statement.conditions = joined_conditions(&one.conditions, &other.conditions)?;
            let candidate =
                Held { statement: Statement { effect: Effect::Allow, ..statement.clone() }, ..a.clone() };
            let (both, alone) = ([a.grant(), b.grant()], [candidate.grant()]);
            if !lies_in(&alone, &both) || !lies_in(&both, &alone) {
                return None;
            }
        }
        _ => return None,
    }
    statement.sid = if keeps_sids { joined_sid(one.sid.as_deref(), other.sid.as_deref()) } else { None };
    Some(Held { statement, version: a.version })
}

/// Conditions that differ in the values of one: with the values of both.
fn joined_conditions(a: &[Condition], b: &[Condition]) -> Option<Vec<Condition>> {
    if a.len() != b.len() {
        return None;
    }
    let mut joined = a.to_vec();
    let mut differing = joined.iter_mut().filter(|one| !b.iter().any(|other| same_condition(one, other)));
    let one = differing.next()?;
    let other = b.iter().find(|other| same_test(one, other))?;
    if differing.next().is_some() {
        return None;
    }
    let both = [one.values.as_slice(), other.values.as_slice()].concat();
    one.values = values(unique(&both, |a, b| a.text() == b.text()));
    // True or false is no condition, where the key is always there; elsewhere the proof of the merge fails.
    joined.retain(|condition| !asks_for_either(condition));
    Some(joined)
}

/// `Bool` or `Null` with both values: AWS's validator takes one (Access Analyzer, "type mismatch" checks).
fn asks_for_either(condition: &Condition) -> bool {
    let is_of_two = Operator::parse(&condition.operator)
        .is_some_and(|operator| matches!(operator.comparison, Comparison::Bool | Comparison::Null));
    let asks =
        |wanted| condition.values.as_slice().iter().any(|it| value::boolean(it.text()) == Some(wanted));
    is_of_two && asks(true) && asks(false)
}

fn joined_sid(a: Option<&str>, b: Option<&str>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => {
            let joined = format!("{a}And{b}");
            Some(if joined.len() <= SID_MAX { joined } else { a.to_owned() })
        }
        (a, b) => a.or(b).map(str::to_owned),
    }
}
