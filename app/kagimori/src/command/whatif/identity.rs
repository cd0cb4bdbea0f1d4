//! Changes about users, roles and groups, from the command line.

use jiff::Timestamp;
use kagimori_estate::change::{
    Change, ChangeError, CredentialChange, EntityChange, IdentityChange, TagChange, deny_older_sessions,
    quarantine,
};
use kagimori_terminal::printer;

use super::changes::{Wishes, argument};
use crate::args::IdentityWishes;
use crate::error::AppError;

impl Wishes<'_> {
    /// Each is made from the estate as the ones before leave it.
    pub(super) fn identities(&mut self, wishes: &IdentityWishes, now: Timestamp) -> Result<(), AppError> {
        for name in &wishes.quarantine {
            let identity = self.principal(name)?;
            self.made(quarantine(&self.estate, &identity))?;
        }
        for wish in &wishes.deny_sessions {
            let identity = self.principal(&wish.principal)?;
            self.made(deny_older_sessions(&self.estate, &identity, wish.before.unwrap_or(now)))?;
            printer::note(&format!(
                "sessions of {} that are handed out later go on; who holds an access key or may assume the role can get one",
                identity.name()
            ));
        }
        for text in &wishes.tag {
            let example = "alice=Team=sea";
            let (identity, rest) = self.principal_and_rest(text, example)?;
            let (key, value) = split(rest, example)?;
            self.one(
                TagChange::SetTag { identity, key: key.to_owned(), value: value.to_owned(), was: None }
                    .into(),
            )?;
        }
        for text in &wishes.untag {
            let (identity, key) = self.principal_and_rest(text, "alice=Team")?;
            self.one(TagChange::RemoveTag { identity, key: key.to_owned(), was: None }.into())?;
        }
        for text in &wishes.add_to_group {
            let (user, group) = self.principal_and_rest(text, "alice=developers")?;
            let group = group.to_owned();
            self.one(IdentityChange::AddToGroup { user, group, position: None }.into())?;
        }
        for text in &wishes.remove_from_group {
            let (user, group) = self.principal_and_rest(text, "alice=developers")?;
            self.one(IdentityChange::RemoveFromGroup { user, group: group.to_owned() }.into())?;
        }
        Ok(())
    }

    /// What is deleted, when all else is as it would be: a key has to be off before.
    pub(super) fn deletions(&mut self, wishes: &IdentityWishes) -> Result<(), AppError> {
        for text in &wishes.delete_key {
            let (user, key) = self.holder_of_key(text)?;
            self.one(CredentialChange::DeleteAccessKey { user, key }.into())?;
        }
        for name in &wishes.delete {
            let identity = self.principal(name)?;
            self.made(EntityChange::deletion(&self.estate, &identity))?;
            if let Some(change) = self.changes.last() {
                let lost: Vec<String> = change.lost().into_iter().map(|(english, _)| english).collect();
                if !lost.is_empty() {
                    printer::note(&format!("not brought back by anything: {}", lost.join("; ")));
                }
            }
        }
        Ok(())
    }

    /// A change that is made of the estate, or why it cannot be.
    fn made(&mut self, change: Result<Change, ChangeError>) -> Result<(), AppError> {
        self.one(change.map_err(|error| argument(error.to_string(), error.hint()))?)
    }
}

fn split<'t>(text: &'t str, example: &str) -> Result<(&'t str, &'t str), AppError> {
    text.split_once('=')
        .ok_or_else(|| argument(format!("`{text}` has no `=`"), &format!("write it as in `{example}`")))
}
