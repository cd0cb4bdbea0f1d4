//! A plan: changes, the way back, what the replay showed, and the estate it was made from.
//!
//! Its id is the hash of all of it, so that what was approved, with the way back and the evidence that were shown, is what is
//! applied. It is stored as JSON, `plans/<id>.json`, schema `kagimori.plan` version 1.

mod fingerprint;
mod premises;

use kagimori_estate::Estate;
use kagimori_estate::change::{Change, ChangeError, WayBack, inverse_each};
use kagimori_id::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::replay::{Counts, Evidence};

pub use fingerprint::fingerprint;
pub use premises::{GroupPolicies, Premises};

/// The version of the schema that is written, and the only one that is read.
const SCHEMA_VERSION: u32 = 1;

/// Changes with their evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Plan {
    /// `kagimori.plan`, version 1.
    pub schema: PlanSchema,
    /// SHA-256 of the plan without it, as JSON in the order of these fields: 64 hexadecimal digits.
    pub id: String,
    /// What it is for, in a sentence.
    pub title: String,
    /// The estate it was made from.
    pub made_from: String,
    /// What would be done, in order.
    pub changes: Vec<Step>,
    /// What undoes it, in order: of each change that anything undoes, the last first.
    pub way_back: Vec<Step>,
    /// What AWS has to show beside what is changed; left out: nothing, or an earlier version made the plan.
    #[serde(default, skip_serializing_if = "Premises::is_empty")]
    pub rests_on: Premises,
    /// What the replay showed.
    pub evidence: Option<Summary>,
}

/// The name and version of a plan's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "a name and a number")]
pub struct PlanSchema {
    /// `kagimori.plan`
    pub name: String,
    /// 1
    pub version: u32,
}

/// A change and its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "a change and its sentence")]
pub struct Step {
    /// For people.
    pub sentence: String,
    /// The change.
    pub change: Change,
}

/// What a replay showed, in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Summary {
    /// The time of the first and the last call that was replayed, in seconds since 1970.
    pub window: Option<(i64, i64)>,
    /// Calls that were replayed.
    pub calls: u64,
    /// Calls that would have broken.
    pub newly_denied: u64,
    /// Calls of which it is not known.
    pub cannot_tell: u64,
    /// Calls that would be allowed if keys that CloudTrail does not tell were absent.
    pub allowed_assuming: u64,
    /// Calls that succeeded though the estate as it is does not allow them.
    pub unexplained: u64,
    /// Calls that stay allowed.
    pub still_allowed: u64,
    /// Principals some of whose calls would have broken.
    pub broken_principals: Vec<String>,
}

/// Why a text is no plan, or a plan cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum PlanError {
    /// Not the JSON of a plan.
    #[error("it is not a plan: {0}")]
    Unreadable(String),
    /// A plan of another version.
    #[error("it is a plan of version {0}, and this program reads version {SCHEMA_VERSION}")]
    OtherVersion(u32),
    /// Its id is not that of its content: it was edited.
    #[error("its content is not that of its id `{0}`: it was edited after it was made")]
    Edited(String),
    /// A document of it is no JSON.
    #[error("it cannot be written as JSON: {0}")]
    Unwritable(String),
    /// A change cannot be made.
    #[error("step {}, {sentence}: {error}", place.saturating_add(1))]
    Step {
        /// Which change, from 0.
        place: usize,
        /// The change.
        sentence: String,
        /// Why not.
        error: ChangeError,
    },
}

impl Plan {
    /// Makes a plan over an estate.
    ///
    /// # Errors
    /// [`PlanError::Step`] when a change cannot be made. One that cannot be undone can: the way back then leaves it out.
    pub fn new(title: &str, estate: &Estate, changes: &[Change]) -> Result<Self, PlanError> {
        Self::made_from(title, estate, &fingerprint(estate), changes)
    }

