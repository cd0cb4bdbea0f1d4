//! Permission sets of IAM Identity Center, and who has them in which account.
//!
//! What a role of Identity Center holds AWS writes by itself once its permission set is provisioned, and nobody tells when. So after an
//! edit the estate does not know any more what such a role holds, and after an assignment has gone whether its people still come: what
//! rests on that is not told, and is no proof.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::policy::policy;
use super::tag::must_be_a_tag;
use super::{ChangeError, WireDocument};
use crate::center::{
    Boundary, CustomerPolicy, Description, PermissionSet, Principal, ROLES_PATH, set_of_role,
};
use crate::fact::{Dataset, Gap, GapReason, Known, SourceId};
use crate::model::Estate;
use kagimori_id::{AccountId, Arn};

/// Permission sets and their assignments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "whoever applies changes must say what it does for each")]
pub enum CenterChange {
    /// `sso-admin create-permission-set`, then what it has.
    CreatePermissionSet {
        /// The instance, `arn:aws:sso:::instance/ssoins-…`.
        instance: String,
        /// A name for it, in the form of an ARN, until AWS gives it its own: `arn:aws:sso:::permissionSet/ssoins-…/ps-reader`.
        set: String,
        /// What it is made of.
        made_of: Box<SetParts>,
    },
    /// `sso-admin delete-permission-set`, of one that no account has.
    DeletePermissionSet {
        /// The instance.
        instance: String,
        /// Its ARN.
        set: String,
        /// What it is made of.
        made_of: Box<SetParts>,
    },
    /// What a permission set has, then `sso-admin provision-permission-set` where it is provisioned.
    SetPermissionSet {
        /// The instance.
        instance: String,
        /// Its ARN.
        set: String,
        /// What it is to be made of.
        made_of: Box<SetParts>,
        /// What it was made of.
        was: Box<SetParts>,
    },
    /// `sso-admin create-account-assignment`.
    CreateAccountAssignment {
        /// The instance.
        instance: String,
        /// The permission set's ARN.
        set: String,
        /// The account.
        account: AccountId,
        /// Whom.
        principal: Principal,
    },
    /// `sso-admin delete-account-assignment`.
    DeleteAccountAssignment {
        /// The instance.
        instance: String,
        /// The permission set's ARN.
        set: String,
        /// The account.
        account: AccountId,
        /// Whom.
        principal: Principal,
    },
}

/// What a permission set is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "whoever makes one needs all of it")]
pub struct SetParts {
    /// Its name, which never changes.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How long a session lasts: `PT4H`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_duration: Option<String>,
    /// Where people land in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay_state: Option<String>,
    /// Its inline policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<WireDocument>,
    /// Managed policies of AWS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed: Vec<Arn>,
    /// The customer's managed policies, which every account must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customer_managed: Vec<CustomerPolicy>,
    /// Its boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Boundary>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Letters of a name (IAM Identity Center API Reference, `CreatePermissionSet`).
const NAME_MAX: usize = 32;

impl CenterChange {
    /// The names of the changes in JSON.
    pub(super) const KINDS: [&str; 5] = [
        "create_permission_set",
        "delete_permission_set",
        "set_permission_set",
        "create_account_assignment",
        "delete_account_assignment",
    ];

    /// The instance that it is made in.
    pub fn instance(&self) -> &str {
        let (Self::CreatePermissionSet { instance, .. }
        | Self::DeletePermissionSet { instance, .. }
        | Self::SetPermissionSet { instance, .. }
        | Self::CreateAccountAssignment { instance, .. }
        | Self::DeleteAccountAssignment { instance, .. }) = self;
        instance
    }

    /// The permission set's ARN.
    pub fn set(&self) -> &str {
        let (Self::CreatePermissionSet { set, .. }
        | Self::DeletePermissionSet { set, .. }
        | Self::SetPermissionSet { set, .. }
        | Self::CreateAccountAssignment { set, .. }
        | Self::DeleteAccountAssignment { set, .. }) = self;
        set
    }

