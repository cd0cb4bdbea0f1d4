//! `kagi rotate`: the whole way, killed at each step, and back.

use std::process::Stdio;
use std::time::{Duration, Instant};

use kagimori_aws::Client;
use kagimori_fake_aws::Trouble;
use kagimori_session::credentials::{LongTermKey, Signer};
use kagimori_session::endpoint::Endpoint;

use crate::support::{ALICE, Machine};

pub(crate) fn keys(machine: &Machine) -> Vec<(String, bool)> {
    let keys = machine.aws.world().keys_of(ALICE);
    keys.into_iter().map(|key| (key.access_key_id, key.is_active)).collect()
}

pub(crate) fn next_code(machine: &Machine) {
    machine.aws.advance(Duration::from_secs(30));
    machine.answer_with_code();
}

/// The vault's key works, and is the user's only active one.
pub(crate) fn is_settled(machine: &Machine, but: &str) {
    let active: Vec<_> = keys(machine).into_iter().filter(|(_, active)| *active).collect();
    assert_eq!(active.len(), 1, "{:?}", keys(machine));
    assert_ne!(active[0].0, but, "the old key is still the active one");
    next_code(machine);
    machine.ok(&["login", "bastion", "--fresh"]);
    machine.credentials(&["dev"]);
}

/// Goes on; a key whose answer was lost is named by the person, as the message asks.
pub(crate) fn go_on(machine: &Machine) {
    let run = machine.run(&["rotate", "bastion", "--grace", "1h"]);
    if run.code != 0 {
        let lost = lost_key(&run.stderr);
        machine.ok(&["rotate", "bastion", "--grace", "1h", "--delete-lost", &lost]);
    }
}

/// The key a message asks about.
fn lost_key(stderr: &str) -> String {
    let (_, rest) = stderr.split_once("--delete-lost ").unwrap_or_else(|| panic!("{stderr}"));
    rest.split(' ').next().unwrap().to_owned()
}

/// A key that somebody makes, with the user's first key, as in the console.
fn made_by_a_person(machine: &Machine, user: &str) -> String {
    let pair = machine.aws.access_key(user).unwrap();
    let key =
        LongTermKey { access_key_id: pair.access_key_id, secret_access_key: pair.secret_access_key.into() };
    let iam =
        Endpoint { url: machine.aws.endpoint(), signing_region: "us-east-1".to_owned(), from: String::new() };
    let client = Client::new(None).unwrap();
    let made = client.create_access_key(&iam, &Signer::LongTerm(&key), machine.aws.now()).unwrap();
    made.key.access_key_id
}

#[test]
fn after_a_refusal_no_later_key_is_an_orphan() {
    let refused = |status, code: &str| Trouble::Fail { status, code: code.into(), message: "no".into() };
    for trouble in [refused(403, "AccessDenied"), refused(409, "LimitExceeded"), Trouble::Throttle] {
        let machine = Machine::enrolled();
        machine.aws.plan("CreateAccessKey", 1, trouble);
        assert_eq!(machine.run(&["rotate", "bastion"]).code, 2);
        assert!(machine.ok(&["rotate", "bastion", "--status"]).contains("no rotation"));
        made_by_a_person(&machine, ALICE);
        let both = keys(&machine);
        for arguments in [vec!["rotate", "bastion"], vec!["rotate", "--undo", "bastion"]] {
            assert_eq!(machine.run(&arguments).code, 2);
            assert_eq!((keys(&machine), machine.calls("DeleteAccessKey")), (both.clone(), 0));
        }
    }
}

#[test]
fn whose_a_new_key_is_only_the_person_says() {
    // Carried out or not is not known after a failure on AWS's side.
    let trouble = Trouble::Fail { status: 500, code: "InternalFailure".into(), message: "no".into() };
    for arguments in [["rotate", "bastion"].as_slice(), &["rotate", "--undo", "bastion"]] {
        let machine = Machine::enrolled();
        machine.aws.plan("CreateAccessKey", 1, trouble.clone());
        assert_eq!(machine.run(&["rotate", "bastion"]).code, 2);
        let theirs = made_by_a_person(&machine, ALICE);
        let both = keys(&machine);
        let run = machine.run(arguments);
        assert!(run.code == 2 && run.stderr.contains(&format!("{theirs} (made ")), "{}", run.stderr);
        let wrong = [arguments, &["--delete-lost", both[0].0.as_str()]].concat();
        assert_eq!(machine.run(&wrong).code, 2, "the key in use was named");
        assert_eq!((keys(&machine), machine.calls("DeleteAccessKey")), (both.clone(), 0));
        let kept = machine.run(&[arguments, &["--keep", theirs.as_str()]].concat());
        assert!(kept.stderr.contains("AWS allows two") || arguments.len() == 3, "{}", kept.stderr);
        assert_eq!((keys(&machine), machine.calls("DeleteAccessKey")), (both, 0));
        assert!(machine.ok(&["rotate", "bastion", "--status"]).contains("no rotation"));
    }
}

