//! What a plan is not followed without, and what is said when it is not.

use kagimori_estate::change::{Change, CredentialChange, ManagedPolicyChange};
use kagimori_id::AccessKeyId;

use super::super::{Direction, Ended, Reason, Run, Taken, Terms, Wanted};
use super::driver::{Driver, End};
use super::plans::{KEY, allow, arn, aws, every_kind, few, key, plan};
use super::world::{ACCOUNT, Aws};
use crate::settings::apply::Apply;
use crate::{Plan, Settings};

fn terms() -> Terms {
    Terms::new("mika", &Settings::default())
}

fn report(driver: &mut Driver, plan: &Plan, direction: Direction, terms: &Terms) -> super::super::Report {
    match driver.run(plan, direction, terms) {
        End::Reported(report) => report,
        End::Died => panic!("nobody dies here"),
    }
}

fn off() -> Plan {
    plan(&[(key(false), Some(key(true)))])
}

/// The first question of a run to a person.
fn question(plan: &Plan, terms: Terms, aws: Aws) -> Option<super::super::Asked> {
    let mut driver = Driver::new(aws, &[], &[]);
    let mut run = Run::new(plan, Direction::Apply, terms, driver.history(plan));
    loop {
        match run.next() {
            Wanted::Call(call) => run.take(Taken::Outcome(driver.aws.call(&call))),
            Wanted::Typed(asked) => return Some(asked),
            _ => return None,
        }
    }
}

#[test]
fn what_is_there_already_is_nobodys_step() {
    let mut driver = Driver::new(aws(), &[], &[]);
    driver
        .aws
        .world
        .identities
        .get_mut("User mika")
        .unwrap()
        .keys
        .insert(KEY.to_owned(), "Inactive".to_owned());
    let told = report(&mut driver, &off(), Direction::Apply, &terms());
    let Ended::Moved(moved) = &told.ended else { panic!("{told:?}") };
    assert_eq!(moved[0].what, "it is like that already, and this plan has not made it so");
    assert_eq!((driver.journal.len(), driver.aws.made.len()), (0, 0));
    let back = report(&mut driver, &off(), Direction::Undo, &terms());
    let Ended::Moved(moved) = &back.ended else { panic!("{back:?}") };
    let why = "it is as the plan would make it, and the journal does not say that this plan has made it so";
    assert_eq!((moved[0].step, moved[0].what.as_str()), (0, why));
    assert_eq!((driver.journal.len(), driver.aws.made.len()), (0, 0), "what was not claimed is not undone");
}

#[test]
fn every_step_that_moved_is_told_before_anything_is_changed() {
    let mut driver = Driver::new(aws(), &[], &[]);
    let user = driver.aws.world.identities.get_mut("User mika").unwrap();
    user.keys.remove(KEY);
    user.inline.insert("work".to_owned(), allow("iam:*"));
    driver.aws.world.policies.remove(arn("policy/first").as_str());
    let allowed = Terms { irreversible: true, ..terms() };
    let told = report(&mut driver, &plan(&every_kind()), Direction::Apply, &allowed);
    let Ended::Moved(moved) = &told.ended else { panic!("{told:?}") };
    let told: Vec<_> = moved.iter().map(|moved| (moved.step, moved.what.as_str())).collect();
    let gone = format!("there is no {}", arn("policy/first"));
    assert_eq!(
        told,
        [(0, "it is not there"), (1, "its text is another one"), (5, gone.as_str()), (13, gone.as_str())]
    );
    assert!(driver.aws.made.is_empty() && driver.journal.is_empty());
}

#[test]
fn a_refused_step_stops_and_what_is_left_is_told() {
    let plan = plan(&every_kind());
    let (told, aws) = with_refusals(&plan, |call| {
        let is_it = call.operation == "DetachUserPolicy";
        is_it.then(|| ("AccessDenied".to_owned(), "not you".to_owned()))
    });
    let why = "AWS refused it: AccessDenied: not you".to_owned();
    assert_eq!(told.ended, Ended::Stopped { step: 2, in_doubt: false, why });
    assert_eq!((&told.done, &told.left), (&vec![0, 1], &(2..31).collect()));
    assert!(told.hint().contains("kagimori undo"));
    assert_eq!(aws.made.len(), 2);
}

