//! Accounts and organizations that answer out of the head: what is asked, in which order, and what becomes of it.

mod center;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use kagimori_policy::catalogue::{AccessLevel, Catalogue};
use kagimori_policy::decision::Answer as AllowedOrNot;
use kagimori_policy::engine::{Compiler, Stack};
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::request::{Context, Principal, Request};
use serde_json::{Value, json};

use super::{
    ACTIONS, Account, Answer, Ask, Earlier, Failure, Given, Options, Organization, Outcome, Record, Wanted,
    policy,
};
use crate::read::{Assembler, File, read};
use crate::{Dataset, GapReason, Silence};

const ACCOUNT: &str = "111122223333";

fn begin() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

fn given(value: Value) -> Answer {
    Answer::Given(Given { value, pages: 1, attempts: 1, request_ids: vec!["r".to_owned()], earlier: None })
}

fn refused(code: &str) -> Answer {
    Answer::Failed(Failure {
        code: Some(code.to_owned()),
        message: "m".to_owned(),
        attempts: 1,
        ..Failure::default()
    })
}

/// All that can be asked.
fn everything() -> Options {
    Options { ssh_keys: true, last_accessed: Some(100), resource_policies: true, regions: Vec::new() }
}

fn document(resource: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:user/u1" }, "Action": "*", "Resource": resource,
    }] })
    .to_string()
}

/// A repository's policy has no resource (Amazon ECR User Guide, "Private repository policies").
fn repository_document() -> String {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:user/u1" }, "Action": "ecr:BatchGetImage",
    }] })
    .to_string()
}

/// Users 0..count; every third has no key, every fifth an MFA device.
fn report(count: usize) -> String {
    let mut text = "user,arn,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_2_active,access_key_2_last_rotated\n\
                    <root_account>,arn:aws:iam::111122223333:root,true,false,N/A,false,N/A\n".to_owned();
    for user in 0..count {
        let key = if user % 3 == 0 { "false,N/A" } else { "false,2025-01-02T03:04:05Z" };
        text.push_str(&format!(
            "u{user},arn:aws:iam::111122223333:user/u{user},{},{key},false,N/A\n",
            user % 5 == 0
        ));
    }
    text
}

