//! Who a plan is about, and what it attaches, are as they were when it was made.

use kagimori_estate::change::{Change, EntityChange, Holdings, IdentityChange, InlinePolicy};
use kagimori_id::{Arn, UniqueId};

use super::super::{Direction, Ended, Report, Terms};
use super::driver::{Driver, End};
use super::plans::{KEY, allow, arn, key, plan, wire, world};
use super::world::Aws;
use crate::Plan;
use crate::plan::GroupPolicies;

fn terms() -> Terms {
    Terms { by: "mika".to_owned(), irreversible: true, ..Terms::default() }
}

fn report(driver: &mut Driver, plan: &Plan, direction: Direction) -> Report {
    match driver.run(plan, direction, &terms()) {
        End::Reported(report) => report,
        End::Died => panic!("nobody dies here"),
    }
}

fn driver() -> Driver {
    Driver::new(Aws::new(world()), &[], &[])
}

/// What stopped the plan, of which nothing was done.
fn moved(driver: &mut Driver, plan: &Plan, direction: Direction) -> String {
    let made = driver.aws.made.len();
    let told = report(driver, plan, direction);
    let Ended::Moved(moved) = told.ended else { panic!("{told:?}") };
    assert_eq!(driver.aws.made.len(), made);
    moved[0].what.clone()
}

fn id(name: &str) -> UniqueId {
    UniqueId::new(&super::world::id(name, 0))
}

/// The plan with the ids that the world began with.
fn with_ids(mut plan: Plan, names: &[(&str, &str)]) -> Plan {
    let ids = names.iter().map(|(resource, name)| (arn(resource), id(name)));
    plan.rests_on.ids = ids.collect();
    plan
}

fn attach(identity: &str, policy: &Arn) -> (Change, Option<Change>) {
    let (identity, policy) = (arn(identity), policy.clone());
    let detach = IdentityChange::DetachPolicy { identity: identity.clone(), policy: policy.clone() };
    (IdentityChange::AttachPolicy { identity, policy, position: None }.into(), Some(detach.into()))
}

fn quarantine(identity: &str) -> (Change, Option<Change>) {
    let (identity, name) = (arn(identity), "KagimoriQuarantine".to_owned());
    let back = IdentityChange::DeleteInlinePolicy { identity: identity.clone(), name: name.clone() };
    let document = wire(&allow("s3:*"));
    (IdentityChange::PutInlinePolicy { identity, name, document, position: None }.into(), Some(back.into()))
}

fn delete(identity: &str, holds: Holdings) -> (Change, Option<Change>) {
    let identity = arn(identity);
    let again = Box::new(holds.again());
    let back = EntityChange::CreateIdentity { identity: identity.clone(), holds: again };
    (EntityChange::DeleteIdentity { identity, holds: Box::new(holds) }.into(), Some(back.into()))
}

/// A role is told by its id alone, whether the deletion itself names it or only the plan.
#[test]
fn another_of_the_same_name_is_left_alone() {
    let own = Holdings {
        trust: Some(wire(&super::plans::trust("111122223333"))),
        id: Some(id("Role deploy")),
        ..Holdings::default()
    };
    let group = Holdings { inline: staff().inline, members: vec!["mika".to_owned()], ..Holdings::default() };
    let plans = [
        ("Role deploy", plan(&[delete("role/deploy", own)])),
        ("Group staff", with_ids(plan(&[delete("group/staff", group)]), &[("group/staff", "Group staff")])),
        ("User mika", with_ids(plan(&[quarantine("user/mika")]), &[("user/mika", "User mika")])),
        (
            "Role deploy",
            with_ids(plan(&[attach("role/deploy", &arn("policy/first"))]), &[("role/deploy", "Role deploy")]),
        ),
    ];
    for (name, plan) in plans {
        let mut other = driver();
        other.aws.another(name);
        let told = moved(&mut other, &plan, Direction::Apply);
        let id = other.aws.unique_id(name);
        assert!(told.contains("of the same name: the id of") && told.contains(&id), "{told}");
        assert!(other.journal.is_empty(), "{name}");
        let mut same = driver();
        assert_eq!(report(&mut same, &plan, Direction::Apply).ended, Ended::Done, "{name}");
        same.aws.another(name);
        if same.aws.world.identities.contains_key(name) {
            assert!(moved(&mut same, &plan, Direction::Undo).contains("of the same name"));
        } else {
            assert_eq!(report(&mut same, &plan, Direction::Undo).ended, Ended::Done, "{name}");
        }
    }
}

