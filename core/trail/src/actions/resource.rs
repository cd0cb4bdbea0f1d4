//! Which resources a permission was checked on.

use std::borrow::Cow;
use std::sync::LazyLock;

use kagimori_id::AccountId;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub(crate) use super::template::Place;

use super::body::{Body, Name, Path};
use super::plan::{Kind, Step, Target};
use super::table::Tables;
use super::template::{Filled, Template};
use super::walk::Walk;
use crate::call::CheckedResource;
use crate::event::Text;

/// A resource a permission was checked on.
pub(super) struct Found<'k> {
    pub(super) resource: CheckedResource,
    /// The account it belongs to, when the event tells.
    pub(super) account: Option<AccountId>,
    /// Its type.
    pub(super) kind: Option<&'k Kind>,
    /// The event tells the owner, which the ARN does not.
    pub(super) is_owner_told: bool,
    /// Nothing in the event names a resource of this type: a default of the service, or one of several that could be meant.
    pub(super) is_doubtful: bool,
}

/// An entry of `resources[]`.
#[derive(Deserialize)]
pub(super) struct Told<'a> {
    #[serde(rename = "ARN", default, borrow, deserialize_with = "text")]
    arn: Option<Cow<'a, str>>,
    #[serde(rename = "accountId", default, borrow, deserialize_with = "text")]
    account: Option<Cow<'a, str>>,
}

/// A text; another type is absent.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(Text::deserialize(deserializer)?.value)
}

static USER_NAME: LazyLock<Path> = LazyLock::new(|| Path::read("userName"));
static RESOURCE_ID: LazyLock<Name> = LazyLock::new(|| Name::read("resourceId"));

/// Longer texts are no ARN (*ARN format*: at most 2,048 characters).
const ARN_BYTES_MAX: usize = 2048;

