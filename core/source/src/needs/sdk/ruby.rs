//! The SDK for Ruby: clients, and resources by the models of boto3's, which are the same.

use std::rc::Rc;

use super::{Made, Outcome, boto, nowhere};
use crate::needs::flow::{Flow, none, one, union};
use crate::needs::table::{Sdk, ServiceId};
use crate::needs::value::{Fields, Resource, Site, Value, Values, Why};

const PRESIGNED: &str = "whoever uses a presigned URL does so with the permissions of its signer";

pub(super) fn is_module(module: &str) -> bool {
    module.starts_with("aws-sdk") || module == "Aws" || module.starts_with("Aws.")
}

/// Service and class of `Aws::S3::Client`.
fn parts(path: &str) -> Option<(ServiceId, &str)> {
    let mut parts = path.split('.');
    let is_aws = parts.next() == Some("Aws");
    let service = Sdk::get().service(parts.next()?)?;
    let class = parts.next()?;
    (is_aws && parts.next().is_none()).then_some((service, class))
}

/// What a class or function outside the tree gives.
pub(super) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Option<Values> {
    if let Some((service, class)) = parts(path).filter(|_| flow.is_new(site)) {
        return of_class(flow, service, class, site);
    }
    match path {
        "ENV.fetch" | "ENV.[]" => {
            let default = flow.argument(site, 1, "");
            let names = flow.argument(site, 0, "")?;
            let known: Vec<String> = names.iter().filter_map(Value::known).collect();
            (!known.is_empty()).then(|| {
                union(known.iter().flat_map(|name| flow.environment(site, name, default.as_ref()).to_vec()))
            })
        }
        "String" | "Array" => flow.argument(site, 0, ""),
        _ => None,
    }
}

fn of_class(flow: &Flow<'_>, service: ServiceId, class: &str, site: Site) -> Option<Values> {
    let sdk = Sdk::get();
    let endpoint = flow.argument(site, usize::MAX, "endpoint").unwrap_or_else(none);
    let is_local = !endpoint.is_empty()
        && endpoint.iter().all(|value| value.known().is_some_and(|url| super::is_local(&url)));
    if is_local {
        return Some(one(Value::External("localhost".into())));
    }
    let special = |kind: &str, entries: Vec<(Rc<str>, Values)>| {
        Some(one(Value::Request(kind.into(), Rc::new(Fields { entries, open: None }))))
    };
    match class {
        "Client" => return Some(one(Value::Client(Some(service), nowhere()))),
        "Presigner" => return special("ruby.presigner", Vec::new()),
        "TransferManager" => return special("ruby.transfer", Vec::new()),
        "QueuePoller" => {
            let url = flow.argument(site, 0, "queue_url").map(|url| ("QueueUrl".into(), url));
            return special("ruby.poller", url.into_iter().collect());
        }
        _ => {}
    }
    let kind = if class == "Resource" { "" } else { class };
    let (kind, found) = sdk.of(service).kind(kind)?;
    let given = |(place, name): (usize, &&'static str)| {
        let values = flow.argument(site, place, &boto::snake(name));
        (*name, values.unwrap_or_else(|| flow.unknown(site, Why::NotGiven)))
    };
    let identifiers = found.identifiers.iter().enumerate().map(given).collect();
    Some(one(Value::Resource(Rc::new(Resource { service, kind, identifiers, is_loaded: kind.is_empty() }))))
}

/// Credentials that assume a role.
pub(super) fn external_calls(flow: &Flow<'_>, path: &str, site: Site) -> Outcome {
    let sts = Sdk::get().service("sts").filter(|_| path == "Aws.AssumeRoleCredentials" && flow.is_new(site));
    match sts {
        Some(sts) => Outcome::calls(vec![Made::new(sts, "AssumeRole", flow.named(site))], none()),
        None => Outcome::nothing(),
    }
}

/// What a method does.
pub(super) fn outcome(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    match of {
        Value::Client(Some(service), _) => of_client(flow, of, *service, name, site),
        Value::Client(None, reason) => Outcome::untold(Rc::clone(reason)),
        Value::Resource(resource) => of_resource(flow, of, resource, name, site),
        Value::Collection(..) => of_collection(flow, of, name, site),
        Value::Request(kind, fields) => {
            let s3 = sdk.service("s3").unwrap_or_default();
            match (&**kind, name) {
                ("ruby.presigner", "presigned_url" | "presigned_request") => {
                    presigned(flow, s3, site, Fields::default())
                }
                ("ruby.transfer", "upload_file" | "upload_stream") => upload(s3, flow.named(site)),
                ("ruby.transfer", "download_file") => Outcome::calls(download(s3, flow.named(site)), none()),
                ("ruby.poller", "poll") => {
                    let Some(sqs) = sdk.service("sqs") else { return Outcome::nothing() };
                    let because = "a poller receives messages and deletes those that were worked on";
                    let calls = ["ReceiveMessage", "DeleteMessage"]
                        .map(|operation| Made::new(sqs, operation, Fields::clone(fields)).because(because));
                    Outcome::calls(calls.into(), none())
                }
                _ => Outcome::result(flow.unknown(site, Why::Code)),
            }
        }
        _ => Outcome::result(flow.unknown(site, Why::Code)),
    }
}

