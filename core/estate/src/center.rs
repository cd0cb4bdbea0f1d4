//! IAM Identity Center: what its permission sets give, who has them where, and who could come into the roles that it makes of them.
//!
//! An answer about one permission set, account or group is of that one alone: where it is refused the others stay known.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::{AccountId, Arn};

use crate::fact::{Dataset, Gap, GapReason, Known};
use crate::model::{Estate, Policy};

/// Where its roles lie (IAM Identity Center User Guide, *Referencing permission sets in resource policies*).
pub const ROLES_PATH: &str = "/aws-reserved/sso.amazonaws.com/";

/// Identity Center, as far as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityCenter {
    /// Its instances: at most one of an organization, and one of each account that has its own.
    pub instances: Known<Vec<Instance>>,
    /// The permission sets, by their ids (`ps-…`). Whether they are all, [`IdentityCenter::listed`] tells.
    pub permission_sets: BTreeMap<String, PermissionSet>,
    /// The ids of all permission sets.
    pub listed: Known<BTreeSet<String>>,
    /// Who has a permission set in an account, by the set's id and the account.
    pub assignments: BTreeMap<(String, AccountId), Known<BTreeSet<Principal>>>,
    /// The users of its identity store, by id.
    pub users: Known<BTreeMap<String, Person>>,
    /// The groups of its identity store: their names by id.
    pub groups: Known<BTreeMap<String, String>>,
    /// The ids of the users in a group, by the group's id.
    pub members: BTreeMap<String, Known<BTreeSet<String>>>,
    /// Assignments that changes made: taking one of them away again takes nobody's way in who had it.
    pub(crate) planned: BTreeSet<String>,
}

/// An instance of Identity Center (`sso-admin list-instances`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "what names an instance")]
pub struct Instance {
    /// Its ARN, `arn:aws:sso:::instance/ssoins-…`.
    pub arn: String,
    /// The id of its identity store, `d-…`.
    pub identity_store: String,
}

/// A permission set. Each part of it is an answer of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionSet {
    /// What describes it.
    pub described: Known<Description>,
    /// Its inline policy.
    pub inline: Known<Option<Policy>>,
    /// The managed policies of AWS that are attached.
    pub managed: Known<Vec<Arn>>,
    /// The customer's managed policies that each account brings itself.
    pub customer_managed: Known<Vec<CustomerPolicy>>,
    /// Its boundary.
    pub boundary: Known<Option<Boundary>>,
    /// Its tags.
    pub tags: Known<BTreeMap<String, String>>,
    /// The accounts in which there is a role of it.
    pub accounts: Known<BTreeSet<AccountId>>,
}

/// What `describe-permission-set` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what a permission set is made with")]
pub struct Description {
    /// Its ARN, `arn:aws:sso:::permissionSet/ssoins-…/ps-…`.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub text: Option<String>,
    /// How long a session lasts, as an ISO 8601 duration: `PT1H`.
    pub session_duration: Option<String>,
    /// Where people land in the console.
    pub relay_state: Option<String>,
}

/// A customer's managed policy by path and name: each account has its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "what names a policy")]
pub struct CustomerPolicy {
    /// Its name.
    pub name: String,
    /// Its path.
    #[serde(default = "root", skip_serializing_if = "is_root")]
    pub path: String,
}

fn root() -> String {
    "/".to_owned()
}

fn is_root(path: &str) -> bool {
    path == "/"
}

/// What bounds a permission set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "one of AWS's or of the customer's")]
pub enum Boundary {
    /// A managed policy of AWS.
    Managed(Arn),
    /// A customer's managed policy.
    CustomerManaged(CustomerPolicy),
}

/// Whom a permission set is assigned to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "AWS knows these two (PrincipalType)")]
pub enum Principal {
    /// A user by id.
    User(String),
    /// A group by id.
    Group(String),
}

/// A user of the identity store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what a review says of people")]
pub struct Person {
    /// The name that they sign in with.
    pub name: String,
    /// Whether they may sign in (`UserStatus`); `None`: the answer does not tell.
    pub is_enabled: Option<bool>,
}

/// Who could come into a role of Identity Center.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comers {
    /// The permission set's id, where it is known.
    pub set: Option<String>,
    /// People by the ids of their users: their names where they are known, and the groups through which they come (none: directly).
    pub people: BTreeMap<String, Comer>,
    /// Why there may be others.
    pub gaps: BTreeSet<Gap>,
}

/// Somebody who could come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comer {
    /// The name, when it is known.
    pub name: Option<String>,
    /// Whether they may sign in; `None`: not told.
    pub is_enabled: Option<bool>,
    /// Whether the permission set is assigned to themselves.
    pub is_direct: bool,
    /// The groups that have it, by name, or by id where the name is not known.
    pub groups: BTreeSet<String>,
}

impl Comers {
    /// In words, a few: the groups with how many are in each, the users who have it themselves, and why there may be others.
    pub fn words(&self) -> Vec<String> {
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        for group in self.people.values().flat_map(|comer| &comer.groups) {
            let count = groups.entry(group).or_default();
            *count = count.saturating_add(1);
        }
        let groups = groups.into_iter().map(|(group, count)| format!("group {group} ({count})"));
        let direct = self.people.iter().filter(|(_, comer)| comer.is_direct);
        let direct = direct.map(|(id, comer)| format!("user {}", comer.name.as_deref().unwrap_or(id)));
        let gaps = self.gaps.iter().map(|gap| format!("others, perhaps: {gap}"));
        groups.chain(direct).chain(gaps).collect()
    }
}