impl<'a> Walk<'a> {
    pub(super) fn resources(&self, step: &'a Step) -> Vec<Found<'a>> {
        match &step.target {
            Target::Nothing => vec![Found::of(CheckedResource::None)],
            Target::Unknown => vec![Found::of(CheckedResource::Unknown)],
            // A key used for the caller is the service's affair: the event names another resource.
            Target::Types(_) if step.is_forwarded => vec![Found::of(CheckedResource::Unknown)],
            Target::Types(kinds) => self.of_kinds(kinds),
            Target::Template(kind) => self
                .fill(&kind.template)
                .into_iter()
                .map(|filled| Found::filled(filled, Some(kind)))
                .collect(),
            Target::Parameter(path) => self.of_parameter(path),
            Target::Object => vec![self.object()],
            Target::CopySource => vec![self.copy_source()],
        }
    }

    fn told(&self) -> &[Told<'a>] {
        self.told.get_or_init(|| told(self.event.bodies.resources))
    }

    fn fill<'b>(&'b self, template: &Template) -> Vec<Filled<'b>> {
        let owner = self.plan.owner.as_ref().and_then(|path| self.request.all(path).next());
        let owner = owner.filter(|owner| AccountId::parse(owner).is_ok());
        template.fill(Place { owner, ..self.place }, &self.request, self.plan.creates)
    }

    fn of_parameter(&self, path: &Path) -> Vec<Found<'a>> {
        let arns = self.request.all(path).filter(|value| value.starts_with("arn:"));
        let found: Vec<Found<'_>> = arns.map(Found::arn).collect();
        if found.is_empty() { vec![Found::of(CheckedResource::Unknown)] } else { found }
    }

    fn of_kinds(&self, kinds: &'a [Kind]) -> Vec<Found<'a>> {
        if let Some(found) = self.caller_itself(kinds).map(Found::arn).or_else(|| self.access_point(kinds)) {
            return vec![found];
        }
        let none = vec![false; kinds.len()];
        let mut walk =
            Kinds { all: Vec::new(), seen: none.clone(), told: none, kinds, request: &self.request };
        for Told { arn, account } in self.told() {
            let account = account.as_ref().and_then(|account| AccountId::parse(account).ok());
            arn.iter().for_each(|arn| walk.take_arn(arn, account));
        }
        for (_, value) in self.request.scalars() {
            if value.starts_with("arn:") {
                // A shard iterator of DynamoDB is the stream's ARN with more behind a bar.
                walk.take_request_arn(value.split('|').next().unwrap_or(value));
            }
        }
        self.fill_kinds(&mut walk);
        self.own_bucket(&mut walk);
        if self.plan.prefix.as_ref() == "ec2" {
            self.by_ec2_id(&mut walk);
        }
        if walk.all.is_empty() { vec![Found::of(CheckedResource::Unknown)] } else { walk.all }
    }

    /// Fills the templates of the kinds that no ARN was of.
    fn fill_kinds<'b>(&'b self, walk: &mut Kinds<'_, 'a>) {
        let has_typed_ids = matches!(self.plan.prefix.as_ref(), "ec2" | "ssm");
        let mut told: Vec<(&'a Kind, Filled<'b>)> = Vec::new();
        let mut open: Vec<(&'a Kind, Filled<'b>)> = Vec::new();
        let alone = walk.kinds.len() == 1;
        for (kind, seen) in walk.kinds.iter().zip(&walk.seen) {
            let is_wanted = kind.is_required || alone || kind.template.is_told(&self.request);
            if *seen || !is_wanted || walk.has_other_form(kind) {
                continue;
            }
            for filled in self.fill(&kind.template) {
                let filled = if has_typed_ids && is_impossible(&filled) {
                    kind.template.any(self.place)
                } else {
                    filled
                };
                let is_named =
                    filled.is_whole || filled.is_told && is_named_but_for_its_organization(&filled.arn);
                match filled.is_told || filled.is_whole {
                    true if is_named || kind.is_required => told.push((kind, filled)),
                    _ => open.push((kind, filled)),
                }
            }
        }
        if told.len() > 1 {
            drop_alternatives(&mut told);
        }
        // A type with one resource per account (`account`) is meant when no other is named.
        if !walk.all.is_empty() || told.iter().any(|(_, filled)| filled.is_told) {
            told.retain(|(kind, filled)| filled.is_told || kind.is_required);
        }
        let has_any = !told.is_empty() || !walk.all.is_empty();
        walk.all.extend(told.into_iter().map(|(kind, filled)| Found::filled(filled, Some(kind))));
        if self.is_missing {
            return;
        }
        let partly = open.iter().filter(|(_, filled)| filled.is_told).count();
        for (kind, filled) in open {
            // Types that are not always named count when nothing else can be meant.
            if kind.is_required || !has_any && (alone || partly == 1 && filled.is_told) {
                // EC2 makes or takes a default of each type it always names; elsewhere the types are often alternatives.
                let is_doubtful = has_any && !filled.is_told && self.plan.prefix.as_ref() != "ec2";
                walk.all.push(Found { is_doubtful, ..Found::filled(filled, Some(kind)) });
            }
        }
    }

    /// ARNs of S3 have no account; `resources[]` tells it of the bucket.
    fn own_bucket(&self, walk: &mut Kinds<'_, 'a>) {
        if self.plan.prefix.as_ref() != "s3" {
            return;
        }
        let told = self.told.get().into_iter().flatten();
        let Some(owner) = told.filter_map(|told| AccountId::parse(told.account.as_deref()?).ok()).next()
        else {
            return;
        };
        for found in &mut walk.all {
            found.is_owner_told = found.account.is_none_or(|account| account == owner);
            found.account.get_or_insert(owner);
        }
    }

    /// `CreateTags` and their like name any kind of resource by its id.
    fn by_ec2_id(&self, walk: &mut Kinds<'_, 'a>) {
        for id in self.request.anywhere(&RESOURCE_ID) {
            let Some(kind) = id.rsplit_once('-').and_then(|(head, _)| Tables::get().ec2_kind(head)) else {
                continue;
            };
            let found = walk.kinds.iter().find_map(|known| {
                let filled = known.template.fill_with(kind, id, self.place)?;
                Some(Found::filled(filled, Some(known)))
            });
            let is_new = |found: &Found<'_>| !walk.all.iter().any(|known| known.resource == found.resource);
            walk.all.extend(found.filter(is_new));
        }
    }

    /// The caller's own ARN, when the call is about the user who makes it.
    fn caller_itself(&self, kinds: &[Kind]) -> Option<&str> {
        let is_self = self.plan.may_be_self && kinds.iter().any(|kind| kind.is_user);
        // A refused call shows no parameters, whomever it was about.
        let is_told = self.is_missing || self.request.has(&USER_NAME);
        if !is_self || is_told {
            return None;
        }
        self.identity.arn.as_deref().filter(|arn| arn.contains(":user/"))
    }

    /// An access point, given for the bucket or told by `resources[]` (S3 User Guide, `access-points-policies`: permissions are asked on the
    /// access point, and on `…/object/key` for objects).
    fn access_point(&self, kinds: &[Kind]) -> Option<Found<'a>> {
        if self.plan.prefix.as_ref() != "s3" {
            return None;
        }
        let named = self.request.top("bucketName").filter(|name| name.starts_with("arn:"));
        let told = || {
            self.told()
                .iter()
                .filter_map(|told| told.arn.as_deref())
                .find(|arn| arn.contains(":accesspoint/"))
        };
        let point = named.or_else(told)?;
        let is_object = kinds.iter().any(|kind| kind.template.matches("arn:aws:s3:::b/k").is_some());
        if !is_object {
            return Some(Found::arn(point));
        }
        let key = self.request.top("key").unwrap_or("*");
        Some(Found::arn(&format!("{point}/object/{key}")))
    }

    /// The object a call writes. For copies, because `resources[]` may name the source beside it.
    fn object(&self) -> Found<'a> {
        let (bucket, key) = (self.request.top("bucketName"), self.request.top("key").unwrap_or("*"));
        match bucket {
            Some(point) if point.starts_with("arn:") => Found::arn(&format!("{point}/object/{key}")),
            Some(bucket) => Found::arn(&format!("arn:{}:s3:::{bucket}/{key}", self.place.partition)),
            None => Found::of(CheckedResource::Unknown),
        }
    }

    /// The object that is copied (*CopyObject*, `x-amz-copy-source`: `bucket/key`, URL-encoded, or the ARN of an object
    /// of an access point).
    fn copy_source(&self) -> Found<'a> {
        let Some(source) = self.request.top("x-amz-copy-source") else {
            return Found::of(CheckedResource::Unknown);
        };
        let source = source.split_once("?versionId=").map_or(source, |(source, _)| source);
        let source = url_decoded(source.strip_prefix('/').unwrap_or(source));
        let is_arn = source.starts_with("arn:");
        Found::arn(&if is_arn { source } else { format!("arn:{}:s3:::{source}", self.place.partition) })
    }
}

