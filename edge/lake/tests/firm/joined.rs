//! Lakes that are joined.

use std::fs;
use std::path::Path;

use kagimori_lake::care::repair;
use kagimori_lake::ingest::{Options, ingest};

use super::lakes::{bodies_in, event, fill, folder, ids, parts, put, records, run, small, wrong};

#[test]
fn two_lakes_become_one() {
    let (root, other) = (folder("one"), folder("two"));
    put(&root, "1.json", &["a", "b"]);
    put(&other, "2.json", &["b", "c"]);
    fill(&root);
    fill(&other);
    let options = Options { from_lakes: vec![other.clone()], ..Options::default() };
    let report = run(&root, &options);
    assert_eq!((report.counts.events, report.counts.duplicates, report.lake.events), (1, 1, 3));
    assert_eq!(ids(&root), ["a", "b", "c"]);
    let report = run(&root, &options);
    assert_eq!((report.counts.events, report.counts.duplicates), (0, 0));
    assert_eq!(wrong(&root), [""; 0]);
    let itself = Options { from_lakes: vec![root.clone()], ..Options::default() };
    assert!(ingest(&root.join("lake"), &[], &root, &itself, &|_| ()).is_err());
}

/// An event with a body.
fn with_body(id: &str) -> String {
    event(id, "2026-03-01T12:00:00Z").replacen('{', &format!(r#"{{"requestParameters":{{"a":"{id}"}},"#), 1)
}

fn put_with_bodies(root: &Path, name: &str, ids: &[&str]) {
    fs::write(root.join("trail").join(name), records(ids.iter().map(|id| with_body(id)))).unwrap();
}

fn joining(other: &Path) -> Options {
    Options { from_lakes: vec![other.to_owned()], ..Options::default() }
}

#[test]
fn bodies_come_along_once() {
    let (root, other) = (folder("one-body"), folder("two-bodies"));
    let with_bodies = Options { bodies: true, ..small() };
    put_with_bodies(&root, "1.json", &["a", "b"]);
    put_with_bodies(&other, "2.json", &["b", "c"]);
    put_with_bodies(&other, "3.json", &["d"]);
    run(&root, &with_bodies);
    run(&other, &with_bodies);
    run(&root, &joining(&other));
    assert_eq!((ids(&root).len(), bodies_in(&root), wrong(&root).len()), (4, 4, 0));
    // Its parts are others when they were written anew, and what they hold is not.
    fs::remove_file(parts(&other, "bodies").remove(0)).unwrap();
    repair(&other.join("lake")).unwrap();
    run(&root, &joining(&other));
    assert_eq!((ids(&root).len(), bodies_in(&root), wrong(&root).len()), (4, 4, 0));
    // Of a lake that keeps none they come, too, and are written anew from where they came.
    let third = folder("three-bodies");
    put_with_bodies(&third, "1.json", &["d"]);
    fill(&third);
    run(&third, &joining(&other));
    assert_eq!((ids(&third).len(), bodies_in(&third)), (3, 3));
    fs::remove_file(parts(&third, "bodies").remove(0)).unwrap();
    let (mended, problems) = repair(&third.join("lake")).unwrap();
    let told = (mended[0].bodies_before, mended[0].bodies_after, mended[0].is_less(), problems.len());
    assert_eq!((told, wrong(&third).len()), ((3, 3, false, 0), 0), "{mended:?}");
}

#[test]
fn a_part_of_another_lake_that_could_not_be_read_is_tried_again() {
    for set in ["events", "bodies"] {
        let (root, other) = (folder(&format!("tried-{set}")), folder(&format!("tried-{set}-other")));
        put_with_bodies(&root, "1.json", &["a"]);
        put_with_bodies(&other, "2.json", &["b", "c"]);
        fill(&root);
        run(&other, &Options { bodies: true, ..Options::default() });
        let part = parts(&other, set).remove(0);
        let whole = fs::read(&part).unwrap();
        fs::write(&part, &whole[..whole.len() / 2]).unwrap();
        for _ in 0..2 {
            let report = run(&root, &joining(&other));
            let told: Vec<&str> = report.problems.iter().map(|problem| problem.file.as_str()).collect();
            assert_eq!(told.len(), 1, "{set}: {told:?}");
            assert!(told[0].contains(set) && report.problems[0].hint.contains("--from-lake"), "{told:?}");
        }
        fs::write(&part, &whole).unwrap();
        let report = run(&root, &joining(&other));
        assert_eq!((report.problems, ids(&root).len(), bodies_in(&root)), (vec![], 3, 2), "{set}");
        assert_eq!((fill(&root).problems, wrong(&root).len()), (vec![], 0), "{set}");
    }
}
