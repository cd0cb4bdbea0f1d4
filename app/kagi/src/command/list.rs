//! `kagi list`: the profiles, and how long their sessions last.

use std::process::ExitCode;

use kagimori_session::route::{Access, Source, Target, rfc3339};
use kagimori_session::sso::profiles::GONE_SINCE;
use kagimori_session::value::{shown, words};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use serde::Serialize;

use super::first;
use super::vault::with_context;
use crate::args::{self, Format};
use crate::broker::{Broker, Origin};
use crate::context::Context;
use crate::error::KagiError;
use crate::vault::{Locked, Vault};

#[derive(Debug, Serialize)]
struct Listing {
    schema: Schema,
    /// What is left is counted from here.
    now: String,
    vault: &'static str,
    profiles: Vec<Row>,
    elevated: Vec<Elevated>,
}

#[derive(Debug, Default, Serialize)]
struct Row {
    profile: String,
    key_of: Option<String>,
    role: Option<String>,
    read_only: bool,
    /// `session = off`: the key itself is handed out.
    key_itself: bool,
    /// Whether the source is another tool's `credential_process`.
    process: bool,
    /// Whether the source is the session of `aws login`.
    console: bool,
    session_seconds_left: Option<i64>,
    seconds_left: Option<i64>,
    /// Whether a sign-in at Identity Center is there, which gets the rest without asking.
    signed_in: bool,
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Elevated {
    of: String,
    role: Option<String>,
    seconds_left: i64,
}

/// `kagi list`
pub(crate) fn run(arguments: &args::List) -> Result<ExitCode, KagiError> {
    with_context(|context| {
        let listing = listing(context)?;
        match arguments.format {
            Format::Json => printer::json(&listing)?,
            Format::Human => printer::plain(&text(&listing, &first::step(context)))?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn listing(context: &Context<'_>) -> Result<Listing, KagiError> {
    let locked = Locked::find(&context.places.home)?;
    let vault = match &locked {
        Some(locked) => locked.unlocked(&context.keeper()?, context.now()),
        None => None,
    };
    let state = match (&locked, &vault) {
        (None, _) => "none",
        (_, None) => "locked",
        (_, Some(_)) => "open",
    };
    let mut names = context.files.names();
    if let Some(vault) = &vault {
        let keys = vault.keys()?;
        keys.warn_of_damage();
        names.extend(keys.whole.into_iter().map(|key| key.profile));
    }
    let profiles = names.into_iter().map(|name| row(context, vault.as_ref(), name)).collect();
    Ok(Listing {
        schema: Schema { name: "kagi.list", version: 1 },
        now: rfc3339(context.now()),
        vault: state,
        profiles,
        elevated: elevated(context, vault.as_ref())?,
    })
}

fn row(context: &Context<'_>, vault: Option<&Vault>, name: String) -> Row {
    let route = match context.route(&Target::Profile(name.clone()), &Access::Everyday) {
        Ok(route) => route,
        Err(error) => return Row { profile: name, problem: Some(error.to_string()), ..Row::default() },
    };
    let mut row = Row {
        key_of: Some(route.key_profile.clone()),
        role: match (&route.source, route.hops.last()) {
            (_, Some(hop)) => Some(hop.role.as_str().to_owned()),
            (Source::Sso { role, .. }, None) => Some(format!("{}/{}", role.account, role.role)),
            (Source::Key, None) => None,
        },
        read_only: route.narrowed,
        profile: name,
        ..Row::default()
    };
    row.problem = context
        .files
        .get(&row.profile, GONE_SINCE)
        .map(|found| format!("not assigned any more since {}", shown(&found.value)));
    let Some(vault) = vault else { return row };
    match Broker::new(context, vault.clone(), route) {
        Err(error) => row.problem = Some(error.to_string()),
        Ok(broker) => {
            let left = |step: usize| broker.left(step).filter(|left| *left > 0);
            let last = broker.plan.steps.len().saturating_sub(1);
            (row.session_seconds_left, row.seconds_left) = (left(0), left(last));
            row.key_itself = broker.plan.steps.is_empty() && matches!(broker.origin, Origin::Key(_));
            row.console = matches!(&broker.origin, Origin::Foreign(source) if source.is_login());
            row.process = matches!(broker.origin, Origin::Foreign(_)) && !row.console;
            row.signed_in = matches!(broker.origin, Origin::Sso(..)) && broker.signed_out().is_none();
        }
    }
    row
}

fn elevated(context: &Context<'_>, vault: Option<&Vault>) -> Result<Vec<Elevated>, KagiError> {
    let now = context.now().as_second();
    let Some(vault) = vault else { return Ok(Vec::new()) };
    let sessions =
        vault.sessions()?.into_iter().filter(|session| session.elevated && session.expires_at > now);
    Ok(sessions
        .map(|session| Elevated {
            of: session.of,
            role: session.role,
            seconds_left: session.expires_at - now,
        })
        .collect())
}

/// `first` is what to do where there is no vault.
fn text(listing: &Listing, first: &str) -> String {
    if listing.profiles.is_empty() {
        return format!("there are no profiles yet: {first}\n");
    }
    let width = listing.profiles.iter().map(|row| row.profile.chars().count()).max().unwrap_or_default();
    let mut out = String::new();
    for row in &listing.profiles {
        out.push_str(&format!("{:width$}  {:>8}  {}\n", row.profile, left(listing, row), what(row)));
    }
    for elevated in &listing.elevated {
        let role = elevated.role.as_deref().unwrap_or_default();
        out.push_str(&format!("elevated: {} {} ({role})\n", elevated.of, words(elevated.seconds_left)));
    }
    if listing.vault == "none" {
        out.push_str(&format!("there is no vault yet: {first}\n"));
    }
    if listing.vault == "locked" {
        out.push_str("the vault is locked: `kagi unlock` shows how long sessions last\n");
    }
    out
}

fn left(listing: &Listing, row: &Row) -> String {
    match (listing.vault, row.seconds_left, row.session_seconds_left) {
        ("open", Some(left), _) => words(left),
        ("open", None, _) if row.process || row.console => "ready".to_owned(),
        ("open", ..) if row.key_itself => "key".to_owned(),
        // The session is there, the role comes without asking.
        ("open", None, Some(_)) => "ready".to_owned(),
        ("open", None, None) if row.problem.is_none() && row.signed_in => "ready".to_owned(),
        ("open", None, None) if row.problem.is_none() => "login".to_owned(),
        _ => "-".to_owned(),
    }
}

fn what(row: &Row) -> String {
    match (&row.problem, &row.role) {
        (Some(problem), _) => problem.clone(),
        (None, Some(role)) if row.read_only => format!("{role} (read-only)"),
        (None, Some(role)) => role.clone(),
        (None, None) if row.console => "the session of `aws login`".to_owned(),
        (None, None) if row.process => "what another tool's `credential_process` prints".to_owned(),
        (None, None) if row.key_itself => "the key itself, which does not end".to_owned(),
        (None, None) => "the user's own session".to_owned(),
    }
}
