//! What makes a command fail, and what to do about it. No secret, code or token is ever in a message.

use std::io;
use std::path::{Path, PathBuf};

use kagimori_aws::{Cause, StsError};
use kagimori_session::route::RouteError;
use kagimori_session::value::{Refused, shown, words};
use kagimori_terminal::printer::Unprinted;
use kagimori_terminal::tame::turns;

/// The command that sets this system's clock.
pub(crate) const SET_CLOCK: &str =
    if cfg!(target_os = "macos") { "sudo sntp -sS time.apple.com" } else { "timedatectl set-ntp true" };

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KagiError {
    /// Nobody reads our output any more.
    #[error("the reader of the output went away")]
    BrokenPipe,
    /// There is no home directory.
    #[error("`HOME` is not set")]
    NoHome,
    /// A file could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A person's own file could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    ProfileFile {
        /// The profile file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A profile file is not text.
    #[error("`{}` line {line}: the text is not UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line of the first wrong byte.
        line: usize,
    },
    /// A file is far too long to be what it should be.
    #[error("`{}` is longer than {most} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The bound.
        most: u64,
    },
    /// A profile has no route.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// A typed value cannot be used.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The vault was never made.
    #[error("there is no vault yet")]
    NoVault,
    /// The vault's key is not at hand.
    #[error("the vault is locked")]
    Locked,
    /// The passphrase does not open the vault.
    #[error("the passphrase does not open the vault")]
    WrongPassphrase,
    /// A file of the vault is damaged or was made with another key.
    #[error("`{}` is damaged or belongs to another vault", .0.display())]
    Damaged(PathBuf),
    /// The file of a profile's key is damaged.
    #[error("the key of `{}` cannot be read: `{}` is damaged or belongs to another vault", shown(.profile), path.display())]
    DamagedKey {
        /// Whose key.
        profile: String,
        /// Its file.
        path: PathBuf,
    },
    /// The wrapped key is not there and what it sealed is.
    #[error("`{}` has no `vault.json` any more, and {sealed} {} sealed by it", home.display(), if *.sealed == 1 { "key is" } else { "keys are" })]
    VaultIsGone {
        /// Where it was.
        home: PathBuf,
        /// How many keys are sealed by it.
        sealed: usize,
    },
    /// No key is kept under this name.
    #[error("the vault has no key for profile `{}`", shown(.0))]
    NoKey(String),
    /// There is nobody to ask.
    #[error("{what} is needed, and there is no terminal to ask on")]
    NobodyToAsk {
        /// What is needed.
        what: &'static str,
        /// The command that will ask.
        command: String,
    },
    /// Nobody is signed in at Identity Center.
    #[error("the sign-in at `{}` {what}", shown(.portal))]
    SignedOut {
        /// The session's name, or the portal's address.
        portal: String,
        /// What happened to it.
        what: &'static str,
        /// The command that signs in.
        command: String,
    },
    /// The person did not answer.
    #[error("{what} was asked for and not given")]
    NotGiven {
        /// What was asked for.
        what: &'static str,
        /// The command that asks again.
        command: String,
    },
    /// The prompt program failed.
    #[error("the program `{}` could not be run: {source}", shown(.program))]
    PromptProgram {
        /// The setting that names it.
        setting: &'static str,
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody was asked a moment ago and did not answer.
    #[error("the MFA code was asked for {} ago and not given", seconds(.ago))]
    AskedJustNow {
        /// Seconds since.
        ago: i64,
        /// The command that asks again.
        command: String,
    },
    /// The code was used already and there is no time to wait for the next.
    #[error("this MFA code was used already; the device shows another in {}", seconds(.0))]
    CodeUsed(i64),
    /// Too many wrong codes.
    #[error("AWS did not take the MFA code")]
    WrongCode {
        /// The device.
        serial: String,
    },
    /// Another process is at it for too long.
    #[error("another kagi is getting the same credentials and has not finished")]
    Busy,
    /// A call failed.
    #[error("{source}")]
    Call {
        /// What happened.
        source: StsError,
        /// What was being done: a role, a profile.
        of: String,
    },
    /// AWS returned another role than was asked for.
    #[error("AWS returned a session of `{}` where `{}` was asked for", shown(.got), shown(.wanted))]
    WrongRole {
        /// The ARN that came.
        got: String,
        /// The ARN that was asked for.
        wanted: String,
    },
    /// An elevated session is over.
    #[error("the elevated session of `{}` has ended", shown(.0))]
    ElevatedEnded(String),
    /// A session asked for by its key is not there.
    #[error("the session has ended")]
    SessionEnded,
    /// A command could not be run.
    #[error("cannot run `{}`: {source}", shown(.command))]
    Run {
        /// The command.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// Something on the command line, or the state it meets, does not allow what is asked.
    #[error("{message}")]
    Argument {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoEntropy,
    /// A result could not be put into JSON, or a stored value has no form of ours.
    #[error("a stored value has an unknown form: {0}")]
    Form(String),
}

impl From<Unprinted> for KagiError {
    fn from(Unprinted(source): Unprinted) -> Self {
        Self::write(Path::new("standard output"), source)
    }
}

impl KagiError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Write { path: path.to_owned(), source },
        }
    }

    pub(crate) fn argument(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Argument { message: message.into(), hint: hint.into() }
    }

    pub(crate) fn call(source: StsError, of: &str) -> Self {
        Self::Call { source, of: of.to_owned() }
    }

    /// What the refusal of a call means.
    pub(crate) fn cause(&self) -> Option<Cause> {
        match self {
            Self::Call { source, .. } => source.cause(),
            _ => None,
        }
    }

    /// Whether AWS may have done what was asked although this came of it.
    pub(crate) fn may_be_done(&self) -> bool {
        match self {
            Self::Call { source, .. } => source.may_be_done(),
            _ => false,
        }
    }

    /// The exit code's number.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            // As a shell does for a command it does not find or may not run.
            Self::Run { source, .. } if source.kind() == io::ErrorKind::NotFound => 127,
            Self::Run { .. } => 126,
            _ => 2,
        }
    }

    /// The next step.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::BrokenPipe => String::new(),
            Self::NoHome => "set `HOME`, or `KAGI_HOME` and `AWS_CONFIG_FILE`".into(),
            Self::Read { .. } => "check that you may read it (`ls -ld`)".into(),
            Self::Write { source, .. } => write_hint(source).into(),
            Self::ProfileFile { source, .. } => profile_file_hint(source).into(),
            Self::NotText { .. } => "save the file as UTF-8".into(),
            Self::TooLong { .. } => "is this the right file?".into(),
            Self::Route(error) => error.hint(),
            Self::Refused(refused) => refused.hint.clone(),
            Self::NoVault => "`kagi add PROFILE` makes it and stores the first key".into(),
            Self::Locked => "run `kagi unlock`".into(),
            Self::WrongPassphrase => {
                "try again; a forgotten passphrase cannot be recovered: `kagi forget --everything`, \
                                      then `kagi add` with new keys"
                    .into()
            }
            Self::Damaged(path) => damaged_hint(path),
            Self::DamagedKey { profile, .. } => {
                let name = quoted(profile);
                format!(
                    "bring the file back from a backup of the directory; if there is none, `kagi forget {name}`, then \
                     `kagi add {name}`: with the key of the file as it was before (`kagi restore` lists what is kept of it), else with a \
                     new one. The other keys stay"
                )
            }
            Self::VaultIsGone { .. } => {
                "bring `vault.json` back from a backup of the directory; if there is none, \
                                         `kagi forget --everything`, then `kagi add` with new keys"
                    .into()
            }
            Self::NoKey(name) => format!("run `kagi add {}`", quoted(name)),
            Self::NobodyToAsk { command, .. } => format!("run `{command}` in a terminal"),
            Self::NotGiven { command, .. }
            | Self::SignedOut { command, .. }
            | Self::AskedJustNow { command, .. } => {
                format!("run `{command}`")
            }
            Self::PromptProgram { setting, .. } => format!(
                "correct `{setting}` in `[kagi]` of the config file, or `KAGI_{}`",
                setting.to_uppercase()
            ),
            Self::CodeUsed(_) => "AWS takes a code once: run the command again then".into(),
            Self::WrongCode { serial } => format!(
                "check that it is the code of `{serial}` and that this machine's clock is right; the device may need \
                 `aws iam resync-mfa-device`"
            ),
            Self::Busy => "answer the other prompt, or run the command again".into(),
            Self::Call { source, of } => call_hint(source, of),
            Self::WrongRole { .. } => "nothing was stored; check the endpoint (`kagi explain`)".into(),
            Self::ElevatedEnded(name) => {
                format!(
                    "it is never renewed by itself: `kagi exec --elevate --reason … {} -- …`",
                    quoted(name)
                )
            }
            Self::SessionEnded => "start the command again with `kagi exec`".into(),
            Self::Run { .. } => "check its name and that you may execute it".into(),
            Self::Argument { hint, .. } => hint.clone(),
            Self::NoEntropy => "this system is not usable for secrets".into(),
            Self::Form(_) => "it may be of a newer version; otherwise `kagi forget --sessions`".into(),
        }
    }
}

