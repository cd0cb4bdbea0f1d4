//! `iam get-account-authorization-details`: users, groups, roles and managed policies with their documents.
//!
//! One answer is one page. Policy documents are objects or URL-encoded strings. An entity that is not of this account,
//! such as an AWS managed policy, is kept; the account is told by the others' ARNs.
//!
//! A list that is left out is not known: a `--query` left it out. AWS itself writes every list, be it empty, but one: a
//! user without inline policies has no `UserPolicyList` (`API_GetAccountAuthorizationDetails`, Alice in the sample response).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::content::Content;
use super::fault::Fault;
use super::object::{Object, Reading};
use super::wire::{Instant, Policies, Text, list};
use crate::fact::{Dataset, Gap, GapReason, Known, SourceId};
use crate::model::{
    Grants, Group, Listing, ManagedPolicy, Policy, PolicyVersion, Role, RoleUse, UserDetails,
};
use kagimori_id::{AccountId, Arn, UniqueId};

/// One page. The sources of its entities are [`SourceId::UNPLACED`] until the files are in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// The lists that it has, be they empty.
    pub(super) listed: BTreeSet<Listing>,
    pub(super) users: Vec<UserRecord>,
    pub(super) groups: Vec<Group>,
    pub(super) roles: Vec<Role>,
    pub(super) policies: Vec<ManagedPolicy>,
}

/// What the authorization details say of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserRecord {
    pub(super) name: String,
    pub(super) arn: Arn,
    pub(super) created: Option<Timestamp>,
    pub(super) details: UserDetails,
}

impl Page {
    /// The ARNs of the entities, for the account they are of.
    pub(super) fn arns(&self) -> impl Iterator<Item = &Arn> {
        let users = self.users.iter().map(|user| &user.arn);
        let groups = self.groups.iter().map(|group| &group.arn);
        let roles = self.roles.iter().map(|role| &role.arn);
        users.chain(groups).chain(roles).chain(self.policies.iter().map(|policy| &policy.arn))
    }

    /// What it says of one account, and of AWS's own policies.
    pub(super) fn of(&self, account: AccountId) -> Self {
        fn own<T: Clone>(all: &[T], account: AccountId, arn: impl Fn(&T) -> &Arn) -> Vec<T> {
            let is_own = |one: &&T| arn(one).account().is_none_or(|named| named == account);
            all.iter().filter(is_own).cloned().collect()
        }
        Self {
            listed: self.listed.clone(),
            users: own(&self.users, account, |user| &user.arn),
            groups: own(&self.groups, account, |group| &group.arn),
            roles: own(&self.roles, account, |role| &role.arn),
            policies: own(&self.policies, account, |policy| &policy.arn),
        }
    }
}

/// Reads one page.
pub(super) fn read(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WirePage<'_> = object.parse()?;
    let truncated = wire.is_truncated.unwrap_or(wire.marker.is_some()) || wire.next_token.is_some();
    let mut documents = Policies::of(object.file());
    let listed = [
        (Listing::Users, wire.user_detail_list.is_some()),
        (Listing::Groups, wire.group_detail_list.is_some()),
        (Listing::Roles, wire.role_detail_list.is_some()),
        (Listing::Policies, wire.policies.is_some()),
    ];
    let page = Page {
        listed: listed.into_iter().filter(|(_, is_there)| *is_there).map(|(list, _)| list).collect(),
        users: records(wire.user_detail_list, |user| user.record(&mut documents)),
        groups: records(wire.group_detail_list, |group| group.record(&mut documents)),
        roles: records(wire.role_detail_list, |role| role.record(&mut documents)),
        policies: records(wire.policies, |policy| policy.record(&mut documents)),
    };
    Ok(Reading { content: Content::Details(page), truncated, faults: documents.faults })
}

