//! The program on a rough machine: odd files in the directory, any umask, locale, time zone, number of threads and order of files.

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};
    use std::time::{Duration, Instant};

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("app-firm-{name}"));
        // What a test before made unreadable.
        let _ = Command::new("chmod").args(["-R", "u+rwx"]).arg(&folder).output();
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::canonicalize(folder).unwrap()
    }

    fn run(arguments: &[&str], umask: &str, variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_kagimori")]);
        command.args(arguments).env("NO_COLOR", "1").envs(variables.iter().copied()).output().unwrap()
    }

    fn copy(from: &Path, to: &Path, reversed: bool) {
        fs::create_dir_all(to).unwrap();
        let mut entries: Vec<PathBuf> =
            fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        if reversed {
            entries.reverse();
        }
        for path in entries {
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() {
                copy(&path, &target, reversed)
            } else {
                let _bytes = fs::copy(&path, target).unwrap();
            }
        }
    }

    /// Two accounts of the example with a trail of its own.
    fn company(name: &str, reversed: bool) -> PathBuf {
        let (directory, example) =
            (folder(name), Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai"));
        for account in ["111122223333", "222233334444"] {
            let from = example.join("snapshots").join(account);
            copy(&from, &directory.join("snapshots").join(account), reversed);
        }
        fs::copy(example.join("kagimori.toml"), directory.join("kagimori.toml")).unwrap();
        add_user(&directory.join("snapshots/111122223333/authorization-details.json"));
        let trail = directory.join("trail");
        fs::create_dir_all(&trail).unwrap();
        let mut files: Vec<u32> = (0..6).collect();
        if reversed {
            files.reverse();
        }
        for file in files {
            let events: Vec<String> = (0..40).map(|n| event(file * 30 + n)).collect();
            let text = format!(r#"{{"Records":[{}]}}"#, events.join(","));
            fs::write(trail.join(format!("{file}.json")), text).unwrap();
        }
        directory
    }

    /// One who did less than it may.
    fn add_user(details: &Path) {
        let mut answer: serde_json::Value = serde_json::from_slice(&fs::read(details).unwrap()).unwrap();
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "sqs:*"], "Resource": "*"}]});
        answer["UserDetailList"].as_array_mut().unwrap().push(serde_json::json!({
            "Path": "/", "UserName": "drawer", "UserId": "AIDAIOSFODNN7EXAMPLE", "Arn": "arn:aws:iam::111122223333:user/drawer",
            "CreateDate": "2025-01-01T00:00:00+00:00", "GroupList": [], "AttachedManagedPolicies": [], "Tags": [],
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": policy}]
        }));
        fs::write(details, answer.to_string()).unwrap();
    }

    /// Some come in two files, and some have the id of another.
    fn event(n: u32) -> String {
        let id = if n.is_multiple_of(17) { 1 } else { n };
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/{}","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"u"}},"eventTime":"2026-10-{:02}T12:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.{}","userAgent":"aws-cli/2","requestParameters":{{"bucketName":"tide","key":"k{n}"}},"eventID":"e{id}","sharedEventID":"s{}","eventType":"AwsApiCall","readOnly":true,"recipientAccountId":"{}"}}"#,
            ["u0", "u1", "u2", "u3", "drawer"][n as usize % 5],
            1 + n % 20,
            n % 9,
            n % 40,
            if n.is_multiple_of(3) { "444455556666" } else { "111122223333" },
        )
    }

    /// Everything that commands write and print, by name.
    fn made(directory: &Path, umask: &str, variables: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        let dir = directory.to_str().unwrap();
        let in_dir = |name: &str| format!("{dir}/{name}");
        let (page, tighten, man, eval) =
            (in_dir("whatif.html"), in_dir("tighten"), in_dir("man"), in_dir("eval.jsonl"));
        let given = folder("given").join("nothing.json");
        let nothing =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
        fs::write(&given, nothing).unwrap();
        let policy = format!("111122223333/drawer={}", given.display());
        let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/guardrails");
        let questions: [&[&str]; 10] = [
            &["review", dir, "--page-room", "0"],
            &["trail", "usage", "--actions", "--format", "json", "--dir", dir],
            &[
                "tighten",
                "--account",
                "111122223333",
                "--floor",
                "1",
                "--dir",
                dir,
                "--out",
                &tighten,
                "--page-room",
                "0",
            ],
            &["whatif", "--policy", &policy, "--save", "--page", &page, "--dir", dir, "--page-room", "0"],
            &["ingest", "--bodies", "--dir", dir],
            &["lake", "verify", dir],
            &["trail", "usage", "--actions", "--format", "csv", "--dir", dir],
            &["trail", "coverage", "--format", "json", "--dir", dir],
            &["man", "--out", &man],
            &["policy", "eval", "--cases", cases, "--out", &eval],
        ];
        let mut made = BTreeMap::new();
        for (at, question) in questions.iter().enumerate() {
            let output = run(question, umask, variables);
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code().is_some_and(|code| code < 4), "{question:?}: {told}");
            let text = String::from_utf8_lossy(&output.stdout).replace(dir, "DIR");
            // How long it took is no answer.
            let kept = text.lines().filter(|line| !line.contains(" s, ") && !line.contains(" ms"));
            made.insert(format!("stdout {at}"), kept.collect::<Vec<_>>().join("\n").into_bytes());
        }
        gather(directory, directory, &mut made);
        made
    }

    fn gather(root: &Path, folder: &Path, made: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if ["snapshots", "trail", "kagimori.toml"].contains(&name.as_str()) {
                continue;
            }
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            if path.is_dir() {
                assert_eq!(mode, 0o700, "{name}");
                gather(root, &path, made);
            } else {
                assert_eq!(mode, 0o600, "{name}");
                // Plans of batches name the places and times of files.
                if !name.contains("_kagimori") {
                    made.insert(name, fs::read(&path).unwrap());
                }
            }
        }
    }

    #[test]
    fn the_same_bytes_whatever_the_machine_and_nobody_else_may_read_them() {
        let plain = made(
            &company("plain", false),
            "022",
            &[("RAYON_NUM_THREADS", "1"), ("LC_ALL", "C"), ("TZ", "UTC")],
        );
        assert!(
            plain.keys().any(|name| name.starts_with("lake/events")) && plain.len() > 20,
            "{:?}",
            plain.keys()
        );
        for lists in ["report/lists/findings-1-", "tighten/lists/inside-", "whatif-lists/inside-"] {
            assert!(plain.keys().any(|name| name.starts_with(lists)), "{lists}: {:?}", plain.keys());
        }
        let odd = [
            ("000", [("RAYON_NUM_THREADS", "2"), ("LC_ALL", "ja_JP.UTF-8"), ("TZ", "Asia/Tokyo")]),
            ("077", [("RAYON_NUM_THREADS", "7"), ("LC_ALL", "tr_TR.UTF-8"), ("TZ", "America/St_Johns")]),
        ];
        for (at, (umask, variables)) in odd.iter().enumerate() {
            let other = made(&company(&format!("odd-{at}"), at == 0), umask, variables);
            let parts = |made: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
                made.keys().filter(|name| !name.starts_with("lake/")).cloned().collect()
            };
            assert_eq!(parts(&other), parts(&plain), "{umask}");
            for name in parts(&plain) {
                assert!(other[&name] == plain[&name], "{name} differs with {umask} {variables:?}");
            }
        }
    }

    /// What a report says whose files were being put in place, and what lies where a run was cut off before.
    #[test]
    fn a_report_that_was_cut_off_is_not_believed_and_is_put_right() {
        let directory = company("cut-off", false);
        let (dir, report) = (directory.to_str().unwrap(), directory.join("report"));
        assert!(run(&["review", dir], "022", &[]).status.code().is_some_and(|code| code < 4));
        let whole = fs::read(report.join("index.html")).unwrap();
        fs::write(report.join("index.html"), "<!doctype html><!-- kagimori: unfinished -->\n").unwrap();
        fs::create_dir(report.join(".kagimori-1-0.tmp")).unwrap();
        fs::write(report.join(".kagimori-1-0.tmp/0"), "half").unwrap();
        for against in [report.clone(), report.join("findings.json"), directory.clone()] {
            let output =
                run(&["review", dir, "--no-report", "--against", against.to_str().unwrap()], "022", &[]);
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code() == Some(2) && told.contains("was cut off"), "{told}");
        }
        run(&["review", dir], "022", &[]);
        assert_eq!(fs::read(report.join("index.html")).unwrap(), whole);
        assert!(!report.join(".kagimori-1-0.tmp").exists());
        let output = run(&["review", dir, "--out", dir, "--no-trail"], "022", &[]);
        assert!(output.status.code().is_some_and(|code| code < 4), "a folder with other files in it");
        symlink(report.join("findings.csv"), directory.join("link.jsonl")).unwrap();
        let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/guardrails");
        let link = directory.join("link.jsonl");
        let output = run(&["policy", "eval", "--cases", cases, "--out", link.to_str().unwrap()], "022", &[]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("link, a pipe or a folder"), "{output:?}");
    }

    /// Who has fewer documents than before has no others; the proposals of others stay, and are named.
    #[test]
    fn proposals_of_earlier_runs_are_told_from_new_ones() {
        let directory = company("earlier", false);
        let dir = directory.to_str().unwrap();
        let tighten = |whose: &[&str]| {
            let asked = [&["tighten", "--floor", "1", "--dir", dir], whose].concat();
            let output = run(&asked, "022", &[]);
            assert!(output.status.code().is_some_and(|code| code < 4));
            String::from_utf8_lossy(&output.stderr).into_owned()
        };
        assert!(!tighten(&["--account", "111122223333"]).contains("earlier run"));
        let folder = directory.join("tighten/111122223333");
        let mut files: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let own = files.iter().find(|file| file.extension().is_some_and(|ending| ending == "json")).unwrap();
        let more = own.to_str().unwrap().replace(".json", "~part2.json");
        fs::write(&more, "{}").unwrap();
        fs::write(folder.join("user-somebody.tf"), "").unwrap();
        let told = tighten(&["--account", "111122223333"]);
        assert!(!Path::new(&more).exists() && own.exists());
        assert!(told.contains("user-somebody.tf") && told.contains("earlier run"), "{told}");
    }

    #[test]
    fn a_directory_of_pipes_links_and_loops_is_walked_once() {
        let directory = company("walk", false);
        let (snapshots, elsewhere) = (directory.join("snapshots"), folder("walk-elsewhere"));
        fs::rename(snapshots.join("222233334444"), elsewhere.join("222233334444")).unwrap();
        symlink(elsewhere.join("222233334444"), snapshots.join("222233334444")).unwrap();
        for place in [&snapshots, &directory.join("trail")] {
            symlink(place, place.join("0-loop")).unwrap();
            symlink(&directory, place.join("1-loop")).unwrap();
            symlink(elsewhere.join("nowhere"), place.join("dangling.json")).unwrap();
            assert!(Command::new("mkfifo").arg(place.join("pipe.json")).status().unwrap().success());
        }
        let closed = snapshots.join("111122223333/closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        let is_closed = fs::read_dir(&closed).is_err();
        if !is_closed {
            eprintln!("SKIPPED: this user (root) may read every folder, so a closed one was not looked at");
        }
        let dir = directory.to_str().unwrap();
        let questions: [&[&str]; 3] = [
            &["review", dir, "--no-report", "--format", "json"],
            &["trail", "usage", "--dir", dir],
            &["ingest", "--format", "json", "--dir", dir],
        ];
        for question in questions {
            let begin = Instant::now();
            let output = run(question, "022", &[]);
            assert!(begin.elapsed() < Duration::from_secs(600), "{question:?}");
            let told = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert_eq!(output.status.code(), Some(3), "{question:?}: {told}");
            // A question says how many there are, and who names them.
            let names_them = question[0] != "trail";
            assert!(!names_them || told.contains("dangling.json") && told.contains("pipe.json"), "{told}");
            if question[0] == "review" {
                assert!(told.contains("222233334444"), "the linked account is reviewed");
                assert!(!is_closed || told.contains("closed"), "{told}");
            }
        }
        let _ = fs::set_permissions(&closed, fs::Permissions::from_mode(0o700));
    }
}
