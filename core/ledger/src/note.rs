//! Signed notes (C2SP `signed-note`): a text that anybody can read, an empty line, and who signed it.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::{CosigningKey, KeyId, KeyType, SigningKey, VerifyingKey, is_time, must_be_name};

/// The bytes of a note, and the signatures on one, that are read: C2SP asks for 16 signatures at least.
const BYTES_MAX: usize = 1_000_000;
const SIGNATURES_MAX: usize = 100;

/// What a signature line begins with.
const DASH: &str = "\u{2014} ";

/// A text and its signatures, checked or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: KeyId,
    signature: Vec<u8>,
}

/// Why a text is no note, or one that is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum NoteError {
    /// Too long to be read.
    #[error("the note has more than {BYTES_MAX} bytes or {SIGNATURES_MAX} signatures")]
    TooLong,
    /// A text that is none of a note.
    #[error("the text of a note ends with a line break and has no other control characters")]
    Text,
    /// A signature line that is none.
    #[error("line {0} is no signature line, which reads `\u{2014} name base64`")]
    Line(usize),
    /// No empty line, or nothing after it.
    #[error("there are no signatures below the text")]
    Unsigned,
    /// Nobody known has signed.
    #[error("no known key has signed it")]
    NobodyKnown,
    /// A witness says when.
    #[error("a cosignature says when it was made, and {0} is no time")]
    Time(u64),
    /// Somebody known has not signed this.
    #[error("the signature of `{0}` is not of this text")]
    Forged(String),
}

impl Note {
    /// A text without signatures yet.
    ///
    /// # Errors
    /// [`NoteError::Text`], [`NoteError::TooLong`].
    pub fn new(text: &str) -> Result<Self, NoteError> {
        if text.len() > BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        must_be_text(text)?;
        Ok(Self { text: text.to_owned(), signatures: Vec::new() })
    }

    /// The note with one more signature.
    #[must_use]
    pub fn signed_by(mut self, key: &SigningKey) -> Self {
        let (name, id) = (key.public().name().to_owned(), key.public().id());
        let signature = key.sign(&self.text);
        self.signatures.push(NoteSignature { name, id, signature });
        self
    }

    /// The note with a witness's cosignature, made at this second since 1970.
    ///
    /// # Errors
    /// [`NoteError::Time`] for 0 and for what takes more than 63 bits.
    pub fn cosigned_by(mut self, key: &CosigningKey, unix_seconds: u64) -> Result<Self, NoteError> {
        if !is_time(unix_seconds) {
            return Err(NoteError::Time(unix_seconds));
        }
        let (name, id) = (key.public().name().to_owned(), key.public().id());
        let signature = key.sign(&self.text, unix_seconds);
        self.signatures.push(NoteSignature { name, id, signature });
        Ok(self)
    }

    /// The note with the signatures alone that these keys have made.
    #[must_use]
    pub fn only_of(mut self, keys: &[&VerifyingKey]) -> Self {
        self.signatures.retain(|line| keys.iter().any(|key| line.is_named(key)));
        self
    }