fn records<W, T>(wire: Option<Vec<W>>, record: impl FnMut(W) -> T) -> Vec<T> {
    wire.into_iter().flatten().map(record).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WirePage<'a> {
    #[serde(borrow)]
    user_detail_list: Option<Vec<WireUser<'a>>>,
    #[serde(borrow)]
    group_detail_list: Option<Vec<WireGroup<'a>>>,
    #[serde(borrow)]
    role_detail_list: Option<Vec<WireRole<'a>>>,
    #[serde(borrow)]
    policies: Option<Vec<WirePolicy<'a>>>,
    is_truncated: Option<bool>,
    /// There only when more follows, which a `--query` may have left unsaid.
    marker: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireUser<'a> {
    user_name: String,
    user_id: UniqueId,
    arn: Arn,
    path: Option<String>,
    create_date: Option<Instant>,
    #[serde(borrow)]
    user_policy_list: Option<Vec<WireInline<'a>>>,
    group_list: Option<Vec<String>>,
    attached_managed_policies: Option<Vec<WireAttached>>,
    permissions_boundary: Option<WireBoundary>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<WireTag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireGroup<'a> {
    group_name: String,
    group_id: UniqueId,
    arn: Arn,
    create_date: Option<Instant>,
    #[serde(borrow)]
    group_policy_list: Option<Vec<WireInline<'a>>>,
    attached_managed_policies: Option<Vec<WireAttached>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireRole<'a> {
    role_name: String,
    role_id: UniqueId,
    arn: Arn,
    path: Option<String>,
    create_date: Option<Instant>,
    #[serde(borrow)]
    assume_role_policy_document: &'a RawValue,
    #[serde(default, deserialize_with = "list")]
    instance_profile_list: Vec<WireInstanceProfile>,
    #[serde(borrow)]
    role_policy_list: Option<Vec<WireInline<'a>>>,
    attached_managed_policies: Option<Vec<WireAttached>>,
    permissions_boundary: Option<WireBoundary>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<WireTag>,
    role_last_used: Option<WireRoleUse>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WirePolicy<'a> {
    policy_name: Option<String>,
    arn: Arn,
    create_date: Option<Instant>,
    default_version_id: Option<String>,
    attachment_count: Option<u32>,
    permissions_boundary_usage_count: Option<u32>,
    #[serde(borrow)]
    policy_version_list: Option<Vec<WireVersion<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireVersion<'a> {
    version_id: String,
    is_default_version: Option<bool>,
    create_date: Option<Instant>,
    #[serde(borrow)]
    document: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireInline<'a> {
    policy_name: String,
    #[serde(borrow)]
    policy_document: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAttached {
    policy_arn: Arn,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireBoundary {
    permissions_boundary_arn: Arn,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireTag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireInstanceProfile {
    instance_profile_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireRoleUse {
    last_used_date: Option<Instant>,
    region: Option<String>,
}

impl<'a> WireUser<'a> {
    fn record(self, documents: &mut Policies<'a>) -> UserRecord {
        let owner = format!("user `{}`", self.user_name);
        let is_whole = self.group_list.is_some() && self.attached_managed_policies.is_some();
        let gaps = gaps(&[
            ("GroupList", self.group_list.is_some()),
            ("AttachedManagedPolicies", self.attached_managed_policies.is_some()),
            // AWS leaves it out of an answer that has all the rest
            ("UserPolicyList", self.user_policy_list.is_some() || is_whole),
        ]);
        let grants = Grants {
            inline: inline(self.user_policy_list, &owner, documents),
            attached: attached(self.attached_managed_policies),
            boundary: self.permissions_boundary.map(|boundary| boundary.permissions_boundary_arn),
            gaps,
        };
        let mut groups = self.group_list.unwrap_or_default();
        groups.sort();
        let path = self.path.unwrap_or_else(|| path(&self.arn));
        let details =
            UserDetails { id: self.user_id, path, groups, grants, tags: tags(self.tags), tags_gap: None };
        UserRecord { name: self.user_name, arn: self.arn, created: at(self.create_date), details }
    }
}

impl<'a> WireGroup<'a> {
    fn record(self, documents: &mut Policies<'a>) -> Group {
        let owner = format!("group `{}`", self.group_name);
        let gaps = gaps(&[
            ("GroupPolicyList", self.group_policy_list.is_some()),
            ("AttachedManagedPolicies", self.attached_managed_policies.is_some()),
        ]);
        let grants = Grants {
            inline: inline(self.group_policy_list, &owner, documents),
            attached: attached(self.attached_managed_policies),
            boundary: None,
            gaps,
        };
        let created = at(self.create_date);
        Group {
            name: self.group_name,
            arn: self.arn,
            id: self.group_id,
            created,
            grants,
            source: SourceId::UNPLACED,
        }
    }
}

impl<'a> WireRole<'a> {
    fn record(self, documents: &mut Policies<'a>) -> Role {
        let owner = format!("role `{}`", self.role_name);
        let trust =
            documents.read(self.assume_role_policy_document, || format!("the trust policy of {owner}"));
        let gaps = gaps(&[
            ("RolePolicyList", self.role_policy_list.is_some()),
            ("AttachedManagedPolicies", self.attached_managed_policies.is_some()),
        ]);
        let grants = Grants {
            inline: inline(self.role_policy_list, &owner, documents),
            attached: attached(self.attached_managed_policies),
            boundary: self.permissions_boundary.map(|boundary| boundary.permissions_boundary_arn),
            gaps,
        };
        let mut instance_profiles: Vec<String> =
            self.instance_profile_list.into_iter().map(|profile| profile.instance_profile_name).collect();
        instance_profiles.sort();
        Role {
            path: self.path.unwrap_or_else(|| path(&self.arn)),
            name: self.role_name,
            arn: self.arn,
            id: self.role_id,
            created: at(self.create_date),
            trust,
            grants,
            tags: tags(self.tags),
            tags_gap: None,
            last_used: last_used(self.role_last_used),
            instance_profiles,
            max_session_seconds: Known::not_given(Dataset::Roles),
            description: Known::not_given(Dataset::Roles),
            last_accessed: Known::not_given(Dataset::LastAccessed),
            source: SourceId::UNPLACED,
        }
    }
}

impl<'a> WirePolicy<'a> {
    fn record(self, documents: &mut Policies<'a>) -> ManagedPolicy {
        let name = self.policy_name.unwrap_or_else(|| self.arn.name().to_owned());
        let is_default = |version: &WireVersion<'_>| {
            let named = self.default_version_id.as_ref().is_some_and(|id| *id == version.version_id);
            named || version.is_default_version.unwrap_or(false)
        };
        let is_listed = self.policy_version_list.is_some();
        let (mut defaults, others): (Vec<_>, Vec<_>) =
            self.policy_version_list.into_iter().flatten().partition(is_default);
        let default = defaults.pop();
        let default_version = default.as_ref().map(|version| version.version_id.clone());
        let default_version = default_version.or(self.default_version_id).unwrap_or_else(String::new);
        let mut others: Vec<PolicyVersion> =
            others.into_iter().map(|version| version.record(&self.arn, documents)).collect();
        others.sort_by_key(|version| number(&version.id));
        let other_versions = match is_listed {
            true => Known::new(others, SourceId::UNPLACED),
            false => Known::field_absent(Dataset::AuthorizationDetails, "PolicyVersionList"),
        };
        let what = || format!("the managed policy `{}`", self.arn);
        let document = match default.and_then(|version| version.document) {
            Some(document) => documents.read(document, what),
            None => documents.missing(what),
        };
        ManagedPolicy {
            name,
            created: at(self.create_date),
            document,
            default_version,
            other_versions,
            attachments: self.attachment_count,
            boundary_uses: self.permissions_boundary_usage_count,
            arn: self.arn,
            source: SourceId::UNPLACED,
        }
    }
}

/// `{}` is AWS's way to say "not in the tracking period"; without the member nothing is said.
fn last_used(wire: Option<WireRoleUse>) -> Known<Option<RoleUse>> {
    let Some(wire) = wire else {
        return Known::field_absent(Dataset::AuthorizationDetails, "RoleLastUsed");
    };
    let role_use = wire.last_used_date.map(|at| RoleUse { at: at.0, region: wire.region });
    Known::new(role_use, SourceId::UNPLACED)
}

impl<'a> WireVersion<'a> {
    fn record(self, policy: &Arn, documents: &mut Policies<'a>) -> PolicyVersion {
        let what = || format!("version {} of the managed policy `{policy}`", self.version_id);
        let document = match self.document {
            Some(document) => documents.read(document, what),
            None => documents.missing(what),
        };
        PolicyVersion { created: at(self.create_date), document, id: self.version_id }
    }
}

/// `v10` comes after `v9`.
fn number(version: &str) -> (Option<u32>, String) {
    (version.strip_prefix('v').and_then(|number| number.parse().ok()), version.to_owned())
}

/// The lists that an entity lacks.
fn gaps(lists: &[(&str, bool)]) -> BTreeSet<Gap> {
    let absent = lists.iter().filter(|(_, is_there)| !is_there);
    absent
        .map(|(member, _)| Gap {
            dataset: Dataset::AuthorizationDetails,
            reason: GapReason::FieldAbsent((*member).to_owned()),
        })
        .collect()
}

fn inline<'a>(
    wire: Option<Vec<WireInline<'a>>>,
    owner: &str,
    documents: &mut Policies<'a>,
) -> Vec<(String, Policy)> {
    let read = |policy: WireInline<'a>| {
        let what = || format!("the inline policy `{}` of {owner}", policy.policy_name);
        let document = documents.read(policy.policy_document, what);
        (policy.policy_name, document)
    };
    let mut policies: Vec<_> = wire.into_iter().flatten().map(read).collect();
    policies.sort_by(|(a, _), (b, _)| a.cmp(b));
    policies
}

fn attached(wire: Option<Vec<WireAttached>>) -> Vec<Arn> {
    let mut arns: Vec<Arn> = wire.into_iter().flatten().map(|policy| policy.policy_arn).collect();
    arns.sort();
    arns
}

fn tags(wire: Vec<WireTag>) -> BTreeMap<String, String> {
    wire.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

fn at(instant: Option<Instant>) -> Option<Timestamp> {
    instant.map(|instant| instant.0)
}

/// The path of `…:user/division/team/name` is `/division/team/`.
fn path(arn: &Arn) -> String {
    let resource = arn.resource();
    let start = resource.find('/').unwrap_or_default();
    let end = resource.rfind('/').map_or(0, |end| end + 1);
    resource.get(start..end).unwrap_or("/").to_owned()
}
