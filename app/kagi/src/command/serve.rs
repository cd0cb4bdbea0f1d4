//! `kagi serve`: the container credential endpoint, for programs that can neither run a process nor read our files.
//!
//! On the loopback only, with a token, and only for processes of the same user: the kernel says whose connection it is. A web page that is made to resolve to 127.0.0.1 knows no token.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::Duration;

use kagimori_id::hex;
use kagimori_terminal::printer;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::credentials::json;
use super::environment;
use super::peer;
use super::signals::{self, Signals};
use super::target::with_broker;
use crate::args;
use crate::broker::Broker;
use crate::context::Caller;
use crate::error::KagiError;
use crate::files::{random, remove};
use crate::log;

const MOST_REQUEST_BYTES: usize = 8 * 1024;

/// `kagi serve`
pub(crate) fn run(arguments: &args::Serve) -> Result<ExitCode, KagiError> {
    with_broker(&arguments.target, None, Caller::Person, |broker| {
        // A prompt comes now, while a person is there, and not in the middle of a request.
        let session = broker.obtain()?;
        let program = arguments.command.first().map(|program| program.to_string_lossy().into_owned());
        log::used(broker, "serve", &session, program);
        let failed = |source| KagiError::Run { command: "the endpoint on 127.0.0.1".to_owned(), source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port))
            .map_err(|source| not_bound(arguments.port, &source))?;
        let address = listener.local_addr().map_err(failed)?;
        let token = Zeroizing::new(hex(&random::<32>()?));
        let file = TokenFile::write(broker, &token)?;
        let endpoint = Endpoint { broker, token, address };
        let signals = Signals::watch().map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        if arguments.command.is_empty() {
            printer::data(&format!(
                "export AWS_CONTAINER_CREDENTIALS_FULL_URI='http://{address}/'\n\
                 export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE='{}'\n\
                 export AWS_CONTAINER_AUTHORIZATION_TOKEN='{}'\n",
                file.0.display(),
                *endpoint.token
            ))?;
            printer::note("serving until ^C");
            return Ok(endpoint.serve(&listener, || signals.seen()).map_or(1, signals::exit_code).into());
        }
        let mut child = spawn(&arguments.command, &endpoint, &file)?;
        let status = endpoint.serve(&listener, || {
            signals.hand_on(&child);
            child.try_wait().ok().flatten()
        });
        Ok(status.map_or(1, exit_code).into())
    })
}

/// No port, no endpoint.
fn not_bound(port: u16, source: &io::Error) -> KagiError {
    let what = match source.kind() {
        io::ErrorKind::AddrInUse => "is in use by another program".to_owned(),
        io::ErrorKind::PermissionDenied => "is not one that a user may listen on".to_owned(),
        kind => format!("cannot be listened on: {kind}"),
    };
    KagiError::argument(
        format!("port {port} of 127.0.0.1 {what}"),
        "choose another with `--port`, or leave it out: then a free one is taken",
    )
}

/// As a shell tells how a command ended.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.or_else(|| status.signal().map(signals::exit_code)).unwrap_or(1)
}

fn spawn(
    command: &[std::ffi::OsString],
    endpoint: &Endpoint<'_, '_, '_>,
    file: &TokenFile,
) -> Result<std::process::Child, KagiError> {
    let Some((program, rest)) = command.split_first() else {
        return Err(KagiError::argument("there is no command", "write it after `--`"));
    };
    let mut child = Command::new(program);
    child.args(rest);
    let changes = environment::of_endpoint(endpoint.broker)?;
    changes.unset.iter().for_each(|name| {
        child.env_remove(name);
    });
    child
        .envs(changes.set)
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{}/", endpoint.address))
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file.0)
        // SDKs of before 2023 know only this one; only our own user reads an environment, and is served anyway.
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", endpoint.token.as_str())
        .spawn()
        .map_err(|source| KagiError::Run { command: program.to_string_lossy().into_owned(), source })
}

/// Removed when we end. No newline at its end: botocore does not strip it and then refuses the token.
struct TokenFile(PathBuf);

impl TokenFile {
    fn write(broker: &Broker<'_, '_>, token: &str) -> Result<Self, KagiError> {
        environment::run_file(broker, &format!("{}.token", hex(&random::<8>()?)), token).map(Self)
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _ = remove(&self.0);
    }
}

struct Endpoint<'b, 'c, 'a> {
    broker: &'b Broker<'c, 'a>,
    token: Zeroizing<String>,
    address: SocketAddr,
}

impl Endpoint<'_, '_, '_> {
    /// Serves until the function says that it is over.
    fn serve<T>(&self, listener: &TcpListener, mut over: impl FnMut() -> Option<T>) -> Option<T> {
        loop {
            match listener.accept() {
                Ok((stream, peer)) => {
                    let _ = stream.set_nonblocking(false);
                    // A client that goes away, or sends nonsense, is its own affair.
                    let _ = self.answer(stream, peer);
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
            if let Some(value) = over() {
                return Some(value);
            }
        }
    }

    fn answer(&self, mut stream: TcpStream, peer: SocketAddr) -> std::io::Result<()> {
        // Before a byte is read: another user shall not even be able to keep us waiting.
        if !peer::is_ours(peer, self.address) {
            return Ok(());
        }
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.set_write_timeout(Some(Duration::from_secs(2)))?;
        let request = read_head(&mut stream)?;
        let (status, body) = self.reply(&request);
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
             Connection: close\r\n\r\n",
            body.len()
        )?;
        stream.write_all(body.as_bytes())
    }

    fn reply(&self, request: &str) -> (&'static str, Zeroizing<String>) {
        let refuse = |status, code: &str| {
            (
                status,
                Zeroizing::new(format!("{{\"code\":\"{code}\",\"message\":\"kagi refused the request\"}}\n")),
            )
        };
        if !request.starts_with("GET / HTTP/1.") {
            return refuse("404 Not Found", "NotFound");
        }
        // A page that was made to resolve to 127.0.0.1 sends its own name.
        let host = header(request, "host").unwrap_or_default();
        let own = [self.address.to_string(), format!("localhost:{}", self.address.port())];
        let given = header(request, "authorization").unwrap_or_default();
        if !own.iter().any(|own| own == host) || !bool::from(given.as_bytes().ct_eq(self.token.as_bytes())) {
            return refuse("401 Unauthorized", "Unauthorized");
        }
        match self.broker.obtain().and_then(|session| json(&session, "Token", false)) {
            Ok(body) => ("200 OK", body),
            Err(error) => {
                printer::failure(&error, &error.hint());
                refuse("503 Service Unavailable", "NotAvailable")
            }
        }
    }
}

fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") && head.len() < MOST_REQUEST_BYTES {
        match stream.read(&mut chunk)? {
            0 => break,
            length => head.extend_from_slice(chunk.get(..length).unwrap_or_default()),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A header of a request.
pub(crate) fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    request.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
