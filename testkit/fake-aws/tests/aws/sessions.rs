//! The kinds of credentials: what each may call, and what policies see of MFA (`id_credentials_temp_request`).

use kagimori_fake_aws::{Account, Company, Permissions, User, bastion};

use crate::client::{Aws, Keys, POWER};

/// One of each kind.
fn kinds(aws: &mut Aws) -> [(&'static str, Keys); 5] {
    let alice = aws.user("alice");
    let keeper = aws.user("federator");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let plain = aws.sts(&alice, "GetSessionToken", &[]).keys();
    let with_mfa = aws.mfa_session("alice");
    let role = aws.power();
    let federated = aws.sts(&keeper, "GetFederationToken", &[("Name", "ci"), ("Policy", policy)]).keys();
    [
        ("user key", alice),
        ("session without MFA", plain),
        ("session with MFA", with_mfa),
        ("role", role),
        ("federated", federated),
    ]
}

fn company() -> Company {
    let all = Permissions::attached("arn:aws:iam::aws:policy/AdministratorAccess");
    let mut company = Company::bastion();
    let account = company.account_mut(bastion::BASTION).unwrap();
    account.users.push(User::new("federator").permissions(all));
    company
}

#[test]
fn what_each_kind_may_call() {
    let mut aws = Aws::of(&company());
    for (kind, keys) in kinds(&mut aws) {
        let (id, session_token, federation, iam, assume) = match kind {
            "user key" => ("AKIA", "OK", "AccessDenied", "OK", "AccessDenied"),
            "session without MFA" => {
                ("ASIA", "AccessDenied", "AccessDenied", "InvalidClientTokenId", "AccessDenied")
            }
            "session with MFA" => ("ASIA", "AccessDenied", "AccessDenied", "OK", "OK"),
            "role" => ("ASIA", "AccessDenied", "AccessDenied", "OK", "AccessDenied"),
            _ => ("ASIA", "AccessDenied", "AccessDenied", "InvalidClientTokenId", "AccessDenied"),
        };
        assert!(keys.id.starts_with(id), "{kind}");
        assert_eq!(aws.sts(&keys, "GetCallerIdentity", &[]).code(), "OK", "{kind}");
        assert_eq!(aws.sts(&keys, "GetSessionToken", &[]).code(), session_token, "{kind}");
        assert_eq!(aws.sts(&keys, "GetFederationToken", &[("Name", "x1")]).code(), federation, "{kind}");
        let action = if kind == "role" { "ListRoles" } else { "ListVirtualMFADevices" };
        assert_eq!(aws.iam(&keys, action, &[]).code(), iam, "{kind}");
        assert_eq!(aws.assume(&keys, POWER, &[]).code(), assume, "{kind}");
    }
}

#[test]
fn arns_and_ids() {
    let mut aws = Aws::of(&company());
    for (kind, keys) in kinds(&mut aws) {
        let answer = aws.sts(&keys, "GetCallerIdentity", &[]).ok();
        let (arn, id) = match kind {
            "role" => ("arn:aws:sts::222233334444:assumed-role/Power/s1", "AROA"),
            "federated" => ("arn:aws:sts::111122223333:federated-user/ci", "111122223333:ci"),
            _ => ("arn:aws:iam::111122223333:user/alice", "AIDA"),
        };
        assert_eq!(answer.text("Arn"), Some(arn), "{kind}");
        assert!(answer.text("UserId").unwrap().starts_with(id), "{kind}");
    }
    let root = aws.user("root");
    let answer = aws.sts(&root, "GetCallerIdentity", &[]).ok();
    assert_eq!(answer.text("Arn"), Some("arn:aws:iam::111122223333:root"));
    assert_eq!(answer.text("UserId"), Some("111122223333"));
}

/// Whether a policy with a condition on MFA allows the kind to list its devices: absent, false or true is what counts.
#[test]
fn what_policies_see_of_mfa() {
    let cases = [
        (r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#, [false, false, true, false]),
        (r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#, [true, false, true, false]),
        (r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#, [true, true, false, true]),
        (r#"{"Null":{"aws:MultiFactorAuthPresent":"true"}}"#, [true, false, false, false]),
        (r#"{"NumericLessThan":{"aws:MultiFactorAuthAge":"600"}}"#, [false, false, true, false]),
        (r#"{"Null":{"aws:TokenIssueTime":"true"}}"#, [true, false, false, false]),
    ];
    for (condition, expected) in cases {
        // SNS, because IAM and most of STS are closed to some kinds whatever the policy says.
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sns:*","Resource":"*","Condition":{condition}}}]}}"#
        );
        let mut company = Company::bastion();
        let of_bastion = company.account_mut(bastion::BASTION).unwrap();
        of_bastion.user_mut("alice").unwrap().permissions = Permissions::inline(&policy);
        let of_workload = company.account_mut(bastion::WORKLOAD).unwrap();
        of_workload.role_mut("Power").unwrap().permissions = Permissions::inline(&policy);
        let mut aws = Aws::of(&company);
        let alice = aws.user("alice");
        let plain = aws.sts(&alice, "GetSessionToken", &[]).keys();
        let (with_mfa, role) = (aws.mfa_session("alice"), aws.power());
        let seen =
            [alice, plain, with_mfa, role].map(|keys| aws.sns(&keys, "ListTopics", &[]).code() == "OK");
        assert_eq!(seen, expected, "{condition}: user key, session, session with MFA, role");
    }
}

#[test]
fn the_age_of_mfa_grows() {
    let condition = r#"{"NumericLessThan":{"aws:MultiFactorAuthAge":"600"}}"#;
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{condition}}}]}}"#
    );
    let account = Account::new(bastion::BASTION)
        .user(User::new("alice").mfa("alice").permissions(Permissions::inline(&policy)));
    let mut aws = Aws::of(&Company::default().with(account));
    let session = aws.mfa_session("alice");
    aws.pass(599);
    assert_eq!(aws.iam(&session, "ListUsers", &[]).code(), "OK");
    aws.pass(1);
    assert_eq!(aws.iam(&session, "ListUsers", &[]).code(), "AccessDenied");
}

