//! The tables of exceptions: `data/*.toml`, compiled in.
//!
//! A row of `overrides.toml` is an event name and the permissions AWS checks for it, one text each:
//!
//! ```text
//! "s3:PutObjectAcl if x-amz-acl|x-amz-grant-read possible"
//! ```
//!
//! The action. `on` what, when it is not what the service reference's resource types give: a template of an ARN (`/path` for
//! API Gateway), the path of a parameter that holds an ARN, or S3's `object` and `copy-source`. `if` and `unless`: what the request tells,
//! one of several paths in `requestParameters` (`x-*` any key that begins so), with `=` a value, `~` a part of it or `^`
//! its beginning. `after`: one of several errors, whose saying tells that it was allowed. `possible`: the event does not tell whether it
//! was checked. `single`: nor does it when there are several resources.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::body::{Body, Path};

/// All tables.
#[derive(Debug)]
pub(crate) struct Tables {
    overrides: Overrides,
    parameters: Parameters,
}

/// `overrides.toml`.
#[derive(Debug, Deserialize)]
struct Overrides {
    /// Label of `eventSource` → service prefixes to look under, in order.
    sources: BTreeMap<String, Words>,
    /// Service prefix → operations IAM does not authorise.
    none: BTreeMap<String, BTreeSet<String>>,
    /// Service prefix → event name → what is checked. `source` is the page.
    rows: BTreeMap<String, BTreeMap<String, Words>>,
    /// Service prefix → operations whose action is taken to have the same name.
    assumed: BTreeMap<String, BTreeSet<String>>,
}

/// `parameters.toml`.
#[derive(Debug, Deserialize)]
struct Parameters {
    names: BTreeMap<String, Words>,
    roles: BTreeMap<String, Words>,
    forward: BTreeMap<String, Words>,
    keys: BTreeMap<String, BTreeMap<String, String>>,
    ec2: BTreeMap<String, String>,
    accounts: BTreeMap<String, String>,
    owned: BTreeMap<String, Words>,
    lower: BTreeSet<String>,
    values: BTreeMap<String, BTreeMap<String, String>>,
}

/// The names that AWS keeps for its own resources of a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owned<'a> {
    /// What stands for their account: nothing, or `aws`.
    pub(crate) account: &'a str,
    beginnings: &'a [String],
}

impl Owned<'_> {
    /// Whether a name is one of them.
    pub(crate) fn is_one(&self, name: &str) -> bool {
        let name = name.strip_prefix('/').unwrap_or(name);
        self.beginnings
            .iter()
            .any(|head| name.get(..head.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(head)))
    }
}

/// How a value of a request is written in an ARN.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Written {
    AsItIs,
    InLowerCase,
    /// By a table: what is not in it is not known.
    As(&'static BTreeMap<String, String>),
}

impl Written {
    /// Whether it is known how a value is written.
    pub(crate) fn knows(self, value: &str) -> bool {
        match self {
            Self::As(table) => table.contains_key(value),
            Self::AsItIs | Self::InLowerCase => true,
        }
    }

    /// How a value is written.
    pub(crate) fn of(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::InLowerCase if value.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Cow::Owned(value.to_ascii_lowercase())
            }
            Self::As(table) => {
                table.get(value).map_or(Cow::Borrowed(value), |text| Cow::Borrowed(text.as_str()))
            }
            Self::AsItIs | Self::InLowerCase => Cow::Borrowed(value),
        }
    }
}

/// What the tables say of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    /// IAM does not authorise it.
    None,
    /// These permissions are checked.
    Row(&'static Words),
    /// The action of the same name, which the service reference does not have.
    Assumed,
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

/// The compiled tables.
static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads the committed tables")]
    Tables::read().expect("the committed tables are whole")
});

