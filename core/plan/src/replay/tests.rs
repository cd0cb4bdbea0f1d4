//! Replay over small estates, made by hand.

use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::{Change, IdentityChange, WireDocument, apply};
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::request::Fact;
use kagimori_trail::call::{Call, Caller, Certainty, Check, CheckedResource, MapGap, Outcome};
use kagimori_trail::event::Principal;
use proptest::prelude::*;

use super::{Class, Classes, Evidence, Replay, Telling, Verdict};

pub(crate) const USER: &str = "arn:aws:iam::111122223333:user/app";

pub(crate) fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

pub(crate) fn allow(action: &str, resource: &str, condition: &str) -> String {
    let condition = if condition.is_empty() { String::new() } else { format!(r#","Condition":{condition}"#) };
    document(&format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"{condition}}}"#))
}

/// An account with one user that has one inline policy.
pub(crate) fn estate(policy: &str) -> Estate {
    let text = format!(
        r#"{{"UserDetailList":[{{"Path":"/","UserName":"app","UserId":"AIDAEXAMPLEEXAMPLE01","Arn":"{USER}",
        "CreateDate":"2026-01-01T00:00:00+00:00","GroupList":[],"AttachedManagedPolicies":[],"Tags":[],
        "UserPolicyList":[{{"PolicyName":"work","PolicyDocument":{policy}}}]}}],
        "GroupDetailList":[],"RoleDetailList":[],"Policies":[],"IsTruncated":false}}"#
    );
    read_estate(&text)
}

/// An estate of the authorization details of one account.
pub(crate) fn read_estate(text: &str) -> Estate {
    let account = Some(AccountId::parse("111122223333").unwrap());
    let mut assembler = Assembler::default();
    assembler.add(read(File { path: "authorization-details.json", account, bytes: text.as_bytes() }));
    let estate = assembler.finish(None);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    estate
}

pub(crate) fn changed(estate: &Estate, policy: &str) -> Estate {
    let document = WireDocument(parse(policy, Strictness::Strict).unwrap());
    let identity = Arn::parse(USER).unwrap();
    let change = Change::Identity(IdentityChange::PutInlinePolicy {
        identity,
        name: "work".to_owned(),
        document,
        position: None,
    });
    apply(estate, &change).unwrap_or_else(|_| estate.clone())
}

pub(crate) fn call(time: i64, action: &str, resource: CheckedResource, outcome: Outcome) -> Call {
    let (service, name) = action.split_once(':').unwrap();
    let account = AccountId::parse("111122223333").ok();
    let caller = Caller {
        arn: Some(USER.into()),
        account,
        access_key: AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").ok(),
        address: Some("203.0.113.7".into()),
        agent: Some("x".into()),
        ..Caller::bare(Principal::User(Arn::parse(USER).unwrap()))
    };
    Call {
        time,
        event_id: Some(format!("event-{time}").into()),
        account,
        region: Some("ap-northeast-1".into()),
        outcome,
        checks: vec![Check::certain(action, resource)],
        ..Call::bare(caller, &format!("{service}.amazonaws.com"), name)
    }
}

pub(crate) fn classes(calls: &[Call], telling: Telling) -> Vec<Class> {
    let mut classes = Classes::new(telling);
    for call in calls {
        classes.add(call);
    }
    classes.finish()
}

pub(crate) fn arn(text: &str) -> CheckedResource {
    CheckedResource::Arn(text.into())
}

fn verdict(before: &str, after: &str, call: &Call) -> (Verdict, String) {
    let estate = estate(before);
    let changed = changed(&estate, after);
    let (before, after) = (Access::of(&estate), Access::of(&changed));
    let class = classes(std::slice::from_ref(call), Telling::default()).remove(0);
    let judgement = Replay::new(&before, &after).judge(&class);
    (judgement.verdict, judgement.why.to_string())
}

