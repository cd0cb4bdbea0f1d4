//! From a plan to credentials: the cache first, one process at a time behind it, a person asked at most once.

mod code;

use std::cell::OnceCell;
use std::time::Duration;

use jiff::Timestamp;
use kagimori_session::credentials::{SessionCredentials, Signer};
use kagimori_session::endpoint::{Endpoint, Service};
use kagimori_session::plan::{AssumeRole, Call, Plan, Start, Step, is_session_of, plan};
use kagimori_session::route::Route;
use kagimori_session::value::{shown, words};
use kagimori_sts::{Cause, Client, Mfa, StsError};

use crate::context::{Caller, Context};
use crate::error::{KagiError, quoted};
use crate::lock::{Waited, lock, lock_or};
use crate::log;
use crate::place::variable;
use crate::printer;
use crate::prompt::Prompter;
use crate::vault::{StoredKey, StoredSession, Vault};

/// A role that says no to a session older than this may want a younger one (`aws:MultiFactorAuthAge`).
const OLD_SESSION_SECONDS: i64 = 15 * 60;
/// Signing with less than this left is not tried.
const USABLE_SECONDS: i64 = 60;
/// After a renewal that failed, what is valid is served for so long without another try.
const QUIET_SECONDS: i64 = 30;

/// Gets credentials.
pub(crate) struct Broker<'c, 'a> {
    pub(crate) context: &'c Context<'a>,
    pub(crate) vault: Vault,
    pub(crate) key: StoredKey,
    pub(crate) sts: Endpoint,
    pub(crate) route: Route,
    pub(crate) plan: Plan,
    pub(crate) prompter: Prompter,
    client: OnceCell<Client>,
}

impl<'c, 'a> Broker<'c, 'a> {
    /// A broker for a route.
    pub(crate) fn new(context: &'c Context<'a>, vault: Vault, route: Route) -> Result<Self, KagiError> {
        let key = context.key(&vault, &route)?;
        Self::with_key(context, vault, route, key)
    }

    /// A broker for a route that begins with this key.
    pub(crate) fn with_key(
        context: &'c Context<'a>,
        vault: Vault,
        route: Route,
        key: StoredKey,
    ) -> Result<Self, KagiError> {
        let sts = context.endpoint_of(Service::Sts, &route)?;
        let plan = plan(&route, &key.holder(), &sts);
        let prompter = context.prompter(format!("kagi login {}", quoted(&route.key_profile)))?;
        Ok(Self { context, vault, key, sts, route, plan, prompter, client: OnceCell::new() })
    }

    /// How many seconds are left of a step's cached answer.
    pub(crate) fn left(&self, step: usize) -> Option<i64> {
        let key = &self.plan.steps.get(step)?.key;
        Some(self.vault.session(key)?.expires_at - self.context.now().as_second())
    }

    /// The cached answer, if it is good enough. No network, no lock.
    pub(crate) fn cached(&self) -> Option<StoredSession> {
        let last = self.plan.steps.last()?;
        let found = self.vault.session(&last.key)?;
        let left = |step: usize| {
            if step + 1 == self.plan.steps.len() {
                Some(found.expires_at - self.context.now().as_second())
            } else {
                self.left(step)
            }
        };
        (self.plan.start(left) == Start::Serve).then_some(found)
    }

    /// The credentials: cached, or obtained now.
    pub(crate) fn obtain(&self) -> Result<StoredSession, KagiError> {
        if let Some(found) = self.cached() {
            return Ok(found);
        }
        let Some(last) = self.plan.steps.len().checked_sub(1) else {
            return Err(KagiError::Form("a plan without steps".into()));
        };
        if let Some(valid) = self.valid().filter(|_| self.failed_just_now()) {
            return Ok(valid);
        }
        match self.ensure(last) {
            Err(error) if self.replan(&error)? => self.ensure(last),
            other => other,
        }
        .inspect_err(|error| log::failure(self, error))
        .or_else(|error| self.valid_in_place_of(error))
    }

    /// The cached answer as long as AWS takes it, however little is left.
    fn valid(&self) -> Option<StoredSession> {
        let found = self.vault.session(&self.plan.steps.last()?.key)?;
        (found.expires_at > self.context.now().as_second()).then_some(found)
    }

    /// Nothing valid is refused because its renewal failed.
    fn valid_in_place_of(&self, error: KagiError) -> Result<StoredSession, KagiError> {
        let (Some(valid), Some(last)) = (self.valid(), self.plan.steps.last()) else { return Err(error) };
        let now = self.context.now().as_second();
        let _ = self.vault.put_note("renewal", &last.key.hex(), &now);
        printer::warning(&format!(
            "the credentials of `{}` could not be renewed and end in {}: {error}",
            shown(&self.route.name),
            words(valid.expires_at - now)
        ));
        Ok(valid)
    }

    /// With a network that swallows everything each try takes seconds, and SDKs ask at every call.
    fn failed_just_now(&self) -> bool {
        let Some(last) = self.plan.steps.last() else { return false };
        let at: Option<i64> = self.vault.note("renewal", &last.key.hex()).unwrap_or_default();
        at.is_some_and(|at| (0..QUIET_SECONDS).contains(&(self.context.now().as_second() - at)))
    }

    /// The answer of the first step, the MFA session that everything else hangs on.
    pub(crate) fn session(&self) -> Result<StoredSession, KagiError> {
        self.ensure(0)
    }

