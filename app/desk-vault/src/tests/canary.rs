//! A seed that is known, and everything that the vault has ever said or written: it is nowhere, in twelve ways to write it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use kagimori_id::hex;

use super::scene::{Folder, SECRET, Scene};
use crate::disk::{Trouble, What};

const RAW: &[u8] = b"12345678901234567890";

/// Twelve ways: raw, hexadecimal in both cases, base32 in both and with groups, base64 in four, backwards, and as an address.
fn forms() -> Vec<Vec<u8>> {
    let hex = hex(RAW);
    let grouped = SECRET
        .as_bytes()
        .chunks(4)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect::<Vec<_>>()
        .join(" ");
    let mut backwards = RAW.to_vec();
    backwards.reverse();
    let text = [
        hex.clone(),
        hex.to_uppercase(),
        SECRET.to_owned(),
        SECRET.to_lowercase(),
        grouped,
        STANDARD.encode(RAW),
        STANDARD_NO_PAD.encode(RAW),
        URL_SAFE.encode(RAW),
        URL_SAFE_NO_PAD.encode(RAW),
        format!("secret={SECRET}"),
    ];
    let mut forms: Vec<Vec<u8>> = text.into_iter().map(String::into_bytes).collect();
    forms.extend([RAW.to_vec(), backwards]);
    forms
}

fn must_be_clean(bytes: &[u8], what: &str) {
    for form in forms() {
        let is_there = bytes.windows(form.len()).any(|window| window == form);
        assert!(!is_there, "{what} has the seed as {}", String::from_utf8_lossy(&form));
    }
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn the_search_finds_what_is_there() {
    assert_eq!(forms().len(), 12);
    for form in forms() {
        let hidden = [b"before ".as_slice(), &form, b" after"].concat();
        assert!(std::panic::catch_unwind(|| must_be_clean(&hidden, "a test")).is_err());
    }
}

#[test]
fn a_seed_is_in_nothing_that_the_vault_says_or_writes() {
    let secret = format!("otpauth://totp/root?secret={SECRET}");
    for tier in ["T0", "T2"] {
        // With and without a disk that fails on the way: what is left half written is looked at, too.
        for trouble in [None, Some(3), Some(8)] {
            let folder = Folder::new(&format!("canary-{tier}-{trouble:?}"));
            let mut scene = Scene::new(&folder.0, tier, trouble.map(|at| Trouble { at, what: What::Torn }));
            match scene.ceremony("enrol-1", &secret) {
                Err(refused) => must_be_clean(format!("{refused:?}").as_bytes(), "a refusal"),
                Ok((fingerprint, last)) => {
                    scene.settle("enrol-1", fingerprint, last);
                    scene.request("r1").unwrap();
                    drop(scene.code("r1"));
                }
            }
            // Secrets that are none are not said either.
            for wrong in [
                format!("{secret}&secret=x"),
                format!("{SECRET}1"),
                format!("otpauth://hotp/{SECRET}?secret={SECRET}"),
            ] {
                scene.restart();
                drop(scene.enrol("enrol-1", &wrong));
            }
            must_be_clean(scene.said.as_bytes(), "an answer");
            scene.leaves.iter().for_each(|leaf| must_be_clean(leaf, "a leaf"));
            let files = files(&folder.0);
            assert!(!files.is_empty());
            for path in files {
                must_be_clean(&std::fs::read(&path).unwrap(), &path.display().to_string());
            }
        }
    }
}
