//! From a plan to credentials: the cache first, one process at a time behind it, a person asked at most once.

mod around;
mod code;
mod console_login;
mod foreign;

use std::cell::OnceCell;
use std::time::Duration;

use jiff::Timestamp;
use kagimori_aws::{AssumedRole, Cause, Client, Mfa, StsError};
use kagimori_session::credentials::{SessionCredentials, Signer};
use kagimori_session::endpoint::{Endpoint, Service};
use kagimori_session::key::CacheKey;
use kagimori_session::plan::{AssumeRole, Call, Plan, Start, Step, is_session_of, plan, plan_signed_in};
use kagimori_session::route::{Foreign, Route, Source};
use kagimori_session::sso::entitled::Entitled;
use kagimori_session::sso::login::{Login, Next};
use kagimori_session::sso::scope::Scoped;
use kagimori_session::value::{shown, words};
use kagimori_terminal::printer;

use self::foreign::First;
pub(crate) use self::foreign::ForeignSource;
use crate::context::{Caller, Context};
use crate::error::{KagiError, SET_CLOCK, quoted};
use crate::lock::{Waited, lock, lock_or};
use crate::log;
use crate::place::variable;
use crate::prompt::Prompter;
use crate::sso::{Center, Tokens};
use crate::vault::{StoredKey, StoredSession, Vault};

/// A role that says no to a session older than this may want a younger one (`aws:MultiFactorAuthAge`).
const OLD_SESSION_SECONDS: i64 = 15 * 60;
/// After a renewal that failed, what is valid is served for so long without another try.
const QUIET_SECONDS: i64 = 30;

/// What is said where a cached answer is of the future.
pub(crate) const SET_BACK: &str =
    "the clock stands before the time at which the sessions were issued: they are renewed; set the clock";

/// Gets credentials.
pub(crate) struct Broker<'c, 'a> {
    pub(crate) context: &'c Context<'a>,
    pub(crate) vault: Vault,
    pub(crate) origin: Origin,
    pub(crate) sts: Endpoint,
    pub(crate) route: Route,
    pub(crate) plan: Plan,
    pub(crate) prompter: Prompter,
    client: OnceCell<Client>,
}

/// What a broker begins with.
pub(crate) enum Origin {
    /// A long-term key.
    Key(StoredKey),
    /// What another tool prints, or what is around us.
    Foreign(ForeignSource),
    /// A sign-in at Identity Center; none when nobody is signed in.
    Sso(Box<Center>, Option<Box<Login>>),
}

impl<'c, 'a> Broker<'c, 'a> {
    /// A broker for a route.
    pub(crate) fn new(context: &'c Context<'a>, vault: Vault, route: Route) -> Result<Self, KagiError> {
        match &route.source {
            Source::Key => {
                let origin = context.origin(&vault, &route)?;
                Self::begun(context, vault, route, origin)
            }
            Source::Sso { role, .. } => {
                let profiles = [route.settings_of.as_str(), route.key_profile.as_str()];
                let center = Center::of_profile(context, &role.portal, &profiles, &route.key_profile)?;
                Self::signed_in(context, vault, route, center)
            }
        }
    }

    /// A broker for a route that begins with a sign-in.
    fn signed_in(
        context: &'c Context<'a>,
        vault: Vault,
        route: Route,
        center: Center,
    ) -> Result<Self, KagiError> {
        let login = center.stored(&vault)?;
        let sts = context.endpoint_of(Service::Sts, &route)?;
        let plan = plan_signed_in(&route, &center.signed_in(login.as_ref()), &sts);
        let prompter = context.prompter(center.command.clone())?;
        let origin = Origin::Sso(Box::new(center), login.map(Box::new));
        Ok(Self { context, vault, origin, sts, route, plan, prompter, client: OnceCell::new() })
    }

    /// A broker for a route that begins with this key.
    pub(crate) fn with_key(
        context: &'c Context<'a>,
        vault: Vault,
        route: Route,
        key: StoredKey,
    ) -> Result<Self, KagiError> {
        Self::begun(context, vault, route, Origin::Key(key))
    }

