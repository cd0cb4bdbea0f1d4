//! IAM Identity Center on this machine: the sign-in in the vault, its token under one lock, the browser that comes back.

mod loopback;
mod sign_in;

use std::time::Duration;

use kagimori_aws::{Cause, Client, StsError};
use kagimori_session::endpoint::{Endpoint, Service, endpoint_in};
use kagimori_session::plan::SignedIn;
use kagimori_session::sso::entitled;
use kagimori_session::sso::login::{Ended, Login, Next, Refusal};
use kagimori_session::sso::settings::Portal;
use kagimori_session::value::shown;
use secrecy::{ExposeSecret, SecretString};

pub(crate) use self::sign_in::{How, sign_in};
use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::lock::{Waited, lock, lock_or};
use crate::vault::Vault;

/// What sign-ins are kept as in the vault.
const KIND: &str = "sso";

/// A portal as this machine reaches it.
#[derive(Debug, Clone)]
pub(crate) struct Center {
    pub(crate) portal: Portal,
    pub(crate) sso: Endpoint,
    pub(crate) oidc: Endpoint,
    /// Account access manager's runtime.
    pub(crate) account_access: Endpoint,
    /// The command that signs in.
    pub(crate) command: String,
}

impl Center {
    /// The portal of a profile.
    pub(crate) fn of_profile(
        context: &Context<'_>,
        portal: &Portal,
        profiles: &[&str],
        profile: &str,
    ) -> Result<Self, KagiError> {
        Self::new(context, portal, profiles, format!("kagi login {}", quoted(profile)))
    }

    /// The portal of `[sso-session NAME]`.
    pub(crate) fn of_session(context: &Context<'_>, portal: &Portal) -> Result<Self, KagiError> {
        Self::new(context, portal, &[], format!("kagi login --sso-session {}", quoted(portal.name())))
    }

    fn new(
        context: &Context<'_>,
        portal: &Portal,
        profiles: &[&str],
        command: String,
    ) -> Result<Self, KagiError> {
        let at =
            |service| endpoint_in(service, Some(&portal.region), &context.files, profiles, &context.around);
        Ok(Self {
            portal: portal.clone(),
            sso: at(Service::Sso)?,
            oidc: at(Service::SsoOidc)?,
            account_access: at(Service::AccountAccess)?,
            command,
        })
    }

    /// Whose sign-in it is: the portal's address, its Region, and where both services are reached.
    fn id(&self) -> String {
        [&self.portal.start_url, &self.portal.region, &self.oidc.url, &self.sso.url]
            .map(String::as_str)
            .join(" ")
    }

    /// The sign-in that is kept. A damaged one is none: a person signs in again.
    pub(crate) fn stored(&self, vault: &Vault) -> Result<Option<Login>, KagiError> {
        match vault.note(KIND, &self.id()) {
            Err(KagiError::Damaged(_)) => Ok(None),
            other => other,
        }
    }

    /// Keeps a sign-in.
    pub(crate) fn store(&self, vault: &Vault, login: &Login) -> Result<(), KagiError> {
        vault.put_note(KIND, &self.id(), login)
    }

    /// What a plan needs to know of it.
    pub(crate) fn signed_in(&self, login: Option<&Login>) -> SignedIn {
        SignedIn {
            id: login.map(|login| login.id.clone()).unwrap_or_default(),
            user_name: login.and_then(|login| login.user.clone()),
            portal: self.sso.url.clone(),
        }
    }

    pub(crate) fn signed_out(&self, ended: Option<Ended>) -> KagiError {
        KagiError::SignedOut {
            portal: self.portal.name().to_owned(),
            what: ended.map_or("was never made on this machine", Ended::sentence),
            command: self.command.clone(),
        }
    }

    /// Whether a sign-in was made with the scopes of account access manager: those of a session change with the next one.
    pub(crate) fn has_scopes(&self, login: Option<&Login>) -> Result<(), KagiError> {
        let lacks = |login: &&Login| {
            !entitled::SCOPES.iter().all(|scope| login.client.scopes.iter().any(|it| it == scope))
        };
        match login.filter(lacks) {
            None => Ok(()),
            Some(_) => Err(KagiError::argument(
                format!(
                    "the sign-in at `{}` was made without the scopes of account access manager",
                    shown(self.portal.name())
                ),
                format!("run `{} --fresh`", self.command),
            )),
        }
    }

