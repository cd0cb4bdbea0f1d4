//! Public keys and what they have signed.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::client::{self, Ceremony, RelyingParty};
use crate::data;
use crate::error::PasskeyError;

/// A COSE key in CTAP2's canonical form is these bytes around the coordinates (RFC 9053 §7.1.1; CTAP 2.1 §8): kty EC2, alg ES256, crv
/// P-256, then x and y.
const ES256_HEAD: &[u8] = &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
const ES256_MIDDLE: &[u8] = &[0x22, 0x58, 0x20];
/// The same of kty OKP, alg EdDSA, crv Ed25519, then x.
const ED25519_HEAD: &[u8] = &[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20];

/// A person's key. Written as `es256:…` or `ed25519:…`, base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[expect(clippy::exhaustive_enums, reason = "the kinds that are verified")]
pub enum PublicKey {
    /// ECDSA on P-256 with SHA-256: the coordinates x and y.
    Es256([u8; 32], [u8; 32]),
    /// Ed25519.
    Ed25519([u8; 32]),
}

/// What a key signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "three byte strings of the specification")]
pub struct Assertion {
    /// The browser's part, as it was signed.
    pub client_data: Vec<u8>,
    /// The device's part, as it was signed.
    pub authenticator_data: Vec<u8>,
    /// The signature over both.
    pub signature: Vec<u8>,
}

/// What is known after an assertion was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The device's counter, to be kept; 0 where it does not count.
    pub counter: u32,
}

impl Assertion {
    /// Its three parts in one: authenticator data, client data and signature, each after its length in two bytes, the high one first. `None`:
    /// one of them is longer than 65,535 bytes.
    #[must_use]
    pub fn packed(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for part in [&self.authenticator_data, &self.client_data, &self.signature] {
            bytes.extend(u16::try_from(part.len()).ok()?.to_be_bytes());
            bytes.extend(part);
        }
        Some(bytes)
    }

    /// Reads what [`Assertion::packed`] wrote; nothing may follow.
    ///
    /// # Errors
    /// [`PasskeyError::Packed`].
    pub fn unpacked(bytes: &[u8]) -> Result<Self, PasskeyError> {
        let part = |bytes: &[u8]| {
            let (length, rest) = bytes.split_first_chunk::<2>()?;
            let (part, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
            Some((part.to_vec(), rest.to_vec()))
        };
        let read = || {
            let (authenticator_data, rest) = part(bytes)?;
            let (client_data, rest) = part(&rest)?;
            let (signature, rest) = part(&rest)?;
            rest.is_empty().then_some(Self { client_data, authenticator_data, signature })
        };
        read().ok_or(PasskeyError::Packed)
    }

    /// That the key signed this challenge on this desk's page, with the person verified.
    ///
    /// `counter` is the one that was kept; a device that counts has to be beyond it (WebAuthn §7.2 step 22).
    ///
    /// # Errors
    /// [`PasskeyError`].
    pub fn verify(
        &self,
        party: &RelyingParty,
        key: &PublicKey,
        challenge: &[u8],
        counter: u32,
    ) -> Result<Verified, PasskeyError> {
        client::must_say(&self.client_data, party, Ceremony::Get, challenge)?;
        let data = data::read(&self.authenticator_data, party)?;
        let mut signed = self.authenticator_data.clone();
        signed.extend(digest::digest(&digest::SHA256, &self.client_data).as_ref());
        key.verify(&signed, &self.signature)?;
        if (data.counter != 0 || counter != 0) && data.counter <= counter {
            return Err(PasskeyError::Counter);
        }
        Ok(Verified { counter: data.counter })
    }
}

impl PublicKey {
    /// That the key signed these bytes, without a ceremony around them.
    ///
    /// # Errors
    /// [`PasskeyError::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), PasskeyError> {
        let verified = match self {
            Self::Es256(x, y) => {
                // An uncompressed point (SEC 1 §2.3.3).
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::Ed25519(bytes) => UnparsedPublicKey::new(&ED25519, bytes).verify(message, signature),
        };
        verified.map_err(|_| PasskeyError::Signature)
    }

    /// Reads a COSE key (RFC 9052 §7) in the form that devices write (CTAP 2.1 §8); what follows it is not looked at.
    ///
    /// # Errors
    /// [`PasskeyError::Algorithm`] for another kind of key, [`PasskeyError::AuthenticatorData`] for one that is cut.
    pub fn of_cose(bytes: &[u8]) -> Result<Self, PasskeyError> {
        let es256 = |rest: &[u8]| {
            let (x, rest) = rest.split_first_chunk::<32>()?;
            let (y, _) = rest.strip_prefix(ES256_MIDDLE)?.split_first_chunk::<32>()?;
            Some(Self::Es256(*x, *y))
        };
        let found = match (bytes.strip_prefix(ES256_HEAD), bytes.strip_prefix(ED25519_HEAD)) {
            (Some(rest), _) => es256(rest),
            (_, Some(rest)) => rest.first_chunk::<32>().map(|x| Self::Ed25519(*x)),
            _ => return Err(PasskeyError::Algorithm),
        };
        found.ok_or(PasskeyError::AuthenticatorData)
    }

    /// As a COSE key.
    #[must_use]
    pub fn to_cose(self) -> Vec<u8> {
        match self {
            Self::Es256(x, y) => [ES256_HEAD, &x, ES256_MIDDLE, &y].concat(),
            Self::Ed25519(x) => [ED25519_HEAD, &x].concat(),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Es256(x, y) => write!(f, "es256:{}", URL_SAFE_NO_PAD.encode([*x, *y].concat())),
            Self::Ed25519(x) => write!(f, "ed25519:{}", URL_SAFE_NO_PAD.encode(x)),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = PasskeyError;

    fn from_str(text: &str) -> Result<Self, PasskeyError> {
        let (kind, bytes) = text.split_once(':').ok_or(PasskeyError::KeyText)?;
        let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(|_| PasskeyError::KeyText)?;
        let found = match (kind, bytes.as_chunks::<32>()) {
            ("es256", ([x, y], [])) => Some(Self::Es256(*x, *y)),
            ("ed25519", ([x], [])) => Some(Self::Ed25519(*x)),
            _ => None,
        };
        found.ok_or(PasskeyError::KeyText)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for PublicKey {
    type Error = PasskeyError;

    fn try_from(text: String) -> Result<Self, PasskeyError> {
        text.parse()
    }
}
