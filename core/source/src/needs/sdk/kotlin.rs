//! The SDK for Kotlin: `aws.sdk.kotlin.services.…`.

use std::rc::Rc;

use super::{Made, Outcome, nowhere};
use crate::needs::flow::{Flow, none, one, union};
use crate::needs::table::{Sdk, ServiceId};
use crate::needs::value::{Fields, Site, Value, Values, Why};

const HEAD: &str = "aws.sdk.kotlin.services.";

pub(super) fn is_module(module: &str) -> bool {
    module.starts_with("aws.sdk.kotlin.")
}

/// The service of a package.
fn service(path: &str) -> Option<ServiceId> {
    let name = path.strip_prefix(HEAD)?;
    Sdk::get().service(name.split('.').next().unwrap_or(name))
}

pub(super) fn typed(path: &str) -> Option<Value> {
    // Programs in Kotlin may use the SDK for Java.
    if super::java::is_module(path) {
        return super::java::typed(path);
    }
    let class = path.rsplit('.').next().unwrap_or(path);
    let is_client = class.ends_with("Client") && !path.contains(".model.");
    service(path).filter(|_| is_client).map(|service| Value::Client(Some(service), nowhere()))
}

/// What a function or class outside the tree gives.
pub(super) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Option<Values> {
    if super::java::is_module(path) {
        return super::java::give(flow, path, site);
    }
    let (head, last) = path.rsplit_once('.').unwrap_or(("", path));
    if let Some(found) = typed(path).or_else(|| typed(head)) {
        let endpoint = flow.argument(site, usize::MAX, "endpointUrl").unwrap_or_else(none);
        let is_local = !endpoint.is_empty()
            && endpoint.iter().all(|value| value.known().is_some_and(|url| super::is_local(&url)));
        return Some(one(if is_local { Value::External("localhost".into()) } else { found }));
    }
    if is_module(path) && path.contains(".model.") {
        let kind = if last == "invoke" { head } else { path };
        return Some(one(Value::Request(kind.into(), Rc::new(flow.named(site)))));
    }
    match path {
        "System.getenv" | "System.getProperty" => {
            let names = flow.argument(site, 0, "")?;
            let known: Vec<String> = names.iter().filter_map(Value::known).collect();
            (!known.is_empty())
                .then(|| union(known.iter().flat_map(|name| flow.environment(site, name, None).to_vec())))
        }
        "listOf" | "mutableListOf" | "setOf" | "arrayOf" => {
            let items = flow.arguments(site).iter().map(|argument| flow.beside(site, argument.value));
            Some(one(Value::List(items.collect())))
        }
        "requireNotNull" | "checkNotNull" | "lazy" => flow.argument(site, 0, ""),
        "Url.parse" => flow.argument(site, 0, ""),
        _ => None,
    }
}

/// What a method does.
pub(super) fn outcome(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Outcome {
    let Value::Client(Some(service), _) = of else { return super::java::outcome(flow, of, name, site) };
    let Some((operation, because)) = operation(*service, name) else {
        // `withConfig { … }`, `close()`.
        return Outcome::result(one(of.clone()));
    };
    let made = Made { because, ..Made::new(*service, operation, request(flow, site)) };
    let answer = format!("{}:{operation}", Sdk::get().of(*service).name);
    Outcome::calls(vec![made], flow.unknown(site, Why::Answer(answer)))
}

/// What a call is given: a request, or a block that sets keys.
fn request(flow: &Flow<'_>, site: Site) -> Fields {
    for argument in flow.arguments(site).iter().filter(|argument| argument.name.is_none()) {
        for value in flow.beside(site, argument.value).iter() {
            match value {
                Value::Request(_, fields) | Value::Map(fields) => return Fields::clone(fields),
                _ => {}
            }
        }
    }
    let mut fields = flow.named(site);
    if fields.entries.is_empty() && !flow.arguments(site).is_empty() {
        fields.open = Some(flow.reason(site, Why::Code));
    }
    fields
}

/// The operation of a method: as it is called, page by page, presigned, or waited for.
fn operation(service: ServiceId, name: &str) -> Option<(&'static str, Option<&'static str>)> {
    let sdk = Sdk::get();
    let named = |name: &str| sdk.operation(service, name).map(|operation| operation.name);
    if let Some(found) = named(name) {
        return Some((found, None));
    }
    if let Some(found) = name.strip_suffix("Paginated").and_then(named) {
        return Some((found, None));
    }
    if let Some(waiter) = name.strip_prefix("waitUntil") {
        return Some((sdk.of(service).waiter(waiter)?, Some("a waiter asks until it is so")));
    }
    let presigned = name.strip_prefix("presign").and_then(named)?;
    Some((presigned, Some("whoever uses a presigned URL does so with the permissions of its signer")))
}
