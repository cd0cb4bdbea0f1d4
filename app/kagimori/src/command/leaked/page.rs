//! The answer as a page for printing, in English and Japanese.

use super::gather::Case;
use super::told::sections;
use crate::show::html::{Document, Html, both, card, html, json, spoken};

/// The page.
pub(super) fn page(case: &Case) -> Document {
    let body = sections(case).into_iter().map(|section| {
        let lines =
            section.lines.iter().map(|(english, japanese)| html!("<li>{}</li>", spoken(english, japanese)));
        let documents = section.documents.iter().map(|document| json(document)).collect::<Html>();
        let body = html!("<ul class=\"plain\">{}</ul>{}", lines.collect::<Html>(), documents);
        card(section.heading, &body)
    });
    let warning = if case.is_suspected() {
        html!("<p class=\"notice\">{}</p>", both("Somebody else's hand was seen.", "不審な利用があります。"))
    } else {
        Html::default()
    };
    let body = html!("{}{}", warning, body.collect::<Html>());
    Document {
        title: ("A leaked key", "漏えいしたキー"),
        as_of: format!("{} · {}", case.key, case.now),
        body,
    }
}
