//! What AWS refuses when a policy is saved, by the kind of policy.
//!
//! Only what is known to be refused is a fault here; doubtful style is the linter's subject. Sources: IAM User Guide
//! `reference_policies_grammar` and `reference_policies_elements_*`; Organizations User Guide
//! `orgs_manage_policies_scps_syntax` and `orgs_manage_policies_rcps_syntax`; error texts as collected by moto's tests
//! (Apache-2.0).

mod statement;

pub(crate) use statement::{PARTITIONS, is_rcp_full_access};

use std::collections::BTreeSet;

use crate::document::{Document, Version};

/// What a policy is attached to; the grammar differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a validator must say what it asks of each kind")]
pub enum PolicyKind {
    /// Attached to a user, group or role, or inline there.
    Identity,
    /// Attached to a resource: bucket, key, queue …
    Resource,
    /// Who may assume a role.
    Trust,
    /// A permissions boundary.
    Boundary,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// Passed when a session is made.
    Session,
    /// Of a VPC endpoint.
    Endpoint,
}

/// Something AWS refuses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Fault {
    /// The element: `Statement[0].Resource`; empty for the document itself.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
}

/// Every fault, in document order.
pub fn validate(document: &Document, kind: PolicyKind) -> Vec<Fault> {
    let mut faults = Vec::new();
    if document.id.is_some() && kind.is_of_identity() {
        faults.push(Fault::new("Id", "an identity policy has no `Id`".into(), "remove it"));
    }
    if kind == PolicyKind::ResourceControl && document.version != Some(Version::V2012) {
        let message = "a resource control policy must be of version 2012-10-17".into();
        faults.push(Fault::new("Version", message, "write `\"Version\": \"2012-10-17\"`"));
    }
    if document.statements.is_empty() {
        faults.push(Fault::new(
            "Statement",
            "the policy has no statement".into(),
            "write one, or delete the policy",
        ));
    }
    let mut sids = BTreeSet::new();
    for (number, statement) in document.statements.iter().enumerate() {
        let path = format!("Statement[{number}]");
        if let Some(sid) = statement.sid.as_deref().filter(|sid| !sid.is_empty())
            && !sids.insert(sid)
        {
            let message = format!("the Sid `{sid}` stands in this policy twice");
            faults.push(Fault::new(&format!("{path}.Sid"), message, "give each statement its own"));
        }
        faults.extend(statement::faults(&path, statement, kind));
    }
    faults
}

impl Fault {
    fn new(path: &str, message: String, hint: &'static str) -> Self {
        Self { path: path.to_owned(), message, hint }
    }
}

impl PolicyKind {
    /// Whether the policy says what its owner may do, and so has no principal.
    pub fn is_of_identity(self) -> bool {
        matches!(self, Self::Identity | Self::Boundary | Self::Session | Self::ServiceControl)
    }
}

#[cfg(test)]
mod tests {
    use super::{PolicyKind, validate};
    use crate::parse::{Strictness, parse};

