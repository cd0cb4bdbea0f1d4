//! The desk: the fold of its log, and the one way by which an event gets into it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard};

use jiff::Timestamp;
use kagimori_custody::{Effect, Event, Leaf, PersonId, Policy, Refusal, RequestId, Rollback, State, step};
use kagimori_journal::{Append, Held, Journal, JournalError, Message};
use kagimori_ledger::epoch::origin_of;
use kagimori_ledger::{Hash, Tree};
use kagimori_passkey::RelyingParty;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::codes::{Codes, Handed};
use crate::dev::Dev;
use crate::letters;
use crate::oidc::Oidc;
use crate::outside;
use crate::page::ceremony::UnderWay;
use crate::proof;
use crate::publish::Publisher;
use crate::settings::Settings;
use crate::vault::{Vault, VaultError};
use crate::web::challenge::Challenges;
use crate::web::limit::Limits;
use crate::web::session::Sessions;
use crate::web::signature::Calls;

/// A desk that runs.
pub(crate) struct Desk {
    pub(crate) settings: Settings,
    pub(crate) party: RelyingParty,
    pub(crate) clock: Clock,
    pub(crate) sessions: Sessions,
    pub(crate) oidc: Oidc,
    pub(crate) challenges: Challenges,
    pub(crate) calls: Calls,
    pub(crate) limits: Limits,
    pub(crate) counters: proof::Counters,
    pub(crate) dev: Option<Dev>,
    pub(crate) vault: Vault,
    pub(crate) publisher: Publisher,
    pub(crate) codes: Codes,
    pub(crate) ceremonies: Mutex<BTreeMap<RequestId, UnderWay>>,
    book: RwLock<Book>,
    /// Whoever writes holds this from looking to having written: one event after the other.
    held: Mutex<Held>,
    /// What the log lacks, while nobody has settled that.
    lacks: RwLock<Option<Rollback>>,
    news: watch::Sender<u64>,
    overtaken: watch::Sender<bool>,
}

/// What the log says.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) state: State,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) tree: Tree,
}

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskError {
    /// The rules do not allow it.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The signature is not to be believed.
    #[error(transparent)]
    Proof(#[from] proof::ProofError),
    /// The vault did not do it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The log lacks entries that the witness has seen.
    #[error(
        "the record was restored without its last {lost} entries, and a quorum has to say how it goes on"
    )]
    RolledBack {
        /// How many.
        lost: u64,
    },
    /// Nobody asks for an epoch without need, or for another than the one that follows.
    #[error("that is not what the record lacks")]
    NothingLost,
    /// The witness did not sign.
    #[error("the witness has not signed the log: {0}")]
    Witness(String),
    /// It could not be written down, so it did not happen.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What was written once cannot be read.
    #[error("{0}")]
    Log(String),
    /// A defect in another thread.
    #[error("the desk has to be started again")]
    Broken,
}

/// What came of an event.
#[derive(Debug)]
pub(crate) struct Taken {
    /// What is to be done now that it is written.
    pub(crate) effects: Vec<Effect>,
}

impl Desk {
    /// Opens a desk over a journal: reads the log and folds it.
    ///
    /// # Errors
    /// [`DeskError`] when it cannot be read, or no desk can have written it.
    pub(crate) fn open(
        settings: Settings,
        clock: Clock,
        held: Held,
        publisher: Publisher,
        vault: Vault,
        dev: Option<Dev>,
    ) -> Result<Self, DeskError> {
        let book = Book::read(&held)?;
        let name = origin_of(&settings.log_name(), book.state.epoch());
        publisher.rename(&name).map_err(DeskError::Log)?;
        let (news, _) = watch::channel(book.state.size());
        Ok(Self {
            party: settings.party(),
            settings,
            clock,
            sessions: Sessions::default(),
            oidc: Oidc::default(),
            challenges: Challenges::default(),
            calls: Calls::default(),
            limits: Limits::default(),
            counters: proof::Counters::default(),
            dev,
            vault,
            publisher,
            codes: Codes::default(),
            ceremonies: Mutex::default(),
            book: RwLock::new(book),
            held: Mutex::new(held),
            lacks: RwLock::default(),
            news,
            overtaken: watch::channel(false).0,
        })
    }

