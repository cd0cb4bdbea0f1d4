//! Account access manager's runtime (botocore's model `account-access-runtime`): a bearer token of Identity Center, and roles
//! that are given directly, without a permission set. Whether the role's own trust policy must allow it AWS does not say here.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Asked;
use super::oidc::center;
use crate::fault::Fault;
use crate::message::{Request, Response};
use crate::world::World;
use crate::world::state::{RoleSession, Session, SessionKind};

const PAGE: usize = 1;
const SECONDS: i64 = 3600;
const TOKEN_LENGTH: usize = 356;

/// The token of `Authorization: Bearer …`.
pub(super) fn bearer(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer ")
}

/// ListRoles
pub(super) fn roles(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    let person = person(world, asked, "account_access:read_only")?;
    let center = center(world)?;
    let roles: Vec<Value> = center
        .entitled
        .iter()
        .filter(|(of, _)| *of == person)
        .map(|(_, arn)| {
            let account = arn.split(':').nth(4).unwrap_or_default();
            json!({ "accountId": account, "accountName": center.account_names.get(account), "roleArn": arn })
        })
        .collect();
    let from: usize = asked.query("nextToken").parse().unwrap_or_default();
    // However many are asked for: small, so that clients are seen to turn pages.
    let rest = roles.len().saturating_sub(from + PAGE);
    let next = (rest > 0).then(|| (from + PAGE).to_string());
    let items: Vec<Value> = roles.into_iter().skip(from).take(PAGE).collect();
    Ok(Response::json(200, &json!({ "roles": items, "nextToken": next })))
}

/// GetRoleCredentials
pub(super) fn credentials(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    let person = person(world, asked, "account_access:assume")?;
    let arn = asked.query("roleArn");
    if asked.query("accessType") != "PROGRAMMATIC_ACCESS" {
        return Err(Fault::new(400, "ValidationException", "accessType is not valid"));
    }
    let is_entitled = center(world)?.entitled.contains(&(person.clone(), arn.clone()));
    let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
    let role = arn.rsplit('/').next().unwrap_or_default().to_owned();
    let is_there =
        world.state.accounts.get(&account).is_some_and(|account| account.roles.contains_key(&role));
    if !is_entitled || !is_there {
        return Err(Fault::new(403, "AccessDeniedException", "You are not entitled to this role"));
    }
    let issued = Timestamp::from_second(asked.now.as_second()).unwrap_or(asked.now);
    let expires = issued.checked_add(SignedDuration::from_secs(SECONDS)).unwrap_or(Timestamp::MAX);
    let (id, secret) = (world.mint.id("ASIA", 20), world.mint.secret());
    let token = world.mint.token(TOKEN_LENGTH);
    let kind = SessionKind::Role(RoleSession {
        account,
        role,
        name: person,
        source_identity: None,
        tags: Vec::new(),
        policy: None,
        is_chained: false,
    });
    let body = json!({ "credentialsDetails": { "programmaticAccess": {
        "accessKeyId": id,
        "secretAccessKey": secret,
        "sessionToken": token,
        "expiresAt": expires.as_second(),
    }}});
    let session = Session { secret, token, issued, expires, kind, scopes: Vec::new() };
    world.state.sessions.insert(id, session);
    Ok(Response::json(200, &body))
}

/// Whose token it is, of the right tenant and with the scope.
fn person(world: &mut World, asked: &Asked<'_>, scope: &str) -> Result<String, Fault> {
    let unauthorized =
        || Fault::new(401, "UnauthorizedException", "The bearer token is missing, invalid, or expired");
    let token = bearer(asked.request).ok_or_else(unauthorized)?;
    let center = center(world)?;
    let (session, ends) = center.access.get(token).copied().ok_or_else(unauthorized)?;
    let session = center.sessions.get(session).filter(|it| it.is_alive && asked.now < ends);
    let session = session.ok_or_else(unauthorized)?;
    if !session.scopes.iter().any(|it| it == scope) {
        return Err(Fault::new(403, "AccessDeniedException", "The token has not the scope that is needed"));
    }
    if asked.query("tenantId") != center.tenant || center.tenant.is_empty() {
        return Err(Fault::new(400, "ValidationException", "There is no such tenant"));
    }
    Ok(session.person.clone())
}
