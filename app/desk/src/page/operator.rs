//! The operator's console: what is to be carried out, the call, the PIN, and one code.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use kagimori_custody::{Event, Kind, Mode, PIN_TRIES, Request, RequestId};
use maud::{Markup, html};

use crate::desk::{Book, Desk, DeskError};
use crate::language::Language;
use crate::offers::{self, Offer};
use crate::page::needs::card;
use crate::page::refusal::Refused;
use crate::page::shell::{Frame, Place, csrf};
use crate::page::{ceremony, code, said};
use crate::show;
use crate::web::form::Posted;
use crate::web::limit::Kind as Limited;
use crate::web::visitor::Signed;

/// What waits for operators.
pub(crate) async fn list(State(desk): State<Arc<Desk>>, signed: Signed) -> Response {
    let l = signed.visitor.language;
    let title = l.of("Operator's console", "オペレーター画面");
    let body = {
        let book = desk.book();
        let (now, from) = (desk.clock.now(), signed.visitor.address);
        let claims = |request: &&Request| {
            offers::of(&book.state, request, &signed.person, from, now).contains(&Offer::Claim)
        };
        let mine: Vec<&Request> =
            book.state.live().filter(|request| request.operator() == Some(&signed.person)).collect();
        let open: Vec<&Request> = book.state.live().filter(claims).collect();
        html! {
            h1 { (title) }
            p.lead { (l.of("An operator makes a code come out, and knows no password. One person at a time carries a request out.", "オペレーターはコードを発行しますが、パスワードは知りません。1 件の申請は 1 人だけが担当します。")) }
            @if !mine.is_empty() {
                h2 { (l.of("You carry out", "あなたが対応中")) }
                ul.cards { @for request in mine { li.go { div { a href={ "/operator/" (request.ask.id) } { strong { (show::matter(l, &request.ask.matter)) } } " " (show::state_mark(l, request)) p { bdi { (book.shown_name(&request.ask.by)) } ": " bdi { (request.ask.reason) } } } a.button href={ "/operator/" (request.ask.id) } { (l.of("Go on", "続ける")) } } } }
            }
            h2 { (l.of("Approved, and nobody's yet", "承認済み・担当者なし")) }
            @if open.is_empty() { p.sheet.empty { (l.of("Nothing is to be carried out.", "対応する申請はありません。")) } }
            @else { ul.cards { @for request in open { (card(&desk, &book, &signed, request, Some(Offer::Claim))) } } }
        }
    };
    Frame::of(&desk, &signed, Place::Operator, title).around(&body).into_response()
}

