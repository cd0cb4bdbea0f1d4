//! What is set once for an account: `get-account-summary`, `get-account-password-policy`, `list-account-aliases`,
//! identity providers and server certificates.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::content::Content;
use super::fault::Fault;
use super::object::{Object, Reading};
use super::wire::{Instant, list};
use crate::model::{PasswordPolicy, ServerCertificate};
use kagimori_id::Arn;

/// The counts of the account.
pub(super) fn read_summary(object: &Object<'_>) -> Result<Reading, Fault> {
    Ok(Reading::whole(Content::Summary(object.parse::<WireSummary>()?.summary_map)))
}

/// The counts alone: `--query SummaryMap`.
pub(super) fn read_bare_summary(object: &Object<'_>) -> Result<Reading, Fault> {
    object.parse().map(Content::Summary).map(Reading::whole)
}

/// The password policy.
pub(super) fn read_password_policy(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire = object.parse::<WirePasswordPolicy>()?.password_policy;
    Ok(Reading::whole(Content::PasswordPolicy(Some(wire.policy()))))
}

/// The password policy alone: `--query PasswordPolicy`.
pub(super) fn read_bare_password_policy(object: &Object<'_>) -> Result<Reading, Fault> {
    Ok(Reading::whole(Content::PasswordPolicy(Some(object.parse::<WireClauses>()?.policy()))))
}

/// The account's alias: a list that AWS allows one entry.
pub(super) fn read_aliases(object: &Object<'_>) -> Result<Reading, Fault> {
    let alias = object.parse::<WireAliases>()?.account_aliases.into_iter().next();
    Ok(Reading::whole(Content::Alias(alias)))
}

/// The OpenID Connect or SAML providers.
pub(super) fn read_providers(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireProviders = object.parse()?;
    let mut arns: Vec<Arn> = wire.providers.into_iter().map(|provider| provider.arn).collect();
    arns.sort();
    Ok(Reading::whole(Content::Providers(arns)))
}

/// The server certificates.
pub(super) fn read_certificates(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireCertificates = object.parse()?;
    let certificate = |certificate: WireCertificate| ServerCertificate {
        name: certificate.server_certificate_name,
        arn: certificate.arn,
        expires: certificate.expiration.map(|at| at.0),
    };
    let certificates = wire.server_certificate_metadata_list.into_iter().map(certificate).collect();
    let truncated = wire.is_truncated.unwrap_or(wire.marker.is_some());
    Ok(Reading::page(Content::ServerCertificates(certificates), truncated))
}

impl WireClauses {
    fn policy(self) -> PasswordPolicy {
        PasswordPolicy {
            minimum_length: self.minimum_password_length,
            require_uppercase: self.require_uppercase_characters,
            require_lowercase: self.require_lowercase_characters,
            require_symbols: self.require_symbols,
            require_numbers: self.require_numbers,
            reuse_prevention: self.password_reuse_prevention,
            max_age_days: self.max_password_age,
        }
    }
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
    /// There only when more follows, which a `--query` may have left unsaid.
    marker: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireCertificate {
    server_certificate_name: String,
    arn: Arn,
    expiration: Option<Instant>,
}
