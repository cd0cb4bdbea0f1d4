//! Answers of a Teams workflow: 202 for "taken", and the flow then runs by itself. The connectors that workflows replace answered 200 with a
//! failure in the text ("Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429").

use super::{Answer, Cause, Outcome, status};

pub(super) fn workflow(answer: &Answer) -> Outcome {
    let body = answer.body.trim();
    match answer.status {
        202 => Outcome::Taken(None),
        200 if body.contains("HTTP error 429") => {
            Outcome::failed(Cause::Busy(answer.retry_after), "Teams asks to wait")
        }
        200 if body.contains("HTTP error") || body.contains("delivery failed") => {
            Outcome::failed(Cause::Unknown, "Teams says that the delivery failed")
        }
        // A page of a proxy, or of a sign-in.
        200 if body.starts_with('<') => {
            Outcome::failed(Cause::Channel, "what answered is not a workflow: a proxy, or another address")
        }
        200 | 201 | 204 => Outcome::Taken(None),
        401 | 403 | 404 => Outcome::failed(
            Cause::Channel,
            format!(
                "the workflow does not take it (HTTP {}): it is off, gone, or its address is another",
                answer.status
            ),
        ),
        _ => status(answer),
    }
}
