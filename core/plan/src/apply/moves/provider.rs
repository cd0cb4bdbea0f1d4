//! Identity providers.

use std::collections::BTreeMap;

use kagimori_estate::change::{OidcProvider, ProviderChange, SamlProvider};
use kagimori_id::Arn;
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::look::{EntityLook, Look, with};
use super::super::state::Expected;
use super::Move;

/// The one move of a change.
pub(super) fn one(change: &ProviderChange) -> Move {
    use ProviderChange as C;
    let arn = change.provider();
    let call = |operation: &str, more: Value| Call::iam(arn.account(), operation, more);
    let of = |name: &str, value: Value| json!({ "OpenIDConnectProviderArn": arn, name: value });
    match change {
        C::CreateOidcProvider { takes, .. } => {
            let made = Move::new(
                look(arn),
                Expected::Absent,
                has(takes),
                call("CreateOpenIDConnectProvider", made(arn, takes)),
            );
            Move { is_of_being: true, ..made }
        }
        C::DeleteOidcProvider { takes, .. } => {
            let gone = call("DeleteOpenIDConnectProvider", json!({ "OpenIDConnectProviderArn": arn }));
            Move { is_of_being: true, ..Move::new(look(arn), has(takes), Expected::Absent, gone) }
        }
        C::AddAudience { audience, .. } => {
            let call = call("AddClientIDToOpenIDConnectProvider", of("ClientID", json!(audience)));
            Move::new(of_audience(arn, audience), Expected::Absent, Expected::is(true), call)
        }
        C::RemoveAudience { audience, .. } => {
            let call = call("RemoveClientIDFromOpenIDConnectProvider", of("ClientID", json!(audience)));
            Move::new(of_audience(arn, audience), Expected::is(true), Expected::Absent, call)
        }
        C::SetThumbprints { thumbprints, was, .. } => {
            let call =
                call("UpdateOpenIDConnectProviderThumbprint", of("ThumbprintList", json!(thumbprints)));
            let are = |all: &[String]| Expected::Has(vec![("thumbprints", sorted(all))]);
            Move::new(look(arn), are(was), are(thumbprints), call)
        }
        C::CreateSamlProvider { made_of, .. } => {
            let call = call("CreateSAMLProvider", made_of_saml(arn, made_of));
            Move {
                is_of_being: true,
                ..Move::new(look_at_saml(arn), Expected::Absent, has_saml(made_of), call)
            }
        }
        C::DeleteSamlProvider { made_of, .. } => {
            let call = call("DeleteSAMLProvider", json!({ "SAMLProviderArn": arn }));
            Move {
                is_of_being: true,
                ..Move::new(look_at_saml(arn), has_saml(made_of), Expected::Absent, call)
            }
        }
        C::SetSamlMetadata { metadata, was, .. } => {
            let input = json!({ "SAMLProviderArn": arn, "SAMLMetadataDocument": metadata });
            let has = |text: &str| Expected::Has(vec![("metadata", json!(text))]);
            Move::new(look_at_saml(arn), has(was), has(metadata), call("UpdateSAMLProvider", input))
        }
    }
}

fn look_at_saml(provider: &Arn) -> Look {
    Look::Entity(EntityLook::SamlProvider { provider: provider.clone() })
}

/// One that has keys of its own, which nobody can read, is not made again by the way back: it does not fit.
fn has_saml(made_of: &SamlProvider) -> Expected {
    let tags: BTreeMap<&String, &String> = made_of.tags.iter().collect();
    let metadata = json!(made_of.metadata);
    Expected::Has(vec![("metadata", metadata), ("tags", json!(tags)), ("private keys", json!(0))])
}

fn made_of_saml(provider: &Arn, made_of: &SamlProvider) -> Value {
    let name = provider.resource().strip_prefix("saml-provider/").unwrap_or_default();
    let input = json!({ "Name": name, "SAMLMetadataDocument": made_of.metadata });
    let tags: Value = made_of.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    if made_of.tags.is_empty() { input } else { with(input, &[("Tags", tags)]) }
}

fn look(provider: &Arn) -> Look {
    Look::Entity(EntityLook::OidcProvider { provider: provider.clone() })
}

fn of_audience(provider: &Arn, audience: &str) -> Look {
    Look::Entity(EntityLook::Audience { provider: provider.clone(), audience: audience.to_owned() })
}

/// Without thumbprints AWS looks the provider's certificate up itself (IAM API Reference, `CreateOpenIDConnectProvider`).
fn has(takes: &OidcProvider) -> Expected {
    let tags: BTreeMap<&String, &String> = takes.tags.iter().collect();
    let mut all = vec![("audiences", sorted(&takes.audiences)), ("tags", json!(tags))];
    if !takes.thumbprints.is_empty() {
        all.push(("thumbprints", sorted(&takes.thumbprints)));
    }
    Expected::Has(all)
}

fn made(provider: &Arn, takes: &OidcProvider) -> Value {
    let host = provider.resource().strip_prefix("oidc-provider/").unwrap_or_default();
    let input = json!({ "Url": format!("https://{host}"), "ClientIDList": takes.audiences });
    let mut more = Vec::new();
    if !takes.thumbprints.is_empty() {
        more.push(("ThumbprintList", json!(takes.thumbprints)));
    }
    if !takes.tags.is_empty() {
        let tags = takes.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        more.push(("Tags", tags.collect()));
    }
    with(input, &more)
}

/// AWS tells them in lower case, and in any order.
fn sorted(all: &[String]) -> Value {
    let mut all = all.to_vec();
    all.sort();
    json!(all)
}
