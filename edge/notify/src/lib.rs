//! The one notifier: a letter is sent to a channel, within a time, and what became of it is told without any secret.
//!
//! * Secrets are fetched when a letter is sent, from where the settings say ([`kagimori_notice::Reference`]), and let go after it.
//! * Nothing goes anywhere but where the channel is: no redirect is followed, and only this machine is spoken to without TLS.
//! * What a channel's answer means is decided by the core ([`kagimori_notice::judge`]); what is due, and what is written down of it, by whoever
//!   drives a [`kagimori_notice::Round`].

mod backlog;
mod deadline;
mod http;
mod mail;
mod secret;
mod webhook;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use kagimori_notice::{Cause, Channel, LetterId, Notice, Outcome, Payload, Reference, Way, judge, render};
use secrecy::{ExposeSecret, SecretString};

use crate::deadline::Deadline;
use crate::http::{Http, Request};
use crate::secret::Secrets;

pub use crate::secret::secret;

/// What is sent to whom.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "what a letter is")]
pub struct Dispatch<'a> {
    /// The letter's name: the same whenever it is sent.
    pub id: LetterId,
    /// What it says.
    pub notice: &'a Notice,
    /// When it was written; webhooks say so.
    pub written: Option<Timestamp>,
    /// Whether an attempt was made before, whose end nobody knows.
    pub is_again: bool,
}

/// Sends letters to the channels of the settings.
#[derive(Debug)]
pub struct Notifier {
    channels: BTreeMap<String, Channel>,
    /// What relative paths begin at.
    directory: PathBuf,
}

impl Notifier {
    /// A notifier for the channels of `kagimori.toml` in `directory`.
    #[must_use]
    pub fn new(channels: BTreeMap<String, Channel>, directory: PathBuf) -> Self {
        Self { channels, directory }
    }

    /// The channels, by name.
    #[must_use]
    pub fn channels(&self) -> &BTreeMap<String, Channel> {
        &self.channels
    }

    /// What a letter would be on its way; `None` without such a channel.
    #[must_use]
    pub fn payload(&self, channel: &str, dispatch: &Dispatch<'_>) -> Option<Payload> {
        let channel = self.channels.get(channel)?;
        Some(payload(channel, dispatch))
    }

    /// Sends a letter; takes at most about `limit`, whatever the receiver does. No secret is in what is told.
    #[must_use]
    pub fn send(&self, channel: &str, dispatch: &Dispatch<'_>, limit: Duration, now: Timestamp) -> Outcome {
        let deadline = Deadline::after(limit);
        let Some(found) = self.channels.get(channel) else {
            let why = format!("kagimori.toml has no channel `{}`", kagimori_notice::tamed(channel, 40));
            return Outcome::Failed { why, cause: Cause::Channel };
        };
        let mut secrets = Secrets::new(&self.directory, deadline);
        let outcome = match send(found, dispatch, &mut secrets, deadline, now) {
            Ok(outcome) => outcome,
            Err(unsent) => Outcome::Failed { why: unsent.why, cause: unsent.cause },
        };
        secrets.scrubbed(outcome)
    }
}

/// Why a letter did not get as far as an answer.
#[derive(Debug)]
pub(crate) struct Unsent {
    pub(crate) why: String,
    pub(crate) cause: Cause,
}

impl Unsent {
    pub(crate) fn new(cause: Cause, why: impl Into<String>) -> Self {
        Self { why: why.into(), cause }
    }

    /// The channel has to be mended.
    pub(crate) fn channel(why: impl Into<String>) -> Self {
        Self::new(Cause::Channel, why)
    }
}

fn payload(channel: &Channel, dispatch: &Dispatch<'_>) -> Payload {
    let written = dispatch.written.map(|at| at.to_string());
    render(dispatch.notice, &dispatch.id, written.as_deref(), channel)
}

fn send(
    channel: &Channel,
    dispatch: &Dispatch<'_>,
    secrets: &mut Secrets<'_>,
    deadline: Deadline,
    now: Timestamp,
) -> Result<Outcome, Unsent> {
    let certificates = match &channel.certificates {
        Some(path) => Some(secrets.certificates(path)?),
        None => None,
    };
    let http = || Http::new(certificates.as_deref(), deadline, now);
    match (&channel.way, payload(channel, dispatch)) {
        (Way::Slack { address } | Way::Teams { address }, Payload::Json(body)) => {
            let url = secrets.address(address)?;
            let answer = http()?.call(&Request::json(&url, &[], &body))?;
            Ok(judge::judge(&channel.way, &answer))
        }
        (Way::SlackBot { address, token, .. }, Payload::Json(body)) => {
            let url = SecretString::from(format!("{address}/chat.postMessage"));
            let token = bearer(secrets, token)?;
            let answer = http()?.call(&Request::json(&url, &[("authorization", token)], &body))?;
            Ok(judge::judge(&channel.way, &answer))
        }
        (Way::Webhook { address, secrets: references }, Payload::Json(body)) => {
            let url = SecretString::from(address.to_string());
            let headers = webhook::headers(references, secrets, dispatch.id.as_str(), now, &body)?;
            let answer = http()?.call(&Request::json(&url, &headers, &body))?;
            Ok(judge::judge(&channel.way, &answer))
        }
        (Way::Backlog(backlog), Payload::Issue(text)) => {
            let key = secrets.get(&backlog.key)?;
            backlog::send(backlog, &channel.way, &text, &key, &http()?, dispatch.is_again)
        }
        (Way::Mail(mail), Payload::Mail(text)) => {
            let password = match &mail.login {
                Some((_, reference)) => Some(secrets.get(reference)?),
                None => None,
            };
            mail::send(mail, &text, password, certificates.as_deref(), secrets, now)
        }
        // Each way has its payload.
        _ => Err(Unsent::channel("this kind of channel cannot be sent to")),
    }
}

fn bearer(secrets: &mut Secrets<'_>, reference: &Reference) -> Result<SecretString, Unsent> {
    let token = secrets.get(reference)?;
    Ok(SecretString::from(format!("Bearer {}", token.expose_secret())))
}
