//! The SDKs for Go: version 2 (`github.com/aws/aws-sdk-go-v2`) and version 1 (`github.com/aws/aws-sdk-go`).

use std::rc::Rc;

use super::{Made, Outcome, nowhere};
use crate::needs::flow::{Flow, none, one, union};
use crate::needs::table::{Sdk, ServiceId};
use crate::needs::value::{Fields, Site, Value, Values, Why};

const HEADS: [&str; 2] = ["github.com/aws/aws-sdk-go-v2/", "github.com/aws/aws-sdk-go/"];

pub(super) fn is_module(module: &str) -> bool {
    HEADS.iter().any(|head| module.starts_with(head))
}

/// The package of a path, and what is named in it.
fn parts(path: &str) -> (&str, &str) {
    let slash = path.rfind('/').map_or(0, |at| at.saturating_add(1));
    let dot = path.get(slash..).and_then(|rest| rest.find('.')).map(|at| slash.saturating_add(at));
    match dot {
        Some(dot) => (path.get(..dot).unwrap_or(path), path.get(dot.saturating_add(1)..).unwrap_or_default()),
        None => (path, ""),
    }
}

/// The service of a package.
fn service(module: &str) -> Option<ServiceId> {
    let below = HEADS.iter().find_map(|head| module.strip_prefix(head))?;
    let name = below.strip_prefix("service/")?;
    Sdk::get().service(name.split('/').next().unwrap_or(name))
}

pub(super) fn typed(path: &str) -> Option<Value> {
    let (module, name) = parts(path);
    let service = service(module)?;
    let sdk = Sdk::get();
    let is_client = matches!(name, "Client" | "PresignClient")
        || name.ends_with("API")
        || sdk.service(name) == Some(service);
    is_client.then(|| Value::Client(Some(service), nowhere()))
}

/// What a function or struct outside the tree gives.
pub(super) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Option<Values> {
    let (module, name) = parts(path);
    let sdk = Sdk::get();
    if let Some(service) = service(module) {
        let client = || one(Value::Client(Some(service), nowhere()));
        if matches!(name, "NewFromConfig" | "New" | "NewPresignClient") {
            return Some(client());
        }
        if let Some(waiter) = name.strip_prefix("New").and_then(|name| name.strip_suffix("Waiter")) {
            return sdk.of(service).waiter(waiter).map(|operation| one(Value::Steps(service, operation)));
        }
        if flow.is_new(site) {
            return Some(one(Value::Request(path.into(), Rc::new(flow.named(site)))));
        }
        return None;
    }
    if is_module(module) {
        return match (module.rsplit('/').next().unwrap_or_default(), name) {
            ("aws", "String" | "StringValue" | "ToString" | "Int64" | "Int32" | "Bool") => {
                flow.argument(site, 0, "")
            }
            (
                "manager" | "s3manager" | "transfermanager",
                "NewUploader" | "NewUploaderWithClient" | "New",
            ) => Some(one(Value::Request("go.uploader".into(), Rc::default()))),
            ("manager" | "s3manager", "NewDownloader" | "NewDownloaderWithClient") => {
                Some(one(Value::Request("go.downloader".into(), Rc::default())))
            }
            _ if flow.is_new(site) => Some(one(Value::Request(path.into(), Rc::new(flow.named(site))))),
            _ => None,
        };
    }
    match path {
        "os.Getenv" | "os.LookupEnv" => {
            let names = flow.argument(site, 0, "")?;
            let known: Vec<String> = names.iter().filter_map(Value::known).collect();
            (!known.is_empty())
                .then(|| union(known.iter().flat_map(|name| flow.environment(site, name, None).to_vec())))
        }
        "fmt.Sprintf" => {
            let formats = flow.argument(site, 0, "")?;
            let formatted = formats.iter().flat_map(|format| match format {
                Value::Text(parts) => flow
                    .formatted(site, parts, |_, count| flow.argument(site, count.saturating_add(1), ""))
                    .to_vec(),
                other => vec![other.clone()],
            });
            Some(union(formatted))
        }
        "string" | "strings.TrimSpace" => flow.argument(site, 0, ""),
        _ => None,
    }
}

