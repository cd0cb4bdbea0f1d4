//! Events as rows, in memory until they are written: every text once, rows of numbers.
//!
//! A trail repeats itself: few identities, agents, places and actions make up millions of events. So a row is the numbers
//! of its texts, and what an identity tells, or which permissions the same request needs, is looked up, not worked out, when
//! it comes again.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use kagimori_estate::id::AccessKeyId;
use kagimori_trail::actions::Needs;
use kagimori_trail::event::{Event, Identity};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::checks;
use crate::read::RowView;
use crate::redact;
use crate::schema::{FLAGS, Flag, LISTS, List, TEXTS, Text};

/// Different identities that are remembered: a hostile trail must not fill the memory.
const IDENTITIES_MAX: usize = 1 << 14;

/// Different requests that are remembered, and the bytes of one at most.
const REQUESTS_MAX: usize = 1 << 16;
const REQUEST_BYTES_MAX: usize = 512;

/// Events as rows.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) strings: Strings,
    pub(crate) lists: Lists,
    pub(crate) rows: Vec<Row>,
    ids: Vec<u8>,
    identities: FxHashMap<Box<str>, Arc<Known>>,
    /// What the rows of events with the same request have in common, by [`write_request`].
    requests: FxHashMap<Box<[u8]>, Common>,
    /// The request at hand.
    request: Vec<u8>,
    scratch: Vec<u32>,
}

/// What does not differ between events with the same request.
#[derive(Clone, Copy, Debug)]
struct Common {
    texts: [u32; TEXTS],
    lists: [u32; LISTS],
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Seconds since 1970 UTC.
    pub(crate) time: i64,
    /// The event id: where it begins in `Rows::ids`, and how long it is. Long ones are cut.
    id: (u32, u16),
    /// Numbers in `Rows::strings`; 0 is absent.
    pub(crate) texts: [u32; TEXTS],
    /// Numbers in `Rows::lists`.
    pub(crate) lists: [u32; LISTS],
    pub(crate) flags: [Option<bool>; FLAGS],
}

/// What an identity tells, by the numbers of its texts.
#[derive(Clone, Debug)]
struct Known {
    identity: Identity<'static>,
    texts: Vec<(Text, u32)>,
    odd_types: u32,
}

/// Texts by number, each text once; number 0 is no text.
#[derive(Debug)]
pub(crate) struct Strings {
    numbers: FxHashMap<Bytes, u32>,
    texts: Vec<Bytes>,
    bytes: usize,
}

/// Lists of texts by number, each list once; number 0 is the empty list.
#[derive(Debug)]
pub(crate) struct Lists {
    numbers: FxHashMap<Box<[u32]>, u32>,
    lists: Vec<Box<[u32]>>,
}

impl Default for Strings {
    fn default() -> Self {
        Self { numbers: FxHashMap::default(), texts: vec![Bytes::new()], bytes: 0 }
    }
}

impl Default for Lists {
    fn default() -> Self {
        Self { numbers: FxHashMap::from_iter([(Box::default(), 0)]), lists: vec![Box::default()] }
    }
}

impl Strings {
    /// The number of a text.
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if let Some(number) = self.numbers.get(text.as_bytes()) {
            return *number;
        }
        let number = self.texts.len() as u32;
        let text = Bytes::copy_from_slice(text.as_bytes());
        self.bytes += text.len() + 64;
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    /// The text of a number.
    pub(crate) fn text(&self, number: u32) -> &Bytes {
        static NONE: Bytes = Bytes::new();
        self.texts.get(number as usize).unwrap_or(&NONE)
    }

    /// For each number its place when the texts are sorted.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = (0..self.texts.len() as u32).collect();
        numbers.sort_unstable_by(|a, b| self.text(*a).cmp(self.text(*b)));
        let mut ranks = vec![0; numbers.len()];
        for (rank, number) in numbers.into_iter().enumerate() {
            if let Some(place) = ranks.get_mut(number as usize) {
                *place = rank as u32;
            }
        }
        ranks
    }
}

impl Lists {
    fn number(&mut self, list: &[u32]) -> u32 {
        if let Some(number) = self.numbers.get(list) {
            return *number;
        }
        let number = self.lists.len() as u32;
        self.lists.push(list.into());
        self.numbers.insert(list.into(), number);
        number
    }

    /// The numbers of the texts of a list.
    pub(crate) fn list(&self, number: u32) -> &[u32] {
        self.lists.get(number as usize).map_or(&[], |list| list)
    }
}

impl Row {
    pub(crate) fn text(&self, text: Text) -> u32 {
        self.texts.get(text as usize).copied().unwrap_or_default()
    }

