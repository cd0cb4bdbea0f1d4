//! What `tighten` writes: plans where plans lie, a folder for each account with the policies of each principal as JSON and Terraform,
//! and one page, with its long lists in files beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kagimori_id::{AccountId, Arn};
use kagimori_lake::private::Edition;
use kagimori_policy::print;

use super::{Outcome, page, terraform};
use crate::args;
use crate::command::whatif;
use crate::error::AppError;
use crate::show::lists::Beside;
use crate::show::unfolding::Unfolding;

/// The page that speaks of all of them.
const PAGE: &str = "index.html";
/// The folder of those whose ARN names no account.
const NO_ACCOUNT: &str = "no-account";
/// Longest name of a folder or a file, extension and number aside: file systems have room for 255 bytes.
const NAME_MAX: usize = 200;

/// Writes them; returns those of earlier runs of which the page does not speak.
pub(super) fn write(
    folder: &Path,
    root: &Path,
    outcome: &Outcome,
    args: &args::Tighten,
) -> Result<Vec<PathBuf>, AppError> {
    whatif::save(root, outcome.proposals.iter().map(|proposal| &proposal.plan))?;
    let failed = |error| AppError::write(folder, error);
    let edition = Edition::begin(folder).map_err(failed)?;
    let put =
        |name: &Path, text: &str| edition.write(name, |out| out.write_all(text.as_bytes())).map_err(failed);
    for proposal in &outcome.proposals {
        let arn = &proposal.tightened.principal;
        let documents = &proposal.tightened.new;
        for (number, document) in documents.iter().enumerate() {
            let part = (documents.len() > 1).then(|| number.saturating_add(1));
            let text = format!("{}\n", print::print_pretty(document));
            put(&file(arn, part, "json"), &text)?;
        }
        put(&file(arn, None, "tf"), &terraform::text(proposal))?;
    }
    let unfolding = Unfolding::new(Beside::of(&edition, Path::new(PAGE)), args.room.bytes());
    let page = page::page(outcome, args, &unfolding);
    put(Path::new(PAGE), &page.markup(&unfolding.finish().map_err(failed)?))?;
    let principals = outcome.proposals.iter().map(|proposal| &proposal.tightened.principal);
    let (own, others) = earlier(folder, principals);
    own.into_iter().for_each(|name| edition.retire(name));
    edition.publish_with_page(PAGE).map_err(failed)?;
    Ok(others)
}

/// Files of earlier runs: of these principals, which had more documents then, and of others.
fn earlier<'a>(
    folder: &Path,
    principals: impl Iterator<Item = &'a Arn>,
) -> (BTreeSet<PathBuf>, Vec<PathBuf>) {
    let stems: BTreeSet<PathBuf> = principals.map(|arn| file(arn, None, "")).collect();
    let (mut own, mut others) = (BTreeSet::new(), Vec::new());
    let mut left: Vec<PathBuf> =
        below(folder, Path::new("")).into_iter().filter(|name| is_account(name)).collect();
    while let Some(name) = left.pop() {
        match stem(&name) {
            Some(stem) if stems.contains(&stem) => drop(own.insert(name)),
            Some(_) => others.push(name),
            // A name that is too long for one begins a folder.
            None => left.extend(below(folder, &name)),
        }
    }
    others.sort();
    (own, others)
}

fn below(folder: &Path, name: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join(name)).into_iter().flatten().flatten();
    entries.map(|entry| name.join(entry.file_name())).collect()
}

fn is_account(name: &Path) -> bool {
    name.to_str().is_some_and(|name| name == NO_ACCOUNT || AccountId::parse(name).is_ok())
}

/// What the files of one principal begin with, as [`file`] without an extension; `None` of what is none of them.
fn stem(name: &Path) -> Option<PathBuf> {
    let own = name.file_name()?.to_str()?;
    let bare = own.strip_suffix(".json").or_else(|| own.strip_suffix(".tf"))?;
    let is_number = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let stem = match bare.rsplit_once("~part") {
        Some((stem, number)) if is_number(number) => stem,
        _ => bare,
    };
    Some(name.with_file_name(format!("{stem}.")))
}

/// `ACCOUNT/user-NAME.json`, and of several documents `ACCOUNT/user-NAME~part2.json`. No two principals share one: names of a kind
/// are unique in an account, whatever their case (IAM API Reference, *CreateUser*); what the name of a file had better not have
/// becomes `~` and two hexadecimal digits; and no name keeps a `~`.
fn file(arn: &Arn, part: Option<usize>, extension: &str) -> PathBuf {
    let kind = if arn.resource().starts_with("user/") { "user" } else { "role" };
    let account = arn.account().map(|account| account.to_string()).unwrap_or_else(|| NO_ACCOUNT.to_owned());
    let mut path = PathBuf::from(account);
    let mut name = format!("{kind}-");
    for byte in arn.name().bytes() {
        if name.len() >= NAME_MAX {
            path.push(format!("{name}~"));
            name.clear();
        }
        match byte {
            b'-' | b'_' | b'.' => name.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            _ => name.push_str(&format!("~{byte:02x}")),
        }
    }
    let part = part.map(|part| format!("~part{part}"));
    path.join(format!("{name}{}.{extension}", part.as_deref().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(resource: &str) -> Arn {
        Arn::parse(&format!("arn:aws:iam::111122223333:{resource}")).unwrap()
    }

    #[test]
    fn a_file_tells_whose_it_is() {
        let long = format!("user/{}", "x".repeat(300));
        for resource in
            ["user/deploy", "role/a~part2", "user/a+x", "user/a.json", "user/apart2", long.as_str()]
        {
            let arn = arn(resource);
            for (part, extension) in [(None, "json"), (None, "tf"), (Some(12), "json")] {
                assert_eq!(stem(&file(&arn, part, extension)), Some(file(&arn, None, "")), "{resource}");
            }
        }
        assert_eq!(stem(Path::new("111122223333/notes.md")), None);
    }

    #[test]
    fn no_two_principals_share_a_file() {
        let long = "x".repeat(300);
        let (plain, numbered) = (format!("user/{long}"), format!("user/{long}2"));
        let resources = [
            "user/deploy",
            "role/deploy",
            "user/deploy-2",
            "user/role-deploy",
            "user/a+x",
            "user/a@x",
            "user/a_x",
            "user/a.x",
            "user/a",
            "user/a+",
            "user/apart2",
            plain.as_str(),
            numbered.as_str(),
        ];
        let parts = [None, Some(1), Some(2), Some(20)];
        let all: Vec<PathBuf> = resources
            .iter()
            .flat_map(|resource| parts.map(|part| file(&arn(resource), part, "json")))
            .collect();
        let distinct: BTreeSet<String> =
            all.iter().map(|path| path.to_string_lossy().to_lowercase()).collect();
        assert_eq!(distinct.len(), resources.len() * parts.len(), "{all:?}");
        let mut names = all.iter().flat_map(|path| path.components());
        assert!(names.all(|name| name.as_os_str().len() < 255));
        assert_eq!(file(&arn("role/ci/a+x"), Some(2), "tf"), Path::new("111122223333/role-a~2bx~part2.tf"));
    }
}
