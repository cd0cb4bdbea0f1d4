//! The flow of S0 against the fake AWS: key → MFA session → roles, cached by content, with nothing in plaintext.

use crate::support::{ALICE, CONFIG, Machine};
use kagimori_fake_aws::bastion;

#[test]
fn from_plaintext_to_a_role() {
    let machine = Machine::new();
    let secret = machine.aws.access_key(ALICE).unwrap().secret_access_key;
    machine.ok(&["add", "bastion"]);
    let credentials = machine.read("aws/credentials");
    assert_eq!(credentials, "# keys\n[other]\n# stays\nregion = x\n");
    let config = machine.read("aws/config");
    let line = format!("credential_process = {} credentials bastion\n", env!("CARGO_BIN_EXE_kagi"));
    assert_eq!(config, CONFIG.replace("ap-northeast-1\n", &format!("ap-northeast-1\n{line}")));
    for (path, bytes) in machine.files() {
        assert!(!contains(&bytes, secret.as_bytes()), "the secret is in {}", path.display());
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!name.contains("bastion") && !name.contains("AKIA"), "{name} says something");
    }
    let role = machine.credentials(&["dev"]);
    assert_eq!(role["Version"], 1);
    assert_eq!(role["AccountId"], "222233334444");
    assert!(role["AccessKeyId"].as_str().unwrap().starts_with("ASIA"));
    assert!(role["Expiration"].as_str().unwrap().ends_with('Z'));
    assert_eq!((machine.calls("GetSessionToken"), machine.calls("AssumeRole"), machine.prompts()), (1, 1, 1));
    // Cached: the same again without any call.
    assert_eq!(machine.credentials(&["dev"]), role);
    // One session for every role.
    let other = machine.credentials(&["prod"]);
    assert_eq!(other["AccountId"], "333344445555");
    assert_eq!((machine.calls("GetSessionToken"), machine.calls("AssumeRole"), machine.prompts()), (1, 2, 1));
    // The user's own session.
    let own = machine.credentials(&["bastion"]);
    assert!(own.get("AccountId").is_none());
    assert_eq!((machine.calls("GetSessionToken"), machine.prompts()), (1, 1));
    for (path, bytes) in machine.files() {
        for secret in ["SecretAccessKey", "SessionToken"] {
            let secret = role[secret].as_str().unwrap();
            assert!(!contains(&bytes, secret.as_bytes()), "a secret is in {}", path.display());
        }
    }
}

#[test]
fn chains_of_roles() {
    let machine = Machine::enrolled();
    let deploy = machine.credentials(&["deploy"]);
    assert_eq!(deploy["AccountId"], "333344445555");
    assert_eq!((machine.calls("GetSessionToken"), machine.calls("AssumeRole"), machine.prompts()), (1, 2, 1));
}

#[test]
fn a_role_without_any_profile() {
    let machine = Machine::enrolled();
    let role = machine.credentials(&["--account", "222233334444", "--role", "ReadOnly"]);
    assert_eq!(role["AccountId"], "222233334444");
}

#[test]
fn an_edited_profile_is_never_served_the_old_role() {
    let machine = Machine::enrolled();
    let power = machine.credentials(&["dev"]);
    machine.write("aws/config", &machine.read("aws/config").replace("444:role/Power", "444:role/ReadOnly"));
    let read_only = machine.credentials(&["dev"]);
    assert_ne!(power["AccessKeyId"], read_only["AccessKeyId"]);
    assert_eq!(machine.prompts(), 1);
    machine.write("aws/config", &machine.read("aws/config").replace("444:role/ReadOnly", "444:role/Power"));
    assert_eq!(machine.credentials(&["dev"]), power, "the first is still in the cache");
}

