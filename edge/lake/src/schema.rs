//! The columns of the lake's files. What each one means is written in `docs/lake.md`; a test compares the two.
//!
//! The types are those that DuckDB, Spark, Sail, Athena and Trino all read: UTF-8 text, booleans, 64-bit integers,
//! timestamps in microseconds UTC, lists of text. `day` is a folder (`day=2026-03-01`) and never a column: some readers
//! refuse a column that is both, and no other folder is a column, because some make a number of `012345678901`.

mod event;

use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

pub(crate) use event::{
    CONTENT_COLUMN, EVENT_TEXTS, EVENTS, FLAG_COLUMNS, FLAGS, Flag, HELD, IDENTITY_TEXTS, LIST_COLUMNS,
    LISTS, List, Place, REQUEST_TEXTS, TELLERS, TEXT_COLUMNS, TEXTS, Teller, Text,
};

/// The version of the columns, in every file's metadata as `kagimori.schema`. It grows when a column changes its
/// meaning or goes away, not when one is added at the end.
pub const SCHEMA_VERSION: u32 = 1;

/// The name of [`SCHEMA_VERSION`] in a file's metadata.
pub const SCHEMA_KEY: &str = "kagimori.schema";

/// Before the content of an event. Earlier versions wrote none, and told contents by how JSON was spelled: those are not known.
pub(crate) const CONTENT_MARK: char = 's';

/// The content of an event as [`CONTENT_MARK`] and four digits tell it; 0 where it is not known.
pub(crate) fn content_of(text: &str) -> u16 {
    let digits = text.strip_prefix(CONTENT_MARK);
    digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

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

/// `daily_origins/`: calls that are alike in all that a history looks at ([`Made`](kagimori_trail::history::Made)), on a day. Kagimori's
/// own, and no table of other engines.
pub(crate) const ORIGINS: [Column; 22] = [
    of("account", Kind::Text),
    of("principal", Kind::Text),
    of("access_key_id", Kind::Text),
    of("caller_account", Kind::Text),
    of("id_type", Kind::Text),
    of("invoked_by", Kind::Text),
    of("region", Kind::Text),
    required("event_source", Kind::Text),
    required("event_name", Kind::Text),
    of("work", Kind::Text),
    of("source_ip", Kind::Text),
    of("vpce", Kind::Text),
    of("user_agent", Kind::Text),
    of("denied", Kind::Flag),
    of("data", Kind::Flag),
    of("instance_session", Kind::Flag),
    of("read_only", Kind::Flag),
    of("shared_copy", Kind::Flag),
    of("console", Kind::Flag),
    required("n", Kind::Number),
    required("first", Kind::Time),
    required("last", Kind::Time),
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
const WITHOUT_STATISTICS: [&str; 20] = [
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
    "work",
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
}
