//! A first look over a file of JSON values: where each begins, the names of its members, and that it is sound.
//!
//! `aws … > file` writes one object; a loop with `>>` writes several, one behind the other, and with `2>&1` error
//! messages between them. An object that holds a key twice is refused wherever it stands: AWS writes none, and two
//! readers would believe two different values. Policy documents are left to the policy parser, which refuses the
//! same and is answered for the one policy alone.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fault::{Fault, Place, quote};
use super::refusal::{Refusal, silence};
use crate::fact::Silence;

/// Members that hold a policy document.
const DOCUMENTS: [&str; 3] = ["PolicyDocument", "AssumeRolePolicyDocument", "Document"];

/// One piece of a file.
#[derive(Debug)]
pub(super) enum Piece {
    /// A sound JSON object: the bytes where it stands, and the names of its members.
    Object(Range<usize>, Vec<String>),
    /// The AWS CLI's word that AWS refused the call.
    Refusal(Refusal),
    /// The AWS CLI's word that no answer came.
    Silence(Silence, Fault),
    /// What cannot be read, and the members seen before it; nothing behind it is looked at.
    Damage(Fault, Vec<String>),
}

/// The pieces of a text.
pub(super) fn outline(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let start = at + (rest.len() - rest.trim_start().len());
        let rest = rest.trim_start();
        if rest.is_empty() {
            return pieces;
        }
        if let Some((refusal, length)) = Refusal::parse(rest) {
            pieces.push(Piece::Refusal(refusal));
            at = start + length;
            continue;
        }
        if let Some((silence, length, fault)) = silence(rest) {
            pieces.push(Piece::Silence(silence, fault));
            at = start + length;
            continue;
        }
        match object(rest) {
            Ok((length, members)) => {
                pieces.push(Piece::Object(start..start + length, members));
                at = start + length;
            }
            Err(error) => {
                pieces.push(damage(text, start, &error));
                return pieces;
            }
        }
    }
}

fn object(text: &str) -> Result<(usize, Vec<String>), serde_json::Error> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Members>();
    match stream.next() {
        Some(Ok(Members(members))) => Ok((stream.byte_offset(), members)),
        Some(Err(error)) => Err(error),
        None => Ok((text.len(), Vec::new())),
    }
}

fn damage(text: &str, start: usize, error: &serde_json::Error) -> Piece {
    let rest = text.get(start..).unwrap_or_default();
    if !rest.starts_with('{') {
        let line = rest.lines().next().unwrap_or_default();
        let message = format!("{} is not a JSON object {}", quote(line), Place::at(text, start));
        return Piece::Damage(Fault::new(message), Vec::new());
    }
    let mut members = Vec::new();
    // the same fault again, this time keeping what stands before it
    let _ = TopLevel(&mut members).deserialize(&mut serde_json::Deserializer::from_str(rest));
    let fault = if error.is_eof() {
        Fault::new(format!(
            "the file ends in the middle of an object {}",
            Place::at(text, text.trim_end().len())
        ))
    } else {
        Fault::json(error, text, start)
    };
    Piece::Damage(fault, members)
}

struct Members(Vec<String>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Vec::new();
        TopLevel(&mut members).deserialize(deserializer)?;
        Ok(Self(members))
    }
}

struct TopLevel<'m>(&'m mut Vec<String>);

impl<'de> DeserializeSeed<'de> for TopLevel<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TopLevel<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        walk(map, |key| self.0.push(key.to_owned()))
    }
}

/// Any value, looked through for keys that stand twice.
struct Sound;

impl<'de> serde::Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SoundVisitor)
    }
}

struct SoundVisitor;

impl<'de> Visitor<'de> for SoundVisitor {
    type Value = Sound;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_str<E>(self, _: &str) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_unit<E>(self) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Sound, A::Error> {
        while sequence.next_element::<Sound>()?.is_some() {}
        Ok(Sound)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Sound, A::Error> {
        walk(map, |_| ()).map(|()| Sound)
    }
}

fn walk<'de, A: MapAccess<'de>>(mut map: A, mut seen: impl FnMut(&str)) -> Result<(), A::Error> {
    let mut keys = Keys::default();
    while let Some(Key(key)) = map.next_key()? {
        if !keys.insert(&key) {
            return Err(A::Error::custom(format!("the key {} stands twice in one object", quote(&key))));
        }
        seen(&key);
        if DOCUMENTS.contains(&key.as_ref()) {
            map.next_value::<IgnoredAny>()?;
        } else {
            map.next_value::<Sound>()?;
        }
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The keys of one object. AWS's objects have a dozen, which a list finds fastest; the set is for hostile ones.
#[derive(Default)]
struct Keys {
    few: Vec<String>,
    many: BTreeSet<String>,
}

impl Keys {
    const FEW_MAX: usize = 32;

    fn insert(&mut self, key: &str) -> bool {
        if self.few.iter().any(|seen| seen == key) || self.many.contains(key) {
            return false;
        }
        if self.few.len() < Self::FEW_MAX {
            self.few.push(key.to_owned());
        } else {
            self.many.insert(key.to_owned());
        }
        true
    }
}
