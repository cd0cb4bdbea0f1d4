//! What kagi says of itself: `list`, `explain`, `doctor`, `log`, for people and as JSON.

use std::os::unix::fs::PermissionsExt;

use crate::support::{ALICE, Machine, Run};

#[test]
fn list_and_explain_say_what_will_happen() {
    let machine = Machine::enrolled();
    let before = machine.ok(&["explain", "dev"]);
    assert!(
        before.contains("asks for a code of arn:aws:iam::111122223333:mfa/alice: there is no session yet"),
        "{before}"
    );
    assert!(before.contains("read-only") && before.contains("AWS_ENDPOINT_URL"), "{before}");
    machine.ok(&["login", "bastion"]);
    let ready = machine.ok(&["explain", "dev"]);
    assert!(ready.starts_with("dev: 1 call and no question\n"), "{ready}");
    assert!(ready.contains("lasts    1h at a time, renewed silently for "), "{ready}");
    assert!(machine.ok(&["explain", "bastion"]).contains("lasts    12h, then a code is asked for\n"));
    let elevated = machine.ok(&["explain", "--elevate", "--reason", "to fix it", "dev"]);
    assert!(elevated.contains("lasts    30m, not renewed\n"), "{elevated}");
    let list = machine.ok(&["list"]);
    assert!(list.contains("dev         ready"), "{list}");
    machine.credentials(&["dev"]);
    assert!(machine.ok(&["explain", "dev"]).starts_with("dev: served from the cache, "));
    let json: serde_json::Value = serde_json::from_str(&machine.ok(&["list", "--format", "json"])).unwrap();
    assert_eq!(json["schema"]["name"], "kagi.list");
    machine.ok(&["lock"]);
    assert!(machine.ok(&["list"]).contains("the vault is locked"));
}

/// docs/json.md, "JSON answers": what every answer has, and what stands in those of kagi.
#[test]
fn json_answers_are_what_the_manual_says() {
    let manual = include_str!("../../../../docs/json.md");
    let machine = Machine::enrolled();
    machine.credentials(&["dev"]);
    for (arguments, name) in [
        (&["list"][..], "kagi.list"),
        (&["explain", "dev"], "kagi.explain"),
        (&["doctor"], "kagi.doctor"),
        (&["log"], "kagi.log"),
    ] {
        let before = jiff::Timestamp::now();
        let run = machine.run(&[arguments, &["--format", "json"]].concat());
        let after = jiff::Timestamp::now();
        let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(answer["schema"]["name"], name);
        let now: jiff::Timestamp = answer["now"].as_str().unwrap().parse().unwrap();
        assert!((before.as_second()..=after.as_second()).contains(&now.as_second()), "{name}");
        let line = manual.lines().find_map(|line| line.strip_prefix(&format!("* `{name}`: "))).unwrap();
        let line = line.split(" (").next().unwrap().to_owned() + &line.split(')').skip(1).collect::<String>();
        let mut said: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        let mut members: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        members.retain(|member| *member != "schema");
        said.sort_unstable();
        members.sort_unstable();
        assert_eq!(members, said, "{name}");
    }
}

#[test]
fn doctor_names_the_traps() {
    let machine = Machine::new();
    machine.write(
        "aws/config",
        "[profile a b]\n[profile c]\nregion = x # home\nrole_arn = arn:aws:iam::222233334444:role/A\ncredential_process = ~/kagi credentials c\n[profile d]\ncredential_process = kagi credentials d\n[profile e]\n[profile e]\n",
    );
    machine.write("aws/credentials", &machine.read("aws/credentials").replace("[bastion]", "[d]"));
    std::fs::set_permissions(machine.path("aws/credentials"), std::fs::Permissions::from_mode(0o644))
        .unwrap();
    let run = Run::of(
        machine
            .command(&["doctor", "--format", "json"])
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("AWS_PROFILE", "c")
            .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/")
            .output()
            .unwrap(),
    );
    assert_eq!(run.code, 1, "{}", run.stderr);
    for id in [
        "plaintext-key",
        "shadowed-process",
        "role-and-process",
        "process-command",
        "inline-comment",
        "unread-section",
        "no-route",
        "mode",
        "key-in-environment",
        "key-and-profile",
        "another-identity",
    ] {
        assert!(run.stdout.contains(&format!("\"id\": \"{id}\"")), "{id} in {}", run.stdout);
    }
    assert!(!run.stdout.contains(&machine.aws.access_key(ALICE).unwrap().secret_access_key));
}

#[test]
fn doctor_finds_nothing_where_nothing_is() {
    let machine = Machine::enrolled();
    for profile in ["dev", "prod", "deploy"] {
        machine.ok(&["add", profile]);
    }
    for file in ["aws/config", "aws/credentials"] {
        std::fs::set_permissions(machine.path(file), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let run = machine.run(&["doctor", "--online"]);
    // The tests keep the open vault's key in a file.
    assert!(
        run.stdout.lines().filter(|line| !line.starts_with(' ')).all(|line| line.starts_with("unlock-file")),
        "{}",
        run.stdout
    );
    machine.aws.set(|settings| settings.date_skew_seconds = 300);
    assert!(machine.run(&["doctor", "--online"]).stdout.contains("clock is 5m behind AWS's"));
}

#[test]
fn a_changed_log_is_noticed() {
    let machine = Machine::enrolled();
    machine.credentials(&["dev"]);
    let id = machine.credentials(&["dev"])["AccessKeyId"].as_str().unwrap().to_owned();
    assert_eq!(machine.ok(&["log", "--access-key-id", &id]).lines().count(), 1);
    assert_eq!(machine.ok(&["log", "--verify"]), "the log is whole\n");
    let log = machine.read("kagi/log.jsonl");
    machine.write("kagi/log.jsonl", &log.replacen("issued", "failed", 1));
    let changed = machine.run(&["log", "--verify"]);
    assert!(changed.code == 1 && changed.stdout.starts_with("line 2 "), "{}", changed.stdout);
    let lines: Vec<_> = log.lines().collect();
    machine.write("kagi/log.jsonl", &format!("{}\n", lines[..lines.len() - 1].join("\n")));
    assert!(machine.run(&["log", "--verify"]).stdout.contains("missing at the end"));
    machine.write("kagi/log.jsonl", &format!("{}\n", lines[1..].join("\n")));
    assert!(machine.run(&["log", "--verify"]).stdout.starts_with("line 1 "));
}

#[test]
fn a_cut_log_is_not_mended_by_writing_on() {
    let machine = Machine::enrolled();
    machine.credentials(&["dev"]);
    let log = machine.read("kagi/log.jsonl");
    let lines: Vec<_> = log.lines().collect();
    let cut = format!("{}\n", lines[..lines.len() - 1].join("\n"));
    machine.write("kagi/log.jsonl", &cut);
    machine.credentials(&["prod"]);
    assert_eq!(machine.run(&["log", "--verify"]).code, 1);
    // The note of the head is one of the notes: all of them go.
    machine.write("kagi/log.jsonl", &cut);
    std::fs::remove_dir_all(machine.path("kagi/notes")).unwrap();
    let run = machine.run(&["log", "--verify"]);
    assert!(run.code == 1 && run.stdout.contains("may be missing at the end"), "{}", run.stdout);
    machine.ok(&["env", "--shell", "bash", "dev"]);
    assert_eq!(machine.run(&["log", "--verify"]).code, 1);
}
