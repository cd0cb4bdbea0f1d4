//! Changing the desk: another policy, a key that counts no more, opening after a seal. And: who could get a code tonight?

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use kagimori_custody::{
    Event, KeyName, Kind, Obstacle, Part, PersonId, Policy, Request, Tonight, Wish, simulate, step,
};
use maud::{Markup, html};

use crate::desk::{Book, Desk, instant_of};
use crate::language::Language;
use crate::page::ceremony::filed;
use crate::page::refusal::Refused;
use crate::page::said;
use crate::page::shell::csrf;
use crate::web::form::Posted;
use crate::web::visitor::Signed;

/// Who could get a code with the people who are there; `here`: those, or `None` for everybody.
pub(crate) fn tonight(
    l: Language,
    book: &Book,
    policy: &Policy,
    here: Option<&BTreeSet<PersonId>>,
) -> Markup {
    let everybody: BTreeSet<PersonId> = policy.people().keys().cloned().collect();
    let present = here.unwrap_or(&everybody);
    html! {
        section.sheet aria-labelledby="tonight" {
            h2 id="tonight" { (l.of("Who could get a code tonight?", "今夜コードを取得できるのは誰か")) }
            form method="get" action="/people" {
                fieldset { legend { (l.of("Who is there", "対応できる人")) }
                    @for person in &everybody { label.here { input type="checkbox" name="here" value=(person) checked[present.contains(person)]; " " bdi { (book.shown_name(person)) } } } }
                div.acts { button.plain { (l.of("Look", "確認する")) } }
            }
            @for (id, account) in &policy.file().accounts {
                h3 { bdi { (account.name) } }
                (way(l, book, &simulate(policy, &book.state, *id, present)))
            }
        }
    }
}

fn way(l: Language, book: &Book, tonight: &Tonight) -> Markup {
    let part = |part: &Part| match part {
        Part::Approves(group) => l.of(format!("approves for {group}"), format!("{group} として承認")),
        Part::Operates => l.of("operates", "オペレーター").to_owned(),
        Part::Reviews => l.of("reviews", "レビュー").to_owned(),
    };
    html! {
        @for obstacle in &tonight.obstacles { p.bad { (match obstacle {
            Obstacle::Sealed => l.of("The desk is sealed.", "デスクは封印されています。"),
            Obstacle::NoSeed => l.of("No seed is named for this root.", "この root のシードは登録されていません。"),
            Obstacle::NotHeld(_) => l.of("Its seed is not in custody.", "シードが預けられていません。"),
            Obstacle::NoRule => l.of("No rule is for it.", "該当する規則がありません。"),
        }) } }
        @if tonight.ways.is_empty() { p.bad { (l.of("Nobody who may ask is there.", "申請できる人がいません。")) } }
        @for (person, way) in &tonight.ways {
            @match way {
                Ok(parts) => p.good { bdi { (book.shown_name(person)) } (l.of(" could: ", " は取得できます: "))
                    @for (place, (which, who)) in parts.iter().enumerate() { @if place > 0 { ", " } bdi { (book.shown_name(who)) } " " (part(which)) } },
                Err(missing) => p.bad { bdi { (book.shown_name(person)) } (l.of(" could not: nobody is left who ", " は取得できません（担当できる人がいません）: ")) (part(missing)) },
            }
        }
    }
}

/// The form that proposes another policy, for those who may.
pub(crate) fn proposing(l: Language, signed: &Signed, policy: &Policy) -> Markup {
    let may = policy
        .rule(Kind::Govern, None)
        .is_some_and(|(_, rule)| policy.is_in_any(&signed.person, &rule.requesters));
    html! { @if may { section.sheet { details {
        summary { (l.of("Propose another policy", "規則の変更を申請する")) }
        p { (l.of("The whole file, in TOML, as `kagimori-desk policy check` takes it. What is wrong with it is said before anybody is asked.", "規則ファイル全体（TOML）を貼り付けます。誤りがあれば、承認依頼の前に表示されます。")) }
        form method="post" action="/people/propose" { (csrf(signed))
            label for="policy" { (l.of("Policy", "規則")) } textarea id="policy" name="policy" required rows="14" spellcheck="false" {}
            label for="why-policy" { (l.of("Why?", "理由")) } input id="why-policy" name="reason" required maxlength="300";
            div.acts { button { (l.of("Propose it", "申請する")) } }
        }
    } } } }
}