#[test]
fn read_only_until_elevated() {
    let machine = Machine::enrolled();
    let everyday = machine.credentials(&["dev"]);
    let id = |reason: &str| {
        let elevated = [
            "exec",
            "--elevate",
            "--reason",
            reason,
            "--env-keys",
            "dev",
            "--",
            "printenv",
            "AWS_ACCESS_KEY_ID",
        ];
        machine.ok(&elevated)
    };
    let first = id("restart the worker");
    assert_ne!(everyday["AccessKeyId"], first.trim());
    assert_eq!(id("restart the worker"), first);
    assert_ne!(id("restart it again"), first, "another reason is another session");
    assert_eq!(machine.credentials(&["dev"]), everyday, "what an SDK gets stays read-only");
    assert!(machine.ok(&["log", "--format", "json"]).contains("restart the worker"));
    assert!(
        machine.ok(&["list"]).contains("elevated: dev 30m")
            || machine.ok(&["list"]).contains("elevated: dev 29m")
    );
    // An SDK renews silently, so it cannot elevate.
    assert_eq!(machine.run(&["credentials", "--elevate", "--reason", "because", "dev"]).code, 2);
    let config = machine.read("aws/config").replace("[profile dev]\n", "[profile dev]\nread_only = off\n");
    machine.write("aws/config", &config);
    assert_ne!(machine.credentials(&["dev"])["AccessKeyId"], everyday["AccessKeyId"]);
}

#[test]
fn what_is_narrowed_can_only_read() {
    let machine = Machine::enrolled();
    let calls = |profile_line: &str| {
        let config = machine.read("aws/config").replace("read_only = off\n", "");
        machine.write(
            "aws/config",
            &config.replace("[profile dev]\n", &format!("[profile dev]\n{profile_line}")),
        );
        machine.credentials(&["dev"]);
        let log = machine.aws.log();
        let entry = log.iter().rev().find(|entry| format!("{entry:?}").contains("AssumeRole")).unwrap();
        format!("{entry:?}")
    };
    assert!(calls("").contains("ReadOnlyAccess"), "{}", calls(""));
    assert!(!calls("read_only = off\n").contains("ReadOnlyAccess"));
}

#[test]
fn the_reason_and_the_person_reach_aws_where_the_trust_policy_allows_it() {
    let machine = Machine::enrolled();
    let config = machine
        .read("aws/config")
        .replace("[profile dev]\n", "[profile dev]\nreason_in = tag\nsource_identity = person\n");
    machine.write("aws/config", &config);
    machine.ok(&["exec", "--elevate", "--reason", "fix #7", "dev", "--", "true"]);
    let log = format!("{:?}", machine.aws.log());
    assert!(log.contains("fix -7") && log.contains("SourceIdentity"), "{log}");
}

#[test]
fn a_device_is_found_and_without_it_the_role_is_refused() {
    let machine = Machine::new();
    let bob = machine.aws.access_key("arn:aws:iam::111122223333:user/bob").unwrap();
    machine.write(
        "aws/credentials",
        &format!(
            "[bastion]\naws_access_key_id={}\naws_secret_access_key={}\n",
            bob.access_key_id, bob.secret_access_key
        ),
    );
    machine.ok(&["add", "bastion"]);
    let run = machine.run(&["credentials", "dev"]);
    assert_eq!((run.code, machine.prompts()), (2, 0));
    assert!(run.stdout.is_empty() && run.stderr.contains("not authorized"), "{}", run.stderr);
}

#[test]
fn a_dead_session_is_dropped_once() {
    let machine = Machine::enrolled();
    machine.credentials(&["dev"]);
    // AWS's time goes on without ours: the session is over there and looks good here.
    machine.aws.advance(std::time::Duration::from_secs(13 * 3600));
    machine.answer_with_code();
    machine.credentials(&["prod"]);
    assert_eq!((machine.calls("GetSessionToken"), machine.prompts()), (2, 2));
}

#[test]
fn who_is_seen_in_aws() {
    let machine = Machine::enrolled();
    machine.credentials(&["dev"]);
    let session = machine.ok(&["exec", "dev", "--", "sh", "-c", "echo $AWS_PROFILE"]);
    assert_eq!(session, "dev\n");
    let log = format!("{:?}", machine.aws.log());
    assert!(log.contains("alice"), "the session is named after the person: {log}");
    assert_eq!(bastion::BASTION, "111122223333");
}