impl Tables {
    /// The tables this program was built with.
    pub(crate) fn get() -> &'static Self {
        &TABLES
    }

    fn read() -> Result<Self, toml::de::Error> {
        Ok(Self {
            overrides: toml::from_str(include_str!("../../data/overrides.toml"))?,
            parameters: toml::from_str(include_str!("../../data/parameters.toml"))?,
        })
    }

    /// The prefixes of a label of `eventSource`, when it is not a prefix itself.
    pub(crate) fn prefixes(&self, label: &str) -> Option<&[String]> {
        self.overrides.sources.get(label).map(Words::as_slice)
    }

    /// What is said of an event by its full name.
    pub(crate) fn entry(&'static self, prefix: &str, name: &str) -> Option<Entry> {
        let has = |table: &BTreeMap<String, BTreeSet<String>>| {
            table.get(prefix).is_some_and(|names| names.contains(name))
        };
        let tables = &self.overrides;
        // A row wins: `execute-api` has both its own operations and those of Connect's participants.
        if let Some(row) = tables.rows.get(prefix).and_then(|rows| rows.get(name)) {
            return Some(Entry::Row(row));
        }
        match () {
            () if has(&tables.none) => Some(Entry::None),
            () if has(&tables.assumed) => Some(Entry::Assumed),
            () => None,
        }
    }

    /// Every row, for the tests that hold the tables.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&str, &str, &[String])> {
        self.overrides.rows.iter().flat_map(|(prefix, rows)| {
            let rows = rows.iter().filter(|(name, _)| *name != "source");
            rows.map(move |(name, words)| (prefix.as_str(), name.as_str(), words.as_slice()))
        })
    }

    /// Every operation whose action the reference should not have yet.
    #[cfg(test)]
    pub(crate) fn unknown_actions(&self) -> impl Iterator<Item = (&str, &str)> {
        let lists = self.overrides.assumed.iter();
        lists.flat_map(|(prefix, names)| names.iter().map(move |name| (prefix.as_str(), name.as_str())))
    }

    /// Every text of the roles, forwarded permissions and keys, by event.
    #[cfg(test)]
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let words = self.parameters.roles.iter().chain(&self.parameters.forward);
        let words = words.flat_map(|(event, words)| {
            words.as_slice().iter().map(move |text| (event.as_str(), text.as_str()))
        });
        let keys = self
            .parameters
            .keys
            .iter()
            .flat_map(|(event, keys)| keys.keys().map(move |key| (event.as_str(), key.as_str())));
        words.chain(keys)
    }

    /// Further keys of requests that tell a hole of a resource type's template.
    pub(crate) fn names(&self, kind: &str, hole: &str) -> &[String] {
        let names = &self.parameters.names;
        let own = names.get(&format!("{kind}.{hole}")).or_else(|| names.get(hole));
        own.map(Words::as_slice).unwrap_or_default()
    }

    /// The resource type of an id of EC2, by what stands before its last hyphen.
    pub(crate) fn ec2_kind(&self, head: &str) -> Option<&str> {
        self.parameters.ec2.get(head).map(String::as_str)
    }

    /// The parameter that tells whose the resources of an event are.
    pub(crate) fn account(&self, event: &str) -> Option<&str> {
        let accounts = &self.parameters.accounts;
        let of_service = || accounts.get(event.split_once(':')?.0);
        accounts.get(event).or_else(of_service).map(String::as_str)
    }

    /// The names that AWS keeps for itself, of the resources of a service whose ARNs go on so.
    pub(crate) fn owned(&self, service: &str, kind: &str) -> Option<Owned<'_>> {
        let beginnings = self.parameters.owned.get(&format!("{service}:{kind}"))?.as_slice();
        let (account, beginnings) = match beginnings.split_first() {
            Some((first, rest)) if first == "@aws" => ("aws", rest),
            _ => ("", beginnings),
        };
        Some(Owned { account, beginnings })
    }

    /// How the values of a hole are written in ARNs.
    pub(crate) fn written(&'static self, service: &str, hole: &str) -> Written {
        let name = format!("{service}.{hole}");
        let lower = &self.parameters.lower;
        match self.parameters.values.get(&name) {
            Some(table) => Written::As(table),
            None if lower.contains(service) || lower.contains(&name) => Written::InLowerCase,
            None => Written::AsItIs,
        }
    }

    /// The roles an event passes, `prefix:Event`.
    pub(crate) fn roles(&self, event: &str) -> &[String] {
        self.parameters.roles.get(event).map(Words::as_slice).unwrap_or_default()
    }

    /// Every role that an event passes, by `prefix:Event`.
    pub(crate) fn passed_roles(&'static self) -> impl Iterator<Item = (&'static str, PassedRole)> {
        self.parameters.roles.iter().flat_map(|(event, words)| {
            words.as_slice().iter().filter_map(|text| Some((event.as_str(), PassedRole::read(text)?)))
        })
    }

    /// What a service does with the caller's permissions.
    pub(crate) fn forward(&self, event: &str) -> &[String] {
        self.parameters.forward.get(event).map(Words::as_slice).unwrap_or_default()
    }

    /// The condition keys a request tells, with their paths.
    pub(crate) fn keys(&self, event: &str) -> impl Iterator<Item = (&str, &str)> {
        let keys = self.parameters.keys.get(event).into_iter().flatten();
        keys.map(|(key, path)| (key.as_str(), path.as_str()))
    }
}

