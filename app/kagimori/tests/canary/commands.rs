//! Every command there is.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::secret::Secrets;
use super::seek::{Pieces, files};
use super::{input, seek};

/// The questions of each command, `DIR` and `GIVEN` filled in.
const QUESTIONS: [(&str, &[&[&str]]); 55] = [
    (
        "review",
        &[
            &["DIR", "--out", "DIR/report-en"],
            &["DIR", "--out", "DIR/report-ja", "--language", "ja"],
            &["DIR", "--no-report", "--format", "json"],
            &["DIR", "--out", "DIR/report-2", "--against", "DIR/report-en"],
            &["DIR", "--out", "DIR/report-lists", "--page-room", "0"],
        ],
    ),
    // What it collects with is looked for in `collecting.rs`.
    ("collect", &[&["--print-policy"], &["--account", "12", "--dir", "DIR"]]),
    (
        "scan",
        &[
            &["DIR", "GIVEN"],
            &["DIR", "--dir", "DIR", "--format", "json"],
            &["GIVEN", "--format", "sarif"],
            &["DIR", "--format", "csv"],
            &["DIR", "--git", "DIR"],
        ],
    ),
    (
        "leaked",
        &[
            &["AKIAIOSFODNN7EXAMPLE", "--tree", "DIR", "--dir", "DIR"],
            &["AKIAIOSFODNN7EXAMPLF", "--dir", "DIR", "--format", "json"],
        ],
    ),
    ("explain", &[&["mfa-console-user"]]),
    ("checks", &[&[]]),
    (
        "ask-can",
        &[
            &["ann", "s3:GetObject", "arn:aws:s3:::b/k", "--dir", "DIR"],
            &["u3", "iam:CreateUser", "*", "--dir", "DIR", "--format", "json"],
        ],
    ),
    (
        "ask-why",
        &[
            &["ann", "s3:GetObject", "arn:aws:s3:::b/k", "--dir", "DIR"],
            &["u3", "iam:CreateUser", "*", "--dir", "DIR", "--format", "json"],
            &["u4", "iam:CreateUser", "*", "--dir", "DIR"],
        ],
    ),
    (
        "ask-who-can",
        &[
            &["iam:CreateUser", "*", "--dir", "DIR"],
            &["iam:CreateUser", "*", "--dir", "DIR", "--format", "json"],
            &["sts:AssumeRole", "arn:aws:iam::111122223333:role/r3", "--dir", "DIR"],
        ],
    ),
    (
        "ask-what-can",
        &[&["u3", "--dir", "DIR"], &["u3", "--dir", "DIR", "--service", "s3", "--format", "json"]],
    ),
    (
        "ask-paths",
        &[&["--dir", "DIR"], &["--dir", "DIR", "--format", "json"], &["--dir", "DIR", "--format", "dot"]],
    ),
    (
        "ingest",
        &[&["--dir", "DIR", "--bodies"], &["--dir", "DIR", "--format", "json", "--again", "DIR/trail"]],
    ),
    ("lake-info", &[&["DIR"], &["DIR", "--format", "json"]]),
    ("lake-verify", &[&["DIR"], &["DIR", "--format", "json"]]),
    ("lake-repair", &[&["DIR"], &["DIR", "--format", "json"]]),
    (
        "trail-usage",
        &[
            &["--dir", "DIR", "--format", "csv"],
            &["--dir", "DIR", "--actions", "--format", "json"],
            &["--dir", "DIR", "--principal", "ann"],
            &["--dir", "DIR", "--principal", "ann", "--format", "json"],
            &["--dir", "DIR", "--role", "app"],
            &["--dir", "DIR", "--sql", "duckdb"],
        ],
    ),
    (
        "trail-denied",
        &[
            &["--dir", "DIR"],
            &["--dir", "DIR", "--format", "json"],
            &["--dir", "DIR", "--format", "csv", "--check-map"],
        ],
    ),
    ("trail-root", &[&["--dir", "DIR"], &["--dir", "DIR", "--format", "json"]]),
    (
        "trail-key",
        &[
            &["AKIAIOSFODNN7EXAMPLE", "--dir", "DIR"],
            &["ASIAIOSFODNN7EXAMPLE", "--dir", "DIR", "--format", "json"],
            &["AKIAIOSFODNN7EXAMPLE", "--dir", "DIR", "--format", "csv"],
        ],
    ),
    (
        "trail-who",
        &[
            &["app", "--dir", "DIR"],
            &["app", "--dir", "DIR", "--format", "json"],
            &["app", "--dir", "DIR", "--format", "csv"],
        ],
    ),
    ("trail-console", &[&["--dir", "DIR"], &["--dir", "DIR", "--format", "json"]]),
    ("trail-coverage", &[&["--dir", "DIR"], &["--dir", "DIR", "--format", "json"]]),
    ("trail-tables", &[&["--dir", "DIR", "--sql", "duckdb"]]),
    (
        "whatif",
        &[
            &["--dir", "DIR", "--policy", "ann=GIVEN/small.json", "--save", "--page", "DIR/whatif.html"],
            &["--dir", "DIR", "--policy", "ann=GIVEN/small.json", "--format", "json"],
            &[
                "--dir",
                "DIR",
                "--key-off",
                "AKIAIOSFODNN7EXAMPLE",
                "--page",
                "DIR/whatif-2.html",
                "--include-suspected",
                "--page-room",
                "0",
            ],
            &["--dir", "DIR", "--require-mfa", "app", "--format", "json"],
            &["--dir", "DIR", "--boundary", "ann=GIVEN/small.json"],
            &["--dir", "DIR", "--quarantine", "ann", "--tag", "ann=a=b", "--deny-sessions", "app"],
            &["--dir", "DIR", "--delete", "app", "--format", "json"],
        ],
    ),
    (
        "tighten",
        &[
            &[
                "ann",
                "--dir",
                "DIR",
                "--floor",
                "1",
                "--out",
                "DIR/tighten-one",
                "--include-suspected",
                "--resources",
                "exact",
                "--conditions",
                "region,passed-to,via,endpoint,mfa,address",
            ],
            &["--all", "--dir", "DIR", "--floor", "1", "--out", "DIR/tighten-all"],
            &["--all", "--dir", "DIR", "--floor", "1", "--out", "DIR/tighten-lists", "--page-room", "0"],
            &["--all", "--dir", "DIR", "--floor", "1", "--holdout", "5", "--no-files", "--format", "json"],
        ],
    ),
    (
        "migrate",
        &[
            &["--all", "--dir", "DIR"],
            &["--all", "--dir", "DIR", "--lang", "ja"],
            &["--all", "--dir", "DIR", "--out", "DIR/migrate"],
            &["ann", "--dir", "DIR"],
            &["AKIAIOSFODNN7EXAMPLE", "--dir", "DIR", "--format", "json"],
        ],
    ),
    ("plan-list", &[&["--dir", "DIR"], &["--dir", "DIR", "--format", "json"]]),
    ("plan-show", &[&["0123", "--dir", "DIR"]]),
    ("apply", &[&["0123", "--dir", "DIR"], &["0123", "--dir", "DIR", "--dry-run", "--format", "json"]]),
    ("undo", &[&["0123", "--dir", "DIR"]]),
    (
        "bastion-plan",
        &[
            &[
                "GIVEN/bastion.toml",
                "--dir",
                "DIR",
                "--terraform",
                "DIR/bastion-tf",
                "--cloudformation",
                "DIR/bastion-cfn",
            ],
            &["GIVEN/bastion.toml", "--dir", "DIR", "--format", "json"],
        ],
    ),
    (
        "bastion-check",
        &[
            &["GIVEN/bastion.toml", "--dir", "DIR"],
            &["GIVEN/bastion.toml", "--dir", "DIR", "--format", "json"],
        ],
    ),
    ("guard-list", &[&[], &["--format", "json"]]),
    ("guard-show", &[&["root-use"], &["root-use", "--format", "json"]]),
    (
        "guard-prove",
        &[
            &["root-use", "--dir", "DIR"],
            &["root-use", "--dir", "DIR", "--policy", "GIVEN/small.json", "--format", "json"],
        ],
    ),
    ("guard-new", &[&["root-use", "--dir", "DIR", "--on", "444455556666", "--out", "DIR/guards"]]),
    ("guard-plan", &[&["leave-organization", "--dir", "DIR", "--on", "444455556666", "--days", "3"]]),
    ("guard-budget", &[&["--dir", "DIR"], &["--dir", "DIR", "--format", "json"]]),
    (
        "guard-explain",
        &[&["GIVEN/small.json", "--dir", "DIR"], &["GIVEN/small.json", "--dir", "DIR", "--format", "json"]],
    ),
    ("retire-suggest", &[&["--dir", "DIR"], &["--dir", "DIR", "--unused", "1", "--format", "json"]]),
    ("retire-start", &[&["AKIAIOSFODNN7EXAMPLE", "--dir", "DIR", "--yes"]]),
    ("retire-tick", &[&["--dir", "DIR"], &["--dir", "DIR", "--print-policy"]]),
    (
        "retire-status",
        &[&["--dir", "DIR", "--page", "DIR/retire.html"], &["--dir", "DIR", "--format", "json"]],
    ),
    ("retire-stop", &[&["AKIAIOSFODNN7EXAMPLE", "--dir", "DIR"]]),
    ("retire-panic", &[&["--dir", "DIR", "--format", "json"]]),
    ("journal-verify", &[&["--dir", "DIR"]]),
    ("journal-show", &[&["--dir", "DIR"], &["--dir", "DIR", "--format", "json"]]),
    ("notify-test", &[&["sre", "--dir", "DIR"], &["sre", "--dir", "DIR", "--dry-run", "--format", "json"]]),
    ("notify-status", &[&["--dir", "DIR"], &["--dir", "DIR", "--format", "json"]]),
    ("notify-deliver", &[&["--dir", "DIR", "--all"], &["--dir", "DIR", "--format", "json"]]),
    (
        "policy-check",
        &[&["GIVEN/odd"], &["GIVEN/odd", "--format", "json"], &["GIVEN/odd", "--format", "sarif"]],
    ),
    ("policy-eval", &[&["--cases", "GIVEN/cases.json"]]),
    (
        "policy-compare",
        &[
            &["GIVEN/small.json", "GIVEN/odd/0.json"],
            &["GIVEN/small.json", "GIVEN/odd/3.json", "--format", "json"],
        ],
    ),
    ("policy-minimise", &[&["GIVEN/small.json"]]),
    ("completions", &[&["bash"]]),
];

