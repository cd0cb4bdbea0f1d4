//! The fictional company: the same bytes from the same seed, whole, consistent, and as AWS would write it.

#[cfg(test)]
mod shiosai {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::io::Read as _;
    use std::path::{Path, PathBuf};

    use kagimori_testkit::{Options, generate, planted};
    use serde_json::{Deserializer, Value};

    type Files = BTreeMap<String, Vec<u8>>;

    fn committed() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/shiosai")
    }

    fn company() -> Files {
        generate(&Options::default())
    }

    fn list(folder: &Path, root: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                list(&path, root, names);
            } else {
                names.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }

    fn values(bytes: &[u8]) -> Vec<Value> {
        Deserializer::from_slice(bytes).into_iter().map(Result::unwrap).collect()
    }

    fn events(files: &Files) -> Vec<Value> {
        let mut events = Vec::new();
        for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("trail/")) {
            let mut text = String::new();
            flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
            let mut file: Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            events.append(file["Records"].as_array_mut().unwrap());
        }
        events
    }

    /// ARNs of users and roles, and access keys with their user, that the snapshots know.
    fn known(files: &Files) -> (BTreeSet<String>, BTreeMap<String, String>) {
        let (mut arns, mut keys) = (BTreeSet::new(), BTreeMap::new());
        for (path, bytes) in files {
            if path.ends_with("/authorization-details.json") {
                let details: Value = serde_json::from_slice(bytes).unwrap();
                for list in ["UserDetailList", "RoleDetailList"] {
                    let entries = details[list].as_array().unwrap();
                    arns.extend(entries.iter().map(|entry| entry["Arn"].as_str().unwrap().to_owned()));
                }
            }
            if path.ends_with("/access-keys.json") {
                for key in values(bytes).iter().flat_map(|page| page["AccessKeyMetadata"].as_array().unwrap())
                {
                    let [id, user] =
                        ["AccessKeyId", "UserName"].map(|name| key[name].as_str().unwrap().to_owned());
                    keys.insert(id, user);
                }
            }
        }
        (arns, keys)
    }

    #[test]
    fn the_committed_files_are_what_the_seed_gives() {
        let root = committed();
        let mut there = BTreeSet::from(["kagimori.toml".to_owned()]);
        for folder in ["snapshots", "resource-policies", "trail"] {
            list(&root.join(folder), &root, &mut there);
        }
        let company = company();
        let made: BTreeSet<String> = company.keys().cloned().collect();
        assert_eq!(there, made, "files: run the shiosai program again");
        for (path, bytes) in &company {
            assert!(
                fs::read(root.join(path)).unwrap() == *bytes,
                "{path} differs: run the shiosai program again"
            );
        }
    }

    #[test]
    fn all_committed_files_together_stay_under_five_megabytes() {
        let bytes: usize = company().values().map(Vec::len).sum();
        assert!(bytes < 5_000_000, "{bytes}");
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let company = company();
        assert!(company == self::company());
        let other = generate(&Options { seed: 7, ..Options::default() });
        let details = "snapshots/222233334444/authorization-details.json";
        assert_ne!(company[details], other[details]);
        assert_ne!(
            company.keys().collect::<Vec<_>>(),
            other.keys().collect::<Vec<_>>(),
            "names of trail files"
        );
    }

    #[test]
    fn it_is_as_large_as_asked() {
        let (arns, keys) = known(&company());
        let count = |part: &str| arns.iter().filter(|arn| arn.contains(part)).count();
        // One user was deleted after the credential report was made.
        assert_eq!((count(":user/"), count(":role/")), (119, 200));
        assert!(keys.len() > 70, "{}", keys.len());
        let events = events(&company()).len();
        assert!((25_000..35_000).contains(&events), "{events}");
    }

    #[test]
    fn every_json_file_can_be_read_and_is_printed_as_the_cli_does() {
        for (path, bytes) in company().iter().filter(|(path, _)| path.ends_with(".json")) {
            let text = std::str::from_utf8(bytes).unwrap();
            if path.ends_with("777788889999/password-policy.json") {
                assert!(text.contains("(NoSuchEntity)"), "{text}");
                continue;
            }
            assert!(!values(bytes).is_empty(), "{path}");
            assert!(text.starts_with("{\n    \"") && text.ends_with("}\n"), "{path}");
        }
    }

    #[test]
    fn every_caller_exists_and_no_key_is_used_after_its_last_use() {
        let company = company();
        let (arns, keys) = known(&company);
        let mut last: BTreeMap<String, String> = BTreeMap::new();
        for event in events(&company) {
            let identity = &event["userIdentity"];
            let time = event["eventTime"].as_str().unwrap().to_owned();
            assert!(time.as_str() < "2026-11-01", "{event}");
            let arn = match identity["type"].as_str() {
                Some("IAMUser") => identity["arn"].as_str().unwrap(),
                Some("AssumedRole") => identity["sessionContext"]["sessionIssuer"]["arn"].as_str().unwrap(),
                Some("Root" | "AWSAccount") | None => continue,
                Some(other) => panic!("{other}"),
            };
            assert!(arns.contains(arn), "{event}");
            let key = identity["accessKeyId"].as_str().unwrap();
            if key.starts_with("AKIA") {
                assert_eq!(keys.get(key).map(String::as_str), identity["userName"].as_str(), "{event}");
                let newest = last.entry(key.to_owned()).or_default();
                *newest = newest.clone().max(time);
            }
        }
        for (path, bytes) in company.iter().filter(|(path, _)| path.contains("/access-key-last-used/")) {
            let answer: Value = serde_json::from_slice(bytes).unwrap();
            let id = path.rsplit('/').next().unwrap().trim_end_matches(".json");
            let told = answer["AccessKeyLastUsed"]["LastUsedDate"]
                .as_str()
                .unwrap_or_default()
                .replace("+00:00", "Z");
            assert!(last.get(id).is_none_or(|time| *time <= told), "{path}: {told}");
        }
    }

    #[test]
    fn role_sessions_come_from_an_assume_role_with_mfa() {
        let events = events(&company());
        let text = |event: &Value, path: &str| {
            event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let handed_out: BTreeSet<String> =
            events.iter().map(|event| text(event, "/responseElements/credentials/accessKeyId")).collect();
        let mut sessions = 0;
        for event in &events {
            let role = text(event, "/userIdentity/sessionContext/sessionIssuer/userName");
            if role == "Developer" || role == "ReadOnly" {
                assert!(handed_out.contains(&text(event, "/userIdentity/accessKeyId")), "{event}");
                sessions += 1;
            }
        }
        assert!(sessions > 1_000, "{sessions}");
        let assumed = events.iter().filter(|event| event["eventName"] == "AssumeRole");
        let with_mfa = assumed
            .filter(|event| event["userIdentity"]["type"] == "IAMUser")
            .all(|event| text(event, "/userIdentity/sessionContext/attributes/mfaAuthenticated") == "true");
        assert!(with_mfa);
    }

    #[test]
    fn copies_share_an_id_and_a_few_events_come_twice() {
        let (mut ids, mut twice, mut shared) = (BTreeSet::new(), 0, BTreeMap::<String, usize>::new());
        for event in events(&company()) {
            if !ids.insert(event["eventID"].as_str().unwrap().to_owned()) {
                twice += 1;
            } else if let Some(id) = event["sharedEventID"].as_str() {
                *shared.entry(id.to_owned()).or_default() += 1;
            }
        }
        assert!(twice > 10, "{twice}");
        assert!(shared.len() > 300 && shared.values().all(|copies| *copies == 2), "{}", shared.len());
    }

    #[test]
    fn texts_are_such_that_aws_would_take_them() {
        for (path, bytes) in company().iter().filter(|(path, _)| path.ends_with("authorization-details.json"))
        {
            let details: Value = serde_json::from_slice(bytes).unwrap();
            for list in ["UserDetailList", "RoleDetailList"] {
                for tag in details[list]
                    .as_array()
                    .unwrap()
                    .iter()
                    .flat_map(|entity| entity["Tags"].as_array())
                    .flatten()
                {
                    let value = tag["Value"].as_str().unwrap();
                    let fits = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
                    assert!(value.chars().all(fits), "{path}: {value}");
                }
            }
            let policies = details["Policies"].as_array().unwrap();
            assert!(
                policies.iter().all(|policy| policy["PolicyVersionList"].to_string().is_ascii()),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_planted_stands_in_the_snapshots() {
        let company = company();
        let (arns, keys) = known(&company);
        let planted = planted(&Options::default());
        assert!(planted.len() > 300, "{}", planted.len());
        for fault in &planted {
            let identity = fault.arn.contains(":user/") || fault.arn.contains(":role/");
            assert!(!identity || arns.contains(&fault.arn), "{fault:?}");
            assert!(fault.key.as_ref().is_none_or(|key| keys.contains_key(key)), "{fault:?}");
        }
        let without_trail = self::planted(&Options { days: 0, ..Options::default() });
        assert!(without_trail.is_subset(&planted) && without_trail.len() < planted.len());
    }

    #[test]
    fn it_scales_to_forty_one_accounts_of_five_hundred_users() {
        let files =
            generate(&Options { accounts: 41, users: 41 * 500, roles: 1_640, days: 0, ..Options::default() });
        let (arns, _) = known(&files);
        assert_eq!(files.keys().filter(|path| path.ends_with("authorization-details.json")).count(), 41);
        assert_eq!(arns.iter().filter(|arn| arn.contains(":user/")).count(), 41 * 500 - 1);
        assert!(!files.keys().any(|path| path.starts_with("trail/")));
    }
}
