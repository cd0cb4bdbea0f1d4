//! Plans, their keys, and where to begin.

use proptest::prelude::*;

use crate::endpoint::Endpoint;
use crate::plan::{Call, KeyHolder, Plan, Start, plan};
use crate::profile::ProfileFiles;
use crate::route::{Access, Target, resolve};

const CONFIG: &str = "\
[profile bastion]
mfa_serial = arn:aws:iam::111122223333:mfa/alice
[profile dev]
role_arn = arn:aws:iam::222233334444:role/Power
source_profile = bastion
[profile next]
role_arn = arn:aws:iam::333344445555:role/Next
source_profile = dev
[profile long]
role_arn = arn:aws:iam::222233334444:role/Power
source_profile = bastion
duration_seconds = 12h
";

fn holder() -> KeyHolder {
    KeyHolder {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        user_name: "alice".to_owned(),
        mfa_serial: None,
    }
}

fn endpoint() -> Endpoint {
    Endpoint {
        url: "https://sts.amazonaws.com".to_owned(),
        signing_region: "us-east-1".to_owned(),
        from: String::new(),
    }
}

fn planned(config: &str, name: &str, access: &Access) -> Plan {
    let files = ProfileFiles::scan(config, "");
    let route = resolve(&files, &Target::Profile(name.to_owned()), access).unwrap();
    plan(&route, &holder(), &endpoint())
}

fn everyday(name: &str) -> Plan {
    planned(CONFIG, name, &Access::Everyday)
}

fn elevated(reason: &str) -> Plan {
    planned(CONFIG, "dev", &Access::Elevated { reason: reason.to_owned(), seconds: None })
}

#[test]
fn one_session_serves_every_role() {
    let (user, dev, next) = (everyday("bastion"), everyday("dev"), everyday("next"));
    assert_eq!((user.steps.len(), dev.steps.len(), next.steps.len()), (1, 2, 3));
    assert_eq!(user.steps[0].key, dev.steps[0].key);
    assert_eq!(user.steps[0].key, next.steps[0].key);
    // As a middle hop `dev` is not narrowed, hence another answer.
    assert_ne!(dev.steps[1].key, next.steps[1].key);
    assert_eq!(dev.device_from(0), Some("arn:aws:iam::111122223333:mfa/alice"));
    assert_eq!(dev.device_from(1), None);
}

#[test]
fn more_than_an_hour_is_one_direct_call() {
    let long = everyday("long");
    assert_eq!(long.steps.len(), 1);
    assert!(long.steps[0].mfa_serial.is_some());
    assert!(matches!(&long.steps[0].call, Call::AssumeRole(role) if role.seconds == 43_200));
}

#[test]
fn without_a_device_the_role_is_assumed_directly() {
    let config = CONFIG.replace("mfa_serial = arn:aws:iam::111122223333:mfa/alice\n", "");
    let dev = planned(&config, "dev", &Access::Everyday);
    assert_eq!((dev.steps.len(), dev.device_from(0)), (1, None));
}

#[test]
fn every_input_changes_the_key() {
    let last = |plan: &Plan| plan.steps.last().unwrap().key;
    let base = last(&everyday("dev"));
    let edits = [
        CONFIG.replace("role/Power", "role/Other"),
        CONFIG.replace("222233334444", "222233334445"),
        CONFIG.replace("mfa/alice", "mfa/bob"),
        CONFIG.replace("[profile dev]\n", "[profile dev]\nexternal_id = xx\n"),
        CONFIG.replace("[profile dev]\n", "[profile dev]\nrole_session_name = xx\n"),
        CONFIG.replace("[profile dev]\n", "[profile dev]\nduration_seconds = 1800\n"),
        CONFIG.replace("[profile dev]\n", "[profile dev]\nsource_identity = person\n"),
        CONFIG.replace("[profile dev]\n", "[profile dev]\nsession_tags = a=b\n"),
        CONFIG.replace("[profile dev]\n", "[profile dev]\nsession_tags = a=b\ntransitive_session_tags = a\n"),
        CONFIG.replace("[profile dev]\n", "[profile dev]\npolicy_arns = arn:aws:iam::aws:policy/X\n"),
        CONFIG.replace("[profile dev]\n", "[profile dev]\nread_only = off\n"),
        CONFIG.replace("[profile bastion]\n", "[profile bastion]\nsession_seconds = 1h\n"),
    ];
    let mut keys: Vec<_> =
        edits.iter().map(|config| last(&planned(config, "dev", &Access::Everyday))).collect();
    keys.extend([base, last(&elevated("a")), last(&elevated("b"))]);
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count, "two different wishes share a key");
}

#[test]
fn where_to_begin() {
    let dev = everyday("dev");
    let cases = [
        ([None, None], Start::From(0)),
        ([Some(3600), None], Start::From(1)),
        ([Some(30), None], Start::From(0)),
        ([Some(3600), Some(960)], Start::Serve),
        ([Some(3600), Some(959)], Start::From(1)),
        // The session is over: renewing would ask for a code, so what is left is served to its end.
        ([None, Some(100)], Start::Serve),
        ([Some(30), Some(100)], Start::Serve),
        ([None, Some(0)], Start::From(0)),
    ];
    for (left, expected) in cases {
        assert_eq!(dev.start(|step| left[step]), expected, "{left:?}");
    }
    let elevated = elevated("x");
    assert_eq!(elevated.start(|step| [Some(3600), Some(5)][step]), Start::Serve);
    assert_eq!(elevated.start(|step| [Some(3600), Some(0)][step]), Start::From(1));
}

proptest! {
    /// Whatever is cached: nothing expired is served, no call is signed by an unusable session, and nobody is asked for
    /// a code while a usable answer or session is there.
    #[test]
    fn laws_of_beginning(left in proptest::collection::vec(proptest::option::of(-100_i64..50_000), 3)) {
        let plan = everyday("next");
        match plan.start(|step| left[step]) {
            Start::Serve => prop_assert!(left[2].is_some_and(|left| left > 0)),
            Start::From(0) => {
                prop_assert!(left[..2].iter().all(|left| left.is_none_or(|left| left < 60)));
                prop_assert!(left[2].is_none_or(|left| left <= 0), "asks for a code though an answer is there");
            }
            Start::From(step) => {
                prop_assert!(left[step - 1].is_some_and(|left| left >= 60));
                prop_assert!(left[2].is_none_or(|left| left < 960));
            }
        }
    }
}
