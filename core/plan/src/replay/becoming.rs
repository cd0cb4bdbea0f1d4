//! A user becomes a role: what the user's calls are as those of a session of the role.
//!
//! A session has no `aws:username`; `aws:PrincipalArn`, `aws:userid` and `aws:PrincipalType` are the role's; it has a token that was issued at
//! some time, and no MFA (*AWS global condition context keys*). Where it calls from, and what it asks, stays.

use kagimori_estate::access::Subject;
use kagimori_id::{AccessKeyId, Arn};
use kagimori_trail::call::{Call, Caller};
use kagimori_trail::event::Principal;

use super::Class;

/// A user who would be a role.
#[derive(Clone, Debug)]
pub(super) struct Becoming {
    user: Arn,
    pub(super) role: Arn,
}

impl Becoming {
    pub(super) fn new(user: Arn, role: Arn) -> Self {
        Self { user, role }
    }

    /// Whether somebody is the one.
    pub(super) fn is_about(&self, subject: &Subject) -> bool {
        subject.arn == self.user
    }
}

impl Class {
    /// The same calls by a session of a role.
    #[must_use]
    pub fn as_session(&self, role: &Arn) -> Self {
        let mut session = self.clone();
        session.call = as_session(&self.call, role);
        session
    }
}

/// A call by a session of a role, of whatever name.
pub(super) fn as_session(call: &Call, role: &Arn) -> Call {
    // The id of the session's key is nobody's: it says that there is a token.
    let key = call.caller.access_key.as_ref().map(|key| key.as_str().replacen("AKIA", "ASIA", 1));
    let key = key.and_then(|key| AccessKeyId::parse(&key).ok());
    let caller = Caller {
        principal: Principal::Role(role.clone()),
        arn: None,
        unique_id: None,
        access_key: key,
        mfa: Some(false),
        ..call.caller.clone()
    };
    Call { caller, is_from_console: false, ..call.clone() }
}

#[cfg(test)]
mod tests {
    use kagimori_estate::Estate;
    use kagimori_estate::access::Access;
    use kagimori_policy::parse::{Strictness, parse};
    use kagimori_trail::call::{CheckedResource, Outcome};

    use super::*;
    use crate::replay::tests::{arn, call, classes, read_estate};
    use crate::replay::{Replay, Telling, Verdict};

    const USER: &str = "arn:aws:iam::111122223333:user/app";
    const ROLE: &str = "arn:aws:iam::111122223333:role/app-ec2";

    /// The user and its role, with the same policy.
    fn estate(policy: &str) -> Estate {
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{policy}]}}"#);
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        read_estate(&format!(
            r#"{{"UserDetailList":[{{"Path":"/","UserName":"app","UserId":"AIDAEXAMPLEEXAMPLE01","Arn":"{USER}",
            "CreateDate":"2026-01-01T00:00:00+00:00","GroupList":[],"AttachedManagedPolicies":[],"Tags":[],
            "UserPolicyList":[{{"PolicyName":"work","PolicyDocument":{policy}}}]}}],"GroupDetailList":[],
            "RoleDetailList":[{{"Path":"/","RoleName":"app-ec2","RoleId":"AROAEXAMPLEEXAMPLE01","Arn":"{ROLE}",
            "CreateDate":"2026-01-01T00:00:00+00:00","AssumeRolePolicyDocument":{trust},"InstanceProfileList":[],
            "RolePolicyList":[{{"PolicyName":"work","PolicyDocument":{policy}}}],"AttachedManagedPolicies":[],"Tags":[]}}],
            "Policies":[],"IsTruncated":false}}"#
        ))
    }

    fn becomes(policy: &str, bucket: Option<&str>, resource: CheckedResource) -> Verdict {
        let estate = estate(policy);
        let mut access = Access::of(&estate);
        if let Some(bucket) = bucket {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{bucket}]}}"#);
            access.add_resource_policy("arn:aws:s3:::b", parse(&text, Strictness::Strict).unwrap(), None);
        }
        let call = call(1_790_000_000, "s3:GetObject", resource, Outcome::Succeeded);
        let class = classes(&[call], Telling::default()).remove(0);
        let replay = Replay::new(&access, &access);
        assert!(replay.judge(&class).verdict >= Verdict::AllowedAssuming, "as it is");
        replay.becoming(Arn::parse(USER).unwrap(), Arn::parse(ROLE).unwrap()).judge(&class).verdict
    }

    const PLAIN: &str = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
    const NOTHING: &str = r#"{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}"#;

    #[test]
    fn the_same_policy_does_for_a_role() {
        assert_eq!(becomes(PLAIN, None, arn("arn:aws:s3:::b/k")), Verdict::StillAllowed);
    }

    /// What allowed the user by its name, or by what only users have, does not allow the role.
    #[test]
    fn what_names_the_user_is_lost() {
        let named = |names: &str| {
            format!(
                r#"{{"Effect":"Allow","Principal":{{"AWS":"{names}"}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#
            )
        };
        assert_eq!(becomes(NOTHING, Some(&named(USER)), arn("arn:aws:s3:::b/k")), Verdict::NewlyDenied);
        for (key, value) in
            [("aws:username", "app"), ("aws:PrincipalArn", USER), ("aws:PrincipalType", "User")]
        {
            let only = format!(
                r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{{"StringEquals":{{"{key}":"{value}"}}}}}}"#
            );
            assert_eq!(becomes(&only, None, arn("arn:aws:s3:::b/k")), Verdict::NewlyDenied, "{key}");
        }
        // A session's id is of the role, and its name is not told.
        let id = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:userid":"AIDAEXAMPLEEXAMPLE01"}}}"#;
        assert_eq!(becomes(id, None, arn("arn:aws:s3:::b/k")), Verdict::CannotTell);
        let home =
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*"}"#;
        assert_eq!(becomes(home, None, arn("arn:aws:s3:::b/app/k")), Verdict::NewlyDenied);
        let token = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Null":{"aws:TokenIssueTime":"true"}}}"#;
        assert_eq!(becomes(token, None, arn("arn:aws:s3:::b/k")), Verdict::NewlyDenied);
    }
}
