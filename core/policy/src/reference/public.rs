//! S3 Block Public Access, `RestrictPublicBuckets`: a bucket with a public policy serves only AWS services and callers of
//! its owner's account (S3 `access-control-block-public-access`, "The meaning of public").

use crate::document::{Document, Effect, PrincipalElement, Principals, Statement};
use crate::operator::{Comparison, Operator, Qualifier};
use crate::policies::Policies;
use crate::request::{Principal, Request};

/// Condition keys that make a statement non-public when they hold fixed values, in lower case.
const LIMITING_KEYS: [&str; 17] = [
    "aws:calledvia",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// Whether Block Public Access keeps this caller out.
pub(super) fn blocks(request: &Request, policies: &Policies) -> bool {
    let is_insider = request.principal.account() == Some(request.resource_account.as_str())
        || matches!(request.principal, Principal::Service { .. });
    policies.s3.restrict_public_buckets
        && super::service_of(&request.action).eq_ignore_ascii_case("s3")
        && !is_insider
        && policies.resource.as_ref().is_some_and(is_public)
}

/// Whether a bucket policy is public.
pub(crate) fn is_public(document: &Document) -> bool {
    document.statements.iter().any(|statement| {
        statement.effect == Effect::Allow && names_everyone(statement) && !is_limited(statement)
    })
}

fn names_everyone(statement: &Statement) -> bool {
    match &statement.principal {
        Some(PrincipalElement::Principal(Principals::Everyone)) | Some(PrincipalElement::NotPrincipal(_)) => {
            true
        }
        Some(PrincipalElement::Principal(Principals::Listed(kinds))) => {
            kinds.iter().any(|(_, names)| names.iter().any(|name| name == "*"))
        }
        None => false,
    }
}

/// A positive test of a limiting key against values without wildcards or variables.
fn is_limited(statement: &Statement) -> bool {
    statement.conditions.iter().any(|condition| {
        let key = condition.key.to_lowercase();
        let is_positive = Operator::parse(&condition.operator).is_some_and(|operator| {
            !operator.negated
                && !operator.if_exists
                && operator.qualifier != Some(Qualifier::ForAllValues)
                && operator.comparison != Comparison::Null
        });
        let is_fixed = |text: &str| {
            let is_everywhere = key == "aws:sourceip" && text.ends_with("/0");
            !text.contains("${") && !is_everywhere && (!text.contains(['*', '?']) || key == "aws:sourcearn")
        };
        LIMITING_KEYS.contains(&key.as_str())
            && is_positive
            && condition.values.as_slice().iter().all(|value| is_fixed(value.text()))
    })
}
