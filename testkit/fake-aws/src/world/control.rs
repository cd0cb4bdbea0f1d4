//! The controls for other processes: JSON on `/control/…`, unsigned, on the loopback only.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::state::AccessKey;
use super::{Settings, Trouble, World};
use crate::message::{Reply, Request, Response};
use crate::xml;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    #[serde(default)]
    advance_seconds: i64,
    set: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Plan {
    operation: Option<String>,
    times: Option<u32>,
    #[serde(flatten)]
    trouble: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Serial {
    serial: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfCenter {
    /// Who is signed in in the browser from now on; nobody when empty.
    signed_in: Option<String>,
    /// Whose sessions an administrator ends.
    end_sessions_of: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogIn {
    arn: String,
    /// Whether the console asked for a code.
    #[serde(default)]
    with_mfa: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfUser {
    arn: String,
}

/// Another service that stands in for one of AWS's asks for whoever called it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct May {
    access_key_id: String,
    action: String,
    resource: Option<String>,
}

pub(super) fn handle(world: &mut World, wall: Timestamp, request: &Request) -> Reply {
    let response = match answer(world, wall, request) {
        Ok(value) => Response::json(200, &value),
        Err(message) => Response::json(400, &json!({ "error": message })),
    };
    Reply { response, delay_milliseconds: 0, is_lost: false }
}

fn answer(world: &mut World, wall: Timestamp, request: &Request) -> Result<Value, String> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/control/counters") => {
            serde_json::to_value(world.counters()).map_err(|error| error.to_string())
        }
        ("GET", "/control/log") => serde_json::to_value(world.log()).map_err(|error| error.to_string()),
        ("GET", "/control/keys") => Ok(keys(world)),
        ("POST", "/control/clock") => {
            let clock: Clock = read(request)?;
            if let Some(time) = clock.set {
                world.set_time(wall, time);
            }
            world.advance(SignedDuration::from_secs(clock.advance_seconds));
            Ok(json!({ "now": xml::iso(world.now(wall)) }))
        }
        ("POST", "/control/settings") => settings(world, request),
        ("POST", "/control/trouble") => {
            let plan: Plan = read(request)?;
            let trouble: Trouble = serde_json::from_value(plan.trouble).map_err(|error| error.to_string())?;
            world.plan(plan.operation.as_deref(), plan.times, trouble);
            Ok(json!({}))
        }
        ("POST", "/control/totp") => {
            let Serial { serial } = read(request)?;
            let code = world
                .totp(&serial, wall)
                .ok_or_else(|| format!("no MFA device has the serial `{serial}`"))?;
            Ok(json!({ "code": code }))
        }
        ("POST", "/control/identity-center") => {
            let OfCenter { signed_in, end_sessions_of } = read(request)?;
            if let Some(person) = signed_in {
                world.sign_in_as(Some(person.as_str()).filter(|name| !name.is_empty()));
            }
            if let Some(person) = end_sessions_of {
                world.end_sessions_of(&person);
            }
            Ok(json!({}))
        }
        ("POST", "/control/login") => {
            let LogIn { arn, with_mfa } = read(request)?;
            let file = world.log_in(wall, &arn, with_mfa);
            file.ok_or_else(|| format!("there is no user `{arn}`"))
        }
        ("POST", "/control/may") => {
            let May { access_key_id, action, resource } = read(request)?;
            Ok(json!({ "may": world.may_on(&access_key_id, &action, resource.as_deref()) }))
        }
        ("POST", "/control/access-keys") => {
            let OfUser { arn } = read(request)?;
            let pairs = world.keys_of(&arn).into_iter().map(|pair| {
                json!({ "access_key_id": pair.access_key_id, "secret_access_key": pair.secret_access_key })
            });
            Ok(pairs.collect())
        }
        (method, path) => Err(format!("there is no control `{method} {path}`")),
    }
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}

/// What is given is changed, the rest stays.
fn settings(world: &mut World, request: &Request) -> Result<Value, String> {
    let changes: Map<String, Value> = read(request)?;
    let mut all = serde_json::to_value(world.settings()).map_err(|error| error.to_string())?;
    if let Value::Object(fields) = &mut all {
        fields.extend(changes);
    }
    let changed: Settings = serde_json::from_value(all.clone()).map_err(|error| error.to_string())?;
    *world.settings_mut() = changed;
    Ok(all)
}

/// Every long-term key without its secret: whose, whether active, when used.
fn keys(world: &World) -> Value {
    let mut keys: Vec<(&String, &AccessKey)> = world.state.keys.iter().collect();
    keys.sort_by_key(|(_, key)| key.number);
    let written = keys.into_iter().map(|(id, key)| {
        json!({
            "access_key_id": id,
            "account": key.owner.account,
            "user": key.owner.user,
            "active": key.is_active,
            "created": xml::iso(key.created),
            "last_used": key.last_used.as_ref().map(|used| xml::iso(used.time)),
        })
    });
    written.collect()
}
