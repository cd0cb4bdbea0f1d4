//! Where blobs come from: the first commit that holds each, and its path there; and what commits speak of that is not here.
//!
//! Commits are taken parents before children, the oldest first among those that may come next: clocks lie, parents do not. A tree is entered
//! once; so each blob is met first in the commit that brought it, merges among them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use gix::ObjectId;
use gix::objs::{CommitRef, TreeRefIter};
use gix::prelude::*;
use kagimori_source::Held;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::found::Where;
use crate::problem::Problem;

/// A commit, as far as history needs it.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    id: ObjectId,
    tree: ObjectId,
    parents: Vec<ObjectId>,
    seconds: i64,
}

impl Commit {
    pub(super) fn read(id: ObjectId, bytes: &[u8], hash: gix::hash::Kind) -> Option<Self> {
        let commit = CommitRef::from_bytes(bytes, hash).ok()?;
        let seconds = commit.time().map_or(0, |time| time.seconds);
        Some(Self { id, tree: commit.tree(), parents: commit.parents().collect(), seconds })
    }
}

/// Where blobs come from.
pub(super) struct History {
    first: FxHashMap<ObjectId, (String, Where)>,
    head: BTreeMap<ObjectId, String>,
    index: BTreeMap<ObjectId, String>,
}

/// What is walked with.
struct Walk<'a> {
    repository: &'a gix::Repository,
    present: &'a FxHashSet<ObjectId>,
    wanted: FxHashSet<ObjectId>,
    seen: FxHashSet<ObjectId>,
    missing: BTreeSet<ObjectId>,
    first: FxHashMap<ObjectId, (String, Where)>,
}

impl History {
    pub(super) fn of(
        repository: &gix::Repository,
        name: &str,
        commits: Vec<Commit>,
        present: &FxHashSet<ObjectId>,
        blobs: &BTreeMap<ObjectId, Vec<(String, Held)>>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let reachable = reachable(repository, name, &commits, problems);
        let head: BTreeMap<ObjectId, String> = head_blobs(repository)
            .into_iter()
            .filter(|(_, id)| blobs.contains_key(id))
            .map(|(path, id)| (id, path))
            .collect();
        let mut walk = Walk {
            repository,
            present,
            wanted: blobs.keys().copied().collect(),
            seen: FxHashSet::default(),
            missing: BTreeSet::new(),
            first: FxHashMap::default(),
        };
        let (linked, loose): (Vec<Commit>, Vec<Commit>) =
            commits.into_iter().partition(|commit| reachable.contains(&commit.id));
        for (commits, is_reachable) in [(linked, true), (loose, false)] {
            for commit in in_order(&commits) {
                walk.commit(&commit, is_reachable, &head);
            }
        }
        tell_missing(repository, name, &walk, problems);
        let mut index = BTreeMap::new();
        if let Ok(file) = repository.index_or_empty() {
            let backing = file.path_backing();
            for entry in file.entries().iter().filter(|entry| blobs.contains_key(&entry.id)) {
                index.insert(entry.id, String::from_utf8_lossy(entry.path_in(backing)).into_owned());
            }
        }
        Self { first: walk.first, head, index }
    }

    /// The places of a blob: where it came from, else the index, else nobody points to it.
    pub(super) fn places(&self, blob: ObjectId) -> Vec<(String, Where)> {
        if let Some(first) = self.first.get(&blob) {
            return vec![first.clone()];
        }
        if let Some(path) = self.head.get(&blob) {
            return vec![(path.clone(), Where::Commit { commit: String::new(), seconds: 0, at_head: true })];
        }
        match self.index.get(&blob) {
            Some(path) => vec![(path.clone(), Where::Index)],
            None => vec![(format!("blob {blob}"), Where::Unreachable { commit: None, seconds: 0 })],
        }
    }
}

impl Walk<'_> {
    fn commit(&mut self, commit: &Commit, is_reachable: bool, head: &BTreeMap<ObjectId, String>) {
        let mut waiting = vec![(commit.tree, String::new())];
        let mut buffer = Vec::new();
        while let Some((tree, folder)) = waiting.pop() {
            if !self.seen.insert(tree) {
                continue;
            }
            if !self.present.contains(&tree) {
                self.missing.insert(tree);
                continue;
            }
            let Ok(Some(data)) = self.repository.objects.try_find(&tree, &mut buffer) else {
                self.missing.insert(tree);
                continue;
            };
            for entry in TreeRefIter::from_bytes(data.data, self.repository.object_hash()) {
                let Ok(entry) = entry else {
                    self.missing.insert(tree);
                    break;
                };
                if entry.mode.is_commit() {
                    continue;
                }
                let id = entry.oid.to_owned();
                if entry.mode.is_tree() {
                    if !self.seen.contains(&id) {
                        waiting.push((id, join(&folder, entry.filename)));
                    }
                    continue;
                }
                if !self.present.contains(&id) {
                    self.missing.insert(id);
                }
                if self.wanted.contains(&id) && !self.first.contains_key(&id) {
                    let (commit, seconds) = (commit.id.to_string(), commit.seconds);
                    let at = if is_reachable {
                        Where::Commit { commit, seconds, at_head: head.contains_key(&id) }
                    } else {
                        Where::Unreachable { commit: Some(commit), seconds }
                    };
                    self.first.insert(id, (join(&folder, entry.filename), at));
                }
            }
        }
    }
}

