//! The lake as a script meets it: killed at any moment and run again, and a review that does not tell it from the files.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output, Stdio};
    use std::time::Duration;

    use kagimori_lake::Lake;
    use kagimori_trail::call::Call;
    use kagimori_trail::selection::Selection;

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lake-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn shiosai() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai")
    }

    fn command(arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kagimori"));
        command.args(arguments).env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(arguments: &[&str]) -> Output {
        command(arguments).output().unwrap()
    }

    fn text(path: &Path) -> &str {
        path.to_str().unwrap()
    }

    fn event(n: usize) -> String {
        let (day, hour, user) = (1 + n % 3, n % 24, n % 7);
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u{user}","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"u{user}"}},"eventTime":"2026-10-0{day}T{hour:02}:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.1","userAgent":"aws-cli/2","eventID":"e-{n}","eventType":"AwsApiCall","recipientAccountId":"111122223333","readOnly":true,"eventCategory":"Data","requestParameters":{{"bucketName":"tide","key":"k{n}"}}}}"#
        )
    }

    /// A trail of small files; every tenth event comes in two of them.
    fn write_trail(folder: &Path, files: usize, per_file: usize) {
        fs::create_dir_all(folder).unwrap();
        for file in 0..files {
            let mut events: Vec<String> = (0..per_file).map(|n| event(file * per_file + n)).collect();
            events.extend((0..per_file).step_by(10).map(|n| event((file + 1) % files * per_file + n)));
            let text = format!(r#"{{"Records":[{}]}}"#, events.join(","));
            fs::write(folder.join(format!("{file:04}.json")), text).unwrap();
        }
    }

    /// What a lake holds: every call, what was counted, and the files on the disk.
    fn held(directory: &Path) -> (Vec<Call>, kagimori_lake::Counts, kagimori_lake::Coverage) {
        let lake = Lake::open(&directory.join("lake")).unwrap().unwrap();
        assert!(!lake.is_unfinished());
        let hands = lake
            .calls(&Selection::default(), Vec::new, |calls: &mut Vec<Call>, call| calls.push(call.clone()));
        let mut calls: Vec<Call> = hands.unwrap().into_iter().flatten().collect();
        calls.sort_by(|a, b| (&a.event_id, a.time).cmp(&(&b.event_id, b.time)));
        (calls, lake.counts(), lake.coverage())
    }

    /// The rows of all parts of a file set on the disk.
    fn rows_on_disk(directory: &Path, set: &str) -> i64 {
        let mut rows = 0;
        for day in fs::read_dir(directory.join("lake").join(set)).unwrap() {
            for file in fs::read_dir(day.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                assert_eq!(path.extension().unwrap(), "parquet", "{}", path.display());
                use parquet::file::reader::{FileReader, SerializedFileReader};
                let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
                rows += reader.metadata().file_metadata().num_rows();
            }
        }
        rows
    }

    /// The files of a lake, whole and half.
    fn files_of(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { files_of(&entry.path()) } else { 1 }).sum()
    }

    /// Starts an ingest and kills it (SIGKILL on Unix) a moment after its lake has so many files; whether it was still at
    /// work.
    fn kill_at(arguments: &[&str], lake: &Path, files: usize, moment: Duration) -> bool {
        let mut child = command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while files_of(lake) < files && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(moment);
        let running = child.try_wait().unwrap().is_none();
        let _ = child.kill();
        child.wait().unwrap();
        running
    }

    /// Kills an ingest `kills` times, `in_a_row` of them on the same lake, and compares what it ends in.
    fn kill_and_compare(name: &str, files: usize, per_file: usize, kills: u32, in_a_row: u32) {
        let (calm, torn) = (folder(&format!("{name}-calm")), folder(&format!("{name}-torn")));
        write_trail(&calm.join("trail"), files, per_file);
        let trail = calm.join("trail");
        let batch = (files * per_file * 700 / 12).to_string();
        let arguments = |directory: &Path| {
            ["ingest", text(&trail), "--dir", text(directory), "--batch-bytes", &batch].map(str::to_owned)
        };
        let own = arguments(&calm);
        let output = run(&own.each_ref().map(String::as_str));
        let whole = files_of(&calm.join("lake")) as f64;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let expected = held(&calm);
        assert_eq!(expected.0.len(), files * per_file);
        let mut struck = 0;
        for kill in 0..kills {
            if kill % in_a_row == 0 {
                let _ = fs::remove_dir_all(&torn);
                fs::create_dir_all(&torn).unwrap();
            }
            let own = arguments(&torn);
            let own = own.each_ref().map(String::as_str);
            // a golden-ratio walk through the work: no two kills fall on the same place
            let place = f64::from(kill + 1) * 0.618_034 % 1.0;
            let before = files_of(&torn.join("lake")) as f64;
            let files = before + (whole - before).max(0.0) * place;
            let moment = Duration::from_micros(u64::from(kill) * 7_919 % 9_000);
            struck += u32::from(kill_at(&own, &torn.join("lake"), files as usize, moment));
            if (kill + 1) % in_a_row == 0 {
                let output = run(&own);
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                assert_eq!(held(&torn), expected, "after kill {kill}");
                // Parts that compaction replaced stay for who reads them, until the next ingest.
                assert!(run(&own).status.success());
                assert_eq!(rows_on_disk(&torn, "events"), expected.0.len() as i64, "after kill {kill}");
            }
        }
        assert!(
            struck * 3 >= kills,
            "only {struck} of {kills} kills met a run at work: the test tests nothing"
        );
    }

    #[test]
    fn an_ingest_that_is_killed_and_run_again_loses_and_doubles_nothing() {
        kill_and_compare("killed", 24, 20, 10, 5);
    }

    #[test]
    #[ignore = "a minute or more"]
    fn a_hundred_kills() {
        kill_and_compare("killed-100", 400, 60, 100, 1);
    }

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }

    #[test]
    fn a_lake_without_one_of_its_parts_says_how_to_go_on() {
        let directory = folder("part-gone");
        write_trail(&directory.join("trail"), 4, 10);
        assert!(run(&["ingest", "--dir", text(&directory)]).status.success());
        let day = fs::read_dir(directory.join("lake/events")).unwrap().next().unwrap().unwrap().path();
        fs::remove_dir_all(day).unwrap();
        let output = run(&["trail", "denied", "--dir", text(&directory)]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("is gone") && told.contains("lake repair"), "{told}");
    }

    /// The example, on its own.
    fn company(name: &str) -> PathBuf {
        let directory = folder(name);
        for name in ["snapshots", "resource-policies", "kagimori.toml", "trail"] {
            let from = shiosai().join(name);
            if from.is_dir() {
                copy(&from, &directory.join(name))
            } else {
                let _bytes = fs::copy(from, directory.join(name)).unwrap();
            }
        }
        directory
    }

    #[test]
    fn changes_and_proposals_from_the_lake_are_those_from_the_files() {
        let directory = company("changes");
        let answers = || {
            let questions: [&[&str]; 2] = [
                &["whatif", "--key-off", "AKIASHIOSAIXZHOGVYUY", "--days", "15"],
                &["tighten", "svc-tide-api", "--days", "15", "--floor", "10", "--holdout", "5", "--no-files"],
            ];
            questions.map(|question| {
                let output = run(&[question, &["--format", "json", "--dir", text(&directory)]].concat());
                assert!(!output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
                (output.status, String::from_utf8(output.stdout).unwrap())
            })
        };
        let from_files = answers();
        assert!(run(&["ingest", "--dir", text(&directory)]).status.success());
        fs::remove_dir_all(directory.join("trail")).unwrap();
        assert_eq!(answers(), from_files);
    }

    #[test]
    fn a_review_from_the_lake_is_the_review_from_the_files() {
        let directory = company("review");
        let review = |out: &str| run(&["review", text(&directory), "--out", text(&directory.join(out))]);
        let from_files = review("one");
        let ingested = run(&["ingest", "--dir", text(&directory)]);
        assert!(ingested.status.success(), "{}", String::from_utf8_lossy(&ingested.stderr));
        fs::remove_dir_all(directory.join("trail")).unwrap();
        let from_lake = review("two");
        assert_eq!(from_lake.status, from_files.status);
        for name in [
            "findings.json",
            "findings.csv",
            "credentials.csv",
            "findings.ocsf.json",
            "findings.sarif",
            "index.html",
        ] {
            let read = |out: &str| fs::read(directory.join(out).join(name)).unwrap();
            assert!(read("one") == read("two"), "{name} differs");
        }
    }

    /// The folder that holds everything, named as if it were a trail.
    #[test]
    fn a_kagimori_directory_is_no_source() {
        let directory = folder("source");
        let refused = run(&["ingest", text(&shiosai()), "--dir", text(&directory)]);
        let message = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{message}");
        assert!(message.contains("is a kagimori directory") && message.contains("ingest --dir"), "{message}");
        assert!(!directory.join("lake").exists());
    }
}
