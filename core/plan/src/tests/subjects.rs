//! Every verdict keeps its subject; what a setting leaves out or mistypes is told; credentials outside the report count.

use super::{Files, estate, everything, outcome, review_of};
use crate::Settings;
use crate::verdict::Outcome::{Fail, NotApplicable, Pass, Unknown};

const DETAILS: &str = "snapshots/111122223333/authorization-details.json";
const REPORT: &str = "snapshots/111122223333/credential-report.csv";

fn details(more: &str) -> Vec<u8> {
    format!(
        r#"{{"UserDetailList":[{{"UserName":"kim","UserId":"AIDAEXAMPLE","Arn":"arn:aws:iam::111122223333:user/kim","Path":"/","CreateDate":"2025-09-27T00:00:00+00:00","UserPolicyList":[],"GroupList":[],"AttachedManagedPolicies":[{more}],"Tags":[{{"Key":"Owner","Value":"sre"}}]}}],"GroupDetailList":[],"RoleDetailList":[],"Policies":[]}}"#
    )
    .into_bytes()
}

fn report() -> Vec<u8> {
    b"user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\nkim,arn:aws:iam::111122223333:user/kim,2025-09-27T00:00:00Z,false,N/A,N/A,N/A,false,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n".to_vec()
}

fn files() -> Files {
    Files::from([(DETAILS.to_owned(), details("")), (REPORT.to_owned(), report())])
}

/// Absent is not fixed: a ticket that follows a finding's id must not close (watch.md: the population).
#[test]
fn what_goes_missing_is_unknown_of_the_same_subject() {
    let mut files = files();
    let before = everything(&estate(&files), None, &Settings::default());
    assert_eq!(outcome(&before, "mfa-every-user", "kim"), Fail);
    files.remove(REPORT);
    let after = everything(&estate(&files), None, &Settings::default());
    for check in
        ["mfa-every-user", "mfa-console-user", "password-age", "ssh-key-age", "service-specific-cred"]
    {
        assert_eq!(outcome(&after, check, "kim"), Unknown, "{check}");
    }
    let uid = |everything: &super::Everything| {
        let kim =
            |verdict: &&super::Verdict| verdict.check == "mfa-every-user" && verdict.resource.name == "kim";
        everything.verdicts.iter().find(kim).map(super::Verdict::uid)
    };
    assert_eq!(uid(&before), uid(&after));
}

#[test]
fn what_passes_is_in_the_population() {
    let review = review_of(&files(), &Settings::default());
    let of = |check: &str| review.population.passed().any(|(id, _, _)| id == check);
    assert!(of("mfa-console-user") && !of("mfa-every-user"));
    let account = review.accounts.first().unwrap().id;
    let names: Vec<_> = review
        .population
        .passed_of("mfa-console-user", account)
        .map(|resource| resource.arn.as_str())
        .collect();
    assert_eq!(names, ["arn:aws:iam::111122223333:user/kim"]);
    let tally = review.tallies[&("mfa-console-user", account)];
    assert_eq!((tally.pass, tally.fail), (1, 0));
}

