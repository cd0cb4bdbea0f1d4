//! The laws of changes, over the fictional company.

#[cfg(test)]
mod change {
    use std::sync::OnceLock;

    use kagimori_estate::Estate;
    use kagimori_estate::access::{Access, Question};
    use kagimori_estate::change::{
        Change, ChangeError, CredentialChange, EntityChange, Holdings, IdentityChange, ManagedPolicyChange,
        OrganizationChange, TagChange, WayBack, WireDocument, apply, apply_all, inverse, inverse_all,
        quarantine,
    };
    use kagimori_estate::read::{Assembler, File, read};
    use kagimori_id::{AccessKeyId, AccountId, Arn};
    use kagimori_policy::parse::{Strictness, parse};
    use kagimori_testkit::{Options, generate};
    use proptest::prelude::*;
    use proptest::sample::Index;

    fn company() -> &'static Estate {
        static COMPANY: OnceLock<Estate> = OnceLock::new();
        COMPANY.get_or_init(|| {
            let files = generate(&Options { days: 0, ..Options::default() });
            let mut assembler = Assembler::default();
            for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("snapshots/")) {
                let account = path.split('/').nth(1).and_then(|folder| AccountId::parse(folder).ok());
                assembler.add(read(File { path, account, bytes }));
            }
            assembler.finish(None)
        })
    }

    fn arn(text: &str) -> Arn {
        Arn::parse(text).unwrap()
    }

    fn document(action: &str) -> WireDocument {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*","Condition":{{"StringLike":{{"b":"1"}},"Bool":{{"a":true}}}}}}]}}"#
        );
        WireDocument(parse(&text, Strictness::Strict).unwrap())
    }

    fn pick<T: Clone>(all: &[T], index: Index) -> T {
        all[index.index(all.len())].clone()
    }

    /// A change about what the company has, with a name that is new or one that is there.
    fn one_of(kind: usize, index: Index, other: Index, new: bool) -> Change {
        let estate = company();
        let accounts = || estate.accounts.values();
        let users: Vec<_> = accounts().flat_map(|account| account.users.values()).collect();
        let roles: Vec<_> = accounts().flat_map(|account| account.roles.values()).collect();
        let groups: Vec<_> = accounts().flat_map(|account| account.groups.values()).collect();
        let policies: Vec<_> = accounts().flat_map(|account| account.policies.keys()).collect();
        let own: Vec<_> = policies.iter().filter(|arn| arn.account().is_some()).collect();
        let keys: Vec<_> = users
            .iter()
            .flat_map(|user| user.access_keys.value().into_iter().flatten().map(move |key| (&user.arn, key)))
            .filter_map(|(user, key)| Some((user.clone(), key.id.clone()?)))
            .collect();
        let identities: Vec<Arn> = (users.iter().map(|user| &user.arn))
            .chain(roles.iter().map(|role| &role.arn))
            .chain(groups.iter().map(|group| &group.arn))
            .cloned()
            .collect();
        let identity = pick(&identities, index);
        let grants = |arn: &Arn| {
            let account = estate.accounts.get(&arn.account().unwrap()).unwrap();
            match arn.resource().split('/').next() {
                Some("user") => account
                    .users
                    .get(arn.name())
                    .unwrap()
                    .details
                    .value()
                    .map(|details| details.grants.clone()),
                Some("role") => Some(account.roles.get(arn.name()).unwrap().grants.clone()),
                _ => Some(account.groups.get(arn.name()).unwrap().grants.clone()),
            }
            .unwrap_or_default()
        };
        let there = grants(&identity);
        let inline = match there.inline.as_slice() {
            [] => "new".to_owned(),
            inline => {
                if new {
                    "new".to_owned()
                } else {
                    pick(inline, other).0
                }
            }
        };
        let attached = match there.attached.as_slice() {
            [] => (*pick(&policies, other)).clone(),
            attached => {
                if new {
                    (*pick(&policies, other)).clone()
                } else {
                    pick(attached, other)
                }
            }
        };
        let user = pick(&users, index);
        let groups_of_user = user.details.value().map(|details| details.groups.clone()).unwrap_or_default();
        let organization = estate.organization.policies.value().unwrap();
        let scp = pick(organization, index);
        let target = scp.targets.value().into_iter().flatten().next().cloned().unwrap_or("r-new".to_owned());
        // where others are: AWS keeps an SCP on every node, and what was attached to none could not be taken back
        let held = organization.iter().filter_map(|policy| policy.targets.value()).flatten();
        let nodes: Vec<&String> = held.collect();
        match kind {
            0 => {
                let (user, key) = pick(&keys, index);
                Change::Credential(CredentialChange::SetAccessKeyStatus { user, key, active: new })
            }
            1 => Change::Identity(IdentityChange::PutInlinePolicy {
                identity,
                name: inline,
                document: document("s3:*"),
                position: None,
            }),
            2 => Change::Identity(IdentityChange::DeleteInlinePolicy { identity, name: inline }),
            3 => {
                Change::Identity(IdentityChange::AttachPolicy { identity, policy: attached, position: None })
            }
            4 => Change::Identity(IdentityChange::DetachPolicy { identity, policy: attached }),
            5 => Change::Identity(IdentityChange::SetBoundary {
                identity,
                policy: (*pick(&policies, other)).clone(),
            }),
            6 => Change::Identity(IdentityChange::RemoveBoundary { identity }),
            7 => Change::Identity(IdentityChange::SetTrustPolicy {
                role: pick(&roles, index).arn.clone(),
                document: document("sts:AssumeRole"),
            }),
            8 => Change::Identity(IdentityChange::AddToGroup {
                user: user.arn.clone(),
                group: pick(&groups, other).name.clone(),
                position: None,
            }),
            9 => {
                let group = groups_of_user.first().cloned().unwrap_or_else(|| "none".to_owned());
                Change::Identity(IdentityChange::RemoveFromGroup { user: user.arn.clone(), group })
            }
            10 => {
                Change::Credential(CredentialChange::SetConsoleLogin { user: user.arn.clone(), enabled: new })
            }
            11 => {
                let policy = if new {
                    arn("arn:aws:iam::444455556666:policy/p/new")
                } else {
                    (**pick(&own, index)).clone()
                };
                Change::ManagedPolicy(ManagedPolicyChange::CreatePolicy {
                    policy,
                    document: document("s3:*"),
                })
            }
            12 => Change::ManagedPolicy(ManagedPolicyChange::CreatePolicyVersion {
                policy: (**pick(&own, index)).clone(),
                version: "v99".to_owned(),
                document: document("s3:*"),
                makes_room: None,
            }),
            13 => Change::Organization(OrganizationChange::CreateOrganizationPolicy {
                id: if new { "p-new".to_owned() } else { scp.id },
                name: "New".to_owned(),
                kind: "SERVICE_CONTROL_POLICY".to_owned(),
                document: document("s3:*"),
            }),
            14 => Change::Organization(OrganizationChange::SetOrganizationPolicy {
                id: scp.id,
                document: document("s3:*"),
            }),
            15 => Change::Organization(OrganizationChange::AttachOrganizationPolicy {
                id: scp.id,
                target: pick(&nodes, other).clone(),
                position: None,
            }),
            16 => Change::Organization(OrganizationChange::DetachOrganizationPolicy { id: scp.id, target }),
            17 => Change::Tag(TagChange::SetTag {
                key: tag_of(&identity, other, new),
                identity,
                value: "海運 1".to_owned(),
                was: None,
            }),
            18 => {
                Change::Tag(TagChange::RemoveTag { key: tag_of(&identity, other, new), identity, was: None })
            }
            19 => made(&identity, other, new),
            _ => quarantine(estate, &user.arn).unwrap_or_else(|_| {
                let (identity, name) = (user.arn.clone(), "none".to_owned());
                Change::Identity(IdentityChange::DeleteInlinePolicy { identity, name })
            }),
        }
    }

    /// How many kinds of change [`one_of`] makes.
    const KINDS: usize = 21;

    /// Another of the kind of an identity that is there, with what that one holds and AWS would give again.
    fn made(like: &Arn, index: Index, new: bool) -> Change {
        let holds = Holdings::of(company(), like).map(|holds| holds.again()).unwrap_or_default();
        let name = if new { format!("new-{}", index.index(3)) } else { like.name().to_owned() };
        let resource = like.resource();
        let path = resource.strip_suffix(like.name()).unwrap();
        let identity = arn(&format!("arn:aws:iam::{}:{path}{name}", like.account().unwrap()));
        Change::Entity(EntityChange::CreateIdentity { identity, holds: Box::new(holds) })
    }

    /// The key of a tag that is there, or of another.
    fn tag_of(identity: &Arn, index: Index, new: bool) -> String {
        let account = company().accounts.get(&identity.account().unwrap()).unwrap();
        let tags = match account.roles.get(identity.name()) {
            Some(role) => role.tags.clone(),
            None => {
                let user = account.users.get(identity.name());
                user.and_then(|user| Some(user.details.value()?.tags.clone())).unwrap_or_default()
            }
        };
        let keys: Vec<&String> = tags.keys().collect();
        if new || keys.is_empty() { "Stage".to_owned() } else { pick(&keys, index).clone() }
    }

    fn change() -> impl Strategy<Value = Change> {
        (0..KINDS, any::<Index>(), any::<Index>(), any::<bool>()).prop_map(|(k, i, o, n)| one_of(k, i, o, n))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn a_change_and_its_inverse_leave_the_estate_as_it_was(change in change()) {
            let estate = company();
            match (apply(estate, &change), inverse(estate, &change)) {
                (Ok(after), Ok(undo)) => {
                    prop_assert!(after != *estate, "nothing changed: {change}");
                    prop_assert!(apply(&after, &undo).unwrap() == *estate, "{change} / {undo}");
                    // and the way back has its own way back
                    let redo = inverse(&after, &undo).unwrap();
                    prop_assert!(apply(estate, &redo).unwrap() == after, "{redo}");
                }
                (Err(refused), Err(also)) => prop_assert_eq!(refused, also),
                (applied, undone) => prop_assert!(
                    matches!(undone, Err(ChangeError::NotKnown(_))), "{:?} {:?}", applied.is_ok(), undone
                ),
            }
        }

        #[test]
        fn several_changes_are_undone_last_first(changes in proptest::collection::vec(change(), 1..5)) {
            let estate = company();
            let Ok(back) = inverse_all(estate, &changes) else { return Ok(()) };
            let after = apply_all(estate, &changes).unwrap();
            prop_assert!(apply_all(&after, &back).unwrap() == *estate);
        }

        /// Plans are made from the part of the estate that their changes are about.
        #[test]
        fn changes_are_refused_and_undone_as_in_the_whole(changes in proptest::collection::vec(change(), 1..5)) {
            let whole = apply_all(company(), &changes);
            match (inverse_all(company(), &changes), whole) {
                (Ok(_), Ok(_)) => {}
                (Err((place, ChangeError::NotKnown(_))), Ok(_)) => prop_assert!(place < changes.len()),
                (Err((place, ChangeError::NotKnown(_))), Err((first, _))) => prop_assert!(place <= first),
                (undone, made) => prop_assert_eq!(undone.err(), made.err()),
            }
        }

        /// All that can come back comes back; nothing else is touched.
        #[test]
        fn a_deletion_and_its_way_back_lose_what_aws_gives_nobody_twice(index in any::<Index>()) {
            let estate = company();
            let all: Vec<Arn> = estate
                .accounts
                .values()
                .flat_map(|account| {
                    let users = account.users.values().map(|user| &user.arn);
                    let groups = account.groups.values().map(|group| &group.arn);
                    users.chain(account.roles.values().map(|role| &role.arn)).chain(groups)
                })
                .cloned()
                .collect();
            let identity = pick(&all, index);
            let Ok(gone) = EntityChange::deletion(estate, &identity) else { return Ok(()) };
            let (after, back) = (apply(estate, &gone).unwrap(), inverse(estate, &gone).unwrap());
            let again = apply(&after, &back).unwrap();
            let sorted = |estate: &Estate| {
                let mut holds = Holdings::of(estate, &identity).unwrap().again();
                holds.members.sort();
                holds
            };
            prop_assert_eq!(sorted(estate), sorted(&again));
            for (id, account) in &estate.accounts {
                let other = again.accounts.get(id).unwrap();
                prop_assert_eq!(&account.policies, &other.policies);
                let is_it = |arn: &Arn| *arn == identity;
                for (name, user) in &account.users {
                    let is_member = user.details.value().is_some_and(|details| {
                        details.groups.iter().any(|group| identity.resource() == format!("group/{group}"))
                    });
                    prop_assert!(is_member || is_it(&user.arn) || Some(user) == other.users.get(name), "{}", name);
                }
                for (name, role) in &account.roles {
                    prop_assert!(is_it(&role.arn) || Some(role) == other.roles.get(name), "{}", name);
                }
                for (name, group) in &account.groups {
                    prop_assert!(is_it(&group.arn) || Some(group) == other.groups.get(name), "{}", name);
                }
            }
        }

        #[test]
        fn json_and_back_is_the_identity(change in change()) {
            let text = serde_json::to_string(&change).unwrap();
            prop_assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change.clone());
            prop_assert!(!change.to_string().is_empty());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        /// Documents that two estates share are not read; the answer is that of comparing all of it.
        #[test]
        fn the_same_is_in_effect_where_all_that_is_in_effect_is_the_same(change in change()) {
            let estate = company();
            let Ok(after) = apply(estate, &change) else { return Ok(()) };
            let (before, after) = (Access::of(estate), Access::of(&after));
            for subject in before.subjects() {
                let Some(changed) = after.subject(subject.arn.as_str()) else { continue };
                let is_same = before.in_effect(subject) == after.in_effect(changed);
                let said = before.has_same_in_effect(subject, &after, changed);
                prop_assert_eq!(said, is_same, "{}: {}", &change, &subject.arn);
            }
        }

        /// What is taken over from the estate before is what is worked out anew.
        #[test]
        fn an_estate_after_changes_says_what_it_says_by_itself(changes in proptest::collection::vec(change(), 1..3)) {
            let Ok(after) = apply_all(company(), &changes) else { return Ok(()) };
            let before = Access::of(company());
            let (changed, anew) = (Access::changed(&after, &before), Access::of(&after));
            prop_assert_eq!(changed.subjects().len(), anew.subjects().len());
            for (one, other) in changed.subjects().iter().zip(anew.subjects()) {
                prop_assert_eq!(&one.arn, &other.arn);
                prop_assert!(changed.in_effect(one) == anew.in_effect(other), "{}", one.arn);
                prop_assert_eq!(changed.identity(one), anew.identity(other));
                prop_assert_eq!(changed.subject(one.arn.as_str()).map(|found| &found.arn), Some(&one.arn));
                let asked = Question {
                    action: "sts:AssumeRole".to_owned(),
                    resource: one.arn.to_string(),
                    resource_account: None,
                    wildcard_only: false,
                    common: None,
                    context: Vec::new(),
                    strict: false,
                };
                prop_assert_eq!(changed.request(one, &asked), anew.request(other, &asked));
                prop_assert_eq!(changed.decide(one, &asked), anew.decide(other, &asked));
            }
        }
    }

    #[test]
    fn a_change_copies_what_it_is_about_and_shares_the_rest() {
        let estate = company();
        let account = estate.accounts.values().find(|account| account.users.len() > 2).unwrap();
        let user = account.users.values().next().unwrap();
        let identity = user.arn.clone();
        let change = Change::Identity(IdentityChange::PutInlinePolicy {
            identity,
            name: "new".to_owned(),
            document: document("s3:*"),
            position: None,
        });
        let after = apply(estate, &change).unwrap();
        for (id, held) in &estate.accounts {
            let changed = after.accounts.get(id).unwrap();
            assert_eq!(std::ptr::eq(held, changed), *id != account.id, "{id}");
            for (name, own) in &held.users {
                let is_it = *id == account.id && *name == user.name;
                assert_eq!(std::ptr::eq(own, changed.users.get(name).unwrap()), !is_it, "{name}");
            }
        }
    }

    /// Looked up as a walk through everybody finds them.
    #[test]
    fn whom_a_trail_names_is_found_by_id_by_name_and_by_session() {
        let estate = company();
        let access = Access::of(estate);
        let mut named = 0;
        for account in estate.accounts.values() {
            for user in account.users.values() {
                let found = access.user_named(account.id, &user.name).map(|subject| &subject.arn);
                assert_eq!(found, Some(&user.arn));
                let Some(details) = user.details.value() else { continue };
                let by_id = access.subject_with_id(account.id, details.id.as_str());
                assert_eq!(by_id.map(|subject| &subject.arn), Some(&user.arn));
                named += 1;
            }
            for role in account.roles.values() {
                let by_id = access.subject_with_id(account.id, role.id.as_str());
                assert_eq!(by_id.map(|subject| &subject.arn), Some(&role.arn));
                let session = format!("arn:aws:sts::{}:assumed-role/{}/session", account.id, role.name);
                assert_eq!(access.subject(&session).map(|subject| &subject.arn), Some(&role.arn));
            }
            assert!(access.subject_with_id(account.id, "AIDANOBODY").is_none());
        }
        assert!(named > 100);
    }

    #[test]
    fn every_kind_of_change_can_be_made_somewhere() {
        use proptest::strategy::ValueTree;
        use proptest::test_runner::TestRunner;
        let mut runner = TestRunner::deterministic();
        for kind in 0..KINDS {
            let mut made = 0;
            for _ in 0..200 {
                let (index, other, new) =
                    (any::<Index>(), any::<Index>(), any::<bool>()).new_tree(&mut runner).unwrap().current();
                made += usize::from(inverse(company(), &one_of(kind, index, other, new)).is_ok());
            }
            assert!(made > 0, "kind {kind} is never made");
        }
    }

    #[test]
    fn a_deleted_key_has_no_way_back() {
        let (user, key) = company()
            .accounts
            .values()
            .flat_map(|account| account.users.values())
            .find_map(|user| {
                let mut keys = user.access_keys.value()?.iter();
                let key = keys.find(|key| key.active.value() == Some(&true))?;
                Some((user.arn.clone(), key.id.clone()?))
            })
            .unwrap();
        let (whose, which) = (user.clone(), key.clone());
        let change = Change::Credential(CredentialChange::DeleteAccessKey { user, key });
        assert_eq!(change.way_back(), WayBack::None);
        assert!(matches!(apply(company(), &change), Err(ChangeError::InUse(_))));
        let off = CredentialChange::SetAccessKeyStatus { user: whose, key: which, active: false };
        let idle = apply(company(), &off.into()).unwrap();
        assert!(apply(&idle, &change).is_ok());
        assert_eq!(inverse(&idle, &change), Err(ChangeError::Irreversible));
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_its_reason() {
        let user = arn("arn:aws:iam::444455556666:user/machine/svc-tide-api");
        let nobody = arn("arn:aws:iam::444455556666:user/nobody");
        let key = AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap();
        for (change, expected) in [
            (
                Change::Credential(CredentialChange::SetAccessKeyStatus {
                    user: user.clone(),
                    key: key.clone(),
                    active: false,
                }),
                "there is no access key `AKIAIOSFODNN7EXAMPLE` in the estate",
            ),
            (
                Change::Credential(CredentialChange::DeleteAccessKey { user: nobody, key }),
                "there is no user `arn:aws:iam::444455556666:user/nobody` in the estate",
            ),
            (
                Change::Identity(IdentityChange::RemoveBoundary { identity: user.clone() }),
                "it would change nothing: arn:aws:iam::444455556666:user/machine/svc-tide-api has no boundary",
            ),
            (
                Change::ManagedPolicy(ManagedPolicyChange::CreatePolicyVersion {
                    policy: arn("arn:aws:iam::aws:policy/ReadOnlyAccess"),
                    version: "v9".to_owned(),
                    document: document("s3:*"),
                    makes_room: None,
                }),
                "AWS would refuse it: `arn:aws:iam::aws:policy/ReadOnlyAccess` is written by AWS and cannot be changed",
            ),
        ] {
            let error = apply(company(), &change).unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(!error.hint().is_empty());
        }
        for text in [
            r#"{"detach_policy":{"identity":"arn:aws:iam::1:user/a"}}"#,
            r#"{"explode":{}}"#,
            r#"{"detach_policy":{"identity":"x","policy":"y"}}"#,
            r#"{"set_trust_policy":{"role":"arn:aws:iam::444455556666:role/a","document":{"Statement":[{"Effect":"Allow","Action":"*","Action":"s3:*"}]}}}"#,
        ] {
            assert!(serde_json::from_str::<Change>(text).is_err(), "{text}");
        }
    }
}
