//! The keys of the issuer (JSON Web Key, RFC 7517), and what they have signed (RFC 7515). Only keys of the public kinds are looked at: a
//! token that is "signed" with nothing, or with what everybody can read, is signed by nobody.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

use super::OidcError;
use super::token::Header;

/// More keys than any issuer has.
const MOST: usize = 64;

/// What signatures are taken (RFC 7518, RFC 8037); nothing else has a name here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Algorithm {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A key, ready for use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// All of an issuer.
#[derive(Debug)]
pub(super) struct Keys(Vec<(Option<String>, Option<Algorithm>, Key)>);

#[derive(Deserialize)]
struct Set {
    keys: Vec<Wire>,
}

#[derive(Deserialize)]
struct Wire {
    kty: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads them; a key of a kind that is not taken is left out.
    pub(super) fn read(text: &str) -> Result<Self, OidcError> {
        let set: Set = serde_json::from_str(text)
            .map_err(|_| OidcError::Provider("its keys cannot be read".to_owned()))?;
        if set.keys.len() > MOST {
            return Err(OidcError::Provider(format!("it has more than {MOST} keys")));
        }
        Ok(Self(set.keys.into_iter().filter_map(read).collect()))
    }

    /// The key that a token names: of its kind, and, when the token names none, the only one.
    pub(super) fn of(&self, header: &Header) -> Option<Key> {
        let fits = |(kid, algorithm, key): &&(Option<String>, Option<Algorithm>, Key)| {
            let is_named = header.kid.is_none() || *kid == header.kid;
            is_named && algorithm.is_none_or(|known| known == header.algorithm) && key.is_of(header.algorithm)
        };
        let mut found = self.0.iter().filter(fits);
        let (_, _, key) = found.next()?;
        found.next().is_none().then(|| key.clone())
    }
}

fn read(wire: Wire) -> Option<(Option<String>, Option<Algorithm>, Key)> {
    if wire.usage.is_some_and(|usage| usage != "sig") {
        return None;
    }
    let algorithm = match &wire.alg {
        Some(name) => Some(Algorithm::of(name)?),
        None => None,
    };
    let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
    let key = match (wire.kty.as_deref()?, wire.crv.as_deref()) {
        ("RSA", _) => Key::Rsa { n: bytes(wire.n)?, e: bytes(wire.e)? },
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes(wire.x)?, bytes(wire.y)?);
            (x.len() == 32 && y.len() == 32).then(|| Key::P256([&[4][..], &x, &y].concat()))?
        }
        ("OKP", Some("Ed25519")) => Key::Ed25519(bytes(wire.x)?),
        _ => return None,
    };
    Some((wire.kid, algorithm, key))
}

impl Key {
    fn is_of(&self, algorithm: Algorithm) -> bool {
        matches!(
            (self, algorithm),
            (Self::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256)
                | (Self::P256(_), Algorithm::Es256)
                | (Self::Ed25519(_), Algorithm::EdDsa)
        )
    }

    /// Whether it has signed this.
    pub(super) fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Rsa { n, e }, Algorithm::Rs256) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            (Self::Rsa { n, e }, Algorithm::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature).is_ok()
            }
            (Self::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            (Self::Ed25519(point), Algorithm::EdDsa) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}
