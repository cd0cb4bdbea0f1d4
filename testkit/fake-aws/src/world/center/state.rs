//! What Identity Center knows: clients, what waits for a person, sign-in sessions and their tokens.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// Everything of one Identity Center.
#[derive(Clone, Debug, Default)]
pub(crate) struct Center {
    pub(crate) start_url: String,
    pub(crate) people: BTreeSet<String>,
    pub(crate) assigned: Vec<Assigned>,
    /// Account access manager: its tenant, and who may take which role.
    pub(crate) tenant: String,
    pub(crate) entitled: Vec<(String, String)>,
    pub(crate) account_names: BTreeMap<String, String>,
    /// Who is signed in in the browser.
    pub(crate) signed_in: Option<String>,
    pub(crate) clients: BTreeMap<String, Client>,
    /// By device code.
    pub(crate) devices: BTreeMap<String, Device>,
    /// By authorization code.
    pub(crate) codes: BTreeMap<String, Code>,
    pub(crate) sessions: Vec<SignIn>,
    /// Access tokens: their session, their end.
    pub(crate) access: BTreeMap<String, (usize, Timestamp)>,
    /// Refresh tokens that were not used yet: their session and client.
    pub(crate) refresh: BTreeMap<String, (usize, String)>,
}

/// A permission set of a user in an account.
#[derive(Clone, Debug)]
pub(crate) struct Assigned {
    pub(crate) person: String,
    pub(crate) account: String,
    pub(crate) set: String,
    /// The role's name in the account.
    pub(crate) role: String,
    pub(crate) session_seconds: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) secret: String,
    pub(crate) ends: Timestamp,
    /// Empty: registered without, for the device code.
    pub(crate) grants: Vec<String>,
    pub(crate) redirects: Vec<String>,
    /// `sso:account:access` was asked for: only then there are refresh tokens (AWS CLI, "sso_registration_scopes").
    pub(crate) has_scopes: bool,
    pub(crate) scopes: Vec<String>,
}

/// A device code.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) user_code: String,
    pub(crate) client: String,
    pub(crate) ends: Timestamp,
    pub(crate) interval_seconds: i64,
    pub(crate) word: Option<Word>,
    pub(crate) polled: Option<Timestamp>,
}

/// What the person said in the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Yes(String),
    No,
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) client: String,
    pub(crate) redirect: String,
    pub(crate) challenge: String,
    pub(crate) person: String,
    pub(crate) ends: Timestamp,
}

/// A person's sign-in.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) person: String,
    pub(crate) is_alive: bool,
    /// What its tokens may be used for.
    pub(crate) scopes: Vec<String>,
}

impl Center {
    /// The person whose sign-in an access token is of, when it is alive.
    pub(crate) fn person_of(&self, token: &str) -> Option<String> {
        let (session, _) = self.access.get(token)?;
        self.sessions.get(*session).filter(|session| session.is_alive).map(|session| session.person.clone())
    }

    pub(crate) fn end_sessions_of(&mut self, person: &str) {
        self.sessions.iter_mut().filter(|it| it.person == person).for_each(|it| it.is_alive = false);
    }

    /// A sign-in of a person, with the scopes of the client.
    pub(crate) fn begin(&mut self, person: String, client: &str) -> usize {
        let scopes = self.clients.get(client).map(|client| client.scopes.clone()).unwrap_or_default();
        self.sessions.push(SignIn { person, is_alive: true, scopes });
        self.sessions.len() - 1
    }
}
