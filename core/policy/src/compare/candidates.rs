//! Requests that may tell two sets of policies apart: actions, resources and condition keys that their texts suggest.

use std::collections::BTreeSet;

use crate::arn::padded_parts;
use crate::catalogue::Catalogue;
use crate::document::{Document, Statement, Version};
use crate::glob::{Glob, Token};
use crate::request::{Context, Fact, Principal, Request};
use crate::variable::{Piece, pieces};

/// So many requests are tried at most.
const REQUESTS_MAX: usize = 10_000;
/// So many statements are looked at.
const STATEMENTS_MAX: usize = 12;
/// So many patterns are set against each other.
const PATTERNS_MAX: usize = 24;
/// So many actions of a pattern.
const ACTIONS_MAX: usize = 40;

/// The candidates, the plainest first.
pub(super) fn requests<'a>(a: &'a [Document], b: &'a [Document]) -> impl Iterator<Item = Request> + 'a {
    let statements: Vec<&Statement> = a.iter().chain(b).flat_map(|document| &document.statements).collect();
    // Where both sides say the same, nothing tells them apart: what only one of them says comes first.
    let (mine, theirs): (Vec<&Statement>, Vec<&Statement>) =
        (a.iter().flat_map(|d| &d.statements).collect(), b.iter().flat_map(|d| &d.statements).collect());
    let differing = |statement: &&Statement| mine.contains(statement) != theirs.contains(statement);
    let statements: Vec<&Statement> = statements.into_iter().filter(differing).take(STATEMENTS_MAX).collect();
    let (actions, resources, contexts) =
        (actions(&statements), resources(&statements), contexts(&statements));
    let all = actions.into_iter().flat_map(move |action| {
        let (resources, contexts) = (resources.clone(), contexts.clone());
        resources.into_iter().flat_map(move |resource| {
            let action = action.clone();
            contexts.clone().into_iter().map(move |context| request(&action, &resource, context))
        })
    });
    all.take(REQUESTS_MAX)
}

fn request(action: &str, resource: &str, context: Context) -> Request {
    let account = "111122223333".to_owned();
    let arn = format!("arn:aws:sts::{account}:assumed-role/witness/session");
    let has_no_resources = {
        let catalogue = Catalogue::embedded();
        catalogue.action(action).is_some_and(|id| !catalogue.has_resource_types(id))
    };
    Request {
        principal: Principal::Session { account: account.clone(), role: "witness".to_owned(), arn },
        action: action.to_owned(),
        resource: if has_no_resources { "*".to_owned() } else { resource.to_owned() },
        resource_account: account,
        wildcard_only: has_no_resources,
        context,
    }
}

/// What each pattern names, and what one side names and the other does not.
fn actions(statements: &[&Statement]) -> Vec<String> {
    let catalogue = Catalogue::embedded();
    let patterns: BTreeSet<&String> =
        statements.iter().flat_map(|statement| statement.action.patterns().0).collect();
    let mut actions = BTreeSet::new();
    for pattern in patterns.iter().take(PATTERNS_MAX) {
        let set = catalogue.expand(pattern);
        // The ends of a run, and some between: neighbours of the names that the other side lists.
        let step = set.count().div_ceil(ACTIONS_MAX).max(1);
        actions.extend(set.iter().step_by(step).map(|id| catalogue.name(id)));
        for other in patterns.iter().take(PATTERNS_MAX) {
            let mut rest = set.clone();
            rest.subtract(&catalogue.expand(other));
            actions.extend(rest.iter().take(2).map(|id| catalogue.name(id)));
        }
        if !pattern.contains(['*', '?']) {
            actions.insert((*pattern).clone());
        }
    }
    let everything = catalogue.expand("*");
    let mut unnamed = everything.clone();
    patterns.iter().for_each(|pattern| unnamed.subtract(&catalogue.expand(pattern)));
    actions.extend(unnamed.iter().take(2).map(|id| catalogue.name(id)));
    actions.into_iter().collect()
}

fn resource_patterns<'a>(statements: &'a [&Statement]) -> impl Iterator<Item = &'a String> {
    statements
        .iter()
        .filter_map(|statement| statement.resource.as_ref())
        .flat_map(|element| element.patterns().0)
}

