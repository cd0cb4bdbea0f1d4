//! The checkpoint: what the log commits itself to, and the witness's signature that it only grew.

use std::sync::Mutex;

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
    pub(crate) key: SigningKey,
    pub(crate) cosigner: Cosigner,
    /// The size that the witness has cosigned last, as far as this process knows, and the checkpoint.
    last: Mutex<(u64, Option<String>)>,
}

impl Publisher {
    pub(crate) fn new(key: SigningKey, cosigner: Cosigner) -> Self {
        Self { key, cosigner, last: Mutex::new((0, None)) }
    }

    /// A witness in this process.
    pub(crate) fn here(key: CosigningKey, log: &SigningKey) -> Cosigner {
        let witness = Witness::new(key, [log.public().clone()]);
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
                let checkpoint = Checkpoint::new(publisher.key.public().name(), size, root);
                let note = checkpoint.and_then(|checkpoint| checkpoint.signed_by(&publisher.key));
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
