//! From IAM users with keys to roles of the right kind, with proof.
//!
//! No clock, no files, no network, no randomness. The unit is the credential: a key or a password, never the user.
//!
//! * [`Sightings`]: calls → what each credential did, from where, with which client: a fold whose parts merge in any order.
//! * [`Piece`]: one piece of evidence, with how many calls it rests on and one of them; it allows some classes of home and no others.
//! * [`judge`]: pieces → a [`Judged`]: the class of home, or that it is shared, noise, or cannot be told, with the question that
//!   would tell.

mod class;
mod judge;
mod judged;
mod piece;
mod question;
mod rhythm;
mod seen;
mod tools;
mod workload;

pub use class::{Class, Classes, Kind};
pub use judge::{Known, judge};
pub use judged::{Certainty, Home, Judged, Noise, Untold};
pub use piece::{Piece, Sort, Strength};
pub use question::question;
pub use seen::{Credential, Seen, Sightings, Tally};
pub use workload::Workload;

#[cfg(test)]
mod tests;
