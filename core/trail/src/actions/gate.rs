//! The gate: every operation of AWS's APIs has an action, a rule or a row, and every row is of use.

use std::collections::BTreeSet;

use kagimori_policy::catalogue::Catalogue;

use super::operations::{self, Operation};
use super::plan::{Found, Pass, Step, find, prefixes};
use super::table::{Entry, Tables};

/// How an operation is found by any of its service's labels.
fn found(operation: Operation) -> Option<(&'static str, &'static str, Found)> {
    operation.labels.split(' ').find_map(|label| find(label, operation.name))
}

#[test]
fn every_operation_has_an_action_a_rule_or_a_row() {
    let without: Vec<String> = operations::all()
        .filter(|operation| found(*operation).is_none())
        .map(|operation| format!("{}: {}", operation.labels, operation.name))
        .collect();
    assert!(
        without.is_empty(),
        "{} operations have neither an action of the same name, nor a rule, nor a row in \
         core/trail/data/overrides.toml: {without:#?}",
        without.len()
    );
    assert_eq!(operations::all().count(), 20_027);
}

#[test]
fn how_operations_are_found() {
    let (mut named, mut versions, mut rows, mut none, mut assumed) = (0, 0, 0, 0, 0);
    for operation in operations::all() {
        match found(operation).unwrap() {
            (_, name, Found::Action(_)) if name == operation.name => named += 1,
            (_, _, Found::Action(_)) => versions += 1,
            (_, _, Found::Entry(Entry::Row(_))) => rows += 1,
            (_, _, Found::Entry(Entry::None)) => none += 1,
            (_, _, Found::Entry(Entry::Assumed)) => assumed += 1,
        }
    }
    // docs/actions.md says these figures.
    assert_eq!((named, versions, rows, none, assumed), FIGURES);
}

const FIGURES: (usize, usize, usize, usize, usize) = (18_672, 10, 549, 76, 720);

/// A service is found by each label that may stand in its `eventSource`, not by one alone.
#[test]
fn every_label_leads_to_a_prefix() {
    let catalogue = Catalogue::embedded();
    let known: BTreeSet<&str> = catalogue.services().collect();
    let labels: BTreeSet<&str> =
        operations::all().flat_map(|operation| operation.labels.split(' ')).collect();
    let lost: Vec<&str> = labels
        .into_iter()
        .filter(|label| !prefixes(label).into_iter().any(|prefix| known.contains(prefix) || is_new(prefix)))
        .collect();
    assert!(lost.is_empty(), "no prefix for {lost:?}: add them to [sources]");
}

/// A service that the service reference does not have yet, or no longer.
fn is_new(prefix: &str) -> bool {
    Tables::get().unknown_actions().any(|(known, _)| known == prefix)
}

#[test]
fn every_row_is_of_the_grammar_and_names_actions_that_exist() {
    for (prefix, name, words) in Tables::get().rows() {
        for text in words {
            assert!(
                Step::read(text).is_some(),
                "{prefix} {name}: `{text}` is no row, or its action is unknown"
            );
        }
    }
    for (event, text) in Tables::get().parameters() {
        let is_step = Step::read(text).is_some();
        assert!(is_step || Pass::read(text).is_some() || is_key(text), "{event}: `{text}`");
        let (prefix, name) = event.split_once(':').unwrap();
        let found = find(prefix, name).unwrap_or_else(|| panic!("{event} is no event"));
        assert_eq!((found.0, found.1), (prefix, name), "{event} is found under another name");
    }
}

fn is_key(text: &str) -> bool {
    // Keys of every action are not the reference's.
    text.starts_with("aws:multifactorauth") || Catalogue::embedded().key_type(text).is_some()
}

#[test]
fn rows_that_the_reference_made_needless_are_taken_out() {
    let catalogue = Catalogue::embedded();
    for (prefix, name) in Tables::get().unknown_actions() {
        let action = format!("{prefix}:{name}");
        assert!(
            catalogue.action(&action).is_none(),
            "{action} is in the service reference: take it out of the table"
        );
    }
}

/// API Gateway's rows are its models' methods and URIs (API Gateway Developer Guide,
/// `api-gateway-iam-policy-resource-format`).
#[test]
fn api_gateway_rows_are_those_of_its_models() {
    let rows: Vec<_> = Tables::get().rows().filter(|(prefix, ..)| *prefix == "apigateway").collect();
    let mut checked = 0;
    for operation in operations::all() {
        let Some((method, uri)) = operation.http else { continue };
        let Some((_, name, words)) = rows.iter().find(|(_, name, _)| *name == operation.name) else {
            continue;
        };
        let uri = uri.split('?').next().unwrap();
        let uri = uri.strip_prefix("/v2").unwrap_or(uri);
        let uri = if uri.starts_with("/tags/") { "/tags/*" } else { uri };
        let shape = |uri: &str| -> Vec<String> {
            let parts = uri.split('/').map(|part| if part.contains('{') { "{}" } else { part });
            parts.map(str::to_owned).collect()
        };
        let is_it = |text: &String| {
            let mut words = text.split(' ');
            words.next() == Some(&format!("apigateway:{method}"))
                && words.nth(1).is_some_and(|path| shape(path) == shape(uri))
        };
        assert!(words.iter().any(is_it), "{name}: no row for {method} {uri} in {words:?}");
        checked += 1;
    }
    assert!(checked > 190, "{checked}");
}
