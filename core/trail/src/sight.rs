//! What a trail would have shown.
//!
//! "Unused" is said only of what would have been seen. A trail shows management events of the Regions it is told to log, and data
//! events of the resources that a selector names, reads, writes or both (*Logging data events*: selectors go by
//! `resources.type`, `resources.ARN` and `readOnly`). None of that is told by its files; so only what was seen proves that the
//! like would have been: an event whose own `eventCategory` is `Data` that data events of its resource are logged, an event of a
//! Region that this Region is. Where nothing proves it, the trail is blind, and nothing is concluded.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::AccountId;
use kagimori_policy::catalogue::{AccessLevel, Catalogue};
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::actions::{Logging, logging};
use crate::call::{Call, Check, CheckedResource};
use crate::history::Made;

/// So many resources with data events are remembered of an account. Of one beyond that the trail is taken to be blind.
const RESOURCES_MAX: usize = 1 << 16;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// So many times its usual distance between days with events an account is silent, where its trail is taken to have a gap.
const SILENCE_TIMES: i64 = 3;

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
}

/// What is seen of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct View {
    /// Regions with a management event.
    regions: BTreeSet<Box<str>>,
    /// Regions that something says are in use.
    used: BTreeSet<Box<str>>,
    /// Of which kinds and resources there was a data event, read-only or not.
    data: FxHashSet<(&'static str, Box<str>, bool)>,
    /// Buckets that some event is about: their Regions are logged.
    buckets: FxHashSet<Box<str>>,
    /// Days with an event, since 1970-01-01.
    days: BTreeSet<i64>,
    /// Days of which digest files prove that all was delivered.
    delivered: BTreeSet<i64>,
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
        view.days.insert(made.first.div_euclid(DAY));
        let service = made.source.split('.').next().unwrap_or_default();
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
        for (account, theirs) in other.accounts {
            let mine = self.accounts.entry(account).or_default();
            mine.regions.extend(theirs.regions);
            mine.used.extend(theirs.used);
            mine.days.extend(theirs.days);
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

    /// Something says that a Region is in use: a key's last use, a resource that was named.
    pub fn tell_used(&mut self, account: AccountId, region: &str) {
        self.accounts.entry(account).or_default().used.insert(region.into());
    }

    /// Why the trail would not have shown every use of something; `None`: it would have.
    pub fn blind(&self, look: &Look<'_>) -> Option<Blind> {
        let Some(view) = self.accounts.get(&look.account).filter(|view| !view.days.is_empty()) else {
            return Some(Blind::Account);
        };
        match logging_of(look.action) {
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
                region.map(|region| Blind::Region { region })
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

    /// When an account is silent for much longer than it usually is, up to `until`, in seconds: what was done there then is not
    /// known, and nothing counts as not used.
    pub fn silences(&self, account: AccountId, until: i64) -> Vec<Silence> {
        let Some(view) = self.accounts.get(&account) else { return Vec::new() };
        let until = until.div_euclid(DAY);
        let days: Vec<i64> = view.days.iter().copied().filter(|day| *day < until).collect();
        let ends = days.iter().copied().skip(1).chain([until]);
        let between: Vec<(i64, i64)> = days.iter().copied().zip(ends).collect();
        let mut usual: Vec<i64> =
            between.iter().map(|(one, next)| next - one).take(days.len().saturating_sub(1)).collect();
        usual.sort_unstable();
        let Some(usual) = usual.get(usual.len() / 2) else { return Vec::new() };
        let is_long = |silence: &Silence| silence.days() > usual.saturating_mul(SILENCE_TIMES);
        between.into_iter().flat_map(|(one, next)| view.undelivered(one, next)).filter(is_long).collect()
    }

    /// How many days that is.
    pub fn silent_days(&self, account: AccountId, until: i64) -> i64 {
        self.silences(account, until).into_iter().map(Silence::days).sum()
    }

    /// On how many days something was heard of an account, or its silence was delivered.
    pub fn shown_days(&self, account: AccountId) -> i64 {
        let days = self.accounts.get(&account).map_or(0, |view| view.days.union(&view.delivered).count());
        i64::try_from(days).unwrap_or(i64::MAX)
    }
}

/// Days in a row of which a trail holds no event of an account, and nothing proves that there was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "two days")]
pub struct Silence {
    /// The first of them, since 1970-01-01.
    pub first: i64,
    /// The last of them.
    pub last: i64,
}

impl Silence {
    /// How many days.
    pub fn days(self) -> i64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

impl View {
    /// The days between two of which nothing was delivered.
    fn undelivered(&self, after: i64, before: i64) -> Vec<Silence> {
        let begin = after.saturating_add(1);
        if begin >= before {
            return Vec::new();
        }
        let (mut silences, mut first) = (Vec::new(), begin);
        for end in self.delivered.range(begin..before).copied().chain([before]) {
            if end > first {
                silences.push(Silence { first, last: end.saturating_sub(1) });
            }
            first = end.saturating_add(1);
        }
        silences
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
            Self::Never => {
                ("CloudTrail does not log its use".into(), "CloudTrail に利用が記録されない".into())
            }
            Self::Data { kind } => (
                format!("data events ({kind}) are not logged of all that it is about"),
                format!("対象すべてのデータイベント（{kind}）が記録されているとは確認できない"),
            ),
            Self::Region { region } => {
                (format!("the trail holds no event of {region}"), format!("{region} のイベントが証跡にない"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Identity, read};

    const ACCOUNT: &str = "111122223333";

    fn sight(events: &[(&str, &str, &str, &str, bool)]) -> Sight {
        let mut sight = Sight::default();
        for (source, name, category, request, read_only) in events {
            let text = format!(
                r#"{{"eventVersion":"1.11","eventTime":"2026-10-01T00:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}",
                "eventCategory":"{category}","readOnly":{read_only},"awsRegion":"ap-northeast-1","requestParameters":{request},
                "recipientAccountId":"{ACCOUNT}","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::{ACCOUNT}:user/u","accountId":"{ACCOUNT}"}}}}"#
            );
            let reading = read(text.as_bytes(), |event| {
                let identity = event.identity.as_deref().map(Identity::parse).unwrap_or_default();
                sight.add(&Call::of(&event, &identity));
            });
            assert_eq!(reading.events, 1, "{text}");
        }
        sight
    }

    fn look(sight: &Sight, action: &str, resource: &str) -> Option<Blind> {
        let account = AccountId::parse(ACCOUNT).unwrap();
        sight.blind(&Look { account, action, resources: &[resource.to_owned()] })
    }

    #[test]
    fn only_data_events_prove_that_data_events_are_logged() {
        let objects = Some(Blind::Data { kind: "AWS::S3::Object" });
        let about_a = r#"{"bucketName":"a","key":"x/1"}"#;
        // A management event whose checks name an object proves nothing (CloudTrail User Guide: told by `eventCategory`).
        let inferred = r#"{"functionName":"f","role":"arn:aws:iam::111122223333:role/x","code":{"s3Bucket":"a","s3Key":"x"}}"#;
        let management = sight(&[("lambda", "CreateFunction20150331", "Management", inferred, false)]);
        assert_eq!(look(&management, "s3:GetObject", "arn:aws:s3:::a/*"), objects);
        let read = sight(&[
            ("s3", "GetObject", "Data", about_a, true),
            ("sqs", "CreateQueue", "Management", "null", false),
        ]);
        for (action, resource, expected) in [
            ("s3:GetObject", "arn:aws:s3:::a/*", None),
            ("s3:GetObject", "arn:aws:s3:::a/other/1", None),
            // another bucket, any bucket, a write
            ("s3:GetObject", "arn:aws:s3:::b/*", objects.clone()),
            ("s3:GetObject", "arn:aws:s3:::a*/x", objects.clone()),
            ("s3:GetObject", "*", objects.clone()),
            ("s3:PutObject", "arn:aws:s3:::a/*", objects.clone()),
            // of another kind
            (
                "sqs:ReceiveMessage",
                "arn:aws:sqs:ap-northeast-1:111122223333:a",
                Some(Blind::Data { kind: "AWS::SQS::Queue" }),
            ),
            ("logs:PutLogEvents", "*", Some(Blind::Never)),
            // passes are seen in the calls that make them
            ("iam:PassRole", "*", None),
            ("sqs:PurgeQueue", "arn:aws:sqs:ap-northeast-1:111122223333:a", None),
            (
                "sqs:PurgeQueue",
                "arn:aws:sqs:us-west-2:111122223333:a",
                Some(Blind::Region { region: "us-west-2".into() }),
            ),
            ("sqs:PurgeQueue", "*", None),
            ("iam:CreateUser", "*", None),
        ] {
            assert_eq!(look(&read, action, resource), expected, "{action} on {resource}");
        }
        let mut told = read;
        told.tell("AWS::S3::Object");
        assert_eq!(look(&told, "s3:PutObject", "*"), None);
    }

    #[test]
    fn regions_and_accounts() {
        let mut sight = sight(&[("iam", "ListUsers", "Management", "null", true)]);
        let account = AccountId::parse(ACCOUNT).unwrap();
        // An event of a global service proves no Region.
        assert!(look(&sight, "sqs:PurgeQueue", "arn:aws:sqs:ap-northeast-1:111122223333:a").is_some());
        assert_eq!(look(&sight, "sqs:PurgeQueue", "*"), None);
        sight.tell_used(account, "eu-west-1");
        assert_eq!(look(&sight, "sqs:PurgeQueue", "*"), Some(Blind::Region { region: "eu-west-1".into() }));
        assert_eq!(look(&sight, "iam:CreateUser", "*"), None);
        let other = AccountId::parse("444455556666").unwrap();
        let of_other = Look { account: other, action: "iam:CreateUser", resources: &[] };
        assert_eq!(sight.blind(&of_other), Some(Blind::Account));
        assert_eq!(sight.shown_days(account), 1);
    }

    proptest::proptest! {
        /// What a part of a trail shows, all of it shows: taking events away makes blind, never seeing.
        #[test]
        fn less_shows_less(kept in proptest::collection::vec(proptest::bool::ANY, 5)) {
            let about = |bucket: &str| format!(r#"{{"bucketName":"{bucket}","key":"x"}}"#);
            let (a, b) = (about("a"), about("b"));
            let all = [
                ("s3", "GetObject", "Data", a.as_str(), true),
                ("s3", "PutObject", "Data", b.as_str(), false),
                ("s3", "GetBucketLocation", "Management", b.as_str(), true),
                ("sqs", "CreateQueue", "Management", "null", false),
                ("iam", "ListUsers", "Management", "null", true),
            ];
            let part: Vec<_> =
                all.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(event, _)| *event).collect();
            let account = AccountId::parse(ACCOUNT).unwrap();
            let (mut all, mut part) = (sight(&all), sight(&part));
            all.tell_used(account, "eu-west-1");
            part.tell_used(account, "eu-west-1");
            for action in ["s3:GetObject", "s3:PutObject", "s3:GetBucketLocation", "sqs:PurgeQueue", "iam:CreateUser"] {
                for resource in ["arn:aws:s3:::a/*", "arn:aws:s3:::b", "arn:aws:sqs:ap-northeast-1:111122223333:q", "*"] {
                    let (of_all, of_part) = (look(&all, action, resource), look(&part, action, resource));
                    assert!(of_part.is_some() || of_all.is_none(), "{action} on {resource}");
                }
            }
        }
    }

    #[test]
    fn silence_is_longer_than_usual() {
        let account = AccountId::parse(ACCOUNT).unwrap();
        let heard = |days: &[i64]| {
            let mut sight = Sight::default();
            sight.accounts.entry(account).or_default().days.extend(days);
            sight
        };
        let silences = |sight: &Sight, until: i64| sight.silences(account, until * DAY);
        let daily: Vec<i64> =
            (0..40).filter(|day| !(10..15).contains(day) && !(20..22).contains(day)).collect();
        let gap = Silence { first: 10, last: 14 };
        assert_eq!(silences(&heard(&daily), 40), [gap]);
        assert_eq!(gap.days(), 5);
        // up to now
        assert_eq!(silences(&heard(&daily), 50), [gap, Silence { first: 40, last: 49 }]);
        // an account that is heard of every week
        let weekly: Vec<i64> = (0..10).map(|week| week * 7).collect();
        assert_eq!(silences(&heard(&weekly), 70), []);
        assert_eq!(silences(&heard(&[3]), 70), []);
        // digests prove that there was nothing
        let mut told = heard(&daily);
        (10..15).for_each(|day| told.tell_delivered(account, "eu-west-1", day));
        assert_eq!((silences(&told, 40), told.silent_days(account, 40 * DAY)), (Vec::new(), 0));
        let some = told.accounts.get_mut(&account).unwrap();
        some.delivered.remove(&10);
        assert_eq!(silences(&told, 40), [], "a day alone is no silence");
    }

    #[test]
    fn what_a_selector_names() {
        for (arn, expected) in [
            ("arn:aws:s3:::b/k/1", Some("arn:aws:s3:::b")),
            ("arn:aws:s3:::b", Some("arn:aws:s3:::b")),
            ("arn:aws:s3:::b*/k", None),
            ("arn:aws:dynamodb:eu-west-1:1:table/t/index/i", Some("arn:aws:dynamodb:eu-west-1:1:table/t")),
            ("arn:aws:lambda:eu-west-1:1:function:f:live", Some("arn:aws:lambda:eu-west-1:1:function:f")),
            ("arn:aws:lambda:eu-west-1:1:function:f", Some("arn:aws:lambda:eu-west-1:1:function:f")),
            ("arn:aws:sqs:*:1:q", None),
            ("*", None),
        ] {
            assert_eq!(container(arn), expected, "{arn}");
        }
    }
}