    fn set(&mut self, text: Text, number: u32) {
        if let Some(place) = self.texts.get_mut(text as usize) {
            *place = number;
        }
    }

    pub(crate) fn flag(&self, flag: Flag) -> Option<bool> {
        self.flags.get(flag as usize).copied().flatten()
    }

    fn set_flag(&mut self, flag: Flag, value: Option<bool>) {
        if let Some(place) = self.flags.get_mut(flag as usize) {
            *place = value;
        }
    }

    fn set_list(&mut self, list: List, number: u32) {
        if let Some(place) = self.lists.get_mut(list as usize) {
            *place = number;
        }
    }

    /// A copy for another account of a call that its caller's account has a copy of, too.
    pub(crate) fn is_shared_copy(&self) -> bool {
        let (copy_of, caller) = (self.text(Text::Account), self.text(Text::CallerAccount));
        self.text(Text::SharedId) != 0 && copy_of != 0 && copy_of != caller
    }
}

impl Rows {
    /// Takes an event in. Returns how many fields of its identity have another type than they should, and the account that
    /// got it, else the caller's.
    pub(crate) fn push(&mut self, event: &Event<'_>) -> (u32, Cow<'_, str>) {
        let known = self.known(event.identity.as_deref().unwrap_or("{}"));
        let Common { texts, lists } = self.common(event, &known.identity);
        let mut row =
            Row { time: event.time, id: self.id(event.id.as_deref()), texts, lists, flags: [None; FLAGS] };
        known.texts.iter().for_each(|(text, number)| row.set(*text, *number));
        row.set_flag(Flag::Mfa, known.identity.mfa);
        self.circumstances(&mut row, event);
        self.rows.push(row);
        let account = Some(row.text(Text::Account)).filter(|account| *account != 0);
        let account = self.strings.text(account.unwrap_or(row.text(Text::CallerAccount)));
        (known.odd_types, String::from_utf8_lossy(account))
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
            row.set(text, self.strings.number(value.unwrap_or_default()));
        }
        row.set(Text::Agent, self.masked(event.agent.as_deref()));
        row.set_flag(Flag::ReadOnly, event.read_only);
        row.set_flag(Flag::FromConsole, Some(event.from_console));
        row.set_flag(Flag::SignedIn, event.sign_in.map(|sign_in| sign_in.succeeded));
        row.set_flag(Flag::SignInMfa, event.sign_in.and_then(|sign_in| sign_in.mfa));
        row.set_flag(Flag::IsUpdate, Some(event.updates_earlier));
    }

    /// What was called and the permissions that were checked: worked out when the request is seen for the first time.
    fn common(&mut self, event: &Event<'_>, identity: &Identity<'_>) -> Common {
        let mut request = std::mem::take(&mut self.request);
        write_request(&mut request, event, identity);
        let known = self.requests.get(request.as_slice()).copied();
        let common = known.unwrap_or_else(|| {
            let common = self.work_out(event, identity);
            if request.len() <= REQUEST_BYTES_MAX {
                if self.requests.len() >= REQUESTS_MAX {
                    self.requests.clear();
                }
                self.requests.insert(request.as_slice().into(), common);
            }
            common
        });
        self.request = request;
        common
    }

    fn work_out(&mut self, event: &Event<'_>, identity: &Identity<'_>) -> Common {
        let needs = Needs::of(event, identity);
        let mut row = Row { time: 0, id: (0, 0), texts: [0; TEXTS], lists: [0; LISTS], flags: [None; FLAGS] };
        let texts = [
            (Text::Account, event.recipient.as_deref()),
            (Text::Region, event.region.as_deref()),
            (Text::Source, Some(&*event.source)),
            (Text::Name, Some(&*event.name)),
            (Text::EventType, event.event_type.as_deref()),
            (Text::Category, event.category.as_deref()),
            (Text::Error, event.error.as_deref()),
            (Text::Outcome, Some(checks::outcome(needs.outcome))),
            (Text::Gap, needs.gap.map(checks::gap)),
            (Text::Issued, needs.issued.as_ref().map(AccessKeyId::as_str)),
        ];
        for (text, value) in texts {
            row.set(text, self.strings.number(value.unwrap_or_default()));
        }
        if event.bodies.resources.is_some() {
            let resources = resource_arns(event.bodies.resources);
            row.set_list(List::Resources, self.list(resources.iter()));
        }
        if !needs.checks.is_empty() {
            for list in
                [List::Actions, List::CheckedResources, List::Forms, List::ResourceAccounts, List::Contexts]
            {
                let number = self.list(needs.checks.iter().map(|check| checks::field(check, list)));
                row.set_list(list, number);
            }
        }
        Common { texts: row.texts, lists: row.lists }
    }

    /// Callers choose their user agent and the name of their session: what looks like a secret is masked there, too.
    fn masked(&mut self, text: Option<&str>) -> u32 {
        let Some(text) = text else { return 0 };
        if let Some(number) = self.strings.numbers.get(text.as_bytes()) {
            return *number;
        }
        let number = self.strings.number(&redact::text(text));
        if !self.strings.numbers.contains_key(text.as_bytes()) {
            self.strings.numbers.insert(Bytes::copy_from_slice(text.as_bytes()), number);
        }
        number
    }

    /// What an identity tells: parsed when it is seen for the first time.
    fn known(&mut self, json: &str) -> Arc<Known> {
        if let Some(known) = self.identities.get(json) {
            return Arc::clone(known);
        }
        let known = Arc::new(Known::parse(json, &mut self.strings));
        if self.identities.len() >= IDENTITIES_MAX {
            self.identities.clear();
        }
        self.identities.insert(json.into(), Arc::clone(&known));
        known
    }

    fn list<T: AsRef<str>>(&mut self, texts: impl Iterator<Item = T>) -> u32 {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch.extend(texts.map(|text| self.strings.number(text.as_ref())));
        let number = self.lists.number(&scratch);
        self.scratch = scratch;
        number
    }

    fn id(&mut self, id: Option<&str>) -> (u32, u16) {
        let begin = self.ids.len() as u32;
        let bytes = id.unwrap_or_default().as_bytes();
        let length = u16::try_from(bytes.len()).unwrap_or_default();
        self.ids.extend(bytes.iter().take(usize::from(length)));
        (begin, length)
    }

    /// The event id of a row; empty when there is none.
    pub(crate) fn event_id(&self, row: &Row) -> &[u8] {
        let begin = row.id.0 as usize;
        self.ids.get(begin..begin + usize::from(row.id.1)).unwrap_or_default()
    }

    /// Whether a row is of the session of an instance.
    pub(crate) fn is_instance_session(&self, row: &Row) -> bool {
        let text = |text| Some(String::from_utf8_lossy(self.strings.text(row.text(text))));
        let identity = Identity { kind: text(Text::IdType), arn: text(Text::Arn), ..Identity::default() };
        identity.is_instance_session()
    }

    /// Takes in a row of a part, as it is.
    pub(crate) fn push_row(&mut self, view: &RowView<'_>) {
        let mut row = Row {
            time: view.time,
            id: self.id(Some(view.id)),
            texts: [0; TEXTS],
            lists: [0; LISTS],
            flags: *view.flags(),
        };
        for (place, text) in row.texts.iter_mut().zip(view.texts()) {
            *place = self.strings.number(text);
        }
        for list in [
            List::Resources,
            List::Actions,
            List::CheckedResources,
            List::Forms,
            List::ResourceAccounts,
            List::Contexts,
        ] {
            row.set_list(list, self.list(view.list(list)));
        }
        self.rows.push(row);
    }

    /// Whether it is time to write them.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= 2 * crate::schema::ROW_GROUP_ROWS || self.strings.bytes + self.ids.len() > 48 << 20
    }
}

