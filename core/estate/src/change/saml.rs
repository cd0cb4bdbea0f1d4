//! What a SAML provider is made of.

use std::collections::BTreeMap;

use kagimori_id::Arn;
use serde::{Deserialize, Serialize};

use super::ChangeError;
use super::tag::must_be_a_tag;
use crate::fact::Known;
use crate::model::Account;

/// What a SAML provider was made with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "whoever makes one needs all of it")]
pub struct SamlProvider {
    /// The metadata document of the identity provider: XML, with its public certificates.
    pub metadata: String,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Characters of a metadata document (IAM API Reference, `CreateSAMLProvider`).
const METADATA: std::ops::RangeInclusive<usize> = 1_000..=10_000_000;
/// Characters of a name.
const NAME_MAX: usize = 128;

/// How a message calls it.
pub(super) const KIND: &str = "SAML provider";

pub(super) fn known(account: &Account) -> Result<&Vec<Arn>, ChangeError> {
    account.saml_providers.known().map_err(|gap| ChangeError::NotKnown(gap.to_string()))
}

pub(super) fn held(account: &mut Account) -> Result<&mut Vec<Arn>, ChangeError> {
    match &mut account.saml_providers {
        Known::Known(fact) => Ok(&mut fact.value),
        Known::Unknown(gap) => Err(ChangeError::NotKnown(gap.to_string())),
    }
}

pub(super) fn must_fit(provider: &Arn, made_of: &SamlProvider) -> Result<(), ChangeError> {
    let name = provider.resource().strip_prefix("saml-provider/").unwrap_or_default();
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(is_letter) {
        return Err(ChangeError::Refused(format!(
            "a SAML provider's name has 1 to {NAME_MAX} letters, digits, `.`, `_` and `-`"
        )));
    }
    must_be_metadata(&made_of.metadata)?;
    made_of.tags.iter().try_for_each(|(key, value)| must_be_a_tag(key, value))
}

pub(super) fn must_be_metadata(text: &str) -> Result<(), ChangeError> {
    if METADATA.contains(&text.chars().count()) {
        return Ok(());
    }
    let (least, most) = (METADATA.start(), METADATA.end());
    Err(ChangeError::Refused(format!("the metadata of a SAML provider have {least} to {most} characters")))
}
