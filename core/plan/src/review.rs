//! All checks over one estate, and the tables a person wants beside them.

pub mod compared;
mod population;
mod rows;
mod unplaced;
mod waiving;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::fact::{Dataset, Known};
use kagimori_estate::model::Account;
use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_trail::Usage;
use kagimori_trail::caller::CallerKind;
use serde::Serialize;

use crate::check::{self, Beside, Context, Named, Sink};
use crate::privilege::Privileges;
use crate::settings::Settings;
use crate::verdict::{Outcome, Resource, Severity, Verdict};
pub use population::Population;

/// The result of a review. Everything in it is ordered: the same input gives the same bytes.
#[derive(Clone, Debug)]
pub struct Review {
    /// The instant it speaks of.
    pub now: Timestamp,
    /// Failures, unknowns and infos that no waiver covers, worst first: outcome `Fail` by severity, then check,
    /// account, resource, key; then `Unknown`; then `Info`.
    pub verdicts: Vec<Verdict>,
    /// Failures that a waiver covers, with the index of the waiver in the settings.
    pub waived: Vec<(Verdict, usize)>,
    /// Per check and account: how many of each outcome, passes included.
    pub tallies: BTreeMap<(&'static str, AccountId), Tally>,
    /// Which resources each check found right, or had nothing to say of.
    pub population: Population,
    /// One row per account.
    pub accounts: Vec<AccountRow>,
    /// One row per user and key, root included.
    pub credentials: Vec<CredentialRow>,
    /// One row per role.
    pub roles: Vec<RoleRow>,
    /// Datasets that were not given, with how many accounts lack them.
    pub not_given: BTreeMap<Dataset, usize>,
}

/// How many verdicts of each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// `Fail`, not waived.
    pub fail: usize,
    /// `Fail`, waived.
    pub waived: usize,
    /// `Unknown`.
    pub unknown: usize,
    /// `Info`.
    pub info: usize,
    /// `Pass`.
    pub pass: usize,
    /// `NotApplicable`.
    pub not_applicable: usize,
}

/// One account at a glance.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// Its name: of the settings, else of the organization, else its alias.
    pub name: Option<String>,
    /// How far it could be reviewed.
    pub state: AccountState,
    /// Failures by severity.
    pub failures: BTreeMap<Severity, usize>,
    /// Users, keys that are active, roles: `None` is unknown.
    pub users: Option<usize>,
    /// Active access keys.
    pub active_keys: Option<usize>,
    /// Roles.
    pub roles: Option<usize>,
    /// The three MFA populations: console users without MFA (A), all users without MFA (B), privileged users
    /// without MFA (C).
    pub mfa_missing: [Option<usize>; 3],
    /// What was missing, as people read it.
    pub datasets: BTreeMap<Dataset, Known<()>>,
    /// Events the trail has of it; `None`: no trail was given.
    pub events: Option<u64>,
}

/// How far an account could be reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "every account ends in one of these")]
pub enum AccountState {
    /// Everything that was given could be read.
    Ok,
    /// Part of what was given was damaged, denied or torn.
    Partial,
    /// Nothing that was given could be read.
    Failed,
    /// Listed by the organization and not active: not reviewed.
    Skipped,
    /// Listed by the organization as active, and nothing of it was given.
    NotGiven,
}

/// One user and one of its keys (or the user alone, when it has none).
#[derive(Clone, Debug)]
pub struct CredentialRow {
    /// The account.
    pub account: AccountId,
    /// The account's name.
    pub account_name: Option<String>,
    /// The user's name; `<root_account>` for root.
    pub user: String,
    /// The user's ARN.
    pub arn: Arn,
    /// The user's owner by its tags.
    pub owner: Option<String>,
    /// When the user was created.
    pub created: Option<Timestamp>,
    /// Has a console password?
    pub password_enabled: Option<bool>,
    /// Last sign-in; the outer `None` is unknown, the inner never.
    pub password_last_used: Option<Option<Timestamp>>,
    /// When the password was set.
    pub password_last_changed: Option<Timestamp>,
    /// Has an MFA device?
    pub mfa_active: Option<bool>,
    /// Effectively an administrator?
    pub privileged: Option<bool>,
    /// The key, when the row speaks of one.
    pub key: Option<KeyCells>,
}

/// The cells of a key.
#[derive(Clone, Debug)]
pub struct KeyCells {
    /// Its id, when known.
    pub id: Option<AccessKeyId>,
    /// Its slot in the credential report.
    pub slot: Option<u8>,
    /// Active?
    pub active: Option<bool>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Last use as AWS tracks it; the outer `None` is unknown, the inner never.
    pub last_used: Option<Option<Timestamp>>,
    /// The service of that use.
    pub last_used_service: Option<String>,
    /// What the trail tells of it; `None`: no trail, or no event of it.
    pub usage: Option<KeyEvidence>,
}

/// What the trail tells of a key.
#[derive(Clone, Debug)]
pub struct KeyEvidence {
    /// Class of use: `active`, `noise`, `rare`, `shared`.
    pub class: kagimori_trail::classify::UseClass,
    /// First and last event.
    pub first: Timestamp,
    /// Last event.
    pub last: Timestamp,
    /// All calls.
    pub calls: u64,
    /// Calls that succeeded.
    pub succeeded: u64,
    /// Kinds of caller, most calls first.
    pub callers: Vec<(CallerKind, u64)>,
    /// Source addresses, most calls first, at most five.
    pub addresses: Vec<(String, u64)>,
    /// How many different addresses there were.
    pub address_count: usize,
    /// Services called, most calls first, at most five.
    pub services: Vec<(String, u64)>,
    /// Calls per day over the window, oldest first: for a small chart.
    pub daily: Vec<u32>,
}

