//! `login_session`: what `aws login` left as the source of a role, and by itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use kagimori_fake_aws::Trouble;

use crate::support::{ALICE, Machine, wait_for};

/// `echo -n arn:aws:iam::111122223333:user/alice | sha256sum`
const FILE: &str =
    "home/.aws/login/cache/5778c30d3fe8c123cb2ab0d5a82c81b6fdcedfb868a6625f6f5bf6f05a7f129b.json";

/// A machine on which alice has signed in at the console, with a code, and let the AWS CLI in.
fn machine() -> Machine {
    let machine = Machine::enrolled();
    fs::create_dir_all(machine.path("home/.aws/login/cache")).unwrap();
    machine.write(
        "aws/config",
        &format!(
            "[profile me]\nlogin_session = {ALICE}\nregion = ap-northeast-1\n\n\
             [profile role]\nrole_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = me\n"
        ),
    );
    log_in(&machine);
    machine
}

fn log_in(machine: &Machine) {
    machine.write(FILE, &machine.aws.log_in(ALICE, true).unwrap());
}

/// As long ago as it takes for 15 minutes to have so many seconds left.
fn leave(machine: &Machine, seconds: i64) {
    let mut file: serde_json::Value = serde_json::from_str(&machine.read(FILE)).unwrap();
    let end = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + seconds).unwrap();
    file["accessToken"]["expiresAt"] = end.to_string().into();
    machine.write(FILE, &file.to_string());
}

fn run(machine: &Machine, arguments: &[&str]) -> crate::support::Run {
    let mut command = machine.command(arguments);
    command.env("HOME", machine.path("home"));
    crate::support::Run::of(command.output().unwrap())
}

