//! What was called: counters, and a log without secrets.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::message::Parameters;

/// Calls by operation and caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Counters(BTreeMap<String, BTreeMap<String, Count>>);

/// How calls ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Count {
    /// Carried out, those whose reply was lost too.
    pub succeeded: u64,
    /// Refused.
    pub failed: u64,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// The time of the world.
    pub time: String,
    /// `AssumeRole`.
    pub operation: String,
    /// The caller's ARN; empty when the signature told none.
    pub caller: String,
    /// The key it was signed with, when there was one.
    pub access_key_id: String,
    /// Where it came from.
    pub source_ip: String,
    /// The HTTP status.
    pub status: u16,
    /// The error's code.
    pub error: Option<String>,
    /// The error's message.
    pub message: Option<String>,
    /// The reply was lost on purpose.
    pub is_lost: bool,
    /// The parameters; codes and policies only by their length.
    pub parameters: BTreeMap<String, String>,
}

/// Counters and log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    pub(crate) counters: Counters,
    pub(crate) entries: Vec<Entry>,
}

impl Journal {
    pub(crate) fn record(&mut self, entry: Entry) {
        let of_operation = self.counters.0.entry(entry.operation.clone()).or_default();
        let count = of_operation.entry(entry.caller.clone()).or_default();
        match entry.error {
            None => count.succeeded += 1,
            Some(_) => count.failed += 1,
        }
        self.entries.push(entry);
    }
}

impl Counters {
    /// The calls of an operation, whoever made them.
    pub fn of(&self, operation: &str) -> Count {
        let counts = self.0.get(operation).into_iter().flat_map(BTreeMap::values);
        counts.fold(Count::default(), |sum, count| Count {
            succeeded: sum.succeeded + count.succeeded,
            failed: sum.failed + count.failed,
        })
    }

    /// The calls of an operation by one caller, told by its ARN.
    pub fn by(&self, operation: &str, caller: &str) -> Count {
        self.0.get(operation).and_then(|callers| callers.get(caller)).copied().unwrap_or_default()
    }

    /// All calls.
    pub fn total(&self) -> u64 {
        self.0.values().flat_map(BTreeMap::values).map(|count| count.succeeded + count.failed).sum()
    }
}

/// The parameters as they may be kept.
pub(super) fn without_secrets(parameters: &Parameters) -> BTreeMap<String, String> {
    const SECRET: [&str; 6] =
        ["TokenCode", "AuthenticationCode1", "AuthenticationCode2", "Session", "SigninToken", "Policy"];
    let kept = |(name, value): (&str, &str)| {
        let value = if SECRET.contains(&name) {
            format!("({} characters)", value.chars().count())
        } else {
            value.to_owned()
        };
        (name.to_owned(), value)
    };
    parameters.iter().map(kept).collect()
}
