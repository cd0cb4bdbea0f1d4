//! How the desk is: the log, the witness, the vault, the clock; and the seal, which one person may set.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use kagimori_custody::{Event, step};
use maud::{Markup, html};

use crate::desk::{Desk, instant_of};
use crate::language::Language;
use crate::page::refusal::Refused;
use crate::page::shell::{Frame, Place, csrf};
use crate::page::{govern, said};
use crate::show;
use crate::web::form::Posted;
use crate::web::visitor::{Signed, Visitor};

pub(crate) async fn page(State(desk): State<Arc<Desk>>, signed: Signed) -> Response {
    let l = signed.visitor.language;
    let title = l.of("Health", "稼働状況");
    let looking = Arc::clone(&desk);
    let witness = tokio::task::spawn_blocking(move || looking.publish().map(drop)).await;
    let witness = witness.ok().is_some_and(|answer| answer.is_ok());
    let vault = desk.clone().blocking(|desk| desk.vault.standing(desk)).await;
    let vault = vault.and_then(Result::ok);
    let body = html! {
        h1 { (title) }
        section.sheet { dl {
            dt { (l.of("Record", "監査記録")) } dd { (mark(l, true)) " " (desk.book().leaves.len()) " " (l.of("entries", "件")) }
            dt { (l.of("Witness", "証人")) } dd { (mark(l, witness)) " " span.mono { (desk.publisher.witness().name()) } }
            dt { (l.of("Vault and its clock", "保管庫と時計")) } dd { (mark(l, vault.is_some())) @if desk.dev.is_some() { " " (l.of("a play vault, in this process: dev only", "お試し用（このプロセス内）")) } }
            @if let Some(vault) = &vault { @for warning in &vault.warnings { dt { (l.of("To look at", "確認事項")) } dd { bdi { (warning) } } } }
            dt { (l.of("Now", "現在時刻")) } dd { (show::when(desk.clock.now(), desk.settings.hours_from_utc)) }
            dt { (l.of("Program", "プログラム")) } dd { "kagimori-desk " (env!("CARGO_PKG_VERSION")) }
        } }
        (seal(l, &desk, &signed))
        (govern::opening(l, &desk.book(), &signed))
    };
    Frame::of(&desk, &signed, Place::Health, title).around(&body).into_response()
}

fn mark(l: Language, is_well: bool) -> Markup {
    html! { @if is_well { span.state.go { (l.of("well", "正常")) } } @else { span.state.stop { (l.of("not well", "異常")) } } }
}

fn seal(l: Language, desk: &Desk, signed: &Signed) -> Markup {
    let may = {
        let book = desk.book();
        let event = Event::Seal { by: signed.person.clone(), reason: "-".to_owned() };
        let now = instant_of(&event, &book.state, desk.clock.now());
        book.state.policy().is_some_and(|policy| step(&book.state, &event, policy, now).is_ok())
    };
    html! { @if may {
        section.sheet aria-labelledby="seal" {
            h2 id="seal" { (l.of("Seal the desk", "デスクを封印する")) }
            p { (l.of("Everything stops at once: no code, no session, nothing that is under way. One person is enough to seal; a quorum opens it again.", "直ちにすべてを止めます（コードの発行、セッション、進行中の申請）。封印は 1 人で行えますが、解除には定足数の承認が必要です。")) }
            form method="post" action="/seal" {
                (csrf(signed))
                label for="why" { (l.of("Why?", "理由")) }
                input id="why" name="reason" required maxlength="300";
                div.acts { button.danger { (l.of("Seal it now", "今すぐ封印する")) } }
            }
        }
    } }
}

pub(crate) async fn seal_now(State(desk): State<Arc<Desk>>, posted: Posted) -> Response {
    let event =
        Event::Seal { by: posted.signed.person.clone(), reason: posted.fields.get("reason").to_owned() };
    match desk.clone().submit(event).await {
        // The session that sealed it is over, too.
        Ok(()) => (StatusCode::SEE_OTHER, [(LOCATION, "/sign-in")]).into_response(),
        Err(error) => said::refused(posted.signed.visitor.language, &error).into_response(),
    }
}

/// For probes: this process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// For Prometheus; numbers alone, nothing of a person or a request. They tell when somebody is about to be root, so they are for the
/// addresses that `desk.toml` names; to others there is no such page.
pub(crate) async fn metrics(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    if !desk.settings.metrics_from.iter().any(|network| network.contains(&visitor.address)) {
        return Refused::not_found(visitor.language).into_response();
    }
    let text = {
        let book = desk.book();
        let live = book.state.live().count();
        let owed = book.state.requests().filter(|request| request.owes_review()).count();
        let witnessed = desk.publisher.checkpoint().map_or(0, |(size, _)| size);
        format!(
            "# TYPE kagimori_desk_log_entries gauge\nkagimori_desk_log_entries {}\n\
             # TYPE kagimori_desk_log_entries_cosigned gauge\nkagimori_desk_log_entries_cosigned {witnessed}\n\
             # TYPE kagimori_desk_requests_open gauge\nkagimori_desk_requests_open {live}\n\
             # TYPE kagimori_desk_reviews_owed gauge\nkagimori_desk_reviews_owed {owed}\n\
             # TYPE kagimori_desk_sealed gauge\nkagimori_desk_sealed {}\n",
            book.leaves.len(),
            u8::from(book.state.sealed().is_some()),
        )
    };
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
