//! Many processes at once, killed processes, codes that were used: one prompt, no code twice, nothing torn.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use kagimori_fake_aws::{Trouble, bastion};

use crate::support::{Machine, Run, wait_for};

fn start(machine: &Machine, arguments: &[&str]) -> Child {
    let mut command = machine.command(arguments);
    // A herd on a slow machine takes longer than an SDK waits.
    command.env("KAGI_PROMPT_FOR", "300s");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn herd(machine: &Machine, count: usize, arguments: &[&str]) -> Vec<Run> {
    let children: Vec<_> = (0..count).map(|_| start(machine, arguments)).collect();
    children.into_iter().map(|child| Run::of(child.wait_with_output().unwrap())).collect()
}

#[test]
fn fifty_cold_processes_cause_one_prompt_and_two_calls() {
    let machine = Machine::enrolled();
    machine.script("bin/prompt", "echo \"$1\" >> \"$0.asked\"; sleep 0.3; cat \"$0.answer\"");
    machine.answer_with_code();
    let runs = herd(&machine, 50, &["credentials", "dev"]);
    for run in &runs {
        assert_eq!((run.code, &run.stdout), (0, &runs[0].stdout), "{}", run.stderr);
    }
    assert_eq!((machine.prompts(), machine.calls("GetSessionToken"), machine.calls("AssumeRole")), (1, 1, 1));
}

#[test]
fn an_unanswered_prompt_is_not_repeated_by_the_herd() {
    let machine = Machine::enrolled();
    // It ends when all of them are there, however long the machine takes to start them.
    machine.script(
        "bin/prompt",
        "echo \"$1\" >> \"$0.asked\"; while [ ! -e \"$0.all\" ]; do sleep 0.02; done; exit 1",
    );
    let children: Vec<_> = (0..10).map(|_| start(&machine, &["credentials", "dev"])).collect();
    wait_for(|| children.iter().all(|child| is_at_a_lock(child.id())));
    machine.write("bin/prompt.all", "");
    let runs: Vec<_> = children.into_iter().map(|child| Run::of(child.wait_with_output().unwrap())).collect();
    assert!(runs.iter().all(|run| run.code == 2 && run.stdout.is_empty()));
    assert!(runs.iter().all(|run| run.stderr.contains("kagi login bastion")), "{:?}", runs[0]);
    assert_eq!((machine.prompts(), machine.calls("GetSessionToken")), (1, 0));
    // A person may always try again.
    machine.script("bin/prompt", "echo \"$1\" >> \"$0.asked\"; cat \"$0.answer\"");
    machine.answer_with_code();
    machine.ok(&["login", "bastion"]);
    machine.ok(&["credentials", "dev"]);
}

/// Whether a process has a lock, or waits for one. Where there is no `/proc`, who is started is taken to be there.
fn is_at_a_lock(process: u32) -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let files = std::fs::read_dir(format!("/proc/{process}/fd"));
    let is_lock = |path: std::path::PathBuf| path.to_string_lossy().contains("/kagi/locks/");
    files.is_ok_and(|mut files| {
        files.any(|file| file.is_ok_and(|file| std::fs::read_link(file.path()).is_ok_and(is_lock)))
    })
}

#[test]
fn with_nobody_to_ask_it_fails_at_once() {
    let machine = Machine::enrolled();
    // How fast is measured by scripts/measure-kagi.
    let run =
        Run::of(machine.command(&["credentials", "dev"]).env("KAGI_PROMPT_PROGRAM", "").output().unwrap());
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr,
        "kagi: an MFA code is needed, and there is no terminal to ask on: run `kagi login bastion` in a terminal\n"
    );
}

/// AWS takes the code and the answer is lost: nobody can tell, and the code is used.
fn lose_a_code(machine: &Machine) {
    machine.aws.plan("GetSessionToken", 1, Trouble::LoseReply);
    let lost = machine.run(&["credentials", "dev"]);
    assert_eq!((lost.code, machine.calls("GetSessionToken")), (2, 1), "{}", lost.stderr);
}

#[test]
fn a_code_is_never_sent_twice() {
    let machine = Machine::enrolled();
    lose_a_code(&machine);
    // The same is typed again: it is not sent, and there is no time to wait for the next.
    let again =
        Run::of(machine.command(&["credentials", "dev"]).env("KAGI_PROMPT_FOR", "1s").output().unwrap());
    assert!(again.code == 2 && again.stderr.contains("was used already"), "{}", again.stderr);
    assert_eq!(machine.calls("GetSessionToken"), 1);
    // The device moves on.
    machine.aws.advance(Duration::from_secs(30));
    machine.answer_with_code();
    machine.credentials(&["dev"]);
    assert_eq!(machine.calls("GetSessionToken"), 2);
}

