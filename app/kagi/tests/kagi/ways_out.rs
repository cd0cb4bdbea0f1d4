//! `exec`, `env`, `serve`, `console`, and the way back: `forget`, `restore`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Stdio;

use crate::support::{ALICE, CONFIG, Machine, Run};

#[test]
fn a_command_gets_a_profile_and_no_secret() {
    let machine = Machine::enrolled();
    let mut command = machine.command(&["exec", "dev", "--", "env"]);
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/")
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", "/x");
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("AWS_PROFILE=dev\n"), "{}", run.stdout);
    assert!(run.stdout.contains("AWS_EC2_METADATA_DISABLED=true\n"));
    for gone in ["AWS_ACCESS_KEY_ID", "SECRET", "AWS_CONTAINER", "AWS_WEB_IDENTITY", "ASIA"] {
        assert!(!run.stdout.contains(gone), "{gone} in {}", run.stdout);
    }
    let config = run.stdout.lines().find_map(|line| line.strip_prefix("AWS_CONFIG_FILE=")).unwrap();
    let text = std::fs::read_to_string(config).unwrap();
    assert!(
        text.contains("[profile dev]\ncredential_process = ") && text.contains("credentials dev\n"),
        "{text}"
    );
    assert_eq!(std::fs::metadata(config).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_served_profile_needs_no_file_of_ours() {
    let machine = Machine::enrolled();
    machine.ok(&["add", "dev"]);
    let config = machine.read("aws/config");
    assert!(
        config.contains(
            "[kagi dev]\nrole_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = bastion\n"
        )
    );
    assert!(!config.contains("[profile dev]\nrole_arn"), "{config}");
    let environment = machine.ok(&["exec", "dev", "--", "env"]);
    assert!(
        environment.contains("AWS_PROFILE=dev\n") && !environment.contains("KAGI_AWS_CONFIG_FILE"),
        "{environment}"
    );
    assert_eq!(machine.credentials(&["dev"])["AccountId"], "222233334444");
}

#[test]
fn nested_commands_and_other_profiles_inside() {
    let machine = Machine::enrolled();
    let kagi = env!("CARGO_BIN_EXE_kagi");
    let inner = machine.ok(&[
        "exec",
        "dev",
        "--",
        kagi,
        "exec",
        "prod",
        "--",
        "sh",
        "-c",
        "echo $AWS_PROFILE $KAGI_PROFILE",
    ]);
    assert_eq!(inner, "prod prod\n");
    let inside = machine.ok(&[
        "exec",
        "dev",
        "--",
        "sh",
        "-c",
        &format!("eval \"$({kagi} env --shell bash --unset)\"; echo $AWS_CONFIG_FILE [$AWS_PROFILE]"),
    ]);
    assert_eq!(inside, format!("{} []\n", machine.path("aws/config").display()));
}

#[test]
fn exit_codes_and_signals_are_the_commands_own() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    assert_eq!(machine.run(&["exec", "dev", "--", "sh", "-c", "exit 37"]).code, 37);
    assert_eq!(machine.run(&["exec", "dev", "--", "no-such-program"]).code, 127);
    let status = machine.command(&["exec", "dev", "--", "sh", "-c", "kill -TERM $$"]).status().unwrap();
    assert_eq!(status.signal(), Some(15));
    assert_eq!(machine.ok(&["exec", "dev", "--", "printf", "%s|", "a b", "c"]), "a b|c|");
}

#[test]
fn frozen_keys_only_when_asked() {
    let machine = Machine::enrolled();
    let environment = machine.ok(&["exec", "--env-keys", "dev", "--", "env"]);
    for name in [
        "AWS_ACCESS_KEY_ID=ASIA",
        "AWS_SECRET_ACCESS_KEY=",
        "AWS_SESSION_TOKEN=",
        "AWS_CREDENTIAL_EXPIRATION=",
    ] {
        assert!(environment.contains(name), "{name} in {environment}");
    }
    assert!(!environment.contains("AWS_PROFILE="));
}

