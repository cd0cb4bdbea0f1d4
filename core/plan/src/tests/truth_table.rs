//! Where peers are wrong: the truth table of the reference, case by case, from files as AWS writes them.

use super::{Everything, Files, estate, everything, outcome};
use crate::Settings;
use crate::verdict::Outcome::{self, Fail, Info, NotApplicable, Pass, Unknown};

pub(super) const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

pub(super) const LONG_AGO: &str = "2025-09-27T00:00:00Z"; // 400 days before
pub(super) const TODAY: &str = "2026-10-31T23:00:00Z";
pub(super) const NO_KEY: (&str, &str, &str) = ("false", "N/A", "N/A");

/// A row: name, password (enabled, last used, changed), MFA, two keys (active, rotated, last used).
pub(super) fn row(
    name: &str,
    password: (&str, &str, &str),
    mfa: &str,
    keys: [(&str, &str, &str); 2],
) -> String {
    let arn = match name {
        "<root_account>" => "arn:aws:iam::111122223333:root".to_owned(),
        _ => format!("arn:aws:iam::111122223333:user/{name}"),
    };
    let key = |(active, rotated, used): (&str, &str, &str)| {
        let place = if used == "N/A" { "N/A,N/A" } else { "us-east-1,s3" };
        format!("{active},{rotated},{used},{place}")
    };
    let [one, two] = keys.map(key);
    let (enabled, used, changed) = password;
    format!("{name},{arn},{LONG_AGO},{enabled},{used},{changed},N/A,{mfa},{one},{two},false,N/A,false,N/A")
}

pub(super) fn report(rows: &[String]) -> Files {
    let text = format!("{HEADER}\n{}", rows.join("\n"));
    Files::from([("snapshots/111122223333/credential-report.csv".to_owned(), text.into_bytes())])
}

pub(super) fn judge(files: &Files) -> Everything {
    everything(&estate(files), None, &Settings::default())
}

pub(super) fn says(files: &Files, check: &str, name: &str) -> Outcome {
    outcome(&judge(files), check, name)
}

const NO_PASSWORD: (&str, &str, &str) = ("false", "N/A", "N/A");

#[test]
fn e1_root_key_used_today_and_root_password_long_ago() {
    let root =
        row("<root_account>", ("true", LONG_AGO, LONG_AGO), "true", [("true", LONG_AGO, TODAY), NO_KEY]);
    assert_eq!(says(&report(&[root]), "root-used", "<root_account>"), Fail);
}

#[test]
fn e2_and_e9_a_key_that_was_never_used_is_unused() {
    let user = row("u", NO_PASSWORD, "false", [("true", LONG_AGO, "N/A"), NO_KEY]);
    assert_eq!(says(&report(&[user]), "key-unused", "slot 1"), Fail);
    let young = row("u", NO_PASSWORD, "false", [("true", "2026-10-20T00:00:00Z", "N/A"), NO_KEY]);
    let files = report(&[young]);
    assert_eq!(
        (says(&files, "key-unused", "slot 1"), says(&files, "key-never-used", "slot 1")),
        (Pass, Info)
    );
}

#[test]
fn e3_a_password_that_was_never_used_is_unused() {
    let user = row("u", ("true", "no_information", LONG_AGO), "false", [NO_KEY, NO_KEY]);
    assert_eq!(says(&report(&[user]), "password-unused", "u"), Fail);
}

#[test]
fn e4_a_denied_report_is_unknown() {
    let denied = b"\nAn error occurred (AccessDenied) when calling the GetCredentialReport operation: no\n";
    let files = Files::from([("snapshots/111122223333/credential-report.json".to_owned(), denied.to_vec())]);
    let everything = judge(&files);
    for check in ["mfa-console-user", "key-unused", "password-unused", "root-used"] {
        let found: Vec<_> = everything.verdicts.iter().filter(|verdict| verdict.check == check).collect();
        assert_eq!(found.len(), 1, "{check}: one UNKNOWN for the account");
        assert_eq!(found[0].outcome, Unknown);
    }
}

#[test]
fn e6_the_second_key_is_judged_when_the_first_is_inactive() {
    let user = row("u", NO_PASSWORD, "false", [("false", LONG_AGO, "N/A"), ("true", LONG_AGO, "N/A")]);
    let files = report(&[user]);
    assert_eq!(
        (says(&files, "key-unused", "slot 1"), says(&files, "key-unused", "slot 2")),
        (NotApplicable, Fail)
    );
}

#[test]
fn e7_root_key_used_today() {
    let root = row("<root_account>", NO_PASSWORD, "true", [NO_KEY, ("true", LONG_AGO, TODAY)]);
    assert_eq!(says(&report(&[root]), "root-used", "<root_account>"), Fail);
}

