//! The calls.

use jiff::Timestamp;
use kagimori_session::credentials::{LongTermKey, SessionCredentials, Signer};
use kagimori_session::endpoint::{Endpoint, Service};
use kagimori_session::plan::AssumeRole;
use kagimori_session::sso::scope::Scoped;
use kagimori_session::value::Code;
use secrecy::{ExposeSecret, SecretString};

use crate::answer::{Answer, parse};
use crate::error::StsError;
use crate::transport::{Client, Query};

const STS_VERSION: &str = "2011-06-15";
const IAM_VERSION: &str = "2010-05-08";

/// An MFA device and the code it shows.
#[derive(Debug, Clone, Copy)]
pub struct Mfa<'a> {
    /// SerialNumber
    pub serial: &'a str,
    /// TokenCode
    pub code: &'a Code,
}

/// What AssumeRole returned.
#[derive(Debug)]
pub struct AssumedRole {
    /// AssumedRoleUser.Arn
    pub arn: String,
    /// Credentials
    pub credentials: SessionCredentials,
}

/// What GetScopedCredentials returned.
#[derive(Debug)]
pub struct ScopedSession {
    /// SessionInfo.Arn: the identity, which stays the same.
    pub arn: String,
    /// Credentials
    pub credentials: SessionCredentials,
}

/// What GetCallerIdentity returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// Arn
    pub arn: String,
    /// Account
    pub account: String,
}

impl CallerIdentity {
    /// The name of an IAM user without its path; otherwise the last part of the ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn.rsplit(['/', ':']).next().unwrap_or_default()
    }
}

/// One access key of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// AccessKeyId
    pub id: String,
    /// Status is `Active`
    pub active: bool,
    /// CreateDate; empty when the answer has none.
    pub created: String,
}

/// What CreateAccessKey returned.
#[derive(Debug)]
pub struct NewAccessKey {
    /// The key with its secret, which AWS shows only once.
    pub key: LongTermKey,
}

impl Client {
    /// STS GetSessionToken
    pub fn get_session_token(
        &self,
        sts: &Endpoint,
        key: &LongTermKey,
        mfa: Option<Mfa<'_>>,
        seconds: u32,
        now: Timestamp,
    ) -> Result<SessionCredentials, StsError> {
        let mut query = Query::sts("GetSessionToken", sts, now);
        query.field("DurationSeconds", seconds.to_string());
        query.mfa(mfa);
        self.call(&query, &Signer::LongTerm(key), |answer| answer.credentials())
    }

    /// STS AssumeRole
    pub fn assume_role(
        &self,
        sts: &Endpoint,
        signer: &Signer<'_>,
        role: &AssumeRole,
        mfa: Option<Mfa<'_>>,
        now: Timestamp,
    ) -> Result<AssumedRole, StsError> {
        let mut query = Query::sts("AssumeRole", sts, now);
        query.role(role);
        query.optional("ExternalId", role.external_id.as_deref());
        query.optional("SourceIdentity", role.source_identity.as_deref());
        for (index, (key, value)) in role.tags.iter().enumerate() {
            query.field(format!("Tags.member.{}.Key", index + 1), key.clone());
            query.field(format!("Tags.member.{}.Value", index + 1), value.clone());
        }
        for (index, key) in role.transitive_tags.iter().enumerate() {
            query.field(format!("TransitiveTagKeys.member.{}", index + 1), key.clone());
        }
        query.mfa(mfa);
        self.call(&query, signer, assumed)
    }

    /// STS AssumeRoleWithWebIdentity: the token says who calls, and nothing is signed.
    pub fn assume_role_with_web_identity(
        &self,
        sts: &Endpoint,
        role: &AssumeRole,
        token: &SecretString,
        now: Timestamp,
    ) -> Result<AssumedRole, StsError> {
        let mut query = Query::sts("AssumeRoleWithWebIdentity", sts, now);
        query.role(role);
        query.field("WebIdentityToken", token.expose_secret().to_owned());
        let reply = self.post(query.operation, &sts.url, &query.fields)?;
        assumed(&parse(&query, &reply)?)
    }

