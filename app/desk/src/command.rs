//! The commands: one file each.

pub(crate) mod backup;
pub(crate) mod deliver;
pub(crate) mod doctor;
pub(crate) mod found;
pub(crate) mod init;
pub(crate) mod log;
pub(crate) mod open;
pub(crate) mod policy;
pub(crate) mod witness;

/// What went wrong, and what to do next.
pub(crate) type Done = Result<(), (String, String)>;

/// An error with its hint.
pub(crate) fn told(error: impl std::fmt::Display, hint: &str) -> (String, String) {
    (error.to_string(), hint.to_owned())
}
