//! Access keys that Terraform manages: its state (version 4), or what `terraform show -json` prints of a state or a plan.
//!
//! An apply of Terraform switches a key on again that is `Inactive`, also where the configuration does not name the status (observed with
//! hashicorp/aws 5.100.0). A state holds secrets: of a key only its id, its status and its address are read.

use kagimori_id::AccessKeyId;
use serde::Deserialize;

/// A key that Terraform manages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Managed {
    /// The key.
    pub key: AccessKeyId,
    /// `module.batch.aws_iam_access_key.nightly[0]`
    pub address: String,
    /// `Active`, as the state has it.
    pub status: Option<String>,
}

/// Why a file is no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum StateError {
    /// Not JSON.
    #[error("it is no JSON: line {line}, column {column}")]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON of something else, or of a version that is not known.
    #[error("it is neither a state of Terraform (version 4) nor what `terraform show -json` prints")]
    NoState,
}

const KIND: &str = "aws_iam_access_key";
/// Modules within modules, as deep as they are followed.
const DEPTH_MAX: usize = 32;

#[derive(Deserialize)]
struct Either {
    version: Option<u64>,
    format_version: Option<String>,
    #[serde(default)]
    resources: Vec<Resource>,
    values: Option<Values>,
    prior_state: Option<Prior>,
}

#[derive(Deserialize)]
struct Prior {
    values: Option<Values>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    module: Option<String>,
    #[serde(default)]
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    index_key: Option<Index>,
    attributes: Option<Attributes>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Index {
    Number(u64),
    Text(String),
}

/// All that is read of a resource.
#[derive(Deserialize)]
struct Attributes {
    id: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Values {
    root_module: Option<Module>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    resources: Vec<Shown>,
    #[serde(default)]
    child_modules: Vec<Self>,
}

#[derive(Deserialize)]
struct Shown {
    address: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    mode: String,
    values: Option<serde_json::Value>,
}

impl Managed {
    /// The keys of a state.
    ///
    /// # Errors
    /// [`StateError`] when the text is none. What went wrong is told by place alone: a state holds secrets.
    pub fn read(text: &str) -> Result<Vec<Self>, StateError> {
        let either: Either = serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => StateError::NoState,
            _ => StateError::NotJson { line: error.line(), column: error.column() },
        })?;
        match (either.version, either.format_version) {
            (Some(4), _) => Ok(either.resources.iter().flat_map(of_resource).collect()),
            (None, Some(_)) => {
                let values = either.values.or(either.prior_state.and_then(|prior| prior.values));
                let mut found = Vec::new();
                if let Some(root) = values.and_then(|values| values.root_module) {
                    of_module(&root, 0, &mut found);
                }
                Ok(found)
            }
            _ => Err(StateError::NoState),
        }
    }

    /// What to do in the configuration before the key goes off.
    pub fn advice(&self) -> String {
        format!(
            "the next `terraform apply` would switch it on again: in `{}` write `lifecycle {{ ignore_changes = [status] }}`, or \
             `status = \"Inactive\"` for as long as it is off, and apply that first",
            self.address
        )
    }
}

fn of_resource(resource: &Resource) -> Vec<Managed> {
    if resource.kind != KIND || resource.mode == "data" {
        return Vec::new();
    }
    let module = resource.module.as_ref().map(|module| format!("{module}.")).unwrap_or_default();
    let one = |instance: &Instance| {
        let attributes = instance.attributes.as_ref()?;
        let key = AccessKeyId::parse(attributes.id.as_deref()?).ok()?;
        let index = match &instance.index_key {
            None => String::new(),
            Some(Index::Number(number)) => format!("[{number}]"),
            Some(Index::Text(text)) => format!("[\"{text}\"]"),
        };
        let address = format!("{module}{KIND}.{}{index}", resource.name);
        Some(Managed { key, address, status: attributes.status.clone() })
    };
    resource.instances.iter().filter_map(one).collect()
}

fn of_module(module: &Module, depth: usize, found: &mut Vec<Managed>) {
    for shown in module.resources.iter().filter(|shown| shown.kind == KIND && shown.mode != "data") {
        let text = |name: &str| shown.values.as_ref()?.get(name)?.as_str();
        if let Some(key) = text("id").and_then(|id| AccessKeyId::parse(id).ok()) {
            let status = text("status").map(str::to_owned);
            found.push(Managed { key, address: shown.address.clone(), status });
        }
    }
    for child in module.child_modules.iter().filter(|_| depth < DEPTH_MAX) {
        of_module(child, depth.saturating_add(1), found);
    }
}
