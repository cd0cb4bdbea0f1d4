//! What `tighten` writes: plans where plans lie, and for each principal its policies as JSON and Terraform; one page.

use std::collections::BTreeMap;
use std::path::Path;

use kagimori_policy::print;

use super::{Outcome, Proposal, page, terraform};
use crate::args;
use crate::command::whatif;
use crate::error::AppError;

pub(super) fn write(
    folder: &Path,
    root: &Path,
    outcome: &Outcome,
    args: &args::Tighten,
) -> Result<(), AppError> {
    std::fs::create_dir_all(folder).map_err(|error| AppError::write(folder, error))?;
    let names = names(outcome);
    for (proposal, name) in outcome.proposals.iter().zip(&names) {
        whatif::save(root, &proposal.plan)?;
        for (number, document) in proposal.tightened.new.iter().enumerate() {
            let end = if proposal.tightened.new.len() == 1 {
                String::new()
            } else {
                format!("-{}", number.saturating_add(1))
            };
            let text = format!("{}\n", print::print_pretty(document));
            put(&folder.join(format!("{name}{end}.json")), &text)?;
        }
        put(&folder.join(format!("{name}.tf")), &terraform::text(proposal))?;
    }
    put(&folder.join("index.html"), &page::page(outcome, args))
}

fn put(path: &Path, text: &str) -> Result<(), AppError> {
    std::fs::write(path, text).map_err(|error| AppError::write(path, error))
}

/// `ACCOUNT-NAME`, and whether it is a user or a role where both have the name.
fn names(outcome: &Outcome) -> Vec<String> {
    let name = |proposal: &Proposal| {
        let arn = &proposal.tightened.principal;
        let account = arn.account().map(|account| account.to_string()).unwrap_or_default();
        let safe: String = arn
            .name()
            .chars()
            .map(|one| if one.is_ascii_alphanumeric() || "_-.".contains(one) { one } else { '_' })
            .collect();
        format!("{account}-{safe}")
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut names = Vec::new();
    for proposal in &outcome.proposals {
        let plain = name(proposal);
        let number = seen.entry(plain.clone()).or_default();
        *number = number.saturating_add(1);
        names.push(if *number == 1 { plain } else { format!("{plain}-{number}") });
    }
    names
}
