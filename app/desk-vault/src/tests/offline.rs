//! The day on which there is no desk.

use kagimori_sealing::boxed::HolderKey;
use zeroize::Zeroizing;

use super::scene::{Folder, Scene, expected, holder};
use crate::disk::Disk;
use crate::offline::{OfflineError, code};

fn file(scene: &Scene) -> Vec<u8> {
    scene.vault.disk().read(&format!("seeds/{}.1.json", scene.seed)).unwrap().unwrap()
}

#[test]
fn as_many_holders_as_approve_make_a_code_and_no_fewer() {
    let folder = Folder::new("offline");
    let scene = Scene::with_seed(&folder.0, "T2");
    let record = file(&scene);
    let mut disk = Disk::new(&folder.0.join("day")).unwrap();
    let mut made = |names: &[&str]| {
        let keys: Vec<HolderKey> = names.iter().map(|name| holder(name)).collect();
        code(&record, &keys, &mut disk, &scene.now)
            .map(|made| (made.code.expose().to_owned(), made.step, made.holders))
    };
    for few in [&[][..], &["ren"], &["ren", "ren"], &["ren", "hina"]] {
        assert!(matches!(made(few), Err(OfflineError::TooFew { needed: 2, .. })), "{few:?}");
    }
    let (digits, step, holders) = made(&["mika", "emi", "hina"]).unwrap();
    assert_eq!((digits, holders), (expected(step), vec!["emi".to_owned(), "mika".to_owned()]));
    assert!(matches!(made(&["mika", "emi"]), Err(OfflineError::Used(_))), "one code of a step, here as well");
    let stranger = HolderKey::from_bytes(Zeroizing::new([1; 32]));
    assert!(code(&record, &[stranger], &mut disk, &scene.now).is_err());
    assert!(matches!(code(b"{}", &[], &mut disk, &scene.now), Err(OfflineError::NoRecord)));
}

#[test]
fn a_seed_of_its_host_has_no_holders() {
    let folder = Folder::new("offline-t0");
    let scene = Scene::with_seed(&folder.0, "T0");
    let mut disk = Disk::new(&folder.0.join("day")).unwrap();
    let error = code(&file(&scene), &[holder("ren"), holder("sora")], &mut disk, &scene.now).err().unwrap();
    assert!(matches!(error, OfflineError::NoShares) && !error.hint().is_empty());
}
