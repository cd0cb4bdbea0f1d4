//! How a seed lies on a disk: XChaCha20-Poly1305 under a key of its own, bound to the seed's name, its account and the policy under which it
//! came. The key itself lies there in shares, each sealed to whoever holds it, or wrapped by the host's key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Entropy;
use crate::shamir::{self, ShamirError, Share};
use crate::totp::{Algorithm, Form, Seed};
use crate::xchacha;

/// The key of one seed. It is not printed.
#[expect(missing_debug_implementations, reason = "a key")]
pub struct SeedKey(Zeroizing<[u8; 32]>);

/// What a sealed seed is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "all of it is bound")]
pub struct Label {
    /// The seed's name.
    pub seed: String,
    /// Which one under this name.
    pub generation: u32,
    /// Its account; of a practice seed empty.
    pub account: String,
    /// The version of the policy under which it came.
    pub policy: String,
}

/// A sealed seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedSeed {
    label: Label,
    /// What everybody may know; that it is this one, is sealed as well.
    form: Form,
    nonce: String,
    sealed: String,
}

/// A key of a seed that is wrapped by a key of the host (tier T0).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedKey {
    nonce: String,
    sealed: String,
}

/// It does not open: another key, or somebody altered it. Which, nobody can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it does not open: the key is another one, or what was sealed was altered")]
pub struct Unopened;

impl SeedKey {
    /// A new one. `None`: there were not enough random bytes.
    pub fn new(entropy: &mut Entropy) -> Option<Self> {
        entropy.array().map(Self)
    }

    /// A second one, for as long as a seed of tier T1 stays open.
    #[must_use]
    pub fn again(&self) -> Self {
        Self(self.0.clone())
    }

    /// In shares, of which so many are needed. With one needed each holder gets the key itself: there are no shares of one.
    ///
    /// # Errors
    /// [`ShamirError`].
    pub fn shared(
        &self,
        parts: u8,
        threshold: u8,
        entropy: &mut Entropy,
    ) -> Result<Vec<Zeroizing<Vec<u8>>>, ShamirError> {
        if threshold == 1 && parts > 0 {
            return Ok((0..parts).map(|_| Zeroizing::new(self.0.to_vec())).collect());
        }
        let shares = shamir::split(self.0.as_slice(), parts, threshold, entropy)?;
        Ok(shares.iter().map(|share| Zeroizing::new(share.expose().to_vec())).collect())
    }

    /// From shares, of which so many were needed.
    ///
    /// # Errors
    /// [`ShamirError`]; shares of another key give another key, with which nothing opens.
    pub fn of_shares(shares: &[Zeroizing<Vec<u8>>], threshold: u8) -> Result<Self, ShamirError> {
        let key = |bytes: &[u8]| {
            bytes.try_into().map(|key| Self(Zeroizing::new(key))).map_err(|_| ShamirError::Mixed)
        };
        match (threshold, shares) {
            (1, [first, ..]) => key(first),
            _ if shares.len() < threshold.into() => Err(ShamirError::TooFew),
            _ => {
                let shares = shares.iter().take(threshold.into()).map(|share| Share::new(share.clone()));
                let shares = shares.collect::<Result<Vec<Share>, _>>()?;
                key(&shamir::combine(&shares.iter().collect::<Vec<&Share>>())?)
            }
        }
    }

    /// Wrapped by a key of the host.
    pub fn wrapped(&self, by: &[u8; 32], label: &Label, entropy: &mut Entropy) -> Option<WrappedKey> {
        let (nonce, sealed) = sealed(by, &label.bound("kagimori/key/1"), self.0.as_slice(), entropy)?;
        Some(WrappedKey { nonce, sealed })
    }

    /// The key that was wrapped.
    ///
    /// # Errors
    /// [`Unopened`].
    pub fn unwrapped(key: &WrappedKey, by: &[u8; 32], label: &Label) -> Result<Self, Unopened> {
        let bytes = opened(by, &label.bound("kagimori/key/1"), &key.nonce, &key.sealed).ok_or(Unopened)?;
        bytes.as_slice().try_into().map(|key| Self(Zeroizing::new(key))).map_err(|_| Unopened)
    }
}

impl Label {
    /// Each part after its length: no two labels have the same bytes.
    fn bound(&self, what: &str) -> Vec<u8> {
        let generation = self.generation.to_string();
        let mut bytes = Vec::new();
        for part in [what, &self.seed, &generation, &self.account, &self.policy] {
            bytes.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }
}

impl SealedSeed {
    /// Seals. `None`: there were not enough random bytes.
    pub fn of(seed: &Seed, key: &SeedKey, label: Label, entropy: &mut Entropy) -> Option<Self> {
        let form = seed.form();
        let mut plain = Zeroizing::new(vec![number(form.algorithm()), form.digits()]);
        plain.extend(form.period().to_be_bytes());
        plain.extend(seed.secret());
        let (nonce, sealed) = sealed(&key.0, &label.bound("kagimori/seed/1"), &plain, entropy)?;
        Some(Self { label, form, nonce, sealed })
    }

    /// Opens.
    ///
    /// # Errors
    /// [`Unopened`].
    pub fn open(&self, key: &SeedKey) -> Result<Seed, Unopened> {
        let bound = self.label.bound("kagimori/seed/1");
        let plain = opened(&key.0, &bound, &self.nonce, &self.sealed).ok_or(Unopened)?;
        let read = || {
            let ([algorithm, digits, period @ ..], secret) = plain.split_first_chunk::<6>()?;
            let algorithm = algorithm_of(*algorithm)?;
            let form = Form::new(algorithm, *digits, u32::from_be_bytes(*period)).ok()?;
            let form = Some(form).filter(|form| *form == self.form)?;
            Seed::new(Zeroizing::new(secret.to_vec()), form).ok()
        };
        read().ok_or(Unopened)
    }

