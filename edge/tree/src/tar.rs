//! tar, as far as a scan needs it: names of any length (GNU's `L`, pax's `path`), contents, targets of links. A header is told by its sum, so
//! that the oldest form, without a mark, is one too.

use std::io::{self, Read};

const BLOCK: usize = 512;
/// How much a header of its own (a long name, pax) may hold.
const EXTENSION_BYTES_MAX: u64 = 1 << 20;

/// A member.
pub(crate) struct Member {
    pub(crate) name: String,
    /// Where it leads, of a link.
    pub(crate) link: Option<Vec<u8>>,
}

/// Reads members one after another.
pub(crate) struct Reader<'a> {
    from: &'a mut dyn Read,
    /// Bytes of the content that were not read yet, and of the padding behind it.
    left: u64,
    padding: u64,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
}

/// Whether bytes begin with a header.
pub(crate) fn is_header(head: &[u8]) -> bool {
    head.get(..BLOCK).is_some_and(|header| header.iter().any(|byte| *byte != 0) && sum_fits(header))
}

/// The sum of all bytes, those of the sum itself taken for spaces.
fn sum_fits(header: &[u8]) -> bool {
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) })
        .sum();
    let field = header.get(148..156).unwrap_or_default();
    field.iter().any(u8::is_ascii_digit) && number(field) == Some(sum)
}

/// An octal number, or (with the first bit) one in 256s.
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        return rest.iter().try_fold(u64::from(first & 0x7f), |number, byte| {
            Some(number.checked_mul(256)? + u64::from(*byte))
        });
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches(|letter: char| letter == '\0' || letter == ' ');
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

fn text(header: &[u8], from: usize, to: usize) -> Vec<u8> {
    header.get(from..to).unwrap_or_default().iter().copied().take_while(|byte| *byte != 0).collect()
}

impl<'a> Reader<'a> {
    pub(crate) fn new(from: &'a mut dyn Read) -> Self {
        Self { from, left: 0, padding: 0, long_name: None, long_link: None }
    }

    /// The next member; nothing at the end, which two empty blocks or the end of the stream are.
    pub(crate) fn next(&mut self) -> io::Result<Option<Member>> {
        loop {
            let mut header = Vec::new();
            (&mut *self.from).take(512).read_to_end(&mut header)?;
            if header.is_empty() || header.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            if header.len() < BLOCK || !sum_fits(&header) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a header of tar is wrong"));
            }
            let size = header.get(124..136).and_then(number).unwrap_or_default();
            self.left = size;
            self.padding = size.next_multiple_of(512) - size;
            match header.get(156) {
                Some(b'L') => self.long_name = Some(self.extension()?),
                Some(b'K') => self.long_link = Some(self.extension()?),
                Some(b'x') => self.pax()?,
                Some(b'g') => self.skip()?,
                kind => return Ok(Some(self.member(&header, kind.copied()))),
            }
        }
    }

    fn member(&mut self, header: &[u8], kind: Option<u8>) -> Member {
        let prefix = if header.get(257..262) == Some(b"ustar") { text(header, 345, 500) } else { Vec::new() };
        let mut short = text(header, 0, 100);
        if !prefix.is_empty() {
            short = [prefix, b"/".to_vec(), short].concat();
        }
        let name = self.long_name.take().unwrap_or(short);
        let target = self.long_link.take().unwrap_or_else(|| text(header, 157, 257));
        let link = matches!(kind, Some(b'1' | b'2')).then_some(target);
        Member { name: String::from_utf8_lossy(&name).into_owned(), link }
    }

    fn extension(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.content().take(EXTENSION_BYTES_MAX).read_to_end(&mut bytes)?;
        self.skip()?;
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        Ok(bytes)
    }

    /// `LENGTH KEY=VALUE\n`, again and again.
    fn pax(&mut self) -> io::Result<()> {
        let mut records = self.extension()?;
        records.push(b'\n');
        let mut rest = records.as_slice();
        while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
            let length = std::str::from_utf8(rest.get(..space).unwrap_or_default())
                .ok()
                .and_then(|text| text.trim().parse::<usize>().ok());
            let Some(record) = length.and_then(|length| rest.get(space + 1..length)) else { break };
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            if let Some(value) = record.strip_prefix(b"path=") {
                self.long_name = Some(value.to_vec());
            } else if let Some(value) = record.strip_prefix(b"linkpath=") {
                self.long_link = Some(value.to_vec());
            }
            rest = rest.get(length.unwrap_or(rest.len())..).unwrap_or_default();
        }
        Ok(())
    }

    /// What the member holds.
    pub(crate) fn content(&mut self) -> Content<'_, 'a> {
        Content { reader: self }
    }

    /// Passes over what was not read of the member.
    pub(crate) fn skip(&mut self) -> io::Result<()> {
        let rest = self.left + self.padding;
        (self.left, self.padding) = (0, 0);
        io::copy(&mut (&mut *self.from).take(rest), &mut io::sink())?;
        Ok(())
    }
}

/// The content of a member.
pub(crate) struct Content<'r, 'a> {
    reader: &'r mut Reader<'a>,
}

impl Read for Content<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&mut *self.reader.from).take(self.reader.left).read(buffer)?;
        self.reader.left -= u64::try_from(read).unwrap_or_default();
        if read == 0 && self.reader.left > 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(read)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A member as tar writes it.
    pub(crate) fn member(name: &[u8], kind: u8, link: &[u8], content: &[u8]) -> Vec<u8> {
        let mut header = vec![0_u8; BLOCK];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &name[..name.len().min(100)]);
        put(124, format!("{:011o}\0", content.len()).as_bytes());
        put(156, &[kind]);
        put(157, &link[..link.len().min(100)]);
        put(257, b"ustar\x0000");
        put(148, b"        ");
        let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut bytes = [header, content.to_vec()].concat();
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        bytes
    }

    fn names(tar: &[u8]) -> Vec<(String, String)> {
        let mut from = tar;
        let mut reader = Reader::new(&mut from);
        let mut names = Vec::new();
        while let Some(member) = reader.next().unwrap() {
            let mut content = String::new();
            reader.content().read_to_string(&mut content).unwrap();
            reader.skip().unwrap();
            let link = member.link.map(|link| String::from_utf8(link).unwrap()).unwrap_or_default();
            names.push((member.name, content + &link));
        }
        names
    }

    #[test]
    fn members_with_long_names_are_named() {
        let long = "a/".repeat(80) + "b";
        let record = format!("path={long}\n");
        let length = record.len() + 4;
        let tar = [
            member(b"././@LongLink", b'L', b"", long.as_bytes()),
            member(b"short", b'0', b"", b"one"),
            member(b"PaxHeader", b'x', b"", format!("{length} {record}").as_bytes()),
            member(b"short", b'0', b"", b"two"),
            member(b"link", b'2', b"../there", b""),
            vec![0; 1024],
        ];
        let expected = [(long.clone(), "one"), (long, "two"), ("link".to_owned(), "../there")];
        let expected = expected.map(|(name, content)| (name, content.to_owned()));
        assert_eq!(names(&tar.concat()), expected);
    }

    #[test]
    fn text_is_no_tar() {
        assert!(
            !is_header(&[b' '; 600]) && !is_header(&[0; 512]) && is_header(&member(b"a", b'0', b"", b""))
        );
    }
}
