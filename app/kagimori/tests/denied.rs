//! `trail denied` and the map's test of itself, from files and from a lake: what AWS's messages say of refusals.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use serde_json::{Value, json};

    fn run(directory: &Path, arguments: &[&str]) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_kagimori"))
            .args(arguments)
            .args(["--dir", directory.to_str().unwrap(), "--format", "json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn event(
        number: u32,
        source: &str,
        name: &str,
        request: &Value,
        identity: &Value,
        message: &str,
    ) -> Value {
        json!({
            "eventVersion": "1.11", "eventTime": format!("2026-10-01T00:00:{number:02}Z"), "awsRegion": "us-east-1",
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventID": format!("e-{number}"),
            "eventType": "AwsApiCall", "recipientAccountId": "111122223333", "errorCode": "AccessDenied",
            "errorMessage": message, "requestParameters": request, "userIdentity": identity,
        })
    }

    fn directory() -> PathBuf {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("denied");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("trail")).unwrap();
        let ann = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann", "accountId": "111122223333", "userName": "ann"});
        let web = json!({"type": "WebIdentityUser", "userName": "repo:acme/app:ref:refs/heads/main",
            "identityProvider": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"});
        let who = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform:";
        let policy =
            "arn:aws:organizations::111122223333:policy/o-a1b2c3d4e5/service_control_policy/p-12345678";
        let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let events = [
            event(
                1,
                "s3",
                "GetObject",
                &json!({"bucketName": "ledger", "key": "k"}),
                &ann,
                &format!(
                    "{who} kms:Decrypt on resource: {key} because no resource-based policy allows the kms:Decrypt action"
                ),
            ),
            event(
                2,
                "sqs",
                "CreateQueue",
                &Value::Null,
                &ann,
                &format!(
                    "{who} sqs:CreateQueue on resource: arn:aws:sqs:us-east-1:111122223333:q with an explicit deny in a service control policy: {policy}"
                ),
            ),
            event(
                3,
                "sts",
                "AssumeRoleWithWebIdentity",
                &json!({"roleArn": "arn:aws:iam::111122223333:role/deploy"}),
                &web,
                "Not authorized to perform sts:AssumeRoleWithWebIdentity",
            ),
            event(
                4,
                "iam",
                "DeleteUser",
                &json!({"userName": "bob"}),
                &ann,
                &format!(
                    "{who} iam:DeleteUser on resource: user eve because no identity-based policy allows the iam:DeleteUser action"
                ),
            ),
            event(5, "iam", "DeleteUser", &json!({"userName": "bob"}), &ann, "Access denied"),
        ];
        fs::write(directory.join("trail/a.json"), json!({ "Records": events }).to_string()).unwrap();
        directory
    }

    #[test]
    fn refusals_are_told_as_aws_tells_them_from_files_and_from_a_lake() {
        let directory = directory();
        let questions: [&[&str]; 3] =
            [&["trail", "denied"], &["trail", "denied", "--check-map"], &["trail", "coverage"]];
        let of_files = questions.map(|question| run(&directory, question));
        run(&directory, &["ingest"]);
        for (question, of_files) in questions.iter().zip(&of_files) {
            let of_lake = run(&directory, question);
            assert_eq!((&of_lake["source"], &of_files["source"]), (&json!("lake"), &json!("files")));
            assert_eq!(of_lake["rows"], of_files["rows"], "{question:?}");
            assert_eq!(of_lake["summary"], of_files["summary"], "{question:?}");
        }
        let [denied, map, coverage] = of_files;
        let row = |event: &str, at: usize| {
            let rows = denied["rows"].as_array().unwrap().iter();
            rows.filter(|row| row["event"] == event).nth(at).unwrap().clone()
        };
        let decrypt = row("s3:GetObject", 0);
        assert_eq!(decrypt["action"], "kms:Decrypt");
        assert!(decrypt["resource"].as_str().unwrap().contains(":key/1234abcd"));
        assert_eq!(decrypt["layer"], "not allowed by resource-based policy");
        let queue = row("sqs:CreateQueue", 0);
        assert_eq!(queue["layer"], "denied by service control policy");
        assert!(queue["policy"].as_str().unwrap().ends_with("/p-12345678"));
        let web = row("sts:AssumeRoleWithWebIdentity", 0);
        assert!(web["principal"].as_str().unwrap().ends_with(":repo:acme/app:ref:refs/heads/main"), "{web}");
        assert_eq!(web["resource"], "arn:aws:iam::111122223333:role/deploy");
        let counts = &coverage["summary"]["map"];
        assert_eq!(counts, &map["summary"]);
        assert_eq!(
            (&counts["refused"], &counts["told"], &counts["other_resource"]),
            (&json!(5), &json!(4), &json!(1))
        );
        let wrong = map["rows"].as_array().unwrap();
        assert_eq!(wrong.len(), 1);
        assert_eq!(
            (&wrong[0]["on"], &wrong[0]["map_said"]),
            (&json!("user eve"), &json!("on arn:aws:iam::111122223333:user/*bob"))
        );
    }
}
