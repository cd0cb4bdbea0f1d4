//! Plans, their keys, and where to begin.

use proptest::prelude::*;

use crate::endpoint::Endpoint;
use crate::plan::{Call, KeyHolder, Plan, SignedIn, Start, plan, plan_signed_in};
use crate::profile::ProfileFiles;
use crate::route::{Access, Foreign, Target, resolve};

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
        is_foreign: false,
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

/// STS API Reference, AssumeRole: "when you use role chaining", one hour at most.
#[test]
fn chained_sessions_are_cut_to_an_hour_and_said_so() {
    let seconds = |plan: &Plan| -> Vec<u32> {
        let roles = plan.steps.iter().filter_map(|step| match &step.call {
            Call::AssumeRole(role) => Some(role.seconds),
            _ => None,
        });
        roles.collect()
    };
    let config = CONFIG.replace("role/Next\n", "role/Next\nduration_seconds = 2h\n");
    let config = config.replace("source_profile = dev", "source_profile = long");
    let next = planned(&config, "next", &Access::Everyday);
    assert_eq!(seconds(&next), [3600, 3600]);
    assert_eq!(next.notes.len(), 2, "{:?}", next.notes);
    assert!(next.notes.iter().all(|note| note.contains("is cut to one hour")), "{:?}", next.notes);
    let long = everyday("long");
    assert_eq!(seconds(&long), [43_200]);
    assert!(matches!(long.notes.as_slice(), [note] if note.contains("needs a code of its own")));
    // an hour is no more than an hour
    assert_eq!(everyday("dev").notes, Vec::<String>::new());
    let config = CONFIG.replace("mfa_serial = arn:aws:iam::111122223333:mfa/alice\n", "");
    assert_eq!(planned(&config, "dev", &Access::Everyday).notes, Vec::<String>::new());
}

/// A short session could never keep the full margin: it would be renewed at every call.
#[test]
fn a_short_session_keeps_half_of_itself() {
    let config = CONFIG.replace("role/Power\n", "role/Power\nduration_seconds = 900\n");
    let dev = planned(&config, "dev", &Access::Everyday);
    assert_eq!(dev.start(|step| [Some(3600), Some(450)][step]), Start::Serve);
    assert_eq!(dev.start(|step| [Some(3600), Some(449)][step]), Start::From(1));
}

#[test]
fn an_answer_is_of_the_role_and_the_session_that_were_asked_for() {
    let dev = everyday("dev");
    let Some(Call::AssumeRole(role)) = dev.steps.last().map(|step| &step.call) else { panic!("{dev:?}") };
    let of = |arn: &str| crate::plan::is_session_of(arn, role);
    assert!(of("arn:aws:sts::222233334444:assumed-role/Power/alice"));
    assert!(!of("arn:aws:sts::222233334444:assumed-role/Power/mallory"));
    assert!(!of("arn:aws:sts::222233334444:assumed-role/Other/alice"));
}

