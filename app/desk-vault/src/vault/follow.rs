//! The log, as the vault follows it, and what its leaves ask of the vault's files.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{Event, Kind, Outcome, RequestId, Rollback, SeedId};
use kagimori_ledger::Hash;
use kagimori_ledger::epoch::Head;
use kagimori_sealing::protocol::{Answer, Refused, Why};
use ring::rand::SecureRandom;

use super::{Answered, Vault, refused};
use crate::keep;
use crate::moment::Moment;

/// What the log asks of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Todo {
    /// What this request has prepared is the seed in custody now.
    Promote(RequestId, SeedId, u32),
    /// What it has prepared counts no more.
    Abandon(RequestId),
    /// All seeds of this name up to this generation count no more.
    PutAside(SeedId, u32),
}

impl fmt::Display for Todo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Promote(_, seed, generation) => {
                write!(
                    f,
                    "the seed `{seed}` (generation {generation}) is in custody by the log, and its file is not in its place"
                )
            }
            Self::Abandon(request) => {
                write!(f, "what the request `{request}` has prepared could not be put aside")
            }
            Self::PutAside(seed, _) => write!(f, "an old file of the seed `{seed}` could not be put aside"),
        }
    }
}

impl Vault {
    pub(super) fn follow(
        &mut self,
        from: u64,
        leaves: &[String],
        now: &Moment,
        random: &dyn SecureRandom,
    ) -> Answered {
        let size = self.follower.head().size;
        if from > size {
            let message = format!("the vault has followed {size} entries, and these begin with entry {from}");
            return Err(refused(Why::Log, message, "give it the entries from there on"));
        }
        for (index, leaf) in (from..).zip(leaves) {
            if index >= size {
                self.follow_one(leaf, now, random)?;
            }
        }
        self.catch_up();
        let head = self.follower.head();
        Ok(Answer::Followed { size: head.size, root: head.root.to_string() })
    }

    fn follow_one(&mut self, leaf: &str, now: &Moment, random: &dyn SecureRandom) -> Result<(), Refused> {
        let bytes = STANDARD
            .decode(leaf)
            .map_err(|_| refused(Why::Log, "an entry is not in base64", "send it again"))?;
        let index = self.follower.head().size;
        let leaf = self.follower.follow(&bytes, self.settings.founding.as_ref());
        let leaf = leaf.map_err(|error| refused(Why::Log, &error, error.hint()))?;
        let taken = self.took(&leaf.event, index, now, random);
        let head = self.follower.head();
        self.is_another |=
            self.seen.is_some_and(|seen| seen.head.size == head.size && seen.head.root != head.root);
        taken
    }

    /// From now on no code is made until somebody has looked.
    fn distrust(&mut self, why: String) {
        if !self.trouble.contains(&why) {
            self.trouble.push(why);
        }
    }

    fn took(
        &mut self,
        event: &Event,
        index: u64,
        now: &Moment,
        random: &dyn SecureRandom,
    ) -> Result<(), Refused> {
        match event {
            Event::Seal { .. } => {
                self.forget(now, random)?;
            }
            Event::Shown { request, step } => {
                let seed = self
                    .follower
                    .state()
                    .request(request)
                    .and_then(|request| request.ask.matter.seed().cloned());
                if let Some(seed) = seed {
                    self.must_know(&seed, *step, now);
                }
            }
            Event::Release { request, clock, .. } => {
                self.clocks.push((request.clone(), index, clock.clone()))
            }
            Event::Settle { request, outcome, .. } => self.settled(request, outcome, now),
            Event::BeginEpoch { rollback, .. } => self.rolled_back(rollback),
            _ => {}
        }
        self.ended(event);
        Ok(())
    }

    /// A quorum has said how the log goes on. What was seen cosigned before need not be reached any more, when they knew of it.
    fn rolled_back(&mut self, rollback: &Rollback) {
        let is_of_before = |seen: &Seen| seen.epoch < rollback.number && seen.head.size > rollback.kept.size;
        let Some(seen) = self.seen.filter(is_of_before) else { return };
        let admitted = Head::from(rollback.seen);
        if seen.head.size > admitted.size || (seen.head.size == admitted.size && seen.head != admitted) {
            self.distrust(format!(
                "the vault has seen {} entries cosigned, and the quorum that began epoch {} of the log did not know of them",
                seen.head.size, rollback.number
            ));
            return;
        }
        (self.seen, self.is_another) = (None, false);
    }

    /// A step that the log knows of, and so must the file of used steps.
    fn must_know(&mut self, seed: &SeedId, step: u64, now: &Moment) {
        if self.used.last(seed).is_some_and(|last| last >= step) {
            return;
        }
        if self.settings.after_restore {
            if self.used.learn(&mut self.disk, seed, step, now).is_err() {
                self.distrust("the file of used steps could not be brought up to date".to_owned());
            }
            return;
        }
        self.distrust(format!(
            "the log tells of a code of `{seed}` for step {step}, and the file of used steps does not: the vault's files are older than the log; \
             when they were restored from a backup, start the vault once with `--after-restore`"
        ));
    }

