//! The log, followed by whoever does not believe the desk: every leaf is read, its signatures are verified, and it is folded by the same
//! rules. From that, and from a checkpoint that the witnesses have cosigned, comes the only [`GrantProof`] there is.
//!
//! The root is recomputed from all leaves, so that the checkpoint covers what was folded, whole: a denial that the desk left out, or a leaf
//! that only the vault was shown, gives another root than the witnesses have seen. That is more than an inclusion proof would show.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use kagimori_custody::{
    Ceremony, Digest, Event, FoldError, Grant, KeyKind, Leaf, LeafError, Matter, Refusal, Request, RequestId,
    Signed, Stage, State, Viewer, step_of,
};
use kagimori_ledger::epoch::{Head, of_origin};
use kagimori_ledger::trust::TrustError;
use kagimori_ledger::{Frontier, Hash, TrustPolicy};
use kagimori_passkey::{Assertion, PublicKey, RelyingParty};
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::totp::GrantProof;

/// Roots of so many sizes before the last are remembered: checkpoints come seconds after their leaves.
const ROOTS: usize = 4096;

/// A log as far as it was followed.
#[derive(Debug)]
pub struct Follower {
    party: RelyingParty,
    state: State,
    frontier: Frontier,
    roots: BTreeMap<u64, Hash>,
}

/// Why a leaf is not followed. The log stands as before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Unfollowed {
    /// No leaf.
    Leaf(LeafError),
    /// A signature that is none.
    Signature {
        /// The index of the leaf.
        leaf: u64,
        /// Whose it should be.
        by: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Not what custody takes.
    Fold(FoldError),
    /// An epoch after entries that are not those which were followed.
    Epoch {
        /// The index of the leaf.
        leaf: u64,
    },
    /// Another policy than the one that the vault was set up with.
    Founding {
        /// Its version.
        found: Digest,
    },
}

/// Why there is no grant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum NoGrant {
    /// The checkpoint.
    Checkpoint(TrustError),
    /// A trust policy without a witness.
    NoWitness,
    /// The checkpoint does not reach the leaf.
    NotCovered {
        /// Its size.
        size: u64,
        /// The index of the leaf.
        leaf: u64,
    },
    /// Of the log's name in another epoch.
    OtherEpoch {
        /// What the checkpoint calls the log.
        origin: String,
        /// The epoch that was followed.
        epoch: u64,
    },
    /// Not of what was followed.
    OtherLog {
        /// The size of the checkpoint.
        size: u64,
        /// How far the log was followed.
        followed: u64,
    },
    /// Custody says no.
    Refused(Box<Refusal>),
    /// The step is not that of now.
    NotNow {
        /// What was released.
        step: u64,
        /// What it is now.
        now: u64,
    },
}

impl Follower {
    /// Of an empty log. `party`: the desk as browsers know it, which passkeys sign.
    pub fn new(party: RelyingParty) -> Self {
        let roots = BTreeMap::from([(0, Hash::empty())]);
        Self { party, state: State::default(), frontier: Frontier::new(), roots }
    }

    /// How the desk stands, by this log.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How far it was followed.
    pub fn head(&self) -> Head {
        Head { size: self.frontier.size(), root: self.frontier.root() }
    }

    /// The root at a size, when it is remembered.
    pub fn root_at(&self, size: u64) -> Option<&Hash> {
        self.roots.get(&size)
    }

