//! `findings.json`: schema `kagimori.review`, version 1. Texts that belong to a check stand once, under `checks`; a finding
//! refers to them by id and to files by their index in `sources`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use jiff::Timestamp;
use kagimori_estate::fact::{Dataset, Gap, Source, SourceId};
use kagimori_estate::model::Problem;
use kagimori_id::AccountId;
use kagimori_plan::Review;
use kagimori_plan::check::{self, Check};
use kagimori_plan::review::compared::{Earlier, Reason};
use kagimori_plan::review::{AccountRow, AccountState, Tally};
use kagimori_plan::sentence::{Language, gap, sentence};
use kagimori_plan::verdict::{FactValue, Outcome, Resource, Severity, Verdict};
use kagimori_terminal::schema::Schema;
use serde::{Serialize, Serializer};

use super::controls::{self, Assessed};
use super::{Comparison, ReportInput};

#[derive(Serialize)]
struct Document<'a> {
    schema: Schema,
    now: Timestamp,
    accounts: Vec<Account<'a>>,
    #[serde(serialize_with = "findings")]
    findings: &'a [Verdict],
    waived: Vec<Waived<'a>>,
    #[serde(serialize_with = "passes")]
    passes: &'a Review,
    tallies: Vec<Tallied<'a>>,
    controls: Vec<Assessed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<Against<'a>>,
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

/// The resources of an account that a check looked at and found right.
#[derive(Serialize)]
struct Passed<'a> {
    check: &'a str,
    account: AccountId,
    outcome: Outcome,
    resources: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// How many verdicts of each outcome a check gave in an account.
#[derive(Serialize)]
struct Tallied<'a> {
    check: &'a str,
    account: AccountId,
    #[serde(flatten)]
    tally: &'a Tally,
}

/// What became of the findings of an earlier review.
#[derive(Serialize)]
struct Against<'a> {
    file: String,
    now: Timestamp,
    new: Vec<Finding<'a>>,
    fixed: Vec<Closed<'a>>,
    changed: Vec<Changed<'a>>,
    lost: Vec<Lost<'a>>,
    stayed: usize,
}

#[derive(Serialize)]
struct Closed<'a> {
    #[serde(flatten)]
    earlier: &'a Earlier,
    reason: Reason,
}

#[derive(Serialize)]
struct Changed<'a> {
    before: &'a BTreeMap<String, serde_json::Value>,
    now: Finding<'a>,
}

#[derive(Serialize)]
struct Lost<'a> {
    #[serde(flatten)]
    earlier: &'a Earlier,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

fn against<'a>(review: &'a Review, comparison: &'a Comparison) -> Against<'a> {
    let (earlier, compared) = (&comparison.earlier, &comparison.compared);
    let now = |index: &usize| review.verdicts.get(*index).map(finding);
    let closed =
        |(index, reason): &(usize, Reason)| Some(Closed { earlier: earlier.get(*index)?, reason: *reason });
    let changed = |(before, index): &(usize, usize)| {
        Some(Changed { before: &earlier.get(*before)?.facts, now: now(index)? })
    };
    let lost = |(index, missing): &(usize, Option<Gap>)| {
        let missing = missing.as_ref().map(|missing| gap(missing, Language::En));
        Some(Lost { earlier: earlier.get(*index)?, missing })
    };
    Against {
        file: comparison.path.display().to_string(),
        now: comparison.now,
        new: compared.new.iter().filter_map(now).collect(),
        fixed: compared.fixed.iter().filter_map(closed).collect(),
        changed: compared.changed.iter().filter_map(changed).collect(),
        lost: compared.lost.iter().filter_map(lost).collect(),
        stayed: compared.stayed,
    }
}

/// Writes the document.
pub(crate) fn write(input: &ReportInput<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &document(input))?;
    writeln!(out)
}

fn document<'a>(input: &ReportInput<'a>) -> Document<'a> {
    let review = input.review;
    let said = review.verdicts.iter().chain(review.waived.iter().map(|(verdict, _)| verdict));
    let said: BTreeSet<&str> = said.map(|verdict| verdict.check).collect();
    let used = |check: &&Check| said.contains(check.id.as_str());
    Document {
        schema: Schema { name: "kagimori.review", version: 1 },
        now: review.now,
        accounts: review.accounts.iter().map(account).collect(),
        findings: &review.verdicts,
        waived: review.waived.iter().filter_map(|(verdict, index)| waived(input, verdict, *index)).collect(),
        passes: review,
        tallies: review.tallies.iter().map(tallied).collect(),
        controls: controls::assessed(input),
        against: input.compared.map(|comparison| against(review, comparison)),
        not_given: review.not_given.clone(),
        problems: &input.estate.problems,
        sources: &input.estate.sources,
        checks: check::catalogue().iter().filter(used).collect(),
    }
}

/// Each is written as soon as it is made: a large company has hundreds of thousands.
fn findings<S: Serializer>(verdicts: &[Verdict], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(verdicts.iter().map(finding))
}

fn passes<S: Serializer>(review: &Review, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(review.population.passed().map(|(check, account, resources)| {
        let named = resources.map(|resource| Named { arn: &resource.arn, key: resource.key.as_deref() });
        Passed { check, account, outcome: Outcome::Pass, resources: named.collect() }
    }))
}

fn tallied<'a>(((check, account), tally): (&(&'a str, AccountId), &'a Tally)) -> Tallied<'a> {
    Tallied { check, account: *account, tally }
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
