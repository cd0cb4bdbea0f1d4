//! The company as files, exactly as the AWS CLI writes them.

mod credential_report;
mod details;
mod organization;
mod settings;
mod small;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cast::STAGING;
use crate::model::{Account, Company};

/// Files by path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Every file but the trail.
pub(crate) fn write(company: &Company) -> Files {
    let mut files = Files::new();
    for account in &company.accounts {
        snapshot(account, &mut files);
        // `aws s3api get-bucket-policy`. Not in snapshots/: the review does not read resource policies.
        for (bucket, policy) in &account.buckets {
            let answer = BTreeMap::from([("Policy", policy.text())]);
            files.insert(format!("resource-policies/{}/{bucket}.json", account.id), json(&answer));
        }
    }
    // Staging never fetched its list of virtual MFA devices: what rests on it must show as unknown.
    files.remove(&format!("snapshots/{STAGING}/virtual-mfa-devices.json"));
    organization::write(company, &mut files);
    files.insert("kagimori.toml".to_owned(), settings::write());
    files
}

/// The files of an account's snapshot.
pub(crate) fn snapshot(account: &Account, files: &mut Files) {
    let folder = format!("snapshots/{}", account.id);
    files.insert(format!("{folder}/authorization-details.json"), details::write(account));
    let (name, report) = credential_report::write(account);
    files.insert(format!("{folder}/{name}"), report);
    small::write(account, &folder, files);
}

/// JSON as the AWS CLI prints it: four spaces, text beyond ASCII as it is, a final newline.
pub(crate) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Writing plain values with text keys into memory cannot fail; a type that could would give an empty file, which a
    // test looks for.
    if value.serialize(&mut serializer).is_err() {
        bytes.clear();
    }
    bytes.push(b'\n');
    bytes
}
