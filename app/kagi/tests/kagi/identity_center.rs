//! Profiles of IAM Identity Center: signing in, roles, renewal, many processes at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kagimori_fake_aws::{Trouble, bastion};

use crate::support::{Machine, Run};

/// Profiles of both forms, roles behind one, one with a second permission set.
pub(crate) const SSO: &str = "\
# mine
[sso-session corp]
sso_start_url = https://shiosai.awsapps.com/start
sso_region = ap-northeast-1
sso_registration_scopes = sso:account:access

[profile power]
sso_session = corp
sso_account_id = 222233334444
sso_role_name = PowerUser
region = ap-northeast-1

[profile legacy]
sso_start_url = https://shiosai.awsapps.com/start
sso_region = ap-northeast-1
sso_account_id = 222233334444
sso_role_name = PowerUser

[profile two]
sso_session = corp
sso_account_id = 222233334444
sso_role_name = PowerUser
read_only_role = ReadOnly

[profile gone]
sso_session = corp
sso_account_id = 333344445555
sso_role_name = PowerUser
";

pub(crate) fn machine() -> Machine {
    let machine = Machine::empty();
    machine.write("aws/config", SSO);
    machine
}

fn start(machine: &Machine, arguments: &[&str]) -> Child {
    machine.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What a browser does with an address: it goes there, and on where it is sent. Returns the last answer.
pub(crate) fn browse(address: &str) -> String {
    try_browse(address).unwrap()
}

/// The same of an address whose server may be gone.
pub(crate) fn try_browse(address: &str) -> std::io::Result<String> {
    let mut address = address.to_owned();
    for _ in 0..5 {
        let rest = address.strip_prefix("http://").ok_or(std::io::ErrorKind::InvalidInput)?;
        let (host, path) = rest.split_once('/').unwrap();
        let mut stream = TcpStream::connect(host)?;
        let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.lines().find_map(|line| line.strip_prefix("Location: ")) {
            Some(next) => address = next.trim().to_owned(),
            None => return Ok(answer),
        }
    }
    panic!("the browser goes round in a circle");
}

/// Starts a sign-in by the device code; returns the address it shows.
pub(crate) fn device(machine: &Machine, arguments: &[&str]) -> (Child, String) {
    shown_address(machine.command(arguments))
}

/// The same of a command with an environment of its own.
pub(crate) fn shown_address(mut command: Command) -> (Child, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().expect("an address is shown").unwrap();
        if let Some(address) = line.trim().strip_prefix("http://") {
            break format!("http://{address}");
        }
    };
    // The rest is read, so that the child never waits for us.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}

fn sign_in(machine: &Machine, profile: &str) {
    let (child, address) = device(machine, &["login", "--device", profile]);
    assert!(browse(&address).contains("Request approved"));
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

pub(crate) fn refreshes(machine: &Machine) -> usize {
    let grants = machine.aws.log().into_iter().filter(|entry| entry.operation == "CreateToken");
    grants.filter(|entry| entry.parameters["grantType"] == "refresh_token").count()
}

#[test]
fn a_device_code_then_roles_without_a_question() {
    let machine = machine();
    let before = machine.run(&["credentials", "power"]);
    assert_eq!(before.code, 2);
    assert!(
        before.stderr.contains("was never made on this machine: run `kagi login power`"),
        "{}",
        before.stderr
    );
    sign_in(&machine, "power");
    let role = machine.credentials(&["power"]);
    assert_eq!((&role["Version"], &role["AccountId"]), (&1.into(), &"222233334444".into()));
    assert_eq!((machine.calls("GetRoleCredentials"), machine.calls("GetScopedCredentials")), (1, 1));
    assert_eq!(machine.credentials(&["power"]), role, "cached");
    // The other form leads to the same sign-in; only the name differs.
    assert_eq!(machine.credentials(&["legacy"])["AccountId"], "222233334444");
    assert_eq!((machine.calls("GetRoleCredentials"), machine.calls("GetScopedCredentials")), (1, 1));
    assert_eq!(machine.prompts(), 0);
    let secrets = ["SecretAccessKey", "SessionToken"].map(|name| role[name].as_str().unwrap().to_owned());
    for (path, bytes) in machine.files() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{}", path.display());
        assert!(!text.contains("alice@") || path.ends_with("log.jsonl"), "{}", path.display());
    }
    assert!(machine.ok(&["list"]).contains("222233334444/PowerUser (read-only)"));
    let explained = machine.ok(&["explain", "power"]);
    assert!(
        explained.contains("sign-in  of `power`, alice@shiosai.example at https://shiosai.awsapps.com/start"),
        "{explained}"
    );
    assert!(explained.contains("1. GetRoleCredentials PowerUser in 222233334444: cached"), "{explained}");
}

#[test]
fn what_the_person_says_in_the_browser_counts() {
    let machine = machine();
    let (child, address) = device(&machine, &["login", "--device", "power"]);
    browse(&format!("{address}&deny=1"));
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(2));
    assert_eq!(machine.run(&["credentials", "power"]).code, 2);
    // Told to slow down it goes on, slower.
    machine.aws.plan("CreateToken", 1, Trouble::Throttle);
    sign_in(&machine, "power");
    machine.credentials(&["power"]);
    assert_eq!(machine.calls("RegisterClient"), 1, "the client is registered once");
}