#[test]
fn an_elevated_command_is_served_to_its_end_and_not_renewed() {
    let machine = Machine::enrolled();
    let config = machine.ok(&[
        "exec",
        "--elevate",
        "--reason",
        "fix the worker",
        "--for",
        "15m",
        "dev",
        "--",
        "sh",
        "-c",
        "cat $AWS_CONFIG_FILE",
    ]);
    let line = config.lines().find_map(|line| line.strip_prefix("credential_process = ")).unwrap();
    let arguments: Vec<_> = line.split(' ').skip(1).collect();
    let calls = machine.calls("AssumeRole");
    let served: serde_json::Value = serde_json::from_str(&machine.ok(&arguments)).unwrap();
    assert_eq!((&served["AccountId"], machine.calls("AssumeRole")), (&"222233334444".into(), calls));
    machine.ok(&["forget", "--sessions"]);
    let run = machine.run(&arguments);
    assert!(run.code == 2 && run.stderr.contains("the session has ended"), "{}", run.stderr);
    assert_eq!(machine.calls("AssumeRole"), calls, "an elevated session was renewed");
}

#[test]
fn a_shell_is_set_and_unset() {
    let machine = Machine::enrolled();
    machine.ok(&["add", "dev"]);
    let lines = machine.ok(&["env", "--shell", "bash", "dev"]);
    assert!(
        lines.contains("export AWS_PROFILE='dev'\n") && lines.contains("unset AWS_SESSION_TOKEN\n"),
        "{lines}"
    );
    assert!(!lines.contains("unset AWS_PROFILE"));
    let fish = machine.ok(&["env", "--shell", "fish", "--account", "222233334444", "--role", "Power"]);
    assert!(fish.contains("set -gx AWS_PROFILE '222233334444:Power'\n"), "{fish}");
    assert!(machine.ok(&["env", "--unset", "--shell", "zsh"]).contains("unset AWS_PROFILE\n"));
    // From a profile with a region to one without: nothing of the first stays, a region of the person's own does.
    let kagi = env!("CARGO_BIN_EXE_kagi");
    let script = format!(
        "export AWS_DEFAULT_OUTPUT=json; eval \"$({kagi} env --shell bash bastion)\"; echo $AWS_REGION; \
         eval \"$({kagi} env --shell bash dev)\"; echo [$AWS_REGION$AWS_DEFAULT_REGION] $AWS_PROFILE; \
         eval \"$({kagi} env --shell bash --unset)\"; env | grep -E '^(AWS_PROFILE|AWS_REGION|AWS_EC2|KAGI_(PROFILE|SET))' || echo clean"
    );
    let shell = machine.command(&[]);
    let environment: Vec<_> =
        shell.get_envs().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect();
    let mut bash = std::process::Command::new("bash");
    let output = bash.args(["-c", &script]).env_clear().envs(environment).output().unwrap();
    assert_eq!(Run::of(output).stdout, "ap-northeast-1\n[] dev\nclean\n");
}

