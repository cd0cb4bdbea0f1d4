//! Findings as SARIF 2.1.0 (OASIS): every rule with its texts, each finding with its region, waivers as suppressions.

use kagimori_policy::lint::Place;
use kagimori_policy::lint::rule::{Level, RULES, Rule, RuleId};
use kagimori_policy::lint::waiver::Waiver;
use kagimori_terminal::printer::{self, Unprinted};

use super::outcome::Outcome;
use super::rules::page;
use crate::show::sarif::{
    Configuration, Driver, Extent, Fingerprints, LETTERS, Notification, Properties, Region, Rule as RuleOut,
    SarifResult, location, log, message as text, suppression,
};

pub(super) fn print(outcome: &Outcome) -> Result<(), Unprinted> {
    let driver = Driver {
        name: "kagimori policy check",
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: Some(env!("CARGO_PKG_REPOSITORY")),
        rules: RULES.iter().map(rule).collect(),
    };
    let not_read = outcome.not_read.iter().map(|(file, message)| Notification {
        level: "error",
        message: text(format!("{file} was left out: {message}")),
    });
    let told = (outcome.not_read.is_empty(), not_read.collect());
    printer::json(&log(driver, Some(LETTERS), told, results(outcome)))
}

fn rule(rule: &'static Rule) -> RuleOut<'static> {
    RuleOut {
        id: rule.id,
        short_description: text(rule.says),
        full_description: None,
        help: text(rule.fix),
        help_uri: page(rule),
        default_configuration: Some(Configuration {
            level: level(rule.level),
            enabled: rule.level != Level::Off,
        }),
        properties: Some(Properties {
            tags: ["iam".to_owned(), rule.family.to_string()],
            aws: rule.aws,
            security_severity: (rule.level == Level::Security).then_some("7.0"),
        }),
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
    let extent =
        Extent { start_column: place.column, end_line: place.end_line, end_column: place.end_column };
    let region = Region { start_line: place.line, rest: Some(extent) };
    let suppression = waiver
        .map(|waiver| suppression(format!("{} (until {}): {}", waiver.owner, waiver.expires, waiver.reason)));
    let id = rule.rule().id;
    SarifResult {
        rule_id: id,
        rule_index: RULES.iter().position(|rule| rule.id == id),
        level: self::level(level),
        kind: None,
        message: text(message),
        partial_fingerprints: Fingerprints { uid: format!("{id} {file} {element}") },
        locations: [location(file, region, element)],
        related_locations: Vec::new(),
        suppressions: suppression.into_iter().collect(),
    }
}
