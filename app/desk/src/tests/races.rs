//! Eight people at once at every request: yes, no, stop and "I take it", in all orders that threads find. What somebody was told is done is in
//! the log, nothing happens twice, and after a no there is nothing more.

use std::collections::BTreeMap;
use std::sync::Barrier;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{
    Digest, Draft, Event, How, Lasting, Mode, PersonId, RequestId, Statement, Viewer, Wish,
};
use kagimori_sealing::boxed::HolderKey;
use zeroize::Zeroizing;

use super::browser::Place;
use crate::desk::{Desk, DeskError};
use crate::dev::run::signed;

/// Requests on one desk; then another begins, as small as the first was.
const EACH: usize = 250;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Approve(&'static str),
    Deny(&'static str),
    Cancel,
    Kill,
    Claim,
}

/// What the eight do; in a third of the requests nobody says no, in another third the no comes from two.
fn deeds(number: usize) -> [Deed; 8] {
    use Deed::{Approve, Cancel, Claim, Deny, Kill};
    let (aoi, minato) = (Approve("aoi"), Approve("minato"));
    match number % 3 {
        0 => [aoi, minato, aoi, minato, Claim, Claim, aoi, minato],
        1 => [aoi, minato, aoi, Deny("minato"), Claim, Claim, Kill, minato],
        _ => [aoi, minato, Deny("aoi"), Deny("minato"), Claim, Cancel, Kill, Cancel],
    }
}

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn event(desk: &Desk, request: &RequestId, deed: Deed) -> Event {
    let (request, from) = (request.clone(), Some([127, 0, 0, 1].into()));
    let reason = "no".to_owned();
    match deed {
        Deed::Approve(name) => {
            let (by, proof) = signed(desk, &request, name, |digest| Statement::Approve { digest }).unwrap();
            Event::Approve { request, by, from, proof, share: Some(Digest::of(b"a share")) }
        }
        Deed::Claim => {
            let (by, proof) = signed(desk, &request, "riku", |digest| Statement::Claim { digest }).unwrap();
            let key = HolderKey::from_bytes(Zeroizing::new([7; 32])).public();
            let viewer = Some(Viewer(STANDARD.encode(key.as_bytes())));
            Event::Claim { request, by, from, proof, viewer }
        }
        Deed::Deny(name) => Event::Deny { request, by: person(name), reason },
        Deed::Cancel => Event::Cancel { request, by: person("keiko") },
        Deed::Kill => Event::Kill { request, by: person("tetsuo"), reason },
    }
}

/// A request at which eight act at once: who was told that it is done.
fn raced(desk: &Desk, number: usize) -> (RequestId, BTreeMap<Deed, u32>) {
    let id = RequestId::parse(&format!("race-{number}")).unwrap();
    let draft = Draft {
        id: id.clone(),
        wish: Wish::RootCode {
            account: kagimori_id::AccountId::parse("111122223333").unwrap(),
            mode: Mode::Direct,
        },
        reason: "a race".to_owned(),
        ticket: None,
        window: Lasting::minutes(30),
        follows: None,
    };
    let from = Some([127, 0, 0, 1].into());
    desk.act(&Event::Submit { by: person("keiko"), from, through: None, draft }).unwrap();
    let events = deeds(number).map(|deed| (deed, event(desk, &id, deed)));
    let start = Barrier::new(events.len());
    let mut done: BTreeMap<Deed, u32> = BTreeMap::new();
    std::thread::scope(|scope| {
        let actors: Vec<_> = events
            .iter()
            .map(|(deed, event)| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    match desk.act(event) {
                        Ok(_) => Some(*deed),
                        Err(DeskError::Refused(_)) => None,
                        Err(other) => panic!("{deed:?}: {other}"),
                    }
                })
            })
            .collect();
        for actor in actors {
            if let Some(deed) = actor.join().unwrap() {
                *done.entry(deed).or_default() += 1;
            }
        }
    });
    if desk.book().state.request(&id).is_some_and(kagimori_custody::Request::is_live) {
        desk.act(&event(desk, &id, Deed::Cancel)).unwrap();
        *done.entry(Deed::Cancel).or_default() += 1;
    }
    (id, done)
}

/// What the log says of a request, beside what people were told.
fn must_hold(desk: &Desk, id: &RequestId, done: &BTreeMap<Deed, u32>) {
    let book = desk.book();
    assert!(done.values().all(|times| *times == 1), "{id}: twice: {done:?}");
    let events: Vec<&Event> = book.of_request(id).map(|(_, leaf)| &leaf.event).collect();
    assert_eq!(events.len(), 1 + done.len(), "{id}: {done:?}: {events:?}");
    let is_no =
        |event: &&&Event| matches!(event, Event::Deny { .. } | Event::Cancel { .. } | Event::Kill { .. });
    assert_eq!(events.iter().filter(is_no).count(), 1, "{id}: {events:?}");
    assert!(events.last().is_some_and(|last| is_no(&last)), "{id}: something after a no: {events:?}");
    let request = book.state.request(id).unwrap();
    let how = request.end.as_ref().unwrap().how;
    let told = |deed: &Deed| match how {
        How::Denied => matches!(deed, Deed::Deny(_)),
        How::Cancelled => *deed == Deed::Cancel,
        How::Killed => *deed == Deed::Kill,
        other => panic!("{id}: {other:?}"),
    };
    assert_eq!(done.keys().filter(|deed| told(deed)).count(), 1, "{id}: the no that was told is lost");
    for name in ["aoi", "minato"] {
        let has = request.approvals.contains_key(&person(name));
        assert_eq!(has, done.contains_key(&Deed::Approve(name)), "{id}: {name}");
    }
    assert_eq!(request.operator().is_some(), done.contains_key(&Deed::Claim), "{id}");
}

/// `KAGIMORI_RACES` requests, 40 unless told otherwise: `scripts/check-desk-races` asks for 100,000.
#[test]
fn eight_at_once_and_nothing_twice() {
    let count: usize = std::env::var("KAGIMORI_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let (mut from, mut claims, mut noes) = (0, 0, 0);
    while from < count {
        let until = count.min(from + EACH);
        let place = Place::new();
        for number in from..until {
            let (id, done) = raced(&place.desk, number);
            must_hold(&place.desk, &id, &done);
            claims += usize::from(done.contains_key(&Deed::Claim));
            noes += done.keys().filter(|deed| !matches!(deed, Deed::Approve(_) | Deed::Claim)).count();
        }
        assert_eq!(place.desk.reread().unwrap().state.digest(), place.desk.book().state.digest());
        from = until;
        if count > EACH {
            eprintln!("{from} requests, {claims} were taken on, {noes} noes");
        }
    }
    // The races go both ways: otherwise they were none.
    assert!(claims > 0 && noes == count, "{claims} {noes}");
}
