//! The door by way of the identity provider: there, and back.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, Html, IntoResponse, Response};
use kagimori_custody::PersonId;
use maud::{DOCTYPE, html};

use crate::desk::Desk;
use crate::language::Language;
use crate::oidc::{self, Brought, OidcError};
use crate::page::refusal::Refused;
use crate::page::sign_in;
use crate::web::cookie;
use crate::web::limit::Kind;
use crate::web::session::By;
use crate::web::visitor::Visitor;

/// Where the provider sends people back to.
const BACK: &str = "/sign-in/provider/back";

pub(crate) async fn begin(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    let l = visitor.language;
    if let Err(refused) = may_try(&desk, &visitor) {
        return refused.into_response();
    }
    let begun = desk.clone().blocking(|desk| {
        let settings = desk.settings.oidc.as_ref()?;
        Some(desk.oidc.begin(settings, &format!("{}{BACK}", desk.settings.origin), desk.clock.now()))
    });
    match begun.await.flatten() {
        Some(Ok(begun)) => {
            let cookies = [(SET_COOKIE, cookie::set_for_the_way_back(cookie::PROVIDER, &begun.cookie, 600))];
            (StatusCode::SEE_OTHER, AppendHeaders(cookies), [(LOCATION, begun.address)]).into_response()
        }
        Some(Err(error)) => refused(l, &error).into_response(),
        None => Refused::not_found(l).into_response(),
    }
}

pub(crate) async fn back(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(brought): Query<Brought>,
) -> Response {
    let l = visitor.language;
    if let Err(refused) = may_try(&desk, &visitor) {
        return refused.into_response();
    }
    let cookie = cookie::read(&headers, cookie::PROVIDER).unwrap_or_default().to_owned();
    let answered = desk.clone().blocking(move |desk| {
        let settings = desk.settings.oidc.as_ref()?;
        let back = format!("{}{BACK}", desk.settings.origin);
        let subject = desk.oidc.end(settings, &back, &cookie, &brought, desk.clock.now());
        Some(subject.and_then(|subject| {
            oidc::person(desk.book().state.policy().map(AsRef::as_ref), &settings.issuer, &subject)
        }))
    });
    match answered.await.flatten() {
        Some(Ok(person)) => entered(&desk, &visitor, &person),
        Some(Err(error)) => refused(l, &error).into_response(),
        None => Refused::not_found(l).into_response(),
    }
}

/// Somebody is signed in. Whoever was signed in in this browser is so no more: a session is never taken over.
pub(crate) fn entered(desk: &Desk, visitor: &Visitor, person: &PersonId) -> Response {
    if let Some(session) = &visitor.session {
        desk.sessions.end(&session.id);
    }
    onwards(sign_in::begin(desk, person, By::Provider, visitor.language), visitor.language)
}

/// The browser comes from another site, and shows a strict cookie only to what our own page asks for: so a page goes on.
fn onwards(begun: Response, l: Language) -> Response {
    if begun.status() != StatusCode::SEE_OTHER {
        return begun;
    }
    let page = html! {
        (DOCTYPE)
        html lang=(l.code()) {
            head { meta charset="utf-8"; meta http-equiv="refresh" content="0;url=/"; title { (l.of("You are signed in", "サインインしました")) } }
            body { p { a href="/" { (l.of("What needs you", "要対応へ")) } } }
        }
    };
    let mut response = Html(page.into_string()).into_response();
    for cookie in begun.headers().get_all(SET_COOKIE) {
        response.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    if let Ok(unset) = cookie::unset(cookie::PROVIDER).parse() {
        response.headers_mut().append(SET_COOKIE, unset);
    }
    response
}

fn may_try(desk: &Desk, visitor: &Visitor) -> Result<(), Refused> {
    let tried = desk.limits.try_once(Kind::SignIn, visitor.address, desk.clock.now());
    tried.map_err(|seconds| Refused::too_often(visitor, seconds))
}

fn refused(l: Language, error: &OidcError) -> Refused {
    let status = match error {
        OidcError::Provider(_) | OidcError::Broken => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    };
    let (title, next) = match error {
        OidcError::Stale => (
            l.of("This sign-in is over", "このサインインは無効です"),
            l.of(
                "It was begun in another browser, took too long, or is over already. Begin again on the sign-in page.",
                "別のブラウザーで始めたか、時間が経ちすぎたか、すでに終わっています。サインイン画面からやり直してください。",
            )
            .to_owned(),
        ),
        OidcError::Refused(_) => (
            l.of("The identity provider refused", "ID プロバイダーが拒否しました"),
            l.of(
                format!("{error}. Begin again, or sign in with your passkey."),
                format!("{error}. もう一度やり直すか、パスキーでサインインしてください。"),
            ),
        ),
        OidcError::Nobody(subject) => (
            l.of("The policy of this desk does not know you", "このデスクの規則に登録されていません"),
            l.of(
                format!("Ask for a change of the policy: issuer as in the desk's settings, subject `{subject}`."),
                format!("規則の変更を依頼してください（issuer はデスクの設定のもの、subject は「{subject}」）。"),
            ),
        ),
        OidcError::Token(_) | OidcError::Provider(_) | OidcError::Broken => (
            l.of("Nobody was signed in", "サインインできませんでした"),
            l.of(
                format!("{error}. Sign in with your passkey, and tell the people who run the desk."),
                format!("{error}. パスキーでサインインし、デスクの管理者に知らせてください。"),
            ),
        ),
    };
    Refused::new(status, l, title, next)
}