/// Starts a sign-in by the browser; returns the address the browser is started with.
fn in_browser(machine: &Machine, arguments: &[&str]) -> (Child, String) {
    machine.script("bin/browser", "echo \"$1\" > \"$0.new\"; mv \"$0.new\" \"$0.url\"");
    let browser = machine.path("bin/browser").display().to_string();
    let _ = std::fs::remove_file(machine.path("bin/browser.url"));
    let mut command = machine.command(arguments);
    let child =
        command.env("BROWSER", browser).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !machine.path("bin/browser.url").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    (child, machine.read("bin/browser.url").trim().to_owned())
}

#[test]
fn the_browser_goes_by_us_and_comes_back_with_our_state() {
    let machine = machine();
    let (child, address) = in_browser(&machine, &["login", "power"]);
    if cfg!(target_os = "linux") {
        assert!(
            address.starts_with("http://127.0.0.1:") && address.ends_with('/'),
            "it tells nothing: {address}"
        );
    }
    // Somebody else's answer is not believed, whatever comes before.
    let forged = browse(&format!("{address}oauth/callback?code=forged&state=x"));
    assert!(forged.starts_with("HTTP/1.1 404"), "{forged}");
    if rustix::process::geteuid().is_root() {
        let host = address.trim_start_matches("http://").trim_end_matches('/');
        let ask = format!(
            "exec 3<>/dev/tcp/{}; printf 'GET / HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n' >&3; cat <&3",
            host.replace(':', "/")
        );
        let mut other = std::process::Command::new("bash");
        let said = other.args(["-c", &ask]).uid(65_534).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout), "", "another user was answered");
    }
    assert!(browse(&address).contains("You are signed in"));
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("alice@shiosai.example in 222233334444/PowerUser"), "{}", run.stderr);
    machine.credentials(&["power"]);
    // Somebody is signed in: no browser is opened again.
    std::fs::remove_file(machine.path("bin/browser.url")).unwrap();
    machine.ok(&["login", "power"]);
    assert!(!machine.path("bin/browser.url").exists());
    // Another person in the same browser is another sign-in, and is not served what was cached for the first.
    let first = machine.credentials(&["two"]);
    machine.aws.world().sign_in_as(Some("bob@shiosai.example"));
    let (child, address) = in_browser(&machine, &["login", "--fresh", "two"]);
    browse(&address);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert_ne!(machine.credentials(&["two"]), first);
    assert_eq!(machine.run(&["credentials", "power"]).code, 2, "bob has no such permission set");
}

