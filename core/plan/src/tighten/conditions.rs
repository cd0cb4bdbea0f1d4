//! Conditions that every call fulfilled.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_policy::document::{Condition, ConditionValue, ConditionValues};

use super::Options;
use super::grants::Grant;
use super::needs::Need;

/// So many calls must agree before an endpoint is asked for.
const ENDPOINT_CALLS_MIN: u64 = 20;
/// So many calls must agree before MFA is asked for.
const MFA_CALLS_MIN: u64 = 5;
/// More addresses than this are no place.
const ADDRESSES_MAX: usize = 8;

/// A condition with the calls behind each of its values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Drawn {
    pub(super) operator: &'static str,
    pub(super) key: &'static str,
    pub(super) values: BTreeMap<String, u64>,
}

impl Drawn {
    pub(super) fn condition(&self) -> Condition {
        let values: Vec<ConditionValue> = self.values.keys().cloned().map(ConditionValue::Text).collect();
        let values = match values.as_slice() {
            [only] => ConditionValues::One(only.clone()),
            _ => ConditionValues::Many(values),
        };
        Condition { operator: self.operator.to_owned(), key: self.key.to_owned(), values }
    }
}

/// What the calls of one action have in common.
pub(super) fn of_action(needs: &[&Need], grant: &Grant, options: &Options) -> Vec<Drawn> {
    let mut drawn = Vec::new();
    for (wanted, key) in
        [(options.conditions.passed_to, "iam:PassedToService"), (options.conditions.via, "kms:ViaService")]
    {
        let lower = key.to_ascii_lowercase();
        let value = |need: &Need| need.key(&lower).map(str::to_owned);
        if wanted && !has(grant, key) {
            drawn.extend(common(needs, "StringEquals", key, value));
        }
    }
    drawn
}

/// What the calls of one service by one grant have in common.
pub(super) fn of_service(
    needs: &[&Need],
    grant: &Grant,
    options: &Options,
    names_region: bool,
) -> Vec<Drawn> {
    let wanted = options.conditions;
    let calls: u64 = needs.iter().map(|need| need.count).fold(0, u64::saturating_add);
    let mut drawn = Vec::new();
    if wanted.region && !names_region && !has(grant, "aws:RequestedRegion") {
        let region = |need: &Need| need.key("aws:requestedregion").map(str::to_owned);
        drawn.extend(common(needs, "StringEquals", "aws:RequestedRegion", region));
    }
    let is_direct = needs.iter().all(|need| !need.is_by_service);
    if wanted.endpoint && is_direct && calls >= ENDPOINT_CALLS_MIN && !has(grant, "aws:SourceVpce") {
        let endpoint = |need: &Need| need.key("aws:sourcevpce").map(str::to_owned);
        drawn.extend(common(needs, "StringEquals", "aws:SourceVpce", endpoint));
    }
    if wanted.mfa && is_direct && calls >= MFA_CALLS_MIN && !has(grant, "aws:MultiFactorAuthPresent") {
        let mfa = |need: &Need| {
            need.key("aws:multifactorauthpresent").filter(|mfa| *mfa == "true").map(str::to_owned)
        };
        drawn.extend(common(needs, "Bool", "aws:MultiFactorAuthPresent", mfa));
    }
    if wanted.address && is_direct && !has(grant, "aws:SourceIp") {
        let address = |need: &Need| {
            let address: std::net::IpAddr = need.key("aws:sourceip")?.parse().ok()?;
            Some(format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 }))
        };
        let found = common(needs, "IpAddress", "aws:SourceIp", address);
        drawn.extend(found.filter(|found| found.values.len() <= ADDRESSES_MAX));
    }
    drawn
}

/// The values of a key, when every call has one.
fn common(
    needs: &[&Need],
    operator: &'static str,
    key: &'static str,
    value: impl Fn(&Need) -> Option<String>,
) -> Option<Drawn> {
    let mut values: BTreeMap<String, u64> = BTreeMap::new();
    for need in needs {
        let count = values.entry(value(need)?).or_default();
        *count = count.saturating_add(need.count);
    }
    (!values.is_empty()).then_some(Drawn { operator, key, values })
}

/// Whether the grant asks for the key already.
fn has(grant: &Grant, key: &str) -> bool {
    grant.statement.conditions.iter().any(|condition| condition.key.eq_ignore_ascii_case(key))
}

/// Whether every ARN names its region.
pub(super) fn names_region(patterns: &BTreeSet<String>) -> bool {
    patterns.iter().all(|pattern| {
        let region = pattern.split(':').nth(3).unwrap_or_default();
        !region.is_empty() && !region.contains('*')
    })
}