/// Applies a plan; some calls are refused.
fn with_refusals(
    plan: &Plan,
    mut refusal: impl FnMut(&super::super::Call) -> Option<(String, String)>,
) -> (super::super::Report, Aws) {
    let mut aws = aws();
    let allowed = Terms { irreversible: true, ..terms() };
    let mut run = Run::new(plan, Direction::Apply, allowed, super::super::History::default());
    loop {
        let taken = match run.next() {
            Wanted::Call(call) => Taken::Outcome(match refusal(&call) {
                Some((code, message)) => super::super::Outcome::Refused { code, message },
                None => aws.call(&call),
            }),
            Wanted::Journal(_) => Taken::Journalled,
            Wanted::Wait { .. } => Taken::Waited,
            Wanted::Typed(asked) => Taken::Typed(asked.word),
            Wanted::Nothing => return (run.report().clone(), aws),
        };
        run.take(taken);
    }
}

/// Delivered twice, or given up by something on the way: what AWS shows counts, and it was seen otherwise right before.
#[test]
fn a_call_that_was_made_though_the_answer_is_an_error_is_ours() {
    let is_change = |call: &super::super::Call| call.operation == "UpdateAccessKey";
    for code in ["NoSuchEntity", "RequestTimeout", "Throttling", "AccessDenied", "InternalFailure"] {
        let plan = off();
        let mut driver = Driver::new(aws(), &[], &[]);
        let (told, journal, waited) = answered(&mut driver, &plan, Direction::Apply, |aws, call| {
            is_change(call).then(|| {
                aws.call(call);
                error(code)
            })
        });
        assert_eq!((told.ended, told.done, waited), (Ended::Done, vec![0], 0), "{code}");
        assert!(journal.iter().any(|entry| entry.contains(&format!("AWS answered {code}: not you"))));
        let back = report(&mut driver, &plan, Direction::Undo, &terms());
        assert_eq!((back.ended, back.done), (Ended::Done, vec![0]), "{code}: it is taken back");
    }
    // Not made, and nobody can look whether it was.
    for code in ["NoSuchEntity", "Throttling", "AccessDenied"] {
        let mut driver = Driver::new(aws(), &[], &[]);
        let (told, _, waited) =
            answered(&mut driver, &off(), Direction::Apply, |_, call| is_change(call).then(|| error(code)));
        let why = format!("AWS refused it: {code}: not you");
        assert_eq!(told.ended, Ended::Stopped { step: 0, in_doubt: false, why });
        assert_eq!(waited, if code == "NoSuchEntity" { 30 } else { 0 }, "{code}");
        assert_eq!(driver.history(&off()).side(0), super::super::Side::Before);
    }
    let mut driver = Driver::new(aws(), &[], &[]);
    let mut is_called = false;
    let (told, ..) = answered(&mut driver, &off(), Direction::Apply, |_, call| {
        let is_look = is_called && call.operation == "ListAccessKeys";
        is_called |= is_change(call);
        (is_look || is_change(call)).then(|| error("AccessDenied"))
    });
    let Ended::Stopped { in_doubt: true, why, .. } = &told.ended else { panic!("{told:?}") };
    assert!(why.starts_with("AWS answered AccessDenied: not you; `ListAccessKeys` tells nothing"), "{why}");
    let again = report(&mut driver, &off(), Direction::Apply, &terms());
    assert_eq!((again.ended, again.done), (Ended::Done, vec![0]));
}

