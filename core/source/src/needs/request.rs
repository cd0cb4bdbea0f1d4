//! From a call in source to the permissions AWS would check for it.
//!
//! A call is an event whose request is partly unknown, so the map that reads CloudTrail serves both. What is not known goes into the request as
//! a mark; where a mark comes out in an ARN there is a `*`, and the mark says why.

mod parts;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use kagimori_policy::request::Fact;
use kagimori_trail::actions::Needs;
use kagimori_trail::call::{Certainty, CheckedResource};
use kagimori_trail::event::{Bodies, Event, Identity};
use serde_json::{Map, Value as Json};

use super::calls::{SourceCall, Told};
use super::flow::VALUES_MAX;
use super::table::Sdk;
use super::value::{Fields, Part, Reason, Value, Why};

/// Where a program runs, as far as it is told.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Place {
    /// The account.
    pub account: Option<String>,
    /// The Region.
    pub region: Option<String>,
}

/// A permission that a call of a program needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Need {
    /// The action.
    pub action: String,
    /// An ARN, a pattern of ARNs, or `*`.
    pub resource: String,
    /// Condition keys that the call sets itself, with their values.
    pub conditions: Vec<(String, String)>,
    /// Only some requests need it.
    pub is_possible: bool,
    /// The file.
    pub path: String,
    /// The line.
    pub line: u32,
    /// The operation: `s3:PutObject` as the SDK calls it.
    pub call: String,
    /// Why this permission, where it is not the call's own.
    pub because: Option<String>,
    /// How the service is known.
    pub told: Told,
    /// Why the resource has a `*`.
    pub reasons: Vec<Reason>,
}

/// Parameters of S3 as CloudTrail writes them (*CloudTrail logging for S3*; the headers are those of the API reference).
const S3_NAMES: [(&str, &str); 17] = [
    ("Bucket", "bucketName"),
    ("Key", "key"),
    ("CopySource", "x-amz-copy-source"),
    ("ACL", "x-amz-acl"),
    ("GrantRead", "x-amz-grant-read"),
    ("GrantFullControl", "x-amz-grant-full-control"),
    ("Tagging", "x-amz-tagging"),
    ("TaggingDirective", "x-amz-tagging-directive"),
    ("StorageClass", "x-amz-storage-class"),
    ("ServerSideEncryption", "x-amz-server-side-encryption"),
    ("SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id"),
    ("ObjectLockMode", "x-amz-object-lock-mode"),
    ("ObjectLockRetainUntilDate", "x-amz-object-lock-retain-until-date"),
    ("ObjectLockLegalHoldStatus", "x-amz-object-lock-legal-hold"),
    ("BypassGovernanceRetention", "x-amz-bypass-governance-retention"),
    ("ObjectLockEnabledForBucket", "x-amz-bucket-object-lock-enabled"),
    ("ObjectOwnership", "x-amz-object-ownership"),
];

impl SourceCall {
    /// The permissions it needs.
    pub fn needs(&self, place: &Place) -> Vec<Need> {
        let mut all: BTreeSet<Need> = BTreeSet::new();
        for fields in self.ways() {
            let parts = parts::of(self, &fields);
            if parts.is_empty() {
                self.add(&fields, place, &mut all);
            }
            for part in parts {
                part.add(&part.fields, place, &mut all);
            }
        }
        all.into_iter().collect()
    }

    /// The request, once for each way in which parameters with several values may be filled.
    fn ways(&self) -> Vec<Fields> {
        let mut ways = vec![Fields { entries: Vec::new(), open: self.fields.open.clone() }];
        for (name, values) in &self.fields.entries {
            let is_several = values.len() > 1 && ways.len().saturating_mul(values.len()) <= VALUES_MAX;
            let choices: Vec<_> = match is_several {
                true => values.iter().map(|value| Rc::from([value.clone()])).collect(),
                false => vec![Rc::clone(values)],
            };
            let with = |way: &Fields| {
                let way = way.clone();
                choices
                    .iter()
                    .map(move |choice| {
                        let mut way = way.clone();
                        way.entries.push((Rc::clone(name), Rc::clone(choice)));
                        way
                    })
                    .collect::<Vec<Fields>>()
            };
            ways = ways.iter().flat_map(with).collect();
        }
        ways
    }

