//! `retire` against an IAM of a few lines, whose calls can be refused or late: what is off comes on all the same.

#[cfg(test)]
mod retiring_live {
    use std::collections::BTreeMap;
    use std::fs;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

    use serde_json::{Value, json};

    /// AWS's documented examples.
    const KEYS: [&str; 2] = ["AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"];

    #[derive(Clone)]
    enum Fault {
        Refuse,
        Late(Duration),
        /// Until this file is there.
        UntilThereIs(PathBuf),
    }

    /// Two users with a key each.
    #[derive(Default)]
    struct Iam {
        off: Vec<String>,
        /// By action, or by action and key: `UpdateAccessKey AKIA…`.
        faults: BTreeMap<String, Fault>,
        /// The actions that came.
        came: Vec<String>,
    }

    struct Case {
        directory: PathBuf,
        iam: Arc<Mutex<Iam>>,
        address: String,
    }

    impl Case {
        fn new(name: &str) -> Self {
            let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("retiring-live-{name}"));
            let _ = fs::remove_dir_all(&directory);
            let account = directory.join("snapshots/111122223333");
            fs::create_dir_all(&account).unwrap();
            fs::create_dir(directory.join("trail")).unwrap();
            let settings = "[retire]\nladder = [{ off = \"1h\", wait = \"1h\" }, { off = \"1d\" }]\nnotice = \"1s\"\nhours = \"00:00-24:00\"\n\
                days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\nzone = \"UTC\"\n";
            fs::write(directory.join("kagimori.toml"), settings).unwrap();
            let user = |place: usize| {
                json!({
                    "UserName": format!("svc-{place}"), "UserId": format!("AIDACKCEVSQ6C{place}EXAMPLE"), "Path": "/",
                    "CreateDate": "2020-01-01T00:00:00+00:00", "Arn": format!("arn:aws:iam::111122223333:user/svc-{place}"),
                    "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": [],
                    "Tags": [{ "Key": "Owner", "Value": format!("team-{place}") }],
                })
            };
            let key = |place: usize| {
                json!({
                    "UserName": format!("svc-{place}"), "AccessKeyId": KEYS[place], "Status": "Active", "CreateDate": "2020-01-01T00:00:00+00:00",
                })
            };
            let write = |name: &str, value: Value| fs::write(account.join(name), value.to_string()).unwrap();
            write(
                "authorization-details.json",
                json!({ "UserDetailList": [user(0), user(1)], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false }),
            );
            write("access-keys.json", json!({ "AccessKeyMetadata": [key(0), key(1)] }));
            fs::write(directory.join("trail/one.json"), json!({ "Records": [] }).to_string()).unwrap();
            let iam = Arc::new(Mutex::new(Iam::default()));
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            let shared = Arc::clone(&iam);
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let iam = Arc::clone(&shared);
                    std::thread::spawn(move || serve(&stream, &iam));
                }
            });
            Self { directory, iam, address }
        }

        fn command(&self, words: &[&str]) -> Command {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kagimori"));
            for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
                command.env_remove(name);
            }
            command
                .env("HOME", self.directory.join("home"))
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env("AWS_ENDPOINT_URL", &self.address)
                .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
                .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
                .env("AWS_REGION", "us-east-1")
                .env("AWS_MAX_ATTEMPTS", "1")
                .env("USER", "mika")
                .arg("retire")
                .args(words)
                .arg("--dir")
                .arg(&self.directory);
            command
        }

        fn run(&self, words: &[&str]) -> (i32, String, String) {
            told(&self.command(words).output().unwrap())
        }

        /// Both keys are told of; the next tick switches them off.
        fn begun(&self) {
            let (code, out, err) = self.run(&["start", KEYS[0], KEYS[1], "--yes", "--reason", "because"]);
            assert_eq!(code, 0, "{out} {err}");
            let (code, out, err) = self.run(&["tick"]);
            assert_eq!(code, 0, "{out} {err}");
            std::thread::sleep(Duration::from_millis(1100));
        }

        fn off(&self) {
            self.begun();
            let (code, out, err) = self.run(&["tick"]);
            assert_eq!((code, self.are_off()), (0, vec![true, true]), "{out} {err}");
        }

        fn are_off(&self) -> Vec<bool> {
            let iam = self.iam.lock().unwrap();
            KEYS.iter().map(|key| iam.off.iter().any(|off| off == key)).collect()
        }

        fn fault(&self, call: &str, fault: Fault) {
            self.iam.lock().unwrap().faults.insert(call.to_owned(), fault);
        }
    }

    fn told(output: &Output) -> (i32, String, String) {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    /// However slow the machine is; what never comes is the end of a test in a quarter of an hour.
    fn wait_for(is_there: impl Fn() -> bool) {
        for _ in 0..90_000 {
            if is_there() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it never came");
    }

    fn serve(stream: &TcpStream, iam: &Mutex<Iam>) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        loop {
            let (mut line, mut length) = (String::new(), 0);
            loop {
                line.clear();
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
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            let body = String::from_utf8(body).ok()?;
            let field = |name: &str| {
                let pair =
                    body.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name));
                pair.map(|(_, value)| value.to_owned()).unwrap_or_default()
            };
            let (action, key) = (field("Action"), field("AccessKeyId"));
            let faults = {
                let mut iam = iam.lock().unwrap();
                iam.came.push(action.clone());
                iam.faults.clone()
            };
            let fault = faults.get(&action).or_else(|| faults.get(&format!("{action} {key}")));
            let (status, text) = match fault {
                Some(Fault::Refuse) => (
                    403,
                    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>".to_owned(),
                ),
                other => {
                    match other {
                        Some(Fault::Late(by)) => std::thread::sleep(*by),
                        Some(Fault::UntilThereIs(path)) => wait_for(|| path.exists()),
                        _ => {}
                    }
                    let result = answer(&action, &key, &field("UserName"), &field("Status"), iam);
                    (200, format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"))
                }
            };
            let mut stream = stream;
            write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n{text}",
                text.len()
            )
            .ok()?;
        }
    }

    fn answer(action: &str, key: &str, user: &str, status: &str, iam: &Mutex<Iam>) -> String {
        let mut iam = iam.lock().unwrap();
        match action {
            "GetCallerIdentity" => {
                "<Arn>arn:aws:iam::111122223333:user/ops</Arn><UserId>AIDAOPS</UserId><Account>111122223333</Account>".to_owned()
            }
            "UpdateAccessKey" => {
                iam.off.retain(|off| off != key);
                if status == "Inactive" {
                    iam.off.push(key.to_owned());
                }
                String::new()
            }
            "ListAccessKeys" => {
                let key = KEYS[usize::from(user == "svc-1")];
                let status = if iam.off.iter().any(|off| off == key) { "Inactive" } else { "Active" };
                format!(
                    "<AccessKeyMetadata><member><UserName>{user}</UserName><AccessKeyId>{key}</AccessKeyId><Status>{status}</Status>\
                     <CreateDate>2020-01-01T00:00:00Z</CreateDate></member></AccessKeyMetadata><IsTruncated>false</IsTruncated>"
                )
            }
            "ListUserTags" => "<Tags/><IsTruncated>false</IsTruncated>".to_owned(),
            "ListAccountAliases" => "<AccountAliases/><IsTruncated>false</IsTruncated>".to_owned(),
            "GetUser" => format!(
                "<User><Path>/</Path><UserName>{user}</UserName><UserId>AIDACKCEVSQ6C{}EXAMPLE</UserId>\
                 <Arn>arn:aws:iam::111122223333:user/{user}</Arn><CreateDate>2020-01-01T00:00:00Z</CreateDate></User>",
                user.trim_start_matches("svc-")
            ),
            _ => String::new(),
        }
    }

    #[test]
    fn what_cannot_be_looked_at_comes_on() {
        for call in ["ListAccessKeys", "ListAccountAliases"] {
            let case = Case::new(call);
            case.off();
            case.fault(call, Fault::Refuse);
            let (code, out, err) = case.run(&["panic"]);
            assert_eq!((code, case.are_off()), (0, vec![false, false]), "{call}: {out} {err}");
            if call == "ListAccessKeys" {
                assert_eq!(err.matches("switched on without a look at it").count(), 2, "{err}");
            }
        }
        // Without leave to switch on nothing is told to be on.
        let case = Case::new("refused");
        case.off();
        case.fault("UpdateAccessKey", Fault::Refuse);
        let (code, out, err) = case.run(&["panic"]);
        assert_eq!((code, case.are_off()), (2, vec![true, true]), "{out} {err}");
        by_hand(&case, &err);
    }

    /// The whole command for each.
    fn by_hand(case: &Case, err: &str) {
        for (user, key) in ["svc-0", "svc-1"].into_iter().zip(KEYS) {
            let command = format!(
                "with credentials of 111122223333: aws iam update-access-key --user-name {user} --access-key-id {key} --status Active"
            );
            assert!(err.contains(&command), "{}: {err}", case.directory.display());
        }
    }

    #[test]
    fn a_journal_that_cannot_be_written_names_what_is_off() {
        let case = Case::new("unwritable");
        case.off();
        // A folder in place of the lock: nobody, not even root, can take the journal.
        let lock = case.directory.join("journal.db-lock");
        fs::remove_file(&lock).unwrap();
        fs::create_dir(&lock).unwrap();
        let (code, out, err) = case.run(&["panic"]);
        assert_eq!((code, case.are_off()), (2, vec![true, true]), "{out} {err}");
        by_hand(&case, &err);
        let (code, _, err) = case.run(&["stop", KEYS[1]]);
        assert!(
            code == 2 && err.contains("--user-name svc-1") && !err.contains("--user-name svc-0"),
            "{err}"
        );
    }

    #[test]
    fn a_key_that_hangs_does_not_keep_others_off() {
        let case = Case::new("hang");
        case.off();
        case.fault(&format!("UpdateAccessKey {}", KEYS[0]), Fault::Late(Duration::from_secs(300)));
        let begun = Instant::now();
        let (code, out, err) = case.run(&["panic"]);
        assert_eq!((code, case.are_off()), (2, vec![true, false]), "{out} {err}");
        assert!(begun.elapsed() < Duration::from_secs(290), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_panic_beside_a_tick_ends_with_everything_on() {
        let case = Case::new("beside");
        case.begun();
        // The tick is within a look when the panic comes, and its answer comes when the panic has left word.
        case.fault("ListUserTags", Fault::UntilThereIs(case.directory.join("retire-panic")));
        case.iam.lock().unwrap().came.clear();
        let mut tick = case.command(&["tick"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        wait_for(|| case.iam.lock().unwrap().came.iter().any(|action| action == "ListUserTags"));
        let (code, out, err) = case.run(&["panic"]);
        assert!(err.contains("it was told to switch nothing off"), "{err}");
        assert_eq!((code, case.are_off()), (0, vec![false, false]), "{out} {err}");
        assert_eq!(tick.wait().unwrap().code(), Some(2), "the tick says that it was kept from going on");
        assert!(!case.directory.join("retire-panic").exists());
        // As long as a panic is asked for nothing goes off.
        let case = Case::new("asked");
        case.begun();
        fs::write(case.directory.join("retire-panic"), "mika@host\n").unwrap();
        let (code, out, err) = case.run(&["tick"]);
        assert_eq!((code, case.are_off()), (2, vec![false, false]), "{out} {err}");
        assert!(err.contains("mika@host wants everything on"), "{err}");
    }
}