/// The name of the permission set that a role is made of: `AWSReservedSSO_NAME_` and 16 hexadecimal digits.
pub fn set_of_role(role: &str) -> Option<&str> {
    let (name, digits) = role.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    let is_hash = digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    (is_hash && !name.is_empty()).then_some(name)
}

impl IdentityCenter {
    /// Of which nothing is known.
    pub fn unknown() -> Self {
        Self {
            instances: Known::not_given(Dataset::IdentityCenter),
            permission_sets: BTreeMap::new(),
            listed: Known::not_given(Dataset::PermissionSets),
            assignments: BTreeMap::new(),
            users: Known::not_given(Dataset::CenterUsers),
            groups: Known::not_given(Dataset::CenterGroups),
            members: BTreeMap::new(),
            planned: BTreeSet::new(),
        }
    }

    /// Whether anything of it was given.
    pub fn is_given(&self) -> bool {
        let is_asked = |gap: Option<&Gap>| gap.is_none_or(|gap| gap.reason != GapReason::NotGiven);
        !self.permission_sets.is_empty() || is_asked(self.instances.gap()) || is_asked(self.listed.gap())
    }

    /// The instance of the organization, where exactly one is known.
    pub fn instance(&self) -> Option<&Instance> {
        match self.instances.value()?.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The permission sets of a name, by id. Those of which the name is not known are left out.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &str> {
        let is_it = move |set: &&PermissionSet| set.described.value().is_some_and(|told| told.name == name);
        self.permission_sets.iter().filter(move |(_, set)| is_it(set)).map(|(id, _)| id.as_str())
    }

    /// Who has a permission set in an account.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn assigned(&self, set: &str, account: AccountId) -> Result<BTreeSet<Principal>, Gap> {
        if let Some(told) = self.assignments.get(&(set.to_owned(), account)) {
            return told.known().cloned().map_err(Clone::clone);
        }
        // Where there is no role of it nobody was asked.
        let not_given = || Gap { dataset: Dataset::AccountAssignments, reason: GapReason::NotGiven };
        let accounts = self.permission_sets.get(set).ok_or_else(not_given)?.accounts.known();
        match accounts.map_err(Clone::clone)? {
            all if all.contains(&account) => Err(not_given()),
            _ => Ok(BTreeSet::new()),
        }
    }

    /// The people whom an assignment lets in, added to those who could come; what is not known of them, too.
    fn let_in(&self, principal: &Principal, comers: &mut Comers) {
        match principal {
            Principal::User(id) => self.person(id, comers).is_direct = true,
            Principal::Group(id) => {
                let name = self.groups.value().and_then(|groups| groups.get(id)).unwrap_or(id).clone();
                let not_given = Gap { dataset: Dataset::GroupMemberships, reason: GapReason::NotGiven };
                let members = self.members.get(id).map_or(Err(&not_given), Known::known);
                match members {
                    Ok(members) => {
                        for member in members {
                            self.person(member, comers).groups.insert(name.clone());
                        }
                    }
                    Err(gap) => drop(comers.gaps.insert(gap.clone())),
                }
            }
        }
    }

    fn person<'c>(&self, id: &str, comers: &'c mut Comers) -> &'c mut Comer {
        let known = self.users.value().and_then(|users| users.get(id));
        let comer = comers.people.entry(id.to_owned()).or_default();
        comer.name = known.map(|person| person.name.clone());
        comer.is_enabled = known.and_then(|person| person.is_enabled);
        comer
    }

    /// The name of a user, where it is known.
    pub fn name_of(&self, user: &str) -> Option<&str> {
        Some(self.users.value()?.get(user)?.name.as_str())
    }
}

impl Estate {
    /// Who could come into a role through Identity Center, by its account and name; `None`: the role is none of Identity Center's.
    pub fn comers(&self, account: AccountId, role: &str) -> Option<Comers> {
        let name = set_of_role(role)?;
        let center = &self.identity_center;
        let mut comers = Comers::default();
        let sets: Vec<&str> = center.named(name).collect();
        let is_listed = |id: &String| center.permission_sets.contains_key(id);
        match (sets.as_slice(), &center.listed) {
            ([set], _) => {
                comers.set = Some((*set).to_owned());
                match center.assigned(set, account) {
                    Ok(principals) => {
                        principals.iter().for_each(|principal| center.let_in(principal, &mut comers));
                    }
                    Err(gap) => drop(comers.gaps.insert(gap)),
                }
            }
            ([], Known::Unknown(gap)) => drop(comers.gaps.insert(gap.clone())),
            // A role is left of a set that is gone, or its set is one of those that were not described.
            ([], Known::Known(listed)) => {
                let undescribed = listed.value.iter().any(|id| !is_listed(id));
                let gaps = center.permission_sets.values().filter_map(|set| set.described.gap().cloned());
                comers.gaps.extend(gaps);
                let reason = GapReason::FieldAbsent(name.to_owned());
                if undescribed || comers.gaps.is_empty() {
                    comers.gaps.insert(Gap { dataset: Dataset::PermissionSets, reason });
                }
            }
            // Two instances have a set of this name: which of them made the role nobody says.
            _ => {
                let reason = GapReason::Contradiction(format!("permission set `{name}`"));
                comers.gaps.insert(Gap { dataset: Dataset::PermissionSets, reason });
            }
        }
        Some(comers)
    }
}

#[cfg(test)]
mod tests {
    use super::set_of_role;

    #[test]
    fn a_role_names_its_permission_set() {
        assert_eq!(set_of_role("AWSReservedSSO_Power_User_0123456789abcdef"), Some("Power_User"));
        for role in ["AWSReservedSSO_A", "AWSReservedSSO__0123456789abcdef", "Admin_0123456789abcdef", ""] {
            assert_eq!(set_of_role(role), None, "{role}");
        }
    }
}
