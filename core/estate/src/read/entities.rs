//! The pages of the authorization details, joined. Pages are no snapshot: an entity may stand in two of them, and a
//! page may refer to what no page holds. Both are used and said.

use std::collections::{BTreeMap, BTreeSet};

use super::authorization_details::UserRecord;
use super::content::Content;
use super::fault::{names, write_again};
use super::given::Given;
use crate::Estate;
use crate::fact::{Dataset, Gap, GapReason, Known, SourceId};
use crate::model::{
    Account, Grants, Group, Listing, ManagedPolicy, Policy, Problem, ProblemKind, Role, Unplaced,
};
use kagimori_id::{AccountId, Arn};

/// Entities by name, each with the file it came from.
#[derive(Debug, Default)]
pub(super) struct Entities {
    pub(super) users: BTreeMap<String, (UserRecord, SourceId)>,
    pub(super) groups: BTreeMap<String, (Group, SourceId)>,
    pub(super) roles: BTreeMap<String, (Role, SourceId)>,
    pub(super) policies: BTreeMap<Arn, (ManagedPolicy, SourceId)>,
    /// The lists that some page has.
    listed: BTreeSet<Listing>,
    /// Entities that stand twice and not alike.
    twice: BTreeSet<String>,
    /// Lists that are shorter than the account summary counts.
    short: BTreeSet<String>,
    first: Option<SourceId>,
}

impl Entities {
    pub(super) fn merge(given: &mut Given) -> Self {
        let mut all = Self::default();
        for answer in
            given.answers.get_mut(&Dataset::AuthorizationDetails).map(std::mem::take).into_iter().flatten()
        {
            let source = answer.source;
            all.first = all.first.or(Some(source));
            let Content::Details(page) = answer.content else { continue };
            all.listed.extend(&page.listed);
            for user in page.users {
                all.twice.extend(insert(&mut all.users, user.name.clone(), user, source));
            }
            for group in page.groups {
                all.twice.extend(insert(&mut all.groups, group.name.clone(), group, source));
            }
            for role in page.roles {
                all.twice.extend(insert(&mut all.roles, role.name.clone(), role, source));
            }
            for policy in page.policies {
                all.twice.extend(insert(&mut all.policies, policy.arn.clone(), policy, source));
            }
        }
        all
    }

    /// Tells the account which lists are whole: those that are there, and not shorter than AWS counts. A `--filter` leaves a
    /// list empty, not out; the account summary knows better.
    pub(super) fn count(&mut self, account: &mut Account) {
        let dataset = Dataset::AuthorizationDetails;
        let Some(source) = account.dataset(dataset).fact().map(|fact| fact.source) else { return };
        let own = self.policies.keys().filter(|arn| arn.account() == Some(account.id)).count();
        let lengths = [
            (Listing::Users, "Users", self.users.len()),
            (Listing::Groups, "Groups", self.groups.len()),
            (Listing::Roles, "Roles", self.roles.len()),
            (Listing::Policies, "Policies", own),
        ];
        for (listing, counted, length) in lengths {
            let told = account.summary.value().and_then(|counts| counts.get(counted)).copied();
            let is_short = told.is_some_and(|told| i64::try_from(length).is_ok_and(|length| length < told));
            let reason = if !self.listed.contains(&listing) {
                Some(GapReason::FieldAbsent(listing.member().to_owned()))
            } else if is_short {
                self.short.insert(format!("{} ({length} of {})", listing.member(), told.unwrap_or(0)));
                Some(GapReason::Contradiction(format!("how many {} there are", counted.to_lowercase())))
            } else {
                None
            };
            let known = match reason {
                Some(reason) => Known::Unknown(Gap { dataset, reason }),
                None => Known::new((), source),
            };
            account.listings.insert(listing, known);
        }
        let whole = [Listing::Users, Listing::Groups, Listing::Roles];
        // Who is missing has policies, too, and so has whoever's list was left out.
        let is_told = self.grants().all(|grants| grants.gaps.is_empty());
        if is_told && whole.iter().all(|listing| account.listing(*listing).value().is_some()) {
            account.unplaced = self.unplaced();
        }
    }

