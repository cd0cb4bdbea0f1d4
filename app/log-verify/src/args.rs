//! The command line, by hand: an auditor reads all of this program.

use std::path::PathBuf;

pub(crate) const HELP: &str = "\
Is a published log what its checkpoint and its witnesses say?

Usage:
  kagimori-log-verify --log DIR --trust FILE [--kept FILE …] [--notebook DIR] [--format json]
  kagimori-log-verify --proof FILE --entry FILE --trust FILE [--format json]

  --log DIR       the files of the log: checkpoint, tile/entries/…, tile/0/… (C2SP tlog-tiles)
  --trust FILE    whose checkpoints are believed: the log, its witnesses, how many of them (C2SP tlog-policy)
  --kept FILE     a checkpoint that you have kept, or that a witness gave you; as often as you like
  --notebook DIR  your own folder: every checkpoint in it is compared, and the log's is put there when nothing is wrong
  --proof FILE    one entry's proof instead (C2SP tlog-proof), with the entry's bytes in --entry
  --format json   for programs

Exit codes: 0 nothing is wrong, 1 something is, 2 it could not be told.
";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Version,
    Log(Whole),
    Proof(Proof),
}

/// A whole log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) log: PathBuf,
    pub(crate) trust: PathBuf,
    pub(crate) kept: Vec<PathBuf>,
    pub(crate) notebook: Option<PathBuf>,
    pub(crate) is_json: bool,
}

/// One entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) proof: PathBuf,
    pub(crate) entry: PathBuf,
    pub(crate) trust: PathBuf,
    pub(crate) is_json: bool,
}

const KNOWN: [&str; 7] = ["--log", "--trust", "--kept", "--notebook", "--proof", "--entry", "--format"];

pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut given: Vec<(String, String)> = Vec::new();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--version" | "-V" => return Ok(Command::Version),
            _ => {}
        }
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        if !KNOWN.contains(&name.as_str()) {
            return Err(format!("there is no option `{name}`"));
        }
        if name != "--kept" && given.iter().any(|(other, _)| *other == name) {
            return Err(format!("`{name}` is given twice"));
        }
        let value = value.or_else(|| arguments.next()).ok_or_else(|| format!("`{name}` needs a value"))?;
        given.push((name, value));
    }
    if given.is_empty() {
        return Ok(Command::Help);
    }
    command(&given)
}

fn command(given: &[(String, String)]) -> Result<Command, String> {
    let all =
        |name: &'static str| given.iter().filter(move |(other, _)| other == name).map(|(_, value)| value);
    let maybe = |name| all(name).next().map(PathBuf::from);
    let path = |name: &'static str| maybe(name).ok_or_else(|| format!("`{name}` is missing"));
    let is_json = match all("--format").next().map(String::as_str) {
        None | Some("human") => false,
        Some("json") => true,
        Some(other) => return Err(format!("`{other}` is no format; there are `human` and `json`")),
    };
    let of_other =
        |names: &[&'static str], what: &str| match names.iter().find(|name| all(name).next().is_some()) {
            Some(name) => Err(format!("`{name}` does not go with `{what}`")),
            None => Ok(()),
        };
    let trust = path("--trust")?;
    if let Some(proof) = maybe("--proof") {
        of_other(&["--log", "--kept", "--notebook"], "--proof")?;
        return Ok(Command::Proof(Proof { proof, entry: path("--entry")?, trust, is_json }));
    }
    of_other(&["--entry"], "--log")?;
    let kept = all("--kept").map(PathBuf::from).collect();
    Ok(Command::Log(Whole { log: path("--log")?, trust, kept, notebook: maybe("--notebook"), is_json }))
}
