//! Somebody who has never used kagi: what is said before there is a vault, of names that are none, and of habits of other tools.

use std::fs;

use crate::identity_center::{browse, device};
use crate::support::{ALICE, FICTIONAL_KEY, Machine, Run};

fn said(machine: &Machine, arguments: &[&str], texts: &[&str]) {
    let run = machine.run(arguments);
    assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
    for text in texts {
        assert!(run.stderr.contains(text), "{arguments:?}: {text}\n{}", run.stderr);
    }
}

#[test]
fn before_there_is_a_vault_the_next_step_is_named() {
    let machine = Machine::without_vault();
    let step = "`kagi add --all` makes the vault, moves the key of `bastion` into it";
    for arguments in [&["login"][..], &["unlock"], &["passphrase"]] {
        said(&machine, arguments, &["there is no vault yet", step]);
    }
    assert!(machine.ok(&["list"]).contains(&format!("there is no vault yet: {step}")));
    // A name that is none is told before the vault is.
    said(&machine, &["exec", "deb", "--", "true"], &["there is no profile `deb`", "did you mean `dev`?"]);
    said(&machine, &["exec", "--", "true"], &["there is no vault yet", step]);
    let run = machine.run(&["add", "--all"]);
    assert!(run.code == 0 && run.stderr.contains("next: `kagi login`"), "{}", run.stderr);
    machine.ok(&["login"]);
    let again = machine.run(&["add", "bastion"]);
    assert!(again.code == 0 && !again.stderr.contains("next:"), "{}", again.stderr);
    said(&machine, &["exec", "--", "true"], &["no profile is named", "name one: `bastion`, `deploy`, `dev`"]);
}

#[test]
fn with_nothing_at_all_both_ways_in_are_named() {
    let machine = Machine::without_vault();
    machine.write("aws/credentials", "");
    machine.write("aws/config", "");
    for arguments in [&["login"][..], &["exec", "dev", "--", "true"]] {
        said(&machine, arguments, &["`kagi add NAME` asks", "`kagi login --start-url"]);
    }
    assert!(machine.ok(&["list"]).contains("there are no profiles yet: `kagi add NAME`"));
    machine.write("aws/config", crate::identity_center::SSO);
    let listed = machine.ok(&["list"]);
    assert!(listed.contains("there is no vault yet: `kagi login` signs in at `corp`"), "{listed}");
}

#[test]
fn words_of_other_tools_are_understood() {
    let machine = Machine::enrolled();
    said(&machine, &["dev"], &["`dev` is a profile: `kagi exec dev` is a shell as it"]);
    let none = machine.run(&["nothing-of-this-name"]);
    assert!(none.code == 2 && !none.stderr.contains("is a profile"), "{}", none.stderr);
    said(&machine, &["add"], &["`kagi add --all` takes every key"]);
    said(&machine, &["exec", "dev", "true"], &["`kagi exec dev -- true`"]);
}

#[test]
fn a_shell_says_what_it_may_do() {
    let machine = Machine::enrolled();
    let shell =
        |arguments: &[&str]| Run::of(machine.command(arguments).env("SHELL", "/bin/true").output().unwrap());
    let run = shell(&["exec", "dev"]);
    assert!(run.code == 0 && run.stderr.contains("a shell as `dev`, reading only"), "{}", run.stderr);
    let run = shell(&["exec", "--elevate", "--reason", "a test of it", "dev"]);
    assert!(run.code == 0 && run.stderr.contains("a shell as `dev`, elevated"), "{}", run.stderr);
}

#[test]
fn a_portal_by_its_address_needs_no_file() {
    let machine = Machine::empty();
    machine.write("aws/config", "# mine\n");
    let url = "https://shiosai.awsapps.com/start";
    let login = ["login", "--device", "--start-url", url, "--sso-region", "ap-northeast-1"];
    // Refused in the browser: nothing is written.
    let (child, address) = device(&machine, &login);
    browse(&format!("{address}&deny=1"));
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(2));
    assert_eq!(machine.read("aws/config"), "# mine\n");
    let (child, address) = device(&machine, &login);
    browse(&address);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    let config = machine.read("aws/config");
    let section = format!(
        "[sso-session shiosai]\nsso_start_url = {url}\nsso_region = ap-northeast-1\nsso_registration_scopes = sso:account:access\n"
    );
    assert_eq!(config, format!("# mine\n\n{section}"));
    assert!(machine.ok(&["sso", "profiles"]).contains("added"));
    // The same again is the sign-in that is there; another portal of this name is refused.
    machine.ok(&login);
    let other =
        ["login", "--start-url", "https://shiosai.awsapps.com/other", "--sso-region", "ap-northeast-1"];
    said(&machine, &other, &["is another portal", "--sso-session"]);
    said(&machine, &["login", "--start-url", "http://x/start", "--sso-region", "x"], &["hint:"]);
    said(&machine, &["login", "--start-url", url], &["--sso-region"]);
}

