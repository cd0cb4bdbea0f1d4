//! Events as rows, in memory until they are written: every text once, rows of numbers.
//!
//! A trail repeats itself: few identities, agents, places and actions make up millions of events. So a row is what its
//! request tells, what its identity tells, and the little that is its own; what a request or an identity tells is worked out
//! when it is seen for the first time, and looked up when it comes again.

use std::borrow::Cow;

use kagimori_id::AccessKeyId;
use kagimori_trail::actions::Needs;
use kagimori_trail::copies::is_anothers;
use kagimori_trail::event::{Event, Identity};
use kagimori_trail::redact;
use serde::Deserialize;

use crate::checks;
use crate::numbers::Numbers;
use crate::read::RowView;
use crate::schema::{
    EVENT_TEXTS, FLAGS, Flag, IDENTITY_TEXTS, LISTS, List, REQUEST_TEXTS, ROW_GROUP_ROWS, TELLERS, Teller,
    Text,
};

/// Bytes of one request that is remembered, at most: longer ones hardly come again.
const REQUEST_BYTES_MAX: usize = 1 << 10;
/// Texts of a request that stand in a row as the event tells them: account to error.
const HEAD_TEXTS: usize = Text::Error as usize + 1;
const _: () = assert!(
    matches!(Text::Account.teller(), Teller::Request(0))
        && matches!(Text::Error.teller(), Teller::Request(6)),
    "the head of a request comes first among what it tells"
);
/// Bytes of rows and texts that are held before they are written.
const HELD_BYTES_MAX: usize = 64 << 20;
/// Bytes of what was seen that are kept from one writing to the next: a hostile trail must not fill the memory.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// Events as rows.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    ids: Vec<u8>,
    pub(crate) strings: Numbers<u8>,
    lists: Numbers<u32>,
    /// What requests tell: their texts, then their lists.
    requests: Numbers<u32>,
    /// What identities tell: their texts, then [`mfa_number`].
    identities: Numbers<u32>,
    seen: Seen,
    /// The request at hand.
    request: Vec<u8>,
    list: Vec<u32>,
}

/// What was seen, as it was written in the trail, and what it is in the rows.
#[derive(Debug, Default)]
struct Seen {
    /// Requests by [`write_request`]; what they tell is at the same place.
    requests: Numbers<u8>,
    told: Vec<u32>,
    /// What requests begin with; what they tell is at the same place.
    heads: Numbers<u8>,
    head_told: Vec<Head>,
    /// Identities as JSON; what they tell is at the same place.
    identities: Numbers<u8>,
    known: Vec<Known>,
    /// User agents; their number as text without secrets is at the same place.
    agents: Numbers<u8>,
    masked: Vec<u32>,
}

/// What requests that begin alike tell.
#[derive(Clone, Copy, Debug)]
struct Head {
    texts: [u32; HEAD_TEXTS],
    /// The lists of the last one: the next one mostly has some of them, too.
    lists: [u32; LISTS],
}

/// What an identity tells.
#[derive(Debug)]
struct Known {
    identity: Identity<'static>,
    /// Its number in [`Rows::identities`].
    number: u32,
    odd_types: u32,
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Seconds since 1970 UTC.
    pub(crate) time: i64,
    /// The event id: where it begins in `Rows::ids`, and how long it is. Long ones are cut.
    id: (u32, u16),
    /// The event's content in few bits; 0 where it is not known.
    pub(crate) content: u16,
    flags: [Option<bool>; FLAGS],
    pub(crate) request: u32,
    pub(crate) identity: u32,
    /// Texts that are its own, by number; 0 is absent.
    texts: [u32; EVENT_TEXTS],
}

impl Row {
    pub(crate) fn flag(&self, flag: Flag) -> Option<bool> {
        self.flags.get(flag as usize).copied().flatten()
    }

    fn set_flag(&mut self, flag: Flag, value: Option<bool>) {
        if let Some(place) = self.flags.get_mut(flag as usize) {
            *place = value;
        }
    }

    fn set(&mut self, text: Text, number: u32) {
        if let Teller::Event(at) = text.teller()
            && let Some(place) = self.texts.get_mut(at)
        {
            *place = number;
        }
    }
}

/// One event with all its texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholeRow<'r> {
    pub(crate) row: Row,
    request: &'r [u32],
    identity: &'r [u32],
}

