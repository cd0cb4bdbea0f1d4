//! A profile is what botocore makes of both files: what kagi says of it, and what it does, goes by that.

use crate::support::Machine;

const ROLE: &str = "role_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = bastion\n";
const PREFERRED: [&str; 6] = [
    "web_identity_token_file = /tmp/nobody\n",
    "credential_source = Environment\n",
    "sso_account_id = 222233334444\nsso_role_name = PowerUser\n",
    "login_session = arn:aws:iam::111122223333:user/x\n",
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    ROLE,
];

fn served() -> Machine {
    let machine = Machine::enrolled();
    machine.ok(&["add", "dev"]);
    machine.ok(&["login"]);
    machine
}

/// A role that stands in the credentials file moves as one of the config file does.
#[test]
fn a_role_in_the_credentials_file_moves_too() {
    let machine = Machine::enrolled();
    machine.write("aws/config", "[profile bastion]\nregion = ap-northeast-1\n");
    machine.write("aws/credentials", &format!("[dev]\n{ROLE}region = us-west-2\n\n[other]\nregion = x\n"));
    let before = machine.ok(&["explain", "dev"]);
    assert!(before.contains("read-only (the role narrowed"), "{before}");
    machine.ok(&["add", "--all"]);
    let (config, credentials) = (machine.read("aws/config"), machine.read("aws/credentials"));
    assert_eq!(credentials, "[dev]\nregion = us-west-2\n\n[other]\nregion = x\n");
    assert!(
        config.contains(&format!("[kagi dev]\n{ROLE}"))
            && config.contains("[profile dev]\ncredential_process"),
        "{config}"
    );
    let after = machine.ok(&["explain", "dev"]);
    assert!(after.contains("find kagi by the profile's") && after.contains("role/Power"), "{after}");
    // The backups bring both back.
    let backups = machine.ok(&["restore"]);
    assert!(backups.contains("credentials"), "{backups}");
    assert!(machine.run(&["add", "--all"]).stderr.contains("there is nothing to add"));
}

/// Whatever some SDK takes before a process: `explain` says so, `doctor` names its line, and `exec` gives its program
/// a profile of its own.
#[test]
fn what_an_sdk_prefers_in_either_file_is_seen() {
    for preferred in PREFERRED {
        let machine = served();
        let explain = machine.ok(&["explain", "dev"]);
        assert!(explain.contains("find kagi by the profile's"), "{explain}");
        let config = machine.read("aws/config");
        let in_config = config.replace("[profile dev]\n", &format!("[profile dev]\n{preferred}"));
        for (file, text) in [("aws/credentials", format!("[dev]\n{preferred}")), ("aws/config", in_config)] {
            let (config, credentials) = (machine.read("aws/config"), machine.read("aws/credentials"));
            machine.write(file, &text);
            let explain = machine.run(&["explain", "dev"]);
            assert!(
                explain.code == 2 || explain.stdout.contains("SDKs     may prefer `"),
                "{file} {preferred} {explain:?}"
            );
            let doctor = machine.run(&["doctor"]).stdout;
            let what = preferred.split(' ').next().unwrap();
            let is_seen = |line: &str| {
                line.contains(file) && (line.contains(what) || line.contains("shadowed-process"))
            };
            assert!(doctor.lines().any(is_seen), "{what} in {doctor}");
            let told = machine.run(&[
                "exec",
                "dev",
                "--",
                "sh",
                "-c",
                "cat \"$AWS_CONFIG_FILE\" \"$AWS_SHARED_CREDENTIALS_FILE\"",
            ]);
            if told.code == 0 {
                let own = told.stdout.starts_with("# Made by kagi") && !told.stdout.contains(what);
                assert!(own && told.stdout.contains("credential_process"), "{what}: {}", told.stdout);
            }
            machine.write("aws/config", &config);
            machine.write("aws/credentials", &credentials);
        }
    }
}

