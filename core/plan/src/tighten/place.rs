//! Where the new documents go: into the policies that are there, so that a review finds nothing new about where policies stand.
//!
//! A managed policy that only this identity has takes what is left of it as its next version. What is left of all others goes together
//! into an inline policy where the identity has some, else into managed policies of its own. Memberships of groups stay.

use std::collections::BTreeSet;

use kagimori_estate::Estate;
use kagimori_estate::change::{Change, IdentityChange, ManagedPolicyChange, WireDocument};
use kagimori_estate::model::{Grants, ManagedPolicy};
use kagimori_id::Arn;
use kagimori_policy::document::Document;
use kagimori_policy::quota::VERSIONS;

use crate::replacement::{
    ATTACHED_MAX, MANAGED_MAX, ReplacementError, holdings, inline_max, length, managed,
};

/// The places of one identity.
pub(super) struct Places<'e> {
    principal: &'e Arn,
    grants: &'e Grants,
    /// Places of its own policies that stay, inline policies first, as the engine has them.
    kept: &'e BTreeSet<usize>,
    /// Managed policies that nobody else has, with their places.
    slots: Vec<(usize, &'e ManagedPolicy)>,
}

/// The new documents: what is left of each managed policy of its own, and of all others together.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    pub(super) slots: Vec<Vec<Document>>,
    pub(super) pool: Vec<Document>,
}

/// The places that are free when all policies of the identity but the kept ones go.
///
/// # Errors
/// [`ReplacementError::NotKnown`] when what it has is not known.
pub(super) fn places<'e>(
    estate: &'e Estate,
    principal: &'e Arn,
    kept: &'e BTreeSet<usize>,
) -> Result<Places<'e>, ReplacementError> {
    let not_known = || ReplacementError::NotKnown(principal.clone());
    let (grants, _) = holdings(estate, principal).ok_or_else(not_known)?;
    let account = principal.account().and_then(|id| estate.accounts.get(&id)).ok_or_else(not_known)?;
    let mut slots = Vec::new();
    for (place, arn) in grants.attached.iter().enumerate() {
        let place = grants.inline.len().saturating_add(place);
        let policy = account.policies.get(arn).filter(|policy| is_its_own(policy) && !kept.contains(&place));
        slots.extend(policy.map(|policy| (place, policy)));
    }
    Ok(Places { principal, grants, kept, slots })
}

/// A managed policy of the customer that one identity has, no boundary is, and that may have another version.
fn is_its_own(policy: &ManagedPolicy) -> bool {
    policy.arn.account().is_some()
        && policy.attachments == Some(1)
        && policy.boundary_uses == Some(0)
        && policy.version_count().is_some_and(|count| count < VERSIONS.most)
        && policy.document.document.is_ok()
}

/// No policies of its own.
static NOTHING: std::sync::LazyLock<Grants> = std::sync::LazyLock::new(Grants::default);

impl<'e> Places<'e> {
    /// The one place of somebody who gets a boundary.
    pub(super) fn boundary(principal: &'e Arn, kept: &'e BTreeSet<usize>) -> Self {
        Self { principal, grants: &NOTHING, kept, slots: Vec::new() }
    }
}

/// What holds somebody to one document, whatever its groups allow: its permissions boundary.
///
/// # Errors
/// [`ReplacementError::TooLong`]: a boundary is one policy.
pub(super) fn bound(
    principal: &Arn,
    name: &str,
    documents: &[Document],
) -> Result<Vec<Change>, ReplacementError> {
    let [document] = documents else {
        return Err(ReplacementError::TooLong { characters: documents.iter().map(length).sum() });
    };
    let made = managed(principal, name, std::slice::from_ref(document))?;
    let bound = |change| match change {
        Change::Identity(IdentityChange::AttachPolicy { identity, policy, .. }) => {
            Change::Identity(IdentityChange::SetBoundary { identity, policy })
        }
        other => other,
    };
    Ok(made.into_iter().map(bound).collect())
}

