//! What is set once for an account: `get-account-summary`, `get-account-password-policy`, `list-account-aliases`,
//! identity providers and server certificates.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fault::Fault;
use super::wire::{Instant, answer, list};
use crate::id::Arn;
use crate::model::{PasswordPolicy, ServerCertificate};

/// The counts of the account.
pub(super) fn read_summary(text: &str, start: usize, length: usize) -> Result<BTreeMap<String, i64>, Fault> {
    answer::<WireSummary>(text, start, length).map(|wire| wire.summary_map)
}

/// The password policy.
pub(super) fn read_password_policy(text: &str, start: usize, length: usize) -> Result<PasswordPolicy, Fault> {
    let wire = answer::<WirePasswordPolicy>(text, start, length)?.password_policy;
    Ok(PasswordPolicy {
        minimum_length: wire.minimum_password_length,
        require_uppercase: wire.require_uppercase_characters,
        require_lowercase: wire.require_lowercase_characters,
        require_symbols: wire.require_symbols,
        require_numbers: wire.require_numbers,
        reuse_prevention: wire.password_reuse_prevention,
        max_age_days: wire.max_password_age,
    })
}

/// The account's alias: a list that AWS allows one entry.
pub(super) fn read_aliases(text: &str, start: usize, length: usize) -> Result<Option<String>, Fault> {
    answer::<WireAliases>(text, start, length).map(|wire| wire.account_aliases.into_iter().next())
}

/// The OpenID Connect or SAML providers.
pub(super) fn read_providers(text: &str, start: usize, length: usize) -> Result<Vec<Arn>, Fault> {
    let wire: WireProviders = answer(text, start, length)?;
    Ok(wire.providers.into_iter().map(|provider| provider.arn).collect())
}

/// The server certificates; and whether another page should follow.
pub(super) fn read_certificates(
    text: &str,
    start: usize,
    length: usize,
) -> Result<(Vec<ServerCertificate>, bool), Fault> {
    let wire: WireCertificates = answer(text, start, length)?;
    let certificate = |certificate: WireCertificate| ServerCertificate {
        name: certificate.server_certificate_name,
        arn: certificate.arn,
        expires: certificate.expiration.map(|at| at.0),
    };
    let certificates = wire.server_certificate_metadata_list.into_iter().map(certificate).collect();
    Ok((certificates, wire.is_truncated.unwrap_or(false)))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireSummary {
    summary_map: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WirePasswordPolicy {
    password_policy: WireClauses,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireClauses {
    minimum_password_length: Option<u32>,
    require_uppercase_characters: Option<bool>,
    require_lowercase_characters: Option<bool>,
    require_symbols: Option<bool>,
    require_numbers: Option<bool>,
    password_reuse_prevention: Option<u32>,
    max_password_age: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAliases {
    #[serde(default, deserialize_with = "list")]
    account_aliases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct WireProviders {
    #[serde(
        rename = "OpenIDConnectProviderList",
        alias = "SAMLProviderList",
        default,
        deserialize_with = "list"
    )]
    providers: Vec<WireProvider>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireProvider {
    arn: Arn,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireCertificates {
    #[serde(default, deserialize_with = "list")]
    server_certificate_metadata_list: Vec<WireCertificate>,
    is_truncated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireCertificate {
    server_certificate_name: String,
    arn: Arn,
    expiration: Option<Instant>,
}
