//! `iam list-roles`: the longest session of each role, which the authorization details leave out.

use serde::Deserialize;

use super::fault::Fault;
use super::wire::{answer, list};
use crate::id::Arn;

/// What `list-roles` adds to a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedRole {
    pub(super) name: String,
    pub(super) arn: Arn,
    pub(super) max_session_seconds: Option<u32>,
}

/// The roles; and whether another page should follow.
pub(super) fn read(text: &str, start: usize, length: usize) -> Result<(Vec<ListedRole>, bool), Fault> {
    let wire: WireRoles = answer(text, start, length)?;
    let role = |role: WireRole| ListedRole {
        name: role.role_name,
        arn: role.arn,
        max_session_seconds: role.max_session_duration,
    };
    Ok((wire.roles.into_iter().map(role).collect(), wire.is_truncated.unwrap_or(false)))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireRoles {
    #[serde(default, deserialize_with = "list")]
    roles: Vec<WireRole>,
    is_truncated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireRole {
    role_name: String,
    arn: Arn,
    max_session_duration: Option<u32>,
}
