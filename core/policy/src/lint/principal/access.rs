//! Whom a policy on a resource lets in, decided by asking the evaluator as an outsider would.

use super::{account, named, names_everyone};
use crate::catalogue::Catalogue;
use crate::document::{PrincipalElement, PrincipalKind, Principals};
use crate::lint::rule::RuleId;
use crate::lint::sample::{asks, resource};
use crate::lint::stranger::{accounts, of_service, strangers};
use crate::lint::subject::{Held, Sink, Subject, shortened};
use crate::lint::witness::{Ask, Witness, allowed};
use crate::reference;
use crate::request::{Context, Principal};
use kagimori_id::ArnParts;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in subject.statements.iter().filter(|held| held.is_allow()) {
        public(subject, held, sink);
        not_principal(subject, held, sink);
        services(subject, held, sink);
        escalation(subject, held, sink);
    }
}

fn public(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    if !names_everyone(held) || !sink.wants(RuleId::PublicAccess) {
        return;
    }
    let Some(witness) = as_stranger(subject, held) else { return };
    let who = match witness.request.principal {
        Principal::Anonymous => "anybody, without an AWS account,",
        Principal::Service { .. } => "AWS services acting for any account",
        _ => "any AWS account",
    };
    let message = format!("{} lets {who} call `{}`", held.name(), witness.request.action);
    sink.show(RuleId::PublicAccess, held.at("Principal"), message, witness);
}

/// `reference_policies_elements_notprincipal`: with Allow it is for everybody else, which is never meant.
fn not_principal(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    if !matches!(held.statement.principal, Some(PrincipalElement::NotPrincipal(_))) {
        return;
    }
    let inside = || {
        asks(subject, held, &subject.insider(), &[]).into_iter().find_map(|ask| allowed(subject, held, &ask))
    };
    let Some(witness) = as_stranger(subject, held).or_else(inside) else { return };
    let message = format!("{} is for everybody that `NotPrincipal` does not list", held.name());
    sink.show(RuleId::AllowWithNotPrincipal, held.at("NotPrincipal"), message, witness);
}

/// A request that the statement allows to a stranger.
pub(in crate::lint) fn as_stranger(subject: &Subject<'_>, held: &Held<'_>) -> Option<Witness> {
    let strangers = strangers(subject, held);
    let mut asks =
        strangers.iter().flat_map(|stranger| asks(subject, held, &stranger.principal, &stranger.keys));
    asks.find_map(|ask| allowed(subject, held, &ask))
}

/// The confused deputy (IAM User Guide, `confused-deputy`): the service acts for a resource of somebody else's account.
fn services(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    for (number, name) in named(held, &PrincipalKind::Service).iter().enumerate() {
        let path = held.at("Principal").key("Service").item(number);
        let service = Principal::Service { name: name.clone() };
        let asks = accounts(subject, held)
            .into_iter()
            .flat_map(|account| asks(subject, held, &service, &of_service(subject, held, name, &account)));
        if let Some(witness) = asks.into_iter().find_map(|ask| allowed(subject, held, &ask)) {
            let message = format!("`{}` may do this for a resource of anybody's account", shortened(name));
            sink.show(RuleId::RestrictAccessToServicePrincipal, path, message, witness);
        } else if let Some(key) = unsupported_key(subject, held) {
            let message = format!("requests of `{}` have no `{}`", shortened(name), shortened(key));
            sink.add(RuleId::UnsupportedConditionKeyForServicePrincipal, path, message);
        } else if !held.statement.conditions.iter().any(|condition| is_of_source(&condition.key)) {
            let message = format!("`{}` is not limited by the source it acts for", shortened(name));
            sink.add(RuleId::RecommendedConditionKeyForServicePrincipal, path, message);
        }
    }
}

fn is_of_source(key: &str) -> bool {
    ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(key))
}

/// A key of principals with an account, without which the statement does not apply.
fn unsupported_key<'a>(subject: &Subject<'_>, held: &'a Held<'_>) -> Option<&'a str> {
    let is_of_accounts = |key: &str| {
        let key = key.to_ascii_lowercase();
        key.starts_with("aws:principaltag/")
            || matches!(
                key.as_str(),
                "aws:principalorgid"
                    | "aws:principalorgpaths"
                    | "aws:principalaccount"
                    | "aws:username"
                    | "aws:principalarn"
            )
    };
    let found = held.statement.conditions.iter().find(|condition| {
        let one = std::slice::from_ref(*condition);
        is_of_accounts(&condition.key)
            && reference::conditions_hold(one, subject.version(), &Context::complete()).known() == Some(false)
    });
    found.map(|condition| condition.key.as_str())
}

/// The actions that replace a resource's policy.
const POLICY_CHANGES: [&str; 16] = [
    "s3:PutBucketPolicy",
    "s3:PutAccessPointPolicy",
    "kms:PutKeyPolicy",
    "sqs:AddPermission",
    "sqs:SetQueueAttributes",
    "sns:AddPermission",
    "sns:SetTopicAttributes",
    "secretsmanager:PutResourcePolicy",
    "ecr:SetRepositoryPolicy",
    "lambda:AddPermission",
    "elasticfilesystem:PutFileSystemPolicy",
    "dynamodb:PutResourcePolicy",
    "kinesis:PutResourcePolicy",
    "glacier:SetVaultAccessPolicy",
    "backup:PutBackupVaultAccessPolicy",
    "events:PutPermission",
];

/// Whether somebody other than the owning account may write himself a wider policy.
fn escalation(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    let (patterns, is_negated) = held.statement.action.patterns();
    let catalogue = Catalogue::embedded();
    if is_negated || patterns.is_empty() || !sink.wants(RuleId::ResourcePolicyEscalation) {
        return;
    }
    let is_change = |name: &&&str| catalogue.action(name).is_some_and(|id| held.actions().contains(id));
    let Some(action) = POLICY_CHANGES.iter().find(is_change) else { return };
    let owners = owners(subject);
    for (number, name) in named(held, &PrincipalKind::Aws).iter().enumerate() {
        let Ok(principal) = Principal::parse(name) else { continue };
        let is_owner = principal.account().is_some_and(|account| owners.contains(&account));
        if account(name).is_some() || is_owner {
            continue;
        }
        let asked = Ask {
            principal,
            action: (*action).to_owned(),
            resource: resource(subject, held, action),
            wildcard_only: false,
            fixed: Vec::new(),
        };
        if let Some(witness) = allowed(subject, held, &asked) {
            let message = format!(
                "`{}` may call `{}` and so give itself the rest",
                shortened(name),
                witness.request.action
            );
            sink.show(
                RuleId::ResourcePolicyEscalation,
                held.at("Principal").key("AWS").item(number),
                message,
                witness,
            );
        }
    }
}

/// The accounts that the document treats as the owner: those of its resources, and those it names as a whole.
fn owners<'a>(subject: &'a Subject<'_>) -> Vec<&'a str> {
    let mut owners = Vec::new();
    for held in &subject.statements {
        owners.extend(
            held.resources().iter().filter_map(|pattern| ArnParts::parse(pattern)).map(|arn| arn.account),
        );
        if let Some(PrincipalElement::Principal(Principals::Listed(kinds))) = &held.statement.principal {
            owners.extend(kinds.iter().flat_map(|(_, names)| names).filter_map(|name| account(name)));
        }
    }
    owners.retain(|account| !account.is_empty());
    owners
}
