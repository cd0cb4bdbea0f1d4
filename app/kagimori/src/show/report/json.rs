//! `findings.json`: schema `kagimori.review`, version 1. Texts that belong to a check stand once, under `checks`; a finding
//! refers to them by id and to files by their index in `sources`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use kagimori_estate::fact::{Dataset, Source, SourceId};
use kagimori_estate::id::AccountId;
use kagimori_estate::model::Problem;
use kagimori_plan::check::{self, Check};
use kagimori_plan::review::{AccountRow, AccountState};
use kagimori_plan::sentence::{Language, gap, sentence};
use kagimori_plan::verdict::{FactValue, Outcome, Resource, Severity, Verdict};
use serde::Serialize;

use super::ReportInput;
use crate::show::schema::Schema;

#[derive(Serialize)]
struct Document<'a> {
    schema: Schema,
    now: Timestamp,
    accounts: Vec<Account<'a>>,
    findings: Vec<Finding<'a>>,
    waived: Vec<Waived<'a>>,
    not_given: BTreeMap<Dataset, usize>,
    problems: &'a [Problem],
    sources: &'a [Source],
    checks: Vec<&'static Check>,
}

/// One account.
#[derive(Serialize)]
struct Account<'a> {
    id: AccountId,
    name: Option<&'a str>,
    state: AccountState,
    failures: &'a BTreeMap<Severity, usize>,
    users: Option<usize>,
    active_keys: Option<usize>,
    roles: Option<usize>,
    mfa_missing: MfaMissing,
    events: Option<u64>,
}

/// The three populations; null is unknown.
#[derive(Serialize)]
struct MfaMissing {
    console_users: Option<usize>,
    all_users: Option<usize>,
    privileged_users: Option<usize>,
}

/// One finding: outcome `FAIL`, `UNKNOWN` or `INFO`.
#[derive(Serialize)]
struct Finding<'a> {
    uid: String,
    check: &'a str,
    outcome: Outcome,
    severity: Severity,
    resource: &'a Resource,
    text: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<&'a str, &'a FactValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    evidence: &'a [SourceId],
}

/// A failure that a waiver covers.
#[derive(Serialize)]
struct Waived<'a> {
    #[serde(flatten)]
    finding: Finding<'a>,
    owner: &'a str,
    reason: &'a str,
    expires: String,
}

/// Writes the document.
pub(crate) fn write(input: &ReportInput<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &document(input))?;
    writeln!(out)
}

fn document<'a>(input: &ReportInput<'a>) -> Document<'a> {
    let review = input.review;
    let used = |check: &&Check| {
        let said = review.verdicts.iter().chain(review.waived.iter().map(|(verdict, _)| verdict));
        said.into_iter().any(|verdict| verdict.check == check.id)
    };
    Document {
        schema: Schema { name: "kagimori.review", version: 1 },
        now: review.now,
        accounts: review.accounts.iter().map(account).collect(),
        findings: review.verdicts.iter().map(finding).collect(),
        waived: review.waived.iter().filter_map(|(verdict, index)| waived(input, verdict, *index)).collect(),
        not_given: review.not_given.clone(),
        problems: &input.estate.problems,
        sources: &input.estate.sources,
        checks: check::catalogue().iter().filter(used).collect(),
    }
}

fn account(row: &AccountRow) -> Account<'_> {
    let [console_users, all_users, privileged_users] = row.mfa_missing;
    Account {
        id: row.id,
        name: row.name.as_deref(),
        state: row.state,
        failures: &row.failures,
        users: row.users,
        active_keys: row.active_keys,
        roles: row.roles,
        mfa_missing: MfaMissing { console_users, all_users, privileged_users },
        events: row.events,
    }
}

fn finding(verdict: &Verdict) -> Finding<'_> {
    Finding {
        uid: verdict.uid(),
        check: verdict.check,
        outcome: verdict.outcome,
        severity: verdict.severity(),
        resource: &verdict.resource,
        text: sentence(verdict, Language::En),
        facts: verdict.facts.iter().map(|(name, value)| (*name, value)).collect(),
        missing: verdict.gap.as_ref().map(|missing| gap(missing, Language::En)),
        evidence: &verdict.evidence,
    }
}

fn waived<'a>(input: &ReportInput<'a>, verdict: &'a Verdict, index: usize) -> Option<Waived<'a>> {
    let waiver = input.settings.waivers.get(index)?;
    Some(Waived {
        finding: finding(verdict),
        owner: &waiver.owner,
        reason: &waiver.reason,
        expires: waiver.expires.to_string(),
    })
}
