//! GetScopedCredentials (STS API Reference, November 2026): the same identity, a smaller policy or a shorter life.

use jiff::{SignedDuration, Timestamp};

use super::{check_token_size, narrowing};
use crate::fault::Fault;
use crate::limits::{Checks, SESSION_DESCRIPTION, SESSION_POLICY, whole};
use crate::world::state::Session;
use crate::world::{Call, World};
use crate::xml::Xml;

/// "A maximum of 3 scope down policy layers are allowed per session."
const MOST_LAYERS: usize = 3;
const MOST_SECONDS: i64 = 129_600;
const TOKEN_LENGTH: usize = 420;

pub(super) fn get_scoped_credentials(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let parameters = call.parameters;
    if !world.settings.has_scoped_credentials {
        let version = parameters.get("Version").unwrap_or_default();
        return Err(Fault::unknown_operation("GetScopedCredentials", version));
    }
    let wanted = whole(parameters.get("DurationSeconds"))?;
    let mut checks = Checks::default();
    checks.text("policy", parameters.get("Policy"), &SESSION_POLICY);
    checks.number("durationSeconds", wanted, 1, MOST_SECONDS);
    checks.text("scopedSessionDescription", parameters.get("ScopedSessionDescription"), &SESSION_DESCRIPTION);
    check_token_size(&mut checks, parameters)?;
    checks.done()?;
    let Some(session) = call.caller.session() else {
        return Err(Fault::access_denied("Cannot call GetScopedCredentials with long-term credentials"));
    };
    let policy = narrowing::session_policy(parameters, None)?;
    if policy.is_none() && wanted.is_none() {
        return Err(Fault::validation("At least one of Policy or DurationSeconds must be given"));
    }
    if policy.is_some() && session.scopes.len() >= MOST_LAYERS {
        return Err(Fault::access_denied("The session has 3 scope down policies already"));
    }
    let issued = Timestamp::from_second(call.now.as_second()).unwrap_or(call.now);
    let left = session.expires.duration_since(issued).as_secs();
    if wanted.is_some_and(|wanted| wanted > left) {
        return Err(Fault::new(
            400,
            "InsufficientSessionLifetime",
            "The requested DurationSeconds is greater than the remaining lifetime of the calling session",
        ));
    }
    let lasts = SignedDuration::from_secs(wanted.unwrap_or(left));
    let expires = issued.checked_add(lasts).unwrap_or(session.expires);
    let mut scopes = session.scopes.clone();
    scopes.extend(policy);
    let layers = scopes.len().to_string();
    let kind = session.kind.clone();
    let (id, secret) = (world.mint.id("ASIA", 20), world.mint.secret());
    let token = world.mint.token(TOKEN_LENGTH);
    let credentials = Xml::new()
        .leaf("AccessKeyId", &id)
        .leaf("SecretAccessKey", &secret)
        .leaf("SessionToken", &token)
        .time("Expiration", expires);
    let principal = world.state.principal(&call.caller);
    let info = Xml::new()
        .leaf("ScopedSessionId", &world.state.user_id(&call.caller))
        .leaf("Arn", principal.arn().unwrap_or_default());
    world.state.sessions.insert(id, Session { secret, token, issued, expires, kind, scopes });
    let result = Xml::new()
        .node("Credentials", &credentials)
        .node("SessionInfo", &info)
        .leaf("ScopedPoliciesCount", &layers);
    Ok(Some(result))
}
