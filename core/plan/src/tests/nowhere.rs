//! Policies that somebody has and nobody knows who, organizations that are none, accounts that are closed, users of another name.

use super::truth_table::{LONG_AGO, NO_KEY, TODAY, judge, report, row, says};
use super::{Files, estate, now, outcome};
use crate::review::AccountState;
use crate::review::compared::{Earlier, compare};
use crate::verdict::Outcome::{self, Fail, NotApplicable, Pass, Unknown};
use crate::{Review, Settings, review};

const FOLDER: &str = "snapshots/111122223333";
const P: &str = "arn:aws:iam::111122223333:policy/p";

/// Ann with a policy of her own, bob with `p`, and `p` as AWS counts it.
fn details(statement: &str, count: u32) -> Files {
    let user = |name: &str, own: &str, attached: &str| {
        format!(
            r#"{{"Path":"/","UserName":"{name}","UserId":"AIDA{name}","Arn":"arn:aws:iam::111122223333:user/{name}","CreateDate":"{LONG_AGO}","GroupList":[],"UserPolicyList":[{own}],"AttachedManagedPolicies":[{attached}],"Tags":[]}}"#
        )
    };
    let own = r#"{"PolicyName":"o","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}}"#;
    let text = format!(
        r#"{{"UserDetailList":[{},{}],"GroupDetailList":[],"RoleDetailList":[],"IsTruncated":false,"Policies":[{{"PolicyName":"p","PolicyId":"ANPAP","Arn":"{P}","Path":"/","DefaultVersionId":"v1","AttachmentCount":{count},"PermissionsBoundaryUsageCount":0,"IsAttachable":true,"CreateDate":"{LONG_AGO}","PolicyVersionList":[{{"Document":{{"Version":"2012-10-17","Statement":[{statement}]}},"VersionId":"v1","IsDefaultVersion":true,"CreateDate":"{LONG_AGO}"}}]}}]}}"#,
        user("ann", own, ""),
        user("bob", "", &format!(r#"{{"PolicyName":"p","PolicyArn":"{P}"}}"#)),
    );
    let keys = [("true", LONG_AGO, TODAY), NO_KEY];
    let rows = ["ann", "bob"].map(|name| row(name, ("true", TODAY, LONG_AGO), "false", keys));
    let mut files = report(&rows);
    files.insert(format!("{FOLDER}/authorization-details.json"), text.into());
    files
}

fn reviewed(files: &Files) -> Review {
    review(&estate(files), None, &Settings::default(), now())
}

/// What a whole review says of a user, passes too.
fn told(review: &Review, check: &str, name: &str) -> Outcome {
    let verdict = review.verdicts.iter().find(|one| one.check == check && one.resource.name == name);
    let passed = || {
        let mut all = review.population.passed();
        all.any(|(id, _, mut resources)| id == check && resources.any(|resource| resource.name == name))
    };
    verdict.map_or_else(|| if passed() { Pass } else { NotApplicable }, |verdict| verdict.outcome)
}

#[test]
fn a_policy_that_somebody_has_makes_unknown_what_it_could_change() {
    let admin = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let harmless = r#"{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}"#;
    let checks = ["privesc", "mfa-privileged-user"];
    for (statement, count, expected) in [
        (admin, 1, [Pass, Pass]),
        (admin, 0, [Pass, Pass]),
        (harmless, 2, [Pass, Pass]),
        (admin, 2, [Unknown, Unknown]),
    ] {
        let review = reviewed(&details(statement, count));
        let said = checks.map(|check| told(&review, check, "ann"));
        assert_eq!(said, expected, "{statement} {count}");
        // what it could not change stays known
        assert_eq!(told(&review, "mfa-console-user", "ann"), Fail);
        if statement == admin {
            assert_eq!(told(&review, "mfa-privileged-user", "bob"), Fail);
        }
        assert!(estate(&details(statement, count)).problems.is_empty());
    }
}

#[test]
fn that_there_is_no_organization_is_known() {
    let not_in_use = "An error occurred (AWSOrganizationsNotInUseException) when calling the OPERATION operation: Your account is not a member of an organization.";
    let name = |file: &str| format!("snapshots/{file}.json");
    let user = || report(&[row("u", ("true", TODAY, LONG_AGO), "true", [NO_KEY, NO_KEY])]);
    let texts = [
        ("organization", not_in_use.replace("OPERATION", "DescribeOrganization")),
        ("accounts", format!("\naws: [ERROR]: {}", not_in_use.replace("OPERATION", "ListAccounts"))),
        ("policies", not_in_use.replace("OPERATION", "ListPolicies")),
        ("organization", r#"{"Error":{"Code":"AWSOrganizationsNotInUseException","Message":"no"}}"#.to_owned()),
        ("accounts", r#"{"__type":"AWSOrganizationsNotInUseException","Message":"no"}"#.to_owned()),
        ("organizations-features", "An error occurred (OrganizationNotFound) when calling the ListOrganizationsFeatures operation: none".to_owned()),
    ];
    let organization = ["root-central-management", "guardrail-missing", "org-structure"];
    for (file, text) in texts {
        let mut files = user();
        files.insert(name(file), text.clone().into_bytes());
        let estate = estate(&files);
        assert!(estate.problems.is_empty(), "{text}: {:?}", estate.problems);
        assert_eq!(estate.organization.is_in_use.value(), Some(&false), "{text}");
        for check in organization {
            assert_eq!(says(&files, check, "organization"), NotApplicable, "{text} {check}");
        }
    }
    // no trusted access: nothing of it can be on
    let mut files = user();
    files.insert(
        name("organization"),
        br#"{"Organization":{"Id":"o-a1b2c3d4e5","MasterAccountId":"111122223333"}}"#.to_vec(),
    );
    let off = "An error occurred (ServiceAccessNotEnabledException) when calling the ListOrganizationsFeatures operation: no";
    files.insert(name("organizations-features"), off.into());
    assert_eq!(says(&files, "root-central-management", "organization"), Fail);
    assert!(estate(&files).problems.is_empty());
    // what is refused otherwise stays unknown
    let refused =
        "An error occurred (AccessDeniedException) when calling the DescribeOrganization operation: no";
    let mut files = user();
    files.insert(name("organization"), refused.into());
    assert_eq!(says(&files, "guardrail-missing", "organization"), Unknown);
    assert_eq!(estate(&files).problems.len(), 1);
}

#[test]
fn a_closed_account_is_listed_once() {
    for (status, state, is_silent) in [
        (r#""State":"CLOSED""#, AccountState::Skipped, true),
        (r#""Status":"SUSPENDED""#, AccountState::Skipped, true),
        (r#""Status":"ACTIVE""#, AccountState::Failed, false),
    ] {
        let mut files = report(&[row("u", ("true", TODAY, LONG_AGO), "true", [NO_KEY, NO_KEY])]);
        let listed = format!(
            r#"{{"Accounts":[{{"Id":"111122223333","Name":"one","Status":"ACTIVE"}},{{"Id":"444455556666","Name":"two",{status}}}]}}"#
        );
        files.insert("snapshots/accounts.json".to_owned(), listed.into());
        for operation in ["GetAccountAuthorizationDetails", "GetCredentialReport"] {
            let text = format!("An error occurred (AccessDenied) when calling the {operation} operation: no");
            files.insert(format!("snapshots/444455556666/{operation}.json"), text.into());
        }
        let review = reviewed(&files);
        let of_closed: Vec<AccountState> = review
            .accounts
            .iter()
            .filter(|row| row.name.as_deref() == Some("two"))
            .map(|row| row.state)
            .collect();
        assert_eq!(of_closed, [state], "{status}");
        let unknown =
            review.verdicts.iter().any(|verdict| verdict.resource.account.to_string() == "444455556666");
        assert_eq!(unknown, !is_silent, "{status}");
        assert_eq!(estate(&files).problems.is_empty(), is_silent, "{status}");
    }
}

#[test]
fn who_got_another_name_or_path_is_the_same() {
    let harmless = r#"{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}"#;
    let before = details(harmless, 1);
    let renamed = |from: &str, to: &str| -> Files {
        let change = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).replace(from, to).into_bytes();
        before.iter().map(|(path, bytes)| (path.clone(), change(bytes))).collect()
    };
    let earlier: Vec<Earlier> = reviewed(&before)
        .verdicts
        .iter()
        .map(|verdict| {
            serde_json::from_value(serde_json::json!({
                "uid": verdict.uid(), "check": verdict.check, "outcome": verdict.outcome, "resource": *verdict.resource,
            }))
            .unwrap()
        })
        .collect();
    let moved = renamed(":user/ann", ":user/ops/ann");
    // the unique id stays
    let called =
        [("user/ann", "user/anne"), (r#""UserName":"ann""#, r#""UserName":"anne""#), ("\nann,", "\nanne,")];
    let mut other = before.clone();
    for (from, to) in called {
        let change = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).replace(from, to).into_bytes();
        other = other.iter().map(|(path, bytes)| (path.clone(), change(bytes))).collect();
    }
    for files in [moved, other] {
        let estate = estate(&files);
        let now = review(&estate, None, &Settings::default(), now());
        let compared = compare(&now, &estate, &earlier);
        assert_eq!(compared.fixed, [], "{compared:?}");
        assert_eq!((compared.new.len(), compared.lost.len()), (0, 0), "{compared:?}");
    }
    // somebody else of the same name is not
    let anew = renamed("AIDAann", "AIDAother");
    let anew: Files = anew
        .into_iter()
        .map(|(path, bytes)| {
            (path, String::from_utf8_lossy(&bytes).replace(":user/ann", ":user/new/ann").into_bytes())
        })
        .collect();
    let estate = estate(&anew);
    let now = review(&estate, None, &Settings::default(), now());
    assert!(!compare(&now, &estate, &earlier).fixed.is_empty());
}

#[test]
fn no_password_policy_is_no_length_of_nothing() {
    let with = |text: &str| {
        let mut files = report(&[row("u", ("true", TODAY, LONG_AGO), "true", [NO_KEY, NO_KEY])]);
        files.insert(format!("{FOLDER}/password-policy.json"), text.into());
        files
    };
    let sentence = |files: &Files| {
        let all = judge(files);
        let verdict = all.verdicts.iter().find(|verdict| verdict.check == "pw-length").unwrap();
        crate::sentence::sentence(verdict, crate::sentence::Language::En)
    };
    let none =
        with("An error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy operation: none");
    assert_eq!(sentence(&none), "minimum length: 8, AWS's default without a policy (limit 14)");
    let short = with(r#"{"PasswordPolicy":{"MinimumPasswordLength":6,"ExpirePasswords":false}}"#);
    assert_eq!(sentence(&short), "minimum length: 6 (limit 14)");
    let untold = with(r#"{"PasswordPolicy":{"RequireSymbols":true}}"#);
    assert_eq!(outcome(&judge(&untold), "pw-length", "111122223333"), Unknown);
}