#[test]
fn without_a_device_the_role_is_assumed_directly() {
    let config = CONFIG.replace("mfa_serial = arn:aws:iam::111122223333:mfa/alice\n", "");
    let dev = planned(&config, "dev", &Access::Everyday);
    assert_eq!((dev.steps.len(), dev.device_from(0)), (1, None));
    // The user's own session is no reason to hand the key itself out: that is asked for by `session = off`.
    let own = planned(&config, "bastion", &Access::Everyday);
    assert!(matches!(&own.steps[..], [step] if matches!(step.call, Call::GetSessionToken { .. })), "{own:?}");
    let off = |config: &str| config.replace("[profile bastion]\n", "[profile bastion]\nsession = off\n");
    assert_eq!(planned(&off(&config), "bastion", &Access::Everyday).steps.len(), 0);
    assert_eq!(planned(&off(CONFIG), "bastion", &Access::Everyday).steps.len(), 1, "past the device");
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
        CONFIG.replace(
            "[profile dev]\n",
            "[profile dev]\nread_only = off\npolicy_arns = arn:aws:iam::aws:policy/X\n",
        ),
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

const SSO: &str = "\
[sso-session corp]
sso_start_url = https://shiosai.awsapps.com/start
sso_region = ap-northeast-1
[profile sso]
sso_session = corp
sso_account_id = 222233334444
sso_role_name = PowerUser
[profile behind]
role_arn = arn:aws:iam::333344445555:role/Behind
source_profile = sso
";

fn signed_in(config: &str, name: &str, access: &Access, id: &str) -> Plan {
    let files = ProfileFiles::scan(config, "");
    let route = resolve(&files, &Target::Profile(name.to_owned()), access).unwrap();
    let user_name = Some("alice@example.com".to_owned());
    let by = SignedIn { id: id.to_owned(), user_name, portal: "https://portal".to_owned() };
    plan_signed_in(&route, &by, &endpoint())
}

fn elevated_for(reason: &str, seconds: u32) -> Access {
    Access::Elevated { reason: reason.to_owned(), seconds: Some(seconds) }
}

#[test]
fn a_sign_in_is_narrowed_by_a_scope_another_set_or_the_role_behind() {
    let plan = |config: &str, name: &str| signed_in(config, name, &Access::Everyday, "1");
    let steps = |plan: &Plan| plan.steps.iter().map(|step| step.call.clone()).collect::<Vec<_>>();
    let everyday = plan(SSO, "sso");
    assert!(
        matches!(&steps(&everyday)[..], [Call::GetRoleCredentials { role, .. }, Call::GetScopedCredentials(scoped)]
        if role == "PowerUser" && scoped.policy.is_some() && scoped.seconds.is_none())
    );
    let other =
        SSO.replace("sso_role_name = PowerUser\n", "sso_role_name = PowerUser\nread_only_role = View\n");
    assert!(
        matches!(&steps(&plan(&other, "sso"))[..], [Call::GetRoleCredentials { role, .. }] if role == "View")
    );
    let elevated = signed_in(&other, "sso", &elevated_for("why", 900), "1");
    assert!(
        matches!(&steps(&elevated)[..], [Call::GetRoleCredentials { role, .. }, Call::GetScopedCredentials(scoped)]
        if role == "PowerUser" && scoped.policy.is_none() && scoped.seconds == Some(900))
    );
    let off = SSO.replace("sso_role_name = PowerUser\n", "sso_role_name = PowerUser\nread_only = off\n");
    assert_eq!(plan(&off, "sso").steps.len(), 1);
    let behind = plan(SSO, "behind");
    assert!(matches!(&steps(&behind)[..], [Call::GetRoleCredentials { role, .. }, Call::AssumeRole(assumed)]
        if role == "PowerUser" && assumed.session_name == "alice@example.com" && assumed.policy_arns.len() == 1));
}

#[test]
fn every_input_of_a_sign_in_changes_the_key() {
    let key =
        |config: &str, access: &Access, id| signed_in(config, "sso", access, id).steps.last().unwrap().key;
    let everyday = Access::Everyday;
    let mut keys = vec![
        key(SSO, &everyday, "1"),
        key(SSO, &everyday, "2"),
        key(&SSO.replace("222233334444", "222233334445"), &everyday, "1"),
        key(&SSO.replace("PowerUser", "Other"), &everyday, "1"),
        key(&SSO.replace("shiosai.", "other."), &everyday, "1"),
        key(
            &SSO.replace("sso_role_name = PowerUser\n", "sso_role_name = PowerUser\nread_only = off\n"),
            &everyday,
            "1",
        ),
        key(SSO, &elevated_for("a", 900), "1"),
        key(SSO, &elevated_for("b", 900), "1"),
        key(SSO, &elevated_for("a", 1800), "1"),
    ];
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count, "two different wishes share a key");
}

/// What is elevated for one reason is not served for another; what leads there is the same for both.
#[test]
fn only_the_last_role_behind_a_sign_in_is_kept_for_its_reason() {
    let chain = format!(
        "{SSO}[profile far]\nrole_arn = arn:aws:iam::444455556666:role/Far\nsource_profile = behind\n"
    );
    let keys = |reason| {
        let plan = signed_in(&chain, "far", &elevated_for(reason, 900), "1");
        plan.steps.iter().map(|step| step.key).collect::<Vec<_>>()
    };
    let (one, other) = (keys("a"), keys("b"));
    assert_eq!(one.len(), 3);
    assert_eq!(one[..2], other[..2]);
    assert_ne!(one[2], other[2]);
}