/// A user that was deleted and made again: what the former did is no use of the new one's, and no change of it breaks that.
#[test]
fn what_somebody_of_the_same_name_did_before_is_nobody_elses() {
    let (all, none) = (allow("s3:*", "*", ""), allow("sqs:ListQueues", "*", ""));
    let before = estate(&all);
    let after = changed(&before, &none);
    let telling = || Telling::default().knowing(&before);
    let of = |id: Option<&str>| {
        let mut call = call(1, "s3:GetObject", arn("arn:aws:s3:::b/raw/1"), Outcome::Succeeded);
        call.caller.unique_id = id.map(Into::into);
        call
    };
    let calls = [of(Some("AIDAEXAMPLEEXAMPLE01")), of(Some("AIDAEXAMPLEEXAMPLE99")), of(None)];
    let classes = classes(&calls, telling());
    let (was, is) = (Access::of(&before), Access::of(&after));
    let replay = Replay::new(&was, &is);
    let found: Vec<(u64, Verdict)> =
        classes.iter().map(|class| (class.count, replay.judge(class).verdict)).collect();
    assert_eq!(found, [(2, Verdict::NewlyDenied), (1, Verdict::NotAsked)]);
    let whose = |class: &Class| super::subject_of(&was, &class.call.caller.principal).is_some();
    assert_eq!(classes.iter().map(whose).collect::<Vec<_>>(), [true, false]);
}

