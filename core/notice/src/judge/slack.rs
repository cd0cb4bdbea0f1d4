//! Slack's answers: of incoming webhooks (docs.slack.dev, "Sending messages using incoming webhooks", "Handling errors"), and of the Web API,
//! which answers 200 whether it did something or not.

use serde::Deserialize;

use super::{Answer, Cause, Outcome, status, word};

/// What is wrong with the message, so that no other time helps. Slack's words of both kinds.
const OF_THE_LETTER: [&str; 13] = [
    "invalid_arg_name",
    "invalid_arguments",
    "invalid_attachments",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_json",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "invalid_payload",
    "metadata_too_large",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
];
/// What passes.
const OF_THE_HOUR: [&str; 6] = [
    "message_limit_exceeded",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
];
/// "It's possible some aspect of the operation succeeded before the error was raised."
const OF_NOBODY_KNOWS: [&str; 3] = ["fatal_error", "internal_error", "rollup_error"];

/// A webhook says `ok`, or a word with a status.
pub(super) fn webhook(answer: &Answer) -> Outcome {
    match (answer.status, word(&answer.body)) {
        (200, Some("ok")) => Outcome::Taken(None),
        (200, _) => nonsense(),
        (410, Some(word)) => Outcome::failed(Cause::Gone, said(word)),
        (429, _) => Outcome::failed(Cause::Busy(answer.retry_after), "Slack asks to wait (HTTP 429)"),
        (_, Some(word)) => Outcome::failed(cause(word, answer), said(word)),
        (_, None) => status(answer),
    }
}

#[derive(Deserialize)]
struct Reply {
    ok: bool,
    error: Option<String>,
    ts: Option<String>,
}

/// The Web API says whether it did it in the body.
pub(super) fn bot(answer: &Answer) -> Outcome {
    if answer.status == 429 {
        return Outcome::failed(Cause::Busy(answer.retry_after), "Slack asks to wait (HTTP 429)");
    }
    let reply: Option<Reply> = serde_json::from_str(&answer.body).ok();
    match (answer.status, reply) {
        (200, Some(Reply { ok: true, ts, .. })) => Outcome::Taken(ts.filter(|ts| is_stamp(ts))),
        (_, Some(Reply { ok: false, error: Some(error), .. })) => match word(&error) {
            Some(word) => Outcome::failed(cause(word, answer), said(word)),
            None => Outcome::failed(Cause::Channel, "Slack refused it, and does not say why"),
        },
        (200, _) => nonsense(),
        (_, _) => status(answer),
    }
}

fn cause(word: &str, answer: &Answer) -> Cause {
    if OF_THE_LETTER.contains(&word) {
        Cause::Letter
    } else if OF_THE_HOUR.contains(&word) {
        Cause::Busy(answer.retry_after)
    } else if OF_NOBODY_KNOWS.contains(&word) {
        Cause::Unknown
    } else {
        // Tokens, scopes, channels: and words that are new.
        Cause::Channel
    }
}

fn said(word: &str) -> String {
    format!("Slack says `{word}`")
}

/// What is not Slack's own word, as the page of a proxy that wants a sign-in.
fn nonsense() -> Outcome {
    Outcome::failed(Cause::Channel, "what answered is not Slack: a proxy, or another address")
}

/// `1503435956.000247`
fn is_stamp(ts: &str) -> bool {
    ts.len() <= 40 && ts.bytes().all(|letter| letter.is_ascii_digit() || letter == b'.')
}
