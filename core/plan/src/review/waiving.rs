//! Waivers: which failures are accepted for a while, and what is wrong with the waivers themselves.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::Offset;
use kagimori_id::AccountId;
use kagimori_policy::pattern::matches;

use super::Tally;
use crate::check::Context;
use crate::settings::{SOURCE_KEY, Waiver};
use crate::verdict::{FactValue, Outcome, Resource, ResourceKind, Verdict};

type Tallies = BTreeMap<(&'static str, AccountId), Tally>;

/// Splits off what waivers cover, adds what is wrong with waivers, and puts all in order.
pub(super) fn apply(
    mut kept: Vec<Verdict>,
    context: &Context<'_>,
    tallies: &mut Tallies,
) -> (Vec<Verdict>, Vec<(Verdict, usize)>) {
    let waivers = &context.settings.waivers;
    let mut matched = vec![0_usize; waivers.len()];
    let mut covering = Vec::new();
    let covered = kept.extract_if(.., |verdict| {
        let cover = cover(verdict, context, &mut matched);
        covering.extend(cover);
        cover.is_some()
    });
    let covered: Vec<Verdict> = covered.collect();
    let mut waived: Vec<(Verdict, usize)> = covered.into_iter().zip(covering).collect();
    for (verdict, _) in &waived {
        if let Some(tally) = tallies.get_mut(&(verdict.check, verdict.resource.account)) {
            tally.fail -= 1;
            tally.waived += 1;
        }
    }
    // those of `kagimori scan` are its own matter
    let ours = |(waiver, _): &(&Waiver, usize)| waiver.check != SOURCE_KEY;
    for (waiver, matched) in waivers.iter().zip(matched).filter(ours) {
        if let Some(verdict) = about(waiver, matched, context) {
            tallies.entry((verdict.check, verdict.resource.account)).or_default().count(verdict.outcome);
            kept.push(verdict);
        }
    }
    kept.sort_by(order);
    waived.sort_by(|(one, _), (other, _)| order(one, other));
    (kept, waived)
}

/// The first live waiver that covers a failure; every waiver that is about it counts as matched.
fn cover(verdict: &Verdict, context: &Context<'_>, matched: &mut [usize]) -> Option<usize> {
    if verdict.outcome != Outcome::Fail {
        return None;
    }
    let mut covering = None;
    for (index, (waiver, matched)) in context.settings.waivers.iter().zip(matched).enumerate() {
        if is_about(waiver, verdict) {
            *matched += 1;
            if covering.is_none() && !is_expired(waiver, context) {
                covering = Some(index);
            }
        }
    }
    covering
}

fn is_about(waiver: &Waiver, verdict: &Verdict) -> bool {
    let resource = &verdict.resource;
    let names = [Some(resource.arn.as_str()), Some(resource.name.as_str()), resource.key.as_deref()];
    waiver.check == verdict.check
        && waiver.account.is_none_or(|account| account == resource.account)
        && names.into_iter().flatten().any(|name| matches(&waiver.resource, name))
}

fn is_expired(waiver: &Waiver, context: &Context<'_>) -> bool {
    Offset::UTC.to_datetime(context.now).date() > waiver.expires
}

fn about(waiver: &Waiver, matched: usize, context: &Context<'_>) -> Option<Verdict> {
    let (check, outcome) = match (is_expired(waiver, context), matched) {
        (true, _) => ("waiver-expired", Outcome::Fail),
        (false, 0) => ("waiver-unused", Outcome::Info),
        (false, _) => return None,
    };
    let first = context.estate.accounts.keys().next().copied();
    let account =
        waiver.account.or(context.estate.organization.management_account.value().copied()).or(first)?;
    let resource = Resource {
        id: None,
        kind: ResourceKind::Waiver,
        account,
        arn: format!("kagimori.toml:{}", waiver.check),
        name: waiver.check.clone(),
        key: Some(waiver.resource.clone()),
    };
    let facts = vec![
        ("waived", FactValue::Text(waiver.check.clone())),
        ("resource", FactValue::Text(waiver.resource.clone())),
        ("owner", FactValue::Text(waiver.owner.clone())),
        ("expires", FactValue::Text(waiver.expires.to_string())),
    ];
    let resource = Arc::new(resource);
    Some(Verdict { check, resource, outcome, gap: None, facts, evidence: Vec::new() })
}

/// Worst first; then by check, account, resource and key.
fn order(one: &Verdict, other: &Verdict) -> Ordering {
    let by_check = || match one.check.cmp(other.check) {
        Ordering::Equal => Ordering::Equal,
        by_name => one.severity().cmp(&other.severity()).then(by_name),
    };
    let place = |verdict: &Verdict| verdict.resource.account;
    (one.outcome.cmp(&other.outcome))
        .then_with(by_check)
        .then_with(|| place(one).cmp(&place(other)))
        .then_with(|| one.resource.cmp(&other.resource))
}
