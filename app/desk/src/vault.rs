//! The vault, as the desk sees it: it makes PINs and codes, and nothing of a seed ever comes out of it.

use jiff::Timestamp;
use kagimori_custody::{Clock, Digest, Mac, Proof, RequestId, Viewer};

use crate::codes::Sealed;
use crate::dev::vault::PlayVault;

/// Where the vault is.
#[derive(Debug)]
pub(crate) enum Vault {
    /// In `dev`: in this process.
    Play(PlayVault),
}

/// Why the vault did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the vault did not do it: {0}")]
pub(crate) struct VaultError(pub String);

/// A code that is to be made, with what shows that it may be.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// The step, from the release in the log.
    pub(crate) step: u64,
    /// How long a code lasts, in seconds.
    pub(crate) period: u32,
    /// The page that may read it.
    pub(crate) viewer: &'a Viewer,
}

impl Vault {
    /// A PIN for a request; its MAC and the epoch of the key go into the log.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn make_pin(&self, request: &RequestId) -> Result<(Mac, u64), VaultError> {
        let Self::Play(vault) = self;
        Ok((vault.mac(request, &vault.pin(request)), vault.epoch()))
    }

    /// The PIN, for the requester's page and no other.
    pub(crate) fn pin(&self, request: &RequestId) -> String {
        let Self::Play(vault) = self;
        vault.pin(request)
    }

    /// The word that the operator reads out, so that whoever is called knows who calls.
    pub(crate) fn word(&self, request: &RequestId) -> (&'static str, &'static str) {
        let Self::Play(vault) = self;
        vault.word(request)
    }

    /// The MAC of what was typed.
    pub(crate) fn mac(&self, request: &RequestId, typed: &str) -> Mac {
        let Self::Play(vault) = self;
        vault.mac(request, typed)
    }

    /// Which of its keys: one more with each start and each seal.
    pub(crate) fn epoch(&self) -> u64 {
        let Self::Play(vault) = self;
        vault.epoch()
    }

    /// What its clocks say.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn clock(&self, now: Timestamp) -> Result<Clock, VaultError> {
        let Self::Play(vault) = self;
        Ok(vault.clock(now))
    }

    /// One code, sealed to one page.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn code(&self, wanted: &Wanted<'_>) -> Result<Sealed, VaultError> {
        let Self::Play(vault) = self;
        vault.code(wanted)
    }

    /// The digest of the share that came with an approval. The play vault has its seed open: it takes the signature for one.
    pub(crate) fn share(&self, proof: &Proof) -> Option<Digest> {
        let Self::Play(_) = self;
        Some(Digest::of(proof.bytes.as_bytes()))
    }

    /// Forgets what is open, and the key of PINs.
    pub(crate) fn forget(&self) {
        let Self::Play(vault) = self;
        vault.forget();
    }
}

#[cfg(test)]
impl Vault {
    /// The seed of `dev`, for the test that looks for it everywhere.
    pub(crate) fn canary(&self) -> Vec<u8> {
        let Self::Play(vault) = self;
        vault.canary()
    }
}
