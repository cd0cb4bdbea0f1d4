//! The way back where not everything was made, something is gone for good, or the journal is elsewhere.

use kagimori_estate::change::{Change, CredentialChange};
use kagimori_id::AccessKeyId;

use super::super::{Direction, Ended, Moved, Report, Side, Terms};
use super::driver::{Driver, End, Fault};
use super::plans::{KEY, arn, aws, every_kind, few, key, plan};
use crate::Plan;
use crate::settings::apply::Apply;

fn terms() -> Terms {
    Terms { by: "mika".to_owned(), irreversible: true, ..Terms::default() }
}

fn report(driver: &mut Driver, plan: &Plan, direction: Direction) -> Report {
    match driver.run(plan, direction, &terms()) {
        End::Reported(report) => report,
        End::Died => panic!("nobody dies here"),
    }
}

fn off() -> Plan {
    plan(&[(key(false), Some(key(true)))])
}

fn without_key(driver: &mut Driver) {
    driver.aws.world.identities.get_mut("User mika").unwrap().keys.remove(KEY);
}

#[test]
fn a_key_that_is_gone_does_not_hold_up_the_rest() {
    let plan = plan(&few());
    let mut driver = Driver::new(aws(), &[], &[]);
    assert_eq!(report(&mut driver, &plan, Direction::Apply).ended, Ended::Done);
    without_key(&mut driver);
    let told = report(&mut driver, &plan, Direction::Undo);
    assert_eq!((told.ended, told.done, told.one_way), (Ended::Done, vec![3, 2, 1], vec![0]));
    assert!(told.left.is_empty());
}

/// With nothing else to take back there is nothing to write down, and it is not said that the key is on.
#[test]
fn a_key_that_is_gone_is_not_taken_back() {
    let mut driver = Driver::new(aws(), &[], &[]);
    assert_eq!(report(&mut driver, &off(), Direction::Apply).ended, Ended::Done);
    without_key(&mut driver);
    let written = driver.journal.len();
    let told = report(&mut driver, &off(), Direction::Undo);
    assert_eq!((&told.ended, &told.one_way), (&Ended::NothingToDo, &vec![0]));
    assert!(told.done.is_empty() && told.already.is_empty() && told.left.is_empty(), "{told:?}");
    assert_eq!((driver.journal.len(), driver.history(&off()).side(0)), (written, Side::After));
    // Nobody knows what came of switching it off, and now it is gone.
    for point in 0..20 {
        let mut driver = Driver::new(aws(), &[(point, Fault::DiesAfter)], &[]);
        let End::Died = driver.run(&off(), Direction::Apply, &terms()) else { continue };
        if driver.history(&off()).side(0) == Side::Before {
            continue;
        }
        without_key(&mut driver);
        let told = report(&mut driver, &off(), Direction::Undo);
        assert_eq!((&told.ended, &told.one_way), (&Ended::NothingToDo, &vec![0]), "{point}: {told:?}");
    }
}

#[test]
fn what_was_never_made_is_not_told_as_taken_back() {
    let plan = plan(&few());
    let clean = {
        let mut driver = Driver::new(aws(), &[], &[]);
        report(&mut driver, &plan, Direction::Apply);
        driver.point
    };
    let mut seen = 0;
    for point in 0..clean {
        let mut driver = Driver::new(aws(), &[(point, Fault::Refused)], &[]);
        let there = report(&mut driver, &plan, Direction::Apply);
        let made = there.done.clone();
        let Ended::Stopped { in_doubt: false, .. } = there.ended else { continue };
        if made.is_empty() {
            continue;
        }
        seen += 1;
        let (mut back, never): (Vec<usize>, Vec<usize>) = (made, there.left.into_iter().rev().collect());
        back.reverse();
        let told = report(&mut driver, &plan, Direction::Undo);
        assert_eq!((told.ended, &told.done, &told.never), (Ended::Done, &back, &never), "{point}");
        assert!(told.already.is_empty(), "{point}");
        let told = report(&mut driver, &plan, Direction::Undo);
        assert_eq!((told.ended, &told.already, &told.never), (Ended::NothingToDo, &back, &never), "{point}");
    }
    assert!(seen >= 3, "{seen}");
}

/// A journal that says nothing is no ground to say that nothing is to be done: AWS is asked.
#[test]
fn a_plan_that_the_journal_does_not_know_is_looked_for_in_aws() {
    let mut pairs = every_kind();
    let key = AccessKeyId::parse("AKIAI44QH8DHBEXAMPLE").unwrap();
    let gone = Change::from(CredentialChange::DeleteAccessKey { user: arn("user/mika"), key });
    pairs.push((gone, None));
    let plan = plan(&pairs);
    let inactive = |driver: &mut Driver| {
        let keys = &mut driver.aws.world.identities.get_mut("User mika").unwrap().keys;
        keys.insert("AKIAI44QH8DHBEXAMPLE".to_owned(), "Inactive".to_owned());
    };
    let mut driver = Driver::new(aws(), &[], &[]);
    inactive(&mut driver);
    let mut untouched = driver.clone();
    assert_eq!(report(&mut driver, &plan, Direction::Apply).ended, Ended::Done);
    driver.journal.clear();
    let made = driver.aws.made.len();
    // Nothing is asked of a person: it only looks.
    let care = Apply { steps: 0, ..Apply::default() };
    let End::Reported(told) = driver.run(&plan, Direction::Undo, &Terms { care, ..terms() }) else {
        panic!("nobody dies here")
    };
    let Ended::Moved(moved) = &told.ended else { panic!("{told:?}") };
    assert!(moved.iter().any(|moved| moved.step == 0 && moved.what.contains("as the plan would make it")));
    assert!(moved.iter().any(|moved| moved.step + 1 == pairs.len()), "{moved:?}");
    assert!(told.is_unwritten && told.hint().contains("journal.db"), "{told:?}");
    assert_eq!((driver.journal.len(), driver.aws.made.len()), (0, made));
    let told = report(&mut untouched, &plan, Direction::Undo);
    assert_eq!((&told.ended, told.never.len()), (&Ended::NothingToDo, pairs.len()), "{told:?}");
    assert!(told.already.is_empty() && told.left.is_empty());
    // Where AWS does not answer it is not known.
    let ends = (0..5).map(|point| {
        let mut driver = Driver::new(aws(), &[(point, Fault::Refused)], &[]);
        report(&mut driver, &off(), Direction::Undo).ended
    });
    assert_eq!(ends.filter(|ended| matches!(ended, Ended::Moved(_))).count(), 1, "the look at the key");
}

#[test]
fn what_to_do_next_can_be_done_on_the_way_back() {
    let mut driver = Driver::new(aws(), &[], &[]);
    let mut told = report(&mut driver, &off(), Direction::Undo);
    told.is_unwritten = false;
    let moved = vec![Moved { step: 0, what: String::new() }];
    for ended in [
        Ended::Unusable(String::new()),
        Ended::Moved(moved),
        Ended::Stopped { step: 0, in_doubt: true, why: String::new() },
        Ended::Stopped { step: 0, in_doubt: false, why: String::new() },
        Ended::NotConfirmed,
        Ended::OtherAccount(String::new()),
    ] {
        told.ended = ended;
        told.direction = Direction::Undo;
        let back = told.hint();
        assert!(!back.is_empty() && !back.contains("kagimori undo"), "{back}");
        assert!(!back.contains("plan again"), "{back}");
    }
    told.ended = Ended::Stopped { step: 0, in_doubt: false, why: String::new() };
    told.direction = Direction::Apply;
    assert!(told.hint().contains("kagimori undo"));
}
