//! Printing and reading again is the identity on AWS's managed policies: on a sample of 200 always, on all versions with
//! `scripts/check-managed-policies`.

use std::collections::BTreeMap;

use kagimori_policy::compare::{Inclusion, compare};
use kagimori_policy::minimise::{Options, Sameness, minimise};
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::print::{print, print_pretty};
use kagimori_policy::validate::{PolicyKind, validate};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Sample {
    name: String,
    version: String,
    document: Value,
}

#[test]
fn the_sample_comes_back_as_it_was() {
    let samples: Vec<Sample> = serde_json::from_str(include_str!("data/managed-policies-200.json")).unwrap();
    assert_eq!(samples.len(), 200);
    for sample in samples {
        comes_back(&format!("{} {}", sample.name, sample.version), &sample.document);
    }
}

#[derive(Deserialize)]
struct Managed {
    versions: BTreeMap<String, Version>,
}

#[derive(Deserialize)]
struct Version {
    document: Value,
}

/// Every policy of the package, by name and version.
#[cfg(test)]
fn all() -> BTreeMap<String, Managed> {
    let Some(path) = option_env!("KAGIMORI_MANAGED_POLICIES") else {
        panic!("KAGIMORI_MANAGED_POLICIES names managedPolicies.json")
    };
    #[expect(clippy::disallowed_methods, reason = "the package is far too large to be part of the binary")]
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
#[ignore = "needs the whole package: scripts/check-managed-policies"]
fn every_version_comes_back_as_it_was() {
    let policies = all();
    let mut count = 0;
    for (name, policy) in &policies {
        for (version, held) in &policy.versions {
            comes_back(&format!("{name} {version}"), &held.document);
            count += 1;
        }
    }
    println!("{} policies, {count} versions came back as they were", policies.len());
}

#[test]
#[ignore = "needs the whole package: scripts/check-managed-policies"]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn consecutive_versions_are_compared() {
    let mut verdicts = BTreeMap::<String, usize>::new();
    let (mut times, mut slowest) = (Vec::new(), (std::time::Duration::ZERO, String::new()));
    for (name, policy) in &all() {
        let mut versions: Vec<(u32, &Version)> = policy
            .versions
            .iter()
            .map(|(name, held)| (name.trim_start_matches('v').parse().unwrap(), held))
            .collect();
        versions.sort_by_key(|(number, _)| *number);
        for pair in versions.windows(2) {
            let [old, new] = [pair[0].1, pair[1].1]
                .map(|held| [parse(&held.document.to_string(), Strictness::Lenient).unwrap()]);
            let began = std::time::Instant::now();
            let comparison = compare(&old, &new);
            let time = began.elapsed();
            times.push(time);
            slowest = slowest.max((time, format!("{name} v{}", pair[1].0)));
            *verdicts.entry(format!("{:?}", comparison.verdict())).or_default() += 1;
            for inclusion in [&comparison.new_in_old, &comparison.old_in_new] {
                if let Inclusion::NotProved(why) = inclusion {
                    println!("{name} v{}: {why}", pair[1].0);
                    *verdicts.entry("inclusions not proved".to_owned()).or_default() += 1;
                }
            }
        }
    }
    times.sort();
    let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)];
    println!(
        "{} pairs both ways: p50 {:?}, p90 {:?}, p99 {:?}, max {:?} ({}), together {:?}: {verdicts:?}",
        times.len(),
        at(500),
        at(900),
        at(990),
        slowest.0,
        slowest.1,
        times.iter().sum::<std::time::Duration>(),
    );
}

#[test]
#[ignore = "needs the whole package: scripts/check-managed-policies"]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn every_policy_is_minimised() {
    let policies = all();
    for wildcards in [false, true] {
        let (mut before, mut after, mut spread, mut unchanged) = (0, 0, 0, 0);
        let mut times = Vec::new();
        for (name, policy) in &policies {
            let Some(held) = policy.versions.values().last() else { continue };
            let document = parse(&held.document.to_string(), Strictness::Lenient).unwrap();
            let began = std::time::Instant::now();
            let minimised = minimise(&[document], Options { wildcards, ..Options::default() });
            times.push((began.elapsed(), name));
            before += minimised.before.characters;
            after += minimised.after.characters;
            spread += usize::from(minimised.documents.len() > 1);
            if let Sameness::Unchanged(why) = &minimised.sameness {
                println!("{name}: {why}");
                unchanged += 1;
            }
        }
        times.sort();
        println!(
            "wildcards {wildcards}: {before} → {after} characters, {spread} spread, {unchanged} not proved; p50 {:?}, max {:?}",
            times[times.len() / 2].0,
            times.last(),
        );
    }
}

#[cfg(test)]
fn comes_back(name: &str, original: &Value) {
    let text = original.to_string();
    let document = parse(&text, Strictness::Strict).unwrap_or_else(|error| panic!("{name}: {error}"));
    let printed = print(&document);
    assert_eq!(parse(&printed, Strictness::Strict).as_ref(), Ok(&document), "{name}");
    assert_eq!(parse(&print_pretty(&document), Strictness::Strict).as_ref(), Ok(&document), "{name}");
    let again: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(with_list(again), with_list(original.clone()), "{name}");
    assert_eq!(validate(&document, PolicyKind::Identity), [], "{name}: AWS's own policy is refused");
}

/// A lone statement and a list of one say the same.
#[cfg(test)]
fn with_list(mut document: Value) -> Value {
    if document["Statement"].is_object() {
        document["Statement"] = Value::Array(vec![document["Statement"].take()]);
    }
    document
}
