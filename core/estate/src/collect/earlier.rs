//! What an earlier run was answered, out of the files that it left: only what is missing is asked again.
//!
//! `collected.json` says which call's answer lies in which file. Answers of several calls stand in a file one after another, in
//! the order of what they are about; of a file in which there are more or fewer than calls none is taken.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::record::{Outcome, Recorded, about, call};
use super::{Ask, Given};

/// Answers of an earlier run, each to be taken once.
#[derive(Debug, Default)]
pub struct Earlier {
    answers: BTreeMap<(String, String), Given>,
}

#[derive(Deserialize)]
struct Collected {
    record: Calls,
}

#[derive(Deserialize)]
struct Calls {
    calls: Vec<Recorded>,
}

impl Earlier {
    /// The answers that were given since an instant. `record` is `collected.json`; `file` gives the files beside it.
    pub fn of(record: &[u8], since: Timestamp, file: impl Fn(&str) -> Option<Vec<u8>>) -> Self {
        let Ok(Collected { record }) = serde_json::from_slice(record) else { return Self::default() };
        let mut answers = BTreeMap::new();
        for (name, calls) in by_file(record.calls) {
            let pieces = file(&name).map(|bytes| pieces(&bytes)).unwrap_or_default();
            if pieces.len() != calls.len() {
                continue;
            }
            for (recorded, piece) in calls.into_values().zip(pieces) {
                if let (Outcome::Answered, true, Some(value)) =
                    (&recorded.outcome, recorded.at >= since, piece)
                {
                    answers.insert((recorded.call.clone(), recorded.about.clone()), given(recorded, value));
                }
            }
        }
        Self { answers }
    }

    /// The answer to a call, if there is one.
    pub fn take(&mut self, ask: &Ask) -> Option<Given> {
        self.answers.remove(&(call(ask), about(ask)))
    }
}

/// The last call of each thing that a file tells about.
fn by_file(calls: Vec<Recorded>) -> BTreeMap<String, BTreeMap<String, Recorded>> {
    let mut files: BTreeMap<String, BTreeMap<String, Recorded>> = BTreeMap::new();
    for recorded in calls.into_iter().filter(|recorded| !recorded.file.is_empty()) {
        let of_file = files.entry(recorded.file.clone()).or_default();
        match of_file.get(&recorded.about) {
            Some(before) if before.at > recorded.at => {}
            _ => drop(of_file.insert(recorded.about.clone(), recorded)),
        }
    }
    files
}

/// The answers of a file; nothing stands for a line that tells why there is none.
fn pieces(bytes: &[u8]) -> Vec<Option<Value>> {
    let (mut rest, mut found) = (str::from_utf8(bytes).unwrap_or_default().trim_start(), Vec::new());
    while !rest.is_empty() {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let end = match values.next() {
            Some(Ok(value)) => {
                found.push(Some(value));
                values.byte_offset()
            }
            _ => {
                found.push(None);
                rest.find('\n').unwrap_or(rest.len())
            }
        };
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    found
}

fn given(recorded: Recorded, value: Value) -> Given {
    let Recorded { pages, attempts, request_ids, at, .. } = recorded;
    Given { value, pages, attempts, request_ids, earlier: Some(at) }
}
