//! What a policy that somebody wrote denies, and to whom: a truth table over the estate's own principals.

use std::collections::BTreeMap;

use kagimori_estate::Estate;
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::decision::Answer;
use kagimori_policy::document::{ActionElement, Document, Effect as StatementEffect, Statement};
use kagimori_policy::reference;
use kagimori_policy::request::{Context, Request};

use crate::cast::{Caller, everybody};
use crate::obligation::first_of;
use crate::parameter::GuardError;
use crate::policies::{Bench, Open};
use crate::template::Kind;

/// A policy of the organization as a table.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explained {
    /// What its statements are about, each once.
    pub rows: Vec<Row>,
    /// How many principals were asked about.
    pub principals: usize,
    /// Actions that are left out, when there are too many.
    pub left_out: usize,
}

/// One action, and to whom it is denied.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Row {
    /// The pattern of the policy.
    pub pattern: String,
    /// The action that was asked for.
    pub action: String,
    /// The resource, as the statement has it.
    pub resource: String,
    /// Who gets which answer.
    pub groups: Vec<Group>,
}

/// Principals with the same answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Group {
    /// The answer.
    pub effect: Effect,
    /// How many.
    pub count: usize,
    /// The first of them.
    pub names: Vec<String>,
}

/// What a policy does to a call that everything else allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "yes, no, or what it depends on")]
pub enum Effect {
    /// It denies it.
    Denied,
    /// It depends on these condition keys.
    Depends(Vec<String>),
    /// It lets it be.
    Allowed,
}

/// So many rows are told.
const ROWS_MAX: usize = 60;
/// So many names of a group.
const NAMES_MAX: usize = 3;
/// What is asked for where a statement names everything, or everything but something.
const WELL_KNOWN: [&str; 8] = [
    "ec2:RunInstances",
    "s3:GetObject",
    "iam:CreateUser",
    "lambda:CreateFunction",
    "dynamodb:PutItem",
    "kms:Decrypt",
    "sts:AssumeRole",
    "organizations:LeaveOrganization",
];

/// Explains an SCP or RCP.
///
/// # Errors
/// When the evaluators disagree, which is a fault of this program.
pub fn explain(document: &Document, kind: Kind, estate: &Estate) -> Result<Explained, GuardError> {
    let bench = Bench::new(document, kind, &Open::new()?);
    let callers = everybody(estate);
    let mut asked: Vec<(String, String, String)> =
        document.statements.iter().flat_map(|statement| questions(document, statement)).collect();
    asked.sort();
    asked.dedup();
    let left_out = asked.len().saturating_sub(ROWS_MAX);
    asked.truncate(ROWS_MAX);
    let mut rows = Vec::new();
    for (pattern, action, resource) in asked {
        let groups = groups(&bench, &callers, (&action, &resource));
        rows.push(Row { pattern, action, resource, groups });
    }
    Ok(Explained { rows, principals: callers.len(), left_out })
}

/// Pattern, action and resource of what a statement is about. What an allow list allows is told by what it does not, too.
fn questions(document: &Document, statement: &Statement) -> Vec<(String, String, String)> {
    let resource = match statement.resource.as_ref().map(|resource| resource.patterns()) {
        Some((patterns, false)) => patterns.first().filter(|pattern| !pattern.contains("${")).cloned(),
        _ => None,
    };
    let resource = resource.unwrap_or_else(|| "*".to_owned());
    let (patterns, is_negated) = statement.action.patterns();
    let mut asked = Vec::new();
    let is_wide = is_negated || patterns.iter().any(|pattern| pattern == "*");
    let is_allow_list = statement.effect == StatementEffect::Allow && !is_full(statement);
    if is_wide || is_allow_list {
        let denies = document.statements.iter().any(|statement| statement.effect == StatementEffect::Deny);
        let wanted = WELL_KNOWN.iter().filter(|action| is_allow_list || is_about(&statement.action, action));
        if !is_full(statement) || !denies {
            let name = if is_negated { format!("all but {}", summary(patterns)) } else { "*".to_owned() };
            asked.extend(wanted.map(|action| (name.clone(), (*action).to_owned(), "*".to_owned())));
        }
    }
    if !is_negated {
        let named = patterns.iter().filter(|pattern| *pattern != "*");
        asked.extend(
            named.filter_map(|pattern| Some((pattern.clone(), first_of(pattern)?, resource.clone()))),
        );
    }
    asked
}

/// `FullAWSAccess` and its like.
fn is_full(statement: &Statement) -> bool {
    let (patterns, is_negated) = statement.action.patterns();
    let is_everything = !is_negated && patterns.iter().any(|pattern| pattern == "*");
    statement.effect == StatementEffect::Allow && is_everything && statement.conditions.is_empty()
}

fn is_about(element: &ActionElement, action: &str) -> bool {
    let catalogue = Catalogue::embedded();
    let (patterns, is_negated) = element.patterns();
    let Some(id) = catalogue.action(action) else { return false };
    patterns.iter().any(|pattern| catalogue.expand(pattern).contains(id)) != is_negated
}

fn summary(patterns: &[String]) -> String {
    match patterns {
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    }
}

fn groups(bench: &Bench, callers: &[Caller], (action, resource): (&str, &str)) -> Vec<Group> {
    let catalogue = Catalogue::embedded();
    let wildcard_only = catalogue.action(action).is_some_and(|id| !catalogue.has_resource_types(id));
    let mut groups: BTreeMap<Effect, (usize, Vec<String>)> = BTreeMap::new();
    for caller in callers {
        let request = Request {
            principal: caller.principal.clone(),
            action: action.to_owned(),
            resource: if wildcard_only { "*".to_owned() } else { resource.to_owned() },
            resource_account: caller.account.clone(),
            wildcard_only,
            context: partial(&caller.context()),
        };
        let effect = effect(bench, caller, &request);
        let (count, names) = groups.entry(effect).or_default();
        *count = count.saturating_add(1);
        if names.len() < NAMES_MAX {
            names.push(caller.name());
        }
    }
    groups.into_iter().map(|(effect, (count, names))| Group { effect, count, names }).collect()
}

fn effect(bench: &Bench, caller: &Caller, request: &Request) -> Effect {
    let standing = bench.standing(caller, &request.action);
    match standing.decide(request) {
        Answer::Allowed => Effect::Allowed,
        Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_) => Effect::Denied,
        Answer::Indeterminate => {
            let decision = reference::decide(request, &standing.policies);
            Effect::Depends(decision.missing_keys().into_iter().map(str::to_owned).collect())
        }
    }
}

/// What is known of the caller; nothing is known of the rest.
fn partial(known: &Context) -> Context {
    let mut context = Context::partial();
    for (key, fact) in known.iter() {
        context.set(key, fact.clone());
    }
    context
}