fn get(address: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let headers: String = headers.iter().map(|(key, value)| format!("{key}: {value}\r\n")).collect();
    write!(stream, "GET {path} HTTP/1.1\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_container_endpoint_wants_its_token() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    let mut child =
        machine.command(&["serve", "dev"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let value = |line: String| line.split('\'').nth(1).unwrap().to_owned();
    let uri = value(lines.next().unwrap());
    let file = value(lines.next().unwrap());
    let address = uri.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    let token = std::fs::read_to_string(&file).unwrap();
    assert!(!token.ends_with('\n') && token.len() == 64);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let ask = |host: &str, token: &str| get(&address, "/", &[("Host", host), ("Authorization", token)]);
    let good = ask(&address, &token);
    assert!(
        good.starts_with("HTTP/1.1 200")
            && good.contains("\"Token\":\"")
            && good.contains("\"Expiration\":\""),
        "{good}"
    );
    assert!(ask(&address, "wrong").starts_with("HTTP/1.1 401"));
    assert!(ask(&address, "").starts_with("HTTP/1.1 401"));
    assert!(ask("evil.example", &token).starts_with("HTTP/1.1 401"), "a rebound name was served");
    assert!(
        get(&address, "/x", &[("Host", &address), ("Authorization", &token)]).starts_with("HTTP/1.1 404")
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_bridge_is_served_only_where_it_is_one() {
    let machine = Machine::enrolled();
    for (address, why) in [
        ("127.0.0.1", "is in no network"),
        ("0.0.0.0", "is in no network"),
        ("203.0.113.77", "is in no network"),
        ("255.255.255.255", "is in no network"),
    ] {
        let run = machine.run(&["serve", "--bridge", address, "dev", "--", "env"]);
        // On a machine with such a network of its own it is none of a bridge.
        assert!(run.code == 2 && run.stdout.is_empty(), "{address}: {run:?}");
        assert!(run.stderr.contains(why) || run.stderr.contains("is no bridge"), "{address}: {run:?}");
        assert!(
            run.stderr.contains("docker network create") && run.stderr.contains("--bridge 169.254.170.2")
        );
    }
    let run = machine.run(&["serve", "--peer", "169.254.170.3", "dev"]);
    assert!(run.code == 2 && run.stderr.contains("--bridge"), "{run:?}");
    assert_eq!(machine.prompts(), 0, "somebody was asked before the address was looked at");
}

#[test]
fn the_endpoint_ends_with_its_command() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    let run = machine.run(&[
        "serve",
        "dev",
        "--",
        "sh",
        "-c",
        "echo $AWS_CONTAINER_CREDENTIALS_FULL_URI; test -s $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE && exit 7",
    ]);
    assert_eq!(run.code, 7, "{}", run.stderr);
    assert!(run.stdout.starts_with("http://127.0.0.1:"));
    let tokens =
        machine.files().into_iter().filter(|(path, _)| path.extension().is_some_and(|it| it == "token"));
    assert_eq!(tokens.count(), 0, "the token file stays behind");
}

#[test]
fn a_served_command_is_the_profile_and_nobody_else() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    machine.write("aws/credentials", &crate::support::FICTIONAL_KEY.replace("[x]", "[default]"));
    machine.write(
        "aws/config",
        &CONFIG.replace("[profile dev]", "[profile dev]\nregion = eu-west-1\noutput = json"),
    );
    let script = "cat $AWS_CONFIG_FILE $AWS_SHARED_CREDENTIALS_FILE; env";
    let seen = machine.ok(&["serve", "dev", "--", "sh", "-c", script]);
    for there in [
        "[default]\nregion = eu-west-1\noutput = json\n",
        "AWS_REGION=eu-west-1\n",
        "AWS_DEFAULT_REGION=eu-west-1\n",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN=",
        "AWS_EC2_METADATA_DISABLED=true\n",
    ] {
        assert!(seen.contains(there), "{there} in {seen}");
    }
    for gone in ["AKIAIOSFODNN7EXAMPLE", "role_arn", "credential_process", "AWS_PROFILE"] {
        assert!(!seen.contains(gone), "{gone} in {seen}");
    }
}

#[test]
fn older_sdks_read_the_config_file_and_the_persons_region_stays() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    let seen = |name: &str, value: &str, command: &[&str]| {
        let mut command = machine.command(command);
        if !name.is_empty() {
            command.env(name, value);
        }
        Run::of(command.output().unwrap()).stdout
    };
    let environment = ["exec", "bastion", "--", "env"];
    let plain = seen("", "", &environment);
    assert!(
        plain.contains("AWS_SDK_LOAD_CONFIG=1\n") && plain.contains("AWS_REGION=ap-northeast-1\n"),
        "{plain}"
    );
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let own = seen(name, "us-west-2", &environment);
        assert!(
            own.contains("AWS_REGION=us-west-2\n") && own.contains("AWS_DEFAULT_REGION=us-west-2\n"),
            "{own}"
        );
    }
    // A region that a kagi around us has set is not the person's.
    let kagi = env!("CARGO_BIN_EXE_kagi");
    let inner = seen("", "", &["exec", "bastion", "--", kagi, "exec", "dev", "--", "env"]);
    assert!(!inner.contains("REGION=ap-northeast-1") && inner.contains("AWS_SDK_LOAD_CONFIG=1\n"), "{inner}");
}

#[test]
fn the_console_is_entered_by_a_role() {
    let machine = Machine::enrolled();
    let url = machine.ok(&["console", "--print", "dev"]);
    assert!(url.contains("/federation?Action=login&Issuer=kagi&Destination=https%3A%2F%2Fconsole.aws.amazon.com%2F&SigninToken="), "{url}");
    let own = machine.run(&["console", "--print", "bastion"]);
    assert!(own.code == 2 && own.stderr.contains("has no role"), "{}", own.stderr);
    // The browser sees an address of ours only, once.
    machine.script("bin/browser", "echo \"$1\" > \"$0.url\"");
    let browser = machine.path("bin/browser").display().to_string();
    let child = machine.command(&["console", "--browser-cmd", &browser, "dev"]).spawn().unwrap();
    let url = loop {
        let url = machine.read("bin/browser.url");
        if url.ends_with('\n') {
            break url.trim().to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(!url.contains("SigninToken"));
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(path, "", "whoever reads the command line knows the address");
    }
    let path = format!("/{path}");
    for (path, headers) in [
        ("/guess", vec![("Host", address)]),
        (path.as_str(), vec![]),
        (path.as_str(), vec![("Host", "evil.example")]),
        (path.as_str(), vec![("Host", address), ("Sec-Fetch-Site", "cross-site")]),
    ] {
        assert!(get(address, path, &headers).starts_with("HTTP/1.1 404"), "{path} {headers:?}");
    }
    if rustix::process::geteuid().is_root() {
        let ask = format!(
            "exec 3<>/dev/tcp/{}; printf 'GET / HTTP/1.1\\r\\nHost: {address}\\r\\n\\r\\n' >&3; cat <&3",
            address.replace(':', "/")
        );
        let mut other = std::process::Command::new("bash");
        let said = other.args(["-c", &ask]).uid(65_534).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout), "", "another user was answered");
    }
    let answer = get(address, &path, &[("Host", address), ("Sec-Fetch-Site", "none")]);
    assert!(answer.starts_with("HTTP/1.1 302") && answer.contains("SigninToken="), "{answer}");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn every_way_out_is_in_the_log() {
    let machine = Machine::enrolled();
    machine.credentials(&["dev"]);
    let elevated = ["env", "--shell", "bash", "--elevate", "--reason", "to fix it", "dev"];
    for _ in 0..2 {
        machine.ok(&elevated);
    }
    machine.ok(&["serve", "dev", "--", "true"]);
    let log = machine.ok(&["log"]);
    assert_eq!(
        log.lines().filter(|line| line.contains(" env ") && line.contains("to fix it")).count(),
        2,
        "{log}"
    );
    assert!(log.lines().any(|line| line.contains(" serve ") && line.contains("true")), "{log}");
}

#[test]
fn what_is_forgotten_is_in_no_backup() {
    let machine = Machine::new();
    let secret = machine.aws.access_key(ALICE).unwrap().secret_access_key;
    // A profile file longer than anything of ours.
    machine.write("aws/config", &format!("{CONFIG}{}", "# a comment of a person\n".repeat(60_000)));
    let config = machine.read("aws/config");
    machine.ok(&["add", "bastion"]);
    let backups = machine.ok(&["restore"]);
    let printed = |path: &str| machine.ok(&["restore", "--print", path]);
    assert!(backups.lines().any(|path| printed(path) == config), "a long file cannot be restored");
    assert!(backups.lines().any(|path| printed(path).contains(&secret)));
    machine.ok(&["forget", "--yes", "bastion"]);
    assert!(!backups.lines().any(|path| printed(path).contains(&secret)));
    assert!(backups.lines().any(|path| printed(path).contains("# stays")));
}

#[test]
fn where_no_file_was_set_none_is_left() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    std::fs::rename(machine.path("aws"), machine.path(".aws")).unwrap();
    let kagi = env!("CARGO_BIN_EXE_kagi");
    let script = format!(
        "eval \"$({kagi} env --shell bash --unset)\"; env | grep -E '^(AWS_.*FILE|KAGI_AWS)' || echo clean"
    );
    for way in [["exec", "dev"], ["serve", "dev"]] {
        let mut command = machine.command(&[&way[..], &["--", "bash", "-c", &script]].concat());
        command.env_remove("AWS_CONFIG_FILE").env_remove("AWS_SHARED_CREDENTIALS_FILE");
        let run = Run::of(command.output().unwrap());
        assert_eq!(run.stdout, "clean\n", "{way:?} {}", run.stderr);
    }
}

