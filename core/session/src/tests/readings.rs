//! Profile files of shapes that people write, with botocore's answers (`scripts/check-kagi expected --write` makes them):
//! whether it refuses the files, which profiles there are, every value.

use std::collections::BTreeMap;

use crate::profile::{File, ProfileFiles, without_inline_comment};
use crate::refusal::refusals;

type Profiles = BTreeMap<String, BTreeMap<String, String>>;

#[derive(serde::Deserialize)]
struct Row {
    config: String,
    credentials: String,
    /// `null` where botocore refuses the files.
    profiles: Option<Profiles>,
}

fn ours(files: &ProfileFiles<'_>) -> Profiles {
    let profile = |name: String| {
        let sections = [files.sdk_section(&name), files.credentials_section(&name)];
        let keys = sections.into_iter().flatten().flat_map(|section| section.settings());
        let keys: Vec<_> = keys.map(|setting| setting.key.to_lowercase()).collect();
        let values = keys.into_iter().filter_map(|key| {
            let value = files.get(&name, &key)?.value.into_owned();
            Some((key, flattened(&value)))
        });
        let values = values.collect();
        (name, values)
    };
    let all = files.names().into_iter();
    all.filter(|name| files.sdk_section(name).is_some() || files.credentials_section(name).is_some())
        .map(profile)
        .collect()
}

/// Nested values as botocore holds them: without blank lines and loose blanks.
fn flattened(value: &str) -> String {
    if !value.starts_with('\n') {
        return value.to_owned();
    }
    let lines = value.split(['\n', '\u{c}']).filter_map(|line| line.split_once('='));
    lines.map(|(key, value)| format!("\n{} = {}", key.trim(), value.trim())).collect()
}

#[test]
fn profile_files_are_read_as_botocore_reads_them() {
    let rows: Vec<Row> = serde_json::from_str(include_str!("botocore.json")).unwrap();
    assert!(rows.len() > 40);
    for row in rows {
        let files = ProfileFiles::scan(&row.config, &row.credentials);
        let is_refused = [File::Config, File::Credentials]
            .into_iter()
            .any(|file| !refusals(files.document(file)).is_empty());
        assert_eq!(is_refused, row.profiles.is_none(), "{:?} {:?}", row.config, row.credentials);
        let Some(mut profiles) = row.profiles else { continue };
        // botocore keeps inline comments in the value; kagi does not, and `kagi doctor` says so.
        for value in profiles.values_mut().flat_map(BTreeMap::values_mut) {
            *value = without_inline_comment(value).into_owned();
        }
        // Two headers of one name: botocore reads the last alone, and kagi serves no such profile.
        if profiles.keys().any(|name| files.defined_twice(name).is_some()) {
            continue;
        }
        assert_eq!(ours(&files), profiles, "{:?} {:?}", row.config, row.credentials);
    }
}
