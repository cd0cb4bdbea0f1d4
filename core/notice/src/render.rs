//! A notice as what a channel takes. Pure: the same notice and name make the same bytes, so a letter sent twice is the same letter.

mod backlog;
mod mail;
mod slack;
mod teams;
mod webhook;

use crate::channel::{Channel, Way};
use crate::identity::LetterId;
use crate::notice::Notice;
use crate::texts::words;

pub use self::backlog::{IssueText, is_marked};
pub use self::mail::MailText;

/// What a channel takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever sends has to know them all")]
pub enum Payload {
    /// The body of a POST.
    Json(String),
    /// A Backlog issue, or a comment on one.
    Issue(IssueText),
    /// A mail.
    Mail(MailText),
}

/// Makes a notice what the channel takes. `at`: when it was written, in RFC 3339, where that is known; webhooks say so.
#[must_use]
pub fn render(notice: &Notice, id: &LetterId, at: Option<&str>, channel: &Channel) -> Payload {
    let words = words(notice, channel.language);
    match &channel.way {
        Way::Slack { .. } => Payload::Json(slack::message(&words, id, None).to_string()),
        Way::SlackBot { to, .. } => Payload::Json(slack::message(&words, id, Some((to, notice))).to_string()),
        Way::Teams { .. } => Payload::Json(teams::message(&words, id).to_string()),
        Way::Webhook { .. } => Payload::Json(webhook::message(notice, &words, id, at).to_string()),
        Way::Backlog(_) => Payload::Issue(backlog::issue(notice, &words, id)),
        Way::Mail(_) => Payload::Mail(mail::mail(notice, &words, id)),
    }
}

/// How the line begins by which a letter that came twice is recognised.
const SIGNED: &str = "Kagimori · ";

/// That line.
fn signed(id: &LetterId) -> String {
    format!("{SIGNED}{id}")
}
