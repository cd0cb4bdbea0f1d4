//! A key in software: Ed25519 from 32 secret bytes. Whoever has the bytes is the person, so only `dev`, tests and people who chose it use one.

use std::fmt;

use ring::digest;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::client::{Ceremony, RelyingParty, client_data};
use crate::data::authenticator_data;
use crate::error::PasskeyError;
use crate::key::{Assertion, PublicKey};

/// A key without a device. It is never printed.
pub struct SoftwareKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SoftwareKey {
    /// The key of 32 secret bytes.
    ///
    /// # Errors
    /// [`PasskeyError::KeyText`] when they are no key.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, PasskeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| PasskeyError::KeyText)?;
        let public = pair.public_key().as_ref().first_chunk::<32>().copied();
        Ok(Self { public: PublicKey::Ed25519(public.ok_or(PasskeyError::KeyText)?), pair })
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a challenge as a device would that does not count.
    #[must_use]
    pub fn sign(&self, party: &RelyingParty, challenge: &[u8]) -> Assertion {
        let client_data = client_data(party, Ceremony::Get, challenge);
        let authenticator_data = authenticator_data(party, 0, None);
        self.signed(client_data, authenticator_data)
    }

    /// Signs bytes as they are (RFC 8032), as a key of a command line does.
    #[must_use]
    pub fn sign_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }

    pub(crate) fn signed(&self, client_data: Vec<u8>, authenticator_data: Vec<u8>) -> Assertion {
        let mut message = authenticator_data.clone();
        message.extend(digest::digest(&digest::SHA256, &client_data).as_ref());
        let signature = self.pair.sign(&message).as_ref().to_vec();
        Assertion { client_data, authenticator_data, signature }
    }
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftwareKey").field("public", &self.public).finish_non_exhaustive()
    }
}
