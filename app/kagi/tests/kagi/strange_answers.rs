//! Answers that AWS would not give: of a proxy, of a network to sign in at, of a clock that is wrong, of somebody who wants to lead a
//! terminal or a person elsewhere; and programs beside kagi that are not what a setting says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kagimori_fake_aws::Trouble;

use crate::identity_center;
use crate::support::{Machine, Run};

/// What is done with a request.
enum Act {
    /// It reaches the fake AWS, and its answer the program.
    Pass,
    /// The same, with another text in the place of one.
    Mangle(&'static str, &'static str, &'static str),
    /// Somebody else answers.
    Answer(u16, &'static str),
    /// The connection ends.
    Drop,
}

/// Somebody between kagi and AWS; `act` is told the request and how many there were of it before.
fn between(
    machine: &Machine,
    of: &'static str,
    act: impl Fn(usize) -> Act + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let aws = machine.aws.endpoint().strip_prefix("http://").unwrap().to_owned();
    let (act, seen) = (Arc::new(act), Arc::new(AtomicUsize::new(0)));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (act, seen, aws) = (Arc::clone(&act), Arc::clone(&seen), aws.clone());
            std::thread::spawn(move || {
                let mut stream = stream;
                while let Some(request) = message(&mut stream) {
                    let act = if request.contains(of) {
                        act(seen.fetch_add(1, Ordering::SeqCst))
                    } else {
                        Act::Pass
                    };
                    let answer = match act {
                        Act::Drop => return,
                        Act::Answer(status, body) => {
                            format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                        }
                        Act::Pass => passed(&aws, &request),
                        Act::Mangle(begin, end, other) => mangled(&passed(&aws, &request), begin, end, other),
                    };
                    if stream.write_all(answer.as_bytes()).is_err() || request.contains("Connection: close") {
                        return;
                    }
                }
            });
        }
    });
    url
}

/// A request or an answer, whole.
fn message(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut byte = [0; 1];
    while !text.ends_with("\r\n\r\n") {
        (stream.read(&mut byte).ok()? == 1).then_some(())?;
        text.push(char::from(byte[0]));
    }
    let length = text
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(text + &String::from_utf8(body).unwrap())
}

fn passed(aws: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(aws).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    message(&mut stream).unwrap()
}

/// Another text between two others, with the length of the body as it is then.
fn mangled(answer: &str, begin: &str, end: &str, other: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (before, rest) = body.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let body = format!("{before}{begin}{other}{end}{after}");
    let head: String = head
        .lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("content-length"))
        .map(|line| format!("{line}\r\n"))
        .collect();
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn through(machine: &Machine, url: &str, arguments: &[&str]) -> Run {
    Run::of(machine.command(arguments).env("AWS_ENDPOINT_URL", url).output().unwrap())
}

const ROLE: &str = "Action=AssumeRole";

