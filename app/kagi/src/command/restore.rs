//! `kagi restore`: a profile file as it was before kagi edited it, and what would be lost by that.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kagimori_session::value::{shown, shown_within};
use kagimori_terminal::printer;

use super::forget::FORGOTTEN;
use super::vault::with_context;
use crate::args;
use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::files::{list, read_profiles, rewrite};
use crate::vault::{Backup, Vault};

/// So many lines are named.
const MOST_NAMED: usize = 5;

/// `kagi restore`
pub(crate) fn run(arguments: &args::Restore) -> Result<ExitCode, KagiError> {
    with_context(|context| {
        let vault = context.vault()?;
        let Some(path) = &arguments.backup else {
            for path in list(&context.places.home.join("backup"), "backup")? {
                printer::data(&format!("{}\n", path.display()))?;
                printer::note(&format!("  {}", described(&vault, &path)));
            }
            return Ok(ExitCode::SUCCESS);
        };
        let path = &found(context, path)?;
        let backup = vault.backup(path)?;
        if arguments.print {
            printer::data(&backup.text)?;
        } else {
            put_back(context, &vault, path, &backup, arguments.yes)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A backup by its path, or by its name alone as the list ends with it.
fn found(context: &Context<'_>, given: &Path) -> Result<PathBuf, KagiError> {
    let kept = context.places.home.join("backup").join(given);
    match (given.exists(), kept.exists()) {
        (true, _) => Ok(given.to_owned()),
        (false, true) => Ok(kept),
        (false, false) => Err(KagiError::argument(
            format!("there is no backup `{}`", shown(&given.to_string_lossy())),
            "`kagi restore` lists them",
        )),
    }
}

/// What a backup is, in words; the list itself is of paths, for scripts.
fn described(vault: &Vault, path: &Path) -> String {
    let Ok(backup) = vault.backup(path) else {
        return "it is damaged or belongs to another vault".to_owned();
    };
    let before = match backup.before.as_str() {
        "" => "before kagi edited it".to_owned(),
        command => format!("before `kagi {}`", shown_within(command, 80)),
    };
    let secrets = if backup.text.contains(FORGOTTEN) { ", without a secret that was forgotten" } else { "" };
    format!("{} {before}{secrets}", shown(&backup.path))
}

fn put_back(
    context: &Context<'_>,
    vault: &Vault,
    path: &Path,
    backup: &Backup,
    yes: bool,
) -> Result<(), KagiError> {
    let file = PathBuf::from(&backup.path);
    let present = read_profiles(&file)?;
    let ours = made_by_us(context, vault, path, backup)?;
    let lost = lost_lines(&present, &ours);
    if !lost.is_empty() && !yes {
        let given = quoted(&path.to_string_lossy());
        return Err(KagiError::argument(
            format!(
                "{} {} of `{}` came after this backup and would be lost: {}",
                lost.len(),
                if lost.len() == 1 { "line" } else { "lines" },
                file.display(),
                named(&lost)
            ),
            format!(
                "`kagi restore --print {given}` shows the backup, `kagi restore --yes {given}` puts it back all the same"
            ),
        ));
    }
    if !present.is_empty() && present != backup.text {
        let kept = vault.back_up(&file, &present, &backup.text, context.now())?;
        printer::note(&format!("what stood there is in {}", kept.display()));
    }
    rewrite(&file, &backup.text)?;
    let is_open = std::fs::metadata(&file).is_ok_and(|it| it.permissions().mode() & 0o077 != 0);
    if is_open && backup.text.contains("aws_secret_access_key") {
        printer::warning(&format!(
            "a secret stands in it in plaintext again, and others may read the file: chmod 600 {}",
            quoted(&file.to_string_lossy())
        ));
    }
    let count = backup.text.matches(FORGOTTEN).count();
    printer::note(&match count {
        0 => format!("{} is as it was", file.display()),
        _ => format!(
            "{} is as it was, but for the secrets that were forgotten ({count}): take the lines of these keys out",
            file.display()
        ),
    });
    Ok(())
}

/// The lines of the backup, and every line that kagi wrote into the file since.
fn made_by_us(
    context: &Context<'_>,
    vault: &Vault,
    path: &Path,
    backup: &Backup,
) -> Result<HashSet<String>, KagiError> {
    let mut ours: HashSet<_> = backup.text.lines().map(|line| line.trim().to_owned()).collect();
    ours.extend(backup.added.iter().cloned());
    for other in list(&context.places.home.join("backup"), "backup")? {
        // By name they are in order.
        if other.file_name() <= path.file_name() {
            continue;
        }
        if let Ok(other) = vault.backup(&other)
            && other.path == backup.path
        {
            ours.extend(other.added);
        }
    }
    Ok(ours)
}

/// The lines that are none of these.
fn lost_lines<'p>(present: &'p str, ours: &HashSet<String>) -> Vec<&'p str> {
    present.lines().map(str::trim).filter(|line| !line.is_empty() && !ours.contains(*line)).collect()
}

/// Lines by what is no secret of them: a header, a key, or that it is a comment.
fn named(lost: &[&str]) -> String {
    let name = |line: &&str| match line.split_once('=') {
        _ if line.starts_with(['#', ';']) => "a comment".to_owned(),
        _ if line.starts_with('[') => format!("`{}`", shown(line)),
        Some((key, _)) => format!("`{}`", shown(key.trim())),
        None => "a line".to_owned(),
    };
    let mut named: Vec<_> = lost.iter().take(MOST_NAMED).map(name).collect();
    if lost.len() > MOST_NAMED {
        named.push(format!("{} more", lost.len() - MOST_NAMED));
    }
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_is_named_without_its_values() {
        let ours = ["[profile a]", "region = x", "credential_process = k"].map(str::to_owned).into();
        let present =
            "[profile a]\n  credential_process = k\n\n[profile b]\naws_secret_access_key = s\n# s\n";
        let lost = lost_lines(present, &ours);
        assert_eq!(lost, ["[profile b]", "aws_secret_access_key = s", "# s"]);
        assert_eq!(named(&lost), "`[profile b]`, `aws_secret_access_key`, a comment");
        assert!(lost_lines("region = x\n[profile a]\n", &ours).is_empty());
        assert!(named(&["x = 1"; 7]).ends_with(", 2 more"));
    }
}
