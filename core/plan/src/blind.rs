//! Permissions whose use a trail would not have shown: nothing is concluded from their absence there.
//!
//! A statement names such a permission, by the action or by the resources it is about, or holds it beside thousands of others
//! (`*` on `*`). What is named was meant: it is never taken for unused.

mod gone;
mod losses;
mod sets;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::LazyLock;

use kagimori_estate::Estate;
use kagimori_estate::cloudtrail::DescribedTrail;
use kagimori_estate::fact::{Dataset, Gap, GapReason, Known};
use kagimori_estate::model::{Account, LastUse, Problem, ProblemKind};
use kagimori_id::{AccountId, Arn};
use kagimori_policy::catalogue::{ActionSet, Catalogue};
use kagimori_policy::document::{Document, Effect, OneOrMany, ResourceElement, Statement};
use kagimori_trail::actions::{Logging, logging_of};
use kagimori_trail::history::Seen;
use kagimori_trail::sight::{Blind, Contradiction, Look, Sight};

pub use losses::{Idle, Loss, Lost, losses};

/// The actions that no trail shows, or only one that is told to log data events.
static NOT_MANAGEMENT: LazyLock<ActionSet> = LazyLock::new(|| {
    let catalogue = Catalogue::embedded();
    let mut set = ActionSet::none(catalogue);
    for id in catalogue.actions() {
        if logging_of(id) != Logging::Management {
            set.insert(id);
        }
    }
    set
});

/// What an estate says of Regions in use: those that its policies name, and where access keys were last used.
pub fn tell_regions(sight: &mut Sight, estate: &Estate) {
    for (id, account) in &estate.accounts {
        let keys =
            account.users.values().flat_map(|user| user.access_keys.known().map_or(&[][..], Vec::as_slice));
        for key in keys {
            if let Ok(LastUse::At { region: Some(region), .. }) = key.last_used.known() {
                sight.tell_used(*id, region);
            }
        }
        for region in documents(account).flat_map(|document| &document.statements).flat_map(regions_named) {
            sight.tell_used(*id, region);
        }
    }
}

/// What a history shows, with what an estate says of Regions and trails.
pub fn sight(seen: &Seen, estate: &Estate) -> Sight {
    let mut sight = seen.sight.clone();
    tell_regions(&mut sight, estate);
    tell_trails(&mut sight, estate);
    sight
}

/// What an estate says of the trails that log its accounts: to be told when the sight has taken in all calls.
pub fn tell_trails(sight: &mut Sight, estate: &Estate) {
    // The selectors and the state of an organization's trail may have been asked for in one account only.
    let mut told: BTreeMap<&Arn, Vec<&DescribedTrail>> = BTreeMap::new();
    let listed = |account: &Account| account.trails.value().map(|trails| (account.id, trails.clone()));
    for trail in estate.accounts.values().filter_map(|account| account.trails.value()).flatten() {
        told.entry(&trail.arn).or_default().push(trail);
    }
    for (account, mut trails) in estate.accounts.values().filter_map(listed) {
        for trail in &mut trails {
            let all = told.get(&trail.arn).into_iter().flatten();
            trail.selectors = agreed(all.clone().map(|one| &one.selectors), &trail.selectors);
            trail.status = agreed(all.map(|one| &one.status), &trail.status);
        }
        sight.tell_trails(account, trails);
    }
}

/// What all say who know; where they differ nothing is known.
fn agreed<'k, T: PartialEq + Clone + 'k>(
    all: impl Iterator<Item = &'k Known<T>>,
    own: &Known<T>,
) -> Known<T> {
    let mut known = all.filter(|one| one.value().is_some());
    let Some(first) = known.next() else { return own.clone() };
    let about = GapReason::Contradiction("what a trail of the organization selects".to_owned());
    match known.all(|one| one.value() == first.value()) {
        true => first.clone(),
        false => Known::Unknown(Gap { dataset: Dataset::EventSelectors, reason: about }),
    }
}

/// What the trail holds though no event selector selects it, account by account.
pub fn contradictions(sight: &Sight, estate: &Estate) -> Vec<Problem> {
    let of = |account: &Account| {
        let source = account.trails.fact().and_then(|fact| fact.source.of(&estate.sources));
        let file = source.map_or_else(String::new, |source| source.file.clone());
        let problem = |one: &Contradiction| {
            Problem {
            file: file.clone(),
            account: Some(account.id),
            dataset: Some(Dataset::EventSelectors),
            kind: ProblemKind::Torn,
            message: one.words().0,
            hint: "write the selectors of every trail again, in every Region (`aws cloudtrail describe-trails`, `get-event-selectors`): until they agree, nothing counts as not used because of them".to_owned(),
        }
        };
        sight.contradictions(account.id).iter().map(problem).collect::<Vec<_>>()
    };
    estate.accounts.values().flat_map(of).collect()
}

/// Every identity policy of an account that was given.
fn documents(account: &Account) -> impl Iterator<Item = &Document> {
    let users = account.users.values().filter_map(|user| user.details.known().ok());
    let grants = users.map(|details| &details.grants);
    let grants = grants.chain(account.groups.values().map(|group| &group.grants));
    let grants = grants.chain(account.roles.values().map(|role| &role.grants));
    let inline = grants.flat_map(|grants| grants.inline.iter().map(|(_, policy)| policy));
    let managed = account.policies.values().filter(|policy| policy.arn.account().is_some());
    inline.chain(managed.map(|policy| &policy.document)).filter_map(|policy| policy.document.as_ref().ok())
}

