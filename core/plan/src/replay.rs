//! What would have broken? Calls × estate before and after a list of changes → evidence.
//!
//! * [`Classes`] counts calls that no decision can tell apart; folds of several threads merge in any order. Millions of calls
//!   become thousands of classes, and only classes are decided.
//! * [`Replay`] judges a class: it decides each of its checks under the estate as it is and as it would be.
//! * [`Chain`] follows what was done in sessions to the end, and asks for what it needs of the trail.
//! * [`Evidence`] is the sum, by principal and in total, each finding with its first call as witness.
//!
//! A call that succeeded was allowed. Where the policies do not decide it (a condition key that CloudTrail does not tell, a
//! policy that was not given), that is a fact to reason from: what allowed it then and would deny it under no circumstances
//! under which it was allowed, still allows it. So "cannot tell" is left for what is open indeed.

mod about;
mod altered;
mod becoming;
mod chain;
mod circumstances;
mod class;
mod evidence;
mod judge;
mod judging;
mod outsider;
mod said;
mod touched;
mod unexplained;
mod why;

pub(crate) use about::document_about;
pub use chain::{Chain, Wanted};
pub use circumstances::{Told, is_untold};
pub use class::{Class, Classes, Telling, Witness};
pub use evidence::{About, Counts, Evidence, Finding, PrincipalEvidence};
pub use judge::{Judgement, Replay, Verdict, subject_of};
pub use judging::{Found, Judging};
pub use said::Said;
pub(crate) use said::is_denied_everywhere;
pub use touched::Touched;
pub use why::{Denial, Why};

#[cfg(test)]
pub(crate) mod tests;
