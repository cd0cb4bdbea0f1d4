//! GetCallerIdentity and GetAccessKeyInfo.

use crate::fault::Fault;
use crate::limits::{ACCESS_KEY_ID, Checks};
use crate::world::{Call, World};
use crate::xml::Xml;

/// No policy can deny it.
pub(super) fn get_caller_identity(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let principal = world.state.principal(&call.caller);
    let result = Xml::new()
        .leaf("Arn", principal.arn().unwrap_or_default())
        .leaf("UserId", &world.state.user_id(&call.caller))
        .leaf("Account", call.caller.account());
    Ok(Some(result))
}

/// The account of a key, whosever it is. Of keys the fake did not make there is none to tell.
pub(super) fn get_access_key_info(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let id = call.parameters.get("AccessKeyId");
    let mut checks = Checks::default();
    checks.required("accessKeyId", id, &ACCESS_KEY_ID);
    checks.done()?;
    let mut question = world.question(call, "sts:GetAccessKeyInfo", "*".to_owned());
    question.is_wildcard_only = true;
    world.state.authorise(question)?;
    let id = id.unwrap_or_default();
    let of_key = world.state.keys.get(id).map(|key| key.owner.account.clone());
    let account = of_key.or_else(|| world.state.account_of_session(id));
    let account = account.ok_or_else(|| Fault::validation("Invalid Access Key"))?;
    Ok(Some(Xml::new().leaf("Account", &account)))
}
