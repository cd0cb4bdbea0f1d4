//! Backlog's answers: a status and `errors[]` with a code and a sentence (developer.nulab.com, "Error response").

use serde::Deserialize;

use super::{Answer, Cause, Outcome, status};
use crate::tame::tamed;

#[derive(Deserialize)]
struct Refused {
    errors: Vec<Error>,
}

#[derive(Deserialize)]
struct Error {
    code: i64,
    #[serde(default)]
    message: String,
}

/// An answer to any call: `Taken` for 200 and 201 with JSON.
pub(super) fn call(answer: &Answer) -> Outcome {
    let body = answer.body.trim_start();
    match answer.status {
        200 | 201 if body.starts_with(['{', '[']) => Outcome::Taken(None),
        200..=299 => {
            Outcome::failed(Cause::Channel, "what answered is not Backlog: a proxy, or another address")
        }
        429 => Outcome::failed(
            Cause::Busy(answer.retry_after.or(answer.resets_in)),
            "Backlog asks to wait (HTTP 429)",
        ),
        _ => match serde_json::from_str::<Refused>(body)
            .ok()
            .and_then(|refused| refused.errors.into_iter().next())
        {
            Some(error) => Outcome::failed(cause(error.code, answer), said(&error)),
            None => status(answer),
        },
    }
}

/// "Error codes" of the same page.
fn cause(code: i64, answer: &Answer) -> Cause {
    match code {
        // InternalError
        1 => Cause::Unknown,
        // TooManyRequestsError
        13 => Cause::Busy(answer.retry_after.or(answer.resets_in)),
        // LicenceError, LicenceExpiredError, AccessDeniedError, UnauthorizedOperationError, NoResourceError, InvalidRequestError (a name
        // of the settings that the project has not), SpaceOverCapacityError, …, AuthenticationError
        _ => Cause::Channel,
    }
}

fn said(error: &Error) -> String {
    // Whole: what is cut before secrets are taken out of it may keep a part of one.
    format!("Backlog says `{}` (code {})", tamed(&error.message, usize::MAX), error.code)
}
