//! Sealed files: XChaCha20-Poly1305 under the vault's key, bound to the file's own name, names that tell nothing.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use kagimori_id::hex;
use kagimori_session::key::keyed;
use zeroize::Zeroizing;

use crate::error::KagiError;
use crate::files::random;

/// What a sealed file begins with: a name and a version.
const MAGIC: &[u8; 8] = b"kagi\0\0\0\x01";
const NONCE_BYTES: usize = 24;

/// The 32 bytes everything of a vault hangs on.
#[derive(Clone)]
pub(crate) struct VaultKey(Zeroizing<[u8; 32]>);

impl VaultKey {
    /// A new key.
    pub(crate) fn new() -> Result<Self, KagiError> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    /// The key of these bytes; `None` when there are not 32.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The name of an item's file.
    pub(crate) fn name(&self, kind: &str, of: &str) -> String {
        hex(&keyed(self.expose(), kind, &[of]))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.expose().into())
    }

    /// Seals a plaintext into the bytes of a file of this name.
    pub(crate) fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, KagiError> {
        let nonce = random::<NONCE_BYTES>()?;
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| KagiError::Form("a value too long to seal".into()))?;
        Ok([MAGIC.as_slice(), &nonce, &sealed].concat())
    }

    /// Opens the bytes of a file of this name; `None` when they are damaged, another file's or another vault's.
    pub(crate) fn open(&self, name: &str, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let rest = bytes.strip_prefix(MAGIC.as_slice())?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        self.cipher().decrypt(&XNonce::from(nonce), payload).ok().map(Zeroizing::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opened_as_it_was_sealed_and_not_otherwise() {
        let (key, other) = (VaultKey::new().unwrap(), VaultKey::new().unwrap());
        let sealed = key.seal("name", b"secret").unwrap();
        assert_eq!(key.open("name", &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open("another", &sealed).is_none());
        assert!(other.open("name", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(key.open("name", &damaged).is_none(), "byte {at}");
            assert!(key.open("name", &sealed[..at]).is_none(), "cut at {at}");
        }
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn names_differ_by_vault_and_kind() {
        let (key, other) = (VaultKey::new().unwrap(), VaultKey::new().unwrap());
        assert_eq!(key.name("key", "dev"), key.name("key", "dev"));
        assert_ne!(key.name("key", "dev"), key.name("session", "dev"));
        assert_ne!(key.name("key", "dev"), other.name("key", "dev"));
    }
}