impl Known {
    fn parse(json: &str, strings: &mut Strings) -> Self {
        let parsed = Identity::parse(json);
        let odd_types = parsed.odd_types;
        let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(redact::text(&text).into_owned()));
        let identity = Identity {
            kind: own(parsed.kind),
            principal_id: own(parsed.principal_id),
            arn: own(parsed.arn),
            account: own(parsed.account),
            access_key: own(parsed.access_key),
            user_name: own(parsed.user_name),
            invoked_by: own(parsed.invoked_by),
            provider: own(parsed.provider),
            issuer: own(parsed.issuer),
            mfa: parsed.mfa,
            odd_types: 0,
        };
        let principal = identity.principal_text();
        let texts = [
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
        ];
        let texts = texts.into_iter().filter_map(|(text, value)| Some((text, strings.number(value?))));
        Self { texts: texts.collect(), identity, odd_types }
    }
}

/// All that [`Rows::work_out`] looks at, each text behind its length: different events never write the same.
fn write_request(request: &mut Vec<u8>, event: &Event<'_>, identity: &Identity<'_>) {
    request.clear();
    for text in Needs::basis(event, identity).into_iter().chain([event.category.as_deref()]) {
        let length = text.map_or(u32::MAX, |text| text.len() as u32);
        request.extend_from_slice(&length.to_le_bytes());
        request.extend_from_slice(text.unwrap_or_default().as_bytes());
    }
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