    /// The same with the [`fingerprint`] of the estate, for whoever makes many plans of one.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn made_from(
        title: &str,
        estate: &Estate,
        fingerprint: &str,
        changes: &[Change],
    ) -> Result<Self, PlanError> {
        let back = way_back(estate, changes).map_err(|(place, error)| step_error(changes, place, error))?;
        let steps = |changes: &[Change]| -> Vec<Step> {
            changes
                .iter()
                .map(|change| Step { sentence: change.to_string(), change: change.clone() })
                .collect()
        };
        let mut plan = Self {
            schema: PlanSchema { name: "kagimori.plan".to_owned(), version: SCHEMA_VERSION },
            id: String::new(),
            title: title.to_owned(),
            made_from: fingerprint.to_owned(),
            changes: steps(changes),
            way_back: steps(&back),
            rests_on: Premises::of(estate, changes, &back),
            evidence: None,
        };
        plan.id = plan.content_id()?;
        Ok(plan)
    }

    /// The plan with what a replay showed, and the id of that.
    ///
    /// # Errors
    /// [`PlanError::Unwritable`] when it cannot be written as JSON.
    pub fn with_evidence(mut self, evidence: &Evidence) -> Result<Self, PlanError> {
        self.evidence = Some(Summary::of(evidence));
        self.id = self.content_id()?;
        Ok(self)
    }

    /// Reads a plan and checks that it is the one its id names.
    ///
    /// # Errors
    /// [`PlanError`] when it is not a plan of this version, or was edited.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        let unreadable = |error: serde_json::Error| PlanError::Unreadable(error.to_string());
        let Headed { schema } = serde_json::from_str(text).map_err(unreadable)?;
        if schema.name != "kagimori.plan" {
            return Err(PlanError::Unreadable(format!("it is a `{}`", schema.name)));
        }
        if schema.version != SCHEMA_VERSION {
            return Err(PlanError::OtherVersion(schema.version));
        }
        let plan: Self = serde_json::from_str(text).map_err(unreadable)?;
        if plan.id != plan.content_id()? {
            return Err(PlanError::Edited(plan.id));
        }
        Ok(plan)
    }

    /// The changes without their sentences.
    pub fn bare_changes(&self) -> Vec<Change> {
        self.changes.iter().map(|step| step.change.clone()).collect()
    }

    /// The steps that nothing undoes, or not all of it.
    pub fn one_way(&self) -> impl Iterator<Item = &Step> {
        let is_one_way = |step: &&Step| matches!(step.change.way_back(), WayBack::None | WayBack::Partly);
        self.changes.iter().filter(is_one_way)
    }

    /// Whether the estate is, in what this plan touches, still as it was: the way back is the same.
    pub fn still_fits(&self, estate: &Estate) -> bool {
        let changes = self.bare_changes();
        let back: Vec<Change> = self.way_back.iter().map(|step| step.change.clone()).collect();
        let is_the_same = |now: Premises| self.rests_on.is_empty() || now == self.rests_on;
        way_back(estate, &changes)
            .is_ok_and(|now| now == back && is_the_same(Premises::of(estate, &changes, &now)))
    }

    fn content_id(&self) -> Result<String, PlanError> {
        let content = Content {
            schema: &self.schema,
            title: &self.title,
            made_from: &self.made_from,
            changes: &self.changes,
            way_back: &self.way_back,
            rests_on: &self.rests_on,
            evidence: self.evidence.as_ref(),
        };
        let text =
            serde_json::to_string(&content).map_err(|error| PlanError::Unwritable(error.to_string()))?;
        Ok(hex(&Sha256::digest(text.as_bytes())))
    }
}

/// What is read first: a plan of another version may have other fields.
#[derive(Deserialize)]
struct Headed {
    schema: PlanSchema,
}

/// All of a plan that its id is the hash of.
#[derive(Serialize)]
struct Content<'p> {
    schema: &'p PlanSchema,
    title: &'p str,
    made_from: &'p str,
    changes: &'p [Step],
    way_back: &'p [Step],
    #[serde(skip_serializing_if = "Premises::is_empty")]
    rests_on: &'p Premises,
    evidence: Option<&'p Summary>,
}

impl Summary {
    fn of(evidence: &Evidence) -> Self {
        let totals: Counts = evidence.totals;
        let broken = evidence.principals.iter().filter(|(_, held)| held.counts.newly_denied > 0);
        Self {
            window: evidence.window,
            calls: totals.total(),
            newly_denied: totals.newly_denied,
            cannot_tell: totals.cannot_tell,
            allowed_assuming: totals.allowed_assuming,
            unexplained: totals.unexplained,
            still_allowed: totals.still_allowed,
            broken_principals: broken.map(|(name, _)| name.clone()).collect(),
        }
    }
}

impl PlanError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "give a file that `kagimori whatif --save` or `kagimori tighten` wrote",
            Self::OtherVersion(_) => "make the plan again with this program",
            Self::Edited(_) => {
                "make a new plan with the change you want; a plan's id is the hash of its content"
            }
            Self::Unwritable(_) => "this is a defect of the program: please report it with the command",
            Self::Step { error, .. } => error.hint(),
        }
    }
}

/// What undoes changes, last first; what nothing undoes is left out.
fn way_back(estate: &Estate, changes: &[Change]) -> Result<Vec<Change>, (usize, ChangeError)> {
    let all = inverse_each(estate, changes)?;
    Ok(all.into_iter().rev().flatten().collect())
}

fn step_error(changes: &[Change], place: usize, error: ChangeError) -> PlanError {
    let sentence = changes.get(place).map(ToString::to_string).unwrap_or_default();
    PlanError::Step { place, sentence, error }
}

#[cfg(test)]
mod tests;
