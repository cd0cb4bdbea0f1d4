//! The linter: each rule on a document it speaks up on and on a near miss, documents that AWS refuses, AWS's own policies, and
//! laws that hold for any document.

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use kagimori_policy::lint::rule::{Family, Level, RULES, Rule, RuleId};
    use kagimori_policy::lint::{Checked, Options, check};
    use kagimori_policy::parse::{Strictness, parse};
    use kagimori_policy::validate::PolicyKind;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Deserialize)]
    struct Cases {
        case: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        rule: String,
        #[serde(default = "identity")]
        kind: String,
        at: String,
        bad: String,
        good: String,
    }

    fn identity() -> String {
        "identity".to_owned()
    }

    fn kind(word: &str) -> PolicyKind {
        match word {
            "identity" => PolicyKind::Identity,
            "resource" => PolicyKind::Resource,
            "trust" => PolicyKind::Trust,
            "scp" => PolicyKind::ServiceControl,
            "rcp" => PolicyKind::ResourceControl,
            "session" => PolicyKind::Session,
            other => panic!("{other}"),
        }
    }

    /// The document that a case means.
    fn document(written: &str) -> String {
        if let Some(size) = written.strip_prefix("@big ") {
            let actions = vec!["\"s3:GetObject\""; size.parse::<usize>().unwrap() / 15].join(",");
            return document(&format!(
                r#"{{"Effect":"Allow","Action":[{actions}],"Resource":"arn:aws:s3:::b/*"}}"#
            ));
        }
        let is_document =
            written.contains("\"Statement\"") || serde_json::from_str::<Value>(written).is_err();
        if is_document {
            written.to_owned()
        } else {
            format!(r#"{{"Version":"2012-10-17","Statement":{written}}}"#)
        }
    }

    fn options(kind: PolicyKind, only: &[RuleId]) -> Options {
        Options { kind: Some(kind), only: only.iter().copied().collect(), ..Options::default() }
    }

    /// Every finding with a witness is one that the evaluator allows.
    fn witnesses_hold(checked: &Checked, text: &str) {
        let Ok(document) = parse(text, Strictness::Lenient) else { return };
        for policy in &checked.policies {
            for witness in policy.findings.iter().filter_map(|finding| finding.witness.as_ref()) {
                assert!(witness.holds(&document, policy.kind), "{witness:?}\n{text}");
            }
        }
    }

    #[test]
    fn every_rule_speaks_up_and_is_silent_on_a_near_miss() {
        let cases: Cases = toml::from_str(include_str!("data/lint/cases.toml")).unwrap();
        let mut covered = BTreeSet::new();
        for case in &cases.case {
            let rule = Rule::find(&case.rule).unwrap_or_else(|| panic!("no rule {}", case.rule));
            covered.insert(rule);
            let options = options(kind(&case.kind), &[rule]);
            let (bad, good) = (document(&case.bad), document(&case.good));
            let checked = check(&bad, "", &options);
            let places: Vec<&str> = checked
                .policies
                .iter()
                .flat_map(|policy| &policy.findings)
                .map(|finding| finding.pointer.as_str())
                .collect();
            assert_eq!(places, [case.at.as_str()], "{} on {bad}", case.rule);
            witnesses_hold(&checked, &bad);
            let silent = check(&good, "", &options);
            assert_eq!(
                silent.policies.iter().map(|policy| policy.findings.len()).sum::<usize>(),
                0,
                "{} on {good}: {silent:?}",
                case.rule
            );
        }
        let of_waivers = |rule: &RuleId| rule.rule().family == Family::Waiver;
        let missing: Vec<&str> = RuleId::ALL
            .iter()
            .filter(|rule| !covered.contains(rule) && !of_waivers(rule))
            .map(|rule| rule.rule().id)
            .collect();
        assert_eq!(missing, [""; 0], "rules without a case");
    }

    /// The table of the book is the table of the program.
    #[test]
    fn the_book_lists_every_rule() {
        let book = include_str!("../../../docs/check.md");
        let rows: Vec<&str> = book.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), RULES.len());
        for (rule, row) in RULES.iter().zip(rows) {
            let (aws, parliament) = (rule.aws.unwrap_or_default(), rule.parliament.join(", "));
            assert_eq!(
                row,
                format!("| `{}` | {} | {} | {aws} | {parliament} |", rule.id, rule.level, rule.says)
            );
        }
    }

    #[test]
    fn findings_about_grants_have_witnesses() {
        let cases: Cases = toml::from_str(include_str!("data/lint/cases.toml")).unwrap();
        for case in &cases.case {
            let rule = Rule::find(&case.rule).unwrap();
            if rule.rule().family == Family::OverGrant {
                let checked = check(&document(&case.bad), "", &options(kind(&case.kind), &[rule]));
                assert!(checked.policies[0].findings[0].witness.is_some(), "{}", case.rule);
            }
        }
    }

    /// Kind, statement, and whether strangers get in (IAM Access Analyzer; S3 User Guide, *The meaning of "public"*; IAM User Guide,
    /// *Identity-provider controls for shared OIDC providers*).
    #[test]
    fn strangers_choose_what_they_can() {
        let github = "token.actions.githubusercontent.com";
        let bucket = |condition: &str| {
            format!(
                r#"{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::ledger/*","Condition":{condition}}}"#
            )
        };
        let web = |host: &str, condition: &str| {
            format!(
                r#"{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::555566667777:oidc-provider/{host}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{condition}}}"#
            )
        };
        let (resource, trust) = ("resource", "trust");
        for (kind_word, statement, expected) in [
            (resource, bucket(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app"}}"#), true),
            (resource, bucket(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/app"}}"#), true),
            (resource, bucket(r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::55556666*:role/app"}}"#), true),
            (resource, bucket(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::555566667777:role/*"}}"#), false),
            (resource, bucket(r#"{"StringEquals":{"aws:username":"deploy"}}"#), true),
            (resource, bucket(r#"{"StringLike":{"aws:username":"app-*"}}"#), true),
            (resource, bucket(r#"{"StringEquals":{"aws:PrincipalTag/team":"red"}}"#), true),
            (resource, bucket(r#"{"StringEquals":{"aws:PrincipalTag/team":"red","aws:PrincipalOrgID":"o-a1b2c3d4e5"}}"#), false),
            (resource, bucket(r#"{"StringLike":{"aws:PrincipalOrgID":"o-*"}}"#), true),
            (resource, bucket(r#"{"StringLike":{"aws:SourceVpc":"*"}}"#), true),
            (resource, bucket(r#"{"StringLike":{"aws:SourceVpce":"vpce-*"}}"#), true),
            (resource, bucket(r#"{"StringEquals":{"aws:SourceVpce":"vpce-1a2b3c4d5e6f7a8b9"}}"#), false),
            (resource, bucket(r#"{"IpAddress":{"aws:SourceIp":"::/0"}}"#), true),
            (resource, bucket(r#"{"IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}}"#), true),
            (resource, bucket(r#"{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#), false),
            (resource, bucket(r#"{"IpAddress":{"aws:SourceIp":["198.51.100.0/24","203.0.113.0/24","192.0.2.0/24"]}}"#), false),
            (resource, bucket(r#"{"StringLike":{"aws:userid":"*:admin"}}"#), true),
            (resource, bucket(r#"{"StringLike":{"aws:userid":"AROAEXAMPLEEXAMPLE123:*"}}"#), false),
            (resource, bucket(r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}}"#), true),
            (resource, bucket(r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:topic"}}"#), true),
            (resource, bucket(r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::ours"}}"#), false),
            (resource, bucket(r#"{"StringEquals":{"aws:SourceAccount":"555566667777"}}"#), false),
            (resource, bucket(r#"{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:*:*:accesspoint/*"}}"#), true),
            (resource, bucket(r#"{"StringEquals":{"s3:DataAccessPointAccount":"555566667777"}}"#), false),
            (trust, web(github, r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:octo-org*/web:*"}}"#), true),
            (trust, web(github, r#"{"StringEquals":{"token.actions.githubusercontent.com:sub":"repo:*"}}"#), false),
            (trust, web(github, r#"{"StringEquals":{"token.actions.githubusercontent.com:environment":"production"}}"#), true),
            (trust, web(github, r#"{"StringEquals":{"token.actions.githubusercontent.com:repository_owner":"octo-org"}}"#), false),
            (trust, web(github, r#"{"StringLike":{"token.actions.githubusercontent.com:repository":"octo-org/*"}}"#), false),
            (trust, web(github, r#"{"StringLike":{"token.actions.githubusercontent.com:repository":"octo*/web"}}"#), true),
            (trust, web(github, r#"{"StringNotLike":{"token.actions.githubusercontent.com:sub":"repo:evil/*"}}"#), true),
            (trust, web(github, r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:octo-org@123/web@456:*"}}"#), false),
            (trust, web("gitlab.com", r#"{"StringLike":{"gitlab.com:sub":"project_path:*/web:*"}}"#), true),
            (trust, web("gitlab.com", r#"{"StringLike":{"gitlab.com:sub":"project_path:ferry/*"}}"#), false),
            (trust, web("app.terraform.io", r#"{"StringEquals":{"app.terraform.io:aud":"aws.workload.identity"}}"#), true),
            (trust, web("app.terraform.io", r#"{"StringLike":{"app.terraform.io:sub":"organization:*:project:p:workspace:w:run_phase:apply"}}"#), true),
            (trust, web("app.terraform.io", r#"{"StringLike":{"app.terraform.io:sub":"organization:acme:*"}}"#), false),
            (trust, web("agent.buildkite.com", r#"{"StringEquals":{"agent.buildkite.com:aud":"sts.amazonaws.com"}}"#), true),
            (trust, r#"{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}"#.to_owned(), true),
            (trust, r#"{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:1a2b3c4d-1111-4222-8333-123456789012"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}"#.to_owned(), false),
        ] {
            let text = document(&statement);
            let checked = check(&text, "", &options(kind(kind_word), &[]));
            witnesses_hold(&checked, &text);
            let open = ["public-access", "missing-condition-key-for-oidc-principal", "missing-github-repo-condition-key"];
            let is_open = checked.policies[0].findings.iter().any(|finding| open.contains(&finding.rule.rule().id));
            assert_eq!(is_open, expected, "{statement}");
        }
    }

    /// Witnesses are about the document's own account, or that of AWS's examples; strangers are of neither.
    #[test]
    fn witnesses_name_no_account_of_somebody() {
        for (kind_word, statement, owner) in [
            ("identity", r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}"#, "123456789012"),
            (
                "identity",
                r#"{"Effect":"Allow","Action":"iam:*","Resource":["arn:aws:iam::555566667777:role/*"]}"#,
                "555566667777",
            ),
            (
                "resource",
                r#"{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:555566667777:q"}"#,
                "555566667777",
            ),
            ("trust", r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#, "123456789012"),
        ] {
            let checked = check(&document(statement), "", &options(kind(kind_word), &[]));
            let witnesses: Vec<_> =
                checked.policies[0].findings.iter().filter_map(|finding| finding.witness.as_ref()).collect();
            assert!(!witnesses.is_empty(), "{statement}");
            for witness in witnesses {
                assert_eq!(witness.request.resource_account, owner, "{statement}");
                assert!(!format!("{witness:?}").contains("111122223333"), "{witness:?}");
            }
        }
    }

    /// Each fault once, and by its own rule.
    #[test]
    fn a_key_that_stands_twice_is_told_once_and_half_a_surrogate_pair_is_no_text() {
        let rules = |text: &str| -> Vec<&'static str> {
            let checked = check(text, "", &options(PolicyKind::Identity, &[]));
            assert!(checked.is_policy, "{text}");
            let findings = checked.policies.iter().flat_map(|policy| &policy.findings);
            findings.map(|finding| finding.rule.rule().id).collect()
        };
        let twice = r#"{"Effect":"Allow","Action":"s3:GetObject","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}"#;
        assert_eq!(rules(&document(twice)), ["duplicate-key"]);
        let half =
            r#"{"Sid":"a\ud800b","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
        assert_eq!(rules(&format!(r#"{{"Version":"2012-10-17","Statement":{half}}}"#)), ["json-syntax"]);
    }

    /// A name that the data does not have gets a hint only where one slip of the hand makes a known name of it.
    #[test]
    fn what_is_newer_than_the_data_gets_no_hint() {
        for (statement, expected) in [
            (r#""Action":"s3:*","Condition":{"Bool":{"aws:ViaAWSMCPService":"true"}}"#, ""),
            (
                r#""Action":"s3:*","Condition":{"Bool":{"aws:ViaAWSNewService":"true"}}"#,
                "`aws:ViaAWSNewService` is not among the global keys of 2026-11-29",
            ),
            (
                r#""Action":"s3:*","Condition":{"Bool":{"aws:SecureTransprot":"true"}}"#,
                "`aws:SecureTransprot` is not among the global keys of 2026-11-29; did you mean `aws:securetransport`?",
            ),
            (
                r#""Action":"s3:GetObjcet""#,
                "the action `s3:GetObjcet` is not in the data of 2026-10-27; did you mean `s3:GetObject`?",
            ),
            (r#""Action":"s3:GetObjectV2""#, "the action `s3:GetObjectV2` is not in the data of 2026-10-27"),
            (r#""Action":"brandnew:DoIt""#, "the service `brandnew` is not in the data of 2026-10-27"),
        ] {
            let text = document(&format!(r#"{{"Effect":"Deny","Resource":"*",{statement}}}"#));
            let only = ["invalid-action", "invalid-service-in-action", "invalid-global-condition-key"];
            let only: Vec<RuleId> = only.iter().filter_map(|id| Rule::find(id)).collect();
            let checked = check(&text, "", &options(PolicyKind::Identity, &only));
            let said = checked.policies[0].findings.first().map_or("", |finding| finding.message.as_str());
            assert_eq!(said, expected, "{statement}");
        }
    }

    /// Nesting is bounded, in the text and in a document inside a string.
    #[test]
    fn deep_nesting_is_an_error_with_its_place() {
        let deep = "[".repeat(30_000) + &"]".repeat(30_000);
        let inner =
            serde_json::to_string(&format!(r#"{{"Version":"2012-10-17","Statement":{deep}}}"#)).unwrap();
        for text in
            [deep.clone(), format!("{{\"Statement\":\n{deep}}}"), format!(r#"{{"PolicyDocument":{inner}}}"#)]
        {
            let checked = check(&text, "", &Options::default());
            let finding = &checked.policies[0].findings[0];
            assert_eq!(finding.rule, RuleId::JsonSyntax);
            assert!(finding.place.column > 90, "{:?}", finding.place);
            assert!(parse(&text, Strictness::Lenient).is_err());
        }
    }

    #[derive(Deserialize)]
    struct Refused {
        error: String,
        rule: String,
        at: String,
        line: usize,
        document: String,
    }

    /// Documents that AWS refuses, collected by moto's tests, each with the rule and the place that we expect.
    #[test]
    fn what_iam_refuses_is_found_at_its_place() {
        let cases: Vec<Refused> =
            serde_json::from_str(include_str!("data/lint/moto-invalid-78.json")).unwrap();
        assert_eq!(cases.len(), 78);
        for case in cases {
            let text = &case.document;
            let checked = check(text, "", &options(PolicyKind::Identity, &[]));
            let findings: Vec<_> = checked.policies.iter().flat_map(|policy| &policy.findings).collect();
            let found = findings.iter().any(|finding| {
                finding.rule.rule().id == case.rule
                    && finding.pointer == case.at
                    && finding.place.line == case.line
            });
            let seen: Vec<_> = findings
                .iter()
                .map(|finding| (finding.rule.rule().id, &finding.pointer, finding.place.line))
                .collect();
            assert!(
                found,
                "{} wants {} {} {}, has {seen:?}\n{text}",
                case.error, case.rule, case.at, case.line
            );
        }
    }

    #[derive(Deserialize)]
    struct Sample {
        name: String,
        version: String,
        document: Value,
    }

    #[test]
    fn aws_makes_no_errors() {
        let samples: Vec<Sample> =
            serde_json::from_str(include_str!("data/managed-policies-200.json")).unwrap();
        let mut errors = BTreeMap::<(String, String), BTreeSet<&str>>::new();
        for sample in samples {
            let text = sample.document.to_string();
            let checked = check(&text, &sample.name, &options(PolicyKind::Identity, &[]));
            witnesses_hold(&checked, &text);
            for finding in checked.policies.iter().flat_map(|policy| &policy.findings) {
                if finding.level == Level::Error {
                    errors
                        .entry((sample.name.clone(), sample.version.clone()))
                        .or_default()
                        .insert(finding.rule.rule().id);
                }
            }
        }
        assert_eq!(errors, BTreeMap::new());
    }

    /// Texts near those that rules look for.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("*".to_owned()),
            Just("iam:PassRole".to_owned()),
            Just("s3:Get*".to_owned()),
            Just("arn:aws:iam::111122223333:role/${aws:username}".to_owned()),
            Just("arn:aws:s3:::b/${aws:PrincipalTag/x, 'y'}*".to_owned()),
            Just("arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com".to_owned()),
            Just("10.0.0.1/8".to_owned()),
            Just("true".to_owned()),
            Just("sts:AssumeRole".to_owned()),
            "[a-z:*?${},' /鍵]{0,12}",
        ]
    }

    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            3 => text().prop_map(Value::from),
            2 => proptest::collection::vec(text(), 0..3).prop_map(Value::from),
            1 => any::<i32>().prop_map(Value::from),
            1 => Just(Value::Null),
            1 => Just(serde_json::json!({"AWS": ["*", "AROAIOSFODNN7EXAMPLE"], "Service": "ec2.amazonaws.com"})),
            1 => Just(serde_json::json!({"Federated": "accounts.google.com"})),
        ]
    }

    fn condition() -> impl Strategy<Value = Value> {
        let operator = prop_oneof![
            Just("StringEquals"),
            Just("ForAllValues:StringLike"),
            Just("StringNotEqualsIfExists"),
            Just("BoolIfExists"),
            Just("Bool"),
            Just("Null"),
            Just("NotIpAddress"),
            Just("ArnLike"),
            Just("DateLessThan"),
            Just("Nonsense"),
        ];
        let key = prop_oneof![
            Just("aws:TagKeys"),
            Just("aws:MultiFactorAuthPresent"),
            Just("aws:SourceIp"),
            Just("aws:PrincipalOrgID"),
            Just("aws:ResourceTag/a"),
            Just("s3:prefix"),
            Just("iam:PassedToService"),
            Just("mfa"),
            Just("aws:Nonsense"),
        ];
        let block = proptest::collection::btree_map(key, values(), 0..3);
        proptest::collection::btree_map(operator, block, 0..3)
            .prop_map(|blocks| serde_json::to_value(blocks).unwrap())
    }

    fn statement() -> impl Strategy<Value = Value> {
        let element = prop_oneof![
            Just("Sid"),
            Just("Action"),
            Just("NotAction"),
            Just("Resource"),
            Just("NotResource"),
            Just("Principal"),
            Just("NotPrincipal"),
            Just("Extra"),
        ];
        let elements = proptest::collection::btree_map(element, values(), 1..6);
        (
            elements,
            proptest::option::of(condition()),
            prop_oneof![4 => Just("Allow"), 3 => Just("Deny"), 1 => Just("deny")],
        )
            .prop_map(|(elements, condition, effect)| {
                let mut statement = serde_json::to_value(elements).unwrap();
                statement["Effect"] = Value::from(effect);
                if let Some(condition) = condition {
                    statement["Condition"] = condition;
                }
                statement
            })
    }

    const KINDS: [PolicyKind; 8] = [
        PolicyKind::Identity,
        PolicyKind::Resource,
        PolicyKind::Trust,
        PolicyKind::Boundary,
        PolicyKind::ServiceControl,
        PolicyKind::ResourceControl,
        PolicyKind::Session,
        PolicyKind::Endpoint,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// No document makes it panic; places lie in the text; witnesses are allowed; the same text gives the same findings.
        #[test]
        fn any_document_is_linted(
            statements in proptest::collection::vec(statement(), 0..4),
            version in prop_oneof![3 => Just(Some("2012-10-17")), 1 => Just(Some("2008-10-17")), 1 => Just(None)],
            kind in proptest::sample::select(KINDS.to_vec()),
        ) {
            let mut document = serde_json::json!({ "Statement": statements });
            if let Some(version) = version {
                document["Version"] = Value::from(version);
            }
            let text = serde_json::to_string_pretty(&document).unwrap();
            let options = Options { kind: Some(kind), ..Options::default() };
            let checked = check(&text, "", &options);
            prop_assert_eq!(&checked, &check(&text, "", &options));
            let lines = text.lines().count();
            for finding in checked.policies.iter().flat_map(|policy| &policy.findings) {
                prop_assert!(finding.place.line >= 1 && finding.place.end_line <= lines, "{:?}", finding);
                prop_assert!(document.pointer(&finding.pointer).is_some(), "{:?}", finding);
            }
            // What is malformed is left out of the document, so that the whole text is another document.
            let is_whole = checked.policies.iter().flat_map(|policy| &policy.findings).all(|finding| finding.rule.rule().family != Family::Grammar);
            if is_whole {
                witnesses_hold(&checked, &text);
            }
        }

        #[test]
        fn any_text_is_linted(text in "[\\[\\]{}\":,a-z0-9 \\\\u]{0,40}") {
            let _ = check(&text, "scp", &Options::default());
        }
    }
}
