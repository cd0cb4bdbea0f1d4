//! All requests: those that are open, and what became of the others.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use kagimori_custody::Request;
use maud::html;
use serde::Deserialize;

use crate::desk::Desk;
use crate::page::needs::card;
use crate::page::shell::{Frame, Place};
use crate::web::visitor::Signed;

/// Requests on one page.
const PAGE: usize = 50;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    words: String,
    #[serde(default)]
    page: usize,
}

pub(crate) async fn page(
    State(desk): State<Arc<Desk>>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Response {
    let l = signed.visitor.language;
    let title = l.of("Requests", "申請");
    let body = {
        let book = desk.book();
        let found: Vec<&Request> =
            book.state.requests().rev().filter(|request| fits(request, &asked.words)).collect();
        let shown = found.iter().skip(asked.page.saturating_mul(PAGE)).take(PAGE);
        let more = found.len() > asked.page.saturating_add(1).saturating_mul(PAGE);
        html! {
            div.head {
                div { h1 { (title) } p.lead { (l.of("Every request there ever was; none is taken away.", "これまでのすべての申請です。削除されることはありません。")) } }
                a.button href="/requests/new" { (l.of("Ask for a root code", "root コードを申請")) }
            }
            form method="get" action="/requests" role="search" {
                label for="words" { (l.of("Search", "検索")) }
                input id="words" name="words" value=(asked.words) type="search" placeholder=(l.of("account, person, reason, ticket", "アカウント、人、理由、チケット"));
            }
            @if found.is_empty() { p.sheet.empty { (l.of("No request fits.", "該当する申請はありません。")) } }
            @else { ul.cards { @for request in shown { (card(&desk, &book, &signed, request, None)) } } }
            @if more { p { a href={ "/requests?page=" (asked.page.saturating_add(1)) "&words=" (encoded(&asked.words)) } { (l.of("Older ones", "さらに古い申請")) } } }
        }
    };
    Frame::of(&desk, &signed, Place::Requests, title).around(&body).into_response()
}

fn fits(request: &Request, words: &str) -> bool {
    let ask = &request.ask;
    let account = serde_json::to_string(&ask.matter).unwrap_or_default();
    let text = [
        ask.id.as_str(),
        ask.by.as_str(),
        &ask.reason,
        ask.ticket.as_deref().unwrap_or_default(),
        &account,
        request.word(),
    ]
    .join(" ")
    .to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