    /// AWS counts what each policy is attached to, and what it bounds. Where it counts more than the lists name, a list of somebody is
    /// not whole, and nobody can tell whose. Where it counts fewer, nothing is missing.
    fn unplaced(&self) -> Unplaced {
        let mut seen: BTreeMap<&Arn, u32> = BTreeMap::new();
        let mut bounds: BTreeMap<&Arn, u32> = BTreeMap::new();
        for grants in self.grants() {
            for arn in grants.attached.iter().collect::<BTreeSet<_>>() {
                *seen.entry(arn).or_default() += 1;
            }
            if let Some(arn) = &grants.boundary {
                *bounds.entry(arn).or_default() += 1;
            }
        }
        let mut unplaced = Unplaced::default();
        for (arn, (policy, _)) in &self.policies {
            let count = |seen: &BTreeMap<&Arn, u32>| seen.get(arn).copied().unwrap_or_default();
            let (held, bounded) = (count(&seen), count(&bounds));
            let (attachments, bound) = (policy.attachments.unwrap_or(0), policy.boundary_uses.unwrap_or(0));
            // Together: who writes answers as AWS does may count a boundary among the attachments.
            if held.saturating_add(bounded) < attachments.saturating_add(bound) {
                if held < attachments {
                    unplaced.attached.insert(arn.clone());
                }
                if bounded < bound {
                    unplaced.bounds.insert(arn.clone());
                }
            }
        }
        unplaced
    }

    fn grants(&self) -> impl Iterator<Item = &Grants> {
        let users = self.users.values().map(|(user, _)| &user.details.grants);
        let groups = self.groups.values().map(|(group, _)| &group.grants);
        let roles = self.roles.values().map(|(role, _)| &role.grants);
        users.chain(groups).chain(roles)
    }

