//! Which origins count: what a suspected intruder did is nobody's need, and no damage when it ends.

use std::collections::BTreeSet;

use kagimori_trail::origin::{Judged, Judgement, Origin};

use crate::replay::Class;

/// The judged origins of a trail, and which of them somebody wants to count.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Choice {
    /// Everybody's origins.
    pub judged: Judged,
    /// What is suspected counts, too.
    pub include_suspected: bool,
    /// Only these count, by their ids; none: all but the suspected.
    pub only: BTreeSet<String>,
}

impl Choice {
    /// The origin of a class.
    pub fn origin(&self, class: &Class) -> Option<&Origin> {
        self.judged.origin(class.origin?)
    }

    /// Whether what became of the calls of a class is counted.
    pub fn counts(&self, class: &Class) -> bool {
        self.origin(class).is_none_or(|origin| self.counts_origin(origin))
    }

    /// Whether the needs of a principal are drawn from the calls of a class: a person who borrows the credentials of a program does
    /// not make the program's policy.
    pub fn is_learnt(&self, class: &Class) -> bool {
        self.origin(class).is_none_or(|origin| self.is_learnt_origin(origin))
    }

    /// The same of an origin.
    pub fn is_learnt_origin(&self, origin: &Origin) -> bool {
        let is_borrowed = self.only.is_empty() && origin.judgement == Judgement::AnotherPerson;
        self.counts_origin(origin) && !is_borrowed
    }

    fn counts_origin(&self, origin: &Origin) -> bool {
        match self.only.is_empty() {
            true => self.include_suspected || origin.judgement != Judgement::Suspected,
            false => self.only.contains(&origin.id),
        }
    }
}
