//! Who called: `userIdentity`, and the principal of IAM behind it.

use std::borrow::Cow;
use std::fmt;

use kagimori_id::{AccountId, Arn};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::record::{Text, text};

/// `userIdentity` of an event. Empty text is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// `type`: `IAMUser`, `AssumedRole`, `Root`, `AWSService` … Absent in events of services.
    pub kind: Option<Cow<'a, str>>,
    /// `principalId`.
    pub principal_id: Option<Cow<'a, str>>,
    /// `arn`.
    pub arn: Option<Cow<'a, str>>,
    /// `accountId`.
    pub account: Option<Cow<'a, str>>,
    /// `accessKeyId`.
    pub access_key: Option<Cow<'a, str>>,
    /// `userName`.
    pub user_name: Option<Cow<'a, str>>,
    /// `invokedBy`: the service that made the call on the caller's behalf, or for itself.
    pub invoked_by: Option<Cow<'a, str>>,
    /// `identityProvider`.
    pub provider: Option<Cow<'a, str>>,
    /// `sessionContext.sessionIssuer.arn`: the role (with path), user or root the session was made from.
    pub issuer: Option<Cow<'a, str>>,
    /// `sessionContext.attributes.mfaAuthenticated`; absent for long-term keys.
    pub mfa: Option<bool>,
    /// `sessionContext.assumedRoot`: a session of centralised root access (`sts:AssumeRoot`), which an administrator of the
    /// organization made; nobody signed in as root (*Centrally manage root access for member accounts*).
    pub assumed_root: bool,
    /// `sessionContext.sourceIdentity`: who is behind the session, set when it was made and kept by all that follow from it
    /// (IAM User Guide, *Monitor and control actions taken with assumed roles*).
    pub source_identity: Option<Cow<'a, str>>,
    /// `onBehalfOf.userId`: the user of IAM Identity Center for whom the call was made (*CloudTrail userIdentity element*).
    pub on_behalf_of: Option<Cow<'a, str>>,
    /// `invokedByDelegate.accountId`: the account of the product provider that called by temporary delegation (IAM User Guide,
    /// *Temporary delegation*).
    pub delegate: Option<Cow<'a, str>>,
    /// Fields of another type than they should be.
    pub odd_types: u32,
}

/// Who is behind a call, as IAM knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "every identity ends in one of these")]
pub enum Principal {
    /// An IAM user, by ARN.
    User(Arn),
    /// A role, by ARN. The ARN of a session (`assumed-role/NAME/SESSION`) does not tell the role's path; when nothing
    /// else does, this is the session's ARN up to the role's name, `arn:aws:sts::ACCOUNT:assumed-role/NAME`.
    Role(Arn),
    /// The root user of an account.
    Root(AccountId, Arn),
    /// A session of centralised root access to an account: not its root user.
    AssumedRoot(AccountId),
    /// A user of IAM of whom only account and name are told (sign-ins).
    UserName(AccountId, String),
    /// A user or role of IAM of whom only account and unique id are told (`AIDA…`, `AROA…`; *IAM identifiers*, "Unique
    /// identifiers"): so the account that was called gets an `AssumeRole` of another's user or role (*Logging IAM and AWS
    /// STS API calls with AWS CloudTrail*, the cross-account example).
    UniqueId(AccountId, String),
    /// An AWS service, for itself.
    Service(String),
    /// Nobody of IAM: a caller of another account, a SAML or web identity, or not told.
    Other,
}

impl Principal {
    /// As one text, as in [`Identity::principal_text`]; `None` of nobody of IAM.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::User(arn) | Self::Role(arn) | Self::Root(_, arn) => Some(arn.as_str().to_owned()),
            Self::UserName(account, name) => Some(format!("{account}:user/{name}")),
            Self::UniqueId(account, id) => Some(format!("{account}:{id}")),
            Self::AssumedRoot(account) => Some(format!("{account}{ASSUMED_ROOT}")),
            Self::Service(name) => Some(format!("service:{name}")),
            Self::Other => None,
        }
    }
}

