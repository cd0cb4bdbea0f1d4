//! `iam list-service-specific-credentials` and `iam list-ssh-public-keys`.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::access_keys::Status;
use super::fault::Fault;
use super::wire::{Instant, answer, list};
use crate::model::{ServiceSpecificCredential, SshPublicKey};

/// Service-specific credentials, each with its user's name.
#[derive(Debug)]
pub(super) struct ServiceSpecific {
    pub(super) credentials: Vec<(String, ServiceSpecificCredential)>,
    /// Whether the answer is of all users (`--all-users`): it names several, or has pages, which that of one has not.
    pub(super) of_all_users: bool,
    pub(super) truncated: bool,
}

/// Reads the service-specific credentials of one user or of all.
pub(super) fn read_service_specific(
    text: &str,
    start: usize,
    length: usize,
) -> Result<ServiceSpecific, Fault> {
    let wire: WireServiceSpecific = answer(text, start, length)?;
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
    Ok(ServiceSpecific { of_all_users, credentials, truncated: wire.is_truncated.unwrap_or(false) })
}

/// The SSH public keys of one user, each with its user's name; and whether another page should follow.
pub(super) fn read_ssh(
    text: &str,
    start: usize,
    length: usize,
) -> Result<(Vec<(String, SshPublicKey)>, bool), Fault> {
    let wire: WireSsh = answer(text, start, length)?;
    let key = |key: WireSshKey| {
        let uploaded = key.upload_date.map(|at| at.0);
        (key.user_name, SshPublicKey { id: key.ssh_public_key_id, active: key.status.active(), uploaded })
    };
    Ok((wire.ssh_public_keys.into_iter().map(key).collect(), wire.is_truncated.unwrap_or(false)))
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
