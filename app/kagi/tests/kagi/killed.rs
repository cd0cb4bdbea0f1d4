//! SIGKILL at random points of whatever writes: nothing is lost, nobody is asked twice for what was kept, and running the
//! command again finishes it. 30 points here; `KAGIMORI_KILLS=300` takes more, and `KAGIMORI_SEED` others.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kagimori_fake_aws::Trouble;

use crate::identity_center::{self, forget_roles, refreshes, settled, short_tokens, try_browse};
use crate::rotation::{go_on, is_settled, keys, next_code};
use crate::support::{Machine, Run, wait_for};

/// Random points that are the same for the same seed (SplitMix64).
struct Points(u64);

impl Points {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most.max(1)
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Kills a command somewhere in the time that it takes; whether it was still running.
fn killed(command: &mut Command, points: &mut Points, lasts: Duration) -> bool {
    let mut child = spawn(command);
    let micros = u64::try_from(lasts.as_micros()).unwrap();
    std::thread::sleep(Duration::from_micros(points.below(micros)));
    child.kill().unwrap();
    child.wait().unwrap().signal().is_some()
}

fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// How long a command takes when nobody kills it.
fn whole(command: &mut Command) -> Duration {
    let begun = Instant::now();
    assert!(spawn(command).wait().unwrap().success());
    begun.elapsed()
}

fn slow(machine: &Machine) {
    for operation in ["GetSessionToken", "GetCallerIdentity", "ListMFADevices", "CreateToken"] {
        machine.aws.plan(operation, 1000, Trouble::Delay { milliseconds: 8 });
    }
}

/// A session that is whole: what a killed process was still writing is none.
fn is_kept(machine: &Machine) -> bool {
    let is_whole = |path: &Path| path.extension().is_some_and(|kind| kind == "session");
    let files = std::fs::read_dir(machine.path("kagi/sessions"));
    files.is_ok_and(|mut files| files.any(|file| is_whole(&file.unwrap().path())))
}

/// Whether a program runs that has this name on its command line, where `/proc` tells it.
fn is_running(name: &str) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    let lines = processes.flatten().filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let mut lines = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
    lines.any(|line| line.split('\0').any(|word| word == name))
}

/// How often a person was asked. The program that asks outlives the process that started it.
fn asked(machine: &Machine) -> usize {
    let program = machine.path("bin/prompt").display().to_string();
    wait_for(|| !is_running(&program));
    let mut seen = machine.prompts();
    loop {
        std::thread::sleep(Duration::from_millis(80));
        match machine.prompts() {
            now if now == seen => return seen,
            now => seen = now,
        }
    }
}

fn no_code_was_sent_twice(machine: &Machine) {
    let refused = |text: &str| text.contains("one time pass code");
    assert!(!machine.aws.log().iter().any(|entry| entry.message.as_deref().is_some_and(refused)));
    assert_eq!(machine.ok(&["log", "--verify"]), "the log is whole\n");
}

fn add(points: &mut Points, lasts: Duration) -> bool {
    let machine = Machine::new();
    slow(&machine);
    let text = machine.read("aws/credentials");
    let secret = text.lines().find_map(|line| line.strip_prefix("aws_secret_access_key = ")).unwrap();
    let was_running = killed(&mut machine.command(&["add", "bastion"]), points, lasts);
    let is_in_vault =
        std::fs::read_dir(machine.path("kagi/keys")).is_ok_and(|keys| keys.flatten().count() > 0);
    let file = machine.read("aws/credentials");
    assert!(file.contains(secret) || is_in_vault, "the key is nowhere: {file}");
    assert!(file.contains("[other]\n# stays\nregion = x\n"), "{file}");
    assert!(machine.read("aws/config").contains("[profile deploy]"));
    machine.ok(&["add", "bastion"]);
    assert!(!machine.read("aws/credentials").contains(secret), "the key stays in the file");
    machine.answer_with_code();
    machine.ok(&["login", "bastion"]);
    was_running
}

fn login(points: &mut Points, lasts: Duration) -> bool {
    let machine = Machine::enrolled();
    slow(&machine);
    let was_running = killed(&mut machine.command(&["login", "bastion"]), points, lasts);
    let (asked, kept) = (asked(&machine), is_kept(&machine));
    machine.aws.advance(Duration::from_secs(30));
    machine.answer_with_code();
    machine.ok(&["login", "bastion"]);
    let again = usize::from(!kept);
    assert_eq!(machine.prompts(), asked + again, "kept: {kept}");
    machine.credentials(&["dev"]);
    no_code_was_sent_twice(&machine);
    was_running
}

