//! What holds of every journal, in a file and in a database. The database is one of the server that `KAGIMORI_TEST_POSTGRES` names, as
//! `scripts/check-desk-postgres` starts it; without it only files are tried, and that is said.

use kagimori_ledger::{Hash, Tree};

use super::spot::{Spot, spots};
use super::{append, at, damage, holder};
use crate::{Append, Head, Held, Journal, JournalError, LEASE_SECONDS, Message, Outbox};

fn outbox(spot: &Spot) -> (Held, Outbox) {
    let mut held = spot.written(&[b"one"]);
    let messages = [Message { channel: "sre", body: "{\"a\":1}" }, Message { channel: "owner", body: "{}" }];
    held.append(&Append { entry: b"two", documents: &[], messages: &messages }, at(5)).unwrap();
    let outbox = Outbox::open(&spot.place).unwrap();
    (held, outbox)
}

#[test]
fn entries_are_the_leaves_of_a_log() {
    for spot in spots("entries_are_the_leaves_of_a_log") {
        let mut held = spot.written(&[]);
        let mut tree = Tree::new();
        for number in 0..20_u8 {
            let head = append(&mut held, &[number; 3]).unwrap();
            tree.append(Hash::leaf(&[number; 3]));
            assert_eq!(head.root, tree.root_at(head.size).unwrap());
        }
        drop(held);
        let mut held = spot.take();
        let head = append(&mut held, b"after a pause").unwrap();
        tree.append(Hash::leaf(b"after a pause"));
        assert_eq!(head, Head { size: 21, root: tree.root_at(21).unwrap() });
        let reader = Journal::open(&spot.place).unwrap();
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
}

#[test]
fn an_empty_journal_is_a_log_of_nothing() {
    for spot in spots("an_empty_journal_is_a_log_of_nothing") {
        let held = spot.written(&[]);
        drop(held);
        let reader = Journal::open(&spot.place).unwrap();
        let nothing = Head { size: 0, root: Hash::empty() };
        assert_eq!(reader.head().unwrap(), nothing);
        assert_eq!(reader.verify(Some(nothing)).unwrap().head, nothing);
    }
}

#[test]
fn one_process_writes_and_the_other_is_told_who() {
    for spot in spots("one_process_writes_and_the_other_is_told_who") {
        let held = spot.written(&[b"one"]);
        let second = || Held::take(&spot.place, holder("ken (kagimori undo)", "desk-1"), at(1));
        let Err(error) = second() else { panic!("two writers") };
        let told = error.to_string().replace(", turn 1", "");
        assert_eq!(
            told,
            "the journal is held by mika (kagimori apply) on desk-1, until 2027-01-15T08:05:00Z at the latest"
        );
        assert!(Journal::open(&spot.place).unwrap().verify(None).is_ok(), "readers read meanwhile");
        drop(held);
        append(&mut second().unwrap(), b"two").unwrap();
    }
}

#[test]
fn messages_wait_until_they_are_taken() {
    for spot in spots("messages_wait_until_they_are_taken") {
        let (held, mut outbox) = outbox(&spot);
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
        let mut outbox = Outbox::open(&spot.place).unwrap();
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
}

#[test]
fn a_letter_is_one_deliverers_at_a_time() {
    for spot in spots("a_letter_is_one_deliverers_at_a_time") {
        let (mut held, mut outbox) = outbox(&spot);
        let mut other = Outbox::open(&spot.place).unwrap();
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
}

#[test]
fn what_is_given_up_is_kept_and_tried_again_when_somebody_asks() {
    for spot in spots("what_is_given_up_is_kept_and_tried_again_when_somebody_asks") {
        let (_held, mut outbox) = outbox(&spot);
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
}

#[test]
fn a_channel_waits_and_closes_as_its_receiver_says() {
    for spot in spots("a_channel_waits_and_closes_as_its_receiver_says") {
        let (_held, mut outbox) = outbox(&spot);
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
        let closed = Journal::open(&spot.place).unwrap().closed().unwrap();
        let closed: Vec<_> =
            closed.iter().map(|it| (it.channel.as_str(), it.since, it.why.as_str())).collect();
        assert_eq!(closed, [("sre", at(7), "gone")]);
        assert!(outbox.reopen("sre").unwrap() && !outbox.reopen("sre").unwrap());
        assert_eq!(outbox.closed().unwrap(), []);
    }
}

#[test]
fn a_document_is_found_by_its_hash() {
    for spot in spots("a_document_is_found_by_its_hash") {
        use sha2::{Digest, Sha256};
        let mut held = spot.written(&[]);
        let document: &[u8] = b"{\"Version\":\"2012-10-17\"}";
        for entry in [b"one", b"two"] {
            held.append(&Append { entry, documents: &[document], messages: &[] }, at(0)).unwrap();
        }
        drop(held);
        let journal = Journal::open(&spot.place).unwrap();
        assert_eq!(journal.document(&Sha256::digest(document).into()).unwrap().as_deref(), Some(document));
        assert_eq!(journal.document(&[0; 32]).unwrap(), None);
        assert_eq!(journal.verify(None).unwrap().documents, 1);
    }
}

/// A copy is the journal as it was at one moment, and never takes the place of another file.
#[test]
fn a_copy_is_whole_while_somebody_writes() {
    for spot in spots("a_copy_is_whole_while_somebody_writes") {
        let mut held = spot.written(&[b"a", b"b"]);
        let copy = spot.folder.join("copy.db");
        held.copy(&copy).unwrap();
        append(&mut held, b"c").unwrap();
        let copied = Journal::open(&copy).unwrap();
        assert_eq!(copied.verify(None).unwrap().head.size, 2);
        assert_eq!(copied.entries().unwrap(), held.entries().unwrap()[..2]);
        assert!(matches!(held.copy(&copy), Err(JournalError::ReadOnly { .. })));
    }
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
        for spot in spots("what_is_changed_by_hand_is_noticed") {
            let mut held = spot.written(&[b"one", b"two", b"three"]);
            held.append(&Append { entry: b"four", documents: &[b"old text"], messages: &[] }, at(0)).unwrap();
            drop(held);
            spot.without_triggers();
            spot.by_hand(statements).unwrap();
            let journal = Journal::open(&spot.place).unwrap();
            assert_eq!(damage(journal.verify(None)), expected, "{name}");
            // Who reads the entries alone is told of what is wrong with them; heads before the last, the edge and documents are other matters.
            let is_of_entries = name.contains("entr");
            assert_eq!(journal.entries().is_err(), is_of_entries, "{name}");
        }
    }
}

#[test]
fn entries_cannot_be_changed_with_the_triggers_there() {
    for spot in spots("entries_cannot_be_changed_with_the_triggers_there") {
        let held = spot.written(&[b"one"]);
        drop(held);
        for statement in [
            "UPDATE leaf SET entry = x'00'",
            "DELETE FROM leaf",
            "UPDATE head SET root = x'00'",
            "DELETE FROM head",
        ] {
            assert!(spot.by_hand(statement).is_err(), "{statement}");
        }
    }
}

/// The lock of a process that died is gone with it; of another host's processes only the lease tells.
#[test]
fn a_lease_ends_with_the_process_here_and_by_the_clock_elsewhere() {
    for spot in spots("a_lease_ends_with_the_process_here_and_by_the_clock_elsewhere") {
        let held = spot.written(&[b"one"]);
        drop(held);
        let left = |host: &str| {
            let until = at(LEASE_SECONDS).as_second();
            let row = format!("DELETE FROM lease; INSERT INTO lease VALUES (0, 'mika', '{host}', {until})");
            spot.by_hand(&row).unwrap();
        };
        left("desk-1");
        drop(spot.take());
        left("desk-2");
        let taken = Held::take(&spot.place, holder("ken", "desk-1"), at(LEASE_SECONDS - 1));
        assert!(matches!(taken, Err(JournalError::Busy { holder, .. }) if holder == "mika on desk-2"));
        let mut ours = Held::take(&spot.place, holder("ken", "desk-1"), at(LEASE_SECONDS)).unwrap();
        left("desk-2");
        let lost = append(&mut ours, b"two");
        assert!(matches!(lost, Err(JournalError::Lost { holder }) if holder == "mika on desk-2"));
        assert_eq!(ours.head().unwrap().size, 1, "nothing was written");
    }
}
