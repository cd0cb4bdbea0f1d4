//! Everything that can go wrong, at every point, once and twice: the plan ends made, taken back, or told.

use std::collections::BTreeMap;

use kagimori_estate::change::Change;
use kagimori_id::UniqueId;

use super::super::{Direction, Ended, Side, Terms};
use super::driver::{Driver, End, Fault};
use super::plans::{self, KEY, allow, arn, aws, every_kind, few, wire};
use super::world::{self, Aws, World};
use crate::Plan;

const FAULTS: [Fault; 10] = [
    Fault::DiesBefore,
    Fault::DiesAfter,
    Fault::ReplyLost,
    Fault::RequestLost,
    Fault::Late,
    Fault::Refused,
    Fault::MadeAndRefused,
    Fault::MadeAndTimedOut,
    Fault::Busy,
    Fault::NotSent,
];

/// What somebody else does meanwhile: what the plan would do, its opposite, and something in its way.
const OTHERS: [fn(&mut Aws); 4] = [
    |aws| set_key(aws, "Inactive"),
    |aws| set_key(aws, "Active"),
    |aws| {
        aws.world.identities.get_mut("User mika").unwrap().keys.remove(KEY);
    },
    |aws| {
        let held = aws.world.organization.values_mut().find(|held| held.name == "no-root");
        if let Some(held) = held {
            held.text = allow("iam:*");
        }
    },
];

fn set_key(aws: &mut Aws, status: &str) {
    if let Some(held) = aws.world.identities.get_mut("User mika").unwrap().keys.get_mut(KEY) {
        *held = status.to_owned();
    }
}

/// A plan that knows who and what it rests on.
fn plan(pairs: &[(Change, Option<Change>)]) -> Plan {
    let ids = [
        ("user/mika", "User mika"),
        ("role/deploy", "Role deploy"),
        ("role/team/old", "Role old"),
        ("group/admins", "Group admins"),
        ("group/staff", "Group staff"),
    ];
    let texts = [("policy/first", "ec2:Describe*"), ("policy/team/second", "sns:*")];
    let mut plan = plans::plan(pairs);
    plan.rests_on.ids =
        ids.map(|(resource, name)| (arn(resource), UniqueId::new(&world::id(name, 0)))).into();
    plan.rests_on.policies = texts.map(|(policy, action)| (arn(policy), wire(&allow(action)))).into();
    plan.rests_on.groups = [(arn("group/admins"), crate::plan::GroupPolicies::default())].into();
    plan
}

fn terms() -> Terms {
    Terms { by: "mika".to_owned(), irreversible: true, ..Terms::default() }
}

/// Goes on until the plan is made, or it is told more often than things go wrong that it cannot be.
fn follow(driver: &mut Driver, plan: &Plan, direction: Direction) -> Ended {
    let mut told = 0;
    for _ in 0..10 {
        match driver.run(plan, direction, &terms()) {
            End::Died => {}
            End::Reported(report) => match report.ended {
                Ended::Done | Ended::NothingToDo => return report.ended,
                ended if told == 3 => return ended,
                _ => told += 1,
            },
        }
    }
    panic!("the plan is never at its end");
}

/// AWS's worlds with everything undone, and with everything made, without anything going wrong.
fn ends(plan: &Plan) -> (World, World, usize) {
    let mut driver = Driver::new(aws(), &[], &[]);
    let before = driver.aws.world.clone();
    assert_eq!(follow(&mut driver, plan, Direction::Apply), Ended::Done);
    let (after, points) = (driver.aws.world.clone(), driver.point);
    assert_ne!(before, after);
    assert_eq!(follow(&mut driver, plan, Direction::Undo), Ended::Done);
    assert_eq!(driver.aws.world, before, "the way back leads back");
    (before, after, points)
}

/// No call that changed something was made with effect twice.
fn made_once(driver: &Driver) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for call in &driver.aws.made {
        let count = counts.entry(format!("{call:?}")).or_default();
        *count += 1;
        assert_eq!(*count, 1, "{call:?} was made twice");
    }
}

