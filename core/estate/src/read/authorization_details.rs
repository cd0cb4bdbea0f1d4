//! `iam get-account-authorization-details`: users, groups, roles and managed policies with their documents.
//!
//! One answer is one page. Lists may be left out, policy documents are objects or URL-encoded strings. An entity that
//! is not of this account, such as an AWS managed policy, is kept; the account is told by the others' ARNs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::Fault;
use super::wire::{Instant, Policies, PolicyFault, Text, answer, list};
use crate::fact::{Dataset, Known, SourceId};
use crate::id::{Arn, UniqueId};
use crate::model::{Grants, Group, ManagedPolicy, Policy, Role, RoleUse, UserDetails};

/// One page. The sources of its entities are [`SourceId::UNPLACED`] until the files are in order.
#[derive(Debug, Default)]
pub(super) struct Page {
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
}

/// Reads one page, and says whether another should follow.
pub(super) fn read(text: &str, start: usize, length: usize) -> Result<(Page, bool, Vec<PolicyFault>), Fault> {
    let wire: WirePage<'_> = answer(text, start, length)?;
    let truncated = wire.is_truncated.unwrap_or(false) || wire.next_token.is_some();
    let mut documents = Policies::of(text);
    let page = Page {
        users: wire.user_detail_list.into_iter().map(|user| user.record(&mut documents)).collect(),
        groups: wire.group_detail_list.into_iter().map(|group| group.record(&mut documents)).collect(),
        roles: wire.role_detail_list.into_iter().map(|role| role.record(&mut documents)).collect(),
        policies: wire.policies.into_iter().map(|policy| policy.record(&mut documents)).collect(),
    };
    Ok((page, truncated, documents.faults))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WirePage<'a> {
    #[serde(borrow, default, deserialize_with = "list")]
    user_detail_list: Vec<WireUser<'a>>,
    #[serde(borrow, default, deserialize_with = "list")]
    group_detail_list: Vec<WireGroup<'a>>,
    #[serde(borrow, default, deserialize_with = "list")]
    role_detail_list: Vec<WireRole<'a>>,
    #[serde(borrow, default, deserialize_with = "list")]
    policies: Vec<WirePolicy<'a>>,
    is_truncated: Option<bool>,
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
    #[serde(borrow, default, deserialize_with = "list")]
    user_policy_list: Vec<WireInline<'a>>,
    #[serde(default, deserialize_with = "list")]
    group_list: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    attached_managed_policies: Vec<WireAttached>,
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
    #[serde(borrow, default, deserialize_with = "list")]
    group_policy_list: Vec<WireInline<'a>>,
    #[serde(default, deserialize_with = "list")]
    attached_managed_policies: Vec<WireAttached>,
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
    #[serde(borrow, default, deserialize_with = "list")]
    role_policy_list: Vec<WireInline<'a>>,
    #[serde(default, deserialize_with = "list")]
    attached_managed_policies: Vec<WireAttached>,
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
    #[serde(borrow, default, deserialize_with = "list")]
    policy_version_list: Vec<WireVersion<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireVersion<'a> {
    version_id: String,
    is_default_version: Option<bool>,
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
        let grants = Grants {
            inline: inline(self.user_policy_list, &owner, documents),
            attached: attached(self.attached_managed_policies),
            boundary: self.permissions_boundary.map(|boundary| boundary.permissions_boundary_arn),
        };
        let mut groups = self.group_list;
        groups.sort();
        let path = self.path.unwrap_or_else(|| path(&self.arn));
        let details = UserDetails { id: self.user_id, path, groups, grants, tags: tags(self.tags) };
        UserRecord { name: self.user_name, arn: self.arn, created: at(self.create_date), details }
    }
}

impl<'a> WireGroup<'a> {
    fn record(self, documents: &mut Policies<'a>) -> Group {
        let owner = format!("group `{}`", self.group_name);
        let grants = Grants {
            inline: inline(self.group_policy_list, &owner, documents),
            attached: attached(self.attached_managed_policies),
            boundary: None,
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
        let grants = Grants {
            inline: inline(self.role_policy_list, &owner, documents),
            attached: attached(self.attached_managed_policies),
            boundary: self.permissions_boundary.map(|boundary| boundary.permissions_boundary_arn),
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
            last_used: last_used(self.role_last_used),
            instance_profiles,
            max_session_seconds: Known::not_given(Dataset::Roles),
            source: SourceId::UNPLACED,
        }
    }
}

impl<'a> WirePolicy<'a> {
    fn record(self, documents: &mut Policies<'a>) -> ManagedPolicy {
        let name = self.policy_name.unwrap_or_else(|| self.arn.name().to_owned());
        let versions = self.policy_version_list.len();
        let default = self.policy_version_list.into_iter().find(|version| {
            let named = self.default_version_id.as_ref().is_some_and(|id| *id == version.version_id);
            named || version.is_default_version.unwrap_or(false)
        });
        let default_version = match (&default, self.default_version_id) {
            (Some(version), _) => version.version_id.clone(),
            (None, id) => id.unwrap_or_default(),
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
            versions,
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

fn inline<'a>(wire: Vec<WireInline<'a>>, owner: &str, documents: &mut Policies<'a>) -> Vec<(String, Policy)> {
    let read = |policy: WireInline<'a>| {
        let what = || format!("the inline policy `{}` of {owner}", policy.policy_name);
        let document = documents.read(policy.policy_document, what);
        (policy.policy_name, document)
    };
    let mut policies: Vec<_> = wire.into_iter().map(read).collect();
    policies.sort_by(|(a, _), (b, _)| a.cmp(b));
    policies
}

fn attached(wire: Vec<WireAttached>) -> Vec<Arn> {
    let mut arns: Vec<Arn> = wire.into_iter().map(|policy| policy.policy_arn).collect();
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
