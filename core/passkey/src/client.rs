//! The browser's part of a ceremony: what was asked, by which page (WebAuthn §5.8.1, `CollectedClientData`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::PasskeyError;

/// The desk, as browsers know it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a name and an address")]
pub struct RelyingParty {
    /// The host's name, without scheme and port: `desk.example.co.jp`.
    pub id: String,
    /// The address of its pages: `https://desk.example.co.jp`.
    pub origin: String,
}

/// What a key was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the specification knows these two")]
pub enum Ceremony {
    /// To be made.
    Create,
    /// To sign.
    Get,
}

impl Ceremony {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// Members that browsers add are let be, as the specification asks (§5.8.1.2).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    r#type: String,
    challenge: String,
    origin: String,
    cross_origin: Option<bool>,
    top_origin: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    r#type: &'a str,
    challenge: String,
    origin: &'a str,
    cross_origin: bool,
}

/// What a browser would send: for keys without a browser.
#[must_use]
pub fn client_data(party: &RelyingParty, ceremony: Ceremony, challenge: &[u8]) -> Vec<u8> {
    let written = Written {
        r#type: ceremony.name(),
        challenge: URL_SAFE_NO_PAD.encode(challenge),
        origin: &party.origin,
        cross_origin: false,
    };
    serde_json::to_vec(&written).unwrap_or_default()
}

/// Whether a browser's part says this ceremony, challenge and page.
pub(crate) fn must_say(
    bytes: &[u8],
    party: &RelyingParty,
    ceremony: Ceremony,
    challenge: &[u8],
) -> Result<(), PasskeyError> {
    let read: Read = serde_json::from_slice(bytes).map_err(|_| PasskeyError::ClientData)?;
    if read.r#type != ceremony.name() {
        return Err(PasskeyError::Ceremony);
    }
    let said = URL_SAFE_NO_PAD.decode(&read.challenge).map_err(|_| PasskeyError::ClientData)?;
    if said != challenge {
        return Err(PasskeyError::Challenge);
    }
    if read.origin != party.origin {
        return Err(PasskeyError::Origin);
    }
    if read.cross_origin == Some(true) || read.top_origin.is_some() {
        return Err(PasskeyError::Framed);
    }
    Ok(())
}
