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
    /// How long the old key stays, deactivated: what was asked for once holds until it is asked for otherwise.
    #[serde(default = "usual_grace")]
    pub grace_seconds: i64,
}

/// How long the old key stays unless told otherwise.
pub const USUAL_GRACE_SECONDS: i64 = 86_400;

fn usual_grace() -> i64 {
    USUAL_GRACE_SECONDS
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
    /// Whether the old key is active at AWS; `None` when that was not asked.
    pub old_is_active: Option<bool>,
    /// What the person said of a key that may be the lost one.
    pub word: Option<&'a Word>,
    /// The new key in the vault, if it got so far.
    pub pending: Option<&'a str>,
    /// The clock.
    pub now: i64,
}

/// What a person says of a key that came while an answer of AWS's was lost. Only they can know who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Nobody made it: it is the one whose answer was lost.
    DeleteLost(String),
    /// Somebody made it.
    Keep(String),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Name these keys: each may be the one whose answer was lost, or somebody's.
    AskAbout(Vec<String>),
    /// Delete the key the person named, then look again.
    DeleteLost(String),
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
    /// Somebody has made the old key active again: it is in use and stays.
    OldIsInUse(String),
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
        Self {
            old: old.to_owned(),
            state: State::Creating { existing: keys.to_vec() },
            grace_seconds: USUAL_GRACE_SECONDS,
        }
    }

    /// The same rotation in another state.
    #[must_use]
    pub fn with(&self, state: State) -> Self {
        Self { state, ..self.clone() }
    }

    /// Whether AWS may have made a key whose answer never came: only then there is something to say of one.
    #[must_use]
    pub fn may_have_lost_a_key(&self, pending: Option<&str>) -> bool {
        matches!(self.state, State::Creating { .. }) && pending.is_none()
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
                let until = at + self.grace_seconds;
                if facts.now < until {
                    return Action::Wait { until };
                }
                match facts.old_is_active {
                    Some(true) => Action::OldIsInUse(self.old.clone()),
                    _ => Action::Delete(self.old.clone()),
                }
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
        // That they were not there before does not make them ours: a person, or another machine, may have made them.
        let new: Vec<_> = facts.keys.iter().filter(|key| !existing.contains(key)).cloned().collect();
        match facts.word {
            Some(Word::DeleteLost(id)) if new.contains(id) => return Action::DeleteLost(id.clone()),
            Some(Word::Keep(id)) if new.iter().all(|key| key == id) => {}
            _ if new.is_empty() => {}
            _ => return Action::AskAbout(new),
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
        self.with(State::Undoing { new })
    }

    /// The state as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let old = &self.old;
        match &self.state {
            State::Creating { .. } => format!("a successor of {old} is being created"),
            State::Created { new } => format!("{new} is created and not yet tried"),
            State::Verified { new } => format!("{new} works and is not yet in use"),
            State::Current { new } => format!("{new} is in use, {old} is still active"),
            State::Deactivated { new, at } => {
                let until = jiff::Timestamp::from_second(at + self.grace_seconds)
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

    const NOTHING: Facts<'_> = Facts { keys: &[], old_is_active: None, word: None, pending: None, now: 0 };

    fn keys(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn creating_looks_before_it_creates() {
        let rotation = Rotation::begin("OLD", &keys(&["OLD"]));
        let next =
            |present: &[&str], pending| rotation.next(&Facts { keys: &keys(present), pending, ..NOTHING });
        assert_eq!(next(&["OLD"], None), Action::Create);
        assert_eq!(next(&["OLD", "NEW"], None), Action::AskAbout(keys(&["NEW"])));
        assert_eq!(next(&["OLD", "NEW"], Some("NEW")), Action::Found("NEW".into()));
        assert_eq!(next(&[], None), Action::OldIsGone);
        let full = Rotation::begin("OLD", &keys(&["OLD", "OTHER"]));
        let facts = Facts { keys: &keys(&["OLD", "OTHER"]), ..NOTHING };
        assert_eq!(full.next(&facts), Action::NoRoom("OTHER".into()));
    }

    #[test]
    fn the_old_key_waits_out_its_grace() {
        let state = State::Deactivated { new: "NEW".into(), at: 100 };
        let rotation = Rotation { old: "OLD".into(), state, grace_seconds: 50 };
        let next = |now| {
            let old_is_active = Some(false);
            rotation.next(&Facts { old_is_active, now, ..NOTHING })
        };
        assert_eq!(next(149), Action::Wait { until: 150 });
        assert_eq!(next(150), Action::Delete("OLD".into()));
        let used = Facts { old_is_active: Some(true), now: 150, ..NOTHING };
        assert_eq!(rotation.next(&used), Action::OldIsInUse("OLD".into()));
    }

    #[test]
    fn only_the_person_says_whose_a_new_key_is() {
        let rotation = Rotation::begin("OLD", &keys(&["OLD"]));
        let next = |present: &[&str], word: Word| {
            rotation.next(&Facts { keys: &keys(present), word: Some(&word), ..NOTHING })
        };
        let delete = |id: &str| Word::DeleteLost(id.to_owned());
        let keep = |id: &str| Word::Keep(id.to_owned());
        assert_eq!(next(&["OLD", "NEW"], delete("NEW")), Action::DeleteLost("NEW".into()));
        assert_eq!(next(&["OLD", "NEW"], delete("OLD")), Action::AskAbout(keys(&["NEW"])));
        assert_eq!(next(&["OLD", "NEW"], delete("ELSE")), Action::AskAbout(keys(&["NEW"])));
        assert_eq!(next(&["OLD", "NEW"], keep("NEW")), Action::NoRoom("NEW".into()));
        assert_eq!(next(&["OLD", "NEW"], keep("ELSE")), Action::AskAbout(keys(&["NEW"])));
        assert_eq!(next(&["OLD"], delete("NEW")), Action::Create);
    }

    #[test]
    fn where_it_stands_is_told_in_words() {
        let new = || "NEW".to_owned();
        for (state, expected) in [
            (State::Creating { existing: Vec::new() }, "a successor of OLD is being created"),
            (State::Created { new: new() }, "NEW is created and not yet tried"),
            (State::Verified { new: new() }, "NEW works and is not yet in use"),
            (State::Current { new: new() }, "NEW is in use, OLD is still active"),
            (
                State::Deactivated { new: new(), at: 86_400 },
                "NEW is in use, OLD is deactivated and can be deleted from 1970-01-02T01:00:00Z",
            ),
            (State::Undoing { new: Some(new()) }, "OLD is being put back"),
        ] {
            let rotation = Rotation { old: "OLD".to_owned(), state, grace_seconds: 3600 };
            assert_eq!(rotation.sentence(), expected);
        }
    }

    /// Each state leads to the call that is safe to make again, and every one of them back to the old key.
    #[test]
    fn each_state_leads_on_and_back() {
        let new = || "NEW".to_owned();
        let known = Some(new());
        for (state, action, undone) in [
            (State::Creating { existing: keys(&["OLD"]) }, Action::Create, None),
            (State::Created { new: new() }, Action::Verify(new()), known.clone()),
            (State::Verified { new: new() }, Action::MakeCurrent(new()), known.clone()),
            (State::Current { new: new() }, Action::Deactivate("OLD".to_owned()), known.clone()),
            (State::Deactivated { new: new(), at: 0 }, Action::Wait { until: 10 }, known.clone()),
            (State::Undoing { new: None }, Action::Undo { new: None }, None),
            (State::Undoing { new: Some(new()) }, Action::Undo { new: known.clone() }, known),
        ] {
            let rotation = Rotation { old: "OLD".to_owned(), state, grace_seconds: 10 };
            assert_eq!(rotation.next(&Facts { keys: &keys(&["OLD"]), ..NOTHING }), action, "{rotation:?}");
            assert_eq!(rotation.undoing(None).state, State::Undoing { new: undone }, "{rotation:?}");
        }
        // the pending key was stored before the state that names it
        let creating = Rotation::begin("OLD", &[]);
        assert_eq!(creating.undoing(Some("NEW")).state, State::Undoing { new: Some(new()) });
        // nobody asked AWS whether the old key is active: it was deactivated by the step before
        let waited = creating.with(State::Deactivated { new: new(), at: 0 });
        let waited = Rotation { grace_seconds: 10, ..waited };
        assert_eq!(waited.next(&Facts { now: 10, ..NOTHING }), Action::Delete("OLD".into()));
    }

    #[test]
    fn the_journal_is_read_back() {
        let state = State::Deactivated { new: "NEW".into(), at: 1 };
        let rotation = Rotation { old: "OLD".into(), state, grace_seconds: 604_800 };
        let text = serde_json::to_string(&rotation).unwrap();
        assert_eq!(serde_json::from_str::<Rotation>(&text).unwrap(), rotation);
        // One of before the grace was written down has the usual one.
        let old = text.replace(",\"grace_seconds\":604800", "");
        assert_eq!(serde_json::from_str::<Rotation>(&old).unwrap().grace_seconds, USUAL_GRACE_SECONDS);
        assert_ne!(old, text);
    }
}
