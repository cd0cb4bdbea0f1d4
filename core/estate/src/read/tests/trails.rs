//! What trails log, as the AWS CLI writes it.

use super::in_folder;
use crate::cloudtrail::{DescribedTrail, EventSelector, FieldSelector};
use crate::fact::{Dataset, GapReason, Known};

const LIST: &str = r#"{"trailList": [
    {"Name": "main", "S3BucketName": "logs", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true, "HomeRegion": "ap-northeast-1",
     "TrailARN": "arn:aws:cloudtrail:ap-northeast-1:111122223333:trail/main", "LogFileValidationEnabled": true,
     "HasCustomEventSelectors": true, "HasInsightSelectors": false, "IsOrganizationTrail": false},
    {"Name": "company", "S3BucketName": "logs", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true, "HomeRegion": "us-east-1",
     "TrailARN": "arn:aws:cloudtrail:us-east-1:999988887777:trail/company", "LogFileValidationEnabled": true,
     "HasCustomEventSelectors": false, "HasInsightSelectors": false, "IsOrganizationTrail": true}]}"#;

const BASIC: &str = r#"{"TrailARN": "arn:aws:cloudtrail:ap-northeast-1:111122223333:trail/main", "EventSelectors": [
    {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true, "ExcludeManagementEventSources": ["kms.amazonaws.com"],
     "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::a/logs/", "arn:aws:s3"]}]}]}"#;

const STATUS: &str = r#"{"IsLogging": true, "LatestDeliveryTime": 1767225600.123, "StartLoggingTime": "2026-01-01T00:00:00.123000+00:00",
    "LatestDeliveryAttemptTime": "2026-06-30T23:55:00Z", "TimeLoggingStarted": "2026-01-01T00:00:00Z", "TimeLoggingStopped": ""}"#;

fn trails(files: &[(&str, &str)]) -> Known<Vec<DescribedTrail>> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let estate = in_folder(&files);
    assert_eq!(estate.problems, []);
    estate.accounts.get(&super::account_id()).unwrap().trails.clone()
}

#[test]
fn trails_their_selectors_and_whether_they_are_on() {
    let known =
        trails(&[("trails.json", LIST), ("selectors.json", BASIC), ("trail-status/main.json", STATUS)]);
    let [main, company] = known.value().unwrap().as_slice() else { panic!("two trails") };
    assert_eq!(
        (main.name.as_str(), main.home_region.value().map(String::as_str)),
        ("main", Some("ap-northeast-1"))
    );
    assert_eq!((main.is_multi_region.value(), main.has_global_services.value()), (Some(&true), Some(&true)));
    let writes = || FieldSelector::equals("readOnly", &["false"]);
    let of_basic = [
        EventSelector {
            fields: vec![
                FieldSelector::equals("eventCategory", &["Management"]),
                writes(),
                FieldSelector::not_equals("eventSource", &["kms.amazonaws.com"]),
            ],
        },
        EventSelector {
            fields: vec![
                FieldSelector::equals("eventCategory", &["Data"]),
                FieldSelector::equals("resources.type", &["AWS::S3::Object"]),
                FieldSelector::starts_with("resources.ARN", &["arn:aws:s3:::a/logs/", "arn:aws:s3"]),
                writes(),
            ],
        },
    ];
    assert_eq!(main.selectors.value().unwrap().as_slice(), of_basic);
    let status = main.status.value().unwrap();
    assert_eq!((status.is_logging, status.started.map(|at| at.as_second())), (true, Some(1_767_225_600)));
    // It has none of its own: what every trail logs by default.
    assert_eq!(company.selectors.value().unwrap().as_slice(), [EventSelector::default_of_trails()]);
    assert_eq!(company.status.gap().unwrap().dataset, Dataset::TrailStatus);
}

#[test]
fn what_is_not_given_is_not_known() {
    let reason = |known: &Known<Vec<EventSelector>>| known.gap().unwrap().reason.clone();
    assert_eq!(trails(&[("selectors.json", BASIC)]).gap().unwrap().dataset, Dataset::Trails);
    let known = trails(&[("trails.json", LIST)]);
    assert_eq!(reason(&known.value().unwrap()[0].selectors), GapReason::NotGiven);
    // of a name that is in two Regions nobody knows which one is meant
    let twins = LIST.replace("trail/company", "trail/main").replace("\"company\"", "\"main\"");
    let known = trails(&[("trails.json", &twins), ("trail-status/main.json", STATUS)]);
    assert!(known.value().unwrap().iter().all(|trail| trail.status.value().is_none()));
    // two answers that do not say the same
    let other = BASIC.replace("WriteOnly", "All");
    let files: [(&str, &[u8]); 3] =
        [("trails.json", LIST.as_bytes()), ("a.json", BASIC.as_bytes()), ("b.json", other.as_bytes())];
    let estate = in_folder(&files);
    let account = estate.accounts.get(&super::account_id()).unwrap();
    let main = &account.trails.value().unwrap()[0];
    assert!(matches!(reason(&main.selectors), GapReason::Contradiction(_)));
    assert_eq!(estate.problems.len(), 1);
}

#[test]
fn a_refused_call_is_told() {
    let refused =
        "\nAn error occurred (AccessDeniedException) when calling the GetEventSelectors operation: no\n";
    let estate = in_folder(&[("trails.json", LIST.as_bytes()), ("event-selectors.json", refused.as_bytes())]);
    let account = estate.accounts.get(&super::account_id()).unwrap();
    let gap = account.trails.value().unwrap()[0].selectors.gap().unwrap().clone();
    assert_eq!(gap.reason, GapReason::Denied("AccessDeniedException".to_owned()));
}