    fn begun(
        context: &'c Context<'a>,
        vault: Vault,
        route: Route,
        origin: Origin,
    ) -> Result<Self, KagiError> {
        let sts = context.endpoint_of(Service::Sts, &route)?;
        let holder = match &origin {
            Origin::Key(key) => key.holder(),
            Origin::Foreign(source) => source.holder(),
            Origin::Sso(..) => return Err(KagiError::Form("a sign-in without its plan".into())),
        };
        let plan = plan(&route, &holder, &sts);
        let prompter = context.prompter(format!("kagi login {}", quoted(&route.key_profile)))?;
        Ok(Self { context, vault, origin, sts, route, plan, prompter, client: OnceCell::new() })
    }

    /// How many seconds are left of a step's cached answer.
    pub(crate) fn left(&self, step: usize) -> Option<i64> {
        let found = self.kept(&self.plan.steps.get(step)?.key)?;
        Some(found.expires_at - self.context.now().as_second())
    }

    /// A cached answer, unless the clock was set back since: it would seem to last longer than was asked for.
    fn kept(&self, key: &CacheKey) -> Option<StoredSession> {
        let now = self.context.now().as_second();
        self.vault.session(key).filter(|session| !session.is_of_the_future(now))
    }

    /// Whether a cached answer is not used because the clock was set back.
    pub(crate) fn clock_was_set_back(&self) -> bool {
        let now = self.context.now().as_second();
        let mut kept = self.plan.steps.iter().filter_map(|step| self.vault.session(&step.key));
        kept.any(|session| session.is_of_the_future(now))
    }

