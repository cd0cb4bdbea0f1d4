//! The OIDC service: clients, the device code, the authorization code with PKCE (RFC 7636), refresh tokens that rotate.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Asked;
use super::state::{Center, Client, Code, Device, Word};
use crate::fault::Fault;
use crate::message::Response;
use crate::world::World;

const CLIENT_DAYS: i64 = 90;
const DEVICE_SECONDS: i64 = 600;
const CODE_SECONDS: i64 = 300;
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// RegisterClient
pub(super) fn register(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    if asked.text("clientType") != "public" || asked.text("clientName").is_empty() {
        return Err(Fault::new(400, "InvalidClientMetadataException", "clientType must be public"));
    }
    let (grants, redirects) = (list(&asked.body, "grantTypes"), list(&asked.body, "redirectUris"));
    let is_code = grants.iter().any(|grant| grant == "authorization_code");
    if is_code && (redirects.is_empty() || asked.text("issuerUrl") != center(world)?.start_url) {
        return Err(invalid("redirectUris and issuerUrl are needed for authorization_code"));
    }
    let id = world.mint.token(40);
    let secret = world.mint.token(64);
    let ends = later(asked.now, CLIENT_DAYS * 86_400);
    let scopes = list(&asked.body, "scopes");
    let has_scopes = scopes.iter().any(|scope| scope == "sso:account:access");
    let client = Client { secret: secret.clone(), ends, grants, redirects, has_scopes, scopes };
    center(world)?.clients.insert(id.clone(), client);
    Ok(Response::json(
        200,
        &json!({
            "clientId": id,
            "clientSecret": secret,
            "clientIdIssuedAt": asked.now.as_second(),
            "clientSecretExpiresAt": ends.as_second(),
        }),
    ))
}

/// StartDeviceAuthorization
pub(super) fn start_device(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    let interval_seconds = world.settings.device_interval_seconds;
    let client = client(world, asked)?;
    if asked.text("startUrl") != center(world)?.start_url {
        // What AWS says of a portal that is not in the Region that was called.
        return Err(invalid("Invalid request"));
    }
    let code = world.mint.token(80);
    let user_code = user_code(&world.mint.request_id());
    let base = host(asked);
    let ends = later(asked.now, DEVICE_SECONDS);
    let device =
        Device { user_code: user_code.clone(), client, ends, interval_seconds, word: None, polled: None };
    center(world)?.devices.insert(code.clone(), device);
    Ok(Response::json(
        200,
        &json!({
            "deviceCode": code,
            "userCode": user_code,
            "verificationUri": format!("{base}/device"),
            "verificationUriComplete": format!("{base}/device?user_code={user_code}"),
            "expiresIn": DEVICE_SECONDS,
            "interval": interval_seconds,
        }),
    ))
}

/// `BCDF-GHJK`
fn user_code(of: &str) -> String {
    let letters: String = of.chars().filter(char::is_ascii_hexdigit).take(8).collect();
    let (one, two) = letters.split_at_checked(4).unwrap_or((&letters, ""));
    format!("{one}-{two}").to_uppercase()
}

/// The page on which a person says yes; `deny=1` is the other button.
pub(super) fn verify_device(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    let (user_code, denies) = (asked.query("user_code"), !asked.query("deny").is_empty());
    let center = center(world)?;
    let person = center.signed_in.clone().ok_or_else(|| Fault::new(401, "SignIn", "nobody is signed in"))?;
    let device = center.devices.values_mut().find(|device| device.user_code == user_code);
    let device = device.ok_or_else(|| Fault::new(404, "NoSuchCode", "there is no such code"))?;
    device.word = Some(if denies { Word::No } else { Word::Yes(person) });
    Ok(Response::new(200, "text/plain", "Request approved\n".to_owned()))
}

/// The page of the authorization code: the person is signed in and says yes; `deny=1` is the other button.
pub(super) fn authorize(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    let query = |name: &str| asked.query(name);
    let (id, redirect, state) = (query("client_id"), query("redirect_uri"), query("state"));
    let code = world.mint.token(64);
    let center = center(world)?;
    let known = center.clients.get(&id).filter(|client| asked.now < client.ends);
    let known = known.ok_or_else(|| Fault::new(400, "InvalidClientException", "unknown client"))?;
    let may = known.grants.iter().any(|grant| grant == "authorization_code")
        && known.redirects.iter().any(|registered| without_port(&redirect) == *registered);
    let is_pkce = query("code_challenge_method") == "S256" && query("code_challenge").len() == 43;
    if !may || query("response_type") != "code" || !is_pkce || query("scopes").is_empty() {
        return Err(Fault::new(400, "InvalidRequestException", "the request is not what was registered"));
    }
    let answer = match center.signed_in.clone().filter(|_| query("deny").is_empty()) {
        None => vec![("error", "access_denied".to_owned())],
        Some(person) => {
            let challenge = query("code_challenge");
            let ends = later(asked.now, CODE_SECONDS);
            let redirect = redirect.clone();
            center.codes.insert(code.clone(), Code { client: id, redirect, challenge, person, ends });
            vec![("code", code)]
        }
    };
    let pairs = answer.into_iter().chain([("state", state)]);
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Ok(Response::new(302, "text/plain", String::new()).with_header("Location", format!("{redirect}?{query}")))
}

