//! What CloudTrail tells of keys and roles: real use or noise, from where, by how many, and marks of an attacker.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::fact::{Dataset, Gap, GapReason};
use kagimori_estate::model::{AccessKey, Account, Role, User};
use kagimori_id::AccountId;
use kagimori_policy::catalogue::{ActionId, ActionSet, Catalogue};
use kagimori_policy::document::{Effect, Statement};
use kagimori_trail::classify::{UseClass, classify, classify_shared};
use kagimori_trail::event::Principal;
use kagimori_trail::origin::{Judgement, Origin, Sign};
use kagimori_trail::sight::Sight;
use kagimori_trail::usage::{Activity, Coverage, KeyUsage};

use super::{Context, Judged, Missing, Rule, Ruling, run};
use crate::blind;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("key-noise-only", Rule::Key(noise)),
    ("key-low-frequency", Rule::Key(low_frequency)),
    ("key-unexpected-origin", Rule::Key(unexpected_origin)),
    ("key-shared", Rule::Key(shared)),
    ("key-for-aws-workload", Rule::Key(inside_aws)),
    ("threat-heuristics", Rule::Key(threat)),
    ("permission-unused", Rule::Role(permission_unused)),
];

/// Whether a check asks what the trail shows.
pub(super) fn is_by_trail(check: &str) -> bool {
    RULES.iter().any(|(id, _)| *id == check)
}

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

/// Whether the trail would have shown whatever the user may do: what else was done with a key is known only then.
fn shown(context: &Context<'_>, account: &Account, user: &User) -> Result<(), Missing> {
    let absent = || absent(Dataset::Trail, "eventCategory");
    let sight = context.sight.as_ref().ok_or_else(absent)?;
    agrees(sight, account.id)?;
    let details = user.details.known()?;
    if let Some(gap) = details.grants.gap() {
        return Err(gap.into());
    }
    let groups = details.groups.iter().filter_map(|name| account.groups.get(name)).map(|group| &group.grants);
    for grants in groups.chain([&details.grants]) {
        let attached = grants.attached.iter().filter_map(|arn| account.policies.get(arn));
        let documents =
            grants.inline.iter().map(|(_, policy)| policy).chain(attached.map(|policy| &policy.document));
        for document in documents {
            let statements = &run::document(document)?.statements;
            let mut allowed = statements.iter().filter(|statement| statement.effect == Effect::Allow);
            if let Some(kind) = allowed.find_map(|statement| {
                let told = || hidden(sight, account.id, statement);
                (*context.hidden.of(account.id, statement, told)).clone()
            }) {
                return Err(Missing(Gap { dataset: Dataset::Trail, reason: GapReason::FieldAbsent(kind) }));
            }
        }
    }
    Ok(())
}

/// Selectors that the trail contradicts say nothing of what it would have shown.
fn agrees(sight: &Sight, account: AccountId) -> Result<(), Missing> {
    match sight.contradictions(account) {
        [] => Ok(()),
        _ => {
            let reason = GapReason::Contradiction("what the trail holds".to_owned());
            Err(Missing(Gap { dataset: Dataset::EventSelectors, reason }))
        }
    }
}

/// What a statement names and the trail would not have shown.
fn hidden(sight: &Sight, account: AccountId, statement: &Statement) -> Option<String> {
    let catalogue = Catalogue::embedded();
    let id = blind::of_statement(sight, account, statement).meant.iter().next()?;
    Some(blind::why(sight, account, statement, &catalogue.name(id)).words().0)
}

fn noise(context: &Context<'_>, account: &Account, user: &User, key: &AccessKey) -> Judged {
    if !*key.active.known()? {
        return Ok(Ruling::NotApplicable);
    }
    let Some(KeyUsage { activity, .. }) = usage(context, account, key)? else {
        return Ok(Ruling::NotApplicable);
    };
    if context.key_class(account.id, key, activity).class != UseClass::Noise {
        return Ok(Ruling::Pass);
    }
    shown(context, account, user)?;
    let why = if activity.succeeded == 0 { "every call failed" } else { "only a heartbeat of reads" };
    let failed = activity.calls - activity.succeeded;
    Ok(Ruling::Fail(vec![("why", why.into()), ("calls", activity.calls.into()), ("failed", failed.into())]))
}

