//! What is known of the provider: its addresses (OpenID Connect Discovery 1.0) and its keys, for an hour.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use kagimori_notice::Address;
use serde::Deserialize;

use super::keys::{Key, Keys};
use super::token::Header;
use super::{OidcError, Settings};
use crate::outside;

/// How long what it said is good.
const SECONDS: i64 = 3600;
/// Keys that are not known are asked for no more often: whoever sends tokens of keys that there are not makes no calls.
const SECONDS_BETWEEN: i64 = 60;

/// Its addresses.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub(super) authorization: String,
    pub(super) token: String,
    keys: String,
    /// Whether each of its answers names it (RFC 9207).
    pub(super) says_who_answers: bool,
    /// Whether it takes a secret only among the fields of a form.
    pub(super) takes_secret_in_body: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Debug, Default)]
struct Known {
    provider: Option<(i64, Arc<Provider>)>,
    keys: Option<(i64, Keys)>,
}

/// What was asked of it.
#[derive(Debug, Default)]
pub(super) struct Providers(Mutex<Known>);

impl Providers {
    /// Its addresses; asked for once an hour.
    pub(super) fn of(&self, settings: &Settings, now: Timestamp) -> Result<Arc<Provider>, OidcError> {
        let now = now.as_second();
        let known = self.0.lock().map_err(|_| OidcError::Broken)?.provider.clone();
        if let Some((_, provider)) = known.filter(|(since, _)| is_fresh(*since, now, SECONDS)) {
            return Ok(provider);
        }
        // Not asked with the lock held: a provider that is slow holds up whoever asks it, and nobody else.
        let provider = Arc::new(asked(&settings.issuer)?);
        self.0.lock().map_err(|_| OidcError::Broken)?.provider = Some((now, Arc::clone(&provider)));
        Ok(provider)
    }

    /// The key that a token names. One that is not known may be new.
    pub(super) fn key(
        &self,
        settings: &Settings,
        provider: &Provider,
        header: &Header,
        now: Timestamp,
    ) -> Result<Key, OidcError> {
        let now = now.as_second();
        {
            let known = self.0.lock().map_err(|_| OidcError::Broken)?;
            if let Some((since, keys)) = &known.keys
                && is_fresh(*since, now, SECONDS)
            {
                match keys.of(header) {
                    Some(key) => return Ok(key),
                    None if is_fresh(*since, now, SECONDS_BETWEEN) => {
                        return Err(OidcError::Token("no key of the issuer has signed it"));
                    }
                    None => {}
                }
            }
        }
        let (status, text) = outside::get(&provider.keys).map_err(OidcError::Provider)?;
        if status != 200 {
            return Err(OidcError::Provider(format!("status {status} for the keys of {}", settings.issuer)));
        }
        let keys = Keys::read(&text)?;
        let key = keys.of(header);
        self.0.lock().map_err(|_| OidcError::Broken)?.keys = Some((now, keys));
        key.ok_or(OidcError::Token("no key of the issuer has signed it"))
    }
}

fn is_fresh(since: i64, now: i64, seconds: i64) -> bool {
    (0..seconds).contains(&now.saturating_sub(since))
}

fn asked(issuer: &str) -> Result<Provider, OidcError> {
    let told = |what: &str| OidcError::Provider(what.to_owned());
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let (status, text) = outside::get(&address).map_err(OidcError::Provider)?;
    if status != 200 {
        return Err(OidcError::Provider(format!("status {status} for `{address}`")));
    }
    let document: Document =
        serde_json::from_str(&text).map_err(|_| told("its description of itself cannot be read"))?;
    // Discovery §4.3: otherwise one provider could speak for another.
    if document.issuer != issuer {
        return Err(told("it calls itself by another name than `oidc.issuer`"));
    }
    for (name, endpoint) in [
        ("authorization_endpoint", &document.authorization_endpoint),
        ("token_endpoint", &document.token_endpoint),
        ("jwks_uri", &document.jwks_uri),
    ] {
        must_be_outside(issuer, endpoint)
            .map_err(|why| OidcError::Provider(format!("its `{name}` {why}")))?;
    }
    let methods = document.token_endpoint_auth_methods_supported.unwrap_or_default();
    let has = |wanted: &str| methods.iter().any(|method| method == wanted);
    Ok(Provider {
        authorization: document.authorization_endpoint,
        token: document.token_endpoint,
        keys: document.jwks_uri,
        says_who_answers: document.authorization_response_iss_parameter_supported,
        takes_secret_in_body: has("client_secret_post") && !has("client_secret_basic"),
    })
}

/// A provider elsewhere leads the desk to no machine of its own network: its addresses have names, and certificates for them. What answers
/// to metadata addresses has neither. Redirects are not followed anywhere.
fn must_be_outside(issuer: &str, endpoint: &str) -> Result<(), &'static str> {
    Address::must_be_safe(endpoint)?;
    if endpoint.contains('#') {
        return Err("has a fragment");
    }
    if !issuer.starts_with("https://") {
        return Ok(());
    }
    let rest = endpoint.strip_prefix("https://").ok_or("is not encrypted")?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let is_number =
        host.starts_with('[') || host.rsplit('.').next().is_some_and(|last| last.parse::<u32>().is_ok());
    if is_number || host.eq_ignore_ascii_case("localhost") {
        return Err("is an address without a name, or one of this machine");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_elsewhere_leads_to_no_machine_of_ours() {
        let own = "https://id.example";
        for (issuer, endpoint, is_taken) in [
            (own, "https://id.example/token", true),
            (own, "https://tokens.example:8443/token?a=b", true),
            (own, "http://id.example/token", false),
            (own, "http://169.254.169.254/latest/meta-data/", false),
            (own, "https://169.254.169.254/latest/meta-data/", false),
            (own, "https://[fd00:ec2::254]/", false),
            (own, "https://2852039166/", false),
            (own, "http://127.0.0.1:8440/", false),
            (own, "https://localhost/", false),
            (own, "https://id.example@evil.example/", false),
            (own, "file:///etc/passwd", false),
            (own, "https://id.example/#x", false),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/token", true),
            ("http://127.0.0.1:9", "http://169.254.169.254/", false),
        ] {
            assert_eq!(must_be_outside(issuer, endpoint).is_ok(), is_taken, "{endpoint}");
        }
    }
}
