//! `kagimori trail`: callers of every kind, and files that are not whole; the same answers from files and from a lake.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    use serde_json::{Value, json};

    const ROOT: &str = "arn:aws:iam::111122223333:root";

    fn run(directory: &Path, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kagimori"))
            .args(arguments)
            .args(["--dir", directory.to_str().unwrap()])
            .env("NO_COLOR", "1")
            .output()
            .unwrap()
    }

    fn event(at: &str, (source, name): (&str, &str), identity: Value, more: Value) -> Value {
        let mut event = json!({
            "eventVersion": "1.11", "eventTime": at, "eventID": format!("e-{at}-{name}"),
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall", "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.9", "userAgent": "Boto3/1.34", "recipientAccountId": "111122223333", "eventCategory": "Management",
        });
        event["userIdentity"] = identity;
        let Value::Object(more) = more else { panic!("no members: {more}") };
        event.as_object_mut().unwrap().extend(more);
        event
    }

    fn directory(name: &str, files: &[(&str, Vec<u8>)]) -> PathBuf {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("trail-{name}"));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("trail")).unwrap();
        for (name, bytes) in files {
            fs::write(directory.join("trail").join(name), bytes).unwrap();
        }
        directory
    }

    fn of_events(name: &str, events: &[Value]) -> PathBuf {
        directory(name, &[("a.json", json!({ "Records": events }).to_string().into_bytes())])
    }

    /// The rows of an answer: from the files, and the same from a lake.
    #[track_caller]
    fn rows(directory: &Path, arguments: &[&str]) -> Vec<Value> {
        let answer = |more: &[&str]| {
            let output = run(directory, &[arguments, &["--format", "json"], more].concat());
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
            answer["rows"].as_array().unwrap().clone()
        };
        let trail = directory.join("trail");
        let of_files = answer(&["--trail", trail.to_str().unwrap()]);
        assert!(run(directory, &["ingest"]).status.success());
        assert_eq!(answer(&[]), of_files, "{arguments:?}");
        of_files
    }

    #[test]
    fn centralised_root_access_is_asked_about_like_a_role() {
        let admin = json!({"type": "IAMUser", "arn": "arn:aws:iam::999900001111:user/admin", "accountId": "999900001111", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": "admin"});
        let asked = json!({
            "recipientAccountId": "999900001111", "requestParameters": {"targetPrincipal": "111122223333", "taskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}},
            "responseElements": {"credentials": {"accessKeyId": "ASIAROOTEXAMPLE11111"}},
        });
        let session = json!({
            "type": "Root", "principalId": "111122223333", "arn": ROOT, "accountId": "111122223333", "accessKeyId": "ASIAROOTEXAMPLE11111",
            "sessionContext": {"assumedRoot": "true", "attributes": {"mfaAuthenticated": "false"}},
        });
        let directory = of_events(
            "assumed-root",
            &[
                event("2026-10-01T01:00:00Z", ("sts", "AssumeRoot"), admin, asked),
                event("2026-10-01T01:05:00Z", ("iam", "ListAccessKeys"), session, json!({"readOnly": true})),
            ],
        );
        for role in ["111122223333:root", ROOT] {
            let who = rows(&directory, &["trail", "who", role]);
            assert_eq!(who.len(), 1, "{who:?}");
            assert_eq!(
                (&who[0]["who"], &who[0]["how"]),
                (&json!("arn:aws:iam::999900001111:user/admin"), &json!("AssumeRoot"))
            );
            assert_eq!((&who[0]["role"], &who[0]["calls"]), (&json!("111122223333:root"), &json!(1)));
        }
        let root = rows(&directory, &["trail", "root"]);
        assert_eq!(root.len(), 1);
        assert_eq!(
            (&root[0]["principal"], &root[0]["action"]),
            (&json!("111122223333:assumed-root"), &json!("iam:ListAccessKeys"))
        );
        let usage = rows(&directory, &["trail", "usage"]);
        assert!(usage.iter().any(|row| row["kind"] == "assumed-root"), "{usage:?}");
        assert!(!usage.iter().any(|row| row["kind"] == "root"), "{usage:?}");
    }

    #[test]
    fn the_key_of_another_accounts_caller() {
        let far = json!({"type": "AWSAccount", "principalId": "AIDAQRSTUVWXYZEXAMPLE", "accountId": "777788889999", "accessKeyId": "AKIAI44QH8DHBEXAMPLE"});
        let bucket = json!({"requestParameters": {"bucketName": "ours", "key": "k"}, "sharedEventID": "s-1", "readOnly": true});
        let directory =
            of_events("foreign-key", &[event("2026-10-01T01:00:00Z", ("s3", "GetObject"), far, bucket)]);
        let key = rows(&directory, &["trail", "key", "AKIAI44QH8DHBEXAMPLE"]);
        assert_eq!(key.len(), 1);
        assert_eq!(
            (&key[0]["principal"], &key[0]["action"]),
            (&json!("AKIAI44QH8DHBEXAMPLE"), &json!("s3:GetObject"))
        );
    }

    #[test]
    fn everybody_who_signs_in() {
        let signed = |name: &str, more: Value| {
            let mut all = json!({"eventType": "AwsConsoleSignIn", "responseElements": {name: "Success"}, "additionalEventData": {"MFAUsed": "No"}});
            for (key, value) in more.as_object().unwrap() {
                all[key] = value.clone();
            }
            all
        };
        let session = |person: &str| json!({"type": "AssumedRole", "principalId": format!("AROAEXAMPLE:{person}"), "arn": format!("arn:aws:sts::111122223333:assumed-role/Admin/{person}"), "accountId": "111122223333"});
        let person = json!({"type": "Unknown", "principalId": "111122223333", "arn": "", "accountId": "111122223333", "accessKeyId": "", "userName": "demo", "onBehalfOf": {"userId": "f12bb510-a011", "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-1"}});
        let center = json!({"eventType": "AwsServiceEvent", "responseElements": null, "serviceEventDetails": {"UserAuthentication": "Success"}, "additionalEventData": {"CredentialType": "PASSWORD,TOTP"}});
        let failed = json!({"eventType": "AwsServiceEvent", "responseElements": null, "serviceEventDetails": {"CredentialVerification": "Failure"}});
        let federated = json!({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/kai", "accountId": "111122223333", "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/broker"}}});
        let user = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann", "accountId": "111122223333", "userName": "ann"});
        let directory = of_events(
            "console",
            &[
                event(
                    "2026-10-01T01:00:00Z",
                    ("signin", "ConsoleLogin"),
                    user,
                    signed("ConsoleLogin", json!({})),
                ),
                event(
                    "2026-10-01T02:00:00Z",
                    ("signin", "ConsoleLogin"),
                    session("kim"),
                    signed("ConsoleLogin", json!({})),
                ),
                event(
                    "2026-10-01T03:00:00Z",
                    ("signin", "SwitchRole"),
                    session("lee"),
                    signed("SwitchRole", json!({})),
                ),
                event("2026-10-01T04:00:00Z", ("signin", "UserAuthentication"), person.clone(), center),
                event("2026-10-01T05:00:00Z", ("signin", "CredentialVerification"), person, failed),
                event(
                    "2026-10-01T06:00:00Z",
                    ("signin", "ConsoleLogin"),
                    federated,
                    signed("ConsoleLogin", json!({})),
                ),
            ],
        );
        let rows = rows(&directory, &["trail", "console"]);
        let told: Vec<String> = rows
            .iter()
            .map(|row| {
                format!(
                    "{} {} {} {}",
                    row["who"].as_str().unwrap(),
                    row["succeeded"],
                    row["without_mfa"],
                    row["failed"]
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "arn:aws:iam::111122223333:user/ann 1 1 0",
                "arn:aws:sts::111122223333:assumed-role/Admin/kim 1 0 0",
                "arn:aws:sts::111122223333:assumed-role/Admin/lee 1 0 0",
                "arn:aws:sts::111122223333:federated-user/kai 1 0 0",
                "111122223333:identity-center/f12bb510-a011 1 0 1",
            ]
        );
    }

    #[test]
    fn delegates_codes_and_refusals_behind_a_role() {
        let alice = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": "alice"});
        let session = |key: &str, mfa: &str, more: Value| {
            let mut identity = json!({
                "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/job", "accountId": "111122223333", "accessKeyId": key,
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/deploy"}, "attributes": {"mfaAuthenticated": mfa}},
            });
            for (key, value) in more.as_object().unwrap() {
                identity[key] = value.clone();
            }
            identity
        };
        let request = json!({"roleArn": "arn:aws:iam::111122223333:role/deploy", "roleSessionName": "job", "serialNumber": "arn:aws:iam::111122223333:mfa/alice"});
        let handed = json!({"requestParameters": request, "responseElements": {"credentials": {"accessKeyId": "ASIAONEEXAMPLE111111"}}});
        let refused = json!({"requestParameters": request, "errorCode": "AccessDenied"});
        let directory = of_events(
            "behind",
            &[
                event("2026-10-01T01:00:00Z", ("sts", "AssumeRole"), alice.clone(), handed),
                event(
                    "2026-10-01T02:00:00Z",
                    ("ec2", "DescribeInstances"),
                    session("ASIAONEEXAMPLE111111", "true", json!({})),
                    json!({}),
                ),
                event(
                    "2026-10-01T03:00:00Z",
                    ("ec2", "DescribeVpcs"),
                    session(
                        "ASIATWOEXAMPLE222222",
                        "false",
                        json!({"invokedByDelegate": {"accountId": "444455556666"}}),
                    ),
                    json!({}),
                ),
                event("2026-10-01T04:00:00Z", ("sts", "AssumeRole"), alice, refused),
            ],
        );
        let who = rows(&directory, &["trail", "who", "deploy"]);
        let told: Vec<String> = who
            .iter()
            .map(|row| format!("{} {}", row["who"].as_str().unwrap(), row["mfa"].as_str().unwrap()))
            .collect();
        assert_eq!(told, ["arn:aws:iam::111122223333:user/alice yes", "delegate of account 444455556666 no"]);
        let csv = run(&directory, &["trail", "who", "deploy", "--format", "csv"]);
        let csv = String::from_utf8(csv.stdout).unwrap();
        let refused: Vec<&str> = csv.lines().filter(|line| line.contains(",refused,")).collect();
        assert_eq!(refused.len(), 1, "{csv}");
        assert!(
            refused[0].starts_with("arn:aws:iam::111122223333:user/alice,111122223333/deploy,refused,"),
            "{csv}"
        );
        assert!(refused[0].ends_with(",1"), "{csv}");
    }

    #[test]
    fn nobodys_call_is_nobodys() {
        let nobody = json!({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"});
        let refused = json!({"errorCode": "AccessDenied", "recipientAccountId": null, "requestParameters": {"bucketName": "ours", "key": "k"}, "readOnly": true});
        let directory =
            of_events("anonymous", &[event("2026-10-01T01:00:00Z", ("s3", "GetObject"), nobody, refused)]);
        let denied = rows(&directory, &["trail", "denied"]);
        assert_eq!(denied[0]["principal"], "anonymous");
        let coverage = rows(&directory, &["trail", "coverage"]);
        assert_eq!(coverage[0]["account"], "");
    }

    /// One call that two tools wrote counts once, whatever their spelling.
    #[test]
    fn a_call_that_two_tools_wrote_counts_once() {
        let user = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann", "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": "ann"});
        let one = event(
            "2026-10-01T01:00:00Z",
            ("ec2", "DescribeInstances"),
            user,
            json!({"requestParameters": {"maxResults": 5, "filter": "é"}}),
        );
        let text = json!({ "Records": [one] }).to_string();
        let other = text.replace("\"maxResults\":5", "\"maxResults\" : 5.0").replace('é', "\\u00e9");
        assert_ne!(text, other);
        let directory =
            directory("spelling", &[("a.json", text.into_bytes()), ("b.json", other.into_bytes())]);
        let usage = rows(&directory, &["trail", "usage"]);
        assert_eq!(usage[0]["calls"], 1);
    }

    /// What is there is used; that it is not all is told, and the exit code says so.
    #[test]
    fn files_that_are_not_whole_are_told() {
        let user = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann", "accountId": "111122223333", "userName": "ann"});
        let one = event("2026-10-01T01:00:00Z", ("ec2", "DescribeInstances"), user, json!({}));
        let running =
            json!({"QueryStatus": "RUNNING", "QueryResultRows": [[{"eventJson": one.to_string()}]]})
                .to_string();
        let more = json!({"Events": [{"CloudTrailEvent": one.to_string()}], "NextToken": "t"}).to_string();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, json!({ "Records": [one] }).to_string().as_bytes()).unwrap();
        let mut packed = packed.finish().unwrap();
        packed.extend_from_slice(b"and a tail");
        for (name, file, words) in [
            ("running", ("a.json", running.into_bytes()), "its status is `RUNNING`"),
            ("more", ("a.json", more.into_bytes()), "more follows (`NextToken`)"),
            ("tail", ("a.json.gz", packed), "something follows its end"),
        ] {
            let directory = directory(name, &[file]);
            let asked = run(&directory, &["trail", "usage", "--format", "json"]);
            assert_eq!(asked.status.code(), Some(3), "{name}");
            let answer: Value = serde_json::from_slice(&asked.stdout).unwrap();
            assert_eq!(answer["rows"][0]["calls"], 1, "{name}");
            let ingested = run(&directory, &["ingest"]);
            assert_eq!(ingested.status.code(), Some(3), "{name}");
            let said = String::from_utf8_lossy(&ingested.stdout).into_owned()
                + &String::from_utf8_lossy(&ingested.stderr);
            assert!(said.contains(words), "{name}: {said}");
            assert_eq!(run(&directory, &["trail", "usage"]).status.code(), Some(3), "{name}");
        }
    }
}
