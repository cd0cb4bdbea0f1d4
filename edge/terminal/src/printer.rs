//! The only place that writes to the terminal: stdout is data, stderr is for people.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

pub use anstream::ColorChoice;

use crate::style::{CYAN as HINT, RED_BOLD as ERROR, YELLOW_BOLD as WARNING};
use crate::tame::{tame, tame_plain};
use crate::turn::begin_answer;

/// Whether notes and warnings are left out; set once, before anything is printed.
static QUIET: AtomicBool = AtomicBool::new(false);

/// What standard output did not take: nobody reads it any more ([`io::ErrorKind::BrokenPipe`]), or its disk is full.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
pub struct Unprinted(#[from] pub io::Error);

/// Chooses colours and silence for the rest of the run.
pub fn choose(color: ColorChoice, quiet: bool) {
    color.write_global();
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Writes data to stdout, as it is.
///
/// # Errors
/// When stdout does not take it.
pub fn data(text: &str) -> Result<(), Unprinted> {
    begin_answer();
    let mut out = io::stdout().lock();
    Ok(out.write_all(text.as_bytes()).and_then(|()| out.flush())?)
}

/// Writes a text for people to stdout: what stands in it may be anybody's, as the key of an object in a trail is.
///
/// # Errors
/// When stdout does not take it.
pub fn text(text: &str) -> Result<(), Unprinted> {
    begin_answer();
    let mut out = anstream::stdout().lock();
    Ok(out.write_all(tame(text).as_bytes()).and_then(|()| out.flush())?)
}

/// The same for a text that has no styles of ours in it.
///
/// # Errors
/// When stdout does not take it.
pub fn plain(text: &str) -> Result<(), Unprinted> {
    begin_answer();
    let mut out = io::stdout().lock();
    Ok(out.write_all(tame_plain(text).as_bytes()).and_then(|()| out.flush())?)
}

/// Lets a writer stream data to stdout.
///
/// # Errors
/// When stdout does not take it, or what the writer says.
pub fn stream(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Unprinted> {
    begin_answer();
    let mut out = io::BufWriter::new(io::stdout().lock());
    Ok(write(&mut out).and_then(|()| out.flush())?)
}

/// Writes a value to stdout as indented JSON.
///
/// # Errors
/// When stdout does not take it.
pub fn json(value: &impl serde::Serialize) -> Result<(), Unprinted> {
    stream(|out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        writeln!(out)
    })
}

/// Tells a person something beside the data.
pub fn note(text: &str) {
    if !QUIET.load(Ordering::Relaxed) {
        let _ = writeln!(anstream::stderr().lock(), "{}", tame(text));
    }
}

/// Tells a person that something was not as it should be, while the command goes on.
pub fn warning(text: &str) {
    if !QUIET.load(Ordering::Relaxed) {
        let _ = writeln!(anstream::stderr().lock(), "{WARNING}warning{WARNING:#}: {}", tame_plain(text));
    }
}

/// Tells a person why the command failed and what to do next.
pub fn failure(what: &dyn Display, hint: &str) {
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{ERROR}error{ERROR:#}: {}", tame_plain(&what.to_string()));
    if !hint.is_empty() {
        let _ = writeln!(err, "\n{HINT}hint{HINT:#}: {}", tame_plain(hint));
    }
}

/// The same on one line: SDKs copy what a `credential_process` writes to stderr into their exception.
pub fn failure_line(program: &str, what: &dyn Display, hint: &str) {
    let line = tame(&format!("{program}: {what}: {hint}")).replace('\n', " ");
    let _ = writeln!(io::stderr().lock(), "{line}");
}
