//! The SDK for .NET: `Amazon.…` clients and their interfaces, paginators, `TransferUtility`, `DynamoDBContext` and `Table`.

use std::rc::Rc;

use super::{Made, Outcome, nowhere};
use crate::needs::flow::{Flow, none, one, union};
use crate::needs::table::{Sdk, ServiceId};
use crate::needs::value::{Fields, Site, Value, Values, Why};

/// Operations of S3 and others that the SDK writes by hand (SDK for .NET API reference, `AmazonS3Client`).
const NAMED: [(&str, &str, &str); 35] = [
    ("s3", "PutBucket", "CreateBucket"),
    ("s3", "ListVersions", "ListObjectVersions"),
    ("s3", "GetObjectMetadata", "HeadObject"),
    ("s3", "InitiateMultipartUpload", "CreateMultipartUpload"),
    ("s3", "CopyPart", "UploadPartCopy"),
    ("s3", "PutLifecycleConfiguration", "PutBucketLifecycleConfiguration"),
    ("s3", "GetLifecycleConfiguration", "GetBucketLifecycleConfiguration"),
    ("s3", "DeleteLifecycleConfiguration", "DeleteBucketLifecycle"),
    ("s3", "PutCORSConfiguration", "PutBucketCors"),
    ("s3", "GetCORSConfiguration", "GetBucketCors"),
    ("s3", "DeleteCORSConfiguration", "DeleteBucketCors"),
    ("s3", "PutBucketNotification", "PutBucketNotificationConfiguration"),
    ("s3", "GetBucketNotification", "GetBucketNotificationConfiguration"),
    ("s3", "EnableBucketLogging", "PutBucketLogging"),
    ("s3", "DisableBucketLogging", "PutBucketLogging"),
    ("s3", "PutACL", "PutBucketAcl"),
    ("s3", "GetACL", "GetBucketAcl"),
    ("s3", "DoesS3BucketExist", "HeadBucket"),
    ("s3", "DoesS3BucketExistV2", "HeadBucket"),
    ("s3", "UploadObjectFromStream", "PutObject"),
    ("s3", "UploadObjectFromFilePath", "PutObject"),
    ("s3", "DownloadToFilePath", "GetObject"),
    ("s3", "GetObjectStream", "GetObject"),
    ("s3", "GetAllObjectKeys", "ListObjects"),
    ("s3", "EnsureBucketExists", "CreateBucket"),
    ("s3", "MakeObjectPublic", "PutObjectAcl"),
    ("s3", "Deletes", "DeleteObjects"),
    ("s3", "GetBucketTagging", "GetBucketTagging"),
    ("sns", "SubscribeQueue", "Subscribe"),
    ("sns", "FindTopic", "ListTopics"),
    ("sns", "AuthorizeS3ToPublish", "SetTopicAttributes"),
    ("sqs", "AuthorizeS3ToSendMessage", "SetQueueAttributes"),
    ("glacier", "InitiateJob", "InitiateJob"),
    ("lambda", "InvokeAsync", "InvokeAsync"),
    ("dynamodb", "DescribeTable", "DescribeTable"),
];

/// What parameters are by their places, where a method takes them one by one.
const PLACED: [(&str, &[&str]); 16] = [
    ("GetObject", &["BucketName", "Key"]),
    ("DeleteObject", &["BucketName", "Key"]),
    ("HeadObject", &["BucketName", "Key"]),
    ("CopyObject", &["SourceBucket", "SourceKey", "BucketName", "Key"]),
    ("ListObjects", &["BucketName", "Prefix"]),
    ("CreateBucket", &["BucketName"]),
    ("DeleteBucket", &["BucketName"]),
    ("HeadBucket", &["BucketName"]),
    ("SendMessage", &["QueueUrl"]),
    ("ReceiveMessage", &["QueueUrl"]),
    ("DeleteMessage", &["QueueUrl"]),
    ("GetQueueAttributes", &["QueueUrl"]),
    ("Publish", &["TopicArn"]),
    ("GetItem", &["TableName"]),
    ("PutItem", &["TableName"]),
    ("DescribeTable", &["TableName"]),
];

