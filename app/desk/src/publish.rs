//! The checkpoint: what the log commits itself to, and the witness's signature that it only grew.

use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use kagimori_ledger::epoch::origin_of;
use kagimori_ledger::key::{CosigningKey, SigningKey};
use kagimori_ledger::witness::{self, Records, Witness};
use kagimori_ledger::{Checkpoint, Note, VerifyingKey};

use crate::desk::{Desk, DeskError};
use crate::outside;

/// Who cosigns.
#[derive(Debug)]
pub(crate) enum Cosigner {
    /// In `dev`: in this process.
    Here(Box<Witness>, Mutex<Records>),
    /// Elsewhere, as it should be: its address and its key.
    There(String, Box<VerifyingKey>),
}

/// The keys of the log, and what was published last.
#[derive(Debug)]
pub(crate) struct Publisher {
    /// Under the name that the log has now.
    key: RwLock<SigningKey>,
    pub(crate) cosigner: Cosigner,
    /// The size that the witness has cosigned last, as far as this process knows, and the checkpoint.
    last: Mutex<(u64, Option<String>)>,
}

impl Publisher {
    pub(crate) fn new(key: SigningKey, cosigner: Cosigner) -> Self {
        Self { key: RwLock::new(key), cosigner, last: Mutex::new((0, None)) }
    }

    fn key(&self) -> RwLockReadGuard<'_, SigningKey> {
        self.key.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What everybody may know of the log's key.
    pub(crate) fn public(&self) -> VerifyingKey {
        self.key().public().clone()
    }

    /// The log has another name from here on, and the witness has seen nothing of it.
    pub(crate) fn rename(&self, name: &str) -> Result<(), String> {
        let renamed = self.key().renamed(name).map_err(|error| error.to_string())?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if self.key().public().name() != name {
            *last = (0, None);
        }
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = renamed;
        Ok(())
    }

    /// The newest that the witness has cosigned of a log, in this epoch or a later one; `None`: nothing yet.
    pub(crate) fn seen(&self, name: &str, epoch: u64) -> Result<Option<(String, Checkpoint)>, String> {
        let (mut newest, keys) = (None, [self.witness().clone()]);
        for epoch in epoch.. {
            let origin = origin_of(name, epoch);
            let Some(note) = self.record(&origin)? else { break };
            let (checkpoint, _) = Checkpoint::open(&note, &keys).map_err(|error| error.to_string())?;
            if checkpoint.origin() != origin {
                return Err("it answered with the checkpoint of another log".to_owned());
            }
            newest = Some((note, checkpoint));
        }
        Ok(newest)
    }

    fn record(&self, origin: &str) -> Result<Option<String>, String> {
        match &self.cosigner {
            Cosigner::Here(_, records) => {
                let records = records.lock().map_err(|_| "the witness has to be started again".to_owned())?;
                Ok(records.of(origin).map(str::to_owned))
            }
            Cosigner::There(address, _) => {
                let name = Witness::record_name(origin);
                match outside::get(&format!("{address}/{name}/checkpoint"))? {
                    (200, note) => Ok(Some(note)),
                    (404, _) => Ok(None),
                    (status, _) => Err(format!("it answered with status {status}")),
                }
            }
        }
    }

    /// A witness in this process.
    pub(crate) fn here(key: CosigningKey, log: &SigningKey) -> Cosigner {
        // Of a log that is restored on this machine it knows what it is called next.
        let known =
            (1..=9).filter_map(|epoch| log.public().renamed(&origin_of(log.public().name(), epoch)).ok());
        let witness = Witness::new(key, known);
        Cosigner::Here(Box::new(witness), Mutex::new(Records::default()))
    }

    /// The key of the witness.
    pub(crate) fn witness(&self) -> &VerifyingKey {
        match &self.cosigner {
            Cosigner::Here(witness, _) => witness.public(),
            Cosigner::There(_, key) => key,
        }
    }

    /// The checkpoint that was published last.
    pub(crate) fn checkpoint(&self) -> Option<(u64, String)> {
        let last = self.last.lock().ok()?;
        last.1.clone().map(|note| (last.0, note))
    }
}

impl Desk {
    /// Publishes the log as it is now: signed, and cosigned by the witness. Whoever needs a code waits for that.
    ///
    /// # Errors
    /// [`DeskError::Witness`] when the witness does not answer or does not agree.
    pub(crate) fn publish(&self) -> Result<String, DeskError> {
        let publisher = &self.publisher;
        let mut last = publisher.last.lock().map_err(|_| DeskError::Broken)?;
        let broken = |error: &dyn std::fmt::Display| DeskError::Witness(error.to_string());
        // A witness that has seen another size than we remember says which; then it is asked once more from there.
        for _ in 0..2 {
            let (size, request, note) = {
                let book = self.book();
                let size = book.tree.size();
                if let (known, Some(note)) = &*last
                    && *known == size
                {
                    return Ok(note.clone());
                }
                let root = book.tree.root_at(size).map_err(|error| broken(&error))?;
                let key = publisher.key();
                let checkpoint = Checkpoint::new(key.public().name(), size, root);
                let note = checkpoint.and_then(|checkpoint| checkpoint.signed_by(&key));
                let note = note.map_err(|error| broken(&error))?;
                let proof = if last.0 == 0 {
                    Vec::new()
                } else {
                    book.tree.consistency(last.0, size).map_err(|error| broken(&error))?
                };
                (size, witness::request(last.0, &proof, &note), note)
            };
            let (status, answer) = self.ask_witness(&request)?;
            match status {
                200 => {
                    let keys = [publisher.witness().clone()];
                    let note: Note = witness::taken(&note, &answer, &keys).map_err(|error| broken(&error))?;
                    *last = (size, Some(note.to_string()));
                    return Ok(note.to_string());
                }
                409 => {
                    let seen: u64 = answer.trim().parse().map_err(|_| broken(&"it answered nonsense"))?;
                    if seen > size {
                        return Err(DeskError::Witness(format!(
                            "it has seen {seen} entries, and the log has {size}: the log was rolled back"
                        )));
                    }
                    last.0 = seen;
                }
                404 => {
                    let (key, answer) = (publisher.public(), kagimori_notice::tamed(answer.trim(), 200));
                    return Err(DeskError::Witness(format!("{answer}; start it with `--log {key}`")));
                }
                // Its words go to pages and terminals: one line, and nothing hidden in it.
                _ => return Err(DeskError::Witness(kagimori_notice::tamed(answer.trim(), 200))),
            }
        }
        Err(DeskError::Witness("it does not agree on the size of the log".to_owned()))
    }

    fn ask_witness(&self, request: &str) -> Result<(u16, String), DeskError> {
        match &self.publisher.cosigner {
            Cosigner::Here(witness, records) => {
                let mut records = records.lock().map_err(|_| DeskError::Broken)?;
                let now = u64::try_from(self.clock.now().as_second()).unwrap_or(0);
                let answer = witness.add_checkpoint(&mut records, request.as_bytes(), now);
                Ok((answer.status, answer.body))
            }
            Cosigner::There(address, _) => {
                outside::post(&format!("{address}/add-checkpoint"), request).map_err(DeskError::Witness)
            }
        }
    }
}
