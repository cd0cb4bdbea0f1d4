//! Questions over the fictional company: the fast answers are those of the evaluator that explains.

#[cfg(test)]
mod access {
    use std::collections::HashSet;

    use fixedbitset::FixedBitSet;
    use kagimori_estate::Estate;
    use kagimori_estate::access::{Access, Among, Question, Subject, Target, Targets};
    use kagimori_estate::read::{Assembler, File, read};
    use kagimori_id::AccountId;
    use kagimori_policy::decision::Answer;
    use kagimori_policy::request::Fact;
    use kagimori_testkit::{Options, generate};

    fn company() -> Estate {
        let files = generate(&Options { days: 0, ..Options::default() });
        let mut assembler = Assembler::default();
        for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("snapshots/")) {
            let account = path.split('/').nth(1).and_then(|folder| AccountId::parse(folder).ok());
            assembler.add(read(File { path, account, bytes }));
        }
        assembler.finish(None)
    }

    fn question(action: &str, resource: &str) -> Question {
        Question {
            action: action.to_owned(),
            resource: resource.to_owned(),
            resource_account: None,
            wildcard_only: resource == "*",
            common: None,
            context: Vec::new(),
            strict: false,
        }
    }

    #[test]
    fn fast_answers_are_the_explained_ones() {
        let estate = company();
        let access = Access::of(&estate);
        let mut seen = HashSet::new();
        for (action, resource) in [
            ("iam:CreateAccessKey", "arn:aws:iam::666677778888:user/x"),
            ("s3:GetObject", "arn:aws:s3:::shiosai-lake/harbour/x"),
            ("sts:AssumeRole", "arn:aws:iam::444455556666:role/power"),
            ("cloudtrail:StopLogging", "arn:aws:cloudtrail:ap-northeast-1:444455556666:trail/main"),
            ("kms:Decrypt", "arn:aws:kms:ap-northeast-1:666677778888:key/k"),
            ("iam:ListUsers", "*"),
        ] {
            let question = question(action, resource);
            for subject in access.subjects() {
                let fast = access.decide(subject, &question);
                assert_eq!(fast, access.ask(subject, &question).decision.answer, "{} {action}", subject.arn);
                let is_denied = matches!(fast, Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_));
                assert!(is_denied || access.is_candidate(subject, &question), "{} {action}", subject.arn);
                seen.insert(std::mem::discriminant(&fast));
            }
        }
        assert_eq!(seen.len(), 4, "every kind of answer occurs");
    }

    #[test]
    fn guardrails_bind_members_and_not_the_management_account() {
        let estate = company();
        let access = Access::of(&estate);
        let stop = |account: &str| {
            let trail = format!("arn:aws:cloudtrail:ap-northeast-1:{account}:trail/main");
            let question = question("cloudtrail:StopLogging", &trail);
            let found = access.who_can(&question);
            found.iter().filter(|(subject, _)| subject.account.to_string() == account).count()
        };
        assert_eq!(stop("444455556666"), 0, "keep-the-trail is attached to production");
        assert!(stop("777788889999") > 0, "and not to the sandbox");
        assert!(stop("111122223333") > 0, "SCPs never bind the management account");
    }

    #[test]
    fn what_is_asked_of_each_is_what_is_asked_of_all() {
        let estate = company();
        let access = Access::of(&estate);
        let naming = access.naming(&["iam:CreateAccessKey", "iam:PassRole", "sts:AssumeRole"]);
        let mut seen = HashSet::new();
        for account in estate.accounts.values() {
            let own: Vec<_> =
                access.subjects().iter().filter(|subject| subject.account == account.id).collect();
            let context = vec![("aws:ResourceTag/x".to_owned(), Fact::Absent)];
            let target =
                |subject: &&Subject| Target { arn: subject.arn.to_string(), context: context.clone() };
            let targets = Targets::new(account.id, own.iter().map(target).collect());
            let mut all = FixedBitSet::with_capacity(targets.len());
            all.insert_range(..);
            // a trust policy is each role's own
            let apart = Among { set: &all, apart: &|place| place };
            for (place, action) in
                ["iam:CreateAccessKey", "iam:PassRole", "sts:AssumeRole"].into_iter().enumerate()
            {
                let template = question(action, "");
                let among = (action == "sts:AssumeRole").then_some(apart);
                for subject in own.iter().step_by(7) {
                    let graded = access.may_each(subject, &template, &targets, among);
                    for target in 0..targets.len() {
                        let may = access.may(subject, &targets.question(&template, target));
                        assert_eq!(
                            graded.may(target),
                            may,
                            "{} {action} {}",
                            subject.arn,
                            targets.arn(target)
                        );
                        seen.insert(may);
                    }
                    let is_named = naming.of(subject).contains(place);
                    assert!(
                        is_named || action == "sts:AssumeRole" || graded.is_empty(),
                        "{} {action}",
                        subject.arn
                    );
                }
            }
        }
        assert!(seen.len() >= 3, "{seen:?}");
    }

    #[test]
    fn subjects_are_found_by_their_sessions() {
        let estate = company();
        let access = Access::of(&estate);
        let role = access.subjects().iter().find(|subject| subject.principal.role_name().is_some()).unwrap();
        let session = format!("arn:aws:sts::{}:assumed-role/{}/x", role.account, role.arn.name());
        assert_eq!(access.subject(&session).unwrap().arn, role.arn);
        assert!(access.subject("arn:aws:iam::444455556666:user/nobody").is_none());
    }
}
