//! Notifications: what people were told, and what still waits to be sent.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use kagimori_journal::{Journal, Letter};
use kagimori_notice::{Language as Words, Notice};
use maud::{Markup, html};

use crate::desk::{Desk, DeskError};
use crate::language::Language;
use crate::page::said;
use crate::page::shell::{Frame, Place};
use crate::show;
use crate::web::visitor::Signed;

/// Letters on the page.
const MOST: usize = 100;

pub(crate) async fn page(State(desk): State<Arc<Desk>>, signed: Signed) -> Response {
    let l = signed.visitor.language;
    let title = l.of("Notifications", "通知");
    let place = desk.settings.store.clone();
    let read = tokio::task::spawn_blocking(move || Journal::open(&place)?.letters(MOST)).await;
    let letters = match read {
        Ok(Ok(letters)) => letters,
        Ok(Err(error)) => return said::refused(l, &DeskError::Journal(error)).into_response(),
        Err(_) => return said::refused(l, &DeskError::Broken).into_response(),
    };
    let body = html! {
        h1 { (title) }
        @if desk.dev.is_some() { p.warn { strong { (l.of("What would have been sent.", "送信されるはずだった内容です。")) } " " (l.of("A play desk sends nothing.", "お試し用デスクからは何も送信されません。")) } }
        p.lead { (l.of("Never a code, and never a PIN.", "コードと PIN が通知に含まれることはありません。")) }
        @if letters.is_empty() { p.sheet.empty { (l.of("Nobody was told anything yet.", "通知はまだありません。")) } }
        @for letter in &letters { (one(l, &desk, letter)) }
    };
    Frame::of(&desk, &signed, Place::Notices, title).around(&body).into_response()
}

fn one(l: Language, desk: &Desk, letter: &Letter) -> Markup {
    let notice = Notice::read(&letter.body);
    let (title, text) = notice.told(l.of(Words::En, Words::Ja));
    html! {
        section.sheet {
            h2 { bdi { (title) } }
            p { bdi { (text) } }
            p.soft {
                @if let Some(people) = notice.facts.get("people") { (l.of("to", "宛先:")) " " bdi { (people) } " · " }
                span.mono { (letter.channel) } " · " a href={ "/record/" (letter.leaf) } { (l.of("entry", "記録")) " " (letter.leaf) }
                @if desk.dev.is_none() {
                    " · " @match (letter.sent, &letter.error) {
                        (Some(at), _) => { span.state.go { (l.of("sent", "送信済み")) } " " (show::when(at, desk.settings.hours_from_utc)) }
                        (None, Some(why)) => { span.state.stop { (l.of("not sent", "未送信")) } " " bdi { (why) } }
                        (None, None) => { span.state.wait { (l.of("waits", "送信待ち")) } }
                    }
                }
            }
        }
    }
}
