//! IAM Identity Center: `sso-admin list-instances`, `list-permission-sets`, what describes a permission set and what it has,
//! `list-account-assignments`; `identitystore list-users`, `list-groups`, `list-group-memberships`.
//!
//! Few of these answers name what they are about; the place of their file does: `permission-set/ps-…/`, `account-assignments/ps-…/ACCOUNT.json`,
//! `group-memberships/GROUP.json`. `Users`, `Groups` and `Tags` are members of other services' answers, too, and are read where a file is
//! called so.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::content::Content;
use super::fault::Fault;
use super::object::{Object, Reading, place};
use super::wire::{Policies, Text, list};
use crate::center::{Boundary, CustomerPolicy, Description, Instance, Person, Principal};
use crate::fact::{Dataset, Gap, GapReason, Known, SourceId};
use crate::model::Policy;
use kagimori_id::{AccountId, Arn};

/// What an answer tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Instances(Vec<Instance>),
    /// The ids of permission sets.
    Sets(Vec<String>),
    Users(Vec<(String, Person)>),
    Groups(Vec<(String, String)>),
    /// A part of a permission set, by its id.
    Of(String, Part),
    Assigned(String, AccountId, Known<BTreeSet<Principal>>),
    Members(String, Known<BTreeSet<String>>),
}

/// A part of a permission set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Described(Known<Description>),
    Inline(Known<Option<Policy>>),
    Managed(Known<Vec<Arn>>),
    CustomerManaged(Known<Vec<CustomerPolicy>>),
    Bounded(Known<Option<Boundary>>),
    Tags(Known<BTreeMap<String, String>>),
    Accounts(Known<BTreeSet<AccountId>>),
}

/// What the files of a permission set are called beside `description`, and the member that the answer in each has: one that leaves it out
/// tells nothing.
const MEMBERS: [(&str, &str); 6] = [
    ("inline-policy", "InlinePolicy"),
    ("managed-policies", "AttachedManagedPolicies"),
    ("customer-managed-policies", "CustomerManagedPolicyReferences"),
    ("permissions-boundary", "PermissionsBoundary"),
    ("tags", "Tags"),
    ("accounts", "AccountIds"),
];

/// Whether a dataset is Identity Center's.
pub(super) fn is_of_center(dataset: Dataset) -> bool {
    matches!(
        dataset,
        Dataset::IdentityCenter
            | Dataset::PermissionSets
            | Dataset::AccountAssignments
            | Dataset::CenterUsers
            | Dataset::CenterGroups
            | Dataset::GroupMemberships
    )
}

impl Told {
    /// Whose answer it is.
    pub(super) fn dataset(&self) -> Dataset {
        match self {
            Self::Instances(_) => Dataset::IdentityCenter,
            Self::Sets(_) | Self::Of(..) => Dataset::PermissionSets,
            Self::Users(_) => Dataset::CenterUsers,
            Self::Groups(_) => Dataset::CenterGroups,
            Self::Assigned(..) => Dataset::AccountAssignments,
            Self::Members(..) => Dataset::GroupMemberships,
        }
    }
}

/// Reads an object as an answer of Identity Center; `None`: it is something else.
pub(super) fn read(object: &Object<'_>, named: Option<Dataset>) -> Option<Result<Reading, Fault>> {
    let has = |name: &str| object.has(name);
    Some(match named {
        Some(Dataset::CenterUsers) if has("Users") => users(object),
        Some(Dataset::CenterGroups) if has("Groups") => groups(object),
        Some(Dataset::GroupMemberships) if has("GroupMemberships") => members(object),
        Some(Dataset::PermissionSets) if has("PermissionSets") => sets(object),
        Some(Dataset::PermissionSets) => part(object)?,
        Some(Dataset::AccountAssignments) if has("AccountAssignments") => assigned(object),
        _ if has("Instances")
            && (named == Some(Dataset::IdentityCenter) || holds(object, "IdentityStoreId")) =>
        {
            instances(object)
        }
        _ if has("PermissionSets") => sets(object),
        _ if has("AccountAssignments") => assigned(object),
        _ if has("GroupMemberships") => members(object),
        _ if has("PermissionSet") => described(object),
        _ if has("Users") && holds(object, "IdentityStoreId") => users(object),
        _ if has("Groups") && holds(object, "IdentityStoreId") => groups(object),
        _ => return None,
    })
}

