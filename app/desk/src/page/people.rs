//! People and policy: who is in it, in which groups, and who could get a code tonight.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use kagimori_custody::{PersonId, Policy, Rule};
use maud::{Markup, html};

use crate::desk::{Book, Desk};
use crate::language::Language;
use crate::page::govern;
use crate::page::refusal::Refused;
use crate::page::request::lasting;
use crate::page::shell::{Frame, Place};
use crate::show;
use crate::web::visitor::Signed;

pub(crate) async fn page(
    State(desk): State<Arc<Desk>>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Response {
    let l = signed.visitor.language;
    let title = l.of("People & policy", "メンバーと規則");
    let body = {
        let book = desk.book();
        let Some(policy) = book.state.policy() else { return Refused::not_found(l).into_response() };
        html! {
            h1 { (title) }
            p.lead { (l.of("In force:", "適用中の版:")) " " span.mono { (policy.version().short()) } ". " (l.of("It changes only by a request that a quorum approves.", "変更には定足数の承認が必要です。")) }
            section.sheet { h2 { (l.of("Who decides what", "規則")) }
                @for (name, rule) in &policy.file().rules { (rule_of(l, policy, &book, name.as_str(), rule)) }
            }
            (govern::tonight(l, &book, policy, here(query.as_deref()).as_ref()))
            section.sheet { h2 { (l.of("People", "メンバー")) } (people(l, &desk, &book, &signed, policy)) }
            (govern::proposing(l, &signed, policy))
        }
    };
    Frame::of(&desk, &signed, Place::People, title).around(&body).into_response()
}

fn rule_of(l: Language, policy: &Policy, book: &Book, name: &str, rule: &Rule) -> Markup {
    let members = |groups: &[kagimori_custody::GroupName]| policy.members(groups);
    html! {
        h3 { (show::kind(l, rule.kind)) " " small.mono { (name) } }
        dl {
            dt { (l.of("Asks", "申請者")) } dd { (listed(book, &members(&rule.requesters))) }
            dt { (l.of("Approves", "承認者")) } dd { @for need in &rule.approvals { div {
                (l.of(format!("{} of {}: ", need.count.get(), need.group), format!("{}（{} 名）: ", need.group, need.count.get())))
                (listed(book, &policy.members([&need.group]))) } } }
            @if !rule.operators.is_empty() { dt { (l.of("Carries out", "オペレーター")) } dd { (listed(book, &members(&rule.operators))) } }
            dt { (l.of("Reviews", "レビュー担当")) } dd { (listed(book, &members(&rule.reviewers))) }
            dt { (l.of("Longest window", "有効時間の上限")) } dd { (lasting(l, rule.window.as_seconds())) }
        }
    }
}

fn listed(book: &Book, people: &BTreeSet<PersonId>) -> Markup {
    html! { @for (place, person) in people.iter().enumerate() { @if place > 0 { ", " } bdi { (book.shown_name(person)) } } }
}

/// Who is there, of the form; `None`: nobody was named.
fn here(query: Option<&str>) -> Option<BTreeSet<PersonId>> {
    let pairs = form_urlencoded::parse(query?.as_bytes());
    let named =
        pairs.filter(|(name, _)| name == "here").filter_map(|(_, person)| PersonId::parse(&person).ok());
    Some(named.collect::<BTreeSet<_>>()).filter(|here| !here.is_empty())
}

fn people(l: Language, desk: &Desk, book: &Book, signed: &Signed, policy: &Policy) -> Markup {
    html! {
        div.wide { table.stack {
            thead { tr { th { (l.of("Name", "名前")) } th { (l.of("Groups", "グループ")) } th { (l.of("Keys", "鍵")) } th { (l.of("Known as", "ID プロバイダー")) } } }
            tbody { @for (id, person) in policy.people() {
                tr {
                    td { bdi { (book.shown_name(id)) } " " small.mono { (id) } }
                    td { @for (group, _) in policy.file().groups.iter().filter(|(group, _)| policy.is_in(id, group)) { span.mono { (group) } " " } }
                    td { @for key in &person.keys { div { span.mono { (key.name) } @if book.state.is_revoked(&key.name) { " " span.state.stop { (l.of("revoked", "失効")) } } (govern::revoking(l, desk, book, signed, id, &key.name)) } }
                        @if person.keys.is_empty() { span.soft { (l.of("none", "なし")) } } }
                    td { small.mono { (person.issuer) " · " (person.subject) } }
                }
            } }
        } }
    }
}
