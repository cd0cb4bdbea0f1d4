//! GetSessionToken: no policy can allow or deny it (`id_credentials_temp_control-access_getsessiontoken`).

use super::super::state::SessionKind;
use super::{LEAST_SECONDS, check_token_size, issue, pass_mfa, seconds_for, whole_second};
use crate::fault::Fault;
use crate::limits::{Checks, SERIAL_NUMBER, TOKEN_CODE, whole};
use crate::world::caller::Who;
use crate::world::{Call, World};
use crate::xml::Xml;

const MOST_SECONDS: i64 = 129_600;

pub(super) fn get_session_token(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let wanted = whole(call.parameters.get("DurationSeconds"))?;
    let mut checks = Checks::default();
    checks.number("durationSeconds", wanted, LEAST_SECONDS, MOST_SECONDS);
    checks.text("serialNumber", call.parameters.get("SerialNumber"), &SERIAL_NUMBER);
    checks.text("tokenCode", call.parameters.get("TokenCode"), &TOKEN_CODE);
    check_token_size(&mut checks, call.parameters)?;
    checks.done()?;
    let Who::LongTerm(owner) = call.caller.who.clone() else {
        return Err(Fault::with_session_credentials("GetSessionToken"));
    };
    let mfa_at = pass_mfa(world, call)?.then(|| whole_second(call.now));
    let seconds = seconds_for(&call.caller, wanted);
    let credentials = issue(world, call, seconds, SessionKind::Token { owner, mfa_at })?;
    Ok(Some(Xml::new().node("Credentials", &credentials)))
}
