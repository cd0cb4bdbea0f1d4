//! `kagi serve`: the container credential endpoint, for programs that can neither run a process nor read our files.
//!
//! On the loopback, and only for processes of the same user: the kernel says whose connection it is. On a bridge for
//! containers only where that was asked for. With a token everywhere: a web page that is made to resolve to 127.0.0.1 knows none.

mod waiting;

use std::fs::File;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::time::Duration;

use kagimori_id::hex;
use kagimori_terminal::printer;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use self::waiting::{Asked, MOST_REQUEST_TIME, Room};
use super::bridge::{Bridge, NETWORK};
use super::credentials::json;
use super::environment;
use super::peer;
use super::signals::{self, Signals};
use super::target::with_person;
use crate::args;
use crate::broker::Broker;
use crate::error::KagiError;
use crate::files::{list, random, remove};
use crate::lock::lock;
use crate::log;

/// How often is looked whether somebody came, or a waiting request is whole.
const PAUSE: Duration = Duration::from_millis(10);

/// `kagi serve`
pub(crate) fn run(arguments: &args::Serve) -> Result<ExitCode, KagiError> {
    let bridge = Bridge::find(arguments)?;
    with_person(None, &arguments.target, None, |broker| {
        // A prompt comes now, while a person is there, and not in the middle of a request.
        let session = broker.obtain()?;
        let program = arguments.command.first().map(|program| program.to_string_lossy().into_owned());
        log::used(broker, "serve", &session, program);
        let place = bridge.map_or(Ipv4Addr::LOCALHOST, |bridge| bridge.address());
        let failed = |source| KagiError::Run { command: format!("the endpoint on {place}"), source };
        let listener = TcpListener::bind((place, arguments.port))
            .map_err(|source| not_bound(place, arguments.port, &source))?;
        let address = listener.local_addr().map_err(failed)?;
        let token = Zeroizing::new(hex(&random::<32>()?));
        let file = TokenFile::write(broker, &token)?;
        let endpoint = Endpoint { broker, token, address, bridge };
        tell_of(bridge);
        let signals = Signals::watch().map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        if arguments.command.is_empty() {
            printer::data(&format!(
                "export AWS_CONTAINER_CREDENTIALS_FULL_URI='http://{address}/'\n\
                 export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE='{}'\n\
                 export AWS_CONTAINER_AUTHORIZATION_TOKEN='{}'\n",
                file.path.display(),
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

fn tell_of(bridge: Option<Bridge>) {
    if let Some(bridge) = bridge.filter(|bridge| !bridge.is_asked_by_sdks()) {
        printer::note(&format!(
            "AWS's SDKs ask no host {} without TLS: only 169.254.170.2, 169.254.170.23 and their own loopback; make a \
             network with such a gateway: `{NETWORK}`",
            bridge.address()
        ));
    }
}

/// No port, no endpoint.
fn not_bound(place: Ipv4Addr, port: u16, source: &io::Error) -> KagiError {
    if source.kind() == io::ErrorKind::AddrNotAvailable {
        return KagiError::argument(
            format!("{place} is an address of a network here, but not this machine's own"),
            "name the gateway of the network: `docker network inspect kagi` tells it",
        );
    }
    let what = match source.kind() {
        io::ErrorKind::AddrInUse => "is in use by another program".to_owned(),
        io::ErrorKind::PermissionDenied => "is not one that a user may listen on".to_owned(),
        kind => format!("cannot be listened on: {kind}"),
    };
    KagiError::argument(
        format!("port {port} of {place} {what}"),
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
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file.path)
        // SDKs of before 2023 know only this one; only our own user reads an environment, and is served anyway.
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", endpoint.token.as_str())
        .spawn()
        .map_err(|source| KagiError::Run { command: program.to_string_lossy().into_owned(), source })
}

/// Removed when we end. No newline at its end: botocore does not strip it and then refuses the token.
struct TokenFile {
    path: PathBuf,
    /// Locked as long as we live: one that nobody holds is of a kagi that was killed.
    _held: Option<File>,
}

impl TokenFile {
    fn write(broker: &Broker<'_, '_>, token: &str) -> Result<Self, KagiError> {
        // One at a time: what another has written and not locked yet would look left behind.
        let _lock = lock(&broker.vault.lock_path("tokens"), Duration::from_secs(10))?;
        sweep(&broker.vault.home().join("run"));
        let path = environment::run_file(broker, &format!("{}.token", hex(&random::<8>()?)), token)?;
        Ok(Self { _held: held(&path), path })
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _ = remove(&self.path);
    }
}

fn held(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    file.try_lock().is_ok().then_some(file)
}

/// Tokens of endpoints that were killed open nothing any more, and go.
fn sweep(folder: &Path) {
    for path in list(folder, "token").unwrap_or_default() {
        if held(&path).is_some() {
            let _ = remove(&path);
        }
    }
}

struct Endpoint<'b, 'c, 'a> {
    broker: &'b Broker<'c, 'a>,
    token: Zeroizing<String>,
    address: SocketAddr,
    bridge: Option<Bridge>,
}

impl Endpoint<'_, '_, '_> {
    /// Serves until the function says that it is over.
    fn serve<T>(&self, listener: &TcpListener, mut over: impl FnMut() -> Option<T>) -> Option<T> {
        let mut room = Room::default();
        loop {
            while let Ok((stream, peer)) = listener.accept() {
                // Before a byte is read: another user shall not even be able to take a place.
                if self.admits(peer) {
                    room.enter(stream);
                }
            }
            let whole = room.whole();
            if whole.is_empty() {
                std::thread::sleep(PAUSE);
            }
            for asked in whole {
                // A client that goes away, or sends nonsense, is its own affair.
                let _ = self.answer(asked);
            }
            if let Some(value) = over() {
                return Some(value);
            }
        }
    }

    fn admits(&self, peer: SocketAddr) -> bool {
        match &self.bridge {
            None => peer::is_ours(peer, self.address),
            Some(bridge) => bridge.admits(peer, self.address),
        }
    }

    fn answer(&self, asked: Asked) -> std::io::Result<()> {
        let Asked { mut stream, head: request } = asked;
        stream.set_write_timeout(Some(MOST_REQUEST_TIME))?;
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

/// A header of a request.
pub(crate) fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    request.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
