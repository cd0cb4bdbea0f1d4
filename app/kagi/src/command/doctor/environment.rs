//! The environment and the clock.

use kagimori_session::endpoint::Service;
use kagimori_session::value::words;

use super::Finding;
use crate::broker::client;
use crate::context::Context;
use crate::error::{KagiError, SET_CLOCK};
use crate::place::variable;

/// AWS refuses signatures that are 15 minutes off; half of that is a warning.
const SKEW_SECONDS: i64 = 120;

pub(super) fn look(_: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if variable("AWS_SECRET_ACCESS_KEY").is_some() {
        findings.push(Finding::new(
            "key-in-environment",
            "AWS_SECRET_ACCESS_KEY",
            "a secret key is in the environment of every program started here",
            "use `kagi exec` or `eval \"$(kagi env PROFILE)\"`, which leave no secret there",
        ));
        if variable("AWS_PROFILE").is_some() {
            findings.push(Finding::new(
                "key-and-profile",
                "AWS_PROFILE",
                "keys and `AWS_PROFILE` are both set: Python, Go and Rust take the keys, JavaScript the profile",
                "`eval \"$(kagi env --unset)\"`, then set one",
            ));
        }
    }
    for name in [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ] {
        if variable(name).is_some() {
            findings.push(Finding::new(
                "another-identity",
                name,
                "when kagi is locked the JavaScript SDK silently goes on to this identity",
                "`kagi exec` and `kagi env` take it away",
            ));
        }
    }
    findings
}

/// How far this machine's clock is from AWS's.
pub(super) fn clock(context: &Context<'_>) -> Result<Option<Finding>, KagiError> {
    let sts = context.endpoint(Service::Sts, "default")?;
    let time = client(context, "default")?
        .server_time(&sts)
        .map_err(|source| KagiError::call(source, "the clock"))?;
    let skew = time.map_or(0, |time| context.now().as_second() - time.as_second());
    Ok((skew.abs() > SKEW_SECONDS).then(|| {
        let side = if skew < 0 { "behind" } else { "ahead of" };
        Finding::new(
            "clock",
            sts.url.as_str(),
            format!("this machine's clock is {} {side} AWS's", words(skew.abs())),
            format!(
                "set it (`{SET_CLOCK}`): AWS refuses what is 15 minutes off, and codes what is half a minute off"
            ),
        )
    }))
}
