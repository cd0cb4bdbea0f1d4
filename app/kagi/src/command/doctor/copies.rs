//! Secrets where no SDK looks for them: comments of the profile files, and copies that lie beside them.

use std::fs;
use std::path::Path;

use kagimori_session::profile::File;

use secrecy::ExposeSecret;

use super::Finding;
use super::reading::place;
use crate::context::Context;
use crate::error::KagiError;
use crate::vault::Vault;

const SECRET: &str = "aws_secret_access_key";
/// A copy of a profile file is no larger.
const MOST_BYTES: u64 = 1024 * 1024;

pub(super) fn look(context: &Context<'_>, vault: Option<&Vault>) -> Result<Vec<Finding>, KagiError> {
    let mut findings = Vec::new();
    let kept = vault.map(Vault::keys).transpose()?.map(|keys| keys.whole).unwrap_or_default();
    let holds_a_kept_one = |line: &str| {
        let is_set = line.trim_start().to_ascii_lowercase().starts_with(SECRET);
        !is_set && kept.iter().any(|key| line.contains(key.secret_access_key.expose_secret()))
    };
    for file in [File::Config, File::Credentials] {
        for (index, line) in context.files.document(file).text().lines().enumerate() {
            if is_comment_with_a_secret(line) || holds_a_kept_one(line) {
                let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
                findings.push(Finding::new(
                    "commented-key",
                    place(context, file, line),
                    "a line that no SDK reads holds a secret key in plaintext",
                    "take the line out; if AWS still has the key, delete it there or `kagi rotate` it",
                ));
            }
        }
    }
    let places = &context.places;
    let mut folders: Vec<_> =
        [&places.config, &places.credentials].iter().filter_map(|path| path.parent()).collect();
    folders.dedup();
    for folder in folders {
        copies(folder, &[&places.config, &places.credentials], &mut findings);
    }
    Ok(findings)
}

fn copies(folder: &Path, own: &[&std::path::PathBuf], findings: &mut Vec<Finding>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| !own.contains(path)) {
        let is_small = fs::symlink_metadata(path).is_ok_and(|it| it.is_file() && it.len() <= MOST_BYTES);
        let text = if is_small { fs::read(path).unwrap_or_default() } else { Vec::new() };
        if String::from_utf8_lossy(&text).lines().any(has_a_secret) {
            findings.push(Finding::new(
                "plaintext-copy",
                path.display().to_string(),
                "a copy of a profile file holds a secret key in plaintext",
                format!("remove it (rm {})", crate::error::quoted(&path.to_string_lossy())),
            ));
        }
    }
}

fn is_comment_with_a_secret(line: &str) -> bool {
    line.trim_start().starts_with(['#', ';']) && has_a_secret(line)
}

/// A line that sets a secret, commented out or not; not one that only speaks of it.
fn has_a_secret(line: &str) -> bool {
    let line = line.trim_start_matches(|letter: char| letter.is_whitespace() || "#;".contains(letter));
    let is_key = line.get(..SECRET.len()).is_some_and(|key| key.eq_ignore_ascii_case(SECRET));
    let value = line.get(SECRET.len()..).unwrap_or_default().trim_start().strip_prefix(['=', ':']);
    let is_secret = |value: &str| {
        let value = value.trim();
        value.len() >= 16
            && value.chars().all(|letter| letter.is_ascii_alphanumeric() || "+/=".contains(letter))
    };
    is_key && value.is_some_and(is_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_sets_a_secret_is_told_from_one_that_speaks_of_it() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        for line in
            [format!("#aws_secret_access_key={secret}"), format!(" ; AWS_Secret_Access_Key = {secret} ")]
        {
            assert!(is_comment_with_a_secret(&line), "{line}");
        }
        for line in [
            "# aws_secret_access_key is in the vault",
            "# aws_secret_access_key =",
            "#aws_secret_access_keys = x",
        ] {
            assert!(!is_comment_with_a_secret(line), "{line}");
        }
        assert!(!is_comment_with_a_secret(&format!("aws_secret_access_key={secret}")));
    }
}
