//! Readers on changed bytes: AWS's answers, policies, plans. Whatever comes, it is read, named or refused; nothing panics and nothing
//! is endless.
//!
//! A thousand of each with `cargo test`; more, and others, with `KAGIMORI_MUTANTS=20000 KAGIMORI_SEED=2`. `scripts/check-mutants` asks
//! the whole program.

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "it reads the example, and measures how long a reader takes")]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use kagimori_estate::Estate;
    use kagimori_estate::read::{Assembler, File, read};
    use kagimori_id::AccountId;
    use kagimori_plan::plan::Plan;
    use kagimori_policy::lint::{Options, check};
    use kagimori_testkit::mutants::{Numbers, count, mutant, seed};

    /// Far above what any takes, on a machine that does other things, too.
    const TIME_MAX: Duration = Duration::from_secs(20);

    fn answers() -> Vec<(AccountId, String, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai/snapshots");
        let mut answers = Vec::new();
        for account in ["111122223333", "222233334444"] {
            for file in fs::read_dir(folder.join(account)).unwrap() {
                let path = file.unwrap().path();
                if path.is_file() {
                    let name = format!("snapshots/{account}/{}", path.file_name().unwrap().to_string_lossy());
                    answers.push((AccountId::parse(account).unwrap(), name, fs::read(path).unwrap()));
                }
            }
        }
        answers.sort();
        assert!(answers.len() > 10);
        answers
    }

    #[track_caller]
    fn timed(what: &str, run: impl FnOnce()) {
        let begin = Instant::now();
        run();
        assert!(begin.elapsed() < TIME_MAX, "{what} took {:?}", begin.elapsed());
    }

    fn estate(account: AccountId, path: &str, bytes: &[u8]) -> Estate {
        let mut assembler = Assembler::default();
        assembler.add(read(File { path, account: Some(account), bytes }));
        assembler.finish(None)
    }

    #[test]
    fn answers_of_aws() {
        let (answers, mut numbers) = (answers(), Numbers(seed()));
        for n in 0..count(1_000) {
            let (account, name, bytes) = &answers[n as usize % answers.len()];
            let bytes = mutant(bytes, &mut numbers);
            timed(name, || drop(estate(*account, name, &bytes)));
        }
    }

    #[test]
    fn policies() {
        let mut numbers = Numbers(seed() + 1);
        let documents = [
            r#"{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"A","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root","*"]},"Action":["s3:Get*","kms:Decrypt"],"Resource":["arn:aws:s3:::b/${aws:username}/*","*"],"Condition":{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":["o-a/r-b/*"]},"Bool":{"aws:MultiFactorAuthPresent":"true"},"IpAddress":{"aws:SourceIp":["203.0.113.0/24"]},"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}}]}"#,
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotAction":"iam:*","NotResource":"arn:aws:iam::*:role/??-*","Condition":{"NumericLessThanIfExists":{"s3:max-keys":"10"},"Null":{"aws:TokenIssueTime":"true"}}}}"#,
        ];
        for n in 0..count(1_000) {
            let text = mutant(documents[n as usize % documents.len()].as_bytes(), &mut numbers);
            let text = String::from_utf8_lossy(&text);
            timed(&text, || drop(check(&text, "policy.json", &Options::default())));
        }
    }

    #[test]
    fn plans() {
        let mut numbers = Numbers(seed() + 2);
        let plan = Plan::new("less", &Estate::empty(), &[]).unwrap();
        let text = serde_json::to_string_pretty(&plan).unwrap();
        for _ in 0..count(1_000) {
            let mutant = mutant(text.as_bytes(), &mut numbers);
            timed(&text, || {
                // What was changed is refused, but for blanks.
                if let Ok(read) = Plan::read(&String::from_utf8_lossy(&mutant)) {
                    assert_eq!(serde_json::to_string_pretty(&read).unwrap(), text);
                }
            });
        }
    }
}