#[test]
fn a_source_that_is_none_is_not_asked_for_as_a_key() {
    let machine = Machine::enrolled();
    let with = |source: &str| machine.read("aws/config").replace("source_profile = bastion", source);
    let good = machine.read("aws/config");
    for (source, said) in [
        ("source_profile = bastoin", "did you mean `bastion`? correct `source_profile`"),
        ("source_profile = Bastion", "did you mean `bastion`?"),
        ("source_profile = nobody-of-that-name", "correct `source_profile`, or store the key"),
    ] {
        machine.write("aws/config", &with(source));
        let run = machine.run(&["credentials", "dev"]);
        assert!(run.code == 2 && run.stderr.contains(said), "{source}: {}", run.stderr);
        assert!(run.stderr.contains("with whose key `dev` begins"), "{source}: {}", run.stderr);
        machine.write("aws/config", &good);
    }
    // As the SDKs for JavaScript and Rust read it.
    machine.write("aws/config", &with("source_profile = bastion ; the one with the key"));
    machine.credentials(&["dev"]);
    let findings = machine.run(&["doctor"]).stdout;
    assert!(findings.contains("inline-comment"), "{findings}");
}

#[test]
fn temporary_keys_of_another_tool_are_not_asked_for() {
    for machine in [Machine::without_vault(), Machine::enrolled()] {
        let temporary = FICTIONAL_KEY.replace("[x]", "[saml]").replace("AKIA", "ASIA");
        machine.write("aws/credentials", &format!("{temporary}aws_session_token = x\n"));
        for arguments in [&["exec", "saml", "--", "true"][..], &["credentials", "saml"]] {
            said(
                &machine,
                arguments,
                &["`saml` has temporary credentials in the file", "SDKs use them as they are"],
            );
        }
    }
}

#[test]
fn a_name_that_looks_like_an_option_is_served() {
    let machine = Machine::enrolled();
    let config = machine.read("aws/config");
    machine.write("aws/config", &config.replace("[profile dev]", "[profile -x]"));
    machine.ok(&["add", "--", "-x"]);
    let config = machine.read("aws/config");
    let line = config.lines().find(|line| line.contains("credentials -- -x")).unwrap();
    let command = line.split_once('=').unwrap().1.trim();
    let mut words = command.split(' ');
    assert!(words.next().unwrap().ends_with("kagi"));
    let arguments: Vec<_> = words.collect();
    let run = machine.run(&arguments);
    assert!(run.code == 0 && run.stdout.contains("SessionToken"), "{}", run.stderr);
    // It is kagi's own line for whoever looks.
    let run = machine.run(&["add", "--all"]);
    assert!(
        run.code == 0
            && !machine.read("aws/config").contains(
                "role_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = bastion\n\n[profile prod]"
            ),
        "{}",
        run.stderr
    );
    let run = Run::of(
        machine
            .command(&["exec", "--", "sh", "-c", "echo $AWS_PROFILE"])
            .env("AWS_PROFILE", "-x")
            .output()
            .unwrap(),
    );
    assert_eq!((run.code, run.stdout.trim()), (0, "-x"), "{}", run.stderr);
}

#[test]
fn a_name_with_an_apostrophe_is_written_as_doctor_says() {
    let machine = Machine::enrolled();
    let config = machine.read("aws/config");
    machine.write("aws/config", &config.replace("[profile dev]", "[profile \"it's\"]"));
    machine.ok(&["add", "it's"]);
    let config = machine.read("aws/config");
    assert!(config.contains("credentials \"it's\"\n") && config.contains("[kagi \"it's\"]"), "{config}");
    machine.credentials(&["it's"]);
}

#[test]
fn a_backup_is_put_back_by_its_name() {
    let machine = Machine::new();
    let before = machine.read("aws/config");
    let run = machine.run(&["add", "bastion"]);
    let hint = run.stderr.lines().find(|line| line.contains("config; as it was:")).unwrap();
    let command = hint.split('`').nth(1).unwrap().to_owned();
    let name = command.strip_prefix("kagi restore ").unwrap();
    machine.ok(&["restore", name]);
    assert_eq!(machine.read("aws/config"), before);
    said(&machine, &["restore", "2026-config.backup"], &["there is no backup", "`kagi restore` lists them"]);
}

