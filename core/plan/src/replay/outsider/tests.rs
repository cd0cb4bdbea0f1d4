//! Services, identity providers and other accounts before a role's trust policy.

use kagimori_estate::Estate;
use kagimori_estate::change::{Change, IdentityChange, WireDocument, apply};
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::Arn;
use kagimori_policy::parse::{Strictness, parse};
use kagimori_trail::call::{CheckedResource, Outcome};

use super::*;
use crate::replay::tests::{call, classes, document};
use crate::replay::{Replay, Telling, Verdict};

const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const GITHUB: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";

fn account() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

/// An account with a user and a role that trusts so.
fn estate(trust: &str) -> Estate {
    let text = format!(
        r#"{{"UserDetailList":[{{"Path":"/","UserName":"ann","UserId":"AIDAEXAMPLEEXAMPLE01","Arn":"arn:aws:iam::111122223333:user/ann",
        "CreateDate":"2026-01-01T00:00:00+00:00","GroupList":[],"AttachedManagedPolicies":[],"Tags":[],"UserPolicyList":[
        {{"PolicyName":"all","PolicyDocument":{}}}]}}],
        "GroupDetailList":[],"RoleDetailList":[{{"Path":"/","RoleName":"app","RoleId":"AROAEXAMPLEEXAMPLE01","Arn":"{ROLE}",
        "CreateDate":"2026-01-01T00:00:00+00:00","AssumeRolePolicyDocument":{trust},"InstanceProfileList":[],"RolePolicyList":[],
        "AttachedManagedPolicies":[],"Tags":[],"RoleLastUsed":{{}}}}],"Policies":[],"IsTruncated":false}}"#,
        document(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
    );
    let mut assembler = Assembler::default();
    let path = "authorization-details.json";
    assembler.add(read(File { path, account: Some(account()), bytes: text.as_bytes() }));
    let estate = assembler.finish(None);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    estate
}

