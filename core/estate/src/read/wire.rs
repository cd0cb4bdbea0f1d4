//! What AWS's answers have in common: instants, lists that may be left out, policy documents in two forms.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use kagimori_policy::parse::{ParseError, Strictness, parse};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::fault::{Fault, Place, quote};
use crate::model::Policy;

/// An instant: ISO 8601 with an offset, or seconds since 1970 (AWS CLI v1 prints Organizations' times so).
#[derive(Clone, Copy, Debug)]
pub(super) struct Instant(pub(super) Timestamp);

/// A text that may be borrowed.
#[derive(Debug, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A list; AWS leaves out empty ones, some emulators write `null`.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InstantVisitor)
    }
}

struct InstantVisitor;

impl Visitor<'_> for InstantVisitor {
    type Value = Instant;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as `2026-01-31T09:00:00+00:00`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Instant, E> {
        instant(text).map(Instant).ok_or_else(|| E::custom(not_a_time(text)))
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Instant, E> {
        Timestamp::from_second(seconds).map(Instant).map_err(|_| E::custom(not_a_time(&seconds.to_string())))
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Instant, E> {
        self.visit_i64(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Instant, E> {
        // `as` saturates, and the ends of i64 are no timestamps
        let milliseconds = (seconds * 1000.0).round() as i64;
        Timestamp::from_millisecond(milliseconds)
            .map(Instant)
            .map_err(|_| E::custom(not_a_time(&seconds.to_string())))
    }
}

/// A time with its offset (`Z`, `+00:00`, `+09:00`).
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

pub(super) fn not_a_time(text: &str) -> String {
    format!("{} is not a time with an offset such as `2026-01-31T09:00:00Z`", quote(text))
}

/// A policy that could not be understood, and where.
#[derive(Debug)]
pub(super) struct PolicyFault {
    /// Whose policy: ``the inline policy `x` of user `alice` ``.
    pub(super) policy: String,
    error: ParseError,
    place: Option<Place>,
}

impl PolicyFault {
    pub(super) fn fault(&self) -> Fault {
        let (line, column) = (self.error.line(), self.error.column());
        let place = match self.place {
            Some(place) => place.within(line, column).to_string(),
            None => format!("(line {line}, column {column} of the decoded document)"),
        };
        Fault::new(format!("{} cannot be understood: {} {place}", self.policy, self.error.message()))
            .hint("everything else is used; look at the policy in the IAM console and correct it there")
    }
}

/// Reads the policy documents of one file and remembers those it cannot understand.
#[derive(Debug)]
pub(super) struct Policies<'a> {
    text: &'a str,
    pub(super) faults: Vec<PolicyFault>,
}

impl<'a> Policies<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, faults: Vec::new() }
    }

    /// Reads a document: an object (the AWS CLI decodes them), or a string (URL-encoded as the API sends it, or
    /// plain as Organizations does).
    pub(super) fn read(&mut self, raw: &'a RawValue, policy: impl FnOnce() -> String) -> Policy {
        let json = raw.get();
        let (document, place) = match serde_json::from_str::<Text<'_>>(json) {
            Ok(Text(encoded)) => (parse(&url_decoded(&encoded), Strictness::Lenient), None),
            Err(_) => (parse(json, Strictness::Lenient), self.place_of(json)),
        };
        if let Err(error) = &document {
            // the place costs a walk over the file, so only a fault asks for it
            let place = place.map(|byte| Place::at(self.text, byte));
            self.faults.push(PolicyFault { policy: policy(), error: error.clone(), place });
        }
        Policy { document }
    }

    /// A document that should be there and is not.
    pub(super) fn missing(&mut self, policy: impl FnOnce() -> String) -> Policy {
        let document = parse("", Strictness::Lenient);
        if let Err(error) = &document {
            self.faults.push(PolicyFault { policy: policy(), error: error.clone(), place: None });
        }
        Policy { document }
    }

    /// Where a part of the text begins in it.
    fn place_of(&self, part: &str) -> Option<usize> {
        part.as_ptr().addr().checked_sub(self.text.as_ptr().addr())
    }
}

/// Undoes the percent-encoding (RFC 3986) of the IAM API. A document that is not encoded is given back as it is:
/// plain JSON begins with `{`, never with `%`.
fn url_decoded(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with('%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, tail @ ..]) => match hex(*high).zip(hex(*low)) {
                Some((high, low)) => {
                    decoded.push(high * 16 + low);
                    rest = tail;
                    continue;
                }
                None => decoded.push(b'%'),
            },
            _ => decoded.push(*first),
        }
        rest = tail;
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
