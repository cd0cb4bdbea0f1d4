//! `kagimori collect`, as typed.

use std::path::PathBuf;

use super::Format;

/// Collect the identities of live AWS accounts into the files that `review` reads; it reads, and changes nothing.
///
/// Without --account and --organization it is the account of the credentials around (`kagi exec PROFILE -- kagimori collect`) or of
/// --profile. Another account is entered through --role. What could not be asked is written down as not known, with AWS's own
/// words, never as empty.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 all was answered, 2 failed, 3 some accounts or calls were not answered: what they would tell is not known."
)]
pub(crate) struct Collect {
    /// Accounts to collect, by their 12-digit ids
    #[arg(long, value_name = "ID", num_args = 1.., conflicts_with = "organization")]
    pub(crate) account: Vec<String>,
    /// Every active account of the organization, and the organization itself
    #[arg(long)]
    pub(crate) organization: bool,
    /// The role that is assumed in other accounts
    #[arg(long, value_name = "NAME")]
    pub(crate) role: Option<String>,
    /// The external id that the role asks for
    #[arg(long, value_name = "ID", requires = "role")]
    pub(crate) external_id: Option<String>,
    /// The profile whose credentials are used
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The kagimori directory; files go to DIR/snapshots
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Leave out accounts that were collected whole in the last 24 hours: go on after a break
    #[arg(long)]
    pub(crate) resume: bool,
    /// Accounts that are collected at a time
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) parallel: u16,
    /// Ask for every user's SSH keys, too: a call a user
    #[arg(long)]
    pub(crate) ssh_keys: bool,
    /// Print the policy that the collecting role needs, and do nothing else
    #[arg(long)]
    pub(crate) print_policy: bool,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}