impl Places<'_> {
    /// The slot that takes what is left of the policy at this place; `None`: it goes with the others.
    pub(super) fn slot(&self, place: usize) -> Option<usize> {
        self.slots.iter().position(|(own, _)| *own == place)
    }

    /// How many slots there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Characters that what goes together may have as one document.
    pub(super) fn pool_max(&self) -> usize {
        let kept = self.grants.inline.iter().enumerate().filter(|(place, _)| self.kept.contains(place));
        let used = kept.filter_map(|(_, (_, policy))| policy.document.as_ref().ok()).map(length).sum();
        let room = inline_max(self.principal.resource().starts_with("user/")).saturating_sub(used);
        // One of a role may be longer, and then the linter says so of every such document, wherever it stands.
        if self.grants.inline.is_empty() { MANAGED_MAX } else { room.min(MANAGED_MAX) }
    }

    /// The changes after which these are the identity's in place of what goes. What is new comes first, so that nothing breaks
    /// halfway: the next version of a policy lies inside the last one, but where it takes in what was elsewhere.
    ///
    /// # Errors
    /// [`ReplacementError::TooLong`].
    pub(super) fn changes(&self, name: &str, mut placed: Placed) -> Result<Vec<Change>, ReplacementError> {
        // A policy that nobody had any more would be a finding: it takes in what would stand elsewhere.
        let empty: Vec<usize> = (0..placed.slots.len())
            .filter(|slot| placed.slots.get(*slot).is_some_and(Vec::is_empty))
            .collect();
        for slot in &empty {
            if let (Some(document), Some(slot)) = (placed.pool.pop(), placed.slots.get_mut(*slot)) {
                slot.push(document);
            }
        }
        let mut created: Vec<Document> =
            placed.slots.iter().flat_map(|documents| documents.iter().skip(1)).cloned().collect();
        let mut changes = Vec::new();
        let inline = match placed.pool.as_slice() {
            [only] if !self.grants.inline.is_empty() && length(only) <= self.pool_max() => placed.pool.pop(),
            _ => None,
        };
        created.append(&mut placed.pool);
        self.within_limits(&placed.slots, &created)?;
        let inline_name = match &inline {
            Some(document) => Some(self.inline_name(name, document)?),
            None => None,
        };
        if let Some((name, document)) = inline_name.zip(inline.as_ref()) {
            changes.extend(self.put_inline(name, document));
        }
        changes.extend(managed(self.principal, name, &created)?);
        // Those that take in what was elsewhere come before what gives it away.
        let (first, last): (Vec<usize>, Vec<usize>) =
            (0..self.slots.len()).partition(|slot| empty.contains(slot));
        let mut stays = BTreeSet::new();
        for slot in first.into_iter().chain(last) {
            let document = placed.slots.get(slot).and_then(|documents| documents.first());
            let Some(((place, policy), document)) = self.slots.get(slot).zip(document) else { continue };
            stays.insert(*place);
            changes.extend(next_version(policy, document));
        }
        changes.extend(self.gone(inline_name, &stays));
        Ok(changes)
    }

    fn within_limits(&self, slots: &[Vec<Document>], created: &[Document]) -> Result<(), ReplacementError> {
        let versions = slots.iter().filter_map(|documents| documents.first());
        let all: Vec<&Document> = versions.chain(created).collect();
        let stay = self.kept.iter().filter(|place| **place >= self.grants.inline.len()).count();
        let is_too_long = all.len().saturating_add(stay) > ATTACHED_MAX
            || all.iter().any(|document| length(document) > MANAGED_MAX);
        // The new are attached while the old still are.
        let most = self.grants.attached.len().saturating_add(created.len());
        if !created.is_empty() && most > ATTACHED_MAX {
            return Err(ReplacementError::TooMany { principal: self.principal.clone(), attached: most });
        }
        match is_too_long {
            true => Err(ReplacementError::TooLong { characters: all.into_iter().map(length).sum() }),
            false => Ok(()),
        }
    }

    /// The name under which a document is put, so that AWS takes it while all others are still there: the quota is of all inline
    /// policies together. Where a further one has no room it takes the name, and so the place, of one that goes.
    ///
    /// # Errors
    /// [`ReplacementError::TooLong`] when there is room for it nowhere.
    fn inline_name<'n>(&'n self, name: &'n str, document: &Document) -> Result<&'n str, ReplacementError> {
        let characters = |policy: &kagimori_estate::model::Policy| policy.document.as_ref().map_or(0, length);
        let all: Vec<(usize, &str, usize)> = (self.grants.inline.iter().enumerate())
            .map(|(place, (held, policy))| (place, held.as_str(), characters(policy)))
            .collect();
        let total: usize = all.iter().map(|(.., characters)| characters).sum();
        let most = inline_max(self.principal.resource().starts_with("user/"));
        let with = |freed: usize| total.saturating_sub(freed).saturating_add(length(document));
        let own = all.iter().find(|(_, held, _)| *held == name).map_or(0, |(.., characters)| *characters);
        if with(own) <= most {
            return Ok(name);
        }
        let free = all.iter().filter(|(place, ..)| !self.kept.contains(place));
        let largest = free.max_by_key(|(.., characters)| *characters);
        let fits = largest.filter(|(.., characters)| with(*characters) <= most);
        fits.map(|(_, held, _)| *held).ok_or(ReplacementError::TooLong { characters: with(0) })
    }

    fn put_inline(&self, name: &str, document: &Document) -> Option<Change> {
        let is_it = |(held, policy): &(String, kagimori_estate::model::Policy)| {
            held == name && policy.document.as_ref().is_ok_and(|held| held == document)
        };
        let change = IdentityChange::PutInlinePolicy {
            identity: self.principal.clone(),
            name: name.to_owned(),
            document: WireDocument(document.clone()),
            position: None,
        };
        (!self.grants.inline.iter().any(is_it)).then_some(Change::Identity(change))
    }

    /// What goes: every policy of its own that is neither kept nor written anew.
    fn gone(&self, inline: Option<&str>, stays: &BTreeSet<usize>) -> Vec<Change> {
        let identity = || self.principal.clone();
        let goes = |place: usize| !self.kept.contains(&place) && !stays.contains(&place);
        let count = self.grants.inline.len();
        let attached = self.grants.attached.iter().enumerate();
        let detached = attached
            .filter(|(place, _)| goes(count.saturating_add(*place)))
            .map(|(_, policy)| IdentityChange::DetachPolicy { identity: identity(), policy: policy.clone() });
        let held = self.grants.inline.iter().enumerate();
        let held = held.filter(|(place, (held, _))| goes(*place) && Some(held.as_str()) != inline);
        let deleted = held.map(|(_, (held, _))| IdentityChange::DeleteInlinePolicy {
            identity: identity(),
            name: held.clone(),
        });
        detached.chain(deleted).map(Change::Identity).collect()
    }
}

/// The document as the policy's next version; nothing when it says that already.
fn next_version(policy: &ManagedPolicy, document: &Document) -> Option<Change> {
    if policy.document.document.as_ref().is_ok_and(|held| held == document) {
        return None;
    }
    let number = |id: &str| id.strip_prefix('v').and_then(|number| number.parse::<u32>().ok());
    let others = policy.other_versions.value().into_iter().flatten().map(|version| version.id.as_str());
    let last = others.chain([policy.default_version.as_str()]).filter_map(number).max().unwrap_or_default();
    Some(Change::ManagedPolicy(ManagedPolicyChange::CreatePolicyVersion {
        policy: policy.arn.clone(),
        version: format!("v{}", last.saturating_add(1)),
        document: WireDocument(document.clone()),
        makes_room: None,
    }))
}