impl WholeRow<'_> {
    /// The number of a text; 0 is absent.
    pub(crate) fn text(&self, text: Text) -> u32 {
        self.text_at(text.teller())
    }

    /// The same by what tells it.
    pub(crate) fn text_at(&self, teller: Teller) -> u32 {
        let (texts, at) = match teller {
            Teller::Request(at) => (self.request, at),
            Teller::Identity(at) => (self.identity, at),
            Teller::Event(at) => (&self.row.texts[..], at),
        };
        texts.get(at).copied().unwrap_or_default()
    }

    /// Another's copy of a call ([`is_anothers`]).
    pub(crate) fn is_shared_copy(&self) -> bool {
        let told = |text| Some(self.text(text)).filter(|number| *number != 0);
        is_anothers(told(Text::SharedId).is_some(), told(Text::Account), told(Text::CallerAccount))
    }
}

impl Rows {
    /// Takes an event in. Returns how many fields of its identity have another type than they should, and the account that
    /// got it, else the caller's.
    pub(crate) fn push<'a>(&'a mut self, event: &'a Event<'_>, content: u16) -> (u32, &'a str) {
        let at = self.known(event.identity.as_deref().unwrap_or("{}"));
        let request = self.request(event, at);
        let id = self.id(event.id.as_deref());
        let known = self.seen.known.get(at);
        let mut row = Row {
            time: event.time,
            id,
            content,
            flags: [None; FLAGS],
            request,
            identity: known.map_or(0, |known| known.number),
            texts: [0; EVENT_TEXTS],
        };
        row.set_flag(Flag::Mfa, known.and_then(|known| known.identity.mfa));
        self.circumstances(&mut row, event);
        self.rows.push(row);
        let known = self.seen.known.get(at);
        let account = known.and_then(|known| known.identity.account.as_deref());
        let account = event.recipient.as_deref().or(account);
        (known.map_or(0, |known| known.odd_types), account.unwrap_or_default())
    }

    /// From where and how it was called, and what is an event's own.
    fn circumstances(&mut self, row: &mut Row, event: &Event<'_>) {
        let message = event.message.as_deref().map(redact::message);
        let texts = [
            (Text::Message, message.as_deref()),
            (Text::Address, event.address.as_deref()),
            (Text::VpcEndpoint, event.vpc_endpoint.as_deref()),
            (Text::SharedId, event.shared_id.as_deref()),
            (Text::UpdatedId, event.updated_id.as_deref()),
        ];
        for (text, value) in texts {
            row.set(text, self.strings.number(value.unwrap_or_default().as_bytes()));
        }
        row.set(Text::Agent, self.masked(event.agent.as_deref().unwrap_or_default()));
        row.set_flag(Flag::ReadOnly, event.read_only);
        row.set_flag(Flag::FromConsole, Some(event.from_console));
        row.set_flag(Flag::SignedIn, event.sign_in.map(|sign_in| sign_in.succeeded));
        row.set_flag(Flag::SignInMfa, event.sign_in.and_then(|sign_in| sign_in.mfa));
        row.set_flag(Flag::IsUpdate, Some(event.updates_earlier));
    }

    /// What was called and the permissions that were checked: worked out when the request is seen for the first time.
    fn request(&mut self, event: &Event<'_>, known: usize) -> u32 {
        let nobody = Identity::default();
        let identity = self.seen.known.get(known).map_or(&nobody, |known| &known.identity);
        let head = write_request(&mut self.request, event, identity);
        if self.request.len() > REQUEST_BYTES_MAX {
            let needs = Needs::of(event, identity);
            return self.tell(event, head, &needs);
        }
        let at = self.seen.requests.number(&self.request) as usize;
        if let Some(number) = self.seen.told.get(at) {
            return *number;
        }
        let needs = Needs::of(event, identity);
        let number = self.tell(event, head, &needs);
        self.seen.told.resize(at, 0);
        self.seen.told.push(number);
        number
    }

    /// The number of what a request tells, whose head is so long.
    fn tell(&mut self, event: &Event<'_>, head: usize, needs: &Needs) -> u32 {
        let at = self.head(event, head);
        let texts = [
            Some(checks::outcome(needs.outcome)),
            needs.gap.map(checks::gap),
            needs.issued.as_ref().map(AccessKeyId::as_str),
        ];
        let texts = texts.map(|text| self.strings.number(text.unwrap_or_default().as_bytes()));
        let Some(Head { texts: head, lists: mut like }) = self.seen.head_told.get(at).copied() else {
            return 0;
        };
        for (number, list) in like.iter_mut().zip(List::ALL) {
            *number = match list {
                List::Resources if event.bodies.resources.is_none() => 0,
                List::Resources => {
                    let arns = resource_arns(event.bodies.resources);
                    self.list_like(*number, arns.iter().map(|arn| redact::text(arn)))
                }
                _ => self.list_like(*number, needs.checks.iter().map(|check| checks::field(check, list))),
            };
        }
        if let Some(head) = self.seen.head_told.get_mut(at) {
            head.lists = like;
        }
        self.list.clear();
        self.list.extend(head.into_iter().chain(texts).chain(like));
        self.requests.number(&self.list)
    }

    /// What the request at hand begins with, by its place in [`Seen::head_told`].
    fn head(&mut self, event: &Event<'_>, length: usize) -> usize {
        let head = self.request.get(..length).unwrap_or_default();
        let at = self.seen.heads.number(head) as usize;
        if at >= self.seen.head_told.len() {
            let texts =
                head_texts(event).map(|text| self.strings.number(text.unwrap_or_default().as_bytes()));
            let head = Head { texts, lists: [0; LISTS] };
            self.seen.head_told.resize(at, head);
            self.seen.head_told.push(head);
        }
        at
    }

    /// Callers choose their user agent and the name of their session: what looks like a secret is masked there, too.
    fn masked(&mut self, agent: &str) -> u32 {
        let at = self.seen.agents.number(agent.as_bytes()) as usize;
        if let Some(number) = self.seen.masked.get(at) {
            return *number;
        }
        let number = self.strings.number(redact::text(agent).as_bytes());
        self.seen.masked.resize(at, 0);
        self.seen.masked.push(number);
        number
    }

    /// What an identity tells, by its place in [`Seen::known`]: parsed when it is seen for the first time.
    fn known(&mut self, json: &str) -> usize {
        let at = self.seen.identities.number(json.as_bytes()) as usize;
        // 0 is the empty text, and no identity.
        let at = at.saturating_sub(1);
        if at >= self.seen.known.len() {
            let known = Known::parse(json, &mut self.strings, &mut self.identities);
            self.seen.known.push(known);
        }
        at
    }

    /// The number of a list of texts; that of `like` if it is the same.
    fn list_like<T: AsRef<str>>(&mut self, like: u32, texts: impl Iterator<Item = T> + Clone) -> u32 {
        let mut known = self.lists.get(like).iter().map(|number| self.strings.get(*number));
        let mut given = texts.clone();
        let is_like = loop {
            match (given.next(), known.next()) {
                (Some(text), Some(known)) if text.as_ref().as_bytes() == known => {}
                (given, known) => break given.is_none() && known.is_none(),
            }
        };
        if is_like {
            return like;
        }
        self.list.clear();
        self.list.extend(texts.map(|text| self.strings.number(text.as_ref().as_bytes())));
        self.lists.number(&self.list)
    }

    fn id(&mut self, id: Option<&str>) -> (u32, u16) {
        let begin = self.ids.len() as u32;
        let bytes = id.unwrap_or_default().as_bytes();
        let length = u16::try_from(bytes.len()).unwrap_or_default();
        self.ids.extend_from_slice(bytes.get(..usize::from(length)).unwrap_or_default());
        (begin, length)
    }

    /// The event id of a row; empty when there is none.
    pub(crate) fn event_id(&self, row: &Row) -> &[u8] {
        let begin = row.id.0 as usize;
        self.ids.get(begin..begin + usize::from(row.id.1)).unwrap_or_default()
    }

    /// A row with what its request and its identity tell.
    pub(crate) fn whole(&self, row: Row) -> WholeRow<'_> {
        WholeRow { row, request: self.requests.get(row.request), identity: self.identities.get(row.identity) }
    }

    /// The texts of a list of a row, by number.
    pub(crate) fn list(&self, row: &WholeRow<'_>, list: List) -> &[u32] {
        let number = row.request.get(REQUEST_TEXTS + list as usize);
        self.lists.get(number.copied().unwrap_or_default())
    }

    /// For each request the number of the text of what it did, where ([`checks::work`]). What was refused did nothing.
    pub(crate) fn works(&mut self) -> Vec<u32> {
        let Self { rows, requests, lists, strings, .. } = self;
        let (mut works, mut text) = (Vec::new(), String::new());
        for row in rows.iter() {
            let at = row.request as usize;
            if works.len() <= at {
                works.resize(at + 1, u32::MAX);
            }
            let Some(work) = works.get_mut(at).filter(|work| **work == u32::MAX) else { continue };
            let told = requests.get(row.request);
            let Teller::Request(outcome) = Text::Outcome.teller() else { continue };
            let outcome = told.get(outcome).copied().unwrap_or_default();
            let list = |list: List| {
                let number = told.get(REQUEST_TEXTS + list as usize).copied().unwrap_or_default();
                lists.get(number)
            };
            text.clear();
            if strings.get(outcome) != b"denied" {
                let resources = list(List::CheckedResources);
                for (action, resource) in list(List::Actions).iter().zip(resources) {
                    checks::write_work(&mut text, strings.get(*action), strings.get(*resource));
                }
            }
            *work = strings.number(text.as_bytes());
        }
        works
    }

    /// Whether a row is of the session of an instance.
    pub(crate) fn is_instance_session(&self, row: &WholeRow<'_>) -> bool {
        let text = |text| Some(String::from_utf8_lossy(self.strings.get(row.text(text))));
        let identity = Identity { kind: text(Text::IdType), arn: text(Text::Arn), ..Identity::default() };
        identity.is_instance_session()
    }

    /// Takes in a row of a part, as it is.
    pub(crate) fn push_row(&mut self, view: &RowView<'_>) {
        let (mut request, mut identity) = ([0; REQUEST_TEXTS + LISTS], [0; IDENTITY_TEXTS + 1]);
        let mut own = [0; EVENT_TEXTS];
        for (teller, text) in TELLERS.into_iter().zip(view.texts()) {
            let (texts, at) = match teller {
                Teller::Request(at) => (&mut request[..], at),
                Teller::Identity(at) => (&mut identity[..], at),
                Teller::Event(at) => (&mut own[..], at),
            };
            if let Some(place) = texts.get_mut(at) {
                *place = self.strings.number(text.as_bytes());
            }
        }
        for (place, list) in request.iter_mut().skip(REQUEST_TEXTS).zip(List::ALL) {
            let texts: Vec<&str> = view.list(list).collect();
            *place = self.list_like(0, texts.iter());
        }
        let mfa = view.flag(Flag::Mfa);
        identity[IDENTITY_TEXTS] = mfa_number(mfa);
        let row = Row {
            time: view.time,
            id: self.id(Some(view.id)),
            content: view.content,
            flags: *view.flags(),
            request: self.requests.number(&request),
            identity: self.identities.number(&identity),
            texts: own,
        };
        self.rows.push(row);
    }

    /// Whether it is time to write them.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= 2 * ROW_GROUP_ROWS
            || size_of_val(self.rows.as_slice()) + self.ids.len() + self.known_bytes() > HELD_BYTES_MAX
    }

    fn known_bytes(&self) -> usize {
        let numbers = [&self.lists, &self.requests, &self.identities].map(Numbers::bytes);
        let seen = &self.seen;
        let texts = [&self.strings, &seen.requests, &seen.heads, &seen.identities, &seen.agents];
        numbers.iter().sum::<usize>() + texts.map(Numbers::bytes).iter().sum::<usize>()
    }

    /// Forgets the rows, and what was seen only if it is much.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.ids.clear();
        if self.known_bytes() > KEPT_BYTES_MAX {
            self.strings.clear();
            self.lists.clear();
            self.requests.clear();
            self.identities.clear();
            self.seen.clear();
        }
    }
}