/// Pages of the manual are of every command, those that only hold others included.
const WITHOUT_QUESTIONS: [&str; 11] =
    ["ask", "bastion", "guard", "lake", "trail", "plan", "journal", "retire", "notify", "policy", "man"];

fn program(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kagimori")).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("canary-{name}"))
}

#[test]
fn every_command_has_its_questions() {
    let pages = folder("pages");
    let _ = fs::remove_dir_all(&pages);
    let output = program(&["man".to_owned(), "--out".to_owned(), pages.display().to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = fs::read_dir(&pages).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap());
    let commands: BTreeSet<String> = names
        .filter_map(|name| Some(name.strip_prefix("kagimori-")?.strip_suffix(".1")?.to_owned()))
        .collect();
    let known = QUESTIONS.iter().map(|(name, _)| *name).chain(WITHOUT_QUESTIONS);
    assert_eq!(commands, known.map(str::to_owned).collect(), "a new command needs a row in QUESTIONS");
}

/// What the secrets were found in. The questions of a command one after another, for some read what others wrote; several commands
/// at once.
fn ask(directory: &Path, secrets: &Secrets, pieces: &Pieces, only: &dyn Fn(&str) -> bool) -> Vec<String> {
    let given = input::beside(directory, secrets);
    let mut rows: Vec<_> = QUESTIONS.iter().filter(|(name, _)| only(name)).collect();
    // Those that have most to do first, so that nobody waits for the last.
    rows.sort_by_key(|(name, questions)| {
        (!["tighten", "whatif", "review"].contains(name), Reverse(questions.len()))
    });
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let hand = || {
        while let Some((name, questions)) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            let hits = ask_one(directory, &given, pieces, name, questions);
            found.lock().unwrap().extend(hits);
        }
    };
    let hands = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    std::thread::scope(|scope| (0..hands).for_each(|_| drop(scope.spawn(hand))));
    let mut found = found.into_inner().unwrap();
    found.sort();
    found
}

