//! Log file validation: digest files say which log files there were and what their hashes are.
//!
//! CloudTrail writes a digest every hour for every region of a trail, also when there was nothing to deliver (CloudTrail
//! User Guide, "CloudTrail digest file structure"). Hashes are SHA-256 of the uncompressed content. The AWS CLI validates
//! only what lies in the bucket; here it is what was downloaded. A file is never called valid because nothing spoke
//! against it: what no digest names is *not covered*.

mod signature;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kagimori_estate::model::Problem;
use kagimori_id::{AccountId, hex};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::LakeError;
use crate::files::{Blocks, Content, InflateError, Listing, TrailFile, problem};
use crate::regular;
use crate::remote::{Remote, windows};
use signature::{PublicKeys, Signed};

/// The largest digest that is read. It names the files of an hour; a million of them would be 300 MB.
const DIGEST_BYTES_MAX: usize = 512 << 20;

/// What log file validation says of a lake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Validation {
    /// Digest files that were read.
    pub digests: u64,
    /// Log files with the hash that a digest gives.
    pub valid: u64,
    /// Log files with another hash: they were changed.
    pub changed: Vec<String>,
    /// Log files that a digest names and that were not found.
    pub missing: Vec<String>,
    /// Log files that no digest names.
    pub not_covered: u64,
    /// Where digests do not follow each other: `account region`, and between which times.
    pub gaps: Vec<String>,
    /// Digests whose signature is right.
    pub signed: u64,
    /// Digests whose signature is wrong, or that were changed after the next one was written.
    pub forged: Vec<String>,
    /// Digests whose signature could not be checked: it, or the key, was not given.
    pub unsigned: u64,
}

/// Of which days the digest files below a folder prove that all was delivered: by account and Region, days since 1970-01-01. Only
/// their names are looked at: CloudTrail writes one every hour, whether there were events or not, and 24 of them are a day.
pub fn delivered(folder: &Path, relative_to: &Path) -> BTreeSet<(AccountId, String, i64)> {
    let mut listing = Listing::default();
    listing.walk(folder, relative_to);
    let mut hours: BTreeMap<(AccountId, String, i64), BTreeSet<String>> = BTreeMap::new();
    for file in &listing.digests {
        if let Some((place, end)) = named(file.name.rsplit('/').next().unwrap_or_default()) {
            hours.entry(place).or_default().insert(end);
        }
    }
    hours.into_iter().filter(|(_, ends)| ends.len() >= 24).map(|(place, _)| place).collect()
}

/// `ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOMEREGION_20260301T000000Z.json.gz` (CloudTrail User Guide, "CloudTrail digest file
/// structure"): of which account, Region and day it is, and when its hour ended.
fn named(file: &str) -> Option<((AccountId, String, i64), String)> {
    let (account, rest) = file.split_once("_CloudTrail-Digest_")?;
    let (region, rest) = rest.split_once('_')?;
    let end = rest.rsplit_once('_')?.1.split('.').next()?;
    let at: jiff::Timestamp = end.parse().ok()?;
    // What ends at midnight is of the day before.
    let day = at.as_second().saturating_sub(1).div_euclid(86_400);
    Some(((AccountId::parse(account).ok()?, region.to_owned(), day), end.to_owned()))
}

/// A digest file, as far as it is used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    aws_account_id: String,
    digest_start_time: String,
    digest_end_time: String,
    digest_s3_bucket: String,
    digest_s3_object: String,
    #[serde(default)]
    digest_public_key_fingerprint: Option<String>,
    #[serde(default)]
    previous_digest_s3_object: Option<String>,
    #[serde(default)]
    previous_digest_hash_value: Option<String>,
    #[serde(default)]
    previous_digest_signature: Option<String>,
    #[serde(default)]
    log_files: Vec<LogFile>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogFile {
    s3_object: String,
    hash_value: String,
}

/// A digest file and where it was found.
#[derive(Debug)]
struct Found {
    name: String,
    file: File,
    /// Hex SHA-256 of its content.
    hash: String,
    /// The content of the `.signature` file beside it.
    signature: Option<String>,
}

/// The digest files of the sources.
#[derive(Debug, Default)]
pub(crate) struct Digests {
    found: Vec<Found>,
    /// Hex hashes of log files by [`base_name`]; more than one where digests contradict each other.
    hashes: FxHashMap<String, Vec<String>>,
    keys: PublicKeys,
    damaged: Vec<Problem>,
}