    /// The permission set's name, where the change says it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::CreatePermissionSet { made_of, .. }
            | Self::DeletePermissionSet { made_of, .. }
            | Self::SetPermissionSet { made_of, .. } => Some(&made_of.name),
            Self::CreateAccountAssignment { .. } | Self::DeleteAccountAssignment { .. } => None,
        }
    }

    /// The account that people come into by it.
    pub fn target(&self) -> Option<AccountId> {
        match self {
            Self::CreateAccountAssignment { account, .. } | Self::DeleteAccountAssignment { account, .. } => {
                Some(*account)
            }
            _ => None,
        }
    }

    /// Makes the change; the estate stays as it was when it fails: each arm asks everything before it writes.
    pub(super) fn apply_to(&self, estate: &mut Estate) -> Result<(), ChangeError> {
        let set = id_of(self.set(), self.instance())?;
        match self {
            Self::CreatePermissionSet { set: arn, made_of, .. } => {
                must_fit(made_of)?;
                let listed = known(&estate.identity_center.listed)?;
                if listed.contains(set) {
                    return Err(ChangeError::NothingToDo(format!("{set} is there already")));
                }
                name_is_free(estate, &made_of.name)?;
                let made = made_of.as_set(arn);
                estate.identity_center.permission_sets.insert(set.to_owned(), made);
                change(&mut estate.identity_center.listed)?.insert(set.to_owned());
            }
            Self::DeletePermissionSet { made_of, .. } => {
                made_of.must_be(estate, set)?;
                let accounts = known(&held(estate, set)?.accounts)?;
                if let Some(account) = accounts.first() {
                    return Err(ChangeError::Refused(format!("{set} is provisioned in {account}")));
                }
                change(&mut estate.identity_center.listed)?.remove(set);
                estate.identity_center.permission_sets.remove(set);
            }
            Self::SetPermissionSet { set: arn, made_of, was, .. } => {
                must_fit(made_of)?;
                made_of.must_follow(was)?;
                was.must_be(estate, set)?;
                let held = held(estate, set)?;
                let accounts = held.accounts.clone();
                let made = PermissionSet { accounts: accounts.clone(), ..made_of.as_set(arn) };
                let accounts = known(&accounts)?.clone();
                estate.identity_center.permission_sets.insert(set.to_owned(), made.placed_as(estate, set));
                for account in accounts {
                    doubt(estate, account, &made_of.name, &was.mark(), &made_of.mark());
                }
            }
            Self::CreateAccountAssignment { account, principal, .. } => {
                let name = name_of(estate, set)?;
                let mut all = assigned(estate, set, *account)?;
                if !all.insert(principal.clone()) {
                    let text = format!("{} has it already", words(principal));
                    return Err(ChangeError::NothingToDo(text));
                }
                let mark = mark_of(set, *account, principal);
                put(estate, set, *account, all);
                if !believe(estate, *account, &name, &mark) {
                    estate.identity_center.planned.insert(mark);
                }
            }
            Self::DeleteAccountAssignment { account, principal, .. } => {
                let name = name_of(estate, set)?;
                let mut all = assigned(estate, set, *account)?;
                if !all.remove(principal) {
                    return Err(ChangeError::NotThere { kind: "assignment", name: words(principal) });
                }
                let mark = mark_of(set, *account, principal);
                put(estate, set, *account, all);
                if !estate.identity_center.planned.remove(&mark) {
                    insert(estate, *account, &name, &mark);
                }
            }
        }
        Ok(())
    }

    /// What undoes the change.
    pub(super) fn inverse(&self) -> Self {
        match self.clone() {
            Self::CreatePermissionSet { instance, set, made_of } => {
                Self::DeletePermissionSet { instance, set, made_of }
            }
            Self::DeletePermissionSet { instance, set, made_of } => {
                Self::CreatePermissionSet { instance, set, made_of }
            }
            Self::SetPermissionSet { instance, set, made_of, was } => {
                Self::SetPermissionSet { instance, set, made_of: was, was: made_of }
            }
            Self::CreateAccountAssignment { instance, set, account, principal } => {
                Self::DeleteAccountAssignment { instance, set, account, principal }
            }
            Self::DeleteAccountAssignment { instance, set, account, principal } => {
                Self::CreateAccountAssignment { instance, set, account, principal }
            }
        }
    }

    /// The sentence in Japanese.
    pub(super) fn japanese(&self) -> String {
        let set = self.set().rsplit('/').next().unwrap_or_default();
        match self {
            Self::CreatePermissionSet { made_of, .. } => {
                format!("許可セット「{}」を作成する", made_of.name)
            }
            Self::DeletePermissionSet { made_of, .. } => {
                format!("許可セット「{}」（{set}）を削除する", made_of.name)
            }
            Self::SetPermissionSet { made_of, .. } => {
                format!("許可セット「{}」（{set}）の内容を置き換え、プロビジョニングする", made_of.name)
            }
            Self::CreateAccountAssignment { account, principal, .. } => {
                format!("許可セット {set} をアカウント {account} で{}に割り当てる", japanese(principal))
            }
            Self::DeleteAccountAssignment { account, principal, .. } => {
                format!(
                    "許可セット {set} のアカウント {account} での{}への割り当てを外す",
                    japanese(principal)
                )
            }
        }
    }
}

