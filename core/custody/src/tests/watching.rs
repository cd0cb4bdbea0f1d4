//! A whole trail beside a whole log.

use kagimori_id::{AccessKeyId, AccountId};

use super::{Desk, at, id};
use crate::{
    Alarm, AssumedRoot, Grants, Mode, Question, Recovery, RootDeed, RootLogin, RootTrail, Span, TOLERANCE,
    Told, Untold, Watched, watch,
};

const ACCOUNT: &str = "111122223333";

fn account() -> AccountId {
    AccountId::parse(ACCOUNT).unwrap()
}

/// The desk of the tests with one release, at 09:01:00.
fn grants() -> Grants {
    let mut desk = Desk::verified(Mode::Direct);
    desk.release("r1", "hina").unwrap();
    Grants::of(&desk.leaves).unwrap().0
}

fn login(name: &str, when: &str) -> RootLogin {
    let (id, mfa) = (name.to_owned(), Some(true));
    RootLogin { id, account: account(), at: at(when), succeeded: true, mfa, address: None }
}

fn deed(name: &str, when: &str) -> RootDeed {
    RootDeed {
        id: name.to_owned(),
        account: account(),
        at: at(when),
        call: "iam:ListUsers".to_owned(),
        failed: false,
        key: AccessKeyId::parse("ASIAIOSFODNN7EXAMPLE").ok(),
        address: None,
    }
}

fn told() -> Told {
    let span = Span { from: at("2026-11-01T00:00:00Z"), until: at("2026-12-31T00:00:00Z"), gaps: Vec::new() };
    Told::of([(account(), span)])
}

fn found(logins: Vec<RootLogin>, deeds: Vec<RootDeed>) -> Watched {
    let trail = RootTrail { logins, deeds, told: told(), ..RootTrail::default() };
    watch(&grants(), &trail, TOLERANCE)
}

#[test]
fn a_request_explains_its_sign_in_and_what_follows() {
    let used = found(
        vec![login("l", "2026-12-01T09:01:30Z")],
        vec![deed("d", "2026-12-01T09:02:00Z"), deed("e", "2026-12-01T20:00:00Z")],
    );
    assert!(used.is_clean(), "{used:?}");
    assert_eq!(used.explained.pairs, [(0, 0)]);
}

#[test]
fn a_sign_in_without_a_request_is_an_alarm_with_all_that_was_done() {
    let mut logins = vec![login("l", "2026-12-01T09:01:30Z"), login("x", "2026-12-03T03:00:00Z")];
    let deeds = vec![deed("d", "2026-12-03T03:05:00Z"), deed("d", "2026-12-03T03:05:00Z")];
    let told = found(logins.clone(), deeds.clone());
    assert_eq!(told.alarms, [Alarm::SignIn { login: 1, deeds: vec![0] }]);
    assert!(told.questions.is_empty());
    // A sign-in without a second factor used no code, whatever was released.
    logins[0].mfa = Some(false);
    let told = found(logins, deeds);
    assert_eq!(told.explained.alarms, [0, 1]);
    assert_eq!(told.questions, [Question::Unused { release: 0 }]);
}

#[test]
fn root_without_a_sign_in() {
    let mut key = deed("k", "2026-12-05T00:00:00Z");
    key.key = AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").ok();
    let told = found(
        vec![login("l", "2026-12-01T09:01:30Z")],
        vec![deed("o", "2026-12-04T00:00:00Z"), key.clone(), deed("old", "2026-11-20T00:00:00Z")],
    );
    let named = AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap();
    assert_eq!(
        told.alarms,
        [
            Alarm::Key { account: account(), key: named, deeds: vec![1] },
            Alarm::Outside { account: account(), deeds: vec![0] },
        ]
    );
}

