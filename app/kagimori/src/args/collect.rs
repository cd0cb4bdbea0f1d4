//! `kagimori collect`, as typed.

use std::path::PathBuf;
use std::time::Duration;

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
    /// Of the organization only what lies in these units or roots, however deep
    #[arg(long, value_name = "ID", num_args = 1.., requires = "organization")]
    pub(crate) ou: Vec<String>,
    /// Of the organization not these accounts, and not what lies in these units
    #[arg(long, value_name = "ID", num_args = 1.., requires = "organization")]
    pub(crate) exclude: Vec<String>,
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
    /// Go on with what was collected in the last 24 hours: whole accounts stay, of others only what is missing is asked
    #[arg(long)]
    pub(crate) resume: bool,
    /// Accounts that are collected at a time
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) parallel: u16,
    /// How long it may take altogether (`90s`, `20m`, `2h`): what is not answered by then is not known
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) max_time: Option<Duration>,
    /// How long one account may take
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = time)]
    pub(crate) account_time: Duration,
    /// Ask for every user's SSH keys, too: a call a user
    #[arg(long)]
    pub(crate) ssh_keys: bool,
    /// Ask which services users and roles used, of so many of them at most: a job each, that AWS takes seconds for
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) last_accessed: Option<u32>,
    /// Ask for the policies of buckets, and of queues, topics, keys, functions, secrets and repositories in every Region
    #[arg(long)]
    pub(crate) resource_policies: bool,
    /// The Regions of these resources, in place of all that the account can use
    #[arg(long, value_name = "REGION", num_args = 1.., requires = "resource_policies")]
    pub(crate) region: Vec<String>,
    /// Print the policy that the collecting role needs, and do nothing else
    #[arg(long)]
    pub(crate) print_policy: bool,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Nobody collects for longer than a week.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// `90s`, `20m`, `1h30m`.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "write a time from one second to a week: `90s`, `20m`, `2h`".to_owned();
    let time: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    let time = Duration::try_from(time).map_err(|_| wrong())?;
    if (Duration::from_secs(1)..=LONGEST).contains(&time) { Ok(time) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, seconds) in
            [("90s", 90), ("20m", 1200), ("1h30m", 5400), ("2 hours", 7200), ("7d", 604_800)]
        {
            let read = time(text).ok().map(|time| time.as_secs());
            // A day has no fixed length for the parser; hours do.
            assert!(read == Some(seconds) || text == "7d", "{text}: {read:?}");
        }
        for text in ["", "0s", "10", "-5m", "200h", "soon", "500ms"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
