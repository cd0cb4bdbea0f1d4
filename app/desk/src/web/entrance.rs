//! By which door somebody came, and what is done only there.
//!
//! With an operators' listener everything that operators do is refused elsewhere. And an identity provider's word alone opens no console and
//! no code to whoever has a passkey at this desk: whoever rules the provider would otherwise be requester and operator at once.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kagimori_custody::PersonId;
use rustls::pki_types::CertificateDer;

use crate::desk::Desk;
use crate::operators::Client;
use crate::page::refusal::Refused;
use crate::web::connections::Peer;
use crate::web::session::By;
use crate::web::visitor::Visitor;

/// The certificate of whoever came by the operators' listener.
#[derive(Clone, Debug)]
pub(crate) struct ByCertificate(pub(crate) Arc<CertificateDer<'static>>);

/// What a path is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Matter {
    /// What operators do and see.
    Operator,
    /// PIN and code of the requester.
    Code,
    Other,
}

/// Marks what comes by the operators' listener, whose peer is told in its own way.
pub(crate) async fn mark(mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions_mut().remove::<ConnectInfo<Client>>() {
        request.extensions_mut().insert(ConnectInfo(Peer(peer.address)));
        request.extensions_mut().insert(ByCertificate(peer.certificate));
    }
    next.run(request).await
}

/// Refuses what belongs to another door.
pub(crate) async fn guard(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let matter = matter(request.uri().path());
    if matter == Matter::Other {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let visitor = Visitor::of(&parts, &desk);
    let certificate = parts.extensions.get::<ByCertificate>();
    match refusal(&desk, &visitor, certificate, matter) {
        Some(refused) => refused.into_response(),
        None => next.run(Request::from_parts(parts, body)).await,
    }
}

fn refusal(
    desk: &Desk,
    visitor: &Visitor,
    certificate: Option<&ByCertificate>,
    matter: Matter,
) -> Option<Refused> {
    let person = visitor.session.as_ref().map(|session| session.person.as_str());
    if let (Matter::Operator, Some(listener)) = (matter, &desk.settings.operator_listener) {
        match (certificate, person) {
            (None, _) => return Some(elsewhere(visitor)),
            (Some(ByCertificate(certificate)), Some(person)) if !listener.is_of(certificate, person) => {
                return Some(not_theirs(visitor));
            }
            _ => {}
        }
    }
    let session = visitor.session.as_ref()?;
    let has_passkey = || {
        let book = desk.book();
        let person = PersonId::parse(&session.person).ok();
        let person = person.and_then(|id| book.state.policy()?.person(&id).cloned());
        person.is_some_and(|person| !person.keys.is_empty())
    };
    let wants_passkey = session.by == By::Provider && (matter == Matter::Operator || has_passkey());
    wants_passkey.then(|| by_passkey(visitor))
}

/// What a path is about, read as the routes read it: each part is decoded once.
fn matter(path: &str) -> Matter {
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
    let words: Vec<&str> = parts.iter().map(String::as_str).collect();
    let words = words.strip_prefix(&["v1"]).unwrap_or(&words);
    match words {
        ["operator", ..]
        | ["requests", _, "operator-code" | "claim" | "pin" | "release"]
        | ["requests", _, "ask", "claim" | "release"] => Matter::Operator,
        ["requests", _, "code" | "requester-code" | "ready"] => Matter::Code,
        _ => Matter::Other,
    }
}

fn decoded(part: &str) -> String {
    // A plus is a plus in a path.
    let pair = format!("={}", part.replace('+', "%2B"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn elsewhere(visitor: &Visitor) -> Refused {
    let l = visitor.language;
    let title = l.of("Operators have a door of their own", "オペレーターの操作は専用の入口で行います");
    let next = l.of(
        "Nothing was done. Open the desk from the operators' network, with your certificate.",
        "何も実行していません。オペレーター用のネットワークから、証明書を使ってデスクを開いてください。",
    );
    Refused::new(StatusCode::FORBIDDEN, l, title, next)
}

fn not_theirs(visitor: &Visitor) -> Refused {
    let l = visitor.language;
    let title = l.of("That certificate is not yours", "この証明書はあなたのものではありません");
    let next = l.of(
        "Nothing was done. Use the certificate that the desk's settings name for you.",
        "何も実行していません。デスクの設定であなたに割り当てられた証明書を使ってください。",
    );
    Refused::new(StatusCode::FORBIDDEN, l, title, next)
}

fn by_passkey(visitor: &Visitor) -> Refused {
    let l = visitor.language;
    let title = l.of("This needs your passkey", "この操作にはパスキーが必要です");
    let next = l.of(
        "You signed in at the identity provider, which is not enough here. Sign out, and sign in with your passkey.",
        "ID プロバイダーでのサインインだけでは実行できません。いったんサインアウトし、パスキーでサインインしてください。",
    );
    Refused::new(StatusCode::FORBIDDEN, l, title, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_operators_do_is_known_however_it_is_written() {
        for (path, expected) in [
            ("/operator", Matter::Operator),
            ("/operator/r1/release", Matter::Operator),
            ("/requests/r1/claim", Matter::Operator),
            ("/requests/r1/cl%61im", Matter::Operator),
            ("/requests/r1/ask/%63laim", Matter::Operator),
            ("/requests/r1/operator-code", Matter::Operator),
            ("/v1/requests/r1/release", Matter::Operator),
            ("/requests/r1/code", Matter::Code),
            ("/requests/r1/requester-code", Matter::Code),
            ("/requests/r1", Matter::Other),
            ("/requests/claim", Matter::Other),
            ("/requests/r1/approve", Matter::Other),
            ("/", Matter::Other),
        ] {
            assert_eq!(matter(path), expected, "{path}");
        }
    }
}
