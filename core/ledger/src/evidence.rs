//! That an entry is in a log, as a file that is checked without it (C2SP `tlog-proof`): index, hashes, and a cosigned checkpoint.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::Hash;
use crate::proof::{ProofError, inclusion};
use crate::trust::{TrustError, TrustPolicy, Trusted};

/// What the first line says.
const FIRST: &str = "c2sp.org/tlog-proof@v1";

/// A tree of 2^63 leaves has no longer way up.
pub(crate) const HASHES_MAX: usize = 63;

/// A proof, checked or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the lines of the file")]
pub struct Evidence {
    /// Bytes that nobody vouches for.
    pub extra: Option<Vec<u8>>,
    /// Which entry, from 0.
    pub index: u64,
    /// From the leaf's sibling up.
    pub hashes: Vec<Hash>,
    /// The cosigned checkpoint, as it was published.
    pub checkpoint: String,
}

/// Why a text is no proof, or one that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum EvidenceError {
    /// Its form.
    #[error("line {0} of the proof is not as `{FIRST}` has it")]
    Line(usize),
    /// The checkpoint.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The hashes.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl Evidence {
    /// Checks that an entry of this hash is in a log that the policy believes.
    ///
    /// # Errors
    /// [`EvidenceError`] when the proof does not show it.
    pub fn verify(&self, leaf: &Hash, policy: &TrustPolicy) -> Result<Trusted, EvidenceError> {
        let trusted = policy.check(&self.checkpoint)?;
        let (size, root) = (trusted.checkpoint.size(), trusted.checkpoint.root());
        inclusion(leaf, self.index, size, &self.hashes, root)?;
        Ok(trusted)
    }
}

/// As it is read.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Evidence {
    type Err = EvidenceError;

    fn from_str(text: &str) -> Result<Self, EvidenceError> {
        // The first empty line ends the proof: the lines before it are never empty.
        let (above, checkpoint) = text.split_once("\n\n").ok_or(EvidenceError::Line(1))?;
        let mut lines = above.split('\n').enumerate().peekable();
        let wrong = |place: usize| EvidenceError::Line(place.saturating_add(1));
        if lines.next().is_none_or(|(_, line)| line != FIRST) {
            return Err(wrong(0));
        }
        let extra = match lines.peek().and_then(|(place, line)| Some((*place, line.strip_prefix("extra ")?)))
        {
            Some((place, base64)) => {
                lines.next();
                Some(STANDARD.decode(base64).map_err(|_| wrong(place))?)
            }
            None => None,
        };
        let index = lines.next().and_then(|(_, line)| decimal(line.strip_prefix("index ")?));
        let index = index.ok_or_else(|| wrong(usize::from(extra.is_some()).saturating_add(1)))?;
        let mut hashes = Vec::new();
        for (place, line) in lines {
            let hash = hash_of(line).filter(|_| hashes.len() < HASHES_MAX).ok_or_else(|| wrong(place))?;
            hashes.push(hash);
        }
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }
}

/// A number as these files write it: without leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

pub(crate) fn hash_of(base64: &str) -> Option<Hash> {
    STANDARD.decode(base64).ok().and_then(|bytes| Hash::from_slice(&bytes))
}

impl EvidenceError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Line(_) => "take the whole of it again, byte for byte, from where it is published",
            Self::Trust(error) => error.hint(),
            Self::Proof(_) => "do not use it, keep it, and ask whoever runs the log",
        }
    }
}
