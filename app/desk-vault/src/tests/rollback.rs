//! The desk's log comes back without its last entries, and a quorum begins another epoch of it.

use kagimori_custody::{Draft, Event, Extent, Lasting, Rollback, Wish};
use kagimori_ledger::epoch::Head;
use kagimori_sealing::protocol::{Answer, Call, Why};

use super::scene::{Folder, Scene, expected, id, person};

/// The log as it was before a code, with the code that was lost made and cosigned.
struct Lost {
    _folder: Folder,
    scene: Scene,
    kept: Extent,
    seen: Extent,
}

fn extent(scene: &Scene) -> Extent {
    let size = scene.tree.size();
    Extent::from(Head { size, root: scene.tree.root_at(size).unwrap() })
}

impl Lost {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let mut scene = Scene::with_seed(&folder.0, "T0");
        scene.request("r1").unwrap();
        scene.code("r1").unwrap();
        let (leaves, tree, state) = (scene.leaves.clone(), scene.tree.clone(), scene.state.clone());
        let kept = extent(&scene);
        scene.wait(31);
        scene.submit("lost", scene.wish());
        let leaf = scene.release("r1");
        let seen = extent(&scene);
        assert!(matches!(scene.code_of("r1", leaf), Answer::Code { .. }));
        (scene.leaves, scene.tree, scene.state) = (leaves, tree, state);
        scene.wait(31);
        scene.restart();
        Self { _folder: folder, scene, kept, seen }
    }

    fn rollback(&self) -> Rollback {
        Rollback { number: 2, kept: self.kept, seen: self.seen }
    }

    /// Asked for, approved, begun.
    fn settled(&mut self, rollback: Rollback) {
        let draft = Draft {
            id: id("e2"),
            wish: Wish::Epoch { rollback },
            reason: "the disk died".to_owned(),
            ticket: None,
            window: Lasting::minutes(30),
            follows: None,
        };
        self.scene.take(&Event::Submit { by: person("mika"), from: None, through: None, draft });
        for name in ["ren", "emi"] {
            self.scene.approve_with("e2", name, None);
        }
        self.scene.take(&Event::BeginEpoch { request: id("e2"), by: person("mika"), rollback });
    }

    fn code(&mut self, request: &str) -> Result<bool, Why> {
        self.scene.wait(31);
        self.scene.request(request).unwrap();
        self.scene.code(request).map(|(code, step)| code == expected(step))
    }
}

#[test]
fn codes_are_made_again_once_a_quorum_has_begun_another_epoch() {
    let mut lost = Lost::new("epoch");
    lost.settled(lost.rollback());
    assert_eq!(lost.code("r2"), Ok(true));
    // It stays so, though the file of before is on the disk no more.
    lost.scene.restart();
    assert_eq!(lost.code("r3"), Ok(true));
    // A checkpoint under the old name counts for nothing.
    lost.scene.wait(31);
    lost.scene.request("r4").unwrap();
    let leaf = lost.scene.release("r4");
    lost.scene.follow();
    let checkpoint = lost.scene.checkpoint_in(1);
    let answer = lost.scene.ask(Call::Code { request: id("r4"), leaf, checkpoint });
    assert!(matches!(&answer, Answer::Refused(refused) if refused.why == Why::Checkpoint), "{answer:?}");
}

#[test]
fn a_vault_that_is_started_before_its_first_code_of_the_epoch_knows_it_from_the_log() {
    let mut lost = Lost::new("epoch-restart");
    lost.settled(lost.rollback());
    lost.scene.follow();
    lost.scene.restart();
    assert_eq!(lost.code("r2"), Ok(true));
}

#[test]
fn what_was_under_way_has_to_be_asked_for_anew() {
    let mut lost = Lost::new("epoch-under-way");
    lost.settled(lost.rollback());
    lost.scene.wait(31);
    let leaf = lost.scene.release_anyhow("r1");
    assert!(matches!(lost.scene.follow(), Answer::Refused(_)));
    let checkpoint = lost.scene.checkpoint();
    assert!(matches!(lost.scene.ask(Call::Code { request: id("r1"), leaf, checkpoint }), Answer::Refused(_)));
}

#[test]
fn a_quorum_that_did_not_know_what_the_vault_has_seen_opens_nothing() {
    let mut lost = Lost::new("epoch-more");
    let less = Extent { size: lost.seen.size - 1, root: lost.seen.root };
    let rollback = Rollback { seen: less, ..lost.rollback() };
    lost.settled(rollback);
    assert_eq!(lost.code("r2"), Err(Why::Files));
    let mut lost = Lost::new("epoch-other");
    let other = Extent { root: kagimori_custody::Digest::of(b"another"), ..lost.seen };
    lost.settled(Rollback { seen: other, ..lost.rollback() });
    assert_eq!(lost.code("r2"), Err(Why::Files));
}

#[test]
fn an_epoch_after_other_entries_than_those_before_it_is_not_followed() {
    let mut lost = Lost::new("epoch-kept");
    let other = Extent { root: kagimori_custody::Digest::of(b"another"), ..lost.kept };
    lost.settled(Rollback { kept: other, ..lost.rollback() });
    assert!(matches!(lost.scene.follow(), Answer::Refused(refused) if refused.why == Why::Log));
}
