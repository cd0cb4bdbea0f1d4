//! What the reader makes of whole files, cut files and odd ones.

use proptest::prelude::*;

use super::*;

const EVENT: &str = r#"{"eventVersion":"1.08","eventTime":"2026-03-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","userAgent":"a"}"#;

fn what(bytes: &[u8]) -> String {
    let reading = read(bytes, |_| ());
    let mut text = format!("{} events", reading.events);
    for damage in reading.first_damaged.iter().chain(&reading.stopped) {
        text += &format!("; {damage}");
    }
    text
}

fn with(change: &str, to: &str) -> String {
    assert!(EVENT.contains(change), "{change}");
    format!(r#"{{"Records":[{EVENT},{},{EVENT}]}}"#, EVENT.replace(change, to))
}

#[test]
fn forms() {
    let nested = r#"{"Records":[{"a":{"b":[1,"]}"]}}]}"#;
    let rows = [
        (format!(r#"{{"Records":[{EVENT},{EVENT}]}}"#), "2 events"),
        (format!("\u{feff}{{\"Records\":[{EVENT}]}}"), "1 events"),
        (format!(r#" {{ "x" : [1,{{}}] , "Records" : [ {EVENT} , {EVENT} ] , "y" : null }} "#), "2 events"),
        (format!(r#"{{"Rec\u006frds":[{EVENT}]}}"#), "1 events"),
        (format!("[{EVENT},{EVENT}]"), "2 events"),
        (EVENT.to_owned(), "1 events"),
        (format!("{EVENT}\n{EVENT}\n\n{EVENT}\n"), "3 events"),
        (format!(r#"{{"Records":[{EVENT}]}}{{"Records":[{EVENT}]}}"#), "2 events"),
        (r#"{"Records":[]}"#.to_owned(), "0 events"),
        ("[]".to_owned(), "0 events"),
        (EVENT.replace("eventName", r"event\u004eame"), "1 events"),
        (EVENT.replace('{', r#"{"eventTime":"garbage","#), "1 events"),
        (nested.to_owned(), "0 events; `eventTime` is absent (record 1, byte 12)"),
    ];
    for (text, expected) in rows {
        assert_eq!(what(text.as_bytes()), expected, "{text}");
    }
}

/// Records as others hand them on; the pages are named beside each.
#[test]
fn carried_records() {
    let text = serde_json::to_string(EVENT).unwrap();
    let bridge = |detail: &str| {
        format!(
            r#"{{"version":"0","id":"x","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"111122223333","time":"2026-03-01T00:00:01Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
        )
    };
    let one = bridge(EVENT);
    let rows = [
        // CloudTrail API, LookupEvents
        (format!(r#"{{"Events":[{{"EventId":"x","EventName":"ListBuckets","EventTime":1772323200.0,"Resources":[],"CloudTrailEvent":{text}}}],"NextToken":"n"}}"#), "1 events"),
        (format!(r#"[{{"EventId":"x","CloudTrailEvent":{text}}}]"#), "1 events"),
        // EventBridge, "AWS service events delivered via AWS CloudTrail"
        (one.clone(), "1 events"),
        (format!("[{one},{one}]"), "2 events"),
        (format!("{one}\n{one}\n"), "2 events"),
        (format!(r#"{{"Records":[{one}]}}"#), "1 events"),
        (format!("[{one},{}]", bridge(r#"{"instance-id":"i-1","state":"running"}"#)), "1 events"),
        // CloudWatch Logs API, FilterLogEvents and GetLogEvents
        (format!(r#"{{"events":[{{"timestamp":1,"message":{text},"ingestionTime":2}},{{"timestamp":1,"message":{text}}}],"searchedLogStreams":[]}}"#), "2 events"),
        // CloudWatch Logs, "Real-time processing of log data with subscriptions"
        (format!(r#"{{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{{"id":"1","timestamp":1,"message":{text}}}]}}"#).repeat(2), "2 events"),
        // CloudWatch Logs, "Exporting log data to Amazon S3"
        (format!("2026-03-01T00:00:02.000Z {EVENT}\n2026-03-01T00:00:03.123Z {EVENT}\n"), "2 events"),
        // CloudWatch Logs API, GetQueryResults
        (format!(r#"{{"results":[[{{"field":"@timestamp","value":"x"}},{{"field":"@message","value":{text}}}]],"status":"Complete"}}"#), "1 events"),
        // CloudTrail API, GetQueryResults
        (format!(r#"{{"QueryStatus":"FINISHED","QueryStatistics":{{"ResultsCount":1}},"QueryResultRows":[[{{"eventID":"x"}},{{"eventJson":{text}}}],[{{"eventJson":{text}}}]]}}"#), "2 events"),
        (format!(r#"{{"eventID":"x","eventTime":"2026-03-01 00:00:00.000","eventJson":{text}}}"#), "1 events"),
        // near misses: what carries no record is told, or no call
        (r#"{"Events":[{"EventId":"x","CloudTrailEvent":"no"}]}"#.to_owned(), "0 events; `eventTime` is absent (record 1, byte 11)"),
        (r#"{"results":[[{"field":"a","value":"1"}],[7]]}"#.to_owned(), "0 events; not an object (record 1, byte 12)"),
        ("2026-03-01T00:00:02.000Z START".to_owned(), "0 events; not JSON: unexpected `S` (byte 25)"),
        ("20 bottles".to_owned(), "0 events; not JSON: unexpected `2` (byte 0)"),
    ];
    for (text, expected) in rows {
        assert_eq!(what(text.as_bytes()), expected, "{text}");
    }
}

/// What EventBridge sends, but not from CloudTrail, is no call; an aggregated event was seen and cannot be replayed.
#[test]
fn what_is_no_call() {
    let aggregated = r#"{"eventVersion":"1.0","accountId":"111122223333","eventId":"x","eventCategory":"Aggregated","eventType":"AwsAggregatedEvent","awsRegion":"us-east-1","eventSource":"s3.amazonaws.com","timeWindow":{"windowStart":"2026-03-01T00:00:00Z","windowEnd":"2026-03-01T00:05:00Z","windowSize":"PT5M"},"summary":{}}"#;
    let other = r#"{"version":"0","detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","detail":{"state":"running"}}"#;
    for (text, calls) in [(aggregated, 0), (other, 0)] {
        let reading = read(format!(r#"{{"Records":[{text},{EVENT}]}}"#).as_bytes(), |_| ());
        assert_eq!((reading.events, reading.not_calls, reading.damaged), (1 + calls, 1, 0), "{text}");
        let reading = read(text.as_bytes(), |_| ());
        assert_eq!((reading.not_calls, &reading.stopped), (1, &None), "{text}");
    }
}

#[test]
fn damage() {
    let second = format!(r#"{{"Records":[{EVENT},"#).len();
    let rows: Vec<(Vec<u8>, String)> = vec![
        (b"".to_vec(), "0 events; the file is empty".into()),
        (b" \n".to_vec(), "0 events; the file is empty".into()),
        (b"hello".to_vec(), "0 events; not JSON: unexpected `h` (byte 0)".into()),
        (b"<html>".to_vec(), "0 events; not JSON: unexpected `<` (byte 0)".into()),
        (b"{}".to_vec(), "0 events; JSON without `Records`: not a CloudTrail file".into()),
        (
            br#"{"digestStartTime":"x"}"#.to_vec(),
            "0 events; a digest file of log file validation, not a log file".into(),
        ),
        (b"\xff\xfe{\0".to_vec(), "0 events; the text is UTF-16, and CloudTrail writes UTF-8".into()),
        (
            [format!("[{EVENT},").as_bytes(), b"\"\xe9\""].concat(),
            format!("1 events; the text is not UTF-8 (record 2, byte {})", EVENT.len() + 3),
        ),
        (
            format!(r#"{{"Records":[{EVENT},{{"eventT"#).into(),
            format!("1 events; the JSON ends in the middle (record 2, byte {})", second + 8),
        ),
        (
            format!(r#"{{"Records":[{EVENT}"#).into(),
            format!("1 events; the JSON ends in the middle (record 2, byte {})", second - 1),
        ),
        (
            format!(r#"{{"Records":[{EVENT} {EVENT}]}}"#).into(),
            format!("1 events; not JSON: unexpected `{{`, `,` expected (record 2, byte {second})"),
        ),
        (
            format!(r#"{{"Records":[{EVENT}]}} trailing"#).into(),
            format!("1 events; not JSON: unexpected `t` (byte {})", second + 2),
        ),
        (
            with(r#""1.08""#, r#""2.0""#).into(),
            format!("2 events; `eventVersion` is `2.0`, and 1.x is understood (record 2, byte {second})"),
        ),
        (
            with(r#""1.08""#, r#""01.08""#).into(),
            format!("2 events; `eventVersion` is `01.08`, and 1.x is understood (record 2, byte {second})"),
        ),
        (
            with("eventTime", "eventTim").into(),
            format!("2 events; `eventTime` is absent (record 2, byte {second})"),
        ),
        (
            with("2026-03-01T00:00:00Z", "yesterday").into(),
            format!("2 events; `eventTime` is no time (record 2, byte {second})"),
        ),
        (
            with(r#""s3.amazonaws.com""#, "7").into(),
            format!("2 events; `eventSource` is absent (record 2, byte {second})"),
        ),
        (
            with("ListBuckets", "").into(),
            format!("2 events; `eventName` is absent (record 2, byte {second})"),
        ),
        (
            with(r#""a"}"#, r#""\ud800"}"#).into(),
            format!(
                "2 events; a text is damaged: unexpected end of hex escape (record 2, byte {})",
                second + EVENT.len() + 3
            ),
        ),
        (
            format!(r#"[{EVENT},null,7,{EVENT}]"#).into(),
            format!("2 events; not an object (record 2, byte {})", EVENT.len() + 2),
        ),
    ];
    for (bytes, expected) in rows {
        assert_eq!(what(&bytes), expected, "{}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn odd_types_are_absent_and_counted() {
    let text =
        EVENT.replace(r#""a"}"#, r#"{"x":1},"awsRegion":5,"errorCode":null,"readOnly":"true","eventID":""}"#);
    let mut events = Vec::new();
    let reading = read(text.as_bytes(), |event| events.push(event.into_owned()));
    let event = events.first().unwrap();
    assert_eq!((&event.agent, &event.region, &event.error, &event.id), (&None, &None, &None, &None));
    assert_eq!((event.read_only, reading.odd_types), (Some(true), 3));
}

#[test]
fn a_value_longer_than_any_event_ends_the_reading() {
    let long = format!(r#"[{EVENT},{{"x":"{}"}},{EVENT}]"#, "y".repeat(RECORD_BYTES_MAX));
    let at = EVENT.len() + 2;
    assert_eq!(
        what(long.as_bytes()),
        format!("1 events; a value is longer than 4 MiB (record 2, byte {at})")
    );
    let endless = format!(r#"[{EVENT},"{}"#, "y".repeat(2 * RECORD_BYTES_MAX));
    assert_eq!(
        what(endless.as_bytes()),
        format!("1 events; a value is longer than 4 MiB (record 2, byte {})", at - 1)
    );
}

#[test]
fn sign_ins_and_insights() {
    let sign_in = EVENT.replace("ListBuckets", "ConsoleLogin").replace(
        r#""a"}"#,
        r#""a","errorMessage":"Failed authentication","responseElements":{"ConsoleLogin":"Failure"},"additionalEventData":{"MFAUsed":"YES"}}"#,
    );
    let insight =
        r#"{"eventVersion":"1.07","eventType":"AwsCloudTrailInsight","eventTime":"2026-03-01T00:00:00Z"}"#;
    let mut events = Vec::new();
    let reading = read(format!("[{sign_in},{insight}]").as_bytes(), |event| events.push(event.into_owned()));
    let event = events.first().unwrap();
    assert_eq!(event.sign_in, Some(super::super::SignIn { succeeded: false, mfa: Some(true) }));
    assert_eq!(event.error.as_deref(), Some("Failed authentication"));
    assert_eq!((reading.events, reading.not_calls, reading.damaged), (1, 1, 0));
}

/// The events that tell of sign-ins, as CloudTrail and Identity Center write them, and what they tell.
#[test]
fn sign_ins_of_every_kind() {
    let sign_in = |name: &str, rest: &str| {
        let text = EVENT.replace("ListBuckets", name).replace(r#""a"}"#, &format!(r#""a",{rest}}}"#));
        let mut told = None;
        read(text.as_bytes(), |event| told = event.sign_in.map(|one| (one.succeeded, one.mfa)));
        told
    };
    let rows = [
        (
            "ConsoleLogin",
            r#""responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"No"}"#,
            Some((true, Some(false))),
        ),
        (
            "SwitchRole",
            r#""responseElements":{"SwitchRole":"Success"},"additionalEventData":{"SwitchFrom":"arn:aws:iam::1:user/a"}"#,
            Some((true, None)),
        ),
        (
            "UserAuthentication",
            r#""responseElements":null,"serviceEventDetails":{"UserAuthentication":"Success"},"additionalEventData":{"CredentialType":"PASSWORD,TOTP"}"#,
            Some((true, Some(true))),
        ),
        (
            "UserAuthentication",
            r#""serviceEventDetails":{"UserAuthentication":"Success"},"additionalEventData":{"CredentialType":"PASSWORD"}"#,
            Some((true, Some(false))),
        ),
        (
            "UserAuthentication",
            r#""serviceEventDetails":{"UserAuthentication":"Success"},"additionalEventData":{"CredentialType":"EXTERNAL_IDP"}"#,
            Some((true, None)),
        ),
        // a step of a sign-in is none, and a failed step is all that is told of a failed one
        ("CredentialVerification", r#""serviceEventDetails":{"CredentialVerification":"Success"}"#, None),
        (
            "CredentialVerification",
            r#""serviceEventDetails":{"CredentialVerification":"Failure"}"#,
            Some((false, None)),
        ),
        ("ListBuckets", r#""responseElements":{"ListBuckets":"Success"}"#, None),
    ];
    for (name, rest, expected) in rows {
        assert_eq!(sign_in(name, rest), expected, "{name} {rest}");
    }
}

/// What a query's answer says of its own end.
#[test]
fn answers_that_are_not_whole() {
    let row = format!(r#"[{{"eventJson":{}}}]"#, serde_json::Value::from(EVENT));
    let lake = |rest: &str| format!(r#"{{"QueryResultRows":[{row}]{rest}}}"#);
    let status = |status: &str| Some(Unfinished::Status(status.to_owned()));
    let rows = [
        (lake(r#","QueryStatus":"FINISHED""#), None),
        (lake(""), None),
        (lake(r#","QueryStatus":"RUNNING""#), status("RUNNING")),
        (
            format!(r#"{{"QueryStatus":"RUNNING","QueryResultRows":[{row}],"NextToken":"t"}}"#),
            status("RUNNING"),
        ),
        (r#"{"QueryStatus":"QUEUED","QueryResultRows":[]}"#.to_owned(), status("QUEUED")),
        (lake(r#","QueryStatus":"FINISHED","NextToken":"t""#), Some(Unfinished::MoreFollows)),
        (lake(r#","QueryStatus":"FINISHED","NextToken":null"#), None),
        // pages in one file, in order
        (lake(r#","NextToken":"t""#) + &lake(""), None),
        (lake("") + &lake(r#","NextToken":"t""#), Some(Unfinished::MoreFollows)),
        (
            format!(
                r#"{{"Events":[{{"CloudTrailEvent":{}}}],"NextToken":"t"}}"#,
                serde_json::Value::from(EVENT)
            ),
            Some(Unfinished::MoreFollows),
        ),
        (r#"{"results":[],"status":"Running"}"#.to_owned(), status("Running")),
        (r#"{"results":[],"status":"Complete"}"#.to_owned(), None),
        // what events say is theirs
        (
            format!(
                r#"{{"Records":[{}]}}"#,
                EVENT.replace(r#""a"}"#, r#""a","NextToken":"t","status":"Running"}"#)
            ),
            None,
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(read(text.as_bytes(), |_| ()).unfinished, expected, "{text}");
    }
}

/// Reads in blocks of `size` bytes and more, as a caller with a buffer does.
fn in_blocks(bytes: &[u8], size: usize) -> (Vec<String>, Reading) {
    let (mut reader, mut names, mut buffer) = (Reader::default(), Vec::new(), Vec::new());
    let mut blocks = bytes.chunks(size).peekable();
    loop {
        buffer.extend_from_slice(blocks.next().unwrap_or_default());
        let last = blocks.peek().is_none();
        let used = reader.read(&buffer, last, |event| names.push(event.name.into_owned()));
        buffer.drain(..used);
        if last {
            return (names, reader.finish());
        }
    }
}

#[test]
fn a_damaged_text_costs_its_record_wherever_the_block_ends() {
    let text = format!("[{},{EVENT}]", EVENT.replace(r#""a"}"#, r#""\ude00","eventID":"1"}"#));
    for size in 1..text.len() {
        let (names, reading) = in_blocks(text.as_bytes(), size);
        assert_eq!((names.len(), reading.damaged, reading.stopped), (1, 1, None), "blocks of {size}");
    }
}

#[test]
fn a_number_that_goes_on_in_the_next_block_is_one_number() {
    let odd = EVENT.replace(r#""a"}"#, r#"-0.5e+10}"#);
    let text = format!(r#"{{"count":1234567,"Records":[-76.5e-3,false,{odd}]}}"#);
    for size in 1..text.len() {
        let (names, reading) = in_blocks(text.as_bytes(), size);
        assert_eq!((names.len(), reading.damaged, reading.stopped), (1, 2, None), "blocks of {size}");
    }
}

proptest! {
    #[test]
    fn blocks_do_not_change_what_is_read(
        cut in 0..2_000_usize, size in 1..700_usize, changed in 0..2_000_usize, to in any::<u8>(),
    ) {
        let events: Vec<String> =
            (0..8).map(|n| EVENT.replace("ListBuckets", &format!("É{n}\\n")).replace('{', r#"{"x":[{"y":"]"}],"#)).collect();
        let mut bytes = format!("\u{feff} {{\"Records\": [{}]}}", events.join(", ")).into_bytes();
        let length = bytes.len();
        if let Some(byte) = bytes.get_mut(changed) {
            *byte = to;
        }
        bytes.truncate(if cut % 2 == 0 { length } else { cut });
        let mut names = Vec::new();
        let whole = read(&bytes, |event| names.push(event.name.into_owned()));
        let (block_names, blocks) = in_blocks(&bytes, size);
        prop_assert_eq!(names, block_names);
        prop_assert_eq!(whole.damaged, blocks.damaged);
        prop_assert_eq!(whole.stopped.is_some(), blocks.stopped.is_some());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes, |_| ());
    }

    #[test]
    fn no_text_makes_it_panic(text in r#"[\[\]{}:,"\\ a-e0-9\.\-RrecordsutvV\n]{0,80}"#) {
        read(text.as_bytes(), |_| ());
    }
}
