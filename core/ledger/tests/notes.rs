//! Signed notes, keys and checkpoints beside the examples of C2SP and Go's own tests.

#[cfg(test)]
mod notes {
    use kagimori_ledger::checkpoint::CheckpointError;
    use kagimori_ledger::key::KeyError;
    use kagimori_ledger::note::NoteError;
    use kagimori_ledger::{Checkpoint, Hash, Note, SigningKey, VerifyingKey};

    /// golang.org/x/mod `sumdb/note`.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PETERS: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem \
    is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    /// C2SP `signed-note`.
    const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const EXAMPLES: &str = "This is an example message.\n\n— example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn key(name: &str, byte: u8) -> SigningKey {
        SigningKey::from_seed(name, &[byte; 32]).unwrap()
    }

    #[test]
    fn the_known_notes_are_signed_by_the_known_keys() {
        for (vkey, note) in [(PETER, PETERS), (EXAMPLE, EXAMPLES)] {
            let key = VerifyingKey::parse(vkey).unwrap();
            assert_eq!(key.to_string(), vkey);
            let read: Note = note.parse().unwrap();
            assert_eq!(read.to_string(), note);
            assert_eq!(read.verified_by(std::slice::from_ref(&key)), Ok(vec![&key]));
        }
    }

    /// Every letter of a note changed: none of them is signed by the key.
    #[test]
    fn an_altered_note_is_refused() {
        let key = VerifyingKey::parse(EXAMPLE).unwrap();
        for (place, letter) in EXAMPLES.char_indices() {
            let other = if letter == 'x' { 'y' } else { 'x' };
            let (before, after) = EXAMPLES.split_at(place);
            let after = after.strip_prefix(letter).unwrap();
            for altered in [format!("{before}{other}{after}"), format!("{before}{after}")] {
                let verified =
                    altered.parse::<Note>().map(|note| note.verified_by(std::slice::from_ref(&key)).is_ok());
                assert_ne!(verified, Ok(true), "{altered}");
            }
        }
    }

    #[test]
    fn a_known_key_that_has_not_signed_it_refuses_it_whoever_else_has() {
        let (ours, witness, stranger) =
            (key("kagimori.example", 1), key("witness.example", 2), key("stranger", 3));
        let keys = [ours.public().clone(), witness.public().clone()];
        let note = Note::new("one\n\ntwo\n").unwrap().signed_by(&stranger).signed_by(&ours).signed_by(&ours);
        let read: Note = note.to_string().parse().unwrap();
        assert_eq!(read, note);
        assert_eq!(read.text(), "one\n\ntwo\n");
        assert_eq!(
            read.verified_by(&keys),
            Ok(vec![&keys[0]]),
            "a stranger is nobody, and who signs twice is one"
        );
        assert_eq!(read.verified_by(&keys[1..]), Err(NoteError::NobodyKnown));
        let other = Note::new("other\n").unwrap().signed_by(&witness).to_string();
        let forged = format!("{note}{}", other.lines().last().unwrap()) + "\n";
        let forged: Note = forged.parse().unwrap();
        assert_eq!(forged.verified_by(&keys), Err(NoteError::Forged("witness.example".to_owned())));
    }

    /// Another key of the same name is another key: its id differs.
    #[test]
    fn a_key_is_its_name_and_its_bytes() {
        let (old, new) = (key("kagimori.example", 1), key("kagimori.example", 2));
        assert_ne!(old.public().id(), new.public().id());
        let note = Note::new("one\n").unwrap().signed_by(&old);
        assert_eq!(note.verified_by(&[new.public().clone()]), Err(NoteError::NobodyKnown));
        assert!(!format!("{old:?}").contains("secret"));
    }

    #[test]
    fn as_many_signatures_as_the_standard_asks_for_are_read_and_not_without_end() {
        let signed = |count: u8| {
            let note = Note::new("one\n").unwrap();
            (0..count).fold(note, |note, byte| note.signed_by(&key(&format!("k{byte}"), byte)))
        };
        for count in [1, 16, 100] {
            assert_eq!(
                signed(count).to_string().parse::<Note>().unwrap().signatures().len(),
                usize::from(count)
            );
        }
        assert_eq!(signed(101).to_string().parse::<Note>(), Err(NoteError::TooLong));
        assert_eq!(Note::new(&format!("{}\n", "a".repeat(1_000_000))), Err(NoteError::TooLong));
    }

    #[test]
    fn what_is_no_note_is_told() {
        let line = EXAMPLES.lines().last().unwrap();
        for (text, expected) in [
            (String::new(), NoteError::Text),
            ("one".to_owned(), NoteError::Text),
            ("one\r\n".to_owned(), NoteError::Text),
            (format!("one\ttwo\n\n{line}\n"), NoteError::Text),
            (format!("one\n\n{line}"), NoteError::Text),
            ("one\n".to_owned(), NoteError::Unsigned),
            ("one\n\n".to_owned(), NoteError::Unsigned),
            (format!("one\n\n{line}\n\n"), NoteError::Unsigned),
            (format!("one\n\n{line}\nname\n"), NoteError::Line(4)),
            ("one\n\n- name AAAAAAA=\n".to_owned(), NoteError::Line(3)),
            ("one\n\n— a b AAAAAAA=\n".to_owned(), NoteError::Line(3)),
            ("one\n\n— a+b AAAAAAA=\n".to_owned(), NoteError::Line(3)),
            ("one\n\n— name AAAAAA==\n".to_owned(), NoteError::Line(3)),
            ("one\n\n— name AAAAAAA\n".to_owned(), NoteError::Line(3)),
        ] {
            assert_eq!(text.parse::<Note>(), Err(expected), "{text:?}");
        }
        for text in ["", "one", "one\u{7}\n"] {
            assert_eq!(Note::new(text), Err(NoteError::Text));
        }
    }

    #[test]
    fn what_is_no_key_is_told() {
        for end in 0..PETER.len() {
            assert!(VerifyingKey::parse(PETER.get(..end).unwrap()).is_err(), "{end}");
            assert!(VerifyingKey::parse(PETER.get(end + 1..).unwrap()).is_err(), "{end}");
        }
        for name in ["", "a b", "a+b", "a\u{3000}b", "a\u{7}"] {
            assert!(matches!(SigningKey::from_seed(name, &[1; 32]), Err(KeyError::Name(_))), "{name:?}");
        }
        let other = PETER.replace("PeterNeumann", "EnochRoot");
        assert!(matches!(VerifyingKey::parse(&other), Err(KeyError::Id { .. })));
        // A cosignature key of C2SP's `tlog-cosignature` tests, and one of the type that this program cannot check, ML-DSA-44.
        let cosigner = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
        assert_eq!(VerifyingKey::parse(cosigner).unwrap().to_string(), cosigner);
        let id: String = Hash::of([b"a\n\x06key"]).to_string().chars().take(8).collect();
        let error = VerifyingKey::parse(&format!("a+{id}+BmtleQ==")).unwrap_err();
        assert_eq!(error, KeyError::Type { name: "a".to_owned(), byte: 6 });
        assert!(error.hint().contains("0x01"));
    }

    #[test]
    fn a_checkpoint_is_three_lines() {
        let root = Hash::leaf(b"one");
        let checkpoint = Checkpoint::new("kagimori.example/journal", 1, root).unwrap();
        let text = checkpoint.to_string();
        assert_eq!(text, "kagimori.example/journal\n1\n0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=\n");
        assert_eq!(text.parse(), Ok(checkpoint.clone()));
        let (ours, other) = (key("kagimori.example/journal", 1), key("kagimori.example/journal", 2));
        let note = checkpoint.signed_by(&ours).unwrap().to_string();
        let keys = [ours.public().clone()];
        assert_eq!(Checkpoint::open(&note, &keys), Ok((checkpoint, vec![&keys[0]])));
        let unknown = CheckpointError::Note(NoteError::NobodyKnown);
        assert_eq!(Checkpoint::open(&note, &[other.public().clone()]), Err(unknown));
        let text =
            |size: &str, root: &str, more: &str| format!("a\n{size}\n{root}\n{more}").parse::<Checkpoint>();
        let hash = "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=";
        assert!(text("1", hash, "").is_ok());
        assert_eq!(text("1", hash, "more\n"), Err(CheckpointError::Lines));
        for size in ["", "01", "+1", "-1", "1.0", "18446744073709551616"] {
            assert_eq!(text(size, hash, ""), Err(CheckpointError::Size(size.to_owned())));
        }
        for root in ["", "AAAA", hash.trim_end_matches('='), &hash.replace('=', "A="), &format!("AA{hash}")] {
            assert_eq!(text("1", root, ""), Err(CheckpointError::Root), "{root}");
        }
        assert!(matches!("a b\n1\nx\n".parse::<Checkpoint>(), Err(CheckpointError::Root)));
        assert!(matches!(format!("a b\n1\n{hash}\n").parse::<Checkpoint>(), Err(CheckpointError::Origin(_))));
    }
}
