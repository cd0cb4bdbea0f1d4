//! Policy variables: how they are written, where they stand, and what happens when they have no value.
//!
//! IAM User Guide, `reference_policies_variables`.

use super::key::{Lookup, Values, lookup};
use super::rule::RuleId;
use super::sample::{asks, callers};
use super::subject::{Held, Path, Sink, Subject, shortened};
use super::witness::{absent, allowed};
use crate::document::{Condition, Effect, Version};
use crate::operator::{Comparison, Operator};
use crate::reference;
use crate::request::Context;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        for (number, text) in held.resources().iter().enumerate().filter(|(_, text)| text.contains("${")) {
            let path = held.at(held.resource_element()).item(number);
            written(text, subject.version(), &path, sink);
            early(text, subject.version(), &path, sink);
            resource_without_value(subject, held, text, &path, sink);
        }
        for condition in &held.statement.conditions {
            values(subject, held, condition, sink);
        }
    }
}

fn values(subject: &Subject<'_>, held: &Held<'_>, condition: &Condition, sink: &mut Sink<'_>) {
    let operator = Operator::parse(&condition.operator);
    for (number, value) in condition.values.as_slice().iter().enumerate() {
        let text = value.text();
        if !text.contains("${") {
            continue;
        }
        let path = held.at("Condition").key(&condition.operator).key(&condition.key).item(number);
        match operator {
            Some(operator) if !operator.takes_variables() => {
                let message = format!("`{}` does not replace `{}`", condition.operator, shortened(text));
                sink.add(RuleId::InvalidVariableForOperator, path, message);
            }
            Some(operator) => {
                written(text, subject.version(), &path, sink);
                value_without_value(subject, held, operator, text, &path, sink);
            }
            None => {}
        }
    }
}

/// One `${…}` of a text.
struct Variable<'t> {
    inside: &'t str,
    is_closed: bool,
}

fn variables(text: &str) -> Vec<Variable<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let (inside, behind) =
            after.split_once('}').map_or((after, None), |(inside, behind)| (inside, Some(behind)));
        found.push(Variable { inside, is_closed: behind.is_some() });
        rest = behind.unwrap_or_default();
    }
    found
}

impl<'t> Variable<'t> {
    /// The key and the default as written.
    fn parts(&self) -> (&'t str, Option<&'t str>) {
        self.inside.split_once(',').map_or((self.inside, None), |(key, default)| (key, Some(default)))
    }

    fn is_escape(&self) -> bool {
        matches!(self.inside, "*" | "?" | "$")
    }

    /// The key, when the request may not have it and no default stands in.
    fn may_lack_value(&self) -> Option<&'t str> {
        let (key, default) = self.parts();
        let is_there = matches!(lookup(key), Lookup::Known(known) if known.is_always_there);
        (self.is_closed && default.is_none() && !self.is_escape() && !is_there && !key.trim().is_empty())
            .then_some(key)
    }
}

fn written(text: &str, version: Option<Version>, path: &Path, sink: &mut Sink<'_>) {
    if version != Some(Version::V2012) {
        let message = format!("`{}` is read as text: version 2008-10-17 has no variables", shortened(text));
        sink.add(RuleId::VariableUnsupportedInVersion, path.clone(), message);
        return;
    }
    for variable in variables(text) {
        if let Some((rule, message)) = fault(&variable) {
            sink.add(rule, path.clone(), message);
        }
    }
}

fn fault(variable: &Variable<'_>) -> Option<(RuleId, String)> {
    let (key, default) = variable.parts();
    let short = shortened(&format!("${{{}}}", variable.inside));
    if !variable.is_closed {
        return Some((
            RuleId::MissingBraceInVariable,
            format!("`${{{}` is not closed", shortened(variable.inside)),
        ));
    }
    if variable.is_escape() {
        return None;
    }
    if key.trim().is_empty() {
        return Some((RuleId::EmptyVariable, format!("`{short}` names no key")));
    }
    let is_quoted = |text: &str| {
        let text = text.trim();
        text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'')
    };
    if default.is_some_and(|default| !is_quoted(default)) {
        return Some((
            RuleId::MissingQuoteInVariable,
            format!("the default of `{short}` is not in single quotes"),
        ));
    }
    if key.contains(char::is_whitespace) {
        return Some((RuleId::UnsupportedSpaceInVariable, format!("`{short}` has a space in its key")));
    }
    match lookup(key) {
        Lookup::Known(known) if known.values == Values::Several => {
            Some((RuleId::MultivaluedVariable, format!("`{short}` has several values")))
        }
        Lookup::Known(_) => None,
        _ => Some((RuleId::UnknownVariable, format!("`{short}` names no condition key"))),
    }
}

