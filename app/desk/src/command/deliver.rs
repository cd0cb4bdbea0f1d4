//! The round of delivery: what is due is sent, and what became of it written down. The desk goes on meanwhile.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use jiff::Timestamp;
use kagimori_journal::{Hash, JournalError, Letter, Outbox, Place};
use kagimori_notice::{ChannelChange, Notice, Round, Standing, Taken, Terms, Wanted, letter_id};
use kagimori_notify::{Dispatch, Notifier};

/// A round may take so long, and a letter of it.
const TERMS: Terms = Terms { seconds: 60, seconds_each: 15 };

/// Sends what is due. Letters that are not taken are no error: they wait.
///
/// # Errors
/// When the outbox cannot be read or written: a letter whose attempt cannot be written down is not sent.
pub(crate) fn round(journal: &Place, notifier: &Notifier) -> Result<(), JournalError> {
    let mut outbox = Outbox::open(journal)?;
    let now = Timestamp::now();
    let due = outbox.due(now)?;
    let closed: Vec<String> = outbox.closed()?.into_iter().map(|closed| closed.channel).collect();
    let letters = due.iter().map(|letter| kagimori_notice::Letter {
        number: letter.id,
        channel: letter.channel.clone(),
        attempts: letter.attempts,
    });
    let mut round = Round::new(letters.collect(), &closed, TERMS, now);
    loop {
        let wanted = round.next(Timestamp::now());
        let (Wanted::Claim { letter, .. } | Wanted::Send { letter, .. } | Wanted::Write { letter, .. }) =
            &wanted
        else {
            return Ok(());
        };
        let Some(letter) = due.get(*letter) else { return Ok(()) };
        let Some(taken) = done(&mut outbox, notifier, letter, &wanted)? else { return Ok(()) };
        round.take(taken, Timestamp::now());
    }
}

fn done(
    outbox: &mut Outbox,
    notifier: &Notifier,
    letter: &Letter,
    wanted: &Wanted,
) -> Result<Option<Taken>, JournalError> {
    let now = Timestamp::now();
    match wanted {
        Wanted::Claim { until, .. } => Ok(Some(Taken::Claimed(outbox.claim(letter.id, now, *until)?))),
        Wanted::Send { seconds, .. } => {
            let notice = Notice::read(&letter.body);
            let id = letter_id(Hash::leaf(&letter.entry).as_bytes(), letter.id, &letter.channel);
            let written = kagimori_custody::Leaf::parse(&letter.entry).ok().map(|leaf| leaf.at);
            let dispatch = Dispatch { id, notice: &notice, written, is_again: letter.attempts > 0 };
            let limit = Duration::from_secs((*seconds).into());
            let outcome = notifier.send(&letter.channel, &dispatch, limit, now);
            Ok(Some(Taken::Became { outcome, jitter: jitter() }))
        }
        Wanted::Write { standing, channel, .. } => {
            write(outbox, letter, standing, channel.as_ref(), now)?;
            Ok(Some(Taken::Written))
        }
        Wanted::Nothing => Ok(None),
    }
}

fn write(
    outbox: &mut Outbox,
    letter: &Letter,
    standing: &Standing,
    change: Option<&ChannelChange>,
    now: Timestamp,
) -> Result<(), JournalError> {
    let why = match standing {
        Standing::Again { why, .. } | Standing::GivenUp { why } => why.as_str(),
        Standing::Sent(_) | Standing::Left(_) => "",
    };
    match standing {
        Standing::Sent(_) => outbox.sent(letter.id, now)?,
        Standing::Again { at, why } => outbox.unsent(letter.id, why, Some(*at))?,
        Standing::GivenUp { why } => outbox.unsent(letter.id, why, None)?,
        // Nothing is written of what was not tried.
        Standing::Left(_) => {}
    }
    match change {
        Some(ChannelChange::Closes) => outbox.close(&letter.channel, why, now),
        Some(ChannelChange::WaitsUntil(until)) => outbox.wait(&letter.channel, *until),
        None => Ok(()),
    }
}

/// From 0 to 1000, another each time.
fn jitter() -> u16 {
    u16::try_from(RandomState::new().build_hasher().finish() % 1001).unwrap_or(0)
}
