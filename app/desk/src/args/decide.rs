//! What a person asks and decides from a command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::seen::AnswerArgs;

/// Whose key, and of which desk.
#[derive(Debug, Args)]
pub(crate) struct ClientArgs {
    /// The file that `kagimori-desk key` has made: the desk's address, who you are, and your key.
    #[arg(long, value_name = "FILE", default_value = "desk-key.toml")]
    pub(crate) client: PathBuf,
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
}

/// A request that is named.
#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// The request.
    pub(crate) request: String,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// The request.
    pub(crate) request: String,
    /// Why, in words; it stands in the record.
    #[arg(long)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// The request.
    pub(crate) request: String,
    /// Do not ask whether it is what you mean: you have read the digest elsewhere.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) digest: Option<String>,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The request; without it all of them are listed, the latest first.
    pub(crate) request: Option<String>,
    /// Only those that stand so: `pending`, `approved`, `closed` …
    #[arg(long, conflicts_with = "request")]
    pub(crate) state: Option<String>,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true)))]
pub(crate) struct RequestArgs {
    /// A code of the root of this account.
    #[arg(long, value_name = "ID", group = "what")]
    pub(crate) account: Option<String>,
    /// A drill with this practice seed: the whole way, and it opens nothing.
    #[arg(long, value_name = "SEED", group = "what")]
    pub(crate) drill: Option<String>,
    /// What for, in words.
    #[arg(long)]
    pub(crate) reason: String,
    /// The ticket of another system.
    #[arg(long)]
    pub(crate) ticket: Option<String>,
    /// How long, in minutes, from the approval on.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    pub(crate) minutes: u32,
    /// Read out by telephone, where it is otherwise shown on your page alone.
    #[arg(long)]
    pub(crate) phone: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// The address of the desk.
    #[arg(long, value_name = "URL")]
    pub(crate) desk: String,
    /// Your name in the policy.
    #[arg(long, value_name = "PERSON")]
    pub(crate) person: String,
    /// What the key is called; once it is revoked, its name is not used again.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// The file that is made, for you alone.
    #[arg(long, value_name = "FILE", default_value = "desk-key.toml")]
    pub(crate) out: PathBuf,
}

/// What is listed.
#[derive(Debug, Subcommand)]
pub(crate) enum ListCommand {
    /// Lists them
    List(ClientArgs),
}
