//! SCPs on organizational units: where the tree is known they bind or not; where it is not, they matter only to what they limit.

#[cfg(test)]
mod organization_tree {
    use kagimori_estate::Estate;
    use kagimori_estate::access::{Access, Question};
    use kagimori_estate::read::{Assembler, File, read};
    use kagimori_id::AccountId;
    use kagimori_policy::decision::Answer;

    const DETAILS: &str = r#"{"UserDetailList": [{"UserName": "ann", "UserId": "AIDAX", "Arn": "arn:aws:iam::111122223333:user/ann", "Path": "/",
        "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "iam:CreateUser"], "Resource": "*"}]}}]}],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#;
    const UNIT: &str = "ou-ab12-11111111";

    /// The estate with an SCP on a unit, `FullAWSAccess` on every level, and with these files of the tree.
    fn estate(statements: &str, tree: &[(&str, &str)]) -> Estate {
        estate_with(&["r-ab12", UNIT, "111122223333"], true, statements, tree)
    }

    /// The same with `FullAWSAccess` on these; `of_aws`: it is listed as AWS's own.
    fn estate_with(full: &[&str], of_aws: bool, statements: &str, tree: &[(&str, &str)]) -> Estate {
        let content = format!(r#"{{\"Version\": \"2012-10-17\", \"Statement\": [{statements}]}}"#);
        let summary = |id: &str, aws: bool| {
            format!(
                r#"{{"Id": "{id}", "Name": "{id}", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": {aws}}}"#
            )
        };
        let list = format!(
            r#"{{"Policies": [{}, {}]}}"#,
            summary("p-FullAWSAccess", of_aws),
            summary("p-12345678", false)
        );
        let policy = format!(
            r#"{{"Policy": {{"PolicySummary": {}, "Content": "{content}"}}}}"#,
            summary("p-12345678", false)
        );
        let targets: Vec<String> = full.iter().map(|id| format!(r#"{{"TargetId": "{id}"}}"#)).collect();
        let of_full = format!(r#"{{"Targets": [{}]}}"#, targets.join(", "));
        let own = if full.is_empty() { String::new() } else { format!(r#"{{"TargetId": "{UNIT}"}}"#) };
        let targets = format!(r#"{{"Targets": [{own}]}}"#);
        let mut assembler = Assembler::default();
        let account = AccountId::parse("111122223333").ok();
        assembler.add(read(File {
            path: "snapshots/111122223333/a.json",
            account,
            bytes: DETAILS.as_bytes(),
        }));
        let files = [
            ("o/policies.json", list.as_str()),
            ("o/policy.json", &policy),
            ("o/targets-p-FullAWSAccess.json", &of_full),
            ("o/targets-p-12345678.json", &targets),
        ];
        for (path, text) in files.iter().chain(tree) {
            assembler.add(read(File { path, account: None, bytes: text.as_bytes() }));
        }
        let estate = assembler.finish(None);
        assert_eq!(estate.problems, []);
        estate
    }

    fn answer(estate: &Estate, action: &str, resource: &str) -> Answer {
        let access = Access::of(estate);
        let question = Question {
            action: action.to_owned(),
            resource: resource.to_owned(),
            resource_account: None,
            wildcard_only: false,
            common: None,
            context: Vec::new(),
            strict: true,
        };
        let subject = access.subject("arn:aws:iam::111122223333:user/ann").unwrap();
        let answer = access.decide(subject, &question);
        assert_eq!(answer, access.ask(subject, &question).decision.answer);
        answer
    }

    const DENY: &str = r#"{\"Effect\": \"Deny\", \"Action\": \"iam:CreateUser\", \"Resource\": \"*\"}"#;
    const ALLOW: &str = r#"{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}"#;

    #[test]
    fn by_what_is_known_of_the_tree() {
        let here: &[(&str, &str)] = &[
            (
                "o/parents-111122223333.json",
                r#"{"Parents": [{"Id": "ou-ab12-11111111", "Type": "ORGANIZATIONAL_UNIT"}]}"#,
            ),
            ("o/parents-ou-ab12-11111111.json", r#"{"Parents": [{"Id": "r-ab12", "Type": "ROOT"}]}"#),
        ];
        let elsewhere: &[(&str, &str)] =
            &[("o/parents-111122223333.json", r#"{"Parents": [{"Id": "r-ab12", "Type": "ROOT"}]}"#)];
        let children: &[(&str, &str)] = &[
            (
                "o/children-r-ab12.json",
                r#"{"Children": [{"Id": "ou-ab12-11111111", "Type": "ORGANIZATIONAL_UNIT"}]}"#,
            ),
            (
                "o/list-accounts-for-parent-ou-ab12-11111111.json",
                r#"{"Accounts": [{"Id": "111122223333", "Name": "a", "Status": "ACTIVE"}]}"#,
            ),
        ];
        let units: &[(&str, &str)] = &[
            (
                "o/roots.json",
                r#"{"Roots": [{"Id": "r-ab12", "Arn": "x", "Name": "Root", "PolicyTypes": []}]}"#,
            ),
            (
                "o/units-r-ab12.json",
                r#"{"OrganizationalUnits": [{"Id": "ou-ab12-11111111", "Arn": "x", "Name": "u"}]}"#,
            ),
            (
                "o/children-ou-ab12-11111111.json",
                r#"{"Children": [{"Id": "111122223333", "Type": "ACCOUNT"}]}"#,
            ),
        ];
        for (name, tree, create_user) in [
            ("nothing", &[][..], None),
            ("inside, by parents", here, Some(false)),
            ("elsewhere", elsewhere, Some(true)),
            ("inside, by children", children, Some(false)),
            ("inside, by units", units, Some(false)),
        ] {
            let estate = estate(DENY, tree);
            let user = "arn:aws:iam::111122223333:user/x";
            let found = answer(&estate, "iam:CreateUser", user);
            let found = match found {
                Answer::Allowed => Some(true),
                Answer::Indeterminate => None,
                Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_) => Some(false),
            };
            assert_eq!(found, create_user, "{name}");
            // what the document does not name does not hang on the tree
            assert_eq!(answer(&estate, "s3:GetObject", "arn:aws:s3:::b/x"), Answer::Allowed, "{name}");
        }
    }

    /// A list of what is allowed limits everything else; with `FullAWSAccess` beside it, nothing.
    #[test]
    fn a_unit_that_everything_is_allowed_in_limits_nothing() {
        let estate = estate(ALLOW, &[]);
        assert_eq!(answer(&estate, "iam:CreateUser", "arn:aws:iam::111122223333:user/x"), Answer::Allowed);
    }

    /// AWS keeps an SCP on every level (`DetachPolicy`) and denies everything below one without: files that show none are
    /// contradicted, and nobody is told to be allowed, or denied, by what they do not show.
    #[test]
    fn a_level_without_any_scp_leaves_nothing_decided() {
        let tree: &[(&str, &str)] = &[
            (
                "o/parents-111122223333.json",
                r#"{"Parents": [{"Id": "ou-ab12-22222222", "Type": "ORGANIZATIONAL_UNIT"}]}"#,
            ),
            ("o/parents-ou-ab12-22222222.json", r#"{"Parents": [{"Id": "r-ab12", "Type": "ROOT"}]}"#),
        ];
        let (root, unit, account) = ("r-ab12", "ou-ab12-22222222", "111122223333");
        for (full, bare) in [
            (&[root, unit, account][..], None),
            (&[unit, account], Some("an SCP on r-ab12 (")),
            (&[root, account], Some("an SCP on ou-ab12-22222222 (")),
            (&[root, unit], Some("an SCP on 111122223333 (")),
        ] {
            let estate = estate_with(full, true, DENY, tree);
            let expected = if bare.is_some() { Answer::Indeterminate } else { Answer::Allowed };
            assert_eq!(answer(&estate, "s3:GetObject", "arn:aws:s3:::b/x"), expected, "{full:?}");
            let access = Access::of(&estate);
            let in_effect = access.in_effect(access.subject("arn:aws:iam::111122223333:user/ann").unwrap());
            let names: Vec<&str> = in_effect.missing.iter().map(|missing| missing.name.as_str()).collect();
            assert_eq!(names.len(), usize::from(bare.is_some()), "{names:?}");
            assert!(names.iter().zip(bare).all(|(name, bare)| name.starts_with(bare)), "{names:?}");
        }
        // the tree above the account is not known, its own level is
        assert_eq!(
            answer(&estate_with(&[root], true, DENY, &[]), "s3:GetObject", "arn:aws:s3:::b/x"),
            Answer::Indeterminate
        );
        let bare = |estate: &Estate| {
            let access = Access::of(estate);
            let in_effect = access.in_effect(access.subject("arn:aws:iam::111122223333:user/ann").unwrap());
            in_effect.missing.iter().filter(|missing| missing.name.starts_with("an SCP on ")).count()
        };
        assert_eq!(bare(&estate_with(&[root], true, DENY, tree)), 2);
        // a list without the policy that AWS attaches everywhere is not the whole list: it shows no level to be bare
        assert_eq!(bare(&estate_with(&[root], false, DENY, tree)), 0);
        // SCPs that are attached nowhere are switched off
        assert_eq!(bare(&estate_with(&[], true, DENY, tree)), 0);
    }
}
