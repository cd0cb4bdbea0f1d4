//! You: your groups and keys, as the policy has them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::html;

use crate::desk::Desk;
use crate::page::refusal::Refused;
use crate::page::shell::{Frame, Place};
use crate::web::visitor::Signed;

pub(crate) async fn page(State(desk): State<Arc<Desk>>, signed: Signed) -> Response {
    let l = signed.visitor.language;
    let body = {
        let book = desk.book();
        let Some(policy) = book.state.policy() else { return Refused::not_found(l).into_response() };
        let groups: Vec<_> =
            policy.file().groups.keys().filter(|group| policy.is_in(&signed.person, group)).collect();
        let keys = policy.person(&signed.person).map(|person| person.keys.as_slice()).unwrap_or_default();
        html! {
            h1 { bdi { (book.shown_name(&signed.person)) } }
            section.sheet { dl {
                dt { (l.of("Name in the policy", "規則での名前")) } dd.mono { (signed.person) }
                dt { (l.of("Groups", "グループ")) } dd { @for group in groups { span.mono { (group) } " " } }
                dt { (l.of("Keys", "鍵")) } dd { @for key in keys { div { span.mono { (key.name) } @if book.state.is_revoked(&key.name) { " " span.state.stop { (l.of("revoked", "失効")) } } } } }
                dt { (l.of("You come from", "接続元")) } dd.mono { (signed.visitor.address) }
            } }
        }
    };
    Frame::of(&desk, &signed, Place::Aside, l.of("You", "あなた")).around(&body).into_response()
}