#[test]
#[ignore = "waits for a real 30-second step; scripts/check-kagi runs it"]
fn after_a_used_code_it_goes_on_with_the_next() {
    let machine = Machine::enrolled();
    let code = machine.aws.totp(bastion::ALICE_MFA).unwrap();
    lose_a_code(&machine);
    let mut child = start(&machine, &["login", "bastion"]);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(34) && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(50));
        if machine.aws.totp(bastion::ALICE_MFA).unwrap() != code {
            machine.answer_with_code();
        }
    }
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!((machine.calls("GetSessionToken"), machine.prompts()), (2, 3));
}

#[test]
fn wrong_codes_are_asked_for_again_and_not_without_end() {
    let machine = Machine::enrolled();
    machine.script(
        "bin/prompt",
        "n=$(cat \"$0.asked\" 2>/dev/null | wc -l); echo x >> \"$0.asked\"; echo 00000$n",
    );
    let run = machine.run(&["login", "bastion"]);
    assert_eq!((run.code, machine.prompts(), machine.calls("GetSessionToken")), (2, 3, 3));
    assert!(run.stderr.contains("AWS did not take the MFA code"), "{}", run.stderr);
    assert!(!run.stderr.contains("000001"), "a code is in the message");
    machine.script("bin/prompt", "echo x >> \"$0.asked\"; echo twelve");
    let run = machine.run(&["login", "bastion"]);
    assert_eq!((run.code, machine.calls("GetSessionToken")), (2, 3));
    assert!(!run.stderr.contains("twelve"), "what was typed is in the message");
}

#[test]
fn killed_at_any_point_nothing_is_torn() {
    let machine = Machine::enrolled();
    machine.aws.plan("GetSessionToken", 100, Trouble::Delay { milliseconds: 15 });
    machine.aws.plan("AssumeRole", 100, Trouble::Delay { milliseconds: 15 });
    for round in 0_u32..30 {
        // A session of its own each round: the same code may be sent for the first one only.
        machine.aws.advance(Duration::from_secs(30));
        machine.answer_with_code();
        let mut child = start(&machine, &["credentials", "dev"]);
        std::thread::sleep(Duration::from_millis(u64::from(round * 7 % 90)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    machine.aws.advance(Duration::from_secs(30));
    machine.answer_with_code();
    machine.credentials(&["dev"]);
    assert_eq!(machine.ok(&["log", "--verify"]), "the log is whole\n");
    let wrong =
        machine.aws.log().iter().filter(|entry| format!("{entry:?}").contains("one time pass code")).count();
    assert_eq!(wrong, 0, "a code was sent twice");
}

#[test]
fn a_hundred_callers_of_several_roles_share_the_session() {
    let machine = Machine::enrolled();
    let children: Vec<_> = ["dev", "prod", "deploy", "bastion"]
        .iter()
        .cycle()
        .take(40)
        .map(|name| start(&machine, &["credentials", name]))
        .collect();
    for child in children {
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    // dev, prod, deploy and dev unnarrowed on the way to deploy.
    assert_eq!((machine.prompts(), machine.calls("GetSessionToken"), machine.calls("AssumeRole")), (1, 1, 4));
}

#[test]
fn a_locked_herd_asks_for_one_passphrase_and_one_code() {
    let machine = Machine::enrolled();
    machine.ok(&["lock"]);
    machine.script("bin/passphrase", "echo x >> \"$0.asked\"; sleep 0.1; echo 'correct horse battery'");
    for run in herd(&machine, 20, &["credentials", "dev"]) {
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    assert_eq!((machine.read("bin/passphrase.asked").lines().count(), machine.prompts()), (1, 1));
    assert_eq!((machine.calls("GetSessionToken"), machine.calls("AssumeRole")), (1, 1));
}

#[test]
fn when_the_one_that_asks_is_killed_another_asks() {
    let machine = Machine::enrolled();
    machine.script(
        "bin/prompt",
        "echo $PPID >> \"$0.asked\"; while [ ! -e \"$0.killed\" ]; do sleep 0.02; done; cat \"$0.answer\"",
    );
    let mut children: Vec<_> = (0..10).map(|_| start(&machine, &["credentials", "dev"])).collect();
    wait_for(|| machine.prompts() > 0);
    let asking: u32 = machine.read("bin/prompt.asked").trim().parse().unwrap();
    children.iter_mut().find(|child| child.id() == asking).unwrap().kill().unwrap();
    machine.write("bin/prompt.killed", "");
    let served = children
        .into_iter()
        .map(|child| Run::of(child.wait_with_output().unwrap()))
        .filter(|run| run.code == 0)
        .count();
    assert_eq!((served, machine.prompts(), machine.calls("GetSessionToken")), (9, 2, 1));
}

#[test]
fn a_code_that_cannot_be_written_down_is_not_sent() {
    let machine = Machine::enrolled();
    machine.write("kagi/ledger", "a file where the directory has to be");
    let run = machine.run(&["credentials", "dev"]);
    assert!(run.code == 2 && run.stderr.contains("cannot"), "{}", run.stderr);
    assert_eq!((machine.prompts(), machine.calls("GetSessionToken")), (1, 0));
}
