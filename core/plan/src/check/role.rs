//! Roles: use, sessions, what delegated roles may do, break-glass.

use kagimori_estate::fact::Dataset;
use kagimori_estate::model::{Account, Role, User};
use kagimori_policy::document::{Effect, Statement};
use kagimori_policy::pattern::matches_ignoring_case;

use super::admitted::{Who, admitted, grants};
use super::{Context, Judged, Missing, Rule, Ruling, people, run, staleness};
use crate::privilege;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("role-unused", Rule::Role(unused)),
    ("session-duration", Rule::Role(session)),
    ("breakglass-standing", Rule::Role(break_glass)),
    ("role-caps", Rule::Role(caps)),
    ("bastion-pure", Rule::User(bastion_pure)),
    ("boundary-missing", Rule::Role(boundary_missing)),
];

fn unused(context: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let limit = context.settings.limits.unused_role;
    // the trail may have seen what AWS's tracking has not shown yet
    let did = context.usage.into_iter().flat_map(|usage| usage.of_role(&role.arn));
    let seen = did.map(|activity| activity.last).max();
    let (since, last) = match (role.last_used.known(), seen) {
        (_, Some(seen)) if context.days(seen) < limit => return Ok(Ruling::Pass),
        (Err(gap), _) => return Err(gap.into()),
        (Ok(Some(used)), seen) => (seen.map_or(used.at, |seen| seen.max(used.at)), "last used"),
        (Ok(None), Some(seen)) => (seen, "last used"),
        (Ok(None), None) => match role.created {
            Some(created) => (created, "never used in 400 days, made"),
            None => return Err(super::mfa::field_absent(Dataset::AuthorizationDetails, "CreateDate")),
        },
    };
    let days = context.days(since);
    if days < limit {
        return Ok(Ruling::Pass);
    }
    // the trail is read up to now, AWS's tracking up to the snapshot
    if let Some(told) = role.last_used.fact().filter(|_| seen != Some(since)) {
        staleness::still_idle(context, told.source, since, limit)?;
    }
    Ok(Ruling::Fail(vec![("last", last.into()), ("days", days.into()), ("limit", limit.into())]))
}

fn session(context: &Context<'_>, account: &Account, role: &Role) -> Judged {
    if !context.privileges.role(account.id, &role.name).map_err(Missing)?.administrator {
        return Ok(Ruling::NotApplicable);
    }
    let (seconds, limit) = (*role.max_session_seconds.known()?, context.settings.limits.privileged_session);
    if seconds <= limit {
        return Ok(Ruling::Pass);
    }
    Ok(Ruling::Fail(vec![("hours", (seconds / 3600).into()), ("limit", (limit / 3600).into())]))
}

/// A break-glass role that can be assumed at any time: no window of dates in its trust.
fn break_glass(context: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let patterns = &context.settings.patterns.break_glass_roles;
    if !patterns.iter().any(|pattern| matches_ignoring_case(pattern, &role.name)) {
        return Ok(Ruling::NotApplicable);
    }
    let document = run::document(&role.trust)?;
    let standing = grants(document).any(|statement| {
        let window = |operator: &str| operator.to_ascii_lowercase().starts_with("datelessthan");
        !statement.conditions.iter().any(|condition| window(&condition.operator))
    });
    Ok(if standing { Ruling::Fail(Vec::new()) } else { Ruling::Pass })
}

/// Whether people of another account of the company (the bastion, where one is named) may become this role.
fn is_delegated(context: &Context<'_>, account: &Account, role: &Role) -> Result<bool, Missing> {
    let mut hidden = None;
    for statement in grants(run::document(&role.trust)?) {
        for who in admitted(&statement) {
            match is_from_elsewhere(context, account, &statement, &who) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(missing) => hidden = Some(missing),
            }
        }
    }
    hidden.map_or(Ok(false), Err)
}

fn is_from_elsewhere(
    context: &Context<'_>,
    account: &Account,
    statement: &Statement,
    who: &Who,
) -> Result<bool, Missing> {
    let Some(from) = who.account().filter(|from| *from != account.id) else { return Ok(false) };
    if Some(from) == context.settings.bastion {
        return Ok(true);
    }
    Ok(!people::are_roles_only(statement) && people::are_people(context, account, statement, who)?)
}

