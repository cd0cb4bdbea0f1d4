//! What a desk in other hands could try.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{Event, Leaf, Statement, Viewer};
use kagimori_sealing::protocol::{Answer, Call, FOR_SHARE, Why, about_share};
use ring::rand::SystemRandom;

use super::scene::{Folder, Scene, expected, id, page, person, policy, witness};
use crate::disk::Disk;
use crate::moment::Moment;
use crate::used::{Used, UsedError};

fn refused(answer: Answer) -> Why {
    match answer {
        Answer::Refused(refused) => {
            assert!(!refused.message.is_empty() && !refused.hint.is_empty());
            refused.why
        }
        other => panic!("{other:?}"),
    }
}

fn ready(name: &str, tier: &str) -> (Folder, Scene) {
    let folder = Folder::new(name);
    let mut scene = Scene::with_seed(&folder.0, tier);
    scene.request("r1").unwrap();
    (folder, scene)
}

#[test]
fn a_checkpoint_that_no_witness_has_seen_gives_no_code() {
    let (_folder, mut scene) = ready("no-witness", "T0");
    let leaf = scene.release("r1");
    scene.follow();
    let asked = |scene: &mut Scene, checkpoint: String| {
        refused(scene.ask(Call::Code { request: id("r1"), leaf, checkpoint }))
    };
    let strange = scene.checkpoint_by(&witness(3));
    assert_eq!(asked(&mut scene, strange), Why::Checkpoint, "a witness that the policy does not name");
    let right = scene.checkpoint();
    let unsigned: String = right.lines().take(5).map(|line| format!("{line}\n")).collect();
    assert_eq!(asked(&mut scene, unsigned), Why::Checkpoint, "the log alone");
    assert_eq!(asked(&mut scene, right.replace('\n', "\r\n")), Why::Checkpoint);
    assert_eq!(asked(&mut scene, String::new()), Why::Checkpoint);
    assert!(matches!(
        scene.ask(Call::Code { request: id("r1"), leaf, checkpoint: right }),
        Answer::Code { .. }
    ));
}

#[test]
fn a_checkpoint_before_the_release_gives_no_code() {
    let (_folder, mut scene) = ready("before", "T0");
    scene.follow();
    let before = scene.checkpoint();
    let leaf = scene.release("r1");
    scene.follow();
    assert_eq!(
        refused(scene.ask(Call::Code { request: id("r1"), leaf, checkpoint: before })),
        Why::Checkpoint
    );
}

/// The vault is shown a log without the denial that the witness has seen.
#[test]
fn a_denial_that_the_vault_was_not_shown_is_noticed() {
    let (_folder, mut scene) = ready("hidden", "T0");
    let leaf = scene.release("r1");
    scene.follow();
    scene.take(&Event::Deny { request: id("r1"), by: person("ren"), reason: "I am not sure".to_owned() });
    let checkpoint = scene.checkpoint();
    assert_eq!(
        refused(scene.ask(Call::Code { request: id("r1"), leaf, checkpoint: checkpoint.clone() })),
        Why::Checkpoint,
        "it has not followed so far"
    );
    scene.follow();
    assert_eq!(
        refused(scene.ask(Call::Code { request: id("r1"), leaf, checkpoint })),
        Why::Refused,
        "and then it knows"
    );
}

/// The vault is shown another leaf in the place of the denial: as many entries, and another root than the witness has seen.
#[test]
fn a_leaf_in_the_place_of_a_denial_is_noticed() {
    let (_folder, mut scene) = ready("instead", "T0");
    let leaf = scene.release("r1");
    scene.follow();
    let (leaves, tree, state) = (scene.leaves.clone(), scene.tree.clone(), scene.state.clone());
    let viewer = Viewer(page("aoi").public().into());
    scene.take(&Event::Ready { request: id("r1"), by: person("aoi"), viewer });
    assert!(matches!(scene.follow(), Answer::Followed { .. }));
    (scene.leaves, scene.tree, scene.state) = (leaves, tree, state);
    scene.take(&Event::Deny { request: id("r1"), by: person("ren"), reason: "I am not sure".to_owned() });
    let checkpoint = scene.checkpoint();
    assert_eq!(refused(scene.ask(Call::Code { request: id("r1"), leaf, checkpoint })), Why::Checkpoint);
}