#[test]
fn tokens_of_any_length_go_through() {
    let machine = Machine::enrolled();
    machine.aws.set(|settings| settings.large_tokens = true);
    let role = machine.credentials(&["deploy"]);
    assert!(role["SessionToken"].as_str().unwrap().len() >= 4096);
    assert_eq!(machine.credentials(&["deploy"]), role);
}

#[test]
fn names_cannot_lead_the_terminal() {
    let machine = Machine::enrolled();
    machine.write(
        "aws/config",
        &format!("{}[profile \u{1b}]0;x\u{7}]\nrole_arn = x\n", machine.read("aws/config")),
    );
    for command in
        [&["list"][..], &["doctor"], &["explain", "\u{1b}]0;x\u{7}"], &["credentials", "\u{1b}[31m"]]
    {
        let run = machine.run(command);
        assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{command:?} {run:?}");
    }
}

#[test]
fn with_no_profile_files_at_all() {
    let machine = Machine::enrolled();
    std::fs::remove_dir_all(machine.path("aws")).unwrap();
    let role = machine.credentials(&["--account", "222233334444", "--role", "Power"]);
    assert_eq!(role["AccountId"], "222233334444");
    assert!(machine.credentials(&["bastion"]).get("AccountId").is_none());
    let printed = machine.ok(&[
        "exec",
        "--account",
        "333344445555",
        "--role",
        "Power",
        "--",
        "sh",
        "-c",
        "cat $AWS_CONFIG_FILE",
    ]);
    assert!(
        printed.contains("credentials --account 333344445555 --role Power --source bastion\n"),
        "{printed}"
    );
    assert_eq!(machine.prompts(), 1);
}

#[test]
fn a_passphrase_is_changed_and_the_old_one_is_of_no_use() {
    let machine = Machine::enrolled();
    machine.script(
        "bin/passphrase",
        "case \"$KAGI_PROMPT_TEXT\" in *new*) echo 'another horse battery';; *) echo 'correct horse battery';; esac",
    );
    machine.ok(&["passphrase"]);
    // A program that looks it up prints the same twice.
    machine.script("bin/secret-tool", "echo 'another horse battery'");
    let mut same = machine.command(&["passphrase"]);
    let same = crate::support::Run::of(
        same.env("KAGI_PASSPHRASE_PROGRAM", machine.path("bin/secret-tool")).output().unwrap(),
    );
    assert!(same.code == 2 && same.stderr.contains("nothing is changed"), "{}", same.stderr);
    machine.ok(&["lock"]);
    assert!(machine.run(&["unlock"]).stderr.contains("does not open the vault"));
    machine.script("bin/passphrase", "echo 'another horse battery'");
    machine.ok(&["unlock"]);
    machine.credentials(&["dev"]);
}

