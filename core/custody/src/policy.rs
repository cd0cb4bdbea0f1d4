//! Who may do what: the policy of a desk. A [`Policy`] exists only when [`Policy::load`] found nothing wrong with its file.

mod fault;
mod file;
mod lint;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use kagimori_id::AccountId;

use crate::ask::Kind;
use crate::digest::Digest;
use crate::name::{GroupName, KeyName, PersonId, RuleName, SeedId};

pub use fault::{Fault, Faults};
pub use file::{
    Account, Algorithm, Being, Count, Group, Key, KeyKind, Limits, Need, Networks, Person, PolicyFile, Roles,
    Rule, Seed, Tier,
};

/// A policy without faults, and its version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    file: PolicyFile,
    version: Digest,
}

impl Policy {
    /// Looks at a file.
    ///
    /// # Errors
    /// [`Faults`]: all that is wrong with it.
    pub fn load(file: PolicyFile) -> Result<Self, Faults> {
        let faults = lint::faults(&file);
        if faults.is_empty() {
            let version = file.version();
            Ok(Self { file, version })
        } else {
            Err(Faults(faults))
        }
    }

    /// Reads it from TOML.
    ///
    /// # Errors
    /// [`Faults`]: why it cannot be read, or all that is wrong with it.
    #[cfg(any(feature = "toml", test))]
    pub fn from_toml(text: &str) -> Result<Self, Faults> {
        let file =
            toml::from_str(text).map_err(|error| Faults(vec![Fault::unreadable(&error.to_string())]))?;
        Self::load(file)
    }

    /// As it was written.
    pub fn file(&self) -> &PolicyFile {
        &self.file
    }

    /// The digest of its canonical bytes.
    pub fn version(&self) -> Digest {
        self.version
    }

    /// Somebody.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.file.people.get(id)
    }

    /// A key of somebody.
    pub fn key(&self, person: &PersonId, key: &KeyName) -> Option<&Key> {
        self.person(person)?.keys.iter().find(|known| known.name == *key)
    }

    /// Whether somebody is in a group.
    pub fn is_in(&self, person: &PersonId, group: &GroupName) -> bool {
        self.file.groups.get(group).is_some_and(|group| group.members.contains(person))
    }

    /// Whether somebody is in one of the groups.
    pub fn is_in_any<'a>(&self, person: &PersonId, groups: impl IntoIterator<Item = &'a GroupName>) -> bool {
        groups.into_iter().any(|group| self.is_in(person, group))
    }

    /// Everybody of the groups.
    pub fn members<'a>(&self, groups: impl IntoIterator<Item = &'a GroupName>) -> BTreeSet<PersonId> {
        self.file.members(groups)
    }

    /// The rule for what is asked; lint leaves at most one.
    pub fn rule(&self, kind: Kind, account: Option<AccountId>) -> Option<(&RuleName, &Rule)> {
        self.file.rules.iter().find(|(_, rule)| rule.is_for(kind, account))
    }

    /// An account.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.file.accounts.get(&id)
    }

    /// A seed.
    pub fn seed(&self, id: &SeedId) -> Option<&Seed> {
        self.file.seeds.get(id)
    }

    /// The seed of an account's root.
    pub fn seed_of(&self, account: AccountId) -> Option<(&SeedId, &Seed)> {
        self.file.seeds.iter().find(|(_, seed)| seed.account == Some(account))
    }

    /// Whoever reads the log for others.
    pub fn is_auditor(&self, person: &PersonId) -> bool {
        self.is_in_any(person, &self.file.roles.auditors)
    }

    /// Whether somebody approves for any rule.
    pub fn is_approver(&self, person: &PersonId) -> bool {
        self.file
            .rules
            .values()
            .any(|rule| self.is_in_any(person, rule.approvals.iter().map(|need| &need.group)))
    }

    /// Whether a role may be exercised from this address; without networks of its own, from everywhere. `None`: nobody knows from where.
    pub fn is_allowed_from(
        &self,
        role: impl Fn(&Networks) -> &Vec<crate::Network>,
        from: Option<IpAddr>,
    ) -> bool {
        let networks = role(&self.file.networks);
        networks.is_empty() || from.is_some_and(|from| networks.iter().any(|network| network.contains(from)))
    }

    /// The people, by name.
    pub fn people(&self) -> &BTreeMap<PersonId, Person> {
        &self.file.people
    }
}
