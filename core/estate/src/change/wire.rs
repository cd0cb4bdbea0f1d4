//! Changes and their policy documents in JSON.

use kagimori_policy::document::Document;
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::print;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{
    CenterChange, Change, CredentialChange, EntityChange, IdentityChange, ManagedPolicyChange,
    OrganizationChange, ProviderChange, TagChange,
};

/// A policy document that is written into JSON as itself, in the order it was written, and not as a string.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a document and nothing else")]
pub struct WireDocument(pub Document);

impl Serialize for WireDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(print::print(&self.0)).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WireDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        parse(raw.get(), Strictness::Strict).map(Self).map_err(D::Error::custom)
    }
}

/// Reads an object with one key; whose kind of change that is decides who reads it, so that a mistake in it is told by that kind.
pub(super) fn change<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Change, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let read = raw.get();
    let members: std::collections::BTreeMap<String, &RawValue> =
        serde_json::from_str(read).map_err(D::Error::custom)?;
    let kind = members.keys().next().map(String::as_str).unwrap_or_default();
    if members.len() != 1 {
        return Err(D::Error::custom("a change is an object with one member, its kind"));
    }
    if CredentialChange::KINDS.contains(&kind) {
        return of::<CredentialChange, D>(read);
    }
    if IdentityChange::KINDS.contains(&kind) {
        return of::<IdentityChange, D>(read);
    }
    if ManagedPolicyChange::KINDS.contains(&kind) {
        return of::<ManagedPolicyChange, D>(read);
    }
    if OrganizationChange::KINDS.contains(&kind) {
        return of::<OrganizationChange, D>(read);
    }
    if TagChange::KINDS.contains(&kind) {
        return of::<TagChange, D>(read);
    }
    if EntityChange::KINDS.contains(&kind) {
        return of::<EntityChange, D>(read);
    }
    if ProviderChange::KINDS.contains(&kind) {
        return of::<ProviderChange, D>(read);
    }
    if CenterChange::KINDS.contains(&kind) {
        return of::<CenterChange, D>(read);
    }
    Err(D::Error::custom(format!("`{kind}` is no kind of change")))
}

fn of<'de, T: serde::de::DeserializeOwned + Into<Change>, D: Deserializer<'de>>(
    text: &str,
) -> Result<Change, D::Error> {
    serde_json::from_str::<T>(text).map(Into::into).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kinds that no estate of the property tests can make.
    #[test]
    fn every_kind_is_read_by_its_own_name() {
        for text in [
            r#"{"delete_access_key":{"user":"arn:aws:iam::111122223333:user/a","key":"AKIAIOSFODNN7EXAMPLE"}}"#,
            r#"{"delete_policy":{"policy":"arn:aws:iam::111122223333:policy/p"}}"#,
            r#"{"restore_policy_version":{"policy":"arn:aws:iam::111122223333:policy/p","version":"v1","document":{"Version":"2012-10-17","Statement":[]},"delete":"v2"}}"#,
            r#"{"delete_organization_policy":{"id":"p-1"}}"#,
            r#"{"set_tag":{"identity":"arn:aws:iam::111122223333:policy/p","key":"Team","value":"sea","was":"land"}}"#,
            r#"{"remove_tag":{"identity":"arn:aws:iam::111122223333:user/a","key":"Team"}}"#,
            r#"{"create_identity":{"identity":"arn:aws:iam::111122223333:group/g","holds":{"members":["a"]}}}"#,
            r#"{"delete_identity":{"identity":"arn:aws:iam::111122223333:user/a","holds":{"credentials":{"password":true,"signing_certificates":1},"id":"AIDAEXAMPLEEXAMPLE01"}}}"#,
            r#"{"create_oidc_provider":{"provider":"arn:aws:iam::111122223333:oidc-provider/gitlab.com","takes":{"audiences":["a"]}}}"#,
            r#"{"set_thumbprints":{"provider":"arn:aws:iam::111122223333:oidc-provider/gitlab.com","thumbprints":[],"was":["a"]}}"#,
            r#"{"delete_saml_provider":{"provider":"arn:aws:iam::111122223333:saml-provider/idp","made_of":{"metadata":"<x/>"}}}"#,
            r#"{"create_account_assignment":{"instance":"arn:aws:sso:::instance/ssoins-1","set":"arn:aws:sso:::permissionSet/ssoins-1/ps-1","account":"111122223333","principal":{"group":"g-1"}}}"#,
            r#"{"delete_permission_set":{"instance":"i","set":"s","made_of":{"name":"A","customer_managed":[{"name":"p","path":"/t/"}],"boundary":{"managed":"arn:aws:iam::aws:policy/ReadOnlyAccess"}}}}"#,
            r#"{"create_policy_version":{"policy":"arn:aws:iam::111122223333:policy/p","version":"v6","document":{"Version":"2012-10-17","Statement":[]},"makes_room":"v1"}}"#,
        ] {
            let change: Change = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&change).unwrap(), text);
        }
    }

    #[test]
    fn a_mistake_is_told_by_its_kind() {
        for (text, expected) in [
            (r#"{"drop_user":{}}"#, "`drop_user` is no kind of change"),
            (r#"{}"#, "a change is an object with one member, its kind"),
            (r#"{"delete_policy":{"policy":"arn:aws:iam::111122223333:policy/p"},"x":1}"#, "one member"),
            (r#"{"delete_policy":{"arn":"x"}}"#, "unknown field `arn`"),
            (
                r#"{"create_identity":{"identity":"arn:aws:iam::111122223333:user/a","holds":{"tag":{}}}}"#,
                "unknown field `tag`",
            ),
        ] {
            let error = serde_json::from_str::<Change>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
