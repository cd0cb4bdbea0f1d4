//! What a trail would have shown.
//!
//! "Unused" is said only of what would have been seen. A trail shows management events of the Regions it is told to log, and data
//! events of the resources that a selector names, reads, writes or both (*Logging data events*: selectors go by
//! `resources.type`, `resources.ARN` and `readOnly`). None of that is told by its files; so only what was seen proves that the
//! like would have been: an event whose own `eventCategory` is `Data` that data events of its resource are logged, an event of a
//! Region that this Region is, one that reads that reads are. Where nothing proves it, the trail is blind, and nothing is concluded.
//!
//! Where the event selectors of the account's trails are given ([`Sight::tell_trails`]), they prove what nobody did yet to be logged,
//! and what they leave out is not seen, whatever events show.

mod selectors;
mod silence;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::cloudtrail::DescribedTrail;
use kagimori_id::AccountId;
use kagimori_policy::catalogue::{AccessLevel, Catalogue};
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::actions::{Logging, logging};
use crate::call::{Call, Check, CheckedResource};
use crate::history::Made;

pub use silence::{Part, Silence, days_of};
pub use told::Contradiction;
use told::Told;

/// So many resources with data events are remembered of an account. Of one beyond that the trail is taken to be blind.
const RESOURCES_MAX: usize = 1 << 16;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// Calls after which a trail may log something else than before.
const CHANGES_OF_TRAILS: [&str; 6] =
    ["CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging", "PutEventSelectors"];

/// Services of which AWS writes every event to one Region (*Logging global service events*): they prove no other event of it.
const GLOBAL: [&str; 14] = [
    "iam",
    "sts",
    "signin",
    "cloudfront",
    "route53",
    "route53domains",
    "organizations",
    "account",
    "globalaccelerator",
    "shield",
    "waf",
    "budgets",
    "ce",
    "support",
];

/// What a trail would have shown, by account. Parts merge in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    accounts: BTreeMap<AccountId, View>,
    /// Kinds of data event that are logged of every resource, as somebody says who knows the selectors.
    told: BTreeSet<String>,
    /// What CloudTrail says of the trails that log an account.
    trails: BTreeMap<AccountId, Told>,
    /// What was given of the trail and could not be read: of whom, and of which day; `None`: nobody knows.
    unread: BTreeSet<(Option<AccountId>, Option<i64>)>,
}

/// What is seen of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct View {
    /// Regions with a management event.
    regions: BTreeSet<Box<str>>,
    /// Regions that something says are in use.
    used: BTreeSet<Box<str>>,
    /// Of which services there was a management event, read-only or not.
    management: Management,
    /// Somebody changed what is logged, or turned it on or off.
    has_changed_trails: bool,
    /// Of which kinds and resources there was a data event, read-only or not.
    data: FxHashSet<(&'static str, Box<str>, bool)>,
    /// Buckets that some event is about: their Regions are logged.
    buckets: FxHashSet<Box<str>>,
    /// Days with an event, since 1970-01-01.
    days: BTreeSet<i64>,
    /// The same of parts of it.
    parts: BTreeMap<Part, BTreeSet<i64>>,
    /// Days of which digest files prove that all was delivered.
    delivered: BTreeSet<i64>,
}

/// The services of which there was a management event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Management {
    read: BTreeSet<Box<str>>,
    written: BTreeSet<Box<str>>,
}

/// What may be done, and on what.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Look<'a> {
    /// The account in whose trail it would stand.
    pub account: AccountId,
    /// The IAM action as the service reference writes it.
    pub action: &'a str,
    /// The resources as a policy names them; none: any.
    pub resources: &'a [String],
}

/// Why a trail would not have shown something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum Blind {
    /// There is no event of the account at all.
    Account,
    /// A part of its trail was given and could not be read.
    Unread,
    /// AWS saw it used, and the trail at hand holds no such call: it is not whole.
    NotHeld,
    /// CloudTrail logs it never, or not by every call.
    Never,
    /// Data events of this kind are not logged of everything that it is about.
    Data {
        /// The type of the selector: `AWS::S3::Object`.
        kind: &'static str,
    },
    /// There is no event of this Region.
    Region {
        /// Its name.
        region: String,
    },
    /// There is no management event that reads, or none that writes.
    Management {
        /// None that reads.
        is_read: bool,
    },
    /// The event selectors of the account's trails do not select all of it.
    NotSelected {
        /// The type of resource of data events; `None`: management events.
        kind: Option<&'static str>,
        /// Those that read, or those that write; `None`: of both.
        is_read: Option<bool>,
    },
}

