//! Homes, files and folders as they are on machines of strangers: odd paths, nothing that can be read or written, a umask
//! that takes everything away, remains of what was killed. What is said can be followed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::process::{Command, Stdio};

use crate::support::{CONFIG, FICTIONAL_KEY, Machine, Run};

fn findings(machine: &Machine) -> Vec<(String, String)> {
    let report: serde_json::Value =
        serde_json::from_str(&machine.run(&["doctor", "--format", "json"]).stdout).unwrap();
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap().to_owned();
    report["findings"].as_array().unwrap().iter().map(|it| (text(it, "id"), text(it, "hint"))).collect()
}

fn ids(machine: &Machine) -> Vec<String> {
    findings(machine).into_iter().map(|(id, _)| id).collect()
}

/// A shell with the environment of `kagi` as the machine runs it.
fn shell(machine: &Machine, script: &str) -> Run {
    let environment = machine.command(&[]);
    let environment =
        environment.get_envs().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())));
    let mut shell = Command::new("bash");
    shell.args(["-c", script]).env_clear().envs(environment.collect::<Vec<_>>());
    Run::of(shell.output().unwrap())
}

#[test]
fn paths_in_hints_are_as_a_shell_reads_them() {
    let machine = Machine::enrolled();
    let folder = machine.path("it's my home $x `y`");
    fs::create_dir_all(folder.join("cli/cache")).unwrap();
    fs::write(folder.join("cli/cache/a.json"), "{}").unwrap();
    fs::write(folder.join("config"), CONFIG).unwrap();
    fs::write(folder.join("credentials"), FICTIONAL_KEY).unwrap();
    fs::set_permissions(folder.join("credentials"), fs::Permissions::from_mode(0o644)).unwrap();
    let doctor = || {
        let mut command = machine.command(&["doctor", "--format", "json"]);
        command
            .env("AWS_CONFIG_FILE", folder.join("config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", folder.join("credentials"));
        let report: serde_json::Value =
            serde_json::from_str(&Run::of(command.output().unwrap()).stdout).unwrap();
        let of = |id: &str| {
            let mut findings = report["findings"].as_array().unwrap().iter();
            findings.find(|it| it["id"] == id).map(|it| it["hint"].as_str().unwrap().to_owned())
        };
        (of("mode"), of("plaintext-cache"))
    };
    let (mode, cache) = doctor();
    let (_, remove) = cache.as_deref().unwrap().split_once("(rm ").unwrap();
    for command in [mode.unwrap(), format!("rm {}", remove.trim_end_matches(')'))] {
        let run = shell(&machine, &command);
        assert_eq!(run.code, 0, "{command}: {}", run.stderr);
    }
    assert_eq!(doctor(), (None, None));
}

#[test]
fn doctor_goes_on_where_a_file_cannot_be_read() {
    let machine = Machine::enrolled();
    machine.write("aws/credentials", FICTIONAL_KEY);
    fs::remove_file(machine.path("aws/config")).unwrap();
    symlink("config", machine.path("aws/config")).unwrap();
    let run = machine.run(&["doctor"]);
    assert!(run.code == 1 && run.stdout.contains("unreadable-file: "), "{run:?}");
    assert!(run.stdout.contains("symbolic links") && run.stdout.contains("plaintext-key: "), "{run:?}");
    fs::remove_file(machine.path("aws/config")).unwrap();
    fs::remove_file(machine.path("kagi/vault.json")).unwrap();
    fs::create_dir(machine.path("kagi/vault.json")).unwrap();
    let found = ids(&machine);
    assert!(found.contains(&"vault".to_owned()) && found.contains(&"plaintext-key".to_owned()), "{found:?}");
}

#[test]
fn doctor_says_whose_the_vault_is() {
    let machine = Machine::enrolled();
    assert!(!ids(&machine).contains(&"owner".to_owned()));
    // Only root can give a file away.
    if rustix::process::geteuid().is_root() {
        chown(machine.path("kagi/vault.json"), Some(65_534), None).unwrap();
        let run = machine.run(&["doctor"]);
        assert!(run.stdout.contains("owner: ") && run.stdout.contains("user 65534 and you are 0"), "{run:?}");
    }
}

#[test]
fn what_aws_vault_shared_is_told() {
    let machine = Machine::enrolled();
    let shared = "[profile shared]\nregion = x\n[profile inc]\ninclude_profile = shared\n[profile old]\nparent_profile = shared\n";
    machine.write("aws/config", &format!("{CONFIG}{shared}"));
    let run = machine.run(&["doctor"]);
    assert!(
        run.stdout.contains("no SDK reads `include_profile`, nor does kagi: `inc` has nothing"),
        "{run:?}"
    );
    assert!(run.stdout.contains("no SDK reads `parent_profile`"), "{run:?}");
}

#[test]
fn a_file_named_from_here_is_the_same_elsewhere() {
    let machine = Machine::enrolled();
    let inside = format!("cd / && {} credentials prod", env!("CARGO_BIN_EXE_kagi"));
    let mut command = machine.command(&["exec", "dev", "--", "sh", "-c", &inside]);
    command
        .current_dir(&machine.home)
        .env("AWS_CONFIG_FILE", "aws/config")
        .env("AWS_SHARED_CREDENTIALS_FILE", "aws/credentials");
    let run = Run::of(command.output().unwrap());
    assert!(run.code == 0 && run.stdout.contains("\"AccountId\":\"333344445555\""), "{run:?}");
}

#[test]
fn a_umask_takes_nothing_away_from_us() {
    let machine = Machine::without_vault();
    let script = format!("umask 0777; exec {} add bastion", env!("CARGO_BIN_EXE_kagi"));
    fs::remove_dir_all(machine.path("kagi")).unwrap();
    let run = shell(&machine, &script);
    assert_eq!(run.code, 0, "{run:?}");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&machine.path("kagi")), 0o700);
    for (path, _) in machine.files() {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().unwrap()), 0o700, "{}", path.display());
    }
}

