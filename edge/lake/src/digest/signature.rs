//! The signature of a digest file: RSA PKCS #1 v1.5 with SHA-256 (CloudTrail User Guide, "Custom implementations of
//! CloudTrail log file integrity validation").
//!
//! Only verification, with public values: nothing here needs constant time.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::error::LakeError;

/// `DigestInfo` of SHA-256 up to the hash itself (RFC 8017 section 9.2, note 1).
const SHA256_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    pub(super) end: &'a str,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    /// Hex SHA-256 of the digest's content.
    pub(super) hash: &'a str,
    pub(super) previous: Option<&'a str>,
    pub(super) fingerprint: Option<&'a str>,
}

/// Public keys by fingerprint.
#[derive(Debug, Default)]
pub(super) struct PublicKeys {
    keys: Vec<(String, PublicKey)>,
}

#[derive(Debug)]
struct PublicKey {
    modulus: BigUint,
    exponent: BigUint,
    /// Bytes of the modulus.
    length: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    public_key_list: Vec<ListedKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedKey {
    value: String,
    fingerprint: String,
}

impl PublicKeys {
    /// Reads the output of `aws cloudtrail list-public-keys`.
    pub(super) fn read(path: &Path) -> Result<Self, LakeError> {
        let text = std::fs::read_to_string(path).map_err(|error| LakeError::read(path, error))?;
        let wrong = |message: String| LakeError::Source {
            message: format!("`{}` holds no public keys: {message}", path.display()),
            hint:
                "write it with `aws cloudtrail list-public-keys --start-time … --end-time … > FILE`, in the \
                   trail's region"
                    .to_owned(),
        };
        let listed: Listed = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let keys = listed.public_key_list.into_iter().map(|listed| {
            let der = STANDARD.decode(listed.value.trim()).map_err(|error| wrong(error.to_string()))?;
            let key = PublicKey::parse(&der).ok_or_else(|| wrong("a key is not PKCS #1 DER".to_owned()))?;
            Ok((listed.fingerprint.to_ascii_lowercase(), key))
        });
        Ok(Self { keys: keys.collect::<Result<_, LakeError>>()? })
    }

    /// Whether a signature is right; `None` when it or its key is not known.
    pub(super) fn check(&self, signed: &Signed<'_>, signature: Option<&str>) -> Option<bool> {
        let fingerprint = signed.fingerprint?.to_ascii_lowercase();
        let (_, key) = self.keys.iter().find(|(known, _)| *known == fingerprint)?;
        let text = format!(
            "{}\n{}/{}\n{}\n{}",
            signed.end,
            signed.bucket,
            signed.key,
            signed.hash,
            signed.previous.unwrap_or("null")
        );
        let signature = unhex(signature?.trim());
        Some(signature.is_some_and(|signature| key.verifies(text.as_bytes(), &signature)))
    }
}

impl PublicKey {
    /// `SEQUENCE { INTEGER n, INTEGER e }`
    fn parse(der: &[u8]) -> Option<Self> {
        let (sequence, rest) = element(der, 0x30)?;
        let (modulus, inner) = element(sequence, 0x02)?;
        let (exponent, end) = element(inner, 0x02)?;
        let modulus = BigUint::from_bytes_be(modulus);
        let length = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
        // A key of no size, or a huge exponent, would be an attack on whoever checks.
        let exponent = BigUint::from_bytes_be(exponent);
        let sane = (128..=1024).contains(&length) && exponent.bits() <= 64 && exponent.bits() > 1;
        (rest.is_empty() && end.is_empty() && sane).then_some(Self { modulus, exponent, length })
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let value = BigUint::from_bytes_be(signature);
        if signature.len() != self.length || value >= self.modulus {
            return false;
        }
        let opened = value.modpow(&self.exponent, &self.modulus).to_bytes_be();
        // The whole encoded message is compared, padding too (RFC 8017 section 8.2.2).
        let hash = Sha256::digest(message);
        let padding = self.length.saturating_sub(3 + SHA256_INFO.len() + hash.len());
        let mut expected = vec![0x01];
        expected.extend(std::iter::repeat_n(0xff, padding));
        expected.push(0);
        expected.extend(SHA256_INFO);
        expected.extend(hash);
        padding >= 8 && opened == expected
    }
}

/// A DER element of a type: its content, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*length) {
        short if short < 0x80 => (short, rest),
        long => {
            let (bytes, rest) = rest.split_at_checked((long & 0x7f).min(4))?;
            (bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
    };
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .bytes()
        .map(|byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    pairs
        .remainder()
        .is_empty()
        .then(|| pairs.map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}
