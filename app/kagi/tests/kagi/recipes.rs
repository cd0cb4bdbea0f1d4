//! The programs of docs/kagi.md that hand a code or a passphrase to kagi, with stand-ins that take exactly the arguments that the
//! real ones do.

use std::os::unix::fs::PermissionsExt;

use kagimori_fake_aws::bastion;

use crate::support::{Machine, Run};

/// `prompt_program` and `passphrase_program` as the manual has them, where it can be read.
fn of_manual(setting: &str) -> Vec<String> {
    let manual = include_str!("../../../../docs/kagi.md");
    let lines = manual.lines().filter_map(|line| line.strip_prefix(setting)?.strip_prefix(" = "));
    lines.map(|line| line.split("  #").next().unwrap_or(line).trim().to_owned()).collect()
}

fn stand_in(machine: &Machine, recipe: &str, answer: &str) -> String {
    let (program, arguments) = recipe.split_once(' ').unwrap();
    let folder = machine.path("stand-ins");
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "#!/bin/sh\necho x >> {asked}\n[ \"$*\" = '{arguments}' ] || {{ echo \"unknown arguments: $*\" >&2; exit 2; }}\n{answer}\n",
        asked = machine.path("stand-ins.asked").display()
    );
    let path = folder.join(program);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

#[test]
fn programs_that_show_a_code_are_run_as_the_manual_has_them() {
    let recipes = of_manual("prompt_program");
    assert!(recipes.len() >= 5, "{recipes:?}");
    for recipe in recipes {
        let machine = Machine::enrolled();
        let code = machine.aws.totp(bastion::ALICE_MFA).unwrap();
        let path = stand_in(&machine, &recipe, &format!("echo {code}"));
        let mut command = machine.command(&["credentials", "dev"]);
        command.env("PATH", &path).env_remove("KAGI_PROMPT_PROGRAM");
        machine.write(
            "aws/config",
            &format!("{}\n[kagi]\nprompt_program = {recipe}\n", machine.read("aws/config")),
        );
        let run = Run::of(command.output().unwrap());
        assert_eq!(run.code, 0, "{recipe}: {}", run.stderr);
        assert_eq!(machine.read("stand-ins.asked").lines().count(), 1, "{recipe}");
        // What it says when the key is not plugged in is heard.
        machine.ok(&["forget", "--sessions"]);
        machine.aws.advance(std::time::Duration::from_secs(30));
        let path = stand_in(&machine, &recipe, "echo 'no device found' >&2; exit 1");
        let mut command = machine.command(&["login", "bastion"]);
        command.env("PATH", &path).env_remove("KAGI_PROMPT_PROGRAM");
        let run = Run::of(command.output().unwrap());
        assert!(run.code == 2 && run.stderr.contains("no device found"), "{recipe}: {}", run.stderr);
    }
}

#[test]
fn programs_that_keep_the_passphrase_open_the_vault() {
    let recipes = of_manual("passphrase_program");
    assert!(recipes.len() >= 3, "{recipes:?}");
    for recipe in recipes {
        let machine = Machine::enrolled();
        machine.ok(&["lock"]);
        let path = stand_in(&machine, &recipe, "echo 'correct horse battery'");
        let mut command = machine.command(&["unlock"]);
        command.env("PATH", &path).env_remove("KAGI_PASSPHRASE_PROGRAM");
        machine.write(
            "aws/config",
            &format!("{}\n[kagi]\npassphrase_program = {recipe}\n", machine.read("aws/config")),
        );
        let run = Run::of(command.output().unwrap());
        assert_eq!(run.code, 0, "{recipe}: {}", run.stderr);
    }
}
