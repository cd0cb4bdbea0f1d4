//! A hole of an ARN template: which keys of a request tell it, which values it takes, and how they are written.

use super::super::body::{Body, Name, Path, same_key};
use super::super::table::Tables;
use super::Filled;

/// A part that the request tells.
#[derive(Debug)]
pub(super) struct Hole {
    /// The keys of a request that may tell it, the likeliest first; `/path` is not looked for at every depth.
    names: Box<[Telling]>,
    /// IAM's `UserNameWithPath`: the request tells the name and, when something is made, the path.
    with_path: bool,
    /// It is called an id.
    pub(super) is_id: bool,
    /// What values it takes.
    pub(super) takes: Takes,
}

/// What tells a hole.
#[derive(Debug)]
enum Telling {
    Anywhere(Name),
    At(Path),
}

/// What a hole takes for its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Anything,
    /// A whole segment, without `/`: a bucket's template would match every object.
    Segment,
    /// An id of EC2: `vol-0123456789abcdef0`.
    Ec2Id,
    /// The name of a secret, whose ARN ends in six more letters.
    Secret,
}

/// The different values of a hole.
pub(super) struct Values<'b> {
    pub(super) first: Option<&'b str>,
    pub(super) more: Vec<&'b str>,
}

impl<'b> Values<'b> {
    fn add(&mut self, value: &'b str) {
        match self.first {
            None => self.first = Some(value),
            Some(first) if first == value || self.more.contains(&value) => {}
            Some(_) => self.more.push(value),
        }
    }
}

impl Hole {
    /// A hole of this name in the template of a resource type.
    pub(super) fn read(name: &str, key: &str) -> Self {
        Self {
            names: hole_names(name, key).iter().map(|name| Telling::read(name)).collect(),
            with_path: name.ends_with("WithPath"),
            is_id: name.ends_with("Id"),
            takes: Takes::Anything,
        }
    }

    pub(super) fn is_told(&self, body: &Body<'_>) -> bool {
        self.names.iter().any(|name| match name {
            Telling::At(path) => body.all(path).any(|value| self.takes.fits(value)),
            Telling::Anywhere(name) => body.anywhere(name).any(|value| self.takes.fits(value)),
        })
    }

    pub(super) fn values<'b>(&self, body: &'b Body<'_>) -> Values<'b> {
        let mut values = Values { first: None, more: Vec::new() };
        for name in &self.names {
            let mut take = |value: &'b str| {
                if self.takes.fits(value) {
                    values.add(value);
                }
            };
            match name {
                Telling::At(path) => body.all(path).for_each(&mut take),
                Telling::Anywhere(name) => body.anywhere(name).for_each(&mut take),
            }
            if values.first.is_some() {
                break;
            }
        }
        values
    }

    pub(super) fn write(&self, filled: &mut Filled<'_>, value: Option<&str>, body: &Body<'_>, creates: bool) {
        let value = value.filter(|value| !(filled.arn.ends_with("key/") && is_alias(value))).map(plain_name);
        // `aliasName` has the beginning that the template has too.
        let value = match value {
            Some(value) if filled.arn.ends_with(":alias/") => {
                Some(value.strip_prefix("alias/").unwrap_or(value))
            }
            value => value,
        };
        if self.takes == Takes::Secret
            && let Some(name) = value
        {
            // Secrets Manager User Guide, `auth-and-access_iam-policies`: "-??????" stands for the six random characters.
            filled.told(Some(name), true);
            filled.arn.push_str(if creates { "*" } else { "-*" });
            filled.is_whole = false;
            return;
        }
        if !self.with_path {
            return filled.told(value, true);
        }
        match (value, body.top("path"), creates) {
            (Some(name), Some(path), true) => filled.told(Some(&format!("{path}{name}")), true),
            (Some(name), None, true) => filled.told(Some(name), true),
            (Some(name), _, false) => {
                filled.arn.push('*');
                filled.told(Some(name), true);
                filled.is_whole = false;
            }
            (None, ..) => filled.told(None, true),
        }
    }
}

