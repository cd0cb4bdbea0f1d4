//! `kagi sso profiles` and `kagi logout`: what a person is assigned at Identity Center, and the end of a sign-in.

use std::process::ExitCode;

use kagimori_aws::{Client, EntitledRole};
use kagimori_session::sso::entitled;
use kagimori_session::sso::login::Ended;
use kagimori_session::sso::profiles::{Assigned, Outcome, Style, check_pattern, write};
use kagimori_session::sso::settings::{Portal, portal_of, session_names};
use kagimori_session::value::shown;
use kagimori_terminal::printer;

use super::login::portal;
use super::profile_lines::{own_command, write_config};
use super::target::default_profile;
use super::vault::with_context;
use crate::args;
use crate::broker::client;
use crate::context::Context;
use crate::error::KagiError;
use crate::log;
use crate::sso::{Center, Tokens};
use crate::vault::{Locked, Vault};

/// `kagi sso`
pub(crate) fn run(arguments: &args::Sso) -> Result<ExitCode, KagiError> {
    let args::SsoCommand::Profiles(arguments) = &arguments.command;
    with_context(|context| {
        check_pattern(&arguments.names)?;
        let portal = chosen(context, arguments.sso_session.as_deref())?;
        let center = Center::of_session(context, &portal)?;
        let vault = vault(context, &center)?;
        let client = client(context, portal.name())?;
        let tenant = tenant(context, arguments)?;
        let mut assigned = assigned(context, &vault, &client, &center)?;
        if let Some(tenant) = &tenant {
            assigned.extend(entitled_roles(context, &vault, &client, &center, tenant)?);
        }
        let command = own_command()?;
        let today = context.now().strftime("%Y-%m-%d").to_string();
        let style = Style {
            portal: &portal,
            pattern: &arguments.names,
            command: &command,
            region: arguments.region.as_deref(),
            tenant: tenant.as_deref(),
            today: &today,
        };
        let mut outcome = write(&context.files, &assigned, style)?;
        let text = std::mem::take(&mut outcome.text);
        if !arguments.dry_run {
            write_config(context, &vault, &text)?;
        }
        tell(&outcome, arguments.dry_run)?;
        Ok(ExitCode::SUCCESS)
    })
}

/// `kagi logout`
pub(crate) fn logout(arguments: &args::Logout) -> Result<ExitCode, KagiError> {
    with_context(|context| {
        let center = of_logout(context, arguments)?;
        let vault = vault(context, &center)?;
        let name = center.portal.name().to_owned();
        let tokens_client = client(context, &name)?;
        let tokens = tokens(context, &vault, &tokens_client, &center)?;
        match tokens.call(&name, |token| tokens_client.logout(&center.sso, token)) {
            Ok(()) => {}
            Err(error @ KagiError::SignedOut { .. }) if center.stored(&vault)?.is_none() => {
                return Err(error);
            }
            // It is over at AWS already.
            Err(KagiError::SignedOut { .. }) => {}
            Err(error) => printer::warning(&format!(
                "AWS was not told ({error}): the sign-in lives on there until it ends; it is forgotten here"
            )),
        }
        tokens.end(Ended::LoggedOut)?;
        for session in vault.sessions()?.iter().filter(|session| session.is_of_center()) {
            vault.remove_session_file(session)?;
        }
        log::append(&vault, log::event("signed-out", &name, context.now()));
        printer::note(&format!(
            "signed out at `{}`; sessions of roles that were handed out stay valid at AWS until they end",
            shown(&name)
        ));
        Ok(ExitCode::SUCCESS)
    })
}

/// The session that is named, else the only one.
fn chosen(context: &Context<'_>, named: Option<&str>) -> Result<Portal, KagiError> {
    if let Some(name) = named {
        return portal(context, name);
    }
    match session_names(&context.files).as_slice() {
        [only] => portal(context, only),
        [] => Err(KagiError::argument(
            "the config file has no `[sso-session NAME]`",
            "add one with `sso_start_url` and `sso_region`; `aws configure sso-session` writes it",
        )),
        several => Err(KagiError::argument(
            format!(
                "there are several: {}",
                several.iter().take(5).map(|it| shown(it)).collect::<Vec<_>>().join(", ")
            ),
            "name one with `--sso-session`",
        )),
    }
}

fn of_logout(context: &Context<'_>, arguments: &args::Logout) -> Result<Center, KagiError> {
    let profile = arguments.profile.clone().filter(|_| arguments.sso_session.is_none());
    let Some(profile) = profile.or_else(|| default_sso_profile(context, arguments)) else {
        return Center::of_session(context, &chosen(context, arguments.sso_session.as_deref())?);
    };
    let target = kagimori_session::route::Target::Profile(profile.clone());
    let route = context.route(&target, &kagimori_session::route::Access::Everyday)?;
    match &route.source {
        kagimori_session::route::Source::Sso { role, .. } => {
            let profiles = [route.settings_of.as_str(), route.key_profile.as_str()];
            Center::of_profile(context, &role.portal, &profiles, &route.key_profile)
        }
        kagimori_session::route::Source::Key => Err(KagiError::argument(
            format!("`{}` is not a profile of Identity Center", shown(&profile)),
            "`kagi forget --sessions` removes the sessions of keys",
        )),
    }
}

