//! One request: what is signed, who is asked, what happened, and what you may do.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use kagimori_custody::{Finding, How, Need, PersonId, Request, RequestId};
use maud::{Markup, html};

use crate::desk::{Book, Desk};
use crate::language::Language;
use crate::offers::{self, Offer};
use crate::page::refusal::Refused;
use crate::page::shell::{Frame, Place};
use crate::page::{decide, govern, rollback};
use crate::show;
use crate::web::visitor::Signed;

pub(crate) async fn page(State(desk): State<Arc<Desk>>, signed: Signed, Path(id): Path<String>) -> Response {
    let l = signed.visitor.language;
    let (title, body) = {
        let book = desk.book();
        let found = RequestId::parse(&id).ok().and_then(|id| book.state.request(&id));
        let Some(request) = found else { return Refused::not_found(l).into_response() };
        let (now, from) = (desk.clock.now(), signed.visitor.address);
        let offers = offers::of(&book.state, request, &signed.person, from, now);
        (show::matter(l, &request.ask.matter), body(&desk, &book, &signed, request, &offers))
    };
    Frame::of(&desk, &signed, Place::Requests, &title).around(&body).into_response()
}

fn body(desk: &Desk, book: &Book, signed: &Signed, request: &Request, offers: &BTreeSet<Offer>) -> Markup {
    let (l, ask) = (signed.visitor.language, &request.ask);
    html! {
        div.head {
            div {
                h1 { (show::matter(l, &ask.matter)) }
                p { (show::state_mark(l, request)) " " span.mono.soft { (ask.id) }
                    @if let Some(end) = request.deadline() {
                        " · " span.soft { (ends(l, request)) " " } strong data-until=(end.as_second()) { }
                    }
                }
            }
        }
        (ended(l, book, request))
        div.two {
            div {
                (next(l, signed, request, offers))
                (signed_matter(l, desk, book, request))
                (govern::changes(l, book, request))
                (rollback::changes(l, desk, request))
                (decide::acts(l, signed, request, offers))
            }
            div {
                (asked_people(l, desk, book, request))
                (time_line(l, desk, book, request))
            }
        }
    }
}

fn ends(l: Language, request: &Request) -> &'static str {
    match request.approved_at {
        Some(_) => l.of("window closes in", "有効時間の残り"),
        None => l.of("to be decided within", "承認期限まで"),
    }
}

/// How it ended, when it has, and what whoever reviewed it found.
fn ended(l: Language, book: &Book, request: &Request) -> Markup {
    let Some(end) = &request.end else { return html! {} };
    let (class, words) = match end.how {
        How::Closed => ("", l.of("Done", "完了")),
        how => show::state(l, how.word()),
    };
    let class = if class == "stop" { "bad" } else { "note" };
    html! {
        p.(class) {
            strong { (words) }
            @if let Some(by) = &end.by { " · " bdi { (book.shown_name(by)) } }
            @if let Some(reason) = &end.reason { ": " bdi { (reason) } }
            @if request.owes_review() { " · " (l.of("it is to be reviewed", "レビュー待ち")) }
        }
        @if let Some(review) = &request.review {
            @match &review.finding {
                Finding::Fine {} => p.good { strong { (l.of("Reviewed: as it should be", "レビュー済み: 問題なし")) } " · " bdi { (book.shown_name(&review.by)) } },
                Finding::Concern { what } => p.bad { strong { (l.of("Reviewed: a concern", "レビュー: 懸念あり")) } " · " bdi { (book.shown_name(&review.by)) } ": " bdi { (what) } },
            }
        }
    }
}

/// The page where it goes on, for whoever has to go on.
fn next(l: Language, signed: &Signed, request: &Request, offers: &BTreeSet<Offer>) -> Markup {
    let id = &request.ask.id;
    let is_own = request.ask.by == signed.person;
    let is_operator = request.operator() == Some(&signed.person);
    let has_codes = request.ask.kind().has_codes() && request.is_live();
    html! {
        @if is_own && has_codes && request.approved_at.is_some() {
            p.good { strong { (l.of("Approved.", "承認されました。")) } " " (l.of("Your PIN and your code are on a page of their own.", "PIN とコードは専用の画面に表示されます。")) }
            p { a.button href={ "/requests/" (id) "/code" } { (l.of("To my PIN and code", "PIN とコードの画面へ")) } }
        }
        @if is_operator && request.is_live() { p { a.button href={ "/operator/" (id) } { (l.of("Go on at the console", "オペレーター画面で続ける")) } } }
        @if offers.is_empty() && is_own && request.approved_at.is_none() && request.is_live() {
            p.note { (l.of("People were told. This page shows every step as it happens.", "承認者に通知しました。この画面は状況に合わせて自動で更新されます。")) }
        }
    }
}

