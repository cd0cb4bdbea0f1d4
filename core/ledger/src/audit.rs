//! A whole log, recomputed: entries → root → checkpoint → cosignatures, and beside it every checkpoint that anybody kept.
//!
//! Who can write the files of a log can write all of them anew, so that they fit each other. Four things tell: the log's signature, the
//! witnesses', checkpoints that were kept elsewhere (the auditor's, the witnesses' records), and epochs, by which a log admits what a
//! restore has lost. Each way of altering a log has a name here, [`Finding`].

use std::collections::{BTreeMap, VecDeque};

use crate::epoch::{self, Epoch, Head};
use crate::frontier::Frontier;
use crate::hash::Hash;
use crate::trust::{TrustError, TrustPolicy, Trusted};

/// So many entries may stand between what a restore has kept and the entry that says so: they are the decision.
const DECIDED_WITHIN: usize = 1024;

/// A log that is being recomputed.
#[derive(Debug)]
pub struct Audit {
    /// `None`: it is not believed, which is among the findings.
    published: Option<Trusted>,
    /// Kept checkpoints by size, of all epochs.
    known: BTreeMap<u64, Vec<Known>>,
    frontier: Frontier,
    /// The last leaves, and the tree before them: what an epoch kept lies a little back.
    last: VecDeque<Hash>,
    before_last: Frontier,
    /// The root at the size of the published checkpoint, once it is reached.
    root_there: Option<Hash>,
    /// Kept checkpoints that the entries lead to, and those that they do not.
    fitting: Vec<Known>,
    differing: Vec<Known>,
    epochs: Vec<Epoch>,
    findings: Vec<Finding>,
}

