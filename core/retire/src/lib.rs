//! Staged retirement of credentials: switched off for ten minutes and on again, days later for a day and on again, then for a month, and
//! deleted when nobody needed it.
//!
//! ```text
//! planned ─► notified ─► going off ─► off ─► on due ─► on ─► (the next rung) planned …
//!                                      └─ the last rung ─► delete due ─► deleting ─► deleted
//! whenever: aborted (a complaint, a stop, panic), protected, drifted: the key is on, or somebody else's matter
//! ```
//!
//! * [`step`] is the ladder of one credential, pure: a state, what happened and the instant in, the next state and effects out.
//! * [`Round`] drives all retirements of a journal once: what is overdue comes on first, each decision is written down before it is acted on.
//! * [`Book`] is what the entries of a journal say; nothing else is needed to go on, or to switch everything on.
//! * [`Ladder`], [`Windows`] and [`Enough`] are the company's settings ([`Settings`]); [`Busy`] is when a key was called, and what an off of
//!   some length could tell ([`Expected`], [`Verdict`]).
//!
//! * [`Managed`] are the keys that Terraform would switch on again.
//!
//! What "off", "on" and "delete" are in AWS is the matter of stored plans, of which this knows the ids.

mod book;
mod effect;
mod event;
mod evidence;
mod guard;
mod ladder;
mod lasting;
mod notice;
mod round;
mod settings;
mod start;
mod state;
mod step;
mod terraform;
#[cfg(test)]
mod tests;
mod windows;

pub use book::{Book, BookError, Entry, SCHEMA, Told};
pub use effect::{Effect, Turn};
pub use event::{Event, Given, How, Shown, Sight};
pub use evidence::{Busy, Enough, Evidence, Expected, Thousandths, Verdict};
pub use ladder::{Ladder, Rung};
pub use lasting::{Lasting, LastingError};
pub use notice::{Kind, Notice};
pub use round::{Answer, Circumstances, Round, Wanted};
pub use settings::{Settings, ZoneName};
pub use start::{Credential, PlanRef, Start};
pub use state::{Because, Phase, Standing, State};
pub use step::step;
pub use terraform::{Managed, StateError};
pub use windows::{Weekdays, Windows};
