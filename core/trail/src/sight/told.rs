//! What CloudTrail says of the trails of an account, beside what its events show.
//!
//! Event selectors say what is logged that nobody did yet, and what is not logged though it was done. They are those of today: where
//! they were changed while the trail runs, or where nobody knows whether the files at hand are of that trail, they prove nothing.
//! What they exclude is not seen, whatever events show: the two contradict each other then, and that is told.

use std::collections::BTreeMap;

use kagimori_estate::cloudtrail::{DescribedTrail, EventSelector};
use kagimori_id::AccountId;
use kagimori_policy::catalogue::{AccessLevel, Catalogue};

use super::selectors::{Event, Text, Truth};
use super::{Blind, DAY, Look, View, container};
use crate::actions::{Logging, Operation, operations_of};

/// The trails that log an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    trails: Vec<DescribedTrail>,
    /// Of each trail, whether it was on and selected the same all the time, and the files at hand are its.
    is_certain: Vec<bool>,
    /// Of each trail, whether it was on and selected the same all the time.
    is_steady: Vec<bool>,
    contradictions: Vec<Contradiction>,
}

/// Events that a trail holds and no event selector of the account's trails selects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Contradiction {
    /// The type of their resources; `None`: management events.
    pub kind: Option<&'static str>,
    /// Whether they only read.
    pub is_read: bool,
    /// On what they are, or of which services; the first.
    pub example: String,
    /// On how many.
    pub count: usize,
}

impl Contradiction {
    /// In English and in Japanese.
    pub fn words(&self) -> (String, String) {
        let more = self.count.saturating_sub(1);
        let (and, hoka) = match more {
            0 => (String::new(), String::new()),
            _ => (format!(" (+{more})"), format!("（ほか {more}）")),
        };
        let (what, nani) = events(self.kind, Some(self.is_read));
        let example = &self.example;
        (
            format!("the trail holds {what} of {example}{and}, which no event selector selects"),
            format!("どのイベントセレクターも選択していない{nani}が証跡にある：{example}{hoka}"),
        )
    }
}

/// Kinds of events, in English and in Japanese.
pub(super) fn events(kind: Option<&str>, is_read: Option<bool>) -> (String, String) {
    let (that, suru) = match is_read {
        Some(true) => (" that read", "読み取りの"),
        Some(false) => (" that write", "書き込みの"),
        None => ("", ""),
    };
    match kind {
        Some(kind) => (format!("data events ({kind}){that}"), format!("{suru}データイベント（{kind}）")),
        None => (format!("management events{that}"), format!("{suru}管理イベント")),
    }
}

