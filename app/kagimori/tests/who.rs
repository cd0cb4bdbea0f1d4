//! `kagimori trail who`: the same answer from files and from a lake, and names that are no role's.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    use serde_json::{Value, json};

    fn run(directory: &Path, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kagimori"))
            .args(arguments)
            .args(["--dir", directory.to_str().unwrap()])
            .env("NO_COLOR", "1")
            .output()
            .unwrap()
    }

    fn answer(directory: &Path, arguments: &[&str]) -> Value {
        let output = run(directory, &[arguments, &["--format", "json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn event(hour: u32, service: &str, name: &str, identity: &Value, more: &Value) -> Value {
        let mut event = json!({
            "eventVersion": "1.11", "eventTime": format!("2026-10-01T{hour:02}:00:00Z"), "eventID": format!("e-{hour}"), "userIdentity": identity,
            "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall", "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.9", "userAgent": "Boto3/1.34", "recipientAccountId": "111122223333", "eventCategory": "Management",
        });
        for (key, value) in more.as_object().unwrap() {
            event[key] = value.clone();
        }
        event
    }

    fn session(role: &str, key: &str, source: Option<&str>) -> Value {
        let mut identity = json!({
            "type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/job"), "accountId": "111122223333", "accessKeyId": key,
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": format!("arn:aws:iam::111122223333:role/{role}")}},
        });
        if let Some(source) = source {
            identity["sessionContext"]["sourceIdentity"] = json!(source);
        }
        identity
    }

    fn directory() -> PathBuf {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("who");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("trail")).unwrap();
        fs::create_dir_all(directory.join("snapshots")).unwrap();
        let alice = json!({
            "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": "alice",
        });
        let asked = json!({"roleArn": "arn:aws:iam::111122223333:role/deploy", "roleSessionName": "job"});
        let handed = |key: &str| json!({"requestParameters": asked, "responseElements": {"credentials": {"accessKeyId": key}}});
        let hub = json!({
            "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/hub", "roleSessionName": "job"},
            "responseElements": {"credentials": {"accessKeyId": "ASIAHUBEXAMPLE111111"}},
        });
        let refused = json!({"requestParameters": asked, "errorCode": "AccessDenied"});
        let (one, two) = ("ASIAONEEXAMPLE111111", "ASIATWOEXAMPLE222222");
        let events = [
            event(1, "sts", "AssumeRole", &alice, &hub),
            event(2, "sts", "AssumeRole", &session("hub", "ASIAHUBEXAMPLE111111", None), &handed(one)),
            event(3, "ec2", "DescribeInstances", &session("deploy", one, None), &json!({})),
            event(4, "ec2", "DescribeInstances", &session("deploy", two, Some("bob@example.jp")), &json!({})),
            event(5, "sts", "AssumeRole", &alice, &refused),
        ];
        fs::write(directory.join("trail/a.json"), json!({ "Records": events }).to_string()).unwrap();
        directory
    }

    #[test]
    fn who_is_behind_a_role_from_files_and_from_a_lake() {
        let directory = directory();
        let questions: [&[&str]; 4] = [
            &["trail", "who", "deploy"],
            &["trail", "who", "111122223333/hub"],
            &["trail", "who", "arn:aws:iam::111122223333:role/any/deploy"],
            &["trail", "who", "deploy", "--since", "2026-10-01T04:00:00Z", "--account", "111122223333"],
        ];
        let of_files = questions.map(|question| answer(&directory, question));
        assert!(run(&directory, &["ingest"]).status.success());
        for (question, of_files) in questions.iter().zip(&of_files) {
            let of_lake = answer(&directory, question);
            assert_eq!((&of_lake["source"], &of_files["source"]), (&json!("lake"), &json!("files")));
            assert_eq!(of_lake["rows"], of_files["rows"], "{question:?}");
            assert_eq!(of_lake["summary"], of_files["summary"], "{question:?}");
        }
        let [deploy, hub, by_arn, late] = of_files;
        assert_eq!(deploy["rows"], by_arn["rows"]);
        let who = |answer: &Value| {
            let rows = answer["rows"].as_array().unwrap().iter();
            rows.map(|row| format!("{} {} {}", row["who"], row["through"], row["calls"])).collect::<Vec<_>>()
        };
        let alice = r#""arn:aws:iam::111122223333:user/alice""#;
        let bob = r#""source identity bob@example.jp" [] 1"#.to_owned();
        assert_eq!(who(&deploy), [format!(r#"{alice} ["111122223333/hub"] 1"#), bob.clone()]);
        assert_eq!(who(&hub), [format!("{alice} [] 1")]);
        assert_eq!(who(&late), [bob]);
        let refused = &deploy["summary"]["refused"][0];
        assert_eq!(
            (&refused["who"], &refused["attempts"]),
            (&json!("arn:aws:iam::111122223333:user/alice"), &json!(1))
        );
    }

    #[test]
    fn a_name_of_no_role_is_told() {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("who-nobody");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("trail")).unwrap();
        let event = event(
            1,
            "ec2",
            "DescribeInstances",
            &session("deploy", "ASIAONEEXAMPLE111111", None),
            &json!({}),
        );
        fs::write(directory.join("trail/a.json"), json!({ "Records": [event] }).to_string()).unwrap();
        let output = run(&directory, &["trail", "who", "deply"]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            told.contains("no session of a role `deply`") && told.contains("did you mean `deploy`?"),
            "{told}"
        );
        assert_eq!(run(&directory, &["trail", "who", "444455556666/deploy"]).status.code(), Some(2));
    }
}
