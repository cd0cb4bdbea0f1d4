//! The vault, as the desk speaks to it: before each call it is given the leaves of the log that it lacks. Nothing of a seed ever comes out.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{Clock, Digest, Mac, PersonId, RequestId};
use kagimori_sealing::boxed::{PublicKey, Sealed as Boxed};
use kagimori_sealing::protocol::{self, Answer, Call, Holder, Standing, VERSION};

use crate::codes::Sealed;
use crate::desk::Desk;
use crate::dev::vault::Here;
use crate::words;

/// Leaves in one call: far below the longest message.
const LEAVES: usize = 500;
/// How long the vault may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The vault, wherever it is.
#[derive(Debug)]
pub(crate) struct Vault {
    line: Mutex<Line>,
    epoch: AtomicU64,
}

#[derive(Debug)]
enum Line {
    /// In `dev`: in this process.
    Here(Box<Here>),
    /// In a process of its own, behind a socket.
    There { socket: PathBuf, open: Option<UnixStream> },
}

/// Why the vault did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(crate) struct VaultError {
    pub(crate) what: String,
    pub(crate) hint: String,
    /// It answered, and said no.
    pub(crate) is_refusal: bool,
}

type Told<T> = Result<T, VaultError>;

impl VaultError {
    fn broken(what: impl std::fmt::Display) -> Self {
        let hint = "look whether the vault runs, and at its journal; no code was made".to_owned();
        Self { what: format!("the vault does not answer: {what}"), hint, is_refusal: false }
    }
}

impl Vault {
    /// In this process.
    pub(crate) fn here(here: Here) -> Self {
        Self { line: Mutex::new(Line::Here(Box::new(here))), epoch: AtomicU64::new(0) }
    }

    /// Behind a socket; it is spoken to when it is needed.
    pub(crate) fn there(socket: PathBuf) -> Self {
        Self { line: Mutex::new(Line::There { socket, open: None }), epoch: AtomicU64::new(0) }
    }

    /// The epoch of its key of PINs, as it was last heard of.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Gives it the leaves that it lacks, and asks.
    fn ask(&self, desk: &Desk, call: &Call) -> Told<Answer> {
        let mut line = self.line.lock().map_err(|_| VaultError::broken("an earlier call has failed"))?;
        let Answer::Hello(standing) = line.met(desk)? else {
            return Err(VaultError::broken("it did not say how it stands"));
        };
        self.epoch.store(standing.epoch, Ordering::SeqCst);
        let mut size = standing.size;
        loop {
            let leaves = leaves(desk, size);
            if leaves.is_empty() {
                return line.call(desk, call);
            }
            let Answer::Followed { size: now, .. } = line.call(desk, &Call::Follow { from: size, leaves })?
            else {
                return Err(VaultError::broken("it did not follow the log"));
            };
            if now <= size {
                return Err(VaultError::broken("it did not follow the log"));
            }
            size = now;
        }
    }

    /// How it stands.
    pub(crate) fn standing(&self, desk: &Desk) -> Told<Standing> {
        match self.ask(desk, &Call::Hello { version: VERSION })? {
            Answer::Hello(standing) => Ok(standing),
            _ => Err(VaultError::broken("it did not say how it stands")),
        }
    }

    /// A PIN for a request; its MAC and the epoch of the key go into the log.
    pub(crate) fn make_pin(&self, desk: &Desk, request: &RequestId) -> Told<(Mac, u64)> {
        match self.ask(desk, &Call::MakePin { request: request.clone() })? {
            Answer::PinMade { mac, epoch } => {
                self.epoch.store(epoch, Ordering::SeqCst);
                Ok((mac, epoch))
            }
            _ => Err(VaultError::broken("it made no PIN")),
        }
    }

    /// The PIN, for the requester's page and no other.
    pub(crate) fn pin(&self, desk: &Desk, request: &RequestId) -> Told<String> {
        match self.ask(desk, &Call::Pin { request: request.clone() })? {
            Answer::Pin { pin } => Ok(pin),
            _ => Err(VaultError::broken("it told no PIN")),
        }
    }

    /// The word that the operator reads out, so that whoever is called knows who calls: in English and Japanese.
    pub(crate) fn word(&self, desk: &Desk, request: &RequestId) -> Told<(&'static str, &'static str)> {
        match self.ask(desk, &Call::Word { request: request.clone() })? {
            Answer::Word { bytes } => Ok(words::of(*bytes.bytes())),
            _ => Err(VaultError::broken("it told no word")),
        }
    }

    /// The MAC of what was typed.
    pub(crate) fn mac(&self, desk: &Desk, request: &RequestId, typed: String) -> Told<Mac> {
        match self.ask(desk, &Call::Mac { request: request.clone(), typed })? {
            Answer::Mac { mac } => Ok(mac),
            _ => Err(VaultError::broken("it told no MAC")),
        }
    }

    /// What its own clock says: which start of the machine, and how long that is ago.
    pub(crate) fn clock(&self, desk: &Desk, offsets_ms: Vec<i64>) -> Told<Clock> {
        let standing = self.standing(desk)?;
        Ok(Clock { boot: standing.boot, up_seconds: standing.up_seconds, offsets_ms })
    }