    /// Writes the user's name into the sign-in, if it is still this one.
    pub(crate) fn named(&self, vault: &Vault, id: &str, user: &str) -> Result<Login, KagiError> {
        let _lock = lock(&self.lock_path(vault), Duration::from_secs(30))?;
        match self.stored(vault)? {
            Some(login) if login.id == id => {
                let named = Login { user: Some(user.to_owned()), ..login };
                self.store(vault, &named)?;
                Ok(named)
            }
            _ => Err(self.signed_out(None)),
        }
    }

    fn lock_path(&self, vault: &Vault) -> std::path::PathBuf {
        vault.lock_path(&format!("sso {}", self.id()))
    }
}

/// A sign-in that calls are made with.
pub(crate) struct Tokens<'t> {
    pub(crate) center: &'t Center,
    pub(crate) vault: &'t Vault,
    pub(crate) client: &'t Client,
    pub(crate) patience: Duration,
    pub(crate) now: fn() -> jiff::Timestamp,
}

impl Tokens<'_> {
    fn seconds(&self) -> i64 {
        (self.now)().as_second()
    }

    /// An access token, refreshed by one process for all.
    pub(crate) fn token(&self) -> Result<SecretString, KagiError> {
        // What needs no call needs no lock; what is over is over for everybody at once.
        let known = || match self.center.stored(self.vault) {
            Err(error) => Some(Err(error)),
            Ok(None) => Some(Err(self.center.signed_out(None))),
            Ok(Some(login)) => match login.next(self.seconds()) {
                Next::Use(token) => Some(Ok(token.clone())),
                Next::LogIn(ended) => Some(Err(self.center.signed_out(Some(ended)))),
                Next::Refresh(_) => None,
            },
        };
        if let Some(known) = known() {
            return known;
        }
        match lock_or(&self.center.lock_path(self.vault), self.patience, known)? {
            Waited::Done(known) => known,
            Waited::Locked(_lock) => self.refresh(),
        }
    }

    /// Under the lock: written down, sent once, written down, used.
    fn refresh(&self) -> Result<SecretString, KagiError> {
        let Some(before) = self.center.stored(self.vault)? else { return Err(self.center.signed_out(None)) };
        let Next::Refresh(refresh) = before.next(self.seconds()) else { return self.token() };
        let asking = before.asking(self.seconds());
        self.center.store(self.vault, &asking)?;
        match self.client.refresh_token(&self.center.oidc, &before.client, refresh) {
            Ok(token) => {
                let access = token.access.clone();
                self.center.store(self.vault, &asking.refreshed(token, self.seconds()))?;
                Ok(access)
            }
            Err(source) => {
                let after = asking.refused(refusal(&source), &before);
                self.center.store(self.vault, &after)?;
                match after.ended {
                    Some(ended) => Err(self.center.signed_out(Some(ended))),
                    None => Err(KagiError::call(source, self.center.portal.name())),
                }
            }
        }
    }

    /// Makes a call of the portal. A token that it does not take is refreshed once.
    pub(crate) fn call<T>(
        &self,
        of: &str,
        call: impl Fn(&SecretString) -> Result<T, StsError>,
    ) -> Result<T, KagiError> {
        let token = self.token()?;
        let rejected = match call(&token) {
            Err(error) if error.cause() == Some(Cause::Token) => token,
            other => return other.map_err(|source| KagiError::call(source, of)),
        };
        self.reject(&rejected, false)?;
        let token = self.token()?;
        match call(&token) {
            Err(error) if error.cause() == Some(Cause::Token) => {
                self.reject(&token, true)?;
                Err(self.center.signed_out(Some(Ended::Revoked)))
            }
            other => other.map_err(|source| KagiError::call(source, of)),
        }
    }

    /// Writes down that the sign-in is over.
    pub(crate) fn end(&self, ended: Ended) -> Result<(), KagiError> {
        let _lock = lock(&self.center.lock_path(self.vault), self.patience)?;
        match self.center.stored(self.vault)? {
            Some(login) => self.center.store(self.vault, &login.over(ended)),
            None => Ok(()),
        }
    }

    /// Writes down that a token was not taken, unless another one is there already.
    fn reject(&self, token: &SecretString, once_more: bool) -> Result<(), KagiError> {
        let _lock = lock(&self.center.lock_path(self.vault), self.patience)?;
        match self.center.stored(self.vault)? {
            Some(login) if login.access.expose_secret() == token.expose_secret() && login.ended.is_none() => {
                self.center.store(self.vault, &login.rejected(once_more))
            }
            _ => Ok(()),
        }
    }
}

fn refusal(error: &StsError) -> Refusal {
    match error.cause() {
        Some(Cause::Grant) => Refusal::Grant,
        Some(Cause::Client) => Refusal::Client,
        _ if error.may_be_done() => Refusal::Unknown,
        _ => Refusal::NotDone,
    }
}