#[test]
fn what_never_stays_open_asks_every_time() {
    let machine = Machine::enrolled();
    machine.ok(&["lock"]);
    machine.script("bin/passphrase", "echo x >> $0.asked; echo 'correct horse battery'");
    for asked in 1..=2 {
        let run = machine.command(&["credentials", "dev"]).env("KAGI_UNLOCK", "never").output().unwrap();
        assert!(run.status.success());
        assert_eq!(machine.read("bin/passphrase.asked").lines().count(), asked);
    }
    assert_eq!(machine.prompts(), 1);
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn what_is_valid_is_served_when_its_renewal_fails() {
    use kagimori_fake_aws::Trouble;

    let fail = |status, code: &str| Trouble::Fail { status, code: code.to_owned(), message: "no".to_owned() };
    for trouble in [Trouble::LoseReply, fail(503, "ServiceUnavailable"), fail(403, "AccessDenied")] {
        let machine = Machine::enrolled();
        machine.ok(&["login", "bastion"]);
        // AWS's clock gives out an hour that is over in ten minutes of ours.
        machine.aws.world().advance(jiff::SignedDuration::from_mins(-50));
        let first = machine.credentials(&["dev"]);
        machine.aws.plan("AssumeRole", 3, trouble);
        let run = machine.run(&["credentials", "dev"]);
        let second: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((run.code, &second["AccessKeyId"]), (0, &first["AccessKeyId"]), "{}", run.stderr);
        assert!(run.stderr.contains("could not be renewed and end in"), "{}", run.stderr);
        // A moment later nothing is tried again.
        let calls = machine.calls("AssumeRole");
        machine.ok(&["exec", "dev", "--", "true"]);
        assert_eq!(machine.calls("AssumeRole"), calls);
    }
}

#[test]
fn what_a_proxy_refuses_is_not_said_by_aws() {
    use std::io::{BufRead, Write};

    let machine = Machine::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = std::io::BufReader::new(&stream).lines();
            head.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let run = |proxy: &str| {
        let mut command = machine.command(&["add", "bastion"]);
        command.env("AWS_ENDPOINT_URL", "https://sts.invalid").env("HTTPS_PROXY", proxy);
        crate::support::Run::of(command.output().unwrap())
    };
    let refused = run(&format!("http://{address}"));
    for said in [
        "the proxy refused the connection",
        &format!("sts.invalid through the proxy {address} of HTTPS_PROXY"),
    ] {
        assert!(refused.code == 2 && refused.stderr.contains(said), "{}", refused.stderr);
    }
    let malformed = run("http://");
    assert!(malformed.stderr.contains("`HTTPS_PROXY` is not the address of a proxy"), "{}", malformed.stderr);
}

#[test]
fn add_says_whose_source_changes() {
    let machine = Machine::new();
    let run = machine.run(&["add", "bastion"]);
    assert!(run.stderr.contains("the roles of dev, prod themselves"), "{}", run.stderr);
    machine.ok(&["add", "dev"]);
    let again = machine.run(&["add", "prod"]);
    assert!(!again.stderr.contains("themselves"), "{}", again.stderr);
}

/// Terraform's `plan` takes a lock: one object more, and nothing else.
#[test]
fn a_read_only_role_may_do_what_is_named_beside_reading() {
    let machine = Machine::enrolled();
    machine.credentials(&["dev"]);
    let extra = "[kagi dev]\nread_only_extra =\n  arn:aws:s3:::acme-state/dev.tflock = s3:PutObject, s3:DeleteObject\n";
    machine.write("aws/config", &(machine.read("aws/config") + extra));
    let explain = machine.ok(&["explain", "dev"]);
    assert!(
        explain.contains("and s3:PutObject, s3:DeleteObject on arn:aws:s3:::acme-state/dev.tflock"),
        "{explain}"
    );
    machine.credentials(&["dev"]);
    // Nothing of the narrower session is served.
    assert_eq!(machine.calls("AssumeRole"), 2);
    let log = machine.aws.log();
    let assumed: Vec<_> = log.iter().filter(|entry| entry.operation == "AssumeRole").collect();
    assert!(!assumed[0].parameters.contains_key("Policy"));
    // The fake, which has read and taken the policy, logs its length.
    let policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\
                  \"Action\":[\"s3:PutObject\",\"s3:DeleteObject\"],\
                  \"Resource\":\"arn:aws:s3:::acme-state/dev.tflock\"}]}";
    assert_eq!(assumed[1].parameters["Policy"], format!("({} characters)", policy.len()));
    assert_eq!(assumed[1].parameters["PolicyArns.member.1.arn"], "arn:aws:iam::aws:policy/ReadOnlyAccess");
    machine.ok(&["exec", "--elevate", "--reason", "restart it", "dev", "--", "true"]);
    let log = machine.aws.log();
    let elevated = log.iter().rev().find(|entry| entry.operation == "AssumeRole").unwrap();
    assert!(!elevated.parameters.contains_key("Policy"));
}
