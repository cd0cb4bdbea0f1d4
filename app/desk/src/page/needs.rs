//! The first page: what waits for you.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use kagimori_custody::Request;
use maud::{Markup, html};

use crate::desk::{Book, Desk};
use crate::offers::{self, Offer};
use crate::page::shell::{Frame, Place};
use crate::show;
use crate::web::visitor::Signed;

/// What waits.
struct Waiting<'a> {
    request: &'a Request,
    offer: Offer,
}

pub(crate) async fn page(State(desk): State<Arc<Desk>>, signed: Signed) -> Response {
    let l = signed.visitor.language;
    let title = l.of("Needs you", "要対応");
    let body = {
        let book = desk.book();
        let (yours, own) = (waiting(&desk, &book, &signed), own(&book, &signed));
        html! {
            div.head {
                div { h1 { (title) } p.lead { (l.of("Your turn, and what you have asked for.", "あなたの対応が必要なものと、あなたの申請です。")) } }
                a.button href="/requests/new" { (l.of("Ask for a root code", "root コードを申請")) }
            }
            section aria-labelledby="turn" {
                h2 id="turn" { (l.of("Your turn", "あなたの番です")) }
                @if yours.is_empty() { p.sheet.empty { (l.of("Nothing waits for you.", "対応が必要なものはありません。")) } }
                @else { ul.cards { @for waiting in &yours { (card(&desk, &book, &signed, waiting.request, Some(waiting.offer))) } } }
            }
            @if !own.is_empty() {
                section aria-labelledby="own" {
                    h2 id="own" { (l.of("You asked for", "あなたの申請")) }
                    ul.cards { @for request in own { (card(&desk, &book, &signed, request, None)) } }
                }
            }
        }
    };
    Html(Frame::of(&desk, &signed, Place::NeedsYou, title).around(&body).0).into_response()
}

/// What waits for somebody, the nearest end first.
fn waiting<'a>(desk: &Desk, book: &'a Book, signed: &Signed) -> Vec<Waiting<'a>> {
    let (now, from) = (desk.clock.now(), signed.visitor.address);
    let open = book.state.requests().filter(|request| request.is_live() || request.owes_review());
    let mut all: Vec<Waiting<'a>> = open
        .filter_map(|request| {
            let offers = offers::of(&book.state, request, &signed.person, from, now);
            let offer = offers.into_iter().find(|offer| offer.is_a_turn())?;
            Some(Waiting { request, offer })
        })
        .collect();
    all.sort_by_key(|waiting| (waiting.request.deadline().is_none(), waiting.request.deadline()));
    all
}

/// What somebody asked for and that is not final.
fn own<'a>(book: &'a Book, signed: &Signed) -> Vec<&'a Request> {
    let mine = |request: &&Request| request.ask.by == signed.person && !request.is_final();
    book.state.requests().rev().filter(mine).take(20).collect()
}

/// A request in a list.
pub(crate) fn card(
    desk: &Desk,
    book: &Book,
    signed: &Signed,
    request: &Request,
    offer: Option<Offer>,
) -> Markup {
    let (l, ask) = (signed.visitor.language, &request.ask);
    let (class, _) = show::state(l, request.word());
    let path = format!("/requests/{}", ask.id);
    html! {
        li.(class) {
            div {
                a href=(path) { strong { (show::matter(l, &ask.matter)) } } " " (show::state_mark(l, request))
                p { bdi { (book.shown_name(&ask.by)) } ": " bdi { (short(&ask.reason)) } }
                p.soft { span.mono { (ask.id) } " · " (show::when(ask.at, desk.settings.hours_from_utc))
                    @if let Some(end) = request.deadline() { " · " (l.of("left", "残り")) " " span data-until=(end.as_second()) {} }
                }
            }
            @if let Some(offer) = offer { a.button href=(path) { (turn(l, offer)) } }
        }
    }
}

fn turn(l: crate::language::Language, offer: Offer) -> &'static str {
    match offer {
        Offer::Approve => l.of("Look and decide", "内容を確認して判断"),
        Offer::Claim => l.of("Take it on", "対応する"),
        Offer::Pin => l.of("Go on: PIN", "続き: PIN 入力"),
        Offer::Review => l.of("Review", "レビューする"),
        Offer::Apply => l.of("Put into force", "適用する"),
        _ => l.of("Open", "開く"),
    }
}

fn short(text: &str) -> String {
    kagimori_notice::tamed(text, 120)
}