/// Exactly what people sign, in words and as bytes.
fn signed_matter(l: Language, desk: &Desk, book: &Book, request: &Request) -> Markup {
    let ask = &request.ask;
    let canonical = String::from_utf8_lossy(&ask.canonical()).into_owned();
    let hours = desk.settings.hours_from_utc;
    html! {
        section.sheet aria-labelledby="signed" {
            h2 id="signed" { (l.of("What is signed", "署名の対象")) }
            dl {
                dt { (l.of("For", "内容")) } dd { strong { (show::matter(l, &ask.matter)) } }
                @if let Some(account) = ask.matter.account() { dt { (l.of("Account", "アカウント")) } dd.mono { (account) } }
                dt { (l.of("Asked by", "申請者")) } dd { bdi { (book.shown_name(&ask.by)) } " " small.mono { (ask.by) }
                    @if let Some(through) = &ask.through { " " (l.of("through", "経由:")) " " bdi { (book.shown_name(through)) } } }
                dt { (l.of("Why", "理由")) } dd { bdi { (ask.reason) } }
                @if let Some(ticket) = &ask.ticket { dt { (l.of("Ticket", "チケット")) } dd { bdi { (ticket) } } }
                @if let Some(mode) = ask.matter.mode() { dt { (l.of("The code comes", "受け取り方")) } dd { (show::mode(l, mode)) } }
                dt { (l.of("Window", "有効時間")) } dd { (lasting(l, ask.window.as_seconds())) " " (l.of("from the approval on", "（承認後）")) }
                @if ask.kind().has_codes() { dt { (l.of("Codes at most", "コードの上限")) } dd { (ask.codes) } }
                dt { (l.of("Rule", "規則")) } dd.mono { (ask.rule) }
                dt { (l.of("Asked at", "申請日時")) } dd { (show::when(ask.at, hours)) }
                dt { (l.of("Digest", "ダイジェスト")) } dd.mono { (request.digest) }
            }
            details {
                summary { (l.of("The bytes", "署名対象のバイト列")) }
                p.soft { (l.of("Their SHA-256 is the digest.", "この内容の SHA-256 が上のダイジェストです。")) }
                pre { (canonical) }
            }
        }
    }
}

/// Who is asked, and who has answered.
fn asked_people(l: Language, desk: &Desk, book: &Book, request: &Request) -> Markup {
    let Some(policy) = book.state.policy() else { return html! {} };
    let live = request.live_approvals(&book.state, policy, desk.clock.now());
    let rows = |need: &Need| -> Vec<PersonId> {
        policy.members([&need.group]).into_iter().filter(|person| *person != request.ask.by).collect()
    };
    html! {
        section.sheet aria-labelledby="asked" {
            h2 id="asked" { (l.of("Who is asked", "承認者")) }
            @for need in &request.ask.needs {
                h3 { (l.of(format!("{} of {}", need.count.get(), need.group), format!("{}: {} 名の承認が必要", need.group, need.count.get()))) }
                ul.people { @for person in rows(need) {
                    li {
                        bdi { (book.shown_name(&person)) }
                        @if live.contains(&person) { span.state.go { (l.of("approved", "承認")) } }
                        @else if request.approvals.contains_key(&person) { span.state.stop { (l.of("counts no more", "無効")) } }
                        @else if request.is_live() { span.soft { (l.of("asked", "未回答")) } }
                    }
                } }
            }
        }
    }
}

/// Everything that happened, as it stands in the record.
fn time_line(l: Language, desk: &Desk, book: &Book, request: &Request) -> Markup {
    let name = |person: &PersonId| book.shown_name(person);
    html! {
        section.sheet aria-labelledby="line" {
            h2 id="line" { (l.of("What happened", "経過")) }
            ol.line { @for (index, leaf) in book.of_request(&request.ask.id) {
                @let (class, words) = show::event(l, &leaf.event, &name);
                li.(class) {
                    p { @if let Some(by) = leaf.event.by() { strong { bdi { (name(by)) } } (l.of(" ", "：")) } bdi { (words) } }
                    small { (show::when(leaf.at, desk.settings.hours_from_utc)) " · " a href={ "/record/" (index) } { (l.of("entry", "記録")) " " (index) } }
                }
            } }
        }
    }
}

/// `30 minutes`.
pub(crate) fn lasting(l: Language, seconds: u32) -> String {
    match (seconds % 3600, seconds % 60) {
        (0, _) => l.of(format!("{} hours", seconds / 3600), format!("{} 時間", seconds / 3600)),
        (_, 0) => l.of(format!("{} minutes", seconds / 60), format!("{} 分", seconds / 60)),
        _ => l.of(format!("{seconds} seconds"), format!("{seconds} 秒")),
    }
}
