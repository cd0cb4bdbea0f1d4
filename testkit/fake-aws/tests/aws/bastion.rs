//! The flow of S0: a user who may do nothing but pass MFA and assume roles elsewhere.

use kagimori_fake_aws::bastion;

use crate::client::{Aws, DEPLOY, LONG_JOB, POWER, serial};

#[test]
fn the_daily_flow() {
    let mut aws = Aws::bastion();
    let alice = aws.user("alice");
    assert_eq!(aws.assume(&alice, POWER, &[]).code(), "AccessDenied", "without MFA");

    let plain = aws.sts(&alice, "GetSessionToken", &[]).keys();
    assert_eq!(aws.assume(&plain, POWER, &[]).code(), "AccessDenied", "a session without MFA");

    let session = aws.mfa_session("alice");
    let role = aws.assume(&session, POWER, &[]).ok();
    assert_eq!(role.text("Arn"), Some("arn:aws:sts::222233334444:assumed-role/Power/s1"));
    let (id, keys) = (role.text("AssumedRoleId").unwrap().to_owned(), role.keys());
    assert!(id.starts_with("AROA") && id.ends_with(":s1") && keys.id.starts_with("ASIA"), "{id}");

    let identity = aws.sts(&keys, "GetCallerIdentity", &[]).ok();
    assert_eq!(identity.text("UserId"), Some(id.as_str()));
    assert_eq!(identity.text("Account"), Some("222233334444"));
    assert_eq!(aws.iam(&keys, "ListRoles", &[]).code(), "OK", "PowerUserAccess allows that much of IAM");
    assert_eq!(aws.iam(&keys, "ListUsers", &[]).code(), "AccessDenied", "and not this");
    assert_eq!(aws.sns(&keys, "CreateTopic", &[("Name", "t1")]).code(), "OK");
}

#[test]
fn a_code_counts_once_over_calls_and_even_when_the_reply_was_lost() {
    let mut aws = Aws::bastion();
    let (alice, carol) = (aws.user("alice"), aws.user("carol"));
    let (serial, code) = (serial("carol"), aws.code("carol"));
    let mfa = [("SerialNumber", serial.as_str()), ("TokenCode", code.as_str())];
    aws.world.plan(Some("AssumeRole"), Some(1), kagimori_fake_aws::Trouble::LoseReply);
    let lost = aws.assume(&carol, POWER, &mfa);
    assert!(lost.reply.is_lost && lost.status == 200);
    for _ in 0..2 {
        let again = aws.sts(&carol, "GetSessionToken", &mfa);
        assert_eq!(again.message(), "MultiFactorAuthentication failed with invalid MFA one time pass code.");
        aws.pass(10);
    }
    assert_eq!(aws.sts(&alice, "GetSessionToken", &mfa).code(), "AccessDenied", "of another user's device");
}

#[test]
fn sessions_end_to_the_second_and_roles_outlive_the_session_they_came_from() {
    let mut aws = Aws::bastion();
    aws.pass(30);
    let (alice, serial, code) = (aws.user("alice"), serial("alice"), aws.code("alice"));
    let mfa = [("SerialNumber", serial.as_str()), ("TokenCode", code.as_str()), ("DurationSeconds", "900")];
    let answer = aws.sts(&alice, "GetSessionToken", &mfa).ok();
    assert_eq!(answer.text("Expiration"), Some("2026-11-25T09:15:30Z"));
    let session = answer.keys();
    let role = aws.assume(&session, POWER, &[]).keys();
    aws.pass(899);
    assert_eq!(aws.sts(&session, "GetCallerIdentity", &[]).code(), "OK");
    aws.pass(1);
    assert_eq!(aws.assume(&session, POWER, &[]).code(), "ExpiredToken");
    assert_eq!(aws.sts(&role, "GetCallerIdentity", &[]).code(), "OK");
    aws.pass(3600 - 900);
    assert_eq!(aws.sts(&role, "GetCallerIdentity", &[]).code(), "ExpiredToken");
}

