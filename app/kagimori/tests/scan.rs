//! `kagimori scan` as people and scripts meet it: a planted tree, every format, and no secret in any of them.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use kagimori_testkit::keys;

    const ACCOUNT: u64 = 444_455_556_666;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("kagimori-scan-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn run(folder: &Path, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kagimori")).args(arguments).current_dir(folder).output().unwrap()
    }

    fn id(number: u64) -> String {
        keys::id("AKIA", ACCOUNT, number)
    }

    fn planted(name: &str) -> Folder {
        let folder = Folder::new(name);
        folder.write(
            "app/.env",
            &format!("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n", id(1), keys::secret(1)),
        );
        folder.write("job/config.py", &format!("KEY = '{}'\nSECRET_KEY = '{}'\n", id(1), keys::secret(1)));
        folder.write("job/alone.sh", &format!("aws_secret_access_key={}\n", keys::secret(2)));
        folder.write(
            "job/two.env",
            &format!("id={}\n#secret_key={}\nsecret_key={}\n", id(2), keys::secret(3), keys::secret(4)),
        );
        folder.write("job/\u{1b}[31mred\u{202e}.txt", &format!("key {}\n", id(3)));
        folder.write(
            "company/access-keys.json",
            &format!(
                "{{\"AccessKeyMetadata\": [{{\"UserName\": \"svc\", \"AccessKeyId\": \"{}\", \"Status\": \"Active\", \"CreateDate\": \"2026-01-01T00:00:00Z\"}}]}}",
                id(1)
            ),
        );
        folder
    }

    /// A secret in the ways in which an output could hold it.
    fn spellings(secret: &str) -> Vec<String> {
        let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let shifted = |by: usize| {
            let text = format!("{}{secret}", "x".repeat(by));
            let code = STANDARD.encode(text);
            code.get(4..48).unwrap().to_owned()
        };
        vec![
            secret.to_owned(),
            secret.chars().rev().collect(),
            secret.to_lowercase(),
            secret.to_uppercase(),
            secret.replace('/', "\\/"),
            secret.replace('/', "%2F").replace('+', "%2B"),
            secret.replace('/', "&#x2F;").replace('+', "&#x2B;"),
            hex(secret),
            shifted(0),
            shifted(1),
            shifted(2),
            secret.get(..12).unwrap().to_owned(),
            secret.get(28..).unwrap().to_owned(),
        ]
    }

    #[test]
    fn no_format_holds_a_secret_and_no_name_leads_the_terminal() {
        let folder = planted("formats");
        let questions: [&[&str]; 6] = [
            &["scan", "app", "job"],
            &["scan", "app", "job", "--format", "json"],
            &["scan", "app", "job", "--format", "sarif"],
            &["scan", "app", "job", "--format", "csv"],
            &["scan", "app", "nowhere", "--git", "app"],
            &["scan", "app", "--against", "app/.env"],
        ];
        for question in questions {
            let output = run(&folder.0, question);
            let printed = [output.stdout, output.stderr].concat();
            let printed = String::from_utf8_lossy(&printed).into_owned();
            for number in 1..=4 {
                for spelling in spellings(&keys::secret(number)) {
                    assert!(!printed.contains(&spelling), "{question:?} prints a secret:\n{printed}");
                }
            }
            assert!(!printed.contains("\u{1b}[31mred"), "{question:?}");
        }
    }

    #[test]
    fn one_finding_for_each_credential_with_all_of_its_places() {
        let folder = planted("json");
        let output = run(&folder.0, &["scan", "app", "job", "--format", "json", "--now", "2026-12-01"]);
        assert_eq!(output.status.code(), Some(1));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = answer["findings"].as_array().unwrap();
        let of = |number: u64| findings.iter().find(|finding| finding["name"] == id(number)).unwrap();
        assert_eq!(findings.len(), 4, "{answer:#}");
        assert_eq!(of(1)["places"].as_array().unwrap().len(), 2);
        assert_eq!(of(1)["systems"], serde_json::json!(["app", "job"]));
        assert_eq!(
            (&of(1)["secret"]["state"], &of(1)["account"]),
            (&"beside".into(), &"444455556666".into())
        );
        assert_eq!((&of(2)["secret"]["state"], &of(2)["secret"]["of"]), (&"possible".into(), &2.into()));
        assert_eq!(of(3)["secret"]["state"], "not-found");
        // the same again is known, and counts no more
        fs::write(folder.0.join("earlier.json"), &output.stdout).unwrap();
        let again =
            run(&folder.0, &["scan", "app", "job", "--against", "earlier.json", "--now", "2026-12-01"]);
        assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stdout));
    }

    #[test]
    fn what_was_not_read_makes_the_answer_incomplete() {
        let folder = planted("incomplete");
        let clean = Folder::new("clean");
        clean.write("a.txt", "nothing\n");
        let code = |arguments: &[&str]| run(&folder.0, arguments).status.code();
        let clean = clean.0.to_str().unwrap();
        assert_eq!(code(&["scan", clean]), Some(0));
        assert_eq!(code(&["scan", clean, "nowhere"]), Some(3));
        assert_eq!(code(&["scan", "app"]), Some(1));
        assert_eq!(code(&["scan", "app", "--git", "app"]), Some(3), "no repository is there");
    }

    #[test]
    fn sarif_has_one_result_for_each_credential_with_regions() {
        let folder = planted("sarif");
        let output = run(&folder.0, &["scan", "app", "job", "--format", "sarif"]);
        let log: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 4);
        let first = results
            .iter()
            .find(|result| result["message"]["text"].as_str().unwrap().contains(&id(1)))
            .unwrap();
        let region = &first["locations"][0]["physicalLocation"]["region"];
        assert_eq!(
            (&region["startLine"], &region["startColumn"], &region["endColumn"]),
            (&1.into(), &19.into(), &39.into())
        );
        assert_eq!(first["relatedLocations"].as_array().unwrap().len(), 1);
        assert!(first["partialFingerprints"]["kagimori/v1"].is_string());
    }

    #[test]
    fn what_is_staged_is_scanned_alone() {
        let folder = Folder::new("staged");
        let git = |arguments: &[&str]| {
            let output = Command::new("git")
                .args(arguments)
                .current_dir(&folder.0)
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        git(&["init", "-q"]);
        folder.write("lies-there.env", &format!("id={}\n", id(1)));
        assert_eq!(run(&folder.0, &["scan", "--staged"]).status.code(), Some(0));
        folder.write("staged.env", &format!("id={}\nsecret_key={}\n", id(2), keys::secret(2)));
        git(&["add", "staged.env"]);
        let output = run(&folder.0, &["scan", "--staged"]);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{printed}");
        assert!(printed.contains("staged.env:1:4  staged") && !printed.contains(&id(1)), "{printed}");
    }

    /// A folder, a member of an archive, an argument: whatever is called by a secret is told without it.
    #[test]
    fn names_that_are_secrets_are_covered() {
        let folder = Folder::new("names");
        let (key, secret) = (id(1), keys::secret(1).replace('/', "x"));
        let env = format!("AWS_ACCESS_KEY_ID={key}\nAWS_SECRET_ACCESS_KEY={secret}\n");
        folder.write(&format!("app/{secret}/{key}_{secret}.env"), &env);
        let questions: [&[&str]; 8] = [
            &["scan", "app"],
            &["scan", "app", "--format", "json"],
            &["scan", "app", "--format", "sarif"],
            &["scan", "app", "--format", "csv"],
            &["scan", &secret],
            &["scan", "--git", &secret],
            &["scan", "app", "--canary-account", &secret],
            &["leaked", &key, &secret],
        ];
        for question in questions {
            let output = run(&folder.0, question);
            let printed = [output.stdout, output.stderr].concat();
            let printed = String::from_utf8_lossy(&printed);
            assert!(!printed.contains(&secret), "{:?}", question.first());
            assert_ne!(output.status.code(), Some(0), "{:?}", question.first());
        }
    }

    /// What nobody looked into is never clean.
    #[test]
    fn a_repository_that_is_only_packed_is_not_clean() {
        let folder = Folder::new("bare");
        for name in ["x.git/HEAD", "x.git/objects/info/x", "x.git/refs/heads/x"] {
            folder.write(name, "ref: refs/heads/main\n");
        }
        folder.write("y/all.bundle", "# v2 git bundle\n");
        for path in ["x.git", ".", "y"] {
            let output = run(&folder.0, &["scan", path]);
            assert_eq!(output.status.code(), Some(3), "{path}");
        }
    }

    /// The page draws what the scan said, and holds as little of a secret as that.
    #[test]
    fn the_page_of_a_review_draws_credentials_by_system() {
        let folder = planted("page");
        let scan = run(&folder.0, &["scan", "app", "job", "--dir", "company", "--format", "json"]);
        fs::write(folder.0.join("scan.json"), &scan.stdout).unwrap();
        let review = run(&folder.0, &["review", "company", "--scan", "scan.json", "--out", "out"]);
        assert_ne!(review.status.code(), Some(2), "{}", String::from_utf8_lossy(&review.stderr));
        let page = fs::read_to_string(folder.0.join("out/index.html")).unwrap();
        let card = page.split("Credentials in sources").nth(1).unwrap().split("</section>").next().unwrap();
        let row = card.split("<tr>").find(|row| row.contains(&id(1))).unwrap();
        assert_eq!(row.matches("<svg class=\"spot\"").count(), 2, "the key lies in both systems: {row}");
        for number in 1..=4 {
            assert!(spellings(&keys::secret(number)).iter().all(|text| !page.contains(text)));
        }
        let wrong =
            run(&folder.0, &["review", "company", "--scan", "company/access-keys.json", "--out", "out"]);
        assert_eq!(wrong.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&wrong.stderr).contains("no answer of `kagimori scan`"));
    }
}
