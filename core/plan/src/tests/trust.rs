//! Whom trust lets in: strangers, outsiders, people of other accounts, tokens for other applications.

use serde_json::{Value, json};

use super::{Files, estate, everything, outcome};
use crate::Settings;
use crate::verdict::Outcome::{self, Fail, NotApplicable, Pass, Unknown};

const OWN: &str = "111122223333";
const SISTER: &str = "222233334444";

fn role(name: &str, account: &str, statement: &Value) -> Value {
    let trust = json!({"Version": "2012-10-17", "Statement": statement});
    json!({"RoleName": name, "RoleId": "AROAEXAMPLE", "Arn": format!("arn:aws:iam::{account}:role/{name}"),
        "Path": "/", "CreateDate": "2025-09-27T00:00:00+00:00", "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}],
        "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": []})
}

fn user(name: &str, account: &str) -> Value {
    json!({"UserName": name, "UserId": "AIDAEXAMPLE", "Arn": format!("arn:aws:iam::{account}:user/{name}"),
        "Path": "/", "CreateDate": "2025-09-27T00:00:00+00:00", "UserPolicyList": [{"PolicyName": "p",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}],
        "GroupList": [], "AttachedManagedPolicies": [], "Tags": []})
}

fn put(files: &mut Files, account: &str, file: &str, answer: &Value) {
    files.insert(format!("snapshots/{account}/{file}.json"), answer.to_string().into_bytes());
}

fn details(files: &mut Files, account: &str, users: &[Value], roles: &[Value]) {
    let answer =
        json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": []});
    put(files, account, "authorization-details", &answer);
}

fn organization(files: &mut Files, accounts: &[&str]) {
    let listed = |id: &&str| {
        json!({"Id": id, "Name": id, "Status": "ACTIVE", "Email": "a@example.com",
        "Arn": format!("arn:aws:organizations::{OWN}:account/o-exampleorgid/{id}")})
    };
    let accounts: Vec<Value> = accounts.iter().map(listed).collect();
    put(files, "organization", "accounts", &json!({"Accounts": accounts}));
    let organization = json!({"Organization": {"Id": "o-exampleorgid", "MasterAccountId": OWN, "FeatureSet": "ALL",
        "Arn": format!("arn:aws:organizations::{OWN}:organization/o-exampleorgid"),
        "MasterAccountArn": format!("arn:aws:organizations::{OWN}:account/o-exampleorgid/{OWN}"),
        "MasterAccountEmail": "a@example.com"}});
    put(files, "organization", "organization", &organization);
}

fn star(condition: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": condition})
}

fn federated(provider: &str, condition: &Value) -> Value {
    let action = if provider.contains(":saml-provider/") { "SAML" } else { "WebIdentity" };
    json!({"Effect": "Allow", "Principal": {"Federated": provider},
        "Action": format!("sts:AssumeRoleWith{action}"), "Condition": condition})
}

fn trusting(account: &str) -> Value {
    json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": format!("arn:aws:iam::{account}:root")}})
}

#[test]
fn a_star_is_whom_its_conditions_leave() {
    let star_of = |key: &str, value: &str| star(&json!({"StringLike": {key: value}}));
    let cases = [
        // condition, trust-any, trust-star-condition, trust-external-no-extid
        (star(&json!({})), Fail, Pass, NotApplicable),
        (star_of("sts:ExternalId", "4711"), Fail, Pass, NotApplicable),
        (star_of("aws:PrincipalTag/team", "sre"), Fail, Pass, NotApplicable),
        (star(&json!({"StringEqualsIfExists": {"aws:PrincipalAccount": OWN}})), Fail, Pass, NotApplicable),
        (star_of("aws:PrincipalAccount", OWN), Pass, Pass, NotApplicable),
        (star_of("aws:PrincipalAccount", "999988887777"), Pass, Fail, Fail),
        (star_of("aws:PrincipalAccount", "9999*"), Fail, Pass, NotApplicable),
        (star_of("aws:PrincipalArn", "arn:aws:iam::999988887777:role/x"), Pass, Fail, Fail),
        (star_of("aws:PrincipalArn", "arn:aws:iam::*:role/app"), Fail, Pass, NotApplicable),
        (star_of("aws:PrincipalOrgID", "o-exampleorgid"), Pass, Pass, NotApplicable),
        (star_of("aws:PrincipalOrgID", "o-somebodyelse"), Pass, Pass, Fail),
        (star_of("aws:PrincipalOrgPaths", "o-exampleorgid/*"), Pass, Pass, NotApplicable),
    ];
    for (statement, any, by_condition, external) in cases {
        let mut files = Files::new();
        details(&mut files, OWN, &[], &[role("r", OWN, &statement)]);
        organization(&mut files, &[OWN]);
        let everything = everything(&estate(&files), None, &Settings::default());
        let found = ["trust-any", "trust-star-condition", "trust-external-no-extid"]
            .map(|check| outcome(&everything, check, "r"));
        assert_eq!(found, [any, by_condition, external], "{statement}");
    }
}

