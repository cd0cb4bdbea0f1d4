//! The copies of one call: CloudTrail writes an event for each account that a call concerns, all with the same
//! `sharedEventID` (*CloudTrail record contents*, `sharedEventID`).
//!
//! **The rule**, for whoever counts or replays calls: a call counts once, by the copy that its caller's account got. Where
//! that one is not in the trail, the first of the others counts (by recipient, event id, content): a call of which only another
//! account's copy was kept is a call all the same. Which of them count is known when all have been seen, so the others' copies
//! wait in [`Copies`], a commutative sum as [`Fold`](crate::usage::Fold) is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rustc_hash::FxHashSet;

use crate::usage::text_key;

/// Whether an event of which several accounts got copies (`is_shared`) is another's copy: not that of its caller. Of a caller
/// whose account is not told (an AWS service) every told recipient is another.
pub fn is_anothers<T: Copy + PartialEq>(is_shared: bool, recipient: Option<T>, caller: Option<T>) -> bool {
    is_shared && recipient.is_some() && recipient != caller
}

/// Which copies of calls were seen, and the others' copies `T` that wait.
#[derive(Clone, Debug)]
pub struct Copies<T> {
    /// Of calls whose caller's copy was seen, [`text_key`] of the shared id.
    seen: FxHashSet<u64>,
    waiting: BTreeMap<Box<str>, Waiting<T>>,
}

/// What tells which of the others' copies is the first: recipient, event id, and of two with one id
/// [the content](crate::usage::content).
pub type Rank = (Option<Box<str>>, Option<Box<str>>, u16);

#[derive(Clone, Debug)]
struct Waiting<T> {
    rank: Rank,
    /// The copy that would count; `None`: the first one is not asked for.
    copy: Option<T>,
    /// Copies behind the first.
    others: u64,
}

impl<T> Default for Copies<T> {
    fn default() -> Self {
        Self { seen: FxHashSet::default(), waiting: BTreeMap::new() }
    }
}

impl<T> Copies<T> {
    /// Takes note of the copy of a caller's account.
    pub fn saw_callers(&mut self, shared_id: &str) {
        self.seen.insert(text_key(shared_id));
    }

    /// Lets another's copy wait. `copy` gives what waits, unless it is known that it will not count; `None` from it takes
    /// note of the copy without asking for it.
    pub fn wait(
        &mut self,
        shared_id: &str,
        (recipient, event_id, content): (Option<&str>, Option<&str>, u16),
        copy: impl FnOnce() -> Option<T>,
    ) {
        if let Some(known) = self.waiting.get_mut(shared_id) {
            known.others += 1;
            let theirs = (known.rank.0.as_deref(), known.rank.1.as_deref(), known.rank.2);
            if (recipient, event_id, content) < theirs {
                known.rank = (recipient.map(Box::from), event_id.map(Box::from), content);
                known.copy = copy();
            }
            return;
        }
        let rank = (recipient.map(Box::from), event_id.map(Box::from), content);
        self.waiting.insert(shared_id.into(), Waiting { rank, copy: copy(), others: 0 });
    }

    /// Takes in what another saw.
    pub fn merge(&mut self, other: Self) {
        self.seen.extend(other.seen);
        for (shared_id, new) in other.waiting {
            match self.waiting.entry(shared_id) {
                Entry::Vacant(entry) => drop(entry.insert(new)),
                Entry::Occupied(mut entry) => {
                    let known = entry.get_mut();
                    known.others += new.others + 1;
                    if new.rank < known.rank {
                        (known.rank, known.copy) = (new.rank, new.copy);
                    }
                }
            }
        }
    }

    /// Whether any copy waits.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The copies that count, and how many copies do not. When all events have been seen.
    pub fn finish(self) -> (Vec<T>, u64) {
        let (mut counting, mut left_out) = (Vec::new(), 0);
        for (shared_id, waiting) in self.waiting {
            left_out += waiting.others;
            if self.seen.contains(&text_key(&shared_id)) {
                left_out += 1;
            } else {
                counting.extend(waiting.copy);
            }
        }
        (counting, left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_copy_it_is() {
        let (caller, other) = (Some("111122223333"), Some("444455556666"));
        // shared, recipient, caller, is another's
        let rows = [
            (true, caller, caller, false),
            (true, other, caller, true),
            (true, other, None, true),
            (true, None, caller, false),
            (true, None, None, false),
            (false, other, caller, false),
        ];
        for (shared, recipient, caller, expected) in rows {
            assert_eq!(is_anothers(shared, recipient, caller), expected, "{recipient:?} {caller:?}");
        }
    }

    /// What was seen: of call `a` the caller's copy or not, and others' copies by recipient.
    fn count(callers: bool, others: &[&'static str]) -> (Vec<&'static str>, u64) {
        let mut whole = Copies::default();
        for other in others {
            let mut part = Copies::default();
            part.wait("a", (Some(other), None, 0), || Some(*other));
            whole.merge(part);
        }
        if callers {
            whole.saw_callers("a");
        }
        whole.finish()
    }

    #[test]
    fn a_call_counts_once() {
        assert_eq!(count(false, &["444455556666"]), (vec!["444455556666"], 0));
        assert_eq!(count(true, &["444455556666"]), (vec![], 1));
        for order in [["444455556666", "222233334444"], ["222233334444", "444455556666"]] {
            assert_eq!(count(false, &order), (vec!["222233334444"], 1));
            assert_eq!(count(true, &order), (vec![], 2));
        }
    }

    /// Somebody can write an event with the id of another.
    #[test]
    fn of_copies_with_one_id_the_content_chooses() {
        for order in [[1, 2], [2, 1]] {
            let (mut copies, mut merged) = (Copies::default(), Copies::default());
            for content in order {
                copies.wait("a", (Some("444455556666"), Some("e"), content), || Some(content));
                let mut part = Copies::default();
                part.wait("a", (Some("444455556666"), Some("e"), content), || Some(content));
                merged.merge(part);
            }
            assert_eq!((copies.finish(), merged.finish()), ((vec![1], 1), (vec![1], 1)));
        }
    }

    #[test]
    fn a_copy_that_is_not_asked_for_still_stands_before_the_others() {
        let mut copies = Copies::default();
        copies.wait("a", (Some("444455556666"), None, 0), || Some(1));
        copies.wait("a", (Some("222233334444"), None, 0), || None);
        copies.wait("b", (Some("444455556666"), None, 0), || Some(2));
        assert_eq!(copies.finish(), (vec![2], 1));
    }
}
