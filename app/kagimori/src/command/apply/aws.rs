//! The accounts of a plan: credentials for each, and the calls.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kagimori_aws::{Access, Api, CallError, Caller, plain_role};
use kagimori_id::AccountId;
use kagimori_plan::apply::{Call, Outcome};
use kagimori_session::plan::AssumeRole;
use kagimori_session::value::{RoleArn, session_name_from};
use serde_json::{Value, json};

use crate::args::Way;
use crate::error::AppError;

/// How long the first call may take, with a person who types a code for the `credential_process`.
const FIRST_ANSWER: Duration = Duration::from_secs(120);

/// Who runs this, and where.
pub(crate) struct Who {
    pub(crate) person: String,
    pub(crate) host: String,
}

/// The person and the host, as the system tells them.
pub(crate) fn who() -> Who {
    let person =
        std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "somebody".to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Who { person, host }
}

/// The way to each account.
pub(crate) struct Accounts {
    access: Access,
    /// The caller's own account and ARN.
    own: (String, String),
    role: Option<(String, Option<String>)>,
    session_name: String,
    apis: BTreeMap<String, Api>,
    /// The organization's management account, asked for once.
    management: OnceCell<Result<String, Outcome>>,
    /// From then on nothing is sent, and no answer is waited for.
    pub(crate) until: Option<Instant>,
}

impl Accounts {
    pub(crate) fn find(way: &Way, who: &Who) -> Result<Self, AppError> {
        let session_name = session_name_from(&format!("kagimori-{}@{}", who.person, who.host));
        let access = Access::find(&Caller {
            profile: way.profile.clone(),
            region: None,
            user_agent: concat!("kagimori/", env!("CARGO_PKG_VERSION")).to_owned(),
            session_name: session_name.clone(),
            attempts: None,
        })?;
        // Whoever wants everything on again has no hour to wait for an AWS that does not answer.
        let first = access.api.until(Instant::now() + FIRST_ANSWER);
        let caller = first.call("sts", "GetCallerIdentity", &json!({}))?;
        let text = |name: &str| caller.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self {
            own: (text("Account"), text("Arn")),
            access,
            role: way.role.clone().map(|role| (role, way.external_id.clone())),
            session_name,
            apis: BTreeMap::new(),
            management: OnceCell::new(),
            until: None,
        })
    }

    /// The ARN of whoever calls.
    pub(crate) fn own_arn(&self) -> &str {
        &self.own.1
    }

    /// Makes a call.
    pub(crate) fn call(&mut self, call: &Call) -> Outcome {
        let account = match call.account {
            Some(account) => Ok(account.to_string()),
            None => self.management(),
        };
        let api = match account.and_then(|account| self.api(&account)) {
            Ok(api) => api,
            Err(outcome) => return outcome,
        };
        let api = match self.until {
            Some(until) => api.until(until),
            None => api,
        };
        match api.call(call.service, &call.operation, &call.input) {
            Ok(answer) => Outcome::Answer(answer),
            Err(error) => outcome(&error),
        }
    }

    fn api(&mut self, account: &str) -> Result<Api, Outcome> {
        let Self { own: (own, arn), role, .. } = self;
        let Some((role, external_id)) = role.as_ref().filter(|_| account != own) else {
            // Of whose account the credentials are, the machine asks before anything else.
            return Ok(self.access.api.clone());
        };
        if let Some(api) = self.apis.get(account) {
            return Ok(api.clone());
        }
        let partition = arn.split(':').nth(1).unwrap_or("aws");
        let not_sent = |why: String| Outcome::NotSent { why };
        let role = RoleArn::of(partition, account, role).map_err(|refused| not_sent(refused.message))?;
        let plain = plain_role(role, self.session_name.clone());
        let api = self.access.as_role(AssumeRole { external_id: external_id.clone(), ..plain });
        self.apis.insert(account.to_owned(), api.clone());
        Ok(api)
    }

    fn management(&self) -> Result<String, Outcome> {
        let ask = || match self.access.api.call("organizations", "DescribeOrganization", &json!({})) {
            Ok(answer) => {
                let id = answer.pointer("/Organization/MasterAccountId").and_then(Value::as_str);
                let id = id.and_then(|id| AccountId::parse(id).ok());
                let why = "AWS does not say which account manages the organization".to_owned();
                id.map(|id| id.to_string()).ok_or(Outcome::NotSent { why })
            }
            Err(error) => Err(outcome(&error)),
        };
        self.management.get_or_init(ask).clone()
    }
}

/// What became of a call that has no answer.
fn outcome(error: &CallError) -> Outcome {
    match error {
        CallError::Refused(refusal) | CallError::Throttled(refusal) => {
            Outcome::Refused { code: refusal.code.clone(), message: refusal.message.clone() }
        }
        CallError::Unknown { .. } => Outcome::Unknown { why: error.to_string() },
        CallError::NotSent { .. } | CallError::Input { .. } | CallError::Credentials(_) => {
            Outcome::NotSent { why: error.to_string() }
        }
    }
}
