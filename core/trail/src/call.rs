//! A call as IAM sees it: who called, under which circumstances, how it ended, and which permissions AWS checked for it.
//!
//! An [`Event`](crate::event::Event) is what CloudTrail wrote; a [`Call`] is what replay, `tighten` and `whatif` work
//! on. It holds its own text and no body: what a body tells of resources and condition keys stands in its checks.

use std::sync::Arc;

use kagimori_id::{AccessKeyId, AccountId};
use kagimori_policy::request::Fact;

use crate::actions::DenialLayer;
use crate::event::{Identity, Principal, SignIn};

/// One call and the permissions it needed. Copies share what many calls have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made from an event or a row of the lake, all of it")]
pub struct Call {
    /// `eventTime`, in seconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// `eventID`: the witness.
    pub event_id: Option<Box<str>>,
    /// `eventSource` as written: `s3.amazonaws.com`.
    pub source: Arc<str>,
    /// `eventName` as written: `GetObject`.
    pub name: Arc<str>,
    /// `recipientAccountId`: whose copy of the event this is.
    pub account: Option<AccountId>,
    /// `awsRegion`.
    pub region: Option<Arc<str>>,
    /// Who called.
    pub caller: Caller,
    /// How it ended.
    pub outcome: Outcome,
    /// `errorCode` as written.
    pub error: Option<Arc<str>>,
    /// The permissions AWS checked; all of them must be allowed. Of a refused call with what AWS's message says of them.
    pub checks: Vec<Check>,
    /// Why `checks` may not be all there is, or is empty.
    pub gap: Option<MapGap>,
    /// The key of the session that the call handed out (`credentials.accessKeyId` of the answer of STS).
    pub issued: Option<AccessKeyId>,
    /// `eventCategory` is `Data`: the trail logs data events, of this resource at least.
    pub is_data: bool,
    /// `readOnly`.
    pub read_only: Option<bool>,
    /// Made by the console, or signing in to it.
    pub is_from_console: bool,
    /// How a sign-in ended, and whether with a second factor; `None`: it is none.
    pub sign_in: Option<SignIn>,
    /// What AWS's message says of a refusal, when it names a permission.
    pub refusal: Option<Box<Refusal>>,
}

/// AWS's own word on a refusal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "made from a message, all of it")]
pub struct Refusal {
    /// The permission that was refused, as the service reference writes it.
    pub action: Box<str>,
    /// The resource, as the message writes it.
    pub resource: Option<Box<str>>,
    /// Which policies refused it.
    pub layer: Option<DenialLayer>,
    /// The policy whose statement denied it.
    pub policy: Option<Box<str>>,
    /// A statement denied it; `false`: no policy allowed it.
    pub is_explicit: bool,
    /// What the map from events to permissions had said of this permission.
    pub mapped: Mapped,
}

/// The map from events to permissions beside AWS's own word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each is counted and shown")]
pub enum Mapped {
    /// The same permission on the same resource.
    Same,
    /// The same permission, on a pattern that the resource is of.
    Pattern,
    /// The same permission; the event did not tell the resource.
    Unknown,
    /// The same permission; the message does not tell the resource, or by a name that is no ARN.
    NotSaid,
    /// The same permission, on this resource instead: the map is wrong.
    OtherResource(Box<str>),
    /// Other permissions alone: the map is wrong, or lacks one.
    OtherAction,
    /// The event's name is not in the map, or no call that IAM authorises by it.
    NoEvent,
}

/// Who called, and from where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "made from an event or a row of the lake, all of it")]
pub struct Caller {
    /// The user, role or root of IAM behind the call.
    pub principal: Principal,
    /// `userIdentity.arn`: for a role the ARN of the session.
    pub arn: Option<Arc<str>>,
    /// The unique id of the user or role, where the event tells it (`AIDA…`, `AROA…`): names are given again, ids never are (IAM User
    /// Guide, `reference_identifiers`, "Unique identifiers").
    pub unique_id: Option<Arc<str>>,
    /// Of a caller whom IAM does not know as a user or role (a web or SAML identity, another account's):
    /// [`Identity::principal_text`], with the exact subject.
    pub other: Option<Arc<str>>,
    /// `userIdentity.accountId`.
    pub account: Option<AccountId>,
    /// `userIdentity.accessKeyId`: `AKIA…` long-term, `ASIA…` a session's.
    pub access_key: Option<AccessKeyId>,
    /// `mfaAuthenticated` of the session; `None` for long-term keys.
    pub mfa: Option<bool>,
    /// `sourceIPAddress` as written: an address, the name of a service, or `AWS Internal`.
    pub address: Option<Arc<str>>,
    /// `userAgent` as written.
    pub agent: Option<Arc<str>>,
    /// `vpcEndpointId`.
    pub vpc_endpoint: Option<Arc<str>>,
    /// `invokedBy`: the service that called with the caller's permissions.
    pub invoked_by: Option<Arc<str>>,
    /// `sessionContext.sourceIdentity`: who is behind the session and all that follow from it.
    pub source_identity: Option<Arc<str>>,
    /// `onBehalfOf.userId`: the user of IAM Identity Center.
    pub on_behalf_of: Option<Arc<str>>,
    /// `invokedByDelegate.accountId`: the account of a product provider that called by temporary delegation.
    pub delegate: Option<Arc<str>>,
}

