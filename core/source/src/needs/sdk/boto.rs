//! boto3, aioboto3 and botocore.

use std::rc::Rc;

use super::{Made, Outcome, nowhere};
use crate::needs::flow::{Flow, none, one, union};
use crate::needs::table::{self, Method, Sdk, ServiceId};
use crate::needs::value::{Fields, Reason, Resource, Site, Value, Values, Why};

/// What the packages are called.
const HEADS: [&str; 4] = ["boto3", "aioboto3", "botocore", "aiobotocore"];

/// boto3 S3 guide, `s3-uploading-files` and `s3-example-download-file`: methods that are no operation, with the names of their
/// parameters and what they call.
const TRANSFERS: [(&str, &[&str], &str); 10] = [
    ("upload_file", &["Filename", "Bucket", "Key"], "PutObject"),
    ("upload_fileobj", &["Fileobj", "Bucket", "Key"], "PutObject"),
    ("download_file", &["Bucket", "Key", "Filename"], "GetObject"),
    ("download_fileobj", &["Bucket", "Key", "Fileobj"], "GetObject"),
    ("copy", &["CopySource", "Bucket", "Key"], "CopyObject"),
    ("generate_presigned_post", &["Bucket", "Key"], "PutObject"),
    ("upload_file ", &["Filename", "Key"], "PutObject"),
    ("upload_fileobj ", &["Fileobj", "Key"], "PutObject"),
    ("download_file ", &["Key", "Filename"], "GetObject"),
    ("download_fileobj ", &["Key", "Fileobj"], "GetObject"),
];

pub(crate) fn is_head(head: &str) -> bool {
    HEADS.contains(&head) || head.starts_with("mypy_boto3") || head.starts_with("types_aiobotocore")
}

fn head(path: &str) -> &str {
    path.split(['.', '(']).next().unwrap_or(path)
}

/// `mypy_boto3_s3.client.S3Client`, `types_boto3_s3.S3ServiceResource`.
pub(super) fn typed(path: &str) -> Option<Value> {
    let package = head(path);
    let name = ["mypy_boto3_", "types_boto3_", "types_aiobotocore_"]
        .into_iter()
        .find_map(|start| package.strip_prefix(start))?;
    let service = Sdk::get().service(name)?;
    let class = path.rsplit('.').next().unwrap_or_default();
    if class.ends_with("Client") {
        return Some(Value::Client(Some(service), nowhere()));
    }
    let kind = if class.ends_with("ServiceResource") { "" } else { class };
    let (kind, found) = Sdk::get().of(service).kind(kind)?;
    let identifiers = found.identifiers.iter().map(|name| (*name, one(Value::Unknown(nowhere())))).collect();
    Some(Value::Resource(Rc::new(Resource { service, kind, identifiers, is_loaded: true })))
}

/// What a function outside the tree gives.
pub(super) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Option<Values> {
    let last = path.rsplit('.').next().unwrap_or(path);
    if is_head(head(path)) {
        return match last {
            "client" | "create_client" => Some(clients(flow, site)),
            "resource" => Some(resources(flow, site)),
            _ => None,
        };
    }
    match path {
        "os.getenv" | "os.environ.get" | "os.environ.setdefault" | "environ.get" => {
            let default = flow.argument(site, 1, "default");
            let names = flow.argument(site, 0, "key")?;
            let known: Vec<String> = names.iter().filter_map(Value::known).collect();
            (!known.is_empty()).then(|| {
                union(known.iter().flat_map(|name| flow.environment(site, name, default.as_ref()).to_vec()))
            })
        }
        "getattr" => {
            let of = flow.argument(site, 0, "")?;
            let names = flow.argument(site, 1, "")?;
            let bound = of.iter().flat_map(|of| {
                names.iter().flat_map(move |name| match name.known() {
                    Some(name) => flow.member(of, &name, site).to_vec(),
                    None => vec![Value::Bound(Rc::new(of.clone()), "".into())],
                })
            });
            Some(union(bound))
        }
        "functools.partial" | "str" | "partial" | "cast" | "typing.cast" | "iter" | "list" | "sorted"
        | "reversed" | "set" | "tuple" | "next" => {
            let place = usize::from(last == "cast");
            let given = flow.argument(site, place, "")?;
            Some(if path == "next" {
                given.iter().flat_map(|value| items(flow, value, site)).collect()
            } else {
                given
            })
        }
        "dict" => Some(one(Value::Map(Rc::new(flow.named(site))))),
        "super" => {
            let this = flow.this(site)?;
            let Value::Object(unit, class, made) = this else { return None };
            let lineage = flow.program.lineage(unit, class);
            lineage.get(1).map(|(unit, class)| one(Value::Object(*unit, *class, made)))
        }
        _ => None,
    }
}

