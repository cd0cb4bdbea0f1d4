//! What changes take away though a trail would not have shown its use: "breaks nothing" is said of nothing of that.
//!
//! The walk: who is touched, in groups of whom the same policies are in effect → what goes of the actions that the trail of the
//! account does not show ([`Pair::gone`]) → by service and kind of event → what service-last-accessed data say of each who is told
//! of → those who lose the same stand together.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::access::{Access, Question, Subject};
use kagimori_estate::change::{Change, CredentialChange};
use kagimori_estate::model::{AccessKey, LastAccessed, LastUse};
use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::document::{ActionElement, Document, OneOrMany, ResourceElement, Statement, Version};
use kagimori_policy::policies::Policies;
use kagimori_trail::sight::{Blind, Sight};
use serde::Serialize;

use super::gone::{NewDeny, Pair};
use super::sets::{Sets, Unseen};
use crate::replay::document_about;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// The tracking period of service-last-accessed data, in seconds (IAM User Guide, `access_policies_last-accessed`: "at least 400 days").
const TRACKED: i64 = 400 * DAY;

/// What principals would lose of which nobody can say that it is not used: all of them the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Loss {
    /// Whose.
    pub principals: BTreeSet<Arn>,
    /// What, by service and by why it would not be seen.
    pub lost: Vec<Lost>,
}

/// Permissions of one service that the trail would not have shown in use for one reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Lost {
    /// The service's prefix.
    pub service: String,
    /// Why their use would not be seen.
    pub blind: Blind,
    /// `*` on `*` held them, and policies that say what is needed instead were written in its place: told, and no reason for "cannot
    /// tell".
    pub is_replaced: bool,
    /// When service-last-accessed data saw the service used, in the window, of which the trail shows nothing: in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<i64>,
    /// The actions.
    pub actions: BTreeSet<String>,
    /// On what they were granted.
    pub resources: BTreeSet<String>,
}

/// What is known of use.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "a closure has none")]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Idle<'a> {
    /// What the trail would have shown.
    pub sight: &'a Sight,
    /// From when on it is asked, in seconds since 1970.
    pub from: i64,
    /// Until when.
    pub until: i64,
    /// The services that the trail shows in use, by whom.
    pub services: &'a BTreeMap<Arn, BTreeSet<Box<str>>>,
    /// Whether the credential that a change takes away is known not to be used.
    pub credential: &'a dyn Fn(&Change) -> bool,
}

/// What changes take away of which nobody can say that it is not used. `whose`: those whom the changes touch; else anybody.
/// Credentials that would be off take away what their users have.
pub fn losses(
    before: &Access<'_>,
    after: &Access<'_>,
    changes: &[Change],
    whose: Option<&BTreeSet<Arn>>,
    idle: &Idle<'_>,
) -> Vec<Loss> {
    let mut finding = Finding {
        before,
        after,
        idle,
        without_credential: changes.iter().filter_map(|change| user_without(change, idle)).collect(),
        sets: Sets::default(),
        unseen: BTreeMap::new(),
        known: BTreeMap::new(),
        groups: Vec::new(),
        found: Vec::new(),
    };
    let mut by_found: BTreeMap<usize, BTreeSet<Arn>> = BTreeMap::new();
    let mut all: BTreeMap<Vec<Lost>, BTreeSet<Arn>> = BTreeMap::new();
    for subject in before.subjects() {
        if whose.is_some_and(|whose| !whose.contains(&subject.arn)) {
            continue;
        }
        let is_without = finding.without_credential.contains(&subject.arn);
        let not_held = if is_without { not_held(before, subject, changes, idle) } else { Vec::new() };
        let place = finding.of(subject);
        match (last_accessed(before, subject), place) {
            (None, Some(place)) if not_held.is_empty() => {
                by_found.entry(place).or_default().insert(subject.arn.clone());
            }
            (told, place) => {
                let lost = place.and_then(|place| finding.found.get(place)).map_or(&[][..], Vec::as_slice);
                let mut lost = match told {
                    Some(told) => told_of(lost, told, subject, idle),
                    None => lost.to_vec(),
                };
                let is_told = |one: &Lost| {
                    lost.iter().any(|known| known.service == one.service && known.last_used.is_some())
                };
                let new: Vec<Lost> = not_held.into_iter().filter(|one| !is_told(one)).collect();
                lost.extend(new);
                all.entry(lost).or_default().insert(subject.arn.clone());
            }
        }
    }
    for (place, principals) in by_found {
        let lost = finding.found.get(place).cloned().unwrap_or_default();
        all.entry(lost).or_default().extend(principals);
    }
    let losses = all.into_iter().filter(|(lost, _)| !lost.is_empty());
    let mut losses: Vec<Loss> = losses.map(|(lost, principals)| Loss { principals, lost }).collect();
    losses.sort();
    losses
}

