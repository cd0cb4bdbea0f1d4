//! Boxes for one reader: HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. A share is sealed to its
//! holder so, what comes to the vault to a key of the vault that is used once, and a code to the key of one open page.
//!
//! Why these: a browser has all of them in WebCrypto (X25519, HKDF, AES-GCM), where it has no ChaCha20 and no age; and the vault has them in
//! the one library that it has anyway. One scheme for all boxes is one thing to look at.
//!
//! A page opens a box so, with `enc` and `sealed` from base64 and its own key pair: `dh = deriveBits(X25519)`; then the two labelled
//! HMAC-SHA-256 steps of [`schedule`] (RFC 9180 §4, §5.1) and AES-GCM with the label as `additionalData`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::hmac;
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::totp::first_32;

/// A public key (X25519), written in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);

/// A box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The sender's key, made for this box.
    enc: PublicKey,
    /// What is in it, with its tag.
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
        recipient(text).map(Self).ok_or(BoxError::Key)
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
        let OneTimeKey { secret, public: enc } = OneTimeKey::new(random)?;
        let sealed = agree_ephemeral(secret, &UnparsedPublicKey::new(&X25519, &self.0), |shared| {
            seal_with(&keys(shared, &enc, self, info), about, plain)
        });
        let sealed = sealed.map_err(|_| BoxError::Key)?.ok_or(BoxError::Key)?;
        Ok(Sealed { enc, sealed: STANDARD.encode(sealed) })
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
        let theirs = UnparsedPublicKey::new(&X25519, &sealed.enc.0);
        let opened = agree_ephemeral(self.secret, &theirs, |shared| {
            open_with(&keys(shared, &sealed.enc, &self.public, info), about, &sealed.sealed)
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

    /// Opens a box.
    ///
    /// # Errors
    /// [`BoxError::Unopened`].
    pub fn open(&self, sealed: &Sealed, info: &[u8], about: &[u8]) -> Result<Zeroizing<Vec<u8>>, BoxError> {
        let shared = self.agree(&sealed.enc).ok_or(BoxError::Unopened)?;
        open_with(&keys(shared.as_slice(), &sealed.enc, &self.public, info), about, &sealed.sealed)
            .ok_or(BoxError::Unopened)
    }

    /// RFC 7748 §6.1; a result of zeroes is refused (RFC 9180 §7.1.4).
    fn agree(&self, theirs: &PublicKey) -> Option<Zeroizing<[u8; 32]>> {
        let point = curve25519_dalek::MontgomeryPoint(theirs.0).mul_clamped(*self.secret);
        let shared = Zeroizing::new(point.to_bytes());
        (shared.iter().fold(0, |sum, byte| sum | byte) != 0).then_some(shared)
    }
}

const KEM: [u8; 5] = *b"KEM\x00\x20";
const SUITE: [u8; 10] = *b"HPKE\x00\x20\x00\x01\x00\x02";

/// The key and the nonce of a box.
struct Keys {
    key: Zeroizing<Vec<u8>>,
    nonce: [u8; 12],
}

fn keys(dh: &[u8], enc: &PublicKey, reader: &PublicKey, info: &[u8]) -> Keys {
    let context = [enc.0, reader.0].concat();
    // §4.1, ExtractAndExpand.
    let prk = extract(&KEM, b"", b"eae_prk", dh);
    let shared = expand(&KEM, prk.as_slice(), b"shared_secret", &context, 32);
    schedule(&SUITE, &shared, info, 32)
}

/// §5.1, KeySchedule in base mode: no pre-shared key.
fn schedule(suite: &[u8], shared: &[u8], info: &[u8], length: u16) -> Keys {
    let (psk, info) = (extract(suite, b"", b"psk_id_hash", b""), extract(suite, b"", b"info_hash", info));
    let context = [&[0], psk.as_slice(), info.as_slice()].concat();
    let secret = extract(suite, shared, b"secret", b"");
    let key = expand(suite, secret.as_slice(), b"key", &context, length);
    let nonce = expand(suite, secret.as_slice(), b"base_nonce", &context, 12);
    Keys { key, nonce: nonce.first_chunk::<12>().copied().unwrap_or_default() }
}

/// §4, LabeledExtract.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Zeroizing<[u8; 32]> {
    let ikm = Zeroizing::new([b"HPKE-v1", suite, label, ikm].concat());
    // RFC 5869 §2.2: no salt is as many zeroes as the hash has, and HMAC pads with zeroes.
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), &ikm);
    Zeroizing::new(first_32(tag.as_ref()))
}

