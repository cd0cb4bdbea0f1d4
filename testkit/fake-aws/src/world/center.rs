//! IAM Identity Center: the OIDC service that hands out tokens and the access portal that takes them. Both speak JSON and
//! no call of theirs is signed (botocore's models `sso-oidc` and `sso`, `smithy.api#noAuth`).

mod account_access;
mod oidc;
mod portal;
mod state;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) use self::state::{Assigned, Center};
use super::journal::Entry;
use super::trouble::{self, Beforehand};
use super::{Trouble, World};
use crate::fault::Fault;
use crate::message::{Reply, Request, Response};
use crate::xml;

/// Whose way of saying an error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    /// `{"error": …, "error_description": …}` (RFC 6749, section 5.2).
    Oidc,
    /// `{"message": …}`.
    Portal,
    /// The pages a person sees in the browser.
    Page,
}

/// An operation of Identity Center.
struct Operation {
    name: &'static str,
    service: Service,
    run: fn(&mut World, &Asked<'_>) -> Result<Response, Fault>,
}

/// A call with what may be wanted of it.
struct Asked<'a> {
    now: Timestamp,
    request: &'a Request,
    /// The body as JSON; null when it is none.
    body: Value,
}

impl Asked<'_> {
    /// A field of the body.
    fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A parameter of the query.
    fn query(&self, name: &str) -> String {
        let pairs = form_urlencoded::parse(self.request.query.as_bytes());
        pairs
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }
}

fn operation(method: &str, path: &str) -> Option<Operation> {
    let (name, service, run): (_, _, fn(&mut World, &Asked<'_>) -> _) = match (method, path) {
        ("POST", "/client/register") => ("RegisterClient", Service::Oidc, oidc::register),
        ("POST", "/device_authorization") => ("StartDeviceAuthorization", Service::Oidc, oidc::start_device),
        ("POST", "/token") => ("CreateToken", Service::Oidc, oidc::create_token),
        ("GET", "/authorize") => ("Authorize", Service::Page, oidc::authorize),
        ("GET", "/device") => ("VerifyDevice", Service::Page, oidc::verify_device),
        ("GET", "/federation/credentials") => {
            ("GetRoleCredentials", Service::Portal, portal::role_credentials)
        }
        ("GET", "/assignment/accounts") => ("ListAccounts", Service::Portal, portal::accounts),
        ("GET", "/assignment/roles") => ("ListAccountRoles", Service::Portal, portal::roles),
        ("GET", "/access") => ("ListRoles", Service::Portal, account_access::roles),
        ("GET", "/access/credentials") => {
            // Counted apart from the portal's, which has the same name.
            ("GetEntitledCredentials", Service::Portal, account_access::credentials)
        }
        ("POST", "/logout") => ("Logout", Service::Portal, portal::logout),
        _ => return None,
    };
    Some(Operation { name, service, run })
}

impl World {
    /// Answers a call of Identity Center; nothing when the address is none of its.
    pub(super) fn center(&mut self, wall: Timestamp, request: &Request) -> Option<Reply> {
        let operation = operation(&request.method, &request.path)?;
        let Beforehand { delay_milliseconds, fault } = trouble::before(&mut self.planned, operation.name);
        let now = self.now(wall);
        let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let asked = Asked { now, request, body };
        let person = self.person(&asked);
        let result = match fault {
            Some(fault) => Err(as_of(operation.service, fault)),
            None => (operation.run)(self, &asked),
        };
        let is_lost = result.is_ok() && trouble::loses_reply(&mut self.planned, operation.name);
        let error = result.as_ref().err().cloned();
        let response = result.unwrap_or_else(|fault| written(operation.service, &fault));
        self.journal.record(Entry {
            time: xml::iso(now),
            operation: operation.name.to_owned(),
            caller: person,
            access_key_id: String::new(),
            source_ip: request.source_ip.to_string(),
            status: response.status,
            error: error.as_ref().map(|fault| fault.code.clone()),
            message: error.map(|fault| fault.message),
            is_lost,
            parameters: shown(&asked),
        });
        Some(Reply { response, delay_milliseconds, is_lost })
    }

    /// Whose token a call has.
    fn person(&self, asked: &Asked<'_>) -> String {
        let token = account_access::bearer(asked.request)
            .or_else(|| asked.request.header("x-amz-sso_bearer_token"))
            .unwrap_or_default();
        let center = self.state.center.as_ref();
        center.and_then(|center| center.person_of(token)).unwrap_or_default()
    }

    /// The user who is signed in in the browser from now on; nobody when there is none of this name.
    pub fn sign_in_as(&mut self, person: Option<&str>) {
        if let Some(center) = &mut self.state.center {
            center.signed_in = person.filter(|name| center.people.contains(*name)).map(str::to_owned);
        }
    }

    /// Takes an assignment away, as an administrator does.
    pub fn unassign(&mut self, person: &str, account: &str, permission_set: &str) {
        if let Some(center) = &mut self.state.center {
            center.assigned.retain(|it| {
                (it.person.as_str(), it.account.as_str(), it.set.as_str())
                    != (person, account, permission_set)
            });
        }
    }

    /// Ends every session of a user, as an administrator does ("Delete active sessions").
    pub fn end_sessions_of(&mut self, person: &str) {
        if let Some(center) = &mut self.state.center {
            center.end_sessions_of(person);
        }
    }
}

/// What goes wrong on purpose, in the words of the service.
fn as_of(service: Service, fault: Fault) -> Fault {
    match service {
        _ if fault != Fault::throttled() => fault,
        Service::Portal => Fault::new(429, "TooManyRequestsException", "HTTP 429 Unknown Code"),
        Service::Oidc | Service::Page => Fault::new(400, "SlowDownException", "slow_down"),
    }
}

fn written(service: Service, fault: &Fault) -> Response {
    let body = match service {
        // `AuthorizationPendingException` → `authorization_pending`
        Service::Oidc => {
            json!({ "error": snake(&fault.code), "error_description": fault.message })
        }
        Service::Portal => json!({ "message": fault.message, "__type": fault.code }),
        Service::Page => return Response::new(fault.status, "text/plain", format!("{}\n", fault.message)),
    };
    Response::json(fault.status, &body).with_header("x-amzn-ErrorType", fault.code.clone())
}

fn snake(code: &str) -> String {
    let name = code.strip_suffix("Exception").unwrap_or(code);
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// What may be kept of a call: which role of which account, which grant.
fn shown(asked: &Asked<'_>) -> std::collections::BTreeMap<String, String> {
    let of_body = ["grantType", "startUrl", "clientName"].map(|name| (name, asked.text(name).to_owned()));
    let of_query = ["account_id", "role_name", "tenantId", "roleArn"].map(|name| (name, asked.query(name)));
    let all = of_body.into_iter().chain(of_query).filter(|(_, value)| !value.is_empty());
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The trouble of a test that ends at the portal.
impl Trouble {
    /// GetRoleCredentials for a role that is not (any more) the user's.
    pub fn no_access() -> Self {
        Self::Fail { status: 403, code: "ForbiddenException".to_owned(), message: "No access".to_owned() }
    }
}
