//! A command line that cannot be read: what was probably meant.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use kagimori_terminal::printer;

use crate::command::{meant_profile, with_context};
use crate::error::quoted;

/// Says what is wrong with the command line; `--help` is answered here too.
pub(crate) fn say(arguments: &[OsString], error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if let Some(hint) = hint(arguments, error) {
        printer::note(&format!("\nhint: {hint}"));
    }
    u8::try_from(error.exit_code()).unwrap_or(2).into()
}

fn hint(arguments: &[OsString], error: &clap::Error) -> Option<String> {
    let second = arguments.get(1)?.to_str()?;
    match error.kind() {
        // `assume dev`, `awsume dev`: other tools take the profile first.
        ErrorKind::InvalidSubcommand => {
            with_context(|context| Ok(meant_profile(context, second))).ok().flatten()
        }
        ErrorKind::MissingRequiredArgument if second == "add" => Some(
            "`kagi add --all` takes every key that lies in plaintext, and the roles behind them".to_owned(),
        ),
        _ => with_dashes(arguments, error).map(|meant| format!("the command comes after `--`: `{meant}`")),
    }
}

/// `kagi exec dev make` with the `--` before the command.
fn with_dashes(arguments: &[OsString], error: &clap::Error) -> Option<String> {
    let words: Vec<_> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let takes_command = matches!(words.get(1), Some(&("exec" | "serve")));
    let Some(ContextValue::String(unexpected)) = error.get(ContextKind::InvalidArg) else { return None };
    let at = words.iter().skip(2).position(|word| word == unexpected)? + 2;
    if !takes_command || words.contains(&"--") || unexpected.starts_with('-') {
        return None;
    }
    let quoted = |words: &[&str]| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    Some(format!("kagi {} -- {}", quoted(words.get(1..at)?), quoted(words.get(at..)?)))
}
