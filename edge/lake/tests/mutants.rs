//! Readers on changed bytes: whatever comes, it is read, named or refused; nothing panics and nothing is endless.
//!
//! A thousand of each with `cargo test`; more, and others, with `KAGIMORI_MUTANTS=20000 KAGIMORI_SEED=2`. `scripts/check-mutants` asks
//! the whole program.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::{Path, PathBuf};

    use kagimori_lake::ingest::{Options, ingest};
    use kagimori_lake::{Lake, read_trail};
    use kagimori_testkit::mutants::{Numbers, count, mutant, seed};
    use kagimori_trail::call::Call;
    use kagimori_trail::selection::Selection;

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mutants-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("trail")).unwrap();
        fs::canonicalize(folder).unwrap()
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
        let (forms, mut numbers) = (forms(), Numbers(seed()));
        let file = root.join("trail/mutant");
        for n in 0..count(1_000) {
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
        let mut numbers = Numbers(seed() + 1);
        for set in ["events", "daily_actions", "daily_places", "daily_origins"] {
            let day = root.join("lake").join(set).join("day=2026-03-01");
            let part = fs::read_dir(day).unwrap().next().unwrap().unwrap().path();
            let bytes = fs::read(&part).unwrap();
            for _ in 0..count(1_000) / 4 {
                fs::write(&part, mutant(&bytes, &mut numbers)).unwrap();
                // An answer or an error; never a panic.
                let _ = lake.usage(&Selection::default());
                let _ = lake.history(&Selection::default());
                let _ = lake.calls(&Selection::default(), || 0_u64, |count, _: &Call| *count += 1);
            }
            fs::write(&part, bytes).unwrap();
        }
        assert_eq!(lake.usage(&Selection::default()).unwrap().totals.events, 6);
    }
}
