//! The commands: one file each.

pub(crate) mod backup;
pub(crate) mod client;
pub(crate) mod decide;
pub(crate) mod deliver;
pub(crate) mod doctor;
pub(crate) mod found;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod open;
pub(crate) mod policy;
pub(crate) mod report;
pub(crate) mod seen;
pub(crate) mod watch;
pub(crate) mod witness;

/// What went wrong, and what to do next.
pub(crate) type Done = Result<(), (String, String)>;

/// How a command that answers a question ends, as in all of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Nothing is wrong.
    Clean = 0,
    /// Something is.
    Findings = 1,
    /// It could not be told.
    Untold = 2,
    /// Part of what was given could not be read.
    Incomplete = 3,
}

/// An error with its hint.
pub(crate) fn told(error: impl std::fmt::Display, hint: &str) -> (String, String) {
    (error.to_string(), hint.to_owned())
}
