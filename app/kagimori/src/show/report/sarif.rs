//! `findings.sarif`: SARIF 2.1.0 (OASIS). Failures are results, `UNKNOWN` are notifications: code hosts would count them
//! as faults otherwise.

use std::collections::BTreeSet;
use std::io::{self, Write};

use kagimori_estate::fact::SourceId;
use kagimori_plan::check::{self, Check};
use kagimori_plan::sentence::{Language, sentence};
use kagimori_plan::verdict::{Outcome, Severity, Verdict};

use super::ReportInput;
use crate::show::sarif::{
    Driver, Fingerprints, Notification, Region, Rule, SarifResult, location, log, message,
};

/// The file as a whole: an answer of the AWS CLI has no line that a person wrote.
const WHOLE: Region = Region { start_line: 1, rest: None };

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
    let driver = Driver {
        name: "kagimori",
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: None,
        rules,
    };
    serde_json::to_writer(&mut *out, &log(driver, None, (true, notifications(input)), results))?;
    writeln!(out)
}

fn rule(check: &Check) -> Rule<'_> {
    Rule {
        id: &check.id,
        short_description: message(format!("{} / {}", check.title, check.title_ja)),
        full_description: Some(message(check.rule.as_str())),
        help: message(format!("{}\n\n{}", check.fix, check.fix_ja)),
        help_uri: None,
        default_configuration: None,
        properties: None,
    }
}

fn result<'a>(input: &'a ReportInput<'_>, verdict: &'a Verdict) -> SarifResult<'a> {
    let resource = &verdict.resource;
    let file =
        |source: &SourceId| Some(input.estate.sources.get(usize::try_from(source.0).ok()?)?.file.as_str());
    let (level, kind) = match (verdict.outcome, verdict.severity()) {
        (Outcome::Info, _) => ("none", "informational"),
        (_, Severity::Critical | Severity::High) => ("error", "fail"),
        (_, Severity::Medium) => ("warning", "fail"),
        _ => ("note", "fail"),
    };
    let who = resource.key.as_ref().map_or(resource.name.clone(), |key| format!("{} {key}", resource.name));
    // A finding about the settings, or one that rests on no file of its own account, is of the settings.
    let file = verdict.evidence.first().and_then(file).unwrap_or("kagimori.toml");
    SarifResult {
        rule_id: verdict.check,
        rule_index: None,
        level,
        kind: Some(kind),
        message: message(format!("{}/{who}: {}", resource.account, sentence(verdict, Language::En))),
        locations: [location(file, WHOLE, resource.arn.clone())],
        related_locations: Vec::new(),
        suppressions: Vec::new(),
        partial_fingerprints: Fingerprints { uid: verdict.uid() },
    }
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
