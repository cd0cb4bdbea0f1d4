//! The JSON API: programs file requests for people and follow them; people read with their session, and ask and decide with a key of a
//! command line.
//!
//! A program proves itself by a token whose SHA-256 stands in `desk.toml`; that it is a program, the policy says. A person signs each call
//! (`web/signature.rs`).

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequestParts, Path, Query, Request as HttpRequest, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use kagimori_custody::{
    Draft, Event, Lasting, Mode, PersonId, Proof, Refusal, Request, RequestId, SeedId, Wish,
};
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
use crate::web::signature;
use crate::web::visitor::Visitor;

/// Requests in one answer.
const PAGE: usize = 100;

/// Whoever calls.
#[derive(Debug)]
pub(crate) struct Caller {
    who: Who,
    visitor: Visitor,
}

/// Who that is, and what they may do here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The program that its token has proved: files for people.
    Program(PersonId),
    /// Somebody who signed the call with a key of a command line, and the hash of the body that goes with it.
    Person(PersonId, String),
    /// Somebody with a session: reads.
    Reader,
}

impl FromRequestParts<Arc<Desk>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Response> {
        let visitor = Visitor::of(parts, desk);
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(header) = header else {
            let is_somebody = visitor.session.is_some();
            return if is_somebody { Ok(Self { who: Who::Reader, visitor }) } else { Err(unknown()) };
        };
        let limited = desk.limits.try_once(Kind::Change, visitor.address, desk.clock.now());
        limited.map_err(|_| {
            problem(StatusCode::TOO_MANY_REQUESTS, "too many calls from your network", "wait a second")
        })?;
        let who = match header.strip_prefix("Bearer ") {
            Some(token) => program(desk, token).map(Who::Program),
            None => signature::caller(desk, parts).map(|(person, body)| Who::Person(person, body)),
        };
        Ok(Self { who: who.ok_or_else(unknown)?, visitor })
    }
}

impl Caller {
    /// The body of a call; of one that was signed, the body that was signed.
    async fn body(&self, request: HttpRequest) -> Result<Vec<u8>, Response> {
        let read = to_bytes(request.into_body(), BODY_MOST).await;
        let body =
            read.map_err(|_| problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long", "shorten it"))?;
        match &self.who {
            Who::Person(_, hash) if *hash != signature::body_hash(&body) => Err(unknown()),
            _ => Ok(body.to_vec()),
        }
    }
}

fn unknown() -> Response {
    let hint = "send the token of a program of desk.toml as `Authorization: Bearer …`, or sign the call with a key of the policy (`kagimori-desk key`); its time has to be right";
    problem(StatusCode::UNAUTHORIZED, "nobody is known by that token or signature", hint)
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
    /// Of this account's root; or
    #[serde(default)]
    account: Option<AccountId>,
    /// a drill with this seed.
    #[serde(default)]
    drill: Option<SeedId>,
    mode: Mode,
    reason: String,
    #[serde(default)]
    ticket: Option<String>,
    minutes: u32,
}

impl Filed {
    /// A code of a root, or a drill; `None`: both, or neither.
    fn wish(&self) -> Option<Wish> {
        match (self.account, &self.drill) {
            (Some(account), None) => Some(Wish::RootCode { account, mode: self.mode }),
            (None, Some(seed)) => Some(Wish::Drill { seed: seed.clone(), mode: self.mode }),
            _ => None,
        }
    }
}

/// `POST /v1/requests`: a program files a request for a person, or somebody asks. The same key gives the same request again.
pub(crate) async fn file(State(desk): State<Arc<Desk>>, caller: Caller, request: HttpRequest) -> Response {
    if caller.who == Who::Reader {
        return problem(
            StatusCode::FORBIDDEN,
            "only programs and people with a key of a command line file requests here",
            "people ask on the page /requests/new",
        );
    }
    let key =
        request.headers().get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Some(key) = key.filter(|key| (1..=200).contains(&key.len())) else {
        return problem(
            StatusCode::BAD_REQUEST,
            "there is no `Idempotency-Key`",
            "send one that is the same whenever this call is repeated",
        );
    };
    let body = match caller.body(request).await {
        Ok(body) => body,
        Err(refused) => return refused,
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
    let Some(wish) = filed.wish() else {
        let hint = "name an `account`, or a seed with `drill`";
        return problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            "it asks for one thing, and here is none, or two",
            hint,
        );
    };
    let (from, who) = (caller.visitor.address, caller.who);
    let done = desk.clone().blocking(move |desk| filed_once(desk, &who, &key, (&filed, &wish), from)).await;
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
    who: &Who,
    key: &str,
    (filed, wish): (&Filed, &Wish),
    from: std::net::IpAddr,
) -> Result<(StatusCode, RequestId), DeskError> {
    let (through, filer) = match who {
        Who::Program(program) => (Some(program.clone()), program),
        // Whoever signs asks for themselves.
        Who::Person(person, _) if *person == filed.by => (None, person),
        _ => return Err(DeskError::Refused(Box::new(Refusal::NotTheirs(filed.by.clone())))),
    };
    let name = hex(Sha256::digest(format!("{filer}\n{key}").as_bytes()).get(..12).unwrap_or_default());
    let id = RequestId::parse(&format!("p-{name}")).map_err(|_| DeskError::Broken)?;
    let is_same = |request: &Request| {
        let ask = &request.ask;
        let matter = match wish {
            Wish::RootCode { account, mode } => {
                ask.matter.account() == Some(*account) && ask.matter.mode() == Some(*mode)
            }
            Wish::Drill { seed, mode } => {
                ask.kind() == kagimori_custody::Kind::Drill
                    && ask.matter.seed() == Some(seed)
                    && ask.matter.mode() == Some(*mode)
            }
            _ => false,
        };
        let is_told = ask.reason == filed.reason && ask.ticket == filed.ticket;
        matter && is_told && ask.by == filed.by && ask.window == Lasting::minutes(filed.minutes)
    };
    // A key that was used for something else is not a repetition.
    let is_filed = || desk.book().state.request(&id).is_some_and(is_same);
    if is_filed() {
        return Ok((StatusCode::OK, id));
    }
    let draft = Draft {
        id: id.clone(),
        wish: wish.clone(),
        reason: filed.reason.clone(),
        ticket: filed.ticket.clone(),
        window: Lasting::minutes(filed.minutes),
        follows: None,
    };
    let by = filed.by.clone();
    match desk.submit_now(&Event::Submit { by, from: Some(from), through, draft }) {
        Ok(()) => Ok((StatusCode::CREATED, id)),
        // The same call came twice at once, and the other was first.
        Err(DeskError::Refused(refusal)) if matches!(*refusal, Refusal::IdUsed(_)) && is_filed() => {
            Ok((StatusCode::OK, id))
        }
        Err(error) => Err(error),
    }
}

/// What somebody says of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    /// Why; of what stops a request.
    #[serde(default)]
    reason: String,
    /// The signature of an approval, by a key of a command line.
    #[serde(default)]
    proof: Option<Proof>,
}

