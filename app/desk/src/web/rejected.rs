//! What the server itself says no with, before a page is asked: an address that cannot be read, a method that there is not. It is told like
//! every other refusal, in the visitor's language, and to programs as a problem (RFC 9457).

use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::language::Language;
use crate::page::refusal::Refused;
use crate::page::said;
use crate::web::visitor::language_of;

/// Tells it.
pub(crate) async fn tell(request: Request, next: Next) -> Response {
    let is_program = request.uri().path().starts_with("/v1/");
    let language = language_of(request.headers());
    let response = next.run(request).await;
    if response.status().is_client_error() && is_bare(response.headers()) {
        let mut told = told(response.status(), language, is_program);
        if let Some(allowed) = response.headers().get(ALLOW) {
            told.headers_mut().insert(ALLOW, allowed.clone());
        }
        return told;
    }
    response
}

/// The desk's own refusals are pages and problems; the server's are a line of text, or nothing.
fn is_bare(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

fn told(status: StatusCode, l: Language, is_program: bool) -> Response {
    let title = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            l.of("That cannot be done at this address", "このアドレスではできない操作です")
        }
        _ => l.of("The address cannot be read", "アドレスを解釈できません"),
    };
    if is_program {
        return said::problem(l, status, title);
    }
    let next = l.of("Go back to what needs you.", "「要対応」に戻ってください。");
    Refused::new(status, l, title, next).into_response()
}
