//! The other kinds of requests, and what a policy cannot do to what is there.

use super::{Desk, EXAMPLE, at, id, mac, person, proof, root, seed, viewer};
use crate::{
    Ceremony, Digest, Draft, Effect, Event, Exposure, Extent, Finding, Lasting, Mode, News, Outcome, Policy,
    Refusal, Rollback, Wish, fold, releases, step_of,
};

fn custody(name: &str, ceremony: Ceremony) -> Wish {
    Wish::Custody { seed: seed(name), ceremony }
}

fn proposal(change: &[(&str, &str)]) -> Wish {
    let text = change.iter().fold(EXAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    Wish::Policy { policy: Box::new(Policy::from_toml(&text).unwrap().file().clone()) }
}

fn begun(desk: &mut Desk, name: &str, wish: Wish) {
    desk.submit(name, "aoi", wish, "2h");
    desk.approve(name, "ren").unwrap();
    desk.approve(name, "sora").unwrap();
    desk.claim(name, "yuto").unwrap();
}

fn held(desk: &Desk, name: &str, exposure: Exposure) -> Outcome {
    let last_step = step_of(desk.now, 30);
    Outcome::Held { fingerprint: Digest::of(name.as_bytes()), last_step, exposure }
}

fn settle(desk: &mut Desk, name: &str, outcome: Outcome) -> Result<(), Refusal> {
    desk.happen(&Event::Settle { request: id(name), by: person("yuto"), outcome })
}

fn news(desk: &Desk) -> Vec<News> {
    let news = |effect: &Effect| match effect {
        Effect::Tell(notice) => Some(notice.what.clone()),
        _ => None,
    };
    desk.effects.iter().filter_map(news).collect()
}

#[test]
fn a_seed_comes_is_replaced_and_goes_and_its_steps_never_go_back() {
    let mut desk = Desk::ready();
    let last = desk.state.seed(&seed("root-main")).unwrap().last_step;
    let again = desk.try_submit("c1", "aoi", custody("root-main", Ceremony::Enrol), "1h");
    assert!(matches!(again, Err(Refusal::Seed(..))));
    begun(&mut desk, "c1", custody("root-main", Ceremony::Rotate));
    let known = held(&desk, "root-main", Exposure::default());
    assert_eq!(settle(&mut desk, "c1", known), Err(Refusal::SeedKnown));
    let Outcome::Held { fingerprint, exposure, .. } = held(&desk, "second", Exposure::default()) else {
        panic!()
    };
    let ahead = Outcome::Held { fingerprint, last_step: u64::MAX, exposure: exposure.clone() };
    assert!(matches!(settle(&mut desk, "c1", ahead), Err(Refusal::Clock(_))));
    assert_eq!(settle(&mut desk, "c1", Outcome::Gone {}), Err(Refusal::NotThisKind));
    settle(&mut desk, "c1", Outcome::Failed { why: "the QR code did not show".to_owned() }).unwrap();
    assert_eq!(desk.word("c1"), "armed");
    settle(&mut desk, "c1", Outcome::Held { fingerprint, last_step: 1, exposure }).unwrap();
    let now = desk.state.seed(&seed("root-main")).unwrap();
    assert_eq!((now.generation, now.last_step), (2, last));
    begun(&mut desk, "c2", custody("root-main", Ceremony::Retire));
    settle(&mut desk, "c2", Outcome::Gone {}).unwrap();
    assert!(!desk.state.seed(&seed("root-main")).unwrap().is_held);
    assert!(desk.try_submit("r1", "aoi", root(Mode::Phone), "1h").is_err());
    assert!(desk.try_submit("c3", "aoi", custody("root-main", Ceremony::Enrol), "1h").is_err());
    assert_eq!(fold(&desk.leaves).unwrap(), desk.state);
}

#[test]
fn who_saw_both_halves_makes_a_seed_stale() {
    let mut desk = Desk::ready();
    begun(&mut desk, "c1", custody("root-main", Ceremony::Rotate));
    let saw = Exposure { seed: vec![person("yuto"), person("aoi")], password: vec![person("aoi")] };
    let outcome = held(&desk, "second", saw);
    settle(&mut desk, "c1", outcome).unwrap();
    assert!(news(&desk).contains(&News::MustRotate(seed("root-main"))));
    let held = desk.state.seed(&seed("root-main")).unwrap();
    assert_eq!(held.must_rotate.iter().collect::<Vec<_>>(), [&person("aoi")]);
}

#[test]
fn a_ceremony_that_is_cut_off_is_put_aside_and_reviewed() {
    let mut desk = Desk::ready();
    begun(&mut desk, "c1", custody("root-main", Ceremony::Rotate));
    desk.later(7200);
    let late = held(&desk, "second", Exposure::default());
    assert!(matches!(settle(&mut desk, "c1", late), Err(Refusal::TimeOver(_))));
    let due = desk.state.due(desk.now);
    assert_eq!(due, [Event::Expire { request: id("c1") }]);
    desk.happen(&due[0]).unwrap();
    assert!(desk.effects.contains(&Effect::Abandon { request: id("c1") }));
    assert!(news(&desk).contains(&News::CeremonyCutOff(seed("root-main"))));
    assert!(desk.state.request(&id("c1")).unwrap().owes_review());
    assert_eq!(desk.state.overdue_reviews(desk.now), []);
    desk.later(3 * 86_400);
    assert_eq!(desk.state.overdue_reviews(desk.now).len(), 1);
}

#[test]
fn a_drill_goes_the_whole_way_and_is_no_release_of_a_root() {
    let mut desk = Desk::ready();
    let due = desk.state.drill_due().unwrap();
    let wrong = Wish::Drill { seed: seed("root-main"), mode: Mode::Direct };
    assert!(matches!(desk.try_submit("d0", "aoi", wrong, "1h"), Err(Refusal::Seed(..))));
    desk.submit("d1", "aoi", Wish::Drill { seed: seed("practice"), mode: Mode::Direct }, "1h");
    desk.approve("d1", "mika").unwrap();
    desk.approve("d1", "emi").unwrap();
    desk.happen(&Event::SetPin { request: id("d1"), mac: mac("12345678"), epoch: 1 }).unwrap();
    desk.claim("d1", "yuto").unwrap();
    desk.pin("d1", "yuto", "12345678").unwrap();
    assert_eq!(desk.release("d1", "yuto"), Err(Refusal::NoViewer));
    desk.happen(&Event::Ready { request: id("d1"), by: person("aoi"), viewer: viewer("page") }).unwrap();
    desk.release("d1", "yuto").unwrap();
    desk.happen(&Event::Finish { request: id("d1"), by: person("aoi") }).unwrap();
    desk.review("d1", "kei").unwrap();
    assert!(desk.state.drill_due().unwrap() >= due);
    assert_eq!(releases(&desk.leaves).unwrap(), []);
}

#[test]
fn a_policy_comes_into_force_and_cannot_take_what_is_there() {
    let mut desk = Desk::ready();
    let name_of = |text: &str| format!("public = \"{text}\"");
    let cases: [&[(&str, &str)]; 5] = [
        &[("desk = \"desk.shiosai.example\"", "desk = \"other\"")],
        &[("subject = \"00u-ren\"", "subject = \"00u-new\"")],
        &[(&name_of("ren-public"), &name_of("another"))],
        &[("tier = \"T2\"", "tier = \"T1\"")],
        &[("ren-1", "mika-2"), ("mika-1", "ren-1"), ("mika-2", "mika-1")],
    ];
    for change in cases {
        let refused = desk.try_submit("g0", "mika", proposal(change), "1h");
        assert!(matches!(refused, Err(Refusal::CannotFollow(_))), "{change:?}: {refused:?}");
    }
    let bad = Box::new(crate::PolicyFile { desk: String::new(), ..super::policy().file().clone() });
    assert!(matches!(
        desk.try_submit("g0", "mika", Wish::Policy { policy: bad }, "1h"),
        Err(Refusal::Faults(_))
    ));
    // A key is revoked while a policy that still has it waits.
    desk.submit("g1", "mika", proposal(&[("codes = 2", "codes = 1")]), "1h");
    desk.approve("g1", "ren").unwrap();
    desk.approve("g1", "emi").unwrap();
    let lost = Event::RevokeKey {
        by: person("kei"),
        person: person("hina"),
        key: proof("hina").key,
        reason: "lost".to_owned(),
    };
    let mut later = desk.clone();
    later.happen(&lost).unwrap();
    let refused = later.happen(&Event::Apply { request: id("g1"), by: person("mika") });
    assert!(matches!(refused, Err(Refusal::CannotFollow(_))), "{refused:?}");
    desk.happen(&Event::Apply { request: id("g1"), by: person("ren") }).unwrap();
    assert_eq!(desk.state.policy().unwrap().file().rules.values().map(|rule| rule.codes).min(), Some(1));
    // What was pending stands under the new rules, and whoever has the old policy is told.
    let stale = crate::step(&desk.state, &Event::Expire { request: id("g1") }, &super::policy(), desk.now);
    assert_eq!(stale.err(), Some(Refusal::OtherPolicy));
    assert_eq!(fold(&desk.leaves).unwrap().digest(), desk.state.digest());
}

fn rollback(desk: &Desk, number: u64) -> Rollback {
    let extent = |size: u64, of: &[u8]| Extent { size, root: Digest::of(of) };
    let size = desk.state.size();
    Rollback { number, kept: extent(size, b"kept"), seen: extent(size + 3, b"seen") }
}

#[test]
fn a_log_goes_on_after_a_roll_back_by_a_quorum_alone() {
    let mut desk = Desk::ready();
    desk.submit("r1", "aoi", root(Mode::Direct), "1h");
    desk.approve("r1", "ren").unwrap();
    let lost = rollback(&desk, 2);
    desk.submit("g1", "mika", Wish::Epoch { rollback: lost }, "1h");
    let begin = |rollback| Event::BeginEpoch { request: id("g1"), by: person("mika"), rollback };
    desk.approve("g1", "ren").unwrap();
    assert_eq!(desk.happen(&begin(lost)), Err(Refusal::NotNow("pending")));
    desk.approve("g1", "emi").unwrap();
    assert_eq!(
        desk.happen(&begin(Rollback { number: 3, ..lost })),
        Err(Refusal::NotThisKind),
        "what was signed"
    );
    let apply = Event::Apply { request: id("g1"), by: person("mika") };
    assert_eq!(desk.happen(&apply), Err(Refusal::NotThisKind), "its leaf is one of the ledger");
    desk.happen(&begin(lost)).unwrap();
    assert_eq!((desk.state.epoch(), desk.word("r1"), desk.word("g1")), (2, "rolled_back", "closed"));
    assert!(desk.effects.contains(&Effect::EpochIs(2)));
    assert!(news(&desk).contains(&News::EpochBegun(3)));
    // Whoever knows no desks reads the ledger's lines of it, and its bytes are one thing.
    let bytes = desk.leaves.last().unwrap().bytes();
    assert_eq!(kagimori_ledger::Epoch::read(&bytes), Some(Ok(lost.epoch())));
    assert_eq!(crate::Leaf::parse(&bytes).as_ref(), Ok(desk.leaves.last().unwrap()));
    let json = bytes.split(|byte| *byte == b'{').next().unwrap().len();
    assert!(crate::Leaf::parse(&bytes[json..]).is_err(), "without them it is no leaf");
    let other = String::from_utf8(bytes).unwrap().replacen("epoch 2", "epoch 3", 1);
    assert!(crate::Leaf::parse(other.as_bytes()).is_err(), "and both say the same");
    assert_eq!(fold(&desk.leaves).unwrap().digest(), desk.state.digest());
    let again = crate::step(&desk.state, &begin(lost), &super::policy(), desk.now);
    assert_eq!(again.err(), Some(Refusal::Over("closed")));
}

#[test]
fn an_epoch_is_asked_for_as_it_can_follow() {
    let desk = Desk::ready();
    let right = rollback(&desk, 2);
    let more = |extent: Extent| Extent { size: extent.size + 1, ..extent };
    for wrong in [
        Rollback { number: 1, ..right },
        Rollback { kept: more(right.kept), seen: more(right.seen), ..right },
        Rollback { seen: Extent { size: 1, ..right.seen }, ..right },
        Rollback { seen: right.kept, ..right },
    ] {
        let draft = Draft {
            id: id("g1"),
            wish: Wish::Epoch { rollback: wrong },
            reason: "the disk died".to_owned(),
            ticket: None,
            window: Lasting::hours(1),
            follows: None,
        };
        let event = Event::Submit { by: person("mika"), from: None, through: None, draft };
        let refused = crate::step(&desk.state, &event, &super::policy(), desk.now);
        assert!(matches!(refused, Err(Refusal::NotThisEpoch(_))), "{wrong:?}");
    }
}

#[test]
fn another_key_signs_the_log() {
    let mut desk = Desk::ready();
    desk.submit("g1", "mika", Wish::LogKey { key: "desk+0123abcd+AAAA".to_owned() }, "1h");
    desk.approve("g1", "ren").unwrap();
    desk.approve("g1", "emi").unwrap();
    desk.happen(&Event::Apply { request: id("g1"), by: person("mika") }).unwrap();
    assert_eq!(desk.state.log_key(), Some("desk+0123abcd+AAAA"));
    assert!(desk.effects.iter().any(|effect| matches!(effect, Effect::SignWith { .. })));
    desk.happen(&Event::Review {
        request: id("g1"),
        by: person("kei"),
        from: None,
        proof: proof("kei"),
        evidence: Digest::of(b"seen"),
        finding: Finding::Concern { what: "nobody told me".to_owned() },
    })
    .unwrap();
    assert_eq!(news(&desk), [News::Concern]);
}

#[test]
fn a_program_files_for_people_and_approves_only_beside_them() {
    let program = "\n[people.flow]\nname = \"Workflow\"\nissuer = \"https://login.shiosai.example\"\nsubject = \"flow\"\nis = \"program\"\nkeys = [{ name = \"flow-1\", kind = \"ed25519\", public = \"flow-public\" }]\n\n[groups]\nflows = { members = [\"flow\"] }\n";
    let with = EXAMPLE.replace("\n[groups]\n", program);
    let needs = "approvals = [{ group = \"security\", count = 1 }, { group = \"managers\", count = 1 }]";
    let alone = with.replace(needs, "approvals = [{ group = \"flows\", count = 1 }]");
    let faults = Policy::from_toml(&alone).unwrap_err().0;
    assert!(faults.iter().any(|fault| fault.lint == "approvals-programs"), "{faults:?}");
    let beside = "approvals = [{ group = \"security\", count = 1 }, { group = \"managers\", count = 1 }, { group = \"flows\", count = 1 }]";
    let policy = Policy::from_toml(&with.replace(needs, beside)).unwrap();
    let mut desk = Desk::founded_with(&policy);
    let draft = Draft {
        id: id("c1"),
        wish: custody("practice", Ceremony::Enrol),
        reason: "for drills".to_owned(),
        ticket: Some("SHIO-12".to_owned()),
        window: Lasting::hours(1),
        follows: None,
    };
    let filed = |by: &str, through: &str| Event::Submit {
        by: person(by),
        from: None,
        through: Some(person(through)),
        draft: draft.clone(),
    };
    assert!(matches!(desk.happen(&filed("flow", "flow")), Err(Refusal::NotProgram(_))));
    assert!(matches!(desk.happen(&filed("aoi", "ren")), Err(Refusal::NotProgram(_))));
    desk.happen(&filed("aoi", "flow")).unwrap();
    for by in ["ren", "sora"] {
        desk.approve("c1", by).unwrap();
    }
    assert_eq!(desk.word("c1"), "pending");
    desk.approve("c1", "flow").unwrap();
    assert_eq!(desk.word("c1"), "approved");
}

#[test]
fn the_canonical_bytes_stay_as_they_are() {
    let mut desk = Desk::ready();
    desk.submit("r1", "aoi", root(Mode::Direct), "1h");
    let request = desk.state.request(&id("r1")).unwrap();
    let bytes = String::from_utf8(request.ask.canonical()).unwrap();
    let policy = super::policy().version();
    let expected = format!(
        "kagimori/request/1\n{{\"desk\":\"desk.shiosai.example\",\"id\":\"r1\",\"by\":\"aoi\",\
         \"issuer\":\"https://login.shiosai.example\",\"subject\":\"00u-aoi\",\"for\":{{\"kind\":\"root_code\",\
         \"account\":{{\"id\":\"111122223333\",\"name\":\"shiosai-main\"}},\"seed\":\"root-main\",\"mode\":\"direct\"}},\
         \"reason\":\"the billing console needs root\",\"window\":\"1h\",\"codes\":2,\"rule\":\"root\",\
         \"needs\":[{{\"group\":\"security\",\"count\":1}},{{\"group\":\"managers\",\"count\":1}}],\
         \"votes_last\":\"4h\",\"decide_before\":\"2026-12-01T13:01:00Z\",\"policy\":\"{policy}\",\"at\":\"2026-12-01T09:01:00Z\"}}"
    );
    assert_eq!(bytes, expected);
    let statement = crate::Statement::Approve { digest: request.digest };
    let signed = String::from_utf8(statement.bytes(&person("ren"))).unwrap();
    let digest = request.digest;
    assert_eq!(
        signed,
        format!("kagimori/statement/1\n{{\"by\":\"ren\",\"says\":\"approve\",\"digest\":\"{digest}\"}}")
    );
    let leaf = desk.leaves.last().unwrap();
    assert!(
        String::from_utf8(leaf.bytes())
            .unwrap()
            .starts_with("{\"rules\":1,\"at\":\"2026-12-01T09:01:00Z\",\"event\":{\"event\":\"submit\",")
    );
    assert_eq!(at("2026-12-01T09:01:00Z"), leaf.at);
    let spaced = [b" ", leaf.bytes().as_slice()].concat();
    assert!(crate::Leaf::parse(&spaced).is_err());
}
