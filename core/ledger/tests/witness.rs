//! The witness beside the answers that C2SP `tlog-witness` asks for, and beside a fork, a roll-back and a race.

#[cfg(test)]
mod witness {
    use kagimori_ledger::witness::{Answer, REQUEST_MAX, Records, request, taken};
    use kagimori_ledger::{
        Checkpoint, CosigningKey, Hash, Note, SigningKey, Tree, TrustPolicy, VerifyingKey, Witness,
    };

    const ORIGIN: &str = "log.example/desk";

    fn log() -> SigningKey {
        SigningKey::from_seed(ORIGIN, &[1; 32]).unwrap()
    }

    fn key() -> CosigningKey {
        CosigningKey::from_seed("w.example", &[2; 32]).unwrap()
    }

    fn witness() -> Witness {
        Witness::new(key(), [log().public().clone()])
    }

    fn tree(leaves: &[u8]) -> Tree {
        let mut tree = Tree::new();
        leaves.iter().for_each(|leaf| tree.append(Hash::leaf(&[*leaf])));
        tree
    }

    fn note(tree: &Tree, size: u64) -> Note {
        let checkpoint = Checkpoint::new(ORIGIN, size, tree.root_at(size).unwrap()).unwrap();
        checkpoint.signed_by(&log()).unwrap()
    }

    fn asked(tree: &Tree, old: u64, size: u64) -> String {
        request(old, &tree.consistency(old, size).unwrap(), &note(tree, size))
    }

    fn ask(records: &mut Records, body: &str) -> Answer {
        witness().add_checkpoint(records, body.as_bytes(), 1_700_000_000)
    }

    fn seen(tree: &Tree, size: u64) -> Records {
        let mut records = Records::default();
        assert_eq!(ask(&mut records, &asked(tree, 0, size)).status, 200);
        records
    }

    #[test]
    fn what_only_grew_is_cosigned_stored_and_told_to_monitors() {
        let tree = tree(&[0, 1, 2, 3, 4, 5, 6]);
        let mut records = Records::default();
        let policy = TrustPolicy::of(log().public(), 1, &[key().public().clone()]).unwrap();
        let mut old = 0;
        for size in [0, 0, 1, 4, 4, 7] {
            let checkpoint = note(&tree, size);
            let answer = ask(&mut records, &asked(&tree, old, size));
            assert_eq!(
                (answer.status, answer.content_type),
                (200, "text/plain; charset=utf-8"),
                "{old} {size}"
            );
            let cosigned = taken(&checkpoint, &answer.body, &[key().public().clone()]).unwrap();
            let trusted = policy.check(&cosigned.to_string()).unwrap();
            assert_eq!(trusted.seen_by, [("w1".to_owned(), 1_700_000_000)]);
            let (name, stored) = answer.store.unwrap();
            assert_eq!(stored, cosigned.to_string());
            let path = format!("/{name}/checkpoint");
            assert_eq!(witness().answer(&mut records, "GET", &path, b"", 1).body, stored);
            let mut restored = Records::default();
            witness().restore(&mut restored, &name, &stored).unwrap();
            assert_eq!(restored, records);
            old = size;
        }
    }

    #[test]
    fn each_refusal_has_its_status_and_changes_nothing() {
        let (right, forked) = (tree(&[0, 1, 2, 3, 4, 5]), tree(&[0, 1, 9, 3, 4, 5]));
        let valid = asked(&right, 3, 5);
        let stranger = SigningKey::from_seed("other.example", &[1; 32]).unwrap();
        let unknown = Checkpoint::new("other.example", 5, right.root_at(5).unwrap())
            .unwrap()
            .signed_by(&stranger)
            .unwrap();
        let impostor = SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap();
        let unsigned =
            Checkpoint::new(ORIGIN, 5, right.root_at(5).unwrap()).unwrap().signed_by(&impostor).unwrap();
        let proof = right.consistency(3, 5).unwrap();
        let forged = valid.replace("\n5\n", "\n6\n");
        let cases: Vec<(u16, &str, String)> = vec![
            (404, "an origin that is not known", request(3, &proof, &unknown)),
            (403, "no signature of the log", request(3, &proof, &unsigned)),
            (403, "a signature of another text", forged),
            (400, "the old size is larger", request(6, &[], &note(&right, 5))),
            (400, "the old size is larger, and not what is recorded", request(7, &[], &note(&right, 6))),
            (409, "a race: somebody was first", asked(&right, 2, 5)),
            (409, "the log has rolled back", request(2, &[], &note(&right, 2))),
            (409, "who knows nothing asks so", request(0, &[], &note(&right, 5))),
            (422, "a fork", request(3, &forked.consistency(3, 5).unwrap(), &note(&forked, 5))),
            (422, "a fork of the same size", request(3, &[], &note(&forked, 3))),
            (422, "a proof of another pair", request(3, &right.consistency(2, 5).unwrap(), &note(&right, 5))),
            (422, "no proof", request(3, &[], &note(&right, 5))),
            (422, "a proof where none is", request(3, &proof, &note(&right, 3))),
            (400, "no old line", valid.replace("old 3\n", "")),
            (400, "a leading zero", valid.replace("old 3", "old 03")),
            (400, "a sign", valid.replace("old 3", "old +3")),
            (400, "no empty line", valid.replace("\n\n", "\n")),
            (400, "a hash that is none", valid.replace("old 3\n", "old 3\nAAAA\n")),
            (400, "64 hashes", request(3, &[Hash::empty(); 64], &note(&right, 5))),
            (413, "too long", "x".repeat(REQUEST_MAX + 1)),
        ];
        for (status, what, body) in cases {
            let before = seen(&right, 3);
            let mut records = before.clone();
            let answer = ask(&mut records, &body);
            assert_eq!(answer.status, status, "{what}: {}", answer.body);
            assert_eq!((answer.store, &records), (None, &before), "{what}");
            let is_size = answer.content_type == "text/x.tlog.size";
            assert_eq!(is_size, status == 409, "{what}");
            if is_size {
                assert_eq!(answer.body, "3\n", "{what}");
            }
        }
        assert_eq!(ask(&mut seen(&right, 3), &valid).status, 200, "the request that the others are made of");
        let empty = Checkpoint::new(ORIGIN, 0, Hash::leaf(b"")).unwrap().signed_by(&log()).unwrap();
        assert_eq!(
            ask(&mut Records::default(), &request(0, &[], &empty)).status,
            422,
            "an empty log of another root"
        );
        let first = request(0, &[Hash::empty()], &note(&right, 3));
        assert_eq!(ask(&mut Records::default(), &first).status, 422, "a proof from nothing");
        assert_eq!(witness().add_checkpoint(&mut Records::default(), b"\xff", 1).status, 400);
        assert_eq!(
            witness().add_checkpoint(&mut seen(&right, 3), valid.as_bytes(), 0).status,
            500,
            "no clock"
        );
    }