impl<'k> Found<'k> {
    fn of(resource: CheckedResource) -> Self {
        Self { resource, account: None, kind: None, is_owner_told: false, is_doubtful: false }
    }

    /// An ARN, with the account in it.
    fn arn(arn: &str) -> Self {
        Self {
            resource: arn_or_pattern(arn.to_owned()),
            account: account_of(arn),
            kind: None,
            is_owner_told: false,
            is_doubtful: false,
        }
    }

    fn filled(filled: Filled<'_>, kind: Option<&'k Kind>) -> Self {
        let account = if filled.is_foreign { account_of(&filled.arn) } else { None };
        let arn = filled.arn.into();
        let resource =
            if filled.is_whole { CheckedResource::Arn(arn) } else { CheckedResource::Pattern(arn) };
        Self { resource, account, kind, is_owner_told: false, is_doubtful: false }
    }
}

/// The resource types of an action under way.
struct Kinds<'r, 'a> {
    kinds: &'a [Kind],
    request: &'r Body<'a>,
    /// Those an ARN was of.
    seen: Vec<bool>,
    /// Those an ARN of `resources[]` was of.
    told: Vec<bool>,
    all: Vec<Found<'a>>,
}

impl Kinds<'_, '_> {
    /// Whether an ARN was of another form of the same type.
    fn has_other_form(&self, kind: &Kind) -> bool {
        let seen = self.kinds.iter().zip(&self.seen).filter(|(_, seen)| **seen);
        kind.form.is_some() && seen.map(|(seen, _)| seen).any(|seen| seen.form == kind.form)
    }

    /// The most particular kind an ARN is of.
    fn kind_of(&self, arn: &str) -> Option<usize> {
        if arn.len() > ARN_BYTES_MAX {
            return None;
        }
        let fitting =
            self.kinds.iter().enumerate().filter_map(|(at, kind)| Some((kind.template.matches(arn)?, at)));
        fitting.max().map(|(_, at)| at)
    }

