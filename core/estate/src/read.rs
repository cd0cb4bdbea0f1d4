//! Readers: bytes of AWS's own file formats in, an [`Estate`](crate::Estate) out.
//!
//! Two steps, so that the edge may read many files at once: [`read`] turns one file into a [`Part`] (pure, any order,
//! any thread), [`Assembler`] folds the parts of a directory into one estate, whatever order they come in.

mod access_keys;
mod account_settings;
mod assemble;
mod authorization_details;
mod credential_report;
mod entities;
mod fault;
mod key_merge;
mod mfa_devices;
mod organization;
mod organization_merge;
mod outline;
mod part;
mod refusal;
mod report_row;
mod roles;
mod text;
mod user_credentials;
mod user_merge;
mod wire;

#[cfg(test)]
mod tests;

pub use assemble::Assembler;
pub use part::{Part, read};

use crate::id::AccountId;

/// One file as it lies in a kagimori directory.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its path relative to the directory, for messages and evidence.
    pub path: &'a str,
    /// The account whose folder it lies in (`snapshots/<account>/`), when the layout says so.
    pub account: Option<AccountId>,
    /// What it holds.
    pub bytes: &'a [u8],
}
