//! Mail servers, good and bad: the dialogue by a script. A real server is asked by `scripts/check-notify`.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kagimori_notice::{Cause, Outcome};

use crate::place::{Place, id, send, send_within, why};

/// What a server says to a command, by its first word; `None`: the usual.
type Answers = fn(&str) -> Option<String>;

pub(crate) struct MailServer {
    pub(crate) port: u16,
    /// The lines that came.
    lines: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub(crate) fn start(offers: &'static str, answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || talk(stream, offers, answers, &kept));
            }
        });
        Self { port, lines }
    }

    fn said(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }
}

fn talk(mut stream: TcpStream, offers: &str, answers: Answers, kept: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let greeting = answers("GREETING").unwrap_or_else(|| "220 mail.test".to_owned());
    stream.write_all(format!("{greeting}\r\n").as_bytes()).ok()?;
    let mut is_data = false;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let line = line.trim_end().to_owned();
        kept.lock().unwrap().push(line.clone());
        if is_data && line != "." {
            continue;
        }
        let word = if is_data { "." } else { line.split([' ', ':']).next().unwrap_or_default() };
        let usual = match word {
            "EHLO" if offers.is_empty() => "250 mail.test".to_owned(),
            "EHLO" => format!("250-mail.test\r\n250 {offers}"),
            "AUTH" => "235 2.7.0 welcome".to_owned(),
            "DATA" => "354 go on".to_owned(),
            "QUIT" => "221 bye".to_owned(),
            _ => "250 2.0.0 ok".to_owned(),
        };
        is_data = word == "DATA";
        let said = answers(&line).or_else(|| answers(word)).unwrap_or(usual);
        if said == "DRIP" {
            for letter in "250 this takes all day".repeat(40).chars() {
                stream.write_all(letter.to_string().as_bytes()).ok()?;
                std::thread::sleep(Duration::from_millis(300));
            }
        }
        if said == "CLOSE" {
            return None;
        }
        stream.write_all(format!("{said}\r\n").as_bytes()).ok()?;
    }
}

fn channel(port: u16, more: &str) -> String {
    format!(
        "kind = 'mail'\naddress = 'smtp://127.0.0.1:{port}'\ntls = 'none'\nfrom = '鍵守 <kagimori@example.com>'\n\
         to = ['sre@example.com', 'SRE Team <team@example.com>']\n{more}"
    )
}

