//! The whole way, from a QR code to the second code of a request, in each tier.

use kagimori_custody::{Event, Kind};
use kagimori_sealing::protocol::{Answer, Call, VERSION, Why};

use super::scene::{Folder, SECRET, Scene, expected, id, person, seed_id};

fn standing(scene: &mut Scene) -> kagimori_sealing::protocol::Standing {
    match scene.ask(Call::Hello { version: VERSION }) {
        Answer::Hello(standing) => standing,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_seed_comes_in_and_two_codes_of_it_go_out_in_every_tier() {
    for tier in ["T0", "T1", "T2"] {
        let folder = Folder::new(&format!("story-{tier}"));
        let mut scene = Scene::with_seed(&folder.0, tier);
        let seeds = standing(&mut scene).seeds;
        assert_eq!((seeds.len(), seeds[0].generation), (1, 1), "{tier}");
        assert_eq!(seeds[0].holders.len(), if tier == "T0" { 0 } else { 4 });
        scene.request("r1").unwrap();
        let (first, step) = scene.code("r1").unwrap();
        assert_eq!(first, expected(step), "{tier}");
        scene.wait(31);
        let (second, later) = scene.code("r1").unwrap();
        assert_eq!(second, expected(later), "{tier}");
        assert!(later > step);
        assert!(standing(&mut scene).warnings.is_empty());
        // The request had two; it is over.
        assert!(scene.state.request(&id("r1")).unwrap().end.is_some());
        // Another one, after the machine was started again: tiers with shares ask for them again.
        scene.reboot();
        scene.request("r2").unwrap();
        assert_eq!(scene.code("r2").map(|(code, step)| code == expected(step)), Ok(true), "{tier}");
    }
}

#[test]
fn a_step_gives_one_code_whoever_asks_and_however_often() {
    let folder = Folder::new("once");
    let mut scene = Scene::with_seed(&folder.0, "T0");
    scene.request("r1").unwrap();
    let leaf = scene.release("r1");
    assert!(matches!(scene.code_of("r1", leaf), Answer::Code { .. }));
    for _ in 0..3 {
        let Answer::Refused(refused) = scene.code_of("r1", leaf) else { panic!() };
        assert_eq!(refused.why, Why::StepUsed);
        assert!(!refused.hint.is_empty());
    }
    // Not after a restart either, when nobody has written down that it was shown.
    scene.restart();
    let Answer::Refused(refused) = scene.code_of("r1", leaf) else { panic!() };
    assert_eq!(refused.why, Why::StepUsed);
}

#[test]
fn a_rotation_takes_the_place_and_a_retirement_leaves_nothing() {
    use kagimori_custody::{Ceremony, Exposure, Outcome, Wish};
    let folder = Folder::new("rotate");
    let mut scene = Scene::with_seed(&folder.0, "T0");
    scene.wait(30);
    let ceremony = |scene: &mut Scene, request: &str, ceremony: Ceremony| {
        scene.submit(request, Wish::Custody { seed: scene.seed.clone(), ceremony });
        scene.approve_with(request, "ren", None);
        scene.approve_with(request, "sora", None);
        scene.claim(request);
    };
    ceremony(&mut scene, "rotate-1", Ceremony::Rotate);
    assert_eq!(scene.enrol("rotate-1", SECRET).unwrap_err().why, Why::Seed, "the same seed again");
    let (fingerprint, last) = scene.enrol("rotate-1", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").unwrap();
    let outcome = Outcome::Held { fingerprint, last_step: last, exposure: Exposure::default() };
    scene.take(&Event::Settle { request: id("rotate-1"), by: person("hina"), outcome });
    scene.follow();
    let seeds = standing(&mut scene).seeds;
    assert_eq!(seeds.iter().map(|seed| seed.generation).collect::<Vec<_>>(), [2]);
    scene.request("r1").unwrap();
    let (code, step) = scene.code("r1").unwrap();
    assert_ne!(code, expected(step), "it is of the new seed");
    ceremony(&mut scene, "retire-1", Ceremony::Retire);
    scene.take(&Event::Settle { request: id("retire-1"), by: person("hina"), outcome: Outcome::Gone {} });
    scene.follow();
    assert!(standing(&mut scene).seeds.is_empty());
    scene.restart();
    scene.follow();
    let standing = standing(&mut scene);
    assert!(standing.seeds.is_empty() && standing.warnings.is_empty(), "{standing:?}");
    let aside = scene.vault.disk().list("aside").unwrap();
    // What was once in custody never comes again: who knows it by now, nobody can say.
    scene.seed = seed_id("root-main");
    ceremony(&mut scene, "enrol-9", Ceremony::Enrol);
    assert_eq!(scene.enrol("enrol-9", SECRET).unwrap_err().why, Why::Seed);
    assert_eq!(aside, ["practice.1.json", "practice.2.json"], "sealed, and not used");
}

#[test]
fn a_ceremony_that_ends_otherwise_is_put_aside() {
    let folder = Folder::new("abandon");
    let mut scene = Scene::new(&folder.0, "T2", None);
    scene.ceremony("enrol-1", SECRET).unwrap();
    assert_eq!(scene.vault.disk().list("prepared").unwrap(), ["enrol-1.json"]);
    scene.take(&Event::Kill {
        request: id("enrol-1"),
        by: person("kei"),
        reason: "the wrong account".to_owned(),
    });
    scene.follow();
    assert!(scene.vault.disk().list("prepared").unwrap().is_empty());
    let Answer::Refused(refused) = scene.ask(Call::EnrolCode { request: id("enrol-1") }) else { panic!() };
    assert_eq!(refused.why, Why::Refused);
    assert_eq!(scene.state.request(&id("enrol-1")).unwrap().ask.kind(), Kind::Custody);
    // The same device is enrolled after all.
    let (fingerprint, last) = scene.ceremony("enrol-2", SECRET).unwrap();
    scene.settle("enrol-2", fingerprint, last);
    assert_eq!(standing(&mut scene).seeds.len(), 1);
}

#[test]
fn a_pin_hangs_on_the_request_and_the_third_wrong_one_is_the_last() {
    let folder = Folder::new("pin");
    let mut scene = Scene::with_seed(&folder.0, "T0");
    scene.request("r1").unwrap();
    let word = |scene: &mut Scene| scene.ask(Call::Word { request: id("r1") });
    assert_eq!(word(&mut scene), word(&mut scene));
    for _ in 0..3 {
        assert!(matches!(
            scene.ask(Call::Mac { request: id("r1"), typed: "1".to_owned() }),
            Answer::Mac { .. }
        ));
    }
    let Answer::Pin { pin } = scene.ask(Call::Pin { request: id("r1") }) else { panic!() };
    let Answer::Refused(refused) = scene.ask(Call::Mac { request: id("r1"), typed: pin }) else { panic!() };
    assert_eq!(refused.why, Why::Pin);
    let Answer::Refused(refused) = scene.ask(Call::Pin { request: id("r9") }) else { panic!() };
    assert_eq!(refused.why, Why::Refused);
}

#[test]
fn after_a_restart_a_pin_is_made_anew_under_a_later_epoch() {
    let folder = Folder::new("epoch");
    let mut scene = Scene::with_seed(&folder.0, "T0");
    scene.request("r1").unwrap();
    // The clock went back meanwhile, and the vault is started again.
    scene.now.boot.push('x');
    scene.restart();
    scene.follow();
    scene.pin("r1").unwrap();
    assert_eq!(scene.code("r1").map(|(code, step)| code == expected(step)), Ok(true));
}

/// Both walls hold for one thread of this process, and the whole way goes on behind them: files are written, moved and synced.
#[test]
fn behind_its_walls_everything_still_works() {
    for tier in ["T0", "T2"] {
        let folder = Folder::new(&format!("walls-{tier}"));
        let path = folder.0.clone();
        let behind = std::thread::spawn(move || {
            let walls = [crate::walls::files(&path), crate::walls::calls()];
            // Where the kernel has them, they are there.
            let is_up = walls.iter().all(Result::is_ok);
            assert!(!is_up || std::fs::read("/proc/self/status").is_err());
            assert!(!is_up || std::net::UdpSocket::bind("127.0.0.1:0").is_err());
            let mut scene = Scene::with_seed(&path, tier);
            scene.request("r1").unwrap();
            let (code, step) = scene.code("r1").unwrap();
            assert_eq!(code, expected(step));
            scene.wait(31);
            scene.restart();
            scene.follow();
            assert!(standing(&mut scene).warnings.is_empty());
        });
        behind.join().unwrap();
    }
}
