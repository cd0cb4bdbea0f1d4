//! The columns of the lake's files. What each one means is written in `docs/lake.md`; a test compares the two.
//!
//! The types are those that DuckDB, Spark, Sail, Athena and Trino all read: UTF-8 text, booleans, 64-bit integers,
//! timestamps in microseconds UTC, lists of text. `day` is a folder (`day=2026-03-01`) and never a column: some readers
//! refuse a column that is both, and no other folder is a column, because some make a number of `012345678901`.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

/// The version of the columns, in every file's metadata as `kagimori.schema`. It grows when a column changes its
/// meaning or goes away, not when one is added at the end.
pub const SCHEMA_VERSION: u32 = 1;

/// The name of [`SCHEMA_VERSION`] in a file's metadata.
pub const SCHEMA_KEY: &str = "kagimori.schema";

/// Rows of a row group: small enough to pass over many of them by their statistics.
pub(crate) const ROW_GROUP_ROWS: usize = 128 << 10;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Microseconds since 1970 UTC.
    Time,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A truth value.
    Flag,
    /// A list of texts.
    List,
}

/// A column: its name and what it holds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// It is never null.
    pub required: bool,
}

/// A file set as a table of other engines: `NAME/day=yyyy-mm-dd/*.parquet` below the lake.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Table {
    /// The folder's name.
    pub name: &'static str,
    /// The columns of its files; `day` is a folder, too, and not among them.
    pub columns: &'static [Column],
}

/// The file sets; `bodies` only when they were asked for.
pub const TABLES: [Table; 4] = [
    Table { name: "events", columns: &EVENTS },
    Table { name: "daily_actions", columns: &ACTIONS },
    Table { name: "daily_places", columns: &PLACES },
    Table { name: "bodies", columns: &BODIES },
];

const fn of(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, required: false }
}

const fn required(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, required: true }
}

/// The texts of an event's row, in the order of the columns.
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
}

/// How many texts a row has.
pub(crate) const TEXTS: usize = Text::Issued as usize + 1;

/// What tells a text of a row, and the how-manieth of its texts it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Teller {
    /// What was called: the same for every event with the same request.
    Request(usize),
    /// Who called: the same for every event with the same `userIdentity`.
    Identity(usize),
    /// The event itself.
    Event(usize),
}

/// How many texts a request, an identity and an event tell.
pub(crate) const REQUEST_TEXTS: usize = 10;
pub(crate) const IDENTITY_TEXTS: usize = 10;
pub(crate) const EVENT_TEXTS: usize = TEXTS - REQUEST_TEXTS - IDENTITY_TEXTS;

impl Text {
    /// What tells it.
    pub(crate) const fn teller(self) -> Teller {
        teller(self as usize)
    }
}

