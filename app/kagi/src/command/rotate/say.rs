//! What a rotation says to the person, and what only the person can answer.

use kagimori_aws::AccessKey;
use kagimori_session::rotation::{Action, Rotation};
use kagimori_session::route::rfc3339;
use kagimori_terminal::printer;

use super::{Work, ids};
use crate::error::{KagiError, quoted};

impl Work<'_, '_> {
    /// Before a rotation is given up whose key may have been made: which key that is, only the person can say.
    pub(super) fn settle_lost(&self, rotation: &Rotation) -> Result<(), KagiError> {
        let current = self.key()?;
        let keys = self.keys_at_aws(&current)?;
        match rotation.next(&self.facts(rotation, &ids(&keys), &keys, None)) {
            Action::AskAbout(new) => Err(self.ask_about(&new, &keys)),
            Action::DeleteLost(id) => self.delete(&current, &id),
            _ => Ok(()),
        }
    }

    pub(super) fn ask_about(&self, new: &[String], keys: &[AccessKey]) -> KagiError {
        let named: Vec<_> = keys
            .iter()
            .filter(|key| new.contains(&key.id))
            .map(|key| format!("{} (made {})", key.id, key.created))
            .collect();
        let (profile, id) = (quoted(&self.profile), new.first().map_or("KEY_ID", String::as_str));
        KagiError::argument(
            format!(
                "AWS was asked for a key and the answer was lost; since then the user has {}: that key, or one that \
                 somebody made",
                named.join(", ")
            ),
            format!(
                "if nobody made it, delete it by its name: `kagi rotate --delete-lost {id} {profile}`; if somebody did: \
                 `kagi rotate --keep {id} {profile}`"
            ),
        )
    }

    pub(super) fn say_wait(&self, rotation: &Rotation, until: i64) {
        let until = jiff::Timestamp::from_second(until).map(rfc3339).unwrap_or_default();
        let profile = quoted(&self.profile);
        printer::note(&format!(
            "{} stays, deactivated, until {until}: run `kagi rotate {profile}` again then, or `kagi rotate --undo \
             {profile}` if something breaks",
            rotation.old
        ));
    }

    pub(super) fn in_use(&self, old: &str) -> KagiError {
        let profile = quoted(&self.profile);
        KagiError::argument(
            format!("somebody has made {old} active again, so it is in use and is not deleted"),
            format!(
                "deactivate it once nobody needs it (`aws iam update-access-key --access-key-id {old} --status \
                 Inactive`) and run this again, or go back to it: `kagi rotate --undo {profile}`"
            ),
        )
    }
}
