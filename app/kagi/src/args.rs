//! The command line, exactly as typed; nothing is opened or resolved here.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

const FIRST: &str = "First time: `kagi add --all` takes the keys out of ~/.aws/credentials, or `kagi login` signs in at IAM Identity \
                     Center; then `kagi exec PROFILE -- COMMAND`. `kagi list` says what to begin with.

Exit codes: 0 done, 1 findings (doctor, log --verify), 2 failed; `kagi exec` ends with the \
                          exit code of its command.";

/// The credential broker every engineer carries: MFA once, then roles in any account.
#[derive(Debug, Parser)]
#[command(name = "kagi", version, after_help = FIRST)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(Add),
    Login(Login),
    Logout(Logout),
    Sso(Sso),
    Exec(Exec),
    #[command(visible_alias = "credential-process")]
    Credentials(Credentials),
    Env(Env),
    Console(Console),
    Serve(Serve),
    #[command(visible_alias = "ls")]
    List(List),
    Explain(Explain),
    Doctor(Doctor),
    Rotate(Rotate),
    Unlock(Unlock),
    Lock(Lock),
    Passphrase(Passphrase),
    Forget(Forget),
    Restore(Restore),
    Log(Log),
    Completions(Completions),
    Hook(Hook),
    Use(Use),
    Man(Man),
    #[command(hide = true)]
    Complete(Complete),
}

/// What to get credentials for
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Target {
    /// The profile; `AWS_PROFILE`, else `default`, when it is left out
    pub(crate) profile: Option<String>,
    #[command(flatten)]
    pub(crate) role: RoleTarget,
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RoleTarget {
    /// A role without any profile: its account
    #[arg(long, requires = "role", value_name = "12 DIGITS")]
    pub(crate) account: Option<String>,
    /// A role without any profile: its name
    #[arg(long, requires = "account", value_name = "NAME")]
    pub(crate) role: Option<String>,
    /// The profile whose key a role without a profile starts from
    #[arg(long, requires = "account", value_name = "PROFILE")]
    pub(crate) source: Option<String>,
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Elevation {
    /// Everything the role may do, not only reading; short, and never renewed by itself
    #[arg(long, requires = "reason")]
    pub(crate) elevate: bool,
    /// Why; written into the log, and into the session if `reason_in` says so
    #[arg(long, requires = "elevate", value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// For how long: 15m to 1h
    #[arg(long = "for", requires = "elevate", value_name = "TIME")]
    pub(crate) seconds: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// JSON with a versioned schema
    Json,
}

/// Store a profile's long-term key, or let kagi serve a role profile
///
/// The key is taken from ~/.aws/credentials, else asked for. It is tried, its MFA device is looked up, and the plaintext
/// is removed after an encrypted backup (`kagi restore`). The profile then gets a `credential_process` line, so every SDK
/// finds kagi. Of a profile with `role_arn` the role's settings move into `[kagi NAME]`, which no SDK reads.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// The profile
    #[arg(required_unless_present = "all")]
    pub(crate) profile: Option<String>,
    /// Every profile with a plaintext key, then every role profile that leads to a key in the vault or a sign-in kagi serves
    #[arg(long, conflicts_with_all = ["profile", "mfa_serial", "replace", "no_session"])]
    pub(crate) all: bool,
    /// Put this key, or kagi, in the place of another key or another tool's `credential_process`
    #[arg(long)]
    pub(crate) replace: bool,
    /// For a user without MFA: programs get the key itself, and may go on to call IAM, which AWS allows no session without MFA
    #[arg(long)]
    pub(crate) no_session: bool,
    /// Leave ~/.aws/config and ~/.aws/credentials as they are
    #[arg(long)]
    pub(crate) leave_files: bool,
    /// Take a key that is not asked about at AWS first
    #[arg(long)]
    pub(crate) offline: bool,
    /// The MFA device whose codes are asked for; the only one, or the first, when it is left out
    #[arg(long, value_name = "SERIAL")]
    pub(crate) mfa_serial: Option<String>,
}

/// Open the vault and get the MFA session, or sign in at IAM Identity Center, for the day
///
/// A profile with `sso_session` or `sso_start_url` signs in: in this machine's browser, or by a code in a browser anywhere
/// (`--device`, and where there is no browser). The sign-in is in the vault and is renewed silently until it ends at AWS.
#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Get a new session, or sign in, although there is one
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Sign in at Identity Center by a code, in a browser anywhere
    #[arg(long)]
    pub(crate) device: bool,
    /// Sign in at this `[sso-session NAME]`, without a profile
    #[arg(long, value_name = "NAME", conflicts_with_all = ["profile", "account"])]
    pub(crate) sso_session: Option<String>,
    /// Sign in at this access portal, and write its `[sso-session]` into the config file
    #[arg(long, value_name = "URL", requires = "sso_region", conflicts_with_all = ["profile", "account"])]
    pub(crate) start_url: Option<String>,
    /// The Region that Identity Center is in
    #[arg(long, value_name = "REGION", requires = "start_url")]
    pub(crate) sso_region: Option<String>,
    /// The browser, with `{url}` in its arguments
    #[arg(long, value_name = "COMMAND", conflicts_with = "device")]
    pub(crate) browser_cmd: Option<String>,
}

