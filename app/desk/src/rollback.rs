//! A log that was restored from a copy without its last entries. The witness has seen more, and says so: until a quorum has begun another
//! epoch nothing else is taken, for nobody knows what was lost.

use kagimori_custody::{Event, Extent, Matter, Rollback, Wish};
use kagimori_ledger::epoch::{Head, of_origin, origin_of};
use kagimori_ledger::{Checkpoint, VerifyingKey};

use crate::desk::{Book, Desk, DeskError};

/// A log beside what the witness has seen of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// It only grew.
    Whole,
    /// It lacks entries: that is how it can go on.
    Lacks(Rollback),
    /// It has other entries, and nobody can tell since when.
    Another,
}

/// Compares them.
pub(crate) fn compared(book: &Book, seen: Option<&Checkpoint>) -> Compared {
    let Some(checkpoint) = seen else { return Compared::Whole };
    let (_, epoch) = of_origin(checkpoint.origin());
    let seen = Extent::from(Head { size: checkpoint.size(), root: *checkpoint.root() });
    if epoch == book.state.epoch() && book.extent_at(seen.size) == Some(seen) {
        return Compared::Whole;
    }
    // Decided, or being decided, since: its entries stand after what was kept.
    let asked = book.state.requests().rev().find_map(|request| match request.ask.matter {
        Matter::Epoch { rollback } if rollback.seen == seen && rollback.number > epoch => Some(rollback),
        _ => None,
    });
    if let Some(rollback) = asked.filter(|rollback| book.extent_at(rollback.kept.size) == Some(rollback.kept))
    {
        return Compared::Lacks(rollback);
    }
    let number = epoch.max(book.state.epoch()).saturating_add(1);
    match book.extent_at(book.tree.size()) {
        Some(kept) if kept.size < seen.size => Compared::Lacks(Rollback { number, kept, seen }),
        _ => Compared::Another,
    }
}

impl Book {
    /// The log as it was at a size.
    fn extent_at(&self, size: u64) -> Option<Extent> {
        let root = self.tree.root_at(size).ok()?;
        Some(Extent::from(Head { size, root }))
    }
}

impl Desk {
    /// Asks the witness what it has seen. From then on a log that lacks entries takes nothing but what settles that.
    ///
    /// # Errors
    /// [`DeskError::Witness`] when it does not say, or when the log is another one.
    pub(crate) fn look_back(&self) -> Result<Option<Rollback>, DeskError> {
        let epoch = self.book().state.epoch();
        let seen = self.publisher.seen(&self.settings.log_name(), epoch).map_err(DeskError::Witness)?;
        let found = compared(&self.book(), seen.as_ref().map(|(_, checkpoint)| checkpoint));
        let lacks = match found {
            Compared::Whole => None,
            Compared::Lacks(rollback) => Some(rollback),
            Compared::Another => {
                let why =
                    "it has seen another log of this name: the log was rolled back, and has gone on since";
                return Err(DeskError::Witness(why.to_owned()));
            }
        };
        self.hold(lacks);
        Ok(lacks)
    }

    /// Whether an event may be taken while the log lacks entries; and while it does not, nobody begins an epoch.
    pub(crate) fn must_not_be_held(&self, book: &Book, event: &Event) -> Result<(), DeskError> {
        let settles = match event {
            Event::Submit { draft, .. } => match &draft.wish {
                Wish::Epoch { rollback } => Some(*rollback),
                _ => None,
            },
            _ => event.request().and_then(|id| match book.state.request(id)?.ask.matter {
                Matter::Epoch { rollback } => Some(rollback),
                _ => None,
            }),
        };
        // What comes after its end, the review, is taken at any time.
        let begins = matches!(event, Event::Submit { .. } | Event::BeginEpoch { .. });
        match (self.held(), settles) {
            (None, Some(_)) if begins => Err(DeskError::NothingLost),
            (Some(held), Some(rollback)) if begins && held != rollback => Err(DeskError::NothingLost),
            (Some(held), None) => Err(DeskError::RolledBack { lost: held.lost() }),
            _ => Ok(()),
        }
    }

    /// An epoch has begun: the log has another name from here on, which the witness has to know.
    pub(crate) fn go_on_in(&self, epoch: u64) -> Result<(), DeskError> {
        let name = origin_of(&self.settings.log_name(), epoch);
        self.publisher.rename(&name).map_err(DeskError::Log)?;
        self.hold(None);
        Ok(())
    }

    /// The key of the log under the name that it has in an epoch.
    pub(crate) fn key_in(&self, epoch: u64) -> Option<VerifyingKey> {
        self.publisher.public().renamed(&origin_of(&self.settings.log_name(), epoch)).ok()
    }
}