    fn add(&self, fields: &Fields, place: &Place, all: &mut BTreeSet<Need>) {
        let mut marks = Marks::default();
        let request = self.request(fields, &mut marks).to_string();
        let is_phone = self.service == "sns" && fields.get("PhoneNumber").is_some();
        let needs = self.checks(&request, place);
        for check in needs.checks {
            let (resource, mut reasons) = match &check.resource {
                CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) => marks.taken_out(arn),
                CheckedResource::None => ("*".to_owned(), Vec::new()),
                CheckedResource::Unknown => ("*".to_owned(), marks.all()),
            };
            let is_open = !matches!(check.resource, CheckedResource::None) && resource.contains('*');
            // A message to a telephone names no topic (SNS Developer Guide, *sending SMS messages*).
            let (resource, is_open) = if is_phone && &*check.action == "sns:Publish" {
                ("*".to_owned(), false)
            } else {
                (resource, is_open)
            };
            // A key that a service uses for its caller: which, the request tells or nobody does.
            let forwarded = check.action.starts_with("kms:") && self.service != "kms";
            let (resource, is_given) = match parts::key(fields).filter(|_| forwarded) {
                Some(key) => (key, true),
                None => (resource, false),
            };
            if forwarded {
                reasons.clear();
            }
            let (resource, alias) = by_alias(&check.action, resource, fields);
            if is_open && !forwarded && alias.is_none() && reasons.is_empty() && is_of_its_own(&resource) {
                reasons.push(self.not_given());
            }
            let mut conditions: Vec<(String, String)> =
                check.context.iter().filter_map(|fact| drawn(fact, &marks)).collect();
            conditions.extend(alias.map(|alias| ("kms:RequestAlias".to_owned(), alias)));
            reasons.sort();
            reasons.dedup();
            let own = format!("{}:{}", self.service, self.operation);
            let because = self.because.map(str::to_owned).or_else(|| {
                because(&check.action, self.operation, is_phone && &*check.action == "sns:Publish")
            });
            let domain = parts::domain(&check.action, &resource);
            let need = Need {
                action: check.action.into_string(),
                resource,
                conditions,
                is_possible: self.is_possible || !is_given && check.certainty == Certainty::Possible,
                path: self.path.clone(),
                line: self.line,
                call: own,
                because,
                told: self.told,
                reasons,
            };
            // Amazon SES Developer Guide, *identity and access management*: the identity is the address or its domain, whichever is verified.
            all.extend(domain.map(|domain| Need {
                resource: domain,
                because: Some("the domain of the address, where that is the identity".to_owned()),
                ..need.clone()
            }));
            all.insert(need);
        }
    }

    fn not_given(&self) -> Reason {
        Reason { why: Why::NotGiven, path: self.path.clone(), line: self.line }
    }

    /// What the map says, under the label by which the service's events go.
    fn checks(&self, request: &str, place: &Place) -> Needs {
        let labels = Sdk::get().of(self.id).labels;
        let of = |label: &str| {
            let event = Event {
                time: 0,
                source: Cow::Owned(format!("{label}.amazonaws.com")),
                name: Cow::Borrowed(self.operation),
                id: None,
                event_type: None,
                category: None,
                region: place.region.as_deref().map(Cow::Borrowed),
                address: None,
                agent: None,
                vpc_endpoint: None,
                error: None,
                message: None,
                read_only: None,
                recipient: place.account.as_deref().map(Cow::Borrowed),
                shared_id: None,
                from_console: false,
                updates_earlier: false,
                updated_id: None,
                identity: None,
                sign_in: None,
                bodies: Bodies { request: Some(request), ..Bodies::default() },
            };
            Needs::of(&event, &Identity::default())
        };
        let mut found = labels.iter().filter(|label| !label.is_empty()).map(|label| of(label));
        let first = found.next().unwrap_or_else(|| of(self.service));
        if !first.checks.is_empty() {
            return first;
        }
        found.find(|needs| !needs.checks.is_empty()).unwrap_or(first)
    }

    fn request(&self, fields: &Fields, marks: &mut Marks) -> Json {
        let mut body = Map::new();
        for (name, values) in &fields.entries {
            let name = match self.service {
                "s3" => S3_NAMES
                    .iter()
                    .find(|(known, _)| name.eq_ignore_ascii_case(known))
                    .map_or(&**name, |(_, told)| told),
                _ => name,
            };
            let json = match name {
                "x-amz-copy-source" => copy_source(values, marks),
                _ => json(values, marks),
            };
            body.insert(name.to_owned(), json);
        }
        body.extend(parts::table(self, fields, marks));
        if fields.open.is_some() {
            body.insert("omitted".to_owned(), Json::Bool(true));
        }
        if let Some(reason) = &fields.open {
            marks.reasons.push(Rc::clone(reason));
        }
        Json::Object(body)
    }
}