fn items(flow: &Flow<'_>, value: &Value, site: Site) -> Vec<Value> {
    match value {
        Value::List(items) => items.iter().flat_map(|item| item.to_vec()).collect(),
        Value::Collection(of, method, _) => {
            item(of, method, &flow.reason(site, Why::Answer(method.operation.to_owned()))).to_vec()
        }
        other => vec![other.clone()],
    }
}

/// The services that a call names.
fn named_services(flow: &Flow<'_>, site: Site) -> Vec<Result<ServiceId, Rc<Reason>>> {
    let names = flow.argument(site, 0, "service_name").unwrap_or_else(none);
    let of = |value: &Value| match (value, value.known()) {
        (_, Some(name)) => Sdk::get().service(&name).ok_or_else(|| flow.reason(site, Why::Name(name))),
        (Value::Unknown(reason), None) => Err(Rc::clone(reason)),
        _ => Err(flow.reason(site, Why::Code)),
    };
    if names.is_empty() { vec![Err(flow.reason(site, Why::Code))] } else { names.iter().map(of).collect() }
}

fn clients(flow: &Flow<'_>, site: Site) -> Values {
    let client = |service| match service {
        Ok(service) => Value::Client(Some(service), nowhere()),
        Err(reason) => Value::Client(None, reason),
    };
    if is_local(flow, site) {
        return one(Value::External("localhost".into()));
    }
    union(named_services(flow, site).into_iter().map(client))
}

fn resources(flow: &Flow<'_>, site: Site) -> Values {
    if is_local(flow, site) {
        return one(Value::External("localhost".into()));
    }
    let resource = |service| match service {
        Ok(service) => {
            Value::Resource(Rc::new(Resource { service, kind: "", identifiers: Vec::new(), is_loaded: true }))
        }
        Err(reason) => Value::Client(None, reason),
    };
    union(named_services(flow, site).into_iter().map(resource))
}

/// A client of an endpoint on this machine needs nothing of AWS.
fn is_local(flow: &Flow<'_>, site: Site) -> bool {
    let endpoint = flow.argument(site, usize::MAX, "endpoint_url").unwrap_or_else(none);
    let is_local = |value: &Value| value.known().is_some_and(|url| super::is_local(&url));
    !endpoint.is_empty() && endpoint.iter().all(is_local)
}

/// A member that is no method.
pub(super) fn member(flow: &Flow<'_>, value: &Value, name: &str, site: Site) -> Option<Values> {
    match value {
        Value::Bound(of, meta) if &**meta == "meta" => match (&**of, name) {
            (Value::Resource(of), "client") => Some(one(Value::Client(Some(of.service), nowhere()))),
            _ => Some(flow.unknown(site, Why::Code)),
        },
        Value::Resource(of) if name != "meta" => {
            let plain = table::plain(name);
            if let Some((_, values)) = of.identifiers.iter().find(|(known, _)| table::plain(known) == plain) {
                return Some(Rc::clone(values));
            }
            let (_, kind) = Sdk::get().of(of.service).kind(of.kind)?;
            if let Some(method) = kind.method('#', name) {
                return Some(one(Value::Collection(Rc::clone(of), method, false)));
            }
            let method = kind.method('+', name)?;
            let is_given = method.identifiers.iter().any(|(_, source)| *source == "%");
            (!is_given && method.leads_to.is_some()).then(|| lead(flow, of, method, site))
        }
        _ => None,
    }
}

