//! Source trees as bytes: each file is read once, bounded, and what could not be read is said.
//!
//! * [`scan`]: all that lies below some folders, through archives, handed to the scanner of `kagimori-source`, on all threads.
//! * [`git`]: a repository: every object once, with the first commit and path of what was found; what is staged.
//! * [`walk`]: what lies below a folder. Links are not followed, pipes and devices are not opened.
//! * [`problem`]: what was not read, and what to do about it.
//! * `parse` (feature `needs`): what programs say, a lowering for each grammar.
//!
//! What the bytes mean is the matter of `kagimori-source`.

mod archive;
mod found;
pub mod git;
mod open;
#[cfg(feature = "needs")]
pub mod parse;
mod piece;
pub mod problem;
mod scan;
mod tar;
pub mod walk;

pub use found::{Counts, Found, Place, Scanned, Where};
pub use problem::Problem;
pub use scan::{Progress, scan};
