//! One round of delivery, as a machine: it says what to write down, what to send and for how long, and takes what became of it.
//!
//! * An attempt is written down before it is made ([`Wanted::Claim`]), with an end: a round that was killed leaves a letter that is due again
//!   then. So a letter may come twice, and never not at all.
//! * No letter, and no round, takes longer than it may ([`Terms`]).
//! * A channel that fails is left alone for the rest of the round: one that is down costs one wait, not one a letter.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::again;
use crate::judge::{Cause, Outcome};

/// A letter that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what a round needs to know")]
pub struct Letter {
    /// Its number in the outbox.
    pub number: i64,
    /// The name of its channel.
    pub channel: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// How long a round may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two bounds")]
pub struct Terms {
    /// Seconds for all letters.
    pub seconds: u32,
    /// Seconds for one letter.
    pub seconds_each: u32,
}

/// How much longer a claim holds than a letter may take.
const CLAIM_SPARE_SECONDS: i64 = 15;

/// What the machine wants; letters are told by their place in what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives it has to know them all")]
pub enum Wanted {
    /// Write down that an attempt begins; unless it is told what became of it, it is due again at `until`.
    Claim {
        /// Which letter.
        letter: usize,
        /// When.
        until: Timestamp,
    },
    /// Send it.
    Send {
        /// Which letter.
        letter: usize,
        /// For so long at most.
        seconds: u32,
    },
    /// Write down what became of it.
    Write {
        /// Which letter.
        letter: usize,
        /// How it stands.
        standing: Standing,
        /// What that means for its channel.
        channel: Option<ChannelChange>,
    },
    /// The round is over.
    Nothing,
}

/// What an answer means for other letters of the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives it has to know them all")]
pub enum ChannelChange {
    /// No more letters are sent there, until somebody opens it again.
    Closes,
    /// None before then.
    WaitsUntil(Timestamp),
}

/// How a letter stands after a round.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives it has to know them all")]
pub enum Standing {
    /// It was taken, maybe with what it is called there.
    Sent(Option<String>),
    /// It is tried again.
    Again {
        /// When.
        at: Timestamp,
        /// Why it was not taken.
        why: String,
    },
    /// It is not tried again by itself, and kept.
    GivenUp {
        /// Why.
        why: String,
    },
    /// It was not tried in this round.
    Left(Why),
}

/// Why a letter was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each has its sentence")]
pub enum Why {
    /// Its channel is closed.
    Closed,
    /// Another letter of its channel failed in this round.
    Failing,
    /// The round had no time left.
    NoTime,
    /// Somebody else delivers it.
    Taken,
}

/// What became of what was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives it has to know them all")]
pub enum Taken {
    /// Of a claim: whether it is ours; not where somebody else was faster.
    Claimed(bool),
    /// Of a letter.
    Became {
        /// What became of it.
        outcome: Outcome,
        /// From 0 to 1000, drawn at random.
        jitter: u16,
    },
    /// It was written.
    Written,
}

/// One round of delivery.
#[derive(Debug)]
pub struct Round {
    letters: Vec<Letter>,
    standings: Vec<Standing>,
    terms: Terms,
    begun: Timestamp,
    /// Channels that are left alone, and why.
    shut: BTreeMap<String, Why>,
    place: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The letter at `place` is looked at next.
    Next,
    Claiming,
    Claimed,
    /// To be written, with the channel's change.
    Became(Option<ChannelChange>),
}

impl Round {
    /// A round over letters that are due, in the order in which they are sent. `closed`: channels that are sent nothing.
    #[must_use]
    pub fn new(letters: Vec<Letter>, closed: &[String], terms: Terms, now: Timestamp) -> Self {
        let standings = vec![Standing::Left(Why::NoTime); letters.len()];
        let shut = closed.iter().map(|name| (name.clone(), Why::Closed)).collect();
        Self { letters, standings, terms, begun: now, shut, place: 0, state: State::Next }
    }