    /// What the log says now.
    pub(crate) fn book(&self) -> RwLockReadGuard<'_, Book> {
        // A writer that panicked had written nothing yet: what is there is whole.
        self.book.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes an event: verifies its signature, asks the rules, writes it down with what people are told, and then says what is to be done.
    ///
    /// # Errors
    /// [`DeskError`]; then nothing happened.
    pub(crate) fn act(&self, event: &Event) -> Result<Taken, DeskError> {
        let mut held = self.held.lock().map_err(|_| DeskError::Broken)?;
        match self.act_on(&mut held, event) {
            // An entry of ours is there of which nobody could tell us: what is asked is asked again of the log as it is.
            Err(DeskError::Journal(JournalError::Moved { .. })) => {
                self.catch_up(&mut held)?;
                self.act_on(&mut held, event)
            }
            done => done,
        }
    }

    fn act_on(&self, held: &mut Held, event: &Event) -> Result<Taken, DeskError> {
        let (now, state, effects) = {
            let book = self.book();
            let now = instant_of(event, &book.state, self.clock.now());
            self.must_not_be_held(&book, event)?;
            proof::must_hold(self, &book.state, event)?;
            let policy = policy_of(&book.state, event)?;
            let (state, effects) = step(&book.state, event, &policy, now)
                .map_err(|refusal| DeskError::Refused(Box::new(refusal)))?;
            (now, state, effects)
        };
        let leaf = effects.iter().find_map(|effect| match effect {
            Effect::Append(leaf) => Some(leaf.clone()),
            _ => None,
        });
        let leaf = leaf.ok_or(DeskError::Broken)?;
        let bytes = leaf.bytes();
        let letters = letters::of(self, &state, &effects);
        let messages: Vec<Message<'_>> =
            letters.iter().map(|(channel, body)| Message { channel, body }).collect();
        held.append(&Append { entry: &bytes, documents: &[], messages: &messages }, now)?;
        let size = state.size();
        if let Ok(mut book) = self.book.write() {
            book.tree.append(Hash::leaf(&bytes));
            book.leaves.push(leaf);
            book.state = state;
        }
        // A no takes back what nobody has read yet.
        if let Event::Deny { request, .. } | Event::Kill { request, .. } | Event::Cancel { request, .. } =
            event
        {
            self.codes.forget(request);
        }
        self.news.send_replace(size);
        Ok(Taken { effects })
    }

    /// Whether an event would be taken now, but for its signature; nothing is written.
    ///
    /// # Errors
    /// [`DeskError::Refused`].
    pub(crate) fn would_take(&self, event: &Event) -> Result<(), DeskError> {
        let book = self.book();
        self.must_not_be_held(&book, event)?;
        let policy = policy_of(&book.state, event)?;
        let taken = step(&book.state, event, &policy, self.clock.now());
        taken.map(drop).map_err(|refusal| DeskError::Refused(Box::new(refusal)))
    }

    /// Reads the log as it is now.
    fn catch_up(&self, held: &mut Held) -> Result<(), DeskError> {
        held.know()?;
        let fresh = Book::read(held)?;
        let size = fresh.state.size();
        if let Ok(mut book) = self.book.write() {
            *book = fresh;
        }
        self.news.send_replace(size);
        Ok(())
    }

    /// Looks whether the log is still this process's to write, where another could have taken it; a database may be silent for a while.
    pub(crate) fn keep(&self) {
        let Ok(mut held) = self.held.lock() else { return };
        match held.keep() {
            Err(JournalError::Lost { .. }) => drop(self.overtaken.send_replace(true)),
            Err(JournalError::Moved { .. }) => drop(self.catch_up(&mut held)),
            _ => {}
        }
    }

    /// Whether another process has taken the log: nothing of what this one shows is to be believed any more.
    pub(crate) fn is_overtaken(&self) -> bool {
        *self.overtaken.borrow()
    }

