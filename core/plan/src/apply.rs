//! Applying a stored plan, and undoing it: a machine that says what to look at, what to write down and what to call.
//!
//! Whoever drives it has the journal, the way to AWS and the clock; it decides.
//!
//! ```text
//! loop {
//!     match run.next() {
//!         Wanted::Call(call) => run.take(Taken::Outcome(/* what became of it */)),
//!         Wanted::Journal(record) => run.take(/* once it is on the disk */ Taken::Journalled),
//!         Wanted::Wait { seconds } => run.take(Taken::Waited),
//!         Wanted::Typed(asked) => run.take(Taken::Typed(…)),
//!         Wanted::Nothing => break,
//!     }
//! }
//! ```
//!
//! * A change is made of *moves*, each one call: what to look at, what must be seen before and after it ([`Move`](moves::Move)).
//! * The preconditions of all steps are looked at before the first change; a step is looked at again right before it is made.
//! * The intent is journalled before each call that changes something, with what was found. An answer that was lost is resolved by
//!   looking, and a call is made again only when AWS shows, after a while, that nothing came of it.
//! * What is found as it should become, without an intent of ours, was somebody else: that is told, and not claimed.
//! * Killed at any point, the next run finds in the journal ([`History`]) and in AWS where things stand, and goes on, or back.

mod call;
mod document;
mod guard;
mod history;
mod look;
mod moves;
mod record;
mod report;
mod run;
mod state;
mod terms;
mod work;

#[cfg(test)]
mod tests;

pub use call::{Call, Outcome};
pub use history::{History, HistoryError, Side};
pub use record::{Answered, Direction, Ending, Event, Record, SCHEMA, Turn};
pub use report::{Ended, Moved, Report};
pub use run::{Run, Taken, Wanted};
pub use terms::{Asked, Reason, Terms};
