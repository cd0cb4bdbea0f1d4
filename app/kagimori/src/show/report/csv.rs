//! `findings.csv` and `credentials.csv`: RFC 4180, comma, LF.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use jiff::Timestamp;
use kagimori_plan::check::{self, Check};
use kagimori_plan::review::{CredentialRow, KeyCells};
use kagimori_plan::sentence::{Language, sentence};
use kagimori_plan::verdict::Verdict;

use super::ReportInput;
use crate::show::csv::Table;

const FINDINGS: [&str; 18] = [
    "account_id",
    "account_name",
    "check",
    "title",
    "title_ja",
    "severity",
    "outcome",
    "resource_kind",
    "resource_name",
    "resource_arn",
    "key",
    "owner",
    "finding",
    "finding_ja",
    "fix",
    "fix_ja",
    "waived_until",
    "uid",
];

/// One row per finding; those that a waiver covers come last, with its last day.
pub(crate) fn findings(input: &ReportInput<'_>, bom: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::begin(out, bom, &FINDINGS)?;
    let owners = owners(input);
    for verdict in &input.review.verdicts {
        table.row(&finding(input, &owners, verdict, String::new()))?;
    }
    for (verdict, index) in &input.review.waived {
        let waiver = input.settings.waivers.get(*index);
        let until = waiver.map(|waiver| waiver.expires.to_string()).unwrap_or_default();
        table.row(&finding(input, &owners, verdict, until))?;
    }
    table.end()
}

/// Who owns what, by ARN, as tags tell.
fn owners<'a>(input: &ReportInput<'a>) -> HashMap<&'a str, &'a str> {
    let users = input.review.credentials.iter().map(|row| (row.arn.as_str(), row.owner.as_deref()));
    let roles = input.review.roles.iter().map(|row| (row.arn.as_str(), row.owner.as_deref()));
    users.chain(roles).filter_map(|(arn, owner)| Some((arn, owner?))).collect()
}

fn finding<'a>(
    input: &'a ReportInput<'_>,
    owners: &HashMap<&'a str, &'a str>,
    verdict: &'a Verdict,
    waived_until: String,
) -> [Cow<'a, str>; 18] {
    let resource = &verdict.resource;
    let check = check::find(verdict.check);
    let text = |of: fn(&Check) -> &String| check.map(of).map(String::as_str).unwrap_or_default().into();
    [
        resource.account.to_string().into(),
        input.account_name(resource.account).unwrap_or_default().into(),
        verdict.check.into(),
        text(|check| &check.title),
        text(|check| &check.title_ja),
        word(&verdict.severity()).into(),
        word(&verdict.outcome).into(),
        word(&resource.kind).into(),
        resource.name.as_str().into(),
        resource.arn.as_str().into(),
        resource.key.as_deref().unwrap_or_default().into(),
        owners.get(resource.arn.as_str()).copied().unwrap_or_default().into(),
        sentence(verdict, Language::En).into(),
        sentence(verdict, Language::Ja).into(),
        text(|check| &check.fix),
        text(|check| &check.fix_ja),
        waived_until.into(),
        verdict.uid().into(),
    ]
}

/// The name an enum has in JSON.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

const CREDENTIALS: [&str; 28] = [
    "account_id",
    "account_name",
    "user",
    "arn",
    "owner",
    "user_created",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "mfa_active",
    "privileged",
    "key_id",
    "key_slot",
    "key_active",
    "key_created",
    "key_last_used",
    "key_last_used_service",
    "use_class",
    "first_event",
    "last_event",
    "calls",
    "succeeded",
    "success_percent",
    "callers",
    "addresses",
    "address_count",
    "services",
    "key_age_days",
];

/// One row per user and key, root included. Empty: unknown, or there is none; `never` is said.
pub(crate) fn credentials(input: &ReportInput<'_>, bom: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::begin(out, bom, &CREDENTIALS)?;
    for row in &input.review.credentials {
        let mut cells = user(row).to_vec();
        cells.extend(key(row.key.as_ref(), input.review.now));
        table.row(&cells)?;
    }
    table.end()
}

fn user(row: &CredentialRow) -> [String; 11] {
    [
        row.account.to_string(),
        row.account_name.clone().unwrap_or_default(),
        row.user.clone(),
        row.arn.to_string(),
        row.owner.clone().unwrap_or_default(),
        instant(row.created),
        yes_no(row.password_enabled),
        last(row.password_last_used),
        instant(row.password_last_changed),
        yes_no(row.mfa_active),
        yes_no(row.privileged),
    ]
}

fn key(key: Option<&KeyCells>, now: Timestamp) -> [String; 17] {
    let Some(key) = key else { return Default::default() };
    let usage = key.usage.as_ref();
    let age = key.created.map(|created| (now.as_second() - created.as_second()).div_euclid(86_400));
    [
        key.id.as_ref().map(ToString::to_string).unwrap_or_default(),
        key.slot.map(|slot| slot.to_string()).unwrap_or_default(),
        yes_no(key.active),
        instant(key.created),
        last(key.last_used),
        key.last_used_service.clone().unwrap_or_default(),
        usage.map(|usage| word(&usage.class)).unwrap_or_default(),
        instant(usage.map(|usage| usage.first)),
        instant(usage.map(|usage| usage.last)),
        usage.map(|usage| usage.calls.to_string()).unwrap_or_default(),
        usage.map(|usage| usage.succeeded.to_string()).unwrap_or_default(),
        usage.map(|usage| percent(usage.succeeded, usage.calls)).unwrap_or_default(),
        usage
            .map(|usage| counts(usage.callers.iter().map(|(kind, n)| (kind.as_str(), *n))))
            .unwrap_or_default(),
        usage.map(|usage| counts(usage.addresses.iter().map(|(a, n)| (a.as_str(), *n)))).unwrap_or_default(),
        usage.map(|usage| usage.address_count.to_string()).unwrap_or_default(),
        usage.map(|usage| counts(usage.services.iter().map(|(s, n)| (s.as_str(), *n)))).unwrap_or_default(),
        age.map(|age| age.to_string()).unwrap_or_default(),
    ]
}

fn counts<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> String {
    counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join("; ")
}

fn percent(part: u64, whole: u64) -> String {
    part.saturating_mul(100).checked_div(whole).map(|percent| percent.to_string()).unwrap_or_default()
}

fn yes_no(known: Option<bool>) -> String {
    known.map(|yes| if yes { "yes" } else { "no" }).unwrap_or_default().to_owned()
}

fn instant(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

fn last(known: Option<Option<Timestamp>>) -> String {
    known.map(|at| at.map_or("never".to_owned(), |at| at.to_string())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percent_of_nothing_is_nothing() {
        assert_eq!(percent(1, 0), "");
        assert_eq!(percent(1, 3), "33");
    }
}
