//! A browser that is sent somewhere by an address of ours on the loopback.
//!
//! What stands in a command line every user of the machine can read, so the address itself never does: the browser asks us,
//! and the kernel says whose browser comes.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::command::peer;
use crate::context::split;
use crate::error::KagiError;
use crate::place::variable;

const MOST_REQUEST_BYTES: usize = 16 * 1024;
/// Some launchers say that they failed and have handed the address on all the same.
const AFTER_A_FAILURE: Duration = Duration::from_secs(5);

/// A listener on the loopback for browsers of our own user.
pub(crate) struct Listener {
    listener: TcpListener,
    pub(crate) here: SocketAddr,
}

/// A browser that was started.
pub(crate) struct Browser {
    program: Child,
    failed_at: Option<Instant>,
    /// It has asked for something.
    is_there: bool,
}

impl Browser {
    /// Whether its program ended with a failure, as `xdg-open` does where there is none, and nobody came for a while after that.
    fn has_failed(&mut self) -> bool {
        let failed = |status: ExitStatus| !status.success();
        if self.failed_at.is_none() && self.program.try_wait().ok().flatten().is_some_and(failed) {
            self.failed_at = Some(Instant::now());
        }
        !self.is_there && self.failed_at.is_some_and(|at| at.elapsed() >= AFTER_A_FAILURE)
    }
}

/// A request of a browser.
pub(crate) struct Asked {
    stream: TcpStream,
    head: String,
}

impl Listener {
    /// Listens on any free port.
    pub(crate) fn bind() -> Result<Self, KagiError> {
        let failed = |source| KagiError::Run { command: "the redirect on 127.0.0.1".to_owned(), source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let here = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, here })
    }

    /// The next request of our own user to this address; none when the time is over, or the browser could not open it.
    pub(crate) fn next(&self, until: Instant, browser: &mut Browser) -> Option<Asked> {
        while Instant::now() < until && !browser.has_failed() {
            match self.listener.accept() {
                // Before a byte is read: another user shall not even be able to keep us waiting.
                Ok((stream, from)) if peer::is_ours(from, self.here) => {
                    if let Ok(asked) = Asked::read(stream, self.here) {
                        browser.is_there = true;
                        return Some(asked);
                    }
                }
                Ok(_) => {}
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        None
    }
}

impl Asked {
    fn read(mut stream: TcpStream, here: SocketAddr) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.set_write_timeout(Some(Duration::from_secs(2)))?;
        let (mut bytes, mut chunk) = (Vec::new(), [0; 2048]);
        while !bytes.windows(4).any(|window| window == b"\r\n\r\n") && bytes.len() < MOST_REQUEST_BYTES {
            match stream.read(&mut chunk)? {
                0 => break,
                length => bytes.extend_from_slice(chunk.get(..length).unwrap_or_default()),
            }
        }
        let mut asked = Self { stream, head: String::from_utf8_lossy(&bytes).into_owned() };
        // A page that was made to resolve to 127.0.0.1 sends its own name.
        let own = [here.to_string(), format!("localhost:{}", here.port())];
        let host = asked.header("host").unwrap_or_default();
        if !asked.head.starts_with("GET ") || !own.iter().any(|own| own == host) {
            asked.refuse();
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(asked)
    }

    /// The path and the query, as sent.
    pub(crate) fn target(&self) -> (&str, &str) {
        let target = self.head.split(' ').nth(1).unwrap_or_default();
        target.split_once('?').unwrap_or((target, ""))
    }

    fn header(&self, name: &str) -> Option<&str> {
        crate::command::header(&self.head, name)
    }

    /// Not a page that only asks in passing: browsers say `none` of an address that was opened from outside (Fetch
    /// Metadata, `Sec-Fetch-Site`).
    pub(crate) fn is_opened_by_the_person(&self) -> bool {
        self.header("sec-fetch-site").is_none_or(|site| site == "none")
    }

    /// Sends the browser on.
    pub(crate) fn redirect(mut self, address: &str) -> bool {
        write!(
            self.stream,
            "HTTP/1.1 302 Found\r\nLocation: {address}\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .is_ok()
    }

    /// Says something to the person.
    pub(crate) fn say(mut self, text: &str) {
        let page = format!("<!doctype html><meta charset=\"utf-8\"><title>kagi</title><p>{text}</p>\n");
        let _ = write!(
            self.stream,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: \
             default-src 'none'\r\nCache-Control: no-store\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
            page.len()
        );
    }

    /// There is nothing here.
    pub(crate) fn refuse(&mut self) {
        let _ = self
            .stream
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}

/// Whether there is a browser on this machine to open.
pub(crate) fn is_here(command: Option<&str>) -> bool {
    let is_set = |name| variable(name).is_some();
    command.is_some()
        || is_set("BROWSER")
        || cfg!(target_os = "macos")
        || is_set("DISPLAY")
        || is_set("WAYLAND_DISPLAY")
}

/// Starts a browser: the command given, else `BROWSER`, else the system's.
pub(crate) fn start(browser: Option<&str>, url: &str, profile: &str) -> Result<Browser, KagiError> {
    if let Some(command) = browser {
        return start_one(command, url, profile);
    }
    let fallback = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let several = variable("BROWSER").unwrap_or_else(|| fallback.to_owned());
    // By the convention of this variable, as xdg-open and Python's webbrowser have it: commands between colons, the first that
    // starts, and `%s` for the address.
    let mut outcome = Err(no_browser());
    for command in several.split(':').filter(|command| !command.is_empty()) {
        outcome = start_one(&command.replace("%s", "{url}"), url, profile);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn no_browser() -> KagiError {
    KagiError::argument("`--browser-cmd` is empty", "for instance `--browser-cmd 'firefox {url}'`")
}

fn start_one(template: &str, url: &str, profile: &str) -> Result<Browser, KagiError> {
    let mut words: Vec<String> = split("browser_cmd", template)?
        .into_iter()
        .map(|word| word.replace("{url}", url).replace("{profile}", profile))
        .collect();
    if !template.contains("{url}") {
        words.push(url.to_owned());
    }
    let Some((program, arguments)) = words.split_first() else {
        return Err(no_browser());
    };
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(|program| Browser { program, failed_at: None, is_there: false })
        .map_err(|source| KagiError::Run { command: program.clone(), source })
}