/// What functions of the SDK call themselves: a paginator is made with its request.
pub(super) fn external_calls(flow: &Flow<'_>, path: &str, site: Site) -> Outcome {
    let (module, name) = parts(path);
    let operation = service(module).and_then(|service| {
        let name = name.strip_prefix("New")?.strip_suffix("Paginator")?;
        Some((service, Sdk::get().operation(service, name)?.name))
    });
    match operation {
        Some((service, operation)) => {
            Outcome::calls(vec![Made::new(service, operation, request(flow, site))], none())
        }
        None => Outcome::nothing(),
    }
}

/// The request among the arguments of a call.
fn request(flow: &Flow<'_>, site: Site) -> Fields {
    for argument in flow.arguments(site) {
        for value in flow.beside(site, argument.value).iter() {
            match value {
                Value::Request(_, fields) => return Fields::clone(fields),
                Value::Map(fields) => return Fields::clone(fields),
                _ => {}
            }
        }
    }
    let is_given = flow.arguments(site).len() > 1;
    Fields { entries: Vec::new(), open: is_given.then(|| flow.reason(site, Why::Code)) }
}

/// What a method does.
pub(super) fn outcome(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    let answered = |made: Made| {
        let answer = format!("{}:{}", sdk.of(made.service).name, made.operation);
        Outcome::calls(vec![made], flow.unknown(site, Why::Answer(answer)))
    };
    let s3 = sdk.service("s3").unwrap_or_default();
    match of {
        Value::Steps(service, operation) => match name.starts_with("Wait") {
            true => answered(Made::new(*service, operation, request(flow, site))),
            false => Outcome::nothing(),
        },
        Value::Request(kind, _) => match (&**kind, name) {
            ("go.uploader", "Upload" | "UploadWithContext" | "UploadObject") => {
                let fields = request(flow, site);
                Outcome::calls(
                    vec![Made::new(s3, "PutObject", fields.clone()), super::abort(s3, fields)],
                    none(),
                )
            }
            ("go.downloader", "Download" | "DownloadWithContext") => {
                answered(Made::new(s3, "GetObject", request(flow, site)))
            }
            _ => Outcome::result(flow.unknown(site, Why::Code)),
        },
        Value::Client(Some(service), _) => match operation(*service, name) {
            Some((operation, because)) => {
                let made = Made { because, ..Made::new(*service, operation, request(flow, site)) };
                answered(made)
            }
            None => Outcome::result(flow.unknown(site, Why::Code)),
        },
        Value::Client(None, reason) => Outcome::untold(Rc::clone(reason)),
        _ => Outcome::result(flow.unknown(site, Why::Code)),
    }
}

/// The operation of a method: as it is called, in pages, with a context, presigned, or waited for.
fn operation(service: ServiceId, name: &str) -> Option<(&'static str, Option<&'static str>)> {
    let sdk = Sdk::get();
    let named = |name: &str| sdk.operation(service, name).map(|operation| operation.name);
    let plain = name.strip_suffix("WithContext").unwrap_or(name);
    if let Some(found) = named(name).or_else(|| named(plain)) {
        return Some((found, None));
    }
    if let Some(found) = ["Pages", "Request"].iter().find_map(|end| named(plain.strip_suffix(end)?)) {
        return Some((found, None));
    }
    if let Some(waiter) = plain.strip_prefix("WaitUntil") {
        return Some((sdk.of(service).waiter(waiter)?, Some("a waiter asks until it is so")));
    }
    let presigned = plain.strip_prefix("Presign")?;
    let operation = if presigned == "PostObject" { named("PutObject") } else { named(presigned) };
    Some((operation?, Some("whoever uses a presigned URL does so with the permissions of its signer")))
}

/// The call whose request tells what it is: `api.PutObject(ctx, &s3.PutObjectInput{…})`, whatever `api` is.
pub(crate) fn by_request(flow: &Flow<'_>, name: &str, site: Site) -> Option<Made> {
    for argument in flow.arguments(site) {
        for value in flow.beside(site, argument.value).iter() {
            let Value::Request(path, fields) = value else { continue };
            let (module, kind) = parts(path);
            let Some(service) = service(module).filter(|_| kind.ends_with("Input")) else { continue };
            if let Some((operation, because)) = operation(service, name) {
                return Some(Made { because, ..Made::new(service, operation, Fields::clone(fields)) });
            }
        }
    }
    None
}
