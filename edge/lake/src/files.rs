//! CloudTrail files where they lie: which files are log files, their bytes in blocks, and what was wrong with one.

mod inflate;

use std::fs;
use std::path::{Path, PathBuf};

use kagimori_estate::fact::Dataset;
use kagimori_estate::model::{Problem, ProblemKind};
use kagimori_trail::event::{DamageKind, Reading};

pub(crate) use inflate::{Blocks, InflateError};

/// How far reading has come.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "what a progress bar shows")]
pub struct Progress {
    /// Bytes as stored that were read.
    pub bytes: u64,
    /// Bytes as stored in all.
    pub bytes_total: u64,
    /// Files that were read.
    pub files: usize,
    /// Files in all.
    pub files_total: usize,
    /// Events that were read.
    pub events: u64,
}

/// A file that may hold a trail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TrailFile {
    /// Its name in messages and in the manifest: relative to the kagimori directory.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// Bytes as stored.
    pub(crate) bytes: u64,
    /// What changes when the file is written again: its time of modification.
    pub(crate) version: String,
}

/// The bytes of a file, as stored.
#[derive(Debug)]
#[cfg_attr(not(feature = "s3"), derive(Clone, Copy))]
pub(crate) enum Content<'a> {
    /// A file on disk, read in blocks.
    Disk(&'a Path),
    /// A file that was fetched.
    #[cfg(feature = "s3")]
    Fetched(std::io::Result<bytes::Bytes>),
}

impl TrailFile {
    /// Whether it lies in S3.
    pub(crate) fn is_remote(&self) -> bool {
        self.path.to_str().is_some_and(is_remote)
    }
}

/// Whether a source is in S3.
pub(crate) fn is_remote(source: &str) -> bool {
    source.starts_with("s3://")
}

/// What was found below a folder.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<TrailFile>,
    /// Digest files of log file validation.
    pub(crate) digests: Vec<TrailFile>,
    /// How many Insight files there were: they tell of rates, not of calls.
    pub(crate) insights: u64,
    pub(crate) problems: Vec<Problem>,
}

impl Listing {
    /// Looks at a folder and all below it, or at one file.
    pub(crate) fn walk(&mut self, path: &Path, relative_to: &Path) {
        let relative = shown(path, relative_to);
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.walk_folder(path, relative_to),
            Ok(metadata) => {
                let version = version(&metadata);
                let file =
                    TrailFile { name: relative, path: path.to_owned(), bytes: metadata.len(), version };
                self.add(file);
            }
            Err(error) => self.unreadable(&relative, &error),
        }
    }

    /// Puts a file where it belongs by its name.
    pub(crate) fn add(&mut self, file: TrailFile) {
        match kind(&file.name) {
            Some(Kind::Log) => self.files.push(file),
            Some(Kind::Digest) => self.digests.push(file),
            Some(Kind::Insight) => self.insights += 1,
            None => {}
        }
    }

    fn walk_folder(&mut self, folder: &Path, relative_to: &Path) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(&shown(folder, relative_to), &error),
        };
        for entry in entries {
            match entry {
                Ok(entry) => self.walk(&entry.path(), relative_to),
                Err(error) => self.unreadable(&shown(folder, relative_to), &error),
            }
        }
    }

    fn unreadable(&mut self, relative: &str, error: &std::io::Error) {
        let hint = "check that you may read it (`ls -ld`)".to_owned();
        self.problems.push(problem(relative, format!("cannot be read: {error}"), hint));
    }
}

/// When a file was last written, to the nanosecond where the file system tells it.
fn version(metadata: &fs::Metadata) -> String {
    let since = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or_else(String::new, |since| format!("{}.{:09}", since.as_secs(), since.subsec_nanos()))
}

pub(crate) fn shown(path: &Path, relative_to: &Path) -> String {
    path.strip_prefix(relative_to).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// What a file of a trail's folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Log,
    Digest,
    Insight,
}

/// Digest and Insight files lie in folders beside the log files (CloudTrail User Guide, "Finding your CloudTrail log
/// files").
fn kind(name: &str) -> Option<Kind> {
    let hidden = name.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
    if hidden || !(name.ends_with(".json") || name.ends_with(".json.gz")) {
        return None;
    }
    let in_folder =
        |folder: &str| name.contains(&format!("/{folder}/")) || name.contains(&format!("_{folder}_"));
    Some(match () {
        () if in_folder("CloudTrail-Digest") => Kind::Digest,
        () if in_folder("CloudTrail-Insight") => Kind::Insight,
        () => Kind::Log,
    })
}

/// A file that could not be read to its end.
pub(crate) fn broken(file: &str, error: &InflateError) -> Problem {
    let hint = match error {
        InflateError::TooLarge => {
            "no CloudTrail file is near that large: find out where it came from, or cut it into smaller ones"
        }
        InflateError::Read(_) => "check that you may read it (`ls -ld`)",
        InflateError::Gzip(_) => "fetch it again from the bucket: `aws s3 cp s3://BUCKET/KEY FILE`",
    };
    problem(file, error.to_string(), hint.to_owned())
}

/// What was wrong inside: nothing behind the place is used, or single records are set aside.
pub(crate) fn damaged(file: &str, reading: &Reading) -> Option<Problem> {
    if let Some(damage) = &reading.stopped {
        let hint = match damage.kind {
            DamageKind::Digest => "take digest files out of the trail's folder",
            DamageKind::NoRecords => "if it is no CloudTrail file, take it out of the trail's folder",
            DamageKind::OtherVersion(_) => "look for a newer kagimori that knows this version",
            DamageKind::Utf16 => "write it again as UTF-8 (in PowerShell: `Out-File -Encoding utf8`)",
            _ => "fetch it again from the bucket: `aws s3 cp s3://BUCKET/KEY FILE`",
        };
        let message = if reading.events > 0 {
            format!("{damage}; the {} events before it are used", reading.events)
        } else {
            damage.to_string()
        };
        return Some(problem(file, message, hint.to_owned()));
    }
    let first = reading.first_damaged.as_ref()?;
    let message = format!("{} of its records were set aside, the first because {first}", reading.damaged);
    let hint =
        "fetch it again from the bucket if it was copied; else tell us what wrote the record".to_owned();
    Some(problem(file, message, hint))
}

pub(crate) fn problem(file: &str, message: String, hint: String) -> Problem {
    Problem {
        file: file.to_owned(),
        account: None,
        dataset: Some(Dataset::Trail),
        kind: ProblemKind::Partial,
        message,
        hint,
    }
}
