//! Programs that are run: several profiles, signals, a home that cannot be written, and what a shell has afterwards.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::{Machine, Run};

#[test]
fn a_command_may_name_other_profiles_too() {
    let machine = Machine::enrolled();
    let kagi = env!("CARGO_BIN_EXE_kagi");
    let script = format!("cat $AWS_CONFIG_FILE; {kagi} credentials prod");
    let seen = machine.ok(&["exec", "dev", "--with", "prod,bastion", "--", "sh", "-c", &script]);
    for (header, line) in [("dev", "dev"), ("prod", "prod"), ("bastion", "bastion")] {
        assert!(seen.contains(&format!("[profile {header}]\ncredential_process = ")), "{seen}");
        assert!(seen.contains(&format!(" credentials {line}\n")), "{seen}");
    }
    assert!(seen.contains("333344445555"));
    // An elevated one stands beside others that are not.
    let reason = [
        "exec",
        "--elevate",
        "--reason",
        "a test",
        "dev",
        "--with",
        "prod",
        "--",
        "sh",
        "-c",
        "cat $AWS_CONFIG_FILE",
    ];
    let seen = machine.ok(&reason);
    assert!(seen.contains(" --session ") && seen.contains(" credentials prod\n"), "{seen}");
    let wrong = machine.run(&["exec", "dev", "--with", "prdo", "--", "true"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean `prod`?"), "{}", wrong.stderr);
}

#[test]
fn a_command_without_dashes_is_told_where_they_go() {
    let machine = Machine::empty();
    let run = machine.run(&["exec", "dev", "terraform", "plan", "-out", "a b"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`kagi exec dev -- terraform plan -out 'a b'`"), "{}", run.stderr);
    let run = machine.run(&["exec", "dev", "--wrong"]);
    assert!(!run.stderr.contains("comes after"), "{}", run.stderr);
}

fn tokens(machine: &Machine) -> usize {
    machine.files().iter().filter(|(path, _)| path.extension().is_some_and(|it| it == "token")).count()
}

#[test]
fn a_signal_ends_the_served_command_and_takes_the_token_away() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    let script = "echo $$; trap 'echo told; exit 5' TERM; while :; do sleep 0.05; done";
    let mut child =
        machine.command(&["serve", "dev", "--", "sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let inner = lines.next().unwrap().unwrap();
    assert_eq!(tokens(&machine), 1);
    let kill = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(kill.success());
    assert_eq!(lines.next().unwrap().unwrap(), "told");
    assert_eq!(child.wait().unwrap().code(), Some(5));
    assert!(!std::path::Path::new(&format!("/proc/{inner}")).exists());
    assert_eq!(tokens(&machine), 0);
}

#[test]
fn a_signal_ends_an_endpoint_without_a_command() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    let mut child =
        machine.command(&["serve", "dev"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("export AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    assert_eq!(tokens(&machine), 0);
}

#[test]
fn a_home_that_cannot_be_written_is_no_obstacle() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    // Who runs the tests may be allowed to write anywhere: a file where a directory should be stops everybody.
    for folder in ["run", "locks"] {
        let _ = std::fs::remove_dir_all(machine.path(&format!("kagi/{folder}")));
        machine.write(&format!("kagi/{folder}"), "");
    }
    let run = machine.run(&["exec", "dev", "--", "sh", "-c", "echo $AWS_CONFIG_FILE"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with(machine.path("run/kagi").to_str().unwrap()), "{}", run.stdout);
    assert_eq!(machine.ok(&["serve", "dev", "--", "echo", "served"]), "served\n");
}

#[test]
fn a_damaged_key_file_is_named() {
    let machine = Machine::enrolled();
    machine.write("kagi/keys/0123.key", "nonsense");
    for (arguments, at) in
        [(&["list"][..], "stderr"), (&["doctor"][..], "stdout"), (&["login"][..], "stderr")]
    {
        let run = machine.run(arguments);
        let seen = if at == "stderr" { &run.stderr } else { &run.stdout };
        assert!(seen.contains("0123.key") && seen.contains("damaged"), "{arguments:?} {seen}");
    }
}

#[test]
fn a_shell_is_afterwards_as_it_was() {
    let machine = Machine::enrolled();
    let kagi = env!("CARGO_BIN_EXE_kagi");
    let elevated = "--elevate --reason 'a test' ";
    for (options, profile) in
        [("", "dev"), ("--env-keys ", "dev"), (elevated, "dev"), ("--account 222233334444 --role Power", "")]
    {
        let script = format!(
            "env | sort > {home}/before; eval \"$({kagi} env --shell bash {options}{profile})\"; env | sort > {home}/in; \
             eval \"$({kagi} env --shell bash --unset)\"; env | sort > {home}/after",
            home = machine.home.display()
        );
        let shell = machine.command(&[]);
        let environment: Vec<_> =
            shell.get_envs().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect();
        let mut bash = Command::new("bash");
        let run = Run::of(bash.args(["-c", &script]).env_clear().envs(environment).output().unwrap());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let without_last = |text: String| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with("_=")).map(str::to_owned).collect()
        };
        assert!(machine.read("in").contains("KAGI_PROFILE="), "{}", run.stderr);
        assert_eq!(without_last(machine.read("after")), without_last(machine.read("before")), "{options}");
    }
}

/// A machine on whose `PATH` kagi is, and the environment of its person.
fn bash(machine: &Machine, script: &str, more: &[&str]) -> Run {
    let link = machine.path("bin/kagi");
    let _ = std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kagi"), &link);
    let shell = machine.command(&[]);
    let mut bash = Command::new("bash");
    bash.env_clear().envs(shell.get_envs().filter_map(|(key, value)| Some((key, value?)))).args(more);
    let path = format!("{}:{}", machine.path("bin").display(), std::env::var("PATH").unwrap());
    Run::of(bash.env("PATH", path).env("SHELL", "/bin/bash").args(["-c", script]).output().unwrap())
}

#[test]
fn without_a_command_there_is_a_shell_that_says_where_it_is() {
    let machine = Machine::enrolled();
    machine.write(".bashrc", "PS1='mine> '\n");
    let run = bash(
        &machine,
        "echo 'echo seen $AWS_PROFILE $AWS_REGION; exit 3' | kagi exec --region eu-west-1 dev",
        &[],
    );
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(run.stdout, "seen dev eu-west-1\n");
    assert!(run.stderr.contains("(dev) mine> "), "{}", run.stderr);
}

#[test]
fn a_typed_region_wins() {
    let machine = Machine::enrolled();
    let mut command = machine.command(&[
        "exec",
        "--region",
        "eu-west-1",
        "bastion",
        "--",
        "sh",
        "-c",
        "echo $AWS_REGION $AWS_DEFAULT_REGION",
    ]);
    let run = Run::of(
        command.env("AWS_REGION", "us-west-2").env("AWS_DEFAULT_REGION", "us-west-2").output().unwrap(),
    );
    assert_eq!(run.stdout, "eu-west-1 eu-west-1\n", "{}", run.stderr);
    let page = machine.ok(&["console", "--print", "--region", "eu-west-1", "dev"]);
    assert!(page.contains("region%3Deu-west-1"), "{page}");
    let wrong = machine.run(&["exec", "--region", "a b", "dev", "--", "true"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("`a b` is not a region"), "{}", wrong.stderr);
}

#[test]
fn kagi_use_sets_the_shell_it_is_typed_in() {
    let machine = Machine::enrolled();
    let script = "eval \"$(kagi hook)\"; kagi use dev; echo $AWS_PROFILE; kagi_prompt; echo; kagi use nobody; echo code $?; \
                  kagi use --unset; echo [$AWS_PROFILE$(kagi_prompt)]; kagi list >/dev/null && echo lists";
    let run = bash(&machine, script, &[]);
    assert_eq!(run.stdout, "dev\n(dev) \ncode 2\n[]\nlists\n", "{}", run.stderr);
    let without = machine.run(&["use", "dev"]);
    assert!(without.code == 2 && without.stderr.contains("eval \"$(kagi hook)\""), "{}", without.stderr);
}
