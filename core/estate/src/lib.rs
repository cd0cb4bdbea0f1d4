//! Who exists in a company's AWS accounts, and what is attached to them?
//!
//! No clock, no files, no network, no randomness: bytes of AWS's own file formats in, an [`Estate`] out. The edge
//! finds and opens the files; live collection will yield the same type.
//!
//! * [`fact`]: where a fact came from, as of when, and why something is not known. What is absent is *unknown*,
//!   never false: every reader and every check leans on [`Known`].
//! * [`model`]: the estate itself.
//! * [`center`]: IAM Identity Center: permission sets, who has them where, and who could come into their roles.
//! * [`access`]: what its principals may do, decided by the policy engine.
//! * [`change`]: edits of an estate, each with its way back.
//! * [`collect`]: what is asked of a live account, and which files become of the answers.
//! * [`cloudtrail`]: the trails of an account, and what they are told to log.
//! * [`shared`]: the map that copies of an estate share until one of them writes.
//! * [`read`]: the readers, one module per file format, and the [`Assembler`] that folds them into an estate.

pub mod access;
pub mod center;
pub mod change;
pub mod cloudtrail;
pub mod collect;
pub mod fact;
pub mod model;
pub mod read;
pub mod shared;

pub use change::Change;
pub use fact::{Dataset, Fact, Gap, GapReason, Known, Silence, Source, SourceId};
pub use model::Estate;
pub use read::Assembler;
pub use shared::Shared;