fn details(users: &str) -> Vec<u8> {
    format!(r#"{{"UserDetailList":[{users}],"GroupDetailList":[],"RoleDetailList":[],"Policies":[]}}"#)
        .into_bytes()
}

fn user(name: &str, more: &str) -> String {
    format!(
        r#"{{"UserName":"{name}","UserId":"AIDAEXAMPLE{name}","Arn":"arn:aws:iam::111122223333:user/{name}","Path":"/","CreateDate":"2025-09-27T00:00:00+00:00","GroupList":[],"AttachedManagedPolicies":[]{more}}}"#
    )
}

const INLINE_STAR: &str = r#","UserPolicyList":[{"PolicyName":"all","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}}]"#;

#[test]
fn e8_an_administrator_with_a_fido_key_has_hardware() {
    let mut files = report(&[row("u", ("true", TODAY, LONG_AGO), "true", [NO_KEY, NO_KEY])]);
    files.insert(
        "snapshots/111122223333/authorization-details.json".to_owned(),
        details(&user("u", INLINE_STAR)),
    );
    let devices = r#"{"MFADevices":[{"UserName":"u","SerialNumber":"arn:aws:iam::111122223333:u2f/user/u/default-EXAMPLE","EnableDate":"2025-09-27T00:00:00+00:00"}]}"#;
    files.insert("snapshots/111122223333/mfa-devices.json".to_owned(), devices.into());
    assert_eq!(says(&files, "mfa-hardware-user", "u"), Pass);
    let virtual_device = devices.replace(":u2f/user/u/default-EXAMPLE", ":mfa/u");
    files.insert("snapshots/111122223333/mfa-devices.json".to_owned(), virtual_device.into());
    assert_eq!(says(&files, "mfa-hardware-user", "u"), Fail);
}

#[test]
fn e14_hardware_is_not_asked_of_key_only_users() {
    let mut files = report(&[row("u", NO_PASSWORD, "false", [("true", LONG_AGO, TODAY), NO_KEY])]);
    files.insert(
        "snapshots/111122223333/authorization-details.json".to_owned(),
        details(&user("u", INLINE_STAR)),
    );
    assert_eq!(says(&files, "mfa-hardware-user", "u"), NotApplicable);
}

#[test]
fn e15_two_keys_of_one_second_are_two_keys() {
    let mut files =
        report(&[row("u", NO_PASSWORD, "false", [("true", LONG_AGO, "N/A"), ("true", LONG_AGO, TODAY)])]);
    let keys = r#"{"AccessKeyMetadata":[
        {"UserName":"u","AccessKeyId":"AKIAIOSFODNN7EXAMPLE","Status":"Active","CreateDate":"2025-09-27T00:00:00+00:00"},
        {"UserName":"u","AccessKeyId":"AKIAI44QH8DHBEXAMPLE","Status":"Active","CreateDate":"2025-09-27T00:00:00+00:00"}]}"#;
    files.insert("snapshots/111122223333/access-keys.json".to_owned(), keys.into());
    files.insert("snapshots/111122223333/authorization-details.json".to_owned(), details(&user("u", "")));
    // slots follow ascending key id: `AKIAI4…` is slot 1, never used; `AKIAIO…` is slot 2, used today
    assert_eq!(says(&files, "key-unused", "AKIAI44QH8DHBEXAMPLE"), Fail);
    assert_eq!(says(&files, "key-unused", "AKIAIOSFODNN7EXAMPLE"), Pass);
}

#[test]
fn e16_root_under_central_management_has_nothing_to_protect() {
    let summary = r#"{"SummaryMap":{"AccountMFAEnabled":0,"AccountAccessKeysPresent":0,"AccountPasswordPresent":0,"AccountSigningCertificatesPresent":0}}"#;
    let mut files = report(&[row("<root_account>", ("FALSE", "N/A", "N/A"), "false", [NO_KEY, NO_KEY])]);
    files.insert("snapshots/111122223333/account-summary.json".to_owned(), summary.into());
    for check in ["root-mfa", "root-hardware-mfa", "root-access-key"] {
        assert_eq!(says(&files, check, "<root_account>"), Pass, "{check}");
    }
    // a count that an emulator leaves out is not zero
    let mut files = Files::new();
    let partial = r#"{"SummaryMap":{"AccountMFAEnabled":0,"AccountAccessKeysPresent":0}}"#;
    files.insert("snapshots/111122223333/account-summary.json".to_owned(), partial.into());
    assert_eq!(says(&files, "root-mfa", "<root_account>"), Unknown);
}

#[test]
fn e17_a_name_with_a_comma_in_an_unquoted_row() {
    let user = row("x+y=z,w", ("true", TODAY, LONG_AGO), "false", [NO_KEY, NO_KEY]);
    assert_eq!(says(&report(&[user]), "mfa-console-user", "x+y=z,w"), Fail);
}

