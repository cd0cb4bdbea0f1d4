//! `kagi doctor`: plaintext keys, profiles that end at somebody else, modes, and what else lets a secret or an identity
//! slip. Exit code 1 when something was found.

mod environment;
mod profiles;
mod reading;
mod storage;

use std::process::ExitCode;

use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use serde::Serialize;

use super::vault::with_context;
use crate::args::{self, Format};
use crate::context::Context;
use crate::error::KagiError;
use crate::vault::Locked;

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Stable, for scripts.
    id: &'static str,
    /// Where.
    place: String,
    /// What is wrong.
    message: String,
    /// What to do.
    hint: String,
}

impl Finding {
    fn new(
        id: &'static str,
        place: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { id, place: place.into(), message: message.into(), hint: hint.into() }
    }
}

#[derive(Debug, Serialize)]
struct Report {
    schema: Schema,
    findings: Vec<Finding>,
}

/// `kagi doctor`
pub(crate) fn run(arguments: &args::Doctor) -> Result<ExitCode, KagiError> {
    with_context(|context| {
        let findings = findings(context, arguments.online)?;
        let code = if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) };
        match arguments.format {
            Format::Json => {
                printer::json(&Report { schema: Schema { name: "kagi.doctor", version: 1 }, findings })?
            }
            Format::Human => printer::text(&text(&findings))?,
        }
        Ok(code)
    })
}

fn findings(context: &Context<'_>, online: bool) -> Result<Vec<Finding>, KagiError> {
    let vault = match Locked::find(&context.places.home)? {
        Some(locked) => locked.unlocked(&context.keeper()?, context.now()),
        None => None,
    };
    let mut findings = reading::look(context);
    findings.extend(profiles::look(context, vault.as_ref())?);
    findings.extend(environment::look(context));
    findings.extend(storage::look(context, vault.as_ref())?);
    if online {
        findings.extend(environment::clock(context)?);
    }
    Ok(findings)
}

fn text(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "nothing found\n".to_owned();
    }
    findings
        .iter()
        .map(|finding| {
            format!("{}: {}: {}\n  hint: {}\n", finding.id, finding.place, finding.message, finding.hint)
        })
        .collect()
}