    /// The note with the signatures of another of the same text; a key that has signed both has its line of the other.
    #[must_use]
    pub(crate) fn joined(mut self, other: Self) -> Self {
        let is_there =
            |line: &NoteSignature| other.signatures.iter().any(|o| o.name == line.name && o.id == line.id);
        self.signatures.retain(|line| !is_there(line));
        self.signatures.extend(other.signatures);
        self
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its signatures, checked or not.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Which of these keys have signed it. Signatures of other keys are nobody's.
    ///
    /// # Errors
    /// [`NoteError::NobodyKnown`] when none has, [`NoteError::Forged`] when a signature that one of them is said to have made is
    /// not of this text, whoever else has signed.
    pub fn verified_by<'k>(&self, keys: &'k [VerifyingKey]) -> Result<Vec<&'k VerifyingKey>, NoteError> {
        let mut found: Vec<&VerifyingKey> = Vec::new();
        for (key, _) in self.checked(keys)? {
            if !found.contains(&key) {
                found.push(key);
            }
        }
        if found.is_empty() { Err(NoteError::NobodyKnown) } else { Ok(found) }
    }

    /// Which of these witnesses have cosigned it, and when last, in seconds since 1970. None is no error.
    ///
    /// # Errors
    /// [`NoteError::Forged`], as [`Note::verified_by`].
    pub fn cosignatures<'k>(
        &self,
        keys: &'k [VerifyingKey],
    ) -> Result<Vec<(&'k VerifyingKey, u64)>, NoteError> {
        let mut found: Vec<(&VerifyingKey, u64)> = Vec::new();
        for (key, line) in self.checked(keys)? {
            let Some(time) = line.time().filter(|_| key.kind() == KeyType::Cosignature) else { continue };
            match found.iter_mut().find(|(known, _)| *known == key) {
                Some((_, last)) => *last = time.max(*last),
                None => found.push((key, time)),
            }
        }
        Ok(found)
    }

    /// Each line that names one of these keys, all of them right.
    fn checked<'k>(
        &self,
        keys: &'k [VerifyingKey],
    ) -> Result<Vec<(&'k VerifyingKey, &NoteSignature)>, NoteError> {
        let mut checked = Vec::new();
        for line in &self.signatures {
            for key in keys.iter().filter(|key| line.is_named(key)) {
                if !key.has_signed(&self.text, &line.signature) {
                    return Err(NoteError::Forged(line.name.clone()));
                }
                checked.push((key, line));
            }
        }
        Ok(checked)
    }
}

impl NoteSignature {
    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    fn is_named(&self, key: &VerifyingKey) -> bool {
        key.name() == self.name && key.id() == self.id
    }

    /// What stands first in a cosignature.
    fn time(&self) -> Option<u64> {
        self.signature.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
    }

    fn read(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(DASH)?.split_once(' ')?;
        must_be_name(name).ok()?;
        let bytes = STANDARD.decode(base64).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        let is_there = !signature.is_empty();
        is_there.then(|| Self { name: name.to_owned(), id: KeyId(*id), signature: signature.to_vec() })
    }
}

impl FromStr for Note {
    type Err = NoteError;

    /// Reads a note; nothing is checked yet.
    fn from_str(written: &str) -> Result<Self, NoteError> {
        if written.len() > BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        must_be_text(written)?;
        // A text may have empty lines of its own: the last one counts.
        let end = written.rfind("\n\n").ok_or(NoteError::Unsigned)?.saturating_add(1);
        let (text, below) = written.split_at_checked(end).ok_or(NoteError::Unsigned)?;
        let above = text.matches('\n').count();
        let lines = below.strip_prefix('\n').unwrap_or_default();
        let mut signatures = Vec::new();
        for (place, line) in lines.split_terminator('\n').enumerate() {
            if place == SIGNATURES_MAX {
                return Err(NoteError::TooLong);
            }
            let number = above.saturating_add(place).saturating_add(2);
            signatures.push(NoteSignature::read(line).ok_or(NoteError::Line(number))?);
        }
        if signatures.is_empty() {
            return Err(NoteError::Unsigned);
        }
        must_be_text(text)?;
        Ok(Self { text: text.to_owned(), signatures })
    }
}

/// As it is read.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// As it is read, without the line break.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.0.as_slice(), &self.signature].concat();
        write!(f, "{DASH}{} {}", self.name, STANDARD.encode(bytes))
    }
}

impl NoteError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooLong => "it is not what a log publishes: look at where it came from",
            Self::Text | Self::Line(_) | Self::Unsigned => {
                "take the whole of it again, byte for byte, from where it is published"
            }
            Self::Time(_) => "set the clock",
            Self::NobodyKnown => "name the key of the log that it should be of",
            Self::Forged(_) => "do not use it, keep it, and ask whoever holds the key",
        }
    }
}

fn must_be_text(text: &str) -> Result<(), NoteError> {
    let is_odd = |letter: char| letter.is_control() && letter != '\n';
    if !text.ends_with('\n') || text.contains(is_odd) { Err(NoteError::Text) } else { Ok(()) }
}