/// What looking at an attribute of a resource calls: the first look loads it (boto3's guide to resources, *attributes*).
pub(crate) fn attribute(flow: &Flow<'_>, value: &Value, name: &str, site: Site) -> Option<Made> {
    let Value::Resource(of) = value else { return None };
    if of.is_loaded || matches!(name, "meta" | "load" | "reload") || name.starts_with("wait_until_") {
        return None;
    }
    let (_, kind) = Sdk::get().of(of.service).kind(of.kind)?;
    let load = kind.method('^', "load")?;
    let plain = table::plain(name);
    let is_other = of.identifiers.iter().any(|(known, _)| table::plain(known) == plain)
        || ['!', '#', '?', '='].iter().any(|mark| kind.method(*mark, name).is_some());
    // A reference that an attribute tells (`policy.default_version`) loads it, too.
    let is_reference = kind.method('+', name);
    let is_told =
        is_reference.is_some_and(|method| method.identifiers.iter().all(|(_, source)| *source != "."));
    if is_other || is_told || TRANSFERS.iter().any(|(known, ..)| *known == name) || name == "batch_writer" {
        return None;
    }
    let operation = Sdk::get().operation(of.service, load.operation)?.name;
    let nothing = Site { expression: u32::MAX, ..site };
    let made = Made::new(of.service, operation, request_of(flow, of, &load.parameters, nothing));
    Some(made.because("the first look at an attribute loads the resource"))
}

/// A resource of a collection.
pub(crate) fn item(of: &Resource, method: &Method, reason: &Rc<Reason>) -> Values {
    let kind = method.leads_to.unwrap_or_default();
    let Some((kind, _)) = Sdk::get().of(of.service).kind(kind) else { return none() };
    let identifiers = method.identifiers.iter().map(|(target, source)| {
        (*target, told(of, source).unwrap_or_else(|| one(Value::Unknown(Rc::clone(reason)))))
    });
    one(Value::Resource(Rc::new(Resource {
        service: of.service,
        kind,
        identifiers: identifiers.collect(),
        is_loaded: true,
    })))
}

/// What a resource tells of a parameter.
fn told(of: &Resource, source: &str) -> Option<Values> {
    if let Some(text) = source.strip_prefix('\'') {
        return Some(one(Value::text(text)));
    }
    let name = source.strip_prefix('$')?;
    of.identifiers.iter().find(|(known, _)| *known == name).map(|(_, values)| Rc::clone(values))
}

/// The resource that a method leads to.
fn lead(flow: &Flow<'_>, of: &Resource, method: &Method, site: Site) -> Values {
    let kind = method.leads_to.unwrap_or_default();
    let Some((kind, found)) = Sdk::get().of(of.service).kind(kind) else { return none() };
    let mut place = 0_usize;
    let mut identifiers = Vec::new();
    for name in &found.identifiers {
        let source =
            method.identifiers.iter().find(|(target, _)| target == name).map_or(".", |(_, source)| *source);
        let values = match source {
            "%" => {
                let given = flow.argument(site, place, &snake(name));
                place = place.saturating_add(1);
                given
            }
            source => told(of, source),
        };
        // What an operation makes is called as it was asked to: `create_bucket(Bucket="b")`.
        let values = values.or_else(|| made_as(flow, method, name, site));
        let why =
            || Why::Answer(if method.operation.is_empty() { name } else { method.operation }.to_owned());
        identifiers.push((*name, values.unwrap_or_else(|| flow.unknown(site, why()))));
    }
    one(Value::Resource(Rc::new(Resource { service: of.service, kind, identifiers, is_loaded: false })))
}

/// The name under which a thing is asked for: `TableName` for the name of a table.
fn made_as(flow: &Flow<'_>, method: &Method, name: &str, site: Site) -> Option<Values> {
    if method.operation.is_empty() || !name.ends_with("Name") && !name.ends_with("Url") {
        return None;
    }
    let kind = method.leads_to?;
    [kind.to_owned(), format!("{kind}Name"), name.to_owned()].iter().find_map(|key| {
        flow.named(site)
            .entries
            .iter()
            .find(|(known, _)| &**known == key.as_str())
            .map(|(_, values)| Rc::clone(values))
    })
}

