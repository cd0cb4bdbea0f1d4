//! A user deleted with credentials that nothing brings back, and what was made and then grew.

use kagimori_estate::change::{Change, Credentials, EntityChange, Holdings, InlinePolicy};
use kagimori_id::AccessKeyId;

use super::super::{Direction, Ended, Report, Terms};
use super::driver::{Driver, End, Fault};
use super::plans::{KEY, allow, arn, entities, plan, wire, world};
use super::world::{Aws, Identity};
use crate::Plan;

const SERIAL: &str = "arn:aws:iam::111122223333:mfa/old";

fn terms() -> Terms {
    Terms { by: "mika".to_owned(), irreversible: true, ..Terms::default() }
}

fn aws() -> Aws {
    let old = Identity {
        keys: [(KEY.to_owned(), "Inactive".to_owned())].into(),
        inline: [("own".to_owned(), allow("s3:*"))].into(),
        attached: vec![arn("policy/first").to_string()],
        groups: vec!["admins".to_owned()],
        password: true,
        mfa: vec![SERIAL.to_owned(), "GAHT12345678".to_owned()],
        ssh: vec!["APKAEIBAERJR2EXAMPLE".to_owned()],
        certificates: vec!["CERT1".to_owned(), "CERT2".to_owned()],
        specific: vec!["ACCAEXAMPLE123EXAMPLE".to_owned()],
        tags: [("Team".to_owned(), "sea".to_owned())].into(),
        ..Identity::default()
    };
    let mut world = world();
    world.identities.insert("User old".to_owned(), old);
    world.virtual_mfa.insert(SERIAL.to_owned());
    Aws::new(world)
}

fn holds() -> Holdings {
    Holdings {
        inline: vec![InlinePolicy { name: "own".to_owned(), document: wire(&allow("s3:*")) }],
        attached: vec![arn("policy/first")],
        groups: vec!["admins".to_owned()],
        tags: [("Team".to_owned(), "sea".to_owned())].into(),
        credentials: Credentials {
            password: true,
            access_keys: vec![AccessKeyId::parse(KEY).unwrap()],
            signing_certificates: 2,
            ssh_public_keys: vec!["APKAEIBAERJR2EXAMPLE".to_owned()],
            service_specific: vec!["ACCAEXAMPLE123EXAMPLE".to_owned()],
            mfa_devices: vec![SERIAL.to_owned(), "GAHT12345678".to_owned()],
        },
        ..Holdings::default()
    }
}

fn deletion() -> Plan {
    let identity = arn("user/old");
    let gone = EntityChange::DeleteIdentity { identity: identity.clone(), holds: Box::new(holds()) };
    let back = EntityChange::CreateIdentity { identity, holds: Box::new(holds().again()) };
    plan(&[(gone.into(), Some(Change::from(back)))])
}

fn report(driver: &mut Driver, plan: &Plan, direction: Direction) -> Report {
    match driver.run(plan, direction, &terms()) {
        End::Reported(report) => report,
        End::Died => panic!("nobody dies here"),
    }
}

#[test]
fn all_that_it_holds_goes_first_and_what_can_come_back_does() {
    let mut driver = Driver::new(aws(), &[], &[]);
    let before = driver.aws.world.clone();
    let told = report(&mut driver, &deletion(), Direction::Apply);
    assert_eq!(told.ended, Ended::Done);
    let made: Vec<&str> = driver.aws.made.iter().map(|call| call.operation.as_str()).collect();
    assert_eq!(
        made,
        [
            "DeleteLoginProfile",
            "DeleteAccessKey",
            "DeleteSigningCertificate",
            "DeleteSigningCertificate",
            "DeleteSSHPublicKey",
            "DeleteServiceSpecificCredential",
            "DeactivateMFADevice",
            "DeleteVirtualMFADevice",
            "DeactivateMFADevice",
            "DetachUserPolicy",
            "DeleteUserPolicy",
            "RemoveUserFromGroup",
            "DeleteUser",
        ]
    );
    assert!(!driver.aws.world.identities.contains_key("User old"));
    assert!(driver.aws.world.virtual_mfa.is_empty());
    let told = report(&mut driver, &deletion(), Direction::Undo);
    assert_eq!(told.ended, Ended::Done);
    let held = &driver.aws.world.identities["User old"];
    let was = &before.identities["User old"];
    assert_eq!((&held.inline, &held.attached, &held.groups), (&was.inline, &was.attached, &was.groups));
    assert_eq!(held.tags, was.tags);
    assert!(!held.password && held.keys.is_empty() && held.mfa.is_empty() && held.ssh.is_empty());
    // what the plan names is not there any more: it is told, and not made again
    assert!(matches!(report(&mut driver, &deletion(), Direction::Apply).ended, Ended::Moved(_)));
}

