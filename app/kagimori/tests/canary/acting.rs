//! What changes accounts, `apply`, `undo` and `retire`, with secrets for credentials, and an AWS that repeats what it is sent: no
//! word and no file tells a secret, and what is written is for its owner alone, whatever the umask.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::credentials::{Place, program};
use super::secret::Secrets;
use super::seek::{Pieces, files};

const ACCOUNT: &str = "111122223333";
/// Of AWS's documentation.
const KEY: &str = "AKIAI44QH8DHBEXAMPLE";

/// An IAM with one user and its key.
#[derive(Default)]
struct Iam {
    is_off: bool,
    /// Refuses everything, and says in the message all that it was sent.
    repeats: bool,
    changes: u32,
}

/// Starts it on the loopback; returns its address.
fn start(iam: &Arc<Mutex<Iam>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let iam = Arc::clone(iam);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let iam = Arc::clone(&iam);
            std::thread::spawn(move || serve(&stream, &iam));
        }
    });
    address
}

fn serve(mut stream: &TcpStream, iam: &Mutex<Iam>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
            if line.trim().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body = String::from_utf8(body).ok()?;
        let (status, text) = answer(&head, &body, &mut iam.lock().unwrap());
        let length = text.len();
        write!(
            stream,
            "HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\n\r\n{text}"
        )
        .ok()?;
    }
}