/// However often it is called again, it is not waited longer than for one call; what was heard is told.
#[test]
fn the_waits_of_all_attempts_have_one_end() {
    let mut driver = Driver::new(aws(), &[], &[]);
    let mut calls = 0;
    let (told, _, waited) = answered(&mut driver, &off(), Direction::Apply, |_, call| {
        calls += usize::from(call.operation == "UpdateAccessKey");
        let why = "iam:UpdateAccessKey: HTTP 500; it may have been done".to_owned();
        (call.operation == "UpdateAccessKey").then_some(super::super::Outcome::Unknown { why })
    });
    let why =
        "iam:UpdateAccessKey: HTTP 500; it may have been done; AWS shows nothing of the call yet".to_owned();
    assert_eq!(told.ended, Ended::Stopped { step: 0, in_doubt: true, why });
    assert_eq!((waited, calls), (30, 3));
    // What passes late enough is still given time to show.
    let mut driver = Driver::new(aws(), &[], &[]);
    let (told, _, waited) = answered(&mut driver, &off(), Direction::Apply, |_, call| {
        (call.operation == "UpdateAccessKey").then(|| error("ConcurrentModification"))
    });
    assert!(matches!(told.ended, Ended::Stopped { in_doubt: false, .. }), "{told:?}");
    assert_eq!(waited, 15);
}

/// Nothing made room when AWS did not let it go.
#[test]
fn what_did_not_go_is_not_told_as_gone() {
    let mut driver = Driver::new(aws(), &[], &[]);
    let policy = driver.aws.world.policies.get_mut(arn("policy/first").as_str()).unwrap();
    policy.versions.insert(7, allow("a:D"));
    let (told, ..) = answered(&mut driver, &plan(&few()[1..2]), Direction::Apply, |_, call| {
        (call.operation == "DeletePolicyVersion").then(|| error("AccessDenied"))
    });
    assert!(matches!(told.ended, Ended::Stopped { in_doubt: false, .. }), "{told:?}");
    assert!(told.gone.is_empty() && driver.aws.made.is_empty(), "{told:?}");
}

fn error(code: &str) -> super::super::Outcome {
    super::super::Outcome::Refused { code: code.to_owned(), message: "not you".to_owned() }
}

/// Follows a plan; some calls are answered otherwise than by AWS alone. What the run wrote down, and how long it waited.
fn answered(
    driver: &mut Driver,
    plan: &Plan,
    direction: Direction,
    mut other: impl FnMut(&mut Aws, &super::super::Call) -> Option<super::super::Outcome>,
) -> (super::super::Report, Vec<String>, u32) {
    let allowed = Terms { irreversible: true, ..terms() };
    let (mut run, mut waited) = (Run::new(plan, direction, allowed, driver.history(plan)), 0);
    loop {
        let taken = match run.next() {
            Wanted::Call(call) => {
                let outcome = other(&mut driver.aws, &call).unwrap_or_else(|| driver.aws.call(&call));
                Taken::Outcome(outcome)
            }
            Wanted::Journal(record) => {
                driver.journal.push(record.entry("2027-01-15T08:00:00Z".parse().unwrap()).unwrap());
                Taken::Journalled
            }
            Wanted::Wait { seconds } => {
                waited += seconds;
                Taken::Waited
            }
            Wanted::Typed(asked) => Taken::Typed(asked.word),
            Wanted::Nothing => return (run.report().clone(), driver.journal.clone(), waited),
        };
        run.take(taken);
    }
}

#[test]
fn a_dry_run_only_looks_and_says_what_it_would_call() {
    let mut driver = Driver::new(aws(), &[], &[]);
    let dry = Terms { dry_run: true, ..terms() };
    let told = report(&mut driver, &plan(&few()), Direction::Apply, &dry);
    let Ended::WouldDo(calls) = told.ended else { panic!("{told:?}") };
    let names: Vec<_> = calls.iter().map(|call| call.operation.as_str()).collect();
    assert_eq!(names, ["UpdateAccessKey", "CreatePolicyVersion", "CreatePolicy", "AttachPolicy"]);
    assert!(driver.aws.made.is_empty() && driver.journal.is_empty());
}

