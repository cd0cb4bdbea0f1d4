//! The socket: one call, one answer, for one uid. What is no message closes the connection.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use kagimori_sealing::protocol::{Call, framed, length};
use ring::rand::SecureRandom;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::process::Uid;
use zeroize::Zeroizing;

use crate::moment::Moment;
use crate::vault::Vault;

/// A message is whole within this.
const SILENCE: Duration = Duration::from_secs(5);

/// So many connections at once: the desk needs one, and a person who looks another.
const CONNECTIONS_MAX: usize = 16;

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

/// Answers whoever speaks, one call after the other, until the process ends. A connection may be silent for as long as it likes; of too many
/// the oldest goes.
///
/// # Errors
/// When no connection can be waited for any more.
pub fn serve(
    listener: &UnixListener,
    vault: &mut Vault,
    uid: u32,
    boot: &str,
    random: &dyn SecureRandom,
) -> io::Result<()> {
    let mut open: Vec<UnixStream> = Vec::new();
    loop {
        let (is_new, speaking) = waited(listener, &open)?;
        // What becomes of one connection is no matter of the others.
        let mut place = 0;
        open.retain_mut(|stream| {
            let speaks = speaking.get(place).copied().unwrap_or_default();
            place += 1;
            !speaks || turn(stream, vault, boot, random).unwrap_or_default()
        });
        if is_new
            && let Ok((stream, _)) = listener.accept()
            && admit(&stream, uid).is_ok()
        {
            if open.len() == CONNECTIONS_MAX {
                drop(open.remove(0));
            }
            open.push(stream);
        }
    }
}

/// Waits until somebody comes or speaks: whether there is somebody new, and of each connection whether it does.
fn waited(listener: &UnixListener, open: &[UnixStream]) -> io::Result<(bool, Vec<bool>)> {
    let mut asked = vec![PollFd::new(listener, PollFlags::IN)];
    asked.extend(open.iter().map(|stream| PollFd::new(stream, PollFlags::IN)));
    loop {
        match poll(&mut asked, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => break,
        }
    }
    let mut speaks = asked.iter().map(|one| !one.revents().is_empty());
    Ok((speaks.next().unwrap_or_default(), speaks.collect()))
}

/// Whether it is the desk that comes.
fn admit(stream: &UnixStream, uid: u32) -> io::Result<()> {
    let peer = socket_peercred(stream)?;
    if peer.uid != Uid::from_raw(uid) {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))
}

/// Answers one call; `false`: the other side has hung up.
fn turn(
    stream: &mut UnixStream,
    vault: &mut Vault,
    boot: &str,
    random: &dyn SecureRandom,
) -> io::Result<bool> {
    let Some(bytes) = message(stream)? else { return Ok(false) };
    let call: Call =
        serde_json::from_slice(&bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    drop(bytes);
    let answer = vault.answer(call, &Moment::now(boot), random);
    let framed = framed(&answer).map(Zeroizing::new).ok_or(io::ErrorKind::InvalidData)?;
    stream.write_all(&framed).map(|()| true)
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
    admit(&stream, uid)?;
    while turn(&mut stream, vault, boot, random)? {}
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
