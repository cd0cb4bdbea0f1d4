//! Databases of the server that the script has started, and what only a server can do: end a session, at any point of an entry.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kagimori_ledger::{Hash, Tree};
use postgres::{Client, NoTls};

use super::spot::Spot;
use super::{append, at, holder};
use crate::store::{Purpose, Within};
use crate::{Append, Database, Held, Journal, JournalError, LEASE_SECONDS, Message};

/// The server: an address whose user may make databases.
const SERVER: &str = "KAGIMORI_TEST_POSTGRES";

mod proxy;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database of a test's own, which goes with it.
pub(super) struct Own {
    server: String,
    name: String,
}

impl Own {
    /// `None`, which is said: no server is named.
    pub(super) fn new() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            println!(
                "skipped for a database: {SERVER} names no server (scripts/check-desk-postgres starts one)"
            );
            return None;
        };
        let name = format!("journal_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut client = Client::connect(&server, NoTls).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        Some(Self { server, name })
    }

    fn url(&self) -> String {
        let (before, after) = self.server.split_once("/postgres?").unwrap();
        format!("{before}/{}?{after}", self.name)
    }

    pub(super) fn address(&self) -> Database {
        Database::parse(&self.url()).unwrap()
    }

    fn client(&self) -> Client {
        let mut client = Client::connect(&self.url(), NoTls).unwrap();
        client.batch_execute("SET search_path = kagimori").unwrap();
        client
    }

    pub(super) fn by_hand(&self, statements: &str) -> Result<(), String> {
        self.client().batch_execute(statements).map_err(|error| format!("{error:?}"))
    }

    /// Ends every other session of the database.
    fn cut(&self) {
        let cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.client().batch_execute(cut).unwrap();
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::connect(&self.server, NoTls) {
            let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// What a test of a database begins with.
fn own(name: &str) -> Option<(Own, Spot)> {
    let own = Own::new()?;
    let shared = Own { server: own.server.clone(), name: own.name.clone() };
    Some((own, Spot::database(name, shared)))
}

/// Two processes of one name on one host: the second is told, though the first has written nothing for long.
#[test]
fn two_desks_on_one_database_are_one_too_many() {
    let Some((_own, spot)) = own("two") else { return };
    let first = spot.written(&[b"one"]);
    let second = Held::take(&spot.place, holder("mika (kagimori apply)", "desk-1"), at(LEASE_SECONDS * 9));
    let Err(JournalError::Busy { holder, .. }) = second else { panic!("{second:?}") };
    assert_eq!(holder, "mika (kagimori apply), turn 1 on desk-1");
    drop(first);
    assert_eq!(spot.take().head().unwrap().size, 1);
}

/// A session that ended goes on in another one, as long as nobody else took the log.
#[test]
fn a_session_that_ends_between_two_entries_is_begun_again() {
    let Some((own, spot)) = own("again") else { return };
    let mut held = spot.written(&[b"one"]);
    own.cut();
    assert_eq!(append(&mut held, b"two").unwrap().size, 2);
    own.cut();
    held.keep().unwrap();
    assert_eq!(Journal::open(&spot.place).unwrap().verify(None).unwrap().head, held.head().unwrap());
    let busy = Held::take(&spot.place, holder("ken", "desk-1"), at(1));
    assert!(matches!(busy, Err(JournalError::Busy { .. })), "{busy:?}");
}

/// Whoever was overtaken while its session was gone writes no row, and is told by whom.
#[test]
fn a_stale_leader_writes_no_row() {
    let Some((own, spot)) = own("stale") else { return };
    let mut stale = spot.written(&[b"one"]);
    own.cut();
    let mut next = Held::take(&spot.place, holder("ken", "desk-1"), at(1)).unwrap();
    let lost = append(&mut stale, b"of the stale one");
    assert!(
        matches!(&lost, Err(JournalError::Lost { holder }) if holder == "ken, turn 2 on desk-1"),
        "{lost:?}"
    );
    append(&mut next, b"two").unwrap();
    // It has gone again, and its lease with it: the size of the log tells.
    drop(next);
    let moved = append(&mut stale, b"of the stale one");
    assert!(matches!(moved, Err(JournalError::Moved { here: 1, there: 2 })), "{moved:?}");
    assert!(matches!(stale.keep(), Err(JournalError::Moved { here: 1, there: 2 })));
    assert_eq!(stale.know().unwrap().size, 2);
    assert_eq!(append(&mut stale, b"three").unwrap().size, 3);
    let entries: Vec<_> = stale.entries().unwrap().into_iter().map(|entry| entry.bytes).collect();
    assert_eq!(entries, [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]);
}

/// Even a session that still holds the lock writes nothing once the lease is another's, or the log another length.
#[test]
fn the_fence_is_in_the_transaction_of_the_entry() {
    let Some((own, spot)) = own("fence") else { return };
    let mut held = spot.written(&[b"one"]);
    own.by_hand("UPDATE lease SET holder = 'ken, turn 9'").unwrap();
    assert!(matches!(append(&mut held, b"two"), Err(JournalError::Lost { .. })));
    own.by_hand("DELETE FROM lease").unwrap();
    own.by_hand(&format!("UPDATE edge SET size = 3, subtrees = '\\x{}'", "00".repeat(64))).unwrap();
    assert!(matches!(append(&mut held, b"two"), Err(JournalError::Moved { here: 1, there: 3 })));
    assert_eq!(held.entries().unwrap().len(), 1);
}

/// A session is ended after each statement of an entry: the entry is there whole or not at all, it is said right, and the next one comes
/// after it.
#[test]
fn a_session_that_ends_within_an_entry_leaves_all_or_nothing() {
    let Some((own, spot)) = own("within") else { return };
    let mut held = spot.written(&[b"one"]);
    for statements in 0..6 {
        let broken = held.store.within(Purpose::Append, |within| {
            let all = [
                "INSERT INTO leaf VALUES (1, '\\x00')",
                "INSERT INTO outbox (leaf, channel, body, next_at) VALUES (1, 'c', '{}', 0)",
                "INSERT INTO head VALUES (2, '\\x00')",
                "UPDATE edge SET size = size + 1",
                "UPDATE lease SET until = until + 1",
            ];
            for statement in all.iter().take(statements) {
                within.execute(statement, &[])?;
            }
            own.cut();
            within.execute("UPDATE lease SET until = until", &[]).map(drop)
        });
        assert!(matches!(broken, Err(JournalError::Server { .. })), "{broken:?}");
        assert_eq!(Journal::open(&spot.place).unwrap().verify(None).unwrap().head.size, 1);
    }
    assert_eq!(append(&mut held, b"two").unwrap().size, 2);
    assert!(held.waiting().unwrap().is_empty());
}

/// The connection breaks while the server commits: nobody was told. The desk looks, and neither loses the entry nor writes it twice.
#[test]
fn an_entry_whose_end_nobody_saw_is_looked_for() {
    let Some((own, spot)) = own("unknown") else { return };
    let mut held = spot.written(&[b"one"]);
    let mut tree = Tree::new();
    tree.append(Hash::leaf(b"one"));
    // What a deferred constraint does is done while the server commits: it ends the session of whoever commits, or waits first.
    for (function, is_kept) in [
        (
            "BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END",
            false,
        ),
        ("BEGIN RETURN NULL; END", true),
    ] {
        own.by_hand(&format!(
            "CREATE OR REPLACE FUNCTION ends() RETURNS trigger LANGUAGE plpgsql AS $$ {function} $$; \
             DROP TRIGGER IF EXISTS ends ON leaf; \
             CREATE CONSTRAINT TRIGGER ends AFTER INSERT ON leaf DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ends();"
        ))
        .unwrap();
        let size = tree.size();
        let messages = [Message { channel: "sre", body: "{}" }];
        let done = held.append(&Append { entry: b"next", documents: &[], messages: &messages }, at(5));
        if is_kept {
            tree.append(Hash::leaf(b"next"));
            assert_eq!(done.unwrap().root, tree.root_at(tree.size()).unwrap());
        } else {
            assert!(matches!(&done, Err(JournalError::Server { .. })), "{done:?}");
            assert_eq!(held.head().unwrap().size, size);
        }
    }
    assert_eq!(held.verify(None).unwrap().head.root, tree.root_at(2).unwrap());
    assert_eq!(held.waiting().unwrap().len(), 1);
}

/// Somebody else's proxy between the desk and the server: it is cut when the server has answered to the commit, and nobody hears the answer.
#[test]
fn an_answer_that_never_came_is_no_second_entry() {
    let Some((own, spot)) = own("proxy") else { return };
    let held = spot.written(&[b"one"]);
    drop(held);
    let proxy = proxy::Proxy::before(&own.url());
    let mut held =
        Held::take(Database::parse(&proxy.url()).unwrap(), holder("mika", "desk-1"), at(0)).unwrap();
    proxy.swallow_the_answer_to("COMMIT\0");
    let done = append(&mut held, b"two");
    assert_eq!(done.unwrap().size, 2, "it was looked for, and found");
    assert_eq!(append(&mut held, b"three").unwrap().size, 3);
    // And the other way: the commit never came to the server.
    proxy.swallow("COMMIT\0");
    let error = append(&mut held, b"four").unwrap_err();
    assert!(matches!(&error, JournalError::Server { .. }), "{error:?}");
    assert!(error.hint().starts_with("nothing was written"));
    assert_eq!(append(&mut held, b"four").unwrap().size, 4);
    let entries: Vec<_> = held.entries().unwrap().into_iter().map(|entry| entry.bytes).collect();
    assert_eq!(entries, [b"one".to_vec(), b"two".to_vec(), b"three".to_vec(), b"four".to_vec()]);
    // And for long: then it is said that nobody knows, and the next entry comes after what is there.
    proxy.swallow_the_answer_to("COMMIT\0");
    proxy.refuse(true);
    let error = append(&mut held, b"five").unwrap_err();
    assert!(matches!(&error, JournalError::Unknown { .. }), "{error:?}");
    proxy.refuse(false);
    assert!(matches!(append(&mut held, b"six"), Err(JournalError::Moved { here: 4, there: 5 })));
    assert_eq!(held.know().unwrap().size, 5);
    assert_eq!(append(&mut held, b"six").unwrap().size, 6);
    assert_eq!(held.verify(None).unwrap().head.size, 6);
}

/// Many who want it, at once: one has it, and the rows are one log.
#[test]
fn many_who_want_it_at_once_are_one_after_the_other() {
    let Some((_own, spot)) = own("many") else { return };
    drop(spot.written(&[b"one"]));
    std::thread::scope(|scope| {
        for number in 0..3_u8 {
            let place = spot.place.clone();
            scope.spawn(move || {
                let mut written = 0;
                while written < 3 {
                    let Ok(mut held) = Held::take(&place, holder("mika", "desk-1"), at(0)) else {
                        std::thread::sleep(Duration::from_millis(20));
                        continue;
                    };
                    append(&mut held, &[number, written]).unwrap();
                    written += 1;
                }
            });
        }
    });
    let journal = Journal::open(&spot.place).unwrap();
    assert_eq!(journal.verify(None).unwrap().head.size, 10);
}

/// A copy is a file of its own, and fills an empty place with the same log, letters with their numbers.
#[test]
fn a_log_moves_from_a_file_into_a_database_and_back() {
    let Some((_own, spot)) = own("move") else { return };
    let file = Spot::file("move-file");
    let mut held = file.written(&[b"one", b"two"]);
    let messages = [Message { channel: "sre", body: "{}" }, Message { channel: "owner", body: "{\"a\":1}" }];
    held.append(&Append { entry: b"three", documents: &[b"old text"], messages: &messages }, at(5)).unwrap();
    let (head, letters) = (held.head().unwrap(), held.letters(9).unwrap());
    drop(held);
    let crate::Place::File(path) = &file.place else { panic!("a file") };
    let mut there = spot.take();
    assert_eq!(there.fill(path).unwrap(), head);
    assert_eq!(there.letters(9).unwrap(), letters);
    assert_eq!(there.verify(Some(head)).unwrap().documents, 1);
    assert!(matches!(there.fill(path), Err(JournalError::Moved { here: 0, there: 3 })));
    there.append(&Append { entry: b"four", documents: &[], messages: &messages }, at(6)).unwrap();
    assert_eq!(there.letters(1).unwrap()[0].id, 4);
    let back = spot.folder.join("back.db");
    there.copy(&back).unwrap();
    assert_eq!(Journal::open(&back).unwrap().verify(None).unwrap().head, there.head().unwrap());
    assert_eq!(Journal::open(&back).unwrap().letters(9).unwrap(), there.letters(9).unwrap());
    assert_eq!(std::fs::read_dir(&spot.folder).unwrap().count(), 1, "one file, with nothing beside it");
}

/// What is no journal of ours, and what cannot be reached, is told from each other.
#[test]
fn other_databases_are_told_from_ours() {
    let Some((own, spot)) = own("others") else { return };
    assert!(matches!(Journal::open(&spot.place), Err(JournalError::NotThere(_))));
    own.by_hand("CREATE SCHEMA kagimori; CREATE TABLE kagimori.leaf (a BIGINT)").unwrap();
    assert!(matches!(Journal::open(&spot.place), Err(JournalError::NotOurs(_))));
    let taken = Held::take(&spot.place, holder("a", "b"), at(0));
    assert!(matches!(taken, Err(JournalError::NotOurs(_))), "{taken:?}");
    own.by_hand("DROP SCHEMA kagimori CASCADE").unwrap();
    drop(spot.take());
    own.by_hand("UPDATE about SET version = 7").unwrap();
    assert!(matches!(Journal::open(&spot.place), Err(JournalError::Newer { version: 7, ours: 1, .. })));
    let nowhere = Database::parse("postgresql://nobody@127.0.0.1:9/none").unwrap();
    let error = Journal::open(crate::Place::from(nowhere)).unwrap_err();
    assert!(matches!(&error, JournalError::Server { why, .. } if why.contains("refused")), "{error:?}");
}

/// Whoever reads sees one moment, and can write nothing.
#[test]
fn a_transaction_reads_one_moment() {
    let Some((own, spot)) = own("moment") else { return };
    let mut held = spot.written(&[b"one"]);
    let journal = Journal::open(&spot.place).unwrap();
    let seen = journal.store.within(Purpose::Read, |within: &mut Within<'_>| {
        let count =
            |within: &mut Within<'_>| within.row("SELECT count(*) FROM leaf", &[], |row| row.count(0));
        let before = count(within)?;
        own.by_hand("INSERT INTO leaf VALUES (1, '\\x00')").unwrap();
        Ok((before, count(within)?, within.execute("DELETE FROM lease", &[]).is_err()))
    });
    assert_eq!(seen.unwrap(), (Some(1), Some(1), true));
    assert!(append(&mut held, b"two").is_err(), "the place is taken");
}