/// `kagi login` of Identity Center, and a browser that follows.
fn sign_in(machine: &Machine) -> Command {
    machine.script("bin/browser", "echo \"$1\" > \"$0.new\"; mv \"$0.new\" \"$0.url\"");
    let _ = std::fs::remove_file(machine.path("bin/browser.url"));
    let url = machine.path("bin/browser.url");
    std::thread::spawn(move || {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(300) {
            if let Some(address) = std::fs::read_to_string(&url).ok().filter(|text| text.starts_with("http"))
            {
                // Who waited for it may be dead.
                let _ = try_browse(address.trim());
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let mut command = machine.command(&["login", "power"]);
    command.env("BROWSER", machine.path("bin/browser"));
    command
}

fn sso_login(points: &mut Points, lasts: Duration) -> bool {
    let machine = identity_center::machine();
    slow(&machine);
    let was_running = killed(&mut sign_in(&machine), points, lasts);
    let signed_in = machine.run(&["credentials", "power"]);
    if signed_in.code != 0 {
        assert!(signed_in.stderr.contains("run `kagi login power`"), "{}", signed_in.stderr);
        assert!(spawn(&mut sign_in(&machine)).wait().unwrap().success());
        machine.credentials(&["power"]);
    }
    assert_eq!(machine.ok(&["log", "--verify"]), "the log is whole\n");
    was_running
}

fn refresh(points: &mut Points, lasts: Duration) -> bool {
    let machine = identity_center::machine();
    short_tokens(&machine);
    assert!(spawn(&mut sign_in(&machine)).wait().unwrap().success());
    forget_roles(&machine);
    slow(&machine);
    let was_running = killed(&mut machine.command(&["credentials", "power"]), points, lasts);
    let before = settled(&machine);
    let run: Run = machine.run(&["credentials", "power"]);
    assert!(refreshes(&machine) <= before + 1, "more than one call");
    if run.code != 0 {
        // AWS has spent the token, and its answer was the dead process's.
        assert!(run.stderr.contains("is lost") && run.stderr.contains("kagi login power"), "{}", run.stderr);
        assert!(spawn(&mut sign_in(&machine)).wait().unwrap().success());
        machine.credentials(&["power"]);
    }
    was_running
}

fn rotate(points: &mut Points, lasts: Duration) -> bool {
    let machine = Machine::enrolled();
    let old = keys(&machine)[0].0.clone();
    machine.ok(&["login", "bastion"]);
    let was_running = killed(&mut machine.command(&["rotate", "bastion", "--grace", "1h"]), points, lasts);
    assert!(keys(&machine).iter().any(|(_, active)| *active), "the user is locked out");
    let asked = asked(&machine);
    next_code(&machine);
    go_on(&machine);
    assert!(machine.prompts() <= asked + 1, "asked again and again");
    next_code(&machine);
    machine.ok(&["rotate", "bastion", "--grace", "0"]);
    assert_eq!(keys(&machine).len(), 1, "{:?}", keys(&machine));
    is_settled(&machine, &old);
    no_code_was_sent_twice(&machine);
    was_running
}

#[test]
fn at_random_points_nothing_is_lost_and_running_it_again_finishes_it() {
    type Case = (&'static str, fn(&mut Points, Duration) -> bool, fn() -> Duration);
    let cases: [Case; 5] = [
        ("add", add, || {
            let machine = Machine::new();
            slow(&machine);
            whole(&mut machine.command(&["add", "bastion"]))
        }),
        ("login", login, || {
            let machine = Machine::enrolled();
            slow(&machine);
            whole(&mut machine.command(&["login", "bastion"]))
        }),
        ("sso login", sso_login, || {
            let machine = identity_center::machine();
            slow(&machine);
            whole(&mut sign_in(&machine))
        }),
        ("refresh", refresh, || {
            let machine = identity_center::machine();
            short_tokens(&machine);
            assert!(spawn(&mut sign_in(&machine)).wait().unwrap().success());
            forget_roles(&machine);
            slow(&machine);
            whole(&mut machine.command(&["credentials", "power"]))
        }),
        ("rotate", rotate, || {
            let machine = Machine::enrolled();
            machine.ok(&["login", "bastion"]);
            whole(&mut machine.command(&["rotate", "bastion", "--grace", "1h"]))
        }),
    ];
    let (kills, mut points) = (number("KAGIMORI_KILLS", 30), Points(number("KAGIMORI_SEED", 1)));
    for (name, case, lasts) in cases {
        // The shortest of three: kills after the end of a command show nothing.
        let lasts = (0..3).map(|_| lasts()).min().unwrap_or_default();
        let rounds = kills / 5;
        let running = (0..rounds).filter(|_| case(&mut points, lasts)).count();
        println!("{name}: {rounds} kills in {} ms, {running} of them before its end", lasts.as_millis());
    }
}
