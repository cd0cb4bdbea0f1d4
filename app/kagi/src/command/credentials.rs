//! `kagi credentials`: the one JSON object a `credential_process` prints.

use std::fmt::Write;
use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use kagimori_session::key::CacheKey;
use kagimori_session::route::{Access, Target, rfc3339};
use kagimori_terminal::printer;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::target;
use crate::args;
use crate::broker::Broker;
use crate::context::{Caller, Context, Texts};
use crate::error::KagiError;
use crate::place::Places;
use crate::vault::{StoredSession, account_of};

/// Serves a profile to an SDK.
pub(crate) fn serve_profile(profile: &str) -> ExitCode {
    finish((|| {
        let places = Places::find()?;
        let texts = Texts::read(&places)?;
        let context = Context::new(places, &texts, Caller::Sdk);
        let route = context.route(&Target::Profile(profile.to_owned()), &Access::Everyday)?;
        let vault = target::vault_of(&context, &route)?;
        print(&Broker::new(&context, vault, route)?.obtain()?)
    })())
}

/// Serves what the command line says.
pub(crate) fn run(arguments: &args::Credentials) -> ExitCode {
    finish(match &arguments.session {
        Some(key) => serve_session(key),
        None => {
            let obtain = |broker: &Broker<'_, '_>| print(&broker.obtain()?);
            target::with_broker(&arguments.target, None, Caller::Sdk, obtain)
        }
    })
}

/// Serves one session as long as it lasts: how an elevated command is served, without renewal.
fn serve_session(key: &str) -> Result<(), KagiError> {
    let places = Places::find()?;
    let texts = Texts::read(&places)?;
    let context = Context::new(places, &texts, Caller::Sdk);
    let key = CacheKey::from_hex(key).ok_or_else(|| {
        KagiError::argument("this is not the key of a session", "`kagi exec` makes these lines")
    })?;
    let session = context.vault()?.session(&key).ok_or(KagiError::SessionEnded)?;
    if session.expires_at <= context.now().as_second() {
        return Err(match session.elevated {
            true => KagiError::ElevatedEnded(session.of),
            false => KagiError::SessionEnded,
        });
    }
    print(&session)
}

/// One clear line for the SDK's exception, and nothing on stdout.
fn finish(result: Result<(), KagiError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, KagiError::BrokenPipe) {
                printer::failure_line("kagi", &error, &error.hint());
            }
            ExitCode::from(2)
        }
    }
}

fn print(session: &StoredSession) -> Result<(), KagiError> {
    Ok(printer::data(&json(session, "SessionToken", true)?)?)
}

/// The object of `credential_process`, or of a container endpoint where the token is called `Token`.
pub(crate) fn json(
    session: &StoredSession,
    token: &str,
    version: bool,
) -> Result<Zeroizing<String>, KagiError> {
    let credentials = session.credentials()?;
    // A container endpoint's answer has an end (botocore insists): clients ask again then.
    let expiration = match (session.is_key(), version) {
        (false, _) => Some(credentials.expiration),
        (true, true) => None,
        (true, false) => Some(Timestamp::now() + SignedDuration::from_hours(1)),
    };
    let quote = |text: &str| Zeroizing::new(serde_json::to_string(text).unwrap_or_default());
    // Room for everything, so that no copy of a secret is left behind by growing.
    let length = 1024 + 2 * credentials.session_token.expose_secret().len();
    let mut out = Zeroizing::new(String::with_capacity(length));
    out.push('{');
    if version {
        out.push_str("\"Version\":1,");
    }
    let _ = write!(
        out,
        "\"AccessKeyId\":{},\"SecretAccessKey\":{}",
        *quote(&credentials.access_key_id),
        *quote(credentials.secret_access_key.expose_secret()),
    );
    if !session.is_key() {
        let _ = write!(out, ",\"{token}\":{}", *quote(credentials.session_token.expose_secret()));
    }
    if let Some(expiration) = expiration {
        let _ = write!(out, ",\"Expiration\":{}", *quote(&rfc3339(expiration)));
    }
    if let Some(account) = session.role.as_deref().and_then(account_of) {
        let _ = write!(out, ",\"AccountId\":\"{account}\"");
    }
    out.push_str("}\n");
    Ok(out)
}
