//! The bytes of one decompressed trail file to events, block by block.

#[cfg(test)]
mod tests;

use serde::de::{Deserialize, IgnoredAny};
use serde_json::Deserializer;

use super::record::{Carried, Key, Missing, Record, Text};
use super::row::Row;
use super::structure::NoEnd;
use super::time::seconds;
use super::{Damage, DamageKind, Event, scan};

/// The longest record that is read. AWS cuts an event at 256 KB (*CloudTrail record contents*), so a longer one is no
/// event, and what comes after it cannot be trusted to be where it seems to be.
pub const RECORD_BYTES_MAX: usize = 4 << 20;

/// What a file held, and what was wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Events handed out.
    pub events: u64,
    /// Records that are no calls: Insight events.
    pub not_calls: u64,
    /// Records that were set aside.
    pub damaged: u64,
    /// The first record that was set aside.
    pub first_damaged: Option<Damage>,
    /// Wanted fields of another type than they should be; taken as absent.
    pub odd_types: u64,
    /// Where reading ended too early, and why.
    pub stopped: Option<Damage>,
    /// Why the answer that it holds is not whole: of several in one file, the last.
    pub unfinished: Option<Unfinished>,
}

/// Why a query's answer is not all that there is; the worse one is the greater.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "each has its own sentence and hint")]
pub enum Unfinished {
    /// It says that more follows (`NextToken`).
    MoreFollows,
    /// The query is not at its end, or came to none: its status (`QueryStatus` of CloudTrail Lake, `status` of Logs Insights).
    Status(String),
}

/// Reads a file that lies in memory as a whole.
pub fn read(bytes: &[u8], each: impl FnMut(Event<'_>)) -> Reading {
    let mut reader = Reader::default();
    reader.read(bytes, true, each);
    reader.finish()
}

/// Reads a file block by block.
///
/// Give each block to [`Reader::read`]; put what it did not use in front of the next one.
#[derive(Debug, Default)]
pub struct Reader {
    place: Place,
    /// Bytes used before the block at hand.
    used: u64,
    records: u64,
    reading: Reading,
    /// What the envelope at hand says of itself.
    unfinished: Option<Unfinished>,
    /// Without the scanner.
    plain: bool,
}

/// Where in the file the reader is, between two values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before the first byte.
    #[default]
    Start,
    /// Outside of everything.
    Top,
    /// In an object with `Records`, before a key.
    Envelope { first: bool },
    /// In an array of records.
    Records { first: bool, in_envelope: bool },
}

/// Why the walk through a block ends.
enum Stop {
    /// All of it was used.
    Done,
    /// A value is not all there.
    More,
    /// Something is wrong at this byte of the block.
    Damage(usize, DamageKind),
}

impl Reader {
    /// A reader that goes the plain way only, which defines what is right; it is some three times slower.
    pub fn plain() -> Self {
        Self { plain: true, ..Self::default() }
    }

    /// Reads the whole records at the start of `block` and returns how many bytes that took. `last`: nothing follows.
    pub fn read(&mut self, block: &[u8], last: bool, mut each: impl FnMut(Event<'_>)) -> usize {
        if self.reading.stopped.is_some() {
            return block.len();
        }
        let (text, bad) = utf8_part(block, last);
        let mut walk = Walk { text, at: 0, last: last || bad, reader: self };
        let stop = walk.run(&mut each);
        let used = walk.at;
        let stop = match stop {
            Stop::Damage(at, kind) => Some((at, kind)),
            Stop::Done | Stop::More if bad => Some((text.len(), self.encoding_damage(block))),
            Stop::More if block.len() - used >= RECORD_BYTES_MAX => Some((used, DamageKind::TooLong)),
            Stop::More if last => Some((text.len(), DamageKind::CutOff)),
            Stop::Done if last && self.place == Place::Start => Some((0, DamageKind::Empty)),
            Stop::Done | Stop::More => None,
        };
        if let Some((at, kind)) = stop {
            let at = self.used + at as u64;
            self.reading.stopped = Some(Damage { at, record: self.record_at_hand(), kind });
        }
        self.used += used as u64;
        used
    }

    /// What the file held. After the block that was the last.
    pub fn finish(self) -> Reading {
        self.reading
    }

    fn record_at_hand(&self) -> u64 {
        if matches!(self.place, Place::Records { .. }) { self.records + 1 } else { 0 }
    }

    fn encoding_damage(&self, block: &[u8]) -> DamageKind {
        match block {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] if self.used == 0 => DamageKind::Utf16,
            _ => DamageKind::NotUtf8,
        }
    }
}

