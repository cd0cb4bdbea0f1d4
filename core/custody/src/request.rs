//! How a request stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::ask::{Ask, Kind};
use crate::digest::Digest;
use crate::event::{Finding, Mac, Outcome, Proof, Viewer};
use crate::name::PersonId;
use crate::policy::Policy;

/// A request: what was asked, which never changes, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "pages show all of it")]
pub struct Request {
    /// What was asked.
    pub ask: Ask,
    /// The digest of that, which people sign.
    pub digest: Digest,
    /// The policy that would come into force.
    #[serde(skip)]
    pub proposed: Option<Arc<Policy>>,
    /// Where it is.
    pub stage: Stage,
    /// Who has approved it.
    pub approvals: BTreeMap<PersonId, Approval>,
    /// When it was approved by enough.
    pub approved_at: Option<Timestamp>,
    /// Who carries it out.
    pub claim: Option<Claim>,
    /// The PIN that the requester's page shows.
    pub pin: Option<Pin>,
    /// How often a wrong PIN was typed.
    pub wrong_pins: u8,
    /// The PIN was typed as it is.
    pub is_verified: bool,
    /// The requester's open page.
    pub viewer: Option<Viewer>,
    /// The codes that were released.
    pub releases: Vec<Release>,
    /// What the vault said of a ceremony.
    pub outcome: Option<Outcome>,
    /// How it ended.
    pub end: Option<End>,
    /// Who looked at it afterwards.
    pub review: Option<Review>,
}

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each allows something else")]
pub enum Stage {
    /// It waits for approvals.
    Pending,
    /// Enough have approved; nobody carries it out yet.
    Approved,
    /// Somebody carries it out.
    Armed,
    /// It is over; it may still owe a review.
    Over,
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "all of it is judged")]
pub struct Approval {
    /// When.
    pub at: Timestamp,
    /// The signature.
    pub proof: Proof,
    /// The digest of the share that went to the vault.
    pub share: Option<Digest>,
}

/// Who carries a request out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "all of it is judged")]
pub struct Claim {
    /// Who.
    pub by: PersonId,
    /// Since when.
    pub at: Timestamp,
    /// The signature.
    pub proof: Proof,
    /// The key of their page.
    pub viewer: Option<Viewer>,
}

/// A PIN, of which only the MAC is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "both are compared")]
pub struct Pin {
    /// Its MAC.
    pub mac: Mac,
    /// Under the key of this epoch.
    pub epoch: u64,
}

/// A code that was released.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "all of it is told")]
pub struct Release {
    /// The index of its leaf.
    pub leaf: u64,
    /// Of this step.
    pub step: u64,
    /// When.
    pub at: Timestamp,
    /// To this page.
    pub viewer: Viewer,
    /// When its code was shown; `None`: nobody said so.
    pub shown: Option<Timestamp>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "all of it is told")]
pub struct End {
    /// How.
    pub how: How,
    /// By whom; `None`: by itself.
    pub by: Option<PersonId>,
    /// Why, in words, when somebody said so.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The ends of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum How {
    /// Done what it was for.
    Closed,
    /// An approver said no.
    Denied,
    /// Whoever asked took it back.
    Cancelled,
    /// Somebody stopped it.
    Killed,
    /// Its time was over before anything was released.
    Expired,
    /// A wrong PIN was typed three times.
    Locked,
    /// The desk was sealed meanwhile: it must be asked for anew.
    SealedHold,
    /// The log was rolled back: a no to it may be among what was lost, so it must be asked for anew.
    RolledBack,
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "all of it is told")]
pub struct Review {
    /// By whom.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// The signature.
    pub proof: Proof,
    /// The digest of what they were shown.
    pub evidence: Digest,
    /// What they found.
    pub finding: Finding,
}

impl Request {
    /// As it is submitted.
    pub(crate) fn new(ask: Ask, proposed: Option<Arc<Policy>>) -> Self {
        Self {
            digest: ask.digest(),
            ask,
            proposed,
            stage: Stage::Pending,
            approvals: BTreeMap::new(),
            approved_at: None,
            claim: None,
            pin: None,
            wrong_pins: 0,
            is_verified: false,
            viewer: None,
            releases: Vec::new(),
            outcome: None,
            end: None,
            review: None,
        }
    }

    /// Whether it may still lead to something.
    pub fn is_live(&self) -> bool {
        self.stage != Stage::Over
    }

    /// Whether somebody who had no part in it has to look at it: a code came out, a ceremony was begun, something came into force, or PINs
    /// were guessed at.
    pub fn owes_review(&self) -> bool {
        let Some(end) = &self.end else { return false };
        let began = self.ask.kind() == Kind::Custody && self.claim.is_some();
        let matters = matches!(end.how, How::Closed | How::Locked) || !self.releases.is_empty() || began;
        matters && self.review.is_none()
    }

    /// Whether nothing can happen to it any more.
    pub fn is_final(&self) -> bool {
        !self.is_live() && !self.owes_review()
    }

    /// When it is over by itself; `None`: it is over.
    pub fn deadline(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Pending => Some(self.ask.decide_before),
            Stage::Approved | Stage::Armed => self.approved_at.map(|at| self.ask.window.after(at)),
            Stage::Over => None,
        }
    }

    /// Who carries it out.
    pub fn operator(&self) -> Option<&PersonId> {
        self.claim.as_ref().map(|claim| &claim.by)
    }

    /// Whether somebody asked for it, approved it or carried it out.
    pub fn took_part(&self, person: &PersonId) -> bool {
        self.ask.by == *person || self.approvals.contains_key(person) || self.operator() == Some(person)
    }

    /// Where it is, in a word that programs read: `pending`, `approved`, `armed`, `verified`, how it ended, `reviewed`.
    pub fn word(&self) -> &'static str {
        match (self.stage, &self.end, &self.review) {
            (Stage::Pending, ..) => "pending",
            (Stage::Approved, ..) => "approved",
            (Stage::Armed, ..) if self.is_verified => "verified",
            (Stage::Armed, ..) => "armed",
            (Stage::Over, _, Some(_)) => "reviewed",
            (Stage::Over, Some(end), None) => end.how.word(),
            (Stage::Over, None, None) => "closed",
        }
    }
}

impl How {
    /// `sealed_hold`
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::Killed => "killed",
            Self::Expired => "expired",
            Self::Locked => "locked",
            Self::SealedHold => "sealed_hold",
            Self::RolledBack => "rolled_back",
        }
    }
}
