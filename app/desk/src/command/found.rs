//! `found`: the first entry of the log, the policy that the desk begins with. Nobody has approved it: whoever runs this is believed once.

use std::path::Path;

use kagimori_custody::{Event, Policy};
use kagimori_terminal::printer;

use super::{Done, open, policy, told};
use crate::page::said;

/// Writes it.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn run(settings: &Path, file: &Path) -> Done {
    let policy: Policy = policy::read(file)?;
    let desk = open::desk(open::settings(settings)?, "found")?;
    let event = Event::Found { policy: Box::new(policy.file().clone()) };
    desk.act(&event).map_err(|error| said::words(crate::language::Language::En, &error))?;
    let version = policy.version();
    printer::note(
        "The desk has its policy. Give the vault its version with `--policy`: it then follows no other log.",
    );
    printer::data(&format!("{version}\n")).map_err(|error| told(error, "look at where it is printed to"))
}
