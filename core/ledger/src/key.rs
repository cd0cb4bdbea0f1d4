//! The keys that sign notes (C2SP `signed-note`, `tlog-cosignature`): a name, an id and a type.
//!
//! Two types are known, both Ed25519: of a log, over the text; of a witness, over the text and the time at which it was seen. A key of
//! another is refused by name, and not skipped: whoever names a key wants its signature checked.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_id::hex;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::hash::Hash;

/// Bytes of a secret key, and of a public one.
const LEN: usize = 32;

/// How signatures of a key are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyType {
    /// `0x01`: Ed25519 over the note's text.
    Ed25519,
    /// `0x04`: Ed25519 over a time and the note's text, which is a checkpoint: a witness's.
    Cosignature,
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
    public: [u8; LEN],
}

/// Both halves of a log's key. The secret one is never printed, and overwritten when it is let go.
pub struct SigningKey {
    public: VerifyingKey,
    secret: Secret,
}

/// Both halves of a witness's key. It signs with the time alone, so that no text passes for one that it has not seen.
pub struct CosigningKey {
    public: VerifyingKey,
    secret: Secret,
}

/// The 32 bytes that a key is made of.
struct Secret(Zeroizing<[u8; LEN]>);

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
            Self::Cosignature => 0x04,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::Cosignature].into_iter().find(|kind| kind.byte() == byte)
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
        let public = public.try_into().ok().filter(|bytes| !is_weak(bytes));
        let public = public.ok_or_else(|| KeyError::Bytes(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), id, kind, public })
    }

    fn of(name: &str, kind: KeyType, public: [u8; LEN]) -> Result<Self, KeyError> {
        must_be_name(name)?;
        let mut key = Self { name: name.to_owned(), id: KeyId([0; 4]), kind, public };
        key.id = KeyId::of(name, &key.bytes());
        Ok(key)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The same bytes under another name, which is another key: its id differs.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn renamed(&self, name: &str) -> Result<Self, KeyError> {
        Self::of(name, self.kind, self.public)
    }

    /// How it signs.
    pub fn kind(&self) -> KeyType {
        self.kind
    }

    /// Whether it is the same key under another name or of another type, which C2SP `tlog-policy` calls a duplicate.
    pub fn is_duplicate_of(&self, other: &Self) -> bool {
        self.public == other.public
    }

    /// Whether this is its signature of a text.
    pub(crate) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        match self.kind {
            KeyType::Ed25519 => self.is_of(text, signature),
            KeyType::Cosignature => signature.split_first_chunk::<8>().is_some_and(|(time, signature)| {
                let time = u64::from_be_bytes(*time);
                is_time(time) && self.is_of(&cosigned(time, text), signature)
            }),
        }
    }

    fn is_of(&self, message: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(message.as_bytes(), signature).is_ok()
    }

    fn bytes(&self) -> Vec<u8> {
        [&[self.kind.byte()], self.public.as_slice()].concat()
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
    pub fn from_seed(name: &str, seed: &[u8; LEN]) -> Result<Self, KeyError> {
        let secret = Secret(Zeroizing::new(*seed));
        let public = secret.public().ok_or_else(|| KeyError::Bytes(name.to_owned()))?;
        Ok(Self { public: VerifyingKey::of(name, KeyType::Ed25519, public)?, secret })
    }

    /// The same key under another name.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn renamed(&self, name: &str) -> Result<Self, KeyError> {
        Ok(Self { public: self.public.renamed(name)?, secret: Secret(self.secret.0.clone()) })
    }

    /// The half that everybody may know.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    pub(crate) fn sign(&self, text: &str) -> Vec<u8> {
        self.secret.sign(text)
    }
}

impl CosigningKey {
    /// A witness's key from 32 random bytes, which are those of no other key: what is signed does not name the witness.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn from_seed(name: &str, seed: &[u8; LEN]) -> Result<Self, KeyError> {
        let secret = Secret(Zeroizing::new(*seed));
        let public = secret.public().ok_or_else(|| KeyError::Bytes(name.to_owned()))?;
        Ok(Self { public: VerifyingKey::of(name, KeyType::Cosignature, public)?, secret })
    }

    /// The half that everybody may know.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// The time and the signature, as a signature line holds them.
    pub(crate) fn sign(&self, text: &str, time: u64) -> Vec<u8> {
        [time.to_be_bytes().as_slice(), &self.secret.sign(&cosigned(time, text))].concat()
    }
}

impl Secret {
    fn pair(&self) -> Option<Ed25519KeyPair> {
        // Fails for another length alone.
        Ed25519KeyPair::from_seed_unchecked(self.0.as_slice()).ok()
    }

    fn public(&self) -> Option<[u8; LEN]> {
        self.pair()?.public_key().as_ref().try_into().ok()
    }

    fn sign(&self, message: &str) -> Vec<u8> {
        self.pair().map(|pair| pair.sign(message.as_bytes()).as_ref().to_vec()).unwrap_or_default()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl fmt::Debug for CosigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CosigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl KeyId {
    /// Of a name, and a type with the public key.
    fn of(name: &str, bytes: &[u8]) -> Self {
        let [a, b, c, d, ..] = *Hash::of([name.as_bytes(), b"\n", bytes]).as_bytes();
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
            Self::Type { .. } => {
                "use a key of type 0x01 (a log's) or 0x04 (a witness's), both Ed25519, or a newer version of this program"
            }
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

/// What a witness signs (C2SP `tlog-cosignature`, "Ed25519 signed message").
fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A witness says when, and 63 bits are all that C2SP has for it.
pub(crate) fn is_time(unix_seconds: u64) -> bool {
    (1..=u64::MAX >> 1).contains(&unix_seconds)
}

/// Points of small order, in each way they can be written: "signatures" of theirs can be of any text. The first bit of the last byte is
/// the sign, which changes no order.
fn is_weak(public: &[u8; LEN]) -> bool {
    const EIGHTH: [u8; LEN] = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ];
    const OTHER_EIGHTH: [u8; LEN] = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ];
    // The y of the others is 0, 1 or -1: as they are, and with p added where that still fits.
    const fn small(first: u8, rest: u8, last: u8) -> [u8; LEN] {
        let mut bytes = [rest; LEN];
        bytes[0] = first;
        bytes[LEN - 1] = last;
        bytes
    }
    const WEAK: [[u8; LEN]; 7] = [
        small(0, 0, 0),
        small(1, 0, 0),
        small(0xec, 0xff, 0x7f),
        small(0xed, 0xff, 0x7f),
        small(0xee, 0xff, 0x7f),
        EIGHTH,
        OTHER_EIGHTH,
    ];
    let [start @ .., last] = public;
    WEAK.iter().any(|[other @ .., other_last]| start == other && last & 0x7f == *other_last)
}
