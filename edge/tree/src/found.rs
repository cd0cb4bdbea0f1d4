//! What was found, and where.

use std::collections::BTreeMap;

use kagimori_source::{Held, Sealed, Veil};

use crate::problem::Problem;

/// One thing at one place.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// What it is. Its offset and line are those of the whole file.
    pub held: Held,
    /// Where it is.
    pub place: Place,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Place {
    /// The system: which of the paths or repositories that were given, counted from 0.
    pub system: usize,
    /// The file, with the way into archives (`a.war!WEB-INF/x`).
    pub path: String,
    /// Where in a system.
    pub at: Where,
}

/// Where in a system something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Where {
    /// In a file as it lies there.
    File,
    /// In what a symbolic link leads to.
    Link,
    /// In a file of a commit.
    Commit {
        /// The first commit that holds it.
        commit: String,
        /// When it was made, as its committer's clock said: seconds since 1970.
        seconds: i64,
        /// Whether `HEAD` holds it.
        at_head: bool,
    },
    /// In a file that is staged and in no commit.
    Index,
    /// In an object to which no reference leads: amended away, reset, dropped.
    Unreachable {
        /// The first commit that holds it, when one does.
        commit: Option<String>,
        /// When that was made.
        seconds: i64,
    },
    /// In a commit itself: its message, mostly.
    CommitMessage {
        /// The commit.
        commit: String,
    },
    /// In an annotated tag.
    TagMessage,
    /// In a file of the `.git`: configuration, reflogs, hooks.
    GitFolder,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Files.
    pub files: usize,
    /// Their bytes, and those of blobs.
    pub bytes: u64,
    /// Blobs of repositories.
    pub blobs: usize,
    /// Commits of repositories.
    pub commits: usize,
    /// Pipes, sockets and devices that were passed over.
    pub passed_over: usize,
    /// Ids of AWS's documentation.
    pub examples: usize,
}

/// What a scan found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Scanned {
    /// What was found, in the order of systems, paths and places.
    pub found: Vec<Found>,
    /// What was not read.
    pub problems: Vec<Problem>,
    /// How much was looked at.
    pub counts: Counts,
    /// How many files are sealed, by what.
    pub sealed: BTreeMap<Sealed, usize>,
    /// Work trees below what was given.
    pub repositories: Vec<std::path::PathBuf>,
    /// Repositories without a work tree: nothing of them was read.
    pub bare: Vec<std::path::PathBuf>,
}

impl Scanned {
    /// Takes what another thread, or another scan, found.
    pub fn join(&mut self, other: Self) {
        self.found.extend(other.found);
        self.problems.extend(other.problems);
        self.repositories.extend(other.repositories);
        self.bare.extend(other.bare);
        self.counts.files += other.counts.files;
        self.counts.blobs += other.counts.blobs;
        self.counts.commits += other.counts.commits;
        self.counts.bytes += other.counts.bytes;
        self.counts.passed_over += other.counts.passed_over;
        self.counts.examples += other.counts.examples;
        for (kind, count) in other.sealed {
            *self.sealed.entry(kind).or_default() += count;
        }
    }

    /// Takes out of all names what is secret in them: a file may be called by a secret.
    pub fn veil(&mut self) -> Veil {
        let veil = Veil::over(self.found.iter().map(|found| &found.held));
        let mut last = (String::new(), String::new());
        for found in &mut self.found {
            // what stands in one file stands together
            if found.place.path != last.0 {
                last = (found.place.path.clone(), veil.cover(&found.place.path));
            }
            found.place.path.clone_from(&last.1);
            if found.held.value.is_some() {
                found.held.name = veil.cover(&found.held.name);
            }
        }
        for problem in &mut self.problems {
            problem.place = veil.cover(&problem.place);
            problem.message = veil.cover(&problem.message);
            problem.hint = veil.cover(&problem.hint);
        }
        veil
    }

    /// The order of an answer, whatever the threads did; a thing that two blocks showed once.
    pub fn settle(&mut self) {
        self.found.sort_by(|a, b| {
            let key = |found: &Found| {
                (found.place.clone(), found.held.offset, found.held.kind, found.held.name.clone())
            };
            key(a).cmp(&key(b))
        });
        self.found.dedup_by(|a, b| {
            let key = |found: &Found| (found.held.offset, found.held.kind, found.held.written.clone());
            a.place == b.place
                && key(a) == key(b)
                && a.held.name == b.held.name
                && a.held.value == b.held.value
        });
        self.problems.sort();
        self.problems.dedup();
    }
}
