//! Users and roles, to see who is there and to try permissions with.

use super::{authorised_owner, listed, no_such_user};
use crate::fault::Fault;
use crate::world::state::{RoleState, UserState};
use crate::world::{Call, World};
use crate::xml::Xml;

pub(super) fn get_user(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let owner = authorised_owner(world, call, "iam:GetUser")?;
    let written = match &owner.user {
        Some(name) => user(name, world.user(call, name).ok_or_else(|| no_such_user(name))?),
        None => Xml::new()
            .leaf("UserId", &owner.account)
            .leaf("Arn", &format!("arn:aws:iam::{}:root", owner.account))
            .leaf("Path", "/")
            .leaf("UserName", "")
            .time("CreateDate", call.now),
    };
    Ok(Some(Xml::new().node("User", &written)))
}

pub(super) fn list_users(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let prefix = authorised_prefix(world, call, "iam:ListUsers", "user")?;
    let users =
        world.state.accounts.get(call.caller.account()).into_iter().flat_map(|account| &account.users);
    let members =
        users.filter(|(_, user)| user.path.starts_with(&prefix)).map(|(name, found)| user(name, found));
    Ok(Some(listed("Users", members)))
}

pub(super) fn list_roles(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let prefix = authorised_prefix(world, call, "iam:ListRoles", "role")?;
    let roles =
        world.state.accounts.get(call.caller.account()).into_iter().flat_map(|account| &account.roles);
    let members =
        roles.filter(|(_, role)| role.path.starts_with(&prefix)).map(|(name, found)| role(name, found));
    Ok(Some(listed("Roles", members)))
}

fn authorised_prefix(world: &World, call: &Call<'_>, action: &str, kind: &str) -> Result<String, Fault> {
    let prefix = call.parameters.get("PathPrefix").unwrap_or("/");
    let all = format!("arn:aws:iam::{}:{kind}{prefix}", call.caller.account());
    let mut question = world.question(call, action, all);
    question.is_wildcard_only = true;
    world.state.authorise(question)?;
    Ok(prefix.to_owned())
}

pub(super) fn user(name: &str, user: &UserState) -> Xml {
    Xml::new()
        .leaf("Path", &user.path)
        .leaf("UserName", name)
        .leaf("UserId", &user.id)
        .leaf("Arn", &user.arn)
        .time("CreateDate", user.created)
}

/// The trust policy is URL-encoded in XML (RFC 3986), as IAM's documents are.
fn role(name: &str, role: &RoleState) -> Xml {
    let document: String = form_urlencoded::byte_serialize(role.trust_text.as_bytes()).collect();
    Xml::new()
        .leaf("Path", &role.path)
        .leaf("RoleName", name)
        .leaf("RoleId", &role.id)
        .leaf("Arn", &role.arn)
        .time("CreateDate", role.created)
        .leaf("AssumeRolePolicyDocument", &document.replace('+', "%20"))
        .leaf("MaxSessionDuration", &role.max_session_seconds.to_string())
}
