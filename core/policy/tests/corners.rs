//! The documented corner cases: every answer as AWS's text has it.

use kagimori_policy::scenario::{self, Class};

#[test]
fn every_corner_is_as_expected() {
    let cases =
        scenario::read(include_str!("data/corners.json"), &|file| Err(format!("`{file}` is not there")))
            .unwrap();
    assert_eq!(cases.len(), 82);
    let differing: Vec<String> = cases
        .iter()
        .map(|case| (case, scenario::run(case)))
        .filter(|(_, report)| !report.ok)
        .map(|(case, report)| format!("{:?} {report:#?}", case.class))
        .collect();
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn what_is_ambiguous_says_how_it_was_read() {
    let cases =
        scenario::read(include_str!("data/corners.json"), &|file| Err(format!("`{file}` is not there")))
            .unwrap();
    for case in cases.iter().filter(|case| case.class == Class::Ambiguous) {
        let report = scenario::run(case);
        assert!(!report.disputed.is_empty(), "{}: {report:?}", case.name);
    }
}
