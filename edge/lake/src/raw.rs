//! Usage from the CloudTrail files themselves, without a lake: one fold per thread.
//!
//! A file is read in blocks: memory is a few MiB per thread whatever the file's size. Files are handed out one at a time
//! to the threads; the folds merge in any order, so the result does not depend on who read what.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use kagimori_estate::fact::Dataset;
use kagimori_estate::model::Problem;
use kagimori_trail::Usage;
use kagimori_trail::event::{Event, Reader};
use kagimori_trail::usage::{EventIds, Fold, event_key};

use crate::files::{Blocks, Listing, Progress, TrailFile, broken, damaged, problem, shown};

/// A trail that was read.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a result, taken apart by the caller")]
pub struct TrailReading {
    /// The facts.
    pub usage: Usage,
    /// Files that were damaged or set aside, by name.
    pub problems: Vec<Problem>,
}

/// Reads every CloudTrail file below a folder (or the one file).
pub fn read_trail(
    root: &Path,
    relative_to: &Path,
    progress: &(dyn Fn(Progress) + Sync),
) -> TrailReading {
    let mut listing = Listing::default();
    listing.walk(root, relative_to);
    listing.files.sort_by(|a, b| a.name.cmp(&b.name));
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
        (self.progress)(Progress { bytes, bytes_total, files, files_total, events: 0 });
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
            Some(error) => Some(broken(&file.name, &error)),
            None => damaged(&file.name, &reading),
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
    fn insert(&self, key: u64) -> bool {
        let shard = usize::try_from(key % 64).unwrap_or_default();
        let Some(ids) = self.shards.get(shard) else { return true };
        match ids.lock() {
            Ok(mut ids) => ids.insert(key),
            Err(poisoned) => poisoned.into_inner().insert(key),
        }
    }
}