/// Between two calls somebody else gets the name: what is left of the plan is not about them.
#[test]
fn a_name_that_changes_hands_in_the_middle_stops_the_plan() {
    let plan = with_ids(
        plan(&[quarantine("role/deploy"), attach("role/deploy", &arn("policy/first"))]),
        &[("role/deploy", "Role deploy")],
    );
    let mut clean = driver();
    assert_eq!(report(&mut clean, &plan, Direction::Apply).ended, Ended::Done);
    for point in 0..clean.point {
        let others: [fn(&mut Aws); 1] = [|aws| aws.another("Role deploy")];
        let mut driver = Driver::new(Aws::new(world()), &[(point, super::driver::Fault::Drift(0))], &others);
        let told = report(&mut driver, &plan, Direction::Apply);
        let last = driver.aws.made.iter().any(|call| call.operation == "AttachRolePolicy");
        assert_eq!(last, told.ended == Ended::Done, "{point}: {told:?}");
    }
}

/// The way back makes another one, whose id the journal tells: it is this plan's, and so are the steps after.
#[test]
fn what_is_made_again_is_this_plans_own() {
    let own = Holdings {
        trust: Some(wire(&super::plans::trust("111122223333"))),
        inline: vec![InlinePolicy { name: "KagimoriQuarantine".to_owned(), document: wire(&allow("s3:*")) }],
        id: Some(id("Role deploy")),
        ..Holdings::default()
    };
    let plan = with_ids(
        plan(&[quarantine("role/deploy"), delete("role/deploy", own)]),
        &[("role/deploy", "Role deploy")],
    );
    let mut driver = driver();
    for _ in 0..2 {
        assert_eq!(report(&mut driver, &plan, Direction::Apply).ended, Ended::Done);
        assert_eq!(report(&mut driver, &plan, Direction::Undo).ended, Ended::Done);
        assert_eq!(driver.aws.world, world());
    }
    assert_ne!(driver.aws.unique_id("Role deploy"), id("Role deploy").as_str());
    // somebody else makes one more of that name
    driver.aws.another("Role deploy");
    assert!(moved(&mut driver, &plan, Direction::Apply).contains("of the same name"));
}

/// A key has an id of its own: whose it is needs no look.
#[test]
fn keys_are_told_by_their_own_ids() {
    let plan = with_ids(plan(&[(key(false), Some(key(true)))]), &[("user/mika", "User mika")]);
    let mut driver = driver();
    assert_eq!(report(&mut driver, &plan, Direction::Apply).ended, Ended::Done);
    assert_eq!(driver.aws.world.identities["User mika"].keys[KEY], "Inactive");
}

fn staff() -> GroupPolicies {
    let own = InlinePolicy { name: "own".to_owned(), document: wire(&allow("s3:*")) };
    GroupPolicies { attached: vec![arn("policy/team/second")], inline: vec![own] }
}

fn set_text(aws: &mut Aws, policy: &str, action: &str) {
    let held = aws.world.policies.get_mut(arn(policy).as_str()).unwrap();
    held.versions.insert(held.default, allow(action));
}

