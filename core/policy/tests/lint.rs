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

    /// What the linter calls an error in AWS's own policies, and why that stays so.
    const OF_AWS: [(&str, &str, &str); 2] = [
        // The service reference says that `events:source` and `events:detail-type` have several values; AWS compares them
        // without a qualifier here, and the documentation of EventBridge shows both ways.
        ("AWSAuditManagerAdministratorAccess", "v1", "missing-qualifier"),
        ("AWSControlTowerAccountServiceRolePolicy", "v2", "missing-qualifier"),
    ];

    #[test]
    fn aws_makes_no_errors_but_these() {
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
        let listed = OF_AWS
            .iter()
            .map(|(name, version, rule)| ((name.to_string(), version.to_string()), BTreeSet::from([*rule])));
        assert_eq!(errors, listed.collect());
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
