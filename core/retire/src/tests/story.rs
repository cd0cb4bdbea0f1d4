//! A retirement as it goes, told in order; and what a journal must not say.

use super::world::{book, windows};
use super::{at, begun, key, lasting, rung, start};
use crate::{
    Answer, Because, Book, BookError, Circumstances, Entry, Event, How, Ladder, Phase, Round, Shown, Sight,
    State, Turn, Verdict, Wanted,
};

fn first() -> State {
    let ladder = Ladder::try_from(vec![rung("2min", Some("2min")), rung("3min", None)]).unwrap();
    begun(start(0, "web", ladder, "1min", "6min"), at("2026-11-02T09:00:00Z"))
}

/// Drives a round in which everything goes well; what was asked, in words.
fn round(states: &mut Vec<State>, happened: &[Event], now: &str, entries: &mut Vec<String>) -> Vec<String> {
    let circumstances = Circumstances { windows: windows(), protected: Default::default(), may_delete: true };
    let events: Vec<_> = happened.iter().map(|event| (key(0), event.clone())).collect();
    let now = at(now);
    let mut round = Round::new(states.clone(), &events, &circumstances, now);
    let mut told = Vec::new();
    loop {
        let answer = match round.wanted(now) {
            Wanted::Nothing => break,
            Wanted::Journal(entry, notices) => {
                entries.push(entry.text().unwrap());
                told.extend(notices.iter().map(|notice| notice.kind.to_owned()));
                Answer::Journalled
            }
            Wanted::Try(_) => {
                told.push("try".to_owned());
                Answer::Tried(Shown::Open)
            }
            Wanted::Look(_) => Answer::Seen(Sight::Off),
            Wanted::Follow(_, turn) => {
                told.push(turn.word().to_owned());
                Answer::Turned(How::Done)
            }
        };
        round.take(answer, &circumstances, now);
    }
    *states = round.states().to_vec();
    told
}

#[test]
fn up_the_ladder() {
    let mut states = vec![first()];
    let mut entries = vec![Entry::begins(&states[0], at("2026-11-02T09:00:00Z")).text().unwrap()];
    for (now, asked) in [
        ("2026-11-02T09:00:00Z", vec!["retire.before_off"]),
        ("2026-11-02T09:00:30Z", vec![]),
        ("2026-11-02T09:01:00Z", vec!["try", "off", "retire.off"]),
        ("2026-11-02T09:02:59Z", vec![]),
        ("2026-11-02T09:03:00Z", vec!["on", "retire.on"]),
        ("2026-11-02T09:04:59Z", vec![]),
        ("2026-11-02T09:05:00Z", vec!["retire.before_off"]),
        ("2026-11-02T09:06:00Z", vec!["try", "off", "retire.off"]),
        ("2026-11-02T09:08:59Z", vec![]),
        ("2026-11-02T09:09:00Z", vec!["retire.delete_due"]),
        ("2026-11-02T09:09:01Z", vec!["delete", "retire.deleted"]),
        ("2026-11-02T09:10:00Z", vec![]),
    ] {
        assert_eq!(round(&mut states, &[], now, &mut entries), asked, "{now}");
        let read = book(&entries);
        assert_eq!(read.all.last().unwrap().state, states[0], "the journal alone tells it");
    }
    assert_eq!(states[0].standing.verdicts, [Verdict::Quiet, Verdict::Quiet]);
    let told = &book(&entries).all[0];
    assert_eq!(told.past.len(), entries.len());
    assert!(book(&entries).live(&key(0)).is_none());
}

#[test]
fn a_complaint_brings_it_on_at_once() {
    let (mut states, mut entries) = (vec![first()], Vec::new());
    round(&mut states, &[], "2026-11-02T09:00:00Z", &mut entries);
    round(&mut states, &[], "2026-11-02T09:01:00Z", &mut entries);
    let complaint = Event::Complaint { by: "ken".to_owned(), reason: "the nightly batch".to_owned() };
    let asked = round(&mut states, std::slice::from_ref(&complaint), "2026-11-02T09:01:30Z", &mut entries);
    assert_eq!(asked, ["on", "retire.needed"]);
    assert_eq!(states[0].standing.verdicts, [Verdict::Needed]);
    let Phase::Aborted { because, .. } = &states[0].standing.phase else { panic!("{states:?}") };
    assert_eq!(because.to_string(), "ken says that it is needed: the nightly batch");
    assert!(round(&mut states, &[complaint], "2026-11-02T09:02:00Z", &mut entries).is_empty(), "once");
}

