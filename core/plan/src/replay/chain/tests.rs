//! What hangs on a key, however many sessions lie between.

use kagimori_estate::access::Access;
use kagimori_estate::change::{Change, CredentialChange, apply};
use kagimori_id::{AccessKeyId, Arn};
use kagimori_trail::call::{Call, CheckedResource, Outcome};

use super::{Chain, Wanted};
use crate::replay::tests::{USER, allow, call, estate};
use crate::replay::{Evidence, Touched};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

fn session(number: i64) -> AccessKeyId {
    AccessKeyId::parse(&format!("ASIAEXAMPLE{number:09}")).unwrap()
}

/// A call with the key, or in a session.
fn with(time: i64, key: &AccessKeyId, gives: Option<AccessKeyId>) -> Call {
    let mut call =
        call(time, "s3:ListBucket", CheckedResource::Arn("arn:aws:s3:::b".into()), Outcome::Succeeded);
    call.caller.access_key = Some(key.clone());
    call.issued = gives;
    call
}

/// Sessions, each made in the one before, and a call in the last.
fn chained(sessions: i64) -> Vec<Call> {
    let key = |number| if number == 0 { AccessKeyId::parse(KEY).unwrap() } else { session(number) };
    let mut calls: Vec<Call> =
        (0..sessions).map(|number| with(number, &key(number), Some(session(number + 1)))).collect();
    calls.push(with(sessions, &key(sessions), None));
    calls
}

fn run(calls: &[Call], touched: Option<Touched>) -> Evidence {
    let estate = estate(&allow("s3:*", "*", ""));
    let off = Change::Credential(CredentialChange::SetAccessKeyStatus {
        user: Arn::parse(USER).unwrap(),
        key: AccessKeyId::parse(KEY).unwrap(),
        active: false,
    });
    // The estate's files do not tell of keys: what counts is the change.
    let after = apply(&estate, &off).unwrap_or_else(|_| estate.clone());
    let (before, after) = (Access::of(&estate), Access::of(&after));
    let mut chain = Chain::new(&before, &after, &[off], touched);
    loop {
        match chain.next() {
            Wanted::Sessions => {
                let keys: Vec<AccessKeyId> = calls.iter().filter_map(|call| call.issued.clone()).collect();
                chain.take_sessions(keys);
            }
            Wanted::Nothing => return chain.into_evidence().0,
            Wanted::Calls { .. } => {
                let mut judging = chain.judging(&|_| true);
                calls.iter().for_each(|call| judging.add(call));
                let found = judging.finish();
                chain.take_found(found);
            }
        }
    }
}

#[test]
fn a_chain_is_followed_to_its_end() {
    for sessions in [0, 1, 5, 8, 40] {
        let calls = chained(sessions);
        let whole = run(&calls, None);
        assert_eq!(whole.totals.newly_denied, u64::try_from(calls.len()).unwrap(), "{sessions} sessions");
        let few = run(&calls, Some(Touched::default()));
        assert_eq!(few.totals.newly_denied, whole.totals.newly_denied, "read for those who are touched");
    }
}

#[test]
fn sessions_of_another_key_stay() {
    let mut calls = chained(3);
    let other = AccessKeyId::parse("AKIAI44QH8DHBEXAMPLE").unwrap();
    calls.push(with(100, &other, Some(session(77))));
    calls.push(with(101, &session(77), None));
    let evidence = run(&calls, None);
    assert_eq!((evidence.totals.newly_denied, evidence.totals.still_allowed), (4, 2));
}

/// Keys that hand each other out do not keep it from ending.
#[test]
fn a_circle_ends() {
    let key = AccessKeyId::parse(KEY).unwrap();
    let calls = [with(1, &key, Some(session(1))), with(2, &session(1), Some(session(1)))];
    assert_eq!(run(&calls, None).totals.newly_denied, 2);
}