#[test]
fn a_sign_in_that_is_refused_or_has_no_browser_says_so() {
    let machine = machine();
    machine.aws.world().sign_in_as(None);
    let (child, address) = in_browser(&machine, &["login", "power"]);
    assert!(browse(&address).contains("Access was refused"));
    let run = Run::of(child.wait_with_output().unwrap());
    assert!(run.code == 2 && run.stderr.contains("was refused: access_denied"), "{}", run.stderr);
    // A browser that is not there: the device code is shown instead.
    machine.aws.world().sign_in_as(Some("alice@shiosai.example"));
    let mut command = machine.command(&["login", "power"]);
    let mut child = command.env("BROWSER", "/nowhere/browser").stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines.map_while(Result::ok).find(|line| line.trim().starts_with("http://")).unwrap();
    browse(address.trim());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    // Another Region, or another portal.
    machine.write("aws/config", &SSO.replace("shiosai.awsapps", "other.awsapps"));
    let run = machine.run(&["login", "--device", "power"]);
    assert!(run.code == 2 && run.stderr.contains("check `sso_start_url` and `sso_region`"), "{}", run.stderr);
}

/// Access tokens that kagi has to refresh before each use.
pub(crate) fn short_tokens(machine: &Machine) {
    machine.aws.set(|settings| settings.access_token_seconds = 30);
}

/// Nothing but the sign-in is kept.
pub(crate) fn forget_roles(machine: &Machine) {
    machine.ok(&["forget", "--sessions"]);
}

