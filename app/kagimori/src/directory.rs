//! A kagimori directory: which files of it are what.
//!
//! ```text
//! kagimori.toml            the company's own facts
//! snapshots/<account>/     what the AWS CLI wrote for an account
//! snapshots/…              anything else there (the organization's files) belongs to no account
//! trail/                   CloudTrail files
//! lake/                    what `kagimori ingest` made of them
//! ```
//! A directory without `snapshots/` is taken as one itself: its own files, and folders named by account id. Hidden
//! files, and the program's own output (`report/`, `plans/`, `lake/`, `tighten/`), are passed over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kagimori_estate::Estate;
use kagimori_estate::id::AccountId;
use kagimori_estate::model::{Problem, ProblemKind};
use kagimori_estate::read::{Assembler, File, Part, read};
use kagimori_plan::Settings;
use rayon::prelude::*;

use crate::error::AppError;

/// No answer of IAM comes near this; a larger file is not one, and is not loaded.
const SNAPSHOT_BYTES_MAX: u64 = 1 << 30;

/// The folders of a kagimori directory that hold the program's own output.
pub(crate) const OUTPUT_FOLDERS: [&str; 4] = ["lake", "plans", "report", "tighten"];

/// A directory that was looked at, not yet read.
#[derive(Debug)]
pub(crate) struct Directory {
    /// What was named: a directory, or one file.
    given: PathBuf,
    /// What paths in messages are relative to.
    pub(crate) root: PathBuf,
    settings: Option<PathBuf>,
    snapshots: Vec<SnapshotFile>,
    /// The folder of CloudTrail files, when there is one.
    pub(crate) trail: Option<PathBuf>,
    /// The folder of the lake, when there is one.
    pub(crate) lake: Option<PathBuf>,
}

#[derive(Debug)]
struct SnapshotFile {
    path: PathBuf,
    relative: String,
    account: Option<AccountId>,
}

impl Directory {
    /// Looks at a directory, or at one file.
    pub(crate) fn open(path: &Path) -> Result<Self, AppError> {
        let metadata = fs::metadata(path).map_err(|source| AppError::read(path, source))?;
        if metadata.is_file() {
            return Ok(Self::of_one_file(path));
        }
        let mut snapshots = Vec::new();
        let folder = path.join("snapshots");
        if folder.is_dir() {
            collect(&folder, path, None, Depth::Whole, &mut snapshots)?;
        } else {
            collect(path, path, None, Depth::OwnAndAccounts, &mut snapshots)?;
        }
        snapshots.sort_by(|a, b| a.relative.cmp(&b.relative));
        let settings = Some(path.join("kagimori.toml")).filter(|file| file.is_file());
        let trail = Some(path.join("trail")).filter(|folder| folder.is_dir());
        let lake = Some(path.join("lake")).filter(|folder| folder.is_dir());
        Ok(Self { given: path.to_owned(), root: path.to_owned(), settings, snapshots, trail, lake })
    }

    fn of_one_file(path: &Path) -> Self {
        let root = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let relative = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = SnapshotFile { path: path.to_owned(), relative, account: None };
        Self {
            given: path.to_owned(),
            root: root.to_owned(),
            settings: None,
            snapshots: vec![file],
            trail: None,
            lake: None,
        }
    }

    /// The company's own facts; defaults when there is no `kagimori.toml`.
    pub(crate) fn settings(&self) -> Result<Settings, AppError> {
        let Some(path) = &self.settings else { return Ok(Settings::default()) };
        let text = fs::read_to_string(path).map_err(|source| AppError::read(path, source))?;
        Settings::parse(&text).map_err(|source| AppError::Settings { path: path.clone(), source })
    }

    /// Reads every snapshot file, several at once, into an estate. A file that cannot be read becomes a problem of
    /// the estate; the others go on. Files that say nothing of any account are no estate: nothing would be found in it, and
    /// that would look clean.
    pub(crate) fn estate(&self, as_of: Option<jiff::Timestamp>) -> Result<Estate, AppError> {
        let parts: Vec<Result<Part, Problem>> = self.snapshots.par_iter().map(SnapshotFile::read).collect();
        let mut assembler = Assembler::default();
        let mut unreadable = Vec::new();
        for part in parts {
            match part {
                Ok(part) => assembler.add(part),
                Err(problem) => unreadable.push(problem),
            }
        }
        let mut estate = assembler.finish(as_of);
        estate.problems.extend(unreadable);
        estate.problems.sort();
        if estate.accounts.is_empty() && estate.problems.is_empty() {
            return Err(AppError::NothingToReview(self.given.clone()));
        }
        Ok(estate)
    }
}

impl SnapshotFile {
    fn read(&self) -> Result<Part, Problem> {
        let bytes = self.bytes().map_err(|message| Problem {
            file: self.relative.clone(),
            account: self.account,
            dataset: None,
            kind: ProblemKind::Unreadable,
            message,
            hint: "check that you may read it and that it is the AWS CLI's output, or take it out of the directory"
                .to_owned(),
        })?;
        Ok(read(File { path: &self.relative, account: self.account, bytes: &bytes }))
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        let size = fs::metadata(&self.path).map_err(|error| cannot_read(&error))?.len();
        if size > SNAPSHOT_BYTES_MAX {
            return Err(format!("the file is {size} bytes long, and no answer of IAM is longer than 1 GiB"));
        }
        fs::read(&self.path).map_err(|error| cannot_read(&error))
    }
}

fn cannot_read(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

/// How far [`collect`] goes down.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Every folder.
    Whole,
    /// The folder's own files, and folders named by an account id.
    OwnAndAccounts,
}

fn collect(
    folder: &Path,
    root: &Path,
    account: Option<AccountId>,
    depth: Depth,
    files: &mut Vec<SnapshotFile>,
) -> Result<(), AppError> {
    let entries = fs::read_dir(folder).map_err(|source| AppError::read(folder, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| AppError::read(folder, source))?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let kind = entry.file_type().map_err(|source| AppError::read(&path, source))?;
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            let named = AccountId::parse(&name).ok();
            if depth == Depth::Whole || named.is_some() {
                collect(&path, root, account.or(named), Depth::Whole, files)?;
            }
        } else if path.is_file() && is_data(&name) {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push(SnapshotFile { path, relative, account });
        }
    }
    Ok(())
}

/// The AWS CLI writes JSON, and people save the report as CSV; notes and settings beside them are not looked into.
fn is_data(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".json", ".csv", ".txt"].iter().any(|ending| name.ends_with(ending))
}
