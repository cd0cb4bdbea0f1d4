//! Requests that are not signed as they should be.

use crate::client::{Aws, Keys, signed};

const STS: (&str, &str) = ("sts", "2011-06-15");

fn request(aws: &Aws, keys: &Keys) -> kagimori_fake_aws::Request {
    signed(keys, STS, "GetCallerIdentity", &[], aws.wall)
}

#[test]
fn whatever_is_changed_after_signing_is_noticed() {
    let mut aws = Aws::bastion();
    let keys = aws.mfa_session("alice");
    let good = request(&aws, &keys);
    assert_eq!(aws.send(&good).code(), "OK");
    let mut body = good.clone();
    body.body.extend_from_slice(b"&RoleArn=x");
    let mut query = good.clone();
    query.query = "a=b".into();
    let mut path = good.clone();
    path.path = "/x".into();
    let mut method = good.clone();
    method.method = "PUT".into();
    let mut host = good.clone();
    host.headers[0].1 = "sts.amazonaws.com".into();
    for (changed, what) in
        [(body, "body"), (query, "query"), (path, "path"), (method, "method"), (host, "host")]
    {
        assert_eq!(aws.send(&changed).code(), "SignatureDoesNotMatch", "{what}");
    }
    let mut hash = good.clone();
    hash.headers.push(("x-amz-content-sha256".into(), "0".repeat(64)));
    assert_eq!(aws.send(&hash).code(), "SignatureDoesNotMatch", "a header that was not signed");
}

#[test]
fn requests_without_signature() {
    let mut aws = Aws::bastion();
    let keys = aws.user("alice");
    let mut unsigned = request(&aws, &keys);
    unsigned.headers.retain(|(name, _)| name != "authorization");
    let answer = aws.send(&unsigned);
    assert_eq!((answer.status, answer.code().as_str()), (403, "MissingAuthenticationToken"));
    let mut undated = request(&aws, &keys);
    undated.headers.retain(|(name, _)| name != "x-amz-date");
    assert_eq!(aws.send(&undated).code(), "IncompleteSignature");
}

#[test]
fn the_scope_must_be_of_the_service() {
    let mut aws = Aws::bastion();
    let keys = aws.user("alice");
    let request = signed(&keys, ("iam", "2011-06-15"), "GetCallerIdentity", &[], aws.wall);
    let answer = aws.send(&request);
    assert_eq!(answer.message(), "Credential should be scoped to correct service: 'sts'.");
    let request = signed(&keys, ("sts", "2010-05-08"), "GetCallerIdentity", &[], aws.wall);
    assert_eq!(aws.send(&request).code(), "InvalidAction");
}

#[test]
fn a_quarter_of_an_hour_is_tolerated() {
    let mut aws = Aws::bastion();
    let keys = aws.user("alice");
    for (skew, expected) in
        [(900, "OK"), (-900, "OK"), (901, "SignatureDoesNotMatch"), (-901, "SignatureDoesNotMatch")]
    {
        aws.world.settings_mut().date_skew_seconds = skew;
        let request = request(&aws, &keys);
        assert_eq!(aws.send(&request).code(), expected, "{skew}");
    }
}

/// Time in the world may run ahead of the time signatures are dated by, or not.
#[test]
fn the_two_clocks() {
    let mut aws = Aws::bastion();
    let (keys, session) = (aws.user("alice"), aws.mfa_session("alice"));
    aws.world.advance(jiff::SignedDuration::from_hours(12));
    let (of_user, of_session) = (request(&aws, &keys), request(&aws, &session));
    assert_eq!(aws.send(&of_user).code(), "OK");
    assert_eq!(aws.send(&of_session).code(), "ExpiredToken");
    aws.world.settings_mut().signed_by_virtual_clock = true;
    assert_eq!(aws.send(&of_user).code(), "SignatureDoesNotMatch");
    let now = aws.world.now(aws.wall);
    let dated = signed(&keys, STS, "GetCallerIdentity", &[], now);
    assert_eq!(aws.send(&dated).code(), "OK");
}
