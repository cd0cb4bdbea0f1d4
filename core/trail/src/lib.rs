//! What did they do?
//!
//! No clock, no files, no network, no randomness: the bytes of CloudTrail files in, usage facts out.
//!
//! * [`event`]: one CloudTrail event, made uniform; the reader that turns the bytes of a log file into events.
//! * [`history`]: the two below, in one fold.
//! * [`origin`]: where calls come from, and whether that is expected.
//! * [`sessions`]: who is behind the sessions of a role.
//! * [`sight`]: what a trail would have shown, and what it could not.
//! * [`selection`]: which events a question is about.
//! * [`threat`]: calls that intruders make.
//! * [`usage`]: the facts drawn from events, per access key, user, role and root; a fold whose parts merge.
//! * [`actions`]: from an event to the permissions AWS checked for it.
//! * [`call`]: a call as IAM sees it, with the permissions that were checked for it.
//! * [`caller`]: what kind of caller a user agent, address and endpoint betray.
//! * [`copies`]: which copy of a call counts, where several accounts got one.
//! * [`known`]: what the estate knows of names that an event does not tell whole.
//! * [`redact`]: the one gate that secrets do not pass.
//! * [`classify`]: whether use is real, or only noise that keeps "last used" fresh.

pub mod actions;
pub mod call;
pub mod caller;
pub mod classify;
pub mod copies;
pub mod event;
pub mod history;
pub mod known;
pub mod origin;
pub mod redact;
pub mod selection;
pub mod sessions;
pub mod sight;
pub mod sorted;
pub mod threat;
pub mod usage;

pub use usage::Usage;
