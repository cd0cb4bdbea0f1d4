//! Finding what a change is about, to look at it or to change it.

use std::collections::BTreeMap;

use super::ChangeError;
use crate::model::{
    AccessKey, Account, Estate, Grants, ManagedPolicy, OrganizationPolicy, Role, User, UserDetails,
};
use kagimori_id::{AccessKeyId, Arn};

fn not_there(kind: &'static str, name: &str) -> ChangeError {
    ChangeError::NotThere { kind, name: name.to_owned() }
}

/// The same lookups twice, to read and to write: Rust has no way to be generic over that.
macro_rules! lookups {
    ($module:ident $(, $mutable:tt)?; $get:ident, $value:ident, $iter:ident) => {
        pub(super) mod $module {
            use super::*;

            pub(in super::super) fn account<'a>(
                estate: &'a $($mutable)? Estate,
                arn: &Arn,
            ) -> Result<&'a $($mutable)? Account, ChangeError> {
                let id = arn.account().ok_or_else(|| not_there("account of", arn.as_str()))?;
                estate.accounts.$get(&id).ok_or_else(|| not_there("account", &id.to_string()))
            }

            pub(in super::super) fn user<'a>(
                estate: &'a $($mutable)? Estate,
                arn: &Arn,
            ) -> Result<&'a $($mutable)? User, ChangeError> {
                let user = account(estate, arn)?.users.$get(arn.name());
                user.filter(|user| user.arn == *arn).ok_or_else(|| not_there("user", arn.as_str()))
            }

            pub(in super::super) fn details<'a>(
                estate: &'a $($mutable)? Estate,
                arn: &Arn,
            ) -> Result<&'a $($mutable)? UserDetails, ChangeError> {
                match &$($mutable)? user(estate, arn)?.details {
                    crate::fact::Known::Known(fact) => Ok(&$($mutable)? fact.value),
                    crate::fact::Known::Unknown(gap) => Err(ChangeError::NotKnown(gap.to_string())),
                }
            }

            pub(in super::super) fn role<'a>(
                estate: &'a $($mutable)? Estate,
                arn: &Arn,
            ) -> Result<&'a $($mutable)? Role, ChangeError> {
                let role = account(estate, arn)?.roles.$get(arn.name());
                role.filter(|role| role.arn == *arn).ok_or_else(|| not_there("role", arn.as_str()))
            }

            /// The tags of a user or role, where these are all.
            pub(in super::super) fn tags<'a>(
                estate: &'a $($mutable)? Estate,
                arn: &Arn,
            ) -> Result<&'a $($mutable)? BTreeMap<String, String>, ChangeError> {
                let (tags, gap) = match arn.resource().split('/').next() {
                    Some("user") => {
                        let held = details(estate, arn)?;
                        (&$($mutable)? held.tags, &held.tags_gap)
                    }
                    Some("role") => {
                        let held = role(estate, arn)?;
                        (&$($mutable)? held.tags, &held.tags_gap)
                    }
                    _ => return Err(not_there("user or role", arn.as_str())),
                };
                match gap {
                    None => Ok(tags),
                    Some(gap) => Err(ChangeError::NotKnown(gap.to_string())),
                }
            }

            /// The policies on a user, group or role.
            pub(in super::super) fn grants<'a>(
                estate: &'a $($mutable)? Estate,
                arn: &Arn,
            ) -> Result<&'a $($mutable)? Grants, ChangeError> {
                match arn.resource().split('/').next() {
                    Some("user") => Ok(&$($mutable)? details(estate, arn)?.grants),
                    Some("role") => Ok(&$($mutable)? role(estate, arn)?.grants),
                    Some("group") => {
                        let group = account(estate, arn)?.groups.$get(arn.name());
                        let group = group.filter(|group| group.arn == *arn);
                        Ok(&$($mutable)? group.ok_or_else(|| not_there("group", arn.as_str()))?.grants)
                    }
                    _ => Err(not_there("user, group or role", arn.as_str())),
                }
            }

            pub(in super::super) fn key<'a>(
                estate: &'a $($mutable)? Estate,
                arn: &Arn,
                id: &AccessKeyId,
            ) -> Result<&'a $($mutable)? AccessKey, ChangeError> {
                let keys = match &$($mutable)? user(estate, arn)?.access_keys {
                    crate::fact::Known::Known(fact) => &$($mutable)? fact.value,
                    crate::fact::Known::Unknown(gap) => return Err(ChangeError::NotKnown(gap.to_string())),
                };
                let found = keys.$iter().find(|key| key.id.as_ref() == Some(id));
                found.ok_or_else(|| not_there("access key", id.as_str()))
            }

            pub(in super::super) fn policy<'a>(
                estate: &'a $($mutable)? Estate,
                arn: &Arn,
            ) -> Result<&'a $($mutable)? ManagedPolicy, ChangeError> {
                if arn.account().is_none() {
                    let text = format!("`{arn}` is written by AWS and cannot be changed");
                    return Err(ChangeError::Refused(text));
                }
                account(estate, arn)?.policies.$get(arn).ok_or_else(|| not_there("managed policy", arn.as_str()))
            }

            pub(in super::super) fn organization_policies(
                estate: &$($mutable)? Estate,
            ) -> Result<&$($mutable)? Vec<OrganizationPolicy>, ChangeError> {
                match &$($mutable)? estate.organization.policies {
                    crate::fact::Known::Known(fact) => Ok(&$($mutable)? fact.value),
                    crate::fact::Known::Unknown(gap) => Err(ChangeError::NotKnown(gap.to_string())),
                }
            }

            pub(in super::super) fn organization_policy<'a>(
                estate: &'a $($mutable)? Estate,
                id: &str,
            ) -> Result<&'a $($mutable)? OrganizationPolicy, ChangeError> {
                let found = organization_policies(estate)?.$iter().find(|policy| policy.id == id);
                found.ok_or_else(|| not_there("policy of the organization", id))
            }

            pub(in super::super) fn targets<'a>(
                estate: &'a $($mutable)? Estate,
                id: &str,
            ) -> Result<&'a $($mutable)? Vec<String>, ChangeError> {
                match &$($mutable)? organization_policy(estate, id)?.targets {
                    crate::fact::Known::Known(fact) => Ok(&$($mutable)? fact.value),
                    crate::fact::Known::Unknown(gap) => Err(ChangeError::NotKnown(gap.to_string())),
                }
            }
        }
    };
}

lookups!(look; get, value, iter);
lookups!(change, mut; get_mut, value_mut, iter_mut);