/// Within one start of the machine no more steps pass than it was up for, also when the vault was started again in between.
#[test]
fn a_clock_that_went_further_than_the_machine_was_up_uses_no_step() {
    let folder = Folder::new("too-far");
    let mut disk = Disk::new(&folder.0).unwrap();
    let seed = super::scene::seed_id("root-main");
    let at = |boot: &str, up_seconds: u64| Moment { boot: boot.to_owned(), up_seconds, unix_seconds: 0 };
    let mut used = Used::open(&disk, &[1; 32]).unwrap();
    used.spend(&mut disk, &seed, 100, 30, &at("a", 1000)).unwrap();
    let mut used = Used::open(&disk, &[1; 32]).unwrap();
    assert!(matches!(used.spend(&mut disk, &seed, 104, 30, &at("a", 1060)), Err(UsedError::TooFar)));
    assert!(used.spend(&mut disk, &seed, 103, 30, &at("a", 1060)).is_ok());
    assert!(used.spend(&mut disk, &seed, 900, 30, &at("b", 5)).is_ok(), "of another start nobody knows");
    assert!(matches!(
        used.spend(&mut disk, &seed, 900, 30, &at("b", 60)),
        Err(UsedError::Used { last: 900 })
    ));
}

#[test]
fn a_kill_or_a_seal_after_the_release_wins() {
    let after = [
        Event::Kill { request: id("r1"), by: person("kei"), reason: "stop".to_owned() },
        Event::Cancel { request: id("r1"), by: person("aoi") },
        Event::Seal { by: person("kei"), reason: "something is wrong".to_owned() },
    ];
    for event in after {
        let (_folder, mut scene) = ready("after", "T0");
        let leaf = scene.release("r1");
        scene.take(&event);
        assert_eq!(refused(scene.code_of("r1", leaf)), Why::Refused, "{event:?}");
    }
}

/// A desk in other hands writes what it likes into the log, and the witness cosigns it: signatures it cannot make.
#[test]
fn approvals_and_claims_that_nobody_signed_stop_the_vault() {
    let folder = Folder::new("forged");
    let mut scene = Scene::with_seed(&folder.0, "T0");
    let wish = scene.wish();
    scene.submit("r1", wish);
    scene.follow();
    let genuine = scene.proof("ren", "r1", |digest| Statement::Approve { digest });
    let instead = scene.proof("ren", "r1", |digest| Statement::Claim { digest });
    let mut of_another = scene.proof("mika", "r1", |digest| Statement::Approve { digest });
    of_another.key = genuine.key.clone();
    let mut cut = genuine.clone();
    cut.bytes.truncate(8);
    for proof in [instead, of_another, cut] {
        let event = Event::Approve { request: id("r1"), by: person("ren"), from: None, proof, share: None };
        let leaf = Leaf::new(event, jiff::Timestamp::from_second(scene.now.unix_seconds).unwrap()).bytes();
        let from = scene.leaves.len() as u64;
        assert_eq!(refused(scene.ask(Call::Follow { from, leaves: vec![STANDARD.encode(leaf)] })), Why::Log);
    }
    scene.approve("r1", "ren").unwrap();
    assert!(matches!(scene.follow(), Answer::Followed { .. }), "the genuine one is taken");
}

/// A passkey signs for one desk: what was signed on another page is not of this one.
#[test]
fn a_passkey_counts_for_this_desk_and_this_request_alone() {
    let folder = Folder::new("passkey");
    let mut scene = Scene::with_seed(&folder.0, "T0");
    let wish = scene.wish();
    scene.submit("r1", wish.clone());
    scene.submit("r2", wish);
    scene.follow();
    let says =
        |request: &str| Statement::Approve { digest: scene.state.request(&id(request)).unwrap().digest };
    let mut elsewhere = scene.settings.party.clone();
    elsewhere.origin = "https://desk.shiosai.example.evil.example".to_owned();
    let mut other_id = scene.settings.party.clone();
    other_id.id = "evil.example".to_owned();
    let wrong = [
        scene.proof_by_passkey(&elsewhere, "mika", &says("r1")),
        scene.proof_by_passkey(&other_id, "mika", &says("r1")),
        scene.proof_by_passkey(&scene.settings.party, "mika", &says("r2")),
        scene.proof_by_passkey(&scene.settings.party, "ren", &says("r1")),
    ];
    for mut proof in wrong {
        proof.key = kagimori_custody::KeyName::parse("mika-1").unwrap();
        let event = Event::Approve { request: id("r1"), by: person("mika"), from: None, proof, share: None };
        let leaf = Leaf::new(event, jiff::Timestamp::from_second(scene.now.unix_seconds).unwrap()).bytes();
        let from = scene.leaves.len() as u64;
        assert_eq!(refused(scene.ask(Call::Follow { from, leaves: vec![STANDARD.encode(leaf)] })), Why::Log);
    }
    scene.approve("r1", "mika").unwrap();
    scene.approve("r1", "emi").unwrap();
    scene.claimed("r1").unwrap();
    assert_eq!(scene.code("r1").map(|(code, step)| code == expected(step)), Ok(true));
}

