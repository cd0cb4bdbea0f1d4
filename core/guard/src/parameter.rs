//! What one can set, and what is wrong with what was set.

use std::collections::BTreeMap;

use ipnet::IpNet;
use kagimori_id::{AccountId, ArnParts};
use serde::Deserialize;

use crate::template::Template;

/// What one can set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Its values where none is set; none: it must be set.
    #[serde(default)]
    pub default: Vec<String>,
    /// What it means, in English.
    pub en: String,
    /// The same in Japanese.
    pub ja: String,
}

/// What the values of a parameter are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is read in its own way")]
pub enum Kind {
    /// ARNs of users and roles, with `*` and `?`.
    Principals,
    /// ARNs of managed policies, with `*` and `?`.
    Policies,
    /// Names of Regions.
    Regions,
    /// Actions, with `*` and `?`.
    Actions,
    /// CIDR blocks.
    Networks,
    /// Account ids.
    Accounts,
    /// The id of the organization: one value.
    Organization,
    /// One value that may be anything.
    Text,
    /// Values that may be anything.
    TextList,
}

/// The values that were set, by the names of the parameters.
pub type Settings = BTreeMap<String, Vec<String>>;

/// Why a guard cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// No template has this name.
    #[error("there is no guard `{name}`")]
    NoSuchTemplate {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// The template has no such parameter.
    #[error("`{template}` has no parameter `{name}`")]
    NoSuchParameter {
        /// The template.
        template: &'static str,
        /// What was set.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
        /// All that there are.
        all: Vec<String>,
    },
    /// A parameter has no default, and was not set.
    #[error("`{template}` needs `{name}`: {meaning}")]
    NotSet {
        /// The template.
        template: &'static str,
        /// The parameter.
        name: String,
        /// What it means.
        meaning: String,
    },
    /// A value is none of its kind.
    #[error("`{value}` is no value of `{name}`: {why}")]
    Value {
        /// The parameter.
        name: String,
        /// What was set.
        value: String,
        /// What it should be.
        why: &'static str,
    },
    /// A template made what is no policy, or an evaluator gave no answer: a fault of this program.
    #[error("internal error: `{template}`: {what}")]
    Internal {
        /// The template.
        template: &'static str,
        /// What happened.
        what: String,
    },
}

impl GuardError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::NoSuchTemplate { nearest, .. } => match nearest {
                Some(name) => format!("did you mean `{name}`? `kagimori guard list` shows all"),
                None => "`kagimori guard list` shows all".to_owned(),
            },
            Self::NoSuchParameter { nearest: Some(name), .. } => format!("did you mean `{name}`?"),
            Self::NoSuchParameter { template, all, .. } if all.is_empty() => {
                format!("nothing can be set: use `{template}` as it is")
            }
            Self::NoSuchParameter { all, .. } => format!("it has {}", all.join(", ")),
            Self::NotSet { name, .. } => format!("add `--set {name}=…`"),
            Self::Value { name, .. } => format!("write `--set {name}=…` with values separated by commas"),
            Self::Internal { .. } => "this should not happen: please report it".to_owned(),
        }
    }
}

impl Parameter {
    /// The values that hold.
    pub(crate) fn values(&self, template: &Template, settings: &Settings) -> Result<Vec<String>, GuardError> {
        let set = settings.get(&self.name).filter(|values| !values.is_empty());
        let values = set.unwrap_or(&self.default);
        if values.is_empty() {
            let (name, meaning) = (self.name.clone(), self.en.clone());
            return Err(GuardError::NotSet { template: template.name, name, meaning });
        }
        if let (Kind::Organization | Kind::Text, [_, second, ..]) = (self.kind, values.as_slice()) {
            return Err(self.wrong(second, "it has one value"));
        }
        for value in values {
            if let Some(why) = fault(self.kind, value) {
                return Err(self.wrong(value, why));
            }
        }
        Ok(values.clone())
    }

    fn wrong(&self, value: &str, why: &'static str) -> GuardError {
        GuardError::Value { name: self.name.clone(), value: value.to_owned(), why }
    }
}

/// What is wrong with a value.
fn fault(kind: Kind, value: &str) -> Option<&'static str> {
    if value.is_empty() || value.chars().any(char::is_control) || value.trim() != value {
        return Some("it is empty, or has blanks around it");
    }
    // Everything that stands in a policy as `${…}` is a variable of it: another meaning than the one that was proved.
    if value.contains("${") {
        return Some("policy variables are not taken");
    }
    let arn = ArnParts::parse(value).filter(|arn| arn.service == "iam" && arn.region.is_empty());
    let is_resource = |kinds: &[&str]| {
        arn.is_some_and(|arn| {
            kinds.iter().any(|kind| arn.resource.starts_with(kind)) && is_account_or_any(arn.account)
        })
    };
    let (is_right, why) = match kind {
        Kind::Principals => (
            is_resource(&["role/", "user/"]),
            "write the ARN of roles or users, as in `arn:aws:iam::*:role/ci/*`; `*` stands for any text",
        ),
        Kind::Policies => (
            is_resource(&["policy/"]),
            "write the ARN of a policy, as in `arn:aws:iam::*:policy/boundary/delegated`",
        ),
        Kind::Regions => (is_region(value), "write the name of a Region, as in `ap-northeast-1`"),
        Kind::Actions => (is_action(value), "write an action, as in `s3:Get*`"),
        Kind::Networks => (
            value.parse::<IpNet>().is_ok_and(|network| network == network.trunc()),
            "write a network, as in `198.51.100.0/24`, whose other bits are zero",
        ),
        Kind::Accounts => (AccountId::parse(value).is_ok(), "write the 12 digits of an account"),
        Kind::Organization => {
            (is_organization(value), "write the id of the organization, `o-` and 10 to 32 letters and digits")
        }
        Kind::Text | Kind::TextList => (true, ""),
    };
    (!is_right).then_some(why)
}

fn is_account_or_any(account: &str) -> bool {
    account == "*" || AccountId::parse(account).is_ok()
}

fn is_region(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, words)) => {
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            is_number && words.len() >= 2 && words.iter().all(is_word)
        }
        None => false,
    }
}

fn is_action(value: &str) -> bool {
    let is_part = |part: &str, more: &[u8]| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    value.split_once(':').is_some_and(|(service, action)| is_part(service, b"-") && is_part(action, b"*?"))
}

fn is_organization(value: &str) -> bool {
    value.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}
