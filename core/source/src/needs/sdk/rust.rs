//! The SDK for Rust: `aws_sdk_…`, whose requests are built and then sent.

use std::rc::Rc;

use super::{Made, Outcome, nowhere};
use crate::needs::flow::{Flow, none, one, union};
use crate::needs::table::{Sdk, ServiceId};
use crate::needs::value::{Fields, Site, Value, Values, Why};

pub(super) fn is_module(module: &str) -> bool {
    module.starts_with("aws_sdk_") || module.starts_with("aws_config")
}

/// The service of a crate.
fn service(path: &str) -> Option<ServiceId> {
    let head = path.split('.').next().unwrap_or(path);
    Sdk::get().service(head.strip_prefix("aws_sdk_")?)
}

pub(super) fn typed(path: &str) -> Option<Value> {
    let mut parts = path.split('.').skip(1);
    let is_client = parts.next() == Some("Client") && parts.next().is_none();
    if !is_client && !path.ends_with(".client.Client") {
        return None;
    }
    service(path).map(|service| Value::Client(Some(service), nowhere()))
}

/// What a function outside the tree gives.
pub(super) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Option<Values> {
    let (head, last) = path.rsplit_once('.').unwrap_or(("", path));
    if matches!(last, "new" | "from_conf")
        && let Some(found) = typed(head)
    {
        return Some(one(found));
    }
    match path {
        "std.env.var" | "env.var" | "var" | "dotenvy.var" => {
            let names = flow.argument(site, 0, "")?;
            let known: Vec<String> = names.iter().filter_map(Value::known).collect();
            (!known.is_empty())
                .then(|| union(known.iter().flat_map(|name| flow.environment(site, name, None).to_vec())))
        }
        _ if is_module(path) && last == "builder" => Some(one(Value::Request(head.into(), Rc::default()))),
        _ => None,
    }
}

/// A provider of credentials that assumes a role.
pub(super) fn external_calls(flow: &Flow<'_>, path: &str, site: Site) -> Outcome {
    let sts = Sdk::get().service("sts").filter(|_| path.ends_with("AssumeRoleProvider.builder"));
    let Some(sts) = sts else { return Outcome::nothing() };
    let entries = flow.argument(site, 0, "").map(|role| ("RoleArn".into(), role)).into_iter().collect();
    Outcome::calls(vec![Made::new(sts, "AssumeRole", Fields { entries, open: None })], none())
}

/// What a method does.
pub(super) fn outcome(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    match of {
        Value::Client(Some(service), _) => {
            let found = sdk.operation(*service, name).map(|operation| operation.name);
            let waited = name.strip_prefix("wait_until_").and_then(|waiter| sdk.of(*service).waiter(waiter));
            match found.or(waited) {
                Some(operation) => {
                    Outcome::result(one(Value::Command(*service, operation, Rc::default(), site)))
                }
                None => Outcome::result(one(of.clone())),
            }
        }
        Value::Client(None, reason) => Outcome::untold(Rc::clone(reason)),
        Value::Command(service, operation, fields, at) => match name {
            "send" | "presigned" | "send_with" | "wait" => {
                let because = (name == "presigned")
                    .then_some("whoever uses a presigned URL does so with the permissions of its signer");
                let made =
                    Made { because, at: Some(*at), ..Made::new(*service, operation, Fields::clone(fields)) };
                let answer = format!("{}:{operation}", sdk.of(*service).name);
                Outcome::calls(vec![made], flow.unknown(site, Why::Answer(answer)))
            }
            _ => {
                Outcome::result(one(Value::Command(*service, operation, with(flow, fields, name, site), *at)))
            }
        },
        // A builder of a part of a request.
        Value::Request(kind, fields) => match name {
            "build" => Outcome::result(one(of.clone())),
            _ => Outcome::result(one(Value::Request(Rc::clone(kind), with(flow, fields, name, site)))),
        },
        // `env::var("X").unwrap_or("y".into())`: what is known, else what is given.
        Value::Unknown(_) | Value::Text(_) => Outcome::result(one(of.clone())),
        _ => Outcome::result(flow.unknown(site, Why::Code)),
    }
}

/// A builder with one key more.
fn with(flow: &Flow<'_>, fields: &Rc<Fields>, name: &str, site: Site) -> Rc<Fields> {
    let key = name.strip_prefix("set_").unwrap_or(name);
    let given = flow.argument(site, 0, "");
    let is_step = matches!(
        name,
        "into_paginator" | "items" | "customize" | "page_size" | "expires_in" | "mutate_request"
    );
    match given {
        Some(values) if !is_step => {
            let mut fields = Fields::clone(fields);
            fields.entries.push((key.into(), values));
            Rc::new(fields)
        }
        _ => Rc::clone(fields),
    }
}

/// A request that nobody in the tree was seen to send: it counts where it was made, and may have other keys.
pub(crate) fn unsent(flow: &Flow<'_>, value: &Value, site: Site) -> Option<Made> {
    let Value::Command(service, operation, fields, at) = value else { return None };
    let mut fields = Fields::clone(fields);
    fields.open = fields.open.or_else(|| Some(flow.reason(site, Why::Code)));
    (*at == site).then(|| Made::new(*service, operation, fields))
}

/// What methods of texts and answers give; see [`outcome`].
pub(super) fn plain(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Option<Values> {
    let is_default = matches!(name, "unwrap_or" | "unwrap_or_else" | "or_else");
    if !is_default || !matches!(of, Value::Unknown(_) | Value::Text(_)) {
        return None;
    }
    let given = flow.argument(site, 0, "").unwrap_or_else(none);
    let given = union(given.iter().flat_map(|value| match value {
        Value::Function(..) => flow.apply(value, site).to_vec(),
        other => vec![other.clone()],
    }));
    Some(if matches!(of, Value::Unknown(_)) && !given.is_empty() { given } else { one(of.clone()) })
}