fn low_frequency(context: &Context<'_>, account: &Account, user: &User, key: &AccessKey) -> Judged {
    let Some(KeyUsage { activity, .. }) = usage(context, account, key)? else {
        return Ok(Ruling::NotApplicable);
    };
    if context.key_class(account.id, key, activity).class != UseClass::Rare {
        return Ok(Ruling::Pass);
    }
    // What it does unseen may be done every day.
    shown(context, account, user)?;
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

/// Where a key was used from; `None` when the trail never saw it.
fn origins<'a>(
    context: &'a Context<'_>,
    account: &Account,
    key: &AccessKey,
) -> Result<Option<&'a [Origin]>, Missing> {
    if usage(context, account, key)?.is_none() {
        return Ok(None);
    }
    let judged = context.judged.as_ref().ok_or_else(|| absent(Dataset::Trail, "sourceIPAddress"))?;
    Ok(key.id.as_ref().map(|id| judged.of_key(id)))
}

fn unexpected_origin(context: &Context<'_>, account: &Account, _: &User, key: &AccessKey) -> Judged {
    let Some(origins) = origins(context, account, key)? else { return Ok(Ruling::NotApplicable) };
    let is_unexpected = |origin: &&Origin| match origin.judgement {
        Judgement::Suspected => true,
        Judgement::AnotherProgram | Judgement::AnotherPerson => origin.is_new,
        Judgement::Expected => false,
    };
    let unexpected: Vec<&Origin> = origins.iter().filter(is_unexpected).collect();
    if unexpected.is_empty() {
        return Ok(Ruling::Pass);
    }
    let judged = unexpected.iter().map(|origin| origin.judgement.words().0);
    let signs = unexpected.iter().flat_map(|origin| &origin.signs).map(|sign| sign.words().0);
    Ok(Ruling::Fail(vec![
        ("origins", ids(&unexpected).into()),
        ("signs", distinct(judged.chain(signs)).into()),
    ]))
}

fn ids(origins: &[&Origin]) -> Vec<String> {
    origins.iter().map(|origin| origin.id.clone()).collect()
}

/// Each once, in the order in which they come.
fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for word in words {
        if !distinct.iter().any(|known| known == word) {
            distinct.push(word.to_owned());
        }
    }
    distinct
}