impl fmt::Display for CenterChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.set().rsplit('/').next().unwrap_or_default();
        match self {
            Self::CreatePermissionSet { made_of, .. } => {
                write!(f, "create the permission set `{}`", made_of.name)
            }
            Self::DeletePermissionSet { made_of, .. } => {
                write!(f, "delete the permission set `{}` ({set})", made_of.name)
            }
            Self::SetPermissionSet { made_of, .. } => {
                write!(f, "replace what the permission set `{}` ({set}) has, and provision it", made_of.name)
            }
            Self::CreateAccountAssignment { account, principal, .. } => {
                write!(f, "assign the permission set {set} in {account} to the {}", words(principal))
            }
            Self::DeleteAccountAssignment { account, principal, .. } => {
                write!(f, "take the permission set {set} in {account} from the {}", words(principal))
            }
        }
    }
}

impl SetParts {
    fn as_set(&self, arn: &str) -> PermissionSet {
        let described = Description {
            arn: arn.to_owned(),
            name: self.name.clone(),
            text: self.description.clone(),
            session_duration: self.session_duration.clone(),
            relay_state: self.relay_state.clone(),
        };
        PermissionSet {
            described: planned(described),
            inline: planned(self.inline.as_ref().map(policy)),
            managed: planned(sorted(&self.managed)),
            customer_managed: planned(sorted(&self.customer_managed)),
            boundary: planned(self.boundary.clone()),
            tags: planned(self.tags.clone()),
            accounts: planned(BTreeSet::new()),
        }
    }

    /// Whether the estate's set is made of just this; what is not known of it nobody could put back.
    fn must_be(&self, estate: &Estate, set: &str) -> Result<(), ChangeError> {
        let held = held(estate, set)?;
        let described = known(&held.described)?;
        let own = self.as_set(&described.arn);
        let differs = |what: &str| Err(ChangeError::Refused(format!("the {what} of {set} is another one")));
        if Some(described) != own.described.value() {
            return differs("description");
        }
        if Some(known(&held.inline)?) != own.inline.value() {
            return differs("inline policy");
        }
        if Some(known(&held.managed)?) != own.managed.value() {
            return differs("list of managed policies");
        }
        if Some(known(&held.customer_managed)?) != own.customer_managed.value() {
            return differs("list of the customer's managed policies");
        }
        if Some(known(&held.boundary)?) != own.boundary.value() {
            return differs("boundary");
        }
        if Some(known(&held.tags)?) != own.tags.value() {
            return differs("tags");
        }
        Ok(())
    }

    /// What AWS can make of another: no name changes, and what `UpdatePermissionSet` sets it cannot take away again.
    fn must_follow(&self, was: &Self) -> Result<(), ChangeError> {
        if self == was {
            return Err(ChangeError::NothingToDo("it is made of that already".to_owned()));
        }
        if self.name != was.name {
            return Err(ChangeError::Refused("a permission set keeps its name".to_owned()));
        }
        let both = [
            ("description", self.description.is_some(), was.description.is_some()),
            ("session duration", self.session_duration.is_some(), was.session_duration.is_some()),
            ("relay state", self.relay_state.is_some(), was.relay_state.is_some()),
        ];
        match both.iter().find(|(_, now, before)| now != before) {
            Some((what, ..)) => Err(ChangeError::Refused(format!(
                "AWS replaces the {what} of a permission set, and takes none away: say it in both or in neither"
            ))),
            None => Ok(()),
        }
    }

