//! What policies grant, read as text: stars, wildcards, where they hang.

use kagimori_estate::fact::{Dataset, GapReason};
use kagimori_estate::model::{Account, Group, Listing, ManagedPolicy, User};
use kagimori_id::Arn;
use kagimori_policy::document::{ActionElement, Effect, ResourceElement, Statement};
use kagimori_policy::reference;
use kagimori_policy::request::Context as RequestContext;

use super::{Context, Identity, Judged, Missing, Placed, Rule, Ruling, mfa, run};
use crate::privilege;
use crate::verdict::ResourceKind;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("admin-star-star", Rule::Document(attached_star)),
    ("admin-star-star-awsmanaged", Rule::Identity(aws_administrator)),
    ("admin-inline", Rule::Document(inline_star)),
    ("admin-unattached", Rule::Document(unattached_star)),
    ("service-wildcard", Rule::Document(service_wildcard)),
    ("notaction-allow", Rule::Document(not_action)),
    ("assume-any-role", Rule::Document(assume_any)),
    ("policy-on-user", Rule::User(on_user)),
    ("user-not-in-group", Rule::User(no_group)),
    ("group-empty", Rule::Group(empty_group)),
    ("inline-present", Rule::Identity(inline)),
    ("policy-unused", Rule::Policy(unused)),
    ("support-role", Rule::Account(support_role)),
    ("security-audit-role", Rule::Account(audit_role)),
    ("cloudshell", Rule::Identity(cloudshell)),
    ("user-denied-on-group-object", Rule::Document(denied_on_group)),
    ("misc-vendor", Rule::Document(vendor)),
];

fn verdict(fails: bool) -> Ruling {
    if fails { Ruling::Fail(Vec::new()) } else { Ruling::Pass }
}

/// Allow `*` on `*` without a condition, or with one that every request meets.
pub(super) fn is_star_star(context: &Context<'_>, account: &Account, placed: &Placed<'_>) -> bool {
    unlimited(context, account, placed).into_iter().any(|statement| {
        privilege::is_about_every_action(statement) && privilege::is_about_everything(statement)
    })
}

/// The Allow statements whose conditions, if any, every request of the account's own principals meets: that it comes by TLS, as
/// every SDK's does, after a date that is past, from the account itself (`reference_policies_condition-keys`).
pub(super) fn unlimited<'p>(
    context: &Context<'_>,
    account: &Account,
    placed: &Placed<'p>,
) -> Vec<&'p Statement> {
    let allows = placed.document.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    let met = |statement: &&Statement| {
        statement.conditions.is_empty() || {
            let request = RequestContext::partial()
                .with("aws:SecureTransport", "true")
                .with("aws:CurrentTime", &context.now.to_string())
                .with("aws:EpochTime", &context.now.as_second().to_string())
                .with("aws:PrincipalIsAWSService", "false")
                .with("aws:PrincipalAccount", &account.id.to_string());
            let holds = reference::conditions_hold(&statement.conditions, placed.document.version, &request);
            holds.known() == Some(true)
        }
    };
    allows.filter(met).collect()
}

/// Attached to somebody; a policy that only bounds grants nothing. Security Hub leaves boundaries out too
/// (`excludePermissionBoundaryPolicy`).
fn is_attached(policy: &ManagedPolicy) -> Result<bool, Missing> {
    policy
        .attachments
        .map(|count| count > 0)
        .ok_or_else(|| mfa::field_absent(Dataset::AuthorizationDetails, "AttachmentCount"))
}

fn attached_star(context: &Context<'_>, account: &Account, placed: &Placed<'_>) -> Judged {
    match placed.managed {
        Some(policy) if is_star_star(context, account, placed) => Ok(verdict(is_attached(policy)?)),
        Some(_) => Ok(Ruling::Pass),
        None => Ok(Ruling::NotApplicable),
    }
}

fn unattached_star(context: &Context<'_>, account: &Account, placed: &Placed<'_>) -> Judged {
    match placed.managed {
        Some(policy) if is_star_star(context, account, placed) => {
            let bounds = policy.boundary_uses.is_some_and(|uses| uses > 0);
            Ok(verdict(!is_attached(policy)? && !bounds))
        }
        Some(_) => Ok(Ruling::Pass),
        None => Ok(Ruling::NotApplicable),
    }
}

fn inline_star(context: &Context<'_>, account: &Account, placed: &Placed<'_>) -> Judged {
    Ok(if placed.managed.is_some() {
        Ruling::NotApplicable
    } else {
        verdict(is_star_star(context, account, placed))
    })
}

fn has_aws_policy(identity: &Identity<'_>, name: &str) -> bool {
    let is_aws =
        |arn: &Arn| arn.account().is_none() && arn.resource().starts_with("policy/") && arn.name() == name;
    identity.grants.attached.iter().any(is_aws)
}

fn aws_administrator(_: &Context<'_>, _: &Account, identity: &Identity<'_>) -> Judged {
    Ok(verdict(has_aws_policy(identity, "AdministratorAccess")))
}

fn cloudshell(_: &Context<'_>, _: &Account, identity: &Identity<'_>) -> Judged {
    Ok(verdict(has_aws_policy(identity, "AWSCloudShellFullAccess")))
}

/// `svc:*` of one service: `ec2:Describe*` is not meant, `*` is `admin-…`.
fn whole_services(statement: &Statement) -> Vec<String> {
    let (patterns, _) = statement.action.patterns();
    let whole = |pattern: &&String| {
        pattern.split_once(':').is_some_and(|(service, name)| !service.contains('*') && name == "*")
    };
    patterns.iter().filter(whole).cloned().collect()
}