/// What can last how long: chained an hour, directly up to the role's maximum.
#[test]
fn durations() {
    const CHAINED: &str =
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
    const MAXIMUM: &str = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    let mut aws = Aws::bastion();
    let (session, power) = (aws.mfa_session("alice"), aws.power());
    for (role, from_role, seconds, expected) in [
        (POWER, false, "3600", ""),
        (POWER, false, "3601", CHAINED),
        (LONG_JOB, false, "7200", CHAINED),
        (DEPLOY, true, "3600", ""),
        (DEPLOY, true, "43200", CHAINED),
    ] {
        let keys = if from_role { &power } else { &session };
        let answer = aws.assume(keys, role, &[("DurationSeconds", seconds)]);
        assert_eq!(answer.message(), expected, "{role} {seconds}");
    }
    // Directly, with one code a role.
    let carol = aws.user("carol");
    for (role, seconds, expected) in
        [(LONG_JOB, "43200", ""), (POWER, "3601", MAXIMUM), (LONG_JOB, "7200", "")]
    {
        aws.pass(30);
        let (serial, code) = (serial("carol"), aws.code("carol"));
        let mfa = [("SerialNumber", serial.as_str()), ("TokenCode", &code), ("DurationSeconds", seconds)];
        assert_eq!(aws.assume(&carol, role, &mfa).message(), expected, "{role} {seconds}");
    }
}

#[test]
fn what_a_callers_own_policies_see_of_a_code_is_a_setting() {
    let mut aws = Aws::bastion();
    let (alice, carol) = (aws.user("alice"), aws.user("carol"));
    let direct = |aws: &mut Aws, keys, name: &str| {
        aws.pass(30);
        let (serial, code) = (serial(name), aws.code(name));
        aws.assume(keys, POWER, &[("SerialNumber", &serial), ("TokenCode", &code)])
    };
    // Alice's group asks for MFA itself; carol's leaves that to the trust policy.
    let refused = direct(&mut aws, &alice, "alice");
    assert!(refused.message().ends_with("because no identity-based policy allows the sts:AssumeRole action"));
    assert_eq!(direct(&mut aws, &carol, "carol").code(), "OK");
    aws.world.settings_mut().identity_sees_code = true;
    assert_eq!(direct(&mut aws, &alice, "alice").code(), "OK");
    assert_eq!(aws.assume(&carol, POWER, &[]).code(), "AccessDenied", "the trust policy wants a code");
}

#[test]
fn roles_of_the_bastion() {
    let mut aws = Aws::bastion();
    let session = aws.mfa_session("alice");
    let keeper = aws.mfa_session("root-keeper");
    let role = |name: &str| format!("arn:aws:iam::222233334444:role/{name}");
    let id = [("ExternalId", bastion::EXTERNAL_ID)];
    for (keys, name, more, expected) in [
        (&session, "ReadOnly", &[][..], "OK"),
        (&session, "Admin", &[], "AccessDenied"),
        (&keeper, "Admin", &[], "OK"),
        (&session, "Vendor", &[], "AccessDenied"),
        (&session, "Vendor", &[("ExternalId", "another")], "AccessDenied"),
        (&session, "Vendor", &id, "OK"),
        (&session, "Nobody", &[], "AccessDenied"),
    ] {
        assert_eq!(aws.assume(keys, &role(name), more).code(), expected, "{name} {more:?}");
    }
    let power = aws.power();
    let second_hop = aws.assume(&power, DEPLOY, &[]).ok();
    let arn = "arn:aws:sts::333344445555:assumed-role/Deploy/s1";
    assert_eq!(second_hop.text("Arn"), Some(arn), "without the path");
    let with_mfa = "arn:aws:iam::333344445555:role/DeployWithMfa";
    assert_eq!(aws.assume(&power, with_mfa, &[]).code(), "AccessDenied", "a role session has no MFA");
    assert_eq!(aws.assume(&session, DEPLOY, &[]).code(), "AccessDenied", "it trusts the first role only");
    let without_path = DEPLOY.replace("/delivery", "");
    assert_eq!(aws.assume(&power, &without_path, &[]).code(), "AccessDenied");
}