#[test]
fn fifty_processes_refresh_once() {
    let machine = machine();
    sign_in(&machine, "power");
    forget_roles(&machine);
    // The token is good for an hour as far as we know, and AWS does not take it any more: all fifty find out.
    machine.aws.advance(Duration::from_secs(3601));
    machine.aws.plan("CreateToken", 50, Trouble::Delay { milliseconds: 300 });
    machine.write("aws/config", &SSO.replace("[profile two]\n", "[profile two]\nread_only = off\n"));
    let children: Vec<_> = ["power", "two", "legacy"]
        .iter()
        .cycle()
        .take(50)
        .map(|name| start(&machine, &["credentials", name]))
        .collect();
    for child in children {
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    assert_eq!(refreshes(&machine), 1);
    // One for the sign-in, one refused, one for all.
    assert!(machine.calls("GetRoleCredentials") <= 4, "{}", machine.calls("GetRoleCredentials"));
    assert_eq!(machine.calls("GetScopedCredentials"), 1);
    // Every token of a chain of refreshes is used once.
    short_tokens(&machine);
    machine.aws.advance(Duration::from_secs(3601));
    for _ in 0..3 {
        forget_roles(&machine);
        machine.credentials(&["power"]);
    }
    assert_eq!(refreshes(&machine), 4);
    assert!(machine.aws.log().iter().all(|entry| entry.operation != "CreateToken" || entry.error.is_none()));
}

#[test]
fn a_lost_answer_is_told_and_asked_about_once() {
    let machine = machine();
    short_tokens(&machine);
    sign_in(&machine, "power");
    forget_roles(&machine);
    let before = refreshes(&machine);
    machine.aws.plan("CreateToken", 1, Trouble::LoseReply);
    let lost = machine.run(&["credentials", "power"]);
    assert!(lost.code == 2 && lost.stderr.contains("CreateToken"), "{}", lost.stderr);
    let told = machine.run(&["credentials", "power"]);
    assert!(
        told.stderr.contains("is lost: the answer to its last renewal did not arrive"),
        "{}",
        told.stderr
    );
    assert!(told.stderr.contains("run `kagi login power`"), "{}", told.stderr);
    for _ in 0..3 {
        assert_eq!(machine.run(&["credentials", "power"]).stderr, told.stderr);
    }
    assert_eq!(refreshes(&machine), before + 2, "it is asked about once more, and never again");
    sign_in(&machine, "power");
    machine.credentials(&["power"]);
    // Busy is not over.
    forget_roles(&machine);
    machine.aws.plan("CreateToken", 1, Trouble::Throttle);
    assert!(machine.run(&["credentials", "power"]).stderr.contains("try again"));
    machine.credentials(&["power"]);
}

/// What a dead process had sent may reach the server after its death.
pub(crate) fn settled(machine: &Machine) -> usize {
    machine.aws.settle();
    refreshes(machine)
}

#[test]
fn killed_while_refreshing_nothing_is_lost_but_what_aws_alone_knows() {
    let machine = machine();
    short_tokens(&machine);
    sign_in(&machine, "power");
    let mut lost = 0;
    for round in 0_u32..16 {
        forget_roles(&machine);
        machine.aws.plan("CreateToken", 1, Trouble::Delay { milliseconds: 25 });
        let mut child = start(&machine, &["credentials", "power"]);
        std::thread::sleep(Duration::from_millis(u64::from(10 + round * 9)));
        child.kill().unwrap();
        child.wait().unwrap();
        let (before, run) = (settled(&machine), machine.run(&["credentials", "power"]));
        assert!(refreshes(&machine) <= before + 1, "round {round}: more than one call");
        if run.code != 0 {
            // AWS has spent the token, and its answer was the dead process's.
            assert!(
                run.stderr.contains("is lost") && run.stderr.contains("kagi login power"),
                "{}",
                run.stderr
            );
            lost += 1;
            sign_in(&machine, "power");
        }
    }
    println!("{lost} of 16 were killed between AWS's answer and the disk");
    assert_eq!(machine.ok(&["log", "--verify"]), "the log is whole\n");
}

#[test]
fn what_an_administrator_ends_is_over_at_once() {
    let machine = machine();
    sign_in(&machine, "power");
    forget_roles(&machine);
    machine.aws.world().end_sessions_of("alice@shiosai.example");
    let run = machine.run(&["credentials", "power"]);
    assert!(run.stderr.contains("has ended, or an administrator ended it"), "{}", run.stderr);
    let calls = machine.aws.counters().total();
    machine.run(&["credentials", "power"]);
    assert_eq!(machine.aws.counters().total(), calls, "AWS is not asked again");
    sign_in(&machine, "power");
    // A sign-in that a disk damaged is none.
    for entry in std::fs::read_dir(machine.path("kagi/notes")).unwrap().flatten() {
        if entry.path().extension().is_some_and(|kind| kind == "sso") {
            std::fs::write(entry.path(), "torn").unwrap();
        }
    }
    assert!(machine.run(&["credentials", "power"]).stderr.contains("kagi login power"));
    sign_in(&machine, "power");
    // Not assigned (any more): which one, and what to look at.
    let gone = machine.run(&["credentials", "gone"]);
    assert!(
        gone.stderr.contains("`PowerUser` in 333344445555 is not (any more) assigned to you"),
        "{}",
        gone.stderr
    );
    // Throttled: what is valid is served.
    let valid = machine.credentials(&["power"]);
    machine.aws.plan("GetRoleCredentials", 100, Trouble::Throttle);
    assert_eq!(machine.credentials(&["power"]), valid);
    let busy = machine.run(&["credentials", "two"]);
    assert!(busy.code == 2 && busy.stderr.contains("AWS is busy: try again"), "{}", busy.stderr);
}

/// What a profile's credentials may do: list topics, create one.
fn may(machine: &Machine, arguments: &[&str]) -> (bool, bool) {
    let keys = arguments.iter().copied().chain(["--env-keys", "--", "env"]);
    let environment = machine.ok(&keys.collect::<Vec<_>>());
    let value = |name: &str| {
        let found = environment.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.unwrap().to_owned()
    };
    let id = value("AWS_ACCESS_KEY_ID");
    let world = machine.aws.world();
    (world.may(&id, "sns:ListTopics"), world.may(&id, "sns:CreateTopic"))
}

#[test]
fn a_permission_set_may_do_what_is_named_beside_reading() {
    let machine = machine();
    let config = SSO.replace("[profile power]\n", "[profile power]\nread_only_extra =\n  arn:aws:sns:ap-northeast-1:222233334444:lock = sns:CreateTopic\n");
    machine.write("aws/config", &config);
    sign_in(&machine, "power");
    let session = machine.credentials(&["power"]);
    let id = session["AccessKeyId"].as_str().unwrap();
    let may = |action| machine.aws.world().may(id, action);
    assert!(may("sns:ListTopics") && !may("sns:DeleteTopic"));
    let explained = machine.ok(&["explain", "power"]);
    assert!(explained.contains("and sns:CreateTopic on arn:aws:sns"), "{explained}");
    assert!(explained.contains("these are not read: health"), "{explained}");
    let both = config
        .replace("[profile two]\n", "[profile two]\nread_only_extra = arn:aws:s3:::a/b = s3:PutObject\n");
    machine.write("aws/config", &both);
    let refused = machine.run(&["credentials", "two"]);
    assert!(refused.code == 2 && refused.stderr.contains("cannot widen"), "{}", refused.stderr);
}

#[test]
fn read_only_until_elevated_here_too() {
    let machine = machine();
    sign_in(&machine, "power");
    assert_eq!(may(&machine, &["exec", "power"]), (true, false));
    let elevate = |profile| ["exec", "--elevate", "--reason", "restart the worker", "--for", "15m", profile];
    assert_eq!(may(&machine, &elevate("power")), (true, true));
    assert!(machine.ok(&["list"]).contains("elevated: power 1"), "{}", machine.ok(&["list"]));
    assert_eq!(may(&machine, &["exec", "power"]), (true, false), "what an SDK gets stays read-only");
    // A second permission set reads; no session is scoped down for it.
    let scoped = machine.calls("GetScopedCredentials");
    assert_eq!(may(&machine, &["exec", "two"]), (true, false));
    assert_eq!(machine.calls("GetScopedCredentials"), scoped);
    assert_eq!(may(&machine, &elevate("two")), (true, true));
    machine.write("aws/config", &SSO.replace("[profile power]\n", "[profile power]\nread_only = off\n"));
    assert_eq!(may(&machine, &["exec", "power"]), (true, true));
}

#[test]
fn where_nothing_narrows_nothing_is_handed_out_and_it_is_said() {
    let machine = machine();
    sign_in(&machine, "power");
    machine.aws.set(|settings| settings.has_scoped_credentials = false);
    let run = machine.run(&["credentials", "power"]);
    assert!(run.code == 2 && run.stdout.is_empty(), "{}", run.stdout);
    for way in ["`read_only_role`", "`role_arn`", "`read_only = off`"] {
        assert!(run.stderr.contains(way), "{}", run.stderr);
    }
    machine.credentials(&["two"]);
    machine.write("aws/config", &SSO.replace("[profile power]\n", "[profile power]\nread_only = off\n"));
    machine.credentials(&["power"]);
}

#[test]
fn a_permission_set_is_the_source_of_roles() {
    let mut company = kagimori_fake_aws::Company::bastion();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222233334444"},"Action":"sts:AssumeRole"}]}"#;
    let power = kagimori_fake_aws::Permissions::attached("arn:aws:iam::aws:policy/PowerUserAccess");
    let production = company.account_mut(bastion::PRODUCTION).unwrap();
    production.roles.push(kagimori_fake_aws::Role::new("Behind", trust).permissions(power));
    let machine = Machine::of(company);
    let behind =
        "[profile behind]\nrole_arn = arn:aws:iam::333344445555:role/Behind\nsource_profile = power\n";
    machine.write("aws/config", &format!("{SSO}{behind}"));
    let run = machine.run(&["credentials", "behind"]);
    assert!(run.stderr.contains("run `kagi login power`"), "{}", run.stderr);
    sign_in(&machine, "behind");
    let role = machine.credentials(&["behind"]);
    assert_eq!(role["AccountId"], "333344445555");
    let log = machine.aws.log();
    let assumed = log.iter().find(|entry| entry.operation == "AssumeRole").unwrap();
    assert_eq!(assumed.parameters["RoleSessionName"], "alice@shiosai.example");
    assert_eq!(assumed.parameters["PolicyArns.member.1.arn"], "arn:aws:iam::aws:policy/ReadOnlyAccess");
    assert_eq!(
        machine.credentials(&["--account", "333344445555", "--role", "Behind", "--source", "power"])["AccountId"],
        "333344445555"
    );
    assert_eq!(machine.calls("GetScopedCredentials"), 0);
    // As long as SDKs get the source from elsewhere, they know the way to the role too.
    machine.ok(&["add", "--all"]);
    assert!(!machine.read("aws/config").contains("[kagi behind]"));
    machine.write(
        "aws/config",
        &format!("{}{}", machine.read("aws/config"), behind.replace("behind", "beside")),
    );
    let added = machine.run(&["add", "power"]);
    assert!(
        added.stderr.contains("behind, beside") && added.stderr.contains("`kagi add --all`"),
        "{added:?}"
    );
    machine.ok(&["add", "--all"]);
    let config = machine.read("aws/config");
    assert!(config.contains("[kagi behind]") && config.contains("[kagi beside]"), "{config}");
}

#[test]
fn add_moves_what_botocore_would_prefer_and_restore_puts_it_back() {
    let machine = machine();
    machine.ok(&["add", "power"]);
    let config = machine.read("aws/config");
    let process = format!("credential_process = {} credentials power\n", env!("CARGO_BIN_EXE_kagi"));
    assert!(config.contains(&format!("[profile power]\nregion = ap-northeast-1\n{process}")), "{config}");
    assert!(
        config.contains(
            "[kagi power]\nsso_session = corp\nsso_account_id = 222233334444\nsso_role_name = PowerUser\n"
        ),
        "{config}"
    );
    assert!(
        config.starts_with("# mine\n[sso-session corp]\n")
            && config.contains("[profile legacy]\nsso_start_url")
    );
    sign_in(&machine, "power");
    assert_eq!(machine.credentials(&["power"])["AccountId"], "222233334444");
    let environment = machine.ok(&["exec", "power", "--", "env"]);
    assert!(!environment.contains("KAGI_AWS_CONFIG_FILE"), "SDKs find kagi by the person's own file");
    let both = format!(
        "{SSO}[profile both]\nsso_session = corp\nsso_account_id = 222233334444\nsso_role_name = PowerUser\n{process}"
    );
    machine.write("aws/config", &both);
    let found = machine.run(&["doctor"]);
    assert!(
        found.stdout.contains("`both` has `sso_account_id` and `credential_process`"),
        "{}",
        found.stdout
    );
    let backup = machine.ok(&["restore"]).lines().next().unwrap().to_owned();
    let run = machine.run(&["restore", &backup]);
    assert!(run.code == 2 && run.stderr.contains("`[profile both]`"), "{}", run.stderr);
    machine.ok(&["restore", "--yes", &backup]);
    assert_eq!(machine.read("aws/config"), SSO);
    let environment = machine.ok(&["exec", "power", "--", "env"]);
    assert!(environment.contains("KAGI_AWS_CONFIG_FILE"), "botocore would go to Identity Center by itself");
    let copied = environment.lines().find_map(|line| line.strip_prefix("AWS_CONFIG_FILE=")).unwrap();
    assert!(!std::fs::read_to_string(copied).unwrap().contains("sso_"));
}

#[test]
fn the_console_opens_as_a_permission_set() {
    let machine = machine();
    sign_in(&machine, "power");
    let url = machine.ok(&["console", "--print", "power"]);
    assert!(url.contains("region%3Dap-northeast-1&SigninToken="), "{url}");
    assert_eq!(machine.calls("getSigninToken"), 1);
}

#[test]
fn logout_ends_it_there_and_here() {
    let machine = machine();
    let never = machine.run(&["logout", "power"]);
    assert!(never.code == 2 && never.stderr.contains("was never made"), "{}", never.stderr);
    sign_in(&machine, "power");
    machine.credentials(&["power"]);
    machine.ok(&["logout"]);
    assert_eq!(machine.calls("Logout"), 1);
    let run = machine.run(&["credentials", "power"]);
    assert!(run.code == 2 && run.stderr.contains("is logged out: run `kagi login power`"), "{}", run.stderr);
    let calls = machine.aws.counters().total();
    machine.ok(&["logout", "power"]);
    assert_eq!(machine.aws.counters().total(), calls, "there is nothing to end");
    sign_in(&machine, "power");
    machine.credentials(&["power"]);
    // AWS does not answer: here it is over all the same.
    machine.aws.plan("Logout", 9, Trouble::Throttle);
    let run = machine.run(&["logout", "--sso-session", "corp"]);
    assert!(run.code == 0 && run.stderr.contains("AWS was not told"), "{}", run.stderr);
    assert_eq!(machine.run(&["credentials", "power"]).code, 2);
}

#[test]
fn profiles_of_what_is_assigned() {
    let machine = machine();
    let never = machine.run(&["sso", "profiles"]);
    assert!(never.stderr.contains("kagi login --sso-session corp"), "{}", never.stderr);
    let (child, address) = device(&machine, &["login", "--device", "--sso-session", "corp"]);
    browse(&address);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    let dry = machine.ok(&["sso", "profiles", "--dry-run"]);
    assert_eq!(machine.read("aws/config"), SSO);
    // `gone` is the person's own: 333344445555 has another permission set.
    let run = machine.run(&["sso", "profiles", "--region", "ap-northeast-1"]);
    assert_eq!((run.code, &run.stdout), (0, &dry), "{}", run.stderr);
    assert_eq!(
        dry,
        "added    Shiosai-Bastion-ReadOnly\nadded    Shiosai-Production-Operator\nadded    Shiosai-Workload-ReadOnly\n\
         known    legacy\nknown    power\nknown    two\n"
    );
    assert!(run.stderr.contains("`gone` is a profile of yours"), "{}", run.stderr);
    let config = machine.read("aws/config");
    assert!(config.starts_with(SSO));
    assert_eq!(machine.credentials(&["Shiosai-Workload-ReadOnly"])["AccountId"], "222233334444");
    machine.ok(&["sso", "profiles"]);
    assert_eq!(machine.read("aws/config"), config, "the same again changes nothing");
    machine.aws.world().unassign("alice@shiosai.example", bastion::PRODUCTION, "Operator");
    assert!(machine.ok(&["sso", "profiles"]).contains("gone     Shiosai-Production-Operator\n"));
    assert!(machine.read("aws/config").contains("sso_role_name = Operator\ngone_since = 20"));
    assert!(machine.ok(&["list"]).contains("not assigned any more since 20"));
    let doctor = machine.run(&["doctor"]);
    assert!(!doctor.stdout.contains("kagi-setting"), "doctor tells what we wrote: {}", doctor.stdout);
    // Half an answer marks nothing.
    let before = machine.read("aws/config");
    machine.aws.plan("ListAccountRoles", 9, Trouble::Throttle);
    assert_eq!(machine.run(&["sso", "profiles"]).code, 2);
    assert_eq!(machine.read("aws/config"), before);
    let wrong = machine.run(&["sso", "profiles", "--names", "{role}"]);
    assert!(wrong.stderr.contains("cannot be a pattern"), "{}", wrong.stderr);
}
