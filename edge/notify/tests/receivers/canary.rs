//! Receivers that say back everything they were told, in every place where an answer has room: no secret is in what is told of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kagimori_notice::Outcome;

use crate::place::{Place, send};
use crate::server::{Reply, Seen, Server, text};
use crate::smtp::MailServer;

/// Made when the test runs; odd letters, so that its encodings differ from it.
fn canary() -> String {
    format!("kanarienvogel+{}/zwitschert", std::process::id())
}

fn forms(secret: &str) -> Vec<String> {
    let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let parts = secret.split(['+', '/']).filter(|part| part.len() > 6).map(str::to_owned);
    parts
        .chain([secret.to_owned(), encoded, BASE64.encode(secret), BASE64.encode(format!("\0k\0{secret}"))])
        .collect()
}

fn must_not_tell(outcome: &Outcome, secrets: &[String]) {
    let told = format!("{outcome:?}");
    for form in secrets.iter().flat_map(|secret| forms(secret)) {
        assert!(!told.contains(&form), "{form} in {told}");
    }
}

/// Everything of a request, in one line.
fn echo(seen: &Seen) -> String {
    let headers: Vec<_> = seen.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{} {} {} {}", seen.method, seen.target, headers.join(" "), seen.body)
        .replace(['"', '\\', '\n', '\r'], " ")
}

#[test]
fn what_is_said_back_is_not_repeated() {
    let canary = canary();
    let whsec = format!("whsec_{}", BASE64.encode(&canary));
    let bodies: [fn(&str) -> String; 6] = [
        |echo| echo.to_owned(),
        |echo| format!("{{\"ok\":false,\"error\":\"{echo}\"}}"),
        |echo| format!("{{\"ok\":true,\"ts\":\"{echo}\"}}"),
        |echo| format!("{{\"errors\":[{{\"message\":\"{echo}\",\"code\":11}}]}}"),
        |echo| format!("{{\"id\":1,\"issueKey\":\"{echo}\",\"name\":\"{echo}\"}}"),
        |echo| format!("[{{\"id\":1,\"issueKey\":\"{echo}\",\"name\":\"{echo}\",\"status\":{{\"id\":1}}}}]"),
    ];
    let mut asked = 0;
    for channel in [
        "kind = 'slack'\naddress = 'file:url'",
        "kind = 'teams'\naddress = 'file:url'",
        "kind = 'slack-bot'\naddress = 'http://{server}/api'\ntoken = 'file:plain'\nto = 'C1'",
        "kind = 'webhook'\naddress = 'http://{server}/x'\nsecret = 'file:whsec'",
        "kind = 'backlog'\naddress = 'http://{server}'\nkey = 'file:plain'\nproject = 'SEC'",
        "kind = 'backlog'\naddress = 'http://{server}'\nkey = 'file:plain'\nproject = 'SEC'\nissue = 'SEC-1'",
    ] {
        for body in bodies {
            for status in [200, 201, 302, 400, 403, 410, 429, 500] {
                let server = Server::start(move |seen, _| {
                    let echo = echo(seen);
                    Reply::Answer(
                        status,
                        vec![("location", format!("http://127.0.0.1:1/{echo}")), ("x-echo", echo.clone())],
                        body(&echo),
                    )
                });
                let place = Place::new();
                place.secret("plain", &canary);
                place.secret("whsec", &whsec);
                place.secret("url", &format!("http://{}/services/{canary}?sig={canary}", server.authority));
                let outcome =
                    send(&place.notifier(&channel.replace("{server}", &server.authority)), "svc", true);
                must_not_tell(&outcome, &[canary.clone(), whsec.clone()]);
                assert!(!server.seen().is_empty());
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 6 * 6 * 8);
}

#[test]
fn a_mail_server_that_says_the_password_back() {
    let canary = canary();
    let server = MailServer::start("AUTH PLAIN", |line| {
        line.starts_with("AUTH ").then(|| format!("535 5.7.8 {line} is wrong"))
    });
    let place = Place::new();
    place.secret("password", &canary);
    let channel = format!(
        "kind = 'mail'\naddress = 'smtp://127.0.0.1:{}'\ntls = 'none'\nfrom = 'k@example.com'\nto = 's@example.com'\nuser = 'k'\n\
         password = 'file:password'",
        server.port
    );
    let outcome = send(&place.notifier(&channel), "svc", false);
    assert!(format!("{outcome:?}").contains("535"), "{outcome:?}");
    must_not_tell(&outcome, &[canary]);
}

/// Wherever a long sentence is cut, no part of a secret is left.
#[test]
fn a_cut_leaves_no_part() {
    let canary = canary();
    let longest = 420;
    let mut cut = 0;
    for before in (0..longest).step_by(9) {
        let place = Place::new();
        place.secret("plain", &canary);
        let (said, name) = (format!("{}{canary}", "x".repeat(before)), canary.clone());
        let server = Server::start(move |_, _| {
            text(200, &format!("[{{\"id\":1,\"name\":\"{said}\"}},{{\"id\":2,\"name\":\"{name}\"}}]"))
        });
        let channel = "kind = 'backlog'\naddress = 'http://{server}'\nkey = 'file:plain'\nproject = 'SEC'\nissue = 'SEC-1'\ntell = 'ken'";
        let outcome = send(&place.notifier(&channel.replace("{server}", &server.authority)), "svc", false);
        must_not_tell(&outcome, std::slice::from_ref(&canary));
        assert!(format!("{outcome:?}").contains("has no `ken`"), "{outcome:?}");
        let (said, refusing) = (format!("{}{canary}", "x".repeat(before)), canary.clone());
        let server = Server::start(move |_, _| {
            text(401, &format!("{{\"errors\":[{{\"message\":\"{said}{refusing}{refusing}\",\"code\":11}}]}}"))
        });
        let outcome = send(&place.notifier(&channel.replace("{server}", &server.authority)), "svc", false);
        must_not_tell(&outcome, std::slice::from_ref(&canary));
        cut += usize::from(format!("{outcome:?}").contains("xx…\""));
    }
    assert!(cut > 5, "{cut} were cut");
}

/// A secret that is none is not said either: somebody may have put the wrong one there.
#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let canary = canary();
    for channel in [
        "kind = 'slack'\naddress = 'file:wrong'",
        "kind = 'webhook'\naddress = 'http://127.0.0.1:9/x'\nsecret = 'file:wrong'",
    ] {
        for text in [
            canary.clone(),
            format!("{canary}\n{canary}"),
            format!("http://{canary}"),
            format!("https://k:{canary}@127.0.0.1/"),
        ] {
            let place = Place::new();
            place.secret("wrong", &text);
            must_not_tell(&send(&place.notifier(channel), "svc", false), std::slice::from_ref(&canary));
        }
    }
}
