//! The JSON API: programs file requests for people and follow them; people read with their session. It never approves.
//!
//! A program proves itself by a token whose SHA-256 stands in `desk.toml`; that it is a program, the policy says.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequestParts, Path, Query, Request as HttpRequest, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use kagimori_custody::{Draft, Event, Lasting, Mode, PersonId, Refusal, Request, RequestId, Wish};
use kagimori_id::{AccountId, hex};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::desk::{Book, Desk, DeskError};
use crate::language::Language;
use crate::page::said;
use crate::web::form::BODY_MOST;
use crate::web::limit::Kind;
use crate::web::visitor::Visitor;

/// Requests in one answer.
const PAGE: usize = 100;

/// Whoever calls.
#[derive(Debug)]
pub(crate) struct Caller {
    /// The program that its token has proved; `None`: a person with a session.
    program: Option<PersonId>,
    visitor: Visitor,
}

impl FromRequestParts<Arc<Desk>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Response> {
        let visitor = Visitor::of(parts, desk);
        let token =
            parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if let Some(token) = token {
            let limited = desk.limits.try_once(Kind::Change, visitor.address, desk.clock.now());
            limited.map_err(|_| {
                problem(StatusCode::TOO_MANY_REQUESTS, "too many calls from your network", "wait a second")
            })?;
            let program = program(desk, token).ok_or_else(unknown)?;
            return Ok(Self { program: Some(program), visitor });
        }
        if visitor.session.is_some() { Ok(Self { program: None, visitor }) } else { Err(unknown()) }
    }
}

fn unknown() -> Response {
    let hint = "send the token of a program of desk.toml as `Authorization: Bearer …`";
    problem(StatusCode::UNAUTHORIZED, "nobody is known by that token", hint)
}

/// Whose token it is. All are compared, each in the same time.
fn program(desk: &Desk, token: &str) -> Option<PersonId> {
    let hash = hex(&Sha256::digest(token.as_bytes()));
    let same = |known: &str| bool::from(known.as_bytes().ct_eq(hash.as_bytes()));
    let found: Vec<&String> =
        desk.settings.programs.iter().filter(|(_, known)| same(known)).map(|(name, _)| name).collect();
    let person = PersonId::parse(found.first()?).ok()?;
    desk.is_known(person.as_str()).then_some(person)
}

