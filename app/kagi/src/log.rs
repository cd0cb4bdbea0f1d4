//! The local log: what was issued, to whom, why. One line of JSON each, chained by codes of authenticity under the
//! vault's key, so that a changed, removed or inserted line is seen. Joins CloudTrail by `access_key_id`.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kagimori_terminal::printer;
use serde::{Deserialize, Serialize};

use crate::broker::Broker;
use crate::error::KagiError;
use crate::files::open_own;
use crate::lock::lock;
use crate::vault::{StoredSession, Vault};

/// A line is a few hundred bytes.
const MOST_LINE_BYTES: u64 = 16 * 1024;

/// What happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) version: u32,
    pub(crate) time: String,
    /// `issued`, `failed`, `exec`, `console`, `key-stored`, …
    pub(crate) event: String,
    /// The profile or role.
    pub(crate) of: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) elevated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    pub(crate) pid: u32,
    /// The program that called us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) caller: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    event: Event,
    previous: String,
    stamp: String,
}

/// The last stamp and the number of lines, sealed: a log that was cut short does not match it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Head {
    lines: u64,
    stamp: String,
}

/// What a check of the chain found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    /// Every line follows the one before it.
    Whole,
    /// This line (from 1) does not.
    BrokenAt(usize),
    /// The chain holds and lines are missing at its end.
    CutShort {
        /// How many there should be.
        expected: u64,
    },
    /// There are lines, and the note that says how many there should be is gone or damaged: whether the end is there cannot
    /// be told.
    HeadIsGone,
}

fn path(vault: &Vault) -> PathBuf {
    vault.home().join("log.jsonl")
}

/// Begins an event.
pub(crate) fn event(event: &str, of: &str, now: jiff::Timestamp) -> Event {
    Event {
        version: 1,
        time: kagimori_session::route::rfc3339(now),
        event: event.to_owned(),
        of: of.to_owned(),
        pid: std::process::id(),
        caller: rustix::process::getppid().and_then(|parent| {
            let name = fs::read_to_string(format!("/proc/{}/comm", parent.as_raw_nonzero())).ok()?;
            Some(format!("{} ({})", name.trim(), parent.as_raw_nonzero()))
        }),
        ..Event::default()
    }
}

/// Writes down that credentials were issued.
pub(crate) fn issued(broker: &Broker<'_, '_>, session: &StoredSession) {
    let expires = session.credentials().ok().map(|it| kagimori_session::route::rfc3339(it.expiration));
    append(
        &broker.vault,
        Event {
            role: session.role.clone(),
            access_key_id: Some(session.access_key_id.clone()),
            expires,
            elevated: session.elevated,
            reason: broker.route.reason.clone().filter(|_| session.elevated),
            ..event("issued", &session.of, broker.now())
        },
    );
}

/// Writes down that a session was given to a program: `exec`, `console`. Of a command only its name: arguments may hold
/// secrets.
pub(crate) fn used(broker: &Broker<'_, '_>, how: &str, session: &StoredSession, program: Option<String>) {
    append(
        &broker.vault,
        Event {
            role: session.role.clone(),
            access_key_id: Some(session.access_key_id.clone()),
            elevated: session.elevated,
            reason: broker.route.reason.clone(),
            message: program,
            ..event(how, &broker.route.name, broker.now())
        },
    );
}

/// Writes down that nothing could be issued: some SDKs drop our message and go on with another identity.
pub(crate) fn failure(broker: &Broker<'_, '_>, error: &KagiError) {
    let message = Some(error.to_string());
    append(&broker.vault, Event { message, ..event("failed", &broker.route.name, broker.now()) });
}

/// Appends an event. A log that cannot be written is said, and does not stop the work.
pub(crate) fn append(vault: &Vault, event: Event) {
    if let Err(error) = try_append(vault, event) {
        printer::warning(&format!("the log was not written: {error}"));
    }
}

