//! What SDKs call services and operations: from the models of botocore, the resources of boto3, and the class names of aws-sdk for
//! JavaScript.
//!
//! `core/source/src/needs/table.rs` reads the file and describes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::botocore::{newest, newest_json};
use crate::package;

const BLOB: &str = "core/source/data/sdk.bin";
const SOURCES: &str = "core/source/data/SOURCES.md";

#[derive(Debug, Deserialize)]
struct Model {
    metadata: Metadata,
    operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    endpoint_prefix: Option<String>,
    signing_name: Option<String>,
    service_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Operation {
    input: Option<Input>,
}

#[derive(Debug, Deserialize)]
struct Input {
    shape: String,
}

#[derive(Debug, Deserialize)]
struct Shape {
    #[serde(default)]
    members: BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Waiters {
    waiters: BTreeMap<String, Waiter>,
}

#[derive(Debug, Deserialize)]
struct Waiter {
    operation: String,
}

/// Writes the file and its `SOURCES.md`.
pub(crate) fn generate(
    botocore: Option<PathBuf>,
    boto3: Option<PathBuf>,
    javascript: Option<PathBuf>,
) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join("kagimori-sdk");
    let botocore = botocore.map_or_else(|| package::botocore(&folder), Ok)?;
    let boto3 = boto3.map_or_else(|| package::boto3(&folder), Ok)?;
    let javascript = javascript.map_or_else(|| package::aws_sdk(&folder), Ok)?;
    let classes = classes(&javascript)?;
    let text = list(&botocore.join("botocore/data"), &boto3.join("boto3/data"), &classes)?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    let blob = encoder.finish()?;
    fs::write(BLOB, &blob)
        .with_context(|| format!("cannot write {BLOB}: run this from the project's root"))?;
    let notice = fs::read_to_string(botocore.join(package::BOTOCORE_NOTICE))?;
    let hash = kagimori_id::hex(&Sha256::digest(&blob));
    let notice = notice.split("----").next().unwrap_or_default().trim().to_owned();
    let sources = format!(
        "# Sources of the data\n\n`sdk.bin` and this file are made by `cargo xtask gen sdk`.\n\n\
         | file | what | source | date | licence | SHA-256 |\n|---|---|---|---|---|---|\n\
         | sdk.bin | services with the names that SDKs give them, their operations with the names of their parameters, waiters; \
         the resources of boto3 | PyPI `{}` and `{}`, npm `{}` (class names) | 2026-12-01 | Apache-2.0 | {hash} |\n\
         | labels.toml | names of packages and classes of SDKs whose spelling is not that of the service | written for this project \
         after the SDKs' own package names | 2026-12-01 | as the project | - |\n\n## Notice of botocore\n\n{notice}\n",
        package::BOTOCORE,
        package::BOTO3,
        package::AWS_SDK,
    );
    fs::write(SOURCES, sources).context("cannot write the sources")?;
    Ok(())
}

/// The class names of the SDK for JavaScript, by service id.
fn classes(package: &Path) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let folder = package.join("apis");
    let metadata: BTreeMap<String, Value> =
        serde_json::from_str(&fs::read_to_string(folder.join("metadata.json"))?)?;
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    let mut classes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, service) in metadata {
        let prefix = service.get("prefix").and_then(Value::as_str).unwrap_or(&key).to_owned();
        let is_its = |path: &&PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with("-2"))
                && name.ends_with(".min.json")
        };
        let Some(file) = files.iter().rfind(is_its) else { continue };
        let model: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
        let id = model.pointer("/metadata/serviceId").and_then(Value::as_str);
        if let (Some(id), Some(name)) = (id, service.get("name").and_then(Value::as_str)) {
            classes.entry(id.to_owned()).or_default().push(name.to_owned());
        }
    }
    Ok(classes)
}

