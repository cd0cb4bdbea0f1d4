//! The SDKs for Java: version 2 (`software.amazon.awssdk`) and version 1 (`com.amazonaws`).

use std::rc::Rc;

use super::{Made, Outcome, nowhere};
use crate::needs::flow::{Flow, none, one, union};
use crate::needs::table::{Sdk, ServiceId};
use crate::needs::value::{Fields, Site, Value, Values, Why};

const HEADS: [&str; 2] = ["software.amazon.awssdk.", "com.amazonaws."];

/// What the parameters of methods and constructors of version 1 are, by their places (its API reference).
const PLACED: [(&str, &str, &[&str]); 15] = [
    ("s3", "PutObject", &["BucketName", "Key"]),
    ("s3", "GetObject", &["BucketName", "Key"]),
    ("s3", "HeadObject", &["BucketName", "Key"]),
    ("s3", "DeleteObject", &["BucketName", "Key"]),
    ("s3", "ListObjects", &["BucketName", "Prefix"]),
    ("s3", "ListObjectsV2", &["BucketName", "Prefix"]),
    ("s3", "CreateBucket", &["BucketName"]),
    ("s3", "DeleteBucket", &["BucketName"]),
    ("s3", "HeadBucket", &["BucketName"]),
    ("s3", "DeleteObjects", &["BucketName"]),
    ("sqs", "SendMessage", &["QueueUrl"]),
    ("sqs", "ReceiveMessage", &["QueueUrl"]),
    ("sqs", "DeleteMessage", &["QueueUrl"]),
    ("sns", "Publish", &["TopicArn"]),
    ("dynamodb", "GetItem", &["TableName"]),
];

/// Methods that are no operation: version 1 wrote those of S3 by hand.
const NAMED: [(&str, &str, &str); 9] = [
    ("s3", "doesbucketexist", "HeadBucket"),
    ("s3", "doesbucketexistv2", "HeadBucket"),
    ("s3", "doesobjectexist", "HeadObject"),
    ("s3", "getobjectmetadata", "HeadObject"),
    ("s3", "getobjectasstring", "GetObject"),
    ("s3", "generatepresignedurl", "GetObject"),
    ("s3", "getobjectasbytes", "GetObject"),
    ("s3", "listnextbatchofobjects", "ListObjects"),
    ("s3", "setbucketpolicy", "PutBucketPolicy"),
];

/// The enhanced client of version 2 and the mapper of version 1.
const ITEMS: [(&str, &str); 13] = [
    ("putItem", "PutItem"),
    ("getItem", "GetItem"),
    ("updateItem", "UpdateItem"),
    ("deleteItem", "DeleteItem"),
    ("query", "Query"),
    ("scan", "Scan"),
    ("createTable", "CreateTable"),
    ("deleteTable", "DeleteTable"),
    ("describeTable", "DescribeTable"),
    ("save", "UpdateItem"),
    ("load", "GetItem"),
    ("delete", "DeleteItem"),
    ("batchSave", "BatchWriteItem"),
];

pub(super) fn is_module(module: &str) -> bool {
    HEADS.iter().any(|head| module.starts_with(head))
}

/// The service of a package.
fn service(path: &str) -> Option<ServiceId> {
    let below = HEADS.iter().find_map(|head| path.strip_prefix(head))?;
    let name = below.strip_prefix("services.")?;
    Sdk::get().service(name.split('.').next().unwrap_or(name))
}

pub(super) fn typed(path: &str) -> Option<Value> {
    let class = path.rsplit('.').next().unwrap_or(path);
    if !is_module(path) || path.contains(".model.") {
        return None;
    }
    match class {
        "DynamoDbEnhancedClient" | "DynamoDbEnhancedAsyncClient" => {
            return Some(Value::Request("java.enhanced".into(), Rc::default()));
        }
        "DynamoDbTable" | "DynamoDbAsyncTable" | "DynamoDBMapper" => {
            return Some(Value::Request("java.table".into(), Rc::default()));
        }
        "S3TransferManager" | "TransferManager" | "TransferManagerBuilder" => {
            return Some(Value::Request("java.transfer".into(), Rc::default()));
        }
        _ => {}
    }
    let is_first = path.starts_with("com.amazonaws.");
    let is_client = class.ends_with("Client")
        || class.ends_with("ClientBuilder")
        || class.ends_with("Presigner")
        || class.ends_with("Waiter")
        || is_first
            && (class.starts_with("Amazon") || class.starts_with("AWS"))
            && !class.ends_with("Exception");
    service(path).filter(|_| is_client).map(|service| Value::Client(Some(service), nowhere()))
}

