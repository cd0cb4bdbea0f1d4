//! What an event says, in few bits: whether two events with one id are the same event.

use std::borrow::Cow;
use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::spelling::{self, NULL};
use crate::event::Event;

/// An event's content in 16 bits, never 0: enough to tell two that differ, too few to tell what a body held.
///
/// All that is looked at anywhere takes part. JSON that another tool wrote, with its members in another order, blanks between tokens,
/// escapes or other digits, has the content of what AWS wrote ([`spelling`]).
pub fn content(event: &Event<'_>) -> u16 {
    let mut hasher = FxHasher::default();
    hasher.write_i64(event.time);
    let texts = [
        Some(&event.source),
        Some(&event.name),
        event.event_type.as_ref(),
        event.category.as_ref(),
        event.region.as_ref(),
        event.address.as_ref(),
        event.agent.as_ref(),
        event.vpc_endpoint.as_ref(),
        event.error.as_ref(),
        event.message.as_ref(),
        event.shared_id.as_ref(),
        event.updated_id.as_ref(),
    ];
    texts.into_iter().for_each(|text| write(&mut hasher, text.map(Cow::as_ref)));
    let bodies = &event.bodies;
    for json in
        [event.identity.as_deref(), bodies.request, bodies.response, bodies.additional, bodies.resources]
    {
        hasher.write_u64(json.map_or(NULL, spelling::hash));
    }
    let flags = [event.read_only, Some(event.from_console), Some(event.updates_earlier)];
    flags.into_iter().for_each(|flag| hasher.write_u8(flag.map_or(2, u8::from)));
    let hash = hasher.finish();
    [hash >> 48, hash >> 32, hash >> 16, hash].into_iter().fold(0, |all, part| all ^ part as u16).max(1)
}

fn write(hasher: &mut FxHasher, text: Option<&str>) {
    hasher.write_usize(text.map_or(usize::MAX, str::len));
    hasher.write(text.unwrap_or_default().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;

    fn contents(json: &str) -> Vec<u16> {
        let mut contents = Vec::new();
        read(json.as_bytes(), |event| contents.push(content(&event)));
        contents
    }

    fn event(field: &str, value: &str) -> String {
        let other = if field == "eventName" { "" } else { r#""eventName":"GetObject","# };
        format!(
            r#"{{"eventTime":"2026-03-01T00:00:00Z","eventSource":"s3.amazonaws.com",{other}"eventID":"e","{field}":{value}}}"#
        )
    }

    #[test]
    fn every_part_takes_part() {
        let rows = [
            ("eventName", r#""GetObject""#, r#""PutObject""#),
            ("sourceIPAddress", r#""203.0.113.1""#, r#""203.0.113.2""#),
            ("requestParameters", r#"{"bucketName":"a b"}"#, r#"{"bucketName":"ab"}"#),
            ("responseElements", r#"{"x":"1"}"#, "null"),
            ("userIdentity", r#"{"type":"Root"}"#, r#"{"type":"IAMUser"}"#),
            ("readOnly", "true", "false"),
        ];
        for (field, one, other) in rows {
            let of = |value| contents(&event(field, value));
            assert_eq!(of(one), of(one));
            assert_ne!(of(one), of(other), "{field}");
        }
    }

    #[test]
    fn another_spelling_is_the_same_content() {
        let tight = event("requestParameters", r#"{"a":"b \" c","d":[1,{"e":null}],"é":"日本"}"#);
        for other in [
            "{\n \"a\": \"b \\\" c\", \"d\": [1, {\"e\": null}], \"é\": \"日本\"\n}",
            r#"{"d":[1.0,{}],"\u00e9":"\u65e5\u672c","a":"b \u0022 c"}"#,
            r#"{"d":[1e0,{"e":null}],"a":"b \" c","é":"日\u672c"}"#,
        ] {
            assert_eq!(contents(&tight), contents(&event("requestParameters", other)), "{other}");
        }
        for other in [
            r#"{"a":"b \" c","d":[{"e":null},1],"é":"日本"}"#,
            r#"{"a":"b \" c","d":[1.5,{"e":null}],"é":"日本"}"#,
            r#"{"a":"b \" c","d":[1,{"e":null}],"e":"日本"}"#,
            r#"{"a":"b ' c","d":["1",{"e":null}],"é":"日本"}"#,
        ] {
            assert_ne!(contents(&tight), contents(&event("requestParameters", other)), "{other}");
        }
        // absent, as tools that have columns write it
        let none = event("requestParameters", "null");
        assert_eq!(contents(&none), contents(&event("responseElements", "null")));
    }
}
