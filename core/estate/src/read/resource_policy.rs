//! Policies of resources: `s3api get-bucket-policy`, `sqs get-queue-attributes`, `sns get-topic-attributes`, `kms get-key-policy`,
//! `lambda get-policy`, `secretsmanager get-resource-policy`, `ecr get-repository-policy`.
//!
//! The answers of most do not name their resource: the file does, in a folder `resource-policies/ACCOUNT/`, as `BUCKET.json` or
//! `SERVICE/REGION/NAME.json` (a `/` of the name is `%2F`), or else, of a bucket, its document when that names one bucket only. There the
//! bare document will do, too. Elsewhere policies of others than buckets are passed over.

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
use kagimori_id::AccountId;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Answer<'a> {
    #[serde(borrow)]
    policy: &'a RawValue,
}

/// Answers that tell by a member that is not there that there is no policy.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Other<'a> {
    /// SQS, SNS
    #[serde(borrow, rename = "Attributes")]
    attributes: Option<Attributes<'a>>,
    /// Secrets Manager
    #[serde(borrow, rename = "ResourcePolicy")]
    of_secret: Option<&'a RawValue>,
    /// ECR
    #[serde(borrow, rename = "policyText")]
    of_repository: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Attributes<'a> {
    #[serde(borrow, rename = "Policy")]
    policy: Option<&'a RawValue>,
}

/// What an object holds of a policy.
enum Held<'a> {
    /// As text.
    Text(&'a RawValue),
    /// It is one.
    Document,
    /// The word that there is none.
    None,
}

/// Reads an object as the policy of a resource; `None`: it is something else.
pub(super) fn read(object: &Object<'_>, named: Option<Dataset>) -> Option<Reading> {
    let is_named = named == Some(Dataset::ResourcePolicies);
    let held = held(object, is_named)?;
    let mut documents = Policies::of(object.file());
    let policy = match held {
        Held::Text(raw) => Some(documents.read(raw, || "the policy of the resource".to_owned())),
        Held::Document => Some(bare(object)),
        Held::None => None,
    };
    let document = policy.as_ref().and_then(|policy| policy.document.as_ref().ok());
    let partition = document.and_then(partition).unwrap_or("aws");
    let named = of_service(object.path()).filter(|_| is_named);
    let bucket = || named_after(object).filter(|_| is_named).or_else(|| document.and_then(only_bucket));
    let Some(resource) = named.or_else(|| bucket().map(|bucket| format!("arn:{partition}:s3:::{bucket}")))
    else {
        return Some(Reading::whole(Content::Nothing));
    };
    let faults = std::mem::take(&mut documents.faults);
    let content = Content::ResourcePolicy(resource, Known::new(policy, SourceId::UNPLACED));
    Some(Reading { content, truncated: false, faults })
}

fn held<'a>(object: &Object<'a>, is_named: bool) -> Option<Held<'a>> {
    if is_named && object.has("Statement") {
        return Some(Held::Document);
    }
    if let Some(text) = policy_text(object) {
        return Some(Held::Text(text));
    }
    let is_other =
        object.has("Attributes") || object.has("policyText") || (object.has("ARN") && object.has("Name"));
    if !is_named || !is_other {
        return None;
    }
    let other: Other<'a> = object.parse().ok()?;
    let text = other.attributes.and_then(|attributes| attributes.policy);
    Some(text.or(other.of_secret).or(other.of_repository).map_or(Held::None, Held::Text))
}

/// The resource of a file in a folder `resource-policies/`, whatever the file holds.
pub(super) fn resource(path: &str, named: Option<Dataset>) -> Option<String> {
    let (stem, _) = place(path);
    let bucket = || format!("arn:aws:s3:::{stem}");
    (named == Some(Dataset::ResourcePolicies)).then(|| of_service(path).unwrap_or_else(bucket))
}

/// The resource of `ACCOUNT/SERVICE/REGION/NAME.json`.
fn of_service(path: &str) -> Option<String> {
    let (stem, mut folders) = place(path);
    let (region, service, account) = (folders.next()?, folders.next()?, folders.next()?);
    let account = AccountId::parse(account).ok()?;
    let before = match service {
        "sqs" | "sns" => "",
        "kms" => "key/",
        "lambda" => "function:",
        "secretsmanager" => "secret:",
        "ecr" => "repository/",
        _ => return None,
    };
    // Partitions by the names of their Regions (AWS General Reference, "AWS Regions").
    let partition = match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let name = stem.replace("%2F", "/").replace("%25", "%");
    Some(format!("arn:{partition}:{service}:{region}:{account}:{before}{name}"))
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

fn partition(document: &Document) -> Option<&str> {
    let named = resources(document).find_map(|resource| resource.strip_prefix("arn:")?.split(':').next());
    named.filter(|name| name.starts_with("aws") && !name.contains('*'))
}
