//! Secrets, fetched from where the settings say, for one letter; and what is told, without them.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kagimori_notice::{Address, Outcome, Reference, tamed};
use secrecy::{ExposeSecret, SecretString};
use zeroize::{Zeroize, Zeroizing};

use crate::Unsent;
use crate::deadline::Deadline;

/// Tokens, addresses and keys are short; a file of many megabytes is another one.
const MOST_BYTES: u64 = 64 * 1024;
/// Shorter ones are no secrets, and would take letters out of every message.
const SECRET_LEAST: usize = 4;
/// The longest reason, in characters.
const WHY_MOST: usize = 300;

/// The secrets of one letter.
#[derive(Debug)]
pub(crate) struct Secrets<'a> {
    directory: &'a Path,
    deadline: Deadline,
    /// In every form in which somebody may say them.
    forms: Vec<SecretString>,
}

/// The secret behind a reference of other settings than a channel's: paths are seen from a folder, and a command may take so long.
///
/// # Errors
/// A sentence, without the secret.
pub fn secret(reference: &Reference, directory: &Path, limit: Duration) -> Result<SecretString, String> {
    let mut secrets = Secrets::new(directory, Deadline::after(limit));
    secrets.get(reference).map_err(|unsent| unsent.why)
}

impl<'a> Secrets<'a> {
    pub(crate) fn new(directory: &'a Path, deadline: Deadline) -> Self {
        Self { directory, deadline, forms: Vec::new() }
    }

    /// The secret behind a reference.
    pub(crate) fn get(&mut self, reference: &Reference) -> Result<SecretString, Unsent> {
        let told = |why: String| Unsent::channel(format!("`{reference}` {why}"));
        let mut text = match reference {
            Reference::Env(name) => {
                Zeroizing::new(std::env::var(name).map_err(|_| told("is not set".to_owned()))?)
            }
            Reference::File(path) => self.file(path).map_err(told)?,
            Reference::Exec(words) => printed(words, self.deadline).map_err(|why| told(why.to_owned()))?,
            _ => return Err(told("is of a kind that this program does not know".to_owned())),
        };
        let secret = SecretString::from(text.trim());
        text.zeroize();
        let exposed = secret.expose_secret();
        if exposed.is_empty() {
            return Err(told("is empty".to_owned()));
        }
        if exposed.chars().any(char::is_control) {
            return Err(told("has more than one line, or control characters".to_owned()));
        }
        self.knows(exposed);
        Ok(secret)
    }

    /// An address that is a secret.
    pub(crate) fn address(&mut self, reference: &Reference) -> Result<SecretString, Unsent> {
        let secret = self.get(reference)?;
        // What makes it secret are its path and query; each part may be said alone.
        let parts: Vec<String> = secret
            .expose_secret()
            .split(['/', '?', '&', '='])
            .skip(3)
            .filter(|part| part.len() >= 8)
            .map(str::to_owned)
            .collect();
        for part in parts {
            self.knows(&part);
        }
        match Address::must_be_safe(secret.expose_secret()) {
            Ok(()) => Ok(secret),
            Err(why) => Err(Unsent::channel(format!("the address of `{reference}` {why}"))),
        }
    }

    /// How much time the letter has left; never nothing at all, which would be no limit.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.left().max(Duration::from_millis(10))
    }

    /// Certificates that are trusted; a PEM file.
    pub(crate) fn certificates(&self, path: &str) -> Result<Vec<u8>, Unsent> {
        let told = |why: String| Unsent::channel(format!("the certificates `{}` {why}", tamed(path, 60)));
        std::fs::read(self.directory.join(path)).map_err(|error| told(format!("cannot be read: {error}")))
    }

    /// From now on this is said in no message.
    pub(crate) fn knows(&mut self, secret: &str) {
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for form in [secret.to_owned(), encoded, BASE64.encode(secret)] {
            if form.len() >= SECRET_LEAST {
                self.forms.push(SecretString::from(form));
            }
        }
        // The longest first, so that no end of one is left.
        self.forms.sort_by_key(|form| std::cmp::Reverse(form.expose_secret().len()));
    }

    /// What is told, without any of them.
    pub(crate) fn scrubbed(&self, outcome: Outcome) -> Outcome {
        let clean = |text: &str| {
            let clean =
                self.forms.iter().fold(text.to_owned(), |text, form| text.replace(form.expose_secret(), "…"));
            tamed(&clean, WHY_MOST)
        };
        match outcome {
            Outcome::Taken(receipt) => Outcome::Taken(receipt.as_deref().map(clean)),
            Outcome::Failed { why, cause } => Outcome::Failed { why: clean(&why), cause },
        }
    }

    fn file(&self, path: &str) -> Result<Zeroizing<String>, String> {
        let file = std::fs::File::open(self.directory.join(path))
            .map_err(|error| format!("cannot be read: {error}"))?;
        let mut text = Zeroizing::new(String::new());
        let read = file.take(MOST_BYTES + 1).read_to_string(&mut text);
        match read {
            Ok(bytes) if u64::try_from(bytes).is_ok_and(|bytes| bytes <= MOST_BYTES) => Ok(text),
            Ok(_) => Err("is too long for a secret".to_owned()),
            // Words about the bytes are words about the secret.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err("is no text".to_owned()),
            Err(error) => Err(format!("cannot be read: {error}")),
        }
    }
}