impl Principal {
    /// The principal whose [`Identity::principal_text`] this is; `kind` is the `type` of its `userIdentity`.
    pub fn from_text(text: &str, kind: Option<&str>) -> Self {
        if let Some(service) = text.strip_prefix("service:") {
            return Self::Service(service.to_owned());
        }
        if let Ok(arn) = Arn::parse(text) {
            return Identity::default().by_arn(arn);
        }
        let Some((account, name)) = text.split_once(':') else { return Self::Other };
        let Ok(account) = AccountId::parse(account) else { return Self::Other };
        match name.strip_prefix("user/") {
            _ if text.ends_with(ASSUMED_ROOT) => Self::AssumedRoot(account),
            Some(name) if kind == Some("IAMUser") => Self::UserName(account, name.to_owned()),
            _ if name.starts_with("AIDA") || name.starts_with("AROA") => {
                Self::UniqueId(account, name.to_owned())
            }
            _ => Self::Other,
        }
    }
}

impl<'a> Identity<'a> {
    /// Reads `userIdentity`; anything but an object is an identity that tells nothing, and one odd type.
    pub fn parse(json: &'a str) -> Self {
        serde_json::from_str(json).unwrap_or_else(|_| Self { odd_types: 1, ..Self::default() })
    }

    /// The same with its own text.
    pub fn into_owned(self) -> Identity<'static> {
        self.with_texts(|text| Cow::Owned(text.into_owned()))
    }

    /// The same with each text as `change` gives it back.
    pub fn with_texts<'b>(self, mut change: impl FnMut(Cow<'a, str>) -> Cow<'b, str>) -> Identity<'b> {
        let mut text = |text: Option<Cow<'a, str>>| text.map(&mut change);
        Identity {
            kind: text(self.kind),
            principal_id: text(self.principal_id),
            arn: text(self.arn),
            account: text(self.account),
            access_key: text(self.access_key),
            user_name: text(self.user_name),
            invoked_by: text(self.invoked_by),
            provider: text(self.provider),
            issuer: text(self.issuer),
            mfa: self.mfa,
            assumed_root: self.assumed_root,
            source_identity: text(self.source_identity),
            on_behalf_of: text(self.on_behalf_of),
            delegate: text(self.delegate),
            odd_types: self.odd_types,
        }
    }

    /// The account of the caller.
    pub fn account_id(&self) -> Option<AccountId> {
        AccountId::parse(self.account.as_deref()?).ok()
    }

    /// Whether AWS made the call, on the caller's behalf or for itself. The console is no service: what it calls, the
    /// person does who signed in to it.
    pub fn invoked_by_aws(&self) -> bool {
        self.invoked_by.is_some() && !self.through_console() || self.kind.as_deref() == Some("AWSService")
    }

    /// Whether the caller's own console made the call (`invokedBy` is `signin.amazonaws.com`).
    pub fn through_console(&self) -> bool {
        self.invoked_by.as_deref().is_some_and(is_console)
    }

    /// Account and id (else name) of a person of IAM Identity Center who signs in: no role of IAM has a part in that.
    pub fn person(&self) -> Option<(AccountId, &str)> {
        let is_person = matches!(self.kind.as_deref(), Some("Unknown" | "IdentityCenterUser"));
        let name = self.on_behalf_of.as_deref().or(self.user_name.as_deref()).filter(|_| is_person)?;
        Some((self.account_id()?, name))
    }

    /// Whether it is the session of an instance. Instance profiles name a session by the instance:
    /// `assumed-role/NAME/i-0123456789abcdef0`.
    pub fn is_instance_session(&self) -> bool {
        let session =
            self.arn.as_deref().and_then(|arn| arn.rsplit_once('/')).map_or("", |(_, session)| session);
        self.kind.as_deref() == Some("AssumedRole")
            && session
                .strip_prefix("i-")
                .is_some_and(|id| id.len() >= 8 && id.bytes().all(|b| b.is_ascii_hexdigit()))
    }

    /// Who is behind the call.
    pub fn principal(&self) -> Principal {
        let arn = self.issuer.as_deref().or(self.arn.as_deref());
        if let Some(arn) = arn.and_then(|arn| Arn::parse(arn).ok()) {
            return self.by_arn(arn);
        }
        match (self.kind.as_deref(), self.account_id(), &self.user_name, &self.invoked_by) {
            (Some("Root"), Some(account), ..) if self.assumed_root => Principal::AssumedRoot(account),
            (Some("IAMUser"), Some(account), Some(name), _) => Principal::UserName(account, name.to_string()),
            (Some("AWSService") | None, _, _, Some(service)) => Principal::Service(service.to_string()),
            (_, Some(account), ..) => {
                self.unique_id().map_or(Principal::Other, |id| Principal::UniqueId(account, id.to_owned()))
            }
            _ => Principal::Other,
        }
    }

    /// The unique id of a user or role; a session's name behind it (`AROA…:NAME`) is left out.
    pub fn unique_id(&self) -> Option<&str> {
        let id = self.principal_id.as_deref()?.split(':').next()?;
        (id.starts_with("AIDA") || id.starts_with("AROA")).then_some(id)
    }

    /// Who is behind the call, as one text: the ARN of a user, role or root (of a role that only a session's ARN tells,
    /// see [`Principal::Role`]); `ACCOUNT:user/NAME` for a sign-in that tells no ARN; `ACCOUNT:AIDA…` where only the unique
    /// id is told; `service:NAME`; for callers that IAM does not know their ARN, `ACCOUNT:principalId` or `provider:NAME`; `anonymous`
    /// for requests that nobody signed.
    pub fn principal_text(&self) -> Option<String> {
        if let Some(text) = self.principal().text() {
            return Some(text);
        }
        if let Some(arn) = &self.arn {
            return Some(arn.to_string());
        }
        if self.principal_id.as_deref() == Some(ANONYMOUS) {
            return Some("anonymous".to_owned());
        }
        let (owner, name) = match (&self.account, &self.principal_id) {
            (Some(account), Some(id)) => (account, id),
            _ => (self.provider.as_ref()?, self.user_name.as_ref()?),
        };
        Some(format!("{owner}:{name}"))
    }

    fn by_arn(&self, arn: Arn) -> Principal {
        let account = arn.account().or_else(|| self.account_id());
        match (arn.service(), arn.resource().split('/').next(), account) {
            ("iam", Some("user"), _) => Principal::User(arn),
            ("iam", Some("role"), _) => Principal::Role(arn),
            ("iam", Some("root"), Some(account)) if self.assumed_root => Principal::AssumedRoot(account),
            ("iam", Some("root"), Some(account)) => Principal::Root(account, arn),
            ("sts", Some("assumed-role"), _) => {
                role_of_session(&arn).map_or(Principal::Other, Principal::Role)
            }
            _ => Principal::Other,
        }
    }
}

