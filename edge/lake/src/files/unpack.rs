//! What a file is packed in, told by its first bytes: gzip, zstd, UTF-16, the CSV of a query; one inside another. (A zip
//! holds several files: [`super::zip`].)
//!
//! Each is a layer that reads from the one below, so nothing is held as a whole, and whoever reads bounds what comes out.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use super::inflate::{Members, Tail};

/// Layers, at most: a zip of gzip files of UTF-16 is three.
const LAYERS_MAX: usize = 4;
/// What is looked at to tell a form: the header of a CSV is the longest.
const HEAD_BYTES: u64 = 8 << 10;

/// What the bytes of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Gzip,
    Zstd,
    Zip,
    Utf16 {
        is_big: bool,
    },
    /// A query's answer with a column `eventJson`, and the place of that.
    Csv {
        column: usize,
    },
    /// Known, and not read: what it is.
    Other(&'static str),
    /// Text, or whatever else.
    Plain,
}

/// First bytes of files that are known, and not read.
const OTHERS: [(&[u8], &str); 6] = [
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"PAR1", "Parquet"),
    (b"Obj\x01", "Avro"),
];

impl Form {
    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [0xff, 0xfe, ..] | [b'{' | b'[', 0, ..] => Self::Utf16 { is_big: false },
            [0xfe, 0xff, ..] | [0, b'{' | b'[', ..] => Self::Utf16 { is_big: true },
            _ => match OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
                Some((_, what)) => Self::Other(what),
                None => column(head).map_or(Self::Plain, |column| Self::Csv { column }),
            },
        }
    }
}

/// The place of the column `eventJson` in the header of a CSV.
fn column(head: &[u8]) -> Option<usize> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.trim_start_matches('\u{feff}').trim();
    if line.starts_with(['{', '[']) {
        return None;
    }
    line.split(',').position(|name| name.trim_matches('"') == "eventJson")
}

/// Damage inside a layer.
#[derive(Debug)]
pub(super) struct Unreadable {
    what: &'static str,
    message: String,
    /// The form is known, and not read.
    pub(super) is_foreign: bool,
    /// All of it is sound, and something else follows.
    is_tail: bool,
}

/// Whether what was read is whole, and something else follows it.
pub(super) fn is_tail(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(|inner| {
        inner.is::<Tail>() || inner.downcast_ref::<Unreadable>().is_some_and(|told| told.is_tail)
    })
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_foreign {
            write!(f, "it is {} data, which is not read", self.what)
        } else {
            write!(f, "the {} data is damaged: {}", self.what, self.message)
        }
    }
}

impl std::error::Error for Unreadable {}

impl Unreadable {
    pub(super) fn damaged(what: &'static str, error: &impl fmt::Display) -> io::Error {
        let told = Self { what, message: error.to_string(), is_foreign: false, is_tail: false };
        io::Error::new(io::ErrorKind::InvalidData, told)
    }

    fn in_layer(what: &'static str, error: &io::Error) -> io::Error {
        let told = Self { what, message: error.to_string(), is_foreign: false, is_tail: is_tail(error) };
        io::Error::new(io::ErrorKind::InvalidData, told)
    }

    fn foreign(what: &'static str) -> io::Error {
        let told = Self { what, message: String::new(), is_foreign: true, is_tail: false };
        io::Error::new(io::ErrorKind::InvalidData, told)
    }
}

/// Says once what was wrong with what came before.
struct Wrong(Option<io::Error>);

impl Read for Wrong {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// A source without what it is packed in.
pub(super) fn unpack<'s>(source: impl Read + 's) -> io::Result<Box<dyn Read + 's>> {
    let mut source: Box<dyn Read + 's> = Box::new(source);
    for _ in 0..LAYERS_MAX {
        let mut head = Vec::new();
        let read = source.by_ref().take(HEAD_BYTES).read_to_end(&mut head);
        let form = Form::of(&head);
        let wrong = match read {
            // what came before it is read first
            Err(error) if is_tail(&error) => Some(error),
            read => read.map(|_| None)?,
        };
        let whole = BufReader::new(Cursor::new(head).chain(Wrong(wrong)).chain(source));
        source = match form {
            Form::Plain => return Ok(Box::new(whole)),
            Form::Gzip => Box::new(Layer { what: "gzip", inner: Members::new(whole) }),
            Form::Zstd => Box::new(Layer { what: "zstd", inner: zstd::Decoder::with_buffer(whole)? }),
            Form::Utf16 { is_big } => Box::new(Utf16::new(whole, is_big)),
            Form::Csv { column } => Box::new(Records::new(whole, column)),
            Form::Zip => return Err(Unreadable::foreign("zip inside zip")),
            Form::Other(what) => return Err(Unreadable::foreign(what)),
        };
    }
    Err(Unreadable::foreign("deeply packed"))
}

/// A layer whose damage is told by its name. What the system says of the disk stays what it is.
struct Layer<R> {
    what: &'static str,
    inner: R,
}

impl<R: Read> Read for Layer<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into).map_err(|error| {
            let is_below = error.raw_os_error().is_some()
                || error.get_ref().is_some_and(|inner| inner.is::<Unreadable>());
            if is_below { error } else { Unreadable::in_layer(self.what, &error) }
        })
    }
}

/// Bytes that were made and not yet handed out.
#[derive(Default)]
struct Made {
    bytes: Vec<u8>,
    at: usize,
}

