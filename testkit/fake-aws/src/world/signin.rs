//! The console's federation endpoint: credentials in, a sign-in token out, and a login with it.
//!
//! IAM User Guide, `id_roles_providers_enable-console-custom-url`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::caller::Who;
use super::journal::without_secrets;
use super::state::{Session, SessionKind};
use super::{Entry, World, trouble};
use crate::fault::Fault;
use crate::limits;
use crate::message::{Parameters, Reply, Request, Response};
use crate::xml;

/// "The URL is valid for 15 minutes".
const LOGIN_MINUTES: i64 = 15;
const LEAST_SECONDS: i64 = 900;
const MOST_SECONDS: i64 = 43_200;

/// The `Session` parameter.
#[derive(Deserialize)]
struct Credentials {
    #[serde(rename = "sessionId")]
    id: String,
    #[serde(rename = "sessionKey")]
    key: String,
    #[serde(rename = "sessionToken")]
    token: String,
}

impl World {
    pub(super) fn signin(&mut self, wall: Timestamp, request: &Request) -> Reply {
        let parameters = request.parameters();
        let name = parameters.get("Action").unwrap_or_default().to_owned();
        let before = trouble::before(&mut self.planned, &name);
        let now = self.now(wall);
        let mut arn = String::new();
        let result = match (before.fault, name.as_str()) {
            (Some(fault), _) => Err(fault),
            (None, "getSigninToken") => self.signin_token(&parameters, now, &mut arn),
            (None, "login") => self.login(&parameters, now),
            (None, _) => Err(Fault::validation("Action must be getSigninToken or login")),
        };
        let is_lost = result.is_ok() && trouble::loses_reply(&mut self.planned, &name);
        let error = result.as_ref().err().cloned();
        // The real endpoint answers faults with a page; their status is what a client can go by.
        let response =
            result.unwrap_or_else(|fault| Response::new(fault.status, "text/plain", fault.message));
        self.journal.record(Entry {
            time: xml::iso(now),
            operation: name,
            caller: arn,
            access_key_id: String::new(),
            source_ip: request.source_ip.to_string(),
            status: response.status,
            error: error.as_ref().map(|fault| fault.code.clone()),
            message: error.map(|fault| fault.message),
            is_lost,
            parameters: without_urls(without_secrets(&parameters)),
        });
        Reply { response, delay_milliseconds: before.delay_milliseconds, is_lost }
    }

    fn signin_token(
        &mut self,
        parameters: &Parameters,
        now: Timestamp,
        arn: &mut String,
    ) -> Result<Response, Fault> {
        let text = parameters.get("Session").ok_or_else(|| Fault::validation("Session is missing"))?;
        let given: Credentials = serde_json::from_str(text)
            .map_err(|_| Fault::validation("Session is not the JSON it must be"))?;
        let session = self.console_session(&given, now)?;
        *arn = session.kind.arn().unwrap_or_default();
        let wanted = limits::whole(parameters.get("SessionDuration"))?;
        may_last(&session, wanted)?;
        let token = self.mint.token(256);
        let expires = now.checked_add(SignedDuration::from_mins(LOGIN_MINUTES)).unwrap_or(now);
        self.state.signin_tokens.insert(token.clone(), expires);
        Ok(Response::json(200, &json!({ "SigninToken": token })))
    }

    fn console_session(&self, given: &Credentials, now: Timestamp) -> Result<Session, Fault> {
        let (secret, who) = self.state.credentials(&given.id, Some(&given.token))?;
        match who {
            Who::Temporary(session) if secret == given.key => {
                if now >= session.expires {
                    Err(Fault::expired_token())
                } else {
                    Ok(*session)
                }
            }
            _ => Err(Fault::invalid_token()),
        }
    }

    fn login(&mut self, parameters: &Parameters, now: Timestamp) -> Result<Response, Fault> {
        let token = parameters.get("SigninToken").unwrap_or_default();
        let destination = parameters.get("Destination").filter(|to| to.starts_with("https://"));
        let destination = destination.ok_or_else(|| Fault::validation("Destination is missing"))?;
        match self.state.signin_tokens.get(token) {
            Some(expires) if now < *expires => {
                let response = Response::new(302, "text/plain", String::new());
                Ok(response.with_header("Location", destination.to_owned()))
            }
            _ => Err(Fault::validation("The sign-in token is not valid")),
        }
    }
}

/// GetSessionToken credentials do not open the console ("Comparing AWS STS API operations"); a duration cannot be asked for
/// a chained role or a federated user.
fn may_last(session: &Session, wanted: Option<i64>) -> Result<(), Fault> {
    let may_ask = match &session.kind {
        SessionKind::Token { .. } => {
            return Err(Fault::validation("These credentials cannot open the console"));
        }
        SessionKind::Federated(_) => false,
        SessionKind::Role(role) => !role.is_chained,
    };
    match wanted {
        Some(seconds) if !may_ask || !(LEAST_SECONDS..=MOST_SECONDS).contains(&seconds) => {
            Err(Fault::validation("SessionDuration is not valid for these credentials"))
        }
        _ => Ok(()),
    }
}

fn without_urls(mut parameters: BTreeMap<String, String>) -> BTreeMap<String, String> {
    parameters.remove("Destination");
    parameters
}

impl SessionKind {
    fn arn(&self) -> Option<String> {
        match self {
            Self::Role(session) => Some(session.arn()),
            Self::Federated(session) => Some(session.arn()),
            Self::Token { .. } => None,
        }
    }
}
