//! Every event of the files below a folder, dealt out to the threads.
//!
//! Files are handed out one at a time, the largest first: at the end no thread waits long for another. A large file is read in
//! blocks: memory is bounded whatever its size.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use kagimori_estate::fact::Dataset;
use kagimori_estate::model::Problem;
use kagimori_trail::event::{Event, Reader, Reading};
use kagimori_trail::usage::{EventIds, EventKey, Met, event_key};

use crate::files::{Blocks, Listing, Progress, TrailFile, broken, contradicting, damaged, problem, shown};

/// What the threads have in their hands, and what was wrong with files.
pub(crate) struct Walked<T> {
    pub(crate) hands: Vec<T>,
    pub(crate) problems: Vec<Problem>,
}

/// Hands each event to `each`, with whether it is the first with its key, and after each file what it held to `file`.
pub(crate) fn walk<T: Send>(
    root: &Path,
    relative_to: &Path,
    progress: &(dyn Fn(Progress) + Sync),
    make: impl Fn() -> T + Sync,
    each: impl Fn(&mut T, &Event<'_>, bool) + Sync,
    file: impl Fn(&mut T, u64, &Reading) + Sync,
) -> Walked<T> {
    let mut listing = Listing::default();
    listing.walk(root, relative_to);
    listing.files.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    let shared = Shared::new(&listing.files, progress);
    let parts: Vec<(T, Vec<Problem>)> = rayon::broadcast(|_| {
        let (mut hand, mut blocks, mut problems) = (make(), Blocks::default(), Vec::new());
        while let Some(next) = shared.next() {
            problems.extend(shared.read(next, &mut blocks, &mut hand, &each, &file));
            shared.report(next.bytes);
        }
        (hand, problems)
    });
    let (mut hands, mut problems) = (Vec::new(), listing.problems);
    for (hand, found) in parts {
        hands.push(hand);
        problems.extend(found);
    }
    if listing.files.is_empty() && problems.is_empty() {
        let message = "there is no CloudTrail file in the trail's folder".to_owned();
        let hint = Dataset::Trail.command();
        problems.push(problem(&shown(root, relative_to), message, format!("fetch them: `{hint}`")));
    }
    problems.extend(contradicting(shared.contradicting.into_inner()));
    problems.sort();
    Walked { hands, problems }
}

/// The files and what the threads share.
struct Shared<'a> {
    files: &'a [TrailFile],
    next: AtomicUsize,
    seen: Seen,
    /// Events with the id of another and other content.
    contradicting: AtomicU64,
    bytes_total: u64,
    bytes: AtomicU64,
    done: AtomicUsize,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl<'a> Shared<'a> {
    fn new(files: &'a [TrailFile], progress: &'a (dyn Fn(Progress) + Sync)) -> Self {
        let bytes_total = files.iter().map(|file| file.bytes).sum();
        Self {
            files,
            next: AtomicUsize::new(0),
            seen: Seen::default(),
            contradicting: AtomicU64::new(0),
            bytes_total,
            bytes: AtomicU64::new(0),
            done: AtomicUsize::new(0),
            progress,
        }
    }

    fn next(&self) -> Option<&'a TrailFile> {
        self.files.get(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn report(&self, bytes: u64) {
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let files = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let (bytes_total, files_total) = (self.bytes_total, self.files.len());
        (self.progress)(Progress { bytes, bytes_total, files, files_total, events: 0 });
    }

    fn read<T>(
        &self,
        from: &TrailFile,
        blocks: &mut Blocks,
        hand: &mut T,
        each: &impl Fn(&mut T, &Event<'_>, bool),
        file: &impl Fn(&mut T, u64, &Reading),
    ) -> Option<Problem> {
        let mut reader = Reader::default();
        let mut take = |event: Event<'_>| {
            let met = event_key(&event).map_or(Met::First, |key| self.seen.insert(key));
            if met == Met::Other {
                self.contradicting.fetch_add(1, Ordering::Relaxed);
            }
            each(hand, &event, met.counts());
        };
        let inflated = blocks.read(&from.path, |block, last| reader.read(block, last, &mut take));
        let reading = reader.finish();
        file(hand, inflated.bytes, &reading);
        match inflated.error {
            Some(error) => Some(broken(&from.name, &error)),
            None => damaged(&from.name, &reading),
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
    /// How an event meets those that were seen.
    fn insert(&self, key: EventKey) -> Met {
        let shard = usize::try_from(key.account_day() % 64).unwrap_or_default();
        let Some(ids) = self.shards.get(shard) else { return Met::First };
        match ids.lock() {
            Ok(mut ids) => ids.insert(key),
            Err(poisoned) => poisoned.into_inner().insert(key),
        }
    }
}
