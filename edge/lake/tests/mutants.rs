//! Readers on changed bytes: whatever comes, it is read, named or refused; nothing panics and nothing is endless.
//!
//! A thousand of each with `cargo test`; more with `KAGIMORI_MUTANTS=20000 cargo test --release -p kagimori-lake --test mutants`.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::{Path, PathBuf};

    use kagimori_lake::ingest::{Options, ingest};
    use kagimori_lake::{Lake, read_trail};
    use kagimori_trail::call::Call;
    use kagimori_trail::selection::Selection;

    fn mutants() -> u64 {
        std::env::var("KAGIMORI_MUTANTS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
    }

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mutants-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("trail")).unwrap();
        fs::canonicalize(folder).unwrap()
    }

    /// Numbers that look random and are the same on every run (Steele and others, SplitMix64).
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self, below: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) % below.max(1) as u64) as usize
        }
    }

    /// The bytes with a few of them changed, cut out, doubled or cut off.
    fn mutant(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
        let mut mutant = bytes.to_vec();
        for _ in 0..=numbers.next(4) {
            let at = numbers.next(mutant.len());
            let end = (at + numbers.next(16)).min(mutant.len());
            match numbers.next(6) {
                0 => mutant.truncate(at),
                1 => drop(mutant.drain(at..end)),
                2 => {
                    let copy = mutant[at..end].to_vec();
                    mutant.splice(at..at, copy);
                }
                3 => mutant
                    .splice(at..at, [b'[', b'{', b'"', 0xff][..1 + numbers.next(4)].to_vec())
                    .for_each(drop),
                _ if mutant.is_empty() => {}
                _ => mutant[at.min(end.saturating_sub(1))] = numbers.next(256) as u8,
            }
        }
        mutant
    }

    fn event(id: u32) -> String {
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u{id}","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"u"}},"eventTime":"2026-03-01T12:00:{:02}Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","userAgent":"aws-cli/2","requestParameters":{{"bucketName":"tide","key":"k{id}"}},"eventID":"e{id}","eventType":"AwsApiCall","readOnly":true,"recipientAccountId":"111122223333","sharedEventID":"s{id}"}}"#,
            id % 60
        )
    }

    fn records() -> String {
        let events: Vec<String> = (0..6).map(event).collect();
        format!(r#"{{"Records":[{}]}}"#, events.join(","))
    }

    fn forms() -> Vec<Vec<u8>> {
        let text = records();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let lookup = serde_json::json!({ "Events": [{ "CloudTrailEvent": event(1) }, { "CloudTrailEvent": event(2) }] });
        let rows = serde_json::json!({ "QueryResultRows": [[{ "eventJson": event(1) }]] });
        let csv = format!("eventID,eventJson\nx,\"{}\"\n", event(1).replace('"', "\"\""));
        let bridge = format!(r#"[{{"detail-type":"AWS API Call via CloudTrail","detail":{}}}]"#, event(1));
        vec![
            text.clone().into_bytes(),
            gzip.finish().unwrap(),
            zstd::encode_all(text.as_bytes(), 1).unwrap(),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            lookup.to_string().into_bytes(),
            rows.to_string().into_bytes(),
            csv.into_bytes(),
            bridge.into_bytes(),
            format!("2026-03-01T00:00:02.000Z {}\n", event(1)).into_bytes(),
        ]
    }

    #[test]
    fn trail_files() {
        let root = folder("files");
        let (forms, mut numbers) = (forms(), Numbers(1));
        let file = root.join("trail/mutant");
        for n in 0..mutants() {
            let form = &forms[n as usize % forms.len()];
            fs::write(&file, mutant(form, &mut numbers)).unwrap();
            let reading = read_trail(&root.join("trail"), &root, &Selection::default(), &|_| ());
            assert!(reading.usage.totals.events <= 20, "{n}");
        }
    }

    #[test]
    fn parts_of_a_lake() {
        let root = folder("parts");
        fs::write(root.join("trail/1.json"), records()).unwrap();
        ingest(&root.join("lake"), &[root.join("trail")], &root, &Options::default(), &|_| ()).unwrap();
        let lake = Lake::open(&root.join("lake")).unwrap().unwrap();
        let mut numbers = Numbers(2);
        for set in ["events", "daily_actions", "daily_places"] {
            let day = root.join("lake").join(set).join("day=2026-03-01");
            let part = fs::read_dir(day).unwrap().next().unwrap().unwrap().path();
            let bytes = fs::read(&part).unwrap();
            for _ in 0..mutants() / 3 {
                fs::write(&part, mutant(&bytes, &mut numbers)).unwrap();
                // An answer or an error; never a panic.
                let _ = lake.usage(&Selection::default());
                let _ = lake.calls(&Selection::default(), || 0_u64, |count, _: &Call| *count += 1);
            }
            fs::write(&part, bytes).unwrap();
        }
        assert_eq!(lake.usage(&Selection::default()).unwrap().totals.events, 6);
    }
}
