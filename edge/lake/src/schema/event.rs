//! The columns of `events/`: one table says of each its name, what it holds, and what of an event tells it. Where texts,
//! truth values and lists are found in memory and in the file follows from the table. A new column goes to its end: parts
//! that were written before have none of it.

#![expect(
    clippy::indexing_slicing,
    reason = "places are worked out while compiling, for arrays of that very length"
)]

use super::{Column, Kind, of, required};

/// The texts of an event's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Text {
    Account,
    Region,
    Source,
    Name,
    EventType,
    Category,
    Error,
    Message,
    IdType,
    PrincipalId,
    Arn,
    Issuer,
    Principal,
    CallerAccount,
    AccessKey,
    UserName,
    Provider,
    InvokedBy,
    Address,
    Agent,
    VpcEndpoint,
    SharedId,
    UpdatedId,
    Outcome,
    Gap,
    Issued,
    SourceIdentity,
    OnBehalfOf,
    Delegate,
}

/// The truth values of an event's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Flag {
    Mfa,
    ReadOnly,
    FromConsole,
    SignedIn,
    SignInMfa,
    IsUpdate,
}

/// The lists of an event's row. The `iam_` lists are as long as each other: one entry per permission that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum List {
    Resources,
    Actions,
    CheckedResources,
    Forms,
    ResourceAccounts,
    Contexts,
}

/// What of an event tells a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// What was called: the same for every event with the same request.
    Request,
    /// Who called: the same for every event with the same `userIdentity`.
    Identity,
    /// The event itself.
    Event,
}

/// What a column holds of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Time,
    Id,
    Text(Text),
    Flag(Flag),
    List(List),
    /// The event's content in few bits; parts of earlier versions have none.
    Content,
}

const TABLE: [(Column, Place, By); 44] = [
    (required("event_time", Kind::Time), Place::Time, By::Event),
    (of("event_id", Kind::Text), Place::Id, By::Event),
    text("account", Text::Account, By::Request),
    text("region", Text::Region, By::Request),
    (required("event_source", Kind::Text), Place::Text(Text::Source), By::Request),
    (required("event_name", Kind::Text), Place::Text(Text::Name), By::Request),
    text("event_type", Text::EventType, By::Request),
    text("event_category", Text::Category, By::Request),
    text("error_code", Text::Error, By::Request),
    text("error_message", Text::Message, By::Event),
    text("id_type", Text::IdType, By::Identity),
    text("principal_id", Text::PrincipalId, By::Identity),
    text("arn", Text::Arn, By::Identity),
    text("issuer_arn", Text::Issuer, By::Identity),
    text("principal", Text::Principal, By::Identity),
    text("caller_account", Text::CallerAccount, By::Identity),
    text("access_key_id", Text::AccessKey, By::Identity),
    text("user_name", Text::UserName, By::Identity),
    text("identity_provider", Text::Provider, By::Identity),
    text("invoked_by", Text::InvokedBy, By::Identity),
    text("source_ip", Text::Address, By::Event),
    text("user_agent", Text::Agent, By::Event),
    text("vpce", Text::VpcEndpoint, By::Event),
    text("shared_event_id", Text::SharedId, By::Event),
    text("updates_event_id", Text::UpdatedId, By::Event),
    text("outcome", Text::Outcome, By::Request),
    text("iam_gap", Text::Gap, By::Request),
    text("issued_access_key_id", Text::Issued, By::Request),
    flag("mfa", Flag::Mfa),
    flag("read_only", Flag::ReadOnly),
    flag("from_console", Flag::FromConsole),
    flag("signed_in", Flag::SignedIn),
    flag("sign_in_mfa", Flag::SignInMfa),
    flag("is_update", Flag::IsUpdate),
    list("resource_arns", List::Resources),
    list("iam_actions", List::Actions),
    list("iam_resources", List::CheckedResources),
    list("iam_forms", List::Forms),
    list("iam_accounts", List::ResourceAccounts),
    list("iam_contexts", List::Contexts),
    (of("content", Kind::Text), Place::Content, By::Event),
    text("source_identity", Text::SourceIdentity, By::Identity),
    text("on_behalf_of", Text::OnBehalfOf, By::Identity),
    text("invoked_by_delegate", Text::Delegate, By::Identity),
];

const fn text(name: &'static str, text: Text, by: By) -> (Column, Place, By) {
    (of(name, Kind::Text), Place::Text(text), by)
}

const fn flag(name: &'static str, flag: Flag) -> (Column, Place, By) {
    (of(name, Kind::Flag), Place::Flag(flag), By::Event)
}

const fn list(name: &'static str, list: List) -> (Column, Place, By) {
    (of(name, Kind::List), Place::List(list), By::Request)
}