/// boto3's spelling of an identifier: words with `_` between them.
pub(super) fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// What a method does.
pub(super) fn outcome(flow: &Flow<'_>, of: &Value, name: &str, site: Site, want: bool) -> Outcome {
    match of {
        Value::Client(Some(service), _) => of_client(flow, *service, name, site, want),
        Value::Client(None, reason) if is_call(name) => Outcome::untold(Rc::clone(reason)),
        Value::Steps(service, operation) => match name {
            "paginate" | "wait" => {
                let fields = if want { flow.named(site) } else { Fields::default() };
                answered(flow, Made::new(*service, operation, fields), site)
            }
            _ => Outcome::nothing(),
        },
        Value::Resource(of) => of_resource(flow, of, name, site, want),
        Value::Collection(of, method, is_counted) => of_collection(flow, of, method, *is_counted, name, site),
        Value::Request(kind, fields) if &**kind == "boto3.batch_writer" => match name {
            "put_item" | "delete_item" => {
                let Some(dynamodb) = Sdk::get().service("dynamodb") else { return Outcome::nothing() };
                let made = Made::new(dynamodb, "BatchWriteItem", Fields::clone(fields));
                answered(flow, made.because("a batch writer sends items in batches"), site)
            }
            _ => Outcome::nothing(),
        },
        Value::Bound(inner, middle) => match (&**inner, &**middle) {
            // The paginator's own methods, exceptions, and events of a client.
            (Value::Client(..) | Value::Resource(_), _) => Outcome::result(flow.unknown(site, Why::Code)),
            _ => Outcome::result(flow.unknown(site, Why::Code)),
        },
        _ => Outcome::result(flow.unknown(site, Why::Code)),
    }
}

/// Methods of clients that call nothing.
fn is_call(name: &str) -> bool {
    !matches!(
        name,
        "can_paginate" | "close" | "exceptions" | "meta" | "waiter_names" | "get_available_subresources"
    )
}

/// A call with what it answers.
fn answered(flow: &Flow<'_>, made: Made, site: Site) -> Outcome {
    let service = Sdk::get().of(made.service).name;
    let result = flow.unknown(site, Why::Answer(format!("{service}:{}", made.operation)));
    Outcome::calls(vec![made], result)
}

fn of_client(flow: &Flow<'_>, service: ServiceId, name: &str, site: Site, want: bool) -> Outcome {
    let sdk = Sdk::get();
    let texts = |place, key| {
        let values = flow.argument(site, place, key).unwrap_or_else(none);
        (values.iter().filter_map(Value::known).collect::<Vec<String>>(), values)
    };
    let untold = |values: &Values| match values.first() {
        Some(Value::Unknown(reason)) => Outcome::untold(Rc::clone(reason)),
        _ => Outcome::untold(flow.reason(site, Why::Code)),
    };
    match name {
        "" => return Outcome::untold(flow.reason(site, Why::Name("getattr".to_owned()))),
        "get_paginator" | "get_waiter" => {
            let (known, values) =
                texts(0, if name == "get_waiter" { "waiter_name" } else { "operation_name" });
            let operation = |text: &String| match name {
                "get_waiter" => sdk.of(service).waiter(text),
                _ => sdk.operation(service, text).map(|operation| operation.name),
            };
            let steps: Vec<Value> = known
                .iter()
                .filter_map(operation)
                .map(|operation| Value::Steps(service, operation))
                .collect();
            return if steps.is_empty() { untold(&values) } else { Outcome::result(steps.into()) };
        }
        "generate_presigned_url" => {
            let (known, values) = texts(0, "ClientMethod");
            let mut fields = Fields::default();
            if want {
                for value in flow.argument(site, 1, "Params").unwrap_or_else(none).iter() {
                    match value {
                        Value::Map(params) => fields.entries.extend(params.entries.iter().cloned()),
                        _ => fields.open = Some(flow.reason(site, Why::Spread)),
                    }
                }
            }
            let calls: Vec<Made> = known
                .iter()
                .filter_map(|text| sdk.operation(service, text))
                .map(|operation| {
                    Made::new(service, operation.name, fields.clone())
                        .because("whoever uses a presigned URL does so with the permissions of its signer")
                })
                .collect();
            return match calls.is_empty() {
                true => untold(&values),
                false => Outcome::calls(calls, flow.unknown(site, Why::Answer(name.to_owned()))),
            };
        }
        _ => {}
    }
    if let Some(operation) = sdk.operation(service, name) {
        let fields = if want { flow.named(site) } else { Fields::default() };
        return answered(flow, Made::new(service, operation.name, fields), site);
    }
    let is_s3 = sdk.of(service).name == "s3";
    if let Some(outcome) = is_s3.then(|| transfer(flow, service, name, site, &[])).flatten() {
        return outcome;
    }
    Outcome::result(flow.unknown(site, Why::Code))
}