/// The lines of the head, with those that are folded made whole.
fn head(said: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in said.lines().skip_while(|line| *line != "DATA").skip(1).take_while(|line| !line.is_empty()) {
        match lines.last_mut() {
            Some(last) if line.starts_with(' ') => last.push_str(line),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

#[test]
fn a_mail_is_brought() {
    let server = MailServer::start("AUTH PLAIN", |_| None);
    let place = Place::new();
    place.secret("password", "correct horse");
    let notifier =
        place.notifier(&channel(server.port, "user = 'k'\npassword = 'file:password'\nlanguage = 'ja'"));
    assert_eq!(send(&notifier, "svc\r\nBcc: all@example.com\r\n\r\nhello", false), Outcome::Taken(None));
    let said = server.said();
    assert!(said.contains(&format!("AUTH PLAIN {}", BASE64.encode("\0k\0correct horse"))), "{said}");
    for line in
        ["MAIL FROM:<kagimori@example.com>", "RCPT TO:<sre@example.com>", "RCPT TO:<team@example.com>"]
    {
        assert!(said.contains(line), "{said}");
    }
    let head = head(&said);
    let named = |name: &str| -> Vec<&String> {
        head.iter().filter(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:"))).collect()
    };
    assert_eq!(named("message-id"), [&format!("Message-ID: <{}@example.com>", id())]);
    assert!(named("bcc").is_empty(), "{head:?}");
    for name in [
        "subject",
        "from",
        "to",
        "date",
        "content-type",
        "content-transfer-encoding",
        "auto-submitted",
        "references",
    ] {
        assert_eq!(named(name).len(), 1, "{name} of {head:?}");
    }
    assert!(head.iter().all(|line| line.is_ascii() && line.len() < 1000), "{head:?}");
    assert!(named("subject")[0].contains("=?utf-8?b?"), "{head:?}");
    assert!(named("content-type")[0].contains("utf-8"), "{head:?}");
}

#[test]
fn the_same_letter_has_the_same_message_id() {
    let server = MailServer::start("", |_| None);
    let place = Place::new();
    let notifier = place.notifier(&channel(server.port, ""));
    for is_again in [false, true] {
        assert_eq!(send(&notifier, "svc", is_again), Outcome::Taken(None));
    }
    let ids: Vec<_> =
        server.lines.lock().unwrap().iter().filter(|line| line.starts_with("Message-ID")).cloned().collect();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
}

#[test]
fn bad_servers() {
    let cases: [(&'static str, Answers, &str, Cause); 9] = [
        (
            "",
            |line| (line == "AUTH" || line == "GREETING").then(|| "421 4.3.2 closing".to_owned()),
            "4.3.2 closing",
            Cause::Busy(None),
        ),
        (
            "",
            |line| (line == "RCPT").then(|| "450 4.2.1 slow down".to_owned()),
            "4.2.1 slow down",
            Cause::Busy(None),
        ),
        (
            "",
            |line| (line == "RCPT").then(|| "550 5.1.1 no such user".to_owned()),
            "5.1.1 no such user",
            Cause::Channel,
        ),
        ("", |line| (line == ".").then(|| "552 5.3.4 too big".to_owned()), "5.3.4 too big", Cause::Letter),
        (
            "",
            |line| (line == ".").then(|| "CLOSE".to_owned()),
            "the connection to the mail server broke",
            Cause::Unknown,
        ),
        (
            "",
            |line| (line == "MAIL").then(|| "DRIP".to_owned()),
            "did not come to an end in time",
            Cause::Unknown,
        ),
        (
            "",
            |line| (line == "GREETING").then(|| "hello, I am no mail server".to_owned()),
            "the connection to the mail server broke",
            Cause::Unknown,
        ),
        (
            "AUTH PLAIN",
            |line| (line == "AUTH").then(|| "535 5.7.8 no".to_owned()),
            "5.7.8 no",
            Cause::Channel,
        ),
        ("AUTH XOAUTH7", |_| None, "No compatible authentication mechanism", Cause::Channel),
    ];
    std::thread::scope(|scope| {
        for (offers, answers, expected, cause) in cases {
            scope.spawn(move || {
                let server = MailServer::start(offers, answers);
                let place = Place::new();
                place.secret("password", "correct horse");
                let login = if offers.is_empty() { "" } else { "user = 'k'\npassword = 'file:password'" };
                let time = Duration::from_secs(if expected.contains("in time") { 2 } else { 300 });
                let notifier = place.notifier(&channel(server.port, login));
                let told = why(send_within(time, &notifier, "svc", false));
                assert!(told.0.contains(expected) && told.1 == cause, "{told:?} for {expected}");
            });
        }
    });
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let told = why(send(&Place::new().notifier(&channel(free, "")), "svc", false));
    assert_eq!(told, ("there is no connection to the mail server".to_owned(), Cause::Busy(None)));
}

/// A server that offers no STARTTLS, or whose offer somebody took out on the way, gets neither the password nor the mail.
#[test]
fn without_tls_nothing_is_said() {
    let place = Place::new();
    place.secret("password", "correct horse");
    let login = "user = 'k'\npassword = 'file:password'";
    let plain = MailServer::start("AUTH PLAIN", |_| None);
    let starttls = channel(plain.port, login).replace("tls = 'none'\n", "");
    let (told, cause) = why(send(&place.notifier(&starttls), "svc", false));
    assert!(told.contains("STARTTLS is not supported") && cause == Cause::Channel, "{told}");
    let tls = starttls.replace("smtp://", "smtps://");
    // Both wait for the other to begin.
    let (told, cause) = why(send_within(Duration::from_secs(2), &place.notifier(&tls), "svc", false));
    assert!(matches!(cause, Cause::Channel | Cause::Unknown | Cause::Busy(None)), "{told}");
    let broken = MailServer::start("STARTTLS", |line| {
        (line == "STARTTLS").then(|| "220 go on\r\n250 plain".to_owned())
    });
    let starttls = channel(broken.port, login).replace("tls = 'none'\n", "");
    let (told, _) = why(send(&place.notifier(&starttls), "svc", false));
    for said in [plain.said(), broken.said(), told] {
        assert!(!said.contains("AUTH") && !said.contains("MAIL FROM") && !said.contains("svc"), "{said}");
    }
}
