//! The answer as a page for printing, in English and Japanese.

use super::gather::Case;
use super::told::{COMMAND, Section, sections};
use crate::show::html::{Document, Html, both, breakable, card, html, json, spoken};

/// The page.
pub(super) fn page(case: &Case) -> Document {
    let warning = if case.is_suspected() {
        let heading = ("Somebody else's hand was seen", "不審な利用があります");
        let words = (
            "Some of the calls do not come from whoever used the key before: begin with the first step.",
            "これまでと異なる場所からの呼び出しがあります。手順の 1 から始めてください。",
        );
        card(heading, &html!("<p>{}</p>", both(words.0, words.1)))
    } else {
        Html::default()
    };
    let sections = sections(case);
    let body = html!("{}{}", warning, sections.iter().map(part).collect::<Html>());
    Document {
        title: ("A leaked key", "漏えいしたキー"),
        as_of: format!("{} · {}", case.key, case.now),
        body,
    }
}

fn part(section: &Section) -> Html {
    let lines = section.lines.iter().map(line).collect::<Html>();
    let list = if section.is_numbered { html!("<ol>{}</ol>", lines) } else { html!("<ul>{}</ul>", lines) };
    let documents = section.documents.iter().map(|document| json(document)).collect::<Html>();
    card(section.heading, &html!("{}{}", list, documents))
}

/// A line; its command stands below it, once: it is the same in both languages.
fn line((english, japanese): &(String, String)) -> Html {
    if let Some(command) = english.strip_prefix("$ ") {
        return html!("<li>{}</li>", command_of(command));
    }
    let (english, command) =
        english.split_once(COMMAND).map_or((english.as_str(), None), |(text, command)| (text, Some(command)));
    let japanese = japanese.split_once(COMMAND).map_or(japanese.as_str(), |(text, _)| text);
    html!("<li>{}{}</li>", spoken(english, japanese), command.map(command_of).unwrap_or_default())
}

fn command_of(command: &str) -> Html {
    html!("<pre>$ {}</pre>", breakable(command))
}
