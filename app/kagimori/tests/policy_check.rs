//! `kagimori policy check` from outside: standard input, settings, waivers, SARIF, exit codes.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::PathBuf;
    use std::process::{Command, Output, Stdio};

    use serde_json::Value;

    /// A folder of this test's own.
    fn folder(name: &str) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("policy-check-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn check(args: &[&str], stdin: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kagimori"))
            .args(["policy", "check"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A mistyped command line ends before anything is read.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn json(output: &Output) -> Value {
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    const ADMIN: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    const GOOD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}"#;

    #[test]
    fn exit_codes() {
        for (args, stdin, code) in [
            (&["-"][..], GOOD, 0),
            (&["-"], ADMIN, 1),
            (&["-", "--fail-on", "error"], ADMIN, 0),
            (
                &[
                    "-",
                    "--skip",
                    "full-access,pass-role-with-star-in-action-and-resource",
                    "--fail-on",
                    "security",
                ],
                ADMIN,
                0,
            ),
            (&["-"], "[]", 2),
            (&["-"], "{", 1),
            (&["/nowhere.json"], "", 2),
            (&["-", "/nowhere.json"], ADMIN, 3),
            (&["-", "--only", "nonsense"], ADMIN, 2),
            (&[], ADMIN, 2),
        ] {
            let output = check(args, stdin);
            assert_eq!(output.status.code(), Some(code), "{args:?} {output:?}");
        }
    }

    #[test]
    fn what_is_shown_can_be_chosen() {
        let rules = |args: &[&str]| -> Vec<String> {
            let found = json(&check(args, ADMIN));
            let findings = found["policies"][0]["findings"].as_array().unwrap().clone();
            findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(rules(&["-", "--format", "json", "--only", "full-access"]), ["full-access"]);
        assert_eq!(rules(&["-", "--format", "json", "--severity", "error"]), [""; 0]);
        // A rule that is off by itself is looked at when it is named.
        let scp =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}"#;
        for (args, count) in
            [(&["-", "--kind", "scp", "--only", "scp-allow-not-action"][..], 1), (&["-", "--kind", "scp"], 0)]
        {
            let found = json(&check(&[args, &["--format", "json"]].concat(), scp));
            assert_eq!(found["policies"][0]["findings"].as_array().unwrap().len(), count);
        }
    }

    #[test]
    fn own_output_is_passed_over() {
        let folder = folder("output");
        for name in ["tighten", "policies"] {
            fs::create_dir_all(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("p.json"), ADMIN).unwrap();
        }
        let count = |path: &std::path::Path| {
            let output = check(&[path.to_str().unwrap(), "--format", "json"], "");
            String::from_utf8_lossy(&output.stdout).matches("full-access").count()
        };
        let both = count(&folder);
        fs::write(folder.join("kagimori.toml"), "").unwrap();
        assert_eq!(count(&folder) * 2, both);
        assert!(count(&folder.join("tighten")) > 0, "named itself, it is looked at");
    }

    #[test]
    fn settings_and_waivers() {
        let dir = folder("waivers");
        let policies = dir.join("policies");
        fs::create_dir_all(policies.join(".terraform")).unwrap();
        fs::write(policies.join("admin.json"), ADMIN).unwrap();
        fs::write(policies.join(".terraform/state.json"), ADMIN).unwrap();
        fs::write(policies.join("package.json"), r#"{"name": "x"}"#).unwrap();
        fs::write(
            dir.join("kagimori.toml"),
            "[policy.severity]\ncreate-slr-with-star-in-action-and-resource = \"off\"\n\n[[policy.waiver]]\nrule = \"full-access\"\n\
             file = \"*/admin.json\"\nat = \"All\"\nowner = \"sre\"\nreason = \"break glass\"\nexpires = \"2026-11-30\"\n\n[[policy.waiver]]\n\
             rule = \"missing-version\"\nowner = \"sre\"\nreason = \"old\"\nexpires = \"2026-11-30\"\n",
        )
        .unwrap();
        let run = |now: &str| {
            let (dir, policies) = (dir.to_str().unwrap(), policies.to_str().unwrap());
            json(&check(&[policies, "--dir", dir, "--now", now, "--format", "json"], ""))
        };
        let before = run("2026-11-30T23:59:59Z");
        assert_eq!(
            before["policies"].as_array().unwrap().len(),
            1,
            "hidden folders and other JSON are passed over"
        );
        assert_eq!(before["policies"][0]["waived"][0]["rule"], "full-access");
        assert_eq!(before["policies"][0]["waived"][0]["owner"], "sre");
        assert_eq!(before["summary"], serde_json::json!({"security": 1, "suggestion": 1}));
        assert_eq!(
            (&before["waivers"][0]["rule"], &before["waivers"][0]["line"]),
            (&"waiver-unused".into(), &13.into())
        );
        let after = run("2026-12-01T00:00:00Z");
        assert_eq!(after["summary"], serde_json::json!({"security": 2, "suggestion": 1, "warning": 1}));
        assert_eq!(
            (&after["waivers"][0]["rule"], &after["waivers"][0]["line"]),
            (&"waiver-expired".into(), &5.into())
        );
        assert_eq!(after["policies"][0].get("waived"), None);
    }

    #[test]
    fn a_faulty_sidecar_is_named_and_nothing_is_waived_silently() {
        let dir = folder("sidecar");
        fs::write(dir.join("a.json"), ADMIN).unwrap();
        fs::write(
            dir.join("a.waivers.toml"),
            "[[waiver]]\nrule = \"full-acces\"\nowner = \"x\"\nreason = \"y\"\nexpires = \"2027-01-01\"\n",
        )
        .unwrap();
        let output = check(&[dir.join("a.json").to_str().unwrap()], "");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr.contains("there is no rule `full-acces`") && stderr.contains("did you mean `full-access`"),
            "{stderr}"
        );
    }

    #[test]
    fn sarif_is_whole() {
        let found =
            json(&check(&["tests/cmd/check", "--format", "sarif", "--now", "2026-11-25T00:00:00Z"], ""));
        assert_eq!(
            (&found["version"], &found["runs"][0]["columnKind"]),
            (&"2.1.0".into(), &"unicodeCodePoints".into())
        );
        let run = &found["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert!(rules.len() > 150 && results.len() > 8);
        for result in results {
            let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"];
            assert!(place["artifactLocation"]["uri"].as_str().unwrap().starts_with("tests/cmd/check/"));
            let region = &place["region"];
            assert!(
                region["startLine"].as_u64().unwrap() >= 1
                    && region["endColumn"].as_u64() > region["startColumn"].as_u64()
            );
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        }
        let suppressed: Vec<&Value> =
            results.iter().filter(|result| result.get("suppressions").is_some()).collect();
        assert_eq!(suppressed.len(), 1);
        assert_eq!(suppressed[0]["ruleId"], "resource-star");
    }

    /// A finding inside a string points into the string.
    #[test]
    fn places_inside_strings() {
        let wrapped = serde_json::json!({ "Policy": ADMIN }).to_string();
        let found = json(&check(&["-", "--format", "json", "--only", "full-access"], &wrapped));
        let column = found["policies"][0]["findings"][0]["column"].as_u64().unwrap();
        let text: String = wrapped.chars().skip(usize::try_from(column).unwrap() - 1).take(5).collect();
        assert_eq!(text, "\\\"*\\\"");
    }

    #[test]
    fn the_rules_are_listed() {
        let listed = json(&check(&["--list-rules", "--format", "json"], ""));
        assert_eq!(listed["schema"]["name"], "kagimori.policy_rules");
        let human = check(&["--list-rules"], "");
        let lines = String::from_utf8(human.stdout).unwrap().lines().count();
        assert_eq!(lines, listed["rules"].as_array().unwrap().len());
    }
}
