//! Profiles whose names the AWS CLI reads and other SDKs do not: kagi serves them, and gives programs a name that all read.

use crate::support::Machine;

const CONFIG: &str = "\
[profile bastion]
region = ap-northeast-1

[profile 開発]
role_arn = arn:aws:iam::222233334444:role/Power
source_profile = bastion

[profile \"with space\"]
role_arn = arn:aws:iam::333344445555:role/Power
source_profile = bastion
";

#[test]
fn names_of_other_letters_are_served_and_written_as_they_come_back() {
    let machine = Machine::enrolled();
    machine.write("aws/config", CONFIG);
    for (name, account, line) in [
        ("開発", "222233334444", "credentials \"開発\"\n"),
        ("with space", "333344445555", "credentials \"with space\"\n"),
    ] {
        assert_eq!(machine.credentials(&[name])["AccountId"], account);
        machine.ok(&["add", name]);
        let config = machine.read("aws/config");
        assert!(config.contains(line) && config.contains(&format!("[kagi \"{name}\"]\n")), "{config}");
        // What was moved is found again.
        assert_eq!(machine.credentials(&[name])["AccountId"], account);
        machine.ok(&["add", name]);
        assert_eq!(machine.read("aws/config"), config);
    }
}

#[test]
fn a_program_gets_a_name_that_every_sdk_reads() {
    let machine = Machine::enrolled();
    machine.write("aws/config", CONFIG);
    machine.ok(&["add", "開発"]);
    let kagi = env!("CARGO_BIN_EXE_kagi");
    let script = format!("echo $AWS_PROFILE $KAGI_PROFILE; cat $AWS_CONFIG_FILE; {kagi} credentials");
    let seen = machine.ok(&["exec", "開発", "--", "sh", "-c", &script]);
    assert!(seen.starts_with("kagi 開発\n"), "{seen}");
    assert!(seen.contains("[profile kagi]\n") && seen.contains("\"AccountId\":\"222233334444\""), "{seen}");
}
