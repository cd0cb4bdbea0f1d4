//! The SDK for PHP: clients of `Aws\…`, `Aws\Sdk`, uploaders, and the stream wrapper of S3.

use std::rc::Rc;

use super::{Made, Outcome, fields_at, nowhere};
use crate::needs::flow::{Flow, none, one, union};
use crate::needs::table::{Sdk, ServiceId};
use crate::needs::value::{Fields, Site, Value, Values, Why};

pub(super) fn is_module(module: &str) -> bool {
    module == "Aws" || module.starts_with("Aws\\")
}

/// The service of `Aws\Ses\SesClient`.
fn client(path: &str) -> Option<ServiceId> {
    let mut parts = path.split('\\');
    let is_aws = parts.next() == Some("Aws");
    let (namespace, class) = (parts.next()?, parts.next_back()?);
    let is_client = class.ends_with("Client") || class.ends_with("ClientInterface");
    if is_aws && is_client { Sdk::get().service(namespace) } else { None }
}

pub(super) fn typed(path: &str) -> Option<Value> {
    client(path).map(|service| Value::Client(Some(service), nowhere()))
}

/// What a function or class outside the tree gives.
pub(super) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Option<Values> {
    let class = path.strip_suffix(".factory").unwrap_or(path);
    if let Some(found) = typed(class) {
        let endpoint = fields_at(flow, site, 0).get("endpoint").cloned().unwrap_or_else(none);
        let is_local = !endpoint.is_empty()
            && endpoint.iter().all(|value| value.known().is_some_and(|url| super::is_local(&url)));
        return Some(one(if is_local { Value::External("localhost".into()) } else { found }));
    }
    let last = path.rsplit('.').next().unwrap_or(path);
    if path.contains("Aws") || path.contains("AWS") || path.contains("aws") {
        let service =
            |name: &str| Sdk::get().service(name).map(|service| one(Value::Client(Some(service), nowhere())));
        if matches!(last, "createClient" | "get") {
            let name = flow.argument(site, 0, "")?.first()?.known()?;
            return service(&name);
        }
        if let Some(found) = last
            .strip_prefix("create")
            .and_then(|name| service(name.strip_suffix("MultiRegion").unwrap_or(name)))
        {
            return Some(found);
        }
    }
    match path {
        "getenv" | "env" => {
            let default = flow.argument(site, 1, "default").filter(|_| path == "env");
            let names = flow.argument(site, 0, "")?;
            let known: Vec<String> = names.iter().filter_map(Value::known).collect();
            (!known.is_empty()).then(|| {
                union(known.iter().flat_map(|name| flow.environment(site, name, default.as_ref()).to_vec()))
            })
        }
        "getattr" => {
            let of = flow.argument(site, 0, "")?;
            let names = flow.argument(site, 1, "")?;
            Some(union(of.iter().flat_map(|of| {
                names.iter().flat_map(move |name| match name.known() {
                    Some(name) => flow.member(of, &name, site).to_vec(),
                    None => vec![Value::Bound(Rc::new(of.clone()), "".into())],
                })
            })))
        }
        "sprintf" => {
            let formats = flow.argument(site, 0, "")?;
            Some(union(formats.iter().flat_map(|format| {
                match format {
                    Value::Text(parts) => flow
                        .formatted(site, parts, |_, count| flow.argument(site, count.saturating_add(1), ""))
                        .to_vec(),
                    other => vec![other.clone()],
                }
            })))
        }
        "trim" | "strval" | "array_filter" | "rtrim" => flow.argument(site, 0, ""),
        "array_merge" => {
            let mut fields = Fields::default();
            for argument in flow.arguments(site) {
                flow.spread(site, argument.value, &mut fields);
            }
            Some(one(Value::Map(Rc::new(fields))))
        }
        _ => None,
    }
}

/// What functions and classes call themselves: uploaders, and files of the stream wrapper.
pub(super) fn external_calls(flow: &Flow<'_>, path: &str, site: Site) -> Outcome {
    let s3 = Sdk::get().service("s3").unwrap_or_default();
    let placed = |names: &[(&str, usize)]| {
        let entries =
            names.iter().filter_map(|(name, place)| Some(((*name).into(), flow.argument(site, *place, "")?)));
        Fields { entries: entries.collect(), open: None }
    };
    let upload = |fields: Fields| vec![Made::new(s3, "PutObject", fields.clone()), super::abort(s3, fields)];
    let calls = match path {
        "Aws\\S3\\MultipartUploader" => upload(fields_at(flow, site, 2)),
        "Aws\\S3\\ObjectUploader" => upload(placed(&[("Bucket", 1), ("Key", 2)])),
        "Aws\\S3\\PostObjectV4" | "Aws\\S3\\PostObject" => {
            let made = Made::new(s3, "PutObject", placed(&[("Bucket", 1)]));
            vec![made.because("whoever uses a presigned form does so with the permissions of its signer")]
        }
        _ => files(flow, path, site, s3),
    };
    Outcome::calls(calls, none())
}

