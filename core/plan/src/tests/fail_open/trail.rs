//! The trail: an event that is there twice is one event, one that contradicts another hides nothing, and what the snapshot alone
//! proves stays whatever of the trail is missing.

use std::io::{Read, Write};
use std::sync::LazyLock;

use serde_json::Value;

use super::super::{Everything, Files, estate, everything, half, is_whole, settings, usage};
use crate::verdict::Outcome;

fn events(bytes: &[u8]) -> Vec<Value> {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    document["Records"].as_array().unwrap().clone()
}

fn packed(events: &[Value]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(serde_json::json!({ "Records": events }).to_string().as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// The files, and what is said of them with the trail as it is.
static ONCE: LazyLock<(Files, Everything)> = LazyLock::new(|| {
    let files = half();
    let everything = reviewed(&files, &files);
    (files, everything)
});

fn reviewed(files: &Files, trail: &Files) -> Everything {
    everything(&estate(files), Some(&usage(trail)), &settings(files))
}

/// The trail with its files altered; those that `beside` makes stand beside them.
fn trail_with(files: &Files, alter: impl Fn(Vec<Value>) -> Vec<Value>, beside: bool) -> Files {
    let mut trail = Files::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("trail/")) {
        if beside {
            trail.insert(path.clone(), bytes.clone());
        }
        // before the others in some folders, behind them in others
        let first = if path.len() % 2 == 0 { "trail/a" } else { "trail/z" };
        let altered = packed(&alter(events(bytes)));
        trail.insert(if beside { path.replacen("trail", first, 1) } else { path.clone() }, altered);
    }
    assert!(!trail.is_empty());
    trail
}

/// CloudTrail delivers at least once (`cloudtrail-how-it-works`): the same event may come in two files.
#[test]
fn an_event_that_comes_twice_is_one() {
    let (files, once) = &*ONCE;
    let twice = reviewed(files, &trail_with(files, |events| events, true));
    assert_eq!(once.outcomes, twice.outcomes);
}

/// Who can write into a trail must not be able to hide an event behind its id.
#[test]
fn an_event_that_contradicts_another_hides_nothing() {
    let (files, once) = &*ONCE;
    let otherwise = |events: Vec<Value>| -> Vec<Value> {
        let refused = |mut event: Value| {
            event["errorCode"] = Value::from("AccessDenied");
            event["sourceIPAddress"] = Value::from("203.0.113.250");
            event
        };
        events.into_iter().map(refused).collect()
    };
    let both = reviewed(files, &trail_with(files, otherwise, true));
    let failed = |outcome: &Outcome| matches!(outcome, Outcome::Fail | Outcome::Unknown);
    let gone: Vec<_> = once
        .outcomes
        .iter()
        .filter(|(_, outcome)| **outcome == Outcome::Fail)
        .filter(|(of, _)| !both.outcomes.get(of).is_some_and(failed))
        .collect();
    assert!(gone.is_empty(), "{gone:#?}");
}

#[test]
fn what_the_snapshot_proves_does_not_need_the_whole_trail() {
    let (files, whole) = &*ONCE;
    let none = everything(&estate(files), None, &settings(files));
    let proved = |of: &&(&'static str, crate::verdict::Resource)| {
        whole.outcomes.get(*of) == Some(&Outcome::Fail) && none.outcomes.get(*of) == Some(&Outcome::Fail)
    };
    let proved: Vec<_> = whole.outcomes.keys().filter(proved).collect();
    assert!(proved.len() > 50, "{}", proved.len());
    let every_other = |keep: usize| {
        move |events: Vec<Value>| -> Vec<Value> {
            events
                .into_iter()
                .enumerate()
                .filter(|(place, _)| place % 2 == keep)
                .map(|(_, one)| one)
                .collect()
        }
    };
    for keep in if is_whole() { 0..2 } else { 0..1 } {
        let less = reviewed(files, &trail_with(files, every_other(keep), false));
        let failed = |outcome: &Outcome| matches!(outcome, Outcome::Fail | Outcome::Unknown);
        let gone: Vec<_> = proved.iter().filter(|of| !less.outcomes.get(**of).is_some_and(failed)).collect();
        assert!(gone.is_empty(), "{gone:#?}");
    }
}
