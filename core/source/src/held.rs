//! What one place holds: a credential or its id, what stands beside it, and how it is written.

use jiff::Timestamp;
use kagimori_id::AccountId;
use serde::Serialize;

pub use crate::pair::Why;
use crate::proof::{Signed, signed, signed_v2, smtp};
use crate::secret::Secret;

/// What kind of credential it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// The seed of a virtual MFA device: whoever has it makes its codes for ever.
    MfaSeed,
    /// A long-term access key.
    AccessKey,
    /// A temporary access key.
    SessionKey,
    /// A bearer token of STS.
    BearerToken,
    /// A secret under a telling name, without an id.
    SecretAlone,
    /// An SMTP password of SES whose key is not told beside it.
    SmtpPassword,
    /// User and password of CodeCommit, Keyspaces and their like.
    ServicePassword,
    /// The id of a service-specific credential.
    ServiceSpecificId,
    /// A long-term API key of Bedrock.
    BedrockKey,
    /// The password of a user for the console.
    ConsolePassword,
    /// The token of somebody signed in at Identity Center.
    SignInToken,
    /// A public key's id: SSH or CloudFront.
    PublicKey,
    /// A URL that carries a right until it expires.
    PresignedUrl,
    /// A signed request in a log: no secret, but a sign of use.
    SignedRequest,
}

impl Kind {
    /// The word for it in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::MfaSeed => "mfa-seed",
            Self::AccessKey => "access-key",
            Self::SessionKey => "session-key",
            Self::BearerToken => "bearer-token",
            Self::SecretAlone => "secret-alone",
            Self::SmtpPassword => "smtp-password",
            Self::ServicePassword => "service-password",
            Self::ServiceSpecificId => "service-specific-id",
            Self::BedrockKey => "bedrock-key",
            Self::ConsolePassword => "console-password",
            Self::SignInToken => "sign-in-token",
            Self::PublicKey => "public-key",
            Self::PresignedUrl => "presigned-url",
            Self::SignedRequest => "signed-request",
        }
    }
}

/// What a value was written in, from outside to inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Written {
    /// UTF-16, little or big endian.
    Utf16,
    /// Base64.
    Base64,
    /// A gzip stream inside of another encoding.
    Gzip,
    /// With escapes: of JSON or a program, percent signs, entities.
    Escapes,
    /// In pieces that the program puts together.
    Pieces,
    /// A token that is a presigned URL in base64 (EKS, Bedrock).
    Token,
    /// The rows of a SQLite database.
    Sqlite,
}

impl Written {
    /// The word for it in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Utf16 => "utf-16",
            Self::Base64 => "base64",
            Self::Gzip => "gzip",
            Self::Escapes => "escapes",
            Self::Pieces => "pieces",
            Self::Token => "token",
            Self::Sqlite => "sqlite",
        }
    }
}

/// What stands beside an id.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Beside {
    /// No secret.
    #[default]
    NotFound,
    /// Its secret.
    Paired {
        /// The secret.
        secret: Secret,
        /// Its line, from 1.
        line: usize,
        /// Why it is said to be this id's.
        why: Why,
    },
    /// One of these may be its secret, and nothing says which: lines, from 1.
    Possible(Vec<(usize, Secret)>),
    /// A secret that somebody encrypted.
    Encrypted(&'static str),
}

/// What a request was signed for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Signing {
    /// The day, `YYYYMMDD`.
    pub date: String,
    /// The Region.
    pub region: String,
    /// The service.
    pub service: String,
}

/// Something that only the holder of the right secret could have made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Claim {
    /// A signature of version 4.
    V4(Signed),
    /// A signature of version 2: what was signed, and the signature.
    V2(String, String),
    /// An SMTP password.
    Smtp(Secret),
}

impl Claim {
    /// Whether this secret made it.
    pub fn is_made_with(&self, secret: &Secret) -> bool {
        match self {
            Self::V4(given) => signed(secret, given),
            Self::V2(text, signature) => signed_v2(secret, text, signature),
            Self::Smtp(password) => smtp(secret, password).is_some(),
        }
    }
}

/// One thing at one place.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Held {
    /// What it is.
    pub kind: Kind,
    /// The key id, or what else names it: `NAME-at-ACCOUNT`, a user, the label of a seed. Empty for a secret alone.
    pub name: String,
    /// The account, where the text tells it in clear.
    pub account: Option<AccountId>,
    /// When it ends, where the text tells it.
    pub expires: Option<Timestamp>,
    /// What it signed.
    pub signing: Option<Signing>,
    /// The secret beside it.
    pub beside: Beside,
    /// What is secret about it, when it is no id: never shown, it makes one thing of many places.
    pub value: Option<Secret>,
    /// What can prove a secret.
    pub claims: Vec<Claim>,
    /// Where it begins, in bytes of what was scanned.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in bytes, from 1.
    pub column: usize,
    /// How many bytes it has there.
    pub length: usize,
    /// What it is written in, from outside to inside.
    pub written: Vec<Written>,
    /// A comment in its line that asks scanners to be silent: told, not obeyed.
    pub silenced: bool,
}

/// Files that hold secrets sealed: counted, never "clean".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sealed {
    /// `ENC[AES256_GCM…`.
    Sops,
    /// `$ANSIBLE_VAULT`.
    AnsibleVault,
    /// git-crypt's header.
    GitCrypt,
    /// age.
    Age,
    /// A message of OpenPGP.
    Pgp,
    /// `openssl enc` with a password.
    Openssl,
    /// A database of KeePass.
    KeePass,
}

/// What one text holds.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Holding {
    /// What was found, in the order of the text.
    pub held: Vec<Held>,
    /// Ids that AWS's documentation prints.
    pub examples: usize,
    /// What it is sealed with.
    pub sealed: Option<Sealed>,
    /// Parts that were not looked into: too deep, too large.
    pub unread: Vec<&'static str>,
}