fn ask_one(
    directory: &Path,
    given: &Path,
    pieces: &Pieces,
    name: &str,
    questions: &[&[&str]],
) -> Vec<String> {
    let mut found = Vec::new();
    for question in questions {
        let words = name.split_once('-').filter(|(first, _)| WITHOUT_QUESTIONS.contains(first));
        let words = words.map_or(vec![name], |(first, second)| vec![first, second]);
        let filled = question.iter().map(|word| {
            word.replace("DIR", &directory.display().to_string())
                .replace("GIVEN", &given.display().to_string())
        });
        let arguments: Vec<String> = words.into_iter().map(str::to_owned).chain(filled).collect();
        let output = program(&arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            !told.contains("Usage:") && output.status.code().is_some_and(|code| code < 4),
            "{arguments:?}: {told}"
        );
        for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let hits = pieces.find(bytes).into_iter();
            found.extend(hits.map(|hit| format!("{name} {} {stream}: {hit}", question.join(" "))));
        }
    }
    found
}

fn written(directory: &Path, pieces: &Pieces) -> Vec<String> {
    let (mut found, mut count) = (Vec::new(), 0);
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if ["trail", "snapshots", "given", "kagimori.toml"].contains(&name.as_str()) {
            continue;
        }
        let mut look = |path: &Path, bytes: &[u8]| {
            count += 1;
            found.extend(pieces.find(bytes).into_iter().map(|hit| format!("{}: {hit}", path.display())));
        };
        if path.is_dir() {
            files(&path, &mut look);
        } else {
            look(&path, &fs::read(&path).unwrap());
        }
    }
    assert!(count > 10, "{count} files were written");
    found
}