pub(crate) async fn propose(State(desk): State<Arc<Desk>>, posted: Posted) -> Response {
    let l = posted.signed.visitor.language;
    match Policy::from_toml(posted.fields.get("policy")) {
        Ok(policy) => filed(desk, posted, Wish::Policy { policy: Box::new(policy.file().clone()) }).await,
        Err(faults) => {
            let title = l.of("This policy does not load", "この規則は適用できません");
            let faults: Vec<String> =
                faults.0.iter().map(|fault| format!("{fault} ({})", fault.hint)).collect();
            Refused::new(StatusCode::UNPROCESSABLE_ENTITY, l, title, faults.join(" · ")).into_response()
        }
    }
}

/// What a proposed policy changes, line by line of its canonical form.
pub(crate) fn changes(l: Language, book: &Book, request: &Request) -> Markup {
    let (Some(proposed), Some(policy)) = (&request.proposed, book.state.policy()) else { return html! {} };
    let lines = |policy: &Policy| -> Vec<String> {
        let text = serde_json::to_string_pretty(policy.file()).unwrap_or_default();
        text.lines().map(|line| line.trim_end_matches(',').to_owned()).collect()
    };
    let (old, new) = (lines(policy), lines(proposed));
    let gone: Vec<&String> = old.iter().filter(|line| !new.contains(line)).collect();
    let come: Vec<&String> = new.iter().filter(|line| !old.contains(line)).collect();
    html! { section.sheet { h2 { (l.of("What it changes", "変更内容")) }
        @if request.is_live() {
            pre { @for line in gone { "− " (line.trim()) "\n" } @for line in come { "+ " (line.trim()) "\n" } }
        }
        details { summary { (l.of("The whole policy", "規則の全文")) } pre { (new.join("\n")) } }
    } }
}

/// The form that revokes a key, for those who may.
pub(crate) fn revoking(
    l: Language,
    desk: &Desk,
    book: &Book,
    signed: &Signed,
    person: &PersonId,
    key: &KeyName,
) -> Markup {
    let event = Event::RevokeKey {
        by: signed.person.clone(),
        person: person.clone(),
        key: key.clone(),
        reason: "-".to_owned(),
    };
    let now = instant_of(&event, &book.state, desk.clock.now());
    let may = book.state.policy().is_some_and(|policy| step(&book.state, &event, policy, now).is_ok());
    html! { @if may && !book.state.is_revoked(key) { details { summary { (l.of("revoke", "失効")) }
    form method="post" action="/people/revoke" { (csrf(signed))
        input type="hidden" name="person" value=(person); input type="hidden" name="key" value=(key);
        label for={ "why-" (key) } { (l.of("Why?", "理由")) } input id={ "why-" (key) } name="reason" required maxlength="300";
        div.acts { button.danger { (l.of("It counts no more, at once", "直ちに失効させる")) } }
    } } } }
}

pub(crate) async fn revoke(State(desk): State<Arc<Desk>>, posted: Posted) -> Response {
    let (l, fields) = (posted.signed.visitor.language, &posted.fields);
    let (Ok(person), Ok(key)) = (PersonId::parse(fields.get("person")), KeyName::parse(fields.get("key")))
    else {
        return Refused::not_found(l).into_response();
    };
    let event = Event::RevokeKey {
        by: posted.signed.person.clone(),
        person,
        key,
        reason: fields.get("reason").to_owned(),
    };
    match desk.submit(event).await {
        Ok(()) => (StatusCode::SEE_OTHER, [(LOCATION, "/people")]).into_response(),
        Err(error) => said::refused(l, &error).into_response(),
    }
}

/// The form that asks to open the desk again.
pub(crate) fn opening(l: Language, book: &Book, signed: &Signed) -> Markup {
    html! { @if book.state.sealed().is_some() { section.sheet { h2 { (l.of("Open the desk again", "封印を解除する")) }
    form method="post" action="/unseal" { (csrf(signed))
        label for="why-open" { (l.of("Why?", "理由")) } input id="why-open" name="reason" required maxlength="300";
        div.acts { button { (l.of("Ask the quorum", "定足数の承認を求める")) } }
    } } } }
}

pub(crate) async fn unseal(State(desk): State<Arc<Desk>>, posted: Posted) -> Response {
    filed(desk, posted, Wish::Unseal {}).await
}