    /// Opens with shares, and grants one code: where there is no desk and no log, that enough holders gave theirs is all there is.
    ///
    /// # Errors
    /// [`Unopened`].
    #[cfg(any(test, feature = "holder"))]
    pub fn open_by_holders(
        &self,
        shares: &[Zeroizing<Vec<u8>>],
        threshold: u8,
        step: u64,
    ) -> Result<(Seed, crate::GrantProof), Unopened> {
        let key = SeedKey::of_shares(shares, threshold).map_err(|_| Unopened)?;
        Ok((self.open(&key)?, crate::GrantProof::of(step)))
    }

    /// How its codes are made.
    pub fn form(&self) -> Form {
        self.form
    }

    /// What it is bound to.
    pub fn label(&self) -> &Label {
        &self.label
    }
}

fn sealed(key: &[u8; 32], aad: &[u8], plain: &[u8], entropy: &mut Entropy) -> Option<(String, String)> {
    let nonce = entropy.array::<{ xchacha::NONCE }>()?;
    let mut bytes = Vec::with_capacity(plain.len().saturating_add(16));
    bytes.extend(plain);
    xchacha::seal(key, &nonce, aad, &mut bytes)?;
    Some((STANDARD.encode(nonce.as_slice()), STANDARD.encode(bytes)))
}

fn opened(key: &[u8; 32], aad: &[u8], nonce: &str, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
    let nonce: [u8; xchacha::NONCE] = STANDARD.decode(nonce).ok()?.try_into().ok()?;
    xchacha::open(key, &nonce, aad, &STANDARD.decode(sealed).ok()?)
}

fn number(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Sha1 => 1,
        Algorithm::Sha256 => 2,
        Algorithm::Sha512 => 3,
    }
}

fn algorithm_of(byte: u8) -> Option<Algorithm> {
    [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512].into_iter().find(|known| number(*known) == byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::totp::GrantProof;

    fn label() -> Label {
        let [seed, account, policy] = ["root-prod", "111122223333", "ab"].map(str::to_owned);
        Label { seed, generation: 1, account, policy }
    }

    fn entropy(byte: u8) -> Entropy {
        Entropy::new(&[byte; 32])
    }

    fn code(seed: &Seed) -> String {
        seed.code_at(1, GrantProof::of(1)).unwrap().expose().to_owned()
    }

    fn seed() -> Seed {
        Seed::new(Zeroizing::new(b"12345678901234567890".to_vec()), Form::AWS).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_with_its_key_and_label_alone() {
        let key = SeedKey::new(&mut entropy(1)).unwrap();
        let sealed = SealedSeed::of(&seed(), &key, label(), &mut entropy(2)).unwrap();
        assert_eq!(code(&sealed.open(&key).unwrap()), "287082");
        let other = SeedKey::new(&mut entropy(3)).unwrap();
        assert!(sealed.open(&other).is_err());
        let relabelled = |change: fn(&mut Label)| {
            let mut other = sealed.clone();
            change(&mut other.label);
            other.open(&key).is_err()
        };
        assert!(relabelled(|label| label.seed.push('x')));
        assert!(relabelled(|label| label.generation = 2));
        assert!(relabelled(|label| label.account = "444455556666".to_owned()));
        assert!(relabelled(|label| label.policy = "cd".to_owned()));
        // A letter moved from one part to the next.
        assert!(relabelled(|label| {
            label.account.insert(0, label.seed.pop().unwrap());
        }));
        for place in 0..sealed.sealed.len() {
            let mut other = sealed.clone();
            let letter = if other.sealed.as_bytes()[place] == b'A' { "B" } else { "A" };
            other.sealed.replace_range(place..=place, letter);
            assert!(other.open(&key).is_err(), "{place}");
        }
    }

    #[test]
    fn a_key_comes_back_from_its_shares_and_from_the_hosts_key() {
        let key = SeedKey::new(&mut entropy(1)).unwrap();
        let sealed = SealedSeed::of(&seed(), &key, label(), &mut entropy(2)).unwrap();
        let opens = |key: Result<SeedKey, ShamirError>| key.map(|key| sealed.open(&key).is_ok());
        for (parts, threshold) in [(1, 1), (3, 1), (3, 2), (5, 5)] {
            let shares = key.shared(parts, threshold, &mut entropy(4)).unwrap();
            assert_eq!(shares.len(), usize::from(parts));
            assert_eq!(opens(SeedKey::of_shares(&shares, threshold)), Ok(true), "{threshold} of {parts}");
            let enough = shares.get(..threshold.into()).unwrap();
            assert_eq!(opens(SeedKey::of_shares(enough, threshold)), Ok(true));
            let fewer = shares.get(..usize::from(threshold) - 1).unwrap();
            assert_eq!(opens(SeedKey::of_shares(fewer, threshold)), Err(ShamirError::TooFew));
        }
        assert_eq!(key.shared(0, 1, &mut entropy(4)).err(), Some(ShamirError::Threshold));
        let wrapped = key.wrapped(&[5; 32], &label(), &mut entropy(6)).unwrap();
        assert!(SeedKey::unwrapped(&wrapped, &[5; 32], &label()).is_ok_and(|key| sealed.open(&key).is_ok()));
        assert!(SeedKey::unwrapped(&wrapped, &[6; 32], &label()).is_err());
        assert!(SeedKey::unwrapped(&wrapped, &[5; 32], &Label { generation: 2, ..label() }).is_err());
    }
}