fn answered(flow: &Flow<'_>, made: Made, site: Site) -> Outcome {
    let answer = format!("{}:{}", Sdk::get().of(made.service).name, made.operation);
    Outcome::calls(vec![made], flow.unknown(site, Why::Answer(answer)))
}

/// What a call is given by name, or by a hash in its first place.
fn request(flow: &Flow<'_>, site: Site) -> Fields {
    let mut fields = flow.named(site);
    for value in flow.argument(site, 0, "").unwrap_or_else(none).iter() {
        match value {
            Value::Map(map) => fields.entries.extend(map.entries.iter().cloned()),
            Value::Unknown(reason) => fields.open = Some(Rc::clone(reason)),
            _ => {}
        }
    }
    fields
}

fn of_client(flow: &Flow<'_>, of: &Value, service: ServiceId, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    match name {
        "wait_until" => {
            let waiters = flow.argument(site, 0, "").unwrap_or_else(none);
            let known =
                waiters.iter().filter_map(Value::known).filter_map(|name| sdk.of(service).waiter(&name));
            let mut fields = flow.named(site);
            fields.entries.extend(super::fields_at(flow, site, 1).entries);
            let calls = known.map(|operation| {
                Made::new(service, operation, fields.clone()).because("a waiter asks until it is so")
            });
            return Outcome::calls(calls.collect(), none());
        }
        "public_send" | "send" => {
            let names = flow.argument(site, 0, "").unwrap_or_else(none);
            let known: Vec<&str> = names
                .iter()
                .filter_map(Value::known)
                .filter_map(|name| sdk.operation(service, &name).map(|operation| operation.name))
                .collect();
            if known.is_empty() {
                return Outcome::untold(flow.reason(site, Why::Name("the name of a method".to_owned())));
            }
            let calls = known.iter().map(|operation| Made::new(service, operation, flow.named(site)));
            return Outcome::calls(calls.collect(), none());
        }
        "config" | "operation_names" | "waiter_names" => return Outcome::nothing(),
        _ => {}
    }
    match sdk.operation(service, name) {
        Some(operation) => answered(flow, Made::new(service, operation.name, request(flow, site)), site),
        None => Outcome::result(one(of.clone())),
    }
}

fn presigned(flow: &Flow<'_>, s3: ServiceId, site: Site, given: Fields) -> Outcome {
    let sdk = Sdk::get();
    let methods = flow.argument(site, 0, "").unwrap_or_else(none);
    let of = |method: &Value| {
        let method = method.known()?;
        let found = sdk.operation(s3, &method).or_else(|| sdk.operation(s3, &format!("{method}_object")));
        found.map(|operation| operation.name)
    };
    let mut fields = given;
    fields.entries.extend(flow.named(site).entries);
    let calls: Vec<Made> = methods
        .iter()
        .filter_map(of)
        .map(|operation| Made::new(s3, operation, fields.clone()).because(PRESIGNED))
        .collect();
    match calls.is_empty() {
        true => Outcome::untold(flow.reason(site, Why::Code)),
        false => Outcome::calls(calls, none()),
    }
}

fn upload(s3: ServiceId, fields: Fields) -> Outcome {
    Outcome::calls(vec![Made::new(s3, "PutObject", fields.clone()), super::abort(s3, fields)], none())
}

fn download(s3: ServiceId, fields: Fields) -> Vec<Made> {
    let head = Made::new(s3, "HeadObject", fields.clone()).because("the SDK asks for the size first");
    vec![Made::new(s3, "GetObject", fields), head]
}

