//! SQL as a script meets it: what `--sql` and `trail tables` print, and how bad input ends. That the SQL gives the program's own
//! rows is for `scripts/check-sql` to say, which runs it.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    use kagimori_lake::TABLES;

    const ENGINES: [&str; 3] = ["duckdb", "athena", "trino"];
    const PLACE: [&str; 2] = ["--location", "s3://my-lake/lake"];

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sql-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn run(arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kagimori")).args(arguments).env("NO_COLOR", "1").output().unwrap()
    }

    fn event(account: &str, region: &str, day: &str) -> String {
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::{account}:user/u","accountId":"{account}","userName":"u"}},"eventTime":"{day}T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"{region}","eventID":"{account}-{region}-{day}","eventType":"AwsApiCall","recipientAccountId":"{account}"}}"#
        )
    }

    /// A directory with a lake: two accounts, three Regions, one of a name that no Region has.
    fn directory(name: &str) -> PathBuf {
        let directory = folder(name);
        let events = [
            event("111122223333", "us-east-1", "2026-10-03"),
            event("012345678901", "eu-west-1", "2026-10-01"),
            event("012345678901", "'; DROP TABLE x; --", "2026-10-05"),
        ];
        fs::create_dir_all(directory.join("trail")).unwrap();
        fs::write(directory.join("trail/a.json"), format!(r#"{{"Records":[{}]}}"#, events.join(",")))
            .unwrap();
        let output = run(&["ingest", "--dir", directory.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        directory
    }

    fn printed(directory: &Path, arguments: &[&str]) -> String {
        let output = run(&[&["trail"], arguments, &["--dir", directory.to_str().unwrap()]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn tables_have_the_columns_of_the_files() {
        let directory = directory("tables");
        for engine in ENGINES {
            let text = printed(&directory, &[&["tables", "--sql", engine], &PLACE[..]].concat());
            let statements: Vec<&str> =
                text.split(";\n").map(str::trim).filter(|text| !text.is_empty()).collect();
            assert_eq!(statements.len(), 3, "{engine}: no bodies were written\n{text}");
            for (statement, table) in statements.iter().zip(TABLES) {
                let place = format!("s3://my-lake/lake/{}/", table.name);
                assert!(statement.contains(&format!("kagimori_{}", table.name)), "{statement}");
                assert!(statement.contains(&place), "{statement}");
                if engine == "duckdb" {
                    continue;
                }
                let declared: Vec<&str> = statement
                    .lines()
                    .skip_while(|line| !line.starts_with("CREATE"))
                    .skip(1)
                    .take_while(|line| *line != ")")
                    .filter_map(|line| line.trim().split(' ').next())
                    .map(|name| name.trim_matches(['`', '"']))
                    .filter(|name| *name != "day")
                    .collect();
                let written: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
                assert_eq!(declared, written, "{engine}");
            }
        }
        let text = printed(&directory, &["tables", "--sql", "duckdb"]);
        let lake = std::path::absolute(directory.join("lake")).unwrap();
        assert!(text.contains(&format!("'{}/events/*/*.parquet'", lake.to_str().unwrap())), "{text}");
    }

    #[test]
    fn days_accounts_and_regions_of_the_tables_are_the_lakes() {
        let directory = directory("projection");
        let raw = ["--raw", "s3://my-trail/audit", "--organization", "o-a1b2c3d4e5"];
        let text = printed(&directory, &[&["tables", "--sql", "athena"], &PLACE[..], &raw[..]].concat());
        for expected in [
            "'projection.day.range' = '2026-10-01,NOW'",
            "'storage.location.template' = 's3://my-lake/lake/events/day=${day}'",
            "'projection.day.range' = '2026/10/01,NOW'",
            "'projection.account.values' = '012345678901,111122223333'",
            "'projection.region.values' = 'eu-west-1,us-east-1'",
            "LOCATION 's3://my-trail/audit/AWSLogs/o-a1b2c3d4e5/'",
            "'s3://my-trail/audit/AWSLogs/o-a1b2c3d4e5/${account}/CloudTrail/${region}/${day}'",
        ] {
            assert!(text.contains(expected), "{expected} is not in\n{text}");
        }
        assert!(!text.contains("DROP"), "{text}");
        let text = printed(
            &directory,
            &[&["tables", "--sql", "athena"], &PLACE[..], &["--raw", "s3://my-trail"]].concat(),
        );
        assert!(text.contains("LOCATION 's3://my-trail/AWSLogs/'"), "{text}");
    }

    #[test]
    fn questions_name_only_tables_that_are_declared_and_quote_what_is_given() {
        let directory = directory("questions");
        let questions: [&[&str]; 7] = [
            &["usage"],
            &["usage", "--actions"],
            &[
                "usage",
                "--principal",
                "it's",
                "--account",
                "012345678901",
                "--since",
                "2026-10-01",
                "--until",
                "2026-11-01",
            ],
            &["denied"],
            &["root"],
            &["console"],
            &["coverage"],
        ];
        let declared: Vec<String> = TABLES.iter().map(|table| format!("kagimori_{}", table.name)).collect();
        for (engine, question) in
            ENGINES.iter().flat_map(|engine| questions.map(|question| (engine, question)))
        {
            let text = printed(&directory, &[question, &["--sql", engine]].concat());
            let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let tables: Vec<&str> = names.filter(|name| name.starts_with("kagimori_")).collect();
            assert!(
                !tables.is_empty() && tables.iter().all(|name| declared.iter().any(|table| table == name)),
                "{text}"
            );
            assert_eq!(text.contains("read_parquet("), *engine == "duckdb", "{text}");
            if question.contains(&"it's") {
                for expected in
                    ["= 'it''s'", "= '012345678901'", "day >= '2026-10-01'", "day <= '2026-10-31'"]
                {
                    assert!(text.contains(expected), "{expected} is not in\n{text}");
                }
            }
        }
    }

    #[test]
    fn bad_input_is_told_and_fails() {
        let (with, without) = (directory("bad"), folder("bad-empty"));
        let (with, without) = (with.to_str().unwrap(), without.to_str().unwrap());
        let gone = format!("{without}/gone");
        let tables = ["tables", "--sql", "athena", "--dir", with];
        let rows: [(&[&str], &str); 17] = [
            (&["usage", "--sql", "duckdb", "--dir", &gone], "cannot read"),
            (&["usage", "--sql", "athena", "--dir", &gone], "cannot read"),
            (&["usage", "--sql", "trino", "--dir", without], "there is no lake"),
            (&["usage", "--sql", "spark", "--dir", with], "invalid value 'spark'"),
            (&["usage", "--sql", "duckdb", "--trail", with, "--dir", with], "cannot be used with"),
            (
                &["usage", "--sql", "duckdb", "--since", "2026-10-01T10:00:00Z", "--dir", with],
                "by whole days",
            ),
            (&["coverage", "--until", "2026-10-01T10:00:00Z", "--dir", with], "by whole days"),
            (&["tables", "--dir", with], "--sql"),
            (&["tables", "--sql", "duckdb", "--dir", &gone], "cannot read"),
            (&["tables", "--sql", "duckdb", "--dir", without], "there is no lake"),
            (&tables, "`--location` does not tell"),
            (&[&tables[..], &["--location", "my-lake"]].concat(), "does not begin with `s3://`"),
            (&[&tables[..], &["--location", "s3://My_Lake/"]].concat(), "not the name of a bucket"),
            (&[&tables[..], &["--location", "s3://my-lake/it's/"]].concat(), "the prefix"),
            (&[&tables[..], &PLACE, &["--organization", "o-a1b2c3d4e5"]].concat(), "--raw"),
            (
                &[&tables[..], &PLACE, &["--raw", "s3://my-trail/", "--organization", "o-X"]].concat(),
                "organization",
            ),
            (&[&tables[..], &PLACE, &["--raw", "s3://my-trail/AWSLogs/"]].concat(), "leads into `AWSLogs/`"),
        ];
        for (arguments, said) in rows {
            let output = run(&[&["trail"], arguments].concat());
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
            assert!(output.stdout.is_empty() && told.contains(said), "{arguments:?}: {told}");
            assert!(told.contains("hint: ") || told.contains("--help"), "{arguments:?}: {told}");
        }
        let raw = [
            "tables",
            "--sql",
            "trino",
            "--location",
            "s3://my-lake",
            "--raw",
            "s3://my-trail",
            "--dir",
            with,
        ];
        let output = run(&[&["trail"], &raw[..]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("only Athena"));
        let nowhere = folder("bad-nowhere");
        fs::create_dir_all(nowhere.join("trail")).unwrap();
        let event = event("111122223333", "somewhere", "2026-10-01");
        fs::write(nowhere.join("trail/a.json"), format!(r#"{{"Records":[{event}]}}"#)).unwrap();
        let nowhere = nowhere.to_str().unwrap();
        assert!(run(&["ingest", "--dir", nowhere]).status.success());
        let raw = ["--raw", "s3://my-trail", "--dir", nowhere];
        let output = run(&[&["trail", "tables", "--sql", "athena"], &PLACE[..], &raw[..]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("no account and Region"));
    }
}