#[test]
fn an_on_that_is_refused_is_told_once_and_tried_for_ever() {
    let (mut states, mut entries) = (vec![first()], Vec::new());
    round(&mut states, &[], "2026-11-02T09:00:00Z", &mut entries);
    round(&mut states, &[], "2026-11-02T09:01:00Z", &mut entries);
    let (due, effects) =
        crate::step(&states[0], &Event::Panic { by: "mika".to_owned() }, at("2026-11-02T09:02:00Z"));
    assert_eq!(effects, [crate::Effect::Follow(Turn::On)]);
    let refused = Event::Turned { turn: Turn::On, how: How::Refused("denied".to_owned()) };
    let (next, effects) = crate::step(&due, &refused, at("2026-11-02T09:02:00Z"));
    assert_eq!(effects, [crate::Effect::Tell(crate::Kind::OnFailed)]);
    let (again, effects) = crate::step(&next, &refused, at("2026-11-02T09:03:00Z"));
    assert!(effects.is_empty() && again == next);
    assert!(matches!(again.standing.phase, Phase::OnDue { because: Because::Panic { .. } }));
    assert!(again.on_since(at("2026-11-02T09:03:00Z")).is_some());
}

#[test]
fn keys_of_one_user_go_one_after_another_whoever_owns_them() {
    let ladder = || Ladder::try_from(vec![rung("2min", None)]).unwrap();
    let other = start(1, "data", ladder(), "1min", "6min");
    let mut same_user = start(2, "batch", ladder(), "1min", "6min");
    same_user.credential.user = first().start.credential.user.clone();
    let now = at("2026-11-02T09:00:00Z");
    let mut states = vec![first(), begun(other, now), begun(same_user, now)];
    round(&mut states, &[], "2026-11-02T09:00:00Z", &mut Vec::new());
    let phases: Vec<&str> = states.iter().map(|state| state.standing.phase.word()).collect();
    assert_eq!(phases, ["notified", "notified", "planned"]);
}

#[test]
fn owners_are_compared_without_case_and_spaces() {
    let ladder = || Ladder::try_from(vec![rung("2min", None)]).unwrap();
    let now = at("2026-11-02T09:00:00Z");
    let mut states = vec![first()];
    for (number, owner) in [(1, "Web"), (2, " web "), (3, "we b")] {
        states.push(begun(start(number, owner, ladder(), "1min", "6min"), now));
    }
    round(&mut states, &[], "2026-11-02T09:00:00Z", &mut Vec::new());
    let phases: Vec<&str> = states.iter().map(|state| state.standing.phase.word()).collect();
    assert_eq!(phases, ["notified", "planned", "planned", "notified"]);
}

#[test]
fn an_off_in_the_future_ends_at_once() {
    let (mut states, mut entries) = (vec![first()], Vec::new());
    round(&mut states, &[], "2026-11-02T09:00:00Z", &mut entries);
    round(&mut states, &[], "2026-11-02T09:01:00Z", &mut entries);
    let off = states.clone();
    assert!(round(&mut states, &[], "2026-11-02T09:01:00Z", &mut entries).is_empty(), "the near miss");
    assert!(off[0].on_since(at("2026-10-30T09:00:00Z")).is_some(), "status tells it");
    let asked = round(&mut states, &[], "2026-10-30T09:00:00Z", &mut entries);
    assert_eq!(asked, ["on", "retire.interrupted", "retire.before_off"]);
}

