//! The pure part: a [`World`] takes a request and the real time, changes, and answers.

mod authorise;
mod build;
mod call;
mod caller;
mod center;
mod control;
mod iam;
mod journal;
mod login;
mod signin;
mod sns;
mod state;
mod sts;
mod trouble;

use jiff::{SignedDuration, Timestamp};

use crate::company::Company;
use crate::message::{Reply, Request};
use crate::mint::Mint;
use crate::totp;

pub use build::CompanyError;
use call::{Call, Operation, Service};
use journal::Journal;
pub use journal::{Count, Counters, Entry};
use state::State;
use trouble::Planned;
pub use trouble::{Settings, Trouble};

/// All accounts of a company with their credentials, and the time there.
#[derive(Clone)]
pub struct World {
    state: State,
    mint: Mint,
    settings: Settings,
    planned: Vec<Planned>,
    journal: Journal,
    /// How far the world's time is ahead of the real one.
    ahead: SignedDuration,
}

/// An access key as its owner holds it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyPair {
    /// `AKIA…`.
    pub access_key_id: String,
    /// The secret access key, plainly fictional.
    pub secret_access_key: String,
    /// `Active`, not `Inactive`.
    pub is_active: bool,
    /// When it signed a request last, in the world's time.
    pub last_used: Option<Timestamp>,
}

impl World {
    /// The world of a company, at a time.
    ///
    /// # Errors
    /// [`CompanyError`] when the description does not hold together.
    pub fn new(company: &Company, now: Timestamp) -> Result<Self, CompanyError> {
        let mut mint = Mint::new(company.seed);
        let state = build::state(company, &mut mint, now)?;
        Ok(Self {
            state,
            mint,
            settings: Settings::default(),
            planned: Vec::new(),
            journal: Journal::default(),
            ahead: SignedDuration::ZERO,
        })
    }

    /// Carries out a request that came at the real time `wall`.
    pub fn handle(&mut self, wall: Timestamp, request: &Request) -> Reply {
        let reply = match request.path.as_str() {
            "/federation" => self.signin(wall, request),
            path if path.starts_with("/control/") => control::handle(self, wall, request),
            login::PATH => self.login_token(wall, request),
            _ => match self.center(wall, request) {
                Some(reply) => reply,
                None => self.call(wall, request),
            },
        };
        let date = self.clock(wall).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Reply { response: reply.response.with_header("Date", date), ..reply }
    }

    /// The time in the world.
    pub fn now(&self, wall: Timestamp) -> Timestamp {
        wall.checked_add(self.ahead).unwrap_or(wall)
    }

    /// Moves the world's time; the real one, by which signatures are dated, stays.
    pub fn advance(&mut self, by: SignedDuration) {
        self.ahead = self.ahead.saturating_add(by);
    }

    /// Sets the world's time.
    pub fn set_time(&mut self, wall: Timestamp, now: Timestamp) {
        self.ahead = now.duration_since(wall);
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The settings, to change them.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Plans a trouble for the next `times` calls of an operation (`None`: for all that come; `None` as operation: any).
    pub fn plan(&mut self, operation: Option<&str>, times: Option<u32>, trouble: Trouble) {
        let operation = operation.map(str::to_owned);
        self.planned.push(Planned { operation, times, trouble });
    }

    /// The counters.
    pub fn counters(&self) -> &Counters {
        &self.journal.counters
    }

    /// The log.
    pub fn log(&self) -> &[Entry] {
        &self.journal.entries
    }

    /// The code an MFA device shows.
    pub fn totp(&self, serial: &str, wall: Timestamp) -> Option<String> {
        let device = self.state.accounts.values().find_map(|account| account.devices.get(serial))?;
        Some(totp::code(&device.seed, totp::step(self.now(wall)) + device.drift))
    }

    /// Whether temporary credentials may do something to anything of their own account now.
    pub fn may(&self, access_key_id: &str, action: &str) -> bool {
        self.may_on(access_key_id, action, None)
    }

    /// Whether temporary credentials may do something to a resource of their own account now; without one, to what only
    /// `Resource: "*"` is about.
    pub fn may_on(&self, access_key_id: &str, action: &str, resource: Option<&str>) -> bool {
        let Some(session) = self.state.sessions.get(access_key_id) else { return false };
        let who = caller::Who::Temporary(Box::new(session.clone()));
        let scope = ("us-east-1".to_owned(), String::new());
        let caller = caller::Caller { access_key_id: access_key_id.to_owned(), scope, who };
        let context = self.state.context(&caller, session.issued, "127.0.0.1");
        let account = caller.account().to_owned();
        let question = authorise::Question {
            caller: &caller,
            action,
            resource: resource.unwrap_or("*").to_owned(),
            account: &account,
            is_wildcard_only: resource.is_none(),
            context,
            trust: None,
            shown: None,
            with_reason: false,
        };
        self.state.authorise(question).is_ok()
    }

    /// The access keys of a user or root user, told by its ARN, oldest first.
    pub fn keys_of(&self, arn: &str) -> Vec<KeyPair> {
        let is_owner = |owner: &state::Owner| match &owner.user {
            None => arn == format!("arn:aws:iam::{}:root", owner.account),
            Some(name) => self
                .state
                .accounts
                .get(&owner.account)
                .and_then(|account| account.users.get(name))
                .is_some_and(|user| user.arn == arn),
        };
        let mut keys: Vec<_> = self.state.keys.iter().filter(|(_, key)| is_owner(&key.owner)).collect();
        keys.sort_by_key(|(_, key)| key.number);
        let pair = |(id, key): (&String, &state::AccessKey)| KeyPair {
            access_key_id: id.clone(),
            secret_access_key: key.secret.clone(),
            is_active: key.is_active,
            last_used: key.last_used.as_ref().map(|used| used.time),
        };
        keys.into_iter().map(pair).collect()
    }

    /// The clock signatures are checked by, and the one of the `Date` header.
    fn clock(&self, wall: Timestamp) -> Timestamp {
        let base = if self.settings.signed_by_virtual_clock { self.now(wall) } else { wall };
        base.checked_add(SignedDuration::from_secs(self.settings.date_skew_seconds)).unwrap_or(base)
    }
}

/// Of the secrets in it nothing is shown.
impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("World");
        shown.field("settings", &self.settings).field("ahead", &self.ahead);
        shown.finish_non_exhaustive()
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("KeyPair");
        shown.field("access_key_id", &self.access_key_id).field("is_active", &self.is_active);
        shown.finish_non_exhaustive()
    }
}
