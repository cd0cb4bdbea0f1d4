//! Why a signature or a new key is not taken.

/// Why it is not taken. The texts name what differs and never the key or the challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum PasskeyError {
    /// The browser's part is no JSON of a ceremony.
    #[error("what the browser sent is not the client data of a passkey")]
    ClientData,
    /// A registration where an assertion was asked for, or the other way round.
    #[error("the passkey answered another kind of question than it was asked")]
    Ceremony,
    /// Not the challenge that was given.
    #[error("the passkey signed something else than it was asked to sign")]
    Challenge,
    /// Another page.
    #[error("the passkey was used on another page than this desk's")]
    Origin,
    /// A page inside another page.
    #[error("the passkey was used in a page inside another page")]
    Framed,
    /// The device's part has another shape.
    #[error("what the passkey sent is not authenticator data")]
    AuthenticatorData,
    /// A key of another desk.
    #[error("the passkey is one of another desk")]
    RelyingParty,
    /// No touch.
    #[error("nobody touched the passkey")]
    NotPresent,
    /// No PIN, finger or face.
    #[error("the passkey did not verify who used it")]
    NotVerified,
    /// A kind of key that is not known here.
    #[error("the passkey is of a kind that this desk does not know: it takes ES256 and Ed25519")]
    Algorithm,
    /// A text that is no key.
    #[error("it is not a passkey's public key, which reads `es256:…` or `ed25519:…`")]
    KeyText,
    /// Bytes that are no packed assertion.
    #[error("it is not the packed signature of a passkey")]
    Packed,
    /// The signature is not one of this key.
    #[error("the signature is not one of this passkey")]
    Signature,
    /// The counter did not grow: perhaps a copy of the key.
    #[error("the passkey's counter did not grow: there may be a copy of it")]
    Counter,
}

impl PasskeyError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Challenge => "load the page again, read what it shows, and sign that",
            Self::Origin | Self::Framed | Self::RelyingParty => {
                "open the desk by its own address, the one of `desk.toml`, and try again"
            }
            Self::NotPresent | Self::NotVerified => {
                "use a passkey that asks for a PIN, a finger or a face, and try again"
            }
            Self::Algorithm => "enrol another passkey",
            Self::Counter => {
                "tell the people who run the desk, and use another passkey until it is known why"
            }
            Self::KeyText => "copy the whole key, as the desk showed it when it was enrolled",
            Self::ClientData | Self::Ceremony | Self::AuthenticatorData | Self::Packed | Self::Signature => {
                "load the page again and try again with the passkey that is enrolled"
            }
        }
    }
}
