//! `iam list-service-specific-credentials` and `iam list-ssh-public-keys`.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::access_keys::Status;
use super::content::Content;
use super::fault::Fault;
use super::object::{Object, Reading};
use super::wire::{Instant, list};
use crate::model::{ServiceSpecificCredential, SshPublicKey};

/// Service-specific credentials, each with its user's name.
#[derive(Clone, Debug)]
pub(super) struct ServiceSpecific {
    pub(super) credentials: Vec<(String, ServiceSpecificCredential)>,
    /// Whether the answer is of all users (`--all-users`): it names several, or has pages, which that of one has not.
    pub(super) of_all_users: bool,
}

/// Reads the service-specific credentials of one user or of all.
pub(super) fn read_service_specific(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireServiceSpecific = object.parse()?;
    let credential = |credential: WireCredential| {
        let read = ServiceSpecificCredential {
            id: credential.service_specific_credential_id,
            service: credential.service_name,
            active: credential.status.active(),
            created: credential.create_date.map(|at| at.0),
        };
        (credential.user_name, read)
    };
    let credentials: Vec<_> = wire.service_specific_credentials.into_iter().map(credential).collect();
    let users: BTreeSet<&str> = credentials.iter().map(|(user, _)| user.as_str()).collect();
    let of_all_users = users.len() > 1 || wire.is_truncated.is_some();
    let read = ServiceSpecific { credentials, of_all_users };
    Ok(Reading::page(Content::ServiceSpecific(read), wire.is_truncated.unwrap_or(false)))
}

/// The SSH public keys of one user, each with its user's name.
pub(super) fn read_ssh(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireSsh = object.parse()?;
    let key = |key: WireSshKey| {
        let uploaded = key.upload_date.map(|at| at.0);
        (key.user_name, SshPublicKey { id: key.ssh_public_key_id, active: key.status.active(), uploaded })
    };
    let keys = wire.ssh_public_keys.into_iter().map(key).collect();
    Ok(Reading::page(Content::SshPublicKeys(keys), wire.is_truncated.unwrap_or(false)))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireServiceSpecific {
    #[serde(default, deserialize_with = "list")]
    service_specific_credentials: Vec<WireCredential>,
    is_truncated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireCredential {
    user_name: String,
    status: Status,
    create_date: Option<Instant>,
    service_specific_credential_id: String,
    service_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireSsh {
    #[serde(rename = "SSHPublicKeys", default, deserialize_with = "list")]
    ssh_public_keys: Vec<WireSshKey>,
    is_truncated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireSshKey {
    user_name: String,
    #[serde(rename = "SSHPublicKeyId")]
    ssh_public_key_id: String,
    status: Status,
    upload_date: Option<Instant>,
}