fn trusting(action: &str, principal: &str, condition: &str) -> String {
    let condition = if condition.is_empty() { String::new() } else { format!(r#","Condition":{condition}"#) };
    format!(r#"{{"Effect":"Allow","Action":"{action}","Principal":{principal}{condition}}}"#)
}

/// What becomes of somebody's call on the role when its trust policy becomes another.
fn verdict(before: &str, after: &str, action: &str, caller: (Principal, Option<&str>)) -> Verdict {
    let estate = estate(&document(before));
    let changed = WireDocument(parse(&document(after), Strictness::Strict).unwrap());
    let role = Arn::parse(ROLE).unwrap();
    let change = Change::from(IdentityChange::SetTrustPolicy { role, document: changed });
    let after = apply(&estate, &change).unwrap_or_else(|_| estate.clone());
    let mut call = call(1, action, CheckedResource::Arn(ROLE.into()), Outcome::Succeeded);
    call.caller.principal = caller.0;
    call.caller.other = caller.1.map(Into::into);
    call.caller.access_key = None;
    let class = classes(&[call], Telling::default()).remove(0);
    Replay::new(&Access::of(&estate), &Access::of(&after)).judge(&class).verdict
}

#[test]
fn a_service_that_is_shut_out_breaks() {
    let (ec2, lambda) = (r#"{"Service":"ec2.amazonaws.com"}"#, r#"{"Service":"lambda.amazonaws.com"}"#);
    let root = r#"{"AWS":"arn:aws:iam::111122223333:root"}"#;
    let trust = |principal: &str| trusting("sts:AssumeRole", principal, "");
    let both = format!("{},{}", trust(ec2), trust(root));
    let asks = r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
    let by = |name: &str| (Principal::Service(name.to_owned()), None);
    for (before, after, name, expected) in [
        (&both, trust(root), "ec2.amazonaws.com", Verdict::NewlyDenied),
        (&both, trust(ec2), "ec2.amazonaws.com", Verdict::StillAllowed),
        (&both, trusting("sts:AssumeRole", ec2, asks), "ec2.amazonaws.com", Verdict::NewlyDenied),
        (&both, both.clone(), "ec2.amazonaws.com", Verdict::NotAsked),
        // It succeeded, and the trust policy of the snapshot does not name it: the one that let it in may be what is written anew.
        (&trust(ec2), trust(lambda), "ecs-tasks.amazonaws.com", Verdict::CannotTell),
    ] {
        assert_eq!(verdict(before, &after, "sts:AssumeRole", by(name)), expected, "{after} {name}");
    }
}

#[test]
fn a_provider_that_is_shut_out_breaks() {
    let action = "sts:AssumeRoleWithWebIdentity";
    let provider = format!(r#"{{"Federated":"{GITHUB}"}}"#);
    let sub = |pattern: &str| {
        let key = "token.actions.githubusercontent.com:sub";
        trusting(action, &provider, &format!(r#"{{"StringLike":{{"{key}":"{pattern}"}}}}"#))
    };
    let root = trusting("sts:AssumeRole", r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, "");
    let text = format!("{GITHUB}:repo:octo/app:ref:refs/heads/main");
    for (before, after, expected) in [
        (sub("repo:octo/app:*"), root.clone(), Verdict::NewlyDenied),
        (sub("repo:octo/app:*"), sub("repo:octo/other:*"), Verdict::NewlyDenied),
        (sub("repo:octo/*"), sub("repo:octo/app:*"), Verdict::StillAllowed),
        (trusting(action, &provider, ""), sub("repo:octo/app:*"), Verdict::StillAllowed),
    ] {
        let caller = (Principal::Other, Some(text.as_str()));
        assert_eq!(verdict(&before, &after, action, caller), expected, "{after}");
    }
}

#[test]
fn another_account_that_is_shut_out_breaks() {
    let of = |account: &str| {
        trusting("sts:AssumeRole", &format!(r#"{{"AWS":"arn:aws:iam::{account}:root"}}"#), "")
    };
    let one = trusting("sts:AssumeRole", r#"{"AWS":"arn:aws:iam::777788889999:role/ci"}"#, "");
    let vendor = AccountId::parse("777788889999").unwrap();
    let caller = || (Principal::UniqueId(vendor, "AROAEXAMPLEEXAMPLE77".to_owned()), None);
    for (before, after, expected) in [
        (of("777788889999"), of("111122223333"), Verdict::NewlyDenied),
        (of("777788889999"), format!("{},{}", of("777788889999"), of("111122223333")), Verdict::StillAllowed),
        // Which role of the account called is not told.
        (one, of("111122223333"), Verdict::CannotTell),
    ] {
        assert_eq!(verdict(&before, &after, "sts:AssumeRole", caller()), expected, "{after}");
    }
}

#[test]
fn a_user_is_known_by_unique_id() {
    let of = |account: &str| {
        trusting("sts:AssumeRole", &format!(r#"{{"AWS":"arn:aws:iam::{account}:root"}}"#), "")
    };
    let caller = |id: &str| (Principal::UniqueId(account(), id.to_owned()), None);
    let (before, after) = (of("111122223333"), of("777788889999"));
    let denied = verdict(&before, &after, "sts:AssumeRole", caller("AIDAEXAMPLEEXAMPLE01"));
    assert_eq!(denied, Verdict::NewlyDenied);
    let gone = verdict(&before, &after, "sts:AssumeRole", caller("AIDAEXAMPLEEXAMPLE99"));
    assert_eq!(gone, Verdict::CannotTell);
}

#[test]
fn who_stands_behind_a_provider() {
    let github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let saml = "arn:aws:iam::111122223333:saml-provider/corp";
    for (text, expected) in [
        (
            format!("{github}:repo:octo/app:ref:refs/heads/main"),
            Some((github, "repo:octo/app:ref:refs/heads/main")),
        ),
        (format!("{saml}:akari@example.com"), Some((saml, "akari@example.com"))),
        ("accounts.google.com:107".to_owned(), Some(("accounts.google.com", "107"))),
        ("111122223333:AROAEXAMPLE".to_owned(), None),
        ("nobody".to_owned(), None),
    ] {
        let read = Federated::read(&text);
        assert_eq!(read.map(|one| (one.provider, one.subject)), expected, "{text}");
    }
}

#[test]
fn the_subject_is_a_condition_key_of_its_host() {
    let text = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:system:serviceaccount:a:b";
    let facts = Federated::read(text).unwrap().facts();
    let key = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:sub".to_owned();
    assert!(facts.contains(&(key, Fact::One("system:serviceaccount:a:b".to_owned()))));
}
