//! Requests that show what a finding says. The evaluator allows each of them; a finding about a grant without one is not
//! made.

use std::collections::BTreeSet;

use super::subject::{Held, Subject};
use crate::decision::Answer;
use crate::document::{
    ActionElement, Condition, Document, Effect, OneOrMany, ResourceElement, Statement, Version,
};
use crate::glob::Token;
use crate::operator::{Comparison, Operator};
use crate::policies::Policies;
use crate::reference;
use crate::request::{Context, Fact, Principal, Request};
use crate::validate::PolicyKind;
use crate::value;
use crate::variable::{Piece, pieces};

/// A request that the policy allows. A condition key that it does not list is absent. For a policy on a resource, and for a
/// session policy, the caller's own policies are taken to allow everything.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Witness {
    /// The request.
    pub request: Request,
}

/// What stands for a value that the policy leaves open.
pub(super) const VALUE: &str = "witness";

/// Condition keys, in lower case, each with the values that it may have, the plainest first.
pub(super) type Keys = Vec<(String, Vec<Fact>)>;

/// What is asked of a statement.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) principal: Principal,
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) wildcard_only: bool,
    /// Condition keys of which the caller cannot say what he likes.
    pub(super) fixed: Keys,
}

/// A session of a role of an account.
pub(super) fn session(account: &str) -> Principal {
    let arn = format!("arn:aws:sts::{account}:assumed-role/{VALUE}/session");
    Principal::Session { account: account.to_owned(), role: VALUE.to_owned(), arn }
}

/// A request that the document allows because of this statement's elements, if one is found.
pub(super) fn allowed(subject: &Subject<'_>, held: &Held<'_>, ask: &Ask) -> Option<Witness> {
    let context = context(held, subject.version(), &ask.fixed)?;
    let mut request = Request {
        principal: ask.principal.clone(),
        action: ask.action.clone(),
        resource: ask.resource.clone(),
        resource_account: subject.owner.clone(),
        wildcard_only: ask.wildcard_only,
        context,
    };
    let policies = policies(subject.document, subject.kind);
    // A Deny of the same document may hit by its conditions: step out of their way, a few times.
    for _ in 0..4 {
        match reference::decide(&request, &policies).answer {
            Answer::Allowed => {
                return Some(Witness { request: pruned(request, &policies, subject.document) });
            }
            Answer::ExplicitlyDenied(place) => {
                let deny = policies.statement(place)?;
                request = evaded(&request, deny, held, &ask.fixed, &policies)?;
            }
            _ => return None,
        }
    }
    None
}

/// The request without the keys that the document does not look at, which would only be noise.
fn pruned(request: Request, policies: &Policies, document: &Document) -> Request {
    let conditions = || document.statements.iter().flat_map(|statement| &statement.conditions);
    let mut keys: BTreeSet<String> = conditions().map(|condition| condition.key.to_lowercase()).collect();
    let resources = document.statements.iter().filter_map(|statement| statement.resource.as_ref());
    let texts = conditions().flat_map(|condition| condition.values.as_slice()).map(|value| value.text());
    let texts = texts.chain(resources.flat_map(|element| element.patterns().0).map(String::as_str));
    keys.extend(texts.flat_map(|text| variables(text, document.version)));
    let mut context = Context::complete();
    // What a service or an identity provider says of whom it acts for is the point of a finding about it.
    let is_telling = |key: &str| match request.principal {
        Principal::Service { .. } => matches!(key, "aws:sourceaccount" | "aws:sourcearn"),
        Principal::Federated { .. } => key.ends_with(":sub") || key.ends_with(":aud"),
        _ => false,
    };
    for (key, fact) in request.context.iter().filter(|(key, _)| keys.contains(*key) || is_telling(key)) {
        context.set(key, fact.clone());
    }
    let short = Request { context, ..request.clone() };
    let is_allowed = reference::decide(&short, policies).answer == Answer::Allowed;
    if is_allowed { short } else { request }
}

impl Witness {
    /// Decides the request again: the law that tests hold every witness to.
    pub fn holds(&self, document: &Document, kind: PolicyKind) -> bool {
        reference::decide(&self.request, &policies(document, kind)).answer == Answer::Allowed
    }
}

fn policies(document: &Document, kind: PolicyKind) -> Policies {
    let document = document.clone();
    match kind {
        PolicyKind::Identity => Policies { identity: vec![document], ..Policies::default() },
        PolicyKind::Session => {
            Policies { identity: vec![everything()], session: Some(document), ..Policies::default() }
        }
        _ => Policies { identity: vec![everything()], resource: Some(document), ..Policies::default() },
    }
}

fn everything() -> Document {
    let all = || OneOrMany::One("*".to_owned());
    let statement = Statement {
        sid: None,
        effect: Effect::Allow,
        principal: None,
        action: ActionElement::Action(all()),
        resource: Some(ResourceElement::Resource(all())),
        conditions: Vec::new(),
    };
    Document { version: Some(Version::V2012), id: None, statements: vec![statement] }
}

/// The same request with another value for a key of the Deny, such that this Deny no longer hits and the Allow still does.
fn evaded(
    request: &Request,
    deny: &Statement,
    held: &Held<'_>,
    fixed: &[(String, Vec<Fact>)],
    policies: &Policies,
) -> Option<Request> {
    let is_free = |key: &str| {
        fixed.iter().all(|(fixed, facts)| fixed != key || facts.len() > 1)
            && held.statement.conditions.iter().all(|condition| !condition.key.eq_ignore_ascii_case(key))
    };
    let keys: BTreeSet<String> =
        deny.conditions.iter().map(|condition| condition.key.to_lowercase()).collect();
    for key in keys.iter().filter(|key| is_free(key)) {
        let chosen = fixed.iter().find(|(fixed, _)| *fixed == **key).map(|(_, facts)| facts.clone());
        for fact in chosen.unwrap_or_else(|| candidates(&deny.conditions, key)) {
            let mut other = request.clone();
            other.context.set(key, fact);
            let still = match reference::decide(&other, policies).answer {
                Answer::ExplicitlyDenied(place) => policies.statement(place) == Some(deny),
                Answer::Allowed => false,
                _ => true,
            };
            if !still {
                return Some(other);
            }
        }
    }
    None
}

