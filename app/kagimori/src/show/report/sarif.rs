//! `findings.sarif`: SARIF 2.1.0 (OASIS). Failures are results, `UNKNOWN` are notifications: code hosts would count them
//! as faults otherwise.

use std::collections::BTreeSet;
use std::io::{self, Write};

use kagimori_estate::fact::SourceId;
use kagimori_plan::check::{self, Check};
use kagimori_plan::sentence::{Language, sentence};
use kagimori_plan::verdict::{Outcome, Resource, Severity, Verdict};
use serde::Serialize;

use super::ReportInput;

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
struct Run<'a> {
    tool: Tool<'a>,
    invocations: [Invocation; 1],
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Message<'a>,
    full_description: Message<'a>,
    help: Message<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    text: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message<'static>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    level: &'static str,
    kind: &'static str,
    message: Message<'static>,
    locations: Vec<Location<'a>>,
    partial_fingerprints: Fingerprints,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: Physical<'a>,
    logical_locations: [Logical<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical<'a> {
    artifact_location: Artifact<'a>,
    region: Region,
}

/// The file as a whole: an answer of the AWS CLI has no line that a person wrote. GitHub and others refuse a location without
/// `startLine` (GitHub, "SARIF support for code scanning").
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
struct Artifact<'a> {
    uri: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical<'a> {
    fully_qualified_name: &'a str,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "kagimori/v1")]
    uid: String,
}

/// Writes the log.
pub(crate) fn write(input: &ReportInput<'_>, out: &mut dyn Write) -> io::Result<()> {
    let results: Vec<SarifResult<'_>> = input
        .review
        .verdicts
        .iter()
        .filter(|verdict| matches!(verdict.outcome, Outcome::Fail | Outcome::Info))
        .map(|verdict| result(input, verdict))
        .collect();
    let used: BTreeSet<&str> = results.iter().map(|result| result.rule_id).collect();
    let rules =
        check::catalogue().iter().filter(|check| used.contains(check.id.as_str())).map(rule).collect();
    let driver = Driver { name: "kagimori", semantic_version: env!("CARGO_PKG_VERSION"), rules };
    let invocation =
        Invocation { execution_successful: true, tool_execution_notifications: notifications(input) };
    let run = Run { tool: Tool { driver }, invocations: [invocation], results };
    let schema = "https://json.schemastore.org/sarif-2.1.0.json";
    serde_json::to_writer(&mut *out, &Log { schema, version: "2.1.0", runs: [run] })?;
    writeln!(out)
}

fn message<'a>(text: impl Into<std::borrow::Cow<'a, str>>) -> Message<'a> {
    Message { text: text.into() }
}

fn rule(check: &Check) -> Rule<'_> {
    Rule {
        id: &check.id,
        short_description: message(format!("{} / {}", check.title, check.title_ja)),
        full_description: message(check.rule.as_str()),
        help: message(format!("{}\n\n{}", check.fix, check.fix_ja)),
    }
}

fn result<'a>(input: &'a ReportInput<'_>, verdict: &'a Verdict) -> SarifResult<'a> {
    let resource = &verdict.resource;
    let location = |source: &SourceId| {
        let source = input.estate.sources.get(usize::try_from(source.0).ok()?)?;
        let artifact = Artifact { uri: &source.file };
        let logical = Logical { fully_qualified_name: &resource.arn };
        let physical = Physical { artifact_location: artifact, region: Region { start_line: 1 } };
        Some(Location { physical_location: physical, logical_locations: [logical] })
    };
    let (level, kind) = match (verdict.outcome, verdict.severity()) {
        (Outcome::Info, _) => ("none", "informational"),
        (_, Severity::Critical | Severity::High) => ("error", "fail"),
        (_, Severity::Medium) => ("warning", "fail"),
        _ => ("note", "fail"),
    };
    let who = resource.key.as_ref().map_or(resource.name.clone(), |key| format!("{} {key}", resource.name));
    let locations: Vec<Location<'_>> = verdict.evidence.iter().take(1).filter_map(location).collect();
    SarifResult {
        rule_id: verdict.check,
        level,
        kind,
        message: message(format!("{}/{who}: {}", resource.account, sentence(verdict, Language::En))),
        locations: if locations.is_empty() { vec![nowhere(resource)] } else { locations },
        partial_fingerprints: Fingerprints { uid: verdict.uid() },
    }
}

/// A finding about the settings, or one that rests on no file of its own account.
fn nowhere(resource: &Resource) -> Location<'_> {
    let physical =
        Physical { artifact_location: Artifact { uri: "kagimori.toml" }, region: Region { start_line: 1 } };
    let logical = Logical { fully_qualified_name: &resource.arn };
    Location { physical_location: physical, logical_locations: [logical] }
}

fn notifications(input: &ReportInput<'_>) -> Vec<Notification> {
    let unknown = input.review.verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Unknown);
    let unknown = unknown.map(|verdict| {
        let text = format!(
            "{} UNKNOWN in {}: {}",
            verdict.check,
            verdict.resource.account,
            sentence(verdict, Language::En)
        );
        Notification { level: "warning", message: message(text) }
    });
    let problems = input.estate.problems.iter().map(|problem| {
        let text = format!("{}: {} ({})", problem.file, problem.message, problem.hint);
        Notification { level: "error", message: message(text) }
    });
    unknown.chain(problems).collect()
}