/// `AWS_PROFILE`, when it is one of Identity Center and nothing else is named.
fn default_sso_profile(context: &Context<'_>, arguments: &args::Logout) -> Option<String> {
    let profile = default_profile(None);
    let is_sso = portal_of(&context.files, &profile).ok().flatten().is_some();
    (arguments.sso_session.is_none() && is_sso).then_some(profile)
}

fn vault(context: &Context<'_>, center: &Center) -> Result<Vault, KagiError> {
    match Locked::find(&context.places.home)? {
        None => Err(center.signed_out(None)),
        Some(_) => context.vault(),
    }
}

fn tokens<'t>(
    context: &Context<'_>,
    vault: &'t Vault,
    client: &'t Client,
    center: &'t Center,
) -> Result<Tokens<'t>, KagiError> {
    let patience = context.prompter(String::new())?.patience;
    Ok(Tokens { center, vault, client, patience, now: jiff::Timestamp::now })
}

/// Everything that is assigned; half of it would make the rest look as if it had gone.
fn assigned(
    context: &Context<'_>,
    vault: &Vault,
    client: &Client,
    center: &Center,
) -> Result<Vec<Assigned>, KagiError> {
    let tokens = tokens(context, vault, client, center)?;
    let name = center.portal.name();
    let mut all = Vec::new();
    for account in tokens.call(name, |token| client.list_accounts(&center.sso, token))? {
        let of = format!("account {}", account.id);
        let roles = tokens.call(&of, |token| client.list_account_roles(&center.sso, token, &account.id))?;
        let account_name = if account.name.is_empty() { account.id.clone() } else { account.name };
        all.extend(roles.into_iter().map(|role| Assigned {
            account: account.id.clone(),
            account_name: account_name.clone(),
            role,
            arn: None,
        }));
    }
    Ok(all)
}

/// The tenant of account access manager, where a company has one.
fn tenant(context: &Context<'_>, arguments: &args::SsoProfiles) -> Result<Option<String>, KagiError> {
    let named = arguments.tenant.clone().or_else(|| context.setting(entitled::TENANT));
    Ok(named.map(|named| entitled::tenant(&named)).transpose()?)
}

/// The roles of account access manager.
fn entitled_roles(
    context: &Context<'_>,
    vault: &Vault,
    client: &Client,
    center: &Center,
    tenant: &str,
) -> Result<Vec<Assigned>, KagiError> {
    if let Some(lacking) = entitled::lacking_scope(&center.portal) {
        return Err(lacking.into());
    }
    center.has_scopes(center.stored(vault)?.as_ref())?;
    let of = format!("the tenant {}", shown(tenant));
    let roles = tokens(context, vault, client, center)?
        .call(&of, |token| client.list_entitled_roles(&center.account_access, token, tenant))?;
    let assigned = |role: EntitledRole| {
        let name = role.arn.rsplit('/').next().unwrap_or_default().to_owned();
        let account_name =
            if role.account_name.is_empty() { role.account.clone() } else { role.account_name };
        Assigned { account: role.account, account_name, role: name, arn: Some(role.arn) }
    };
    Ok(roles.into_iter().map(assigned).collect())
}

fn tell(outcome: &Outcome, dry_run: bool) -> Result<(), KagiError> {
    let lines = |what: &str, names: &[String]| {
        names.iter().map(|name| format!("{what:<8} {name}\n")).collect::<String>()
    };
    printer::plain(&format!(
        "{}{}{}{}",
        lines("added", &outcome.added),
        lines("known", &outcome.known),
        lines("back", &outcome.back),
        lines("gone", &outcome.gone)
    ))?;
    for name in outcome.stale.iter().take(5) {
        printer::warning(&format!(
            "`{}` is a profile of yours for what is not assigned to you; it stays as it is",
            shown(name)
        ));
    }
    for (name, it) in outcome.taken.iter().take(5) {
        printer::warning(&format!(
            "`{}` in {} got no profile: `{}` is another one, or no name that every SDK reads; choose `--names`",
            shown(&it.role),
            it.account,
            shown(name)
        ));
    }
    let left_out = outcome.stale.len().saturating_sub(5) + outcome.taken.len().saturating_sub(5);
    if left_out > 0 {
        printer::warning(&format!("and {left_out} more of these"));
    }
    if dry_run {
        printer::note("nothing was written");
    }
    Ok(())
}
