//! What the trail saw goes before what AWS's answers did not know yet.

use kagimori_trail::Usage;
use kagimori_trail::event::{self, Event};
use kagimori_trail::usage::Fold;
use serde_json::{Value, json};

use super::{Files, estate, everything, outcome};
use crate::Settings;
use crate::verdict::Outcome::{self, Fail, Info, Pass, Unknown};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const LONG_AGO: &str = "2025-09-27T00:00:00Z";
/// Two days before the review's now.
const SEEN: &str = "2026-10-30T00:00:00Z";

fn usage(events: &[Value]) -> Usage {
    let mut fold = Fold::default();
    let text = json!({ "Records": events }).to_string();
    event::read(text.as_bytes(), |event: Event<'_>| fold.add(&event, true));
    fold.finish()
}

fn event(identity: &Value, source: &str, name: &str, answer: &Value) -> Value {
    json!({"eventVersion": "1.11", "userIdentity": identity, "eventTime": SEEN, "eventSource": source,
        "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.31.0",
        "eventID": "3f0c7a52-9d1e-4b8a-8c55-000000000001", "eventType": "AwsApiCall", "recipientAccountId": "111122223333",
        "responseElements": answer})
}

fn user() -> Value {
    json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/u", "accountId": "111122223333", "userName": "u",
        "accessKeyId": KEY})
}

fn root() -> Value {
    json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"})
}

/// A user with a password and a key that were used, or made and not used, long ago, as a report of the 10th of October says.
fn files(used: &str) -> Files {
    let header = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
    let place = if used == "N/A" { "N/A,N/A" } else { "us-east-1,s3" };
    let password = if used == "N/A" { "no_information" } else { used };
    let none = "false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";
    let csv = format!(
        "{header}\n<root_account>,arn:aws:iam::111122223333:root,{LONG_AGO},true,{LONG_AGO},{LONG_AGO},true,false,N/A,N/A,N/A,N/A,{none}\n\
        u,arn:aws:iam::111122223333:user/u,{LONG_AGO},true,{password},{LONG_AGO},true,true,{LONG_AGO},{used},{place},{none}"
    );
    let keys = json!({"AccessKeyMetadata": [{"UserName": "u", "AccessKeyId": KEY, "Status": "Active", "CreateDate": LONG_AGO}]});
    Files::from([
        ("snapshots/111122223333/credential-report.csv".to_owned(), csv.into_bytes()),
        ("snapshots/111122223333/access-keys.json".to_owned(), keys.to_string().into_bytes()),
    ])
}

fn says(files: &Files, trail: &[Value], check: &str, name: &str) -> Outcome {
    outcome(&everything(&estate(files), Some(&usage(trail)), &Settings::default()), check, name)
}

#[test]
fn a_key_and_a_password_that_the_trail_saw_are_in_use() {
    let call = event(&user(), "s3.amazonaws.com", "ListBuckets", &Value::Null);
    let sign_in = |result: &str| {
        event(&user(), "signin.amazonaws.com", "ConsoleLogin", &json!({"ConsoleLogin": result}))
    };
    for used in [LONG_AGO, "N/A"] {
        let files = files(used);
        assert_eq!(says(&files, &[], "key-unused", KEY), Fail, "{used}");
        assert_eq!(says(&files, std::slice::from_ref(&call), "key-unused", KEY), Pass, "{used}");
        assert_eq!(says(&files, &[], "password-unused", "u"), Fail, "{used}");
        assert_eq!(says(&files, &[sign_in("Success")], "password-unused", "u"), Pass, "{used}");
        assert_eq!(says(&files, &[sign_in("Failure")], "password-unused", "u"), Fail, "{used}");
    }
}

#[test]
fn a_young_key_that_the_trail_saw_was_used() {
    let call = event(&user(), "s3.amazonaws.com", "ListBuckets", &Value::Null);
    let text = |files: &mut Files| {
        for bytes in files.values_mut() {
            *bytes = String::from_utf8_lossy(bytes)
                .replace(&format!("true,{LONG_AGO},N/A"), "true,2026-10-20T00:00:00Z,N/A")
                .replace(&format!(r#""CreateDate":"{LONG_AGO}""#), r#""CreateDate":"2026-10-20T00:00:00Z""#)
                .into_bytes();
        }
    };
    let mut files = files("N/A");
    text(&mut files);
    assert_eq!(says(&files, &[], "key-never-used", KEY), Info);
    assert_eq!(says(&files, &[call], "key-never-used", KEY), Pass);
}

/// Whoever knows root's e-mail address can do what the report does not count either.
#[test]
fn root_is_not_used_by_those_who_fail_to_sign_in() {
    let sign_in = |result: &str| {
        event(&root(), "signin.amazonaws.com", "ConsoleLogin", &json!({"ConsoleLogin": result}))
    };
    let asked = event(&root(), "signin.amazonaws.com", "PasswordRecoveryRequested", &Value::Null);
    let call = event(&root(), "iam.amazonaws.com", "ListUsers", &Value::Null);
    let files = files(LONG_AGO);
    for (trail, right) in
        [(sign_in("Failure"), Pass), (asked, Pass), (sign_in("Success"), Fail), (call, Fail)]
    {
        assert_eq!(
            says(&files, std::slice::from_ref(&trail), "root-used", "<root_account>"),
            right,
            "{trail}"
        );
    }
}

/// A sign-in by SAML tells the session and not its issuer: the name of a role is one in its account.
#[test]
fn a_role_was_used_by_sessions_that_do_not_tell_its_path() {
    let role = json!({"RoleName": "people", "RoleId": "AROAEXAMPLE", "Path": "/staff/",
        "Arn": "arn:aws:iam::111122223333:role/staff/people", "CreateDate": "2025-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}, "RolePolicyList": [],
        "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": [], "RoleLastUsed": {}});
    let details =
        json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": []});
    let files = Files::from([(
        "snapshots/111122223333/authorization-details.json".to_owned(),
        details.to_string().into_bytes(),
    )]);
    let session = |name: &str| {
        let arn = format!("arn:aws:sts::111122223333:assumed-role/{name}/hanako");
        let identity = json!({"type": "AssumedRole", "arn": arn, "accountId": "111122223333", "principalId": "AROAEXAMPLE:hanako"});
        event(&identity, "signin.amazonaws.com", "ConsoleLogin", &json!({"ConsoleLogin": "Success"}))
    };
    assert_eq!(says(&files, &[session("people")], "role-unused", "people"), Pass);
    assert_eq!(says(&files, &[session("others")], "role-unused", "people"), Fail);
}

#[test]
fn a_certificate_without_its_end_is_not_judged() {
    let of = |expiration: Option<&str>| {
        let mut one = json!({"Path": "/", "ServerCertificateName": "c", "ServerCertificateId": "ASCAEXAMPLE",
            "Arn": "arn:aws:iam::111122223333:server-certificate/c", "UploadDate": LONG_AGO});
        if let Some(at) = expiration {
            one["Expiration"] = at.into();
        }
        let answer = json!({"ServerCertificateMetadataList": [one]});
        Files::from([(
            "snapshots/111122223333/server-certificates.json".to_owned(),
            answer.to_string().into_bytes(),
        )])
    };
    assert_eq!(says(&of(Some("2030-01-01T00:00:00Z")), &[], "server-cert-expired", "c"), Pass);
    assert_eq!(says(&of(None), &[], "server-cert-expired", "c"), Unknown);
}
