//! What holds of any event.

use kagimori_policy::catalogue::Catalogue;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{operations, outcome::Denial};
use crate::call::{Call, CheckedResource, MapGap};
use crate::event::{Bodies, Event, Identity};

fn event<'a>(source: &'a str, name: &'a str, bodies: Bodies<'a>, error: Option<&'a str>) -> Event<'a> {
    Event {
        time: 1_767_340_800,
        source: source.into(),
        name: name.into(),
        id: None,
        event_type: None,
        category: None,
        region: Some("eu-west-1".into()),
        address: None,
        agent: None,
        vpc_endpoint: None,
        error: error.map(Into::into),
        message: None,
        read_only: None,
        recipient: Some("111122223333".into()),
        shared_id: None,
        from_console: false,
        updates_earlier: false,
        updated_id: None,
        identity: None,
        sign_in: None,
        bodies,
    }
}

fn call(source: &str, name: &str, bodies: Bodies<'_>) -> Call {
    Call::of(&event(source, name, bodies, None), &Identity::default())
}

/// JSON of the shapes bodies have, with the keys and values the rules look at, and with others.
fn json() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("bucketName"),
        Just("key"),
        Just("versionId"),
        Just("x-amz-copy-source"),
        Just("x-amz-grant-read"),
        Just("functionName"),
        Just("role"),
        Just("roleArn"),
        Just("tags"),
        Just("items"),
        Just("content"),
        Just("Request"),
        Just("resourceId"),
        Just("instanceId"),
        Just("iamInstanceProfile"),
        Just("name"),
        Just("queueUrl"),
        Just("keyId"),
        Just("encryptionContext"),
        Just("path"),
        Just("omitted"),
        Just("userName"),
        Just("statement"),
        Just("transactItems"),
        Just("é"),
        Just(""),
        Just("tagSpecificationSet"),
        Just("resourceType"),
        Just("value"),
        Just("Key"),
        Just("secretId"),
    ];
    let value = prop_oneof![
        "[ -~]{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#""arn:aws:iam::111122223333:role/a*b""#.to_owned()),
        Just(r#""arn:aws:s3:::b/k?versionId=%zz%41""#.to_owned()),
        Just(r#""arn:aws:kms:::key/""#.to_owned()),
        Just(r#""arn:::::""#.to_owned()),
        Just(r#""alias/""#.to_owned()),
        Just(r#""https://sqs/111122223333/""#.to_owned()),
        Just(r#""vol-0123456789abcdef0""#.to_owned()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-1.5e300".to_owned()),
        Just("18446744073709551615".to_owned()),
        Just(r#""\ud800""#.to_owned()),
        Just("{".to_owned()),
    ];
    value.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec((word.clone(), inner), 0..6).prop_map(|fields| {
                let fields: Vec<String> =
                    fields.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn never_panics_and_only_known_actions(
        number in 0..19_796_usize,
        request in proptest::option::of(json()),
        resources in proptest::option::of(json()),
        suffix in prop_oneof![Just(""), Just("20150331"), Just("2020_05_31"), Just("V2"), Just("é1")],
        error in proptest::option::of(prop_oneof![Just("AccessDenied"), Just("ThrottlingException"), Just("X")]),
    ) {
        let operation = operations::all().nth(number).unwrap();
        let source = format!("{}.amazonaws.com", operation.labels.split(' ').next().unwrap());
        let name = format!("{}{suffix}", operation.name);
        let bodies = Bodies { request: request.as_deref(), resources: resources.as_deref(), ..Bodies::default() };
        let call = Call::of(&event(&source, &name, bodies, error), &Identity::default());
        for check in &call.checks {
            prop_assert!(check.action.contains(':'));
            match &check.resource {
                CheckedResource::Arn(arn) => prop_assert!(arn.starts_with("arn:") && !arn.contains(['*', '?']), "{arn}"),
                CheckedResource::Pattern(arn) => prop_assert!(arn.starts_with("arn:"), "{arn}"),
                CheckedResource::None | CheckedResource::Unknown => {}
            }
        }
        if call.gap == Some(MapGap::UnknownEvent) {
            prop_assert!(call.checks.is_empty());
        }
    }

    #[test]
    fn any_text_is_a_body(text in "\\PC{0,60}", other in "\\PC{0,60}") {
        let bodies = Bodies { request: Some(&text), resources: Some(&other), ..Bodies::default() };
        for (source, name) in [("s3.amazonaws.com", "CopyObject"), ("ec2.amazonaws.com", "RunInstances"), ("x", "y")] {
            call(source, name, bodies);
        }
        call(&text, &other, bodies);
        let _ = Denial::read(&text);
    }
}

/// Without its body an event keeps its actions; that its resources are not told is said.
#[test]
fn without_a_body_the_actions_stay() {
    let whole = call(
        "iam.amazonaws.com",
        "DeleteRole",
        Bodies { request: Some(r#"{"roleName":"r"}"#), ..Bodies::default() },
    );
    let bare = call("iam.amazonaws.com", "DeleteRole", Bodies::default());
    assert_eq!(whole.gap, None);
    assert_eq!(bare.gap, Some(MapGap::BodyMissing));
    let actions = |call: &Call| call.checks.iter().map(|check| check.action.clone()).collect::<Vec<_>>();
    assert_eq!(actions(&whole), actions(&bare));
    assert_eq!(bare.checks[0].resource, CheckedResource::Unknown);
    let list = call("ec2.amazonaws.com", "DescribeInstances", Bodies::default());
    assert_eq!((list.gap, &list.checks[0].resource), (None, &CheckedResource::None));
}

/// A refused AssumeRole has no request; its message names the role.
#[test]
fn a_refusal_tells_what_the_request_did_not() {
    let null = Bodies { request: Some("null"), ..Bodies::default() };
    let mut call =
        Call::of(&event("sts.amazonaws.com", "AssumeRole", null, Some("AccessDenied")), &Identity::default());
    assert_eq!((call.gap, &call.checks[0].resource), (Some(MapGap::BodyMissing), &CheckedResource::Unknown));
    let message = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:AssumeRole on resource: \
         arn:aws:iam::444455556666:role/deploy";
    assert!(call.learn(&Denial::read(message).unwrap()));
    assert_eq!(call.checks[0].resource, CheckedResource::Arn("arn:aws:iam::444455556666:role/deploy".into()));
    assert_eq!(call.checks[0].resource_account.unwrap().to_string(), "444455556666");
    assert_eq!(call.gap, None);
    let other = "User: u is not authorized to perform: sts:TagSession on resource: arn:aws:iam::444455556666:role/deploy";
    assert!(!call.learn(&Denial::read(other).unwrap()));
    assert_eq!(call.checks[1].action.as_ref(), "sts:TagSession");
}

/// Every action of a plan is one of the service reference, but for those that are newer than it.
#[test]
fn plans_name_actions_that_exist() {
    let catalogue = Catalogue::embedded();
    let mut unknown = 0;
    for operation in operations::all() {
        let label = operation.labels.split(' ').next().unwrap();
        super::plan::with(label, operation.name, |plan| {
            unknown += plan.steps.iter().filter(|step| catalogue.action(&step.action).is_none()).count();
        });
    }
    assert!(unknown <= 199 + 491, "{unknown} actions are not in the service reference");
}

/// The kept plans are those that are made anew.
#[test]
fn kept_plans_are_the_plans() {
    for (source, name) in
        [("s3.amazonaws.com", "PutObject"), ("no.such", "Thing"), ("sts.amazonaws.com", "GetCallerIdentity")]
    {
        let made = format!("{:?}", super::plan::Plan::make(source, name));
        for _ in 0..2 {
            assert_eq!(super::plan::with(source, name, |plan| format!("{plan:?}")), made);
        }
    }
}