/// The Regions that an Allow names.
fn regions_named(statement: &Statement) -> impl Iterator<Item = &str> {
    let is_allow = statement.effect == Effect::Allow;
    let arns = statement.resource.iter().flat_map(|resource| resource.patterns().0);
    let region = |arn: &'_ String| {
        arn.split(':').nth(3).is_some_and(|region| region.contains('-') && !region.contains(['*', '?', '$']))
    };
    arns.filter(move |arn| is_allow && region(arn)).filter_map(|arn| arn.split(':').nth(3))
}

/// The actions of a statement that a trail would not have shown.
pub(crate) struct BlindActions {
    /// Those that it names, or whose resources it names, or that it names by a pattern most of which is no management event: where
    /// hardly anything would be seen in any trail, nothing follows from what is not.
    pub(crate) meant: ActionSet,
    /// Others of services that it names.
    pub(crate) of_service: ActionSet,
    /// Those that it holds beside others.
    pub(crate) wide: ActionSet,
}

/// The actions of a statement.
pub(crate) fn allowed(statement: &Statement) -> ActionSet {
    let (patterns, is_negated) = statement.action.patterns();
    let all = expand(patterns.iter());
    if is_negated { all.complement() } else { all }
}

/// Of one Allow statement.
pub(crate) fn of_statement(sight: &Sight, account: AccountId, statement: &Statement) -> BlindActions {
    let catalogue = Catalogue::embedded();
    let (patterns, is_negated) = statement.action.patterns();
    let mut all = allowed(statement);
    // What every trail shows is looked at only where something of it is not seen.
    if sight.shows_management(account, resources(statement)) {
        all.intersect(&NOT_MANAGEMENT);
    }
    let mut blind = ActionSet::none(catalogue);
    for id in all.iter().filter(|id| sight.blind(&look(account, &catalogue.name(*id), statement)).is_some()) {
        blind.insert(id);
    }
    let (mut meant, mut of_service) = (ActionSet::none(catalogue), ActionSet::none(catalogue));
    if !is_negated {
        meant = named(patterns, statement);
        let of_services: Vec<&String> = patterns.iter().filter(|pattern| names_service(pattern)).collect();
        for pattern in &of_services {
            let all = catalogue.expand(pattern);
            let mut unseen = all.clone();
            unseen.intersect(&NOT_MANAGEMENT);
            if unseen.count().saturating_mul(2) >= all.count() {
                meant.unite(&all);
            }
        }
        of_service = expand(of_services.into_iter());
        of_service.intersect(&blind);
    }
    meant.intersect(&blind);
    of_service.subtract(&meant);
    let mut wide = blind;
    wide.subtract(&meant);
    wide.subtract(&of_service);
    BlindActions { meant, of_service, wide }
}

/// Why a trail would not have shown an action of a statement.
pub(crate) fn why(sight: &Sight, account: AccountId, statement: &Statement, action: &str) -> Blind {
    sight.blind(&look(account, action, statement)).unwrap_or(Blind::Never)
}

fn look<'a>(account: AccountId, action: &'a str, statement: &'a Statement) -> Look<'a> {
    Look { account, action, resources: resources(statement) }
}

/// What is told of statements of accounts, kept: thousands of policies say the same few things.
#[derive(Debug)]
pub(crate) struct Kept<T>(RefCell<HashMap<Said, Rc<T>>>);

/// An account, and all of a statement that blindness hangs on: whether its actions are those that it excludes, these, its resources.
type Said = (AccountId, bool, Vec<String>, Vec<String>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T> Kept<T> {
    /// What `tell` tells of a statement, asked once for all that say the same.
    pub(crate) fn of(&self, account: AccountId, statement: &Statement, tell: impl FnOnce() -> T) -> Rc<T> {
        let (patterns, is_negated) = statement.action.patterns();
        let said = (account, is_negated, patterns.to_vec(), resources(statement).to_vec());
        if let Some(known) = self.0.borrow().get(&said) {
            return Rc::clone(known);
        }
        let told = Rc::new(tell());
        self.0.borrow_mut().insert(said, Rc::clone(&told));
        told
    }
}

/// The resources of a statement; none where it is about all but some.
fn resources(statement: &Statement) -> &[String] {
    match &statement.resource {
        Some(ResourceElement::Resource(OneOrMany::One(one))) if one == "*" => &[],
        Some(ResourceElement::Resource(resources)) => resources.as_slice(),
        _ => &[],
    }
}

/// What a statement names: actions by their full names; where it names resources, too, whatever of their services.
fn named(patterns: &[String], statement: &Statement) -> ActionSet {
    let has_wildcard = |pattern: &&String| pattern.contains(['*', '?']);
    let mut set = expand(patterns.iter().filter(|pattern| !has_wildcard(pattern)));
    let resources = resources(statement);
    if resources.is_empty() || resources.iter().any(|resource| resource == "*") {
        return set;
    }
    set.unite(&expand(patterns.iter().filter(|pattern| names_service(pattern))));
    let services: BTreeSet<String> =
        resources.iter().filter_map(|arn| Some(format!("{}:*", arn.split(':').nth(2)?))).collect();
    let mut rest = expand(patterns.iter());
    rest.intersect(&expand(services.iter()));
    set.unite(&rest);
    set
}

/// Whether a pattern of actions names its service.
fn names_service(pattern: &str) -> bool {
    pattern.split_once(':').is_some_and(|(service, _)| !service.contains(['*', '?']))
}

fn expand<'a>(patterns: impl Iterator<Item = &'a String>) -> ActionSet {
    let catalogue = Catalogue::embedded();
    let mut set = ActionSet::none(catalogue);
    patterns.for_each(|pattern| catalogue.expand_into(&mut set, pattern));
    set
}

/// The first five names, and how many more there are.
pub(crate) fn some(names: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    let rest = if more > 0 { format!(" (+{more})") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}
