//! A message for a workflow of Microsoft Teams: an Adaptive Card as an attachment (learn.microsoft.com, "Create incoming webhooks with
//! Workflows"). Everything is a `TextRun`: unlike `TextBlock` and `FactSet` it reads no Markdown, so no name becomes a link.

use serde_json::{Value, json};

use super::signed;
use crate::identity::LetterId;
use crate::notice::Tone;
use crate::texts::Words;

pub(super) fn message(words: &Words, id: &LetterId) -> Value {
    let mut body = vec![
        block(&[
            json!({ "type": "TextRun", "text": words.title, "weight": "bolder", "size": "large", "color": color(words.tone) }),
        ]),
        block(&[run(&words.text)]),
    ];
    for (label, value) in words.facts.iter().chain(&words.sentences) {
        body.push(block(&[bold(&format!("{label}: ")), run(value)]));
    }
    body.push(block(&[json!({ "type": "TextRun", "text": signed(id), "isSubtle": true, "size": "small" })]));
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": words.title,
        "msteams": { "width": "Full" },
        "body": body,
    });
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": card,
    });
    json!({ "type": "message", "summary": words.title, "attachments": [attachment] })
}

fn block(inlines: &[Value]) -> Value {
    json!({ "type": "RichTextBlock", "inlines": inlines })
}

fn run(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text })
}

fn bold(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text, "weight": "bolder" })
}

fn color(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Plain => "default",
        Tone::Warning => "warning",
        Tone::Attention => "attention",
    }
}
