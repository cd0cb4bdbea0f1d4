//! What a step asks the edge for. Effects are data; each is done after its leaf is in the log, and never before.

use std::collections::BTreeSet;

use crate::ask::{Ceremony, Mode};
use crate::digest::Digest;
use crate::event::Viewer;
use crate::leaf::Leaf;
use crate::name::{KeyName, PersonId, RequestId, SeedId};

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the edge does each")]
pub enum Effect {
    /// This is the leaf: always the first effect, and always one.
    Append(Leaf),
    /// Tell people.
    Tell(Notice),
    /// The vault makes a PIN for the requester's page: [`crate::Event::SetPin`].
    MakePin {
        /// Of this request.
        request: RequestId,
    },
    /// Once the leaf is in a checkpoint that the witness has cosigned, the vault makes this one code: [`crate::Event::Shown`].
    Code {
        /// Of this request.
        request: RequestId,
        /// By this seed.
        seed: SeedId,
        /// Of this step.
        step: u64,
        /// The index of the leaf.
        leaf: u64,
        /// How it gets to whoever asked.
        mode: Mode,
        /// Sealed to this page.
        viewer: Viewer,
    },
    /// A ceremony may begin: [`crate::Event::Settle`].
    Begin {
        /// Of this request.
        request: RequestId,
        /// With this seed.
        seed: SeedId,
        /// Which.
        ceremony: Ceremony,
        /// By this custodian.
        by: PersonId,
    },
    /// What a ceremony has prepared is put aside, sealed, and not used.
    Abandon {
        /// Of this request.
        request: RequestId,
    },
    /// The vault forgets all that it has open, and the key of PINs; sessions end.
    Forget,
    /// The custody host has to run, or need not any more.
    Host(Host),
    /// Another policy is in force.
    PolicyIs(Digest),
    /// The log goes on in this epoch, under its name.
    EpochIs(u64),
    /// What was approved can come into force at once: [`crate::Event::Apply`], or [`crate::Event::BeginEpoch`].
    ApplyNext {
        /// This.
        request: RequestId,
    },
    /// Another key signs the log from the next checkpoint on.
    SignWith {
        /// As C2SP `signed-note` writes it.
        key: String,
    },
}

/// Whether the custody host has to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "on and off")]
pub enum Host {
    /// `custody.needed`: there is a request that will need it.
    Needed,
    /// `custody.idle`: there is none any more.
    Idle,
}

/// Something that people are told; the words are `core/notice`'s.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "all of it is told")]
pub struct Notice {
    /// What.
    pub what: News,
    /// About this request.
    pub request: Option<RequestId>,
    /// To these; the channel of the desk hears everything.
    pub people: BTreeSet<PersonId>,
}

/// What people are told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each has its own words")]
pub enum News {
    /// Somebody asks, and you may approve.
    Submitted,
    /// Somebody approved, and more are needed.
    ApprovedBy(PersonId),
    /// Enough have approved.
    Approved,
    /// Somebody carries it out.
    Claimed(PersonId),
    /// A wrong PIN was typed; so many tries are left.
    WrongPin(u8),
    /// A code was released: the how-manieth.
    Released(usize),
    /// It ended; how, the request says.
    Over,
    /// You may review it.
    ReviewDue,
    /// It was reviewed.
    Reviewed,
    /// It was reviewed, and something was not as it should be.
    Concern,
    /// Somebody sealed the desk.
    Sealed(PersonId),
    /// It is open again.
    Unsealed,
    /// Another policy is in force.
    PolicyChanged,
    /// Another key signs the log.
    LogKeyChanged,
    /// The log goes on after a roll-back, without so many entries.
    EpochBegun(u64),
    /// A key counts no more.
    KeyRevoked {
        /// Whose.
        person: PersonId,
        /// Which.
        key: KeyName,
    },
    /// A seed is in custody.
    SeedHeld(SeedId),
    /// A seed is gone.
    SeedGone(SeedId),
    /// A ceremony came to nothing.
    CeremonyFailed(SeedId),
    /// A ceremony was cut off: somebody has to look whether root has a device now whose seed nobody holds.
    CeremonyCutOff(SeedId),
    /// One person saw both halves of root: the seed has to be replaced.
    MustRotate(SeedId),
}