/// RFC 8252, section 7.3: the port of a loopback redirect may be any.
fn without_port(redirect: &str) -> String {
    let Some(rest) = redirect.strip_prefix("http://127.0.0.1:") else { return redirect.to_owned() };
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
    format!("http://127.0.0.1{path}")
}

/// CreateToken
pub(super) fn create_token(world: &mut World, asked: &Asked<'_>) -> Result<Response, Fault> {
    let id = client(world, asked)?;
    let session = match asked.text("grantType") {
        DEVICE_CODE => of_device(center(world)?, asked, &id)?,
        "authorization_code" => of_code(center(world)?, asked, &id)?,
        "refresh_token" => of_refresh(center(world)?, asked, &id)?,
        _ => return Err(Fault::new(400, "UnsupportedGrantTypeException", "unsupported_grant_type")),
    };
    let seconds = world.settings.access_token_seconds;
    let (access, refresh) = (world.mint.token(320), world.mint.token(320));
    let center = center(world)?;
    center.access.insert(access.clone(), (session, later(asked.now, seconds)));
    let mut body = json!({ "accessToken": access, "tokenType": "Bearer", "expiresIn": seconds });
    if center.clients.get(&id).is_some_and(|client| client.has_scopes) {
        center.refresh.insert(refresh.clone(), (session, id));
        if let Value::Object(fields) = &mut body {
            fields.insert("refreshToken".to_owned(), Value::String(refresh));
        }
    }
    Ok(Response::json(200, &body))
}

fn of_device(center: &mut Center, asked: &Asked<'_>, id: &str) -> Result<usize, Fault> {
    let device = center.devices.get_mut(asked.text("deviceCode")).filter(|device| device.client == id);
    let device = device.ok_or_else(|| grant("the device code is not valid"))?;
    if asked.now >= device.ends {
        return Err(Fault::new(400, "ExpiredTokenException", "the device code has expired"));
    }
    let since = device.polled.replace(asked.now).map(|at| asked.now.duration_since(at).as_secs());
    if since.is_some_and(|since| since < device.interval_seconds) {
        device.interval_seconds += 5;
        return Err(Fault::new(400, "SlowDownException", "slow_down"));
    }
    match device.word.clone() {
        None => Err(Fault::new(400, "AuthorizationPendingException", "authorization_pending")),
        Some(Word::No) => Err(Fault::new(400, "AccessDeniedException", "access_denied")),
        Some(Word::Yes(person)) => {
            center.devices.remove(asked.text("deviceCode"));
            Ok(center.begin(person, id))
        }
    }
}

fn of_code(center: &mut Center, asked: &Asked<'_>, id: &str) -> Result<usize, Fault> {
    // Whatever is wrong, a code is tried once (RFC 6749, section 4.1.2).
    let code = center.codes.remove(asked.text("code")).ok_or_else(|| grant("the code is not valid"))?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(asked.text("codeVerifier")));
    let is_right = code.client == id
        && code.redirect == asked.text("redirectUri")
        && code.challenge == challenge
        && asked.now < code.ends;
    if is_right { Ok(center.begin(code.person, id)) } else { Err(grant("the code is not this client's")) }
}

/// A refresh token is good once: the answer has the next.
fn of_refresh(center: &mut Center, asked: &Asked<'_>, id: &str) -> Result<usize, Fault> {
    let (session, of) = center
        .refresh
        .remove(asked.text("refreshToken"))
        .ok_or_else(|| grant("the refresh token is not valid"))?;
    let is_alive = center.sessions.get(session).is_some_and(|session| session.is_alive);
    if of == id && is_alive { Ok(session) } else { Err(grant("the session has ended")) }
}

fn grant(message: &str) -> Fault {
    Fault::new(400, "InvalidGrantException", message)
}

fn invalid(message: &str) -> Fault {
    Fault::new(400, "InvalidRequestException", message)
}

/// The client a call names, with its secret.
fn client(world: &mut World, asked: &Asked<'_>) -> Result<String, Fault> {
    let id = asked.text("clientId");
    let known = center(world)?.clients.get(id).filter(|client| client.secret == asked.text("clientSecret"));
    match known {
        Some(client) if asked.now < client.ends => Ok(id.to_owned()),
        _ => Err(Fault::new(401, "InvalidClientException", "the client is not valid")),
    }
}

pub(super) fn center(world: &mut World) -> Result<&mut Center, Fault> {
    world.state.center.as_mut().ok_or_else(|| invalid("there is no Identity Center"))
}

fn list(body: &Value, name: &str) -> Vec<String> {
    let items = body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

fn host(asked: &Asked<'_>) -> String {
    format!("http://{}", asked.request.header("host").unwrap_or("127.0.0.1"))
}