/// End the sign-in at IAM Identity Center
///
/// AWS ends it, and kagi forgets its tokens and roles. Sessions of roles that were handed out stay valid until they end.
#[derive(Debug, clap::Args)]
pub(crate) struct Logout {
    /// The profile; `AWS_PROFILE`, else the only `[sso-session]`, when it is left out
    pub(crate) profile: Option<String>,
    /// Sign out at this `[sso-session NAME]`
    #[arg(long, value_name = "NAME", conflicts_with = "profile")]
    pub(crate) sso_session: Option<String>,
}

/// Profiles of IAM Identity Center
#[derive(Debug, clap::Args)]
pub(crate) struct Sso {
    #[command(subcommand)]
    pub(crate) command: SsoCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SsoCommand {
    Profiles(SsoProfiles),
}

/// Write a profile for every permission set that is assigned to you
///
/// New ones are added at the end of ~/.aws/config, served by kagi. What stands there stays as it is: a permission set that
/// has a profile keeps it, whatever its name. A profile that this command wrote and whose assignment has gone gets
/// `gone_since` in its `[kagi NAME]`.
#[derive(Debug, clap::Args)]
pub(crate) struct SsoProfiles {
    /// The `[sso-session NAME]`; the only one when it is left out
    #[arg(long, value_name = "NAME")]
    pub(crate) sso_session: Option<String>,
    /// How profiles are called: `{account_name}`, `{account_id}`, `{role}`
    #[arg(long, value_name = "PATTERN", default_value = kagimori_session::sso::profiles::PATTERN)]
    pub(crate) names: String,
    /// The region of new profiles
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// The tenant of account access manager (`aa-…`): its roles get profiles too [default: `account_access_tenant` in
    /// `[kagi]`]
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// Only say what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Run a command, or a shell, with a profile's credentials
///
/// The command finds them through `AWS_PROFILE` and a `credential_process` that renews itself; no secret is in its
/// environment. Signals and the exit code are the command's own: kagi is replaced by it.
#[derive(Debug, clap::Args)]
pub(crate) struct Exec {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) elevation: Elevation,
    /// Other profiles that the command may name too, as Terraform's providers do; read-only
    #[arg(long, value_name = "PROFILE", value_delimiter = ',', conflicts_with = "env_keys")]
    pub(crate) with: Vec<String>,
    /// Put frozen keys into the environment instead
    #[arg(long)]
    pub(crate) env_keys: bool,
    /// Leave container and instance credentials within reach
    #[arg(long)]
    pub(crate) keep_metadata: bool,
    /// The region for the command, whatever the profile or the environment says
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The command and its arguments, after `--`; your shell, with the profile in bash's prompt, when it is left out
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Print credentials as `credential_process` wants them
///
/// Read-only, unless the profile turns that off: an SDK renews what it gets here silently, and what is elevated is never
/// renewed silently. `exec`, `env` and `console` elevate.
#[derive(Debug, clap::Args)]
pub(crate) struct Credentials {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Serve exactly this session, and fail when it has ended
    #[arg(long, hide = true, conflicts_with_all = ["profile", "account"])]
    pub(crate) session: Option<String>,
}

/// Print what sets a shell to a profile: eval "$(kagi env dev)"
#[derive(Debug, clap::Args)]
pub(crate) struct Env {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) elevation: Elevation,
    /// The shell; told by `SHELL` otherwise
    #[arg(long)]
    pub(crate) shell: Option<Shell>,
    /// Print frozen keys: they are then in the environment of everything the shell runs
    #[arg(long)]
    pub(crate) env_keys: bool,
    /// Print what takes everything away again
    #[arg(long, conflicts_with_all = ["profile", "account", "elevate", "env_keys"])]
    pub(crate) unset: bool,
    /// Leave container and instance credentials within reach
    #[arg(long)]
    pub(crate) keep_metadata: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// GNU Bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    Pwsh,
}

/// Open the AWS console as a role
#[derive(Debug, clap::Args)]
pub(crate) struct Console {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) elevation: Elevation,
    /// Print the address instead; it lets anybody in for 15 minutes
    #[arg(long)]
    pub(crate) print: bool,
    /// The region of the console, whatever the profile says
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The page to open; the console's home in the profile's region when it is left out
    #[arg(long, value_name = "URL")]
    pub(crate) destination: Option<String>,
    /// The page of a service: `s3`, `ec2`, `logs`, `cfn` …
    #[arg(long, value_name = "NAME", conflicts_with = "destination")]
    pub(crate) service: Option<String>,
    /// The browser, with `{url}`, `{profile}` in its arguments [default: `browser_cmd` in `[kagi NAME]`, then `BROWSER`]
    #[arg(long, value_name = "COMMAND")]
    pub(crate) browser_cmd: Option<String>,
}