/// AWS: an explicit Deny overrides any Allow (`reference_policies_evaluation-logic`).
#[test]
fn a_deny_beside_the_allow_is_a_condition_of_it() {
    let deny = |condition: &Value| json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition});
    let not = |key: &str, value: &str| deny(&json!({"StringNotEquals": {key: value}}));
    let people = json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorgid"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}});
    let (everyone, stranger) = (star(&json!({})), trusting("999988887777"));
    let elsewhere = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:TagSession", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}});
    let cases = [
        // Allow, Deny, trust-any, trust-external-no-extid
        (&everyone, not("aws:PrincipalOrgID", "o-exampleorgid"), Pass, NotApplicable),
        (&everyone, not("aws:PrincipalOrgID", "o-somebodyelse"), Pass, Fail),
        (&everyone, not("aws:PrincipalAccount", OWN), Pass, NotApplicable),
        (&everyone, not("aws:PrincipalAccount", "999988887777"), Pass, Fail),
        (&everyone, deny(&people), Pass, NotApplicable),
        (
            &everyone,
            deny(&json!({"StringEquals": {"aws:PrincipalAccount": "999988887777"}})),
            Fail,
            NotApplicable,
        ),
        (
            &everyone,
            deny(
                &json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorgid", "aws:PrincipalTag/a": "b"}}),
            ),
            Fail,
            NotApplicable,
        ),
        (
            &everyone,
            deny(&json!({"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-exampleorgid/*"}})),
            Fail,
            NotApplicable,
        ),
        (
            &everyone,
            deny(&json!({"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-exampleorgid/*"}})),
            Pass,
            NotApplicable,
        ),
        (&everyone, elsewhere, Fail, NotApplicable),
        (&stranger, not("sts:ExternalId", "4711"), Pass, Pass),
        (&stranger, not("aws:PrincipalAccount", OWN), Pass, NotApplicable),
        (&stranger, deny(&json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})), Pass, Pass),
        (&stranger, deny(&json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}})), Pass, Fail),
    ];
    for (allow, deny, any, external) in cases {
        let mut files = Files::new();
        details(&mut files, OWN, &[], &[role("r", OWN, &json!([allow, deny]))]);
        organization(&mut files, &[OWN]);
        let everything = everything(&estate(&files), None, &Settings::default());
        let found = ["trust-any", "trust-external-no-extid"].map(|check| outcome(&everything, check, "r"));
        assert_eq!(found, [any, external], "{allow} {deny}");
    }
}

/// Whose jobs and which resources a federated or a service's trust is for (`id_roles_providers_create_oidc_github`, `confused-deputy`).
#[test]
fn a_source_is_named_or_it_is_anybodys() {
    let github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let sub = |operator: &str, value: &str| {
        federated(github, &json!({operator: {"token.actions.githubusercontent.com:sub": value}}))
    };
    let service = |condition: &Value| json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": condition});
    let account = |id: &str| service(&json!({"StringEquals": {"aws:SourceAccount": id}}));
    let arn = |arn: &str| service(&json!({"ArnLike": {"aws:SourceArn": arn}}));
    let cases = [
        (vec![sub("Null", "false")], "oidc-sub-wide", Fail),
        (vec![sub("StringLike", "repo:octo/ferry:*")], "oidc-sub-wide", Pass),
        (vec![sub("StringLike", "repo:octo*/ferry:*")], "oidc-sub-wide", Fail),
        (
            vec![
                federated(github, &json!({})),
                json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {"StringNotLike": {"token.actions.githubusercontent.com:sub": "repo:octo/ferry:*"}}}),
            ],
            "oidc-sub-wide",
            Pass,
        ),
        (vec![service(&json!({}))], "confused-deputy", Fail),
        (vec![account(OWN)], "confused-deputy", Pass),
        (vec![account("999988887777")], "confused-deputy", Fail),
        (vec![account("*")], "confused-deputy", Fail),
        (vec![arn("arn:aws:cloudtrail:*:111122223333:trail/*")], "confused-deputy", Pass),
        (vec![arn("arn:aws:cloudtrail:*:*:trail/*")], "confused-deputy", Fail),
        (vec![arn("arn:aws:s3:::shiosai-logs")], "confused-deputy", Pass),
        (
            vec![star(&json!({"StringEquals": {"aws:SourceAccount": OWN}}))],
            "mfa-trust-missing",
            NotApplicable,
        ),
    ];
    for (statements, check, right) in cases {
        let mut files = Files::new();
        details(&mut files, OWN, &[], &[role("r", OWN, &json!(statements))]);
        organization(&mut files, &[OWN]);
        let everything = everything(&estate(&files), None, &Settings::default());
        assert_eq!(outcome(&everything, check, "r"), right, "{statements:?}");
    }
}

