//! Whether SDKs end at kagi for a profile, told of the profile as botocore makes it of both files.

use kagimori_session::heading::is_portable_name;
use kagimori_session::merged::{Merged, Part, merged};
use kagimori_session::profile::ProfileFiles;
use kagimori_session::sso::settings::SSO_SETTINGS;
use kagimori_session::value::shown;

use super::profile_lines::{KEY_SETTINGS, ROLE_SETTINGS, process_line};
use crate::broker::Broker;
use crate::error::quoted;

/// Every setting by which some SDK goes to credentials beside or before a `credential_process`.
pub(crate) fn ways_past_us() -> Vec<&'static str> {
    KEY_SETTINGS.iter().chain(&ROLE_SETTINGS).chain(&SSO_SETTINGS).copied().collect()
}

/// What an SDK could prefer to the profile's process.
pub(crate) fn competitor<'m, 'a>(merged: &'m Merged<'a>) -> Option<&'m Part<'a>> {
    merged.first(&ways_past_us())
}

fn runs_us(merged: &Merged<'_>, name: &str) -> bool {
    // A name that not every SDK reads leads nowhere.
    let process = merged.get("credential_process");
    is_portable_name(name)
        && process.is_some_and(|it| Some(&*it.setting.value) == process_line(name).ok().as_deref())
}

/// Whether every SDK, reading the person's own files, ends at us for this profile, with nothing beside us that could win.
pub(crate) fn is_served(broker: &Broker<'_, '_>) -> bool {
    is_profile_served(&broker.context.files, &broker.route.name)
}

pub(crate) fn is_profile_served(files: &ProfileFiles<'_>, name: &str) -> bool {
    merged(files, name).is_some_and(|merged| runs_us(&merged, name) && competitor(&merged).is_none())
}

/// What SDKs do with the profile, for `kagi explain`.
pub(crate) fn sentence(broker: &Broker<'_, '_>) -> String {
    let name = &broker.route.name;
    let merged = merged(&broker.context.files, name);
    let ours = merged.filter(|merged| runs_us(merged, name));
    match ours.as_ref().map(competitor) {
        Some(None) => "find kagi by the profile's `credential_process`".to_owned(),
        Some(Some(part)) => format!(
            "may prefer `{}` ({}) to kagi: use `kagi exec`, or run `kagi add {}`",
            shown(part.setting.key),
            part.place,
            quoted(name)
        ),
        None => "do not find kagi by this profile: use `kagi exec`, or `kagi add` it".to_owned(),
    }
}
