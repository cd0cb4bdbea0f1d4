//! A form of one of this desk's own pages: nothing is changed by anything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;

use crate::desk::Desk;
use crate::page::refusal::Refused;
use crate::web::limit::Kind;
use crate::web::visitor::{Signed, Visitor};

/// The longest body of a form or a call.
pub(crate) const BODY_MOST: usize = 64 * 1024;

/// The fields of a form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Reads a form; of a field that comes twice the first counts.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            fields.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        Self(fields)
    }

    /// A field without the spaces around it; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }
}

/// A form that somebody who is signed in has sent from a page of this session.
#[derive(Debug)]
pub(crate) struct Posted {
    /// Who.
    pub(crate) signed: Signed,
    /// What.
    pub(crate) fields: Fields,
}

/// A form of somebody who is not signed in, from a page of this desk.
#[derive(Debug)]
pub(crate) struct AtTheDoor {
    /// Who.
    pub(crate) visitor: Visitor,
    /// What the browser sent with it.
    pub(crate) headers: HeaderMap,
    /// What.
    pub(crate) fields: Fields,
}

impl FromRequest<Arc<Desk>> for Posted {
    type Rejection = Refused;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Refused> {
        let (visitor, headers, body) = own(request, desk, Kind::Change).await?;
        let signed = visitor.clone().signed().ok_or(Refused::sign_in(&visitor))?;
        let fields = Fields::read(&body);
        let sent = headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
        if !signed.session.is_own_form(sent.unwrap_or(fields.get("csrf"))) {
            return Err(Refused::foreign(&visitor));
        }
        Ok(Self { signed, fields })
    }
}

impl FromRequest<Arc<Desk>> for AtTheDoor {
    type Rejection = Refused;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Refused> {
        let (visitor, headers, body) = own(request, desk, Kind::SignIn).await?;
        Ok(Self { visitor, headers, fields: Fields::read(&body) })
    }
}

/// A request of a page of this desk, and not too many of them.
async fn own(request: Request, desk: &Desk, kind: Kind) -> Result<(Visitor, HeaderMap, Bytes), Refused> {
    let (parts, body) = request.into_parts();
    let visitor = Visitor::of(&parts, desk);
    if !is_own_page(&parts.headers, &desk.party.origin) {
        return Err(Refused::foreign(&visitor));
    }
    desk.limits
        .try_once(kind, visitor.address, desk.clock.now())
        .map_err(|seconds| Refused::too_often(&visitor, seconds))?;
    let body = to_bytes(body, BODY_MOST).await.map_err(|_| Refused::too_long(&visitor))?;
    Ok((visitor, parts.headers, body))
}

/// Whether the browser says that a page of this desk sent it. What says nothing is no page of ours.
pub(crate) fn is_own_page(headers: &HeaderMap, own: &str) -> bool {
    let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = said("sec-fetch-site");
    let origin = said(ORIGIN.as_str());
    let is_wrong =
        site.is_some_and(|site| site != "same-origin") || origin.is_some_and(|origin| origin != own);
    !is_wrong && (site.is_some() || origin.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_send_forms() {
        let own = "https://desk.example";
        for (site, origin, expected) in [
            (Some("same-origin"), Some(own), true),
            (Some("same-origin"), None, true),
            (None, Some(own), true),
            (None, None, false),
            (Some("same-site"), Some(own), false),
            (Some("cross-site"), Some(own), false),
            (Some("none"), None, false),
            (Some("same-origin"), Some("https://desk.example.evil"), false),
            (Some("same-origin"), Some("null"), false),
            (None, Some("http://desk.example"), false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(is_own_page(&headers, own), expected, "{site:?} {origin:?}");
        }
    }

    #[test]
    fn fields_are_read_once() {
        let fields = Fields::read("a=1&a=2&b=%E6%BD%AE+x&c=%ff".as_bytes());
        assert_eq!((fields.get("a"), fields.get("b"), fields.get("none")), ("1", "潮 x", ""));
    }
}
