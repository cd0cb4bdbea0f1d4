//! The ladder: how long a credential is off, and how long one waits after it is on again.

use serde::{Deserialize, Serialize};

use crate::lasting::Lasting;

/// The rungs, the shortest off first. The last has no wait: the credential stays off, and may be deleted at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Rung>", into = "Vec<Rung>")]
pub struct Ladder(Vec<Rung>);

/// A rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "an off and a wait")]
pub struct Rung {
    /// So long it is off.
    pub off: Lasting,
    /// So long it is on again before the next rung; left out: it stays off, and this is the last rung.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Lasting>,
}

/// More rungs are a mistake.
const RUNGS_MAX: usize = 20;

impl Ladder {
    /// The rungs, first to last.
    pub fn rungs(&self) -> &[Rung] {
        &self.0
    }

    /// A rung, from 0.
    pub fn rung(&self, place: usize) -> Option<Rung> {
        self.0.get(place).copied()
    }

    /// Whether it is the last.
    pub fn is_last(&self, place: usize) -> bool {
        place.saturating_add(1) >= self.0.len()
    }
}

impl Default for Ladder {
    fn default() -> Self {
        let rung = |off, wait| Rung { off, wait };
        Self(vec![
            rung(Lasting::minutes(10), Some(Lasting::days(3))),
            rung(Lasting::days(1), Some(Lasting::days(3))),
            rung(Lasting::days(30), None),
        ])
    }
}

impl TryFrom<Vec<Rung>> for Ladder {
    type Error = String;

    fn try_from(rungs: Vec<Rung>) -> Result<Self, String> {
        let Some((last, before)) = rungs.split_last() else {
            return Err("the ladder has no rung".to_owned());
        };
        if rungs.len() > RUNGS_MAX {
            return Err(format!("the ladder has {} rungs, more than {RUNGS_MAX}", rungs.len()));
        }
        if let Some(place) = before.iter().position(|rung| rung.wait.is_none()) {
            let place = place.saturating_add(1);
            return Err(format!(
                "rung {place} of the ladder has no `wait`, and only the last may leave it out"
            ));
        }
        if last.wait.is_some() {
            return Err("the last rung of the ladder has a `wait`: it stays off, so leave it out".to_owned());
        }
        if let Some(place) = rungs.windows(2).position(|pair| matches!(pair, [a, b] if a.off >= b.off)) {
            let place = place.saturating_add(2);
            return Err(format!("rung {place} of the ladder is not longer off than the one before it"));
        }
        Ok(Self(rungs))
    }
}

impl From<Ladder> for Vec<Rung> {
    fn from(ladder: Ladder) -> Self {
        ladder.0
    }
}