#[test]
fn the_token_of_a_killed_endpoint_goes() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    let tokens = || {
        let files = machine.files().into_iter().map(|(path, _)| path);
        files.filter(|path| path.extension().is_some_and(|it| it == "token")).collect::<Vec<_>>()
    };
    let start = || {
        let mut command = machine.command(&["serve", "dev"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        child
    };
    let (mut first, mut second) = (start(), start());
    assert_eq!(tokens().len(), 2, "the token of one that lives went");
    first.kill().unwrap();
    first.wait().unwrap();
    machine.ok(&["serve", "dev", "--", "true"]);
    assert_eq!(tokens().len(), 1);
    second.kill().unwrap();
    second.wait().unwrap();
    machine.ok(&["serve", "dev", "--", "true"]);
    assert_eq!(tokens().len(), 0);
}

#[test]
fn a_tool_that_runs_kagi_for_itself_is_told_at_once() {
    let machine = Machine::enrolled();
    machine.script("bin/tool", &format!("{} credentials dev", env!("CARGO_BIN_EXE_kagi")));
    machine.write(
        "aws/config",
        &format!(
            "[profile dev]\nrole_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = tool\n\
             [profile tool]\ncredential_process = {}\n",
            machine.path("bin/tool").display()
        ),
    );
    let run = machine.run(&["credentials", "dev"]);
    assert!(run.code == 2 && run.stderr.contains("`tool` runs kagi for the same profile"), "{run:?}");
    assert_eq!(machine.calls("AssumeRole"), 0);
}

#[test]
fn what_asks_for_a_yes_can_be_told_without_a_terminal() {
    let machine = Machine::enrolled();
    for arguments in [&["forget", "bastion"][..], &["forget", "--everything"]] {
        let mut command = machine.command(arguments);
        let run = Run::of(command.env("KAGI_PROMPT_PROGRAM", "").output().unwrap());
        assert_eq!(run.code, 2, "{run:?}");
        let command = run.stderr.split('`').nth(1).unwrap();
        let followed = shell(&machine, &command.replacen("kagi", env!("CARGO_BIN_EXE_kagi"), 1));
        assert_eq!(followed.code, 0, "{command}: {followed:?}");
    }
}

#[test]
fn two_keys_of_a_profile_are_told_with_what_helps() {
    let machine = Machine::new();
    let other = FICTIONAL_KEY.replace("[x]", "[profile bastion]");
    machine.write("aws/config", &other);
    let hints = findings(&machine).into_iter().filter(|(id, _)| id == "plaintext-key");
    let hints: Vec<_> = hints.map(|(_, hint)| hint).collect();
    assert!(hints.len() == 2 && hints.iter().all(|hint| hint.contains("another key in the other file")));
    machine.ok(&["add", "--replace", "bastion"]);
    assert!(!ids(&machine).contains(&"plaintext-key".to_owned()));
}

#[test]
fn a_browser_that_cannot_be_started_is_not_waited_for() {
    let machine = Machine::enrolled();
    let run = machine.run(&["console", "--browser-cmd", "false", "dev"]);
    assert!(
        run.code == 2 && run.stderr.contains("no browser came") && run.stderr.contains("--print"),
        "{run:?}"
    );
}
