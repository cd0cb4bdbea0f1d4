//! A published log that somebody has altered, in every way that a file can be: found, and named. Beside it a second verifier, written
//! down plainly with other libraries, which must say the same.

#[cfg(test)]
mod log {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use kagimori_ledger::audit::{Audit, Finding, Verdict};
    use kagimori_ledger::epoch::{self, Head};
    use kagimori_ledger::tile::{Growing, WIDTH, bundle, bytes_of};
    use kagimori_ledger::{
        Checkpoint, CosigningKey, Epoch, Hash, SigningKey, Tile, Tree, TrustPolicy, VerifyingKey, published,
    };

    const ORIGIN: &str = "log.example/desk";

    type Files = BTreeMap<String, Vec<u8>>;

    fn log(origin: &str) -> SigningKey {
        SigningKey::from_seed(origin, &[1; 32]).unwrap()
    }

    fn witness(byte: u8) -> CosigningKey {
        CosigningKey::from_seed(&format!("w{byte}.example"), &[byte; 32]).unwrap()
    }

    fn policy_of(origin: &str) -> TrustPolicy {
        let witnesses: Vec<VerifyingKey> = [2, 3].map(|byte| witness(byte).public().clone()).to_vec();
        TrustPolicy::of(log(origin).public(), 2, &witnesses).unwrap()
    }

    fn policy() -> TrustPolicy {
        policy_of(ORIGIN)
    }

    /// Entries that all differ, of different lengths.
    fn entries(count: u64) -> Vec<Vec<u8>> {
        (0..count)
            .map(|number| format!("entry {number}{}", ".".repeat((number % 7) as usize)).into_bytes())
            .collect()
    }

    fn tree(entries: &[Vec<u8>]) -> Tree {
        let mut tree = Tree::new();
        entries.iter().for_each(|entry| tree.append(Hash::leaf(entry)));
        tree
    }

    fn note_of(origin: &str, entries: &[Vec<u8>], size: u64) -> String {
        let checkpoint = Checkpoint::new(origin, size, tree(entries).root_at(size).unwrap()).unwrap();
        let note = checkpoint.signed_by(&log(origin)).unwrap();
        note.cosigned_by(&witness(2), 10).unwrap().cosigned_by(&witness(3), 20).unwrap().to_string()
    }

    fn note(entries: &[Vec<u8>], size: u64) -> String {
        note_of(ORIGIN, entries, size)
    }

    fn published_as(origin: &str, entries: &[Vec<u8>]) -> Files {
        let size = entries.len() as u64;
        let mut files = Files::from([("checkpoint".to_owned(), note_of(origin, entries, size).into_bytes())]);
        let mut growing = Growing::new();
        for entry in entries {
            for (tile, hashes) in growing.append(Hash::leaf(entry)) {
                files.insert(tile.to_string(), bytes_of(&hashes));
            }
        }
        files.extend(growing.partial().map(|(tile, hashes)| (tile.to_string(), bytes_of(hashes))));
        for (index, entries) in (0..).zip(entries.chunks(WIDTH as usize)) {
            let tile = Tile::of_entries(index, size).unwrap();
            files.insert(tile.to_string(), bundle(entries.iter().map(Vec::as_slice)).unwrap());
        }
        files
    }

    fn verdict(policy: &TrustPolicy, files: &Files, kept: &[String]) -> Verdict {
        let kept = kept.iter().map(|note| ("kept", note.as_str()));
        let read = |path: &str| Ok::<_, Infallible>(files.get(path).cloned());
        published::verify(policy, read, kept).unwrap()
    }

