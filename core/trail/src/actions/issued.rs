//! The session that a call of STS handed out: its key joins the call to what was done with the session.

use kagimori_id::AccessKeyId;
use serde::Deserialize;

use crate::event::Event;

/// Whether a call may have handed out a session.
pub(super) fn may_issue(event: &Event<'_>) -> bool {
    event.source == "sts.amazonaws.com"
}

/// The key of the session that a call handed out (AWS Security Token Service API Reference, *AssumeRole*: `Credentials`).
pub(super) fn issued(event: &Event<'_>) -> Option<AccessKeyId> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        credentials: Credentials<'a>,
    }
    #[derive(Deserialize)]
    struct Credentials<'a> {
        #[serde(rename = "accessKeyId", borrow)]
        access_key_id: std::borrow::Cow<'a, str>,
    }
    if !may_issue(event) {
        return None;
    }
    let answer: Answer<'_> = serde_json::from_str(event.bodies.response?).ok()?;
    AccessKeyId::parse(&answer.credentials.access_key_id).ok()
}

#[cfg(test)]
mod tests {
    use super::issued;
    use crate::event::read;

    #[test]
    fn only_answers_of_sts_hand_out_sessions() {
        for (source, response, expected) in [
            ("sts", r#"{"credentials":{"accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionToken":"x"}}"#, true),
            ("sts", r#"{"credentials":{"accessKeyId":7}}"#, false),
            ("sts", "null", false),
            ("iam", r#"{"credentials":{"accessKeyId":"ASIAIOSFODNN7EXAMPLE"}}"#, false),
        ] {
            let event = format!(
                r#"{{"eventTime":"2026-03-01T00:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"AssumeRole","responseElements":{response}}}"#
            );
            let mut found = Vec::new();
            read(event.as_bytes(), |event| found.extend(issued(&event)));
            assert_eq!(!found.is_empty(), expected, "{event}");
        }
    }
}
