//! How fast events become the permissions AWS checked: the hand-checked events of the tests, read and mapped.
//!
//! `cargo bench -p kagimori-trail --bench actions`. Bar: ingest takes at most four times the decompression of its files
//! alone, about 2.5 µs an event for all it does.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kagimori_trail::call::Call;
use kagimori_trail::event::{Identity, read};
use serde::Deserialize;

fn main() {
    divan::main();
}

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    event: String,
    request: String,
    resources: Option<String>,
}

/// The events as one file.
fn file() -> (Vec<u8>, usize) {
    let cases: Cases =
        toml::from_str(include_str!("../tests/actions.toml")).unwrap_or(Cases { case: Vec::new() });
    let events: Vec<String> = cases.case.iter().map(record).collect();
    (format!(r#"{{"Records":[{}]}}"#, events.join(",")).into_bytes(), events.len())
}

fn record(case: &Case) -> String {
    let (source, name) = case.event.split_once(' ').unwrap_or_default();
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE:s","arn":"arn:aws:sts::111122223333:assumed-role/app/s","accountId":"111122223333","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{{"sessionIssuer":{{"type":"Role","arn":"arn:aws:iam::111122223333:role/app","accountId":"111122223333"}},"attributes":{{"mfaAuthenticated":"false"}}}}}},"eventTime":"2026-03-02T08:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2.31","requestParameters":{},"responseElements":null,"eventID":"0a1b2c3d-0000-4000-8000-000000000000","eventType":"AwsApiCall","recipientAccountId":"111122223333"{}}}"#,
        case.request,
        case.resources.as_ref().map(|told| format!(r#","resources":{told}"#)).unwrap_or_default(),
    )
}

/// Reading and mapping.
#[divan::bench]
fn read_and_map(bencher: Bencher<'_, '_>) {
    let (file, events) = file();
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        let mut checks = 0;
        read(black_box(&file), |event| {
            let identity = Identity::parse(event.identity.as_deref().unwrap_or("null"));
            checks += Call::of(&event, &identity).checks.len();
        });
        checks
    });
}

/// Reading and parsing who called alone: the difference is the map.
#[divan::bench]
fn read_alone(bencher: Bencher<'_, '_>) {
    let (file, events) = file();
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        let mut mfa = 0;
        read(black_box(&file), |event| {
            let identity = Identity::parse(event.identity.as_deref().unwrap_or("null"));
            mfa += usize::from(black_box(identity).mfa.is_some());
        });
        mfa
    });
}

/// Events without parameters that matter: the plan alone.
#[divan::bench(args = ["ec2 DescribeInstances", "s3 GetObject", "iam ListUsers"])]
fn map_one(bencher: Bencher<'_, '_>, event: &str) {
    let case = Case {
        event: event.to_owned(),
        request: r#"{"bucketName":"b","key":"reports/2026.csv","Host":"b.s3.eu-west-1.amazonaws.com"}"#
            .to_owned(),
        resources: None,
    };
    let file = format!("[{}]", record(&case));
    let mut bencher = Some(bencher);
    read(file.as_bytes(), |event| {
        let identity = Identity::parse(event.identity.as_deref().unwrap_or("null"));
        let Some(bencher) = bencher.take() else { return };
        bencher
            .counter(ItemsCount::new(1_usize))
            .bench_local(|| Call::of(black_box(&event), black_box(&identity)));
    });
}
