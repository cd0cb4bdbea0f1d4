//! Boxes for one reader: X25519 with a key that is made for the box, HKDF-SHA-256 over both public keys and what the box is for, and
//! AES-256-GCM. It is how age (C2SP `age`, "The X25519 recipient type") wraps its file keys, with AES-GCM in the place of ChaCha20-Poly1305,
//! which no browser has: a page opens a box with WebCrypto alone, and the vault has all of it in the one library that it has anyway. One
//! scheme for all boxes: a share for its holder, what comes to the vault for a key of the vault that is used once, a code for an open page.
//!
//! ```text
//! shared = X25519(key of the box, reader)              key = HKDF(salt = key ‖ reader, ikm = shared, info = what for)
//! sealed = AES-256-GCM(key, nonce = 12 zeroes, additional data = what about)     no key is used twice, so the nonce can stay
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A public key (X25519), written in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);

/// A box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The public half of the key that was made for this box.
    key: PublicKey,
    /// What is in it, with its tag (base64).
    sealed: String,
}

/// A key that opens one box, and is gone then. It is made where it is used and never leaves.
#[derive(Debug)]
pub struct OneTimeKey {
    secret: EphemeralPrivateKey,
    public: PublicKey,
}

/// Why a box was not made, or does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum BoxError {
    /// A key that is none.
    #[error("it is not sealed to a key: an X25519 public key is 32 bytes in base64")]
    Key,
    /// Randomness.
    #[error("the machine gave no random bytes")]
    Random,
    /// Another reader, another purpose, or altered.
    #[error("the box does not open: it is for another key or another purpose, or it was altered")]
    Unopened,
}

impl PublicKey {
    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From base64.
    ///
    /// # Errors
    /// [`BoxError::Key`].
    pub fn parse(text: &str) -> Result<Self, BoxError> {
        let bytes = STANDARD.decode(text).map_err(|_| BoxError::Key)?;
        bytes.try_into().map(Self).map_err(|_| BoxError::Key)
    }

