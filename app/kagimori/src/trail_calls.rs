//! CloudTrail files from disk into calls: who needed which permissions.
//!
//! The files are found and inflated as in [`crate::trail_files`]; each thread has its own sink, and sinks merge in any order.

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use kagimori_estate::id::AccessKeyId;
use kagimori_estate::model::Problem;
use kagimori_trail::call::Call;
use kagimori_trail::event::{Event, Identity, Reader};
use kagimori_trail::usage::event_key;
use serde::Deserialize;

use crate::trail_files::{Blocks, Listing, Progress, Seen, TrailFile, broken, damaged};

/// What the threads collected.
pub(crate) struct Reading<T> {
    /// One for each thread.
    pub(crate) sinks: Vec<T>,
    /// Files that were damaged or set aside.
    pub(crate) problems: Vec<Problem>,
}

/// Reads every call below a folder, each once. `each` also gets the key of the session that the call handed out.
pub(crate) fn read_calls<T: Send>(
    root: &Path,
    relative_to: &Path,
    progress: &(dyn Fn(Progress) + Sync),
    make: impl Fn() -> T + Sync,
    each: impl Fn(&mut T, &Call, Option<AccessKeyId>) + Sync,
) -> Reading<T> {
    let mut listing = Listing::default();
    listing.walk(root, relative_to);
    listing.files.sort_by(|a, b| a.relative.cmp(&b.relative));
    let bytes_total = listing.files.iter().map(|file| file.bytes).sum();
    let work = Work {
        files: &listing.files,
        next: AtomicUsize::new(0),
        seen: Seen::default(),
        bytes_total,
        bytes: AtomicU64::new(0),
        done: AtomicUsize::new(0),
        progress,
    };
    let parts: Vec<(T, Vec<Problem>)> = rayon::broadcast(|_| {
        let mut sink = make();
        let problems = work.run(&mut |call, issued| each(&mut sink, call, issued));
        (sink, problems)
    });
    let mut problems = listing.problems;
    let mut sinks = Vec::new();
    for (sink, damaged) in parts {
        sinks.push(sink);
        problems.extend(damaged);
    }
    problems.sort();
    Reading { sinks, problems }
}

struct Work<'a> {
    files: &'a [TrailFile],
    next: AtomicUsize,
    seen: Seen,
    bytes_total: u64,
    bytes: AtomicU64,
    done: AtomicUsize,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl Work<'_> {
    /// One thread: takes files until none is left.
    fn run(&self, each: &mut dyn FnMut(&Call, Option<AccessKeyId>)) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut blocks = Blocks::default();
        while let Some(file) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            problems.extend(self.read(file, &mut blocks, each));
            let bytes = self.bytes.fetch_add(file.bytes, Ordering::Relaxed) + file.bytes;
            let files = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            let (bytes_total, files_total) = (self.bytes_total, self.files.len());
            (self.progress)(Progress { bytes, bytes_total, files, files_total });
        }
        problems
    }

    fn read(
        &self,
        file: &TrailFile,
        blocks: &mut Blocks,
        each: &mut dyn FnMut(&Call, Option<AccessKeyId>),
    ) -> Option<Problem> {
        let mut reader = Reader::default();
        let mut take = |event: Event<'_>| {
            if event_key(&event).is_none_or(|key| self.seen.insert(key)) {
                let identity = event.identity.as_deref().map(Identity::parse).unwrap_or_default();
                if !is_copy_for_another(&event, &identity) {
                    each(&Call::of(&event, &identity), issued(&event));
                }
            }
        };
        let inflated = blocks.read(&file.path, |block, last| reader.read(block, last, &mut take));
        let reading = reader.finish();
        match inflated.error {
            Some(error) => Some(broken(&file.relative, &error)),
            None => damaged(&file.relative, &reading),
        }
    }
}

/// A call between accounts is told twice; the caller's copy counts.
fn is_copy_for_another(event: &Event<'_>, identity: &Identity<'_>) -> bool {
    event.shared_id.is_some() && event.recipient.as_deref() != identity.account.as_deref()
}

/// The key of the session that a call handed out.
fn issued(event: &Event<'_>) -> Option<AccessKeyId> {
    #[derive(Deserialize)]
    struct Answer {
        credentials: Credentials,
    }
    #[derive(Deserialize)]
    struct Credentials {
        #[serde(rename = "accessKeyId")]
        access_key_id: AccessKeyId,
    }
    if event.source != "sts.amazonaws.com" {
        return None;
    }
    let answer: Answer = serde_json::from_str(event.bodies.response?).ok()?;
    Some(answer.credentials.access_key_id)
}
