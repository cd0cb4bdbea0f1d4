//! `kagimori-log-verify`: for the auditor, on a machine of the auditor's own. It reads the files of a published log (C2SP `tlog-tiles`), a
//! trust policy (C2SP `tlog-policy`) and the checkpoints that the auditor has kept, recomputes everything, and says what is wrong. It asks no
//! network and writes nothing but, when it is told to, the auditor's notebook.

mod args;
mod notebook;
mod read;
mod tell;
#[cfg(test)]
mod tests;

use std::io::{self, Write as _};
use std::process::ExitCode;

use kagimori_ledger::{Evidence, Hash, TrustPolicy, published};

use args::{Command, Proof, Whole};

/// As the whole project has them: nothing is wrong; something is; it could not be told; something could not be read.
const CLEAN: u8 = 0;
const FINDINGS: u8 = 1;
const FAILED: u8 = 2;

/// What is wrong, and what to do next.
#[derive(Debug, PartialEq, Eq)]
struct Failure(String, String);

fn main() -> ExitCode {
    let told = run(std::env::args().skip(1));
    let code = told.unwrap_or_else(|Failure(message, hint)| {
        drop(writeln!(io::stderr(), "error: {message}\n\nhint: {hint}"));
        FAILED
    });
    ExitCode::from(code)
}

fn run(arguments: impl IntoIterator<Item = String>) -> Result<u8, Failure> {
    let command = args::read(arguments);
    let command = command.map_err(|error| Failure(error, "see `kagimori-log-verify --help`".to_owned()))?;
    let (text, code) = match command {
        Command::Help => (args::HELP.to_owned(), CLEAN),
        Command::Version => {
            (concat!("kagimori-log-verify ", env!("CARGO_PKG_VERSION"), "\n").to_owned(), CLEAN)
        }
        Command::Log(whole) => log(&whole)?,
        Command::Proof(proof) => one(&proof)?,
    };
    let printed = io::stdout().write_all(text.as_bytes());
    printed.map_err(|error| {
        Failure(format!("nothing could be printed: {error}"), "look at where it is printed to".to_owned())
    })?;
    Ok(code)
}

/// A whole log.
fn log(whole: &Whole) -> Result<(String, u8), Failure> {
    let policy = policy(&whole.trust)?;
    let mut kept = Vec::new();
    for path in &whole.kept {
        kept.push((path.display().to_string(), read::text(path)?));
    }
    if let Some(folder) = &whole.notebook {
        kept.extend(notebook::all(folder)?);
    }
    let listed = kept.iter().map(|(source, note)| (source.as_str(), note.as_str()));
    let verdict = published::verify(&policy, |path| read::file(&whole.log, path), listed)?;
    if let Some(folder) = whole.notebook.as_ref().filter(|_| verdict.is_clean()) {
        notebook::keep(folder, &whole.log)?;
    }
    let code = if verdict.is_clean() { CLEAN } else { FINDINGS };
    let text =
        if whole.is_json { tell::json(&verdict, kept.len()) } else { tell::people(&verdict, kept.len()) };
    Ok((text, code))
}

/// One entry, by a proof file.
fn one(proof: &Proof) -> Result<(String, u8), Failure> {
    let policy = policy(&proof.trust)?;
    let entry = read::bytes(&proof.entry)?;
    let evidence: Result<Evidence, _> = read::text(&proof.proof)?.parse();
    let evidence = evidence.map_err(|error| Failure(error.to_string(), error.hint().to_owned()))?;
    let verified = evidence.verify(&Hash::leaf(&entry), &policy);
    let code = if verified.is_ok() { CLEAN } else { FINDINGS };
    Ok((tell::proof(&evidence, verified.as_ref(), proof.is_json), code))
}

fn policy(path: &std::path::Path) -> Result<TrustPolicy, Failure> {
    let policy: Result<TrustPolicy, _> = read::text(path)?.parse();
    policy.map_err(|error| Failure(format!("`{}`: {error}", path.display()), error.hint().to_owned()))
}
