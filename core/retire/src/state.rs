//! Where a retirement stands.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use kagimori_id::AccessKeyId;
use serde::{Deserialize, Serialize};

use crate::evidence::{Expected, Verdict};
use crate::guard::{Guard, holds};
use crate::ladder::Rung;
use crate::lasting::Lasting;
use crate::start::{PlanRef, Start};

/// A retirement: as it was begun, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the two halves")]
pub struct State {
    /// As it was begun.
    pub start: Arc<Start>,
    /// Where it stands.
    pub standing: Standing,
}

/// Where it stands: what each entry of the journal holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "all of it is written down")]
pub struct Standing {
    /// The rung, from 0.
    pub rung: usize,
    /// Where on it.
    #[serde(flatten)]
    pub phase: Phase,
    /// What the rungs before have told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// When the way on was last shown, for the off that comes next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Timestamp>,
    /// When the off that lasts, or was the last, began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub went_off: Option<Timestamp>,
    /// What went wrong last and may pass, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Where on its rung.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Phase {
    /// It waits for its turn.
    Planned {
        /// From then on a notice may go out.
        from: Timestamp,
    },
    /// People are told that it goes off.
    Notified {
        /// When they were.
        at: Timestamp,
        /// When it goes off at the earliest.
        off: Timestamp,
    },
    /// It is about to go off: whether it is, the plan's own entries and AWS tell.
    GoingOff {
        /// When people were told.
        noticed: Timestamp,
        /// When the way off was taken.
        since: Timestamp,
        /// It has to be on again by then.
        until: Timestamp,
    },
    /// It is off.
    Off {
        /// Since when, at the earliest.
        since: Timestamp,
        /// It has to be on again by then; of the last rung: it may be deleted then.
        until: Timestamp,
    },
    /// It has to come on, before anything else.
    OnDue {
        /// Why.
        because: Because,
    },
    /// It is on again, looked at.
    On {
        /// Since when.
        since: Timestamp,
        /// The next rung begins then.
        until: Timestamp,
    },
    /// It was off for as long as the last rung says, and may be deleted when somebody allows it.
    DeleteDue {
        /// Since when.
        since: Timestamp,
    },
    /// It is about to be deleted.
    Deleting {
        /// Since when.
        since: Timestamp,
    },
    /// It is gone.
    Deleted {
        /// Since when.
        at: Timestamp,
    },
    /// The retirement was ended; the credential is on.
    Aborted {
        /// Why.
        because: Because,
        /// When.
        at: Timestamp,
    },
    /// It must not go down; it is on.
    Protected {
        /// By what, in words.
        why: String,
        /// When that was found.
        at: Timestamp,
    },
    /// Somebody else changed it: it is left as it is.
    Drifted {
        /// What was found, in words.
        what: String,
        /// When.
        at: Timestamp,
    },
}

/// Why a credential has to come on, or why its retirement was ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Because {
    /// Its time is over.
    Due,
    /// It is not known how long it was off, or what allowed it holds no more.
    Interrupted,
    /// Somebody needs it.
    Complaint {
        /// Who says so.
        by: String,
        /// What for.
        reason: String,
    },
    /// Somebody ended the retirement.
    Stop {
        /// Who.
        by: String,
        /// Why, when said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Everything has to come on.
    Panic {
        /// Who says so.
        by: String,
    },
    /// It is protected.
    Protected {
        /// By what, in words.
        why: String,
    },
    /// Somebody else changed something about it.
    Drift {
        /// What, in words.
        what: String,
    },
}

impl State {
    /// As it is begun at this instant.
    pub fn begun(start: Start, now: Timestamp) -> Self {
        let phase = Phase::Planned { from: now };
        let standing =
            Standing { rung: 0, phase, verdicts: Vec::new(), shown: None, went_off: None, trouble: None };
        Self { start: Arc::new(start), standing }
    }

    /// The credential.
    pub fn key(&self) -> &AccessKeyId {
        &self.start.credential.key
    }

    /// The rung it is on.
    pub fn rung(&self) -> Option<Rung> {
        self.start.ladder.rung(self.standing.rung)
    }

    /// How long it goes off on this rung.
    pub fn off(&self) -> Lasting {
        self.rung().map_or(Lasting::minutes(1), |rung| rung.off)
    }

