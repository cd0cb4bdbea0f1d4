//! The base of the vault: its key, wrapped by a passphrase through argon2id.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::seal::VaultKey;
use crate::error::KagiError;
use crate::files::random;

/// OWASP's and RFC 9106's second choice: 64 MiB, three passes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// A damaged or hostile file must not ask for all memory there is.
const MOST_MEMORY_KIB: u32 = 4 * 1024 * 1024;
const NAME: &str = "vault.json";

/// `vault.json`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Wrapped {
    version: u32,
    /// Tells the unlocked keys of several vaults apart.
    pub(crate) id: String,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
    sealed: String,
    /// What the key says of the id: an open key without it is another vault's. Vaults of before have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check: Option<String>,
}

impl Wrapped {
    /// Whether a key is this vault's; `None` when nothing here says so.
    pub(crate) fn is_of(&self, key: &VaultKey) -> Option<bool> {
        let check = self.check.as_ref()?;
        Some(check.as_bytes().ct_eq(key.name("vault", &self.id).as_bytes()).into())
    }

    /// The same with a check, once the passphrase has shown which key it is; `None` when it has one.
    pub(crate) fn checked(&self, key: &VaultKey) -> Option<Self> {
        let check = Some(key.name("vault", &self.id));
        self.check.is_none().then(|| Self { check, ..self.clone() })
    }
}

/// Wraps a vault's key.
pub(crate) fn wrap(key: &VaultKey, id: &str, passphrase: &SecretString) -> Result<Wrapped, KagiError> {
    let salt = random::<16>()?;
    let wrapping = derive(passphrase, &salt, MEMORY_KIB, PASSES)?;
    Ok(Wrapped {
        version: 1,
        id: id.to_owned(),
        kdf: "argon2id".to_owned(),
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        salt: STANDARD.encode(salt),
        sealed: STANDARD.encode(wrapping.seal(NAME, key.expose())?),
        check: Some(key.name("vault", id)),
    })
}

/// Opens a wrapped key.
pub(crate) fn unwrap(wrapped: &Wrapped, passphrase: &SecretString) -> Result<VaultKey, KagiError> {
    let unknown = || KagiError::Form("vault.json".into());
    if wrapped.version != 1 || wrapped.kdf != "argon2id" || wrapped.memory_kib > MOST_MEMORY_KIB {
        return Err(unknown());
    }
    let decode = |text: &str| STANDARD.decode(text).map_err(|_| unknown());
    let wrapping = derive(passphrase, &decode(&wrapped.salt)?, wrapped.memory_kib, wrapped.passes.min(100))?;
    let opened = wrapping.open(NAME, &decode(&wrapped.sealed)?).ok_or(KagiError::WrongPassphrase)?;
    VaultKey::from_slice(&opened).ok_or_else(unknown)
}

fn derive(passphrase: &SecretString, salt: &[u8], memory: u32, passes: u32) -> Result<VaultKey, KagiError> {
    let unknown = |_| KagiError::Form("vault.json".into());
    let params = Params::new(memory, passes, 1, Some(32)).map_err(unknown)?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose_secret().as_bytes(), salt, &mut *out)
        .map_err(unknown)?;
    VaultKey::from_slice(&*out).ok_or_else(|| KagiError::Form("vault.json".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_passphrase_opens() {
        let key = VaultKey::new().unwrap();
        let wrapped = wrap(&key, "id", &"correct horse".into()).unwrap();
        assert_eq!(unwrap(&wrapped, &"correct horse".into()).unwrap().expose(), key.expose());
        assert!(matches!(unwrap(&wrapped, &"wrong".into()), Err(KagiError::WrongPassphrase)));
        assert_eq!(wrapped.is_of(&key), Some(true));
        assert_eq!(wrapped.is_of(&VaultKey::new().unwrap()), Some(false));
        assert!(wrapped.checked(&key).is_none());
        let before = Wrapped { check: None, ..wrapped.clone() };
        assert_eq!((before.is_of(&key), before.checked(&key).unwrap().is_of(&key)), (None, Some(true)));
        let hostile = Wrapped { memory_kib: u32::MAX, ..wrapped };
        assert!(matches!(unwrap(&hostile, &"x".into()), Err(KagiError::Form(_))));
    }
}
