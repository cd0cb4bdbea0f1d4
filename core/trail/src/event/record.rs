//! One record as JSON: the wanted fields, borrowed where they hold no escapes.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::time::seconds;
use super::{Bodies, Event, SignIn};
use crate::redact;

/// A record as it stands in the file.
#[derive(Default)]
pub(crate) struct Record<'a> {
    pub(crate) version: Option<Cow<'a, str>>,
    time: Option<Cow<'a, str>>,
    source: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    pub(crate) event_type: Option<Cow<'a, str>>,
    pub(crate) category: Option<Cow<'a, str>>,
    region: Option<Cow<'a, str>>,
    address: Option<Cow<'a, str>>,
    agent: Option<Cow<'a, str>>,
    vpc_endpoint: Option<Cow<'a, str>>,
    error: Option<Cow<'a, str>>,
    error_message: Option<Cow<'a, str>>,
    read_only: Option<bool>,
    recipient: Option<Cow<'a, str>>,
    shared_id: Option<Cow<'a, str>>,
    from_console: Option<bool>,
    identity: Option<&'a str>,
    request: Option<&'a str>,
    resources: Option<&'a str>,
    response: Option<&'a str>,
    additional: Option<&'a str>,
    addendum: Option<&'a str>,
    /// `serviceEventDetails`.
    details: Option<&'a str>,
    /// The record that an event of EventBridge carries (`detail`).
    detail: Option<&'a str>,
    /// The record as text, as others hand it on: `CloudTrailEvent` of `lookup-events`, `message` of a log event, `eventJson`
    /// of CloudTrail Lake.
    text: Option<Cow<'a, str>>,
    pub(crate) odd_types: u32,
    /// It has a list of records of its own (`Records`, `Events` …): an envelope, not an event.
    pub(crate) is_envelope: bool,
    /// It has the fields of a digest file.
    pub(crate) is_digest: bool,
}

