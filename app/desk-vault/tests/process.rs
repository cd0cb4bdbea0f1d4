//! The program itself: what it makes, says and refuses.

#[cfg(test)]
mod process {
    use std::fs;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixStream;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Output, Stdio};

    use kagimori_ledger::{CosigningKey, SigningKey};
    use kagimori_sealing::protocol::{Answer, Call, VERSION, framed};

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("kagimori-vault-process-{}-{name}", std::process::id()));
            drop(fs::remove_dir_all(&folder));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn program(folder: &Path, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kagimori-desk-vault"));
        command.args(line.split(' ')).current_dir(folder).stdin(Stdio::null());
        command
    }

    fn ran(folder: &Path, line: &str) -> Output {
        program(folder, line).output().unwrap()
    }

    fn said(output: &Output) -> String {
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    /// What runs ends with the test, whatever becomes of it.
    struct Running(Child);

    impl Drop for Running {
        fn drop(&mut self) {
            drop(self.0.kill());
            drop(self.0.wait());
        }
    }

    fn ask(socket: &Path, call: &Call) -> Answer {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.write_all(&framed(call).unwrap()).unwrap();
        let mut head = [0; 4];
        stream.read_exact(&mut head).unwrap();
        let mut bytes = vec![0; u32::from_be_bytes(head) as usize];
        stream.read_exact(&mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn it_is_set_up_listens_behind_its_walls_and_goes_on_after_a_kill() {
        let folder = Folder::new("run");
        let made = ran(&folder.0, "init --dir vault --host-key host.key");
        assert!(made.status.success(), "{}", said(&made));
        for name in ["vault", "host.key"] {
            assert_eq!(fs::metadata(folder.0.join(name)).unwrap().permissions().mode() & 0o077, 0, "{name}");
        }
        assert!(
            !ran(&folder.0, "init --dir vault --host-key host.key").status.success(),
            "no key is written over"
        );
        let log = SigningKey::from_seed("log.example", &[1; 32]).unwrap();
        let witness = CosigningKey::from_seed("w.example", &[2; 32]).unwrap();
        let trust = format!("log {}\nwitness w {}\nquorum w\n", log.public(), witness.public());
        fs::write(folder.0.join("trust"), trust).unwrap();
        let line =
            "run --dir vault --host-key host.key --socket s --trust trust --origin https://desk.example";
        for _ in 0..2 {
            let mut running = Running(program(&folder.0, line).stderr(Stdio::piped()).spawn().unwrap());
            let lines = BufReader::new(running.0.stderr.take().unwrap()).lines();
            let told: Vec<String> =
                lines.map_while(Result::ok).take_while(|line| line != "listening").collect();
            let Answer::Hello(standing) = ask(&folder.0.join("s"), &Call::Hello { version: VERSION }) else {
                panic!()
            };
            assert_eq!(standing.warnings.len(), told.len(), "what is missing is told to both: {told:?}");
            let second = ran(&folder.0, &line.replace("--socket s", "--socket other"));
            assert!(said(&second).contains("in use by another vault"), "{}", said(&second));
            // Who connects and is silent is in nobody's way.
            let _silent = UnixStream::connect(folder.0.join("s")).unwrap();
            let Answer::Refused(_) =
                ask(&folder.0.join("s"), &Call::Follow { from: 0, leaves: vec!["e30=".to_owned()] })
            else {
                panic!()
            };
        }
    }

    #[test]
    fn what_the_walls_forbid_is_refused_or_the_missing_wall_is_told() {
        let folder = Folder::new("walls");
        let tried = ran(&folder.0, "walls --dir vault");
        let told = said(&tried);
        assert!(tried.status.success() || told.contains("a wall is missing"), "{told}");
    }

    #[test]
    fn what_is_wrong_is_told_with_what_to_do() {
        let folder = Folder::new("wrong");
        fs::write(folder.0.join("short.key"), "abcd").unwrap();
        fs::write(folder.0.join("trust"), "log x\n").unwrap();
        fs::write(folder.0.join("seed.json"), "{}").unwrap();
        for (line, expected) in [
            ("serve", "is no command"),
            ("run --dir v --host-key none --socket s --trust trust --origin https://d", "cannot be read"),
            (
                "run --dir v --host-key short.key --socket s --trust trust --origin https://d",
                "64 hexadecimal digits",
            ),
            ("offline --seed none --dir v", "cannot be read"),
            ("offline --seed seed.json --dir v", "no sealed seed"),
            ("offline --seed seed.json --key short.key --dir v", "AGE-SECRET-KEY-1"),
        ] {
            let output = ran(&folder.0, line);
            assert_eq!(output.status.code(), Some(2), "{line}");
            assert!(output.stdout.is_empty(), "{line}");
            let told = said(&output);
            assert!(told.contains(expected) && told.contains("hint: "), "{line}: {told}");
        }
        assert!(said(&ran(&folder.0, "--help")).contains("Usage:"));
        assert!(said(&ran(&folder.0, "--version")).starts_with("kagimori-desk-vault "));
    }
}
