//! What CloudTrail tells of keys and roles: real use or noise, from where, by how many, and marks of an attacker.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kagimori_estate::fact::{Dataset, Gap, GapReason};
use kagimori_estate::model::{AccessKey, Account, Role, User};
use kagimori_id::AccountId;
use kagimori_policy::document::Effect;
use kagimori_trail::classify::{UseClass, classify};
use kagimori_trail::origin::network_text;
use kagimori_trail::threat::{ENUMERATION, ESCALATION, MODEL_ABUSE};
use kagimori_trail::usage::{Activity, Coverage, KeyUsage, Seen};

use super::{Context, Judged, Missing, Rule, Ruling, run};

pub(super) const RULES: &[(&str, Rule)] = &[
    ("key-noise-only", Rule::Key(noise)),
    ("key-low-frequency", Rule::Key(low_frequency)),
    ("key-unexpected-origin", Rule::Key(unexpected_origin)),
    ("key-shared", Rule::Key(shared)),
    ("key-for-aws-workload", Rule::Key(inside_aws)),
    ("threat-heuristics", Rule::Key(threat)),
    ("permission-unused", Rule::Role(permission_unused)),
];

/// What the trail tells of a key: `None` when it never saw it, a gap when the key has no id to look for.
fn usage<'a>(
    context: &Context<'a>,
    account: &Account,
    key: &AccessKey,
) -> Result<Option<&'a KeyUsage>, Missing> {
    let trail = context.usage()?;
    covered(context, account.id)?;
    let id = key.id.as_ref().ok_or_else(|| absent(Dataset::AccessKeys, "AccessKeyId"))?;
    Ok(trail.keys.get(id))
}

/// A trail that says nothing of an account at all is a trail that was not given for it.
fn covered<'a>(context: &Context<'a>, account: AccountId) -> Result<&'a Coverage, Missing> {
    context.usage()?.coverage.get(&account).ok_or_else(|| absent(Dataset::Trail, "events of this account"))
}

fn absent(dataset: Dataset, field: &str) -> Missing {
    Missing(Gap { dataset, reason: GapReason::FieldAbsent(field.to_owned()) })
}

fn noise(context: &Context<'_>, account: &Account, _: &User, key: &AccessKey) -> Judged {
    if !*key.active.known()? {
        return Ok(Ruling::NotApplicable);
    }
    let Some(KeyUsage { activity, .. }) = usage(context, account, key)? else {
        return Ok(Ruling::NotApplicable);
    };
    if context.use_class(account.id, activity).class != UseClass::Noise {
        return Ok(Ruling::Pass);
    }
    let why = if activity.succeeded == 0 { "every call failed" } else { "only a heartbeat of reads" };
    let failed = activity.calls - activity.succeeded;
    Ok(Ruling::Fail(vec![("why", why.into()), ("calls", activity.calls.into()), ("failed", failed.into())]))
}

fn low_frequency(context: &Context<'_>, account: &Account, _: &User, key: &AccessKey) -> Judged {
    let Some(KeyUsage { activity, .. }) = usage(context, account, key)? else {
        return Ok(Ruling::NotApplicable);
    };
    if context.use_class(account.id, activity).class != UseClass::Rare {
        return Ok(Ruling::Pass);
    }
    let uses = activity.days.len();
    let first = activity.days.keys().next().copied().unwrap_or_default();
    let last = activity.days.keys().next_back().copied().unwrap_or_default();
    let covered = covered(context, account.id)?;
    let span = i64::from(last - first).max(1);
    // a single use says only that the rhythm is longer than the trail around it
    let gaps = i64::try_from(uses.saturating_sub(1)).unwrap_or_default();
    let days = if gaps == 0 { context.days(covered.first) } else { span / gaps };
    Ok(Ruling::Info(vec![("uses", uses.into()), ("days", days.into())]))
}

fn unexpected_origin(context: &Context<'_>, account: &Account, _: &User, key: &AccessKey) -> Judged {
    let Some(KeyUsage { activity, .. }) = usage(context, account, key)? else {
        return Ok(Ruling::NotApplicable);
    };
    let limit = context.settings.limits.new_origin;
    let Some(since) = before(covered(context, account.id)?.last, limit) else {
        return Ok(Ruling::NotApplicable);
    };
    if activity.first >= since {
        // no history to be unlike
        return Ok(Ruling::NotApplicable);
    }
    let is_new = |seen: &Seen| seen.first >= since;
    let known: BTreeSet<String> = activity
        .addresses
        .seen
        .iter()
        .filter(|(_, seen)| !is_new(seen))
        .map(|(address, _)| network_text(address))
        .collect();
    let mut origins = Vec::new();
    for (address, seen) in &activity.addresses.seen {
        if is_new(seen) && !address.ends_with(".amazonaws.com") && !known.contains(&network_text(address)) {
            origins.push(address.clone());
        }
    }
    origins.extend(
        activity.regions.seen.iter().filter(|(_, seen)| is_new(seen)).map(|(region, _)| region.clone()),
    );
    let clients =
        activity.callers.iter().filter(|(_, seen)| is_new(seen)).map(|(kind, _)| kind.as_str().to_owned());
    origins.extend(clients);
    if origins.is_empty() {
        return Ok(Ruling::Pass);
    }
    Ok(Ruling::Fail(vec![("limit", limit.into()), ("origins", origins.into())]))
}

