//! The road of a credential that has a home: the role that takes its place, with its plan.

use std::collections::BTreeMap;

use kagimori_estate::access::Access;
use kagimori_id::{AccessKeyId, Arn};
use kagimori_migrate::{
    Credential, Drawing, Facts, Home, NoProposal, NoTarget, Proposal, Sightings, propose, target,
};
use kagimori_plan::origins::Choice;
use kagimori_plan::plan::fingerprint;
use kagimori_plan::replay::{Class as Calls, Classes, Telling};
use kagimori_plan::{Plan, Settings};
use kagimori_trail::call::Call;
use kagimori_trail::event::Principal;
use kagimori_trail::sight::Sight;
use rayon::prelude::*;

use super::gather::Row;
use crate::company::{Company, DAY, Window};
use crate::error::AppError;
use crate::progress::Steps;

/// What becomes of a credential.
pub(super) enum Road {
    /// A role, and the plan that makes it.
    Role(Box<Proposal>, Box<Plan>),
    /// Whom the role lets in is not known, or none is possible.
    NoTarget(NoTarget),
    /// None can be drawn.
    NoProposal(NoProposal),
}

/// The calls that were made with each key of a user.
#[derive(Default)]
pub(super) struct Work {
    telling: Telling,
    by: BTreeMap<AccessKeyId, Classes>,
}

impl Work {
    pub(super) fn new(telling: &Telling) -> Self {
        Self { telling: telling.clone(), by: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, call: &Call) {
        if call.is_from_console || !matches!(call.caller.principal, Principal::User(_)) {
            return;
        }
        if let Some(key) = &call.caller.access_key {
            let telling = &self.telling;
            self.by.entry(key.clone()).or_insert_with(|| Classes::new(telling.clone())).add(call);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (key, classes) in other.by {
            let telling = &self.telling;
            self.by.entry(key).or_insert_with(|| Classes::new(telling.clone())).merge(classes);
        }
    }

    /// The calls of keys, those of the sessions that they made among them.
    pub(super) fn finish(self, sightings: &Sightings) -> BTreeMap<AccessKeyId, Vec<Calls>> {
        let mut all: BTreeMap<AccessKeyId, Classes> = BTreeMap::new();
        for (key, classes) in self.by {
            let key = sightings.maker(&key).unwrap_or(&key).clone();
            match all.get_mut(&key) {
                Some(held) => held.merge(classes),
                None => drop(all.insert(key, classes)),
            }
        }
        all.into_iter().map(|(key, classes)| (key, classes.finish())).collect()
    }
}

/// What roads are drawn on.
pub(super) struct Map<'a> {
    pub(super) company: &'a Company,
    pub(super) settings: &'a Settings,
    pub(super) access: &'a Access<'a>,
    pub(super) sight: &'a Sight,
    pub(super) choice: &'a Choice,
    pub(super) window: Window,
    pub(super) calls: &'a BTreeMap<AccessKeyId, Vec<Calls>>,
}

impl Map<'_> {
    /// The roads of all credentials that have a home, each with the place of its row.
    pub(super) fn draw(
        &self,
        rows: &[Row],
        facts: &BTreeMap<usize, Facts>,
    ) -> Result<BTreeMap<usize, Road>, AppError> {
        let fingerprint = fingerprint(&self.company.estate);
        let wanted: Vec<(usize, &Row)> =
            rows.iter().enumerate().filter(|(_, row)| row.is_to_move()).collect();
        let (steps, total) = (Steps::new("credential"), wanted.len());
        let none = Facts::new();
        wanted
            .into_par_iter()
            .map(|(place, row)| {
                steps.step(total);
                let facts = facts.get(&place).unwrap_or(&none);
                Ok((place, self.road(row, facts, &fingerprint)?))
            })
            .collect()
    }

