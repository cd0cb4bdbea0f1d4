//! The SDKs for JavaScript: version 3 (`@aws-sdk/client-…`, `lib-dynamodb`, `lib-storage`, presigners) and version 2 (`aws-sdk`).

use std::rc::Rc;

use super::{Made, Outcome, fields_at, nowhere};
use crate::needs::flow::{Flow, none, one, union};
use crate::needs::table::{Sdk, ServiceId};
use crate::needs::value::{Fields, Resource, Site, Value, Values, Why};

/// `@aws-sdk/lib-dynamodb` and version 2's `DocumentClient`: what they call the operations of DynamoDB.
const DOCUMENT: [(&str, &str, &str); 10] = [
    ("Put", "put", "PutItem"),
    ("Get", "get", "GetItem"),
    ("Update", "update", "UpdateItem"),
    ("Delete", "delete", "DeleteItem"),
    ("Query", "query", "Query"),
    ("Scan", "scan", "Scan"),
    ("BatchGet", "batchGet", "BatchGetItem"),
    ("BatchWrite", "batchWrite", "BatchWriteItem"),
    ("TransactGet", "transactGet", "TransactGetItems"),
    ("TransactWrite", "transactWrite", "TransactWriteItems"),
];

pub(super) fn is_module(module: &str) -> bool {
    module == "aws-sdk" || module.starts_with("aws-sdk/") || module.starts_with("@aws-sdk/")
}

/// The module of a path, and what is named in it.
fn parts(path: &str) -> Option<(&str, &str)> {
    if !path.starts_with("@aws-sdk/") && !path.starts_with("aws-sdk") {
        return None;
    }
    Some(path.split_once('.').unwrap_or((path, "")))
}

/// The service of a client's class.
fn client(path: &str) -> Option<ServiceId> {
    let sdk = Sdk::get();
    let (module, name) = parts(path)?;
    if let Some(label) = module.strip_prefix("@aws-sdk/client-") {
        let is_client = name.ends_with("Client") || sdk.service(name).is_some() || name.is_empty();
        return sdk.service(label).filter(|_| is_client && !name.contains('.'));
    }
    match module {
        "@aws-sdk/lib-dynamodb" if matches!(name, "DynamoDBDocumentClient" | "DynamoDBDocument") => {
            sdk.service("dynamodb")
        }
        "aws-sdk" if !name.contains('.') => sdk.service(name),
        _ => sdk.service(module.strip_prefix("aws-sdk/clients/")?),
    }
}

/// The operation of a command's class.
fn command(path: &str) -> Option<(ServiceId, &'static str)> {
    let sdk = Sdk::get();
    let (module, name) = parts(path)?;
    let name = name.strip_suffix("Command")?;
    if module == "@aws-sdk/lib-dynamodb" {
        let dynamodb = sdk.service("dynamodb")?;
        let document = DOCUMENT.iter().find(|(known, ..)| *known == name).map(|(_, _, operation)| *operation);
        return Some((dynamodb, document.or_else(|| sdk.operation(dynamodb, name).map(|found| found.name))?));
    }
    let service = sdk.service(module.strip_prefix("@aws-sdk/client-")?)?;
    Some((service, sdk.operation(service, name)?.name))
}

pub(super) fn typed(path: &str) -> Option<Value> {
    if path.ends_with("DocumentClient") && path.starts_with("aws-sdk") {
        return Some(document_client());
    }
    client(path).map(|service| Value::Client(Some(service), nowhere()))
}

fn document_client() -> Value {
    let service = Sdk::get().service("dynamodb").unwrap_or_default();
    Value::Resource(Rc::new(Resource {
        service,
        kind: "DocumentClient",
        identifiers: Vec::new(),
        is_loaded: true,
    }))
}

