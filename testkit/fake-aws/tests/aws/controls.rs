//! The controls: from Rust and as JSON for other processes.

use kagimori_fake_aws::{Request, Trouble, bastion};
use serde_json::{Value, json};

use crate::client::Aws;

fn control(aws: &mut Aws, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = Request {
        method: method.into(),
        path: format!("/control/{path}"),
        query: String::new(),
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
        source_ip: [127, 0, 0, 1].into(),
    };
    let answer = aws.send(&request);
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[test]
fn time_codes_and_keys() {
    let mut aws = Aws::bastion();
    let code = control(&mut aws, "POST", "totp", &json!({ "serial": bastion::ALICE_MFA }));
    assert_eq!(code, (200, json!({ "code": aws.code("alice") })));
    let moved = control(&mut aws, "POST", "clock", &json!({ "advance_seconds": 3600 }));
    assert_eq!(moved, (200, json!({ "now": "2026-11-25T10:00:00Z" })));
    let set = control(&mut aws, "POST", "clock", &json!({ "set": "2027-01-01T00:00:00Z" }));
    assert_eq!(set, (200, json!({ "now": "2027-01-01T00:00:00Z" })));
    let arn = json!({ "arn": "arn:aws:iam::111122223333:user/alice" });
    let (_, pairs) = control(&mut aws, "POST", "access-keys", &arn);
    let alice = aws.user("alice");
    assert_eq!(pairs[0], json!({ "access_key_id": alice.id, "secret_access_key": alice.secret }));
    let (_, keys) = control(&mut aws, "GET", "keys", &Value::Null);
    assert_eq!(keys[0]["access_key_id"], json!(alice.id));
    assert_eq!((&keys[0]["active"], &keys[0]["last_used"]), (&json!(true), &Value::Null));
    assert!(!keys.to_string().contains("fictional/"), "no secrets in the inventory");
}

#[test]
fn settings_change_by_name_and_unknown_ones_are_refused() {
    let mut aws = Aws::bastion();
    let (status, all) =
        control(&mut aws, "POST", "settings", &json!({ "large_tokens": true, "window_steps": 3 }));
    assert_eq!((status, &all["large_tokens"], &all["denial_reasons"]), (200, &json!(true), &json!(true)));
    assert!(aws.world.settings().large_tokens && aws.world.settings().window_steps == 3);
    for odd in [json!({ "large_token": true }), json!({ "large_tokens": "yes" }), json!([1])] {
        assert_eq!(control(&mut aws, "POST", "settings", &odd).0, 400, "{odd}");
    }
    assert!(aws.world.settings().large_tokens, "nothing changed");
}

#[test]
fn troubles_come_as_often_as_planned() {
    let mut aws = Aws::bastion();
    let alice = aws.user("alice");
    let plan =
        |aws: &mut Aws, body: &Value| assert_eq!(control(aws, "POST", "trouble", body).0, 200, "{body}");
    plan(
        &mut aws,
        &json!({ "operation": "GetCallerIdentity", "times": 2, "kind": "delay", "milliseconds": 80 }),
    );
    plan(&mut aws, &json!({ "operation": "GetCallerIdentity", "times": 1, "kind": "throttle" }));
    plan(
        &mut aws,
        &json!({ "times": 1, "kind": "fail", "status": 503, "code": "ServiceUnavailable", "message": "later" }),
    );
    plan(&mut aws, &json!({ "operation": "GetSessionToken", "times": 1, "kind": "lose_reply" }));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = aws.sts(&alice, "GetCallerIdentity", &[]);
        seen.push((answer.code(), answer.reply.delay_milliseconds));
    }
    let expected = [("Throttling", 80), ("ServiceUnavailable", 80), ("OK", 0)];
    assert_eq!(seen, expected.map(|(code, delay)| (code.to_owned(), delay)));
    // A failed call does not use up a lost reply.
    let wrong = aws.sts(&alice, "GetSessionToken", &[("DurationSeconds", "1")]);
    assert!(!wrong.reply.is_lost);
    assert!(aws.sts(&alice, "GetSessionToken", &[]).reply.is_lost);
    assert!(!aws.sts(&alice, "GetSessionToken", &[]).reply.is_lost);
    for odd in
        [json!({ "kind": "explode" }), json!({ "operation": "AssumeRole" }), json!({ "kind": "delay" })]
    {
        assert_eq!(control(&mut aws, "POST", "trouble", &odd).0, 400, "{odd}");
    }
}

#[test]
fn counters_and_log() {
    let mut aws = Aws::bastion();
    let (alice, arn) = (aws.user("alice"), "arn:aws:iam::111122223333:user/alice");
    aws.world.plan(Some("GetSessionToken"), Some(1), Trouble::LoseReply);
    let code = aws.code("alice");
    let mfa = [("SerialNumber", bastion::ALICE_MFA), ("TokenCode", code.as_str())];
    aws.sts(&alice, "GetSessionToken", &mfa);
    aws.sts(&alice, "GetSessionToken", &mfa);
    aws.sts(&alice, "GetCallerIdentity", &[]);
    let counters = aws.world.counters();
    let tokens = counters.by("GetSessionToken", arn);
    assert_eq!((tokens.succeeded, tokens.failed, counters.total()), (1, 1, 3));
    assert_eq!(counters.by("GetSessionToken", "somebody else").succeeded, 0);
    let (_, log) = control(&mut aws, "GET", "log", &Value::Null);
    assert_eq!(log[0]["is_lost"], json!(true));
    assert_eq!(log[1]["error"], json!("AccessDenied"));
    assert_eq!(log[1]["parameters"]["TokenCode"], json!("(6 characters)"));
    assert_eq!((&log[2]["caller"], &log[2]["access_key_id"]), (&json!(arn), &json!(alice.id)));
    let (_, counted) = control(&mut aws, "GET", "counters", &Value::Null);
    assert_eq!(counted["GetSessionToken"][arn], json!({ "succeeded": 1, "failed": 1 }));
    assert_eq!(control(&mut aws, "GET", "nothing", &Value::Null).0, 400);
}
