//! What holds of any event.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Needs, denial::Denial, operations};
use crate::call::{Call, Certainty, CheckedResource, MapGap};
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
    #![proptest_config(ProptestConfig::with_cases(256))]

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
            prop_assert!(call.checks.iter().all(|check| check.certainty == Certainty::Possible));
        }
    }

    /// What [`Needs::basis`] leaves out changes nothing.
    #[test]
    fn what_is_needed_follows_from_its_basis(
        number in 0..19_796_usize,
        request in proptest::option::of(json()),
        resources in proptest::option::of(json()),
        other in json(),
        user in any::<bool>(),
    ) {
        let operation = operations::all().nth(number).unwrap();
        let source = format!("{}.amazonaws.com", operation.labels.split(' ').next().unwrap());
        let bodies = Bodies { request: request.as_deref(), resources: resources.as_deref(), ..Bodies::default() };
        let one = event(&source, operation.name, bodies, None);
        let response = (source != "sts.amazonaws.com").then_some(other.as_str());
        let two = Event {
            time: 0,
            category: Some("Data".into()),
            address: Some("192.0.2.1".into()),
            agent: Some("aws-cli/2".into()),
            vpc_endpoint: Some("vpce-1".into()),
            message: Some(other.as_str().into()),
            read_only: Some(true),
            shared_id: Some("s".into()),
            bodies: Bodies { response, additional: Some(&other), ..bodies },
            ..one.clone()
        };
        let arn = |session: &str| match user {
            true => "arn:aws:iam::111122223333:user/ann".to_owned(),
            false => format!("arn:aws:sts::111122223333:assumed-role/app/{session}"),
        };
        let alice = Identity { arn: Some(arn("a").into()), ..Identity::default() };
        let bob = Identity {
            kind: Some("AssumedRole".into()),
            arn: Some(arn("b").into()),
            principal_id: Some("AROA:b".into()),
            user_name: Some("b".into()),
            issuer: Some("arn:aws:iam::111122223333:role/app".into()),
            mfa: Some(true),
            ..Identity::default()
        };
        prop_assert_eq!(Needs::basis(&one, &alice), Needs::basis(&two, &bob));
        prop_assert_eq!(Needs::of(&one, &alice), Needs::of(&two, &bob));
    }

    /// Events that tell the same in their basis need the same, whatever else they tell.
    #[test]
    fn what_no_basis_tells_is_not_looked_at(
        number in 0..19_796_usize,
        bodies in vec(proptest::option::of(json()), 5),
        from in vec(any::<bool>(), 4),
    ) {
        let operation = operations::all().nth(number).unwrap();
        let source = format!("{}.amazonaws.com", operation.labels.split(' ').next().unwrap());
        let body = |at: usize| bodies[at].as_deref();
        let told = |at| Bodies { request: body(at), resources: body(4), response: body(at + 2), additional: None };
        let (one, two) = (event(&source, operation.name, told(0), None), event(&source, operation.name, told(1), None));
        let caller = |name: &str, account: &str, at: usize| Identity {
            arn: Some(format!("arn:aws:iam::{account}:user/{name}").into()),
            account: Some(account.to_owned().into()),
            invoked_by: from[at].then(|| "cloudformation.amazonaws.com".into()),
            ..Identity::default()
        };
        let nobodys = |event: Event<'static>, at: usize| Event { recipient: event.recipient.filter(|_| from[at]), ..event };
        let (alice, bob) = (caller("a", "111122223333", 0), caller("b", "444455556666", 1));
        let (one, two) = (
            Event { bodies: one.bodies, ..nobodys(one.clone().into_owned(), 2) },
            Event { bodies: two.bodies, ..nobodys(two.clone().into_owned(), 3) },
        );
        let is_alike = one.recipient == two.recipient && one.bodies.resources == two.bodies.resources;
        if is_alike && Needs::basis(&one, &alice) == Needs::basis(&two, &bob) {
            prop_assert_eq!(Needs::of(&one, &alice), Needs::of(&two, &bob));
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
