//! Answers as the channels give them, and what others say in their place.

use super::*;
use crate::channel::WireChannel;

fn way(text: &str) -> Way {
    toml::from_str::<WireChannel>(text).unwrap().read("sre").unwrap().way
}

fn slack() -> Way {
    way("kind = 'slack'\naddress = 'env:U'")
}

fn bot() -> Way {
    way("kind = 'slack-bot'\ntoken = 'env:T'\nto = 'C1'")
}

fn backlog() -> Way {
    way("kind = 'backlog'\naddress = 'https://x.backlog.com'\nkey = 'env:K'\nproject = 'SEC'")
}

fn webhook() -> Way {
    way("kind = 'webhook'\naddress = 'https://x.example'\nsecret = 'env:S'")
}

fn teams() -> Way {
    way("kind = 'teams'\naddress = 'env:U'")
}

const PAGE: &str = "<html><title>Sign in</title>";

/// A channel, a status and a body, and what they mean.
type Case = (Way, u16, &'static str, Result<Option<&'static str>, Cause>);

#[test]
fn answers_mean_what_their_channel_says() {
    let taken = || Ok(None);
    let cases: Vec<Case> = vec![
        (slack(), 200, "ok", taken()),
        (slack(), 200, "ok\n", taken()),
        (slack(), 200, PAGE, Err(Cause::Channel)),
        (slack(), 200, "", Err(Cause::Channel)),
        (slack(), 400, "invalid_payload", Err(Cause::Letter)),
        (slack(), 400, "no_text", Err(Cause::Letter)),
        (slack(), 403, "action_prohibited", Err(Cause::Channel)),
        (slack(), 403, "invalid_token", Err(Cause::Channel)),
        (slack(), 404, "channel_not_found", Err(Cause::Channel)),
        (slack(), 404, "no_service", Err(Cause::Channel)),
        (slack(), 410, "channel_is_archived", Err(Cause::Gone)),
        (slack(), 500, "rollup_error", Err(Cause::Unknown)),
        (slack(), 429, "rate_limited", Err(Cause::Busy(Some(30)))),
        (slack(), 503, PAGE, Err(Cause::Busy(Some(30)))),
        (slack(), 302, "", Err(Cause::Channel)),
        (bot(), 200, r#"{"ok":true,"channel":"C1","ts":"1503435956.000247"}"#, Ok(Some("1503435956.000247"))),
        (bot(), 200, r#"{"ok":true}"#, taken()),
        (bot(), 200, r#"{"ok":true,"ts":"a secret?"}"#, taken()),
        (bot(), 200, r#"{"ok":false,"error":"invalid_auth"}"#, Err(Cause::Channel)),
        (bot(), 200, r#"{"ok":false,"error":"channel_not_found"}"#, Err(Cause::Channel)),
        (bot(), 200, r#"{"ok":false,"error":"a_word_of_tomorrow"}"#, Err(Cause::Channel)),
        (bot(), 200, r#"{"ok":false,"error":"msg_too_long"}"#, Err(Cause::Letter)),
        (bot(), 200, r#"{"ok":false,"error":"ratelimited"}"#, Err(Cause::Busy(Some(30)))),
        (bot(), 200, r#"{"ok":false,"error":"internal_error"}"#, Err(Cause::Unknown)),
        (bot(), 200, r#"{"ok":false}"#, Err(Cause::Channel)),
        (bot(), 200, PAGE, Err(Cause::Channel)),
        (bot(), 200, "ok", Err(Cause::Channel)),
        (bot(), 429, "", Err(Cause::Busy(Some(30)))),
        (bot(), 500, PAGE, Err(Cause::Busy(Some(30)))),
        (backlog(), 201, r#"{"id":1,"issueKey":"SEC-1"}"#, taken()),
        (backlog(), 200, "[]", taken()),
        (backlog(), 200, PAGE, Err(Cause::Channel)),
        (
            backlog(),
            401,
            r#"{"errors":[{"message":"Authentication failure.","code":11,"moreInfo":""}]}"#,
            Err(Cause::Channel),
        ),
        (
            backlog(),
            404,
            r#"{"errors":[{"message":"No such project.","code":6,"moreInfo":""}]}"#,
            Err(Cause::Channel),
        ),
        (backlog(), 500, r#"{"errors":[{"message":"x","code":1,"moreInfo":""}]}"#, Err(Cause::Unknown)),
        (backlog(), 429, "", Err(Cause::Busy(Some(30)))),
        (backlog(), 502, PAGE, Err(Cause::Busy(Some(30)))),
        (webhook(), 200, PAGE, taken()),
        (webhook(), 204, "", taken()),
        (webhook(), 301, "", Err(Cause::Channel)),
        (webhook(), 400, "", Err(Cause::Channel)),
        (webhook(), 404, "", Err(Cause::Channel)),
        (webhook(), 410, "", Err(Cause::Gone)),
        (webhook(), 429, "", Err(Cause::Busy(Some(30)))),
        (webhook(), 502, "", Err(Cause::Busy(Some(30)))),
        (webhook(), 504, "", Err(Cause::Busy(Some(30)))),
        (teams(), 202, "", taken()),
        (teams(), 200, "1", taken()),
        (teams(), 200, PAGE, Err(Cause::Channel)),
        (
            teams(),
            200,
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x",
            Err(Cause::Busy(Some(30))),
        ),
        (
            teams(),
            200,
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 403",
            Err(Cause::Unknown),
        ),
        (teams(), 400, "{}", Err(Cause::Letter)),
        (teams(), 413, "", Err(Cause::Letter)),
        (teams(), 401, "{}", Err(Cause::Channel)),
        (teams(), 404, "{}", Err(Cause::Channel)),
        (teams(), 410, "", Err(Cause::Gone)),
        (teams(), 500, "", Err(Cause::Busy(Some(30)))),
    ];
    for (way, status, body, expected) in cases {
        let answer = Answer { status, retry_after: Some(30), resets_in: None, body: body.to_owned() };
        let found = match judge(&way, &answer) {
            Outcome::Taken(receipt) => Ok(receipt),
            Outcome::Failed { why, cause } => {
                assert!(!why.is_empty() && !why.contains("html"), "{why}");
                Err(cause)
            }
        };
        let expected = expected.map(|receipt| receipt.map(str::to_owned));
        assert_eq!(found, expected, "{} {status} {body}", way.kind());
    }
}

#[test]
fn what_a_receiver_says_is_repeated_as_a_word_alone() {
    for (way, body) in [
        (slack(), "https://hooks.example.com/services/T/B/X"),
        (slack(), "Bearer XOXB"),
        (bot(), r#"{"ok":false,"error":"Bearer XOXB-secret"}"#),
        (webhook(), "secret"),
        (teams(), "https://x.example?sig=secret"),
    ] {
        let answer = Answer { status: 400, body: body.to_owned(), ..Answer::default() };
        let Outcome::Failed { why, .. } = judge(&way, &answer) else { panic!("taken") };
        assert!(!why.contains("ecret") && !why.contains("XOXB") && !why.contains("://"), "{why}");
    }
}

#[test]
fn backlog_tells_when_its_window_begins_again() {
    let answer = Answer { status: 429, resets_in: Some(42), ..Answer::default() };
    assert!(matches!(judge(&backlog(), &answer), Outcome::Failed { cause: Cause::Busy(Some(42)), .. }));
}
