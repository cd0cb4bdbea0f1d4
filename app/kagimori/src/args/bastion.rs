//! `kagimori bastion`, as typed.

use std::path::PathBuf;

use clap::Subcommand;

use super::Format;

/// The bastion: people have users in one account, enrol MFA there, and with MFA become roles elsewhere
#[derive(Debug, Subcommand)]
pub(crate) enum BastionCommand {
    /// What has to change so that the accounts are as FILE says, as a stored plan
    ///
    /// FILE names the account, its group and the people, and the roles with their accounts and policies. What the group and the
    /// roles promise is proved over all requests, on the estate as it would be; where a promise does not hold, no plan is made.
    #[command(
        after_help = "Exit codes: 0 planned, or nothing is to be changed; 2 failed, or a promise does not hold or cannot be proved; 3 part of the directory could not be read."
    )]
    Plan(BastionPlan),
    /// Where the accounts are not as FILE says, and which promises hold of them as they are
    #[command(
        after_help = "Exit codes: 0 as the file says, and all promises proved; 1 it differs, or a promise is broken; 2 failed, or could not tell; 3 part of the directory could not be read."
    )]
    Check(BastionCheck),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BastionPlan {
    /// Who may become what, where: a TOML file
    pub(crate) file: PathBuf,
    /// The kagimori directory; plans go to DIR/plans
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Write all of it as Terraform, too: FOLDER/ACCOUNT/bastion.tf
    #[arg(long, value_name = "FOLDER")]
    pub(crate) terraform: Option<PathBuf>,
    /// Write all of it as CloudFormation templates, too: FOLDER/ACCOUNT/bastion.template.json
    #[arg(long, value_name = "FOLDER")]
    pub(crate) cloudformation: Option<PathBuf>,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BastionCheck {
    /// Who may become what, where: a TOML file
    pub(crate) file: PathBuf,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}
