//! One CloudTrail event, made uniform.
//!
//! There are two ways to a record: a scanner that steps over what is not wanted, and the plain one (serde_json), which
//! defines what is right and reads whatever the scanner is not sure of. The rules, for what AWS's pages leave open:
//!
//! * **Forms.** `{"Records":[…]}`, a bare array, one event, or any of these one after another (NDJSON, concatenated
//!   files); a byte order mark is passed over. And what hands records on: `aws cloudtrail lookup-events` (`Events`, each with a
//!   record as text in `CloudTrailEvent`), events of EventBridge (`detail`), log events of CloudWatch Logs (`events`,
//!   `logEvents` with `message`; `results` of Logs Insights; an export's lines with a time before each), query results of
//!   CloudTrail Lake with `eventJson` (`QueryResultRows`). Told apart by the content.
//! * **Duplicate key.** The last one wins. Two `Records` in one object are both read.
//! * **Odd type.** A wanted field of another type (`null`, a number, an object where text belongs) is absent and
//!   counted. `readOnly` may be `true` or `"true"`. Empty text is absent.
//! * **Versions.** `eventVersion` 1.x, or none. A record of another major version is set aside: its fields may mean other things (*CloudTrail record contents*: "compare the major version for equality").
//! * **Damaged record** (no `eventTime`, `eventSource` or `eventName`, half a surrogate pair in a wanted field, not an
//!   object): set aside and counted, the rest of the file is read.
//! * **Damaged file** (not JSON, not UTF-8, cut off, a record longer than [`RECORD_BYTES_MAX`]): the records before the
//!   damage are kept, and the byte offset is told. Inside a value that is not wanted only the structure is checked.
//!
//! Request and response bodies are lent, never kept: [`Bodies`] borrows the bytes of the file, and an owned event has none.

#[cfg(test)]
mod agreement;
mod damage;
mod identity;
mod reader;
mod record;
mod row;
mod scan;
mod structure;
mod time;

use std::borrow::Cow;

pub use damage::{Damage, DamageKind};
pub use identity::{ASSUMED_ROOT, Identity, Principal, is_console};
pub use reader::{RECORD_BYTES_MAX, Reader, Reading, Unfinished, read};
pub(crate) use record::Text;

/// One call, or one thing that happened by itself, as a trail tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// `eventTime`, in seconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// `eventSource`: `s3.amazonaws.com`.
    pub source: Cow<'a, str>,
    /// `eventName`: `GetObject`.
    pub name: Cow<'a, str>,
    /// `eventID`.
    pub id: Option<Cow<'a, str>>,
    /// `eventType`: `AwsApiCall`, `AwsServiceEvent`, `AwsConsoleSignIn` …
    pub event_type: Option<Cow<'a, str>>,
    /// `eventCategory`: `Management`, `Data`, `NetworkActivity`.
    pub category: Option<Cow<'a, str>>,
    /// `awsRegion`.
    pub region: Option<Cow<'a, str>>,
    /// `sourceIPAddress`: an address, the name of a service, or `AWS Internal`.
    pub address: Option<Cow<'a, str>>,
    /// `userAgent`, as written.
    pub agent: Option<Cow<'a, str>>,
    /// `vpcEndpointId`.
    pub vpc_endpoint: Option<Cow<'a, str>>,
    /// `errorCode`. A failed sign-in has none: then its `errorMessage` (`Failed authentication`) stands here.
    pub error: Option<Cow<'a, str>>,
    /// `errorMessage`, as written.
    pub message: Option<Cow<'a, str>>,
    /// `readOnly`.
    pub read_only: Option<bool>,
    /// `recipientAccountId`: whose copy of the event this is.
    pub recipient: Option<Cow<'a, str>>,
    /// `sharedEventID`: the same for the copies of one call that several accounts get.
    pub shared_id: Option<Cow<'a, str>>,
    /// `sessionCredentialFromConsole`: the session was made by the console.
    pub from_console: bool,
    /// `addendum.reason` is `UPDATED_DATA`: the event repeats an earlier one with other fields.
    pub updates_earlier: bool,
    /// `addendum.originalEventID`: the event that this one repeats.
    pub updated_id: Option<Cow<'a, str>>,
    /// `userIdentity` as JSON text; [`Identity::parse`] reads it. Kept unread because few different ones make up a trail.
    pub identity: Option<Cow<'a, str>>,
    /// The outcome of a console sign-in.
    pub sign_in: Option<SignIn>,
    /// The bodies, lent while the file is read.
    pub bodies: Bodies<'a>,
}

/// The bodies of an event as JSON text, unread: they can hold anything, secrets too.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "these are the bodies a record has")]
pub struct Bodies<'a> {
    /// `requestParameters`.
    pub request: Option<&'a str>,
    /// `responseElements`.
    pub response: Option<&'a str>,
    /// `additionalEventData`.
    pub additional: Option<&'a str>,
    /// `resources`.
    pub resources: Option<&'a str>,
}

impl std::fmt::Debug for Bodies<'_> {
    /// Which there are; their text is not for logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bodies")
            .field("request", &self.request.is_some())
            .field("response", &self.response.is_some())
            .field("additional", &self.additional.is_some())
            .field("resources", &self.resources.is_some())
            .finish()
    }
}

/// The outcome of a sign-in: to the console (`ConsoleLogin`), to a role there (`SwitchRole`), or to Identity Center.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// `responseElements.ConsoleLogin` is `Success`, or that of the others.
    pub succeeded: bool,
    /// `additionalEventData.MFAUsed`, or a second factor among its `CredentialType`; `None` when the event does not tell.
    pub mfa: Option<bool>,
}

/// The names of events that tell of sign-ins.
pub const SIGN_INS: [&str; 4] =
    ["ConsoleLogin", "SwitchRole", "UserAuthentication", "CredentialVerification"];

impl Event<'_> {
    /// Something an AWS service did by itself (`AwsServiceEvent`): nobody's call.
    pub fn is_service_event(&self) -> bool {
        self.event_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("AwsServiceEvent"))
    }

    /// A data event: an object, an item, an invocation.
    pub fn is_data_event(&self) -> bool {
        self.category.as_deref() == Some("Data")
    }

    /// The same event with its own text, without its bodies.
    pub fn into_owned(self) -> Event<'static> {
        let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Event {
            time: self.time,
            source: Cow::Owned(self.source.into_owned()),
            name: Cow::Owned(self.name.into_owned()),
            id: own(self.id),
            event_type: own(self.event_type),
            category: own(self.category),
            region: own(self.region),
            address: own(self.address),
            agent: own(self.agent),
            vpc_endpoint: own(self.vpc_endpoint),
            error: own(self.error),
            message: own(self.message),
            read_only: self.read_only,
            recipient: own(self.recipient),
            shared_id: own(self.shared_id),
            from_console: self.from_console,
            updates_earlier: self.updates_earlier,
            updated_id: own(self.updated_id),
            identity: own(self.identity),
            sign_in: self.sign_in,
            bodies: Bodies::default(),
        }
    }
}