impl Seen {
    fn clear(&mut self) {
        self.requests.clear();
        self.told.clear();
        self.heads.clear();
        self.head_told.clear();
        self.identities.clear();
        self.known.clear();
        self.agents.clear();
        self.masked.clear();
    }
}

/// Whether a session was made with MFA, as a number that tells identities apart.
fn mfa_number(mfa: Option<bool>) -> u32 {
    mfa.map_or(1, |mfa| 2 + u32::from(mfa))
}

impl Known {
    fn parse(json: &str, strings: &mut Numbers<u8>, identities: &mut Numbers<u32>) -> Self {
        let parsed = Identity::parse(json);
        let odd_types = parsed.odd_types;
        let identity = Identity { odd_types: 0, ..redact::identity(parsed).into_owned() };
        let principal = identity.principal_text();
        let texts: [(Text, Option<&str>); IDENTITY_TEXTS] = [
            (Text::IdType, identity.kind.as_deref()),
            (Text::PrincipalId, identity.principal_id.as_deref()),
            (Text::Arn, identity.arn.as_deref()),
            (Text::Issuer, identity.issuer.as_deref()),
            (Text::Principal, principal.as_deref()),
            (Text::CallerAccount, identity.account.as_deref()),
            (Text::AccessKey, identity.access_key.as_deref()),
            (Text::UserName, identity.user_name.as_deref()),
            (Text::Provider, identity.provider.as_deref()),
            (Text::InvokedBy, identity.invoked_by.as_deref()),
            (Text::SourceIdentity, identity.source_identity.as_deref()),
            (Text::OnBehalfOf, identity.on_behalf_of.as_deref()),
            (Text::Delegate, identity.delegate.as_deref()),
        ];
        let mut told = [mfa_number(identity.mfa); IDENTITY_TEXTS + 1];
        for (text, value) in texts {
            if let Teller::Identity(at) = text.teller()
                && let Some(place) = told.get_mut(at)
            {
                *place = strings.number(value.unwrap_or_default().as_bytes());
            }
        }
        Self { number: identities.number(&told), identity, odd_types }
    }
}

