//! A hole of an ARN template: which keys of a request tell it, which values it takes, and how they are written.

use super::super::body::{Body, Name, Path, same_key};
use super::super::table::{Tables, Written};
use super::{Filled, Whose, sibling};

/// A part that the request tells.
#[derive(Debug)]
pub(super) struct Hole {
    /// The keys of a request that may tell it, the likeliest first.
    names: Box<[Telling]>,
    /// Its own name in lower case, letters and digits alone.
    own: Box<str>,
    /// IAM's `UserNameWithPath`: the request tells the name and, when something is made, the path.
    with_path: bool,
    /// It is called an id.
    pub(super) is_id: bool,
    /// It is called the id of an account.
    pub(super) is_account: bool,
    /// What values it takes.
    pub(super) takes: Takes,
    /// The resource type, when the action makes one of it.
    made: Option<Box<str>>,
    /// How its values are written in ARNs, where that is not as requests write them.
    written: Written,
}

/// What tells a hole.
#[derive(Debug)]
struct Telling {
    at: At,
    /// Besides what the names before told: `MoveAccount` names two parents.
    is_also: bool,
}

/// Where a parameter is.
#[derive(Debug)]
enum At {
    /// Where it lies least deep.
    Shallowest(Name),
    Path(Path),
}

/// What a hole takes for its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Anything,
    /// A whole segment, without `/`: a bucket's template would match every object.
    Segment,
    /// An id of EC2: `vol-0123456789abcdef0`.
    Ec2Id,
    /// The name of a secret, whose ARN ends in six more letters.
    Secret,
    /// An id that begins so: `ou-`. A target of Organizations is a root, a unit or an account.
    Begins(Box<str>),
    /// Twelve digits.
    Account,
    /// Anything else: a catalog of Glue is named by an account, and then is that account's own.
    NoAccount,
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
    pub(super) fn read(name: &str, service: &str, whose: Whose<'_>) -> Self {
        let own = plain(name);
        Self {
            names: hole_names(name, whose).iter().map(|name| Telling::read(name)).collect(),
            with_path: name.ends_with("WithPath"),
            is_id: name.ends_with("Id"),
            is_account: name == "AccountId" || name == "MemberAccountId",
            takes: Takes::Anything,
            made: whose.is_made.then(|| plain(whose.kind).into()),
            written: Tables::get().written(service, &own),
            own: own.into(),
        }
    }

    pub(super) fn is_told(&self, body: &Body<'_>, is_whole: &dyn Fn(&str) -> bool) -> bool {
        self.values(body, is_whole).first.is_some()
    }

    /// The values a request tells. An ARN of the hole's own type (`is_whole`) stays whole; of another type of resource it
    /// tells what that type's template says there; one that has no such part names something else.
    pub(super) fn values<'b>(&self, body: &'b Body<'_>, is_whole: &dyn Fn(&str) -> bool) -> Values<'b> {
        let mut values = Values { first: None, more: Vec::new() };
        let told = |telling: &'_ Telling| {
            telling.told(body, |value, around| {
                let is_its_own = self.made.is_none() || around.is_none() || self.is_in_its_kind(around);
                is_its_own && self.told_by(value, is_whole).is_some()
            })
        };
        let first = self.names.iter().filter(|telling| !telling.is_also).filter_map(told);
        let first = first.min_by_key(|(depth, _)| *depth);
        let also = self.names.iter().filter(|telling| telling.is_also).filter_map(told);
        for (_, told) in first.into_iter().chain(also) {
            told.into_iter()
                .filter_map(|value| self.told_by(value, is_whole))
                .for_each(|value| values.add(value));
        }
        values
    }

    /// What is made has no id yet: inside of another object stands the id of something else, unless the object is what is made.
    fn is_in_its_kind(&self, around: Option<&str>) -> bool {
        around.zip(self.made.as_deref()).is_none_or(|(around, made)| plain(around).contains(made))
    }

    fn told_by<'v>(&self, value: &'v str, is_whole: &dyn Fn(&str) -> bool) -> Option<&'v str> {
        let value = match value.starts_with("arn:") && !is_whole(value) {
            true => sibling::part(value, &self.own)?,
            false => value,
        };
        Some(value).filter(|value| self.takes.fits(value) && self.written.knows(value))
    }

    /// Whether a value is that of this hole and of the next, with what stands between them.
    pub(super) fn holds_two(&self, value: &str, between: &str) -> bool {
        let is_name = !value.starts_with("arn:") && !value.starts_with("https:");
        is_name && value.split_once(between).is_some_and(|(one, other)| !one.is_empty() && !other.is_empty())
    }

    pub(super) fn write(&self, filled: &mut Filled<'_>, value: Option<&str>, body: &Body<'_>, creates: bool) {
        let value = value.filter(|value| !(filled.arn.ends_with("key/") && is_alias(value))).map(plain_name);
        let value = value.map(|value| self.written.of(without_beginning(value, &filled.arn)));
        let value = value.as_deref();
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

/// Kinds whose ids requests may give with the kind before them: `hostedzone/Z1`, `/change/C1`, `alias/app` (Route 53 API,
/// `ResourceId`; KMS API, `AliasName`). Names of other kinds may hold a `/` of their own.
const GIVEN_WITH_THEIR_KIND: [&str; 6] =
    ["alias/", "hostedzone/", "change/", "delegationset/", "healthcheck/", "event-bus/"];

/// A value without the beginning that the ARN already has: the kind, or `p-` of a policy of Organizations.
fn without_beginning<'v>(value: &'v str, arn: &str) -> &'v str {
    let kind = GIVEN_WITH_THEIR_KIND.iter().find(|kind| arn.ends_with(*kind));
    if let Some(rest) = kind.and_then(|kind| value.strip_prefix('/').unwrap_or(value).strip_prefix(kind)) {
        return rest;
    }
    let begun = arn.rsplit([':', '/']).next().unwrap_or_default();
    value.strip_prefix(begun).filter(|rest| begun.ends_with('-') && !rest.is_empty()).unwrap_or(value)
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
    /// The values that a request has there and that fit, and how deep they lie.
    fn told<'b>(
        &self,
        body: &'b Body<'_>,
        fits: impl Fn(&str, Option<&str>) -> bool,
    ) -> Option<(usize, Vec<&'b str>)> {
        match &self.at {
            At::Shallowest(name) => body.shallowest(name, fits),
            At::Path(path) => {
                let values: Vec<&str> = body.all(path).filter(|value| fits(value, None)).collect();
                (!values.is_empty()).then_some((path.depth(), values))
            }
        }
    }

    fn read(name: &str) -> Self {
        let (name, is_also) = name.strip_prefix('&').map_or((name, false), |name| (name, true));
        let at = match name.strip_prefix('/') {
            Some(path) => At::Path(Path::read(path)),
            None => At::Shallowest(Name::read(name)),
        };
        Self { at, is_also }
    }
}

