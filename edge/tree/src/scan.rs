//! All that lies below some folders, read once and scanned, on all threads.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use kagimori_source::Scanner;

use crate::archive::{Form, Unpacking};
use crate::found::{Found, Place, Scanned, Where};
use crate::open::{self, Ending};
use crate::piece::{Blocks, Piece};
use crate::problem::Problem;
use crate::walk;

/// How far a scan is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Files that were read.
    pub files: usize,
    /// Files that there are.
    pub files_total: usize,
}

/// Scans files and folders. The number of a root is the number of its system.
pub fn scan(scanner: &Scanner, roots: &[PathBuf], progress: &(dyn Fn(Progress) + Sync)) -> Scanned {
    let mut all = Scanned::default();
    let mut files = Vec::new();
    for (system, root) in roots.iter().enumerate() {
        let listing = walk::list(root);
        all.counts.passed_over += listing.passed_over;
        all.problems.extend(listing.problems);
        all.repositories.extend(listing.repositories);
        all.bare.extend(listing.bare);
        for link in &listing.links {
            let mut hand = Hand { scanner, system, scanned: &mut all };
            hand.piece(Piece::whole(&link.name, &link.target), &Where::Link);
        }
        files.extend(listing.files.into_iter().map(|file| (system, file)));
    }
    // the largest first: at the end no thread waits long for another
    files.sort_by(|(_, a), (_, b)| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    let (next, files_total) = (AtomicUsize::new(0), files.len());
    let hands = rayon::broadcast(|_| {
        let (mut scanned, mut blocks) = (Scanned::default(), Blocks::default());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((system, file)) = files.get(at) else { break scanned };
            let mut hand = Hand { scanner, system: *system, scanned: &mut scanned };
            hand.file(file, &Where::File, &mut blocks);
            if at.is_multiple_of(512) {
                progress(Progress { files: at, files_total });
            }
        }
    });
    hands.into_iter().for_each(|hand| all.join(hand));
    all.settle();
    all
}

/// What one thread has in its hand.
pub(crate) struct Hand<'a> {
    pub(crate) scanner: &'a Scanner,
    pub(crate) system: usize,
    pub(crate) scanned: &'a mut Scanned,
}

