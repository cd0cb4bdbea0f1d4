//! The program as people and scripts meet it: what it prints, and how it ends. `tests/cmd/*.toml` are transcripts; the table
//! below holds odd and damaged directories, each with the message it gives.

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    #[test]
    fn transcripts() {
        trycmd::TestCases::new().case("tests/cmd/*.toml").run();
    }

    /// What the READMEs show is what the program prints; `TRYCMD=overwrite` writes it there.
    #[test]
    fn the_readme_of_the_company_shows_the_real_summary() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let out = folder("readme");
        for (name, language, end) in
            [("README.md", "en", "The report: "), ("README.ja.md", "ja", "レポート: ")]
        {
            let directory = root.join("examples/shiosai");
            let output = run(&[
                "review",
                directory.to_str().unwrap(),
                "--out",
                out.to_str().unwrap(),
                "--lang",
                language,
            ]);
            let printed = String::from_utf8(output.stdout).unwrap();
            let printed = printed.split(end).next().unwrap().trim_end();
            let path = directory.join(name);
            let text = std::fs::read_to_string(&path).unwrap();
            if std::env::var("TRYCMD").is_ok_and(|mode| mode == "overwrite") {
                let (before, rest) = text.split_once("```text\n").unwrap();
                let (_, after) = rest.split_once(end).unwrap();
                std::fs::write(&path, format!("{before}```text\n{printed}\n{end}{after}")).unwrap();
            } else {
                assert!(
                    text.contains(printed),
                    "{} does not show what the review prints:\n{printed}",
                    path.display()
                );
            }
        }
    }

    /// The commands of docs/collecting.md, run with an `aws` that answers as AWS does: every file is read as what it is.
    #[test]
    #[cfg(unix)]
    fn the_commands_of_the_book_collect_what_a_review_reads() {
        use std::os::unix::fs::PermissionsExt;
        const AWS: &str = include_str!("collecting/aws");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let book = std::fs::read_to_string(root.join("docs/collecting.md")).unwrap();
        let scripts: Vec<&str> =
            book.split("```bash\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        let directory = folder("collecting");
        let tools = folder("collecting-tools");
        let aws = tools.join("aws");
        std::fs::write(&aws, AWS).unwrap();
        std::fs::set_permissions(&aws, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
        for script in scripts.iter().take(3) {
            let status = Command::new("bash")
                .args(["-euo", "pipefail", "-c", script])
                .env("PATH", &path)
                .current_dir(&directory)
                .output()
                .unwrap();
            assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        }
        let output =
            run(&["review", directory.to_str().unwrap(), "--no-report", "--no-trail", "--format", "json"]);
        let document = json(&output);
        assert_eq!(document["problems"], serde_json::json!([]));
        assert_eq!(
            document["not_given"],
            serde_json::json!({"trail": 1}),
            "every other source was collected"
        );
        let read: std::collections::BTreeSet<&str> = document["sources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|source| source["dataset"].as_str().unwrap())
            .collect();
        for dataset in [
            "access-key-last-used",
            "ssh-public-keys",
            "service-specific-credentials",
            "organization-policies",
            "trails",
            "event-selectors",
            "trail-status",
        ] {
            assert!(read.contains(dataset), "{dataset} of {read:?}");
        }
    }

    /// A copy of the company without what commands write into it.
    fn shiosai(name: &str) -> PathBuf {
        let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai"), folder(name));
        let mut folders = vec![PathBuf::new()];
        while let Some(relative) = folders.pop() {
            std::fs::create_dir_all(to.join(&relative)).unwrap();
            for entry in std::fs::read_dir(from.join(&relative)).unwrap() {
                let entry = entry.unwrap();
                let relative = relative.join(entry.file_name());
                if entry.file_type().unwrap().is_dir() {
                    folders.push(relative);
                } else {
                    std::fs::copy(entry.path(), to.join(&relative)).unwrap();
                }
            }
        }
        to
    }

    fn json(output: &Output) -> serde_json::Value {
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The texts of elements with `open … close`, without the markup inside; and what is left of the page without them.
    fn take(page: &str, open: &str, close: &str) -> (Vec<String>, String) {
        let (mut texts, mut rest) = (Vec::new(), String::new());
        let mut parts = page.split(open);
        rest.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (text, after) = part.split_once(close).unwrap();
            texts.push(text.to_owned());
            rest.push(' ');
            rest.push_str(after);
        }
        (texts, rest)
    }

    fn without_tags(page: &str) -> String {
        page.split('<')
            .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn is_japanese(text: &str) -> bool {
        text.chars().any(|one| matches!(one, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'))
    }

    /// What is no data stands on a page in both languages.
    fn stands_in_both_languages(page: &str) {
        let (_, page) = page.split_once("<main>").unwrap();
        let (main, _) = page.split_once("</main>").unwrap();
        // The script says options in the language that is chosen.
        let (options, main) = take(main, "<option", "</option>");
        assert!(
            options.iter().all(|option| option.contains("data-say-en") && option.contains("data-say-ja"))
        );
        // An account's name is no prose.
        let main = main.replace("tide data", "tide-data");
        let (english, main) = take(&main, "<span lang=\"en\">", "</span>");
        let (japanese, main) = take(&main, "<span lang=\"ja\">", "</span>");
        assert_eq!(english.len(), japanese.len());
        assert!(english.len() > 20, "only {} texts", english.len());
        // Keys, ARNs and numbers are the same in every language; `MFA` and the like, too.
        let is_same = |text: &str| {
            !text.split_whitespace().any(|word| word.chars().all(|one| one.is_ascii_lowercase()))
        };
        for (english, japanese) in english.iter().zip(&japanese) {
            assert!(is_japanese(japanese) || is_same(english), "`{english}` is `{japanese}` in Japanese");
            assert!(!is_japanese(english), "`{english}` in English");
        }
        let (_, main) = take(&main, "<code>", "</code>");
        let (_, main) = take(&main, "<pre>", "</pre>");
        let (_, main) = take(&main, "<b>", "</b>");
        // Left are names of policies and statements, numbers and dates: never two words of prose after each other.
        let left = without_tags(&main);
        let is_prose = |word: &&str| word.len() > 2 && word.chars().all(|one| one.is_ascii_lowercase());
        let words: Vec<&str> = left.split_whitespace().collect();
        let prose: Vec<_> = words.windows(2).filter(|pair| pair.iter().all(is_prose)).collect();
        assert!(prose.is_empty(), "{prose:?}");
    }

    #[test]
    fn the_page_of_tighten_is_in_both_languages() {
        let dir = shiosai("tighten-page");
        let at = dir.to_str().unwrap();
        run(&["tighten", "--all", "--dir", at, "--holdout", "14"]);
        let page = std::fs::read_to_string(dir.join("tighten/index.html")).unwrap();
        for told in [
            "サービスがこのアクセスレベルで利用中",
            "アイデンティティベースのポリシーに許可がない",
            "AWS または Identity Center",
        ] {
            assert!(page.contains(told), "{told}");
        }
        stands_in_both_languages(&page);
    }

    #[test]
    fn the_page_of_whatif_is_in_both_languages() {
        let dir = shiosai("whatif-page");
        let scp = dir.join("scp.json");
        let statements = [
            r#"{"Effect":"Deny","Action":["s3:*","sts:AssumeRole"],"Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}}"#,
            r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
        ];
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        std::fs::write(&scp, text).unwrap();
        let (at, page) = (dir.to_str().unwrap(), dir.join("whatif.html"));
        run(&["whatif", "--dir", at, "--scp", scp.to_str().unwrap(), "--page", page.to_str().unwrap()]);
        let page = std::fs::read_to_string(page).unwrap();
        assert!(page.contains("サービスコントロールポリシー（SCP）が明示的に拒否"), "{}", page.len());
        stands_in_both_languages(&page);
    }

    /// The account whose trail holds data events.
    #[test]
    fn an_accounts_proposals_are_proved_sufficient_and_minimal() {
        let dir = shiosai("tighten");
        let output = run(&[
            "tighten",
            "--account",
            "666677778888",
            "--dir",
            dir.to_str().unwrap(),
            "--holdout",
            "30",
            "--format",
            "json",
        ]);
        let told = json(&output);
        let proposals = told["proposals"].as_array().unwrap();
        assert!(proposals.len() > 25, "{}", proposals.len());
        for proposal in proposals {
            let who = &proposal["principal"];
            assert_eq!(proposal["soundness"], "proved", "{who}");
            assert_eq!(proposal["verified"]["failing"], serde_json::json!([]), "{who}");
            assert!(proposal["verified"]["calls"].as_u64().unwrap() > 0, "{who}");
            assert_eq!(proposal["verified"]["allowed"], proposal["verified"]["calls"], "{who}");
            assert_eq!(proposal["tested"], proposal["necessary"], "{who}");
            for element in proposal["elements"].as_array().unwrap() {
                let has_witness = element["support"]["first"]["event_id"].is_string();
                assert!(has_witness || element["kind"] == "unseen", "{who}: {element}");
            }
            // the plan is stored, breaks nothing of its window, and can be undone
            let plan = dir.join(format!("plans/{}.json", proposal["plan"].as_str().unwrap()));
            let plan: serde_json::Value = serde_json::from_slice(&std::fs::read(plan).unwrap()).unwrap();
            assert!(!plan["way_back"].as_array().unwrap().is_empty(), "{who}");
        }
        let page = std::fs::read_to_string(dir.join("tighten/index.html")).unwrap();
        assert!(
            page.contains("svc-lake-loader")
                && page.contains("最小権限")
                && !page.contains("http:")
                && !page.contains("https:")
        );
        let terraform =
            std::fs::read_to_string(dir.join("tighten/666677778888/user-svc-lake-loader.tf")).unwrap();
        assert!(
            terraform.contains("resource \"aws_iam_policy\" \"user_svc-lake-loader_part1\"")
                && terraform.contains("permissions_boundary = aws_iam_policy.user_svc-lake-loader_part1.arn"),
            "{terraform}"
        );
        assert!(terraform.contains("arn:aws:s3:::shiosai-lake/raw/port-*"), "{terraform}");
    }

    /// The leaked key: drawn from the days before the intruder came, the policy would have stopped nearly all that he did.
    #[test]
    fn a_stored_plan_is_replayed_and_an_edited_one_is_refused() {
        let dir = shiosai("plan");
        let at = dir.to_str().unwrap();
        let made = json(&run(&[
            "tighten",
            "svc-ferry-web",
            "--dir",
            at,
            "--holdout",
            "30",
            "--include-suspected",
            "--format",
            "json",
        ]));
        let proposal = &made["proposals"][0];
        let denied = proposal["holdout"]["failing"].as_array().unwrap();
        assert!(denied.iter().any(|failing| failing["action"] == "iam:ListRoles"), "{denied:?}");
        let calls: u64 = denied.iter().map(|failing| failing["calls"].as_u64().unwrap()).sum();
        // Calls of models are not among them: a policy names them, and the trail does not show all of their kinds.
        assert!((5..20).contains(&calls), "{calls}");
        let id = proposal["plan"].as_str().unwrap().to_owned();
        let plan = dir.join(format!("plans/{id}.json"));
        let replayed = run(&[
            "whatif",
            "--dir",
            at,
            "--plan",
            plan.to_str().unwrap(),
            "--include-suspected",
            "--save",
            "--format",
            "json",
        ]);
        assert_eq!(replayed.status.code(), Some(1));
        let replayed = json(&replayed);
        // Its evidence is part of what a plan is called by.
        let saved = replayed["plan"]["id"].as_str().unwrap().to_owned();
        assert_ne!(saved, id);
        let plan = dir.join(format!("plans/{saved}.json"));
        assert_eq!(replayed["totals"]["newly_denied"].as_u64(), Some(calls), "as the holdout says");
        let text = std::fs::read_to_string(&plan).unwrap();
        assert!(text.contains(&format!("\"newly_denied\": {calls}")), "saved with its evidence");
        std::fs::write(&plan, text.replace("cloudfront:CreateInvalidation", "cloudfront:*")).unwrap();
        let refused = run(&["whatif", "--dir", at, "--plan", plan.to_str().unwrap()]);
        let message = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2));
        assert!(message.contains("it was edited after it was made"), "{message}");
    }

    #[test]
    fn bad_changes_have_a_clear_answer() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai");
        let dir = dir.to_str().unwrap();
        let tide = "svc-tide-api";
        for (arguments, expected) in [
            (vec!["--policy", tide], "`svc-tide-api` has no `=`"),
            (vec!["--detach", "svc-tide-api=x"], "`x` is not an ARN"),
            (vec!["--detach", "svc-tide-api=arn:aws:iam::aws:policy/X"], "there is no attached policy"),
            (vec!["--key-off", "nonsense"], "`nonsense` is not an access key id"),
            (vec!["--require-mfa", tide], "`svc-tide-api` is no role"),
            (vec!["--scp", "Cargo.toml"], "`Cargo.toml` holds no policy"),
            (vec!["--tag", "svc-tide-api=Team"], "`Team` has no `=`"),
            (vec!["--tag", "svc-tide-api=aws:x=y"], "begins with `aws:`"),
            (vec!["--untag", "svc-tide-api=none-such"], "there is no tag `none-such`"),
            (vec!["--remove-from-group", "svc-tide-api=none-such"], "there is no membership in `none-such`"),
            (vec!["--delete", "svc-tide-api"], "is Active"),
            (vec!["--plan", "Cargo.toml"], "it is not a plan"),
            (
                vec![
                    "--add",
                    "svc-tide-api=arn:aws:iam::444455556666:policy/tide-api",
                    "--add",
                    "svc-tide-api=arn:aws:iam::444455556666:policy/tide-api",
                ],
                "is attached already",
            ),
        ] {
            let output = run(&[vec!["whatif", "--dir", dir], arguments.clone()].concat());
            let message = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
            assert!(message.contains(expected) && message.contains("hint:"), "{arguments:?}: {message}");
        }
        let too_short = run(&["tighten", tide, "--dir", dir, "--floor", "200", "--no-files"]);
        assert_eq!(too_short.status.code(), Some(2));
        assert!(String::from_utf8(too_short.stdout).unwrap().contains("there are 90 days of trail"));
    }

    fn run(arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kagimori")).args(arguments).env("NO_COLOR", "1").output().unwrap()
    }

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    const DETAILS: &[u8] = br#"{"UserDetailList":[{"UserName":"u","UserId":"AIDAEXAMPLEEXAMPLE","Arn":"arn:aws:iam::111122223333:user/u","Path":"/","CreateDate":"2025-01-01T00:00:00Z"}],"GroupDetailList":[],"RoleDetailList":[],"Policies":[]}"#;

    fn event(id: &str) -> String {
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"u"}},"eventTime":"2026-10-01T00:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.1","userAgent":"aws-cli/2","eventID":"{id}","eventType":"AwsApiCall","recipientAccountId":"111122223333","readOnly":true,"managementEvent":true,"eventCategory":"Management"}}"#
        )
    }

    fn records(ids: &[&str]) -> Vec<u8> {
        let events: Vec<String> = ids.iter().map(|id| event(id)).collect();
        format!(r#"{{"Records":[{}]}}"#, events.join(",")).into_bytes()
    }

    /// A review of a directory with these files: exit code and what it printed.
    fn review(name: &str, files: &[(&str, Vec<u8>)]) -> (i32, String) {
        let directory = folder(name);
        for (path, bytes) in files {
            let path = directory.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let output =
            run(&["review", directory.to_str().unwrap(), "--no-report", "--now", "2026-11-01T00:00:00Z"]);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains("panicked"), "{name}: {text}");
        (output.status.code().unwrap(), text)
    }

    /// Name, trail file, its bytes, exit code, and what must be said.
    fn odd_trails() -> Vec<(&'static str, &'static str, Vec<u8>, i32, &'static str)> {
        let whole = gzip(&records(&["a", "b"]));
        let two_members = [gzip(&records(&["a"])), gzip(&records(&["b"]))].concat();
        let mut bad_checksum = whole.clone();
        let at = bad_checksum.len() - 6;
        bad_checksum[at] ^= 0xff;
        vec![
            ("whole", "a.json.gz", whole.clone(), 1, "FINDINGS"),
            ("two-members", "a.json.gz", two_members, 1, "FINDINGS"),
            ("gzip-named-json", "a.json", whole.clone(), 1, "FINDINGS"),
            ("plain-named-gz", "a.json.gz", records(&["a"]), 1, "FINDINGS"),
            ("duplicate-events", "a.json", records(&["a", "a"]), 1, "FINDINGS"),
            ("ndjson", "a.json", format!("{}\n{}\n", event("a"), event("b")).into_bytes(), 1, "FINDINGS"),
            ("bare-array", "a.json", format!("[{}]", event("a")).into_bytes(), 1, "FINDINGS"),
            ("byte-order-mark", "a.json", ["\u{feff}".as_bytes(), &records(&["a"])].concat(), 1, "FINDINGS"),
            ("truncated-gzip", "a.json.gz", whole[..whole.len() / 2].to_vec(), 3, "the gzip data is damaged"),
            ("bad-checksum", "a.json.gz", bad_checksum, 3, "the gzip data is damaged"),
            ("gzip-garbage", "a.json.gz", vec![0x1f, 0x8b, 8, 0, 1, 2, 3], 3, "the gzip data is damaged"),
            ("empty", "a.json", Vec::new(), 3, "the file is empty"),
            ("not-json", "a.json", b"hello".to_vec(), 3, "not JSON"),
            ("cut-off", "a.json", records(&["a", "b"])[..800].to_vec(), 3, "the JSON ends in the middle"),
            (
                "no-records",
                "a.json",
                br#"{"hello":1}"#.to_vec(),
                3,
                "JSON without `Records`: not a CloudTrail file",
            ),
            ("utf-16", "a.json", vec![0xff, 0xfe, b'{', 0, b'}', 0], 3, "JSON without `Records`"),
            ("not-utf-8", "a.json", b"{\"Records\":[{\"eventTime\":\"\xff\"}]}".to_vec(), 3, "not UTF-8"),
            (
                "version-2",
                "a.json",
                event("a").replace("\"1.11\"", "\"2.0\"").into_bytes(),
                3,
                "`eventVersion` is `2.0`, and 1.x is understood",
            ),
            (
                "no-time",
                "a.json",
                event("a").replace("2026-10-01T00:00:00Z", "").into_bytes(),
                3,
                "1 of its records were set aside, the first because `eventTime` is absent",
            ),
            (
                "bad-time",
                "a.json",
                event("a").replace("2026-10-01T00:00:00Z", "yesterday").into_bytes(),
                3,
                "`eventTime` is no time",
            ),
            (
                "lone-surrogate",
                "a.json",
                event("a").replace("aws-cli/2", "\\udc00").into_bytes(),
                3,
                "surrogate",
            ),
            ("odd-types", "a.json", event("a").replace("\"aws-cli/2\"", "42").into_bytes(), 1, "FINDINGS"),
            (
                "one-huge-value",
                "a.json",
                [&b"{\"Records\":[{\"requestParameters\":\""[..], &vec![b'x'; 9 << 20], b"\"}]}"].concat(),
                3,
                "longer than 4 MiB",
            ),
            ("no-trail-files", "readme.txt", b"x".to_vec(), 3, "not JSON"),
        ]
    }

    #[test]
    fn odd_and_damaged_trails() {
        for (name, file, bytes, exit, said) in odd_trails() {
            let files =
                [("authorization-details.json", DETAILS.to_vec()), (&*format!("trail/{file}"), bytes)];
            let (code, text) = review(&format!("trail-{name}"), &files);
            assert_eq!(code, exit, "{name}: {text}");
            assert!(text.contains(said), "{name}: {text}");
            assert!(exit != 3 || text.contains("hint: "), "{name} has no hint: {text}");
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        // 64 MiB of one value inflate from a few KiB: it ends at the longest value, not at the end of the memory
        let bomb = gzip(&[&b"{\"Records\":[{\"eventName\":\""[..], &vec![b'0'; 64 << 20]].concat());
        assert!(bomb.len() < 1 << 20);
        let files = [("authorization-details.json", DETAILS.to_vec()), ("trail/bomb.json.gz", bomb)];
        let (code, text) = review("trail-bomb", &files);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("longer than 4 MiB"), "{text}");
    }

    /// The files of a directory.
    type Files = Vec<(&'static str, Vec<u8>)>;

    /// Name, files of the directory, exit code, and what must be said. The readers' own table is in core/estate.
    fn odd_directories() -> Vec<(&'static str, Files, i32, &'static str)> {
        let details = || DETAILS.to_vec();
        vec![
            ("empty", vec![], 2, "found nothing to review"),
            ("only-notes", vec![("notes.md", b"hello".to_vec())], 2, "found nothing to review"),
            ("only-other-json", vec![("package.json", b"{\"name\": 1}".to_vec())], 2, "found nothing to review"),
            ("only-a-trail", vec![("trail/e.json", b"{\"Records\": []}".to_vec())], 2, "found nothing to review"),
            ("half", vec![("authorization-details.json", DETAILS[..100].to_vec())], 3, "ends in the middle"),
            (
                "one-account-damaged",
                vec![
                    ("snapshots/111122223333/authorization-details.json", details()),
                    ("snapshots/444455556666/authorization-details.json", b"{".to_vec()),
                ],
                3,
                "444455556666",
            ),
            (
                "other-account",
                vec![("snapshots/444455556666/authorization-details.json", details())],
                3,
                "111122223333",
            ),
            (
                "denied",
                vec![
                    ("snapshots/111122223333/authorization-details.json", details()),
                    (
                        "snapshots/111122223333/credential-report.json",
                        b"\nAn error occurred (AccessDenied) when calling the GetCredentialReport operation: no\n".to_vec(),
                    ),
                ],
                3,
                "AccessDenied",
            ),
            ("settings-not-toml", vec![("kagimori.toml", b"as_of = ".to_vec()), ("a.json", details())], 2, "line 1"),
            (
                "settings-unknown-key",
                vec![("kagimori.toml", b"colour = 1\n".to_vec()), ("a.json", details())],
                2,
                "unknown field `colour`",
            ),
            (
                "settings-unknown-check",
                vec![
                    (
                        "kagimori.toml",
                        b"[[waiver]]\ncheck = \"mfa-console-usr\"\nresource = \"*\"\nowner = \"a\"\nreason = \"b\"\nexpires = \"2027-01-01\"\n"
                            .to_vec(),
                    ),
                    ("a.json", details()),
                ],
                2,
                "did you mean `mfa-console-user`?",
            ),
        ]
    }

    #[test]
    fn odd_directories_end_with_a_clear_word() {
        for (name, files, exit, said) in odd_directories() {
            let files: Vec<_> = files.iter().map(|(path, bytes)| (*path, bytes.clone())).collect();
            let (code, text) = review(&format!("directory-{name}"), &files);
            assert_eq!(code, exit, "{name}: {text}");
            assert!(text.contains(said) && text.contains("hint: "), "{name}: {text}");
        }
    }

    #[test]
    fn the_other_accounts_are_still_reviewed() {
        let files = [
            ("snapshots/111122223333/authorization-details.json", DETAILS.to_vec()),
            ("snapshots/444455556666/authorization-details.json", b"{".to_vec()),
        ];
        let (_, text) = review("others", &files);
        assert!(text.contains("user-untagged") && text.contains("INCOMPLETE"), "{text}");
    }

    #[test]
    fn json_on_stdout_is_one_document_with_its_schema() {
        let directory = folder("json");
        std::fs::write(directory.join("authorization-details.json"), DETAILS).unwrap();
        let output = run(&["review", directory.to_str().unwrap(), "--no-report", "--format", "json"]);
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["schema"]["name"], "kagimori.review");
        assert_eq!(document["schema"]["version"], 1);
        assert!(document["findings"].as_array().unwrap().len() > 3);
    }

    #[test]
    fn the_same_directory_gives_the_same_bytes() {
        let shiosai = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai");
        let (one, other) = (folder("bytes-1"), folder("bytes-2"));
        for out in [&one, &other] {
            run(&["review", shiosai.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        }
        for file in [
            "index.html",
            "findings.json",
            "findings.csv",
            "controls.csv",
            "credentials.csv",
            "findings.ocsf.json",
            "findings.sarif",
        ] {
            let read = |folder: &Path| std::fs::read(folder.join(file)).unwrap();
            assert!(read(&one) == read(&other) && !read(&one).is_empty(), "{file}");
        }
        let csv = std::fs::read_to_string(one.join("credentials.csv")).unwrap();
        assert!(csv.lines().count() > 120, "a row per user and key");
        let document: serde_json::Value =
            serde_json::from_slice(&std::fs::read(one.join("findings.json")).unwrap()).unwrap();
        let count = document["findings"].as_array().unwrap().len();
        let bytes = document["findings"].to_string().len() + document["checks"].to_string().len();
        assert!(bytes / count < 900, "{bytes} bytes for {count} findings, texts of checks included");
    }
}