/// What a file would have told that cannot be read, or was refused; `None`: its place does not say of what.
pub(super) fn lost(path: &str, dataset: Dataset, gap: &Gap) -> Option<Told> {
    let (stem, _) = place(path);
    let gap = || gap.clone();
    match dataset {
        Dataset::PermissionSets => {
            let part = match stem {
                "description" => Part::Described(Known::Unknown(gap())),
                "inline-policy" => Part::Inline(Known::Unknown(gap())),
                "managed-policies" => Part::Managed(Known::Unknown(gap())),
                "customer-managed-policies" => Part::CustomerManaged(Known::Unknown(gap())),
                "permissions-boundary" => Part::Bounded(Known::Unknown(gap())),
                "tags" => Part::Tags(Known::Unknown(gap())),
                "accounts" => Part::Accounts(Known::Unknown(gap())),
                _ => return None,
            };
            Some(Told::Of(set_of_place(path)?, part))
        }
        Dataset::AccountAssignments => {
            let account = AccountId::parse(stem).ok()?;
            Some(Told::Assigned(set_of_place(path)?, account, Known::Unknown(gap())))
        }
        Dataset::GroupMemberships => Some(Told::Members(stem.to_owned(), Known::Unknown(gap()))),
        _ => None,
    }
}

/// That a permission set has no boundary, AWS tells as something that is not there.
pub(super) fn no_boundary(path: &str) -> Option<Told> {
    Some(Told::Of(set_of_place(path)?, Part::Bounded(Known::new(None, SourceId::UNPLACED))))
}

fn holds(object: &Object<'_>, member: &str) -> bool {
    object.json().contains(&format!("\"{member}\""))
}

fn reading(told: Told, truncated: bool) -> Result<Reading, Fault> {
    Ok(Reading::page(Content::Center(told), truncated))
}

fn instances(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireInstances<'_> = object.parse()?;
    let instance =
        |wire: WireInstance| Instance { arn: wire.instance_arn, identity_store: wire.identity_store_id };
    let all = wire.instances.into_iter().map(instance).collect();
    reading(Told::Instances(all), wire.next_token.is_some())
}

fn sets(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireSets<'_> = object.parse()?;
    let ids = wire.permission_sets.iter().map(|arn| id_of(arn)).collect::<Result<_, _>>()?;
    reading(Told::Sets(ids), wire.next_token.is_some())
}

fn users(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireUsers<'_> = object.parse()?;
    let person = |user: WireUser| {
        let is_enabled = user.user_status.map(|status| status.eq_ignore_ascii_case("ENABLED"));
        let name = user.user_name.or(user.display_name).unwrap_or_else(|| user.user_id.clone());
        (user.user_id, Person { name, is_enabled })
    };
    reading(Told::Users(wire.users.into_iter().map(person).collect()), wire.next_token.is_some())
}

fn groups(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireGroups<'_> = object.parse()?;
    let named = |group: WireGroup| {
        let name = group.display_name.unwrap_or_else(|| group.group_id.clone());
        (group.group_id, name)
    };
    reading(Told::Groups(wire.groups.into_iter().map(named).collect()), wire.next_token.is_some())
}

fn members(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireMemberships<'_> = object.parse()?;
    let named = wire.group_memberships.iter().find_map(|held| held.group_id.clone());
    let (stem, mut folders) = object.named_after();
    let by_place = || folders.any(|folder| folder == "group-memberships").then(|| stem.to_owned());
    let Some(group) = named.or_else(by_place) else {
        return Err(Fault::new("the answer does not name the group whose members it lists")
            .hint("name the file after it, as in `group-memberships/GROUP.json`"));
    };
    let members = wire.group_memberships.into_iter().filter_map(|held| held.member_id.user_id);
    let members = whole(members.collect(), Dataset::GroupMemberships, wire.next_token.as_ref());
    reading(Told::Members(group, members), false)
}