    /// A word for all of it.
    fn mark(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        format!("what it holds after {} was edited ({:016x})", self.name, fnv(&text))
    }
}

/// FNV-1a: a word for a text; nothing rests on its strength.
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl PermissionSet {
    /// With the sources of the set that it takes the place of, so that a way back leads to the same.
    fn placed_as(mut self, estate: &Estate, set: &str) -> Self {
        let Some(before) = estate.identity_center.permission_sets.get(set) else { return self };
        let source = |fact: Option<SourceId>| fact.unwrap_or(SourceId::PLANNED);
        self.described.place(source(before.described.fact().map(|fact| fact.source)));
        self.inline.place(source(before.inline.fact().map(|fact| fact.source)));
        self.managed.place(source(before.managed.fact().map(|fact| fact.source)));
        self.customer_managed.place(source(before.customer_managed.fact().map(|fact| fact.source)));
        self.boundary.place(source(before.boundary.fact().map(|fact| fact.source)));
        self.tags.place(source(before.tags.fact().map(|fact| fact.source)));
        self
    }
}

fn sorted<T: Ord + Clone>(list: &[T]) -> Vec<T> {
    let mut list = list.to_vec();
    list.sort();
    list
}

fn planned<T>(value: T) -> Known<T> {
    Known::new(value, SourceId::PLANNED)
}

fn known<T>(told: &Known<T>) -> Result<&T, ChangeError> {
    told.known().map_err(|gap| ChangeError::NotKnown(gap.to_string()))
}

fn change<T>(told: &mut Known<T>) -> Result<&mut T, ChangeError> {
    match told {
        Known::Known(fact) => Ok(&mut fact.value),
        Known::Unknown(gap) => Err(ChangeError::NotKnown(gap.to_string())),
    }
}

fn held<'e>(estate: &'e Estate, set: &str) -> Result<&'e PermissionSet, ChangeError> {
    let held = estate.identity_center.permission_sets.get(set);
    held.ok_or_else(|| ChangeError::NotThere { kind: "permission set", name: set.to_owned() })
}

fn name_of(estate: &Estate, set: &str) -> Result<String, ChangeError> {
    Ok(known(&held(estate, set)?.described)?.name.clone())
}

/// A name that a set has of which the name is not known may be this one.
fn name_is_free(estate: &Estate, name: &str) -> Result<(), ChangeError> {
    for set in estate.identity_center.permission_sets.values() {
        if known(&set.described)?.name == name {
            return Err(ChangeError::Refused(format!("there is a permission set `{name}` already")));
        }
    }
    Ok(())
}

fn assigned(estate: &Estate, set: &str, account: AccountId) -> Result<BTreeSet<Principal>, ChangeError> {
    let told = estate.identity_center.assigned(set, account);
    told.map_err(|gap| ChangeError::NotKnown(gap.to_string()))
}

fn put(estate: &mut Estate, set: &str, account: AccountId, all: BTreeSet<Principal>) {
    let center = &mut estate.identity_center;
    let key = (set.to_owned(), account);
    match center.assignments.get_mut(&key) {
        Some(Known::Known(fact)) if fact.source != SourceId::PLANNED || !all.is_empty() => fact.value = all,
        // Where nobody was asked because there is no role of the set, that nobody has it needs no entry.
        _ if all.is_empty() => drop(center.assignments.remove(&key)),
        _ => drop(center.assignments.insert(key, planned(all))),
    }
}

fn gap_of(mark: &str) -> Gap {
    Gap { dataset: Dataset::PermissionSets, reason: GapReason::FieldAbsent(mark.to_owned()) }
}

fn mark_of(set: &str, account: AccountId, principal: &Principal) -> String {
    format!("whether the {} still comes by {set} in {account}", words(principal))
}

