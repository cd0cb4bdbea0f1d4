//! What did not go, why, and what to do next.

use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, html};

use crate::language::Language;
use crate::page::asset;
use crate::web::visitor::Visitor;

/// A refusal, as a page.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    language: Language,
    title: String,
    next: String,
    /// Seconds.
    retry: Option<u32>,
    sign_in: bool,
}

impl Refused {
    /// Any other: what happened, and what to do next.
    pub(crate) fn new(
        status: StatusCode,
        language: Language,
        title: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { status, language, title: title.into(), next: next.into(), retry: None, sign_in: false }
    }

    /// Whoever is not signed in goes to the door.
    pub(crate) fn sign_in(visitor: &Visitor) -> Self {
        let l = visitor.language;
        let title = l.of("You are not signed in", "サインインしていません");
        let next = l.of(
            "Sign in with your passkey and try again.",
            "パスキーでサインインしてから、もう一度お試しください。",
        );
        Self { sign_in: true, ..Self::new(StatusCode::UNAUTHORIZED, l, title, next) }
    }

    /// Not from a page of this session.
    pub(crate) fn foreign(visitor: &Visitor) -> Self {
        let l = visitor.language;
        let title =
            l.of("This did not come from a page of this desk", "このデスクの画面からの操作ではありません");
        let next = l.of(
            "Nothing was done. Open the page here again and repeat it; if another site sent you, tell the people who run the desk.",
            "何も実行していません。このデスクの画面を開き直して操作してください。別のサイトから誘導された場合は、デスクの管理者に知らせてください。",
        );
        Self::new(StatusCode::FORBIDDEN, l, title, next)
    }

    /// Too many tries.
    pub(crate) fn too_often(visitor: &Visitor, seconds: u32) -> Self {
        let l = visitor.language;
        let title = l.of("Too many tries from your network", "同じネットワークからの試行が多すぎます");
        let next = l.of(
            format!("Wait {seconds} seconds and try again."),
            format!("{seconds} 秒待ってから、もう一度お試しください。"),
        );
        Self { retry: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, l, title, next) }
    }

    /// Too long a body.
    pub(crate) fn too_long(visitor: &Visitor) -> Self {
        let l = visitor.language;
        let title = l.of("That was too long", "送信された内容が長すぎます");
        let next = l.of("Shorten it and try again.", "短くして、もう一度お試しください。");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, l, title, next)
    }

    /// Nothing of that name, or nothing that this person may see: the two look the same.
    pub(crate) fn not_found(language: Language) -> Self {
        let title = language.of("There is nothing here", "該当するものがありません");
        let next = language.of("Go back to what needs you.", "「要対応」に戻ってください。");
        Self::new(StatusCode::NOT_FOUND, language, title, next)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        if self.sign_in {
            return (StatusCode::SEE_OTHER, [(LOCATION, "/sign-in")]).into_response();
        }
        let (l, version) = (self.language, asset::version());
        let page = html! {
            (DOCTYPE)
            html lang=(l.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) }
                    link rel="stylesheet" href={ "/asset/" (version) "/desk.css" };
                }
                body { main.refused {
                    h1 { (self.title) }
                    p { (self.next) }
                    p { a.button href="/" { (l.of("What needs you", "要対応へ")) } }
                } }
            }
        };
        let mut response = (self.status, Html(page.into_string())).into_response();
        if let Some(seconds) = self.retry {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