#[test]
fn a_policy_with_another_text_is_not_attached() {
    let second = arn("policy/team/second");
    let mut forth = plan(&[attach("role/deploy", &second)]);
    forth.rests_on.policies = [(second.clone(), wire(&allow("sns:*")))].into();
    let (attached, detached) = attach("user/mika", &second);
    let mut back = plan(&[(detached.unwrap(), Some(attached))]);
    back.rests_on = forth.rests_on.clone();

    let mut same = driver();
    assert_eq!(report(&mut same, &forth, Direction::Apply).ended, Ended::Done);
    let mut other = driver();
    set_text(&mut other.aws, "policy/team/second", "*");
    let told = moved(&mut other, &forth, Direction::Apply);
    assert_eq!(told, format!("the text of {second} is another one"));
    other.aws.world.policies.remove(second.as_str());
    assert_eq!(moved(&mut other, &forth, Direction::Apply), format!("there is no {second}"));

    // what is taken away needs no text; what is given back does
    let mut other = driver();
    set_text(&mut other.aws, "policy/team/second", "*");
    assert_eq!(report(&mut other, &back, Direction::Apply).ended, Ended::Done);
    assert_eq!(moved(&mut other, &back, Direction::Undo), format!("the text of {second} is another one"));
    set_text(&mut other.aws, "policy/team/second", "sns:*");
    assert_eq!(report(&mut other, &back, Direction::Undo).ended, Ended::Done);

    // AWS changes its own as it likes
    let own = Arn::parse("arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap();
    let plan = plan(&[attach("role/deploy", &own)]);
    let mut driver = driver();
    assert_eq!(moved(&mut driver, &plan, Direction::Apply), format!("there is no {own}"));
    let policy = driver.aws.world.policies[second.as_str()].clone();
    driver.aws.world.policies.insert(own.to_string(), policy);
    set_text(&mut driver.aws, "policy/team/second", "*");
    assert_eq!(report(&mut driver, &plan, Direction::Apply).ended, Ended::Done);
}

#[test]
fn a_group_with_other_policies_is_not_joined() {
    let (user, group) = (arn("user/ken"), "staff".to_owned());
    let back = IdentityChange::RemoveFromGroup { user: user.clone(), group: group.clone() };
    let join = IdentityChange::AddToGroup { user, group, position: None };
    let mut plan = plan(&[(join.into(), Some(back.into()))]);
    plan.rests_on.groups = [(arn("group/staff"), staff())].into();
    plan.rests_on.policies = [(arn("policy/team/second"), wire(&allow("sns:*")))].into();
    let new = || {
        let mut driver = driver();
        let held = driver.aws.world.identities.get_mut("Group staff").unwrap();
        held.attached.push(arn("policy/team/second").to_string());
        driver.aws.world.identities.insert("User ken".to_owned(), super::world::Identity::default());
        driver
    };
    assert_eq!(report(&mut new(), &plan, Direction::Apply).ended, Ended::Done);
    type Doing = fn(&mut Aws);
    let others: [(Doing, &str); 5] = [
        (
            |aws| staff_of(aws).attached.push(arn("policy/first").to_string()),
            "has the policy `arn:aws:iam::111122223333:policy/first`, which it had not",
        ),
        (|aws| staff_of(aws).attached.clear(), "any more"),
        (
            |aws| drop(staff_of(aws).inline.insert("new".to_owned(), allow("*"))),
            "has the inline policy `new`, which it had not",
        ),
        (
            |aws| drop(staff_of(aws).inline.insert("own".to_owned(), allow("*"))),
            "the text of the inline policy `own`",
        ),
        (|aws| set_text(aws, "policy/team/second", "*"), "policy/team/second is another one"),
    ];
    for (other, expected) in others {
        let mut driver = new();
        other(&mut driver.aws);
        let told = moved(&mut driver, &plan, Direction::Apply);
        assert!(told.contains(expected), "{told}");
    }
}

fn staff_of(aws: &mut Aws) -> &mut super::world::Identity {
    aws.world.identities.get_mut("Group staff").unwrap()
}
