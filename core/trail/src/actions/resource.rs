//! Which resources a permission was checked on.

use kagimori_estate::id::AccountId;
use serde_json::value::RawValue;

pub(crate) use super::template::Place;

use super::Walk;
use super::body::{Body, same_key};
use super::plan::{Kind, Step, Target};
use super::template::Filled;
use crate::call::CheckedResource;

/// A resource, and the account it belongs to when the event tells.
type Found = (CheckedResource, Option<AccountId>);

/// An entry of `resources[]`.
struct Told {
    arn: String,
    account: Option<AccountId>,
}

/// Longer texts are no ARN (*ARN format*: at most 2,048 characters).
const ARN_BYTES_MAX: usize = 2048;

impl Walk<'_> {
    pub(super) fn resources(&self, step: &Step) -> Vec<Found> {
        match &step.target {
            Target::Nothing => vec![(CheckedResource::None, None)],
            Target::Unknown => vec![(CheckedResource::Unknown, None)],
            Target::Template(template) => {
                template.fill(self.place, &self.request, self.plan.creates).into_iter().map(found).collect()
            }
            Target::Parameter(path) => {
                let mut arns: Vec<Found> =
                    self.request.all(path).filter(|value| value.starts_with("arn:")).map(told_arn).collect();
                if arns.is_empty() {
                    arns.push((CheckedResource::Unknown, None));
                }
                arns
            }
            Target::CopySource => vec![self.copy_source()],
            // A key used for the caller is the service's affair: the event names another resource.
            Target::Types(_) if step.is_forwarded => vec![(CheckedResource::Unknown, None)],
            Target::Types(kinds) => self.of_kinds(kinds),
        }
    }

    fn of_kinds(&self, kinds: &[Kind]) -> Vec<Found> {
        if let Some(caller) = self.caller_itself(kinds) {
            return vec![told_arn(caller)];
        }
        let told = told(self.event.bodies.resources);
        let mut all: Vec<Found> = Vec::new();
        let mut seen = vec![false; kinds.len()];
        for Told { arn, account } in &told {
            self.take_arn(arn, *account, kinds, &mut seen, &mut all);
        }
        for (_, value) in self.request.scalars() {
            if value.starts_with("arn:") {
                self.take_arn(value, None, kinds, &mut seen, &mut all);
            }
        }
        let mut open: Vec<(&Kind, Filled)> = Vec::new();
        for (kind, seen) in kinds.iter().zip(&seen) {
            if *seen {
                continue;
            }
            for filled in kind.template.fill(self.place, &self.request, self.plan.creates) {
                if filled.is_told && (filled.is_whole || kind.is_required) {
                    all.push(found(filled));
                } else if kind.is_required || filled.is_told {
                    open.push((kind, filled));
                }
            }
        }
        if !all.is_empty() {
            let required = open.into_iter().filter(|(kind, _)| kind.is_required);
            all.extend(required.map(|(_, filled)| found(filled)));
            return all;
        }
        if let ([kind], true) = (kinds, open.is_empty()) {
            return kind
                .template
                .fill(self.place, &self.request, self.plan.creates)
                .into_iter()
                .map(found)
                .collect();
        }
        let is_clear = open.len() == 1 || open.iter().all(|(kind, _)| kind.is_required);
        if open.is_empty() || !is_clear {
            return vec![(CheckedResource::Unknown, None)];
        }
        open.into_iter().map(|(_, filled)| found(filled)).collect()
    }

    /// The caller's own ARN, when the call is about the user who makes it.
    fn caller_itself(&self, kinds: &[Kind]) -> Option<&str> {
        let is_self = self.plan.may_be_self && kinds.iter().any(|kind| kind.is_user);
        let is_told =
            self.request.get("userName").is_some() || self.request.is_cut || !self.request.is_present;
        if !is_self || is_told {
            return None;
        }
        self.identity.arn.as_deref().filter(|arn| arn.contains(":user/"))
    }

    /// Takes an ARN when it is of one of the kinds: of the most particular one.
    fn take_arn(
        &self,
        arn: &str,
        account: Option<AccountId>,
        kinds: &[Kind],
        seen: &mut [bool],
        all: &mut Vec<Found>,
    ) {
        if arn.len() > ARN_BYTES_MAX {
            return;
        }
        let fitting =
            kinds.iter().enumerate().filter_map(|(at, kind)| Some((kind.template.matches(arn)?, at)));
        let Some((_, at)) = fitting.max() else { return };
        if let Some(seen) = seen.get_mut(at) {
            *seen = true;
        }
        let resource = arn_or_pattern(arn.to_owned());
        if !all.iter().any(|(known, _)| *known == resource) {
            all.push((resource, account.or_else(|| account_of(arn))));
        }
    }

    /// The object that is copied (*CopyObject*, `x-amz-copy-source`: `bucket/key`, URL-encoded, or the ARN of an object
    /// of an access point).
    fn copy_source(&self) -> Found {
        let Some(source) = self.request.get("x-amz-copy-source") else {
            return (CheckedResource::Unknown, None);
        };
        let source = source.split_once("?versionId=").map_or(source, |(source, _)| source);
        let source = url_decoded(source.strip_prefix('/').unwrap_or(source));
        if source.starts_with("arn:") {
            let account = account_of(&source);
            return (arn_or_pattern(source), account);
        }
        (arn_or_pattern(format!("arn:{}:s3:::{source}", self.place.partition)), None)
    }
}

/// An ARN, with the account in it.
fn told_arn(arn: &str) -> Found {
    (arn_or_pattern(arn.to_owned()), account_of(arn))
}

fn found(filled: Filled) -> Found {
    let account = account_of(&filled.arn);
    let resource = if filled.is_whole {
        CheckedResource::Arn(filled.arn.into())
    } else {
        CheckedResource::Pattern(filled.arn.into())
    };
    (resource, account)
}

/// An ARN with a star in it is what it would be taken for: a pattern.
fn arn_or_pattern(arn: String) -> CheckedResource {
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
fn told(resources: Option<&str>) -> Vec<Told> {
    let Some(resources) = resources else { return Vec::new() };
    let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(resources) else { return Vec::new() };
    let entry = |raw: &RawValue| {
        let body = Body::read(Some(raw.get()));
        let mut told = Told { arn: String::new(), account: None };
        for (key, value) in body.top() {
            if same_key(key, "ARN") {
                value.clone_into(&mut told.arn);
            } else if same_key(key, "accountId") {
                told.account = AccountId::parse(value).ok();
            }
        }
        (!told.arn.is_empty()).then_some(told)
    };
    entries.into_iter().filter_map(entry).collect()
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
