//! Access keys: what rotation needs.

use crate::client::{Aws, Keys};

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

#[test]
fn a_rotation() {
    let mut aws = Aws::bastion();
    let old = aws.user("alice");
    let made = aws.iam(&old, "CreateAccessKey", &[]).ok();
    assert_eq!(made.text("Status"), Some("Active"));
    let text = |element: &str| made.text(element).unwrap().to_owned();
    let new = Keys { id: text("AccessKeyId"), secret: text("SecretAccessKey"), token: None };
    let third = aws.iam(&new, "CreateAccessKey", &[]);
    assert_eq!((third.status, third.code().as_str()), (409, "LimitExceeded"));
    assert_eq!(third.message(), "Cannot exceed quota for AccessKeysPerUser: 2");

    let listed = aws.iam(&new, "ListAccessKeys", &[]).ok();
    let order = (listed.body.find(&old.id).unwrap(), listed.body.find(&new.id).unwrap());
    assert!(order.0 < order.1 && !listed.body.contains("Secret"), "{}", listed.body);

    let id = [("AccessKeyId", old.id.as_str())];
    aws.iam(&new, "UpdateAccessKey", &[id[0], ("Status", "Inactive")]).ok();
    assert_eq!(aws.sts(&old, "GetCallerIdentity", &[]).code(), "InvalidClientTokenId");
    let state: Vec<(String, bool)> =
        aws.world.keys_of(ALICE).into_iter().map(|pair| (pair.access_key_id, pair.is_active)).collect();
    assert_eq!(state, [(old.id.clone(), false), (new.id.clone(), true)]);
    aws.iam(&new, "UpdateAccessKey", &[id[0], ("Status", "Active")]).ok();
    assert_eq!(aws.sts(&old, "GetCallerIdentity", &[]).code(), "OK", "there is a way back");
    aws.iam(&new, "DeleteAccessKey", &id).ok();
    assert_eq!(aws.sts(&old, "GetCallerIdentity", &[]).code(), "InvalidClientTokenId");
    let again = aws.iam(&new, "DeleteAccessKey", &id);
    assert_eq!((again.status, again.code().as_str()), (404, "NoSuchEntity"));
}

#[test]
fn when_a_key_was_used() {
    let mut aws = Aws::bastion();
    let alice = aws.user("alice");
    let made = aws.iam(&alice, "CreateAccessKey", &[]).ok();
    let new = made.text("AccessKeyId").unwrap().to_owned();
    let unused = aws.iam(&alice, "GetAccessKeyLastUsed", &[("AccessKeyId", &new)]).ok();
    assert_eq!((unused.text("ServiceName"), unused.text("LastUsedDate")), (Some("N/A"), None));
    aws.pass(60);
    aws.sts(&alice, "GetCallerIdentity", &[]).ok();
    let used = aws.iam(&alice, "GetAccessKeyLastUsed", &[("AccessKeyId", &alice.id)]).ok();
    assert_eq!(used.text("LastUsedDate"), Some("2026-11-25T09:01:00Z"));
    assert_eq!(used.text("UserName"), Some("alice"));
}

#[test]
fn keys_of_others_are_out_of_reach() {
    let mut aws = Aws::bastion();
    let (alice, bob) = (aws.user("alice"), aws.user("bob"));
    let id = ("AccessKeyId", bob.id.as_str());
    assert_eq!(aws.iam(&alice, "DeleteAccessKey", &[id]).code(), "NoSuchEntity", "it is not alice's");
    assert_eq!(aws.iam(&alice, "DeleteAccessKey", &[id, ("UserName", "bob")]).code(), "AccessDenied");
    assert_eq!(aws.iam(&alice, "GetAccessKeyLastUsed", &[id]).code(), "AccessDenied");
    let role = aws.power();
    assert_eq!(
        aws.iam(&role, "GetUser", &[]).message(),
        "Must specify userName when calling with non-User credentials"
    );
    let root = aws.user("root");
    assert_eq!(aws.iam(&root, "DeleteAccessKey", &[id, ("UserName", "bob")]).code(), "OK");
    assert_eq!(aws.iam(&root, "ListAccessKeys", &[("UserName", "nobody")]).code(), "NoSuchEntity");
}

#[test]
fn whose_a_key_is() {
    let mut aws = Aws::bastion();
    let (alice, role, root) = (aws.user("alice"), aws.power(), aws.user("root"));
    for (id, account) in [(&alice.id, "111122223333"), (&role.id, "222233334444")] {
        let answer = aws.sts(&root, "GetAccessKeyInfo", &[("AccessKeyId", id)]).ok();
        assert_eq!(answer.text("Account"), Some(account));
    }
    let unknown = aws.sts(&root, "GetAccessKeyInfo", &[("AccessKeyId", "AKIAIOSFODNN7EXAMPLE")]);
    assert_eq!(unknown.code(), "ValidationError");
    assert_eq!(aws.sts(&alice, "GetAccessKeyInfo", &[("AccessKeyId", &alice.id)]).code(), "AccessDenied");
}