fn assigned(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireAssignments<'_> = object.parse()?;
    let (stem, _) = object.named_after();
    let by_place = set_of_place(object.path()).zip(AccountId::parse(stem).ok());
    let named = wire.account_assignments.first();
    let named = named.map(|held| Ok((id_of(&held.permission_set_arn)?, held.account_id))).transpose()?;
    let Some((set, account)) = named.or(by_place) else {
        return Err(Fault::new(
            "the answer does not name the permission set and the account that it is about",
        )
        .hint("put it where they stand, as in `account-assignments/ps-0123456789abcdef/111122223333.json`"));
    };
    if wire.account_assignments.iter().any(|held| held.account_id != account) {
        return Err(Fault::new("it speaks of several accounts")
            .hint("write the answer about each account into a file of its own"));
    }
    let principals = wire.account_assignments.into_iter().map(WireAssignment::principal);
    let principals = principals.collect::<Result<_, _>>()?;
    let principals = whole(principals, Dataset::AccountAssignments, wire.next_token.as_ref());
    reading(Told::Assigned(set, account, principals), false)
}

fn described(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireDescribed = object.parse()?;
    let wire = wire.permission_set;
    let id = id_of(&wire.permission_set_arn)?;
    let description = Description {
        arn: wire.permission_set_arn,
        name: wire.name,
        text: wire.description,
        session_duration: wire.session_duration,
        relay_state: wire.relay_state,
    };
    reading(Told::Of(id, Part::Described(Known::new(description, SourceId::UNPLACED))), false)
}

/// An answer in the folder of a permission set.
fn part(object: &Object<'_>) -> Option<Result<Reading, Fault>> {
    if object.has("PermissionSet") {
        return Some(described(object));
    }
    let set = set_of_place(object.path())?;
    let (stem, _) = object.named_after();
    let (_, member) = MEMBERS.iter().find(|(name, _)| *name == stem)?;
    if !object.has(member) {
        return Some(Err(Fault::new(format!("the answer has no `{member}`"))));
    }
    let told = match stem {
        "inline-policy" => return Some(inline(object, set)),
        "managed-policies" => managed(object),
        "customer-managed-policies" => customer_managed(object),
        "permissions-boundary" => bounded(object),
        "tags" => tags(object),
        _ => accounts(object),
    };
    Some(told.and_then(|part| reading(Told::Of(set, part), false)))
}

fn inline(object: &Object<'_>, set: String) -> Result<Reading, Fault> {
    let wire: WireInline<'_> = object.parse()?;
    let mut documents = Policies::of(object.file());
    // AWS tells an empty text where there is none.
    let text = wire.inline_policy.filter(|raw| !matches!(raw.get(), "\"\"" | "null"));
    let policy =
        text.map(|raw| documents.read(raw, || format!("the inline policy of the permission set `{set}`")));
    let content = Content::Center(Told::Of(set, Part::Inline(Known::new(policy, SourceId::UNPLACED))));
    Ok(Reading { content, truncated: false, faults: documents.faults })
}

fn managed(object: &Object<'_>) -> Result<Part, Fault> {
    let wire: WireManaged<'_> = object.parse()?;
    let mut arns: Vec<Arn> = wire.attached_managed_policies.into_iter().map(|one| one.arn).collect();
    arns.sort();
    Ok(Part::Managed(whole(arns, Dataset::PermissionSets, wire.next_token.as_ref())))
}

fn customer_managed(object: &Object<'_>) -> Result<Part, Fault> {
    let wire: WireCustomer<'_> = object.parse()?;
    let mut all: Vec<_> =
        wire.customer_managed_policy_references.into_iter().map(WireReference::read).collect();
    all.sort();
    Ok(Part::CustomerManaged(whole(all, Dataset::PermissionSets, wire.next_token.as_ref())))
}

fn bounded(object: &Object<'_>) -> Result<Part, Fault> {
    let wire = object.parse::<WireBounded>()?.permissions_boundary;
    let boundary =
        wire.and_then(|wire| match (wire.managed_policy_arn, wire.customer_managed_policy_reference) {
            (Some(arn), _) => Some(Boundary::Managed(arn)),
            (None, Some(reference)) => Some(Boundary::CustomerManaged(reference.read())),
            (None, None) => None,
        });
    Ok(Part::Bounded(Known::new(boundary, SourceId::UNPLACED)))
}

