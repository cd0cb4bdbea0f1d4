//! Places that are missing, full, shared or foreign: the first use, the disk, the open vault's key, the programs that look
//! secrets up.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Machine, Run};

#[test]
fn where_nothing_can_be_written() {
    // root may write anywhere: a file where a directory has to be stops root as well.
    let machine = Machine::without_vault();
    let blocked = machine.path("blocked");
    fs::write(&blocked, "").unwrap();
    let run = Run::of(
        machine.command(&["add", "bastion"]).env("KAGI_HOME", blocked.join("kagi")).output().unwrap(),
    );
    assert!(run.code == 2 && run.stderr.contains("cannot"), "{}", run.stderr);
    assert!(run.stderr.contains("hint:"), "{}", run.stderr);
    assert!(
        machine.read("aws/credentials").contains("aws_secret_access_key"),
        "the plaintext went before the vault was there"
    );
}

#[test]
fn a_full_disk_loses_nothing() {
    let machine = Machine::new();
    // /dev/full is where a file system says that it is full.
    let credentials = machine.read("aws/credentials");
    std::os::unix::fs::symlink("/dev/full", machine.path("kagi/log.jsonl")).unwrap();
    let run = machine.run(&["add", "bastion"]);
    assert!(
        run.stderr.contains("the log was not written") && run.stderr.contains("No space left"),
        "{}",
        run.stderr
    );
    assert_eq!(run.code, 0);
    assert_ne!(machine.read("aws/credentials"), credentials);
    machine.credentials(&["dev"]);
}

#[test]
fn a_first_use_without_anything() {
    let machine = Machine::without_vault();
    let run = machine.run(&["credentials", "dev"]);
    assert_eq!(
        run.stderr,
        "kagi: there is no vault yet: run `kagi add bastion`: it makes one, and stores the key\n"
    );
    machine.script("bin/passphrase", "echo short");
    let short = machine.run(&["add", "bastion"]);
    assert!(short.code == 2 && short.stderr.contains("fewer than 8 letters"), "{}", short.stderr);
    assert!(machine.read("aws/credentials").contains("aws_secret_access_key"));
    machine.script("bin/passphrase", "echo 'correct horse battery'");
    machine.ok(&["add", "bastion"]);
    let mode = |name: &str| fs::metadata(machine.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("kagi"), mode("kagi/vault.json"), mode("kagi/keys")), (0o700, 0o600, 0o700));
    machine.ok(&["lock"]);
    machine.script("bin/passphrase", "echo 'correct horse battery'");
    machine.ok(&["unlock", "--for", "1h"]);
    machine.credentials(&["dev"]);
}

/// The file in which the open vault's key waits.
fn open_key(machine: &Machine) -> std::path::PathBuf {
    fs::read_dir(machine.path("run/kagi")).unwrap().next().unwrap().unwrap().path()
}

#[test]
fn a_damaged_or_foreign_open_key_makes_no_second_vault() {
    for with_check in [true, false] {
        let machine = Machine::enrolled();
        if !with_check {
            // As vaults of before were written.
            let mut vault: serde_json::Value =
                serde_json::from_str(&machine.read("kagi/vault.json")).unwrap();
            vault.as_object_mut().unwrap().remove("check");
            machine.write("kagi/vault.json", &vault.to_string());
        }
        let path = open_key(&machine);
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 1;
        fs::write(&path, &bytes).unwrap();
        // The passphrase opens the vault again, and the key that was kept is found.
        machine.credentials(&["dev"]);
        assert!(machine.read("kagi/vault.json").contains("check"));
        machine.script("bin/passphrase", "exit 1");
        machine.credentials(&["dev"]);
        fs::write(&path, &bytes).unwrap();
        machine.write("aws/credentials", crate::support::FICTIONAL_KEY);
        let keys = |machine: &Machine| fs::read_dir(machine.path("kagi/keys")).unwrap().count();
        let run = machine.run(&["add", "--offline", "x"]);
        assert!(run.code == 2 && keys(&machine) == 1, "{}", run.stderr);
    }
}

#[test]
fn no_vault_is_made_over_an_old_one() {
    let machine = Machine::enrolled();
    fs::remove_file(machine.path("kagi/vault.json")).unwrap();
    machine.write("aws/credentials", crate::support::FICTIONAL_KEY);
    let run = machine.run(&["add", "--offline", "x"]);
    assert!(run.code == 2 && run.stderr.contains("1 key is sealed by it"), "{}", run.stderr);
    assert!(!machine.path("kagi/vault.json").exists());
}

#[test]
fn of_several_first_uses_at_once_one_makes_the_vault() {
    let machine = Machine::without_vault();
    machine.write("aws/credentials", &crate::support::FICTIONAL_KEY.replace("[x]", "[y]"));
    let children: Vec<_> = (0..4)
        .map(|number| {
            let name = format!("x{number}");
            let text = crate::support::FICTIONAL_KEY.replace("[x]", &format!("[{name}]"));
            machine.write(&format!("aws/credentials-{name}"), &text);
            let mut command = machine.command(&["add", "--offline", "--leave-files", &name]);
            command.env("AWS_SHARED_CREDENTIALS_FILE", machine.path(&format!("aws/credentials-{name}")));
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let list = machine.ok(&["list"]);
    assert!((0..4).all(|number| list.contains(&format!("x{number}"))), "{list}");
}

#[test]
fn programs_that_look_up_get_no_text_and_are_heard() {
    let machine = Machine::enrolled();
    // As the real ones: another argument is another thing to look up.
    machine.script("bin/ykman", "test $# = 5 || exit 2; cat \"$(dirname $0)/prompt.answer\"");
    machine.script("bin/secret-tool", "test $# = 3 || exit 2; echo 'correct horse battery'");
    machine.ok(&["lock"]);
    let run = |prompt: &str| {
        let mut command = machine.command(&["login", "bastion", "--fresh"]);
        command
            .env("KAGI_PROMPT_PROGRAM", machine.path("bin").join(prompt))
            .env("KAGI_PASSPHRASE_PROGRAM", machine.path("bin/secret-tool lookup app kagi"));
        Run::of(command.output().unwrap())
    };
    machine.script("bin/loud", "echo 'no YubiKey is there' >&2; exit 1");
    let loud = run("loud");
    assert!(loud.code == 2 && loud.stderr.contains("no YubiKey is there"), "{}", loud.stderr);
    let found = run("ykman oath accounts code -s aws");
    assert_eq!(found.code, 0, "{}", found.stderr);
}