/// What a method or class outside the tree gives.
pub(super) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Option<Values> {
    if let Some(found) = typed(path) {
        return Some(one(found));
    }
    let (head, last) = path.rsplit_once('.').unwrap_or(("", path));
    if let Some(found) = typed(head) {
        return Some(one(found));
    }
    if is_module(path) && path.contains(".model.") {
        if flow.is_new(site) {
            return Some(one(Value::Request(path.into(), Rc::new(placed(flow, path, site)))));
        }
        if matches!(last, "builder" | "create") {
            return Some(one(Value::Request(head.into(), Rc::default())));
        }
    }
    if is_module(path) && flow.is_new(site) || last == "builder" && is_module(path) {
        return Some(one(Value::Request(path.into(), Rc::default())));
    }
    match path {
        "System.getenv" | "System.getProperty" => {
            let names = flow.argument(site, 0, "")?;
            let known: Vec<String> = names.iter().filter_map(Value::known).collect();
            (!known.is_empty())
                .then(|| union(known.iter().flat_map(|name| flow.environment(site, name, None).to_vec())))
        }
        "String.format" => {
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
        "List.of" | "Arrays.asList" | "Set.of" | "Collections.singletonList" => {
            let items =
                flow.arguments(site).iter().map(|argument| flow.beside(site, argument.value)).collect();
            Some(one(Value::List(items)))
        }
        "String.valueOf" | "Objects.requireNonNull" | "Optional.of" => flow.argument(site, 0, ""),
        _ => None,
    }
}

/// A request of version 1 by the places of its constructor.
fn placed(flow: &Flow<'_>, path: &str, site: Site) -> Fields {
    let class = path.rsplit('.').next().unwrap_or(path);
    let operation = class.strip_suffix("Request").unwrap_or(class);
    service(path).map(|service| by_place(flow, service, operation, site)).unwrap_or_default()
}

fn by_place(flow: &Flow<'_>, service: ServiceId, operation: &str, site: Site) -> Fields {
    let name = Sdk::get().of(service).name;
    let names = PLACED
        .iter()
        .find(|(of, known, _)| *of == name && *known == operation)
        .map_or(&[][..], |(.., names)| *names);
    let entries = names.iter().enumerate().filter_map(|(place, name)| {
        let values = flow.argument(site, place, "")?;
        let is_text = values.iter().all(|value| matches!(value, Value::Text(_) | Value::Unknown(_)));
        is_text.then(|| ((*name).into(), values))
    });
    Fields { entries: entries.collect(), open: None }
}

/// The request among the arguments: a built one, or what a lambda builds.
fn request(flow: &Flow<'_>, service: ServiceId, operation: &str, site: Site) -> Fields {
    for argument in flow.arguments(site) {
        for value in flow.beside(site, argument.value).iter() {
            match value {
                Value::Request(_, fields) => return inner(fields),
                Value::Function(..) => {
                    if let Some(Value::Request(_, fields)) = flow.apply(value, site).first() {
                        return inner(fields);
                    }
                }
                _ => {}
            }
        }
    }
    let mut fields = by_place(flow, service, operation, site);
    if fields.entries.is_empty() && !flow.arguments(site).is_empty() {
        fields.open = Some(flow.reason(site, Why::Code));
    }
    fields
}

/// A presigned request holds the request itself.
fn inner(fields: &Rc<Fields>) -> Fields {
    let held = fields.entries.iter().filter(|(name, _)| name.ends_with("Request"));
    let found = held.flat_map(|(_, values)| values.iter()).find_map(|value| match value {
        Value::Request(_, inner) => Some(Fields::clone(inner)),
        _ => None,
    });
    found.unwrap_or_else(|| Fields::clone(fields))
}

/// What a method does.
pub(super) fn outcome(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    match of {
        Value::Client(Some(service), _) => of_client(flow, of, *service, name, site),
        Value::Client(None, reason) => Outcome::untold(Rc::clone(reason)),
        Value::Request(kind, fields) if &**kind == "java.enhanced" || &**kind == "java.table" => {
            let Some(dynamodb) = sdk.service("dynamodb") else { return Outcome::nothing() };
            if name == "table" {
                let entries =
                    flow.argument(site, 0, "").map(|table| ("TableName".into(), table)).into_iter().collect();
                return Outcome::result(one(Value::Request(
                    "java.table".into(),
                    Rc::new(Fields { entries, open: None }),
                )));
            }
            let enhanced = match (&**kind, name) {
                ("java.enhanced", "batchGetItem") => Some("BatchGetItem"),
                ("java.enhanced", "batchWriteItem") => Some("BatchWriteItem"),
                ("java.enhanced", "transactWriteItems") => Some("TransactWriteItems"),
                ("java.enhanced", "transactGetItems") => Some("TransactGetItems"),
                ("java.enhanced", _) => None,
                _ => ITEMS.iter().find(|(known, _)| *known == name).map(|(_, operation)| *operation),
            };
            match enhanced {
                Some(operation) => Outcome::calls(
                    vec![Made::new(dynamodb, operation, Fields::clone(fields))],
                    flow.unknown(site, Why::Code),
                ),
                // Building goes on.
                None => Outcome::result(one(of.clone())),
            }
        }
        Value::Request(kind, _) if &**kind == "java.transfer" => {
            let s3 = sdk.service("s3").unwrap_or_default();
            let operation = match name {
                "uploadFile" | "upload" | "uploadDirectory" | "uploadFileList" => "PutObject",
                "downloadFile" | "download" | "downloadDirectory" => "GetObject",
                "copy" => "CopyObject",
                _ => return Outcome::result(one(of.clone())),
            };
            let fields = request(flow, s3, operation, site);
            let mut calls = vec![Made::new(s3, operation, fields.clone())];
            calls.extend((operation == "PutObject").then(|| super::abort(s3, fields)));
            Outcome::calls(calls, none())
        }
        // A builder: each method is a key.
        Value::Request(kind, fields) => {
            if matches!(name, "build" | "toBuilder" | "copy") {
                return Outcome::result(one(of.clone()));
            }
            let key = name.strip_prefix("with").unwrap_or(name);
            let mut fields = Fields::clone(fields);
            if let [argument] = flow.arguments(site) {
                let mut values = flow.beside(site, argument.value);
                if let Some(function @ Value::Function(..)) = values.first() {
                    values = flow.apply(function, site);
                }
                fields.entries.push((key.into(), values));
            } else if !flow.arguments(site).is_empty() {
                let items =
                    flow.arguments(site).iter().map(|argument| flow.beside(site, argument.value)).collect();
                fields.entries.push((key.into(), one(Value::List(items))));
            }
            Outcome::result(one(Value::Request(Rc::clone(kind), Rc::new(fields))))
        }
        _ => Outcome::result(flow.unknown(site, Why::Code)),
    }
}

fn of_client(flow: &Flow<'_>, of: &Value, service: ServiceId, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    let answered = |made: Made| {
        let answer = format!("{}:{}", sdk.of(made.service).name, made.operation);
        Outcome::calls(vec![made], flow.unknown(site, Why::Answer(answer)))
    };
    if let Some((operation, because)) = operation(service, name) {
        let made = Made { because, ..Made::new(service, operation, request(flow, service, operation, site)) };
        return answered(made);
    }
    // Building, its region, its waiter: it stays what it is.
    Outcome::result(one(of.clone()))
}

/// The operation of a method: as it is called, page by page, presigned, waited for, or by a name of its own.
fn operation(service: ServiceId, name: &str) -> Option<(&'static str, Option<&'static str>)> {
    let sdk = Sdk::get();
    let named = |name: &str| sdk.operation(service, name).map(|operation| operation.name);
    if let Some(found) = named(name) {
        return Some((found, None));
    }
    let plain = crate::needs::table::plain(name);
    let of = sdk.of(service).name;
    if let Some((.., operation)) = NAMED.iter().find(|(known, method, _)| *known == of && *method == plain) {
        return Some((operation, None));
    }
    if let Some(found) =
        ["Paginator", "Async", "AsBytes"].iter().find_map(|end| named(name.strip_suffix(end)?))
    {
        return Some((found, None));
    }
    if let Some(waiter) = name.strip_prefix("waitUntil") {
        return Some((sdk.of(service).waiter(waiter)?, Some("a waiter asks until it is so")));
    }
    let presigned = named(name.strip_prefix("presign")?)?;
    Some((presigned, Some("whoever uses a presigned URL does so with the permissions of its signer")))
}