fn of_resource(flow: &Flow<'_>, of: &Value, resource: &Rc<Resource>, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    let service = sdk.of(resource.service);
    let Some((_, kind)) = service.kind(resource.kind) else { return Outcome::nothing() };
    if service.name == "s3"
        && let Some(outcome) = of_s3(flow, resource, name, site)
    {
        return outcome;
    }
    if name == "client" {
        return Outcome::result(one(Value::Client(Some(resource.service), nowhere())));
    }
    // A collection is listed where it is asked for.
    if let Some(method) = kind.method('#', name) {
        let collection = Value::Collection(Rc::clone(resource), method, false);
        return boto::outcome(flow, &collection, "all", site, true);
    }
    let is_question = name.strip_suffix('?').unwrap_or(name);
    if is_question == "exists" || name == "wait_until_exists" {
        let waiter = kind.method('?', "exists").and_then(|method| service.waiter(method.operation));
        let load = kind.method('^', "load").map(|method| method.operation);
        let found =
            waiter.or_else(|| load.and_then(|load| Some(sdk.operation(resource.service, load)?.name)));
        let Some(operation) = found else { return Outcome::nothing() };
        let named = resource.identifiers.iter().map(|(name, values)| {
            let full = if resource.kind == "Bucket" { "Bucket" } else { name };
            let full = if name == &"Name" && resource.kind != "Bucket" {
                format!("{}Name", resource.kind)
            } else {
                full.to_owned()
            };
            (full.as_str().into(), Rc::clone(values))
        });
        let fields = Fields { entries: named.collect(), open: None };
        return answered(flow, Made::new(resource.service, operation, fields), site);
    }
    let is_known = ['!', '+'].iter().any(|mark| kind.method(*mark, name).is_some());
    if !is_known {
        // An attribute, or what it is known by.
        if let Some(values) = boto::member(flow, of, name, site) {
            return Outcome::result(values);
        }
        if let Some(made) = boto::attribute(flow, of, name, site).filter(|_| flow.arguments(site).is_empty())
        {
            return answered(flow, made, site);
        }
    }
    boto::outcome(flow, of, name, site, true)
}

/// The methods of S3's resources that are no operation (SDK for Ruby, `Aws::S3::Object`, `Aws::S3::Bucket`).
fn of_s3(flow: &Flow<'_>, resource: &Rc<Resource>, name: &str, site: Site) -> Option<Outcome> {
    let s3 = resource.service;
    let identifier = |name: &str| {
        let found = resource.identifiers.iter().find(|(known, _)| *known == name);
        found.map_or_else(none, |(_, values)| Rc::clone(values))
    };
    let fields = |entries: Vec<(Rc<str>, Values)>| Fields { entries, open: None };
    if resource.kind == "Bucket" {
        let bucket = || fields(vec![("Bucket".into(), identifier("Name"))]);
        return match name {
            "clear!" | "delete!" => {
                let mut calls = vec![
                    Made::new(s3, "ListObjectVersions", bucket()),
                    Made::new(s3, "DeleteObjects", bucket()),
                ];
                calls.extend((name == "delete!").then(|| Made::new(s3, "DeleteBucket", bucket())));
                Some(Outcome::calls(calls, none()))
            }
            "url" | "name" if name == "url" => Some(Outcome::nothing()),
            _ => None,
        };
    }
    if !matches!(resource.kind, "Object" | "ObjectSummary") {
        return None;
    }
    let object = || {
        let mut entries =
            vec![("Bucket".into(), identifier("BucketName")), ("Key".into(), identifier("Key"))];
        entries.extend(flow.named(site).entries);
        fields(entries)
    };
    let other = || {
        let values = flow.argument(site, 0, "").unwrap_or_else(none);
        let mut entries = Vec::new();
        for value in values.iter() {
            if let Value::Resource(of) = value {
                let part = |name: &str| {
                    of.identifiers
                        .iter()
                        .find(|(known, _)| *known == name)
                        .map(|(_, values)| Rc::clone(values))
                };
                entries.extend(part("BucketName").map(|values| ("Bucket".into(), values)));
                entries.extend(part("Key").map(|values| ("Key".into(), values)));
            }
        }
        let named = flow.named(site);
        let open = entries.is_empty().then(|| flow.reason(site, Why::Code));
        entries.extend(named.entries);
        Fields { entries, open }
    };
    let copy = |from: Fields, to: Fields| {
        let mut request = to;
        request.entries.push(("CopySource".into(), one(Value::Map(Rc::new(from.clone())))));
        vec![
            Made::new(s3, "CopyObject", request),
            Made::new(s3, "HeadObject", from).because("the SDK asks for the size first"),
        ]
    };
    let calls = match name {
        "upload_file" | "upload_stream" => return Some(upload(s3, object())),
        "download_file" => download(s3, object()),
        "copy_to" => copy(object(), other()),
        "copy_from" => copy(other(), object()),
        "move_to" => {
            let mut calls = copy(object(), other());
            calls.push(Made::new(s3, "DeleteObject", object()));
            calls
        }
        "presigned_url" | "presigned_request" => return Some(presigned(flow, s3, site, object())),
        "presigned_post" => vec![Made::new(s3, "PutObject", object()).because(PRESIGNED)],
        "exists?" => vec![Made::new(s3, "HeadObject", object())],
        "public_url" => return Some(Outcome::nothing()),
        _ => return None,
    };
    Some(Outcome::calls(calls, none()))
}

fn of_collection(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Outcome {
    match name.strip_suffix('!').unwrap_or(name) {
        "batch_delete" => boto::outcome(flow, of, "delete", site, true),
        "limit" | "all" | "filter" => boto::outcome(flow, of, "filter", site, true),
        "first" | "to_a" | "sort_by" | "select" | "reject" | "reverse" => Outcome::result(one(of.clone())),
        _ => Outcome::result(flow.unknown(site, Why::Code)),
    }
}
