//! What exists in a world: accounts, keys, sessions, devices.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_policy::document::Document;
use kagimori_policy::policies::Level;

use super::center::Center;
use crate::totp;

/// Everything that exists.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<String, AccountState>,
    /// Long-term keys by id.
    pub(crate) keys: BTreeMap<String, AccessKey>,
    /// Temporary credentials by access key id.
    pub(crate) sessions: BTreeMap<String, Session>,
    /// Sign-in tokens of the console, and when they lose their worth.
    pub(crate) signin_tokens: BTreeMap<String, Timestamp>,
    /// What `aws login` made: by the refresh token that is good now.
    pub(crate) logins: BTreeMap<String, Login>,
    /// IAM Identity Center.
    pub(crate) center: Option<Center>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct AccountState {
    pub(crate) users: BTreeMap<String, UserState>,
    /// The policies of each group.
    pub(crate) groups: BTreeMap<String, Held>,
    pub(crate) roles: BTreeMap<String, RoleState>,
    /// By serial.
    pub(crate) devices: BTreeMap<String, Device>,
    /// Managed policies by ARN.
    pub(crate) managed: BTreeMap<String, Document>,
    pub(crate) service_control: Vec<Level>,
    /// Names of SNS topics.
    pub(crate) topics: Vec<String>,
}

/// The policies of somebody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) documents: Vec<Document>,
    pub(crate) boundary: Option<Document>,
}

#[derive(Clone, Debug)]
pub(crate) struct UserState {
    pub(crate) arn: String,
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) created: Timestamp,
    pub(crate) groups: Vec<String>,
    pub(crate) held: Held,
    pub(crate) tags: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct RoleState {
    pub(crate) arn: String,
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) created: Timestamp,
    pub(crate) trust: Document,
    pub(crate) trust_text: String,
    pub(crate) held: Held,
    pub(crate) max_session_seconds: i64,
    pub(crate) tags: Vec<(String, String)>,
}

/// A user of an account, or its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) account: String,
    /// `None`: the root user.
    pub(crate) user: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct AccessKey {
    pub(crate) secret: String,
    pub(crate) owner: Owner,
    pub(crate) is_active: bool,
    pub(crate) created: Timestamp,
    pub(crate) last_used: Option<LastUsed>,
    /// The order of making, because ids have none.
    pub(crate) number: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct LastUsed {
    pub(crate) time: Timestamp,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// A virtual MFA device.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) seed: Vec<u8>,
    /// Whose it is, and since when.
    pub(crate) holder: Option<(Owner, Timestamp)>,
    /// How many steps its clock is ahead, as the last resync found.
    pub(crate) drift: i64,
    /// The newest step of which a code was taken: neither it nor an older one is taken again.
    pub(crate) last_step: Option<i64>,
}

/// A console sign-in that `aws login` was let into.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) owner: Owner,
    pub(crate) mfa_at: Option<Timestamp>,
    /// Up to twelve hours.
    pub(crate) ends: Timestamp,
    /// The point of the key it was made for, uncompressed.
    pub(crate) key: Vec<u8>,
}

/// Temporary credentials.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) kind: SessionKind,
    /// The scope-down policies of GetScopedCredentials: each allows, or nothing is.
    pub(crate) scopes: Vec<Document>,
}

#[derive(Clone, Debug)]
pub(crate) enum SessionKind {
    /// Of GetSessionToken; with the time a code was taken.
    Token { owner: Owner, mfa_at: Option<Timestamp> },
    /// Of AssumeRole.
    Role(RoleSession),
    /// Of GetFederationToken.
    Federated(FederatedSession),
}

#[derive(Clone, Debug)]
pub(crate) struct RoleSession {
    pub(crate) account: String,
    pub(crate) role: String,
    pub(crate) name: String,
    pub(crate) source_identity: Option<String>,
    pub(crate) tags: Vec<SessionTag>,
    pub(crate) policy: Option<Document>,
    /// Assumed with temporary credentials.
    pub(crate) is_chained: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct FederatedSession {
    pub(crate) owner: Owner,
    pub(crate) name: String,
    pub(crate) tags: Vec<SessionTag>,
    pub(crate) policy: Option<Document>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionTag {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) is_transitive: bool,
}

impl Device {
    pub(crate) fn new(seed: Vec<u8>) -> Self {
        Self { seed, holder: None, drift: 0, last_step: None }
    }

    /// Takes a code once: its step must be within the window and newer than every step taken before (RFC 6238, section
    /// 5.2: "the verifier MUST NOT accept the second attempt of the OTP").
    pub(crate) fn take(&mut self, code: &str, now: Timestamp, window: i64) -> bool {
        let centre = totp::step(now) + self.drift;
        let newer = |step: &i64| self.last_step.is_none_or(|last| *step > last);
        let found = (centre - window..=centre + window)
            .filter(newer)
            .find(|step| totp::code(&self.seed, *step) == code);
        self.last_step = found.or(self.last_step);
        found.is_some()
    }

    /// Takes two codes of consecutive steps, the second one within `reach` steps, and sets the drift by them.
    pub(crate) fn take_two(&mut self, codes: (&str, &str), now: Timestamp, reach: i64) -> bool {
        let centre = totp::step(now);
        let mut reached = (0..=reach).flat_map(|distance| [centre + distance, centre - distance]);
        let of_step = |step: i64| totp::code(&self.seed, step);
        let found = reached.find(|step| of_step(*step) == codes.1 && of_step(*step - 1) == codes.0);
        if let Some(step) = found {
            self.drift = if (step - centre).abs() <= 1 { 0 } else { step - centre };
            self.last_step = Some(step);
        }
        found.is_some()
    }
}

impl SessionKind {
    /// AWS counts the sessions of roles and of GetSessionToken: a role assumed with either is chained.
    pub(crate) fn chains(&self) -> bool {
        matches!(self, Self::Role(_) | Self::Token { .. })
    }
}
