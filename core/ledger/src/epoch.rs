//! How a log goes on after it was restored from a backup that lacks its last entries.
//!
//! The witnesses have seen more than the backup holds, so they rightly refuse it: under its old name the log can only grow from what they
//! saw. It goes on under a new name, `example.com/desk/e2`, with the entries that were kept, and with an entry that says so: how much was
//! kept, and what the largest checkpoint was that anybody saw. Between what was kept and that entry stands how it was decided. Who has a checkpoint of before can then tell what was lost by admission from
//! what was taken away in silence.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::evidence::{decimal, hash_of};
use crate::hash::Hash;

/// What the entry begins with.
const FIRST: &str = "kagimori.dev/epoch@v1";

/// A size and the root at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a size and a root")]
pub struct Head {
    /// How many entries.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

/// The entry that begins an epoch. Its index is the size that was kept, or a little more: the entries between are those by which people
/// decided that it begins, and they are of the new epoch already.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the lines of the entry")]
pub struct Epoch {
    /// Which: the first epoch, which has no such entry, is 1. One that was lost itself leaves a gap.
    pub number: u64,
    /// What the log still held.
    pub kept: Head,
    /// The largest that the witnesses, or whoever keeps checkpoints, had seen.
    pub seen: Head,
}

/// An entry that begins as one of an epoch, and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the entry begins as `{FIRST}` does, and does not go on so")]
pub struct EpochError;

impl Epoch {
    /// Whether an entry is one that begins an epoch, right or not.
    pub fn is_one(entry: &[u8]) -> bool {
        entry.strip_prefix(FIRST.as_bytes()).is_some_and(|rest| rest.starts_with(b"\n"))
    }

    /// What an entry says; `None`: it is another kind of entry.
    ///
    /// After an empty line may stand what the log's own application has to say of it; that is not looked at here.
    pub fn read(entry: &[u8]) -> Option<Result<Self, EpochError>> {
        let read = |entry: &[u8]| {
            let text = std::str::from_utf8(entry).map_err(|_| EpochError)?;
            Self::taken_apart(text).and_then(|(epoch, _)| epoch.parse())
        };
        Self::is_one(entry).then(|| read(entry))
    }

    /// The lines of the epoch, and what stands after the empty line below them; empty: nothing does.
    pub fn taken_apart(entry: &str) -> Result<(&str, &str), EpochError> {
        match entry.split_once("\n\n") {
            None => Ok((entry, "")),
            Some((_, "")) => Err(EpochError),
            // The first of the two ends of line belongs to the last line.
            Some((lines, rest)) => Ok((entry.get(..=lines.len()).ok_or(EpochError)?, rest)),
        }
    }
}

/// The name of a log without its epoch, and the number of the epoch.
pub fn of_origin(origin: &str) -> (&str, u64) {
    let read = || {
        let (base, number) = origin.rsplit_once("/e")?;
        Some((base, decimal(number).filter(|number| *number > 1)?))
    };
    read().filter(|(base, _)| !base.is_empty()).unwrap_or((origin, 1))
}

/// What the log is called in an epoch.
pub fn origin_of(base: &str, number: u64) -> String {
    if number <= 1 { base.to_owned() } else { format!("{base}/e{number}") }
}

/// The entry.
impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, kept, seen } = self;
        let base64 = |head: &Head| STANDARD.encode(head.root.as_bytes());
        writeln!(f, "{FIRST}\nepoch {number}")?;
        writeln!(f, "kept {} {}", kept.size, base64(kept))?;
        writeln!(f, "seen {} {}", seen.size, base64(seen))
    }
}

impl FromStr for Epoch {
    type Err = EpochError;

    fn from_str(text: &str) -> Result<Self, EpochError> {
        let head = |line: &str, word: &str| {
            let (size, root) = line.strip_prefix(word)?.split_once(' ')?;
            Some(Head { size: decimal(size)?, root: hash_of(root)? })
        };
        let read = || {
            let mut lines = text.strip_suffix('\n')?.split('\n');
            let (first, number, kept, seen) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
            let number = decimal(number.strip_prefix("epoch ")?).filter(|number| *number > 1)?;
            let epoch = Self { number, kept: head(kept, "kept ")?, seen: head(seen, "seen ")? };
            // What was lost is not less than nothing.
            let is_one = first == FIRST && lines.next().is_none() && epoch.seen.size >= epoch.kept.size;
            is_one.then_some(epoch)
        };
        read().ok_or(EpochError)
    }
}