fn answer(head: &str, body: &str, iam: &mut Iam) -> (u16, String) {
    if iam.repeats {
        let sent = format!("{head}{body}").replace('&', "&amp;").replace('<', "&lt;");
        let message = format!("The request signature we calculated does not match. The request was '{sent}'");
        let error =
            format!("<Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>{message}</Message>");
        return (403, format!("<ErrorResponse><Error>{error}</Error></ErrorResponse>"));
    }
    let field = |name: &str| {
        let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    };
    let status = if iam.is_off { "Inactive" } else { "Active" };
    let result = match field("Action") {
        "GetCallerIdentity" => format!(
            "<Arn>arn:aws:iam::{ACCOUNT}:user/ops</Arn><UserId>AIDAOPS</UserId><Account>{ACCOUNT}</Account>"
        ),
        "UpdateAccessKey" => {
            iam.changes += 1;
            iam.is_off = field("Status") == "Inactive";
            String::new()
        }
        "ListAccessKeys" => format!(
            "<AccessKeyMetadata><member><UserName>svc</UserName><AccessKeyId>{KEY}</AccessKeyId><Status>{status}</Status>\
             <CreateDate>2020-01-01T00:00:00Z</CreateDate></member></AccessKeyMetadata><IsTruncated>false</IsTruncated>"
        ),
        "ListUserTags" => "<Tags/><IsTruncated>false</IsTruncated>".to_owned(),
        "ListAccountAliases" => "<AccountAliases/><IsTruncated>false</IsTruncated>".to_owned(),
        "GetUser" => format!(
            "<User><Path>/</Path><UserName>svc</UserName><UserId>AIDACKCEVSQ6C2EXAMPLE</UserId>\
             <Arn>arn:aws:iam::{ACCOUNT}:user/svc</Arn><CreateDate>2020-01-01T00:00:00Z</CreateDate></User>"
        ),
        _ => String::new(),
    };
    let action = field("Action");
    (200, format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"))
}

/// A directory with the key, and what a ladder needs.
fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("canary-acting-{name}"));
    let _ = fs::remove_dir_all(&directory);
    let account = directory.join("snapshots").join(ACCOUNT);
    fs::create_dir_all(&account).unwrap();
    fs::create_dir(directory.join("trail")).unwrap();
    let settings = "[retire]\nladder = [{ off = \"1h\", wait = \"1h\" }, { off = \"1d\" }]\nnotice = \"1s\"\nhours = \"00:00-24:00\"\n\
        days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\nzone = \"UTC\"\n";
    let made = "2020-01-01T00:00:00+00:00";
    let user = json!({
        "UserName": "svc", "UserId": "AIDACKCEVSQ6C2EXAMPLE", "Path": "/", "CreateDate": made, "Arn": format!("arn:aws:iam::{ACCOUNT}:user/svc"),
        "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": [], "Tags": [{ "Key": "Owner", "Value": "team" }],
    });
    let details = json!({ "UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false });
    let keys = json!({ "AccessKeyMetadata": [{ "UserName": "svc", "AccessKeyId": KEY, "Status": "Active", "CreateDate": made }] });
    let write = |name: &Path, text: String| fs::write(name, text).unwrap();
    write(&directory.join("kagimori.toml"), settings.to_owned());
    write(&account.join("authorization-details.json"), details.to_string());
    write(&account.join("access-keys.json"), keys.to_string());
    write(&directory.join("trail/one.json"), json!({ "Records": [] }).to_string());
    directory
}

/// A command under a umask that leaves everything open.
fn open_to_all(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(command.get_program());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

fn plan_of(directory: &Path) -> String {
    let plan = fs::read_dir(directory.join("plans")).unwrap().next().unwrap().unwrap().path();
    plan.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// What others may read of what was written.
fn open_files(folder: &Path, given: &[&str], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if given.iter().any(|given| path.ends_with(given)) {
            continue;
        }
        let mode = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777;
        let right = if path.is_dir() { 0o700 } else { 0o600 };
        if mode != right {
            found.push(format!("{}: {mode:o}", path.display()));
        }
        if path.is_dir() {
            open_files(&path, given, found);
        }
    }
}

#[test]
fn what_changes_accounts_tells_no_secret() {
    let secrets = Secrets::make();
    let pieces = Pieces::of(&secrets);
    let mut found = Vec::new();
    for (place, repeats) in [
        (Place::Variables, false),
        (Place::Process, false),
        (Place::Variables, true),
        (Place::File, true),
        (Place::Process, true),
    ] {
        let at = directory(&format!("{place:?}-{repeats}"));
        let iam = Arc::new(Mutex::new(Iam::default()));
        let endpoint = start(&iam);
        let mut ask = |words: &[&str]| {
            let mut command = open_to_all(&program(&endpoint, &at, &secrets, place));
            command.args(words).arg("--dir").arg(&at).env("AWS_MAX_ATTEMPTS", "1").env("USER", "mika");
            let output = command.output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!told.contains("Usage:") && !told.contains("panicked"), "{words:?}: {told}");
            for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
                let hits = pieces.find(bytes).into_iter();
                found.extend(hits.map(|hit| format!("{place:?} {words:?} {stream}: {hit}")));
            }
            (output.status.code().unwrap(), told)
        };
        let (code, told) = ask(&["whatif", "--key-off", KEY, "--save"]);
        assert!(code < 4, "{told}");
        let plan = plan_of(&at);
        iam.lock().unwrap().repeats = repeats;
        let right = if repeats { 2 } else { 0 };
        for words in
            [&["apply", &plan, "--dry-run", "--format", "json"][..], &["apply", &plan], &["undo", &plan]]
        {
            let (code, told) = ask(words);
            assert_eq!(code, right, "{place:?} {words:?}: {told}");
        }
        let (code, told) = ask(&["retire", "start", KEY, "--yes", "--reason", "because"]);
        assert_eq!(code, 0, "{told}");
        ask(&["retire", "tick"]);
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        ask(&["retire", "tick", "--format", "json"]);
        let changes = iam.lock().unwrap().changes;
        assert!(if repeats { changes == 0 } else { changes > 2 }, "{place:?}: {changes} changes");
        let page = at.join("retire.html").display().to_string();
        for words in [
            &["plan", "show", &plan][..],
            &["plan", "list", "--format", "json"],
            &["retire", "status", "--page", &page],
            &["retire", "panic"],
            &["retire", "stop", KEY],
            &["journal", "verify"],
            &["journal", "show", "--format", "json"],
            &["journal", "show"],
        ] {
            ask(words);
        }
        assert!(
            !iam.lock().unwrap().is_off && at.join("journal.db").exists() && at.join("retire.html").exists()
        );
        let mut looked_at = 0;
        files(&at, &mut |path, bytes| {
            looked_at += 1;
            found.extend(pieces.find(bytes).into_iter().map(|hit| format!("{}: {hit}", path.display())));
        });
        assert!(looked_at > 10, "{looked_at}");
        open_files(&at, &["snapshots", "trail", "kagimori.toml"], &mut found);
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "KAGIMORI_CANARY={}:\n{}", secrets.seed, found.join("\n"));
}

#[test]
fn an_answer_that_repeats_what_it_was_sent_holds_the_secret() {
    let secrets = Secrets::make();
    let mut iam = Iam { repeats: true, ..Iam::default() };
    let head = format!("POST / HTTP/1.1\r\nx-amz-security-token: {}\r\n", secrets.word);
    let (_, text) = answer(&head, "Action=GetUser", &mut iam);
    assert!(!Pieces::of(&secrets).find(text.as_bytes()).is_empty());
}