/// boto3's own methods of S3.
fn transfer(
    flow: &Flow<'_>,
    service: ServiceId,
    name: &str,
    site: Site,
    given: &[(&str, Values)],
) -> Option<Outcome> {
    let is_of_object = given.len() > 1;
    let wanted = if given.is_empty() { name.to_owned() } else { format!("{name} ") };
    let (_, parameters, operation) = TRANSFERS
        .iter()
        .find(|(known, ..)| *known == wanted)
        .or_else(|| TRANSFERS.iter().find(|(known, ..)| *known == name))?;
    let mut fields = Fields::default();
    let mut place = 0_usize;
    for parameter in *parameters {
        if given.iter().any(|(known, _)| known == parameter) {
            continue;
        }
        // An object's own methods take no key.
        if is_of_object && *parameter == "Key" {
            continue;
        }
        let is_told = matches!(*parameter, "Bucket" | "Key" | "CopySource");
        let values = flow.argument(site, place, parameter).filter(|_| is_told);
        fields.entries.extend(values.map(|values| ((*parameter).into(), values)));
        place = place.saturating_add(1);
    }
    fields.entries.extend(given.iter().map(|(name, values)| ((*name).into(), Rc::clone(values))));
    let mut calls = vec![Made::new(service, operation, fields.clone())];
    match *operation {
        // boto3's `TransferConfig`: files above its threshold go in parts, which are given up when one fails.
        "PutObject" if name.starts_with("upload") => {
            let because = "the SDK gives up the parts of a large upload that fails";
            calls.push(Made {
                is_possible: true,
                ..Made::new(service, "AbortMultipartUpload", fields).because(because)
            });
        }
        "GetObject" | "CopyObject" => {
            let because = "the SDK asks for the size first";
            let of = if *operation == "GetObject" { fields } else { source_of(flow, &fields, site) };
            calls.push(Made::new(service, "HeadObject", of).because(because));
        }
        _ => {}
    }
    Some(Outcome::calls(calls, none()))
}

/// Bucket and key of what is copied.
fn source_of(flow: &Flow<'_>, fields: &Fields, site: Site) -> Fields {
    let mut of = Fields::default();
    for value in fields.get("CopySource").unwrap_or(&none()).iter() {
        match value {
            Value::Map(source) => of.entries.extend(source.entries.iter().cloned()),
            _ => of.open = Some(flow.reason(site, Why::Code)),
        }
    }
    of
}