fn service_wildcard(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    let allows = placed.document.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    let mut services: Vec<String> = allows.flat_map(whole_services).collect();
    services.sort();
    services.dedup();
    Ok(if services.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("actions", services.into())]) })
}

fn not_action(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    let mut spared = Vec::new();
    for statement in &placed.document.statements {
        if let (Effect::Allow, ActionElement::NotAction(list)) = (statement.effect, &statement.action) {
            spared.extend_from_slice(list.as_slice());
        }
    }
    Ok(if spared.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("actions", spared.into())]) })
}

/// `sts:AssumeRole` on `*` without MFA. With MFA it is S0's bastion group.
fn assume_any(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    let open = placed.document.statements.iter().any(|statement| {
        let named = statement.action.patterns().0.iter().any(|pattern| {
            let pattern = pattern.to_ascii_lowercase();
            pattern == "sts:*" || (pattern.starts_with("sts:assumerole") && !statement.action.patterns().1)
        });
        statement.effect == Effect::Allow
            && named
            && privilege::reaches_action(statement, "sts:AssumeRole")
            && privilege::is_about_everything(statement)
            && !mfa::asks_for_mfa(&statement.conditions)
    });
    Ok(verdict(open))
}

fn on_user(_: &Context<'_>, _: &Account, user: &User) -> Judged {
    let grants = &user.details.known()?.grants;
    let mut names: Vec<String> = grants.inline.iter().map(|(name, _)| name.clone()).collect();
    names.extend(grants.attached.iter().map(|arn| arn.name().to_owned()));
    let ruling = if names.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("policies", names.into())]) };
    run::as_far_as_known(Ok(ruling), grants)
}

fn no_group(_: &Context<'_>, _: &Account, user: &User) -> Judged {
    let details = user.details.known()?;
    match details.grants.gap() {
        Some(gap) if details.groups.is_empty() => Err(gap.into()),
        _ => Ok(verdict(details.groups.is_empty())),
    }
}

fn empty_group(_: &Context<'_>, account: &Account, group: &Group) -> Judged {
    let mut unknown = None;
    for user in account.users.values() {
        match user.details.known() {
            Ok(details) if details.groups.contains(&group.name) => return Ok(Ruling::Pass),
            Ok(details) => unknown = details.grants.gap().cloned().or(unknown),
            // somebody who is in one answer and gone from the other empties no group, and fills none
            Err(gap) if matches!(gap.reason, GapReason::Contradiction(_)) => {}
            Err(gap) => unknown = Some(gap.clone()),
        }
    }
    account.listing(Listing::Users).known()?;
    match unknown {
        Some(gap) => Err(Missing(gap)),
        None => Ok(Ruling::Fail(Vec::new())),
    }
}

fn inline(_: &Context<'_>, _: &Account, identity: &Identity<'_>) -> Judged {
    let names: Vec<String> = identity.grants.inline.iter().map(|(name, _)| name.clone()).collect();
    Ok(if names.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("policies", names.into())]) })
}

fn unused(_: &Context<'_>, _: &Account, policy: &ManagedPolicy) -> Judged {
    let bounds = policy.boundary_uses.is_some_and(|uses| uses > 0);
    Ok(verdict(!is_attached(policy)? && !bounds))
}

fn role_with(account: &Account, name: &str) -> Judged {
    let mut roles = account.roles.values();
    let attached = roles.any(|role| {
        has_aws_policy(
            &Identity {
                kind: ResourceKind::Role,
                name: &role.name,
                arn: role.arn.as_str(),
                grants: &role.grants,
            },
            name,
        )
    });
    if !attached {
        account.listing(Listing::Roles).known()?;
        if let Some(gap) = account.roles.values().find_map(|role| role.grants.gap()) {
            return Err(gap.into());
        }
    }
    Ok(verdict(!attached))
}

fn support_role(_: &Context<'_>, account: &Account) -> Judged {
    role_with(account, "AWSSupportAccess")
}

fn audit_role(_: &Context<'_>, account: &Account) -> Judged {
    role_with(account, "SecurityAudit")
}

/// A Deny meant for the members of a group, written against the group: requests act on users, so it never matches.
fn denied_on_group(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    let of_members = |pattern: &String| {
        let pattern = pattern.to_ascii_lowercase();
        ["user", "accesskey", "loginprofile", "mfadevice"].iter().any(|word| pattern.contains(word))
            && pattern.starts_with("iam:")
            && !["iam:addusertogroup", "iam:removeuserfromgroup"].contains(&pattern.as_str())
    };
    let useless = placed.document.statements.iter().any(|statement| {
        let Some(ResourceElement::Resource(resources)) = &statement.resource else { return false };
        let (actions, negated) = statement.action.patterns();
        let groups_only = !resources.as_slice().is_empty()
            && resources.as_slice().iter().all(|resource| resource.contains(":group/"));
        statement.effect == Effect::Deny && !negated && groups_only && actions.iter().all(of_members)
    });
    Ok(verdict(useless))
}

/// Buying on the marketplace, or handing out agents' tokens, on everything.
fn vendor(context: &Context<'_>, account: &Account, placed: &Placed<'_>) -> Judged {
    const ACTIONS: [&str; 4] = [
        "aws-marketplace:Subscribe",
        "bedrock-agentcore:GetResourceApiKey",
        "bedrock-agentcore:GetResourceOauth2Token",
        "bedrock-agentcore:GetWorkloadAccessToken",
    ];
    if is_star_star(context, account, placed) {
        return Ok(Ruling::NotApplicable);
    }
    let granted = super::risk::granted_on_everything(context, account, placed, &ACTIONS);
    Ok(if granted.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("actions", granted.into())]) })
}
