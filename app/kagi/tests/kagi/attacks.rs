//! Who else is on the machine: another user at every file and listener, what /proc shows, links and folders that lead
//! elsewhere, files made to hurt. docs/kagi.md, "What was tried", has the list. Another user can be had by root only: elsewhere
//! these tests look at modes and owners.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Machine, Run, wait_for};

/// `nobody`
const OTHER: u32 = 65_534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What another user gets of a shell command.
fn as_another(script: &str) -> Run {
    Run::of(
        Command::new("bash").args(["-c", script]).uid(OTHER).gid(OTHER).current_dir("/").output().unwrap(),
    )
}

/// A person's home where another user could come to: nothing above it is closed.
struct Open {
    folder: PathBuf,
}

impl Open {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("kagi-attacks-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            walk(&entry.path(), found);
        }
        found.push(entry.path());
    }
}

#[test]
fn another_user_reads_and_writes_nothing_of_kagis() {
    let open = Open::new("files");
    let machine = Machine::new();
    let home = open.folder.join("kagi");
    let run = |arguments: &[&str]| {
        let mut command = machine.command(arguments);
        command.env("KAGI_HOME", &home).env("XDG_RUNTIME_DIR", &open.folder);
        // As open as a umask can be.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "umask 000; exec \"$0\" \"$@\""])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear();
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        Run::of(shell.output().unwrap())
    };
    for arguments in [
        &["add", "bastion"][..],
        &["login", "bastion"],
        &["credentials", "dev"],
        &["exec", "dev", "--", "true"],
    ] {
        let done = run(arguments);
        assert_eq!(done.code, 0, "{arguments:?} {}", done.stderr);
    }
    let mut all = vec![home.clone(), open.folder.join("kagi")];
    walk(&home, &mut all);
    walk(&open.folder, &mut all);
    assert!(all.len() > 10, "{all:?}");
    for path in &all {
        let mode = fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
        if is_root() {
            let path = path.display();
            let got = as_another(&format!(
                "cat '{path}' || ls '{path}' || echo x > '{path}/x' || mv '{path}' '{path}.x'"
            ));
            assert_ne!(got.code, 0, "{path}: {}", got.stdout);
            assert_eq!(got.stdout, "", "{path}");
        }
    }
}

