//! The socket: one call, one answer, for one uid. What is no message closes the connection.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use kagimori_sealing::protocol::{Call, framed, length};
use ring::rand::SecureRandom;
use rustix::net::sockopt::socket_peercred;
use rustix::process::Uid;
use zeroize::Zeroizing;

use crate::moment::Moment;
use crate::vault::Vault;

/// Who is silent for so long makes room for others: there is one connection at a time.
const SILENCE: Duration = Duration::from_secs(5);

/// Makes the socket. What lies there from before is taken away, when it is a socket; others may not even connect.
///
/// # Errors
/// Of the system.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::FileTypeExt as _;
    if fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket()) {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}

/// Answers, one connection after the other, until the process ends.
///
/// # Errors
/// When no connection can be taken any more.
pub fn serve(
    listener: &UnixListener,
    vault: &mut Vault,
    uid: u32,
    boot: &str,
    random: &dyn SecureRandom,
) -> io::Result<()> {
    loop {
        let (stream, _) = match listener.accept() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            taken => taken?,
        };
        // What becomes of one connection is no matter of the next.
        drop(one(stream, vault, uid, boot, random));
    }
}

/// Answers one connection until it ends.
///
/// # Errors
/// Why it ended; an end that the other side makes is none.
pub fn one(
    mut stream: UnixStream,
    vault: &mut Vault,
    uid: u32,
    boot: &str,
    random: &dyn SecureRandom,
) -> io::Result<()> {
    let peer = socket_peercred(&stream)?;
    if peer.uid != Uid::from_raw(uid) {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    while let Some(bytes) = message(&mut stream)? {
        let call: Call =
            serde_json::from_slice(&bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        drop(bytes);
        let answer = vault.answer(call, &Moment::now(boot), random);
        let framed = framed(&answer).map(Zeroizing::new).ok_or(io::ErrorKind::InvalidData)?;
        stream.write_all(&framed)?;
    }
    Ok(())
}

fn message(stream: &mut UnixStream) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut head = [0; 4];
    match stream.read(&mut head)? {
        0 => return Ok(None),
        read => stream.read_exact(head.get_mut(read..).unwrap_or_default())?,
    }
    let length = length(head).ok_or(io::ErrorKind::InvalidData)?;
    let mut bytes = Zeroizing::new(vec![0; length]);
    stream.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}
