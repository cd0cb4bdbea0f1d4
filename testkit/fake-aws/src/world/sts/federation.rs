//! GetFederationToken.

use super::super::state::{FederatedSession, SessionKind};
use super::{LEAST_SECONDS, check_token_size, issue, narrowing, seconds_for};
use crate::fault::Fault;
use crate::limits::{Checks, FEDERATED_NAME, whole};
use crate::world::caller::Who;
use crate::world::{Call, World};
use crate::xml::Xml;

const MOST_SECONDS: i64 = 129_600;

pub(super) fn get_federation_token(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let parameters = call.parameters;
    let wanted = whole(parameters.get("DurationSeconds"))?;
    let mut checks = Checks::default();
    checks.required("name", parameters.get("Name"), &FEDERATED_NAME);
    checks.number("durationSeconds", wanted, LEAST_SECONDS, MOST_SECONDS);
    check_token_size(&mut checks, parameters)?;
    narrowing::check(&mut checks, parameters);
    checks.done()?;
    let Who::LongTerm(owner) = call.caller.who.clone() else {
        return Err(Fault::with_session_credentials("GetFederationToken"));
    };
    let name = parameters.get("Name").unwrap_or_default().to_owned();
    let tags = narrowing::session_tags(parameters, &[])?;
    let account = world.state.accounts.get(&owner.account);
    let policy = narrowing::session_policy(parameters, account)?;
    let session = FederatedSession { owner, name, tags, policy };
    world.state.authorise(world.question(call, "sts:GetFederationToken", session.arn()))?;
    if !session.tags.is_empty() {
        world.state.authorise(world.question(call, "sts:TagSession", session.arn()))?;
    }
    let percent = narrowing::packed_percent(parameters, &session.tags)?;
    let user = Xml::new().leaf("Arn", &session.arn()).leaf("FederatedUserId", &session.id());
    let seconds = seconds_for(&call.caller, wanted);
    let credentials = issue(world, call, seconds, SessionKind::Federated(session))?;
    let result = Xml::new()
        .node("Credentials", &credentials)
        .node("FederatedUser", &user)
        .maybe("PackedPolicySize", percent.map(|percent| percent.to_string()).as_deref());
    Ok(Some(result))
}
