//! Who could get a code tonight; and what the vault is told.

use std::collections::BTreeSet;

use kagimori_id::AccountId;

use super::{Desk, id, person, policy};
use crate::{Event, GroupName, Mode, Obstacle, Part, Refusal, simulate};

fn tonight(desk: &Desk, present: &[&str]) -> crate::Tonight {
    let account = AccountId::parse("111122223333").unwrap();
    let present: BTreeSet<_> = present.iter().map(|name| person(name)).collect();
    simulate(&policy(), &desk.state, account, &present)
}

#[test]
fn who_is_there_decides() {
    let desk = Desk::ready();
    let group = |name| GroupName::parse(name).unwrap();
    let cases: [(&[&str], Option<Part>); 6] = [
        (&["aoi", "ren", "sora", "hina"], None),
        (&["aoi", "ren", "mika", "hina"], Some(Part::Approves(group("managers")))),
        (&["aoi", "sora", "emi", "hina"], Some(Part::Approves(group("security")))),
        (&["aoi", "ren", "sora"], Some(Part::Operates)),
        (&["haru", "mika", "emi", "yuto"], None),
        (&["aoi"], Some(Part::Approves(group("security")))),
    ];
    for (present, missing) in cases {
        let tonight = tonight(&desk, present);
        assert_eq!(tonight.is_possible(), missing.is_none(), "{present:?}");
        assert_eq!(tonight.ways.values().next().unwrap().clone().err(), missing, "{present:?}");
    }
    assert!(!tonight(&desk, &["ren", "sora", "hina"]).is_possible());
    assert_eq!(tonight(&desk, &["aoi", "nagi"]).requesters.get(&person("aoi")), Some(&true));
}

#[test]
fn a_seal_a_revoked_key_and_a_seed_that_is_not_there_are_in_the_way() {
    let mut desk = Desk::ready();
    let lost = Event::RevokeKey {
        by: person("ren"),
        person: person("ren"),
        key: crate::KeyName::parse("ren-1").unwrap(),
        reason: "lost".to_owned(),
    };
    desk.happen(&lost).unwrap();
    assert!(!tonight(&desk, &["aoi", "ren", "sora", "hina"]).is_possible());
    assert!(tonight(&desk, &["aoi", "mika", "sora", "hina"]).is_possible());
    desk.happen(&Event::Seal { by: person("mika"), reason: "stop".to_owned() }).unwrap();
    assert_eq!(tonight(&desk, &["aoi", "mika", "sora", "hina"]).obstacles, [Obstacle::Sealed]);
    let empty = Desk::founded();
    assert!(matches!(tonight(&empty, &["aoi"]).obstacles.as_slice(), [Obstacle::NotHeld(_)]));
}

#[test]
fn the_vault_makes_the_last_code_once_and_none_after_a_no() {
    let mut desk = Desk::verified(Mode::Direct);
    desk.release("r1", "hina").unwrap();
    let leaf = desk.leaves.len() as u64 - 1;
    let grant = desk.state.grant(&id("r1"), leaf).unwrap();
    assert_eq!((grant.leaf, grant.mode, grant.viewer.0.as_str()), (leaf, Mode::Direct, "page"));
    assert_eq!(grant.approvers.len(), 2);
    assert!(desk.state.grant(&id("r1"), leaf - 1).is_err());
    let mut denied = desk.clone();
    let no = Event::Deny { request: id("r1"), by: person("mika"), reason: "no".to_owned() };
    denied.happen(&no).unwrap();
    assert_eq!(denied.state.grant(&id("r1"), leaf), Err(Refusal::Over("denied")));
    let mut sealed = desk.clone();
    sealed.happen(&Event::Seal { by: person("kei"), reason: "stop".to_owned() }).unwrap();
    assert_eq!(sealed.state.grant(&id("r1"), leaf), Err(Refusal::Sealed));
    desk.happen(&Event::Shown { request: id("r1"), step: grant.step }).unwrap();
    assert!(matches!(desk.state.grant(&id("r1"), leaf), Err(Refusal::StepUsed(_))));
    desk.later(30);
    desk.release("r1", "hina").unwrap();
    // The last code of a request closes it, and is made all the same.
    assert_eq!(desk.word("r1"), "closed");
    desk.state.grant(&id("r1"), desk.leaves.len() as u64 - 1).unwrap();
    assert!(desk.state.grant(&id("r1"), leaf).is_err());
}