#[test]
fn the_console_opens_in_the_profiles_region() {
    let machine = Machine::enrolled();
    machine.write("aws/config", &CONFIG.replace("[profile dev]", "[profile dev]\nregion = eu-west-1"));
    let url = machine.ok(&["console", "--print", "dev"]);
    let page = "Destination=https%3A%2F%2Fconsole.aws.amazon.com%2Fconsole%2Fhome%3Fregion%3Deu-west-1&";
    assert!(url.contains(page), "{url}");
    let url = machine.ok(&["console", "--print", "--service", "logs", "--region", "us-west-2", "dev"]);
    let page = "console.aws.amazon.com%2Fcloudwatch%2Fhome%3Fregion%3Dus-west-2%23logsV2%3Alog-groups&";
    assert!(url.contains(page), "{url}");
    let refused = machine.run(&["console", "--print", "--service", "../x", "dev"]);
    assert!(refused.code == 2 && refused.stderr.contains("not the name of a service"), "{}", refused.stderr);
    // A browser of the profile's own, as people keep them apart by account.
    machine.script("bin/firefox", "echo \"$*\" > \"$0.new\"; mv \"$0.new\" \"$0.seen\"");
    let browser = machine.path("bin/firefox").display().to_string();
    let config =
        machine.read("aws/config") + &format!("[kagi dev]\nbrowser_cmd = {browser} -P {{profile}} {{url}}\n");
    machine.write("aws/config", &config);
    let mut child = machine.command(&["console", "dev"]).stderr(Stdio::null()).spawn().unwrap();
    while !machine.path("bin/firefox.seen").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(machine.read("bin/firefox.seen").starts_with("-P dev http://127.0.0.1:"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn everything_can_be_brought_back_and_forgotten() {
    let machine = Machine::new();
    let credentials = machine.read("aws/credentials");
    machine.ok(&["add", "bastion"]);
    let backups = machine.ok(&["restore"]);
    for backup in backups.lines() {
        machine.ok(&["restore", backup]);
    }
    assert_eq!(machine.read("aws/credentials"), credentials);
    assert_eq!(machine.read("aws/config"), CONFIG);
    machine.ok(&["forget", "bastion", "--yes"]);
    assert_eq!(machine.run(&["credentials", "bastion"]).code, 2);
    machine.ok(&["forget", "--everything", "--yes"]);
    assert!(machine.files().is_empty(), "{:?}", machine.files());
    assert!(std::fs::read_dir(machine.path("run/kagi")).unwrap().next().is_none(), "the unlocked key stays");
}

#[test]
fn links_and_modes_of_the_files_are_kept() {
    let machine = Machine::new();
    std::fs::rename(machine.path("aws/config"), machine.path("real-config")).unwrap();
    std::os::unix::fs::symlink("../real-config", machine.path("aws/config")).unwrap();
    std::fs::set_permissions(machine.path("real-config"), std::fs::Permissions::from_mode(0o640)).unwrap();
    machine.ok(&["add", "bastion"]);
    assert!(std::fs::symlink_metadata(machine.path("aws/config")).unwrap().is_symlink());
    assert!(machine.read("real-config").contains("credential_process"));
    let mode = std::fs::metadata(machine.path("real-config")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o640);
}

#[test]
fn completion_and_manual() {
    let machine = Machine::enrolled();
    assert_eq!(machine.ok(&["complete", "--", "exec", "d"]), "deploy\ndev\n");
    for shell in ["bash", "zsh", "fish"] {
        assert!(machine.ok(&["completions", shell]).contains("kagi complete -- "));
    }
    assert!(machine.ok(&["man"]).starts_with(".ie"));
    machine.ok(&["man", "--out", machine.home.to_str().unwrap()]);
    assert!(machine.path("kagi-exec.1").exists());
}
