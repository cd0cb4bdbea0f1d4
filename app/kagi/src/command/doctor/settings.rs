//! The lines of `[kagi]` and `[kagi NAME]` that are not read as they were meant.

use kagimori_session::profile::File;
use kagimori_session::route::misread;

use super::Finding;
use super::reading::place;
use crate::context::Context;

pub(super) fn look(context: &Context<'_>) -> Vec<Finding> {
    let finding = |it: kagimori_session::route::Misread| {
        let place = place(context, File::Config, it.place.line);
        Finding::new("kagi-setting", place, it.refused.message, it.refused.hint)
    };
    let mut findings: Vec<_> = misread(&context.files).into_iter().map(finding).collect();
    if findings.is_empty()
        && let Err(error) = context.keeper()
    {
        // Then it is the variable, or what the setting needs.
        findings.push(Finding::new("kagi-setting", "unlock", error.to_string(), error.hint()));
    }
    findings
}
