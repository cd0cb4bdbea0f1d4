//! What a journal keeps, refuses and notices.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kagimori_ledger::{Hash, Tree};
use rusqlite::Connection;

use crate::{Append, Head, Held, Holder, Journal, JournalError, LEASE_SECONDS, Message, Outbox};

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

/// What somebody with the file and SQLite's own tool does.
fn by_hand(path: &Path, statements: &str) {
    let statements = format!(
        "DROP TRIGGER IF EXISTS leaf_stays; DROP TRIGGER IF EXISTS leaf_remains; DROP TRIGGER IF EXISTS head_stays; \
         DROP TRIGGER IF EXISTS head_remains; DROP TRIGGER IF EXISTS document_stays; {statements}"
    );
    Connection::open(path).unwrap().execute_batch(&statements).unwrap();
}

/// A child that another thread is just starting has all open files until it runs its program.
#[test]
fn who_let_go_holds_nothing_though_a_child_has_the_file_open() {
    let (path, held) = written("child", &[b"one"]);
    let of_the_child = held.lock.try_clone().unwrap();
    drop(held);
    assert_eq!(take(&path).head().unwrap().size, 1);
    drop(of_the_child);
}

#[test]
fn entries_are_the_leaves_of_a_log() {
    let (path, mut held) = written("leaves", &[]);
    let mut tree = Tree::new();
    for number in 0..20_u8 {
        let head = append(&mut held, &[number; 3]).unwrap();
        tree.append(Hash::leaf(&[number; 3]));
        assert_eq!(head.root, tree.root_at(head.size).unwrap());
    }
    drop(held);
    let mut held = take(&path);
    let head = append(&mut held, b"after a pause").unwrap();
    tree.append(Hash::leaf(b"after a pause"));
    assert_eq!(head, Head { size: 21, root: tree.root_at(21).unwrap() });
    let reader = Journal::open(&path).unwrap();
    assert_eq!(reader.head().unwrap(), head);
    assert_eq!(reader.verify(None).unwrap().head, head);
    let entries = reader.entries().unwrap();
    assert_eq!(entries.len(), 21);
    assert_eq!((entries[3].index, entries[3].bytes.as_slice()), (3, [3_u8; 3].as_slice()));
    for size in 0..=21 {
        let known = Head { size, root: tree.root_at(size).unwrap() };
        assert_eq!(reader.verify(Some(known)).unwrap().head, head);
    }
}

