//! What changes alter beside policies: tags that policies ask for, and identities that would not be there.

use std::collections::BTreeSet;

use kagimori_estate::change::{Change, EntityChange};
use kagimori_id::Arn;
use kagimori_trail::call::{Call, Certainty, Check, CheckedResource, Outcome};

use super::Why;

/// What would be other than it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Altered {
    /// Whose tag, and its key in lower case: condition keys are compared so.
    tags: Vec<(Arn, String)>,
    /// Users, groups and roles that would not be there.
    gone: BTreeSet<Arn>,
}

impl Altered {
    pub(super) fn by(changes: &[Change]) -> Self {
        let tag = |change: &Change| match change {
            Change::Tag(change) => Some((change.identity().clone(), change.key().to_lowercase())),
            _ => None,
        };
        let deleted = |change: &Change| match change {
            Change::Entity(EntityChange::DeleteIdentity { identity, .. }) => Some(identity.clone()),
            _ => None,
        };
        Self {
            tags: changes.iter().filter_map(tag).collect(),
            gone: changes.iter().filter_map(deleted).collect(),
        }
    }

    /// Why a call that went through would not any more: nobody would be there to make it, or to be called upon.
    pub(super) fn gone<'a>(&self, call: &Call, caller: impl FnOnce() -> Option<&'a Arn>) -> Option<Why> {
        if self.gone.is_empty() || !matches!(call.outcome, Outcome::Succeeded | Outcome::Failed) {
            return None;
        }
        if caller().is_some_and(|arn| self.gone.contains(arn)) {
            return Some(Why::CallerGone);
        }
        let is_gone = |check: &Check| match &check.resource {
            CheckedResource::Arn(resource) => self.gone.iter().any(|arn| *arn.as_str() == **resource),
            _ => false,
        };
        let certain = |check: &&Check| check.certainty == Certainty::Certain;
        call.checks.iter().filter(certain).any(is_gone).then_some(Why::CalledUponGone)
    }

    /// Of the condition keys that an answer hangs on, those that ask for a tag which would be another one: of the caller, whose session
    /// may have tags of its own, or of what is called upon, whose tags no event tells.
    pub(super) fn new_tags(&self, keys: &BTreeSet<String>, caller: &Arn, check: &Check) -> Vec<String> {
        let may_be_called = |arn: &Arn| match &check.resource {
            CheckedResource::Arn(resource) => **resource == *arn.as_str(),
            CheckedResource::Pattern(_) | CheckedResource::Unknown => true,
            CheckedResource::None => false,
        };
        let is_new = |key: &&String| {
            let key = key.to_lowercase();
            self.tags.iter().any(|(arn, tag)| match key.rsplit_once('/') {
                Some(("aws:principaltag", asked)) => asked == tag && arn == caller,
                Some((kind, asked)) => kind.ends_with(":resourcetag") && asked == tag && may_be_called(arn),
                None => false,
            })
        };
        keys.iter().filter(is_new).cloned().collect()
    }

    pub(super) fn has_no_tags(&self) -> bool {
        self.tags.is_empty()
    }
}

#[cfg(test)]
mod tests;