/// What tells a text of a row, and the how-manieth of its texts it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Teller {
    Request(usize),
    Identity(usize),
    Event(usize),
}

/// How many texts, truth values and lists a row has.
pub(crate) const TEXTS: usize = Text::Delegate as usize + 1;
pub(crate) const FLAGS: usize = Flag::IsUpdate as usize + 1;
pub(crate) const LISTS: usize = List::Contexts as usize + 1;

/// How many texts a request, an identity and an event tell.
pub(crate) const REQUEST_TEXTS: usize = LAYOUT.told[By::Request as usize];
pub(crate) const IDENTITY_TEXTS: usize = LAYOUT.told[By::Identity as usize];
pub(crate) const EVENT_TEXTS: usize = LAYOUT.told[By::Event as usize];

/// `events/`: one row per event.
pub(crate) const EVENTS: [Column; TABLE.len()] = LAYOUT.columns;
/// What each column of [`EVENTS`] holds.
pub(crate) const HELD: [Place; TABLE.len()] = LAYOUT.places;
/// The column of each text, truth value and list, in the order of the enums.
pub(crate) const TEXT_COLUMNS: [usize; TEXTS] = LAYOUT.texts;
pub(crate) const FLAG_COLUMNS: [usize; FLAGS] = LAYOUT.flags;
pub(crate) const LIST_COLUMNS: [usize; LISTS] = LAYOUT.lists;
/// What tells each text, in the order of the enum.
pub(crate) const TELLERS: [Teller; TEXTS] = LAYOUT.tellers;
/// The column of [`Place::Content`].
pub(crate) const CONTENT_COLUMN: usize = LAYOUT.content;

impl Text {
    /// Its column.
    pub(crate) const fn column(self) -> usize {
        TEXT_COLUMNS[self as usize]
    }

    /// What tells it.
    pub(crate) const fn teller(self) -> Teller {
        TELLERS[self as usize]
    }
}

impl Flag {
    /// Its column.
    pub(crate) const fn column(self) -> usize {
        FLAG_COLUMNS[self as usize]
    }
}

impl List {
    /// All of them, in the order of the enum.
    pub(crate) const ALL: [Self; LISTS] = [
        Self::Resources,
        Self::Actions,
        Self::CheckedResources,
        Self::Forms,
        Self::ResourceAccounts,
        Self::Contexts,
    ];
}

/// What follows from [`TABLE`].
struct Layout {
    columns: [Column; TABLE.len()],
    places: [Place; TABLE.len()],
    texts: [usize; TEXTS],
    tellers: [Teller; TEXTS],
    flags: [usize; FLAGS],
    lists: [usize; LISTS],
    content: usize,
    /// How many texts each of [`By`] tells.
    told: [usize; 3],
}

const LAYOUT: Layout = lay_out();

/// Worked out while compiling: a table that misses a text, or names one twice, does not compile.
const fn lay_out() -> Layout {
    const NOWHERE: usize = usize::MAX;
    let mut layout = Layout {
        columns: [TABLE[0].0; TABLE.len()],
        places: [Place::Time; TABLE.len()],
        texts: [NOWHERE; TEXTS],
        tellers: [Teller::Event(NOWHERE); TEXTS],
        flags: [NOWHERE; FLAGS],
        lists: [NOWHERE; LISTS],
        content: NOWHERE,
        told: [0; 3],
    };
    let mut at = 0;
    while at < TABLE.len() {
        let (column, place, by) = TABLE[at];
        (layout.columns[at], layout.places[at]) = (column, place);
        match place {
            Place::Time | Place::Id => {}
            Place::Content => layout.content = at,
            Place::Flag(flag) => layout.flags[flag as usize] = at,
            Place::List(list) => layout.lists[list as usize] = at,
            Place::Text(text) => {
                let nth = layout.told[by as usize];
                layout.told[by as usize] += 1;
                layout.texts[text as usize] = at;
                layout.tellers[text as usize] = match by {
                    By::Request => Teller::Request(nth),
                    By::Identity => Teller::Identity(nth),
                    By::Event => Teller::Event(nth),
                };
            }
        }
        at += 1;
    }
    // Each once: as many columns as there are places, and none of these left out.
    assert!(TABLE.len() == 3 + TEXTS + FLAGS + LISTS, "a column for each text, truth value and list");
    assert!(!has(&layout.texts, NOWHERE), "every text has a column");
    assert!(!has(&layout.flags, NOWHERE), "every truth value has a column");
    assert!(!has(&layout.lists, NOWHERE), "every list has a column");
    layout
}

const fn has(columns: &[usize], wanted: usize) -> bool {
    let mut at = 0;
    while at < columns.len() {
        if columns[at] == wanted {
            return true;
        }
        at += 1;
    }
    false
}