/// What stands beside kagi's own section is never taken into it when that made the profile somebody else.
#[test]
fn adding_makes_nobody_else_of_a_served_profile() {
    let machine = served();
    let other = "web_identity_token_file = /tmp/nobody\nrole_arn = arn:aws:iam::222233334444:role/Power\n";
    machine.write("aws/credentials", &format!("[dev]\n{other}"));
    let config = machine.read("aws/config");
    let run = machine.run(&["add", "dev"]);
    assert!(
        run.code == 2 && run.stderr.contains("`web_identity_token_file` (credentials line 2, [dev])"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("`kagi add --replace dev`"), "{}", run.stderr);
    assert_eq!(
        (machine.read("aws/config"), machine.read("aws/credentials")),
        (config, format!("[dev]\n{other}"))
    );
    let doctor = machine.run(&["doctor"]).stdout;
    assert!(
        doctor.contains("web-identity-and-process") && doctor.contains("kagi add --replace dev"),
        "{doctor}"
    );
    machine.ok(&["add", "--replace", "dev"]);
    assert!(machine.read("aws/config").contains("\nweb_identity_token_file = /tmp/nobody\n"));
    assert_eq!(machine.read("aws/credentials"), "");
    // The same again in both files is no other identity.
    let again = served();
    again.write("aws/credentials", &format!("[dev]\n{ROLE}"));
    again.ok(&["add", "dev"]);
    assert_eq!(again.read("aws/credentials"), "");
}

/// Another tool's process in the credentials file wins over ours in the config file.
#[test]
fn a_process_in_the_credentials_file_is_another_tools() {
    let machine = served();
    machine.write("aws/credentials", "[dev]\ncredential_process = /opt/tool\n");
    assert!(machine.ok(&["explain", "dev"]).contains("do not find kagi"));
    let run = machine.run(&["add", "dev"]);
    assert!(
        run.code == 2 && run.stderr.contains("another tool's `credential_process`: `/opt/tool`"),
        "{}",
        run.stderr
    );
    machine.ok(&["add", "--replace", "dev"]);
    assert_eq!(machine.read("aws/credentials"), "");
    assert!(machine.ok(&["explain", "dev"]).contains("find kagi by the profile's"));
}

/// What Python puts beneath every section cannot be moved for one.
#[test]
fn settings_of_all_profiles_are_refused_and_told() {
    let machine = served();
    machine.write("aws/config", &format!("[DEFAULT]\nlogin_session = x\n{}", machine.read("aws/config")));
    assert!(
        machine.ok(&["explain", "dev"]).contains("may prefer `login_session` (config line 2, [DEFAULT])")
    );
    let run = machine.run(&["add", "dev"]);
    assert!(run.code == 2 && run.stderr.contains("holds for every profile"), "{}", run.stderr);
    let doctor = machine.run(&["doctor"]).stdout;
    assert!(doctor.contains("login-and-process") && doctor.contains("out of `[DEFAULT]`"), "{doctor}");
}

#[test]
fn a_role_without_a_source_fails_and_one_with_a_source_is_assumed() {
    let machine = served();
    let doctor = |role: &str| {
        machine.write("aws/credentials", &format!("[dev]\n{role}"));
        machine.run(&["doctor"]).stdout
    };
    assert!(doctor(ROLE).contains("Python (botocore 1.43) assumes the role itself"));
    assert!(doctor("role_arn = arn:aws:iam::222233334444:role/Power\n").contains("Python fails"));
}

#[test]
fn policies_beside_read_only_are_refused() {
    let machine = served();
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    machine.write("aws/config", &format!("{}policy_arns = {arn}\n", machine.read("aws/config")));
    assert!(machine.read("aws/config").trim_end().ends_with(arn));
    for command in [&["credentials", "dev"][..], &["explain", "dev"]] {
        let run = machine.run(command);
        assert!(
            run.code == 2 && run.stderr.contains("union") && run.stderr.contains("read_only = off"),
            "{}",
            run.stderr
        );
    }
    machine.write("aws/config", &format!("{}read_only = off\n", machine.read("aws/config")));
    let explain = machine.ok(&["explain", "dev"]);
    assert!(explain.contains("access   what both the role and `policy_arns` allow"), "{explain}");
    assert!(machine.ok(&["explain", "bastion"]).contains("access   everything the user may do"));
}
