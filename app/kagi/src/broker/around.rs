//! `credential_source`: credentials of the environment, the instance or the container around kagi.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use kagimori_aws::{AssumedRole, Client, StsError};
use kagimori_session::credentials::{LongTermKey, SessionCredentials, is_key_id};
use kagimori_session::endpoint::{host_of, is_this_machine};
use kagimori_session::plan::AssumeRole;
use kagimori_session::value::{percent_encoded, shown};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::Broker;
use super::foreign::First;
use crate::error::KagiError;
use crate::place::{kept, persons, variable};

const INSTANCE: &str = "http://169.254.169.254";
const INSTANCE_V6: &str = "http://[fd00:ec2::254]";
const CONTAINER: &str = "http://169.254.170.2";
/// The other hosts that SDKs ask without TLS: ECS and EKS (botocore, `ContainerMetadataFetcher`).
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// What stands for the credentials in keys of the cache: a key of another name is another source.
pub(super) fn environment_name() -> String {
    format!("environment {}", variable("AWS_ACCESS_KEY_ID").unwrap_or_default())
}

/// The key or session in the variables, as botocore's `EnvProvider` reads them.
pub(super) fn environment() -> Result<First, KagiError> {
    let missing = |name: &str| {
        KagiError::argument(
            format!("`credential_source = Environment`: `{name}` is not set"),
            "export the variables of the source and run the command again; inside `kagi exec` they are taken away",
        )
    };
    let access_key_id = variable("AWS_ACCESS_KEY_ID").ok_or_else(|| missing("AWS_ACCESS_KEY_ID"))?;
    if !is_key_id(&access_key_id) {
        return Err(KagiError::argument(
            "`AWS_ACCESS_KEY_ID` is not an access key id",
            "it has the form `AKIAIOSFODNN7EXAMPLE`",
        ));
    }
    let secret = variable("AWS_SECRET_ACCESS_KEY").ok_or_else(|| missing("AWS_SECRET_ACCESS_KEY"))?;
    let secret_access_key = SecretString::from(secret);
    let token = variable("AWS_SESSION_TOKEN").or_else(|| variable("AWS_SECURITY_TOKEN"));
    let Some(session_token) = token else {
        return Ok(First::Key(LongTermKey { access_key_id, secret_access_key }));
    };
    let end = variable("AWS_CREDENTIAL_EXPIRATION").and_then(|text| text.parse().ok());
    Ok(First::Session(SessionCredentials {
        access_key_id,
        secret_access_key,
        session_token: session_token.into(),
        expiration: end.unwrap_or_else(|| Timestamp::now() + SignedDuration::from_hours(1)),
    }))
}

/// Where instance metadata is asked.
pub(super) fn instance_endpoint() -> String {
    let is_v6 = || variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| {
        let is_v6 = is_v6().is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6"));
        if is_v6 { INSTANCE_V6 } else { INSTANCE }.to_owned()
    })
}

/// The credentials of the instance's role.
pub(super) fn instance(client: &Client) -> Result<First, KagiError> {
    // A kagi around us sets it for programs; only what the person set is a no.
    if persons("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(KagiError::argument(
            "`credential_source = Ec2InstanceMetadata`, and `AWS_EC2_METADATA_DISABLED` forbids it",
            "unset `AWS_EC2_METADATA_DISABLED`",
        ));
    }
    let endpoint = instance_endpoint();
    if !(endpoint.starts_with("http://") || endpoint.starts_with("https://")) {
        return Err(KagiError::argument(
            format!("`AWS_EC2_METADATA_SERVICE_ENDPOINT` is no address: `{}`", shown(&endpoint)),
            format!("write it as `{INSTANCE}`, or unset it"),
        ));
    }
    client.instance_credentials(&endpoint).map(First::Session).map_err(|error| {
        KagiError::argument(
            format!("`credential_source = Ec2InstanceMetadata`: {error}"),
            "it works on an EC2 instance with an instance profile and IMDSv2; in a container on one the hop limit must \
             be 2 (`aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2`)",
        )
    })
}

