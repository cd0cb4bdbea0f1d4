//! `kagi add`: what it writes over nothing, what it says, and what `doctor` tells a person to do.

use std::process::{Command, Stdio};

use kagimori_fake_aws::Company;

use crate::support::{ALICE, Machine, Run};

const BOB: &str = "arn:aws:iam::111122223333:user/bob";

fn plaintext(machine: &Machine, profile: &str, user: &str) -> String {
    let key = machine.aws.access_key(user).unwrap();
    format!(
        "[{profile}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        key.access_key_id, key.secret_access_key
    )
}

#[test]
fn eight_at_once_are_all_added() {
    let machine = Machine::enrolled();
    let roles: String = (0..8)
        .map(|n| {
            format!(
                "[profile r{n}]\nrole_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = bastion\n"
            )
        })
        .collect();
    machine.write("aws/config", &format!("{}{roles}", machine.read("aws/config")));
    let children: Vec<_> = (0..8)
        .map(|n| {
            let mut command = machine.command(&["add", &format!("r{n}")]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let config = machine.read("aws/config");
    for n in 0..8 {
        assert!(
            config.contains(&format!("credentials r{n}\n")) && config.contains(&format!("[kagi r{n}]\n")),
            "{config}"
        );
    }
}

#[test]
fn all_adds_keys_first_and_then_the_roles_behind_them() {
    let machine = Machine::new();
    let config = format!(
        "{}[profile tool]\ncredential_process = /opt/tool\n[profile sso]\nsso_session = x\n",
        machine.read("aws/config")
    );
    machine.write("aws/config", &config);
    let run = machine.run(&["add", "--all"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    // What is said of one key while the roles behind it wait would be wrong a moment later.
    assert!(!run.stderr.contains("warning") && !run.stderr.contains("kagi add --all"), "{}", run.stderr);
    assert!(run.stderr.contains("kagi serves 4 more profiles"), "{}", run.stderr);
    let config = machine.read("aws/config");
    for name in ["bastion", "dev", "prod", "deploy"] {
        assert!(config.contains(&format!("credentials {name}\n")), "{name} in {config}");
    }
    assert!(config.contains("credential_process = /opt/tool\n"), "another tool's line stays");
    assert!(!machine.read("aws/credentials").contains("aws_secret_access_key"));
    let again = machine.run(&["add", "--all"]);
    assert!(again.code == 0 && again.stderr.contains("there is nothing to add"), "{}", again.stderr);
    assert_eq!(machine.read("aws/config"), config);
}

#[test]
fn nothing_is_overwritten_unasked() {
    let machine = Machine::enrolled();
    // Another user's key under a name that is kept already.
    machine.write("aws/credentials", &plaintext(&machine, "bastion", BOB));
    let run = machine.run(&["add", "bastion"]);
    assert!(run.code == 2 && run.stderr.contains("`kagi add --replace bastion`"), "{}", run.stderr);
    assert!(machine.read("aws/credentials").contains("aws_secret_access_key"));
    let doctor = machine.run(&["doctor"]).stdout;
    assert!(
        doctor.contains("kagi add --replace bastion") && !doctor.contains("run `kagi add bastion`"),
        "{doctor}"
    );
    let explain = machine.ok(&["explain", "bastion"]);
    assert!(explain.contains("user/alice"), "{explain}");
    machine.ok(&["add", "--replace", "bastion"]);
    assert!(machine.ok(&["explain", "bastion"]).contains("user/bob"));
    // Another tool's process.
    machine.write("aws/config", "[profile tool]\ncredential_process = /opt/tool --x\n");
    machine.write("aws/credentials", &plaintext(&machine, "tool", ALICE));
    let run = machine.run(&["add", "tool"]);
    assert!(
        run.code == 2 && run.stderr.contains("another tool's `credential_process`: `/opt/tool --x`"),
        "{}",
        run.stderr
    );
    machine.ok(&["add", "--replace", "tool"]);
    assert!(machine.read("aws/config").contains("credentials tool\n"));
}

#[test]
fn a_kept_key_is_looked_at_again_and_not_asked_for() {
    let machine = Machine::enrolled();
    machine.write(
        "aws/config",
        &machine.read("aws/config").replace("credential_process", "# credential_process"),
    );
    let run = machine.run(&["add", "bastion"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(machine.prompts(), 0);
    assert!(machine.read("aws/config").contains("\ncredential_process = "));
}

#[test]
fn a_user_without_mfa_keeps_the_calls_to_iam() {
    let machine = Machine::new();
    machine.write("aws/credentials", &plaintext(&machine, "bob", BOB));
    machine.write("aws/config", "[profile bob]\nregion = ap-northeast-1\n");
    let run = machine.run(&["add", "bob"]);
    assert!(
        run.stderr.contains("may call nothing of IAM") && run.stderr.contains("kagi add --no-session bob"),
        "{}",
        run.stderr
    );
    assert!(machine.credentials(&["bob"])["SessionToken"].is_string());
    machine.ok(&["add", "--no-session", "bob"]);
    assert!(machine.read("aws/config").contains("[kagi bob]\nsession = off\n"));
    let id = machine.aws.access_key(BOB).unwrap().access_key_id;
    let printed = machine.credentials(&["bob"]);
    assert_eq!(printed["AccessKeyId"], id);
    assert!(printed.get("SessionToken").is_none() && printed.get("Expiration").is_none(), "{printed}");
    assert!(machine.ok(&["explain", "bob"]).contains("the key itself"));
    assert!(machine.ok(&["list"]).contains("the key itself"));
    machine.ok(&["login", "bob"]);
    let environment = machine.ok(&["exec", "--env-keys", "bob", "--", "env"]);
    assert!(environment.contains(&id) && !environment.contains("AWS_SESSION_TOKEN"), "{environment}");
    // Without it a session again.
    machine.ok(&["add", "bob"]);
    assert!(machine.credentials(&["bob"])["SessionToken"].is_string());
    // A user with a device needs no such thing.
    machine.write("aws/credentials", &plaintext(&machine, "alice", ALICE));
    let run = machine.run(&["add", "--no-session", "alice"]);
    assert!(run.code == 2 && run.stderr.contains("leave `--no-session` out"), "{}", run.stderr);
}

/// Every command in backticks of a hint, run as it stands.
fn followed(machine: &Machine, hint: &str) {
    for command in
        hint.split('`').skip(1).step_by(2).filter(|text| text.starts_with("kagi ") && !text.contains('…'))
    {
        let script = command.replacen("kagi", env!("CARGO_BIN_EXE_kagi"), 1);
        let environment = machine.command(&[]);
        let environment =
            environment.get_envs().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())));
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).env_clear().envs(environment.collect::<Vec<_>>());
        let run = Run::of(shell.output().unwrap());
        assert_eq!(run.code, 0, "{command}: {}", run.stderr);
    }
}

#[test]
fn what_doctor_says_helps() {
    let machine = Machine::enrolled();
    machine.ok(&["add", "prod"]);
    let kagi = env!("CARGO_BIN_EXE_kagi");
    // Each way a profile can be wrong that a command of ours mends.
    let config = format!(
        "[profile bastion]\ncredential_process = {kagi} credentials bastion\n\
         [profile dev]\nrole_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = bastion\n\
         [profile both]\nrole_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = bastion\ncredential_process = {kagi} credentials both\n\
         [profile moved]\ncredential_process = /old/place/kagi credentials moved\n\
         [kagi moved]\nrole_arn = arn:aws:iam::333344445555:role/Power\nsource_profile = bastion\n\
         [profile \"with space\"]\n[profile 開発]\ncredential_process = {kagi} credentials \"開発\"\n"
    );
    machine.write("aws/config", &config);
    let bob = plaintext(&machine, "bob", BOB);
    let others = [plaintext(&machine, "with space", ALICE), plaintext(&machine, "開発", ALICE)].concat();
    machine.write("aws/credentials", &format!("{bob}{others}"));
    std::fs::set_permissions(
        machine.path("aws/credentials"),
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    let found = |machine: &Machine| -> Vec<(String, String)> {
        let report: serde_json::Value =
            serde_json::from_str(&machine.run(&["doctor", "--format", "json"]).stdout).unwrap();
        let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap().to_owned();
        let findings = report["findings"].as_array().unwrap();
        findings.iter().map(|it| (text(it, "id"), text(it, "hint"))).collect()
    };
    let before = found(&machine);
    for id in
        ["plaintext-key", "shadowed-process", "role-and-process", "process-command", "role-outside-kagi"]
    {
        assert!(before.iter().any(|(found, _)| found == id), "{id} in {before:?}");
    }
    before.iter().for_each(|(_, hint)| followed(&machine, hint));
    let after: Vec<_> = found(&machine).into_iter().map(|(id, _)| id).collect();
    // bob has no device; the key waits in a file because this machine's keyring is not used in tests; names stay odd.
    let left = |id: &String| !["no-mfa", "unlock-file", "odd-name", "mode"].contains(&id.as_str());
    assert_eq!(after.into_iter().filter(left).collect::<Vec<_>>(), Vec::<String>::new());
    // What is left is followed too, and does no harm.
    found(&machine).iter().for_each(|(_, hint)| followed(&machine, hint));
}

/// Go's SDK takes `credential_source` before `credential_process`, with or without a role.
#[test]
fn a_named_source_moves_with_its_role() {
    let machine = Machine::enrolled();
    let role = "role_arn = arn:aws:iam::222233334444:role/Power\ncredential_source = EcsContainer\n";
    machine.write("aws/config", &format!("[profile x]\nregion = ap-northeast-1\n{role}"));
    let run = machine.run(&["add", "x"]);
    assert!(run.code == 0 && run.stderr.contains("credentials of the container"), "{}", run.stderr);
    let config = machine.read("aws/config");
    let (theirs, ours) = config.split_once("[kagi x]").unwrap();
    assert!(!theirs.contains("credential_source") && theirs.contains("credential_process"), "{config}");
    assert!(ours.contains("credential_source = EcsContainer") && ours.contains("role_arn"), "{config}");
}

#[test]
fn of_several_devices_one_is_chosen_and_remembered() {
    let mut company = Company::bastion();
    let user = company.account_mut("111122223333").unwrap().user_mut("alice").unwrap();
    *user = user.clone().mfa("alice-desk");
    let machine = Machine::of(company);
    let key = machine.aws.access_key(ALICE).unwrap();
    let plaintext = format!(
        "[bastion]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        key.access_key_id, key.secret_access_key
    );
    machine.write("aws/credentials", &plaintext);
    machine.write("aws/config", "[profile bastion]\nregion = ap-northeast-1\n");
    machine.answer("7");
    let wrong = machine.run(&["add", "bastion"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("none of the numbers 1 to 2"), "{}", wrong.stderr);
    machine.answer("2");
    let asked = machine.run(&["add", "bastion"]);
    let text = machine.read("bin/prompt.asked");
    let second =
        text.lines().last().unwrap().split_once("2 = ").unwrap().1.split(';').next().unwrap().to_owned();
    assert!(
        asked.code == 0 && asked.stderr.contains(&format!("with MFA device {second}")),
        "{}",
        asked.stderr
    );
    assert_eq!(machine.prompts(), 2);
    // Looked at again, it is not asked for again.
    let again = machine.run(&["add", "bastion"]);
    assert!(again.stderr.contains(&format!("with MFA device {second}")), "{}", again.stderr);
    assert_eq!(machine.prompts(), 2);
    let first =
        text.lines().last().unwrap().split_once("1 = ").unwrap().1.split(',').next().unwrap().to_owned();
    let named = machine.run(&["add", "bastion", "--mfa-serial", &first]);
    assert!(named.stderr.contains(&format!("with MFA device {first}")), "{}", named.stderr);
}

/// Where the vault does not stay open its passphrase is asked for once, however many profiles are added.
#[test]
fn adding_all_opens_the_vault_once() {
    let machine = Machine::new();
    machine.script("bin/passphrase", "echo x >> \"$0.asked\"; echo 'correct horse battery'");
    let mut command = machine.command(&["add", "--all"]);
    let run = crate::support::Run::of(command.env("KAGI_UNLOCK", "never").output().unwrap());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("kagi serves 4 more profiles"), "{}", run.stderr);
    assert_eq!(machine.read("bin/passphrase.asked").lines().count(), 1);
}

#[test]
fn whoever_forgets_a_sign_in_is_led_to_logout() {
    let machine = Machine::enrolled();
    machine.write(
        "aws/config",
        "[profile sso]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = us-east-1\n",
    );
    let run = machine.run(&["forget", "--yes", "sso"]);
    assert!(run.code == 2 && run.stderr.contains("`kagi logout sso`"), "{}", run.stderr);
}

#[test]
fn a_file_that_is_no_text_is_a_finding() {
    let machine = Machine::enrolled();
    std::fs::write(machine.path("aws/config"), b"[profile dev]\n# \x93\xfa\n").unwrap();
    let run = machine.run(&["doctor"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stdout.contains("not-utf-8: ") && run.stdout.contains("aws/config:2: "), "{}", run.stdout);
    assert!(run.stdout.contains("save the file as UTF-8"), "{}", run.stdout);
}
