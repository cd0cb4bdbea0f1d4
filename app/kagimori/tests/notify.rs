//! `kagimori notify` against a receiver on the loopback: tested, delivered, killed at each point, closed and opened; `scripts/check-notify`
//! has real mail servers and the reference implementation of the signatures.

#[cfg(test)]
mod notify {
    use std::fs;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Output, Stdio};
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

    use jiff::Timestamp;
    use kagimori_journal::{Append, Held, Holder, Journal, Message, Outbox};
    use serde_json::Value;

    /// Made at test time, in the form of the standard.
    fn secret() -> String {
        use base64::Engine as _;
        let bytes = format!("canary {:>20} of notify", std::process::id());
        format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(bytes))
    }

    /// What a receiver does with a letter.
    #[derive(Clone, Copy)]
    enum Does {
        Answers(u16),
        /// Kills the sender when it has connected, when it has sent, or when it was answered.
        Kills(Moment),
        /// Says nothing for so many seconds.
        Waits(u64),
    }

    #[derive(Clone, Copy, PartialEq)]
    enum Moment {
        Connected,
        Sent,
        Answered,
    }

    struct Receiver {
        authority: String,
        does: Arc<Mutex<Does>>,
        victim: Arc<Mutex<Option<Child>>>,
        ids: Arc<Mutex<Vec<String>>>,
    }

    impl Receiver {
        fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let it = Self {
                authority: listener.local_addr().unwrap().to_string(),
                does: Arc::new(Mutex::new(Does::Answers(200))),
                victim: Arc::default(),
                ids: Arc::default(),
            };
            let (does, victim, ids) = (Arc::clone(&it.does), Arc::clone(&it.victim), Arc::clone(&it.ids));
            std::thread::spawn(move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let does = *does.lock().unwrap();
                    serve(stream, does, &victim, &ids);
                }
            });
            it
        }

        fn does(&self, does: Does) {
            *self.does.lock().unwrap() = does;
        }

        fn ids(&self) -> Vec<String> {
            self.ids.lock().unwrap().clone()
        }
    }

    fn serve(mut stream: TcpStream, does: Does, victim: &Mutex<Option<Child>>, ids: &Mutex<Vec<String>>) {
        let kill = |at: Moment| {
            if matches!(does, Does::Kills(moment) if moment == at) {
                // Whoever started it puts it here a moment later.
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_secs(600) {
                    if let Some(child) = victim.lock().unwrap().as_mut() {
                        child.kill().unwrap();
                        child.wait().unwrap();
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        };
        kill(Moment::Connected);
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut length, mut id, mut everything) = (0, None, String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            everything.push_str(line.trim_end());
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap(),
                Some(("webhook-id", value)) => id = Some(value.to_owned()),
                Some(_) => {}
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        ids.lock().unwrap().extend(id);
        kill(Moment::Sent);
        let status = match does {
            Does::Answers(status) => status,
            Does::Kills(_) => 200,
            Does::Waits(seconds) => {
                std::thread::sleep(Duration::from_secs(seconds));
                200
            }
        };
        let said = format!(
            "HTTP/1.1 {status} S\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{everything}",
            everything.len()
        );
        let _ = stream.write_all(said.as_bytes());
        drop(stream);
        kill(Moment::Answered);
    }

    struct Place {
        folder: PathBuf,
        receiver: Receiver,
    }

    impl Place {
        /// A directory with the channels `sre` and `other`, and letters to `sre`.
        fn new(name: &str, letters: usize) -> Self {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("notify-{name}"));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            let receiver = Receiver::start();
            let channels: String = ["sre", "other"]
                .map(|name| {
                    let address = &receiver.authority;
                    format!("[channels.{name}]\nkind = 'webhook'\naddress = 'http://{address}/{name}'\nsecret = 'env:HOOK'\n\n")
                })
                .concat();
            fs::write(folder.join("kagimori.toml"), channels).unwrap();
            let place = Self { folder, receiver };
            place.write(&vec!["sre"; letters]);
            place
        }

        fn path(&self) -> PathBuf {
            Journal::path_in(&self.folder)
        }

        fn write(&self, channels: &[&str]) {
            if channels.is_empty() {
                return;
            }
            let mut held = self.held();
            for (number, channel) in channels.iter().enumerate() {
                let body = format!(
                    "{{\"schema\":\"kagimori.notice\",\"version\":1,\"kind\":\"retire.off\",\"key\":\"svc-{number}\"}}"
                );
                let entry = format!("{{\"at\":\"2026-11-30T00:00:00Z\",\"number\":{number}}}");
                let messages = [Message { channel, body: &body }];
                let append = Append { entry: entry.as_bytes(), documents: &[], messages: &messages };
                held.append(&append, Timestamp::now()).unwrap();
            }
        }

        fn held(&self) -> Held {
            let holder = Holder { name: "mika".to_owned(), host: "desk-1".to_owned() };
            Held::take(&self.path(), holder, Timestamp::now()).unwrap()
        }

        fn command(&self, words: &[&str]) -> Command {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kagimori"));
            command.arg("notify").args(words).arg("--dir").arg(&self.folder);
            command
                .env("NO_COLOR", "1")
                .env("HOOK", secret())
                .env("ALL_PROXY", "http://127.0.0.1:9")
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command
        }

        fn run(&self, words: &[&str]) -> (i32, String, String) {
            told(&self.command(words).output().unwrap())
        }

        fn json(&self, words: &[&str]) -> (i32, Value) {
            let (code, out, err) = self.run(&[words, &["--format", "json"]].concat());
            (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out} {err}")))
        }

        /// As if the end of its claim were past.
        fn time_passes(&self) {
            let mut outbox = Outbox::open(&self.path()).unwrap();
            for letter in outbox.waiting().unwrap() {
                outbox.unsent(letter.id, "time passed", Some(Timestamp::now())).unwrap();
            }
        }
    }

    fn told(output: &Output) -> (i32, String, String) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    fn standings(delivered: &Value) -> Vec<&str> {
        delivered["letters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|letter| letter["standing"].as_str().unwrap())
            .collect()
    }

    #[test]
    fn letters_are_delivered_once() {
        let place = Place::new("once", 3);
        let (code, status) = place.json(&["status"]);
        assert_eq!((code, status["letters"].as_array().unwrap().len()), (0, 3));
        assert_eq!(status["channels"][1]["waiting"], 3);
        let (code, delivered) = place.json(&["deliver"]);
        assert_eq!((code, standings(&delivered)), (0, vec!["sent"; 3]));
        let ids: Vec<&str> = delivered["letters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|letter| letter["id"].as_str().unwrap())
            .collect();
        assert_eq!(place.receiver.ids(), ids);
        let (code, out, _) = place.run(&["deliver"]);
        assert_eq!((code, out.as_str()), (0, "nothing is due\n"));
        let (code, out, _) = place.run(&["status"]);
        assert!(code == 0 && out.contains("no letter waits"), "{out}");
        assert_eq!(place.receiver.ids().len(), 3);
        Journal::open(&place.path()).unwrap().verify(None).unwrap();
    }

    #[test]
    fn a_test_says_whether_the_channel_is_right() {
        let place = Place::new("test", 0);
        let (code, out, _) = place.run(&["test", "sre"]);
        assert!(code == 0 && out.contains("took the test"), "{out}");
        let (code, answer) = place.json(&["test", "sre", "--dry-run"]);
        assert_eq!(
            (code, &answer["payload"]["type"], &answer["taken"]),
            (0, &Value::from("test"), &Value::Null)
        );
        let (code, _, err) = place.run(&["test", "srx"]);
        assert!(
            code == 2 && err.contains("no channel `srx`") && err.contains("did you mean `sre`?"),
            "{err}"
        );
        place.receiver.does(Does::Answers(401));
        let (code, _, err) = place.run(&["test", "sre"]);
        assert!(code == 2 && err.contains("it answered HTTP 401") && err.contains("hint"), "{err}");
        let output = place.command(&["test", "sre"]).env_remove("HOOK").output().unwrap();
        let (code, _, err) = told(&output);
        assert!(code == 2 && err.contains("`env:HOOK` is not set"), "{err}");
        assert_eq!(place.receiver.ids().len(), 2);
        assert!(!place.path().exists(), "a test writes nothing");
    }

    #[test]
    fn a_literal_secret_is_refused_by_every_command() {
        let place = Place::new("literal", 0);
        let secret = secret();
        fs::write(
            place.folder.join("kagimori.toml"),
            format!("[channels.sre]\nkind = 'webhook'\naddress = 'https://x.example'\nsecret = '{secret}'\n"),
        )
        .unwrap();
        for words in [&["status"][..], &["deliver"], &["test", "sre"]] {
            let (code, out, err) = place.run(words);
            assert!(
                code == 2 && err.contains("has a secret in `secret`") && err.contains("env:NAME"),
                "{err}"
            );
            assert!(!out.contains(&secret) && !err.contains(&secret));
        }
    }

    /// Killed when the receiver was connected to, when it had the letter, and when it had answered: nothing is lost, and whoever gets a
    /// letter twice sees that it is the same.
    #[test]
    fn a_killed_delivery_loses_nothing() {
        for moment in [Moment::Connected, Moment::Sent, Moment::Answered] {
            let place = Place::new("killed", 2);
            place.receiver.does(Does::Kills(moment));
            let child = place.command(&["deliver"]).spawn().unwrap();
            *place.receiver.victim.lock().unwrap() = Some(child);
            let begun = Instant::now();
            while place.receiver.victim.lock().unwrap().as_mut().unwrap().try_wait().unwrap().is_none() {
                assert!(begun.elapsed() < Duration::from_secs(600), "it was not killed");
                std::thread::sleep(Duration::from_millis(5));
            }
            let before = place.receiver.ids();
            place.receiver.does(Does::Answers(200));
            let waiting = Journal::open(&place.path()).unwrap().waiting().unwrap();
            assert!(!waiting.is_empty(), "a letter was lost");
            if moment != Moment::Answered {
                assert_eq!((waiting.len(), waiting[0].attempts, waiting[0].error.as_deref()), (2, 1, None));
                let (_, status) = place.json(&["status"]);
                assert!(status["letters"][0]["tried"].is_string());
                let (_, delivered) = place.json(&["deliver"]);
                assert_eq!(standings(&delivered), ["sent"], "the other one; the first may be under way");
            }
            place.time_passes();
            let (code, _) = place.json(&["deliver"]);
            assert_eq!(code, 0);
            assert!(Journal::open(&place.path()).unwrap().waiting().unwrap().is_empty());
            let mut all = place.receiver.ids();
            assert!(all.starts_with(&before));
            all.sort();
            all.dedup();
            assert_eq!(all.len(), 2, "two letters, whatever came twice");
            Journal::open(&place.path()).unwrap().verify(None).unwrap();
        }
    }

    #[test]
    fn who_acts_waits_for_no_receiver() {
        let place = Place::new("slow", 2);
        place.receiver.does(Does::Waits(600));
        // Its letter is with the receiver as long as we like.
        let mut child = place.command(&["deliver", "--within", "300", "--each", "300"]).spawn().unwrap();
        while place.receiver.ids().is_empty() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before its letter was there");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut held = place.held();
        held.append(&Append { entry: b"meanwhile", documents: &[], messages: &[] }, Timestamp::now())
            .unwrap();
        assert!(child.try_wait().unwrap().is_none(), "it was delivering meanwhile");
        child.kill().unwrap();
        child.wait().unwrap();
        // Who holds the journal is not in the way of letters, and a receiver that does not answer ends with the letter's time.
        place.time_passes();
        let (code, out, err) = place.run(&["deliver", "--each", "1"]);
        assert!(
            code == 1 && out.contains("no answer in time") && out.contains("another letter of its channel"),
            "{out} {err}"
        );
        drop(held);
        assert_eq!(Journal::open(&place.path()).unwrap().verify(None).unwrap().head.size, 3);
    }

    #[test]
    fn a_channel_that_is_gone_is_closed_until_a_test_opens_it() {
        let place = Place::new("gone", 2);
        place.write(&["other", "nobody"]);
        place.receiver.does(Does::Answers(410));
        let (code, delivered) = place.json(&["deliver"]);
        assert_eq!((code, standings(&delivered)), (1, vec!["again", "left", "again", "again"]));
        let asked = place.receiver.ids().len();
        let (code, delivered) = place.json(&["deliver", "--all"]);
        assert_eq!((code, standings(&delivered)), (1, vec!["left", "left", "left", "again"]));
        assert_eq!(place.receiver.ids().len(), asked, "nobody asks who wants no more");
        let (code, out, _) = place.run(&["status"]);
        assert!(
            code == 1 && out.contains("closed since") && out.contains("kagimori notify test sre"),
            "{out}"
        );
        assert!(out.contains("kagimori.toml has no channel `nobody`"), "{out}");
        place.receiver.does(Does::Answers(200));
        let (code, out, _) = place.run(&["test", "sre"]);
        assert!(code == 0 && out.contains("it is open again"), "{out}");
        let (_, delivered) = place.json(&["deliver", "--all"]);
        assert_eq!(standings(&delivered), ["sent", "sent", "left", "again"]);
    }

    /// The receiver says back all it was told.
    #[test]
    fn no_secret_is_printed_or_kept() {
        let place = Place::new("canary", 2);
        let secret = secret();
        let bare = secret.trim_start_matches("whsec_").to_owned();
        for status in [200, 302, 400, 410, 500] {
            place.receiver.does(Does::Answers(status));
            for words in
                [&["test", "sre"][..], &["test", "sre", "--dry-run"], &["deliver", "--all"], &["status"]]
            {
                for format in ["human", "json"] {
                    let (_, out, err) = place.run(&[words, &["--format", format]].concat());
                    assert!(!out.contains(&bare) && !err.contains(&bare), "{words:?} {out} {err}");
                }
            }
        }
        let mut looked = 0;
        for file in fs::read_dir(&place.folder).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(bare.len()).any(|window| window == bare.as_bytes()));
            looked += 1;
        }
        assert!(looked >= 3, "{looked} files");
    }

    /// Every table of the book is read; each kind has one.
    #[test]
    fn the_examples_of_the_book_work() {
        let book = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/notifying.md"))
            .unwrap();
        let examples: String = book
            .split("```toml\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap())
            .collect::<Vec<_>>()
            .join("\n");
        let place = Place::new("book", 0);
        fs::write(place.folder.join("kagimori.toml"), &examples).unwrap();
        let (code, status) = place.json(&["status"]);
        let mut kinds: Vec<&str> = status["channels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|channel| channel["kind"].as_str().unwrap())
            .collect();
        kinds.sort_unstable();
        assert_eq!(
            (code, kinds),
            (0, vec!["backlog", "mail", "mail", "slack", "slack-bot", "teams", "webhook"])
        );
        for channel in status["channels"].as_array().unwrap() {
            let name = channel["name"].as_str().unwrap();
            let (code, out, _) = place.run(&["test", name, "--dry-run"]);
            assert!(code == 0 && out.contains("Kagimori"), "{name}: {out}");
        }
        let uncommented = examples.replace("# issue = ", "issue = ");
        assert_ne!(uncommented, examples);
        fs::write(place.folder.join("kagimori.toml"), uncommented).unwrap();
        assert_eq!(place.run(&["status"]).0, 0);
    }

    #[test]
    fn without_channels_and_journal_it_says_so() {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("notify-empty");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let place = Place { folder, receiver: Receiver::start() };
        let (code, out, _) = place.run(&["status"]);
        assert_eq!((code, out.as_str()), (0, "kagimori.toml has no channels\nno letter waits\n"));
        let (code, out, _) = place.run(&["deliver"]);
        assert_eq!((code, out.as_str()), (0, "nothing is due\n"));
        let (code, _, err) = place.run(&["test", "sre"]);
        assert!(code == 2 && err.contains("[channels.NAME]"), "{err}");
        assert!(!place.path().exists());
    }
}
