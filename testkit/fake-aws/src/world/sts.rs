//! STS.

mod assume_role;
mod federation;
mod identity;
mod narrowing;
mod scoped;
mod session_token;

use jiff::{SignedDuration, Timestamp};

use super::caller::Caller;
use super::state::{Session, SessionKind};
use super::{Call, Operation, Service, World};
use crate::fault::Fault;
use crate::limits::{Checks, whole};
use crate::message::Parameters;
use crate::xml::Xml;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "GetSessionToken", service: Service::Sts, run: session_token::get_session_token },
    Operation { name: "AssumeRole", service: Service::Sts, run: assume_role::assume_role },
    Operation { name: "GetFederationToken", service: Service::Sts, run: federation::get_federation_token },
    Operation { name: "GetScopedCredentials", service: Service::Sts, run: scoped::get_scoped_credentials },
    Operation { name: "GetCallerIdentity", service: Service::Sts, run: identity::get_caller_identity },
    Operation { name: "GetAccessKeyInfo", service: Service::Sts, run: identity::get_access_key_info },
];

/// The length of a usual session token, and of one to try buffers with.
const TOKEN_LENGTH: usize = 356;
const LARGE_TOKEN_LENGTH: usize = 8192;
const LEAST_SECONDS: i64 = 900;
/// What GetSessionToken and GetFederationToken give to the root user at most.
const ROOT_SECONDS: i64 = 3600;

/// How long the session token is to be at least.
fn check_token_size(checks: &mut Checks, parameters: &Parameters) -> Result<(), Fault> {
    let wanted = whole(parameters.get("MinimumSessionTokenSize"))?;
    checks.number("minimumSessionTokenSize", wanted, 0, 4096);
    Ok(())
}

/// Checks serial and code, when there are any; whether a code was taken.
fn pass_mfa(world: &mut World, call: &Call<'_>) -> Result<bool, Fault> {
    let (serial, code) = (call.parameters.get("SerialNumber"), call.parameters.get("TokenCode"));
    let (serial, code) = match (serial, code) {
        (None, None) => return Ok(false),
        (Some(serial), Some(code)) => (serial, code),
        _ => return Err(Fault::half_of_mfa()),
    };
    let window = world.settings.window();
    let owner = call.caller.owner().ok_or_else(Fault::wrong_serial)?;
    let account = world.state.accounts.get_mut(&owner.account).ok_or_else(Fault::wrong_serial)?;
    let device = account.devices.get_mut(serial);
    let device = device.filter(|device| device.holder.as_ref().is_some_and(|(holder, _)| holder == owner));
    let device = device.ok_or_else(Fault::wrong_serial)?;
    if device.take(code, call.now, window) { Ok(true) } else { Err(Fault::wrong_code()) }
}

/// Makes temporary credentials.
fn issue(world: &mut World, call: &Call<'_>, seconds: i64, kind: SessionKind) -> Result<Xml, Fault> {
    let wanted = whole(call.parameters.get("MinimumSessionTokenSize"))?.unwrap_or_default();
    let usual = if world.settings.large_tokens { LARGE_TOKEN_LENGTH } else { TOKEN_LENGTH };
    let length = usize::try_from(wanted).unwrap_or_default().max(usual);
    let issued = whole_second(call.now);
    let expires = issued.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    let (id, secret, token) = (world.mint.id("ASIA", 20), world.mint.secret(), world.mint.token(length));
    let credentials = Xml::new()
        .leaf("AccessKeyId", &id)
        .leaf("SecretAccessKey", &secret)
        .leaf("SessionToken", &token)
        .time("Expiration", expires);
    world.state.sessions.insert(id, Session { secret, token, issued, expires, kind, scopes: Vec::new() });
    Ok(credentials)
}

/// AWS tells times in whole seconds, and means them.
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// How long the credentials of GetSessionToken and GetFederationToken live.
fn seconds_for(caller: &Caller, wanted: Option<i64>) -> i64 {
    let seconds = wanted.unwrap_or(43_200);
    if caller.is_root() { seconds.min(ROOT_SECONDS) } else { seconds }
}
