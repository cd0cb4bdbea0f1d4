//! Where the users and roles stand in [`Access::subjects`](super::Access::subjects): by ARN, name and unique id.
//!
//! A trail names each of them many times; a company has tens of thousands.

use std::collections::HashMap;
use std::sync::OnceLock;

use kagimori_id::{AccountId, Arn};
use kagimori_policy::request::Principal;

use super::Subject;
use crate::model::Estate;

#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    by_arn: HashMap<String, usize>,
    /// Users by account and name; the first of several.
    users: HashMap<(AccountId, String), usize>,
    /// Roles by account and name, whatever their paths; the first of several.
    roles: HashMap<String, usize>,
    /// ARNs by account and unique id, users before roles; asked for by few questions.
    by_id: OnceLock<HashMap<(AccountId, String), Arn>>,
}

impl Places {
    pub(super) fn add(&mut self, subject: &Subject, place: usize) {
        self.by_arn.insert(subject.arn.as_str().to_owned(), place);
        if let Some(key) = role_key(&subject.principal) {
            self.roles.entry(key).or_insert(place);
        } else if subject.arn.resource().starts_with("user/") {
            self.users.entry((subject.account, subject.arn.name().to_owned())).or_insert(place);
        }
    }

    pub(super) fn with_arn(&self, arn: &str) -> Option<usize> {
        self.by_arn.get(arn).copied()
    }

    /// The role that a principal is, or is a session of.
    pub(super) fn of_role(&self, principal: &Principal) -> Option<usize> {
        self.roles.get(&role_key(principal)?).copied()
    }

    pub(super) fn of_user(&self, account: AccountId, name: &str) -> Option<usize> {
        self.users.get(&(account, name.to_owned())).copied()
    }

    /// The ARN of the user or role with a unique id.
    pub(super) fn with_id(&self, estate: &Estate, account: AccountId, id: &str) -> Option<&Arn> {
        self.by_id.get_or_init(|| ids(estate)).get(&(account, id.to_owned()))
    }
}

/// `ACCOUNT/NAME`
fn role_key(principal: &Principal) -> Option<String> {
    Some(format!("{}/{}", principal.account()?, principal.role_name()?))
}

fn ids(estate: &Estate) -> HashMap<(AccountId, String), Arn> {
    let mut ids = HashMap::new();
    for (account, held) in &estate.accounts {
        let users = held.users.values().filter_map(|user| Some((&user.details.value()?.id, &user.arn)));
        let roles = held.roles.values().map(|role| (&role.id, &role.arn));
        for (id, arn) in users.chain(roles) {
            ids.entry((*account, id.as_str().to_owned())).or_insert_with(|| arn.clone());
        }
    }
    ids
}
