//! Cosignatures, trust policies and proof files beside the texts of C2SP, and beside a second implementation of Ed25519.

#[cfg(test)]
mod trust {
    use ed25519_dalek::{Signature, Verifier as _};
    use kagimori_ledger::checkpoint::CheckpointError;
    use kagimori_ledger::evidence::EvidenceError;
    use kagimori_ledger::key::KeyError;
    use kagimori_ledger::note::NoteError;
    use kagimori_ledger::proof::ProofError;
    use kagimori_ledger::trust::{Fault, TrustError};
    use kagimori_ledger::{
        Checkpoint, CosigningKey, Evidence, Hash, Note, SigningKey, Tree, TrustPolicy, VerifyingKey,
    };

    fn log() -> SigningKey {
        SigningKey::from_seed("log.example/desk", &[1; 32]).unwrap()
    }

    fn witness(byte: u8) -> CosigningKey {
        CosigningKey::from_seed(&format!("w{byte}.example"), &[byte; 32]).unwrap()
    }

    fn vkeys(bytes: std::ops::RangeInclusive<u8>) -> Vec<VerifyingKey> {
        bytes.map(|byte| witness(byte).public().clone()).collect()
    }

    fn note(size: u64) -> Note {
        let root = Hash::leaf(b"any");
        Checkpoint::new("log.example/desk", size, root).unwrap().signed_by(&log()).unwrap()
    }

    /// `tlog-cosignature`: what is signed, written down as it reads, and checked by another library.
    #[test]
    fn a_cosignature_is_of_the_time_and_the_text() {
        let key = witness(7);
        let note = note(3).cosigned_by(&key, 1_679_315_147).unwrap();
        let line = note.signatures().last().unwrap().to_string();
        let base64 = line.strip_prefix("\u{2014} w7.example ").unwrap();
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
        let (id, rest) = bytes.split_at(4);
        let (time, signature) = rest.split_at(8);
        assert_eq!(time, 1_679_315_147_u64.to_be_bytes());
        let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let public = secret.verifying_key();
        let message = format!("cosignature/v1\ntime 1679315147\n{}", note.text());
        let signature = Signature::from_slice(signature).unwrap();
        assert!(public.verify(message.as_bytes(), &signature).is_ok());
        let expected = Hash::of([b"w7.example\n\x04", public.as_bytes()]);
        assert_eq!(id, &expected.as_bytes()[..4]);
        assert_eq!(key.public().to_string().split('+').nth(1).unwrap(), key.public().id().to_string());
        assert_eq!(VerifyingKey::parse(&key.public().to_string()).as_ref(), Ok(key.public()));
        assert_eq!(note.cosignatures(&vkeys(7..=7)), Ok(vec![(&key.public().clone(), 1_679_315_147)]));
    }

    #[test]
    fn the_latest_of_a_witnesss_cosignatures_counts_and_no_time_is_refused() {
        let key = witness(7);
        let twice = note(3).cosigned_by(&key, 20).unwrap().cosigned_by(&key, 10).unwrap();
        assert_eq!(twice.cosignatures(&vkeys(7..=7)).unwrap().first().unwrap().1, 20);
        for time in [0, 1 << 63, u64::MAX] {
            assert_eq!(note(3).cosigned_by(&key, time), Err(NoteError::Time(time)));
        }
        // The time is signed: another one in the line is forged.
        let line = twice.to_string();
        let other = note(3).cosigned_by(&key, 21).unwrap().to_string();
        let (mine, theirs) = (line.lines().rev().nth(1).unwrap(), other.lines().last().unwrap());
        let mixed: String = mine
            .chars()
            .zip(theirs.chars())
            .enumerate()
            .map(|(at, (a, b))| if at < 30 { b } else { a })
            .collect();
        let forged: Note = line.replace(mine, &mixed).parse().unwrap();
        assert_eq!(forged.cosignatures(&vkeys(7..=7)), Err(NoteError::Forged("w7.example".to_owned())));
    }

    /// A log's signature is none of a witness with the same bytes, and the other way round.
    #[test]
    fn the_types_of_keys_are_kept_apart() {
        let (as_log, as_witness) =
            (SigningKey::from_seed("a", &[9; 32]).unwrap(), CosigningKey::from_seed("a", &[9; 32]).unwrap());
        assert_ne!(as_log.public().id(), as_witness.public().id());
        assert!(as_log.public().is_duplicate_of(as_witness.public()));
        let note = Note::new("x\n").unwrap().signed_by(&as_log);
        assert_eq!(note.cosignatures(&[as_log.public().clone()]), Ok(vec![]), "a log says no time");
    }

