//! Small lakes, and what they hold.

use std::fs;
use std::path::{Path, PathBuf};

use kagimori_lake::Lake;
use kagimori_lake::care::{Depth, look};
use kagimori_lake::ingest::{Options, Report, ingest};
use kagimori_trail::call::Call;
use kagimori_trail::selection::Selection;

pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("firm-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("trail")).unwrap();
    fs::canonicalize(folder).unwrap()
}

pub(crate) fn event(id: &str, at: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"u"}},"eventTime":"{at}","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","userAgent":"aws-cli/2","eventID":"{id}","eventType":"AwsApiCall","readOnly":true,"recipientAccountId":"111122223333"}}"#
    )
}

pub(crate) fn records(events: impl IntoIterator<Item = String>) -> String {
    format!(r#"{{"Records":[{}]}}"#, events.into_iter().collect::<Vec<_>>().join(","))
}

pub(crate) fn put(root: &Path, name: &str, ids: &[&str]) {
    let events = ids.iter().map(|id| event(id, "2026-03-01T12:00:00Z"));
    fs::write(root.join("trail").join(name), records(events)).unwrap();
}

pub(crate) fn run(root: &Path, options: &Options) -> Report {
    ingest(&root.join("lake"), &[root.join("trail")], root, options, &|_| ()).unwrap()
}

pub(crate) fn fill(root: &Path) -> Report {
    run(root, &Options::default())
}

/// Every event on a batch of its own.
pub(crate) fn small() -> Options {
    Options { batch_bytes: Some(1), ..Options::default() }
}

pub(crate) fn open(root: &Path) -> Lake {
    Lake::open(&root.join("lake")).unwrap().unwrap()
}

pub(crate) fn ids(root: &Path) -> Vec<String> {
    let keep = |ids: &mut Vec<String>, call: &Call| ids.extend(call.event_id.as_deref().map(str::to_owned));
    let mut ids: Vec<String> =
        open(root).calls(&Selection::default(), Vec::new, keep).unwrap().into_iter().flatten().collect();
    ids.sort();
    ids
}

pub(crate) fn parts(root: &Path, set: &str) -> Vec<PathBuf> {
    let mut parts = Vec::new();
    for day in fs::read_dir(root.join("lake").join(set)).unwrap() {
        parts.extend(fs::read_dir(day.unwrap().path()).unwrap().map(|file| file.unwrap().path()));
    }
    parts.sort();
    parts
}

pub(crate) fn wrong(root: &Path) -> Vec<String> {
    let state = look(&root.join("lake"), Depth::Parts).unwrap();
    state.days.into_iter().flat_map(|day| day.wrong).collect()
}

pub(crate) fn bodies_in(root: &Path) -> u64 {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let rows = |part: PathBuf| {
        let reader = SerializedFileReader::new(fs::File::open(part).unwrap()).unwrap();
        reader.metadata().file_metadata().num_rows().cast_unsigned()
    };
    parts(root, "bodies").into_iter().map(rows).sum()
}
