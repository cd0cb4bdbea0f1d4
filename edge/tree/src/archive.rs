//! What is packed: zip (jar, war, docx …), tar, gzip, bzip2, xz, zstd, one inside another; told by the first bytes, never by the name.
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
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some(Self::Foreign("a 7z archive")),
            [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => Some(Self::Foreign("a rar archive")),
            _ => tar::is_header(head).then_some(Self::Tar),
        }
    }
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