#[test]
fn an_empty_journal_is_a_log_of_nothing() {
    let (path, held) = written("empty", &[]);
    drop(held);
    let reader = Journal::open(&path).unwrap();
    let nothing = Head { size: 0, root: Hash::empty() };
    assert_eq!(reader.head().unwrap(), nothing);
    assert_eq!(reader.verify(Some(nothing)).unwrap().head, nothing);
    let elsewhere = Path::new("/nowhere/journal.db");
    assert!(matches!(Journal::open(elsewhere), Err(JournalError::NotThere(path)) if path == elsewhere));
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

#[test]
fn one_process_writes_and_the_other_is_told_who() {
    let (path, held) = written("busy", &[b"one"]);
    let second = || Held::take(&path, holder("ken (kagimori undo)", "desk-1"), at(1));
    let Err(error) = second() else { panic!("two writers") };
    assert_eq!(
        error.to_string(),
        "the journal is held by mika (kagimori apply) on desk-1, until 2027-01-15T08:05:00Z at the latest"
    );
    assert!(Journal::open(&path).unwrap().verify(None).is_ok(), "readers read meanwhile");
    drop(held);
    append(&mut second().unwrap(), b"two").unwrap();
}

/// The lock of a process that died is gone with it; of another host's processes only the lease tells.
#[test]
fn a_lease_ends_with_the_process_here_and_by_the_clock_elsewhere() {
    let (path, held) = written("lease", &[b"one"]);
    drop(held);
    let left = |host: &str| {
        let row = format!(
            "INSERT OR REPLACE INTO lease VALUES (0, 'mika', '{host}', {})",
            at(LEASE_SECONDS).as_second()
        );
        Connection::open(&*path).unwrap().execute_batch(&row).unwrap();
    };
    left("desk-1");
    drop(take(&path));
    left("desk-2");
    let taken = Held::take(&path, holder("ken", "desk-1"), at(LEASE_SECONDS - 1));
    assert!(matches!(taken, Err(JournalError::Busy { holder, .. }) if holder == "mika on desk-2"));
    let mut ours = Held::take(&path, holder("ken", "desk-1"), at(LEASE_SECONDS)).unwrap();
    left("desk-2");
    let lost = append(&mut ours, b"two");
    assert!(matches!(lost, Err(JournalError::Lost { holder }) if holder == "mika on desk-2"));
    assert_eq!(ours.head().unwrap().size, 1, "nothing was written");
}

#[test]
fn what_is_changed_by_hand_is_noticed() {
    let cases: [(&str, &str, &str); 8] = [
        (
            "an entry",
            "UPDATE leaf SET entry = x'00' WHERE idx = 1",
            "its entry 1 is not the one that was written",
        ),
        (
            "entries swapped",
            "UPDATE leaf SET idx = 9 WHERE idx = 1; UPDATE leaf SET idx = 1 WHERE idx = 2; UPDATE leaf SET idx = 2 WHERE idx = 9",
            "its entry 1 is not the one that was written",
        ),
        ("an entry gone", "DELETE FROM leaf WHERE idx = 1", "its entry 1 is missing"),
        ("the last entry gone", "DELETE FROM leaf WHERE idx = 3", "its last entries are missing"),
        ("a head gone", "DELETE FROM head WHERE size = 2", "its entry 1 is not the one that was written"),
        (
            "a head",
            "UPDATE head SET root = zeroblob(32) WHERE size = 3",
            "its entry 2 is not the one that was written",
        ),
        (
            "the edge",
            "UPDATE edge SET subtrees = zeroblob(32)",
            "the edge of its tree is not that of its entries",
        ),
        ("a document", "UPDATE document SET bytes = x'00'", "a document is not the one that was written"),
    ];
    for (name, statements, expected) in cases {
        let (path, mut held) = written("by-hand", &[b"one", b"two", b"three"]);
        held.append(&Append { entry: b"four", documents: &[b"old text"], messages: &[] }, at(0)).unwrap();
        drop(held);
        by_hand(&path, statements);
        assert_eq!(damage(Journal::open(&path).unwrap().verify(None)), expected, "{name}");
    }
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

#[test]
fn entries_cannot_be_changed_with_the_triggers_there() {
    let (path, held) = written("triggers", &[b"one"]);
    drop(held);
    let connection = Connection::open(&*path).unwrap();
    for statement in [
        "UPDATE leaf SET entry = x'00'",
        "DELETE FROM leaf",
        "UPDATE head SET root = x'00'",
        "DELETE FROM head",
    ] {
        assert!(connection.execute_batch(statement).is_err(), "{statement}");
    }
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
    held.connection.execute_batch("PRAGMA max_page_count = 1").unwrap();
    let large = vec![7; 60_000];
    let error = append(&mut held, &large).unwrap_err();
    assert!(matches!(&error, JournalError::Full(full) if **full == *path), "{error:?}");
    assert!(error.hint().contains("make room"));
    assert_eq!(held.verify(None).unwrap().head, before);
    held.connection.execute_batch("PRAGMA max_page_count = 10000").unwrap();
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

fn outbox(name: &str) -> (Place, Held, Outbox) {
    let (path, mut held) = written(name, &[b"one"]);
    let messages = [Message { channel: "sre", body: "{\"a\":1}" }, Message { channel: "owner", body: "{}" }];
    held.append(&Append { entry: b"two", documents: &[], messages: &messages }, at(5)).unwrap();
    let outbox = Outbox::open(&path).unwrap();
    (path, held, outbox)
}

#[test]
fn messages_wait_until_they_are_taken() {
    let (path, held, mut outbox) = outbox("outbox");
    assert_eq!(outbox.due(at(4)).unwrap(), []);
    let due = outbox.due(at(5)).unwrap();
    let told: Vec<_> =
        due.iter().map(|letter| (letter.leaf, letter.channel.as_str(), letter.body.as_str())).collect();
    assert_eq!(told, [(1, "sre", "{\"a\":1}"), (1, "owner", "{}")]);
    assert!(due.iter().all(|letter| letter.entry == b"two" && letter.tried.is_none()));
    let (first, second) = (due[0].id, due[1].id);
    assert!(outbox.claim(first, at(6), at(60)).unwrap());
    assert!(outbox.claim(second, at(6), at(60)).unwrap());
    drop(outbox);
    // The process died while both were under way.
    let mut outbox = Outbox::open(&path).unwrap();
    assert_eq!(outbox.due(at(59)).unwrap(), []);
    assert_eq!(outbox.waiting().unwrap()[0].tried, Some(at(6)));
    outbox.sent(first, at(60)).unwrap();
    outbox.unsent(second, "the channel answered 500", Some(at(90))).unwrap();
    assert_eq!(outbox.due(at(89)).unwrap(), []);
    let [waiting] = &outbox.due(at(90)).unwrap()[..] else { panic!("one waits") };
    assert_eq!((waiting.attempts, waiting.error.as_deref()), (1, Some("the channel answered 500")));
    outbox.sent(waiting.id, at(91)).unwrap();
    outbox.sent(waiting.id, at(92)).unwrap();
    outbox.unsent(waiting.id, "late", Some(at(93))).unwrap();
    assert_eq!(outbox.waiting().unwrap(), []);
    assert!(held.verify(None).is_ok());
}

#[test]
fn a_letter_is_one_deliverers_at_a_time() {
    let (path, mut held, mut outbox) = outbox("claims");
    let mut other = Outbox::open(&path).unwrap();
    let id = outbox.due(at(5)).unwrap()[0].id;
    assert!(!outbox.claim(id, at(4), at(60)).unwrap(), "it is not due");
    assert!(outbox.claim(id, at(5), at(60)).unwrap());
    assert!(!other.claim(id, at(59), at(99)).unwrap(), "it is under way");
    append(&mut held, b"nobody who acts waits for them").unwrap();
    assert!(other.claim(id, at(60), at(99)).unwrap(), "whoever had it is gone");
    outbox.sent(id, at(61)).unwrap();
    assert!(!other.claim(id, at(99), at(199)).unwrap(), "it was taken after all");
    assert_eq!(held.verify(None).unwrap().head.size, 3);
}

#[test]
fn what_is_given_up_is_kept_and_tried_again_when_somebody_asks() {
    let (_path, _held, mut outbox) = outbox("given-up");
    let due = outbox.due(at(5)).unwrap();
    for letter in &due {
        assert!(outbox.claim(letter.id, at(5), at(60)).unwrap());
    }
    outbox.unsent(due[0].id, "no such channel", None).unwrap();
    assert_eq!(outbox.due(at(1_000_000)).unwrap().len(), 1, "the other one, whose end nobody knows");
    let waiting = outbox.waiting().unwrap();
    assert_eq!((waiting[0].next, waiting[0].error.as_deref()), (None, Some("no such channel")));
    assert_eq!(waiting[1].next, Some(at(60)));
    assert_eq!(outbox.again(at(10)).unwrap(), 1, "not what is under way");
    let again = outbox.due(at(10)).unwrap();
    assert_eq!((again.len(), again[0].id, again[0].attempts), (1, due[0].id, 1));
}

#[test]
fn a_channel_waits_and_closes_as_its_receiver_says() {
    let (path, _held, mut outbox) = outbox("closed");
    outbox.wait("sre", at(100)).unwrap();
    assert_eq!(outbox.due(at(99)).unwrap().len(), 1);
    outbox.wait("sre", at(50)).unwrap();
    assert_eq!(outbox.due(at(99)).unwrap().len(), 1, "never sooner");
    assert_eq!(outbox.due(at(100)).unwrap().len(), 2);
    let letter = outbox.due(at(100)).unwrap()[0].id;
    outbox.unsent(letter, "gone", None).unwrap();
    outbox.wait("sre", at(200)).unwrap();
    assert_eq!(outbox.waiting().unwrap()[0].next, None, "what was given up stays so");
    assert_eq!(outbox.closed().unwrap(), []);
    outbox.close("sre", "gone", at(7)).unwrap();
    outbox.close("sre", "again", at(8)).unwrap();
    let closed = Journal::open(&path).unwrap().closed().unwrap();
    let closed: Vec<_> = closed.iter().map(|it| (it.channel.as_str(), it.since, it.why.as_str())).collect();
    assert_eq!(closed, [("sre", at(7), "gone")]);
    assert!(outbox.reopen("sre").unwrap() && !outbox.reopen("sre").unwrap());
    assert_eq!(outbox.closed().unwrap(), []);
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

#[test]
fn a_document_is_found_by_its_hash() {
    use sha2::{Digest, Sha256};
    let (path, mut held) = written("documents", &[]);
    let document: &[u8] = b"{\"Version\":\"2012-10-17\"}";
    for entry in [b"one", b"two"] {
        held.append(&Append { entry, documents: &[document], messages: &[] }, at(0)).unwrap();
    }
    drop(held);
    let journal = Journal::open(&path).unwrap();
    assert_eq!(journal.document(&Sha256::digest(document).into()).unwrap().as_deref(), Some(document));
    assert_eq!(journal.document(&[0; 32]).unwrap(), None);
    assert_eq!(journal.verify(None).unwrap().documents, 1);
}

/// A copy is the journal as it was at one moment, and never takes the place of another file.
#[test]
fn a_copy_is_whole_while_somebody_writes() {
    let (path, mut held) = written("copy", &[b"a", b"b"]);
    let copy = path.parent().unwrap().join("copy.db");
    held.copy(&copy).unwrap();
    append(&mut held, b"c").unwrap();
    let copied = Journal::open(&copy).unwrap();
    assert_eq!(copied.verify(None).unwrap().head.size, 2);
    assert_eq!(copied.entries().unwrap(), held.entries().unwrap()[..2]);
    assert!(matches!(held.copy(&copy), Err(JournalError::ReadOnly { .. })));
}
