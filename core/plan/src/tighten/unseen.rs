//! Actions whose use this trail does not show.
//!
//! "Unused" is only ever said of what would have been seen. What CloudTrail never records, and data events that this trail
//! does not hold, are kept for services in use at the access levels in use, or listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kagimori_policy::catalogue::{AccessLevel, ActionId, ActionSet, Catalogue};
use kagimori_policy::document::Statement;
use kagimori_trail::sight::Blind;
use serde::Serialize;

use super::compose::{self, ElementKind, Elements};
use super::grants::Grant;
use super::needs::Need;
use super::{Input, Options};
use crate::blind::{self, BlindActions};

/// A service in the answer of `iam get-service-last-accessed-details`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "a time, and what it is beside the trail")]
pub struct LastAccessed {
    /// `LastAuthenticated`, attempts that were denied included; `None`: not within the tracking period.
    pub at: Option<i64>,
    /// That is within the window, and the trail at hand holds no call of theirs to the service, whosever work it may be: it is not whole.
    pub is_not_held: bool,
}

/// Actions of one service that this trail does not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unseen {
    /// The service's prefix.
    pub service: String,
    /// Why this trail does not show them.
    pub not_shown: Blind,
    /// The actions.
    pub actions: Vec<String>,
    /// They stay in the policy.
    pub is_kept: bool,
    /// Why they stay, or why not.
    pub why: UnseenWhy,
}

/// What `*` held of services that nothing shows in use: told by number, because it is most of AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "two numbers")]
pub struct Beyond {
    /// Services.
    pub services: usize,
    /// Their actions that the trail would not have shown.
    pub actions: usize,
}

/// Why actions that the trail does not show stay, or why not. Their order is that of the English texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum UnseenWhy {
    /// A policy names their service, which is in use: at which levels what is not shown is used, what is shown does not tell.
    ServiceInUse,
    /// A policy names them, or the resources they are about: nobody can say that they are not used.
    Named,
    /// The service is in use at other access levels.
    OtherLevels,
    /// The service is in use at this access level.
    LevelInUse,
    /// Last-accessed data says that nobody used the service.
    NotAccessed,
    /// Last-accessed data says that the service is in use.
    LastAccessed,
    /// They would stay, and that was not wanted.
    LeftOut,
    /// A policy names their service, and nothing shows it in use.
    NothingShown,
}

impl UnseenWhy {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::ServiceInUse,
        Self::Named,
        Self::OtherLevels,
        Self::LevelInUse,
        Self::NotAccessed,
        Self::LastAccessed,
        Self::LeftOut,
        Self::NothingShown,
    ];

    /// In English and in Japanese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ServiceInUse => (
                "a policy names its service, which is in use: at which levels cannot be told",
                "ポリシーが指定するサービスは利用中で、利用しているアクセスレベルを判断できない",
            ),
            Self::NothingShown => (
                "nothing shows its service in use, though this trail would not show all of it",
                "サービスの利用は見られないが、この証跡にすべてが現れるわけではない",
            ),
            Self::Named => (
                "a policy names them or their resources: whether they are used cannot be told",
                "ポリシーがアクションまたはリソースを指定しており、利用の有無を判断できない",
            ),
            Self::NotAccessed => (
                "last-accessed data says that nobody used the service",
                "最終アクセス情報ではサービスの利用なし",
            ),
            Self::OtherLevels => {
                ("its service is in use at other levels", "サービスは利用中だが、アクセスレベルが異なる")
            }
            Self::LevelInUse => {
                ("its service is in use at this level", "サービスがこのアクセスレベルで利用中")
            }
            Self::LastAccessed => (
                "last-accessed data says the service is in use, and the trail does not show how",
                "最終アクセス情報ではサービスが利用中だが、使い方は証跡に現れない",
            ),
            Self::LeftOut => ("left out as asked", "指定により除外"),
        }
    }
}

impl fmt::Display for UnseenWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().0)
    }
}

impl Serialize for UnseenWhy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words().0)
    }
}

/// Finds them among what was granted, and adds those that stay.
pub(super) fn of(
    input: &Input<'_>,
    options: &Options,
    grants: &[Grant],
    needs: &[Need],
    elements: &mut Elements,
) -> (Vec<Unseen>, Beyond) {
    let levels = levels_in_use(needs);
    let in_use = services_in_use(input, &levels);
    let mut beyond = ActionSet::none(Catalogue::embedded());
    let mut found: Found = BTreeMap::new();
    for (place, grant) in grants.iter().enumerate() {
        let blind = blind::of_statement(input.sight, input.subject.account, &grant.statement);
        // A service that nobody used is not worth a line for each of its actions, unless a policy names them.
        let mut wide = blind.wide.clone();
        beyond.unite(&wide);
        wide.intersect(&in_use);
        let held = not_held(input, &grant.statement, &blind);
        let named = |set: &ActionSet, by| set.iter().map(|id| (id, by)).collect::<Vec<_>>();
        let all = [
            named(&blind.meant, Naming::Them),
            named(&blind.of_service, Naming::Service),
            named(&wide, Naming::Nothing),
            named(&held, Naming::NotHeld),
        ];
        for (id, naming) in all.into_iter().flatten() {
            let action = Catalogue::embedded().name(id);
            let service = action.split(':').next().unwrap_or_default().to_owned();
            let (fits, why) = fits(input, &levels, id, &service, naming);
            let is_kept = fits && options.keep_unseen;
            if is_kept {
                compose::add_as_granted(elements, place, id, ElementKind::Unseen);
            }
            let why = if fits && !is_kept { UnseenWhy::LeftOut } else { why };
            let not_shown = match naming {
                Naming::NotHeld => Blind::NotHeld,
                _ => blind::why(input.sight, input.subject.account, &grant.statement, &action),
            };
            found.entry((service, not_shown, is_kept, why)).or_default().insert(action);
        }
    }
    let unseen = |((service, not_shown, is_kept, why), actions): (_, BTreeSet<String>)| Unseen {
        service,
        not_shown,
        actions: actions.into_iter().collect(),
        is_kept,
        why,
    };
    beyond.subtract(&in_use);
    (found.into_iter().map(unseen).collect(), Beyond::of(&beyond))
}