fn of_resource(flow: &Flow<'_>, of: &Rc<Resource>, name: &str, site: Site, want: bool) -> Outcome {
    let sdk = Sdk::get();
    let service = sdk.of(of.service);
    let Some((_, kind)) = service.kind(of.kind) else { return Outcome::nothing() };
    if name.is_empty() {
        return Outcome::untold(flow.reason(site, Why::Name("getattr".to_owned())));
    }
    let request = |method: &Method| {
        if want { request_of(flow, of, &method.parameters, site) } else { Fields::default() }
    };
    let operation = |name: &str| sdk.operation(of.service, name).map(|operation| operation.name);
    if let Some(method) = kind.method('!', name) {
        let Some(operation) = operation(method.operation) else { return Outcome::nothing() };
        let made = Made::new(of.service, operation, request(method));
        let result = match method.leads_to {
            Some(_) => lead(flow, of, method, site),
            None => flow.unknown(site, Why::Answer(format!("{}:{operation}", service.name))),
        };
        return Outcome::calls(vec![made], result);
    }
    if let Some(method) = kind.method('+', name) {
        return Outcome::result(lead(flow, of, method, site));
    }
    // Every kind can be made from its service by its identifiers (boto3, `ResourceModel`: "expose all of the defined resources as
    // subresources").
    if let (true, Some((kind, found))) = (of.kind.is_empty(), service.kind(name)) {
        let given = |(place, name): (usize, &&'static str)| {
            let values = flow.argument(site, place, &snake(name));
            (*name, values.unwrap_or_else(|| flow.unknown(site, Why::NotGiven)))
        };
        let identifiers = found.identifiers.iter().enumerate().map(given).collect();
        return Outcome::result(one(Value::Resource(Rc::new(Resource {
            service: of.service,
            kind,
            identifiers,
            is_loaded: false,
        }))));
    }
    if matches!(name, "load" | "reload") {
        let method = kind.method('^', "load");
        let found = method
            .and_then(|method| Some(Made::new(of.service, operation(method.operation)?, request(method))));
        return found.map_or_else(Outcome::nothing, |made| answered(flow, made, site));
    }
    if let Some(waiter) = name.strip_prefix("wait_until_") {
        let method = kind.method('?', waiter);
        let made = method.and_then(|method| {
            Some(Made::new(of.service, service.waiter(method.operation)?, request(method)))
        });
        return made.map_or_else(Outcome::nothing, |made| {
            answered(flow, made.because("a waiter asks until it is so"), site)
        });
    }
    let identifier = |name: &str| {
        of.identifiers
            .iter()
            .find(|(known, _)| *known == name)
            .map_or_else(none, |(_, values)| Rc::clone(values))
    };
    match (service.name, of.kind) {
        ("s3", "Bucket") => transfer(flow, of.service, name, site, &[("Bucket", identifier("Name"))])
            .unwrap_or_else(Outcome::nothing),
        ("s3", "Object" | "ObjectSummary") => {
            let given = [("Bucket", identifier("BucketName")), ("Key", identifier("Key"))];
            transfer(flow, of.service, name, site, &given).unwrap_or_else(Outcome::nothing)
        }
        ("dynamodb", "Table") if name == "batch_writer" => {
            let entries = vec![("TableName".into(), identifier("Name"))];
            Outcome::result(one(Value::Request(
                "boto3.batch_writer".into(),
                Rc::new(Fields { entries, open: None }),
            )))
        }
        ("iam" | "ec2" | "s3" | "sqs" | "sns", _) => Outcome::result(flow.unknown(site, Why::Code)),
        _ => Outcome::result(flow.unknown(site, Why::Code)),
    }
}

/// What a method gives its operation: parameters of the resource, and those of the call.
fn request_of(flow: &Flow<'_>, of: &Resource, parameters: &[(&str, &str)], site: Site) -> Fields {
    let mut fields = Fields::default();
    for (target, source) in parameters {
        let Some(values) = told(of, source) else { continue };
        let mut parts = target.split('.').map(|part| part.split('[').next().unwrap_or(part)).rev();
        let Some(last) = parts.next() else { continue };
        let mut entry: (Rc<str>, Values) = (last.into(), values);
        for part in parts {
            entry = (part.into(), one(Value::Map(Rc::new(Fields { entries: vec![entry], open: None }))));
        }
        fields.entries.push(entry);
    }
    let named = flow.named(site);
    fields.entries.extend(named.entries);
    fields.open = named.open;
    fields
}

fn of_collection(
    flow: &Flow<'_>,
    of: &Rc<Resource>,
    method: &'static Method,
    is_counted: bool,
    name: &str,
    site: Site,
) -> Outcome {
    let sdk = Sdk::get();
    let operation = |name: &str| sdk.operation(of.service, name).map(|operation| operation.name);
    let list = || {
        let made = operation(method.operation).filter(|_| !is_counted);
        made.map(|operation| Made::new(of.service, operation, request_of(flow, of, &method.parameters, site)))
    };
    if matches!(name, "all" | "filter" | "limit" | "page_size" | "pages" | "iterator") {
        let counted = Value::Collection(Rc::clone(of), method, true);
        let result = if name == "pages" { one(Value::List([one(counted)].into())) } else { one(counted) };
        return Outcome::calls(list().into_iter().collect(), result);
    }
    let kind = sdk.of(of.service).kind(method.leads_to.unwrap_or_default());
    let Some(batch) = kind.and_then(|(_, kind)| kind.method('=', name)) else { return Outcome::nothing() };
    let mut calls: Vec<Made> = list().into_iter().collect();
    let reason = flow.reason(site, Why::Answer(method.operation.to_owned()));
    if let Some(Value::Resource(each)) = item(of, method, &reason).first() {
        calls.extend(operation(batch.operation).map(|operation| {
            Made::new(of.service, operation, request_of(flow, each, &batch.parameters, site))
        }));
    }
    Outcome::calls(calls, flow.unknown(site, Why::Answer(name.to_owned())))
}