#[test]
fn leaves_that_are_none_or_not_the_next_are_refused() {
    let (_folder, mut scene) = ready("leaves", "T0");
    scene.follow();
    let from = scene.leaves.len() as u64;
    for leaf in [
        "?".to_owned(),
        STANDARD.encode("{}"),
        STANDARD.encode(&scene.leaves[0]),
        STANDARD.encode("kagimori.dev/epoch@v1\n"),
    ] {
        assert_eq!(refused(scene.ask(Call::Follow { from, leaves: vec![leaf] })), Why::Log);
    }
    assert_eq!(refused(scene.ask(Call::Follow { from: from + 1, leaves: vec![] })), Why::Log);
    let known = STANDARD.encode(&scene.leaves[0]);
    let size = scene.leaves.len() as u64;
    let Answer::Followed { size: after, .. } = scene.ask(Call::Follow { from: 0, leaves: vec![known] })
    else {
        panic!()
    };
    assert_eq!(after, size, "what was followed is not followed twice");
}

#[test]
fn another_founding_policy_is_another_desk() {
    let folder = Folder::new("founding");
    let mut scene = Scene::new(&folder.0, "T0", None);
    scene.settings.founding = Some(policy("T0").version());
    scene.restart();
    assert!(matches!(scene.follow(), Answer::Followed { .. }));
    scene.settings.founding = Some(policy("T1").version());
    scene.restart();
    assert_eq!(refused(scene.follow()), Why::Log);
}

#[test]
fn the_clock_must_be_right() {
    let (_folder, mut scene) = ready("clock", "T0");
    // Released now, asked for in the next step.
    let leaf = scene.release("r1");
    scene.wait(30);
    assert_eq!(refused(scene.code_of("r1", leaf)), Why::Clock);
    // The wall clock is set forward, by hand or by NTP, and the desk's with it: the machine was not up for so long.
    scene.now.unix_seconds += 300;
    let leaf = scene.release_anyhow("r1");
    assert_eq!(refused(scene.code_of("r1", leaf)), Why::Clock);
}

#[test]
fn a_release_of_another_start_of_the_machine_is_none_of_this_one() {
    let (_folder, mut scene) = ready("boot", "T0");
    let leaf = scene.release("r1");
    scene.now.boot.push('x');
    scene.restart();
    assert_eq!(refused(scene.code_of("r1", leaf)), Why::Clock);
}

#[test]
fn shares_open_for_their_request_their_person_and_their_approval_alone() {
    let folder = Folder::new("shares");
    let mut scene = Scene::with_seed(&folder.0, "T2");
    let wish = scene.wish();
    scene.submit("r1", wish);
    let holders = scene.holders("r1").unwrap();
    assert_eq!(holders.len(), 4);
    assert_eq!(scene.holders("r1"), Ok(holders.clone()), "the same keys until they are used");
    let ren = holders.iter().find(|holder| holder.person == person("ren")).unwrap();
    let digest = scene.state.request(&id("r1")).unwrap().digest;
    // Sealed for somebody else.
    let about = about_share(&digest, &person("sora"));
    let sealed = ren.key.seal(FOR_SHARE, &about, b"share", &SystemRandom::new()).unwrap();
    let share = Call::Share { request: id("r1"), person: person("ren"), sealed };
    assert_eq!(refused(scene.ask(share.clone())), Why::Shares);
    assert_eq!(refused(scene.ask(share)), Why::Shares, "its key is gone");
    // One share of two; the other approval came without one.
    scene.approve("r1", "ren").unwrap();
    scene.approve_with("r1", "sora", Some(kagimori_custody::Digest::of(b"never given")));
    scene.claimed("r1").unwrap();
    assert_eq!(scene.code("r1").unwrap_err(), Why::Shares);
    // The digest in the log is of another share.
    scene.wait(31);
    let wish = scene.wish();
    scene.submit("r2", wish);
    scene.approve("r2", "ren").unwrap();
    scene.give_share("r2", "sora").unwrap().unwrap();
    scene.approve_with("r2", "sora", Some(kagimori_custody::Digest::of(b"another")));
    scene.claimed("r2").unwrap();
    assert_eq!(scene.code("r2").unwrap_err(), Why::Shares);
}