impl Sight {
    /// Takes in what a call proves.
    pub fn add(&mut self, call: &Call) {
        self.add_made(&Made::of(call));
    }

    /// Takes in what calls prove that are alike.
    pub fn add_made(&mut self, made: &Made<'_>) {
        let Some(account) = made.account else { return };
        let view = self.accounts.entry(account).or_default();
        view.hear(made);
        let service = made.source.split('.').next().unwrap_or_default();
        if !made.is_data {
            view.add_management(made, service);
        }
        let region = made.region.filter(|_| !made.is_data && !is_global(service));
        if let Some(region) = region.filter(|region| !view.regions.contains(*region)) {
            view.regions.insert(region.into());
        }
        view.add_buckets(made);
        if made.is_data {
            view.add_data(made);
        }
    }

    /// Takes in what another thread saw.
    pub fn merge(&mut self, other: Self) {
        self.told.extend(other.told);
        self.unread.extend(other.unread);
        for (account, theirs) in other.accounts {
            let mine = self.accounts.entry(account).or_default();
            mine.regions.extend(theirs.regions);
            mine.management.read.extend(theirs.management.read);
            mine.management.written.extend(theirs.management.written);
            mine.has_changed_trails |= theirs.has_changed_trails;
            mine.used.extend(theirs.used);
            mine.days.extend(theirs.days);
            for (part, days) in theirs.parts {
                mine.parts.entry(part).or_default().extend(days);
            }
            mine.delivered.extend(theirs.delivered);
            mine.buckets.extend(theirs.buckets);
            // In order, so that what is beyond the bound does not hang on what came first.
            let mut data: Vec<_> = theirs.data.into_iter().collect();
            data.sort_unstable();
            data.into_iter().for_each(|one| mine.insert(one));
        }
    }

    /// Data events of this kind (`AWS::S3::Object`) are logged of every resource.
    pub fn tell(&mut self, kind: &str) {
        self.told.insert(kind.to_owned());
    }

    /// What CloudTrail says of the trails that log an account: all of them, or nothing is to be told. To be told when all calls are
    /// taken in.
    pub fn tell_trails(&mut self, account: AccountId, trails: Vec<DescribedTrail>) {
        if let Some(view) = self.accounts.get(&account) {
            self.trails.insert(account, Told::new(trails, view, &self.accounts));
        }
    }

    /// What of an account the trail holds though its event selectors do not select it.
    pub fn contradictions(&self, account: AccountId) -> &[Contradiction] {
        self.trails.get(&account).map_or(&[], Told::contradictions)
    }

    /// A part of the trail was given and could not be read: of an account and of a day since 1970-01-01, or nobody knows of which. Whatever
    /// was done may stand there.
    pub fn tell_unread(&mut self, account: Option<AccountId>, day: Option<i64>) {
        self.unread.insert((account, day));
    }

    /// Whether something of the trail of an account could not be read.
    pub fn is_unread(&self, account: AccountId) -> bool {
        self.unread_of(account).next().is_some()
    }

    fn unread_of(&self, account: AccountId) -> impl Iterator<Item = Option<i64>> {
        let is_of = move |of: &Option<AccountId>| of.is_none_or(|of| of == account);
        self.unread.iter().filter(move |(of, _)| is_of(of)).map(|(_, day)| *day)
    }

    /// Something says that a Region is in use: a key's last use, a resource that was named.
    pub fn tell_used(&mut self, account: AccountId, region: &str) {
        self.accounts.entry(account).or_default().used.insert(region.into());
    }

    /// Why the trail would not have shown every use of something; `None`: it would have.
    pub fn blind(&self, look: &Look<'_>) -> Option<Blind> {
        let Some(view) = self.accounts.get(&look.account).filter(|view| !view.days.is_empty()) else {
            return Some(Blind::Account);
        };
        if self.is_unread(look.account) {
            return Some(Blind::Unread);
        }
        let logging = logging_of(look.action);
        let by_events = self.blind_by_events(view, look, logging);
        let Some(told) = self.trails.get(&look.account) else { return by_events };
        match told.leaves_out(look, logging) {
            Some(left_out) => Some(left_out),
            None => by_events.filter(|_| !told.shows(look, logging)),
        }
    }

    /// Whether every management event on these resources would have been seen, whatever service it is of. (`false`: perhaps not.)
    pub fn shows_management(&self, account: AccountId, resources: &[String]) -> bool {
        let Some(view) = self.accounts.get(&account).filter(|view| !view.days.is_empty()) else {
            return false;
        };
        let is_seen = view.has_management(true) && view.has_management(false);
        is_seen
            && !self.is_unread(account)
            && view.unseen_region(resources).is_none()
            && self.trails.get(&account).is_none_or(Told::selects_management)
    }

