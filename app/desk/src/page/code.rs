//! The requester's page of PIN and code. A code is sealed to this page's own key; nobody else, and not the desk, can read it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event as News, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use kagimori_custody::{Event, Mode, Request, RequestId, Viewer};
use maud::{Markup, html};

use crate::codes::Handed;
use crate::desk::{Book, Desk};
use crate::language::Language;
use crate::page::refusal::Refused;
use crate::page::said;
use crate::page::shell::{Frame, Place};
use crate::show;
use crate::web::form::Posted;
use crate::web::visitor::Signed;

pub(crate) async fn page(State(desk): State<Arc<Desk>>, signed: Signed, Path(id): Path<String>) -> Response {
    let l = signed.visitor.language;
    let title = l.of("Your PIN and code", "PIN とコード");
    let request = {
        let book = desk.book();
        own(&book, &signed, &id).cloned()
    };
    let Some(request) = request else { return Refused::not_found(l).into_response() };
    let asked = request.ask.id.clone();
    let told = desk.clone().blocking(move |desk| {
        Some((desk.vault.word(desk, &asked).ok()?, desk.vault.pin(desk, &asked).ok()?))
    });
    let body = body(l, &request, told.await.flatten().as_ref());
    Frame::of(&desk, &signed, Place::Requests, title).around(&body).into_response()
}

/// The request, when it is this person's own and has codes.
fn own<'a>(book: &'a Book, signed: &Signed, id: &str) -> Option<&'a Request> {
    let request = book.state.request(&RequestId::parse(id).ok()?)?;
    (request.ask.by == signed.person && request.ask.kind().has_codes()).then_some(request)
}

/// The word in both languages, and the PIN.
type Told = ((&'static str, &'static str), String);

fn body(l: Language, request: &Request, told: Option<&Told>) -> Markup {
    let id = &request.ask.id;
    let is_direct = request.ask.matter.mode() == Some(Mode::Direct);
    html! {
        div.head { div {
            h1 { (l.of("Your PIN and code", "PIN とコード")) }
            p { (show::state_mark(l, request)) " " a.mono href={ "/requests/" (id) } { (id) }
                @if let Some(end) = request.deadline() { " · " span.soft { (l.of("window closes in", "有効時間の残り")) " " } strong data-until=(end.as_second()) {} }
            }
        } }
        @if let Some(end) = &request.end {
            p.note { strong { (show::state(l, end.how.word()).1) } ". " (l.of("No more code comes.", "これ以上コードは発行されません。")) }
        }
        div.two {
            @if is_direct { (here(l, request, "requester")) }
            @else { section.sheet { h2 { (l.of("The code comes by telephone", "コードは電話で伝えられます")) } p { (l.of("The operator reads it out to you. It is not shown here.", "オペレーターが読み上げます。この画面には表示されません。")) } } }
            @if request.is_live() {
                section.sheet aria-labelledby="pin" {
                    h2 id="pin" { (l.of("When the operator calls", "オペレーターから電話が来たら")) }
                    @if request.pin.is_none() { p { (l.of("Your PIN comes with the approval.", "PIN は承認後に表示されます。")) } }
                    @else if let Some(((en, ja), pin)) = told {
                        ol.script {
                            li { (l.of("The caller says this word first. If not, hang up:", "相手が先に次の合言葉を言います。言わない場合は電話を切ってください:")) p.word { bdi { (l.of(en, ja)) } " " small.soft { (l.of(ja, en)) } } }
                            li { (l.of("Then read your PIN out:", "その後、PIN を読み上げます:")) p.pin { (spaced(pin)) } }
                            @if is_direct { li { (l.of("Leave this page open. The code appears here.", "この画面を開いたままにしてください。コードがここに表示されます。")) } }
                        }
                        p.soft { (l.of("Nobody of this desk asks for your password.", "デスクの担当者がパスワードを尋ねることはありません。")) }
                    }
                }
            }
        }
    }
}

/// `1234 5678`
fn spaced(pin: &str) -> String {
    let (one, two) = pin.split_at_checked(4).unwrap_or((pin, ""));
    format!("{one} {two}")
}