/// A role that a request hands over: a text of `[roles]`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PassedRole {
    /// Where the request names it.
    pub(crate) path: &'static str,
    /// Who is handed it.
    pub(crate) service: &'static str,
    /// An instance profile is named, whose role it is.
    pub(crate) by_profile: bool,
}

impl PassedRole {
    fn read(text: &'static str) -> Option<Self> {
        let mut words = text.split(' ').peekable();
        let path = words.next()?;
        let by_profile = words.next_if_eq(&"profile").is_some();
        Some(Self { path, service: words.next()?, by_profile })
    }
}

/// A permission in a row, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) action: &'a str,
    pub(crate) on: Option<&'a str>,
    pub(crate) when: Vec<Told>,
    pub(crate) unless: Vec<Told>,
    pub(crate) after: Vec<&'a str>,
    pub(crate) is_possible: bool,
    pub(crate) is_single: bool,
}

/// Something a request may tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    path: Path,
    value: Wanted,
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Any,
    Is(Box<str>),
    Contains(Box<str>),
    Begins(Box<str>),
}

impl<'a> Row<'a> {
    /// Takes a text apart; `None` when it is not of the grammar.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let action = words.next()?;
        let mut row = Self {
            action,
            on: None,
            when: Vec::new(),
            unless: Vec::new(),
            after: Vec::new(),
            is_possible: false,
            is_single: false,
        };
        while let Some(word) = words.next() {
            match word {
                "on" => row.on = Some(words.next()?),
                "if" => row.when = words.next()?.split('|').map(Told::read).collect(),
                "unless" => row.unless = words.next()?.split('|').map(Told::read).collect(),
                "after" => row.after = words.next()?.split('|').collect(),
                "possible" => row.is_possible = true,
                "single" => row.is_single = true,
                _ => return None,
            }
        }
        Some(row)
    }
}

impl Told {
    fn read(text: &str) -> Self {
        let Some((path, rest)) = text.find(['=', '~', '^']).and_then(|at| text.split_at_checked(at)) else {
            return Self { path: Path::read(text), value: Wanted::Any };
        };
        let value = match rest.split_at_checked(1) {
            Some(("=", value)) => Wanted::Is(value.into()),
            Some(("~", part)) => Wanted::Contains(part.into()),
            Some((_, head)) => Wanted::Begins(head.into()),
            None => Wanted::Any,
        };
        Self { path: Path::read(path), value }
    }

    /// Whether a request tells it.
    pub(crate) fn is_in(&self, body: &Body<'_>) -> bool {
        match &self.value {
            Wanted::Any => body.has(&self.path),
            Wanted::Is(value) => body.all(&self.path).any(|told| told.eq_ignore_ascii_case(value)),
            Wanted::Contains(part) => body.all(&self.path).any(|told| told.contains(part.as_ref())),
            Wanted::Begins(head) => body.all(&self.path).any(|told| {
                told.trim_start().get(..head.len()).is_some_and(|told| told.eq_ignore_ascii_case(head))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_apart() {
        let row =
            Row::read("s3:PutBucketAcl on /a if x-amz-acl|n~?v unless x-amz-acl=private possible").unwrap();
        assert_eq!((row.action, row.on, row.is_possible), ("s3:PutBucketAcl", Some("/a"), true));
        assert_eq!((row.when.len(), row.unless.len(), row.after.len()), (2, 1, 0));
        assert_eq!(Row::read("s3:ListBucket after NoSuchKey|404").unwrap().after, ["NoSuchKey", "404"]);
        assert!(Row::read("s3:GetObject when x").is_none() && Row::read("s3:GetObject on").is_none());
        let told = |text: &str, body: &str| Told::read(text).is_in(&Body::read(Some(body)));
        assert!(told("a.b=X", r#"{"a":{"b":"x"}}"#) && !told("a.b=X", r#"{"a":{"b":"y"}}"#));
        assert!(told("s^select", r#"{"s":" SELECT 1"}"#) && !told("s^select", r#"{"s":"é"}"#));
        assert!(told("c~?versionId=", r#"{"c":"b/k?versionId=1"}"#));
        assert!(told("x-amz-grant-*", r#"{"x-amz-grant-read":"id=1"}"#) && !told("x-amz-grant-*", "{}"));
    }
}
