//! The door: signing in with a passkey, signing out, the language.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kagimori_custody::PersonId;
use maud::html;
use sha2::{Digest as _, Sha256};

use crate::desk::{Desk, DeskError};
use crate::language::Language;
use crate::page::refusal::Refused;
use crate::page::said;
use crate::page::shell::{Frame, Place};
use crate::proof::{self, Answer, ProofError};
use crate::random;
use crate::web::challenge::Asked;
use crate::web::cookie;
use crate::web::form::{AtTheDoor, Posted};
use crate::web::session::{self, By, SECONDS_MOST};
use crate::web::visitor::Visitor;

/// What a challenge of the door is for.
const PURPOSE: &str = "sign in";

pub(crate) async fn page(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    if visitor.session.is_some() {
        return (StatusCode::SEE_OTHER, [(LOCATION, "/")]).into_response();
    }
    let l = visitor.language;
    let title = l.of("Sign in", "サインイン");
    let body = html! {
        div.sheet.door {
            h1 { (title) }
            p { (l.of("With the passkey that is enrolled for you at this desk.", "このデスクに登録済みのパスキーを使います。")) }
            form method="post" action="/sign-in" data-ask="/sign-in/ask" {
                input type="hidden" name="signed"; input type="hidden" name="challenge";
                button { (l.of("Sign in with passkey", "パスキーでサインイン")) }
                p.bad hidden tabindex="-1" data-trouble=(l.of("The passkey was not used.", "パスキーを使用できませんでした。")) {}
            }
            @if desk.settings.oidc.is_some() {
                p { a href="/sign-in/provider" { (l.of("Sign in at the identity provider", "ID プロバイダーでサインイン")) }
                    " " small { (l.of("to ask and to read; approving and operating need the passkey", "申請と閲覧ができます。承認とオペレーターの操作にはパスキーが必要です")) } }
            }
            p { a href="/enrol" { (l.of("Make a passkey for this desk", "このデスク用のパスキーを作る")) } }
            p.soft { (l.of("Lost it? An approver or auditor revokes it, and a quorum enrols another: the runbook says how.", "紛失した場合は、承認者または監査担当者が失効させ、定足数の承認で新しいパスキーを登録します（手順は運用手順書を参照）。")) }
        }
    };
    let frame = Frame { desk: &desk, language: l, signed: None, place: Place::Aside, title };
    frame.around(&body).into_response()
}

/// A challenge for the browser at the door.
pub(crate) async fn ask(State(desk): State<Arc<Desk>>, door: AtTheDoor) -> Response {
    let (Ok(token), Ok(challenge)) = (random::token(), random::bytes::<32>()) else {
        return said::problem(door.visitor.language, StatusCode::INTERNAL_SERVER_ERROR, "?").into_response();
    };
    let asked = Asked { of: door_of(&token), purpose: PURPOSE.to_owned(), is_at_the_door: true };
    desk.challenges.put(&challenge, asked, desk.clock.now());
    let body = serde_json::json!({ "challenge": URL_SAFE_NO_PAD.encode(challenge), "rp": desk.party.id, "allow": [] });
    (AppendHeaders([(SET_COOKIE, cookie::set(cookie::DOOR, &token, 180))]), Json(body)).into_response()
}

pub(crate) async fn enter(State(desk): State<Arc<Desk>>, door: AtTheDoor) -> Response {
    match entered(&desk, &door) {
        Ok(person) => begin(&desk, &person, By::Passkey, door.visitor.language),
        Err(error) => said::refused(door.visitor.language, &error.into()).into_response(),
    }
}

/// Whose passkey opened the door.
fn entered(desk: &Desk, door: &AtTheDoor) -> Result<PersonId, ProofError> {
    let challenge = URL_SAFE_NO_PAD.decode(door.fields.get("challenge")).map_err(|_| ProofError::Form)?;
    let token = cookie::read(&door.headers, cookie::DOOR).ok_or(ProofError::Stale)?;
    let asked = Asked { of: door_of(token), purpose: PURPOSE.to_owned(), is_at_the_door: true };
    if !desk.challenges.take(&challenge, &asked, desk.clock.now()) {
        return Err(ProofError::Stale);
    }
    let answer = Answer::read(door.fields.get("signed"))?;
    let (person, key) = proof::owner(&desk.book().state, &answer.credential).ok_or(ProofError::Key)?;
    proof::must_be_of(desk, &key, &answer.assertion()?, &challenge)?;
    Ok(person)
}

/// Begins a session and opens the first page.
pub(crate) fn begin(desk: &Desk, person: &PersonId, by: By, l: Language) -> Response {
    match desk.sessions.begin(person.as_str(), by, desk.clock.now()) {
        Ok(token) => {
            let cookies = [
                (SET_COOKIE, cookie::set(session::COOKIE, &token, SECONDS_MOST)),
                (SET_COOKIE, cookie::unset(cookie::DOOR)),
            ];
            (StatusCode::SEE_OTHER, AppendHeaders(cookies), [(LOCATION, "/")]).into_response()
        }
        Err(_) => said::refused(l, &DeskError::Broken).into_response(),
    }
}

pub(crate) async fn leave(State(desk): State<Arc<Desk>>, posted: Posted) -> Response {
    desk.sessions.end(&posted.signed.session.id);
    let cookies = [(SET_COOKIE, cookie::unset(session::COOKIE))];
    (StatusCode::SEE_OTHER, AppendHeaders(cookies), [(LOCATION, "/sign-in")]).into_response()
}

/// The language is no secret: it is chosen without a session, but only from a page of this desk.
pub(crate) async fn language(door: AtTheDoor) -> Result<Response, Refused> {
    let chosen = Language::of_code(door.fields.get("language")).unwrap_or(door.visitor.language);
    let cookies = [(SET_COOKIE, cookie::set(cookie::LANGUAGE, chosen.code(), 365 * 24 * 3600))];
    // Back to where the switch was pressed; a referrer of our own origin, or the first page.
    let referrer = door.headers.get("referer").and_then(|value| value.to_str().ok());
    let path = referrer.and_then(path_of).unwrap_or("/").to_owned();
    Ok((StatusCode::SEE_OTHER, AppendHeaders(cookies), [(LOCATION, path)]).into_response())
}

/// The path of an address: never another host, and never `//host`.
fn path_of(address: &str) -> Option<&str> {
    let rest = address.split_once("://")?.1;
    let path = rest.get(rest.find('/')?..)?;
    (!path.starts_with("//") && !path.contains('\\')).then_some(path)
}

pub(crate) fn door_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn back_is_never_another_host() {
        for (address, expected) in [
            ("https://desk.example/requests/r1?x=1", Some("/requests/r1?x=1")),
            ("https://desk.example", None),
            ("https://desk.example//evil.example", None),
            ("https://desk.example/\\evil.example", None),
            ("nothing", None),
        ] {
            assert_eq!(path_of(address), expected, "{address}");
        }
    }
}
