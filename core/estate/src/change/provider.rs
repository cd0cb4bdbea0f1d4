//! Identity providers: whose tokens (OpenID Connect) and assertions (SAML) an account takes, for which audiences.
//!
//! A snapshot tells which providers there are, and not what they take. So a change says itself what it replaces, and `apply` asks AWS
//! whether that is so.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ChangeError;
use super::edit::{change, look};
use super::list::{find, insert, must_differ, remove};
use super::saml::{self, SamlProvider};
use super::tag::must_be_a_tag;
use crate::model::{Account, Estate};
use kagimori_id::Arn;

/// Identity providers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "whoever applies changes must say what it does for each")]
pub enum ProviderChange {
    /// `iam create-open-id-connect-provider`.
    CreateOidcProvider {
        /// The provider: `arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH`, of the address `https://HOST/PATH`.
        provider: Arn,
        /// What it takes.
        #[serde(default)]
        takes: OidcProvider,
        /// Where it stands among the others; the end when not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<usize>,
    },
    /// `iam delete-open-id-connect-provider`.
    DeleteOidcProvider {
        /// The provider.
        provider: Arn,
        /// What it takes.
        #[serde(default)]
        takes: OidcProvider,
    },
    /// `iam add-client-id-to-open-id-connect-provider`.
    AddAudience {
        /// The provider.
        provider: Arn,
        /// The audience: `sts.amazonaws.com`.
        audience: String,
    },
    /// `iam remove-client-id-from-open-id-connect-provider`.
    RemoveAudience {
        /// The provider.
        provider: Arn,
        /// The audience.
        audience: String,
    },
    /// `iam update-open-id-connect-provider-thumbprint`.
    SetThumbprints {
        /// The provider.
        provider: Arn,
        /// SHA-1 fingerprints of certificates, 40 hexadecimal digits.
        thumbprints: Vec<String>,
        /// Those that it has.
        was: Vec<String>,
    },
    /// `iam create-saml-provider`.
    CreateSamlProvider {
        /// The provider: `arn:aws:iam::ACCOUNT:saml-provider/NAME`.
        provider: Arn,
        /// What it is made of.
        made_of: SamlProvider,
        /// Where it stands among the others; the end when not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<usize>,
    },
    /// `iam delete-saml-provider`.
    DeleteSamlProvider {
        /// The provider.
        provider: Arn,
        /// What it is made of.
        made_of: SamlProvider,
    },
    /// `iam update-saml-provider`: its metadata, with the certificates that sign its assertions.
    SetSamlMetadata {
        /// The provider.
        provider: Arn,
        /// The metadata document.
        metadata: String,
        /// That which it has.
        was: String,
    },
}

/// What an OpenID Connect provider takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "whoever makes one needs all of it")]
pub struct OidcProvider {
    /// The audiences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The fingerprints of certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thumbprints: Vec<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Audiences of a provider (`reference_iam-quotas`), and thumbprints (IAM API Reference, `CreateOpenIDConnectProvider`).
const AUDIENCES_MAX: usize = 100;
const THUMBPRINTS_MAX: usize = 5;

impl ProviderChange {
    /// The names of the changes in JSON.
    pub(super) const KINDS: [&str; 8] = [
        "create_oidc_provider",
        "delete_oidc_provider",
        "add_audience",
        "remove_audience",
        "set_thumbprints",
        "create_saml_provider",
        "delete_saml_provider",
        "set_saml_metadata",
    ];