#[test]
fn the_oldest_version_makes_room_and_its_text_is_kept() {
    let mut driver = Driver::new(aws(), &[], &[]);
    let policy = driver.aws.world.policies.get_mut(arn("policy/first").as_str()).unwrap();
    policy.versions.insert(7, allow("a:D"));
    let plan = plan(&few()[1..2]);
    let told = report(&mut driver, &plan, Direction::Apply, &terms());
    assert_eq!(told.ended, Ended::Done);
    assert_eq!(told.gone.len(), 1);
    assert_eq!(told.gone[0]["version"], "v2");
    let numbers = |driver: &Driver| -> Vec<u32> {
        driver.aws.world.policies[arn("policy/first").as_str()].versions.keys().copied().collect()
    };
    assert_eq!(numbers(&driver), [3, 4, 5, 7, 8]);
    let deletes = driver.journal.iter().find(|entry| entry.contains("DeletePolicyVersion")).unwrap();
    assert!(deletes.contains("\"found\":\""), "{deletes}");
    assert_eq!(report(&mut driver, &plan, Direction::Undo, &terms()).ended, Ended::Done);
    assert_eq!(numbers(&driver), [3, 4, 5, 7], "AWS's number of the new version, not the plan's, is deleted");
}

/// A plan that names the version that goes takes that one, and none when it is gone already.
#[test]
fn the_version_that_a_plan_names_makes_room() {
    let full = || {
        let mut aws = aws();
        let policy = aws.world.policies.get_mut(arn("policy/first").as_str()).unwrap();
        policy.versions.insert(7, allow("a:D"));
        aws
    };
    let (made, back) = few()[1].clone();
    let Change::ManagedPolicy(ManagedPolicyChange::CreatePolicyVersion { policy, version, document, .. }) =
        made
    else {
        panic!("{made}")
    };
    let makes_room = Some("v3".to_owned());
    let made = ManagedPolicyChange::CreatePolicyVersion { policy, version, document, makes_room };
    let plan = plan(&[(made.into(), back)]);
    let numbers = |driver: &Driver| -> Vec<u32> {
        driver.aws.world.policies[arn("policy/first").as_str()].versions.keys().copied().collect()
    };
    let mut driver = Driver::new(full(), &[], &[]);
    let told = report(&mut driver, &plan, Direction::Apply, &terms());
    assert_eq!((told.ended, numbers(&driver)), (Ended::Done, vec![2, 4, 5, 7, 8]));
    assert_eq!((&told.gone[0]["version"], told.gone.len()), (&"v3".into(), 1));
    assert!(
        driver.journal.iter().any(|entry| entry.contains("DeletePolicyVersion") && entry.contains("found"))
    );
    let mut driver = Driver::new(full(), &[], &[]);
    driver.aws.world.policies.get_mut(arn("policy/first").as_str()).unwrap().versions.remove(&3);
    let told = report(&mut driver, &plan, Direction::Apply, &terms());
    assert_eq!((told.ended, told.gone.len(), numbers(&driver)), (Ended::Done, 0, vec![2, 4, 5, 7, 8]));
}

#[test]
fn a_step_that_nothing_takes_back_has_to_be_allowed() {
    let key_id = AccessKeyId::parse(KEY).unwrap();
    let gone = CredentialChange::DeleteAccessKey { user: arn("user/mika"), key: key_id }.into();
    let plan = plan(&[(few()[1].0.clone(), few()[1].1.clone()), (gone, None)]);
    let mut driver = Driver::new(aws(), &[], &[]);
    let user = driver.aws.world.identities.get_mut("User mika").unwrap();
    user.keys.insert(KEY.to_owned(), "Inactive".to_owned());
    let told = report(&mut driver, &plan, Direction::Apply, &terms());
    assert_eq!(told.ended, Ended::OneWay(vec![1]));
    assert!(driver.aws.made.is_empty());
    let allowed = Terms { irreversible: true, ..terms() };
    let told = report(&mut driver, &plan, Direction::Apply, &allowed);
    assert_eq!((told.ended, told.done), (Ended::Done, vec![0, 1]));
    let back = report(&mut driver, &plan, Direction::Undo, &terms());
    assert_eq!((back.ended, back.done, back.one_way), (Ended::Done, vec![0], vec![1]));
    assert!(!driver.aws.world.identities["User mika"].keys.contains_key(KEY));
}

