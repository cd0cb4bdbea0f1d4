//! As much of HTTP/1.1 as AWS's clients speak: requests with `Content-Length` bodies, kept-alive connections.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use crate::message::{Request, Response};

const MOST_HEADERS: usize = 100;
const MOST_HEAD_BYTES: usize = 64 * 1024;
const MOST_BODY_BYTES: usize = 1024 * 1024;

/// What came over a connection.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A request, and whether the connection is kept for another.
    Request(Box<Request>, bool),
    /// The client is done.
    Closed,
    /// What the client sent is no request that can be answered.
    Bad(&'static str),
}

/// One connection, with what was read of it and not yet used.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    source_ip: IpAddr,
    buffer: Vec<u8>,
}

/// The head of a request, and its length.
struct Head {
    request: Request,
    bytes: usize,
    is_kept: bool,
}

impl<S: Read + Write> Connection<S> {
    pub(crate) fn new(stream: S, source_ip: IpAddr) -> Self {
        Self { stream, source_ip, buffer: Vec::new() }
    }

    /// Waits for the next request.
    pub(crate) fn receive(&mut self) -> io::Result<Incoming> {
        loop {
            match head(&self.buffer, self.source_ip) {
                Err(fault) => return Ok(Incoming::Bad(fault)),
                Ok(Some(head)) => return self.body(head),
                Ok(None) if self.buffer.len() > MOST_HEAD_BYTES => {
                    return Ok(Incoming::Bad("the head of the request is too long"));
                }
                Ok(None) => {}
            }
            if !self.fill()? {
                return Ok(Incoming::Closed);
            }
        }
    }

    fn body(&mut self, head: Head) -> io::Result<Incoming> {
        let Head { mut request, bytes, is_kept } = head;
        if request.header("transfer-encoding").is_some() {
            return Ok(Incoming::Bad("bodies without Content-Length are not read"));
        }
        let length = match request.header("content-length").map(str::parse::<usize>) {
            None => 0,
            Some(Ok(length)) if length <= MOST_BODY_BYTES => length,
            Some(_) => return Ok(Incoming::Bad("the length of the body cannot be")),
        };
        if request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        while self.buffer.len() < bytes + length {
            if !self.fill()? {
                return Ok(Incoming::Closed);
            }
        }
        let rest = self.buffer.split_off(bytes + length);
        request.body = self.buffer.split_off(bytes);
        self.buffer = rest;
        Ok(Incoming::Request(Box::new(request), is_kept))
    }

    fn fill(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 8192];
        let count = self.stream.read(&mut chunk)?;
        self.buffer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(count > 0)
    }

    /// Answers.
    pub(crate) fn send(&mut self, response: &Response, is_kept: bool) -> io::Result<()> {
        let mut text = format!("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
        for (name, value) in &response.headers {
            text.push_str(&format!("{name}: {}\r\n", value.replace(['\r', '\n'], " ")));
        }
        let connection = if is_kept { "keep-alive" } else { "close" };
        text.push_str(&format!(
            "Content-Length: {}\r\nConnection: {connection}\r\n\r\n",
            response.body.len()
        ));
        text.push_str(&response.body);
        self.stream.write_all(text.as_bytes())?;
        self.stream.flush()
    }
}

/// The head, once all of it is there.
fn head(bytes: &[u8], source_ip: IpAddr) -> Result<Option<Head>, &'static str> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err("this is not HTTP/1.1"),
    };
    let target = parsed.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: parsed.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect(),
        body: Vec::new(),
        source_ip,
    };
    let wants_close = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let is_kept = parsed.version == Some(1) && !wants_close;
    Ok(Some(Head { request, bytes: length, is_kept }))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor, Read, Write};

    use super::{Connection, Incoming};
    use crate::message::Response;

    /// Gives its bytes in pieces, and keeps what is written.
    struct Wire {
        from: Cursor<Vec<u8>>,
        piece: usize,
        to: Vec<u8>,
    }

    impl Read for Wire {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.piece.min(buffer.len());
            self.from.read(&mut buffer[..length])
        }
    }

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.to.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn connection(text: &str, piece: usize) -> Connection<Wire> {
        let wire = Wire { from: Cursor::new(text.into()), piece, to: Vec::new() };
        Connection::new(wire, [127, 0, 0, 1].into())
    }

    #[test]
    fn two_requests_on_one_connection_in_pieces_of_any_size() {
        let text = "POST /?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyzGET /federation HTTP/1.1\r\nConnection: close\r\n\r\n";
        for piece in [1, 2, 7, 1000] {
            let mut connection = connection(text, piece);
            let Incoming::Request(first, true) = connection.receive().unwrap() else { panic!("{piece}") };
            assert_eq!(
                (first.path.as_str(), first.query.as_str(), first.body.as_slice()),
                ("/", "a=b", &b"xyz"[..])
            );
            let Incoming::Request(second, false) = connection.receive().unwrap() else { panic!("{piece}") };
            assert_eq!((second.path.as_str(), second.body.len()), ("/federation", 0));
            assert!(matches!(connection.receive().unwrap(), Incoming::Closed));
        }
    }

    #[test]
    fn what_is_no_request() {
        for text in [
            "\u{1}\u{2}\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(matches!(connection(text, 9).receive().unwrap(), Incoming::Bad(_)), "{text}");
        }
        let endless = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(100_000));
        assert!(matches!(connection(&endless, 8192).receive().unwrap(), Incoming::Bad(_)));
    }

    #[test]
    fn a_header_cannot_break_the_line() {
        let mut connection = connection("", 1);
        let response =
            Response::new(302, "text/plain", String::new()).with_header("Location", "a\r\nB: c".into());
        connection.send(&response, false).unwrap();
        let sent = String::from_utf8(connection.stream.to).unwrap();
        assert!(
            sent.contains("Location: a  B: c\r\n") && sent.ends_with("Connection: close\r\n\r\n"),
            "{sent}"
        );
    }
}
