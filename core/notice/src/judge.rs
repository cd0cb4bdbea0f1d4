//! What a channel's answer means. Only what the channel says in its own words is an answer: a page of a proxy is none.

mod backlog;
mod slack;
mod teams;
mod webhook;

use crate::channel::Way;

/// An answer by HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what an answer is")]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Retry-After` in seconds, when it is a number.
    pub retry_after: Option<u32>,
    /// Seconds until `X-RateLimit-Reset`.
    pub resets_in: Option<u32>,
    /// The beginning of the body.
    pub body: String,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever delivers has to know them all")]
pub enum Outcome {
    /// It was taken; maybe with what it is called there (a time stamp of Slack, the key of an issue).
    Taken(Option<String>),
    /// It was not taken, or nobody knows.
    Failed {
        /// A sentence without a beginning capital and a full stop; no secret in it.
        why: String,
        /// What that says of the letter and of the channel.
        cause: Cause,
    },
}

/// Why a letter was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever delivers has to know them all")]
pub enum Cause {
    /// The letter itself: it will never be taken.
    Letter,
    /// The channel as it is set up, or a secret of it: other letters will fare alike until somebody mends it.
    Channel,
    /// The receiver is busy, or cannot be reached; maybe it said when to come again.
    Busy(Option<u32>),
    /// The letter may have been taken: the answer was lost.
    Unknown,
    /// The receiver wants no more letters, ever (410 Gone).
    Gone,
}

impl Outcome {
    pub(crate) fn failed(cause: Cause, why: impl Into<String>) -> Self {
        Self::Failed { why: why.into(), cause }
    }
}

/// What an answer of a channel says; of Backlog, to one call.
#[must_use]
pub fn judge(way: &Way, answer: &Answer) -> Outcome {
    // Whoever answers so is no receiver; the letter and its secrets are not carried to where it points.
    if (300..400).contains(&answer.status) {
        let why = format!("it points elsewhere (HTTP {}), where nothing is sent", answer.status);
        return Outcome::failed(Cause::Channel, why);
    }
    match way {
        Way::Slack { .. } => slack::webhook(answer),
        Way::SlackBot { .. } => slack::bot(answer),
        Way::Backlog(_) => backlog::call(answer),
        Way::Webhook { .. } => webhook::webhook(answer),
        Way::Teams { .. } => teams::workflow(answer),
        Way::Mail(_) => Outcome::failed(Cause::Channel, "a mail server does not speak HTTP"),
    }
}

/// What a status means where a channel has no words of its own for it.
fn status(answer: &Answer) -> Outcome {
    let why = format!("it answered HTTP {}", answer.status);
    let cause = match answer.status {
        408 | 425 | 429 | 500 | 502..=504 | 507 | 509 | 521..=524 | 529 => {
            Cause::Busy(answer.retry_after.or(answer.resets_in))
        }
        410 => Cause::Gone,
        400 | 413 | 422 => Cause::Letter,
        _ => Cause::Channel,
    };
    Outcome::failed(cause, why)
}

/// A code of the receiver's, as it may stand in a message: a word.
fn word(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_word = (1..=60).contains(&text.len())
        && text
            .bytes()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_');
    is_word.then_some(text)
}

#[cfg(test)]
mod tests;
