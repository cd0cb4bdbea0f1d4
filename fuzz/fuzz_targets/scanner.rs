//! The scanner and the plain reader of trail files on the same bytes, whole and in blocks: what is right by the plain
//! reader is the same by both, and the scanner takes what the plain reader refuses only inside a value that is not wanted.
//!
//! The first byte chooses the blocks, the others are the file. `fuzz/seeds/scanner` holds odd events to begin with.
#![no_main]

use kagimori_trail::event::{Event, Reader, Reading};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

/// The keys whose values are read; of all others only the ends are looked for.
const READ: [&str; 19] = [
    "eventVersion",
    "eventTime",
    "eventSource",
    "eventName",
    "eventID",
    "eventType",
    "eventCategory",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "vpcEndpointId",
    "errorCode",
    "errorMessage",
    "recipientAccountId",
    "sharedEventID",
    "readOnly",
    "sessionCredentialFromConsole",
    "Records",
    "digestStartTime",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((split, file)) = bytes.split_first() else { return };
    let (plain, plain_events) = whole(Reader::plain(), file, told);
    let (scanned, scanned_events) = whole(Reader::default(), file, told);
    if is_clean(&plain) {
        assert_eq!(scanned, plain);
        assert_eq!(scanned_events, plain_events);
    } else {
        let mut more = scanned_events.iter();
        assert!(plain_events.iter().all(|event| more.any(|other| other == event)), "an event is lost");
        assert!(scanned.damaged <= plain.damaged || plain.stopped.is_some(), "{scanned:?} {plain:?}");
        if is_clean(&scanned) {
            forgiven(file);
        }
    }
    same_in_blocks(Reader::plain(), file, *split, (&plain, &plain_events));
    same_in_blocks(Reader::default(), file, *split, (&scanned, &scanned_events));
});

/// Everything an event says, its bodies too.
fn told(event: &Event<'_>) -> String {
    let bodies = event.bodies;
    format!("{event:?} {:?}", [bodies.request, bodies.response, bodies.additional, bodies.resources])
}

/// What an event says without the values that are kept unread.
fn read(event: &Event<'_>) -> String {
    let mut event = event.clone();
    event.identity = None;
    event.bodies = Default::default();
    format!("{event:?}")
}

fn is_clean(reading: &Reading) -> bool {
    reading.stopped.is_none() && reading.damaged == 0
}

fn whole(mut reader: Reader, file: &[u8], tell: fn(&Event<'_>) -> String) -> (Reading, Vec<String>) {
    let mut events = Vec::new();
    reader.read(file, true, |event| events.push(tell(&event)));
    (reader.finish(), events)
}

/// In blocks, as from a buffer, a reader reads what it reads as a whole.
fn same_in_blocks(mut reader: Reader, file: &[u8], split: u8, whole: (&Reading, &[String])) {
    // Small blocks cut everywhere, large ones leave whole records in most of them.
    let size = match split {
        0..64 => usize::from(split) + 1,
        64.. => (usize::from(split) - 63) * 16,
    };
    let (mut events, mut buffer) = (Vec::new(), Vec::new());
    let mut blocks = file.chunks(size).peekable();
    loop {
        buffer.extend_from_slice(blocks.next().unwrap_or_default());
        let last = blocks.peek().is_none();
        let used = reader.read(&buffer, last, |event| events.push(told(&event)));
        buffer.drain(..used);
        if last {
            break;
        }
    }
    let reading = reader.finish();
    assert_eq!(events, whole.1, "in blocks of {size}");
    if is_clean(whole.0) {
        assert_eq!(&reading, whole.0, "in blocks of {size}");
    } else {
        assert_eq!(reading.damaged, whole.0.damaged, "in blocks of {size}");
        assert_eq!(reading.stopped.is_some(), whole.0.stopped.is_some(), "in blocks of {size}");
    }
}

/// The scanner found nothing wrong and the plain reader did: with `null` for the values that are not wanted and wrong,
/// the plain reader finds the same events.
fn forgiven(file: &[u8]) {
    let mut forgiving = Forgiving { file, at: 0, text: Vec::new(), forgave: false };
    let Some(()) = forgiving.file() else { return };
    assert!(forgiving.forgave, "the scanner takes what is wrong elsewhere");
    let (plain, events) = whole(Reader::plain(), &forgiving.text, read);
    let (scanned, scanned_events) = whole(Reader::default(), file, read);
    assert_eq!(plain, scanned, "{}", String::from_utf8_lossy(&forgiving.text));
    assert_eq!(events, scanned_events);
}

/// A walk by bytes through `{"Records":[…]}` or an array; `None` where it meets anything else.
struct Forgiving<'b> {
    file: &'b [u8],
    at: usize,
    /// The same with `null` for the values that are not wanted and no JSON.
    text: Vec<u8>,
    forgave: bool,
}