/// The operator's page shows it here.
pub(crate) fn shown_here(l: Language, request: &Request) -> Markup {
    here(l, request, "operator")
}

/// Where the script puts a code, and the ring that closes.
fn here(l: Language, request: &Request, whose: &str) -> Markup {
    let id = &request.ask.id;
    html! {
        section.sheet data-code={ "/requests/" (id) "/" (whose) "-code" } data-request=(id) data-ready=[(whose == "requester" && request.is_live()).then(|| format!("/requests/{id}/ready"))] aria-labelledby="code" {
            h2 id="code" { (l.of("Your code", "ワンタイムコード")) }
            div.code {
                svg.ring viewBox="0 0 100 100" aria-hidden="true" { circle cx="50" cy="50" r="42" {} circle.left cx="50" cy="50" r="42" pathLength="100" stroke-dasharray="100" stroke-dashoffset="100" data-ring="" {} }
                output id="digits" aria-live="assertive" data-digits="" { "– – –" }
                p data-waiting="" { (l.of("It appears here, once, for at most half a minute.", "ここに一度だけ、最長 30 秒間表示されます。")) }
                p hidden data-gone="" { (l.of("Its time is over. Ask the operator for the next one.", "有効時間が過ぎました。必要な場合は次のコードをオペレーターに依頼してください。")) }
                p.bad hidden data-unread="" { (l.of("This page cannot read the code: it was opened again after the code was made. Ask for the next one.", "この画面ではコードを読み取れません（発行後に画面が開き直されたためです）。次のコードを依頼してください。")) }
                button.plain hidden data-copy="#digits" data-done=(l.of("Copied", "コピーしました")) { (l.of("Copy", "コピー")) }
            }
        }
    }
}

/// The requester's page is open, with this key.
pub(crate) async fn ready(State(desk): State<Arc<Desk>>, Path(id): Path<String>, posted: Posted) -> Response {
    let l = posted.signed.visitor.language;
    let Ok(request) = RequestId::parse(&id) else { return said::problem(l, StatusCode::NOT_FOUND, "?") };
    let viewer = Viewer(posted.fields.get("viewer").to_owned());
    // A page that is opened again with the key that it had is nothing new.
    let known = desk.book().state.request(&request).and_then(|request| request.viewer.clone());
    if known.as_ref() == Some(&viewer) {
        return Json(serde_json::json!({})).into_response();
    }
    let event = Event::Ready { request, by: posted.signed.person.clone(), viewer };
    match desk.clone().submit(event).await {
        Ok(()) => Json(serde_json::json!({})).into_response(),
        Err(error) => said::problem_of(l, &error),
    }
}

/// The code for the requester's page, once it is there.
pub(crate) async fn for_requester(
    State(desk): State<Arc<Desk>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Response {
    let place = {
        let book = desk.book();
        own(&book, &signed, &id).map(|request| Handed::Requester(request.ask.id.clone()))
    };
    waiting(desk, signed, place)
}

/// The code for the operator's page, once it is there.
pub(crate) async fn for_operator(
    State(desk): State<Arc<Desk>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Response {
    let place = {
        let book = desk.book();
        let found = RequestId::parse(&id).ok().and_then(|id| book.state.request(&id));
        let own = found.filter(|request| request.operator() == Some(&signed.person));
        own.map(|request| Handed::Operator(request.ask.id.clone()))
    };
    waiting(desk, signed, place)
}

fn waiting(desk: Arc<Desk>, signed: Signed, place: Option<Handed>) -> Response {
    let l = signed.visitor.language;
    let Some(place) = place else { return Refused::not_found(l).into_response() };
    let events = stream::unfold((desk, signed, place, None), |(desk, signed, place, had)| async move {
        let mut news = desk.news();
        loop {
            let now = desk.clock.now();
            if !desk.sessions.lives(&signed.session.id, now) {
                return None;
            }
            if let Some(code) = desk.codes.waiting(&place, had.as_deref(), now) {
                let said = News::default().event("code").json_data(&code).unwrap_or_default();
                return Some((Ok::<_, Infallible>(said), (desk, signed, place, Some(code.key))));
            }
            tokio::select! {
                changed = news.changed() => changed.ok()?,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}
