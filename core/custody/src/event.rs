//! What happens at a desk. An event that [`crate::step`] took is a leaf of the log, as it came.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::ask::Draft;
use crate::digest::Digest;
use crate::name::{KeyName, PersonId, RequestId};
use crate::policy::PolicyFile;
use crate::rollback::Rollback;

/// What happened, and by whom. Who `by` is, the edge has found out (session, passkey); what needs more than a session carries a proof.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "the desk answers each")]
pub enum Event {
    /// The desk begins with this policy: the first leaf, and the only one that nobody approved.
    Found {
        /// All of it.
        policy: Box<PolicyFile>,
    },
    /// Somebody asks.
    Submit {
        /// Who.
        by: PersonId,
        /// From where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<IpAddr>,
        /// The program that files it for them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        through: Option<PersonId>,
        /// For what.
        draft: Draft,
    },
    /// Somebody approves.
    Approve {
        /// What.
        request: RequestId,
        /// Who.
        by: PersonId,
        /// From where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<IpAddr>,
        /// Their signature of [`crate::Statement::Approve`].
        proof: Proof,
        /// The digest of the share that they gave to the vault with it (tiers T1 and T2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        share: Option<Digest>,
    },
    /// An approver says no, whenever it is not over.
    Deny {
        /// To what.
        request: RequestId,
        /// Who.
        by: PersonId,
        /// Why.
        reason: String,
    },
    /// Whoever asked does not need it any more.
    Cancel {
        /// What.
        request: RequestId,
        /// Who.
        by: PersonId,
    },
    /// An auditor, or whoever carries it out, stops it.
    Kill {
        /// What.
        request: RequestId,
        /// Who.
        by: PersonId,
        /// Why.
        reason: String,
    },
    /// Its time is over.
    Expire {
        /// What.
        request: RequestId,
    },
    /// The vault has made a PIN, which the requester's page shows.
    SetPin {
        /// For what.
        request: RequestId,
        /// Its MAC.
        mac: Mac,
        /// Under the vault's key of this epoch, which is gone with the next seal or start.
        epoch: u64,
    },
    /// The requester's page is open, and what is sealed to this key only it can show.
    Ready {
        /// Of what.
        request: RequestId,
        /// Who.
        by: PersonId,
        /// Its key.
        viewer: Viewer,
    },
    /// Somebody carries it out.
    Claim {
        /// What.
        request: RequestId,
        /// Who.
        by: PersonId,
        /// From where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<IpAddr>,
        /// Their signature of [`crate::Statement::Claim`].
        proof: Proof,
        /// The key of their page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        viewer: Option<Viewer>,
    },
    /// The operator has typed the requester's PIN.
    TryPin {
        /// Of what.
        request: RequestId,
        /// Who.
        by: PersonId,
        /// The MAC of what was typed.
        mac: Mac,
    },
    /// A code is to be made: this leaf first, then a checkpoint, the witness, and the code.
    Release {
        /// Of what.
        request: RequestId,
        /// Who.
        by: PersonId,
        /// From where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<IpAddr>,
        /// The step of TOTP: seconds since 1970, by the period (RFC 6238 §4).
        step: u64,
        /// What the clocks said.
        clock: Clock,
    },
    /// The code of a release was shown.
    Shown {
        /// Of what.
        request: RequestId,
        /// Of this step.
        step: u64,
    },
    /// Requester or operator need nothing more.
    Finish {
        /// What.
        request: RequestId,
        /// Who.
        by: PersonId,
    },
    /// A ceremony is over: what the vault says of it.
    Settle {
        /// Of what.
        request: RequestId,
        /// The custodian.
        by: PersonId,
        /// What came of it.
        outcome: Outcome,
    },
    /// What was approved comes into force: a policy, a key of the log, the unsealing.
    Apply {
        /// What.
        request: RequestId,
        /// Who.
        by: PersonId,
    },
    /// The log goes on after a roll-back, in another epoch: its entry is one of the ledger as well.
    BeginEpoch {
        /// By which request.
        request: RequestId,
        /// Who asked for it.
        by: PersonId,
        /// After what, and which epoch.
        rollback: Rollback,
    },
    /// Somebody who had no part in it has looked at it.
    Review {
        /// At what.
        request: RequestId,
        /// Who.
        by: PersonId,
        /// From where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<IpAddr>,
        /// Their signature of [`crate::Statement::Review`].
        proof: Proof,
        /// The digest of the evidence that they were shown.
        evidence: Digest,
        /// What they found.
        finding: Finding,
    },
    /// Everything stops: no code, no ceremony, until a quorum unseals. One person is enough.
    Seal {
        /// Who.
        by: PersonId,
        /// Why.
        reason: String,
    },
    /// A key is lost or stolen: it counts no more, at once. Its owner, an approver or an auditor is enough.
    RevokeKey {
        /// Who says so.
        by: PersonId,
        /// Whose.
        person: PersonId,
        /// Which.
        key: KeyName,
        /// Why.
        reason: String,
    },
}

