//! Slack, Standard Webhooks and Teams: what is sent, and what becomes of each answer.

use std::net::TcpListener;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use kagimori_notice::{Cause, Outcome};
use serde_json::Value;
use sha2::Sha256;

use crate::place::{Place, id, now, send, send_within, why};
use crate::server::{Reply, Seen, Server, text};

/// `{server}` in the channel is where the receiver is, and the file `url` holds it with a path.
fn with(
    channel: &str,
    answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
) -> (Place, Server, String) {
    let server = Server::start(answer);
    let place = Place::new();
    place.secret("url", &format!("http://{}/services/T0/B0/x\n", server.authority));
    place.secret("token", "a-token-of-a-bot");
    place.secret("new", &format!("whsec_{}", BASE64.encode([5; 32])));
    place.secret("old", &format!("whsec_{}", BASE64.encode([6; 24])));
    let channel = channel.replace("{server}", &server.authority);
    (place, server, channel)
}

const SLACK: &str = "kind = 'slack'\naddress = 'file:url'";
const BOT: &str = "kind = 'slack-bot'\naddress = 'http://{server}/api'\ntoken = 'file:token'\nto = 'C1'";
const WEBHOOK: &str = "kind = 'webhook'\naddress = 'http://{server}/hook'\nsecret = ['file:new', 'file:old']";
const TEAMS: &str = "kind = 'teams'\naddress = 'file:url'\nlanguage = 'ja'";

#[test]
fn a_slack_webhook_gets_a_message() {
    let (place, server, channel) = with(SLACK, |_, _| text(200, "ok"));
    assert_eq!(send(&place.notifier(&channel), "<!channel>", false), Outcome::Taken(None));
    let seen = server.one();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/services/T0/B0/x"));
    assert_eq!(seen.header("content-type"), "application/json; charset=utf-8");
    assert!(seen.header("user-agent").starts_with("kagimori/"));
    let message: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(message["text"], "&lt;!channel&gt; is switched off");
}

#[test]
fn a_bot_shows_its_token_and_says_what_it_made() {
    let (place, server, channel) = with(BOT, |seen, _| {
        let is_known = seen.header("authorization") == "Bearer a-token-of-a-bot";
        text(
            200,
            if is_known { r#"{"ok":true,"ts":"1.2"}"# } else { r#"{"ok":false,"error":"invalid_auth"}"# },
        )
    });
    assert_eq!(send(&place.notifier(&channel), "svc", false), Outcome::Taken(Some("1.2".to_owned())));
    let seen = server.one();
    assert_eq!(seen.target, "/api/chat.postMessage");
    let message: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!((&message["channel"], &message["link_names"]), (&Value::from("C1"), &Value::from(false)));
    assert_eq!(message["metadata"]["event_payload"]["id"], id().as_str());
    place.secret("token", "another");
    let (why, cause) = why(send(&place.notifier(&channel), "svc", false));
    assert_eq!((why.as_str(), cause), ("Slack says `invalid_auth`", Cause::Channel));
}

/// The signature is worked out again here, over exactly the bytes that came; `scripts/check-notify` asks the reference implementation.
#[test]
fn a_webhook_is_signed_by_each_secret_and_keeps_its_id() {
    let (place, server, channel) = with(WEBHOOK, |_, number| text(if number == 0 { 503 } else { 204 }, ""));
    let notifier = place.notifier(&channel);
    assert_eq!(why(send(&notifier, "svc", false)).1, Cause::Busy(None));
    assert_eq!(send(&notifier, "svc", true), Outcome::Taken(None));
    let seen = server.seen();
    assert_eq!(seen[0].header("webhook-id"), id().as_str());
    assert_eq!((seen[1].header("webhook-id"), &seen[1].body), (id().as_str(), &seen[0].body));
    let stamp = now().as_second().to_string();
    assert_eq!(seen[0].header("webhook-timestamp"), stamp);
    let signed = |key: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("{}.{stamp}.{}", id(), seen[0].body).as_bytes());
        format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
    };
    assert_eq!(seen[0].header("webhook-signature"), format!("{} {}", signed(&[5; 32]), signed(&[6; 24])));
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(
        (&body["type"], &body["timestamp"]),
        (&Value::from("retire.off"), &Value::from(now().to_string()))
    );
}

#[test]
fn a_workflow_gets_a_card() {
    let (place, server, channel) = with(TEAMS, |_, _| text(202, ""));
    assert_eq!(send(&place.notifier(&channel), "[x](y)", false), Outcome::Taken(None));
    let message: Value = serde_json::from_str(&server.one().body).unwrap();
    let card = &message["attachments"][0]["content"];
    assert_eq!(card["type"], "AdaptiveCard");
    assert_eq!(card["body"][0]["inlines"][0]["text"], "[x](y) を無効化しました");
}

/// A channel, what its receiver does, and what is told of it.
type Case = (&'static str, fn() -> Reply, &'static str, Cause);

