//! Who may open what, and how is it proved? Requests for what is in custody, decided by people, written to a log that is the only truth.
//!
//! ```text
//! root_code, drill   pending ─► approved ─► armed (claimed) ─► verified (PIN) ─► code, code ─► closed ─► reviewed
//! custody            pending ─► approved ─► armed (the ceremony) ─────────────────────────► closed ─► reviewed
//! govern             pending ─► approved ─► in force ─────────────────────────────────────► closed ─► reviewed
//! whenever           denied, cancelled, killed, expired, locked, sealed_hold, rolled_back
//! ```
//!
//! * [`step`]: a [`State`], an [`Event`], the [`Policy`] in force and the instant in, the next state and [`Effect`]s out, or a [`Refusal`].
//! * Every event that was taken is a [`Leaf`] of the log, and [`fold`] of the leaves is the state: nothing else is the truth.
//! * [`Policy`]: who may do what. One that fails a lint does not exist.
//! * [`Ask`]: what was asked, which never changes; people sign its [`Digest`] ([`Statement`] says the bytes).
//! * [`simulate`]: who could get a code tonight. [`State::grant`]: what the vault asks before it makes one.
//! * [`releases`]: which codes a log released; [`explain`]: which sign-in of a root each of them explains;
//!   [`report`]: everything root did then; [`watch`]: a whole trail beside a whole log.
//!
//! No clock, files, network or randomness. Signatures are verified by the edge before an event is given in, and by the vault once more.

mod ask;
mod digest;
mod effect;
mod event;
mod explain;
mod grant;
mod guard;
mod lasting;
mod leaf;
mod log;
mod name;
mod network;
mod policy;
mod quorum;
mod refusal;
mod report;
mod request;
mod rollback;
mod signed;
mod simulate;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod told;
mod watch;

pub use ask::{Ask, Ceremony, Draft, Kind, Matter, Mode, NamedAccount, Wish};
pub use digest::{Digest, canonical};
pub use effect::{Effect, Host, News, Notice};
pub use event::{Clock, Event, Exposure, Finding, Mac, Outcome, Proof, Viewer};
pub use explain::{Explained, RootLogin, Tolerance, explain};
pub use grant::Grant;
pub use lasting::Lasting;
pub use leaf::{Leaf, LeafError, RULES};
pub use log::{Grants, Opened, Released, SIGN_IN_WITHIN, releases};
pub use name::{GroupName, KeyName, NameError, PersonId, RequestId, RuleName, SeedId};
pub use network::Network;
pub use policy::{
    Account, Algorithm, Being, Count, Fault, Faults, Group, Key, KeyKind, Limits, Need, Networks, Person,
    Policy, PolicyFile, Roles, Rule, Seed, Tier,
};
pub use quorum::{Part, is_filled};
pub use refusal::Refusal;
pub use report::{RootDeed, RootReport, SESSION, report};
pub use request::{Approval, Claim, End, How, Pin, Release, Request, Review, Stage};
pub use rollback::{Extent, Rollback};
pub use signed::{Signed, Statement};
pub use simulate::{Obstacle, Tonight, simulate};
pub use state::{FoldError, HeldSeed, SealedBy, State, fold};
pub use step::{LEAST_SOURCES, MOST_OFFSET_MS, PIN_TRIES, step, step_of};
pub use told::{Span, Telling, Told};
pub use watch::{Alarm, AssumedRoot, Question, Recovery, RootTrail, TOLERANCE, Untold, Watched, watch};