    /// Two requests that were both right when they were made: the second is told so, whichever it is.
    #[test]
    fn of_two_requests_one_wins_and_nothing_is_rolled_back() {
        let tree = tree(&[0, 1, 2, 3, 4, 5]);
        for (first, second) in [(4, 6), (6, 4)] {
            let mut records = seen(&tree, 3);
            assert_eq!(ask(&mut records, &asked(&tree, 3, first)).status, 200);
            let late = ask(&mut records, &asked(&tree, 3, second));
            assert_eq!((late.status, late.body), (409, format!("{first}\n")));
            assert!(records.of(ORIGIN).unwrap().contains(&format!("\n{first}\n")));
        }
    }

    #[test]
    fn a_record_that_was_altered_is_not_taken_for_none() {
        let tree = tree(&[0, 1, 2]);
        let records = seen(&tree, 3);
        let (name, stored) = (Witness::record_name(ORIGIN), records.of(ORIGIN).unwrap());
        let restored = |name: &str, note: &str| witness().restore(&mut Records::default(), name, note);
        assert_eq!(restored(&name, stored), Ok(()));
        let error = restored(&"0".repeat(64), stored).unwrap_err();
        assert!(error.to_string().contains("of the log") && !error.hint().is_empty());
        for (place, letter) in stored.char_indices() {
            let mut altered = stored.to_owned();
            altered.replace_range(place..place + letter.len_utf8(), if letter == 'x' { "y" } else { "x" });
            let is_in_the_logs_own_line = stored.lines().nth(4).is_some_and(|line| {
                let start = stored.find(line).unwrap();
                (start..start + line.len()).contains(&place)
            });
            assert!(is_in_the_logs_own_line || restored(&name, &altered).is_err(), "{altered}");
            assert!(restored(&name, stored.get(..place).unwrap()).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn a_witnesss_answer_brings_nothing_but_cosignatures_of_known_witnesses() {
        let tree = tree(&[0, 1, 2]);
        let checkpoint = note(&tree, 3);
        let line = |key: &CosigningKey, time: u64| {
            checkpoint.clone().cosigned_by(key, time).unwrap().signatures().last().unwrap().to_string() + "\n"
        };
        let known = [key().public().clone()];
        let other = CosigningKey::from_seed("other.example", &[3; 32]).unwrap();
        let both = line(&other, 9) + &line(&key(), 9);
        let one: Note = taken(&checkpoint, &both, &known).unwrap();
        assert_eq!(one.signatures().len(), 2, "{one}");
        let again = taken(&one, &line(&key(), 12), &known).unwrap();
        assert_eq!(again.signatures().len(), 2, "the later takes the place of the earlier");
        assert_eq!(again.cosignatures(&known).unwrap().first().unwrap().1, 12);
        for nothing in [line(&other, 9), String::new(), "409\n".to_owned(), format!("x\n\n{both}")] {
            assert!(taken(&checkpoint, &nothing, &known).is_err(), "{nothing}");
        }
        let of_another =
            note(&tree, 2).cosigned_by(&key(), 9).unwrap().signatures().last().unwrap().to_string();
        assert!(taken(&checkpoint, &(of_another + "\n"), &known).is_err());
    }

    #[test]
    fn other_paths_are_not_there() {
        let mut records = seen(&tree(&[0]), 1);
        let name = Witness::record_name(ORIGIN);
        let asked = [
            ("GET", "/add-checkpoint".to_owned()),
            ("POST", "/sign-subtree".to_owned()),
            ("GET", format!("/{}/checkpoint", name.to_uppercase())),
            ("GET", "/checkpoint".to_owned()),
            ("PUT", format!("/{name}/checkpoint")),
        ];
        for (method, path) in asked {
            assert_eq!(witness().answer(&mut records, method, &path, b"", 1).status, 404, "{method} {path}");
        }
        let keys: Vec<VerifyingKey> = vec![log().public().clone()];
        assert_eq!(Witness::new(key(), keys).public(), key().public());
    }
}
