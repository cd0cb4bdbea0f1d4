//! `kagimori scan`: credentials in source trees, each once, joined with the company's keys.

mod answer;
mod human;
mod json;
pub(crate) mod owners;
mod sarif;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_id::AccountId;
use kagimori_plan::settings::Settings;
use kagimori_source::{Finding, Held, Owners, Scanner, Veil, canaries, findings};
use kagimori_terminal::{printer, turn};
use kagimori_tree::{Place, Problem, Scanned, Where, git};

use self::answer::Answer;
use crate::args::{Scan, ScanFormat};
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;
use crate::progress::Steps;

/// Runs the command.
pub(crate) fn run(args: &Scan) -> Result<Exit, AppError> {
    let company = args.dir.as_deref().map(company).transpose()?;
    let as_of = company.as_ref().and_then(|(_, settings)| settings.as_of);
    let now = args.now.or(as_of).unwrap_or_else(Timestamp::now);
    let earlier = args.against.as_deref().map(answer::earlier).transpose()?.unwrap_or_default();
    let (scanned, veil) = scanned(args)?;
    let mut owners = company.as_ref().map(|(estate, _)| owners::of(estate)).unwrap_or_default();
    owners.canaries = canaries();
    for text in &args.canary_account {
        owners.canaries.insert(account(text)?);
    }
    let mut answer = answer(args, (scanned, &veil), &owners, company.as_ref(), now, &earlier);
    if let Some(dir) = &args.dir {
        answer.join(dir)?;
    }
    turn::begin_answer();
    match args.format {
        ScanFormat::Human => printer::text(&human::text(&answer))?,
        ScanFormat::Json => printer::json(&json::output(&answer))?,
        ScanFormat::Sarif => printer::json(&sarif::log(&answer))?,
        ScanFormat::Csv => printer::stream(|out| table::write(&answer, out))?,
    }
    Ok(exit(&answer))
}

/// The finding of one key, its places in what was given, and what of that could not be read. A key that lies nowhere has a finding, too.
pub(crate) fn of_key(
    args: &Scan,
    estate: &Estate,
    key: &str,
    now: Timestamp,
) -> Result<(Finding<Place>, Vec<String>), AppError> {
    let (scanned, _) = scanned(args)?;
    let unread =
        scanned.problems.iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect();
    let mut owners = owners::of(estate);
    owners.canaries = canaries();
    let mut found: Vec<(Held, Option<Place>)> = scanned
        .found
        .into_iter()
        .filter(|found| found.held.name == key)
        .map(|found| (found.held, Some(found.place)))
        .collect();
    let own = Scanner::new().map(|scanner| scanner.scan(key.as_bytes()).held).unwrap_or_default();
    found.extend(own.into_iter().map(|held| (held, None)));
    let mut findings = findings(found, &owners, now, |_| String::new());
    let finding = findings.pop().ok_or_else(|| AppError::Argument {
        message: "this id is of AWS's documentation, or no id".to_owned(),
        hint: "give the id of the key that leaked".to_owned(),
    })?;
    Ok((finding.placed(), unread))
}

/// Where in a system something stands, since when a commit holds it, and whether it lies there now.
pub(crate) fn stands(at: &Where) -> ((String, String), Option<i64>, bool) {
    let since = match at {
        Where::Commit { seconds, .. } | Where::Unreachable { seconds, .. } => {
            Some(*seconds).filter(|seconds| *seconds > 0)
        }
        _ => None,
    };
    let is_now = matches!(
        at,
        Where::File | Where::Link | Where::Index | Where::GitFolder | Where::Commit { at_head: true, .. }
    );
    ((human::stands(at).trim().to_owned(), human::stands_in_japanese(at)), since, is_now)
}

fn company(dir: &Path) -> Result<(Estate, Settings), AppError> {
    let directory = Directory::open(dir)?;
    let settings = directory.settings()?;
    let estate = directory.estate(settings.as_of)?;
    Ok((estate, settings))
}

