//! What is wrong with a file and where: the makings of a [`Problem`](crate::model::Problem).

use std::fmt;

use crate::fact::Dataset;

/// How much foreign text a message quotes.
const QUOTE_CHARS_MAX: usize = 60;

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// One sentence, lower case, no final period.
    pub(super) message: String,
    /// What to do; none means: write the file again.
    pub(super) hint: Option<String>,
}

/// A place in a text: line and column in characters, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    line: usize,
    column: usize,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// A fault that serde_json found in `slice`, which starts at byte `start` of `text`.
    pub(super) fn json(error: &serde_json::Error, text: &str, start: usize) -> Self {
        let slice = text.get(start..).unwrap_or_default();
        let line_start: usize =
            slice.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let place = Place::at(text, start + line_start + error.column().saturating_sub(1));
        let said = error.to_string();
        let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(before, _)| before);
        Self::new(format!("{} {place}", plain(said)))
    }
}

impl Place {
    /// The place of a byte of a text.
    pub(super) fn at(text: &str, byte: usize) -> Self {
        Self::end_of(text.get(..text.floor_char_boundary(byte)).unwrap_or(text))
    }

    /// The place just behind a text.
    pub(super) fn end_of(text: &str) -> Self {
        let line = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let last = text.rsplit_once('\n').map_or(text, |(_, last)| last);
        Self { line, column: last.chars().count() + 1 }
    }

    /// The place of what stands at `line` and `column` of a text that begins here.
    pub(super) fn within(self, line: usize, column: usize) -> Self {
        if line <= 1 {
            Self { line: self.line, column: self.column + column.saturating_sub(1) }
        } else {
            Self { line: self.line + line - 1, column }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(line {}, column {})", self.line, self.column)
    }
}

/// Keeps foreign text in a message short and on one line.
pub(super) fn quote(text: &str) -> String {
    let mut quoted: String =
        text.chars().take(QUOTE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

/// Names in a message: at most five of them, and how many more there are.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const NAMES_MAX: usize = 5;
    let all: Vec<String> = names.into_iter().map(quote).collect();
    let shown = all.iter().take(NAMES_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMES_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The hint to write a file again.
pub(super) fn write_again(dataset: Option<Dataset>) -> String {
    match dataset {
        Some(dataset) => format!("write it again: `{}`", dataset.command()),
        None => {
            "write it again with the AWS CLI (`--output json`), or take it out of the directory".to_owned()
        }
    }
}

/// serde's words without names of Rust types, and not longer than a line.
fn plain(said: &str) -> String {
    let said = ["u8", "u32", "u64", "i64", "usize"].iter().fold(said.to_owned(), |said, number| {
        match said.strip_suffix(&format!("expected {number}")) {
            Some(before) => format!("{before}expected a whole number"),
            None => said,
        }
    });
    let said = said
        .replace("expected a map", "expected an object")
        .replace("invalid type: map", "invalid type: object")
        .replace("expected a sequence", "expected a list")
        .replace("invalid type: sequence", "invalid type: list")
        .replace("recursion limit exceeded", "the objects are nested more than 127 deep");
    const MESSAGE_CHARS_MAX: usize = 160;
    if said.chars().nth(MESSAGE_CHARS_MAX).is_none() {
        return said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    }
    // a long value stands in the middle: keep both ends
    let chars: Vec<char> = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let head: String = chars.iter().take(MESSAGE_CHARS_MAX / 2).collect();
    let tail: String = chars.iter().skip(chars.len().saturating_sub(MESSAGE_CHARS_MAX / 2)).collect();
    format!("{head}…{tail}")
}