    /// The same, by what events prove.
    fn blind_by_events(&self, view: &View, look: &Look<'_>, logging: Logging) -> Option<Blind> {
        match logging {
            Logging::Never => Some(Blind::Never),
            Logging::Data(kind) => {
                let is_read = is_read(look.action);
                let is_logged = |pattern: &String| {
                    container(pattern).is_some_and(|place| view.data.contains(&(kind, place.into(), is_read)))
                };
                let is_seen = self.told.contains(kind)
                    || (!look.resources.is_empty() && look.resources.iter().all(is_logged));
                if is_seen { None } else { Some(Blind::Data { kind }) }
            }
            Logging::Management => {
                let service = look.action.split(':').next().unwrap_or_default();
                let region = if is_global(service) { None } else { view.unseen_region(look.resources) };
                let unseen = || {
                    let wanted = told::reads(look.action).map_or(vec![true, false], |is_read| vec![is_read]);
                    wanted.into_iter().find(|is_read| !view.has_management(*is_read))
                };
                let region = region.map(|region| Blind::Region { region });
                region.or_else(|| unseen().map(|is_read| Blind::Management { is_read }))
            }
        }
    }

    /// Regions that are in use, as something says, and of which an account's trail holds no event.
    pub fn unseen_regions(&self, account: AccountId) -> Vec<&str> {
        let view = self.accounts.get(&account);
        view.into_iter()
            .flat_map(|view| view.used.difference(&view.regions))
            .map(|region| &**region)
            .collect()
    }

    /// Delivery is proved for a day of a Region, whether there were events or not: by digest files.
    pub fn tell_delivered(&mut self, account: AccountId, region: &str, day: i64) {
        let view = self.accounts.entry(account).or_default();
        view.delivered.insert(day);
        view.regions.insert(region.into());
    }

    /// The first day of which a trail holds an event, of any account, since 1970-01-01.
    pub fn first_day(&self) -> Option<i64> {
        self.accounts.values().filter_map(|view| view.days.first()).min().copied()
    }

    /// On how many days something was heard of an account, or its silence was delivered.
    pub fn shown_days(&self, account: AccountId) -> i64 {
        let days = self.accounts.get(&account).map_or(0, |view| view.days.union(&view.delivered).count());
        i64::try_from(days).unwrap_or(i64::MAX)
    }
}

impl View {
    fn add_management(&mut self, made: &Made<'_>, service: &str) {
        let is_read = made.read_only.unwrap_or_else(|| {
            ["Get", "List", "Describe", "Head"].iter().any(|begin| made.name.starts_with(begin))
        });
        let Management { read, written } = &mut self.management;
        let services = if is_read { read } else { written };
        if !services.contains(service) {
            services.insert(service.into());
        }
        self.has_changed_trails |=
            service == "cloudtrail" && !made.is_denied && CHANGES_OF_TRAILS.contains(&made.name);
    }

    /// Whether there was a management event that reads, or one that writes.
    fn has_management(&self, is_read: bool) -> bool {
        let Management { read, written } = &self.management;
        !(if is_read { read } else { written }).is_empty()
    }

    /// Of which kinds and on what there were events: data events by their resources, management events by their services.
    fn seen(&self) -> impl Iterator<Item = (Option<&'static str>, &str, bool)> {
        let data = self.data.iter().map(|(kind, place, is_read)| (Some(*kind), &**place, *is_read));
        let read = self.management.read.iter().map(|service| (None, &**service, true));
        data.chain(read).chain(self.management.written.iter().map(|service| (None, &**service, false)))
    }

