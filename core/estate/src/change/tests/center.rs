//! Permission sets and assignments, in an estate with one set in one account.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::AccountId;

use super::super::{
    CenterChange, Change, ChangeError, SetParts, WireDocument, apply, apply_all, inverse, inverse_all,
};
use super::estate;
use crate::center::{CustomerPolicy, Description, PermissionSet, Principal};
use crate::fact::{Dataset, Gap, GapReason, Known, SourceId};
use crate::model::Estate;

const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-1111";
const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1111/ps-aaaa";
const ROLE: &str = "AWSReservedSSO_Admin_0123456789abcdef";

fn account() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

fn known<T>(value: T) -> Known<T> {
    Known::new(value, SourceId(0))
}

fn admin() -> SetParts {
    SetParts {
        name: "Admin".into(),
        session_duration: Some("PT1H".into()),
        customer_managed: vec![CustomerPolicy { name: "team".into(), path: "/".into() }],
        ..SetParts::default()
    }
}

fn group() -> Principal {
    Principal::Group("g-1".into())
}

/// Of which the role is in the account, and the group has it there.
fn with_center() -> Estate {
    let mut estate = estate();
    let parts = admin();
    let set = PermissionSet {
        described: known(Description {
            arn: SET.into(),
            name: parts.name,
            text: None,
            session_duration: parts.session_duration,
            relay_state: None,
        }),
        inline: known(None),
        managed: known(Vec::new()),
        customer_managed: known(parts.customer_managed),
        boundary: known(None),
        tags: known(BTreeMap::new()),
        accounts: known(BTreeSet::from([account()])),
    };
    let center = &mut estate.identity_center;
    center.permission_sets.insert("ps-aaaa".into(), set);
    center.listed = known(BTreeSet::from(["ps-aaaa".into()]));
    center.assignments.insert(("ps-aaaa".into(), account()), known(BTreeSet::from([group()])));
    let held = estate.accounts.get_mut(&account()).unwrap();
    let mut role = held.roles.values().next().unwrap().clone();
    role.name = ROLE.into();
    role.path = format!("{}eu-west-1/", crate::center::ROLES_PATH);
    held.roles.insert(ROLE.into(), role);
    estate
}

fn edit(to: SetParts, was: SetParts) -> Change {
    let (instance, set) = (INSTANCE.into(), SET.into());
    CenterChange::SetPermissionSet { instance, set, made_of: Box::new(to), was: Box::new(was) }.into()
}

fn assignment(principal: Principal, is_made: bool) -> Change {
    let (instance, set, account) = (INSTANCE.into(), SET.into(), account());
    match is_made {
        true => CenterChange::CreateAccountAssignment { instance, set, account, principal }.into(),
        false => CenterChange::DeleteAccountAssignment { instance, set, account, principal }.into(),
    }
}

fn reader() -> Change {
    let text =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
    let document: WireDocument = serde_json::from_str(text).unwrap();
    CenterChange::CreatePermissionSet {
        instance: INSTANCE.into(),
        set: "arn:aws:sso:::permissionSet/ssoins-1111/ps-reader".into(),
        made_of: Box::new(SetParts { name: "Reader".into(), inline: Some(document), ..SetParts::default() }),
    }
    .into()
}

fn bounded() -> SetParts {
    SetParts { customer_managed: Vec::new(), ..admin() }
}

#[test]
fn each_is_undone_by_its_opposite() {
    let before = with_center();
    let all = [
        reader(),
        edit(bounded(), admin()),
        assignment(group(), false),
        assignment(Principal::User("u-1".into()), true),
    ];
    for change in &all {
        let back = inverse(&before, change).unwrap();
        let after = apply(&before, change).unwrap();
        assert_ne!(after, before, "{change}");
        assert_eq!(apply(&after, &back).unwrap(), before, "{change}");
        let text = serde_json::to_string(change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), *change);
        assert_ne!(change.japanese(), change.to_string());
    }
    // All of them, and edits one after the other.
    let third = SetParts { session_duration: Some("PT2H".into()), ..bounded() };
    let mut all = all.to_vec();
    all.push(edit(third, bounded()));
    let after = apply_all(&before, &all).unwrap();
    let back = inverse_all(&before, &all).unwrap();
    assert_eq!(apply_all(&after, &back).unwrap(), before);
}