fn seconds(count: &i64) -> String {
    if *count == 1 { "1 second".to_owned() } else { format!("{count} seconds") }
}

/// One file is damaged: the others stay, whatever is done about it.
fn damaged_hint(path: &Path) -> String {
    let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
    match kind {
        "session" => "run `kagi forget --sessions`: sessions are made anew".into(),
        "backup" => "`kagi restore` lists the others".into(),
        "json" => {
            "bring it back from a backup of the directory: without it none of the keys can be opened; if there is none, \
             `kagi forget --everything`, then `kagi add` with new keys"
                .into()
        }
        "rotation" | "pending" | "previous" => format!(
            "bring it back from a backup of the directory; if there is none, remove this one file (`rm {}`) and look at the \
             user's keys in IAM: a rotation was under way",
            quoted(&path.to_string_lossy())
        ),
        "key" => "bring it back from a backup of the directory; if there is none, `kagi restore` lists the profile files as they \
                  were with the key, and `kagi forget NAME` removes what is damaged"
            .into(),
        "" => "check the disk, then run the command again".into(),
        _ => format!(
            "bring it back from a backup of the directory; if there is none, remove this one file (`rm {}`): the keys stay",
            quoted(&path.to_string_lossy())
        ),
    }
}

fn write_hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full: make room and try again"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only: set `KAGI_HOME` to a directory that is not"
        }
        io::ErrorKind::InvalidInput => {
            "name a regular file (`AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE`, `KAGI_HOME` say which it is)"
        }
        _ => "check that you may write there, or set `KAGI_HOME`",
    }
}