    fn road(&self, row: &Row, facts: &Facts, fingerprint: &str) -> Result<Road, AppError> {
        let Home::One(class, _) = row.judged.home else { return Ok(Road::NoTarget(NoTarget::NotKnown)) };
        let target = match target(class, facts) {
            Ok(target) => target,
            Err(why) => return Ok(Road::NoTarget(why)),
        };
        let Credential::Key(key) = &row.credential else { return Ok(Road::NoTarget(NoTarget::People)) };
        let unknown =
            || Road::NoProposal(NoProposal::CannotBeMade("what the user has is not known".to_owned()));
        let Some(user) = self.access.subject(row.user.as_str()) else { return Ok(unknown()) };
        let all = self.calls.get(key).map(Vec::as_slice).unwrap_or_default();
        let calls: Vec<&Calls> = all.iter().filter(|class| self.choice.counts(class)).collect();
        let silent: i64 = self
            .sight
            .silences(row.account, self.window.from, self.window.until)
            .iter()
            .map(|one| one.days())
            .sum();
        let days = self.window.until.saturating_sub(self.window.from).div_euclid(DAY).saturating_sub(silent);
        let drawing = Drawing {
            estate: &self.company.estate,
            access: self.access,
            user,
            calls: &calls,
            days,
            sight: self.sight,
            settings: self.settings,
            now: self.company.now,
            class,
            target: &target,
        };
        let proposal = match propose(&drawing) {
            Ok(proposal) => proposal,
            Err(why) => return Ok(Road::NoProposal(why)),
        };
        let title = format!("a role for what uses {key} of {}: {}", row.user, proposal.role);
        let plan = Plan::made_from(&title, &self.company.estate, fingerprint, &proposal.changes).map_err(
            |error| AppError::Argument { message: error.to_string(), hint: error.hint().to_owned() },
        )?;
        Ok(Road::Role(Box::new(proposal), Box::new(plan)))
    }
}

impl Row {
    /// Whether a role may take its place: a key with a home that is no person's.
    fn is_to_move(&self) -> bool {
        matches!(self.judged.home, Home::One(..)) && self.is_active != Some(false)
    }
}

impl Road {
    pub(super) fn role(&self) -> Option<&Arn> {
        match self {
            Self::Role(proposal, _) => Some(&proposal.role),
            _ => None,
        }
    }

    /// In a sentence, in English and in Japanese.
    pub(super) fn words(&self) -> (String, String) {
        match self {
            Self::Role(proposal, plan) => {
                let id: String = plan.id.chars().take(12).collect();
                let (english, japanese) = match proposal.is_proved() {
                    true => ("proved", "証明済み"),
                    false => ("NOT PROVED", "未証明"),
                };
                (
                    format!("{}, {english}, plan {id}", proposal.role),
                    format!("{}（{japanese}）、プラン {id}", proposal.role),
                )
            }
            Self::NoTarget(why) => no_target(why),
            Self::NoProposal(why) => why.words(),
        }
    }
}

fn no_target(why: &NoTarget) -> (String, String) {
    let both = |english: &str, japanese: &str| (english.to_owned(), japanese.to_owned());
    match why {
        NoTarget::Missing(facts) => {
            let english: Vec<String> =
                facts.iter().map(|fact| format!("`{}` ({})", fact.name, fact.words.0)).collect();
            let japanese: Vec<String> =
                facts.iter().map(|fact| format!("`{}`（{}）", fact.name, fact.words.1)).collect();
            (
                format!("migrate.toml has to say {}", english.join(", ")),
                format!("migrate.toml に {} を書いてください", japanese.join("、")),
            )
        }
        NoTarget::Malformed(name, value, form) => (
            format!("`{name}` of migrate.toml is `{value}`: write {form}"),
            format!("migrate.toml の `{name}` が `{value}` になっています。形式：{form}"),
        ),
        NoTarget::People => both(
            "a person: a permission set of Identity Center, or a role of the bastion (`kagimori bastion`)",
            "人が使う認証情報です。Identity Center の許可セットか、踏み台経由のロール（`kagimori bastion`）に移行してください",
        ),
        NoTarget::KeysOnly => both(
            "no role is possible: the key stays, for its address alone, changed every 90 days (`kagimori guard show key-networks`)",
            "ロールは使えません。送信元を限定し 90 日ごとに更新するキーとして残します（`kagimori guard show key-networks`）",
        ),
        NoTarget::NotKnown => both(
            "how such a program gets a role is not known here",
            "この種類のロールの割り当て方は未対応です",
        ),
    }
}
