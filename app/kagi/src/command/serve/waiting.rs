//! Connections whose request is not whole yet: they wait beside each other, and nobody waits for one that sends nothing.

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const MOST_REQUEST_BYTES: usize = 8 * 1024;
/// A request that is not whole by then is given up.
pub(super) const MOST_REQUEST_TIME: Duration = Duration::from_secs(2);
/// Of more at once the oldest is given up.
const MOST_WAITING: usize = 64;

/// The connections that wait, the oldest first.
#[derive(Default)]
pub(super) struct Room(Vec<Waiting>);

struct Waiting {
    stream: TcpStream,
    head: Vec<u8>,
    until: Instant,
}

/// A request that is whole, or as whole as it gets.
pub(super) struct Asked {
    pub(super) stream: TcpStream,
    pub(super) head: String,
}

enum Came {
    NotYet(Waiting),
    Whole(Asked),
    Nothing,
}

impl Room {
    /// Lets a connection wait.
    pub(super) fn enter(&mut self, stream: TcpStream) {
        if stream.set_nonblocking(true).is_err() {
            return;
        }
        if self.0.len() >= MOST_WAITING {
            self.0.remove(0);
        }
        self.0.push(Waiting { stream, head: Vec::new(), until: Instant::now() + MOST_REQUEST_TIME });
    }

    /// The requests that have become whole.
    pub(super) fn whole(&mut self) -> Vec<Asked> {
        let mut whole = Vec::new();
        for waiting in std::mem::take(&mut self.0) {
            match waiting.read() {
                Came::NotYet(waiting) => self.0.push(waiting),
                Came::Whole(asked) => whole.push(asked),
                Came::Nothing => {}
            }
        }
        whole
    }
}

impl Waiting {
    fn read(mut self) -> Came {
        let mut chunk = [0; 1024];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) if self.head.is_empty() => return Came::Nothing,
                Ok(0) => return self.asked(),
                Ok(length) => self.head.extend_from_slice(chunk.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return if Instant::now() < self.until { Came::NotYet(self) } else { Came::Nothing };
                }
                Err(_) => return Came::Nothing,
            }
            let is_whole = self.head.windows(4).any(|window| window == b"\r\n\r\n");
            if is_whole || self.head.len() >= MOST_REQUEST_BYTES {
                return self.asked();
            }
        }
    }

    fn asked(self) -> Came {
        if self.stream.set_nonblocking(false).is_err() {
            return Came::Nothing;
        }
        Came::Whole(Asked { head: String::from_utf8_lossy(&self.head).into_owned(), stream: self.stream })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn whoever_sends_nothing_is_waited_for_by_nobody() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut room = Room::default();
        let mut connect = |text: &str| {
            let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            near.write_all(text.as_bytes()).unwrap();
            room.enter(listener.accept().unwrap().0);
            near
        };
        let idle: Vec<_> = (0..20).map(|_| connect("")).collect();
        let half = connect("GET / HTTP/1.1\r\nHost: x");
        let asking = connect("GET / HTTP/1.1\r\n\r\n");
        let mut came = Vec::new();
        while came.is_empty() {
            came = room.whole();
        }
        // Nothing slept meanwhile, and one of 22 is there.
        assert_eq!(
            came.iter().map(|asked| asked.head.as_str()).collect::<Vec<_>>(),
            ["GET / HTTP/1.1\r\n\r\n"]
        );
        drop((idle, half, asking));
    }

    #[test]
    fn of_too_many_the_oldest_goes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut room = Room::default();
        let near: Vec<_> = (0..MOST_WAITING + 6)
            .map(|_| {
                let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                room.enter(listener.accept().unwrap().0);
                near
            })
            .collect();
        assert_eq!(room.0.len(), MOST_WAITING);
        drop(near);
    }
}
