//! CloudTrail files from disk into usage: which files are log files, bounded inflation, one fold per thread.
//!
//! A file is read in blocks: memory is a few MiB per thread whatever the file's size. Files are handed out one at a time
//! to the threads; the folds merge in any order, so the result does not depend on who read what.

mod inflate;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use kagimori_estate::fact::Dataset;
use kagimori_estate::model::{Problem, ProblemKind};
use kagimori_trail::Usage;
use kagimori_trail::event::{DamageKind, Event, Reader, Reading};
use kagimori_trail::usage::{EventIds, EventKey, Fold, event_key};

use inflate::{Blocks, InflateError};

/// A trail that was read.
pub(crate) struct TrailReading {
    pub(crate) usage: Usage,
    /// Files that were damaged or set aside, by name.
    pub(crate) problems: Vec<Problem>,
}

/// How far reading has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// Bytes on disk that were read.
    pub(crate) bytes: u64,
    /// Bytes on disk in all.
    pub(crate) bytes_total: u64,
    /// Files that were read.
    pub(crate) files: usize,
    /// Files in all.
    pub(crate) files_total: usize,
}

struct TrailFile {
    path: PathBuf,
    relative: String,
    bytes: u64,
}

/// Reads every CloudTrail file below a folder (or the one file).
pub(crate) fn read_trail(
    root: &Path,
    relative_to: &Path,
    progress: &(dyn Fn(Progress) + Sync),
) -> TrailReading {
    let mut listing = Listing::default();
    listing.walk(root, relative_to);
    listing.files.sort_by(|a, b| a.relative.cmp(&b.relative));
    let work = Work::new(&listing.files, progress);
    let parts: Vec<(Fold, Vec<Problem>)> = rayon::broadcast(|_| work.run());
    let mut fold = Fold::default();
    let mut problems = listing.problems;
    for (part, damaged) in parts {
        fold.merge(part);
        problems.extend(damaged);
    }
    if listing.files.is_empty() && problems.is_empty() {
        let message = "there is no CloudTrail file (`.json`, `.json.gz`) in the trail's folder".to_owned();
        let hint = Dataset::Trail.command();
        problems.push(problem(&shown(root, relative_to), message, format!("fetch them: `{hint}`")));
    }
    problems.sort();
    TrailReading { usage: fold.finish(), problems }
}

#[derive(Default)]
struct Listing {
    files: Vec<TrailFile>,
    problems: Vec<Problem>,
}

impl Listing {
    fn walk(&mut self, path: &Path, relative_to: &Path) {
        let relative = shown(path, relative_to);
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.walk_folder(path, relative_to),
            Ok(metadata) => {
                if is_log_file(&relative) {
                    self.files.push(TrailFile { path: path.to_owned(), relative, bytes: metadata.len() });
                }
            }
            Err(error) => self.unreadable(&relative, &error),
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

fn shown(path: &Path, relative_to: &Path) -> String {
    path.strip_prefix(relative_to).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Digest and Insight files lie in folders beside the log files (CloudTrail User Guide, "Finding your CloudTrail log
/// files").
fn is_log_file(relative: &str) -> bool {
    let apart =
        ["/CloudTrail-Digest/", "/CloudTrail-Insight/", "_CloudTrail-Digest_", "_CloudTrail-Insight_"];
    let hidden = relative.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
    (relative.ends_with(".json") || relative.ends_with(".json.gz"))
        && !hidden
        && !apart.iter().any(|part| relative.contains(part))
}

/// The files and what the threads share.
struct Work<'a> {
    files: &'a [TrailFile],
    next: AtomicUsize,
    seen: Seen,
    bytes_total: u64,
    bytes: AtomicU64,
    done: AtomicUsize,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl<'a> Work<'a> {
    fn new(files: &'a [TrailFile], progress: &'a (dyn Fn(Progress) + Sync)) -> Self {
        let bytes_total = files.iter().map(|file| file.bytes).sum();
        Self {
            files,
            next: AtomicUsize::new(0),
            seen: Seen::default(),
            bytes_total,
            bytes: AtomicU64::new(0),
            done: AtomicUsize::new(0),
            progress,
        }
    }

    /// One thread: takes files until none is left.
    fn run(&self) -> (Fold, Vec<Problem>) {
        let mut fold = Fold::default();
        let mut problems = Vec::new();
        let mut blocks = Blocks::default();
        while let Some(file) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            problems.extend(self.read(file, &mut blocks, &mut fold));
            self.report(file.bytes);
        }
        (fold, problems)
    }

    fn report(&self, bytes: u64) {
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let files = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let (bytes_total, files_total) = (self.bytes_total, self.files.len());
        (self.progress)(Progress { bytes, bytes_total, files, files_total });
    }

    fn read(&self, file: &TrailFile, blocks: &mut Blocks, fold: &mut Fold) -> Option<Problem> {
        let mut reader = Reader::default();
        let mut each = |event: Event<'_>| {
            let fresh = event_key(&event).is_none_or(|key| self.seen.insert(key));
            fold.add(&event, fresh);
        };
        let inflated = blocks.read(&file.path, |block, last| reader.read(block, last, &mut each));
        let reading = reader.finish();
        fold.add_file(inflated.bytes, &reading);
        match inflated.error {
            Some(error) => Some(broken(&file.relative, &error)),
            None => damaged(&file.relative, &reading),
        }
    }
}

/// The events that were seen, shared by the threads: many small locks instead of one.
struct Seen {
    shards: Vec<Mutex<EventIds>>,
}

impl Default for Seen {
    fn default() -> Self {
        const SHARDS: usize = 64;
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl Seen {
    /// Whether an event is the first with its key.
    fn insert(&self, key: EventKey) -> bool {
        let shard = usize::try_from(key.account_day() % 64).unwrap_or_default();
        let Some(ids) = self.shards.get(shard) else { return true };
        match ids.lock() {
            Ok(mut ids) => ids.insert(key),
            Err(poisoned) => poisoned.into_inner().insert(key),
        }
    }
}

fn broken(file: &str, error: &InflateError) -> Problem {
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
fn damaged(file: &str, reading: &Reading) -> Option<Problem> {
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

fn problem(file: &str, message: String, hint: String) -> Problem {
    Problem {
        file: file.to_owned(),
        account: None,
        dataset: Some(Dataset::Trail),
        kind: ProblemKind::Partial,
        message,
        hint,
    }
}