    /// Takes up the next leaf. `founding`: the version of the policy that this desk was set up with; `None`: whichever comes.
    ///
    /// # Errors
    /// [`Unfollowed`].
    pub fn follow(&mut self, bytes: &[u8], founding: Option<&Digest>) -> Result<Leaf, Unfollowed> {
        let leaf = Leaf::parse(bytes).map_err(Unfollowed::Leaf)?;
        if let (Event::Found { policy }, Some(founding)) = (&leaf.event, founding) {
            let found = policy.version();
            if found != *founding {
                return Err(Unfollowed::Founding { found });
            }
        }
        if let Some(signed) = leaf.event.signed(&self.state) {
            self.must_be_signed(&signed).map_err(|why| {
                let (leaf, by) = (self.frontier.size(), signed.by.to_string());
                Unfollowed::Signature { leaf, by, why }
            })?;
        }
        if let Event::BeginEpoch { rollback, .. } = &leaf.event {
            let kept = Head::from(rollback.kept);
            if self.roots.get(&kept.size) != Some(&kept.root) {
                return Err(Unfollowed::Epoch { leaf: self.frontier.size() });
            }
        }
        self.state.fold_one(&leaf).map_err(Unfollowed::Fold)?;
        self.frontier.append(Hash::leaf(bytes));
        self.roots.insert(self.frontier.size(), self.frontier.root());
        if self.roots.len() > ROOTS {
            self.roots.pop_first();
        }
        Ok(leaf)
    }

    fn must_be_signed(&self, signed: &Signed<'_>) -> Result<(), &'static str> {
        let key = self.state.policy().and_then(|policy| policy.key(signed.by, &signed.proof.key));
        let key = key.filter(|key| !self.state.is_revoked(&key.name)).ok_or("the key is none of theirs")?;
        let bytes = STANDARD.decode(&signed.proof.bytes).map_err(|_| "it is not in base64")?;
        match key.kind {
            KeyKind::Webauthn => {
                let public =
                    URL_SAFE_NO_PAD.decode(&key.public).map_err(|_| "the key is not in base64url")?;
                let public = PublicKey::of_cose(&public).map_err(|_| "the key is no passkey")?;
                let assertion = Assertion::unpacked(&bytes).map_err(|_| "it is not of a passkey")?;
                let challenge = signed.statement.challenge(signed.by);
                // Counters are the desk's matter: of what stands in the log each is as it came.
                let verified = assertion.verify(&self.party, &public, challenge.bytes(), 0);
                verified.map(drop).map_err(|_| "the passkey has not signed this")
            }
            KeyKind::Ed25519 => {
                let public = STANDARD.decode(&key.public).map_err(|_| "the key is not in base64")?;
                let verified = UnparsedPublicKey::new(&ED25519, public)
                    .verify(&signed.statement.bytes(signed.by), &bytes);
                verified.map_err(|_| "the key has not signed this")
            }
        }
    }

    /// That the code of a release may be made now.
    ///
    /// # Errors
    /// [`NoGrant`].
    pub fn grant(
        &self,
        request: &RequestId,
        leaf: u64,
        checkpoint: &str,
        trust: &TrustPolicy,
        now: Timestamp,
    ) -> Result<(Grant, GrantProof), NoGrant> {
        if trust.asks_no_witness() {
            return Err(NoGrant::NoWitness);
        }
        // How the epoch began stands in what was followed.
        let trusted = trust.of_epoch(checkpoint).check(checkpoint).map_err(NoGrant::Checkpoint)?;
        let (size, origin) = (trusted.checkpoint.size(), trusted.checkpoint.origin());
        if of_origin(origin).1 != self.state.epoch() {
            let (origin, epoch) = (origin.to_owned(), self.state.epoch());
            return Err(NoGrant::OtherEpoch { origin, epoch });
        }
        if size <= leaf {
            return Err(NoGrant::NotCovered { size, leaf });
        }
        if self.roots.get(&size) != Some(trusted.checkpoint.root()) {
            return Err(NoGrant::OtherLog { size, followed: self.frontier.size() });
        }
        let grant = self.state.grant(request, leaf).map_err(|refusal| NoGrant::Refused(Box::new(refusal)))?;
        let period =
            self.state.policy().and_then(|policy| policy.seed(&grant.seed)).map_or(30, |seed| seed.period);
        let step = step_of(now, period.into());
        if step != grant.step {
            return Err(NoGrant::NotNow { step: grant.step, now: step });
        }
        let proof = GrantProof::of(grant.step);
        Ok((grant, proof))
    }
}

impl Follower {
    /// That a code of a seed that is being enrolled may be made, for the page of whoever carries the ceremony out. Whose secret it is, they
    /// have just typed it in: no witness is asked.
    ///
    /// # Errors
    /// [`NoGrant`].
    pub fn grant_enrolment(
        &self,
        request: &RequestId,
        step: u64,
        now: Timestamp,
    ) -> Result<(Viewer, GrantProof), NoGrant> {
        let no = |refusal| NoGrant::Refused(Box::new(refusal));
        let request = self.ceremony(request, now).map_err(no)?;
        let viewer = request.claim.as_ref().and_then(|claim| claim.viewer.clone());
        Ok((viewer.ok_or(no(Refusal::NoViewer))?, GrantProof::of(step)))
    }

