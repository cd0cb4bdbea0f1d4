//! `kagi login`: the vault and the MFA session, for the day.

use std::process::ExitCode;

use kagimori_session::value::words;

use super::target::with_broker;
use super::vault::with_context;
use crate::args;
use crate::broker::Broker;
use crate::context::Caller;
use crate::error::KagiError;
use crate::place::variable;
use crate::printer;

/// `kagi login`
pub(crate) fn run(arguments: &args::Login) -> Result<ExitCode, KagiError> {
    let mut target = arguments.target.clone();
    let unnamed = target.profile.is_none() && target.role.account.is_none();
    if unnamed && variable("AWS_PROFILE").is_none() {
        target.profile = sole_profile()?;
    }
    with_broker(&target, None, Caller::Person, |broker| session(broker, arguments.fresh))?;
    Ok(ExitCode::SUCCESS)
}

/// With one key in the vault there is no question which.
fn sole_profile() -> Result<Option<String>, KagiError> {
    with_context(|context| match context.vault()?.keys()?.as_slice() {
        [only] => Ok(Some(only.profile.clone())),
        _ => Ok(None),
    })
}

fn session(broker: &Broker<'_, '_>, fresh: bool) -> Result<(), KagiError> {
    if fresh && let Some(first) = broker.plan.steps.first() {
        broker.vault.remove_session(&first.key)?;
    }
    let session = broker.session()?;
    let left = session.expires_at - broker.now().as_second();
    printer::note(&format!("session of `{}` for {}", broker.route.key_profile, words(left)));
    Ok(())
}