fn shared(context: &Context<'_>, account: &Account, _: &User, key: &AccessKey) -> Judged {
    let Some(origins) = origins(context, account, key)? else { return Ok(Ruling::NotApplicable) };
    let Some(KeyUsage { activity, .. }) = usage(context, account, key)? else {
        return Ok(Ruling::NotApplicable);
    };
    if context.key_class(account.id, key, activity).class != UseClass::Shared {
        return Ok(Ruling::Pass);
    }
    let trusted: Vec<&Origin> =
        origins.iter().filter(|origin| origin.judgement != Judgement::Suspected).collect();
    let workloads: BTreeSet<String> = trusted.iter().flat_map(|origin| origin.workloads.clone()).collect();
    let families: Vec<String> = workloads.into_iter().collect();
    Ok(Ruling::Fail(vec![("families", families.into()), ("origins", ids(&trusted).into())]))
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

/// What an origin of the key did as intruders do: all of a suspected one; of any other what was refused.
fn threat(context: &Context<'_>, account: &Account, _: &User, key: &AccessKey) -> Judged {
    let Some(origins) = origins(context, account, key)? else { return Ok(Ruling::NotApplicable) };
    let signs_of = |origin: &Origin| -> Vec<Sign> {
        let suspected = origin.judgement == Judgement::Suspected;
        let deeds = origin.signs.iter().filter(|sign| suspected && sign.is_of_deeds());
        deeds.chain(&origin.marks).copied().collect()
    };
    let hostile: Vec<&Origin> = origins.iter().filter(|origin| !signs_of(origin).is_empty()).collect();
    if hostile.is_empty() {
        return Ok(Ruling::Pass);
    }
    let signs: BTreeSet<Sign> = hostile.iter().flat_map(|origin| signs_of(origin)).collect();
    let calls: u64 = hostile.iter().map(|origin| origin.calls).sum();
    Ok(Ruling::Fail(vec![
        ("signs", distinct(signs.iter().map(|sign| sign.words().0)).into()),
        ("calls", calls.into()),
        ("origins", ids(&hostile).into()),
    ]))
}

/// INFO: services a role's own policies name that the trail never saw it use. Said of services of which the trail would have shown
/// every permission that the role has, on at least a month of days of which something is heard.
fn permission_unused(context: &Context<'_>, account: &Account, role: &Role) -> Judged {
    const DAYS_MIN: i64 = 30;
    let trail = context.usage()?;
    let _there = covered(context, account.id)?;
    let (Some(sight), Some(judged)) = (&context.sight, &context.judged) else {
        return Err(absent(Dataset::Trail, "eventCategory"));
    };
    agrees(sight, account.id)?;
    let days = sight.shown_days(account.id);
    if days < DAYS_MIN {
        return Ok(Ruling::NotApplicable);
    }
    let mut granted = BTreeMap::new();
    for (_, policy) in &role.grants.inline {
        services(context, sight, account.id, run::document(policy)?, &mut granted);
    }
    for policy in role.grants.attached.iter().filter_map(|arn| account.policies.get(arn)) {
        services(context, sight, account.id, run::document(&policy.document)?, &mut granted);
    }
    let calls = trail.of_role(&role.arn).flat_map(|activity| activity.actions.keys());
    let mut used: BTreeSet<&str> = calls.map(|action| action.service.as_str()).collect();
    let origins = judged.origins(&Principal::Role(role.arn.clone()));
    used.extend(origins.iter().flat_map(|origin| &origin.services).map(|service| &**service));
    let is_unused = |(service, is_shown): (String, bool)| {
        (is_shown && !used.contains(service.as_str())).then_some(service)
    };
    let unused: Vec<String> = granted.into_iter().filter_map(is_unused).collect();
    Ok(if unused.is_empty() {
        Ruling::Pass
    } else {
        Ruling::Info(vec![("days", days.into()), ("services", unused.into())])
    })
}

/// The services that a document names, and whether the trail would have shown the use of all that it allows of them.
fn services(
    context: &Context<'_>,
    sight: &Sight,
    account: AccountId,
    document: &kagimori_policy::document::Document,
    granted: &mut BTreeMap<String, bool>,
) {
    for statement in document.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        let told = context.shown.of(account, statement, || services_of(sight, account, statement));
        for (service, is_shown) in &*told {
            match granted.get_mut(service) {
                Some(known) => *known &= is_shown,
                None => drop(granted.insert(service.clone(), *is_shown)),
            }
        }
    }
}

/// The same of one statement.
fn services_of(sight: &Sight, account: AccountId, statement: &Statement) -> BTreeMap<String, bool> {
    let catalogue = Catalogue::embedded();
    let mut granted = BTreeMap::new();
    let (patterns, is_negated) = statement.action.patterns();
    if is_negated {
        return granted;
    }
    let hidden = blind::of_statement(sight, account, statement);
    for pattern in patterns {
        let Some((service, _)) = pattern.split_once(':') else { continue };
        let mut actions = ActionSet::none(catalogue);
        catalogue.expand_into(&mut actions, pattern);
        let is_hidden = |id: ActionId| {
            hidden.meant.contains(id) || hidden.of_service.contains(id) || hidden.wide.contains(id)
        };
        let is_shown = !actions.is_empty() && !actions.iter().any(is_hidden);
        *granted.entry(service.to_ascii_lowercase()).or_insert(true) &= is_shown;
    }
    granted
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

    /// The class of use of a key: who shares it is told by where it is used from, when that is known.
    pub(crate) fn key_class(
        &self,
        account: AccountId,
        key: &AccessKey,
        activity: &Activity,
    ) -> kagimori_trail::classify::Classification {
        let (Some(judged), Some(id)) = (&self.judged, &key.id) else {
            return self.use_class(account, activity);
        };
        let coverage = self.usage.and_then(|usage| usage.coverage.get(&account));
        classify_shared(activity, judged.is_shared(id), coverage, self.settings.limits.unused, self.now)
    }
}