/// `DynamoDBContext` and `Table` (SDK for .NET, *object persistence model*, *document model*).
const ITEMS: [(&str, &str); 18] = [
    ("Save", "UpdateItem"),
    ("Load", "GetItem"),
    ("Delete", "DeleteItem"),
    ("Query", "Query"),
    ("FromQuery", "Query"),
    ("Scan", "Scan"),
    ("FromScan", "Scan"),
    ("Search", "Scan"),
    ("PutItem", "PutItem"),
    ("GetItem", "GetItem"),
    ("UpdateItem", "UpdateItem"),
    ("DeleteItem", "DeleteItem"),
    ("CreateBatchWrite", "BatchWriteItem"),
    ("CreateBatchGet", "BatchGetItem"),
    ("CreateTransactWrite", "TransactWriteItems"),
    ("CreateTransactGet", "TransactGetItems"),
    ("GetTargetTable", "DescribeTable"),
    ("ExecuteBatchWrite", "BatchWriteItem"),
];

pub(super) fn is_module(module: &str) -> bool {
    module == "Amazon" || module.starts_with("Amazon.") || module.starts_with("AWS.") || module == "AWSSDK"
}

/// The service of a client's class or of its interface: `AmazonS3Client`, `IAmazonS3`.
fn service(class: &str) -> Option<ServiceId> {
    let of = |name: &str| Sdk::get().service(name);
    if let Some(name) = class.strip_prefix("IAmazon") {
        return of(name);
    }
    let name = class.strip_prefix("Amazon")?.strip_suffix("Client")?;
    of(name)
}

pub(super) fn typed(path: &str) -> Option<Value> {
    let class = path.rsplit('.').next().unwrap_or(path);
    match class {
        "TransferUtility" | "ITransferUtility" => {
            return Some(Value::Request("net.transfer".into(), Rc::default()));
        }
        "ArchiveTransferManager" => return Some(Value::Request("net.archive".into(), Rc::default())),
        "DynamoDBContext" | "IDynamoDBContext" | "DynamoDBContextBuilder" => {
            return Some(Value::Request("net.items".into(), Rc::default()));
        }
        _ => {}
    }
    service(class).map(|service| Value::Client(Some(service), nowhere()))
}

/// What a method or class outside the tree gives.
pub(super) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Option<Values> {
    let class = path.rsplit('.').next().unwrap_or(path);
    if flow.is_new(site) {
        if let Some(found) = typed(path) {
            let endpoint = flow.argument(site, usize::MAX, "ServiceURL").or_else(|| config(flow, site));
            let is_local = endpoint.is_some_and(|values| {
                !values.is_empty()
                    && values.iter().all(|value| value.known().is_some_and(|url| super::is_local(&url)))
            });
            return Some(one(if is_local { Value::External("localhost".into()) } else { found }));
        }
        if class == "TableBuilder" {
            let entries = flow.argument(site, 1, "tableName").map(|table| ("TableName".into(), table));
            let fields = Fields { entries: entries.into_iter().collect(), open: None };
            return Some(one(Value::Request("net.items".into(), Rc::new(fields))));
        }
        // `new XRequest { … }` says what it is of by its operation alone; `new CreateTableRequest(…)`.
        if class.ends_with("Request") || class.ends_with("Config") {
            return Some(one(Value::Request(path.into(), Rc::new(flow.named(site)))));
        }
        return Some(one(Value::Request("net.object".into(), Rc::new(flow.named(site)))));
    }
    match path {
        "Environment.GetEnvironmentVariable" => {
            let names = flow.argument(site, 0, "")?;
            let known: Vec<String> = names.iter().filter_map(Value::known).collect();
            (!known.is_empty())
                .then(|| union(known.iter().flat_map(|name| flow.environment(site, name, None).to_vec())))
        }
        "string.Format" | "String.Format" => {
            let formats = flow.argument(site, 0, "")?;
            Some(union(formats.iter().flat_map(|format| {
                match format {
                    Value::Text(parts) => flow
                        .formatted(site, parts, |hole, _| {
                            flow.argument(
                                site,
                                hole.parse::<usize>().unwrap_or_default().saturating_add(1),
                                "",
                            )
                        })
                        .to_vec(),
                    other => vec![other.clone()],
                }
            })))
        }
        "Table.LoadTable" | "Table.TryLoadTable" => {
            let entries = flow.argument(site, 1, "tableName").map(|table| ("TableName".into(), table));
            let fields = Fields { entries: entries.into_iter().collect(), open: None };
            Some(one(Value::Request("net.items".into(), Rc::new(fields))))
        }
        _ => None,
    }
}

