//! `plan`, `apply`, `undo` and `journal` where there is no AWS: what is told, and that nothing is done. `scripts/check-apply` has the rest.

#[cfg(test)]
mod applying {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use serde_json::Value;

    /// A directory with two plans.
    fn directory(name: &str) -> PathBuf {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("applying-{name}"));
        let _ = fs::remove_dir_all(&directory);
        let account = directory.join("snapshots/111122223333");
        fs::create_dir_all(&account).unwrap();
        let details = serde_json::json!({
            "UserDetailList": [{
                "UserName": "mika", "UserId": "AIDACKCEVSQ6C2EXAMPLE", "Path": "/", "CreateDate": "2026-01-01T00:00:00+00:00",
                "Arn": "arn:aws:iam::111122223333:user/mika", "GroupList": [], "AttachedManagedPolicies": [], "Tags": [],
                "UserPolicyList": [{ "PolicyName": "work", "PolicyDocument": policy("s3:*") }],
            }],
            "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false,
        });
        fs::write(account.join("authorization-details.json"), details.to_string()).unwrap();
        fs::create_dir(directory.join("trail")).unwrap();
        let event = serde_json::json!({
            "eventVersion": "1.08", "eventTime": "2026-11-20T00:00:00Z", "eventSource": "s3.amazonaws.com",
            "eventName": "ListBuckets", "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli",
            "requestParameters": null, "responseElements": null, "eventID": "11111111-1111-1111-1111-111111111111",
            "eventType": "AwsApiCall", "recipientAccountId": "111122223333",
            "userIdentity": {
                "type": "IAMUser", "principalId": "AIDACKCEVSQ6C2EXAMPLE", "accountId": "111122223333", "userName": "mika",
                "arn": "arn:aws:iam::111122223333:user/mika", "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            },
        });
        fs::write(directory.join("trail/one.json"), serde_json::json!({ "Records": [event] }).to_string())
            .unwrap();
        for action in ["s3:GetObject", "s3:PutObject"] {
            fs::write(directory.join("new.json"), policy(action).to_string()).unwrap();
            let policy = format!("mika={}", directory.join("new.json").display());
            let (code, out, err) = run(&directory, &["whatif", "--policy", &policy, "--save"]);
            assert_eq!(code, 1, "it would have broken the call: {out} {err}");
        }
        fs::remove_file(directory.join("new.json")).unwrap();
        directory
    }

    fn policy(action: &str) -> Value {
        let statement = serde_json::json!([{ "Effect": "Allow", "Action": action, "Resource": "*" }]);
        serde_json::json!({ "Version": "2012-10-17", "Statement": statement })
    }

    /// The program without AWS: nobody listens at its addresses, and there are no credentials.
    fn run(directory: &Path, words: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kagimori"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        let home = directory.join("home");
        let output = command
            .args(words)
            .arg("--dir")
            .arg(directory)
            .env("NO_COLOR", "1")
            .env("HOME", &home)
            .env("AWS_CONFIG_FILE", home.join("config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", home.join("credentials"))
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "us-east-1")
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn ids(directory: &Path) -> Vec<String> {
        let (code, out, _) = run(directory, &["plan", "list", "--format", "json"]);
        assert_eq!(code, 0);
        let listed: Value = serde_json::from_str(&out).unwrap();
        listed["plans"]
            .as_array()
            .unwrap()
            .iter()
            .map(|plan| plan["id"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn plans_are_listed_and_shown() {
        let directory = directory("shown");
        let ids = ids(&directory);
        assert_eq!(ids.len(), 2);
        let (code, out, _) = run(&directory, &["plan", "list"]);
        assert_eq!((code, out.matches("not applied").count()), (0, 2), "{out}");
        let short = ids[0].get(..8).unwrap();
        let (code, out, _) = run(&directory, &["plan", "show", short]);
        assert!(code == 0 && out.contains("Steps (not applied)") && out.contains("The way back"), "{out}");
        let (code, out, _) =
            run(&directory, &["plan", "show", &short.to_ascii_uppercase(), "--format", "json"]);
        let shown: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, &shown["plan"]["id"]), (0, &Value::from(ids[0].as_str())));
    }

    #[test]
    fn what_names_no_plan_is_told() {
        let directory = directory("none");
        let id = ids(&directory)[0].clone();
        let file = directory.join(format!("plans/{id}.json"));
        let again = directory.join(format!("plans/{}.json", id.chars().rev().collect::<String>()));
        for (id, message, hint) in [
            ("zz", "`zz` is no plan's id", "64 hexadecimal digits"),
            ("abc", "`abc` is no plan's id", "64 hexadecimal digits"),
            ("../../etc/passwd", "is no plan's id", "64 hexadecimal digits"),
            (&"0".repeat(64), "there is no plan", "kagimori plan list"),
        ] {
            for verb in ["apply", "undo"] {
                let (code, out, err) = run(&directory, &[verb, id]);
                assert_eq!((code, out.as_str()), (2, ""));
                assert!(err.contains(message) && err.contains(hint), "{err}");
            }
        }
        // A copy under another name is not the plan of that name.
        fs::copy(&file, &again).unwrap();
        let name = again.file_stem().unwrap().to_str().unwrap().to_owned();
        let (code, _, err) = run(&directory, &["apply", &name]);
        assert!(code == 2 && err.contains("edited"), "{err}");
        fs::remove_file(&again).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("s3:", "iam:")).unwrap();
        let (code, _, err) = run(&directory, &["apply", &id]);
        assert!(code == 2 && err.contains("edited after it was made"), "{err}");
        let (code, _, err) = run(&directory, &["plan", "list"]);
        assert!(code == 3 && err.contains("edited after it was made"), "{code} {err}");
        assert!(!directory.join("journal.db").exists(), "nothing was begun");
    }

    #[test]
    fn without_credentials_nothing_is_begun() {
        let directory = directory("nobody");
        let id = ids(&directory)[0].clone();
        for words in [["apply", &id, "--dry-run"], ["apply", &id, "--quiet"], ["undo", &id, "--quiet"]] {
            let (code, out, err) = run(&directory, &words);
            assert_eq!((code, out.as_str()), (2, ""), "{err}");
            assert!(err.contains("error") && err.contains("hint"), "{err}");
        }
        assert!(!directory.join("journal.db").exists(), "nothing was begun");
    }

    #[test]
    fn a_journal_that_is_not_there_or_not_one_is_told() {
        let directory = directory("journal");
        for words in [&["journal", "verify"][..], &["journal", "show"]] {
            let (code, _, err) = run(&directory, words);
            assert!(code == 2 && err.contains("there is no journal"), "{err}");
        }
        fs::write(directory.join("journal.db"), "a text of somebody's\n".repeat(100)).unwrap();
        for words in [&["journal", "verify"][..], &["journal", "show"], &["plan", "list"]] {
            let (code, _, err) = run(&directory, words);
            assert!(code == 2 && err.contains("is no journal of kagimori"), "{err}");
        }
        let (code, _, err) = run(&directory, &["journal", "verify", "--size", "3"]);
        assert!(code == 2 && err.contains("--root"), "{err}");
    }
}
