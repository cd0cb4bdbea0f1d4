//! The scanner and the plain reader on the same bytes.

use proptest::prelude::*;
use proptest::sample::select;

use super::reader::{Reader, Reading};

/// Everything an event says, its bodies too.
fn outcome(mut reader: Reader, bytes: &[u8]) -> (Reading, Vec<String>) {
    let mut events = Vec::new();
    reader.read(bytes, true, |event| {
        let bodies = event.bodies;
        let bodies = [bodies.request, bodies.response, bodies.additional, bodies.resources];
        events.push(format!("{event:?} {bodies:?}"));
    });
    (reader.finish(), events)
}

const KEYS: [&str; 32] = [
    "serviceEventDetails",
    "detail",
    "message",
    "CloudTrailEvent",
    "Events",
    "eventVersion",
    "eventTime",
    "eventSource",
    "eventName",
    "eventID",
    "eventType",
    "eventCategory",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "vpcEndpointId",
    "errorCode",
    "errorMessage",
    "readOnly",
    "recipientAccountId",
    "sharedEventID",
    "sessionCredentialFromConsole",
    "userIdentity",
    "requestParameters",
    "resources",
    "responseElements",
    "additionalEventData",
    "addendum",
    "Records",
    "digestStartTime",
    "tlsDetails",
    r"event\u004eame",
];

fn value() -> impl Strategy<Value = String> {
    let text = r#"([a-zA-Z0-9é:/.\-\[\]{}]|\\"|\\\\|\\n|\\u00e9|\\ud83d\\ude00){0,60}"#;
    prop_oneof![
        6 => text.prop_map(|text| format!("\"{text}\"")),
        1 => select(vec!["null", "true", "false", "\"true\"", "\"\"", "7", "-1.5e3", "[]", "{}", r#""\ud800""#, "tru", "{]", "\"a\tb\""])
            .prop_map(str::to_owned),
        2 => text.prop_map(|text| format!(r#"{{"a":[1,{{"b":"{text}"}}],"ARN":"{text}"}}"#)),
    ]
}

fn record() -> impl Strategy<Value = String> {
    let fields =
        proptest::collection::vec((select(KEYS.to_vec()), value(), select(vec!["", " ", "\n\t"])), 0..12);
    fields.prop_map(|fields| {
        let mut text = concat!(
            r#"{"eventVersion":"1.08","eventTime":"2026-03-01T00:00:00Z","#,
            r#""eventSource":"s3.amazonaws.com","eventName":"GetObject""#
        )
        .to_owned();
        for (key, value, space) in fields {
            text += &format!(",{space}\"{key}\"{space}:{space}{value}{space}");
        }
        text + "}"
    })
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(record(), 0..4)
        .prop_map(|records| format!(r#"{{"Records":[{}]}}"#, records.join(",")).into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Where the plain reader finds nothing wrong, both say the same; where it does, the scanner may only have seen less
    /// of what is wrong (inside a value that it steps over).
    #[test]
    fn they_say_the_same(bytes in file(), flip in proptest::option::of((any::<prop::sample::Index>(), any::<u8>()))) {
        let mut bytes = bytes;
        if let Some((place, byte)) = flip {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let (plain, plain_events) = outcome(Reader::plain(), &bytes);
        let (scanned, scanned_events) = outcome(Reader::default(), &bytes);
        if plain.stopped.is_none() && plain.damaged == 0 {
            prop_assert_eq!(scanned, plain);
            prop_assert_eq!(scanned_events, plain_events);
        } else {
            prop_assert!(scanned_events.len() >= plain_events.len());
            prop_assert!(scanned.damaged <= plain.damaged || plain.stopped.is_some());
        }
    }

    #[test]
    fn cut_anywhere_they_keep_the_same(bytes in file(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(bytes.len());
        let whole = outcome(Reader::plain(), &bytes).0;
        let (plain, scanned) =
            (outcome(Reader::plain(), &bytes[..cut]), outcome(Reader::default(), &bytes[..cut]));
        if whole.stopped.is_none() && whole.damaged == 0 {
            prop_assert_eq!(scanned, plain);
        }
    }
}
