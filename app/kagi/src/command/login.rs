//! `kagi login`: the vault and the MFA session, or the sign-in at Identity Center, for the day.

use std::process::ExitCode;

use kagimori_session::edit::set;
use kagimori_session::heading::{Heading, heading};
use kagimori_session::profile::{File, Place, ProfileFiles};
use kagimori_session::route::{Access, Route, RouteError};
use kagimori_session::sso::ACCOUNT_ACCESS;
use kagimori_session::sso::login::Login;
use kagimori_session::sso::settings::{Portal, portal_named, session_names};
use kagimori_session::value::{shown, words};
use kagimori_terminal::printer;

use super::first::{begins_with_sign_in, no_vault, unnamed};
use super::profile_lines::{check_name, word, write_config};
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

const SCOPES: &str = "sso_registration_scopes";

/// `kagi login`
pub(crate) fn run(arguments: &args::Login) -> Result<ExitCode, KagiError> {
    with_context(|context| {
        match wanted(context, arguments)? {
            Wanted::Portal(portal) => {
                at_portal(context, &portal, arguments)?;
            }
            Wanted::New(portal, config) => {
                let vault = at_portal(context, &portal, arguments)?;
                write_config(context, &vault, &config)?;
                printer::note(
                    "next: `kagi sso profiles` writes a profile for every permission set that is assigned to you",
                );
            }
            Wanted::Route(route) if begins_with_sign_in(&route) => {
                at_center(context, *route, arguments.fresh, how(arguments))?;
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
    /// A portal that no file knows, and the text of the config file that does.
    New(Portal, String),
}

fn wanted(context: &Context<'_>, arguments: &args::Login) -> Result<Wanted, KagiError> {
    if let (Some(url), Some(region)) = (&arguments.start_url, &arguments.sso_region) {
        return new_portal(context, url, region, arguments.sso_session.as_deref());
    }
    if let Some(name) = &arguments.sso_session {
        return portal(context, name).map(Wanted::Portal);
    }
    let mut typed = arguments.target.clone();
    let names_nothing = typed.profile.is_none() && typed.role.account.is_none();
    if names_nothing && variable("AWS_PROFILE").is_none() {
        match sole_profile(context)? {
            Some(profile) => typed.profile = Some(profile),
            None => {
                if let [only] = session_names(&context.files).as_slice() {
                    return portal(context, only).map(Wanted::Portal);
                }
            }
        }
    }
    let routed = || {
        let target = target(context, &typed, || context.vault())?;
        Ok(context.route(&target, &Access::Everyday)?)
    };
    let route = routed().map_err(|error| match error {
        KagiError::NoVault => no_vault(context),
        error => unnamed(context, &typed, error),
    })?;
    Ok(Wanted::Route(Box::new(route)))
}

/// A portal by its address, and the config file with its `[sso-session]`.
fn new_portal(
    context: &Context<'_>,
    url: &str,
    region: &str,
    name: Option<&str>,
) -> Result<Wanted, KagiError> {
    let of_host = || url.strip_prefix("https://").and_then(|rest| rest.split(['.', '/']).next());
    let name = name.or_else(of_host).unwrap_or_default();
    check_name(name)?;
    let before = context.files.document(File::Config).text();
    if session_names(&context.files).iter().any(|known| known == name) {
        let known = portal(context, name)?;
        if known.start_url.trim_end_matches('/') == url.trim_end_matches(['/', '#']) && known.region == region
        {
            return Ok(Wanted::Portal(known));
        }
        return Err(KagiError::argument(
            format!("`[sso-session {}]` stands in the config file, and is another portal", shown(name)),
            "choose another name with `--sso-session`",
        ));
    }
    let header = format!("sso-session {}", word(name));
    let is_it = |found: &str| matches!(heading(found), Heading::SsoSession(it) if it == name);
    let settings = [("sso_start_url", url), ("sso_region", region), (SCOPES, ACCOUNT_ACCESS)];
    let config =
        settings.iter().fold(before.to_owned(), |text, (key, value)| set(&text, is_it, &header, key, value));
    let files = ProfileFiles::scan(&config, "");
    let typed = Place { file: File::Config, header, line: 0 };
    let portal = portal_named(&files, name, &typed).map_err(|(_, refused)| KagiError::Refused(refused))?;
    Ok(Wanted::New(portal, config))
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
    match (keys.whole.as_slice(), keys.damaged.first()) {
        ([only], _) => Ok(Some(only.profile.clone())),
        ([], Some(path)) => Err(KagiError::Damaged(path.clone())),
        _ => Ok(None),
    }
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
fn at_portal(context: &Context<'_>, portal: &Portal, arguments: &args::Login) -> Result<Vault, KagiError> {
    let center = Center::of_session(context, portal)?;
    let vault = open_or_create(context, &center.command)?;
    let client = client(context, portal.name())?;
    let login = signed_in(context, &vault, &client, &center, arguments.fresh, how(arguments))?;
    say(&center, &login);
    Ok(vault)
}

fn how(arguments: &args::Login) -> How<'_> {
    How { device: arguments.device, browser: arguments.browser_cmd.as_deref() }
}

/// The sign-in: the one there is while it lives, else a new one.
fn signed_in(
    context: &Context<'_>,
    vault: &Vault,
    client: &kagimori_aws::Client,
    center: &Center,
    fresh: bool,
    how: How<'_>,
) -> Result<Login, KagiError> {
    if !fresh {
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
    let login = sign_in(context, vault, client, center, how)?;
    log::append(vault, log::event("signed-in", center.portal.name(), context.now()));
    Ok(login)
}

/// Signs in for a command that goes on then.
pub(super) fn sign_in_for(context: &Context<'_>, route: Route) -> Result<(), KagiError> {
    at_center(context, route, false, How { device: false, browser: None })
}

/// Signs in at the portal of a route, and learns who that is from the first role.
fn at_center(context: &Context<'_>, route: Route, fresh: bool, how: How<'_>) -> Result<(), KagiError> {
    let vault = open_or_create(context, &format!("kagi login {}", quoted(&route.key_profile)))?;
    let broker = Broker::new(context, vault.clone(), route.clone())?;
    let Origin::Sso(center, _) = &broker.origin else { return Ok(()) };
    let login = signed_in(context, &vault, broker.client()?, center, fresh, how)?;
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
