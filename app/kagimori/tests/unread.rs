//! A part of the trail that could not be read is no proof: what rests on it cannot be told.

#[cfg(test)]
mod unread {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    const ACCOUNT: &str = "111122223333";
    const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

    /// A user with a key and one policy, and a trail of forty days in which somebody else is heard every day.
    fn company(name: &str) -> PathBuf {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("unread-{name}"));
        let _ = fs::remove_dir_all(&directory);
        let (account, trail) = (directory.join("snapshots").join(ACCOUNT), directory.join("trail"));
        fs::create_dir_all(&account).unwrap();
        fs::create_dir(&trail).unwrap();
        fs::write(directory.join("kagimori.toml"), "as_of = \"2026-03-11T00:00:00Z\"\n").unwrap();
        let user = |name: &str, id: &str| {
            serde_json::json!({
                "UserName": name, "UserId": id, "Path": "/", "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
                "CreateDate": "2020-01-01T00:00:00+00:00", "GroupList": [], "AttachedManagedPolicies": [],
                "UserPolicyList": [{ "PolicyName": "ec2", "PolicyDocument": { "Version": "2012-10-17", "Statement": [
                    { "Effect": "Allow", "Action": ["ec2:DescribeInstances", "ec2:StopInstances"], "Resource": "*" }] } }],
            })
        };
        let details = serde_json::json!({
            "UserDetailList": [user("batch", "AIDAIOSFODNN7EXAMPLE1"), user("heard", "AIDAIOSFODNN7EXAMPLE2")],
            "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false,
        });
        fs::write(account.join("authorization-details.json"), details.to_string()).unwrap();
        let keys = serde_json::json!({ "AccessKeyMetadata": [
            { "UserName": "batch", "AccessKeyId": KEY, "Status": "Active", "CreateDate": "2020-01-01T00:00:00+00:00" }] });
        fs::write(account.join("access-keys.json"), keys.to_string()).unwrap();
        let day = |day: i64| {
            let at = jiff::Timestamp::from_second(1_769_904_000 + day * 86_400).unwrap();
            let event = |name: &str, read_only: bool, id: u32| {
                serde_json::json!({
                    "eventVersion": "1.11", "eventTime": at.to_string(), "eventSource": "ec2.amazonaws.com", "eventName": name,
                    "eventID": format!("00000000-0000-4000-8000-{:012}", day * 10 + i64::from(id)), "eventCategory": "Management",
                    "readOnly": read_only, "awsRegion": "us-east-1", "recipientAccountId": ACCOUNT, "sourceIPAddress": "203.0.113.1",
                    "requestParameters": null, "eventType": "AwsApiCall",
                    "userIdentity": { "type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/heard"), "accountId": ACCOUNT,
                        "principalId": "AIDAIOSFODNN7EXAMPLE2", "userName": "heard" },
                })
            };
            let events = [event("DescribeInstances", true, 0), event("StopInstances", false, 1)];
            serde_json::json!({ "Records": events }).to_string()
        };
        for number in 0..38 {
            fs::write(trail.join(format!("{number:02}.json")), day(number)).unwrap();
        }
        directory
    }

    fn run(directory: &Path, words: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kagimori"));
        let output = command.env("NO_COLOR", "1").args(words).arg("--dir").arg(directory).output().unwrap();
        let told =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), told)
    }

    fn torn(directory: &Path, account: &str) {
        let name = format!("{account}_CloudTrail_us-east-1_20260220T0005Z_AQZ3K2C36DT6KI77.json.gz");
        fs::write(directory.join("trail").join(name), b"\x1f\x8b\x08\x00torn").unwrap();
    }

    #[test]
    fn what_would_break_cannot_be_told() {
        let whatif = ["whatif", "--days", "30", "--key-off", KEY];
        let (directory, other) = (company("whatif"), company("other"));
        let (code, told) = run(&directory, &whatif);
        assert!(code == 0 && !told.contains("CANNOT TELL"), "{code} {told}");
        torn(&directory, ACCOUNT);
        let (code, told) = run(&directory, &whatif);
        assert!(
            code != 0 && told.contains("CANNOT TELL") && told.contains("could not all be read"),
            "{code} {told}"
        );
        // What was not read of another account is none of this one's.
        torn(&other, "444455556666");
        let (code, told) = run(&other, &whatif);
        assert!(code == 3 && !told.contains("CANNOT TELL"), "{code} {told}");
    }

    #[test]
    fn nothing_is_taken_away_on_it() {
        let tighten = ["tighten", "heard", "--days", "40", "--floor", "1"];
        let directory = company("tighten");
        let (code, told) = run(&directory, &tighten);
        let page = directory.join("tighten/index.html");
        let before = fs::read(&page).unwrap();
        assert!(code < 2, "{code} {told}");
        torn(&directory, ACCOUNT);
        let (code, told) = run(&directory, &tighten);
        assert!(
            code != 0 && told.contains("cannot be told") && told.contains("stays as it is"),
            "{code} {told}"
        );
        assert!(fs::read(&page).unwrap() == before, "nothing is proposed in its place");
    }
}