impl Takes {
    fn fits(&self, value: &str) -> bool {
        match self {
            _ if value.is_empty() => false,
            Self::Segment => !value.contains('/'),
            // EC2 User Guide, `resource-ids`: a type, a hyphen, and 8 or 17 characters.
            Self::Ec2Id => {
                value.rsplit_once('-').is_some_and(|(kind, id)| {
                    !kind.is_empty() && id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
                }) || value.starts_with("arn:")
            }
            Self::Begins(head) => value.starts_with(head.as_ref()) || value.starts_with("arn:"),
            Self::Account => is_account(value),
            Self::NoAccount => !is_account(value),
            Self::Anything | Self::Secret => true,
        }
    }
}

/// Whether a text is the id of an account.
fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Letters and digits in lower case.
pub(super) fn plain(text: &str) -> String {
    let text = text.strip_suffix("WithPath").unwrap_or(text);
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Words that stand for many things deeper in a request: they are looked for in the request itself.
const PLAIN_WORDS: [&str; 6] = ["name", "names", "id", "ids", "identifier", "key"];

/// The keys that may tell a hole: its own name; the names of the table; its plural; what the resource type is called;
/// and, when the hole is the type's own name or id, plain `name` or `id`.
fn hole_names(hole: &str, whose: Whose<'_>) -> Vec<Box<str>> {
    // In the tables' own templates a hole is the path itself.
    if whose.kind.is_empty() {
        return vec![format!("/{hole}").into()];
    }
    let key_as_written = whose.kind.to_ascii_lowercase();
    let (hole, key) = (plain(hole), plain(whose.kind));
    let mut all: Vec<Box<str>> = vec![table_name(&hole)];
    let named = Tables::get().names(&key_as_written, &hole);
    // The request's own word for it means something else.
    if named.iter().any(|name| name == "!") {
        return Vec::new();
    }
    let is_plain =
        |name: &&String| PLAIN_WORDS.contains(&name.trim_start_matches('&').to_ascii_lowercase().as_str());
    all.extend(named.iter().filter(|name| !(whose.is_beside && is_plain(name))).map(|name| table_name(name)));
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
        if !whose.is_beside {
            all.extend(kind.iter().map(|name| format!("/{name}").into()));
            all.extend(kind.iter().map(|name| format!("/{key}.{name}").into()));
        }
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

/// A name of the table: one with dots is a path, a word that stands for many things is one in the request itself.
fn table_name(name: &str) -> Box<str> {
    let (also, bare) = name.strip_prefix('&').map_or(("", name), |bare| ("&", bare));
    let is_path = bare.contains('.') || PLAIN_WORDS.contains(&bare.to_ascii_lowercase().as_str());
    if is_path { format!("{also}/{bare}").into() } else { name.into() }
}