impl Digests {
    /// Reads digest files; `keys` is the output of `aws cloudtrail list-public-keys`.
    pub(crate) fn read(files: &[TrailFile], remote: &Remote, keys: Option<&Path>) -> Result<Self, LakeError> {
        let keys = keys.map(PublicKeys::read).transpose()?.unwrap_or_default();
        let mut digests = Self { keys, ..Self::default() };
        let read = windows(files).into_iter().flat_map(|window| {
            let contents: Vec<(&TrailFile, Content<'_>)> =
                window.iter().zip(remote.contents(window)).collect();
            contents.into_par_iter().map(|(file, content)| Found::read(file, content)).collect::<Vec<_>>()
        });
        for found in read {
            match found {
                Ok(found) => digests.found.push(found),
                Err(problem) => digests.damaged.push(problem),
            }
        }
        let order = |found: &Found| (found.chain(), found.file.digest_end_time.clone());
        digests.found.sort_by_cached_key(order);
        for log in digests.found.iter().flat_map(|found| &found.file.log_files) {
            let hashes = digests.hashes.entry(base_name(&log.s3_object).to_owned()).or_default();
            let hash = log.hash_value.to_ascii_lowercase();
            if !hashes.contains(&hash) {
                hashes.push(hash);
            }
        }
        Ok(digests)
    }

    /// Whether there is no digest file at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Something to hash a log file with, when a digest names it.
    pub(crate) fn hasher(&self, name: &str) -> Option<Sha256> {
        self.hashes.contains_key(base_name(name)).then(Sha256::new)
    }

    /// What the hash of a log file says: `valid`, when every digest that names it says so, or `changed`. Nothing of one that could not
    /// be read for another reason than its content: it is judged when it can be.
    pub(crate) fn verdict(
        &self,
        name: &str,
        hash: Option<Sha256>,
        error: Option<&InflateError>,
    ) -> Option<&'static str> {
        let expected = self.hashes.get(base_name(name))?;
        let hash = hex(&hash?.finalize());
        if matches!(error, Some(InflateError::Read(_))) {
            return None;
        }
        Some(if expected.iter().all(|expected| *expected == hash) { "valid" } else { "changed" })
    }

    /// Whether a log file on disk is now what its digest says.
    pub(crate) fn is_valid(&self, file: &TrailFile) -> bool {
        self.judge(file, Content::Disk(&file.path)) == Some("valid")
    }