/// In place of an account, and of its principal, where nobody signed the request (*CloudTrail userIdentity element*, `accountId`).
const ANONYMOUS: &str = "ANONYMOUS_PRINCIPAL";

fn is_anonymous(text: &str) -> bool {
    text == ANONYMOUS || text.eq_ignore_ascii_case("anonymous")
}

/// Behind the account in the text of [`Principal::AssumedRoot`].
pub const ASSUMED_ROOT: &str = ":assumed-root";

/// Whether a service is the console, which calls for the person who signed in to it.
pub fn is_console(service: &str) -> bool {
    let service = service.trim_end_matches(".cn");
    service == "signin.amazonaws.com"
        || service == "console.amazonaws.com"
        || service.ends_with(".console.amazonaws.com")
}

/// `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` without the session.
fn role_of_session(arn: &Arn) -> Option<Arn> {
    let mut slashes = arn.as_str().match_indices('/').map(|(at, _)| at);
    let end = slashes.nth(1).unwrap_or(arn.as_str().len());
    Arn::parse(arn.as_str().get(..end)?).ok()
}

impl<'de> Deserialize<'de> for Identity<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(IdentityVisitor)
    }
}

struct IdentityVisitor;

impl<'de> Visitor<'de> for IdentityVisitor {
    type Value = Identity<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a userIdentity object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut identity = Identity::default();
        let mut odd = 0;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match key.value.as_deref().unwrap_or_default() {
                "type" => identity.kind = text(&mut map, &mut odd)?,
                "principalId" => identity.principal_id = text(&mut map, &mut odd)?,
                "arn" => identity.arn = text(&mut map, &mut odd)?,
                "accountId" => identity.account = text(&mut map, &mut odd)?,
                "accessKeyId" => identity.access_key = text(&mut map, &mut odd)?,
                "userName" => identity.user_name = text(&mut map, &mut odd)?,
                "invokedBy" => identity.invoked_by = text(&mut map, &mut odd)?,
                "identityProvider" => identity.provider = text(&mut map, &mut odd)?,
                "sessionContext" => {
                    let session = map.next_value::<Nested<'de>>()?;
                    odd += session.odd_types;
                    (identity.issuer, identity.mfa) = (session.issuer, session.mfa);
                    identity.assumed_root = session.assumed_root;
                    identity.source_identity = session.source_identity;
                }
                "onBehalfOf" => {
                    let person = map.next_value::<Nested<'de>>()?;
                    odd += person.odd_types;
                    identity.on_behalf_of = person.user_id;
                }
                "invokedByDelegate" => {
                    let delegate = map.next_value::<Nested<'de>>()?;
                    odd += delegate.odd_types;
                    identity.delegate = delegate.account;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        identity.odd_types = odd;
        // It is no account, and must not be taken for one.
        let is_anonymous = |text: &Option<Cow<'_, str>>| text.as_deref().is_some_and(is_anonymous);
        if is_anonymous(&identity.account) || is_anonymous(&identity.principal_id) {
            identity.account = None;
            identity.principal_id = Some(Cow::Borrowed(ANONYMOUS));
        }
        Ok(identity)
    }
}

/// What is wanted of `sessionContext`, at whatever depth it lies there, and of `onBehalfOf`.
#[derive(Default)]
struct Nested<'a> {
    issuer: Option<Cow<'a, str>>,
    mfa: Option<bool>,
    assumed_root: bool,
    source_identity: Option<Cow<'a, str>>,
    user_id: Option<Cow<'a, str>>,
    account: Option<Cow<'a, str>>,
    odd_types: u32,
}