/// What tells the text at a place.
pub(crate) const fn teller(at: usize) -> Teller {
    const MESSAGE: usize = Text::Message as usize;
    const IDENTITY: usize = Text::IdType as usize;
    const ADDRESS: usize = Text::Address as usize;
    const OUTCOME: usize = Text::Outcome as usize;
    match at {
        0..MESSAGE => Teller::Request(at),
        MESSAGE => Teller::Event(0),
        IDENTITY..ADDRESS => Teller::Identity(at - IDENTITY),
        ADDRESS..OUTCOME => Teller::Event(1 + at - ADDRESS),
        _ => Teller::Request(MESSAGE + at - OUTCOME),
    }
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

/// How many truth values a row has.
pub(crate) const FLAGS: usize = Flag::IsUpdate as usize + 1;

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

/// How many lists a row has.
pub(crate) const LISTS: usize = List::Contexts as usize + 1;

impl List {
    /// All of them, in the order of the columns.
    pub(crate) const ALL: [Self; LISTS] = [
        Self::Resources,
        Self::Actions,
        Self::CheckedResources,
        Self::Forms,
        Self::ResourceAccounts,
        Self::Contexts,
    ];
}

/// Where the texts, flags and lists of [`EVENTS`] begin.
pub(crate) const TEXT_AT: usize = 2;
pub(crate) const FLAG_AT: usize = TEXT_AT + TEXTS;
pub(crate) const LIST_AT: usize = FLAG_AT + FLAGS;
/// Where the content of [`EVENTS`] is; parts of earlier versions have none.
pub(crate) const CONTENT_AT: usize = LIST_AT + LISTS;

/// `events/`: one row per event.
pub(crate) const EVENTS: [Column; CONTENT_AT + 1] = [
    required("event_time", Kind::Time),
    of("event_id", Kind::Text),
    of("account", Kind::Text),
    of("region", Kind::Text),
    required("event_source", Kind::Text),
    required("event_name", Kind::Text),
    of("event_type", Kind::Text),
    of("event_category", Kind::Text),
    of("error_code", Kind::Text),
    of("error_message", Kind::Text),
    of("id_type", Kind::Text),
    of("principal_id", Kind::Text),
    of("arn", Kind::Text),
    of("issuer_arn", Kind::Text),
    of("principal", Kind::Text),
    of("caller_account", Kind::Text),
    of("access_key_id", Kind::Text),
    of("user_name", Kind::Text),
    of("identity_provider", Kind::Text),
    of("invoked_by", Kind::Text),
    of("source_ip", Kind::Text),
    of("user_agent", Kind::Text),
    of("vpce", Kind::Text),
    of("shared_event_id", Kind::Text),
    of("updates_event_id", Kind::Text),
    of("outcome", Kind::Text),
    of("iam_gap", Kind::Text),
    of("issued_access_key_id", Kind::Text),
    of("mfa", Kind::Flag),
    of("read_only", Kind::Flag),
    of("from_console", Kind::Flag),
    of("signed_in", Kind::Flag),
    of("sign_in_mfa", Kind::Flag),
    of("is_update", Kind::Flag),
    of("resource_arns", Kind::List),
    of("iam_actions", Kind::List),
    of("iam_resources", Kind::List),
    of("iam_forms", Kind::List),
    of("iam_accounts", Kind::List),
    of("iam_contexts", Kind::List),
    of("content", Kind::Text),
];

/// `daily_actions/`: what each principal and long-term key did on a day.
pub(crate) const ACTIONS: [Column; 16] = [
    of("account", Kind::Text),
    of("principal", Kind::Text),
    of("access_key_id", Kind::Text),
    required("event_source", Kind::Text),
    required("event_name", Kind::Text),
    of("error_code", Kind::Text),
    of("event_type", Kind::Text),
    of("event_category", Kind::Text),
    of("read_only", Kind::Flag),
    of("shared_copy", Kind::Flag),
    required("n", Kind::Number),
    required("first", Kind::Time),
    required("last", Kind::Time),
    of("caller_account", Kind::Text),
    of("id_type", Kind::Text),
    of("invoked_by", Kind::Text),
];

/// `daily_places/`: from where each principal and long-term key called on a day.
pub(crate) const PLACES: [Column; 19] = [
    of("account", Kind::Text),
    of("principal", Kind::Text),
    of("access_key_id", Kind::Text),
    of("region", Kind::Text),
    of("source_ip", Kind::Text),
    of("vpce", Kind::Text),
    of("user_agent", Kind::Text),
    of("invoked_by", Kind::Text),
    of("mfa", Kind::Flag),
    of("shared_copy", Kind::Flag),
    required("n", Kind::Number),
    required("errors", Kind::Number),
    required("first", Kind::Time),
    required("last", Kind::Time),
    of("caller_account", Kind::Text),
    of("id_type", Kind::Text),
    of("console", Kind::Flag),
    of("instance_session", Kind::Flag),
    of("service_event", Kind::Flag),
];

/// `bodies/`: the bodies of events as redacted JSON text; only with `--bodies`.
pub(crate) const BODIES: [Column; 6] = [
    required("event_time", Kind::Time),
    of("event_id", Kind::Text),
    of("account", Kind::Text),
    of("request", Kind::Text),
    of("response", Kind::Text),
    of("additional", Kind::Text),
];

/// The columns as Parquet's message type.
pub(crate) fn message(columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let mut text = "message kagimori {\n".to_owned();
    for column in columns {
        let need = if column.required { "required" } else { "optional" };
        let name = column.name;
        text += &match column.kind {
            Kind::Time => format!("{need} int64 {name} (TIMESTAMP(MICROS,true));\n"),
            Kind::Number => format!("{need} int64 {name};\n"),
            Kind::Text => format!("{need} binary {name} (UTF8);\n"),
            Kind::Flag => format!("{need} boolean {name};\n"),
            Kind::List => format!(
                "{need} group {name} (LIST) {{ repeated group list {{ required binary element (UTF8); }} }}\n"
            ),
        };
    }
    text.push('}');
    Ok(Arc::new(parse_message_type(&text)?))
}

/// Columns whose smallest and largest text say nothing of the rows between: by the order of the rows these are all over
/// the place.
const WITHOUT_STATISTICS: [&str; 19] = [
    "event_id",
    "content",
    "event_type",
    "event_category",
    "error_message",
    "id_type",
    "user_agent",
    "updates_event_id",
    "outcome",
    "iam_gap",
    "resource_arns",
    "iam_actions",
    "iam_resources",
    "iam_forms",
    "iam_accounts",
    "iam_contexts",
    "request",
    "response",
    "additional",
];

/// Whether the smallest and the largest text of a column chunk are told.
pub(crate) fn has_statistics(column: &Column) -> bool {
    column.kind == Kind::Text && !WITHOUT_STATISTICS.contains(&column.name)
}

/// Level 1 of zstd is as small here as level 3.
pub(crate) const ZSTD_LEVEL: i32 = 1;

/// How the files are written by the `parquet` crate; texts, flags and lists are encoded by [`crate::parquet_file`].
pub(crate) fn properties(columns: &[Column]) -> Result<WriterProperties, ParquetError> {
    let schema = KeyValue::new(SCHEMA_KEY.to_owned(), SCHEMA_VERSION.to_string());
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(compression()?)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_created_by(format!("kagimori version {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(vec![schema]));
    // Times hardly ever come twice: a dictionary of them costs more than it saves.
    for column in columns.iter().filter(|column| column.kind == Kind::Time) {
        builder = builder
            .set_column_dictionary_enabled(column.name.into(), false)
            .set_column_encoding(column.name.into(), Encoding::DELTA_BINARY_PACKED);
    }
    Ok(builder.build())
}

/// How pages are compressed.
pub(crate) fn compression() -> Result<Compression, ParquetError> {
    Ok(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_every_column() {
        let text = include_str!("../../../docs/lake.md");
        for Table { name: set, columns } in TABLES {
            let table = text.split(&format!("<!-- {set} -->")).nth(1).unwrap();
            let table = table.split(&format!("<!-- /{set} -->")).next().unwrap();
            let listed: Vec<&str> = table
                .lines()
                .filter(|line| line.starts_with("| `"))
                .filter_map(|line| line.split('`').nth(1))
                .collect();
            let written: Vec<&str> = columns.iter().map(|column| column.name).collect();
            assert_eq!(listed, written, "{set}");
        }
    }

    #[test]
    fn every_text_has_a_place_of_its_own() {
        let mut places = [vec![false; REQUEST_TEXTS], vec![false; IDENTITY_TEXTS], vec![false; EVENT_TEXTS]];
        for at in 0..TEXTS {
            let (who, place) = match teller(at) {
                Teller::Request(place) => (0, place),
                Teller::Identity(place) => (1, place),
                Teller::Event(place) => (2, place),
            };
            assert!(!std::mem::replace(&mut places[who][place], true), "{}", EVENTS[TEXT_AT + at].name);
        }
        assert!(places.concat().iter().all(|taken| *taken));
        assert_eq!(Text::Principal.teller(), Teller::Identity(4));
    }

    #[test]
    fn columns_are_where_the_enums_say() {
        let name = |at: usize| EVENTS[at].name;
        assert_eq!(name(TEXT_AT + Text::Account as usize), "account");
        assert_eq!(name(TEXT_AT + Text::Principal as usize), "principal");
        assert_eq!(name(TEXT_AT + Text::Gap as usize), "iam_gap");
        assert_eq!(name(FLAG_AT + Flag::IsUpdate as usize), "is_update");
        assert_eq!(name(LIST_AT + List::Resources as usize), "resource_arns");
        assert_eq!(name(LIST_AT + List::Contexts as usize), "iam_contexts");
        let kinds = EVENTS.iter().skip(TEXT_AT).map(|column| column.kind);
        let expected = [(Kind::Text, TEXTS), (Kind::Flag, FLAGS), (Kind::List, LISTS), (Kind::Text, 1)];
        let expected = expected.into_iter().flat_map(|(kind, count)| std::iter::repeat_n(kind, count));
        assert!(kinds.eq(expected));
    }
}
