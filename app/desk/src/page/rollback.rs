//! The record lacks entries: what that means, and the request by which a quorum lets it go on.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use kagimori_custody::{Matter, Request, Rollback, Wish};
use maud::{Markup, html};

use crate::desk::Desk;
use crate::language::Language;
use crate::page::ceremony::filed;
use crate::page::said;
use crate::page::shell::{Frame, Place, csrf};
use crate::web::form::Posted;
use crate::web::visitor::Signed;

pub(crate) async fn page(State(desk): State<Arc<Desk>>, signed: Signed) -> Response {
    let l = signed.visitor.language;
    let title = l.of("Lost entries", "失われた記録");
    let body = html! {
        div.head { div { h1 { (title) } } }
        @match desk.held() {
            None => p.sheet.empty { (l.of("The record has all entries that the witness has seen.", "監査記録には、証人が確認した記録がすべてそろっています。")) },
            Some(rollback) => { (lost(l, &rollback)) (asking(l, &desk, &signed)) }
        }
    };
    Frame::of(&desk, &signed, Place::Aside, title).around(&body).into_response()
}

/// What was lost, and what it means to go on without it.
fn lost(l: Language, rollback: &Rollback) -> Markup {
    html! {
        section.sheet {
            h2 { (l.of("What is missing", "何が失われたか")) }
            (numbers(l, rollback))
            p { (l.of(
                "The record was restored from a copy that is older than what the witness has seen. If there is a later copy anywhere, stop the desk and take that one: nothing is lost then.",
                "監査記録は、証人が確認した時点より古い複製から復元されています。より新しい複製がどこかにあれば、デスクを停止してそれを使ってください。その場合は何も失われません。"
            )) }
        }
        (meaning(l))
    }
}

fn numbers(l: Language, rollback: &Rollback) -> Markup {
    let root =
        |digest: &kagimori_custody::Digest| html! { span.mono title=(digest) { (digest.short()) "…" } };
    html! { dl {
        dt { (l.of("Here", "残っている記録")) } dd { (rollback.kept.size) " · " (root(&rollback.kept.root)) }
        dt { (l.of("Seen by the witness", "証人が確認した記録")) } dd { (rollback.seen.size) " · " (root(&rollback.seen.root)) }
        dt { (l.of("Lost", "失われた記録")) } dd { strong { (rollback.lost()) } }
        dt { (l.of("It goes on in epoch", "再開後のエポック")) } dd { (rollback.number) }
    } }
}

fn meaning(l: Language) -> Markup {
    html! {
        section.sheet {
            h2 { (l.of("What going on without them means", "失われたまま再開すると")) }
            ul {
                li { (l.of("Whatever is under way ends: a no may be among what was lost. It has to be asked for anew.", "進行中の申請はすべて終了します。却下の記録が失われている可能性があるためです。必要なものは申請し直してください。")) }
                li { (l.of("A key that was revoked there counts again, and a person who was removed there is back: look at People & policy at once.", "失われた記録で失効させた鍵は再び有効になり、外した人は復活します。直ちに「メンバーと規則」を確認してください。")) }
                li { (l.of("A seed that came or was replaced there is not known: look at root's devices, and enrol it anew.", "失われた記録で預け入れ・交換したシードは認識されません。root の MFA デバイスを確認し、預け直してください。")) }
                li { (l.of("The loss stays in the record for ever: sizes, roots, and who approved.", "失われた事実（件数・ルートハッシュ・承認者）は、記録に永久に残ります。")) }
            }
        }
    }
}

fn asking(l: Language, desk: &Desk, signed: &Signed) -> Markup {
    let book = desk.book();
    let asked = book.state.live().find(|request| matches!(request.ask.matter, Matter::Epoch { .. }));
    html! { section.sheet {
        h2 { (l.of("Let a quorum decide", "定足数の承認を求める")) }
        @if let Some(request) = asked {
            p { a href={ "/requests/" (request.ask.id) } { (l.of("It was asked for, and waits for approvals", "申請済みです（承認待ち）")) } }
        } @else {
            form method="post" action="/rollback" { (csrf(signed))
                label for="why-epoch" { (l.of("What happened?", "何が起きたか")) }
                input id="why-epoch" name="reason" required maxlength="300";
                div.acts { button { (l.of("Ask the quorum", "定足数の承認を求める")) } }
            }
        }
    } }
}

pub(crate) async fn ask(State(desk): State<Arc<Desk>>, posted: Posted) -> Response {
    let l = posted.signed.visitor.language;
    match desk.held() {
        Some(rollback) => filed(desk, posted, Wish::Epoch { rollback }).await,
        None => said::refused(l, &crate::desk::DeskError::NothingLost).into_response(),
    }
}

/// What whoever approves an epoch signs; and what is left to do once it has begun.
pub(crate) fn changes(l: Language, desk: &Desk, request: &Request) -> Markup {
    let Matter::Epoch { rollback } = &request.ask.matter else { return html! {} };
    html! {
        section.sheet { h2 { (l.of("What is missing", "何が失われたか")) } (numbers(l, rollback)) }
        (meaning(l))
        @if let Some(key) = desk.key_in(rollback.number) { section.sheet {
            h2 { (l.of("What is left to do then", "承認後に行うこと")) }
            p { (l.of("Start the witness with this log as well; no code is shown before. Give the line to the auditors, for their trust policies. Start the vault again.", "証人にこのログを追加して起動し直してください（それまでコードは表示されません）。監査担当者にも渡し、信頼ポリシーに加えてもらいます。保管庫（vault）も起動し直してください。")) }
            pre { "--log " (key) }
        } }
    }
}