#[test]
fn it_has_to_be_allowed() {
    let mut driver = Driver::new(aws(), &[], &[]);
    let careful = Terms { irreversible: false, ..terms() };
    let End::Reported(told) = driver.run(&deletion(), Direction::Apply, &careful) else { panic!() };
    assert_eq!(told.ended, Ended::OneWay(vec![0]));
    assert!(driver.aws.made.is_empty());
}

#[test]
fn what_the_plan_does_not_name_stops_it_before_anything_is_gone() {
    type Doing = fn(&mut Identity);
    let others: [(Doing, &str); 7] = [
        (
            |held| drop(held.keys.insert("AKIAI44QH8DHBEXAMPLE".to_owned(), "Inactive".to_owned())),
            "access key",
        ),
        (|held| held.groups.push("staff".to_owned()), "group `staff`"),
        (
            |held| held.certificates.push("CERT3".to_owned()),
            "its number of signing certificates is another one",
        ),
        (|held| held.ssh.push("APKA2".to_owned()), "SSH public key `APKA2`"),
        (|held| drop(held.inline.insert("new".to_owned(), allow("iam:*"))), "inline policy `new`"),
        (|held| drop(held.tags.insert("Team".to_owned(), "land".to_owned())), "its tags is another one"),
        (
            |held| drop(held.keys.insert(KEY.to_owned(), "Active".to_owned())),
            "it is `Active`, and was `Inactive`",
        ),
    ];
    for (other, expected) in others {
        let mut driver = Driver::new(aws(), &[], &[]);
        other(driver.aws.world.identities.get_mut("User old").unwrap());
        let told = report(&mut driver, &deletion(), Direction::Apply);
        let Ended::Moved(moved) = &told.ended else { panic!("{expected}: {told:?}") };
        assert!(moved[0].what.contains(expected), "{moved:?}");
        assert!(driver.aws.made.is_empty() && driver.journal.is_empty(), "{expected}");
    }
}

/// Killed anywhere, it is finished, or made again with what can come back; nothing is taken twice.
#[test]
fn a_killed_deletion_is_finished_or_taken_back() {
    let mut clean = Driver::new(aws(), &[], &[]);
    report(&mut clean, &deletion(), Direction::Apply);
    let (gone, points) = (clean.aws.world.clone(), clean.point);
    assert!(points > 60, "{points}");
    for point in 0..points {
        for fault in [Fault::DiesBefore, Fault::DiesAfter, Fault::ReplyLost, Fault::Late] {
            let mut driver = Driver::new(aws(), &[(point, fault)], &[]);
            let _ = driver.run(&deletion(), Direction::Apply, &terms());
            let mut other = driver.clone();
            for _ in 0..3 {
                let _ = driver.run(&deletion(), Direction::Apply, &terms());
            }
            assert_eq!(driver.aws.world, gone, "{point} {fault:?}");
            let told = report(&mut other, &deletion(), Direction::Undo);
            assert!(matches!(told.ended, Ended::Done | Ended::NothingToDo), "{point} {fault:?}: {told:?}");
            let held = &other.aws.world.identities["User old"];
            assert!(held.inline.contains_key("own") && held.attached.len() == 1, "{point} {fault:?}");
            assert_eq!(held.groups, ["admins"], "{point} {fault:?}");
        }
    }
}

/// Only what was made is unmade: a user that somebody has given a key since is somebody's.
#[test]
fn what_was_made_and_has_grown_is_left() {
    let plan = plan(&entities()[..1]);
    let mut driver = Driver::new(Aws::new(world()), &[], &[]);
    assert_eq!(report(&mut driver, &plan, Direction::Apply).ended, Ended::Done);
    let made = driver.aws.made.len();
    let held = driver.aws.world.identities.get_mut("User ken").unwrap();
    held.keys.insert("AKIAI44QH8DHBEXAMPLE".to_owned(), "Active".to_owned());
    let told = report(&mut driver, &plan, Direction::Undo);
    let Ended::Moved(moved) = &told.ended else { panic!("{told:?}") };
    assert!(moved[0].what.contains("access key `AKIAI44QH8DHBEXAMPLE`, which the plan does not name"));
    assert_eq!(driver.aws.made.len(), made);
}
