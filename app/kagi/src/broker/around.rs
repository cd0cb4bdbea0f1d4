//! `credential_source`: credentials of the environment, the instance or the container around kagi.

use jiff::Timestamp;
use kagimori_aws::{AssumedRole, CONTAINER_HOSTS, Client, Held, StsError, may_be_asked};
use kagimori_session::plan::AssumeRole;
use kagimori_session::value::{percent_encoded, shown};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::Broker;
use super::foreign::First;
use crate::error::KagiError;
use crate::place::{kept, persons, variable};

const INSTANCE: &str = "http://169.254.169.254";

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
    match kagimori_aws::environment(&variable, Timestamp::now()) {
        Ok(Some(Held::Key(key))) => Ok(First::Key(key)),
        Ok(Some(Held::Session(session))) => Ok(First::Session(session)),
        Ok(None) => Err(missing("AWS_ACCESS_KEY_ID")),
        Err(error) => Err(KagiError::argument(error.message, error.hint)),
    }
}

/// Where instance metadata is asked.
pub(super) fn instance_endpoint() -> String {
    kagimori_aws::instance_endpoint(&variable)
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
    kagimori_aws::container_url(&kept).unwrap_or_default()
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

/// What lies in a variable is not put aside, since no program is given it.
fn token() -> Result<Option<SecretString>, KagiError> {
    let find = |name: &str| if name == TOKEN { variable(name) } else { kept(name) };
    kagimori_aws::container_authority(&find).map_err(|error| KagiError::argument(error.message, error.hint))
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

/// Which source, for messages.
pub(super) fn source_of_container() -> String {
    let url = container_url();
    // A path may be a secret of sorts.
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    percent_encoded(authority).replace("%3A", ":").replace("%5B", "[").replace("%5D", "]")
}
