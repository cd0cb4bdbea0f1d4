//! Credentials of the environment, the container and the instance around us, as SDKs find them. What a variable says is an
//! argument: kagi puts some aside.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use kagimori_session::credentials::{LongTermKey, SessionCredentials, is_key_id};
use kagimori_session::endpoint::{host_of, is_this_machine};
use kagimori_session::value::shown;
use secrecy::SecretString;

use super::{CredentialsError, Held, variable};
use crate::transport::Client;

const INSTANCE: &str = "http://169.254.169.254";
const INSTANCE_V6: &str = "http://[fd00:ec2::254]";
const CONTAINER: &str = "http://169.254.170.2";
/// The hosts that SDKs ask without TLS beside this machine: ECS and EKS (botocore, `ContainerMetadataFetcher`).
pub const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// The key or session in the variables, as botocore's `EnvProvider` reads them; nothing when there is none.
///
/// # Errors
/// When there is half of one.
pub fn environment(
    variable: &dyn Fn(&str) -> Option<String>,
    now: Timestamp,
) -> Result<Option<Held>, CredentialsError> {
    let Some(access_key_id) = variable("AWS_ACCESS_KEY_ID") else { return Ok(None) };
    if !is_key_id(&access_key_id) {
        return Err(CredentialsError::new(
            "`AWS_ACCESS_KEY_ID` is not an access key id",
            "it has the form `AKIAIOSFODNN7EXAMPLE`",
        ));
    }
    let Some(secret) = variable("AWS_SECRET_ACCESS_KEY") else {
        return Err(CredentialsError::new(
            "`AWS_ACCESS_KEY_ID` is set, and `AWS_SECRET_ACCESS_KEY` is not",
            "set both, or neither",
        ));
    };
    let secret_access_key = SecretString::from(secret);
    let token = variable("AWS_SESSION_TOKEN").or_else(|| variable("AWS_SECURITY_TOKEN"));
    let Some(session_token) = token else {
        return Ok(Some(Held::Key(LongTermKey { access_key_id, secret_access_key })));
    };
    let end = variable("AWS_CREDENTIAL_EXPIRATION").and_then(|text| text.parse().ok());
    Ok(Some(Held::Session(SessionCredentials {
        access_key_id,
        secret_access_key,
        session_token: session_token.into(),
        expiration: end.unwrap_or_else(|| now + SignedDuration::from_hours(1)),
    })))
}

/// Where instance metadata is asked.
pub fn instance_endpoint(variable: &dyn Fn(&str) -> Option<String>) -> String {
    variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| {
        let mode = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
        let is_v6 = mode.is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6"));
        if is_v6 { INSTANCE_V6 } else { INSTANCE }.to_owned()
    })
}

/// Where the container is asked; nothing when no variable says so.
pub fn container_url(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    match (variable(RELATIVE), variable(FULL)) {
        (Some(relative), _) => Some(format!("{CONTAINER}{relative}")),
        (None, full) => full,
    }
}

/// The token that the container's endpoint asks for. The file goes first, and is read each time: EKS writes it anew.
///
/// # Errors
/// When the file cannot be read, or the token cannot be sent.
pub fn container_authority(
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<SecretString>, CredentialsError> {
    let (text, from) = match (variable(TOKEN_FILE), variable(TOKEN)) {
        (Some(path), _) => {
            let text = std::fs::read_to_string(&path).map_err(|error| {
                CredentialsError::new(
                    format!("`{}` cannot be read: {error}", shown(&path)),
                    format!("`{TOKEN_FILE}` names it"),
                )
            })?;
            (text, TOKEN_FILE)
        }
        (None, Some(text)) => (text, TOKEN),
        (None, None) => return Ok(None),
    };
    if text.is_empty() || !text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) {
        return Err(CredentialsError::new(
            format!(
                "the token of `{from}` cannot be sent: it is empty, or has line ends or other control characters"
            ),
            "SDKs refuse it as well: write it without a line end",
        ));
    }
    Ok(Some(text.into()))
}

