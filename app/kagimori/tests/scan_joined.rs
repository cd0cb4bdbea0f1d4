//! `kagimori scan --dir`: what estate and trail say of the keys that were found is what `leaked` says of each.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    use kagimori_testkit::keys;
    use serde_json::{Value, json};

    const ACCOUNT: u64 = 444_455_556_666;
    /// Days of trail, the first of them 2026-02-01.
    const DAYS: i64 = 37;
    const FIRST: i64 = 1_769_904_000;
    /// The day of the commit, counted from the first.
    const COMMITTED: i64 = 28;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scan-joined-{name}"));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn git(&self, repository: &str, arguments: &[&str]) {
            let day = format!("{} +0000", FIRST + COMMITTED * 86_400);
            let output = Command::new("git")
                .args([
                    "-c",
                    "user.name=ann",
                    "-c",
                    "user.email=ann@example.com",
                    "-c",
                    "commit.gpgsign=false",
                ])
                .args(arguments)
                .current_dir(self.0.join(repository))
                .env("GIT_CONFIG_GLOBAL", self.0.join("no-such-file"))
                .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_AUTHOR_DATE", &day), ("GIT_COMMITTER_DATE", &day)])
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }

        /// A user whose key calls twice each day, one write among them, and another whose key is silent.
        fn company(&self) {
            self.write("company/kagimori.toml", "as_of = \"2026-03-11T00:00:00Z\"\n");
            let account = format!("company/snapshots/{ACCOUNT}");
            let user = |name: &str, id: &str| {
                json!({
                    "UserName": name, "UserId": id, "Path": "/", "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
                    "CreateDate": "2020-01-01T00:00:00+00:00", "GroupList": [], "AttachedManagedPolicies": [],
                    "UserPolicyList": [{ "PolicyName": "ec2", "PolicyDocument": { "Version": "2012-10-17", "Statement": [
                        { "Effect": "Allow", "Action": ["ec2:DescribeInstances", "ec2:StopInstances", "ec2:DeleteVolume"], "Resource": "*" }] } }],
                })
            };
            let details = json!({
                "UserDetailList": [user("batch", "AIDAIOSFODNN7EXAMPLE1"), user("silent", "AIDAIOSFODNN7EXAMPLE2")],
                "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false,
            });
            self.write(&format!("{account}/authorization-details.json"), &details.to_string());
            let key = |user: &str, number: u64| json!({ "UserName": user, "AccessKeyId": id(number), "Status": "Active", "CreateDate": "2020-01-01T00:00:00+00:00" });
            let keys = json!({ "AccessKeyMetadata": [key("batch", 1), key("silent", 2)] });
            self.write(&format!("{account}/access-keys.json"), &keys.to_string());
            for day in 0..DAYS {
                self.write(&format!("company/trail/{day:02}.json"), &records(day).to_string());
            }
        }

        /// A repository with the key in its one commit, a folder with the other key.
        fn sources(&self) {
            self.write("ferry/.env", &pair(1));
            self.git("ferry", &["init", "-q"]);
            self.git("ferry", &["add", "."]);
            self.git("ferry", &["commit", "-q", "-m", "settings"]);
            self.write("port/.env", &pair(2));
        }

        fn ask(&self, arguments: &[&str]) -> Output {
            Command::new(env!("CARGO_BIN_EXE_kagimori"))
                .env("NO_COLOR", "1")
                .args(arguments)
                .current_dir(&self.0)
                .output()
                .unwrap()
        }

        fn json(&self, arguments: &[&str]) -> Value {
            let output = self.ask(&[arguments, &["--format", "json"]].concat());
            serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
        }
    }

    fn id(number: u64) -> String {
        keys::id("AKIA", ACCOUNT, number)
    }

    fn pair(number: u64) -> String {
        format!("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n", id(number), keys::secret(number))
    }

    fn records(day: i64) -> Value {
        let at = jiff::Timestamp::from_second(FIRST + day * 86_400 + 3_600).unwrap();
        let event = |name: &str, read_only: bool, number: i64| {
            json!({
                "eventVersion": "1.11", "eventTime": at.to_string(), "eventSource": "ec2.amazonaws.com", "eventName": name,
                "eventID": format!("00000000-0000-4000-8000-{:012}", day * 10 + number), "eventCategory": "Management",
                "readOnly": read_only, "awsRegion": "us-east-1", "recipientAccountId": ACCOUNT.to_string(),
                "sourceIPAddress": "203.0.113.1", "userAgent": "aws-cli/2.31.0", "requestParameters": null, "eventType": "AwsApiCall",
                "userIdentity": { "type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/batch"),
                    "accountId": ACCOUNT.to_string(), "principalId": "AIDAIOSFODNN7EXAMPLE1", "userName": "batch", "accessKeyId": id(1) },
            })
        };
        json!({ "Records": [event("DescribeInstances", true, 0), event("StopInstances", false, 1)] })
    }

    fn of(answer: &Value, number: u64) -> &Value {
        let findings = answer["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["name"] == id(number)).unwrap()
    }

    const SCAN: [&str; 7] = ["scan", "ferry", "port", "--git", "ferry", "--dir", "company"];

    #[test]
    fn each_key_is_joined_with_what_leaked_says_of_it() {
        let folder = Folder::new("told");
        folder.company();
        folder.sources();
        let answer = folder.json(&SCAN);
        let joined = &of(&answer, 1)["joined"];
        assert_eq!(
            (&joined["could"]["allowed"], &joined["could"]["conditional"]),
            (&json!(5), &json!(3)),
            "{joined:#}"
        );
        assert_eq!((&joined["did"]["calls"], &joined["did"]["writes"]), (&json!(2 * DAYS), &json!(DAYS)));
        let since = DAYS - COMMITTED;
        assert_eq!(joined["did"]["since_commit"], json!({ "calls": 2 * since, "writes": since }));
        assert_eq!(joined["breaks"]["newly_denied"], json!(2 * DAYS), "every call is made with the key");
        assert_eq!(joined["replacement"]["proved"], true, "{joined:#}");
        let policies = joined["replacement"]["policies"].to_string();
        assert!(policies.contains("StopInstances") && !policies.contains("DeleteVolume"), "{policies}");
        let all = joined["could"]["levels"].to_string();
        assert!(all.contains("ec2:DeleteVolume") && !all.contains("ec2:TerminateInstances"), "{all}");
        // a key that nobody was seen with
        let silent = &of(&answer, 2)["joined"];
        assert_eq!(
            (&silent["did"], &silent["breaks"]["newly_denied"]),
            (&Value::Null, &json!(0)),
            "{silent:#}"
        );
        for (number, places) in
            [(1, ["--tree", "ferry", "--git", "ferry"]), (2, ["--tree", "port", "--tree", "ferry"])]
        {
            let leaked = folder.json(&[&["leaked", &id(number), "--dir", "company"], &places[..]].concat());
            for part in ["suspected", "could", "did", "breaks", "replacement", "unknown"] {
                assert_eq!(of(&answer, number)["joined"][part], leaked[part], "{number} {part}");
            }
        }
    }

    #[test]
    fn people_read_the_same_in_a_few_lines() {
        let folder = Folder::new("read");
        folder.company();
        folder.sources();
        let output = folder.ask(&SCAN);
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        let lines: Vec<&str> = told.lines().map(str::trim).collect();
        let line = |begin: &str| {
            *lines.iter().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("{begin}: {told}"))
        };
        assert!(
            line("could")
                .contains("5 actions, 3 more under conditions; write: ec2:DeleteVolume, ec2:StopInstances"),
            "{told}"
        );
        assert!(
            line("did").contains("74 calls, 37 writes, 2026-02-01 to 2026-03-09; 18 calls, 9 writes since"),
            "{told}"
        );
        assert!(line("used by").contains("203.0.113.0/24 (expected)"), "{told}");
        assert!(line("breaks").contains("74 of 74 calls"), "{told}");
        assert!(line("instead").contains(&format!("kagimori leaked {} --dir company", id(1))), "{told}");
        assert!(line("unknown").contains("the trail begins on 2026-02-01"), "{told}");
        assert!(told.contains("the trail holds no call with it"), "{told}");
        assert!(told.contains("its user made no call in the last 90 days"), "{told}");
        for number in [1, 2] {
            assert!(!told.contains(&keys::secret(number)));
        }
    }

    /// Where it lies is told in either language, and which of these lines has to change.
    #[test]
    fn leaked_tells_the_lines_to_change() {
        let folder = Folder::new("lines");
        folder.company();
        folder.sources();
        folder.write("ferry/.env", "# by a role\n");
        folder.git("ferry", &["commit", "-q", "-a", "-m", "a role"]);
        folder.write("host/.env", &pair(1));
        let told = |language: &str| {
            let arguments =
                ["leaked", &id(1), "--tree", "ferry", "--tree", "host", "--git", "ferry", "--dir", "company"];
            let output = folder.ask(&[&arguments[..], &["--language", language]].concat());
            String::from_utf8(output.stdout).unwrap()
        };
        let (english, japanese) = (told("en"), told("ja"));
        assert!(english.contains("host/.env:1: change this line\n"), "{english}");
        assert!(english.contains(" of 2026-03-01, not at HEAD\n"), "{english}");
        assert!(japanese.contains("host/.env:1: この行を変更\n"), "{japanese}");
        assert!(japanese.contains("（2026-03-01）から。現在の HEAD にはありません\n"), "{japanese}");
    }

    /// Without a trail nothing is claimed, and with one that cannot be read the answer is not whole.
    #[test]
    fn what_the_trail_does_not_tell_is_said() {
        let folder = Folder::new("untold");
        folder.company();
        folder.sources();
        fs::write(folder.0.join("company/trail/00.json"), "{ torn").unwrap();
        let output = folder.ask(&SCAN);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.code() == Some(3) && told.contains("incomplete"), "{told}");
        fs::remove_dir_all(folder.0.join("company/trail")).unwrap();
        let output = folder.ask(&SCAN);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.code() == Some(1)
                && told.contains("2 keys of the company without what the trail tells"),
            "{told}"
        );
        let answer = folder.json(&SCAN);
        assert!(of(&answer, 1).get("joined").is_none() && answer["not_asked"] == 2, "{answer:#}");
    }

    /// A bare repository below a path counts as read when `--git` reads it, and only then.
    #[test]
    fn a_bare_repository_that_git_reads_is_read() {
        let folder = Folder::new("bare");
        folder.sources();
        folder.git(".", &["clone", "-q", "--bare", "ferry", "all/ferry.git"]);
        assert_eq!(folder.ask(&["scan", "all"]).status.code(), Some(3));
        for git in ["all/ferry.git", "./all/../all/ferry.git/"] {
            let output = folder.ask(&["scan", "all", "--git", git]);
            let told = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(1), "{told}");
            assert!(told.contains(&id(1)) && told.contains("in 1 system "), "{told}");
        }
        folder.git(".", &["clone", "-q", "--bare", "ferry", "all/second.git"]);
        assert_eq!(
            folder.ask(&["scan", "all", "--git", "all/ferry.git"]).status.code(),
            Some(3),
            "the second was not read"
        );
        assert_eq!(folder.ask(&["scan", "all", "--git", "ferry/nowhere"]).status.code(), Some(3));
    }

    /// A work tree that is called by a secret is not told by its name either.
    #[test]
    fn a_repository_that_is_called_by_a_secret_is_covered() {
        let folder = Folder::new("called");
        let secret = keys::secret(3).replace('/', "x");
        let inner = format!("app/{secret}");
        folder.write(&format!("{inner}/a.txt"), "nothing\n");
        folder.git(&inner, &["init", "-q"]);
        folder.git(".", &["clone", "-q", "--bare", &inner, &format!("{inner}.git")]);
        for format in ["human", "json", "sarif", "csv"] {
            let output = folder.ask(&["scan", "app", "--format", format]);
            let printed = [output.stdout, output.stderr].concat();
            assert!(!String::from_utf8_lossy(&printed).contains(&secret), "{format}");
        }
    }
}
