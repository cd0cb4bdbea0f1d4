//! The two files beside the pages: their style, and what a page cannot do without a script (passkeys, time, news).

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use kagimori_id::hex;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("../../asset/desk.css");
const SCRIPT: &str = include_str!("../../asset/desk.js");
const ICON: &str = include_str!("../../asset/icon.svg");

/// What a page names a file with, so that a new one is fetched after an upgrade.
pub(crate) fn version() -> String {
    let both = Sha256::new().chain_update(STYLE).chain_update(SCRIPT).finalize();
    hex(both.get(..6).unwrap_or_default())
}

pub(crate) async fn style() -> Response {
    file("text/css; charset=utf-8", STYLE)
}

pub(crate) async fn script() -> Response {
    file("text/javascript; charset=utf-8", SCRIPT)
}

pub(crate) async fn icon() -> Response {
    file("image/svg+xml", ICON)
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, text).into_response()
}
