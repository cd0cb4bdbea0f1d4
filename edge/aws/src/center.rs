//! The calls of IAM Identity Center: the OIDC service and the access portal. Both take JSON without a signature (botocore's
//! models `sso-oidc` and `sso`).

use jiff::Timestamp;
use kagimori_session::credentials::{SessionCredentials, is_key_id};
use kagimori_session::endpoint::Endpoint;
use kagimori_session::sso::flow::{DeviceCode, Registration};
use kagimori_session::sso::login::{Client as Registered, Token, Way};
use kagimori_session::sso::settings::SsoRole;
use kagimori_session::value::percent_encoded;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::StsError;
use crate::transport::{Client, JsonCall, Reply};

/// The portal refuses who asks too often; many profiles renewed at once are many calls.
pub(crate) const PATIENT: &[u64] = &[200, 800, 2500];
const ONCE: &[u64] = &[];
/// Nobody sits before a code for longer; AWS's are good for ten minutes.
const MOST_SECONDS_OF_A_CODE: i64 = 3600;
/// Where the access token stands (botocore's model of `sso`).
const TOKEN: &str = "x-amz-sso_bearer_token";
/// No portal is longer; a page that leads to itself would be.
pub(crate) const MOST_PAGES: usize = 1000;

/// What GetRoleCredentials returned.
#[derive(Debug)]
pub struct RoleCredentials {
    /// roleCredentials
    pub credentials: SessionCredentials,
}

/// An account of ListAccounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// accountId
    pub id: String,
    /// accountName; empty when the portal has none.
    pub name: String,
}

impl Client {
    /// OIDC RegisterClient
    pub fn register_client(
        &self,
        oidc: &Endpoint,
        registration: &Registration<'_>,
        way: Way,
    ) -> Result<Registered, StsError> {
        let mut body = json!({
            "clientName": "kagi",
            "clientType": "public",
            "scopes": registration.scopes,
        });
        if let (Some(redirect), Value::Object(fields)) = (&registration.redirect, &mut body) {
            fields.insert("grantTypes".to_owned(), json!(registration.grants));
            fields.insert("redirectUris".to_owned(), json!([redirect]));
            fields.insert("issuerUrl".to_owned(), json!(registration.issuer));
        }
        let answer =
            self.post_json("RegisterClient", &format!("{}/client/register", oidc.url), &body, PATIENT)?;
        Ok(Registered {
            id: answer.text("clientId")?,
            secret: answer.text("clientSecret")?.into(),
            ends_at: answer.number("clientSecretExpiresAt")?,
            way,
            scopes: registration.scopes.to_vec(),
        })
    }

