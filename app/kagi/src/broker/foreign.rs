//! Credentials that somebody else hands out, as the beginning of a route: what another tool's `credential_process` prints,
//! and what `credential_source` names.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use kagimori_session::credentials::{LongTermKey, SessionCredentials, Signer, is_key_id};
use kagimori_session::heading::words;
use kagimori_session::login_session::user_name;
use kagimori_session::plan::KeyHolder;
use kagimori_session::route::Foreign;
use kagimori_session::value::shown;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Broker, around, console_login};
use crate::error::KagiError;
use crate::place::{Places, variable};
use crate::vault::{StoredKey, StoredSession};

/// Java's SDK reads no more of a `credential_process` either.
const MOST_BYTES: u64 = 64_000;
/// Set for the tool: one that runs kagi for the same profile would never end.
const INSIDE: &str = "KAGI_SOURCE_OF";

/// Credentials that somebody else hands out.
#[derive(Debug)]
pub(crate) struct ForeignSource {
    /// The profile that names them.
    pub(crate) profile: String,
    /// Which.
    pub(crate) from: Foreign,
}

/// What signs the first call.
pub(crate) enum First {
    /// A user's own key.
    Key(LongTermKey),
    /// A session.
    Session(SessionCredentials),
}

impl First {
    pub(crate) fn signer(&self) -> Signer<'_> {
        match self {
            Self::Key(key) => Signer::LongTerm(key),
            Self::Session(session) => Signer::Session(session),
        }
    }
}

/// What a `credential_process` prints (AWS CLI User Guide, "Sourcing credentials with an external process").
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: String,
    #[serde(deserialize_with = "kagimori_session::secret::deserialize")]
    secret_access_key: SecretString,
    #[serde(default, deserialize_with = "kagimori_session::secret::option::deserialize")]
    session_token: Option<SecretString>,
    #[serde(default)]
    expiration: Option<Timestamp>,
}

impl ForeignSource {
    /// What the plan needs to know. Nobody is asked to find a cached answer: where it comes from stands for what it is.
    pub(crate) fn holder(&self) -> KeyHolder {
        let name = match &self.from {
            Foreign::Process(command) => format!("process {command}"),
            Foreign::Login(session) => format!("login {session}"),
            Foreign::Environment => around::environment_name(),
            Foreign::Instance => format!("instance {}", around::instance_endpoint()),
            Foreign::Container => format!("container {}", around::container_url()),
            Foreign::WebIdentity(file) => format!("web identity {file}"),
        };
        KeyHolder {
            access_key_id: name,
            user_name: match &self.from {
                Foreign::Login(session) => user_name(session).to_owned(),
                _ => variable("USER").unwrap_or_else(|| "kagi".to_owned()),
            },
            mfa_serial: None,
            is_foreign: true,
        }
    }

    /// Whether they are those of `aws login`.
    pub(crate) fn is_login(&self) -> bool {
        matches!(self.from, Foreign::Login(_))
    }

    /// Where the credentials come from, for a sentence: `printed by …`.
    pub(crate) fn sentence(&self) -> String {
        match &self.from {
            Foreign::Process(command) => format!("printed by `{}`", shown(command)),
            Foreign::Login(session) => format!("of `aws login` as {}", shown(session)),
            Foreign::Environment => "of the environment (`AWS_ACCESS_KEY_ID`)".to_owned(),
            Foreign::Instance => format!("of the instance's role ({})", shown(&around::instance_endpoint())),
            Foreign::WebIdentity(file) => format!("got by the token in `{}`", shown(file)),
            Foreign::Container => format!("of the container ({})", around::source_of_container()),
        }
    }

    /// Whether a program's kagi can get them again. What lies in variables is not handed on to programs.
    pub(crate) fn reaches_programs(&self) -> bool {
        match self.from {
            Foreign::Process(_) | Foreign::Login(_) | Foreign::Instance | Foreign::WebIdentity(_) => true,
            Foreign::Environment => false,
            Foreign::Container => !around::container_token_is_a_variable(),
        }
    }

    /// A tool that runs kagi for the profile that it is the source of would never end.
    pub(crate) fn check_circle(&self) -> Result<(), KagiError> {
        match &self.from {
            Foreign::Process(command) if variable(INSIDE).as_deref() == Some(self.profile.as_str()) => {
                Err(failed(&self.profile, command, "runs kagi for the same profile"))
            }
            _ => Ok(()),
        }
    }