/// IAM API Reference, `DeleteUser`: refused while SSH keys or service-specific credentials are there.
#[test]
fn a_user_with_a_credential_outside_the_report_is_no_empty_shell() {
    const SSH: &str = "snapshots/111122223333/ssh-public-keys.json";
    const SERVICE: &str = "snapshots/111122223333/service-specific-credentials.json";
    let none = [(SSH, r#"{"SSHPublicKeys":[]}"#), (SERVICE, r#"{"ServiceSpecificCredentials":[]}"#)];
    let ssh = r#"{"SSHPublicKeys":[{"UserName":"kim","SSHPublicKeyId":"APKAEIVFHP46CEXAMPLE","Status":"Inactive","UploadDate":"2026-06-01T00:00:00+00:00"}]}"#;
    let bedrock = r#"{"ServiceSpecificCredentials":[{"UserName":"kim","ServiceUserName":"kim-at-111122223333","ServiceSpecificCredentialId":"ACCAEXAMPLE123EXAMPLE","ServiceName":"bedrock.amazonaws.com","Status":"Active","CreateDate":"2026-06-01T00:00:00+00:00"}]}"#;
    let keys = ("snapshots/111122223333/access-keys.json", r#"{"AccessKeyMetadata":[]}"#);
    for (given, expected) in [
        (vec![none[0], none[1], keys], Fail),
        (vec![(SSH, ssh), none[1], keys], Pass),
        (vec![none[0], (SERVICE, bedrock), keys], Pass),
        (vec![none[0], keys], Unknown),
        (vec![keys], Unknown),
    ] {
        let mut files = files();
        files.extend(given.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
        let everything = everything(&estate(&files), None, &Settings::default());
        assert_eq!(outcome(&everything, "user-stale", "kim"), expected, "{given:?}");
    }
}

/// AWS attaches its quarantine policies to a user whose key it found in public.
#[test]
fn quarantine_is_told_by_aws_own_policy() {
    for (name, arn, expected) in [
        ("AWSCompromisedKeyQuarantine", "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantine", Fail),
        ("AWSCompromisedKeyQuarantineV2", "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2", Fail),
        ("AWSCompromisedKeyQuarantineV3", "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3", Fail),
        (
            "AWSCompromisedKeyQuarantineV2",
            "arn:aws:iam::111122223333:policy/AWSCompromisedKeyQuarantineV2",
            Pass,
        ),
        ("ReadOnlyAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess", Pass),
    ] {
        let mut files = files();
        let attached = format!(r#"{{"PolicyName":"{name}","PolicyArn":"{arn}"}}"#);
        files.insert(DETAILS.to_owned(), details(&attached));
        let everything = everything(&estate(&files), None, &Settings::default());
        assert_eq!(outcome(&everything, "key-quarantined", "kim"), expected, "{arn}");
    }
}

#[test]
fn without_a_list_of_owners_nobody_is_gone_and_nobody_is_there() {
    let estate = estate(&files());
    for (text, expected) in [
        ("", Unknown),
        ("[owners]\nknown = [\"sre\"]", Pass),
        ("[owners]\nknown = [\"web\"]", Fail),
        ("[owners]\nknown = [\"web\"]\nowner_tags = [\"Team\"]", NotApplicable),
    ] {
        let everything = everything(&estate, None, &Settings::parse(text).unwrap());
        assert_eq!(outcome(&everything, "owner-gone", "kim"), expected, "{text}");
    }
}

#[test]
fn a_setting_that_matches_nothing_is_told() {
    let estate = estate(&files());
    let told = |text: &str| {
        let problems = Settings::parse(text).unwrap().contradictions(&estate);
        problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>()
    };
    let waiver = "[[waiver]]\ncheck = \"mfa-every-user\"\naccount = \"111122223334\"\nresource = \"*\"\nowner = \"a\"\nreason = \"b\"\nexpires = \"2027-01-01\"";
    for (text, message) in [
        (
            "bastion = \"111122223334\"",
            "`bastion` names the account 111122223334, of which nothing is in this directory",
        ),
        (
            "[accounts]\n111122223334 = \"web\"",
            "`[accounts]` names the account 111122223334 (`web`), of which nothing is in this directory",
        ),
        (
            waiver,
            "`[[waiver]]` names the account 111122223334 (`mfa-every-user`), of which nothing is in this directory",
        ),
        (
            "[trusted_accounts]\n111122223333 = \"me\"",
            "`[trusted_accounts]` names 111122223333 (`me`), which is an account of this directory",
        ),
        (
            "[patterns]\nmachine_users = [\"srv-*\"]",
            "no user matches any pattern of `patterns.machine_users`",
        ),
        (
            "[patterns]\nbreak_glass_roles = [\"glass\"]",
            "no role matches any pattern of `patterns.break_glass_roles`",
        ),
    ] {
        assert_eq!(told(text), [message]);
    }
    for text in [
        "",
        "bastion = \"111122223333\"",
        "[patterns]\nmachine_users = [\"k*\", \"z*\"]",
        "[trusted_accounts]\n999988887777 = \"vendor\"",
    ] {
        assert!(told(text).is_empty(), "{text}");
    }
}