/// `POST /v1/requests/{id}/{what}`: what somebody decides from a command line. What needs a page of its own (the share of a seed, a PIN, a
/// code, what a reviewer is shown) is not here: the rules refuse an approval without its share.
pub(crate) async fn decide(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Path((id, what)): Path<(String, String)>,
    request: HttpRequest,
) -> Response {
    let Who::Person(by, _) = caller.who.clone() else {
        let hint = "sign the call with a key of the policy (`kagimori-desk key`), or decide on the page";
        return problem(StatusCode::FORBIDDEN, "only people decide, with a key of their own", hint);
    };
    let body = match caller.body(request).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let decided = match body.as_slice() {
        [] => Ok(Decided::default()),
        body => serde_json::from_slice(body),
    };
    let no_such = || problem(StatusCode::NOT_FOUND, "there is nothing of that name", "see /v1/openapi.json");
    let (Ok(request), Ok(Decided { reason, proof })) = (RequestId::parse(&id), decided) else {
        return no_such();
    };
    let from = Some(caller.visitor.address);
    let named = request.clone();
    let event = match (what.as_str(), proof) {
        ("deny", None) => Event::Deny { request, by, reason },
        ("kill", None) => Event::Kill { request, by, reason },
        ("cancel", None) => Event::Cancel { request, by },
        ("approve", Some(proof)) => Event::Approve { request, by, from, proof, share: None },
        _ => return no_such(),
    };
    let done = desk.clone().blocking(move |desk| desk.submit_now(&event)).await;
    match done.unwrap_or(Err(DeskError::Broken)) {
        Ok(()) => one_of(&desk, &named, &HeaderMap::new()),
        Err(error) => said::problem_of(Language::En, &error),
    }
}

/// `GET /v1/people`: who is in the policy, in which groups, with how many keys that count.
pub(crate) async fn people(State(desk): State<Arc<Desk>>, _: Caller) -> Response {
    let book = desk.book();
    let Some(policy) = book.state.policy() else {
        return axum::Json(json!({ "people": [] })).into_response();
    };
    let shown = policy.people().iter().map(|(id, person)| {
        let groups = policy.file().groups.iter().filter(|(_, group)| group.members.contains(id));
        let keys = person.keys.iter().filter(|key| !book.state.is_revoked(&key.name));
        json!({
            "id": id, "name": person.name, "is": person.is, "groups": groups.map(|(name, _)| name).collect::<Vec<_>>(),
            "keys": keys.map(|key| json!({ "name": key.name, "kind": key.kind })).collect::<Vec<_>>(),
        })
    });
    axum::Json(json!({ "people": shown.collect::<Vec<_>>() })).into_response()
}

/// `GET /v1/custody`: the seeds, whose they are and how they lie; never what they are.
pub(crate) async fn custody(State(desk): State<Arc<Desk>>, _: Caller) -> Response {
    let book = desk.book();
    let Some(policy) = book.state.policy() else { return axum::Json(json!({ "seeds": [] })).into_response() };
    let shown = policy.file().seeds.iter().map(|(id, seed)| {
        let held = book.state.seed(id);
        let name = seed.account.and_then(|account| policy.account(account)).map(|account| &account.name);
        json!({
            "id": id, "account": seed.account, "account_name": name, "tier": seed.tier, "practice": seed.practice,
            "is_held": held.is_some_and(|held| held.is_held), "generation": held.map(|held| held.generation),
            "since": held.map(|held| held.since), "must_rotate": held.is_some_and(|held| !held.must_rotate.is_empty()),
        })
    });
    let due = book.state.drill_due();
    axum::Json(json!({ "seeds": shown.collect::<Vec<_>>(), "drill_due": due })).into_response()
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