#[test]
fn another_user_gets_nothing_of_the_container_endpoint_with_the_right_token() {
    if !is_root() {
        return;
    }
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    let mut child =
        machine.command(&["serve", "dev"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let value = |line: String| line.split('\'').nth(1).unwrap().to_owned();
    let host = value(lines.next().unwrap()).trim_start_matches("http://").trim_end_matches('/').to_owned();
    let token = fs::read_to_string(value(lines.next().unwrap())).unwrap();
    let ask = format!(
        "exec 3<>/dev/tcp/{}; printf 'GET / HTTP/1.1\\r\\nHost: {host}\\r\\nAuthorization: {token}\\r\\n\\r\\n' >&3; cat <&3",
        host.replace(':', "/")
    );
    assert_eq!(as_another(&ask).stdout, "", "another user was served");
    let ours = Run::of(Command::new("bash").args(["-c", &ask]).output().unwrap());
    assert!(ours.stdout.starts_with("HTTP/1.1 200"), "{}", ours.stdout);
    // Whoever only connects and waits does not keep others waiting.
    let connect = format!(
        "for n in $(seq 64); do exec {{it}}<>/dev/tcp/{}; done; echo all; exec sleep 600",
        host.replace(':', "/")
    );
    let mut idle = Command::new("bash");
    let mut idle = idle.args(["-c", &connect]).uid(OTHER).stdout(Stdio::piped()).spawn().unwrap();
    let mut all = String::new();
    BufReader::new(idle.stdout.take().unwrap()).read_line(&mut all).unwrap();
    assert_eq!(all, "all\n");
    let begun = Instant::now();
    let ours = Run::of(Command::new("bash").args(["-c", &ask]).output().unwrap());
    // One after another they would have had two seconds each.
    assert!(ours.stdout.starts_with("HTTP/1.1 200") && begun.elapsed() < Duration::from_secs(60));
    for child in [&mut idle, &mut child] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Even the same user's programs see no memory and no environment of a kagi that waits for a code. Root, whom the kernel refuses
/// nothing, has to become somebody else to see that.
#[test]
fn proc_shows_neither_memory_nor_environment() {
    if !is_root() || !cfg!(target_os = "linux") {
        return;
    }
    let open = Open::new("proc");
    let machine = Machine::enrolled();
    for folder in ["kagi", "run", "aws", "bin"] {
        let done = Command::new("cp").arg("-a").arg(machine.path(folder)).arg(&open.folder).status().unwrap();
        assert!(done.success());
    }
    let program = open.folder.join("kagi-program");
    fs::copy(env!("CARGO_BIN_EXE_kagi"), &program).unwrap();
    fs::write(open.folder.join("bin/prompt"), "#!/bin/sh\ntouch \"$0.asked\"\nexec sleep 60\n").unwrap();
    let owned = Command::new("chown").args(["-R", &format!("{OTHER}:{OTHER}")]).arg(&open.folder).status();
    assert!(owned.unwrap().success());
    let mut command = machine.command(&["login", "bastion"]);
    let mut child = Command::new(&program);
    child.args(["login", "bastion"]).env_clear();
    for (name, value) in command.stdin(Stdio::null()).get_envs() {
        let text = value.unwrap_or_default().to_string_lossy().into_owned();
        child
            .env(name, text.replace(&machine.home.display().to_string(), &open.folder.display().to_string()));
    }
    child.uid(OTHER).gid(OTHER).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    wait_for(|| open.folder.join("bin/prompt.asked").exists() || child.try_wait().unwrap().is_some());
    assert!(child.try_wait().unwrap().is_none(), "it does not wait for a code");
    let proc = format!("/proc/{}", child.id());
    for file in ["environ", "mem", "maps", "auxv", "stack"] {
        let got = as_another(&format!("head -c 64 {proc}/{file} | od -c | head -1"));
        assert_eq!(got.stdout.replace("0000000\n", ""), "", "{file} can be read");
    }
    assert_ne!(as_another(&format!("ls {proc}/fd/ && ls -l {proc}/fd/0")).code, 0);
    let line = as_another(&format!("tr '\\0' ' ' < {proc}/cmdline"));
    assert!(line.stdout.ends_with("kagi-program login bastion "), "{}", line.stdout);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn links_and_folders_of_others_are_not_followed_to_a_key() {
    // The open vault's key in a folder of another's, behind a link, or open to others: the passphrase is asked for.
    let asked = |machine: &Machine| machine.read("bin/passphrase.asked").lines().count();
    type Spoilt = (&'static str, fn(&Machine));
    let spoil: [Spoilt; 4] = [
        ("a link to the folder", |machine| {
            fs::rename(machine.path("run/kagi"), machine.path("run/elsewhere")).unwrap();
            symlink(machine.path("run/elsewhere"), machine.path("run/kagi")).unwrap();
        }),
        ("a folder that others write", |machine| {
            fs::set_permissions(machine.path("run/kagi"), fs::Permissions::from_mode(0o777)).unwrap();
        }),
        ("a link to the file", |machine| {
            let file = fs::read_dir(machine.path("run/kagi")).unwrap().flatten().next().unwrap().path();
            fs::rename(&file, machine.path("run/moved")).unwrap();
            symlink(machine.path("run/moved"), &file).unwrap();
        }),
        ("a folder of another's", |machine| {
            if is_root() {
                let chown =
                    Command::new("chown").arg(OTHER.to_string()).arg(machine.path("run/kagi")).status();
                assert!(chown.unwrap().success());
            } else {
                fs::set_permissions(machine.path("run/kagi"), fs::Permissions::from_mode(0o777)).unwrap();
            }
        }),
    ];
    for (name, spoil) in spoil {
        let machine = Machine::enrolled();
        machine.script("bin/passphrase", "echo x >> \"$0.asked\"; echo 'correct horse battery'");
        machine.credentials(&["dev"]);
        assert_eq!(asked(&machine), 0, "{name}: the key was not found at all");
        spoil(&machine);
        machine.answer_with_code();
        machine.credentials(&["dev"]);
        assert_eq!(asked(&machine), 1, "{name}");
    }
    // What kagi keeps for itself it replaces, and does not write through a link: somebody else's file stays as it is.
    let machine = Machine::enrolled();
    machine.credentials(&["dev"]);
    machine.write("precious", "stays");
    for entry in fs::read_dir(machine.path("kagi/sessions")).unwrap().flatten() {
        fs::remove_file(entry.path()).unwrap();
        symlink(machine.path("precious"), entry.path()).unwrap();
    }
    machine.aws.advance(Duration::from_secs(30));
    machine.answer_with_code();
    machine.credentials(&["dev"]);
    assert_eq!(machine.read("precious"), "stays");
}

/// None of them hangs, is believed half, or is printed as it stands.
#[test]
fn files_made_to_hurt_are_refused_in_words() {
    let machine = Machine::enrolled();
    let long = "x".repeat(17 * 1024 * 1024);
    let deep: String = (0..20_000)
        .map(|n| {
            format!(
                "[profile p{n}]\nrole_arn = arn:aws:iam::222233334444:role/A\nsource_profile = p{}\n",
                n + 1
            )
        })
        .collect();
    let one_line = format!(
        "[profile dev]\nrole_arn = arn:aws:iam::222233334444:role/Power\nsource_profile = bastion\nregion = {}\n",
        "y".repeat(1024 * 1024)
    );
    for (name, text, says) in [
        ("too long", long.as_str(), "is longer than"),
        ("twenty thousand profiles in a row", &deep, "there is no profile"),
        ("a region of a megabyte", &one_line, "is not a region"),
        ("control characters", "[profile dev]\nrole_arn = \u{1b}[2J\u{202e}\n", "\\u{1b}[2J\\u{202e}"),
        ("a nested list of nothing", "[profile dev]\nrole_arn =\n  a = b\n", "dev"),
    ] {
        machine.write("aws/config", text);
        let begun = Instant::now();
        let run = machine.run(&["credentials", "dev"]);
        assert!(
            run.code == 2 && run.stderr.contains(says),
            "{name}: {}",
            run.stderr.get(..300).unwrap_or(&run.stderr)
        );
        assert!(run.stderr.len() < 2_000 && !run.stderr.contains('\u{1b}'), "{name}");
        assert!(begun.elapsed() < Duration::from_secs(120), "{name}");
    }
    // A file that never ends.
    let mut command = machine.command(&["list"]);
    let run = Run::of(command.env("AWS_CONFIG_FILE", "/dev/zero").output().unwrap());
    assert!(run.code == 2 && run.stderr.contains("is longer than"), "{}", run.stderr);
}

/// An endpoint that only looks as if it were on this machine gets no request, whatever way it is set.
#[test]
fn names_that_look_local_are_asked_nothing() {
    for host in [
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.evil.example",
        "0x7f.1",
        "127.0.0.1@evil.example",
    ] {
        let url = format!("http://{host}:4566");
        let ways: [fn(&Machine, &mut Command, &str); 3] = [
            |_, command, url| {
                command.env("AWS_ENDPOINT_URL", url);
            },
            |_, command, url| {
                command.env_remove("AWS_ENDPOINT_URL").env("AWS_ENDPOINT_URL_STS", url);
            },
            |machine, command, url| {
                let config = machine.read("aws/config");
                machine.write(
                    "aws/config",
                    &config.replace("[profile dev]\n", &format!("[profile dev]\nendpoint_url = {url}\n")),
                );
                command.env_remove("AWS_ENDPOINT_URL");
            },
        ];
        for way in ways {
            let machine = Machine::enrolled();
            let mut command = machine.command(&["credentials", "dev"]);
            way(&machine, &mut command, &url);
            let run = Run::of(command.output().unwrap());
            assert!(
                run.code == 2
                    && run.stderr.contains("credentials travel") | run.stderr.contains("not a plain address"),
                "{host}: {}",
                run.stderr
            );
            assert_eq!(machine.prompts(), 0);
        }
    }
}

/// What a listener of a browser is sent by somebody who only connects: nothing is held up, and nothing grows.
#[test]
fn a_listener_is_not_held_up_by_noise() {
    let machine = Machine::enrolled();
    machine.ok(&["login", "bastion"]);
    let mut child =
        machine.command(&["serve", "dev"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let value = |line: String| line.split('\'').nth(1).unwrap().to_owned();
    let host = value(lines.next().unwrap()).trim_start_matches("http://").trim_end_matches('/').to_owned();
    let token = fs::read_to_string(value(lines.next().unwrap())).unwrap();
    let mut noise: Vec<_> = (0..20).map(|_| std::net::TcpStream::connect(&host).unwrap()).collect();
    for stream in &mut noise {
        let _ = stream.write_all(&[b'x'; 40_000]);
    }
    let mut stream = std::net::TcpStream::connect(&host).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    child.kill().unwrap();
    child.wait().unwrap();
}