/// Where the value of a key goes, and with that of what kind it should be.
pub(super) enum Slot<'r, 'a> {
    /// Text; another type is absent and odd.
    Text(&'r mut Option<Cow<'a, str>>),
    /// A value that is kept unread.
    Raw(&'r mut Option<&'a str>),
    /// A truth value.
    Flag(&'r mut Option<bool>),
    /// The key itself is what is wanted.
    Sign(&'r mut bool),
    /// Nothing.
    Nothing,
}

/// A record inside another.
#[derive(Clone, Copy)]
pub(super) enum Carried<'r, 'a> {
    /// As it stands in the file.
    Detail(&'a str),
    /// As text.
    Text(&'r str),
}

/// Why a record cannot be an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Time,
    BadTime,
    Source,
    Name,
}

impl<'a> Record<'a> {
    /// Where the value of a key goes.
    #[inline(always)]
    pub(super) fn slot(&mut self, key: Key) -> Slot<'_, 'a> {
        Slot::Text(match key {
            Key::Version => &mut self.version,
            Key::Time => &mut self.time,
            Key::Source => &mut self.source,
            Key::Name => &mut self.name,
            Key::Id => &mut self.id,
            Key::Type => &mut self.event_type,
            Key::Category => &mut self.category,
            Key::Region => &mut self.region,
            Key::Address => &mut self.address,
            Key::Agent => &mut self.agent,
            Key::VpcEndpoint => &mut self.vpc_endpoint,
            Key::Error => &mut self.error,
            Key::ErrorMessage => &mut self.error_message,
            Key::Recipient => &mut self.recipient,
            Key::SharedId => &mut self.shared_id,
            Key::Identity => return Slot::Raw(&mut self.identity),
            Key::Request => return Slot::Raw(&mut self.request),
            Key::Resources => return Slot::Raw(&mut self.resources),
            Key::Response => return Slot::Raw(&mut self.response),
            Key::Additional => return Slot::Raw(&mut self.additional),
            Key::Addendum => return Slot::Raw(&mut self.addendum),
            Key::Details => return Slot::Raw(&mut self.details),
            Key::Detail => return Slot::Raw(&mut self.detail),
            Key::Carried => &mut self.text,
            Key::ReadOnly => return Slot::Flag(&mut self.read_only),
            Key::FromConsole => return Slot::Flag(&mut self.from_console),
            Key::Records => return Slot::Sign(&mut self.is_envelope),
            Key::Digest => return Slot::Sign(&mut self.is_digest),
            Key::Other => return Slot::Nothing,
        })
    }

    /// Whether it has anything that every event has.
    pub(crate) fn looks_like_event(&self) -> bool {
        self.version.is_some() || self.time.is_some() || self.name.is_some()
    }

    /// The record that it carries, when it is none itself.
    pub(super) fn carried(&self) -> Option<Carried<'_, 'a>> {
        if self.looks_like_event() && self.text.is_none() {
            return None;
        }
        let text = self.text.as_deref().filter(|text| text.trim_start().starts_with('{'));
        text.map(Carried::Text).or_else(|| Some(Carried::Detail(self.detail?)))
    }

    /// What is no call: an Insight event tells of a rate (*CloudTrail Insights events*), an aggregated one of the calls of five
    /// minutes (*CloudTrail record contents for aggregated events*): it was seen, and cannot be replayed.
    pub(crate) fn is_no_call(&self) -> bool {
        matches!(self.event_type.as_deref(), Some("AwsCloudTrailInsight" | "AwsAggregatedEvent"))
            || matches!(self.category.as_deref(), Some("Insight" | "Aggregated"))
    }

    /// The event, if what every event has is there.
    pub(crate) fn into_event(self) -> Result<Event<'a>, Missing> {
        let time = self.time.ok_or(Missing::Time)?;
        let time = seconds(&time).ok_or(Missing::BadTime)?;
        let source = self.source.ok_or(Missing::Source)?;
        let name = self.name.ok_or(Missing::Name)?;
        let sign_in = sign_in(&name, self.response, self.details, self.additional);
        let error = match sign_in {
            Some(SignIn { succeeded: false, .. }) => {
                self.error.or(self.error_message.clone()).or(Some("Failure".into()))
            }
            _ => self.error,
        };
        Ok(Event {
            time,
            source,
            name,
            id: self.id,
            event_type: self.event_type,
            category: self.category,
            region: self.region,
            address: self.address,
            agent: self.agent,
            vpc_endpoint: self.vpc_endpoint,
            // Errors are few, and their words may be the caller's.
            error: error.map(masked),
            message: self.error_message,
            read_only: self.read_only,
            recipient: self.recipient,
            shared_id: self.shared_id,
            from_console: self.from_console == Some(true),
            updates_earlier: field(self.addendum, "reason").as_deref() == Some("UPDATED_DATA"),
            updated_id: field(self.addendum, "originalEventID"),
            identity: self.identity.map(Cow::Borrowed),
            sign_in,
            bodies: Bodies {
                request: self.request,
                response: self.response,
                additional: self.additional,
                resources: self.resources,
            },
        })
    }
}

fn masked(text: Cow<'_, str>) -> Cow<'_, str> {
    match redact::text(&text) {
        Cow::Owned(masked) => Cow::Owned(masked),
        Cow::Borrowed(_) => text,
    }
}

/// The outcome of a sign-in, by the events that tell one (CloudTrail User Guide, *AWS Management Console sign-in events*; IAM Identity
/// Center User Guide, *Understanding IAM Identity Center sign-in events*). Each challenge of Identity Center that was met is a step of the
/// one `UserAuthentication`; who does not meet one has none, and the failed step is all that is told.
fn sign_in(
    name: &str,
    response: Option<&str>,
    details: Option<&str>,
    additional: Option<&str>,
) -> Option<SignIn> {
    let told = match name {
        "ConsoleLogin" | "SwitchRole" => response,
        "UserAuthentication" | "CredentialVerification" => details.or(response),
        _ => return None,
    };
    let succeeded = match field(told, name)?.as_ref() {
        "Success" if name == "CredentialVerification" => return None,
        "Success" => true,
        "Failure" => false,
        _ => return None,
    };
    let mfa = match (field(additional, "MFAUsed"), field(additional, "CredentialType")) {
        // *Example records*: "Yes" and "No"; other pages show "YES".
        (Some(used), _) if used.eq_ignore_ascii_case("yes") => Some(true),
        (Some(used), _) if used.eq_ignore_ascii_case("no") => Some(false),
        (_, Some(kinds)) if name == "UserAuthentication" => second_factor(&kinds),
        _ => None,
    };
    Some(SignIn { succeeded, mfa })
}

/// Whether a sign-in to Identity Center took a second factor; what another identity provider asked for is not told.
fn second_factor(kinds: &str) -> Option<bool> {
    let kinds = || kinds.split(',').map(str::trim);
    let is_second = |kind: &str| ["TOTP", "WEBAUTHN", "RESYNC_TOTP", "EMAIL_OTP"].contains(&kind);
    if kinds().any(is_second) {
        return Some(true);
    }
    kinds().all(|kind| kind == "PASSWORD").then_some(false)
}

/// One text field of an object that is otherwise not wanted.
fn field<'a>(object: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    let fields: std::collections::BTreeMap<Cow<'a, str>, Text<'a>> = serde_json::from_str(object?).ok()?;
    fields.into_iter().find(|(key, _)| key == name)?.1.value
}

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut record = Record::default();
        let mut odd = 0;
        while let Some(key) = map.next_key::<Key>()? {
            match record.slot(key) {
                Slot::Text(slot) => *slot = text(&mut map, &mut odd)?,
                Slot::Raw(slot) => *slot = Some(map.next_value::<&'de RawValue>()?.get()),
                Slot::Flag(slot) => *slot = map.next_value::<Text<'de>>()?.flag(&mut odd),
                Slot::Sign(slot) => {
                    *slot = true;
                    map.next_value::<IgnoredAny>()?;
                }
                Slot::Nothing => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        record.odd_types = odd;
        Ok(record)
    }
}

/// The keys that are wanted. A key that is written with escapes is compared unescaped.
#[derive(Clone, Copy)]
pub(super) enum Key {
    Version,
    Time,
    Source,
    Name,
    Id,
    Type,
    Category,
    Region,
    Address,
    Agent,
    VpcEndpoint,
    Error,
    ErrorMessage,
    ReadOnly,
    Recipient,
    SharedId,
    FromConsole,
    Identity,
    Request,
    Resources,
    Response,
    Additional,
    Addendum,
    Details,
    Detail,
    Carried,
    Records,
    Digest,
    Other,
}

impl Key {
    /// The key of a name. By its length first: a record has some 25 keys, and few names have the same length.
    pub(super) fn of(key: &str) -> Self {
        match key.len() {
            6 => match key {
                "detail" => Self::Detail,
                "Events" | "events" => Self::Records,
                _ => Self::Other,
            },
            7 => match key {
                "eventID" => Self::Id,
                "Records" | "results" => Self::Records,
                "message" => Self::Carried,
                _ => Self::Other,
            },
            8 => match key {
                "readOnly" => Self::ReadOnly,
                "addendum" => Self::Addendum,
                _ => Self::Other,
            },
            9 => match key {
                "eventTime" => Self::Time,
                "eventName" => Self::Name,
                "eventType" => Self::Type,
                "awsRegion" => Self::Region,
                "userAgent" => Self::Agent,
                "errorCode" => Self::Error,
                "resources" => Self::Resources,
                "eventJson" => Self::Carried,
                "logEvents" => Self::Records,
                _ => Self::Other,
            },
            11 => match key {
                "eventSource" => Self::Source,
                _ => Self::Other,
            },
            12 => match key {
                "eventVersion" => Self::Version,
                "errorMessage" => Self::ErrorMessage,
                "userIdentity" => Self::Identity,
                _ => Self::Other,
            },
            13 => match key {
                "eventCategory" => Self::Category,
                "vpcEndpointId" => Self::VpcEndpoint,
                "sharedEventID" => Self::SharedId,
                _ => Self::Other,
            },
            15 => match key {
                "sourceIPAddress" => Self::Address,
                "digestStartTime" => Self::Digest,
                "CloudTrailEvent" => Self::Carried,
                "QueryResultRows" => Self::Records,
                _ => Self::Other,
            },
            16 => match key {
                "responseElements" => Self::Response,
                _ => Self::Other,
            },
            17 => match key {
                "requestParameters" => Self::Request,
                _ => Self::Other,
            },
            18 => match key {
                "recipientAccountId" => Self::Recipient,
                _ => Self::Other,
            },
            19 => match key {
                "additionalEventData" => Self::Additional,
                "serviceEventDetails" => Self::Details,
                _ => Self::Other,
            },
            28 => match key {
                "sessionCredentialFromConsole" => Self::FromConsole,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(Key::of(key))
    }
}

/// A value that should be text: what it says, or that it is something else.
pub(crate) struct Text<'a> {
    /// The text; empty text is absent.
    pub(crate) value: Option<Cow<'a, str>>,
    flag: Option<bool>,
    odd: bool,
}

/// The next value as text; another type is absent, and counted.
pub(crate) fn text<'de, A: MapAccess<'de>>(
    map: &mut A,
    odd: &mut u32,
) -> Result<Option<Cow<'de, str>>, A::Error> {
    let text = map.next_value::<Text<'de>>()?;
    *odd += u32::from(text.odd || text.flag.is_some());
    Ok(text.value)
}

impl<'a> Text<'a> {
    const ODD: Self = Self { value: None, flag: None, odd: true };

    fn of(text: Cow<'a, str>) -> Self {
        Self { value: Some(text).filter(|text| !text.is_empty()), flag: None, odd: false }
    }

    /// The value as a truth value: `true`, `"true"`, `false`, `"false"`.
    pub(crate) fn flag(&self, odd: &mut u32) -> Option<bool> {
        let flag = match self.value.as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => self.flag,
        };
        *odd += u32::from(flag.is_none() && (self.odd || self.value.is_some()));
        flag
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

/// The methods of a visitor for values that are not what was wanted.
macro_rules! odd_value {
    ($odd:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($odd)
        }

        fn visit_borrowed_str<E>(self, _: &'de str) -> Result<Self::Value, E> {
            Ok($odd)
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($odd)
        }

        super::record::odd_value!(unlike_text $odd);
    };
    (unlike_text $odd:expr) => {
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($odd)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($odd)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($odd)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($odd)
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
            Ok($odd)
        }
    };
}
pub(crate) use odd_value;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text::of(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text::of(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Text<'de>, E> {
        Ok(Text { value: None, flag: Some(flag), odd: false })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::ODD)
    }

    odd_value!(unlike_text Text::ODD);
}
