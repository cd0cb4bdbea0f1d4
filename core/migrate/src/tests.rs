//! The labelled agents, and what each of them must never be.

use kagimori_id::{AccessKeyId, Arn};
use kagimori_testkit::homes::{Labelled, agents};
use kagimori_trail::call::{Call, Caller, Outcome};
use kagimori_trail::event::Principal;

use super::*;

fn user() -> Arn {
    Arn::parse("arn:aws:iam::444455556666:user/machine/m").unwrap()
}

fn key() -> AccessKeyId {
    AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap()
}

/// A successful call of the key.
pub(crate) fn call(time: i64, address: &str, agent: &str, action: (&str, &str)) -> Call {
    let caller = Caller {
        access_key: Some(key()),
        address: Some(address.into()),
        agent: (!agent.is_empty()).then(|| agent.into()),
        vpc_endpoint: address.starts_with("10.").then(|| "vpce-0a1b2c3d4e5f60718".into()),
        ..Caller::bare(Principal::User(user()))
    };
    Call {
        time,
        event_id: Some(format!("e-{time}").into()),
        outcome: Outcome::Succeeded,
        ..Call::bare(caller, &format!("{}.amazonaws.com", action.0), action.1)
    }
}

fn sightings(calls: &[Call]) -> Sightings {
    let mut sightings = Sightings::default();
    calls.iter().for_each(|call| sightings.add(call));
    sightings
}

pub(crate) fn judged_with(calls: &[Call], known: &Known<'_>) -> Judged {
    let all = sightings(calls).of(&user(), None, None);
    judge(all.get(&Credential::Key(key())), known)
}

fn judged(calls: &[Call]) -> Judged {
    judged_with(calls, &Known { is_seen_whole: true, ..Known::default() })
}

const WORK: [(&str, &str); 3] = [("ssm", "GetParameter"), ("sqs", "SendMessage"), ("s3", "PutObject")];

fn of(row: &Labelled, number: usize) -> Vec<Call> {
    let moments = row.way.moments(number);
    moments
        .iter()
        .enumerate()
        .map(|(turn, moment)| call(moment.at, &moment.address, row.agent, WORK[turn % WORK.len()]))
        .collect()
}

#[test]
fn nine_in_ten_agents_are_told_and_none_wrong() {
    let (mut told, mut wrong) = (0, Vec::new());
    let rows = agents();
    for (number, row) in rows.iter().enumerate() {
        let judged = judged(&of(row, number));
        let said = judged.home.as_str();
        match said == row.label {
            true => told += 1,
            false => wrong
                .push(format!("{said} ({:?}) for {} {:?} {}", judged.home, row.label, row.way, row.agent)),
        }
    }
    let mistaken: Vec<&String> = wrong.iter().filter(|line| !line.starts_with("unknown ")).collect();
    assert!(mistaken.is_empty(), "{mistaken:#?}");
    assert!(told * 10 >= rows.len() * 9, "{told} of {}: {wrong:#?}", rows.len());
    println!("{told} of {} told, {} unknown: {wrong:#?}", rows.len(), wrong.len());
}

mod roles;

/// Whatever is missing or contradicts, nobody is told a home.
#[test]
fn nothing_is_told_of_nothing() {
    let lambda = "Boto3/1.44.8 os/linux#5.10.234-241.885.amzn2.x86_64 exec-env/AWS_Lambda_python3.12 m/g";
    let seen = |count: i64, agent: &str, outcome: Outcome| -> Vec<Call> {
        (0..count).map(|hour| Call { outcome, ..call(hour * 3_600, "203.0.113.9", agent, WORK[0]) }).collect()
    };
    let whole = Known { is_seen_whole: true, last_used: Some(Some(0)), ..Known::default() };
    let home = |calls: &[Call], known: &Known<'_>| judged_with(calls, known).home;
    // Refused calls are no work, whatever their agent says.
    let refused = seen(50, lambda, Outcome::Denied);
    assert_eq!(home(&refused, &whole), Home::Noise(Noise::Refused));
    // Where the trail does not show all, or AWS knows of a later use, nobody says so.
    for known in [
        Known { is_seen_whole: false, ..whole.clone() },
        Known { last_used: Some(Some(1_000_000)), ..whole.clone() },
        Known { last_used: None, is_seen_whole: false, ..Known::default() },
    ] {
        assert_eq!(home(&refused, &known), Home::Unknown(Untold::Blind));
    }
    assert_eq!(home(&[], &whole), Home::Unknown(Untold::NoCalls));
    let never = Known { last_used: Some(None), ..whole.clone() };
    assert_eq!(home(&[], &never), Home::Noise(Noise::NeverUsed));
    assert_eq!(home(&[], &Known { is_new: true, ..never }), Home::Unknown(Untold::NoCalls));
    // Refused ones do not make a second workload of a key that works elsewhere.
    let laptop = "aws-cli/2.31.4 ua/2.1 os/macos#24.5.0 md/arch#arm64 m/n";
    let both: Vec<Call> =
        seen(50, lambda, Outcome::Succeeded).into_iter().chain(seen(9, laptop, Outcome::Denied)).collect();
    assert_eq!(home(&both, &whole), Home::One(Class::AwsLambda, Certainty::Certain));
    assert_eq!(judged_with(&both, &whole).refused, 9);
}

/// A name alone is no evidence; beside evidence it decides between what is left, and is never certain.
#[test]
fn names_make_no_class() {
    let named = |agent: &str| {
        let calls: Vec<Call> =
            (0..40).map(|hour| call(hour * 3_600, "203.0.113.9", agent, WORK[0])).collect();
        let known = Known {
            hints: vec!["user/ci/github-deploy".to_owned()],
            is_seen_whole: true,
            ..Known::default()
        };
        judged_with(&calls, &known).home
    };
    assert_eq!(named("aws-sdk-go-v2/1.30.0 os/linux lang/go#1.22"), Home::Unknown(Untold::NotTold));
    assert_eq!(named("something/1.0"), Home::Unknown(Untold::NotTold));
}

/// Folds of several threads say what one says.
#[test]
fn sightings_merge_in_any_order() {
    let rows = agents();
    let calls: Vec<Call> =
        rows.iter().take(30).enumerate().flat_map(|(number, row)| of(row, number)).collect();
    let whole = sightings(&calls).of(&user(), None, None);
    for parts in [2, 3, 7] {
        let mut merged = Sightings::default();
        for part in (0..parts).rev() {
            let some: Vec<Call> = calls.iter().skip(part).step_by(parts).cloned().collect();
            merged.merge(sightings(&some));
        }
        assert_eq!(merged.of(&user(), None, None), whole);
    }
}

/// What somebody answered counts, unless AWS itself says otherwise.
#[test]
fn answers_do_not_overrule_aws() {
    let told = |agent: &str, answer| {
        let calls: Vec<Call> =
            (0..40).map(|hour| call(hour * 3_600, "203.0.113.9", agent, WORK[0])).collect();
        judged_with(&calls, &Known { answer: Some(answer), is_seen_whole: true, ..Known::default() }).home
    };
    let go = "aws-sdk-go-v2/1.30.0 os/linux lang/go#1.22";
    assert_eq!(told(go, Class::CiGithub), Home::One(Class::CiGithub, Certainty::Certain));
    let lambda = "Boto3/1.44.8 exec-env/AWS_Lambda_python3.12";
    assert_eq!(told(lambda, Class::CiGithub), Home::Unknown(Untold::Contradiction));
}