/// The user whose credential a change takes away, when it may be in use.
fn user_without(change: &Change, idle: &Idle<'_>) -> Option<Arn> {
    match change {
        Change::Credential(CredentialChange::SetAccessKeyStatus { user, active: false, .. })
        | Change::Credential(CredentialChange::DeleteAccessKey { user, .. })
        | Change::Credential(CredentialChange::SetConsoleLogin { user, enabled: false }) => {
            (!(idle.credential)(change)).then(|| user.clone())
        }
        _ => None,
    }
}

/// Principals of whom the same policies are in effect, before and after, in one account.
type Likeness = (bool, Alike, Option<Alike>);
type Alike = (AccountId, Vec<usize>, Vec<usize>, Vec<String>);

struct Finding<'q, 'a> {
    before: &'q Access<'a>,
    after: &'q Access<'a>,
    idle: &'q Idle<'q>,
    without_credential: BTreeSet<Arn>,
    sets: Sets,
    unseen: BTreeMap<AccountId, Unseen>,
    /// Places in `groups`; `None`: nothing goes of these.
    known: BTreeMap<Likeness, Option<usize>>,
    groups: Vec<Group>,
    found: Vec<Vec<Lost>>,
}

struct Group {
    pair: Pair,
    /// The new Denies that ask who calls.
    asking: Vec<usize>,
    /// Places in `found`, by which of these are about whoever it is.
    known: BTreeMap<Vec<bool>, usize>,
}

impl Finding<'_, '_> {
    /// What a principal loses, as a place in `found`; `None`: nothing.
    fn of(&mut self, subject: &Subject) -> Option<usize> {
        let changed = self.after.subject(subject.arn.as_str());
        let all_goes = self.without_credential.contains(&subject.arn);
        let likeness = (all_goes, alike(subject), changed.map(alike));
        let place = match self.known.get(&likeness) {
            Some(known) => (*known)?,
            None => {
                let group = self.group(subject, changed, all_goes);
                let place = group.map(|group| {
                    self.groups.push(group);
                    self.groups.len().saturating_sub(1)
                });
                self.known.insert(likeness, place);
                place?
            }
        };
        let group = self.groups.get_mut(place)?;
        let asked = group.asking.iter().filter_map(|place| group.pair.denies.get(*place));
        let about: Vec<bool> = asked.map(|deny| is_about(deny, self.after, subject)).collect();
        if let Some(known) = group.known.get(&about) {
            return Some(*known);
        }
        let unseen = self
            .unseen
            .entry(subject.account)
            .or_insert_with(|| Unseen::of(self.idle.sight, subject.account));
        let applies = |deny: usize| {
            let asked = group.asking.iter().position(|place| *place == deny);
            asked.is_none_or(|place| about.get(place) != Some(&false))
        };
        let lost = lost(&group.pair, &mut self.sets, unseen, self.idle.sight, subject.account, &applies);
        let found = self.found.len();
        self.found.push(lost);
        group.known.insert(about, found);
        Some(found)
    }

    fn group(&self, subject: &Subject, changed: Option<&Subject>, all_goes: bool) -> Option<Group> {
        let stays =
            changed.is_some_and(|changed| self.before.has_same_in_effect(subject, self.after, changed));
        if stays && !all_goes {
            return None;
        }
        let is = changed.filter(|_| !all_goes).map(|changed| at_most(self.after, changed));
        let unknown = |access: &Access<'_>, subject: &Subject| access.limits_in_doubt(subject).2;
        let mut pair = Pair::new(at_most(self.before, subject), is);
        let was_unknown = unknown(self.before, subject);
        let is_unknown = changed.map(|changed| unknown(self.after, changed)).unwrap_or_default();
        pair.has_new_unknown_limit = is_unknown.iter().any(|limit| !was_unknown.contains(limit));
        pair.is_service_linked = subject.arn.resource().starts_with("role/aws-service-role/");
        let asking = pair.denies.iter().enumerate().filter(|(_, deny)| asks_who(&deny.statement));
        let asking = asking.map(|(place, _)| place).collect();
        Some(Group { pair, asking, known: BTreeMap::new() })
    }
}