#[test]
fn the_alias_is_asked_for_where_it_matters() {
    assert_eq!(question(&off(), terms(), aws()), None);
    let mut production = aws();
    production.world.alias = Some("shiosai-Production".to_owned());
    let asked = question(&off(), terms(), production).unwrap();
    assert_eq!(asked.word, "shiosai-Production");
    assert_eq!(asked.reasons, [Reason::Production { alias: asked.word.clone() }]);
    for (pattern, what) in [
        (KEY, KEY.to_owned()),
        ("MIKA", arn("user/mika").to_string()),
        ("arn:aws:iam::*:user/mi*", arn("user/mika").to_string()),
        (ACCOUNT, arn("user/mika").to_string()),
    ] {
        let care = Apply { protected: vec![pattern.to_owned()], ..Apply::default() };
        let asked = question(&off(), Terms { care, ..terms() }, aws()).unwrap();
        assert_eq!(asked.reasons, [Reason::Protected { what }], "{pattern}");
    }
    let care = Apply { protected: vec!["ken".to_owned()], steps: 23, ..Apply::default() };
    let mut nameless = aws();
    nameless.world.alias = None;
    let asked =
        question(&plan(&every_kind()), Terms { care, irreversible: true, ..terms() }, nameless).unwrap();
    assert_eq!(asked.reasons, [Reason::ManySteps { steps: 31, most: 23 }]);
    assert_eq!(asked.word, ACCOUNT, "an account without an alias goes by its number");
}

/// AWS is asked: what is protected by a tag or a unit is so whatever a snapshot says.
#[test]
fn what_aws_says_is_protected_is_asked_about() {
    let reasons = |aws: Aws, care: Apply| {
        question(&off(), Terms { care, ..terms() }, aws).map(|asked| asked.reasons).unwrap_or_default()
    };
    let protected = |what: String| vec![Reason::Protected { what }];
    let user = arn("user/mika");
    let mut tagged = aws();
    let held = tagged.world.identities.get_mut("User mika").unwrap();
    held.tags.insert("Kagimori:Protected".to_owned(), "yes".to_owned());
    assert_eq!(
        reasons(tagged.clone(), Apply::default()),
        protected(format!("{user} (tag Kagimori:Protected)"))
    );
    let by = |tags: &[&str], units: &[&str]| Apply {
        protected_tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        protected_units: units.iter().map(|&unit| unit.to_owned()).collect(),
        ..Apply::default()
    };
    assert_eq!(reasons(tagged.clone(), by(&[], &[])), []);
    assert_eq!(reasons(tagged.clone(), by(&["kagimori:*=no"], &[])), []);
    assert_eq!(reasons(tagged, by(&["team=s?a"], &[])), protected(format!("{user} (tag Team)")));
    let mut units = aws();
    let hangs = [(ACCOUNT, "ou-ab12-inner"), ("ou-ab12-inner", "ou-ab12-outer"), ("ou-ab12-outer", "r-ab12")];
    units.world.parents = hangs.map(|(child, parent)| (child.to_owned(), parent.to_owned())).into();
    for (pattern, found) in
        [("ou-ab12-inner", "ou-ab12-inner"), ("ou-*-outer", "ou-ab12-outer"), ("r-ab12", "r-ab12")]
    {
        let told = reasons(units.clone(), by(&[], &[pattern]));
        assert_eq!(told, protected(format!("the account {ACCOUNT} (in {found})")));
    }
    assert_eq!(reasons(units, by(&[], &["ou-cd34-other"])), []);
    assert_eq!(
        reasons(aws(), by(&[], &["ou-cd34-other"])),
        [],
        "an account of no organization is in no unit"
    );
}

