//! `kagi doctor`: plaintext keys, profiles that end at somebody else, modes, and what else lets a secret or an identity
//! slip. Exit code 1 when something was found.

mod competing;
mod copies;
mod environment;
mod profiles;
mod reading;
mod settings;
mod storage;

use std::path::Path;
use std::process::ExitCode;

use kagimori_session::route::rfc3339;
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use serde::Serialize;

use crate::args::{self, Format};
use crate::context::{Caller, Context, Texts};
use crate::error::KagiError;
use crate::files::read_profiles;
use crate::place::Places;
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
    now: String,
    findings: Vec<Finding>,
}

/// `kagi doctor`
pub(crate) fn run(arguments: &args::Doctor) -> Result<ExitCode, KagiError> {
    let places = Places::find()?;
    let mut unreadable = Vec::new();
    let texts = Texts {
        config: text_of(&places.config, &mut unreadable)?,
        credentials: text_of(&places.credentials, &mut unreadable)?,
    };
    let context = Context::new(places, &texts, Caller::Person);
    let mut findings = unreadable;
    findings.extend(self::findings(&context, arguments.online)?);
    let code = if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) };
    match arguments.format {
        Format::Json => {
            let (schema, now) = (Schema { name: "kagi.doctor", version: 1 }, rfc3339(context.now()));
            printer::json(&Report { schema, now, findings })?
        }
        Format::Human => printer::plain(&text(&findings))?,
    }
    Ok(code)
}

/// The text of a profile file. One that is none is a finding, and the rest is looked at all the same.
fn text_of(path: &Path, findings: &mut Vec<Finding>) -> Result<String, KagiError> {
    match read_profiles(path) {
        Err(error @ KagiError::NotText { line, .. }) => {
            findings.push(Finding::new(
                "not-utf-8",
                format!("{}:{line}", path.display()),
                "the text is not UTF-8: SDKs refuse or misread the file, and nothing of it was looked at here",
                error.hint(),
            ));
            Ok(String::new())
        }
        Err(error @ (KagiError::Read { .. } | KagiError::TooLong { .. })) => {
            findings.push(Finding::new(
                "unreadable-file",
                path.display().to_string(),
                format!("{error}: nothing of it was looked at here"),
                error.hint(),
            ));
            Ok(String::new())
        }
        other => other,
    }
}

fn findings(context: &Context<'_>, online: bool) -> Result<Vec<Finding>, KagiError> {
    let mut findings = reading::look(context);
    findings.extend(settings::look(context));
    let vault = match (Locked::find(&context.places.home), context.keeper()) {
        (Ok(Some(locked)), Ok(keeper)) => locked.unlocked(&keeper, context.now()),
        // A keeper that cannot be used is told with its setting.
        (Ok(_), _) => None,
        (Err(error), _) => {
            let place = context.places.home.join("vault.json").display().to_string();
            findings.push(Finding::new("vault", place, error.to_string(), error.hint()));
            None
        }
    };
    findings.extend(profiles::look(context, vault.as_ref())?);
    findings.extend(environment::look(context));
    findings.extend(copies::look(context, vault.as_ref())?);
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
