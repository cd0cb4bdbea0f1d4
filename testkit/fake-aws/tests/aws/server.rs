//! The server: real sockets on the loopback.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kagimori_fake_aws::{Company, FakeAws, Request, Trouble, bastion};

use crate::client::{Keys, signed};

const STS: (&str, &str) = ("sts", "2011-06-15");
const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

fn alice(aws: &FakeAws) -> Keys {
    let pair = aws.access_key(ALICE).unwrap();
    Keys { id: pair.access_key_id, secret: pair.secret_access_key, token: None }
}

/// The bytes of a request, for one connection.
fn bytes(request: &Request) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", request.body.len()));
    [head.as_bytes(), &request.body].concat()
}

/// What comes back, all of it; nothing when the connection breaks.
fn send(aws: &FakeAws, request: &Request) -> String {
    let address = aws.endpoint().replace("http://", "");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&bytes(request)).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn identity(keys: &Keys) -> Request {
    signed(keys, STS, "GetCallerIdentity", &[], Timestamp::now())
}

#[test]
fn fifty_at_once_with_one_code() {
    let aws = FakeAws::start(Company::bastion()).unwrap();
    let (keys, code) = (alice(&aws), aws.totp(bastion::ALICE_MFA).unwrap());
    let accepted = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let mfa = [("SerialNumber", bastion::ALICE_MFA), ("TokenCode", code.as_str())];
                let answer = send(&aws, &signed(&keys, STS, "GetSessionToken", &mfa, Timestamp::now()));
                assert!(
                    answer.starts_with("HTTP/1.1 200") || answer.contains("one time pass code."),
                    "{answer}"
                );
                accepted.fetch_add(usize::from(answer.starts_with("HTTP/1.1 200")), Ordering::SeqCst);
            });
        }
    });
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
    let count = aws.counters().by("GetSessionToken", ALICE);
    assert_eq!((count.succeeded, count.failed), (1, 49));
}

#[test]
fn lost_replies_and_delays() {
    let aws = FakeAws::start(Company::bastion()).unwrap();
    let keys = alice(&aws);
    aws.plan("GetCallerIdentity", 1, Trouble::LoseReply);
    assert_eq!(send(&aws, &identity(&keys)), "");
    assert_eq!(aws.counters().of("GetCallerIdentity").succeeded, 1, "carried out all the same");
    aws.plan("GetCallerIdentity", 1, Trouble::Delay { milliseconds: 60 });
    let started = Instant::now();
    // The delay holds up its own connection only.
    thread::scope(|scope| {
        let slow = scope.spawn(|| send(&aws, &identity(&keys)));
        while aws.counters().of("GetCallerIdentity").succeeded < 2 {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(send(&aws, &identity(&keys)).starts_with("HTTP/1.1 200"));
        assert!(slow.join().unwrap().starts_with("HTTP/1.1 200"));
    });
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[test]
fn the_date_header_tells_the_skew() {
    let aws = FakeAws::start(Company::bastion()).unwrap();
    aws.set(|settings| settings.date_skew_seconds = 86_400);
    let answer = send(&aws, &identity(&alice(&aws)));
    let date = answer.lines().find_map(|line| line.strip_prefix("Date: ")).unwrap();
    let told = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
    let ahead = told.duration_since(Timestamp::now()).as_secs();
    assert!((86_340..=86_400).contains(&ahead), "{date}");
}

#[test]
fn a_restart_keeps_what_was() {
    let aws = FakeAws::start(Company::bastion()).unwrap();
    let keys = alice(&aws);
    aws.advance(Duration::from_secs(3600));
    send(&aws, &identity(&keys));
    let address = aws.endpoint();
    let world = aws.stop();
    assert!(TcpStream::connect(address.replace("http://", "")).is_err(), "nobody listens");
    let again = FakeAws::resume(world, 0).unwrap();
    assert_eq!(again.counters().of("GetCallerIdentity").succeeded, 1);
    assert!(again.now().duration_since(Timestamp::now()).as_secs() >= 3590);
    assert!(send(&again, &identity(&keys)).starts_with("HTTP/1.1 200"));
}