    fn add_buckets(&mut self, made: &Made<'_>) {
        for check in made.checks {
            if let CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) = &check.resource {
                let bucket = container(arn).filter(|_| arn.split(':').nth(2) == Some("s3"));
                let new = bucket.filter(|bucket| !self.buckets.contains(*bucket));
                if let Some(bucket) = new.filter(|_| self.buckets.len() < RESOURCES_MAX) {
                    self.buckets.insert(bucket.into());
                }
            }
        }
    }

    fn add_data(&mut self, made: &Made<'_>) {
        for check in made.checks {
            let (Logging::Data(kind), CheckedResource::Arn(arn) | CheckedResource::Pattern(arn)) =
                (logging(&check.action), &check.resource)
            else {
                continue;
            };
            let Some(place) = container(arn) else { continue };
            // What CloudTrail calls a read is what its selectors go by.
            let is_read = made.read_only.unwrap_or_else(|| is_read(&check.action));
            self.insert((kind, place.into(), is_read));
        }
    }

    fn insert(&mut self, one: (&'static str, Box<str>, bool)) {
        if self.data.len() < RESOURCES_MAX {
            self.data.insert(one);
        }
    }

    /// A Region that the resources may lie in, which the trail does not show.
    fn unseen_region(&self, resources: &[String]) -> Option<String> {
        let any = || self.used.difference(&self.regions).next().map(|region| region.to_string());
        if resources.is_empty() {
            return any();
        }
        resources.iter().find_map(|pattern| {
            let region = pattern.split(':').nth(3).unwrap_or("*");
            match region {
                // A bucket lies in a Region that its name does not tell.
                "" if container(pattern).is_some_and(|bucket| self.buckets.contains(bucket)) => None,
                "" => any(),
                _ if region.contains(['*', '?', '$']) => any(),
                _ => (!self.regions.contains(region)).then(|| region.to_owned()),
            }
        })
    }
}

/// How the use of an action is logged. A role that is handed over is seen in the call that hands it over.
fn logging_of(action: &str) -> Logging {
    if action.eq_ignore_ascii_case("iam:PassRole") { Logging::Management } else { logging(action) }
}

fn is_global(service: &str) -> bool {
    GLOBAL.contains(&service)
}

/// Whether an action only reads, by its access level.
fn is_read(action: &str) -> bool {
    let catalogue = Catalogue::embedded();
    let levels = catalogue.action(action).map(|id| catalogue.access_levels(id)).unwrap_or_default();
    !levels.is_empty() && levels.iter().all(|level| matches!(level, AccessLevel::Read | AccessLevel::List))
}

/// What of a check's resource tells one place of work from another: of objects the bucket, of indexes the table, of versions the
/// function; `*` where there is no resource, nothing where it is not known. The place of a place is itself.
pub fn place(check: &Check) -> &str {
    match &check.resource {
        CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) => container(arn).unwrap_or(arn),
        CheckedResource::None => "*",
        CheckedResource::Unknown => "",
    }
}

/// The resource that a selector of data events names: of an object its bucket, of an index its table, of a version or alias its
/// function. `None` where a pattern leaves it open.
pub fn container(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let service = parts.nth(2)?;
    let resource = parts.nth(2)?;
    let ends_after = match service {
        "s3" => resource.find('/').unwrap_or(resource.len()),
        "dynamodb" => nth(resource, '/', 2),
        "lambda" => nth(resource, ':', 2),
        _ => resource.len(),
    };
    let place = arn.get(..arn.len() - resource.len() + ends_after)?;
    (!place.contains(['*', '?', '$'])).then_some(place)
}

/// Where the `count`th of a letter stands; else the end.
fn nth(text: &str, letter: char, count: usize) -> usize {
    text.match_indices(letter).nth(count - 1).map_or(text.len(), |(at, _)| at)
}

impl Blind {
    /// In English and in Japanese, behind "not logged: ".
    pub fn words(&self) -> (String, String) {
        match self {
            Self::Account => (
                "the trail holds no event of the account".into(),
                "このアカウントのイベントが証跡にない".into(),
            ),
            Self::Unread => {
                ("a part of the trail could not be read".into(), "証跡の一部を読み取れなかった".into())
            }
            Self::NotHeld => (
                "AWS saw it used in this window, and the trail at hand holds no such call: it is not whole"
                    .into(),
                "AWS にはこの期間の利用記録があるが、手元の証跡に該当する呼び出しがない（証跡が欠けている）"
                    .into(),
            ),
            Self::Never => {
                ("CloudTrail does not log its use".into(), "CloudTrail に利用が記録されない".into())
            }
            Self::Data { kind } => (
                format!("data events ({kind}) are not logged of all that it is about"),
                format!("対象すべてのデータイベント（{kind}）が記録されているとは確認できない"),
            ),
            Self::Management { is_read } => {
                let (what, nani) = told::events(None, Some(*is_read));
                (format!("the trail holds no {what}"), format!("{nani}が証跡にない"))
            }
            Self::NotSelected { kind, is_read } => {
                let (what, nani) = told::events(*kind, *is_read);
                (
                    format!("the event selectors do not select all {what} that it makes"),
                    format!("イベントセレクターが該当する{nani}をすべて選択しているわけではない"),
                )
            }
            Self::Region { region } => {
                (format!("the trail holds no event of {region}"), format!("{region} のイベントが証跡にない"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
