//! The pure part: a [`World`] takes a request and the real time, changes, and answers.

mod authorise;
mod build;
mod caller;
mod control;
mod iam;
mod journal;
mod signin;
mod sns;
mod state;
mod sts;
mod trouble;

use jiff::{SignedDuration, Timestamp};
use kagimori_policy::request::{Context, Fact};

use crate::company::Company;
use crate::fault::Fault;
use crate::message::{Parameters, Reply, Request, Response};
use crate::mint::Mint;
use crate::sigv4;
use crate::totp;
use crate::xml::{self, Xml};

use authorise::Question;
pub use build::CompanyError;
use caller::Caller;
pub use journal::{Count, Counters, Entry};
use journal::{Journal, without_secrets};
use state::{LastUsed, State};
use trouble::Planned;
pub use trouble::{Settings, Trouble};

/// All accounts of a company with their credentials, and the time there.
#[derive(Clone, Debug)]
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

/// An operation of the query protocol.
#[derive(Clone, Copy)]
struct Operation {
    name: &'static str,
    service: Service,
    run: Run,
}

type Run = fn(&mut World, &Call<'_>) -> Result<Option<Xml>, Fault>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Sts,
    Iam,
    Sns,
}

/// A call that is signed by somebody.
#[derive(Debug)]
struct Call<'a> {
    now: Timestamp,
    source_ip: String,
    parameters: &'a Parameters,
    caller: Caller,
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
            _ => self.call(wall, request),
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

    fn call(&mut self, wall: Timestamp, request: &Request) -> Reply {
        let parameters = request.parameters();
        let name = parameters.get("Action").unwrap_or_default().to_owned();
        let before = trouble::before(&mut self.planned, &name);
        let now = self.now(wall);
        let caller = self.state.authenticate(request, now, self.clock(wall));
        let (arn, key_id) = match &caller {
            Ok(caller) => {
                let principal = self.state.principal(caller);
                (principal.arn().unwrap_or_default().to_owned(), caller.access_key_id.clone())
            }
            Err(_) => (String::new(), claimed_key(request)),
        };
        let result = match before.fault {
            Some(fault) => Err(fault),
            None => caller.and_then(|caller| {
                let source_ip = request.source_ip.to_string();
                self.run(&Call { now, source_ip, parameters: &parameters, caller }, &name)
            }),
        };
        let is_lost = result.is_ok() && trouble::loses_reply(&mut self.planned, &name);
        let request_id = self.mint.request_id();
        let namespace = operation(&name).map_or(Service::Sts, |found| found.service).namespace();
        let (status, body) = match &result {
            Ok(result) => (200, xml::answer(&name, namespace, result.as_ref(), &request_id)),
            Err(fault) => (fault.status, xml::error(fault, namespace, &request_id)),
        };
        self.journal.record(Entry {
            time: xml::iso(now),
            operation: name,
            caller: arn,
            access_key_id: key_id,
            source_ip: request.source_ip.to_string(),
            status,
            error: result.as_ref().err().map(|fault| fault.code.clone()),
            message: result.as_ref().err().map(|fault| fault.message.clone()),
            is_lost,
            parameters: without_secrets(&parameters),
        });
        let response = Response::new(status, "text/xml", body).with_header("x-amzn-RequestId", request_id);
        Reply { response, delay_milliseconds: before.delay_milliseconds, is_lost }
    }

    fn run(&mut self, call: &Call<'_>, name: &str) -> Result<Option<Xml>, Fault> {
        let version = call.parameters.get("Version").unwrap_or_default();
        let operation = operation(name).ok_or_else(|| Fault::unknown_operation(name, version))?;
        let service = operation.service;
        if call.caller.scope.1 != service.scope() {
            return Err(sigv4::wrong_service(service.scope()));
        }
        if version != service.version() {
            return Err(Fault::unknown_operation(name, version));
        }
        if let Some(key) = self.state.keys.get_mut(&call.caller.access_key_id) {
            let (region, service) = call.caller.scope.clone();
            key.last_used = Some(LastUsed { time: call.now, region, service });
        }
        if service == Service::Iam && !call.caller.may_call_iam() {
            return Err(Fault::invalid_token());
        }
        (operation.run)(self, call)
    }

    /// A question about something in the caller's own account.
    fn question<'a>(&'a self, call: &'a Call<'_>, action: &'a str, resource: String) -> Question<'a> {
        let mut context = self.context(call);
        add_request_tags(&mut context, &call.parameters.tags());
        Question {
            caller: &call.caller,
            action,
            resource,
            account: call.caller.account(),
            is_wildcard_only: false,
            context,
            trust: None,
            shown: None,
            with_reason: self.settings.denial_reasons,
        }
    }

    fn context(&self, call: &Call<'_>) -> Context {
        self.state.context(&call.caller, call.now, &call.source_ip)
    }
}

/// `aws:RequestTag/…` and `aws:TagKeys`.
fn add_request_tags(context: &mut Context, tags: &[(String, String)]) {
    for (key, value) in tags {
        context.set(&format!("aws:RequestTag/{key}"), Fact::One(value.clone()));
    }
    if !tags.is_empty() {
        context.set("aws:TagKeys", Fact::Many(tags.iter().map(|(key, _)| key.clone()).collect()));
    }
}

fn operation(name: &str) -> Option<Operation> {
    let all = [sts::OPERATIONS, iam::OPERATIONS, sns::OPERATIONS];
    all.into_iter().flatten().find(|operation| operation.name == name).copied()
}

/// The key a request says it was signed with, whatever it is worth.
fn claimed_key(request: &Request) -> String {
    let header = request.header("authorization").unwrap_or_default();
    let id = header.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next());
    id.filter(|id| id.len() <= 128).unwrap_or_default().to_owned()
}

impl Service {
    fn scope(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::Sns => "sns",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::Sts => "2011-06-15",
            Self::Iam => "2010-05-08",
            Self::Sns => "2010-03-31",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
        }
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("KeyPair");
        shown.field("access_key_id", &self.access_key_id).field("is_active", &self.is_active);
        shown.finish_non_exhaustive()
    }
}
