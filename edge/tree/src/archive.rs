//! What is packed: zip (jar, war, docx …), tar, ar (deb), gzip, zlib, bzip2, xz, lzma, zstd, the streams of a PDF, one inside another; told by
//! the first bytes, never by the name.
//!
//! Bounded: so deep, so many bytes and so many members for each file that was given. Whatever is beyond is a problem, and what came before is read.

use std::io::{self, Cursor, Read, Seek};

use crate::piece::{Blocks, Piece};
use crate::problem::Problem;
use crate::tar;

/// How many archives may lie in each other.
const DEPTH_MAX: usize = 4;
/// How much all that a file holds may become.
const BYTES_MAX: u64 = if cfg!(test) { 32 << 20 } else { 1 << 30 };
/// How many members all that a file holds may have.
const MEMBERS_MAX: usize = 200_000;
/// How much memory the dictionary of an lzma stream may take.
const DICTIONARY_KIB_MAX: u32 = 256 << 10;
/// How large an archive inside of another may be.
const INNER_BYTES_MAX: u64 = 128 << 20;

/// How something is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Zip,
    Tar,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
    Lzma,
    Zlib,
    Ar,
    Pdf,
    /// Told and not read.
    Foreign(&'static str),
}

impl Form {
    /// The form of something by its first bytes; tar needs 512 of them.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0x5d, 0, 0, _, _, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ..] => Some(Self::Lzma),
            [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] if inflates(head) => Some(Self::Zlib),
            [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n', ..] => Some(Self::Ar),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            _ => foreign(head).map(Self::Foreign).or_else(|| tar::is_header(head).then_some(Self::Tar)),
        }
    }
}

/// Whether a beginning is one of a zlib stream: what it holds, or too little to tell.
fn inflates(head: &[u8]) -> bool {
    let mut plain = [0; 16];
    flate2::read::ZlibDecoder::new(head).read(&mut plain).is_ok_and(|read| read > 0)
}

/// What is told and not read.
fn foreign(head: &[u8]) -> Option<&'static str> {
    const FORMS: [(&[u8], &str); 13] = [
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!\x1a\x07", "a rar archive"),
        (b"\xed\xab\xee\xdb", "an rpm package"),
        (b"MSCF\0\0\0\0", "a cab archive"),
        (b"\x04\x22\x4d\x18", "an lz4 stream"),
        (b"\x1f\x9d", "a stream of compress"),
        (b"LZIP\x01", "an lzip stream"),
        (b"hsqs", "a squashfs image"),
        (b"xar!", "a xar archive"),
        (b"PACK\0\0\0\x02", "a pack of git"),
        (b"# v2 git bundle\n", "a bundle of git (`git clone` makes a repository of it for `--git`)"),
        (b"# v3 git bundle\n", "a bundle of git (`git clone` makes a repository of it for `--git`)"),
        (b"\xffLZ4", "an lz4 stream"),
    ];
    FORMS.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, form)| *form)
}

/// Something that can be read from any place.
pub(crate) trait Seekable: Read + Seek {}
impl<T: Read + Seek> Seekable for T {}

/// Unpacks one file that was given.
pub(crate) struct Unpacking<'a> {
    each: &'a mut dyn FnMut(Piece<'_>),
    problems: &'a mut Vec<Problem>,
    bytes_left: u64,
    members_left: usize,
    /// It was said that a limit was met.
    told: bool,
}