    /// "Signatures" of points of small order are of many texts: the second implementation knows which these are.
    #[test]
    fn weak_keys_are_refused() {
        let mut weak = 0;
        for first in 0..=255 {
            for (rest, last) in [(0, 0), (0, 0x80), (0xff, 0x7f), (0xff, 0xff)] {
                let mut bytes = [rest; 32];
                (bytes[0], bytes[31]) = (first, last);
                weak += u32::from(is_refused_as_weak(bytes));
            }
        }
        // 0 and 1 with either sign, and p-1, p, p+1 with either.
        assert_eq!(weak, 10);
        let eighth = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
        let other = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
        for hex in [eighth, other] {
            let mut bytes = [0; 32];
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2).unwrap(), 16).unwrap();
            }
            assert!(is_refused_as_weak(bytes));
            bytes[31] |= 0x80;
            assert!(is_refused_as_weak(bytes));
        }
    }

    fn is_refused_as_weak(public: [u8; 32]) -> bool {
        use base64::Engine as _;
        let id = Hash::of([b"a\n\x01", &public]);
        let id: String = id.to_string().chars().take(8).collect();
        let base64 = base64::engine::general_purpose::STANDARD.encode([&[1], public.as_slice()].concat());
        let ours = VerifyingKey::parse(&format!("a+{id}+{base64}")) == Err(KeyError::Bytes("a".to_owned()));
        let theirs = ed25519_dalek::VerifyingKey::from_bytes(&public).is_ok_and(|key| key.is_weak());
        assert!(ours || !theirs, "{public:?} is weak");
        ours
    }

    fn policy(text: &str) -> Result<TrustPolicy, Fault> {
        let named = |name: &str, byte: u8| format!("witness {name} {}", witness(byte).public());
        let text = text
            .replace("LOG", &log().public().to_string())
            .replace("W1", &named("X1", 2))
            .replace("W2", &named("X2", 3))
            .replace("W3", &named("Y1", 4))
            .replace("W4", &named("Y2", 5));
        text.parse().map_err(|error: kagimori_ledger::trust::PolicyError| {
            assert!(!error.hint().is_empty() && error.line() > 0);
            error.fault().clone()
        })
    }

    /// C2SP `tlog-policy`'s example, and every subset of witnesses beside the sentence that says what it means.
    #[test]
    fn the_quorum_is_that_of_the_groups() {
        let text = "# groups\nlog_line\nW1 https://w.example/\n\tW2\nW3\nW4\ngroup X 2 X1 X2\ngroup Y any Y1 Y2\n\
        group both all X Y\nquorum both\n";
        let policy = policy(&text.replace("log_line", "log LOG https://log.example/")).unwrap();
        assert_eq!(policy.witnesses().first().unwrap().url(), Some("https://w.example/"));
        assert_eq!(policy.logs().first().unwrap().name(), "log.example/desk");
        for subset in 0_u8..16 {
            let signed = (0..4).filter(|bit| subset >> bit & 1 == 1).fold(note(5), |note, bit| {
                note.cosigned_by(&witness(bit + 2), 1000 + u64::from(bit)).unwrap()
            });
            let is_enough = subset & 0b11 == 0b11 && subset & 0b1100 != 0;
            let checked = policy.check(&signed.to_string());
            assert_eq!(checked.is_ok(), is_enough, "{subset:04b}: {checked:?}");
            assert_eq!(
                policy.check_log(&signed.to_string()).unwrap().seen_by.len(),
                subset.count_ones() as usize
            );
        }
    }

    #[test]
    fn a_policy_that_cannot_be_understood_is_refused_whole() {
        let fault = |text: &str| policy(text).unwrap_err();
        let owned = str::to_owned;
        assert_eq!(fault("log LOG\n"), Fault::Quorum);
        assert_eq!(fault("log LOG\nquorum none\nquorum none\n"), Fault::Quorum);
        assert_eq!(fault("W1\nquorum X2\n"), Fault::Unknown(owned("X2")));
        assert_eq!(fault("quorum X1\nW1\n"), Fault::Unknown(owned("X1")));
        assert_eq!(fault("W1\nW1\nquorum none\n"), Fault::Taken(owned("X1")));
        assert_eq!(fault("log LOG\nlog LOG\nquorum none\n"), Fault::Duplicate(owned("log.example/desk")));
        assert_eq!(fault("W1\ngroup none any X1\nquorum none\n"), Fault::Taken(owned("none")));
        assert_eq!(fault("W1\ngroup X any X1 X1\nquorum X\n"), Fault::Member(owned("X1")));
        assert_eq!(
            fault("W1\nW2\ngroup A any X1\ngroup B any X1 X2\nquorum B\n"),
            Fault::Member(owned("X1"))
        );
        assert_eq!(fault("W1\ngroup X any none\nquorum X\n"), Fault::Unknown(owned("none")));
        for number in ["0", "2", "01", "-1", "most"] {
            let expected = Fault::Number { members: 1, found: owned(number) };
            assert_eq!(fault(&format!("W1\ngroup X {number} X1\nquorum X\n")), expected);
        }
        assert_eq!(fault("group X any\nquorum X\n"), Fault::Number { members: 0, found: owned("any") });
        assert_eq!(fault("log LOG a b\nquorum none\n"), Fault::Form);
        assert_eq!(fault("logs LOG\nquorum none\n"), Fault::Form);
        assert_eq!(fault("log LOG\r\nquorum none\n"), Fault::Control);
        let with_witness = format!("log {}\nquorum none\n", witness(2).public());
        assert_eq!(fault(&with_witness), Fault::Type(owned("w2.example")));
        let with_log = format!("witness A {}\nquorum none\n", log().public());
        assert_eq!(fault(&with_log), Fault::Type(owned("log.example/desk")));
        assert!(policy("  # only a comment\n\nquorum none").unwrap().asks_no_witness());
    }

    #[test]
    fn who_is_not_of_the_policy_is_nobody() {
        let policy = TrustPolicy::of(log().public(), 1, &vkeys(2..=3)).unwrap();
        let stranger = note(5).cosigned_by(&witness(9), 1).unwrap();
        let refused = policy.check(&stranger.to_string()).unwrap_err();
        assert_eq!(
            refused,
            TrustError::NoQuorum { size: 5, quorum: "witnesses".to_owned(), seen_by: vec![] }
        );
        assert!(!refused.hint().is_empty());
        let other = SigningKey::from_seed("other.example", &[1; 32]).unwrap();
        let checkpoint = Checkpoint::new("other.example", 5, Hash::empty()).unwrap();
        let other = checkpoint.signed_by(&other).unwrap().to_string();
        assert_eq!(policy.check(&other), Err(TrustError::UnknownLog("other.example".to_owned())));
        let impostor = SigningKey::from_seed("log.example/desk", &[2; 32]).unwrap();
        let impostor =
            Checkpoint::new("log.example/desk", 5, Hash::empty()).unwrap().signed_by(&impostor).unwrap();
        let nobody = TrustError::Checkpoint(CheckpointError::Note(NoteError::NobodyKnown));
        assert_eq!(policy.check(&impostor.to_string()), Err(nobody));
        let seen = policy.check(&note(5).cosigned_by(&witness(3), 77).unwrap().to_string()).unwrap();
        assert_eq!(seen.seen_by, [("w2".to_owned(), 77)]);
    }

    /// C2SP `tlog-proof`: its lines, and that each of them counts.
    #[test]
    fn a_proof_file_is_checked_with_nothing_but_the_policy() {
        let mut tree = Tree::new();
        let leaves: Vec<Hash> = (0..11_u8).map(|number| Hash::leaf(&[number])).collect();
        leaves.iter().for_each(|leaf| tree.append(*leaf));
        let checkpoint = Checkpoint::new("log.example/desk", 11, tree.root_at(11).unwrap()).unwrap();
        let checkpoint =
            checkpoint.signed_by(&log()).unwrap().cosigned_by(&witness(2), 5).unwrap().to_string();
        let policy = TrustPolicy::of(log().public(), 1, &vkeys(2..=2)).unwrap();
        for extra in [None, Some(b"of the entry".to_vec())] {
            let hashes = tree.inclusion(4, 11).unwrap();
            let evidence =
                Evidence { extra: extra.clone(), index: 4, hashes, checkpoint: checkpoint.clone() };
            let text = evidence.to_string();
            assert_eq!(text.lines().next(), Some("c2sp.org/tlog-proof@v1"));
            assert_eq!(
                text.lines().filter(|line| line.starts_with("extra ")).count(),
                usize::from(extra.is_some())
            );
            let read: Evidence = text.parse().unwrap();
            assert_eq!(read, evidence);
            assert!(read.verify(&leaves[4], &policy).is_ok());
            let other = read.verify(&leaves[5], &policy);
            assert_eq!(other, Err(EvidenceError::Proof(ProofError::OtherRoot)));
            for wrong in [
                text.replace("index 4", "index 04"),
                text.replace("index 4\n", ""),
                text.replace("proof@v1", "proof@v2"),
                text.replace("\n\n", "\n"),
                text.replace("index 4", "extra ?\nindex 4"),
            ] {
                assert!(wrong.parse::<Evidence>().is_err(), "{wrong}");
            }
            // Each character altered: read otherwise, or worth nothing.
            for (place, letter) in text.char_indices() {
                let other = if letter == 'A' { "B" } else { "A" };
                let mut altered = text.clone();
                altered.replace_range(place..place + letter.len_utf8(), other);
                let Ok(read) = altered.parse::<Evidence>() else { continue };
                let is_extra = read.extra != extra && read.index == 4;
                assert!(is_extra || read.verify(&leaves[4], &policy).is_err(), "{altered}");
            }
        }
    }
}