/// Where the container is asked; empty when no variable says so.
pub(super) fn container_url() -> String {
    match (kept(RELATIVE), kept(FULL)) {
        (Some(relative), _) => format!("{CONTAINER}{relative}"),
        (None, full) => full.unwrap_or_default(),
    }
}

/// Whether the container's token lies in a variable, which programs are not given.
pub(super) fn container_token_is_a_variable() -> bool {
    kept(TOKEN_FILE).is_none() && variable(TOKEN).is_some()
}

/// What the container's endpoint hands out.
pub(super) fn container(client: &Client) -> Result<First, KagiError> {
    let url = container_url();
    if url.is_empty() {
        return Err(KagiError::argument(
            format!("`credential_source = EcsContainer`: neither `{RELATIVE}` nor `{FULL}` is set"),
            "ECS and EKS set one of them in containers whose task or service account has a role",
        ));
    }
    if !may_be_asked(&url) {
        return Err(KagiError::argument(
            format!("`{FULL}` leads to a host that SDKs do not ask: `{}`", shown(&url)),
            format!("use https, this machine's loopback, or one of {}", CONTAINER_HOSTS.join(", ")),
        ));
    }
    client.container_credentials(&url, token()?.as_ref()).map(First::Session).map_err(|error| {
        KagiError::argument(
            format!("`credential_source = EcsContainer`: {error}"),
            format!(
                "check the role of the task (ECS) or of the service account (EKS Pod Identity), and `{TOKEN_FILE}` if \
                 the endpoint asks for a token"
            ),
        )
    })
}

/// The file goes first, and is read each time: EKS writes it anew.
fn token() -> Result<Option<SecretString>, KagiError> {
    let (text, from) = match kept(TOKEN_FILE) {
        Some(path) => {
            let text = std::fs::read_to_string(&path);
            (text.map_err(|source| KagiError::read(path.as_ref(), source))?, TOKEN_FILE)
        }
        None => match variable(TOKEN) {
            None => return Ok(None),
            Some(text) => (text, TOKEN),
        },
    };
    if text.is_empty() || !text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) {
        return Err(KagiError::argument(
            format!(
                "the token of `{from}` cannot be sent: it is empty, or has line ends or other control characters"
            ),
            "SDKs refuse it as well: write it without a line end",
        ));
    }
    Ok(Some(text.into()))
}

/// Assumes a role by the token in a file, which is read each time: whoever issues it writes it anew.
pub(super) fn by_web_identity(
    broker: &Broker<'_, '_>,
    file: &str,
    role: &AssumeRole,
) -> Result<AssumedRole, KagiError> {
    let text = Zeroizing::new(
        std::fs::read_to_string(file).map_err(|source| KagiError::read(file.as_ref(), source))?,
    );
    let token = SecretString::from(text.trim());
    let about_the_token = |error: &StsError| {
        matches!(error, StsError::Refused { code, .. } if matches!(
            code.as_str(),
            "InvalidIdentityToken" | "ExpiredTokenException" | "IDPRejectedClaim"
        ))
    };
    broker.client()?.assume_role_with_web_identity(&broker.sts, role, &token, broker.now()).map_err(|error| {
        if about_the_token(&error) {
            return KagiError::argument(
                error.to_string(),
                format!(
                    "AWS does not take the token in `{}`: have it issued anew, for this role's audience",
                    shown(file)
                ),
            );
        }
        KagiError::call(error, &format!("`{}`", shown(role.role.as_str())))
    })
}

fn may_be_asked(url: &str) -> bool {
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

/// Which source, for messages.
pub(super) fn source_of_container() -> String {
    let url = container_url();
    // A path may be a secret of sorts.
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    percent_encoded(authority).replace("%3A", ":").replace("%5B", "[").replace("%5D", "]")
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
}