#[test]
fn how_long_sessions_of_sts_live() {
    let mut aws = Aws::of(&company());
    let (alice, root, federator) = (aws.user("alice"), aws.user("root"), aws.user("federator"));
    for (keys, action, seconds, expected) in [
        (&alice, "GetSessionToken", "", "2026-11-25T21:00:00Z"),
        (&alice, "GetSessionToken", "129600", "2026-11-26T21:00:00Z"),
        (&alice, "GetSessionToken", "900", "2026-11-25T09:15:00Z"),
        (&root, "GetSessionToken", "", "2026-11-25T10:00:00Z"),
        (&root, "GetSessionToken", "129600", "2026-11-25T10:00:00Z"),
        (&root, "GetSessionToken", "900", "2026-11-25T09:15:00Z"),
        (&federator, "GetFederationToken", "", "2026-11-25T21:00:00Z"),
        (&root, "GetFederationToken", "7200", "2026-11-25T10:00:00Z"),
    ] {
        let mut parameters = vec![("Name", "x1")];
        if !seconds.is_empty() {
            parameters.push(("DurationSeconds", seconds));
        }
        let answer = aws.sts(keys, action, &parameters).ok();
        assert_eq!(answer.text("Expiration"), Some(expected), "{action} {seconds}");
    }
}

#[test]
fn large_tokens() {
    let mut aws = Aws::bastion();
    let alice = aws.user("alice");
    let usual = aws.sts(&alice, "GetSessionToken", &[]).keys();
    assert!(usual.token.unwrap().len() < 1024);
    let asked = aws.sts(&alice, "GetSessionToken", &[("MinimumSessionTokenSize", "4096")]).keys();
    assert_eq!(asked.token.unwrap().len(), 4096);
    let absurd = aws.sts(&alice, "GetSessionToken", &[("MinimumSessionTokenSize", "9223372036854775807")]);
    assert_eq!(absurd.code(), "ValidationError");
    aws.world.settings_mut().large_tokens = true;
    let large = aws.sts(&alice, "GetSessionToken", &[]).keys();
    assert_eq!(large.token.as_ref().unwrap().len(), 8192);
    assert_eq!(aws.sts(&large, "GetCallerIdentity", &[]).code(), "OK");
}

#[test]
fn a_session_ends_with_its_user_key_or_not() {
    let mut aws = Aws::bastion();
    let (alice, session) = (aws.user("alice"), aws.mfa_session("alice"));
    let inactive = [("AccessKeyId", alice.id.as_str()), ("Status", "Inactive")];
    assert_eq!(aws.iam(&session, "UpdateAccessKey", &inactive).code(), "OK");
    assert_eq!(aws.sts(&alice, "GetCallerIdentity", &[]).code(), "InvalidClientTokenId");
    assert_eq!(aws.sts(&session, "GetCallerIdentity", &[]).code(), "OK", "only the key is inactive");
}
