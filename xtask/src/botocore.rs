//! The models of AWS's APIs in an unpacked botocore.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What a service is called.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    endpoint_prefix: Option<String>,
    signing_name: Option<String>,
}

impl Metadata {
    /// Signing name, endpoint prefix and name in botocore, each once: one of them is the service's prefix in IAM.
    pub(crate) fn labels<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let mut labels = Vec::new();
        for label in [self.signing_name.as_deref(), self.endpoint_prefix.as_deref(), Some(name)] {
            labels.extend(label.filter(|label| !labels.contains(label)));
        }
        labels
    }
}

/// The model of each service's newest API version, by its name in botocore, one after the other.
pub(crate) fn models<T: DeserializeOwned>(
    data: &Path,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(String, T)>>> {
    let mut services: Vec<PathBuf> = fs::read_dir(data)
        .with_context(|| format!("cannot read {}", data.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    services.sort();
    Ok(services.into_iter().filter_map(|folder| named_model(&folder).transpose()))
}

fn named_model<T: DeserializeOwned>(folder: &Path) -> anyhow::Result<Option<(String, T)>> {
    let Some(model) = newest_model(folder)? else { return Ok(None) };
    let name = folder.file_name().and_then(|name| name.to_str()).context("a service has no name")?;
    Ok(Some((name.to_owned(), model)))
}

/// The model of a service's newest API version; folders without one are not services.
fn newest_model<T: DeserializeOwned>(folder: &Path) -> anyhow::Result<Option<T>> {
    newest(folder)?.map_or(Ok(None), |newest| newest_json(&newest, "service-2.json"))
}

/// The folder of a service's newest API version.
pub(crate) fn newest(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let mut versions: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    versions.retain(|path| path.is_dir());
    versions.sort();
    Ok(versions.pop())
}

/// A file of such a folder, packed or not.
pub(crate) fn newest_json<T: DeserializeOwned>(folder: &Path, name: &str) -> anyhow::Result<Option<T>> {
    let (plain, packed) = (folder.join(name), folder.join(format!("{name}.gz")));
    let mut text = String::new();
    if packed.exists() {
        MultiGzDecoder::new(fs::File::open(&packed)?).read_to_string(&mut text)?;
    } else if plain.exists() {
        text = fs::read_to_string(&plain)?;
    } else {
        return Ok(None);
    }
    let read = serde_json::from_str(&text);
    Ok(Some(read.with_context(|| format!("{} is not as expected", plain.display()))?))
}
