//! The program over folders that a test has made: what it says, and its exit codes.

use std::fs;
use std::path::{Path, PathBuf};

use kagimori_ledger::tile::{Growing, bundle, bytes_of};
use kagimori_ledger::{Checkpoint, CosigningKey, Evidence, Hash, SigningKey, Tile, Tree};

use crate::args::{self, Command};
use crate::{Failure, log, one, run};

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed("log.example/desk", &[1; 32]).unwrap()
}

fn witness() -> CosigningKey {
    CosigningKey::from_seed("w.example", &[2; 32]).unwrap()
}

fn tree(count: u64) -> Tree {
    let mut tree = Tree::new();
    (0..count).for_each(|number| tree.append(Hash::leaf(entry(number).as_bytes())));
    tree
}

fn entry(number: u64) -> String {
    format!("entry {number}")
}

fn note(count: u64) -> String {
    let checkpoint = Checkpoint::new("log.example/desk", count, tree(count).root_at(count).unwrap()).unwrap();
    checkpoint.signed_by(&key()).unwrap().cosigned_by(&witness(), 1_700_000_000).unwrap().to_string()
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A log of so many entries, its trust policy, and an empty notebook.
fn published(name: &str, count: u64) -> Folder {
    let folder = std::env::temp_dir().join(format!("kagimori-log-verify-{}-{name}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    let mut growing = Growing::new();
    for number in 0..count {
        for (tile, hashes) in growing.append(Hash::leaf(entry(number).as_bytes())) {
            put(&folder.join("log").join(tile.to_string()), &bytes_of(&hashes));
        }
    }
    for (tile, hashes) in growing.partial() {
        put(&folder.join("log").join(tile.to_string()), &bytes_of(hashes));
    }
    let entries: Vec<String> = (0..count).map(entry).collect();
    for (index, chunk) in (0..).zip(entries.chunks(256)) {
        let tile = Tile::of_entries(index, count).unwrap();
        put(&folder.join("log").join(tile.to_string()), &bundle(chunk.iter().map(String::as_bytes)).unwrap());
    }
    put(&folder.join("log/checkpoint"), note(count).as_bytes());
    let trust = format!("log {}\nwitness w {}\nquorum w\n", key().public(), witness().public());
    put(&folder.join("trust"), trust.as_bytes());
    fs::create_dir_all(folder.join("notebook")).unwrap();
    Folder(folder)
}

fn asked(folder: &Path, line: &str) -> Result<(String, u8), Failure> {
    let words = line.split_whitespace().map(|word| word.replace("DIR", &folder.display().to_string()));
    match args::read(words).unwrap() {
        Command::Log(whole) => log(&whole),
        Command::Proof(proof) => one(&proof),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_right_log_is_clean_and_noted_and_a_shorter_one_is_rolled_back_then() {
    let folder = published("clean", 300);
    let line = "--log DIR/log --trust DIR/trust --notebook DIR/notebook";
    let (text, code) = asked(&folder.0, line).unwrap();
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("entries     300 of 300")
            && text.contains("nothing is wrong")
            && text.contains("w (unix 1700000000)")
    );
    assert_eq!(fs::read_dir(folder.0.join("notebook")).unwrap().count(), 1);
    assert!(asked(&folder.0, line).unwrap().0.contains("1 of 1 checkpoints fit"));
    // The desk is restored from last week's backup.
    let older = published("older", 200);
    fs::rename(folder.0.join("notebook"), older.0.join("kept")).unwrap();
    let (text, code) =
        asked(&older.0, "--log DIR/log --trust DIR/trust --notebook DIR/kept --format json").unwrap();
    assert_eq!(code, 1);
    assert!(text.contains("\"rolled-back\"") && text.contains("kagimori/log-verify/1"), "{text}");
}

#[test]
fn what_is_altered_missing_or_of_nobody_is_told_with_what_to_do() {
    let line = "--log DIR/log --trust DIR/trust";
    type Case = (&'static str, fn(&Path), &'static str);
    let cases: [Case; 6] = [
        ("bit", |log| flip(&log.join("tile/entries/000")), "rewritten"),
        ("cut", |log| fs::remove_file(log.join("tile/entries/001.p/44")).unwrap(), "truncated"),
        ("tile", |log| flip(&log.join("tile/0/000")), "the first that differs is entry 0"),
        ("gone", |log| fs::remove_file(log.join("tile/0/000")).unwrap(), "missing"),
        (
            "unsigned",
            |log| put(&log.join("checkpoint"), note(300).replace("log.example", "other.example").as_bytes()),
            "not believed",
        ),
        ("empty", |log| fs::remove_dir_all(log).unwrap(), "missing: `checkpoint`"),
    ];
    for (name, damage, said) in cases {
        let folder = published(name, 300);
        damage(&folder.0.join("log"));
        let (text, code) = asked(&folder.0, line).unwrap();
        assert_eq!(code, 1, "{name}: {text}");
        assert!(text.contains(said) && text.contains("next: "), "{name}: {text}");
    }
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.get_mut(5).unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_proof_is_checked_without_the_log() {
    let folder = published("proof", 30);
    let evidence =
        Evidence { extra: None, index: 7, hashes: tree(30).inclusion(7, 30).unwrap(), checkpoint: note(30) };
    put(&folder.0.join("7.tlog-proof"), evidence.to_string().as_bytes());
    put(&folder.0.join("entry"), entry(7).as_bytes());
    put(&folder.0.join("other"), entry(8).as_bytes());
    let (text, code) =
        asked(&folder.0, "--proof DIR/7.tlog-proof --entry DIR/entry --trust DIR/trust").unwrap();
    assert_eq!(code, 0);
    assert!(text.contains("entry 7 of `log.example/desk`"), "{text}");
    let (text, code) =
        asked(&folder.0, "--proof DIR/7.tlog-proof --entry DIR/other --trust DIR/trust --format json")
            .unwrap();
    assert_eq!(code, 1);
    assert!(text.contains("\"clean\": false"), "{text}");
}

#[test]
fn what_cannot_be_read_is_no_verdict() {
    let folder = published("failed", 3);
    put(&folder.0.join("trust"), b"log\n");
    assert!(asked(&folder.0, "--log DIR/log --trust DIR/trust").unwrap_err().0.contains("line 1"));
    assert!(asked(&folder.0, "--log DIR/log --trust DIR/none").is_err());
    // A folder in the place of a tile is not "no tile".
    let other = published("folder", 3);
    fs::remove_file(other.0.join("log/tile/entries/000.p/3")).unwrap();
    fs::create_dir(other.0.join("log/tile/entries/000.p/3")).unwrap();
    assert!(asked(&other.0, "--log DIR/log --trust DIR/trust").is_err());
    for line in [
        "--log a",
        "--log a --trust b --trust c",
        "--proof a --trust b",
        "--proof a --entry b --trust c --log d",
        "--log a --trust b --entry c",
        "--log a --trust b --format xml",
        "--what",
        "--log",
    ] {
        let error = run(line.split(' ').map(str::to_owned)).unwrap_err();
        assert!(!error.1.is_empty(), "{line}");
    }
}

#[test]
fn names_of_others_lead_no_terminal() {
    let folder = published("tame", 3);
    let odd = note(3).replace("w.example", "w\u{202e}.example");
    put(&folder.0.join("log/checkpoint"), odd.replace("log.example/desk", "log\u{202e}.example").as_bytes());
    let (text, code) = asked(&folder.0, "--log DIR/log --trust DIR/trust").unwrap();
    assert_eq!(code, 1);
    assert!(!text.contains('\u{202e}'), "{text}");
}
