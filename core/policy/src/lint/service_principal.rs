//! Names of services where a condition wants a service principal, and slips of the hand in them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::reference_date::data_date;
use super::rule::RuleId;
use super::subject::{Path, Sink, Subject, shortened};
use super::typo::typo;
use crate::catalogue::Catalogue;

/// Keys whose values are service principals (IAM User Guide, `reference_policies_iam-condition-keys`,
/// `reference_policies_condition-keys`).
const KEYS: [&str; 7] = [
    "iam:passedtoservice",
    "iam:awsservicename",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
];

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        for condition in &held.statement.conditions {
            if !KEYS.contains(&condition.key.to_ascii_lowercase().as_str())
                || condition.operator.to_ascii_lowercase().ends_with("null")
            {
                continue;
            }
            let path = held.at("Condition").key(&condition.operator).key(&condition.key);
            for (number, value) in condition.values.as_slice().iter().enumerate() {
                one(&condition.key, value.text(), path.clone().item(number), sink);
            }
        }
    }
}

fn one(key: &str, name: &str, path: Path, sink: &mut Sink<'_>) {
    if name.contains(['*', '?', '$']) {
        return;
    }
    if !has_form(name) {
        let message =
            format!("`{}` is never the value of `{key}`, which is a service principal", shortened(name));
        sink.add(RuleId::ServicePrincipalValue, path, message);
    } else {
        mistyped(name, path, sink);
    }
}

/// `service.amazonaws.com` and its kin.
pub(super) fn has_form(name: &str) -> bool {
    let is_host =
        name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    let ends = [".amazonaws.com", ".amazonaws.com.cn", ".aws.internal", ".amazon.com"];
    is_host && ends.iter().any(|end| name.len() > end.len() && name.ends_with(end))
}

/// Reports a principal that is not known and resembles one that is.
pub(super) fn mistyped(name: &str, path: Path, sink: &mut Sink<'_>) {
    let Some((label, end)) = name.split_once(".amazonaws.com") else { return };
    let catalogue = Catalogue::embedded();
    let is_known = |label: &str| catalogue.has_service(label) || OTHERS.contains(label);
    // Many may name a Region: `logs.us-east-1.amazonaws.com`.
    let without_region = label.rsplit_once('.').map_or(label, |(before, _)| before);
    if is_known(label) || is_known(without_region) {
        return;
    }
    let known = catalogue.services().chain(OTHERS.iter().copied());
    if let Some(meant) = typo(label, known) {
        let message = format!(
            "the service principal `{}` is not in the data of {}; did you mean `{meant}.amazonaws.com{end}`?",
            shortened(name),
            data_date()
        );
        sink.add(RuleId::UnknownServicePrincipal, path, message);
    }
}

/// Service principals that are no prefixes.
static OTHERS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("../../data/service-principals.txt").lines();
    lines.filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
});

#[cfg(test)]
mod tests {
    use super::OTHERS;
    use crate::catalogue::Catalogue;
    use crate::lint::typo::typo;

    /// No known principal looks like a slip of another known one's: they are told apart by being known.
    #[test]
    fn slips_are_told_from_names() {
        let catalogue = Catalogue::embedded();
        let known = || catalogue.services().chain(OTHERS.iter().copied());
        for (typed, meant) in [
            ("lamda", Some("lambda")),
            ("lamdba", Some("lambda")),
            ("cloudtrial", Some("cloudtrail")),
            ("ecs-task", Some("ecs-tasks")),
            ("brandnewservice", None),
        ] {
            assert_eq!(typo(typed, known()), meant, "{typed}");
        }
        assert!(OTHERS.len() > 150);
    }
}
