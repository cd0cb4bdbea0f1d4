//! How long comparing and minimising take, on the committed sample of AWS's managed policies.
//!
//! All consecutive versions of all managed policies: `scripts/check-managed-policies`.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kagimori_policy::compare::compare;
use kagimori_policy::document::Document;
use kagimori_policy::minimise::{Options, minimise};
use kagimori_policy::parse::{Strictness, parse};

fn main() {
    divan::main();
}

#[derive(serde::Deserialize)]
struct Sample {
    document: serde_json::Value,
}

/// Twenty of the sample.
fn samples() -> Vec<Document> {
    let text = include_str!("../tests/data/managed-policies-200.json");
    let samples: Vec<Sample> = serde_json::from_str(text).unwrap_or_default();
    let documents =
        samples.iter().filter_map(|sample| parse(&sample.document.to_string(), Strictness::Lenient).ok());
    documents.step_by(10).collect()
}

/// Each with the same policy, statement for statement written otherwise.
#[divan::bench(sample_count = 20)]
fn equal(bencher: Bencher<'_, '_>) {
    let pairs: Vec<([Document; 1], [Document; 1])> = samples()
        .into_iter()
        .map(|document| {
            let mut other = document.clone();
            other.statements.reverse();
            ([document], [other])
        })
        .collect();
    both_ways(bencher, &pairs);
}

/// Each with the same policy without its last statement.
#[divan::bench(sample_count = 20)]
fn one_statement_less(bencher: Bencher<'_, '_>) {
    let pairs: Vec<([Document; 1], [Document; 1])> = samples()
        .into_iter()
        .map(|document| {
            let mut other = document.clone();
            other.statements.pop();
            ([document], [other])
        })
        .collect();
    both_ways(bencher, &pairs);
}

/// Each with the next of the sample, which is about something else.
#[divan::bench(sample_count = 20)]
fn different(bencher: Bencher<'_, '_>) {
    let samples = samples();
    let next = samples.iter().cycle().skip(1);
    let pairs: Vec<([Document; 1], [Document; 1])> =
        samples.iter().zip(next).map(|(one, next)| ([one.clone()], [next.clone()])).collect();
    both_ways(bencher, &pairs);
}

fn both_ways(bencher: Bencher<'_, '_>, pairs: &[([Document; 1], [Document; 1])]) {
    bencher.counter(ItemsCount::new(pairs.len())).bench_local(|| {
        for (old, new) in pairs {
            black_box(compare(old, new));
        }
    });
}

#[divan::bench(args = [false, true], sample_count = 5)]
fn minimised(bencher: Bencher<'_, '_>, wildcards: bool) {
    let samples = samples();
    bencher.counter(ItemsCount::new(samples.len())).bench_local(|| {
        for document in &samples {
            black_box(minimise(std::slice::from_ref(document), Options { wildcards, ..Options::default() }));
        }
    });
}