/// What a function or class outside the tree gives.
pub(super) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Option<Values> {
    if matches!(path, "require" | "import") {
        let module = flow.argument(site, 0, "")?.first()?.known()?;
        return Some(flow.module(site, &module));
    }
    if let Some((service, operation)) = command(path) {
        let fields = fields_at(flow, site, 0);
        return Some(one(Value::Command(service, operation, Rc::new(fields), site)));
    }
    if is_local(flow, site) {
        return Some(one(Value::External("localhost".into())));
    }
    if let Some(found) = typed(path) {
        return Some(one(found));
    }
    let last = path.rsplit('.').next().unwrap_or(path);
    match last {
        "from" if path.contains("lib-dynamodb") => typed("@aws-sdk/lib-dynamodb.DynamoDBDocument").map(one),
        // X-Ray and Powertools give back what they wrap.
        "captureAWS" | "captureAWSClient" | "captureAWSv3Client" | "freeze" | "promisify" => {
            flow.argument(site, 0, "")
        }
        "String" => flow.argument(site, 0, ""),
        "all" if path == "Promise.all" => flow.argument(site, 0, ""),
        _ => None,
    }
}

/// A client of an endpoint on this machine needs nothing of AWS.
fn is_local(flow: &Flow<'_>, site: Site) -> bool {
    let fields = fields_at(flow, site, 0);
    let endpoint = fields.get("endpoint").cloned().unwrap_or_else(none);
    !endpoint.is_empty()
        && endpoint.iter().all(|value| value.known().is_some_and(|url| super::is_local(&url)))
}

/// What functions of the SDK call themselves.
pub(super) fn external_calls(flow: &Flow<'_>, path: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    let Some((module, name)) = parts(path) else { return Outcome::nothing() };
    let s3 = sdk.service("s3").unwrap_or_default();
    let calls = match (module, name) {
        ("@aws-sdk/lib-storage", "Upload") => {
            let fields = fields_at(flow, site, 0)
                .get("params")
                .map(|values| super::fields_of(flow, site, values))
                .unwrap_or_default();
            vec![Made::new(s3, "PutObject", fields.clone()), super::abort(s3, fields)]
        }
        ("aws-sdk", "S3.ManagedUpload") => {
            let fields = fields_at(flow, site, 0)
                .get("params")
                .map(|values| super::fields_of(flow, site, values))
                .unwrap_or_default();
            vec![Made::new(s3, "PutObject", fields.clone()), super::abort(s3, fields)]
        }
        ("@aws-sdk/s3-presigned-post", "createPresignedPost") => {
            vec![
                Made::new(s3, "PutObject", fields_at(flow, site, 1))
                    .because("whoever uses a presigned form does so with the permissions of its signer"),
            ]
        }
        _ => {
            let service = match module {
                "@aws-sdk/lib-dynamodb" => sdk.service("dynamodb"),
                _ => module.strip_prefix("@aws-sdk/client-").and_then(|label| sdk.service(label)),
            };
            let steps = service.and_then(|service| {
                let operation = match (name.strip_prefix("paginate"), name.strip_prefix("waitUntil")) {
                    (Some(operation), _) => sdk.operation(service, operation)?.name,
                    (_, Some(waiter)) => sdk.of(service).waiter(waiter)?,
                    _ => return None,
                };
                Some(Made::new(service, operation, fields_at(flow, site, 1)))
            });
            let waiter = service.zip(name.strip_prefix("waitFor")).and_then(|(service, waiter)| {
                Some(Made::new(service, sdk.of(service).waiter(waiter)?, fields_at(flow, site, 1)))
            });
            steps.or(waiter).into_iter().collect()
        }
    };
    Outcome::calls(calls, none())
}

/// What a method does.
pub(super) fn outcome(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    match of {
        Value::Client(None, reason) => Outcome::untold(Rc::clone(reason)),
        Value::Resource(found) if found.kind == "DocumentClient" => {
            let operation =
                DOCUMENT.iter().find(|(_, known, _)| *known == name).map(|(_, _, operation)| *operation);
            match operation {
                Some(operation) => {
                    answered(flow, Made::new(found.service, operation, fields_at(flow, site, 0)), site)
                }
                None => Outcome::result(flow.unknown(site, Why::Code)),
            }
        }
        Value::Client(Some(service), _) => of_client(flow, *service, name, site),
        // `await s3.send(command)`, `.promise()`: what an answer does is nothing to follow.
        _ => {
            let _ = sdk;
            Outcome::result(flow.unknown(site, Why::Code))
        }
    }
}