/// A signature: which key, and its bytes. The edge verifies it before the event, the vault once more before a code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "both are needed to verify")]
pub struct Proof {
    /// By which key.
    pub key: KeyName,
    /// Base64: an Ed25519 signature, or of a passkey authenticator data, client data and signature as the edge packs them.
    pub bytes: String,
}

/// HMAC-SHA-256 of a PIN, under the vault's key of an epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "bytes")]
pub struct Mac(pub Digest);

/// Not even the MAC is printed: under the epoch's key it could be tried out.
impl std::fmt::Debug for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mac")
    }
}

/// The public key of one open page (X25519, base64), to which a code is sealed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "a text")]
pub struct Viewer(pub String);

/// What the clocks said when a code was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "all are judged")]
pub struct Clock {
    /// Which start of the machine.
    pub boot: String,
    /// Seconds since then, those of sleep included (`CLOCK_BOOTTIME`).
    pub up_seconds: u64,
    /// How far the wall clock is from each source, in milliseconds.
    pub offsets_ms: Vec<i64>,
}

/// What came of a ceremony.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "each leads elsewhere")]
pub enum Outcome {
    /// The vault holds the seed.
    Held {
        /// A keyed digest of the seed: the same seed cannot come twice.
        fingerprint: Digest,
        /// The last step of which a code was used to enrol.
        last_step: u64,
        /// Who saw what.
        exposure: Exposure,
    },
    /// The vault has let it go.
    Gone {},
    /// It came to nothing; it may be tried again.
    Failed {
        /// Why, in words.
        why: String,
    },
}

/// Who saw what while a seed was enrolled (the QR code appears in root's console).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "both halves of root")]
pub struct Exposure {
    /// The seed, or its QR code.
    #[serde(default)]
    pub seed: Vec<PersonId>,
    /// Root's password as it is now.
    #[serde(default)]
    pub password: Vec<PersonId>,
}

/// What a reviewer found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "one of the two")]
pub enum Finding {
    /// It was as it should be.
    Fine {},
    /// It was not: in words.
    Concern {
        /// What.
        what: String,
    },
}

impl Event {
    /// The request that it is about.
    pub fn request(&self) -> Option<&RequestId> {
        match self {
            Self::Found { .. } | Self::Seal { .. } | Self::RevokeKey { .. } => None,
            Self::Submit { draft, .. } => Some(&draft.id),
            Self::Approve { request, .. }
            | Self::Deny { request, .. }
            | Self::Cancel { request, .. }
            | Self::Kill { request, .. }
            | Self::Expire { request }
            | Self::SetPin { request, .. }
            | Self::Ready { request, .. }
            | Self::Claim { request, .. }
            | Self::TryPin { request, .. }
            | Self::Release { request, .. }
            | Self::Shown { request, .. }
            | Self::Finish { request, .. }
            | Self::Settle { request, .. }
            | Self::Apply { request, .. }
            | Self::BeginEpoch { request, .. }
            | Self::Review { request, .. } => Some(request),
        }
    }

    /// Who did it; `None`: the desk itself.
    pub fn by(&self) -> Option<&PersonId> {
        match self {
            Self::Found { .. } | Self::Expire { .. } | Self::SetPin { .. } | Self::Shown { .. } => None,
            Self::Submit { by, .. }
            | Self::Approve { by, .. }
            | Self::Deny { by, .. }
            | Self::Cancel { by, .. }
            | Self::Kill { by, .. }
            | Self::Ready { by, .. }
            | Self::Claim { by, .. }
            | Self::TryPin { by, .. }
            | Self::Release { by, .. }
            | Self::Finish { by, .. }
            | Self::Settle { by, .. }
            | Self::Apply { by, .. }
            | Self::BeginEpoch { by, .. }
            | Self::Review { by, .. }
            | Self::Seal { by, .. }
            | Self::RevokeKey { by, .. } => Some(by),
        }
    }
}