impl Told {
    /// What trails say of an account of which this was seen. `homes` are the views of the accounts that the trails are of.
    pub(super) fn new(trails: Vec<DescribedTrail>, view: &View, homes: &BTreeMap<AccountId, View>) -> Self {
        let is_steady: Vec<bool> = trails.iter().map(|trail| is_steady(trail, view, homes)).collect();
        let mut is_witnessed = vec![trails.len() == 1; trails.len()];
        let mut against: BTreeMap<(Option<&'static str>, bool), Vec<&str>> = BTreeMap::new();
        for (kind, place, is_read) in view.seen() {
            let sources = [place];
            let event = Event {
                kind,
                read_only: is_read,
                resource: if kind.is_some() { Text::Between(place, "") } else { Text::UNKNOWN },
                name: None,
                sources: if kind.is_some() { &[] } else { &sources },
                region: None,
            };
            let may = |trail| event.is_selected(trail) != Some(Truth::No);
            let mut by = trails.iter().enumerate().filter(|(_, trail)| may(trail)).map(|(at, _)| at);
            match (by.next(), by.next()) {
                (None, _) => against.entry((kind, is_read)).or_default().push(place),
                (Some(only), None) => is_witnessed.iter_mut().skip(only).take(1).for_each(|one| *one = true),
                _ => {}
            }
        }
        let contradiction = |((kind, is_read), places): (_, Vec<&str>)| Contradiction {
            kind,
            is_read,
            example: places.iter().min().copied().unwrap_or_default().to_owned(),
            count: places.len(),
        };
        let contradictions =
            if trails.is_empty() { Vec::new() } else { against.into_iter().map(contradiction).collect() };
        let is_certain = is_witnessed.iter().zip(&is_steady).map(|(one, other)| *one && *other).collect();
        Self { trails, is_certain, is_steady, contradictions }
    }

    pub(super) fn contradictions(&self) -> &[Contradiction] {
        &self.contradictions
    }

    /// Whether the event selectors, all of which are known, leave out something of it; `None`: they do not.
    pub(super) fn leaves_out(&self, look: &Look<'_>, logging: Logging) -> Option<Blind> {
        if self.trails.is_empty() || self.trails.iter().any(|trail| trail.selectors.value().is_none()) {
            return None;
        }
        let kind = kind_of(logging)?;
        let is_left_out = |event: &Event<'_>| {
            let by = |trail| {
                // Where it is made, events show, too.
                let place = if event.is_where(trail) == Truth::No { Truth::No } else { Truth::Yes };
                event.is_selected(trail).map(|truth| truth.min(place))
            };
            self.trails.iter().filter_map(by).max() != Some(Truth::Yes)
        };
        let mut reads = Vec::new();
        each_event(look, kind, self.partition(), &mut |event| {
            if is_left_out(event) && !reads.contains(&event.read_only) {
                reads.push(event.read_only);
            }
        });
        let is_read = if let [only] = reads.as_slice() { Some(*only) } else { None };
        (!reads.is_empty()).then_some(Blind::NotSelected { kind, is_read })
    }

    /// Whether a trail selects every management event; where the selectors of one are not known, events tell.
    pub(super) fn selects_management(&self) -> bool {
        let all = |trail: &DescribedTrail| {
            let is_everywhere = trail.is_multi_region.value() == Some(&true);
            let default = EventSelector::default_of_trails();
            let selects = trail.selectors.value().is_some_and(|held| held.contains(&default));
            selects && is_everywhere && trail.has_global_services.value() == Some(&true)
        };
        let is_unknown = |trail: &DescribedTrail| trail.selectors.value().is_none();
        self.trails.is_empty() || self.trails.iter().any(is_unknown) || self.trails.iter().any(all)
    }

    /// Whether it would be in the files at hand, whatever events show.
    pub(super) fn shows(&self, look: &Look<'_>, logging: Logging) -> bool {
        let Some(kind) = kind_of(logging).filter(|_| self.contradictions.is_empty()) else { return false };
        let is_all_steady = !self.trails.is_empty() && self.is_steady.iter().all(|is| *is);
        let mut is_shown = true;
        each_event(look, kind, self.partition(), &mut |event| {
            let logs = |trail: &DescribedTrail| {
                event.is_selected(trail) == Some(Truth::Yes) && event.is_where(trail) == Truth::Yes
            };
            let mut certain = self.trails.iter().zip(&self.is_certain).filter(|(_, is)| **is);
            is_shown &=
                certain.any(|(trail, _)| logs(trail)) || is_all_steady && self.trails.iter().all(logs);
        });
        is_shown
    }

    fn partition(&self) -> &str {
        self.trails.first().map_or("aws", |trail| trail.arn.partition())
    }
}

/// Of data events the type of their resource, of management events nothing.
fn kind_of(logging: Logging) -> Option<Option<&'static str>> {
    match logging {
        Logging::Never => None,
        Logging::Data(kind) => Some(Some(kind)),
        Logging::Management => Some(None),
    }
}

/// A trail was on since before the first event, and nobody changed what it selects; the account that it is of would show that.
fn is_steady(trail: &DescribedTrail, view: &View, homes: &BTreeMap<AccountId, View>) -> bool {
    let Some(status) = trail.status.value().filter(|status| status.is_logging) else { return false };
    if status.delivery_error.is_some() {
        return false;
    }
    let Some(first) = view.days.first() else { return false };
    let was_on =
        status.started.is_some_and(|at| at.as_second() < first.saturating_add(1).saturating_mul(DAY));
    let home = trail.arn.account().and_then(|account| homes.get(&account));
    let shows_changes = home.zip(trail.home_region.value()).is_some_and(|(home, region)| {
        home.regions.contains(region.as_str()) && home.has_management(false) && !home.has_changed_trails
    });
    was_on && shows_changes
}