#[test]
fn receivers_that_keep_no_rules() {
    let cases: [Case; 13] = [
        (SLACK, || text(404, "no_service"), "Slack says `no_service`", Cause::Channel),
        (SLACK, || text(410, "channel_is_archived"), "Slack says `channel_is_archived`", Cause::Gone),
        (
            SLACK,
            || text(200, "<html>sign in"),
            "what answered is not Slack: a proxy, or another address",
            Cause::Channel,
        ),
        (
            SLACK,
            || Reply::Answer(429, vec![("retry-after", "30".to_owned())], String::new()),
            "Slack asks to wait (HTTP 429)",
            Cause::Busy(Some(30)),
        ),
        (WEBHOOK, || text(500, "oh"), "it answered HTTP 500", Cause::Busy(None)),
        (WEBHOOK, || text(410, ""), "it answered HTTP 410", Cause::Gone),
        (WEBHOOK, || Reply::Silence, "the connection broke", Cause::Unknown),
        (WEBHOOK, || Reply::Garbage, "what came back is no answer", Cause::Unknown),
        (WEBHOOK, || Reply::Wait, "no answer in time", Cause::Unknown),
        (SLACK, || Reply::Drip, "the answer broke off", Cause::Unknown),
        (SLACK, || Reply::Half, "the answer broke off", Cause::Unknown),
        (TEAMS, || text(400, "{}"), "it answered HTTP 400", Cause::Letter),
        (
            BOT,
            || text(200, r#"{"ok":false,"error":"ratelimited"}"#),
            "Slack says `ratelimited`",
            Cause::Busy(None),
        ),
    ];
    std::thread::scope(|scope| {
        for (channel, reply, expected, cause) in cases {
            scope.spawn(move || {
                let (place, _server, channel) = with(channel, move |_, _| reply());
                let never_ends = matches!(reply(), Reply::Wait | Reply::Drip);
                let time = Duration::from_secs(if never_ends { 2 } else { 300 });
                let told = why(send_within(time, &place.notifier(&channel), "svc", false));
                assert_eq!((told.0.as_str(), told.1), (expected, cause));
            });
        }
    });
}

/// Nothing goes where a receiver points: neither the letter nor what signs it.
#[test]
fn no_redirect_is_followed() {
    for channel in [SLACK, BOT, WEBHOOK, TEAMS] {
        for status in [301, 302, 303, 307, 308] {
            let elsewhere = Server::start(|_, _| text(200, "ok"));
            let there = format!("http://{}/", elsewhere.authority);
            let (place, server, channel) = with(channel, move |_, _| {
                Reply::Answer(status, vec![("location", there.clone())], String::new())
            });
            let (why, cause) = why(send(&place.notifier(&channel), "svc", false));
            assert!(why.contains("points elsewhere") && cause == Cause::Channel, "{why}");
            assert_eq!((server.seen().len(), elsewhere.seen().len()), (1, 0));
        }
    }
}

#[test]
fn nobody_there_and_nobody_known() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (place, _server, _) = with(SLACK, |_, _| text(200, "ok"));
    let told = |url: &str| {
        place.secret("url", url);
        why(send(&place.notifier(SLACK), "svc", false))
    };
    assert_eq!(
        told(&format!("http://{free}/x")),
        ("the connection was refused".to_owned(), Cause::Busy(None))
    );
    assert_eq!(
        told("http://example.com/x").0,
        "the address of `file:url` is not encrypted: only `https` leaves this machine"
    );
    assert_eq!(told("hooks.slack.com/x").0, "the address of `file:url` is no address");
    assert_eq!(told("").0, "`file:url` is empty");
    let (why, cause) = told("https://nobody.invalid/x");
    assert!(why.contains("host") && matches!(cause, Cause::Busy(None)), "{why}");
}

/// A receiver without TLS, or with a certificate that nobody vouches for, gets nothing.
#[test]
fn without_tls_nothing_is_said() {
    let server = Server::start(|_, _| text(200, "ok"));
    let place = Place::new();
    place.secret("url", &format!("https://{}/services/x", server.authority));
    // Both wait for the other to begin.
    let (why, cause) = why(send_within(Duration::from_secs(2), &place.notifier(SLACK), "svc", false));
    assert!(matches!(cause, Cause::Channel | Cause::Unknown), "{why}");
    assert!(server.seen().iter().all(|seen| !seen.target.contains("services") && !seen.body.contains("svc")));
}

#[test]
fn secrets_that_are_none_are_told_by_their_reference() {
    let (place, server, channel) = with(WEBHOOK, |_, _| text(200, ""));
    for (secret, told) in [
        ("whsec_c2hvcnQ=", "`file:new` has not between 24 and 64 bytes"),
        ("a secret", "`file:new` does not begin with `whsec_`"),
        ("whsec_!", "`file:new` is no base64 behind `whsec_`"),
        ("", "`file:new` is empty"),
        ("a\nb", "`file:new` has more than one line, or control characters"),
    ] {
        place.secret("new", secret);
        assert_eq!(why(send(&place.notifier(&channel), "svc", false)), (told.to_owned(), Cause::Channel));
    }
    assert!(server.seen().is_empty());
    let notice = crate::place::notice("svc");
    let dispatch = kagimori_notify::Dispatch { id: id(), notice: &notice, written: None, is_again: false };
    let outcome =
        place.notifier(&channel).send("owners", &dispatch, std::time::Duration::from_secs(1), now());
    assert_eq!(why(outcome).0, "kagimori.toml has no channel `owners`");
}