#[test]
fn what_had_ended_when_it_came_is_not_handed_out() {
    let machine = Machine::enrolled();
    let url =
        between(&machine, ROLE, |_| Act::Mangle("<Expiration>", "</Expiration>", "2020-01-01T00:00:00Z"));
    let run = through(&machine, &url, &["credentials", "dev"]);
    assert!(run.code == 2 && run.stdout.is_empty(), "{}", run.stdout);
    assert!(
        run.stderr.contains("had ended") && run.stderr.contains("set this machine's clock"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_outage_and_somebody_elses_page_are_told_apart() {
    for (status, body, said) in [
        (503, "", "no answer but HTTP 503: AWS, or a proxy before it, is out of order"),
        (502, "<html>Bad Gateway</html>", "out of order"),
        (403, "<html>Blocked</html>", "somebody else answered, a proxy or the page of a network"),
        (200, "<html>Welcome to our hotel", "somebody else answered"),
    ] {
        let machine = Machine::enrolled();
        let url = between(&machine, ROLE, move |_| Act::Answer(status, body));
        let run = through(&machine, &url, &["credentials", "dev"]);
        assert!(run.code == 2 && run.stderr.contains(said), "{status}: {}", run.stderr);
    }
}

#[test]
fn a_connection_that_breaks_once_is_made_again() {
    let machine = Machine::enrolled();
    let url = between(&machine, ROLE, |before| if before == 0 { Act::Drop } else { Act::Pass });
    assert_eq!(through(&machine, &url, &["credentials", "dev"]).code, 0);
    assert_eq!((machine.calls("AssumeRole"), machine.prompts()), (1, 1));
    // Made at AWS, and the answer lost: another session is harmless, another code is not sent.
    machine.aws.plan("AssumeRole", 1, Trouble::LoseReply);
    let run = through(&machine, &url, &["credentials", "prod"]);
    assert_eq!((run.code, machine.calls("AssumeRole")), (0, 3), "{}", run.stderr);
    assert_eq!((machine.prompts(), machine.calls("GetSessionToken")), (1, 1));
}

#[test]
fn a_sign_in_leads_to_no_page_but_a_page() {
    for page in
        ["file:///etc/passwd", "javascript:alert(1)", "--version", "https://a b", "https://x/\u{1b}[31m"]
    {
        let machine = identity_center::machine();
        let body = format!(
            r#"{{"deviceCode":"d","userCode":"A","verificationUri":"https://x/","verificationUriComplete":{},"expiresIn":600}}"#,
            serde_json::Value::from(page)
        );
        let body: &'static str = body.leak();
        let url = between(&machine, "POST /device_authorization", move |_| Act::Answer(200, body));
        let run = through(&machine, &url, &["login", "--device", "power"]);
        assert!(run.code == 2 && run.stderr.contains("has no `verificationUri`"), "{page}: {}", run.stderr);
    }
}

#[test]
fn a_sign_in_asks_nobody_else_for_ten_minutes() {
    for (status, body) in [(200, "<html>Welcome"), (200, r#"{"accessToken":""}"#), (302, "")] {
        let machine = identity_center::machine();
        let url = between(&machine, "POST /token", move |_| Act::Answer(status, body));
        let run = through(&machine, &url, &["login", "--device", "power"]);
        assert!(
            run.code == 2 && run.stderr.contains("somebody else answered"),
            "{status} {body}: {}",
            run.stderr
        );
    }
    // What is out of order may come back; that is said once.
    let machine = identity_center::machine();
    let url = between(&machine, "POST /token", |before| match before {
        0 | 1 => Act::Answer(200, r#"{"accessToken":"a","expiresIn":3600}"#),
        _ => Act::Drop,
    });
    let run = through(&machine, &url, &["login", "--device", "--sso-session", "corp"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn pages_that_lead_to_themselves_end() {
    let machine = identity_center::machine();
    let url = between(&machine, "/assignment/accounts", |_| {
        Act::Answer(200, r#"{"accountList":[],"nextToken":"again"}"#)
    });
    let (child, address) = {
        let mut command = machine.command(&["login", "--device", "--sso-session", "corp"]);
        command.env("AWS_ENDPOINT_URL", &url);
        identity_center::shown_address(command)
    };
    identity_center::browse(&address);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    let run = through(&machine, &url, &["sso", "profiles"]);
    assert!(run.code == 2 && run.stderr.contains("has no `end of its pages`"), "{}", run.stderr);
}

#[test]
fn no_name_and_no_answer_leads_a_terminal() {
    let machine = identity_center::machine();
    let config = machine.read("aws/config");
    machine.write("aws/config", &format!("{config}[profile \"r\u{1b}[31med\u{1b}[0m\"]\nregion = x\n"));
    for arguments in [&["list"][..], &["doctor"], &["exec", "r\u{1b}[31med\u{1b}[0m", "--", "true"]] {
        // As on a terminal that has colours.
        let run = Run::of(
            machine.command(arguments).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "").output().unwrap(),
        );
        let text = run.stdout + &run.stderr;
        assert!(!text.contains("\u{1b}[31med"), "{text}");
        assert!(text.contains("u{1b}[31med"), "{text}");
    }
}

#[test]
fn programs_are_named_by_their_setting_and_quoted_as_in_a_shell() {
    let machine = Machine::enrolled();
    machine.ok(&["lock"]);
    let with = |program: &str| {
        Run::of(machine.command(&["unlock"]).env("KAGI_PASSPHRASE_PROGRAM", program).output().unwrap())
    };
    let missing = with("/nonexistent");
    assert!(
        missing.code == 2 && missing.stderr.contains("correct `passphrase_program` in `[kagi]`"),
        "{}",
        missing.stderr
    );
    let open = with("sh -c \"echo 'correct horse battery\"");
    assert!(open.code == 2 && !open.stderr.contains("unlocked"), "{}", open.stderr);
    let unended = with("pass show \"Team Vault/kagi");
    assert!(
        unended.stderr.contains("`passphrase_program` has a quote without its end"),
        "{}",
        unended.stderr
    );
    let quoted = with("sh -c \"echo 'correct horse battery'\"");
    assert_eq!(quoted.code, 0, "{}", quoted.stderr);
}

#[test]
fn the_variable_browser_is_read_by_its_convention() {
    let machine = Machine::enrolled();
    machine.script("bin/opens", "echo \"$# $1\" > \"$0.seen\"; exit 1");
    let several = format!("/nonexistent/browser %s:{} %s", machine.path("bin/opens").display());
    let run = Run::of(machine.command(&["console", "dev"]).env("BROWSER", several).output().unwrap());
    // It opened nothing in the end.
    assert_eq!(run.code, 2);
    let seen = machine.read("bin/opens.seen");
    assert!(seen.starts_with("1 http://127.0.0.1:"), "{seen}\n{}", run.stderr);
}

#[test]
fn what_kagi_did_not_set_it_does_not_take_away() {
    let machine = Machine::enrolled();
    machine.ok(&["add", "dev"]);
    std::fs::create_dir_all(machine.path(".aws")).unwrap();
    std::fs::copy(machine.path("aws/config"), machine.path(".aws/config")).unwrap();
    let run = |with: &[&str]| {
        let mut command = machine.command(with);
        command.env_remove("AWS_CONFIG_FILE").env_remove("AWS_SHARED_CREDENTIALS_FILE");
        Run::of(command.output().unwrap())
    };
    let set = |text: &str| text.lines().find(|line| line.contains("KAGI_SET")).unwrap().to_owned();
    let served = run(&["env", "--shell", "bash", "dev"]);
    assert!(served.stdout.contains("AWS_PROFILE='dev'"), "{}", served.stdout);
    assert!(!set(&served.stdout).contains("_FILE"), "{}", served.stdout);
    let own = run(&["env", "--shell", "bash", "prod"]);
    assert!(
        own.stdout.contains("AWS_CONFIG_FILE='") && set(&own.stdout).contains("AWS_SHARED_CREDENTIALS_FILE"),
        "{}",
        own.stdout
    );
}

#[test]
fn a_question_that_nobody_answers_names_the_whole_command() {
    let machine = Machine::without_vault();
    let run = Run::of(
        machine
            .command(&["add", "bastion"])
            .env_remove("KAGI_PASSPHRASE_PROGRAM")
            .env_remove("KAGI_PROMPT_PROGRAM")
            .output()
            .unwrap(),
    );
    assert!(run.code == 2 && run.stderr.contains("run `kagi add bastion` in a terminal"), "{}", run.stderr);
    let machine = Machine::enrolled();
    let key = std::fs::read_dir(machine.path("kagi/keys")).unwrap().flatten().next().unwrap().path();
    std::fs::write(&key, b"damaged").unwrap();
    let run = machine.run(&["login"]);
    assert!(
        run.code == 2 && run.stderr.contains("is damaged") && run.stderr.contains("`kagi restore` lists"),
        "{}",
        run.stderr
    );
}
