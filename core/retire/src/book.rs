//! What the journal says of retirements: entries of the schema `kagimori.retirement`, each with what happened and where it led.
//!
//! An entry holds the standing it led to, so that the journal is understood by programs whose ladder decides otherwise.

use std::sync::Arc;

use jiff::Timestamp;
use kagimori_id::AccessKeyId;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::start::Start;
use crate::state::{Standing, State};

/// What an entry of this kind calls itself.
pub const SCHEMA: &str = "kagimori.retirement";
const VERSION: u32 = 1;

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    schema: Schema,
    /// When.
    pub at: Timestamp,
    /// The access key.
    pub key: AccessKeyId,
    /// The beginning of a retirement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Box<Start>>,
    /// What happened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened: Option<Event>,
    /// Where it stands then.
    pub standing: Standing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Schema {
    name: String,
    version: u32,
}

/// All retirements of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Book {
    /// In the order in which they were begun.
    pub all: Vec<Told>,
}

/// A retirement, and how it came to where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Told {
    /// Where it stands.
    pub state: State,
    /// When it was begun.
    pub begun: Timestamp,
    /// Where it stood, from when on.
    pub past: Vec<(Timestamp, Standing)>,
}

/// Why an entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum BookError {
    /// Not JSON, or not of this kind.
    #[error("the entry {index} of the journal cannot be read: {why}")]
    Unreadable {
        /// From 0.
        index: usize,
        /// What is wrong.
        why: String,
    },
    /// Written by another version.
    #[error(
        "the entry {index} of the journal is of version {version}, and this program reads version {VERSION}"
    )]
    OtherVersion {
        /// From 0.
        index: usize,
        /// Its version.
        version: u32,
    },
    /// It is about a retirement that was never begun, or begins one that goes on.
    #[error("the entry {index} of the journal is about {key}, {why}")]
    OutOfOrder {
        /// From 0.
        index: usize,
        /// The access key.
        key: AccessKeyId,
        /// What is wrong.
        why: &'static str,
    },
}

/// What is read first: other kinds of entries have other fields.
#[derive(Deserialize)]
struct Headed {
    schema: Schema,
}

impl Entry {
    /// The beginning of a retirement.
    pub fn begins(state: &State, at: Timestamp) -> Self {
        Self::new(state, at, Some(Box::new((*state.start).clone())), None)
    }

    /// What happened to one, and where it stands then.
    pub fn happened(event: Event, after: &State, at: Timestamp) -> Self {
        Self::new(after, at, None, Some(event))
    }

    fn new(state: &State, at: Timestamp, start: Option<Box<Start>>, happened: Option<Event>) -> Self {
        let schema = Schema { name: SCHEMA.to_owned(), version: VERSION };
        Self { schema, at, key: state.key().clone(), start, happened, standing: state.standing.clone() }
    }

    /// The bytes of the journal's leaf.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which is a defect.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads an entry of a journal; `None`: it is of another kind.
    ///
    /// # Errors
    /// [`BookError`] when it cannot be read.
    pub fn read(index: usize, entry: &[u8]) -> Result<Option<Self>, BookError> {
        let unreadable = |error: serde_json::Error| BookError::Unreadable { index, why: error.to_string() };
        let Headed { schema } = serde_json::from_slice(entry).map_err(unreadable)?;
        if schema.name != SCHEMA {
            return Ok(None);
        }
        if schema.version != VERSION {
            return Err(BookError::OtherVersion { index, version: schema.version });
        }
        serde_json::from_slice(entry).map_err(unreadable).map(Some)
    }
}

impl Book {
    /// What the entries of a journal say.
    ///
    /// # Errors
    /// [`BookError`] when one of them cannot be used: what it says might be that something is off.
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e [u8]>) -> Result<Self, BookError> {
        let mut book = Self::default();
        for (index, entry) in entries.into_iter().enumerate() {
            if let Some(entry) = Entry::read(index, entry)? {
                book.fold(index, entry)?;
            }
        }
        Ok(book)
    }

    /// The retirement of a key that is not over.
    pub fn live(&self, key: &AccessKeyId) -> Option<&Told> {
        self.all.iter().find(|told| told.state.key() == key && !told.state.is_over())
    }

    /// The last retirement of a key.
    pub fn last(&self, key: &AccessKeyId) -> Option<&Told> {
        self.all.iter().rev().find(|told| told.state.key() == key)
    }

    /// All that are not over.
    pub fn states(&self) -> Vec<State> {
        let live = self.all.iter().filter(|told| !told.state.is_over());
        live.map(|told| told.state.clone()).collect()
    }

    fn fold(&mut self, index: usize, entry: Entry) -> Result<(), BookError> {
        let Entry { at, key, start, standing, .. } = entry;
        let live = self.all.iter_mut().find(|told| *told.state.key() == key && !told.state.is_over());
        let wrong = |why| BookError::OutOfOrder { index, key: key.clone(), why };
        match (live, start) {
            (None, Some(start)) => {
                let state = State { start: Arc::from(start), standing: standing.clone() };
                self.all.push(Told { state, begun: at, past: vec![(at, standing)] });
            }
            (Some(told), None) => {
                told.state.standing = standing.clone();
                told.past.push((at, standing));
            }
            (None, None) => return Err(wrong("whose retirement was not begun, or is over")),
            (Some(_), Some(_)) => return Err(wrong("whose retirement was begun before and is not over")),
        }
        Ok(())
    }
}

impl BookError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OtherVersion { .. } => "use the newer program",
            Self::Unreadable { .. } | Self::OutOfOrder { .. } => {
                "do not retire anything; `kagimori journal verify` tells whether the journal is whole"
            }
        }
    }
}
