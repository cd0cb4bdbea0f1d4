//! Readers: bytes of AWS's own file formats in, an [`Estate`](crate::Estate) out.
//!
//! Two steps, so that the edge may read many files at once: [`read`] turns one file into a [`Part`] (pure, any order,
//! any thread), [`Assembler`] folds the parts of a directory into one estate, whatever order they come in.

mod access_keys;
mod account_settings;
mod assemble;
mod authorization_details;
mod center_merge;
mod content;
mod counted;
mod credential_report;
mod entities;
mod fault;
mod given;
mod identity_center;
mod key_merge;
mod mfa_devices;
mod mfa_merge;
mod object;
mod organization;
mod organization_merge;
mod organization_tree;
mod outline;
mod part;
mod per_user;
mod refusal;
mod report_merge;
mod report_row;
mod report_tells;
mod resource_merge;
mod resource_policy;
mod role_merge;
mod roles;
mod service_last_accessed;
mod table;
mod text;
mod trails;
mod trails_merge;
mod user_credentials;
mod user_merge;
mod wire;

#[cfg(test)]
mod tests;

pub use assemble::Assembler;
pub use part::{Part, looks_like_an_answer, read, unreadable};
pub(crate) use refusal::silent;

use kagimori_id::AccountId;

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
