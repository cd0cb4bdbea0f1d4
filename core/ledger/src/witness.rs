//! Whoever has seen the log before (C2SP `tlog-witness`): it cosigns a checkpoint when the log only grew since the last one that it
//! cosigned, and says so with the time.
//!
//! Bytes in; status, bytes and what must be stored out. Two rules are the shell's:
//! 1. **Stored before answered.** [`Answer::store`] is on the disk (written beside, synced, renamed, the folder synced) before the first
//!    byte of the answer goes out.
//! 2. **One at a time.** From reading the record of a log to storing the next nobody else does so for this log, or a late request would
//!    roll it back.
//!
//! The record of a log is its latest cosigned checkpoint, as [`Witness::record_name`] calls it and as monitors are told it. A record that
//! the witness has not signed itself refuses to start: whoever damages the file cannot make it forget.

use std::collections::BTreeMap;

use crate::checkpoint::Checkpoint;
use crate::evidence::{HASHES_MAX, decimal, hash_of};
use crate::hash::Hash;
use crate::key::{CosigningKey, VerifyingKey};
use crate::note::{Note, NoteError};
use crate::proof::consistency;

/// What `old <size>`, 63 hashes and a checkpoint with its signatures take, many times over.
pub const REQUEST_MAX: usize = 64 * 1024;

/// Its key, and the logs that it knows.
#[derive(Debug)]
pub struct Witness {
    key: CosigningKey,
    logs: BTreeMap<String, Vec<VerifyingKey>>,
}

/// The latest cosigned checkpoint of each log, by its origin.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Records(BTreeMap<String, Record>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    checkpoint: Checkpoint,
    note: String,
}

/// What is answered, and what must be stored before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "an answer of HTTP, and a file")]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
    /// The name and the bytes of the record.
    pub store: Option<(String, String)>,
}

/// Why a record is none of this witness.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record `{name}` is not one that this witness has signed: {why}")]
pub struct RecordError {
    name: String,
    why: String,
}

/// A request that is refused: status, and what is said.
type Refused = (u16, String);

impl Witness {
    /// A witness for these logs; several keys of one name are keys of one log.
    pub fn new(key: CosigningKey, logs: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let mut known: BTreeMap<String, Vec<VerifyingKey>> = BTreeMap::new();
        for log in logs {
            known.entry(log.name().to_owned()).or_default().push(log);
        }
        Self { key, logs: known }
    }

    /// Its key, which goes into trust policies.
    pub fn public(&self) -> &VerifyingKey {
        self.key.public()
    }

    /// What the record of a log is called: the SHA-256 of its origin in hexadecimal digits, which is also its name for monitors.
    pub fn record_name(origin: &str) -> String {
        Hash::of([origin.as_bytes()]).to_string()
    }

    /// Reads a record back.
    ///
    /// # Errors
    /// [`RecordError`] when it is not of this name and signed by the log and this witness. Then the witness must not run: without its
    /// record it would begin anew, and cosign a fork.
    pub fn restore(&self, records: &mut Records, name: &str, note: &str) -> Result<(), RecordError> {
        let wrong = |why: String| RecordError { name: name.to_owned(), why };
        let read: Note = note.parse().map_err(|error: NoteError| wrong(error.to_string()))?;
        let ours = read.verified_by(std::slice::from_ref(self.key.public()));
        ours.map_err(|error| wrong(error.to_string()))?;
        let checkpoint: Checkpoint = read.text().parse().map_err(|error| wrong(format!("{error}")))?;
        if Self::record_name(checkpoint.origin()) != name {
            return Err(wrong(format!("it is of the log `{}`", checkpoint.origin())));
        }
        let record = Record { checkpoint, note: note.to_owned() };
        records.0.insert(record.checkpoint.origin().to_owned(), record);
        Ok(())
    }

    /// Answers a request of HTTP: method, path below the witness's address, and body. `now`: seconds since 1970.
    pub fn answer(&self, records: &mut Records, method: &str, path: &str, body: &[u8], now: u64) -> Answer {
        match (method, path.strip_prefix('/').unwrap_or(path)) {
            ("POST", "add-checkpoint") => self.add_checkpoint(records, body, now),
            ("GET", path) => match path.strip_suffix("/checkpoint").and_then(|name| records.named(name)) {
                Some(note) => Answer::text(200, note.to_owned()),
                None => Answer::text(404, "there is no checkpoint of that name\n".to_owned()),
            },
            _ => Answer::text(404, "a witness takes `POST /add-checkpoint`\n".to_owned()),
        }
    }

    /// Answers `add-checkpoint`, and keeps the new record in `records`.
    pub fn add_checkpoint(&self, records: &mut Records, body: &[u8], now: u64) -> Answer {
        let asked = match Asked::read(body) {
            Ok(asked) => asked,
            Err((status, why)) => return Answer::text(status, why),
        };
        match self.checked(records, &asked) {
            Err((409, size)) => Answer { content_type: "text/x.tlog.size", ..Answer::text(409, size) },
            Err((status, why)) => Answer::text(status, why),
            Ok(()) => self.cosigned(records, asked, now),
        }
    }

