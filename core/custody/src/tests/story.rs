//! The story of S1, and what is refused on the way.

use super::{Desk, id, mac, person, root, seed, viewer};
use crate::{Effect, Event, Host, Mode, Refusal, fold};

#[test]
fn a_code_comes_out_when_everybody_did_their_part() {
    for mode in [Mode::Direct, Mode::Phone] {
        let mut desk = Desk::verified(mode);
        assert_eq!(desk.word("r1"), "verified");
        desk.release("r1", "hina").unwrap();
        let sealed_to = if mode == Mode::Direct { viewer("page") } else { viewer("hina") };
        let code = desk.effects.iter().find_map(|effect| match effect {
            Effect::Code { viewer, leaf, seed: of, .. } => Some((viewer.clone(), *leaf, of.clone())),
            _ => None,
        });
        assert_eq!(code, Some((sealed_to, desk.leaves.len() as u64 - 1, seed("root-main"))));
        assert!(matches!(desk.release("r1", "hina"), Err(Refusal::StepUsed(_))));
        desk.later(30);
        desk.release("r1", "hina").unwrap();
        assert_eq!(desk.word("r1"), "closed");
        assert!(desk.effects.contains(&Effect::Host(Host::Idle)));
        assert_eq!(desk.release("r1", "hina"), Err(Refusal::Over("closed")));
        desk.review("r1", "kei").unwrap();
        assert_eq!(desk.word("r1"), "reviewed");
        assert_eq!(fold(&desk.leaves).unwrap(), desk.state);
    }
}

#[test]
fn nobody_is_two_people() {
    let mut desk = Desk::ready();
    desk.submit("r1", "aoi", root(Mode::Direct), "1h");
    assert_eq!(desk.approve("r1", "aoi"), Err(Refusal::OwnRequest));
    assert_eq!(desk.approve("r1", "hina"), Err(Refusal::NotApprover(person("hina"))));
    desk.approve("r1", "ren").unwrap();
    assert_eq!(desk.approve("r1", "ren"), Err(Refusal::ApprovedAlready));
    desk.approve("r1", "mika").unwrap();
    assert_eq!(desk.word("r1"), "pending");
    assert_eq!(desk.claim("r1", "hina"), Err(Refusal::NotNow("pending")));
    desk.approve("r1", "emi").unwrap();
    assert_eq!(desk.word("r1"), "approved");
    assert_eq!(desk.claim("r1", "aoi"), Err(Refusal::NotOperator(person("aoi"))));
    assert_eq!(desk.claim("r1", "emi"), Err(Refusal::NotOperator(person("emi"))));
    assert_eq!(desk.review("r1", "kei"), Err(Refusal::NoReview));
}

#[test]
fn a_wrong_pin_locks_the_request_and_not_the_seed() {
    let mut desk = Desk::ready();
    desk.submit("r1", "aoi", root(Mode::Phone), "1h");
    desk.approve("r1", "ren").unwrap();
    desk.approve("r1", "sora").unwrap();
    desk.claim("r1", "hina").unwrap();
    assert_eq!(desk.pin("r1", "hina", "1"), Err(Refusal::NoPin));
    desk.happen(&Event::SetPin { request: id("r1"), mac: mac("12345678"), epoch: 1 }).unwrap();
    assert!(desk.happen(&Event::SetPin { request: id("r1"), mac: mac("1"), epoch: 1 }).is_err());
    assert_eq!(desk.release("r1", "hina"), Err(Refusal::NoPin));
    for wrong in ["1", "2", "3"] {
        desk.pin("r1", "hina", wrong).unwrap();
    }
    assert_eq!(desk.word("r1"), "locked");
    assert!(desk.pin("r1", "hina", "12345678").is_err());
    desk.review("r1", "kei").unwrap();
    desk.submit("r2", "aoi", root(Mode::Phone), "1h");
}

#[test]
fn a_late_no_and_a_seal_stop_what_is_under_way() {
    let mut desk = Desk::verified(Mode::Direct);
    let no = Event::Deny { request: id("r1"), by: person("mika"), reason: "I did not know".to_owned() };
    desk.happen(&no).unwrap();
    assert_eq!(desk.word("r1"), "denied");
    assert_eq!(desk.release("r1", "hina"), Err(Refusal::Over("denied")));

    let mut desk = Desk::verified(Mode::Direct);
    desk.happen(&Event::Seal { by: person("kei"), reason: "something is wrong".to_owned() }).unwrap();
    assert_eq!(desk.word("r1"), "sealed_hold");
    assert!(desk.effects.contains(&Effect::Forget));
    assert_eq!(desk.try_submit("r2", "aoi", root(Mode::Direct), "1h"), Err(Refusal::Sealed));
    desk.submit("u1", "mika", crate::Wish::Unseal {}, "1h");
    desk.approve("u1", "ren").unwrap();
    assert_eq!(desk.approve("u1", "mika"), Err(Refusal::OwnRequest));
    desk.approve("u1", "emi").unwrap();
    desk.happen(&Event::Apply { request: id("u1"), by: person("mika") }).unwrap();
    assert!(desk.state.sealed().is_none());
    desk.submit("r2", "aoi", root(Mode::Direct), "1h");
    assert_eq!(fold(&desk.leaves).unwrap(), desk.state);
}
