//! Account access manager's runtime: the roles a person of Identity Center is entitled to, and their credentials (botocore's
//! model `account-access-runtime`: JSON, the access token as a bearer).

use jiff::Timestamp;
use kagimori_session::credentials::{SessionCredentials, is_key_id};
use kagimori_session::endpoint::Endpoint;
use kagimori_session::sso::entitled::Entitled;
use kagimori_session::value::percent_encoded;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::center::{Answer, MOST_PAGES, PATIENT, answered, text_of};
use crate::error::{Cause, StsError};
use crate::transport::{Client, JsonCall};

/// A role of ListRoles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitledRole {
    /// accountId
    pub account: String,
    /// accountName; empty when it is not known.
    pub account_name: String,
    /// roleArn
    pub arn: String,
}

impl Client {
    /// ListRoles, every page.
    pub fn list_entitled_roles(
        &self,
        runtime: &Endpoint,
        token: &SecretString,
        tenant: &str,
    ) -> Result<Vec<EntitledRole>, StsError> {
        const OPERATION: &str = "ListRoles";
        let url = format!("{}/access?tenantId={}&maxResults=100", runtime.url, percent_encoded(tenant));
        let (mut all, mut page) = (Vec::new(), String::new());
        for _ in 0..MOST_PAGES {
            let answer = self.get_as_bearer(OPERATION, format!("{url}{page}"), token)?;
            let roles = answer.field("roles")?.as_array().ok_or_else(|| answer.missing("roles"))?;
            for role in roles {
                all.push(EntitledRole {
                    account: text_of(role, "accountId").ok_or_else(|| answer.missing("accountId"))?,
                    account_name: text_of(role, "accountName").unwrap_or_default(),
                    arn: text_of(role, "roleArn").ok_or_else(|| answer.missing("roleArn"))?,
                });
            }
            match text_of(&answer.value, "nextToken").filter(|token| !token.is_empty()) {
                Some(token) => page = format!("&nextToken={}", percent_encoded(&token)),
                None => return Ok(all),
            }
        }
        Err(StsError::Answer { operation: OPERATION, status: 200, missing: "end of its pages" })
    }

    /// GetRoleCredentials, for programs.
    pub fn get_entitled_credentials(
        &self,
        runtime: &Endpoint,
        token: &SecretString,
        entitled: &Entitled,
    ) -> Result<SessionCredentials, StsError> {
        let url = format!(
            "{}/access/credentials?tenantId={}&roleArn={}&accessType=PROGRAMMATIC_ACCESS",
            runtime.url,
            percent_encoded(&entitled.tenant),
            percent_encoded(entitled.role.as_str())
        );
        let answer = self.get_as_bearer("GetRoleCredentials", url, token)?;
        let details = answer.field("credentialsDetails")?.get("programmaticAccess").cloned();
        let value = details.ok_or_else(|| answer.missing("programmaticAccess"))?;
        let inner = Answer { value, ..answer };
        let access_key_id = inner.text("accessKeyId")?;
        if !is_key_id(&access_key_id) {
            return Err(inner.missing("accessKeyId"));
        }
        Ok(SessionCredentials {
            access_key_id,
            secret_access_key: inner.text("secretAccessKey")?.into(),
            session_token: inner.text("sessionToken")?.into(),
            expiration: time(inner.field("expiresAt")?).ok_or_else(|| inner.missing("expiresAt"))?,
        })
    }

    fn get_as_bearer(
        &self,
        operation: &'static str,
        url: String,
        token: &SecretString,
    ) -> Result<Answer, StsError> {
        let bearer = SecretString::from(format!("Bearer {}", token.expose_secret()));
        let header = Some(("authorization", &bearer));
        let call = JsonCall { operation, url, header, body: None, pauses: PATIENT };
        answered(operation, &self.json(&call)?).map_err(not_entitled)
    }
}

/// `AccessDeniedException`: "You are authenticated but not authorized". At the portal it is a person who said no.
fn not_entitled(error: StsError) -> StsError {
    match error {
        StsError::Refused { operation, code, message, status, .. } if code == "AccessDeniedException" => {
            StsError::Refused { operation, code, message, cause: Cause::NoAccess, status }
        }
        other => other,
    }
}

/// The protocol's form is seconds since 1970, with a fraction or without; texts are RFC 3339.
fn time(value: &Value) -> Option<Timestamp> {
    match value.as_str() {
        Some(text) => text.parse().ok(),
        None => {
            let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
            Timestamp::from_second(seconds).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_of_the_protocol_and_of_people() {
        for value in [json!(1_796_000_000), json!(1_796_000_000.25), json!("2026-11-30T00:53:20Z")] {
            assert_eq!(time(&value).map(Timestamp::as_second), Some(1_796_000_000), "{value}");
        }
        assert_eq!((time(&json!(null)), time(&json!("noon"))), (None, None));
    }
}
