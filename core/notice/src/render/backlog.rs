//! A Backlog issue, or a comment on one.

use std::fmt::Write;

use super::signed;
use crate::identity::LetterId;
use crate::notice::Notice;
use crate::texts::Words;

/// What an issue or a comment says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssueText {
    /// The title of a new issue; Backlog takes 255 characters.
    pub summary: String,
    /// The description of a new issue: what is told, and the marks by which it is found again.
    pub description: String,
    /// The same as a comment.
    pub comment: String,
    /// By this the letter is found again.
    pub mark: String,
    /// By this the issue of its subject is found again.
    pub thread: Option<String>,
}

pub(super) fn issue(notice: &Notice, words: &Words, id: &LetterId) -> IssueText {
    let mut text = format!("{}\n\n", quiet(&words.text));
    for (label, value) in &words.facts {
        let _ = writeln!(text, "- {}: {}", quiet(label), quiet(value));
    }
    for (label, what) in &words.sentences {
        let _ = write!(text, "\n{}: {}\n", quiet(label), quiet(what));
    }
    let thread = notice.thread();
    let about = thread.as_deref().map(|thread| format!(" · {thread}")).unwrap_or_default();
    IssueText {
        summary: format!("[Kagimori] {}", words.title),
        description: format!("{text}\n{}{about}\n", signed(id)),
        comment: format!("{}\n\n{text}\n{}\n", quiet(&words.title), signed(id)),
        mark: id.as_str().to_owned(),
        thread,
    }
}

/// `<@…>` calls somebody in Backlog, `[…](…)`, `[[…]]` and `![…]` are links and pictures in its two syntaxes; neither syntax can escape the
/// other's, so what would begin one is parted.
fn quiet(text: &str) -> String {
    text.replace('<', "＜").replace("](", "] (").replace("[[", "[ [").replace("![", "! [")
}

#[cfg(test)]
mod tests {
    use super::quiet;

    #[test]
    fn nobody_is_called_and_nothing_is_linked() {
        for (given, shown) in [
            ("<@U12>", "＜@U12>"),
            ("[AWS](https://evil.example)", "[AWS] (https://evil.example)"),
            ("[[AWS>https://evil.example]]", "[ [AWS>https://evil.example]]"),
            ("![x](y)", "! [x] (y)"),
            ("svc-batch [old]", "svc-batch [old]"),
        ] {
            assert_eq!(quiet(given), shown);
        }
    }
}
