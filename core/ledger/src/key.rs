//! The keys that sign notes (C2SP `signed-note`): a name, an id and a type.
//!
//! One type is known so far, Ed25519. A key of another is refused by name, and not skipped: whoever names a key wants its
//! signature checked.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{SECRET_KEY_LENGTH, Signature, Signer as _};
use kagimori_id::hex;
use sha2::{Digest, Sha256};

/// How signatures of a key are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyType {
    /// `0x01`: Ed25519 over the note's text.
    Ed25519,
}

/// The first bytes of the hash of a key, by which a signature says whose it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) [u8; 4]);

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    id: KeyId,
    kind: KeyType,
    public: ed25519_dalek::VerifyingKey,
}

/// Both halves of a key. The secret one is never printed, and overwritten when it is let go.
pub struct SigningKey {
    public: VerifyingKey,
    secret: ed25519_dalek::SigningKey,
}

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum KeyError {
    /// A name that cannot stand in a signature line.
    #[error("`{0}` cannot be the name of a key: it is empty, or has a space, a `+` or a control character")]
    Name(String),
    /// Not name, id and key.
    #[error("it is not a key, which reads `name+0123abcd+base64`")]
    Form,
    /// The id is not the one of name and key.
    #[error("the id of the key `{name}` is {found}, and that of its name and bytes is {id}")]
    Id {
        /// Its name.
        name: String,
        /// What was written.
        found: String,
        /// What it must be.
        id: KeyId,
    },
    /// A type that this program cannot check.
    #[error("the key `{name}` is of type 0x{byte:02x}, whose signatures this program cannot check")]
    Type {
        /// Its name.
        name: String,
        /// Its first byte.
        byte: u8,
    },
    /// The bytes are no point of the curve, or too few or too many.
    #[error("the bytes of the key `{0}` are no Ed25519 public key")]
    Bytes(String),
}

impl KeyType {
    /// The byte before the public key.
    pub fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Ed25519].into_iter().find(|kind| kind.byte() == byte)
    }
}

impl VerifyingKey {
    /// Reads a key as `name+0123abcd+base64`.
    ///
    /// # Errors
    /// [`KeyError`] when it is none, damaged, or of a type that cannot be checked.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(found), Some(base64)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        must_be_name(name)?;
        let bytes = STANDARD.decode(base64).map_err(|_| KeyError::Form)?;
        let id = KeyId::of(name, &bytes);
        if found != id.to_string() {
            return Err(KeyError::Id { name: name.to_owned(), found: found.to_owned(), id });
        }
        let (byte, public) = bytes.split_first().ok_or(KeyError::Form)?;
        let kind = KeyType::of(*byte).ok_or_else(|| KeyError::Type { name: name.to_owned(), byte: *byte })?;
        let public =
            ed25519_dalek::VerifyingKey::try_from(public).map_err(|_| KeyError::Bytes(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), id, kind, public })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Whether this is its signature of a text.
    pub(crate) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        match self.kind {
            KeyType::Ed25519 => Signature::from_slice(signature)
                .is_ok_and(|signature| self.public.verify_strict(text.as_bytes(), &signature).is_ok()),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        [&[self.kind.byte()], self.public.as_bytes().as_slice()].concat()
    }
}

/// As [`VerifyingKey::parse`] reads it.
impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, self.id, STANDARD.encode(self.bytes()))
    }
}

impl SigningKey {
    /// An Ed25519 key from 32 random bytes.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn from_seed(name: &str, seed: &[u8; SECRET_KEY_LENGTH]) -> Result<Self, KeyError> {
        must_be_name(name)?;
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let (kind, public) = (KeyType::Ed25519, secret.verifying_key());
        let mut public = VerifyingKey { name: name.to_owned(), id: KeyId([0; 4]), kind, public };
        public.id = KeyId::of(name, &public.bytes());
        Ok(Self { public, secret })
    }

    /// The half that everybody may know.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    pub(crate) fn sign(&self, text: &str) -> Vec<u8> {
        match self.public.kind {
            KeyType::Ed25519 => self.secret.sign(text.as_bytes()).to_bytes().to_vec(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl KeyId {
    /// Of a name, and a type with the public key.
    fn of(name: &str, bytes: &[u8]) -> Self {
        let hash: [u8; 32] =
            Sha256::new().chain_update(name).chain_update([b'\n']).chain_update(bytes).finalize().into();
        let [a, b, c, d, ..] = hash;
        Self([a, b, c, d])
    }
}

/// Eight hexadecimal digits.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl KeyError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Name(_) => "name it like an address without its scheme: `example.com/kagimori`",
            Self::Form | Self::Id { .. } | Self::Bytes(_) => {
                "copy the whole line again from where the key is published"
            }
            Self::Type { .. } => "use a key of type 0x01 (Ed25519), or a newer version of this program",
        }
    }
}

/// A name stands before spaces in a signature line and before `+` in a key.
pub(crate) fn must_be_name(name: &str) -> Result<(), KeyError> {
    let is_odd = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    if name.is_empty() || name.contains(is_odd) {
        return Err(KeyError::Name(name.to_owned()));
    }
    Ok(())
}