fn problem(status: StatusCode, title: &str, detail: &str) -> Response {
    let body = json!({ "type": "about:blank", "title": title, "detail": detail, "status": status.as_u16() });
    (status, [(CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filed {
    by: PersonId,
    account: AccountId,
    mode: Mode,
    reason: String,
    #[serde(default)]
    ticket: Option<String>,
    minutes: u32,
}

/// `POST /v1/requests`: a program files a request for a person. The same key gives the same request again.
pub(crate) async fn file(State(desk): State<Arc<Desk>>, caller: Caller, request: HttpRequest) -> Response {
    let Some(program) = caller.program else {
        return problem(
            StatusCode::FORBIDDEN,
            "only programs file requests here",
            "people ask on the page /requests/new",
        );
    };
    let key =
        request.headers().get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Some(key) = key.filter(|key| (1..=200).contains(&key.len())) else {
        return problem(
            StatusCode::BAD_REQUEST,
            "there is no `Idempotency-Key`",
            "send one that is the same whenever this call is repeated",
        );
    };
    let Ok(body) = to_bytes(request.into_body(), BODY_MOST).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long", "shorten it");
    };
    let filed: Filed = match serde_json::from_slice(&body) {
        Ok(filed) => filed,
        Err(error) => {
            return problem(
                StatusCode::UNPROCESSABLE_ENTITY,
                &format!("the body is no request: {error}"),
                "see /v1/openapi.json",
            );
        }
    };
    let from = caller.visitor.address;
    let done = desk.clone().blocking(move |desk| filed_once(desk, program, &key, &filed, from)).await;
    match done.unwrap_or(Err(DeskError::Broken)) {
        Ok((status, id)) => {
            let location = format!("/v1/requests/{id}");
            let mut answer = one_of(&desk, &id, &HeaderMap::new());
            *answer.status_mut() = status;
            if let Ok(location) = location.parse() {
                answer.headers_mut().insert(LOCATION, location);
            }
            answer
        }
        Err(error) => said::problem_of(Language::En, &error),
    }
}

/// Files it, or finds the one that the same call has filed before.
fn filed_once(
    desk: &Desk,
    program: PersonId,
    key: &str,
    filed: &Filed,
    from: std::net::IpAddr,
) -> Result<(StatusCode, RequestId), DeskError> {
    let name = hex(Sha256::digest(format!("{program}\n{key}").as_bytes()).get(..12).unwrap_or_default());
    let id = RequestId::parse(&format!("p-{name}")).map_err(|_| DeskError::Broken)?;
    let is_same = |request: &Request| {
        request.ask.by == filed.by
            && request.ask.reason == filed.reason
            && request.ask.ticket == filed.ticket
            && request.ask.matter.account() == Some(filed.account)
            && request.ask.matter.mode() == Some(filed.mode)
            && request.ask.window == Lasting::minutes(filed.minutes)
    };
    // A key that was used for something else is not a repetition.
    let is_filed = || desk.book().state.request(&id).is_some_and(is_same);
    if is_filed() {
        return Ok((StatusCode::OK, id));
    }
    let draft = Draft {
        id: id.clone(),
        wish: Wish::RootCode { account: filed.account, mode: filed.mode },
        reason: filed.reason.clone(),
        ticket: filed.ticket.clone(),
        window: Lasting::minutes(filed.minutes),
        follows: None,
    };
    let by = filed.by.clone();
    match desk.submit_now(&Event::Submit { by, from: Some(from), through: Some(program), draft }) {
        Ok(()) => Ok((StatusCode::CREATED, id)),
        // The same call came twice at once, and the other was first.
        Err(DeskError::Refused(refusal)) if matches!(*refusal, Refusal::IdUsed(_)) && is_filed() => {
            Ok((StatusCode::OK, id))
        }
        Err(error) => Err(error),
    }
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    state: Option<String>,
    /// The name of the last request of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// `GET /v1/requests`: the latest first.
pub(crate) async fn list(State(desk): State<Arc<Desk>>, _: Caller, Query(asked): Query<Asked>) -> Response {
    let book = desk.book();
    let fits = |request: &&Request| asked.state.as_deref().is_none_or(|state| request.word() == state);
    let mut all: Vec<&Request> = book.state.requests().filter(fits).collect();
    all.sort_by(|one, other| (other.ask.at, &other.ask.id).cmp(&(one.ask.at, &one.ask.id)));
    let start = match &asked.cursor {
        Some(cursor) => all
            .iter()
            .position(|request| request.ask.id.as_str() == cursor)
            .map_or(all.len(), |place| place.saturating_add(1)),
        None => 0,
    };
    let page: Vec<Value> =
        all.iter().skip(start).take(PAGE).map(|request| shown(&desk, &book, request)).collect();
    let next =
        all.get(start.saturating_add(PAGE).saturating_sub(1)).map(|request| request.ask.id.to_string());
    axum::Json(json!({ "requests": page, "cursor": next })).into_response()
}

/// `GET /v1/requests/{id}`.
pub(crate) async fn one(
    State(desk): State<Arc<Desk>>,
    _: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    match RequestId::parse(&id) {
        Ok(id) => one_of(&desk, &id, &headers),
        Err(_) => problem(StatusCode::NOT_FOUND, "there is no such request", "see /v1/requests"),
    }
}

fn one_of(desk: &Desk, id: &RequestId, headers: &HeaderMap) -> Response {
    let book = desk.book();
    let Some(request) = book.state.request(id) else {
        return problem(StatusCode::NOT_FOUND, "there is no such request", "see /v1/requests");
    };
    let tag = format!("\"{}\"", book.of_request(id).count());
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
    }
    ([(ETAG, tag)], axum::Json(shown(desk, &book, request))).into_response()
}

/// A request, as programs see it: never a PIN, nor what is made of one.
fn shown(desk: &Desk, book: &Book, request: &Request) -> Value {
    let policy = book.state.policy();
    let live = policy.map(|policy| request.live_approvals(&book.state, policy, desk.clock.now()));
    json!({
        "id": request.ask.id, "state": request.word(), "rev": book.of_request(&request.ask.id).count(),
        "digest": request.digest, "ask": request.ask, "approvals": live,
        "operator": request.operator(), "codes": request.releases.len(), "deadline": request.deadline(),
        "end": request.end, "reviewed_by": request.review.as_ref().map(|review| &review.by),
        "url": format!("{}/requests/{}", desk.settings.origin, request.ask.id),
    })
}

/// `GET /v1/openapi.json`.
pub(crate) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], include_str!("../asset/openapi.json")).into_response()
}
