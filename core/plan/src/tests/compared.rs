//! A review beside an earlier one: absent is not fixed, and what closes says why.

use std::collections::BTreeMap;

use super::{Files, estate, now};
use crate::review::compared::{Compared, Earlier, Reason, compare};
use crate::settings::Settings;
use crate::verdict::Outcome;
use crate::{Review, review};

const DETAILS: &str = "snapshots/111122223333/authorization-details.json";
const REPORT: &str = "snapshots/111122223333/credential-report.csv";
const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

fn row(name: &str, mfa: bool, key: bool) -> String {
    format!(
        "{name},arn:aws:iam::111122223333:user/{name},2025-09-27T00:00:00Z,false,N/A,N/A,N/A,{mfa},{key},2025-09-27T00:00:00Z,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
    )
}

fn user(name: &str) -> String {
    format!(
        r#"{{"UserName":"{name}","UserId":"AIDAEXAMPLE{name}","Arn":"arn:aws:iam::111122223333:user/{name}","Path":"/","CreateDate":"2025-09-27T00:00:00+00:00","UserPolicyList":[],"GroupList":[],"AttachedManagedPolicies":[],"Tags":[]}}"#
    )
}

/// Ann and kim: the report's rows, and whether details tell of them.
fn files(rows: &[String], details: &[&str]) -> Files {
    let users: Vec<String> = details.iter().map(|name| user(name)).collect();
    let text = format!(
        r#"{{"UserDetailList":[{}],"GroupDetailList":[],"RoleDetailList":[],"Policies":[]}}"#,
        users.join(",")
    );
    let report = format!("{HEADER}\n{}\n", rows.join("\n"));
    Files::from([(DETAILS.to_owned(), text.into_bytes()), (REPORT.to_owned(), report.into_bytes())])
}

fn reviewed(files: &Files, settings: &str) -> Review {
    review(&estate(files), None, &Settings::parse(settings).unwrap(), now())
}

/// The findings as `findings.json` would give them back.
fn findings(review: &Review) -> Vec<Earlier> {
    let earlier = |verdict: &super::Verdict| {
        let facts: BTreeMap<&str, _> = verdict.facts.iter().map(|(name, value)| (*name, value)).collect();
        serde_json::from_value(serde_json::json!({"uid": verdict.uid(), "check": verdict.check,
            "outcome": verdict.outcome, "resource": *verdict.resource, "facts": facts}))
        .unwrap()
    };
    review.verdicts.iter().map(earlier).collect()
}

fn compared(before: &Files, after: &Files, settings: &str) -> (Vec<Earlier>, Review, Compared) {
    let earlier = findings(&reviewed(before, ""));
    let now = reviewed(after, settings);
    let compared = compare(&now, &estate(after), &earlier);
    (earlier, now, compared)
}

fn reason(of: &(Vec<Earlier>, Review, Compared), check: &str, name: &str) -> Option<Reason> {
    let (earlier, _, compared) = of;
    let is_it = |index: usize| earlier[index].check == check && earlier[index].resource.name == name;
    compared.fixed.iter().find(|(index, _)| is_it(*index)).map(|(_, reason)| *reason)
}

fn before() -> Files {
    files(&[row("ann", true, false), row("kim", false, true)], &["ann", "kim"])
}

#[test]
fn the_same_again_changes_nothing_however_old_it_grew() {
    let (_, now, compared) = compared(&before(), &before(), "");
    assert!(compared.new.is_empty() && compared.fixed.is_empty() && compared.lost.is_empty());
    let failing = now.verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Fail).count();
    assert_eq!(compared.stayed, failing);
    let later =
        review(&estate(&before()), None, &Settings::default(), "2026-11-20T00:00:00Z".parse().unwrap());
    let aged = compare(&later, &estate(&before()), &findings(&reviewed(&before(), "")));
    assert!(aged.changed.is_empty(), "ages are measures");
}

#[test]
fn what_closes_says_why() {
    let mended =
        compared(&before(), &files(&[row("ann", true, false), row("kim", true, false)], &["ann", "kim"]), "");
    assert_eq!(reason(&mended, "mfa-every-user", "kim"), Some(Reason::Passes));
    assert_eq!(reason(&mended, "key-rotation", "kim"), Some(Reason::DoesNotArise));
    let deleted = compared(&before(), &files(&[row("ann", true, false)], &["ann"]), "");
    assert_eq!(reason(&deleted, "mfa-every-user", "kim"), Some(Reason::ResourceGone));
    let waiver = "[[waiver]]\ncheck = \"mfa-every-user\"\nresource = \"kim\"\nowner = \"sre\"\nreason = \"leaves\"\nexpires = \"2027-01-01\"";
    let waived = compared(&before(), &before(), waiver);
    assert_eq!(reason(&waived, "mfa-every-user", "kim"), Some(Reason::Waived));
}

#[test]
fn what_goes_missing_is_lost_from_sight_and_never_fixed() {
    for missing in [REPORT, DETAILS] {
        let mut after = before();
        after.remove(missing);
        let (earlier, _, compared) = compared(&before(), &after, "");
        let closed: Vec<_> =
            compared.fixed.iter().map(|(index, reason)| (&earlier[*index].check, reason)).collect();
        assert!(closed.is_empty(), "{missing}: {closed:?}");
        assert!(!compared.lost.is_empty(), "{missing}");
        assert!(compared.lost.iter().all(|(_, gap)| gap.is_some()), "{missing}: each says what is missing");
    }
}

#[test]
fn a_fact_that_matters_is_a_change() {
    let with = |tags: &str| {
        let mut files = before();
        let text = String::from_utf8(files[DETAILS].clone()).unwrap().replacen("\"Tags\":[]", tags, 1);
        files.insert(DETAILS.to_owned(), text.into_bytes());
        files
    };
    let (_, now, compared) =
        compared(&with("\"Tags\":[]"), &with("\"Tags\":[{\"Key\":\"Owner\",\"Value\":\"sre\"}]"), "");
    let changed: Vec<&str> = compared.changed.iter().map(|(_, index)| now.verdicts[*index].check).collect();
    assert_eq!(changed, ["user-untagged"]);
}