/// Serve credentials as a container does, for programs that cannot run a process
///
/// On the loopback, to processes of the same user; with `--bridge` to containers of this machine. A token is asked for everywhere.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Listen on a bridge of this machine, for its containers: the gateway of their network
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bridge: Option<Ipv4Addr>,
    /// Answer this container alone; every one in the bridge's network that has the token when it is left out
    #[arg(long, value_name = "ADDRESS", requires = "bridge")]
    pub(crate) peer: Option<Ipv4Addr>,
    /// The port; any free one by default
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Run this command with the endpoint in its environment, and end with it
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// The profiles, and how long their sessions last
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Say what getting a profile's credentials would do, and why
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) elevation: Elevation,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Look for plaintext keys, shadowed profiles and other traps
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// Also ask AWS for the time
    #[arg(long)]
    pub(crate) online: bool,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Replace a long-term key: create, store, verify, deactivate, wait, delete
///
/// Every step is written down before it is done, so an interrupted rotation goes on where it was. After the grace period
/// run it again: it deletes the old key.
#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    /// The profile; `AWS_PROFILE`, else `default`, when it is left out
    pub(crate) profile: Option<String>,
    /// How long the old key stays, deactivated, before it is deleted; 24h, and what is said once is kept
    #[arg(long, value_name = "TIME")]
    pub(crate) grace: Option<String>,
    /// Only say where the rotation stands
    #[arg(long)]
    pub(crate) status: bool,
    /// Make the old key active and current again
    #[arg(long, conflicts_with = "status")]
    pub(crate) undo: bool,
    /// After a lost answer: this key is the one AWS made then, and nobody's; delete it
    #[arg(long, value_name = "KEY ID", conflicts_with_all = ["status", "keep"])]
    pub(crate) delete_lost: Option<String>,
    /// After a lost answer: this key is somebody's; leave it
    #[arg(long, value_name = "KEY ID", conflicts_with = "status")]
    pub(crate) keep: Option<String>,
}

/// Open the vault
#[derive(Debug, clap::Args)]
pub(crate) struct Unlock {
    /// For how long; `unlock_for`, else 12h
    #[arg(long = "for", value_name = "TIME")]
    pub(crate) seconds: Option<String>,
}

/// Close the vault
#[derive(Debug, clap::Args)]
pub(crate) struct Lock {}

/// Change the vault's passphrase
#[derive(Debug, clap::Args)]
pub(crate) struct Passphrase {}

/// Remove a key, the sessions, or everything
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct Forget {
    /// The profile whose key is removed
    #[arg(group = "what")]
    pub(crate) profile: Option<String>,
    /// Remove every session; keys stay
    #[arg(long, group = "what")]
    pub(crate) sessions: bool,
    /// Remove the vault, its keys, sessions, backups and the log
    #[arg(long, group = "what")]
    pub(crate) everything: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Bring a profile file back as it was before kagi edited it
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The backup; all are listed when it is left out
    pub(crate) backup: Option<PathBuf>,
    /// Print it instead of writing it
    #[arg(long)]
    pub(crate) print: bool,
    /// Also when lines that came after it would be lost
    #[arg(long, conflicts_with = "print")]
    pub(crate) yes: bool,
}

/// What was issued: the local log
#[derive(Debug, clap::Args)]
pub(crate) struct Log {
    /// Only what this access key id stands in, as CloudTrail's `accessKeyId`
    #[arg(long, value_name = "ID")]
    pub(crate) access_key_id: Option<String>,
    /// The last so many lines
    #[arg(long, short = 'n', default_value_t = 50)]
    pub(crate) lines: usize,
    /// Only check the chain
    #[arg(long)]
    pub(crate) verify: bool,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Print the completion script of a shell: source <(kagi completions bash)
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: CompletionShell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompletionShell {
    /// GNU Bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
}

/// Print the shell function that lets `kagi use PROFILE` set the shell it is typed in: eval "$(kagi hook)"
///
/// For bash and zsh. `kagi_prompt` prints the profile for a prompt: PS1='$(kagi_prompt)'"$PS1".
#[derive(Debug, clap::Args)]
pub(crate) struct Hook {}

/// Set this shell to a profile, or take it away again with --unset; needs `kagi hook`
#[derive(Debug, clap::Args)]
pub(crate) struct Use {
    /// What `kagi env` takes
    #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
    pub(crate) arguments: Vec<OsString>,
}

/// Print the manual page: kagi man | man -l -
#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// Write one page a command into this directory
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What can come next on a command line
#[derive(Debug, clap::Args)]
pub(crate) struct Complete {
    /// The words so far, the last one unfinished
    #[arg(last = true)]
    pub(crate) words: Vec<String>,
}
