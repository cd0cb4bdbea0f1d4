//! The body of a Standard Webhook: thin, for programs ("Payload structure": `type`, `timestamp`, `data`).

use serde_json::{Value, json};

use crate::identity::LetterId;
use crate::notice::Notice;
use crate::texts::Words;

pub(super) fn message(notice: &Notice, words: &Words, id: &LetterId, at: Option<&str>) -> Value {
    let kind = if notice.kind.is_empty() { "unknown" } else { &notice.kind };
    let data = json!({ "id": id.as_str(), "summary": words.title, "facts": notice.facts });
    match at {
        Some(at) => json!({ "type": kind, "timestamp": at, "data": data }),
        None => json!({ "type": kind, "data": data }),
    }
}