/// A text of each pattern, of each pattern without each other, and one that no pattern names.
fn resources(statements: &[&Statement]) -> Vec<String> {
    let mut resources = BTreeSet::from(["arn:aws:kagimori:us-east-1:111122223333:elsewhere".to_owned()]);
    let patterns: BTreeSet<String> = resource_patterns(statements).map(|pattern| filled(pattern)).collect();
    for pattern in patterns.iter().filter(|pattern| pattern.as_str() != "*").take(PATTERNS_MAX) {
        let parts = padded_parts(pattern);
        let texts: Vec<String> = parts.iter().map(|part| text_of(part, None)).collect();
        resources.insert(texts.join(":"));
        for other in patterns.iter().take(PATTERNS_MAX) {
            for (place, (part, theirs)) in parts.iter().zip(padded_parts(other)).enumerate() {
                let mut texts = texts.clone();
                if let Some(slot) = texts.get_mut(place) {
                    *slot = text_of(part, Some(theirs));
                }
                resources.insert(texts.join(":"));
            }
        }
    }
    resources.into_iter().collect()
}

/// What stands for every policy variable.
const VALUE: &str = "witness";

/// A pattern with its variables replaced.
fn filled(pattern: &str) -> String {
    let text = |piece: Piece| match piece {
        Piece::Token(Token::Char(c)) => c.to_string(),
        Piece::Token(Token::One) => "?".to_owned(),
        Piece::Token(Token::Many) => "*".to_owned(),
        Piece::Variable { .. } => VALUE.to_owned(),
    };
    pieces(pattern, Some(Version::V2012)).into_iter().map(text).collect()
}

/// The keys of the variables of a text.
fn variables(text: &str) -> Vec<String> {
    let key = |piece: Piece| if let Piece::Variable { key, .. } = piece { Some(key) } else { None };
    pieces(text, Some(Version::V2012)).into_iter().filter_map(key).collect()
}

/// A text of a pattern, outside the other if there is one.
fn text_of(pattern: &str, outside: Option<&str>) -> String {
    let glob = Glob::policy(pattern);
    let apart = outside.and_then(|other| Glob::policy(other).text_missing_from(&glob));
    apart.or_else(|| Glob::default().text_missing_from(&glob)).unwrap_or_default()
}

/// Nothing; each key alone with each of its values; and for a few keys, every combination.
fn contexts(statements: &[&Statement]) -> Vec<Context> {
    let mut contexts = vec![Context::complete()];
    let resources = resource_patterns(statements).flat_map(|pattern| variables(pattern));
    let texts = statements.iter().flat_map(|statement| &statement.conditions);
    let texts =
        texts.flat_map(|condition| condition.values.as_slice()).flat_map(|value| variables(value.text()));
    let named: BTreeSet<String> = resources.chain(texts).collect();
    if !named.is_empty() {
        let with = named.iter().fold(Context::complete(), |context, key| context.with(key, VALUE));
        contexts.insert(0, with);
    }
    let conditions: Vec<_> = statements.iter().flat_map(|statement| &statement.conditions).collect();
    let keys: BTreeSet<String> = conditions.iter().map(|condition| condition.key.to_lowercase()).collect();
    for key in keys {
        let mut facts = BTreeSet::from([
            Fact::One("elsewhere".to_owned()),
            Fact::One("true".to_owned()),
            Fact::One("false".to_owned()),
        ]);
        for condition in conditions.iter().filter(|condition| condition.key.eq_ignore_ascii_case(&key)) {
            for value in condition.values.as_slice().iter().map(|value| value.text()) {
                let plain = text_of(value, None);
                let address = value.split('/').next().unwrap_or_default().to_owned();
                facts.extend([
                    Fact::One(plain.clone()),
                    Fact::Many(vec![plain]),
                    Fact::One(value.to_owned()),
                    Fact::One(address),
                ]);
            }
        }
        let before = contexts.clone();
        for context in before.iter().take(60) {
            for fact in &facts {
                let mut with = context.clone();
                with.set(&key, fact.clone());
                contexts.push(with);
            }
        }
    }
    contexts.truncate(400);
    contexts
}
