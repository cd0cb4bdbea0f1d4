//! The only place that writes to the terminal: stdout is data, stderr is for people.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::error::AppError;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

/// Writes data to stdout.
pub(crate) fn data(text: &str) -> Result<(), AppError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(stdout_failed)
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
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Tells a person that something was not as it should be, while the command goes on.
pub(crate) fn warning(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{WARNING}warning{WARNING:#}: {text}");
}

/// Tells a person why the command failed and what to do next.
pub(crate) fn error(error: &AppError) {
    let hint = error.hint();
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{ERROR}error{ERROR:#}: {error}");
    if !hint.is_empty() {
        let _ = writeln!(err, "\n{HINT}hint{HINT:#}: {hint}");
    }
}

fn stdout_failed(source: io::Error) -> AppError {
    AppError::write(Path::new("standard output"), source)
}
