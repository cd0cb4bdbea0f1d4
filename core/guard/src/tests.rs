//! All templates are proved, and each part of each is missed when it is not there.

mod company;
mod mutants;
mod wrong;

use std::collections::BTreeMap;

use kagimori_estate::Estate;
use kagimori_policy::lint;

use crate::{Guard, Proof, Settings, Template, prove, templates};

/// What has no default, set.
fn settings(template: &Template) -> Settings {
    let set: &[(&str, &[&str])] = match template.name {
        "regions" => &[("regions", &["ap-northeast-1", "ap-northeast-3"])],
        "key-networks" => &[("networks", &["198.51.100.0/24"])],
        "github-tenant" => &[("subjects", &["repo:shiosai/*", "repo:shiosai@12345/*"])],
        "own-organization" => &[("organization", &["o-shiosai0001"])],
        _ => &[],
    };
    set.iter()
        .map(|(name, values)| ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect()))
        .collect::<BTreeMap<_, _>>()
}

fn guard(template: &'static Template) -> Guard {
    Guard::new(template, &settings(template)).unwrap()
}

fn told(proof: &Proof) -> String {
    let broken = proof.obligations.iter().flat_map(|obligation| &obligation.broken);
    let broken: Vec<String> = broken
        .map(|broken| {
            format!(
                "{} {} on {}: {:?}",
                broken.who, broken.request.action, broken.request.resource, broken.outcome
            )
        })
        .collect();
    format!("{broken:#?} {:?}", proof.everywhere)
}

#[test]
fn every_file_is_read() {
    assert_eq!(templates().len(), 15);
}

#[test]
fn every_template_is_proved_without_an_estate() {
    let mut broken = Vec::new();
    for template in templates() {
        let proof = prove(&guard(template), &Estate::empty()).unwrap();
        if !proof.is_whole() {
            broken.push(format!("{}: {}", template.name, told(&proof)));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// AWS would take it, and the linter has nothing to say of it.
#[test]
fn every_template_is_a_clean_policy() {
    for template in templates() {
        let guard = guard(template);
        let options = lint::Options::default();
        let found = lint::lint(&guard.minified(), template.kind.of_policy(), &options);
        let found: Vec<_> = found.iter().map(|finding| (finding.rule, &finding.message)).collect();
        assert!(found.is_empty(), "{}: {found:#?}", template.name);
    }
}

/// Both languages say everything.
#[test]
fn every_text_is_there_in_both_languages() {
    for template in templates() {
        let mut pairs =
            vec![(&template.en.purpose, &template.ja.purpose), (&template.en.first, &template.ja.first)];
        pairs.extend(template.parameters.iter().map(|parameter| (&parameter.en, &parameter.ja)));
        pairs.extend(template.side_effects.iter().map(|words| (&words.en, &words.ja)));
        for (en, ja) in pairs {
            assert!(!en.is_empty() && ja.chars().any(|c| c > '\u{3000}'), "{}: {en} / {ja}", template.name);
        }
        for case in &template.cases {
            assert_eq!(case.en.is_empty(), case.ja.is_empty(), "{}: {}", template.name, case.en);
        }
    }
}
