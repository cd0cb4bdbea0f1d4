//! `policy check`: whether a policy would load, and everything that is wrong with it.

use std::path::Path;

use kagimori_custody::Policy;
use kagimori_terminal::printer;

use super::{Done, told};

/// Looks at a file, and prints its version when nothing is wrong.
///
/// # Errors
/// All that is wrong.
pub(crate) fn check(file: &Path) -> Done {
    let policy = read(file)?;
    printer::note("Nothing is wrong with it.");
    printer::data(&format!("{}\n", policy.version()))
        .map_err(|error| told(error, "look at where it is printed to"))
}

/// Reads it.
///
/// # Errors
/// All that is wrong.
pub(crate) fn read(file: &Path) -> Result<Policy, (String, String)> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| told(format!("`{}`: {error}", file.display()), "name the file of the policy"))?;
    Policy::from_toml(&text).map_err(|faults| {
        for fault in &faults.0 {
            printer::warning(&format!("{} ({}): {}; {}", fault.place, fault.lint, fault.what, fault.hint));
        }
        (
            format!("`{}` has {} faults, and does not load", file.display(), faults.0.len()),
            "put right what is named above".to_owned(),
        )
    })
}