    fn settled(&mut self, id: &RequestId, outcome: &Outcome, now: &Moment) {
        let Some(request) = self.follower.state().request(id) else { return };
        let Some(seed) = request.ask.matter.seed().cloned() else { return };
        let Some(held) = self.follower.state().seed(&seed) else { return };
        let generation = held.generation;
        match outcome {
            Outcome::Held { last_step, .. } => {
                self.todo.push(Todo::Promote(id.clone(), seed.clone(), generation));
                self.todo.push(Todo::PutAside(seed.clone(), generation.saturating_sub(1)));
                self.must_know(&seed, *last_step, now);
            }
            Outcome::Gone {} => self.todo.push(Todo::PutAside(seed, generation)),
            Outcome::Failed { .. } => {}
        }
    }

    /// A ceremony that came to an end without a seed.
    fn ended(&mut self, event: &Event) {
        let Some(request) = event.request().and_then(|id| self.follower.state().request(id)) else { return };
        let brought = matches!(request.outcome, Some(Outcome::Held { .. }));
        if request.ask.kind() == Kind::Custody && request.end.is_some() && !brought {
            self.todo.push(Todo::Abandon(request.ask.id.clone()));
        }
    }

    /// Does what the log asks of the files; what fails is tried again with the next call.
    pub(super) fn catch_up(&mut self) {
        for todo in std::mem::take(&mut self.todo) {
            if !self.done(&todo) && !self.todo.contains(&todo) {
                self.todo.push(todo);
            }
        }
    }

    fn done(&mut self, todo: &Todo) -> bool {
        match todo {
            Todo::Promote(request, seed, generation) => self.promoted(request, seed, *generation),
            Todo::Abandon(request) => keep::abandon(&mut self.disk, request).is_ok(),
            Todo::PutAside(seed, generation) => {
                let old = self.records.range((seed.clone(), 0)..=(seed.clone(), *generation));
                let old: Vec<((SeedId, u32), keep::Record)> =
                    old.map(|(name, record)| (name.clone(), record.clone())).collect();
                old.into_iter().all(|(name, record)| {
                    let is_aside = keep::put_aside(&mut self.disk, &record).is_ok();
                    if is_aside {
                        self.records.remove(&name);
                    }
                    is_aside
                })
            }
        }
    }

    fn promoted(&mut self, request: &RequestId, seed: &SeedId, generation: u32) -> bool {
        let name = (seed.clone(), generation);
        let is_later = self
            .follower
            .state()
            .seed(seed)
            .is_some_and(|held| held.generation > generation || !held.is_held);
        if is_later || self.records.contains_key(&name) {
            return true;
        }
        let state = self.follower.state();
        let fingerprint = match state.request(request).and_then(|request| request.outcome.as_ref()) {
            Some(Outcome::Held { fingerprint, .. }) => *fingerprint,
            _ => return true,
        };
        let (prepared, there) =
            (keep::prepared_of(&self.disk, request), keep::in_custody(&self.disk, seed, generation));
        let record = match (prepared, there) {
            // It was put in its place, and the end came before anybody said so.
            (Ok(None), Ok(Some(record))) if record.fingerprint == fingerprint => record,
            (Ok(Some(record)), _) if record.fingerprint == fingerprint => {
                if keep::promote(&mut self.disk, request, &record).is_err() {
                    return false;
                }
                record
            }
            _ => return false,
        };
        self.open.ceremonies.remove(request);
        self.records.insert(name, record);
        true
    }

    /// Writes down what is cosigned, before a code is made by it.
    pub(super) fn has_seen(&mut self, head: Head) -> std::io::Result<()> {
        if self.seen.is_some_and(|seen| seen.head.size >= head.size) {
            return Ok(());
        }
        let seen = Seen { epoch: self.follower.state().epoch(), head };
        self.disk.write("seen", seen.to_string().as_bytes())?;
        self.seen = Some(seen);
        Ok(())
    }
}

/// What stands in the file `seen`: size, root, and after a roll-back the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) epoch: u64,
    pub(super) head: Head,
}

impl Seen {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?.split(' ');
        let (size, root, epoch) = (words.next()?, words.next()?, words.next().unwrap_or("1"));
        let root = Hash::from_slice(&STANDARD.decode(root).ok()?)?;
        let seen = Self { epoch: epoch.parse().ok()?, head: Head { size: size.parse().ok()?, root } };
        words.next().is_none().then_some(seen)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, head } = self;
        write!(f, "{} {}", head.size, STANDARD.encode(head.root.as_bytes()))?;
        match epoch {
            1 => writeln!(f),
            epoch => writeln!(f, " {epoch}"),
        }
    }
}