    /// A ceremony that brings a seed and is under way.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn ceremony(&self, id: &RequestId, now: Timestamp) -> Result<&Request, Refusal> {
        let request = self.state.request(id).ok_or_else(|| Refusal::NoRequest(id.clone()))?;
        let brings = matches!(
            request.ask.matter,
            Matter::Custody { ceremony: Ceremony::Enrol | Ceremony::Rotate, .. }
        );
        if !brings {
            return Err(Refusal::NotThisKind);
        }
        if self.state.sealed().is_some() {
            return Err(Refusal::Sealed);
        }
        if request.stage != Stage::Armed {
            return Err(Refusal::NotNow(request.word()));
        }
        match request.deadline() {
            Some(deadline) if deadline <= now => Err(Refusal::TimeOver(deadline)),
            _ => Ok(request),
        }
    }
}

impl fmt::Display for Unfollowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf(error) => write!(f, "{error}"),
            Self::Signature { leaf, by, why } => {
                write!(f, "entry {leaf} of the log is not signed by `{by}`: {why}")
            }
            Self::Fold(error) => write!(f, "{error}"),
            Self::Epoch { leaf } => write!(
                f,
                "entry {leaf} of the log begins an epoch after entries that are not those before it"
            ),
            Self::Founding { found } => write!(
                f,
                "the log begins with the policy {found}, which is not the one that this vault was set up with"
            ),
        }
    }
}

impl std::error::Error for Unfollowed {}

impl fmt::Display for NoGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint(error) => write!(f, "{error}"),
            Self::NoWitness => f.write_str(
                "the trust policy asks for no witness, so nobody would notice another history of the log",
            ),
            Self::NotCovered { size, leaf } => {
                write!(f, "the checkpoint is of {size} entries, and the release is entry {leaf}")
            }
            Self::OtherEpoch { origin, epoch } => {
                write!(
                    f,
                    "the checkpoint is of the log `{origin}`, and what was followed is its epoch {epoch}"
                )
            }
            Self::OtherLog { size, followed } => write!(
                f,
                "the checkpoint of {size} entries is not of the log that the vault has followed, which has {followed}"
            ),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::NotNow { step, now } => {
                write!(f, "the code was released for step {step}, and by this clock it is step {now}")
            }
        }
    }
}

impl std::error::Error for NoGrant {}

impl Unfollowed {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Founding { .. } => {
                "look at who set up the desk anew; if it is right, give the vault the version of that policy"
            }
            _ => {
                "release nothing; keep the log, and look at who wrote this entry: the desk that took it may not be yours any more"
            }
        }
    }
}

impl NoGrant {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.hint(),
            Self::NoWitness => {
                "name a witness on another machine in the trust policy, and make it the quorum"
            }
            Self::NotCovered { .. } => "have the witness cosign the log as it is now",
            Self::OtherEpoch { .. } => {
                "have the log sign and the witness cosign it under the name of its epoch"
            }
            Self::OtherLog { .. } => {
                "give the vault the leaves up to the checkpoint; if it has them, the desk has two logs: release nothing"
            }
            Self::Refused(_) => "see the request's page",
            Self::NotNow { .. } => {
                "release the next code; if it happens again, look at the clocks of desk and vault"
            }
        }
    }
}
