//! What did they do?
//!
//! No clock, no files, no network, no randomness: the bytes of CloudTrail files in, usage facts out.
//!
//! * [`event`]: one CloudTrail event, made uniform; the reader that turns the bytes of a log file into events.
//! * [`usage`]: the facts drawn from events, per access key, user, role and root; a fold whose parts merge.
//! * [`actions`]: from an event to the permissions AWS checked for it.
//! * [`call`]: a call as IAM sees it, with the permissions that were checked for it.
//! * [`caller`]: what kind of caller a user agent, address and endpoint betray.
//! * [`classify`]: whether use is real, or only noise that keeps "last used" fresh.

pub mod actions;
pub mod call;
pub mod caller;
pub mod classify;
pub mod event;
pub mod usage;

pub use usage::Usage;