    /// An age recipient, `age1…`: Bech32 (BIP 173) of the same 32 bytes.
    ///
    /// # Errors
    /// [`BoxError::Key`].
    pub fn of_recipient(text: &str) -> Result<Self, BoxError> {
        bech32("age", text).map(Self).ok_or(BoxError::Key)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals to it. What the box is for (`info`) and what it is about (`about`) are bound to it, and must be said again to open it.
    ///
    /// # Errors
    /// [`BoxError::Key`] for a key that no exchange is made with, [`BoxError::Random`].
    pub fn seal(
        &self,
        info: &[u8],
        about: &[u8],
        plain: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Sealed, BoxError> {
        let OneTimeKey { secret, public: of_box } = OneTimeKey::new(random)?;
        let sealed = agree_ephemeral(secret, &UnparsedPublicKey::new(&X25519, &self.0), |shared| {
            seal_with(&key(shared, &of_box, self, info)?, about, plain)
        });
        let sealed = sealed.map_err(|_| BoxError::Key)?.ok_or(BoxError::Key)?;
        Ok(Sealed { key: of_box, sealed: STANDARD.encode(sealed) })
    }
}

impl Sealed {
    /// The public half of the key that was made for it.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// What is in it, in base64.
    pub fn sealed(&self) -> &str {
        &self.sealed
    }
}

impl OneTimeKey {
    /// A new one.
    ///
    /// # Errors
    /// [`BoxError::Random`].
    pub fn new(random: &dyn SecureRandom) -> Result<Self, BoxError> {
        let secret = EphemeralPrivateKey::generate(&X25519, random).map_err(|_| BoxError::Random)?;
        let public = secret.compute_public_key().map_err(|_| BoxError::Random)?;
        let public = PublicKey(public.as_ref().try_into().map_err(|_| BoxError::Random)?);
        Ok(Self { secret, public })
    }

    /// What others seal to.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Opens a box, and is gone, whatever comes of it.
    ///
    /// # Errors
    /// [`BoxError::Unopened`].
    pub fn open(self, sealed: &Sealed, info: &[u8], about: &[u8]) -> Result<Zeroizing<Vec<u8>>, BoxError> {
        let theirs = UnparsedPublicKey::new(&X25519, &sealed.key.0);
        let opened = agree_ephemeral(self.secret, &theirs, |shared| {
            open_with(&key(shared, &sealed.key, &self.public, info)?, about, &sealed.sealed)
        });
        opened.map_err(|_| BoxError::Unopened)?.ok_or(BoxError::Unopened)
    }
}

/// A key that stays: of an approver, or of a page in tests.
#[cfg(any(test, feature = "holder"))]
#[expect(missing_debug_implementations, reason = "a key")]
pub struct HolderKey {
    secret: Zeroizing<[u8; 32]>,
    public: PublicKey,
}

#[cfg(any(test, feature = "holder"))]
impl HolderKey {
    /// From 32 random bytes.
    pub fn from_bytes(secret: Zeroizing<[u8; 32]>) -> Self {
        let public = curve25519_dalek::MontgomeryPoint::mul_base_clamped(*secret);
        Self { secret, public: PublicKey(public.to_bytes()) }
    }

    /// What others seal to.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// From an age identity, `AGE-SECRET-KEY-1…`, as `age-keygen` makes it.
    ///
    /// # Errors
    /// [`BoxError::Key`].
    pub fn of_identity(text: &str) -> Result<Self, BoxError> {
        let lower = Zeroizing::new(text.trim().to_ascii_lowercase());
        let is_upper = !text.bytes().any(|byte| byte.is_ascii_lowercase());
        let secret = bech32("age-secret-key-", &lower).filter(|_| is_upper).ok_or(BoxError::Key)?;
        Ok(Self::from_bytes(Zeroizing::new(secret)))
    }

    /// Opens a box.
    ///
    /// # Errors
    /// [`BoxError::Unopened`].
    pub fn open(&self, sealed: &Sealed, info: &[u8], about: &[u8]) -> Result<Zeroizing<Vec<u8>>, BoxError> {
        let shared = self.agree(&sealed.key).ok_or(BoxError::Unopened)?;
        let key = key(shared.as_slice(), &sealed.key, &self.public, info);
        key.and_then(|key| open_with(&key, about, &sealed.sealed)).ok_or(BoxError::Unopened)
    }

    /// RFC 7748 §6.1; a result of zeroes is refused, as it asks there.
    fn agree(&self, theirs: &PublicKey) -> Option<Zeroizing<[u8; 32]>> {
        let point = curve25519_dalek::MontgomeryPoint(theirs.0).mul_clamped(*self.secret);
        let shared = Zeroizing::new(point.to_bytes());
        (shared.iter().fold(0, |sum, byte| sum | byte) != 0).then_some(shared)
    }
}

fn key(shared: &[u8], of_box: &PublicKey, reader: &PublicKey, info: &[u8]) -> Option<LessSafeKey> {
    let salt = [of_box.0, reader.0].concat();
    let derived = Salt::new(HKDF_SHA256, &salt).extract(shared);
    derived.expand(&[info], &AES_256_GCM).map(|okm| LessSafeKey::new(UnboundKey::from(okm))).ok()
}

fn seal_with(key: &LessSafeKey, about: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
    let mut bytes = Vec::with_capacity(plain.len().saturating_add(16));
    bytes.extend(plain);
    key.seal_in_place_append_tag(nonce, Aad::from(about), &mut bytes).ok()?;
    Some(bytes)
}

fn open_with(key: &LessSafeKey, about: &[u8], sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
    let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
    let mut bytes = Zeroizing::new(STANDARD.decode(sealed).ok()?);
    let length = key.open_in_place(nonce, Aad::from(about), &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

/// Bech32 of BIP 173: a name, `1`, 52 letters of data, 6 of a checksum.
fn bech32(name: &str, text: &str) -> Option<[u8; 32]> {
    const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let data = text.strip_prefix(name)?.strip_prefix('1')?;
    let values: Option<Vec<u8>> = data
        .bytes()
        .map(|byte| {
            LETTERS.iter().position(|letter| *letter == byte).and_then(|place| u8::try_from(place).ok())
        })
        .collect();
    let values = values.filter(|values| values.len() == 58)?;
    let name = name.bytes();
    let all = name
        .clone()
        .map(|byte| byte >> 5)
        .chain([0])
        .chain(name.map(|byte| byte & 31))
        .chain(values.iter().copied());
    let sum = all.fold(1_u32, |sum, value| {
        let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        let top = sum >> 25;
        (0..)
            .zip(GENERATOR)
            .fold(shifted, |sum, (bit, generator)| if top >> bit & 1 == 1 { sum ^ generator } else { sum })
    });
    let (mut held, mut bits, mut bytes) = (0_u32, 0, Vec::with_capacity(32));
    for value in values.iter().take(52) {
        held = (held << 5 | u32::from(*value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    let is_right = sum == 1 && held & ((1 << bits) - 1) == 0;
    bytes.try_into().ok().filter(|_| is_right)
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        STANDARD.encode(key.0)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = BoxError;

    fn try_from(text: String) -> Result<Self, BoxError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test draws")]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;

    /// Made with WebCrypto (Node.js 22) as a page would: reader `07…07`, key of the box `09…09`.
    #[test]
    fn a_box_is_what_a_browser_makes() {
        let reader = HolderKey::from_bytes(Zeroizing::new([7; 32]));
        assert_eq!(String::from(reader.public()), "E75P6uryBMf9M1j8nAByGIHRdCeBKCJ+xnTzf3/pe20=");
        let key = PublicKey::parse("V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CE=").unwrap();
        let sealed = Sealed { key, sealed: "7F5ClXUfoLXUWQYPXqe0exSH9LHMqA==".to_owned() };
        assert_eq!(*reader.open(&sealed, b"kagimori/code/1", b"request 1").unwrap(), b"123456");
    }

    #[test]
    fn a_box_opens_for_its_reader_and_its_purpose_alone() {
        let random = SystemRandom::new();
        let page = HolderKey::from_bytes(Zeroizing::new([7; 32]));
        let sealed = page.public().seal(b"code", b"request 1", b"123456", &random).unwrap();
        assert_eq!(*page.open(&sealed, b"code", b"request 1").unwrap(), b"123456");
        assert!(page.open(&sealed, b"share", b"request 1").is_err());
        assert!(page.open(&sealed, b"code", b"request 2").is_err());
        assert!(HolderKey::from_bytes(Zeroizing::new([8; 32])).open(&sealed, b"code", b"request 1").is_err());
        let again = page.public().seal(b"code", b"request 1", b"123456", &random).unwrap();
        assert_ne!(again, sealed, "each box has a key of its own");
        for place in 0..sealed.sealed.len() {
            let mut other = sealed.clone();
            let letter = if other.sealed.as_bytes()[place] == b'A' { "B" } else { "A" };
            other.sealed.replace_range(place..=place, letter);
            assert!(page.open(&other, b"code", b"request 1").is_err(), "{place}");
        }
        let once = OneTimeKey::new(&random).unwrap();
        let sealed = once.public().seal(b"share", b"x", b"a share", &random).unwrap();
        assert_eq!(*once.open(&sealed, b"share", b"x").unwrap(), b"a share");
    }

    #[test]
    fn a_key_that_leads_to_nothing_is_refused() {
        let random = SystemRandom::new();
        for weak in [[0; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }] {
            assert_eq!(PublicKey(weak).seal(b"", b"", b"x", &random), Err(BoxError::Key));
            let sealed = Sealed { key: PublicKey(weak), sealed: STANDARD.encode([0; 32]) };
            assert!(HolderKey::from_bytes(Zeroizing::new([7; 32])).open(&sealed, b"", b"").is_err());
            assert!(OneTimeKey::new(&random).unwrap().open(&sealed, b"", b"").is_err());
        }
    }

    /// The recipient of the age specification's examples (C2SP `age`), and what is none.
    #[test]
    fn an_age_recipient_is_a_key() {
        let text = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
        let key = PublicKey::of_recipient(text).unwrap();
        assert_ne!(key.0, [0; 32]);
        for place in 0..text.len() {
            let mut other = text.to_owned();
            let letter = if other.as_bytes()[place] == b'q' { "p" } else { "q" };
            other.replace_range(place..=place, letter);
            assert_eq!(PublicKey::of_recipient(&other), Err(BoxError::Key), "{other}");
        }
        // BIP 173's checksum over another name: the identity that the age specification's tests have beside a recipient.
        let holder = HolderKey::of_identity(
            "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
        )
        .ok()
        .unwrap();
        assert_eq!(holder.public(), PublicKey::of_recipient(text).unwrap());
        assert!(HolderKey::of_identity(text).is_err());
        assert_eq!(PublicKey::of_recipient(""), Err(BoxError::Key));
        assert_eq!(PublicKey::parse(&String::from(key)), Ok(key));
    }
}
