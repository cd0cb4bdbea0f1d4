//! Making a passkey for this desk. It changes nothing here: the page shows what goes into the policy, and a quorum decides whose it is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kagimori_custody::KeyName;
use kagimori_passkey::register;
use maud::html;
use serde::Deserialize;

use crate::desk::Desk;
use crate::page::said;
use crate::page::shell::{Frame, Place};
use crate::page::sign_in::door_of;
use crate::proof::ProofError;
use crate::web::challenge::Asked;
use crate::web::cookie;
use crate::web::form::AtTheDoor;
use crate::web::visitor::Visitor;
use crate::{random, recipient};

const PURPOSE: &str = "enrol";

/// What the script brings of a new key.
#[derive(Deserialize)]
struct Made {
    client_data: String,
    authenticator_data: String,
    /// The public half of what opens shares (X25519); a passkey without `prf` has none.
    recipient: Option<String>,
}

pub(crate) async fn page(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    let l = visitor.language;
    let title = l.of("Make a passkey for this desk", "このデスク用のパスキーを作る");
    let body = html! {
        div.sheet.door {
            h1 { (title) }
            p { (l.of("Your device makes a key that never leaves it. This page then shows its public half, which goes into the policy: a quorum decides.", "端末の中に鍵が作られ、外に出ることはありません。公開鍵がこの画面に表示されるので、規則への登録を依頼してください（定足数の承認が必要です）。")) }
            form method="post" action="/enrol" data-ask="/enrol/ask" data-make="" {
                input type="hidden" name="signed"; input type="hidden" name="challenge";
                label for="name" { (l.of("A name for the key", "鍵の名前")) small { (l.of("small letters, digits and -, such as aoi-laptop", "英小文字・数字・ハイフン（例: aoi-laptop）")) } }
                input id="name" name="name" required pattern="[a-z0-9][a-z0-9._\\-]{0,63}" autocomplete="off";
                div.acts { button { (l.of("Make it", "作成する")) } }
                p.bad hidden tabindex="-1" data-trouble=(l.of("No passkey was made.", "パスキーを作成できませんでした。")) {}
            }
        }
    };
    let signed = visitor.clone().signed();
    let frame = Frame { desk: &desk, language: l, signed: signed.as_ref(), place: Place::Aside, title };
    frame.around(&body).into_response()
}

pub(crate) async fn ask(State(desk): State<Arc<Desk>>, door: AtTheDoor) -> Response {
    let (Ok(token), Ok(challenge), Ok(user)) =
        (random::token(), random::bytes::<32>(), random::bytes::<16>())
    else {
        return said::problem(door.visitor.language, StatusCode::INTERNAL_SERVER_ERROR, "?");
    };
    let asked = Asked { of: door_of(&token), purpose: PURPOSE.to_owned(), is_at_the_door: true };
    desk.challenges.put(&challenge, asked, desk.clock.now());
    let body = serde_json::json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge), "rp": desk.party.id, "user": URL_SAFE_NO_PAD.encode(user),
        "name": door.fields.get("name"), "desk": desk.settings.company,
    });
    (AppendHeaders([(SET_COOKIE, cookie::set(cookie::DOOR, &token, 180))]), Json(body)).into_response()
}

pub(crate) async fn made(State(desk): State<Arc<Desk>>, door: AtTheDoor) -> Response {
    let l = door.visitor.language;
    let text = match snippet(&desk, &door) {
        Ok(text) => text,
        Err(error) => return said::refused(l, &error.into()).into_response(),
    };
    let title = l.of("Your passkey", "作成したパスキー");
    let body = html! {
        h1 { (title) }
        p.lead { (l.of("Give these lines to whoever proposes the policy, by a way on which they know that it is you.", "次の内容を、本人からだと確認できる方法で、規則を提案する人に渡してください。")) }
        pre id="lines" { (text) }
        p { button.plain data-copy-lines="#lines" data-done=(l.of("Copied", "コピーしました")) { (l.of("Copy", "コピー")) } }
    };
    let signed = door.visitor.clone().signed();
    let frame = Frame { desk: &desk, language: l, signed: signed.as_ref(), place: Place::Aside, title };
    frame.around(&body).into_response()
}

/// What goes into the policy.
fn snippet(desk: &Desk, door: &AtTheDoor) -> Result<String, ProofError> {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| ProofError::Form);
    let name = KeyName::parse(door.fields.get("name")).map_err(|_| ProofError::Form)?;
    let challenge = bytes(door.fields.get("challenge"))?;
    let token = cookie::read(&door.headers, cookie::DOOR).ok_or(ProofError::Stale)?;
    let asked = Asked { of: door_of(token), purpose: PURPOSE.to_owned(), is_at_the_door: true };
    if !desk.challenges.take(&challenge, &asked, desk.clock.now()) {
        return Err(ProofError::Stale);
    }
    let made: Made = serde_json::from_str(door.fields.get("signed")).map_err(|_| ProofError::Form)?;
    let found =
        register(&desk.party, &challenge, &bytes(&made.client_data)?, &bytes(&made.authenticator_data)?)?;
    let (public, credential) =
        (URL_SAFE_NO_PAD.encode(found.key.to_cose()), URL_SAFE_NO_PAD.encode(found.credential));
    let mut text = format!(
        "keys = [{{ name = \"{name}\", kind = \"webauthn\", public = \"{public}\", credential = \"{credential}\" }}]\n"
    );
    match made.recipient.map(|key| bytes(&key)).transpose()? {
        Some(key) => {
            let key: [u8; 32] = key.try_into().map_err(|_| ProofError::Form)?;
            text.push_str(&format!("recipient = \"{}\"\n", recipient::text(&key)));
        }
        None => text.push_str("# this passkey has no secret of its own (prf): it cannot hold a share, and so not approve codes of tiers T1 and T2\n"),
    }
    Ok(text)
}
