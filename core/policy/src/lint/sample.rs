//! Questions that a statement suggests: a caller, an action and a resource that it is about.

use super::principal::named;
use super::subject::{Held, Subject};
use super::witness::{Ask, filled};
use crate::catalogue::Catalogue;
use crate::document::PrincipalKind;
use crate::request::{Fact, Principal};
use crate::validate::PolicyKind;

/// So many actions are tried.
const ACTIONS_MAX: usize = 3;

/// Questions about a few actions of a statement.
pub(super) fn asks(
    subject: &Subject<'_>,
    held: &Held<'_>,
    principal: &Principal,
    fixed: &[(String, Vec<Fact>)],
) -> Vec<Ask> {
    let asks = actions(held).into_iter().map(|action| {
        let catalogue = Catalogue::embedded();
        let wildcard_only = catalogue.action(&action).is_some_and(|id| !catalogue.has_resource_types(id));
        let resource = if wildcard_only { "*".to_owned() } else { resource(subject, held, &action) };
        Ask { principal: principal.clone(), action, resource, wildcard_only, fixed: fixed.to_vec() }
    });
    asks.collect()
}

fn actions(held: &Held<'_>) -> Vec<String> {
    let catalogue = Catalogue::embedded();
    let (patterns, is_negated) = held.statement.action.patterns();
    let literal = patterns.iter().filter(|pattern| !is_negated && !pattern.contains(['*', '?']));
    let mut names: Vec<String> = literal.take(ACTIONS_MAX).cloned().collect();
    if names.is_empty() {
        // An action that the statement's wildcard, or its NotAction, reaches: a well-known one, else the first.
        let usual =
            ["s3:GetObject", "s3:ListBucket", "kms:Decrypt", "sts:AssumeRole", "ec2:TerminateInstances"];
        let is_reached = |name: &&str| catalogue.action(name).is_some_and(|id| held.actions().contains(id));
        names.extend(usual.into_iter().filter(is_reached).take(2).map(str::to_owned));
        names.extend(held.actions().iter().take(1).map(|id| catalogue.name(id)));
    }
    names
}

/// A resource that the statement names, or any that the action works on.
pub(super) fn resource(subject: &Subject<'_>, held: &Held<'_>, action: &str) -> String {
    if held.statement.resource.is_none() {
        return format!("arn:aws:iam::{}:role/kagimori-witness", subject.owner);
    }
    let is_named = held.resource_element() == "Resource";
    let found = held.resources().iter().find(|pattern| pattern.contains(':')).filter(|_| is_named);
    found.map_or_else(|| of_action(action, &subject.owner), |pattern| filled(pattern))
}

/// A resource of the first kind that the action works on, in the policy's own account.
fn of_action(action: &str, owner: &str) -> String {
    let catalogue = Catalogue::embedded();
    let kinds = catalogue.action(action).map(|id| catalogue.resource_types(id)).unwrap_or_default();
    let Some(kind) = kinds.iter().find(|kind| kind.required).or_else(|| kinds.first()) else {
        return "*".to_owned();
    };
    let place = [("${Partition}", "aws"), ("${Region}", "us-east-1"), ("${Account}", owner)];
    let arn = place.iter().fold(kind.arn.to_owned(), |arn, (name, value)| arn.replace(name, value));
    filled(&arn)
}

/// Those whom a statement is about, as far as they can be made up.
pub(super) fn callers(subject: &Subject<'_>, held: &Held<'_>) -> Vec<Principal> {
    if subject.kind.is_of_identity() {
        return vec![subject.insider()];
    }
    let aws = named(held, &PrincipalKind::Aws).iter().filter_map(|name| {
        let name = super::principal::account(name)
            .map_or_else(|| name.clone(), |account| format!("arn:aws:iam::{account}:role/witness"));
        Principal::parse(&name).ok()
    });
    let services =
        named(held, &PrincipalKind::Service).iter().map(|name| Principal::Service { name: name.clone() });
    let federated = named(held, &PrincipalKind::Federated)
        .iter()
        .map(|name| Principal::Federated { provider: name.clone() });
    let mut callers: Vec<Principal> = aws.chain(services).chain(federated).take(ACTIONS_MAX).collect();
    if callers.is_empty() && subject.kind != PolicyKind::ResourceControl {
        callers.extend([subject.outsider(), subject.insider()]);
    }
    callers
}
