//! What a log commits itself to: its name, its size and its root (C2SP `tlog-checkpoint`), as the text of a signed note.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::Hash;
use crate::key::{KeyError, SigningKey, VerifyingKey, must_be_name};
use crate::note::{Note, NoteError};

/// The size and root of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
}

/// Why a text is no checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum CheckpointError {
    /// The note is none, or not to be believed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not the name of a log.
    #[error("the origin of a checkpoint is no name: {0}")]
    Origin(KeyError),
    /// More or fewer lines than the three.
    #[error("a checkpoint has three lines, origin, size and root, and no others")]
    Lines,
    /// Not a decimal number.
    #[error("`{0}` is no size: a decimal number without leading zeroes")]
    Size(String),
    /// Not a hash in base64.
    #[error("the root of the checkpoint is no SHA-256 in base64")]
    Root,
}

impl Checkpoint {
    /// What a log of this name, size and root says.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`].
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        must_be_name(origin).map_err(CheckpointError::Origin)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// The checkpoint of a signed note, and which of these keys have signed it.
    ///
    /// # Errors
    /// [`CheckpointError`] when it is none, no key of these has signed it, or a signature of one is not of it.
    pub fn open<'k>(
        note: &str,
        keys: &'k [VerifyingKey],
    ) -> Result<(Self, Vec<&'k VerifyingKey>), CheckpointError> {
        let note: Note = note.parse()?;
        let signers = note.verified_by(keys)?;
        Ok((note.text().parse()?, signers))
    }

    /// The note that a log publishes.
    ///
    /// # Errors
    /// [`CheckpointError::Note`] when the name is too long for a note.
    pub fn signed_by(&self, key: &SigningKey) -> Result<Note, CheckpointError> {
        Ok(Note::new(&self.to_string())?.signed_by(key))
    }

    /// The log's name: an address without its scheme.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree of so many.
    pub fn root(&self) -> &Hash {
        &self.root
    }
}

/// The text of the note.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Lines below the three are refused: not every kind of cosignature covers them.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let parts = (lines.next(), lines.next(), lines.next(), lines.next());
        let (Some(origin), Some(size), Some(root), None) = parts else {
            return Err(CheckpointError::Lines);
        };
        let number = size.parse().ok().filter(|number: &u64| number.to_string() == size);
        let number = number.ok_or_else(|| CheckpointError::Size(size.to_owned()))?;
        let root = STANDARD.decode(root).ok().and_then(|bytes| Hash::from_slice(&bytes));
        Self::new(origin, number, root.ok_or(CheckpointError::Root)?)
    }
}

impl CheckpointError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Note(error) => error.hint(),
            Self::Origin(error) => error.hint(),
            Self::Lines | Self::Size(_) | Self::Root => {
                "take the whole of it again, byte for byte, from where it is published"
            }
        }
    }
}