    /// What the log lacks, while a quorum has not settled that.
    pub(crate) fn held(&self) -> Option<Rollback> {
        *self.lacks.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn hold(&self, lacks: Option<Rollback>) {
        *self.lacks.write().unwrap_or_else(std::sync::PoisonError::into_inner) = lacks;
    }

    /// Hears of that.
    pub(crate) fn overtaken(&self) -> watch::Receiver<bool> {
        self.overtaken.subscribe()
    }

    /// Hears of every change.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Whether the policy of now has a person of this name.
    pub(crate) fn is_known(&self, person: &str) -> bool {
        let Ok(person) = PersonId::parse(person) else { return false };
        self.book().state.policy().is_some_and(|policy| policy.person(&person).is_some())
    }

    /// Whether it is sealed.
    pub(crate) fn is_sealed(&self) -> bool {
        self.book().state.sealed().is_some()
    }

    /// How people call somebody.
    pub(crate) fn shown_name(&self, person: &PersonId) -> String {
        self.book().shown_name(person)
    }

    /// A code, once its leaf is in the log: the checkpoint, the witness, and then the vault.
    ///
    /// # Errors
    /// [`DeskError`]; then no code was made.
    pub(crate) fn code(&self, request: &RequestId, leaf: u64, place: Handed) -> Result<(), DeskError> {
        let checkpoint = self.publish()?;
        let code = self.vault.code(self, request, leaf, checkpoint)?;
        self.codes.put(place, code);
        Ok(())
    }

    /// How far the clock is from the witness's and from those of the settings, in milliseconds; who does not answer is left out, and the
    /// rules say whether enough did. In `dev` nobody else is asked: the machine is believed.
    pub(crate) fn offsets(&self) -> Vec<i64> {
        let Some(witness) = &self.settings.witness else { return vec![0, 0] };
        let sources = std::iter::once(&witness.address).chain(&self.settings.clocks);
        sources.filter_map(|address| outside::offset_ms(address, || self.clock.now())).collect()
    }

    /// Reads the log from the disk again, and folds it.
    ///
    /// # Errors
    /// [`DeskError`].
    pub(crate) fn reread(&self) -> Result<Book, DeskError> {
        Book::read(&Journal::open(&self.settings.store)?)
    }
}

impl Book {
    fn read(journal: &Journal) -> Result<Self, DeskError> {
        let mut book = Self::default();
        for entry in journal.entries()? {
            let leaf = Leaf::parse(&entry.bytes).map_err(|error| DeskError::Log(error.to_string()))?;
            book.state.fold_one(&leaf).map_err(|error| DeskError::Log(error.to_string()))?;
            book.tree.append(Hash::leaf(&entry.bytes));
            book.leaves.push(leaf);
        }
        Ok(book)
    }

    /// How people call somebody; who left the policy is called by the name that stands in the log.
    pub(crate) fn shown_name(&self, person: &PersonId) -> String {
        let found = self.state.policy().and_then(|policy| policy.person(person));
        found.map_or_else(|| person.to_string(), |found| kagimori_notice::tamed(&found.name, 60))
    }

    /// The entries about a request, with their places.
    pub(crate) fn of_request<'a>(
        &'a self,
        request: &'a kagimori_custody::RequestId,
    ) -> impl Iterator<Item = (usize, &'a Leaf)> {
        self.leaves.iter().enumerate().filter(move |(_, leaf)| leaf.event.request() == Some(request))
    }
}

/// When an event happens. The log's time never goes back: after a clock that was ahead was set right nothing is taken until it has caught up.
/// But a no is: it stands at the instant of the last entry.
pub(crate) fn instant_of(event: &Event, state: &State, now: Timestamp) -> Timestamp {
    let is_a_no = matches!(
        event,
        Event::Deny { .. }
            | Event::Cancel { .. }
            | Event::Kill { .. }
            | Event::Seal { .. }
            | Event::RevokeKey { .. }
    );
    state.at().filter(|last| is_a_no && now < *last).unwrap_or(now)
}

/// The policy by which an event is judged; the first brings its own.
fn policy_of(state: &State, event: &Event) -> Result<Arc<Policy>, DeskError> {
    match (state.policy(), event) {
        (Some(policy), _) => Ok(Arc::clone(policy)),
        (None, Event::Found { policy }) => {
            let faults = |faults| DeskError::Refused(Box::new(Refusal::Faults(faults)));
            Policy::load((**policy).clone()).map(Arc::new).map_err(faults)
        }
        (None, _) => Err(DeskError::Refused(Box::new(Refusal::NotFounded))),
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("company", &self.settings.company).finish_non_exhaustive()
    }
}