    fn checked(&self, records: &Records, asked: &Asked) -> Result<(), Refused> {
        let Asked { old, proof, note, checkpoint } = asked;
        let keys = self.logs.get(checkpoint.origin());
        let keys =
            keys.ok_or_else(|| (404, format!("the log `{}` is not known here\n", checkpoint.origin())))?;
        note.verified_by(keys).map_err(|error| (403, format!("{error}\n")))?;
        let (size, root) = (checkpoint.size(), checkpoint.root());
        if *old > size {
            return Err((400, format!("the old size {old} is larger than that of the checkpoint, {size}\n")));
        }
        let (seen, seen_root) = records.latest(checkpoint.origin());
        if *old != seen {
            return Err((409, format!("{seen}\n")));
        }
        if size == 0 && *root != Hash::empty() {
            return Err((422, "a log without entries has another root\n".to_owned()));
        }
        consistency((seen, &seen_root), (size, root), proof).map_err(|error| (422, format!("{error}\n")))
    }

    fn cosigned(&self, records: &mut Records, asked: Asked, now: u64) -> Answer {
        let Asked { note, checkpoint, .. } = asked;
        let keys: Vec<&VerifyingKey> = self.logs.get(checkpoint.origin()).into_iter().flatten().collect();
        let Ok(note) = note.only_of(&keys).cosigned_by(&self.key, now) else {
            return Answer::text(500, "the clock of the witness tells no time\n".to_owned());
        };
        let body = note.signatures().last().map(|line| format!("{line}\n")).unwrap_or_default();
        let (origin, note) = (checkpoint.origin().to_owned(), note.to_string());
        let store = Some((Self::record_name(&origin), note.clone()));
        records.0.insert(origin, Record { checkpoint, note });
        Answer { store, ..Answer::text(200, body) }
    }
}

impl Records {
    /// The size that is asked for as `old`, and the root at it.
    fn latest(&self, origin: &str) -> (u64, Hash) {
        self.0
            .get(origin)
            .map_or((0, Hash::empty()), |seen| (seen.checkpoint.size(), *seen.checkpoint.root()))
    }

    /// The latest checkpoint of a log.
    pub fn of(&self, origin: &str) -> Option<&str> {
        self.0.get(origin).map(|record| record.note.as_str())
    }

    fn named(&self, name: &str) -> Option<&str> {
        self.0
            .values()
            .find(|seen| Witness::record_name(seen.checkpoint.origin()) == name)
            .map(|seen| seen.note.as_str())
    }
}

/// What `add-checkpoint` says.
struct Asked {
    old: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

impl Asked {
    fn read(body: &[u8]) -> Result<Self, Refused> {
        let wrong = |why: &str| (400, format!("{why}\n"));
        if body.len() > REQUEST_MAX {
            return Err((413, "the request is too long\n".to_owned()));
        }
        let text = std::str::from_utf8(body).map_err(|_| wrong("the request is not UTF-8"))?;
        let (above, note) = text.split_once("\n\n").ok_or_else(|| wrong("there is no empty line"))?;
        let mut lines = above.split('\n');
        let old = lines.next().and_then(|line| decimal(line.strip_prefix("old ")?));
        let old = old.ok_or_else(|| wrong("the first line is not `old <size>`"))?;
        let proof: Option<Vec<Hash>> = lines.map(hash_of).collect();
        let proof = proof.ok_or_else(|| wrong("a line of the proof is no SHA-256 in base64"))?;
        if proof.len() > HASHES_MAX {
            return Err(wrong("a proof has 63 hashes at most"));
        }
        let note: Note = note.parse().map_err(|error: NoteError| wrong(&error.to_string()))?;
        let checkpoint = note.text().parse().map_err(|error| wrong(&format!("{error}")))?;
        Ok(Self { old, proof, note, checkpoint })
    }
}

impl Answer {
    fn text(status: u16, body: String) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body, store: None }
    }
}

/// What a log sends to a witness: what it knows of the witness's size, the proof from there, and the signed checkpoint.
pub fn request(old: u64, proof: &[Hash], checkpoint: &Note) -> String {
    use base64::Engine as _;
    let encode = |hash: &Hash| base64::engine::general_purpose::STANDARD.encode(hash.as_bytes());
    let lines: String = proof.iter().map(|hash| encode(hash) + "\n").collect();
    format!("old {old}\n{lines}\n{checkpoint}")
}

/// What the witness answered, taken by the log: the checkpoint with its cosignatures of these keys.
///
/// # Errors
/// [`NoteError`] when it is no list of signature lines, a signature is not of this checkpoint, or none is of these keys.
pub fn taken(checkpoint: &Note, answer: &str, witnesses: &[VerifyingKey]) -> Result<Note, NoteError> {
    let answered: Note = format!("{}\n{answer}", checkpoint.text()).parse()?;
    if answered.text() != checkpoint.text() {
        return Err(NoteError::Text);
    }
    let keys: Vec<&VerifyingKey> =
        answered.cosignatures(witnesses)?.into_iter().map(|(key, _)| key).collect();
    if keys.is_empty() {
        return Err(NoteError::NobodyKnown);
    }
    Ok(checkpoint.clone().joined(answered.only_of(&keys)))
}

impl RecordError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "put back the record from the witness's backup, or from the log when its latest checkpoint has this witness's cosignature; never start without it"
    }
}
