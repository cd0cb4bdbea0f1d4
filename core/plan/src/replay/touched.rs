//! Whose calls changes may end otherwise, by the names that a trail has for them.

use std::collections::BTreeSet;

use kagimori_estate::Estate;
use kagimori_estate::change::{Change, touched};
use kagimori_id::Arn;
use kagimori_trail::call::Call;
use kagimori_trail::event::Principal;

use super::Telling;

/// Users and roles, and how a trail names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Touched {
    /// Who they are.
    pub principals: BTreeSet<Arn>,
    /// [`kagimori_trail::event::Identity::principal_text`] of each.
    pub texts: BTreeSet<String>,
}

impl Touched {
    /// Whom changes touch; `None`: it may be anybody.
    pub fn by(changes: &[Change], before: &Estate, after: &Estate) -> Option<Self> {
        let principals = touched(changes, before, after)?;
        Some(Self::of(principals, before))
    }

    pub(super) fn of(principals: BTreeSet<Arn>, estate: &Estate) -> Self {
        let texts = principals.iter().flat_map(|arn| texts(arn, estate)).collect();
        Self { principals, texts }
    }

    /// Whether a call is theirs, or made with one of the keys that are told apart.
    pub fn includes(&self, call: &Call, telling: &Telling) -> bool {
        let is_theirs = match &call.caller.principal {
            Principal::User(arn) | Principal::Role(arn) => self.texts.contains(arn.as_str()),
            Principal::UserName(account, name) => self.texts.contains(&format!("{account}:user/{name}")),
            Principal::UniqueId(account, id) => self.texts.contains(&format!("{account}:{id}")),
            Principal::Root(..) | Principal::AssumedRoot(_) | Principal::Service(_) | Principal::Other => {
                false
            }
        };
        let has_id = || {
            let (id, account) = (call.caller.unique_id.as_deref()?, call.caller.account?);
            Some(self.texts.contains(&format!("{account}:{id}")))
        };
        is_theirs
            // A user keeps its id under whatever name.
            || has_id() == Some(true)
            || call.caller.access_key.as_ref().is_some_and(|key| telling.keys.contains(key))
    }
}

/// By its ARN; a user at the console by account and name, a role of which only the session is told by that; either by its
/// unique id where another account was called.
fn texts(arn: &Arn, estate: &Estate) -> Vec<String> {
    let (name, partition) = (arn.name(), arn.partition());
    let mut texts = vec![arn.to_string()];
    let Some(id) = arn.account() else { return texts };
    let is_role = arn.resource().starts_with("role/");
    texts.push(match is_role {
        true => format!("arn:{partition}:sts::{id}:assumed-role/{name}"),
        false => format!("{id}:user/{name}"),
    });
    let account = estate.accounts.get(&id);
    let unique = account.and_then(|account| match is_role {
        true => account.roles.get(name).map(|role| &role.id),
        false => account.users.get(name).and_then(|user| Some(&user.details.value()?.id)),
    });
    texts.extend(unique.map(|unique| format!("{id}:{unique}")));
    texts
}
