//! What kagi must not do unasked, and what it says instead.

use std::process::Command;

use crate::rotation::next_code;
use crate::support::{ALICE, FICTIONAL_KEY, Machine, Run};

const BOB: &str = "arn:aws:iam::111122223333:user/bob";

fn lines(machine: &Machine, user: &str) -> String {
    let key = machine.aws.access_key(user).unwrap();
    format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", key.access_key_id, key.secret_access_key)
}

#[test]
fn one_key_under_two_names_is_rotated_as_one() {
    let machine = Machine::enrolled();
    machine.write("aws/credentials", &format!("[copy]\n{}", lines(&machine, ALICE)));
    let run = machine.run(&["add", "copy"]);
    assert!(run.code == 0 && run.stderr.contains("it is the key of bastion too"), "{}", run.stderr);
    let run = machine.run(&["rotate", "bastion"]);
    assert!(run.code == 0 && run.stderr.contains("in use, as `copy` too"), "{}", run.stderr);
    let id = |name: &str| {
        let explain: serde_json::Value =
            serde_json::from_str(&machine.ok(&["explain", name, "--format", "json"])).unwrap();
        explain["access_key_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(id("copy"), id("bastion"));
    // Whichever name is given: there is one rotation.
    let status = machine.run(&["rotate", "--status", "copy"]);
    assert!(status.stdout.contains("is deactivated") && status.stderr.contains("as `bastion`"), "{status:?}");
    let new = id("copy");
    next_code(&machine);
    machine.ok(&["rotate", "--undo", "copy"]);
    assert!(id("copy") == id("bastion") && id("copy") != new);
    // Forgotten under one name it stays under the other.
    let run = machine.run(&["forget", "--yes", "copy"]);
    assert!(run.stderr.contains("stays as `bastion`"), "{}", run.stderr);
}

#[test]
fn the_grace_that_was_said_is_kept() {
    let machine = Machine::enrolled();
    let first = machine.run(&["rotate", "--grace", "7d", "bastion"]);
    let until = |text: &str| text.split("until ").nth(1).unwrap().split(": run").next().unwrap().to_owned();
    let seven = until(&first.stderr);
    let status = machine.ok(&["rotate", "--status", "bastion"]);
    assert!(status.contains(&format!("from {seven}")), "{status} {seven}");
    assert_eq!(until(&machine.run(&["rotate", "bastion"]).stderr), seven);
    // Another one replaces it.
    assert_ne!(until(&machine.run(&["rotate", "--grace", "8d", "bastion"]).stderr), seven);
    let forgotten = machine.run(&["forget", "--yes", "bastion"]);
    let old = machine.aws.access_key(ALICE).unwrap().access_key_id;
    assert!(
        forgotten.stderr.contains("a rotation was under way") && forgotten.stderr.contains(&old),
        "{forgotten:?}"
    );
    assert!(machine.run(&["doctor"]).stdout.contains("no-key: "));
}

#[test]
fn a_word_about_a_lost_key_begins_nothing() {
    let machine = Machine::enrolled();
    for word in ["--keep", "--delete-lost"] {
        let run = machine.run(&["rotate", word, "AKIAIOSFODNN7EXAMPLE", "bastion"]);
        assert!(run.code == 2 && run.stderr.contains("no answer of AWS's was lost"), "{}", run.stderr);
    }
    assert_eq!(machine.calls("CreateAccessKey"), 0);
}

#[test]
fn another_key_of_the_profile_is_not_removed_unasked() {
    let machine = Machine::new();
    let config = format!("[profile bastion]\n{}region = x\n", lines(&machine, BOB));
    machine.write("aws/config", &config);
    let run = machine.run(&["add", "bastion"]);
    let bob = machine.aws.access_key(BOB).unwrap().access_key_id;
    assert!(run.code == 2 && run.stderr.contains("two keys") && run.stderr.contains(&bob), "{}", run.stderr);
    assert_eq!(machine.read("aws/config"), config);
    let run = machine.run(&["add", "--replace", "bastion"]);
    assert!(run.code == 0 && run.stderr.contains("only the backup has it"), "{}", run.stderr);
    assert!(!machine.read("aws/config").contains(&bob));
    // The same key in both files is one.
    let same = Machine::new();
    same.write("aws/config", &format!("[profile bastion]\n{}", lines(&same, ALICE)));
    same.ok(&["add", "bastion"]);
}

#[test]
fn what_a_damaged_key_was_is_brought_back_from_a_backup() {
    let machine = Machine::new();
    machine.ok(&["add", "bastion"]);
    let key = std::fs::read_dir(machine.path("kagi/keys")).unwrap().flatten().next().unwrap().path();
    std::fs::write(&key, b"damaged").unwrap();
    let run = machine.run(&["forget", "bastion", "--yes"]);
    assert!(run.code == 0 && run.stderr.contains("stands in a sealed backup"), "{}", run.stderr);
    // Each command of the hint, as it stands.
    let hint = run.stderr.lines().find(|line| line.contains("sealed backup")).unwrap().to_owned();
    for command in hint.split('`').skip(1).step_by(2) {
        let mut words: Vec<_> = command.split(' ').skip(1).collect();
        if words[0] == "forget" {
            machine.credentials(&["bastion"]);
            words.push("--yes");
        }
        machine.ok(&words);
    }
    let again = machine.run(&["forget", "bastion", "--yes"]);
    assert!(!again.stderr.contains("sealed backup"), "{}", again.stderr);
}

#[test]
fn a_damaged_key_is_forgotten_alone() {
    let machine = Machine::enrolled();
    machine.write("aws/credentials", &format!("[bob]\n{}", lines(&machine, BOB)));
    let before: Vec<_> = machine.files().into_iter().map(|(path, _)| path).collect();
    machine.ok(&["add", "bob"]);
    let is_new =
        |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "key") && !before.contains(path);
    let file = machine.files().into_iter().map(|(path, _)| path).find(is_new).unwrap();
    std::fs::write(&file, "x").unwrap();
    let run = machine.run(&["credentials", "bob"]);
    assert!(
        run.code == 2 && run.stderr.contains("`kagi forget bob`") && !run.stderr.contains("--everything"),
        "{}",
        run.stderr
    );
    let run = machine.run(&["forget", "--yes", "bob"]);
    assert!(run.code == 0 && run.stderr.contains("the damaged key of `bob` is removed"), "{}", run.stderr);
    assert!(!file.exists());
    assert!(machine.credentials(&["bastion"])["SessionToken"].is_string());
}

#[test]
fn a_program_for_codes_is_asked_for_codes_only() {
    let machine = Machine::enrolled();
    let run = machine.run(&["add", "new"]);
    assert!(run.code == 2 && run.stderr.contains("the access key is needed"), "{}", run.stderr);
    machine.ok(&["lock"]);
    let mut command = machine.command(&["credentials", "bastion"]);
    let run = Run::of(command.env_remove("KAGI_PASSPHRASE_PROGRAM").output().unwrap());
    assert!(run.code == 2 && run.stderr.contains("the vault is locked: run `kagi unlock`"), "{}", run.stderr);
    assert_eq!(machine.prompts(), 0);
}

#[test]
fn what_came_after_a_backup_is_not_lost_unasked() {
    let machine = Machine::new();
    machine.ok(&["add", "--all"]);
    let listed = machine.run(&["restore"]);
    let backups: Vec<_> = listed.stdout.lines().collect();
    assert!(backups.len() > 2 && backups.is_sorted(), "{backups:?}");
    assert!(listed.stderr.contains("before `kagi add --all`"), "{}", listed.stderr);
    let first = backups.iter().find(|path| path.contains("-config-")).unwrap();
    // kagi's own lines are none of a person's.
    let config = machine.read("aws/config");
    machine.ok(&["restore", first]);
    assert!(!machine.read("aws/config").contains("credential_process"));
    machine.write("aws/config", &format!("{config}[profile later]\nregion = us-east-1\n"));
    let run = machine.run(&["restore", first]);
    assert!(
        run.code == 2 && run.stderr.contains("2 lines of") && run.stderr.contains("`[profile later]`"),
        "{}",
        run.stderr
    );
    assert!(machine.read("aws/config").contains("[profile later]"));
    let run = machine.run(&["restore", "--yes", first]);
    assert!(run.code == 0 && run.stderr.contains("what stood there is in "), "{}", run.stderr);
    // What was forgotten is said to be missing.
    machine.ok(&["forget", "--yes", "bastion"]);
    let listed = machine.run(&["restore"]);
    assert!(listed.stderr.contains("without a secret that was forgotten"), "{}", listed.stderr);
    let credentials = backups.iter().find(|path| path.contains("-credentials-")).unwrap();
    let run = machine.run(&["restore", "--yes", credentials]);
    assert!(run.stderr.contains("but for the secrets that were forgotten"), "{}", run.stderr);
    let run = machine.run(&["add", "bastion"]);
    assert!(run.code == 2 && run.stderr.contains("it was forgotten before"), "{}", run.stderr);
    assert!(machine.run(&["doctor"]).stdout.contains("forgotten-key: "));
}

#[test]
fn a_vault_that_is_gone_is_told_at_once() {
    let machine = Machine::enrolled();
    std::fs::remove_file(machine.path("kagi/vault.json")).unwrap();
    for command in [&["credentials", "bastion"][..], &["add", "new"], &["list"]] {
        let run = machine.run(command);
        assert!(
            run.code == 2 && run.stderr.contains("has no `vault.json` any more"),
            "{command:?} {}",
            run.stderr
        );
    }
    let doctor = machine.run(&["doctor"]);
    assert!(doctor.code == 1 && doctor.stdout.contains("vault: "), "{}", doctor.stdout);
    assert_eq!(machine.prompts(), 0);
}

#[test]
fn settings_that_nobody_reads_are_told() {
    let machine = Machine::enrolled();
    let config = format!(
        "{}[kagi]\nunlok = never\n[kagi dev]\nread_olny = off\nelevate_seconds = 3h\n",
        machine.read("aws/config")
    );
    machine.write("aws/config", &config);
    let doctor = machine.run(&["doctor"]).stdout;
    for said in ["`unlok` is no setting", "did you mean `read_only`", "elevate_seconds"] {
        assert!(doctor.contains(said), "{said} in {doctor}");
    }
    let explain = machine.run(&["explain", "dev"]);
    assert!(explain.code == 2 && explain.stderr.contains("elevate_seconds"), "{}", explain.stderr);
    machine.write("aws/config", &format!("[profile y]\nregion = eu-west-1 ; west\n{config}"));
    assert!(machine.run(&["doctor"]).stdout.contains("botocore takes the comment as part of `region`"));
    // What a shell reads ends at no semicolon.
    machine.write("aws/config", &format!("[profile y]\ncredential_process = sh -c 'a ; b'\n{config}"));
    assert!(machine.run(&["doctor"]).stdout.contains("before the ` ;`"));
    machine.write("aws/config", &config.replace("3h", "1h"));
    assert!(machine.ok(&["explain", "dev"]).contains("note: config line"));
}

#[test]
fn secrets_beside_the_files_are_found() {
    let machine = Machine::enrolled();
    let commented = FICTIONAL_KEY.lines().map(|line| format!("# {line}\n")).collect::<String>();
    machine.write("aws/credentials", &commented);
    machine.write("aws/credentials.bak", FICTIONAL_KEY);
    let doctor = machine.run(&["doctor"]).stdout;
    assert!(
        doctor.contains("commented-key: ")
            && doctor.contains("credentials:3: a line that no SDK reads holds"),
        "{doctor}"
    );
    assert!(doctor.contains("plaintext-copy: ") && doctor.contains("(rm "), "{doctor}");
    // What is added and stands elsewhere too is said at once; so are other names of the file.
    let other = Machine::new();
    let text = other.read("aws/credentials");
    let secret = other.aws.access_key(ALICE).unwrap().secret_access_key;
    other.write("aws/credentials", &format!("; {secret}\n{text}"));
    std::fs::hard_link(other.path("aws/credentials"), other.path("aws/second")).unwrap();
    let run = other.run(&["add", "bastion"]);
    assert!(
        run.stderr.contains("still stands in") && run.stderr.contains("had 2 names (hard links)"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_key_that_aws_refuses_leaves_no_vault() {
    let machine = Machine::without_vault();
    let secret = machine.aws.access_key(ALICE).unwrap().secret_access_key;
    machine.write(
        "aws/credentials",
        &machine.read("aws/credentials").replace(&secret, "fictional/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"),
    );
    let run = machine.run(&["add", "bastion"]);
    assert!(run.code == 2 && run.stderr.contains("correct the two lines of `bastion`"), "{}", run.stderr);
    assert!(!machine.path("kagi/vault.json").exists());
}

#[test]
fn a_role_is_neither_rotated_nor_forgotten_but_its_key_is_named() {
    let machine = Machine::enrolled();
    let run = machine.run(&["rotate", "dev"]);
    assert!(run.code == 2 && run.stderr.contains("`kagi rotate bastion`"), "{}", run.stderr);
    let run = machine.run(&["forget", "--yes", "dev"]);
    assert!(run.code == 2 && run.stderr.contains("`kagi forget bastion`"), "{}", run.stderr);
}

#[test]
fn a_port_in_use_and_a_name_that_cannot_be_written_say_what_to_do() {
    let machine = Machine::enrolled();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let run = machine.run(&["serve", "--port", &port, "bastion", "--", "true"]);
    assert!(run.code == 2 && run.stderr.contains("is in use by another program"), "{}", run.stderr);
    let role = "role_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = bastion\n";
    machine.write("aws/config", &format!("{}[profile \"a$b\"]\n{role}", machine.read("aws/config")));
    let run = machine.run(&["exec", "a$b", "--", "true"]);
    assert!(run.code == 2 && run.stderr.contains("`kagi serve 'a$b' -- …`"), "{}", run.stderr);
    machine.ok(&["serve", "a$b", "--", "true"]);
}

#[test]
fn the_shells_function_runs_no_help_and_needs_no_variable() {
    let machine = Machine::enrolled();
    let mut shell = Command::new("bash");
    let kagi = std::path::Path::new(env!("CARGO_BIN_EXE_kagi")).parent().unwrap();
    let path = format!("{}:{}", kagi.display(), std::env::var("PATH").unwrap());
    shell.args([
        "-uc",
        "eval \"$(kagi hook)\"; kagi_prompt; AWS_PROFILE() { echo RUN; }; kagi use --help; kagi use -h",
    ]);
    let run = Run::of(
        shell.env("PATH", path).env_remove("KAGI_PROFILE").current_dir(&machine.home).output().unwrap(),
    );
    assert!(run.code == 0 && !run.stdout.contains("RUN"), "{run:?}");
    assert!(run.stdout.contains("Set this shell to a profile"), "{}", run.stdout);
}