fn try_append(vault: &Vault, event: Event) -> Result<(), KagiError> {
    let path = path(vault);
    let failed = |source| KagiError::write(&path, source);
    let _lock = lock(&vault.lock_path("log"), Duration::from_secs(5))?;
    let mut file = open_own(&path, OpenOptions::new().read(true).append(true)).map_err(failed)?;
    let (torn, stamps) = last_stamps(&mut file).map_err(failed)?;
    let head = match vault.note("head", "log").unwrap_or_default() {
        // Before the first line, so that a crash between it and its head does not look as if somebody took the head away.
        None if stamps.is_empty() && !torn => {
            vault.put_note("head", "log", &Head::default())?;
            Some(Head::default())
        }
        other => other,
    };
    let previous = previous(&stamps, head.as_ref());
    let stamp = stamp(vault, &event, &previous)?;
    let line = serde_json::to_string(&Line { event, previous, stamp: stamp.clone() })
        .map_err(|error| KagiError::Form(error.to_string()))?;
    // A line that a crash tore is ended, so that only it is lost.
    let lead = if torn { "\n" } else { "" };
    file.write_all(format!("{lead}{line}\n").as_bytes()).and_then(|()| file.sync_data()).map_err(failed)?;
    let lines = head.unwrap_or_default().lines + 1;
    vault.put_note("head", "log", &Head { lines, stamp })
}

/// What the next line follows. After a cut, or without a head, not the last line that is left: writing on must not mend
/// what somebody broke.
fn previous(stamps: &[String], head: Option<&Head>) -> String {
    match (stamps.last(), head) {
        (_, Some(head)) if head.lines > 0 && !stamps.contains(&head.stamp) => head.stamp.clone(),
        (Some(_), None) => "the head was gone".to_owned(),
        (last, _) => last.cloned().unwrap_or_default(),
    }
}

/// Whether the last line is torn, and the stamps of the last whole lines.
fn last_stamps(file: &mut File) -> std::io::Result<(bool, Vec<String>)> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST_LINE_BYTES)))?;
    let mut tail = Vec::new();
    file.take(MOST_LINE_BYTES).read_to_end(&mut tail)?;
    let tail = String::from_utf8_lossy(&tail);
    let torn = !tail.is_empty() && !tail.ends_with('\n');
    let lines = tail.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    Ok((torn, lines.map(|line| line.stamp).collect()))
}

fn stamp(vault: &Vault, event: &Event, previous: &str) -> Result<String, KagiError> {
    let text = serde_json::to_string(event).map_err(|error| KagiError::Form(error.to_string()))?;
    Ok(vault.stamp(&format!("{previous}\n{text}")))
}

/// Reads the log and checks its chain.
pub(crate) fn read(vault: &Vault) -> Result<(Vec<Event>, Chain), KagiError> {
    let path = path(vault);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(KagiError::read(&path, error)),
    };
    let (mut events, mut previous, mut broken) = (Vec::new(), String::new(), None);
    let mut stamps = Vec::new();
    for (index, text) in text.lines().enumerate() {
        let line = serde_json::from_str::<Line>(text).ok();
        let follows = match &line {
            Some(line) => {
                line.previous == previous && line.stamp == stamp(vault, &line.event, &line.previous)?
            }
            None => false,
        };
        if !follows && broken.is_none() {
            broken = Some(index + 1);
        }
        if let Some(line) = line {
            stamps.push(line.stamp.clone());
            previous = line.stamp;
            events.push(line.event);
        }
    }
    let head: Option<Head> = vault.note("head", "log").unwrap_or_default();
    let chain = match (broken, head) {
        (Some(line), _) => Chain::BrokenAt(line),
        (None, None) if events.is_empty() => Chain::Whole,
        (None, None) => Chain::HeadIsGone,
        // A line whose writer was killed before the head was written stands after the head's.
        (None, Some(head)) if head.lines == 0 || stamps.contains(&head.stamp) => Chain::Whole,
        (None, Some(head)) => Chain::CutShort { expected: head.lines },
    };
    Ok((events, chain))
}

/// Where the log lies, for messages.
pub(crate) fn shown_path(home: &Path) -> PathBuf {
    home.join("log.jsonl")
}
