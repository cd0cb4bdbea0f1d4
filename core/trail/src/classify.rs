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
    classify_shared(activity, activity.workloads.seen.len() > 1, coverage, unused_days, now)
}

/// The same where it is known whether several use it: [`Judged::is_shared`](crate::origin::Judged::is_shared) does not take an
/// intruder for a workload.
pub fn classify_shared(
    activity: &Activity,
    is_shared: bool,
    coverage: Option<&Coverage>,
    unused_days: i64,
    now: Timestamp,
) -> Classification {
    let class = if activity.succeeded == 0 || is_heartbeat(activity) {
        UseClass::Noise
    } else if is_shared {
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

fn only_looks(action: &Action) -> bool {
    only_looks_at(&action.name)
}

/// Whether the answer of a call is a list of what exists, or who one is, by the name of its event.
pub fn only_looks_at(name: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{UseClass, classify};
    use crate::event::{self, Event};
    use crate::usage::{Coverage, Fold};

    const DAY: i64 = 86_400;
    const BEGIN: i64 = 1_780_000_000;

    /// A call: day, seconds of the day, event name, error code or nothing, user agent.
    type Call = (i64, i64, &'static str, &'static str, &'static str);

    const CLI: &str = "aws-cli/2.31.4";
    const LAMBDA: &str = "Boto3/1.40.4 exec-env/AWS_Lambda_python3.12 Botocore/1.40.4";
    const FARGATE: &str = "aws-sdk-go-v2/1.39.2 lang/go#1.25.1 exec-env/AWS_ECS_FARGATE";

    fn class(calls: &[Call]) -> UseClass {
        let mut fold = Fold::default();
        for (day, second, name, error, agent) in calls {
            let at = Timestamp::from_second(BEGIN + day * DAY + second).unwrap();
            let error = if error.is_empty() { String::new() } else { format!(r#""errorCode":"{error}","#) };
            let reads = !name.starts_with("Put");
            let text = format!(
                r#"{{"eventVersion":"1.11","eventTime":"{at}","eventSource":"ec2.amazonaws.com","eventName":"{name}",{error}
                "readOnly":{reads},"userAgent":"{agent}","sourceIPAddress":"203.0.113.9","awsRegion":"us-east-1",
                "eventType":"AwsApiCall","recipientAccountId":"111122223333","userIdentity":{{"type":"IAMUser","userName":"u",
                "arn":"arn:aws:iam::111122223333:user/u","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}}}}"#
            );
            let reading = event::read(text.as_bytes(), |event: Event<'_>| fold.add(&event, true));
            assert_eq!((reading.events, &reading.stopped), (1, &None), "{text}");
        }
        let usage = fold.finish();
        let activity = &usage.keys.values().next().unwrap().activity;
        let coverage = Coverage {
            first: Timestamp::from_second(BEGIN).unwrap(),
            last: Timestamp::from_second(BEGIN + 90 * DAY).unwrap(),
            events: 1,
            days: 90,
            data_events: false,
        };
        classify(activity, Some(&coverage), 45, coverage.last).class
    }

    fn daily(name: &'static str, error: &'static str) -> Vec<Call> {
        (0..30).flat_map(|day| (0..4).map(move |n| (day, n * 3_600, name, error, CLI))).collect()
    }

    #[test]
    fn failing_calls_are_noise_however_many() {
        assert_eq!(class(&daily("PutThing", "AccessDenied")), UseClass::Noise);
    }

    #[test]
    fn one_success_among_failures_is_use() {
        let mut calls = daily("PutThing", "AccessDenied");
        calls.push((12, 7, "PutThing", "", CLI));
        assert_ne!(class(&calls), UseClass::Noise);
    }

    #[test]
    fn a_steady_list_or_describe_is_a_heartbeat() {
        assert_eq!(class(&daily("DescribeInstanceStatus", "")), UseClass::Noise);
    }

    #[test]
    fn reading_data_is_never_a_heartbeat() {
        for name in ["GetObject", "GetSecretValue", "Decrypt", "GetParameter"] {
            assert_eq!(class(&daily(name, "")), UseClass::Active, "{name}");
        }
    }

    #[test]
    fn three_different_looks_are_a_monitor_and_not_a_heartbeat() {
        let mut calls = daily("DescribeInstances", "");
        calls.extend(daily("DescribeVolumes", ""));
        calls.extend(daily("ListBuckets", ""));
        assert_eq!(class(&calls), UseClass::Active);
    }

    #[test]
    fn a_burst_is_no_heartbeat() {
        let mut calls: Vec<Call> = (0..5).map(|day| (day, 0, "DescribeInstances", "", CLI)).collect();
        calls.extend((0..50).map(|n| (5, n * 60, "DescribeInstances", "", CLI)));
        assert_eq!(class(&calls), UseClass::Active);
    }

    #[test]
    fn two_workloads_share_the_key() {
        let calls = [(1, 0, "PutThing", "", LAMBDA), (2, 0, "PutThing", "", FARGATE)];
        assert_eq!(class(&calls), UseClass::Shared);
    }

    #[test]
    fn a_monthly_rhythm_is_rare_and_a_weekly_one_is_not() {
        let every = |days: i64| -> Vec<Call> {
            (0..90).step_by(usize::try_from(days).unwrap()).map(|day| (day, 0, "PutThing", "", CLI)).collect()
        };
        assert_eq!(class(&every(30)), UseClass::Rare);
        assert_eq!(class(&every(7)), UseClass::Active);
        // half of 45 days is the edge: 22 days are not rare, 23 are
        assert_eq!(class(&every(22)), UseClass::Active);
        assert_eq!(class(&every(23)), UseClass::Rare);
    }

    #[test]
    fn a_single_use_stands_between_the_edges_of_the_trail() {
        assert_eq!(class(&[(80, 0, "PutThing", "", CLI)]), UseClass::Rare);
    }
}