#[test]
fn tokens_for_other_applications_and_providers_that_are_gone() {
    let saml = "arn:aws:iam::111122223333:saml-provider/idp";
    let aud = json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}});
    let cognito = "cognito-identity.amazonaws.com";
    let cases = [
        (federated(saml, &json!({})), Fail, Pass),
        (federated(saml, &aud), Pass, Pass),
        (federated(saml, &json!({"StringLike": {"saml:aud": "*"}})), Fail, Pass),
        (federated("arn:aws:iam::111122223333:saml-provider/gone", &aud), Pass, Fail),
        (federated(cognito, &json!({})), Fail, NotApplicable),
        (
            federated(
                cognito,
                &json!({"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:1"}}),
            ),
            Pass,
            NotApplicable,
        ),
        (federated("www.amazon.com", &json!({})), Fail, NotApplicable),
        (
            federated("graph.facebook.com", &json!({"StringEquals": {"graph.facebook.com:app_id": "1"}})),
            Pass,
            NotApplicable,
        ),
        (
            federated(
                "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
                &json!({}),
            ),
            NotApplicable,
            Fail,
        ),
    ];
    for (statement, audience, provider) in cases {
        let mut files = Files::new();
        details(&mut files, OWN, &[], &[role("r", OWN, &statement)]);
        let providers =
            json!({"SAMLProviderList": [{"Arn": saml, "CreateDate": "2025-01-01T00:00:00+00:00"}]});
        put(&mut files, OWN, "saml-providers", &providers);
        put(&mut files, OWN, "oidc-providers", &json!({"OpenIDConnectProviderList": []}));
        let everything = everything(&estate(&files), None, &Settings::default());
        let found =
            ["federation-aud-missing", "deleted-provider"].map(|check| outcome(&everything, check, "r"));
        assert_eq!(found, [audience, provider], "{statement}");
    }
}

/// Two accounts: people in one, an administrator role that trusts it in the other. What the settings say changes nothing.
#[test]
fn people_of_another_account_are_asked_for_mfa_whatever_the_settings_say() {
    let mut files = Files::new();
    details(&mut files, OWN, &[user("ann", OWN)], &[]);
    details(&mut files, SISTER, &[], &[role("Deploy", SISTER, &trusting(OWN))]);
    let named = Settings::parse(&format!("bastion = \"{OWN}\"")).unwrap();
    for settings in [Settings::default(), named] {
        let everything = everything(&estate(&files), None, &settings);
        for (check, name) in
            [("mfa-trust-missing", "Deploy"), ("role-caps", "Deploy"), ("bastion-pure", "ann")]
        {
            assert_eq!(outcome(&everything, check, name), Fail, "{check}");
        }
    }
    // nobody lives there
    details(&mut files, OWN, &[], &[]);
    let without = everything(&estate(&files), None, &Settings::default());
    assert_eq!(outcome(&without, "mfa-trust-missing", "Deploy"), NotApplicable);
}

/// What a policy that nobody gave allows is not known: it is neither more than self-care nor no more.
#[test]
fn a_policy_that_was_not_given_leaves_a_bastion_user_open() {
    let judged = |inline: &str, attached: &str| {
        let mut ann = user("ann", OWN);
        ann["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] = inline.into();
        ann["AttachedManagedPolicies"] =
            json!([{"PolicyName": attached, "PolicyArn": format!("arn:aws:iam::aws:policy/{attached}")}]);
        let mut files = Files::new();
        details(&mut files, OWN, &[ann], &[]);
        details(&mut files, SISTER, &[], &[role("Deploy", SISTER, &trusting(OWN))]);
        outcome(&everything(&estate(&files), None, &Settings::default()), "bastion-pure", "ann")
    };
    assert_eq!(judged("iam:ChangePassword", "IAMUserChangePassword"), Pass);
    assert_eq!(judged("iam:ChangePassword", "ReadOnlyAccess"), Unknown);
    assert_eq!(judged("s3:*", "ReadOnlyAccess"), Fail);
}

#[test]
fn an_account_that_nobody_knows_may_be_a_sister_or_a_vendor() {
    let says = |statement: &Value, listed: &[&str]| -> [Outcome; 2] {
        let mut files = Files::new();
        details(&mut files, OWN, &[], &[role("r", OWN, statement)]);
        if !listed.is_empty() {
            organization(&mut files, listed);
        }
        let everything = everything(&estate(&files), None, &Settings::default());
        ["mfa-trust-missing", "role-caps"].map(|check| outcome(&everything, check, "r"))
    };
    assert_eq!(says(&trusting("999988887777"), &[]), [Unknown, Unknown]);
    assert_eq!(says(&trusting("999988887777"), &[OWN]), [NotApplicable, NotApplicable]);
    // a sister whose users were not given
    assert_eq!(says(&trusting(SISTER), &[OWN, SISTER]), [Unknown, Unknown]);
    let vendor = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "999988887777"},
        "Condition": {"StringEquals": {"sts:ExternalId": "4711"}}});
    assert_eq!(says(&vendor, &[]), [NotApplicable, NotApplicable]);
}
