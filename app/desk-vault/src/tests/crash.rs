//! The end of everything at every step on the disk, in five ways: afterwards a vault that is started again makes codes, and none of a step
//! of which one was made.

use std::collections::BTreeMap;

use kagimori_sealing::protocol::{Answer, Refused};

use super::scene::{Folder, SECRET, Scene, expected, id};
use crate::disk::{Trouble, What};

/// Which steps gave a code, over all lives of the vault.
type Codes = BTreeMap<u64, u32>;

fn count(codes: &mut Codes, answer: &Answer) {
    if let Answer::Code { step, .. } = answer {
        *codes.entry(*step).or_default() += 1;
    }
}

/// The whole story, as far as it comes.
fn story(scene: &mut Scene, codes: &mut Codes) -> Result<(), Refused> {
    let (fingerprint, last) = scene.ceremony("enrol-1", SECRET)?;
    codes.insert(last - 1, 1);
    codes.insert(last, 1);
    scene.settle("enrol-1", fingerprint, last);
    scene.request("r1")?;
    for _ in 0..2 {
        let leaf = scene.release("r1");
        let answer = scene.code_of("r1", leaf);
        count(codes, &answer);
        if let Answer::Refused(refused) = answer {
            return Err(refused);
        }
        scene.wait(31);
    }
    Ok(())
}

/// After the trouble: the code of the last release once more, then all that is still to be done, and a code.
fn goes_on(scene: &mut Scene, codes: &mut Codes, what: &str) {
    scene.follow();
    if let Some(release) = scene.state.request(&id("r1")).and_then(|request| request.releases.last().cloned())
    {
        for _ in 0..2 {
            let again = scene.code_of("r1", release.leaf);
            count(codes, &again);
        }
    }
    scene.wait(61);
    if !scene.state.seed(&scene.seed).is_some_and(|held| held.is_held) {
        let end = kagimori_custody::Event::Cancel { request: id("enrol-1"), by: super::scene::person("aoi") };
        scene.take(&end);
        let (fingerprint, last) =
            scene.ceremony("enrol-2", SECRET).unwrap_or_else(|refused| panic!("{what}: {refused:?}"));
        codes.insert(last - 1, codes.get(&(last - 1)).copied().unwrap_or_default() + 1);
        codes.insert(last, codes.get(&last).copied().unwrap_or_default() + 1);
        scene.settle("enrol-2", fingerprint, last);
    }
    scene.request("r9").unwrap_or_else(|refused| panic!("{what}: {refused:?}"));
    let (code, step) = scene.code("r9").unwrap_or_else(|why| panic!("{what}: {why:?}"));
    assert_eq!(code, expected(step), "{what}");
    *codes.entry(step).or_default() += 1;
    assert!(codes.values().all(|count| *count == 1), "{what}: a step gave two codes: {codes:?}");
}

/// All tiers when all are asked for (`KAGIMORI_CRASH=all`), and the one with most on its disk otherwise.
#[test]
fn no_step_is_used_twice_whatever_happens_at_whichever_step() {
    let all = std::env::var("KAGIMORI_CRASH").is_ok_and(|what| what == "all");
    let tiers = if all { ["T2", "T1", "T0"].as_slice() } else { &["T2"] };
    let points: u32 = tiers.iter().map(|tier| every_step(tier, all)).sum();
    assert!(!all || points >= 400, "{points}");
}

fn every_step(tier: &str, all: bool) -> u32 {
    let steps = {
        let folder = Folder::new(&format!("crash-{tier}-steps"));
        let mut scene = Scene::new(&folder.0, tier, None);
        let mut codes = Codes::new();
        story(&mut scene, &mut codes).unwrap();
        assert_eq!(codes.len(), 4);
        scene.vault.disk().steps()
    };
    assert!(steps > 25, "{steps}");
    let mut points = 0;
    for at in 0..steps {
        for (turn, what) in (0..).zip([What::Kill, What::KillAfter, What::Broken, What::Full, What::Torn]) {
            // A sixth of them, in turn, unless all are asked for.
            if !all && (at + turn) % 6 != 0 {
                continue;
            }
            let told = format!("{what:?} at step {at} of {steps}, {tier}");
            let folder = Folder::new(&format!("crash-{tier}-{at}-{what:?}"));
            let mut scene = Scene::new(&folder.0, tier, Some(Trouble { at, what }));
            let mut codes = Codes::new();
            let is_done = story(&mut scene, &mut codes).is_ok();
            points += 1;
            // A disk that failed once goes on in the same process; a process that was killed is started again.
            if !matches!(what, What::Broken | What::Full) || is_done {
                scene.restart();
            }
            eprintln!("{told}");
            goes_on(&mut scene, &mut codes, &told);
        }
    }
    points
}