    /// STS GetScopedCredentials: the signer's identity with less. The answer's ARN is empty when AWS names none.
    pub fn get_scoped_credentials(
        &self,
        sts: &Endpoint,
        session: &SessionCredentials,
        scoped: &Scoped,
        now: Timestamp,
    ) -> Result<ScopedSession, StsError> {
        let mut query = Query::sts("GetScopedCredentials", sts, now);
        query.optional("Policy", scoped.policy.as_deref());
        if let Some(seconds) = scoped.seconds {
            query.field("DurationSeconds", seconds.to_string());
        }
        query.optional("ScopedSessionDescription", scoped.description.as_deref());
        self.call(&query, &Signer::Session(session), |answer| {
            let credentials = answer.credentials()?;
            Ok(ScopedSession { arn: answer.text("Arn").unwrap_or_default(), credentials })
        })
    }

    /// STS GetCallerIdentity
    pub fn get_caller_identity(
        &self,
        sts: &Endpoint,
        signer: &Signer<'_>,
        now: Timestamp,
    ) -> Result<CallerIdentity, StsError> {
        self.call(&Query::sts("GetCallerIdentity", sts, now), signer, |answer| {
            Ok(CallerIdentity { arn: answer.text("Arn")?, account: answer.text("Account")? })
        })
    }

    /// IAM ListMFADevices of the caller: their serial numbers.
    pub fn list_mfa_devices(
        &self,
        iam: &Endpoint,
        signer: &Signer<'_>,
        now: Timestamp,
    ) -> Result<Vec<String>, StsError> {
        self.call(&Query::iam("ListMFADevices", iam, now), signer, |answer| {
            answer.members("MFADevices", |text| text("SerialNumber"))
        })
    }

    /// IAM ListAccessKeys of the caller.
    pub fn list_access_keys(
        &self,
        iam: &Endpoint,
        signer: &Signer<'_>,
        now: Timestamp,
    ) -> Result<Vec<AccessKey>, StsError> {
        self.call(&Query::iam("ListAccessKeys", iam, now), signer, |answer| {
            answer.members("AccessKeyMetadata", |text| {
                let created = text("CreateDate").unwrap_or_default();
                Ok(AccessKey { id: text("AccessKeyId")?, active: text("Status")? == "Active", created })
            })
        })
    }

    /// IAM CreateAccessKey for the caller. Never repeated: a lost answer may have created a key.
    pub fn create_access_key(
        &self,
        iam: &Endpoint,
        signer: &Signer<'_>,
        now: Timestamp,
    ) -> Result<NewAccessKey, StsError> {
        let mut query = Query::iam("CreateAccessKey", iam, now);
        query.repeatable = false;
        self.call(&query, signer, |answer| {
            let key = LongTermKey {
                access_key_id: answer.text("AccessKeyId")?,
                secret_access_key: answer.text("SecretAccessKey")?.into(),
            };
            Ok(NewAccessKey { key })
        })
    }

    /// IAM UpdateAccessKey: makes a key of the caller active or inactive.
    pub fn update_access_key(
        &self,
        iam: &Endpoint,
        signer: &Signer<'_>,
        id: &str,
        active: bool,
        now: Timestamp,
    ) -> Result<(), StsError> {
        let mut query = Query::iam("UpdateAccessKey", iam, now);
        query.field("AccessKeyId", id.to_owned());
        query.field("Status", if active { "Active" } else { "Inactive" }.to_owned());
        self.call(&query, signer, |_| Ok(()))
    }

    /// IAM DeleteAccessKey of the caller.
    pub fn delete_access_key(
        &self,
        iam: &Endpoint,
        signer: &Signer<'_>,
        id: &str,
        now: Timestamp,
    ) -> Result<(), StsError> {
        let mut query = Query::iam("DeleteAccessKey", iam, now);
        query.field("AccessKeyId", id.to_owned());
        self.call(&query, signer, |_| Ok(()))
    }