/// What becomes of the role AWS does not tell: nobody takes it for what it was.
#[test]
fn a_role_whose_set_was_edited_or_whose_people_went_is_not_known_any_more() {
    let before = with_center();
    let is_sure = |estate: &Estate| {
        estate.accounts.get(&account()).unwrap().roles.get(ROLE).unwrap().grants.gaps.is_empty()
    };
    assert!(is_sure(&before));
    for change in [edit(bounded(), admin()), assignment(group(), false)] {
        assert!(!is_sure(&apply(&before, &change).unwrap()), "{change}");
    }
    // Two edits, of which only the second is taken back.
    let third = SetParts { session_duration: Some("PT2H".into()), ..bounded() };
    let twice = apply_all(&before, &[edit(bounded(), admin()), edit(third.clone(), bounded())]).unwrap();
    let once = apply(&twice, &edit(bounded(), third)).unwrap();
    assert!(!is_sure(&once));
    // Who gets it is one more, and takes nothing from anybody.
    assert!(is_sure(&apply(&before, &assignment(Principal::User("u-1".into()), true)).unwrap()));
}

#[test]
fn what_aws_would_refuse_or_nobody_knows_is_told() {
    let estate = with_center();
    let refused = |change: Change| apply(&estate, &change).unwrap_err();
    let delete = |made_of: SetParts| -> Change {
        let (instance, set) = (INSTANCE.into(), SET.into());
        CenterChange::DeletePermissionSet { instance, set, made_of: Box::new(made_of) }.into()
    };
    assert!(matches!(refused(delete(admin())), ChangeError::Refused(why) if why.contains("provisioned")));
    assert!(matches!(refused(edit(admin(), admin())), ChangeError::NothingToDo(_)));
    assert!(matches!(refused(edit(admin(), bounded())), ChangeError::Refused(_)));
    let renamed = SetParts { name: "Other".into(), ..admin() };
    assert!(matches!(refused(edit(renamed, admin())), ChangeError::Refused(_)));
    let described = SetParts { description: Some("x".into()), ..admin() };
    assert!(
        matches!(refused(edit(described, admin())), ChangeError::Refused(why) if why.contains("description"))
    );
    assert!(matches!(refused(assignment(group(), true)), ChangeError::NothingToDo(_)));
    assert!(matches!(refused(assignment(Principal::User("u".into()), false)), ChangeError::NotThere { .. }));
    let mut blind = estate.clone();
    let reason = GapReason::Denied("AccessDeniedException".into());
    let gap = Gap { dataset: Dataset::PermissionSets, reason };
    blind.identity_center.permission_sets.get_mut("ps-aaaa").unwrap().inline = Known::Unknown(gap.clone());
    assert!(matches!(apply(&blind, &edit(bounded(), admin())), Err(ChangeError::NotKnown(_))));
    blind.identity_center.listed = Known::Unknown(gap.clone());
    assert!(matches!(apply(&blind, &reader()), Err(ChangeError::NotKnown(_))));
    blind.identity_center.assignments.clear();
    assert!(matches!(apply(&blind, &assignment(group(), true)), Err(ChangeError::NotKnown(_))));
}

#[test]
fn arns_and_durations_are_as_aws_has_them() {
    let estate = with_center();
    let assigned = |instance: &str, set: &str| {
        let (instance, set, account) = (instance.into(), set.into(), account());
        let principal = Principal::User("u-1".into());
        apply(&estate, &CenterChange::CreateAccountAssignment { instance, set, account, principal }.into())
    };
    assert!(assigned(INSTANCE, SET).is_ok());
    for (instance, set) in [
        ("ssoins-1111", SET),
        ("arn:aws:sso:::instance/", SET),
        (INSTANCE, "ps-aaaa"),
        (INSTANCE, "arn:aws:sso:::instance/ssoins-1111/ps-aaaa"),
        (INSTANCE, "arn:aws:sso:::permissionSet/ssoins-2222/ps-aaaa"),
        (INSTANCE, "arn:aws-cn:sso:::permissionSet/ssoins-1111/ps-aaaa"),
        (INSTANCE, "arn:aws:sso:::permissionSet/ssoins-1111/ps-"),
    ] {
        let told = assigned(instance, set);
        assert!(
            matches!(told, Err(ChangeError::Refused(why)) if why.contains("is no ARN")),
            "{instance} {set}"
        );
    }
    for (duration, is_fit) in [
        ("PT1H", true),
        ("PT12H", true),
        ("PT90M", true),
        ("PT1H30M", true),
        ("PT0H", false),
        ("PT59M", false),
        ("PT12H1M", false),
        ("PT", false),
        ("PT+2H", false),
        ("2H", false),
        ("PT99999H", false),
    ] {
        let to = SetParts { session_duration: Some(duration.into()), ..bounded() };
        assert_eq!(apply(&estate, &edit(to, admin())).is_ok(), is_fit, "{duration}");
    }
}
