//! Usage and calls from the CloudTrail files themselves, without a lake: one fold per thread.
//!
//! The folds merge in any order, so the result does not depend on who read what.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use kagimori_estate::model::Problem;
use kagimori_trail::Usage;
use kagimori_trail::call::Call;
use kagimori_trail::copies::{Copies, is_anothers};
use kagimori_trail::event::{Event, Identity};
use kagimori_trail::history;
use kagimori_trail::redact;
use kagimori_trail::selection::{Facts, Selection};
use kagimori_trail::usage::{Fold, content};
use rustc_hash::FxHashMap;

use crate::coverage::{CoverSum, Coverage, by_account, coverage};
use crate::files::Progress;
use crate::walk::walk;

/// Identities that are remembered: a hostile trail must not fill the memory.
const IDENTITIES_MAX: usize = 1 << 14;

/// A trail that was read.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a result, taken apart by the caller")]
pub struct TrailReading {
    /// The facts.
    pub usage: Usage,
    /// Which accounts, regions and days there are, of those that the question is about.
    pub coverage: Coverage,
    /// Files that were damaged or set aside, by name.
    pub problems: Vec<Problem>,
}

/// Reads every CloudTrail file below a folder (or the one file), for the events that a question is about. What was counted,
/// and what the usage says of accounts, is of all events.
pub fn read_trail(
    root: &Path,
    relative_to: &Path,
    selection: &Selection,
    progress: &(dyn Fn(Progress) + Sync),
) -> TrailReading {
    let walked = walk(
        root,
        relative_to,
        progress,
        Hand::default,
        |hand, event, fresh| hand.take(event, fresh, selection),
        |hand, bytes, reading| hand.fold.add_file(bytes, reading),
    );
    finish(walked.hands, selection, walked.problems)
}

/// The same, with the history of all events in [`Usage::history`]: in one read.
pub fn read_trail_with_history(
    root: &Path,
    relative_to: &Path,
    selection: &Selection,
    progress: &(dyn Fn(Progress) + Sync),
) -> TrailReading {
    let walked = walk(
        root,
        relative_to,
        progress,
        <(Hand, (history::Seen, Copies<Call>))>::default,
        |(hand, calls), event, fresh| {
            hand.take(event, fresh, selection);
            take_call(calls, event, fresh, &history::Seen::add);
        },
        |(hand, _), bytes, reading| hand.fold.add_file(bytes, reading),
    );
    let (hands, calls): (Vec<_>, Vec<_>) = walked.hands.into_iter().unzip();
    let mut reading = finish(hands, selection, walked.problems);
    reading.usage.history = Some(history::Seen::merged(with_copies(calls, history::Seen::add)));
    reading
}

fn finish(hands: Vec<Hand>, selection: &Selection, problems: Vec<Problem>) -> TrailReading {
    let mut whole = Hand::default();
    for hand in hands {
        whole.merge(hand);
    }
    let cover = whole.cover.finish();
    let mut usage = whole.fold.finish();
    usage.coverage = by_account(cover.iter());
    TrailReading { usage, coverage: coverage(cover.iter(), selection), problems }
}

/// What one thread has in its hands.
#[derive(Default)]
struct Hand {
    fold: Fold,
    cover: CoverSum,
    /// What each `userIdentity` tells.
    identities: FxHashMap<Box<str>, Arc<Told>>,
}

/// Principal, account and access key.
type Told = (Option<String>, Option<String>, Option<String>);

impl Hand {
    fn merge(&mut self, other: Self) {
        self.fold.merge(other.fold);
        self.cover.merge(other.cover);
    }

    fn take(&mut self, event: &Event<'_>, fresh: bool, selection: &Selection) {
        match event.recipient.as_deref() {
            // Most questions are about everything, and then who called is for the fold to find out.
            Some(account) if selection.is_all() => {
                self.count(event, fresh, account);
                self.fold.add(event, fresh);
            }
            _ => self.take_wanted(event, fresh, selection),
        }
    }

    fn count(&mut self, event: &Event<'_>, fresh: bool, account: &str) {
        if fresh && !event.updates_earlier {
            let region = event.region.as_deref().unwrap_or_default();
            self.cover.add(account, region, event.time, event.is_data_event());
        }
    }

    fn take_wanted(&mut self, event: &Event<'_>, fresh: bool, selection: &Selection) {
        let json = event.identity.as_deref().unwrap_or_default();
        if !self.identities.contains_key(json) {
            if self.identities.len() >= IDENTITIES_MAX {
                self.identities.clear();
            }
            let identity = redact::identity(Identity::parse(json));
            let own = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
            let known = (identity.principal_text(), own(identity.account), own(identity.access_key));
            self.identities.insert(json.into(), Arc::new(known));
        }
        let Some(told) = self.identities.get(json).map(Arc::clone) else { return };
        let (principal, account, access_key) = &*told;
        let account = event.recipient.as_deref().or(account.as_deref());
        self.count(event, fresh, account.unwrap_or_default());
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

/// Calls that were read.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a result, taken apart by the caller")]
pub struct CallReading<T> {
    /// One state for each thread.
    pub states: Vec<T>,
    /// Files that were damaged or set aside, by name.
    pub problems: Vec<Problem>,
}

/// Hands every call below a folder to `each`, once, several threads at once, each with a state that `make` made.
///
/// Events that repeat others are left out; of a call that several accounts got a copy of one counts ([`Copies`]).
pub fn read_calls<T: Send>(
    root: &Path,
    relative_to: &Path,
    progress: &(dyn Fn(Progress) + Sync),
    make: impl Fn() -> T + Sync,
    each: impl Fn(&mut T, &Call) + Sync,
) -> CallReading<T> {
    let take = |hand: &mut (T, Copies<Call>), event: &Event<'_>, fresh: bool| {
        take_call(hand, event, fresh, &each);
    };
    let walked = walk(root, relative_to, progress, || (make(), Copies::default()), take, |_, _, _| ());
    CallReading { states: with_copies(walked.hands, each), problems: walked.problems }
}

/// Hands the call of an event on, unless it came before or waits as another's copy.
fn take_call<T>(
    (state, copies): &mut (T, Copies<Call>),
    event: &Event<'_>,
    fresh: bool,
    each: &impl Fn(&mut T, &Call),
) {
    if !fresh || event.updates_earlier {
        return;
    }
    let identity = event.identity.as_deref().map(Identity::parse).map(redact::identity).unwrap_or_default();
    let call = || Call::of(event, &identity);
    match event.shared_id.as_deref() {
        Some(shared_id) => {
            let recipient = event.recipient.as_deref();
            if is_anothers(true, recipient, identity.account.as_deref()) {
                let rank = (recipient, event.id.as_deref(), content(event));
                return copies.wait(shared_id, rank, || Some(call()));
            }
            copies.saw_callers(shared_id);
            each(state, &call());
        }
        None => each(state, &call()),
    }
}

/// The states of the threads, with the copies of calls that count when all have been seen.
pub(crate) fn with_copies<T>(hands: Vec<(T, Copies<Call>)>, each: impl Fn(&mut T, &Call)) -> Vec<T> {
    let (mut states, mut whole) = (Vec::with_capacity(hands.len()), Copies::default());
    for (state, copies) in hands {
        states.push(state);
        whole.merge(copies);
    }
    if let Some(state) = states.first_mut() {
        whole.finish().0.iter().for_each(|call| each(state, call));
    }
    states
}
