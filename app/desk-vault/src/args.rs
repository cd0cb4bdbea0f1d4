//! The command line, by hand: the vault has as few libraries as it can.

use std::path::PathBuf;

use kagimori_custody::Digest;

/// What is printed for `--help`.
pub const HELP: &str = "\
The vault of the desk: it holds seeds of root's second factor and makes one code for what a quorum approved.

Usage:
  kagimori-desk-vault init --dir DIR --host-key FILE
  kagimori-desk-vault run --dir DIR --host-key FILE --socket PATH --trust FILE --origin URL [options]
  kagimori-desk-vault walls --dir DIR
  kagimori-desk-vault offline --seed FILE --key FILE [--key FILE …] --dir DIR

init     makes the vault's folder, and the key of the host
run      answers the desk on a Unix socket
walls    puts its walls up on this machine, tries what they forbid, and tells what was possible
offline  makes one code from the file of a seed and the keys of its holders, on the day on which there is no desk

Options of run:
  --dir DIR          the vault's own folder
  --host-key FILE    32 random bytes as 64 hexadecimal digits; keep it out of backups of the folder
  --socket PATH      where the desk calls
  --trust FILE       the trust policy: the log, its witnesses, and how many of them (C2SP tlog-policy)
  --origin URL       the desk's address, which passkeys sign: https://desk.example.co.jp
  --rp-id NAME       the name that passkeys are bound to, when it is not the host of the address
  --policy DIGEST    the version of the policy with which the desk was set up: no other log is followed
  --uid NUMBER       the uid of the desk; otherwise the vault's own
  --after-restore    the folder is from a backup, and somebody has looked: take up from the log what it lacks
";

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the commands")]
pub enum Command {
    /// `--help`
    Help,
    /// `--version`
    Version,
    /// `init`
    Init {
        /// The vault's folder.
        dir: PathBuf,
        /// The key of the host.
        host_key: PathBuf,
    },
    /// `walls`
    Walls {
        /// The vault's folder.
        dir: PathBuf,
    },
    /// `run`
    Run(Box<Run>),
    /// `offline`
    Offline {
        /// The file of a seed.
        seed: PathBuf,
        /// Of the holders.
        keys: Vec<PathBuf>,
        /// Where used steps are written down.
        dir: PathBuf,
    },
}

/// The options of `run`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the options")]
pub struct Run {
    /// The vault's folder.
    pub dir: PathBuf,
    /// The key of the host.
    pub host_key: PathBuf,
    /// Where the desk calls.
    pub socket: PathBuf,
    /// The trust policy.
    pub trust: PathBuf,
    /// The desk's address.
    pub origin: String,
    /// What passkeys are bound to.
    pub rp_id: String,
    /// The policy of the beginning.
    pub policy: Option<Digest>,
    /// Of the desk.
    pub uid: Option<u32>,
    /// Somebody has looked.
    pub after_restore: bool,
}

/// Reads the arguments, without the program's name.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments.into_iter();
    let command = arguments.next().unwrap_or_else(|| "--help".to_owned());
    let known: &[&str] = match command.as_str() {
        "--help" | "-h" | "help" => return Ok(Command::Help),
        "--version" | "-V" => return Ok(Command::Version),
        "init" => &["--dir", "--host-key"],
        "run" => &[
            "--dir",
            "--host-key",
            "--socket",
            "--trust",
            "--origin",
            "--rp-id",
            "--policy",
            "--uid",
            "--after-restore",
        ],
        "offline" => &["--seed", "--key", "--dir"],
        "walls" => &["--dir"],
        other => {
            return Err(format!("`{other}` is no command; there are `init`, `run`, `walls` and `offline`"));
        }
    };
    let mut given = Given::read(arguments, &command, known)?;
    match command.as_str() {
        "init" => Ok(Command::Init { dir: given.path("--dir")?, host_key: given.path("--host-key")? }),
        "walls" => Ok(Command::Walls { dir: given.path("--dir")? }),
        "offline" => {
            let (seed, dir) = (given.path("--seed")?, given.path("--dir")?);
            let keys: Vec<PathBuf> = given.all("--key").map(PathBuf::from).collect();
            Ok(Command::Offline { seed, keys, dir })
        }
        _ => given.run().map(|run| Command::Run(Box::new(run))),
    }
}