impl Forgiving<'_> {
    fn file(&mut self) -> Option<()> {
        if self.space()? == b'{' {
            self.copy(1);
            (self.space()? == b'"' && self.string()? == b"Records").then_some(())?;
            (self.space()? == b':').then(|| self.copy(1))?;
        }
        (self.space()? == b'[').then(|| self.copy(1))?;
        while self.space()? == b'{' {
            self.record()?;
            if self.space()? == b',' {
                self.copy(1);
            }
        }
        self.copy(self.file.len() - self.at);
        Some(())
    }

    fn record(&mut self) -> Option<()> {
        self.copy(1);
        loop {
            if self.space()? == b'"' {
                let key = self.string()?;
                (self.space()? == b':').then(|| self.copy(1))?;
                self.space()?;
                self.value(READ.iter().any(|read| read.as_bytes() == key))?;
            }
            match self.space()? {
                b',' => self.copy(1),
                b'}' => return Some(self.copy(1)),
                _ => return None,
            }
        }
    }

    /// Passes over white space; the byte behind it.
    fn space(&mut self) -> Option<u8> {
        while matches!(self.file.get(self.at)?, b' ' | b'\n' | b'\r' | b'\t') {
            self.copy(1);
        }
        self.file.get(self.at).copied()
    }

    /// A string that holds no escapes, between its quotes.
    fn string(&mut self) -> Option<Vec<u8>> {
        let end = self.string_end()?;
        let key = self.file.get(self.at + 1..end - 1)?.to_vec();
        self.copy(end - self.at);
        (!key.contains(&b'\\')).then_some(key)
    }

    fn string_end(&self) -> Option<usize> {
        let mut at = self.at + 1;
        while *self.file.get(at)? != b'"' {
            at += if self.file.get(at)? == &b'\\' { 2 } else { 1 };
        }
        Some(at + 1)
    }

    fn value(&mut self, is_read: bool) -> Option<()> {
        let end = match self.file.get(self.at)? {
            b'"' => self.string_end()?,
            b'{' | b'[' => self.container_end()?,
            _ => {
                let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
                self.at + self.file.get(self.at..)?.iter().position(is_end)?
            }
        };
        let value = self.file.get(self.at..end)?;
        if is_read || serde_json::from_slice::<IgnoredAny>(value).is_ok() {
            self.copy(end - self.at);
        } else {
            self.forgave = true;
            self.text.extend_from_slice(b"null");
            self.at = end;
        }
        Some(())
    }

    /// Brackets and braces count alike outside of strings; a backslash takes the meaning from a quote behind it.
    fn container_end(&self) -> Option<usize> {
        let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
        for (at, byte) in self.file.iter().enumerate().skip(self.at) {
            match byte {
                b'"' if !escaped => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(at + 1);
            }
            escaped = *byte == b'\\' && !escaped;
        }
        None
    }

    fn copy(&mut self, bytes: usize) {
        self.text.extend_from_slice(self.file.get(self.at..self.at + bytes).unwrap_or_default());
        self.at += bytes;
    }
}