fn join(folder: &str, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    if folder.is_empty() { name.into_owned() } else { format!("{folder}/{name}") }
}

/// The files of `HEAD`.
pub(super) fn head_blobs(repository: &gix::Repository) -> BTreeMap<String, ObjectId> {
    let mut blobs = BTreeMap::new();
    let Ok(tree) = repository.head_tree_id_or_empty() else { return blobs };
    let (mut waiting, mut buffer) = (vec![(tree.detach(), String::new())], Vec::new());
    while let Some((tree, folder)) = waiting.pop() {
        let Ok(Some(data)) = repository.objects.try_find(&tree, &mut buffer) else { continue };
        for entry in TreeRefIter::from_bytes(data.data, repository.object_hash()).filter_map(Result::ok) {
            let path = join(&folder, entry.filename);
            if entry.mode.is_tree() {
                waiting.push((entry.oid.to_owned(), path));
            } else if !entry.mode.is_commit() {
                blobs.insert(path, entry.oid.to_owned());
            }
        }
    }
    blobs
}

/// The commits to which a reference leads, through tags and parents.
fn reachable(
    repository: &gix::Repository,
    name: &str,
    commits: &[Commit],
    problems: &mut Vec<Problem>,
) -> FxHashSet<ObjectId> {
    let parents: FxHashMap<ObjectId, &[ObjectId]> =
        commits.iter().map(|commit| (commit.id, commit.parents.as_slice())).collect();
    let mut waiting: Vec<ObjectId> = Vec::new();
    let mut lose = |message: String| {
        problems.push(Problem::new(name, message, "run `git fsck`, and fetch the repository again"))
    };
    match repository.references() {
        Ok(references) => match references.all() {
            Ok(all) => {
                for reference in all {
                    match reference {
                        Ok(mut reference) => {
                            let text = reference.name().as_bstr().to_string();
                            match reference.peel_to_id() {
                                Ok(id) => waiting.push(id.detach()),
                                Err(_) => {
                                    lose(format!("the reference `{text}` leads to nothing that is here"))
                                }
                            }
                        }
                        Err(error) => lose(format!("a reference cannot be read: {error}")),
                    }
                }
            }
            Err(error) => lose(format!("its references cannot be read: {error}")),
        },
        Err(error) => lose(format!("its references cannot be read: {error}")),
    }
    if let Ok(head) = repository.head_id() {
        waiting.push(head.detach());
    }
    let mut reachable = FxHashSet::default();
    while let Some(id) = waiting.pop() {
        if let Some(parents) = parents.get(&id)
            && reachable.insert(id)
        {
            waiting.extend(parents.iter().copied());
        }
    }
    reachable
}

/// Parents before children, the oldest first among those that may come next.
fn in_order(commits: &[Commit]) -> Vec<Commit> {
    let numbers: FxHashMap<ObjectId, usize> =
        commits.iter().enumerate().map(|(at, commit)| (commit.id, at)).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); commits.len()];
    let mut waits: Vec<usize> = vec![0; commits.len()];
    for (at, commit) in commits.iter().enumerate() {
        let parents: BTreeSet<usize> =
            commit.parents.iter().filter_map(|parent| numbers.get(parent).copied()).collect();
        for parent in parents {
            if let Some(list) = children.get_mut(parent) {
                list.push(at);
            }
            if let Some(waits) = waits.get_mut(at) {
                *waits += 1;
            }
        }
    }
    let key = |at: usize| commits.get(at).map(|commit| Reverse((commit.seconds, commit.id, at)));
    let mut ready: BinaryHeap<_> =
        (0..commits.len()).filter(|at| waits.get(*at) == Some(&0)).filter_map(key).collect();
    let mut order = Vec::new();
    while let Some(Reverse((_, _, at))) = ready.pop() {
        order.push(at);
        for child in children.get(at).into_iter().flatten() {
            if let Some(waits) = waits.get_mut(*child) {
                *waits -= 1;
                if *waits == 0 {
                    ready.extend(key(*child));
                }
            }
        }
    }
    order.into_iter().filter_map(|at| commits.get(at).cloned()).collect()
}

/// Says what commits and trees speak of that is not here, and why, where the repository tells.
fn tell_missing(repository: &gix::Repository, name: &str, walk: &Walk<'_>, problems: &mut Vec<Problem>) {
    if repository.is_shallow().unwrap_or(true) {
        let message = "it is a shallow clone: the history before it was cut is not here".to_owned();
        problems.push(Problem::new(name, message, "fetch it: `git fetch --unshallow`"));
    }
    if walk.missing.is_empty() {
        return;
    }
    let config = repository.config_snapshot();
    let is_partial = config.string("extensions.partialClone").is_some();
    let count = walk.missing.len();
    let (message, hint) = if is_partial {
        (
            format!("it is a partial clone: {count} objects of its history are not here"),
            "fetch them: `git fetch --refetch --no-filter`",
        )
    } else {
        (
            format!("{count} objects of its history are not here"),
            "run `git fsck`, and fetch the repository again",
        )
    };
    problems.push(Problem::new(name, message, hint));
}
