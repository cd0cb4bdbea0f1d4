//! A mail: plain text. Who encodes it for the way is the mail's own library.

use std::fmt::Write;

use super::signed;
use crate::identity::LetterId;
use crate::notice::Notice;
use crate::texts::Words;

/// A mail without its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailText {
    /// One line.
    pub subject: String,
    /// Lines that end with `\n`.
    pub body: String,
    /// The part of its `Message-ID` before the `@`: the same whenever it is sent.
    pub id: String,
    /// The same part of the thread it belongs to.
    pub thread: Option<String>,
}

pub(super) fn mail(notice: &Notice, words: &Words, id: &LetterId) -> MailText {
    let mut body = format!("{}\n\n", words.text);
    for (label, value) in &words.facts {
        let _ = writeln!(body, "{label}: {value}");
    }
    for (label, text) in &words.sentences {
        let _ = write!(body, "\n{label}: {text}\n");
    }
    // "-- " begins what mail programs take for a signature.
    let _ = write!(body, "\n-- \n{}\n", signed(id));
    MailText {
        subject: format!("[Kagimori] {}", words.title),
        body,
        id: id.as_str().to_owned(),
        thread: notice.thread(),
    }
}
