//! One key under several names: what happens to the key happens to all of them.

use kagimori_session::rotation::Rotation;
use kagimori_session::value::shown;
use kagimori_terminal::printer;

use super::Work;
use crate::error::KagiError;
use crate::vault::{StoredKey, Vault};

/// The name under which the rotation of a profile's key is under way: its own, or another of the same key.
pub(super) fn leader(vault: &Vault, profile: String) -> Result<String, KagiError> {
    let is_under_way = |name: &str| Ok::<_, KagiError>(vault.note::<Rotation>("rotation", name)?.is_some());
    let Some(own) = vault.key(&profile)? else { return Ok(profile) };
    if is_under_way(&profile)? {
        return Ok(profile);
    }
    for other in vault.names_of(&own.access_key_id)? {
        if other.profile != profile && is_under_way(&other.profile)? {
            let name = shown(&other.profile);
            printer::note(&format!("the rotation of this key is under way as `{name}`"));
            return Ok(other.profile);
        }
    }
    Ok(profile)
}

impl Work<'_, '_> {
    /// Gives every name of the old key the new one; says the other names. After a crash in between what is left is moved.
    pub(super) fn move_names(&self, old: &str, new: &StoredKey) -> Result<String, KagiError> {
        let mut others = Vec::new();
        for stored in self.vault.names_of(old)? {
            if stored.profile == self.profile {
                continue;
            }
            others.push(format!("`{}`", shown(&stored.profile)));
            self.vault.put_key(&StoredKey {
                access_key_id: new.access_key_id.clone(),
                secret_access_key: new.secret_access_key.clone(),
                stored_at: new.stored_at,
                ..stored
            })?;
        }
        // The rotation's own name last: it tells whether all of them are done.
        self.vault.put_key(new)?;
        Ok(if others.is_empty() { String::new() } else { format!(", as {} too", others.join(", ")) })
    }
}
