//! The only place that writes to the terminal: stdout is data, stderr is for people.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};

use crate::args::Color;
use crate::error::AppError;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();
/// What the styles of this program are written as; nothing else leads the terminal.
const OWN_STYLES: [&str; 7] =
    ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"];

/// Whether notes and warnings are left out; set once, before anything is printed.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Chooses colours and silence for the rest of the run.
pub(crate) fn choose(color: Color, quiet: bool) {
    match color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Writes data to stdout.
pub(crate) fn data(text: &str) -> Result<(), AppError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(stdout_failed)
}

/// Writes a text for people to stdout: what stands in it may be anybody's, as the key of an object in a trail is.
pub(crate) fn text(text: &str) -> Result<(), AppError> {
    data(&tame(text))
}

/// Without the control characters by which a name could lead a terminal, or turn the line it stands in; our styles stay.
fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let style = OWN_STYLES.iter().find(|style| rest.starts_with(**style));
        let taken = style.map_or(letter.len_utf8(), |style| style.len());
        match style {
            Some(style) => tamed.push_str(style),
            None if leads(letter) => tamed.push(char::REPLACEMENT_CHARACTER),
            None => tamed.push(letter),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    tamed
}

fn leads(letter: char) -> bool {
    let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || letter.is_control() && !matches!(letter, '\n' | '\t')
}

/// Lets a writer stream data to stdout.
pub(crate) fn stream(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), AppError> {
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(stdout_failed)
}

/// Writes a value to stdout as indented JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), AppError> {
    stream(|out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        writeln!(out)
    })
}

/// Tells a person something beside the data.
pub(crate) fn note(text: &str) {
    if QUIET.load(Ordering::Relaxed) {
        return;
    }
    let _ = writeln!(anstream::stderr().lock(), "{}", tame(text));
}

/// Tells a person that something was not as it should be, while the command goes on.
pub(crate) fn warning(text: &str) {
    if QUIET.load(Ordering::Relaxed) {
        return;
    }
    let _ = writeln!(anstream::stderr().lock(), "{WARNING}warning{WARNING:#}: {}", tame(text));
}

/// Tells a person why the command failed and what to do next.
pub(crate) fn error(error: &AppError) {
    let hint = error.hint();
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{ERROR}error{ERROR:#}: {}", tame(&error.to_string()));
    if !hint.is_empty() {
        let _ = writeln!(err, "\n{HINT}hint{HINT:#}: {}", tame(&hint));
    }
}

fn stdout_failed(source: io::Error) -> AppError {
    AppError::write(Path::new("standard output"), source)
}

#[cfg(test)]
mod tests {
    use super::{ERROR, HINT, WARNING, tame};

    #[test]
    fn a_name_does_not_lead_the_terminal_and_styles_stay() {
        let styled = format!("{ERROR}a{ERROR:#}\n{WARNING}b{WARNING:#}\t{HINT}鍵{HINT:#}");
        assert_eq!(tame(&styled), styled);
        assert_eq!(
            tame("a\x1b[2Jb\x1b]0;c\x07d\re\u{9b}8m\u{202e}f"),
            "a\u{fffd}[2Jb\u{fffd}]0;c\u{fffd}d\u{fffd}e\u{fffd}8m\u{fffd}f"
        );
        assert_eq!(tame("\x1b[8mhidden"), "\u{fffd}[8mhidden");
    }
}