impl Beyond {
    fn of(actions: &ActionSet) -> Self {
        let catalogue = Catalogue::embedded();
        let names = actions.iter().map(|id| catalogue.name(id));
        let services: BTreeSet<String> =
            names.filter_map(|name| Some(name.split_once(':')?.0.to_owned())).collect();
        Self { services: services.len(), actions: actions.count() }
    }
}

/// Actions by service, by why they are not seen, whether they stay, and why.
type Found = BTreeMap<(String, Blind, bool, UnseenWhy), BTreeSet<String>>;

/// What a user or role holds of which the trail would not show the use: what it names, and whether there is more.
pub(super) fn held(input: &Input<'_>, grants: &[Grant]) -> (BTreeSet<String>, bool) {
    let catalogue = Catalogue::embedded();
    let (mut named, mut has_more) = (BTreeSet::new(), false);
    for grant in grants {
        let blind = blind::of_statement(input.sight, input.subject.account, &grant.statement);
        named.extend(blind.meant.iter().map(|id| catalogue.name(id)));
        has_more |= !blind.of_service.is_empty() || !blind.wide.is_empty();
    }
    (named, has_more)
}

/// What of an action a policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    /// The action, or the resources it is about.
    Them,
    Service,
    Nothing,
    /// Whatever it names: AWS saw its service used, and the trail holds no call to it, though it would have shown it.
    NotHeld,
}

/// Whether what is not seen is likely to be used, and why.
fn fits(
    input: &Input<'_>,
    levels: &BTreeMap<String, BTreeSet<AccessLevel>>,
    id: ActionId,
    service: &str,
    naming: Naming,
) -> (bool, UnseenWhy) {
    let told = input.last_accessed.and_then(|told| told.get(service));
    match levels.get(service) {
        _ if naming == Naming::NotHeld => (true, UnseenWhy::LastAccessed),
        // AWS tracks attempts of every kind, data events included (`access_policies_last-accessed`).
        None if told.is_some_and(|told| told.at.is_none()) => (false, UnseenWhy::NotAccessed),
        _ if naming == Naming::Them => (true, UnseenWhy::Named),
        // The levels of what is shown say nothing of what is not: whoever lists buckets may write objects.
        Some(_) if naming == Naming::Service => (true, UnseenWhy::ServiceInUse),
        None if naming == Naming::Service && told.is_none() => (false, UnseenWhy::NothingShown),
        Some(levels) => {
            let held = Catalogue::embedded().access_levels(id);
            let fits = held.iter().all(|level| levels.contains(&plain(*level)));
            (fits, if fits { UnseenWhy::LevelInUse } else { UnseenWhy::OtherLevels })
        }
        None => (true, UnseenWhy::LastAccessed),
    }
}

/// What a statement allows of services that AWS saw used and of which the trail lacks the calls, beside what no trail would have shown.
fn not_held(input: &Input<'_>, statement: &Statement, blind: &BlindActions) -> ActionSet {
    let catalogue = Catalogue::embedded();
    let mut set = ActionSet::none(catalogue);
    let told = input.last_accessed.into_iter().flatten();
    for (service, _) in told.filter(|(_, told)| told.is_not_held) {
        catalogue.expand_into(&mut set, &format!("{service}:*"));
    }
    if set.is_empty() {
        return set;
    }
    set.intersect(&blind::allowed(statement));
    [&blind.meant, &blind.of_service, &blind.wide].into_iter().for_each(|shown| set.subtract(shown));
    set
}

/// The services of which AWS saw a use that the trail lacks.
pub(super) fn services_not_held(input: &Input<'_>) -> BTreeSet<String> {
    let told = input.last_accessed.into_iter().flatten();
    told.filter(|(_, told)| told.is_not_held).map(|(service, _)| format!("{service}:*")).collect()
}

/// The actions of services that calls or last-accessed data show in use.
fn services_in_use(input: &Input<'_>, levels: &BTreeMap<String, BTreeSet<AccessLevel>>) -> ActionSet {
    let catalogue = Catalogue::embedded();
    let told = input.last_accessed.into_iter().flatten();
    let accessed = told.filter(|(_, told)| told.at.is_some()).map(|(service, _)| service);
    let mut set = ActionSet::none(catalogue);
    for service in levels.keys().chain(accessed) {
        catalogue.expand_into(&mut set, &format!("{service}:*"));
    }
    set
}

fn levels_in_use(needs: &[Need]) -> BTreeMap<String, BTreeSet<AccessLevel>> {
    let catalogue = Catalogue::embedded();
    let mut levels: BTreeMap<String, BTreeSet<AccessLevel>> = BTreeMap::new();
    for need in needs {
        let Some(id) = catalogue.action(&need.action) else { continue };
        let held = levels.entry(need.service().to_owned()).or_default();
        held.extend(catalogue.access_levels(id).into_iter().map(plain));
    }
    levels
}

/// Whoever may list may read: AWS draws that line differently from service to service.
fn plain(level: AccessLevel) -> AccessLevel {
    if level == AccessLevel::List { AccessLevel::Read } else { level }
}
