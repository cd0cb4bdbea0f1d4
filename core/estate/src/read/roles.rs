//! `iam list-roles`: the longest session of each role, which the authorization details leave out; and that a role exists,
//! with its trust policy, when they do not name it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::content::Content;
use super::fault::Fault;
use super::object::{Object, Reading};
use super::wire::{Instant, Policies, list};
use crate::model::Policy;
use kagimori_id::{Arn, UniqueId};

/// What `list-roles` tells of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedRole {
    pub(super) name: String,
    pub(super) arn: Arn,
    pub(super) id: Option<UniqueId>,
    pub(super) path: Option<String>,
    pub(super) created: Option<Timestamp>,
    pub(super) trust: Option<Policy>,
    pub(super) max_session_seconds: Option<u32>,
    /// `None`: two answers tell it differently.
    pub(super) description: Option<Option<String>>,
}

/// The roles.
pub(super) fn read(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireRoles<'_> = object.parse()?;
    // a trust policy that cannot be understood is told by the authorization details
    let mut documents = Policies::of(object.file());
    let roles = wire.roles.into_iter().map(|role| role.record(&mut documents)).collect();
    Ok(Reading::page(Content::Roles(roles), wire.is_truncated.unwrap_or(wire.marker.is_some())))
}

impl<'a> WireRole<'a> {
    fn record(self, documents: &mut Policies<'a>) -> ListedRole {
        ListedRole {
            trust: self.assume_role_policy_document.map(|raw| documents.read(raw, String::new)),
            name: self.role_name,
            arn: self.arn,
            id: self.role_id,
            path: self.path,
            created: self.create_date.map(|at| at.0),
            max_session_seconds: self.max_session_duration,
            // AWS leaves out what is empty.
            description: Some(self.description.filter(|text| !text.is_empty())),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireRoles<'a> {
    #[serde(borrow, default, deserialize_with = "list")]
    roles: Vec<WireRole<'a>>,
    is_truncated: Option<bool>,
    /// There only when more follows, which a `--query` may have left unsaid.
    marker: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireRole<'a> {
    role_name: String,
    arn: Arn,
    role_id: Option<UniqueId>,
    path: Option<String>,
    create_date: Option<Instant>,
    #[serde(borrow)]
    assume_role_policy_document: Option<&'a RawValue>,
    max_session_duration: Option<u32>,
    description: Option<String>,
}
