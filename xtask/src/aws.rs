//! The rows of AWS's APIs that the product calls, from the models of botocore: `edge/aws/data/`, read by
//! `edge/aws/src/model.rs`.

mod cut;
mod endpoints;
mod wanted;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use self::cut::Cut;
use self::wanted::WANTED;
use crate::botocore::{newest, newest_json};
use crate::package;

const FOLDER: &str = "edge/aws/data";

/// Writes a file a service, and `SOURCES.md`.
pub(crate) fn generate(from: Option<PathBuf>) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join("kagimori-operations");
    let from = from.map_or_else(|| package::botocore(&folder), Ok)?;
    let data = from.join("botocore/data");
    let partitions: Value = serde_json::from_str(&fs::read_to_string(data.join("partitions.json"))?)?;
    let mut files = BTreeMap::new();
    for (service, operations) in WANTED {
        let text = file_of(&data, &partitions, service, operations).with_context(|| service.to_owned())?;
        files.insert(format!("{service}.json"), text);
    }
    fs::create_dir_all(FOLDER)
        .with_context(|| format!("cannot write {FOLDER}: run this from the project's root"))?;
    for (name, text) in &files {
        fs::write(Path::new(FOLDER).join(name), text)?;
    }
    let notice = fs::read_to_string(from.join(package::BOTOCORE_NOTICE))?;
    fs::write(Path::new(FOLDER).join("SOURCES.md"), sources(&files, &notice)?)?;
    Ok(())
}

fn file_of(data: &Path, partitions: &Value, service: &str, operations: &[&str]) -> anyhow::Result<String> {
    let folder = newest(&data.join(service))?.context("botocore has no such service")?;
    let model = newest_json(&folder, "service-2.json")?.context("there is no model")?;
    let rules = newest_json(&folder, "endpoint-rule-set-1.json")?.context("there are no endpoint rules")?;
    let mut paginators = newest_json(&folder, "paginators-1.json")?.unwrap_or_default();
    if let Some(extras) = newest_json::<Value>(&folder, "paginators-1.sdk-extras.json")? {
        merge(&mut paginators, at(&extras, "/merge"));
    }
    let cut = cut::cut(&model, at(&paginators, "/pagination"), operations)?;
    written(&metadata(service, at(&model, "/metadata"))?, &endpoints::table(&rules, partitions)?, &cut)
}

fn metadata(service: &str, of: &Value) -> anyhow::Result<Value> {
    let protocol = at(of, "/protocol").as_str().context("no protocol")?;
    let prefix = at(of, "/endpointPrefix").as_str().context("no endpoint prefix")?;
    let mut row = Map::new();
    row.insert("protocol".to_owned(), json!(protocol));
    row.insert("signingName".to_owned(), json!(at(of, "/signingName").as_str().unwrap_or(prefix)));
    row.insert("version".to_owned(), at(of, "/apiVersion").clone());
    // `AWS_ENDPOINT_URL_<SERVICE>` and `services` sections call a service by its id (SDKs and Tools Reference Guide,
    // "Service-specific endpoints").
    let id = at(of, "/serviceId").as_str().context("no service id")?;
    row.insert("id".to_owned(), json!(id.to_lowercase().replace([' ', '-'], "_")));
    for (ours, theirs) in [("target", "targetPrefix"), ("jsonVersion", "jsonVersion")] {
        if let Some(value) = member(of, theirs).as_str() {
            row.insert(ours.to_owned(), json!(value));
        }
    }
    if !at(of, "/awsQueryCompatible").is_null() {
        row.insert("queryCompatible".to_owned(), json!(true));
    }
    if service == "s3" {
        row.insert("signsPathOnce".to_owned(), json!(true));
    }
    Ok(Value::Object(row))
}

/// One line an operation, error and shape, so that what changes between two versions can be read.
fn written(metadata: &Value, endpoints: &Value, cut: &Cut) -> anyhow::Result<String> {
    let mut text = format!("{{\"metadata\":{metadata}");
    write!(text, ",\n\"endpoints\":{endpoints}")?;
    for (name, rows) in [("operations", &cut.operations), ("errors", &cut.errors), ("shapes", &cut.shapes)] {
        write!(text, ",\n\"{name}\":{{")?;
        for (index, (key, value)) in rows.iter().enumerate() {
            write!(text, "{}\n{}:{value}", if index == 0 { "" } else { "," }, json!(key))?;
        }
        text.push('}');
    }
    text.push_str("}\n");
    Ok(text)
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

fn sources(files: &BTreeMap<String, String>, notice: &str) -> anyhow::Result<String> {
    let mut rows = String::new();
    for (name, text) in files {
        let hash = kagimori_id::hex(&Sha256::digest(text.as_bytes()));
        writeln!(rows, "| {name} | PyPI `{}` | 2026-11-20 | Apache-2.0 | {hash} |", package::BOTOCORE)?;
    }
    Ok(format!(
        "# Sources of the data\n\nThe rows of AWS's APIs that the product calls, a file a service: operations, shapes, errors, pages, addresses. \
         Cut from the models of botocore by `cargo xtask gen aws`; the list of operations is `xtask/src/aws/wanted.rs`.\n\n\
         | file | source | date | licence | SHA-256 |\n|---|---|---|---|---|\n{rows}\n## Notice of botocore\n\n{}\n",
        // What follows is about code that botocore vendors.
        notice.split("----").next().unwrap_or_default().trim(),
    ))
}

/// What lies at a JSON pointer; null where nothing does.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

/// The member of this name; null where there is none.
fn member<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}
