//! CloudTrail files where they lie: which files are log files, their bytes in blocks, and what was wrong with one.

mod inflate;
mod unpack;
mod zip;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use kagimori_estate::fact::Dataset;
use kagimori_estate::model::{Problem, ProblemKind};
use kagimori_id::hex;
use kagimori_trail::event::{DamageKind, Reading, Unfinished};
use rustc_hash::FxHashSet;
use sha2::{Digest as _, Sha256};

pub(crate) use inflate::{Blocks, InflateError};

use crate::manifest::file_key;
use crate::regular;

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
    /// Whether its name is none that a plan could hold: a plan is text.
    pub(crate) fn is_nameless(&self) -> bool {
        self.path.to_str().is_none()
    }

    /// Whether it is still there; what lies elsewhere is taken to be.
    pub(crate) fn is_there(&self) -> bool {
        self.is_remote() || self.path.exists()
    }

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
    /// Log files that were read before: counted, and not held, for there are many.
    pub(crate) known_files: u64,
    pub(crate) known: Known,
    /// Folders that were looked at: links lead to some of them again.
    pub(crate) folders: BTreeSet<PathBuf>,
}

/// Which log files were read before.
#[derive(Default)]
pub(crate) struct Known {
    /// Files of batches that are done, by [`file_key`].
    pub(crate) done: FxHashSet<u64>,
    /// Files of batches that were cut off: these are read anyway.
    pub(crate) planned: FxHashSet<u64>,
    /// Names of files that could not be read to their end, or were not what was delivered: these are looked at again.
    pub(crate) failed: BTreeSet<String>,
    /// It is the known ones that are wanted.
    pub(crate) wanted: bool,
}

impl Listing {
    /// Whether there was nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
            && self.known_files == 0
            && self.digests.is_empty()
            && self.insights == 0
            && self.problems.is_empty()
    }

    /// Looks at a folder and all below it, or at one file. Each folder is looked at once, however many links lead to it, and
    /// by its own name if it has one here: links are followed last.
    pub(crate) fn walk(&mut self, path: &Path, relative_to: &Path) {
        let mut next = vec![path.to_owned()];
        let mut links = Vec::new();
        while let Some(path) = next.pop().or_else(|| links.pop()) {
            for (entry, is_link) in self.look(&path, relative_to) {
                if is_link { links.push(entry) } else { next.push(entry) }
            }
            // From the end: the last of the names is the first to be taken.
            links.sort_by(|a, b| b.cmp(a));
        }
    }

    /// Takes in a file, or a folder: what is in it and whether that is a link, the last name first.
    fn look(&mut self, path: &Path, relative_to: &Path) -> Vec<(PathBuf, bool)> {
        let relative = shown(path, relative_to);
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => return self.folder(path, &relative),
            // Whoever opened a pipe would wait for ever.
            Ok(metadata) if !metadata.is_file() => self.problems.push(problem(
                &relative,
                "it is no regular file (a pipe, a socket or a device); it was passed over".to_owned(),
                "take it out of the trail's folder".to_owned(),
            )),
            Ok(metadata) => {
                let version = version(&metadata);
                let file =
                    TrailFile { name: relative, path: path.to_owned(), bytes: metadata.len(), version };
                self.add(file);
            }
            Err(error) => self.unreadable(&relative, &error),
        }
        Vec::new()
    }

    /// Puts a file where it belongs by its name.
    pub(crate) fn add(&mut self, file: TrailFile) {
        match kind(&file.name) {
            Some(Kind::Log) => self.add_log(file),
            Some(Kind::Digest) => self.digests.push(file),
            Some(Kind::Insight) => self.insights += 1,
            None => {}
        }
    }

    fn add_log(&mut self, file: TrailFile) {
        let (key, known) = (file_key(&file), &self.known);
        let has_failed = known.failed.contains(&file.name);
        if known.planned.contains(&key) && !has_failed {
            return;
        }
        let is_known = known.done.contains(&key) && !has_failed;
        self.known_files += u64::from(is_known);
        if is_known == known.wanted {
            self.files.push(file);
        }
    }

    fn folder(&mut self, folder: &Path, relative: &str) -> Vec<(PathBuf, bool)> {
        let read = fs::canonicalize(folder).and_then(|own| {
            if !self.folders.insert(own) {
                return Ok(Vec::new());
            }
            let entries = fs::read_dir(folder)?.map(|entry| {
                let entry = entry?;
                Ok((entry.path(), entry.file_type()?.is_symlink()))
            });
            entries.collect()
        });
        let mut entries: Vec<(PathBuf, bool)> = match read {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable(relative, &error);
                return Vec::new();
            }
        };
        entries.sort_by(|a, b| b.cmp(a));
        entries
    }

    fn unreadable(&mut self, relative: &str, error: &std::io::Error) {
        let hint = "check that you may read it (`ls -ld`)".to_owned();
        self.problems.push(problem(relative, format!("cannot be read: {error}"), hint));
    }
}

/// SHA-256 of a file as it is stored.
pub(crate) fn content_hash(path: &Path) -> std::io::Result<String> {
    let mut file = regular::open(path)?;
    let (mut hash, mut block) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(block.get(..count).unwrap_or_default()),
        }
    }
}