#[test]
fn a_look_that_failed_is_over_when_the_next_does_not() {
    let (mut states, mut entries) = (vec![first()], Vec::new());
    round(&mut states, &[], "2026-11-02T09:00:00Z", &mut entries);
    round(&mut states, &[], "2026-11-02T09:01:00Z", &mut entries);
    let unknown = Event::Seen { sight: Sight::Unknown("throttled".to_owned()), may_delete: false };
    let (troubled, _) = crate::step(&states[0], &unknown, at("2026-11-02T09:01:10Z"));
    assert_eq!(troubled.standing.trouble.as_deref(), Some("throttled"));
    let (next, _) = crate::step(
        &troubled,
        &Event::Seen { sight: Sight::Off, may_delete: false },
        at("2026-11-02T09:01:20Z"),
    );
    assert_eq!(next, states[0]);
}

#[test]
fn a_user_that_is_renamed_brings_its_key_on() {
    let (mut states, mut entries) = (vec![first()], Vec::new());
    round(&mut states, &[], "2026-11-02T09:00:00Z", &mut entries);
    round(&mut states, &[], "2026-11-02T09:01:00Z", &mut entries);
    let renamed = Event::Seen { sight: Sight::Renamed("svc-new".to_owned()), may_delete: true };
    let (due, effects) = crate::step(&states[0], &renamed, at("2026-11-02T09:01:30Z"));
    assert_eq!(effects, [crate::Effect::Follow(Turn::On)]);
    assert!(due.may_be_off() && due.on_since(at("2026-11-02T09:01:30Z")).is_some());
    let done = Event::Turned { turn: Turn::On, how: How::Done };
    let (next, effects) = crate::step(&due, &done, at("2026-11-02T09:01:31Z"));
    assert_eq!(effects, [crate::Effect::Tell(crate::Kind::Drifted)]);
    let Phase::Drifted { what, .. } = next.standing.phase else { panic!("{next:?}") };
    assert_eq!(what, "its user is named svc-new since it was begun");
}

#[test]
fn a_journal_that_makes_no_sense_is_no_ground_to_act() {
    let state = first();
    let begins = Entry::begins(&state, at("2026-11-02T09:00:00Z")).text().unwrap();
    let tick = Entry::happened(Event::Panic { by: "mika".to_owned() }, &state, at("2026-11-02T09:00:00Z"));
    let tick = tick.text().unwrap();
    let read = |entries: &[&str]| Book::of(entries.iter().map(|entry| entry.as_bytes()));
    assert!(matches!(read(&[&tick]), Err(BookError::OutOfOrder { index: 0, .. })));
    assert!(matches!(read(&[&begins, &begins]), Err(BookError::OutOfOrder { index: 1, .. })));
    assert!(matches!(read(&[&begins, "x"]), Err(BookError::Unreadable { index: 1, .. })));
    let newer = tick.replace("\"version\":1", "\"version\":2");
    assert!(matches!(read(&[&begins, &newer]), Err(BookError::OtherVersion { index: 1, version: 2 })));
    let other = r#"{"schema":{"name":"kagimori.applied","version":1},"at":"2026-11-02T09:00:00Z"}"#;
    assert_eq!(read(&[other, &begins, &tick]).unwrap().all.len(), 1, "other kinds are passed over");
    for cut in 0..begins.len() {
        assert!(read(&[begins.get(..cut).unwrap()]).is_err(), "torn at {cut}");
    }
}

#[test]
fn a_notice_says_what_to_do() {
    let (mut states, mut entries) = (vec![first()], Vec::new());
    round(&mut states, &[], "2026-11-02T09:00:00Z", &mut entries);
    let notice = crate::Notice::of(crate::Kind::BeforeOff, &states[0]);
    let json = serde_json::to_value(&notice).unwrap();
    assert_eq!(json["schema"], "kagimori.notice");
    assert_eq!(json["version"], 1);
    assert_eq!(json["kind"], "retire.before_off");
    assert_eq!(json["off_at"], "2026-11-02T09:01:00Z");
    assert_eq!(json["on_at"], "2026-11-02T09:03:00Z");
    assert_eq!(json["off_for"], "2min");
    assert!(json["if_it_hurts"].as_str().unwrap().starts_with("kagimori retire stop AKIA"));
    assert!(lasting("1min").seconds() == 60);
}
