//! What a person names as an input: a file, a link to one, or a pipe that somebody writes into (`<(…)`, `/dev/stdin`). Nobody is waited for
//! who is not there, and nothing is read without end.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// No policy, plan or state is longer.
const BYTES_MAX: u64 = 1 << 30;
/// What is no file may have no end.
const BYTES_MAX_OF_A_STREAM: u64 = 64 << 20;

/// Reads what was named, as text.
///
/// # Errors
/// When it cannot be opened or read, is nothing that can be read, or no UTF-8.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    String::from_utf8(bytes(path)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the text is not UTF-8"))
}

/// Reads what was named.
///
/// # Errors
/// As [`text`].
pub(crate) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let source = open(path, &mut bytes)?;
    let is_file = source.metadata()?.is_file();
    let most = if is_file { BYTES_MAX } else { BYTES_MAX_OF_A_STREAM };
    source.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let most = most >> 20;
        return Err(io::Error::other(format!("it is longer than {most} MiB, or has no end")));
    }
    Ok(bytes)
}

#[cfg(not(unix))]
fn open(path: &Path, _begin: &mut Vec<u8>) -> io::Result<File> {
    File::open(path)
}

/// Opens it; what had to be read to see that somebody writes into it is its beginning.
#[cfg(unix)]
fn open(path: &Path, begin: &mut Vec<u8>) -> io::Result<File> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    let refused = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, what.to_owned()));
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_file() {
        return File::open(path);
    }
    if kind.is_dir() {
        return refused("it is a folder");
    }
    if kind.is_socket() || kind.is_block_device() {
        return refused("it is no file that can be read");
    }
    // Whoever opens a pipe waits for a writer, but for those who say that they will not.
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let mut source = File::options().read(true).custom_flags(nonblocking).open(path)?;
    if kind.is_fifo() {
        let mut chunk = [0; 4096];
        match source.read(&mut chunk) {
            Ok(0) => return refused("it is a pipe into which nobody writes"),
            Ok(read) => begin.extend_from_slice(chunk.get(..read).unwrap_or_default()),
            // There is a writer, who has written nothing yet.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let flags = fcntl_getfl(&source)?;
    fcntl_setfl(&source, flags - OFlags::NONBLOCK)?;
    Ok(source)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {

    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    fn place(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!(
            "kagimori-given-{}-{}",
            std::process::id(),
            jiff::Timestamp::now().as_nanosecond()
        ));
        std::fs::create_dir_all(&folder).unwrap();
        folder.join(name)
    }

    fn pipe(name: &str) -> PathBuf {
        let path = place(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    #[test]
    fn files_are_read() {
        let path = place("file");
        std::fs::write(&path, "ぜんぶ").unwrap();
        assert_eq!(text(&path).unwrap(), "ぜんぶ");
    }

    /// As a shell hands it over (`<(…)`): a writer who may be late, and more than a pipe holds.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_with_a_writer_is_read_to_its_end() {
        use std::io::Write as _;
        use std::os::fd::AsRawFd as _;

        let (reader, mut writer) = io::pipe().unwrap();
        let path = PathBuf::from(format!("/proc/self/fd/{}", reader.as_raw_fd()));
        let long = "x".repeat(300_000);
        std::thread::scope(|scope| {
            let read = scope.spawn(|| text(&path));
            writer.write_all(long.as_bytes()).unwrap();
            drop(writer);
            assert_eq!(read.join().unwrap().unwrap().len(), long.len());
        });
    }

    #[test]
    fn nobody_is_waited_for_and_nothing_is_read_without_end() {
        for (path, told) in [(pipe("nobody"), "into which nobody writes"), (place(""), "it is a folder")] {
            let error = text(&path).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
        assert_eq!(text(Path::new("/dev/null")).unwrap(), "");
        let error = text(Path::new("/dev/zero")).unwrap_err();
        assert!(error.to_string().contains("has no end"), "{error}");
        assert_eq!(text(&place("missing")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