    /// OIDC StartDeviceAuthorization
    pub fn start_device_authorization(
        &self,
        oidc: &Endpoint,
        client: &Registered,
        start_url: &str,
        now: Timestamp,
    ) -> Result<DeviceCode, StsError> {
        let body = json!({
            "clientId": client.id,
            "clientSecret": client.secret.expose_secret(),
            "startUrl": start_url,
        });
        let url = format!("{}/device_authorization", oidc.url);
        let answer = self.post_json("StartDeviceAuthorization", &url, &body, PATIENT)?;
        // What a person is told to open is a page, and one of AWS's own where AWS is asked.
        let is_page = |page: &String| {
            let is_secure = page.starts_with("https://")
                || !oidc.url.starts_with("https://") && page.starts_with("http://");
            is_secure && page.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let address = answer.text("verificationUri")?;
        let with_code = answer.text("verificationUriComplete").unwrap_or_else(|_| address.clone());
        if !is_page(&address) || !is_page(&with_code) {
            return Err(answer.missing("verificationUri"));
        }
        let lasts = answer.number("expiresIn")?.clamp(0, MOST_SECONDS_OF_A_CODE);
        Ok(DeviceCode {
            code: answer.text("deviceCode")?.into(),
            user_code: answer.text("userCode")?,
            address_with_code: with_code,
            address,
            ends_at: now.as_second().saturating_add(lasts),
            interval_seconds: answer.number("interval").unwrap_or_default(),
        })
    }

    /// OIDC CreateToken with a device code. Sent once: the flow has its own pace.
    pub fn create_token_of_device(
        &self,
        oidc: &Endpoint,
        client: &Registered,
        code: &SecretString,
    ) -> Result<Token, StsError> {
        let grant = json!({
            "grantType": "urn:ietf:params:oauth:grant-type:device_code",
            "deviceCode": code.expose_secret(),
        });
        self.create_token(oidc, client, grant)
    }

    /// OIDC CreateToken with an authorization code. Sent once: a code is good once.
    pub fn create_token_of_code(
        &self,
        oidc: &Endpoint,
        client: &Registered,
        code: &SecretString,
        verifier: &SecretString,
        redirect: &str,
    ) -> Result<Token, StsError> {
        let grant = json!({
            "grantType": "authorization_code",
            "code": code.expose_secret(),
            "codeVerifier": verifier.expose_secret(),
            "redirectUri": redirect,
        });
        self.create_token(oidc, client, grant)
    }

    /// OIDC CreateToken with a refresh token. Sent once: the token is spent by it.
    pub fn refresh_token(
        &self,
        oidc: &Endpoint,
        client: &Registered,
        refresh: &SecretString,
    ) -> Result<Token, StsError> {
        let grant = json!({ "grantType": "refresh_token", "refreshToken": refresh.expose_secret() });
        self.create_token(oidc, client, grant)
    }

    fn create_token(&self, oidc: &Endpoint, client: &Registered, mut body: Value) -> Result<Token, StsError> {
        if let Value::Object(fields) = &mut body {
            fields.insert("clientId".to_owned(), json!(client.id));
            fields.insert("clientSecret".to_owned(), json!(client.secret.expose_secret()));
        }
        let answer = self.post_json("CreateToken", &format!("{}/token", oidc.url), &body, ONCE)?;
        Ok(Token {
            access: answer.text("accessToken")?.into(),
            seconds: answer.number("expiresIn")?,
            refresh: answer.text("refreshToken").ok().map(SecretString::from),
        })
    }

    /// Portal GetRoleCredentials
    pub fn get_role_credentials(
        &self,
        portal: &Endpoint,
        token: &SecretString,
        account: &str,
        role: &str,
    ) -> Result<RoleCredentials, StsError> {
        let query = format!("role_name={}&account_id={}", percent_encoded(role), percent_encoded(account));
        let url = format!("{}/federation/credentials?{query}", portal.url);
        let answer = self.get_json("GetRoleCredentials", url, token)?;
        let inner = Answer { value: answer.field("roleCredentials")?.clone(), ..answer };
        let access_key_id = inner.text("accessKeyId")?;
        if !is_key_id(&access_key_id) {
            return Err(inner.missing("accessKeyId"));
        }
        // Milliseconds since 1970 (observed by every client; the model says only "long").
        let expiration = Timestamp::from_millisecond(inner.number("expiration")?);
        let credentials = SessionCredentials {
            access_key_id,
            secret_access_key: inner.text("secretAccessKey")?.into(),
            session_token: inner.text("sessionToken")?.into(),
            expiration: expiration.map_err(|_| inner.missing("expiration"))?,
        };
        Ok(RoleCredentials { credentials })
    }

    /// Portal ListAccounts, every page.
    pub fn list_accounts(&self, portal: &Endpoint, token: &SecretString) -> Result<Vec<Account>, StsError> {
        let url = format!("{}/assignment/accounts?max_result=100", portal.url);
        self.pages("ListAccounts", &url, "accountList", token, |account| {
            Some(Account {
                id: text_of(account, "accountId")?,
                name: text_of(account, "accountName").unwrap_or_default(),
            })
        })
    }

    /// Portal ListAccountRoles, every page: names of permission sets.
    pub fn list_account_roles(
        &self,
        portal: &Endpoint,
        token: &SecretString,
        account: &str,
    ) -> Result<Vec<String>, StsError> {
        let url =
            format!("{}/assignment/roles?max_result=100&account_id={}", portal.url, percent_encoded(account));
        self.pages("ListAccountRoles", &url, "roleList", token, |role| text_of(role, "roleName"))
    }

    /// Portal Logout: ends the sign-in; sessions of roles live on until they end.
    pub fn logout(&self, portal: &Endpoint, token: &SecretString) -> Result<(), StsError> {
        let call = JsonCall {
            operation: "Logout",
            url: format!("{}/logout", portal.url),
            header: Some((TOKEN, token)),
            body: Some(Zeroizing::new(String::new())),
            pauses: PATIENT,
        };
        let reply = self.json(&call)?;
        if (200..300).contains(&reply.status) { Ok(()) } else { Err(refusal("Logout", &reply)) }
    }

    fn pages<T>(
        &self,
        operation: &'static str,
        url: &str,
        list: &'static str,
        token: &SecretString,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, StsError> {
        let (mut all, mut next) = (Vec::new(), String::new());
        for _ in 0..MOST_PAGES {
            let page = if next.is_empty() {
                String::new()
            } else {
                format!("&next_token={}", percent_encoded(&next))
            };
            let answer = self.get_json(operation, format!("{url}{page}"), token)?;
            let items = answer.field(list)?.as_array().ok_or_else(|| answer.missing(list))?;
            for item in items {
                all.push(read(item).ok_or_else(|| answer.missing(list))?);
            }
            match text_of(&answer.value, "nextToken").filter(|token| !token.is_empty()) {
                // A page that leads to itself has no end.
                Some(token) if token == next => break,
                Some(token) => next = token,
                None => return Ok(all),
            }
        }
        Err(StsError::Answer { operation, status: 200, missing: "end of its pages" })
    }

    fn get_json(
        &self,
        operation: &'static str,
        url: String,
        token: &SecretString,
    ) -> Result<Answer, StsError> {
        let call = JsonCall { operation, url, header: Some((TOKEN, token)), body: None, pauses: PATIENT };
        answered(operation, &self.json(&call)?)
    }

    fn post_json(
        &self,
        operation: &'static str,
        url: &str,
        body: &Value,
        pauses: &'static [u64],
    ) -> Result<Answer, StsError> {
        let body = Some(Zeroizing::new(body.to_string()));
        let call = JsonCall { operation, url: url.to_owned(), header: None, body, pauses };
        answered(operation, &self.json(&call)?)
    }
}

/// Whether a session's ARN is one of this permission set: its role is called `AWSReservedSSO_NAME_` and 16 digits.
#[must_use]
pub fn is_session_of(arn: &str, role: &SsoRole) -> bool {
    let mut parts = arn.splitn(6, ':');
    let account = parts.nth(4).unwrap_or_default();
    let resource = parts.next().and_then(|rest| rest.strip_prefix("assumed-role/")).unwrap_or_default();
    let name = resource.split('/').next().unwrap_or_default();
    let set = name.strip_prefix("AWSReservedSSO_").and_then(|rest| rest.rsplit_once('_')).map(|(set, _)| set);
    account == role.account && (set == Some(role.role.as_str()) || name == role.role)
}

pub(crate) struct Answer {
    pub(crate) operation: &'static str,
    pub(crate) status: u16,
    pub(crate) value: Value,
}

impl Answer {
    pub(crate) fn missing(&self, missing: &'static str) -> StsError {
        StsError::Answer { operation: self.operation, status: self.status, missing }
    }

    pub(crate) fn field(&self, name: &'static str) -> Result<&Value, StsError> {
        self.value.get(name).ok_or_else(|| self.missing(name))
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<String, StsError> {
        text_of(&self.value, name).filter(|text| !text.is_empty()).ok_or_else(|| self.missing(name))
    }

    pub(crate) fn number(&self, name: &'static str) -> Result<i64, StsError> {
        self.field(name)?.as_i64().ok_or_else(|| self.missing(name))
    }
}

pub(crate) fn text_of(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

pub(crate) fn answered(operation: &'static str, reply: &Reply) -> Result<Answer, StsError> {
    if !(200..300).contains(&reply.status) {
        return Err(refusal(operation, reply));
    }
    let value = serde_json::from_str(&reply.body).map_err(|_| StsError::Answer {
        operation,
        status: reply.status,
        missing: "JSON document",
    })?;
    Ok(Answer { operation, status: reply.status, value })
}

/// What was refused: the code stands in a header, in `__type`, or as OAuth's `error`. The OAuth description may quote
/// what was sent and is left out.
fn refusal(operation: &'static str, reply: &Reply) -> StsError {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
    let oauth = text_of(&body, "error");
    let typed = reply.error_type.clone().or_else(|| text_of(&body, "__type"));
    let named =
        typed.as_deref().and_then(|code| code.rsplit('#').next()?.split(':').next()).map(str::to_owned);
    let code = named.or_else(|| oauth.as_deref().map(exception)).unwrap_or_else(|| match reply.status {
        401 => "UnauthorizedException".to_owned(),
        403 => "ForbiddenException".to_owned(),
        429 => "TooManyRequestsException".to_owned(),
        500.. => "InternalServerException".to_owned(),
        _ => String::new(),
    });
    if code.is_empty() {
        return StsError::Answer { operation, status: reply.status, missing: "error" };
    }
    let message =
        oauth.or_else(|| text_of(&body, "message")).unwrap_or_else(|| format!("HTTP {}", reply.status));
    StsError::refused_by_center(operation, code, message, reply.status)
}

/// `authorization_pending` → `AuthorizationPendingException`
fn exception(error: &str) -> String {
    let words = error.split('_').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    });
    words.collect::<String>() + "Exception"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Cause;

    fn refused(status: u16, error_type: Option<&str>, body: &str) -> (String, Cause) {
        let reply = Reply {
            status,
            date: None,
            error_type: error_type.map(str::to_owned),
            body: Zeroizing::new(body.to_owned()),
        };
        match refusal("CreateToken", &reply) {
            StsError::Refused { code, cause, .. } => (code, cause),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn refusals_by_header_type_error_and_status() {
        let cases = [
            (400, None, r#"{"error":"authorization_pending","error_description":"x"}"#, Cause::Pending),
            (400, Some("SlowDownException"), "{}", Cause::SlowDown),
            (400, None, r#"{"error":"invalid_grant"}"#, Cause::Grant),
            (400, None, r#"{"error":"expired_token"}"#, Cause::Grant),
            (400, None, r#"{"error":"access_denied"}"#, Cause::Refused),
            (401, None, r#"{"error":"invalid_client"}"#, Cause::Client),
            (400, Some("InvalidRequestException:http://internal/"), "{}", Cause::Portal),
            (
                401,
                None,
                r#"{"__type":"com.amazonaws.switchboard.portal#UnauthorizedException"}"#,
                Cause::Token,
            ),
            (401, None, "<html>", Cause::Token),
            (403, Some("ForbiddenException"), r#"{"message":"No access"}"#, Cause::NoAccess),
            (429, None, "", Cause::Busy),
            (500, None, "", Cause::Busy),
        ];
        for (status, header, body, expected) in cases {
            assert_eq!(refused(status, header, body).1, expected, "{status} {header:?} {body}");
        }
    }

    #[test]
    fn whose_session_it_is() {
        let portal = kagimori_session::sso::settings::Portal {
            session: None,
            start_url: String::new(),
            region: String::new(),
            scopes: Vec::new(),
        };
        let role =
            SsoRole { portal, account: "222233334444".into(), role: "Power_User".into(), entitled: None };
        let of = |account: &str, name: &str| {
            is_session_of(&format!("arn:aws:sts::{account}:assumed-role/{name}/alice@example.com"), &role)
        };
        assert!(of("222233334444", "AWSReservedSSO_Power_User_0123456789abcdef"));
        assert!(!of("222233334445", "AWSReservedSSO_Power_User_0123456789abcdef"));
        assert!(!of("222233334444", "AWSReservedSSO_User_0123456789abcdef"));
        assert!(!of("222233334444", "Other"));
    }
}