    /// The answer of a step: another process's, or the call's.
    fn ensure(&self, index: usize) -> Result<StoredSession, KagiError> {
        let step = self.step(index)?;
        let is_last = index + 1 == self.plan.steps.len();
        let good = || {
            if is_last {
                return self.cached();
            }
            let found = self.vault.session(&step.key)?;
            (found.expires_at - self.context.now().as_second() >= USABLE_SECONDS).then_some(found)
        };
        if let Some(found) = good() {
            return Ok(found);
        }
        let lock = match lock_or(&self.vault.lock_path(&step.key.hex()), self.patience(), good)? {
            Waited::Done(found) => return Ok(found),
            Waited::Locked(lock) => lock,
        };
        let before = match index.checked_sub(1) {
            Some(before) => Some(self.ensure(before)?.credentials()?),
            None => None,
        };
        let session = self.make(step, before.as_ref(), is_last)?;
        drop(lock);
        Ok(session)
    }

    /// Makes the call of a step and keeps its answer.
    fn make(
        &self,
        step: &Step,
        before: Option<&SessionCredentials>,
        is_last: bool,
    ) -> Result<StoredSession, KagiError> {
        let credentials = match &step.mfa_serial {
            Some(serial) => {
                let _device = lock(&self.vault.lock_path(serial), self.patience())?;
                code::with_code(self, serial, |mfa| self.call(step, before, Some(mfa)))?
            }
            None => self.call(step, before, None)?,
        };
        let role = match &step.call {
            Call::GetSessionToken { .. } => None,
            Call::AssumeRole(role) => Some(role.role.as_str().to_owned()),
        };
        let session = StoredSession {
            key: step.key.hex(),
            of: if is_last { self.route.name.clone() } else { self.route.key_profile.clone() },
            role,
            elevated: is_last && self.plan.elevated,
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key,
            session_token: credentials.session_token,
            issued_at: self.context.now().as_second(),
            expires_at: credentials.expiration.as_second(),
        };
        log::issued(self, &session);
        if let Err(error) = self.vault.put_session(&session) {
            printer::warning(&format!("the credentials are not kept: {error}"));
        }
        self.vault.sweep();
        Ok(session)
    }

    fn call(
        &self,
        step: &Step,
        before: Option<&SessionCredentials>,
        mfa: Option<Mfa<'_>>,
    ) -> Result<SessionCredentials, KagiError> {
        let key = self.key.key();
        let client = self.client()?;
        match &step.call {
            Call::GetSessionToken { seconds } => {
                client.get_session_token(&self.sts, &key, mfa, *seconds, self.context.now()).map_err(
                    |source| KagiError::call(source, &format!("the user of `{}`", self.route.key_profile)),
                )
            }
            Call::AssumeRole(role) => {
                let signer = before.map_or(Signer::LongTerm(&key), Signer::Session);
                self.assume(client, &signer, role, mfa)
            }
        }
    }

    fn assume(
        &self,
        client: &Client,
        signer: &Signer<'_>,
        role: &AssumeRole,
        mfa: Option<Mfa<'_>>,
    ) -> Result<SessionCredentials, KagiError> {
        let assumed = client
            .assume_role(&self.sts, signer, role, mfa, self.context.now())
            .map_err(|source| KagiError::call(source, &format!("`{}`", shown(role.role.as_str()))))?;
        if !is_session_of(&assumed.arn, role) {
            let wanted = role.role.session_arn(&role.session_name);
            return Err(KagiError::WrongRole { got: assumed.arn, wanted });
        }
        Ok(assumed.credentials)
    }

    /// Whether a failure is the fault of a cached session; if so that session is dropped, and the plan is made anew once.
    fn replan(&self, error: &KagiError) -> Result<bool, KagiError> {
        let now = self.context.now().as_second();
        let session = self.plan.steps.iter().rev().skip(1).find_map(|step| {
            let found = self.vault.session(&step.key)?;
            (found.expires_at - now >= USABLE_SECONDS).then_some((step.key, found))
        });
        let Some((key, session)) = session else { return Ok(false) };
        let is_stale = match error.cause() {
            Some(Cause::Expired | Cause::UnknownKey) => true,
            Some(Cause::Denied) => now - session.issued_at > OLD_SESSION_SECONDS,
            _ => false,
        };
        if is_stale {
            self.vault.remove_session(&key)?;
        }
        Ok(is_stale)
    }

    fn step(&self, index: usize) -> Result<&Step, KagiError> {
        self.plan.steps.get(index).ok_or_else(|| KagiError::Form("a plan".into()))
    }

    /// The client, made when the first call is made: the cached path never needs it.
    pub(crate) fn client(&self) -> Result<&Client, KagiError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = client_of(self.context, &[&self.route.settings_of, &self.route.key_profile])?;
        Ok(self.client.get_or_init(|| client))
    }

    fn patience(&self) -> Duration {
        match self.context.caller {
            Caller::Sdk => self.prompter.patience,
            Caller::Person => self.prompter.patience + Duration::from_secs(30),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.context.now()
    }
}

/// A client with the certificates a person or their company has set.
pub(crate) fn client(context: &Context<'_>, profile: &str) -> Result<Client, KagiError> {
    client_of(context, &[profile])
}

fn client_of(context: &Context<'_>, profiles: &[&str]) -> Result<Client, KagiError> {
    let of_profile = || profiles.iter().find_map(|profile| context.files.get(profile, "ca_bundle"));
    let bundle = variable("AWS_CA_BUNDLE").or_else(|| of_profile().map(|found| found.value.into_owned()));
    let pem = match bundle {
        None => None,
        Some(path) => Some(std::fs::read(&path).map_err(|source| KagiError::read(path.as_ref(), source))?),
    };
    Client::new(pem.as_deref()).map_err(|source: StsError| KagiError::call(source, "this machine's settings"))
}