    /// What the trail expects of this rung.
    pub fn expected(&self) -> Option<&Expected> {
        self.start.evidence.rungs.get(self.standing.rung)
    }

    /// The plan of this rung.
    pub fn plan(&self) -> Option<&PlanRef> {
        self.start.offs.get(self.standing.rung)
    }

    /// Whether there is nothing more to do.
    pub fn is_over(&self) -> bool {
        matches!(
            self.standing.phase,
            Phase::Deleted { .. } | Phase::Aborted { .. } | Phase::Protected { .. } | Phase::Drifted { .. }
        )
    }

    /// Whether it goes on before others of its owner: its first notice is out.
    pub fn is_begun(&self) -> bool {
        let waits = matches!(self.standing.phase, Phase::Planned { .. }) && self.standing.rung == 0;
        !waits && !self.is_over()
    }

    /// Whether it may be off by our hand.
    pub fn may_be_off(&self) -> bool {
        matches!(
            self.standing.phase,
            Phase::GoingOff { .. }
                | Phase::Off { .. }
                | Phase::OnDue { .. }
                | Phase::DeleteDue { .. }
                | Phase::Deleting { .. }
        )
    }

    /// When the off began at whose end it may be deleted; `None`: it may not be yet.
    pub fn rests_since(&self) -> Option<Timestamp> {
        match self.standing.phase {
            Phase::DeleteDue { since } | Phase::Deleting { since } => {
                Some(self.standing.went_off.unwrap_or_else(|| self.off().before(since)))
            }
            _ => None,
        }
    }

    /// Since when it has to come on; `None`: it has not.
    pub fn on_since(&self, now: Timestamp) -> Option<Timestamp> {
        let is_last = self.start.ladder.is_last(self.standing.rung);
        let overdue = |until: Timestamp| (until <= now).then_some(until);
        if self.is_in_future(now) {
            return Some(now).filter(|_| holds(Guard::OverdueFirst, true));
        }
        match &self.standing.phase {
            Phase::OnDue { because: Because::Due | Because::Interrupted } => Some(now),
            // Somebody waits for it.
            Phase::OnDue { .. } => Some(Timestamp::MIN),
            Phase::Off { until, .. } if !is_last => overdue(*until),
            Phase::GoingOff { until, .. } => overdue(*until),
            _ => None,
        }
        .filter(|_| holds(Guard::OverdueFirst, true))
    }

    /// Whether its off begins after now: the clock was set back, and how long it was off nobody knows.
    pub(crate) fn is_in_future(&self, now: Timestamp) -> bool {
        match self.standing.phase {
            Phase::GoingOff { since, .. }
            | Phase::Off { since, .. }
            | Phase::DeleteDue { since }
            | Phase::Deleting { since } => holds(Guard::FutureEnds, now < since),
            _ => false,
        }
    }

    /// The same state in another phase, at the same rung.
    pub(crate) fn at(&self, phase: Phase) -> Self {
        let standing = Standing { phase, trouble: None, ..self.standing.clone() };
        Self { start: Arc::clone(&self.start), standing }
    }
}

impl Phase {
    /// `going_off`
    pub fn word(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "planned",
            Self::Notified { .. } => "notified",
            Self::GoingOff { .. } => "going_off",
            Self::Off { .. } => "off",
            Self::OnDue { .. } => "on_due",
            Self::On { .. } => "on",
            Self::DeleteDue { .. } => "delete_due",
            Self::Deleting { .. } => "deleting",
            Self::Deleted { .. } => "deleted",
            Self::Aborted { .. } => "aborted",
            Self::Protected { .. } => "protected",
            Self::Drifted { .. } => "drifted",
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Due => f.write_str("its time is over"),
            Self::Interrupted => f.write_str("it was interrupted"),
            Self::Complaint { by, reason } => write!(f, "{by} says that it is needed: {reason}"),
            Self::Stop { by, reason: None } => write!(f, "stopped by {by}"),
            Self::Stop { by, reason: Some(reason) } => write!(f, "stopped by {by}: {reason}"),
            Self::Panic { by } => write!(f, "{by} switched everything on"),
            Self::Protected { why } => write!(f, "it is protected: {why}"),
            Self::Drift { what } => f.write_str(what),
        }
    }
}