/// When a file was last written, to the nanosecond where the file system tells it.
fn version(metadata: &fs::Metadata) -> String {
    let since = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or_else(String::new, |since| format!("{}.{:09}", since.as_secs(), since.subsec_nanos()))
}

/// A name as it stands in messages and in the manifest: one line, whatever is in it, and no two files share one. What may not
/// stand in it is `\u{a}`; a backslash, which divides names on Windows and is a letter of them elsewhere, stands twice.
pub(crate) fn shown(path: &Path, relative_to: &Path) -> String {
    let name = path.strip_prefix(relative_to).unwrap_or(path).to_string_lossy();
    if cfg!(windows) {
        return name.replace('\\', "/");
    }
    if !name.chars().any(|c| c.is_control() || c == '\\') {
        return name.into_owned();
    }
    let mut shown = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        match c {
            '\\' => shown.push_str("\\\\"),
            _ if c.is_control() => shown.extend(c.escape_unicode()),
            _ => shown.push(c),
        }
    }
    shown
}

/// What a file of a trail's folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Log,
    Digest,
    Insight,
}

/// Digest and Insight files lie in folders beside the log files (CloudTrail User Guide, "Finding your CloudTrail log
/// files"). Whatever else there is may be a log file, whatever it is called: reading tells. Hidden files are none, and
/// neither is what an export task of CloudWatch Logs tries the bucket with.
fn kind(name: &str) -> Option<Kind> {
    let file = name.rsplit('/').next().unwrap_or_default();
    // A bucket's folder is an object without a name.
    if file.is_empty() || file.starts_with('.') || file == "aws-logs-write-test" {
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
        InflateError::Foreign(_) => {
            "unpack it, or take it out of the trail's folder (plain, gzip, zstd and zip are read)"
        }
        InflateError::Damaged(_) => "fetch it again from the bucket: `aws s3 cp s3://BUCKET/KEY FILE`",
    };
    problem(file, error.to_string(), hint.to_owned())
}

const NO_TRAIL_FILE: &str = "if it is no CloudTrail file, take it out of the trail's folder; docs/lake.md lists the forms that are read";

/// The "file" of what is wrong with a trail as a whole, all of which was read.
pub const ALL_OF_IT: &str = "trail";

/// Events with the id of another and other content: all of them count, and none of them is to be relied on.
pub(crate) fn contradicting(events: u64) -> Option<Problem> {
    let message = match events {
        0 => return None,
        1 => "1 event has the id of another and other content; both count".to_owned(),
        _ => format!("{events} events have the id of another and other content; all count"),
    };
    let hint = "CloudTrail does not write that: look for files that somebody changed or made (`kagimori ingest` with digest files tells which)";
    Some(problem(ALL_OF_IT, message, hint.to_owned()))
}

/// What was wrong inside: nothing behind the place is used, or single records are set aside.
pub(crate) fn damaged(file: &str, reading: &Reading) -> Option<Problem> {
    if let Some(damage) = &reading.stopped {
        let hint = match damage.kind {
            DamageKind::Digest => "take digest files out of the trail's folder",
            DamageKind::NoRecords => NO_TRAIL_FILE,
            DamageKind::NotJson(_) | DamageKind::NotUtf8 if reading.events == 0 => NO_TRAIL_FILE,
            _ => "fetch it again from the bucket: `aws s3 cp s3://BUCKET/KEY FILE`",
        };
        let message = if reading.events > 0 {
            format!("{damage}; the {} events before it are used", reading.events)
        } else {
            damage.to_string()
        };
        return Some(problem(file, message, hint.to_owned()));
    }
    if let Some(unfinished) = &reading.unfinished {
        return Some(problem(file, unwhole(unfinished), unwhole_hint(unfinished).to_owned()));
    }
    let first = reading.first_damaged.as_ref()?;
    if let DamageKind::OtherVersion(_) = first.kind {
        let message = format!("{} of its records were set aside, the first because {first}", reading.damaged);
        let hint = "look for a newer kagimori that knows this version".to_owned();
        return Some(problem(file, message, hint));
    }
    let message = format!("{} of its records were set aside, the first because {first}", reading.damaged);
    let hint =
        "fetch it again from the bucket if it was copied; else tell us what wrote the record".to_owned();
    Some(problem(file, message, hint))
}

fn unwhole(unfinished: &Unfinished) -> String {
    match unfinished {
        Unfinished::MoreFollows => {
            "the answer says that more follows (`NextToken`), and it is not in the file; what is there is used".to_owned()
        }
        Unfinished::Status(status) => {
            format!("the query is not at its end (its status is `{status}`); what it had found by then is used")
        }
    }
}

fn unwhole_hint(unfinished: &Unfinished) -> &'static str {
    match unfinished {
        Unfinished::MoreFollows => {
            "fetch the pages that follow (`--next-token TOKEN`) and append them to this file, in order"
        }
        Unfinished::Status(_) => {
            "run the query to its end, and ask for its results again (`aws cloudtrail get-query-results`) until the status is `FINISHED`"
        }
    }
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
