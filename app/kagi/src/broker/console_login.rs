//! `login_session`: what `aws login` left in the AWS CLI's folder, as the beginning of a route. The file stays the AWS
//! CLI's; kagi reads and renews it as botocore does, one process for all.

use std::path::{Path, PathBuf};

use kagimori_aws::{Cause, StsError};
use kagimori_session::credentials::SessionCredentials;
use kagimori_session::endpoint::{Endpoint, Service, endpoint_in};
use kagimori_session::login_session::{FRESH_SECONDS, LoginSession, file_name};
use kagimori_session::value::{shown, words};
use kagimori_terminal::printer;

use super::Broker;
use crate::error::{KagiError, quoted};
use crate::files::{read_own, rewrite};
use crate::lock::{Waited, lock_or};

/// A sign-in that a profile names.
struct Named<'n> {
    profile: &'n str,
    path: PathBuf,
}

/// The credentials of a sign-in, renewed when botocore would renew them.
pub(super) fn credentials(
    broker: &Broker<'_, '_>,
    profile: &str,
    session: &str,
) -> Result<SessionCredentials, KagiError> {
    let folder = broker.context.places.login_cache.as_ref().ok_or(KagiError::NoHome)?;
    let named = Named { profile, path: folder.join(file_name(session)) };
    let fresh = || {
        let credentials = named.read().and_then(|kept| named.usable(kept.credentials()));
        match credentials {
            Ok(credentials) if credentials.left(broker.now()) <= FRESH_SECONDS => None,
            other => Some(other),
        }
    };
    if let Some(known) = fresh() {
        return known;
    }
    let lock = broker.vault.lock_path(&format!("login {}", named.path.display()));
    match lock_or(&lock, broker.patience(), fresh)? {
        Waited::Done(known) => known,
        Waited::Locked(_lock) => named.renew(broker),
    }
}

impl Named<'_> {
    fn read(&self) -> Result<LoginSession, KagiError> {
        match read_own(&self.path)? {
            None => Err(self.over("nobody is signed in on this machine")),
            Some(bytes) => self.usable(LoginSession::read(&bytes)),
        }
    }

    fn usable<T>(&self, read: Result<T, kagimori_session::login_session::Unusable>) -> Result<T, KagiError> {
        read.map_err(|why| self.over(&format!("`{}` {why}", self.path.display())))
    }

    /// Under the lock.
    fn renew(&self, broker: &Broker<'_, '_>) -> Result<SessionCredentials, KagiError> {
        let before = self.read()?;
        let key = self.usable(before.proof_key())?;
        let signin = endpoint(broker, before.region())?;
        match broker.client()?.renew_login(&signin, &before, &key, broker.now()) {
            Ok(renewed) => {
                self.keep(&self.path, &before.renewed(&renewed));
                Ok(renewed.credentials)
            }
            Err(source) => self.instead(broker, &before, source),
        }
    }

    /// What came is good although it could not be written down.
    fn keep(&self, path: &Path, session: &LoginSession) {
        if let Err(error) = rewrite(path, &session.text()) {
            printer::warning(&format!(
                "the renewed sign-in of `{}` is not kept, and the old one may be spent: {error}",
                shown(self.profile)
            ));
        }
    }

    /// The AWS CLI knows nothing of our lock and may have been first; and what is still valid is not refused.
    fn instead(
        &self,
        broker: &Broker<'_, '_>,
        before: &LoginSession,
        source: StsError,
    ) -> Result<SessionCredentials, KagiError> {
        let after = self.read().ok().filter(|after| after.refresh_token() != before.refresh_token());
        let theirs = after.and_then(|after| after.credentials().ok());
        if let Some(theirs) = theirs.filter(|it| it.left(broker.now()) > 0) {
            return Ok(theirs);
        }
        let left = before.credentials().map_or(0, |credentials| credentials.left(broker.now()));
        let error = self.explained(source);
        if left <= 0 {
            return Err(error);
        }
        printer::warning(&format!(
            "the sign-in of `{}` could not be renewed, and its credentials end in {}: {error}",
            shown(self.profile),
            words(left)
        ));
        self.usable(before.credentials())
    }

    fn explained(&self, source: StsError) -> KagiError {
        match source.cause() {
            Some(Cause::Grant) => self.over("it has ended, or the user's password or MFA was changed"),
            Some(Cause::Denied) => KagiError::argument(
                source.to_string(),
                "whoever signs in needs `signin:CreateOAuth2Token`: attach AWS's managed policy \
                 `SignInLocalDevelopmentAccess`",
            ),
            _ => KagiError::call(source, &format!("the sign-in of `{}`", self.profile)),
        }
    }

    fn over(&self, why: &str) -> KagiError {
        KagiError::argument(
            format!("the console sign-in of `{}`: {why}", shown(self.profile)),
            format!("run `aws login --profile {}` (AWS CLI 2.32 or newer)", quoted(self.profile)),
        )
    }
}

/// The sign-in service of the Region the person signed in at, else of the profile's.
fn endpoint(broker: &Broker<'_, '_>, region: Option<&str>) -> Result<Endpoint, KagiError> {
    let context = broker.context;
    let profiles = [broker.route.key_profile.as_str(), broker.route.settings_of.as_str()];
    let found = match region {
        Some(_) => endpoint_in(Service::SigninToken, region, &context.files, &profiles, &context.around),
        None => kagimori_session::endpoint::endpoint(
            Service::SigninToken,
            &context.files,
            &profiles,
            &context.around,
        ),
    };
    Ok(found?)
}
