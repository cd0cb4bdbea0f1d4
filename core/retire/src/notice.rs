//! What people are told, and what they can do.

use jiff::Timestamp;
use serde::Serialize;

use crate::state::{Phase, State};

/// The kinds of notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each has its own text")]
pub enum Kind {
    /// It will go off.
    BeforeOff,
    /// It is off.
    Off,
    /// It is on again.
    On,
    /// It came on before its time, and goes off again later.
    Interrupted,
    /// Somebody needs it: it is on, and the retirement is over.
    Needed,
    /// The retirement was ended: it is on.
    Aborted,
    /// It is protected: it is on, and the retirement is over.
    Protected,
    /// Somebody else changed it: it is left as it is.
    Drifted,
    /// It may be deleted.
    DeleteDue,
    /// It is deleted.
    Deleted,
    /// Something went wrong, and is tried again.
    Trouble,
    /// It cannot be switched on.
    OnFailed,
}

/// A notice: the body of a message of the journal's outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Notice {
    schema: &'static str,
    version: u32,
    /// `retire.before_off`
    pub kind: &'static str,
    /// The access key.
    pub key: String,
    /// Its user.
    pub user: String,
    /// Its account.
    pub account: Option<String>,
    /// Whose it is.
    pub owner: String,
    /// What it is for.
    pub purpose: Option<String>,
    /// The rung, from 1.
    pub rung: usize,
    /// Of how many.
    pub rungs: usize,
    /// How long it goes off: `10min`.
    pub off_for: String,
    /// When it goes off, went off, or may be deleted.
    pub off_at: Option<Timestamp>,
    /// When it comes on again; `None` on the last rung.
    pub on_at: Option<Timestamp>,
    /// Why, in words.
    pub why: Option<String>,
    /// What the rungs have told so far: `inconclusive`.
    pub verdicts: Vec<&'static str>,
    /// What to type when it hurts.
    pub if_it_hurts: String,
}

impl Kind {
    /// `retire.before_off`
    pub fn word(self) -> &'static str {
        match self {
            Self::BeforeOff => "retire.before_off",
            Self::Off => "retire.off",
            Self::On => "retire.on",
            Self::Interrupted => "retire.interrupted",
            Self::Needed => "retire.needed",
            Self::Aborted => "retire.aborted",
            Self::Protected => "retire.protected",
            Self::Drifted => "retire.drifted",
            Self::DeleteDue => "retire.delete_due",
            Self::Deleted => "retire.deleted",
            Self::Trouble => "retire.trouble",
            Self::OnFailed => "retire.on_failed",
        }
    }
}

impl Notice {
    /// The notice of a kind about a retirement as it stands now.
    pub fn of(kind: Kind, state: &State) -> Self {
        let (start, standing) = (&state.start, &state.standing);
        let (off_at, on_at) = times(state);
        let key = start.credential.key.to_string();
        Self {
            schema: "kagimori.notice",
            version: 1,
            kind: kind.word(),
            user: start.credential.user.to_string(),
            account: start.credential.user.account().map(|account| account.to_string()),
            owner: start.owner.clone(),
            purpose: start.purpose.clone(),
            rung: standing.rung.saturating_add(1),
            rungs: start.ladder.rungs().len(),
            off_for: state.off().to_string(),
            off_at,
            on_at,
            why: why(state),
            verdicts: standing.verdicts.iter().map(|verdict| verdict.word()).collect(),
            if_it_hurts: by_hand(kind, state, &key),
            key,
        }
    }
}

fn times(state: &State) -> (Option<Timestamp>, Option<Timestamp>) {
    let is_last = state.start.ladder.is_last(state.standing.rung);
    let on = |until: Timestamp| (!is_last).then_some(until);
    match &state.standing.phase {
        Phase::Notified { off, .. } => (Some(*off), on(state.off().after(*off))),
        Phase::GoingOff { since, until, .. } | Phase::Off { since, until } => (Some(*since), on(*until)),
        Phase::On { since, .. } => (None, Some(*since)),
        Phase::DeleteDue { since } | Phase::Deleting { since } => (Some(*since), None),
        _ => (None, None),
    }
}

fn why(state: &State) -> Option<String> {
    match &state.standing.phase {
        Phase::Aborted { because, .. } | Phase::OnDue { because } => Some(because.to_string()),
        Phase::Protected { why, .. } => Some(why.clone()),
        Phase::Drifted { what, .. } => Some(what.clone()),
        _ => None,
    }
    .or_else(|| state.standing.trouble.clone())
}

/// The command; where the program itself cannot, AWS's own.
fn by_hand(kind: Kind, state: &State, key: &str) -> String {
    let user = state.start.credential.user.name();
    match kind {
        Kind::OnFailed => {
            format!("aws iam update-access-key --user-name {user} --access-key-id {key} --status Active")
        }
        _ => format!("kagimori retire stop {key} --needed REASON"),
    }
}
