//! The rotation of a long-term key as a state machine: what to do next is a function of what was written down and what
//! is seen. The state is written *before* the step it names, so a killed process leaves a state whose step is safe to
//! do (again).
//!
//! ```text
//! Creating ─► Created ─► Verified ─► Current ─► Deactivated ─(grace)─► deleted
//!     └──────────┴───────────┴───────────┴────────────┴──► Undoing ─► as before
//! ```

use serde::{Deserialize, Serialize};

/// A rotation under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The key that shall go.
    pub old: String,
    /// Where it stands.
    pub state: State,
}

/// Where a rotation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// A key is about to be created, or was and its answer was lost.
    Creating {
        /// The keys there were before.
        existing: Vec<String>,
    },
    /// The new key is in the vault, untried.
    Created {
        /// The new key.
        new: String,
    },
    /// AWS has answered to the new key.
    Verified {
        /// The new key.
        new: String,
    },
    /// The vault serves the new key; the old one is still active.
    Current {
        /// The new key.
        new: String,
    },
    /// The old key is deactivated.
    Deactivated {
        /// The new key.
        new: String,
        /// Seconds since 1970.
        at: i64,
    },
    /// Everything is being put back.
    Undoing {
        /// The new key, if there is one.
        new: Option<String>,
    },
}

/// What is seen at this moment.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The user's keys at AWS.
    pub keys: &'a [String],
    /// The new key in the vault, if it got so far.
    pub pending: Option<&'a str>,
    /// The clock.
    pub now: i64,
    /// How long the old key stays, deactivated.
    pub grace_seconds: i64,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Delete a key whose secret was never seen, then look again.
    DeleteOrphan(String),
    /// Create a key and store it as pending.
    Create,
    /// Go on: the pending key was stored and the state not.
    Found(String),
    /// Call AWS with the new key.
    Verify(String),
    /// Serve the new key.
    MakeCurrent(String),
    /// Deactivate the old key.
    Deactivate(String),
    /// Nothing until then.
    Wait {
        /// Seconds since 1970.
        until: i64,
    },
    /// Delete the old key and forget the rotation.
    Delete(String),
    /// Make the old key active and current, delete the new one, forget the rotation.
    Undo {
        /// The new key, if there is one.
        new: Option<String>,
    },
    /// Another key takes the second of the user's two places.
    NoRoom(String),
    /// The old key is not there any more before the new one is in use.
    OldIsGone,
}

impl Rotation {
    /// Begins a rotation.
    #[must_use]
    pub fn begin(old: &str, keys: &[String]) -> Self {
        Self { old: old.to_owned(), state: State::Creating { existing: keys.to_vec() } }
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self, facts: &Facts<'_>) -> Action {
        match &self.state {
            State::Creating { existing } => self.creating(existing, facts),
            State::Created { new } => Action::Verify(new.clone()),
            State::Verified { new } => Action::MakeCurrent(new.clone()),
            State::Current { .. } => Action::Deactivate(self.old.clone()),
            State::Deactivated { at, .. } => {
                let until = at + facts.grace_seconds;
                if facts.now < until { Action::Wait { until } } else { Action::Delete(self.old.clone()) }
            }
            State::Undoing { new } => Action::Undo { new: new.clone() },
        }
    }

    fn creating(&self, existing: &[String], facts: &Facts<'_>) -> Action {
        if let Some(pending) = facts.pending {
            return Action::Found(pending.to_owned());
        }
        if !facts.keys.contains(&self.old) {
            return Action::OldIsGone;
        }
        // Ours by this state: it was not there before, and its secret did not reach the vault.
        if let Some(orphan) = facts.keys.iter().find(|key| !existing.contains(key)) {
            return Action::DeleteOrphan(orphan.clone());
        }
        match facts.keys.iter().find(|key| **key != self.old) {
            Some(other) => Action::NoRoom(other.clone()),
            None => Action::Create,
        }
    }

    /// The state that puts everything back.
    #[must_use]
    pub fn undoing(&self, pending: Option<&str>) -> Self {
        let new = match &self.state {
            State::Creating { .. } => pending.map(str::to_owned),
            State::Created { new }
            | State::Verified { new }
            | State::Current { new }
            | State::Deactivated { new, .. } => Some(new.clone()),
            State::Undoing { new } => new.clone(),
        };
        Self { old: self.old.clone(), state: State::Undoing { new } }
    }

    /// The state as a sentence.
    #[must_use]
    pub fn sentence(&self, grace_seconds: i64) -> String {
        let old = &self.old;
        match &self.state {
            State::Creating { .. } => format!("a successor of {old} is being created"),
            State::Created { new } => format!("{new} is created and not yet tried"),
            State::Verified { new } => format!("{new} works and is not yet in use"),
            State::Current { new } => format!("{new} is in use, {old} is still active"),
            State::Deactivated { new, at } => {
                let until = jiff::Timestamp::from_second(at + grace_seconds)
                    .map(|time| time.to_string())
                    .unwrap_or_default();
                format!("{new} is in use, {old} is deactivated and can be deleted from {until}")
            }
            State::Undoing { .. } => format!("{old} is being put back"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn creating_looks_before_it_creates() {
        let rotation = Rotation::begin("OLD", &keys(&["OLD"]));
        let next = |present: &[&str], pending| {
            rotation.next(&Facts { keys: &keys(present), pending, now: 0, grace_seconds: 10 })
        };
        assert_eq!(next(&["OLD"], None), Action::Create);
        assert_eq!(next(&["OLD", "NEW"], None), Action::DeleteOrphan("NEW".into()));
        assert_eq!(next(&["OLD", "NEW"], Some("NEW")), Action::Found("NEW".into()));
        assert_eq!(next(&[], None), Action::OldIsGone);
        let full = Rotation::begin("OLD", &keys(&["OLD", "OTHER"]));
        let facts = Facts { keys: &keys(&["OLD", "OTHER"]), pending: None, now: 0, grace_seconds: 10 };
        assert_eq!(full.next(&facts), Action::NoRoom("OTHER".into()));
    }

    #[test]
    fn the_old_key_waits_out_its_grace() {
        let state = State::Deactivated { new: "NEW".into(), at: 100 };
        let rotation = Rotation { old: "OLD".into(), state };
        let next = |now| rotation.next(&Facts { keys: &[], pending: None, now, grace_seconds: 50 });
        assert_eq!(next(149), Action::Wait { until: 150 });
        assert_eq!(next(150), Action::Delete("OLD".into()));
    }

    #[test]
    fn the_journal_is_read_back() {
        let rotation = Rotation { old: "OLD".into(), state: State::Deactivated { new: "NEW".into(), at: 1 } };
        let text = serde_json::to_string(&rotation).unwrap();
        assert_eq!(serde_json::from_str::<Rotation>(&text).unwrap(), rotation);
    }
}