fn before(instant: Timestamp, days: i64) -> Option<Timestamp> {
    instant.checked_sub(SignedDuration::from_hours(days * 24)).ok()
}

fn shared(context: &Context<'_>, account: &Account, _: &User, key: &AccessKey) -> Judged {
    let Some(KeyUsage { activity, .. }) = usage(context, account, key)? else {
        return Ok(Ruling::NotApplicable);
    };
    if context.use_class(account.id, activity).class != UseClass::Shared {
        return Ok(Ruling::Pass);
    }
    let families: Vec<String> = activity.workloads.seen.keys().cloned().collect();
    Ok(Ruling::Fail(vec![("families", families.into())]))
}

fn inside_aws(context: &Context<'_>, account: &Account, _: &User, key: &AccessKey) -> Judged {
    let Some(KeyUsage { activity, .. }) = usage(context, account, key)? else {
        return Ok(Ruling::NotApplicable);
    };
    let callers: Vec<String> = activity
        .callers
        .keys()
        .filter(|kind| kind.is_aws_workload())
        .map(|kind| kind.as_str().to_owned())
        .collect();
    Ok(if callers.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("callers", callers.into())]) })
}

/// That many different enumerating calls, some denied, are nobody's daily work.
const ENUMERATION_MIN: usize = 5;

fn threat(context: &Context<'_>, account: &Account, _: &User, key: &AccessKey) -> Judged {
    let Some(KeyUsage { activity, .. }) = usage(context, account, key)? else {
        return Ok(Ruling::NotApplicable);
    };
    let mut signs = Vec::new();
    let mut calls = 0;
    let probed = used(activity, &ENUMERATION);
    if probed.len() >= ENUMERATION_MIN && probed.iter().any(|(_, denied)| *denied) {
        signs.push("enumeration".to_owned());
        calls += probed.iter().map(|(calls, _)| calls).sum::<u64>();
    }
    let escalating = used(activity, &ESCALATION);
    if escalating.iter().any(|(_, denied)| *denied) {
        signs.push("privilege escalation".to_owned());
        calls += escalating.iter().map(|(calls, _)| calls).sum::<u64>();
    }
    let models = used(activity, &MODEL_ABUSE);
    if models.iter().any(|(_, denied)| *denied) {
        signs.push("model abuse".to_owned());
        calls += models.iter().map(|(calls, _)| calls).sum::<u64>();
    }
    Ok(if signs.is_empty() {
        Ruling::Pass
    } else {
        Ruling::Fail(vec![("signs", signs.into()), ("calls", calls.into())])
    })
}

/// The named actions that were called: how often, and whether any call was denied.
fn used(activity: &Activity, names: &[&str]) -> Vec<(u64, bool)> {
    let denied = |code: &String| code.contains("AccessDenied") || code.contains("Unauthorized");
    activity
        .actions
        .iter()
        .filter(|(action, _)| names.contains(&action.name.as_str()))
        .map(|(_, used)| (used.calls, used.errors.keys().any(denied)))
        .collect()
}

/// INFO: services a role's own policies name that the trail never saw it call. Needs a month of trail, and is said only
/// of services whose every call is a management event.
fn permission_unused(context: &Context<'_>, account: &Account, role: &Role) -> Judged {
    const DAYS_MIN: i64 = 30;
    const VISIBLE: [&str; 14] = [
        "iam",
        "ec2",
        "rds",
        "ecs",
        "ecr",
        "cloudformation",
        "elasticloadbalancing",
        "autoscaling",
        "route53",
        "kms",
        "ssm",
        "secretsmanager",
        "codebuild",
        "organizations",
    ];
    let trail = context.usage()?;
    let covered = covered(context, account.id)?;
    let days = (covered.last.as_second() - covered.first.as_second()).div_euclid(86_400);
    if days < DAYS_MIN {
        return Ok(Ruling::NotApplicable);
    }
    let mut granted = BTreeSet::new();
    for (_, policy) in &role.grants.inline {
        services(run::document(policy)?, &mut granted);
    }
    for policy in role.grants.attached.iter().filter_map(|arn| account.policies.get(arn)) {
        services(run::document(&policy.document)?, &mut granted);
    }
    let called: BTreeSet<&str> = trail
        .roles
        .get(&role.arn)
        .into_iter()
        .flat_map(|activity| activity.actions.keys())
        .map(|action| action.service.as_str())
        .collect();
    let unused: Vec<String> = granted
        .into_iter()
        .filter(|service| VISIBLE.contains(&service.as_str()) && !called.contains(service.as_str()))
        .collect();
    Ok(if unused.is_empty() {
        Ruling::Pass
    } else {
        Ruling::Info(vec![("days", days.into()), ("services", unused.into())])
    })
}

fn services(document: &kagimori_policy::document::Document, granted: &mut BTreeSet<String>) {
    for statement in document.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        let (patterns, negated) = statement.action.patterns();
        if !negated {
            let prefix =
                |pattern: &String| pattern.split_once(':').map(|(service, _)| service.to_ascii_lowercase());
            granted.extend(patterns.iter().filter_map(prefix));
        }
    }
}

impl Context<'_> {
    /// The class of use of a key or principal of an account.
    pub(crate) fn use_class(
        &self,
        account: AccountId,
        activity: &Activity,
    ) -> kagimori_trail::classify::Classification {
        let coverage = self.usage.and_then(|usage| usage.coverage.get(&account));
        classify(activity, coverage, self.settings.limits.unused, self.now)
    }
}