/// S0: roles that people reach from another account stay below IAM.
fn caps(context: &Context<'_>, account: &Account, role: &Role) -> Judged {
    let writes =
        context.privileges.role(account.id, &role.name).map(|power| power.iam_writer).map_err(Missing);
    match (is_delegated(context, account, role), writes) {
        (Ok(false), _) => Ok(Ruling::NotApplicable),
        (Err(missing), _) | (_, Err(missing)) => Err(missing),
        (Ok(true), Ok(writes)) => Ok(if writes { Ruling::Fail(Vec::new()) } else { Ruling::Pass }),
    }
}

/// What people of a bastion may do there: look after themselves, pass MFA, and leave.
const SELF_CARE: [&str; 14] = [
    "sts:AssumeRole",
    "sts:GetSessionToken",
    "sts:GetCallerIdentity",
    "iam:ChangePassword",
    "iam:Get*",
    "iam:List*",
    "iam:CreateVirtualMFADevice",
    "iam:DeleteVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:DeactivateMFADevice",
    "iam:ResyncMFADevice",
    "iam:CreateAccessKey",
    "iam:UpdateAccessKey",
    "iam:DeleteAccessKey",
];

fn bastion_pure(context: &Context<'_>, account: &Account, user: &User) -> Judged {
    if !context.bastions.is_bastion(account.id)? {
        return Ok(Ruling::NotApplicable);
    }
    let details = user.details.known()?;
    let (mut beyond, mut missing) = (Vec::new(), None);
    let groups = details.groups.iter().filter_map(|name| account.groups.get(name)).map(|group| &group.grants);
    for grants in groups.chain([&details.grants]) {
        for (_, policy) in &grants.inline {
            actions_beyond(run::document(policy)?, &mut beyond);
        }
        for arn in &grants.attached {
            match account.policies.get(arn) {
                Some(policy) => actions_beyond(run::document(&policy.document)?, &mut beyond),
                None if arn.name() == "IAMUserChangePassword" => {}
                None => missing = Some(run::not_given(arn)),
            }
        }
    }
    beyond.sort();
    beyond.dedup();
    if let (true, Some(gap)) = (beyond.is_empty(), details.grants.gap()) {
        return Err(gap.into());
    }
    if let (true, Some(missing)) = (beyond.is_empty(), missing) {
        return Err(missing);
    }
    Ok(if beyond.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("actions", beyond.into())]) })
}

fn actions_beyond(document: &kagimori_policy::document::Document, beyond: &mut Vec<String>) {
    for statement in document.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        let (patterns, negated) = statement.action.patterns();
        let within = |pattern: &String| SELF_CARE.iter().any(|care| matches_ignoring_case(care, pattern));
        if negated {
            beyond.push("NotAction".to_owned());
        } else {
            beyond.extend(patterns.iter().filter(|pattern| !within(pattern)).cloned());
        }
    }
}

/// A role that can create or arm other roles, without a boundary that limits what it can hand on.
fn boundary_missing(context: &Context<'_>, account: &Account, role: &Role) -> Judged {
    let somebody = format!("arn:aws:iam::{}:role/kagimori-probe", account.id);
    let mut writes = false;
    for action in ["iam:PutRolePolicy", "iam:AttachRolePolicy"] {
        writes |= context.privileges.may(role.arn.as_str(), action, &somebody).map_err(Missing)?;
    }
    if !writes {
        return Ok(Ruling::NotApplicable);
    }
    let asks_for_boundary =
        role.grants.inline.iter().any(|(_, policy)| demands_boundary(policy))
            || role.grants.attached.iter().any(|arn| {
                account.policies.get(arn).is_some_and(|policy| demands_boundary(&policy.document))
            });
    let bounded = role.grants.boundary.is_some() || asks_for_boundary;
    Ok(if bounded { Ruling::Pass } else { Ruling::Fail(Vec::new()) })
}

/// Grants only together with `iam:PermissionsBoundary` on what is written.
fn demands_boundary(policy: &kagimori_estate::model::Policy) -> bool {
    let Ok(document) = &policy.document else { return false };
    document.statements.iter().any(|statement| {
        privilege::reaches_action(statement, "iam:PutRolePolicy")
            && statement
                .conditions
                .iter()
                .any(|condition| condition.key.eq_ignore_ascii_case("iam:PermissionsBoundary"))
    })
}
