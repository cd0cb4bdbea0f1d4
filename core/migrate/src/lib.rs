//! From IAM users with keys to roles of the right kind, with proof.
//!
//! No clock, no files, no network, no randomness. The unit is the credential: a key or a password, never the user.
//!
//! * [`Sightings`]: calls → what each credential did, from where, with which client: a fold whose parts merge in any order.
//! * [`Piece`]: one piece of evidence, with how many calls it rests on and one of them; it allows some classes of home and no others.
//! * [`judge`]: pieces → a [`Judged`]: the class of home, or that it is shared, noise, or cannot be told, with the question that
//!   would tell. [`Answers`] are what people said.
//! * [`target`]: a class, with the facts that only the company knows → whom a role lets in; [`trust`]: its trust policy, proved.
//! * [`propose`]: the role: what it may, drawn from the credential's calls, proved to be no more than the user's, and replayed.
//! * [`names`]: what names the user.

mod answers;
mod class;
pub mod github;
mod judge;
mod judged;
mod names;
mod piece;
mod places;
mod propose;
mod question;
mod rhythm;
mod seen;
mod target;
mod tools;
mod trust;
mod workload;

pub use answers::{Answer, Answers, AnswersError};
pub use class::{Class, Classes, Kind};
pub use judge::{Known, judge};
pub use judged::{Certainty, Home, Judged, Noise, Untold};
pub use names::{NOT_SEEN, Named, Naming, names};
pub use piece::{Piece, Sort, Strength};
pub use places::what_changes;
pub use propose::{Drawing, NoProposal, Proposal, propose};
pub use question::question;
pub use seen::{Credential, Seen, Sightings, Tally};
pub use target::{Fact, Facts, NoTarget, Place, Target, Token, facts_of, target};
pub use trust::{Trust, trust};
pub use workload::Workload;

#[cfg(test)]
mod tests;