/// The endpoint of a client's configuration.
fn config(flow: &Flow<'_>, site: Site) -> Option<Values> {
    flow.arguments(site).iter().find_map(|argument| {
        flow.beside(site, argument.value).iter().find_map(|value| match value {
            Value::Request(_, fields) => fields.get("ServiceURL").cloned(),
            _ => None,
        })
    })
}

/// Functions that call AWS themselves: they are given their client.
pub(super) fn external_calls(flow: &Flow<'_>, path: &str, site: Site) -> Outcome {
    let name = path.rsplit('.').next().unwrap_or(path);
    if !path.contains("AmazonS3Util") && path != "Table.LoadTable" {
        return Outcome::nothing();
    }
    if path == "Table.LoadTable" {
        let Some(dynamodb) = Sdk::get().service("dynamodb") else { return Outcome::nothing() };
        let entries = flow.argument(site, 1, "tableName").map(|table| ("TableName".into(), table));
        let fields = Fields { entries: entries.into_iter().collect(), open: None };
        let made = Made::new(dynamodb, "DescribeTable", fields)
            .because("the SDK looks at the keys of a table first");
        return Outcome::calls(vec![made], none());
    }
    let s3 = Sdk::get().service("s3").unwrap_or_default();
    match operation(s3, name) {
        Some((operation, because)) => {
            let entries = flow.argument(site, 1, "bucketName").map(|bucket| ("BucketName".into(), bucket));
            let fields = Fields { entries: entries.into_iter().collect(), open: None };
            Outcome::calls(vec![Made { because, ..Made::new(s3, operation, fields) }], none())
        }
        None => Outcome::nothing(),
    }
}

/// The request among the arguments, or its parts by their places.
fn request(flow: &Flow<'_>, operation: &str, site: Site) -> Fields {
    for argument in flow.arguments(site) {
        for value in flow.beside(site, argument.value).iter() {
            if let Value::Request(_, fields) = value {
                return Fields::clone(fields);
            }
        }
    }
    let names = PLACED.iter().find(|(known, _)| *known == operation).map_or(&[][..], |(_, names)| *names);
    let mut fields = flow.named(site);
    for (place, name) in names.iter().enumerate() {
        let values = flow
            .argument(site, place, "")
            .filter(|values| values.iter().all(|value| matches!(value, Value::Text(_) | Value::Unknown(_))));
        fields.entries.extend(values.map(|values| ((*name).into(), values)));
    }
    if fields.entries.is_empty() && !flow.arguments(site).is_empty() {
        fields.open = Some(flow.reason(site, Why::Code));
    }
    source(fields)
}

/// A copy's source is two keys here.
fn source(mut fields: Fields) -> Fields {
    let part = |fields: &Fields, name: &str| fields.get(name).cloned();
    if let Some(bucket) = part(&fields, "SourceBucket") {
        let key = part(&fields, "SourceKey").unwrap_or_else(none);
        let entries = vec![("Bucket".into(), bucket), ("Key".into(), key)];
        fields.entries.push(("CopySource".into(), one(Value::Map(Rc::new(Fields { entries, open: None })))));
    }
    for (old, new) in [("DestinationBucket", "BucketName"), ("DestinationKey", "Key")] {
        if let Some(values) = part(&fields, old) {
            fields.entries.push((new.into(), values));
        }
    }
    fields
}