/// What cannot be edited here can be left as it is: kagi needs no line in these files.
fn profile_file_hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => write_hint(source),
        io::ErrorKind::InvalidInput => {
            "name a regular file (`AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE` say which it is), or leave it as it \
             is: `kagi add --leave-files PROFILE`, then `kagi exec PROFILE -- …`"
        }
        _ => {
            "make it writable (`ls -ld` tells who may write it and its folder), or leave it as it is: `kagi add \
             --leave-files PROFILE`, then `kagi exec PROFILE -- …`"
        }
    }
}

/// A name as it is typed in a shell; what cannot be seen in it as bash and zsh read escapes (`$'…'`).
pub(crate) fn quoted(name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_@+.%:/-=,".contains(letter);
    let is_seen = |letter: char| !letter.is_control() && !turns(letter);
    if !name.is_empty() && name.chars().all(plain) {
        return name.to_owned();
    }
    if name.chars().all(is_seen) {
        return format!("'{}'", name.replace('\'', "'\\''"));
    }
    let escaped = |letter: char| match letter {
        '\'' | '\\' => format!("\\{letter}"),
        letter if is_seen(letter) => letter.to_string(),
        letter => format!("\\u{:04x}", u32::from(letter)),
    };
    format!("$'{}'", name.chars().map(escaped).collect::<String>())
}

