//! Whoever asks: from where, in which language, and as whom.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use kagimori_custody::PersonId;

use crate::desk::Desk;
use crate::language::Language;
use crate::page::refusal::Refused;
use crate::web::connections::Peer;
use crate::web::session::{self, Session};
use crate::web::{address, cookie};

/// Whoever asks, signed in or not.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// From where.
    pub(crate) address: IpAddr,
    /// The language of the answer.
    pub(crate) language: Language,
    /// The session; it is one of a person whom the policy names now.
    pub(crate) session: Option<Session>,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// Who.
    pub(crate) person: PersonId,
    /// The session.
    pub(crate) session: Session,
    /// From where, and in which language.
    pub(crate) visitor: Visitor,
}

impl Visitor {
    /// Reads what a request tells.
    pub(crate) fn of(parts: &Parts, desk: &Desk) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| info.0.0);
        // Whoever cannot be placed is in no network.
        let peer = peer.unwrap_or(SocketAddr::new(IpAddr::from([0, 0, 0, 0]), 0));
        let address = address::of(peer, &parts.headers, &desk.settings.trusted_proxies);
        let language = language_of(&parts.headers);
        let token = cookie::read(&parts.headers, session::COOKIE);
        let session =
            token.and_then(|token| desk.sessions.of_token(token, is_by_hand(parts), desk.clock.now()));
        // A person who left the policy is nobody any more, however fresh the session.
        let session = session.filter(|session| desk.is_known(&session.person));
        Self { address, language, session }
    }

    /// As somebody who is signed in.
    pub(crate) fn signed(self) -> Option<Signed> {
        let session = self.session.clone()?;
        let person = PersonId::parse(&session.person).ok()?;
        Some(Signed { person, session, visitor: self })
    }
}

/// The language that was chosen, or else the one that the browser wants.
pub(crate) fn language_of(headers: &HeaderMap) -> Language {
    let chosen = cookie::read(headers, cookie::LANGUAGE).and_then(Language::of_code);
    let wanted = || headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    chosen.unwrap_or_else(|| Language::wanted(wanted().unwrap_or_default()))
}

/// Whether somebody did something: a page that loads itself again, or listens to news, keeps nobody signed in (Fetch Metadata,
/// `Sec-Fetch-User`). What tells nothing of it is no page of a browser.
fn is_by_hand(parts: &Parts) -> bool {
    let has = |name: &str| parts.headers.contains_key(name);
    parts.method != Method::GET || has("sec-fetch-user") || !has("sec-fetch-mode")
}

impl FromRequestParts<Arc<Desk>> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        desk: &Arc<Desk>,
    ) -> Result<Self, std::convert::Infallible> {
        Ok(Self::of(parts, desk))
    }
}

impl FromRequestParts<Arc<Desk>> for Signed {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Refused> {
        let visitor = Visitor::of(parts, desk);
        visitor.clone().signed().ok_or(Refused::sign_in(&visitor))
    }
}
