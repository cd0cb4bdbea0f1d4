//! A company out of snapshots: what the AWS CLI once wrote of its accounts (`get-account-authorization-details`, `list-roles`), so that
//! what was planned and applied elsewhere can be lived through here. Every user has one access key and no MFA device, whatever the
//! snapshot says: no snapshot holds the secrets that would be needed.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::company::{Account, Company, Group, Permissions, Role, User};

impl Company {
    /// The accounts of a folder `snapshots/`, each in a folder of its id.
    ///
    /// # Errors
    /// When a file cannot be read, or is no JSON.
    pub fn of_snapshots(folder: &Path) -> io::Result<Self> {
        let mut accounts = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let id = entry.file_name().to_string_lossy().into_owned();
            let details = entry.path().join("authorization-details.json");
            if id.len() != 12 || !details.is_file() {
                continue;
            }
            let roles = entry.path().join("roles.json");
            let roles = if roles.is_file() { read(&roles)? } else { Value::Null };
            accounts.push(account(&id, &read(&details)?, &roles));
        }
        accounts.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Self { accounts, identity_center: None, seed: 1 })
    }
}

fn read(path: &Path) -> io::Result<Value> {
    serde_json::from_slice(&fs::read(path)?).map_err(io::Error::other)
}

fn account(id: &str, details: &Value, roles: &Value) -> Account {
    let own = format!("arn:aws:iam::{id}:policy/");
    let managed_policies = list(details, "Policies").filter_map(|policy| {
        let name = policy["Arn"].as_str()?.strip_prefix(&own)?;
        let default =
            list(policy, "PolicyVersionList").find(|version| version["IsDefaultVersion"] == true)?;
        Some((name.to_owned(), default["Document"].to_string()))
    });
    let group = |group: &Value| Group {
        name: text(group, "GroupName"),
        permissions: permissions(group, "GroupPolicyList"),
    };
    Account {
        id: id.to_owned(),
        managed_policies: managed_policies.collect(),
        groups: list(details, "GroupDetailList").map(group).collect(),
        users: list(details, "UserDetailList").map(user).collect(),
        roles: list(details, "RoleDetailList").map(|held| role(held, roles)).collect(),
        ..Account::default()
    }
}

fn user(user: &Value) -> User {
    User {
        name: text(user, "UserName"),
        path: text(user, "Path"),
        groups: list(user, "GroupList").filter_map(|name| Some(name.as_str()?.to_owned())).collect(),
        permissions: permissions(user, "UserPolicyList"),
        access_keys: 1,
        tags: tags(user),
        ..User::default()
    }
}

fn role(role: &Value, roles: &Value) -> Role {
    let listed = list(roles, "Roles").find(|listed| listed["Arn"] == role["Arn"]);
    Role {
        name: text(role, "RoleName"),
        path: text(role, "Path"),
        trust: role["AssumeRolePolicyDocument"].to_string(),
        permissions: permissions(role, "RolePolicyList"),
        max_session_seconds: listed.and_then(|listed| listed["MaxSessionDuration"].as_i64()).unwrap_or(0),
        tags: tags(role),
    }
}

fn permissions(identity: &Value, inline: &str) -> Permissions {
    let arn = |policy: &Value| Some(policy["PolicyArn"].as_str()?.to_owned());
    Permissions {
        inline: list(identity, inline).map(|policy| policy["PolicyDocument"].to_string()).collect(),
        attached: list(identity, "AttachedManagedPolicies").filter_map(arn).collect(),
        boundary: identity
            .pointer("/PermissionsBoundary/PermissionsBoundaryArn")
            .and_then(Value::as_str)
            .map(str::to_owned),
    }
}

fn tags(identity: &Value) -> Vec<(String, String)> {
    list(identity, "Tags").map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
}

fn list<'v>(value: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    value[member].as_array().into_iter().flatten()
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}