fn account(text: &str) -> Result<AccountId, AppError> {
    AccountId::parse(text).map_err(|error| AppError::Argument {
        message: error.to_string(),
        hint: "write it with its leading zeroes: `--canary-account 012345678901`".to_owned(),
    })
}

/// What was found, in whose names no secret is left, and what took them out.
fn scanned(args: &Scan) -> Result<(Scanned, Veil), AppError> {
    let scanner = Scanner::new().ok_or_else(|| AppError::Argument {
        message: "the scanner could not be made".to_owned(),
        hint: "this is a defect: please report it".to_owned(),
    })?;
    let steps = Steps::new("file");
    let reach = |progress: kagimori_tree::Progress| steps.reach(progress.files, progress.files_total);
    if args.staged {
        let mut staged = git::scan_staged(&scanner, Path::new("."), 0);
        let veil = staged.veil();
        return Ok((staged, veil));
    }
    let mut all = kagimori_tree::scan(&scanner, &args.paths, &reach);
    for repository in &args.git {
        all.join(git::scan(&scanner, repository, system_of(args, repository), &reach));
        if let Ok(real) = fs::canonicalize(repository) {
            let is_other = |path: &PathBuf| fs::canonicalize(path).ok().as_ref() != Some(&real);
            all.repositories.retain(is_other);
            all.bare.retain(is_other);
        }
    }
    for path in std::mem::take(&mut all.bare) {
        let hint = "read its history: `kagimori scan --git REPO`";
        all.problems.push(Problem::new(
            &path.to_string_lossy(),
            "it is a repository's own folder, and was not read",
            hint,
        ));
    }
    all.settle();
    let veil = all.veil();
    Ok((all, veil))
}

/// The systems, in the order in which they were given; the history of a folder is no other system than its files.
fn systems(args: &Scan) -> Vec<String> {
    if args.staged {
        return vec![".".to_owned()];
    }
    let own = args.git.iter().filter(|repository| root_of(args, repository).is_none());
    args.paths.iter().chain(own).map(|path| path.to_string_lossy().into_owned()).collect()
}

fn system_of(args: &Scan, repository: &PathBuf) -> usize {
    root_of(args, repository).unwrap_or_else(|| {
        let mut own = args.git.iter().filter(|repository| root_of(args, repository).is_none());
        let at = own.position(|other| other == repository).unwrap_or_default();
        args.paths.len().saturating_add(at)
    })
}

/// The path that holds a repository's work tree.
fn root_of(args: &Scan, repository: &Path) -> Option<usize> {
    let real = fs::canonicalize(repository).ok()?;
    args.paths.iter().position(|path| fs::canonicalize(path).is_ok_and(|path| real.starts_with(path)))
}

fn answer<'a>(
    args: &'a Scan,
    (scanned, veil): (Scanned, &Veil),
    owners: &'a Owners,
    company: Option<&'a (Estate, Settings)>,
    now: Timestamp,
    earlier: &BTreeSet<String>,
) -> Answer<'a> {
    let systems = systems(args).iter().map(|system| veil.cover(system)).collect();
    let found = scanned.found.into_iter().map(|found| (found.held, found.place)).collect();
    // what has no id is told from others by the first file that holds it
    let place = |place: &Place| place.path.clone();
    let findings = findings(found, owners, now, place);
    let parts = answer::Parts {
        systems,
        counts: scanned.counts,
        sealed: scanned.sealed,
        problems: scanned.problems,
        repositories: scanned.repositories.iter().map(|path| veil.cover(&path.to_string_lossy())).collect(),
    };
    Answer::of(parts, findings, owners, company, now, earlier)
}

fn exit(answer: &Answer<'_>) -> Exit {
    if answer.is_incomplete() {
        Exit::Incomplete
    } else if answer.findings.iter().any(answer::Judged::counts) {
        Exit::Findings
    } else {
        Exit::Clean
    }
}
