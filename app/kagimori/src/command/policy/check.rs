//! `kagimori policy check FILE…`: what is doubtful in policy documents.

mod human;
mod input;
mod json;
mod outcome;
mod rules;
mod sarif;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use kagimori_plan::settings::policy::PolicySettings;
use kagimori_policy::lint::Options;
use kagimori_policy::lint::rule::{Level, Rule, RuleId};
use kagimori_policy::validate::PolicyKind;
use kagimori_terminal::printer;

use crate::args::{Check, CheckFormat, KindArg, SeverityArg};
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;

use outcome::Outcome;

pub(crate) fn run(args: &Check) -> Result<Exit, AppError> {
    if args.list_rules {
        return rules::list(args.format);
    }
    if let Some(id) = &args.explain {
        return rules::explain(rule(id)?, args.format);
    }
    let settings = settings(args)?;
    let options = Options {
        kind: args.kind.map(kind),
        levels: settings.levels,
        only: rules_of(&args.only)?,
        skip: rules_of(&args.skip)?,
    };
    let input = input::read(&args.files)?;
    let now = args.now.unwrap_or_else(Timestamp::now);
    let outcome = Outcome::new(input, &options, &settings.waivers, day_of(now), level(args.severity))?;
    match args.format {
        CheckFormat::Human => printer::text(&human::text(&outcome))?,
        CheckFormat::Json => json::print(&outcome, now)?,
        CheckFormat::Sarif => sarif::print(&outcome)?,
    }
    outcome.tell();
    Ok(outcome.exit(level(args.fail_on)))
}

/// Only the policy part: a directory without `kagimori.toml` has none.
fn settings(args: &Check) -> Result<PolicySettings, AppError> {
    if !args.dir.join("kagimori.toml").is_file() {
        return Ok(PolicySettings::default());
    }
    let mut settings = Directory::open(&args.dir)?.settings()?.policy;
    let written = args.dir.join("kagimori.toml").display().to_string();
    let written = written.strip_prefix("./").unwrap_or(&written);
    settings.waivers.iter_mut().for_each(|waiver| written.clone_into(&mut waiver.written.0));
    Ok(settings)
}

/// Waivers end with a day, in UTC.
fn day_of(now: Timestamp) -> Date {
    Offset::UTC.to_datetime(now).date()
}

fn rules_of(ids: &[String]) -> Result<BTreeSet<RuleId>, AppError> {
    ids.iter().map(|id| rule(id)).collect()
}

fn rule(id: &str) -> Result<RuleId, AppError> {
    Rule::find(id).ok_or_else(|| {
        let meant = Rule::nearest(id).map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        let hint = format!("{meant}`kagimori policy check --list-rules` lists them all");
        AppError::Argument { message: format!("there is no rule `{id}`"), hint }
    })
}

fn kind(arg: KindArg) -> PolicyKind {
    match arg {
        KindArg::Identity => PolicyKind::Identity,
        KindArg::Resource => PolicyKind::Resource,
        KindArg::Trust => PolicyKind::Trust,
        KindArg::Boundary => PolicyKind::Boundary,
        KindArg::Scp => PolicyKind::ServiceControl,
        KindArg::Rcp => PolicyKind::ResourceControl,
        KindArg::Session => PolicyKind::Session,
        KindArg::Endpoint => PolicyKind::Endpoint,
    }
}

/// The word of `--kind`.
fn kind_word(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Identity => "identity",
        PolicyKind::Resource => "resource",
        PolicyKind::Trust => "trust",
        PolicyKind::Boundary => "boundary",
        PolicyKind::ServiceControl => "scp",
        PolicyKind::ResourceControl => "rcp",
        PolicyKind::Session => "session",
        PolicyKind::Endpoint => "endpoint",
    }
}

fn level(arg: SeverityArg) -> Level {
    match arg {
        SeverityArg::Error => Level::Error,
        SeverityArg::Security => Level::Security,
        SeverityArg::Warning => Level::Warning,
        SeverityArg::Suggestion => Level::Suggestion,
    }
}
