//! `aws iam get-account-authorization-details`: members in the order of IAM's service model, absent lists left out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::calendar::{cli, days_ago};
use crate::document::Document;
use crate::files::json;
use crate::managed;
use crate::model::{Account, Grants, Group, ManagedPolicy, Role, User};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Details<'a> {
    user_detail_list: Vec<UserDetail<'a>>,
    group_detail_list: Vec<GroupDetail<'a>>,
    role_detail_list: Vec<RoleDetail<'a>>,
    policies: Vec<PolicyDetail<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserDetail<'a> {
    path: &'a str,
    user_name: &'a str,
    user_id: &'a str,
    arn: String,
    create_date: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    user_policy_list: Vec<Inline<'a>>,
    group_list: &'a [String],
    attached_managed_policies: Vec<Attached<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<Boundary<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupDetail<'a> {
    path: &'static str,
    group_name: &'a str,
    group_id: &'a str,
    arn: String,
    create_date: String,
    group_policy_list: Vec<Inline<'a>>,
    attached_managed_policies: Vec<Attached<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RoleDetail<'a> {
    path: &'a str,
    role_name: &'a str,
    role_id: &'a str,
    arn: String,
    create_date: String,
    assume_role_policy_document: &'a Document,
    instance_profile_list: Vec<InstanceProfile<'a>>,
    role_policy_list: Vec<Inline<'a>>,
    attached_managed_policies: Vec<Attached<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<Boundary<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag<'a>>,
    role_last_used: LastUsed<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InstanceProfile<'a> {
    path: &'a str,
    instance_profile_name: &'a str,
    instance_profile_id: String,
    arn: String,
    create_date: String,
    roles: Vec<RoleBrief<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RoleBrief<'a> {
    path: &'a str,
    role_name: &'a str,
    role_id: &'a str,
    arn: String,
    create_date: String,
    assume_role_policy_document: &'a Document,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyDetail<'a> {
    policy_name: &'a str,
    policy_id: String,
    arn: String,
    path: String,
    default_version_id: String,
    attachment_count: usize,
    permissions_boundary_usage_count: usize,
    is_attachable: bool,
    create_date: String,
    update_date: String,
    policy_version_list: Vec<Version<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Version<'a> {
    document: std::borrow::Cow<'a, Document>,
    version_id: String,
    is_default_version: bool,
    create_date: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Inline<'a> {
    policy_name: &'a str,
    policy_document: &'a Document,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attached<'a> {
    policy_name: &'a str,
    policy_arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary<'a> {
    permissions_boundary_type: &'static str,
    permissions_boundary_arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tag<'a> {
    key: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LastUsed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
}

/// The file of an account.
pub(crate) fn write(account: &Account) -> Vec<u8> {
    let use_count = count_uses(account);
    let mut policies: Vec<PolicyDetail<'_>> =
        account.policies.iter().map(|policy| customer(account, policy, &use_count)).collect();
    policies.extend(use_count.iter().filter_map(|(arn, count)| aws(arn, *count)));
    json(&Details {
        user_detail_list: account
            .users
            .iter()
            .filter(|user| !user.deleted)
            .map(|one| user(account, one))
            .collect(),
        group_detail_list: account.groups.iter().map(|one| group(account, one)).collect(),
        role_detail_list: account.roles.iter().map(|one| role(account, one)).collect(),
        policies,
    })
}

/// How often a policy is attached, and how often it is a boundary.
type Uses<'a> = BTreeMap<&'a str, (usize, usize)>;

fn count_uses(account: &Account) -> Uses<'_> {
    let mut uses = Uses::new();
    let present = account.users.iter().filter(|user| !user.deleted).map(|user| &user.grants);
    let grants = present
        .chain(account.groups.iter().map(|group| &group.grants))
        .chain(account.roles.iter().map(|role| &role.grants));
    for grants in grants {
        for arn in &grants.attached {
            uses.entry(arn).or_default().0 += 1;
        }
        if let Some(arn) = &grants.boundary {
            uses.entry(arn).or_default().1 += 1;
        }
    }
    uses
}

fn user<'a>(account: &Account, user: &'a User) -> UserDetail<'a> {
    UserDetail {
        path: &user.path,
        user_name: &user.name,
        user_id: &user.id,
        arn: account.user_arn(user),
        create_date: cli(user.created),
        user_policy_list: inline(&user.grants),
        group_list: &user.groups,
        attached_managed_policies: attached(&user.grants),
        permissions_boundary: boundary(&user.grants),
        tags: tags(&user.tags),
    }
}

fn group<'a>(account: &Account, group: &'a Group) -> GroupDetail<'a> {
    GroupDetail {
        path: "/",
        group_name: &group.name,
        group_id: &group.id,
        arn: format!("arn:aws:iam::{}:group/{}", account.id, group.name),
        create_date: cli(group.created),
        group_policy_list: inline(&group.grants),
        attached_managed_policies: attached(&group.grants),
    }
}

