//! The vault of `dev`: a seed that was made at start, in this process. It opens nothing, and has none of the walls of the real one.

use std::sync::{Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use kagimori_custody::{Clock, Digest, Mac, RequestId};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::SystemRandom;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::codes::Sealed;
use crate::random::{self, NoRandom};
use crate::vault::{VaultError, Wanted};
use crate::words;

/// What the code's key is derived for.
const INFO: &[u8] = b"kagimori/code/1";

/// A vault without walls.
pub(crate) struct PlayVault {
    seed: Zeroizing<[u8; 20]>,
    epoch: Mutex<(u64, Zeroizing<[u8; 32]>)>,
}

impl PlayVault {
    /// With a seed and a key of its own.
    ///
    /// # Errors
    /// [`NoRandom`].
    pub(crate) fn new() -> Result<Self, NoRandom> {
        let epoch = Mutex::new((1, Zeroizing::new(random::bytes()?)));
        Ok(Self { seed: Zeroizing::new(random::bytes()?), epoch })
    }

    fn held(&self) -> MutexGuard<'_, (u64, Zeroizing<[u8; 32]>)> {
        self.epoch.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.held().0
    }

    /// A keyed digest of the seed, for the log.
    pub(crate) fn fingerprint(&self) -> Digest {
        Digest::from_bytes(keyed(&self.held().1, &[b"fingerprint", self.seed.as_slice()]))
    }

    pub(crate) fn pin(&self, request: &RequestId) -> String {
        let bytes = keyed(&self.held().1, &[b"pin", request.as_str().as_bytes()]);
        let number = bytes.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        format!("{:08}", number % 100_000_000)
    }

    pub(crate) fn word(&self, request: &RequestId) -> (&'static str, &'static str) {
        words::of(keyed(&self.held().1, &[b"word", request.as_str().as_bytes()]))
    }

    pub(crate) fn mac(&self, request: &RequestId, typed: &str) -> Mac {
        Mac(Digest::from_bytes(keyed(
            &self.held().1,
            &[b"mac", request.as_str().as_bytes(), typed.as_bytes()],
        )))
    }

    pub(crate) fn clock(&self, now: Timestamp) -> Clock {
        // Nobody else is asked in `dev`: the machine is believed.
        let up_seconds = u64::try_from(now.as_second()).unwrap_or(0);
        Clock { boot: "dev".to_owned(), up_seconds, offsets_ms: vec![0, 0] }
    }

    pub(crate) fn forget(&self) {
        let mut held = self.held();
        held.0 = held.0.saturating_add(1);
        // Without random bytes the old key goes all the same.
        held.1 = Zeroizing::new(random::bytes().unwrap_or_default());
    }

    pub(crate) fn code(&self, wanted: &Wanted<'_>) -> Result<Sealed, VaultError> {
        let code = Zeroizing::new(totp(self.seed.as_slice(), wanted.step));
        let (key, sealed) = sealed(&wanted.viewer.0, code.as_bytes())
            .ok_or_else(|| VaultError("the page's key is no X25519 key".to_owned()))?;
        let from = i64::try_from(wanted.step.saturating_mul(wanted.period.into())).unwrap_or(i64::MAX);
        Ok(Sealed { key, sealed, from, until: from.saturating_add(wanted.period.into()) })
    }
}

#[cfg(test)]
impl PlayVault {
    /// The seed, for the test that looks for it everywhere.
    pub(crate) fn canary(&self) -> Vec<u8> {
        self.seed.to_vec()
    }
}

impl std::fmt::Debug for PlayVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlayVault").finish_non_exhaustive()
    }
}

/// HMAC-SHA-256 over parts, each after its length.
fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(&part.len().to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Six digits by SHA-1 (RFC 6238 §4, RFC 4226 §5.3).
fn totp(seed: &[u8], step: u64) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(seed) else { return String::new() };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last().copied().unwrap_or(0) & 15);
    let chunk = hash.get(offset..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
    format!("{:06}", (u32::from_be_bytes(chunk) & 0x7fff_ffff) % 1_000_000)
}

/// Seals to a page: X25519 with a key of this once, HKDF-SHA-256, AES-256-GCM with a nonce of zeroes, since no key is used twice.
fn sealed(viewer: &str, text: &[u8]) -> Option<(String, String)> {
    let page = STANDARD.decode(viewer).ok().filter(|key| key.len() == 32)?;
    let own = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).ok()?;
    let public = own.compute_public_key().ok()?;
    let salt = [public.as_ref(), page.as_slice()].concat();
    let key = agree_ephemeral(own, &UnparsedPublicKey::new(&X25519, &page), |shared| {
        let derived = Salt::new(HKDF_SHA256, &salt).extract(shared);
        derived.expand(&[INFO], &AES_256_GCM).map(UnboundKey::from).ok()
    });
    let key = LessSafeKey::new(key.ok()??);
    let mut bytes = text.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key([0; 12]), Aad::empty(), &mut bytes).ok()?;
    Some((STANDARD.encode(public.as_ref()), STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::totp;

    /// RFC 6238 appendix B, the last six of the eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        for (second, expected) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(totp(b"12345678901234567890", second / 30), expected);
        }
    }
}