    /// The console's `getSigninToken`, by POST: in a query the secret key would lie in the logs of every proxy.
    pub fn signin_token(&self, url: &str, session: &SessionCredentials) -> Result<String, StsError> {
        const OPERATION: &str = "getSigninToken";
        let json = serde_json::json!({
            "sessionId": session.access_key_id,
            "sessionKey": session.secret_access_key.expose_secret(),
            "sessionToken": session.session_token.expose_secret(),
        });
        let fields = [("Action".to_owned(), OPERATION.to_owned()), ("Session".to_owned(), json.to_string())];
        let reply = self.post(OPERATION, url, &fields)?;
        let missing =
            || StsError::Answer { operation: OPERATION, status: reply.status, missing: "SigninToken" };
        if reply.status != 200 {
            return Err(missing());
        }
        let answer: serde_json::Value = serde_json::from_str(&reply.body).map_err(|_| missing())?;
        answer.get("SigninToken").and_then(|token| token.as_str()).map(str::to_owned).ok_or_else(missing)
    }

    /// The endpoint's clock, from the `Date` of its answer to a call that needs no key.
    pub fn server_time(&self, sts: &Endpoint) -> Result<Option<Timestamp>, StsError> {
        let fields = [
            ("Action".to_owned(), "GetCallerIdentity".to_owned()),
            ("Version".to_owned(), STS_VERSION.to_owned()),
        ];
        Ok(self.post("GetCallerIdentity", &sts.url, &fields)?.date)
    }

    fn call<T>(
        &self,
        query: &Query<'_>,
        signer: &Signer<'_>,
        read: impl Fn(&Answer<'_>) -> Result<T, StsError>,
    ) -> Result<T, StsError> {
        let reply = self.query(query, signer)?;
        read(&parse(query, &reply)?)
    }
}

fn assumed(answer: &Answer<'_>) -> Result<AssumedRole, StsError> {
    Ok(AssumedRole { arn: answer.text("Arn")?, credentials: answer.credentials()? })
}

impl<'a> Query<'a> {
    fn sts(operation: &'static str, endpoint: &'a Endpoint, at: Timestamp) -> Self {
        Self::new(operation, STS_VERSION, Service::Sts, endpoint, at)
    }

    fn iam(operation: &'static str, endpoint: &'a Endpoint, at: Timestamp) -> Self {
        Self::new(operation, IAM_VERSION, Service::Iam, endpoint, at)
    }

    fn new(
        operation: &'static str,
        version: &str,
        service: Service,
        endpoint: &'a Endpoint,
        at: Timestamp,
    ) -> Self {
        let fields =
            vec![("Action".to_owned(), operation.to_owned()), ("Version".to_owned(), version.to_owned())];
        Self { operation, service, endpoint, fields, at, repeatable: true }
    }

    fn role(&mut self, role: &AssumeRole) {
        self.field("RoleArn", role.role.as_str().to_owned());
        self.field("RoleSessionName", role.session_name.clone());
        self.field("DurationSeconds", role.seconds.to_string());
        for (index, arn) in role.policy_arns.iter().enumerate() {
            self.field(format!("PolicyArns.member.{}.arn", index + 1), arn.clone());
        }
        self.optional("Policy", role.policy.as_deref());
    }

    fn field(&mut self, name: impl Into<String>, value: String) {
        self.fields.push((name.into(), value));
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.field(name, value.to_owned());
        }
    }

    /// A code is good for one call: a call that carries one is sent once.
    fn mfa(&mut self, mfa: Option<Mfa<'_>>) {
        if let Some(mfa) = mfa {
            self.field("SerialNumber", mfa.serial.to_owned());
            self.field("TokenCode", mfa.code.expose().to_owned());
            self.repeatable = false;
        }
    }
}
