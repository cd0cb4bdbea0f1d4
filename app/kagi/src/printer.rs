//! The only place that writes to the terminal: stdout is data, stderr is for people.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::error::KagiError;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

/// Writes data to stdout.
pub(crate) fn data(text: &str) -> Result<(), KagiError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|source| KagiError::write(Path::new("standard output"), source))
}

/// Writes a text for people to stdout: names in it may be anybody's.
pub(crate) fn text(text: &str) -> Result<(), KagiError> {
    data(&tame(text))
}

/// Without the control characters by which a name could lead a terminal.
pub(crate) fn tame(text: &str) -> String {
    let tamed = |letter: char| match letter {
        '\n' | '\t' => letter.to_string(),
        _ if letter.is_control() => letter.escape_debug().to_string(),
        _ => letter.to_string(),
    };
    text.chars().map(tamed).collect()
}

/// What a JSON answer says it is: the version changes when a field changes its meaning or goes away.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
}

/// Writes a value to stdout as indented JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), KagiError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| KagiError::Form(error.to_string()))?;
    data(&format!("{text}\n"))
}

/// Tells a person something beside the data.
pub(crate) fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", tame(text));
}

/// Tells a person that something was not as it should be, while the command goes on.
pub(crate) fn warning(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{WARNING}warning{WARNING:#}: {}", tame(text));
}

/// Tells a person why the command failed and what to do next.
pub(crate) fn error(error: &KagiError) {
    let hint = error.hint();
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{ERROR}error{ERROR:#}: {}", tame(&error.to_string()));
    if !hint.is_empty() {
        let _ = writeln!(err, "\n{HINT}hint{HINT:#}: {}", tame(&hint));
    }
}

/// The same on one line: SDKs copy what a `credential_process` writes to stderr into their exception.
pub(crate) fn error_line(error: &KagiError) {
    let hint = error.hint();
    let line = tame(&format!("kagi: {error}: {hint}")).replace('\n', " ");
    let _ = writeln!(io::stderr().lock(), "{line}");
}
