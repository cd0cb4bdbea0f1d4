//! Actions whose use this trail does not show.
//!
//! "Unused" is only ever said of what would have been seen. What CloudTrail never records, and data events that this trail
//! does not hold, are kept for services in use at the access levels in use, or listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kagimori_policy::catalogue::{AccessLevel, ActionSet, Catalogue};
use serde::Serialize;

use super::compose::{self, ElementKind, Elements};
use super::grants::Grant;
use super::needs::Need;
use super::{Input, Options};

/// Which log shows an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum Logging {
    /// A management event, which every trail holds.
    Management,
    /// A data event, which a trail holds when it is told to.
    Data,
    /// None.
    Never,
    /// Nobody knows.
    NotKnown,
}

/// A service in the answer of `iam get-service-last-accessed-details`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "a time")]
pub struct LastAccessed {
    /// `LastAuthenticated`, attempts that were denied included; `None`: not within the tracking period.
    pub at: Option<i64>,
}

/// Actions of one service that this trail does not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unseen {
    /// The service's prefix.
    pub service: String,
    /// Which log would show them.
    pub logging: Logging,
    /// The actions.
    pub actions: Vec<String>,
    /// They stay in the policy.
    pub is_kept: bool,
    /// Why they stay, or why not.
    pub why: UnseenWhy,
}

/// Why actions that the trail does not show stay, or why not. Their order is that of the English texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum UnseenWhy {
    /// The service is in use at other access levels.
    OtherLevels,
    /// The service is in use at this access level.
    LevelInUse,
    /// Last-accessed data says that the service is in use.
    LastAccessed,
    /// They would stay, and that was not wanted.
    LeftOut,
}

impl UnseenWhy {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::OtherLevels, Self::LevelInUse, Self::LastAccessed, Self::LeftOut];

    /// In English and in Japanese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
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
) -> Vec<Unseen> {
    let catalogue = Catalogue::embedded();
    let levels = levels_in_use(needs);
    let mut found: BTreeMap<(String, Logging, bool, UnseenWhy), BTreeSet<String>> = BTreeMap::new();
    let observed: BTreeSet<String> = needs.iter().map(|need| need.action.to_ascii_lowercase()).collect();
    for (place, grant) in grants.iter().enumerate() {
        let granted: ActionSet = grant.actions();
        for id in granted.iter() {
            let name = catalogue.name(id);
            let service = name.split(':').next().unwrap_or_default();
            // A service that nobody used is not worth a line for each of its actions.
            let Some(use_) = in_use(input, &levels, service) else { continue };
            let logging = (input.logging)(&name);
            let is_shown = match logging {
                Logging::Management => true,
                Logging::Data => input.data_events.contains(service),
                Logging::Never | Logging::NotKnown => false,
            };
            if is_shown || observed.contains(&name.to_ascii_lowercase()) {
                continue;
            }
            let (fits, why) = match use_ {
                Use::Levels(levels) => {
                    let fits =
                        catalogue.access_levels(id).iter().all(|level| levels.contains(&plain(*level)));
                    (fits, if fits { UnseenWhy::LevelInUse } else { UnseenWhy::OtherLevels })
                }
                Use::LastAccessed => (true, UnseenWhy::LastAccessed),
            };
            let is_kept = fits && options.keep_unseen;
            if is_kept {
                compose::add_as_granted(elements, place, id, ElementKind::Unseen);
            }
            let why = if fits && !is_kept { UnseenWhy::LeftOut } else { why };
            found.entry((service.to_owned(), logging, is_kept, why)).or_default().insert(name);
        }
    }
    found
        .into_iter()
        .map(|((service, logging, is_kept, why), actions)| Unseen {
            service,
            logging,
            actions: actions.into_iter().collect(),
            is_kept,
            why,
        })
        .collect()
}

enum Use<'a> {
    Levels(&'a BTreeSet<AccessLevel>),
    LastAccessed,
}

fn in_use<'a>(
    input: &Input<'_>,
    levels: &'a BTreeMap<String, BTreeSet<AccessLevel>>,
    service: &str,
) -> Option<Use<'a>> {
    if let Some(levels) = levels.get(service) {
        return Some(Use::Levels(levels));
    }
    let told = input.last_accessed?.get(service)?;
    told.at.map(|_| Use::LastAccessed)
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
