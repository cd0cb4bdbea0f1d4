//! No answer improves when data is missing: who has a way, or is an administrator, never becomes one who "cannot", and nobody
//! gets a sure way out of nothing.

use std::collections::BTreeMap;

use kagimori_estate::access::May;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::random::tiny;
use super::{NOW, Tiny};
use crate::escalation::{Goal, Graph};

/// How surely each principal is an administrator, or becomes one.
fn answers(tiny: &Tiny) -> BTreeMap<String, May> {
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(&Goal::Administrator, None).unwrap();
    let mut answers: BTreeMap<String, May> = found.there.into_iter().collect();
    answers.extend(found.routes.iter().map(|route| (graph.source(route).to_owned(), route.certainty())));
    answers
}

const SOMETHING_NEW: &str = "arn:aws:iam::aws:policy/SomethingNew";

/// The ways in which a part of it can be missing.
fn losses(tiny: &Tiny) -> Vec<(&'static str, Tiny)> {
    let mut report = tiny.clone();
    report.users.values_mut().for_each(|user| user.credentials = None);
    // a policy of AWS's whose document the details do not hold
    let mut document = tiny.clone();
    document.users.values_mut().for_each(|user| user.attached.push(SOMETHING_NEW.to_owned()));
    document.roles.values_mut().for_each(|role| role.attached.push(SOMETHING_NEW.to_owned()));
    // customer managed policies that are named, and not told of
    let mut customer = tiny.clone();
    customer.policies.clear();
    customer.is_incomplete = true;
    vec![("the credential report", report), ("a document", document), ("its own policies", customer)]
}

/// Estates to take data away from; the whole with `KAGIMORI_MATRIX=all`.
fn cases() -> u32 {
    if crate::tests::is_whole() { 24 } else { 3 }
}

#[test]
fn no_answer_improves_when_data_is_missing() {
    let config = Config { failure_persistence: None, max_shrink_iters: 50, ..Config::with_cases(cases()) };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng)
        .run(&tiny(), |tiny| {
            let full = answers(&tiny);
            for (what, less) in losses(&tiny) {
                let less = answers(&less);
                for arn in full.keys() {
                    assert!(less.contains_key(arn), "without {what}, {arn} has no way any more");
                }
                let from_nothing =
                    less.iter().find(|(arn, may)| **may == May::Surely && !full.contains_key(*arn));
                assert!(from_nothing.is_none(), "without {what}: {from_nothing:?}");
            }
            Ok(())
        })
        .unwrap();
}
