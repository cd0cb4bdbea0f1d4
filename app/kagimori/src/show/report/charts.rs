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
mod strip;

use super::ReportInput;
use crate::show::html::{both, escape};
use days::Days;

/// The charts as markup; a sentence when there is no trail.
pub(super) fn markup(input: &ReportInput<'_>) -> String {
    let Some((usage, days)) = input.usage.and_then(|usage| Some((usage, Days::of(usage, input.review.now)?)))
    else {
        let none = both(
            "No trail was given, or it has no event: there is nothing to draw.",
            "証跡が未提供か、イベントがないため、図はありません。",
        );
        return card(("The trail", "証跡"), &format!("<p>{none}</p>"));
    };
    let company = Company { input, usage, days };
    [accounts::card(&company), keys::card(&company), people::root(&company), people::sign_ins(&company)]
        .concat()
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

fn card(heading: Words<'_>, body: &str) -> String {
    format!("<section class=\"card\"><h2>{}</h2>{body}</section>\n", both(heading.0, heading.1))
}

/// A card whose pictures span these days.
fn dated(heading: Words<'_>, days: Days, body: &str) -> String {
    let heading = both(heading.0, heading.1);
    format!(
        "<section class=\"card\"><h2>{heading} <span class=\"soft day\">{}</span></h2>{body}</section>\n",
        days.span()
    )
}

fn hint(words: Words<'_>) -> String {
    format!("<p class=\"hint\">{}</p>", both(words.0, words.1))
}

/// A cell that says something in both languages.
fn told(words: Words<'_>) -> String {
    both(words.0, words.1)
}

/// A name with what it belongs to, softer and below.
fn named(name: &str, of: &str) -> String {
    format!("{}<br><span class=\"soft of\">{}</span>", escape(name), escape(of))
}

/// A table: headings with their style, and rows of cells that are markup already.
fn table(caption: Words<'_>, headings: &[(String, &str)], rows: &[Vec<String>]) -> String {
    let cell = |tag: &str, scope: &str, style: &str, content: &str| {
        let class = if style.is_empty() { String::new() } else { format!(" class=\"{style}\"") };
        format!("<{tag}{scope}{class}>{content}</{tag}>")
    };
    let head: String =
        headings.iter().map(|(text, style)| cell("th", " scope=\"col\"", style, text)).collect();
    let line = |row: &Vec<String>| -> String {
        let cells = row.iter().zip(headings);
        let cells: String = cells.map(|(content, (_, style))| cell("td", "", style, content)).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let body: String = rows.iter().map(line).collect();
    format!(
        "<div class=\"table\"><table class=\"chart\"><caption class=\"told\">{}</caption>\
         <thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>",
        both(caption.0, caption.1)
    )
}

/// A heading in both languages.
fn heading(words: Words<'_>) -> String {
    both(words.0, words.1)
}

#[cfg(test)]
mod tests;