    fn names(verdict: &Verdict) -> Vec<&'static str> {
        assert!(verdict.findings.iter().all(|finding| !finding.hint().is_empty()));
        verdict.findings.iter().map(Finding::name).collect()
    }

    fn audited(published: &str, entries: &[Vec<u8>], kept: &[String]) -> Verdict {
        let mut audit = Audit::of(&policy(), published, kept.iter().map(|note| ("kept", note.as_str())));
        entries.iter().for_each(|entry| audit.entry(entry));
        audit.finish()
    }

    #[test]
    fn the_tiles_that_grow_are_those_of_the_tree() {
        for size in [0, 1, 255, 256, 257, 1_000] {
            let entries = entries(size);
            let (files, tree) = (published_as(ORIGIN, &entries), tree(&entries));
            let hashes =
                Tile::all(size).filter_map(|tile| Some((tile.to_string(), bytes_of(&tree.tile(&tile)?))));
            let hashes: Files = hashes.collect();
            let found: Files = files
                .into_iter()
                .filter(|(path, _)| !path.contains("entries") && path != "checkpoint")
                .collect();
            assert!(hashes == found, "{size}");
        }
    }

    #[test]
    fn a_log_that_is_as_it_was_is_clean_at_every_size_of_a_kept_checkpoint() {
        for size in [0, 1, 2, 255, 256, 257, 300, 512] {
            let entries = entries(size);
            let kept: Vec<String> = [0, 1, 17, 256, size]
                .iter()
                .filter(|at| **at <= size)
                .map(|at| note(&entries, *at))
                .collect();
            let verdict = verdict(&policy(), &published_as(ORIGIN, &entries), &kept);
            assert!(verdict.is_clean(), "{size}: {:?}", verdict.findings);
            assert_eq!((verdict.fitting, verdict.head.size), (kept.len(), size));
            assert_eq!(verdict.published.unwrap().seen_by.len(), 2);
        }
    }

    /// Who publishes no longer a partial tile once the full one is there is right, too.
    #[test]
    fn a_tile_that_has_grown_since_stands_for_the_partial_one() {
        let all = entries(600);
        let mut files = published_as(ORIGIN, &all);
        files.insert("checkpoint".to_owned(), note(&all, 400).into_bytes());
        let clean = verdict(&policy(), &files, &[]);
        // The edge of level 1 was published when the log had 400 entries; here it is not any more.
        assert_eq!(clean.findings, [Finding::Missing { path: "tile/1/000.p/1".to_owned() }]);
        let full: Vec<u8> = (0..256_u16).flat_map(|_| [0; 32]).collect();
        files.insert("tile/1/000".to_owned(), full);
        assert_eq!(names(&verdict(&policy(), &files, &[])), ["damaged"], "a full tile that begins otherwise");
    }

    #[test]
    fn each_way_to_alter_a_log_has_its_name() {
        let all = entries(40);
        let published = note(&all, 40);
        let kept = [note(&all, 10), note(&all, 30)];
        assert_eq!(names(&audited(&published, &all, &kept)), Vec::<&str>::new());
        assert_eq!(names(&audited(&published, &all[..39], &kept)), ["truncated"]);
        let longer = [all.as_slice(), &[b"one more".to_vec()]].concat();
        assert_eq!(names(&audited(&published, &longer, &kept)), ["not-covered"]);
        let mut altered = all.clone();
        altered[17] = b"something else".to_vec();
        let found = audited(&published, &altered, &kept);
        assert_eq!(found.findings, [Finding::Rewritten { after: 10, before: 30 }]);
        // All of it written anew and signed, as whoever holds the log's key can: who kept a checkpoint knows.
        let found = audited(&note(&altered, 40), &altered, &kept);
        assert_eq!(found.findings, [Finding::Forked { size: 30, source_name: "kept".to_owned() }]);
        let found = audited(&note(&all, 20), &all[..20], &kept);
        assert_eq!(
            found.findings,
            [Finding::RolledBack { size: 20, had: 30, source_name: "kept".to_owned() }]
        );
        // Rolled back, and grown again to where it was.
        let mut again = all[..20].to_vec();
        again.extend((0..20_u8).map(|number| vec![number]));
        let found = audited(&note(&again, 40), &again, &kept);
        assert_eq!(found.findings, [Finding::Forked { size: 30, source_name: "kept".to_owned() }]);
        // Not seen by the witnesses.
        let alone = Checkpoint::new(ORIGIN, 40, tree(&all).root_at(40).unwrap())
            .unwrap()
            .signed_by(&log(ORIGIN))
            .unwrap();
        assert_eq!(names(&audited(&alone.to_string(), &all, &kept)), ["not-believed"]);
        assert_eq!(names(&audited("", &all, &kept)), ["not-believed"]);
        let stranger = note_of("other.example", &all, 30);
        assert_eq!(names(&audited(&published, &all, &[stranger])), ["not-believed"]);
    }

    fn epoch_of(number: u64, kept: &[Vec<u8>], seen: &[Vec<u8>]) -> Vec<u8> {
        let head = |entries: &[Vec<u8>]| {
            let size = entries.len() as u64;
            Head { size, root: tree(entries).root_at(size).unwrap() }
        };
        Epoch { number, kept: head(kept), seen: head(seen) }.to_string().into_bytes()
    }

    #[test]
    fn what_a_restore_has_lost_is_admitted_by_an_epoch_and_no_more_than_that() {
        let before = entries(40);
        let mut now = before[..30].to_vec();
        now.push(epoch_of(2, &before[..30], &before[..36]));
        now.extend((0..9_u8).map(|number| vec![number]));
        let second = format!("{ORIGIN}/e2");
        let found = |kept: &[String]| {
            let mut audit = Audit::of(
                &policy_of(&second),
                &note_of(&second, &now, 40),
                kept.iter().map(|note| ("kept", note.as_str())),
            );
            now.iter().for_each(|entry| audit.entry(entry));
            audit.finish()
        };
        let all: Vec<String> = [1, 29, 30, 31, 35, 36].iter().map(|size| note(&before, *size)).collect();
        let verdict = found(&all);
        assert_eq!((names(&verdict), verdict.epochs.len(), verdict.fitting), (vec![], 1, 3));
        let silent = found(&[note(&before, 37)]);
        assert_eq!(
            silent.findings,
            [Finding::RolledBack { size: 30, had: 37, source_name: "kept".to_owned() }]
        );
        let mut other = before.clone();
        other[33] = b"another".to_vec();
        assert_eq!(names(&found(&[note(&other, 36)])), ["forked"], "not what was seen");
        other[3] = b"another".to_vec();
        assert_eq!(names(&found(&[note(&other, 20)])), ["forked"], "not what was kept");
        assert_eq!(names(&found(&[note_of(&second, &before, 35)])), ["forked"], "of the new epoch");
        // Back to before the epoch.
        let first = audited(&note(&before, 30), &before[..30], &[note_of(&second, &now, 35)]);
        assert_eq!(names(&first), ["rolled-back"]);
        // Under its old name it goes on as if nothing had been.
        let old = audited(&note(&now, 40), &now, &[]);
        assert_eq!(names(&old), ["epoch"]);
    }

    #[test]
    fn how_an_epoch_was_decided_stands_between_what_was_kept_and_its_entry() {
        let before = entries(40);
        let second = format!("{ORIGIN}/e2");
        let found = |decision: usize, kept: &[String]| {
            let decided: Vec<Vec<u8>> = (0..decision).map(|number| vec![1, number as u8]).collect();
            let mut now = [&before[..30], decided.as_slice()].concat();
            now.push(epoch_of(2, &before[..30], &before[..31]));
            let size = now.len() as u64;
            let kept = kept.iter().map(|note| ("kept", note.as_str()));
            let mut audit = Audit::of(&policy_of(&second), &note_of(&second, &now, size), kept);
            now.iter().for_each(|entry| audit.entry(entry));
            names(&audit.finish())
        };
        let none: Vec<&str> = Vec::new();
        let all = [note(&before, 29), note(&before, 30), note(&before, 31)];
        for decision in [0, 1, 5, 1024] {
            assert_eq!(found(decision, &all), none, "{decision}");
        }
        assert_eq!(found(1025, &all), ["epoch"], "so long nobody decides");
        assert_eq!(found(5, &[note(&before, 32)]), ["rolled-back"], "more was seen than is admitted");
    }

    #[test]
    fn an_epoch_that_was_lost_leaves_a_gap() {
        let before = entries(40);
        let (second, third) = (format!("{ORIGIN}/e2"), format!("{ORIGIN}/e3"));
        let mut lost = before[..30].to_vec();
        lost.push(epoch_of(2, &before[..30], &before[..36]));
        lost.extend(entries(9));
        let mut now = before[..28].to_vec();
        now.push(epoch_of(3, &before[..28], &lost));
        let found = |kept: &[String]| {
            let kept = kept.iter().map(|note| ("kept", note.as_str()));
            let mut audit = Audit::of(&policy_of(&third), &note_of(&third, &now, 29), kept);
            now.iter().for_each(|entry| audit.entry(entry));
            names(&audit.finish())
        };
        let none: Vec<&str> = Vec::new();
        assert_eq!(found(&[note(&before, 28), note(&before, 36), note_of(&second, &lost, 40)]), none);
        let more = [lost.clone(), vec![vec![9]]].concat();
        assert_eq!(found(&[note_of(&second, &more, 41)]), ["rolled-back"]);
    }

    #[test]
    fn a_policy_knows_its_log_by_the_name_of_an_epoch_when_it_is_asked_to() {
        let second = format!("{ORIGIN}/e2");
        let note = note_of(&second, &entries(3), 3);
        assert!(policy_of(ORIGIN).check(&note).is_err());
        let trusted = policy_of(ORIGIN).of_epoch(&note).check(&note).unwrap();
        assert_eq!(trusted.checkpoint.origin(), second);
        let stranger = note_of("other.example/e2", &entries(3), 3);
        assert!(policy_of(ORIGIN).of_epoch(&stranger).check(&stranger).is_err());
    }

    #[test]
    fn an_epoch_that_is_none_is_told() {
        let before = entries(10);
        let audit = |entry: Vec<u8>| {
            let now = [before.as_slice(), &[entry]].concat();
            let second = format!("{ORIGIN}/e2");
            let mut audit = Audit::of(&policy_of(&second), &note_of(&second, &now, 11), []);
            now.iter().for_each(|entry| audit.entry(entry));
            names(&audit.finish())
        };
        let right = epoch_of(2, &before, &entries(12));
        assert_eq!(audit(right.clone()), Vec::<&str>::new());
        assert_eq!(audit(epoch_of(2, &entries(11), &entries(12))), ["epoch"], "more than there is");
        let mut other = before.clone();
        other[2] = vec![];
        assert_eq!(audit(epoch_of(2, &other, &entries(12))), ["epoch"], "other entries");
        assert_eq!(audit(epoch_of(2, &before, &other)), ["epoch"], "another history of the same size");
        assert_eq!(audit(epoch_of(3, &before, &before)), ["epoch"], "not the number of the name");
        // What the log's application has to say of it stands below, after an empty line.
        let with_more = [right.as_slice(), b"\n{}"].concat();
        assert_eq!(audit(with_more), Vec::<&str>::new());
        let text = String::from_utf8(right).unwrap();
        assert_eq!(text.parse::<Epoch>().unwrap().to_string(), text);
        for wrong in [
            text.replace("epoch 2", "epoch 1"),
            text.replace("seen 12", "seen 9"),
            text.clone() + "x\n",
            text.replace("kept 10", "kept 010"),
            text.clone() + "\n",
        ] {
            assert!(wrong.parse::<Epoch>().is_err(), "{wrong}");
            assert_eq!(audit(wrong.into_bytes()), ["epoch", "epoch"]);
        }
        let names = [
            ("a/e2", ("a", 2)),
            ("a/e1", ("a/e1", 1)),
            ("a/e02", ("a/e02", 1)),
            ("/e2", ("/e2", 1)),
            ("a/b/e31", ("a/b", 31)),
        ];
        for (origin, expected) in names {
            assert_eq!(epoch::of_origin(origin), expected);
            assert_eq!(epoch::origin_of(expected.0, expected.1), origin);
        }
    }

    /// The whole of a log's verification once more, plainly: other libraries, another order, no shared code but the bytes.
    fn is_right_plainly(files: &Files, kept: &[String]) -> Option<()> {
        use base64::Engine as _;
        use ed25519_dalek::{Signature, VerifyingKey};
        use sha2::{Digest as _, Sha256};
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).ok();
        let signed = |text: &str, byte: u8| -> Option<(u64, Vec<u8>)> {
            let (body, lines) = text.split_once("\n\n")?;
            let body = format!("{body}\n");
            let lines: Vec<&str> = lines.strip_suffix('\n')?.split('\n').collect();
            let mut have = 0;
            for line in &lines {
                let (name, bytes) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
                let bytes = base64(bytes)?;
                let (id, bytes) = bytes.split_first_chunk::<4>()?;
                for (known, seed, kind) in [(ORIGIN, 1, 1_u8), ("w2.example", 2, 4), ("w3.example", 3, 4)] {
                    let key: VerifyingKey =
                        ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key();
                    let hash = Sha256::digest([known.as_bytes(), b"\n", &[kind], key.as_bytes()].concat());
                    if name != known || *id != hash[..4] {
                        continue;
                    }
                    let (time, bytes) = if kind == 4 { bytes.split_at_checked(8)? } else { (bytes, bytes) };
                    let message = if kind == 4 {
                        format!("cosignature/v1\ntime {}\n{body}", u64::from_be_bytes(time.try_into().ok()?))
                    } else {
                        body.clone()
                    };
                    key.verify_strict(message.as_bytes(), &Signature::from_slice(bytes).ok()?).ok()?;
                    have |= 1 << seed;
                }
            }
            let lines: Vec<&str> = body.strip_suffix('\n')?.split('\n').collect();
            let [ORIGIN, size, root] = lines.as_slice() else { return None };
            (have & byte == byte).then_some((size.parse().ok()?, base64(root)?))
        };
        let leaf = |entry: &[u8]| Sha256::digest([&[0], entry].concat()).to_vec();
        fn root(hashes: &[Vec<u8>]) -> Vec<u8> {
            match hashes {
                [] => Sha256::digest([]).to_vec(),
                [one] => one.clone(),
                many => {
                    let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
                    Sha256::digest([vec![1], root(left), root(right)].concat()).to_vec()
                }
            }
        }
        let (size, expected) = signed(std::str::from_utf8(files.get("checkpoint")?).ok()?, 0b1110)?;
        let mut leaves = Vec::new();
        for (path, held) in [("tile/entries/000", 256), ("tile/entries/001.p/44", 44)] {
            let (mut bytes, mut count) = (files.get(path)?.as_slice(), 0);
            while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
                let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
                leaves.push(leaf(entry));
                (bytes, count) = (rest, count + 1);
            }
            (bytes.is_empty() && count == held).then_some(())?;
        }
        (leaves.len() as u64 == size && root(&leaves) == expected).then_some(())?;
        (*files.get("tile/0/000")? == leaves[..256].concat()).then_some(())?;
        (*files.get("tile/0/001.p/44")? == leaves[256..].concat()).then_some(())?;
        (*files.get("tile/1/000.p/1")? == root(&leaves[..256])).then_some(())?;
        for note in kept {
            let (size, expected) = signed(note, 0b10)?;
            (root(leaves.get(..size as usize)?) == expected).then_some(())?;
        }
        Some(())
    }

    /// How many, when the one who runs the test says so.
    #[expect(clippy::disallowed_methods, reason = "a test asks how long it may take")]
    fn asked_for(name: &str, otherwise: u64) -> u64 {
        std::env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(otherwise)
    }

    /// A generator that needs no library: SplitMix64.
    struct Draws(u64);

    impl Draws {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }

        fn below(&mut self, end: usize) -> usize {
            (self.next() % end.max(1) as u64) as usize
        }
    }

    /// One way to damage a file; `None`: it is as it was.
    fn damaged(draws: &mut Draws, bytes: &[u8]) -> Option<Vec<u8>> {
        let (at, to) = (draws.below(bytes.len()), draws.below(bytes.len()));
        let mut altered = bytes.to_vec();
        match draws.below(8) {
            0..4 => altered[at] ^= 1 << draws.below(8),
            4 => altered.truncate(at),
            5 => altered.swap(at, to),
            6 => {
                let (from, until) = (at.min(to), at.max(to));
                let piece = bytes[from..until].to_vec();
                altered.splice(until..until, piece);
            }
            _ => {
                // Two blocks of a hash's length change places.
                let (a, b) = (at / 32 * 32, to / 32 * 32);
                if a + 32 > b || b + 32 > bytes.len() {
                    return None;
                }
                let (before, after) = altered.split_at_mut(b);
                before[a..a + 32].swap_with_slice(&mut after[..32]);
            }
        }
        (altered != bytes).then_some(altered)
    }

    /// `KAGIMORI_TAMPER` ways to damage a log, 250 unless told otherwise; `scripts/check-ledger` asks for 1,000,000.
    #[test]
    fn whatever_is_altered_is_found_and_nothing_else_is() {
        let count = asked_for("KAGIMORI_TAMPER", 250);
        let seed = asked_for("KAGIMORI_SEED", 1);
        let entries = entries(300);
        let (files, policy) = (published_as(ORIGIN, &entries), policy());
        let kept = vec![note(&entries, 100), note(&entries, 256), note(&entries, 300)];
        assert_eq!(is_right_plainly(&files, &kept), Some(()));
        let paths: Vec<&String> = files.keys().collect();
        let mut draws = Draws(seed);
        let mut done = 0;
        while done < count {
            let (mut files, mut kept) = (files.clone(), kept.clone());
            let place = draws.below(paths.len() + 2);
            let what = match paths.get(place) {
                Some(path) => {
                    let Some(altered) = damaged(&mut draws, &files[*path]) else { continue };
                    files.insert((*path).clone(), altered);
                    (*path).clone()
                }
                None => {
                    let which = draws.below(kept.len());
                    let Some(altered) = damaged(&mut draws, kept[which].as_bytes()) else { continue };
                    kept[which] = String::from_utf8_lossy(&altered).into_owned();
                    "a kept checkpoint".to_owned()
                }
            };
            // A line of a signature twice, or two lines that changed places, is the same statement: then the second verifier must say so, too.
            let is_of_lines = what == "checkpoint" || what == "a kept checkpoint";
            let is_clean = verdict(&policy, &files, &kept).is_clean();
            assert!(
                !is_clean || is_of_lines && is_right_plainly(&files, &kept).is_some(),
                "way {done} of seed {seed}: {what} was altered and is clean"
            );
            done += 1;
        }
    }

    /// `KAGIMORI_CLEAN` logs of different sizes, 40 unless told otherwise: no false alarm.
    #[test]
    fn what_was_not_altered_is_clean() {
        let count = asked_for("KAGIMORI_CLEAN", 40_u64);
        let policy = policy();
        let mut draws = Draws(7);
        for _ in 0..count {
            let size = draws.below(if count > 1_000 { 40 } else { 300 }) as u64;
            let entries: Vec<Vec<u8>> =
                (0..size).map(|_| draws.next().to_be_bytes()[..draws.below(9)].to_vec()).collect();
            let kept = [note(&entries, draws.below(size as usize + 1) as u64)];
            let verdict = verdict(&policy, &published_as(ORIGIN, &entries), &kept);
            assert!(verdict.is_clean(), "{size}: {:?}", verdict.findings);
        }
    }

    /// Of entries: every truncation, every swap of neighbours, every duplicate, every one left out.
    #[test]
    fn every_truncation_swap_and_duplicate_of_entries_is_found() {
        let all = entries(40);
        let published = note(&all, 40);
        for at in 0..40 {
            assert!(!audited(&published, &all[..at], &[]).is_clean());
            let mut without = all.clone();
            without.remove(at);
            assert!(!audited(&published, &without, &[]).is_clean());
            let mut twice = all.clone();
            twice.insert(at, all[at].clone());
            assert!(!audited(&published, &twice, &[]).is_clean());
            for to in at + 1..40 {
                let mut swapped = all.clone();
                swapped.swap(at, to);
                assert!(!audited(&published, &swapped, &[]).is_clean());
            }
        }
    }
}