impl<'de> Deserialize<'de> for Nested<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NestedVisitor)
    }
}

struct NestedVisitor;

impl<'de> Visitor<'de> for NestedVisitor {
    type Value = Nested<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sessionContext object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut nested = Nested::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match key.value.as_deref().unwrap_or_default() {
                "sessionIssuer" => nested.issuer = nested.take(map.next_value()?).issuer,
                "attributes" => nested.mfa = nested.take(map.next_value()?).mfa,
                "assumedRoot" => {
                    let flag = map.next_value::<Text<'de>>()?.flag(&mut nested.odd_types);
                    nested.assumed_root = flag == Some(true);
                }
                "arn" => nested.issuer = text(&mut map, &mut nested.odd_types)?,
                "sourceIdentity" => nested.source_identity = text(&mut map, &mut nested.odd_types)?,
                "accountId" => nested.account = text(&mut map, &mut nested.odd_types)?,
                "userId" => nested.user_id = text(&mut map, &mut nested.odd_types)?,
                "mfaAuthenticated" => {
                    nested.mfa = map.next_value::<Text<'de>>()?.flag(&mut nested.odd_types);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(nested)
    }

    super::record::odd_value!(Nested { odd_types: 1, ..Nested::default() });
}

impl Nested<'_> {
    fn take(&mut self, inner: Self) -> Self {
        self.odd_types += inner.odd_types;
        inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(json: &str) -> String {
        match Identity::parse(json).principal() {
            Principal::User(arn) => format!("user {arn}"),
            Principal::Role(arn) => format!("role {arn}"),
            Principal::Root(account, arn) => format!("root {account} {arn}"),
            Principal::UserName(account, name) => format!("name {account} {name}"),
            Principal::UniqueId(account, id) => format!("id {account} {id}"),
            Principal::AssumedRoot(account) => format!("assumed root {account}"),
            Principal::Service(name) => format!("service {name}"),
            Principal::Other => "other".to_owned(),
        }
    }

    #[test]
    fn principals() {
        let rows = [
            (
                r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ci/bot","accountId":"111122223333"}"#,
                "user arn:aws:iam::111122223333:user/ci/bot",
            ),
            (
                r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/a","sessionContext":{"sessionIssuer":{},"attributes":{"mfaAuthenticated":"true"}}}"#,
                "user arn:aws:iam::111122223333:user/a",
            ),
            (
                r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/R/s","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/path/R"}}}"#,
                "role arn:aws:iam::111122223333:role/path/R",
            ),
            (
                r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/R/s"}"#,
                "role arn:aws:sts::111122223333:assumed-role/R",
            ),
            (
                r#"{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}"#,
                "root 111122223333 arn:aws:iam::111122223333:root",
            ),
            (
                r#"{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"assumedRoot":"true","attributes":{"mfaAuthenticated":"false"}}}"#,
                "assumed root 111122223333",
            ),
            (
                r#"{"type":"FederatedUser","arn":"arn:aws:sts::111122223333:federated-user/x","sessionContext":{"sessionIssuer":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/broker"}}}"#,
                "user arn:aws:iam::111122223333:user/broker",
            ),
            (r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#, "service ec2.amazonaws.com"),
            (r#"{"accountId":"111122223333","invokedBy":"kms.amazonaws.com"}"#, "service kms.amazonaws.com"),
            (
                r#"{"type":"AWSAccount","principalId":"AROAEXAMPLE:s","accountId":"444455556666"}"#,
                "id 444455556666 AROAEXAMPLE",
            ),
            (
                r#"{"type":"AWSAccount","principalId":"AIDAQRSTUVWXYZEXAMPLE","accountId":"777788889999"}"#,
                "id 777788889999 AIDAQRSTUVWXYZEXAMPLE",
            ),
            (r#"{"type":"AWSAccount","principalId":"777788889999","accountId":"777788889999"}"#, "other"),
            (r#"{"type":"AWSAccount","accountId":"ANONYMOUS_PRINCIPAL","principalId":""}"#, "other"),
            (
                r#"{"type":"AWSAccount","accountId":"ANONYMOUS_PRINCIPAL","principalId":"AIDAQRSTUVWXYZEXAMPLE"}"#,
                "other",
            ),
            (
                r#"{"type":"WebIdentityUser","userName":"repo:x","identityProvider":"token.actions.githubusercontent.com"}"#,
                "other",
            ),
            (
                r#"{"type":"IAMUser","accountId":"111122223333","accessKeyId":"","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
                "name 111122223333 HIDDEN_DUE_TO_SECURITY_REASONS",
            ),
            (
                r#"{"type":"IAMUser","arn":7,"accountId":"111122223333","userName":"a"}"#,
                "name 111122223333 a",
            ),
            (r#"{}"#, "other"),
            ("null", "other"),
            ("[1]", "other"),
        ];
        for (json, expected) in rows {
            assert_eq!(principal(json), expected, "{json}");
        }
    }

    #[test]
    fn nobody_is_no_account() {
        for json in [
            r#"{"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"}"#,
            r#"{"type":"AWSAccount","principalId":"ANONYMOUS_PRINCIPAL","accountId":"ANONYMOUS_PRINCIPAL"}"#,
            r#"{"type":"Unknown","accountId":"anonymous"}"#,
        ] {
            let identity = Identity::parse(json);
            assert_eq!((identity.account.as_deref(), identity.account_id()), (None, None), "{json}");
            assert_eq!(identity.principal_text().as_deref(), Some("anonymous"), "{json}");
            assert_eq!(Principal::from_text("anonymous", identity.kind.as_deref()), Principal::Other);
        }
    }

    #[test]
    fn a_delegate_is_told() {
        let identity = Identity::parse(
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/r/s","accountId":"111122223333","invokedByDelegate":{"accountId":"444455556666"}}"#,
        );
        assert_eq!(identity.delegate.as_deref(), Some("444455556666"));
        assert_eq!(identity.account.as_deref(), Some("111122223333"));
    }

    #[test]
    fn mfa_is_true_false_or_not_told() {
        let mfa = |value: &str| {
            let json = format!(r#"{{"sessionContext":{{"attributes":{{"mfaAuthenticated":{value}}}}}}}"#);
            let identity = Identity::parse(&json);
            (identity.mfa, identity.odd_types)
        };
        assert_eq!(mfa(r#""true""#), (Some(true), 0));
        assert_eq!(mfa(r#""false""#), (Some(false), 0));
        assert_eq!(mfa("true"), (Some(true), 0));
        assert_eq!(mfa("1"), (None, 1));
        assert_eq!(Identity::parse("{}").mfa, None);
    }

    #[test]
    fn the_last_of_a_duplicate_key_wins_and_odd_types_are_counted() {
        let identity =
            Identity::parse(r#"{"type":"Root","type":"IAMUser","userName":["a"],"sessionContext":5}"#);
        assert_eq!(identity.kind.as_deref(), Some("IAMUser"));
        assert_eq!((identity.user_name, identity.odd_types), (None, 2));
    }
}
