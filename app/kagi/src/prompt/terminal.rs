//! The controlling terminal, `/dev/tty`, read with a deadline.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use zeroize::Zeroizing;

use super::Ask;

const MOST_LETTERS: usize = 1024;

/// The terminal of this session.
pub(super) struct Terminal(File);

/// The terminal, when there is one, we may use it, and we are in its foreground: a background process that touches the
/// terminal is stopped by the kernel, and would hang its SDK.
pub(super) fn open(allowed: bool) -> Option<Terminal> {
    if !allowed {
        return None;
    }
    let file = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    let foreground = tcgetpgrp(&file).ok()?;
    (foreground == rustix::process::getpgrp()).then_some(Terminal(file))
}

impl Terminal {
    pub(super) fn say(&mut self, text: &str) {
        let _ = writeln!(self.0, "{text}");
    }

    /// Asks; `None` when cancelled or when the time is over.
    pub(super) fn ask(&mut self, ask: Ask, text: &str, patience: Duration) -> Option<Zeroizing<String>> {
        let _raw = Raw::enter(&self.0)?;
        let _ = write!(self.0, "{text}: ");
        let answer =
            self.read_line(matches!(ask, Ask::Code | Ask::Number), Instant::now().checked_add(patience)?);
        let _ = write!(self.0, "\r\n");
        answer
    }

    fn read_line(&mut self, shown: bool, deadline: Instant) -> Option<Zeroizing<String>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_LETTERS));
        loop {
            match self.read_byte(deadline)? {
                b'\r' | b'\n' => break,
                // ^C, ^D, escape
                3 | 4 | 27 => return None,
                8 | 127 if bytes.pop().is_some() && shown => {
                    let _ = self.0.write_all(b"\x08 \x08");
                }
                8 | 127 => {}
                byte if bytes.len() < MOST_LETTERS => {
                    bytes.push(byte);
                    if shown && byte.is_ascii_graphic() {
                        let _ = self.0.write_all(&[byte]);
                    }
                }
                _ => {}
            }
        }
        String::from_utf8(bytes.to_vec()).ok().map(Zeroizing::new)
    }

    fn read_byte(&self, deadline: Instant) -> Option<u8> {
        loop {
            let left = deadline.checked_duration_since(Instant::now())?;
            let wait =
                Timespec { tv_sec: i64::try_from(left.as_secs()).ok()?, tv_nsec: left.subsec_nanos().into() };
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&wait)) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return None,
            }
            let mut byte = [0];
            return match rustix::io::read(&self.0, &mut byte) {
                Ok(1) => byte.first().copied(),
                Err(rustix::io::Errno::INTR) => continue,
                _ => None,
            };
        }
    }
}

/// No echo and no signals while a line is typed; undone when dropped. ^C arrives as a byte, so the terminal is never
/// left without echo.
struct Raw {
    file: File,
    before: Termios,
}

impl Raw {
    fn enter(file: &File) -> Option<Self> {
        let file = file.try_clone().ok()?;
        let before = tcgetattr(&file).ok()?;
        let mut raw = before.clone();
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(&file, OptionalActions::Flush, &raw).ok()?;
        Some(Self { file, before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.file, OptionalActions::Flush, &self.before);
    }
}