pub(super) fn container(client: &Client) -> Result<Held, CredentialsError> {
    let url = container_url(&variable).ok_or_else(|| {
        CredentialsError::new(
            format!("the container has no credentials: neither `{RELATIVE}` nor `{FULL}` is set"),
            "ECS and EKS set one of them in containers whose task or service account has a role",
        )
    })?;
    if !may_be_asked(&url) {
        return Err(CredentialsError::new(
            format!("`{FULL}` leads to a host that SDKs do not ask: `{}`", shown(&url)),
            format!("use https, this machine's loopback, or one of {}", CONTAINER_HOSTS.join(", ")),
        ));
    }
    let token = container_authority(&variable)?;
    client.container_credentials(&url, token.as_ref()).map(Held::Session).map_err(|error| {
        CredentialsError::new(
            format!("the container's credentials cannot be had: {error}"),
            "check the role of the task (ECS) or of the service account (EKS Pod Identity)",
        )
    })
}

pub(super) fn instance(client: &Client) -> Result<Held, CredentialsError> {
    if variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(CredentialsError::new(
            "there are no credentials, and `AWS_EC2_METADATA_DISABLED` forbids to ask the instance",
            "name a profile with `--profile`, or run it as `kagi exec PROFILE -- kagimori …`",
        ));
    }
    let endpoint = instance_endpoint(&variable);
    if !(endpoint.starts_with("http://") || endpoint.starts_with("https://")) {
        return Err(CredentialsError::new(
            format!("`AWS_EC2_METADATA_SERVICE_ENDPOINT` is no address: `{}`", shown(&endpoint)),
            format!("write it as `{INSTANCE}`, or unset it"),
        ));
    }
    client.instance_credentials(&endpoint).map(Held::Session).map_err(|error| {
        CredentialsError::new(
            format!("no credentials were found; the last place asked was the instance around: {error}"),
            "name a profile with `--profile`, or run it as `kagi exec PROFILE -- kagimori …`",
        )
    })
}

/// Whether SDKs ask this address of a container for credentials.
#[must_use]
pub fn may_be_asked(url: &str) -> bool {
    if let Some(rest) = url.strip_prefix("https://") {
        return !rest.is_empty();
    }
    let Some(rest) = url.strip_prefix("http://") else { return false };
    // `user@host` would make another host of what stands before it.
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host_of(authority);
    let is_known = |host: &str| {
        let address = |text: &str| text.parse::<IpAddr>().ok();
        CONTAINER_HOSTS.iter().any(|known| address(known) == address(host) && address(host).is_some())
    };
    !authority.contains('@') && (is_this_machine(host) || is_known(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_that_sdks_ask_are_asked() {
        for url in [
            "https://credentials.example/x",
            "http://127.0.0.1:1234/x",
            "http://localhost/x",
            "http://[::1]:80/",
            "http://169.254.170.2/v2/credentials/1",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
        ] {
            assert!(may_be_asked(url), "{url}");
        }
        for url in [
            "http://credentials.example/x",
            "http://127.0.0.1.evil.example/x",
            "http://127.0.0.1@evil.example/x",
            "http://127.0.0.1:80@evil.example/x",
            "http://169.254.169.254/x",
            "http:///x",
            "ftp://127.0.0.1/",
            "",
        ] {
            assert!(!may_be_asked(url), "{url}");
        }
    }

    #[test]
    fn variables_hold_a_key_a_session_or_nothing() {
        let now = Timestamp::from_second(0).unwrap();
        let read = |set: &[(&str, &str)]| {
            let find = |wanted: &str| {
                set.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
            };
            environment(&find, now).map(|held| {
                held.map(|held| {
                    (held.signer().access_key_id().to_owned(), held.signer().session_token().is_some())
                })
            })
        };
        let id = ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
        let secret = ("AWS_SECRET_ACCESS_KEY", "s");
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[id, secret]).unwrap(), Some((id.1.to_owned(), false)));
        assert_eq!(read(&[id, secret, ("AWS_SESSION_TOKEN", "t")]).unwrap(), Some((id.1.to_owned(), true)));
        assert!(read(&[id]).is_err() && read(&[("AWS_ACCESS_KEY_ID", "x"), secret]).is_err());
    }
}