    /// What signs the first call: a user's own key, or a session.
    pub(crate) fn first(&self, broker: &Broker<'_, '_>) -> Result<First, KagiError> {
        match &self.from {
            Foreign::Process(command) => {
                printed_by(command, &self.profile, &broker.context.places, broker.patience())
            }
            Foreign::Login(session) => {
                console_login::credentials(broker, &self.profile, session).map(First::Session)
            }
            Foreign::Environment => around::environment(),
            Foreign::Instance => around::instance(broker.client()?),
            Foreign::Container => around::container(broker.client()?),
            // Its first call is signed by nothing, so nobody asks.
            Foreign::WebIdentity(_) => Err(KagiError::Form("a token in place of credentials".into())),
        }
    }

    /// The credentials themselves, where there is nothing to be done with them.
    pub(crate) fn itself(&self, broker: &Broker<'_, '_>) -> Result<StoredSession, KagiError> {
        let now = Timestamp::now().as_second();
        Ok(match self.first(broker)? {
            First::Key(key) => StoredSession::of_key(&StoredKey {
                profile: self.profile.clone(),
                access_key_id: key.access_key_id,
                secret_access_key: key.secret_access_key,
                user_arn: String::new(),
                mfa_serial: None,
                stored_at: now,
            }),
            First::Session(session) => StoredSession {
                key: String::new(),
                of: self.profile.clone(),
                role: None,
                elevated: false,
                access_key_id: session.access_key_id,
                secret_access_key: session.secret_access_key,
                session_token: session.session_token,
                issued_at: now,
                expires_at: session.expiration.as_second(),
            },
        })
    }
}

fn printed_by(command: &str, profile: &str, places: &Places, patience: Duration) -> Result<First, KagiError> {
    let printed = run(profile, command, places, patience)?;
    Ok(match printed.session_token.filter(|token| !token.expose_secret().is_empty()) {
        None => First::Key(LongTermKey {
            access_key_id: printed.access_key_id,
            secret_access_key: printed.secret_access_key,
        }),
        Some(session_token) => First::Session(SessionCredentials {
            access_key_id: printed.access_key_id,
            secret_access_key: printed.secret_access_key,
            session_token,
            // Where the tool names no end clients ask again after an hour.
            expiration: printed
                .expiration
                .unwrap_or_else(|| Timestamp::now() + SignedDuration::from_hours(1)),
        }),
    })
}

fn failed(profile: &str, command: &str, what: &str) -> KagiError {
    KagiError::argument(
        format!("the `credential_process` of `{}` {what}", shown(profile)),
        format!("run it by hand to see what it says: `{}`", shown(command)),
    )
}

fn run(profile: &str, command: &str, places: &Places, patience: Duration) -> Result<Printed, KagiError> {
    let failed = |what: &str| failed(profile, command, what);
    let words = words(command).filter(|words| !words.is_empty()).ok_or_else(|| failed("is no command"))?;
    let output =
        output(&words, profile, places, patience)?.ok_or_else(|| failed("failed, or did not end in time"))?;
    let printed: Printed = serde_json::from_slice(&output)
        .map_err(|_| failed("did not print the JSON of one (`Version`, `AccessKeyId`, `SecretAccessKey`)"))?;
    if printed.version != 1
        || !is_key_id(&printed.access_key_id)
        || printed.secret_access_key.expose_secret().is_empty()
    {
        return Err(failed("printed another version, or no access key"));
    }
    if printed.expiration.is_some_and(|end| end <= Timestamp::now()) {
        return Err(failed("printed credentials that have ended"));
    }
    Ok(printed)
}

/// What the tool printed; nothing when it failed or took too long. As botocore runs it: split into words, no shell.
fn output(
    words: &[String],
    profile: &str,
    places: &Places,
    patience: Duration,
) -> Result<Option<Zeroizing<Vec<u8>>>, KagiError> {
    let Some((program, arguments)) = words.split_first() else { return Ok(None) };
    let mut command = Command::new(program);
    command.args(arguments).env(INSIDE, profile).stdin(Stdio::null()).stdout(Stdio::piped());
    // Under `kagi exec` the SDK's variables lead to our files; the tool is the person's and reads theirs.
    if variable("KAGI_AWS_CONFIG_FILE").is_some() {
        command
            .env("AWS_CONFIG_FILE", &places.config)
            .env("AWS_SHARED_CREDENTIALS_FILE", &places.credentials);
    }
    let mut child = command.spawn().map_err(|source| KagiError::Run { command: program.clone(), source })?;
    let stdout = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(8 * 1024));
        stdout.and_then(|stdout| stdout.take(MOST_BYTES).read_to_end(&mut bytes).ok()).map(|_| bytes)
    });
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(reader.join().ok().flatten().filter(|_| status.success())),
            Ok(None) if begun.elapsed() < patience => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Ok(None);
            }
        }
    }
}