/// The same for whom the same policies are in effect, in one estate.
fn alike(subject: &Subject) -> Alike {
    let (account, identity, boundary) = subject.likeness();
    let missing = subject.missing().iter().map(|document| format!("{:?} {}", document.layer, document.name));
    (account, identity, boundary, missing.collect())
}

/// What is in effect of a principal, under all that may limit it.
fn at_most(access: &Access<'_>, subject: &Subject) -> Policies {
    let (service_control, resource_control, _) = access.limits_in_doubt(subject);
    let mut policies = access.in_effect(subject);
    policies.missing.clear();
    policies.service_control.extend(service_control);
    policies.resource_control.extend(resource_control);
    policies
}

/// Whether a statement asks for what only the caller tells.
fn asks_who(statement: &Statement) -> bool {
    statement.conditions.iter().any(|condition| is_of_principal(&condition.key))
}

fn is_of_principal(key: &str) -> bool {
    key.get(..13).is_some_and(|begin| begin.eq_ignore_ascii_case("aws:principal"))
}

/// Whether a Deny may be about a principal, by what it asks of who calls.
fn is_about(deny: &NewDeny, access: &Access<'_>, subject: &Subject) -> bool {
    let Some(subject) = access.subject(subject.arn.as_str()) else { return true };
    let conditions = deny.statement.conditions.iter().filter(|condition| is_of_principal(&condition.key));
    let statement = Statement {
        action: ActionElement::Action(OneOrMany::One("*".to_owned())),
        resource: Some(ResourceElement::Resource(OneOrMany::One("*".to_owned()))),
        conditions: conditions.cloned().collect(),
        ..deny.statement.clone()
    };
    let document = Document { version: Some(Version::V2012), id: None, statements: vec![statement] };
    let question = Question {
        action: "s3:GetObject".to_owned(),
        resource: "*".to_owned(),
        resource_account: None,
        wildcard_only: false,
        common: None,
        context: Vec::new(),
        strict: false,
    };
    !document_about(&document, &access.request(subject, &question)).statements.is_empty()
}

/// By service, and by why it would not have been seen.
fn lost(
    pair: &Pair,
    sets: &mut Sets,
    unseen: &Unseen,
    sight: &Sight,
    account: AccountId,
    applies: &dyn Fn(usize) -> bool,
) -> Vec<Lost> {
    let catalogue = Catalogue::embedded();
    let mut found: BTreeMap<(String, Blind, bool), Lost> = BTreeMap::new();
    let gone = pair.gone(sets, &unseen.all, applies);
    // What goes in earnest is not told again as replaced.
    let (meant, replaced): (Vec<_>, Vec<_>) = gone.into_iter().partition(|gone| !gone.is_replaced);
    let mut in_earnest = BTreeSet::new();
    for gone in meant.into_iter().chain(replaced) {
        let granted = super::resources(gone.by);
        let resources = gone.by.resource.iter().flat_map(|resource| resource.patterns().0);
        let resources: Vec<&String> = resources.collect();
        for (blind, actions) in unseen.split(sight, account, &gone.actions, &[granted, gone.denied_on]) {
            for id in actions.iter() {
                if gone.is_replaced && in_earnest.contains(&id) {
                    continue;
                }
                in_earnest.insert(id);
                let action = catalogue.name(id);
                let service = action.split(':').next().unwrap_or_default().to_owned();
                let lost =
                    found.entry((service.clone(), blind.clone(), gone.is_replaced)).or_insert_with(|| Lost {
                        service,
                        blind: blind.clone(),
                        is_replaced: gone.is_replaced,
                        last_used: None,
                        actions: BTreeSet::new(),
                        resources: BTreeSet::new(),
                    });
                lost.actions.insert(action);
                for resource in &resources {
                    if !lost.resources.contains(*resource) {
                        lost.resources.insert((*resource).clone());
                    }
                }
            }
        }
    }
    found.into_values().collect()
}