/// One request that this person carries out.
pub(crate) async fn console(
    State(desk): State<Arc<Desk>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Response {
    let l = signed.visitor.language;
    let word = match RequestId::parse(&id) {
        Ok(request) => {
            desk.clone().blocking(move |desk| desk.vault.word(desk, &request).ok()).await.flatten()
        }
        Err(_) => None,
    };
    let (title, body) = {
        let book = desk.book();
        let found = RequestId::parse(&id).ok().and_then(|id| book.state.request(&id));
        let own = found.filter(|request| request.operator() == Some(&signed.person));
        let Some(request) = own else { return Refused::not_found(l).into_response() };
        (show::matter(l, &request.ask.matter), body(&desk, &book, &signed, request, word))
    };
    Frame::of(&desk, &signed, Place::Operator, &title).around(&body).into_response()
}

fn body(desk: &Desk, book: &Book, signed: &Signed, request: &Request, word: Option<(&str, &str)>) -> Markup {
    let (l, ask) = (signed.visitor.language, &request.ask);
    let requester = book.shown_name(&ask.by);
    html! {
        div.head { div {
            h1 { (show::matter(l, &ask.matter)) }
            p { (show::state_mark(l, request)) " " a.mono href={ "/requests/" (ask.id) } { (ask.id) }
                @if let Some(end) = request.deadline() { " · " span.soft { (l.of("window closes in", "有効時間の残り")) " " } strong data-until=(end.as_second()) {} }
            }
        } }
        div.two {
            div {
                @if let Some(end) = &request.end {
                    p.note { strong { (show::state(l, end.how.word()).1) } ". " (l.of("Nothing more is to be done here.", "ここで行うことはもうありません。")) }
                } @else if request.ask.kind() == Kind::Custody { (ceremony::console(l, desk, book, signed, request)) }
                @else if request.is_verified { (release(desk, signed, request)) }
                @else { (pin(l, signed, request)) }
                @if ask.matter.mode() == Some(Mode::Phone) && !request.releases.is_empty() { (code::shown_here(l, request)) }
            }
            @if request.ask.kind().has_codes() { (script(l, request, &requester, word)) }
        }
    }
}

fn pin(l: Language, signed: &Signed, request: &Request) -> Markup {
    let left = PIN_TRIES.saturating_sub(request.wrong_pins);
    html! {
        section.sheet aria-labelledby="pin" {
            h2 id="pin" { (l.of("The requester's PIN", "申請者の PIN")) }
            @if request.wrong_pins > 0 { p.warn role="alert" { (l.of(format!("That was not the PIN. {left} tries are left, then the request is locked."), format!("PIN が違います。残り {left} 回で、この申請はロックされます。"))) } }
            form method="post" action={ "/operator/" (request.ask.id) "/pin" } {
                (csrf(signed))
                label for="typed" { (l.of("Eight digits, as they are read to you", "8 桁の数字（申請者が読み上げた番号）")) }
                input id="typed" name="pin" inputmode="numeric" pattern="[0-9 ]{8,11}" autocomplete="off" required;
                div.acts { button { (l.of("Check it", "確認する")) } }
            }
        }
    }
}

fn release(desk: &Desk, signed: &Signed, request: &Request) -> Markup {
    let l = signed.visitor.language;
    let left = usize::from(request.ask.codes).saturating_sub(request.releases.len());
    let is_phone = request.ask.matter.mode() == Some(Mode::Phone);
    let wait = request
        .releases
        .last()
        .map(|last| i64::try_from(last.step.saturating_add(1).saturating_mul(30)).unwrap_or(0));
    let wait = wait.filter(|until| *until > desk.clock.now().as_second());
    html! {
        section.sheet aria-labelledby="release" {
            h2 id="release" { (l.of("One code", "コードを 1 つ発行")) }
            p { (if is_phone {
                l.of("It appears on this page alone. Read it out; it lasts until its ring has closed.", "この画面にだけ表示されます。読み上げてください。リングが閉じるまで有効です。")
            } else {
                l.of("It appears on the requester's page alone. You do not see it.", "申請者の画面にだけ表示されます。あなたには表示されません。")
            }) }
            p.soft { (l.of(format!("Codes left: {left} of {}.", request.ask.codes), format!("残り {left}（上限 {}）", request.ask.codes))) }
            @if !is_phone && request.viewer.is_none() { p.warn { (l.of("The requester's code page is not open yet.", "申請者のコード画面がまだ開かれていません。")) } }
            @if let Some(until) = wait { p.note { (l.of("A code of this half minute was made. The next one can be made in", "この 30 秒のコードは発行済みです。次に発行できるまで")) " " strong data-until=(until) {} } }
            form method="post" action={ "/operator/" (request.ask.id) "/release" } {
                (csrf(signed))
                div.acts { button { (l.of("Release one code", "コードを発行する")) } }
            }
        }
    }
}

/// What is said on the telephone.
fn script(l: Language, request: &Request, requester: &str, word: Option<(&str, &str)>) -> Markup {
    let (en, ja) = word.unwrap_or(("–", "–"));
    let is_phone = request.ask.matter.mode() == Some(Mode::Phone);
    html! {
        section.sheet aria-labelledby="script" {
            h2 id="script" { (l.of("The call", "電話での手順")) }
            ol.script {
                li { (l.of("Call the requester by the number in the directory, never by one you were given.", "社員名簿の番号に、こちらから電話をかけます（教えられた番号は使いません）。")) }
                li { (l.of("Say the word, so that they know you sit at the desk:", "合言葉を伝え、デスクからの連絡であることを示します:")) p.word { bdi { (l.of(en, ja)) } " " small.soft { (l.of(ja, en)) } } }
                li { em.said { (l.of(format!("“{requester}, please open your code page and read me the PIN.”"), format!("「{requester} さん、コードの画面を開いて PIN を読み上げてください」"))) } }
                li { (l.of("Type it. Three wrong ones lock the request.", "PIN を入力します。3 回間違えると申請はロックされます。")) }
                @if is_phone { li { (l.of("Release the code and read it out, digit by digit. Let them repeat it.", "コードを発行し、1 桁ずつ読み上げ、復唱してもらいます。")) } }
                @else { li { (l.of("Release the code. They type it from their own page.", "コードを発行します。申請者は自分の画面を見て入力します。")) } }
                li { (l.of("Stay on the line until they are in. If anything is odd, stop the request.", "ログインできるまで電話を切らないでください。不審な点があれば申請を停止します。")) }
            }
        }
    }
}

pub(crate) async fn try_pin(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let (l, address) = (posted.signed.visitor.language, posted.signed.visitor.address);
    let Ok(request) = RequestId::parse(&id) else { return Refused::not_found(l).into_response() };
    if let Err(seconds) = desk.limits.try_once(Limited::Pin, address, desk.clock.now()) {
        return Refused::too_often(&posted.signed.visitor, seconds).into_response();
    }
    let typed: String = posted.fields.get("pin").chars().filter(char::is_ascii_digit).collect();
    let by = posted.signed.person.clone();
    let tried = desk.clone().blocking(move |desk| {
        let mac = desk.vault.mac(desk, &request, typed)?;
        desk.submit_now(&Event::TryPin { request, by, mac })
    });
    match tried.await.unwrap_or(Err(DeskError::Broken)) {
        Ok(()) => back(&id),
        Err(error) => said::refused(l, &error).into_response(),
    }
}

pub(crate) async fn release_one(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let l = posted.signed.visitor.language;
    let Ok(request) = RequestId::parse(&id) else { return Refused::not_found(l).into_response() };
    let (by, from) = (posted.signed.person.clone(), posted.signed.visitor.address);
    match desk.clone().release(request, by, from).await {
        Ok(()) => back(&id),
        Err(error) => said::refused(l, &error).into_response(),
    }
}

fn back(id: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, format!("/operator/{id}"))]).into_response()
}
