//! What has to be said before a plan is followed: by whom, that it may be one-way, and the alias of an account where it matters.

use kagimori_estate::change::{Change, CredentialChange, WayBack};
use kagimori_id::AccountId;
use kagimori_policy::pattern::matches_ignoring_case;

use super::look::Caller;
use super::record::Direction;
use super::work::Work;
use crate::Plan;
use crate::settings::Settings;
use crate::settings::apply::Apply;

/// On what terms a plan is followed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "whoever applies says each")]
pub struct Terms {
    /// Who applies it, for the journal.
    pub by: String,
    /// Steps that nothing takes back may be made.
    pub irreversible: bool,
    /// Only look, and say what would be called.
    pub dry_run: bool,
    /// What is protected, and how many steps are many.
    pub care: Apply,
}

/// Why an account's alias has to be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Reason {
    /// So many steps.
    ManySteps {
        /// How many.
        steps: usize,
        /// How many are not many.
        most: usize,
    },
    /// Something that the settings protect.
    Protected {
        /// Its ARN, or a key's id.
        what: String,
    },
    /// The alias of the account matches one of the settings.
    Production {
        /// The alias.
        alias: String,
    },
}

/// What has to be typed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a question")]
pub struct Asked {
    /// The account.
    pub account: AccountId,
    /// What has to be typed: the account's alias, or its number where it has none.
    pub word: String,
    /// Why.
    pub reasons: Vec<Reason>,
}

impl Terms {
    /// On the terms of the settings, by somebody.
    pub fn new(by: &str, settings: &Settings) -> Self {
        Self { by: by.to_owned(), care: settings.apply.clone(), ..Self::default() }
    }

    /// The steps that nothing takes back and that are still to be made, if that was not allowed.
    pub(super) fn one_way(&self, plan: &Plan, direction: Direction, work: &[Work]) -> Vec<usize> {
        let is_one_way = |step: &usize| {
            let change = plan.changes.get(*step).map(|made| made.change.way_back());
            matches!(change, Some(WayBack::None | WayBack::Partly))
        };
        if self.irreversible || direction == Direction::Undo {
            return Vec::new();
        }
        work.iter().map(|work| work.step).filter(is_one_way).collect()
    }

    /// Why the alias of an account has to be typed before this is done to it.
    pub(super) fn reasons(&self, account: Option<AccountId>, caller: &Caller, work: &[Work]) -> Vec<Reason> {
        let alias = caller.alias.as_deref();
        let steps = work.len();
        let many = (steps > self.care.steps).then_some(Reason::ManySteps { steps, most: self.care.steps });
        let here = work.iter().filter_map(|work| work.change.as_ref());
        let here = here.filter(|change| entered_by(change) == account);
        let mut protected: Vec<String> = here.flat_map(|change| self.protected(change)).collect();
        protected.extend(caller.protected.iter().cloned());
        protected.sort();
        protected.dedup();
        let is_production =
            |alias: &&str| self.care.production.iter().any(|pattern| matches_ignoring_case(pattern, alias));
        let production =
            alias.filter(is_production).map(|alias| Reason::Production { alias: alias.to_owned() });
        many.into_iter()
            .chain(protected.into_iter().map(|what| Reason::Protected { what }))
            .chain(production)
            .collect()
    }

    /// What of a change the settings protect: its key, its identity by ARN or name, its account.
    fn protected(&self, change: &Change) -> Option<String> {
        let about = change.about().map(|arn| (arn.to_string(), arn.name().to_owned()));
        let keys: Vec<String> = match change {
            Change::Credential(
                CredentialChange::SetAccessKeyStatus { key, .. }
                | CredentialChange::DeleteAccessKey { key, .. },
            ) => vec![key.to_string()],
            Change::Entity(change) => {
                change.holds().credentials.access_keys.iter().map(ToString::to_string).collect()
            }
            _ => Vec::new(),
        };
        let account = entered_by(change).map(|id| id.to_string());
        let (arn, name) = about.map_or((None, None), |(arn, name)| (Some(arn), Some(name)));
        let is_protected =
            |text: &String| self.care.protected.iter().any(|pattern| matches_ignoring_case(pattern, text));
        if let Change::Center(change) = change {
            let named = [Some(change.set().to_owned()), change.name().map(str::to_owned)];
            let named = named.into_iter().flatten().find(&is_protected);
            return named.or_else(|| account.filter(&is_protected).map(|id| format!("the account {id}")));
        }
        let named = keys.into_iter().chain(arn.clone()).find(&is_protected);
        named.or_else(|| {
            [name, account].into_iter().flatten().any(|text| is_protected(&text)).then_some(arn).flatten()
        })
    }
}

/// The account that a change is about: of an assignment the one that people come into, though all calls are made elsewhere.
pub(super) fn entered_by(change: &Change) -> Option<AccountId> {
    match change {
        Change::Center(change) => change.target(),
        _ => change.account(),
    }
}