/// What was not stopped by a fault that stays is made; then it is undone.
fn there_and_back(plan: &Plan, faults: &[(usize, Fault)], (before, after): (&World, &World)) {
    let mut driver = Driver::new(aws(), faults, &[]);
    let ended = follow(&mut driver, plan, Direction::Apply);
    assert!(matches!(ended, Ended::Done | Ended::NothingToDo), "{faults:?}: {ended:?}");
    assert_eq!(driver.aws.world.without_ids(), after.without_ids(), "{faults:?}");
    made_once(&driver);
    let history = driver.history(plan);
    assert!((0..plan.changes.len()).all(|step| history.side(step) == Side::After));
    assert_eq!(follow(&mut driver, plan, Direction::Undo), Ended::Done, "{faults:?}");
    assert_eq!(driver.aws.world, *before, "{faults:?}");
}

/// The plan is begun, something goes wrong, and it is taken back from there.
fn begun_and_back(plan: &Plan, faults: &[(usize, Fault)], before: &World) {
    let mut driver = Driver::new(aws(), faults, &[]);
    let _ = driver.run(plan, Direction::Apply, &terms());
    let ended = follow(&mut driver, plan, Direction::Undo);
    assert!(matches!(ended, Ended::Done | Ended::NothingToDo), "{faults:?}: {ended:?}");
    assert_eq!(driver.aws.world, *before, "{faults:?}");
    let history = driver.history(plan);
    assert!((0..plan.changes.len()).all(|step| history.side(step) == Side::Before));
    let ended = follow(&mut driver, plan, Direction::Apply);
    assert!(matches!(ended, Ended::Done | Ended::NothingToDo), "and again: {faults:?}: {ended:?}");
    let history = driver.history(plan);
    assert!((0..plan.changes.len()).all(|step| history.side(step) == Side::After), "and again: {faults:?}");
}

/// The same on the way back.
fn back_with(plan: &Plan, points: usize, faults: &[(usize, Fault)], before: &World) {
    let later: Vec<_> = faults.iter().map(|(point, fault)| (points + point, *fault)).collect();
    let mut driver = Driver::new(aws(), &later, &[]);
    assert_eq!(follow(&mut driver, plan, Direction::Apply), Ended::Done);
    driver.aws.made.clear();
    let ended = follow(&mut driver, plan, Direction::Undo);
    assert!(matches!(ended, Ended::Done | Ended::NothingToDo), "{faults:?}: {ended:?}");
    made_once(&driver);
    assert_eq!(driver.aws.world, *before, "{faults:?}");
}

/// The way back is begun, something goes wrong, and the plan is applied again from there; then it is taken back for good.
fn half_back_and_there(
    plan: &Plan,
    points: usize,
    faults: &[(usize, Fault)],
    (before, after): (&World, &World),
) {
    let later: Vec<_> = faults.iter().map(|(point, fault)| (points + point, *fault)).collect();
    let mut driver = Driver::new(aws(), &later, &[]);
    assert_eq!(follow(&mut driver, plan, Direction::Apply), Ended::Done);
    let _ = driver.run(plan, Direction::Undo, &terms());
    let ended = follow(&mut driver, plan, Direction::Apply);
    assert!(matches!(ended, Ended::Done | Ended::NothingToDo), "{faults:?}: {ended:?}");
    // AWS counts versions on, and gives policies of the organization other ids.
    assert_eq!(driver.aws.world.without_numbers(), after.without_numbers(), "{faults:?}");
    let history = driver.history(plan);
    assert!((0..plan.changes.len()).all(|step| history.side(step) == Side::After), "{faults:?}");
    let ended = follow(&mut driver, plan, Direction::Undo);
    assert!(matches!(ended, Ended::Done | Ended::NothingToDo), "{faults:?}: {ended:?}");
    assert_eq!(driver.aws.world, *before, "{faults:?}");
}

#[test]
fn one_thing_goes_wrong_at_any_point_of_any_change() {
    let plan = plan(&every_kind());
    let (before, after, points) = ends(&plan);
    assert!(points > 100, "{points}");
    for point in 0..points {
        // Some points with one fault, and each fault at many points; every point with every fault when all are asked for.
        for (number, fault) in FAULTS.into_iter().enumerate() {
            if !crate::tests::is_whole() && !(point + number).is_multiple_of(37) {
                continue;
            }
            there_and_back(&plan, &[(point, fault)], (&before, &after));
            begun_and_back(&plan, &[(point, fault)], &before);
            back_with(&plan, points, &[(point, fault)], &before);
            half_back_and_there(&plan, points, &[(point, fault)], (&before, &after));
        }
    }
}