/// What a command prints. It has no shell and no input, and what it says beside is not repeated.
fn printed(words: &[String], deadline: Deadline) -> Result<Zeroizing<String>, &'static str> {
    let (program, arguments) = words.split_first().ok_or("is no command")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|_| "cannot be run")?;
    let stdout = child.stdout.take();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(String::new());
        let read = stdout.map(|stdout| stdout.take(MOST_BYTES).read_to_string(&mut text));
        // Nobody listens any more when it took too long.
        let _ = sender.send(matches!(read, Some(Ok(_))).then_some(text));
    });
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => {
                // A grandchild may hold the pipe open.
                let text = receiver.recv_timeout(deadline.left().max(Duration::from_millis(100)));
                return text.ok().flatten().ok_or("did not end its text in time, or it is none");
            }
            Ok(Some(_)) => return Err("failed"),
            Ok(None) if !deadline.left().is_zero() => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("did not end in time");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kagimori_notice::Cause;

    use super::*;

    fn get(reference: &Reference) -> Result<String, String> {
        let directory = std::env::temp_dir();
        let mut secrets = Secrets::new(&directory, Deadline::after(Duration::from_secs(2)));
        secrets.get(reference).map(|secret| secret.expose_secret().to_owned()).map_err(|unsent| unsent.why)
    }

    fn exec(words: &[&str]) -> Reference {
        Reference::Exec(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn secrets_come_from_where_they_are() {
        let name = format!("kagimori-notify-secret-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        std::fs::write(&path, "  from a file\r\n").unwrap();
        assert_eq!(get(&Reference::File(name.clone())).unwrap(), "from a file");
        std::fs::write(&path, b"\xff\xfe").unwrap();
        assert!(get(&Reference::File(name.clone())).unwrap_err().ends_with("is no text"));
        std::fs::write(&path, "x".repeat(70_000)).unwrap();
        assert!(get(&Reference::File(name)).unwrap_err().ends_with("is too long for a secret"));
        std::fs::remove_file(&path).unwrap();
        assert!(get(&Reference::File("nowhere/x".to_owned())).unwrap_err().contains("cannot be read"));
        assert!(
            get(&Reference::Env("KAGIMORI_SURELY_NOT_SET".to_owned())).unwrap_err().ends_with("is not set")
        );
        assert_eq!(get(&exec(&["printf", "%s\\n", "it is me"])).unwrap(), "it is me");
        for (words, why) in [
            (&["false"][..], "failed"),
            (&["/nowhere/x"], "cannot be run"),
            (&["true"], "is empty"),
            (&["printf", "a\\nb"], "has more than one line"),
            (&["sleep", "20"], "did not end in time"),
            (&["sh", "-c", "sleep 20 & echo x"], "did not end its text in time"),
        ] {
            let error = get(&exec(words)).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn nothing_told_holds_a_secret() {
        let directory = std::env::temp_dir();
        let mut secrets = Secrets::new(&directory, Deadline::after(Duration::from_secs(2)));
        secrets.knows("pa ss+word");
        for told in [
            "535 pa ss+word is wrong",
            "?apiKey=pa+ss%2Bword",
            &format!("AUTH {}", BASE64.encode("pa ss+word")),
        ] {
            let Outcome::Failed { why, .. } =
                secrets.scrubbed(Outcome::Failed { why: told.to_owned(), cause: Cause::Busy(None) })
            else {
                panic!("failed is taken")
            };
            assert!(
                why.contains('…') && !why.contains("ss") && !why.contains(&BASE64.encode("pa ss+word")),
                "{why}"
            );
        }
        assert_eq!(
            secrets.scrubbed(Outcome::Taken(Some("pa ss+word".to_owned()))),
            Outcome::Taken(Some("…".to_owned()))
        );
    }
}
