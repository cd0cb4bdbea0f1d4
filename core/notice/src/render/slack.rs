//! Slack's messages: blocks of `mrkdwn`, and a text for notifications (docs.slack.dev, "Formatting message text", "Blocks").

use serde_json::{Value, json};

use super::signed;
use crate::identity::LetterId;
use crate::notice::Notice;
use crate::tame::tamed;
use crate::texts::Words;

/// A section takes ten fields.
const FIELDS: usize = 10;
/// A text of a section takes 3,000 characters; what is escaped grows up to five times.
const TEXT_MOST: usize = 600;

/// A message of a webhook, or of a bot to somebody.
pub(super) fn message(words: &Words, id: &LetterId, bot: Option<(&String, &Notice)>) -> Value {
    let mut blocks = vec![
        section(&format!("*{}*", escaped(&words.title.replace('*', "∗")))),
        section(&escaped(&tamed(&words.text, TEXT_MOST))),
    ];
    for some in words.facts.chunks(FIELDS) {
        let fields = some.iter().map(|(label, value)| {
            mrkdwn(&format!("*{}*\n{}", escaped(&label.replace('*', "∗")), code(value)))
        });
        blocks.push(json!({ "type": "section", "fields": fields.collect::<Vec<_>>() }));
    }
    for (label, text) in &words.sentences {
        blocks.push(section(&format!("*{}*\n{}", escaped(label), code(text))));
    }
    blocks.push(json!({ "type": "context", "elements": [mrkdwn(&signed(id))] }));
    let mut message = json!({ "text": escaped(&words.title), "blocks": blocks });
    if let (Some((to, notice)), Some(members)) = (bot, message.as_object_mut()) {
        members.insert("channel".to_owned(), to.as_str().into());
        // Names in a text are nobody's call, and addresses in it are not fetched.
        members.insert("link_names".to_owned(), false.into());
        members.insert("parse".to_owned(), "none".into());
        members.insert("unfurl_links".to_owned(), false.into());
        members.insert("unfurl_media".to_owned(), false.into());
        let payload = json!({ "id": id.as_str(), "kind": notice.kind });
        members.insert(
            "metadata".to_owned(),
            json!({ "event_type": "kagimori_notice", "event_payload": payload }),
        );
    }
    message
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(text) })
}

/// `verbatim`: Slack looks for no addresses, channels and names in it.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// Slack's three control characters ("Escaping text"): without `<` nobody is called (`<!channel>`, `<@U…>`) and nothing is linked.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// In a code span `*`, `_` and `~` are letters. Nothing escapes a back-quote, so it is shown by one that looks like it.
fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", escaped(&text.replace('`', "ˋ"))) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unescaped(text: &str) -> String {
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    #[test]
    fn nobody_is_called_by_a_name() {
        for (given, shown) in [
            ("<!channel>", "&lt;!channel&gt;"),
            ("<@U0123>", "&lt;@U0123&gt;"),
            ("<https://evil.example|AWS>", "&lt;https://evil.example|AWS&gt;"),
            ("a & b", "a &amp; b"),
            ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        ] {
            assert_eq!(escaped(given), shown);
        }
        assert_eq!(code("a`b*c"), "`aˋb*c`");
    }

    proptest! {
        /// What is escaped has no control character of Slack's, and says what was given.
        #[test]
        fn escaping_is_exact(text in any::<String>()) {
            let escaped = escaped(&text);
            prop_assert!(!escaped.contains(['<', '>']));
            for (place, _) in escaped.match_indices('&') {
                let rest = escaped.split_at(place).1;
                prop_assert!(["&amp;", "&lt;", "&gt;"].iter().any(|entity| rest.starts_with(entity)));
            }
            prop_assert_eq!(unescaped(&escaped), text);
        }

        #[test]
        fn a_code_span_ends_where_it_ends(text in ".{1,40}") {
            prop_assert_eq!(code(&text).matches('`').count(), 2);
        }
    }
}
