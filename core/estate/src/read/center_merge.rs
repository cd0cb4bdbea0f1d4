//! Identity Center, from all the answers that speak of it. Two that do not say the same of one thing are a contradiction about it.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Content;
use super::given::{Given, Sourced};
use super::identity_center::{Part, Told};
use crate::center::{IdentityCenter, PermissionSet, Person, Principal};
use crate::fact::{Dataset, Gap, GapReason, Known, SourceId};
use kagimori_id::AccountId;

/// Puts the answers together.
pub(super) fn identity_center(given: &mut Given) -> IdentityCenter {
    let instances = |content| match content {
        Content::Center(Told::Instances(all)) => all,
        _ => Vec::new(),
    };
    let instances = given.list(Dataset::IdentityCenter, instances, |instance| instance.arn.clone());
    // An instance is listed in its own Region alone: that one Region has none says nothing of the others.
    let instances = match instances {
        Known::Known(fact) if fact.value.is_empty() => {
            Known::field_absent(Dataset::IdentityCenter, "an instance in this Region")
        }
        told => told,
    };
    let users = |content| match content {
        Content::Center(Told::Users(all)) => all,
        _ => Vec::new(),
    };
    let users: Known<Vec<(String, Person)>> = given.list(Dataset::CenterUsers, users, |(id, _)| id.clone());
    let groups = |content| match content {
        Content::Center(Told::Groups(all)) => all,
        _ => Vec::new(),
    };
    let groups = given.list(Dataset::CenterGroups, groups, |(id, _)| id.clone());
    let (listed, permission_sets) = permission_sets(given);
    IdentityCenter {
        instances,
        permission_sets,
        listed,
        assignments: assignments(given),
        users: users.map(|all| all.iter().cloned().collect()),
        groups: groups.map(|all| all.iter().cloned().collect()),
        members: members(given),
        planned: BTreeSet::new(),
    }
}

fn permission_sets(given: &mut Given) -> (Known<BTreeSet<String>>, BTreeMap<String, PermissionSet>) {
    let dataset = Dataset::PermissionSets;
    let status = given.status(dataset);
    let gap = given.gap(dataset);
    let mut listed: Option<(BTreeSet<String>, SourceId)> = None;
    let mut sets: BTreeMap<String, PermissionSet> = BTreeMap::new();
    for Sourced { source, content, .. } in given.take(dataset) {
        match content {
            Content::Center(Told::Sets(ids)) => {
                for id in &ids {
                    sets.entry(id.clone()).or_insert_with(|| empty(&gap));
                }
                listed.get_or_insert_with(|| (BTreeSet::new(), source)).0.extend(ids);
            }
            Content::Center(Told::Of(id, part)) => {
                let set = sets.entry(id.clone()).or_insert_with(|| empty(&gap));
                if let Some(about) = put(set, part, source) {
                    given.contradicts(dataset, BTreeSet::from([source]), &format!("{about} of {id}"));
                }
            }
            _ => {}
        }
    }
    let listed = match (listed, status) {
        (Some((ids, source)), Known::Known(_)) => Known::new(ids, source),
        (_, Known::Unknown(gap)) => Known::Unknown(gap),
        (None, Known::Known(_)) => Known::field_absent(dataset, "PermissionSets"),
    };
    (listed, sets)
}

fn empty(gap: &Gap) -> PermissionSet {
    PermissionSet {
        described: Known::Unknown(gap.clone()),
        inline: Known::Unknown(gap.clone()),
        managed: Known::Unknown(gap.clone()),
        customer_managed: Known::Unknown(gap.clone()),
        boundary: Known::Unknown(gap.clone()),
        tags: Known::Unknown(gap.clone()),
        accounts: Known::Unknown(gap.clone()),
    }
}

/// Puts a part into its set; what it contradicts is not known any more, and is named.
fn put(set: &mut PermissionSet, part: Part, source: SourceId) -> Option<&'static str> {
    match part {
        Part::Described(told) => is_same(&mut set.described, told, source, "what describes it"),
        Part::Inline(told) => is_same(&mut set.inline, told, source, "the inline policy"),
        Part::Managed(told) => is_same(&mut set.managed, told, source, "the managed policies"),
        Part::CustomerManaged(told) => {
            is_same(&mut set.customer_managed, told, source, "the customer's managed policies")
        }
        Part::Bounded(told) => is_same(&mut set.boundary, told, source, "the boundary"),
        Part::Tags(told) => is_same(&mut set.tags, told, source, "the tags"),
        Part::Accounts(told) => is_same(&mut set.accounts, told, source, "the accounts"),
    }
}

/// Takes in what is told. What was told before holds, unless it is something else.
fn is_same<T: PartialEq>(
    before: &mut Known<T>,
    mut told: Known<T>,
    source: SourceId,
    about: &'static str,
) -> Option<&'static str> {
    told.place(source);
    match (&*before, &told) {
        (Known::Unknown(Gap { reason: GapReason::Contradiction(_), .. }), _) => None,
        (Known::Known(one), Known::Known(other)) if one.value != other.value => {
            let dataset = Dataset::PermissionSets;
            *before = Known::Unknown(Gap { dataset, reason: GapReason::Contradiction(about.to_owned()) });
            Some(about)
        }
        (Known::Known(_), _) => None,
        (Known::Unknown(_), _) => {
            *before = told;
            None
        }
    }
}

fn assignments(given: &mut Given) -> BTreeMap<(String, AccountId), Known<BTreeSet<Principal>>> {
    let dataset = Dataset::AccountAssignments;
    let mut all = BTreeMap::new();
    for Sourced { source, content, .. } in given.take(dataset) {
        let Content::Center(Told::Assigned(set, account, told)) = content else { continue };
        let about = format!("who has {set} in {account}");
        if join(all.entry((set, account)), told, source, (dataset, &about)) {
            given.contradicts(dataset, BTreeSet::from([source]), &about);
        }
    }
    all
}

fn members(given: &mut Given) -> BTreeMap<String, Known<BTreeSet<String>>> {
    let dataset = Dataset::GroupMemberships;
    let mut all = BTreeMap::new();
    for Sourced { source, content, .. } in given.take(dataset) {
        let Content::Center(Told::Members(group, told)) = content else { continue };
        let about = format!("who is in the group {group}");
        if join(all.entry(group), told, source, (dataset, &about)) {
            given.contradicts(dataset, BTreeSet::from([source]), &about);
        }
    }
    all
}

/// Takes in an answer about a thing; whether it says something else than an earlier one.
fn join<K: Ord, T: PartialEq>(
    entry: std::collections::btree_map::Entry<'_, K, Known<T>>,
    mut told: Known<T>,
    source: SourceId,
    (dataset, about): (Dataset, &str),
) -> bool {
    use std::collections::btree_map::Entry;
    told.place(source);
    match entry {
        Entry::Vacant(entry) => {
            entry.insert(told);
            false
        }
        Entry::Occupied(mut entry) => match (entry.get(), &told) {
            (Known::Known(one), Known::Known(other)) if one.value != other.value => {
                let reason = GapReason::Contradiction(about.to_owned());
                entry.insert(Known::Unknown(Gap { dataset, reason }));
                true
            }
            (Known::Unknown(gap), Known::Known(_)) if !matches!(gap.reason, GapReason::Contradiction(_)) => {
                entry.insert(told);
                false
            }
            _ => false,
        },
    }
}