/// What a method does.
pub(super) fn outcome(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Outcome {
    let sdk = Sdk::get();
    let plain = name.strip_suffix("Async").unwrap_or(name);
    match of {
        Value::Client(Some(service), _) => {
            let Some((found, because)) = operation(*service, name) else {
                return Outcome::result(flow.unknown(site, Why::Code));
            };
            let mut fields = source(request(flow, found, site));
            let found = match (found, signed(plain, &fields)) {
                (_, Some(signed)) => signed,
                ("PutBucketAcl", _) if fields.get("Key").is_some() => "PutObjectAcl",
                ("GetBucketAcl", _) if fields.get("Key").is_some() => "GetObjectAcl",
                _ => found,
            };
            fields.entries.retain(|(key, _)| !matches!(&**key, "SourceBucket" | "SourceKey"));
            let made = Made { because, ..Made::new(*service, found, fields) };
            let answer = format!("{}:{found}", sdk.of(*service).name);
            Outcome::calls(vec![made], flow.unknown(site, Why::Answer(answer)))
        }
        Value::Client(None, reason) => Outcome::untold(Rc::clone(reason)),
        // `client.Paginators.ListObjectsV2(…)`.
        Value::Bound(inner, middle) if &**middle == "Paginators" => outcome(flow, inner, name, site),
        Value::Request(kind, _) if &**kind == "net.transfer" => {
            let s3 = sdk.service("s3").unwrap_or_default();
            let (operation, names): (_, &[&str]) = match plain {
                "Upload" | "UploadWithResponse" => ("PutObject", &["", "BucketName", "Key"]),
                "UploadDirectory" => ("PutObject", &["", "BucketName"]),
                "Download" | "OpenStream" | "DownloadWithResponse" => {
                    ("GetObject", &["", "BucketName", "Key"])
                }
                "DownloadDirectory" => ("GetObject", &["BucketName", ""]),
                "AbortMultipartUploads" => ("AbortMultipartUpload", &["BucketName"]),
                _ => return Outcome::result(flow.unknown(site, Why::Code)),
            };
            let mut fields = request(flow, "", site);
            if fields.entries.is_empty() {
                let given = names.iter().enumerate().filter(|(_, name)| !name.is_empty());
                let given =
                    given.filter_map(|(place, name)| Some(((*name).into(), flow.argument(site, place, "")?)));
                fields = Fields { entries: given.collect(), open: None };
            }
            let mut calls = vec![Made::new(s3, operation, fields.clone())];
            match plain {
                "DownloadDirectory" => calls.push(Made::new(s3, "ListObjects", fields)),
                _ if operation == "PutObject" => calls.push(super::abort(s3, fields)),
                _ => {}
            }
            Outcome::calls(calls, none())
        }
        Value::Request(kind, fields) if &**kind == "net.items" => {
            let Some(dynamodb) = sdk.service("dynamodb") else { return Outcome::nothing() };
            match ITEMS.iter().find(|(known, _)| *known == plain) {
                Some((_, operation)) => Outcome::calls(
                    vec![Made::new(dynamodb, operation, Fields::clone(fields))],
                    flow.unknown(site, Why::Code),
                ),
                // Building goes on.
                None => Outcome::result(one(of.clone())),
            }
        }
        Value::Request(kind, _) if &**kind == "net.archive" => {
            let Some(glacier) = sdk.service("glacier") else { return Outcome::nothing() };
            let calls: &[&'static str] = match plain {
                "Upload" => &["UploadArchive"],
                "Download" => &["InitiateJob", "DescribeJob", "GetJobOutput"],
                "DeleteArchive" => &["DeleteArchive"],
                _ => &[],
            };
            let entries = flow.argument(site, 0, "vaultName").map(|vault| ("vaultName".into(), vault));
            let fields = Fields { entries: entries.into_iter().collect(), open: None };
            let calls = calls.iter().map(|operation| Made::new(glacier, operation, fields.clone()));
            Outcome::calls(calls.collect(), none())
        }
        // A request that is filled by methods stays one.
        Value::Request(..) => Outcome::result(one(of.clone())),
        _ => Outcome::result(flow.unknown(site, Why::Code)),
    }
}

/// The operation that a presigned URL is for, by its verb.
fn signed(name: &str, fields: &Fields) -> Option<&'static str> {
    if !matches!(name, "GetPreSignedURL" | "CreatePresignedPost") {
        return None;
    }
    let verb = fields.get("Verb").and_then(|values| values.first());
    let verb = match verb {
        Some(Value::External(path)) => path.to_string(),
        _ => String::new(),
    };
    Some(match verb.rsplit('.').next() {
        Some("PUT") => "PutObject",
        Some("DELETE") => "DeleteObject",
        Some("HEAD") => "HeadObject",
        _ if name == "CreatePresignedPost" => "PutObject",
        _ => "GetObject",
    })
}

/// The operation of a method: as it is called, or by a name of the SDK's own.
pub(crate) fn operation(service: ServiceId, name: &str) -> Option<(&'static str, Option<&'static str>)> {
    let sdk = Sdk::get();
    let plain = name.strip_suffix("Async").unwrap_or(name);
    let of = sdk.of(service).name;
    if of == "s3" && matches!(plain, "GetPreSignedURL" | "CreatePresignedPost") {
        return Some((
            "GetObject",
            Some("whoever uses a presigned URL does so with the permissions of its signer"),
        ));
    }
    let named = NAMED.iter().find(|(known, method, _)| *known == of && *method == plain);
    if let Some((.., operation)) = named {
        return Some((operation, None));
    }
    [plain, name].iter().find_map(|name| Some((sdk.operation(service, name)?.name, None)))
}
