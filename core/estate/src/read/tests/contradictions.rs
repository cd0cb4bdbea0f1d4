//! Answers beside each other: what one counts or names and another does not have is not known, and never gone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{ALICE_ROW, DETAILS, ROOT_ROW, in_folder, report, the_account};
use crate::fact::GapReason;
use crate::model::{AccessKey, Account, Estate, User};

/// Of a key its id, its slot, and whether it is active.
type Told = (Option<String>, Option<u8>, Result<bool, GapReason>);

/// The keys, listed after the report was made.
fn keys(list: &str) -> Vec<Told> {
    let content = STANDARD.encode(report(&[ROOT_ROW, ALICE_ROW]));
    let report = format!(
        r#"{{"Content": "{content}", "ReportFormat": "text/csv", "GeneratedTime": "2026-06-30T20:00:00+00:00"}}"#
    );
    let (_, account) = account(&[("a.json", DETAILS), ("r.json", &report), ("k.json", list)]);
    let key = |key: &AccessKey| {
        let active = key.active.known().copied().map_err(|gap| gap.reason.clone());
        (key.id.as_ref().map(ToString::to_string), key.slot, active)
    };
    alice(&account).access_keys.value().unwrap().iter().map(key).collect()
}

fn alice(account: &Account) -> &User {
    account.users.get("alice").unwrap()
}

const ONE: &str = "AKIAIOSFODNN7EXAMPLE";

fn listed(status: &[&str]) -> String {
    let key = |status: &&str| {
        format!(
            r#"{{"UserName": "alice", "AccessKeyId": "{ONE}", "Status": "{status}", "CreateDate": "2024-02-01T00:00:00+00:00"}}"#
        )
    };
    format!(r#"{{"AccessKeyMetadata": [{}]}}"#, status.iter().map(key).collect::<Vec<_>>().join(","))
}

/// The report has two keys of alice's: an active one of February, and an inactive one of March.
#[test]
fn a_key_of_the_report_that_the_list_lacks_is_there_and_not_known() {
    let gone = |slot: u8| Err(GapReason::Contradiction(format!("the key in slot {slot}")));
    let empty = r#"{"AccessKeyMetadata": []}"#;
    assert_eq!(keys(empty), [(None, Some(1), gone(1)), (None, Some(2), gone(2))]);
    let [first, second] = <[_; 2]>::try_from(keys(&listed(&["Active"]))).unwrap();
    assert_eq!((first.0.as_deref(), first.2), (Some(ONE), Ok(true)));
    assert_eq!(second, (None, Some(2), gone(2)));
}

#[test]
fn a_key_that_the_list_tells_twice_is_neither_active_nor_not() {
    for order in [["Active", "Inactive"], ["Inactive", "Active"]] {
        let all = keys(&listed(&order));
        let reason = GapReason::Contradiction("whether an access key is active".to_owned());
        assert_eq!(all[0].2, Err(reason), "{order:?}");
    }
    assert_eq!(keys(&listed(&["Active", "Active"]))[0].2, Ok(true));
}

fn account(files: &[(&str, &str)]) -> (Estate, Account) {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let estate = in_folder(&files);
    let account = the_account(&estate).clone();
    (estate, account)
}

/// AWS counts what a policy is attached to: where nobody has it, it is somebody's.
#[test]
fn a_policy_that_is_attached_more_often_than_the_lists_name() {
    let lacking = DETAILS.replace(
        r#"[{"PolicyName": "deploy", "PolicyArn": "arn:aws:iam::111122223333:policy/deploy"}]"#,
        "[]",
    );
    assert_ne!(lacking, DETAILS);
    let unplaced = |text: &str| {
        let (estate, account) = account(&[("a.json", text)]);
        assert_eq!(estate.problems, []);
        assert!(alice(&account).details.value().unwrap().grants.gap().is_none());
        let names = |arns: &std::collections::BTreeSet<kagimori_id::Arn>| {
            arns.iter().map(|arn| arn.name().to_owned()).collect::<Vec<_>>()
        };
        (names(&account.unplaced.attached), names(&account.unplaced.bounds))
    };
    let none = Vec::<String>::new();
    assert_eq!(unplaced(&lacking), (vec!["deploy".to_owned()], none.clone()));
    assert_eq!(unplaced(DETAILS), (none.clone(), none.clone()));
    let unbounded = DETAILS.replace("\"PermissionsBoundary\":", "\"Other\":");
    assert_eq!(unplaced(&unbounded), (none.clone(), vec!["deploy".to_owned()]));
    // a count that is lower than what is seen lacks nothing
    let lower = DETAILS.replace("\"AttachmentCount\": 1", "\"AttachmentCount\": 0");
    assert_eq!(unplaced(&lower), (none.clone(), none));
}

/// Of tags that two pages tell differently nothing is known.
#[test]
fn tags_that_contradict_each_other() {
    let other = DETAILS.replace(r#"[{"Key": "owner", "Value": "山田"}]"#, "[]");
    let (_, account) = account(&[("a.json", DETAILS), ("b.json", &other)]);
    let details = alice(&account).details.value().unwrap();
    assert!(details.tags.is_empty());
    assert!(matches!(details.tags_gap.as_ref().unwrap().reason, GapReason::Contradiction(_)));
}

#[test]
fn lists_shorter_than_the_summary_counts() {
    let certificates = ("c.json", r#"{"ServerCertificateMetadataList": []}"#);
    let (oidc, saml) = (
        ("o.json", r#"{"OpenIDConnectProviderList": []}"#),
        ("s.json", r#"{"SAMLProviderList": [{"Arn": "arn:aws:iam::111122223333:saml-provider/idp"}]}"#),
    );
    let devices =
        ("d.json", r#"{"VirtualMFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/old"}]}"#);
    let with = |summary: &str| {
        let summary = format!(r#"{{"SummaryMap": {{{summary}}}}}"#);
        account(&[certificates, oidc, saml, devices, ("m.json", &summary)]).1
    };
    let whole = with(r#""ServerCertificates": 0, "Providers": 1, "MFADevices": 1, "MFADevicesInUse": 0"#);
    assert!(whole.server_certificates.value().is_some() && whole.virtual_mfa_devices.value().is_some());
    assert!(whole.oidc_providers.value().is_some() && whole.saml_providers.value().is_some());
    let short = with(r#""ServerCertificates": 1, "Providers": 2, "MFADevices": 2, "MFADevicesInUse": 0"#);
    assert!(short.server_certificates.value().is_none() && short.virtual_mfa_devices.value().is_none());
    assert!(short.oidc_providers.value().is_none() && short.saml_providers.value().is_none());
    // root's device may be one that no list names, but only one
    let root = |count: u8| {
        with(&format!(r#""AccountMFAEnabled": 1, "MFADevices": {count}, "MFADevicesInUse": {}"#, count - 1))
    };
    assert!(root(2).virtual_mfa_devices.value().is_some());
    assert!(root(3).virtual_mfa_devices.value().is_none());
}
