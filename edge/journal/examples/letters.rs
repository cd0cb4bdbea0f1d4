//! `letters JOURNAL CHANNEL BODY…`: an entry for each body, with a letter to the channel, and the journal recomputed; for scripts that try
//! delivery.

use std::path::Path;
use std::process::ExitCode;

use jiff::Timestamp;
use kagimori_journal::{Append, Held, Holder, JournalError, Message};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [journal, channel, bodies @ ..] = words.as_slice() else { return ExitCode::FAILURE };
    match write(Path::new(journal), channel, bodies) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn write(journal: &Path, channel: &str, bodies: &[String]) -> Result<(), JournalError> {
    let now = Timestamp::now();
    let mut held = Held::take(journal, Holder { name: "letters".to_owned(), host: "here".to_owned() }, now)?;
    for body in bodies {
        let entry = format!("{{\"at\":\"{now}\",\"letter\":true}}");
        let messages = [Message { channel, body }];
        held.append(&Append { entry: entry.as_bytes(), documents: &[], messages: &messages }, now)?;
    }
    held.verify(None).map(drop)
}
