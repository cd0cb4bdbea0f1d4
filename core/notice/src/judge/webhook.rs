//! Answers to a Standard Webhook: 2xx is taken, 410 is never again, and the body is nobody's ("Success and failure").

use super::{Answer, Cause, Outcome, status};

pub(super) fn webhook(answer: &Answer) -> Outcome {
    match answer.status {
        200..=299 => Outcome::Taken(None),
        // Unlike others: a receiver that does not know the letter yet may know it after its next release, says the schedule.
        400 | 413 | 422 => Outcome::failed(Cause::Channel, format!("it answered HTTP {}", answer.status)),
        _ => status(answer),
    }
}