fn answer(ask: &Ask, users: usize) -> Answer {
    let user = ask.input.get("UserName").and_then(Value::as_str).unwrap_or_default();
    given(match ask.operation {
        "GetCredentialReport" => json!({
            "Content": STANDARD.encode(report(users)),
            "ReportFormat": "text/csv",
            "GeneratedTime": "2026-11-30T11:00:00+00:00",
        }),
        "GetAccountAuthorizationDetails" => {
            let detail = |user: usize| {
                json!({
                    "UserName": format!("u{user}"),
                    "UserId": format!("AIDA{user:017}"),
                    "Arn": format!("arn:aws:iam::{ACCOUNT}:user/u{user}"),
                    "Path": "/",
                    "CreateDate": "2025-01-02T03:04:05+00:00",
                    "GroupList": [],
                    "AttachedManagedPolicies": [],
                })
            };
            let users: Vec<Value> = (0..users).map(detail).collect();
            json!({ "UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": [] })
        }
        "ListAccessKeys" => json!({ "AccessKeyMetadata": [{
            "UserName": user, "AccessKeyId": format!("AKIA{:0>16}", user.trim_start_matches('u')), "Status": "Inactive",
            "CreateDate": "2025-01-02T03:04:05+00:00",
        }] }),
        "ListMFADevices" => json!({ "MFADevices": [{
            "UserName": user, "SerialNumber": format!("arn:aws:iam::{ACCOUNT}:mfa/{user}"), "EnableDate": "2025-01-02T03:04:05+00:00",
        }] }),
        "DescribeTrails" => json!({ "trailList": [{
            "Name": "t", "TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t", "HomeRegion": "eu-west-1",
        }] }),
        "GetTrailStatus" => json!({ "IsLogging": true }),
        "GetEventSelectors" => {
            json!({ "TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t", "EventSelectors": [] })
        }
        "ListRoles" => json!({ "Roles": [] }),
        "GetAccountPasswordPolicy" => json!({ "PasswordPolicy": { "MinimumPasswordLength": 14 } }),
        "ListVirtualMFADevices" => json!({ "VirtualMFADevices": [] }),
        "ListAccountAliases" => json!({ "AccountAliases": [] }),
        "ListOpenIDConnectProviders" => json!({ "OpenIDConnectProviderList": [] }),
        "ListSAMLProviders" => json!({ "SAMLProviderList": [] }),
        "ListServerCertificates" => json!({ "ServerCertificateMetadataList": [] }),
        "ListServiceSpecificCredentials" => json!({ "ServiceSpecificCredentials": [] }),
        "ListSSHPublicKeys" => json!({ "SSHPublicKeys": [] }),
        "GenerateServiceLastAccessedDetails" => json!({ "JobId": ask.input["Arn"] }),
        "GetServiceLastAccessedDetails" => json!({
            "JobStatus": "COMPLETED", "JobCreationDate": "2026-11-30T11:59:00+00:00", "JobCompletionDate": "2026-11-30T11:59:01+00:00",
            "ServicesLastAccessed": [{
                "ServiceName": "Amazon S3", "ServiceNamespace": "s3", "LastAuthenticated": "2026-11-01T00:00:00+00:00",
                "TotalAuthenticatedEntities": 1,
            }],
        }),
        "ListBuckets" => json!({ "Buckets": [
            { "Name": "logs.example", "BucketRegion": "eu-west-1" }, { "Name": "none", "BucketRegion": "us-east-1" },
        ] }),
        "GetBucketPolicy" if ask.input["Bucket"] == "none" => return refused("NoSuchBucketPolicy"),
        "GetBucketPolicy" => json!({ "Policy": document("arn:aws:s3:::logs.example/*") }),
        "ListRegions" => {
            json!({ "Regions": [{ "RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT" }] })
        }
        "ListQueues" => {
            json!({ "QueueUrls": [format!("https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/jobs.fifo"), format!("https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/open")] })
        }
        "GetQueueAttributes" => {
            let url = ask.input["QueueUrl"].as_str().unwrap();
            let arn = format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:{}", url.rsplit('/').next().unwrap());
            match url.ends_with("open") {
                true => json!({ "Attributes": { "QueueArn": arn } }),
                false => json!({ "Attributes": { "QueueArn": arn, "Policy": document(&arn) } }),
            }
        }
        "ListTopics" => {
            json!({ "Topics": [{ "TopicArn": format!("arn:aws:sns:eu-west-1:{ACCOUNT}:alarms") }] })
        }
        "GetTopicAttributes" => {
            let arn = ask.input["TopicArn"].as_str().unwrap();
            json!({ "Attributes": { "TopicArn": arn, "Policy": document(arn), "Owner": ACCOUNT } })
        }
        "ListKeys" => json!({ "Keys": [{ "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "KeyArn": "x" }] }),
        "GetKeyPolicy" => json!({ "Policy": document("*"), "PolicyName": "default" }),
        "ListFunctions" => json!({ "Functions": [{ "FunctionName": "mail" }, { "FunctionName": "alone" }] }),
        "GetPolicy" if ask.input["FunctionName"] == "alone" => return refused("ResourceNotFoundException"),
        "GetPolicy" => {
            json!({ "Policy": document(&format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:mail")), "RevisionId": "r" })
        }
        "ListSecrets" => json!({ "SecretList": [
            { "ARN": format!("arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:app/../db-AbCdEf"), "Name": "app/../db" },
            { "ARN": format!("arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:plain-AbCdEf"), "Name": "plain" },
        ] }),
        "GetResourcePolicy" => {
            let arn = ask.input["SecretId"].as_str().unwrap();
            match arn.contains("plain") {
                true => json!({ "ARN": arn, "Name": "plain" }),
                false => json!({ "ARN": arn, "Name": "app/../db", "ResourcePolicy": document("*") }),
            }
        }
        "DescribeRepositories" => {
            json!({ "repositories": [{ "repositoryName": "team/app" }, { "repositoryName": "own" }] })
        }
        "GetRepositoryPolicy" if ask.input["repositoryName"] == "own" => {
            return refused("RepositoryPolicyNotFoundException");
        }
        "GetRepositoryPolicy" => {
            json!({ "registryId": ACCOUNT, "repositoryName": "team/app", "policyText": repository_document() })
        }
        "GetAccountSummary" => {
            json!({ "SummaryMap": { "AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0 } })
        }
        _ => json!({}),
    })
}

/// Runs an account, at most so many calls under way, the newest answered first when `backwards`; gives what came of it and the
/// calls.
fn run(
    options: Options,
    width: usize,
    backwards: bool,
    answers: impl Fn(&Ask, usize) -> Answer,
) -> (BTreeMap<String, String>, Record, Vec<Ask>, Timestamp) {
    run_account(Account::new(options, begin()), width, backwards, answers)
}

fn run_account(
    mut account: Account,
    width: usize,
    backwards: bool,
    answers: impl Fn(&Ask, usize) -> Answer,
) -> (BTreeMap<String, String>, Record, Vec<Ask>, Timestamp) {
    let mut now = begin();
    let (mut open, mut asked): (Vec<Ask>, Vec<Ask>) = (Vec::new(), Vec::new());
    loop {
        let wanted = if open.len() < width { account.next(now) } else { Wanted::Answer };
        match wanted {
            Wanted::Ask(ask) => {
                asked.push((*ask).clone());
                open.push(*ask);
                continue;
            }
            Wanted::Nothing => break,
            Wanted::Wait(at) if open.is_empty() => {
                assert!(at > now);
                now = at;
                continue;
            }
            Wanted::Wait(_) | Wanted::Answer => {}
        }
        let ask = if backwards { open.pop().unwrap() } else { open.remove(0) };
        now += SignedDuration::from_millis(40);
        let count = asked.iter().filter(|other| other.operation == ask.operation).count();
        account.take(ask.id, &answers(&ask, count), now);
    }
    let (files, record) = account.finished();
    let files = files.into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect();
    (files, record, asked, now)
}

fn estate(files: &BTreeMap<String, String>) -> crate::Estate {
    let mut assembler = Assembler::default();
    for (name, text) in files {
        // Where they lie in a kagimori directory.
        let beside =
            ["resource-policies/", "last-accessed/"].iter().find(|folder| name.starts_with(**folder));
        let path = match beside {
            Some(folder) => format!("{folder}{ACCOUNT}/{}", name.strip_prefix(folder).unwrap()),
            None => format!("snapshots/{ACCOUNT}/{name}"),
        };
        let account = kagimori_id::AccountId::parse(ACCOUNT).ok();
        assembler.add(read(File { path: &path, account, bytes: text.as_bytes() }));
    }
    assembler.finish(None)
}

#[test]
fn a_call_a_user_only_where_there_is_something_to_ask_for() {
    for users in [50, 500] {
        let (files, record, asked, _) = run(Options::default(), 4, false, |ask, _| answer(ask, users));
        let with_keys = users - users.div_ceil(3);
        let with_mfa = users.div_ceil(5);
        assert!(asked.len() <= with_keys + with_mfa + 20, "{} calls", asked.len());
        assert_eq!(asked.iter().filter(|ask| ask.operation == "ListAccessKeys").count(), with_keys);
        assert_eq!(asked.first().map(|ask| ask.operation), Some("GetCredentialReport"));
        assert!(record.is_complete(), "{:?}", record.missing);
        assert_eq!(record.calls.len(), asked.len());
        let problems = estate(&files).problems;
        assert!(problems.is_empty(), "{problems:?}");
        let trail = asked.iter().find(|ask| ask.operation == "GetTrailStatus").unwrap();
        assert_eq!(trail.region.as_deref(), Some("eu-west-1"));
        assert!(files.contains_key("trail-status/t.json"));
    }
    let all = run(Options { ssh_keys: true, ..Options::default() }, 4, false, |ask, _| answer(ask, 50)).2;
    assert_eq!(all.iter().filter(|ask| ask.operation == "ListSSHPublicKeys").count(), 50);
}

#[test]
fn who_answers_first_changes_nothing() {
    let forwards = run(Options::default(), 1, false, |ask, _| answer(ask, 30)).0;
    for (width, backwards) in [(4, false), (4, true), (64, true)] {
        assert_eq!(run(Options::default(), width, backwards, |ask, _| answer(ask, 30)).0, forwards);
    }
}

#[test]
fn without_the_report_everybody_is_asked() {
    let denied = |ask: &Ask, _| match ask.operation {
        "GetCredentialReport" => refused("AccessDenied"),
        _ => answer(ask, 30),
    };
    let (files, record, asked, _) = run(Options::default(), 4, false, denied);
    assert_eq!(asked.iter().filter(|ask| ask.operation == "ListAccessKeys").count(), 30);
    assert_eq!(record.missing, ["iam:GetCredentialReport: AccessDenied"]);
    assert!(
        files["credential-report.json"]
            .starts_with("An error occurred (AccessDenied) when calling the GetCredentialReport")
    );
    // And without the details those of the report are.
    let denied = |ask: &Ask, _| match ask.operation {
        "GetAccountAuthorizationDetails" => refused("AccessDenied"),
        _ => answer(ask, 30),
    };
    let asked = run(Options::default(), 4, false, denied).2;
    assert_eq!(asked.iter().filter(|ask| ask.operation == "ListAccessKeys").count(), 20);
}

/// Each call in turn denied, throttled or lost: its file says so, and the readers hold it for unknown.
#[test]
fn what_failed_is_unknown_and_never_empty() {
    let (whole, _, asked, _) = run(Options::default(), 4, false, |ask, _| answer(ask, 5));
    let operations: std::collections::BTreeSet<&str> = asked.iter().map(|ask| ask.operation).collect();
    for operation in operations {
        for failure in [
            refused("AccessDenied"),
            refused("Throttling"),
            Answer::Failed(Failure {
                silence: Silence::TooLong,
                message: "no answer in time".into(),
                ..Failure::default()
            }),
        ] {
            let fails =
                |ask: &Ask, _| if ask.operation == operation { failure.clone() } else { answer(ask, 5) };
            let (files, record, ..) = run(Options::default(), 4, false, fails);
            assert!(!record.is_complete(), "{operation}");
            assert!(
                record.missing.iter().all(|missing| missing.contains(operation)),
                "{operation}: {:?}",
                record.missing
            );
            let differs: Vec<&String> =
                whole.keys().filter(|name| files.get(*name) != whole.get(*name)).collect();
            assert!(!differs.is_empty(), "{operation}: nothing tells");
            for name in differs.iter().filter_map(|name| files.get(*name)) {
                assert!(!name.trim().is_empty() && name.trim() != "{}", "{operation}: an empty file");
            }
            assert!(!estate(&files).problems.is_empty(), "{operation}: the readers are told nothing");
        }
    }
}

fn reasons(files: &BTreeMap<String, String>) -> BTreeMap<Dataset, GapReason> {
    let estate = estate(files);
    let account = estate.accounts.values().next().unwrap();
    let gaps =
        account.datasets.iter().filter_map(|(dataset, known)| Some((*dataset, known.gap()?.reason.clone())));
    gaps.collect()
}

/// Each kind of silence stays what it was, from the file to the reason that the review tells.
#[test]
fn silence_says_why() {
    for silence in Silence::ALL {
        let lost = Answer::Failed(Failure { silence, message: "it\nis so".into(), ..Failure::default() });
        let answers = |ask: &Ask, _| match ask.operation {
            "GetAccountSummary" | "GetCredentialReport" => lost.clone(),
            _ => answer(ask, 3),
        };
        let (files, record, ..) = run(Options::default(), 1, false, answers);
        let gaps = reasons(&files);
        for dataset in [Dataset::AccountSummary, Dataset::CredentialReport] {
            assert_eq!(gaps.get(&dataset), Some(&GapReason::Unanswered(silence)), "{dataset}");
        }
        assert_eq!(record.missing.len(), 2, "{:?}", record.missing);
        let told = record.calls.iter().filter(|call| call.outcome == Outcome::Unanswered(silence)).count();
        assert_eq!(told, 2);
    }
    // One user's keys: the answers of others before and behind stay, and nobody is without keys because of it.
    let (first, others) = ("u1", ["u2", "u4"]);
    let answers = |ask: &Ask, _| match ask.input.get("UserName").and_then(Value::as_str) {
        Some(user) if user == first && ask.operation == "ListAccessKeys" => {
            Answer::Failed(Failure { silence: Silence::Proxy, message: "no".into(), ..Failure::default() })
        }
        _ => answer(ask, 5),
    };
    let (files, ..) = run(Options::default(), 1, false, answers);
    let estate = estate(&files);
    let users = &estate.accounts.values().next().unwrap().users;
    for other in others {
        assert!(
            users.get(other).unwrap().access_keys.value().unwrap().iter().all(|key| key.id.is_some()),
            "{other}"
        );
    }
    let keys = users.get(first).unwrap().access_keys.value().unwrap();
    assert!(keys.len() == 1 && keys.iter().all(|key| key.id.is_none()), "{keys:?}");
}

#[test]
fn what_is_not_answered_in_time_is_not_known() {
    let whole = run(Options::default(), 1, false, |ask, _| answer(ask, 9)).0;
    let calls = run(Options::default(), 1, false, |ask, _| answer(ask, 9)).2.len();
    for count in 0..calls {
        let millis = i64::try_from(count).unwrap() * 40;
        let account = Account::new(Options::default(), begin());
        let account = account.until(Some(begin() + SignedDuration::from_millis(millis)));
        let (files, record, asked, now) = run_account(account, 1, false, |ask, _| answer(ask, 9));
        assert!(asked.len() <= count && now <= begin() + SignedDuration::from_millis(millis));
        assert!(
            !record.is_complete() && record.missing.iter().all(|what| what.ends_with("the time was over"))
        );
        // What was answered in time stands as it would.
        let in_time: Vec<&Ask> = asked.iter().collect();
        assert_eq!(
            record.calls.iter().filter(|call| call.outcome == Outcome::Answered).count(),
            in_time.len()
        );
        for (name, text) in &files {
            assert!(whole.get(name) == Some(text) || text.contains("The time was over"), "{count}: {name}");
        }
        let problems = estate(&files).problems;
        assert!(
            problems.iter().any(|problem| problem.message.contains("the time for collecting was over")),
            "{count}"
        );
    }
}

#[test]
fn of_an_account_that_nobody_enters_everything_is_refused() {
    let mut account = Account::new(Options::default(), begin());
    let Answer::Failed(failure) = refused("AccessDenied") else { panic!() };
    account.give_up(failure);
    let (files, record, asked, _) = run_account(account, 4, false, |ask, _| answer(ask, 3));
    assert!(asked.is_empty() && files.len() > 10);
    assert!(files.values().all(|text| text.starts_with("An error occurred (AccessDenied)")), "{files:?}");
    assert!(record.calls.iter().all(|call| call.outcome == Outcome::Refused("AccessDenied".into())));
    let denied = GapReason::Denied("AccessDenied".to_owned());
    let reasons = reasons(&files);
    assert!(reasons.values().filter(|reason| **reason == denied).count() > 9, "{reasons:?}");
}

/// A run that was cut off anywhere, or in which something failed, goes on with what is missing, and ends as if nothing had been.
#[test]
fn what_was_answered_is_not_asked_again() {
    let (whole, _, all, _) = run(Options::default(), 1, false, |ask, _| answer(ask, 9));
    let resume = |files: &BTreeMap<String, String>, record: &Record, now: Timestamp| {
        let record = serde_json::to_vec(&json!({ "record": record })).unwrap();
        let since = now - SignedDuration::from_hours(24);
        let earlier =
            Earlier::of(&record, since, |name| files.get(name).map(|text| text.clone().into_bytes()));
        let earlier = std::cell::RefCell::new(earlier);
        let sent = std::cell::Cell::new(0);
        let (files, record, ..) = run(Options::default(), 1, false, |ask, _| {
            if let Some(given) = earlier.borrow_mut().take(ask) {
                return Answer::Given(given);
            }
            sent.set(sent.get() + 1);
            answer(ask, 9)
        });
        (files, record, sent.get())
    };
    for count in 0..all.len() {
        let until = begin() + SignedDuration::from_millis(i64::try_from(count).unwrap() * 40);
        let account = Account::new(Options::default(), begin()).until(Some(until));
        let (files, record, asked, _) = run_account(account, 1, false, |ask, _| answer(ask, 9));
        let (files, record, sent) = resume(&files, &record, begin());
        assert!(files == whole && record.is_complete(), "{count}");
        assert_eq!(sent + asked.len(), all.len(), "{count}");
    }
    // Each call refused in turn.
    for (index, failing) in all.iter().enumerate() {
        let (files, record, ..) = run(Options::default(), 1, false, |ask, _| match ask == failing {
            true => refused("AccessDenied"),
            false => answer(ask, 9),
        });
        let (files, record, sent) = resume(&files, &record, begin());
        assert!(files == whole && record.is_complete(), "{index}: {}", failing.operation);
        assert!(sent >= 1 && sent < all.len(), "{}: {sent}", failing.operation);
    }
    // What is older than a day is asked again, and so is what lies in a file that somebody changed.
    let (files, record, ..) = run(Options::default(), 1, false, |ask, _| answer(ask, 9));
    assert_eq!(resume(&files, &record, begin() + SignedDuration::from_hours(25)).2, all.len());
    let mut changed = files;
    changed.get_mut("access-keys.json").unwrap().push_str("{}\n");
    let keys = all.iter().filter(|ask| ask.operation == "ListAccessKeys").count();
    assert_eq!(resume(&changed, &record, begin()).2, keys);
}

/// Who has no device and no key by the report is asked for none, and none is then an answer: but only where the list of virtual
/// devices agrees.
#[test]
fn that_there_is_none_is_an_answer() {
    let without = "user,arn,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_2_active,access_key_2_last_rotated\n\
                   <root_account>,arn:aws:iam::111122223333:root,true,false,N/A,false,N/A\n\
                   u0,arn:aws:iam::111122223333:user/u0,false,false,N/A,false,N/A\n";
    let report = |ask: &Ask| match ask.operation {
        "GetCredentialReport" => given(json!({
            "Content": STANDARD.encode(without), "ReportFormat": "text/csv", "GeneratedTime": "2026-11-30T11:00:00+00:00",
        })),
        _ => answer(ask, 1),
    };
    let (files, _, asked, _) = run(Options::default(), 1, false, |ask, _| report(ask));
    let per_user = ["ListMFADevices", "ListAccessKeys"];
    assert!(!asked.iter().any(|ask| per_user.contains(&ask.operation)));
    let gaps = reasons(&files);
    assert!(!gaps.contains_key(&Dataset::MfaDevices) && !gaps.contains_key(&Dataset::AccessKeys), "{gaps:?}");
    let devices =
        |files| estate(files).accounts.values().next().unwrap().users.get("u0").unwrap().mfa_devices.clone();
    assert_eq!(devices(&files).value(), Some(&Vec::new()));
    // The list of virtual devices is refused, or has one of the user's: nothing is known.
    let denied = |ask: &Ask, _| match ask.operation {
        "ListVirtualMFADevices" => refused("AccessDenied"),
        _ => report(ask),
    };
    let files = run(Options::default(), 1, false, denied).0;
    assert!(devices(&files).value().is_none() && reasons(&files).contains_key(&Dataset::MfaDevices));
    let held = |ask: &Ask, _| match ask.operation {
        "ListVirtualMFADevices" => given(json!({ "VirtualMFADevices": [{
            "SerialNumber": format!("arn:aws:iam::{ACCOUNT}:mfa/u0"),
            "User": { "Arn": format!("arn:aws:iam::{ACCOUNT}:user/u0"), "UserName": "u0" },
        }] })),
        _ => report(ask),
    };
    let files = run(Options::default(), 1, false, held).0;
    assert!(devices(&files).value().is_none() && reasons(&files).contains_key(&Dataset::MfaDevices));
    // The report is refused: nobody says that there is none.
    let denied = |ask: &Ask, _| match ask.operation {
        "GetCredentialReport" => refused("AccessDenied"),
        "ListMFADevices" => refused("AccessDenied"),
        _ => report(ask),
    };
    assert!(devices(&run(Options::default(), 1, false, denied).0).value().is_none());
}

#[test]
fn a_report_is_waited_for_and_not_for_ever() {
    let states = |states: &'static [&'static str]| {
        move |ask: &Ask, count: usize| match ask.operation {
            "GetCredentialReport" => match states.get(count - 1).copied().or(states.last().copied()).unwrap()
            {
                "there" => answer(ask, 3),
                code => refused(code),
            },
            "GenerateCredentialReport" => given(json!({ "State": "STARTED" })),
            _ => answer(ask, 3),
        }
    };
    let taken = |answers: &dyn Fn(&Ask, usize) -> Answer| {
        let (files, record, asked, now) = run(Options::default(), 1, false, answers);
        let made = asked.iter().filter(|ask| ask.operation == "GenerateCredentialReport").count();
        let is_there = files["credential-report.json"].contains("Content");
        (is_there, made, record.is_complete(), now.duration_since(begin()).as_secs())
    };
    assert!(taken(&states(&["there"])).0);
    let (there, made, complete, _) = taken(&states(&["ReportNotPresent", "ReportInProgress", "there"]));
    assert_eq!((there, made, complete), (true, 1, true));
    // Expired between Generate and Get.
    let (there, made, complete, _) = taken(&states(&["ReportExpired", "ReportExpired", "there"]));
    assert_eq!((there, made, complete), (true, 2, true));
    let (there, _, complete, seconds) = taken(&states(&["ReportNotPresent", "ReportInProgress"]));
    assert_eq!((there, complete), (false, false));
    assert!((100..=125).contains(&seconds), "{seconds}");
    // AWS has no room for it, for ever.
    let full = |ask: &Ask, _| match ask.operation {
        "GetCredentialReport" => refused("ReportNotPresent"),
        "GenerateCredentialReport" => refused("LimitExceeded"),
        _ => answer(ask, 3),
    };
    let (there, made, complete, seconds) = taken(&full);
    assert!(!there && !complete && made > 5 && seconds <= 125, "{made} {seconds}");
    // An old report is taken when there is no other.
    let old = |ask: &Ask, _| match ask.operation {
        "GetCredentialReport" => given(
            json!({ "Content": STANDARD.encode(report(3)), "ReportFormat": "text/csv", "GeneratedTime": "2026-11-29T11:00:00+00:00" }),
        ),
        "GenerateCredentialReport" => refused("AccessDenied"),
        _ => answer(ask, 3),
    };
    assert!(taken(&old).0);
}

#[test]
fn no_password_policy_is_an_answer() {
    let none = |ask: &Ask, _| match ask.operation {
        "GetAccountPasswordPolicy" => refused("NoSuchEntity"),
        _ => answer(ask, 3),
    };
    let (files, record, ..) = run(Options::default(), 1, false, none);
    assert!(record.is_complete(), "{:?}", record.missing);
    let estate = estate(&files);
    let gap =
        estate.accounts.values().next().unwrap().password_policy.known().err().map(|gap| gap.reason.clone());
    assert!(!matches!(gap, Some(GapReason::Denied(_))), "{gap:?}");
}

#[test]
fn an_organization_is_walked_level_by_level() {
    let mut organization = Organization::new(begin());
    let mut asked = Vec::new();
    loop {
        match organization.next(begin()) {
            Wanted::Ask(ask) => {
                let parent = ask.input.get("ParentId").and_then(Value::as_str);
                let value = match (ask.operation, parent) {
                    ("DescribeOrganization", _) => {
                        json!({ "Organization": { "Id": "o-a", "MasterAccountId": ACCOUNT } })
                    }
                    ("ListAccounts", _) => json!({ "Accounts": [
                        { "Id": ACCOUNT, "Name": "m", "State": "ACTIVE" }, { "Id": "222233334444", "Name": "c", "Status": "SUSPENDED" },
                    ] }),
                    ("ListRoots", _) => json!({ "Roots": [{ "Id": "r-ab12" }] }),
                    ("ListOrganizationalUnitsForParent", Some("r-ab12")) => {
                        json!({ "OrganizationalUnits": [{ "Id": "ou-ab12-11111111" }] })
                    }
                    ("ListAccountsForParent", Some("ou-ab12-11111111")) => {
                        json!({ "Accounts": [{ "Id": "222233334444" }] })
                    }
                    ("ListPolicies", _) if ask.input["Filter"] == "SERVICE_CONTROL_POLICY" => {
                        json!({ "Policies": [{ "Id": "p-1" }] })
                    }
                    _ => json!({}),
                };
                organization.take(ask.id, &given(value), begin());
                asked.push(ask.operation);
            }
            Wanted::Nothing => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(asked.iter().filter(|operation| **operation == "ListAccountsForParent").count(), 2);
    assert_eq!(organization.above("222233334444"), ["ou-ab12-11111111", "r-ab12"]);
    assert!(organization.above("999988887777").is_empty());
    assert!(
        ["r-ab12", "ou-ab12-11111111", ACCOUNT].iter().all(|id| organization.has(id))
            && !organization.has("ou-ab12-2")
    );
    let states: Vec<_> = organization.members().unwrap().iter().map(|member| member.state.as_str()).collect();
    assert_eq!((states, organization.management()), (vec!["ACTIVE", "SUSPENDED"], Some(ACCOUNT)));
    let (files, record) = organization.finished();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        names.contains(&"units-ou-ab12-11111111.json") && names.contains(&"policy-targets/p-1.json"),
        "{names:?}"
    );
    assert!(record.is_complete());
}

/// Jobs are waited for and not for ever; no more are begun than was said; the reader knows whose they are.
#[test]
fn what_users_and_roles_used_is_asked_in_jobs() {
    let options = Options { last_accessed: Some(3), ..Options::default() };
    let answers = |ask: &Ask, count: usize| match (ask.operation, ask.input["JobId"].as_str()) {
        ("GetServiceLastAccessedDetails", Some(job)) if job.ends_with("u1") => {
            given(json!({ "JobStatus": "IN_PROGRESS" }))
        }
        ("GetServiceLastAccessedDetails", Some(job)) if job.ends_with("u0") && count < 3 => {
            given(json!({ "JobStatus": "IN_PROGRESS" }))
        }
        ("GenerateServiceLastAccessedDetails", _) if ask.input["Arn"].as_str().unwrap().ends_with("u2") => {
            refused("AccessDenied")
        }
        _ => answer(ask, 5),
    };
    let (files, record, asked, now) = run(options.clone(), 4, false, answers);
    assert_eq!(asked.iter().filter(|ask| ask.operation == "GenerateServiceLastAccessedDetails").count(), 3);
    assert_eq!(record.left_out, 2);
    assert!((100..=130).contains(&now.duration_since(begin()).as_secs()), "{now}");
    assert!(files["last-accessed/user/u1.json"].contains("the job was not done in time"));
    let estate = estate(&files);
    let users = &estate.accounts.values().next().unwrap().users;
    let accessed = |name: &str| users.get(name).unwrap().last_accessed.clone();
    assert!(accessed("u0").value().unwrap().services.contains_key("s3"));
    assert_eq!(accessed("u1").gap().unwrap().reason, GapReason::Unanswered(Silence::TooLong));
    assert_eq!(accessed("u2").gap().unwrap().reason, GapReason::Denied("AccessDenied".to_owned()));
    assert_eq!(accessed("u3").gap().unwrap().reason, GapReason::NotGiven);
    // Time ends it, too.
    let account = Account::new(options.clone(), begin()).until(Some(begin() + SignedDuration::from_secs(10)));
    let (files, _, _, now) = run_account(account, 4, false, answers);
    assert!(
        now.duration_since(begin()).as_secs() <= 20
            && files["last-accessed/user/u1.json"].starts_with("The time was over")
    );
}

/// Each kind of resource is known by the ARN that the engine asks for, with its policy or without one.
#[test]
fn policies_of_resources_are_read_as_what_they_are() {
    let options = Options { resource_policies: true, ..Options::default() };
    let (files, record, ..) = run(options.clone(), 4, false, |ask, _| answer(ask, 2));
    assert!(record.is_complete(), "{:?}", record.missing);
    let whole = estate(&files);
    assert!(whole.problems.is_empty(), "{:?}", whole.problems);
    let of = |arn: &str| {
        whole.resource_policies.get(&arn.replace("ACCOUNT", ACCOUNT)).map(|held| held.policy.clone())
    };
    for arn in [
        "arn:aws:s3:::logs.example",
        "arn:aws:sqs:eu-west-1:ACCOUNT:jobs.fifo",
        "arn:aws:sns:eu-west-1:ACCOUNT:alarms",
        "arn:aws:kms:eu-west-1:ACCOUNT:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:lambda:eu-west-1:ACCOUNT:function:mail",
        "arn:aws:secretsmanager:eu-west-1:ACCOUNT:secret:app/../db-AbCdEf",
        "arn:aws:ecr:eu-west-1:ACCOUNT:repository/team/app",
    ] {
        let policy = of(arn).unwrap_or_else(|| panic!("{arn} of {:?}", whole.resource_policies.keys()));
        assert!(policy.value().unwrap().as_ref().unwrap().document.is_ok(), "{arn}");
    }
    for arn in [
        "arn:aws:s3:::none",
        "arn:aws:sqs:eu-west-1:ACCOUNT:open",
        "arn:aws:lambda:eu-west-1:ACCOUNT:function:alone",
        "arn:aws:secretsmanager:eu-west-1:ACCOUNT:secret:plain-AbCdEf",
        "arn:aws:ecr:eu-west-1:ACCOUNT:repository/own",
    ] {
        assert_eq!(of(arn).unwrap_or_else(|| panic!("{arn}")).value(), Some(&None), "{arn}");
    }
    assert_eq!(whole.resource_policies.len(), 12);
    // Where Regions are named nobody asks which there are.
    let named = Options { regions: vec!["eu-west-1".to_owned()], ..options.clone() };
    let (same, _, asked, _) = run(named, 4, false, |ask, _| answer(ask, 2));
    assert!(same == files && !asked.iter().any(|ask| ask.operation == "ListRegions"));
    // What is refused is not known, of this resource alone.
    for operation in [
        "GetBucketPolicy",
        "GetQueueAttributes",
        "GetTopicAttributes",
        "GetKeyPolicy",
        "GetPolicy",
        "GetResourcePolicy",
        "GetRepositoryPolicy",
    ] {
        for failure in [refused("AccessDenied"), Answer::Failed(Failure::default())] {
            let fails =
                |ask: &Ask, _| if ask.operation == operation { failure.clone() } else { answer(ask, 2) };
            let (files, record, ..) = run(options.clone(), 4, false, fails);
            assert!(!record.is_complete());
            let less = estate(&files);
            let unknown =
                less.resource_policies.values().filter(|held| held.policy.value().is_none()).count();
            let others = whole.resource_policies.iter().filter(|(arn, held)| {
                less.resource_policies
                    .get(*arn)
                    .is_some_and(|less| less.policy.value() == held.policy.value())
            });
            assert!(unknown > 0 && others.count() == whole.resource_policies.len() - unknown, "{operation}");
        }
    }
}

/// What is asked stands in the policy, and nothing in the policy changes anything: the engine is asked of every action that the
/// service reference knows.
#[test]
fn the_policy_reads_and_is_enough() {
    let actions: Vec<String> =
        serde_json::from_value(policy(&everything())["Statement"][0]["Action"].clone()).unwrap();
    let mut asked = std::collections::BTreeSet::new();
    let mut calls = run(everything(), 4, false, |ask, _| answer(ask, 20)).2;
    calls.extend(
        run(Options::default(), 4, false, |ask, _| match ask.operation {
            "GetCredentialReport" => refused("ReportNotPresent"),
            _ => answer(ask, 3),
        })
        .2,
    );
    calls.extend(center::asked());
    for ask in calls {
        let action = match (ask.service, ask.operation) {
            // IAM calls it otherwise (Service Authorization Reference, Amazon S3).
            ("s3", "ListBuckets") => "s3:ListAllMyBuckets".to_owned(),
            ("sso-admin", operation) => format!("sso:{operation}"),
            (service, operation) => format!("{service}:{operation}"),
        };
        assert!(actions.contains(&action), "{action}");
        asked.insert(action);
    }
    // Nothing is allowed that nobody asks for, but for the organization's calls, which another machine makes.
    let never: Vec<&String> = actions
        .iter()
        .filter(|action| !asked.contains(*action) && !action.contains("rganizations"))
        .collect();
    assert!(never.is_empty(), "{never:?}");
    let catalogue = Catalogue::embedded();
    let mut compiler = Compiler::default();
    let document = compiler.compile(&parse(&policy(&everything()).to_string(), Strictness::Strict).unwrap());
    let mut allowed = Vec::new();
    for action in catalogue.actions() {
        let request = Request {
            principal: Principal::parse("arn:aws:iam::111122223333:role/Audit").unwrap(),
            action: catalogue.name(action).as_str().into(),
            resource: "*".into(),
            resource_account: ACCOUNT.into(),
            wildcard_only: true,
            context: Context::complete(),
        };
        let request = compiler.bind(&request);
        let stack = Stack { identity: &[&document], ..Stack::default() };
        if stack.decide(&request) != AllowedOrNot::Allowed {
            continue;
        }
        let levels = catalogue.access_levels(action);
        let reads = levels.iter().all(|level| matches!(level, AccessLevel::List | AccessLevel::Read));
        assert!(reads && !levels.is_empty(), "{} is {levels:?}", catalogue.name(action));
        allowed.push(catalogue.name(action));
    }
    // What every caller may ask whatever his policies say.
    allowed.retain(|action| action != "sts:GetCallerIdentity");
    assert_eq!(allowed.len(), actions.len(), "{allowed:?}");
    for dataset in Dataset::ALL.into_iter().filter(|dataset| dataset.api().starts_with("iam:")) {
        let wanted = !matches!(dataset, Dataset::AccessKeyLastUsed | Dataset::LastAccessed);
        assert!(dataset != Dataset::LastAccessed || actions.iter().any(|action| action == dataset.api()));
        assert_eq!(ACTIONS.contains(&dataset.api()), wanted, "{dataset}");
    }
}