    /// What an approver needs to give their share; `None`: they hold none, or none is needed.
    pub(crate) fn holder(&self, desk: &Desk, request: &RequestId, person: &PersonId) -> Told<Option<Holder>> {
        match self.ask(desk, &Call::Keys { request: request.clone() })? {
            Answer::Keys { holders, .. } => Ok(holders.into_iter().find(|holder| holder.person == *person)),
            _ => Err(VaultError::broken("it told no keys")),
        }
    }

    /// Gives an approver's share; its digest goes into the log.
    pub(crate) fn share(
        &self,
        desk: &Desk,
        request: &RequestId,
        person: &PersonId,
        sealed: Boxed,
    ) -> Told<Digest> {
        let call = Call::Share { request: request.clone(), person: person.clone(), sealed };
        match self.ask(desk, &call)? {
            Answer::Taken { share } => Ok(share),
            _ => Err(VaultError::broken("it took no share")),
        }
    }

    /// One code, sealed to the page that the log names.
    pub(crate) fn code(
        &self,
        desk: &Desk,
        request: &RequestId,
        leaf: u64,
        checkpoint: String,
    ) -> Told<Sealed> {
        handed(self.ask(desk, &Call::Code { request: request.clone(), leaf, checkpoint })?)
    }

    /// A ceremony begins: the key to which the custodian's page seals the secret.
    pub(crate) fn begin(&self, desk: &Desk, request: &RequestId) -> Told<PublicKey> {
        match self.ask(desk, &Call::Begin { request: request.clone() })? {
            Answer::Begun { key } => Ok(key),
            _ => Err(VaultError::broken("no ceremony began")),
        }
    }

    /// The secret of a ceremony; its keyed digest goes into the log.
    pub(crate) fn enrol(&self, desk: &Desk, request: &RequestId, sealed: Boxed) -> Told<Digest> {
        match self.ask(desk, &Call::Enrol { request: request.clone(), sealed })? {
            Answer::Enrolled { fingerprint, .. } => Ok(fingerprint),
            _ => Err(VaultError::broken("it took no seed")),
        }
    }

    /// A code of the seed that is being enrolled, for the custodian's page; and its step.
    pub(crate) fn enrol_code(&self, desk: &Desk, request: &RequestId) -> Told<(Sealed, u64)> {
        let answer = self.ask(desk, &Call::EnrolCode { request: request.clone() })?;
        let step = if let Answer::Code { step, .. } = &answer { *step } else { 0 };
        handed(answer).map(|code| (code, step))
    }

    /// Forgets what is open, and the key of PINs. A vault that does not answer now forgets when it follows the seal.
    pub(crate) fn forget(&self, desk: &Desk) {
        if let Ok(Answer::Forgotten { epoch }) = self.ask(desk, &Call::Forget {}) {
            self.epoch.store(epoch, Ordering::SeqCst);
        }
    }
}

/// The next leaves from a place on.
fn leaves(desk: &Desk, from: u64) -> Vec<String> {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    desk.book().leaves.iter().skip(from).take(LEAVES).map(|leaf| STANDARD.encode(leaf.bytes())).collect()
}

fn handed(answer: Answer) -> Told<Sealed> {
    match answer {
        Answer::Code { code, from, until, .. } => {
            let key = STANDARD.encode(code.key().as_bytes());
            Ok(Sealed { key, sealed: code.sealed().to_owned(), from, until })
        }
        _ => Err(VaultError::broken("it made no code")),
    }
}

impl Line {
    /// The first words of a call. A connection that lies open may be one to a vault that has ended since: then it is met anew, once.
    fn met(&mut self, desk: &Desk) -> Told<Answer> {
        let was_open = matches!(self, Self::There { open: Some(_), .. });
        let hello = Call::Hello { version: VERSION };
        match self.call(desk, &hello) {
            Err(error) if was_open && !error.is_refusal => self.call(desk, &hello),
            met => met,
        }
    }

    fn call(&mut self, desk: &Desk, call: &Call) -> Told<Answer> {
        let answer = match self {
            Self::Here(here) => here.answer(call.clone(), desk.clock.now()),
            Self::There { socket, open } => {
                // A vault that was started again is met again: what is open is put back when the call went well.
                there(socket, open, call).map_err(VaultError::broken)?
            }
        };
        match answer {
            Answer::Refused(refused) => {
                Err(VaultError { what: refused.message, hint: refused.hint, is_refusal: true })
            }
            answer => Ok(answer),
        }
    }
}

fn there(socket: &PathBuf, open: &mut Option<UnixStream>, call: &Call) -> io::Result<Answer> {
    let stream = match open.take() {
        Some(stream) => stream,
        None => {
            let stream = UnixStream::connect(socket)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream
        }
    };
    let long = || io::Error::other("a message is too long");
    let mut line = &stream;
    line.write_all(&protocol::framed(call).ok_or_else(long)?)?;
    let mut length = [0; 4];
    line.read_exact(&mut length)?;
    let mut bytes = vec![0; protocol::length(length).ok_or_else(long)?];
    line.read_exact(&mut bytes)?;
    let answer = serde_json::from_slice(&bytes).map_err(|_| io::Error::other("it answered nonsense"))?;
    *open = Some(stream);
    Ok(answer)
}