#[test]
fn ceremonies_and_the_time_before_the_desk_explain_sign_ins() {
    let grants = grants();
    let ceremony = grants.ceremonies.iter().find(|one| one.account == account()).unwrap().clone();
    let mut during = login("c", "2026-12-01T09:00:00Z");
    (during.at, during.mfa) = (ceremony.from, Some(false));
    let trail = RootTrail {
        logins: vec![during, login("old", "2026-11-20T00:00:00Z"), login("l", "2026-12-01T09:01:30Z")],
        told: told(),
        ..RootTrail::default()
    };
    let told = watch(&grants, &trail, TOLERANCE);
    assert!(told.alarms.is_empty(), "{told:?}");
    assert_eq!((told.ceremonies.len(), told.earlier.as_slice()), (1, [1].as_slice()));
}

#[test]
fn lost_passwords_and_centralised_access() {
    let step = |name: &str, is_completed| Recovery {
        at: at("2026-12-02T00:00:00Z"),
        id: name.to_owned(),
        account: account(),
        is_completed,
        address: None,
    };
    let session = AssumedRoot {
        at: at("2026-12-02T01:00:00Z"),
        id: "s".to_owned(),
        account: account(),
        by: "arn:aws:iam::111122223333:role/Admin".to_owned(),
    };
    let trail = RootTrail {
        logins: vec![login("l", "2026-12-01T09:01:30Z")],
        recoveries: vec![step("a", false), step("b", true), step("b", true)],
        assumed: vec![session.clone(), session],
        told: told(),
        ..RootTrail::default()
    };
    let told = watch(&grants(), &trail, TOLERANCE);
    assert_eq!(told.alarms, [Alarm::Recovered { recovery: 1 }]);
    assert_eq!(told.questions, [Question::Recovering { recovery: 0 }, Question::Assumed { session: 0 }]);
}

#[test]
fn a_blind_trail_asks_nothing_and_is_not_clean() {
    let nothing = watch(&grants(), &RootTrail::default(), TOLERANCE);
    assert!(nothing.alarms.is_empty() && nothing.questions.is_empty() && !nothing.is_clean());
    assert_eq!(nothing.explained.hidden, [0]);
    assert_eq!(nothing.untold.get(&account()), Some(&Untold::NoEvents));
    // What is there is an alarm all the same.
    let trail = RootTrail { logins: vec![login("x", "2026-12-03T03:00:00Z")], ..RootTrail::default() };
    assert_eq!(watch(&grants(), &trail, TOLERANCE).alarms.len(), 1);
    // A day of which nothing was delivered hides the release's sign-in.
    let gaps = vec![(at("2026-12-01T00:00:00Z"), at("2026-12-02T00:00:00Z"))];
    let span = Span { from: at("2026-11-01T00:00:00Z"), until: at("2026-12-31T00:00:00Z"), gaps };
    let trail = RootTrail {
        told: Told::of([(account(), span)]),
        deeds: vec![deed("d", "2026-12-02T03:00:00Z")],
        ..RootTrail::default()
    };
    let told = watch(&grants(), &trail, TOLERANCE);
    assert_eq!((told.explained.hidden.len(), told.begun_before.as_slice()), (1, [0].as_slice()));
    assert!(told.alarms.is_empty() && told.is_blind());
}

#[test]
fn an_address_that_is_none_of_the_policys_is_a_question() {
    let mut grants = grants();
    let inside = crate::Network::try_from("203.0.113.0/24".to_owned()).unwrap();
    grants.accounts.insert(account(), vec![inside]);
    let mut there = login("l", "2026-12-01T09:01:30Z");
    for (address, questions) in [("203.0.113.9", 0), ("198.51.100.1", 1), ("AWS Internal", 0)] {
        there.address = Some(address.to_owned());
        let trail = RootTrail { logins: vec![there.clone()], told: told(), ..RootTrail::default() };
        assert_eq!(watch(&grants, &trail, TOLERANCE).questions.len(), questions, "{address}");
    }
    assert_eq!(grants.releases[0].request, id("r1"));
}
