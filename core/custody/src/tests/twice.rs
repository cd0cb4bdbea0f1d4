//! What is defended twice: states that no leaves lead to, from which nothing comes either.

use std::sync::Arc;

use super::{Desk, at, id, person, root, seed};
use crate::{Approval, Mode, Refusal, Request, SealedBy, State};

/// Lays hands on a request.
fn touched(state: &mut State, change: impl FnOnce(&mut Request)) {
    change(Arc::make_mut(state.requests.get_mut(&id("r1")).unwrap()));
}

#[test]
fn no_code_while_sealed_even_if_something_went_on() {
    let mut desk = Desk::verified(Mode::Direct);
    desk.state.sealed =
        Some(SealedBy { by: person("kei"), at: at("2026-12-01T09:00:00Z"), reason: "stop".to_owned() });
    assert_eq!(desk.release("r1", "hina"), Err(Refusal::Sealed));
}

#[test]
fn no_third_code_even_if_the_second_did_not_close_it() {
    let mut desk = Desk::verified(Mode::Direct);
    desk.release("r1", "hina").unwrap();
    touched(&mut desk.state, |request| {
        let first = request.releases[0].clone();
        request.releases.push(first);
    });
    desk.later(30);
    assert_eq!(desk.release("r1", "hina"), Err(Refusal::NoMoreCodes));
}

#[test]
fn the_requesters_own_voice_is_not_counted_even_if_it_is_there() {
    let mut desk = Desk::verified(Mode::Direct);
    // Aoi is in `security` now, and her approval stands where Ren's was.
    let policy = super::EXAMPLE
        .replace("[\"ren\", \"mika\"]", "[\"ren\", \"mika\", \"aoi\"]")
        .replace("subject = \"00u-aoi\"", "subject = \"00u-aoi\"\nrecipient = \"age1aoi\"");
    desk.state.policy = Some(Arc::new(crate::Policy::from_toml(&policy).unwrap()));
    desk.clone().release("r1", "hina").unwrap();
    touched(&mut desk.state, |request| {
        let rens = request.approvals.remove(&person("ren")).unwrap();
        let own = Approval { proof: super::proof("aoi"), ..rens };
        request.approvals.insert(person("aoi"), own);
    });
    assert_eq!(desk.release("r1", "hina"), Err(Refusal::NoQuorum));
}

#[test]
fn no_code_of_a_seed_that_is_not_there() {
    let mut desk = Desk::founded();
    assert!(matches!(desk.try_submit("r1", "aoi", root(Mode::Direct), "1h"), Err(Refusal::Seed(..))));
    let mut desk = Desk::verified(Mode::Direct);
    desk.state.seeds.get_mut(&seed("root-main")).unwrap().is_held = false;
    assert!(matches!(desk.release("r1", "hina"), Err(Refusal::Seed(..))));
}
