//! What exactly people sign. Verifying is the edge's and the vault's matter: the core says the bytes, and whose.

use serde::Serialize;

use crate::digest::{Digest, canonical};
use crate::event::{Event, Finding, Proof};
use crate::name::PersonId;
use crate::state::State;

/// What somebody says of a request, by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "says", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is signed")]
pub enum Statement {
    /// I approve it.
    Approve {
        /// Of the request.
        digest: Digest,
    },
    /// I carry it out.
    Claim {
        /// Of the request.
        digest: Digest,
    },
    /// I looked at it.
    Review {
        /// Of the request.
        digest: Digest,
        /// Of what I was shown.
        evidence: Digest,
        /// What I found.
        #[serde(flatten)]
        finding: Finding,
    },
}

/// A statement, by somebody.
#[derive(Clone, Debug, Serialize)]
struct Said<'a> {
    by: &'a PersonId,
    #[serde(flatten)]
    statement: &'a Statement,
}

impl Statement {
    /// The bytes that an Ed25519 key signs.
    pub fn bytes(&self, by: &PersonId) -> Vec<u8> {
        canonical("kagimori/statement/1", &Said { by, statement: self })
    }

    /// The challenge that a passkey signs: the SHA-256 of those bytes.
    pub fn challenge(&self, by: &PersonId) -> Digest {
        Digest::of(&self.bytes(by))
    }
}

/// A signature that has to be verified before its event is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "all are needed to verify")]
pub struct Signed<'a> {
    /// By whom.
    pub by: &'a PersonId,
    /// What.
    pub statement: Statement,
    /// The signature, and which key it is of.
    pub proof: &'a Proof,
}

impl Event {
    /// What has to be verified before this event is taken; `None`: nothing is signed, or the request is not known.
    pub fn signed<'a>(&'a self, state: &State) -> Option<Signed<'a>> {
        let digest = state.request(self.request()?)?.digest;
        let (by, proof, statement) = match self {
            Self::Approve { by, proof, .. } => (by, proof, Statement::Approve { digest }),
            Self::Claim { by, proof, .. } => (by, proof, Statement::Claim { digest }),
            Self::Review { by, proof, evidence, finding, .. } => {
                (by, proof, Statement::Review { digest, evidence: *evidence, finding: finding.clone() })
            }
            _ => return None,
        };
        Some(Signed { by, statement, proof })
    }
}
