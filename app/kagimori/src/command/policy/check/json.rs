//! Findings as JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::lint::rule::Level;
use kagimori_policy::lint::{Finding, Place, Witness, data_date};
use kagimori_policy::request::Fact;
use kagimori_terminal::printer::{self, Unprinted};
use kagimori_terminal::schema::Schema;
use kagimori_trail::redact;
use serde::Serialize;

use super::human::who;
use super::kind_word;
use super::outcome::{AboutWaiver, Judged, Outcome};

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    service_reference: Reference<'a>,
    policies: Vec<PolicyOut<'a>>,
    waivers: Vec<WaiverFinding<'a>>,
    not_read: Vec<NotRead<'a>>,
    summary: BTreeMap<Level, usize>,
}

#[derive(Serialize)]
struct Reference<'a> {
    version: &'a str,
    date: String,
}

#[derive(Serialize)]
struct NotRead<'a> {
    file: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct PolicyOut<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    kind: &'static str,
    kind_guessed: bool,
    findings: Vec<FindingOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waived: Vec<Waived<'a>>,
}

#[derive(Serialize)]
struct FindingOut<'a> {
    rule: &'static str,
    severity: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws: Option<&'static str>,
    /// JSON pointer from the document on.
    pointer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(flatten)]
    place: PlaceOut,
    message: &'a str,
    fix: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<WitnessOut<'a>>,
}

#[derive(Serialize)]
struct PlaceOut {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

/// A request that is allowed; a key that is not in the context is absent.
#[derive(Serialize)]
struct WitnessOut<'a> {
    principal: String,
    action: &'a str,
    resource: &'a str,
    resource_account: &'a str,
    context: BTreeMap<&'a str, ValueOut<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueOut<'a> {
    One(Cow<'a, str>),
    Many(Vec<Cow<'a, str>>),
}

#[derive(Serialize)]
struct Waived<'a> {
    #[serde(flatten)]
    finding: FindingOut<'a>,
    owner: &'a str,
    reason: &'a str,
    expires: String,
}

#[derive(Serialize)]
struct WaiverFinding<'a> {
    rule: &'static str,
    severity: Level,
    file: &'a str,
    line: usize,
    message: &'a str,
    fix: &'static str,
}

pub(super) fn print(outcome: &Outcome, now: Timestamp) -> Result<(), Unprinted> {
    printer::json(&Output {
        schema: Schema { name: "kagimori.policy_check", version: 1 },
        now,
        service_reference: Reference { version: Catalogue::embedded().version(), date: data_date() },
        policies: outcome.policies.iter().map(|policy| self::policy(policy, outcome)).collect(),
        waivers: outcome.about_waivers.iter().map(about_waiver).collect(),
        not_read: outcome.not_read.iter().map(|(file, message)| NotRead { file, message }).collect(),
        summary: outcome.levels(),
    })
}

fn policy<'a>(policy: &'a Judged, outcome: &'a Outcome) -> PolicyOut<'a> {
    let waived = policy.waived.iter().filter_map(|(finding, place)| {
        let waiver = outcome.waivers.get(*place)?;
        Some(Waived {
            finding: self::finding(finding),
            owner: &waiver.owner,
            reason: &waiver.reason,
            expires: waiver.expires.to_string(),
        })
    });
    PolicyOut {
        file: &policy.file,
        name: &policy.name,
        kind: kind_word(policy.kind),
        kind_guessed: policy.is_guess,
        findings: policy.findings.iter().map(finding).collect(),
        waived: waived.collect(),
    }
}

fn finding(finding: &Finding) -> FindingOut<'_> {
    let rule = finding.rule.rule();
    let Place { line, column, end_line, end_column, .. } = finding.place;
    FindingOut {
        rule: rule.id,
        severity: finding.level,
        aws: rule.aws,
        pointer: &finding.pointer,
        sid: finding.sid.as_deref(),
        place: PlaceOut { line, column, end_line, end_column },
        message: &finding.message,
        fix: finding.fix(),
        witness: finding.witness.as_ref().map(witness),
    }
}

fn witness(witness: &Witness) -> WitnessOut<'_> {
    let request = &witness.request;
    let context = request.context.iter().filter_map(|(key, fact)| {
        let value = match fact {
            Fact::One(one) => ValueOut::One(redact::policy(one)),
            Fact::Many(many) => ValueOut::Many(many.iter().map(|one| redact::policy(one)).collect()),
            Fact::Absent | Fact::Present | Fact::Unknown => return None,
        };
        Some((key, value))
    });
    WitnessOut {
        principal: who(&request.principal),
        action: &request.action,
        resource: &request.resource,
        resource_account: &request.resource_account,
        context: context.collect(),
    }
}

fn about_waiver(about: &AboutWaiver) -> WaiverFinding<'_> {
    let rule = about.rule.rule();
    WaiverFinding {
        rule: rule.id,
        severity: about.level,
        file: &about.file,
        line: about.place.line,
        message: &about.message,
        fix: rule.fix,
    }
}
