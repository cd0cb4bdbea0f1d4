//! The six parts of an Amazon Resource Name.
//!
//! IAM User Guide, `reference-arns`: `arn:partition:service:region:account-id:resource`, where the resource may hold
//! further colons. Policies may hold patterns in each part, and the same split serves them.

/// An ARN, or a pattern of one, in its six parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn<'a> {
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

impl<'a> Arn<'a> {
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

#[cfg(test)]
mod tests {
    use super::{Arn, padded_parts};

    #[test]
    fn the_resource_keeps_its_colons() {
        let arn = Arn::parse("arn:aws:sns:eu-west-1:111122223333:topic:a:b").unwrap();
        assert_eq!(arn.resource, "topic:a:b");
        assert_eq!(arn.account, "111122223333");
        assert_eq!(Arn::parse("arn:aws:s3:::b/k").unwrap().account, "");
        assert_eq!(Arn::parse("arn:aws:s3"), None);
        assert_eq!(Arn::parse("*:aws:s3:::b"), None);
    }

    #[test]
    fn short_patterns_are_padded() {
        assert_eq!(padded_parts("*"), ["*"; 6]);
        assert_eq!(padded_parts("arn:aws:s3:::b"), ["arn", "aws", "s3", "", "", "b"]);
        assert_eq!(padded_parts("arn:aws:s3"), ["arn", "aws", "s3", "*", "*", "*"]);
    }
}
