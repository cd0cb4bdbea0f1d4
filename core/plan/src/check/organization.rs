//! The organization: central root management, guardrails, structure.

use kagimori_estate::fact::Gap;
use kagimori_estate::model::OrganizationPolicy;
use kagimori_policy::document::Effect;

use super::{Context, Judged, Missing, Rule, Ruling};

pub(super) const RULES: &[(&str, Rule)] = &[
    ("root-central-management", Rule::Organization(central_management)),
    ("root-sessions-feature", Rule::Organization(sessions)),
    ("guardrail-missing", Rule::Organization(guardrail)),
    ("org-structure", Rule::Organization(structure)),
];

/// Accounts that are in no organization have none of what these checks ask for.
fn is_in_none(context: &Context<'_>) -> bool {
    context.estate.organization.is_in_use.value() == Some(&false)
}

fn central_management(context: &Context<'_>) -> Judged {
    if is_in_none(context) {
        return Ok(Ruling::NotApplicable);
    }
    let on = context.estate.organization.features.known()?.iter().any(|on| on == "RootCredentialsManagement");
    Ok(if on { Ruling::Pass } else { Ruling::Fail(Vec::new()) })
}

fn sessions(context: &Context<'_>) -> Judged {
    let features = context.estate.organization.features.known()?;
    if !features.iter().any(|on| on == "RootCredentialsManagement") {
        return Ok(Ruling::NotApplicable);
    }
    let on = features.iter().any(|on| on == "RootSessions");
    Ok(if on { Ruling::Pass } else { Ruling::Info(Vec::new()) })
}

fn is_control(policy: &&OrganizationPolicy) -> bool {
    policy.kind == "SERVICE_CONTROL_POLICY" && !policy.aws_managed
}

/// A customer's SCP with a Deny that is attached somewhere.
fn guardrail(context: &Context<'_>) -> Judged {
    if is_in_none(context) {
        return Ok(Ruling::NotApplicable);
    }
    let policies = context.estate.organization.policies.known()?;
    let mut gap: Option<Gap> = None;
    for policy in policies.iter().filter(is_control) {
        match denies_somewhere(policy) {
            Ok(true) => return Ok(Ruling::Pass),
            Ok(false) => {}
            Err(Missing(missing)) => gap = Some(missing),
        }
    }
    gap.map_or(Ok(Ruling::Fail(Vec::new())), |gap| Err(Missing(gap)))
}

fn denies_somewhere(policy: &OrganizationPolicy) -> Result<bool, Missing> {
    let document = super::run::document(policy.document.known()?)?;
    let denies = document.statements.iter().any(|statement| statement.effect == Effect::Deny);
    Ok(denies && !policy.targets.known()?.is_empty())
}

/// SCPs that hang nowhere, and a management account that bears workloads' users.
fn structure(context: &Context<'_>) -> Judged {
    if is_in_none(context) {
        return Ok(Ruling::NotApplicable);
    }
    let mut unattached = Vec::new();
    for policy in context.estate.organization.policies.known()?.iter().filter(is_control) {
        if policy.targets.known()?.is_empty() {
            unattached.push(policy.name.clone());
        }
    }
    Ok(if unattached.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("policies", unattached.into())]) })
}