/// A policy with as many versions as AWS keeps: one goes, once, whatever happens.
#[test]
fn room_is_made_once() {
    let full = || {
        let mut aws = aws();
        let first = aws.world.policies.iter_mut().find(|(arn, _)| arn.ends_with("/first")).unwrap();
        first.1.versions.insert(7, allow("ec2:C"));
        aws
    };
    let plan = plan(&few()[1..2]);
    let mut clean = Driver::new(full(), &[], &[]);
    assert_eq!(follow(&mut clean, &plan, Direction::Apply), Ended::Done);
    let (after, points) = (clean.aws.world.clone(), clean.point);
    assert_eq!(follow(&mut clean, &plan, Direction::Undo), Ended::Done);
    for point in 0..points {
        for fault in FAULTS {
            let mut driver = Driver::new(full(), &[(point, fault)], &[]);
            follow(&mut driver, &plan, Direction::Apply);
            assert_eq!(driver.aws.world, after, "{point} {fault:?}");
            made_once(&driver);
            follow(&mut driver, &plan, Direction::Undo);
            assert_eq!(driver.aws.world, clean.aws.world, "{point} {fault:?}");
        }
    }
}

/// Every pair; of the second faults one in 331, unless all are asked for.
#[test]
fn two_things_go_wrong() {
    let plan = plan(&few());
    let (before, after, points) = ends(&plan);
    let step = if crate::tests::is_whole() { 1 } else { 331 };
    let mut number = 0;
    for first in 0..points {
        for second in first + 1..points + 25 {
            for fault in FAULTS {
                for other in FAULTS {
                    number += 1;
                    if number % step != 0 {
                        continue;
                    }
                    let faults = [(first, fault), (second, other)];
                    there_and_back(&plan, &faults, (&before, &after));
                    if number % (step * 4) == 0 {
                        begun_and_back(&plan, &faults, &before);
                        back_with(&plan, points, &faults, &before);
                        half_back_and_there(&plan, points, &faults, (&before, &after));
                    }
                }
            }
        }
    }
    assert!(number > 100_000, "{number}");
}

/// Somebody else is at it: the plan ends made, or it is told why not; what is undone leaves theirs alone, or tells.
#[test]
fn somebody_else_is_at_it() {
    let pairs = few();
    let plan = plan(&pairs);
    let (_, _, points) = ends(&plan);
    let (mut made, mut told, mut moved) = (0, 0, 0);
    for point in 0..points {
        for other in 0..OTHERS.len() {
            for fault in [None, Some(Fault::DiesAfter), Some(Fault::ReplyLost)] {
                let faults: Vec<_> = [(point, Fault::Drift(other))]
                    .into_iter()
                    .chain(fault.map(|fault| (point + 2, fault)))
                    .collect();
                let mut driver = Driver::new(aws(), &faults, &OTHERS);
                match driver.run(&plan, Direction::Apply, &terms()) {
                    End::Reported(report) => match report.ended {
                        Ended::Done => made += 1,
                        Ended::Stopped { why, .. } => {
                            assert!(!why.is_empty());
                            told += 1;
                        }
                        Ended::Moved(steps) => {
                            assert!(!steps.is_empty());
                            moved += 1;
                        }
                        Ended::OtherAccount(why) => assert!(why.contains("the connection broke")),
                        ended => panic!("{ended:?}"),
                    },
                    End::Died => {}
                }
                let _ = follow(&mut driver, &plan, Direction::Apply);
                let ended = follow(&mut driver, &plan, Direction::Undo);
                let is_clean = ended == Ended::Done || ended == Ended::NothingToDo;
                assert!(is_clean || matches!(ended, Ended::Stopped { .. } | Ended::Moved(_)), "{ended:?}");
                others_are_left_alone(&driver, &pairs, other);
            }
        }
    }
    assert!(made > 10 && told > 10 && moved > 10, "{made} made, {told} told, {moved} moved");
}

/// A key that somebody deleted is not there; a text that somebody wrote was not overwritten.
fn others_are_left_alone(driver: &Driver, pairs: &[(Change, Option<Change>)], other: usize) {
    assert!(!pairs.is_empty());
    let world = &driver.aws.world;
    match other {
        2 => assert!(!world.identities["User mika"].keys.contains_key(KEY)),
        3 => {
            let held = world.organization.values().find(|held| held.name == "no-root");
            let is_ours = |text: &str| text.contains("sts:*") || text.contains("iam:*");
            assert!(held.is_none_or(|held| is_ours(&held.text)));
        }
        _ => {}
    }
}