fn credentials(machine: &Machine, profile: &str) -> serde_json::Value {
    let run = run(machine, &["credentials", profile]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

fn kept(machine: &Machine) -> serde_json::Value {
    serde_json::from_str(&machine.read(FILE)).unwrap()
}

#[test]
fn a_role_begins_with_the_sign_in_and_nobody_is_asked() {
    let machine = machine();
    let role = credentials(&machine, "role");
    assert_eq!(role["AccountId"], "222233334444");
    let issued = role["AccessKeyId"].as_str().unwrap();
    assert!(machine.aws.world().may(issued, "sns:ListTopics"));
    assert!(!machine.aws.world().may(issued, "sns:CreateTopic"), "it is not narrowed to reading");
    let called = machine.aws.log();
    assert_eq!(called.last().unwrap().caller, ALICE);
    assert_eq!(
        (machine.prompts(), machine.calls("CreateOAuth2Token"), machine.calls("GetSessionToken")),
        (0, 0, 0)
    );
    // From the cache nothing is read of it.
    fs::remove_file(machine.path(FILE)).unwrap();
    assert_eq!(credentials(&machine, "role"), role);
    let explained = run(&machine, &["explain", "role"]).stdout;
    assert!(explained.contains(&format!("of `aws login` as {ALICE}")), "{explained}");
}

#[test]
fn it_is_renewed_with_a_proof_once_for_all_and_the_file_stays_the_aws_clis() {
    let machine = machine();
    leave(&machine, 299);
    let before = kept(&machine);
    let children: Vec<_> = (0..20)
        .map(|_| {
            let mut command = machine.command(&["credentials", "me"]);
            command.env("HOME", machine.path("home")).stdout(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut seen: Vec<String> = children
        .into_iter()
        .map(|child| String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap())
        .collect();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), machine.calls("CreateOAuth2Token")), (1, 1), "{seen:?}");
    let after = kept(&machine);
    assert_ne!(after["refreshToken"], before["refreshToken"]);
    for same in ["clientId", "dpopKey", "idToken", "tokenType", "signInRegion"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    let mode = fs::metadata(machine.path(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644, "its mode is the person's");
    // With more than five minutes left botocore asks nobody, and neither do we.
    leave(&machine, 302);
    credentials(&machine, "me");
    assert_eq!(machine.calls("CreateOAuth2Token"), 1);
    // A new key in the file cannot ask with the old token.
    let other: serde_json::Value = serde_json::from_str(&machine.aws.log_in(ALICE, true).unwrap()).unwrap();
    let mut mixed = kept(&machine);
    mixed["dpopKey"] = other["dpopKey"].clone();
    machine.write(FILE, &mixed.to_string());
    leave(&machine, -1);
    let refused = run(&machine, &["credentials", "me"]);
    assert!(refused.code == 2 && refused.stderr.contains("another key"), "{}", refused.stderr);
}

#[test]
fn what_is_valid_is_served_when_the_renewal_fails_and_what_is_over_says_so() {
    let machine = machine();
    leave(&machine, 120);
    machine.aws.plan("CreateOAuth2Token", 1, Trouble::Throttle);
    let served = run(&machine, &["credentials", "me"]);
    assert!(served.code == 0 && served.stderr.contains("could not be renewed"), "{}", served.stderr);
    machine.aws.world().end_logins();
    leave(&machine, -5);
    let over = run(&machine, &["credentials", "me"]);
    assert!(over.code == 2 && over.stderr.contains("`aws login --profile me`"), "{}", over.stderr);
    assert!(over.stderr.contains("has ended"), "{}", over.stderr);
    // A role obtained before is served until it ends.
    log_in(&machine);
    let role = credentials(&machine, "role");
    machine.aws.world().end_logins();
    leave(&machine, -5);
    assert_eq!(credentials(&machine, "role"), role);
}

#[test]
fn the_aws_cli_may_be_first() {
    let machine = machine();
    leave(&machine, -5);
    let spent = machine.read(FILE);
    credentials(&machine, "me");
    // The file as it was read by a process that waited: its token is spent, and the newer one is there when it looks again.
    let newer = machine.read(FILE);
    machine.write(FILE, &spent);
    machine.aws.plan("CreateOAuth2Token", 1, Trouble::Delay { milliseconds: 5_000 });
    let before = machine.calls("CreateOAuth2Token");
    let waiting = {
        let mut command = machine.command(&["credentials", "me"]);
        command.env("HOME", machine.path("home")).stdout(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    wait_for(|| machine.calls("CreateOAuth2Token") > before);
    machine.write(FILE, &newer);
    let done = waiting.wait_with_output().unwrap();
    assert!(done.status.success());
    let served: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(served["AccessKeyId"], kept(&machine)["accessToken"]["accessKeyId"]);
}

#[test]
fn files_that_are_none_say_who_is_to_sign_in() {
    let machine = machine();
    for (text, says) in [
        ("", "is not JSON"),
        ("{}", "has no `refreshToken`"),
        ("{\"refreshToken\":1}", "has no `refreshToken`"),
    ] {
        machine.write(FILE, text);
        let run = run(&machine, &["credentials", "role"]);
        assert!(run.code == 2 && run.stderr.contains(says), "{text} {}", run.stderr);
        assert!(run.stderr.contains("`aws login --profile me`"), "{}", run.stderr);
    }
    let mut spoilt: serde_json::Value =
        serde_json::from_str(&machine.aws.log_in(ALICE, true).unwrap()).unwrap();
    spoilt["dpopKey"] = "no key".into();
    machine.write(FILE, &spoilt.to_string());
    leave(&machine, -1);
    let run = run(&machine, &["credentials", "role"]);
    assert!(run.code == 2 && run.stderr.contains("no P-256 key"), "{}", run.stderr);
    // Another folder, as the AWS CLI lets one choose.
    let mut command = machine.command(&["credentials", "me"]);
    command.env("HOME", machine.path("home")).env("AWS_LOGIN_CACHE_DIRECTORY", "~/elsewhere");
    let run = crate::support::Run::of(command.output().unwrap());
    assert!(run.code == 2 && run.stderr.contains("nobody is signed in"), "{}", run.stderr);
}

#[test]
fn kagi_add_takes_the_setting_where_botocore_does_not_look() {
    let machine = machine();
    let added = run(&machine, &["add", "me"]);
    assert!(added.code == 0 && added.stderr.contains("of `aws login` as"), "{}", added.stderr);
    let config = machine.read("aws/config");
    assert!(config.contains("[kagi me]\nlogin_session = arn:"), "{config}");
    assert_eq!(config.matches("login_session").count(), 1, "{config}");
    assert_eq!(credentials(&machine, "role")["AccountId"], "222233334444");
    // Beside a process botocore would take it first.
    machine.write(
        "aws/config",
        &format!("[profile x]\nlogin_session = {ALICE}\ncredential_process = /bin/kagi credentials x\n"),
    );
    let doctor = run(&machine, &["doctor"]).stdout;
    assert!(doctor.contains("login-and-process"), "{doctor}");
}