#[test]
fn every_line_that_still_holds_a_secret_is_named() {
    let machine = Machine::new();
    let secret = machine.aws.access_key(ALICE).unwrap().secret_access_key;
    let text = machine.read("aws/credentials");
    machine.write(
        "aws/credentials",
        &format!("# backup: aws_secret_access_key = {secret}\n{text};aws_secret_access_key = {secret}\n"),
    );
    let run = machine.run(&["add", "bastion"]);
    let left = fs::read_to_string(machine.path("aws/credentials")).unwrap();
    let lines: Vec<_> = left
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains(&secret))
        .map(|(index, _)| index + 1)
        .collect();
    let [first, second] = lines.as_slice() else { panic!("{left}") };
    assert!(run.stderr.contains(&format!("lines {first}, {second}: take it out")), "{}", run.stderr);
    let doctor = machine.run(&["doctor"]).stdout;
    assert!(
        lines
            .iter()
            .all(|line| doctor.contains(&format!("aws/credentials:{line}: a line that no SDK reads holds"))),
        "{doctor}"
    );
    assert!(!doctor.contains(&secret));
}

#[test]
fn a_device_that_was_named_is_kept_without_asking_aws() {
    let machine = Machine::new();
    machine.ok(&["add", "bastion", "--offline", "--mfa-serial", kagimori_fake_aws::bastion::ALICE_MFA]);
    let explained = machine.ok(&["explain", "dev"]);
    assert!(explained.contains(kagimori_fake_aws::bastion::ALICE_MFA), "{explained}");
    // Looked at again offline it stays; what is no serial is refused.
    machine.ok(&["add", "bastion", "--offline"]);
    machine.credentials(&["dev"]);
    assert_eq!(machine.prompts(), 1);
    said(&machine, &["add", "bastion", "--offline", "--mfa-serial", "mine"], &["hint:"]);
}

#[test]
fn what_is_not_known_of_a_device_is_not_told_as_none() {
    let machine = Machine::new();
    let denied =
        kagimori_fake_aws::Trouble::Fail { status: 403, code: "AccessDenied".into(), message: "no".into() };
    machine.aws.plan("ListMFADevices", 1, denied);
    let run = machine.run(&["add", "bastion"]);
    assert!(run.stderr.contains("whether there is an MFA device is not known"), "{}", run.stderr);
    assert!(!run.stderr.contains("--no-session"), "{}", run.stderr);
}

#[test]
fn no_hint_of_doctor_signs_anybody_out_or_is_refused() {
    let machine = Machine::enrolled();
    fs::create_dir_all(machine.path("aws/login/cache")).unwrap();
    machine.write("aws/login/cache/x.json", "{}");
    assert!(machine.run(&["doctor"]).stdout.contains("(rm "));
    let config = machine.read("aws/config");
    let more = "[profile lo]\nlogin_session = arn:aws:iam::111122223333:user/alice\n[profile tool]\ncredential_process = /opt/tool\n\
                role_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = bastion\n";
    machine.write("aws/config", &format!("{config}{more}"));
    let doctor = machine.run(&["doctor"]).stdout;
    assert!(doctor.contains("leave that one") && !doctor.contains("(rm "), "{doctor}");
    assert!(doctor.contains("`kagi add --replace tool` puts kagi in the place of the tool"), "{doctor}");
    machine.ok(&["add", "--replace", "tool"]);
}

#[test]
fn a_path_with_variables_is_read_as_python_reads_it() {
    let machine = Machine::enrolled();
    let run = |path: &str| {
        Run::of(machine.command(&["credentials", "dev"]).env("AWS_CONFIG_FILE", path).output().unwrap())
    };
    for path in ["$HOME/aws/config", "${HOME}/aws/config"] {
        let run = run(path);
        assert_eq!(run.code, 0, "{path}: {}", run.stderr);
    }
    for path in ["$HOME_OF_NOBODY/aws/config", "${HOME/aws/config"] {
        assert_eq!(run(path).code, 2, "{path}");
    }
}

#[test]
fn a_secret_that_is_plaintext_again_is_told() {
    let machine = Machine::new();
    machine.ok(&["add", "bastion"]);
    let backups = machine.ok(&["restore"]);
    let backup = backups.lines().find(|line| line.contains("credentials")).unwrap();
    let run = machine.run(&["restore", backup]);
    assert!(run.code == 0 && run.stderr.contains("others may read the file: chmod 600 "), "{}", run.stderr);
    said(&machine, &["man", "--out", "/no/such/folder"], &["name a folder that is there"]);
}
