//! What was found in AWS of what a move touches, and what should be there.

use serde_json::Value;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is not there, and what it would be of is.
    Absent,
    /// It is there.
    Is(Value),
    /// What it would be of is not there: in words.
    Gone(String),
    /// What the move rests on is not as it was: in words.
    Other(String),
}

/// What should be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Nothing.
    Absent,
    /// Nothing, and perhaps not even what it would be of.
    Nothing,
    /// Whatever it is.
    Present,
    /// Just this.
    Is(Value),
    /// Something of which these members are known.
    Has(Vec<(&'static str, Value)>),
    /// Something with just these members, and with lists that hold no more than these.
    Whole {
        /// By what people call them.
        exactly: Vec<(&'static str, Value)>,
        /// By what people call one of them.
        at_most: Vec<(&'static str, Vec<String>)>,
    },
}

/// Where a move stands by what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// As before it.
    Before,
    /// As after it.
    After,
    /// Neither: what is different, in words.
    Other(String),
}

impl Expected {
    pub(super) fn is(value: impl Into<Value>) -> Self {
        Self::Is(value.into())
    }

    fn holds(&self, found: &State) -> bool {
        match (self, found) {
            (Self::Absent, State::Absent) | (Self::Present, State::Is(_)) => true,
            (Self::Nothing, State::Absent | State::Gone(_)) => true,
            (Self::Is(expected), State::Is(found)) => expected == found,
            (Self::Has(members), State::Is(found)) => {
                members.iter().all(|(name, value)| found.get(name) == Some(value))
            }
            (Self::Whole { exactly, at_most }, State::Is(found)) => {
                exactly.iter().all(|(name, value)| found.get(name) == Some(value))
                    && surplus(at_most, found).is_none()
            }
            _ => false,
        }
    }

    /// How what was found differs.
    fn difference(&self, found: &State) -> String {
        match (self, found) {
            (_, State::Gone(what) | State::Other(what)) => what.clone(),
            (_, State::Absent) => "it is not there".to_owned(),
            (Self::Absent, State::Is(_)) => "there is another one already".to_owned(),
            (Self::Is(Value::String(expected)), State::Is(Value::String(found))) => {
                format!("it is `{found}`, and was `{expected}`")
            }
            (Self::Whole { at_most, .. }, State::Is(found)) if surplus(at_most, found).is_some() => {
                let (what, which) = surplus(at_most, found).unwrap_or_default();
                format!("it has the {what} `{which}`, which the plan does not name")
            }
            (Self::Has(members) | Self::Whole { exactly: members, .. }, State::Is(found)) => {
                let other = members.iter().find(|(name, value)| found.get(name) != Some(value));
                match other.map(|(name, value)| (*name, value, found.get(name))) {
                    Some((name, Value::String(expected), Some(Value::String(found)))) => {
                        format!("its {name} is `{found}`, and was `{expected}`")
                    }
                    Some((name, ..)) => format!("its {name} is another one"),
                    None => "it is another one".to_owned(),
                }
            }
            _ => "its text is another one".to_owned(),
        }
    }
}

/// The first thing that was found and is not among what there may be.
fn surplus(at_most: &[(&'static str, Vec<String>)], found: &Value) -> Option<(String, String)> {
    at_most.iter().find_map(|(what, known)| {
        let found = found.get(what)?.as_array()?;
        let text = |held: &Value| held.as_str().unwrap_or_default().to_owned();
        let other = found.iter().map(text).find(|held| !known.contains(held))?;
        Some(((*what).to_owned(), other))
    })
}

/// Judges what was found. What is as before is asked first: a new version of a policy may have the old one's text.
pub(super) fn judge(before: &Expected, after: &Expected, found: &State) -> Judgement {
    if before.holds(found) {
        Judgement::Before
    } else if let State::Other(what) = found {
        Judgement::Other(what.clone())
    } else if after.holds(found) {
        Judgement::After
    } else {
        Judgement::Other(before.difference(found))
    }
}