fn answered(flow: &Flow<'_>, made: Made, site: Site) -> Outcome {
    let service = Sdk::get().of(made.service).name;
    let result = flow.unknown(site, Why::Answer(format!("{service}:{}", made.operation)));
    Outcome::calls(vec![made], result)
}

fn of_client(flow: &Flow<'_>, service: ServiceId, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    let is_s3 = sdk.of(service).name == "s3";
    let texts = |place| -> Vec<String> {
        flow.argument(site, place, "").unwrap_or_else(none).iter().filter_map(Value::known).collect()
    };
    let presigned = "whoever uses a presigned URL does so with the permissions of its signer";
    match name {
        "send" => {
            let commands = flow.argument(site, 0, "").unwrap_or_else(none);
            let answers = commands.iter().filter_map(|command| match command {
                Value::Command(service, operation, ..) => Some(Value::Unknown(
                    flow.reason(site, Why::Answer(format!("{}:{operation}", sdk.of(*service).name))),
                )),
                _ => None,
            });
            let answers = union(answers);
            return Outcome::result(if answers.is_empty() { flow.unknown(site, Why::Code) } else { answers });
        }
        "getSignedUrl" | "getSignedUrlPromise" | "makeRequest" | "makeUnauthenticatedRequest" => {
            let calls: Vec<Made> = texts(0)
                .iter()
                .filter_map(|text| sdk.operation(service, text))
                .map(|operation| {
                    Made::new(service, operation.name, fields_at(flow, site, 1)).because(presigned)
                })
                .collect();
            return match calls.is_empty() {
                true => Outcome::untold(flow.reason(site, Why::Code)),
                false => Outcome::calls(calls, flow.unknown(site, Why::Answer(name.to_owned()))),
            };
        }
        "createPresignedPost" if is_s3 => {
            return Outcome::calls(
                vec![Made::new(service, "PutObject", fields_at(flow, site, 0)).because(presigned)],
                none(),
            );
        }
        "upload" if is_s3 => {
            let fields = fields_at(flow, site, 0);
            return Outcome::calls(
                vec![Made::new(service, "PutObject", fields.clone()), super::abort(service, fields)],
                none(),
            );
        }
        "waitFor" => {
            let calls = texts(0)
                .iter()
                .filter_map(|text| sdk.of(service).waiter(text))
                .map(|operation| Made::new(service, operation, fields_at(flow, site, 1)))
                .collect();
            return Outcome::calls(calls, flow.unknown(site, Why::Code));
        }
        "config" | "middlewareStack" | "destroy" => return Outcome::nothing(),
        _ => {}
    }
    // The aggregated client of DynamoDB's documents.
    let document = DOCUMENT.iter().find(|(_, known, _)| *known == name).map(|(_, _, operation)| *operation);
    let document = document.filter(|_| sdk.of(service).name == "dynamodb");
    let operation = document.or_else(|| sdk.operation(service, name).map(|operation| operation.name));
    match operation {
        Some(operation) => answered(flow, Made::new(service, operation, fields_at(flow, site, 0)), site),
        None => Outcome::result(flow.unknown(site, Why::Code)),
    }
}

/// Commands that are handed to whoever sends them, each where it was made.
pub(crate) fn sent(flow: &Flow<'_>, path: &str, site: Site) -> Vec<(Made, Site)> {
    let because = path
        .ends_with("getSignedUrl")
        .then_some("whoever uses a presigned URL does so with the permissions of its signer");
    let mut all = Vec::new();
    for argument in flow.arguments(site) {
        let values: Fields =
            Fields { entries: vec![("".into(), flow.beside(site, argument.value))], open: None };
        for (_, values) in &values.entries {
            for value in values.iter() {
                if let Value::Command(service, operation, fields, made_at) = value {
                    let made = Made { because, ..Made::new(*service, operation, Fields::clone(fields)) };
                    all.push((made, *made_at));
                }
            }
        }
    }
    all
}
