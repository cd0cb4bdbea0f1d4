//! From the command line's words to a target and an access.

use kagimori_session::route::{Access, Route, Source, Target};
use kagimori_session::value::seconds;

use super::first::{begins_with_sign_in, no_key_without_vault, no_vault, unnamed};
use super::login::sign_in_for;
use crate::args;
use crate::broker::Broker;
use crate::context::{Caller, Context, Texts};
use crate::error::KagiError;
use crate::place::{ALIAS, Places, variable};
use crate::sso::Center;
use crate::vault::Vault;

/// The profile that is meant when none is named.
pub(crate) fn default_profile(profile: Option<&str>) -> String {
    let named = profile.map(str::to_owned);
    named
        .or_else(|| variable("KAGI_PROFILE").filter(|_| variable("AWS_PROFILE").as_deref() == Some(ALIAS)))
        .or_else(|| variable("AWS_PROFILE"))
        .or_else(|| variable("AWS_DEFAULT_PROFILE"))
        .unwrap_or_else(|| "default".to_owned())
}

/// The target; the vault is opened only when a role's source must be looked for in it.
pub(crate) fn target(
    context: &Context<'_>,
    typed: &args::Target,
    vault: impl FnOnce() -> Result<Vault, KagiError>,
) -> Result<Target, KagiError> {
    let (Some(account), Some(role)) = (&typed.role.account, &typed.role.role) else {
        return Ok(Target::Profile(default_profile(typed.profile.as_deref())));
    };
    if typed.profile.is_some() {
        return Err(KagiError::argument(
            "a profile and `--account` are both given",
            "leave one out; the profile of the key is named with `--source`",
        ));
    }
    let configured = || context.files.global("source_profile").map(|found| found.value.into_owned());
    let source = match typed.role.source.clone().or_else(configured) {
        Some(source) => source,
        None => only_key(&vault()?)?,
    };
    Ok(Target::Role { account: account.clone(), role: role.clone(), source })
}

fn only_key(vault: &Vault) -> Result<String, KagiError> {
    let keys = vault.keys()?;
    keys.warn_of_damage();
    match keys.whole.as_slice() {
        [only] => Ok(only.profile.clone()),
        [] => Err(KagiError::argument("the vault has no key", "run `kagi add PROFILE`")),
        several => {
            let names: Vec<_> = several.iter().take(5).map(|key| format!("`{}`", key.profile)).collect();
            Err(KagiError::argument(
                format!("the vault has several keys: {}", names.join(", ")),
                "name one with `--source`, or set `source_profile` in `[kagi]` of the config file",
            ))
        }
    }
}

/// Reading, or everything for a reason.
pub(crate) fn access(typed: &args::Elevation) -> Result<Access, KagiError> {
    if !typed.elevate {
        return Ok(Access::Everyday);
    }
    let reason = typed.reason.as_deref().unwrap_or_default().trim();
    if reason.chars().count() < 4 {
        return Err(KagiError::argument(
            "the reason is empty, or too short to be one",
            "say why in four letters or more: `--reason \"restart the stuck worker, INC-42\"`",
        ));
    }
    let seconds = typed.seconds.as_deref().map(seconds).transpose()?;
    Ok(Access::Elevated { reason: reason.to_owned(), seconds })
}

/// Everything a command needs to get credentials.
pub(crate) fn with_broker<T>(
    typed: &args::Target,
    elevation: Option<&args::Elevation>,
    caller: Caller,
    work: impl FnOnce(&Broker<'_, '_>) -> Result<T, KagiError>,
) -> Result<T, KagiError> {
    with_route(None, typed, elevation, caller, |context, route| {
        work(&Broker::new(context, vault_of(context, &route)?, route)?)
    })
}

/// The same for a person who wants to use them now: whoever has to sign in at Identity Center first does so, where there is a
/// terminal. A `region` that was typed wins over the profile's and the environment's.
pub(crate) fn with_person<T>(
    region: Option<&str>,
    typed: &args::Target,
    elevation: Option<&args::Elevation>,
    work: impl FnOnce(&Broker<'_, '_>) -> Result<T, KagiError>,
) -> Result<T, KagiError> {
    with_route(region, typed, elevation, Caller::Person, |context, route| {
        if has_to_sign_in(context, &route)? {
            sign_in_for(context, route.clone())?;
        }
        work(&Broker::new(context, vault_of(context, &route)?, route)?)
    })
}

fn with_route<T>(
    region: Option<&str>,
    typed: &args::Target,
    elevation: Option<&args::Elevation>,
    caller: Caller,
    work: impl FnOnce(&Context<'_>, Route) -> Result<T, KagiError>,
) -> Result<T, KagiError> {
    let places = Places::find()?;
    let texts = Texts::read(&places)?;
    let mut context = Context::new(places, &texts, caller);
    if let Some(region) = region {
        context.around.region = Some(region.to_owned());
        context.region_is_typed = true;
    }
    let access = elevation.map_or(Ok(Access::Everyday), access)?;
    let routed = || {
        let target = target(&context, typed, || context.vault())?;
        Ok(context.route(&target, &access)?)
    };
    let worked = routed().and_then(|route| work(&context, route));
    worked.map_err(|error| match error {
        KagiError::NoVault => no_vault(&context),
        error => unnamed(&context, typed, error),
    })
}

/// Whether nothing can be had for a route before a person has signed in, and one is there to do it.
fn has_to_sign_in(context: &Context<'_>, route: &Route) -> Result<bool, KagiError> {
    if !begins_with_sign_in(route) || !context.prompter(String::new())?.has_terminal() {
        return Ok(false);
    }
    let vault = match vault_of(context, route) {
        Err(KagiError::SignedOut { .. }) => return Ok(true),
        other => other?,
    };
    let broker = Broker::new(context, vault, route.clone())?;
    Ok(broker.cached().is_none() && broker.signed_out().is_some())
}

/// The vault a route needs: without one, a route of Identity Center is signed in to first, and not `kagi add`ed.
pub(crate) fn vault_of(context: &Context<'_>, route: &Route) -> Result<Vault, KagiError> {
    match (context.vault(), &route.source) {
        (Err(KagiError::NoVault), Source::Sso { role, .. }) => {
            let profiles = [route.settings_of.as_str(), route.key_profile.as_str()];
            let center = Center::of_profile(context, &role.portal, &profiles, &route.key_profile)?;
            Err(center.signed_out(None))
        }
        (Err(KagiError::NoVault), Source::Key) if route.foreign.is_none() => {
            Err(no_key_without_vault(context, route))
        }
        (vault, _) => vault,
    }
}