fn role<'a>(account: &Account, role: &'a Role) -> RoleDetail<'a> {
    let used = role.last_used.as_ref();
    RoleDetail {
        path: &role.path,
        role_name: &role.name,
        role_id: &role.id,
        arn: account.role_arn(role),
        create_date: cli(role.created),
        assume_role_policy_document: &role.trust,
        instance_profile_list: role.instance_profile.then(|| profile(account, role)).into_iter().collect(),
        role_policy_list: inline(&role.grants),
        attached_managed_policies: attached(&role.grants),
        permissions_boundary: boundary(&role.grants),
        tags: tags(&role.tags),
        role_last_used: LastUsed {
            last_used_date: used.map(|(at, _)| cli(*at)),
            region: used.map(|(_, region)| region.as_str()),
        },
    }
}

fn profile<'a>(account: &Account, role: &'a Role) -> InstanceProfile<'a> {
    InstanceProfile {
        path: &role.path,
        instance_profile_name: &role.name,
        instance_profile_id: role.id.replacen("AROA", "AIPA", 1),
        arn: format!("arn:aws:iam::{}:instance-profile{}{}", account.id, role.path, role.name),
        create_date: cli(role.created + 1),
        roles: vec![RoleBrief {
            path: &role.path,
            role_name: &role.name,
            role_id: &role.id,
            arn: account.role_arn(role),
            create_date: cli(role.created),
            assume_role_policy_document: &role.trust,
        }],
    }
}

fn customer<'a>(account: &Account, policy: &'a ManagedPolicy, uses: &Uses<'_>) -> PolicyDetail<'a> {
    let arn = account.policy_arn(&policy.name);
    let (attachment_count, boundaries) = uses.get(arn.as_str()).copied().unwrap_or_default();
    let newest = policy.versions.len();
    let instant = |index: usize| policy.created + 86_400 * i64::try_from(index).unwrap_or(0);
    let version = |(index, document): (usize, &'a Document)| Version {
        document: std::borrow::Cow::Borrowed(document),
        version_id: format!("v{}", index + 1),
        is_default_version: index + 1 == newest,
        create_date: cli(instant(index)),
    };
    PolicyDetail {
        policy_name: &policy.name,
        policy_id: policy.id.clone(),
        arn,
        path: policy.path.clone(),
        default_version_id: format!("v{newest}"),
        attachment_count,
        permissions_boundary_usage_count: boundaries,
        is_attachable: true,
        create_date: cli(policy.created),
        update_date: cli(instant(newest.saturating_sub(1))),
        policy_version_list: policy.versions.iter().enumerate().rev().map(version).collect(),
    }
}

/// An AWS managed policy that something here uses.
fn aws<'a>(arn: &'a str, (attachment_count, boundaries): (usize, usize)) -> Option<PolicyDetail<'a>> {
    let rest = arn.strip_prefix("arn:aws:iam::aws:policy/")?;
    let (path, name) = rest.rsplit_once('/').map_or(("", rest), |(path, name)| (path, name));
    let (document, number) = managed::document(name);
    let updated = cli(days_ago(1000 - i64::from(number)));
    Some(PolicyDetail {
        policy_name: name,
        policy_id: format!("ANPAAWSMANAGED{}", crate::random::Random::new(0, name).base32(7)),
        arn: arn.to_owned(),
        path: if path.is_empty() { "/".to_owned() } else { format!("/{path}/") },
        default_version_id: format!("v{number}"),
        attachment_count,
        permissions_boundary_usage_count: boundaries,
        is_attachable: true,
        create_date: "2015-02-06T18:39:46+00:00".to_owned(),
        update_date: updated.clone(),
        policy_version_list: vec![Version {
            document: std::borrow::Cow::Owned(document),
            version_id: format!("v{number}"),
            is_default_version: true,
            create_date: updated,
        }],
    })
}

fn inline(grants: &Grants) -> Vec<Inline<'_>> {
    grants
        .inline
        .iter()
        .map(|(name, document)| Inline { policy_name: name, policy_document: document })
        .collect()
}

fn attached(grants: &Grants) -> Vec<Attached<'_>> {
    grants
        .attached
        .iter()
        .map(|arn| Attached { policy_name: arn.rsplit('/').next().unwrap_or_default(), policy_arn: arn })
        .collect()
}

fn boundary(grants: &Grants) -> Option<Boundary<'_>> {
    let arn = grants.boundary.as_deref()?;
    Some(Boundary { permissions_boundary_type: "Policy", permissions_boundary_arn: arn })
}

fn tags(tags: &[(String, String)]) -> Vec<Tag<'_>> {
    tags.iter().map(|(key, value)| Tag { key, value }).collect()
}
