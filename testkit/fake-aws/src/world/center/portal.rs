//! The access portal: which roles a user has, and their credentials.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Asked;
use super::oidc::center;
use super::state::{Assigned, Center};
use crate::fault::Fault;
use crate::message::Response;
use crate::world::World;
use crate::world::state::{RoleSession, Session, SessionKind};

/// So many a page, unless asked otherwise: small, so that clients are seen to turn pages.
const PAGE: usize = 2;
const TOKEN_LENGTH: usize = 356;

/// GetRoleCredentials
pub(super) fn role_credentials(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    let person = person(world, asked)?;
    let (account, set) = (asked.query("account_id"), asked.query("role_name"));
    let of_person = center(world)?.assigned.iter();
    let mut found = of_person.filter(|it| it.person == person && it.account == account && it.set == set);
    let found = found.next().cloned().ok_or_else(|| Fault::new(403, "ForbiddenException", "No access"))?;
    let issued = Timestamp::from_second(asked.now.as_second()).unwrap_or(asked.now);
    let lasts = SignedDuration::from_secs(found.session_seconds);
    let expires = issued.checked_add(lasts).unwrap_or(Timestamp::MAX);
    let (id, secret) = (world.mint.id("ASIA", 20), world.mint.secret());
    let token = world.mint.token(TOKEN_LENGTH);
    let kind = SessionKind::Role(RoleSession {
        account: found.account,
        role: found.role,
        name: person,
        source_identity: None,
        tags: Vec::new(),
        policy: None,
        is_chained: false,
    });
    let body = json!({ "roleCredentials": {
        "accessKeyId": id,
        "secretAccessKey": secret,
        "sessionToken": token,
        "expiration": expires.as_millisecond(),
    }});
    let session = Session { secret, token, issued, expires, kind, scopes: Vec::new() };
    world.state.sessions.insert(id, session);
    Ok(Response::json(200, &body))
}

/// ListAccounts
pub(super) fn accounts(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    let person = person(world, asked)?;
    let center = center(world)?;
    let mut all: BTreeMap<&str, Value> = BTreeMap::new();
    for it in center.assigned.iter().filter(|it| it.person == person) {
        let name = center.account_names.get(&it.account);
        let account = json!({
            "accountId": it.account,
            "accountName": name.unwrap_or(&it.account),
            "emailAddress": format!("{}@example.com", it.account),
        });
        all.insert(&it.account, account);
    }
    page("accountList", all.into_values().collect(), asked)
}

/// ListAccountRoles
pub(super) fn roles(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    let person = person(world, asked)?;
    let account = asked.query("account_id");
    let is_of = |it: &&Assigned| it.person == person && it.account == account;
    let roles: Vec<Value> = center(world)?
        .assigned
        .iter()
        .filter(is_of)
        .map(|it| json!({ "roleName": it.set, "accountId": it.account }))
        .collect();
    if roles.is_empty() {
        return Err(Fault::new(403, "ForbiddenException", "No access"));
    }
    page("roleList", roles, asked)
}

/// Logout: the sign-in ends, and every token of it; credentials of roles live on.
pub(super) fn logout(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    person(world, asked)?;
    let token = asked.request.header("x-amz-sso_bearer_token").unwrap_or_default();
    let center = center(world)?;
    if let Some((session, _)) = center.access.get(token).copied()
        && let Some(session) = center.sessions.get_mut(session)
    {
        session.is_alive = false;
    }
    Ok(Response::new(200, "application/json", String::new()))
}

fn page(name: &str, all: Vec<Value>, asked: &Asked<'_>) -> Result<Response, Fault> {
    let from: usize = asked.query("next_token").parse().unwrap_or_default();
    let most = asked.query("max_result").parse().unwrap_or(PAGE).max(1);
    let rest = all.len().saturating_sub(from + most);
    let items: Vec<Value> = all.into_iter().skip(from).take(most).collect();
    let next = (rest > 0).then(|| (from + most).to_string());
    Ok(Response::json(200, &json!({ name: items, "nextToken": next })))
}

fn person(world: &mut World, asked: &Asked<'_>) -> Result<String, Fault> {
    let token = asked.request.header("x-amz-sso_bearer_token").unwrap_or_default();
    alive(center(world)?, token, asked.now)
        .ok_or_else(|| Fault::new(401, "UnauthorizedException", "Session token not found or invalid"))
}

fn alive(center: &Center, token: &str, now: Timestamp) -> Option<String> {
    let (_, ends) = center.access.get(token)?;
    center.person_of(token).filter(|_| now < *ends)
}
