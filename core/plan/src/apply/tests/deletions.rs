//! A user deleted with credentials that nothing brings back, and what was made and then grew.

use kagimori_estate::change::{
    Change, CredentialChange, Credentials, EntityChange, Holdings, IdentityChange, InlinePolicy, TagChange,
};
use kagimori_id::AccessKeyId;

use super::super::{Call, Direction, Ended, History, Outcome, Report, Run, Taken, Terms, Wanted};
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

/// What somebody has done to the user since.
type Doing = fn(&mut Identity);

fn others() -> [(Doing, &'static str); 8] {
    [
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
        (|held| held.specific.push("ACCA2".to_owned()), "service-specific credential `ACCA2`"),
    ]
}

#[test]
fn what_the_plan_does_not_name_stops_it_before_anything_is_gone() {
    for (other, expected) in others() {
        let mut driver = Driver::new(aws(), &[], &[]);
        other(driver.aws.world.identities.get_mut("User old").unwrap());
        let told = report(&mut driver, &deletion(), Direction::Apply);
        let Ended::Moved(moved) = &told.ended else { panic!("{expected}: {told:?}") };
        assert!(moved[0].what.contains(expected), "{moved:?}");
        assert!(driver.aws.made.is_empty() && driver.journal.is_empty(), "{expected}");
    }
}

/// The same user, of whom earlier steps of the plan switch the key off, take a policy away, and write a tag and a boundary.
fn after_other_steps() -> (Plan, Aws) {
    let user = arn("user/old");
    let status = |active| {
        let (user, key) = (user.clone(), AccessKeyId::parse(KEY).unwrap());
        Change::from(CredentialChange::SetAccessKeyStatus { user, key, active })
    };
    let (identity, policy) = (user.clone(), arn("policy/team/second"));
    let detach = IdentityChange::DetachPolicy { identity: identity.clone(), policy: policy.clone() };
    let attach = IdentityChange::AttachPolicy { identity, policy, position: None };
    let set = |value: &str| {
        let (identity, key, value) = (user.clone(), "Team".to_owned(), value.to_owned());
        Change::from(TagChange::SetTag { identity, key, value, was: None })
    };
    let (identity, policy) = (user.clone(), arn("policy/first"));
    let bound = IdentityChange::SetBoundary { identity: identity.clone(), policy: policy.clone() };
    let unbound = IdentityChange::RemoveBoundary { identity: identity.clone() };
    let holds = Holdings { boundary: Some(policy), ..holds() };
    let back = EntityChange::CreateIdentity { identity: identity.clone(), holds: Box::new(holds.again()) };
    let gone = EntityChange::DeleteIdentity { identity, holds: Box::new(holds) };
    let plan = plan(&[
        (status(false), Some(status(true))),
        (detach.into(), Some(attach.into())),
        (set("sea"), Some(set("land"))),
        (bound.into(), Some(unbound.into())),
        (gone.into(), Some(back.into())),
    ]);
    let mut aws = aws();
    let held = aws.world.identities.get_mut("User old").unwrap();
    held.keys.insert(KEY.to_owned(), "Active".to_owned());
    held.attached.push(arn("policy/team/second").to_string());
    held.tags.insert("Team".to_owned(), "land".to_owned());
    (plan, aws)
}

/// Applies a plan; some calls are answered otherwise than by AWS.
fn answered(plan: &Plan, mut aws: Aws, other: impl Fn(&Call) -> Option<Outcome>) -> (Report, Aws, usize) {
    let (mut run, mut written) = (Run::new(plan, Direction::Apply, terms(), History::default()), 0);
    loop {
        let taken = match run.next() {
            Wanted::Call(call) => Taken::Outcome(other(&call).unwrap_or_else(|| aws.call(&call))),
            Wanted::Journal(_) => {
                written += 1;
                Taken::Journalled
            }
            Wanted::Wait { .. } => Taken::Waited,
            Wanted::Typed(asked) => Taken::Typed(asked.word),
            Wanted::Nothing => return (run.report().clone(), aws, written),
        };
        run.take(taken);
    }
}

/// What an earlier step touches is its own to look at; all else that nobody names stops the plan before its first step.
#[test]
fn a_deletion_after_other_steps_is_looked_at_whole_before_the_first() {
    let (plan, aws) = after_other_steps();
    let (told, after, _) = answered(&plan, aws.clone(), |_| None);
    assert_eq!(told.ended, Ended::Done, "{told:?}");
    assert!(!after.world.identities.contains_key("User old"));
    for (other, expected) in others() {
        let mut aws = aws.clone();
        other(aws.world.identities.get_mut("User old").unwrap());
        let (told, after, written) = answered(&plan, aws, |_| None);
        if expected.starts_with("it is `Active`") || expected.starts_with("its tags") {
            // The earlier steps make it so; only what is like that already is somebody else's.
            continue;
        }
        let Ended::Moved(moved) = &told.ended else { panic!("{expected}: {told:?}") };
        assert_eq!(moved[0].step, 4);
        assert!(moved[0].what.contains(expected), "{moved:?}");
        assert_eq!((after.made.len(), written), (0, 0), "{expected}");
    }
    // A tag that no step names, and a policy that a step would only have found.
    let others: [Doing; 2] = [
        |held| drop(held.tags.insert("new".to_owned(), String::new())),
        |held| held.attached.push("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()),
    ];
    for (number, other) in others.into_iter().enumerate() {
        let mut aws = aws.clone();
        other(aws.world.identities.get_mut("User old").unwrap());
        let (told, after, written) = answered(&plan, aws, |_| None);
        assert!(matches!(&told.ended, Ended::Moved(moved) if moved[0].step == 4), "{number}: {told:?}");
        assert_eq!((after.made.len(), written), (0, 0), "{number}");
    }
}

/// The key does not come back with its user: that is told, and all else comes back.
#[test]
fn what_never_comes_back_does_not_hold_up_the_rest() {
    let (plan, aws) = after_other_steps();
    let mut driver = Driver::new(aws, &[], &[]);
    assert_eq!(report(&mut driver, &plan, Direction::Apply).ended, Ended::Done);
    let told = report(&mut driver, &plan, Direction::Undo);
    assert_eq!((told.ended, told.done), (Ended::Done, vec![4, 3, 2, 1]));
    assert_eq!((told.one_way, told.left), (vec![0], vec![]));
    let held = &driver.aws.world.identities["User old"];
    assert_eq!(held.attached, [arn("policy/first").to_string(), arn("policy/team/second").to_string()]);
    assert_eq!((held.boundary.as_deref(), held.tags["Team"].as_str()), (None, "land"));
    let written = driver.journal.len();
    let told = report(&mut driver, &plan, Direction::Undo);
    assert_eq!((told.ended, told.one_way, told.already), (Ended::NothingToDo, vec![0], vec![4, 3, 2, 1]));
    assert_eq!(driver.journal.len(), written);
}

/// A key that an earlier step only switches off is still there when the user should go: the deletion has to name it.
#[test]
fn what_an_earlier_step_leaves_there_is_not_taken_for_gone() {
    let (whole, aws) = after_other_steps();
    let mut holds = Holdings { boundary: Some(arn("policy/first")), ..holds() };
    holds.credentials.access_keys.clear();
    let identity = arn("user/old");
    let back = EntityChange::CreateIdentity { identity: identity.clone(), holds: Box::new(holds.again()) };
    let gone = EntityChange::DeleteIdentity { identity, holds: Box::new(holds) };
    let mut pairs: Vec<(Change, Option<Change>)> = Vec::new();
    for (there, back) in whole.changes.iter().zip(whole.way_back.iter().rev()).take(4) {
        pairs.push((there.change.clone(), Some(back.change.clone())));
    }
    pairs.push((gone.into(), Some(back.into())));
    let (told, after, written) = answered(&plan(&pairs), aws, |_| None);
    let Ended::Moved(moved) = &told.ended else { panic!("{told:?}") };
    assert!(
        moved[0].what.contains(&format!("access key `{KEY}`, which the plan does not name")),
        "{moved:?}"
    );
    assert_eq!((after.made.len(), written), (0, 0));
}

/// What AWS does not list might hold anything: nothing is deleted on the strength of it.
#[test]
fn a_listing_that_is_not_answered_stops_it_before_anything_is_gone() {
    let (after_others, whole) = (after_other_steps(), (deletion(), aws()));
    let listings = [
        "GetUser",
        "ListUserTags",
        "ListAttachedUserPolicies",
        "ListUserPolicies",
        "ListAccessKeys",
        "ListMFADevices",
        "ListGroupsForUser",
        "ListSSHPublicKeys",
        "ListSigningCertificates",
        "ListServiceSpecificCredentials",
        "GetLoginProfile",
    ];
    let outcomes = [
        Outcome::Refused { code: "AccessDenied".to_owned(), message: "not you".to_owned() },
        Outcome::Unknown { why: "HTTP 500".to_owned() },
    ];
    for (plan, aws) in [after_others, whole] {
        for (listing, outcome) in listings.iter().flat_map(|one| outcomes.iter().map(move |how| (one, how))) {
            let other = |call: &Call| {
                let is_it = call.operation == *listing && call.input["UserName"] == "old";
                is_it.then(|| outcome.clone())
            };
            let (told, after, written) = answered(&plan, aws.clone(), other);
            let Ended::Moved(moved) = &told.ended else { panic!("{listing}: {told:?}") };
            assert!(moved.iter().any(|moved| moved.what.contains(&format!("`{listing}` tells nothing"))));
            assert_eq!((after.made.len(), written), (0, 0), "{listing}");
        }
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
        for fault in [
            Fault::DiesBefore,
            Fault::DiesAfter,
            Fault::ReplyLost,
            Fault::Late,
            Fault::MadeAndRefused,
            Fault::MadeAndTimedOut,
        ] {
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

/// A user and the group it is in, in either order: what an earlier step takes away is not held against the later one.
#[test]
fn a_user_goes_with_its_group() {
    let gone = |identity: &str, holds: Holdings| {
        let identity = arn(identity);
        let back =
            EntityChange::CreateIdentity { identity: identity.clone(), holds: Box::new(holds.again()) };
        let gone = EntityChange::DeleteIdentity { identity, holds: Box::new(holds) };
        (Change::from(gone), Some(Change::from(back)))
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let user = |groups: &[&str]| gone("user/ken", Holdings { groups: names(groups), ..Holdings::default() });
    let group =
        |members: &[&str]| gone("group/crew", Holdings { members: names(members), ..Holdings::default() });
    let new = || {
        let mut world = world();
        let ken = Identity { groups: names(&["crew"]), ..Identity::default() };
        world.identities.insert("User ken".to_owned(), ken);
        world.identities.insert("Group crew".to_owned(), Identity::default());
        Driver::new(Aws::new(world), &[], &[])
    };
    let both = [plan(&[user(&["crew"]), group(&[])]), plan(&[group(&["ken"]), user(&[])])];
    for plan in both {
        let mut driver = new();
        let before = driver.aws.world.clone();
        assert_eq!(report(&mut driver, &plan, Direction::Apply).ended, Ended::Done);
        assert_eq!(driver.aws.world, world());
        assert_eq!(report(&mut driver, &plan, Direction::Undo).ended, Ended::Done);
        assert_eq!(driver.aws.world, before);
        // a member that no step takes out stops it as ever, before anything is changed
        let made = driver.aws.made.len();
        let (held, what) = if plan.changes[0].sentence.contains("user/ken") {
            ("User mika", "it has the member `mika`, which the plan does not name")
        } else {
            ("User ken", "it has the group `admins`, which the plan does not name")
        };
        let other = if held == "User mika" { "crew" } else { "admins" };
        driver.aws.world.identities.get_mut(held).unwrap().groups.push(other.to_owned());
        let told = report(&mut driver, &plan, Direction::Apply);
        let Ended::Moved(moved) = &told.ended else { panic!("{told:?}") };
        assert_eq!(moved[0].what, what);
        assert_eq!(driver.aws.made.len(), made);
    }
    // made in one plan, and taken back
    let made = |(gone, back): (Change, Option<Change>)| (back.unwrap(), Some(gone));
    let join =
        IdentityChange::AddToGroup { user: arn("user/mika"), group: "crew".to_owned(), position: None };
    let leave = IdentityChange::RemoveFromGroup { user: arn("user/mika"), group: "crew".to_owned() };
    let plan = plan(&[made(group(&[])), (join.into(), Some(leave.into()))]);
    let mut driver = Driver::new(Aws::new(world()), &[], &[]);
    assert_eq!(report(&mut driver, &plan, Direction::Apply).ended, Ended::Done);
    assert_eq!(report(&mut driver, &plan, Direction::Undo).ended, Ended::Done);
    assert_eq!(driver.aws.world, world());
}
