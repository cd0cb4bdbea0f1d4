//! `kagi add --all`: every plaintext key, then every role profile that leads to a key that is kept, or to a sign-in that kagi serves.

use std::cell::OnceCell;
use std::rc::Rc;

use kagimori_session::credentials::is_long_term_id;
use kagimori_session::merged::merged;
use kagimori_session::profile::ProfileFiles;
use kagimori_session::route::{Access, Source, Target, is_kagi};
use kagimori_session::value::shown;
use kagimori_terminal::printer;

use super::{one, plaintext_key};
use crate::args;
use crate::command::profile_lines::process_of_others;
use crate::command::served::{competitor, is_profile_served};
use crate::command::vault::with_context_and;
use crate::context::Context;
use crate::error::KagiError;
use crate::vault::Vault;

/// Each profile is read anew: the one before it has changed the files.
pub(super) fn run(arguments: &args::Add) -> Result<(), KagiError> {
    let opened = Rc::default();
    let keys = with_context_and(&opened, |context| Ok(names(context, has_key)))?;
    let mut done = each(arguments, &opened, keys);
    let roles = with_context_and(&opened, |context| Ok(names(context, is_role_that_begins_with_us)))?;
    done.extend(each(arguments, &opened, roles));
    let failed: Vec<_> = done.iter().filter(|(_, added)| !added).map(|(name, _)| shown(name)).collect();
    if !failed.is_empty() {
        return Err(KagiError::argument(
            format!("{} of {} profiles could not be added: {}", failed.len(), done.len(), failed.join(", ")),
            "what was said of each is above; correct it and run `kagi add --all` again",
        ));
    }
    match done.len() {
        0 => printer::note(
            "there is nothing to add: no plaintext key, and no role that leads to a key in the vault or to a sign-in that kagi serves",
        ),
        count => printer::note(&format!(
            "kagi serves {count} more {}",
            if count == 1 { "profile" } else { "profiles" }
        )),
    }
    Ok(())
}

fn each(arguments: &args::Add, opened: &Rc<OnceCell<Vault>>, names: Vec<String>) -> Vec<(String, bool)> {
    let add = |name: String| {
        let added = with_context_and(opened, |context| one(context, arguments, &name));
        if let Err(error) = &added {
            printer::failure(error, &error.hint());
        }
        (name, added.is_ok())
    };
    names.into_iter().map(add).collect()
}

pub(super) fn names(context: &Context<'_>, is_wanted: fn(&Context<'_>, &str) -> bool) -> Vec<String> {
    context.files.names().into_iter().filter(|name| is_wanted(context, name)).collect()
}

/// A key of a user that no other tool is in front of.
pub(super) fn has_key(context: &Context<'_>, name: &str) -> bool {
    let is_temporary = |files: &ProfileFiles<'_>| {
        let sections = [files.credentials_section(name), files.sdk_section(name)];
        sections.into_iter().flatten().any(|section| section.setting("aws_session_token").is_some())
    };
    let is_users =
        plaintext_key(context, name).ok().flatten().is_some_and(|key| is_long_term_id(&key.access_key_id));
    is_users && !is_temporary(&context.files) && process_of_others(context, name).is_none()
}

fn is_role_that_begins_with_us(context: &Context<'_>, name: &str) -> bool {
    let is_served = merged(&context.files, name).is_some_and(|merged| {
        let process = merged.get("credential_process");
        process.is_some_and(|process| is_kagi(&process.setting.value)) && competitor(&merged).is_none()
    });
    if is_served || process_of_others(context, name).is_some() {
        return false;
    }
    let Ok(route) = context.route(&Target::Profile(name.to_owned()), &Access::Everyday) else { return false };
    let begins_with_us = || match &route.source {
        Source::Key => context.vault().is_ok_and(|vault| context.key(&vault, &route).is_ok()),
        // A sign-in is kept by the portal; whose profile kagi serves has chosen kagi for it.
        Source::Sso { .. } => is_profile_served(&context.files, &route.key_profile),
    };
    !route.hops.is_empty() && begins_with_us()
}