impl Hand<'_> {
    /// Scans a file.
    pub(crate) fn file(&mut self, file: &walk::File, at: &Where, blocks: &mut Blocks) {
        self.scanned.counts.files += 1;
        self.scanned.counts.bytes += file.bytes;
        let problem = |message: String, hint: &str| Problem::new(&file.name, message, hint);
        let problem = match self.read(file, at, blocks) {
            Ok(Ending::Whole) => return,
            Ok(Ending::Changed) => {
                problem("it changed while it was read".to_owned(), "scan again when nobody writes to it")
            }
            Ok(Ending::Cut) => {
                problem("only its first GiB was read".to_owned(), "split it, and scan the pieces")
            }
            Err(error) => {
                problem(format!("cannot be read: {error}"), "check that you may read it (`ls -ld`)")
            }
        };
        self.scanned.problems.push(problem);
    }

    fn read(&mut self, file: &walk::File, at: &Where, blocks: &mut Blocks) -> io::Result<Ending> {
        let mut open = open::regular(&file.path)?;
        blocks.reset();
        let before = open::state(&open)?;
        blocks.next(&mut open)?;
        if let Some(form) = Form::of(blocks.bytes()) {
            return self.packed(form, file, open, before);
        }
        let carries_zip = open::carries_zip(&open, blocks.bytes());
        self.piece(blocks.piece(&file.name), at);
        while blocks.next(&mut open)?.is_some() {
            self.piece(blocks.piece(&file.name), at);
            if blocks.begins() >= open::FILE_BYTES_MAX {
                return Ok(Ending::Cut);
            }
        }
        if carries_zip {
            return self.packed(Form::Zip, file, open, before);
        }
        open::ending(&open, before)
    }

    fn packed(
        &mut self,
        form: Form,
        file: &walk::File,
        mut open: File,
        before: open::State,
    ) -> io::Result<Ending> {
        open.seek(SeekFrom::Start(0))?;
        let mut problems = Vec::new();
        let mut each = |piece: Piece<'_>| self.piece(piece, &Where::File);
        let mut reader = io::BufReader::with_capacity(64 << 10, &open);
        Unpacking::new(&mut each, &mut problems).open(form, &file.name, &mut reader, 1);
        self.scanned.problems.append(&mut problems);
        open::ending(&open, before)
    }

    /// Scans a piece.
    pub(crate) fn piece(&mut self, piece: Piece<'_>, at: &Where) {
        let holding = self.scanner.scan(piece.bytes);
        self.scanned.counts.examples += holding.examples;
        if let Some(kind) = holding.sealed {
            *self.scanned.sealed.entry(kind).or_default() += 1;
        }
        for message in holding.unread {
            let hint = "decode it, and scan what it holds";
            self.scanned.problems.push(Problem::new(piece.name, message, hint));
        }
        for mut held in holding.held {
            held.offset += usize::try_from(piece.begins).unwrap_or_default();
            held.line += piece.lines;
            let place = Place { system: self.system, path: piece.name.to_owned(), at: at.clone() };
            self.scanned.found.push(Found { held, place });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use kagimori_source::Beside;
    use kagimori_testkit::keys;

    use super::*;
    use crate::open::tests::folder;
    use crate::tar::tests::member;

    fn env() -> Vec<u8> {
        let (id, secret) = (keys::id("AKIA", 444_455_556_666, 1), keys::secret(1));
        format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n").into_bytes()
    }

    fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in members {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    fn scanned(files: &[(&str, Vec<u8>)]) -> (Vec<String>, Vec<String>) {
        let root = folder("scan");
        for (name, bytes) in files {
            fs::write(root.join(name), bytes).unwrap();
        }
        let scanned = scan(&Scanner::new().unwrap(), std::slice::from_ref(&root), &|_| ());
        fs::remove_dir_all(&root).unwrap();
        let prefix = format!("{}/", root.display());
        let short = |path: &str| path.replace(&prefix, "");
        let found = scanned.found.iter().map(|found| {
            let mark = if matches!(found.held.beside, Beside::Paired { .. }) { "+" } else { "-" };
            format!("{}:{}{mark}", short(&found.place.path), found.held.line)
        });
        let problems =
            scanned.problems.iter().map(|problem| format!("{}: {}", short(&problem.place), problem.message));
        (found.collect(), problems.collect())
    }

    #[test]
    fn archives_are_read_whatever_they_are_called() {
        let tar = [member(b"etc/env", b'0', b"", &env()), vec![0; 1024]].concat();
        let war = zipped(&[("WEB-INF/lib/a.jar", &zipped(&[("app.env", &env())]))]);
        let members = [gzipped(b"nothing here\n"), gzipped(&env())].concat();
        let zst = zstd::encode_all(env().as_slice(), 1).unwrap();
        let (found, problems) = scanned(&[
            ("a.war", war),
            ("b.tgz", gzipped(&tar)),
            ("c.log", members),
            ("d.tar.gz", tar),
            ("e.zst", zst),
            ("f.txt", zipped(&[("x/.env", &env())])),
        ]);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(
            found,
            [
                "a.war!WEB-INF/lib/a.jar!app.env:1+",
                "b.tgz!etc/env:1+",
                "c.log:2+",
                "d.tar.gz!etc/env:1+",
                "e.zst:1+",
                "f.txt!x/.env:1+",
            ]
        );
    }

    #[test]
    fn packages_streams_and_what_programs_carry_are_read() {
        let ar = |name: &str, bytes: &[u8]| {
            let head = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, bytes.len());
            let padding = vec![b'\n'; bytes.len() % 2];
            [head.as_bytes(), bytes, &padding].concat()
        };
        let data = gzipped(&[member(b"./etc/env", b'0', b"", &env()), vec![0; 1024]].concat());
        let deb = [b"!<arch>\n".to_vec(), ar("debian-binary", b"2.0"), ar("data.tar.gz", &data)].concat();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(&env()).unwrap();
        let zlib = zlib.finish().unwrap();
        let jar = [b"#!/bin/sh\nexec java -jar $0\n".to_vec(), zipped(&[("app.env", &env())])].concat();
        let page = String::from_utf8(env()).unwrap().replace("AKIA", "AK) -12.5 (IA");
        let mut stream = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        stream.write_all(format!("BT [({page})] TJ ET").as_bytes()).unwrap();
        let pdf =
            [b"%PDF-1.7\n<< /Filter /FlateDecode >>\nstream\n".to_vec(), stream.finish().unwrap()].concat();
        let image = [member(b"0a/layer.tar", b'0', b"", &data), vec![0; 1024]].concat();
        // `nothing here`, as `xz --format=lzma` writes it
        let lzma = b"\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x37\x1b\xca\xef\x20\xfd\x66\xb3\x39\x3f\x14\x50\x43\x21\x0a\xdd\xcf\xff\xff\xc9\xc3\x00\x00".to_vec();
        let (found, problems) = scanned(&[
            ("a.deb", deb),
            ("b.zz", zlib),
            ("c.jar", jar),
            ("d.pdf", pdf),
            ("e.tar", image),
            ("f.lzma", lzma),
            ("g.txt", b"x\x9c is no stream\n".to_vec()),
        ]);
        assert_eq!(problems, Vec::<String>::new());
        let paths = [
            "a.deb!data.tar.gz!./etc/env:1+",
            "b.zz:1+",
            "c.jar!app.env:1+",
            "d.pdf!stream@36:1+",
            "e.tar!0a/layer.tar!./etc/env:1+",
        ];
        assert_eq!(found, paths);
    }

    #[test]
    fn what_cannot_be_unpacked_is_never_clean() {
        let forms: [&[u8]; 5] =
            [b"PACK\0\0\0\x02x", b"# v2 git bundle\nx", b"hsqs", b"\x04\x22\x4d\x18x", b"Rar!\x1a\x07\0"];
        for form in forms {
            let (_, problems) = scanned(&[("a", form.to_vec())]);
            assert!(problems.iter().any(|problem| problem.contains("is not read")), "{problems:?}");
        }
    }

    #[test]
    fn what_is_not_read_is_said_and_the_rest_is_found() {
        let nested = (0..5).fold(env(), |inner, _| zipped(&[("a.zip", &inner)]));
        let mut broken = gzipped(&[env(), vec![b'x'; 200_000]].concat());
        broken.truncate(broken.len() - 8);
        let (found, problems) =
            scanned(&[("a.zip", nested), ("b.gz", broken), ("c.7z", b"7z\xbc\xaf\x27\x1c\0\x04".to_vec())]);
        assert_eq!(found, ["b.gz:1+"]);
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn a_bomb_ends_at_a_limit() {
        let zeros = vec![0_u8; 8 << 20];
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for _ in 0..5 {
            gzip.write_all(&zeros).unwrap();
        }
        let (_, problems) = scanned(&[("bomb.gz", gzip.finish().unwrap())]);
        assert!(problems[0].contains("more than 1 GiB"), "{problems:?}");
    }
}
