//! Is use real, or only a noise of failing or empty polling?
//!
//! "Last used" counts attempts, successful or not. The class of use looks at what came of them:
//!
//! 1. **noise**: no call succeeded; or nothing but a heartbeat succeeded (at most two different calls that list,
//!    describe or ask who one is, on at least three days at a steady rate). Calls that fetch data (`GetObject`,
//!    `GetSecretValue`, `Decrypt`) are never a heartbeat: a program that only reads may be the most important one.
//! 2. **shared**: two or more workloads ([`Activity::workloads`]).
//! 3. **rare**: the rhythm of use is longer than half the limit for "unused".
//! 4. **active**: anything else.

use jiff::Timestamp;
use serde::Serialize;

use crate::usage::{Action, Activity, Coverage};

/// Class of use of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "each class has its own sentence in both languages")]
pub enum UseClass {
    /// Real use: calls that succeed and do something.
    Active,
    /// Only errors, or only heartbeat reads: "last used" stays fresh and nothing comes of it.
    Noise,
    /// Real use, seldom: its rhythm is longer than half the limit for "unused".
    Rare,
    /// Real use by two or more families of workload.
    Shared,
}

/// The class of use, and what the trail could not have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classification {
    /// The class.
    pub class: UseClass,
    /// Data events (S3 objects, Lambda calls, DynamoDB items …) were not in the trail: real use may be hidden.
    pub blind_to_data: bool,
}

/// The most different calls a heartbeat has.
const HEARTBEAT_ACTIONS_MAX: usize = 2;
/// The fewest days on which a heartbeat was seen.
const HEARTBEAT_DAYS_MIN: usize = 3;
/// A heartbeat's busiest day has at most this many times the calls of its median day.
const HEARTBEAT_SWING_MAX: u32 = 3;

/// Classifies an activity. `unused_days` is the limit for "unused"; without `coverage` the trail is taken to begin
/// with the first call.
pub fn classify(
    activity: &Activity,
    coverage: Option<&Coverage>,
    unused_days: i64,
    now: Timestamp,
) -> Classification {
    let class = if activity.succeeded == 0 || is_heartbeat(activity) {
        UseClass::Noise
    } else if activity.workloads.seen.len() > 1 {
        UseClass::Shared
    } else if longest_usual_gap(activity, coverage, now) * 2 > unused_days {
        UseClass::Rare
    } else {
        UseClass::Active
    };
    Classification { class, blind_to_data: coverage.is_none_or(|coverage| !coverage.data_events) }
}

fn is_heartbeat(activity: &Activity) -> bool {
    let mut worked = activity.actions.iter().filter(|(_, used)| used.succeeded > 0).map(|(action, _)| action);
    let few = activity.actions.values().filter(|used| used.succeeded > 0).count() <= HEARTBEAT_ACTIONS_MAX;
    few && activity.writes == 0 && worked.all(only_looks) && is_steady(activity)
}

/// Calls whose answer is a list of what exists, or who one is.
fn only_looks(action: &Action) -> bool {
    let name = action.name.as_str();
    name.starts_with("List")
        || name.starts_with("Describe")
        || ["GetCallerIdentity", "HeadBucket", "GetSendQuota", "GetAccountSummary", "GetUser"].contains(&name)
}

fn is_steady(activity: &Activity) -> bool {
    let mut daily: Vec<u32> = activity.days.values().copied().collect();
    daily.sort_unstable();
    let median = daily.get(daily.len() / 2).copied().unwrap_or_default();
    let busiest = daily.last().copied().unwrap_or_default();
    daily.len() >= HEARTBEAT_DAYS_MIN && busiest <= median.saturating_mul(HEARTBEAT_SWING_MAX)
}

/// The median number of days between days of use; a single day of use stands between the edges of the trail.
fn longest_usual_gap(activity: &Activity, coverage: Option<&Coverage>, now: Timestamp) -> i64 {
    let days: Vec<i64> = activity.days.keys().map(|day| i64::from(*day)).collect();
    let mut gaps: Vec<i64> = days.iter().zip(days.iter().skip(1)).map(|(a, b)| b - a).collect();
    if gaps.is_empty() {
        let day = |at: Timestamp| at.as_second().div_euclid(86_400);
        let used = days.first().copied().unwrap_or_default();
        let begin = coverage.map_or(used, |coverage| day(coverage.first));
        let end = coverage.map_or_else(|| day(now), |coverage| day(coverage.last));
        return (used - begin).max(end - used);
    }
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied().unwrap_or_default()
}
