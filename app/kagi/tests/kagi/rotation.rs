//! `kagi rotate`: the whole way, killed at each step, and back.

use std::process::Stdio;
use std::time::{Duration, Instant};

use kagimori_fake_aws::Trouble;

use crate::support::{ALICE, Machine};

fn keys(machine: &Machine) -> Vec<(String, bool)> {
    let keys = machine.aws.world().keys_of(ALICE);
    keys.into_iter().map(|key| (key.access_key_id, key.is_active)).collect()
}

fn next_code(machine: &Machine) {
    machine.aws.advance(Duration::from_secs(30));
    machine.answer_with_code();
}

/// The vault's key works, and is the user's only active one.
fn is_settled(machine: &Machine, but: &str) {
    let active: Vec<_> = keys(machine).into_iter().filter(|(_, active)| *active).collect();
    assert_eq!(active.len(), 1, "{:?}", keys(machine));
    assert_ne!(active[0].0, but, "the old key is still the active one");
    next_code(machine);
    machine.ok(&["login", "bastion", "--fresh"]);
    machine.credentials(&["dev"]);
}

#[test]
fn the_whole_way() {
    let machine = Machine::enrolled();
    let old = keys(&machine)[0].0.clone();
    machine.ok(&["rotate", "bastion", "--grace", "1h"]);
    let status = machine.ok(&["rotate", "bastion", "--status"]);
    assert!(status.contains("is deactivated and can be deleted"), "{status}");
    assert_eq!(keys(&machine).len(), 2);
    is_settled(&machine, &old);
    // Within the grace period nothing more happens.
    machine.ok(&["rotate", "bastion", "--grace", "1h"]);
    assert_eq!(keys(&machine).len(), 2);
    machine.ok(&["rotate", "bastion", "--grace", "0"]);
    assert_eq!(keys(&machine).len(), 1);
    assert!(machine.ok(&["rotate", "bastion", "--status"]).contains("no rotation"));
    is_settled(&machine, &old);
    assert!(machine.read("kagi/log.jsonl").contains("key-rotated"));
}

#[test]
fn there_is_a_way_back() {
    let machine = Machine::enrolled();
    let old = keys(&machine)[0].0.clone();
    machine.ok(&["rotate", "bastion"]);
    next_code(&machine);
    machine.ok(&["rotate", "bastion", "--undo"]);
    assert_eq!(keys(&machine), [(old, true)]);
    next_code(&machine);
    machine.ok(&["login", "bastion", "--fresh"]);
    assert_eq!(machine.run(&["rotate", "bastion", "--undo"]).code, 2);
}

#[test]
fn killed_while_each_call_is_on_its_way() {
    for operation in
        ["ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "UpdateAccessKey", "DeleteAccessKey"]
    {
        let machine = Machine::enrolled();
        let old = keys(&machine)[0].0.clone();
        machine.ok(&["login", "bastion"]);
        let grace = if operation == "DeleteAccessKey" {
            machine.ok(&["rotate", "bastion", "--grace", "1h"]);
            next_code(&machine);
            "0"
        } else {
            "1h"
        };
        // The call is carried out, its answer comes too late for the process that made it.
        let before = machine.calls(operation);
        machine.aws.plan(operation, 1, Trouble::Delay { milliseconds: 400 });
        let mut child = machine
            .command(&["rotate", "bastion", "--grace", grace])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while machine.calls(operation) == before && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_ne!(machine.calls(operation), before, "{operation} was never called");
        child.kill().unwrap();
        child.wait().unwrap();
        next_code(&machine);
        machine.ok(&["rotate", "bastion", "--grace", "1h"]);
        next_code(&machine);
        machine.ok(&["rotate", "bastion", "--grace", "0"]);
        assert_eq!(keys(&machine).len(), 1, "{operation}: {:?}", keys(&machine));
        is_settled(&machine, &old);
    }
}

#[test]
fn a_lost_answer_costs_a_key_and_nothing_else() {
    let machine = Machine::enrolled();
    let old = keys(&machine)[0].0.clone();
    machine.aws.plan("CreateAccessKey", 1, Trouble::LoseReply);
    assert_eq!(machine.run(&["rotate", "bastion"]).code, 2);
    assert_eq!(keys(&machine).len(), 2, "an orphan whose secret nobody has");
    machine.ok(&["rotate", "bastion", "--grace", "1h"]);
    is_settled(&machine, &old);
    assert_eq!((keys(&machine).len(), machine.calls("DeleteAccessKey")), (2, 1));
}

#[test]
fn the_way_back_from_a_lost_answer() {
    let machine = Machine::enrolled();
    let before = keys(&machine);
    machine.aws.plan("CreateAccessKey", 1, Trouble::LoseReply);
    assert_eq!(machine.run(&["rotate", "bastion"]).code, 2);
    machine.ok(&["rotate", "bastion", "--undo"]);
    assert_eq!(keys(&machine), before);
    assert!(machine.ok(&["rotate", "bastion", "--status"]).contains("no rotation"));
}

#[test]
fn the_way_back_is_found_however_often_it_is_interrupted() {
    for operation in ["UpdateAccessKey", "DeleteAccessKey"] {
        let machine = Machine::enrolled();
        let before = keys(&machine);
        machine.ok(&["rotate", "bastion"]);
        next_code(&machine);
        machine.aws.plan(operation, 1, Trouble::LoseReply);
        let interrupted = machine.run(&["rotate", "bastion", "--undo"]);
        assert_eq!(interrupted.code, 2, "{}", interrupted.stderr);
        next_code(&machine);
        machine.ok(&["rotate", "bastion"]);
        assert_eq!(keys(&machine), before, "{operation}");
        next_code(&machine);
        machine.ok(&["login", "bastion", "--fresh"]);
    }
}

#[test]
fn a_second_key_of_the_users_is_not_touched() {
    let machine = Machine::enrolled();
    machine.ok(&["rotate", "bastion"]);
    let both = keys(&machine);
    // As if the second key were somebody else's: the journal is gone.
    for (path, _) in
        machine.files().into_iter().filter(|(path, _)| path.starts_with(machine.path("kagi/notes")))
    {
        std::fs::remove_file(path).unwrap();
    }
    next_code(&machine);
    let run = machine.run(&["rotate", "bastion"]);
    assert!(run.code == 2 && run.stderr.contains("AWS allows two"), "{}", run.stderr);
    assert_eq!(keys(&machine), both);
}

#[test]
fn killed_again_and_again_at_any_moment() {
    let machine = Machine::enrolled();
    let old = keys(&machine)[0].0.clone();
    machine.ok(&["login", "bastion"]);
    for round in 0_u64..25 {
        let mut child = machine
            .command(&["rotate", "bastion", "--grace", "1h"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(round * 11 % 70));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(keys(&machine).iter().any(|(_, active)| *active), "the user is locked out");
    }
    next_code(&machine);
    machine.ok(&["rotate", "bastion", "--grace", "1h"]);
    next_code(&machine);
    machine.ok(&["rotate", "bastion", "--grace", "0"]);
    assert_eq!(keys(&machine).len(), 1, "{:?}", keys(&machine));
    is_settled(&machine, &old);
    assert_eq!(machine.ok(&["log", "--verify"]), "the log is whole\n");
}