/// A checkpoint that somebody kept.
#[derive(Clone, Debug)]
struct Known {
    source: String,
    epoch: u64,
    head: Head,
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each has a name, and the hint differs")]
pub enum Finding {
    /// A checkpoint that is no statement of the log, or that too few have seen.
    #[error("not believed: {source_name}: {error}")]
    NotBelieved {
        /// Where it came from.
        source_name: String,
        /// Why.
        error: TrustError,
    },
    /// Entries at the end are missing.
    #[error("truncated: the checkpoint is of {size} entries, and {entries} are there")]
    Truncated {
        /// How many there are.
        entries: u64,
        /// How many there must be.
        size: u64,
    },
    /// Entries that no checkpoint covers: nobody vouches for them yet.
    #[error("not covered: {entries} entries are there, and the checkpoint is of {size}")]
    NotCovered {
        /// How many there are.
        entries: u64,
        /// How many are covered.
        size: u64,
    },
    /// The entries are not those that the log signed.
    #[error(
        "rewritten: the entries are not those of the checkpoint; the first altered one is at {after} or later, and before {before}"
    )]
    Rewritten {
        /// The first so many are right: a kept checkpoint says so.
        after: u64,
        /// The first so many are not.
        before: u64,
    },
    /// The log has signed two histories.
    #[error("forked: the log has signed another history of its first {size} entries: {source_name}")]
    Forked {
        /// At which size.
        size: u64,
        /// Who has the other one.
        source_name: String,
    },
    /// The log was larger.
    #[error("rolled back: the log has {size} entries, and had {had}: {source_name}")]
    RolledBack {
        /// Its size now.
        size: u64,
        /// Its size before.
        had: u64,
        /// Who has seen it.
        source_name: String,
    },
    /// An entry says that an epoch begins, and it is not so.
    #[error("the epoch that entry {index} begins is not one: {why}")]
    Epoch {
        /// Which entry.
        index: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// A file of the published log is not there.
    #[error("missing: `{path}`")]
    Missing {
        /// Its path.
        path: String,
    },
    /// A file that cannot be read as what its name says.
    #[error("damaged: `{path}`: {why}")]
    Damaged {
        /// Its path.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// A tile is not that of the entries.
    #[error("damaged: `{path}` does not hold the hashes of the entries{}", place(*.entry))]
    Tile {
        /// Its path.
        path: String,
        /// The first entry that differs, in a tile of level 0.
        entry: Option<u64>,
    },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// How many entries were read, and their root.
    pub head: Head,
    /// The published checkpoint, when it is believed.
    pub published: Option<Trusted>,
    /// The restores that the log admits.
    pub epochs: Vec<Epoch>,
    /// How many kept checkpoints the entries lead to.
    pub fitting: usize,
    /// What is wrong; nothing: the log is what its checkpoint and its witnesses say.
    pub findings: Vec<Finding>,
}

impl Audit {
    /// Begins with the published checkpoint, and checkpoints that were kept, each with where it came from.
    pub fn of<'n>(
        policy: &TrustPolicy,
        published: &str,
        kept: impl IntoIterator<Item = (&'n str, &'n str)>,
    ) -> Self {
        let mut findings = Vec::new();
        let published = match policy.check(published) {
            Ok(trusted) => Some(trusted),
            Err(error) => {
                findings
                    .push(Finding::NotBelieved { source_name: "the published checkpoint".to_owned(), error });
                None
            }
        };
        let mut known: BTreeMap<u64, Vec<Known>> = BTreeMap::new();
        for (source, note) in kept {
            match read(policy, note) {
                Ok((epoch, head)) => {
                    known.entry(head.size).or_default().push(Known {
                        source: source.to_owned(),
                        epoch,
                        head,
                    });
                }
                Err(error) => findings.push(Finding::NotBelieved { source_name: source.to_owned(), error }),
            }
        }
        let mut audit = Self {
            published,
            known,
            frontier: Frontier::new(),
            last: VecDeque::new(),
            before_last: Frontier::new(),
            root_there: None,
            fitting: Vec::new(),
            differing: Vec::new(),
            epochs: Vec::new(),
            findings,
        };
        audit.arrived();
        audit
    }

    /// The next entry.
    pub fn entry(&mut self, entry: &[u8]) {
        if let Some(read) = Epoch::read(entry) {
            self.epoch(read.ok());
        }
        let leaf = Hash::leaf(entry);
        self.frontier.append(leaf);
        self.last.push_back(leaf);
        if self.last.len() > DECIDED_WITHIN
            && let Some(first) = self.last.pop_front()
        {
            self.before_last.append(first);
        }
        self.arrived();
    }

    /// The root that the log had, when it is not too far back.
    fn root_a_little_back(&self, size: u64) -> Option<Hash> {
        let more = usize::try_from(size.checked_sub(self.before_last.size())?).ok()?;
        if more > self.last.len() {
            return None;
        }
        let mut tree = self.before_last.clone();
        self.last.iter().take(more).for_each(|leaf| tree.append(*leaf));
        Some(tree.root())
    }

    /// A finding of whoever reads the files.
    pub fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// All entries were read.
    pub fn finish(mut self) -> Verdict {
        let head = Head { size: self.frontier.size(), root: self.frontier.root() };
        let is_as_published = self.judge_published(head.size);
        let beyond: Vec<Known> = std::mem::take(&mut self.known).into_values().flatten().collect();
        let differing = std::mem::take(&mut self.differing);
        for known in differing.into_iter().chain(beyond) {
            self.judge(&known, head, is_as_published);
        }
        let Self { published, epochs, fitting, findings, .. } = self;
        Verdict { head, published, epochs, fitting: fitting.len(), findings }
    }

    /// Compares what was kept of this size.
    fn arrived(&mut self) {
        let size = self.frontier.size();
        let is_there = self.published.as_ref().is_some_and(|published| published.checkpoint.size() == size);
        let known = self.known.remove(&size);
        if !is_there && known.is_none() {
            return;
        }
        let root = self.frontier.root();
        if is_there {
            self.root_there = Some(root);
        }
        for known in known.into_iter().flatten() {
            if known.head.root == root { &mut self.fitting } else { &mut self.differing }.push(known);
        }
    }

    fn epoch(&mut self, epoch: Option<Epoch>) {
        let index = self.frontier.size();
        let Some(epoch) = epoch else {
            self.findings.push(Finding::Epoch { index, why: "it cannot be read" });
            return;
        };
        let next = self.epochs.last().map_or(2, |last| last.number.saturating_add(1));
        let why = match &epoch {
            Epoch { number, .. } if *number < next => Some("its number does not follow the one before"),
            Epoch { kept, .. } if kept.size > index => Some("it kept more entries than stand before it"),
            Epoch { kept, .. } => match self.root_a_little_back(kept.size) {
                None => Some("it was decided long after what it kept"),
                Some(root) if root != kept.root => Some("it kept other entries than stand before it"),
                Some(_) => None,
            },
        };
        let why = why.or(match &epoch {
            Epoch { kept, seen, .. } if kept.size == seen.size && kept.root != seen.root => {
                Some("what was seen is another history")
            }
            _ => None,
        });
        self.findings.extend(why.map(|why| Finding::Epoch { index, why }));
        self.epochs.push(epoch);
    }

    /// Whether the entries are those of the published checkpoint.
    fn judge_published(&mut self, entries: u64) -> bool {
        let Some(published) = self.published.clone() else { return false };
        let (origin, size) = (published.checkpoint.origin(), published.checkpoint.size());
        if epoch::of_origin(origin).1 != self.epochs.last().map_or(1, |last| last.number) {
            let why = "the name of the log is of another epoch";
            self.findings.push(Finding::Epoch { index: entries, why });
        }
        let Some(root) = self.root_there else {
            self.findings.push(Finding::Truncated { entries, size });
            return false;
        };
        let is_it = root == *published.checkpoint.root();
        if !is_it {
            let fitting = self.fitting.iter().map(|known| known.head.size).filter(|right| *right < size);
            let after = fitting.max().unwrap_or(0);
            let wrong = self.differing.iter().map(|known| known.head.size).filter(|wrong| *wrong > after);
            self.findings.push(Finding::Rewritten { after, before: wrong.min().unwrap_or(size).min(size) });
        }
        if entries > size {
            self.findings.push(Finding::NotCovered { entries, size });
        }
        is_it
    }

    /// A kept checkpoint that the entries do not lead to: because they were altered, the log forked, or it was rolled back.
    fn judge(&mut self, known: &Known, now: Head, is_as_published: bool) {
        let (size, source_name) = (known.head.size, known.source.clone());
        let after = self.epochs.iter().find(|epoch| epoch.number > known.epoch);
        if let Some(epoch) = after.filter(|epoch| size > epoch.kept.size) {
            if size > epoch.seen.size {
                let finding = Finding::RolledBack { size: epoch.kept.size, had: size, source_name };
                self.findings.push(finding);
            } else if size == epoch.seen.size && known.head.root != epoch.seen.root {
                self.findings.push(Finding::Forked { size, source_name });
            }
            // Else the log admits that it was lost.
            return;
        }
        if size > now.size {
            self.findings.push(Finding::RolledBack { size: now.size, had: size, source_name });
        } else if is_as_published {
            self.findings.push(Finding::Forked { size, source_name });
        }
        // Else the entries are not what the log signed, which is told already.
    }
}

