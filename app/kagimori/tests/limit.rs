//! `--limit-seconds` from outside: the whole answer or none, and an exit code that says which.

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::path::PathBuf;
    use std::process::{Command, Output};

    use serde_json::Value;

    fn kagimori(args: &[&str]) -> Output {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        Command::new(env!("CARGO_BIN_EXE_kagimori")).args(args).current_dir(root).output().unwrap()
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    /// A policy whose statements can all be told apart, so that each has to be proved against all others.
    fn long_policy(name: &str, statements: usize) -> PathBuf {
        let mut policy = String::from(r#"{"Version":"2012-10-17","Statement":["#);
        for number in 0..statements {
            let comma = if number == 0 { "" } else { "," };
            write!(
                policy,
                r#"{comma}{{"Effect":"Allow","Action":["s3:Get*","s3:GetObject","s3:*{number}"],"Resource":["arn:aws:s3:::b*{number}/*","arn:aws:s3:::b/{number}*"],"Condition":{{"StringLike":{{"aws:PrincipalTag/t{number}":["a*","*b"]}}}}}}"#
            )
            .unwrap();
        }
        policy.push_str("]}");
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, policy).unwrap();
        path
    }

    #[test]
    fn when_the_time_is_up_there_is_no_answer_at_all() {
        let policy = long_policy("limit-long.json", 700);
        let policy = policy.to_str().unwrap();
        let output = kagimori(&["policy", "minimise", policy, "--limit-seconds", "1"]);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert_eq!(text(&output.stdout), "");
        let said = text(&output.stderr);
        assert!(said.contains("CANNOT TELL") && said.contains("not looked at"), "{said}");

        let output = kagimori(&["policy", "minimise", policy, "--limit-seconds", "1", "--format", "json"]);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["schema"]["name"], "kagimori.cannot_tell");
        assert_eq!((&said["question"], &said["limit_seconds"]), (&"policy minimise".into(), &1.into()));
        let looked_at = &said["looked_at"];
        assert_eq!(looked_at["what"], "statement");
        assert!(looked_at["done"].as_u64() < looked_at["total"].as_u64(), "{said}");
    }

    #[test]
    fn within_the_time_it_is_the_answer_that_there_is_without_a_limit() {
        let old = long_policy("limit-old.json", 3);
        let new = long_policy("limit-new.json", 2);
        let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
        for args in [
            &["policy", "minimise", old][..],
            &["policy", "compare", old, new, "--format", "json"],
            &["ask", "paths", "--dir", "examples/escalation"],
            &["ask", "who-can", "iam:CreateUser", "*", "--dir", "examples/escalation"],
            &["whatif", "--key-off", "AKIASHIOSAIXZHOGVYUY", "--dir", "examples/shiosai"],
            &["tighten", "svc-lake-loader", "--dir", "examples/shiosai", "--no-files"],
        ] {
            let free = kagimori(args);
            let limited = kagimori(&[args, &["--limit-seconds", "3600"]].concat());
            assert_eq!(free.status.code(), limited.status.code(), "{args:?} {limited:?}");
            assert_eq!(text(&free.stdout), text(&limited.stdout), "{args:?}");
            assert_eq!(text(&free.stderr), text(&limited.stderr), "{args:?}");
        }
    }
}
