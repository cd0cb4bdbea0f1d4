//! `kagimori migrate`: a company of machine users whose homes are known, and Shiosai.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};
    use std::sync::LazyLock;

    use kagimori_testkit::homes::{directory, machine_users};
    use serde_json::Value;

    fn shiosai() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai")
    }

    fn run(arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kagimori")).args(arguments).output().unwrap()
    }

    fn json(output: &Output) -> Value {
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// A folder that goes when the test ends.
    pub(crate) struct Folder(pub(crate) PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn homes(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("kagimori-homes-{name}-{}", std::process::id()));
        for (path, bytes) in directory() {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        Folder(folder)
    }

    static ANSWER: LazyLock<Value> = LazyLock::new(|| {
        let folder = homes("labels");
        let output = run(&["migrate", "--all", "--dir", folder.0.to_str().unwrap(), "--format", "json"]);
        json(&output)
    });

    /// By key: what was said, and how surely.
    fn said() -> BTreeMap<String, (String, bool)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let credentials = ANSWER["credentials"].as_array().unwrap();
        let one =
            |row: &Value| (text(&row["credential"]), (text(&row["class"]), row["certainty"] == "certain"));
        credentials.iter().map(one).collect()
    }

    #[test]
    fn nineteen_in_twenty_machine_users_have_their_home_and_none_is_surely_wrong() {
        let (labelled, said) = (machine_users(), said());
        assert_eq!((labelled.len(), said.len()), (60, 60));
        let wrong: Vec<String> = labelled
            .iter()
            .filter(|user| said[&user.key].0 != user.label)
            .map(|user| format!("{}: {:?} for {}", user.name, said[&user.key], user.label))
            .collect();
        assert!(wrong.len() * 20 <= labelled.len(), "{wrong:#?}");
        let surely: Vec<_> =
            labelled.iter().filter(|user| said[&user.key].1 && said[&user.key].0 != user.label).collect();
        assert!(surely.is_empty(), "{surely:#?}");
        let certain = said.values().filter(|(_, is_certain)| *is_certain).count();
        assert!(certain >= 8, "{certain}");
        println!(
            "{} of {} right, {certain} certain: {wrong:#?}",
            labelled.len() - wrong.len(),
            labelled.len()
        );
    }

    /// Whatever is concluded rests on events that are in the trail.
    #[test]
    fn evidence_has_counts_and_an_event() {
        for row in ANSWER["credentials"].as_array().unwrap() {
            for workload in row["workloads"].as_array().unwrap() {
                assert!(workload["calls"].as_u64().unwrap() > 0 && workload["event"].is_string(), "{row:#}");
                for piece in workload["evidence"].as_array().unwrap() {
                    let is_hint = piece["sort"] == "name";
                    assert!(
                        is_hint || (piece["calls"].as_u64().unwrap() > 0 && piece["event"].is_string()),
                        "{piece:#}"
                    );
                }
            }
            let is_open = ["unknown", "shared"].contains(&row["class"].as_str().unwrap());
            assert!(!is_open || row["ask"]["question_ja"].is_string(), "{row:#}");
        }
    }

    #[test]
    fn a_user_a_key_and_a_mistake() {
        let folder = homes("one");
        let dir = folder.0.to_str().unwrap();
        let key = machine_users().remove(0);
        let output = run(&["migrate", &key.key, "--dir", dir]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(
            text.contains("shared") && text.contains("aws-lambda") && text.contains("person-cli"),
            "{text}"
        );
        let text = run(&["migrate", &key.name, "--dir", dir, "--lang", "ja"]);
        assert!(String::from_utf8_lossy(&text.stdout).contains("に確認："));
        for (arguments, told) in [
            (&["migrate", "--dir", dir][..], "name a user or a key, or ask about all with `--all`"),
            (&["migrate", "machine-0", "--dir", dir], "do you mean `machine-0"),
            (&["migrate", "AKIAIOSFODNN7EXAMPLE", "--dir", dir], "`kagimori trail key`"),
            (&["migrate", "--account", "12", "--dir", dir], "an account id has 12 digits"),
            (&["migrate", "--account", "111111111111", "--dir", dir], "`kagimori review` lists the accounts"),
            (&["migrate", "--all", "--dir", "/nowhere"], "hint"),
        ] {
            let output = run(arguments);
            let error = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(error.contains(told), "{arguments:?}: {error}");
        }
    }

    /// Every role that is drawn is proved: its trust, that it is within the user, and each call replayed.
    #[test]
    fn roles_are_proved_and_written() {
        let folder = homes("roles");
        let dir = folder.0.to_str().unwrap();
        let github = machine_users().into_iter().find(|user| user.label == "ci-github").unwrap();
        let answers = format!(
            "[[answer]]\naccount = \"444455556666\"\nuser = \"{}\"\nclass = \"ci-github\"\nrepository = \"octo-org@1/app@2\"\njob = \"environment:production\"\n",
            github.name
        );
        fs::write(folder.0.join("migrate.toml"), answers).unwrap();
        let out = folder.0.join("migrate");
        let answer = json(&run(&[
            "migrate",
            "--all",
            "--dir",
            dir,
            "--out",
            out.to_str().unwrap(),
            "--format",
            "json",
        ]));
        let mut roles = 0;
        for row in answer["credentials"].as_array().unwrap() {
            let road = &row["road"];
            if road["role"].is_null() {
                assert!(
                    row["class"] != "aws-lambda" && row["class"] != "aws-ec2" && row["class"] != "aws-ecs",
                    "{row:#}"
                );
                continue;
            }
            roles += 1;
            assert_eq!((&road["proved"], &road["within_user"]), (&true.into(), &true.into()), "{road:#}");
            assert_eq!(road["verified"]["failing"].as_array().unwrap().len(), 0);
            assert!(road["verified"]["allowed"].as_u64().unwrap() > 0, "{road:#}");
            let plan = folder.0.join(format!("plans/{}.json", road["plan"].as_str().unwrap()));
            assert!(plan.is_file());
        }
        assert!(roles >= 12, "{roles}");
        let own = out.join("444455556666").join(&github.name);
        let trust = fs::read_to_string(own.join("trust.json")).unwrap();
        assert!(trust.contains("repo:octo-org@1/app@2:environment:production"), "{trust}");
        assert!(trust.contains("repo:octo-org/app:environment:production"), "{trust}");
        let terraform = fs::read_to_string(own.join("role.tf")).unwrap();
        assert!(
            terraform.contains("resource \"aws_iam_role\"") && terraform.contains("aws_iam_role_policy"),
            "{terraform}"
        );
        let readme = fs::read_to_string(own.join("README.md")).unwrap();
        for told in [
            "## Proofs / 証明",
            "## Why each permission",
            "kagimori apply ",
            "kagimori retire start",
            "## What changes where",
        ] {
            assert!(readme.contains(told), "{readme}");
        }
        assert_eq!(fs::read_to_string(out.join("credentials.csv")).unwrap().lines().count(), 61);
        fs::write(
            folder.0.join("migrate.toml"),
            "[[answer]]\naccount = \"444455556666\"\nuser = \"x\"\nclass = \"aws-lamda\"\n",
        )
        .unwrap();
        let output = run(&["migrate", "--all", "--dir", dir]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("do you mean `aws-lambda`?"));
    }

    /// Shared by a Lambda function and a laptop, a heartbeat, and a key that nobody knows: as the README tells them.
    #[test]
    fn stories_of_shiosai() {
        let dir = shiosai();
        let answer = json(&run(&[
            "migrate",
            "--account",
            "444455556666",
            dir.to_str().unwrap(),
            "--days",
            "20",
            "--format",
            "json",
        ]));
        let of = |name: &str| {
            let rows = answer["credentials"].as_array().unwrap();
            let ends = format!("/{name}");
            rows.iter().find(|row| row["user"].as_str().unwrap().ends_with(&ends)).unwrap()["class"].clone()
        };
        assert_eq!(of("svc-tide-api"), "shared");
    }
}