/// Every event that a look may lead to.
fn each_event(
    look: &Look<'_>,
    kind: Option<&'static str>,
    partition: &str,
    visit: &mut dyn FnMut(&Event<'_>),
) {
    let service = look.action.split(':').next().unwrap_or_default();
    let operations: &[Operation] = operations_of(look.action);
    let unknown = [Operation { labels: Vec::new(), name: "" }];
    let operations = if operations.is_empty() { &unknown } else { operations };
    let any = any_of(kind, partition);
    let resources: Vec<Text<'_>> = match look.resources {
        [] => vec![Text::Between(&any, "")],
        some => some.iter().map(|pattern| resource(kind, pattern, &any)).collect(),
    };
    let regions: Vec<Option<&str>> = match look.resources {
        [] => vec![None],
        some => some.iter().map(|pattern| region(pattern)).collect(),
    };
    let reads: &[bool] = match reads(look.action) {
        Some(true) => &[true],
        Some(false) => &[false],
        None => &[true, false],
    };
    for operation in operations {
        let own = [service];
        let sources = if operation.labels.is_empty() { &own[..] } else { &operation.labels };
        let name = Some(operation.name).filter(|name| !name.is_empty());
        for (resource, region) in resources.iter().zip(&regions) {
            for read_only in reads {
                let (resource, region, read_only) = (*resource, *region, *read_only);
                visit(&Event { kind, read_only, resource, name, sources, region });
            }
        }
    }
}

/// How the ARNs of a kind begin, where that is sure.
fn any_of(kind: Option<&str>, partition: &str) -> String {
    match kind {
        Some("AWS::S3::Object") => format!("arn:{partition}:s3:::"),
        Some("AWS::Lambda::Function") => format!("arn:{partition}:lambda:"),
        Some("AWS::DynamoDB::Table") => format!("arn:{partition}:dynamodb:"),
        _ => String::new(),
    }
}

/// What `resources.ARN` will be for a resource of a policy.
fn resource<'a>(kind: Option<&str>, pattern: &'a str, any: &'a str) -> Text<'a> {
    match (kind, container(pattern)) {
        _ if pattern == "*" => Text::Between(any, ""),
        // A bucket: whatever is asked of it is about its objects.
        (Some("AWS::S3::Object"), _) if !pattern.contains(['/', '*', '?', '$']) => Text::Between(pattern, ""),
        (Some("AWS::Lambda::Function" | "AWS::DynamoDB::Table"), Some(place)) => Text::Is(place),
        _ => Text::of_pattern(pattern),
    }
}

/// The Region that a resource names.
fn region(pattern: &str) -> Option<&str> {
    pattern.split(':').nth(3).filter(|region| !region.is_empty() && !region.contains(['*', '?', '$']))
}

/// Whether CloudTrail calls the use of an action a read; `None`: that does not follow from its access level. (`kms:Decrypt` and
/// `sts:AssumeRole` are reads to CloudTrail; a report that is generated is none.)
pub(super) fn reads(action: &str) -> Option<bool> {
    const READS: [&str; 9] =
        ["get", "list", "describe", "head", "batchget", "query", "scan", "select", "search"];
    let (service, name) = action.split_once(':')?;
    let name = name.to_ascii_lowercase();
    let says_read = READS.iter().any(|begin| name.starts_with(begin));
    let catalogue = Catalogue::embedded();
    let levels = catalogue.access_levels(catalogue.action(action)?);
    let is = |level: &AccessLevel| matches!(level, AccessLevel::Read | AccessLevel::List);
    let is_of_keys = ["kms", "sts"].iter().any(|one| one.eq_ignore_ascii_case(service));
    match (levels.is_empty(), levels.iter().all(is), says_read) {
        (true, ..) => None,
        (_, true, true) => Some(true),
        (_, false, false) if !is_of_keys => Some(false),
        _ => None,
    }
}