/// Tier T1 stays open for a quarter of an hour of this machine's own clock; T2 does not, and a restart closes both.
#[test]
fn a_window_is_a_window() {
    for (tier, restart, expected_why) in
        [("T1", false, None), ("T2", false, Some(Why::Shares)), ("T1", true, Some(Why::Shares))]
    {
        let folder = Folder::new(&format!("window-{tier}-{restart}"));
        let mut scene = Scene::with_seed(&folder.0, tier);
        scene.request("r1").unwrap();
        scene.code("r1").unwrap();
        scene.wait(31);
        if restart {
            scene.restart();
        }
        let wish = scene.wish();
        scene.submit("r2", wish);
        for name in ["ren", "sora"] {
            scene.approve_with("r2", name, Some(kagimori_custody::Digest::of(b"never given")));
        }
        scene.claimed("r2").unwrap();
        assert_eq!(scene.code("r2").err(), expected_why, "{tier} {restart}");
        if expected_why.is_none() {
            scene.wait(900);
            assert_eq!(scene.code("r2").err(), Some(Why::Shares), "it is over");
        }
    }
}

#[test]
fn files_that_are_older_than_the_log_make_no_code_until_somebody_has_looked() {
    let (folder, mut scene) = ready("older", "T0");
    let used = folder.0.join("vault/used");
    let before = std::fs::read(&used).unwrap();
    scene.code("r1").unwrap();
    scene.wait(31);
    let shown = scene.code("r1").unwrap();
    assert_eq!(shown.0, expected(shown.1));
    // A backup comes back.
    std::fs::write(&used, before).unwrap();
    scene.wait(31);
    scene.restart();
    scene.request("r2").unwrap();
    assert_eq!(scene.code("r2").unwrap_err(), Why::Files);
    scene.settings.after_restore = true;
    scene.restart();
    scene.wait(31);
    scene.follow();
    scene.request("r3").unwrap();
    assert_eq!(scene.code("r3").map(|(code, step)| code == expected(step)), Ok(true));
    scene.settings.after_restore = false;
    scene.wait(31);
    scene.restart();
    scene.request("r4").unwrap();
    assert_eq!(
        scene.code("r4").map(|(code, step)| code == expected(step)),
        Ok(true),
        "what it learnt it keeps"
    );
}

#[test]
fn a_log_that_is_older_than_what_was_seen_makes_no_code() {
    let (_folder, mut scene) = ready("rolled-back", "T0");
    scene.code("r1").unwrap();
    let (leaves, tree, state) = (scene.leaves.clone(), scene.tree.clone(), scene.state.clone());
    scene.wait(31);
    scene.code("r1").unwrap();
    // The desk is restored without its last entries.
    (scene.leaves, scene.tree, scene.state) = (leaves, tree, state);
    scene.wait(31);
    scene.restart();
    let leaf = scene.release("r1");
    let why = refused(scene.code_of("r1", leaf));
    assert!(matches!(why, Why::Log | Why::Files), "{why:?}");
    // And grown again to the same size.
    scene.wait(31);
    scene.request("r2").unwrap();
    assert_eq!(scene.code("r2").unwrap_err(), Why::Files);
}

#[test]
fn a_file_of_used_steps_that_was_altered_is_noticed() {
    let (folder, mut scene) = ready("used-altered", "T0");
    scene.code("r1").unwrap();
    let used = folder.0.join("vault/used");
    let text = std::fs::read_to_string(&used).unwrap();
    assert!(text.lines().count() >= 3);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let swapped = [lines[1], lines[0], lines[2]].concat();
    let without = [lines[0], lines[2]].concat();
    let other = text.replacen(" 1000 ", " 1001 ", 1);
    for (what, altered) in [("swapped", swapped), ("without", without), ("other", other)] {
        assert_ne!(altered, text, "{what}");
        std::fs::write(&used, altered).unwrap();
        let disk = crate::disk::Disk::new(&folder.0.join("vault")).unwrap();
        let started = crate::vault::Vault::start(
            disk,
            scene.settings.clone(),
            crate::vault::HostKey::new(&[9; 32]),
            &scene.now,
            &SystemRandom::new(),
        );
        // The first line that does not fit is the last, or it is damage.
        match started {
            Err(_) => {}
            Ok(vault) => {
                scene.vault = vault;
                assert_eq!(what, "without", "only a line that looks half written is passed over");
            }
        }
    }
}
