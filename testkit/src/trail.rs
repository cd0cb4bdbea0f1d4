//! What the company did: CloudTrail files of an organization trail in the real S3 layout.
//!
//! Each story of the cast is a stream of calls ([`streams`], [`people`], [`workload`]); each call becomes an event ([`event`]) in its account, region
//! and day. A key's last event is the last use that the credential report tells.

mod event;
mod people;
mod streams;
mod workload;

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::GzBuilder;

use crate::calendar::{AS_OF, DAY, day_folder, file_minute};
use crate::cast::ORGANIZATION;
use crate::files::Files;
use crate::model::Company;
use crate::random::Random;

pub(crate) use event::{Call, Caller};

/// Writes the trail of the last `days` days, of `calls_max` calls at most.
pub(crate) fn write(company: &Company, days: i64, calls_max: Option<usize>, files: &mut Files) {
    let mut calls = streams::all(company, days);
    calls.sort_by(|a, b| (a.at, &a.account, &a.name, &a.agent).cmp(&(b.at, &b.account, &b.name, &b.agent)));
    if let Some(calls_max) = calls_max {
        thin(&mut calls, calls_max);
    }
    pack(company.seed, &calls, files);
}

/// Writes calls as the files of a trail; they are in the order of their times.
pub(crate) fn pack(seed: u64, calls: &[Call], files: &mut Files) {
    let mut random = Random::new(seed, "trail/events");
    let mut batches: BTreeMap<(String, String, i64), Vec<String>> = BTreeMap::new();
    for call in calls {
        let text = call.json(&mut random);
        let day = call.at.div_euclid(DAY);
        // One in a few hundred comes late, in the next day's file; as many are delivered twice.
        let last = day + 1 >= AS_OF.div_euclid(DAY);
        let late = i64::from(random.chance(1) && random.chance(30) && !last);
        let key = |day| (call.account.clone(), call.region.clone(), day);
        if random.chance(1) && random.chance(30) && !last {
            batches.entry(key(day + 1)).or_default().push(text.clone());
        }
        batches.entry(key(day + late)).or_default().push(text);
    }
    for ((account, region, day), records) in batches {
        // delivered after the day's last event
        let delivered = day * DAY + DAY - 180;
        let name = Random::new(seed, &format!("trail/{account}/{region}/{day}")).base32(16);
        let path = format!(
            "trail/AWSLogs/{ORGANIZATION}/{account}/CloudTrail/{region}/{}/{account}_CloudTrail_{region}_{}_{name}.json.gz",
            day_folder(delivered),
            file_minute(delivered),
        );
        files.insert(path, gzip(format!("{{\"Records\":[{}]}}", records.join(",")).as_bytes()));
    }
}

/// Leaves so many calls, from the whole time.
fn thin(calls: &mut Vec<event::Call>, calls_max: usize) {
    let (total, wanted) = (calls.len(), calls_max.min(calls.len()));
    let (mut place, mut kept) = (0_usize, 0_usize);
    calls.retain(|_| {
        place += 1;
        // The share that is due by now: whole numbers, so that it is the same everywhere.
        let is_kept = place * wanted / total > kept;
        kept += usize::from(is_kept);
        is_kept
    });
}

/// The same bytes on every machine: no name, no time, one implementation of deflate.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(9));
    // Writing into memory cannot fail; if it did, the file would be empty and a test would say so.
    let _ = out.write_all(bytes);
    out.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    fn calls(calls_max: Option<usize>) -> Vec<(i64, String)> {
        let options = Options { users: 0, roles: 0, days: 10, calls_max, ..Options::default() };
        let mut calls = streams::all(&crate::cast::company(&options), options.days);
        calls.sort_by_key(|call| call.at);
        if let Some(calls_max) = calls_max {
            thin(&mut calls, calls_max);
        }
        calls.into_iter().map(|call| (call.at, call.name)).collect()
    }

    #[test]
    fn so_many_calls_are_left_from_the_whole_time() {
        let all = calls(None);
        let few = calls(Some(100));
        assert_eq!(few.len(), 100);
        assert!(few.iter().all(|call| all.contains(call)));
        // No half of the time has more than its share.
        let middle = all.get(all.len() / 2).map_or(0, |(at, _)| *at);
        let early = few.iter().filter(|(at, _)| *at < middle).count();
        assert!((48..=52).contains(&early), "{early}");
        assert_eq!(calls(Some(usize::MAX)).len(), all.len());
    }
}
