//! `iam list-access-keys` and `iam get-access-key-last-used`: keys by their ids.

use jiff::Timestamp;
use serde::Deserialize;

use super::content::Content;
use super::fault::Fault;
use super::object::{Object, Reading};
use super::wire::{Instant, list};
use crate::model::LastUse;
use kagimori_id::AccessKeyId;

/// A key as `list-access-keys` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedKey {
    pub(super) id: AccessKeyId,
    pub(super) active: bool,
    pub(super) created: Option<Timestamp>,
}

/// The last use of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyUse {
    pub(super) id: AccessKeyId,
    pub(super) last_used: LastUse,
}

/// The keys of one user, each with its user's name.
pub(super) fn read_list(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireList = object.parse()?;
    let key = |key: WireKey| {
        let listed = ListedKey {
            id: key.access_key_id,
            active: key.status.active(),
            created: key.create_date.map(|at| at.0),
        };
        (key.user_name, listed)
    };
    let keys = wire.access_key_metadata.into_iter().map(key).collect();
    Ok(Reading::page(Content::AccessKeys(keys), wire.is_truncated.unwrap_or(wire.marker.is_some())))
}

/// The last use of a key. AWS's answer does not name the key: its file's name does, or a member added to it.
pub(super) fn read_last_used(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireAnswer = object.parse()?;
    let Some(id) = wire.access_key_id.or_else(|| key_of_file(object.named_after().0)) else {
        return Err(Fault::new("the answer does not name its access key")
            .hint("name the file after the key, as in `access-key-last-used/AKIAIOSFODNN7EXAMPLE.json`"));
    };
    let told = |value: Option<String>| value.filter(|value| value != "N/A");
    let last_used = match wire.access_key_last_used.last_used_date {
        None => LastUse::Never,
        Some(at) => LastUse::At {
            at: at.0,
            region: told(wire.access_key_last_used.region),
            service: told(wire.access_key_last_used.service_name),
        },
    };
    Ok(Reading::whole(Content::KeyUse(KeyUse { id, last_used })))
}

fn key_of_file(stem: &str) -> Option<AccessKeyId> {
    let written_as_a_key = stem.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    AccessKeyId::parse(stem).ok().filter(|_| written_as_a_key)
}

/// `Active` or `Inactive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Status {
    Active,
    Inactive,
    /// An access key that AWS expired.
    Expired,
}

impl Status {
    pub(super) fn active(self) -> bool {
        self == Self::Active
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireList {
    #[serde(default, deserialize_with = "list")]
    access_key_metadata: Vec<WireKey>,
    is_truncated: Option<bool>,
    /// There only when more follows, which a `--query` may have left unsaid.
    marker: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireKey {
    user_name: String,
    access_key_id: AccessKeyId,
    status: Status,
    create_date: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAnswer {
    access_key_id: Option<AccessKeyId>,
    access_key_last_used: WireUse,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireUse {
    last_used_date: Option<Instant>,
    region: Option<String>,
    service_name: Option<String>,
}
