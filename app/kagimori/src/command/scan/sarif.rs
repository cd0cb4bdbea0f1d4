//! The answer as SARIF 2.1.0: one result for each credential, without any snippet; what was not read are notifications.

use std::collections::BTreeMap;

use kagimori_source::{Held, Kind, SecretState, Severity};
use kagimori_tree::Place;

use super::answer::{Answer, Judged};
use super::json::state_word;
use crate::show::sarif::{
    Driver, Extent, Fingerprints, LETTERS, Location, Log, Notification, Region, Rule, SarifResult, location,
    message, suppression,
};

pub(super) fn log<'a>(answer: &'a Answer<'_>) -> Log<'a> {
    let used: BTreeMap<&str, Kind> =
        answer.findings.iter().map(|judged| (judged.finding.kind.word(), judged.finding.kind)).collect();
    let rules = used.into_values().map(rule).collect();
    let driver = Driver {
        name: "kagimori",
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: None,
        rules,
    };
    let notifications: Vec<Notification> = answer
        .parts
        .problems
        .iter()
        .map(|problem| {
            let text = format!("{}: {} ({})", problem.place, problem.message, problem.hint);
            Notification { level: "error", message: message(text) }
        })
        .collect();
    let results = answer.findings.iter().filter_map(result).collect();
    crate::show::sarif::log(driver, Some(LETTERS), (!answer.is_incomplete(), notifications), results)
}

fn rule<'a>(kind: Kind) -> Rule<'a> {
    let what = kind.word().replace('-', " ");
    Rule {
        id: kind.word(),
        short_description: message(format!("a credential of AWS in a source tree: {what}")),
        full_description: None,
        help: message(
            "switch the credential off in AWS, put a role in its place, and take it out of the source; history comes last, because rewriting it does not take back what was read",
        ),
        help_uri: None,
        default_configuration: None,
        properties: None,
    }
}

fn result<'a>(judged: &'a Judged<'_>) -> Option<SarifResult<'a>> {
    let finding = &judged.finding;
    let mut places = finding.places.iter().map(|(held, place)| at(judged, held, place));
    let first = places.next()?;
    let level = match finding.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        _ => "note",
    };
    let whose = finding
        .owner
        .as_ref()
        .map(|owner| format!(", of {} in {}", owner.user, owner.account))
        .unwrap_or_default();
    let secret = match finding.secret {
        SecretState::NotFound => "without its secret".to_owned(),
        ref state => format!("secret: {}", state_word(state)),
    };
    let text =
        format!("{} {} is {}{whose} ({secret})", finding.kind.word(), finding.name, finding.verdict.word());
    let waived = judged.waiver.map(|waiver| suppression(format!("{}: {}", waiver.owner, waiver.reason)));
    Some(SarifResult {
        rule_id: finding.kind.word(),
        rule_index: None,
        level,
        kind: None,
        message: message(text),
        locations: [first],
        related_locations: places.collect(),
        suppressions: waived.into_iter().collect(),
        partial_fingerprints: Fingerprints { uid: finding.uid.clone() },
    })
}

fn at(judged: &Judged<'_>, held: &Held, place: &Place) -> Location {
    // what lies inside of another text has its outer place, and so has no length of its own
    let end_column = held.column.saturating_add(held.length);
    let extent = Extent { start_column: held.column, end_line: held.line, end_column };
    let rest = held.written.is_empty().then_some(extent);
    location(&place.path, Region { start_line: held.line, rest }, judged.finding.name.clone())
}
