//! A Backlog issue, or a comment on one.

use std::fmt::Write;

use super::{SIGNED, signed};
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
    /// The issue of its subject is done with.
    pub closes: bool,
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
        closes: notice.ends(),
    }
}

/// `<@…>` calls somebody in Backlog, `[…](…)`, `[[…]]` and `![…]` are links and pictures in its two syntaxes; neither syntax can escape the
/// other's, so what would begin one is parted.
fn quiet(text: &str) -> String {
    let mut quiet = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        if matches!((before, letter), (']', '(') | ('[' | '!', '[')) {
            quiet.push(' ');
        }
        quiet.push(if letter == '<' { '＜' } else { letter });
        before = letter;
    }
    quiet
}

/// Whether a text of Backlog has a mark: in the line that signs it, for what stands elsewhere is of whoever chose a name.
#[must_use]
pub fn is_marked(text: &str, mark: &str) -> bool {
    text.lines().any(|line| line.starts_with(SIGNED) && line.split_whitespace().any(|word| word == mark))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_is_called_and_nothing_is_linked() {
        for (given, shown) in [
            ("<@U12>", "＜@U12>"),
            ("[AWS](https://evil.example)", "[AWS] (https://evil.example)"),
            ("[[AWS>https://evil.example]]", "[ [AWS>https://evil.example]]"),
            ("![x](y)", "! [x] (y)"),
            ("svc-batch [old]", "svc-batch [old]"),
            ("[[[x", "[ [ [x"),
        ] {
            assert_eq!(quiet(given), shown);
        }
    }

    proptest! {
        /// Whatever a name is, nothing in it begins what Backlog reads as more than letters; and no letter is lost.
        #[test]
        fn what_is_quiet_begins_nothing(text in r"[\[\]()!<@>a ]{0,30}|.{0,30}") {
            let quiet = quiet(&text);
            for begins in ["<", "](", "[[", "!["] {
                prop_assert!(!quiet.contains(begins), "{}", quiet);
            }
            let letters = |text: &str| text.replace('＜', "<").replace(' ', "");
            prop_assert_eq!(letters(&quiet), letters(&text));
        }
    }

    #[test]
    fn only_the_line_that_signs_marks() {
        let signed = "text\n\n- owner: x\n\nKagimori · kgm_1 · kgt_2\n";
        assert!(
            is_marked(signed, "kgm_1")
                && is_marked(signed, "kgt_2")
                && is_marked(&signed.replace('\n', "\r\n"), "kgt_2")
        );
        for forged in
            ["- owner: kgt_2\n", "- owner: Kagimori · kgt_2\n", "x Kagimori · kgt_2", "Kagimori · kgt_22"]
        {
            assert!(!is_marked(forged, "kgt_2"), "{forged}");
        }
    }
}
