//! Templates, as their files say them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kagimori_id::nearest;
use kagimori_policy::validate::PolicyKind;
use serde::Deserialize;

use crate::parameter::{GuardError, Parameter};

/// A guard with holes in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Template {
    /// Its name: that of its file.
    #[serde(skip)]
    pub name: &'static str,
    /// What it is attached as.
    pub kind: Kind,
    /// Where it stands in the order of least regret, the first is 1.
    pub order: u8,
    /// In English.
    pub en: Purpose,
    /// In Japanese.
    pub ja: Purpose,
    /// The actions that it may deny, as patterns. That it touches no other is proved.
    pub(crate) touches: Vec<String>,
    /// The policy, as JSON in whose texts `<<parameter>>` stands for a value, and alone for all of them.
    pub(crate) document: String,
    /// What one can set.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// What else it does, that one should know of.
    #[serde(default)]
    pub side_effects: Vec<Words>,
    /// What it must deny, and what it must still allow.
    pub cases: Vec<Case>,
}

/// What it is attached as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "whoever writes one down must say what for each")]
pub enum Kind {
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// A permissions boundary.
    Boundary,
}

/// What a guard is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Purpose {
    /// What for.
    pub purpose: String,
    /// Why it stands where it does in the order.
    pub first: String,
}

/// The same in both languages.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Words {
    /// In English.
    #[serde(default)]
    pub en: String,
    /// In Japanese.
    #[serde(default)]
    pub ja: String,
}

/// Requests that a guard must deny, or must still allow.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Case {
    /// Must it deny them?
    pub deny: bool,
    /// Whose: see `cast`.
    pub who: Vec<String>,
    /// Which.
    pub actions: Vec<String>,
    /// On what; `*` when not said, `own`: on one of the account's own, of the kind that the action is about.
    #[serde(default)]
    pub resource: Option<String>,
    /// What the request tells beside its caller; what is not told is absent.
    #[serde(default)]
    pub context: BTreeMap<String, String>,
    /// The case is about the defaults of these parameters, and says nothing where one is set.
    #[serde(default)]
    pub unless_set: Vec<String>,
    /// What is special about it, in English.
    #[serde(default)]
    pub en: String,
    /// The same in Japanese.
    #[serde(default)]
    pub ja: String,
}

impl Kind {
    /// As the language of policies knows it.
    pub fn of_policy(self) -> PolicyKind {
        match self {
            Self::ServiceControl => PolicyKind::ServiceControl,
            Self::ResourceControl => PolicyKind::ResourceControl,
            Self::Boundary => PolicyKind::Boundary,
        }
    }

    /// What people call it.
    pub fn short(self) -> &'static str {
        match self {
            Self::ServiceControl => "SCP",
            Self::ResourceControl => "RCP",
            Self::Boundary => "boundary",
        }
    }

    /// What Organizations calls it (`Policy.Type`); a boundary is none of the organization.
    pub fn of_organization(self) -> Option<&'static str> {
        match self {
            Self::ServiceControl => Some("SERVICE_CONTROL_POLICY"),
            Self::ResourceControl => Some("RESOURCE_CONTROL_POLICY"),
            Self::Boundary => None,
        }
    }
}

impl Template {
    /// A parameter by its name.
    pub fn parameter(&self, name: &str) -> Result<&Parameter, GuardError> {
        self.parameters.iter().find(|parameter| parameter.name == name).ok_or_else(|| {
            let names = self.parameters.iter().map(|parameter| parameter.name.as_str());
            GuardError::NoSuchParameter {
                template: self.name,
                name: name.to_owned(),
                nearest: nearest(name, names.clone()).map(str::to_owned),
                all: names.map(str::to_owned).collect(),
            }
        })
    }

    /// The parameters that say who is exempt: those of whom a case says that they lose nothing.
    pub(crate) fn exempting(&self) -> impl Iterator<Item = &str> {
        let whose = self.cases.iter().flat_map(|case| &case.who);
        let mut names: Vec<&str> = whose.filter_map(|who| who.strip_prefix("exempt:")).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }
}

/// The files. A template is found by its name, and told in its order.
const FILES: [(&str, &str); 15] = [
    ("leave-organization", include_str!("../data/leave-organization.toml")),
    ("protect-trail", include_str!("../data/protect-trail.toml")),
    ("protect-roles", include_str!("../data/protect-roles.toml")),
    ("root-use", include_str!("../data/root-use.toml")),
    ("identity-providers", include_str!("../data/identity-providers.toml")),
    ("ci-only-users", include_str!("../data/ci-only-users.toml")),
    ("boundary-delegated", include_str!("../data/boundary-delegated.toml")),
    ("delegation", include_str!("../data/delegation.toml")),
    ("regions", include_str!("../data/regions.toml")),
    ("nobody-touch", include_str!("../data/nobody-touch.toml")),
    ("agents-read-only", include_str!("../data/agents-read-only.toml")),
    ("kms-keys", include_str!("../data/kms-keys.toml")),
    ("key-networks", include_str!("../data/key-networks.toml")),
    ("github-tenant", include_str!("../data/github-tenant.toml")),
    ("own-organization", include_str!("../data/own-organization.toml")),
];

static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let read = |(name, text): (&'static str, &str)| {
        toml::from_str(text).map(|template| Template { name, ..template }).map_err(|error| (name, error))
    };
    let mut all = Vec::new();
    for file in FILES {
        match read(file) {
            Ok(template) => all.push(template),
            // The data is compiled in, and a test reads all of it.
            Err((name, error)) => debug_assert!(false, "{name}: {error}"),
        }
    }
    all.sort_by_key(|template: &Template| template.order);
    all
});

/// All templates, in the order in which they are best attached: the one that is regretted least first.
pub fn templates() -> &'static [Template] {
    &TEMPLATES
}

/// A template by its name.
///
/// # Errors
/// When there is none of that name.
pub fn template(name: &str) -> Result<&'static Template, GuardError> {
    templates().iter().find(|template| template.name == name).ok_or_else(|| GuardError::NoSuchTemplate {
        name: name.to_owned(),
        nearest: nearest(name, templates().iter().map(|template| template.name)).map(str::to_owned),
    })
}