/// Each statement alone leaves some resource open; together they leave none.
#[test]
fn what_is_denied_wherever_it_is_allowed_is_denied() {
    const PLACES: &str = r#"["arn:aws:s3:::b/raw/*","arn:aws:dynamodb:*:*:table/t*"]"#;
    let allows = format!(r#"{{"Effect":"Allow","NotAction":"iam:*","Resource":{PLACES}}}"#);
    let of = |denied: &str, rest: &str| {
        let deny = format!(r#"{{"Effect":"Deny","Action":"s3:PutObject","Resource":{denied}{rest}}}"#);
        document(&format!("{allows},{deny}"))
    };
    let (open, all) = (document(&allows), of(PLACES, ""));
    let most = of(r#"["arn:aws:s3:::b/raw/1*"]"#, "");
    let perhaps = of(PLACES, r#","Condition":{"StringEquals":{"s3:x-amz-acl":"private"}}"#);
    let everything = of(r#"["arn:aws:s3:::*","arn:aws:s3:*:*:accesspoint/*","arn:aws:dynamodb:*"]"#, "");
    let wide = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let besides = document(&format!(
        r#"{wide},{{"Effect":"Deny","Action":"s3:PutObject","Resource":["arn:aws:s3:::*","arn:aws:s3:*:*:accesspoint/*"]}}"#
    ));
    let raw = || CheckedResource::Pattern("arn:aws:s3:::b/raw/1*".into());
    let (ok, failed) = (Outcome::Succeeded, Outcome::Failed);
    for (before, after, resource, outcome, expected) in [
        (&all, &all, CheckedResource::Unknown, ok, Verdict::Unexplained),
        (&all, &open, CheckedResource::Unknown, failed, Verdict::NewlyAllowed),
        (&all, &all, CheckedResource::Unknown, failed, Verdict::AlreadyDenied),
        (&open, &all, CheckedResource::Unknown, ok, Verdict::NewlyDenied),
        (&open, &everything, CheckedResource::Unknown, ok, Verdict::NewlyDenied),
        (&most, &most, raw(), ok, Verdict::Unexplained),
        // the service reference tells on what the action works: on nothing else can it have been
        (&besides, &besides, CheckedResource::Unknown, ok, Verdict::Unexplained),
        // somewhere, or perhaps
        (&most, &most, CheckedResource::Unknown, ok, Verdict::StillAllowed),
        (&open, &most, CheckedResource::Unknown, ok, Verdict::CannotTell),
        (&perhaps, &perhaps, CheckedResource::Unknown, ok, Verdict::StillAllowed),
        (&open, &perhaps, CheckedResource::Unknown, ok, Verdict::CannotTell),
    ] {
        let call = call(1, "s3:PutObject", resource, outcome);
        let (found, why) = verdict(before, after, &call);
        assert_eq!(found, expected, "{before} -> {after} {:?}: {why}", call.checks);
    }
}

#[test]
fn every_verdict() {
    let object = || arn("arn:aws:s3:::b/raw/1");
    let all = allow("s3:*", "*", "");
    let raw = allow("s3:GetObject", "arn:aws:s3:::b/raw/*", "");
    let other = allow("s3:GetObject", "arn:aws:s3:::b/other/*", "");
    let tls = allow("s3:*", "*", r#"{"StringEquals":{"s3:x-amz-acl":"private"}}"#);
    let no_acl = allow("s3:*", "*", r#"{"Null":{"s3:x-amz-acl":"true"}}"#);
    let mfa = allow("s3:*", "*", r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#);
    let near = allow("s3:*", "*", r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#);
    let far = allow("s3:*", "*", r#"{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#);
    let denies = document(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#,
    );
    let ok = Outcome::Succeeded;
    for (before, after, resource, outcome, expected) in [
        (&all, &raw, object(), ok, Verdict::StillAllowed),
        (&all, &other, object(), ok, Verdict::NewlyDenied),
        (&all, &denies, object(), ok, Verdict::NewlyDenied),
        (&all, &other, object(), Outcome::Failed, Verdict::NewlyDenied),
        (&all, &other, object(), Outcome::Denied, Verdict::AlreadyDenied),
        (&all, &other, object(), Outcome::Throttled, Verdict::NotAsked),
        (&other, &all, object(), Outcome::Denied, Verdict::NewlyAllowed),
        (&other, &raw, object(), ok, Verdict::Unexplained),
        (&other, &denies, object(), Outcome::Failed, Verdict::AlreadyDenied),
        (&all, &mfa, object(), ok, Verdict::NewlyDenied),
        (&all, &near, object(), ok, Verdict::StillAllowed),
        (&all, &far, object(), ok, Verdict::NewlyDenied),
        // what CloudTrail does not tell
        (&all, &tls, object(), ok, Verdict::CannotTell),
        (&all, &no_acl, object(), ok, Verdict::AllowedAssuming),
        // it succeeded, so the condition held then; and holds still
        (&tls, &tls, object(), ok, Verdict::StillAllowed),
        (&tls, &no_acl, object(), ok, Verdict::CannotTell),
        // a resource that is not told
        (&all, &raw, CheckedResource::Unknown, ok, Verdict::CannotTell),
        (&all, &allow("s3:GetObject", "*", ""), CheckedResource::Unknown, ok, Verdict::StillAllowed),
        // access points have other ARNs
        (
            &all,
            &allow("s3:GetObject", "arn:aws:s3:::*", ""),
            CheckedResource::Unknown,
            ok,
            Verdict::CannotTell,
        ),
        (&all, &allow("s3:PutObject", "*", ""), CheckedResource::Unknown, ok, Verdict::NewlyDenied),
        (&raw, &raw, CheckedResource::Unknown, ok, Verdict::StillAllowed),
        (&raw, &other, CheckedResource::Unknown, ok, Verdict::CannotTell),
        (&all, &raw, CheckedResource::Pattern("arn:aws:s3:::b/raw/*".into()), ok, Verdict::StillAllowed),
        (&all, &raw, CheckedResource::Pattern("arn:aws:s3:::b/*".into()), ok, Verdict::CannotTell),
        (&all, &raw, CheckedResource::Pattern("arn:aws:s3:::c/*".into()), ok, Verdict::NewlyDenied),
    ] {
        let call = call(1_000, "s3:GetObject", resource, outcome);
        let (verdict, why) = verdict(before, after, &call);
        assert_eq!(verdict, expected, "{before}\n{after}\n{:?} {outcome:?}: {why}", call.checks);
    }
}

/// A refused call goes through when all that AWS asks for it is allowed, on whatever it may have been about.
#[test]
fn a_refused_call_is_newly_allowed_only_by_proof() {
    let none = allow("sqs:ListQueues", "*", "");
    let (all, raw) = (allow("s3:*", "*", ""), allow("s3:GetObject", "arn:aws:s3:::b/raw/*", ""));
    let mfa = allow("s3:*", "*", r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#);
    let tls = allow("s3:*", "*", r#"{"StringEquals":{"s3:x-amz-acl":"private"}}"#);
    let denies = document(
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/raw/2"}"#,
    );
    let pattern = |text: &str| CheckedResource::Pattern(text.into());
    for (before, after, resource, expected) in [
        (&none, &raw, arn("arn:aws:s3:::b/raw/1"), Verdict::NewlyAllowed),
        (&none, &raw, arn("arn:aws:s3:::b/other"), Verdict::AlreadyDenied),
        (&none, &raw, pattern("arn:aws:s3:::b/raw/*"), Verdict::NewlyAllowed),
        (&none, &raw, pattern("arn:aws:s3:::b/*"), Verdict::CannotTell),
        (&none, &raw, CheckedResource::Unknown, Verdict::CannotTell),
        (&none, &all, CheckedResource::Unknown, Verdict::NewlyAllowed),
        (&none, &denies, pattern("arn:aws:s3:::b/raw/*"), Verdict::CannotTell),
        (&none, &mfa, arn("arn:aws:s3:::b/raw/1"), Verdict::AlreadyDenied),
        (&none, &tls, arn("arn:aws:s3:::b/raw/1"), Verdict::CannotTell),
        // nothing changes for it, whatever refused it then
        (&all, &all, CheckedResource::Unknown, Verdict::AlreadyDenied),
        (&tls, &tls, arn("arn:aws:s3:::b/raw/1"), Verdict::AlreadyDenied),
    ] {
        let call = call(1_000, "s3:GetObject", resource, Outcome::Denied);
        let (verdict, why) = verdict(before, after, &call);
        assert_eq!(verdict, expected, "{before}\n{after}\n{:?}: {why}", call.checks);
    }
    // another permission of it stays refused
    let mut two = call(1, "s3:GetObject", arn("arn:aws:s3:::b/raw/1"), Outcome::Denied);
    two.checks.extend(call(1, "kms:Decrypt", CheckedResource::Unknown, Outcome::Denied).checks);
    assert_eq!(verdict(&none, &all, &two).0, Verdict::AlreadyDenied);
}

#[test]
fn what_the_map_does_not_know_is_not_guessed() {
    let (all, raw) = (allow("s3:*", "*", ""), allow("s3:GetObject", "arn:aws:s3:::b/raw/*", ""));
    let mut odd = call(1, "s3:GetObject", arn("arn:aws:s3:::b/raw/1"), Outcome::Succeeded);
    odd.gap = Some(MapGap::UnknownEvent);
    assert_eq!(verdict(&all, &raw, &odd).0, Verdict::CannotTell);
    assert_eq!(verdict(&all, &all, &odd).0, Verdict::StillAllowed, "nothing changes for it");
    odd.checks.clear();
    assert_eq!(verdict(&all, &raw, &odd).0, Verdict::CannotTell);
    odd.gap = Some(MapGap::NotAuthorized);
    assert_eq!(verdict(&all, &raw, &odd).0, Verdict::NotAsked);
    // perhaps it was checked, perhaps not
    let mut perhaps = call(1, "s3:PutObjectAcl", arn("arn:aws:s3:::b/raw/1"), Outcome::Succeeded);
    perhaps.checks[0].certainty = Certainty::Possible;
    assert_eq!(verdict(&all, &raw, &perhaps).0, Verdict::CannotTell);
    assert_eq!(verdict(&raw, &raw, &perhaps).0, Verdict::StillAllowed);
    let mut stranger = call(1, "s3:GetObject", arn("arn:aws:s3:::b/raw/1"), Outcome::Succeeded);
    stranger.caller.principal = Principal::User(Arn::parse("arn:aws:iam::111122223333:user/gone").unwrap());
    assert_eq!(verdict(&all, &raw, &stranger).0, Verdict::CannotTell);
}

#[test]
fn a_key_that_is_off_breaks_what_it_did() {
    let estate = estate(&allow("s3:*", "*", ""));
    let access = Access::of(&estate);
    let keys = [AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap()].into_iter().collect();
    let mut other = call(5, "s3:GetObject", arn("arn:aws:s3:::b/1"), Outcome::Succeeded);
    other.caller.access_key = Some(AccessKeyId::parse("AKIAI44QH8DHBEXAMPLE").unwrap());
    let calls = [call(1, "s3:GetObject", arn("arn:aws:s3:::b/1"), Outcome::Succeeded), other];
    let mut evidence = Evidence::default();
    let replay = Replay::new(&access, &access);
    for class in classes(&calls, Telling { keys, ..Telling::default() }) {
        evidence.add(&class, &replay.judge(&class));
    }
    assert_eq!((evidence.totals.newly_denied, evidence.totals.still_allowed), (1, 1));
    let (who, about, finding) = evidence.findings(Verdict::NewlyDenied).remove(0);
    assert_eq!((who, about.action.as_str(), finding.count), (USER, "s3:GetObject", 1));
    assert_eq!(finding.first.event_id.as_deref(), Some("event-1"));
}

#[test]
fn a_session_that_came_from_nowhere_cannot_be_judged_when_trust_changes() {
    let estate = estate(&allow("s3:*", "*", ""));
    let access = Access::of(&estate);
    let role = Arn::parse("arn:aws:iam::111122223333:role/app").unwrap();
    let telling = Telling { traced_roles: [role.clone()].into_iter().collect(), ..Telling::default() };
    let mut session = call(1, "s3:GetObject", arn("arn:aws:s3:::b/1"), Outcome::Succeeded);
    session.caller.principal = Principal::Role(role);
    assert!(classes(std::slice::from_ref(&session), telling.clone())[0].is_untraced);
    let handed_out = session.caller.access_key.iter().cloned().collect();
    let told = Telling { handed_out, ..telling.clone() };
    assert!(!classes(std::slice::from_ref(&session), told)[0].is_untraced);
    session.caller.principal = Principal::User(Arn::parse(USER).unwrap());
    let mut class = classes(std::slice::from_ref(&session), telling).remove(0);
    assert!(!class.is_untraced);
    assert_eq!(Replay::new(&access, &access).judge(&class).verdict, Verdict::StillAllowed);
    class.is_untraced = true;
    assert_eq!(Replay::new(&access, &access).judge(&class).verdict, Verdict::CannotTell);
}

/// The evidence of calls, each judged by itself.
fn plain(replay: &Replay<'_>, calls: &[Call]) -> Evidence {
    let mut evidence = Evidence::default();
    for call in calls {
        for class in classes(std::slice::from_ref(call), Telling::default()) {
            evidence.add(&class, &replay.judge(&class));
        }
    }
    evidence
}

fn any_call() -> impl Strategy<Value = Call> {
    let action = prop_oneof![Just("s3:GetObject"), Just("s3:PutObject"), Just("s3:DeleteObject")];
    let resource = prop_oneof![
        (0..4).prop_map(|n| arn(&format!("arn:aws:s3:::b/raw/{n}"))),
        Just(CheckedResource::Unknown),
        Just(CheckedResource::Pattern("arn:aws:s3:::b/*".into())),
    ];
    let outcome =
        prop_oneof![4 => Just(Outcome::Succeeded), 1 => Just(Outcome::Denied), 1 => Just(Outcome::Failed)];
    (0_i64..400_000, action, resource, outcome, proptest::option::of(any::<bool>()), 0..3_u8).prop_map(
        |(time, action, resource, outcome, mfa, place)| {
            let mut call = call(time, action, resource, outcome);
            call.caller.mfa = mfa;
            call.caller.vpc_endpoint = (place == 1).then(|| "vpce-1".into());
            call.caller.address = (place != 2).then(|| "203.0.113.7".into());
            call.checks[0].context.push(("s3:x-amz-acl".into(), Fact::Absent));
            call
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if crate::tests::is_whole() { 40 } else { 12 }))]

    #[test]
    fn counting_in_classes_changes_nothing(
        calls in proptest::collection::vec(any_call(), 0..60),
        cut in 0..60_usize,
    ) {
        let estate = estate(&allow("s3:*", "*", ""));
        let changed = changed(&estate, &document(
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/raw/1"},
               {"Effect":"Allow","Action":"s3:PutObject","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}},
               {"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}"#,
        ));
        let (before, after) = (Access::of(&estate), Access::of(&changed));
        let replay = Replay::new(&before, &after);
        let expected = plain(&replay, &calls);
        let (left, right) = calls.split_at(cut.min(calls.len()));
        let count = |parts: [&[Call]; 2]| {
            let mut all = Classes::default();
            for part in parts {
                let mut classes = Classes::default();
                part.iter().for_each(|call| classes.add(call));
                all.merge(classes);
            }
            prop_assert_eq!(all.calls(), calls.len() as u64);
            Ok(all.finish())
        };
        let (forth, back) = (count([left, right])?, count([right, left])?);
        prop_assert_eq!(&forth, &back);
        let mut evidence = Evidence::default();
        for class in &forth {
            let mut part = Evidence::default();
            part.add(class, &replay.judge(class));
            evidence.merge(part);
        }
        prop_assert_eq!(evidence, expected);
    }
}

/// A user's session is made with a key, unless it is the console's; how, only the trail tells.
#[test]
fn a_users_session_that_came_from_nowhere_cannot_be_judged_when_the_key_goes() {
    let user = Arn::parse(USER).unwrap();
    let telling = Telling { traced_users: [user].into_iter().collect(), ..Telling::default() };
    let of = |key: &str, change: &dyn Fn(&mut Call), telling: &Telling| {
        let mut call = call(1, "s3:GetObject", arn("arn:aws:s3:::b/1"), Outcome::Succeeded);
        call.caller.access_key = AccessKeyId::parse(key).ok();
        change(&mut call);
        classes(&[call], telling.clone()).remove(0)
    };
    let (session, plain) = ("ASIAIOSFODNN7EXAMPLE", |_: &mut Call| {});
    assert!(of(session, &plain, &telling).is_untraced);
    assert!(!of("AKIAIOSFODNN7EXAMPLE", &plain, &telling).is_untraced);
    assert!(!of(session, &|call| call.is_from_console = true, &telling).is_untraced);
    assert!(!of(session, &plain, &Telling::default()).is_untraced);
    let handed_out = AccessKeyId::parse(session).into_iter().collect();
    assert!(!of(session, &plain, &Telling { handed_out, ..telling.clone() }).is_untraced);
    let estate = estate(&allow("s3:*", "*", ""));
    let access = Access::of(&estate);
    let judged = Replay::new(&access, &access).judge(&of(session, &plain, &telling));
    assert_eq!((judged.verdict, judged.why), (Verdict::CannotTell, super::Why::UntracedKey));
}

/// Every key has a policy: it names the caller, or leaves it to the account, whose grant would be gone.
#[test]
fn a_grant_on_a_key_whose_policy_was_not_given() {
    let key = || arn("arn:aws:kms:ap-northeast-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    let decrypt = call(1, "kms:Decrypt", key(), Outcome::Succeeded);
    let (grant, other) = (allow("kms:Decrypt", "*", ""), allow("ec2:DescribeVpcs", "*", ""));
    let either = document(
        r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"},{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
    );
    for (before, after, expected) in [
        (&grant, &other, Verdict::CannotTell),
        (&grant, &either, Verdict::StillAllowed),
        // By the key's policy alone, then as now.
        (&other, &allow("s3:*", "*", ""), Verdict::StillAllowed),
    ] {
        assert_eq!(verdict(before, after, &decrypt).0, expected, "{before} {after}");
    }
}
