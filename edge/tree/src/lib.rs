//! Source trees as bytes: each file is read once, bounded, and what could not be read is said.
//!
//! * [`walk`]: what lies below a folder. Links are not followed, pipes and devices are not opened.
//! * [`open`]: the bytes of one file, in blocks, and whether it changed meanwhile.
//! * [`problem`]: what was not read, and what to do about it.
//!
//! What the bytes mean is the matter of `kagimori-source`.

pub mod open;
pub mod problem;
pub mod walk;