impl Made {
    fn hand_out(&mut self, into: &mut [u8]) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        count
    }

    fn anew(&mut self) -> &mut Vec<u8> {
        self.at = 0;
        self.bytes.clear();
        &mut self.bytes
    }
}

/// UTF-16 as UTF-8: PowerShell writes what a command prints so.
struct Utf16<R> {
    source: R,
    is_big: bool,
    made: Made,
    /// The first half of a pair.
    high: Option<u16>,
}

impl<R: BufRead> Utf16<R> {
    fn new(source: R, is_big: bool) -> Self {
        Self { source, is_big, made: Made::default(), high: None }
    }

    /// The next unit; `None` at the end.
    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut pair = [0; 2];
        let mut got = 0;
        while got < 2 {
            let into = pair.get_mut(got..).unwrap_or_default();
            match self.source.read(into)? {
                0 if got == 0 => return Ok(None),
                0 => return Err(Unreadable::damaged("UTF-16", &"it ends in the middle of a character")),
                count => got += count,
            }
        }
        Ok(Some(if self.is_big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }))
    }

    fn fill(&mut self) -> io::Result<()> {
        self.made.anew();
        while self.made.bytes.len() < 16 << 10 {
            let Some(unit) = self.unit()? else { break };
            let units = self.high.take().into_iter().chain([unit]);
            for decoded in char::decode_utf16(units) {
                match decoded {
                    Ok(character) => {
                        let mut text = [0; 4];
                        self.made.bytes.extend_from_slice(character.encode_utf8(&mut text).as_bytes());
                    }
                    Err(lone) if (0xd800..0xdc00).contains(&lone.unpaired_surrogate()) => {
                        self.high = Some(lone.unpaired_surrogate());
                    }
                    Err(lone) => return Err(Unreadable::damaged("UTF-16", &lone)),
                }
            }
        }
        match self.high {
            Some(_) if self.made.bytes.is_empty() => {
                Err(Unreadable::damaged("UTF-16", &"it ends in the middle of a character"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.made.at >= self.made.bytes.len() {
            self.fill()?;
        }
        Ok(self.made.hand_out(into))
    }
}

/// The column `eventJson` of a CSV, a line each.
struct Records<R> {
    source: csv::Reader<R>,
    column: usize,
    record: csv::ByteRecord,
    made: Made,
}

impl<R: Read> Records<R> {
    fn new(source: R, column: usize) -> Self {
        let source = csv::ReaderBuilder::new().has_headers(true).flexible(true).from_reader(source);
        Self { source, column, record: csv::ByteRecord::new(), made: Made::default() }
    }
}

impl<R: Read> Read for Records<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.made.at >= self.made.bytes.len() {
            let read = self.source.read_byte_record(&mut self.record);
            if !read.map_err(|error| Unreadable::damaged("CSV", &error))? {
                return Ok(0);
            }
            let cell = self.record.get(self.column).unwrap_or_default();
            let made = self.made.anew();
            made.extend_from_slice(cell);
            made.push(b'\n');
        }
        Ok(self.made.hand_out(into))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: &[u8]) -> Result<String, String> {
        let mut text = String::new();
        unpack(bytes)
            .and_then(|mut source| source.read_to_string(&mut text))
            .map_err(|error| error.to_string())?;
        Ok(text)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn utf16(text: &str, is_big: bool) -> Vec<u8> {
        let bytes = |unit: u16| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn layers() {
        let text = "{\"é\":\"鍵😀\"}\r\n".repeat(3_000);
        let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        let marked = format!("\u{feff}{text}");
        let rows = [
            text.clone().into_bytes(),
            gzip(text.as_bytes()),
            zstd(text.as_bytes()),
            gzip(&zstd(text.as_bytes())),
            utf16(&text, false),
            utf16(&text, true),
            zstd(&utf16(&text, false)),
        ];
        for bytes in rows {
            assert_eq!(read(&bytes).as_deref(), Ok(&*text));
        }
        assert_eq!(read(&utf16(&marked, false)).as_deref(), Ok(&*marked));
    }

    #[test]
    fn a_column_of_a_csv() {
        let csv = "eventID,\"eventJson\"\nx,\"{\"\"a\"\":\n1}\"\ny,{}\nz\n";
        assert_eq!(read(csv.as_bytes()).as_deref(), Ok("{\"a\":\n1}\n{}\n\n"));
        assert_eq!(read(b"eventID,eventName\nx,y\n").as_deref(), Ok("eventID,eventName\nx,y\n"));
    }

    #[test]
    fn damage_and_others() {
        let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 5].to_vec();
        let rows = [
            (cut(zstd::encode_all(&b"{}"[..], 1).unwrap()), "the zstd data is damaged"),
            (cut(gzip(b"{}")), "the gzip data is damaged"),
            (b"\xff\xfe{\0\x00\xdc".to_vec(), "the UTF-16 data is damaged"),
            (b"\xff\xfe{\0}".to_vec(), "the UTF-16 data is damaged"),
            (b"PAR1xxxx".to_vec(), "it is Parquet data, which is not read"),
            (b"BZh91AY".to_vec(), "it is bzip2 data, which is not read"),
        ];
        for (bytes, expected) in rows {
            let told = read(&bytes).unwrap_err();
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