fn list(data: &Path, resources: &Path, classes: &BTreeMap<String, Vec<String>>) -> anyhow::Result<String> {
    let mut text = format!("{} {} {}\n", package::BOTOCORE, package::BOTO3, package::AWS_SDK);
    let mut services: Vec<PathBuf> =
        fs::read_dir(data)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    services.sort();
    for folder in services {
        let Some(version) = newest(&folder)? else { continue };
        let Some(model) = newest_json::<Model>(&version, "service-2.json")? else { continue };
        let name = folder.file_name().and_then(|name| name.to_str()).context("a service has no name")?;
        let id = model.metadata.service_id.clone().unwrap_or_default();
        let empty = Vec::new();
        let classes = classes.get(&id).unwrap_or(&empty).join(" ");
        let endpoint = model.metadata.endpoint_prefix.unwrap_or_default();
        let signing = model.metadata.signing_name.unwrap_or_else(|| endpoint.clone());
        writeln!(text, ">{name}|{id}|{signing}|{endpoint}|{classes}")?;
        for (operation, Operation { input }) in &model.operations {
            let shape = input.as_ref().and_then(|input| model.shapes.get(&input.shape));
            let members = shape.into_iter().flat_map(|shape| shape.members.keys());
            writeln!(
                text,
                "{}",
                [operation].into_iter().chain(members).cloned().collect::<Vec<_>>().join(" ")
            )?;
        }
        if let Some(waiters) = newest_json::<Waiters>(&version, "waiters-2.json")? {
            for (waiter, Waiter { operation }) in waiters.waiters {
                writeln!(text, "~{waiter} {operation}")?;
            }
        }
        if let Some(version) = newest(&resources.join(name))? {
            let model: Option<Value> = newest_json(&version, "resources-1.json")?;
            model.iter().try_for_each(|model| list_resources(&mut text, model))?;
        }
    }
    Ok(text)
}

/// The resources of boto3: types, what their methods call, which others they lead to.
fn list_resources(text: &mut String, model: &Value) -> anyhow::Result<()> {
    writeln!(text, "@")?;
    list_resource(text, model.get("service").unwrap_or(&Value::Null))?;
    for (name, resource) in entries(model, "resources") {
        let identifiers =
            list_of(resource, "identifiers").filter_map(|one| one.get("name").and_then(Value::as_str));
        writeln!(text, "@{}", [name].into_iter().chain(identifiers).collect::<Vec<_>>().join(" "))?;
        list_resource(text, resource)?;
    }
    Ok(())
}

fn list_resource(text: &mut String, resource: &Value) -> anyhow::Result<()> {
    if let Some(request) = resource.pointer("/load/request") {
        writeln!(text, "^load {}", request_of(request))?;
    }
    for (mark, key) in [("!", "actions"), ("=", "batchActions"), ("#", "hasMany")] {
        for (name, action) in entries(resource, key) {
            let request = action.get("request").map(request_of).unwrap_or_default();
            let leads = action.get("resource").map(leads_to).unwrap_or_default();
            writeln!(text, "{mark}{name} {request}{leads}")?;
        }
    }
    for (name, reference) in entries(resource, "has") {
        writeln!(text, "+{name}{}", reference.get("resource").map(leads_to).unwrap_or_default())?;
    }
    for (name, waiter) in entries(resource, "waiters") {
        let waits_for = waiter.get("waiterName").and_then(Value::as_str).unwrap_or_default();
        writeln!(text, "?{name} {waits_for}{}", parameters(waiter, "params"))?;
    }
    Ok(())
}

fn request_of(request: &Value) -> String {
    let operation = request.get("operation").and_then(Value::as_str).unwrap_or_default();
    format!("{operation}{}", parameters(request, "params"))
}

fn leads_to(resource: &Value) -> String {
    let kind = resource.get("type").and_then(Value::as_str).unwrap_or_default();
    format!(" ->{kind}{}", parameters(resource, "identifiers"))
}

/// ` Target=$Identifier` of the resource itself, `=%` given by the caller, `=.` told by the answer, `='text'`.
fn parameters(of: &Value, key: &str) -> String {
    let mut text = String::new();
    for parameter in list_of(of, key) {
        let field = |name: &str| parameter.get(name).and_then(Value::as_str);
        let Some(target) = field("target") else { continue };
        let source = match field("source") {
            Some("identifier") => format!("${}", field("name").unwrap_or_default()),
            Some("input") => "%".to_owned(),
            Some("string") => format!("'{}", field("value").unwrap_or_default().replace(' ', "")),
            _ => ".".to_owned(),
        };
        text.push_str(&format!(" {target}={source}"));
    }
    text
}

fn entries<'v>(of: &'v Value, key: &str) -> impl Iterator<Item = (&'v str, &'v Value)> {
    of.get(key).and_then(Value::as_object).into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn list_of<'v>(of: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    of.get(key).and_then(Value::as_array).into_iter().flatten()
}