/// §4, LabeledExpand, of 32 bytes at most: one block.
fn expand(suite: &[u8], prk: &[u8], label: &[u8], info: &[u8], length: u16) -> Zeroizing<Vec<u8>> {
    let info = [&length.to_be_bytes(), b"HPKE-v1".as_slice(), suite, label, info, &[1]].concat();
    let block = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, prk), &info);
    Zeroizing::new(block.as_ref().iter().take(length.into()).copied().collect())
}

fn aes(keys: &Keys) -> Option<(LessSafeKey, Nonce)> {
    let key = UnboundKey::new(&AES_256_GCM, &keys.key).ok()?;
    Some((LessSafeKey::new(key), Nonce::assume_unique_for_key(keys.nonce)))
}

fn seal_with(keys: &Keys, about: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let (key, nonce) = aes(keys)?;
    let mut bytes = Vec::with_capacity(plain.len().saturating_add(16));
    bytes.extend(plain);
    key.seal_in_place_append_tag(nonce, Aad::from(about), &mut bytes).ok()?;
    Some(bytes)
}

fn open_with(keys: &Keys, about: &[u8], sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (key, nonce) = aes(keys)?;
    let mut bytes = Zeroizing::new(STANDARD.decode(sealed).ok()?);
    let length = key.open_in_place(nonce, Aad::from(about), &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

/// Bech32 of BIP 173: `age`, `1`, 52 letters of data, 6 of a checksum.
fn recipient(text: &str) -> Option<[u8; 32]> {
    const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let data = text.strip_prefix("age1")?;
    let values: Option<Vec<u8>> = data
        .bytes()
        .map(|byte| {
            LETTERS.iter().position(|letter| *letter == byte).and_then(|place| u8::try_from(place).ok())
        })
        .collect();
    let values = values.filter(|values| values.len() == 58)?;
    let name = b"age".iter();
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
    use ring::aead::AES_128_GCM;
    use ring::rand::SystemRandom;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    fn key(hex: &str) -> [u8; 32] {
        bytes(hex).try_into().unwrap()
    }

    /// RFC 9180, appendix A.1.1: the same KEM and KDF with AES-128-GCM, whose number alone differs.
    #[test]
    fn the_keys_are_those_of_the_rfc() {
        let reader = HolderKey::from_bytes(Zeroizing::new(key(
            "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
        )));
        assert_eq!(
            reader.public().as_bytes().as_slice(),
            bytes("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d")
        );
        let enc = PublicKey(key("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"));
        let dh = reader.agree(&enc).unwrap();
        let prk = extract(&KEM, b"", b"eae_prk", dh.as_slice());
        let shared = expand(&KEM, prk.as_slice(), b"shared_secret", &[enc.0, reader.public().0].concat(), 32);
        assert_eq!(*shared, bytes("fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc"));
        let info = bytes("4f6465206f6e2061204772656369616e2055726e");
        let keys = schedule(b"HPKE\x00\x20\x00\x01\x00\x01", &shared, &info, 16);
        assert_eq!(*keys.key, bytes("4531685d41d65f03dc48f6b8302c05b0"));
        assert_eq!(keys.nonce.as_slice(), bytes("56d890e5accaaf011cff4b7d"));
        let aes = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &keys.key).unwrap());
        let mut text = bytes("4265617574792069732074727574682c20747275746820626561757479");
        aes.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(keys.nonce),
            Aad::from(bytes("436f756e742d30")),
            &mut text,
        )
        .unwrap();
        assert_eq!(
            text,
            bytes(
                "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
            )
        );
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
            let sealed = Sealed { enc: PublicKey(weak), sealed: STANDARD.encode([0; 32]) };
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
        assert_eq!(PublicKey::of_recipient(""), Err(BoxError::Key));
        assert_eq!(PublicKey::parse(&String::from(key)), Ok(key));
    }
}