    fn judge(&self, file: &TrailFile, content: Content<'_>) -> Option<&'static str> {
        let mut hash = self.hasher(&file.name);
        let read = Blocks::default().read_hashed(content, hash.as_mut(), |block, _| block.len());
        self.verdict(&file.name, hash, read.error.as_ref())
    }

    /// Verdicts on files that are in the lake since before their digest was there.
    pub(crate) fn late_verdicts(
        &self,
        files: &[TrailFile],
        remote: &Remote,
        judged: &BTreeMap<&String, &String>,
    ) -> (Vec<TrailFile>, BTreeMap<String, String>) {
        let is_late = |file: &&TrailFile| {
            !judged.contains_key(&file.name) && self.hashes.contains_key(base_name(&file.name))
        };
        let late: Vec<TrailFile> = files.iter().filter(is_late).cloned().collect();
        let mut verdicts = BTreeMap::new();
        for window in windows(&late) {
            let contents: Vec<(&TrailFile, Content<'_>)> =
                window.iter().zip(remote.contents(window)).collect();
            let judged = contents.into_par_iter().filter_map(|(file, content)| {
                Some((file.name.clone(), self.judge(file, content)?.to_owned()))
            });
            verdicts.extend(judged.collect::<Vec<_>>());
        }
        (late.into_iter().filter(|file| verdicts.contains_key(&file.name)).collect(), verdicts)
    }

    /// Digest files that could not be read.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.damaged.clone()
    }

    /// What all of it comes to. `there` says whether a log file was ever seen.
    pub(crate) fn validation(
        &self,
        verdicts: &BTreeMap<&String, &String>,
        files: u64,
        there: impl Fn(&str) -> bool,
    ) -> Validation {
        let of = |wanted: &str| -> Vec<String> {
            let names = verdicts.iter().filter(|(_, verdict)| ***verdict == wanted);
            names.map(|(name, _)| (*name).clone()).collect()
        };
        let changed = of("changed");
        let valid = of("valid").len() as u64;
        let missing: BTreeSet<String> = self
            .found
            .iter()
            .flat_map(|found| &found.file.log_files)
            .filter(|log| !there(base_name(&log.s3_object)))
            .map(|log| log.s3_object.clone())
            .collect();
        let mut validation = Validation {
            digests: self.found.len() as u64,
            valid,
            not_covered: files.saturating_sub(valid + changed.len() as u64),
            changed,
            missing: missing.into_iter().collect(),
            gaps: self.gaps(),
            ..Validation::default()
        };
        self.signatures(&mut validation);
        validation
    }

    /// Where the digests of an account and region do not follow each other.
    fn gaps(&self) -> Vec<String> {
        let pairs = self.found.iter().zip(self.found.iter().skip(1));
        pairs
            .filter(|(before, after)| {
                before.chain() == after.chain() && before.file.digest_end_time < after.file.digest_start_time
            })
            .map(|(before, after)| {
                let (account, region) = before.chain();
                let (from, to) = (&before.file.digest_end_time, &after.file.digest_start_time);
                format!("{account} {region}: from {from} to {to}")
            })
            .collect()
    }

    /// Signatures of digests are kept by their successors; the newest one's is only in the object's metadata.
    fn signatures(&self, validation: &mut Validation) {
        let mut successors: FxHashMap<&str, Vec<&File>> = FxHashMap::default();
        for found in &self.found {
            if let Some(previous) = found.file.previous_digest_s3_object.as_deref() {
                successors.entry(previous).or_default().push(&found.file);
            }
        }
        for found in &self.found {
            // Copies of the one that there is; of others, one that is right does not make the rest of them right.
            let next = successors.get(found.file.digest_s3_object.as_str()).map_or(&[][..], Vec::as_slice);
            let changed = next
                .iter()
                .filter_map(|next| next.previous_digest_hash_value.as_deref())
                .any(|hash| !hash.eq_ignore_ascii_case(&found.hash));
            let signature = next
                .iter()
                .find_map(|next| next.previous_digest_signature.as_deref())
                .or(found.signature.as_deref());
            match self.keys.check(&found.signed(), signature) {
                _ if changed => validation.forged.push(found.name.clone()),
                Some(true) => validation.signed += 1,
                Some(false) => validation.forged.push(found.name.clone()),
                None => validation.unsigned += 1,
            }
        }
    }
}

impl Found {
    fn read(file: &TrailFile, from: Content<'_>) -> Result<Self, Problem> {
        let wrong = |message: String| {
            problem(
                &file.name,
                message,
                "fetch it again from the bucket: `aws s3 cp s3://BUCKET/KEY FILE`".to_owned(),
            )
        };
        let mut content = Vec::new();
        let inflated = Blocks::default().read_hashed(from, None, |block, _| {
            if content.len() <= DIGEST_BYTES_MAX {
                content.extend_from_slice(block);
            }
            block.len()
        });
        if let Some(error) = inflated.error {
            return Err(wrong(error.to_string()));
        }
        let parsed =
            serde_json::from_slice(&content).map_err(|error| wrong(format!("no digest file: {error}")))?;
        let mut beside = file.path.clone().into_os_string();
        beside.push(".signature");
        let signature = regular::text(beside.as_ref()).ok().map(|text| text.trim().to_owned());
        Ok(Self { name: file.name.clone(), file: parsed, hash: hex(&Sha256::digest(&content)), signature })
    }

    /// Which chain it belongs to: account, and the trail's region from its key.
    fn chain(&self) -> (String, String) {
        let mut parts = self.file.digest_s3_object.split('/').skip_while(|part| *part != "CloudTrail-Digest");
        (self.file.aws_account_id.clone(), parts.nth(1).unwrap_or_default().to_owned())
    }

    fn signed(&self) -> Signed<'_> {
        Signed {
            end: &self.file.digest_end_time,
            bucket: &self.file.digest_s3_bucket,
            key: &self.file.digest_s3_object,
            hash: &self.hash,
            previous: self.file.previous_digest_signature.as_deref(),
            fingerprint: self.file.digest_public_key_fingerprint.as_deref(),
        }
    }
}

/// What a log file is known by, wherever it lies and whether it is still compressed: the last part of its name.
pub(crate) fn base_name(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.strip_suffix(".gz").unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_24_digests() {
        let folder = std::env::temp_dir().join(format!("kagimori-delivered-{}", std::process::id()));
        let digests = folder.join("AWSLogs/111122223333/CloudTrail-Digest/eu-west-1");
        std::fs::create_dir_all(&digests).unwrap();
        let write = |day: u8, hours: std::ops::RangeInclusive<u8>| {
            for hour in hours {
                let (day, hour) = (day + hour / 24, hour % 24);
                let name = format!(
                    "111122223333_CloudTrail-Digest_eu-west-1_my_trail_us-east-1_202603{day:02}T{hour:02}0000Z.json.gz"
                );
                std::fs::write(digests.join(name), b"").unwrap();
            }
        };
        write(1, 1..=24);
        write(3, 1..=23);
        let found = delivered(&folder, &folder);
        std::fs::remove_dir_all(&folder).unwrap();
        let account = AccountId::parse("111122223333").unwrap();
        // 2026-03-01 is day 20,513
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [(account, "eu-west-1".to_owned(), 20_513)]);
        assert_eq!(named("111122223333_CloudTrail_eu-west-1_20260301T0000Z_x.json.gz"), None);
    }
}
