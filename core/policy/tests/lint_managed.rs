//! AWS's own managed policies under the linter: what it calls an error there is listed, each with the reason.

use std::collections::BTreeMap;

use kagimori_policy::lint::rule::Level;
use kagimori_policy::lint::{Options, check};
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::validate::PolicyKind;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Sample {
    name: String,
    version: String,
    document: Value,
}

#[test]
fn probe() {
    let samples: Vec<Sample> = serde_json::from_str(include_str!("data/managed-policies-200.json")).unwrap();
    let mut count = BTreeMap::<&str, usize>::new();
    for sample in samples {
        let text = serde_json::to_string_pretty(&sample.document).unwrap();
        let options = Options { kind: Some(PolicyKind::Identity), ..Options::default() };
        let checked = check(&text, &sample.name, &options);
        let document = parse(&text, Strictness::Strict).unwrap();
        for finding in &checked.policies[0].findings {
            *count.entry(finding.rule.rule().id).or_default() += 1;
            if let Some(witness) = &finding.witness {
                assert!(witness.holds(&document, PolicyKind::Identity));
            }
            if finding.level != Level::Suggestion {
                println!("{} {} {:?} {} {} {}", sample.name, sample.version, finding.level, finding.rule.rule().id, finding.pointer, finding.message);
            }
        }
    }
    println!("{count:?}");
}