    /// What does not fit together.
    pub(super) fn torn(&self, account: AccountId, estate: &Estate) -> Vec<Problem> {
        let Some(first) = self.first else { return Vec::new() };
        let file = || first.of(&estate.sources).map_or(String::new(), |source| source.file.clone());
        let twice = self.twice.iter().map(String::as_str).collect();
        let short = self.short.iter().map(String::as_str).collect();
        let (policies, groups) = (self.missing_policies(account), self.missing_groups());
        [
            torn(file(), account, "entities stand twice and not alike, and only what both say holds", &twice),
            torn(file(), account, "lists are shorter than the account summary counts", &short),
            torn(file(), account, "the account's own policies are attached and missing", &policies),
            torn(file(), account, "groups have users and are missing", &groups),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// AWS's own policies are in the authorization details only when asked for; the account's are always.
    fn missing_policies(&self, account: AccountId) -> BTreeSet<&str> {
        let missing = |arn: &&Arn| arn.account() == Some(account) && !self.policies.contains_key(*arn);
        self.grants().flat_map(referred).filter(missing).map(Arn::as_str).collect()
    }

    fn missing_groups(&self) -> BTreeSet<&str> {
        let named = self.users.values().flat_map(|(user, _)| &user.details.groups);
        named.filter(|group| !self.groups.contains_key(*group)).map(String::as_str).collect()
    }
}

fn referred(grants: &Grants) -> impl Iterator<Item = &Arn> {
    grants.attached.iter().chain(&grants.boundary)
}

/// An entity of the authorization details.
trait Entity: PartialEq {
    fn arn(&self) -> &Arn;
    /// What is certain when another page says something else of it.
    fn weaken(&mut self, other: Self);
}

/// Keeps an entity; the ARN of one that another page tells differently.
fn insert<K: Ord, T: Entity>(
    map: &mut BTreeMap<K, (T, SourceId)>,
    key: K,
    entity: T,
    source: SourceId,
) -> Option<String> {
    match map.get_mut(&key) {
        None => {
            map.insert(key, (entity, source));
            None
        }
        Some((before, _)) if *before == entity => None,
        Some((before, _)) => {
            before.weaken(entity);
            Some(before.arn().to_string())
        }
    }
}

impl Entity for UserRecord {
    fn arn(&self) -> &Arn {
        &self.arn
    }

    fn weaken(&mut self, other: Self) {
        let other_groups = other.details.groups.len();
        let groups = other.details.groups.into_iter();
        let new: Vec<String> = groups.filter(|group| !self.details.groups.contains(group)).collect();
        if !new.is_empty() || self.details.groups.len() != other_groups {
            let reason = GapReason::Contradiction(format!("the groups of `{}`", self.arn));
            self.details.grants.gaps.insert(Gap { dataset: Dataset::AuthorizationDetails, reason });
        }
        self.details.groups.extend(new);
        self.details.groups.sort();
        agree(&mut self.details.tags, &mut self.details.tags_gap, &other.details.tags, &self.arn);
        weaken(&mut self.details.grants, other.details.grants, &self.arn);
    }
}

impl Entity for Group {
    fn arn(&self) -> &Arn {
        &self.arn
    }

    fn weaken(&mut self, other: Self) {
        weaken(&mut self.grants, other.grants, &self.arn);
    }
}

impl Entity for Role {
    fn arn(&self) -> &Arn {
        &self.arn
    }

    fn weaken(&mut self, other: Self) {
        if self.trust != other.trust {
            self.trust = Policy::contradicting();
        }
        // AWS's tracking only moves on
        let at = |role: &Self| role.last_used.value().and_then(|last| last.as_ref().map(|last| last.at));
        if at(&other) > at(self) {
            self.last_used = other.last_used;
        }
        agree(&mut self.tags, &mut self.tags_gap, &other.tags, &self.arn);
        weaken(&mut self.grants, other.grants, &self.arn);
    }
}

impl Entity for ManagedPolicy {
    fn arn(&self) -> &Arn {
        &self.arn
    }

    fn weaken(&mut self, other: Self) {
        let reason = GapReason::Contradiction(format!("`{}`", self.arn));
        if self.document != other.document || self.default_version != other.default_version {
            self.document = Policy::contradicting();
        }
        if self.other_versions.value() != other.other_versions.value() {
            self.other_versions = Known::Unknown(Gap { dataset: Dataset::AuthorizationDetails, reason });
        }
        if self.attachments != other.attachments {
            self.attachments = None;
        }
        if self.boundary_uses != other.boundary_uses {
            self.boundary_uses = None;
        }
    }
}

/// The tags that both pages have, with a gap: where they differ, nobody knows.
fn agree(
    tags: &mut BTreeMap<String, String>,
    gap: &mut Option<Gap>,
    other: &BTreeMap<String, String>,
    arn: &Arn,
) {
    if tags != other {
        tags.retain(|key, value| other.get(key) == Some(value));
        let reason = GapReason::Contradiction(format!("the tags of `{arn}`"));
        *gap = Some(Gap { dataset: Dataset::AuthorizationDetails, reason });
    }
}

/// What either page grants, with a gap: what the two differ in may hold or not.
fn weaken(grants: &mut Grants, other: Grants, arn: &Arn) {
    if *grants == other {
        return;
    }
    let reason = GapReason::Contradiction(format!("the policies of `{arn}`"));
    grants.gaps.insert(Gap { dataset: Dataset::AuthorizationDetails, reason });
    grants.gaps.extend(other.gaps);
    let inline: Vec<_> = other.inline.into_iter().filter(|policy| !grants.inline.contains(policy)).collect();
    grants.inline.extend(inline);
    let attached: Vec<Arn> =
        other.attached.into_iter().filter(|arn| !grants.attached.contains(arn)).collect();
    grants.attached.extend(attached);
    grants.attached.sort();
    if grants.boundary != other.boundary {
        // a limit that only one page has is none to rely on
        grants.boundary = None;
    }
}

/// A problem of an account's authorization details that spans files.
fn torn(file: String, account: AccountId, what: &str, entities: &BTreeSet<&str>) -> Option<Problem> {
    (!entities.is_empty()).then(|| Problem {
        file,
        account: Some(account),
        dataset: Some(Dataset::AuthorizationDetails),
        kind: ProblemKind::Torn,
        message: format!("{what}: {}", names(entities.iter().copied())),
        hint: format!(
            "the account changed while it was read, or a page is missing; {}",
            write_again(Some(Dataset::AuthorizationDetails))
        ),
    })
}
