//! Credentials of the machine or container around us: instance metadata (IMDSv2) and the container endpoint, as SDKs ask
//! them (AWS SDKs and Tools Reference Guide, "IMDS credential provider" and "Container credential provider").

use std::time::Duration;

use jiff::Timestamp;
use kagimori_session::credentials::{SessionCredentials, is_key_id};
use kagimori_session::value::percent_encoded;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::error::StsError;
use crate::transport::{Client, Reply, host_and_path, read};

const INSTANCE: &str = "Ec2InstanceMetadata";
const CONTAINER: &str = "EcsContainer";
/// Both answer from the machine itself. Where nothing listens the address leads nowhere, and nobody shall wait for that.
const PATIENCE: Duration = Duration::from_secs(2);
/// botocore's
const TOKEN_SECONDS: &str = "21600";

impl Client {
    /// The credentials of the instance's role. With a token only: who cannot get one is not meant to have credentials.
    pub fn instance_credentials(&self, endpoint: &str) -> Result<SessionCredentials, StsError> {
        let endpoint = endpoint.trim_end_matches('/');
        let token_url = format!("{endpoint}/latest/api/token");
        let put = self.near().put(&token_url).config().timeout_global(Some(PATIENCE)).build();
        let reply = put.header("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_SECONDS).send_empty();
        let token = found(read(reply, INSTANCE, host_and_path(&token_url).0)?, INSTANCE, "token of IMDSv2")?;
        let get = |url: &str, missing| {
            let get = self.near().get(url).config().timeout_global(Some(PATIENCE)).build();
            let reply = get.header("x-aws-ec2-metadata-token", token.body.as_str()).call();
            found(read(reply, INSTANCE, host_and_path(url).0)?, INSTANCE, missing)
        };
        let roles = format!("{endpoint}/latest/meta-data/iam/security-credentials/");
        let role = get(&roles, "role of the instance")?;
        let role = role.body.lines().next().unwrap_or_default().trim();
        credentials(&get(&format!("{roles}{}", percent_encoded(role)), "credentials")?, INSTANCE)
    }

    /// The credentials that a container's endpoint hands out; `authorization` is the token it asks for.
    pub fn container_credentials(
        &self,
        url: &str,
        authorization: Option<&SecretString>,
    ) -> Result<SessionCredentials, StsError> {
        let get = self.near().get(url).config().timeout_global(Some(PATIENCE)).build();
        let mut get = get.header("accept", "application/json");
        if let Some(token) = authorization {
            get = get.header("authorization", token.expose_secret());
        }
        let reply = found(read(get.call(), CONTAINER, host_and_path(url).0)?, CONTAINER, "credentials")?;
        credentials(&reply, CONTAINER)
    }
}

fn found(reply: Reply, operation: &'static str, missing: &'static str) -> Result<Reply, StsError> {
    let is_there = reply.status == 200 && !reply.body.trim().is_empty();
    let status = reply.status;
    if is_there { Ok(reply) } else { Err(StsError::Answer { operation, status, missing }) }
}

fn credentials(reply: &Reply, operation: &'static str) -> Result<SessionCredentials, StsError> {
    let missing = |missing| StsError::Answer { operation, status: reply.status, missing };
    // IMDS answers 200 and a `Code` other than `Success` when the role cannot be assumed: then there is no key in it.
    let answer: Value = serde_json::from_str(&reply.body).map_err(|_| missing("AccessKeyId"))?;
    let text = |name: &'static str| {
        let text = answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| missing(name))
    };
    Ok(SessionCredentials {
        access_key_id: Some(text("AccessKeyId")?)
            .filter(|id| is_key_id(id))
            .ok_or_else(|| missing("AccessKeyId"))?
            .to_owned(),
        secret_access_key: text("SecretAccessKey")?.into(),
        session_token: text("Token")?.into(),
        expiration: text("Expiration")?.parse::<Timestamp>().map_err(|_| missing("Expiration"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let whole = r#"{"Code":"Success","AccessKeyId":"ASIAIOSFODNN7EXAMPLE","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-29T12:00:00Z"}"#;
        let reply =
            |status, body: &str| Reply { status, date: None, error_type: None, body: body.to_owned().into() };
        let read = credentials(&reply(200, whole), INSTANCE).unwrap();
        assert_eq!(
            (read.access_key_id.as_str(), read.session_token.expose_secret()),
            ("ASIAIOSFODNN7EXAMPLE", "t")
        );
        assert_eq!(read.expiration.to_string(), "2026-11-29T12:00:00Z");
        for (from, to, expected) in [
            ("ASIAIOSFODNN7EXAMPLE", "no key", "AccessKeyId"),
            ("\"s\"", "\"\"", "SecretAccessKey"),
            ("\"Token\":\"t\",", "", "Token"),
            ("2026-11-29T12", "noon", "Expiration"),
            ("{", "", "AccessKeyId"),
        ] {
            let error = credentials(&reply(200, &whole.replace(from, to)), INSTANCE).unwrap_err();
            assert!(error.to_string().contains(&format!("no `{expected}`")), "{error}");
        }
        for (status, body) in [(404, "x"), (200, " \n")] {
            let error = found(reply(status, body), INSTANCE, "role of the instance").err().unwrap();
            assert!(error.to_string().contains(&format!("(HTTP {status})")), "{error}");
        }
    }
}
