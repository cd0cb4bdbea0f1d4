//! The register of roots: which account's second factor is in custody, since when, and who saw what.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use kagimori_custody::{HeldSeed, PersonId, Policy, SeedId};
use maud::{Markup, html};

use crate::desk::{Book, Desk};
use crate::language::Language;
use crate::page::ceremony;
use crate::page::refusal::Refused;
use crate::page::shell::{Frame, Place};
use crate::show;
use crate::web::visitor::Signed;

pub(crate) async fn page(State(desk): State<Arc<Desk>>, signed: Signed) -> Response {
    let l = signed.visitor.language;
    let title = l.of("Root accounts", "root アカウント");
    let body = {
        let book = desk.book();
        let Some(policy) = book.state.policy() else { return Refused::not_found(l).into_response() };
        html! {
            h1 { (title) }
            p.lead { (l.of("Whose second factor is in custody, and how it came there.", "MFA のシードを預かっている root アカウントと、その経緯です。")) }
            @for (id, account) in &policy.file().accounts {
                @let seed = policy.seed_of(*id);
                section.sheet {
                    h2 { bdi { (account.name) } " " small.mono { (id) } }
                    dl {
                        dt { (l.of("Knows root's password", "パスワードを知る人")) } dd { (names(&book, &account.passwords)) }
                        dt { (l.of("Reads root's mailbox", "メールボックスを読む人")) } dd { (names(&book, &account.mailbox)) }
                        @match seed {
                            Some((name, seed)) => {
                                dt { (l.of("Seed", "シード")) } dd { span.mono { (name) } " · " (show::tier(seed.tier)) }
                                (held(l, &desk, &book, name))
                            }
                            None => { dt { (l.of("Seed", "シード")) } dd { (l.of("none: this desk makes no codes for it", "なし（このデスクではコードを発行しません）")) } }
                        }
                        dt { (l.of("Last codes", "直近のコード発行")) } dd { (last(l, &desk, &book, policy, *id)) }
                    }
                    @if let Some((name, _)) = seed { (ceremony::asking(l, &book, &signed, name, Some(*id))) }
                }
            }
        }
    };
    Frame::of(&desk, &signed, Place::Accounts, title).around(&body).into_response()
}

fn held(l: Language, desk: &Desk, book: &Book, seed: &SeedId) -> Markup {
    let Some(HeldSeed { is_held, generation, exposure, must_rotate, since, .. }) = book.state.seed(seed)
    else {
        return html! { dt { (l.of("In custody", "保管状況")) } dd { span.state.wait { (l.of("not yet enrolled", "未登録")) } } };
    };
    html! {
        dt { (l.of("In custody", "保管状況")) }
        dd {
            @if *is_held { span.state.go { (l.of("held", "保管中")) } } @else { span.state.stop { (l.of("given up", "廃止済み")) } }
            " " (l.of("since", "登録:")) " " (show::when(*since, desk.settings.hours_from_utc)) " · " (l.of(format!("generation {generation}"), format!("第 {generation} 世代")))
        }
        dt { (l.of("Saw the seed when it came", "登録時にシードを見た人")) } dd { (names(book, &exposure.seed)) }
        @if !must_rotate.is_empty() {
            dt { (l.of("To be replaced", "要交換")) }
            dd { span.state.stop { (l.of("one person saw both halves", "1 人が両方を見ています")) } " " (names(book, &must_rotate.iter().cloned().collect::<Vec<_>>())) }
        }
    }
}

fn names(book: &Book, people: &[PersonId]) -> Markup {
    html! {
        @if people.is_empty() { "–" }
        @for (place, person) in people.iter().enumerate() { @if place > 0 { ", " } bdi { (book.shown_name(person)) } }
    }
}

fn last(l: Language, desk: &Desk, book: &Book, _: &Policy, account: kagimori_id::AccountId) -> Markup {
    let of = |request: &&kagimori_custody::Request| {
        request.ask.matter.account() == Some(account) && !request.releases.is_empty()
    };
    let found: Vec<_> = book.state.requests().rev().filter(of).take(3).collect();
    html! {
        @if found.is_empty() { (l.of("none so far", "まだありません")) }
        @for request in found { div { a.mono href={ "/requests/" (request.ask.id) } { (request.ask.id) } " "
            @for release in &request.releases { (show::when(release.at, desk.settings.hours_from_utc)) " " } bdi { (book.shown_name(&request.ask.by)) } } }
    }
}
