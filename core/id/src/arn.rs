//! Amazon Resource Names: as written, and in their six parts.
//!
//! IAM User Guide, `reference-arns`: `arn:partition:service:region:account-id:resource`, where the resource may hold
//! further colons. Policies may hold patterns in each part, and the same split serves them.

use std::fmt;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::account::AccountId;
use crate::error::{IdError, Text};

/// An Amazon Resource Name, kept as written. Copies share the text: an estate and a trail hold the same ARN in many places.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn(Arc<str>);

/// An ARN, or a pattern of one, in its six parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArnParts<'a> {
    /// `arn`, or a pattern of it.
    pub scheme: &'a str,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// The service prefix: `s3`.
    pub service: &'a str,
    /// The Region, empty for global services.
    pub region: &'a str,
    /// The account id, empty where the service has none (S3).
    pub account: &'a str,
    /// Everything after the fifth colon.
    pub resource: &'a str,
}

impl<'a> ArnParts<'a> {
    /// Splits a text with at least five colons.
    pub fn split(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        Some(Self {
            scheme: parts.next()?,
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// Splits a text that is an ARN and not a pattern of the scheme.
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::split(text).filter(|arn| arn.scheme == "arn")
    }

    /// The parts in order.
    pub fn parts(&self) -> [&'a str; 6] {
        [self.scheme, self.partition, self.service, self.region, self.account, self.resource]
    }
}

/// The parts of a `Resource` pattern; where the text has fewer than six, the rest is `*`
/// (IAM User Guide, `reference_policies_elements_resource`: incomplete ARNs are completed with wildcards).
pub fn padded_parts(text: &str) -> [&str; 6] {
    let mut parts = ["*"; 6];
    for (slot, part) in parts.iter_mut().zip(text.splitn(6, ':')) {
        *slot = part;
    }
    parts
}

impl Arn {
    /// Reads an ARN: `arn:` and at least six parts separated by colons.
    ///
    /// # Errors
    /// [`IdError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.starts_with("arn:") && text.splitn(6, ':').count() == 6 {
            Ok(Self(text.into()))
        } else {
            Err(IdError::new(text, "an ARN (`arn:partition:service:region:account:resource`)"))
        }
    }

    /// The ARN as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// The service: `iam`.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The account, when the ARN holds one.
    pub fn account(&self) -> Option<AccountId> {
        AccountId::parse(self.part(4)).ok()
    }

    /// All after the fifth colon: `user/path/name`.
    pub fn resource(&self) -> &str {
        self.0.splitn(6, ':').nth(5).unwrap_or_default()
    }

    /// The last `/`-separated part of the resource: the name of a user, role, group or policy.
    pub fn name(&self) -> &str {
        self.resource().rsplit('/').next().unwrap_or_default()
    }

    fn part(&self, index: usize) -> &str {
        self.0.split(':').nth(index).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Arn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Text::deserialize(deserializer)?.0).map_err(D::Error::custom)
    }
}

impl Serialize for Arn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{ArnParts, padded_parts};

    #[test]
    fn the_resource_keeps_its_colons() {
        let arn = ArnParts::parse("arn:aws:sns:eu-west-1:111122223333:topic:a:b").unwrap();
        assert_eq!(arn.resource, "topic:a:b");
        assert_eq!(arn.account, "111122223333");
        assert_eq!(ArnParts::parse("arn:aws:s3:::b/k").unwrap().account, "");
        assert_eq!(ArnParts::parse("arn:aws:s3"), None);
        assert_eq!(ArnParts::parse("*:aws:s3:::b"), None);
    }

    #[test]
    fn short_patterns_are_padded() {
        assert_eq!(padded_parts("*"), ["*"; 6]);
        assert_eq!(padded_parts("arn:aws:s3:::b"), ["arn", "aws", "s3", "", "", "b"]);
        assert_eq!(padded_parts("arn:aws:s3"), ["arn", "aws", "s3", "*", "*", "*"]);
    }
}
