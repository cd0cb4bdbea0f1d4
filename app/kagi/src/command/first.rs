//! What a person does first, told by what stands in their files.

use kagimori_session::route::{Access, Route, Source, Target};
use kagimori_session::sso::settings::{is_sso, session_names};
use kagimori_session::value::shown;

use super::add::with_plaintext_key;
use crate::args;
use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::place::variable;

/// So many names are told.
const MOST_NAMED: usize = 5;

/// Where there is no vault.
pub(crate) fn no_vault(context: &Context<'_>) -> KagiError {
    KagiError::argument(KagiError::NoVault.to_string(), step(context))
}

/// The first step: the key that is there, the sign-in that is there, or either from nothing.
pub(crate) fn step(context: &Context<'_>) -> String {
    let keys = with_plaintext_key(context);
    if !keys.is_empty() {
        let which = if keys.len() == 1 { "the key" } else { "the keys" };
        return format!(
            "`kagi add --all` makes the vault, moves {which} of {} into it, and lets kagi serve the roles behind",
            names(&keys)
        );
    }
    let sessions = session_names(&context.files);
    let profile = || context.files.names().into_iter().find(|name| is_sso(&context.files, name));
    match (sessions.as_slice(), profile()) {
        ([only], _) => format!("`kagi login` signs in at `{}`", shown(only)),
        ([first, ..], None) => format!("`kagi login --sso-session {}` signs in there", quoted(first)),
        (_, Some(profile)) => format!("`kagi login {}` signs in for it", quoted(&profile)),
        ([], None) => {
            "`kagi add NAME` asks for a user's access key; at IAM Identity Center `kagi login --start-url \
                       https://NAME.awsapps.com/start --sso-region REGION` signs in"
                .to_owned()
        }
    }
}

/// The error for a route whose key cannot be there, since there is no vault.
pub(crate) fn no_key_without_vault(context: &Context<'_>, route: &Route) -> KagiError {
    match context.no_key(route) {
        // Nothing was named, or nothing stands in the files: what is there tells more.
        Some(_) if route.name == "default" || context.files.names().is_empty() => no_vault(context),
        Some(error) => error,
        // The first key is that of the profile in which the chain begins.
        None => KagiError::argument(
            KagiError::NoVault.to_string(),
            format!("run `kagi add {}`: it makes one, and stores the key", quoted(&route.key_profile)),
        ),
    }
}

/// Whoever names no profile means `default`: where that is none, the others are named.
pub(crate) fn unnamed(context: &Context<'_>, typed: &args::Target, error: KagiError) -> KagiError {
    let is_unnamed = typed.profile.is_none()
        && typed.role.account.is_none()
        && variable("AWS_PROFILE").is_none()
        && variable("AWS_DEFAULT_PROFILE").is_none();
    let all: Vec<String> = context.files.names().into_iter().collect();
    if !is_unnamed || all.is_empty() || context.files.defines("default") {
        return error;
    }
    match error {
        KagiError::Route(_) => KagiError::argument(
            "no profile is named, and there is none called `default`",
            format!("name one: {}; `kagi list` says what they are", names(&all)),
        ),
        other => other,
    }
}

/// Whether a route begins with a sign-in at Identity Center.
pub(crate) fn begins_with_sign_in(route: &Route) -> bool {
    matches!(route.source, Source::Sso { .. })
}

/// What `kagi NAME` was probably meant for.
pub(crate) fn meant_profile(context: &Context<'_>, word: &str) -> Option<String> {
    let target = Target::Profile(word.to_owned());
    let is_one = context.files.defines(word) && context.route(&target, &Access::Everyday).is_ok();
    is_one.then(|| {
        let name = quoted(word);
        format!(
            "`{}` is a profile: `kagi exec {name}` is a shell as it, `kagi exec {name} -- COMMAND` a command",
            shown(word)
        )
    })
}

fn names(all: &[String]) -> String {
    let mut named: Vec<_> = all.iter().take(MOST_NAMED).map(|name| format!("`{}`", shown(name))).collect();
    if all.len() > MOST_NAMED {
        named.push(format!("{} more", all.len() - MOST_NAMED));
    }
    named.join(", ")
}