#[test]
fn an_old_key_that_is_in_use_again_is_not_deleted() {
    let machine = Machine::enrolled();
    let old = keys(&machine)[0].0.clone();
    machine.ok(&["rotate", "bastion", "--grace", "1h"]);
    let pair = machine.aws.access_keys(ALICE)[1].clone();
    let key =
        LongTermKey { access_key_id: pair.access_key_id, secret_access_key: pair.secret_access_key.into() };
    let url = machine.aws.endpoint();
    let iam = Endpoint { url, signing_region: "us-east-1".to_owned(), from: String::new() };
    let client = Client::new(None).unwrap();
    client.update_access_key(&iam, &Signer::LongTerm(&key), &old, true, machine.aws.now()).unwrap();
    next_code(&machine);
    let run = machine.run(&["rotate", "bastion", "--grace", "0"]);
    assert!(run.code == 2 && run.stderr.contains("active again"), "{}", run.stderr);
    assert_eq!(keys(&machine).len(), 2);
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
        while machine.calls(operation) == before && begun.elapsed() < Duration::from_secs(300) {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_ne!(machine.calls(operation), before, "{operation} was never called");
        child.kill().unwrap();
        child.wait().unwrap();
        next_code(&machine);
        go_on(&machine);
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
    go_on(&machine);
    is_settled(&machine, &old);
    assert_eq!((keys(&machine).len(), machine.calls("DeleteAccessKey")), (2, 1));
}

#[test]
fn a_user_without_a_device_signs_with_the_new_key() {
    const BOB: &str = "arn:aws:iam::111122223333:user/bob";
    let machine = Machine::empty();
    let pair = machine.aws.access_key(BOB).unwrap();
    machine.write(
        "aws/credentials",
        &format!(
            "[bastion]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            pair.access_key_id, pair.secret_access_key
        ),
    );
    machine.ok(&["add", "bastion"]);
    machine.aws.plan("UpdateAccessKey", 1, Trouble::LoseReply);
    assert_eq!(machine.run(&["rotate", "bastion"]).code, 2);
    machine.ok(&["rotate", "bastion"]);
    machine.ok(&["rotate", "bastion", "--grace", "0"]);
    let left = machine.aws.world().keys_of(BOB);
    assert!(left.len() == 1 && left[0].access_key_id != pair.access_key_id && left[0].is_active);
}

#[test]
fn the_way_back_from_a_lost_answer() {
    let machine = Machine::enrolled();
    let before = keys(&machine);
    machine.aws.plan("CreateAccessKey", 1, Trouble::LoseReply);
    assert_eq!(machine.run(&["rotate", "bastion"]).code, 2);
    let lost = lost_key(&machine.run(&["rotate", "bastion", "--undo"]).stderr);
    machine.ok(&["rotate", "bastion", "--undo", "--delete-lost", &lost]);
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

/// A run that is killed while it forgets the rotation leaves some of its notes. None of them leads the next one astray: the
/// pending key is the one in use by then, and taking it for the new one would deactivate it.
#[test]
fn notes_of_a_rotation_that_is_over_mean_nothing() {
    for kept in 0..3 {
        let machine = Machine::enrolled();
        machine.ok(&["rotate", "bastion", "--grace", "1h"]);
        let of_notes = |machine: &Machine| -> Vec<_> {
            let notes = machine.path("kagi/notes");
            machine.files().into_iter().filter(|(path, _)| path.starts_with(&notes)).collect()
        };
        let notes = of_notes(&machine);
        next_code(&machine);
        machine.ok(&["rotate", "bastion", "--grace", "0"]);
        let left = of_notes(&machine);
        let gone: Vec<_> = notes.iter().filter(|(path, _)| !left.iter().any(|(it, _)| it == path)).collect();
        assert_eq!(gone.len(), 3, "journal, pending and previous");
        let (path, bytes) = gone[kept];
        std::fs::write(path, bytes).unwrap();
        next_code(&machine);
        let run = machine.run(&["rotate", "bastion", "--grace", "1h"]);
        assert_eq!(run.code, 0, "{kept}: {}", run.stderr);
        let (active, all) =
            (keys(&machine).iter().filter(|(_, active)| *active).count(), keys(&machine).len());
        assert!(active == 1 && all <= 2, "{kept}: {:?}", keys(&machine));
        next_code(&machine);
        machine.ok(&["login", "bastion", "--fresh"]);
    }
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
    go_on(&machine);
    next_code(&machine);
    machine.ok(&["rotate", "bastion", "--grace", "0"]);
    assert_eq!(keys(&machine).len(), 1, "{:?}", keys(&machine));
    is_settled(&machine, &old);
    assert_eq!(machine.ok(&["log", "--verify"]), "the log is whole\n");
}