/// An alias of a KMS key: which key it stands for, the request does not tell.
fn is_alias(value: &str) -> bool {
    value.starts_with("alias/") || value.contains(":alias/")
}

/// The name in what may be an ARN of another kind, a partial ARN of a Lambda function, or the URL of a queue.
fn plain_name(value: &str) -> &str {
    if value.starts_with("arn:") || value.starts_with("https://") {
        return value.rsplit([':', '/']).next().unwrap_or(value);
    }
    value.split_once(":function:").map_or(value, |(_, name)| name)
}

/// The account in the URL of a queue: `https://sqs.eu-west-1.amazonaws.com/111122223333/jobs`.
pub(super) fn account_of_url(value: &str) -> Option<&str> {
    let account = value.strip_prefix("https://")?.rsplit('/').nth(1)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

impl Telling {
    fn read(name: &str) -> Self {
        match name.strip_prefix('/') {
            Some(path) => Self::At(Path::read(path)),
            None => Self::Anywhere(Name::read(name)),
        }
    }
}

impl Takes {
    fn fits(self, value: &str) -> bool {
        match self {
            _ if value.is_empty() => false,
            Self::Segment => !value.contains('/'),
            // EC2 User Guide, `resource-ids`: a type, a hyphen, and 8 or 17 characters.
            Self::Ec2Id => {
                value.rsplit_once('-').is_some_and(|(kind, id)| {
                    !kind.is_empty() && id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
                }) || value.starts_with("arn:")
            }
            Self::Anything | Self::Secret => true,
        }
    }
}

/// The keys that may tell a hole: its own name; the names of the table; its plural; what the resource type is called;
/// and, when the hole is the type's own name or id, plain `name` or `id`.
fn hole_names(hole: &str, key: &str) -> Vec<Box<str>> {
    // In the tables' own templates a hole is the path itself.
    if key.is_empty() {
        return vec![format!("/{hole}").into()];
    }
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let key_as_written = key.to_ascii_lowercase();
    let (hole, key) = (plain(hole.strip_suffix("WithPath").unwrap_or(hole)), plain(key));
    let mut all: Vec<Box<str>> = vec![hole.as_str().into()];
    let named = Tables::get().names(&key_as_written, &hole);
    // The request's own word for it means something else.
    if named.iter().any(|name| name == "!") {
        return Vec::new();
    }
    all.extend(named.iter().map(|name| table_name(name)));
    all.push(format!("{hole}s").into());
    let own = ["resourceid", "id", "name", "identifier", "uuid", "resourcename"];
    let is_own = own.contains(&hole.as_str())
        || hole.strip_prefix(key.as_str()).is_some_and(|rest| rest.is_empty() || own.contains(&rest));
    if is_own {
        let (endings, kind): (&[&str], &[&str]) = match hole.as_str() {
            _ if hole.ends_with("name") => (&["name", "names", "identifier", "arn", ""], &["name", "names"]),
            _ if hole.ends_with("uuid") => (&["uuid"], &["uuid"]),
            "identifier" | "resourceid" | "" => {
                (&["id", "name", "identifier", "arn", ""], &["identifier", "id", "name"])
            }
            _ => (&["id", "ids", "identifier", "arn", ""], &["id", "ids", "identifier"]),
        };
        all.extend(endings.iter().map(|ending| format!("{key}{ending}").into()));
        // Such words stand for many things deeper in a request.
        all.extend(kind.iter().map(|name| format!("/{name}").into()));
        all.extend(["/resourceid", "/resourcearn", "/arn"].map(Box::from));
    }
    let mut unique: Vec<Box<str>> = Vec::new();
    for name in all {
        if !unique.iter().any(|known| same_key(known, &name)) {
            unique.push(name);
        }
    }
    unique
}

/// A name of the table: one with dots is a path.
fn table_name(name: &str) -> Box<str> {
    if name.contains('.') { format!("/{name}").into() } else { name.into() }
}
