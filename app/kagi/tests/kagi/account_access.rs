//! Account access manager: roles that a person of Identity Center takes directly.

use kagimori_fake_aws::bastion;

use crate::identity_center::{browse, device};
use crate::support::Machine;

const CONFIG: &str = "\
[sso-session corp]
sso_start_url = https://shiosai.awsapps.com/start
sso_region = ap-northeast-1
sso_registration_scopes = sso:account:access, account_access:read_only, account_access:assume

[profile dev]
region = ap-northeast-1

[kagi dev]
sso_session = corp
account_access_tenant = aa-shiosai0123456789
account_access_role = arn:aws:iam::222233334444:role/Power
";
const SCOPES: &str =
    "sso_registration_scopes = sso:account:access, account_access:read_only, account_access:assume\n";

fn sign_in(machine: &Machine, arguments: &[&str]) {
    let (child, address) = device(machine, &[&["login", "--device"], arguments].concat());
    browse(&address);
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
}

fn machine() -> Machine {
    let machine = Machine::empty();
    machine.write("aws/config", CONFIG);
    sign_in(&machine, &["dev"]);
    machine
}

#[test]
fn a_role_is_taken_directly_and_is_read_only_until_asked() {
    let machine = machine();
    let everyday = machine.credentials(&["dev"]);
    assert_eq!(everyday["AccountId"], "222233334444");
    let may = |credentials: &serde_json::Value, action: &str| {
        machine.aws.world().may(credentials["AccessKeyId"].as_str().unwrap(), action)
    };
    assert!(may(&everyday, "sns:ListTopics") && !may(&everyday, "sns:CreateTopic"));
    let calls = |name: &str| machine.calls(name);
    assert_eq!((calls("GetEntitledCredentials"), calls("GetScopedCredentials")), (1, 1));
    assert_eq!(machine.credentials(&["dev"]), everyday);
    assert_eq!(calls("GetEntitledCredentials"), 1);
    let script = "sed -n 's/^credential_process = //p' \"$AWS_CONFIG_FILE\" | sh";
    let elevated = machine.ok(&["exec", "--elevate", "--reason", "a test", "dev", "--", "sh", "-c", script]);
    assert!(may(&serde_json::from_str(&elevated).unwrap(), "sns:CreateTopic"));
    let explained = machine.ok(&["explain", "dev"]);
    let call = "1. GetRoleCredentials arn:aws:iam::222233334444:role/Power (account access): cached";
    assert!(explained.contains(call), "{explained}");
}

#[test]
fn who_is_not_entitled_or_lacks_a_scope_is_told_what_to_do() {
    let machine = machine();
    machine.write("aws/config", &CONFIG.replace("role/Power", "role/ReadOnly"));
    let refused = machine.run(&["credentials", "dev"]);
    assert!(refused.code == 2 && refused.stderr.contains("not entitled"), "{}", refused.stderr);
    assert!(refused.stderr.contains("`kagi sso profiles`"), "{}", refused.stderr);
    machine.write("aws/config", &CONFIG.replace(SCOPES, ""));
    let lacking = machine.run(&["credentials", "dev"]);
    assert!(
        lacking.stderr.contains("do not ask for the scope `account_access:read_only`"),
        "{}",
        lacking.stderr
    );
    assert!(lacking.stderr.contains("sso_registration_scopes = sso:account:access"), "{}", lacking.stderr);
    // A sign-in that was made before the scopes were written down has not got them.
    let machine = Machine::empty();
    machine.write("aws/config", &CONFIG.replace(SCOPES, ""));
    sign_in(&machine, &["--sso-session", "corp"]);
    machine.write("aws/config", CONFIG);
    let old = machine.run(&["credentials", "dev"]);
    assert!(old.code == 2 && old.stderr.contains("kagi login dev --fresh"), "{}", old.stderr);
    sign_in(&machine, &["dev", "--fresh"]);
    assert_eq!(machine.credentials(&["dev"])["AccountId"], "222233334444");
}

#[test]
fn profiles_are_written_for_entitled_roles_too() {
    let machine = machine();
    let run = machine.run(&["sso", "profiles", "--tenant", bastion::TENANT]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("added    Shiosai-Production-Deploy\n"), "{}", run.stdout);
    assert!(run.stdout.contains("known    dev\n"), "{}", run.stdout);
    let config = machine.read("aws/config");
    let written = "account_access_tenant = aa-shiosai0123456789\naccount_access_role = \
                   arn:aws:iam::333344445555:role/delivery/Deploy\n";
    assert!(config.starts_with(CONFIG) && config.contains(written), "{config}");
    assert_eq!(machine.credentials(&["Shiosai-Production-Deploy"])["AccountId"], "333344445555");
    // Without the tenant its profiles are neither known nor gone.
    let portal_only = machine.ok(&["sso", "profiles"]);
    assert!(!portal_only.contains("Deploy") && !portal_only.contains("gone"), "{portal_only}");
    assert_eq!(machine.read("aws/config"), config);
    let wrong = machine.run(&["sso", "profiles", "--tenant", "aa-other"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("no such tenant"), "{}", wrong.stderr);
    assert!(machine.run(&["sso", "profiles", "--tenant", "AA"]).stderr.contains("not a tenant"));
}
