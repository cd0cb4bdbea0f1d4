//! Questions that AWS asks otherwise than their words say: root sessions, what goes with assuming a role, where an account is.

#[cfg(test)]
mod asked {
    use jiff::Timestamp;
    use kagimori_estate::Estate;
    use kagimori_estate::access::{Access, Question};
    use kagimori_estate::read::{Assembler, File, read};
    use kagimori_id::AccountId;
    use kagimori_policy::decision::Answer;
    use kagimori_policy::policies::Layer;
    use serde_json::{Value, json};

    const MANAGEMENT: &str = "999900001111";
    const MEMBER: &str = "111122223333";
    const OTHER: &str = "222233334444";
    const UNIT: &str = "ou-ab12-11111111";

    fn user(account: &str, name: &str, statements: &Value) -> Value {
        json!({"UserName": name, "UserId": format!("AIDA{name}{account}"), "Path": "/", "GroupList": [],
            "Arn": format!("arn:aws:iam::{account}:user/{name}"), "AttachedManagedPolicies": [], "Tags": [],
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]})
    }

    fn role(account: &str, name: &str, trust: &Value, statements: &Value) -> Value {
        json!({"RoleName": name, "RoleId": format!("AROA{name}"), "Path": "/", "AttachedManagedPolicies": [],
            "Arn": format!("arn:aws:iam::{account}:role/{name}"), "InstanceProfileList": [],
            "Tags": [{"Key": "level", "Value": "user"}],
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]})
    }

    fn details(users: &[Value], roles: &[Value]) -> Value {
        json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": [],
            "IsTruncated": false})
    }

    fn allow(actions: &[&str]) -> Value {
        json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}])
    }

    fn estate(accounts: &[(&str, Value)], organization: &[(&str, Value)]) -> Estate {
        let mut assembler = Assembler::default();
        for (id, details) in accounts {
            let (path, bytes) = (format!("snapshots/{id}/authorization-details.json"), details.to_string());
            let account = AccountId::parse(id).ok();
            assembler.add(read(File { path: &path, account, bytes: bytes.as_bytes() }));
        }
        for (name, value) in organization {
            let (path, bytes) = (format!("snapshots/organization/{name}.json"), value.to_string());
            assembler.add(read(File { path: &path, account: None, bytes: bytes.as_bytes() }));
        }
        let estate = assembler.finish(None);
        assert_eq!(estate.problems, []);
        estate
    }

    fn organization(features: &[&str]) -> Vec<(&'static str, Value)> {
        let account = |id: &str| {
            json!({"Id": id, "Arn": format!("arn:aws:organizations::{MANAGEMENT}:account/o-abcdefghij/{id}"),
                "Email": "a@b.c", "Name": id, "Status": "ACTIVE", "JoinedMethod": "CREATED",
                "JoinedTimestamp": "2022-09-23T00:00:00+00:00"})
        };
        let members: Vec<Value> = [MANAGEMENT, MEMBER, OTHER].map(account).into();
        vec![
            ("accounts", json!({"Accounts": members})),
            (
                "organization",
                json!({"Organization": {"Id": "o-abcdefghij", "FeatureSet": "ALL", "MasterAccountId": MANAGEMENT,
                    "Arn": format!("arn:aws:organizations::{MANAGEMENT}:organization/o-abcdefghij"),
                    "MasterAccountArn": format!("arn:aws:organizations::{MANAGEMENT}:account/o-abcdefghij/{MANAGEMENT}"),
                    "MasterAccountEmail": "a@b.c"}}),
            ),
            (
                "organizations-features",
                json!({"OrganizationId": "o-abcdefghij", "EnabledFeatures": features}),
            ),
        ]
    }

    fn ask(estate: &Estate, caller: &str, action: &str, resource: &str) -> Answer {
        let access = Access::of(estate);
        let question = Question {
            action: action.to_owned(),
            resource: resource.to_owned(),
            resource_account: None,
            wildcard_only: false,
            common: None,
            context: Vec::new(),
            strict: false,
        };
        let subject = access.subject(caller).unwrap();
        let question = question.to(subject);
        let answer = access.decide(subject, &question);
        assert_eq!(answer, access.ask(subject, &question).decision.answer, "{caller} {action} {resource}");
        answer
    }

    #[test]
    fn a_member_s_root_is_the_management_account_s_to_assume() {
        let root = |features: Option<&[&str]>, caller: (&str, &str), target: &str| {
            let users = |account: &str| {
                let may = user(account, "x", &allow(&["sts:AssumeRoot"]));
                details(&[may, user(account, "no", &allow(&["s3:*"]))], &[])
            };
            let accounts = [MANAGEMENT, MEMBER, OTHER].map(|account| (account, users(account)));
            let mut given = organization(features.unwrap_or_default());
            if features.is_none() {
                given.truncate(2);
            }
            let (account, name) = caller;
            let target = format!("arn:aws:iam::{target}:root");
            let caller = format!("arn:aws:iam::{account}:user/{name}");
            ask(&estate(&accounts, &given), &caller, "sts:AssumeRoot", &target)
        };
        let on: Option<&[&str]> = Some(&["RootSessions"]);
        assert_eq!(root(on, (MANAGEMENT, "x"), MEMBER), Answer::Allowed);
        assert_eq!(root(on, (MANAGEMENT, "no"), MEMBER), Answer::ImplicitlyDenied(Layer::Identity));
        assert_eq!(root(on, (MEMBER, "x"), MEMBER), Answer::ImplicitlyDenied(Layer::Aws));
        assert_eq!(root(on, (MANAGEMENT, "x"), MANAGEMENT), Answer::ImplicitlyDenied(Layer::Aws));
        // it may be a delegated administrator of IAM
        assert_eq!(root(on, (OTHER, "x"), MEMBER), Answer::Indeterminate);
        assert_eq!(root(on, (OTHER, "no"), MEMBER), Answer::ImplicitlyDenied(Layer::Identity));
        assert_eq!(root(on, (MANAGEMENT, "x"), "333344445555"), Answer::ImplicitlyDenied(Layer::Resource));
        assert_eq!(root(Some(&[]), (MANAGEMENT, "x"), MEMBER), Answer::ImplicitlyDenied(Layer::Resource));
        assert_eq!(root(None, (MANAGEMENT, "x"), MEMBER), Answer::Indeterminate);
    }

    #[test]
    fn tags_and_a_source_identity_are_for_the_trust_policy_to_allow() {
        let trust = |actions: &[&str]| json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{MEMBER}:root")}, "Action": actions});
        let all = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
        let when = json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/level": "admin"}}}]);
        let roles =
            [role(MEMBER, "open", &trust(&all), &when), role(MEMBER, "plain", &trust(&all[..1]), &when)];
        let users = [user(MEMBER, "x", &allow(&all)), user(MEMBER, "half", &allow(&all[..1]))];
        let estate = estate(&[(MEMBER, details(&users, &roles))], &[]);
        let arn = |what: &str| format!("arn:aws:iam::{MEMBER}:{what}");
        for action in all {
            assert_eq!(ask(&estate, &arn("user/x"), action, &arn("role/open")), Answer::Allowed, "{action}");
        }
        for action in &all[1..] {
            let denied = ask(&estate, &arn("user/x"), action, &arn("role/plain"));
            assert_eq!(denied, Answer::ImplicitlyDenied(Layer::Resource), "{action}");
            let denied = ask(&estate, &arn("user/half"), action, &arn("role/open"));
            assert_eq!(denied, Answer::ImplicitlyDenied(Layer::Identity), "{action}");
            // its trust policy is not known
            let open = ask(&estate, &arn("user/x"), action, &arn("role/nosuch"));
            assert_eq!(open, Answer::Indeterminate, "{action}");
        }
        // a session tag goes before the role's own; without the permission there is none
        let object = "arn:aws:s3:::b/k";
        assert_eq!(ask(&estate, &arn("role/open"), "s3:GetObject", object), Answer::Indeterminate);
        let fixed = ask(&estate, &arn("role/plain"), "s3:GetObject", object);
        assert_eq!(fixed, Answer::ImplicitlyDenied(Layer::Identity));
    }

    #[test]
    fn where_an_account_is_in_the_organization_the_tree_tells() {
        let paths = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition":
            {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": format!("o-abcdefghij/r-ab12/{UNIT}/*")}}});
        let accounts = [
            (MANAGEMENT, details(&[], &[role(MANAGEMENT, "r", &paths, &allow(&["s3:*"]))])),
            (MEMBER, details(&[user(MEMBER, "x", &allow(&["*"]))], &[])),
            (OTHER, details(&[user(OTHER, "x", &allow(&["*"]))], &[])),
        ];
        let parent = |id: &str, kind: &str| json!({"Parents": [{"Id": id, "Type": kind}]});
        let tree = [
            ("parents-111122223333", parent(UNIT, "ORGANIZATIONAL_UNIT")),
            ("parents-222233334444", parent("r-ab12", "ROOT")),
            ("parents-ou-ab12-11111111", parent("r-ab12", "ROOT")),
        ];
        let known: Vec<(&str, Value)> = organization(&[]).into_iter().chain(tree.clone()).collect();
        let role = format!("arn:aws:iam::{MANAGEMENT}:role/r");
        let asked = |given: &[(&str, Value)], account: &str| {
            let caller = format!("arn:aws:iam::{account}:user/x");
            ask(&estate(&accounts, given), &caller, "sts:AssumeRole", &role)
        };
        assert_eq!(asked(&known, MEMBER), Answer::Allowed);
        assert_eq!(asked(&known, OTHER), Answer::ImplicitlyDenied(Layer::Resource));
        // the unit's own parent is not known
        let torn: Vec<(&str, Value)> =
            organization(&[]).into_iter().chain(tree.into_iter().take(2)).collect();
        assert_eq!(asked(&torn, MEMBER), Answer::Indeterminate);
    }

    #[test]
    fn what_lies_in_a_region_is_asked_for_there() {
        let here = json!([{"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}]);
        let estate = estate(&[(MEMBER, details(&[user(MEMBER, "x", &here)], &[]))], &[]);
        let ask = |resource: &str| {
            let caller = format!("arn:aws:iam::{MEMBER}:user/x");
            ask(&estate, &caller, "ec2:StopInstances", resource)
        };
        assert_eq!(ask("arn:aws:ec2:ap-northeast-1:111122223333:instance/i-1"), Answer::Allowed);
        assert_eq!(
            ask("arn:aws:ec2:us-east-1:111122223333:instance/i-1"),
            Answer::ImplicitlyDenied(Layer::Identity)
        );
        for open in ["*", "arn:aws:ec2:*:111122223333:instance/i-1", "arn:aws:s3:::bucket/key"] {
            assert_eq!(ask(open), Answer::Indeterminate, "{open}");
        }
    }

    #[test]
    fn the_moment_is_that_of_every_question_that_names_none() {
        let when = json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
            "Condition": {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}}]);
        let estate = estate(&[(MEMBER, details(&[user(MEMBER, "x", &when)], &[]))], &[]);
        let mut access = Access::of(&estate);
        let question = Question {
            action: "s3:GetObject".to_owned(),
            resource: "arn:aws:s3:::b/k".to_owned(),
            resource_account: None,
            wildcard_only: false,
            common: None,
            context: Vec::new(),
            strict: false,
        };
        let ask = |access: &Access<'_>| access.decide(&access.subjects()[0], &question);
        assert_eq!(ask(&access), Answer::Indeterminate);
        access.set_moment(Timestamp::UNIX_EPOCH);
        assert_eq!(ask(&access), Answer::Allowed);
        access.set_moment("2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(ask(&access), Answer::ImplicitlyDenied(Layer::Identity));
    }
}