    /// What is wanted now.
    pub fn next(&mut self, now: Timestamp) -> Wanted {
        loop {
            let letter = self.place;
            let Some(it) = self.letters.get(letter) else { return Wanted::Nothing };
            match &self.state {
                State::Next => {
                    let seconds = self.seconds_left(now);
                    if seconds == 0 {
                        return Wanted::Nothing;
                    }
                    if let Some(why) = self.shut.get(&it.channel) {
                        let why = *why;
                        self.stands(Standing::Left(why));
                        continue;
                    }
                    self.state = State::Claiming;
                }
                State::Claiming => {
                    let holds = i64::from(self.terms.seconds_each).saturating_add(CLAIM_SPARE_SECONDS);
                    return Wanted::Claim { letter, until: later(now, holds) };
                }
                State::Claimed => {
                    // A claim may have waited for the disk; one second is enough to be told that there was none.
                    let seconds = self.seconds_left(now).clamp(1, self.terms.seconds_each.max(1));
                    return Wanted::Send { letter, seconds };
                }
                State::Became(channel) => {
                    let Some(standing) = self.standings.get(letter).cloned() else { return Wanted::Nothing };
                    return Wanted::Write { letter, standing, channel: channel.clone() };
                }
            }
        }
    }

    /// Takes what became of what was wanted.
    pub fn take(&mut self, taken: Taken, now: Timestamp) {
        match (&self.state, taken) {
            (State::Claiming, Taken::Claimed(true)) => self.state = State::Claimed,
            (State::Claiming, Taken::Claimed(false)) => self.stands(Standing::Left(Why::Taken)),
            (State::Claimed, Taken::Became { outcome, jitter }) => self.became(outcome, jitter, now),
            (State::Became(_), Taken::Written) => {
                self.place = self.place.saturating_add(1);
                self.state = State::Next;
            }
            // Nothing of this was wanted.
            _ => {}
        }
    }

    /// The letters, and how each stands.
    pub fn standings(&self) -> impl Iterator<Item = (&Letter, &Standing)> {
        self.letters.iter().zip(&self.standings)
    }

    fn became(&mut self, outcome: Outcome, jitter: u16, now: Timestamp) {
        let Some(letter) = self.letters.get(self.place) else { return };
        let name = letter.channel.clone();
        let (standing, channel) = match outcome {
            Outcome::Taken(receipt) => (Standing::Sent(receipt), None),
            Outcome::Failed { why, cause: Cause::Letter } => (Standing::GivenUp { why }, None),
            Outcome::Failed { why, cause } => {
                self.shut.insert(name, Why::Failing);
                let asked = if let Cause::Busy(asked) = cause { asked } else { None };
                let waits = asked.map(|seconds| ChannelChange::WaitsUntil(later(now, seconds.into())));
                let change = if cause == Cause::Gone { Some(ChannelChange::Closes) } else { waits };
                // A channel that is closed keeps its letters: they wait for its opening, not for a time.
                let attempts = if cause == Cause::Gone { 1 } else { letter.attempts.saturating_add(1) };
                let standing = match again::after(attempts, jitter, asked) {
                    Some(seconds) => Standing::Again { at: later(now, seconds.into()), why },
                    None => Standing::GivenUp { why },
                };
                (standing, change)
            }
        };
        if let Some(place) = self.standings.get_mut(self.place) {
            *place = standing;
        }
        self.state = State::Became(channel);
    }

    /// The letter at `place` stands so, and nothing of it is written.
    fn stands(&mut self, standing: Standing) {
        if let Some(place) = self.standings.get_mut(self.place) {
            *place = standing;
        }
        self.place = self.place.saturating_add(1);
        self.state = State::Next;
    }

    /// Of the round; a clock that goes back gives no more time than there was.
    fn seconds_left(&self, now: Timestamp) -> u32 {
        let gone = now.as_second().saturating_sub(self.begun.as_second()).max(0);
        u32::try_from(i64::from(self.terms.seconds).saturating_sub(gone)).unwrap_or(0)
    }
}

/// To the second, as the outbox keeps it.
fn later(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(now.as_second().saturating_add(seconds)).unwrap_or(Timestamp::MAX)
}
