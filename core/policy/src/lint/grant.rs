//! Grants wider than they look: passing roles, creating service-linked roles, everything. Each finding has a request that the
//! document allows, with a role and a service that it cannot have meant.

use super::rule::RuleId;
use super::subject::{Held, Path, Sink, Subject};
use super::witness::{Ask, allowed, fixed};
use crate::catalogue::Catalogue;
use crate::validate::PolicyKind;
use kagimori_id::arn::padded_parts;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    if !matches!(subject.kind, PolicyKind::Identity | PolicyKind::Session) {
        return;
    }
    for held in subject.statements.iter().filter(|held| held.is_allow()) {
        for power in [&PASS_ROLE, &CREATE_SLR] {
            wide(subject, held, power, sink);
        }
        full_access(subject, held, sink);
        all_but(subject, held, sink);
    }
}

/// An action on roles that is dangerous for any role.
struct Power {
    action: &'static str,
    /// The key that limits it to a service, and a service nobody means.
    key: &'static str,
    /// A role nobody means.
    role: &'static str,
    /// With Resource a wildcard, or NotResource; each for a literal action, a wildcard, and NotAction.
    star: [RuleId; 3],
    not_resource: [RuleId; 3],
}

const SERVICE: &str = "zq9-witness.amazonaws.com";

const PASS_ROLE: Power = Power {
    action: "iam:PassRole",
    key: "iam:PassedToService",
    role: "role/zq9-witness",
    star: [
        RuleId::PassRoleStarResource,
        RuleId::PassRoleStarActionStarResource,
        RuleId::PassRoleStarResourceNotAction,
    ],
    not_resource: [
        RuleId::PassRoleNotResource,
        RuleId::PassRoleStarActionNotResource,
        RuleId::PassRoleNotActionNotResource,
    ],
};

const CREATE_SLR: Power = Power {
    action: "iam:CreateServiceLinkedRole",
    key: "iam:AWSServiceName",
    role: "role/aws-service-role/zq9-witness.amazonaws.com/AWSServiceRoleForZq9Witness",
    star: [
        RuleId::CreateSlrStarResource,
        RuleId::CreateSlrStarActionStarResource,
        RuleId::CreateSlrStarResourceNotAction,
    ],
    not_resource: [
        RuleId::CreateSlrNotResource,
        RuleId::CreateSlrStarActionNotResource,
        RuleId::CreateSlrNotActionNotResource,
    ],
};

fn wide(subject: &Subject<'_>, held: &Held<'_>, power: &Power, sink: &mut Sink<'_>) {
    let Some((form, action_path)) = form(held, power) else { return };
    let rules = if held.resource_element() == "NotResource" { power.not_resource } else { power.star };
    let Some(rule) = rules.get(form).copied().filter(|rule| sink.wants(*rule)) else { return };
    let witness = roles(subject, held, power).into_iter().find_map(|resource| {
        let asked = Ask {
            principal: subject.insider(),
            action: power.action.to_owned(),
            resource,
            wildcard_only: false,
            fixed: vec![fixed(power.key, SERVICE)],
        };
        allowed(subject, held, &asked)
    });
    if let Some(witness) = witness {
        let message = format!("{} allows `{}` on `{}`", held.name(), power.action, witness.request.resource);
        sink.show(rule, action_path, message, witness);
    }
}

/// How the statement names the action: 0 by its name, 1 by a wildcard, 2 by NotAction; and where.
fn form(held: &Held<'_>, power: &Power) -> Option<(usize, Path)> {
    let (patterns, is_negated) = held.statement.action.patterns();
    let names = |pattern: &String| crate::pattern::matches_ignoring_case(pattern, power.action);
    if is_negated {
        return (!patterns.iter().any(names)).then(|| (2, held.at("NotAction")));
    }
    let literal = patterns.iter().position(|pattern| pattern.eq_ignore_ascii_case(power.action));
    let wild = || patterns.iter().position(names);
    let found = literal.map(|place| (0, place)).or_else(|| wild().map(|place| (1, place)));
    found.map(|(form, place)| (form, held.at("Action").item(place)))
}

