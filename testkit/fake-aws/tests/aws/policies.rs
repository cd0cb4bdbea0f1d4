//! Every call is authorised by the policies of a company: trust, identity, boundary, SCP, session policies, and their
//! condition keys.

use kagimori_fake_aws::{Account, Company, CompanyError, Permissions, Role, User, bastion};

use crate::client::{Aws, DEPLOY, Keys, POWER};

const HOME: &str = "111122223333";
const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn trusting(principal: &str, actions: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":{actions},"Condition":{condition}}}]}}"#
    )
}

const ASSUME: &str = r#""sts:AssumeRole""#;
const ALL_OF_ASSUME: &str = r#"["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]"#;

/// One account with one user and the role `target`.
fn home(permissions: Permissions, trust: &str) -> Account {
    let all = Permissions::inline(ALL);
    Account::new(HOME)
        .user(User::new("u").permissions(permissions).mfa("u").tag("team", "platform"))
        .role(Role::new("target", trust).permissions(all).tag("team", "platform"))
}

fn target() -> String {
    format!("arn:aws:iam::{HOME}:role/target")
}

fn assume(account: Account, more: &[(&str, &str)]) -> String {
    let mut aws = Aws::of(&Company::default().with(account));
    let keys = aws.user("u");
    let answer = aws.assume(&keys, &target(), more);
    match answer.code().as_str() {
        "AccessDenied" => {
            answer.message().split_once(" on resource: ").unwrap().1.split_once(' ').unwrap().1.to_owned()
        }
        code => code.to_owned(),
    }
}

/// Trust that names the user suffices in its own account; trust that names the account needs the identity's allow.
#[test]
fn same_account() {
    let user = format!("arn:aws:iam::{HOME}:user/u");
    let root = format!("arn:aws:iam::{HOME}:root");
    let none = Permissions::default();
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:*","Resource":"*"}]}"#;
    for (principal, permissions, expected) in [
        (user.as_str(), none.clone(), "OK"),
        (&root, none.clone(), "because no identity-based policy allows the sts:AssumeRole action"),
        (HOME, none.clone(), "because no identity-based policy allows the sts:AssumeRole action"),
        (&root, Permissions::inline(ALL), "OK"),
        (HOME, Permissions::inline(ALL), "OK"),
        (&user, Permissions::inline(deny), "with an explicit deny in an identity-based policy"),
        (
            "444455556666",
            Permissions::inline(ALL),
            "because no role trust policy allows the sts:AssumeRole action",
        ),
    ] {
        assert_eq!(
            assume(home(permissions, &trusting(principal, ASSUME, "{}")), &[]),
            expected,
            "{principal}"
        );
    }
}

#[test]
fn denials_name_the_layer() {
    let trust = trusting(HOME, ASSUME, "{}");
    let sns_only =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:*","Resource":"*"}]}"#;
    let no_sts = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sts:*","Resource":"*"}]}"#;
    let bounded = |name: &str| {
        let boundary = format!("arn:aws:iam::{HOME}:policy/{name}");
        home(Permissions::inline(ALL).bounded_by(&boundary), &trust)
            .managed_policy("narrow", sns_only)
            .managed_policy("deny", no_sts)
    };
    let free = || home(Permissions::inline(ALL), &trust);
    let denying_trust = trust.replace(
        r#""Statement":["#,
        r#""Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"},"#,
    );
    for (account, expected) in [
        (bounded("narrow"), "because no permissions boundary allows the sts:AssumeRole action"),
        (bounded("deny"), "with an explicit deny in a permissions boundary"),
        (
            free().service_control(&[sns_only]),
            "because no service control policy allows the sts:AssumeRole action",
        ),
        (
            free().service_control(&[ALL]).service_control(&[no_sts]),
            "with an explicit deny in a service control policy",
        ),
        (home(Permissions::inline(ALL), &denying_trust), "with an explicit deny in the role trust policy"),
        (free().service_control(&[ALL]), "OK"),
    ] {
        assert_eq!(assume(account, &[]), expected);
    }
}