/// A kept checkpoint: believed as the policy says, under the name that the log had then.
fn read(policy: &TrustPolicy, note: &str) -> Result<(u64, Head), TrustError> {
    // Nobody asks that a quorum had seen it: the log's own signature shows that it said so.
    let trusted = policy.of_epoch(note).check_log(note)?;
    let (_, number) = epoch::of_origin(trusted.checkpoint.origin());
    Ok((number, Head { size: trusted.checkpoint.size(), root: *trusted.checkpoint.root() }))
}

fn place(entry: Option<u64>) -> String {
    entry.map(|entry| format!("; the first that differs is entry {entry}")).unwrap_or_default()
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl Finding {
    /// One word: what was done to the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotBelieved { .. } => "not-believed",
            Self::Truncated { .. } => "truncated",
            Self::NotCovered { .. } => "not-covered",
            Self::Rewritten { .. } => "rewritten",
            Self::Forked { .. } => "forked",
            Self::RolledBack { .. } => "rolled-back",
            Self::Epoch { .. } => "epoch",
            Self::Missing { .. } => "missing",
            Self::Damaged { .. } | Self::Tile { .. } => "damaged",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotBelieved { error, .. } => error.hint(),
            Self::Truncated { .. } => {
                "take the entries again; if they are gone, restore the log from a copy that has them"
            }
            Self::NotCovered { .. } => {
                "take the log's checkpoint again; these entries prove nothing until it covers them"
            }
            Self::Rewritten { .. } => {
                "keep these files, and compare them with a copy of the log from elsewhere, entry by entry"
            }
            Self::Forked { .. } => {
                "keep both checkpoints: together they prove that the log's key has signed two histories"
            }
            Self::RolledBack { .. } => {
                "the log was restored from an older copy, or cut: find the missing entries, or have the quorum begin a new epoch"
            }
            Self::Epoch { .. } => "ask who restored the log; no epoch begins without the quorum's signatures",
            Self::Missing { .. } | Self::Damaged { .. } => {
                "take the file again from where the log is published"
            }
            Self::Tile { .. } => "have the log publish the tile again, and compare",
        }
    }
}
