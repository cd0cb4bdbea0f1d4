//! A retirement as it is begun: everything that the ladder needs later, so that the journal alone is enough.

use std::collections::BTreeSet;

use kagimori_id::{AccessKeyId, Arn};
use serde::{Deserialize, Serialize};

use crate::evidence::{Enough, Evidence};
use crate::ladder::Ladder;
use crate::lasting::Lasting;

/// What is retired.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "a key and whose it is")]
pub struct Credential {
    /// The access key.
    pub key: AccessKeyId,
    /// Its user.
    pub user: Arn,
    /// The other keys of the user: they are never touched, and one more of them is drift.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub siblings: BTreeSet<AccessKeyId>,
}

/// A stored plan, of which the journal holds the text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "an id and a text")]
pub struct PlanRef {
    /// Its id.
    pub id: String,
    /// The SHA-256 of its text.
    pub text: String,
}

/// A retirement as it is begun.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "whoever begins one says all of it")]
pub struct Start {
    /// What is retired.
    pub credential: Credential,
    /// Whose it is: a person or a team. One retirement of an owner goes on at a time.
    pub owner: String,
    /// What it is for, as far as anybody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The rungs.
    pub ladder: Ladder,
    /// A notice comes so long before each off.
    pub notice: Lasting,
    /// So long the way on counts as shown.
    pub shown: Lasting,
    /// When silence means something.
    pub enough: Enough,
    /// What the trail said.
    pub evidence: Evidence,
    /// The plan of each rung's off; taking it back is the on.
    pub offs: Vec<PlanRef>,
    /// The plan of the delete.
    pub delete: PlanRef,
    /// Who began it.
    pub by: String,
    /// Why it may be retired although something speaks against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What speaks against it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<String>,
}
