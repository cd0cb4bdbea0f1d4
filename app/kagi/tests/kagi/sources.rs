//! Roles whose source is another tool's `credential_process`.

use crate::support::{Machine, Run};

/// She may assume roles with a code passed to AssumeRole itself.
const CAROL: &str = "arn:aws:iam::111122223333:user/carol";
const CAROL_MFA: &str = "arn:aws:iam::111122223333:mfa/carol";

/// A tool that prints carol's own key, and counts how often it is run.
fn machine(body: &str) -> Machine {
    let machine = Machine::enrolled();
    let key = machine.aws.access_key(CAROL).unwrap();
    let printed = format!(
        "{{\"Version\":1,\"AccessKeyId\":\"{}\",\"SecretAccessKey\":\"{}\"}}",
        key.access_key_id, key.secret_access_key
    );
    machine.script(
        "bin/tool",
        &format!("echo x >> \"$0.runs\"\n{}", body.replace("PRINTED", &format!("echo '{printed}'"))),
    );
    machine.answer(&machine.aws.totp(CAROL_MFA).unwrap());
    let tool = machine.path("bin/tool");
    machine.write(
        "aws/config",
        &format!(
            "[profile tool]\nregion = ap-northeast-1\ncredential_process = {} \"two words\"\n\
             [profile vendor]\nrole_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = tool\n\
             mfa_serial = arn:aws:iam::111122223333:mfa/carol\n",
            tool.display()
        ),
    );
    machine
}

fn runs(machine: &Machine) -> usize {
    machine.read("bin/tool.runs").lines().count()
}

#[test]
fn a_role_begins_with_what_another_tool_prints() {
    let machine = machine("test \"$1\" = 'two words' || exit 1\nPRINTED");
    let printed = machine.credentials(&["vendor"]);
    assert_eq!(printed["AccountId"], "222233334444");
    assert_eq!((runs(&machine), machine.prompts(), machine.calls("GetSessionToken")), (1, 1, 0));
    // The second time neither the tool nor a person is asked.
    assert_eq!(machine.credentials(&["vendor"]), printed);
    assert_eq!((runs(&machine), machine.prompts()), (1, 1));
    let explain = machine.ok(&["explain", "vendor"]);
    assert!(explain.contains("printed by `") && explain.contains("bin/tool"), "{explain}");
    assert!(explain.contains("read-only"), "{explain}");
    // Another command is another source: nothing of the old one is served.
    machine.script("bin/tool", "exit 1");
    machine.write("aws/config", &machine.read("aws/config").replace("two words", "others"));
    let run = machine.run(&["credentials", "vendor"]);
    assert!(run.code == 2 && run.stderr.contains("`credential_process` of `tool` failed"), "{}", run.stderr);
}

#[test]
fn a_role_profile_of_another_tools_is_added() {
    let machine = machine("PRINTED");
    let run = machine.run(&["add", "vendor"]);
    assert!(run.code == 0 && run.stderr.contains("from credentials printed by `"), "{}", run.stderr);
    let config = machine.read("aws/config");
    assert!(config.contains("credentials vendor\n") && config.contains("[kagi vendor]\n"), "{config}");
    assert_eq!(machine.credentials(&["vendor"])["AccountId"], "222233334444");
    assert!(machine.run(&["add", "tool"]).stderr.contains("another tool's"));
}

#[test]
fn what_a_tool_prints_is_handed_on_as_it_is() {
    let machine = machine("PRINTED");
    let printed = machine.credentials(&["tool"]);
    assert_eq!(printed["AccessKeyId"], machine.aws.access_key(CAROL).unwrap().access_key_id);
    assert!(printed.get("Expiration").is_none());
    assert!(machine.ok(&["list"]).contains("another tool's"));
    machine.ok(&["login", "tool"]);
}

#[test]
fn tools_that_print_no_credentials_are_named() {
    for (body, says) in [
        ("exit 3", "failed"),
        ("echo nothing", "did not print the JSON"),
        (
            "echo '{\"Version\":2,\"AccessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"x\"}'",
            "another version",
        ),
        (
            "echo '{\"Version\":1,\"AccessKeyId\":\"ASIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"x\",\"SessionToken\":\"t\",\"Expiration\":\"2020-01-01T00:00:00Z\"}'",
            "have ended",
        ),
    ] {
        let machine = machine(body);
        let run = machine.run(&["credentials", "vendor"]);
        assert!(
            run.code == 2 && run.stderr.contains(says) && run.stderr.contains("by hand"),
            "{body} {}",
            run.stderr
        );
    }
    // A tool that comes back to kagi for the same profile would never end.
    let kagi = env!("CARGO_BIN_EXE_kagi");
    let machine = machine(&format!("exec {kagi} credentials tool"));
    let run: Run = machine.run(&["credentials", "tool"]);
    assert!(run.code == 2 && run.stderr.contains("runs kagi for the same profile"), "{}", run.stderr);
    assert_eq!(runs(&machine), 1);
}
