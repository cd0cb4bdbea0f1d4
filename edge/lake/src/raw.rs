//! Usage from the CloudTrail files themselves, without a lake: one fold per thread.
//!
//! A file is read in blocks: memory is a few MiB per thread whatever the file's size. Files are handed out one at a time
//! to the threads; the folds merge in any order, so the result does not depend on who read what.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use kagimori_estate::fact::Dataset;
use kagimori_estate::model::Problem;
use kagimori_trail::Usage;
use kagimori_trail::event::{Event, Identity, Reader};
use kagimori_trail::selection::{Facts, Selection};
use kagimori_trail::usage::{EventIds, EventKey, Fold, event_key};
use rustc_hash::FxHashMap;

use crate::coverage::{CoverSum, Coverage, by_account, coverage};
use crate::files::{Blocks, Listing, Progress, TrailFile, broken, damaged, problem, shown};

/// Identities that are remembered: a hostile trail must not fill the memory.
const IDENTITIES_MAX: usize = 1 << 14;

/// A trail that was read.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a result, taken apart by the caller")]
pub struct TrailReading {
    /// The facts.
    pub usage: Usage,
    /// Which accounts, regions and days there are.
    pub coverage: Coverage,
    /// Files that were damaged or set aside, by name.
    pub problems: Vec<Problem>,
}

/// Reads every CloudTrail file below a folder (or the one file), for the events that a question is about. What was counted
/// and covered is of all events.
pub fn read_trail(
    root: &Path,
    relative_to: &Path,
    selection: &Selection,
    progress: &(dyn Fn(Progress) + Sync),
) -> TrailReading {
    let mut listing = Listing::default();
    listing.walk(root, relative_to);
    listing.files.sort_by(|a, b| a.name.cmp(&b.name));
    let work = Work::new(&listing.files, selection, progress);
    let mut whole = Hand::default();
    for hand in rayon::broadcast(|_| work.run()) {
        whole.merge(hand);
    }
    let mut problems = listing.problems;
    problems.extend(whole.problems);
    if listing.files.is_empty() && problems.is_empty() {
        let message = "there is no CloudTrail file (`.json`, `.json.gz`) in the trail's folder".to_owned();
        let hint = Dataset::Trail.command();
        problems.push(problem(&shown(root, relative_to), message, format!("fetch them: `{hint}`")));
    }
    problems.sort();
    let cover = whole.cover.finish();
    let mut usage = whole.fold.finish();
    usage.coverage = by_account(cover.iter());
    TrailReading { usage, coverage: coverage(cover.iter()), problems }
}

/// What one thread has in its hands.
#[derive(Default)]
struct Hand {
    fold: Fold,
    cover: CoverSum,
    problems: Vec<Problem>,
    /// Principal, account and access key of each `userIdentity`.
    identities: FxHashMap<Box<str>, Told>,
}

/// Principal, account and access key.
type Told = (Option<String>, Option<String>, Option<String>);

impl Hand {
    fn merge(&mut self, other: Self) {
        self.fold.merge(other.fold);
        self.cover.merge(other.cover);
        self.problems.extend(other.problems);
    }

    fn take(&mut self, event: &Event<'_>, fresh: bool, selection: &Selection) {
        let json = event.identity.as_deref().unwrap_or_default();
        if !self.identities.contains_key(json) {
            if self.identities.len() >= IDENTITIES_MAX {
                self.identities.clear();
            }
            let identity = Identity::parse(json);
            let own = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
            let known = (identity.principal_text(), own(identity.account), own(identity.access_key));
            self.identities.insert(json.into(), known);
        }
        let Some((principal, account, access_key)) = self.identities.get(json) else { return };
        let account = event.recipient.as_deref().or(account.as_deref());
        if fresh && !event.updates_earlier {
            let (region, is_data) = (event.region.as_deref(), event.is_data_event());
            self.cover.add(account.unwrap_or_default(), region.unwrap_or_default(), event.time, is_data);
        }
        let facts = Facts {
            time: event.time,
            account,
            principal: principal.as_deref(),
            access_key: access_key.as_deref(),
            name: &event.name,
            error: event.error.as_deref(),
        };
        if selection.wants(&facts) {
            self.fold.add(event, fresh);
        }
    }
}

/// The files and what the threads share.
struct Work<'a> {
    files: &'a [TrailFile],
    selection: &'a Selection,
    next: AtomicUsize,
    seen: Seen,
    bytes_total: u64,
    bytes: AtomicU64,
    done: AtomicUsize,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl<'a> Work<'a> {
    fn new(
        files: &'a [TrailFile],
        selection: &'a Selection,
        progress: &'a (dyn Fn(Progress) + Sync),
    ) -> Self {
        let bytes_total = files.iter().map(|file| file.bytes).sum();
        Self {
            files,
            selection,
            next: AtomicUsize::new(0),
            seen: Seen::default(),
            bytes_total,
            bytes: AtomicU64::new(0),
            done: AtomicUsize::new(0),
            progress,
        }
    }

    /// One thread: takes files until none is left.
    fn run(&self) -> Hand {
        let mut hand = Hand::default();
        let mut blocks = Blocks::default();
        while let Some(file) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let problem = self.read(file, &mut blocks, &mut hand);
            hand.problems.extend(problem);
            self.report(file.bytes);
        }
        hand
    }

    fn report(&self, bytes: u64) {
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let files = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let (bytes_total, files_total) = (self.bytes_total, self.files.len());
        (self.progress)(Progress { bytes, bytes_total, files, files_total, events: 0 });
    }

    fn read(&self, file: &TrailFile, blocks: &mut Blocks, hand: &mut Hand) -> Option<Problem> {
        let mut reader = Reader::default();
        let mut each = |event: Event<'_>| {
            let fresh = event_key(&event).is_none_or(|key| self.seen.insert(key));
            hand.take(&event, fresh, self.selection);
        };
        let inflated = blocks.read(&file.path, |block, last| reader.read(block, last, &mut each));
        let reading = reader.finish();
        hand.fold.add_file(inflated.bytes, &reading);
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
    fn insert(&self, key: EventKey) -> bool {
        let shard = usize::try_from(key.account_day() % 64).unwrap_or_default();
        let Some(ids) = self.shards.get(shard) else { return true };
        match ids.lock() {
            Ok(mut ids) => ids.insert(key),
            Err(poisoned) => poisoned.into_inner().insert(key),
        }
    }
}