/// What cannot be told is not taken for harmless.
#[test]
fn what_aws_does_not_say_may_be_protected() {
    let plan = off();
    let care = Apply { protected_units: vec!["ou-x".to_owned()], ..Apply::default() };
    let mut run =
        Run::new(&plan, Direction::Apply, Terms { care, ..terms() }, super::super::History::default());
    let mut aws = aws();
    let asked = loop {
        match run.next() {
            Wanted::Call(call) if ["ListUserTags", "ListParents"].contains(&call.operation.as_str()) => {
                let (code, message) = ("AccessDenied".to_owned(), "not you".to_owned());
                run.take(Taken::Outcome(super::super::Outcome::Refused { code, message }));
            }
            Wanted::Call(call) => run.take(Taken::Outcome(aws.call(&call))),
            Wanted::Typed(asked) => break asked,
            other => panic!("{other:?}"),
        }
    };
    let told: Vec<String> = asked
        .reasons
        .into_iter()
        .map(|reason| if let Reason::Protected { what } = reason { what } else { panic!("{reason:?}") })
        .collect();
    assert!(
        told.iter().any(|what| what.starts_with(&format!("{}, perhaps: `ListUserTags`", arn("user/mika"))))
    );
    assert!(
        told.iter().any(|what| what.starts_with(&format!("the account {ACCOUNT}, perhaps: `ListParents`")))
    );
}

#[test]
fn another_word_is_no_confirmation() {
    let mut driver = Driver::new(aws(), &[], &[]);
    driver.aws.world.alias = Some("prod".to_owned());
    let plan = off();
    let mut run = Run::new(&plan, Direction::Apply, terms(), driver.history(&plan));
    while let Wanted::Call(call) = run.next() {
        run.take(Taken::Outcome(driver.aws.call(&call)));
    }
    run.take(Taken::Journalled);
    assert!(matches!(run.next(), Wanted::Typed(_)), "what was not asked for is no answer");
    run.take(Taken::Typed("staging".to_owned()));
    assert_eq!((run.next(), &run.report().ended), (Wanted::Nothing, &Ended::NotConfirmed));
}

#[test]
fn a_plan_of_another_account_is_not_applied_here() {
    let plan = off();
    let mut run = Run::new(&plan, Direction::Apply, terms(), super::super::History::default());
    assert!(matches!(run.next(), Wanted::Call(call) if call.operation == "GetCallerIdentity"));
    let other = serde_json::json!({ "Account": "444455556666" });
    run.take(Taken::Outcome(super::super::Outcome::Answer(other)));
    let Ended::OtherAccount(why) = &run.report().ended else { panic!("{:?}", run.report()) };
    assert_eq!(
        why,
        "the credentials are of the account 444455556666, and the plan is about the account 111122223333"
    );
    assert_eq!(run.next(), Wanted::Nothing);
}

/// A plan that was made before the way back of a one-way plan was kept.
#[test]
fn a_plan_without_its_way_back_is_not_followed() {
    let mut plan = plan(&few());
    plan.way_back.clear();
    let mut driver = Driver::new(aws(), &[], &[]);
    let told = report(&mut driver, &plan, Direction::Apply, &terms());
    assert!(matches!(&told.ended, Ended::Unusable(why) if why.contains("no way back")), "{told:?}");
}

/// AWS keeps no password: what no plan puts back, no plan takes away.
#[test]
fn a_console_password_is_not_taken_away() {
    let login = |enabled| CredentialChange::SetConsoleLogin { user: arn("user/mika"), enabled }.into();
    let plan = plan(&[(key(false), Some(key(true))), (login(false), Some(login(true)))]);
    let mut driver = Driver::new(aws(), &[], &[]);
    let told = report(&mut driver, &plan, Direction::Apply, &terms());
    assert!(matches!(&told.ended, Ended::Unusable(why) if why.contains("cannot be put back")), "{told:?}");
    assert!(driver.aws.made.is_empty() && driver.journal.is_empty());
}

/// AWS shows late what was made just before: the refusal passes.
#[test]
fn a_refusal_because_aws_is_late_passes() {
    let pairs: Vec<_> = every_kind().into_iter().skip(3).take(2).collect();
    let plan = plan(&pairs);
    let mut late = 3;
    let (told, aws) = with_refusals(&plan, |call| {
        if call.operation != "AttachRolePolicy" || late == 0 {
            return None;
        }
        late -= 1;
        Some(("NoSuchEntity".to_owned(), "Policy does not exist or is not attachable.".to_owned()))
    });
    assert_eq!(told.ended, Ended::Done);
    assert_eq!(aws.world.identities["Role deploy"].attached, [arn("policy/team/third").to_string()]);
    assert_eq!(late, 0);
}