/// The texts that stand in a row as the event tells them, in the order of the columns.
fn head_texts<'e>(event: &'e Event<'_>) -> [Option<&'e str>; HEAD_TEXTS] {
    [
        event.recipient.as_deref(),
        event.region.as_deref(),
        Some(&event.source),
        Some(&event.name),
        event.event_type.as_deref(),
        event.category.as_deref(),
        event.error.as_deref(),
    ]
}

/// All that [`Rows::tell`] looks at, each text behind its length: different events never write the same. Returns the
/// length of the head.
fn write_request(request: &mut Vec<u8>, event: &Event<'_>, identity: &Identity<'_>) -> usize {
    request.clear();
    head_texts(event).into_iter().for_each(|text| write_text(request, text));
    let head = request.len();
    write_text(request, event.bodies.resources);
    Needs::basis(event, identity).into_iter().for_each(|text| write_text(request, text));
    head
}

fn write_text(request: &mut Vec<u8>, text: Option<&str>) {
    let length = text.map_or(u32::MAX, |text| text.len() as u32);
    request.extend_from_slice(&length.to_le_bytes());
    request.extend_from_slice(text.unwrap_or_default().as_bytes());
}

/// The ARNs of `resources`. Anything that is no list of objects has none.
fn resource_arns(json: Option<&str>) -> Vec<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Resource<'a> {
        #[serde(rename = "ARN", borrow, default)]
        arn: Option<Cow<'a, str>>,
    }
    let resources: Vec<Resource<'_>> =
        json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    resources.into_iter().filter_map(|resource| resource.arn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of the lists of events that differ in one field.
    fn lists((source, name): (&str, &str), field: &str, values: [&str; 2]) -> [Vec<Vec<String>>; 2] {
        let mut rows = Rows::default();
        values.map(|value| {
            let event = format!(
                r#"{{"eventTime":"2026-03-01T00:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","recipientAccountId":"111122223333","{field}":{value}}}"#
            );
            kagimori_trail::event::read(event.as_bytes(), |event| {
                rows.push(&event, 0);
            });
            let row = rows.whole(*rows.rows.last().unwrap());
            let text = |number: &u32| String::from_utf8_lossy(rows.strings.get(*number)).into_owned();
            List::ALL.map(|list| rows.list(&row, list).iter().map(text).collect()).to_vec()
        })
    }

    /// What the permissions do not hang on stands in the row all the same.
    #[test]
    fn events_with_the_same_needs_keep_their_own_resources() {
        let arn = |name: &str| format!(r#"[{{"ARN":"arn:aws:ec2:us-east-1:111122223333:instance/{name}"}}]"#);
        let [one, two] = lists(("ec2", "DescribeInstances"), "resources", [&arn("i-1"), &arn("i-2")]);
        assert_eq!(one[0], ["arn:aws:ec2:us-east-1:111122223333:instance/i-1"]);
        assert_eq!(two[0], ["arn:aws:ec2:us-east-1:111122223333:instance/i-2"]);
        assert_eq!(one[1..], two[1..]);
        assert_eq!(one[1], ["ec2:DescribeInstances"]);
    }

    #[test]
    fn a_request_that_is_looked_at_tells_rows_apart() {
        let bucket = |name: &str| format!(r#"{{"bucketName":"{name}","key":"k"}}"#);
        let [one, two] = lists(("s3", "GetObject"), "requestParameters", [&bucket("a"), &bucket("b")]);
        assert_eq!((one[2][0].as_str(), two[2][0].as_str()), ("arn:aws:s3:::a/k", "arn:aws:s3:::b/k"));
    }
}