impl Call {
    /// A call of which nothing is told but who called what: no time, no place, no permission, and not that it succeeded.
    pub fn bare(caller: Caller, source: &str, name: &str) -> Self {
        Self {
            time: 0,
            event_id: None,
            source: source.into(),
            name: name.into(),
            account: None,
            region: None,
            caller,
            outcome: Outcome::Failed,
            error: None,
            checks: Vec::new(),
            gap: None,
            issued: None,
            is_data: false,
            read_only: None,
            is_from_console: false,
            sign_in: None,
            refusal: None,
        }
    }
}

impl Caller {
    /// A caller of whom nothing is told but whom IAM knows him as.
    pub fn bare(principal: Principal) -> Self {
        Self {
            principal,
            unique_id: None,
            arn: None,
            other: None,
            account: None,
            access_key: None,
            mfa: None,
            address: None,
            agent: None,
            vpc_endpoint: None,
            invoked_by: None,
            source_identity: None,
            on_behalf_of: None,
            delegate: None,
        }
    }

    /// Who called as one text: [`Identity::principal_text`].
    pub fn text(&self) -> Option<String> {
        self.principal.text().or_else(|| self.other.as_deref().map(str::to_owned))
    }

    /// The text of a caller that is no principal of IAM.
    pub fn other_of(identity: &Identity<'_>) -> Option<Arc<str>> {
        let is_other = identity.principal() == Principal::Other;
        identity.principal_text().filter(|_| is_other).map(Arc::from)
    }
}

/// How a call ended, as far as it tells of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "replay must say what it does for each")]
pub enum Outcome {
    /// No error: every check was allowed.
    Succeeded,
    /// Refused for want of a permission: some check was denied.
    Denied,
    /// Throttled: it proves nothing.
    Throttled,
    /// Another error (`NoSuchBucket`, `InvalidParameter` …): most of these come after the permission was checked.
    Failed,
}

/// One permission that AWS checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "made from an event or a row of the lake, all of it")]
pub struct Check {
    /// The IAM action as the service reference writes it: `lambda:InvokeFunction`.
    pub action: Box<str>,
    /// What it was checked on.
    pub resource: CheckedResource,
    /// The account that owns the resource, when the event tells; otherwise the recipient's.
    pub resource_account: Option<AccountId>,
    /// Condition keys that belong to this check alone, in lower case: `iam:passedtoservice`, `kms:viaservice` …
    pub context: Vec<(Box<str>, Fact)>,
    /// How sure it is that AWS checked this.
    pub certainty: Certainty,
}

impl Check {
    /// A permission that AWS certainly checked, in the account of the call, with no condition keys of its own.
    pub fn certain(action: &str, resource: CheckedResource) -> Self {
        Self {
            action: action.into(),
            resource,
            resource_account: None,
            context: Vec::new(),
            certainty: Certainty::Certain,
        }
    }
}

/// What a permission was checked on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "replay must say what it does for each")]
pub enum CheckedResource {
    /// This ARN.
    Arn(Box<str>),
    /// An ARN of this form: a part that the event does not tell is `*`.
    Pattern(Box<str>),
    /// The action has no resource types: it is checked on `*`.
    None,
    /// The action works on a resource that the event does not tell. An `iam:PassRole` by instance profile is so: the
    /// check's context names the profile as `ec2:instanceprofile`, and the estate knows its role.
    Unknown,
}

/// How sure it is that AWS made a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "replay must say what it does for each")]
pub enum Certainty {
    /// Every call of this kind is checked so.
    Certain,
    /// Only under circumstances that the event does not tell (a tag given, an encrypted object …).
    Possible,
}

/// Why the checks of a call are not all known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MapGap {
    /// Not a call that IAM authorises: a sign-in, a service's own event, an action of the console alone.
    NotAuthorized,
    /// An event name for which there is no action, rule or row.
    UnknownEvent,
    /// The request's body was cut off by CloudTrail or could not be read, and resources lie there.
    BodyMissing,
}