/// The condition keys of AssumeRole, in the trust policy.
#[test]
fn condition_keys_of_assume_role() {
    let tag = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "platform")];
    let transitive = [tag[0], tag[1], ("TransitiveTagKeys.member.1", "team")];
    for (condition, more, expected) in [
        (r#"{"StringEquals":{"sts:ExternalId":"e1"}}"#, &[("ExternalId", "e1")][..], true),
        (r#"{"StringEquals":{"sts:ExternalId":"e1"}}"#, &[("ExternalId", "E1")], false),
        (r#"{"StringEquals":{"sts:ExternalId":"e1"}}"#, &[], false),
        (r#"{"StringLike":{"sts:RoleSessionName":"s?"}}"#, &[], true),
        (r#"{"StringEquals":{"sts:RoleSessionName":"${aws:username}"}}"#, &[], false),
        (r#"{"StringEquals":{"sts:SourceIdentity":"u-1"}}"#, &[("SourceIdentity", "u-1")], true),
        (r#"{"StringEquals":{"sts:SourceIdentity":"u-1"}}"#, &[("SourceIdentity", "u-2")], false),
        (r#"{"StringEquals":{"aws:RequestTag/team":"platform"}}"#, &tag, true),
        (r#"{"StringEquals":{"aws:RequestTag/team":"another"}}"#, &tag, false),
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}"#, &tag, true),
        (r#"{"ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":"team"}}"#, &transitive, true),
        (r#"{"ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":"team"}}"#, &tag, false),
        (r#"{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}"#, &[], true),
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, &[], false),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2026-11-25T09:00:01Z"}}"#, &[], true),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2026-11-25T09:00:00Z"}}"#, &[], false),
        (r#"{"StringEquals":{"aws:PrincipalTag/team":"platform"}}"#, &[], true),
        (r#"{"StringEquals":{"aws:PrincipalTag/team":"${aws:ResourceTag/team}"}}"#, &[], true),
        (r#"{"StringEquals":{"aws:username":"u"}}"#, &[], true),
        (r#"{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}"#, &[], true),
        (r#"{"StringEquals":{"aws:PrincipalAccount":"111122223333","aws:PrincipalType":"User"}}"#, &[], true),
        (r#"{"Null":{"aws:MultiFactorAuthPresent":"true"}}"#, &[], true),
    ] {
        let trust = trusting(HOME, ALL_OF_ASSUME, condition);
        let outcome = assume(home(Permissions::inline(ALL), &trust), more);
        assert_eq!(outcome == "OK", expected, "{condition} {more:?}: {outcome}");
    }
}

/// Tags and source identity need permissions of their own, on both sides.
#[test]
fn tagging_and_naming_need_permission() {
    let tag = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "x")];
    let identity = [("SourceIdentity", "u-1")];
    let only_assume = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#;
    for (permissions, actions, more, expected) in [
        (ALL, ALL_OF_ASSUME, &tag[..], "OK"),
        (ALL, ASSUME, &tag, "because no role trust policy allows the sts:TagSession action"),
        (
            only_assume,
            ALL_OF_ASSUME,
            &tag,
            "because no identity-based policy allows the sts:TagSession action",
        ),
        (ALL, ALL_OF_ASSUME, &identity, "OK"),
        (ALL, ASSUME, &identity, "because no role trust policy allows the sts:SetSourceIdentity action"),
        (
            only_assume,
            ALL_OF_ASSUME,
            &identity,
            "because no identity-based policy allows the sts:SetSourceIdentity action",
        ),
    ] {
        let trust = trusting(HOME, actions, "{}");
        assert_eq!(assume(home(Permissions::inline(permissions), &trust), more), expected);
    }
}

fn with_tag<'a>(key: &'a str, value: &'a str) -> [(&'a str, &'a str); 2] {
    [("Tags.member.1.Key", key), ("Tags.member.1.Value", value)]
}

/// Source identity and transitive tags go along a chain and cannot be changed on the way.
#[test]
fn what_goes_along_a_chain() {
    let only_transitive = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:*","Resource":"*",
        "Condition":{"StringEquals":{"aws:PrincipalTag/reason":"INC-7"},"Null":{"aws:PrincipalTag/colour":"true"}}}]}"#;
    let mut company = Company::bastion();
    let production = company.account_mut(bastion::PRODUCTION).unwrap();
    production.role_mut("Deploy").unwrap().permissions = Permissions::inline(only_transitive);
    let mut aws = Aws::of(&company);
    let session = aws.mfa_session("alice");
    let marks = [
        ("SourceIdentity", "alice"),
        ("Tags.member.1.Key", "reason"),
        ("Tags.member.1.Value", "INC-7"),
        ("Tags.member.2.Key", "colour"),
        ("Tags.member.2.Value", "blue"),
        ("TransitiveTagKeys.member.1", "reason"),
    ];
    let first = aws.assume(&session, POWER, &marks).ok();
    assert_eq!(first.text("SourceIdentity"), Some("alice"));
    assert!(first.text("PackedPolicySize").is_some());
    let power = first.keys();
    let second = aws.assume(&power, DEPLOY, &[]).ok();
    assert_eq!(second.text("SourceIdentity"), Some("alice"), "sticky");
    assert_eq!(aws.sns(&second.keys(), "ListTopics", &[]).code(), "OK", "the transitive tag and no other");
    let changed = aws.assume(&power, DEPLOY, &[("SourceIdentity", "mallory")]);
    assert_eq!(changed.code(), "AccessDenied");
    assert_eq!(aws.assume(&power, DEPLOY, &with_tag("Reason", "other")).code(), "InvalidParameterValue");
    assert_eq!(aws.assume(&power, DEPLOY, &with_tag("colour", "red")).code(), "OK", "it was not transitive");
    let twice =
        [&with_tag("a", "1")[..], &[("Tags.member.2.Key", "A"), ("Tags.member.2.Value", "2")]].concat();
    assert_eq!(aws.assume(&session, POWER, &twice).code(), "InvalidParameterValue");
    let absent = [("TransitiveTagKeys.member.1", "nothing")];
    assert_eq!(aws.assume(&session, POWER, &absent).code(), "InvalidParameterValue");
}

/// Tags and source identity of a session are condition keys of what it calls.
#[test]
fn policies_see_what_a_session_carries() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:*","Resource":"*","Condition":{
        "StringEquals":{"aws:PrincipalTag/team":"blue","aws:SourceIdentity":"u-1"}}}]}"#;
    let trust = trusting(HOME, ALL_OF_ASSUME, "{}");
    let mut account = home(Permissions::inline(ALL), &trust);
    account.role_mut("target").unwrap().permissions = Permissions::inline(policy);
    let mut aws = Aws::of(&Company::default().with(account));
    let keys = aws.user("u");
    for (more, expected) in [
        (&[("SourceIdentity", "u-1")][..], "AccessDenied"),
        (&with_tag("team", "blue"), "AccessDenied"),
        (&[&with_tag("TEAM", "blue")[..], &[("SourceIdentity", "u-1")]].concat(), "OK"),
    ] {
        let role = aws.assume(&keys, &target(), more).keys();
        assert_eq!(aws.sns(&role, "ListTopics", &[]).code(), expected, "{more:?}");
    }
}

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// Session policies narrow; several are one that allows what any of them allows.
#[test]
fn session_policies() {
    let create = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:CreateTopic","Resource":"*"}]}"#;
    let mut aws = Aws::bastion();
    let session = aws.mfa_session("alice");
    let arn = [("PolicyArns.member.1.arn", READ_ONLY)];
    let text = [("Policy", create)];
    for (more, may_read, may_write) in [
        (&[][..], "OK", "OK"),
        (&arn, "OK", "AccessDenied"),
        (&text, "AccessDenied", "OK"),
        (&[arn[0], text[0]], "OK", "OK"),
    ] {
        let role = aws.assume(&session, POWER, more).keys();
        assert_eq!(aws.sns(&role, "ListTopics", &[]).code(), may_read, "{more:?}");
        let written = aws.sns(&role, "CreateTopic", &[("Name", "t1")]);
        assert_eq!(written.code(), may_write, "{more:?}");
        // The role's own policy still bounds: no session policy gives IAM to it.
        assert_eq!(aws.iam(&role, "ListUsers", &[]).code(), "AccessDenied");
    }
    let refused = {
        let role = aws.assume(&session, POWER, &arn).keys();
        aws.sns(&role, "CreateTopic", &[("Name", "t1")]).message()
    };
    assert!(refused.ends_with("because no session policy allows the sns:CreateTopic action"), "{refused}");
    for (more, code) in [
        (&[("Policy", r#"{"Version":"2012-10-17","Statement":[]}"#)][..], "MalformedPolicyDocument"),
        (
            &[(
                "Policy",
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#,
            )],
            "MalformedPolicyDocument",
        ),
        (&[("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/NoSuchPolicy")], "MalformedPolicyDocument"),
        (&[("PolicyArns.member.1.arn", "short")], "ValidationError"),
        (&[("Policy", &" ".repeat(2049))], "ValidationError"),
    ] {
        assert_eq!(aws.assume(&session, POWER, more).code(), code, "{more:?}");
    }
    let arns: Vec<String> = (1..=11).map(|number| format!("PolicyArns.member.{number}.arn")).collect();
    let eleven: Vec<(&str, &str)> = arns.iter().map(|name| (name.as_str(), READ_ONLY)).collect();
    assert_eq!(aws.assume(&session, POWER, &eleven).code(), "ValidationError");
}

/// Sessions made before a moment can be cut off (`id_roles_use_revoke-sessions`).
#[test]
fn older_sessions_can_be_revoked() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-25T09:10:00Z"}}}]}"#;
    let mut account = home(Permissions::inline(ALL), &trusting(HOME, ASSUME, "{}"));
    account.role_mut("target").unwrap().permissions = Permissions::inline(policy);
    let mut aws = Aws::of(&Company::default().with(account));
    let keys = aws.user("u");
    let before = aws.assume(&keys, &target(), &[]).keys();
    aws.pass(600);
    let after = aws.assume(&keys, &target(), &[]).keys();
    assert_eq!(aws.iam(&before, "ListUsers", &[]).code(), "AccessDenied");
    assert_eq!(aws.iam(&after, "ListUsers", &[]).code(), "OK");
    assert_eq!(aws.sts(&before, "GetCallerIdentity", &[]).code(), "OK", "nothing can deny that");
}

#[test]
fn no_policy_can_deny_get_session_token_or_get_caller_identity() {
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    let account = home(Permissions::inline(deny), &trusting(HOME, ASSUME, "{}")).service_control(&[deny]);
    let mut aws = Aws::of(&Company::default().with(account));
    let keys = aws.user("u");
    assert_eq!(aws.sts(&keys, "GetCallerIdentity", &[]).code(), "OK");
    assert_eq!(aws.sts(&keys, "GetSessionToken", &[]).code(), "OK");
    assert_eq!(aws.iam(&keys, "GetUser", &[]).code(), "AccessDenied");
}

/// A federated user has what its user and the session policy both allow, and nothing without one.
#[test]
fn federated_users() {
    let account = home(Permissions::inline(ALL), &trusting(HOME, ASSUME, "{}")).root_key();
    let mut aws = Aws::of(&Company::default().with(account));
    let keys = aws.user("u");
    let of = |aws: &mut Aws, more: &[(&str, &str)]| -> Keys {
        aws.sts(&keys, "GetFederationToken", &[&[("Name", "ci")], more].concat()).keys()
    };
    let root = aws.user("root");
    let of_root = [("Name", "ci"), ("PolicyArns.member.1.arn", READ_ONLY)];
    let of_root = aws.sts(&root, "GetFederationToken", &of_root).keys();
    assert_eq!(aws.sns(&of_root, "ListTopics", &[]).code(), "OK");
    assert_eq!(aws.sns(&of_root, "CreateTopic", &[("Name", "t1")]).code(), "AccessDenied");
    let (bare, narrowed) = (of(&mut aws, &[]), of(&mut aws, &[("PolicyArns.member.1.arn", READ_ONLY)]));
    assert_eq!(aws.sns(&bare, "ListTopics", &[]).code(), "AccessDenied");
    assert_eq!(aws.sns(&narrowed, "ListTopics", &[]).code(), "OK");
    assert_eq!(aws.sns(&narrowed, "CreateTopic", &[("Name", "t1")]).code(), "AccessDenied");
}

#[test]
fn companies_that_do_not_hold_together() {
    let now = "2026-11-25T09:00:00Z".parse().unwrap();
    let world =
        |account: Account| kagimori_fake_aws::World::new(&Company::default().with(account), now).unwrap_err();
    assert!(matches!(world(Account::new("12")), CompanyError::Account(_)));
    assert!(matches!(world(Account::new(HOME).role(Role::new("r", "{"))), CompanyError::Policy { .. }));
    assert!(matches!(
        world(Account::new(HOME).user(User::new("u").in_group("g"))),
        CompanyError::Group { .. }
    ));
    let missing = Permissions::attached("arn:aws:iam::aws:policy/NoSuchPolicy");
    let error = world(Account::new(HOME).user(User::new("u").permissions(missing)));
    assert_eq!(
        error.to_string(),
        "arn:aws:iam::111122223333:user/u has the managed policy `arn:aws:iam::aws:policy/NoSuchPolicy`, which does not exist"
    );
}