fn call_hint(source: &StsError, of: &str) -> String {
    // An account or a role may be called by whoever answered.
    let of = &shown(of);
    match source {
        StsError::Network { .. } => {
            "check the network, the proxy and the endpoint (`kagi explain PROFILE`)".into()
        }
        StsError::Answer { status: 500.., .. } => {
            "AWS, or a proxy before it, is out of order: try again in a minute".into()
        }
        StsError::Answer { .. } => {
            "somebody else answered, a proxy or the page of a network to sign in at, or the endpoint is not \
                                    AWS's: `kagi explain PROFILE` says where it is set"
                .into()
        }
        StsError::Proxy { variable } => {
            format!("write it as `http://proxy.example:3128`, or take it away (`unset {variable}`)")
        }
        StsError::ProofKey => "sign in again: `aws login`".into(),
        StsError::NoCertificates => "`AWS_CA_BUNDLE` must name a PEM file".into(),
        StsError::Refused { cause, operation, .. } => refusal_hint(*cause, operation, of),
    }
}

fn refusal_hint(cause: Cause, operation: &str, of: &str) -> String {
    match cause {
        Cause::WrongCode => "type the code your device shows now; each is good once".into(),
        Cause::UnknownDevice => "the serial number belongs to another user or is misspelt: `aws iam list-mfa-devices` \
                                 prints it, `mfa_serial` sets it"
            .into(),
        Cause::Expired => "run `kagi login`".into(),
        Cause::UnknownKey if operation.contains("AccessKey") || operation.contains("MFADevices") => {
            "a session without MFA cannot call IAM, and a deleted or deactivated key nothing: check the key in IAM, \
             then `kagi add --replace PROFILE` with another"
                .into()
        }
        Cause::UnknownKey => "the access key was deleted or deactivated: make another and run `kagi add --replace PROFILE`".into(),
        Cause::WrongSecret => "the stored secret is not this key's: run `kagi add --replace PROFILE`".into(),
        Cause::Clock(Some(skew)) => format!(
            "this machine's clock is {} {} AWS's: set it (`{SET_CLOCK}`)",
            words(skew.abs()),
            if skew < 0 { "behind" } else { "ahead of" }
        ),
        Cause::Clock(None) => format!("set this machine's clock (`{SET_CLOCK}`)"),
        Cause::Denied => format!(
            "the trust policy of {of} and your own policies must both allow it; read-only sessions need nothing more, \
             `reason_in = tag` needs sts:TagSession; a role reached through another role never sees MFA"
        ),
        Cause::TooLong => "lower `duration_seconds`, or raise the role's maximum session duration".into(),
        Cause::Busy => "AWS is busy: try again".into(),
        Cause::Limit => "a user has at most two access keys: delete one (`aws iam list-access-keys`)".into(),
        Cause::NotFound => "it was deleted meanwhile".into(),
        Cause::TooLarge => "shorten `session_tags` and `policy_arns`".into(),
        Cause::Region => "enable the region in the account, or set another `region`".into(),
        Cause::NotThere => "STS does not know GetScopedCredentials here, and nothing else makes a session of a permission set \
                            read-only: name a permission set that can only read with `read_only_role`, or assume a role \
                            behind it (`role_arn`, `source_profile`), or write `read_only = off` into `[kagi NAME]`"
            .into(),
        Cause::Pending => "say yes in the browser".into(),
        Cause::SlowDown => "AWS is asked too often: try again in a minute".into(),
        Cause::Refused => "sign in again and allow it; if you did, an administrator has to let you in".into(),
        Cause::Grant => "sign in again: `kagi login`; a code is good once, and for a few minutes".into(),
        Cause::Client => "run `kagi login` again: this machine is registered anew".into(),
        Cause::Portal => "check `sso_start_url` and `sso_region`: the Region is the one Identity Center is in, which the \
                          portal's settings show"
            .into(),
        Cause::Token => "run `kagi login` again, and check `sso_region`".into(),
        Cause::NoAccess => format!(
            "{of} is not (any more) assigned to you: `kagi sso profiles` shows what is; check `sso_account_id` and \
             `sso_role_name`"
        ),
        Cause::Other => "AWS's message says more; `kagi explain` shows what was asked".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_as_shells_read_them() {
        for (name, typed) in [
            ("dev", "dev"),
            ("with space", "'with space'"),
            ("it's", "'it'\\''s'"),
            ("開発", "'開発'"),
            ("", "''"),
            ("\u{202e}it's", "$'\\u202eit\\'s'"),
            ("a\nb\\", "$'a\\u000ab\\\\'"),
        ] {
            assert_eq!(quoted(name), typed);
        }
    }
}
