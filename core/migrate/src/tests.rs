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
