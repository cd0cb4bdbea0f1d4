//! The red bar of `dev`: being somebody else, and signing with the key that this machine holds for them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kagimori_custody::PersonId;

use crate::desk::Desk;
use crate::page::refusal::Refused;
use crate::page::{said, sign_in};
use crate::web::form::{AtTheDoor, Posted};
use crate::web::session::By;

/// Becomes one of the cast.
pub(crate) async fn become_somebody(State(desk): State<Arc<Desk>>, door: AtTheDoor) -> Response {
    let l = door.visitor.language;
    let person = PersonId::parse(door.fields.get("person")).ok();
    let known = person.filter(|person| desk.dev.as_ref().is_some_and(|dev| dev.keys.contains_key(person)));
    let Some(person) = known else { return Refused::not_found(l).into_response() };
    if let Some(session) = &door.visitor.session {
        desk.sessions.end(&session.id);
    }
    sign_in::begin(&desk, &person, By::Passkey, l)
}

/// Signs a challenge as the software passkey of whoever is signed in.
pub(crate) async fn sign(State(desk): State<Arc<Desk>>, posted: Posted) -> Response {
    let l = posted.signed.visitor.language;
    let found = desk.dev.as_ref().and_then(|dev| dev.keys.get(&posted.signed.person));
    let challenge = URL_SAFE_NO_PAD.decode(posted.fields.get("challenge")).ok();
    let Some(((credential, key), challenge)) = found.zip(challenge) else {
        return said::problem(l, StatusCode::NOT_FOUND, "?");
    };
    let secret = desk.dev.as_ref().and_then(|dev| dev.shares.get(&posted.signed.person));
    let it = key.sign(&desk.party, &challenge);
    Json(serde_json::json!({
        "credential": credential,
        "client_data": URL_SAFE_NO_PAD.encode(it.client_data),
        "authenticator_data": URL_SAFE_NO_PAD.encode(it.authenticator_data),
        "signature": URL_SAFE_NO_PAD.encode(it.signature),
        // What a passkey's own secret (WebAuthn `prf`) would be.
        "secret": secret.map(|secret| URL_SAFE_NO_PAD.encode(secret.as_slice())),
    }))
    .into_response()
}
