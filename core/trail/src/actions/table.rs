//! The tables of exceptions: `data/*.toml`, compiled in.
//!
//! A row of `overrides.toml` is an event name and the permissions AWS checks for it, one text each:
//!
//! ```text
//! "s3:PutObjectAcl if x-amz-acl|x-amz-grant-read possible"
//! ```
//!
//! The action; `on` a template of an ARN, `copy-source` or `*` when it is not what the service reference's resource types
//! give; `if` and `unless` paths in `requestParameters` of which one is there; `possible` when the event does not tell.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// All tables.
#[derive(Debug)]
pub(crate) struct Tables {
    /// First label or labels of `eventSource` → service prefixes to look under, in order.
    pub(crate) sources: BTreeMap<String, Words>,
    /// Service prefix → event name → what is checked; nothing when IAM does not authorise the call.
    pub(crate) rows: BTreeMap<String, BTreeMap<String, Words>>,
    /// A hole of a template in lower case → keys of requests that tell it.
    pub(crate) names: BTreeMap<String, Words>,
    /// `prefix:Event` → what a service does with the caller's permissions.
    pub(crate) forward: BTreeMap<String, Words>,
    /// `prefix:Event` → path of a role in the request, and the service it is passed to.
    pub(crate) roles: BTreeMap<String, Words>,
    /// `prefix:Event` → condition keys of the service that the request tells.
    pub(crate) keys: BTreeMap<String, BTreeMap<String, String>>,
}

/// One text or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Words {
    One(String),
    Many(Vec<String>),
}

impl Words {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// A permission in a row, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) action: &'a str,
    pub(crate) on: Option<&'a str>,
    pub(crate) when: Vec<&'a str>,
    pub(crate) unless: Vec<&'a str>,
    pub(crate) is_possible: bool,
}

impl<'a> Row<'a> {
    /// Takes a text apart; `None` when it is not of the grammar.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let action = words.next()?;
        let mut row = Self { action, on: None, when: Vec::new(), unless: Vec::new(), is_possible: false };
        while let Some(word) = words.next() {
            match word {
                "on" => row.on = Some(words.next()?),
                "if" => row.when = words.next()?.split('|').collect(),
                "unless" => row.unless = words.next()?.split('|').collect(),
                "possible" => row.is_possible = true,
                _ => return None,
            }
        }
        Some(row)
    }
}

/// The compiled tables.
pub(crate) static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads the committed tables")]
    Tables::read().expect("the committed tables are whole")
});

/// `overrides.toml`.
#[derive(Deserialize)]
struct Overrides {
    sources: BTreeMap<String, Words>,
    #[serde(flatten)]
    rows: BTreeMap<String, BTreeMap<String, Words>>,
}

/// `parameters.toml`.
#[derive(Deserialize)]
struct Parameters {
    names: BTreeMap<String, Words>,
    roles: BTreeMap<String, Words>,
    forward: BTreeMap<String, Words>,
    keys: BTreeMap<String, BTreeMap<String, String>>,
}

impl Tables {
    fn read() -> Result<Self, toml::de::Error> {
        let overrides: Overrides = toml::from_str(include_str!("../../data/overrides.toml"))?;
        let parameters: Parameters = toml::from_str(include_str!("../../data/parameters.toml"))?;
        Ok(Self {
            sources: overrides.sources,
            rows: overrides.rows,
            names: parameters.names,
            roles: parameters.roles,
            forward: parameters.forward,
            keys: parameters.keys,
        })
    }
}
