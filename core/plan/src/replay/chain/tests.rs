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
    run_on(&estate(&allow("s3:*", "*", "")), calls, touched)
}

fn run_on(estate: &kagimori_estate::Estate, calls: &[Call], touched: Option<Touched>) -> Evidence {
    let off = Change::Credential(CredentialChange::SetAccessKeyStatus {
        user: Arn::parse(USER).unwrap(),
        key: AccessKeyId::parse(KEY).unwrap(),
        active: false,
    });
    // The estate's files do not tell of keys: what counts is the change.
    let after = apply(estate, &off).unwrap_or_else(|_| estate.clone());
    let (before, after) = (Access::of(estate), Access::of(&after));
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

/// For security reasons an event may lack the key (CloudTrail User Guide, "CloudTrail userIdentity element", `accessKeyId`).
#[test]
fn a_call_that_does_not_tell_its_key_may_be_the_keys() {
    let mut untold = with(1, &session(1), None);
    untold.caller.access_key = None;
    let evidence = run(&[untold.clone()], None);
    assert_eq!((evidence.totals.cannot_tell, evidence.totals.still_allowed), (1, 0));
    // near: a session of the console is the password's
    let console = Call { is_from_console: true, ..untold };
    let evidence = run(&[console], None);
    assert_eq!((evidence.totals.cannot_tell, evidence.totals.still_allowed), (0, 1));
}

const JOB: &str = "arn:aws:iam::111122223333:role/job";

/// An account with a user who may assume a role, if the role's trust policy lets it.
fn with_role(trusted: &str) -> kagimori_estate::Estate {
    let all = allow("sts:AssumeRole", "*", "");
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{trusted},"Action":"sts:AssumeRole"}}]}}"#
    );
    let work = allow("s3:*", "*", "");
    crate::replay::tests::read_estate(&format!(
        r#"{{"UserDetailList":[{{"Path":"/","UserName":"app","UserId":"AIDAEXAMPLEEXAMPLE01","Arn":"{USER}",
        "CreateDate":"2026-01-01T00:00:00+00:00","GroupList":[],"AttachedManagedPolicies":[],"Tags":[],
        "UserPolicyList":[{{"PolicyName":"work","PolicyDocument":{all}}}]}}],
        "GroupDetailList":[],"Policies":[],"RoleDetailList":[{{"Path":"/","RoleName":"job","RoleId":"AROAEXAMPLEEXAMPLE01","Arn":"{JOB}",
        "CreateDate":"2026-01-01T00:00:00+00:00","AttachedManagedPolicies":[],"InstanceProfileList":[],"Tags":[],
        "RolePolicyList":[{{"PolicyName":"work","PolicyDocument":{work}}}],"AssumeRolePolicyDocument":{trust}}}],"IsTruncated":false}}"#
    ))
}

/// Whose making is not in the trail may be anybody's who may make such: a log file is missing, or it was made before.
#[test]
fn a_session_of_a_role_within_reach_may_be_the_keys() {
    let of_job = |key: i64, gives: Option<AccessKeyId>| Call {
        caller: kagimori_trail::call::Caller {
            access_key: Some(session(key)),
            ..kagimori_trail::call::Caller::bare(kagimori_trail::event::Principal::Role(
                Arn::parse(JOB).unwrap(),
            ))
        },
        ..with(key, &session(key), gives)
    };
    let calls = [of_job(1, None), of_job(2, None)];
    let cannot_tell = |trusted: &str, calls: &[Call]| {
        let touched =
            Touched { principals: [Arn::parse(USER).unwrap()].into(), texts: [USER.to_owned()].into() };
        let totals = run_on(&with_role(trusted), calls, Some(touched)).totals;
        (totals.newly_denied, totals.cannot_tell)
    };
    let root = r#"{"AWS":"arn:aws:iam::111122223333:root"}"#;
    assert_eq!(cannot_tell(root, &calls), (0, 2));
    // near: the role lets no user in
    assert_eq!(cannot_tell(r#"{"Service":"ec2.amazonaws.com"}"#, &calls), (0, 0));
    // near: somebody else made them, as the trail tells
    let other = AccessKeyId::parse("AKIAI44QH8DHBEXAMPLE").unwrap();
    let mut made = calls.to_vec();
    made.extend([with(3, &other, Some(session(1))), with(4, &other, Some(session(2)))]);
    for call in made.iter_mut().skip(2) {
        call.caller.principal = kagimori_trail::event::Principal::Service("ec2.amazonaws.com".into());
    }
    assert_eq!(cannot_tell(root, &made), (0, 0));
}
