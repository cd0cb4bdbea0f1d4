//! `kagi login`: the vault and the MFA session, or the sign-in at Identity Center, for the day.

use std::process::ExitCode;

use kagimori_session::profile::{File, Place};
use kagimori_session::route::{Access, Route, RouteError, Source};
use kagimori_session::sso::login::Login;
use kagimori_session::sso::settings::{Portal, portal_named, session_names};
use kagimori_session::value::words;
use kagimori_terminal::printer;

use super::target::{target, vault_of};
use super::vault::{open_or_create, with_context};
use crate::args;
use crate::broker::{Broker, Origin, client};
use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::log;
use crate::place::variable;
use crate::sso::{Center, How, Tokens, sign_in};
use crate::vault::{Locked, Vault};

/// `kagi login`
pub(crate) fn run(arguments: &args::Login) -> Result<ExitCode, KagiError> {
    with_context(|context| {
        match wanted(context, arguments)? {
            Wanted::Portal(portal) => at_portal(context, &portal, arguments)?,
            Wanted::Route(route) if matches!(route.source, Source::Sso { .. }) => {
                at_center(context, *route, arguments)?;
            }
            Wanted::Route(route) => {
                let vault = vault_of(context, &route)?;
                session(&Broker::new(context, vault, *route)?, arguments.fresh)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What shall be signed in to.
enum Wanted {
    Route(Box<Route>),
    Portal(Portal),
}

fn wanted(context: &Context<'_>, arguments: &args::Login) -> Result<Wanted, KagiError> {
    if let Some(name) = &arguments.sso_session {
        return portal(context, name).map(Wanted::Portal);
    }
    let mut typed = arguments.target.clone();
    let unnamed = typed.profile.is_none() && typed.role.account.is_none();
    if unnamed && variable("AWS_PROFILE").is_none() {
        match sole_profile(context)? {
            Some(profile) => typed.profile = Some(profile),
            None => {
                if let [only] = session_names(&context.files).as_slice() {
                    return portal(context, only).map(Wanted::Portal);
                }
            }
        }
    }
    let target = target(context, &typed, || context.vault())?;
    Ok(Wanted::Route(Box::new(context.route(&target, &Access::Everyday)?)))
}

/// The portal of `[sso-session NAME]`.
pub(super) fn portal(context: &Context<'_>, name: &str) -> Result<Portal, KagiError> {
    let typed = Place { file: File::Config, header: format!("sso-session {name}"), line: 0 };
    portal_named(&context.files, name, &typed).map_err(|(place, source)| match place.line {
        // Nothing of this name stands in the file.
        0 => source.into(),
        _ => RouteError::Setting { place, source }.into(),
    })
}

/// With one key in the vault there is no question which.
fn sole_profile(context: &Context<'_>) -> Result<Option<String>, KagiError> {
    if Locked::find(&context.places.home)?.is_none() {
        return Ok(None);
    }
    let keys = context.vault()?.keys()?;
    keys.warn_of_damage();
    Ok(match keys.whole.as_slice() {
        [only] => Some(only.profile.clone()),
        _ => None,
    })
}

fn session(broker: &Broker<'_, '_>, fresh: bool) -> Result<(), KagiError> {
    if fresh && let Some(first) = broker.plan.steps.first() {
        broker.vault.remove_session(&first.key)?;
    }
    if let Origin::Foreign(source) = &broker.origin {
        printer::note(&format!("no session is needed: the source's credentials are {}", source.sentence()));
        return Ok(());
    }
    let session = broker.session()?;
    if session.is_key() {
        printer::note("no session is needed: programs get the key itself (`session = off`)");
        return Ok(());
    }
    let left = session.expires_at - broker.now().as_second();
    printer::note(&format!("session of `{}` for {}", broker.route.key_profile, words(left)));
    Ok(())
}

/// Signs in at a portal, unless somebody is.
fn at_portal(context: &Context<'_>, portal: &Portal, arguments: &args::Login) -> Result<(), KagiError> {
    let center = Center::of_session(context, portal)?;
    let vault = open_or_create(context, &center.command)?;
    let client = client(context, portal.name())?;
    let login = signed_in(context, &vault, &client, &center, arguments)?;
    say(&center, &login);
    Ok(())
}

/// The sign-in: the one there is while it lives, else a new one.
fn signed_in(
    context: &Context<'_>,
    vault: &Vault,
    client: &kagimori_aws::Client,
    center: &Center,
    arguments: &args::Login,
) -> Result<Login, KagiError> {
    if !arguments.fresh {
        let patience = context.prompter(String::new())?.patience;
        let tokens = Tokens { center, vault, client, patience, now: jiff::Timestamp::now };
        match tokens.token() {
            Ok(_) => {
                if let Some(login) = center.stored(vault)? {
                    return Ok(login);
                }
            }
            // A sign-in that is over is replaced.
            Err(KagiError::SignedOut { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let how = How { device: arguments.device, browser: arguments.browser_cmd.as_deref() };
    let login = sign_in(context, vault, client, center, how)?;
    log::append(vault, log::event("signed-in", center.portal.name(), context.now()));
    Ok(login)
}

/// Signs in at the portal of a route, and learns who that is from the first role.
fn at_center(context: &Context<'_>, route: Route, arguments: &args::Login) -> Result<(), KagiError> {
    let vault = open_or_create(context, &format!("kagi login {}", quoted(&route.key_profile)))?;
    let broker = Broker::new(context, vault.clone(), route.clone())?;
    let Origin::Sso(center, _) = &broker.origin else { return Ok(()) };
    let login = signed_in(context, &vault, broker.client()?, center, arguments)?;
    say(center, &login);
    // Planned anew: the sign-in is part of every key.
    let broker = Broker::new(context, vault, route)?;
    let session = broker.session()?;
    let login = broker.person(&session)?.unwrap_or(login);
    let left = session.expires_at - broker.now().as_second();
    printer::note(&format!(
        "{} in {} for {} at a time, renewed silently",
        login.user.as_deref().unwrap_or("you"),
        session.role.as_deref().unwrap_or_default(),
        words(left)
    ));
    Ok(())
}

fn say(center: &Center, login: &Login) {
    let renewed = if login.refresh.is_some() { ", renewed silently until AWS ends it" } else { "" };
    printer::note(&format!("signed in at `{}`{renewed}", center.portal.name()));
}