    /// Kind, statement (or document), and the path and message of the first fault; empty for none.
    const CASES: &[(PolicyKind, &str, &str)] = &[
        (PolicyKind::Identity, r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#, ""),
        (PolicyKind::Identity, r#"{"Effect":"Allow","Action":"*:*","Resource":"*"}"#, ""),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}"}"#,
            "",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::1:user/${a, 'b'}"}"#,
            "",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}"#,
            "Statement[0].Principal: an identity policy has no principal",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"*"}"#,
            "Statement[0]: the statement has neither `Resource` nor `NotResource`",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#,
            "Statement[0].Action: the list is empty",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"s3:*","Resource":[]}"#,
            "Statement[0].Resource: the list is empty",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","NotAction":"GetObject","Resource":"*"}"#,
            "Statement[0].NotAction: `GetObject` has no service prefix",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"s3:Get:x","Resource":"*"}"#,
            "Statement[0].Action: `s3:Get:x` has more than one colon",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"s 3:Get","Resource":"*"}"#,
            "Statement[0].Action: `s 3` is no service prefix",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"mybucket"}"#,
            "Statement[0].Resource: `mybucket` is neither an ARN nor `*`",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"s3:Get*","Resource":["*","arn:amazon:s3:::b"]}"#,
            "Statement[0].Resource: `amazon` is no partition of AWS",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam:eu-west-1:1:role/x"}"#,
            "Statement[0].Resource: an IAM resource has no Region",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:eu-west-1::x"}"#,
            "Statement[0].Resource: an S3 bucket or object has no Region",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::1:person/x"}"#,
            "Statement[0].Resource: `person/x` is no resource of IAM",
        ),
        (
            PolicyKind::Identity,
            r#"{"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
            "Statement[0].Sid: `a b` has characters other than letters and digits",
        ),
        (
            PolicyKind::Resource,
            r#"{"Sid":"a b","Effect":"Allow","Action":"s3:*","Principal":"*","Resource":"*"}"#,
            "",
        ),
        (
            PolicyKind::Resource,
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
            "Statement[0]: the statement has neither `Principal` nor `NotPrincipal`",
        ),
        (PolicyKind::Resource, r#"{"Effect":"Allow","Action":"ecr:*","Principal":"*"}"#, ""),
        (
            PolicyKind::Resource,
            r#"{"Effect":"Allow","Action":"s3:*","Principal":{"AWS":"bob"},"Resource":"*"}"#,
            "Statement[0].Principal: `bob` is no principal of kind AWS",
        ),
        (
            PolicyKind::Resource,
            r#"{"Effect":"Allow","Action":"s3:*","Principal":{"AWS":"arn:aws:iam::1:user/*"},"Resource":"*"}"#,
            "Statement[0].Principal: `arn:aws:iam::1:user/*` has a wildcard inside",
        ),
        (
            PolicyKind::Resource,
            r#"{"Effect":"Allow","Action":"s3:*","Principal":{"People":"bob"},"Resource":"*"}"#,
            "Statement[0].Principal: `People` is no kind of principal",
        ),
        (
            PolicyKind::Resource,
            r#"{"Effect":"Allow","Action":"s3:*","Principal":{"AWS":[]},"Resource":"*"}"#,
            "Statement[0].Principal: the list is empty",
        ),
        (
            PolicyKind::Trust,
            r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111122223333"}}"#,
            "",
        ),
        (
            PolicyKind::Trust,
            r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Resource":"*"}"#,
            "Statement[0].Resource: a trust policy has no resource",
        ),
        (
            PolicyKind::Trust,
            r#"{"Effect":"Deny","Action":"sts:AssumeRole","NotPrincipal":{"AWS":"111122223333"}}"#,
            "Statement[0].NotPrincipal: a trust policy has no `NotPrincipal`",
        ),
        (
            PolicyKind::Trust,
            r#"{"Effect":"Allow","Action":"s3:GetObject","Principal":"*"}"#,
            "Statement[0].Action: `s3:GetObject` is no action of STS",
        ),
        (PolicyKind::ServiceControl, r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#, ""),
        (
            PolicyKind::ServiceControl,
            r#"{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3"}"#,
            "Statement[0].Resource: `arn:aws:s3` has fewer than six parts",
        ),
        (PolicyKind::ServiceControl, r#"{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3*"}"#, ""),
        (
            PolicyKind::ResourceControl,
            r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}"#,
            "",
        ),
        (
            PolicyKind::ResourceControl,
            r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#, // RCPFullAWSAccess
            "",
        ),
        (
            PolicyKind::ResourceControl,
            r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#,
            "Statement[0].Effect: a resource control policy of one's own can only deny",
        ),
        (
            PolicyKind::ResourceControl,
            r#"{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"s3:*","Resource":"*"}"#,
            "Statement[0].Principal: the principal of a resource control policy is `\"*\"`",
        ),
        (
            PolicyKind::ResourceControl,
            r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#,
            "Statement[0].Action: `*` has no service prefix",
        ),
        (
            PolicyKind::ResourceControl,
            r#"{"Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*"}"#,
            "Statement[0].NotAction: a resource control policy has no `NotAction`",
        ),
        (
            PolicyKind::Endpoint,
            r#"{"Effect":"Allow","NotPrincipal":"*","Action":"s3:*","Resource":"*"}"#,
            "Statement[0].NotPrincipal: an endpoint policy has no `NotPrincipal`",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringMatches":{"aws:x":"y"}}}"#,
            "Statement[0].Condition.StringMatches: `StringMatches` is no condition operator",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NullIfExists":{"aws:x":"true"}}}"#,
            "Statement[0].Condition.NullIfExists: `NullIfExists` is no condition operator",
        ),
        // AWS stores a key without service prefix (AmazonEC2SpotFleetTaggingRole); no request has it.
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"mfa":"true"}}}"#,
            "",
        ),
        (
            PolicyKind::Identity,
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:x":"soon"}}}"#,
            "Statement[0].Condition.DateLessThan: `soon` is no date",
        ),
        (PolicyKind::Identity, r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}"#, ""),
    ];

    #[test]
    fn faults() {
        for (kind, statement, expected) in CASES {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
            let document = parse(&text, Strictness::Strict).unwrap();
            let found = validate(&document, *kind).into_iter().next();
            let got = found.map(|fault| format!("{}: {}", fault.path, fault.message)).unwrap_or_default();
            assert_eq!(&got, expected, "{statement}");
        }
    }

    #[test]
    fn faults_of_the_document() {
        let same_sid = r#"{"Statement":[{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"},
            {"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        for (kind, text, expected) in [
            (PolicyKind::Identity, r#"{"Statement":[]}"#, "Statement: the policy has no statement"),
            (PolicyKind::Identity, same_sid, "Statement[1].Sid: the Sid `A` stands in this policy twice"),
            (
                PolicyKind::Identity,
                r#"{"Id":"x","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
                "Id: an identity policy has no `Id`",
            ),
            (
                PolicyKind::ResourceControl,
                r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}"#,
                "Version: a resource control policy must be of version 2012-10-17",
            ),
        ] {
            let document = parse(text, Strictness::Strict).unwrap();
            let fault = validate(&document, kind).into_iter().next().unwrap();
            assert_eq!(format!("{}: {}", fault.path, fault.message), expected);
            assert!(!fault.hint.is_empty());
        }
    }
}