/// What a member of an envelope says of the answer's end.
fn unfinished(name: &str, told: &str) -> Option<Unfinished> {
    match name {
        "NextToken" | "nextToken" => Some(Unfinished::MoreFollows),
        "QueryStatus" | "status" => {
            let is_whole = ["FINISHED", "COMPLETE"].iter().any(|end| told.eq_ignore_ascii_case(end));
            (!is_whole).then(|| Unfinished::Status(told.chars().take(32).collect()))
        }
        _ => None,
    }
}

/// The part of a block that is UTF-8, and whether what follows it is wrong (and not only cut by the block's end).
fn utf8_part(block: &[u8], last: bool) -> (&str, bool) {
    match std::str::from_utf8(block) {
        Ok(text) => (text, false),
        Err(error) => {
            let valid = block.split_at_checked(error.valid_up_to()).map_or(&[][..], |(valid, _)| valid);
            (std::str::from_utf8(valid).unwrap_or_default(), last || error.error_len().is_some())
        }
    }
}

/// A walk through one block.
struct Walk<'t, 'r> {
    text: &'t str,
    /// Everything before this byte is read.
    at: usize,
    /// Nothing follows that could be read.
    last: bool,
    reader: &'r mut Reader,
}

impl<'t> Walk<'t, '_> {
    fn run(&mut self, each: &mut impl FnMut(Event<'_>)) -> Stop {
        loop {
            let step = match self.reader.place {
                Place::Start => self.start(),
                Place::Top => self.top(each),
                Place::Envelope { first } => self.envelope(first),
                Place::Records { first, in_envelope } => self.record(first, in_envelope, each),
            };
            if let Err(stop) = step {
                return stop;
            }
        }
    }

    /// Takes the text up to `at` as read and goes on at `place`.
    fn go(&mut self, at: usize, place: Place) -> Result<(), Stop> {
        self.at = at;
        self.reader.place = place;
        Ok(())
    }

    fn start(&mut self) -> Result<(), Stop> {
        let mark = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let (at, _) = self.next(mark).map_err(|_| Stop::Done)?;
        self.go(at, Place::Top)
    }

    fn top(&mut self, each: &mut impl FnMut(Event<'_>)) -> Result<(), Stop> {
        let Ok((at, byte)) = self.next(self.at) else {
            self.at = self.text.len();
            return Err(Stop::Done);
        };
        match byte {
            b'[' => self.go(at + 1, Place::Records { first: true, in_envelope: false }),
            b'{' => self.object(at, each),
            // A log group's export: the time of the log event stands before each (*Exporting log data to Amazon S3*).
            b'0'..=b'9' => match log_time(self.text.get(at..).unwrap_or_default()) {
                Some(length) => self.go(at + length, Place::Top),
                None if !self.last && self.text.len() - at < LOG_TIME_BYTES_MAX => Err(Stop::More),
                None => Err(Stop::Damage(at, DamageKind::NotJson(unexpected(self.text, at)))),
            },
            _ => Err(Stop::Damage(at, DamageKind::NotJson(unexpected(self.text, at)))),
        }
    }

    /// An object outside of everything: an envelope, or an event by itself.
    fn object(&mut self, at: usize, each: &mut impl FnMut(Event<'_>)) -> Result<(), Stop> {
        let envelope = Place::Envelope { first: true };
        let (inner, byte) = self.next(at + 1)?;
        if byte == b'"' && self.key(inner)?.0 {
            return self.go(at + 1, envelope);
        }
        let (record, end) = self.value::<Record<'t>>(at)?;
        if record.looks_like_event() || record.carried().is_some() {
            self.take(record, at, each);
            return self.go(end, Place::Top);
        }
        match (record.is_envelope, record.is_digest) {
            (true, _) => self.go(at + 1, envelope),
            (false, true) => Err(Stop::Damage(at, DamageKind::Digest)),
            (false, false) => Err(Stop::Damage(at, DamageKind::NoRecords)),
        }
    }

    /// One key and value of an envelope.
    fn envelope(&mut self, first: bool) -> Result<(), Stop> {
        let (mut at, mut byte) = self.next(self.at)?;
        if byte == b'}' {
            self.reader.reading.unfinished = self.reader.unfinished.take();
            return self.go(at + 1, Place::Top);
        }
        if !first {
            self.expect(at, byte, b',')?;
            (at, byte) = self.next(at + 1)?;
        }
        self.expect(at, byte, b'"')?;
        let (is_records, end) = self.key(at)?;
        let name = self.text.get(at + 1..end.saturating_sub(1)).unwrap_or_default();
        let (colon, byte) = self.next(end)?;
        self.expect(colon, byte, b':')?;
        let (at, byte) = self.next(colon + 1)?;
        if is_records && byte == b'[' {
            return self.go(at + 1, Place::Records { first: true, in_envelope: true });
        }
        let (told, end) = self.value::<Text<'t>>(at)?;
        if let Some(told) = told.value.and_then(|told| unfinished(name, &told)) {
            // a query that is not at its end says more than that its pages go on
            self.reader.unfinished = Some(told).max(self.reader.unfinished.take());
        }
        self.reader.reading.odd_types += u64::from(is_records);
        self.go(end, Place::Envelope { first: false })
    }

    /// One record of an array, or the array's end.
    fn record(
        &mut self,
        first: bool,
        in_envelope: bool,
        each: &mut impl FnMut(Event<'_>),
    ) -> Result<(), Stop> {
        let (mut at, mut byte) = self.next(self.at)?;
        if byte == b']' {
            let place = if in_envelope { Place::Envelope { first: false } } else { Place::Top };
            return self.go(at + 1, place);
        }
        if !first {
            self.expect(at, byte, b',')?;
            (at, byte) = self.next(at + 1)?;
        }
        let next = Place::Records { first: false, in_envelope };
        if byte == b'[' {
            let end = self.row(at, each)?;
            return self.go(end, next);
        }
        if byte != b'{' {
            let (IgnoredAny, end) = self.value(at)?;
            self.set_aside(at, DamageKind::NotAnObject);
            return self.go(end, next);
        }
        let end = match self.record_at(at) {
            Ok((record, end)) => {
                self.take(record, at, each);
                end
            }
            // Where only the text of a wanted field is wrong, the record can still be passed over.
            Err(Stop::Damage(wrong, DamageKind::NotJson(what))) => {
                let end = match self.value(at) {
                    Ok((IgnoredAny, end)) => end,
                    // The end of the record is in the next block.
                    Err(Stop::More) if !self.last => return Err(Stop::More),
                    Err(_) => return Err(Stop::Damage(wrong, DamageKind::NotJson(what))),
                };
                self.set_aside(wrong, DamageKind::BadText(what));
                end
            }
            Err(stop) => return Err(stop),
        };
        self.go(end, next)
    }

    /// A row of a query's answer; where it ends.
    fn row(&mut self, at: usize, each: &mut impl FnMut(Event<'_>)) -> Result<usize, Stop> {
        let (record, end) = match self.value::<Row>(at) {
            Ok((row, end)) => (row.record, end),
            Err(Stop::Damage(..)) => (None, self.value::<IgnoredAny>(at)?.1),
            Err(stop) => return Err(stop),
        };
        match record {
            Some(text) => self.carried(Carried::Text(&text), at, each),
            None => self.set_aside(at, DamageKind::NotAnObject),
        }
        Ok(end)
    }

    fn record_at(&self, at: usize) -> Result<(Record<'t>, usize), Stop> {
        if !self.reader.plain {
            match scan::record(self.text, at) {
                Ok((record, end)) if end - at <= RECORD_BYTES_MAX => return Ok((record, end)),
                // The same whatever the size of the blocks: the plain reader has its say when the record is all there.
                Err(NoEnd::CutOff) if !self.last => return Err(Stop::More),
                Ok(_) | Err(_) => {}
            }
        }
        self.value(at)
    }

    /// Hands out a record as an event, or sets it aside.
    fn take(&mut self, record: Record<'_>, at: usize, each: &mut impl FnMut(Event<'_>)) {
        if let Some(carried) = record.carried() {
            return self.carried(carried, at, each);
        }
        if let Version::Other(version) = major(record.version.as_deref()) {
            return self.set_aside(at, DamageKind::OtherVersion(version));
        }
        self.reader.reading.odd_types += u64::from(record.odd_types);
        if record.is_no_call() {
            self.reader.records += 1;
            self.reader.reading.not_calls += 1;
            return;
        }
        match record.into_event() {
            Ok(event) => {
                self.reader.records += 1;
                self.reader.reading.events += 1;
                each(event);
            }
            Err(Missing::Time) => self.set_aside(at, DamageKind::NoTime),
            Err(Missing::BadTime) => self.set_aside(at, DamageKind::BadTime),
            Err(Missing::Source) => self.set_aside(at, DamageKind::NoSource),
            Err(Missing::Name) => self.set_aside(at, DamageKind::NoName),
        }
    }

    /// Hands out the record that another carries. What carries something else (an event of EventBridge that is not
    /// CloudTrail's) is no call.
    fn carried(&mut self, carried: Carried<'_, '_>, at: usize, each: &mut impl FnMut(Event<'_>)) {
        let (Carried::Detail(text) | Carried::Text(text)) = carried;
        match serde_json::from_str::<Record<'_>>(text) {
            Ok(record) if record.looks_like_event() => self.take(record, at, each),
            Ok(_) => {
                self.reader.records += 1;
                self.reader.reading.not_calls += 1;
            }
            Err(error) => self.set_aside(at, DamageKind::BadText(short_message(&error))),
        }
    }

    fn set_aside(&mut self, at: usize, kind: DamageKind) {
        self.reader.records += 1;
        let damage = Damage { at: self.reader.used + at as u64, record: self.reader.records, kind };
        self.reader.reading.damaged += 1;
        self.reader.reading.first_damaged.get_or_insert(damage);
    }

    /// The next byte from `at` on that is no white space, and where it is.
    fn next(&self, at: usize) -> Result<(usize, u8), Stop> {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        rest.iter()
            .position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
            .and_then(|skip| Some((at + skip, *rest.get(skip)?)))
            .ok_or(Stop::More)
    }

    fn expect(&self, at: usize, byte: u8, wanted: u8) -> Result<(), Stop> {
        if byte == wanted {
            return Ok(());
        }
        let what = format!("{}, `{}` expected", unexpected(self.text, at), char::from(wanted));
        Err(Stop::Damage(at, DamageKind::NotJson(what)))
    }

    /// A key: whether it is that of a list of records, and where it ends.
    fn key(&self, at: usize) -> Result<(bool, usize), Stop> {
        let (key, end) = self.value::<Key>(at)?;
        Ok((matches!(key, Key::Records), end))
    }

    /// The value at `at`, and where it ends.
    fn value<T: Deserialize<'t>>(&self, at: usize) -> Result<(T, usize), Stop> {
        let rest = self.text.get(at..).unwrap_or_default();
        let mut values = Deserializer::from_str(rest).into_iter::<T>();
        match values.next() {
            Some(Ok(value)) => match values.byte_offset() {
                length if length > RECORD_BYTES_MAX => Err(Stop::Damage(at, DamageKind::TooLong)),
                // A number or a word may go on in the next block.
                length if length == rest.len() && !self.last && !rest.ends_with(['"', '}', ']']) => {
                    Err(Stop::More)
                }
                length => Ok((value, at + length)),
            },
            Some(Err(error)) if !error.is_eof() => {
                let wrong = offset_of(rest, error.line(), error.column());
                // `1.` may become a number with the next block.
                if !self.last && wrong + 1 >= rest.len() {
                    return Err(Stop::More);
                }
                Err(Stop::Damage(at + wrong, DamageKind::NotJson(short_message(&error))))
            }
            Some(Err(_)) | None => Err(Stop::More),
        }
    }
}

/// The longest time before a log event, with the blank behind it.
const LOG_TIME_BYTES_MAX: usize = 40;

/// The length of a time before a log event, `2026-10-22T00:00:00.000Z `, when there is one.
fn log_time(text: &str) -> Option<usize> {
    let head = text.get(..text.len().min(LOG_TIME_BYTES_MAX)).unwrap_or_default();
    let (time, _) = head.split_once([' ', '\t'])?;
    seconds(time).map(|_| time.len() + 1)
}

enum Version {
    One,
    Other(String),
}

/// The major version; none at all is taken as the one that is understood.
fn major(version: Option<&str>) -> Version {
    match version {
        None => Version::One,
        Some(version) if version.split('.').next() == Some("1") => Version::One,
        Some(version) => Version::Other(version.chars().filter(|c| !c.is_control()).take(20).collect()),
    }
}

/// The byte offset of serde_json's line and column, which count from 1, columns in bytes.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}

/// What serde_json says, without its line and column, which are relative to the record.
fn short_message(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    let tail = format!(" at line {} column {}", error.line(), error.column());
    whole.strip_suffix(&tail).unwrap_or(&whole).to_owned()
}

fn unexpected(text: &str, at: usize) -> String {
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(found) if !found.is_control() => format!("unexpected `{found}`"),
        _ => "unexpected control character".to_owned(),
    }
}
