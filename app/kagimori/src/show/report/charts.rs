//! The trail in pictures: what it covers, who still uses long-term keys, root and console sign-ins.
//!
//! Tables whose middle column is a small SVG: the numbers and names stay text, which screen readers, print and narrow windows
//! can handle, and the picture needs no script. A picture shows one day in one unit of its width, whatever the window is wide.
//! Shape tells what colour tells: real use is a full block, noise a low one, a quiet day a line, a day without trail a dashed
//! line.

mod accounts;
mod days;
mod keys;
mod people;
pub(super) mod sources;
mod strip;

use super::ReportInput;
use crate::show::html::{Html, both, html};
use days::Days;

/// The charts as markup; a sentence when there is no trail.
pub(super) fn markup(input: &ReportInput<'_>) -> Html {
    let sources = input.sources.map(sources::Sources::card);
    trail(input).into_iter().chain(sources).collect()
}

fn trail(input: &ReportInput<'_>) -> Vec<Html> {
    let Some((usage, days)) = input.usage.and_then(|usage| Some((usage, Days::of(usage, input.review.now)?)))
    else {
        let none = both(
            "No trail was given, or it has no event: there is nothing to draw.",
            "証跡が未提供か、イベントがないため、図はありません。",
        );
        return vec![card(("The trail", "証跡"), &html!("<p>{}</p>", none))];
    };
    let company = Company { input, usage, days };
    vec![accounts::card(&company), keys::card(&company), people::root(&company), people::sign_ins(&company)]
}

/// What every chart draws from.
struct Company<'a> {
    input: &'a ReportInput<'a>,
    usage: &'a kagimori_trail::Usage,
    days: Days,
}

impl Company<'_> {
    /// How an account is called.
    fn account(&self, id: kagimori_id::AccountId) -> String {
        self.input.account_name(id).map_or_else(|| id.to_string(), str::to_owned)
    }
}

type Words<'w> = (&'w str, &'w str);

fn card(heading: Words<'_>, body: &Html) -> Html {
    html!("{}\n", crate::show::html::card(heading, body))
}

/// A card whose pictures span these days.
fn dated(heading: Words<'_>, days: Days, body: &Html) -> Html {
    html!(
        "<section class=\"card\"><h2>{} <span class=\"soft day\">{}</span></h2>{}</section>\n",
        both(heading.0, heading.1),
        days.span(),
        body
    )
}

fn hint(words: Words<'_>) -> Html {
    html!("<p class=\"hint\">{}</p>", both(words.0, words.1))
}

/// A cell that says something in both languages.
fn told(words: Words<'_>) -> Html {
    both(words.0, words.1)
}

/// A name with what it belongs to, softer and below.
fn named(name: &str, of: &str) -> Html {
    html!("{}<br><span class=\"soft of\">{}</span>", name, of)
}

/// A table: headings with their style, and rows of cells.
fn table(caption: Words<'_>, headings: &[(Html, &str)], rows: &[Vec<Html>]) -> Html {
    let class = |style: &str| if style.is_empty() { Html::default() } else { html!(" class=\"{}\"", style) };
    let head = headings.iter().map(|(text, style)| html!("<th scope=\"col\"{}>{}</th>", class(style), text));
    let line = |row: &Vec<Html>| {
        let cells = row.iter().zip(headings);
        let cells = cells.map(|(content, (_, style))| html!("<td{}>{}</td>", class(style), content));
        html!("<tr>{}</tr>\n", cells.collect::<Html>())
    };
    html!(
        "<div class=\"table\"><table class=\"chart\"><caption class=\"told\">{}</caption>\
         <thead><tr>{}</tr></thead><tbody>\n{}</tbody></table></div>",
        both(caption.0, caption.1),
        head.collect::<Html>(),
        rows.iter().map(line).collect::<Html>()
    )
}

/// A heading in both languages.
fn heading(words: Words<'_>) -> Html {
    both(words.0, words.1)
}

#[cfg(test)]
mod tests;
