//! The browser goes to the portal by us and comes back to us with a code (RFC 8252).

use std::time::{Duration, Instant};

use kagimori_id::hex;
use kagimori_session::sso::flow::{CALLBACK_PATH, Callback};
use kagimori_session::value::shown;

use crate::browser::{self, Listener};
use crate::command::peer;
use crate::error::KagiError;
use crate::files::random;

/// As long as `aws sso login` waits.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where the browser is sent from and comes back to.
pub(super) struct Loopback {
    listener: Listener,
    /// Where the system does not say whose connection it is, knowing the path must do.
    start: String,
}

impl Loopback {
    pub(super) fn bind() -> Result<Self, KagiError> {
        let start = if peer::is_known() { "/".to_owned() } else { format!("/{}", hex(&random::<16>()?)) };
        Ok(Self { listener: Listener::bind()?, start })
    }

    /// The address the browser comes back to.
    pub(super) fn callback(&self) -> String {
        format!("http://{}{CALLBACK_PATH}", self.listener.here)
    }

    /// Opens the browser at our own address, sends it on once, and waits until it is back.
    pub(super) fn browse(
        &self,
        address: &str,
        command: Option<&str>,
        portal: &str,
        mut took: impl FnMut(&str, &str) -> Callback,
    ) -> Result<(), KagiError> {
        let here = format!("http://{}{}", self.listener.here, self.start);
        let mut browser = browser::start(command, &here, portal)?;
        let until = Instant::now() + PATIENCE;
        let mut is_sent = false;
        while let Some(mut asked) = self.listener.next(until, &mut browser) {
            let (path, query) = asked.target();
            if path == self.start && !is_sent && asked.is_opened_by_the_person() {
                is_sent = asked.redirect(address);
                continue;
            }
            match took(path, query) {
                Callback::Taken => {
                    asked.say("You are signed in. Close this page and go back to the terminal.");
                    return Ok(());
                }
                Callback::Denied(why) => {
                    asked.say("Access was refused. Close this page and go back to the terminal.");
                    return Err(KagiError::argument(
                        format!("the sign-in at `{}` was refused: {}", shown(portal), shown(&why)),
                        "sign in again and allow it; if the page did not ask, an administrator has to let you in",
                    ));
                }
                Callback::Foreign => asked.refuse(),
            }
        }
        Err(KagiError::argument(
            if is_sent {
                "the browser did not come back"
            } else {
                "no browser came for the address of the sign-in"
            },
            if is_sent {
                "if its page showed an error, check `sso_start_url` and `sso_region`; otherwise sign in with `--device`"
            } else {
                "sign in with `--device`, or name the browser with `--browser-cmd`"
            },
        ))
    }
}