/// PHP's own functions on `s3://bucket/key` (SDK for PHP, *Amazon S3 stream wrapper*).
fn files(flow: &Flow<'_>, path: &str, site: Site, s3: ServiceId) -> Vec<Made> {
    let operation = match path {
        "file_get_contents" | "fopen" | "file" | "readfile" => "GetObject",
        "file_put_contents" => "PutObject",
        "unlink" => "DeleteObject",
        "file_exists" | "is_file" | "filesize" | "stat" => "HeadObject",
        "opendir" | "scandir" => "ListObjects",
        _ => return Vec::new(),
    };
    let is_written = path == "fopen"
        && flow.argument(site, 1, "").is_some_and(|mode| {
            mode.iter().any(|mode| mode.known().is_some_and(|mode| mode.contains(['w', 'a', 'x'])))
        });
    let names = flow.argument(site, 0, "").unwrap_or_else(none);
    let of = |value: &Value| {
        let text = match value {
            Value::Text(parts) => parts.first().and_then(|part| match part {
                crate::needs::value::Part::Known(text) => Some(text.to_string()),
                crate::needs::value::Part::Hole(_) => None,
            })?,
            _ => return None,
        };
        let rest = text.strip_prefix("s3://")?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let is_whole = value.known().is_some();
        let key = if is_whole { key.to_owned() } else { format!("{key}*") };
        let entries =
            vec![("Bucket".into(), one(Value::text(bucket))), ("Key".into(), one(Value::text(&key)))];
        let operation = if is_written { "PutObject" } else { operation };
        Some(
            Made::new(s3, operation, Fields { entries, open: None }).because("a file of S3's stream wrapper"),
        )
    };
    names.iter().filter_map(of).collect()
}

/// What a method does.
pub(super) fn outcome(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    let service = match of {
        Value::Client(Some(service), _) => *service,
        Value::Client(None, reason) => return Outcome::untold(Rc::clone(reason)),
        _ => return Outcome::result(flow.unknown(site, Why::Code)),
    };
    if name.is_empty() {
        return Outcome::untold(flow.reason(site, Why::Name("the name of a method".to_owned())));
    }
    let answered = |calls: Vec<Made>| {
        let answer = calls
            .first()
            .map_or_else(String::new, |made| format!("{}:{}", sdk.of(service).name, made.operation));
        Outcome::calls(calls, flow.unknown(site, Why::Answer(answer)))
    };
    let named = |name: &str| sdk.operation(service, name).map(|operation| operation.name);
    let text =
        |place| flow.argument(site, place, "").and_then(|values| values.first().and_then(Value::known));
    let plain = name.strip_suffix("Async").unwrap_or(name);
    match plain {
        "getPaginator" | "getIterator" | "getCommand" => {
            return match text(0).and_then(|text| named(&text)) {
                Some(operation) => answered(vec![Made::new(service, operation, fields_at(flow, site, 1))]),
                None => Outcome::untold(flow.reason(site, Why::Code)),
            };
        }
        "waitUntil" | "getWaiter" => {
            let waiter = text(0).and_then(|text| sdk.of(service).waiter(&text));
            let made = waiter.map(|operation| {
                Made::new(service, operation, fields_at(flow, site, 1))
                    .because("a waiter asks until it is so")
            });
            return answered(made.into_iter().collect());
        }
        _ => {}
    }
    if let Some(operation) = named(name).or_else(|| named(plain)) {
        return answered(vec![Made::new(service, operation, fields_at(flow, site, 0))]);
    }
    if sdk.of(service).name != "s3" {
        return Outcome::result(flow.unknown(site, Why::Code));
    }
    let placed = |names: &[(&str, usize)]| {
        let entries =
            names.iter().filter_map(|(name, place)| Some(((*name).into(), flow.argument(site, *place, "")?)));
        Fields { entries: entries.collect(), open: None }
    };
    let object = || placed(&[("Bucket", 0), ("Key", 1)]);
    // `Aws\S3\S3ClientTrait`.
    let calls = match plain {
        "upload" => vec![Made::new(service, "PutObject", object()), super::abort(service, object())],
        "doesObjectExist" | "doesObjectExistV2" => vec![Made::new(service, "HeadObject", object())],
        "doesBucketExist" | "doesBucketExistV2" => {
            vec![Made::new(service, "HeadBucket", placed(&[("Bucket", 0)]))]
        }
        "determineBucketRegion" => vec![Made::new(service, "HeadBucket", placed(&[("Bucket", 0)]))],
        "copy" => vec![Made::new(service, "CopyObject", placed(&[("Bucket", 2), ("Key", 3)]))],
        "deleteMatchingObjects" => vec![
            Made::new(service, "ListObjects", placed(&[("Bucket", 0), ("Prefix", 1)])),
            Made::new(service, "DeleteObjects", placed(&[("Bucket", 0)])),
        ],
        "uploadDirectory" => vec![Made::new(service, "PutObject", placed(&[("Bucket", 1)]))],
        "downloadBucket" => vec![
            Made::new(service, "ListObjects", placed(&[("Bucket", 1)])),
            Made::new(service, "GetObject", placed(&[("Bucket", 1)])),
        ],
        _ => return Outcome::result(flow.unknown(site, Why::Code)),
    };
    answered(calls)
}
