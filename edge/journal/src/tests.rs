//! What a journal keeps, refuses and notices.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use crate::store::Store;
use crate::{Append, Head, Held, Holder, Journal, JournalError, Outbox};

mod both;
#[cfg(feature = "postgres")]
mod server;
mod spot;

/// A journal's place in a folder of a test's own, which goes with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("kagimori-journal-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(Journal::path_in(&folder))
    }
}

impl Deref for Place {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl From<&Place> for crate::Place {
    fn from(place: &Place) -> Self {
        Self::File(place.0.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn holder(name: &str, host: &str) -> Holder {
    Holder { name: name.to_owned(), host: host.to_owned() }
}

fn take(path: &Path) -> Held {
    Held::take(path, holder("mika (kagimori apply)", "desk-1"), at(0)).unwrap()
}

fn append(held: &mut Held, entry: &[u8]) -> Result<Head, JournalError> {
    held.append(&Append { entry, ..Append::default() }, at(0))
}

fn written(name: &str, entries: &[&[u8]]) -> (Place, Held) {
    let path = Place::new(name);
    let mut held = take(&path);
    for entry in entries {
        append(&mut held, entry).unwrap();
    }
    (path, held)
}

fn damage(error: Result<crate::Verified, JournalError>) -> String {
    match error {
        Err(JournalError::Damaged { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

fn connection(held: &Held) -> &Connection {
    match &held.store {
        Store::File(file) => &file.connection,
        #[cfg(feature = "postgres")]
        Store::Server(_) => panic!("no file"),
    }
}

/// A child that another thread is just starting has all open files until it runs its program.
#[test]
fn who_let_go_holds_nothing_though_a_child_has_the_file_open() {
    let (path, held) = written("child", &[b"one"]);
    let of_the_child = held.lock.as_ref().unwrap().try_clone().unwrap();
    drop(held);
    assert_eq!(take(&path).head().unwrap().size, 1);
    drop(of_the_child);
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let (path, held) = written("private", &[b"one"]);
    let mut seen = 0;
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        seen += 1;
    }
    assert!(seen >= 3, "the journal, its lock and what SQLite keeps beside it");
    drop(held);
    fs::set_permissions(&*path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(take(&path));
    assert_eq!(fs::metadata(&*path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Whoever can write the file can write all of it anew: a head noted elsewhere tells.
#[test]
fn a_journal_written_anew_is_told_by_a_known_head() {
    let (path, held) = written("anew", &[b"one", b"two", b"three"]);
    let known = held.head().unwrap();
    drop(held);
    fs::remove_file(&*path).unwrap();
    let mut held = take(&path);
    append(&mut held, b"one").unwrap();
    let shorter = damage(held.verify(Some(known)));
    assert_eq!(shorter, "it had 3 entries, and has 1 now");
    append(&mut held, b"other").unwrap();
    append(&mut held, b"three").unwrap();
    assert!(held.verify(None).is_ok());
    assert_eq!(damage(held.verify(Some(known))), "its first 3 entries are not those of before");
}

/// Any byte of the file changed: either it is told, or what is read is what was written.
#[test]
fn no_flipped_byte_changes_what_is_read_unnoticed() {
    let (path, mut held) = written("flipped", &[b"one", b"two"]);
    held.append(&Append { entry: b"three", documents: &[b"old text"], messages: &[] }, at(0)).unwrap();
    let entries = held.entries().unwrap();
    drop(held);
    let bytes = fs::read(&*path).unwrap();
    let (mut told, mut same) = (0, 0);
    for place in (0..bytes.len()).step_by(37).chain(0..100) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x41;
        fs::write(&*path, &flipped).unwrap();
        let read = || {
            let journal = Journal::open(&path)?;
            journal.verify(None)?;
            journal.entries()
        };
        match read() {
            Ok(read) => {
                assert_eq!(read, entries, "byte {place}");
                same += 1;
            }
            Err(error) => {
                assert!(!error.hint().is_empty());
                told += 1;
            }
        }
    }
    assert!(told > 50 && same > 50, "{told} told, {same} the same");
}

#[test]
fn other_files_are_not_written_into() {
    let path = Place::new("others");
    fs::write(&*path, "a text of somebody's\n".repeat(100)).unwrap();
    assert!(matches!(Held::take(&path, holder("a", "b"), at(0)), Err(JournalError::NotOurs(_))));
    assert!(fs::read_to_string(&*path).unwrap().starts_with("a text of somebody's"));
    fs::remove_file(&*path).unwrap();
    Connection::open(&*path).unwrap().execute_batch("CREATE TABLE other (id)").unwrap();
    assert!(matches!(Held::take(&path, holder("a", "b"), at(0)), Err(JournalError::NotOurs(_))));
    assert!(matches!(Journal::open(&path), Err(JournalError::NotOurs(_))));
    fs::remove_file(&*path).unwrap();
    drop(take(&path));
    Connection::open(&*path).unwrap().execute_batch("PRAGMA user_version = 7").unwrap();
    assert!(matches!(Journal::open(&path), Err(JournalError::Newer { version: 7, ours: 1, .. })));
    fs::remove_file(&*path).unwrap();
    fs::create_dir(&*path).unwrap();
    assert!(matches!(Held::take(&path, holder("a", "b"), at(0)), Err(JournalError::NotOurs(_))));
    assert!(matches!(Journal::open(&path), Err(JournalError::NotOurs(_))));
}

/// SQLite's own way to a full disk: no page more.
#[test]
fn a_full_disk_leaves_the_journal_as_it_was() {
    let (path, mut held) = written("full", &[b"one"]);
    let before = held.head().unwrap();
    connection(&held).execute_batch("PRAGMA max_page_count = 1").unwrap();
    let large = vec![7; 60_000];
    let error = append(&mut held, &large).unwrap_err();
    assert!(matches!(&error, JournalError::Full(full) if **full == *path), "{error:?}");
    assert!(error.hint().contains("make room"));
    assert_eq!(held.verify(None).unwrap().head, before);
    connection(&held).execute_batch("PRAGMA max_page_count = 10000").unwrap();
    assert_eq!(append(&mut held, &large).unwrap().size, 2);
    assert!(matches!(append(&mut held, &vec![7; 65_536]), Err(JournalError::EntryTooLong(65_536))));
}

#[test]
fn what_cannot_be_written_is_told_with_the_systems_words() {
    let place = Place::new("missing");
    let path = place.with_file_name("gone").join("journal.db");
    let error = Held::take(&path, holder("a", "b"), at(0)).unwrap_err();
    assert!(matches!(&error, JournalError::Broken { why, .. } if why.contains("No such file")), "{error:?}");
    for (kind, is_read_only) in [
        (std::io::ErrorKind::PermissionDenied, true),
        (std::io::ErrorKind::ReadOnlyFilesystem, true),
        (std::io::ErrorKind::Other, false),
    ] {
        let error = JournalError::io(&path, &kind.into());
        assert_eq!(matches!(error, JournalError::ReadOnly { .. }), is_read_only, "{kind}");
    }
}

#[test]
fn an_outbox_is_of_a_journal_that_is_there_even_an_older_one() {
    let path = Place::new("outbox-none");
    assert!(matches!(Outbox::open(&path), Err(JournalError::NotThere(_))));
    assert!(!path.exists());
    drop(take(&path));
    Connection::open(&*path).unwrap().execute_batch("DROP TABLE closed").unwrap();
    assert_eq!(Journal::open(&path).unwrap().closed().unwrap(), []);
    Outbox::open(&path).unwrap().close("sre", "gone", at(1)).unwrap();
    assert_eq!(Journal::open(&path).unwrap().closed().unwrap().len(), 1);
}
