//! What can be wrong with a trail file, and where.

use std::fmt;

use super::RECORD_BYTES_MAX;

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The byte (of the uncompressed file, from 0) where it shows.
    pub at: u64,
    /// The record it is in, counted from 1; 0 before the first.
    pub record: u64,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each kind has its own sentence and hint")]
pub enum DamageKind {
    /// The file is empty.
    Empty,
    /// A byte sequence that is not UTF-8.
    NotUtf8,
    /// UTF-16, by its byte order mark.
    Utf16,
    /// Not JSON: what the parser says.
    NotJson(String),
    /// The file ends inside a value.
    CutOff,
    /// A value is longer than [`RECORD_BYTES_MAX`].
    TooLong,
    /// `eventVersion` has another major version than 1.
    OtherVersion(String),
    /// JSON, and neither events nor an object with `Records`.
    NoRecords,
    /// A digest file of log file validation.
    Digest,
    /// The record is no object.
    NotAnObject,
    /// The record's text is damaged: what the parser says.
    BadText(String),
    /// `eventTime` is absent.
    NoTime,
    /// `eventTime` is no time.
    BadTime,
    /// `eventSource` is absent.
    NoSource,
    /// `eventName` is absent.
    NoName,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DamageKind::Empty => return f.write_str("the file is empty"),
            DamageKind::Utf16 => return f.write_str("the text is UTF-16, and CloudTrail writes UTF-8"),
            DamageKind::NoRecords => return f.write_str("JSON without `Records`: not a CloudTrail file"),
            DamageKind::Digest => return f.write_str("a digest file of log file validation, not a log file"),
            DamageKind::NotUtf8 => f.write_str("the text is not UTF-8")?,
            DamageKind::NotJson(what) => write!(f, "not JSON: {what}")?,
            DamageKind::CutOff => f.write_str("the JSON ends in the middle")?,
            DamageKind::TooLong => write!(f, "a value is longer than {} MiB", RECORD_BYTES_MAX >> 20)?,
            DamageKind::OtherVersion(version) => {
                write!(f, "`eventVersion` is `{version}`, and 1.x is understood")?
            }
            DamageKind::NotAnObject => f.write_str("not an object")?,
            DamageKind::BadText(what) => write!(f, "a text is damaged: {what}")?,
            DamageKind::NoTime => f.write_str("`eventTime` is absent")?,
            DamageKind::BadTime => f.write_str("`eventTime` is no time")?,
            DamageKind::NoSource => f.write_str("`eventSource` is absent")?,
            DamageKind::NoName => f.write_str("`eventName` is absent")?,
        }
        match self.record {
            0 => write!(f, " (byte {})", self.at),
            record => write!(f, " (record {record}, byte {})", self.at),
        }
    }
}