    /// Makes the change; the estate stays as it was when it fails.
    pub(super) fn apply_to(&self, estate: &mut Estate) -> Result<(), ChangeError> {
        let arn = self.provider();
        if self.is_of_saml() {
            return self.apply_to_saml(estate);
        }
        if !arn.resource().starts_with("oidc-provider/") {
            return Err(ChangeError::NotThere { kind: "OpenID Connect provider", name: arn.to_string() });
        }
        let is_there = known(look::account(estate, arn)?)?.contains(arn);
        match self {
            Self::CreateOidcProvider { takes, position, .. } => {
                must_differ(is_there, || format!("{arn} is there already"))?;
                must_fit(takes)?;
                insert(held(change::account(estate, arn)?)?, *position, arn.clone());
            }
            Self::DeleteOidcProvider { .. } => {
                remove(
                    held(change::account(estate, arn)?)?,
                    |held| held == arn,
                    "OpenID Connect provider",
                    arn.as_str(),
                )?;
            }
            _ if !is_there => {
                return Err(ChangeError::NotThere { kind: "OpenID Connect provider", name: arn.to_string() });
            }
            Self::SetThumbprints { thumbprints, was, .. } => {
                must_differ(thumbprints == was, || format!("{arn} has these thumbprints already"))?;
                must_be_thumbprints(thumbprints)?;
            }
            Self::AddAudience { audience, .. } | Self::RemoveAudience { audience, .. } => {
                must_be_an_audience(audience)?;
            }
            Self::CreateSamlProvider { .. }
            | Self::DeleteSamlProvider { .. }
            | Self::SetSamlMetadata { .. } => {}
        }
        Ok(())
    }

    /// Whether it is about a SAML provider.
    pub fn is_of_saml(&self) -> bool {
        matches!(
            self,
            Self::CreateSamlProvider { .. } | Self::DeleteSamlProvider { .. } | Self::SetSamlMetadata { .. }
        )
    }