fn tags(object: &Object<'_>) -> Result<Part, Fault> {
    let wire: WireTags<'_> = object.parse()?;
    let tags = wire.tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    Ok(Part::Tags(whole(tags, Dataset::PermissionSets, wire.next_token.as_ref())))
}

fn accounts(object: &Object<'_>) -> Result<Part, Fault> {
    let wire: WireAccounts<'_> = object.parse()?;
    let accounts = wire.account_ids.into_iter().collect();
    Ok(Part::Accounts(whole(accounts, Dataset::PermissionSets, wire.next_token.as_ref())))
}

/// A list whose end is not there is not known.
fn whole<T>(value: T, dataset: Dataset, more: Option<&Text<'_>>) -> Known<T> {
    match more {
        Some(_) => Known::Unknown(Gap { dataset, reason: GapReason::Truncated }),
        None => Known::new(value, SourceId::UNPLACED),
    }
}

/// The id of a permission set, out of its ARN.
fn id_of(arn: &str) -> Result<String, Fault> {
    let id = arn.rsplit('/').next().filter(|id| id.starts_with("ps-"));
    id.map(str::to_owned).ok_or_else(|| Fault::new(format!("`{arn}` is no ARN of a permission set")))
}

/// The permission set whose folder a file lies in.
fn set_of_place(path: &str) -> Option<String> {
    let (_, mut folders) = place(path);
    folders.find(|folder| folder.starts_with("ps-")).map(str::to_owned)
}

impl WireAssignment {
    fn principal(self) -> Result<Principal, Fault> {
        match self.principal_type.as_str() {
            "USER" => Ok(Principal::User(self.principal_id)),
            "GROUP" => Ok(Principal::Group(self.principal_id)),
            other => Err(Fault::new(format!("`{other}` is no kind of principal that is known"))),
        }
    }
}

impl WireReference {
    fn read(self) -> CustomerPolicy {
        CustomerPolicy { name: self.name, path: self.path.unwrap_or_else(|| "/".to_owned()) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireInstances<'a> {
    #[serde(default, deserialize_with = "list")]
    instances: Vec<WireInstance>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireInstance {
    instance_arn: String,
    identity_store_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireSets<'a> {
    #[serde(default, deserialize_with = "list")]
    permission_sets: Vec<String>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireUsers<'a> {
    #[serde(default, deserialize_with = "list")]
    users: Vec<WireUser>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireUser {
    user_id: String,
    user_name: Option<String>,
    display_name: Option<String>,
    user_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireGroups<'a> {
    #[serde(default, deserialize_with = "list")]
    groups: Vec<WireGroup>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireGroup {
    group_id: String,
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireMemberships<'a> {
    #[serde(default, deserialize_with = "list")]
    group_memberships: Vec<WireMembership>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireMembership {
    group_id: Option<String>,
    member_id: WireMember,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireMember {
    user_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAssignments<'a> {
    #[serde(default, deserialize_with = "list")]
    account_assignments: Vec<WireAssignment>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAssignment {
    account_id: AccountId,
    permission_set_arn: String,
    principal_type: String,
    principal_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireDescribed {
    permission_set: WireDescription,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireDescription {
    permission_set_arn: String,
    name: String,
    description: Option<String>,
    session_duration: Option<String>,
    relay_state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireInline<'a> {
    #[serde(borrow)]
    inline_policy: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireManaged<'a> {
    #[serde(default, deserialize_with = "list")]
    attached_managed_policies: Vec<WireAttached>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAttached {
    arn: Arn,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireCustomer<'a> {
    #[serde(default, deserialize_with = "list")]
    customer_managed_policy_references: Vec<WireReference>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireReference {
    name: String,
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireBounded {
    permissions_boundary: Option<WireBoundary>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireBoundary {
    managed_policy_arn: Option<Arn>,
    customer_managed_policy_reference: Option<WireReference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireTags<'a> {
    #[serde(default, deserialize_with = "list")]
    tags: Vec<WireTag>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireTag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAccounts<'a> {
    #[serde(default, deserialize_with = "list")]
    account_ids: Vec<AccountId>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}