#[test]
fn no_command_tells_a_secret() {
    let secrets = Secrets::make();
    let pieces = seek::Pieces::of(&secrets);
    let directory = folder("all");
    input::write(&directory, &secrets);
    // The seeker finds what is there.
    let given = fs::read(directory.join("snapshots/111122223333/authorization-details.json")).unwrap();
    assert!(pieces.find(&given).len() >= 7);
    let ask = |only: &dyn Fn(&str) -> bool| ask(&directory, &secrets, &pieces, only);
    let needs_lake = |name: &str| name == "ingest" || name.starts_with("lake");
    let mut found = ask(&|name| !needs_lake(name));
    found.extend(ask(&|name| name == "ingest"));
    assert!(directory.join("lake/events").is_dir() && directory.join("lake/bodies").is_dir());
    fs::rename(directory.join("trail"), directory.join("given/trail")).unwrap();
    let asks_trail = ["review", "trail", "whatif", "tighten", "lake"];
    found.extend(ask(&|name| asks_trail.iter().any(|first| name.starts_with(first))));
    found.extend(written(&directory, &pieces));
    assert!(
        found.is_empty(),
        "KAGIMORI_CANARY={}, {} hits:\n{}",
        secrets.seed,
        found.len(),
        found.join("\n")
    );
}