/// The grants of the role that Identity Center made of a set in an account.
fn grants<'e>(
    estate: &'e mut Estate,
    account: AccountId,
    name: &str,
) -> Option<&'e mut crate::model::Grants> {
    let account = estate.accounts.get_mut(&account)?;
    let is_it = |role: &crate::model::Role| {
        role.path.starts_with(ROLES_PATH) && set_of_role(&role.name) == Some(name)
    };
    let role = account.roles.values().find(|role| is_it(role))?.name.clone();
    Some(&mut account.roles.get_mut(&role)?.grants)
}

fn insert(estate: &mut Estate, account: AccountId, name: &str, mark: &str) {
    if let Some(grants) = grants(estate, account, name) {
        grants.gaps.insert(gap_of(mark));
    }
}

/// Whether a doubt is there, and goes with this.
fn believe(estate: &mut Estate, account: AccountId, name: &str, mark: &str) -> bool {
    grants(estate, account, name).is_some_and(|grants| grants.gaps.remove(&gap_of(mark)))
}

/// An edit leads away from something known, or back to it.
fn doubt(estate: &mut Estate, account: AccountId, name: &str, from: &str, to: &str) {
    if !believe(estate, account, name, to) {
        insert(estate, account, name, from);
    }
}

/// The id in a permission set's ARN, which names the instance (IAM Identity Center API Reference, `CreatePermissionSet`).
fn id_of<'a>(arn: &'a str, instance: &str) -> Result<&'a str, ChangeError> {
    let (before, of_instance) = instance
        .split_once(":sso:::instance/")
        .filter(|(before, id)| before.starts_with("arn:aws") && is_id(id))
        .ok_or_else(|| {
            ChangeError::Refused(format!(
                "`{instance}` is no ARN of an instance of Identity Center, `arn:aws:sso:::instance/ssoins-…`: `aws sso-admin list-instances` tells it"
            ))
        })?;
    let prefix = format!("{before}:sso:::permissionSet/{of_instance}/");
    let id = arn.strip_prefix(prefix.as_str());
    id.filter(|id| id.strip_prefix("ps-").is_some_and(is_id)).ok_or_else(|| {
        ChangeError::Refused(format!(
            "`{arn}` is no ARN of a permission set of {instance}: it begins with `{prefix}ps-`"
        ))
    })
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|letter| letter.is_ascii_alphanumeric() || "-.".contains(letter))
}

/// An hour to twelve, in hours and minutes of ISO 8601.
fn is_duration(text: &str) -> bool {
    let minutes = || {
        let rest = text.strip_prefix("PT")?;
        let (hours, rest) = rest.split_once('H').unwrap_or(("0", rest));
        let minutes = if rest.is_empty() { "0" } else { rest.strip_suffix('M')? };
        let number = |text: &str| text.parse::<u16>().ok().filter(|_| !text.starts_with('+'));
        number(hours)?.checked_mul(60)?.checked_add(number(minutes)?)
    };
    minutes().is_some_and(|minutes| (60..=720).contains(&minutes))
}

/// IAM Identity Center API Reference, `CreatePermissionSet`.
fn must_fit(made_of: &SetParts) -> Result<(), ChangeError> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    let name = &made_of.name;
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(is_letter) {
        return Err(ChangeError::Refused(format!(
            "a permission set's name has 1 to {NAME_MAX} letters, digits and `+=,.@_-`"
        )));
    }
    if !made_of.session_duration.as_deref().is_none_or(is_duration) {
        return Err(ChangeError::Refused("a session lasts `PT1H` to `PT12H`".to_owned()));
    }
    if let Some(arn) = made_of.managed.iter().find(|arn| arn.account().is_some()) {
        return Err(ChangeError::Refused(format!(
            "`{arn}` is a policy of one account: name it in `customer_managed`, by path and name"
        )));
    }
    made_of.tags.iter().try_for_each(|(key, value)| must_be_a_tag(key, value))
}

fn words(principal: &Principal) -> String {
    match principal {
        Principal::User(id) => format!("user {id}"),
        Principal::Group(id) => format!("group {id}"),
    }
}

fn japanese(principal: &Principal) -> String {
    match principal {
        Principal::User(id) => format!("ユーザー {id} "),
        Principal::Group(id) => format!("グループ {id} "),
    }
}
