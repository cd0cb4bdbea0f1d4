//! `kagimori needs`, as it is run: what it prints, and how it ends. Built with the feature alone (`--features needs`).

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    use serde_json::Value;

    /// A folder of its own for each test.
    struct Tree(PathBuf);

    impl Tree {
        fn of(name: &str, files: &[(&str, &[u8])]) -> Self {
            let folder = std::env::temp_dir().join(format!("kagimori-needs-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            for (path, bytes) in files {
                fs::write(folder.join(path), bytes).unwrap();
            }
            Self(folder)
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn run(path: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kagimori"));
        command.arg("needs").arg(path).args(arguments).output().unwrap()
    }

    fn examples() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/needs")
    }

    #[test]
    fn json_has_its_schema_and_every_star_its_reason() {
        let output = run(&examples(), &["--format", "json", "--account", "444455556666"]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["schema"], serde_json::json!({ "name": "kagimori.needs", "version": 1 }));
        let needs = answer["needs"].as_array().unwrap();
        assert!(!needs.is_empty());
        let put = needs.iter().find(|need| need["action"] == "s3:PutObject").unwrap();
        assert_eq!(put["resource"], "arn:aws:s3:::shiosai-lake/orders/*.json");
        assert!(put["line"].as_u64().unwrap() > 0 && put["open"].as_array().unwrap().len() == 1, "{put}");
        assert_eq!(answer["policy_is_proved"], true);
    }

    #[test]
    fn terraform_says_why_each_statement_is_there() {
        let output = run(&examples(), &["--format", "terraform"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("# why: ") && text.contains("worker.py:"), "{text}");
    }

    #[test]
    fn what_was_not_understood_is_never_a_clean_end() {
        let long = [b"import boto3\n".as_slice(), &vec![b'#'; 3 << 20]].concat();
        let deep = format!("import boto3\nx = {}1{}\n", "(".repeat(10_000), ")".repeat(10_000));
        for (name, text, code) in [
            ("nothing", b"print(1)\n".as_slice(), 2),
            ("long", &long, 3),
            ("deep", deep.as_bytes(), 3),
            ("broken", b"import boto3\ns3 = boto3.client('s3'\ns3.put_object(Bucket='b'\n", 3),
            ("computed", b"import boto3\nboto3.client(x()).put_object(Bucket='b', Key='k')\n", 2),
            ("told", b"import boto3\nboto3.client('s3').put_object(Bucket='b', Key='k')\n", 0),
            ("latin", b"import boto3\n# \xe9\xff\nboto3.client('s3').put_object(Bucket='b', Key='k')\n", 0),
        ] {
            let tree = Tree::of(name, &[("a.py", text)]);
            let output = run(&tree.0, &[]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{name}: {said}");
        }
    }

    #[test]
    fn commands_in_makefiles_and_scripts_without_an_ending_count() {
        let tree = Tree::of(
            "made",
            &[
                ("Makefile", b"B = site\ndeploy:\n\t@aws s3 cp x s3://$(B)/x\n"),
                ("backup", b"#!/usr/bin/env bash\naws s3 rm s3://old/x\n"),
            ],
        );
        let output = run(&tree.0, &["--format", "json"]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let needs = answer["needs"].as_array().unwrap().iter().filter(|need| need["certainty"] == "certain");
        let told: Vec<String> =
            needs.map(|need| format!("{} {} {}", need["line"], need["action"], need["resource"])).collect();
        assert_eq!(
            told,
            ["2 \"s3:DeleteObject\" \"arn:aws:s3:::old/x\"", "3 \"s3:PutObject\" \"arn:aws:s3:::site/x\"",]
        );
    }
}
