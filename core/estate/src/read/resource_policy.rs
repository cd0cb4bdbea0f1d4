//! `s3api get-bucket-policy`: the policy of a bucket.
//!
//! The answer, `{"Policy": "<a document as text>"}`, does not name its bucket: its file does, in a folder
//! `resource-policies/`, or else its document, when that names one bucket only. There the bare document will do, too.
//! Other services answer alike about keys, functions and topics; those policies are passed over.

use std::collections::BTreeSet;

use kagimori_policy::document::Document;
use kagimori_policy::parse::{Strictness, parse};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::content::Content;
use super::object::{Object, Reading, place};
use super::wire::Policies;
use crate::fact::{Dataset, Known, SourceId};
use crate::model::Policy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Answer<'a> {
    #[serde(borrow)]
    policy: &'a RawValue,
}

/// Reads an object as the policy of a bucket; `None`: it is something else.
pub(super) fn read(object: &Object<'_>, named: Option<Dataset>) -> Option<Reading> {
    let is_named = named == Some(Dataset::ResourcePolicies);
    let is_document = is_named && object.has("Statement");
    let text = if is_document { None } else { policy_text(object) };
    if !is_document && text.is_none() {
        return None;
    }
    let mut documents = Policies::of(object.file());
    let bucket = named_after(object).filter(|_| is_named);
    let policy = match text {
        Some(raw) => documents.read(raw, || "the policy of the bucket".to_owned()),
        None => bare(object),
    };
    let named_by_itself = || policy.document.as_ref().ok().and_then(only_bucket);
    let Some(bucket) = bucket.or_else(named_by_itself) else {
        return Some(Reading::whole(Content::Nothing));
    };
    let resource = format!("arn:{}:s3:::{bucket}", partition(&policy));
    let faults = documents.faults;
    let content = Content::ResourcePolicy(resource, Known::new(Some(policy), SourceId::UNPLACED));
    Some(Reading { content, truncated: false, faults })
}

/// The bucket of a file in a folder `resource-policies/`, whatever the file holds.
pub(super) fn bucket(path: &str, named: Option<Dataset>) -> Option<String> {
    let (stem, _) = place(path);
    (named == Some(Dataset::ResourcePolicies)).then(|| format!("arn:aws:s3:::{stem}"))
}

fn named_after(object: &Object<'_>) -> Option<String> {
    Some(object.named_after().0.to_owned())
}

/// `describe-policy` of Organizations has an object there.
fn policy_text<'a>(object: &Object<'a>) -> Option<&'a RawValue> {
    if !object.has("Policy") {
        return None;
    }
    let answer: Answer<'a> = object.parse().ok()?;
    answer.policy.get().starts_with('"').then_some(answer.policy)
}

fn bare(object: &Object<'_>) -> Policy {
    Policy { document: parse(object.json(), Strictness::Lenient) }
}

fn resources(document: &Document) -> impl Iterator<Item = &str> {
    let all = document.statements.iter().filter_map(|statement| statement.resource.as_ref());
    all.flat_map(|resource| resource.patterns().0).map(String::as_str)
}

/// The bucket that every resource of a document lies in.
fn only_bucket(document: &Document) -> Option<String> {
    let mut buckets = BTreeSet::new();
    for resource in resources(document) {
        let (_, rest) = resource.split_once(":s3:::")?;
        buckets.insert(rest.split('/').next().unwrap_or(rest));
    }
    let only = buckets.pop_first().filter(|bucket| buckets.is_empty() && !bucket.contains(['*', '?', '$']));
    only.map(str::to_owned)
}

fn partition(policy: &Policy) -> String {
    let named = policy.document.as_ref().ok().and_then(|document| {
        resources(document).find_map(|resource| resource.strip_prefix("arn:")?.split(':').next())
    });
    named.filter(|name| name.starts_with("aws") && !name.contains('*')).unwrap_or("aws").to_owned()
}
