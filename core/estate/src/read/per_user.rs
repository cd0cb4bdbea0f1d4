//! Lists that are asked for user by user: access keys, devices, SSH keys.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Content;
use super::given::Given;
use crate::fact::{Dataset, Gap, GapReason, Known, SourceId};

/// The entries of such a list.
#[derive(Debug)]
pub(super) struct PerUser<T> {
    by_user: BTreeMap<String, (SourceId, Vec<T>)>,
    /// Users of whom a last page is missing.
    cut: BTreeSet<String>,
    dataset: Dataset,
    /// Of users that no answer names: known means that they have none.
    others: Known<()>,
}

impl<T> PerUser<T> {
    /// The users that it names and nobody asked for yet.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.by_user.keys()
    }

    /// The entries of a user.
    pub(super) fn of(&mut self, name: &str) -> Known<Vec<T>> {
        if self.cut.contains(name) {
            self.by_user.remove(name);
            return Known::Unknown(Gap { dataset: self.dataset, reason: GapReason::Truncated });
        }
        match self.by_user.remove(name) {
            Some((source, entries)) => Known::new(entries, source),
            None => self.others.map(|()| Vec::new()),
        }
    }
}

/// Joins the answers that were asked for user by user.
///
/// An empty answer does not say whose it is. When there are at least as many answers as users, every user was asked
/// for and those without an entry have none; else nothing is said of them.
pub(super) fn per_user<T: PartialEq>(
    given: &mut Given,
    dataset: Dataset,
    user_count: usize,
    entries: impl Fn(Content) -> (Vec<(String, T)>, bool),
) -> PerUser<T> {
    let gap = given.gap(dataset);
    let answers = given.take(dataset);
    let mut by_user: BTreeMap<String, (SourceId, Vec<T>)> = BTreeMap::new();
    let (mut open, mut closed) = (BTreeSet::new(), BTreeSet::new());
    let (mut empty, mut complete, mut truncated, mut first) = (0, false, false, None);
    for answer in answers {
        first = first.or(Some(answer.source));
        let (entries, of_all_users) = entries(answer.content);
        complete |= of_all_users && !answer.truncated;
        truncated |= answer.truncated;
        empty += usize::from(entries.is_empty());
        for (user, entry) in entries {
            let marked = if answer.truncated { &mut open } else { &mut closed };
            marked.insert(user.clone());
            let known = &mut by_user.entry(user).or_insert_with(|| (answer.source, Vec::new())).1;
            if !known.contains(&entry) {
                known.push(entry);
            }
        }
    }
    let is_none_lost = gap.reason == GapReason::NotGiven;
    let others = match first {
        Some(source) if complete || (is_none_lost && !truncated && empty + by_user.len() >= user_count) => {
            Known::new((), source)
        }
        Some(_) if is_none_lost => Known::field_absent(dataset, "UserName"),
        _ => Known::Unknown(gap),
    };
    let cut = if complete { BTreeSet::new() } else { open.difference(&closed).cloned().collect() };
    PerUser { by_user, cut, dataset, others }
}
