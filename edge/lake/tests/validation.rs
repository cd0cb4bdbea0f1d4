//! Log file validation of downloaded files: what is valid, changed, missing, not covered, forged, and where digests are
//! missing. The digests are in `tests/digests/`.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use kagimori_id::hex;
    use kagimori_lake::Validation;
    use kagimori_lake::ingest::{Options, ingest};
    use sha2::{Digest, Sha256};

    fn digests() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/digests")
    }

    fn log(id: &str) -> String {
        format!(
            r#"{{"Records":[{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u","accountId":"111122223333","userName":"u"}},"eventTime":"2026-03-01T00:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","eventID":"{id}","recipientAccountId":"111122223333"}}]}}"#
        )
    }

    fn log_name(minutes: &str) -> String {
        format!("111122223333_CloudTrail_us-east-1_20260301T00{minutes}Z_ABCDEFGHIJKLMNOP.json")
    }

    /// A directory with the three digests and their log files.
    fn trail(name: &str) -> PathBuf {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("validation-{name}"));
        let _ = fs::remove_dir_all(&root);
        let (logs, digest) = (root.join("trail/CloudTrail"), root.join("trail/CloudTrail-Digest"));
        fs::create_dir_all(&logs).unwrap();
        fs::create_dir_all(&digest).unwrap();
        for (minutes, id) in [("05", "a"), ("10", "b"), ("15", "c")] {
            fs::write(logs.join(log_name(minutes)), log(id)).unwrap();
        }
        for name in ["one.json", "two.json", "three.json", "three.json.signature"] {
            fs::copy(digests().join(name), digest.join(name)).unwrap();
        }
        root
    }

    fn validate(root: &Path, keys: bool) -> Validation {
        let options =
            Options { public_keys: keys.then(|| digests().join("public-keys.json")), ..Options::default() };
        ingest(&root.join("lake"), &[root.join("trail")], root, &options, &|_| ()).unwrap().validation
    }

    #[test]
    fn all_is_well_and_an_hour_is_missing() {
        let root = trail("well");
        let validation = validate(&root, true);
        assert_eq!((validation.digests, validation.valid, validation.not_covered), (3, 3, 0));
        assert_eq!((validation.signed, validation.unsigned), (3, 0));
        assert_eq!(
            (&validation.changed, &validation.missing, &validation.forged),
            (&vec![], &vec![], &vec![])
        );
        assert_eq!(
            validation.gaps,
            ["111122223333 us-east-1: from 2026-03-01T02:00:00Z to 2026-03-01T03:00:00Z"]
        );
        let without = validate(&trail("no-keys"), false);
        assert_eq!((without.signed, without.unsigned, without.forged.len()), (0, 3, 0));
    }

    #[test]
    fn a_changed_a_missing_and_an_uncovered_file() {
        let root = trail("changed");
        let logs = root.join("trail/CloudTrail");
        fs::write(logs.join(log_name("05")), log("a").replace("DescribeInstances", "StopLogging")).unwrap();
        fs::remove_file(logs.join(log_name("10"))).unwrap();
        fs::write(logs.join(log_name("55")), log("d")).unwrap();
        let validation = validate(&root, true);
        assert_eq!(validation.changed, [format!("trail/CloudTrail/{}", log_name("05"))]);
        assert_eq!(validation.missing.len(), 1);
        assert!(validation.missing[0].ends_with("20260301T0010Z_ABCDEFGHIJKLMNOP.json.gz"));
        assert_eq!((validation.valid, validation.not_covered), (1, 1));
    }

    #[test]
    fn files_that_were_read_before_their_digest_came_are_judged_then() {
        let root = trail("late");
        let digest = root.join("trail/CloudTrail-Digest");
        fs::rename(&digest, root.join("later")).unwrap();
        let before = validate(&root, true);
        assert_eq!((before.digests, before.valid, before.not_covered), (0, 0, 3));
        fs::rename(root.join("later"), &digest).unwrap();
        assert_eq!((validate(&root, true).valid, validate(&root, true).not_covered), (3, 0));
    }

    /// With the size and the time of the one that was changed, as `aws s3 cp` gives it.
    #[test]
    fn a_changed_file_that_was_fetched_again_is_valid() {
        let root = trail("mended");
        let path = root.join("trail/CloudTrail").join(log_name("05"));
        let (good, time) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
        let write = |content: &[u8]| {
            fs::write(&path, content).unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        };
        write(log("a").replace("DescribeInstances", "TerminateInstance").as_bytes());
        assert_eq!((validate(&root, true).changed.len(), validate(&root, true).changed.len()), (1, 1));
        let batches = || fs::read_dir(root.join("lake/_kagimori/batches")).unwrap().count();
        let before = batches();
        validate(&root, true);
        assert_eq!(batches(), before, "what is as it was is not read again");
        write(&good);
        let validation = validate(&root, true);
        assert_eq!((validation.valid, validation.changed.len()), (3, 0));
        assert_eq!(validate(&root, true).valid, 3);
    }

    /// A digest that somebody laid beside the real one cannot make a log file valid, whichever of them is read last.
    #[test]
    fn of_digests_that_contradict_each_other_none_makes_a_file_valid() {
        for name in ["0.json", "zzz.json"] {
            let root = trail(&format!("contradicting-{name}"));
            let path = root.join("trail/CloudTrail").join(log_name("05"));
            fs::write(&path, log("a").replace("DescribeInstances", "StopLogging")).unwrap();
            let digests = root.join("trail/CloudTrail-Digest");
            let real = fs::read_to_string(digests.join("one.json")).unwrap();
            let hash = |content: &[u8]| hex(&Sha256::digest(content));
            let (was, is) = (hash(log("a").as_bytes()), hash(&fs::read(&path).unwrap()));
            assert!(real.contains(&was), "the digest names its hash");
            fs::write(digests.join(name), real.replace(&was, &is)).unwrap();
            assert_eq!(validate(&root, true).changed.len(), 1, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_beside_a_digest_is_no_signature() {
        let root = trail("pipe");
        let signature = root.join("trail/CloudTrail-Digest/three.json.signature");
        fs::remove_file(&signature).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&signature).status().unwrap().success());
        assert_eq!(validate(&root, true).unsigned, 1);
    }

    #[test]
    fn forged_digests() {
        let replace = |root: &Path, name: &str, from: &str, to: &str| {
            let path = root.join("trail/CloudTrail-Digest").join(name);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{from}");
            fs::write(path, text.replacen(from, to, 1)).unwrap();
        };
        let root = trail("forged-log");
        replace(&root, "one.json", r#"{"s3Bucket":"logs""#, r#"{"s3Bucket":"other""#);
        assert_eq!(validate(&root, true).forged, ["trail/CloudTrail-Digest/one.json"]);
        assert_eq!(validate(&trail("forged-log"), false).forged.len(), 0);
        let root = trail("forged-signature");
        let signature = root.join("trail/CloudTrail-Digest/three.json.signature");
        let text = fs::read_to_string(&signature).unwrap();
        // another first digit, still hex
        let digit = if text.starts_with('0') { '1' } else { '0' };
        fs::write(&signature, format!("{digit}{}", text.get(1..).unwrap())).unwrap();
        assert_eq!(validate(&root, true).forged, ["trail/CloudTrail-Digest/three.json"]);
        fs::write(&signature, "no hex").unwrap();
        assert_eq!(validate(&root, true).forged, ["trail/CloudTrail-Digest/three.json"]);
    }
}