/// One role.
#[derive(Clone, Debug)]
pub struct RoleRow {
    /// The account.
    pub account: AccountId,
    /// The account's name.
    pub account_name: Option<String>,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Arn,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Last use as AWS tracks it; the outer `None` is unknown, the inner never (in 400 days).
    pub last_used: Option<Option<Timestamp>>,
    /// Its owner by its tags.
    pub owner: Option<String>,
    /// Who may assume it, in short: `service ec2`, `account 111122223333`, `everyone`.
    pub trusted: Vec<String>,
    /// Effectively an administrator?
    pub privileged: Option<bool>,
    /// Calls the trail has of it.
    pub calls: Option<u64>,
}

/// What a review stands on that the estate alone tells: who may do what, and who can become whom. It takes about as long as reading a
/// trail and needs nothing of it, so that a caller with two threads makes it while the trail is read.
#[derive(Debug)]
pub struct Groundwork<'a>(Privileges<'a>);

impl<'a> Groundwork<'a> {
    /// Works it out, as it is at an instant: conditions on the time decide with it.
    pub fn of(estate: &'a Estate, now: Timestamp) -> Self {
        let privileges = Privileges::of(estate, now);
        privileges.work_out();
        Self(privileges)
    }
}

/// Reviews an estate.
///
/// `usage` is `None` when no trail was given; checks that need one are then unknown.
pub fn review(estate: &Estate, usage: Option<&Usage>, settings: &Settings, now: Timestamp) -> Review {
    review_on(Groundwork::of(estate, now), estate, usage, settings)
}

/// The same on what was worked out before: of this estate, whose problems alone may have become more since.
pub fn review_on<'a>(
    Groundwork(privileges): Groundwork<'a>,
    estate: &'a Estate,
    usage: Option<&'a Usage>,
    settings: &'a Settings,
) -> Review {
    review_beside(Groundwork(privileges), estate, usage, None, settings)
}

/// The same beside the log of a desk: was every use of root asked for?
pub fn review_beside<'a>(
    Groundwork(privileges): Groundwork<'a>,
    estate: &'a Estate,
    usage: Option<&'a Usage>,
    desk: Option<&'a Beside>,
    settings: &'a Settings,
) -> Review {
    let now = privileges.now();
    let context = Context::on(privileges, estate, usage, settings).beside(desk);
    let states = rows::states(estate);
    let is_reviewed = |account: &&Account| {
        !matches!(states.get(&account.id), Some(AccountState::Skipped | AccountState::NotGiven))
    };
    let reviewed: Vec<&Account> = estate.accounts.values().filter(is_reviewed).collect();
    let mut collected = Collected::default();
    match unplaced::everywhere(estate) {
        None => check::run(&context, &reviewed, &mut collected),
        Some(everywhere) => {
            let accounts: std::collections::BTreeSet<AccountId> = reviewed
                .iter()
                .filter(|account| !account.unplaced.is_empty())
                .map(|account| account.id)
                .collect();
            let given: Vec<&Account> =
                everywhere.accounts.values().filter(|account| accounts.contains(&account.id)).collect();
            let mut otherwise = unplaced::Outcomes::default();
            let context_then = Context::new(&everywhere, usage, settings, now).beside(desk);
            check::run(&context_then, &given, &mut otherwise);
            let mut doubting = unplaced::Doubting { sink: &mut collected, otherwise, accounts };
            check::run(&context, &reviewed, &mut doubting);
        }
    }
    let (mut tallies, population) = collected.counting.finish();
    let (verdicts, waived) = waiving::apply(collected.verdicts, &context, &mut tallies);
    let mut review = Review {
        now,
        verdicts,
        waived,
        tallies,
        population,
        accounts: Vec::new(),
        credentials: rows::credentials(&context, &reviewed),
        roles: rows::roles(&context, &reviewed),
        not_given: rows::not_given(&reviewed, usage.is_some()),
    };
    review.accounts = rows::accounts(&context, &states, &review);
    review
}

impl Review {
    /// Whether any failure is not waived.
    pub fn has_failures(&self) -> bool {
        self.verdicts.iter().any(|verdict| verdict.outcome == Outcome::Fail)
    }
}

/// The verdicts worth keeping, and counts of all.
#[derive(Default)]
struct Collected {
    verdicts: Vec<Verdict>,
    counting: population::Counting,
}

impl Sink for Collected {
    fn resource(&mut self, named: &Named<'_>) -> Arc<Resource> {
        self.counting.resource(named)
    }

    fn take(&mut self, verdict: Verdict) {
        self.counting.tally(verdict.check, verdict.outcome, verdict.resource.account);
        self.verdicts.push(verdict);
    }

    fn count(&mut self, check: &'static str, outcome: Outcome, named: &Named<'_>, account: AccountId) {
        self.counting.count(check, outcome, named, account);
    }
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            fail: self.fail + other.fail,
            waived: self.waived + other.waived,
            unknown: self.unknown + other.unknown,
            info: self.info + other.info,
            pass: self.pass + other.pass,
            not_applicable: self.not_applicable + other.not_applicable,
        }
    }
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Fail => self.fail += 1,
            Outcome::Unknown => self.unknown += 1,
            Outcome::Info => self.info += 1,
            Outcome::Pass => self.pass += 1,
            Outcome::NotApplicable => self.not_applicable += 1,
        }
    }
}
