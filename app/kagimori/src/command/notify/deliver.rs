//! A round of delivery: what the machine wants is written into the outbox and sent.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use kagimori_journal::{Hash, Journal, Outbox};
use kagimori_notice::{
    Channel, ChannelChange, Letter, LetterId, Notice, Round, Standing, Taken, Terms, Wanted, letter_id,
};
use kagimori_notify::{Dispatch, Notifier};
use kagimori_terminal::printer;
use serde_json::Value;

use super::show::Delivered;
use crate::error::AppError;

/// Sends what is due now, in the time that the terms allow; `all`: also what waits for its time, and what was given up.
///
/// # Errors
/// When the journal cannot be read or written: a letter whose attempt cannot be written down is not sent. Letters that are not taken are
/// no error.
pub(crate) fn round(
    directory: &Path,
    notifier: &Notifier,
    terms: Terms,
    all: bool,
) -> Result<Delivered, AppError> {
    let path = Journal::path_in(directory);
    let now = Timestamp::now();
    // Without a journal nothing was done, and nothing is told.
    if !path.is_file() {
        return Ok(Delivered::nothing(now));
    }
    let mut outbox = Outbox::open(&path)?;
    if all {
        outbox.again(now)?;
    }
    let due = outbox.due(now)?;
    let closed: Vec<String> = outbox.closed()?.into_iter().map(|closed| closed.channel).collect();
    let letter = |letter: &kagimori_journal::Letter| Letter {
        number: letter.id,
        channel: letter.channel.clone(),
        attempts: letter.attempts,
    };
    let mut driver = Driver { outbox, notifier, due: &due };
    let mut round = Round::new(due.iter().map(letter).collect(), &closed, terms, now);
    loop {
        let wanted = round.next(Timestamp::now());
        let Some(taken) = driver.done(&wanted)? else { break };
        round.take(taken, Timestamp::now());
    }
    Ok(Delivered::of(now, &due, &round))
}

/// How long whoever has acted goes on to tell people; what is left then is for `kagimori notify deliver`.
const AFTERWARDS: Terms = Terms { seconds: 30, seconds_each: 10 };

/// Tells people what was just done. Nothing that goes wrong here is a failure of what was done: it is a warning, and letters wait.
pub(crate) fn afterwards(directory: &Path, channels: BTreeMap<String, Channel>) {
    // Without channels nobody is told, and letters for channels that are gone are told of by `kagimori notify status`.
    if channels.is_empty() {
        return;
    }
    match round(directory, &Notifier::new(channels, directory.to_owned()), AFTERWARDS, false) {
        Ok(delivered) if delivered.is_clean() => {}
        Ok(_) => printer::warning(
            "not everybody could be told: `kagimori notify status` says why; letters are kept",
        ),
        Err(error) => printer::warning(&format!("nobody could be told: {error}; {}", error.hint())),
    }
}

/// What the letter is called wherever it is sent.
pub(super) fn id_of(letter: &kagimori_journal::Letter) -> LetterId {
    letter_id(Hash::leaf(&letter.entry).as_bytes(), letter.id, &letter.channel)
}

struct Driver<'a> {
    outbox: Outbox,
    notifier: &'a Notifier,
    due: &'a [kagimori_journal::Letter],
}

impl Driver<'_> {
    /// Does what is wanted; `None`: the round is over.
    fn done(&mut self, wanted: &Wanted) -> Result<Option<Taken>, AppError> {
        let now = Timestamp::now();
        let due = self.due;
        let (Wanted::Claim { letter, .. } | Wanted::Send { letter, .. } | Wanted::Write { letter, .. }) =
            wanted
        else {
            return Ok(None);
        };
        let Some(it) = due.get(*letter) else { return Ok(None) };
        match wanted {
            Wanted::Claim { until, .. } => Ok(Some(Taken::Claimed(self.outbox.claim(it.id, now, *until)?))),
            Wanted::Send { seconds, .. } => {
                let notice = Notice::read(&it.body);
                let dispatch = Dispatch {
                    id: id_of(it),
                    notice: &notice,
                    written: written(it),
                    is_again: it.attempts > 0,
                };
                let limit = Duration::from_secs((*seconds).into());
                let outcome = self.notifier.send(&it.channel, &dispatch, limit, now);
                Ok(Some(Taken::Became { outcome, jitter: jitter() }))
            }
            Wanted::Write { standing, channel, .. } => {
                self.write(it, standing, now)?;
                self.change(it, standing, channel.as_ref(), now)?;
                Ok(Some(Taken::Written))
            }
            Wanted::Nothing => Ok(None),
        }
    }

    fn write(
        &mut self,
        letter: &kagimori_journal::Letter,
        standing: &Standing,
        now: Timestamp,
    ) -> Result<(), AppError> {
        match standing {
            Standing::Sent(_) => self.outbox.sent(letter.id, now)?,
            Standing::Again { at, why } => self.outbox.unsent(letter.id, why, Some(*at))?,
            Standing::GivenUp { why } => self.outbox.unsent(letter.id, why, None)?,
            // Nothing is written of what was not tried.
            Standing::Left(_) => {}
        }
        Ok(())
    }

    fn change(
        &mut self,
        letter: &kagimori_journal::Letter,
        standing: &Standing,
        change: Option<&ChannelChange>,
        now: Timestamp,
    ) -> Result<(), AppError> {
        match change {
            Some(ChannelChange::Closes) => {
                let why = if let Standing::Again { why, .. } | Standing::GivenUp { why } = standing {
                    why
                } else {
                    ""
                };
                self.outbox.close(&letter.channel, why, now)?;
            }
            Some(ChannelChange::WaitsUntil(until)) => self.outbox.wait(&letter.channel, *until)?,
            None => {}
        }
        Ok(())
    }
}

/// When the entry was written, as the entries of this product say: `"at": "2026-12-01T00:00:00Z"`.
fn written(letter: &kagimori_journal::Letter) -> Option<Timestamp> {
    let entry: Value = serde_json::from_slice(&letter.entry).ok()?;
    entry.get("at")?.as_str()?.parse().ok()
}

/// From 0 to 1000, another each time: enough that two hosts do not come together.
fn jitter() -> u16 {
    u16::try_from(RandomState::new().build_hasher().finish() % 1001).unwrap_or(0)
}
