//! Laws that hold whatever is called in whatever order.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use kagimori_fake_aws::bastion;
use proptest::prelude::*;

use crate::client::{Aws, Keys, POWER};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each step of a device is accepted once at most, never one that is older than one accepted before, and only within
    /// the window.
    #[test]
    fn a_step_counts_once_and_time_goes_forward(
        tries in prop::collection::vec((0_i64..70, -3_i64..=3, any::<bool>()), 1..40)
    ) {
        let mut aws = Aws::bastion();
        let alice = aws.user("alice");
        aws.world.settings_mut().identity_sees_code = true;
        let mut newest = i64::MIN;
        for (seconds, offset, by_role) in tries {
            aws.pass(seconds);
            let then = aws.wall + SignedDuration::from_secs(30 * offset);
            let code = aws.world.totp(bastion::ALICE_MFA, then).unwrap();
            let mfa = [("SerialNumber", bastion::ALICE_MFA), ("TokenCode", code.as_str())];
            let answer = if by_role {
                aws.assume(&alice, POWER, &mfa)
            } else {
                aws.sts(&alice, "GetSessionToken", &mfa)
            };
            let step = then.as_second().div_euclid(30);
            let expected = offset.abs() <= 1 && step > newest;
            prop_assert_eq!(answer.code() == "OK", expected, "step {} after {}", step, newest);
            newest = if expected { step } else { newest };
        }
    }

    /// Whatever is sent, signed or not, is answered with a document and a status a client knows, and nothing secret is kept.
    #[test]
    fn anything_is_answered(
        action in prop_oneof![
            Just("AssumeRole"), Just("GetSessionToken"), Just("GetFederationToken"), Just("CreateAccessKey"),
            Just("EnableMFADevice"), Just("ListRoles"), Just("GetAccessKeyLastUsed"), Just(""), Just("\u{0}<&"),
        ],
        parameters in prop::collection::vec((
            prop_oneof![
                Just("RoleArn"), Just("RoleSessionName"), Just("DurationSeconds"), Just("SerialNumber"),
                Just("TokenCode"), Just("Tags.member.1.Key"), Just("Tags.member.1.Value"), Just("Policy"),
                Just("PolicyArns.member.1.arn"), Just("UserName"), Just("AccessKeyId"), Just("SourceIdentity"),
                Just("AuthenticationCode1"), Just("MinimumSessionTokenSize"), Just("Name"), Just("ExternalId"),
            ],
            prop_oneof![
                ".{0,40}", Just("arn:aws:iam::222233334444:role/Power".to_owned()), Just("900".to_owned()),
                Just("-9223372036854775808".to_owned()), Just("9223372036854775807".to_owned()),
                Just("arn:aws:iam::111122223333:mfa/alice".to_owned()), Just("arn:::::".to_owned()),
            ],
        ), 0..8),
        with_mfa in any::<bool>(),
    ) {
        let mut aws = Aws::bastion();
        let keys: Keys = if with_mfa { aws.mfa_session("alice") } else { aws.user("alice") };
        let pairs: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for service in ["sts", "iam"] {
            let answer = if service == "sts" {
                aws.sts(&keys, action, &pairs)
            } else {
                aws.iam(&keys, action, &pairs)
            };
            prop_assert!([200, 400, 403, 404, 409].contains(&answer.status), "{}", answer.status);
            prop_assert!(answer.body.starts_with('<') && answer.body.contains("<RequestId>"));
            prop_assert!(answer.body.chars().all(|letter| letter >= ' ' || letter == '\n' || letter == '\t'));
        }
        let log = serde_json::to_string(aws.world.log()).unwrap();
        prop_assert!(!log.contains("fictional/") && !log.contains("FictionalSessionToken"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Requests that no client would send.
    #[test]
    fn nonsense_is_refused(
        method in "[A-Z]{0,5}",
        path in "/.{0,10}|/federation|/control/(clock|settings|trouble|totp|access-keys)|/",
        query in ".{0,20}|(&?[A-Za-z.1]{0,8}=?%?[0-9A-F]{0,3}){0,4}",
        body in prop::collection::vec(any::<u8>(), 0..60),
        authorization in ".{0,30}|AWS4-HMAC-SHA256 (Credential|SignedHeaders|Signature)?=?[a-z/;,= ]{0,40}\
            |AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261125/r/sts/aws4_request,SignedHeaders=host,Signature=0",
        date in ".{0,20}|2026[0-9]{4}T[0-9]{6}Z|20261125T090000Z",
    ) {
        let mut aws = Aws::bastion();
        let headers = [("authorization", authorization), ("x-amz-date", date)];
        let request = kagimori_fake_aws::Request {
            method,
            path,
            query,
            headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            body,
            source_ip: [127, 0, 0, 1].into(),
        };
        prop_assert!((400..500).contains(&aws.send(&request).status), "{:?}", request);
    }
}

#[test]
fn one_seed_one_world() {
    let run = |seed| {
        let company = kagimori_fake_aws::Company::bastion().seeded(seed);
        let mut aws = Aws::of(&company);
        let session = aws.mfa_session("alice");
        aws.assume(&session, POWER, &[]).body
    };
    assert_eq!(run(1), run(1));
    let distinct: BTreeSet<String> = (1..=5).map(run).collect();
    assert_eq!(distinct.len(), 5);
}