    /// The cached answer, if it is good enough. No network, no lock.
    pub(crate) fn cached(&self) -> Option<StoredSession> {
        let last = self.plan.steps.last()?;
        let found = self.kept(&last.key)?;
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
        if let Origin::Foreign(source) = &self.origin {
            // Before a lock is waited for, which the kagi that runs the tool holds.
            source.check_circle()?;
        }
        let Some(last) = self.plan.steps.len().checked_sub(1) else {
            return self.itself();
        };
        if self.context.caller == Caller::Person && self.clock_was_set_back() {
            printer::warning(SET_BACK);
        }
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

    /// The sign-in with the user's name, which AWS tells of a session of a permission set; none when it is known already.
    pub(crate) fn person(&self, session: &StoredSession) -> Result<Option<Login>, KagiError> {
        let (Origin::Sso(center, Some(login)), Source::Sso { role, .. }) = (&self.origin, &self.route.source)
        else {
            return Ok(None);
        };
        if login.user.is_some() {
            return Ok(Some((**login).clone()));
        }
        let credentials = session.credentials()?;
        let caller = self
            .client()?
            .get_caller_identity(&self.sts, &Signer::Session(&credentials), self.context.now())
            .map_err(|source| KagiError::call(source, center.portal.name()))?;
        if !kagimori_aws::is_session_of(&caller.arn, role) {
            let wanted = format!("{}/{}", role.account, role.role);
            return Err(KagiError::WrongRole { got: caller.arn, wanted });
        }
        center.named(&self.vault, &login.id, caller.name()).map(Some)
    }

    /// Why a person has to sign in first, as far as that is known without a call.
    pub(crate) fn signed_out(&self) -> Option<KagiError> {
        let Origin::Sso(center, login) = &self.origin else { return None };
        match login {
            None => Some(center.signed_out(None)),
            Some(login) => match login.next(self.context.now().as_second()) {
                Next::LogIn(ended) => Some(center.signed_out(Some(ended))),
                Next::Use(_) | Next::Refresh(_) => None,
            },
        }
    }

    /// Whether a kagi that a program runs can renew what was obtained here.
    pub(crate) fn reaches_programs(&self) -> bool {
        match &self.origin {
            Origin::Foreign(source) => source.reaches_programs(),
            Origin::Key(_) | Origin::Sso(..) => true,
        }
    }

    /// The answer of the first step, the MFA session that everything else hangs on.
    pub(crate) fn session(&self) -> Result<StoredSession, KagiError> {
        if self.plan.steps.is_empty() { self.itself() } else { self.ensure(0) }
    }

    /// What the route begins with, where there is no call to be made.
    fn itself(&self) -> Result<StoredSession, KagiError> {
        match &self.origin {
            Origin::Key(key) => Ok(StoredSession::of_key(key)),
            Origin::Foreign(source) => source.itself(self),
            Origin::Sso(..) => Err(KagiError::Form("a plan without steps".into())),
        }
    }

    /// The answer of a step: another process's, or the call's.
    fn ensure(&self, index: usize) -> Result<StoredSession, KagiError> {
        let step = self.step(index)?;
        let is_last = index + 1 == self.plan.steps.len();
        let good = || {
            if is_last {
                return self.cached();
            }
            let found = self.kept(&step.key)?;
            (found.expires_at - self.context.now().as_second() >= self.plan.least(index)).then_some(found)
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

    /// What has ended when it comes is of no use to any program, and says that one of two clocks is wrong.
    fn is_still_good(&self, credentials: &SessionCredentials) -> Result<(), KagiError> {
        let ago = self.context.now().as_second() - credentials.expiration.as_second();
        if ago < 0 {
            return Ok(());
        }
        Err(KagiError::argument(
            format!(
                "the credentials of `{}` that came had ended {} ago by this machine's clock",
                shown(&self.route.name),
                words(ago)
            ),
            format!(
                "set this machine's clock (`{SET_CLOCK}`); `kagi doctor --online` compares it with AWS's"
            ),
        ))
    }

    /// Makes the call of a step and keeps its answer.
    fn make(
        &self,
        step: &Step,
        before: Option<&SessionCredentials>,
        is_last: bool,
    ) -> Result<StoredSession, KagiError> {
        // Another tool is run before a person is asked for a code: it may fail.
        let first = match (&self.origin, before) {
            (Origin::Foreign(source), None) if !matches!(source.from, Foreign::WebIdentity(_)) => {
                Some(source.first(self)?)
            }
            _ => None,
        };
        let signer = before.map(Signer::Session).or_else(|| first.as_ref().map(First::signer));
        let credentials = match &step.mfa_serial {
            Some(serial) => {
                let _device = lock(&self.vault.lock_path(serial), self.patience())?;
                code::with_code(self, serial, |mfa| self.call(step, signer, Some(mfa)))?
            }
            None => self.call(step, signer, None)?,
        };
        self.is_still_good(&credentials)?;
        let role = self.role_of(step);
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

    /// Whose session the answer of a step is; one that is scoped down is its source's.
    fn role_of(&self, step: &Step) -> Option<String> {
        match &step.call {
            Call::GetSessionToken { .. } => None,
            Call::AssumeRole(role) | Call::AssumeRoleWithWebIdentity(role) => {
                Some(role.role.as_str().to_owned())
            }
            Call::GetRoleCredentials { account, role } => Some(format!("{account}/{role}")),
            Call::GetEntitledCredentials(entitled) => Some(entitled.role.as_str().to_owned()),
            Call::GetScopedCredentials(_) => {
                let before = self.plan.steps.iter().take_while(|other| other.key != step.key).last()?;
                self.role_of(before)
            }
        }
    }

    fn call(
        &self,
        step: &Step,
        signer: Option<Signer<'_>>,
        mfa: Option<Mfa<'_>>,
    ) -> Result<SessionCredentials, KagiError> {
        let client = self.client()?;
        match &step.call {
            Call::GetSessionToken { seconds } => {
                let key = self.key()?.key();
                client.get_session_token(&self.sts, &key, mfa, *seconds, self.context.now()).map_err(
                    |source| KagiError::call(source, &format!("the user of `{}`", self.route.key_profile)),
                )
            }
            Call::AssumeRole(role) => {
                let Some(signer) = signer else {
                    let key = self.key()?.key();
                    return self.assume(client, &Signer::LongTerm(&key), role, mfa);
                };
                self.assume(client, &signer, role, mfa)
            }
            Call::AssumeRoleWithWebIdentity(role) => {
                let Some(Foreign::WebIdentity(file)) = &self.route.foreign else {
                    return Err(KagiError::Form("a role without its token".into()));
                };
                checked(around::by_web_identity(self, file, role)?, role)
            }
            Call::GetRoleCredentials { account, role } => self.role_credentials(client, account, role),
            Call::GetEntitledCredentials(entitled) => self.entitled_credentials(client, entitled),
            Call::GetScopedCredentials(scoped) => {
                let Some(Signer::Session(before)) = signer else {
                    return Err(KagiError::Form("a session to scope down".into()));
                };
                self.scope(client, before, scoped)
            }
        }
    }

    fn key(&self) -> Result<&StoredKey, KagiError> {
        match &self.origin {
            Origin::Key(key) => Ok(key),
            Origin::Foreign(_) | Origin::Sso(..) => Err(KagiError::NoKey(self.route.key_profile.clone())),
        }
    }

    fn role_credentials(
        &self,
        client: &Client,
        account: &str,
        role: &str,
    ) -> Result<SessionCredentials, KagiError> {
        let Origin::Sso(center, _) = &self.origin else {
            return Err(KagiError::Form("a role without a portal".into()));
        };
        let of = format!("`{}` in {account}", shown(role));
        let tokens = self.tokens(client, center);
        Ok(tokens
            .call(&of, |token| client.get_role_credentials(&center.sso, token, account, role))?
            .credentials)
    }

    /// The credentials of a role that account access manager gives; a token without its scopes would only be refused.
    fn entitled_credentials(
        &self,
        client: &Client,
        entitled: &Entitled,
    ) -> Result<SessionCredentials, KagiError> {
        let Origin::Sso(center, login) = &self.origin else {
            return Err(KagiError::Form("a role without a portal".into()));
        };
        center.has_scopes(login.as_deref())?;
        let of = format!("`{}`", shown(entitled.role.as_str()));
        self.tokens(client, center)
            .call(&of, |token| client.get_entitled_credentials(&center.account_access, token, entitled))
    }

    /// The tokens of a sign-in, with our patience.
    pub(crate) fn tokens<'t>(&'t self, client: &'t Client, center: &'t Center) -> Tokens<'t> {
        Tokens { center, vault: &self.vault, client, patience: self.patience(), now: Timestamp::now }
    }

    /// A session with less; it must be of the permission set that was asked for.
    fn scope(
        &self,
        client: &Client,
        before: &SessionCredentials,
        scoped: &Scoped,
    ) -> Result<SessionCredentials, KagiError> {
        let Source::Sso { role, .. } = &self.route.source else {
            return Err(KagiError::Form("a session to scope down".into()));
        };
        // More than is left would be refused, and a second passes on the way.
        let left = u32::try_from(before.left(self.context.now()) - 2).unwrap_or_default().max(1);
        let scoped = Scoped { seconds: scoped.seconds.map(|seconds| seconds.min(left)), ..scoped.clone() };
        let of = format!("`{}` in {}", shown(&role.role), role.account);
        let session = client
            .get_scoped_credentials(&self.sts, before, &scoped, self.context.now())
            .map_err(|source| KagiError::call(source, &of))?;
        if !session.arn.is_empty() && !kagimori_aws::is_session_of(&session.arn, role) {
            return Err(KagiError::WrongRole {
                got: session.arn,
                wanted: format!("{}/{}", role.account, role.role),
            });
        }
        Ok(session.credentials)
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
        checked(assumed, role)
    }

    /// Whether a failure is the fault of a cached session; if so that session is dropped, and the plan is made anew once.
    fn replan(&self, error: &KagiError) -> Result<bool, KagiError> {
        let now = self.context.now().as_second();
        let session = self.plan.steps.iter().rev().skip(1).find_map(|step| {
            let found = self.vault.session(&step.key)?;
            (found.expires_at > now).then_some((step.key, found))
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

/// The session of the role that was asked for, and of no other.
fn checked(assumed: AssumedRole, role: &AssumeRole) -> Result<SessionCredentials, KagiError> {
    if !is_session_of(&assumed.arn, role) {
        let wanted = role.role.session_arn(&role.session_name);
        return Err(KagiError::WrongRole { got: assumed.arn, wanted });
    }
    Ok(assumed.credentials)
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