    /// Takes an ARN of the request, unless `resources[]` told of its kind: it says what a name or an alias led to.
    fn take_request_arn(&mut self, arn: &str) {
        let Some(at) = self.kind_of(arn) else { return };
        if self.told.get(at) == Some(&false) {
            self.take(arn, None, at);
        }
    }

    /// Takes an ARN of `resources[]` when it is of one of the kinds.
    fn take_arn(&mut self, arn: &str, account: Option<AccountId>) {
        let Some(at) = self.kind_of(arn) else { return };
        if let Some(told) = self.told.get_mut(at) {
            *told = true;
        }
        self.take(arn, account, at);
    }

    fn take(&mut self, arn: &str, account: Option<AccountId>, at: usize) {
        if let Some(seen) = self.seen.get_mut(at) {
            *seen = true;
        }
        let kind = self.kinds.get(at);
        let arn =
            kind.map_or_else(|| arn.to_owned(), |kind| kind.template.finished(arn.to_owned(), self.request));
        let found = Found::arn(&arn);
        if !self.all.iter().any(|known| known.resource == found.resource) {
            self.all.push(Found { account: account.or(found.account), kind, ..found });
        }
    }
}

/// Types of which one value can only name one, by how its ids begin (Systems Manager User Guide: `mi-` is a managed node
/// outside of EC2).
fn is_impossible(filled: &Filled<'_>) -> bool {
    let Some((head, _)) = filled.value.and_then(|value| value.rsplit_once('-')) else { return false };
    let mut sections = filled.arn.splitn(6, ':').skip(2);
    let (service, resource) = (sections.next(), sections.nth(2));
    let kind = resource.and_then(|resource| resource.split_once('/')).map(|(kind, _)| kind);
    match (service, kind) {
        (Some("ssm"), Some("managed-instance")) => head != "mi",
        (Some("ec2"), Some("instance")) => head != "i",
        (Some("ec2"), Some(kind)) => Tables::get().ec2_kind(head).is_some_and(|known| known != kind),
        _ => false,
    }
}

/// Whether only the organization is not told, which no request tells: `account/o-*/444455556666`.
fn is_named_but_for_its_organization(arn: &str) -> bool {
    arn.contains("/o-*/") && !arn.replacen("/o-*/", "/", 1).contains('*')
}

/// When one value fits several types of which none is always named, it names one of them, and the event does not tell
/// which.
fn drop_alternatives(told: &mut Vec<(&Kind, Filled<'_>)>) {
    let is_open = |(kind, filled): &(&Kind, Filled<'_>)| !kind.is_required && filled.value.is_some();
    let values: Vec<&str> =
        told.iter().filter(|told| is_open(told)).filter_map(|(_, filled)| filled.value).collect();
    told.retain(|told| {
        let count = values.iter().filter(|value| told.1.value == Some(value)).count();
        !is_open(told) || count < 2
    });
}

/// An ARN with a star in it is what it would be taken for: a pattern.
pub(super) fn arn_or_pattern(arn: String) -> CheckedResource {
    if arn.contains(['*', '?']) {
        CheckedResource::Pattern(arn.into())
    } else {
        CheckedResource::Arn(arn.into())
    }
}

/// The account in an ARN.
pub(super) fn account_of(arn: &str) -> Option<AccountId> {
    AccountId::parse(arn.split(':').nth(4)?).ok()
}

/// Whether a text is the ARN of a role.
pub(super) fn is_role_arn(text: &str) -> bool {
    text.starts_with("arn:")
        && text.len() <= ARN_BYTES_MAX
        && text.contains(":iam::")
        && text.contains(":role/")
}

/// Whether a parameter's name says that a role is given: `roleArn`, `executionRoleArn`, `serviceRole`, `role`.
pub(super) fn is_named_like_a_role(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("role") || key.ends_with("rolearn") || key.ends_with("rolearns") || key.ends_with("roles")
}

/// The entries of `resources[]` that have an ARN.
fn told(resources: Option<&str>) -> Vec<Told<'_>> {
    let Some(json) = resources else { return Vec::new() };
    serde_json::from_str(json).unwrap_or_else(|_| {
        // One entry is odd: the others are read alone.
        let entries: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
        entries.into_iter().filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect()
    })
}

fn url_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut ahead = rest.clone();
        match (byte, ahead.next().and_then(digit), ahead.next().and_then(digit)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
