//! `kagimori migrate`, as typed.

use std::path::{Path, PathBuf};

use super::{Format, LanguageArg};

/// From IAM users with keys to roles: what stands behind each key and password, by evidence
///
/// A class is told of each credential: a person, a kind of AWS workload, a CI service, a program elsewhere, a vendor, a device; shared, noise,
/// or unknown with the question to put to whom; `migrate.toml` of the directory holds what people answered. Of one user or key, and with --out of
/// all, the role that takes its place is drawn: whom it lets in, what it may, proved and replayed. User agents, kernels, networks and rhythm are the evidence; names never are alone. AWS is
/// not asked, and nothing is changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 every credential has a home, 1 somebody has to be asked or something split first, 2 failed, 3 part of what was given could not be read (wins over 1)."
)]
pub(crate) struct Migrate {
    /// A user (its ARN, or a name that only one has) or a key's id; with --all or --account: the directory
    #[arg(value_name = "USER|KEY")]
    pub(crate) what: Option<String>,
    /// Every user of an account
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "all")]
    pub(crate) account: Option<String>,
    /// Every user of the directory
    #[arg(long)]
    pub(crate) all: bool,
    /// The kagimori directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Where CloudTrail files lie, when not in DIR/trail
    #[arg(long, value_name = "PATH")]
    pub(crate) trail: Option<PathBuf>,
    /// Days of trail before the directory's instant that count
    #[arg(long, default_value_t = 90, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..=3660))]
    pub(crate) days: i64,
    /// Write the roles: plans into DIR/plans, and for each a folder with README, trust policy, policy and Terraform, and a list for a
    /// spreadsheet
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// The language of the text
    #[arg(long, visible_alias = "lang", value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

impl Migrate {
    /// The directory, however it was named.
    pub(crate) fn directory(&self) -> &Path {
        let named = self.what.as_deref().filter(|_| self.is_whole()).map(Path::new);
        self.dir.as_deref().or(named).unwrap_or(Path::new("."))
    }

    /// Whether more than one user is asked about.
    pub(crate) fn is_whole(&self) -> bool {
        self.all || self.account.is_some()
    }
}