/// Why a permission is needed that is not called as the operation is.
fn because(action: &str, operation: &str, is_phone: bool) -> Option<String> {
    if is_phone {
        return Some("a message to a telephone has no topic, so that only `*` allows it".to_owned());
    }
    let name = action.split(':').nth(1).unwrap_or(action);
    (name != operation).then(|| match action {
        "iam:PassRole" => format!("{operation} is given a role to pass on"),
        _ if action.starts_with("kms:") => format!("{operation} works on what is encrypted with a key"),
        _ => format!("{operation} is checked by this name"),
    })
}

/// A policy of KMS names keys by their ids: an alias is a condition (KMS Developer Guide, *alias authorization*).
fn by_alias(action: &str, resource: String, fields: &Fields) -> (String, Option<String>) {
    let is_about_aliases = action.ends_with("Alias") || action.ends_with("Aliases");
    let given = fields.get("KeyId").and_then(|values| values.first()).and_then(Value::known);
    let alias = given.and_then(|given| Some(format!("alias/{}", given.split_once("alias/")?.1)));
    match alias.filter(|_| action.starts_with("kms:") && !is_about_aliases) {
        Some(alias) => {
            let head = resource
                .split(":key/")
                .next()
                .and_then(|head| head.split(":alias/").next())
                .unwrap_or("*")
                .to_owned();
            (if head == "*" { head } else { format!("{head}:key/*") }, Some(alias))
        }
        None => (resource, None),
    }
}

/// Conditions that the call itself sets and a policy can ask for.
fn drawn((key, fact): &(Box<str>, Fact), marks: &Marks) -> Option<(String, String)> {
    let name = match &**key {
        "iam:passedtoservice" => "iam:PassedToService",
        "kms:viaservice" => "kms:ViaService",
        _ => return None,
    };
    match fact {
        Fact::One(value) if !value.contains('*') && marks.taken_out(value).1.is_empty() => {
            Some((name.to_owned(), value.clone()))
        }
        _ => None,
    }
}

/// Whether a `*` is one of the resource itself, and not of the account or Region alone.
fn is_of_its_own(resource: &str) -> bool {
    resource == "*" || resource.splitn(6, ':').nth(5).is_some_and(|name| name.contains('*'))
}

/// Marks of what is not known.
#[derive(Debug, Default)]
struct Marks {
    reasons: Vec<Rc<Reason>>,
}