fn last_accessed<'e>(access: &'e Access<'_>, subject: &Subject) -> Option<&'e LastAccessed> {
    let account = access.estate().accounts.get(&subject.account)?;
    let name = subject.arn.name();
    let user = account.users.get(name).filter(|user| user.arn == subject.arn);
    let role = account.roles.get(name).filter(|role| role.arn == subject.arn);
    let known = user.map(|user| &user.last_accessed).or(role.map(|role| &role.last_accessed))?;
    known.value()
}

/// What AWS saw used in the window with a credential that goes, or by its user, and the trail shows no call of: the trail is not whole.
fn not_held(access: &Access<'_>, subject: &Subject, changes: &[Change], idle: &Idle<'_>) -> Vec<Lost> {
    let mut used: BTreeMap<String, i64> = BTreeMap::new();
    let told = last_accessed(access, subject).into_iter().flat_map(|told| &told.services);
    used.extend(told.filter_map(|(service, at)| Some((service.clone(), (*at)?.as_second()))));
    let goes = |key: &AccessKey| {
        key.id.as_ref().is_some_and(|id| changes.iter().any(|change| key_of(change) == Some(id)))
    };
    let account = access.estate().accounts.get(&subject.account);
    let user = account.and_then(|account| account.users.get(subject.arn.name()));
    let keys = user.and_then(|user| user.access_keys.value()).into_iter().flatten();
    for key in keys.filter(|key| goes(key)) {
        if let Ok(LastUse::At { at, service: Some(service), .. }) = key.last_used.known() {
            let last = used.entry(service.clone()).or_insert(i64::MIN);
            *last = (*last).max(at.as_second());
        }
    }
    let shown = idle.services.get(&subject.arn);
    let is_shown = |service: &str| shown.is_some_and(|services| services.contains(service));
    let catalogue = Catalogue::embedded();
    let is_known = |service: &str| catalogue.has_service(service);
    used.into_iter()
        .filter(|(service, at)| {
            (idle.from..idle.until).contains(at) && !is_shown(service) && is_known(service)
        })
        .map(|(service, at)| Lost {
            service,
            blind: Blind::NotHeld,
            is_replaced: false,
            last_used: Some(at),
            actions: BTreeSet::new(),
            resources: BTreeSet::new(),
        })
        .collect()
}

/// The key that a change takes away.
fn key_of(change: &Change) -> Option<&AccessKeyId> {
    match change {
        Change::Credential(CredentialChange::SetAccessKeyStatus { key, active: false, .. })
        | Change::Credential(CredentialChange::DeleteAccessKey { key, .. }) => Some(key),
        _ => None,
    }
}

/// What is left of a loss when service-last-accessed data are asked: what was last used before the window, or not in the tracking
/// period, is not used; what was used in it and is not in the trail is proof. What the trail shows goes before both.
fn told_of(lost: &[Lost], told: &LastAccessed, subject: &Subject, idle: &Idle<'_>) -> Vec<Lost> {
    let covers = idle.until.saturating_sub(idle.from) <= TRACKED
        && told.told_at.is_some_and(|at| at.as_second() >= idle.until.saturating_sub(DAY));
    let in_trail = idle.services.get(&subject.arn);
    let of = |lost: &Lost| {
        let is_in_trail = in_trail.is_some_and(|services| services.contains(lost.service.as_str()));
        let last = told.services.get(&lost.service).map(|last| last.map(|at| at.as_second()));
        match last {
            Some(Some(at)) if at >= idle.from && !is_in_trail => {
                Some(Lost { last_used: Some(at), ..lost.clone() })
            }
            Some(last) if covers && !is_in_trail && last.is_none_or(|at| at < idle.from) => None,
            _ => Some(lost.clone()),
        }
    };
    lost.iter().filter_map(of).collect()
}

impl Loss {
    /// Whether it keeps anybody from saying that nothing breaks.
    pub fn counts(&self) -> bool {
        self.lost.iter().any(Lost::counts)
    }
}

impl Lost {
    /// Whether it keeps anybody from saying that nothing breaks.
    pub fn counts(&self) -> bool {
        !self.is_replaced || self.last_used.is_some()
    }

    /// The kind of data events that would have shown it, when they are not logged: what `--logged` takes.
    pub fn kind(&self) -> Option<&'static str> {
        match &self.blind {
            Blind::Data { kind } => Some(kind),
            Blind::NotSelected { kind, .. } => *kind,
            Blind::Account
            | Blind::Unread
            | Blind::NotHeld
            | Blind::Never
            | Blind::Region { .. }
            | Blind::Management { .. } => None,
        }
    }
}