/// Before the fifth colon; one that stands for the whole ARN is before it, too.
fn early(text: &str, version: Option<Version>, path: &Path, sink: &mut Sink<'_>) {
    let mut colons = 0_usize;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("${") {
            let is_escape = ["*}", "?}", "$}"].iter().any(|escape| after.starts_with(escape));
            if colons < 5 && !is_escape && version == Some(Version::V2012) {
                let message = format!("the variable in `{}` stands before the fifth colon", shortened(text));
                sink.add(RuleId::VariableInArnPrefix, path.clone(), message);
                return;
            }
            rest = after.split_once('}').map_or("", |(_, behind)| behind);
            continue;
        }
        colons = colons.saturating_add(usize::from(c == ':'));
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
}

/// Whether the statement asks that the request has the key.
fn is_asked_for(subject: &Subject<'_>, held: &Held<'_>, key: &str) -> bool {
    let of_key: Vec<Condition> = held
        .statement
        .conditions
        .iter()
        .filter(|condition| condition.key.eq_ignore_ascii_case(key))
        .cloned()
        .collect();
    reference::conditions_hold(&of_key, subject.version(), &Context::complete()).known() == Some(false)
}

/// `policy-vars-no-value`: a resource pattern whose variable has no value matches nothing.
fn resource_without_value(
    subject: &Subject<'_>,
    held: &Held<'_>,
    text: &str,
    path: &Path,
    sink: &mut Sink<'_>,
) {
    let is_negated = held.resource_element() == "NotResource";
    if held.is_allow() != is_negated || subject.version() != Some(Version::V2012) {
        return;
    }
    let lacking = |variable: Variable<'_>| variable.may_lack_value().map(str::to_owned);
    let Some(key) = variables(text).into_iter().find_map(lacking) else { return };
    if is_asked_for(subject, held, &key) {
        return;
    }
    let message = match held.statement.effect {
        Effect::Allow => format!("without `{key}`, `{}` excludes nothing from the Allow", shortened(text)),
        Effect::Deny => {
            format!("without `{key}`, `{}` matches nothing and nothing is denied", shortened(text))
        }
    };
    show(subject, held, &key, path, message, sink);
}

/// A comparison with a variable that has no value is false, and true when it is negated.
fn value_without_value(
    subject: &Subject<'_>,
    held: &Held<'_>,
    operator: Operator,
    text: &str,
    path: &Path,
    sink: &mut Sink<'_>,
) {
    let is_open = held.is_allow() == operator.negated && operator.comparison != Comparison::Null;
    if !is_open || subject.version() != Some(Version::V2012) {
        return;
    }
    let lacking = |variable: Variable<'_>| variable.may_lack_value().map(str::to_owned);
    let Some(key) = variables(text).into_iter().find_map(lacking) else { return };
    if is_asked_for(subject, held, &key) {
        return;
    }
    let message = match held.statement.effect {
        Effect::Allow => format!("without `{key}` the negated condition holds and the Allow applies"),
        Effect::Deny => format!("without `{key}` the condition is false and nothing is denied"),
    };
    show(subject, held, &key, path, message, sink);
}

fn show(
    subject: &Subject<'_>,
    held: &Held<'_>,
    key: &str,
    path: &Path,
    message: String,
    sink: &mut Sink<'_>,
) {
    let rule = RuleId::VariableWithoutValue;
    if !held.is_allow() || !subject.grants() {
        sink.add(rule, path.clone(), message);
        return;
    }
    let callers = callers(subject, held);
    let mut asks = callers.iter().flat_map(|caller| asks(subject, held, caller, &[absent(key)]));
    if let Some(witness) = asks.find_map(|ask| allowed(subject, held, &ask)) {
        sink.show(rule, path.clone(), message, witness);
    }
}