#[test]
fn what_ends_with_its_source_is_cut_out_of_a_source_that_lasts() {
    let plan = signed_in(SSO, "sso", &Access::Everyday, "1");
    let start = |left: [Option<i64>; 2]| plan.start(|step| left[step]);
    assert_eq!(start([None, None]), Start::From(0));
    assert_eq!(start([Some(3600), None]), Start::From(1));
    assert_eq!(start([Some(3600), Some(3600)]), Start::Serve);
    // Cutting it out anew would give the same end: the source itself is renewed.
    assert_eq!(start([Some(959), Some(959)]), Start::From(0));
    assert_eq!(start([Some(959), None]), Start::From(0));
    let short = signed_in(SSO, "sso", &elevated_for("why", 3600), "1");
    assert_eq!(
        short.start(|step| [Some(2000), None][step]),
        Start::From(0),
        "an hour is not cut out of half an hour"
    );
    assert_eq!(short.start(|step| [Some(2000), Some(5)][step]), Start::Serve, "never renewed");
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

#[test]
fn what_another_tool_prints_makes_no_session() {
    let config = CONFIG
        .replace("mfa_serial = arn:aws:iam::111122223333:mfa/alice\n", "credential_process = /opt/tool\n");
    let files = ProfileFiles::scan(&config, "");
    let foreign = KeyHolder { is_foreign: true, access_key_id: "process /opt/tool".to_owned(), ..holder() };
    let steps = |name: &str| {
        let route = resolve(&files, &Target::Profile(name.to_owned()), &Access::Everyday).unwrap();
        assert_eq!(route.foreign, Some(Foreign::Process("/opt/tool".to_owned())));
        plan(&route, &foreign, &endpoint()).steps
    };
    assert_eq!((steps("bastion").len(), steps("dev").len(), steps("next").len()), (0, 1, 2));
    let Call::AssumeRole(long) = &steps("long")[0].call else { panic!("no AssumeRole") };
    assert_eq!(long.seconds, 3600, "the tool may print a session");
    // kagi's own line is no source.
    let own = config.replace("/opt/tool", "/usr/bin/kagi credentials bastion");
    let files = ProfileFiles::scan(&own, "");
    let route = resolve(&files, &Target::Profile("dev".to_owned()), &Access::Everyday).unwrap();
    assert_eq!(route.foreign, None);
}

#[test]
fn an_extra_of_a_read_only_role_is_another_session_and_never_an_elevated_ones() {
    const EXTRA: &str =
        "read_only_extra =\n  arn:aws:s3:::acme-state/dev.tflock = s3:PutObject, s3:DeleteObject\n";
    let with = |lines: &str, access: &Access| {
        let config = CONFIG.replace("[profile dev]\n", &format!("[kagi dev]\n{lines}[profile dev]\n"));
        let files = ProfileFiles::scan(&config, "");
        let route = resolve(&files, &Target::Profile("dev".to_owned()), access).unwrap();
        let step = plan(&route, &holder(), &endpoint()).steps.pop().unwrap();
        let Call::AssumeRole(role) = step.call else { panic!("no AssumeRole") };
        (role.policy, step.key, route.extras.len(), route.notes.len())
    };
    let (none, plain, ..) = with("", &Access::Everyday);
    let (policy, widened, extras, _) = with(EXTRA, &Access::Everyday);
    assert!(none.is_none() && plain != widened && extras == 1);
    assert!(policy.unwrap().contains("[\"s3:PutObject\",\"s3:DeleteObject\"]"));
    assert_ne!(with(&EXTRA.replace("dev.tf", "prod.tf"), &Access::Everyday).1, widened);
    let elevated = Access::Elevated { reason: "restart".to_owned(), seconds: None };
    assert_eq!(with(EXTRA, &elevated), with("", &elevated));
    let off = with(&format!("read_only = off\n{EXTRA}"), &Access::Everyday);
    assert!(off.0.is_none() && off.3 == with("read_only = off\n", &Access::Everyday).3 + 1);
}

#[test]
fn a_role_of_a_token_is_no_chained_one_and_takes_no_code() {
    let config = "[profile ci]\nrole_arn = arn:aws:iam::222233334444:role/Build\nweb_identity_token_file = /run/token\n\
                  duration_seconds = 7200\nmfa_serial = arn:aws:iam::111122223333:mfa/alice\nsession_tags = a=b\nexternal_id = ext\n\
                  [profile next]\nrole_arn = arn:aws:iam::333344445555:role/Deploy\nsource_profile = ci\nduration_seconds = 7200\n";
    let files = ProfileFiles::scan(config, "");
    let holder = KeyHolder { is_foreign: true, ..holder() };
    let planned = |name: &str, access: &Access| {
        let route = resolve(&files, &Target::Profile(name.to_owned()), access).unwrap();
        plan(&route, &holder, &endpoint())
    };
    let ci = planned("ci", &Access::Everyday);
    let Call::AssumeRoleWithWebIdentity(role) = &ci.steps[0].call else { panic!("no token") };
    assert_eq!((role.seconds, ci.steps[0].mfa_serial.as_deref(), role.tags.len()), (7200, None, 0));
    assert_eq!(role.external_id, None, "AssumeRoleWithWebIdentity takes none");
    assert!(role.policy_arns[0].ends_with("ReadOnlyAccess"));
    assert!(
        ci.notes.iter().any(|note| note.contains("are not sent")) && ci.notes.len() == 1,
        "{:?}",
        ci.notes
    );
    let next = planned("next", &Access::Everyday);
    let Call::AssumeRole(role) = &next.steps[1].call else { panic!("no AssumeRole") };
    assert_eq!((next.steps.len(), role.seconds, next.steps[1].mfa_serial.as_deref()), (2, 3600, None));
    // Another reason is another session, although the call cannot carry it.
    let elevated = |reason: &str| {
        planned("ci", &Access::Elevated { reason: reason.to_owned(), seconds: None }).steps[0].key
    };
    assert_ne!(elevated("restart"), elevated("another"));
}
