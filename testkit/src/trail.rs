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

/// Writes the trail of the last `days` days.
pub(crate) fn write(company: &Company, days: i64, files: &mut Files) {
    let mut calls = streams::all(company, days);
    calls.sort_by(|a, b| (a.at, &a.account, &a.name, &a.agent).cmp(&(b.at, &b.account, &b.name, &b.agent)));
    let mut random = Random::new(company.seed, "trail/events");
    let mut batches: BTreeMap<(String, String, i64), Vec<String>> = BTreeMap::new();
    for call in &calls {
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
        let name = Random::new(company.seed, &format!("trail/{account}/{region}/{day}")).base32(16);
        let path = format!(
            "trail/AWSLogs/{ORGANIZATION}/{account}/CloudTrail/{region}/{}/{account}_CloudTrail_{region}_{}_{name}.json.gz",
            day_folder(delivered),
            file_minute(delivered),
        );
        files.insert(path, gzip(format!("{{\"Records\":[{}]}}", records.join(",")).as_bytes()));
    }
}

/// The same bytes on every machine: no name, no time, one implementation of deflate.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(9));
    // Writing into memory cannot fail; if it did, the file would be empty and a test would say so.
    let _ = out.write_all(bytes);
    out.finish().unwrap_or_default()
}
