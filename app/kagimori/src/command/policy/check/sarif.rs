//! Findings as SARIF 2.1.0 (OASIS): every rule with its texts, each finding with its region, waivers as suppressions.

use std::path::Path;

use kagimori_policy::lint::Place;
use kagimori_policy::lint::rule::{Level, RULES, Rule, RuleId};
use kagimori_policy::lint::waiver::Waiver;
use kagimori_terminal::printer::{self, Unprinted};
use serde::Serialize;

use super::outcome::Outcome;
use super::rules::page;

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    information_uri: &'static str,
    rules: Vec<RuleOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleOut {
    id: &'static str,
    short_description: Message<'static>,
    help: Message<'static>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
    enabled: bool,
}

#[derive(Serialize)]
struct Properties {
    tags: [String; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    aws: Option<&'static str>,
    /// Code hosts sort by it.
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    security_severity: Option<&'static str>,
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
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message<'a>,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression<'a>>,
    partial_fingerprints: Fingerprints,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    logical_locations: [Logical; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
}

#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    justification: Message<'a>,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "kagimori/v1")]
    element: String,
}

pub(super) fn print(outcome: &Outcome) -> Result<(), Unprinted> {
    let driver = Driver {
        name: "kagimori policy check",
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        rules: RULES.iter().map(rule).collect(),
    };
    let not_read = outcome.not_read.iter().map(|(file, message)| Notification {
        level: "error",
        message: text(format!("{file} was left out: {message}")),
    });
    let invocation = Invocation {
        execution_successful: outcome.not_read.is_empty(),
        tool_execution_notifications: not_read.collect(),
    };
    let run = Run {
        tool: Tool { driver },
        column_kind: "unicodeCodePoints",
        invocations: [invocation],
        results: results(outcome),
    };
    let schema = "https://json.schemastore.org/sarif-2.1.0.json";
    printer::json(&Log { schema, version: "2.1.0", runs: [run] })
}

fn text<'a>(text: impl Into<std::borrow::Cow<'a, str>>) -> Message<'a> {
    Message { text: text.into() }
}

fn rule(rule: &'static Rule) -> RuleOut {
    RuleOut {
        id: rule.id,
        short_description: text(rule.says),
        help: text(rule.fix),
        help_uri: page(rule),
        default_configuration: Configuration { level: level(rule.level), enabled: rule.level != Level::Off },
        properties: Properties {
            tags: ["iam".to_owned(), rule.family.to_string()],
            aws: rule.aws,
            security_severity: (rule.level == Level::Security).then_some("7.0"),
        },
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error | Level::Security => "error",
        Level::Warning => "warning",
        Level::Suggestion => "note",
        Level::Off => "none",
    }
}

fn results(outcome: &Outcome) -> Vec<SarifResult<'_>> {
    let mut results = Vec::new();
    for policy in &outcome.policies {
        let kept = policy.findings.iter().map(|finding| (finding, None));
        let waived = policy.waived.iter().map(|(finding, place)| (finding, outcome.waivers.get(*place)));
        for (finding, waiver) in kept.chain(waived) {
            let element = format!("{}#{}", policy.name, finding.pointer);
            results.push(result(
                finding.rule,
                finding.level,
                &finding.message,
                (&policy.file, finding.place, element),
                waiver,
            ));
        }
    }
    for about in &outcome.about_waivers {
        let place = (about.file.as_str(), about.place, String::new());
        results.push(result(about.rule, about.level, &about.message, place, None));
    }
    results
}

fn result<'a>(
    rule: RuleId,
    level: Level,
    message: &'a str,
    (file, place, element): (&str, Place, String),
    waiver: Option<&'a Waiver>,
) -> SarifResult<'a> {
    let region = Region {
        start_line: place.line,
        start_column: place.column,
        end_line: place.end_line,
        end_column: place.end_column,
    };
    let suppression = waiver.map(|waiver| Suppression {
        kind: "external",
        justification: text(format!("{} (until {}): {}", waiver.owner, waiver.expires, waiver.reason)),
    });
    let id = rule.rule().id;
    SarifResult {
        rule_id: id,
        rule_index: RULES.iter().position(|rule| rule.id == id).unwrap_or_default(),
        level: self::level(level),
        message: text(message),
        partial_fingerprints: Fingerprints { element: format!("{id} {file} {element}") },
        locations: [Location {
            physical_location: Physical { artifact_location: Artifact { uri: uri(file) }, region },
            logical_locations: [Logical { fully_qualified_name: element }],
        }],
        suppressions: suppression.into_iter().collect(),
    }
}

/// A file's name as a URI reference (RFC 3986).
fn uri(file: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let path = file.strip_prefix("./").unwrap_or(file).replace('\\', "/");
    let encoded: String = path
        .bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    if Path::new(file).is_absolute() { format!("file://{encoded}") } else { encoded }
}