/// Condition keys that meet the statement's conditions, with those that are fixed.
pub(super) fn context(
    held: &Held<'_>,
    version: Option<Version>,
    fixed: &[(String, Vec<Fact>)],
) -> Option<Context> {
    let conditions = &held.statement.conditions;
    let mut context = Context::complete();
    let texts = conditions.iter().flat_map(|condition| condition.values.as_slice()).map(|value| value.text());
    let texts = texts.chain(held.resources().iter().map(String::as_str));
    for key in texts.flat_map(|text| variables(text, version)) {
        context.set(&key, Fact::One(VALUE.to_owned()));
    }
    for (key, facts) in fixed {
        if let Some(plainest) = facts.first() {
            context.set(key, plainest.clone());
        }
    }
    let keys: BTreeSet<String> = conditions.iter().map(|condition| condition.key.to_lowercase()).collect();
    for key in &keys {
        let of_key = of_key(conditions, key);
        let holds =
            |context: &Context| reference::conditions_hold(&of_key, version, context).known() == Some(true);
        if holds(&context) {
            // Nothing has to be said of it; a key with a value reads better, but an absent one is the plainer request.
            continue;
        }
        let chosen = fixed.iter().find(|(fixed, _)| fixed == key).map(|(_, facts)| facts.clone());
        let mut tried = chosen.unwrap_or_else(|| candidates(conditions, key)).into_iter().map(|fact| {
            let mut context = context.clone();
            context.set(key, fact);
            context
        });
        context = tried.find(holds)?;
    }
    Some(context)
}

fn of_key(conditions: &[Condition], key: &str) -> Vec<Condition> {
    conditions.iter().filter(|condition| condition.key.eq_ignore_ascii_case(key)).cloned().collect()
}

/// Values that the conditions on a key suggest.
fn candidates(conditions: &[Condition], key: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    for condition in of_key(conditions, key) {
        let operator = Operator::parse(&condition.operator);
        for value in condition.values.as_slice() {
            for text in texts(value.text(), operator) {
                facts.push(Fact::One(text.clone()));
                facts.push(Fact::Many(vec![text]));
            }
        }
    }
    facts.push(Fact::One(VALUE.to_owned()));
    facts.extend(["true", "false"].map(|text| Fact::One(text.to_owned())));
    facts.extend([Fact::Many(vec![VALUE.to_owned()]), Fact::Absent]);
    facts
}

/// Values near the one of a policy, by the way it is compared.
fn texts(text: &str, operator: Option<Operator>) -> Vec<String> {
    match operator.map(|operator| operator.comparison) {
        Some(Comparison::Numeric(_)) => {
            let near = |by: i64| text.parse::<i64>().ok().and_then(|number| number.checked_add(by));
            let mut texts = vec![text.to_owned()];
            texts.extend([near(-1), near(1)].into_iter().flatten().map(|number| number.to_string()));
            texts
        }
        Some(Comparison::Date(_)) => {
            vec![text.to_owned(), "1970-01-02T00:00:00Z".to_owned(), "2999-01-01T00:00:00Z".to_owned()]
        }
        Some(Comparison::IpAddress) => {
            let address = value::ip_range(text).map(|range| range.network().to_string());
            address.into_iter().chain(["198.51.100.7".to_owned(), "2001:db8::7".to_owned()]).collect()
        }
        _ => vec![filled(text)],
    }
}

/// A text that a pattern matches, its variables replaced.
pub(super) fn filled(pattern: &str) -> String {
    let text = |piece: Piece| match piece {
        Piece::Token(Token::Char(c)) => c.to_string(),
        Piece::Token(Token::One) => "w".to_owned(),
        Piece::Token(Token::Many) | Piece::Variable { .. } => VALUE.to_owned(),
    };
    pieces(pattern, Some(Version::V2012)).into_iter().map(text).collect()
}

/// A pattern with its variables replaced and its wildcards kept.
pub(super) fn with_variables_filled(pattern: &str) -> String {
    if !pattern.contains("${") {
        return pattern.to_owned();
    }
    let text = |piece: Piece| match piece {
        Piece::Token(Token::Char(c)) => c.to_string(),
        Piece::Token(Token::One) => "?".to_owned(),
        Piece::Token(Token::Many) => "*".to_owned(),
        Piece::Variable { .. } => VALUE.to_owned(),
    };
    pieces(pattern, Some(Version::V2012)).into_iter().map(text).collect()
}

/// The keys of the variables of a text.
pub(super) fn variables(text: &str, version: Option<Version>) -> Vec<String> {
    if !text.contains("${") {
        return Vec::new();
    }
    let key = |piece: Piece| if let Piece::Variable { key, .. } = piece { Some(key) } else { None };
    pieces(text, version).into_iter().filter_map(key).collect()
}

/// One key with one value.
pub(super) fn fixed(key: &str, value: &str) -> (String, Vec<Fact>) {
    (key.to_lowercase(), vec![Fact::One(value.to_owned())])
}

/// A key that the request does not have.
pub(super) fn absent(key: &str) -> (String, Vec<Fact>) {
    (key.to_lowercase(), vec![Fact::Absent])
}
