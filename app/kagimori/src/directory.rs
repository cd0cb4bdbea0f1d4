//! A kagimori directory: which files of it are what.
//!
//! ```text
//! kagimori.toml                 the company's own facts
//! snapshots/<account>/          what the AWS CLI wrote for an account
//! snapshots/…                   anything else there (the organization's files) belongs to no account, unless it says so
//! resource-policies/<account>/  policies of buckets
//! last-accessed/<account>/      what AWS saw users and roles use
//! trail/                        CloudTrail files
//! lake/                         what `kagimori ingest` made of them
//! ```
//! A directory without `snapshots/` is taken as one itself: its own files, folders named by account id, and other folders that
//! hold answers of AWS. Hidden files and folders (told where they hold answers), and the program's own output (`report/`, `plans/`, `lake/`, `tighten/`), are passed
//! over.

mod snapshot;
mod walk;

use std::fs;
use std::path::{Path, PathBuf};

use kagimori_estate::Estate;
use kagimori_estate::read::{Assembler, Part};
use kagimori_lake::regular;
use kagimori_plan::Settings;
use rayon::prelude::*;

use crate::error::AppError;
pub(crate) use snapshot::COLLECTED;
use snapshot::SnapshotFile;
use walk::{Depth, Walk};

/// The folders of a kagimori directory that hold the program's own output.
pub(crate) const OUTPUT_FOLDERS: [&str; 4] = ["lake", "plans", "report", "tighten"];
/// Folders beside `snapshots/` whose files are answers, too.
pub(crate) const BESIDE_SNAPSHOTS: [&str; 2] = ["resource-policies", "last-accessed"];

/// A directory that was looked at, not yet read.
#[derive(Debug)]
pub(crate) struct Directory {
    /// What was named: a directory, or one file.
    given: PathBuf,
    /// What paths in messages are relative to.
    pub(crate) root: PathBuf,
    settings: Option<PathBuf>,
    snapshots: Vec<SnapshotFile>,
    /// What is there and could not be opened.
    unreadable: Vec<Part>,
    /// The folder of CloudTrail files, when there is one.
    pub(crate) trail: Option<PathBuf>,
    /// The folder of the lake, when there is one.
    pub(crate) lake: Option<PathBuf>,
}

impl Directory {
    /// Looks at a directory, or at one file.
    pub(crate) fn open(path: &Path) -> Result<Self, AppError> {
        let metadata = fs::metadata(path).map_err(|source| AppError::read(path, source))?;
        if metadata.is_file() {
            return Ok(Self::of_one_file(path));
        }
        fs::read_dir(path).map_err(|source| AppError::read(path, source))?;
        let mut walk = Walk::new(path);
        let folder = path.join("snapshots");
        if folder.is_dir() {
            walk.collect(&folder, None, Depth::Whole);
            walk.collect(path, None, Depth::Accounts);
        } else {
            walk.collect(path, None, Depth::OwnAndOthers);
        }
        for folder in BESIDE_SNAPSHOTS.map(|name| path.join(name)) {
            if folder.is_dir() {
                walk.collect(&folder, None, Depth::Whole);
            }
        }
        let mut snapshots = walk.files;
        snapshots.sort_by(|a, b| a.relative.cmp(&b.relative));
        let settings = Some(path.join("kagimori.toml")).filter(|file| file.is_file());
        let trail = Some(path.join("trail")).filter(|folder| folder.is_dir());
        let lake = Some(path.join("lake")).filter(|folder| folder.is_dir());
        let (given, root) = (path.to_owned(), path.to_owned());
        Ok(Self { given, root, settings, snapshots, unreadable: walk.unreadable, trail, lake })
    }

    fn of_one_file(path: &Path) -> Self {
        let root = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let relative = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let file = SnapshotFile { path: path.to_owned(), relative, account: None, guest: None };
        Self {
            given: path.to_owned(),
            root: root.to_owned(),
            settings: None,
            snapshots: vec![file],
            unreadable: Vec::new(),
            trail: None,
            lake: None,
        }
    }

    /// The company's own facts; defaults when there is no `kagimori.toml`.
    pub(crate) fn settings(&self) -> Result<Settings, AppError> {
        let Some(path) = &self.settings else { return Ok(Settings::default()) };
        let text = regular::text(path).map_err(|source| AppError::read(path, source))?;
        Settings::parse(&text).map_err(|source| AppError::Settings { path: path.clone(), source })
    }

    /// Reads every snapshot file, several at once, into an estate. A file that cannot be read becomes a problem of
    /// the estate; the others go on. Files that say nothing of any account are no estate: nothing would be found in it, and
    /// that would look clean.
    pub(crate) fn estate(&self, as_of: Option<jiff::Timestamp>) -> Result<Estate, AppError> {
        let parts: Vec<Part> = self.snapshots.par_iter().map(SnapshotFile::read).collect();
        let known: Vec<&str> = self
            .snapshots
            .iter()
            .zip(&parts)
            .filter(|(_, part)| part.is_of_aws())
            .filter_map(|(file, _)| file.guest.as_deref())
            .collect();
        let is_ours = |file: &SnapshotFile| file.guest.as_deref().is_none_or(|guest| known.contains(&guest));
        let mut assembler = Assembler::default();
        for part in self.unreadable.iter().cloned() {
            assembler.add(part);
        }
        for (file, part) in self.snapshots.iter().zip(parts) {
            if is_ours(file) {
                assembler.add(part);
            }
        }
        let estate = assembler.finish(as_of);
        if estate.accounts.is_empty() && estate.problems.is_empty() {
            return Err(AppError::NothingToReview(self.given.clone()));
        }
        Ok(estate)
    }
}
