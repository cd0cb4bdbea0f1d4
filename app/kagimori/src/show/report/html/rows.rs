//! The rows of the page's tables, as its script reads them.

use jiff::Timestamp;
use kagimori_estate::fact::SourceId;
use kagimori_id::AccountId;
use kagimori_plan::review::{AccountRow, AccountState, CredentialRow, KeyCells, RoleRow};
use kagimori_plan::sentence::{Language, sentence};
use kagimori_plan::settings::Waiver;
use kagimori_plan::verdict::{Outcome, Severity, Verdict};
use kagimori_trail::classify::UseClass;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Account<'a> {
    id: AccountId,
    name: Option<&'a str>,
    state: AccountState,
    failures: [usize; 5],
    users: Option<usize>,
    keys: Option<usize>,
    roles: Option<usize>,
    mfa: [Option<usize>; 3],
    events: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Credential<'a> {
    account: AccountId,
    user: &'a str,
    arn: &'a str,
    owner: Option<&'a str>,
    password: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_used: Option<Option<Timestamp>>,
    mfa: Option<bool>,
    privileged: Option<bool>,
    key: Option<Key<'a>>,
}

#[derive(Serialize)]
struct Key<'a> {
    id: Option<&'a str>,
    slot: Option<u8>,
    active: Option<bool>,
    age: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<Option<Timestamp>>,
    class: Option<UseClass>,
    calls: Option<u64>,
    succeeded: Option<u64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    callers: Vec<(&'a str, u64)>,
    addresses: &'a [(String, u64)],
    address_count: usize,
    services: &'a [(String, u64)],
    daily: &'a [u32],
}

#[derive(Serialize)]
pub(super) struct Role<'a> {
    account: AccountId,
    name: &'a str,
    arn: &'a str,
    owner: Option<&'a str>,
    age: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<Option<Timestamp>>,
    trusted: &'a [String],
    privileged: Option<bool>,
    calls: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    check: &'a str,
    severity: Severity,
    outcome: Outcome,
    account: AccountId,
    name: &'a str,
    arn: &'a str,
    key: Option<&'a str>,
    en: String,
    ja: String,
    evidence: &'a [SourceId],
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<Accepted<'a>>,
}

/// Who accepts a finding, and until when.
#[derive(Serialize)]
struct Accepted<'a> {
    owner: &'a str,
    reason: &'a str,
    expires: String,
}

#[derive(Serialize)]
pub(super) struct NotGiven {
    pub(super) api: &'static str,
    pub(super) command: &'static str,
    pub(super) accounts: usize,
}

pub(super) fn account(row: &AccountRow) -> Account<'_> {
    let levels =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Informational];
    Account {
        id: row.id,
        name: row.name.as_deref(),
        state: row.state,
        failures: levels.map(|level| row.failures.get(&level).copied().unwrap_or_default()),
        users: row.users,
        keys: row.active_keys,
        roles: row.roles,
        mfa: row.mfa_missing,
        events: row.events,
    }
}

fn days(since: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    since.map(|since| (now.as_second() - since.as_second()).div_euclid(86_400))
}

pub(super) fn credential(row: &CredentialRow, now: Timestamp) -> Credential<'_> {
    Credential {
        account: row.account,
        user: &row.user,
        arn: row.arn.as_str(),
        owner: row.owner.as_deref(),
        password: row.password_enabled,
        password_used: row.password_last_used,
        mfa: row.mfa_active,
        privileged: row.privileged,
        key: row.key.as_ref().map(|cells| key(cells, now)),
    }
}

fn key(cells: &KeyCells, now: Timestamp) -> Key<'_> {
    let usage = cells.usage.as_ref();
    Key {
        id: cells.id.as_ref().map(|id| id.as_str()),
        slot: cells.slot,
        active: cells.active,
        age: days(cells.created, now),
        used: cells.last_used,
        class: usage.map(|usage| usage.class),
        calls: usage.map(|usage| usage.calls),
        succeeded: usage.map(|usage| usage.succeeded),
        first: usage.map(|usage| usage.first),
        last: usage.map(|usage| usage.last),
        callers: usage
            .map(|usage| usage.callers.iter().map(|(kind, n)| (kind.as_str(), *n)).collect())
            .unwrap_or_default(),
        addresses: usage.map(|usage| usage.addresses.as_slice()).unwrap_or_default(),
        address_count: usage.map(|usage| usage.address_count).unwrap_or_default(),
        services: usage.map(|usage| usage.services.as_slice()).unwrap_or_default(),
        daily: usage.map(|usage| usage.daily.as_slice()).unwrap_or_default(),
    }
}

pub(super) fn role(row: &RoleRow, now: Timestamp) -> Role<'_> {
    Role {
        account: row.account,
        name: &row.name,
        arn: row.arn.as_str(),
        owner: row.owner.as_deref(),
        age: days(row.created, now),
        used: row.last_used,
        trusted: &row.trusted,
        privileged: row.privileged,
        calls: row.calls,
    }
}

pub(super) fn finding<'a>(verdict: &'a Verdict, waiver: Option<&'a Waiver>) -> Finding<'a> {
    Finding {
        check: verdict.check,
        severity: verdict.severity(),
        outcome: verdict.outcome,
        account: verdict.resource.account,
        name: &verdict.resource.name,
        arn: &verdict.resource.arn,
        key: verdict.resource.key.as_deref(),
        en: sentence(verdict, Language::En),
        ja: sentence(verdict, Language::Ja),
        evidence: &verdict.evidence,
        waiver: waiver.map(|waiver| Accepted {
            owner: &waiver.owner,
            reason: &waiver.reason,
            expires: waiver.expires.to_string(),
        }),
    }
}
