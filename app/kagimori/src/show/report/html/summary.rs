//! What the overview counts, so that it needs none of the long lists; and what could not be told, in groups.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_estate::fact::{Gap, SourceId};
use kagimori_id::AccountId;
use kagimori_plan::sentence::{Language, gap};
use kagimori_plan::verdict::{Outcome, Severity, Verdict};
use serde::Serialize;

use crate::show::report::ReportInput;
use crate::show::report::csv::word;

/// How many names stand beside a check in the overview, and in a group of unknowns.
const NAMES_MAX: usize = 4;
const GROUP_NAMES_MAX: usize = 50;

/// The numbers of the overview.
#[derive(Serialize)]
pub(super) struct Summary {
    failing: usize,
    unknown: usize,
    waived: usize,
    /// Failures by check, worst first.
    top: Vec<Top>,
    /// Active keys by class of use.
    classes: BTreeMap<String, usize>,
    /// Active keys by age: to 30, 90, 180, 365, 730 days, and older.
    ages: [usize; 6],
}

#[derive(Serialize)]
struct Top {
    check: &'static str,
    count: usize,
    names: Vec<String>,
}

/// Verdicts of a check that could not be told in an account for one reason.
#[derive(Serialize)]
pub(super) struct Unknown<'a> {
    check: &'a str,
    severity: Severity,
    account: AccountId,
    count: usize,
    name: String,
    names: Vec<&'a str>,
    en: String,
    ja: String,
    evidence: &'a [SourceId],
}

pub(super) fn summary(input: &ReportInput<'_>) -> Summary {
    let count = |outcome| input.review.verdicts.iter().filter(|verdict| verdict.outcome == outcome).count();
    let (classes, ages) = keys(input);
    Summary {
        failing: count(Outcome::Fail),
        unknown: count(Outcome::Unknown),
        waived: input.review.waived.len(),
        top: top(input),
        classes,
        ages,
    }
}

/// In the review's order: worst first.
fn top(input: &ReportInput<'_>) -> Vec<Top> {
    let mut top: Vec<Top> = Vec::new();
    for verdict in input.review.verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Fail) {
        if top.last().is_none_or(|last| last.check != verdict.check) {
            top.push(Top { check: verdict.check, count: 0, names: Vec::new() });
        }
        if let Some(last) = top.last_mut() {
            last.count += 1;
            if last.names.len() < NAMES_MAX {
                last.names.push(named(input, verdict));
            }
        }
    }
    top
}

/// `production/mei.kondo`.
fn named(input: &ReportInput<'_>, verdict: &Verdict) -> String {
    let resource = &verdict.resource;
    let account = input.account_name(resource.account);
    let account = account.map_or_else(|| resource.account.to_string(), str::to_owned);
    if resource.name == resource.account.to_string() {
        account
    } else {
        format!("{account}/{}", resource.name)
    }
}

/// Active keys of users by class and age; root's keys are a finding of their own.
fn keys(input: &ReportInput<'_>) -> (BTreeMap<String, usize>, [usize; 6]) {
    let (mut classes, mut ages) = (BTreeMap::new(), [0; 6]);
    let of_users = input.review.credentials.iter().filter(|row| row.arn.resource() != "root");
    for key in of_users.filter_map(|row| row.key.as_ref()).filter(|key| key.active == Some(true)) {
        let class = key.usage.as_ref().map_or_else(|| "unseen".to_owned(), |usage| word(&usage.class));
        *classes.entry(class).or_default() += 1;
        let step = key.created.map(|created| step(created, input.review.now));
        if let Some(count) = step.and_then(|step| ages.get_mut(step)) {
            *count += 1;
        }
    }
    (classes, ages)
}

fn step(created: Timestamp, now: Timestamp) -> usize {
    let days = (now.as_second() - created.as_second()).div_euclid(86_400);
    [30, 90, 180, 365, 730].iter().take_while(|limit| days > **limit).count()
}

pub(super) fn unknowns<'a>(input: &ReportInput<'a>) -> Vec<Unknown<'a>> {
    let mut groups: BTreeMap<(Severity, &str, AccountId, &Gap), Vec<&'a Verdict>> = BTreeMap::new();
    for verdict in input.review.verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Unknown) {
        if let Some(missing) = &verdict.gap {
            let key = (verdict.severity(), verdict.check, verdict.resource.account, missing);
            groups.entry(key).or_default().push(verdict);
        }
    }
    groups
        .into_iter()
        .map(|((severity, check, account, missing), verdicts)| {
            let names: Vec<&str> = verdicts.iter().map(|verdict| verdict.resource.name.as_str()).collect();
            let first = names.first().copied().unwrap_or_default();
            let name = if names.len() > 1 { format!("{first} …") } else { first.to_owned() };
            Unknown {
                check,
                severity,
                account,
                count: names.len(),
                name,
                names: names.into_iter().take(GROUP_NAMES_MAX).collect(),
                en: gap(missing, Language::En),
                ja: gap(missing, Language::Ja),
                evidence: verdicts.first().map(|verdict| verdict.evidence.as_slice()).unwrap_or_default(),
            }
        })
        .collect()
}
