//! The law of the lake: what it answers is what the files answer, whatever is in them, however they are dealt out to runs
//! and batches; and nothing that looks like a secret gets into it.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::{Path, PathBuf};

    use kagimori_lake::ingest::{Options, Report, ingest};
    use kagimori_lake::{Lake, read_calls, read_trail, read_trail_with_history};
    use kagimori_trail::call::Call;
    use kagimori_trail::history;
    use kagimori_trail::selection::{Only, Selection, Who};
    use kagimori_trail::usage::Activity;
    use proptest::prelude::*;

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lake-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("trail")).unwrap();
        fs::canonicalize(folder).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    /// What differs between events of a small world.
    #[derive(Clone, Debug)]
    struct Small {
        second: i64,
        who: u8,
        name: u8,
        error: u8,
        place: u8,
        id: u16,
        account: u8,
        shared: Option<u8>,
        update: bool,
    }

    fn small() -> impl Strategy<Value = Small> {
        let times = (0..400_000_i64, 0..14_u8, 0..9_u8, 0..4_u8, 0..5_u8);
        let ids =
            (0..400_u16, 0..3_u8, proptest::option::weighted(0.2, 0..9_u8), proptest::bool::weighted(0.05));
        (times, ids).prop_map(|((second, who, name, error, place), (id, account, shared, update))| Small {
            second,
            who,
            name,
            error,
            place,
            id,
            account,
            shared,
            update,
        })
    }

    impl Small {
        fn json(&self) -> String {
            let at = jiff::Timestamp::from_second(1_790_000_000 + self.second).unwrap();
            let account = ["111122223333", "444455556666", "012345678901"][usize::from(self.account)];
            let identity = match self.who {
                0 => format!(r#"{{"type":"Root","arn":"arn:aws:iam::{account}:root","accountId":"{account}"}}"#),
                1 => r#"{"type":"AssumedRole","principalId":"AROAEXAMPLE:s","arn":"arn:aws:sts::111122223333:assumed-role/app/s","accountId":"111122223333","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/x/app","accountId":"111122223333"},"attributes":{"mfaAuthenticated":"true"}}}"#.to_owned(),
                2 => r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#.to_owned(),
                3 => format!(r#"{{"type":"IAMUser","accountId":"{account}","accessKeyId":"","userName":"ann"}}"#),
                4 => r#"{"type":"WebIdentityUser","userName":"repo:x","identityProvider":"token.actions.githubusercontent.com","arn":7}"#.to_owned(),
                7 => r#"{"type":"AWSAccount","principalId":"AIDAQRSTUVWXYZEXAMPLE","accountId":"012345678901"}"#.to_owned(),
                8 => format!(r#"{{"type":"Root","principalId":"{account}","arn":"arn:aws:iam::{account}:root","accountId":"{account}","accessKeyId":"ASIAIOSFODNN7EXAMPLF","sessionContext":{{"assumedRoot":"true","attributes":{{"mfaAuthenticated":"false"}}}}}}"#),
                // Another account's user, whose key is in the trail of the account that it called.
                9 => r#"{"type":"AWSAccount","principalId":"AIDAQRSTUVWXYZEXAMPLE","accountId":"777788889999","accessKeyId":"AKIAEXAMPLEFOREIGN11"}"#.to_owned(),
                10 => r#"{"type":"IAMUser","userName":"far","arn":"arn:aws:iam::777788889999:user/far","principalId":"AIDAQRSTUVWXYZEXAMPLE","accountId":"777788889999","accessKeyId":"AKIAEXAMPLEFOREIGN11"}"#.to_owned(),
                11 => r#"{"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"}"#.to_owned(),
                12 => format!(r#"{{"type":"Unknown","principalId":"{account}","arn":"","accountId":"{account}","accessKeyId":"","userName":"demo","onBehalfOf":{{"userId":"f12bb510-a011","identityStoreArn":"arn:aws:identitystore::{account}:identitystore/d-1"}}}}"#),
                13 => r#"{"type":"AssumedRole","principalId":"AROAEXAMPLE:kim","arn":"arn:aws:sts::111122223333:assumed-role/app/kim","accountId":"111122223333","invokedByDelegate":{"accountId":"444455556666"}}"#.to_owned(),
                user => format!(
                    r#"{{"type":"IAMUser","userName":"u{user}","arn":"arn:aws:iam::{account}:user/u{user}","accountId":"{account}","accessKeyId":"AKIAEXAMPLEEXAMPLE{user}"}}"#
                ),
            };
            let error = [
                "",
                r#""errorCode":"AccessDenied","errorMessage":"no","#,
                r#""errorCode":"ThrottlingException","#,
                r#""errorCode":5,"#,
            ][usize::from(self.error)];
            let (source, name) = [
                ("s3.amazonaws.com", "GetObject"),
                ("ec2.amazonaws.com", "DescribeInstances"),
                ("iam.amazonaws.com", "CreateUser"),
                ("lambda.amazonaws.com", "Invoke"),
                ("sts.amazonaws.com", "AssumeRole"),
                ("signin.amazonaws.com", "ConsoleLogin"),
                ("signin.amazonaws.com", "SwitchRole"),
                ("signin.amazonaws.com", "UserAuthentication"),
                ("signin.amazonaws.com", "CredentialVerification"),
            ][usize::from(self.name)];
            let agent = [
                "aws-cli/2",
                "Boto3/1 exec-env/AWS_Lambda_python3.12",
                "Terraform/1.13",
                "console.amazonaws.com",
                "é\\n日本",
            ][usize::from(self.place)];
            let mut extra = String::new();
            if let Some(shared) = self.shared {
                extra += &format!(r#""sharedEventID":"shared-{shared}","#);
            }
            if self.update {
                extra += r#""addendum":{"reason":"UPDATED_DATA","originalEventID":"id-1"},"#;
            }
            let event_type = if self.name < 7 { "AwsApiCall" } else { "AwsServiceEvent" };
            if self.name >= 5 {
                let result = if self.error == 0 { "Success" } else { "Failure" };
                let told = if self.name < 7 { "responseElements" } else { "serviceEventDetails" };
                extra +=
                    &format!(r#""{told}":{{"{name}":"{result}"}},"additionalEventData":{{"MFAUsed":"No"}},"#);
            }
            if self.name == 0 {
                extra += r#""requestParameters":{"bucketName":"tide","key":"a/b*"},"resources":[{"ARN":"arn:aws:s3:::tide/a/b*"},{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::tide"}],"#;
            }
            if self.name == 4 {
                extra += r#""requestParameters":{"roleArn":"arn:aws:iam::444455556666:role/other","roleSessionName":"s"},"vpcEndpointId":"vpce-1","#;
            }
            format!(
                r#"{{"eventVersion":"1.11","eventTime":"{at}","eventSource":"{source}","eventName":"{name}",{error}{extra}"readOnly":{},"userAgent":"{agent}","sourceIPAddress":"203.0.113.{}","awsRegion":"us-east-1","eventType":"{event_type}","eventID":"id-{}","recipientAccountId":"{account}","eventCategory":"{}","userIdentity":{identity}}}"#,
                self.name.is_multiple_of(2),
                self.place,
                self.id,
                if self.name == 0 { "Data" } else { "Management" },
            )
        }
    }

    fn fill(lake: &Path, root: &Path, options: &Options) -> Report {
        ingest(lake, &[root.join("trail")], root, options, &|_| ()).unwrap()
    }

    /// All calls, sorted by what they are.
    fn calls(lake: &Lake) -> Vec<Call> {
        calls_of(lake, &Selection::default())
    }

    fn calls_of(lake: &Lake, selection: &Selection) -> Vec<Call> {
        let keep = |calls: &mut Vec<Call>, call: &Call| calls.push(call.clone());
        sorted(lake.calls(selection, Vec::new, keep).unwrap())
    }

    fn sorted(hands: Vec<Vec<Call>>) -> Vec<Call> {
        let mut calls: Vec<Call> = hands.into_iter().flatten().collect();
        calls.sort_by_cached_key(|call| format!("{call:?}"));
        calls
    }

    /// What replay works on, whoever asks about which part of it.
    #[track_caller]
    fn assert_same_calls(root: &Path, selection: &Selection) {
        let keep = |calls: &mut Vec<Call>, call: &Call| calls.push(call.clone());
        let read = read_calls(&root.join("trail"), root, &|_| (), Vec::new, keep);
        let wanted = |call: &Call| {
            let account = call.account.or(call.caller.account);
            selection.wants_time(call.time) && selection.account.is_none_or(|wanted| account == Some(wanted))
        };
        let mut files = sorted(read.states);
        files.retain(wanted);
        let lake = Lake::open(&root.join("lake")).unwrap().unwrap();
        assert_eq!(calls_of(&lake, selection), files, "{selection:?}");
    }

    #[track_caller]
    fn assert_same(root: &Path, selection: &Selection) {
        let files = read_trail(&root.join("trail"), root, selection, &|_| ());
        let lake = Lake::open(&root.join("lake")).unwrap().unwrap();
        if selection.is_all() {
            let names = lake.names().unwrap();
            let seen = files.usage.users.keys().chain(files.usage.roles.keys()).map(|arn| arn.to_string());
            assert!(seen.into_iter().all(|arn| names.principals.contains_key(&arn)));
            let first = |activity: &Activity| activity.first.as_second();
            for (key, used) in &files.usage.keys {
                assert_eq!(names.keys.get(key.as_str()).unwrap().0, first(&used.activity));
            }
        }
        let (mut ours, mut theirs) = (lake.usage(selection).unwrap(), files.usage);
        if !selection.is_all() {
            // what was set aside while reading is told of all that was read, or of what was asked for
            (ours.totals, theirs.totals) = Default::default();
        }
        assert_eq!(ours, theirs, "{selection:?}");
        assert_same_history(root, selection);
        assert_eq!(lake.coverage_of(selection), files.coverage, "{selection:?}");
        assert_eq!(lake.problems().unwrap(), files.problems);
    }

    /// Where calls come from, and what the trail shows: from the roll-ups, from the events, from the files.
    #[track_caller]
    fn assert_same_history(root: &Path, selection: &Selection) {
        let window = Selection { since: selection.since, until: selection.until, ..Selection::default() };
        let lake = Lake::open(&root.join("lake")).unwrap().unwrap();
        let rolled_up = lake.history(&window).unwrap();
        let from_calls = lake.calls(&window, history::Seen::default, history::Seen::add).unwrap();
        assert_eq!(rolled_up, history::Seen::merged(from_calls), "{window:?}");
        if window.is_all() {
            let files = read_trail_with_history(&root.join("trail"), root, &window, &|_| ());
            assert_eq!(Some(rolled_up), files.usage.history);
        }
    }

    /// As an earlier version wrote it: without a roll-up of origins.
    fn forget_origins(lake: &Path) {
        for entry in fs::read_dir(lake.join("_kagimori/batches")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "done") {
                let mut done: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                let is_kept =
                    |part: &serde_json::Value| !part["file"].as_str().unwrap().starts_with("daily_origins/");
                done["parts"].as_array_mut().unwrap().retain(is_kept);
                fs::write(&path, done.to_string()).unwrap();
            }
        }
    }

    fn selections() -> Vec<Selection> {
        let all = Selection::default();
        let who = |who| Selection { who: Some(who), ..Selection::default() };
        let only = |only| Selection { only, ..Selection::default() };
        vec![
            who(Who::Exactly("arn:aws:iam::111122223333:role/x/app".into())),
            who(Who::Named("u5".into())),
            who(Who::Role("app".into())),
            only(Only::Denied),
            only(Only::Root),
            only(Only::SignIns),
            Selection { access_key: Some("AKIAEXAMPLEEXAMPLE5".into()), ..all.clone() },
            Selection { account: kagimori_id::AccountId::parse("012345678901").ok(), ..all.clone() },
            Selection { since: Some(1_790_100_000), until: Some(1_790_200_001), ..all.clone() },
            all,
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn the_lake_answers_what_the_files_answer(
            events in proptest::collection::vec(small(), 1..120),
            files in 1..9_usize,
            runs in 1..4_usize,
            batch_bytes in 200..3_000_u64,
        ) {
            let root = folder("law");
            // An id is one event: what comes again is the same.
            let mut by_id: std::collections::BTreeMap<(u16, u8), Small> = std::collections::BTreeMap::new();
            let events: Vec<Small> =
                events.iter().map(|event| by_id.entry((event.id, event.account)).or_insert_with(|| event.clone()).clone()).collect();
            let options = Options { batch_bytes: Some(batch_bytes), ..Options::default() };
            for run in 0..runs {
                for file in (0..files).filter(|file| file % runs == run) {
                    let text: Vec<String> =
                        events.iter().enumerate().filter(|(at, _)| at % files == file).map(|(_, event)| event.json()).collect();
                    let text = format!(r#"{{"Records":[{}]}}"#, text.join(","));
                    fs::write(root.join(format!("trail/{file}.json.gz")), gzip(text.as_bytes())).unwrap();
                }
                fill(&root.join("lake"), &root, &options);
            }
            for selection in selections() {
                assert_same(&root, &selection);
                let is_of_calls = selection.who.is_none() && selection.access_key.is_none();
                if is_of_calls && selection.only == Only::All {
                    assert_same_calls(&root, &selection);
                }
            }
            forget_origins(&root.join("lake"));
            for selection in selections() {
                assert_same_history(&root, &selection);
            }
            fill(&root.join("other"), &root, &Options::default());
            let open = |name: &str| Lake::open(&root.join(name)).unwrap().unwrap();
            prop_assert_eq!(calls(&open("lake")), calls(&open("other")));
        }
    }

    fn event(id: &str, time: &str) -> String {
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"u"}},"eventTime":"{time}","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.1","userAgent":"aws-cli/2","eventID":"{id}","eventType":"AwsApiCall","recipientAccountId":"111122223333","readOnly":true,"managementEvent":true,"eventCategory":"Management"}}"#
        )
    }

    fn records(events: &[String]) -> Vec<u8> {
        format!(r#"{{"Records":[{}]}}"#, events.join(",")).into_bytes()
    }

    #[test]
    fn damage_is_counted_named_and_never_fatal() {
        let root = folder("damage");
        let at = "2026-03-01T00:00:00Z";
        let whole = records(&[event("a", at), event("b", at)]);
        let mut cut = gzip(&whole);
        cut.truncate(cut.len() - 12);
        let mut crc = gzip(&records(&[event("crc", at)]));
        let last = crc.len() - 6;
        crc[last] ^= 0xff;
        let members =
            [gzip(&records(&[event("c", at)])), gzip(&records(&[event("d", at)])), vec![0; 64]].concat();
        let files: [(&str, Vec<u8>); 16] = [
            ("cut.json.gz", cut),
            ("crc.json.gz", crc),
            ("members.json.gz", members),
            ("empty.json", Vec::new()),
            ("html.json", b"<html>Access Denied</html>".to_vec()),
            ("broken.json", b"{\"Records\":[{\"eventT".to_vec()),
            ("array.json", format!("[{}]", event("e", at)).into_bytes()),
            ("lines.json", format!("{}\n{}\n", event("f", at), event("g", at)).into_bytes()),
            (
                "version2.json",
                records(&[event("h", at), event("i", at).replace("1.11", "2.0"), event("j", at)]),
            ),
            (
                "clock.json",
                records(&[event("k", "1970-01-01T00:00:00Z"), event("l", "2099-12-31T23:59:59Z")]),
            ),
            ("no-clock.json", records(&[event("m", "yesterday"), event("n", at)])),
            ("again.json", records(&[event("a", at), event("a", at), event("e", at)])),
            ("odd.json", records(&[event("o", at).replace("\"us-east-1\"", "{\"x\":1}")])),
            ("insight.json", records(&[event("p", at).replace("AwsApiCall", "AwsCloudTrailInsight")])),
            ("surrogate.json", records(&[event("q", at).replace("aws-cli/2", r"\ud800"), event("r", at)])),
            (
                "unknown.json",
                records(&[event("s", at).replace("\"readOnly\"", "\"brandNew\":[{}],\"readOnly\"")]),
            ),
        ];
        for (name, bytes) in &files {
            fs::write(root.join("trail").join(name), bytes).unwrap();
        }
        let report =
            fill(&root.join("lake"), &root, &Options { batch_bytes: Some(600), ..Options::default() });
        assert_same(&root, &Selection::default());
        let named: Vec<&str> = report.problems.iter().map(|problem| problem.file.as_str()).collect();
        let expected = [
            "trail/broken.json",
            "trail/crc.json.gz",
            "trail/cut.json.gz",
            "trail/empty.json",
            "trail/html.json",
            "trail/no-clock.json",
            "trail/surrogate.json",
            "trail/version2.json",
        ];
        assert_eq!(named, expected);
        assert_eq!((report.counts.damaged_events, report.counts.not_calls, report.counts.files), (3, 1, 16));
        // a whole copy of a damaged file is read, and the problem is gone
        fs::write(root.join("trail/cut.json.gz"), gzip(&whole)).unwrap();
        let report = fill(&root.join("lake"), &root, &Options::default());
        assert_eq!(report.problems.len(), expected.len() - 1);
        assert_eq!(report.counts.files, 1);
    }

    #[test]
    fn late_files_go_to_their_day_and_runs_add_up() {
        let root = folder("late");
        let write = |name: &str, events: &[String]| {
            fs::write(root.join("trail").join(name), records(events)).unwrap()
        };
        write("1.json", &[event("a", "2026-03-01T23:59:59Z"), event("b", "2026-03-02T00:00:00Z")]);
        let first = fill(&root.join("lake"), &root, &Options::default());
        assert_eq!((first.counts.events, first.known_files), (2, 0));
        write("2.json", &[event("c", "2026-03-01T12:00:00Z"), event("b", "2026-03-02T00:00:00Z")]);
        let second = fill(&root.join("lake"), &root, &Options::default());
        assert_eq!((second.counts.events, second.counts.duplicates, second.known_files), (1, 1, 1));
        assert_eq!(second.lake.events, 3);
        let parts = |day: &str| fs::read_dir(root.join(format!("lake/events/day={day}"))).unwrap().count();
        assert_eq!((parts("2026-03-01"), parts("2026-03-02")), (2, 1));
        assert_same(&root, &Selection::default());
        let third = fill(&root.join("lake"), &root, &Options::default());
        assert_eq!((third.counts.files, third.counts.events, third.known_files), (0, 0, 2));
    }

    #[test]
    fn many_small_parts_become_one() {
        let root = folder("compact");
        for n in 0..12 {
            let file = root.join(format!("trail/{n}.json"));
            let event = event(&format!("e{n}"), "2026-03-01T00:00:00Z");
            let event =
                event.replacen('{', &format!(r#"{{"requestParameters":{{"bucketName":"bucket-{n}"}},"#), 1);
            fs::write(file, records(&[event])).unwrap();
        }
        fill(
            &root.join("lake"),
            &root,
            &Options { bodies: true, batch_bytes: Some(1), ..Options::default() },
        );
        // Parts that were replaced live until the next ingest: somebody may be reading them.
        let again = fill(&root.join("lake"), &root, &Options::default());
        assert_eq!((again.counts.files, again.lake.events), (0, 12));
        let mut bodies = String::new();
        for set in ["events", "daily_actions", "daily_places", "daily_origins", "bodies"] {
            let folder = root.join(format!("lake/{set}/day=2026-03-01"));
            let parts: Vec<PathBuf> =
                fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert_eq!(parts.len(), 1, "{set}");
            bodies = parquet_text(&parts[0]);
        }
        assert!((0..12).all(|n| bodies.contains(&format!("bucket-{n}"))), "{bodies}");
        assert_same(&root, &Selection::default());
    }

    #[test]
    fn two_ingests_do_not_meet_and_halves_are_swept_away() {
        let root = folder("halves");
        fs::write(root.join("trail/1.json"), records(&[event("a", "2026-03-01T00:00:00Z")])).unwrap();
        fill(&root.join("lake"), &root, &Options::default());
        let day = root.join("lake/events/day=2026-03-01");
        fs::write(day.join("part-0000-0.parquet.tmp"), b"half").unwrap();
        fs::write(day.join("part-0000-0.parquet"), b"of which nothing is known").unwrap();
        fs::write(day.join("notes.txt"), b"not ours").unwrap();
        let report = fill(&root.join("lake"), &root, &Options::default());
        assert_eq!(report.problems[0].file, "lake/events/day=2026-03-01/part-0000-0.parquet");
        let mut left: Vec<String> = fs::read_dir(&day)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left.len(), 3, "{left:?}");
        let lock = fs::File::options().write(true).open(root.join("lake/_kagimori/lock")).unwrap();
        lock.lock().unwrap();
        let refused = ingest(&root.join("lake"), &[root.join("trail")], &root, &Options::default(), &|_| ());
        let error = refused.unwrap_err();
        assert!(error.to_string().contains("another `kagimori ingest`"), "{error}");
        drop(lock);
        fill(&root.join("lake"), &root, &Options::default());
    }

    #[test]
    fn no_secret_gets_into_the_lake() {
        let root = folder("secrets");
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let token = format!("IQoJb3JpZ2lu{}", "aB3x".repeat(40));
        let at = "2026-03-01T00:00:00Z";
        let with =
            |id: &str, fields: &str| event(id, at).replace("\"readOnly\"", &format!("{fields},\"readOnly\""));
        let events = [
            with(
                "a",
                &format!(
                    r#""responseElements":{{"credentials":{{"accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionToken":"{token}"}}}}"#
                ),
            ),
            with(
                "b",
                &format!(
                    r#""requestParameters":{{"environment":{{"variables":{{"DB_PASSWORD":"hunter22","X":"{secret}"}}}}}}"#
                ),
            ),
            event("c", at).replace("aws-cli/2", &format!("curl key={secret}")),
            with(
                "d",
                &format!(
                    r#""errorCode":"Client.UnauthorizedOperation","errorMessage":"You are not authorized. Encoded authorization failure message: {}""#,
                    "Zx9_".repeat(80)
                ),
            ),
            with("e", &format!(r#""additionalEventData":{{"note":"{token}"}}"#)),
            event("f", at).replace("user/u\"", &format!("user/{token}\"")),
        ];
        fs::write(root.join("trail/1.json"), records(&events)).unwrap();
        fill(&root.join("lake"), &root, &Options { bodies: true, ..Options::default() });
        let mut seen = Vec::new();
        let mut texts = String::new();
        walk(&root.join("lake"), &mut seen);
        for file in &seen {
            let bytes = fs::read(file).unwrap();
            texts += &String::from_utf8_lossy(&bytes);
            if file.extension().is_some_and(|ending| ending == "parquet") {
                texts += &parquet_text(file);
            }
        }
        assert!(
            texts.contains("ASIAIOSFODNN7EXAMPLE") && texts.contains("[redacted]"),
            "the bodies were not looked at"
        );
        for wrong in [secret, "hunter22", "IQoJb3JpZ2lu", "Zx9_Zx9_"] {
            assert!(!texts.contains(wrong), "{wrong} is in the lake");
        }
    }

    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, files) } else { files.push(path) }
        }
    }

    /// Every value of a file, as text.
    fn parquet_text(path: &Path) -> String {
        use parquet::file::reader::{FileReader, SerializedFileReader};
        let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
        reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect()
    }
}