impl<'a> Unpacking<'a> {
    pub(crate) fn new(each: &'a mut dyn FnMut(Piece<'_>), problems: &'a mut Vec<Problem>) -> Self {
        Self { each, problems, bytes_left: BYTES_MAX, members_left: MEMBERS_MAX, told: false }
    }

    /// Reads what is packed.
    pub(crate) fn open(&mut self, form: Form, name: &str, packed: &mut dyn Seekable, depth: usize) {
        if depth > DEPTH_MAX {
            let hint = "unpack it and scan what it holds";
            return self.say(
                name,
                format!("archives lie more than {DEPTH_MAX} deep in each other and were not read"),
                hint,
            );
        }
        let read = match form {
            Form::Zip => self.zip(name, packed, depth),
            Form::Tar => self.tar(name, packed, depth),
            Form::Gzip => self.stream(name, &mut flate2::read::MultiGzDecoder::new(packed), depth),
            Form::Bzip2 => self.stream(name, &mut bzip2::read::MultiBzDecoder::new(packed), depth),
            Form::Xz => self.stream(name, &mut lzma_rust2::XzReader::new(packed, true), depth),
            Form::Zstd => match zstd::stream::read::Decoder::new(packed) {
                Ok(mut plain) => self.stream(name, &mut plain, depth),
                Err(error) => Err(error),
            },
            Form::Lzma => match lzma_rust2::LzmaReader::new_mem_limit(packed, DICTIONARY_KIB_MAX, None) {
                Ok(mut plain) => self.stream(name, &mut plain, depth),
                Err(error) => Err(io::Error::other(error.to_string())),
            },
            Form::Zlib => self.stream(name, &mut flate2::read::ZlibDecoder::new(packed), depth),
            Form::Ar => self.ar(name, packed, depth),
            Form::Pdf => self.pdf(name, packed),
            Form::Foreign(what) => {
                return self.say(
                    name,
                    format!("it is {what}, which is not read"),
                    "unpack it and scan what it holds",
                );
            }
        };
        if let Err(error) = read
            && !self.told
        {
            self.say(
                name,
                format!("the archive is damaged or cut off: {error}"),
                "what came before was read; fetch it again",
            );
        }
    }

    fn say(&mut self, name: &str, message: String, hint: &str) {
        self.problems.push(Problem::new(name, message, hint));
    }

    /// A member, or what a stream holds. What is packed in turn has to fit into memory.
    fn content(&mut self, name: &str, plain: &mut dyn Read, depth: usize) -> io::Result<()> {
        let mut head = Vec::new();
        if let Err(error) = plain.take(512).read_to_end(&mut head) {
            (self.each)(Piece::whole(name, &head));
            return Err(error);
        }
        let Some(form) = Form::of(&head) else {
            return self.blocks(name, &mut Cursor::new(head).chain(plain));
        };
        if form == Form::Tar {
            return self.tar(name, &mut Cursor::new(head).chain(plain), depth + 1);
        }
        let mut inner = Vec::new();
        let limit = INNER_BYTES_MAX.min(self.bytes_left);
        let read = Cursor::new(head).chain(plain).take(limit).read_to_end(&mut inner)?;
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        self.spend(name, read)?;
        if read >= INNER_BYTES_MAX {
            let hint = "unpack the outer one and scan what it holds";
            self.say(name, "an archive inside of an archive is too large and was not read".to_owned(), hint);
            return Ok(());
        }
        self.open(form, name, &mut Cursor::new(inner), depth + 1);
        Ok(())
    }

    fn blocks(&mut self, name: &str, plain: &mut dyn Read) -> io::Result<()> {
        let mut blocks = Blocks::default();
        while let Some(read) = blocks.next(plain)? {
            self.spend(name, read)?;
            (self.each)(blocks.piece(name));
        }
        Ok(())
    }

    fn spend(&mut self, name: &str, bytes: u64) -> io::Result<()> {
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        if self.bytes_left > 0 {
            return Ok(());
        }
        self.limit(name, "it unpacks to more than 1 GiB and was not read to its end")
    }

    fn limit(&mut self, name: &str, message: &str) -> io::Result<()> {
        if !self.told {
            self.told = true;
            self.say(name, message.to_owned(), "unpack it, if you trust it, and scan what it holds");
        }
        Err(io::Error::other("a limit was met"))
    }

    /// What a stream holds has no name of its own.
    fn stream(&mut self, name: &str, plain: &mut dyn Read, depth: usize) -> io::Result<()> {
        self.content(name, plain, depth)
    }

    fn tar(&mut self, name: &str, plain: &mut dyn Read, depth: usize) -> io::Result<()> {
        let mut reader = tar::Reader::new(plain);
        while let Some(member) = reader.next()? {
            let inner = format!("{name}!{}", member.name);
            self.member(name)?;
            if let Some(target) = &member.link {
                (self.each)(Piece::whole(&inner, target));
            }
            self.content(&inner, &mut reader.content(), depth)?;
            reader.skip()?;
        }
        Ok(())
    }

    /// Members have a head of 60 letters and begin at even places (ar(5)): a Debian package is two archives in one.
    fn ar(&mut self, name: &str, packed: &mut dyn Seekable, depth: usize) -> io::Result<()> {
        packed.seek(io::SeekFrom::Start(8))?;
        loop {
            let mut head = Vec::new();
            (&mut *packed).take(60).read_to_end(&mut head)?;
            if head.is_empty() {
                return Ok(());
            }
            let text = |from: usize, to: usize| {
                String::from_utf8_lossy(head.get(from..to).unwrap_or_default()).trim().to_owned()
            };
            let wrong = || io::Error::new(io::ErrorKind::InvalidData, "a header of ar is wrong");
            let size: u64 = text(48, 58).parse().map_err(|_| wrong())?;
            self.member(name)?;
            let inner = format!("{name}!{}", text(0, 16).trim_end_matches('/'));
            let ends = packed.stream_position()?.saturating_add(size.next_multiple_of(2));
            self.content(&inner, &mut (&mut *packed).take(size), depth)?;
            packed.seek(io::SeekFrom::Start(ends))?;
        }
    }

    /// A PDF as it is, and what its streams inflate to (ISO 32000-1, 7.4.4), where words may be cut to be moved.
    fn pdf(&mut self, name: &str, packed: &mut dyn Seekable) -> io::Result<()> {
        let mut bytes = Vec::new();
        let read = packed.take(INNER_BYTES_MAX).read_to_end(&mut bytes)?;
        self.spend(name, u64::try_from(read).unwrap_or(u64::MAX))?;
        (self.each)(Piece::whole(name, &bytes));
        for at in memchr::memmem::find_iter(&bytes, b"stream") {
            let rest = bytes.get(at + 6..).unwrap_or_default();
            let Some(data) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) else {
                continue;
            };
            if !matches!(data, [0x48 | 0x58 | 0x68 | 0x78, ..]) || !inflates(data) {
                continue;
            }
            self.member(name)?;
            let mut text = Vec::new();
            // a stream that breaks off is shown as far as it goes: readers do so, too
            let _ = flate2::read::ZlibDecoder::new(data).take(self.bytes_left).read_to_end(&mut text);
            self.spend(name, u64::try_from(text.len()).unwrap_or(u64::MAX))?;
            (self.each)(Piece::whole(&format!("{name}!stream@{at}"), &moved_together(&text)));
        }
        if memchr::memmem::find(&bytes, b"/Encrypt ").is_some() {
            let hint = "save it without its password and scan that";
            self.say(name, "it is encrypted, and its texts were not read".to_owned(), hint);
        } else if u64::try_from(read).is_ok_and(|read| read >= INNER_BYTES_MAX) {
            self.say(
                name,
                "only its first 128 MiB were read".to_owned(),
                "save its pages apart and scan those",
            );
        }
        Ok(())
    }

    fn member(&mut self, name: &str) -> io::Result<()> {
        self.members_left = self.members_left.saturating_sub(1);
        if self.members_left > 0 {
            Ok(())
        } else {
            self.limit(name, "it holds too many members and was not read to its end")
        }
    }

    fn zip(&mut self, name: &str, packed: &mut dyn Seekable, depth: usize) -> io::Result<()> {
        let mut archive = zip::ZipArchive::new(packed).map_err(io::Error::other)?;
        let mut sealed = 0;
        for at in 0..archive.len() {
            self.member(name)?;
            let is_sealed = archive.by_index_raw(at).is_ok_and(|member| member.encrypted());
            if is_sealed {
                sealed += 1;
                continue;
            }
            match archive.by_index(at) {
                Ok(mut member) => {
                    let inner = format!("{name}!{}", String::from_utf8_lossy(member.name_raw()));
                    if member.is_dir() {
                        continue;
                    }
                    if let Err(error) = self.content(&inner, &mut member, depth) {
                        if self.told {
                            return Err(error);
                        }
                        self.say(
                            &inner,
                            format!("the member is damaged: {error}"),
                            "fetch the archive again",
                        );
                    }
                }
                Err(error) => self.say(
                    name,
                    format!("a member was not read: {error}"),
                    "unpack it and scan what it holds",
                ),
            }
        }
        if sealed > 0 {
            let hint = "unpack it with its password and scan what it holds";
            self.say(name, format!("{sealed} members are encrypted and were not read"), hint);
        }
        Ok(())
    }
}

/// The words of a page without the numbers that move their letters: `[(AK) -12 (IA)] TJ` says `(AKIA)`.
fn moved_together(text: &[u8]) -> Vec<u8> {
    let mut together = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if *byte == b')' {
            let is_gap = |byte: &u8| byte.is_ascii_digit() || b" .-".contains(byte);
            let gap = text
                .get(at + 1..)
                .unwrap_or_default()
                .iter()
                .take(24)
                .take_while(|byte| is_gap(byte))
                .count();
            if gap > 0 && text.get(at + 1 + gap) == Some(&b'(') {
                at += gap + 2;
                continue;
            }
        }
        together.push(*byte);
        at += 1;
    }
    together
}
