//! `findings.ocsf.json`: OCSF 1.5.0 Compliance Findings (class 2003), one JSON object per line.
//!
//! `UNKNOWN` is status 0 (Unknown) of the compliance object: OCSF has a value for "could not be told", so it is used.

use std::collections::BTreeMap;
use std::io::{self, Write};

use kagimori_plan::check::{self, Check};
use kagimori_plan::sentence::{Language, sentence};
use kagimori_plan::verdict::{Outcome, Severity, Verdict};
use serde::Serialize;

use super::ReportInput;
use super::csv::word;

#[derive(Serialize)]
struct ComplianceFinding<'a> {
    activity_id: u32,
    category_uid: u32,
    class_uid: u32,
    type_uid: u32,
    time: i64,
    severity_id: u32,
    status_id: u32,
    message: String,
    metadata: Metadata,
    cloud: Cloud<'a>,
    compliance: Compliance<'a>,
    finding_info: FindingInfo<'a>,
    resources: [OcsfResource<'a>; 1],
}

#[derive(Serialize)]
struct Metadata {
    version: &'static str,
    product: Product,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Cloud<'a> {
    provider: &'static str,
    account: CloudAccount<'a>,
}

#[derive(Serialize)]
struct CloudAccount<'a> {
    uid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Compliance<'a> {
    control: &'a str,
    requirements: &'a [String],
    standards: [&'static str; 1],
    status: &'static str,
    status_id: u32,
}

#[derive(Serialize)]
struct FindingInfo<'a> {
    uid: String,
    title: &'a str,
    types: [&'a str; 1],
}

#[derive(Serialize)]
struct OcsfResource<'a> {
    uid: &'a str,
    name: &'a str,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
}

/// Writes the findings, one per line.
pub(crate) fn write(input: &ReportInput<'_>, out: &mut dyn Write) -> io::Result<()> {
    let requirements: BTreeMap<&str, Vec<String>> =
        check::catalogue().iter().map(|check| (check.id.as_str(), requirements(check))).collect();
    for verdict in &input.review.verdicts {
        let requirements = requirements.get(verdict.check).map(Vec::as_slice).unwrap_or_default();
        serde_json::to_writer(&mut *out, &finding(input, verdict, requirements))?;
        writeln!(out)?;
    }
    Ok(())
}

/// What others call a check.
fn requirements(check: &Check) -> Vec<String> {
    let flat = |(framework, ids): (&String, &Vec<String>)| {
        ids.iter().map(|id| format!("{framework} {id}")).collect::<Vec<_>>()
    };
    check.maps.iter().flat_map(flat).collect()
}

fn finding<'a>(
    input: &'a ReportInput<'_>,
    verdict: &'a Verdict,
    requirements: &'a [String],
) -> ComplianceFinding<'a> {
    let (check, resource) = (check::find(verdict.check), &verdict.resource);
    let (status, status_id) = compliance(verdict.outcome);
    ComplianceFinding {
        activity_id: 1,
        category_uid: 2,
        class_uid: 2003,
        type_uid: 200_301,
        time: input.review.now.as_millisecond(),
        severity_id: severity(verdict),
        status_id: 1,
        message: sentence(verdict, Language::En),
        metadata: Metadata {
            version: "1.5.0",
            product: Product {
                name: "kagimori",
                vendor_name: "Kagimori",
                version: env!("CARGO_PKG_VERSION"),
            },
        },
        cloud: Cloud {
            provider: "AWS",
            account: CloudAccount {
                uid: resource.account.to_string(),
                name: input.account_name(resource.account),
            },
        },
        compliance: Compliance {
            control: verdict.check,
            requirements,
            standards: ["kagimori"],
            status,
            status_id,
        },
        finding_info: FindingInfo {
            uid: verdict.uid(),
            title: check.map_or(verdict.check, |check| check.title.as_str()),
            types: [verdict.check],
        },
        resources: [OcsfResource {
            uid: &resource.arn,
            name: &resource.name,
            kind: word(&resource.kind),
            labels: resource.key.iter().map(|key| format!("key:{key}")).collect(),
        }],
    }
}

/// OCSF 1.5.0, `compliance.status_id`: 0 Unknown, 1 Pass, 2 Warning, 3 Fail.
fn compliance(outcome: Outcome) -> (&'static str, u32) {
    match outcome {
        Outcome::Fail => ("Fail", 3),
        Outcome::Info => ("Warning", 2),
        Outcome::Pass | Outcome::NotApplicable => ("Pass", 1),
        Outcome::Unknown => ("Unknown", 0),
    }
}

/// OCSF 1.5.0, `severity_id`: 1 Informational … 5 Critical.
fn severity(verdict: &Verdict) -> u32 {
    match verdict.severity() {
        Severity::Critical => 5,
        Severity::High => 4,
        Severity::Medium => 3,
        Severity::Low => 2,
        Severity::Informational => 1,
    }
}