impl Marks {
    fn mark(&mut self, reason: &Rc<Reason>) -> String {
        let place = self.reasons.iter().position(|known| known == reason).unwrap_or_else(|| {
            self.reasons.push(Rc::clone(reason));
            self.reasons.len().saturating_sub(1)
        });
        // Letters that no rule about the form of names refuses or changes.
        format!("zkqx{place}xqkz")
    }

    fn all(&self) -> Vec<Reason> {
        self.reasons.iter().map(|reason| (**reason).clone()).collect()
    }

    /// A text with a `*` for each mark, and why.
    fn taken_out(&self, text: &str) -> (String, Vec<Reason>) {
        let (mut plain, mut reasons) = (String::with_capacity(text.len()), Vec::new());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("zkqx") {
            plain.push_str(before);
            let found = after
                .split_once("xqkz")
                .and_then(|(place, after)| Some((self.reasons.get(place.parse::<usize>().ok()?)?, after)));
            match found {
                Some((reason, after)) => {
                    if !plain.ends_with('*') {
                        plain.push('*');
                    }
                    reasons.push((**reason).clone());
                    rest = after.strip_prefix('*').unwrap_or(after);
                }
                None => {
                    plain.push_str("zkqx");
                    rest = after;
                }
            }
        }
        plain.push_str(rest);
        while plain.contains("**") {
            plain = plain.replace("**", "*");
        }
        (plain, reasons)
    }
}

/// A value as JSON; several values as a list of them.
fn json(values: &[Value], marks: &mut Marks) -> Json {
    match values {
        [one] => json_of(one, marks),
        several => Json::Array(several.iter().map(|value| json_of(value, marks)).collect()),
    }
}

fn json_of(value: &Value, marks: &mut Marks) -> Json {
    match value {
        Value::Text(parts) => Json::String(text(parts, marks)),
        Value::Map(fields) | Value::Request(_, fields) if is_told(value, fields) => {
            let mut map = Map::new();
            for (name, values) in &fields.entries {
                map.insert(name.to_string(), json(values, marks));
            }
            Json::Object(map)
        }
        Value::List(items) => Json::Array(items.iter().map(|item| json(item, marks)).collect()),
        Value::Unknown(reason) => Json::String(marks.mark(reason)),
        Value::External(path) => {
            let reason = Reason { why: Why::Answer(path.to_string()), path: String::new(), line: 0 };
            Json::String(marks.mark(&Rc::new(reason)))
        }
        Value::Resource(of) => of.identifiers.first().map_or(Json::Null, |(_, values)| json(values, marks)),
        _ => {
            let reason = Reason { why: Why::Code, path: String::new(), line: 0 };
            Json::String(marks.mark(&Rc::new(reason)))
        }
    }
}

/// An empty builder tells nothing.
fn is_told(value: &Value, fields: &Fields) -> bool {
    !matches!(value, Value::Request(..)) || !fields.entries.is_empty()
}

fn text(parts: &[Part], marks: &mut Marks) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Known(known) => text.push_str(known),
            Part::Hole(reason) => text.push_str(&marks.mark(reason)),
        }
    }
    text
}

/// `bucket/key` of a source that is given as text or as a map of both.
fn copy_source(values: &[Value], marks: &mut Marks) -> Json {
    let of = |value: &Value, marks: &mut Marks| match value {
        Value::Map(fields) => {
            let mut part = |name: &str| match fields.get(name).map(|values| json(values, marks)) {
                Some(Json::String(text)) => text,
                _ => "*".to_owned(),
            };
            let (bucket, key) = (part("Bucket"), part("Key"));
            Json::String(format!("{bucket}/{key}"))
        }
        // One text holds both: what is not known of it hides where the key begins.
        other => match json_of(other, marks) {
            Json::String(text) if !text.contains('/') => Json::String(format!("{text}/*")),
            json => json,
        },
    };
    match values {
        [one] => of(one, marks),
        several => Json::Array(several.iter().map(|value| of(value, marks)).collect()),
    }
}