/// The three MFA populations of the reference, row by row: password, MFA, key, policy → A, B, C.
#[test]
fn three_mfa_populations() {
    let cases = [
        ("password-no-mfa", true, false, false, "", [Fail, Fail, Pass]),
        ("password-and-mfa", true, true, false, "", [Pass, Pass, Pass]),
        ("key-only", false, false, true, "", [Pass, Fail, Pass]),
        ("key-only-inline-star", false, false, true, INLINE_STAR, [Pass, Fail, Fail]),
        ("password-admin", true, false, false, INLINE_STAR, [Fail, Fail, Fail]),
        ("nothing", false, false, false, "", [Pass, Fail, Pass]),
    ];
    for (name, password, mfa, key, policy, expected) in cases {
        let password = if password { ("true", TODAY, LONG_AGO) } else { NO_PASSWORD };
        let key = if key { ("true", LONG_AGO, TODAY) } else { NO_KEY };
        let mut files = report(&[row(name, password, if mfa { "true" } else { "false" }, [key, NO_KEY])]);
        files.insert(
            "snapshots/111122223333/authorization-details.json".to_owned(),
            details(&user(name, policy)),
        );
        let everything = judge(&files);
        let found = ["mfa-console-user", "mfa-every-user", "mfa-privileged-user"]
            .map(|check| outcome(&everything, check, name));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn days_are_floored_and_the_two_limits_differ() {
    // 45 days to the second is "unused for 45 days"; 90 days is not yet "older than 90 days"
    let at_45 = "2026-09-17T00:00:00Z";
    let files = report(&[row("u", NO_PASSWORD, "false", [("true", LONG_AGO, at_45), NO_KEY])]);
    assert_eq!(says(&files, "key-unused", "slot 1"), Fail);
    let files =
        report(&[row("u", NO_PASSWORD, "false", [("true", LONG_AGO, "2026-09-17T00:00:01Z"), NO_KEY])]);
    assert_eq!(says(&files, "key-unused", "slot 1"), Pass);
    let files = report(&[row("u", NO_PASSWORD, "false", [("true", "2026-08-03T00:00:00Z", TODAY), NO_KEY])]);
    assert_eq!(says(&files, "key-rotation", "slot 1"), Pass);
    let files = report(&[row("u", NO_PASSWORD, "false", [("true", "2026-08-02T00:00:00Z", TODAY), NO_KEY])]);
    assert_eq!(says(&files, "key-rotation", "slot 1"), Fail);
}

/// A service can run as a role only where there is one that trusts it; and a way up it is only where the role is one.
#[test]
fn passing_a_role_needs_a_role_that_trusts_the_service() {
    const PASS: &str = r#","UserPolicyList":[{"PolicyName":"p","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:PassRole","lambda:CreateFunction","lambda:InvokeFunction"],"Resource":"*"}]}}]"#;
    let role_with = |trust: &str, policies: &str| {
        format!(
            r#"{{"RoleName":"r","RoleId":"AROAEXAMPLE","Arn":"arn:aws:iam::111122223333:role/r","Path":"/","CreateDate":"2025-09-27T00:00:00+00:00","AssumeRolePolicyDocument":{trust},"RolePolicyList":[{policies}],"AttachedManagedPolicies":[],"InstanceProfileList":[],"Tags":[]}}"#
        )
    };
    const ALL: &str = r#"{"PolicyName":"all","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}}"#;
    let role = |trust: &str| role_with(trust, ALL);
    let trust_of = |service: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    let trusts = |service: &str| role(&trust_of(service));
    let cases = [
        ("no role", String::new(), Pass),
        ("another service", trusts("ec2.amazonaws.com"), Pass),
        ("this one", trusts("lambda.amazonaws.com"), Fail),
        ("one that may do nothing", role_with(&trust_of("lambda.amazonaws.com"), ""), Pass),
        ("a trust policy that cannot be read", role(r#"{"Version":"2012-10-17","Statement":7}"#), Unknown),
    ];
    for (name, role, expected) in cases {
        let text = format!(
            r#"{{"UserDetailList":[{}],"GroupDetailList":[],"RoleDetailList":[{role}],"Policies":[]}}"#,
            user("u", PASS)
        );
        let path = "snapshots/111122223333/authorization-details.json".to_owned();
        assert_eq!(says(&Files::from([(path, text.into_bytes())]), "privesc", "u"), expected, "{name}");
    }
}

/// What a report says of use holds until it was made: a key that was used the day before is not unused since.
#[test]
fn an_old_report_does_not_say_what_is_unused_today() {
    let cases = [
        ("2026-07-23T00:00:00Z", "2026-07-22T00:00:00Z", Unknown, 1),
        ("2026-10-04T00:00:00Z", "2026-09-10T00:00:00Z", Unknown, 0),
        ("2026-10-04T00:00:00Z", "2026-08-01T00:00:00Z", Fail, 0),
        ("2026-10-31T20:00:00Z", "2026-09-17T00:00:00Z", Fail, 0),
        ("2026-10-31T20:00:00Z", "2026-10-30T00:00:00Z", Pass, 0),
    ];
    for (as_of, used, expected, told) in cases {
        let files = report(&[row("u", NO_PASSWORD, "false", [("true", LONG_AGO, used), NO_KEY])]);
        let estate = crate::tests::estate_as_of(&files, as_of.parse().unwrap());
        let everything = crate::tests::everything(&estate, None, &crate::Settings::default());
        assert_eq!(outcome(&everything, "key-unused", "slot 1"), expected, "{as_of} {used}");
        assert_eq!(estate.too_old(crate::tests::now()).len(), told, "{as_of}");
    }
}