    fn apply_to_saml(&self, estate: &mut Estate) -> Result<(), ChangeError> {
        let arn = self.provider();
        let missing = || Err(ChangeError::NotThere { kind: saml::KIND, name: arn.to_string() });
        if !arn.resource().starts_with("saml-provider/") {
            return missing();
        }
        let is_there = saml::known(look::account(estate, arn)?)?.contains(arn);
        match self {
            Self::CreateSamlProvider { made_of, position, .. } => {
                must_differ(is_there, || format!("{arn} is there already"))?;
                saml::must_fit(arn, made_of)?;
                insert(saml::held(change::account(estate, arn)?)?, *position, arn.clone());
            }
            Self::DeleteSamlProvider { .. } => {
                let held = saml::held(change::account(estate, arn)?)?;
                remove(held, |held| held == arn, saml::KIND, arn.as_str())?;
            }
            _ if !is_there => return missing(),
            Self::SetSamlMetadata { metadata, was, .. } => {
                must_differ(metadata == was, || format!("{arn} has these metadata already"))?;
                saml::must_be_metadata(metadata)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What undoes the change, made to this estate.
    pub(super) fn inverse(&self, estate: &Estate) -> Result<Self, ChangeError> {
        Ok(match self.clone() {
            Self::CreateOidcProvider { provider, takes, .. } => Self::DeleteOidcProvider { provider, takes },
            Self::DeleteOidcProvider { provider, takes } => {
                let all = known(look::account(estate, &provider)?)?;
                let kind = "OpenID Connect provider";
                let (position, _) = find(all, |held| *held == provider, kind, provider.as_str())?;
                Self::CreateOidcProvider { provider, takes, position }
            }
            Self::AddAudience { provider, audience } => Self::RemoveAudience { provider, audience },
            Self::RemoveAudience { provider, audience } => Self::AddAudience { provider, audience },
            Self::SetThumbprints { provider, thumbprints, was } => {
                Self::SetThumbprints { provider, thumbprints: was, was: thumbprints }
            }
            Self::CreateSamlProvider { provider, made_of, .. } => {
                Self::DeleteSamlProvider { provider, made_of }
            }
            Self::DeleteSamlProvider { provider, made_of } => {
                let all = saml::known(look::account(estate, &provider)?)?;
                let (position, _) = find(all, |held| *held == provider, saml::KIND, provider.as_str())?;
                Self::CreateSamlProvider { provider, made_of, position }
            }
            Self::SetSamlMetadata { provider, metadata, was } => {
                Self::SetSamlMetadata { provider, metadata: was, was: metadata }
            }
        })
    }

    /// The provider.
    pub fn provider(&self) -> &Arn {
        let (Self::CreateOidcProvider { provider, .. }
        | Self::DeleteOidcProvider { provider, .. }
        | Self::AddAudience { provider, .. }
        | Self::RemoveAudience { provider, .. }
        | Self::SetThumbprints { provider, .. }
        | Self::CreateSamlProvider { provider, .. }
        | Self::DeleteSamlProvider { provider, .. }
        | Self::SetSamlMetadata { provider, .. }) = self;
        provider
    }

    /// The sentence in Japanese.
    pub(super) fn japanese(&self) -> String {
        match self {
            Self::CreateOidcProvider { provider, takes, .. } => {
                format!("{provider} を作成する（対象者：{}）", listed(&takes.audiences, "、", "なし"))
            }
            Self::CreateSamlProvider { provider, .. } => format!("{provider} を作成する"),
            Self::DeleteOidcProvider { provider, .. } | Self::DeleteSamlProvider { provider, .. } => {
                format!("{provider} を削除する")
            }
            Self::SetSamlMetadata { provider, .. } => format!("{provider} のメタデータを置き換える"),
            Self::AddAudience { provider, audience } => {
                format!("{provider} に対象者「{audience}」を追加する")
            }
            Self::RemoveAudience { provider, audience } => {
                format!("{provider} から対象者「{audience}」を外す")
            }
            Self::SetThumbprints { provider, thumbprints, .. } => {
                format!("{provider} のサムプリントを {} にする", listed(thumbprints, "、", "なし"))
            }
        }
    }
}

impl fmt::Display for ProviderChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateOidcProvider { provider, takes, .. } => {
                write!(f, "create {provider} for the audiences {}", listed(&takes.audiences, ", ", "none"))
            }
            Self::CreateSamlProvider { provider, .. } => write!(f, "create {provider}"),
            Self::DeleteOidcProvider { provider, .. } | Self::DeleteSamlProvider { provider, .. } => {
                write!(f, "delete {provider}")
            }
            Self::SetSamlMetadata { provider, .. } => write!(f, "replace the metadata of {provider}"),
            Self::AddAudience { provider, audience } => {
                write!(f, "add the audience `{audience}` to {provider}")
            }
            Self::RemoveAudience { provider, audience } => {
                write!(f, "remove the audience `{audience}` of {provider}")
            }
            Self::SetThumbprints { provider, thumbprints, .. } => {
                write!(f, "set the thumbprints of {provider} to {}", listed(thumbprints, ", ", "none"))
            }
        }
    }
}

fn listed(all: &[String], between: &str, none: &str) -> String {
    if all.is_empty() { none.to_owned() } else { all.join(between) }
}

fn known(account: &Account) -> Result<&Vec<Arn>, ChangeError> {
    account.oidc_providers.known().map_err(|gap| ChangeError::NotKnown(gap.to_string()))
}

fn held(account: &mut Account) -> Result<&mut Vec<Arn>, ChangeError> {
    match &mut account.oidc_providers {
        crate::fact::Known::Known(fact) => Ok(&mut fact.value),
        crate::fact::Known::Unknown(gap) => Err(ChangeError::NotKnown(gap.to_string())),
    }
}

fn must_fit(takes: &OidcProvider) -> Result<(), ChangeError> {
    if takes.audiences.len() > AUDIENCES_MAX {
        return Err(ChangeError::Refused(format!("a provider has {AUDIENCES_MAX} audiences at most")));
    }
    takes.audiences.iter().try_for_each(|audience| must_be_an_audience(audience))?;
    must_be_thumbprints(&takes.thumbprints)?;
    takes.tags.iter().try_for_each(|(key, value)| must_be_a_tag(key, value))
}

fn must_be_an_audience(audience: &str) -> Result<(), ChangeError> {
    if (1..=255).contains(&audience.chars().count()) {
        return Ok(());
    }
    Err(ChangeError::Refused("an audience has 1 to 255 characters".to_owned()))
}

fn must_be_thumbprints(all: &[String]) -> Result<(), ChangeError> {
    let is_one = |text: &String| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if all.len() > THUMBPRINTS_MAX || !all.iter().all(is_one) {
        return Err(ChangeError::Refused(format!(
            "thumbprints are {THUMBPRINTS_MAX} SHA-1 fingerprints of 40 hexadecimal digits at most"
        )));
    }
    Ok(())
}
