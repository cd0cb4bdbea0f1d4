//! `retire` where there is no AWS: what is told, what is refused, and that nothing is done. `scripts/check-retire` has the rest.

#[cfg(test)]
mod retiring {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use serde_json::{Value, json};

    /// AWS's documented examples.
    const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
    const SIBLING: &str = "AKIAI44QH8DHBEXAMPLE";

    /// A directory with a user of two keys: one that nobody used, one that is used every hour.
    fn directory(name: &str, settings: &str) -> PathBuf {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("retiring-{name}"));
        let _ = fs::remove_dir_all(&directory);
        let account = directory.join("snapshots/111122223333");
        fs::create_dir_all(&account).unwrap();
        fs::create_dir(directory.join("trail")).unwrap();
        fs::write(directory.join("kagimori.toml"), format!("as_of = \"2026-11-30T00:00:00Z\"\n{settings}"))
            .unwrap();
        let user = "arn:aws:iam::111122223333:user/svc-batch";
        let details = json!({
            "UserDetailList": [{
                "UserName": "svc-batch", "UserId": "AIDACKCEVSQ6C2EXAMPLE", "Path": "/", "CreateDate": "2020-01-01T00:00:00+00:00",
                "Arn": user, "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": [],
                "Tags": [{ "Key": "Owner", "Value": "web" }, { "Key": KEY, "Value": "the old batch" }],
            }],
            "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false,
        });
        let keys: Vec<Value> = [KEY, SIBLING]
            .map(|key| {
                json!({
                    "UserName": "svc-batch", "AccessKeyId": key, "Status": "Active", "CreateDate": "2020-01-01T00:00:00+00:00",
                })
            })
            .to_vec();
        let write = |name: &str, value: Value| fs::write(account.join(name), value.to_string()).unwrap();
        write("authorization-details.json", details);
        write("access-keys.json", json!({ "AccessKeyMetadata": keys }));
        let never = json!({ "ServiceName": "N/A", "Region": "N/A" });
        let used = json!({ "LastUsedDate": "2026-11-29T23:00:00+00:00", "ServiceName": "s3", "Region": "us-east-1" });
        for (key, used) in [(KEY, never), (SIBLING, used)] {
            write(
                &format!("last-used-{key}.json"),
                json!({ "UserName": "svc-batch", "AccessKeyId": key, "AccessKeyLastUsed": used }),
            );
        }
        let events: Vec<Value> = (0..24 * 20)
            .map(|hour: i64| {
                let (day, hour) = (10 + hour / 24, hour % 24);
                json!({
                    "eventVersion": "1.08", "eventTime": format!("2026-11-{day}T{hour:02}:00:00Z"),
                    "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets", "awsRegion": "us-east-1",
                    "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli", "requestParameters": null, "responseElements": null,
                    "eventID": format!("11111111-1111-1111-{day:04}-{hour:012}"), "eventType": "AwsApiCall", "readOnly": true,
                    "recipientAccountId": "111122223333",
                    "userIdentity": {
                        "type": "IAMUser", "principalId": "AIDACKCEVSQ6C2EXAMPLE", "accountId": "111122223333",
                        "userName": "svc-batch", "arn": user, "accessKeyId": SIBLING,
                    },
                })
            })
            .collect();
        fs::write(directory.join("trail/one.json"), json!({ "Records": events }).to_string()).unwrap();
        directory
    }

    /// The program without AWS: nobody listens at its addresses, and there are no credentials.
    fn run(directory: &Path, words: &[&str]) -> (i32, String, String) {
        program(directory, &[&["retire"], words].concat())
    }

    fn program(directory: &Path, words: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kagimori"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        let output = command
            .env("HOME", directory.join("home"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .env("USER", "mika")
            .args(words)
            .arg("--dir")
            .arg(directory)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    fn json_of(directory: &Path, words: &[&str]) -> Value {
        let (_, out, err) = run(directory, &[words, &["--format", "json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"))
    }

    #[test]
    fn what_nobody_uses_is_suggested_and_what_it_can_tell_is_told() {
        let directory = directory("suggest", "");
        let (code, out, err) = run(&directory, &["suggest"]);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains(KEY) && !out.contains(SIBLING), "{out}");
        assert!(out.contains("inconclusive: expected 0 calls in 10 minutes"), "{out}");
        assert!(out.contains("the old batch") && out.contains("1 of 2 active keys could go"), "{out}");
        let keys = json_of(&directory, &["suggest", "--unused", "1"]);
        assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
        assert_eq!(keys["keys"][0]["safety"], "never_used");
        // One that is used: what it is, and that ten minutes say little of a call an hour.
        let (code, out, err) = run(&directory, &["start", SIBLING, "--yes"]);
        assert_eq!(code, 1, "{out}");
        assert!(err.contains("it was used 0 days ago"), "{err}");
        assert!(out.contains("480 calls would have been denied: s3:ListAllMyBuckets"), "{out}");
        assert!(
            out.contains("off 10min  inconclusive: expected 0.17 calls in 10 minutes, 15% of such offs"),
            "{out}"
        );
        assert!(out.contains("off 1d     can tell: expected 24 calls in 1 day, 100% of such offs"), "{out}");
        assert!(!directory.join("journal.db").exists(), "nothing was begun");
    }

    #[test]
    fn calls_that_fail_anyway_and_short_trails_tell_nothing() {
        let directory = directory("denied", "");
        let trail = directory.join("trail/one.json");
        let text = fs::read_to_string(&trail).unwrap();
        fs::write(
            &trail,
            text.replace("\"eventVersion\"", "\"errorCode\":\"AccessDenied\",\"eventVersion\""),
        )
        .unwrap();
        let (_, out, err) = run(&directory, &["start", SIBLING, "--yes"]);
        assert!(out.contains("off 1d     inconclusive: expected 0 calls in 1 day"), "{out} {err}");
        assert!(out.contains("(and 480 calls that are denied anyway)"), "{out}");
        // The near miss: the same calls, answered, and three days of them.
        fs::write(&trail, &text).unwrap();
        let (_, out, _) = run(&directory, &["start", SIBLING, "--yes"]);
        assert!(out.contains("off 1d     can tell"), "{out}");
        let (_, out, _) = run(&directory, &["start", SIBLING, "--yes", "--days", "3"]);
        assert!(out.contains("off 1d     inconclusive: the trail is too short: "), "{out}");
    }

    #[test]
    fn it_is_begun_told_and_ended() {
        let directory = directory(
            "begun",
            "[retire]\nzone = \"+09:00\"\nchannels = [\"sre\"]\n[channels.sre]\nkind = \"slack\"\naddress = \"env:NOBODY_HAS_SET\"\n",
        );
        let (code, out, err) = run(&directory, &["start", KEY, "--yes"]);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        assert!(
            out.contains("begun") && out.contains("[10min planned] ─ 3d ─ 1d ─ 3d ─ 30d ─ delete"),
            "{out}"
        );
        assert_eq!(fs::read_dir(directory.join("plans")).unwrap().count(), 4, "three offs and the deletion");
        let status = json_of(&directory, &["status"]);
        assert_eq!(status["schema"]["name"], "kagimori.retire-status");
        let one = &status["retirements"][0];
        assert_eq!((one["phase"].as_str(), one["rung"].as_u64()), (Some("planned"), Some(0)));
        assert_eq!(
            (one["owner"].as_str(), one["by"].as_str().map(|by| by.starts_with("mika@"))),
            (Some("web"), Some(true))
        );
        // The notice needs no credentials; the second tick has nothing to do.
        let (code, out, err) = run(&directory, &["tick"]);
        assert_eq!(code, 0, "{out} {err}");
        assert!(out.contains("a notice was written") && !out.contains("people were told"), "{out}");
        let (code, out, _) = run(&directory, &["tick"]);
        assert_eq!((code, out.contains("nothing is due")), (0, true), "{out}");
        // Twice, another key, the end, twice.
        let (code, _, err) = run(&directory, &["start", KEY, "--yes"]);
        assert_eq!((code, err.contains("is being retired already")), (2, true), "{err}");
        let (code, _, err) = run(&directory, &["stop", SIBLING]);
        assert_eq!((code, err.contains("is not being retired")), (2, true), "{err}");
        let (code, out, err) = run(&directory, &["stop", KEY, "--needed", "the yearly report"]);
        assert_eq!(code, 0, "{out} {err}");
        let one = json_of(&directory, &["status", KEY]);
        let one = &one["retirements"][0];
        assert_eq!((one["phase"].as_str(), &one["verdicts"]), (Some("aborted"), &json!(["needed"])));
        assert_eq!(one["because"]["reason"], "the yearly report");
        let (code, _, err) = run(&directory, &["stop", KEY]);
        assert_eq!((code, err.contains("is over")), (2, true), "{err}");
        let (code, out, _) = run(&directory, &["panic"]);
        assert_eq!((code, out.contains("nothing is being retired")), (0, true), "{out}");
        let journal = Command::new(env!("CARGO_BIN_EXE_kagimori"))
            .args(["journal", "verify", "--dir"])
            .arg(&directory)
            .output()
            .unwrap();
        assert!(journal.status.success());
    }

    #[test]
    fn a_stage_is_not_for_apply() {
        let directory = directory("stage", "");
        let (code, out, err) = run(&directory, &["start", KEY, "--yes"]);
        assert_eq!(code, 0, "{out} {err}");
        let list = || {
            let (code, out, err) = program(&directory, &["plan", "list", "--format", "json"]);
            assert_eq!(code, 0, "{err}");
            serde_json::from_str::<Value>(&out).unwrap()["plans"].as_array().unwrap().clone()
        };
        let (_, out, _) = program(&directory, &["plan", "list"]);
        assert_eq!(out.matches("a stage of a retirement").count(), 4, "{out}");
        let is_refused = || {
            let plans = list();
            assert_eq!(plans.len(), 4);
            for plan in plans {
                assert_eq!(plan["retirement"], KEY);
                let id = plan["id"].as_str().unwrap();
                for more in [&[][..], &["--irreversible"], &["--dry-run"]] {
                    let (code, _, err) = program(&directory, &[&["apply", id], more].concat());
                    assert!(
                        code == 2
                            && err.contains(&format!(
                                "a stage of the retirement of {KEY}: `kagimori retire tick` follows"
                            )),
                        "{err}"
                    );
                }
                // Taken back by hand it may be: what stops that is that there is no AWS here.
                let (code, _, err) = program(&directory, &["undo", id]);
                assert!(code == 2 && !err.contains("retire"), "{err}");
            }
        };
        is_refused();
        // Also where the journal is lost: its title tells.
        fs::remove_file(directory.join("journal.db")).unwrap();
        is_refused();
    }

    #[test]
    fn without_a_journal_nothing_is_said_to_be_on() {
        let directory = directory("lost", "");
        let (code, _, err) = run(&directory, &["panic"]);
        assert_eq!((code, err.contains("there is no journal in")), (2, true), "{err}");
        let (code, _, err) = run(&directory, &["tick"]);
        assert_eq!(code, 0, "nothing was ever begun: {err}");
        let (code, out, err) = run(&directory, &["start", KEY, "--yes"]);
        assert_eq!(code, 0, "{out} {err}");
        fs::remove_file(directory.join("journal.db")).unwrap();
        let by_hand =
            format!("aws iam update-access-key --user-name svc-batch --access-key-id {KEY} --status Active");
        for words in [&["panic"][..], &["tick"], &["stop", KEY]] {
            let (code, _, err) = run(&directory, words);
            assert_eq!(code, 2, "{err}");
            assert!(err.contains("there is no journal in") && err.matches(&by_hand).count() == 1, "{err}");
        }
        assert!(!directory.join("journal.db").exists(), "none is made");
        // A journal that cannot be read.
        fs::write(directory.join("journal.db"), "no journal").unwrap();
        for words in [&["panic"][..], &["tick"], &["stop", KEY], &["status"]] {
            let (code, _, err) = run(&directory, words);
            assert_eq!((code, err.matches(&by_hand).count()), (2, 1), "{err}");
        }
    }

    #[test]
    fn what_must_not_go_does_not() {
        for (name, settings, why) in [
            ("user", "[apply]\nprotected = [\"svc-*\"]\n", "`svc-*` of kagimori.toml protects it"),
            ("key", "[retire]\nprotected = [\"AKIAIOSFODNN7EXAMPLE\"]\n", "of kagimori.toml protects it"),
            ("account", "[retire]\nprotected = [\"111122223333\"]\n", "of kagimori.toml protects it"),
            ("tag", "[retire]\nprotected_tag = \"Owner\"\n", "its user has the tag `Owner`"),
        ] {
            let directory = directory(&format!("protected-{name}"), settings);
            let (code, _, err) = run(&directory, &["start", KEY, "--yes", "--reason", "because"]);
            assert_eq!((code, err.contains(why)), (2, true), "{name}: {err}");
            assert_eq!(json_of(&directory, &["suggest"])["protected"], 1, "{name}");
            assert!(!directory.join("journal.db").exists());
        }
        let directory = directory("owner", "[owners]\nowner_tags = [\"Team\"]\n");
        let (code, _, err) = run(&directory, &["start", KEY, "--yes"]);
        assert_eq!((code, err.contains("nobody knows whose")), (1, true), "{err}");
        let (code, _, err) = run(&directory, &["start", KEY, "--owner", "web"]);
        assert_eq!((code, err.contains("--yes")), (2, true), "nobody is there to be asked: {err}");
        let (code, _, err) = run(&directory, &["start", "AKIAQQQQQQQQQQEXAMPL", "--yes"]);
        assert_eq!((code, err.contains("no user of this directory has")), (2, true), "{err}");
    }

    #[test]
    fn a_key_of_terraform_is_known() {
        let directory = directory("terraform", "");
        let state = directory.join("main.tfstate");
        let resources = json!([{
            "mode": "managed", "type": "aws_iam_access_key", "name": "batch",
            "instances": [{ "attributes": { "id": KEY, "status": "Active", "secret": "must not be shown" } }],
        }]);
        fs::write(&state, json!({ "version": 4, "resources": resources }).to_string()).unwrap();
        let (code, out, err) =
            run(&directory, &["start", KEY, "--yes", "--terraform-state", state.to_str().unwrap()]);
        assert_eq!(code, 1);
        for text in [&out, &err] {
            assert!(
                text.contains("aws_iam_access_key.batch") && text.contains("ignore_changes = [status]"),
                "{text}"
            );
            assert!(!text.contains("must not be shown"), "{text}");
        }
        let (code, _, err) =
            run(&directory, &["suggest", "--terraform-state", directory.join("trail").to_str().unwrap()]);
        assert_eq!(code, 0, "files that are no states are told and left out");
        assert!(err.contains("left out"), "{err}");
        let (code, _, err) = run(
            &directory,
            &["suggest", "--terraform-state", directory.join("kagimori.toml").to_str().unwrap()],
        );
        assert_eq!((code, err.contains("it is no JSON")), (2, true), "{err}");
    }

    #[test]
    fn settings_that_cannot_be_are_told() {
        for (settings, why) in [
            ("[retire]\nladder = [{ off = \"-1d\" }]\n", "`-1d` is no length of time"),
            ("[retire]\nchannels = [\"nobody\"]\n", "tells the channel `nobody`"),
            ("[retire]\nzone = \"Asia/Nowhere\"\n", "the system has no time zone `Asia/Nowhere`"),
        ] {
            let directory = directory("settings", settings);
            let (code, _, err) = run(&directory, &["suggest"]);
            assert_eq!((code, err.contains(why)), (2, true), "{err}");
        }
    }
}