struct Given(Vec<(String, String)>);

impl Given {
    fn read(
        mut arguments: impl Iterator<Item = String>,
        command: &str,
        known: &[&str],
    ) -> Result<Self, String> {
        let mut given: Vec<(String, String)> = Vec::new();
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (argument, None),
            };
            if !known.contains(&name.as_str()) {
                return Err(format!("`{command}` has no option `{name}`"));
            }
            if name != "--key" && given.iter().any(|(other, _)| *other == name) {
                return Err(format!("`{name}` is given twice"));
            }
            let value = match value {
                None if name == "--after-restore" => String::new(),
                Some(_) if name == "--after-restore" => return Err(format!("`{name}` takes no value")),
                None => arguments.next().ok_or_else(|| format!("`{name}` needs a value"))?,
                Some(value) => value,
            };
            given.push((name, value));
        }
        Ok(Self(given))
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn text(&self, name: &str) -> Result<String, String> {
        self.all(name).next().map(str::to_owned).ok_or_else(|| format!("`{name}` is missing"))
    }

    fn path(&self, name: &str) -> Result<PathBuf, String> {
        self.text(name).map(PathBuf::from)
    }

    fn run(&mut self) -> Result<Run, String> {
        let origin = self.text("--origin")?;
        let host =
            origin.split_once("://").map(|(_, rest)| rest.split([':', '/']).next().unwrap_or_default());
        let host = host
            .filter(|host| !host.is_empty())
            .ok_or_else(|| format!("`{origin}` is no address: write `https://desk.example.co.jp`"))?;
        let policy = self
            .all("--policy")
            .next()
            .map(|text| Digest::try_from(text.to_owned()).map_err(|error| format!("`--policy`: {error}")));
        let uid =
            self.all("--uid").next().map(|text| text.parse().map_err(|_| format!("`{text}` is no uid")));
        Ok(Run {
            dir: self.path("--dir")?,
            host_key: self.path("--host-key")?,
            socket: self.path("--socket")?,
            trust: self.path("--trust")?,
            rp_id: self.text("--rp-id").unwrap_or_else(|_| host.to_owned()),
            origin: origin.trim_end_matches('/').to_owned(),
            policy: policy.transpose()?,
            uid: uid.transpose()?,
            after_restore: self.all("--after-restore").next().is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Command, String> {
        read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read_and_what_is_wrong_is_told() {
        let line = "run --dir d --host-key k --socket=s --trust t --origin https://desk.example:8443/ --uid 33 --after-restore";
        let Ok(Command::Run(run)) = of(line) else { panic!("{:?}", of(line)) };
        assert_eq!((run.origin.as_str(), run.rp_id.as_str()), ("https://desk.example:8443", "desk.example"));
        assert_eq!((run.uid, run.after_restore, run.policy), (Some(33), true, None));
        let keys = of("offline --seed s --key a --key b --dir d");
        assert!(matches!(keys, Ok(Command::Offline { keys, .. }) if keys.len() == 2));
        assert_eq!(of(""), Ok(Command::Help));
        for (line, said) in [
            ("serve", "no command"),
            ("init --dir d", "`--host-key` is missing"),
            ("init --dir d --dir e --host-key k", "twice"),
            ("init --dir", "needs a value"),
            ("init --socket s", "has no option"),
            ("run --dir d --host-key k --socket s --trust t --origin desk", "is no address"),
            (
                "run --dir d --host-key k --socket s --trust t --origin https://d --policy ab",
                "64 hexadecimal",
            ),
            ("run --dir d --host-key k --socket s --trust t --origin https://d --uid root", "is no uid"),
            ("run --after-restore=yes", "takes no value"),
        ] {
            let error = of(line).unwrap_err();
            assert!(error.contains(said), "{line}: {error}");
        }
    }
}