/// A role in each account that the statement's resources name.
fn roles(subject: &Subject<'_>, held: &Held<'_>, power: &Power) -> Vec<String> {
    let arn = |partition: &str, account: &str| format!("arn:{partition}:iam::{account}:{}", power.role);
    let mut roles = vec![arn("aws", &subject.owner)];
    for pattern in held.resources() {
        let [_, partition, _, _, account, _] = padded_parts(pattern);
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let partition = if partition.contains(['*', '?', '$']) { "aws" } else { partition };
        roles.push(arn(partition, if is_account { account } else { &subject.owner }));
    }
    roles.dedup();
    roles
}

/// `reference_policies_elements_notaction`: an Allow of everything but a few actions, and of all that AWS will add. Whoever may write
/// policies is an administrator.
fn all_but(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    let is_everywhere = held.resource_element() == "NotResource"
        || held.resources().iter().any(|pattern| super::arn::is_everything(pattern));
    if held.action_element() != "NotAction" || !is_everywhere || !held.statement.conditions.is_empty() {
        return;
    }
    let user = format!("arn:aws:iam::{}:user/zq9-witness", subject.owner);
    let powers = [
        (RuleId::FullAccessButFew, "iam:AttachUserPolicy", user.clone()),
        (RuleId::FullAccessButFew, "iam:PutUserPolicy", user),
        (
            RuleId::AllowWithNotAction,
            "ec2:TerminateInstances",
            format!("arn:aws:ec2:us-east-1:{}:instance/i-0123456789abcdef0", subject.owner),
        ),
        (RuleId::AllowWithNotAction, "s3:DeleteBucket", "arn:aws:s3:::zq9-witness".to_owned()),
        (
            RuleId::AllowWithNotAction,
            "sts:AssumeRole",
            format!("arn:aws:iam::{}:role/zq9-witness", subject.owner),
        ),
    ];
    let found = powers.into_iter().find_map(|(rule, action, resource)| {
        let (action, principal) = (action.to_owned(), subject.insider());
        let asked = Ask { principal, action, resource, wildcard_only: false, fixed: Vec::new() };
        allowed(subject, held, &asked).map(|witness| (rule, witness))
    });
    if let Some((rule, witness)) = found {
        let message = format!(
            "{} allows everything but a few actions, `{}` for one",
            held.name(),
            witness.request.action
        );
        sink.show(rule, held.at("NotAction"), message, witness);
    }
}

/// An Allow of everything on everything, as far as the document's own Denies leave it.
fn full_access(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    let (patterns, is_negated) = held.statement.action.patterns();
    let place = patterns.iter().position(|pattern| pattern == "*" || pattern == "*:*");
    let is_everywhere = held.resource_element() == "Resource"
        && held.resources().iter().any(|pattern| super::arn::is_everything(pattern));
    let Some(place) = place.filter(|_| !is_negated && is_everywhere && held.statement.conditions.is_empty())
    else {
        return;
    };
    let targets = [
        ("iam:CreateUser", format!("arn:aws:iam::{}:user/zq9-witness", subject.owner)),
        ("s3:DeleteBucket", "arn:aws:s3:::zq9-witness".to_owned()),
        (
            "ec2:TerminateInstances",
            format!("arn:aws:ec2:us-east-1:{}:instance/i-0123456789abcdef0", subject.owner),
        ),
    ];
    let witness = targets.into_iter().find_map(|(action, resource)| {
        let asked = Ask {
            principal: subject.insider(),
            action: action.to_owned(),
            resource,
            wildcard_only: false,
            fixed: Vec::new(),
        };
        debug_assert!(Catalogue::embedded().action(action).is_some(), "{action}");
        allowed(subject, held, &asked)
    });
    if let Some(witness) = witness {
        let message = format!("{} allows everything, `{}` for one", held.name(), witness.request.action);
        sink.show(RuleId::FullAccess, held.at("Action").item(place), message, witness);
    }
}
