//! Which rules are looked at, and how bad their findings are.

use std::collections::{BTreeMap, BTreeSet};

use super::rule::{Level, RuleId};
use crate::validate::PolicyKind;

/// How documents are linted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Options {
    /// What the documents are attached to; guessed when it is not said.
    pub kind: Option<PolicyKind>,
    /// Levels other than the rules' own.
    pub levels: BTreeMap<RuleId, Level>,
    /// Only these rules; all when it is empty. A rule that is off by itself is looked at when it stands here.
    pub only: BTreeSet<RuleId>,
    /// Not these.
    pub skip: BTreeSet<RuleId>,
}

impl Options {
    /// How bad a finding of a rule is; [`Level::Off`] when nobody wants it.
    pub fn level(&self, rule: RuleId) -> Level {
        if self.skip.contains(&rule) || !(self.only.is_empty() || self.only.contains(&rule)) {
            return Level::Off;
        }
        match self.levels.get(&rule).copied().unwrap_or(rule.rule().level) {
            Level::Off if self.only.contains(&rule) => Level::Warning,
            level => level,
        }
    }
}
