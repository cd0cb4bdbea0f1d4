//! Who makes the calls: credentials as SDKs find them, kept until they end, got again before. Nobody is ever asked.

mod around;
mod process;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use kagimori_session::credentials::{LongTermKey, SessionCredentials, Signer};
use kagimori_session::endpoint::Endpoint;
use kagimori_session::plan::AssumeRole;
use kagimori_session::value::shown;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

pub use self::around::{
    CONTAINER_HOSTS, container_authority, container_url, environment, instance_endpoint, may_be_asked,
};
use crate::error::{Cause, StsError};
use crate::failure::Lost;
use crate::transport::Client;

/// SDKs get new ones when less than this is left (botocore's mandatory refresh is at ten minutes).
const MARGIN_SECONDS: i64 = 10 * 60;

/// Why there are no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CredentialsError {
    /// What happened.
    pub message: String,
    /// The next step.
    pub hint: String,
    /// AWS's code, where AWS refused a role.
    pub code: Option<String>,
    /// What happened to AWS's answer, where none came.
    pub lost: Option<Lost>,
}

impl CredentialsError {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into(), code: None, lost: None }
    }
}

impl CredentialsError {
    /// Whether it may go well the next time.
    pub(crate) fn is_for_now(&self) -> bool {
        let is_throttled = |code: &String| crate::retry::is_throttled(code, 400, None);
        self.code.as_ref().is_some_and(is_throttled)
            || matches!(self.lost, Some(Lost::NoConnection | Lost::TooLong | Lost::Broken))
    }
}

/// What signs calls.
#[derive(Debug, Clone)]
pub enum Held {
    /// A user's own key, which does not end.
    Key(LongTermKey),
    /// A session.
    Session(SessionCredentials),
}

impl Held {
    /// As what signs.
    #[must_use]
    pub fn signer(&self) -> Signer<'_> {
        match self {
            Self::Key(key) => Signer::LongTerm(key),
            Self::Session(session) => Signer::Session(session),
        }
    }

    /// What nobody may see.
    fn secrets(&self) -> Vec<&str> {
        let secrets = match self {
            Self::Key(key) => vec![key.secret_access_key.expose_secret()],
            Self::Session(session) => {
                vec![session.secret_access_key.expose_secret(), session.session_token.expose_secret()]
            }
        };
        secrets.into_iter().filter(|secret| !secret.is_empty()).collect()
    }

    fn is_good(&self, now: Timestamp) -> bool {
        match self {
            Self::Key(_) => true,
            Self::Session(session) => session.left(now) > MARGIN_SECONDS,
        }
    }
}

/// Where credentials come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// They were given, and cannot be got again.
    Given(Held),
    /// `credential_process` of a profile: the command, the profile.
    Process {
        /// The command line.
        command: String,
        /// Whose it is.
        profile: String,
    },
    /// The variables around.
    Environment,
    /// The container around.
    Container,
    /// The instance around.
    Instance,
    /// A role by the token in a file.
    WebIdentity {
        /// The file, read each time: whoever issues the token writes it anew.
        file: PathBuf,
        /// The role.
        role: Box<AssumeRole>,
        /// Where STS is.
        sts: Endpoint,
    },
    /// A role by other credentials.
    Role {
        /// Who assumes it.
        by: Arc<Credentials>,
        /// The role.
        role: Box<AssumeRole>,
        /// Where STS is.
        sts: Endpoint,
    },
}

/// Credentials, kept until they end.
#[derive(Debug)]
pub struct Credentials {
    source: Source,
    held: Mutex<Option<Held>>,
}

impl Credentials {
    /// Credentials of a source; nothing is asked before the first call.
    #[must_use]
    pub fn of(source: Source) -> Self {
        Self { source, held: Mutex::new(None) }
    }

    /// What signs a call at this moment.
    ///
    /// # Errors
    /// Says which source has none, and what to do.
    pub fn get(&self, client: &Client, now: Timestamp) -> Result<Held, CredentialsError> {
        // Whoever comes second waits for the first: a role is assumed once, not once a thread.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(good) = held.as_ref().filter(|held| held.is_good(now)) {
            return Ok(good.clone());
        }
        let fresh = self.fresh(client, now)?;
        *held = Some(fresh.clone());
        Ok(fresh)
    }

    /// Forgets what AWS says has ended; whether others can be got.
    pub(crate) fn forget(&self) -> bool {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match &self.source {
            Source::Given(_) | Source::Environment => false,
            Source::Role { by, .. } => {
                by.forget();
                true
            }
            _ => true,
        }
    }

    /// A text without what signs the calls, should somebody have put it there.
    pub(crate) fn hide(&self, text: &str) -> String {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let secrets = held.as_ref().map(Held::secrets).unwrap_or_default();
        secrets.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }

    fn fresh(&self, client: &Client, now: Timestamp) -> Result<Held, CredentialsError> {
        match &self.source {
            Source::Given(held) => Ok(held.clone()),
            Source::Process { command, profile } => process::run(command, profile, now, client.left()),
            Source::Environment => environment(&variable, now).and_then(|found| {
                found.ok_or_else(|| {
                    CredentialsError::new(
                        "`credential_source = Environment`, and `AWS_ACCESS_KEY_ID` is not set",
                        "export the variables of the source and run the command again",
                    )
                })
            }),
            Source::Container => around::container(client),
            Source::Instance => around::instance(client),
            Source::WebIdentity { file, role, sts } => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    CredentialsError::new(
                        format!("the token in `{}` cannot be read: {error}", shown(&file.to_string_lossy())),
                        "check `web_identity_token_file`, or `AWS_WEB_IDENTITY_TOKEN_FILE`",
                    )
                })?;
                let token = SecretString::from(Zeroizing::new(text).trim());
                let found = client.assume_role_with_web_identity(sts, role, &token, now);
                found.map(|found| Held::Session(found.credentials)).map_err(|error| of_role(&error, role))
            }
            Source::Role { by, role, sts } => {
                let held = by.get(client, now)?;
                let found = client.assume_role(sts, &held.signer(), role, None, now);
                found.map(|found| Held::Session(found.credentials)).map_err(|error| of_role(&error, role))
            }
        }
    }
}

fn of_role(error: &StsError, role: &AssumeRole) -> CredentialsError {
    let name = shown(role.role.as_str());
    let hint = match error.cause() {
        Some(Cause::Denied) => format!(
            "the trust policy of `{name}` must name the caller, and the caller's policies must allow `sts:AssumeRole` on it"
        ),
        Some(Cause::Expired) => "the session has ended: sign in again".to_owned(),
        Some(Cause::TooLong) => format!("`{name}` allows no session of {} seconds", role.seconds),
        Some(Cause::Clock(_)) => "set this machine's clock".to_owned(),
        Some(Cause::UnknownKey | Cause::WrongSecret) => "check the access key of the profile".to_owned(),
        Some(Cause::Region) => "STS is not enabled in this Region: name another".to_owned(),
        Some(_) => format!("see what AWS says of `{name}`"),
        None => "check the connection, `AWS_ENDPOINT_URL`, and `HTTPS_PROXY` and `NO_PROXY`".to_owned(),
    };
    let (code, lost) = match error {
        StsError::Refused { code, .. } => (Some(code.clone()), None),
        StsError::Network { lost, .. } => (None, Some(*lost)),
        _ => (None, Some(Lost::Broken)),
    };
    CredentialsError {
        code,
        lost,
        ..CredentialsError::new(format!("`{name}` cannot be assumed: {error}"), hint)
    }
}

/// A variable of the environment that is set to something.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
