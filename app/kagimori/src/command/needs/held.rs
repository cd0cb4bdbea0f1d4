//! Needs beside what a principal may do, and beside what it did.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::{Access, Extent, Question, Subject};
use kagimori_id::AccountId;
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::decision::Answer;
use kagimori_policy::request::Fact;
use kagimori_source::needs::Need;
use kagimori_terminal::printer;
use kagimori_trail::actions::{Logging, logging};
use kagimori_trail::call::{Certainty, Outcome};
use kagimori_trail::selection::Selection;

use crate::command::ask::subject;
use crate::directory::Directory;
use crate::error::AppError;
use crate::source::Source;

/// A principal with what is known of it.
pub(super) struct Known {
    estate: Estate,
    subject: Subject,
    now: Timestamp,
    /// How often it used each permission; `None` without a trail.
    used: Option<BTreeMap<String, u64>>,
}

/// Action, resource and condition keys of a need.
type Asked<'n> = (&'n str, &'n str, &'n [(String, String)]);

/// Needs, sorted by what the principal may do and did.
pub(super) struct Held {
    /// Who.
    pub(super) principal: String,
    /// Needed and granted.
    pub(super) granted: Vec<Need>,
    /// Needed and not granted, or not on all that is needed.
    pub(super) missing: Vec<(Need, Extent)>,
    /// Granted, if something that is not known is so.
    pub(super) open: Vec<Need>,
    /// Granted on some resource and not needed.
    pub(super) beyond: Vec<String>,
    /// Beside the trail; `None` where there is none.
    pub(super) trail: Option<Trail>,
}

/// Needs beside what was done.
pub(super) struct Trail {
    /// Used and not in the source, with how often.
    pub(super) elsewhere: BTreeMap<String, u64>,
    /// In the source and never used, as far as the trail would have shown.
    pub(super) unused: BTreeSet<String>,
    /// In the source, and CloudTrail records no use of it by default.
    pub(super) unseen: BTreeSet<String>,
}

impl Held {
    /// Something that is surely needed is not granted.
    pub(super) fn is_short(&self) -> bool {
        self.missing.iter().any(|(need, _)| !need.is_possible)
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.iter().any(|need| !need.is_possible)
    }
}

impl Known {
    pub(super) fn read(dir: &Path, principal: &str) -> Result<Self, AppError> {
        let directory = Directory::open(dir)?;
        let settings = directory.settings()?;
        let now = settings.as_of.unwrap_or_else(Timestamp::now);
        let estate = directory.estate(settings.as_of)?;
        for problem in &estate.problems {
            printer::warning(&format!("`{}`: {}", problem.file, problem.message));
        }
        let subject = subject(&Access::of(&estate), principal)?.clone();
        let source = Source::find(&directory, None)?;
        let used = source.map(|source| used(&directory, &source, subject.arn.as_str())).transpose()?;
        Ok(Self { estate, subject, now, used })
    }

    pub(super) fn account(&self) -> AccountId {
        self.subject.account
    }

    pub(super) fn hold(&self, needs: &[Need]) -> Result<Held, AppError> {
        let mut access = Access::of(&self.estate);
        access.set_moment(self.now);
        let mut held = Held {
            principal: self.subject.arn.to_string(),
            granted: Vec::new(),
            missing: Vec::new(),
            open: Vec::new(),
            beyond: Vec::new(),
            trail: None,
        };
        let mut asked: BTreeMap<Asked<'_>, Extent> = BTreeMap::new();
        for need in needs {
            let key = (need.action.as_str(), need.resource.as_str(), need.conditions.as_slice());
            let extent = *asked.entry(key).or_insert_with(|| self.extent(&access, need));
            match extent {
                Extent::All => held.granted.push(need.clone()),
                Extent::Open => held.open.push(need.clone()),
                Extent::Some | Extent::None => held.missing.push((need.clone(), extent)),
            }
        }
        let needed: BTreeSet<&str> = needs.iter().map(|need| need.action.as_str()).collect();
        held.beyond = self.beyond(&access, &needed);
        held.trail = self.used.as_ref().map(|used| Trail::of(used, needs));
        Ok(held)
    }

    fn extent(&self, access: &Access<'_>, need: &Need) -> Extent {
        let catalogue = Catalogue::embedded();
        let has_types = catalogue.action(&need.action).is_none_or(|id| catalogue.has_resource_types(id));
        let fact = |(key, value): &(String, String)| (key.clone(), Fact::One(value.clone()));
        let question = Question {
            action: need.action.clone(),
            resource: need.resource.clone(),
            resource_account: None,
            wildcard_only: !has_types,
            common: None,
            context: need.conditions.iter().map(fact).collect(),
            strict: false,
        };
        access.answer(&self.subject, &question).extent
    }

    /// Actions that are granted on some resource and not needed.
    fn beyond(&self, access: &Access<'_>, needed: &BTreeSet<&str>) -> Vec<String> {
        let catalogue = Catalogue::embedded();
        let mut beyond = Vec::new();
        for id in catalogue.actions() {
            let action = catalogue.name(id);
            if needed.contains(action.as_str()) {
                continue;
            }
            let question = Question {
                action,
                resource: "*".to_owned(),
                resource_account: None,
                wildcard_only: !catalogue.has_resource_types(id),
                common: None,
                context: Vec::new(),
                strict: false,
            };
            let answer = access.decide(&self.subject, &question.to(&self.subject));
            if matches!(answer, Answer::Allowed | Answer::Indeterminate) {
                beyond.push(question.action);
            }
        }
        beyond
    }
}

impl Trail {
    fn of(used: &BTreeMap<String, u64>, needs: &[Need]) -> Self {
        let needed: BTreeSet<&str> = needs.iter().map(|need| need.action.as_str()).collect();
        let sure: BTreeSet<&str> =
            needs.iter().filter(|need| !need.is_possible).map(|need| need.action.as_str()).collect();
        let elsewhere = used.iter().filter(|(action, _)| !needed.contains(action.as_str()));
        let silent = sure.into_iter().filter(|action| !used.contains_key(*action)).map(str::to_owned);
        let (unused, unseen) = silent.partition(|action| logging(action) == Logging::Management);
        Self {
            elsewhere: elsewhere.map(|(action, calls)| (action.clone(), *calls)).collect(),
            unused,
            unseen,
        }
    }
}

/// How often a principal used each permission.
fn used(directory: &Directory, source: &Source, arn: &str) -> Result<BTreeMap<String, u64>, AppError> {
    type Counts = BTreeMap<String, u64>;
    let reading = source.calls(directory, &Selection::default(), Counts::new, |counts, call| {
        if call.outcome == Outcome::Succeeded && call.caller.principal.text().as_deref() == Some(arn) {
            for check in call.checks.iter().filter(|check| check.certainty == Certainty::Certain) {
                let count = counts.entry(check.action.to_string()).or_default();
                *count = count.saturating_add(1);
            }
        }
    })?;
    let mut all = Counts::new();
    for (action, calls) in reading.states.into_iter().flatten() {
        let count = all.entry(action).or_default();
        *count = count.saturating_add(calls);
    }
    Ok(all)
}
